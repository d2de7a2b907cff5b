"""Readings: the ledger's answers to official figures, for scopes and periods, at a sealed cut.

What is known now is what was known at the newest cut that the follower has folded: a reading says
which, and asked again at that cut it gives the same. None is an answer: nobody knows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from monitor.domain.event import Channel, Level
from monitor.domain.facts import ANY, Facts, Term
from monitor.domain.indicator import Why
from monitor.domain.period import Period
from monitor.domain.scope import Reach, Scope
from monitor.ledger.follower import Cut
from monitor.ledger.reading_known import Known
from monitor.ledger.reading_known import sectors as sectors  # noqa: PLC0414 - part of what we offer
from monitor.ledger.reading_load import booked_codes as booked_codes  # noqa: PLC0414 - likewise
from monitor.ledger.reading_load import load, parts
from monitor.ledger.reading_load import newest as newest  # noqa: PLC0414 - likewise
from monitor.ledger.reading_load import places as places  # noqa: PLC0414 - likewise
from monitor.reference.policy import Reference


class By(StrEnum):
    """What a scope's facts are broken down by."""

    PROCEDURE = "procedure"
    CHANNEL = "channel"
    LEVEL = "level"
    PART = "part"  # the agencies directly below


@dataclass(frozen=True)
class Reading:
    """Facts of scopes in a period, as known at a cut."""

    cut: Cut
    known_at: datetime  # when the cut was published
    reference: str  # hash of the reference set by which agencies and procedures are told
    period: Period
    as_of_day: int  # what is said of the end of the period is said of 24:00 of this day
    _known: Known = field(repr=False, compare=False)

    def facts(self, scope: Scope) -> Facts:
        """The facts of one of the scopes that were read; `KeyError` of a term that was not."""
        return self._known.facts(scope, self.period)

    def silence(self, scope: Scope) -> Why | None:
        """Why nothing is heard of a scope by the end of the period; None where something is."""
        return self._known.silence(scope, self.period)


async def read(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    period: Period,
    terms: Iterable[Term],
    *,
    cut: Cut | None = None,
    today: int,
) -> Reading:
    """The facts that terms name, of scopes in a period, at a cut; now where there is none.

    Raises `Unanswerable` for a term that no account tells, `NotKnown` before the first cut.
    """
    [reading] = await series(pool, reference, scopes, [period], terms, cut=cut, today=today)
    return reading


async def series(
    pool: Any,
    reference: Reference,
    scopes: Sequence[Scope],
    periods: Sequence[Period],
    terms: Iterable[Term],
    *,
    cut: Cut | None = None,
    today: int,
) -> list[Reading]:
    """The same of several periods, all at one cut."""
    known = await load(pool, reference, scopes, periods, set(terms), cut=cut, today=today)
    return [
        Reading(
            known.cut,
            known.cut.sealed_at,
            reference.version,
            period,
            min(period.last_day, today),
            known,
        )
        for period in periods
    ]


async def breakdown(
    pool: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    terms: Iterable[Term],
    by: By,
    *,
    cut: Cut | None = None,
    today: int,
) -> dict[str, Facts]:
    """A scope's facts by procedure, channel, level or the agencies directly below it, by code.

    Procedures of which every fact is 0 are left out. By channel and level, a term that asks for
    one already keeps it, and is 0 in the others.
    """
    wanted = set(terms)
    if by in (By.CHANNEL, By.LEVEL):
        return await _by_value(pool, reference, scope, period, wanted, by, cut=cut, today=today)
    scopes = [scope]
    if by is By.PART:
        scopes = [
            scope._replace(agency=part, reach=Reach.ALL)
            for part in await parts(pool, reference, scope.agency)
        ]
    known = await load(
        pool,
        reference,
        scopes,
        [period],
        wanted,
        cut=cut,
        today=today,
        by_procedure=by is By.PROCEDURE,
    )
    if by is By.PROCEDURE:
        scopes = [scope._replace(procedure=code) for code in known.procedures(scope, period)]
    facts = {
        one.procedure if by is By.PROCEDURE else one.agency: known.facts(one, period)
        for one in scopes
    }
    if by is By.PART:
        return facts
    return {code: found for code, found in facts.items() if any(found(term) for term in wanted)}


_VALUES: Final[Mapping[By, tuple[int, ...]]] = {
    By.CHANNEL: tuple(map(int, Channel)),
    By.LEVEL: tuple(map(int, Level)),
}


async def _by_value(
    pool: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    terms: set[Term],
    by: By,
    *,
    cut: Cut | None,
    today: int,
) -> dict[str, Facts]:
    """By channel or level, of which 0, unsaid, is what all others leave."""
    values = [value for value in _VALUES[by] if value != ANY]
    name = str(by)
    narrowed = {
        (term, value): (
            replace(term, channel=value) if by is By.CHANNEL else replace(term, level=value)
        )
        for term in terms
        for value in values
        if getattr(term, name) in (ANY, value)
    }
    reading = await read(
        pool,
        reference,
        [scope],
        period,
        {*terms, *narrowed.values()},
        cut=cut,
        today=today,
    )
    whole = reading.facts(scope)

    def of_value(value: int) -> Facts:
        def fact(term: Term) -> int | None:
            asked = narrowed.get((term, value))
            return 0 if asked is None else whole(asked)

        return fact

    def unsaid(term: Term) -> int | None:
        if getattr(term, name) != ANY:
            return 0
        parts = [whole(term), *(whole(narrowed[term, value]) for value in values)]
        total, *said = [part for part in parts if part is not None]
        return None if len(said) + 1 < len(parts) else total - sum(said)

    return {str(value): of_value(value) for value in values} | {str(int(ANY)): unsaid}
