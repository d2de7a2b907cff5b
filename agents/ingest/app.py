"""The parts of `emc ingest` joined: register, edge, outbox, inbox, desk; signals and the keeper."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
from aiokafka.errors import KafkaError
from prometheus_client import CollectorRegistry

from agents.diversion import Watch
from agents.edge import Edge
from agents.health import WorkerHealth
from agents.ingest.desk import InboundDesk
from agents.ingest.health import IngestHealth
from agents.ingest.inbox import BRISK_LOOK_SECONDS, LOOK_SECONDS, InboundClaimant, Inbox
from agents.ingest.outbox import Outbox
from agents.keeper import keeping
from agents.leisure import collecting_at_leisure
from agents.logidentity import Claimant
from agents.probes import STALE_SECONDS
from agents.quarantine import Quarantine
from agents.register import Register
from agents.settings import Settings
from agents.signals import SignalsDesk
from agents.stopped import Stopped
from agents.streaming import (
    AppLog,
    build_app,
    first,
    follow_until,
    now_ms,
    open_ledger,
    owner,
    seal_of,
    task,
    unheard,
    until_one_ends,
)
from agents.topics import missing_topics
from agents.trouble import of_brokers, of_ledger
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.sources import Sources, Via
from monitor.ledger.unit import Partition
from schemas.decode import Decoder
from schemas.kinds import SIGNALS

LOOK_AGAIN_SECONDS: Final = 5.0


class _InboundLog(AppLog):
    """Without the partitions that nobody can read: the watchdog would wait for them."""

    def __init__(self, claimant: InboundClaimant) -> None:
        super().__init__(committed=True)
        self._claimant = claimant

    def assigned(self) -> set[Partition]:
        return super().assigned() - self._claimant.left_out.keys()


async def take_in(settings: Settings, health: IngestHealth, *, stop: asyncio.Event) -> None:
    """Run ingest until `stop` is set. Raises `Stopped` when it cannot go on."""
    seal, keys = seal_of(settings), settings.keys()
    asyncio.get_running_loop().set_exception_handler(unheard)
    canonical = settings.topics()
    async with AsyncExitStack() as stack:
        stopping = stack.enter_context(task(stop.wait()))
        stack.enter_context(task(health.pulse.beat()))
        ledger = await first(open_ledger(settings, stack), stopping)
        if ledger is None:
            return
        await stack.enter_async_context(collecting_at_leisure())
        await first(_all_there(settings, canonical.values()), stopping)
        pool = await stack.enter_async_context(_small_pool(settings))
        register = Register(Sources(pool), now=_now)
        await first(_entered(stack, register), stopping)
        edge = Edge(lambda: register.snapshot, keys, settings.days(), topics=canonical)
        quarantine = Quarantine(seal, quota=settings.quarantine_quota)
        await stack.enter_async_context(
            keeping(
                settings.database,
                settings.policy(),
                now_ms=now_ms,
                thresholds=settings.thresholds(),
                brisk=bool(settings.brisk),
            )
        )
        await until_one_ends(
            _inbound(
                settings,
                health,
                ledger,
                register,
                edge,
                quarantine,
                canonical.values(),
                stopping,
            ),
            _signals(
                settings,
                health,
                ledger,
                Quarantine(seal, quota=settings.quarantine_quota),
                stopping,
            ),
        )


async def _signals(
    settings: Settings,
    health: IngestHealth,
    ledger: Ledger,
    quarantine: Quarantine,
    stopping: "asyncio.Future[Any]",
) -> None:
    """The topic of signals, in a group of its own, until we are asked to stop."""
    group = f"{settings.ingest_group}-signals"
    claimant = Claimant(ledger, kafka=settings.brokers(), owner=owner(), group=group)
    log = AppLog()
    desk = SignalsDesk(
        ledger=ledger,
        log=log,
        claim=claimant.claim,
        decoder=Decoder(settings.days(), SIGNALS),
        quarantine=quarantine,
        health=health,
        now_ms=now_ms,
        diversion=Watch(settings.refusal_limit_percent),
    )
    await follow_until(
        stopping,
        app=build_app(settings, desk, log, name="signals", group=group, topics=[SIGNALS.name]),
        desk=desk,
        log=log,
        ledger=ledger,
        settings=settings,
        # Its own pulse: the process answers for the inbound topics, and this one ends it itself.
        health=WorkerHealth(CollectorRegistry()),
    )


async def _inbound(
    settings: Settings,
    health: IngestHealth,
    ledger: Ledger,
    register: Register,
    edge: Edge,
    quarantine: Quarantine,
    canonical: Collection[str],
    stopping: "asyncio.Future[Any]",
) -> None:
    """The topics of sources, until we are asked to stop."""
    kafka = settings.brokers()
    claimant = InboundClaimant(ledger, kafka=kafka, owner=owner(), group=settings.ingest_group)

    def registered() -> Collection[str]:
        return register.snapshot.topics()

    def stranger(topic: str) -> None:
        known = {source.topic for source in register.snapshot.sources}
        if topic not in known:  # of one that is revoked it is known whose it was
            register.note_unknown(Via.TOPIC, topic)

    def waiting() -> None:
        health.pulse.tell(0, ledger_answers=register.age_seconds() < STALE_SECONDS)

    inbox = Inbox(
        kafka,
        claimant,
        health,
        registered=registered,
        stranger=stranger,
        look_seconds=BRISK_LOOK_SECONDS if settings.brisk else LOOK_SECONDS,
    )
    topics = await first(inbox.first(waiting), stopping)
    if topics is None:
        return
    async with AsyncExitStack() as stack:
        outbox = Outbox(
            kafka.client(),
            topics=canonical,
            idempotent=bool(settings.kafka_idempotent),
            now_ms=now_ms,
        )
        stack.push_async_callback(outbox.close)
        log = _InboundLog(claimant)
        desk = InboundDesk(
            ledger=ledger,
            log=log,
            claim=claimant.claim,
            edge=edge,
            outbox=outbox,
            quarantine=quarantine,
            health=health,
            now_ms=now_ms,
            diversion=Watch(settings.refusal_limit_percent),
        )
        app = build_app(
            settings,
            desk,
            log,
            name="ingest",
            group=settings.ingest_group,
            topics=sorted(topics),
        )
        desk.look_after(inbox.keep(log.read, log.rejoin))
        stack.enter_context(task(_look(edge, outbox, health)))
        await follow_until(
            stopping,
            app=app,
            desk=desk,
            log=log,
            ledger=ledger,
            settings=settings,
            health=health,
            answers=lambda: not outbox.away,
        )


async def _all_there(settings: Settings, topics: Collection[str]) -> None:
    """Before anything is read: what could not be handed on would be read again and again."""
    try:
        missing = await missing_topics(settings.brokers(), topics)
    except (KafkaError, OSError) as error:
        why = await of_brokers(settings.brokers().client(), error)
        raise Stopped(f"no broker answers at EMC_KAFKA={settings.kafka}: {why}") from None
    if missing:
        raise Stopped(
            f"there is no topic {', '.join(missing)}, where admitted records go; make it"
            " (docs/how-to/connect-kafka.md)"
        )


async def _entered(stack: AsyncExitStack, register: Register) -> None:
    try:
        await stack.enter_async_context(register)
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        raise Stopped(
            f"the register cannot be read, see EMC_DATABASE: {of_ledger(error)}"
        ) from None


async def _look(edge: Edge, outbox: Outbox, health: IngestHealth) -> None:
    while True:
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        health.show_notices(edge.noticed)
        outbox.look()


@asynccontextmanager
async def _small_pool(settings: Settings) -> AsyncIterator["asyncpg.Pool[Any]"]:
    pool = await asyncpg.create_pool(settings.database, min_size=0, max_size=1)
    try:
        yield pool
    finally:
        with suppress(TimeoutError):
            await asyncio.wait_for(pool.close(), 2)


def _now() -> datetime:
    return datetime.fromtimestamp(now_ms() / 1000, UTC)
