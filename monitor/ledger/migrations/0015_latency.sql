-- What latency metrics are made of: requests that systems say they answered, and sums of the journal
-- that are too large to be made for every scrape. Times are ms UTC, days those of the policy's zone.

-- Requests, booked in the transaction of the position that they were read at.
CREATE TABLE request (
    source    text     COLLATE "C" NOT NULL,
    interface text     COLLATE "C" NOT NULL,   -- `other` beyond those that a source may have
    trial     boolean  NOT NULL,               -- the source was on trial when they were booked
    class     smallint NOT NULL,               -- 0 live, 1 told more than an hour later
    answer    text     NOT NULL,               -- class of the status, or timeout
    bin       smallint NOT NULL,               -- of `monitor.ledger.requests.BOUNDS_MS`
    requests  bigint   NOT NULL,
    ms        bigint   NOT NULL,               -- their durations, summed
    last_ms   bigint   NOT NULL,               -- arrival of the last one
    PRIMARY KEY (source, interface, trial, class, answer, bin)
) WITH (fillfactor = 70);

-- Marks of requests that were booked last, eight bytes each, a row a booking: an edge that crashed
-- tells again what it has told.
CREATE TABLE request_seen (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text   COLLATE "C" NOT NULL,
    marks  bytea  NOT NULL
);
CREATE INDEX request_seen_source ON request_seen (source, id);
ALTER TABLE request_seen ALTER COLUMN marks SET STORAGE EXTERNAL;

-- How far the journal is in the two sums below.
CREATE TABLE summed (
    seq bigint NOT NULL
);
CREATE UNIQUE INDEX summed_one ON summed ((true));

-- Working time of steps and of whole dossiers, by bin; recent days only.
CREATE TABLE worked (
    measure smallint NOT NULL,
    day     integer  NOT NULL,
    agency  text     COLLATE "C" NOT NULL,     -- of level 1, as booked
    step    text     COLLATE "C" NOT NULL,
    holder  smallint NOT NULL,
    bin     integer  NOT NULL,
    amount  bigint   NOT NULL,
    PRIMARY KEY (measure, day, agency, step, holder, bin)
) WITH (fillfactor = 80);

-- Warnings about sources, as counters have them.
CREATE TABLE warned (
    agency  text     COLLATE "C" NOT NULL,     -- of level 1, as booked
    warning integer  NOT NULL,
    class   smallint NOT NULL,
    credit  bigint   NOT NULL,
    debit   bigint   NOT NULL,
    PRIMARY KEY (agency, warning, class)
) WITH (fillfactor = 80);

-- Quantiles of the recent working days, as last judged.
CREATE TABLE latency (
    measure   smallint NOT NULL,
    agency    text     COLLATE "C" NOT NULL,   -- of level 1, as it is today
    step      text     COLLATE "C" NOT NULL,
    dossiers  bigint   NOT NULL,
    p50_ms    bigint   NOT NULL,
    p95_ms    bigint   NOT NULL,
    PRIMARY KEY (measure, agency, step)
);
CREATE TABLE latency_judged (
    judged_ms bigint  NOT NULL,
    first_day integer NOT NULL
);
CREATE UNIQUE INDEX latency_judged_one ON latency_judged ((true));

-- What is in the balances already. Nobody folds meanwhile.
LOCK TABLE follower IN SHARE ROW EXCLUSIVE MODE;
INSERT INTO summed (seq) SELECT seq FROM follower;
CREATE TEMPORARY TABLE place ON COMMIT DROP AS
SELECT id, step, holder,
       CASE WHEN length(agency) <= 35 AND agency COLLATE "C" ~ '^[A-Y][0-9]{2}(\.[0-9A-Z]+)*$'
            THEN left(agency, 3) ELSE agency END AS agency
FROM cell;
INSERT INTO worked (measure, day, agency, step, holder, bin, amount)
SELECT line.measure, line.day, place.agency, place.step, place.holder, line.slot,
       sum_whole(line.amount)
FROM balance_line AS line JOIN place ON place.id = line.cell
WHERE line.measure IN (252, 292) AND line.day >= current_date - date '1970-01-01' - 60
GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum_whole(line.amount) <> 0;
-- Balances know no class of bookings: what was noted before stands among what alerts leave out.
INSERT INTO warned (agency, warning, class, credit, debit)
SELECT place.agency, line.slot, 2, sum_whole(line.amount), 0
FROM balance_line AS line JOIN place ON place.id = line.cell
WHERE line.measure = 20
GROUP BY 1, 2 HAVING sum_whole(line.amount) > 0;
