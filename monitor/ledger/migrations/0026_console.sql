-- Who is signed in to the console: of a cookie only the hash, and the token that it stands for. A row
-- is gone once its holder signs out; it opens nothing once the token does not.
CREATE TABLE console_session (
    hash       bytea       PRIMARY KEY CHECK (length(hash) = 32),    -- SHA-256
    token      bigint      NOT NULL REFERENCES access_token,
    made_at    timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,                   -- to the minute
    expires_at timestamptz NOT NULL,
    CHECK (expires_at > made_at)
);
CREATE INDEX console_session_expires ON console_session (expires_at);
