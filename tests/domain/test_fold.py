"""From events to a view: the rules of MEASURES.md §2, §3 and §4, one sentence each."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.fold import effective_ms, fold, order_key
from monitor.domain.identity import settled
from monitor.domain.post import post
from monitor.domain.view import Due, Outcome, Stint, View
from monitor.domain.warning import QualityWarning
from tests.domain.strategies import (
    DATE,
    INSTANT,
    MINUTE,
    THOROUGHLY,
    at,
    dossiers,
    heard,
    life,
    said,
)


def shut_out_of(view):
    return sum(noted.warning is QualityWarning.SHUT_OUT for noted in view.warnings)


# --- Time (§2) -----------------------------------------------------------------------------


def test_a_claim_five_minutes_after_its_arrival_is_believed():
    assert effective_ms(said(2, at(3), arrival_ms=at(3) - 5 * MINUTE)) == at(3)


def test_a_claim_further_after_its_arrival_counts_from_the_arrival():
    assert effective_ms(said(2, at(3), arrival_ms=at(3) - 5 * MINUTE - 1)) == (
        at(3) - 5 * MINUTE - 1
    )


def test_a_claim_long_before_its_arrival_is_believed():
    assert effective_ms(said(2, at(3), arrival_ms=at(30))) == at(3)


# --- Order (§3) ----------------------------------------------------------------------------


def test_states_of_one_instant_are_ordered_by_rank():
    states = [0, 1, 2, 4, 5, 6, 8, 3, 7, 9, 10]
    events = [said(state, at(3), id=str(-state)) for state in reversed(states)]

    assert [event.state for event in sorted(events, key=order_key)] == states


def test_effective_time_goes_before_sequence_and_sequence_before_rank():
    later = said(2, at(3, "08:00:01"), sequence=1)
    unsaid = said(9, at(3))
    first = said(9, at(3), sequence=0, id="first")
    second = said(4, at(3), sequence=1)
    claimed_later = said(8, at(5), arrival_ms=at(2), id="clock ahead")

    assert sorted([later, second, first, unsaid, claimed_later], key=order_key) == [
        claimed_later,
        unsaid,
        first,
        second,
        later,
    ]


def test_what_is_equal_in_all_else_is_ordered_by_the_bytes_of_source_and_id():
    events = [
        said(2, at(3), source="a", id="z"),
        said(2, at(3), source="a", id="é"),  # C3 A9, after every letter of ASCII
        said(2, at(3), source="b", id="10"),
        said(2, at(3), source="b", id="9"),
        said(2, at(3), source="b", id="B"),
        said(2, at(3), source="b", id="b"),
    ]

    for order in permutations(events):
        assert sorted(order, key=order_key) == events


# --- Acceptance (§4) -----------------------------------------------------------------------


def test_nothing_heard_is_an_empty_view():
    assert fold([]) == View()
    assert fold([]).outcome is Outcome.NONE


def test_state_0_alone_is_nowhere():
    view = life(said(0, at(3)))

    assert view.outcome is Outcome.NONE
    assert (view.accepted_ms, view.end_ms, view.stints) == (None, None, [])


def test_a_registration_waits_for_acceptance_at_whom_it_was_sent_to():
    view = life(said(1, at(3), agency="G01", unit="G01.1"))

    assert view.outcome is Outcome.WAITING_ACCEPTANCE
    assert (view.submitted_ms, view.submitted_to) == (at(3), ("G01", "G01.1"))
    assert view.holder == ("G01", "G01.1")


def test_the_first_1_is_the_submission():
    view = life(said(1, at(3), agency="G01"), said(1, at(4), agency="G02"))

    assert (view.submitted_ms, view.submitted_to) == (at(3), ("G01", ""))


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (2, Outcome.IN_PROCESS),
        (4, Outcome.IN_PROCESS),
        (6, Outcome.PAUSED),
        (8, Outcome.PAUSED),
        (9, Outcome.COMPLETED),
        (10, Outcome.COMPLETED),
    ],
)
def test_each_of_these_states_accepts(state, outcome):
    view = life(said(1, at(3), agency="G01"), said(state, at(4)))

    assert (view.accepted_ms, view.receiver) == (at(4), ("H56.14", ""))
    assert view.outcome is outcome


def test_a_supplement_request_accepts_with_a_receipt_date():
    view = life(said(5, at(4), receipt_ms=at(3)))

    assert view.accepted_ms == at(3)
    assert view.outcome is Outcome.PAUSED


def test_a_supplement_request_without_a_receipt_date_waits():
    view = life(said(5, at(4)))

    assert view.accepted_ms is None
    assert view.outcome is Outcome.WAITING_ACCEPTANCE
    assert view.submitted_ms is None


def test_a_supplement_request_before_acceptance_leaves_no_pause_behind():
    view = life(said(5, at(3)), said(2, at(4)))

    assert view.stints == [Stint(at(4), "H56.14", "", paused=False)]


@pytest.mark.parametrize("state", [0, 1, 3, 7])
def test_no_other_state_accepts_though_it_has_a_receipt_date(state):
    assert life(said(state, at(4), receipt_ms=at(3))).accepted_ms is None


def test_the_receipt_date_is_that_of_the_accepting_event():
    view = life(
        said(1, at(2), receipt_ms=at(1)),
        said(2, at(4), receipt_ms=at(3)),
        said(4, at(5), receipt_ms=at(2)),
    )

    assert view.accepted_ms == at(3)


def test_without_a_receipt_date_the_effective_time_accepts():
    assert life(said(2, at(4), arrival_ms=at(3))).accepted_ms == at(3)


def test_a_receipt_date_five_minutes_after_the_arrival_is_believed():
    receipt = at(4) + 5 * MINUTE

    assert life(said(2, at(3), arrival_ms=at(4), receipt_ms=receipt)).accepted_ms == receipt
    assert life(said(2, at(3), arrival_ms=at(4), receipt_ms=receipt + 1)).accepted_ms == at(3)


def test_a_refusal_without_acceptance_is_refused_where_it_was_said():
    view = life(said(1, at(3)), said(3, at(4), agency="H56.15"))

    assert view.outcome is Outcome.REFUSED
    assert view.settler == ("H56.15", "")
    assert view.end_ms is None


def test_a_withdrawal_without_acceptance_is_withdrawn():
    view = life(said(1, at(3)), said(7, at(4)))

    assert view.outcome is Outcome.WITHDRAWN_UNACCEPTED
    assert view.end_ms is None


@pytest.mark.parametrize("state", [3, 7])
def test_a_refusal_or_withdrawal_after_acceptance_is_returned(state):
    view = life(said(2, at(3)), said(state, at(4), agency="H56.15"))

    assert view.outcome is Outcome.RETURNED
    assert (view.end_ms, view.holder) == (at(4), ("H56.15", ""))


# --- End (§3) ------------------------------------------------------------------------------


def test_the_first_9_is_the_end_and_its_agency_the_settler():
    view = life(said(2, at(3)), said(9, at(4), agency="H19"), said(9, at(5), agency="G01"))

    assert view.outcome is Outcome.COMPLETED
    assert (view.end_ms, view.settler, view.holder) == (at(4), ("H19", ""), ("H19", ""))


@pytest.mark.parametrize("state", [2, 4, 5, 6, 8])
def test_each_of_these_states_recalls_a_9_until_the_next_one(state):
    recalled = [said(2, at(3)), said(9, at(4), agency="H19"), said(state, at(5))]

    assert life(*recalled).end_ms is None
    view = life(*recalled, said(9, at(6), agency="G01"), said(9, at(7), agency="G02"))
    assert (view.end_ms, view.settler) == (at(6), ("G01", ""))


@pytest.mark.parametrize("state", [0, 1])
def test_0_and_1_recall_nothing(state):
    view = life(said(2, at(3)), said(9, at(4)), said(state, at(5)))

    assert view.end_ms == at(4)


def test_10_without_9_is_the_end():
    view = life(said(2, at(3)), said(10, at(4), agency="H19"))

    assert view.outcome is Outcome.COMPLETED
    assert (view.end_ms, view.settler) == (at(4), ("H19", ""))


def test_10_after_9_leaves_the_end_and_the_settler_with_the_9():
    view = life(said(2, at(3)), said(9, at(4), agency="H19"), said(10, at(6)))

    assert (view.end_ms, view.standing, view.standing_ms) == (at(4), 10, at(6))
    assert view.settler == ("H19", "")


def test_10_after_a_recalled_9_is_the_end():
    view = life(said(2, at(3)), said(9, at(4)), said(4, at(5)), said(10, at(6)))

    assert view.end_ms == at(6)


@pytest.mark.parametrize("state", [3, 7])
def test_a_9_that_stands_goes_before_a_refusal_or_withdrawal(state):
    view = life(said(2, at(3)), said(9, at(4)), said(state, at(5), agency="H19"))

    assert view.outcome is Outcome.COMPLETED
    assert (view.end_ms, view.settler) == (at(4), ("H56.14", ""))


@pytest.mark.parametrize("end", [3, 7, 9, 10])
def test_an_end_before_the_receipt_is_on_the_receipt(end):
    view = life(
        said(2, at(3), arrival_ms=at(9), receipt_ms=at(8)),
        said(end, at(4)),
    )

    assert view.end_ms == view.accepted_ms == at(8)


# --- What a standing state shuts out (§3) --------------------------------------------------


@pytest.mark.parametrize("standing", [3, 7, 10])
@pytest.mark.parametrize("state", range(11))
def test_what_follows_a_standing_state_has_no_effect(standing, state):
    before = [said(1, at(2)), said(2, at(3), channel=1), said(standing, at(4))]
    shut_out = said(
        state, at(5), agency="H19", procedure="2.000815", channel=2, level=4, due_ms=at(9)
    )

    stands, view = life(*before), life(*before, shut_out)

    assert (shut_out_of(stands), shut_out_of(view)) == (0, 1)
    assert post(view, INSTANT) == post(stands, INSTANT)
    assert (view.outcome, view.end_ms, view.due_ms, view.level) == (
        stands.outcome,
        stands.end_ms,
        None,
        0,
    )


@pytest.mark.parametrize(
    ("standing", "outcome"),
    [(3, Outcome.REFUSED), (7, Outcome.WITHDRAWN_UNACCEPTED)],
)
def test_what_was_never_accepted_and_ended_is_not_accepted_later(standing, outcome):
    view = life(said(standing, at(3)), said(1, at(4)), said(2, at(5)))

    assert view.outcome is outcome
    assert (view.accepted_ms, view.submitted_ms) == (None, None)


def test_at_one_instant_the_rank_decides_what_is_shut_out():
    """The 9 ranks after the 3, and comes too late; the 4 ranks before it."""
    view = life(said(9, at(4)), said(3, at(4)), said(4, at(4), agency="H19"), said(2, at(3)))

    assert view.outcome is Outcome.RETURNED
    assert (shut_out_of(view), view.stints[-1].agency) == (1, "H19")


# --- Open (§3) -----------------------------------------------------------------------------


@pytest.mark.parametrize("pause", [5, 6, 8])
def test_an_open_dossier_is_paused_in_5_6_and_8_whatever_0_and_1_say(pause):
    view = life(said(2, at(3)), said(pause, at(4)), said(0, at(5)), said(1, at(6)))

    assert view.outcome is Outcome.PAUSED
    assert view.stints == [
        Stint(at(3), "H56.14", "", paused=False),
        Stint(at(4), "H56.14", "", paused=True),
    ]


@pytest.mark.parametrize("state", [2, 4])
def test_2_and_4_end_a_pause(state):
    view = life(said(2, at(3)), said(5, at(4)), said(state, at(5)))

    assert view.outcome is Outcome.IN_PROCESS
    assert view.stints[-1] == Stint(at(5), "H56.14", "", paused=False)


def test_one_pause_may_follow_another():
    view = life(said(2, at(3)), said(5, at(4)), said(5, at(5)), said(6, at(6)))

    assert [stint.from_ms for stint in view.stints] == [at(3), at(4)]


def test_a_hand_off_goes_to_the_holder_and_leaves_the_receiver():
    view = life(
        said(2, at(3)),
        said(4, at(4), agency="H19"),
        said(4, at(5), agency="H19"),
        said(4, at(6), agency="H19", unit="H19.2"),
    )

    assert view.receiver == ("H56.14", "")
    assert view.stints == [
        Stint(at(3), "H56.14", "", paused=False),
        Stint(at(4), "H19", "", paused=False),
        Stint(at(6), "H19", "H19.2", paused=False),
    ]
    assert view.holder == ("H19", "H19.2")


@pytest.mark.parametrize("state", [0, 1])
def test_0_and_1_hand_nothing_over(state):
    view = life(said(2, at(3)), said(state, at(4), agency="H19"))

    assert view.holder == ("H56.14", "")


def test_the_first_stint_begins_with_the_receipt_and_none_before_it():
    view = life(
        said(2, at(3), arrival_ms=at(9), receipt_ms=at(8)),
        said(5, at(4)),
        said(4, at(9)),
    )

    assert view.stints == [
        Stint(at(8), "H56.14", "", paused=False),
        Stint(at(8), "H56.14", "", paused=True),
        Stint(at(9), "H56.14", "", paused=False),
    ]


def test_a_9_that_accepts_was_in_process_from_the_receipt_on():
    view = life(said(9, at(4), receipt_ms=at(3)))

    assert view.stints == [Stint(at(3), "H56.14", "", paused=False)]


# --- Attributes ----------------------------------------------------------------------------


def test_procedure_and_receiver_are_those_of_the_accepting_event():
    view = life(
        said(1, at(2), procedure="1.000001", agency="G01"),
        said(2, at(3), procedure="1.000002", agency="G02"),
        said(4, at(4), procedure="1.000003", agency="G03"),
    )

    assert (view.procedure, view.receiver) == ("1.000002", ("G02", ""))


def test_until_acceptance_procedure_and_receiver_are_what_was_said_first():
    view = life(
        said(1, at(2), procedure="1.000001", agency="G01"),
        said(5, at(3), procedure="1.000002", agency="G02"),
    )

    assert (view.procedure, view.receiver) == ("1.000001", ("G01", ""))


def test_a_procedure_that_nobody_had_named_is_the_one_that_is_named_later():
    view = life(
        said(2, at(3), procedure=""),
        said(4, at(4), procedure="1.000003"),
        said(4, at(5), procedure="1.000004"),
    )

    assert view.procedure == "1.000003"


def test_channel_and_level_are_those_of_the_accepting_event():
    view = life(
        said(1, at(2), channel=2, sub_channel="app", level=3),
        said(2, at(3), channel=1, sub_channel="desk", level=4),
        said(4, at(4), channel=3, sub_channel="post", level=2),
    )

    assert (view.channel, view.sub_channel, view.level) == (1, "desk", 4)


def test_what_the_accepting_event_does_not_say_was_said_before_it_or_else_after():
    before = life(said(1, at(2), channel=2), said(2, at(3)), said(4, at(4), channel=1))
    after = life(
        said(2, at(3)),
        said(4, at(4), channel=1, sub_channel="desk", level=3),
        said(4, at(5), channel=2, sub_channel="app", level=4),
    )

    assert before.channel == 2
    assert (after.channel, after.sub_channel, after.level) == (1, "desk", 3)


# --- Due dates -----------------------------------------------------------------------------


def test_a_due_is_made_when_it_is_first_said():
    view = life(
        said(1, at(2), due_ms=at(9)),
        said(2, at(3), due_ms=at(9)),
        said(4, at(4)),
        said(4, at(5), due_ms=at(10)),
        said(4, at(6), due_ms=at(9)),
    )

    assert view.dues == [
        Due(at(2), at(9)),
        Due(at(5), at(10)),
        Due(at(6), at(9)),
    ]
    assert view.due_ms == at(9)


def test_the_last_due_made_at_or_before_the_end_is_in_force():
    view = life(
        said(2, at(3), due_ms=at(10)),
        said(9, at(6), due_ms=at(11)),
        said(9, at(7), due_ms=at(12)),
    )

    assert view.due_ms == at(11)


def test_a_due_made_after_the_end_decides_nothing():
    assert life(said(2, at(3)), said(9, at(4)), said(10, at(5), due_ms=at(9))).due_ms is None


def test_a_due_made_before_an_end_that_is_booked_on_the_receipt_is_in_force():
    view = life(
        said(2, at(3), arrival_ms=at(9), receipt_ms=at(8)),
        said(9, at(4)),
        said(9, at(7), due_ms=at(12)),
    )

    assert (view.end_ms, view.due_ms) == (at(8), at(12))


def test_without_an_end_the_last_due_is_in_force():
    assert life(said(2, at(3), due_ms=at(9)), said(4, at(4), due_ms=at(5))).due_ms == at(5)
    assert life(said(2, at(3))).due_ms is None


# --- One authority a dossier (§1) ----------------------------------------------------------


def test_another_source_counts_for_what_the_authority_never_said():
    view = life(said(1, at(2), source="portal"), said(2, at(3)), said(9, at(4)))

    assert (view.submitted_ms, view.end_ms) == (at(2), at(4))


def test_another_source_does_not_count_for_a_code_that_the_authority_sent():
    view = life(said(2, at(2)), said(4, at(3)), said(9, at(4)), said(4, at(5), source="portal"))

    assert view.end_ms == at(4)


@pytest.mark.parametrize("state", [3, 7, 9, 10])
def test_another_source_ends_a_dossier_only_if_the_authority_sent_nothing_later(state):
    portal = said(state, at(4), source="portal")

    assert life(said(2, at(2)), said(4, at(3)), portal).end_ms == at(4)
    assert life(said(2, at(2)), said(4, at(5)), portal).end_ms is None


def test_what_is_later_at_one_instant_is_said_by_sequence_rank_and_identity():
    office = [said(2, at(2)), said(0, at(4), sequence=5)]

    for sequence, ended in [(4, None), (5, at(4)), (6, at(4))]:
        portal = said(9, at(4), source="portal", sequence=sequence)
        assert life(*office, portal).end_ms == ended


@pytest.mark.parametrize("state", [4, 5, 6, 8])
def test_another_source_may_run_or_pause_though_the_authority_sent_something_later(state):
    view = life(said(2, at(2)), said(0, at(5)), said(state, at(4), source="portal"))

    assert view.outcome is (Outcome.IN_PROCESS if state == 4 else Outcome.PAUSED)


def test_the_authority_is_whoever_accepted_first_in_order_not_who_spoke_first():
    view = life(
        said(2, at(3), due_ms=at(5)),
        said(1, at(1)),
        said(2, at(2), source="portal", agency="G01"),
        said(9, at(6), source="portal"),
    )

    assert (view.accepted_ms, view.receiver, view.due_ms) == (at(2), ("G01", ""), None)


def test_without_an_acceptance_every_source_counts():
    view = life(said(1, at(2), source="portal"), said(3, at(3)), said(7, at(4)))

    assert view.outcome is Outcome.REFUSED


def test_a_state_that_the_authoritys_own_end_shuts_out_is_no_code_it_sent_and_none_later():
    """The 5 and the 9 of the office follow its 10: of the portal they would count."""
    portal = said(5, at(3), source="portal", agency="G01")
    office = [said(2, at(2)), said(10, at(6))]

    assert life(*office, portal).stints[-1].agency == "G01"
    assert life(*office, portal, said(5, at(7))).stints[-1].agency == "G01"

    portal = said(7, at(5), source="portal")
    office = [said(2, at(2)), said(3, at(4))]
    assert life(*office, said(4, at(6)), portal).settler == ("H56.14", "")


def test_an_acceptance_that_its_sources_own_withdrawal_shuts_out_makes_no_authority():
    """The portal withdrew it, so its 2 is nothing, whoever else accepts afterwards."""
    withdrawn = said(7, at(1), source="portal")
    accepted = [said(2, at(3)), said(4, at(4))]

    assert life(withdrawn, *accepted).outcome is Outcome.IN_PROCESS
    view = life(withdrawn, said(2, at(2), source="portal"), *accepted)
    assert (view.outcome, view.accepted_ms) == (Outcome.IN_PROCESS, at(3))


def test_a_view_knows_whether_several_sources_spoke():
    assert not life(said(2, at(2)), said(4, at(3))).mixed
    assert life(said(2, at(2)), said(4, at(3), source="portal")).mixed


# --- Any order -----------------------------------------------------------------------------


def test_two_sources_that_contradict_each_other_give_one_view_in_every_order():
    """The portal's 9 is the office's word, its 10 came before the office's last 4."""
    events = [
        said(1, at(2), source="portal"),
        said(2, at(3), due_ms=at(5)),
        said(9, at(6), id="x", revision=1),
        said(9, at(4), id="x"),
        said(10, at(7), source="portal"),
        said(4, at(8)),
    ]

    for order in permutations(events):
        view = life(*order)
        assert (view.submitted_ms, view.accepted_ms, view.end_ms) == (at(2), at(3), None)
        assert view.due_ms == at(5)


