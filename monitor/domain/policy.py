"""By which rules a dossier is measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from monitor.domain.binding import Limits, standard
from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import Strategy
from monitor.domain.event import State
from monitor.domain.fold import REPEAT_MS
from monitor.domain.lifecycle import STOPS, RuleName
from monitor.domain.procedure import Catalogue
from monitor.domain.zone import Zone

# Raised by hand when `fold` or `post` may give other entries for the same events, so that
# two versions of the code never book side by side (ARCHITECTURE.md §2.5).
RULES_VERSION: Final = 6


class Precision(StrEnum):
    """How an end is compared with a due date: to the instant, or by local dates."""

    INSTANT = "instant"
    DATE = "date"


class Calendars(Protocol):
    """Working calendars by agency, as they stand or as they were known on a day."""

    def calendar(self, agency: str = "") -> WorkCalendar: ...
    def calendar_known_at(self, day: int, agency: str = "") -> WorkCalendar: ...
    def owners(self) -> tuple[str, ...]: ...  # agencies with hours of their own


def _as_it_was(agency: str) -> str:
    return agency


def _any_agency(_code: str, _day: int) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Legal:
    """The law's side of a policy: without it only the plain rule is measured."""

    calendars: Calendars
    catalogue: Catalogue
    strategy: Strategy = Strategy.SHIFT  # what a pause does to a due date of ours
    stops: Mapping[RuleName, frozenset[State]] = field(
        default_factory=lambda: STOPS
    )  # which state stops which rule's clock
    # Whether an agency's ministry or province is in being on a local day.
    agency_known: Callable[[str, int], bool] = _any_agency
    # Who stands today where an agency did: figures before and after a merger are shown together.
    present: Callable[[str], str] = _as_it_was
    limits: Limits = standard  # by when a clock wants something done
    portals: frozenset[str] = frozenset()  # sources that are never the authority of a dossier
    #                                        that another source speaks of
    repeat_ms: int = REPEAT_MS  # how long what has no id may be a repeat
    version: str = ""  # digest of the reference files it was made from


@dataclass(frozen=True, slots=True)
class Policy:
    """The zone whose days are counted, the plain verdict's precision, and the law if it binds."""

    zone: Zone
    precision: Precision = Precision.INSTANT
    legal: Legal | None = None

    def present(self, agency: str) -> str:
        """Who stands today where this ministry or province did; itself without reference files."""
        return self.legal.present(agency) if self.legal else agency

    @property
    def portals(self) -> frozenset[str]:
        """Sources registered as portals."""
        return self.legal.portals if self.legal else frozenset()

    @property
    def repeat_ms(self) -> int:
        """How long an equal statement without an id may be the same one sent twice."""
        return self.legal.repeat_ms if self.legal else REPEAT_MS
