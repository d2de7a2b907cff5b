"""Working time between instants, and working days."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.domain.calendar import OFFICE_HOURS, OFFICE_WEEK, Week, WorkCalendar
from monitor.domain.zone import Zone
from tests.domain.strategies_time import (
    DAY,
    HO_CHI_MINH,
    HOUR,
    MAKE_UP,
    MINUTE,
    OFF,
    VECTORS,
    YEARS,
    at,
    calendars,
    day,
    days,
    instants,
    vietnam,
)


def local(ms, zone):
    return datetime.fromtimestamp(ms // 1000, UTC).astimezone(zone)


def slowly_worked(begin, end, *, makeup):
    """Every minute is asked whether it is worked; the rule is written out once more."""
    worked = 0
    for ms in range(begin, end, MINUTE):
        shown = local(ms, HO_CHI_MINH)
        date = shown.date().isoformat()
        clock = shown.strftime("%H:%M")
        open_day = (shown.isoweekday() <= 5 and date not in OFF) or (makeup and date in MAKE_UP)
        worked += open_day and ("07:00" <= clock < "11:30" or "13:30" <= clock < "17:00")
    return worked * MINUTE


@pytest.mark.parametrize(("start", "n", "due", "without"), VECTORS)
def test_the_n_th_working_day_is_the_one_on_paper(start, n, due, without):
    assert vietnam().add_working_days(day(start), n) == day(due)
    assert vietnam(makeup_days_count=False).add_working_days(day(start), n) == day(without)


@pytest.mark.parametrize(("year", "working_days", "without"), YEARS)
def test_a_year_has_its_working_days(year, working_days, without):
    eve, last = day(f"{year - 1}-12-31"), day(f"{year}-12-31")

    assert vietnam().working_days_between(eve, last) == working_days
    assert vietnam(makeup_days_count=False).working_days_between(eve, last) == without


@pytest.mark.parametrize(
    ("begin", "end", "worked"),
    [
        ("2026-08-03 07:00", "2026-08-03 17:00", 8 * HOUR),
        ("2026-08-03 00:00", "2026-08-04 00:00", 8 * HOUR),
        ("2026-08-03 11:00", "2026-08-03 14:00", HOUR),
        ("2026-08-03 11:30", "2026-08-03 13:30", 0),
        ("2026-08-07 16:00", "2026-08-10 08:00", 2 * HOUR),  # over a weekend
        ("2026-08-21 16:00", "2026-08-24 08:00", 10 * HOUR),  # over a make-up Saturday
        ("2026-02-13 16:59", "2026-02-23 07:01", 2 * MINUTE),  # over Tết
        ("2026-08-03 08:00", "2026-08-03 07:30", -30 * MINUTE),
        ("2026-01-01 00:00", "2027-01-01 00:00", 249 * 8 * HOUR),
    ],
)
def test_working_time_is_what_the_office_was_open(begin, end, worked):
    assert vietnam().worked_ms(at(begin), at(end)) == worked


@settings(max_examples=60, deadline=None)  # thousands of minutes are asked one by one
@given(instants(unit=MINUTE), st.integers(0, 4 * 24 * 60), st.booleans())
@example(at("2026-08-21 16:00"), 3 * 24 * 60, True)
@example(at("2026-08-21 16:00"), 3 * 24 * 60, False)
@example(at("2025-12-31 16:59"), 4 * 24 * 60, True)
def test_working_time_is_the_sum_of_its_minutes(begin, minutes, makeup):
    end = begin + minutes * MINUTE

    worked = vietnam(makeup_days_count=makeup).worked_ms(begin, end)

    assert worked == slowly_worked(begin, end, makeup=makeup)


@given(calendars, instants(), instants(), instants())
def test_working_time_of_adjacent_intervals_adds_up(calendar, a, b, c):
    assert calendar.worked_ms(a, b) + calendar.worked_ms(b, c) == calendar.worked_ms(a, c)


@given(calendars, instants(), instants())
def test_working_time_never_exceeds_elapsed_time(calendar, a, b):
    begin, end = sorted((a, b))

    assert 0 <= calendar.worked_ms(begin, end) <= end - begin


AMOUNTS = (
    st.integers(0, 10 * HOUR) | st.sampled_from([8 * HOUR, 40 * HOUR]) | st.integers(0, 8**12)
)


@given(calendars, instants(), AMOUNTS)
@example(vietnam(), at("2026-08-03 07:00"), 8 * HOUR)
@example(vietnam(), at("2026-08-03 07:00"), 4 * HOUR + 30 * MINUTE)
def test_adding_working_time_and_counting_it_are_inverse(calendar, start, amount):
    end = calendar.add_worked(start, amount)

    assert calendar.worked_ms(start, end) == amount
    assert amount == 0 or calendar.worked_ms(start, end - 1) == amount - 1  # the first such


@given(calendars, instants(), AMOUNTS)
@example(vietnam(), at("2026-08-03 17:00"), 8 * HOUR)
def test_subtracting_working_time_and_counting_it_are_inverse(calendar, end, amount):
    start = calendar.subtract_worked(end, amount)

    assert calendar.worked_ms(start, end) == amount
    assert amount == 0 or calendar.worked_ms(start + 1, end) == amount - 1  # the last such


def test_work_that_fills_a_session_ends_at_its_close_and_begins_at_its_opening():
    calendar = vietnam()
    monday, tuesday = at("2026-08-03 07:00"), at("2026-08-04 07:00")

    assert calendar.add_worked(monday, 8 * HOUR) == at("2026-08-03 17:00")
    assert calendar.add_worked(monday, 8 * HOUR + 1) == at("2026-08-04 07:00") + 1
    assert calendar.subtract_worked(tuesday, 8 * HOUR) == monday
    assert calendar.subtract_worked(tuesday, 3 * HOUR + 30 * MINUTE) == at("2026-08-03 13:30")
    assert calendar.add_worked(at("2026-08-02 03:00"), 0) == at("2026-08-02 03:00")
    assert calendar.subtract_worked(at("2026-08-02 03:00"), 0) == at("2026-08-02 03:00")


@pytest.mark.parametrize(
    ("moment", "opening"),
    [
        ("2026-08-03 00:00", "2026-08-03 07:00"),
        ("2026-08-03 06:59", "2026-08-03 07:00"),
        ("2026-08-03 07:00", "2026-08-03 07:00"),
        ("2026-08-03 09:15", "2026-08-03 09:15"),
        ("2026-08-03 11:30", "2026-08-03 13:30"),
        ("2026-08-03 12:00", "2026-08-03 13:30"),
        ("2026-08-03 17:00", "2026-08-04 07:00"),
        ("2026-08-07 17:00", "2026-08-10 07:00"),
        ("2026-08-21 18:00", "2026-08-22 07:00"),  # a make-up Saturday
        ("2026-02-14 08:00", "2026-02-23 07:00"),  # Tết
        ("2025-12-31 17:00", "2026-01-05 07:00"),
    ],
)
def test_the_next_opening_is_now_or_the_next_session(moment, opening):
    assert vietnam().next_opening(at(moment)) == at(opening)


@given(calendars, instants())
def test_nothing_is_worked_before_the_next_opening_and_something_after_it(calendar, moment):
    opening = calendar.next_opening(moment)

    assert calendar.worked_ms(moment, opening) == 0
    assert calendar.worked_ms(opening, opening + 1) == 1


@given(calendars, days, st.integers(1, 400))
def test_adding_working_days_and_counting_them_are_inverse(calendar, start, n):
    end = calendar.add_working_days(start, n)

    assert calendar.is_working_day(end)
    assert calendar.working_days_between(start, end) == n
    assert calendar.working_days_between(end, start) == -n
    assert calendar.working_days_between(start, end - 1) == n - 1
    back = calendar.add_working_days(end, -n)
    assert back == start if calendar.is_working_day(start) else back < start


@given(calendars, days)
def test_working_days_are_the_days_with_working_time(calendar, number):
    begin = calendar.zone.start_of(number)
    worked = calendar.worked_ms(begin, begin + DAY)

    assert calendar.is_working_day(number) == (worked > 0)
    assert worked in {0, 8 * HOUR}
    following = calendar.next_working_day(number)
    assert following == number if worked else following > number
    assert calendar.close_of(following) == calendar.zone.start_of(following) + 17 * HOUR
    assert calendar.add_working_days(number, 0) == number


def test_make_up_days_that_do_not_count_are_what_their_weekday_is():
    saturday_desk = Week(
        days=(OFFICE_HOURS,) * 5 + (((8 * HOUR, 11 * HOUR),), ()), make_up=OFFICE_HOURS
    )
    weeks = ((day("2020-01-01"), saturday_desk),)
    make_up = frozenset({day("2026-08-22")})
    begin, end = at("2026-08-22 00:00"), at("2026-08-23 00:00")

    counted = WorkCalendar(weeks=weeks, make_up=make_up)
    ignored = WorkCalendar(weeks=weeks, make_up=make_up, makeup_days_count=False)

    assert counted.worked_ms(begin, end) == 8 * HOUR
    assert ignored.worked_ms(begin, end) == 3 * HOUR
    assert not counted.is_working_day(day("2019-12-31"))  # before any week holds


def test_hours_change_on_the_day_they_begin_to_hold():
    short = Week(days=(((9 * HOUR, 12 * HOUR),),) * 7, make_up=OFFICE_HOURS)
    calendar = WorkCalendar(
        weeks=((day("1990-01-01"), OFFICE_WEEK), (day("2026-08-05"), short)),
    )

    assert calendar.worked_ms(at("2026-08-04 00:00"), at("2026-08-05 00:00")) == 8 * HOUR
    assert calendar.worked_ms(at("2026-08-05 00:00"), at("2026-08-06 00:00")) == 3 * HOUR
    assert calendar.is_working_day(day("2026-08-08"))
    assert not calendar.is_working_day(day("2026-08-01"))


NIGHTS = Week(days=(((0, 6 * HOUR), (20 * HOUR, 24 * HOUR)),) * 7, make_up=())
PARIS = WorkCalendar(zone=Zone("Europe/Paris"), weeks=((day("1990-01-01"), NIGHTS),))
CLOCK_CHANGES = [at("2026-03-29 00:00"), at("2026-10-25 00:00")]


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(CLOCK_CHANGES), st.integers(-600, 1800), st.integers(0, 2400))
@example(CLOCK_CHANGES[0], 0, 1440)
@example(CLOCK_CHANGES[1], 0, 1440)
def test_a_night_shift_is_as_long_as_the_clocks_make_it(midnight, before, minutes):
    paris = ZoneInfo("Europe/Paris")
    begin = midnight + before * MINUTE
    end = begin + minutes * MINUTE
    hours = [local(ms, paris).hour for ms in range(begin, end, MINUTE)]

    worked = PARIS.worked_ms(begin, end)

    assert worked == sum(hour < 6 or hour >= 20 for hour in hours) * MINUTE


def test_a_session_that_a_change_of_clocks_skips_is_not_worked():
    early = Week(days=(((2 * HOUR, 3 * HOUR),),) * 7, make_up=())
    calendar = WorkCalendar(zone=Zone("Europe/Paris"), weeks=((day("1990-01-01"), early),))

    assert not calendar.is_working_day(day("2026-03-29"))
    assert calendar.is_working_day(day("2026-03-30"))


def test_make_up_days_have_hours_of_their_own():
    week = Week(days=(OFFICE_HOURS,) * 5 + ((), ()), make_up=((8 * HOUR, 12 * HOUR),))
    calendar = WorkCalendar(
        weeks=((day("1990-01-01"), week),), make_up=frozenset({day("2026-08-22")})
    )

    assert calendar.worked_ms(at("2026-08-22 00:00"), at("2026-08-23 00:00")) == 4 * HOUR
    assert calendar.close_of(day("2026-08-22")) == at("2026-08-22 12:00")


def test_days_beyond_the_announced_schedule_are_provisional():
    assert not vietnam().is_provisional(day("2026-12-31"))
    assert vietnam().is_provisional(day("2027-01-01"))


def test_the_years_1990_to_2100_are_covered():
    calendar = WorkCalendar()
    first, last = at("1990-01-01 00:00"), at("2101-01-01 00:00")

    # 40,542 days: 5,791 weeks from Monday 1 January 1990, and Monday to Friday.
    assert calendar.working_days_between(day("1990-01-01"), day("2100-12-31")) == 28_959
    assert calendar.worked_ms(first, last) == 28_960 * 8 * HOUR
    assert calendar.next_opening(first) == at("1990-01-01 07:00")
    assert calendar.next_opening(first - DAY) == at("1990-01-01 07:00")
    assert calendar.close_of(day("2100-12-31")) == at("2100-12-31 17:00")
    # Instants of these years in any other zone are inside as well.
    assert calendar.worked_ms(first - DAY, last + DAY) == 28_960 * 8 * HOUR


@pytest.mark.parametrize(
    "question",
    [
        lambda c: c.worked_ms(at("1989-12-30 23:59"), at("2026-01-01 00:00")),
        lambda c: c.worked_ms(at("2026-01-01 00:00"), at("2101-01-02 00:01")),
        lambda c: c.worked_ms(-(10**20), 10**20),
        lambda c: c.add_worked(at("2100-12-31 16:00"), HOUR + 1),
        lambda c: c.subtract_worked(at("1990-01-01 08:00"), HOUR + 1),
        lambda c: c.next_opening(at("1980-01-01 00:00")),
        lambda c: c.next_opening(at("2100-12-31 17:00")),
        lambda c: c.is_working_day(day("1989-12-31")),
        lambda c: c.is_working_day(day("2101-01-01")),
        lambda c: c.next_working_day(10**9),
        lambda c: c.add_working_days(day("2100-12-30"), 2),
        lambda c: c.add_working_days(day("1990-01-02"), -2),
        lambda c: c.add_working_days(day("2026-01-01"), 10**9),
        lambda c: c.working_days_between(day("1989-12-31"), day("2026-01-01")),
        lambda c: c.working_days_between(day("2026-01-01"), day("2101-01-01")),
        lambda c: c.close_of(day("2101-01-01")),
    ],
)
def test_what_lies_outside_the_calendar_is_refused(question):
    with pytest.raises(ValueError, match="the calendar"):
        question(WorkCalendar())


def test_the_last_moments_of_a_calendar_can_be_reached():
    calendar = WorkCalendar(first_day=day("2026-08-03"), last_day=day("2026-08-04"))

    assert calendar.add_worked(at("2026-08-03 07:00"), 16 * HOUR) == at("2026-08-04 17:00")
    assert calendar.subtract_worked(at("2026-08-04 17:00"), 16 * HOUR) == at("2026-08-03 07:00")
    assert calendar.add_working_days(day("2026-08-03"), 1) == day("2026-08-04")
    assert calendar.add_working_days(day("2026-08-04"), -1) == day("2026-08-03")
    assert calendar.next_working_day(day("2026-08-04")) == day("2026-08-04")
    assert calendar.worked_ms(at("2026-08-02 00:00"), at("2026-08-06 00:00")) == 16 * HOUR
    with pytest.raises(ValueError, match="from 2026-08-03 to 2026-08-04"):
        calendar.add_working_days(day("2026-08-03"), -1)


def test_a_day_off_has_no_close():
    with pytest.raises(ValueError, match="2026-08-01 is no working day"):
        vietnam().close_of(day("2026-08-01"))


@pytest.mark.parametrize("verb", ["add_worked", "subtract_worked"])
def test_a_negative_amount_of_work_is_refused(verb):
    with pytest.raises(ValueError, match="not negative"):
        getattr(vietnam(), verb)(at("2026-08-03 07:00"), -1)


@pytest.mark.parametrize(
    "sessions",
    [
        ((HOUR, HOUR),),
        ((2 * HOUR, HOUR),),
        ((-1, HOUR),),
        ((0, 24 * HOUR + 1),),
        ((HOUR, 3 * HOUR), (2 * HOUR, 4 * HOUR)),
        ((3 * HOUR, 4 * HOUR), (HOUR, 2 * HOUR)),
    ],
)
def test_sessions_that_do_not_follow_each_other_are_refused(sessions):
    with pytest.raises(ValueError, match="follow each other"):
        Week(days=((),) * 6 + (sessions,), make_up=())
    with pytest.raises(ValueError, match="follow each other"):
        Week(days=((),) * 7, make_up=sessions)


@pytest.mark.parametrize(
    ("given_as", "reason"),
    [
        ({"off": frozenset({20_000}), "make_up": frozenset({20_000})}, "2024-10-04 cannot be"),
        ({"first_day": day("1989-12-31")}, "lies within 1990-01-01 to 2100-12-31"),
        ({"last_day": day("2101-01-01")}, "lies within"),
        ({"first_day": 20_000, "last_day": 19_999}, "lies within"),
        ({"weeks": ((20_000, OFFICE_WEEK), (20_000, OFFICE_WEEK))}, "in the order"),
        ({"weeks": ((20_001, OFFICE_WEEK), (20_000, OFFICE_WEEK))}, "in the order"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(given_as, reason):
    with pytest.raises(ValueError, match=reason):
        WorkCalendar(**given_as)
    with pytest.raises(ValueError, match="seven days"):
        Week(days=(OFFICE_HOURS,), make_up=())


def test_an_office_that_never_opens_works_nothing():
    never = WorkCalendar(weeks=())

    assert never.worked_ms(at("2026-01-01 00:00"), at("2027-01-01 00:00")) == 0
    with pytest.raises(ValueError, match="no session opens after"):
        never.next_opening(at("2026-01-01 00:00"))
    with pytest.raises(ValueError, match="outside the calendar"):
        never.next_working_day(day("2026-01-01"))


def test_the_version_tells_calendars_apart():
    same = WorkCalendar(
        off=frozenset(map(day, reversed(OFF))),
        make_up=frozenset(map(day, MAKE_UP)),
        announced_until=day("2026-12-31"),
    )

    assert vietnam() == same
    assert hash(vietnam()) == hash(same)
    assert vietnam().version == same.version
    assert vietnam() != vietnam(makeup_days_count=False)
    assert vietnam() != WorkCalendar(zone=Zone("UTC"))


@pytest.mark.parametrize(
    "difference",
    [
        {"zone": Zone("Asia/Bangkok")},  # the same clock, and still another zone
        {"weeks": ((day("1990-01-02"), OFFICE_WEEK),)},
        {"off": frozenset({20_000})},
        {"make_up": frozenset({20_000})},
        {"makeup_days_count": False},
        {"first_day": day("1990-01-02")},
        {"last_day": day("2100-12-30")},
        {"announced_until": day("2026-12-31")},
    ],
)
def test_every_difference_makes_another_version(difference):
    assert WorkCalendar(**difference).version != WorkCalendar().version


def test_a_calendar_cannot_be_changed():
    with pytest.raises(AttributeError):
        vietnam().off = frozenset()
