"""Hour accounts: MEASURES.md §7. August 2026: the 3rd is a Monday."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given

from monitor.domain.fold import fold
from monitor.domain.hours import hour_of, hour_starts_ms
from monitor.domain.measures import BY_THE_HOUR, HOURLY, HOURS, NO_SLOT, Measure
from monitor.domain.policy import Policy
from monitor.domain.post import post
from monitor.domain.zone import Zone
from schemas.event import Amended, Voided
from tests.domain.strategies_law import histories, policies, policy_of
from tests.domain.strategies_time import at, day
from tests.domain.test_law_examples import aug, noted, rules, said

HOUR = 3_600_000

# 2 working days later than received, and so before the limit's third: early by 06b.
LIFE = [
    said(1, "02 21:00"),
    said(2, "03 08:12", due="06 17:00"),
    said(4, "03 14:00"),
    said(9, "05 16:59"),
    said(10, "06 09:00"),
]


def by_the_hour(*events, by=None):
    """(measure by the day, day of August, hour) → amount."""
    entries = post(fold(events), policy_of(by or rules()))
    return {
        (Measure(a.measure - HOURS).name.lower(), a.day - day("2026-07-31"), a.slot): amount
        for a, amount in entries.items()
        if a.measure in BY_THE_HOUR
    }


def test_what_is_received_and_what_ended_is_booked_by_its_hour():
    assert by_the_hour(*LIFE) == {
        ("accepted", 3, 8): 1,
        ("completed", 5, 16): 1,
        ("on_time", 5, 16): 1,
        ("on_time_766", 5, 16): 1,
        ("early_06b", 5, 16): 1,
        ("on_time_first_due", 5, 16): 1,
    }


@pytest.mark.parametrize(
    ("clock", "date", "hour"),
    [("00:00", 3, 0), ("00:59", 3, 0), ("01:00", 3, 1), ("23:59", 3, 23)],
)
def test_an_hour_begins_with_its_first_instant(clock, date, hour):
    assert by_the_hour(said(2, f"03 {clock}")) == {("accepted", date, hour): 1}


def test_a_return_is_in_the_766_verdict_alone():
    assert by_the_hour(said(2, "03 08:00", due="06 17:00"), said(7, "06 18:30")) == {
        ("accepted", 3, 8): 1,
        ("late_766", 6, 18): 1,
    }


def test_a_dossier_that_stands_in_8_ended_then_for_the_766_rule():
    assert by_the_hour(said(2, "03 08:00", due="06 17:00"), said(8, "04 10:00")) == {
        ("accepted", 3, 8): 1,
        ("on_time_766", 4, 10): 1,
    }


def test_an_end_before_the_receipt_is_in_the_receipts_hour():
    received_later = noted(Amended, "04 09:00", receipt_ms=aug("03 10:20"))

    booked = by_the_hour(said(2, "03 08:00"), said(9, "03 09:30"), received_later)

    assert {(date, hour) for _, date, hour in booked} == {(3, 10)}
    assert booked["completed", 3, 10] == 1


def test_without_a_deadline_no_verdict_is_booked():
    nowhere = rules(replace(rules().rows[0], limits={}))

    assert by_the_hour(said(2, "03 08:00"), said(9, "05 16:00"), by=nowhere) == {
        ("accepted", 3, 8): 1,
        ("completed", 5, 16): 1,
    }


def test_without_reference_files_nothing_is_booked_by_the_hour():
    assert not {a.measure for a in post(fold(LIFE), Policy(Zone()))} & BY_THE_HOUR


def test_a_void_takes_the_hours_of_the_end_back():
    voided = noted(Voided, "09 08:00", target="9@05 16:59")

    assert by_the_hour(*LIFE[:4], voided) == {("accepted", 3, 8): 1}


def test_an_amended_receipt_moves_to_its_hour():
    amended = noted(Amended, "04 09:00", receipt_ms=aug("01 22:30"))

    assert by_the_hour(said(2, "03 08:12"), amended) == {("accepted", 1, 22): 1}


@given(histories(), policies)
def test_the_hours_of_a_day_are_what_is_booked_on_it(events, drawn):
    """And each hour is on its day, for whatever was said in whatever order."""
    entries = post(fold({(e.source, e.id): e for e in events}.values()), policy_of(drawn))
    hours = Counter()
    for account, amount in entries.items():
        if account.measure in BY_THE_HOUR:
            assert 0 <= account.slot <= 23
            hours[account._replace(measure=account.measure - HOURS, slot=NO_SLOT)] += amount

    assert hours == {a: amount for a, amount in entries.items() if a.measure in HOURLY}


# --- Days on which clocks change ------------------------------------------------------------

AMSTERDAM = Zone("Europe/Amsterdam")


def test_no_hour_is_counted_twice_on_the_day_that_has_25():
    """2026-10-25: 03:00 becomes 02:00, so that the clock shows 02:30 twice."""
    on = day("2026-10-25")
    begins = (
        at("2026-10-24 22:00") + 7 * HOUR
    )  # midnight there, which is two hours ahead of UTC

    assert AMSTERDAM.start_of(on) == begins
    assert [hour_of(AMSTERDAM, on, begins + h * HOUR + HOUR // 2) for h in (0, 2, 3, 24)] == [
        0,
        2,
        3,
        24,
    ]


def test_no_hour_is_missed_on_the_day_that_has_23():
    """2026-03-29: 02:00 becomes 03:00."""
    on = day("2026-03-29")
    last_ms = AMSTERDAM.start_of(on + 1) - 1

    assert hour_of(AMSTERDAM, on, last_ms) == 22


def test_an_hours_beginning_is_found_again():
    on = day("2026-10-25")
    for hour in range(25):
        begins = hour_starts_ms(AMSTERDAM, on, hour)
        assert (
            hour_of(AMSTERDAM, on, begins) == hour_of(AMSTERDAM, on, begins + HOUR - 1) == hour
        )
    assert hour_starts_ms(AMSTERDAM, on, 25) == AMSTERDAM.start_of(on + 1)
