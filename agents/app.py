"""The worker's parts joined: policy, follower, desks of dossiers and petitions, archive beside."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any, Final

import structlog
from aiokafka.errors import KafkaError

from agents import latencies
from agents.diversion import Watch
from agents.dossiers import DossierDesk
from agents.dues import judging_dues
from agents.evaluating import evaluating
from agents.following import BRISK_ROUND_SECONDS, ROUND_SECONDS, following
from agents.health import WorkerHealth
from agents.judging import judging
from agents.leisure import collecting_at_leisure
from agents.logidentity import Claimant
from agents.petitions import PetitionDesk
from agents.quarantine import Quarantine, Seal
from agents.releasing import releasing
from agents.settings import Settings
from agents.standing import Standing, Stands
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
from agents.trouble import said
from agents.upkeep import archive_beside
from monitor.domain.policy import Policy
from monitor.ledger.indicator_sets import keep_sets
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.policies import OtherRules
from monitor.reference.indicators import StoredSet
from monitor.reference.sets import ReadsDifferently
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS, PETITIONS

LOOK_SECONDS: Final = 30.0  # between looks for a topic that is not there
BRISK_LOOK_SECONDS: Final = 1.0


async def work(
    settings: Settings,
    health: WorkerHealth,
    *,
    stop: asyncio.Event,
) -> None:
    """Run a worker until `stop` is set. Raises `Stopped` when it cannot go on."""
    reference, policy = settings.reference_set()
    watched = settings.watched()
    public = settings.public()
    sets = settings.indicator_sets()
    seal = seal_of(settings)

    asyncio.get_running_loop().set_exception_handler(unheard)
    async with AsyncExitStack() as stack:
        stopping = stack.enter_context(task(stop.wait()))
        stack.enter_context(task(health.pulse.beat()))
        ledger = await first(open_ledger(settings, stack), stopping)
        if ledger is None:
            return
        await stack.enter_async_context(collecting_at_leisure())
        stands = Stands(ledger.policies, reference, policy)
        standing = await first(_can_book(stands), stopping)
        if standing is None:
            return
        policy = standing.policy
        if settings.reference:
            await first(_keep(settings.database, sets), stopping)
        pace = BRISK_ROUND_SECONDS if settings.brisk else ROUND_SECONDS
        await stack.enter_async_context(
            following(settings.database, policy.zone, health, now_ms=now_ms, round_seconds=pace)
        )
        await stack.enter_async_context(
            judging_dues(settings.database, policy, now_ms=now_ms, brisk=bool(settings.brisk))
        )
        await stack.enter_async_context(
            latencies.keeping(
                settings.database, policy, now_ms=now_ms, brisk=bool(settings.brisk)
            )
        )
        if watched is not None:
            await stack.enter_async_context(
                judging(
                    settings.database,
                    watched,
                    policy,
                    now_ms=now_ms,
                    brisk=bool(settings.brisk),
                )
            )
        if settings.reference:
            await stack.enter_async_context(
                evaluating(
                    settings.database,
                    settings.brokers(),
                    settings.indicators_topic,
                    now_ms=now_ms,
                    brisk=bool(settings.brisk),
                )
            )
        if public is not None:
            await stack.enter_async_context(
                releasing(
                    settings.database,
                    public,
                    policy.zone,
                    now_ms=now_ms,
                    brisk=bool(settings.brisk),
                )
            )
        if settings.archive_beside:
            stack.enter_context(task(_archiving(settings, policy)))
        await until_one_ends(
            _dossiers(settings, health, ledger, stands, policy, seal, stopping),
            _petitions(settings, health.beside(), ledger, stands, policy, seal, stopping),
        )


async def _dossiers(
    settings: Settings,
    health: WorkerHealth,
    ledger: Ledger,
    stands: Stands,
    policy: Policy,
    seal: Seal | None,
    stopping: "asyncio.Future[Any]",
) -> None:
    """The topic of dossiers, until we are asked to stop."""
    claimant = Claimant(ledger, kafka=settings.brokers(), owner=owner(), group=settings.group)
    log = AppLog()
    desk = DossierDesk(
        ledger=ledger,
        log=log,
        claim=claimant.claim,
        decoder=Decoder(policy.zone, DOSSIERS),
        policy=policy,
        quarantine=Quarantine(seal, quota=settings.quarantine_quota),
        health=health,
        now_ms=now_ms,
        at_hand=settings.dossiers_at_hand,
        standing=stands.now,
        diversion=Watch(settings.refusal_limit_percent),
    )
    await follow_until(
        stopping,
        app=build_app(
            settings,
            desk,
            log,
            name="dossiers",
            group=settings.group,
            topics=[settings.topic],
        ),
        desk=desk,
        log=log,
        ledger=ledger,
        settings=settings,
        health=health,
    )


async def _petitions(
    settings: Settings,
    health: WorkerHealth,
    ledger: Ledger,
    stands: Stands,
    policy: Policy,
    seal: Seal | None,
    stopping: "asyncio.Future[Any]",
) -> None:
    """The topic of petitions, in a group of its own, from when there is one."""
    if not await first(_there_is(settings.petitions_topic, settings), stopping):
        return
    group = f"{settings.group}-petitions"
    claimant = Claimant(ledger, kafka=settings.brokers(), owner=owner(), group=group)
    log = AppLog()
    desk = PetitionDesk(
        ledger=ledger,
        log=log,
        claim=claimant.claim,
        decoder=Decoder(policy.zone, PETITIONS),
        policy=policy,
        quarantine=Quarantine(seal, quota=settings.quarantine_quota),
        health=health,
        now_ms=now_ms,
        standing=stands.now,
        diversion=Watch(settings.refusal_limit_percent),
    )
    await follow_until(
        stopping,
        app=build_app(
            settings,
            desk,
            log,
            name="petitions",
            group=group,
            topics=[settings.petitions_topic],
        ),
        desk=desk,
        log=log,
        ledger=ledger,
        settings=settings,
        health=health,
    )


async def _there_is(topic: str, settings: Settings) -> bool:
    """Wait for a topic that the service got later than others: dossiers must not wait for it."""
    told = False
    while True:
        with suppress(KafkaError, OSError):  # whoever reads the dossiers says so
            if not await missing_topics(settings.brokers(), [topic]):
                return True
            if not told:
                told = True
                structlog.get_logger("emc.petitions").warning(
                    "there is no topic of petitions, and none is measured until there is one;"
                    " `emc topics` makes it",
                    topic=topic,
                )
        await asyncio.sleep(BRISK_LOOK_SECONDS if settings.brisk else LOOK_SECONDS)


_CANNOT_BOOK: tuple[type[BaseException], ...] = (*UNAVAILABLE, OtherRules, ReadsDifferently)


async def _can_book(stands: Stands) -> Standing:
    """Before joining the group: who cannot book would only take partitions from those who can."""
    try:
        return await stands.now()
    except _CANNOT_BOOK as error:
        raise Stopped(said(error)) from None


async def _keep(dsn: str, sets: Sequence[StoredSet]) -> None:
    """Reports go by the sets in the ledger, each from when it was known."""
    try:
        changed = await keep_sets(dsn, sets)
    except _CANNOT_BOOK as error:
        raise Stopped(said(error)) from None
    if changed:
        structlog.get_logger("emc.worker").info("indicator sets changed", files=changed)


async def _archiving(settings: Settings, policy: Policy) -> None:
    await archive_beside(
        settings.database,
        policy,
        after_days=settings.archive_after_days,
        now_ms=now_ms,
    )
