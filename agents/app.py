"""The worker's parts joined: policy, follower, desk of dossiers, archive beside it."""

import asyncio
from contextlib import AsyncExitStack

from agents import latencies
from agents.diversion import Watch
from agents.dossiers import DossierDesk
from agents.dues import judging_dues
from agents.following import BRISK_ROUND_SECONDS, ROUND_SECONDS, following
from agents.health import WorkerHealth
from agents.judging import judging
from agents.leisure import collecting_at_leisure
from agents.logidentity import Claimant
from agents.quarantine import Quarantine
from agents.settings import Settings
from agents.standing import Standing, Stands
from agents.streaming import (
    AppLog,
    Stopped,
    build_app,
    first,
    follow_until,
    now_ms,
    open_ledger,
    owner,
    seal_of,
    task,
    unheard,
)
from agents.trouble import said
from agents.upkeep import archive_beside
from monitor.domain.policy import Policy
from monitor.ledger.indicator_sets import keep_sets
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.policies import OtherRules
from monitor.reference.sets import ReadsDifferently
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS


async def work(
    settings: Settings,
    health: WorkerHealth,
    *,
    stop: asyncio.Event,
) -> None:
    """Run a worker until `stop` is set. Raises `Stopped` when it cannot go on."""
    reference, policy = settings.reference_set()
    watched = settings.watched()
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
            await keep_sets(settings.database, sets)
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
        claimant = Claimant(
            ledger, kafka=settings.brokers(), owner=owner(), group=settings.group
        )
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
        if settings.archive_beside:
            stack.enter_context(task(_archiving(settings, policy)))
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


_CANNOT_BOOK: tuple[type[BaseException], ...] = (*UNAVAILABLE, OtherRules, ReadsDifferently)


async def _can_book(stands: Stands) -> Standing:
    """Before joining the group: who cannot book would only take partitions from those who can."""
    try:
        return await stands.now()
    except _CANNOT_BOOK as error:
        raise Stopped(said(error)) from None


async def _archiving(settings: Settings, policy: Policy) -> None:
    await archive_beside(
        settings.database,
        policy,
        after_days=settings.archive_after_days,
        now_ms=now_ms,
    )
