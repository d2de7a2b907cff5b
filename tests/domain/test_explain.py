"""What is told of a dossier is what was done: the story, the computations, the entries."""

from collections import Counter
from dataclasses import astuple
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.binding import ClockLimit, ClockUnit, standard
from monitor.domain.calendar import WorkCalendar
from monitor.domain.deadlines import Basis as GroundBasis
from monitor.domain.deadlines import Limit, Rule, Strategy, Unit
from monitor.domain.event import Stamp
from monitor.domain.explain import (
    DueFrom,
    Effect,
    Finding,
    Hours,
    SlotKind,
    Turn,
    explain,
    posted,
)
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.lifecycle import Holder, RuleName
from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    FIXED_UNCERTAIN,
    NO_SLOT,
    TRIAL,
    Basis,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.policy import Legal, Policy, Precision
from monitor.domain.post import Account, post
from monitor.domain.procedure import Catalogue, Procedure
from monitor.domain.view import Cell, Outcome
from monitor.domain.warning import QualityWarning
from monitor.domain.zone import Zone
from schemas.event import (
    Amended,
    DocumentsAttached,
    PaymentMade,
    PaymentRequested,
    Rated,
    Reopened,
    Rescheduled,
    ResultIssued,
    Snapshot,
    SupplementReceived,
    SupplementRequested,
    SyncAcknowledged,
    Voided,
)
from tests.domain.strategies import (
    DATE,
    DAY,
    HANOI,
    HOUR,
    INSTANT,
    INSTANTS,
    JULY_31,
    MINUTE,
    at,
    heard,
    said,
)
from tests.domain.strategies_law import edged
from tests.domain.strategies_law import histories as of_all_kinds
from tests.domain.strategies_time import vietnam

KEY = "H56.14-260803-0001"
LAW = GroundBasis.LAW
PLAIN, R766, R06B, FIRST = RuleName
VERDICTS = {
    (PLAIN, Finding.ON_TIME): Measure.ON_TIME,
    (PLAIN, Finding.LATE): Measure.LATE,
    (PLAIN, Finding.NO_DEADLINE): Measure.NO_DEADLINE,
    (R766, Finding.ON_TIME): Measure.ON_TIME_766,
    (R766, Finding.LATE): Measure.LATE_766,
    (R766, Finding.NO_DEADLINE): Measure.NO_DEADLINE_766,
    (R06B, Finding.EARLY): Measure.EARLY_06B,
    (R06B, Finding.ON_TIME): Measure.ON_TIME_06B,
    (R06B, Finding.LATE): Measure.LATE_06B,
    (R06B, Finding.NO_DEADLINE): Measure.NO_DEADLINE_06B,
    (FIRST, Finding.ON_TIME): Measure.ON_TIME_FIRST_DUE,
    (FIRST, Finding.LATE): Measure.LATE_FIRST_DUE,
    (FIRST, Finding.NO_DEADLINE): Measure.NO_DEADLINE_FIRST_DUE,
}
STOCKS = {
    PLAIN: (Measure.IN_PROCESS, Measure.PAUSED),
    R766: (Measure.IN_PROCESS_766, Measure.PAUSED_766),
    R06B: (Measure.IN_PROCESS_06B, Measure.PAUSED_06B),
    FIRST: (Measure.IN_PROCESS_FIRST_DUE, Measure.PAUSED_FIRST_DUE),
}


class OneCalendar:
    """The same calendar for every agency and day."""

    def __init__(self, calendar):
        self._calendar = calendar

    def calendar(self, agency=""):
        return self._calendar

    def owners(self):
        return ()

    def calendar_known_at(self, day, agency=""):
        return self._calendar


def legal(
    *,
    strategy=Strategy.SHIFT,
    limit=None,
    calendar=None,
    bundled=False,
    forward=False,
    limits=standard,
    portals=frozenset(),
):
    """A policy with the law's side: 1.004194 takes five working days, unless said otherwise."""
    row = Procedure(
        code="1.004194",
        level=4,
        limits={0: limit or Limit(5, Unit.WORKING_DAYS)},
        bundled=bundled,
        forward_moves_due=forward,
    )
    unlimited = Procedure(code="2.000815", level=3)
    law = Legal(
        calendars=OneCalendar(calendar or vietnam()),
        catalogue=Catalogue({"1.004194": (row,), "2.000815": (unlimited,)}),
        strategy=strategy,
        limits=limits,
        portals=portals,
        version="0a1b",
    )
    return Policy(HANOI, legal=law)


def noted(kind, claimed_ms, **given):
    """A statement that is no state."""
    given.setdefault("source", "office")
    given.setdefault("id", f"{kind.__name__}@{claimed_ms}")
    given.setdefault("arrival_ms", claimed_ms)
    return kind(dossier=KEY, claimed_ms=claimed_ms, **given)


def told_of(told, id_):
    [one] = [one for one in told.story if one.id == id_ and one.effect is not Effect.DUPLICATE]
    return one


def verdict(told, rule):
    [one] = [one for one in told.verdicts if one.rule is rule]
    return one


def own_of(told):
    assert told.own is not None
    return told.own


def turned(one):
    return {rule: [turn for by, turn in one.turns if by is rule] for rule, _ in one.turns}


# --- Whatever happened ---------------------------------------------------------------------

_AGENCIES = [("", ""), ("H56.14", "H56.14.02"), ("G01.899", "")]


