-- The journal in pages and the balances in runs: many lines a row. A row of its own for every line
-- cost PostgreSQL more than all the rest of a booking, and took three times the room.

-- The sum of what the journal holds; PostgreSQL's own makes a numeric of it, at twice the cost.
CREATE AGGREGATE sum_whole (bigint) (
    SFUNC = int8pl, STYPE = bigint, COMBINEFUNC = int8pl, PARALLEL = SAFE
);

-- What one booking appends, in pages of some hundred lines: a page has one number and one class,
-- and of its n-th line the n-th of each array. Lines of before lie in pages that no cut, closing or
-- watermark divides, under the last of their numbers.
ALTER TABLE journal RENAME TO journal_page;
DROP INDEX journal_seq;
DROP FUNCTION summarise_journal();
CREATE TEMPORARY TABLE line ON COMMIT DROP AS
SELECT max(seq) AS seq, class, array_agg(measure) AS measures, array_agg(cell) AS cells,
       array_agg(day) AS days, array_agg(slot) AS slots, array_agg(amount) AS amounts
FROM journal_page, (
    SELECT array_agg(seq ORDER BY seq) AS bounds
    FROM (SELECT seq FROM cut UNION SELECT seq FROM follower UNION SELECT folded FROM closing) AS bound
) AS bound
GROUP BY class, seq / 300, width_bucket(seq - 1, bounds);
TRUNCATE journal_page;
ALTER TABLE journal_page
    DROP COLUMN measure, DROP COLUMN cell, DROP COLUMN day, DROP COLUMN slot, DROP COLUMN amount,
    ADD PRIMARY KEY (seq),
    ADD measures smallint[] NOT NULL, ADD cells integer[] NOT NULL, ADD days integer[] NOT NULL,
    ADD slots integer[] NOT NULL, ADD amounts bigint[] NOT NULL,
    SET (toast_tuple_target = 8160);
ALTER TABLE journal_page ALTER measures SET STORAGE EXTERNAL,
                         ALTER cells SET STORAGE EXTERNAL,
                         ALTER days SET STORAGE EXTERNAL,
                         ALTER slots SET STORAGE EXTERNAL,
                         ALTER amounts SET STORAGE EXTERNAL;
INSERT INTO journal_page (seq, class, measures, cells, days, slots, amounts)
OVERRIDING SYSTEM VALUE
SELECT seq, class, measures, cells, days, slots, amounts FROM line ORDER BY seq;

-- The journal's lines.
CREATE VIEW journal AS
SELECT page.seq, line.measure, line.cell, line.day, line.slot, page.class, line.amount
FROM journal_page AS page,
     unnest(page.measures, page.cells, page.days, page.slots, page.amounts)
         AS line (measure, cell, day, slot, amount);

-- A line appended by itself is a page: so books a worker of an earlier release that still runs.
CREATE FUNCTION append_to_journal() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    NEW.seq := coalesce(NEW.seq, nextval('journal_seq_seq'));
    INSERT INTO journal_page (seq, class, measures, cells, days, slots, amounts)
    OVERRIDING SYSTEM VALUE
    VALUES (NEW.seq, NEW.class, ARRAY[NEW.measure], ARRAY[NEW.cell], ARRAY[NEW.day],
            ARRAY[NEW.slot], ARRAY[NEW.amount]);
    RETURN NEW;
END $$;
CREATE TRIGGER append_to_journal INSTEAD OF INSERT ON journal
FOR EACH ROW EXECUTE FUNCTION append_to_journal();

-- Balances: what one fold of the journal, or one merge of earlier runs, holds of a measure and a day.
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
