-- Reference sets as they were, the policies made of them with the epochs in which they ruled,
-- and what a recompute keeps while it is under way.

-- The reference files of a deployment, byte for byte. They are never changed or removed: a
-- report for an earlier cut uses what was known then.
CREATE TABLE reference_set (
    hash       text PRIMARY KEY,         -- of all that the files say, holidays included
    known_from timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE TABLE reference_file (
    reference text  NOT NULL REFERENCES reference_set (hash),
    path      text  NOT NULL,            -- below the folder, with / between
    content   bytea NOT NULL,
    PRIMARY KEY (reference, path)
);

-- A policy is a rules version and a reference set. Each time one begins to rule is an epoch.
CREATE TABLE policy (
    epoch        smallint PRIMARY KEY CHECK (epoch > 0),
    rules        smallint NOT NULL,
    reference    text     NOT NULL REFERENCES reference_set (hash),
    state        text     NOT NULL
                 CHECK (state IN ('recomputing', 'active', 'past', 'abandoned')),
    begun_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    activated_at timestamptz
);
-- At most one that is active, and at most one that a recompute leads to.
CREATE UNIQUE INDEX policy_in_force ON policy (state) WHERE state IN ('recomputing', 'active');

-- The epoch under which a row was booked. Rows of before epochs were kept have 0, and from now
-- on there is no default: a release that knows no epochs must not book beside one that does.
ALTER TABLE dossier ADD COLUMN epoch smallint NOT NULL DEFAULT 0;
ALTER TABLE dossier ALTER COLUMN epoch DROP DEFAULT;

-- What each dossier books under the policy that a recompute leads to. Once that policy is
-- active this is what the dossier has booked, until its next booking or until it is merged.
CREATE TABLE rebooked (
    key     text     COLLATE "C" PRIMARY KEY,
    epoch   smallint NOT NULL,
    version integer  NOT NULL,           -- of the dossier when it was rebooked
    outcome smallint NOT NULL,
    cell    integer,
    due_ms  bigint,
    booked  bytea,                       -- null: nothing differs
    moved   bytea                        -- what it books now less what it had booked; null: nothing
) WITH (autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE rebooked ALTER COLUMN booked SET STORAGE EXTERNAL;
CREATE INDEX rebooked_open ON rebooked (due_ms) WHERE outcome IN (4, 5);

-- Plans made while it was empty would read all of it: whoever fills it has it looked at anew,
-- and need not own it.
CREATE FUNCTION analyse_rebooked() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
AS $$ BEGIN ANALYZE rebooked; END $$;
REVOKE ALL ON FUNCTION analyse_rebooked() FROM PUBLIC;

-- The sums of `moved`, in the journal's shape, until they are appended to the journal.
CREATE TABLE pending (
    seq     bigint GENERATED ALWAYS AS IDENTITY,
    measure smallint NOT NULL,
    cell    integer  NOT NULL,
    day     integer  NOT NULL,
    slot    integer  NOT NULL,
    amount  bigint   NOT NULL
);

-- Dossiers that were booked while a recompute is under way: it comes to them again.
CREATE TABLE touched (
    key text COLLATE "C" NOT NULL
);

-- Where a recompute has been. Keys after `after` up to `until`.
CREATE TABLE recompute_range (
    number   integer PRIMARY KEY,
    after    text COLLATE "C" NOT NULL,
    until    text COLLATE "C" NOT NULL,
    dossiers integer NOT NULL,
    done     boolean NOT NULL DEFAULT false
);
CREATE INDEX recompute_range_left ON recompute_range (number) WHERE NOT done;

-- What a dossier has booked, whether or not a recompute's result is merged into its row.
CREATE VIEW booked_now AS
SELECT dossier.key, dossier.version,
       coalesce(rebooked.epoch, dossier.epoch) AS epoch,
       CASE WHEN rebooked.key IS NULL THEN dossier.outcome ELSE rebooked.outcome END AS outcome,
       CASE WHEN rebooked.key IS NULL THEN dossier.cell ELSE rebooked.cell END AS cell,
       CASE WHEN rebooked.key IS NULL THEN dossier.due_ms ELSE rebooked.due_ms END AS due_ms,
       dossier.events,
       coalesce(rebooked.booked, dossier.booked) AS booked
FROM dossier
LEFT JOIN rebooked ON rebooked.key = dossier.key AND rebooked.epoch > dossier.epoch
    AND rebooked.epoch = (SELECT policy.epoch FROM policy WHERE policy.state = 'active');

-- Every booking calls this first: it holds off activations until the booking has ended. The
-- epochs are read by a statement of their own, which sees what was committed while we waited.
CREATE FUNCTION policy_in_force(OUT epoch smallint, OUT recomputing smallint)
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(4210767);
    SELECT coalesce(max(policy.epoch) FILTER (WHERE policy.state = 'active'), 0),
           max(policy.epoch) FILTER (WHERE policy.state = 'recomputing')
    INTO epoch, recomputing
    FROM policy WHERE policy.state IN ('recomputing', 'active');
END $$;
