-- The connections of sources: what they sent, said and claimed, and what follows from it. Times
-- are ms UTC, hours are of UTC, numbered from 1970-01-01T00:00Z, days those of the policy's zone.

-- Put by in a booking's transaction, one row each, and taken away once it is counted below: a
-- booking then costs one row more, whatever it holds.
CREATE TABLE sent (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    events        bytea     NOT NULL,     -- new to the ledger, packed as in `dossier`
    replaced      bytea     NOT NULL,     -- those whose identity now says something else
    repeat_source text[]    NOT NULL,     -- said again, by source and hour of arrival
    repeat_hour   integer[] NOT NULL,
    repeats       bigint[]  NOT NULL,
    refused       jsonb     NOT NULL,     -- [[source, hour of arrival, reason, records], ...]
    beats         jsonb     NOT NULL,     -- [[source, arrival, interval, waiting], ...]
    claimed       jsonb     NOT NULL      -- [[source, day], ...] of which a claim has come
) WITH (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000);
ALTER TABLE sent ALTER COLUMN events SET STORAGE EXTERNAL;

-- What was news when it came (no backfill, no snapshot), and signs of life, by hour of arrival.
CREATE TABLE activity_hour (
    source       text    COLLATE "C" NOT NULL,
    hour         integer NOT NULL,
    events       bigint  NOT NULL DEFAULT 0,
    minutes      bigint  NOT NULL DEFAULT 0,   -- a bit for each minute in which something came
    last_ms      bigint  NOT NULL DEFAULT 0,
    repeats      bigint  NOT NULL DEFAULT 0,
    outside      bigint  NOT NULL DEFAULT 0,   -- refused: for whom it may not speak
    beats        bigint  NOT NULL DEFAULT 0,   -- heartbeats
    beat_minutes bigint  NOT NULL DEFAULT 0,
    beat_ms      bigint  NOT NULL DEFAULT 0,   -- the last one
    interval_ms  bigint  NOT NULL DEFAULT 0,   -- as it said
    waiting      bigint,                       -- events that it could not send, as it said
    PRIMARY KEY (source, hour)
) WITH (fillfactor = 70);
CREATE TABLE activity_kind (
    source text     COLLATE "C" NOT NULL,
    hour   integer  NOT NULL,
    kind   smallint NOT NULL,
    state  smallint NOT NULL,                  -- -1 where the kind has none
    events bigint   NOT NULL,
    PRIMARY KEY (source, hour, kind, state)
) WITH (fillfactor = 70);
-- From claimed to arrival: bins of `monitor.domain.activity`.
CREATE TABLE activity_delay (
    source text     COLLATE "C" NOT NULL,
    hour   integer  NOT NULL,
    bin    smallint NOT NULL,
    events bigint   NOT NULL,
    PRIMARY KEY (source, hour, bin)
) WITH (fillfactor = 70);
-- What came of a kind, a unit, a procedure, by day of arrival.
CREATE TABLE activity_part (
    source  text     COLLATE "C" NOT NULL,
    part    text     NOT NULL,  -- kind, unit or procedure
    name    text     COLLATE "C" NOT NULL,
    day     integer  NOT NULL,
    events   bigint  NOT NULL,
    first_ms bigint  NOT NULL,
    last_ms  bigint  NOT NULL,
    PRIMARY KEY (source, part, name, day)
) WITH (fillfactor = 70);

-- What lies on a day by its claimed time, backfill and snapshots included: a claim's other side.
CREATE TABLE counted (
    source  text     COLLATE "C" NOT NULL,
    day     integer  NOT NULL,
    kind    smallint NOT NULL,
    state   smallint NOT NULL,
    events  bigint   NOT NULL,
    late    bigint   NOT NULL,                 -- that came more than an hour after
    another bigint   NOT NULL,                 -- on a later day
    last_ms bigint   NOT NULL,                 -- when the last one came
    PRIMARY KEY (source, day, kind, state)
) WITH (fillfactor = 70);
-- The dossiers that had an event on that day: keys, one a line, in parts, deflated.
CREATE TABLE counted_dossiers (
    source text    COLLATE "C" NOT NULL,
    day    integer NOT NULL,
    part   bigint  GENERATED ALWAYS AS IDENTITY,
    keys   bytea   NOT NULL,
    PRIMARY KEY (source, day, part)
);
ALTER TABLE counted_dossiers ALTER COLUMN keys SET STORAGE EXTERNAL;

