-- Official figures of the periods under way, as last evaluated: for metrics and dashboards, which
-- cannot evaluate them, and for whoever is told of them over Kafka.

CREATE TABLE official_now (
    set_id      text    COLLATE "C" NOT NULL,
    period      text    COLLATE "C" NOT NULL,  -- as people write it: 2026-08
    scope       text    COLLATE "C" NOT NULL,  -- country, or a ministry or province that is in being
    indicator   text    COLLATE "C" NOT NULL,  -- "": the points of all
    span        text    NOT NULL,              -- month or year
    version     text    NOT NULL,              -- of the set
    name        text    NOT NULL,              -- of the scope
    kind        text    NOT NULL,
    standing    text    NOT NULL,
    unit        text    NOT NULL,
    numerator   bigint,
    denominator bigint,
    shown       numeric,                       -- in the unit
    score       numeric,
    most        numeric,                       -- points it could have; of all, those that are known
    PRIMARY KEY (set_id, period, scope, indicator)
);

-- As of what all of it is, in one row.
CREATE TABLE official_round (
    cut          bigint      NOT NULL,
    sealed_at    timestamptz NOT NULL,
    evaluated_ms bigint      NOT NULL
);
CREATE UNIQUE INDEX official_round_one ON official_round ((true));

-- What was last told of each over Kafka: a digest of what it said, and when.
CREATE TABLE official_told (
    key    text   COLLATE "C" PRIMARY KEY,     -- of the message: set|scope|period
    digest bytea  NOT NULL,
    at_ms  bigint NOT NULL
);

CREATE VIEW grafana_official AS
SELECT set_id, period, span, scope, name, kind, indicator, version, standing, unit,
       numerator, denominator, shown, score, most, sealed_at, cut
FROM official_now CROSS JOIN official_round;
