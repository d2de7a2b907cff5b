"""The rules of MEASURES.md §5 and DOMAIN.md §2.3, each worked out by hand.

August 2026 has no holiday before the 31st: the 3rd, 10th and 17th are Mondays.
"""

from collections import Counter
from dataclasses import replace

import msgspec
import pytest

from monitor.domain.binding import STANDARD, ClockLimit, ClockUnit, by_when
from monitor.domain.deadlines import Limit, Unit
from monitor.domain.fold import fold
from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    NO_SLOT,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.procedure import Catalogue, Procedure
from monitor.domain.reckoning import Reckoning, judge_plain
from monitor.domain.view import Outcome
from schemas.event import (
    Amended,
    Reopened,
    Rescheduled,
    Snapshot,
    StateChanged,
    SupplementReceived,
    SupplementRequested,
    SyncAcknowledged,
    Voided,
)
from tests.domain.oracle_law import Decision
from tests.domain.strategies_law import DOSSIER, HANOI, HOUR, booked, policy_of, rules_of
from tests.domain.strategies_time import MAKE_UP, OFF, at, day, vietnam

THREE_DAYS = Limit(3, Unit.WORKING_DAYS)


def row(limit=THREE_DAYS, **more):
    return Procedure(code="1.004194", level=4, limits={0: limit} if limit else {}, **more)


def rules(*rows, **more):
    return replace(rules_of(**more), rows=list(rows or [row()]))


def aug(text):
    """An instant of August 2026, as `03 08:00`."""
    return at(f"2026-08-{text}")


def said(state, text, due=None, **given):
    """State, time of August 2026; received then if it is a 2, unless said otherwise."""
    when = aug(text)
    given.setdefault("receipt_ms", when if state == 2 else None)
    given.setdefault("agency", "H56.14")
    return StateChanged(
        DOSSIER,
        "office",
        f"{state}@{text}",
        when,
        when,
        state,
        "1.004194",
        due_ms=None if due is None else aug(due),
        level=4,
        channel=2,
        **given,
    )


def noted(kind, text, **given):
    when = aug(text)
    given.setdefault("source", "office")
    return kind(
        dossier=DOSSIER, id=f"{kind.__name__}@{text}", claimed_ms=when, arrival_ms=when, **given
    )


VERDICTS = {
    Measure.ON_TIME: "plain on_time",
    Measure.LATE: "plain late",
    Measure.NO_DEADLINE: "plain no_deadline",
    Measure.ON_TIME_766: "766 on_time",
    Measure.LATE_766: "766 late",
    Measure.NO_DEADLINE_766: "766 no_deadline",
    Measure.EARLY_06B: "06b early",
    Measure.ON_TIME_06B: "06b on_time",
    Measure.LATE_06B: "06b late",
    Measure.NO_DEADLINE_06B: "06b no_deadline",
    Measure.ON_TIME_FIRST_DUE: "first on_time",
    Measure.LATE_FIRST_DUE: "first late",
    Measure.NO_DEADLINE_FIRST_DUE: "first no_deadline",
}


def verdicts(*events, by=None):
    entries = booked(events, by or rules())
    assert all(amount == 1 for a, amount in entries.items() if a.measure in VERDICTS)
    return {VERDICTS[a.measure] for a in entries if a.measure in VERDICTS}


def figure(measure, *events, by=None):
    entries = booked(events, by or rules())
    return sum(amount for a, amount in entries.items() if a.measure == measure)


def slots(measure, date, *events, by=None):
    """Where the stock stands at the end of a day of August: the days it falls due on."""
    stock = Counter()
    for account, amount in booked(events, by or rules()).items():
        if account.measure == measure and account.day <= day(f"2026-08-{date}"):
            stock[account.slot] += amount
    return sorted(slot for slot, amount in stock.items() if amount)


def clock(which, *events, by=None):
    """(elapsed, worked, times within the limit, beyond it) of a clock."""
    parts = (Part.ELAPSED, Part.WORKED, Part.WITHIN, Part.BEYOND)
    return tuple(figure(clock_measure(which, part), *events, by=by) for part in parts)


# --- on_time_766 (DOMAIN.md §2.3) --------------------------------------------------------------

# 26 hours from request to papers: 05 08:00 to 06 10:00.
SUPPLEMENT = (said(5, "05 08:00"), said(4, "06 10:00"))


