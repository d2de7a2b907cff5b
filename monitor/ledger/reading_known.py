"""What was read of some scopes and periods, and the facts that follow from it; no I/O here."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final, NamedTuple

from monitor.domain.composition import Share, Sum, Window
from monitor.domain.facts import Fact, Facts, Term
from monitor.domain.indicator import Why
from monitor.domain.period import Period
from monitor.domain.scope import Reach, Scope
from monitor.ledger.claims import Claim, Of, agency_of
from monitor.ledger.follower import Cut
from monitor.ledger.reading_quick import Codes
from monitor.ledger.reading_sums import Place, Rows, Stretches, Sums
from monitor.ledger.register_then import Register
from monitor.reference.hierarchy import Coverage
from monitor.reference.policy import Reference
from monitor.reference.services import Services, national, of, services_on


class Found(NamedTuple):
    """Where a sum is in what was read."""

    sums: Sums | Rows
    number: int
    kept: bool  # by places that cover a scope, else by each of its agencies


@dataclass(frozen=True, slots=True)
class _Here:
    """A scope, and where it is in what was read."""

    scope: Scope
    cover: frozenset[Place]  # of what is kept
    agencies: frozenset[Place]  # of what is not
    heard: bool  # whether anybody who speaks for it was
    is_meant: Callable[[str], bool] | None  # of a procedure; None: all are
    codes: Sequence[str] | None  # of procedures that are; None: `is_meant` is to be asked
    windows: tuple[tuple[int, int], ...]  # stretches of a period, by `Window`


# How a fact is told of a scope. It is given what is known and does not hold it, or each would keep
# the other from being freed, and all that was read with them.
_Told = Callable[["Known", _Here], int | None]


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
    counted: Mapping[Sum, int]  # sums of which procedures are counted, by number
    services: Codes
    marks: Sequence[Sequence[Any]]  # of complaints: agency, procedure, mark, stretch, amount
    coverage: Coverage
    register: Register
    spoke: Mapping[str, int | None]  # when each source was first heard; None: never yet
    connected: Mapping[int, Mapping[str, bool]]  # by the last day of a period, by source
    claims: Mapping[Of, Claim]
    # What is told of one scope is soon told of the next: how, by period and term.
    _told: dict[Period, dict[Term, _Told]] = field(default_factory=dict)
    _summing: dict[Term, _Told] = field(default_factory=dict)  # of sums, in any period
    _bits: dict[tuple[Term, int], int] = field(default_factory=dict)
    _windows: dict[tuple[Window, Period], tuple[int, int]] = field(default_factory=dict)
    _of_period: dict[Period, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def facts(self, scope: Scope, period: Period) -> Facts:
        """The facts of a scope in a period."""
        here = self._here(scope, period, self.silence(scope, period) is None)
        told = self._told.setdefault(period, {})
        found: dict[Term, int | None] = {}

        def fact(term: Term) -> int | None:
            try:
                return found[term]
            except KeyError:
                tells = told.get(term)
                if tells is None:
                    tells = told[term] = self._tells(term, period)
                amount = found[term] = tells(self, here)
                return amount

        return fact

    def silence(self, scope: Scope, period: Period) -> Why | None:
        """Why nothing is heard of a scope by the end of a period; None where something is."""
        if period.first_day > self.today:
            return Why.NOT_BEGUN
        day = self._last_day(period)
        ends_ms = self.reference.policy.zone.start_of(day + 1)
        unheard = frozenset(
            source
            for source, first_ms in self.spoke.items()
            if first_ms is None or first_ms >= ends_ms
        )
        why = self.register.silence(scope, day, self.coverage.hierarchy, unheard)
        if why is Why.SILENT and self._is_told(scope, period):
            return None
        return why

    def _is_told(self, scope: Scope, period: Period) -> bool:
        """Whether anything is booked: whoever is heard late may have told of the time before."""
        here = self._here(scope, period, heard=True)
        return any(
            self._tells(term, period)(self, here)
            for term, shares in self.made.items()
            if shares
        )

    def procedures(self, scope: Scope, period: Period) -> list[str]:
        """The procedures of which anything was found in a scope."""
        here = self._here(scope, period, heard=True)
        return sorted(
            {procedure for found in self.split.values() for procedure, _ in _lines(found, here)}
        )

    def _here(self, scope: Scope, period: Period, heard: bool) -> _Here:
        return _Here(
            scope,
            self.coverage.of(scope),
            self.coverage.each(scope),
            heard,
            meant(scope, self.reference) if narrows(scope) else None,
            self._forms.get(scope.procedure, ())
            if scope.procedure and scope.reach is not Reach.SECTOR
            else None,
            self._windows_of(period),
        )

    @cached_property
    def _forms(self) -> Mapping[str, Sequence[str]]:
        """The codes that were met, by every procedure that they are, or are a form of."""
        met = {
            procedure
            for sums, number, _ in self.split.values()
            for by_procedure in _by_place(sums, number).values()
            for procedure in by_procedure
        }
        forms: defaultdict[str, list[str]] = defaultdict(list)
        for code in met:
            above = code
            while above:
                forms[above].append(code)
                above = above.rpartition(".")[0]
        return forms

    def _last_day(self, period: Period) -> int:
        return min(period.last_day, self.today)

    def _tells(self, term: Term, period: Period) -> _Told:
        shares = self.made[term]
        if period.first_day > self.today:
            return lambda *_: None
        day = self._last_day(period)
        match term.fact:
            case Fact.CLAIM:
                return lambda self, here: self._claim(here.scope, period, term)
            case Fact.SERVICES:
                services = services_on(self.reference, day)
                return lambda _, here: services.count(here.scope, term)
            case Fact.AGENCIES:
                services = services_on(self.reference, day)
                return lambda _, here: services.agencies(here.scope, term.kind)
            case Fact.SOURCES:
                return lambda self, here: self._sources(here.scope, day)
            case Fact.SOURCES_CONNECTED:
                return lambda self, here: self._connected(here.scope, period)
            case Fact.SERVICES_RECEIVED:
                return lambda self, here: self._received(here, period, term, shares[0])
            case Fact.COMPLAINTS:
                return lambda self, here: self._complaints(here, period)
            case _:
                return self._told_by_sums(term, day)

    def _told_by_sums(self, term: Term, day: int) -> _Told:
        shares = self.made[term]
        if any(share.sum.until_end for share in shares):
            return self._sums_up(
                [share._replace(sum=of_period(share.sum, day)) for share in shares]
            )
        if term not in self._summing:
            self._summing[term] = self._sums_up(shares)
        return self._summing[term]

    def _sums_up(self, shares: Sequence[Share]) -> _Told:
        parts = [
            (share.weight, *self.whole[share.sum], share.window)
            for share in shares
            if share.sum in self.whole
        ]

        def total(known: Known, here: _Here) -> int | None:
            if not here.heard:
                return None
            amount = 0
            if here.is_meant is not None:
                for share in shares:
                    first, after = here.windows[share.window]
                    for _, amounts in _lines(known.split[share.sum], here):
                        amount += share.weight * sum(amounts[first:after])
                return amount
            windows = here.windows
            for weight, sums, number, kept, window in parts:
                first, after = windows[window]
                places = here.cover if kept else here.agencies
                amount += weight * sums.between(number, places, first, after)
            return amount

        return total

    def _windows_of(self, period: Period) -> tuple[tuple[int, int], ...]:
        if period not in self._of_period:
            self._of_period[period] = tuple(self._window(window, period) for window in Window)
        return self._of_period[period]

    def _window(self, window: Window, period: Period) -> tuple[int, int]:
        key = (window, period)
        if key not in self._windows:
            self._windows[key] = self.stretches.within(window, period, self._last_day(period))
        return self._windows[key]

    def _received(self, here: _Here, period: Period, term: Term, share: Share) -> int | None:
        """Distinct procedures of which more than 0 were received."""
        if not here.heard:
            return None
        first, after = self._window(share.window, period)
        if share.sum in self.counted:
            found = self.services.found[self.counted[share.sum]]
            bits = 0
            for place in here.cover:
                for stretch in range(first, after):
                    bits |= found.get((place, stretch), 0)
            if term.tag or term.online:
                bits &= self._listed(term, period)
            return bits.bit_count()
        received: dict[str, int] = {}
        for procedure, amounts in _lines(self.split[share.sum], here):
            received[procedure] = received.get(procedure, 0) + sum(amounts[first:after])
        catalogue: Services | None = None
        if term.tag or term.online:
            catalogue = services_on(self.reference, self._last_day(period))
        return sum(
            1
            for procedure, dossiers in received.items()
            if dossiers > 0 and (catalogue is None or catalogue.has(procedure, term))
        )

    def _listed(self, term: Term, period: Period) -> int:
        """The procedures of the catalogue that a term means, as bits."""
        key = (term, self._last_day(period))
        if key not in self._bits:
            codes = services_on(self.reference, key[1]).codes(term)
            self._bits[key] = self.services.bits(codes)
        return self._bits[key]

    def _complaints(self, here: _Here, period: Period) -> int | None:
        """Distinct dossiers that petitions complain about: their marks are the slots."""
        if not here.heard:
            return None
        first, after = self._window(Window.IN, period)
        found: dict[int, int] = {}
        for agency, procedure, mark, stretch, amount in self.marks:
            if (
                first <= stretch < after
                and (0, agency) in here.agencies
                and (here.is_meant is None or here.is_meant(procedure))
            ):
                found[mark] = found.get(mark, 0) + amount
        return sum(1 for petitions in found.values() if petitions > 0)

    def _sources(self, scope: Scope, day: int) -> int | None:
        if not self.register.sources:
            return None
        return len(self.register.live(scope, day, self.coverage.hierarchy))

    def _connected(self, scope: Scope, period: Period) -> int | None:
        if not self.register.sources:
            return None
        day = self._last_day(period)
        sources = self.register.live(scope, day, self.coverage.hierarchy)
        judged = self.connected.get(period.last_day, {})
        if sources and judged.keys().isdisjoint(sources):
            return None
        return sum(judged.get(source, False) for source in sources)

    def _claim(self, scope: Scope, period: Period, term: Term) -> int | None:
        agency = agency_of(scope)
        if agency is None:
            return None
        claim = self.claims.get((term.claim, agency, period.first_day, period.last_day))
        if claim is None or claim.not_issued:
            return None
        if term.part == "value":
            return _millionths(claim)
        numerator = term.part == "numerator"
        if replace(term, part="denominator" if numerator else "numerator") in self.made:
            # A count that stands alone is not both: a million adults are not all adults.
            return claim.numerator if numerator else claim.denominator
        return claim.part(term.part)


def _lines(found: Found, here: _Here) -> Iterator[tuple[str, Sequence[int]]]:
    by_place = _by_place(found.sums, found.number)
    for place in here.cover if found.kept else here.agencies:
        by_procedure = by_place.get(place, {})
        if here.codes is not None:
            for code in here.codes:
                if code in by_procedure:
                    yield code, by_procedure[code]
            continue
        for procedure, amounts in by_procedure.items():
            if here.is_meant is None or here.is_meant(procedure):
                yield procedure, amounts


def _by_place(sums: Sums | Rows, number: int) -> Mapping[Place, Mapping[str, Sequence[int]]]:
    assert isinstance(sums, Sums)  # noqa: S101 - what was asked for by procedure
    return sums.by_place(number)


_PERCENT: Final = frozenset({"%", "percent"})


def _millionths(claim: Claim) -> int | None:
    """A share that is claimed as such, in millionths of a percent."""
    if claim.value is None or claim.unit not in _PERCENT:
        return None
    return int(claim.value * 10**6)


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
