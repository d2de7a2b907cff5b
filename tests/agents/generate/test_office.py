"""Limits and office time, against dates counted by hand."""

from datetime import datetime

import pytest

from agents.generate.country import Procedure
from agents.generate.office import DAY, OfficeClock, ShortClock, local_time, utc_time


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text + "+07:00").timestamp()) * 1_000


def procedure(limit: int | None, unit: str = "") -> Procedure:
    return Procedure(
        code="1.000001",
        name="",
        by="commune",
        level=4,
        weight=1,
        business=0,
        limit=limit,
        unit=unit,
    )


@pytest.mark.parametrize(
    ("accepted", "limit", "unit", "due"),
    [
        ("2026-08-03T08:12:31", 5, "working_days", "2026-08-10T17:00:00"),  # Monday
        ("2026-08-07T16:59:00", 1, "working_days", "2026-08-10T17:00:00"),  # Friday
        ("2026-08-08T10:00:00", 1, "working_days", "2026-08-10T17:00:00"),  # Saturday
        ("2026-08-03T08:00:00", 5, "days", "2026-08-10T17:00:00"),  # moved off Saturday
        ("2026-08-03T08:00:00", 4, "days", "2026-08-07T17:00:00"),
        ("2026-08-03T08:00:00", 8, "hours", "2026-08-04T08:00:00"),
        ("2026-08-03T07:00:00", 8, "hours", "2026-08-03T17:00:00"),
        ("2026-08-03T11:00:00", 1, "hours", "2026-08-03T13:30:00"),  # over lunch
        ("2026-08-03T10:30:00", 1, "hours", "2026-08-03T11:30:00"),
        ("2026-08-07T16:00:00", 2, "hours", "2026-08-10T08:30:00"),  # over a weekend
        ("2026-08-09T23:00:00", 2, "hours", "2026-08-10T09:30:00"),  # Sunday night
        ("2026-12-31T09:00:00", 1, "working_days", "2027-01-01T17:00:00"),  # knows no holidays
    ],
)
def test_a_limit_is_counted_as_people_count_it(accepted, limit, unit, due):
    counted = OfficeClock().due(ms(accepted), procedure(limit, unit))

    assert counted == ms(due)


def test_without_a_limit_there_is_no_due_date():
    assert OfficeClock().due(0, procedure(None)) is None
    assert ShortClock(0, 20_000).due(0, procedure(None)) is None


def test_an_unknown_unit_is_a_mistake_in_the_catalogue():
    with pytest.raises(ValueError, match="fortnights"):
        OfficeClock().due(0, procedure(2, "fortnights"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-08-03T07:30:00",
        "2026-08-03T09:13:20",
        "2026-08-03T12:10:00",
        "2026-08-07T17:00:00",
    ],
)
def test_office_time_leads_back_to_the_instant(text):
    clock = OfficeClock()

    assert abs(clock.instant(clock.axis(ms(text))) - ms(text)) <= 1


def test_a_weekend_is_no_office_time():
    clock = OfficeClock()

    assert clock.axis(ms("2026-08-08T12:00:00")) == clock.axis(ms("2026-08-10T07:30:00"))
    assert clock.axis(ms("2026-08-10T07:30:00")) - clock.axis(ms("2026-08-07T07:30:00")) == DAY
    assert clock.axis(ms("2026-08-10T03:00:00")) == clock.axis(ms("2026-08-10T07:30:00"))


def test_a_short_day_is_as_short_as_it_says():
    clock = ShortClock(1_000, 20_000)

    assert clock.due(5_000, procedure(3, "working_days")) == 65_000
    assert clock.due(5_000, procedure(7, "days")) == 105_000
    assert clock.due(5_000, procedure(4, "hours")) == 15_000
    assert clock.instant(clock.axis(41_000) + DAY) == 61_000


def test_times_are_written_as_the_wire_wants_them():
    assert local_time(1_785_719_551_999) == "2026-08-03T08:12:31+07:00"
    assert utc_time(1_785_719_553_120) == "2026-08-03T01:12:33.120Z"
    assert local_time(-1) == "1970-01-01T06:59:59+07:00"
