"""The desk of `emc.signals`: what sources say of themselves is kept, once.

Heartbeats are put by for whoever keeps connections; announcements and claims are written in the
transaction of the position, and requests are counted there. All of it may come twice after a crash
of the edge, and says nothing new then: requests are known by a mark of their identity.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, Protocol

from agents import desk
from agents.batch import Batch
from agents.desk import Claim, Desk, Log, Turns, fault
from agents.diversion import Watch
from agents.health import WorkerHealth
from agents.quarantine import Quarantine
from monitor.domain.connection import Window
from monitor.ledger import claims, connections, exemplars, requests
from monitor.ledger.claims import Figure
from monitor.ledger.connections import Announced, Claimed
from monitor.ledger.exemplars import LONGEST, Bucket, Histogram
from monitor.ledger.requests import Account, Recent, Requests
from monitor.ledger.unit import Exemplar, Sent, TallyKey, Unit
from schemas.decode import Decoder, sender
from schemas.event import (
    ExternalClaim,
    Heartbeat,
    Maintenance,
    ReconciliationClaim,
    ServiceRequest,
    Signal,
)
from schemas.refusal import Refused

SIGNALS: Final = "signals"  # a tally of its own: what is counted are events about dossiers


class Ledger(desk.Ledger, Protocol):
    """What this desk asks of the ledger besides."""

    async def book(
        self, unit: Unit, also: Callable[[Any], Awaitable[None]] | None = None
    ) -> None: ...
    async def recent_requests(self, sources: Collection[str]) -> Mapping[str, Recent]: ...


class SignalsDesk(Desk):
    """Where signals are kept. One a process that takes them."""

    name: ClassVar[str] = "emc.signals"
    _ledger: Ledger

    def __init__(
        self,
        *,
        ledger: Ledger,
        log: Log,
        claim: Claim,
        decoder: Decoder[Signal],
        quarantine: Quarantine,
        health: WorkerHealth,
        now_ms: Callable[[], int],
        diversion: Watch | None = None,
    ) -> None:
        self._decode = decoder.decode
        self._sealed_signals: list[Signal] = []
        self._sealed_requests = Requests()
        self._turns = exemplars.Turns()
        self._recent: dict[str, Recent] = {}  # as the ledger will have it once all is booked
        super().__init__(
            ledger=ledger,
            log=log,
            claim=claim,
            quarantine=quarantine,
            health=health,
            now_ms=now_ms,
            diversion=diversion,
        )

    def _clear_unit(self) -> None:
        super()._clear_unit()
        self._signals: list[Signal] = []
        self._counted: Counter[str] = Counter()
        self._requests = Requests()
        self._exemplars: list[Exemplar] = []

    def _forget(self) -> None:
        super()._forget()
        self._recent.clear()  # some of it may not have been booked

    async def _fold(self, batch: Batch, begin: int) -> None:
        signal: Signal | Refused
        requested: list[ServiceRequest] = []
        turns = Turns()
        for record in batch.records:
            if record.offset < begin:
                continue
            value, headers = record.value, record.headers
            try:
                signal = self._decode(value, headers=headers, record_time_ms=record.timestamp)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                signal = fault(*sender(value or b"", headers), error)
            if isinstance(signal, Refused):
                self._refuse(signal, batch.partition, record)
            elif isinstance(signal, ServiceRequest):
                self._counted[signal.source] += 1
                requested.append(signal)
            else:
                self._counted[signal.source] += 1
                self._signals.append(signal)
            if turns.over():
                await asyncio.sleep(0)
        await self._count(requested)

    async def _count(self, requested: Collection[ServiceRequest]) -> None:
        """Count the requests that are new."""
        if unknown := {request.source for request in requested} - self._recent.keys():
            self._recent.update(await self._ledger.recent_requests(unknown))
        for request in requested:
            recent = self._recent[request.source]
            mark = requests.mark_of(request.source, request.id)
            if not recent.is_new(mark):
                continue
            account = Account(
                request.source,
                recent.interface(request.interface, request.arrival_ms),
                requests.booking_class(request.claimed_ms, request.arrival_ms),
                request.answer.value,
                requests.bin_of(request.duration_ms),
            )
            if account.booking_class == requests.LIVE:
                self._exemplify(request, account)
            self._requests.add(account, request.duration_ms, request.arrival_ms, mark)

    def _exemplify(self, request: ServiceRequest, account: Account) -> None:
        """The id by which a source finds a request in its own logs, now and then."""
        bucket = Bucket(Histogram.REQUEST, account.source, account.interface, account.bin)
        if len(request.id) <= LONGEST and self._turns.due(bucket, request.arrival_ms):
            self._exemplars.append(
                Exemplar(*bucket, request.id, request.duration_ms / 1000, request.arrival_ms)
            )

    def _accepted(self) -> Iterable[Mapping[str, int]]:
        return (self._counted,)

    async def _seal(self) -> Unit:
        self._sealed_signals = self._signals
        self._sealed_requests = self._requests
        beats = [
            (signal.source, signal.arrival_ms, signal.interval_ms, signal.waiting)
            for signal in self._signals
            if isinstance(signal, Heartbeat)
        ]
        claimed = sorted(
            {
                (signal.source, signal.day)
                for signal in self._signals
                if isinstance(signal, ReconciliationClaim)
            }
        )
        return Unit(
            epoch=None,
            tallies={
                TallyKey(SIGNALS, source, ""): number
                for source, number in self._counted.items()
            },
            sent=Sent(beats=beats, claimed=claimed),
            exemplars=self._exemplars,
        )

    async def _store(self, unit: Unit) -> None:
        signals, requested = self._sealed_signals, self._sealed_requests

        async def also(connection: Any) -> None:
            for signal in signals:
                if keep := KEEP.get(type(signal)):
                    await keep(connection, signal)
            await requests.book(connection, requested)

        await self._ledger.book(unit, also)


async def _announce(connection: Any, signal: Maintenance) -> None:
    window = Window(
        signal.window,
        signal.from_ms,
        signal.to_ms,
        signal.arrival_ms,
        signal.force_majeure,
        signal.units,
        signal.reason.value,
    )
    await connections.announce(
        connection,
        Announced(
            source=signal.source,
            window=window,
            cancelled=signal.cancelled,
            claimed_ms=signal.claimed_ms,
        ),
    )


async def _claim(connection: Any, signal: ReconciliationClaim) -> None:
    await connections.claim(
        connection,
        Claimed(
            source=signal.source,
            day=signal.day,
            claim=signal.claim,
            chunk=signal.chunk,
            chunks=signal.chunks,
            arrived_ms=signal.arrival_ms,
            counts=[(int(one.kind), one.state, one.count) for one in signal.counts],
            keys=signal.codes,
        ),
    )


async def _state(connection: Any, signal: ExternalClaim) -> None:
    await claims.state(
        connection,
        Figure(
            source=signal.source,
            indicator=signal.indicator,
            agency=signal.agency,
            from_day=signal.from_day,
            to_day=signal.to_day,
            survey=signal.survey,
            revision=signal.revision,
            arrived_ms=signal.arrival_ms,
            numerator=signal.numerator,
            denominator=signal.denominator,
            value=Decimal(signal.value) if signal.value else None,
            unit=signal.unit,
            respondents=signal.respondents,
            not_issued=signal.not_issued,
        ),
    )


# Requests to services are counted; heartbeats are put by in the unit.
KEEP: Final[Mapping[type, Callable[[Any, Any], Awaitable[None]]]] = {
    Maintenance: _announce,
    ReconciliationClaim: _claim,
    ExternalClaim: _state,
}
NOT_KEPT: Final = (ServiceRequest, Heartbeat)