@pytest.mark.parametrize(
    ("end", "verdict"), [("08 19:00", "766 on_time"), ("08 19:00:00.001", "766 late")]
)
def test_766_takes_completed_supplements_off_the_end(end, verdict):
    """08 19:00 less 26 hours is the due date itself."""
    assert verdict in verdicts(said(2, "03 08:00", due="07 17:00"), *SUPPLEMENT, said(9, end))


def test_766_takes_nothing_off_for_a_supplement_that_a_9_ended():
    life = said(2, "03 08:00", due="07 17:00"), said(5, "05 08:00"), said(9, "08 16:00")
    assert "766 late" in verdicts(*life)


def test_766_takes_off_what_the_papers_event_completed():
    """Received at 06 10:00, though the dossier goes on a day later only."""
    papers = noted(SupplementReceived, "06 10:00")
    life = said(2, "03 08:00", due="07 17:00"), said(5, "05 08:00"), papers
    assert "766 on_time" in verdicts(*life, said(4, "07 10:00"), said(9, "08 19:00"))
    assert "766 late" in verdicts(*life, said(4, "07 10:00"), said(9, "08 19:00:00.001"))


def test_766_calls_a_second_supplement_late_however_early_the_end():
    life = said(2, "03 08:00", due="28 17:00"), *SUPPLEMENT
    again = said(5, "07 08:00"), said(4, "07 09:00")
    assert "766 on_time" in verdicts(*life, said(9, "10 08:00"))
    assert "766 late" in verdicts(*life, *again, said(9, "10 08:00"))
    asked = noted(SupplementRequested, "07 08:00")
    assert "766 late" in verdicts(*life, asked, said(9, "10 08:00"))
    assert "766 late" in verdicts(said(2, "03 08:00"), *SUPPLEMENT, *again, said(9, "10 08:00"))


@pytest.mark.parametrize("again", [said(5, "05 09:00"), noted(SupplementRequested, "05 09:00")])
def test_a_request_that_is_repeated_within_a_5_is_one(again):
    life = said(2, "03 08:00", due="28 17:00"), said(5, "05 08:00"), again, said(4, "06 10:00")
    assert figure(Measure.SUPPLEMENT_REQUESTS, *life) == 1
    received = noted(SupplementReceived, "05 08:30")
    assert figure(Measure.SUPPLEMENT_REQUESTS, *life, received) == 1


def test_a_request_after_the_end_is_none_unless_the_9_is_recalled():
    life = said(2, "03 08:00"), *SUPPLEMENT, said(9, "06 12:00")
    asked = noted(SupplementRequested, "06 13:00")
    assert figure(Measure.SUPPLEMENT_REQUESTS, *life, asked) == 1
    assert figure(Measure.SUPPLEMENT_REQUESTS, *life, asked, said(4, "06 14:00")) == 2


def test_766_ends_with_the_9_else_the_10_else_7_or_3_else_the_standing_8():
    life = said(2, "03 08:00", due="07 17:00"), said(4, "03 09:00")
    late = {"plain late", "766 late", "06b late", "first late"}
    assert verdicts(*life, said(9, "10 08:00"), said(10, "11 08:00")) == late
    assert verdicts(*life, said(10, "10 08:00")) == late
    assert verdicts(*life, said(7, "07 17:00")) == {"766 on_time"}
    assert verdicts(*life, said(3, "07 17:00:00.001")) == {"766 late"}
    assert verdicts(*life, said(8, "07 17:00")) == {"766 on_time"}
    assert verdicts(*life, said(8, "07 17:00"), said(8, "08 17:00")) == {"766 on_time"}
    assert verdicts(*life, said(8, "07 17:00"), said(4, "08 17:00")) == set()


def test_a_standing_8_said_again_at_another_unit_ends_the_dossier_there_and_then():
    """Handed from the office to its unit 2 on Wednesday the 5th: late since Tuesday's close."""
    accepted = said(2, "03 08:00", due="04 17:00")
    stopped, moved = said(8, "04 08:00"), said(8, "05 08:00", unit="2")
    again = said(8, "06 08:00", unit="2")

    def ended(*events):
        return {
            (VERDICTS[a.measure], a.cell.unit, a.day - day("2026-08-01") + 1)
            for a in booked(events, rules())
            if a.measure in VERDICTS
        }

    assert ended(accepted, stopped) == {("766 on_time", "", 4)}
    assert ended(accepted, stopped, moved) == {("766 late", "2", 5)}
    assert ended(accepted, stopped, moved, again) == {("766 late", "2", 5)}
    assert slots(Measure.PAUSED_766, "04", accepted, stopped, moved) == [day("2026-08-04")]