@st.composite
def others(draw):
    """A statement of any kind that is no state, with identities that collide with states'."""
    claimed_ms = draw(st.sampled_from(INSTANTS))
    given = {
        "source": draw(st.sampled_from("aab")),
        "id": draw(st.sampled_from("123456789xyz")),
        "arrival_ms": claimed_ms + draw(st.sampled_from([0, 0, DAY, -DAY])),
    }
    agency, unit = draw(st.sampled_from(_AGENCIES))
    due_ms = draw(st.sampled_from(INSTANTS))
    kinds = [
        (SupplementRequested, {"agency": agency, "unit": unit}),
        (SupplementReceived, {}),
        (
            Rescheduled,
            {"due_ms": due_ms, "apology": draw(st.sampled_from([None, False, True]))},
        ),
        (Voided, {"target": draw(st.sampled_from(["1", "2", "3", "l0", "l1", "l3", "l4"]))}),
        (Amended, {"agency": agency, "procedure": "2.000815", "channel": 1}),
        (Amended, {"receipt_ms": due_ms, "unit": unit}),
        (Reopened, {}),
        (PaymentRequested, {"amount": 0}),
        (SyncAcknowledged, {"target": "emc", "code": 0, "sent_ms": due_ms}),
        (
            Snapshot,
            {
                "state": draw(st.sampled_from([2, 4, 5, 6])),
                "procedure": "1.004194",
                "agency": "H56.14",
                "accepted_ms": due_ms,
                "paused_ms": HOUR,
                "supplements": draw(st.integers(0, 1)),
            },
        ),
    ]
    kind, fields = draw(st.sampled_from(kinds))
    return noted(kind, claimed_ms, **given, **fields)


@st.composite
def histories(draw):
    """Everything that may be heard of a dossier; at least one statement."""
    events = draw(heard()) + draw(st.lists(others(), max_size=4))
    return draw(st.permutations(events or [said(2, at(3))]))


POLICIES = [
    INSTANT,
    DATE,
    legal(),
    legal(strategy=Strategy.RESTART, bundled=True, forward=True),
    legal(strategy=Strategy.SUBTRACT, limit=Limit(8, Unit.HOURS)),
    legal(portals=frozenset("b"), limit=Limit(2, Unit.CALENDAR_DAYS)),
]
policies = st.sampled_from(POLICIES)


def drawn():
    """At least one statement, of all kinds; what official figures are counted by among them."""
    return of_all_kinds().filter(bool)


@settings(max_examples=150)
@given(histories() | edged(histories()), policies)
def test_the_entries_told_are_those_posted(events, policy):
    told = explain(events, policy)

    view = fold(settled(events), policy.portals)
    assert {
        Account(one.measure, one.cell, one.day, one.slot): one.amount for one in told.entries
    } == post(view, policy)


@settings(max_examples=200)
@given(histories(), policies)
def test_every_verdict_told_is_the_one_posted_and_follows_from_what_is_told(events, policy):
    told = explain(events, policy)

    judged = set(VERDICTS.values())
    entries = Counter(one.measure for one in told.entries if one.measure in judged)
    findings = Counter(
        VERDICTS[one.rule, one.finding]
        for one in told.verdicts
        if (one.rule, one.finding) in VERDICTS and one.slot is None
    )
    assert findings == entries
    for one in told.verdicts:
        if one.net_ms is None or one.due_ms is None or one.finding is Finding.NOT_JUDGED:
            continue
        assert one.end_ms is not None
        assert one.net_ms == one.end_ms - one.taken_off_ms
        net, due = one.net_ms, one.due_ms
        if one.precision is Precision.DATE:
            net, due = HANOI.day(net), HANOI.day(due)
        assert (one.finding is Finding.LATE) == (net > due or one.late_by_supplements)
        assert not one.late_by_supplements or (one.rule is R766 and one.supplements > 1)
        assert (one.finding is Finding.EARLY) == (one.rule is R06B and net < due)


@settings(max_examples=200)
@given(histories(), policies)
def test_every_due_date_told_is_the_one_booked(events, policy):
    told = explain(events, policy)

    for one in told.verdicts:
        held = Counter()
        for entry in told.entries:
            if entry.measure in STOCKS[one.rule]:
                held[entry.slot] += entry.amount
        open_in = [slot for slot, amount in held.items() if amount]
        assert open_in == ([] if one.slot is None else [one.slot])
        if one.slot is not None and one.slot >= 0 and one.rule is not R766:
            assert one.due_ms is not None
            assert HANOI.day(one.due_ms) == one.slot
    view = fold(settled(events), policy.portals)
    assert [one.due_ms for one in told.sent] == [due.due_ms for due in view.dues]
    in_force = [one.due_ms for one in told.sent if one.in_force]
    assert in_force == ([] if view.due_ms is None else [view.due_ms])
    by_limit = {
        Measure.DUE_EARLIER: lambda sent, own: sent < own,
        Measure.DUE_EQUAL: lambda sent, own: sent == own,
        Measure.DUE_LATER: lambda sent, own: sent > own,
    }
    compared = [one.measure for one in told.entries if one.measure in by_limit]
    first = [one.due_ms for one in told.sent if not (one.put_off or one.after_end)]
    assert len(compared) == (told.own is not None and bool(first))
    for measure in compared:
        sent, own = HANOI.day(first[0]), HANOI.day(own_of(told).due_ms)
        assert by_limit[Measure(measure)](sent, own)
    if told.own is not None and not told.sent:
        assert verdict(told, R06B).due_ms == own_of(told).moved_due_ms
        assert verdict(told, R766).due_ms == own_of(told).due_ms
        assert verdict(told, FIRST).due_ms == own_of(told).due_ms


