"""What objectives and services ask of the ledger's accounts: which to sum, for which scopes."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from itertools import product
from typing import Final, NamedTuple

from monitor.domain.codes import level1
from monitor.domain.measures import Clock, Measure, Part, clock_measure, hour_measure
from monitor.domain.objective import COUNTED, Counting, Objectives, Scope
from monitor.domain.service_level import Counted
from monitor.domain.view import Cell

BOOK: Final = 1  # raised when other sums are kept of the same files
_NATIONAL: Final = len("1.004194")
SERVICE: Final = "service"  # the account of services, beside those of indicators


class Kept(IntEnum):
    """What is summed of an account. Numbers are kept in the ledger until it is made anew."""

    GOOD = 0  # by day
    BAD = 1
    GOOD_HOURS = 2  # by day and hour
    BAD_HOURS = 3
    DUE_WHEN_DUE = 4  # open at the end of the day they fell due, by that day
    DUE_SINCE = 5  # what entered or left later; the sum of both is open now
    WORKED = 6  # completed, by day and bin of working time
    OPEN = 7  # movements of what is open, by day


class How(IntEnum):
    """How a line of the journal becomes a line of the sums."""

    BY_DAY = 0
    BY_SLOT = 1  # day and slot
    BY_DUE = 2  # the slot is the day
    STOCK = 3  # by day; what is older than what is kept counts on the first day that is


class Asked(NamedTuple):
    """An account's part, and the measure that it is made of."""

    account: str
    kept: Kept
    how: How
    measure: int
    weight: int = 1
    channel: int = 0  # 0: of any
    level: int = 0


def asked_of(account: str, counting: Counting) -> Iterable[Asked]:
    """The sums that an indicator needs."""
    sides = (
        (counting.good, Kept.GOOD, Kept.GOOD_HOURS),
        (counting.bad, Kept.BAD, Kept.BAD_HOURS),
    )
    for terms, by_day, by_hour in sides:
        for measure, weight, channel, level in terms:
            yield Asked(account, by_day, How.BY_DAY, measure, weight, channel, level)
            if counting.hourly:
                hours = hour_measure(measure)
                yield Asked(account, by_hour, How.BY_SLOT, hours, weight, channel, level)
    for measure in counting.open:
        yield Asked(account, Kept.DUE_WHEN_DUE, How.BY_DUE, measure)


_OF_SERVICES: Final = (
    Asked(
        SERVICE,
        Kept.WORKED,
        How.BY_SLOT,
        clock_measure(Clock.PROCESSING, Part.WORKED_BINS),
    ),
    Asked(SERVICE, Kept.OPEN, How.STOCK, Measure.IN_PROCESS),
    Asked(SERVICE, Kept.OPEN, How.STOCK, Measure.PAUSED),
)


class Eligible(NamedTuple):
    """A procedure that could be provided wholly online; days since 1970-01-01."""

    valid_from: int
    valid_until: int | None
    full: bool  # it is


@dataclass(frozen=True)
class Watched:
    """All scopes that are summed, each with a number, and for which accounts."""

    objectives: Objectives
    agencies: tuple[str, ...] = ()  # ministries and provinces whose services are watched
    heirs: Mapping[str, str] = field(default_factory=dict)  # of agencies that ended
    eligible: tuple[Eligible, ...] = ()  # of the catalogue

    def services(self, day: int) -> Counted:
        """Eligible procedures on a day: those wholly online, and the others."""
        full = [
            one.full
            for one in self.eligible
            if one.valid_from <= day and (one.valid_until is None or day < one.valid_until)
        ]
        return Counted(sum(full), len(full) - sum(full))

    @cached_property
    def pairs(self) -> tuple[tuple[str, Scope], ...]:
        """Accounts and scopes that are asked for."""
        found = {
            (str(objective.indicator), scope)
            for objective in self.objectives.legal()
            if not COUNTED[objective.indicator].from_catalogue
            for scope in objective.scopes
        }
        found |= {
            (SERVICE, Scope(agency=agency, group=group.name))
            for agency in self.agencies
            for group in self.objectives.groups
        }
        return tuple(sorted(found))

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        """Each once; its place is its number."""
        return tuple(sorted({scope for _, scope in self.pairs}))

    @cached_property
    def numbers(self) -> Mapping[Scope, int]:
        return {scope: number for number, scope in enumerate(self.scopes)}

    @cached_property
    def asked(self) -> tuple[Asked, ...]:
        """All sums, each once."""
        accounts = {account for account, _ in self.pairs}
        found = [
            asked
            for indicator, counting in COUNTED.items()
            if str(indicator) in accounts
            for asked in asked_of(str(indicator), counting)
        ]
        return (*found, *(_OF_SERVICES if SERVICE in accounts else ()))

    @cached_property
    def digest(self) -> str:
        """Of all that decides which cell counts where: another one makes the sums anew."""
        said = (
            BOOK,
            self.pairs,
            self.asked,
            [(group.name, sorted(group.procedures)) for group in self.objectives.groups],
            sorted(self.heirs.items()),
        )
        return hashlib.sha256(repr(said).encode()).hexdigest()[:16]

    @cached_property
    def _groups_of(self) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for group in self.objectives.groups:
            for procedure in group.procedures:
                found[procedure] = (*found.get(procedure, ()), group.name)
        return found

    @cached_property
    def _units(self) -> frozenset[str]:
        return frozenset(scope.unit for scope in self.scopes if scope.unit)

    def places(self, cell: Cell) -> list[int]:
        """The numbers of the scopes that a cell belongs to."""
        first = level1(cell.agency)
        places = [("", ""), (self.heirs.get(first, first), "")]
        if self._units:
            above = [self.heirs.get(code, code) for code in _upwards(cell.agency)]
            places += [("", unit) for unit in dict.fromkeys(above) if unit in self._units]
        # A province's own form of a procedure, 1.004194.H56, is the national one's.
        known = self._groups_of
        groups = ("", *(known.get(cell.procedure) or known.get(cell.procedure[:_NATIONAL], ())))
        channels = (0, cell.channel) if cell.channel else (0,)
        numbers = self.numbers
        return [
            numbers[scope]
            for (agency, unit), group, channel in product(places, groups, channels)
            if (scope := Scope(agency, unit, group, channel)) in numbers
        ]


def _upwards(code: str) -> Iterable[str]:
    """An agency and all above it: H56.12.3, H56.12, H56."""
    while code:
        yield code
        code = code.rpartition(".")[0]
