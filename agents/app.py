"""The worker's parts joined: Faust app, batch transport, desk, ledger."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterable, Collection, Mapping

import faust
import structlog

from agents.batch import Batch
from agents.dossiers import Desk
from agents.health import WorkerHealth
from agents.leisure import collecting_at_leisure
from agents.logidentity import Claimant, LogReplaced
from agents.quarantine import Quarantine, Seal
from agents.settings import SettingRefused, Settings
from agents.transport import BatchConsumer, batch_transport
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.ledger import ClaimRefused, Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import Partition
from schemas.decode import Decoder

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

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        """Show lag tools where the ledger is."""
        return await self._consumer.commit_to_kafka(positions)

    async def rejoin(self) -> None:
        """Ask the group for a new generation."""
        await self._consumer.rejoin()


def build_app(settings: Settings, desk: Desk) -> faust.App:
    """The Faust app with its one agent."""
    brisk = bool(settings.brisk)

    async def claim(partitions: set[Partition], generation: int) -> Mapping[Partition, int]:
        return await desk.take_over(partitions, generation)

    app = faust.App(
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


async def _set(event: asyncio.Event) -> None:
    await event.wait()


async def _stopped(app: faust.App) -> None:
    await app.wait_until_stopped()


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
        zone = Zone(settings.zone)
    except ValueError as error:
        raise SettingRefused(str(error)) from None
    if seal is None:
        say.warning("EMC_QUARANTINE_KEY is not set: refused records are kept without bytes")
    for name in await migrate(settings.database):
        say.info("ledger migrated", migration=name)

    owner = f"{socket.gethostname()}:{os.getpid()}"
    async with Ledger.open(settings.database) as ledger, collecting_at_leisure():
        claimant = Claimant(ledger, bootstrap=settings.kafka, owner=owner)
        log = WorkerLog()
        desk: Desk

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            try:
                return await claimant.claim(partitions, generation)
            except (LogReplaced, ClaimRefused) as error:
                desk.give_up(Stopped(str(error)))
                raise

        desk = Desk(
            ledger=ledger,
            log=log,
            claim=claim,
            decoder=Decoder(zone),
            policy=Policy(zone, settings.precision),
            quarantine=Quarantine(seal, quota=settings.quarantine_quota),
            health=health,
            now_ms=lambda: time.time_ns() // 1_000_000,
            at_hand=settings.dossiers_at_hand,
        )
        app = build_app(settings, desk)
        log.app = app
        await app.start()
        stopping = asyncio.create_task(_set(stop))
        crashing = asyncio.create_task(_stopped(app))
        try:
            await asyncio.wait(
                {stopping, crashing, desk.failed}, return_when=asyncio.FIRST_COMPLETED
            )
            await desk.close()
        finally:
            await app.stop()
            stopping.cancel()
            crashing.cancel()
        if desk.failed.done():
            desk.failed.result()
        if not stop.is_set():
            raise Stopped(f"the stream stopped: {app.crash_reason!r}")
