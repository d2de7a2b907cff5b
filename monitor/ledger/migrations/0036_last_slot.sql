-- The last slot in a run: of a stock the last day on which something of it falls due. What falls due from
-- a day on is then found without reading the runs of all the years in which everything has fallen due.
-- NULL: not known, as in what a worker of an earlier release folds.
ALTER TABLE balance_run ADD COLUMN last_slot integer;
UPDATE balance_run SET last_slot = (SELECT max(slot) FROM unnest(slots) AS slot)
WHERE measure IN (12, 13, 50, 51, 52, 53, 54, 55);  -- the stocks of dossiers

CREATE OR REPLACE VIEW balance_line AS
SELECT run.measure, line.cell, run.day, line.slot, line.amount, run.last_slot
FROM balance_run AS run, unnest(run.cells, run.slots, run.amounts) AS line (cell, slot, amount);