@given(histories(), policies)
def test_clocks_and_warnings_told_add_up_to_the_entries(events, policy):
    told = explain(events, policy)

    times, entries = Counter(), Counter()
    for one in told.timings:
        times[clock_measure(one.clock, Part.ELAPSED)] += one.elapsed_ms
        times[clock_measure(one.clock, Part.WORKED)] += one.worked_ms
        if one.within is not None:
            part = Part.WITHIN if one.within else Part.BEYOND
            times[clock_measure(one.clock, part)] += 1
            assert one.limit_says
            assert one.limit_basis is not None
    for entry in told.entries:
        if entry.measure > Measure.CLOCKS and entry.slot_kind is SlotKind.NONE:
            entries[entry.measure] += entry.amount
    assert +times == entries
    warned = Counter((one.source, int(one.warning)) for one in told.warnings)
    booked = Counter()
    for entry in told.entries:
        if entry.measure == Measure.WARNED:
            booked[entry.cell.source, entry.slot] += entry.amount
    if policy.legal is not None:
        assert warned == booked
    for warning in told.warnings:
        if warning.id:
            assert warning.warning in told_of_source(told, warning.source, warning.id).warnings


def told_of_source(told, source, id_):
    [one] = [
        one
        for one in told.story
        if (one.source, one.id) == (source, id_)
        and one.effect not in (Effect.DUPLICATE, Effect.SUPERSEDED)
    ]
    return one


@settings(max_examples=150)
@given(histories() | edged(histories()), policies)
def test_the_story_holds_everything_heard_and_ends_where_the_dossier_stands(events, policy):
    told = explain(events, policy)

    assert Counter((one.source, one.id, one.claimed_ms) for one in told.story) == Counter(
        (event.source, event.id, event.claimed_ms) for event in events
    )
    counted = [one for one in told.story if one.outcome is not None]
    assert [one.effective_ms for one in counted] == sorted(one.effective_ms for one in counted)
    assert (counted[-1].outcome if counted else Outcome.NONE) == told.outcome
    assert (counted[-1].place if counted else told.holder) == told.holder


@given(histories(), policies)
def test_a_clock_starts_once_and_restarts_only_after_it_has_ended_or_stood(events, policy):
    told = explain(events, policy)

    for one in told.verdicts:
        does = [turn for told_one in told.story for turn in turned(told_one).get(one.rule, [])]
        assert does[:1] in ([], [Turn.STARTS])
        assert Turn.STARTS not in does[1:]
        for before, after in pairwise(does):
            assert (
                after
                in {
                    Turn.STARTS: (Turn.STOPS, Turn.ENDS),
                    Turn.STOPS: (Turn.GOES_ON, Turn.RESTARTS, Turn.ENDS),
                    Turn.GOES_ON: (Turn.STOPS, Turn.ENDS),
                    Turn.RESTARTS: (Turn.STOPS, Turn.ENDS),
                    Turn.ENDS: (Turn.RESTARTS,),
                }[before]
            )
        if does:
            assert (does[-1] is Turn.ENDS) == (one.end_ms is not None)


