"""A desk at its log: the Faust app around it made, started, watched and ended.

Each process of ours that reads Kafka runs one or more of these.
"""

import asyncio
import os
import socket
import time
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Collection,
    Coroutine,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any, TypeVar

import asyncpg
import faust
import structlog
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted

from agents.batch import Batch, LogUnavailable
from agents.desk import Desk, LedgerEmptied
from agents.diversion import Diverted
from agents.health import WorkerHealth
from agents.logidentity import LogReplaced
from agents.quarantine import Seal
from agents.settings import SettingRefused, Settings
from agents.stopped import Stopped
from agents.transport import BatchConsumer, batch_transport
from agents.trouble import of_brokers, of_ledger
from agents.watchdog import Eye, Stuck, keep_watch
from monitor.ledger.ledger import TURNED_AWAY, UNAVAILABLE, Ledger, OtherGroup
from monitor.ledger.migrate import MayNotMigrate, SchemaTooNew, migrate
from monitor.ledger.policies import OtherRules
from monitor.ledger.unit import Partition
from monitor.reference.sets import ReadsDifferently

STOP_SECONDS = 5  # for Faust to end; then the process does
LARGEST_FETCH = 16 * 1024 * 1024  # bytes a partition: the largest record that topics admit


class AppLog:
    """The desk's view of the consumer, which exists once the app has started."""

    def __init__(self, *, committed: bool = False) -> None:
        """`committed`: of what is written in transactions only that is read."""
        self.committed = committed
        self.app: faust.App | None = None

    @property
    def _consumer(self) -> BatchConsumer:
        if self.app is None or not isinstance(self.app.consumer, BatchConsumer):
            raise RuntimeError("the app has no batch consumer yet")
        return self.app.consumer

    @property
    def fence(self) -> int:
        """Raised by every seek."""
        return self._consumer.fence

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        """Read from there."""
        await self._consumer.seek_to(positions)

    def fetched(self, partition: Partition) -> int | None:
        """Up to where the partition has been fetched, delivered or not."""
        return self._consumer.fetched(partition)

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        """Show lag tools where the ledger is."""
        return await self._consumer.commit_to_kafka(positions)

    async def rejoin(self) -> None:
        """Ask the group for a new generation."""
        await self._consumer.rejoin()

    async def read(self, topics: Collection[str]) -> None:
        """Read these topics and no others, as soon as the group has assigned them.

        Faust would wait for 45 seconds whether more of them come. Raises `LogUnavailable` while
        the app is not that far.
        """
        if self.app is None:
            raise RuntimeError("there is no app yet")
        conductor: Any = self.app.topics
        # The agent's own channel too, of which another stream is made if the agent starts again.
        for channel in (*conductor, *(agent.channel for agent in self.app.agents.values())):
            channel.topics = list(topics)
        try:
            await self._consumer.subscribe(await conductor._update_indices())  # noqa: SLF001
        except ConsumerNotStarted as error:
            raise LogUnavailable(repr(error)) from error

    def assigned(self) -> set[Partition]:
        """What the group has given us to read."""
        return {Partition(*tp) for tp in self._consumer.assignment()}

    async def reading(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Where the consumer reads these next, as far as it knows."""
        return await self._consumer.reading(partitions)


class TablelessApp(faust.App):
    """A Faust app that keeps nothing on disk: its state is the ledger's."""

    def _create_directories(self) -> None:
        """Faust would make folders for tables where the process runs."""


def build_app(
    settings: Settings,
    desk: Desk,
    log: AppLog,
    *,
    name: str,
    group: str,
    topics: Sequence[str],
) -> faust.App:
    """The Faust app with its one agent, which reads these topics for the desk, by the log."""
    brisk = bool(settings.brisk)

    async def claim(partitions: set[Partition], generation: int) -> Mapping[Partition, int]:
        return await desk.take_over(partitions, generation)

    app = TablelessApp(
        group,
        **settings.brokers().faust(),
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        value_serializer="raw",
        key_serializer="raw",
        stream_wait_empty=False,
        stream_buffer_maxsize=8,  # batches, not messages
        broker_max_poll_records=20_000,
        consumer_max_fetch_size=LARGEST_FETCH,
        consumer_auto_offset_reset="none",
        consumer_group_instance_id=settings.instance_id or None,
        broker_session_timeout=_session_seconds(settings),
        broker_heartbeat_interval=1.0 if brisk else 2.0,
        broker_rebalance_timeout=2.0 if brisk else 60.0,
        broker_request_timeout=40.0,
    )
    transport = batch_transport(claim, committed=log.committed)
    app.transport = transport(app.conf.broker_consumer, app, app.loop)

    async def follow(batches: AsyncIterable[Batch]) -> None:
        await desk.follow(batches)

    app.agent(app.topic(*topics, value_type=bytes), name=name)(follow)
    log.app = app
    return app


# Said to whoever runs the process, in one line; anything else is a bug and shows where.
_SAID_PLAINLY = (
    LogReplaced,
    OtherGroup,
    LedgerEmptied,
    OtherRules,
    ReadsDifferently,
    Diverted,
    Stuck,
)


async def follow_until(
    stopping: asyncio.Future[Any],
    *,
    app: faust.App,
    desk: Desk,
    log: AppLog,
    ledger: Ledger,
    settings: Settings,
    health: WorkerHealth,
    claimed: Callable[[], int | None] | None = None,
    answers: Callable[[], bool] = lambda: True,
) -> None:
    """Let the desk follow its log until `stopping` is done. Raises `Stopped` if it cannot go on.

    `answers` tells whether what the desk waits for besides brokers and ledger is there.
    """
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_end, app)
        starting = stack.enter_context(task(_started(app, settings)))
        await first(starting, stopping)
        if starting.done():
            crashing = stack.enter_context(task(app.wait_until_stopped()))
            watching = keep_watch(
                Eye(log, ledger, settings.brokers(), committed=log.committed, answers=answers),
                log,
                health.pulse,
                patience_s=settings.watchdog_seconds,
                claimed=claimed or (lambda: desk.claimed),
                give_up=desk.give_up,
                acted=lambda action: health.watchdog.labels(action).inc(),
            )
            stack.enter_context(task(watching))
            ends: set[asyncio.Future[Any]] = {stopping, crashing, desk.failed}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        health.pulse.stopping()
        await desk.close()
    if desk.failed.done():
        try:
            desk.failed.result()
        except _SAID_PLAINLY as error:
            raise Stopped(str(error)) from None
        except TURNED_AWAY as error:
            # A supervisor starts us again, with the password that is in the file by then.
            raise Stopped(f"the ledger turns us away: {of_ledger(error)}") from None
    if not stopping.done():
        raise Stopped(f"the stream stopped: {app.crash_reason!r}")


