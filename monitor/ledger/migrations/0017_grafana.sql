-- What dashboards read: figures by day and agency as `emc serve` shows them, and open dossiers under
-- tokens in the place of their codes. Views, so that a role which may read them may read nothing
-- else (deploy/postgresql/roles.sql).

-- What tokens of dossiers are made with (monitor/ledger/tokens.py). Whoever has it and knows how
-- codes are built can find the code of a token by trying.
CREATE TABLE token_secret (
    secret bytea NOT NULL CHECK (length(secret) = 32)
);
CREATE UNIQUE INDEX token_secret_one ON token_secret ((true));
INSERT INTO token_secret
SELECT uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());

-- What a reference set says that queries need: whose days are counted, how an end is compared with
-- a due date, and who stands today where a ministry or province did.
CREATE TABLE reference_shown (
    reference text    PRIMARY KEY REFERENCES reference_set (hash),
    zone      text    NOT NULL,
    by_date   boolean NOT NULL           -- nothing is overdue on the day it falls due
);
CREATE TABLE reference_agency (
    reference text COLLATE "C" NOT NULL REFERENCES reference_set (hash),
    code      text COLLATE "C" NOT NULL, -- a ministry or province, as it is booked
    present   text COLLATE "C" NOT NULL, -- who stands there today
    name      text NOT NULL,             -- of the latter
    PRIMARY KEY (reference, code)
);

-- The policy in force; a ledger without one counts by Vietnam's days, to the instant.
CREATE VIEW grafana_policy AS
SELECT coalesce(shown.zone, 'Asia/Ho_Chi_Minh') AS zone, coalesce(shown.by_date, false) AS by_date,
       active.epoch, active.rules, active.reference
FROM (SELECT) AS always
LEFT JOIN policy AS active ON active.state = 'active'
LEFT JOIN reference_shown AS shown ON shown.reference = active.reference;

-- The day of an instant, as entries have it, and the instant at which a day begins.
CREATE FUNCTION grafana_day(at timestamptz) RETURNS integer
LANGUAGE sql STABLE SET search_path FROM CURRENT
AS $$ SELECT (at AT TIME ZONE zone)::date - date '1970-01-01' FROM grafana_policy $$;
CREATE FUNCTION grafana_time(day integer) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path FROM CURRENT
AS $$ SELECT (date '1970-01-01' + day)::timestamp AT TIME ZONE zone FROM grafana_policy $$;

-- Ministries and provinces by the code they were booked under.
CREATE VIEW grafana_agency AS
SELECT agency.code AS booked, agency.present AS agency, agency.name
FROM reference_agency AS agency
JOIN policy ON policy.reference = agency.reference AND policy.state = 'active';

-- The ministry or province that an agency belonged to when booked, as `codes.level1` tells it. Kept
-- because queries over a month's lines would work it out some million times.
ALTER TABLE cell ADD COLUMN level1 text COLLATE "C" NOT NULL GENERATED ALWAYS AS (
    CASE WHEN length(agency) <= 35 AND agency COLLATE "C" ~ '^[A-Y][0-9]{2}(\.[0-9A-Z]+)*$'
         THEN left(agency, 3) ELSE agency END
) STORED;

-- Dimensions in the words that metrics have as labels. `office` is the agency itself.
CREATE VIEW grafana_cell AS
SELECT cell.id,
       coalesce(shown.agency, nullif(cell.level1, ''), 'unsaid') AS agency,
       cell.agency AS office, cell.procedure, cell.step, cell.source,
       CASE cell.channel WHEN 0 THEN 'unsaid' WHEN 1 THEN 'direct' WHEN 2 THEN 'online'
                         WHEN 3 THEN 'postal' ELSE 'other' END AS channel,
       CASE cell.level WHEN 0 THEN 'unsaid' WHEN 2 THEN '2' WHEN 3 THEN '3'
                       WHEN 4 THEN '4' ELSE 'other' END AS level,
       CASE cell.holder WHEN 0 THEN 'nobody' WHEN 1 THEN 'receiving_desk'
                        WHEN 2 THEN 'settling_unit' WHEN 3 THEN 'consulted_body'
                        WHEN 4 THEN 'citizen' WHEN 5 THEN 'cashier' ELSE 'other' END AS holder
FROM cell
LEFT JOIN grafana_agency AS shown ON shown.booked = cell.level1;

-- Everything booked, to the last committed booking: the balances, and what the journal has beyond.
-- An account may have several lines; whoever reads sums. `day` narrows what is read.
CREATE VIEW grafana_line AS
SELECT measure, cell, day, slot, amount FROM balance_line
UNION ALL
SELECT measure, cell, day, slot, amount FROM journal WHERE seq > (SELECT seq FROM follower);

-- The accounts of metrics, from the beginning to now.
CREATE VIEW grafana_total AS
SELECT total.measure, coalesce(shown.agency, nullif(total.agency, ''), 'unsaid') AS agency,
       CASE total.channel WHEN 0 THEN 'unsaid' WHEN 1 THEN 'direct' WHEN 2 THEN 'online'
                          WHEN 3 THEN 'postal' ELSE 'other' END AS channel,
       CASE total.level WHEN 0 THEN 'unsaid' WHEN 2 THEN '2' WHEN 3 THEN '3'
                        WHEN 4 THEN '4' ELSE 'other' END AS level,
       total.slot, total.class, total.credit - total.debit AS amount
