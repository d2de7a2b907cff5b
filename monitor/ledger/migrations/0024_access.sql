-- Who may read over HTTP, by tokens of which only the hash is kept; and who looked at which dossiers.
CREATE TABLE access_token (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name       text        NOT NULL CHECK (name <> ''),
    hash       bytea       NOT NULL UNIQUE CHECK (length(hash) = 32),    -- SHA-256
    role       text        NOT NULL CHECK (role IN ('public', 'agency', 'national', 'admin')),
    agency     text        COLLATE "C" NOT NULL DEFAULT '',      -- whose subtree; of the role agency alone
    made_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    made_by    text        NOT NULL,
    why        text        NOT NULL DEFAULT '',
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_by text        NOT NULL DEFAULT '',
    used_at    timestamptz,                            -- to the minute
    CHECK ((role = 'agency') = (agency <> ''))
);
-- A name tells one token, until it is revoked.
CREATE UNIQUE INDEX access_token_name ON access_token (name) WHERE revoked_at IS NULL;

-- Appended only: `emc serve` may insert and nothing else. Dossiers stand in it under their tokens.
CREATE TABLE access_audit (
    id      bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    token   bigint      REFERENCES access_token,        -- NULL: came without one
    who     text        NOT NULL,                       -- name of the token, as it was
    role    text        NOT NULL,
    agency  text        COLLATE "C" NOT NULL,
    asked   text        NOT NULL,
    address text        NOT NULL,
    status  smallint    NOT NULL,                       -- that the answer has: 200, 403, 404
    rows    integer     NOT NULL                        -- dossiers in it
);
CREATE INDEX access_audit_who ON access_audit (who, id);
