"""Events of a known source, taken in: checked at the edge, written to Kafka, or refused.

Every endpoint ends here, whatever its messages look like.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec

from agents.edge import Admitted, Edge, Notice
from agents.gateway.answer import Code, Problem
from agents.gateway.health import GatewayHealth
from agents.gateway.limits import Pace, whole_seconds
from agents.gateway.refusals import Refusals
from agents.gateway.writer import Away, Full, Outcome, Writer
from monitor.ledger.sources import Source
from schemas.decode import Headers
from schemas.event import Canonical
from schemas.refusal import Refused
from schemas.tracking import Hide

AWAY_RETRY_SECONDS: Final = 5
FULL_RETRY_SECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Letter:
    """An event as it came in: its value, and in binary mode its attributes as Kafka's headers."""

    value: bytes
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What an adapter reads: its events for a source at a time, and its bytes if it is refused."""

    make: Callable[[int, Source, Hide], Iterable[Canonical]]
    value: Callable[[], bytes]


class Posted(msgspec.Struct, frozen=True, gc=False):
    """What became of a letter that the edge let in, and what the edge noticed in it."""

    outcome: Outcome
    notices: tuple[Notice, ...] = ()

    @property
    def accepted(self) -> bool:
        return self.outcome is Outcome.WRITTEN


# What became of one letter.
Verdict = Refused | Posted
WITHOUT_NOTICE: Final = {outcome: Posted(outcome) for outcome in Outcome}
ACCEPTED: Final = WITHOUT_NOTICE[Outcome.WRITTEN]
NOT_WRITTEN: Final = WITHOUT_NOTICE[Outcome.NOT_WRITTEN]


class Intake:
    """What all endpoints share once they know who is calling."""

    def __init__(
        self,
        *,
        edge: Edge,
        writer: Writer,
        refusals: Refusals,
        pace: Pace,
        health: GatewayHealth,
        now_ms: Callable[[], int],
        default_rate: int,
    ) -> None:
        self._edge = edge
        self._writer = writer
        self._refusals = refusals
        self._pace = pace
        self._health = health
        self._now_ms = now_ms
        self._default_rate = default_rate

    def check(self) -> None:
        """Before anything is read: raises `Problem` if nothing could be written now."""
        if why := self._writer.away():
            raise _away(why)
        if self._writer.full():
            raise _full()

    def admit_rate(self, source: Source, events: int) -> None:
        """Raises `Problem` if the source sends faster than it may."""
        if wait := self.wait_for_rate(source, events):
            raise Problem(
                Code.RATE,
                "the source sends more events a second than its register entry allows",
                retry_after=whole_seconds(wait),
            )

    def wait_for_rate(self, source: Source, events: int) -> float:
        """Seconds until the source may send; 0 if that many events may come now."""
        rate = source.rate_per_second or self._default_rate
        return self._pace.take(source.code, rate, events) if rate else 0.0

    async def take(
        self, source: Source, letters: Sequence[Letter], *, together: bool = False
    ) -> list[Verdict]:
        """What became of each letter, once Kafka has all that were accepted.

        `together`: if one is refused, none is written. Raises `Problem` when none was written
        because nothing could be.
        """
        arrival_ms = self._now_ms()
        verdicts: list[Verdict] = [NOT_WRITTEN] * len(letters)
        admitted: list[Admitted] = []
        places: list[int] = []
        refused: list[int] = []
        admit = self._edge.admit
        for place, letter in enumerate(letters):
            found = admit(source.code, letter.value, letter.headers, arrival_ms)
            if isinstance(found, Refused):
                verdicts[place] = found
                refused.append(place)
            else:
                admitted.append(found)
                places.append(place)
        if admitted and not (together and refused):
            try:
                outcomes = await self._writer.write(admitted)
            except Away as error:
                raise _away(str(error)) from None
            except Full:
                raise _full() from None
            for place, one, outcome in zip(places, admitted, outcomes, strict=True):
                verdicts[place] = (
                    Posted(outcome, one.notices) if one.notices else WITHOUT_NOTICE[outcome]
                )
            self._count(source, admitted, outcomes)
        # Not before the others are written: who is told to send all again is not refused yet.
        for place in refused:
            verdict, letter = verdicts[place], letters[place]
            if isinstance(verdict, Refused):
                self._refusals.put(
                    source.code, verdict, letter.value, letter.headers, arrival_ms
                )
                self._health.refused.labels(source.code, verdict.reason).inc()
        return verdicts

    async def take_made(self, source: Source, messages: Sequence[Message]) -> list[Verdict]:
        """What became of each message, of whose events all are written or none is let in."""
        arrival_ms = self._now_ms()
        found = [
            self._edge.admit_made(source.code, partial(one.make, arrival_ms))
            for one in messages
        ]
        admitted = [each for one in found if not isinstance(one, Refused) for each in one]
        outcomes: list[Outcome] = []
        if admitted:
            try:
                outcomes = await self._writer.write(admitted)
            except Away as error:
                raise _away(str(error)) from None
            except Full:
                raise _full() from None
            self._count(source, admitted, outcomes)
        verdicts: list[Verdict] = []
        at = 0
        for one, message in zip(found, messages, strict=True):
            if isinstance(one, Refused):
                verdicts.append(one)
                self._refusals.put(source.code, one, message.value(), (), arrival_ms)
                self._health.refused.labels(source.code, one.reason).inc()
                continue
            of_it = outcomes[at : at + len(one)]
            at += len(one)
            missed = next((each for each in of_it if each is not Outcome.WRITTEN), None)
            verdicts.append(WITHOUT_NOTICE[missed or Outcome.WRITTEN])
        return verdicts

    def _count(
        self, source: Source, admitted: Sequence[Admitted], outcomes: Sequence[Outcome]
    ) -> None:
        counts: dict[tuple[str, Outcome], int] = {}
        for one, outcome in zip(admitted, outcomes, strict=True):
            key = (one.topic, outcome)
            counts[key] = counts.get(key, 0) + 1
            for notice in one.notices:
                self._health.notices.labels(source.code, notice).inc()
        for (topic, outcome), count in counts.items():
            if outcome is Outcome.WRITTEN:
                self._health.produced.labels(source.code, topic).inc(count)
            else:
                self._health.unwritten.labels(source.code, outcome.value).inc(count)


def _away(why: str) -> Problem:
    return Problem(Code.KAFKA_AWAY, why, retry_after=AWAY_RETRY_SECONDS)


def _full() -> Problem:
    return Problem(Code.BUSY, "too many records wait for Kafka", retry_after=FULL_RETRY_SECONDS)
