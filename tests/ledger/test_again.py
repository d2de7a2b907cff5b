"""A transaction that had to give way to another is done again; nothing else is."""

import asyncio

import asyncpg
import pytest

from monitor.ledger import again
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import DossierRow, Move, Partition, Unit

HERE = Partition("t", 0)


async def test_the_victim_of_a_deadlock_is_booked_when_the_other_has_ended(database: str):
    await migrate(database)
    async with Ledger.open(database) as ledger:
        claimed = await ledger.claim(
            [HERE], owner="w", generation=1, cluster="c", beginnings={HERE: 0}
        )
        epoch = claimed[HERE].epoch

        def unit(start: int) -> Unit:
            row = DossierRow("k", start + 1, 4, None, None, b"", b"")
            return Unit(0, moves={HERE: Move(epoch, start, start + 1, b"h")}, dossiers=[row])

        await ledger.book(unit(0))
        other = await asyncpg.connect(database)
        try:
            # Whoever waits shorter finds the deadlock and is its victim: not this session.
            await other.execute("SET deadlock_timeout = '1min'")
            transaction = other.transaction()
            await transaction.start()
            await other.execute("UPDATE dossier SET outcome = 5 WHERE key = 'k'")
            booking = asyncio.create_task(ledger.book(unit(1)))
            while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0.01)
            await other.execute("UPDATE position SET owner = owner")  # waits for the booking
            await transaction.commit()
            await asyncio.wait_for(booking, 10)

            assert await other.fetchval("SELECT version FROM dossier") == 2
            assert await other.fetchval("SELECT next FROM position") == 2
        finally:
            await other.close()


async def test_what_is_committed_is_booked_though_its_session_ends_right_after(
    database: str, monkeypatch: pytest.MonkeyPatch
):
    """Or nobody would notice if the server forgot it: it was never noted as acknowledged."""
    await migrate(database)
    async with Ledger.open(database) as ledger:
        claimed = await ledger.claim(
            [HERE], owner="w", generation=1, cluster="c", beginnings={HERE: 0}
        )
        other = await asyncpg.connect(database)
        reset = asyncpg.Connection.reset
        ended = []

        async def ended_first(session: asyncpg.Connection, **how: float) -> None:
            pid = session.get_server_pid()
            ended.append(await other.fetchval("SELECT pg_terminate_backend($1, 5000)", pid))
            await reset(session, **how)

        try:
            with monkeypatch.context() as only_now:
                only_now.setattr(asyncpg.Connection, "reset", ended_first)
                await ledger.book(Unit(0, moves={HERE: Move(claimed[HERE].epoch, 0, 1, b"h")}))
            assert ended == [True]
            assert await other.fetchval("SELECT next FROM position") == 1
        finally:
            await other.close()


@pytest.mark.parametrize(
    "error", [asyncpg.DeadlockDetectedError("x"), asyncpg.SerializationError("x")]
)
async def test_what_gives_way_again_and_again_is_an_outage_in_the_end(
    error: Exception, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(again, "FIRST_PAUSE_SECONDS", 0.0001)
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        raise error

    with pytest.raises(type(error)):
        await again.undisturbed(work)
    assert tries == again.TRIES


async def test_what_may_have_taken_place_is_never_done_again():
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        raise asyncpg.ConnectionDoesNotExistError("in the middle of the commit")

    with pytest.raises(asyncpg.ConnectionDoesNotExistError):
        await again.undisturbed(work)
    assert tries == 1