@settings(max_examples=150)
@given(histories() | edged(histories()), policies, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing_that_is_told(events, policy, random):
    shuffled = random.sample(events, len(events))

    assert explain(events, policy) == explain(shuffled, policy)


# --- By example ----------------------------------------------------------------------------


def test_nothing_can_be_told_of_no_events():
    with pytest.raises(ValueError, match="without events"):
        explain([], INSTANT)


def supplemented(policy, **given):
    """3 August 2026, a Monday: received; a supplement from Wednesday 9:00 to Friday 9:00."""
    return explain(
        [
            said(2, at(3, "08:00"), id="2", receipt_ms=at(3, "08:00")),
            said(4, at(3, "14:00"), id="4", unit="H56.14.02", step="check"),
            said(5, at(5, "09:00"), id="5", unit="H56.14.02"),
            said(4, at(7, "09:00"), id="4b", unit="H56.14.02"),
            said(9, at(12, "16:00"), id="9", unit="H56.14.02"),
            said(10, at(13, "08:00"), id="10", **given),
        ],
        policy,
    )


def test_each_rule_says_how_it_came_to_its_verdict():
    told = supplemented(legal())

    six, six_b, first = (verdict(told, rule) for rule in (R766, R06B, FIRST))
    # Five working days after Monday the 3rd: Monday the 10th, when the office closes.
    assert (six.due_ms, six.due_from) == (at(10, "17:00"), DueFrom.LIMIT)
    assert (six.end_ms, six.taken_off_ms, six.net_ms) == (
        at(12, "16:00"),
        2 * DAY,
        at(10, "16:00"),
    )
    assert (six.finding, six.precision, six.basis) == (
        Finding.ON_TIME,
        Precision.INSTANT,
        Basis.PRACTICE,
    )
    assert six.source == "Decision 766/QĐ-TTg, formula 2.1"
    # Two working days of eight hours given back: Wednesday the 12th at the close.
    assert (six_b.due_ms, six_b.net_ms) == (at(12, "17:00"), at(12, "16:00"))
    assert (six_b.finding, six_b.precision) == (Finding.ON_TIME, Precision.DATE)
    assert (first.due_ms, first.finding, first.basis) == (
        at(10, "17:00"),
        Finding.ON_TIME,
        Basis.ASSUMPTION,
    )
    plain = verdict(told, PLAIN)
    assert (plain.finding, plain.due_ms, plain.due_from, plain.basis) == (
        Finding.NO_DEADLINE,
        None,
        DueFrom.NOWHERE,
        Basis.PLAIN,
    )


def test_our_due_date_comes_with_its_rules_and_pauses():
    own = own_of(supplemented(legal()))

    assert (own.procedure, own.limit) == ("1.004194", Limit(5, Unit.WORKING_DAYS))
    assert (own.receipt_ms, own.due_ms, own.provisional) == (
        at(3, "08:00"),
        at(10, "17:00"),
        False,
    )
    assert [(one.rule, one.basis) for one in own.reasons] == [
        (Rule.WORKING_DAYS, Basis.ASSUMPTION)
    ]
    [pause] = own.pauses
    assert (pause.from_ms, pause.until_ms) == (at(5, "09:00"), at(7, "09:00"))
    assert (pause.elapsed_ms, pause.worked_ms) == (2 * DAY, 16 * HOUR)
    assert own.moved_due_ms == at(12, "17:00")
    assert [one.rule for one in own.moved_reasons] == [Rule.WORKING_DAYS, Rule.SHIFTED]
    assert own.calendar == vietnam().version


def test_the_clock_stops_by_the_rules_that_know_pauses():
    told = supplemented(legal())

    every, pausing = (PLAIN, R766, R06B, FIRST), (R766, R06B, FIRST)
    assert turned(told_of(told, "2")) == {rule: [Turn.STARTS] for rule in every}
    assert turned(told_of(told, "5")) == {rule: [Turn.STOPS] for rule in pausing}
    assert turned(told_of(told, "4b")) == {rule: [Turn.GOES_ON] for rule in pausing}
    assert turned(told_of(told, "9")) == {rule: [Turn.ENDS] for rule in every}
    assert turned(told_of(told, "10")) == {}


def test_a_payment_stops_report_06b_alone():
    told = explain([said(2, at(3), id="2"), said(6, at(4), id="6")], legal())

    assert turned(told_of(told, "6")) == {R06B: [Turn.STOPS]}


def test_a_stop_ends_the_766_rule_alone_until_it_is_taken_up_again():
    told = explain(
        [said(2, at(3), id="2"), said(8, at(4), id="8"), said(4, at(5), id="4")], legal()
    )

    assert turned(told_of(told, "8")) == {R766: [Turn.ENDS], R06B: [Turn.STOPS]}
    assert turned(told_of(told, "4")) == {R766: [Turn.RESTARTS], R06B: [Turn.GOES_ON]}


def test_the_766_rule_takes_no_due_date_made_after_a_stop():
    told = explain(
        [said(2, at(3)), said(8, at(4)), noted(Rescheduled, at(5), due_ms=at(20))], legal()
    )

    six, six_b = verdict(told, R766), verdict(told, R06B)
    assert (six.end_ms, six.due_ms, six.due_from) == (at(4), at(10, "17:00"), DueFrom.LIMIT)
    assert (six_b.due_ms, six_b.due_from) == (at(20), DueFrom.SENT)


def test_a_warning_is_never_that_of_a_voided_statement():
    told = explain(
        [
            said(2, at(3), id="2"),
            said(5, at(4), id="5"),
            said(4, at(5), id="4"),
            said(5, at(6), id="5a"),
            said(5, at(6), id="5b"),
            noted(Voided, at(7), id="v", target="5a"),
        ],
        legal(),
    )

    assert told_of(told, "5a").warnings == ()
    assert told_of(told, "5b").warnings == (QualityWarning.SECOND_SUPPLEMENT,)


def test_a_supplement_that_accepts_starts_and_stops_the_clock_at_once():
    told = explain([said(5, at(3), id="5", receipt_ms=at(3))], legal())

    assert turned(told_of(told, "5"))[R766] == [Turn.STARTS, Turn.STOPS]
    assert turned(told_of(told, "5"))[PLAIN] == [Turn.STARTS]


def test_where_the_limit_starts_from_zero_the_clock_of_report_06b_restarts():
    told = supplemented(legal(strategy=Strategy.RESTART))

    assert turned(told_of(told, "4b"))[R06B] == [Turn.RESTARTS]
    assert turned(told_of(told, "4b"))[R766] == [Turn.GOES_ON]
    # Five working days after Friday the 7th.
    assert own_of(told).moved_due_ms == at(14, "17:00")
    restarted = own_of(told).moved_reasons[0]
    assert (restarted.rule, restarted.basis) == (Rule.RESTARTED, Basis.ASSUMPTION)
    assert restarted.source == (
        "Decree 61/2018/NĐ-CP Art. 19(4), replaced on 2025-07-01 by Decree 118/2025/NĐ-CP"
    )


def test_a_due_date_of_a_source_keeps_the_clock_from_restarting():
    told = explain(
        [
            said(2, at(3), id="2", due_ms=at(7, "17:00")),
            said(5, at(4), id="5"),
            said(4, at(5), id="4"),
        ],
        legal(strategy=Strategy.RESTART),
    )

    assert turned(told_of(told, "4"))[R06B] == [Turn.GOES_ON]


def test_a_decree_that_was_replaced_is_law_for_earlier_dossiers():
    a_year = 400 * DAY  # 3 August 2026 becomes 29 June 2025, a Sunday
    told = explain(
        [
            said(2, at(3) - a_year, id="2"),
            said(5, at(4) - a_year, id="5"),
            said(4, at(5) - a_year, id="4"),
        ],
        legal(strategy=Strategy.RESTART),
    )

    restarted = own_of(told).moved_reasons[0]
    assert (restarted.rule, restarted.basis) == (Rule.RESTARTED, Basis.LAW)
    assert restarted.source == "Decree 61/2018/NĐ-CP Art. 19(4)"


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        (
            ClockLimit(unit=ClockUnit.HOURS, n=8, article="a", basis=LAW),
            "8 hours of working time",
        ),
        (
            ClockLimit(unit=ClockUnit.WORKING_DAYS, n=2, article="a", basis=LAW),
            "2 working days",
        ),
        (ClockLimit(unit=ClockUnit.SAME_DAY, article="a", basis=LAW), "the same working day"),
        (
            ClockLimit(
                unit=ClockUnit.SAME_DAY,
                cut_off_ms=15 * HOUR,
                grace_ms=HOUR,
                article="a",
                basis=LAW,
            ),
            "the same working day; after 15:00 the first 60 minutes of the next working day",
        ),
    ],
)
def test_a_clock_says_what_it_had_to_keep_and_where_that_is_written(limit, says):
    told = explain([said(2, at(3)), said(4, at(4))], legal(limits=lambda clock, day: limit))

    [forward] = [one for one in told.timings if one.clock is Clock.FORWARD]
    assert (forward.limit_says, forward.limit_source) == (says, "a")
    assert forward.limit_basis is Basis.LAW


