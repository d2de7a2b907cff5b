-- Balances as runs: the lines that one fold, or one merge of earlier runs, made of a measure and a
-- day, in one row. A row of its own for every account cost six microseconds a line to make and 105
-- bytes to keep; in a run it costs one, and 20 bytes.

-- The sum of what the journal holds; PostgreSQL's own makes a numeric of it, at twice the cost.
CREATE AGGREGATE sum_whole (bigint) (
    SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE
);

-- Sixteen runs of a level become one of the next, so that a line is written a few times only and a
-- period of a measure lies in a few rows. An account's balance is the sum of its lines in all runs.
CREATE TABLE balance_run (
    measure smallint NOT NULL,
    day     integer  NOT NULL,
    level   smallint NOT NULL,           -- 0 from the journal, then merged so many times
    seq     bigint   NOT NULL,           -- the watermark up to which its lines were booked
    cells   integer[] NOT NULL,          -- of the n-th line, and so are the two others
    slots   integer[] NOT NULL,
    amounts bigint[]  NOT NULL,
    PRIMARY KEY (measure, day, level, seq)
) WITH (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE balance_run ALTER cells SET STORAGE EXTERNAL,
                        ALTER slots SET STORAGE EXTERNAL,
                        ALTER amounts SET STORAGE EXTERNAL;

INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts)
SELECT measure, day, 1, follower.seq, array_agg(cell), array_agg(slot), array_agg(amount)
FROM balance, follower WHERE amount <> 0
GROUP BY measure, day, follower.seq;
DROP TABLE balance;

-- What is summed anyway: an account may have several lines.
CREATE VIEW balance_line AS
SELECT run.measure, line.cell, run.day, line.slot, line.amount
FROM balance_run AS run, unnest(run.cells, run.slots, run.amounts) AS line (cell, slot, amount);

-- The journal's sums up to the follower's watermark, an account a row.
CREATE VIEW balance AS
SELECT measure, cell, day, slot, sum_whole(amount) AS amount
FROM balance_line GROUP BY measure, cell, day, slot HAVING sum_whole(amount) <> 0;