def test_requests_before_a_standing_8_count_and_none_after_it():
    life = said(2, "03 08:00", due="07 17:00"), *SUPPLEMENT
    assert verdicts(*life, said(8, "07 08:00")) == {"766 on_time"}
    assert verdicts(*life, said(5, "07 08:00"), said(8, "07 09:00")) == {"766 late"}
    after = noted(SupplementRequested, "07 09:00")
    assert verdicts(*life, said(8, "07 08:00"), after) == {"766 on_time"}


def test_a_standing_8_before_the_receipt_is_booked_on_the_receipt():
    stopped = msgspec.structs.replace(
        said(8, "03 08:00", receipt_ms=aug("05 08:00")), arrival_ms=aug("06 08:00")
    )
    entries = booked([stopped], rules())
    days = {a.day for a in entries if a.measure == Measure.ON_TIME_766}
    assert days == {day("2026-08-05")}


def test_a_request_before_the_receipt_is_none():
    life = said(1, "03 07:00"), said(5, "03 08:00"), said(2, "04 08:00")
    assert figure(Measure.SUPPLEMENT_REQUESTS, *life) == 0
    same_day = said(2, "04 08:00", receipt_ms=aug("03 00:00"))
    assert figure(Measure.SUPPLEMENT_REQUESTS, *life[:2], same_day) == 1


def test_a_standing_8_leaves_the_766_stock_and_no_other():
    life = said(2, "03 08:00", due="07 17:00"), said(4, "03 09:00"), said(8, "05 08:00")
    assert slots(Measure.PAUSED_766, "05", *life) == []
    assert slots(Measure.PAUSED_06B, "05", *life) == [day("2026-08-07")]
    resumed = (*life, said(4, "10 08:00"))
    assert slots(Measure.PAUSED_766, "05", *resumed) == [day("2026-08-07")]


def test_766_without_a_due_date_uses_receipt_plus_limit():
    """Three working days from Monday the 3rd: Thursday the 6th, at its close."""
    life = said(2, "03 10:00"), said(4, "03 11:00")
    assert verdicts(*life, said(9, "06 17:00")) == {
        "plain no_deadline",
        "766 on_time",
        "06b on_time",
        "first on_time",
    }
    assert verdicts(*life, said(9, "06 17:00:00.001")) == {
        "plain no_deadline",
        "766 late",
        "06b on_time",  # by dates
        "first late",
    }


def test_a_pending_supplement_fixes_the_766_stock_in_time_or_late():
    life = (said(2, "03 08:00", due="07 17:00"),)
    assert slots(Measure.IN_PROCESS_766, "04", *life) == [day("2026-08-07")]
    assert slots(Measure.PAUSED_766, "20", *life, said(5, "07 17:00")) == [FIXED_IN_TIME]
    assert slots(Measure.PAUSED_766, "20", *life, said(5, "07 17:00:00.001")) == [FIXED_LATE]
    # 24 hours' supplement moves the due day from the 7th to the 8th.
    answered = said(5, "05 08:00"), said(4, "06 08:00")
    assert slots(Measure.IN_PROCESS_766, "06", *life, *answered) == [day("2026-08-08")]
    assert slots(Measure.PAUSED_766, "05", *life, *answered) == [FIXED_IN_TIME]
    assert slots(Measure.PAUSED_766, "07", *life, *answered, said(5, "07 08:00")) == [
        FIXED_LATE
    ]


def test_no_due_date_and_no_limit_is_no_deadline_by_any_rule():
    life = said(2, "03 08:00"), said(4, "03 09:00"), said(9, "28 08:00")
    assert verdicts(*life, by=rules(row(limit=None))) == {
        "plain no_deadline",
        "766 no_deadline",
        "06b no_deadline",
        "first no_deadline",
    }
    assert slots(Measure.IN_PROCESS_766, "03", *life, by=rules(row(limit=None))) == [NO_SLOT]


@pytest.mark.parametrize(
    ("end", "instant", "date"),
    [
        ("07 16:59:59.999", "on_time", "on_time"),
        ("07 17:00", "on_time", "on_time"),
        ("07 17:00:00.001", "late", "on_time"),
        ("08 00:00", "late", "late"),
    ],
)
def test_the_plain_rule_told_is_the_one_posted(end, instant, date):
    life = said(2, "03 08:00", due="07 17:00"), said(4, "03 09:00"), said(9, end)
    for precision, verdict in (("instant", instant), ("date", date)):
        by = rules(precision=precision)
        told = judge_plain(fold(life), policy_of(by))
        assert told is not None
        assert told.verdict == verdict
        assert f"plain {verdict}" in verdicts(*life, by=by)