def test_a_clock_without_a_limit_is_only_measured():
    told = explain([said(2, at(3)), said(4, at(4))], legal(limits=lambda clock, day: None))

    [forward] = [one for one in told.timings if one.clock is Clock.FORWARD]
    assert (forward.limit_ms, forward.within, forward.limit_basis) == (None, None, None)


def test_where_the_row_says_so_a_late_receipt_counts_from_the_next_day():
    late = explain([said(2, at(3, "15:30"), receipt_ms=at(3, "15:30"))], legal(forward=True))
    plain = explain([said(2, at(3, "15:30"), receipt_ms=at(3, "15:30"))], legal())

    assert own_of(late).receipt_ms == at(3, "15:30")
    assert own_of(late).counted_from_ms == at(4, "07:00")
    assert own_of(late).due_ms == at(11, "17:00")
    assert own_of(plain).counted_from_ms == at(3, "15:30")


def test_a_pause_beyond_the_calendar_has_no_working_time():
    ends = WorkCalendar(zone=Zone(), last_day=JULY_31 + 11)
    told = explain(
        [said(2, at(3)), said(5, at(4)), said(4, at(20))],
        legal(calendar=ends, strategy=Strategy.SUBTRACT),
    )

    [pause] = own_of(told).pauses
    assert (pause.elapsed_ms, pause.worked_ms) == (16 * DAY, None)
    assert told.beyond_calendar


def test_the_catalogues_level_stands_against_the_one_sent():
    told = explain([said(2, at(3), level=3)], legal())
    unknown = explain([said(2, at(3), level=3, procedure="9.999999")], legal())

    assert (told.level, unknown.level) == (4, 3)


def test_what_was_odd_about_a_voided_statement_is_still_told():
    told = explain(
        [
            said(2, at(3), id="2", receipt_ms=at(3)),
            said(9, at(6), id="9", arrival_ms=at(5)),
            said(9, at(5), id="8"),
            noted(Voided, at(7), id="v", target="9"),
        ],
        legal(),
    )

    assert told_of(told, "9").effect is Effect.VOIDED
    assert QualityWarning.FUTURE_TIME in told_of(told, "9").warnings


def test_an_amendment_that_is_odd_is_warned_about_itself():
    told = explain(
        [
            said(2, at(3), id="2", receipt_ms=at(3)),
            said(0, at(4), id="0"),
            noted(Amended, at(4), id="a", receipt_ms=at(9)),
        ],
        legal(),
    )

    assert told_of(told, "a").warnings == (QualityWarning.RECEIPT_IN_FUTURE,)


def test_of_two_equal_ends_the_earlier_one_is_undone():
    told = explain(
        [
            said(2, at(3), id="2"),
            said(9, at(4), id="x", sequence=1),
            noted(Reopened, at(4), id="r", sequence=2),
            said(9, at(4), id="y", sequence=3),
        ],
        INSTANT,
    )

    assert {one.id: one.undone_by for one in told.story if one.undone_by} == {"x": "r"}


def test_while_a_pause_lasts_a_restarted_limit_is_unknown():
    told = explain(
        [said(2, at(3), id="2"), said(5, at(4), id="5")], legal(strategy=Strategy.RESTART)
    )

    assert own_of(told).moved_due_ms is None
    assert own_of(told).moved_reasons == ()
    assert own_of(told).pauses[0].until_ms is None
    assert own_of(told).pauses[0].worked_ms is None
    assert verdict(told, R06B).finding is Finding.NO_DEADLINE
    assert verdict(told, R06B).due_from is DueFrom.NOWHERE


def test_sent_due_dates_say_which_counts_and_whose_they_are():
    told = explain(
        [
            said(2, at(3), id="2", due_ms=at(7, "17:00")),
            noted(Rescheduled, at(8), id="r", due_ms=at(12, "17:00"), apology=True),
            said(9, at(11), id="9"),
            said(10, at(12), id="10", due_ms=at(20)),
        ],
        legal(),
    )

    first, put_off, after = told.sent
    assert (first.made_ms, first.due_ms, first.id) == (at(3), at(7, "17:00"), "2")
    assert (first.in_force, first.after_end, first.put_off) == (False, False, False)
    assert (put_off.in_force, put_off.put_off, put_off.put_off_late) == (True, True, True)
    assert put_off.apology is True
    assert (after.after_end, after.in_force) == (True, False)
    assert verdict(told, PLAIN).finding is Finding.ON_TIME
    assert verdict(told, FIRST).finding is Finding.LATE
    assert told_of(told, "r").warnings == (QualityWarning.RESCHEDULED_LATE,)


def test_due_dates_made_after_the_end_leave_none_in_force():
    told = explain([said(9, at(3), id="9"), said(10, at(4), id="10", due_ms=at(5))], INSTANT)

    assert [one.in_force for one in told.sent] == [False]
    assert verdict(told, PLAIN).finding is Finding.NO_DEADLINE


