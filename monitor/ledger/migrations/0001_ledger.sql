-- The ledger of the first release: dossiers with what they have booked, the journal of
-- differences, the totals that are shown, tallies, the quarantine, and the Kafka positions.

-- Combinations of dimensions, numbered once so that bookings are narrow.
CREATE TABLE cell (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    agency      text     NOT NULL,
    unit        text     NOT NULL,
    procedure   text     NOT NULL,
    channel     smallint NOT NULL,
    sub_channel text     NOT NULL,
    level       smallint NOT NULL,
    step        text     NOT NULL DEFAULT '',   -- of what is measured by step
    holder      smallint NOT NULL DEFAULT 0,    -- of what is measured by holder
    source      text     NOT NULL DEFAULT ''    -- of what is a measure of the source
);
-- Free texts by their hash: an entry of an index has room for 2704 bytes, and names of units and
-- channels may take more together.
CREATE UNIQUE INDEX cell_dimensions
    ON cell (agency, procedure, channel, level, holder,
             md5(unit), md5(sub_channel), md5(step), md5(source));

-- One row a dossier. Its events and the entries it has booked are kept as the worker packs
-- them: they are read whole or not at all. The other columns answer questions about what is
-- open without unpacking anything.
CREATE TABLE dossier (
    key     text     COLLATE "C" PRIMARY KEY,
    version integer  NOT NULL,           -- raised by one with each booking
    rules   smallint NOT NULL,           -- the rules version it was booked under
    outcome smallint NOT NULL,
    cell    integer,                     -- of whoever holds or settled it; null before acceptance
    due_ms  bigint,                      -- last due date in force
    events  bytea    NOT NULL,
    booked  bytea    NOT NULL
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
ALTER TABLE dossier ALTER COLUMN events SET STORAGE EXTERNAL;
ALTER TABLE dossier ALTER COLUMN booked SET STORAGE EXTERNAL;

-- What is open, by due date: what is overdue to the instant is asked of this index.
CREATE INDEX dossier_open ON dossier (due_ms) WHERE outcome IN (4, 5);

-- Booked differences, aggregated per transaction; appended, never changed.
CREATE TABLE journal (
    seq     bigint GENERATED ALWAYS AS IDENTITY,
    measure smallint NOT NULL,
    cell    integer  NOT NULL,
    day     integer  NOT NULL,
    slot    integer  NOT NULL,
    class   smallint NOT NULL,
    amount  bigint   NOT NULL
);
CREATE INDEX journal_seq ON journal USING brin (seq);

-- The accounts that Prometheus shows, sharded by writer so that workers do not wait for each
-- other; readers sum the shards.
CREATE TABLE total (
    shard   integer  NOT NULL,
    measure smallint NOT NULL,
    agency  text     COLLATE "C" NOT NULL,   -- level 1
    channel smallint NOT NULL,
    level   smallint NOT NULL,
    slot    integer  NOT NULL,
    class   smallint NOT NULL,
    credit  bigint   NOT NULL,
    debit   bigint   NOT NULL,
    PRIMARY KEY (shard, measure, agency, channel, level, slot, class)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);

-- Counted once a record, together with the position.
CREATE TABLE tally (
    shard  integer NOT NULL,
    name   text    NOT NULL,
    source text    NOT NULL,
    detail text    NOT NULL,
    amount bigint  NOT NULL,
    PRIMARY KEY (shard, name, source, detail)
);

-- Where each partition is read from next, who reads it, and which log it belongs to.
CREATE TABLE position (
    topic       text    NOT NULL,
    partition   integer NOT NULL,
    next        bigint  NOT NULL,
    epoch       bigint  NOT NULL,
    owner       text    NOT NULL,
    group_id    text    NOT NULL DEFAULT '', -- the consumer group; two must not feed one ledger
    generation  integer NOT NULL,
    cluster     text    NOT NULL,
    last_hash   bytea,                   -- of the record at next - 1
    moved_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, partition)
);

-- Refused records. The table is the truth: bytes are encrypted with the deployment's key and
-- left out past a source's quota; position, hash and reason always stay.
CREATE TABLE quarantine (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic     text    NOT NULL,
    partition integer NOT NULL,
    "offset"  bigint  NOT NULL,
    source    text    NOT NULL,
    reason    text    NOT NULL,
    detail    text    NOT NULL,
    size      integer NOT NULL,
    hash      bytea   NOT NULL,
    sealed    bytea,                     -- the record, encrypted; null past the quota
    arrived   timestamptz NOT NULL,
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX quarantine_source ON quarantine (source, id);