@given(heard(), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_gives_the_same_view_and_entries(events, random):
    once = fold(settled(events))
    again = events + random.choices(events, k=3) if events else []
    random.shuffle(again)

    view = fold(settled(again))

    assert view == once
    assert post(view, INSTANT) == post(once, INSTANT)
    assert post(view, DATE) == post(once, DATE)


@given(dossiers())
def test_a_view_is_consistent_with_itself(events):
    view = fold(events)

    assert (view.accepted_ms is None) == (not view.stints)
    starts = [stint.from_ms for stint in view.stints]
    assert starts == sorted(starts)
    assert starts[:1] == ([] if view.accepted_ms is None else [view.accepted_ms])
    assert all(one[1:] != next_[1:] for one, next_ in zip(view.stints, view.stints[1:]))  # noqa: B905
    made = [due.made_ms for due in view.dues]
    assert made == sorted(made)
    ended = view.outcome in (Outcome.COMPLETED, Outcome.RETURNED)
    assert (view.end_ms is not None) == ended
    if view.end_ms is not None and view.accepted_ms is not None:
        assert view.end_ms >= max(view.accepted_ms, starts[-1])


@THOROUGHLY
@given(dossiers())
def test_removing_what_a_sources_own_end_shut_out_changes_no_entry(events):
    ended = set()
    effective = []
    for event in sorted(events, key=order_key):
        if event.source not in ended:
            effective.append(event)
        if event.state in (3, 7, 10):
            ended.add(event.source)

    assert post(fold(effective), INSTANT) == post(fold(events), INSTANT)