# --- on_time_06b and the strategies -----------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "verdict"),
    [
        ("06 23:59:59.999", "06b early"),
        ("07 00:00", "06b on_time"),
        ("07 23:59:59.999", "06b on_time"),
        ("08 00:00", "06b late"),
    ],
)
def test_06b_compares_dates(end, verdict):
    life = said(2, "03 08:00", due="07 17:00"), said(4, "03 09:00")
    assert verdict in verdicts(*life, said(9, end))


FIVE_DAYS = row(Limit(5, Unit.WORKING_DAYS))  # from Monday the 3rd: Monday the 10th, 17:00
# Friday 16:00 to Monday 08:00: 64 hours, two of them worked.
WEEKEND = (said(2, "03 08:00"), said(5, "07 16:00"), said(4, "10 08:00"))


@pytest.mark.parametrize(
    ("strategy", "paused", "after"),
    [
        ("shift", "2026-08-10", "2026-08-11"),  # Tuesday 09:00
        ("subtract", "2026-08-10", "2026-08-13"),  # Thursday 09:00
        ("restart", None, "2026-08-17"),  # five working days from Monday the 10th
    ],
)
def test_a_pause_moves_our_due_date_by_the_strategy(strategy, paused, after):
    by = rules(FIVE_DAYS, strategy=strategy)
    slot = NO_SLOT if paused is None else day(paused)
    assert slots(Measure.PAUSED_06B, "08", *WEEKEND, by=by) == [slot]
    assert slots(Measure.IN_PROCESS_06B, "10", *WEEKEND, by=by) == [day(after)]
    end = said(9, f"{after[-2:]} 23:00")
    assert "06b on_time" in verdicts(*WEEKEND, end, by=by)


@pytest.mark.parametrize("strategy", ["shift", "subtract", "restart"])
def test_a_due_date_that_a_source_sent_is_never_moved(strategy):
    by = rules(FIVE_DAYS, strategy=strategy)
    sent = said(2, "03 08:00", due="10 17:00"), *WEEKEND[1:]
    assert slots(Measure.PAUSED_06B, "08", *sent, by=by) == [day("2026-08-10")]
    assert "06b late" in verdicts(*sent, said(9, "11 08:00"), by=by)


@pytest.mark.parametrize("state", [6, 8])
def test_6_and_8_pause_06b_only_until_another_state_comes(state):
    """Thursday 16:00 to Friday 16:00 is a working day: from Monday the 10th to Tuesday."""
    by = rules(FIVE_DAYS)
    life = said(2, "03 08:00"), said(state, "06 16:00"), said(state, "07 10:00")
    assert slots(Measure.PAUSED_06B, "07", *life, by=by) == [day("2026-08-10")]
    gone_on = (*life, said(4, "07 16:00"))
    assert slots(Measure.IN_PROCESS_06B, "07", *gone_on, by=by) == [day("2026-08-11")]
    assert slots(Measure.IN_PROCESS_766, "07", *gone_on, by=by) == [day("2026-08-10")]
    which = Clock.PAUSE_PAYMENT if state == 6 else Clock.PAUSE_STOPPED
    assert clock(which, *life, by=by) == (0, 0, 0, 0)
    assert clock(which, *gone_on, by=by) == (24 * HOUR, 8 * HOUR, 0, 0)


def test_under_restart_our_due_date_is_unknown_from_the_pause_on():
    life = said(2, "03 08:00"), said(6, "05 08:00")
    by = rules(FIVE_DAYS, strategy="restart")
    assert slots(Measure.PAUSED_06B, "05", *life, by=by) == [NO_SLOT]


def test_one_pause_that_follows_another_moves_our_due_date_at_once():
    """A 6 of a working day is over when an 8 follows it: the 10th becomes the 11th."""
    life = said(2, "03 08:00"), said(6, "05 08:00"), said(8, "06 08:00")
    by = rules(FIVE_DAYS)
    assert slots(Measure.PAUSED_06B, "05", *life, by=by) == [day("2026-08-10")]
    assert slots(Measure.PAUSED_06B, "06", *life, by=by) == [day("2026-08-11")]


