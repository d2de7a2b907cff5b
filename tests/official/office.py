"""A second working calendar, from the raw days: the `holidays` library and the decisions in the file.

Written from MEASURES.md §5 and DOMAIN.md §6, and importing nothing of ours. It knows one set of
sessions, and takes every decision as known, which is so for days after the last of them.
"""

import tomllib
from bisect import bisect_left
from datetime import date, timedelta
from pathlib import Path

import holidays

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ZONE_MS = 7 * HOUR_MS  # Asia/Ho_Chi_Minh, without summer time
EPOCH = date(1970, 1, 1).toordinal()
FIRST, LAST = 2025, 2029


def day_of(ms: int) -> int:
    """The local day, counted from 1970-01-01."""
    return (ms + ZONE_MS) // DAY_MS


def midnight(day: int) -> int:
    """00:00 of a local day."""
    return day * DAY_MS - ZONE_MS


def number(day: date) -> int:
    return day.toordinal() - EPOCH


class Office:
    """When state agencies work, from 2025 to 2029."""

    def __init__(self, calendar: Path) -> None:
        document = tomllib.loads(calendar.read_text("utf-8"))
        sessions = [_span(text) for text in document["hours"][0]["mon"]]
        library = holidays.country_holidays("VN", years=range(FIRST, LAST + 1))
        off = {day for day in library if isinstance(day, date)}
        made_up = set(getattr(library, "weekend_workdays", ()))
        for decision in document["decisions"]:
            off |= set(decision["off"])
            made_up |= set(decision["make_up"])
        self._opens: list[int] = []  # of each session, instants
        self._closes: list[int] = []
        self._before: list[int] = []  # worked before it opens
        self.working_days: list[int] = []
        self._close_of: dict[int, int] = {}
        worked = 0
        day = date(FIRST, 1, 1)
        while day.year <= LAST:
            if day in made_up or (day.weekday() < 5 and day not in off):
                this = number(day)
                self.working_days.append(this)
                for first_ms, last_ms in sessions:
                    self._opens.append(midnight(this) + first_ms)
                    self._closes.append(midnight(this) + last_ms)
                    self._before.append(worked)
                    worked += last_ms - first_ms
                self._close_of[this] = self._closes[-1]
            day += timedelta(days=1)

    def worked(self, ms: int) -> int:
        """Working time from the beginning of the calendar to an instant."""
        session = bisect_left(self._closes, ms)
        return self._before[session] + max(0, ms - self._opens[session])

    def after_work(self, worked: int) -> int:
        """The first instant at which so much has been worked: a close, not the next opening."""
        session = bisect_left(self._before, worked) - 1
        return self._opens[session] + worked - self._before[session]

    def nth_day(self, day: int, n: int) -> int:
        """The n-th working day after a day."""
        following = bisect_left(self.working_days, day + 1)
        return self.working_days[following + n - 1]

    def opening(self, ms: int) -> int:
        """The instant itself while the office works, else when it opens next."""
        return max(ms, self._opens[bisect_left(self._closes, ms + 1)])

    def due(self, receipt_ms: int, limit: str) -> int | None:
        """A limit as the catalogue writes it, from a receipt: 5 working_days, none, …"""
        if limit == "none":
            return None
        count, unit = limit.split()
        n = int(count)
        start_ms = self.opening(receipt_ms)
        if unit == "hours":
            return self.after_work(self.worked(start_ms) + n * HOUR_MS)
        if unit == "working_days":
            return self._close_of[self.nth_day(day_of(start_ms), n)]
        # Calendar days, moved off a day off.
        last = day_of(start_ms) + n
        return self._close_of[self.working_days[bisect_left(self.working_days, last)]]


def _span(text: str) -> tuple[int, int]:
    first, last = (part.split(":") for part in text.split("-"))
    return (
        (int(first[0]) * 60 + int(first[1])) * 60_000,
        (int(last[0]) * 60 + int(last[1])) * 60_000,
    )
