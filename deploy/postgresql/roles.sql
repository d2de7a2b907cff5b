-- Who may do what in the ledger. Run by the role that owns the ledger's tables and may make
-- roles, in the ledger's database, after the schema is there and again after every upgrade:
--
--     emc migrate && psql "$EMC_DATABASE" -v ON_ERROR_STOP=1 -1 -f deploy/postgresql/roles.sql
--
-- Running it again changes nothing, or takes back what was granted beyond it. The roles cannot
-- log in: grant them to those that do.
--
--     CREATE ROLE worker1 LOGIN PASSWORD '...' IN ROLE emc_worker;
--
--   emc_worker   books: what `emc worker`, `emc ingest` and the commands beside them need. It cannot
--                change the schema, nor what is once in the journal, nor a cut that was
--                published, nor who is in the register of sources.
--   emc_edge     takes in: what `emc gateway` needs. It reads the register of sources, and writes
--                who is not in it; nothing that was ever measured is open to it.
--   emc_registrar keeps the registers: what `emc source` and `emc access` need.
--   emc_reader   reads: what `emc digest`, /metrics and reports need. No events of dossiers, no bytes of
--                the quarantine, no hash of a token.
--   emc_server   serves: what `emc serve` needs beside emc_reader, for the API: to know a token by its
--                hash, to write down who looked at dossiers, which it can neither read nor change
--                again, and the events of a dossier that is explained.
--   emc_grafana  reads: what dashboards need. No dossier's code either, and of the quarantine
--                only what is counted.

DO $$
DECLARE
    own text;
BEGIN
    FOREACH own IN ARRAY ARRAY['emc_worker', 'emc_edge', 'emc_registrar',
                             'emc_reader', 'emc_server', 'emc_grafana'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = own) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', own);
        END IF;
    END LOOP;
    EXECUTE format(
        'GRANT CONNECT ON DATABASE %I TO emc_worker, emc_edge, emc_registrar, emc_reader,'
        ' emc_server, emc_grafana',
        current_database());
    -- Dossiers are staged in a temporary table.
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO emc_worker', current_database());
END
$$;

REVOKE CREATE ON SCHEMA public
FROM PUBLIC, emc_worker, emc_edge, emc_registrar, emc_reader, emc_server, emc_grafana;
GRANT USAGE ON SCHEMA public TO emc_worker, emc_edge, emc_registrar, emc_reader, emc_server, emc_grafana;
REVOKE ALL ON ALL TABLES IN SCHEMA public
FROM PUBLIC, emc_worker, emc_edge, emc_registrar, emc_reader, emc_server, emc_grafana;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public
FROM PUBLIC, emc_worker, emc_edge, emc_registrar, emc_reader, emc_server, emc_grafana;

-- emc_worker: everything, tables of later releases too; appended only, or read only, are few.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO emc_worker;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO emc_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO emc_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO emc_worker;
REVOKE UPDATE, DELETE ON
    journal_page, journal, late_page, late, cut, reference_set, reference_file, position_set, quarantine_opened,
    objective_version, indicator_text, indicator_set, published_report,
    release_table, release_pattern, release, release_cell
FROM emc_worker;
REVOKE INSERT, UPDATE, DELETE ON
    migration, source, source_credential, source_history, token_secret
FROM emc_worker;
REVOKE ALL ON access_token, access_audit, console_session FROM emc_worker;
GRANT EXECUTE ON FUNCTION analyse_rebooked() TO emc_worker;

-- emc_edge and emc_registrar: the register, and nothing else. The policy tells which sources are
-- portals.
GRANT SELECT ON migration, source, source_credential, source_history, policy
TO emc_edge, emc_registrar;
GRANT SELECT ON reference_set, reference_file TO emc_registrar;
GRANT INSERT, UPDATE ON source, source_credential TO emc_registrar;
GRANT INSERT ON source_history TO emc_registrar;
GRANT SELECT, INSERT, UPDATE ON unknown_source TO emc_edge;
-- What the gateway refuses: kept and counted. It sees how much of each source is kept, not what.
GRANT INSERT ON quarantine, sent TO emc_edge;
GRANT SELECT (source, sealed) ON quarantine TO emc_edge;
GRANT SELECT, INSERT, UPDATE ON tally TO emc_edge;
GRANT SELECT, DELETE ON unknown_source TO emc_registrar;
-- Who may read, and who looked at what; a look stays written.
GRANT SELECT, INSERT ON access_token TO emc_registrar;
GRANT UPDATE (revoked_at, revoked_by) ON access_token TO emc_registrar;
GRANT SELECT ON access_audit, reference_agency TO emc_registrar;

