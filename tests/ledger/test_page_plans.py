"""Pages find what they show by an index: of a ledger in which nothing is small enough to be read whole."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger import tokens
from monitor.ledger.balances import Accounts, Dimension, known_then
from monitor.ledger.follower import Cut
from monitor.ledger.held import Due, Holders, Marks, counted, listed
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


POLICY = Policy(Zone())
MARKS = Marks(POLICY, 1_000_000)
OWN = Holders(offices=["H56.1", "H56.2"])
OF_ONE_PROCEDURE = Holders(offices=None, procedure="1.00194")

QUESTIONS = (
    *(
        ("dossier", *question)
        for of in (OWN, OF_ONE_PROCEDURE)
        for question in (
            counted(of, POLICY, MARKS),
            listed(of, MARKS.span(Due.TOMORROW, None), 200),
            listed(of, MARKS.span(None, 20_000), 200),
            listed(of, None, 200),
        )
    ),
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
    # Nor all that a nation has open: they are found by the cells of who holds them.
    told = await plan(ledger, *counted(OWN, POLICY, MARKS))
    assert "dossier_held" in told, told
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


JOURNAL = """
    INSERT INTO journal_page (class, measures, cells, days, slots, amounts)
    SELECT 0, array_fill((2 + n % 40)::int2, ARRAY[20]), array_fill(1 + n % 6000, ARRAY[20]),
           array_fill(20000 + n / 200, ARRAY[20]), array_fill(-1, ARRAY[20]), array_fill(1::int8, ARRAY[20])
    FROM generate_series(1, 40000) AS n;
    INSERT INTO balance_run (measure, day, level, seq, cells, slots, amounts)
    SELECT measures[1], days[1], 0, seq, cells, slots, amounts FROM journal_page;
    UPDATE follower SET seq = (SELECT max(seq) FROM journal_page);
"""


async def test_a_release_reads_some_days_of_its_measures_and_little_of_the_journal(ledger: Any):
    """At a cut near the balances' watermark, on either side of it."""
    await ledger.execute(JOURNAL)
    await ledger.execute("VACUUM ANALYZE")
    last = await ledger.fetchval("SELECT max(seq) FROM journal_page")
    asked = Accounts(measures=[2, 5], first_day=20_100, last_day=20_101)
    now = datetime(2026, 9, 10, tzinfo=UTC)
    for cut, folded in ((last - 300, last), (last, last - 300)):
        await ledger.execute("UPDATE follower SET seq = $1", folded)
        explained = Explained(ledger)
        await known_then(explained, asked, Cut(cut, now, now), [Dimension.AGENCY])
        told = explained.plans[-1]
        assert "Seq Scan on balance_run" not in told, told
        assert "Seq Scan on journal_page" not in told, told
        assert "closing_amount" not in told, told


class Explained:
    """A connection that also tells how each of its queries is answered."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.plans: list[str] = []
        self.fetchrow = connection.fetchrow

    async def fetch(self, query: str, *given: Any) -> Any:
        self.plans.append(await plan(self._connection, query, given))
        return await self._connection.fetch(query, *given)
