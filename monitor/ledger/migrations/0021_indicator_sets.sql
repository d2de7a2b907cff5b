-- Indicator sets: what official figures were defined as, and when that was known. Appended only.

CREATE TABLE indicator_text (
    hash    text COLLATE "C" PRIMARY KEY,   -- digest of the content
    content text NOT NULL                   -- a file of `indicators/`, as it was
);

-- A row whenever a file says something else than before.
CREATE TABLE indicator_set (
    file     text COLLATE "C" NOT NULL,     -- its name; that of the set, up to an @
    known_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    hash     text COLLATE "C" NOT NULL,     -- "": from then on there was no such file
    PRIMARY KEY (file, known_at)
);
