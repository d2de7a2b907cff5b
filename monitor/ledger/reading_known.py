"""What was read of some scopes and periods, and the facts that follow from it; no I/O here."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from monitor.domain.composition import Share, Sum, Window
from monitor.domain.facts import Fact, Facts, Term
from monitor.domain.period import Period
from monitor.domain.scope import COUNTRY, Reach, Scope
from monitor.ledger.follower import Cut
from monitor.ledger.reading_sums import Place, Stretches, Sums
from monitor.ledger.register_then import Register
from monitor.reference.hierarchy import Hierarchy
from monitor.reference.policy import Reference
from monitor.reference.services import Services, national, of, services_on


class Stated(NamedTuple):
    """What a claim states."""

    numerator: int | None
    denominator: int | None


class Found(NamedTuple):
    """Where a sum is in what was read."""

    sums: Sums
    number: int
    kept: bool  # by places that cover a scope, else by each of its agencies


@dataclass(frozen=True)
class _Here:
    """A scope, and where it is in what was read."""

    scope: Scope
    agencies: frozenset[Place]
    cover: frozenset[Place]
    heard: bool  # whether anybody has gone live who speaks for it
    is_meant: Callable[[str], bool] | None  # of a procedure; None: all are


@dataclass(frozen=True, kw_only=True)
class Known:
    """All that was read for some scopes and periods."""

    reference: Reference
    cut: Cut
    today: int
    made: Mapping[Term, tuple[Share, ...]]
    stretches: Stretches
    whole: Mapping[Sum, Found]
    split: Mapping[Sum, Found]  # by procedure
    marks: Sequence[Sequence[Any]]  # of complaints: agency, procedure, mark, stretch, amount
    hierarchy: Hierarchy
    level1: Mapping[str, str]  # of the agencies that sums are kept of
    register: Register
    connected: Mapping[int, Mapping[str, bool]]  # by the last day of a period, by source
    claims: Mapping[tuple[str, str, int, int], Stated]  # by indicator, agency, days
    _places: dict[Scope, tuple[frozenset[Place], frozenset[Place]]] = field(
        default_factory=dict
    )

    def facts(self, scope: Scope, period: Period) -> Facts:
        """The facts of a scope in a period."""
        if scope not in self._places:
            self._places[scope] = (
                frozenset((0, code) for code in self.hierarchy.holds(scope)),
                self.hierarchy.cover(scope, self.level1),
            )
        agencies, cover = self._places[scope]
        is_meant = meant(scope, self.reference) if narrows(scope) else None
        here = _Here(scope, agencies, cover, self.heard(scope, period), is_meant)
        return lambda term: self._fact(here, period, term)

    def heard(self, scope: Scope, period: Period) -> bool:
        """Whether anybody who speaks for a scope has gone live by the end of a period."""
        return self.register.heard(scope, self._last_day(period), self.hierarchy)

    def procedures(self, scope: Scope) -> list[str]:
        """The procedures of which anything was found in a scope."""
        is_meant = meant(scope, self.reference)
        agencies = self.hierarchy.holds(scope)
        cover = self.hierarchy.cover(scope, self.level1)
        held = frozenset((0, code) for code in agencies)
        return sorted(
            {
                procedure
                for found in self.split.values()
                for place in (cover if found.kept else held)
                for procedure in found.sums.at(found.number, place)
                if is_meant(procedure)
            }
        )

    def _last_day(self, period: Period) -> int:
        return min(period.last_day, self.today)

    def _fact(self, here: _Here, period: Period, term: Term) -> int | None:
        shares = self.made[term]
        if period.first_day > self.today:
            return None
        scope, day = here.scope, self._last_day(period)
        match term.fact:
            case Fact.CLAIM:
                return self._claim(scope, period, term)
            case Fact.SERVICES:
                return services_on(self.reference, day).count(scope, term)
            case Fact.AGENCIES:
                return self._agencies(scope, day, term.kind)
            case Fact.SOURCES:
                return len(self._sources(scope, day)) if self.register.sources else None
            case Fact.SOURCES_CONNECTED:
                return self._connected(scope, period) if self.register.sources else None
            case _:
                pass
        if not here.heard:
            return None
        if term.fact is Fact.SERVICES_RECEIVED:
            return self._received(here, period, term, shares[0])
        if term.fact is Fact.COMPLAINTS:
            return self._complaints(here, period)
        return sum(share.weight * self._amount(here, period, share) for share in shares)

    def _amount(self, here: _Here, period: Period, share: Share) -> int:
        day = self._last_day(period)
        first, after = self.stretches.within(share.window, period, day)
        asked = of_period(share.sum, day)
        lines = self._lines(here, asked, split=here.is_meant is not None)
        return sum(sum(amounts[first:after]) for _, amounts in lines)

    def _received(self, here: _Here, period: Period, term: Term, share: Share) -> int:
        """Distinct procedures of which more than 0 were received."""
        day = self._last_day(period)
        first, after = self.stretches.within(share.window, period, day)
        received: dict[str, int] = {}
        for procedure, amounts in self._lines(here, share.sum, split=True):
            received[procedure] = received.get(procedure, 0) + sum(amounts[first:after])
        catalogue: Services | None = None
        if term.tag or term.online:
            catalogue = services_on(self.reference, day)
        return sum(
            1
            for procedure, dossiers in received.items()
            if dossiers > 0 and (catalogue is None or catalogue.has(procedure, term))
        )

    def _complaints(self, here: _Here, period: Period) -> int:
        """Distinct dossiers that petitions complain about: their marks are the slots."""
        first, after = self.stretches.within(Window.IN, period, self._last_day(period))
        found: dict[int, int] = {}
        for agency, procedure, mark, stretch, amount in self.marks:
            if (
                first <= stretch < after
                and (0, agency) in here.agencies
                and (here.is_meant is None or here.is_meant(procedure))
            ):
                found[mark] = found.get(mark, 0) + amount
        return sum(1 for petitions in found.values() if petitions > 0)

    def _lines(
        self, here: _Here, asked: Sum, *, split: bool
    ) -> Iterator[tuple[str, Sequence[int]]]:
        found = (self.split if split else self.whole)[asked]
        for place in here.cover if found.kept else here.agencies:
            for procedure, amounts in found.sums.at(found.number, place).items():
                if here.is_meant is None or here.is_meant(procedure):
                    yield procedure, amounts

    def _agencies(self, scope: Scope, day: int, kind: str) -> int:
        agencies = self.reference.agencies
        below = (
            agencies.descendants(scope.agency, day) if scope.agency else agencies.at(day).keys()
        )
        return sum(
            1
            for code in below
            if (row := agencies.on(code, day)) and (not kind or row.kind == kind)
        )

    def _sources(self, scope: Scope, day: int) -> list[str]:
        return self.register.live(scope, day, self.hierarchy)

    def _connected(self, scope: Scope, period: Period) -> int | None:
        sources = self._sources(scope, self._last_day(period))
        judged = self.connected.get(period.last_day, {})
        if sources and judged.keys().isdisjoint(sources):
            return None
        return sum(judged.get(source, False) for source in sources)

    def _claim(self, scope: Scope, period: Period, term: Term) -> int | None:
        key = (term.claim, scope.agency or COUNTRY, period.first_day, period.last_day)
        stated = self.claims.get(key)
        if stated is None or scope.procedure or scope.reach is not Reach.ALL:
            return None
        return stated.denominator if term.part == "denominator" else stated.numerator


def narrows(scope: Scope) -> bool:
    """Whether a scope does not mean all procedures."""
    return bool(scope.procedure) or scope.reach is Reach.SECTOR


def of_period(asked: Sum, day: int) -> Sum:
    """The sum whose slots are those up to a period's last day, where that is asked for."""
    return asked._replace(last_slot=day, until_end=False) if asked.until_end else asked


def meant(scope: Scope, reference: Reference) -> Callable[[str], bool]:
    """Tells of a procedure whether a scope means it: all, one with its own forms, a sector's."""
    if scope.reach is Reach.SECTOR:
        sector = sectors(reference).get(reference.agencies.present(scope.agency), frozenset())
        return lambda code: (
            not sector.isdisjoint((code, national(code)))
            and (not scope.procedure or of(scope.procedure, code))
        )
    if scope.procedure:
        return lambda code: of(scope.procedure, code)
    return lambda _: True


def sectors(reference: Reference) -> dict[str, frozenset[str]]:
    """The procedures of each ministry's sector, by the catalogue's last word on each."""
    found: dict[str, set[str]] = {}
    for code, ministry in reference.procedures.ministries().items():
        found.setdefault(reference.agencies.present(ministry), set()).add(code)
    return {ministry: frozenset(codes) for ministry, codes in found.items()}
