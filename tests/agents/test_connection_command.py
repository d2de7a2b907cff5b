"""`emc source health` and `reconcile`, and the claims behind them, on a real ledger."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from agents import connection_command as command
from agents.keeper import Keeper
from agents.operator import FOUND, OK, Refusal
from agents.signals import KEEP
from monitor.domain.activity import Counted, count
from monitor.domain.connection import Window
from monitor.domain.event import Kind
from monitor.domain.policy import Policy
from monitor.domain.rhythm import Thresholds
from monitor.domain.zone import Zone, day_number
from monitor.ledger import connections
from monitor.ledger.connections import Announced, inflated
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Source, Sources, Status
from monitor.ledger.unit import Move, Partition, Sent, Unit
from schemas.event import ClaimedCount, ExternalClaim, ReconciliationClaim, StateChanged
from schemas.packed import pack_events

ZONE = Zone("Asia/Ho_Chi_Minh")
MONDAY = day_number(date(2026, 3, 2))
NINE = ZONE.start_of(MONDAY) + 9 * 3_600_000
NOON = ZONE.start_of(MONDAY + 1) + 12 * 3_600_000
AT = datetime.fromtimestamp(NOON / 1000, UTC)
HERE = Partition("emc.dossiers", 0)


@pytest.fixture
async def dsn(database: str) -> str:
    await migrate(database)
    async with asyncpg.create_pool(database, min_size=0, max_size=1) as pool:
        await Sources(pool).add(
            Source(
                code="s", name="One-stop", owner="H56", status=Status.LIVE,
                go_live=date(2026, 3, 2), claiming=True,
            ),
            who="test",
        )  # fmt: skip
    return database


@pytest.fixture
async def connection(dsn: str) -> AsyncIterator[Any]:
    found = await asyncpg.connect(dsn)
    yield found
    await found.close()


def event(number: int, arrival: int = NINE + 2_000, *, code: int = 2) -> StateChanged:
    return StateChanged(
        f"H56.14-260302-{number:04}",
        "s",
        f"e{number}",
        NINE,
        arrival,
        code,
        "1.004194",
        "H56.14",
    )


async def book(dsn: str, sent: Sent) -> None:
    async with Ledger.open(dsn) as ledger:
        claimed = await ledger.claim(
            [HERE], owner="o", generation=1, cluster="c", beginnings={HERE: 0}
        )
        at = claimed[HERE]
        move = Move(at.epoch, at.next, at.next + 1, b"h")
        await ledger.book(Unit(epoch=None, moves={HERE: move}, sent=sent))


async def look(connection: Any, now: int = NOON) -> None:
    keeper = Keeper(Policy(ZONE), Thresholds(), now_ms=lambda: now)
    while await keeper.round(connection):
        pass


async def claim(
    connection: Any, name: str, arrival: int, *counts: ClaimedCount, chunk: int = 1,
    chunks: int = 1, codes: tuple[str, ...] | None = None,
) -> None:  # fmt: skip
    told = ReconciliationClaim(
        source="s", id=name, claimed_ms=arrival, arrival_ms=arrival, day=MONDAY, claim=name,
        chunk=chunk, chunks=chunks, counts=counts, codes=codes,
    )  # fmt: skip
    await KEEP[ReconciliationClaim](connection, told)


async def shown(work: Any, *given: Any, **options: Any) -> tuple[int, Any]:
    out = io.StringIO()
    status = await work(*given, as_json=True, out=out, **options)
    return status, json.loads(out.getvalue())


async def reconciled(dsn: str, *, codes: bool = False, most: int = 10) -> tuple[int, Any]:
    return await shown(
        command.reconcile, dsn, "s", "2026-03-02", zone=ZONE, codes=codes, most=most
    )


async def test_what_is_put_by_is_counted_once_and_gone(dsn: str, connection: Any):
    await book(
        dsn, Sent(pack_events([event(1), event(2)]), repeats={("s", NINE // 3_600_000): 3})
    )
    assert await connections.backlog(connection) == 1

    await look(connection)
    await look(connection)

    assert await connections.backlog(connection) == 0
    row = await connection.fetchrow("SELECT events, repeats FROM activity_hour")
    assert tuple(row) == (2, 3)


async def test_two_who_keep_connections_count_everything_once(dsn: str, connection: Any):
    """The second waits for the lock of who leads; were both to lead, a row is taken by one."""
    for number in range(20):
        await book(dsn, Sent(pack_events([event(number)])))
    other = await asyncpg.connect(dsn)
    try:
        await asyncio.gather(look(connection), look(other))
    finally:
        await other.close()

    assert await connection.fetchval("SELECT sum(events) FROM counted") == 20


async def test_a_statement_that_is_replaced_is_counted_for_what_it_says_now(
    dsn: str, connection: Any
):
    await book(dsn, Sent(pack_events([event(1)])))
    await book(dsn, Sent(pack_events([event(1, code=9)]), pack_events([event(1)])))
    await claim(connection, "c", NOON, ClaimedCount(Kind.STATE, 9, 1))
    await look(connection)

    status, found = await reconciled(dsn)

    assert (status, found["differing"]) == (OK, 0)


async def test_a_claim_by_state_stands_beside_our_count_of_every_state(
    dsn: str, connection: Any
):
    await book(dsn, Sent(pack_events([event(1), event(2), event(3, code=4)])))
    await claim(
        connection,
        "c",
        NOON,
        ClaimedCount(Kind.STATE, 2, 3),
        ClaimedCount(Kind.PAYMENT_MADE, -1, 2),
    )
    await look(connection)

    status, found = await reconciled(dsn)

    assert status == FOUND
    assert [(c["type"], c["state"], c["claimed"], c["counted"]) for c in found["cells"]] == [
        ("dossier.state.v1", 2, 3, 2),
        ("dossier.state.v1", 4, 0, 1),  # a state that is not listed is claimed to be none
        ("dossier.payment.made.v1", None, 2, 0),
    ]
    assert (found["claimed"], found["counted"], found["differing"]) == (5, 3, 4)


async def test_a_claim_of_all_states_together_is_compared_with_their_sum(
    dsn: str, connection: Any
):
    await book(dsn, Sent(pack_events([event(1), event(2, code=4)])))
    await claim(connection, "c", NOON, ClaimedCount(Kind.STATE, -1, 2))
    await look(connection)

    status, found = await reconciled(dsn)

    assert (status, found["claimed"], found["counted"]) == (OK, 2, 2)


async def test_a_list_shows_what_is_missing_and_what_is_surplus_within_bounds(
    dsn: str, connection: Any
):
    await book(dsn, Sent(pack_events([event(1), event(2), event(3), event(4)])))
    codes = ("H56.14-260302-0001", "H56.14-260302-0005", "H56.14-260302-0006")
    await claim(connection, "l", NOON, chunk=2, chunks=2, codes=codes[:1])
    await look(connection)
    status, found = await reconciled(dsn)
    assert (status, found["claim"], found["list"]) == (FOUND, None, None)  # half of a list

    await claim(connection, "l", NOON + 1, chunk=1, chunks=2, codes=codes[1:])
    await claim(connection, "l", NOON + 2, chunk=1, chunks=2, codes=codes[1:])
    await look(connection)

    status, found = await reconciled(dsn, codes=True)
    assert found["list"] == {
        "claimed": 3, "counted": 4, "missing": 2, "surplus": 3,
        "missing_codes": ["H56.14-260302-0005", "H56.14-260302-0006"],
        "surplus_codes": ["H56.14-260302-0002", "H56.14-260302-0003", "H56.14-260302-0004"],
        "left_off": 0,
    }  # fmt: skip
    _, bounded = await reconciled(dsn, codes=True, most=1)
    assert len(bounded["list"]["surplus_codes"]) == 1
    assert bounded["list"]["left_off"] == 3


async def test_a_resend_closes_the_gap_and_both_stay_on_record(dsn: str, connection: Any):
    await book(dsn, Sent(pack_events([event(1)])))
    await claim(connection, "c", NOON, ClaimedCount(Kind.STATE, 2, 2))
    await look(connection)
    await book(dsn, Sent(pack_events([event(2, NOON + 60_000)])))
    await look(connection)
    await claim(connection, "c2", NOON + 120_000, ClaimedCount(Kind.STATE, 2, 2))
    await look(connection)

    status, found = await reconciled(dsn)

    assert status == OK
    assert [(one["claim"], one["differing"]) for one in found["history"]] == [
        ("c", 1), ("c", 0), ("c2", 0),
    ]  # fmt: skip
    assert (found["cells"][0]["late"], found["cells"][0]["on_a_later_day"]) == (1, 1)
    assert found["claimed_at"] == "2026-03-03T05:02:00.000Z"


async def test_refusals_of_the_day_are_told_with_their_reasons(dsn: str, connection: Any):
    await connection.execute(
        'INSERT INTO quarantine (topic, partition, "offset", source, reason, detail, size, hash,'
        " arrived) SELECT 't', 0, n, 's', 'missing_field', 'data.state', 1, '', $1"
        " FROM generate_series(1, 3) AS n",
        datetime.fromtimestamp(NINE / 1000, UTC),
    )

    _, found = await reconciled(dsn)

    assert found["refused"] == [
        {"reason": "missing_field", "detail": "data.state", "records": 3}
    ]


async def test_health_tells_class_since_and_history(dsn: str, connection: Any):
    arrivals = [NINE + minute * 60_000 for minute in range(0, 120, 3)]
    await book(dsn, Sent(pack_events([event(n, at) for n, at in enumerate(arrivals)])))
    await look(connection)

    status, found = await shown(command.health, dsn, None, history_days=35, at=AT)

    (one,) = found["connections"]
    assert status == FOUND
    assert (one["source"], one["status"], one["class"]) == ("s", "live", "unreconciled")
    assert (
        one["since"] == "2026-03-02T02:00:00.000Z"
    )  # its first event, of a day not claimed for
    assert one["last_event"] == "2026-03-02T03:57:00.000Z"
    assert found["uncounted_bookings"] == 0

    _, found = await shown(command.health, dsn, "s", history_days=35, at=AT)
    assert [spell["class"] for spell in found["history"]] == ["not_connected", "unreconciled"]
    with pytest.raises(Refusal, match="no source 'x' is registered"):
        await command.health(dsn, "x", history_days=1, at=AT, as_json=True, out=io.StringIO())


async def test_tables_for_people_say_the_same(dsn: str, connection: Any):
    out = io.StringIO()
    await command.health(dsn, "s", history_days=35, at=AT, as_json=False, out=out)
    assert "not judged yet (does emc ingest run?): s" in out.getvalue()

    await book(dsn, Sent(pack_events([event(1)])))
    await claim(
        connection, "c", NOON, ClaimedCount(Kind.STATE, 2, 3), codes=("H56.14-260302-0009",)
    )
    await look(connection)
    await command.health(dsn, "s", history_days=35, at=AT, as_json=False, out=out)
    await command.reconcile(
        dsn, "s", "2026-03-02", zone=ZONE, codes=True, most=1, as_json=False, out=out
    )

    said = out.getvalue()
    assert "claim c of 2026-03-03T05:00:00.000Z" in said
    assert "list: 1 dossiers claimed, 1 counted, 1 missing here, 1 not on the list" in said
    assert "missing H56.14-260302-0009\nsurplus H56.14-260302-0001" in said
    with pytest.raises(Refusal, match="is no day"):
        await command.reconcile(
            dsn, "s", "2/3/2026", zone=ZONE, codes=False, as_json=True, out=io.StringIO()
        )


async def test_a_source_that_is_struck_off_stands_no_more(dsn: str, connection: Any):
    await look(connection)
    assert len(await connections.standings(connection)) == 1

    await connection.execute("UPDATE source SET status = 'revoked'")
    await look(connection)

    assert await connections.standings(connection) == []


# Announcements.


def window(begin: int, end: int, announced: int, *units: str) -> Window:
    return Window("w", begin, end, announced, False, units, "upgrade")


async def announce(
    connection: Any, told: Window, claimed: int, *, cancelled: bool = False
) -> None:
    await connections.announce(
        connection, Announced(source="s", window=told, cancelled=cancelled, claimed_ms=claimed)
    )


async def test_a_window_is_announced_when_its_times_first_came(connection: Any):
    await announce(connection, window(1_000, 2_000, 10), 1)
    await announce(connection, window(1_200, 2_000, 20), 2)  # shorter: as announced before
    assert [w.announced_ms for w in await connections.windows(connection, "s", 0)] == [10]

    await announce(connection, window(1_200, 3_000, 30), 3)  # longer: anew
    assert [w.announced_ms for w in await connections.windows(connection, "s", 0)] == [30]

    await announce(connection, window(1_000, 2_000, 40), 2)  # told before the last: nothing
    assert await connections.windows(connection, "s", 0) == [window(1_200, 3_000, 30)]


async def test_a_window_that_is_called_off_is_none(connection: Any):
    await announce(connection, window(1_000, 2_000, 10, "H56.14"), 1)
    await announce(connection, window(1_000, 2_000, 20, "H56.14"), 2, cancelled=True)
    assert await connections.windows(connection, "s", 0) == []

    await announce(connection, window(1_000, 2_000, 30, "H56.14"), 3)
    assert [w.announced_ms for w in await connections.windows(connection, "s", 0)] == [30]


async def test_a_window_for_more_units_is_announced_anew(connection: Any):
    await announce(connection, window(1_000, 2_000, 10, "H56.14", "H56.15"), 1)
    await announce(connection, window(1_000, 2_000, 20, "H56.14"), 2)
    assert [w.announced_ms for w in await connections.windows(connection, "s", 0)] == [10]

    await announce(connection, window(1_000, 2_000, 30), 3)  # all of it
    assert [w.announced_ms for w in await connections.windows(connection, "s", 0)] == [30]


# Figures that are stated, and what keeps the ledger small.


async def test_a_stated_figure_stands_with_who_states_it(connection: Any):
    told = ExternalClaim(
        source="s", id="x", claimed_ms=NOON, arrival_ms=NOON, indicator="adult_population",
        survey="Đề án 06", agency="H56", from_day=20_544, to_day=20_634, numerator=1,
        denominator=3, value="33.3",
    )  # fmt: skip
    for _ in range(2):
        await KEEP[ExternalClaim](connection, told)

    row = await connection.fetchrow("SELECT numerator, denominator, value FROM external_claim")
    assert [str(each) for each in row] == ["1", "3", "33.3"]


async def test_the_dossiers_of_a_day_take_few_bytes_and_their_parts_are_merged(connection: Any):
    """Measured here: national codes of one agency and day, deflated."""
    keys = {f"H56.14.{n % 40:02}-260302-{n:05}" for n in range(20_000)}
    for part in range(60):
        counted = Counted(dossiers={("s", MONDAY): {k for k in keys if hash(k) % 60 == part}})
        await connections.add(connection, counted)
    assert await connections.dossiers_of(connection, "s", MONDAY) == keys

    assert await connections.merge_parts(connection) == 1

    rows = await connection.fetch("SELECT keys FROM counted_dossiers")
    assert len(rows) == 1
    assert inflated(rows[0]["keys"]) == keys
    assert len(rows[0]["keys"]) < 8 * len(keys)


async def test_old_activity_ends_and_claims_stay(dsn: str, connection: Any):
    await book(dsn, Sent(pack_events([event(1)])))
    await claim(connection, "c", NOON, ClaimedCount(Kind.STATE, 2, 1))
    await look(connection)

    await connections.sweep(connection, NOON + 10 * 86_400_000)

    for table in ("activity_hour", "activity_kind", "activity_part", "counted"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0, table
    assert await connection.fetchval("SELECT count(*) FROM comparison") == 1


def test_counting_needs_no_order_of_portions():
    whole, parts = Counted(), Counted()
    events = [event(n, NINE + n * 50_000) for n in range(9)]
    count(events, [], ZONE, {"s"}, whole)
    for one in reversed(events):
        count([one], [], ZONE, {"s"}, parts)
    assert whole == parts