FROM total
LEFT JOIN grafana_agency AS shown ON shown.booked = total.agency;

-- Open dossiers, one a row, by a token in the place of the code. Each half has an index by due
-- date: those whose rows are their own, and those that a recompute's result stands for.
CREATE VIEW grafana_open AS
WITH active AS (
    SELECT coalesce(max(epoch), 0) AS epoch FROM policy WHERE state = 'active'
), at AS MATERIALIZED (              -- once, not for every dossier
    SELECT zone, by_date, grafana_day(now()) AS today, grafana_time(grafana_day(now())) AS today_at
    FROM grafana_policy
), dossier_open AS (
    SELECT dossier.key, dossier.outcome, dossier.cell, dossier.due_ms
    FROM dossier CROSS JOIN active
    WHERE dossier.outcome IN (4, 5)
      AND NOT EXISTS (SELECT FROM rebooked WHERE rebooked.key = dossier.key
          AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch)
    UNION ALL
    SELECT rebooked.key, rebooked.outcome, rebooked.cell, rebooked.due_ms
    FROM rebooked CROSS JOIN active JOIN dossier USING (key)
    WHERE rebooked.outcome IN (4, 5)
      AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch
)
SELECT left(encode(sha256((SELECT secret FROM token_secret)
                          || convert_to(dossier_open.key, 'UTF8')), 'hex'), 20) AS token,
       cell.agency, cell.office, cell.procedure, cell.channel, cell.level,
       CASE dossier_open.outcome WHEN 4 THEN 'in_process' ELSE 'paused' END AS state,
       dossier_open.due_ms,
       to_timestamp(dossier_open.due_ms / 1000.0) AS due_at,
       CASE WHEN dossier_open.due_ms IS NULL THEN 'none'
            WHEN CASE WHEN by_date THEN to_timestamp(dossier_open.due_ms / 1000.0) < today_at
                      ELSE to_timestamp(dossier_open.due_ms / 1000.0) < now() END THEN 'overdue'
            WHEN due_day <= today THEN 'today'
            WHEN due_day = today + 1 THEN 'tomorrow'
            ELSE 'later' END AS due
FROM dossier_open
JOIN grafana_cell AS cell ON cell.id = dossier_open.cell
CROSS JOIN at
CROSS JOIN LATERAL (
    SELECT (to_timestamp(dossier_open.due_ms / 1000.0) AT TIME ZONE at.zone)::date
           - date '1970-01-01' AS due_day
) AS fall;

-- How many are open, by the day they fall due, as emc_dossiers_open and emc_dossiers_open_due show
-- them: by slots, and what has become overdue in the course of today moved from today to overdue.
CREATE VIEW grafana_stock AS
WITH at AS MATERIALIZED (SELECT grafana_day(now()) AS today)
SELECT agency, channel, level, CASE measure WHEN 12 THEN 'in_process' ELSE 'paused' END AS state,
       nullif(slot, -1) AS due_day,
       CASE WHEN slot = -1 THEN 'none' WHEN slot < today THEN 'overdue' WHEN slot = today THEN 'today'
            WHEN slot = today + 1 THEN 'tomorrow' ELSE 'later' END AS due,
       amount AS dossiers
FROM grafana_total, at
WHERE measure IN (12, 13)
UNION ALL
SELECT agency, channel, level, state, at.today, moved.due, moved.dossiers
FROM grafana_open
CROSS JOIN at
CROSS JOIN (VALUES ('overdue', 1::bigint), ('today', -1)) AS moved (due, dossiers)
WHERE due_ms >= (SELECT extract(epoch FROM grafana_time(grafana_day(now()))) * 1000)::bigint
  AND due_ms < (SELECT extract(epoch FROM now()) * 1000)::bigint
  AND NOT (SELECT by_date FROM grafana_policy);

-- Announced maintenance that was not called off, as dashboards mark it on their time axis.
CREATE VIEW grafana_maintenance AS
SELECT source, name, to_timestamp(from_ms / 1000.0) AS from_at, to_timestamp(to_ms / 1000.0) AS to_at,
       to_timestamp(announced_ms / 1000.0) AS announced_at, reason, force_majeure,
       cardinality(units) = 0 AS whole
FROM maintenance WHERE NOT cancelled;

-- How each connection stood.
CREATE VIEW grafana_spell AS
SELECT source, class, to_timestamp(since_ms / 1000.0) AS since_at,
       to_timestamp(until_ms / 1000.0) AS until_at
FROM connection_spell;

-- Claim and count of a day, as they stand now.
CREATE VIEW grafana_reconciliation AS
SELECT DISTINCT ON (source, day) source, day, to_timestamp(at_ms / 1000.0) AS at, claim, claimed,
       counted, differing
FROM comparison ORDER BY source, day, at_ms DESC;
