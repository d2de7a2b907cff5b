"""Under which policy is booked: epochs in the real database."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from agents.standing import Stands
from monitor.domain.policy import RULES_VERSION, Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate, migrations
from monitor.ledger.policies import POLICY_LOCK, ActivePolicy, OtherRules, PolicyChanged
from monitor.ledger.unit import DossierRow, Move, Partition, Unit
from monitor.reference.sets import plain_set

HERE = Partition("emc.dossiers", 0)
TO_THE_INSTANT = Policy(Zone())
BY_DATE = Policy(Zone(), Precision.DATE)


@pytest.fixture
async def ledger(database: str) -> AsyncIterator[Ledger]:
    await migrate(database)
    async with Ledger.open(database) as ledger:
        yield ledger


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database)
    yield connection
    await connection.close()


async def unit(ledger: Ledger, epoch: int, *keys: str) -> Unit:
    claimed = await ledger.claim(
        [HERE], owner="me", generation=1, cluster="c", beginnings={HERE: 0}
    )
    at = claimed[HERE]
    rows = [DossierRow(key, 1, 4, None, None, b"events", b"booked") for key in keys]
    moves = {HERE: Move(at.epoch, at.next, at.next + 1, b"")}
    return Unit(shard=0, epoch=epoch, moves=moves, dossiers=rows)


async def another_epoch(connection: asyncpg.Connection, policy: Policy, rules: int) -> None:
    await connection.execute("UPDATE policy SET state = 'past'")
    await connection.execute(
        "INSERT INTO policy (epoch, rules, reference, state) VALUES (2, $1, $2, 'active')",
        rules,
        plain_set(policy).hash,
    )


async def test_the_first_set_registered_is_active_at_once_and_a_later_one_is_only_stored(
    ledger: Ledger,
):
    first, second = plain_set(TO_THE_INSTANT), plain_set(BY_DATE)

    assert await ledger.policies.active() is None
    assert await ledger.policies.register(first) == ActivePolicy(1, RULES_VERSION, first.hash)
    assert await ledger.policies.register(second) == ActivePolicy(1, RULES_VERSION, first.hash)

    assert await ledger.policies.load(second.hash) == second


async def test_sets_registered_at_once_leave_one_active(ledger: Ledger):
    found = await asyncio.gather(
        *(
            ledger.policies.register(plain_set(Policy(Zone(), precision)))
            for precision in (Precision.INSTANT, Precision.DATE) * 4
        )
    )

    assert len(set(found)) == 1


async def test_a_row_keeps_the_epoch_it_was_booked_under(
    ledger: Ledger, connection: asyncpg.Connection
):
    await ledger.policies.register(plain_set(TO_THE_INSTANT))

    await ledger.book(await unit(ledger, 1, "a"))

    assert await connection.fetchval("SELECT epoch FROM dossier") == 1
    assert await connection.fetchval("SELECT rules FROM dossier") == RULES_VERSION


async def test_a_unit_of_an_epoch_no_longer_active_is_not_booked(
    ledger: Ledger, connection: asyncpg.Connection
):
    await ledger.policies.register(plain_set(TO_THE_INSTANT))
    await ledger.policies.register(plain_set(BY_DATE))
    stale = await unit(ledger, 1, "a")
    await another_epoch(connection, BY_DATE, RULES_VERSION)

    with pytest.raises(PolicyChanged):
        await ledger.book(stale)

    assert (await ledger.positions([HERE]))[HERE].next == 0
    assert await connection.fetchval("SELECT count(*) FROM dossier") == 0


async def test_a_booking_that_waits_for_an_activation_sees_it(
    ledger: Ledger, connection: asyncpg.Connection
):
    """The epoch must not be read from what was committed before the wait began."""
    await ledger.policies.register(plain_set(TO_THE_INSTANT))
    await ledger.policies.register(plain_set(BY_DATE))
    stale = await unit(ledger, 1, "a")
    activation = connection.transaction()
    await activation.start()
    await connection.execute("SELECT pg_advisory_xact_lock($1)", POLICY_LOCK)

    booking = asyncio.create_task(ledger.book(stale))
    await asyncio.sleep(0.3)
    assert not booking.done()
    await another_epoch(connection, BY_DATE, RULES_VERSION)
    await activation.commit()

    with pytest.raises(PolicyChanged):
        await booking


async def test_an_activation_waits_for_bookings_under_way(
    ledger: Ledger, connection: asyncpg.Connection, database: str
):
    await ledger.policies.register(plain_set(TO_THE_INSTANT))
    booking = await asyncpg.connect(database)
    transaction = booking.transaction()
    await transaction.start()
    await booking.fetchrow("SELECT * FROM policy_in_force()")

    taken = "SELECT pg_try_advisory_xact_lock($1)"
    while_booking = await connection.fetchval(taken, POLICY_LOCK)
    await transaction.rollback()
    await booking.close()

    assert while_booking is False
    assert await connection.fetchval(taken, POLICY_LOCK) is True


async def test_a_worker_with_other_files_takes_up_the_set_that_is_active(
    ledger: Ledger, connection: asyncpg.Connection
):
    ours = Stands(ledger.policies, plain_set(BY_DATE), BY_DATE)
    await ledger.policies.register(plain_set(TO_THE_INSTANT))

    before = await ours.now()
    await another_epoch(connection, BY_DATE, RULES_VERSION)
    after = await ours.now()

    assert (before.epoch, before.policy) == (1, TO_THE_INSTANT)
    assert (after.epoch, after.policy) == (2, BY_DATE)


@pytest.mark.parametrize(
    ("rules", "remedy"),
    [
        (RULES_VERSION + 1, "install the release that has it"),
        (RULES_VERSION - 1, "run `emc recompute` with this release"),
    ],
)
async def test_a_release_of_another_rules_version_books_nothing_and_says_the_remedy(
    ledger: Ledger, connection: asyncpg.Connection, rules: int, remedy: str
):
    stands = Stands(ledger.policies, plain_set(TO_THE_INSTANT), TO_THE_INSTANT)
    await stands.now()
    await another_epoch(connection, TO_THE_INSTANT, rules)

    with pytest.raises(OtherRules, match=f"rules version {rules} .*{remedy}"):
        await stands.now()


async def test_a_ledger_of_the_first_release_goes_on_and_that_release_books_there_no_more(
    bare_database: str,
):
    connection = await asyncpg.connect(bare_database)
    _, name, first = migrations()[0]
    books = (
        "INSERT INTO dossier (key, version, rules, outcome, cell, due_ms, events, booked)"
        " VALUES ($1, 1, 2, 4, NULL, NULL, '', '')"
    )
    await connection.execute(first)
    await connection.execute(
        "CREATE TABLE migration (number integer PRIMARY KEY, name text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    await connection.execute("INSERT INTO migration (number, name) VALUES (1, $1)", name)
    await connection.execute(books, "a")

    assert "0002_policy" in await migrate(bare_database)

    assert await connection.fetchval("SELECT epoch FROM booked_now WHERE key = 'a'") == 0
    with pytest.raises(asyncpg.NotNullViolationError):
        await connection.execute(books, "b")
    await connection.close()
