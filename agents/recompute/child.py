"""A process that rebooks: `python -m agents.recompute.child EPOCH`, with EMC_DATABASE.

Each line it writes says what it has done: `rebooked N` dossiers of a range, `followed N`
bookings. When nobody reads them any more it ends, so that none outlives a parent that was killed.
"""

import asyncio
import os
import random
import signal
import sys
from typing import Any, Final

import asyncpg

from agents.leisure import collecting_at_leisure
from agents.recompute.rebook import Rebooker
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.recompute import (
    Overtaken,
    RecomputeEnded,
    rebook_range,
    rebook_touched,
)
from monitor.reference.sets import policy_of

MOST_FAILURES: Final = 8  # one after another; with growing pauses between, half a minute
FEW_TOUCHED: Final = 500  # bookings that the switch itself will follow


def main() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is asked, and it ends us
    try:
        asyncio.run(rebook_all(os.environ["EMC_DATABASE"], int(sys.argv[1])))
    except BrokenPipeError:
        # Nobody is there to be told; the interpreter would still try to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UNAVAILABLE as error:
        sys.stderr.write(f"the ledger does not answer: {error!r}\n")
        return 1
    return 0


async def rebook_all(dsn: str, epoch: int) -> None:
    """Rebook ranges until none is left, then follow bookings as long as they become fewer."""
    async with Ledger.open(dsn, connections=2) as ledger, collecting_at_leisure():
        rebooker: Rebooker | None = None
        failures = 0
        while True:
            try:
                if rebooker is None:
                    rebooker = await _rebooker(ledger, dsn, epoch)
                connection = await asyncpg.connect(dsn)
                try:
                    await rebook_with(connection, epoch, rebooker)
                finally:
                    connection.terminate()
            except RecomputeEnded:
                return
            except Overtaken:
                failures = 0
            except BrokenPipeError:  # an OSError too, but of our parent
                raise
            except UNAVAILABLE:
                failures += 1
                if failures > MOST_FAILURES:
                    raise
                pause = 0.1 * 2**failures
                await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
            else:
                return


async def _rebooker(ledger: Ledger, dsn: str, epoch: int) -> Rebooker:
    connection = await asyncpg.connect(dsn)
    try:
        hash_ = await connection.fetchval(
            "SELECT reference FROM policy WHERE epoch = $1", epoch
        )
    finally:
        await connection.close()
    return Rebooker(ledger, policy_of(await ledger.policies.load(hash_)))


async def rebook_with(connection: Any, epoch: int, rebooker: Rebooker) -> None:
    while (done := await rebook_range(connection, epoch, rebooker)) is not None:
        _tell("rebooked", done)
    behind = before = await _touched(connection)
    while behind > FEW_TOUCHED and behind <= before:
        before = behind
        followed = 0
        while followed < before and (done := await rebook_touched(connection, epoch, rebooker)):
            followed += done
            _tell("followed", done)
        behind = await _touched(connection)


async def _touched(connection: Any) -> int:
    touched: int = await connection.fetchval("SELECT count(*) FROM touched")
    return touched


def _tell(what: str, number: int) -> None:
    sys.stdout.write(f"{what} {number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
