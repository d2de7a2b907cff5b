-- Finished dossiers take less room, and in the end none but a line; and what `emc reconcile` found.

-- How events lie in the row: 0 as the worker packs them; a number above 0 deflated with that
-- dictionary; -1 retired, they are gone for good, and the booked entries with them.
ALTER TABLE dossier ADD COLUMN form smallint NOT NULL DEFAULT 0;
-- Booked entries, of their own because they are written without the events: 0 plain, 1 deflated.
ALTER TABLE dossier ADD COLUMN booked_form smallint NOT NULL DEFAULT 0;

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
