"""Periods of official figures, as people write them."""

from datetime import date

import pytest

from monitor.domain.period import NoPeriod, Period, Span
from monitor.domain.zone import date_of, day_number


@pytest.mark.parametrize(
    ("text", "span", "first", "last"),
    [
        ("2026-08-14", Span.DAY, "2026-08-14", "2026-08-14"),
        ("2026-02", Span.MONTH, "2026-02-01", "2026-02-28"),
        ("2024-02", Span.MONTH, "2024-02-01", "2024-02-29"),
        ("2026-Q3", Span.QUARTER, "2026-07-01", "2026-09-30"),
        ("2026-q1", Span.QUARTER, "2026-01-01", "2026-03-31"),
        ("2026-H1", Span.HALF, "2026-01-01", "2026-06-30"),
        ("2026-H2", Span.HALF, "2026-07-01", "2026-12-31"),
        (" 2026 ", Span.YEAR, "2026-01-01", "2026-12-31"),
    ],
)
def test_a_period_is_read_and_has_its_days(text: str, span: Span, first: str, last: str):
    period = Period.of(text)
    assert period.span is span
    assert date_of(period.first_day).isoformat() == first
    assert date_of(period.last_day).isoformat() == last
    assert str(period) == text.strip().upper()
    assert Period.of(str(period)) == period


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-00", "2026-Q5", "2026-H3", "2026-02-30", "1989", "2101", "08/2026"],
)
def test_what_is_no_period_says_how_one_is_written(text: str):
    with pytest.raises(NoPeriod, match=r"write a day 2026-08-14, a month 2026-08"):
        Period.of(text)


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2026-03-01", "2026-02-28"),
        ("2026-01", "2025-12"),
        ("2026-Q1", "2025-Q4"),
        ("2026-H2", "2026-H1"),
        ("2026", "2025"),
    ],
)
def test_the_period_before_ended_the_day_before(text: str, before: str):
    assert Period.of(text).before == Period.of(before)


def test_the_year_before_is_the_whole_calendar_year():
    assert Period.of("2026-Q3").year_before == Period.of("2025")
    assert Period.of("2026-08-14").year_before == Period.of("2025")


def test_a_day_lies_in_one_period_of_each_span():
    day = date(2026, 11, 28)
    found = {span: str(Period.holding(span, day)) for span in Span}
    assert found == {
        Span.DAY: "2026-11-28",
        Span.MONTH: "2026-11",
        Span.QUARTER: "2026-Q4",
        Span.HALF: "2026-H2",
        Span.YEAR: "2026",
    }
    assert day_number(day) == Period.of("2026-11-28").first_day
