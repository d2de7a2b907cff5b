"""Advisory locks share one space of numbers: two meanings of one would hold each other off."""

import re
from importlib.resources import files

import asyncpg

from monitor.ledger import locks
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import Move, Partition, Unit

NUMBERS = {
    name: number
    for name, number in vars(locks).items()
    if name.isupper() and isinstance(number, int)
}
HERE = Partition("emc.dossiers", 0)


def test_no_number_means_two_things() -> None:
    assert len(NUMBERS) >= 5
    assert len(set(NUMBERS.values())) == len(NUMBERS)


def test_a_number_in_a_migration_is_one_of_these() -> None:
    named = {
        int(number)
        for path in files("monitor.ledger").joinpath("migrations").iterdir()
        for number in re.findall(r"advisory\w*\((\d+)\)", path.read_text("utf-8"))
    }

    assert named == {locks.POLICY}


async def test_nobody_who_holds_another_lock_keeps_a_booking_waiting(database: str) -> None:
    """A worker that leads the follower, a recompute and an archive may all be there."""
    await migrate(database)
    connection = await asyncpg.connect(database)
    try:
        for name, number in NUMBERS.items():
            if name != "POLICY":
                await connection.execute("SELECT pg_advisory_lock($1)", number)
        async with Ledger.open(database) as ledger:
            claimed = await ledger.claim(
                [HERE], owner="me", generation=1, cluster="c", beginnings={HERE: 0}
            )
            await ledger.book(
                Unit(shard=0, moves={HERE: Move(claimed[HERE].epoch, 0, 1, b"hash")})
            )
            assert (await ledger.positions([HERE]))[HERE].next == 1
    finally:
        await connection.close()
