-- Finished dossiers take less room, and in the end none but a line; and what `emc reconcile` found.

-- How events lie in the row: 0 as the worker packs them; a number above 0 deflated with that
-- dictionary; -1 retired, they are gone for good, and the booked entries with them.
ALTER TABLE dossier ADD COLUMN form smallint NOT NULL DEFAULT 0;
-- Booked entries, of their own because they are written without the events: 0 plain, 1 deflated.
ALTER TABLE dossier ADD COLUMN booked_form smallint NOT NULL DEFAULT 0;

-- What a dossier has booked, whether or not a recompute's result is merged into its row: such a
-- result is plain, whatever the form of the entries that it takes the place of.
DO $$ BEGIN
    IF to_regclass('booked_now') IS NOT NULL THEN
        CREATE OR REPLACE VIEW booked_now AS
        SELECT dossier.key, dossier.version,
               coalesce(rebooked.epoch, dossier.epoch) AS epoch,
               CASE WHEN rebooked.key IS NULL THEN dossier.outcome ELSE rebooked.outcome END AS outcome,
               CASE WHEN rebooked.key IS NULL THEN dossier.cell ELSE rebooked.cell END AS cell,
               CASE WHEN rebooked.key IS NULL THEN dossier.due_ms ELSE rebooked.due_ms END AS due_ms,
               dossier.events,
               coalesce(rebooked.booked, dossier.booked) AS booked,
               dossier.form,
               CASE WHEN rebooked.booked IS NULL THEN dossier.booked_form ELSE 0 END AS booked_form
        FROM dossier
        LEFT JOIN rebooked ON rebooked.key = dossier.key AND rebooked.epoch > dossier.epoch
            AND rebooked.epoch = (SELECT policy.epoch FROM policy WHERE policy.state = 'active');
    END IF;
END $$;

-- What the events of this deployment have in common, for deflate to refer to. Kept for as long as
-- a row is archived with it. It holds no dossier code, no identity of an event and no applicant.
CREATE TABLE dictionary (
    number  smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    content bytea NOT NULL,
    made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- What retired dossiers had booked, by account. Journal, totals and balances keep their share.
CREATE TABLE retired_sum (
    measure smallint NOT NULL,
    cell    integer  NOT NULL,
    day     integer  NOT NULL,
    slot    integer  NOT NULL,
    amount  bigint   NOT NULL,
    PRIMARY KEY (measure, cell, day, slot)
);

-- The last outcome of each check of `emc reconcile`.
CREATE TABLE reconciled (
    name      text PRIMARY KEY,
    compared  bigint NOT NULL,           -- accounts, or dossiers
    differing bigint NOT NULL,           -- of those compared; must be 0
    stale     bigint NOT NULL,           -- booked under other rules, so not compared
    ended_at  timestamptz NOT NULL
);
