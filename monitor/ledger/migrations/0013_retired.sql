-- What retired dossiers had booked, packed: a row an account took more room than the events had,
-- because few of these accounts have a second dossier.

-- The sums of those that were retired together, side by side and sorted, so that they compress.
CREATE TABLE retired_page (
    number   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    measures smallint[] NOT NULL,
    cells    integer[]  NOT NULL,
    days     integer[]  NOT NULL,
    slots    integer[]  NOT NULL,
    amounts  bigint[]   NOT NULL
);

INSERT INTO retired_page (measures, cells, days, slots, amounts)
SELECT array_agg(measure ORDER BY measure, cell, day, slot),
       array_agg(cell ORDER BY measure, cell, day, slot),
       array_agg(day ORDER BY measure, cell, day, slot),
       array_agg(slot ORDER BY measure, cell, day, slot),
       array_agg(amount ORDER BY measure, cell, day, slot)
FROM (
    SELECT *, (row_number() OVER (ORDER BY measure, cell, day, slot) - 1) / 20000 AS page
    FROM retired_sum
) AS paged
GROUP BY page;

DROP TABLE retired_sum;

-- An account may be in several pages: whoever wants its sum adds them.
CREATE VIEW retired_sum AS
SELECT account.measure, account.cell, account.day, account.slot, account.amount
FROM retired_page, unnest(measures, cells, days, slots, amounts)
     AS account (measure, cell, day, slot, amount);
