-- Records that go back from quarantine, and positions that were set by hand.

-- `form` tells what the sealed bytes are: 0, of the first release, the value alone; 1 the whole
-- record with key and headers. A row is held until it is returned (measured after all) or
-- dropped; then the bytes go and everything else stays.
ALTER TABLE quarantine
    ADD COLUMN form       smallint NOT NULL DEFAULT 0,
    ADD COLUMN state      text     NOT NULL DEFAULT 'held'
                          CHECK (state IN ('held', 'returned', 'dropped')),
    ADD COLUMN tries      integer  NOT NULL DEFAULT 0,  -- times it was sent through again
    ADD COLUMN settled_at timestamptz,                  -- when it was returned or dropped
    ADD COLUMN settled_by text     NOT NULL DEFAULT '',
    ADD COLUMN note       text     NOT NULL DEFAULT '', -- why it was dropped
    -- How many logs later: a topic made anew has the same offsets again.
    ADD COLUMN former     integer  NOT NULL DEFAULT 0;
ALTER TABLE quarantine
    DROP CONSTRAINT quarantine_topic_partition_offset_key,
    ADD CONSTRAINT quarantine_record UNIQUE (topic, partition, "offset", former);
CREATE INDEX quarantine_held ON quarantine (id) WHERE state = 'held';

-- Who has looked at a record's bytes in the clear.
CREATE TABLE quarantine_opened (
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    who        text        NOT NULL,
    quarantine bigint      NOT NULL
);

-- Positions that somebody has set, and what was given up by it: never written by a worker.
CREATE TABLE position_set (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    who          text    NOT NULL,
    why          text    NOT NULL,
    topic        text    NOT NULL,
    partition    integer NOT NULL,
    from_next    bigint  NOT NULL,
    to_next      bigint  NOT NULL,
    from_cluster text    NOT NULL,
    to_cluster   text    NOT NULL,
    from_group   text    NOT NULL,
    to_group     text    NOT NULL,
    epoch        bigint  NOT NULL   -- the one it was given, higher than any worker's before
);
ALTER TABLE position ADD COLUMN times_set integer NOT NULL DEFAULT 0;
