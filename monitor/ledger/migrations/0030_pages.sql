-- What pages ask of single dossiers and refused records, found without reading all of them.

-- Open dossiers of whoever holds them, by the day they fall due: `dossier_open` has a nation's in a row.
CREATE INDEX dossier_held ON dossier (cell, due_ms) WHERE outcome IN (4, 5);
CREATE INDEX rebooked_held ON rebooked (cell, due_ms) WHERE outcome IN (4, 5);
CREATE INDEX cell_procedure ON cell (procedure);

-- Of each dossier its token: only with the secret can it be told from the key, so no index of
-- `dossier` itself has it, and what an index is made of is open to every role.
CREATE TABLE dossier_token (
    token bytea PRIMARY KEY,             -- the first ten bytes of the digest
    key   text  COLLATE "C" NOT NULL
);

-- Rows of dossiers are never taken away, and keep their key: one line each is written, once.
CREATE FUNCTION name_dossiers() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO dossier_token (token, key)
    SELECT substring(sha256(token_secret.secret || convert_to(fresh.key, 'UTF8')) FOR 10), fresh.key
    FROM fresh, token_secret
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER name_dossiers AFTER INSERT ON dossier
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION name_dossiers();

-- With another secret all have other tokens.
CREATE FUNCTION name_all_dossiers() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    DELETE FROM dossier_token;
    INSERT INTO dossier_token (token, key)
    SELECT substring(sha256(token_secret.secret || convert_to(dossier.key, 'UTF8')) FOR 10), dossier.key
    FROM dossier, token_secret
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER name_all_dossiers AFTER UPDATE ON token_secret
FOR EACH STATEMENT EXECUTE FUNCTION name_all_dossiers();
UPDATE token_secret SET secret = secret;

-- Refused records: counted by source, reason and state from this index alone, and found by any of them.
CREATE INDEX quarantine_kind ON quarantine (source, reason, state, id) INCLUDE (arrived);
CREATE INDEX quarantine_reason ON quarantine (reason, state, id);
CREATE INDEX quarantine_settled ON quarantine (state, id) WHERE state <> 'held';