def test_a_due_date_that_our_calendar_does_not_reach_is_no_deadline():
    """Twelve working hours' pause in the last days of 2100: there is no Tuesday to shift to."""

    def december(state, text):
        when = at(f"2100-12-{text}")
        return StateChanged(
            DOSSIER, "office", f"{state}@{text}", when, when, state, "1.004194", "H56.14"
        )

    life = december(2, "29 08:00"), december(8, "29 08:00"), december(4, "30 13:30")
    by = rules(row(Limit(2, Unit.WORKING_DAYS)))  # Friday the 31st
    assert "06b on_time" in verdicts(*life[:1], december(9, "31 09:00"), by=by)
    assert "06b no_deadline" in verdicts(*life, december(9, "31 09:00"), by=by)
    assert "06b no_deadline" in verdicts(
        december(2, "30 08:00"), december(9, "31 09:00"), by=by
    )


# --- on_time_first_due, reschedulings ---------------------------------------------------------


def put_off(text, until, **given):
    return noted(Rescheduled, text, due_ms=aug(until), **given)


def test_no_rescheduling_counts_for_the_first_due_date():
    life = said(2, "03 08:00", due="07 17:00"), said(4, "03 09:00"), said(9, "10 08:00")
    later = put_off("06 08:00", "14 17:00")
    assert verdicts(*life, later) == {
        "plain on_time",
        "766 on_time",
        "06b early",
        "first late",
    }
    earlier = put_off("06 08:00", "06 17:00")
    in_time = said(2, "03 08:00", due="14 17:00"), said(4, "03 09:00"), said(9, "10 08:00")
    assert "first on_time" in verdicts(*in_time, earlier)


def test_a_rescheduling_is_no_first_due_date_where_none_was_sent():
    """The limit's is: Thursday the 6th."""
    life = said(2, "03 08:00"), said(4, "03 09:00"), said(9, "07 08:00")
    later = put_off("06 08:00", "14 17:00")
    assert "first late" in verdicts(*life, later)
    assert "first late" in verdicts(*life, later, said(4, "06 09:00", due="14 17:00"))


def test_what_is_made_after_the_end_decides_nothing():
    life = said(2, "03 08:00"), said(4, "03 09:00"), said(9, "07 08:00")
    for rule in ("plain no_deadline", "766 late", "06b late", "first late"):
        assert rule in verdicts(*life, said(10, "07 09:00", due="14 17:00"))
        assert rule in verdicts(*life, put_off("07 09:00", "14 17:00"))
    assert figure(Measure.DUE_LATER, *life, said(10, "07 09:00", due="14 17:00")) == 0


def test_a_rescheduling_at_or_after_the_due_in_force_is_late():
    life = (said(2, "03 08:00", due="07 17:00"),)
    just = put_off("07 16:59:59.999", "14 17:00")
    assert figure(Measure.LATE_RESCHEDULES, *life, just) == 0
    assert figure(Measure.RESCHEDULED, *life, just) == 1
    late = put_off("07 17:00", "14 17:00")
    assert figure(Measure.LATE_RESCHEDULES, *life, late) == 1
    again = put_off("14 17:00", "21 17:00")
    assert figure(Measure.LATE_RESCHEDULES, *life, late, again) == 2


@pytest.mark.parametrize(
    ("due", "measure"),
    [
        ("05 17:00", Measure.DUE_EARLIER),
        ("06 08:00", Measure.DUE_EQUAL),
        ("07 08:00", Measure.DUE_LATER),
    ],
)
def test_the_first_due_date_sent_is_compared_with_the_limits(due, measure):
    assert figure(measure, said(2, "03 08:00", due=due)) == 1


# --- the clocks ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("04 16:00", (24 * HOUR, 8 * HOUR, 1, 0)),
        ("04 16:00:00.001", (24 * HOUR + 1, 8 * HOUR + 1, 0, 1)),
    ],
)
def test_acceptance_has_eight_working_hours(accepted, expected):
    assert clock(Clock.ACCEPTANCE, said(1, "03 16:00"), said(2, accepted)) == expected


def test_what_is_accepted_in_the_evening_took_no_more_than_the_day():
    life = said(1, "03 07:00"), said(2, "03 20:00")
    assert clock(Clock.ACCEPTANCE, *life) == (13 * HOUR, 8 * HOUR, 1, 0)
    assert clock(Clock.ACCEPTANCE, said(1, "03 07:00"), said(2, "04 07:00:00.001"))[2:] == (
        0,
        1,
    )


