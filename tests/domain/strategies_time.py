"""Instants where counting time goes wrong, and the calendar of 2024 to 2026 written by hand."""

from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from monitor.domain.calendar import WorkCalendar

HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")
EPOCH = datetime.fromisoformat("1970-01-01T00:00+00:00")
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

# DOMAIN.md §6, days of the weekend left out.
_OFF = """
2024-01-01 2024-02-08 2024-02-09 2024-02-12 2024-02-13 2024-02-14 2024-04-18 2024-04-29
2024-04-30 2024-05-01 2024-09-02 2024-09-03
2025-01-01 2025-01-27 2025-01-28 2025-01-29 2025-01-30 2025-01-31 2025-04-07 2025-04-30
2025-05-01 2025-05-02 2025-09-01 2025-09-02
2026-01-01 2026-01-02 2026-02-16 2026-02-17 2026-02-18 2026-02-19 2026-02-20 2026-04-27
2026-04-30 2026-05-01 2026-08-31 2026-09-01 2026-09-02 2026-11-24
"""
OFF = _OFF.split()
MAKE_UP = ["2024-05-04", "2025-04-26", "2026-01-10", "2026-08-22"]

# (start, working days, due): the first with make-up Saturdays counted (DOMAIN.md §3.4), the
# second without, counted by hand on a paper calendar.
VECTORS = [
    ("2024-05-03", 1, "2024-05-04", "2024-05-06"),
    ("2025-01-24", 3, "2025-02-05", "2025-02-05"),
    ("2025-04-25", 1, "2025-04-26", "2025-04-28"),
    ("2025-04-29", 2, "2025-05-06", "2025-05-06"),
    ("2025-12-31", 1, "2026-01-05", "2026-01-05"),
    ("2026-01-09", 1, "2026-01-10", "2026-01-12"),
    ("2026-02-13", 5, "2026-02-27", "2026-02-27"),
    ("2026-04-24", 3, "2026-05-04", "2026-05-04"),
    ("2026-08-21", 1, "2026-08-22", "2026-08-24"),
    ("2026-08-28", 2, "2026-09-04", "2026-09-04"),
    ("2026-11-23", 1, "2026-11-25", "2026-11-25"),
]
# (year, working days with make-up Saturdays, without): DOMAIN.md §6.
YEARS = [(2024, 251, 250), (2025, 250, 249), (2026, 249, 247)]
LATER_YEARS = [(2027, 249, 249), (2028, 248, 248), (2029, 249, 249), (2030, 249, 249)]

DANGEROUS_DAYS = [
    *OFF,
    *MAKE_UP,
    *[start for start, *_ in VECTORS],
    *[due for _, _, due, _ in VECTORS],
    "2024-02-29",  # a leap day
    "2024-12-31",  # month and year ends
    "2025-02-28",
    "2025-06-30",
    "2026-08-23",  # the Sunday after a make-up Saturday
]
DANGEROUS_TIMES = [  # opening, lunch, 15:00 (Decree 61/2018 Art. 18), close, midnight
    *(0, 7 * HOUR, 11 * HOUR + 30 * MINUTE, 13 * HOUR + 30 * MINUTE),
    *(15 * HOUR, 17 * HOUR, 24 * HOUR),
]


def at(text, zone=HO_CHI_MINH):
    """The instant of a local time, as `2026-08-03 07:00`."""
    return (datetime.fromisoformat(text).replace(tzinfo=zone) - EPOCH) // timedelta(
        milliseconds=1
    )


def day(text):
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


@cache
def vietnam(*, makeup_days_count=True):
    return WorkCalendar(
        off=frozenset(map(day, OFF)),
        make_up=frozenset(map(day, MAKE_UP)),
        makeup_days_count=makeup_days_count,
        announced_until=day("2026-12-31"),
    )


# Laid out here, so that no example pays for it.
calendars = st.sampled_from([vietnam(), vietnam(makeup_days_count=False)])
days = st.sampled_from(DANGEROUS_DAYS).map(day).flatmap(
    lambda near: st.integers(near - 3, near + 3)
) | st.integers(day("2024-01-01"), day("2026-12-31"))


@st.composite
def instants(draw, unit=1):
    """An instant at, or within two units or hours of, what is dangerous."""
    edge = draw(days) * DAY - 7 * HOUR + draw(st.sampled_from(DANGEROUS_TIMES))
    near = draw(st.integers(-2, 2) | st.integers(-2 * HOUR // unit, 2 * HOUR // unit))
    return edge + near * unit
