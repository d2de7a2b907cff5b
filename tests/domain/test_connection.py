"""A connection is judged by its own rhythm, with its since-when from what arrived."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.activity import Part
from monitor.domain.connection import (
    FACTS,
    FLAGS,
    MEANINGS,
    Activity,
    Class,
    Compared,
    Expected,
    Fact,
    Interval,
    Seen,
    Window,
    spells_of,
)
from monitor.domain.rhythm import DayType, Minutes
from monitor.domain.zone import DAY_MS, day_number
from tests.domain.sending import (
    CALENDAR,
    HOUR,
    MINUTE,
    OURS,
    WEEK,
    ZONE,
    at,
    hours,
    office,
    stands,
)

FIRST, LAST = date(2026, 1, 5), date(2026, 2, 27)
NOW = at(2, 27, 16)


def day(month, number):
    return day_number(date(2026, month, number))


def facts(judged):
    return {(noted.fact, noted.since_ms): noted.detail for noted in judged.facts}


# What kind of day and hour it is.


def test_a_day_off_is_of_a_weekend_or_of_a_holiday_with_the_weekends_around_it():
    assert WEEK.type_of(day(1, 10)) is DayType.WORKING  # a Saturday that is made up
    assert WEEK.type_of(day(1, 11)) is DayType.WEEKEND
    assert WEEK.type_of(day(2, 14)) is DayType.HOLIDAY
    assert WEEK.type_of(day(2, 18)) is DayType.HOLIDAY
    assert WEEK.type_of(day(2, 23)) is DayType.WORKING


def test_an_hour_is_known_by_its_minutes():
    assert Minutes.of(0) is None
    one = Minutes.of(1 << 7)
    assert one is not None
    assert (one.first, one.last, one.longest) == (7, 7, 0)
    two = Minutes.of(1 << 50 | 1 << 20 | 1)
    assert two is not None
    assert (two.first, two.last, two.longest) == (0, 50, 30)


# Not connected, undetermined.


def test_a_source_that_never_sent_is_not_connected_since_go_live():
    judged = stands(Activity(), NOW)

    assert (judged.word, judged.since_ms) == (Class.NOT_CONNECTED, at(1, 5))
    assert (judged.last_ms, judged.silence_ms, judged.p50_ms) == (None, None, None)


def test_before_go_live_nothing_is_said_of_a_connection():
    judged = stands(Activity(), NOW, begins_ms=at(3, 9))

    assert (judged.word, judged.since_ms) == (Class.CONNECTED, NOW)
    assert (judged.working_ms, judged.connected_ms) == (0, 0)


def test_after_thirty_days_of_silence_it_is_not_connected_any_more():
    events = office(40, FIRST, date(2026, 1, 16))
    last = events[-1]

    before, after = (stands(Activity(hours(events)), last + n * DAY_MS) for n in (29, 31))

    assert (before.word, before.since_ms) == (Class.INTERRUPTED, last)
    assert (after.word, after.since_ms) == (Class.NOT_CONNECTED, last)


def test_one_that_was_away_for_a_month_was_not_connected_until_it_came_back():
    events = [*office(40, date(2025, 12, 1), FIRST), *office(40, date(2026, 2, 25), LAST)]
    judged = stands(Activity(hours(events)), NOW, begins_ms=at(1, 2))

    back = next(time for time in events if time > at(2, 1))
    (lost,) = judged.flags[Class.NOT_CONNECTED][-1:]
    assert lost.end == back // MINUTE * MINUTE


@pytest.mark.parametrize(("a_day", "word"), [(2, Class.UNDETERMINED), (8, Class.CONNECTED)])
def test_under_three_events_a_working_day_nothing_can_be_told(a_day, word):
    events = office(a_day, FIRST, LAST, even=True)

    assert stands(Activity(hours(events)), NOW).word is word


def test_few_events_with_a_heartbeat_are_enough():
    events = office(1, FIRST, LAST, even=True)
    beats = range(at(1, 5), NOW, 10 * MINUTE)

    judged = stands(Activity(hours(events, beats, interval_ms=10 * MINUTE)), NOW)

    assert judged.word is Class.CONNECTED
    assert judged.silence_ms == 30 * MINUTE


# Interrupted.


@pytest.mark.parametrize("a_day", [5, 30, 300, 3_000])
def test_nights_weekends_lunch_and_tet_are_no_silence(a_day):
    for seed in range(2):
        events = office(a_day, FIRST, LAST, seed=seed)
        judged = stands(Activity(hours(events)), events[-1] + 20 * MINUTE)

        assert judged.flags[Class.INTERRUPTED] == []
        assert judged.connected_ms == judged.working_ms


@pytest.mark.parametrize(("a_day", "hours_later"), [(10, 24), (30, 7), (300, 2), (3_000, 1)])
def test_a_source_that_stops_is_interrupted_since_its_last_event(a_day, hours_later):
    events = [time for time in office(a_day, FIRST, LAST) if time < at(2, 11, 9)]
    last = events[-1]

    judged = stands(Activity(hours(events)), CALENDAR.add_worked(last, hours_later * HOUR))

    assert (judged.word, judged.since_ms) == (Class.INTERRUPTED, last)
    assert judged.working_ms - judged.connected_ms == hours_later * HOUR


def test_a_saturday_that_is_made_up_is_worked():
    events = [time for time in office(100, FIRST, LAST) if not at(1, 10) <= time < at(1, 11)]

    (lost,) = stands(Activity(hours(events)), NOW).flags[Class.INTERRUPTED]

    assert at(1, 9, 16) < lost.begin < at(1, 9, 17)
    assert lost.end is not None
    assert at(1, 12, 7) <= lost.end < at(1, 12, 8)


def test_a_batch_a_day_is_missed_when_the_second_does_not_come():
    events = [
        ZONE.start_of(number) + 17 * HOUR + second * 1000
        for number in range(day(1, 5), day(2, 6))
        if CALENDAR.is_working_day(number)
        for second in range(200)
    ]
    activity = Activity(hours(events))

    assert stands(activity, at(2, 6, 23)).word is Class.CONNECTED
    assert stands(activity, at(2, 9, 23)).word is Class.INTERRUPTED


def test_of_a_source_that_is_new_more_is_explained():
    """After two days nobody knows what its silences are like; after all it is missed too."""
    events = [time for time in office(100, FIRST, LAST) if time < at(1, 6, 10)]
    activity = Activity(hours(events))

    assert stands(activity, at(1, 6, 11)).word is Class.CONNECTED
    judged = stands(activity, at(1, 7, 10))
    assert (judged.word, judged.since_ms) == (Class.INTERRUPTED, events[-1])


def test_a_silence_within_an_hour_is_seen():
    """From 9:05 to 9:50, of a source that sends each minute from eight to ten."""
    times = [
        ZONE.start_of(number) + 8 * HOUR + minute * MINUTE
        for number in range(day(1, 5), day(2, 6))
        if CALENDAR.is_working_day(number)
        for minute in range(120)
    ]
    gone = (at(2, 4, 9, 6), at(2, 4, 9, 50))

    judged = stands(
        Activity(hours([time for time in times if not gone[0] <= time < gone[1]])), at(2, 5, 12)
    )

    assert judged.flags[Class.INTERRUPTED] == [Interval(at(2, 4, 9, 5), gone[1])]


def test_what_has_no_rhythm_yet_is_not_silent():
    assert stands(Activity(hours([at(2, 27, 9)] * 50)), NOW).silence_ms is None


def test_heartbeats_tell_at_night_what_events_cannot():
    events = office(30, FIRST, date(2026, 2, 10))
    beats = range(at(1, 5), at(2, 10, 22, 1), MINUTE)
    activity = Activity(hours(events, beats))

    quiet = stands(activity, at(2, 10, 22, 4), beat_ms=MINUTE)
    judged = stands(activity, at(2, 10, 22, 6), beat_ms=MINUTE)

    assert quiet.word is Class.CONNECTED
    assert (judged.word, judged.since_ms) == (Class.INTERRUPTED, at(2, 10, 22))
    assert judged.beat_ms == at(2, 10, 22)


def test_a_heart_that_stopped_long_ago_is_not_waited_for():
    events = office(30, FIRST, LAST)
    beats = range(at(1, 5), at(1, 6), MINUTE)

    judged = stands(Activity(hours(events, beats, interval_ms=MINUTE)), NOW)

    assert judged.word is Class.CONNECTED


def test_a_silent_source_whose_heart_beats_is_not_interrupted_but_noted():
    events = office(100, FIRST, date(2026, 2, 10))
    beats = range(at(1, 5), at(2, 12, 16), MINUTE)

    judged = stands(Activity(hours(events, beats, interval_ms=MINUTE)), at(2, 12, 16))

    assert judged.word is Class.CONNECTED
    assert facts(judged) == {(Fact.ALIVE, events[-1]): "heartbeats without events"}


def test_an_outage_leaves_the_rhythm_as_it_was():
    """Otherwise a long outage would make the next one look usual."""
    outage = (at(1, 12), at(1, 24))
    events = [
        time for time in office(60, FIRST, LAST)
        if not outage[0] <= time < outage[1] and time < at(2, 5, 9)
    ]  # fmt: skip

    judged = stands(Activity(hours(events)), at(2, 5, 14))

    assert [spell.word for spell in judged.spells][-4:] == [
        Class.CONNECTED, Class.INTERRUPTED, Class.CONNECTED, Class.INTERRUPTED
    ]  # fmt: skip


# Maintenance.


AWAY = (at(2, 24, 6), at(2, 26, 6))


def away(*, announced, **more):
    events = [time for time in office(100, FIRST, LAST) if not AWAY[0] <= time < AWAY[1]]
    return Activity(hours(events), windows=[Window("w", *AWAY, announced, **more)])


@pytest.mark.parametrize(
    ("announced", "more"), [(at(2, 2, 9), {}), (at(2, 24, 8), {"force_majeure": True})]
)
def test_silence_that_was_announced_in_time_or_could_not_be_is_no_interruption(announced, more):
    judged = stands(away(announced=announced, **more), at(2, 25, 16))

    assert judged.word is Class.CONNECTED
    assert judged.maintenance
    assert facts(judged) == {(Fact.MAINTENANCE, AWAY[0]): "w: "}
    # Ten days before Tết and one after it; the window is not counted at all.
    assert judged.working_ms == judged.connected_ms == 11 * 8 * HOUR


def test_silence_announced_with_short_notice_is_muted_and_burns():
    """Seven working days before 24 February is Friday the 6th: Tết is not counted."""
    for announced, fact in ((at(2, 6, 9), Fact.MAINTENANCE), (at(2, 9, 9), Fact.SHORT_NOTICE)):
        window = Window("w", *AWAY, announced)
        assert facts(stands(Activity(windows=[window]), at(2, 25, 9))) == {
            (fact, AWAY[0]): "w: "
        }

    judged = stands(away(announced=at(2, 23, 9)), at(2, 25, 16))
    assert judged.word is Class.INTERRUPTED
    assert judged.maintenance
    assert facts(judged) == {(Fact.SHORT_NOTICE, AWAY[0]): "w: "}
    assert judged.working_ms - judged.connected_ms >= 14 * HOUR


def test_who_does_not_come_back_is_interrupted_since_the_window_ended():
    events = [time for time in office(100, FIRST, LAST) if time < AWAY[0]]
    activity = Activity(hours(events), windows=[Window("w", *AWAY, at(2, 2, 9))])

    judged = stands(activity, at(2, 26, 16))

    assert (judged.word, judged.since_ms) == (Class.INTERRUPTED, AWAY[1])


@pytest.mark.parametrize("announced", [at(1, 12), at(2, 23)])  # in time, and with short notice
def test_a_window_of_one_ward_mutes_nothing_of_its_source(announced):
    window = Window("w", at(2, 27, 8), at(2, 27, 20), announced, units=("H56.14",))

    judged = stands(Activity(windows=[window]), NOW)

    assert (judged.maintenance, facts(judged)) == (False, {})


def test_a_window_of_ten_years_by_a_wrong_digit_mutes_31_days():
    begins = at(1, 21)
    activity = Activity(windows=[Window("w", begins, at(2, 27) + 3_650 * DAY_MS, at(1, 5))])

    muted, over = (stands(activity, at(2, 21) + after) for after in (-1, 0))

    assert (muted.maintenance, facts(muted)) == (True, {(Fact.MAINTENANCE, begins): "w: "})
    assert (over.maintenance, facts(over)) == (False, {})


def test_a_heartbeat_is_not_expected_in_a_window():
    beats = [beat for beat in range(at(2, 1), NOW, MINUTE) if not AWAY[0] <= beat < AWAY[1]]
    activity = Activity(
        hours(office(30, FIRST, LAST), beats, interval_ms=MINUTE),
        windows=[Window("w", *AWAY, at(2, 2, 9))],
    )

    assert stands(activity, NOW).flags[Class.INTERRUPTED] == []


# Partial.


def part(a_day, until, *, every=1):
    """A part of which so many come on every so manieth working day."""
    working = [n for n in range(day(1, 5), until) if CALENDAR.is_working_day(n)][::every]
    return {
        n: Seen(a_day, ZONE.start_of(n) + 8 * HOUR, ZONE.start_of(n) + 16 * HOUR)
        for n in working
    }


def lacks(days, *, within_days=None, part_=Part.UNIT, windows=(), now=NOW):
    events = office(60, FIRST, LAST)
    expected = Expected(part_, "H56.14", within_days)
    activity = Activity(hours(events), {(part_, "H56.14"): days}, windows=windows)
    return stands(activity, now, expected=[expected])


@pytest.mark.parametrize(
    ("a_day", "every", "absent_on"),
    [
        (20, 1, day(2, 12)),  # one whole day without any
        (3, 1, day(2, 24)),  # ten usual arrivals: four days, and those of Tết are none
        (1, 5, None),  # once a week: it needs longer than this
    ],
)
def test_a_unit_is_absent_when_its_own_rhythm_does_not_explain_it(a_day, every, absent_on):
    seen = part(a_day, day(2, 11), every=every)
    last = seen[max(seen)].last_ms
    for number in range(day(2, 11), day(2, 28)):
        judged = lacks(seen, now=ZONE.start_of(number) + 15 * HOUR)
        partial = absent_on is not None and number >= absent_on
        assert judged.word is (Class.PARTIAL if partial else Class.CONNECTED), number
        if partial:
            assert judged.since_ms == last
            assert judged.absent == ["unit H56.14"]


def test_an_interval_that_is_registered_stands_before_the_rhythm():
    seen = part(20, day(2, 11))

    assert lacks(seen, within_days=2, now=at(2, 13, 15)).word is Class.CONNECTED
    assert lacks(seen, within_days=2, now=at(2, 23, 15)).word is Class.PARTIAL


def test_what_was_expected_and_never_came_is_absent_since_go_live():
    judged = lacks({}, within_days=5)

    # Not connected until the first event, and in part since then.
    assert judged.word is Class.PARTIAL
    assert at(1, 5, 7) < judged.since_ms < at(1, 5, 8)
    assert judged.flags[Class.PARTIAL] == [Interval(at(1, 5), None)]
    # Without an interval of its own, and without a rhythm, four weeks are waited.
    assert lacks({}, now=at(2, 10)).word is Class.CONNECTED
    assert lacks({}).word is Class.PARTIAL


def test_a_unit_that_comes_back_is_absent_no_longer_than_it_was():
    seen = part(20, day(2, 28))
    del seen[day(2, 11)], seen[day(2, 12)]

    judged = lacks(seen)

    assert judged.word is Class.CONNECTED
    assert judged.flags[Class.PARTIAL] == [Interval(at(2, 10, 16), at(2, 13, 8))]


def test_units_below_a_unit_speak_for_it():
    events = office(60, FIRST, LAST)
    whole = part(20, day(2, 28))
    activity = Activity(
        hours(events),
        {
            (Part.UNIT, "H56.14.01"): {n: seen for n, seen in whole.items() if n % 2},
            (Part.UNIT, "H56.14.02"): whole,
            (Part.UNIT, "H56.140"): {},
            (Part.PROCEDURE, "H56.14"): {},
        },
    )

    judged = stands(activity, NOW, expected=[Expected(Part.UNIT, "H56.14")])

    assert judged.word is Class.CONNECTED


def test_a_unit_in_announced_maintenance_is_not_absent():
    seen = part(20, day(2, 11))
    window = Window("w", at(2, 11), at(2, 27), at(1, 12), units=("H56.14",))

    assert lacks(seen, windows=[window]).word is Class.CONNECTED
    assert lacks(seen, windows=[window._replace(units=("H56.15",))]).word is Class.PARTIAL


def test_nothing_is_partial_where_nothing_comes():
    judged = stands(Activity(), NOW, expected=[Expected(Part.UNIT, "H56.14", 1)])

    assert judged.absent == []


# Reconciliation.


def claims(*wrong, until=NOW, missing=(), **later):
    """A claim at six for each working day; `wrong` days differ by five in a hundred."""
    compared = {}
    for number in range(day(1, 5), ZONE.day(until)):
        if CALENDAR.is_working_day(number) and number not in missing:
            differing = 5 if number in wrong else 0
            six = ZONE.start_of(number + 1) + 6 * HOUR
            compared[number] = [Compared(six, 100, 100 - differing, differing)]
    for number, found in later.get("also", {}).items():
        compared.setdefault(number, []).append(found)
    return Activity(hours(office(60, FIRST, LAST)), compared=compared)


def claiming(activity, now=NOW):
    return stands(activity, now, claiming=True)


def test_equal_claims_are_reconciled_and_unclaimed_sources_need_none():
    assert claiming(claims()).word is Class.CONNECTED
    assert stands(Activity(hours(office(60, FIRST, LAST))), NOW).word is Class.CONNECTED


def test_a_claim_that_differs_is_a_mismatch_since_the_first_day_it_is_about():
    judged = claiming(claims(day(2, 24), day(2, 25), day(2, 26)))

    assert (judged.word, judged.since_ms) == (Class.MISMATCH, at(2, 24))


def test_one_percent_is_no_mismatch():
    exact = Compared(at(2, 27, 6), 100, 99, 1)

    assert (
        claiming(claims(missing={day(2, 26)}, also={day(2, 26): exact})).word is Class.CONNECTED
    )


def test_a_day_that_agreed_ends_a_mismatch():
    judged = claiming(claims(day(2, 24), day(2, 25)))

    assert (judged.word, judged.since_ms) == (Class.CONNECTED, at(2, 26))


def test_the_claim_of_yesterday_is_not_due_before_noon():
    activity = claims(missing={day(2, 26)})

    assert claiming(activity, at(2, 27, 11, 59)).word is Class.CONNECTED
    late = claiming(activity, at(2, 27, 12))
    assert (late.word, late.since_ms) == (Class.UNRECONCILED, at(2, 26))


def test_a_resend_closes_the_gap_when_it_arrives():
    mended = Compared(at(2, 27, 15), 100, 100, 0)

    judged = claiming(claims(day(2, 26), also={day(2, 26): mended}))

    assert (judged.word, judged.since_ms) == (Class.CONNECTED, at(2, 27, 15))


def test_a_claim_that_comes_late_ends_what_was_missing_and_may_differ():
    for differing, word in ((0, Class.CONNECTED), (5, Class.MISMATCH)):
        late = Compared(at(2, 27, 14), 100, 100 - differing, differing)
        judged = claiming(claims(missing={day(2, 26)}, also={day(2, 26): late}))
        assert (judged.word, judged.since_ms) == (word, at(2, 27, 14))


def test_a_claim_that_goes_wrong_later_is_a_mismatch_from_then_on():
    worse = Compared(at(2, 27, 14), 100, 90, 10)

    judged = claiming(claims(also={day(2, 26): worse}))

    assert (judged.word, judged.since_ms) == (Class.MISMATCH, at(2, 27, 14))


# Facts.


def test_much_that_is_sent_again_is_noted_since_the_first_hour():
    events = office(60, FIRST, LAST)
    first = at(2, 25, 7) // HOUR
    since_first = [time // HOUR for time in events if time // HOUR >= first]
    repeats = dict.fromkeys(since_first, 9) | {at(1, 20, 8) // HOUR: 40}

    judged = stands(Activity(hours(events, repeats=repeats)), NOW)

    ((fact, since),) = facts(judged)
    assert (fact, since) == (Fact.REPEATS, first * HOUR)
    assert judged.word is Class.CONNECTED


def test_a_few_repeats_are_nothing_to_note():
    events = office(60, FIRST, LAST)

    assert not stands(
        Activity(hours(events, repeats={events[-1] // HOUR: 3, 1 << 18: 0})), NOW
    ).facts


@pytest.mark.parametrize(
    ("delay_ms", "told"),
    [(HOUR, "about 60 minutes behind"), (-HOUR, "about 60 minutes ahead"), (5 * MINUTE, None)],
)
def test_a_clock_that_is_off_is_noted_since_its_first_hour(delay_ms, told):
    events = office(60, FIRST, LAST)
    right = hours([time for time in events if time < at(2, 25)])
    wrong = hours([time for time in events if time >= at(2, 25)], delay_ms=delay_ms)

    judged = stands(Activity(right | wrong), NOW)

    assert facts(judged) == ({(Fact.CLOCK, at(2, 25, 7)): told} if told else {})
    assert judged.word is Class.CONNECTED


def test_refusals_for_a_wrong_agency_are_noted_until_five_working_days_have_passed():
    events = office(60, FIRST, LAST)
    outside = {at(2, 11, 9) // HOUR: 4, at(2, 24, 9) // HOUR: 1, at(1, 12, 9) // HOUR: 7}
    activity = Activity(hours(events, outside=outside))

    assert facts(stands(activity, NOW)) == {(Fact.OUTSIDE, at(2, 11, 9)): "5 refused"}
    assert facts(stands(activity, at(2, 10, 9))) == {}


def test_what_had_piled_up_in_an_outage_is_noted_for_a_day():
    outage = (at(2, 25, 8), at(2, 26, 10))
    steady = [time for time in office(60, FIRST, LAST) if not outage[0] <= time < outage[1]]
    found = hours(steady)
    piled = hours([outage[1] + n * 1000 for n in range(80)], delay_ms=8 * HOUR)
    activity = Activity(found | piled)

    judged = stands(activity, NOW - 7 * HOUR)

    assert facts(judged) == {(Fact.BURST, outage[1]): "85 events, 80 of them late"}
    assert (judged.word, judged.since_ms) == (Class.CONNECTED, outage[1])
    assert facts(stands(activity, NOW)) == {}
    # One that only comes back has nothing to note.
    assert not stands(Activity(found), NOW - 7 * HOUR).facts


def test_events_that_wait_are_noted_since_it_first_said_so():
    beats = range(at(2, 1), NOW, 10 * MINUTE)
    waiting = {hour: 12 if hour >= at(2, 27, 14) // HOUR else 0
               for hour in range(at(2, 27, 9) // HOUR, NOW // HOUR)}  # fmt: skip
    events = office(60, FIRST, LAST)

    judged = stands(
        Activity(hours(events, beats, interval_ms=10 * MINUTE, waiting=waiting)), NOW
    )

    assert facts(judged) == {(Fact.WAITING, at(2, 27, 14)): "12 events wait"}


def test_every_class_and_fact_says_what_it_means():
    assert set(MEANINGS) == set(Class)
    assert set(FACTS) == set(Fact)


# Properties.

TIMES = st.lists(st.integers(at(1, 5), NOW), max_size=60).map(sorted)


@settings(max_examples=60, deadline=None)
@given(TIMES, TIMES, st.integers(at(1, 5), NOW), st.booleans())
def test_whatever_comes_spells_follow_each_other_without_a_gap(events, beats, now, claiming_):
    activity = Activity(hours(events, beats, interval_ms=HOUR))

    judged = stands(activity, now, claiming=claiming_)

    spells = judged.spells
    assert spells[0].since_ms == at(1, 5)
    assert spells[-1].until_ms is None
    assert (judged.word, judged.since_ms) == (spells[-1].word, spells[-1].since_ms)
    for one, following in pairwise(spells):
        assert one.until_ms == following.since_ms > one.since_ms
        assert one.word is not following.word
    assert 0 <= judged.connected_ms <= judged.working_ms
    assert judged.last_ms is None or judged.last_ms <= now
    for noted in judged.facts:
        assert noted.since_ms <= now


@settings(max_examples=40, deadline=None)
@given(TIMES, st.integers(at(1, 6) // HOUR, NOW // HOUR))
def test_the_past_is_judged_alike_whatever_has_come_since(events, hour):
    """To the hour: nothing that comes later moves how it stood, but for what was not known."""
    now = hour * HOUR
    before = Activity(hours([time for time in events if time < now]))

    assert stands(Activity(hours(events)), now) == stands(before, now)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9), st.integers(at(1, 19), at(2, 12)), st.integers(1, 29 * 24))
def test_a_silence_once_seen_lasts_until_something_comes(seed, stops, later):
    events = [time for time in office(40, FIRST, LAST, seed=seed) if time < stops]
    activity = Activity(hours(events))
    judged = stands(activity, events[-1] + later * HOUR)
    if judged.word is Class.INTERRUPTED:
        longer = stands(activity, events[-1] + (later + 12) * HOUR)
        assert longer.since_ms == judged.since_ms == events[-1]


INTERVALS = st.lists(
    st.tuples(st.integers(0, 20), st.none() | st.integers(0, 20)).map(lambda ab: Interval(*ab)),
    max_size=3,
)


@given(st.fixed_dictionaries(dict.fromkeys(FLAGS, INTERVALS)), st.integers(0, 20))
def test_the_shown_class_is_the_first_that_holds(flags, now):
    spells = spells_of(flags, 0, now)

    def holds(word, time):
        return any(a <= time < (now + 1 if b is None else b) for a, b in flags[word])

    for time in range(now + 1):
        shown = next((word for word in FLAGS if holds(word, time)), Class.CONNECTED)
        (spell,) = [
            s
            for s in spells
            if s.since_ms <= time and (s.until_ms is None or time < s.until_ms)
        ]
        assert spell.word is shown


def test_thresholds_are_what_they_are_said_to_be():
    assert (OURS.rare_arrivals_milli, OURS.likely_arrivals_milli) == (27_631, 9_210)
