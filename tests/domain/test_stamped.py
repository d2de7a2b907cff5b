"""What the edge stamps: repeats without ids, uncertain clocks, trials (MEASURES.md §1, §9)."""

from collections import Counter

import pytest

from monitor.domain.event import Stamp
from monitor.domain.fold import advance, fold
from monitor.domain.measures import FIXED_UNCERTAIN, TRIAL, Measure
from monitor.domain.post import post
from monitor.domain.view import View
from monitor.domain.warning import QualityWarning
from schemas.event import PaymentMade
from tests.domain.strategies import INSTANT, MINUTE, at, booked, said, worded
from tests.domain.strategies_law import policy_of, rules_of

LEGACY = Stamp.ID | Stamp.TIME | Stamp.UNCERTAIN  # as TrackingMCDT comes in
WARNED = {  # what it is warned of each time
    QualityWarning.NO_EVENT_ID: 1,
    QualityWarning.NO_TIME: 1,
}


def stamped(state, ms, stamps=LEGACY, **given):
    """As a source without ids and times sends it: the edge adds both."""
    return said(state, ms, id=f"edge-{state}-{ms}", stamped=stamps, **given)


def moves(*events, repeat_ms=10 * MINUTE):
    view = fold(events, repeat_ms=repeat_ms)
    return [(move.state, move.at_ms) for move in view.moves]


def warned(*events):
    return Counter(noted.warning for noted in fold(events).warnings)


# --- Repeats --------------------------------------------------------------------------------


def test_an_equal_statement_within_ten_minutes_is_the_same_one_sent_again():
    first, last = stamped(4, at(3, "08:00")), stamped(4, at(3, "08:10"))

    assert moves(first, last) == [(4, at(3, "08:00"))]
    assert moves(last, first) == [(4, at(3, "08:00"))]


def test_a_millisecond_later_it_is_another_one():
    first, later = stamped(4, at(3)), stamped(4, at(3) + 10 * MINUTE + 1)

    assert moves(first, later) == [(4, at(3)), (4, at(3) + 10 * MINUTE + 1)]


def test_the_ten_minutes_run_from_the_one_that_counts():
    """So that a client which repeats itself every six minutes all day is not heard once a day."""
    every_six_minutes = [stamped(4, at(3) + 6 * minute * MINUTE) for minute in range(5)]

    assert moves(*every_six_minutes) == [
        (4, at(3)), (4, at(3) + 12 * MINUTE), (4, at(3) + 24 * MINUTE)
    ]  # fmt: skip


def test_a_deployment_may_have_another_window_or_none():
    first, again = stamped(4, at(3)), stamped(4, at(3) + MINUTE)

    assert len(moves(first, again, repeat_ms=MINUTE)) == 1
    assert len(moves(first, again, repeat_ms=MINUTE - 1)) == 2


def test_what_lies_between_makes_it_another_one():
    """Accepted, in process, and accepted again is no retry."""
    assert [state for state, _ in moves(*(stamped(s, at(3, c)) for s, c in (
        (2, "08:00"), (4, "08:01"), (2, "08:02"),
    )))] == [2, 4, 2]  # fmt: skip


def test_what_another_source_says_does_not():
    first, other, again = (
        stamped(2, at(3, "08:00")),
        said(1, at(3, "08:01"), source="portal"),
        stamped(2, at(3, "08:02")),
    )

    assert moves(first, other, again) == [(2, at(3, "08:00"))]


def test_nor_does_what_has_an_id():
    """The payment of a message has one: it is told with every later one."""
    paid = PaymentMade(
        dossier="H56.14-260803-0001", source="office", id="payment-1",
        claimed_ms=at(3, "08:00"), arrival_ms=at(3, "08:00"), stamped=Stamp.TIME,
    )  # fmt: skip

    assert moves(stamped(2, at(3, "08:00")), paid, stamped(2, at(3, "08:02"))) == [
        (2, at(3, "08:00"))
    ]


