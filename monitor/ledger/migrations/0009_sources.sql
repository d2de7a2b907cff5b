-- The register of sources: who may send, whom they speak for, and what they prove it with.

CREATE TABLE source (
    code              text     COLLATE "C" PRIMARY KEY
                      CHECK (code ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
    name              text     NOT NULL,
    owner             text     NOT NULL,              -- agency whose system it is
    kind              text     NOT NULL CHECK (kind IN ('system', 'portal')),
    status            text     NOT NULL CHECK (status IN ('trial', 'live', 'revoked')),
    go_live           date,
    contact           text     NOT NULL DEFAULT '',
    claiming          boolean  NOT NULL DEFAULT false, -- counts of its own are expected daily
    zone              text     NOT NULL,               -- of its clock, where it says none
    heartbeat_seconds integer  CHECK (heartbeat_seconds > 0),
    rate_per_second   integer  CHECK (rate_per_second > 0),
    site_id           integer  UNIQUE CHECK (site_id >= 0),
    addresses         cidr[]   NOT NULL DEFAULT '{}',  -- admitted where the SiteId is all there is
    -- Read and written whole with their source, never joined.
    mandates          jsonb    NOT NULL DEFAULT '[]',  -- [{agency, procedure}]
    expectations      jsonb    NOT NULL DEFAULT '[]',  -- [{kind, unit, procedure, within_days}]
    names             text[]   NOT NULL DEFAULT '{}',  -- words of its own that may pass the edge
    quirks            text[]   NOT NULL DEFAULT '{}',  -- known defects of its messages
    CHECK (status <> 'live' OR go_live IS NOT NULL)
);

-- Tokens, each valid from a time until another, several at once while they are exchanged.
CREATE TABLE source_credential (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text    COLLATE "C" NOT NULL REFERENCES source,
    hash        bytea   NOT NULL UNIQUE CHECK (length(hash) = 32), -- SHA-256 of the token
    valid_from  timestamptz NOT NULL,
    valid_until timestamptz                            -- null: until it is exchanged or revoked
);
CREATE INDEX source_credential_source ON source_credential (source);

-- Every change of the register, for good. How many there are tells whether a snapshot is old.
CREATE TABLE source_history (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    who    text  NOT NULL,
    why    text  NOT NULL,
    source text  COLLATE "C" NOT NULL,
    action text  NOT NULL,
    change jsonb NOT NULL                              -- {field: [before, after]}
);
CREATE INDEX source_history_source ON source_history (source, id);

-- Who knocked and is not in the register.
CREATE TABLE unknown_source (
    via        text    NOT NULL CHECK (via IN ('topic', 'token', 'site', 'name')),
    said       text    COLLATE "C" NOT NULL,           -- never a token, nor anybody's number
    address    text    COLLATE "C" NOT NULL DEFAULT '',
    records    bigint  NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen  timestamptz NOT NULL,
    PRIMARY KEY (via, said, address)
);
