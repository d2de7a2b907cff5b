"""Pages find what they show by an index: of a ledger in which nothing is small enough to be read whole."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from monitor.ledger import tokens
from monitor.ledger.migrate import migrate
from monitor.outlets.console import books, connections
from monitor.outlets.console.books import Settled
from schemas.refusal import Reason

FILLED = """
    INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level)
    SELECT 'H' || lpad((n / 100)::text, 2, '0') || '.' || n % 100, '', '1.00' || n % 400, 1, '', 2
    FROM generate_series(0, 5999) AS n;
    INSERT INTO dossier (key, version, rules, epoch, outcome, cell, due_ms, events, booked)
    SELECT 'H56.14-260803-' || lpad(n::text, 7, '0'), 1, 1, 1, CASE WHEN n % 4 = 0 THEN 4 ELSE 6 END,
           1 + n % 6000, n * 100000::int8, '', ''
    FROM generate_series(1, 40000) AS n;
    INSERT INTO quarantine (topic, partition, "offset", source, reason, detail, size, hash, sealed, arrived, state)
    SELECT 't', 0, n, 'H' || n % 40, (ARRAY['missing_field', 'empty', 'fault'])[1 + n % 3], 'value', 1, '',
           convert_to(repeat('x', 400), 'UTF8'), 'epoch', CASE WHEN n % 10 < 6 THEN 'held' ELSE 'dropped' END
    FROM generate_series(1, 20000) AS n;
    INSERT INTO comparison (source, day, at_ms, claim, claimed, counted, differing)
    SELECT 'H' || n % 40, n / 40, n, 'c', 1, 1, 0 FROM generate_series(1, 20000) AS n;
    INSERT INTO connection_spell (source, since_ms, until_ms, class)
    SELECT 'H' || n % 40, n, n + 1, 'connected' FROM generate_series(1, 20000) AS n;
    INSERT INTO objective_spell (objective, scope, since_ms, until_ms, state, version, good, bad)
    SELECT 'o' || n % 10, 's' || n % 100, n, n + 1, 'good', 'v', 1, 1 FROM generate_series(1, 20000) AS n;
"""


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Any]:
    """With some ten thousand rows of each."""
    await migrate(database)
    connection = await asyncpg.connect(database)
    await connection.execute(FILLED)
    await connection.execute("VACUUM ANALYZE")
    yield connection
    await connection.close()


async def plan(connection: Any, query: str, given: Sequence[Any]) -> str:
    rows = await connection.fetch(f"EXPLAIN {query}", *given)
    return "\n".join(row[0] for row in rows)


OPEN_OF = "SELECT due, count(*) FROM grafana_open WHERE office = ANY($1::text[]) GROUP BY due"
OPEN_LISTED = (
    "SELECT token, office, procedure, state, due_at FROM grafana_open"
    " WHERE office = ANY($1::text[]) AND due = $2 ORDER BY due_at, token LIMIT 200"
)
OPEN_BY_PROCEDURE = "SELECT due, count(*) FROM grafana_open WHERE procedure = $1 GROUP BY due"


QUESTIONS = (
    ("dossier", OPEN_OF, (["H56.1", "H56.2"],)),
    ("dossier", OPEN_LISTED, (["H56.1", "H56.2"], "tomorrow")),
    ("dossier", OPEN_BY_PROCEDURE, ("1.00194",)),
    ("dossier_token", "SELECT key FROM dossier_token WHERE token = $1", (b"\x01" * 10,)),
    ("comparison", connections.COMPARED, ("H3", 400)),
    ("comparison", connections.LINES, ()),
    *(
        ("quarantine", *books.entries(120, state, source, reason))
        for state in Settled
        for source in (None, "H3")
        for reason in (None, Reason.FAULT)
    ),
)


async def test_of_a_large_table_only_some_rows_are_read(ledger: Any):
    for table, query, given in QUESTIONS:
        told = await plan(ledger, query, given)
        assert f"Seq Scan on {table}" not in told, told
    # Of refused records not one is read to count them.
    told = await plan(ledger, books.KINDS, ())
    assert "Index Only Scan using quarantine_kind" in told, told


async def test_a_token_is_found_however_its_dossier_stands_and_whatever_secret_it_is_made_with(
    ledger: Any,
):
    secret = await tokens.secret(ledger)
    key = "H56.14-260803-0000007"
    assert await tokens.dossier_of(ledger, tokens.token(secret, key)) == key

    await ledger.execute("UPDATE dossier SET outcome = 7, version = 2 WHERE key = $1", key)
    assert await tokens.dossier_of(ledger, tokens.token(secret, key)) == key
    assert await ledger.fetchval("SELECT count(*) FROM dossier_token") == 40_000

    # With another secret tokens lead to the same dossiers.
    before = tokens.token(secret, key)
    await ledger.execute("UPDATE token_secret SET secret = sha256('another')")

    assert await tokens.dossier_of(ledger, before) is None
    now = tokens.token(await tokens.secret(ledger), key)
    assert now != before
    assert await tokens.dossier_of(ledger, now) == key
