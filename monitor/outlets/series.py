"""Who has series of its own, so that one instance stays within its budget whatever is sent.

Agencies, sources and their combinations come from what systems send. A label set that finds no
place is summed into one that has `other` in place of what it would have said: sums over labels
stay exact, only the breakdown is lost. A place once given stays for the life of the process, so
that no counter falls; whoever comes first, the biggest first, gets it.
"""

from collections import Counter
from collections.abc import Hashable
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.connection import Fact
from monitor.outlets.names import (
    BOUNDS,
    BY_AGENCY,
    CHANNELS,
    CLASSES,
    DUE,
    FLOWS,
    LARGEST_AGENCIES,
    LARGEST_SOURCES,
    LEVELS,
    OPEN_STATES,
    OTHER,
    SERIES_BUDGET,
    UNSAID,
)

_FLOW_SERIES: Final = 2 * (len(FLOWS) - len(BY_AGENCY))
_OPEN_SERIES: Final = len(OPEN_STATES) + 1
_CONNECTION_SERIES: Final = 6 + len(Fact)
_AGENCY_SERIES: Final = len(DUE) + 2 * len(BOUNDS) + 2 * len(BY_AGENCY) * len(CLASSES)
_SOURCE_SERIES: Final = 3  # counted, duplicate, refused

# What label sets with `other` alone may still take when nothing else finds a place: four classes
# of flows, the open ones, an agency and a source, its reasons, and what tells of the snapshot.
_LAST_RESORT: Final = 4 * _FLOW_SERIES + _OPEN_SERIES + _AGENCY_SERIES + _SOURCE_SERIES + 50


class Part(StrEnum):
    """What draws from the budget."""

    AGENCIES = "agencies"
    SOURCES = "sources"
    FLOWS = "flows"
    OPEN = "open"
    CONNECTIONS = "connections"


class Place(NamedTuple):
    """Label values of a breakdown."""

    agency: str
    channel: str
    level: str


_NOWHERE: Final = Place(OTHER, OTHER, OTHER)


class Places:
    """Gives out label values; one for the life of the process."""

    def __init__(
        self,
        budget: int = SERIES_BUDGET,
        *,
        agencies: int = LARGEST_AGENCIES,
        sources: int = LARGEST_SOURCES,
    ) -> None:
        self._left = budget - _LAST_RESORT
        # Kept for agencies as a whole when their details find no place any more.
        self._for_wholes = budget // 10
        self._agencies_left = agencies
        self._sources_left = sources
        self._given: dict[Part, set[Hashable]] = {part: set() for part in Part}
        self.turned_away: Counter[Part] = Counter()  # since `begin`

    def begin(self) -> None:
        """A new snapshot is placed."""
        self.turned_away.clear()

    def partition(self, key: Hashable) -> None:
        """The series of a partition are shown in any case and make the room smaller."""
        if key not in self._given[Part.AGENCIES]:
            self._given[Part.AGENCIES].add(key)
            self._left -= 2

    def agency(self, agency: str) -> str:
        """The label of an agency."""
        if agency in self._given[Part.AGENCIES]:
            return agency or UNSAID
        if self._agencies_left and self._take(Part.AGENCIES, agency, _AGENCY_SERIES):
            self._agencies_left -= 1
            return agency or UNSAID
        self.turned_away[Part.AGENCIES] += 1
        return OTHER

    def source(self, source: str) -> str:
        """The label of a source."""
        if source in self._given[Part.SOURCES]:
            return source or UNSAID
        if self._sources_left and self._take(Part.SOURCES, source, _SOURCE_SERIES):
            self._sources_left -= 1
            return source or UNSAID
        self.turned_away[Part.SOURCES] += 1
        return OTHER

    def connection(self, source: str) -> bool:
        """Whether there is room for how a registered source stands."""
        if self._take(Part.CONNECTIONS, source, _CONNECTION_SERIES):
            return True
        self.turned_away[Part.CONNECTIONS] += 1
        return False

    def refusal(self, source: str, reason: str) -> str:
        """The label of a source whose records are refused for a reason."""
        if source != OTHER and not self._take(Part.SOURCES, (source, reason), 1):
            self.turned_away[Part.SOURCES] += 1
            return OTHER
        return source

    def flow(self, agency: str, channel: int, level: int, booking_class: int) -> Place:
        """The labels of what happened; `agency` is a label already."""
        detail = Place(agency, CHANNELS.get(channel, OTHER), LEVELS.get(level, OTHER))
        return self._place(
            Part.FLOWS, detail, CLASSES.get(booking_class, OTHER), series=_FLOW_SERIES
        )

    def open(self, agency: str, channel: int, level: int) -> Place:
        """The labels of what is open; `agency` is a label already."""
        detail = Place(agency, CHANNELS.get(channel, OTHER), LEVELS.get(level, OTHER))
        return self._place(Part.OPEN, detail, "", series=_OPEN_SERIES)

    def _place(self, part: Part, detail: Place, also: str, *, series: int) -> Place:
        if detail.agency == OTHER:
            return _NOWHERE
        if self._take(part, (detail, also), series, leave=self._for_wholes):
            return detail
        self.turned_away[part] += 1
        whole = Place(detail.agency, OTHER, OTHER)
        return whole if self._take(part, (whole, also), series) else _NOWHERE

    def _take(self, part: Part, key: Hashable, series: int, *, leave: int = 0) -> bool:
        given = self._given[part]
        if key in given:
            return True
        if self._left - series < leave:
            return False
        self._left -= series
        given.add(key)
        return True
