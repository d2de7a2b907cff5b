"""Sources as tests draw them: when their events and heartbeats arrive, in a calendar with a Tết."""

import random
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from monitor.domain.activity import delay_bin
from monitor.domain.calendar import WorkCalendar
from monitor.domain.connection import Activity, Hour, Registered, judge
from monitor.domain.rhythm import Thresholds, Week
from monitor.domain.zone import DAY_MS, day_number

HOUR = 3_600_000
MINUTE = 60_000
# As in 2026: Tết from Monday 16 to Friday 20 February, and a Saturday that is worked, 10 January.
TET = frozenset(day_number(date(2026, 2, day)) for day in range(16, 21))
MADE_UP = frozenset({day_number(date(2026, 1, 10))})
CALENDAR = WorkCalendar(
    off=TET | {day_number(date(2026, 1, 1)), day_number(date(2026, 1, 2))}, make_up=MADE_UP
)
WEEK = Week.of(CALENDAR)
ZONE = CALENDAR.zone
OURS = Thresholds()


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return ZONE.start_of(day_number(date(2026, month, day))) + hour * HOUR + minute * MINUTE


def hours(
    events: Iterable[int],
    beats: Iterable[int] = (),
    *,
    delay_ms: int = 2_000,
    interval_ms: int = 0,
    **of_hours: Mapping[int, int],
) -> dict[int, Hour]:
    """The hours in which these arrive; `repeats`, `outside`, `waiting` by hour."""
    found: dict[int, dict[str, Any]] = {}
    for time in events:
        here = found.setdefault(time // HOUR, {"delays": {}})
        here["events"] = here.get("events", 0) + 1
        here["minutes"] = here.get("minutes", 0) | 1 << time % HOUR // MINUTE
        here["last_ms"] = max(here.get("last_ms", 0), time)
        place = delay_bin(delay_ms)
        here["delays"][place] = here["delays"].get(place, 0) + 1
    for time in beats:
        here = found.setdefault(time // HOUR, {})
        here["beats"] = here.get("beats", 0) + 1
        here["beat_minutes"] = here.get("beat_minutes", 0) | 1 << time % HOUR // MINUTE
        here["beat_ms"] = max(here.get("beat_ms", 0), time)
        here["interval_ms"] = interval_ms
    for name, numbers in of_hours.items():
        for hour, number in numbers.items():
            found.setdefault(hour, {})[name] = number
    return {hour: Hour(**here) for hour, here in found.items()}


def office(
    a_day: int, first: date, last: date, *, seed: int = 1, even: bool = False
) -> list[int]:
    """Arrivals in office hours of working days, as many as a day brings, give or take."""
    rng = random.Random(seed)
    found = []
    for day in range(day_number(first), day_number(last) + 1):
        if not CALENDAR.is_working_day(day):
            continue
        number = a_day if even else round(a_day * rng.uniform(0.6, 1.4))
        for _ in range(number):
            opens, closes = rng.choice([(7 * 60, 11 * 60 + 30), (13 * 60 + 30, 17 * 60)])
            found.append(ZONE.start_of(day) + rng.randrange(opens * MINUTE, closes * MINUTE))
    return sorted(found)


def stands(activity: Activity, now: int, **registered):
    """How a source stands that went live on 5 January."""
    given = {"begins_ms": at(1, 5), **registered}
    return judge(Registered(**given), activity, WEEK, now, OURS)


def days(events: Iterable[int]) -> range:
    found = [time // DAY_MS for time in events]
    return range(min(found), max(found) + 1)
