"""A recompute from wherever it stands to its end: rebook, switch, merge.

Everything it needs to know is in the ledger, so that it can be killed at any instant and gone on
with, by another process and on another machine.
"""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import asyncpg

from agents.recompute.child import FEW_TOUCHED
from agents.recompute.rebook import Rebooker
from monitor.ledger import recompute
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.recompute import Progress, Switched
from monitor.reference.sets import policy_of

# So many bookings are followed while others wait for the switch: seconds, if events come in as
# fast as they can be rebooked; some tenths of one otherwise (`FEW_TOUCHED`).
MOST_TOUCHED: Final = 10_000
MOST_ROUNDS: Final = 20  # of following, before it is said that bookings are faster
MOST_FAILURES: Final = 3  # of processes, one after another without any progress
ANALYZE_SECONDS: Final = 5.0
LOOKS: Final = 10  # for another `emc recompute`
LOOK_SECONDS: Final = 0.3
PATIENCE_SECONDS: Final = 60.0  # with a ledger that is away


class Alone(Exception):
    """Another `emc recompute` is at work on this ledger."""


class CannotGoOn(Exception):
    """The recompute stops where it is; the text says why, and how to go on."""


class Watcher(Protocol):
    """Who is told how it goes."""

    def rebooking(self, progress: Progress) -> None: ...
    def rebooked(self, dossiers: int) -> None: ...
    def following(self, touched: int) -> None: ...
    def switched(self, done: Switched) -> None: ...
    def merging(self, dossiers: int) -> None: ...
    def merged(self, dossiers: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """Where, and with how many processes."""

    dsn: str
    processes: int


@asynccontextmanager
async def alone(dsn: str) -> AsyncIterator[Any]:
    """A connection that keeps other `emc recompute` away; raises `Alone` if one is there."""
    connection = await asyncpg.connect(dsn)
    try:
        for _ in range(LOOKS):
            if await connection.fetchval(
                "SELECT pg_try_advisory_lock($1)", recompute.RECOMPUTE_LOCK
            ):
                break
            # The server may not have noticed yet that one which was killed is gone.
            await asyncio.sleep(LOOK_SECONDS)
        else:
            raise Alone
        yield connection
    finally:
        with suppress(*UNAVAILABLE):
            await connection.close(timeout=2)


T = TypeVar("T")

# Alone too: the server may not have noticed yet that our own last session is gone.
_PASSING: Final[tuple[type[BaseException], ...]] = (Alone, *UNAVAILABLE)


async def patiently(work: Callable[[], Awaitable[T]]) -> T:
    """Work that can be begun again, as often as the ledger goes away, for a while."""
    loop = asyncio.get_running_loop()
    gives_up = loop.time() + PATIENCE_SECONDS
    pause = 0.2
    while True:
        began = loop.time()
        try:
            return await work()
        except _PASSING:
            if loop.time() - began > PATIENCE_SECONDS:
                gives_up, pause = loop.time() + PATIENCE_SECONDS, 0.2
            if loop.time() > gives_up:
                raise
        await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter
        pause = min(pause * 2, 5)


async def to_the_end(job: Job, watcher: Watcher) -> None:
    """Go on with the recompute under way, if one is, and merge what it rebooked.

    Raises `CannotGoOn`, or one of `UNAVAILABLE` when the ledger stays away.
    """
    await patiently(lambda: _rebook_and_switch(job, watcher))
    await patiently(lambda: merge_all(job.dsn, watcher))


async def _rebook_and_switch(job: Job, watcher: Watcher) -> None:
    async with alone(job.dsn) as connection:
        progress = await recompute.under_way(connection)
        if progress is None:
            return
        await recompute.lay_out(connection)
        async with Ledger.open(job.dsn, connections=1) as ledger:
            # Read beforehand: between following and switching no time must be lost.
            policy = policy_of(await ledger.policies.load(progress.reference))
            rebooker = Rebooker(ledger, policy)
            async with _statistics(job.dsn):
                await _rebook(connection, job, watcher)
            watcher.switched(await recompute.switch(connection, progress.epoch, rebooker))


@asynccontextmanager
async def _statistics(dsn: str) -> AsyncIterator[None]:
    """Keep the planner up to date: plans made while `rebooked` was empty would read all of it."""

    async def analyze() -> None:
        while True:
            await asyncio.sleep(ANALYZE_SECONDS)
            with suppress(*UNAVAILABLE):  # whoever needs the ledger says so
                connection = await asyncpg.connect(dsn)
                try:
                    await recompute.analyse(connection)
                finally:
                    connection.terminate()

    analyzing = asyncio.create_task(analyze())
    try:
        yield
    finally:
        analyzing.cancel()
        with suppress(asyncio.CancelledError):
            await analyzing


async def _rebook(connection: Any, job: Job, watcher: Watcher) -> None:
    """Until nothing is left but what the switch itself will follow."""
    rounds = failures = 0
    most = FEW_TOUCHED  # before anybody has followed them
    while True:
        progress = await recompute.under_way(connection)
        if progress is None:
            raise CannotGoOn("the recompute was abandoned meanwhile")
        watcher.rebooking(progress)
        if not progress.ranges_left and progress.touched <= most:
            return
        most = MOST_TOUCHED
        if rounds == MOST_ROUNDS:
            raise CannotGoOn(
                f"{progress.touched} bookings are still to be followed, and more come in than"
                f" {job.processes} processes follow; go on with `emc recompute --resume` and"
                " more --jobs, or when fewer events come in"
            )
        rounds += not progress.ranges_left
        before = progress
        ended = await _together(job, progress.epoch, watcher)
        progress = await recompute.under_way(connection)
        failures = failures + 1 if ended and progress == before else 0
        if failures == MOST_FAILURES:
            raise CannotGoOn(
                "the processes that rebook end without having done anything (see above); what"
                " is done is kept: go on with `emc recompute --resume`"
            )


async def _together(job: Job, epoch: int, watcher: Watcher) -> bool:
    """Let processes rebook until each has ended; whether one did not end well."""
    children = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "agents.recompute.child",
            str(epoch),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "EMC_DATABASE": job.dsn},
        )
        for _ in range(job.processes)
    ]
    try:
        await asyncio.gather(*(_listen(child, watcher) for child in children))
        return any([await child.wait() for child in children])
    finally:
        for child in children:
            if child.returncode is None:
                child.kill()
                await child.wait()


async def _listen(child: asyncio.subprocess.Process, watcher: Watcher) -> None:
    assert child.stdout is not None  # noqa: S101 - it was asked for
    async for line in child.stdout:
        what, number = line.decode().split()
        if what == "rebooked":
            watcher.rebooked(int(number))
        else:
            watcher.following(int(number))


async def merge_all(dsn: str, watcher: Watcher) -> None:
    """Put what the last recompute rebooked into the dossiers' rows."""
    async with alone(dsn) as connection:
        if await recompute.under_way(connection) is not None:
            return
        watcher.merging(await connection.fetchval("SELECT count(*) FROM rebooked"))
        last: str | None = ""
        while last is not None:
            last = await recompute.merge(connection, last)
            watcher.merged(recompute.MERGE_DOSSIERS)
        await recompute.clear(connection)
