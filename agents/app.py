"""The worker's parts joined: Faust app, batch transport, desk, ledger."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterable, Awaitable, Collection, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager, suppress
from typing import Any, TypeVar

import asyncpg
import faust
import structlog
from aiokafka.errors import KafkaError

from agents.batch import Batch
from agents.desk import LedgerEmptied
from agents.diversion import Diverted, Watch
from agents.dossiers import DossierDesk
from agents.following import BRISK_ROUND_SECONDS, ROUND_SECONDS, following
from agents.health import WorkerHealth
from agents.leisure import collecting_at_leisure
from agents.logidentity import Claimant, LogReplaced
from agents.quarantine import Quarantine, Seal
from agents.settings import SettingRefused, Settings
from agents.standing import Standing, Stands
from agents.transport import BatchConsumer, batch_transport
from agents.upkeep import archive_beside
from agents.watchdog import Eye, Stuck, keep_watch
from monitor.domain.policy import Policy
from monitor.ledger.ledger import UNAVAILABLE, Ledger, OtherGroup
from monitor.ledger.migrate import MayNotMigrate, SchemaTooNew, migrate
from monitor.ledger.policies import OtherRules
from monitor.ledger.unit import Partition
from monitor.reference.sets import ReadsDifferently
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS

STOP_SECONDS = 5  # for Faust to end; then the process does
LARGEST_FETCH = 16 * 1024 * 1024  # bytes a partition: the largest record that topics admit


class Stopped(Exception):
    """The worker cannot go on; the text says why and how to go on."""


class WorkerLog:
    """The desk's view of the consumer, which exists once the app has started."""

    def __init__(self) -> None:
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


def build_app(settings: Settings, desk: DossierDesk) -> faust.App:
    """The Faust app with its one agent."""
    brisk = bool(settings.brisk)

    async def claim(partitions: set[Partition], generation: int) -> Mapping[Partition, int]:
        return await desk.take_over(partitions, generation)

    app = TablelessApp(
        settings.group,
        broker=f"kafka://{settings.kafka}".replace(",", ";kafka://"),
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
        broker_session_timeout=6.0 if brisk else 30.0,
        broker_heartbeat_interval=1.0 if brisk else 3.0,
        broker_rebalance_timeout=2.0 if brisk else 60.0,
        broker_request_timeout=40.0,
    )
    app.transport = batch_transport(claim)(app.conf.broker_consumer, app, app.loop)

    async def dossiers(batches: AsyncIterable[Batch]) -> None:
        await desk.follow(batches)

    app.agent(app.topic(settings.topic, value_type=bytes), name="dossiers")(dossiers)
    return app


# Said to whoever runs the worker, in one line; anything else is a bug and shows where.
_SAID_PLAINLY = (
    LogReplaced,
    OtherGroup,
    LedgerEmptied,
    OtherRules,
    ReadsDifferently,
    Diverted,
    Stuck,
)