@pytest.mark.parametrize(
    "other",
    [{"state": 2}, {"agency": "H56.15"}, {"channel": 2}, {"stamped": LEGACY | Stamp.POSTAL}],
)
def test_other_content_is_another_statement(other):
    first = stamped(4, at(3))
    again = said(
        **{"state": 4, "claimed_ms": at(3, "08:01"), "id": "x", "stamped": LEGACY} | other
    )

    assert QualityWarning.SENT_AGAIN not in warned(first, again)


def test_what_has_an_id_of_its_sources_is_never_a_repeat():
    assert len(moves(said(4, at(3)), said(4, at(3, "08:01")))) == 2
    assert len(moves(said(4, at(3)), stamped(4, at(3, "08:01")))) == 2


def test_a_repeat_is_warned_of_as_one_and_nothing_else():
    first, again = stamped(2, at(3)), stamped(2, at(3, "08:05"))

    assert warned(first, again) == {
        **WARNED,
        QualityWarning.SENT_AGAIN: 1,
        QualityWarning.NO_RECEIPT_DATE: 1,
    }


# --- An uncertain clock -----------------------------------------------------------------------


def test_no_rule_judges_what_nobody_timed():
    due_ms = at(4)
    events = [stamped(2, at(3), due_ms=due_ms), stamped(10, at(6), due_ms=due_ms)]

    assert booked(*events) == {
        ("accepted", "H56.14", 3): 1,
        ("in_process", "H56.14", 3, 4): 1,
        ("in_process", "H56.14", 6, 4): -1,
        ("completed", "H56.14", 6): 1,
        ("clock_uncertain", "H56.14", 6): 1,
        ("handed_over", "H56.14", 6): 1,
    }


def by_measure(*events, portals=()):
    entries = post(fold(events), policy_of(rules_of(portals=portals)))
    found: Counter[int] = Counter()
    for account, amount in entries.items():
        found[account.measure] += amount
    return found


def test_neither_do_the_rules_of_law_and_the_stocks_say_so():
    entries = post(
        fold([stamped(2, at(3)), stamped(4, at(4)), stamped(10, at(6))]), policy_of(rules_of())
    )
    measures = {account.measure for account in entries}
    slots = {
        account.slot
        for account in entries
        if account.measure in (Measure.IN_PROCESS_766, Measure.IN_PROCESS_06B)
    }

    assert {Measure.CLOCK_UNCERTAIN, Measure.CLOCK_UNCERTAIN_766} <= measures
    assert slots == {FIXED_UNCERTAIN}
    judged = {
        Measure.ON_TIME_766, Measure.LATE_766, Measure.NO_DEADLINE_766, Measure.EARLY_06B,
        Measure.ON_TIME_06B, Measure.LATE_06B, Measure.NO_DEADLINE_06B, Measure.ON_TIME_FIRST_DUE,
        Measure.LATE_FIRST_DUE, Measure.NO_DEADLINE_FIRST_DUE, Measure.PROCESSING_TIME,
    }  # fmt: skip
    assert not judged & measures
    assert not {measure for measure in measures if 200 <= measure < 400}  # no clock


def test_what_had_ended_before_stays_judged():
    """A state *other* after the 9 leaves open what came after it, not what came before."""
    events = [
        said(2, at(3), due_ms=at(9)),
        said(9, at(6)),
        said(0, at(7), stamped=Stamp.UNCERTAIN),
    ]

    assert booked(*events)["on_time", "H56.14", 6] == 1


def test_a_stock_moves_to_no_due_day_on_the_day_the_clock_becomes_uncertain():
    events = [said(2, at(3), due_ms=at(9)), said(0, at(4), stamped=Stamp.UNCERTAIN)]
    entries = post(fold(events), policy_of(rules_of()))
    moved = {
        (account.day - 20_665, account.slot): amount
        for account, amount in entries.items()
        if account.measure == Measure.IN_PROCESS_06B
    }

    assert moved == {(3, 20_674): 1, (4, 20_674): -1, (4, FIXED_UNCERTAIN): 1}


def test_a_void_takes_the_doubt_away():
    doubt = said(0, at(4), id="other", stamped=Stamp.UNCERTAIN)

    assert fold([said(2, at(3)), doubt]).uncertain_ms == at(4)
    assert fold([said(2, at(3)), said(9, at(5))]).uncertain_ms is None


