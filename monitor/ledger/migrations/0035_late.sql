-- Lines of months that were over when they were booked: what moves a closed month's figures, found
-- without reading all that was booked since. In pages, as the journal's, of one ministry or province.
CREATE TABLE late_page (
    level1 text COLLATE "C" NOT NULL,  -- as `cell` has it; '' for all that are no national codes
    seq bigint NOT NULL,
    class smallint NOT NULL,
    measures smallint[] NOT NULL,
    cells integer[] NOT NULL,
    days integer[] NOT NULL,
    slots integer[] NOT NULL,
    amounts bigint[] NOT NULL,
    PRIMARY KEY (level1, seq)
) WITH (toast_tuple_target = 8160);
ALTER TABLE late_page ALTER measures SET STORAGE EXTERNAL,
                      ALTER cells SET STORAGE EXTERNAL,
                      ALTER days SET STORAGE EXTERNAL,
                      ALTER slots SET STORAGE EXTERNAL,
                      ALTER amounts SET STORAGE EXTERNAL;
CREATE INDEX late_page_seq ON late_page (seq);  -- for the country

CREATE VIEW late AS
SELECT page.level1, page.seq, line.measure, line.cell, line.day, line.slot, page.class, line.amount
FROM late_page AS page,
     unnest(page.measures, page.cells, page.days, page.slots, page.amounts)
         AS line (measure, cell, day, slot, amount);

-- They are kept of the journal's numbers after `late_from` up to `late_seq`. Where that is behind `seq`,
-- a worker of an earlier release has folded without keeping them, and they begin anew.
ALTER TABLE follower ADD COLUMN late_from bigint NOT NULL DEFAULT 0,
                     ADD COLUMN late_seq bigint NOT NULL DEFAULT 0;
UPDATE follower SET late_from = seq, late_seq = seq;