@pytest.mark.parametrize(
    ("received", "forwarded", "within"),
    [
        ("03 15:00", "03 17:00", 1),
        ("03 15:00", "03 17:00:00.001", 0),
        ("03 15:00:00.001", "04 08:00", 1),
        ("03 15:00:00.001", "04 08:00:00.001", 0),
        ("08 09:00", "10 08:00", 1),  # Saturday to Monday's first hour
        ("08 09:00", "10 08:00:00.001", 0),
        ("21 16:00", "22 08:00", 1),  # Saturday the 22nd is worked
    ],
)
def test_a_dossier_is_forwarded_the_same_day_or_if_after_15_the_next_morning(
    received, forwarded, within
):
    life = said(2, received), said(4, forwarded)
    assert clock(Clock.FORWARD, *life)[2:] == (within, 1 - within)


def times(which, *events):
    """How often a clock has run to its end."""
    return figure(clock_measure(which, Part.WORKED_BINS), *events)


def test_what_takes_no_time_is_timed_as_well():
    life = said(1, "03 08:00"), said(2, "03 08:00"), said(4, "03 08:00")
    assert times(Clock.ACCEPTANCE, *life) == 1
    assert times(Clock.FORWARD, *life) == 1
    assert times(Clock.STEP, *life) == 2


def test_no_step_is_timed_before_the_receipt_and_every_one_after_it():
    late = msgspec.structs.replace(
        said(2, "03 09:00", receipt_ms=aug("03 10:00")), arrival_ms=aug("03 12:00")
    )
    life = said(1, "03 08:00"), late, said(4, "03 11:00"), said(9, "03 16:00")
    assert clock(Clock.STEP, *life)[0] == 6 * HOUR
    assert times(Clock.STEP, *life) == 2


def test_only_a_10_hands_over():
    life = said(2, "03 08:00"), said(9, "04 08:00")
    assert times(Clock.HANDOVER, *life) == 0
    assert times(Clock.HANDOVER, *life, said(7, "05 08:00")) == 0
    assert times(Clock.HANDOVER, *life, said(10, "05 08:00")) == 1


def test_a_pause_that_the_end_follows_is_over():
    life = said(2, "03 08:00"), said(6, "04 08:00"), said(9, "04 10:00")
    assert clock(Clock.PAUSE_PAYMENT, *life)[0] == 2 * HOUR


def test_a_clock_without_a_limit_has_no_instant_to_keep():
    unlimited = ClockLimit(
        unit=ClockUnit.NONE, article="abolished", basis=STANDARD[Clock.ACCEPTANCE].basis
    )
    assert by_when(unlimited, aug("03 08:00"), vietnam(), HANOI) is None


def test_the_15_00_rule_moves_the_due_date_only_where_the_row_says_so():
    """Eight hours from Monday 15:00:00.001 end on Tuesday at 15:00; from Tuesday 07:00 at 17:00."""
    eight = Limit(8, Unit.HOURS)
    life = said(2, "03 15:00:00.001"), said(4, "03 16:00"), said(9, "04 17:00")
    assert "766 late" in verdicts(*life, by=rules(row(eight)))
    assert "766 on_time" in verdicts(*life, by=rules(row(eight, forward_moves_due=True)))
    early = said(2, "03 15:00"), said(4, "03 16:00"), said(9, "04 17:00")
    assert "766 late" in verdicts(*early, by=rules(row(eight, forward_moves_due=True)))


@pytest.mark.parametrize(("asked", "within"), [("06 17:00", 1), ("06 17:00:00.001", 0)])
def test_the_desk_asks_for_papers_within_three_working_days(asked, within):
    life = said(2, "03 10:00"), said(5, asked)
    assert clock(Clock.SUPPLEMENT_REQUEST, *life)[2:] == (within, 1 - within)
    by_the_unit = said(2, "03 10:00"), said(4, "03 11:00"), said(5, asked)
    assert clock(Clock.SUPPLEMENT_REQUEST, *by_the_unit) == (0, 0, 0, 0)


def test_the_citizens_time_runs_from_request_to_papers():
    """05 08:00 to 06 10:00: a working day and two hours."""
    assert clock(Clock.SUPPLEMENT, said(2, "03 08:00"), *SUPPLEMENT)[:2] == (
        26 * HOUR,
        10 * HOUR,
    )


