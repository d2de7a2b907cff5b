"""How many procedures of the catalogue the agencies of a scope handle on a day.

A row's `by` names kinds of agencies, or agencies. A province has communes, departments and centres
also where they are not listed; of an agency that is not listed nobody knows what it handles.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from monitor.domain.codes import agency_code, procedure_code
from monitor.domain.event import Level
from monitor.domain.facts import Term
from monitor.domain.scope import Reach, Scope
from monitor.domain.traits import Trait
from monitor.reference.agencies import Agencies, AgencyKind
from monitor.reference.policy import Reference
from monitor.reference.procedures import ProcedureRow, owner
from monitor.reference.validity import holds

_ONLINE: Final = frozenset({int(Level.PARTIAL), int(Level.FULL)})
_NATIONAL: Final = len("1.004194")
# What is below an agency of a kind whether or not it is listed.
_BELOW: Final = {
    AgencyKind.PROVINCE: (AgencyKind.DEPARTMENT, AgencyKind.COMMUNE, AgencyKind.CENTRE),
    AgencyKind.DISTRICT: (AgencyKind.COMMUNE,),
    AgencyKind.MINISTRY: (AgencyKind.DIVISION, AgencyKind.CENTRE),
    AgencyKind.BODY: (AgencyKind.DIVISION, AgencyKind.CENTRE),
}


_IN_EVERY_PROVINCE: Final = frozenset({AgencyKind.DEPARTMENT, AgencyKind.COMMUNE})


class Sort(NamedTuple):
    """What matters of a procedure here; a national catalogue has a few hundred sorts."""

    by: tuple[str, ...]
    owner: str  # the province whose own it is
    ministry: str
    level: int
    traits: Trait
    tags: tuple[str, ...]


class Services:
    """The procedures in force on a day."""

    def __init__(self, reference: Reference, day: int) -> None:
        self._agencies = reference.agencies
        self._day = day
        self.rows = {
            procedure_code(row.value.code): row.value
            for row in reference.procedures.rows()
            if holds(row.value, day)
        }
        self._sorts = Counter(map(_sort, self.rows.values()))
        self._kinds: dict[tuple[str, Reach], tuple[frozenset[str], str] | None] = {}
        self._asked: dict[Term, tuple[tuple[Sort, int], ...]] = {}
        self._handled: dict[tuple[str, Reach], frozenset[Sort]] = {}
        self._counts: dict[tuple[Scope, Term], int | None] = {}
        self._codes: dict[tuple[str, bool], frozenset[str]] = {}
        self._agencies_below: dict[tuple[str, str], int] = {}

    def count(self, scope: Scope, term: Term) -> int | None:
        """How many the scope's agencies handle of what a term asks for; None: nobody knows."""
        key = (scope, term)
        if key not in self._counts:
            if len(self._counts) >= _ANSWERS:
                self._counts.clear()
            self._counts[key] = self._count(scope, term)
        return self._counts[key]

    def agencies(self, scope: Scope, kind: str) -> int | None:
        """How many agencies of a kind ("": of any) there are below a scope.

        Every province has departments and communes: where none is listed, the list was left out,
        and nobody knows.
        """
        if scope.reach is Reach.OWN:
            return 0
        key = (scope.agency, kind)
        if key not in self._agencies_below:
            agencies, day = self._agencies, self._day
            below = (
                agencies.descendants(scope.agency, day) if scope.agency else agencies.at(day)
            )
            self._agencies_below[key] = sum(
                1
                for code in below
                if (row := agencies.on(code, day)) and (not kind or row.kind == kind)
            )
        found = self._agencies_below[key]
        if not found and kind in _IN_EVERY_PROVINCE and self._is_whole(scope.agency):
            return None
        return found

    def _is_whole(self, agency: str) -> bool:
        """Whether it is the country or a province."""
        row = self._agencies.on(agency, self._day) if agency else None
        return not agency or (row is not None and row.kind is AgencyKind.PROVINCE)

    def _count(self, scope: Scope, term: Term) -> int | None:
        handles = self._handled_by(scope)
        if handles is None:
            return None
        if scope.procedure:
            rows = [row for code, row in self.rows.items() if of(scope.procedure, code)]
            return sum(
                asked(sort, term) and self._is_handled(sort, scope, handles)
                for sort in map(_sort, rows)
            )
        here = (scope.agency, scope.reach)
        if here not in self._handled:
            self._handled[here] = frozenset(
                sort for sort in self._sorts if self._is_handled(sort, scope, handles)
            )
        if term not in self._asked:
            self._asked[term] = tuple(
                (sort, number) for sort, number in self._sorts.items() if asked(sort, term)
            )
        handled = self._handled[here]
        return sum(number for sort, number in self._asked[term] if sort in handled)

    def has(self, code: str, term: Term) -> bool:
        """Whether a procedure is in the catalogue and of what a term asks of the catalogue."""
        row = self.rows.get(code)
        return row is not None and on_the_list(_sort(row), term)

    def codes(self, term: Term) -> frozenset[str]:
        """The procedures of what a term asks of the catalogue whatever it counts."""
        key = (term.tag, term.online)
        if key not in self._codes:
            self._codes[key] = frozenset(code for code in self.rows if self.has(code, term))
        return self._codes[key]

    def _is_handled(
        self, sort: Sort, scope: Scope, handles: tuple[frozenset[str], str]
    ) -> bool:
        names, first = handles
        if not scope.agency:
            return True
        if scope.reach is Reach.SECTOR:
            return bool(sort.ministry) and self._agencies.present(sort.ministry) == first
        if sort.owner and self._agencies.present(sort.owner) != first:
            return False
        return not names.isdisjoint(sort.by)

    def _handled_by(self, scope: Scope) -> tuple[frozenset[str], str] | None:
        key = (scope.agency, scope.reach)
        if key not in self._kinds:
            self._kinds[key] = self._names(scope)
        return self._kinds[key]

    def _names(self, scope: Scope) -> tuple[frozenset[str], str] | None:
        """Kinds and codes of a scope's agencies, and who is above them all."""
        agencies, day = self._agencies, self._day
        if not scope.agency:
            return frozenset(), ""
        here = agencies.on(scope.agency, day)
        if scope.reach is Reach.SECTOR:
            return frozenset(), agencies.present(scope.agency)
        if here is None:
            return None
        names: set[str] = {here.kind, agency_code(here.code)}
        if scope.reach is Reach.ALL:
            below = agencies.descendants(scope.agency, day)
            names.update(below)
            names.update(row.kind for code in below if (row := agencies.on(code, day)))
            for kind in tuple(names & _BELOW.keys()):
                names.update(_BELOW[AgencyKind(kind)])
            if here.kind is AgencyKind.PROVINCE and _has_districts(agencies, day):
                names.add(AgencyKind.DISTRICT)
        return frozenset(names), agencies.present(agencies.level1(scope.agency, day))


