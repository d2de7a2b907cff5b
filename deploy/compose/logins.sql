-- Who logs in where compose runs: a member of each role of deploy/postgresql/roles.sql, with the
-- password of its secret. Run by the owner after roles.sql; again, it sets the passwords again.

\set worker `cat /run/secrets/worker_database_password`
\set edge `cat /run/secrets/edge_database_password`
\set reader `cat /run/secrets/reader_database_password`
\set server `cat /run/secrets/server_database_password`
\set registrar `cat /run/secrets/registrar_database_password`
\set grafana `cat /run/secrets/grafana_database_password`

SELECT format(
    CASE WHEN to_regrole(login) IS NULL
        THEN 'CREATE ROLE %1$I LOGIN PASSWORD %2$L IN ROLE %3$I'
        ELSE 'ALTER ROLE %1$I PASSWORD %2$L'
    END,
    login, password, member
)
FROM (
    VALUES
    ('emc_worker_login', :'worker', 'emc_worker'),
    ('emc_edge_login', :'edge', 'emc_edge'),
    ('emc_reader_login', :'reader', 'emc_reader'),
    ('emc_server_login', :'server', 'emc_server'),
    ('emc_registrar_login', :'registrar', 'emc_registrar'),
    ('emc_grafana_login', :'grafana', 'emc_grafana')
) AS wanted (login, password, member)
\gexec
