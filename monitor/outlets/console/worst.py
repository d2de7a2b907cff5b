"""Which province or ministry is worst today, and why: what is overdue of what it has open.

By the share, of those with enough open dossiers to have one. The reason is where the overdue
dossiers lie and which procedures they are of, and what is wrong with its services and sources.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from monitor.domain.codes import level1
from monitor.ledger.connections import Standing
from monitor.ledger.objectives import Service
from monitor.ledger.today import Moving
from monitor.outlets.console.page import Visit

LEAST_OPEN: Final = 10  # with fewer a share says nothing
MOST: Final = 5
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bad:
    """An agency and what it has open."""

    code: str
    name: str
    now: Moving

    @property
    def share(self) -> Decimal | None:
        """Overdue of open, in percent."""
        if not self.now.open:
            return None
        exact = Decimal(100 * self.now.overdue) / self.now.open
        return exact.quantize(_TENTH, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Where the overdue dossiers of an agency lie, and what else is wrong there."""

    bad: Bad
    holders: Sequence[tuple[str, str, int]]  # code, name, dossiers
    procedures: Sequence[tuple[str, str, int]]
    services: Sequence[Service]
    sources: Sequence[Standing]


def worst(
    agencies: Mapping[str, Moving], of: Iterable[str], name: Callable[[str], str]
) -> list[Bad]:
    """The worst first."""
    found = [
        Bad(code=code, name=name(code), now=agencies[code])
        for code in of
        if code in agencies and agencies[code].open >= LEAST_OPEN and agencies[code].overdue
    ]
    found.sort(key=lambda one: (-(one.share or 0), -one.now.overdue, one.code))
    return found[:MOST]


def why(
    visit: Visit,
    bad: Bad,
    overdue: Sequence[tuple[str, str, int]],
    services: Sequence[Service],
    sources: Sequence[Standing],
) -> Why:
    """Of one agency, from what is overdue everywhere."""
    policy = visit.in_force.policy
    holders: Counter[str] = Counter()
    procedures: Counter[str] = Counter()
    for holder, procedure, dossiers in overdue:
        if policy.present(level1(holder)) == bad.code:
            holders[holder] += dossiers
            procedures[procedure] += dossiers
    return Why(
        bad=bad,
        holders=[(code, _agency(visit, code), n) for code, n in _most(holders)],
        procedures=[(code, called(visit, code), n) for code, n in _most(procedures)],
        services=services,
        sources=sources,
    )


def _most(of: Counter[str]) -> list[tuple[str, int]]:
    return sorted(of.items(), key=lambda one: (-one[1], one[0]))[:3]


def _agency(visit: Visit, code: str) -> str:
    rows = visit.in_force.agencies.rows(code) if code in visit.in_force.agencies else ()
    return str(rows[-1].value.name) if rows else code


def called(visit: Visit, procedure: str) -> str:
    """A procedure by its name; by its code where no file has one."""
    reference = visit.in_force.reference
    day = visit.zone.day(visit.now_ms)
    row = None if reference is None else reference.procedures.on(procedure, day)
    if row is None:
        return procedure
    return visit.one_of(row.name_vi, row.name_en or row.name_vi)