def test_a_second_supplement_is_late_whatever_is_due():
    told = explain(
        [
            said(2, at(3), id="2", due_ms=at(20)),
            said(5, at(4), id="5"),
            said(4, at(5), id="4"),
            said(5, at(6), id="5b"),
        ],
        legal(),
        as_of_ms=at(7),
    )

    assert (verdict(told, R766).finding, verdict(told, R766).supplements) == (
        Finding.OVERDUE,
        2,
    )
    assert verdict(told, R766).slot == FIXED_LATE
    assert verdict(told, R06B).finding is Finding.PAUSED


def test_a_supplement_that_is_waited_for_is_in_time_if_it_was_asked_in_time():
    told = explain([said(2, at(3), due_ms=at(5)), said(5, at(4))], legal(), as_of_ms=at(30))

    assert (verdict(told, R766).slot, verdict(told, R766).due_day) == (FIXED_IN_TIME, None)
    assert verdict(told, R766).finding is Finding.IN_TIME


@pytest.mark.parametrize(
    ("as_of_ms", "plain", "six_b"),
    [
        (None, Finding.IN_PROCESS, Finding.IN_PROCESS),
        (at(7, "17:00"), Finding.IN_TIME, Finding.IN_TIME),
        (at(7, "17:00") + 1, Finding.OVERDUE, Finding.IN_TIME),
        (at(8, "00:00"), Finding.OVERDUE, Finding.OVERDUE),
    ],
)
def test_an_open_dossier_is_overdue_as_of_an_instant(as_of_ms, plain, six_b):
    told = explain([said(2, at(3), due_ms=at(7, "17:00"))], legal(), as_of_ms=as_of_ms)

    assert verdict(told, PLAIN).finding is plain
    assert verdict(told, R06B).finding is six_b
    assert verdict(told, R06B).due_day == JULY_31 + 7


def test_by_dates_a_dossier_is_not_overdue_on_the_day_it_is_due():
    told = explain([said(2, at(3), due_ms=at(7, "09:00"))], DATE, as_of_ms=at(7, "17:00"))

    assert verdict(told, PLAIN).finding is Finding.IN_TIME


def test_what_was_never_received_and_what_was_returned_are_not_judged():
    refused = explain([said(1, at(3)), said(3, at(4), id="3")], legal())
    returned = explain([said(2, at(3)), said(7, at(4))], legal())

    assert [one.finding for one in refused.verdicts] == [Finding.NOT_RECEIVED]
    assert refused.outcome is Outcome.REFUSED
    assert told_of(refused, "3").holder is Holder.NOBODY
    assert verdict(returned, PLAIN).finding is Finding.NOT_JUDGED
    assert verdict(returned, R06B).finding is Finding.NOT_JUDGED
    assert verdict(returned, R766).finding is Finding.ON_TIME


def test_what_does_not_count_says_why():
    twice = said(4, at(4), id="4")
    told = explain(
        [
            said(2, at(3), id="2"),
            twice,
            twice,
            said(9, at(4), id="4", revision=-1),
            said(0, at(5), id="0"),
            said(9, at(6), id="9"),
            noted(Voided, at(7), id="v", target="9"),
            noted(Voided, at(7), id="w", target="none"),
            said(4, at(8), id="p", source="portal"),
            noted(Amended, at(8), id="a", channel=2),
            said(7, at(9), id="7"),
            said(4, at(10), id="late"),
        ],
        INSTANT,
    )

    effects = Counter((one.id, one.effect, one.by) for one in told.story)
    assert effects == Counter(
        [
            ("2", Effect.COUNTS, ""),
            ("4", Effect.COUNTS, ""),
            ("4", Effect.DUPLICATE, ""),
            ("4", Effect.SUPERSEDED, ""),
            ("0", Effect.CHANGES_NOTHING, ""),
            ("9", Effect.VOIDED, "v"),
            ("v", Effect.VOIDS, ""),
            ("w", Effect.VOIDS_NOTHING, ""),
            ("p", Effect.CONTRADICTED, ""),
            ("a", Effect.CORRECTS, ""),
            ("7", Effect.COUNTS, ""),
            ("late", Effect.SHUT_OUT, "7"),
        ]
    )
    assert told_of(told, "w").warnings == (QualityWarning.VOID_WITHOUT_TARGET,)
    assert told_of(told, "p").warnings == (QualityWarning.CONTRADICTION,)
    assert told_of(told, "late").warnings == (QualityWarning.SHUT_OUT,)
    assert told_of(told, "9").outcome is None


def test_what_the_edge_made_of_a_statement_is_told():
    legacy = Stamp.ID | Stamp.TIME | Stamp.UNCERTAIN
    told = explain(
        [
            said(2, at(3), id="2", stamped=legacy),
            said(2, at(3, "08:05"), id="2b", stamped=legacy),
            said(9, at(4), id="9", source="test", trial=True),
        ],
        legal(),
    )

    assert {(one.id, one.effect, one.by) for one in told.story} == {
        ("2", Effect.COUNTS, ""),
        ("2b", Effect.SENT_AGAIN, "2"),
        ("9", Effect.ON_TRIAL, ""),
    }
    assert dict(told_of(told, "2").says)["stamped"] == "id, time, uncertain"
    assert told_of(told, "2").warnings[-2:] == (
        QualityWarning.NO_EVENT_ID, QualityWarning.NO_TIME
    )  # fmt: skip
    assert told_of(told, "2b").warnings == (QualityWarning.SENT_AGAIN,)
    assert (told.trial, told.uncertain_ms) == (False, at(3))
    for rule in (R766, R06B, FIRST):
        assert verdict(told, rule).finding is Finding.CLOCK_UNCERTAIN
        assert verdict(told, rule).slot == FIXED_UNCERTAIN


