"""Periods of official figures: a day, a month, a quarter, half a year, a year; written as people do."""

import re
from calendar import monthrange
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.zone import date_of, day_number


class Span(StrEnum):
    """How long a period is."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    HALF = "half"
    YEAR = "year"


_MONTHS: Final = {Span.MONTH: 1, Span.QUARTER: 3, Span.HALF: 6, Span.YEAR: 12}
_WRITTEN: Final = re.compile(
    r"(?P<year>[0-9]{4})(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2}))?))?"
)


class NoPeriod(ValueError):
    """A text that is no period; the text says how one is written."""


class Period(NamedTuple):
    """Days since 1970-01-01 in the policy's zone, first and last included."""

    span: Span
    first_day: int
    last_day: int

    @classmethod
    def of(cls, text: str) -> "Period":
        """From 2026-08-14, 2026-08, 2026-Q3, 2026-H1 or 2026. Raises `NoPeriod`."""
        try:
            return cls._read(text)
        except ValueError:
            raise NoPeriod(
                f"{text!r} is no period: write a day 2026-08-14, a month 2026-08, a quarter"
                " 2026-Q3, half a year 2026-H1 or a year 2026, from 1990 to 2100"
            ) from None

    @classmethod
    def _read(cls, text: str) -> "Period":
        found = _WRITTEN.fullmatch(text.strip().upper())
        if found is None or not 1990 <= int(found["year"]) <= 2100:
            raise ValueError(text)
        year = int(found["year"])
        if found["day"]:
            return cls.holding(Span.DAY, date(year, int(found["month"]), int(found["day"])))
        if found["month"]:
            return cls.holding(Span.MONTH, date(year, int(found["month"]), 1))
        if found["quarter"]:
            return cls.holding(Span.QUARTER, date(year, int(found["quarter"]) * 3, 1))
        if found["half"]:
            return cls.holding(Span.HALF, date(year, int(found["half"]) * 6, 1))
        return cls.holding(Span.YEAR, date(year, 1, 1))

    @classmethod
    def holding(cls, span: Span, day: date) -> "Period":
        """The period of a span that a day lies in."""
        if span is Span.DAY:
            return cls(span, day_number(day), day_number(day))
        months = _MONTHS[span]
        first = (day.month - 1) // months * months + 1
        last = first + months - 1
        return cls(
            span,
            day_number(date(day.year, first, 1)),
            day_number(date(day.year, last, monthrange(day.year, last)[1])),
        )

    @property
    def before(self) -> "Period":
        """The period of the same span that ended the day before this one began."""
        return self.holding(self.span, date_of(self.first_day - 1))

    @property
    def year_before(self) -> "Period":
        """The whole calendar year before the one that this period begins in."""
        return self.holding(Span.YEAR, date(date_of(self.first_day).year - 1, 1, 1))

    def __str__(self) -> str:
        first = date_of(self.first_day)
        match self.span:
            case Span.DAY:
                return first.isoformat()
            case Span.MONTH:
                return f"{first:%Y-%m}"
            case Span.QUARTER:
                return f"{first.year}-Q{(first.month + 2) // 3}"
            case Span.HALF:
                return f"{first.year}-H{1 if first.month == 1 else 2}"
            case _:  # YEAR
                return str(first.year)
