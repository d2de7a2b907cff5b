-- What the public sees: tables of closed periods, released once and never changed or taken back
-- (docs/explanation/releases.md). Days are those of the policy's zone, numbered from 1970-01-01.

-- What a table's file said, whenever it said something else.
CREATE TABLE release_table (
    name     text   COLLATE "C" NOT NULL,
    version  text   NOT NULL,            -- digest of the file
    known_ms bigint NOT NULL,
    said     jsonb  NOT NULL,
    PRIMARY KEY (name, version)
);

-- What is shown of a table for some time. Chosen from earlier periods, as known at the cut.
CREATE TABLE release_pattern (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text    COLLATE "C" NOT NULL,
    version   text    NOT NULL,
    first_day integer NOT NULL,
    last_day  integer NOT NULL,
    cut       bigint  NOT NULL,
    usual     bigint  NOT NULL,          -- dossiers of a period: the middle of those it was chosen from
    places    jsonb   NOT NULL,          -- [{place, above, name, shown: [column] or null}]
    FOREIGN KEY (name, version) REFERENCES release_table,
    UNIQUE (name, version, first_day)
);

CREATE TABLE release (
    id        integer     GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name      text        COLLATE "C" NOT NULL,
    pattern   integer     NOT NULL REFERENCES release_pattern,
    first_day integer     NOT NULL,
    last_day  integer     NOT NULL,
    events    text[]      NOT NULL,      -- what its dossiers are counted for
    cut       bigint      NOT NULL,
    cut_at    timestamptz NOT NULL,
    reference text        NOT NULL,      -- hash of the set in force when it was made
    epoch     integer     NOT NULL,
    made_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    hash      text        NOT NULL,      -- SHA-256 of the release as JSON
    CHECK (first_day <= last_day),
    UNIQUE (name, last_day)
);
CREATE TABLE release_cell (
    release  integer NOT NULL REFERENCES release,
    place    text    COLLATE "C" NOT NULL, -- "": the country
    "column" text    COLLATE "C" NOT NULL, -- "": all of them
    value    bigint,                       -- null where it is not shown: it is kept nowhere
    standing text    NOT NULL,
    PRIMARY KEY (release, place, "column"),
    CHECK ((value IS NOT NULL) = (standing = 'number'))
);

-- No owner's mistake either: what people have seen stays what they have seen.
CREATE FUNCTION released_for_good() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a release is never changed or taken back'
        USING HINT = 'docs/explanation/releases.md';
END
$$;
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON release
    FOR EACH STATEMENT EXECUTE FUNCTION released_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON release_cell
    FOR EACH STATEMENT EXECUTE FUNCTION released_for_good();
CREATE TRIGGER for_good BEFORE UPDATE OR DELETE OR TRUNCATE ON release_pattern
    FOR EACH STATEMENT EXECUTE FUNCTION released_for_good();