def test_an_uncertain_end_is_no_verdict_by_any_rule():
    events = [said(2, at(3), due_ms=at(9)), said(10, at(5), stamped=Stamp.UNCERTAIN)]
    told = explain(events, legal())

    assert {one.finding for one in told.verdicts} == {Finding.CLOCK_UNCERTAIN}
    assert explain(events, INSTANT).verdicts[0].finding is Finding.CLOCK_UNCERTAIN
    assert told.timings == ()


def test_a_trial_says_that_it_is_one_in_every_entry():
    told = explain([said(2, at(3), trial=True)], INSTANT)

    assert told.trial
    assert {entry.name for entry in told.entries} == {
        "accepted_on_trial",
        "in_process_on_trial",
    }
    assert all("no published figure" in entry.meaning for entry in told.entries)
    assert {entry.measure for entry in told.entries} == {
        TRIAL + Measure.ACCEPTED, TRIAL + Measure.IN_PROCESS
    }  # fmt: skip


def test_an_end_that_was_undone_says_by_what():
    told = explain(
        [
            said(2, at(3), id="2"),
            said(9, at(4), id="9"),
            said(4, at(5), id="recall"),
            said(9, at(6), id="9b"),
            said(10, at(7), id="10"),
            noted(Reopened, at(8), id="again"),
        ],
        legal(),
    )

    assert {one.id: one.undone_by for one in told.story if one.undone_by} == {
        "9": "recall",
        "9b": "again",
        "10": "again",
    }
    assert turned(told_of(told, "recall"))[PLAIN] == [Turn.RESTARTS]
    assert turned(told_of(told, "again"))[R06B] == [Turn.RESTARTS]


def test_an_amended_agency_holds_the_dossier_from_the_beginning():
    told = explain(
        [
            said(2, at(3), id="2", agency="H19"),
            said(5, at(4), id="5", agency="H19"),
            noted(Amended, at(5), id="a", agency="H56.14", unit="H56.14.02"),
        ],
        legal(),
    )

    assert told_of(told, "2").place == ("H56.14", "H56.14.02")
    assert told_of(told, "2").says[1:3] == (("procedure", "1.004194"), ("agency", "H19"))
    assert told_of(told, "5").holder is Holder.CITIZEN


def test_a_clock_that_runs_ahead_is_told_beside_the_time_that_counts():
    told = explain([said(2, at(4), id="2", arrival_ms=at(3))], INSTANT)

    [one] = told.story
    assert (one.effective_ms, one.claimed_ms) == (at(3), at(4))
    assert one.warnings == (
        QualityWarning.FUTURE_TIME,
        QualityWarning.NO_RECEIPT_DATE,
    )


@pytest.mark.parametrize(
    ("at_ms", "hours"),
    [
        (at(3, "08:00"), Hours.OFFICE),
        (at(3, "12:00"), Hours.CLOSED),
        (at(8, "09:00"), Hours.DAY_OFF),  # a Saturday
    ],
)
def test_office_hours_are_those_of_the_calendar(at_ms, hours):
    assert explain([said(1, at_ms)], legal()).story[0].hours is hours
    assert explain([said(2, at_ms)], legal()).story[0].hours is hours
    assert explain([said(2, at_ms)], INSTANT).story[0].hours is None


def test_beyond_the_calendar_no_clock_is_told():
    short = WorkCalendar(zone=Zone(), last_day=JULY_31)
    told = explain([said(2, at(30), id="2"), said(9, at(31), id="9")], legal(calendar=short))

    assert told.beyond_calendar
    assert [one.finding for one in told.verdicts] == [Finding.NO_DEADLINE] * 4
    assert told.own is None
    assert told.timings == ()
    assert [one.warning for one in told.warnings][-1] is QualityWarning.BEYOND_CALENDAR
    assert told_of(told, "9").hours is None


def test_a_pause_whose_return_lies_beyond_the_calendar_leaves_no_due_date():
    ends = WorkCalendar(zone=Zone(), last_day=JULY_31 + 10)
    told = explain(
        [said(2, at(3), id="2"), said(5, at(4), id="5"), said(4, at(7), id="4")],
        legal(calendar=ends),
    )

    assert own_of(told).due_ms == at(10, "17:00")
    assert own_of(told).moved_due_ms is None


def test_a_procedure_without_a_row_or_a_limit_has_no_due_date_of_ours():
    unknown = explain([said(2, at(3), procedure="9.999999")], legal())
    unlimited = explain([said(2, at(3), procedure="2.000815")], legal())

    assert (unknown.known, unknown.own) == (False, None)
    assert (unlimited.known, unlimited.own) == (True, None)
    assert verdict(unlimited, R06B).finding is Finding.NO_DEADLINE


@pytest.mark.parametrize(
    ("measure", "slot", "name", "kind", "bounds"),
    [
        (Measure.ACCEPTED, NO_SLOT, "accepted", SlotKind.NONE, (None, None)),
        (Measure.PAUSED, JULY_31, "paused", SlotKind.DUE_DAY, (None, None)),
        (Measure.PAUSED, NO_SLOT, "paused", SlotKind.NO_DUE_DAY, (None, None)),
        (Measure.PAUSED_766, FIXED_LATE, "paused_766", SlotKind.FIXED_LATE, (None, None)),
        (Measure.WARNED, 3, "warned", SlotKind.WARNING, (None, None)),
        (100, NO_SLOT, "deadline_consumed", SlotKind.SHARE, (None, 100)),
        (110, NO_SLOT, "deadline_consumed", SlotKind.SHARE, (4000, None)),
        (252, 0, "processing_worked_bins", SlotKind.WORKED, (None, 60_000)),
        (252, 1, "processing_worked_bins", SlotKind.WORKED, (60_000, 75_000)),
        (255, 5, "processing_limit_bins", SlotKind.SHARE, (900, 1000)),
        (250, NO_SLOT, "processing_elapsed", SlotKind.NONE, (None, None)),
    ],
)
def test_the_slot_of_an_entry_means_something(measure, slot, name, kind, bounds):
    cell = Cell("H56.14", "", "1.004194", 2, "", 4)

    one = posted(Account(measure, cell, JULY_31, slot), 7)

    assert (one.name, one.slot_kind, (one.over, one.up_to)) == (name, kind, bounds)
    assert one.due_day == (JULY_31 if kind is SlotKind.DUE_DAY else None)
    assert one.warning == (QualityWarning.FUTURE_TIME if kind is SlotKind.WARNING else None)
    assert one.milliseconds == (measure == 250)