# --- What the edge saw ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stamp", "warning"),
    [
        (Stamp.ID, QualityWarning.NO_EVENT_ID),
        (Stamp.TIME, QualityWarning.NO_TIME),
        (Stamp.IDENTITY, QualityWarning.RAW_IDENTITY),
        (Stamp.PLACEHOLDER, QualityWarning.PLACEHOLDER_IDENTITY),
        (Stamp.POSTAL, QualityWarning.POSTAL_AS_ONLINE),
        (Stamp.PAYMENT, QualityWarning.PAYMENT_WITHOUT_TIME),
    ],
)
def test_each_stamp_is_warned_of(stamp, warning):
    assert warned(said(1, at(3), stamped=stamp)) == {warning: 1}


@pytest.mark.parametrize("stamp", [Stamp.UNCERTAIN, Stamp.DERIVED])
def test_these_say_nothing_bad_of_a_source_by_themselves(stamp):
    assert warned(said(1, at(3), stamped=stamp)) == {}


@pytest.mark.parametrize(("first", "lost"), [(1, 0), (2, 0), (0, 1), (4, 1), (10, 1)])
def test_a_dossier_of_a_source_without_ids_that_begins_in_the_middle_has_lost_its_beginning(
    first, lost
):
    assert warned(stamped(first, at(3)))[QualityWarning.BEGINNING_LOST] == lost
    assert warned(said(first, at(3)))[QualityWarning.BEGINNING_LOST] == 0


# --- Trials -----------------------------------------------------------------------------------


def test_a_trial_books_the_same_where_no_figure_looks():
    live = [said(2, at(3), due_ms=at(9)), said(9, at(6))]
    trial = [said(2, at(3), due_ms=at(9), trial=True), said(9, at(6), trial=True)]
    entries = post(fold(trial), INSTANT)

    assert all(account.measure >= TRIAL for account in entries)
    assert {
        account._replace(measure=account.measure - TRIAL): amount
        for account, amount in entries.items()
    } == post(fold(live), INSTANT)


def test_the_first_live_event_moves_all_of_it_over():
    events = [said(2, at(3), trial=True), said(4, at(4), trial=True), said(9, at(6))]

    assert worded(post(fold(events), INSTANT)) == booked(
        said(2, at(3)), said(4, at(4)), said(9, at(6))
    )


def test_a_trial_is_not_heard_where_a_live_source_speaks():
    """A test system must not close a real dossier."""
    real = [said(2, at(3)), said(4, at(4))]
    test = said(9, at(5), source="test", trial=True)

    assert worded(post(fold([*real, test]), INSTANT)) == booked(*real)
    assert fold([*real, test]).warnings == fold(real).warnings


def test_once_it_is_live_all_that_it_said_counts():
    said_on_trial = said(1, at(2), source="portal", trial=True)
    real = [said(2, at(3)), said(4, at(4))]
    live = said(0, at(5), source="portal")

    assert "submitted" not in {
        name for name, *_ in worded(post(fold([said_on_trial, *real]), INSTANT))
    }
    assert (
        worded(post(fold([said_on_trial, *real, live]), INSTANT))["submitted", "H56.14", 2] == 1
    )


def test_a_trial_refers_to_no_applicant_and_books_nothing_by_the_hour():
    given = {"applicant_key": "9b1c6a4e7d20f3a8", "trial": True}
    events = [said(2, at(3), **given), said(9, at(4), **given)]
    numbers = by_measure(*events)

    assert {TRIAL + Measure.ACCEPTED, TRIAL + Measure.COMPLETED} <= set(numbers)
    assert all(TRIAL < number < TRIAL + 1000 for number in numbers)


def test_advance_leaves_trials_and_stamps_to_fold():
    first = said(2, at(3))

    assert not advance(View(), said(2, at(3), trial=True))
    assert not advance(fold([said(2, at(3), trial=True)]), said(4, at(4)))
    assert not advance(fold([first]), stamped(4, at(4)))
    view = fold([first])
    assert advance(view, said(4, at(4), trial=True))  # its source is live in this dossier
    assert view == fold([first, said(4, at(4), trial=True)])