def of(asked_for: str, code: str) -> bool:
    """Whether a procedure is the one that is asked for, or a province's own form of it."""
    return code == asked_for or code.startswith(asked_for + ".")


def national(code: str) -> str:
    """The national procedure that a province's own form is one of; else the code itself."""
    return code[:_NATIONAL] if owner(code) else code


def asked(sort: Sort, term: Term) -> bool:
    """Whether a procedure is what a term of the catalogue asks for."""
    traits = sort.traits
    return (
        on_the_list(sort, term)
        and (not term.level or term.level == sort.level)
        and traits & term.having == term.having
        and not traits & term.lacking
        and (not term.any_of or bool(traits & term.any_of))
    )


def on_the_list(sort: Sort, term: Term) -> bool:
    """What a term asks of the catalogue whatever it counts: a list, and that it is online."""
    return (not term.tag or term.tag in sort.tags) and (
        not term.online or sort.level in _ONLINE
    )


def _sort(row: ProcedureRow) -> Sort:
    return Sort(
        tuple(row.by),
        owner(procedure_code(row.code)),
        row.ministry,
        int(row.level),
        Trait(sum(_traits(row))),
        tuple(map(str, row.tags)),
    )


def _traits(row: ProcedureRow) -> Iterator[int]:
    yield Trait.LISTED
    for said, trait in (
        (row.eligible, Trait.ELIGIBLE),
        (row.fee, Trait.FEE_BEARING),
        (row.document_result, Trait.DOCUMENT_RESULT),
        (row.bundled, Trait.BUNDLED),
    ):
        if said:
            yield trait


def _has_districts(agencies: Agencies, day: int) -> bool:
    return any(row.kind is AgencyKind.DISTRICT for row in agencies.at(day).values())


# Of each day, and of the agencies that it was told by: a ranking has them as they once stood.
_known: dict[tuple[str, int], tuple[Agencies, Services]] = {}
_REMEMBERED: Final = 64
_ANSWERS: Final = 50_000


def services_on(reference: Reference, day: int) -> Services:
    """The procedures in force on a day; those of a few days are remembered."""
    key = (reference.version, day)
    agencies, services = _known.get(key, (None, None))
    if services is None or agencies is not reference.agencies:
        if len(_known) >= _REMEMBERED:
            _known.clear()
        services = Services(reference, day)
        _known[key] = reference.agencies, services
    return services
