-- Books made from the journal: cuts that nothing can be added to any more, balances as of one,
-- and closings, so that what was known at an earlier cut is found without reading the whole
-- journal.

-- A cut rests on this: a number is drawn in the transaction that books it. A session that kept
-- some for later would bring one from before a cut into the journal after it.
ALTER SEQUENCE journal_seq_seq CACHE 1;

-- No row of the journal with a number up to `seq` can appear any more.
CREATE TABLE cut (
    seq       bigint      PRIMARY KEY,
    read_at   timestamptz NOT NULL,      -- whatever was committed before this is in the cut
    sealed_at timestamptz NOT NULL       -- when the cut was published; never falls as seq rises
);
CREATE INDEX cut_sealed_at ON cut (sealed_at, seq);

-- The journal's sums up to the follower's watermark. The class belongs to the booking, not to
-- the account: balances have none.
CREATE TABLE balance (
    measure smallint NOT NULL,
    cell    integer  NOT NULL,
    day     integer  NOT NULL,
    slot    integer  NOT NULL,
    amount  bigint   NOT NULL,
    PRIMARY KEY (measure, day, cell, slot)   -- a period of a measure lies together
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);

-- The watermark, in one row: moved in the transaction that folds.
CREATE TABLE follower (
    seq       bigint      NOT NULL,      -- the last number of the journal in the balances
    folded_at timestamptz NOT NULL       -- whatever was committed before this is in them
);
CREATE UNIQUE INDEX follower_one ON follower ((true));
INSERT INTO follower (seq, folded_at) VALUES (0, 'epoch');

-- The journal from one closing to the next, summed by account: a closing at the end of a month
-- bounds what is read to know what was known then. Amounts of all closings up to one are the
-- balances as of it.
CREATE TABLE closing (
    seq       bigint      PRIMARY KEY REFERENCES cut,
    folded    bigint      NOT NULL,      -- the last number summed; all of them where it is seq
    closed_at timestamptz                -- null until all are
);
CREATE TABLE closing_amount (
    closing bigint   NOT NULL,
    measure smallint NOT NULL,
    cell    integer  NOT NULL,
    day     integer  NOT NULL,
    slot    integer  NOT NULL,
    amount  bigint   NOT NULL,
    PRIMARY KEY (measure, day, cell, slot, closing)
) WITH (fillfactor = 80);

-- What the journal's index does not know of it has to be read whole, and by itself it learns of
-- new rows with the next vacuum only, which in a large journal is days. Whoever owns the index
-- may tell it; the follower need not own anything.
CREATE FUNCTION summarise_journal() RETURNS integer
LANGUAGE sql SECURITY DEFINER SET search_path FROM CURRENT
AS $$ SELECT brin_summarize_new_values('journal_seq') $$;
REVOKE ALL ON FUNCTION summarise_journal() FROM PUBLIC;
