-- An outbox in the database of a procedure-handling system, for systems that can only write there.
-- PostgreSQL 10 or newer. A trigger writes one event in the transaction that changes a dossier:
-- there is no event without its change and no change without its event. Who carries the events:
-- emc_relay.py (../python), or Debezium with debezium.json. The table and columns of `ho_so` are an example: put
-- yours in the function and the trigger, and nothing else needs to be known.

CREATE TABLE emc_outbox (
    number     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The id of the event: made once, so that an event sent again is a duplicate.
    id         uuid        NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    dossier    text        NOT NULL,   -- the key of the Kafka record; any will do
    event      jsonb       NOT NULL,   -- the CloudEvent, whole
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Numbers become visible in the order of commits, not in their own: what is sent is marked in
    -- its row, and never taken for sent because a higher number was.
    sent_at    timestamptz,
    refused    text                    -- why the gateway will never take it
);
CREATE INDEX emc_outbox_waiting ON emc_outbox (number) WHERE sent_at IS NULL AND refused IS NULL;

CREATE FUNCTION emc_dossier_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    event_id uuid := gen_random_uuid();
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.trang_thai = OLD.trang_thai THEN
        RETURN NULL;                   -- a change of something else is no event
    END IF;
    INSERT INTO emc_outbox (id, dossier, event) VALUES (event_id, NEW.ma_ho_so, jsonb_build_object(
        'specversion', '1.0',
        'id', event_id,
        'source', 'here',              -- the monitor takes the source that your token belongs to
        'type', 'dossier.state.v1',
        'time', to_char(clock_timestamp() AT TIME ZONE 'Asia/Ho_Chi_Minh',
                        'YYYY-MM-DD"T"HH24:MI:SS.MS"+07:00"'),
        'data', jsonb_strip_nulls(jsonb_build_object(
            'dossier', NEW.ma_ho_so,
            'state', NEW.trang_thai,
            'procedure', NEW.ma_tthc,
            'agency', NEW.ma_don_vi,
            'channel', NEW.kenh_thuc_hien,
            'level', NEW.muc_do,
            'receipt_date', to_char(NEW.ngay_tiep_nhan AT TIME ZONE 'Asia/Ho_Chi_Minh',
                                    'YYYY-MM-DD"T"HH24:MI:SS"+07:00"'),
            'due_at', to_char(NEW.ngay_hen_tra AT TIME ZONE 'Asia/Ho_Chi_Minh',
                              'YYYY-MM-DD"T"HH24:MI:SS"+07:00"')
        ))
    ));
    RETURN NULL;
END $$;

CREATE TRIGGER emc_dossier_changed AFTER INSERT OR UPDATE OF trang_thai ON ho_so
FOR EACH ROW EXECUTE FUNCTION emc_dossier_changed();

-- Now and then, by cron:
--     DELETE FROM emc_outbox WHERE sent_at < now() - interval '30 days';
