"""Due dates, and what pauses do to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.deadlines import (
    HOUR_MS,
    RULES,
    Due,
    Limit,
    Pause,
    Rule,
    Strategy,
    Unit,
    due,
    restart,
    shift,
    subtract,
    suspended,
)
from tests.domain.strategies_time import (
    DAY,
    HOUR,
    VECTORS,
    at,
    calendars,
    day,
    instants,
    vietnam,
)

LIMITS = st.builds(Limit, st.integers(0, 90), st.sampled_from(Unit))


def working_days(n):
    return Limit(n, Unit.WORKING_DAYS)


@pytest.mark.parametrize(("start", "n", "last", "without"), VECTORS)
@pytest.mark.parametrize("received", ["00:00", "06:30", "07:00", "12:00", "15:30", "16:59"])
def test_a_limit_in_working_days_ends_at_the_close_of_its_last_day(
    start, n, last, without, received
):
    receipt = at(f"{start} {received}")

    counted = due(receipt, working_days(n), vietnam())
    not_counted = due(receipt, working_days(n), vietnam(makeup_days_count=False))

    assert counted.due_ms == at(f"{last} 17:00")
    assert not_counted.due_ms == at(f"{without} 17:00")


@pytest.mark.parametrize(
    ("receipt", "due_at"),
    [
        ("2026-08-03 17:00", "2026-08-06 17:00"),  # at closing: as if on Tuesday at 07:00
        ("2026-08-03 23:59", "2026-08-06 17:00"),
        ("2026-08-07 17:30", "2026-08-12 17:00"),  # Friday evening: as if on Monday
        ("2026-08-08 09:00", "2026-08-12 17:00"),  # a Saturday
        ("2026-08-22 09:00", "2026-08-25 17:00"),  # a make-up Saturday: Monday is day 1
        ("2026-02-17 09:00", "2026-02-25 17:00"),  # Tết: as if on 23/2
    ],
)
def test_a_receipt_off_hours_counts_as_the_next_opening(receipt, due_at):
    found = due(at(receipt), working_days(2), vietnam())

    assert found.due_ms == at(due_at)
    assert (Rule.NEXT_OPENING in found.rules) == (receipt != "2026-08-22 09:00")


@pytest.mark.parametrize(
    ("receipt", "hours", "due_at"),
    [
        ("2026-08-03 07:00", 8, "2026-08-03 17:00"),
        ("2026-08-03 08:00", 8, "2026-08-04 08:00"),
        ("2026-08-03 11:00", 1, "2026-08-03 14:00"),  # over lunch
        ("2026-08-03 12:00", 1, "2026-08-03 14:30"),
        ("2026-08-03 06:00", 1, "2026-08-03 08:00"),
        ("2026-08-07 16:00", 2, "2026-08-10 08:00"),
        ("2026-08-21 16:00", 2, "2026-08-22 08:00"),
        ("2026-08-03 18:00", 0, "2026-08-04 07:00"),
        ("2026-08-03 10:00", 0, "2026-08-03 10:00"),
    ],
)
def test_a_limit_in_hours_is_counted_in_working_time(receipt, hours, due_at):
    assert due(at(receipt), Limit(hours, Unit.HOURS), vietnam()).due_ms == at(due_at)


@pytest.mark.parametrize(
    ("receipt", "n", "due_at", "moved"),
    [
        ("2026-08-03 09:00", 4, "2026-08-07 17:00", False),
        ("2026-08-03 09:00", 5, "2026-08-10 17:00", True),  # Saturday to Monday
        ("2026-08-17 09:00", 5, "2026-08-22 17:00", False),  # a make-up Saturday stays
        ("2026-08-17 09:00", 6, "2026-08-24 17:00", True),
        ("2026-08-07 18:00", 1, "2026-08-11 17:00", False),  # received on Monday
        ("2026-02-06 09:00", 10, "2026-02-23 17:00", True),  # first day of Tết, to its end
        ("2026-08-03 09:00", 0, "2026-08-03 17:00", False),
        ("2024-01-31 09:00", 29, "2024-02-29 17:00", False),  # a leap day
    ],
)
def test_a_limit_in_calendar_days_moves_off_a_day_off(receipt, n, due_at, moved):
    found = due(at(receipt), Limit(n, Unit.CALENDAR_DAYS), vietnam())

    assert found.due_ms == at(due_at)
    assert (Rule.OFF_DAY_MOVED in found.rules) == moved


def test_a_due_date_tells_how_it_came_about():
    found = due(at("2026-08-01 09:00"), Limit(5, Unit.CALENDAR_DAYS), vietnam())

    assert found.rules == (Rule.NEXT_OPENING, Rule.CALENDAR_DAYS, Rule.OFF_DAY_MOVED)
    assert set(RULES) == set(Rule)
    assert all(ground.says and ground.source for ground in RULES.values())


def test_a_due_date_beyond_the_announced_schedule_is_provisional():
    receipt = at("2026-12-30 09:00")

    assert not due(receipt, working_days(1), vietnam()).provisional
    assert due(receipt, working_days(2), vietnam()).provisional
    assert due(receipt, Limit(17, Unit.HOURS), vietnam()).provisional


@given(calendars, instants(), LIMITS)
def test_a_due_date_is_in_working_time_and_not_before_receipt(calendar, receipt, limit):
    found = due(receipt, limit, calendar)

    assert found.due_ms >= receipt
    assert calendar.is_working_day(calendar.zone.day(found.due_ms))
    if limit.unit is Unit.HOURS:
        assert calendar.worked_ms(receipt, found.due_ms) == limit.n * HOUR
    else:
        assert (found.due_ms + 7 * HOUR) % DAY == 17 * HOUR
        first = calendar.zone.day(calendar.next_opening(receipt))
        last = calendar.zone.day(found.due_ms)
        counted = calendar.working_days_between(first, last)
        assert (
            counted == limit.n if limit.unit is Unit.WORKING_DAYS else last - first >= limit.n
        )


@given(calendars, instants(), instants(), LIMITS)
def test_a_later_receipt_is_never_due_earlier(calendar, one, other, limit):
    early, late = sorted((one, other))

    assert due(early, limit, calendar).due_ms <= due(late, limit, calendar).due_ms


def test_a_negative_limit_is_refused():
    with pytest.raises(ValueError, match="not negative: -1 hours"):
        Limit(-1, Unit.HOURS)


FIRST = Due(at("2026-08-07 17:00"), provisional=False, rules=(Rule.WORKING_DAYS,))
MORNING = Pause(at("2026-08-04 08:00"), at("2026-08-04 10:00"))
OVER_THE_WEEKEND = Pause(at("2026-07-31 16:00"), at("2026-08-03 08:00"))


def test_restart_counts_the_limit_again_from_the_complete_dossier():
    pauses = [MORNING, Pause(at("2026-08-05 08:00"), at("2026-08-06 18:00"))]

    found = restart(FIRST, pauses, limit=working_days(3), calendar=vietnam())

    assert found == Due(
        at("2026-08-12 17:00"),
        provisional=False,
        rules=(Rule.RESTARTED, Rule.NEXT_OPENING, Rule.WORKING_DAYS),
    )


def test_restart_never_counts_from_before_a_pause():
    contradictory = Pause(at("2026-08-04 11:00"), at("2026-08-03 09:00"))

    found = restart(FIRST, [contradictory], limit=working_days(3), calendar=vietnam())

    assert found is not None
    assert found.due_ms == at("2026-08-07 17:00")


def test_restart_knows_no_due_date_while_the_dossier_is_incomplete():
    pauses = [MORNING, Pause(at("2026-08-05 08:00"), None)]

    assert restart(FIRST, pauses, limit=working_days(3), calendar=vietnam()) is None


@pytest.mark.parametrize(
    ("pauses", "subtracted", "shifted"),
    [
        ([], "2026-08-07 17:00", "2026-08-07 17:00"),
        ([MORNING], "2026-08-07 19:00", "2026-08-10 09:00"),
        ([OVER_THE_WEEKEND], "2026-08-10 09:00", "2026-08-10 09:00"),
        ([MORNING, OVER_THE_WEEKEND], "2026-08-10 11:00", "2026-08-10 11:00"),
        # a week, and so a week later
        (
            [Pause(at("2026-07-28 10:00"), at("2026-08-04 10:00"))],
            "2026-08-14 17:00",
            "2026-08-14 17:00",
        ),
        # at night nothing is worked: nothing to give back
        (
            [Pause(at("2026-08-04 18:00"), at("2026-08-05 06:00"))],
            "2026-08-08 05:00",
            "2026-08-07 17:00",
        ),
        # one that lasts is not given back yet
        (
            [MORNING, Pause(at("2026-08-06 09:00"), None)],
            "2026-08-07 19:00",
            "2026-08-10 09:00",
        ),
        # said twice, or overlapping: once
        ([MORNING, MORNING], "2026-08-07 19:00", "2026-08-10 09:00"),
        (
            [Pause(at("2026-08-04 09:00"), at("2026-08-04 11:00")), MORNING],
            "2026-08-07 20:00",
            "2026-08-10 10:00",
        ),
        # one within another
        (
            [Pause(at("2026-08-04 07:30"), at("2026-08-04 11:30")), MORNING],
            "2026-08-07 21:00",
            "2026-08-10 11:00",
        ),
        # ended before it began: nothing
        (
            [Pause(at("2026-08-04 11:00"), at("2026-08-04 09:00"))],
            "2026-08-07 17:00",
            "2026-08-07 17:00",
        ),
    ],
)
def test_pauses_move_the_due_date_by_what_they_took(pauses, subtracted, shifted):
    assert subtract(FIRST, pauses, calendar=vietnam()).due_ms == at(subtracted)
    assert shift(FIRST, pauses, calendar=vietnam()).due_ms == at(shifted)


def test_a_moved_due_date_may_become_provisional():
    first = Due(at("2026-12-31 17:00"), provisional=False, rules=(Rule.WORKING_DAYS,))

    assert subtract(first, [MORNING], calendar=vietnam()) == Due(
        at("2026-12-31 19:00"), provisional=False, rules=(Rule.WORKING_DAYS, Rule.SUBTRACTED)
    )
    assert shift(first, [MORNING], calendar=vietnam()) == Due(
        at("2027-01-01 09:00"), provisional=True, rules=(Rule.WORKING_DAYS, Rule.SHIFTED)
    )


@given(calendars, instants(), st.lists(instants(), min_size=2, max_size=8, unique=True), LIMITS)
def test_shift_leaves_what_was_left_to_work(calendar, receipt, edges, limit):
    edges = sorted(edges)
    pauses = [Pause(*pair) for pair in zip(edges[::2], edges[1::2], strict=False)]
    first = due(receipt, limit, calendar)
    paused = sum(calendar.worked_ms(*pause) for pause in pauses)

    moved = shift(first, reversed(pauses), calendar=calendar)

    assert calendar.worked_ms(first.due_ms, moved.due_ms) == paused
    assert moved.due_ms >= first.due_ms


@given(calendars, instants(), st.lists(instants(), min_size=2, max_size=8, unique=True), LIMITS)
def test_one_pause_told_in_two_parts_is_the_same_pause(calendar, receipt, edges, limit):
    begin, *between, end = sorted(edges)
    whole = [Pause(begin, end)]
    parts = [Pause(*pair) for pair in zip([begin, *between], [*between, end], strict=True)]
    first = due(receipt, limit, calendar)

    for strategy in Strategy:
        assert suspended(strategy, first, whole, limit=limit, calendar=calendar) == suspended(
            strategy, first, parts, limit=limit, calendar=calendar
        )


@pytest.mark.parametrize("strategy", Strategy)
def test_without_a_pause_the_due_date_stays(strategy):
    assert suspended(strategy, FIRST, [], limit=working_days(3), calendar=vietnam()) == FIRST


def test_an_hour_has_its_milliseconds():
    assert HOUR_MS == 3_600_000
    assert day("2026-08-03") == 20_668


def test_pauses_that_overlap_are_joined_with_each_other_only():
    """An hour, then three hours told as two pauses of two: four hours later than 17:00."""
    told = [
        Pause(at("2026-08-03 08:00"), at("2026-08-03 09:00")),
        Pause(at("2026-08-03 10:00"), at("2026-08-03 12:00")),
        Pause(at("2026-08-03 11:00"), at("2026-08-03 13:00")),
    ]

    assert subtract(FIRST, told, calendar=vietnam()).due_ms == at("2026-08-07 21:00")
