-- From which day on hours are kept, and who was received in a year.

-- Entries by the hour of days before this one are no longer in the balances, and readers leave
-- them out of the journal too. The day never falls.
CREATE TABLE hours_kept (
    from_day integer NOT NULL            -- days since 1970-01-01, in the policy's zone
);
CREATE UNIQUE INDEX hours_kept_one ON hours_kept ((true));
INSERT INTO hours_kept (from_day) VALUES (0);

-- How many dossiers received in a year refer to an applicant. What tells applicants apart is a
-- digest of the keyed hash in their events, another one every year.
CREATE TABLE applicant (
    year     smallint NOT NULL,
    cell     integer  NOT NULL,          -- of the agency that received, and nothing else
    digest   bigint   NOT NULL,
    dossiers integer  NOT NULL,          -- 0 where a correction has taken the last one away
    PRIMARY KEY (year, cell, digest)
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.05);

-- The same in the shape of booked entries (monitor/domain/applicants.py): with the journal it is all
-- that dossiers have booked.
CREATE VIEW applicant_entry AS
SELECT (year + 8010)::smallint AS measure, cell, (digest >> 32)::integer AS day,
       (((digest & 4294967295) # 2147483648) - 2147483648)::integer AS slot,
       dossiers::bigint AS amount
FROM applicant WHERE dossiers <> 0;