def test_processing_is_gross_and_hand_over_follows_it():
    """Monday 08:00 to Thursday 10:00 is 74 hours; 7 of Monday, 16, and 3 of Thursday worked."""
    life = said(2, "03 08:00"), *SUPPLEMENT, said(9, "06 10:00"), said(10, "06 11:00")
    assert clock(Clock.PROCESSING, *life) == (74 * HOUR, 26 * HOUR, 1, 0)
    assert figure(Measure.PROCESSING_TIME, *life) == 74 * HOUR
    assert clock(Clock.HANDOVER, *life) == (HOUR, HOUR, 0, 0)


def test_synchronisation_is_timed_for_bundled_procedures_only():
    acknowledged = noted(
        SyncAcknowledged, "03 10:10", target="dvcqg", code=0, sent_ms=aug("03 10:00")
    )
    late = noted(
        SyncAcknowledged, "03 14:30:00.001", target="dvcqg", code=0, sent_ms=aug("03 11:00")
    )
    life = said(2, "03 08:00"), acknowledged, late
    assert clock(Clock.SYNC, *life) == (0, 0, 0, 0)
    by = rules(row(bundled=True))
    assert clock(Clock.SYNC, *life, by=by)[2:] == (1, 1)
    # Half an hour before lunch, an hour and a millisecond after it: within two hours.
    assert clock(Clock.ANSWER, *life, by=by)[2:] == (2, 0)


def test_an_answer_that_says_not_when_it_was_sent_or_that_it_was_sent_later_is_not_timed():
    unsaid = noted(SyncAcknowledged, "03 10:10", target="dvcqg", code=0)
    before = noted(
        SyncAcknowledged, "03 10:20", target="dvcqg", code=0, sent_ms=aug("03 10:20:00.001")
    )
    by = rules(row(bundled=True))

    assert clock(Clock.SYNC, said(2, "03 08:00"), unsaid, by=by) == (0, 0, 0, 0)
    assert clock(Clock.ANSWER, said(2, "03 08:00"), before, by=by) == (0, 0, 0, 0)


# --- which limit, which calendar --------------------------------------------------------------


def test_the_limit_is_that_of_the_receipt_day():
    until = day("2026-08-05")
    rows = (
        row(THREE_DAYS, valid_until=until),
        row(Limit(1, Unit.WORKING_DAYS), valid_from=until),
    )
    before, after = said(2, "04 16:00"), said(2, "05 00:00")
    assert slots(Measure.IN_PROCESS_06B, "05", before, by=rules(*rows)) == [day("2026-08-07")]
    assert slots(Measure.IN_PROCESS_06B, "05", after, by=rules(*rows)) == [day("2026-08-06")]
    amended = noted(Amended, "06 08:00", receipt_ms=aug("04 23:59"))
    found = slots(Measure.IN_PROCESS_06B, "06", after, amended, by=rules(*rows))
    assert found == [day("2026-08-10")]  # at night: it counts from the 5th, by the old limit


def test_an_ended_dossier_uses_the_decisions_known_by_its_end_and_an_open_one_all():
    """Friday the 7th is declared off on the 6th: three days from Tuesday end on Monday then."""
    declared = Decision(day("2026-08-06"), off={day("2026-08-07")})
    base = Decision(day("2023-12-01"), set(map(day, OFF)), set(map(day, MAKE_UP)))
    by = replace(rules(), decisions=[base, declared])
    life = said(2, "04 08:00"), said(4, "04 09:00")
    assert slots(Measure.IN_PROCESS_06B, "04", *life, by=by) == [day("2026-08-10")]
    ended_before, ended_after = said(9, "05 23:59"), said(9, "06 00:00")
    found = slots(Measure.IN_PROCESS_06B, "04", *life, ended_before, by=by)
    assert found == [day("2026-08-07")]
    found = slots(Measure.IN_PROCESS_06B, "04", *life, ended_after, by=by)
    assert found == [day("2026-08-10")]


def test_the_service_level_is_the_catalogues():
    partial = Procedure(code="1.004194", level=3, limits={0: THREE_DAYS})
    entries = booked([said(2, "03 08:00")], rules(partial))
    levels = {a.cell.level for a in entries if a.measure == Measure.ACCEPTED}
    assert levels == {3}
    unknown = booked([said(2, "03 08:00")], replace(rules(), rows=[]))
    assert {a.cell.level for a in unknown if a.measure == Measure.ACCEPTED} == {4}


def test_a_catalogue_counts_its_procedures():
    assert len(Catalogue({"1.004194": (row(),), "2.000815": (row(), row())})) == 2