-- emc_reader and emc_grafana: nothing but what stands here, so that a new table is nobody's
-- until somebody has thought of it.
GRANT SELECT ON
    migration, cell, journal_page, journal, late_page, late, balance_run, balance_line, balance, closing,
    closing_amount, cut, follower, total, tally,
    position, policy, reconciled, hours_kept
TO emc_reader, emc_grafana;
GRANT SELECT ON SEQUENCE journal_seq_seq TO emc_reader, emc_grafana;
-- Digests of applicants, to count them; of nobody's use to dashboards.
GRANT SELECT ON applicant, retired_sum, reference_set, reference_file TO emc_reader;
GRANT SELECT (key, version, rules, epoch, outcome, cell, due_ms) ON dossier TO emc_reader;
GRANT SELECT (key, epoch, version, outcome, cell, due_ms) ON rebooked TO emc_reader;
GRANT SELECT (epoch, outcome, cell, due_ms) ON dossier TO emc_grafana;
GRANT SELECT (id, topic, partition, "offset", source, reason, detail, size, hash, arrived, state, tries,
              settled_at)
    ON quarantine TO emc_reader;
GRANT SELECT ON position_set, source, source_history, unknown_source TO emc_reader;
GRANT SELECT (id, source, valid_from, valid_until) ON source_credential TO emc_reader;
GRANT SELECT (code, name, owner, kind, status, go_live, claiming) ON source TO emc_grafana;
-- How connections stand, and what it was told by. Dossiers' codes only where they are claimed.
GRANT SELECT ON connection, connection_spell, activity_hour, activity_kind, activity_delay,
    activity_part, counted, claim, claim_count, comparison, maintenance, external_claim
TO emc_reader, emc_grafana;
GRANT SELECT ON claim_chunk, counted_dossiers TO emc_reader;
-- What falls due at every agency, and is expected to.
GRANT SELECT ON agency_dues TO emc_reader, emc_grafana;
-- Objectives: sums and verdicts by scope, nothing of a single dossier.
GRANT SELECT ON objective, objective_version, objective_standing, objective_spell,
    objective_sum, objective_book, objective_measure, service_standing, service_spell
TO emc_reader, emc_grafana;
-- What official figures were defined as, and when that was known.
GRANT SELECT ON indicator_text, indicator_set TO emc_reader, emc_grafana;
-- Official figures of the month and year under way, as last evaluated.
GRANT SELECT ON official_now, official_round TO emc_reader, emc_grafana;
-- Sums that official figures are made of, by agency and procedure.
GRANT SELECT ON reading_sum, reading_book, reading_place, reading_month, reading_day,
    reading_procedure, reading_code, reading_services
TO emc_reader, emc_grafana;
-- What the public sees, and nothing else of it.
GRANT SELECT ON release_table, release_pattern, release, release_cell TO emc_reader;
-- Requests that systems answered, and sums behind quantiles of working time: nothing of a dossier.
GRANT SELECT ON request, summed, worked, warned, latency, latency_judged, exemplar
TO emc_reader, emc_grafana;
GRANT SELECT (id) ON sent TO emc_reader;
GRANT SELECT (id, topic, partition, source, reason, size, arrived, state)
    ON quarantine TO emc_grafana;
-- What dashboards ask. Dossiers stand in it under tokens; what tokens are made with is not theirs.
GRANT SELECT ON
    grafana_policy, grafana_agency, grafana_cell, grafana_line, grafana_total, grafana_open,
    grafana_stock, grafana_maintenance, grafana_spell, grafana_reconciliation, grafana_official
TO emc_reader, emc_grafana;
GRANT SELECT ON token_secret, dossier_token, reference_shown, reference_agency TO emc_reader;
-- Published reports: sums, nothing of a dossier. Publishing is the worker's role's to do.
GRANT SELECT ON published_report TO emc_reader;

-- emc_server: as emc_reader, and for the API.
GRANT emc_reader TO emc_server;
GRANT SELECT ON access_token TO emc_server;
GRANT UPDATE (used_at) ON access_token TO emc_server;
GRANT INSERT ON access_audit TO emc_server;
-- Who is signed in to the console.
GRANT SELECT, INSERT, DELETE ON console_session TO emc_server;
GRANT UPDATE (used_at) ON console_session TO emc_server;
GRANT SELECT ON booked_now, dictionary TO emc_server;
-- That sums be kept which an answer needed and had to read from the books.
GRANT INSERT (measures, weights, due, first_slot, last_slot, channel, level, having_all, lacking_all,
              having_any, stock, procedures)
    ON reading_sum TO emc_server;