async def open_ledger(settings: Settings, stack: AsyncExitStack) -> Ledger:
    """The ledger, migrated; a person can mend what is wrong with it at the start."""
    say = structlog.get_logger("emc.ledger")
    for name in await bring_up_to_date(settings):
        say.info("ledger migrated", migration=name)
    return await stack.enter_async_context(Ledger.open(settings.database))


async def bring_up_to_date(settings: Settings) -> list[str]:
    """Migrate the ledger; the names of what was applied. Raises `Stopped` if it cannot be."""
    try:
        return await migrate(settings.database)
    except (SchemaTooNew, MayNotMigrate) as error:
        raise Stopped(str(error)) from None
    except (*UNAVAILABLE, asyncpg.PostgresError, ValueError) as error:
        raise Stopped(
            f"the ledger cannot be used, see EMC_DATABASE: {of_ledger(error)}"
        ) from None


async def _started(app: faust.App, settings: Settings) -> None:
    try:
        await app.start()
    except (KafkaError, OSError) as error:
        why = await of_brokers(settings.brokers().client(), error)
        raise Stopped(f"no broker answers at EMC_KAFKA={settings.kafka}: {why}") from None


async def _end(app: faust.App) -> None:
    """However long Faust would take: what counts is booked."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await app.stop()


def _session_seconds(settings: Settings) -> float:
    """How long the group waits for a member of which nothing is heard.

    One that has a name comes back under it. One that has none never does: its partitions would
    only stand still.
    """
    if settings.brisk:
        return 6.0
    return 30.0 if settings.instance_id else 8.0


def seal_of(settings: Settings) -> Seal | None:
    """Under which refused records are kept with their bytes; None without a key."""
    try:
        seal = Seal.from_text(settings.quarantine_key) if settings.quarantine_key else None
    except ValueError as error:
        raise SettingRefused(f"EMC_QUARANTINE_KEY: {error}") from None
    if seal is None:
        structlog.get_logger("emc.quarantine").warning(
            "EMC_QUARANTINE_KEY is not set: refused records are kept without bytes"
        )
    return seal


def owner() -> str:
    """Who we are, for whoever looks at a position."""
    return f"{socket.gethostname()}:{os.getpid()}"


T = TypeVar("T")


async def first(work: Awaitable[T], stopping: asyncio.Future[Any]) -> T | None:
    """What `work` returns, or None if we are asked to stop before."""
    doing = asyncio.ensure_future(work)
    await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if doing.done():
        return doing.result()
    doing.cancel()
    with suppress(asyncio.CancelledError):
        await doing
    return None


async def until_one_ends(*works: Coroutine[Any, Any, None]) -> None:
    """All end when we are asked to stop; one that cannot go on ends the others too."""
    running = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for work in running:
            work.cancel()
        ended = await asyncio.gather(*running, return_exceptions=True)
    for error in ended:
        if isinstance(error, Exception):
            raise error


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody awaited is told, but for one thing.

    A COPY whose connection goes while it is written raises, and the driver leaves the same error
    behind a second time, in a future that only it knows.
    """
    if not isinstance(context.get("exception"), asyncpg.ConnectionDoesNotExistError):
        loop.default_exception_handler(context)


@contextmanager
def task(work: Coroutine[Any, Any, T]) -> Iterator[asyncio.Task[T]]:
    """A task that ends with the block."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