async def work(
    settings: Settings,
    health: WorkerHealth,
    *,
    stop: asyncio.Event,
) -> None:
    """Run a worker until `stop` is set. Raises `Stopped` when it cannot go on."""
    say = structlog.get_logger("emc.worker")
    try:
        seal = Seal.from_text(settings.quarantine_key) if settings.quarantine_key else None
    except ValueError as error:
        raise SettingRefused(f"EMC_QUARANTINE_KEY: {error}") from None
    reference, policy = settings.reference_set()
    if seal is None:
        say.warning("EMC_QUARANTINE_KEY is not set: refused records are kept without bytes")

    asyncio.get_running_loop().set_exception_handler(_unheard)
    async with AsyncExitStack() as stack:
        stopping = stack.enter_context(_task(stop.wait()))
        stack.enter_context(_task(health.pulse.beat()))
        ledger = await _first(_opened(settings, stack), stopping)
        if ledger is None:
            return
        await stack.enter_async_context(collecting_at_leisure())
        stands = Stands(ledger.policies, reference, policy)
        standing = await _first(_can_book(stands), stopping)
        if standing is None:
            return
        policy = standing.policy
        pace = BRISK_ROUND_SECONDS if settings.brisk else ROUND_SECONDS
        await stack.enter_async_context(
            following(
                settings.database, policy.zone, health, now_ms=_now_ms, round_seconds=pace
            )
        )
        owner = f"{socket.gethostname()}:{os.getpid()}"
        claimant = Claimant(ledger, bootstrap=settings.kafka, owner=owner, group=settings.group)
        log = WorkerLog()
        desk = DossierDesk(
            ledger=ledger,
            log=log,
            claim=claimant.claim,
            decoder=Decoder(policy.zone, DOSSIERS),
            policy=policy,
            quarantine=Quarantine(seal, quota=settings.quarantine_quota),
            health=health,
            now_ms=_now_ms,
            at_hand=settings.dossiers_at_hand,
            standing=stands.now,
            diversion=Watch(settings.refusal_limit_percent),
        )
        app = build_app(settings, desk)
        log.app = app
        stack.push_async_callback(_end, app)
        if settings.archive_beside:
            stack.enter_context(_task(_archiving(settings, policy)))
        starting = stack.enter_context(_task(_started(app, settings)))
        await _first(starting, stopping)
        if starting.done():
            crashing = stack.enter_context(_task(app.wait_until_stopped()))
            eye = Eye(log, ledger, settings.kafka)
            watching = keep_watch(
                eye,
                log,
                health.pulse,
                patience_s=settings.watchdog_seconds,
                claimed=lambda: desk.claimed,
                give_up=desk.give_up,
                acted=lambda action: health.watchdog.labels(action).inc(),
            )
            stack.enter_context(_task(watching))
            ends: set[asyncio.Future[Any]] = {stopping, crashing, desk.failed}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        health.pulse.stopping()
        await desk.close()
    if desk.failed.done():
        try:
            desk.failed.result()
        except _SAID_PLAINLY as error:
            raise Stopped(str(error)) from None
    if not stop.is_set():
        raise Stopped(f"the stream stopped: {app.crash_reason!r}")


async def _opened(settings: Settings, stack: AsyncExitStack) -> Ledger:
    """The ledger, migrated; a person can mend what is wrong with it at the start."""
    say = structlog.get_logger("emc.worker")
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
        raise Stopped(f"the ledger cannot be used, see EMC_DATABASE: {_said(error)}") from None


_CANNOT_BOOK: tuple[type[BaseException], ...] = (*UNAVAILABLE, OtherRules, ReadsDifferently)


async def _can_book(stands: Stands) -> Standing:
    """Before joining the group: who cannot book would only take partitions from those who can."""
    try:
        return await stands.now()
    except _CANNOT_BOOK as error:
        raise Stopped(_said(error)) from None


async def _archiving(settings: Settings, policy: Policy) -> None:
    await archive_beside(
        settings.database,
        policy,
        after_days=settings.archive_after_days,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )


async def _started(app: faust.App, settings: Settings) -> None:
    try:
        await app.start()
    except (KafkaError, OSError) as error:
        raise Stopped(
            f"no broker answers at EMC_KAFKA={settings.kafka}: {_said(error)}"
        ) from None


async def _end(app: faust.App) -> None:
    """However long Faust would take: what counts is booked."""
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_SECONDS):
            await app.stop()


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


T = TypeVar("T")


async def _first(work: Awaitable[T], stopping: asyncio.Future[Any]) -> T | None:
    """What `work` returns, or None if we are asked to stop before."""
    task = asyncio.ensure_future(work)
    await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        return task.result()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return None


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody awaited is told, but for one thing.

    A COPY whose connection goes while it is written raises, and the driver leaves the same error
    behind a second time, in a future that only it knows.
    """
    if not isinstance(context.get("exception"), asyncpg.ConnectionDoesNotExistError):
        loop.default_exception_handler(context)


@contextmanager
def _task(work: Coroutine[Any, Any, T]) -> Iterator[asyncio.Task[T]]:
    """A task that ends with the block."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
