"""Which booked agencies a scope holds, by who stands where today.

An agency that ended is where its heir is, for all periods, so that a province before and after a
merger can be set side by side. A code that is not listed stands below the nearest one above it.
Who asks for an agency that has ended itself is told of it as it was.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

from monitor.domain.codes import agency_code, level1
from monitor.domain.scope import Reach, Scope
from monitor.domain.zone import day_number
from monitor.reference.agencies import Agencies

TOP: Final = ""  # above ministries and provinces


@dataclass(frozen=True)
class Hierarchy:
    """Agencies as they are listed, and codes under which something was booked."""

    agencies: Agencies
    booked: frozenset[str] = field(repr=False)

    def holds(self, scope: Scope) -> frozenset[str]:
        """The booked codes of a scope, its procedure aside; of a sector, all."""
        if not scope.agency or scope.reach is Reach.SECTOR:
            return self.booked
        agency = agency_code(scope.agency)
        if scope.reach is Reach.OWN:
            return self._own.get(agency, frozenset()) or self.booked & {agency}
        if self.agencies.present(agency) != agency:
            return frozenset(code for code in self.booked if agency in self._then(code, agency))
        return self._below.get(agency, frozenset())

    def parts(self, agency: str) -> tuple[str, ...]:
        """The agencies directly below one ("": ministries and provinces), listed or booked."""
        return tuple(sorted(self._parts.get(agency_code(agency) if agency else TOP, ())))

    def firsts(self, scope: Scope) -> frozenset[str] | None:
        """The ministries and provinces under which anything of a scope can be booked; None: any.

        Of codes that are not national nothing is said: each of them is its own.
        """
        if not scope.agency or scope.reach is Reach.SECTOR:
            return None
        agency = agency_code(scope.agency)
        if self.agencies.present(agency) == agency:
            return self._listed_under.get(agency, frozenset()) | {level1(agency)}
        return frozenset(
            level1(code)
            for code in (agency, *self.agencies.codes())
            if agency in self._then(code, agency)
        )

    def above(self, agency: str) -> tuple[str, ...]:
        """An agency as it stands today and those above it, up to a ministry or province."""
        chain: list[str] = []
        at = self.agencies.present(agency)
        while at and at not in chain:
            chain.append(at)
            at = self._parent(at)
        return tuple(chain)

    def _parent(self, code: str) -> str:
        rows = self.agencies.rows(code)
        if rows:
            parent = agency_code(rows[-1].value.parent)
            return self.agencies.present(parent) if parent else TOP
        while code := code.rpartition(".")[0]:
            # A dot in a code that is not national parts nothing, unless what is before it is listed.
            if code in self.agencies or level1(code) != code or len(code) == _LEVEL1:
                return self.agencies.present(code)
        return TOP

    def _then(self, code: str, wanted: str) -> tuple[str, ...]:
        """A code and those above it on the last day of an agency that has ended."""
        last = self.agencies.rows(wanted)[-1].value.valid_until
        day = day_number(last) - 1 if last else 0
        chain: list[str] = []
        at = code
        while at and at not in chain:
            chain.append(at)
            row = self.agencies.on(at, day)
            at = agency_code(row.parent) if row and row.parent else at.rpartition(".")[0]
        return tuple(chain)

    @cached_property
    def _below(self) -> Mapping[str, frozenset[str]]:
        held: defaultdict[str, set[str]] = defaultdict(set)
        for code in self.booked:
            for above in self.above(code):
                held[above].add(code)
        return {agency: frozenset(codes) for agency, codes in held.items()}

    @cached_property
    def _own(self) -> Mapping[str, frozenset[str]]:
        held: defaultdict[str, set[str]] = defaultdict(set)
        for code in self.booked:
            held[self.agencies.present(code)].add(code)
        return {agency: frozenset(codes) for agency, codes in held.items()}

    @cached_property
    def _listed_under(self) -> Mapping[str, frozenset[str]]:
        held: defaultdict[str, set[str]] = defaultdict(set)
        for code in self.agencies.codes():
            for above in self.above(code):
                held[above].add(level1(code))
        return {agency: frozenset(codes) for agency, codes in held.items()}

    @cached_property
    def _parts(self) -> Mapping[str, frozenset[str]]:
        listed = {self.agencies.present(code) for code in self.agencies.codes()}
        held: defaultdict[str, set[str]] = defaultdict(set)
        for code in listed | self.booked:
            chain = (*self.above(code), TOP) if code else ()
            for below, above in pairwise(chain):
                held[above].add(below)
        return {agency: frozenset(codes) for agency, codes in held.items()}


_LEVEL1: Final = 3  # characters of a ministry's or province's national code


def hierarchy(agencies: Agencies, booked: Collection[str]) -> Hierarchy:
    """Of the codes that anything is booked under."""
    return Hierarchy(agencies, frozenset(booked))


@dataclass(frozen=True)
class Coverage:
    """Scopes by as few sums as tell them: of ministries and provinces whole, where they are."""

    hierarchy: Hierarchy
    level1: Mapping[str, str]  # of each booked code, under which of them it was booked
    _covers: dict[tuple[str, Reach], frozenset[tuple[int, str]]] = field(default_factory=dict)
    _each: dict[tuple[str, Reach], frozenset[tuple[int, str]]] = field(default_factory=dict)
    _firsts: dict[str, frozenset[str] | None] = field(default_factory=dict)

    def of(self, scope: Scope) -> frozenset[tuple[int, str]]:
        """1 and a ministry or province for all that was booked below it, 0 and a code for itself."""
        key = (scope.agency, scope.reach)
        if key not in self._covers:
            held = self.hierarchy.holds(scope)
            met = {self.level1[code] for code in held if code in self.level1}
            whole = {first for first in met if self._booked_below[first] <= held}
            self._covers[key] = frozenset((1, first) for first in whole) | frozenset(
                (0, code) for code in held if self.level1.get(code) not in whole
            )
        return self._covers[key]

    def each(self, scope: Scope) -> frozenset[tuple[int, str]]:
        """0 and a code for every agency of a scope: as sums are found that are not kept."""
        key = (scope.agency, scope.reach)
        if key not in self._each:
            self._each[key] = frozenset((0, code) for code in self.hierarchy.holds(scope))
        return self._each[key]

    def firsts(self, scopes: Iterable[Scope]) -> frozenset[str] | None:
        """Under which of them anything of scopes can be booked; None: any."""
        found: set[str] = set()
        for scope in scopes:
            if scope.agency not in self._firsts:
                self._firsts[scope.agency] = self.hierarchy.firsts(
                    scope._replace(reach=Reach.ALL)
                )
            of_scope = None if scope.reach is Reach.SECTOR else self._firsts[scope.agency]
            if of_scope is None:
                return None
            found |= of_scope
        return frozenset(found)

    def with_more(self, codes: Iterable[str]) -> "Coverage":
        """The same with codes that no sum is kept of; itself where there are none."""
        more = frozenset(codes) - self.hierarchy.booked
        if not more:
            return self
        held = Hierarchy(self.hierarchy.agencies, self.hierarchy.booked | more)
        return Coverage(held, self.level1)

    @cached_property
    def _booked_below(self) -> Mapping[str, frozenset[str]]:
        below: defaultdict[str, set[str]] = defaultdict(set)
        for code, first in self.level1.items():
            below[first].add(code)
        return {first: frozenset(codes) for first, codes in below.items()}