def test_only_an_accepted_dossier_is_reckoned():
    policy = policy_of(rules())
    with pytest.raises(ValueError, match="not accepted"):
        Reckoning.of(fold([said(1, "03 08:00")]), policy.zone, policy.legal)


# --- snapshots, voids, reopened, amendments -----------------------------------------------------


def boarded(**given):
    given.setdefault("state", 4)
    return noted(
        Snapshot,
        "05 08:00",
        procedure="1.004194",
        agency="H56.14",
        accepted_ms=aug("03 08:00"),
        **given,
    )


def test_a_snapshot_is_carried_over_and_in_no_figure_before_it():
    life = (boarded(due_ms=aug("07 17:00")), said(9, "07 17:00"))
    assert figure(Measure.ACCEPTED, *life) == 0
    assert figure(Measure.BOARDED, *life) == 1
    assert slots(Measure.IN_PROCESS, "04", *life) == []
    assert slots(Measure.IN_PROCESS, "05", *life) == [day("2026-08-07")]
    assert "766 on_time" in verdicts(*life)


def test_earlier_pauses_count_for_the_766_rule():
    one = boarded(due_ms=aug("07 17:00"), paused_ms=26 * HOUR, supplements=1)
    assert "766 on_time" in verdicts(one, said(9, "08 19:00"))
    assert "766 late" in verdicts(one, said(9, "08 19:00:00.001"))
    assert "766 late" in verdicts(
        one, said(5, "06 08:00"), said(4, "06 09:00"), said(9, "07 08:00")
    )


def test_a_snapshot_of_what_is_accepted_says_nothing_new():
    life = said(2, "03 08:00", due="07 17:00"), said(9, "07 17:00")
    with_snapshot = booked([*life, boarded(due_ms=aug("28 17:00"))], rules())
    assert with_snapshot == booked(life, rules())


def test_a_snapshot_in_a_state_that_does_not_run_is_in_process():
    assert slots(Measure.IN_PROCESS_06B, "05", boarded(state=1)) == [day("2026-08-06")]
    assert fold([boarded(state=1)]).outcome is Outcome.IN_PROCESS


def test_a_dossier_that_an_8_accepted_has_ended_under_the_766_rule():
    assert verdicts(said(8, "06 17:00", receipt_ms=aug("03 08:00"))) == {"766 on_time"}


def test_a_void_before_its_target_undoes_the_end():
    void = noted(Voided, "02 08:00", target="9@07 17:00")
    life = said(2, "03 08:00", due="07 17:00"), said(9, "07 17:00")
    assert verdicts(*life, void) == set()
    other = noted(Voided, "02 08:00", target="9@07 17:00", source="portal")
    assert len(verdicts(*life, other)) == 4


def test_reopening_undoes_what_a_mistaken_hand_over_ended():
    """The papers that were asked for on the 5th complete the request with the 4 of the 8th."""
    life = said(2, "03 08:00", due="07 17:00"), said(5, "05 08:00"), said(10, "06 08:00")
    shut_out = said(4, "06 09:00")
    reopened = noted(Reopened, "07 08:00")
    assert slots(Measure.PAUSED_766, "07", *life, shut_out, reopened) == [FIXED_IN_TIME]
    end = said(4, "08 08:00"), said(9, "10 17:00")  # less three days: the 7th at 17:00
    assert "766 on_time" in verdicts(*life, shut_out, reopened, *end)


def test_a_dossier_that_an_undone_9_accepted_stays_accepted():
    life = said(9, "03 08:00"), noted(Reopened, "04 08:00")
    assert figure(Measure.ACCEPTED, *life) == 1
    assert figure(Measure.COMPLETED, *life) == 0
    assert slots(Measure.IN_PROCESS_06B, "05", *life) == [day("2026-08-06")]


def test_a_correction_moves_history_and_a_hand_off_does_not():
    away = said(4, "04 08:00", agency="G01")
    life = said(2, "03 08:00"), away, noted(Amended, "05 08:00", agency="H19")
    entries = booked(life, rules())
    places = {
        (a.cell.agency, a.measure): amount
        for a, amount in entries.items()
        if a.measure in {Measure.ACCEPTED, Measure.HANDED_IN, Measure.HANDED_OUT}
    }
    assert places == {
        ("H19", Measure.ACCEPTED): 1,
        ("H19", Measure.HANDED_OUT): 1,
        ("G01", Measure.HANDED_IN): 1,
    }
