"""What sources send, counted for the health of their connections; off the hot path."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import accumulate
from typing import Final, NamedTuple

from monitor.domain.event import Event, Kind
from monitor.domain.zone import Zone

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
LATE_MS: Final = HOUR_MS  # as the booking class `late`
NO_STATE: Final = -1

_SECONDS: Final = (
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 2700, 3300, 3900, 4500, 5400, 7200,
    10_800, 14_400, 21_600, 28_800, 43_200, 86_400, 172_800, 604_800,
)  # fmt: skip
# From claimed to arrival: upper bounds of the bins. Below zero where the source's clock is ahead.
# Finer about an hour, because that is by how much a clock is off that forgot its zone.
DELAYS_MS: Final = (*(-1000 * s for s in reversed(_SECONDS)), 0, *(1000 * s for s in _SECONDS))
LONGEST_DELAY: Final = len(DELAYS_MS)  # the bin beyond the last bound


class Part(StrEnum):
    """Of what a source may send only a part."""

    KIND = "kind"  # by its number
    UNIT = "unit"  # an agency that holds dossiers, or a unit of one
    PROCEDURE = "procedure"


class HourKey(NamedTuple):
    source: str
    hour: int  # of arrival, of UTC, numbered from 1970


class PartKey(NamedTuple):
    source: str
    part: Part
    name: str
    day: int  # of arrival


class DayKey(NamedTuple):
    source: str
    day: int  # of the claimed time
    kind: int
    state: int


@dataclass(slots=True)
class Arrived:
    events: int = 0
    minutes: int = 0  # a bit for each minute in which something came
    last_ms: int = 0


@dataclass(slots=True)
class Seen:
    events: int
    first_ms: int
    last_ms: int


@dataclass(slots=True)
class Claimable:
    """The events of a day by their claimed time."""

    events: int = 0
    late: int = 0  # that came more than an hour after
    another: int = 0  # that came on another day
    last_ms: int = 0


@dataclass(slots=True)
class Counted:
    """Increments; all of them add up, whatever the order."""

    hours: dict[HourKey, Arrived] = field(default_factory=dict)
    kinds: Counter[tuple[str, int, int, int]] = field(default_factory=Counter)
    delays: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    parts: dict[PartKey, Seen] = field(default_factory=dict)
    days: dict[DayKey, Claimable] = field(default_factory=dict)
    dossiers: dict[tuple[str, int], set[str]] = field(default_factory=dict)


def delay_bin(delay_ms: int) -> int:
    """Where a delay lies among `DELAYS_MS`."""
    return bisect_left(DELAYS_MS, delay_ms)


def quantile(bins: Mapping[int, int], percent: int) -> int | None:
    """The bound, in ms, under which so many percent of the delays lie; None where there are none.

    Beyond the last bound there is none: that bound itself is given.
    """
    total = sum(bins.values())
    if not total:
        return None
    places = sorted(bins)
    so_far = accumulate(bins[place] for place in places)
    place = next(p for p, n in zip(places, so_far, strict=True) if n * 100 >= total * percent)
    return DELAYS_MS[min(place, LONGEST_DELAY - 1)]


def middle_of(bound_ms: int) -> int:
    """The middle of the bin below a bound."""
    place = DELAYS_MS.index(bound_ms)
    return (DELAYS_MS[max(place - 1, 0)] + bound_ms) // 2


def count(
    events: Iterable[Event],
    replaced: Iterable[Event],
    zone: Zone,
    claiming: Collection[str],
    counted: Counted,
) -> None:
    """Add what these events add. Of sources that are claiming, also which dossiers they tell of.

    A snapshot and what its producer calls history are no news: they count for the day they are
    claimed for, and show neither that a connection lives nor how busy it is.
    """
    for event in events:
        if not (event.backfill or event.kind is Kind.SNAPSHOT):
            _note_arrival(counted, event, zone)
        day = _add(counted, event, zone, 1)
        if event.source in claiming:
            counted.dossiers.setdefault((event.source, day), set()).add(event.dossier)
    for event in replaced:
        _add(counted, event, zone, -1)


def note_sign(counted: Counted, source: str, arrival_ms: int, claimed_ms: int) -> int:
    """Add an event that shows that a source lives, of whatever kind; the hour of its arrival."""
    hour, within = divmod(arrival_ms, HOUR_MS)
    here = counted.hours.setdefault(HourKey(source, hour), Arrived())
    here.events += 1
    here.minutes |= 1 << within // MINUTE_MS
    here.last_ms = max(here.last_ms, arrival_ms)
    counted.delays[source, hour, delay_bin(arrival_ms - claimed_ms)] += 1
    return hour


def _note_arrival(counted: Counted, event: Event, zone: Zone) -> None:
    source, at = event.source, event.arrival_ms
    hour = note_sign(counted, source, at, event.claimed_ms)
    state = getattr(event, "state", NO_STATE)
    counted.kinds[source, hour, int(event.kind), state] += 1
    day = zone.day(at)
    names = {
        (Part.KIND, str(int(event.kind))),
        (Part.UNIT, getattr(event, "agency", "")),
        (Part.UNIT, getattr(event, "unit", "") or ""),
        (Part.PROCEDURE, getattr(event, "procedure", "")),
    }
    for part, name in names:
        if not name:
            continue
        key = PartKey(source, part, name, day)
        seen = counted.parts.get(key)
        if seen is None:
            counted.parts[key] = Seen(1, at, at)
        else:
            seen.events += 1
            seen.first_ms = min(seen.first_ms, at)
            seen.last_ms = max(seen.last_ms, at)


def _add(counted: Counted, event: Event, zone: Zone, sign: int) -> int:
    day = zone.day(event.claimed_ms)
    state = getattr(event, "state", NO_STATE) if event.kind is Kind.STATE else NO_STATE
    key = DayKey(event.source, day, int(event.kind), state)
    here = counted.days.setdefault(key, Claimable())
    here.events += sign
    here.late += sign * (event.arrival_ms - event.claimed_ms > LATE_MS)
    here.another += sign * (zone.day(event.arrival_ms) != day)
    here.last_ms = max(here.last_ms, event.arrival_ms)
    return day