-- What sources claim. All of it is kept; of the claims for a day the one that arrived last, and
-- whole, stands.
CREATE TABLE claim (
    source     text    COLLATE "C" NOT NULL,
    day        integer NOT NULL,
    claim      text    COLLATE "C" NOT NULL,
    chunks     integer NOT NULL,
    arrived_ms bigint  NOT NULL,               -- of its first chunk
    complete_ms bigint,                        -- when the last missing chunk came
    PRIMARY KEY (source, day, claim)
);
CREATE TABLE claim_chunk (
    source     text    COLLATE "C" NOT NULL,
    day        integer NOT NULL,
    claim      text    COLLATE "C" NOT NULL,
    chunk      integer NOT NULL,
    arrived_ms bigint  NOT NULL,
    listed     bigint,                         -- keys in it; null where it is no list
    keys       bytea,                          -- one a line, deflated
    PRIMARY KEY (source, day, claim, chunk)
);
CREATE TABLE claim_count (
    source text     COLLATE "C" NOT NULL,
    day    integer  NOT NULL,
    claim  text     COLLATE "C" NOT NULL,
    kind   smallint NOT NULL,
    state  smallint NOT NULL,                  -- -1: of all states
    events bigint   NOT NULL,
    PRIMARY KEY (source, day, claim, kind, state)
);
-- How claim and count of a day stood, whenever that changed.
CREATE TABLE comparison (
    source   text    COLLATE "C" NOT NULL,
    day      integer NOT NULL,
    at_ms    bigint  NOT NULL,                 -- of the last arrival that it rests on
    claim    text    COLLATE "C" NOT NULL,
    claimed  bigint  NOT NULL,
    counted  bigint  NOT NULL,
    differing bigint NOT NULL,                 -- summed over kinds and states, either way
    PRIMARY KEY (source, day, at_ms)
);

CREATE TABLE maintenance (
    source        text    COLLATE "C" NOT NULL,
    name          text    COLLATE "C" NOT NULL,
    from_ms       bigint  NOT NULL,
    to_ms         bigint  NOT NULL,
    units         text[]  NOT NULL,
    reason        text    NOT NULL,
    force_majeure boolean NOT NULL,
    cancelled     boolean NOT NULL,
    claimed_ms    bigint  NOT NULL,            -- of the telling that stands
    announced_ms  bigint  NOT NULL,            -- arrival of the first telling with these times
    PRIMARY KEY (source, name)
);

-- Figures that no event tells, with who says so.
CREATE TABLE external_claim (
    source      text    COLLATE "C" NOT NULL,
    indicator   text    COLLATE "C" NOT NULL,
    agency      text    COLLATE "C" NOT NULL,
    from_day    integer NOT NULL,
    to_day      integer NOT NULL,
    survey      text    NOT NULL,
    revision    bigint  NOT NULL,
    arrived_ms  bigint  NOT NULL,
    numerator   bigint,
    denominator bigint,
    value       numeric,
    unit        text    NOT NULL,
    respondents bigint,
    not_issued  boolean NOT NULL,
    PRIMARY KEY (source, indicator, agency, from_day, to_day, survey, revision)
);

-- How each connection stands, as last judged, and how it stood.
CREATE TABLE connection (
    source      text    COLLATE "C" PRIMARY KEY,
    trial       boolean NOT NULL,
    class       text    NOT NULL,
    since_ms    bigint  NOT NULL,
    judged_ms   bigint  NOT NULL,
    last_ms     bigint,                        -- last event
    beat_ms     bigint,                        -- last heartbeat
    silence_ms  bigint,                        -- the longest silence that is no interruption
    working_ms  bigint  NOT NULL,              -- of this month, announced maintenance taken off
    connected_ms bigint NOT NULL,              -- of that
    p50_ms      bigint,                        -- claimed to arrival, over the last day
    p95_ms      bigint,
    maintenance boolean NOT NULL,
    facts       jsonb   NOT NULL               -- [{fact, since_ms, detail}], flags among them
);
CREATE TABLE connection_spell (
    source   text   COLLATE "C" NOT NULL,
    since_ms bigint NOT NULL,
    until_ms bigint,                           -- null: it lasts
    class    text   NOT NULL,
    PRIMARY KEY (source, since_ms)
);
