"""Who has series of its own, so that one instance stays within its budget whatever is sent.

Agencies, sources and their combinations come from what systems send. A label set that finds no
place is summed into one that has `other` in place of what it would have said: sums over labels
stay exact, only the breakdown is lost. So that no counter falls, a place stays as long as it is
asked for in every snapshot, and what was once summed into `other` stays there for the life of the
process; whoever comes first, the biggest first, gets a place.
"""

from collections import Counter
from collections.abc import Hashable
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
    Part,
)

_FLOW_SERIES: Final = 2 * (len(FLOWS) - len(BY_AGENCY))
_OPEN_SERIES: Final = len(OPEN_STATES) + 1
_CONNECTION_SERIES: Final = 6 + len(Fact)
_AGENCY_SERIES: Final = len(DUE) + 2 * len(BOUNDS)
_AGENCY_FLOW_SERIES: Final = 2 * len(BY_AGENCY)
_SOURCE_SERIES: Final = 3  # counted, duplicate, refused
_PARTITION_SERIES: Final = 3

# What label sets with `other` alone may still take when nothing else finds a place: four classes
# of flows, the open ones, an agency and a source, its reasons, its interface, warnings, and what
# tells of the snapshot.
_LAST_RESORT: Final = (
    len(CLASSES) * (_FLOW_SERIES + _AGENCY_FLOW_SERIES)
    + _OPEN_SERIES
    + _AGENCY_SERIES
    + _SOURCE_SERIES
    + 200
)


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
        self._limits = {Part.AGENCIES: agencies, Part.SOURCES: sources}
        self._given: dict[tuple[Part, Hashable], int] = {}  # series of each
        self._held: Counter[Part] = Counter()  # how many of each part are given
        self._asked: set[tuple[Part, Hashable]] = set()  # since `begin`
        self._refused: set[tuple[Part, Hashable]] = set()
        self.turned_away: Counter[Part] = Counter()  # since `begin`

    def begin(self) -> None:
        """A new snapshot is placed: what was not in the last one gives its room back."""
        self.turned_away.clear()
        for key in self._given.keys() - self._asked:
            self._left += self._given.pop(key)
            self._held[key[0]] -= 1
        self._asked.clear()

    def partition(self, key: Hashable) -> None:
        """The series of a partition are shown in any case and make the room smaller."""
        place = Part.PARTITIONS, key
        self._asked.add(place)
        if place not in self._given:
            self._given[place] = _PARTITION_SERIES
            self._left -= _PARTITION_SERIES

    def agency(self, agency: str) -> str:
        """The label of an agency."""
        return self._named(Part.AGENCIES, agency, _AGENCY_SERIES)

    def source(self, source: str) -> str:
        """The label of a source."""
        return self._named(Part.SOURCES, source, _SOURCE_SERIES)

    def _named(self, part: Part, name: str, series: int) -> str:
        """A name, or OTHER where there is no room or there are too many."""
        full = self._held[part] >= self._limits[part]
        return (name or UNSAID) if self.room(part, name, series, full=full) else OTHER

    def connection(self, source: str) -> bool:
        """Whether there is room for how a registered source stands."""
        return self.room(Part.CONNECTIONS, source, _CONNECTION_SERIES)

    def refusal(self, source: str, reason: str) -> str:
        """The label of a source whose records are refused for a reason."""
        if source == OTHER or self.room(Part.REFUSALS, (source, reason), 1):
            return source
        return OTHER

    def flow(self, agency: str, channel: int, level: int, booking_class: int) -> Place:
        """The labels of what happened; `agency` is a label already."""
        detail = Place(agency, CHANNELS.get(channel, OTHER), LEVELS.get(level, OTHER))
        return self._place(
            Part.FLOWS, detail, CLASSES.get(booking_class, OTHER), series=_FLOW_SERIES
        )

    def agency_flow(self, agency: str, booking_class: int) -> str:
        """The label of an agency in what is shown by agency alone; `agency` is a label already."""
        key = agency, CLASSES.get(booking_class, OTHER)
        if agency == OTHER or self.room(Part.AGENCY_FLOWS, key, _AGENCY_FLOW_SERIES):
            return agency
        return OTHER

    def open(self, agency: str, channel: int, level: int) -> Place:
        """The labels of what is open; `agency` is a label already."""
        detail = Place(agency, CHANNELS.get(channel, OTHER), LEVELS.get(level, OTHER))
        return self._place(Part.OPEN, detail, "", series=_OPEN_SERIES)

    def _place(self, part: Part, detail: Place, also: str, *, series: int) -> Place:
        if detail.agency == OTHER:
            return _NOWHERE
        if self.room(part, (detail, also), series, leave=self._for_wholes):
            return detail
        whole = Place(detail.agency, OTHER, OTHER)
        return whole if self._take(part, (whole, also), series) else _NOWHERE

    def room(
        self, part: Part, key: Hashable, series: int, *, leave: int = 0, full: bool = False
    ) -> bool:
        """Whether there is room for so many series under this key, besides `leave` others."""
        if self._take(part, key, series, leave=leave, full=full):
            return True
        self.turned_away[part] += 1
        return False

    def summed(self, part: Part, key: Hashable) -> bool:
        """Whether this was turned away before: it is in `other`, and must stay in it."""
        return (part, key) in self._refused

    def _take(
        self, part: Part, key: Hashable, series: int, *, leave: int = 0, full: bool = False
    ) -> bool:
        place = part, key
        if place in self._given:
            self._asked.add(place)
            return True
        if full or place in self._refused or self._left - series < leave:
            self._refused.add(place)
            return False
        self._left -= series
        self._given[place] = series
        self._held[part] += 1
        self._asked.add(place)
        return True
