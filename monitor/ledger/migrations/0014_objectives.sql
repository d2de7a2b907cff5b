-- Objectives: which versions of them were known when, what counts for them, and how they stand.
-- Times are ms UTC, days those of the policy's zone, numbered from 1970-01-01.

-- What the files said, and from when on: a row whenever an objective's file says something else.
CREATE TABLE objective_version (
    objective  text   COLLATE "C" NOT NULL,
    known_ms   bigint NOT NULL,
    version    text   NOT NULL,          -- digest of the file; "" from when on there was none
    said       jsonb  NOT NULL,
    PRIMARY KEY (objective, known_ms)
);

-- Sums of the journal for the scopes of objectives and services, up to a number of it for each
-- measure. Made from balances and journal, and made anew when other scopes are asked for.
CREATE TABLE objective_sum (
    account text     COLLATE "C" NOT NULL,  -- an indicator, or `service`
    part    smallint NOT NULL,              -- `monitor.domain.watched.Kept`
    scope   smallint NOT NULL,              -- its place in `objective_book.scopes`
    day     integer  NOT NULL,              -- of what is open by due day: that day
    slot    integer  NOT NULL,
    amount  bigint   NOT NULL,
    PRIMARY KEY (account, part, scope, day, slot)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE TABLE objective_cell (
    cell   integer    PRIMARY KEY,
    scopes smallint[] NOT NULL              -- to which the cell's amounts belong
);
CREATE TABLE objective_book (
    digest text   NOT NULL,                 -- of what is asked for
    scopes text[] NOT NULL                  -- labels
);
CREATE UNIQUE INDEX objective_book_one ON objective_book ((true));
INSERT INTO objective_book (digest, scopes) VALUES ('', '{}');
CREATE TABLE objective_measure (
    measure smallint PRIMARY KEY,
    seq     bigint   NOT NULL               -- the journal is in the sums up to here
);

-- The objectives in force, and how each stands in each of its scopes, as last judged.
CREATE TABLE objective (
    objective text COLLATE "C" PRIMARY KEY,
    version   text     NOT NULL,
    indicator text     NOT NULL,
    period    text     NOT NULL,            -- the window's label
    calendar  text     NOT NULL,
    owner     text     NOT NULL,
    basis     text     NOT NULL,            -- of the target
    target    smallint NOT NULL,            -- of 10,000
    minimum   integer  NOT NULL,
    said      jsonb    NOT NULL
);
CREATE TABLE objective_standing (
    objective text    COLLATE "C" NOT NULL,
    scope     text    COLLATE "C" NOT NULL,
    state     text    NOT NULL,
    since_ms  bigint  NOT NULL,
    judged_ms bigint  NOT NULL,
    first_day integer NOT NULL,             -- of the window
    good      bigint  NOT NULL,
    bad       bigint  NOT NULL,
    burning   jsonb   NOT NULL,             -- {window: [good, bad]}
    alert     text    NOT NULL,             -- the windows that burn, as `3d/1d`, or ""
    PRIMARY KEY (objective, scope)
);
CREATE TABLE objective_spell (
    objective text   COLLATE "C" NOT NULL,
    scope     text   COLLATE "C" NOT NULL,
    since_ms  bigint NOT NULL,
    until_ms  bigint,                       -- null: it lasts
    state     text   NOT NULL,
    version   text   NOT NULL,              -- of the objective, when it began
    good      bigint NOT NULL,              -- in the window, when it began
    bad       bigint NOT NULL,
    PRIMARY KEY (objective, scope, since_ms)
);

-- Groups of procedures at ministries and provinces: whether they are degraded.
CREATE TABLE service_standing (
    agency     text    COLLATE "C" NOT NULL,
    grp        text    COLLATE "C" NOT NULL,
    state      text    NOT NULL,
    reasons    text[]  NOT NULL,
    since_ms   bigint  NOT NULL,
    judged_ms  bigint  NOT NULL,
    open       bigint  NOT NULL,
    open_then  bigint  NOT NULL,            -- when the recent days began
    completed  bigint  NOT NULL,            -- in the recent days
    median_ms  bigint,                      -- working time of these
    limit_ms   bigint,
    PRIMARY KEY (agency, grp)
);
CREATE TABLE service_spell (
    agency   text   COLLATE "C" NOT NULL,
    grp      text   COLLATE "C" NOT NULL,
    since_ms bigint NOT NULL,
    until_ms bigint,
    state    text   NOT NULL,
    PRIMARY KEY (agency, grp, since_ms)
);