def whose(told):
    """The traits told, with the statement whose word each one is."""
    return {one.trait: one.id for one in told.traits}


def test_a_trait_is_told_with_the_last_word_on_it():
    told = explain(
        [
            said(1, at(2), id="1", applicant_type=1),
            said(2, at(3), id="2", identity_attached=True),
            noted(PaymentRequested, at(3), id="free", amount=0),
            noted(PaymentRequested, at(4), id="fee", amount=50_000),
            noted(PaymentMade, at(4), id="paid", form=2),
            noted(DocumentsAttached, at(4), id="papers", digitised=2, identity_verified=True),
            noted(DocumentsAttached, at(5), id="more papers", digitised=3),
            noted(Rated, at(6), id="well", score=5),
            noted(Rated, at(7), id="badly", score=1),
        ],
        legal(),
    )

    assert whose(told) == {
        "citizen": "1",
        "identity": "2",
        "eligible": "",  # the catalogue says so
        "listed": "",
        "fee_asked": "fee",
        "paid_local": "paid",
        "digitised": "more papers",
        "verified": "papers",
        "disliked": "badly",
    }
    assert told.rating == 1
    [citizen] = [one for one in told.traits if one.trait == "citizen"]
    assert (citizen.vi, citizen.en) == ("công dân", "a citizen applies")
    assert (citizen.basis, citizen.source) == ("LoaiDoiTuong 1", "office")


def test_a_correction_has_the_last_word_on_who_applies():
    told = explain(
        [
            said(2, at(3), id="2", applicant_type=1),
            noted(Amended, at(4), id="first", applicant_type=2, identity_attached=True),
            noted(Amended, at(5), id="second", identity_attached=True),
        ],
        legal(),
    )

    assert whose(told) == {
        "business": "first",
        "identity": "second",
        "eligible": "",
        "listed": "",
    }


def test_what_is_counted_by_no_trait_tells_none():
    refused = [said(1, at(2), applicant_type=1), said(3, at(3)), noted(Rated, at(4), score=4)]

    assert explain(refused, legal()).traits == ()
    assert explain([said(2, at(3), applicant_type=1)], INSTANT).traits == ()
    assert explain(refused, legal()).rating == 4  # which is in no figure, and was given


def test_an_entry_by_traits_names_them():
    told = explain([said(2, at(3), applicant_type=1), noted(Rated, at(4), score=4)], legal())

    named = {one.name: (one.slot_kind, one.traits) for one in told.entries}
    traits = ("citizen", "eligible", "listed")
    assert named["accepted_traits"] == (SlotKind.TRAITS, traits)
    assert named["open_traits"] == (SlotKind.TRAITS, traits)
    assert named["rated"] == (SlotKind.RATING, ())
    assert named["accepted"] == (SlotKind.NONE, ())


@settings(max_examples=150)
@given(drawn() | edged(drawn()), policies)
def test_the_traits_told_are_those_booked_and_each_is_somebodys_word(events, policy):
    told = explain(events, policy)

    by = {one.slot for one in told.entries if one.slot_kind is SlotKind.TRAITS}
    assert by == ({sum(one.number for one in told.traits)} if by else set())
    heard_of = {(event.source, event.id) for event in events}
    for one in told.traits:
        by_catalogue = one.trait in ("listed", "eligible", "bundled")
        assert by_catalogue or (one.source, one.id) in heard_of


def test_no_statement_tells_who_applies():
    hidden = "9b1c6a4e7d"
    told = explain(
        [
            said(2, at(3), id="2", applicant_key=hidden, applicant_type=1),
            noted(Amended, at(4), applicant_key=hidden),
            noted(PaymentMade, at(4), amount=0, form=1),
            noted(Rated, at(4), score=4),
            noted(ResultIssued, at(4), electronic=True),
            noted(DocumentsAttached, at(4), components=3, identity_verified=False),
        ],
        legal(),
    )

    assert hidden not in repr(astuple(told))
    assert "applicant_key" not in repr(told)
    said_of = {one.kind.name: dict(one.says) for one in told.story}
    assert said_of["PAYMENT_MADE"] == {"amount": 0, "form": 1}
    assert said_of["RATED"] == {"score": 4, "scale": 5}
    assert said_of["RESULT_ISSUED"] == {"electronic": True}
    assert said_of["DOCUMENTS_ATTACHED"] == {"components": 3, "identity_verified": False}
    assert said_of["AMENDED"] == {}


def test_a_dossier_that_came_on_board_brings_its_supplements_along():
    told = explain(
        [
            noted(
                Snapshot,
                at(3),
                id="s",
                state=4,
                procedure="1.004194",
                agency="H56.14",
                accepted_ms=at(1),
                supplements=1,
                paused_ms=30 * MINUTE,
            ),
            said(9, at(5), id="9"),
        ],
        legal(),
    )

    assert (told.boarded_ms, told.accepted_ms) == (at(3), at(1))
    six = verdict(told, R766)
    assert (six.supplements, six.taken_off_ms) == (1, 30 * MINUTE)
