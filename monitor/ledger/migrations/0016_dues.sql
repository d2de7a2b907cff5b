-- What every ministry and province has overdue and falling due, and what is expected to be: judged
-- once a minute by one worker, so that all who show it show the same (docs/explanation/forecast.md).
CREATE TABLE agency_dues (
    agency     text   COLLATE "C" PRIMARY KEY, -- level 1, as it stands today
    judged_ms  bigint NOT NULL,
    overdue    bigint NOT NULL,                -- open dossiers by the last due date sent
    today      bigint NOT NULL,                -- falling due later today
    in_1       bigint NOT NULL,                -- by the end of the first working day after today
    in_2       bigint NOT NULL,                -- of the second
    pace       double precision,               -- settled a working day; null: not known
    day        integer NOT NULL,               -- from what was open when it began is forecast
    expected_1 double precision,               -- open and overdue one working day later
    expected_3 double precision,
    expected_5 double precision
) WITH (fillfactor = 50);
