"""Petitions: formulas 5.1 to 5.3 of Decision 766 and the complaints of 5.4, counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.domain.binding import ClockLimit, ClockUnit
from monitor.domain.deadlines import Basis
from monitor.domain.measures import TRIAL, Clock, Measure
from monitor.domain.petition import (
    PetitionClass,
    PetitionVerdict,
    fold,
    judge,
    mark_of,
    post,
)
from monitor.domain.policy import Legal, Policy
from monitor.domain.procedure import Catalogue
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from tests.domain.petitions import (
    AUGUST,
    HOUR,
    LAW,
    OFFICE,
    PLAIN,
    OneCalendar,
    august,
    booked,
    petitions,
    told,
)
from tests.domain.strategies_time import at

IN_TIME, LATE, UNCERTAIN = -2, -3, -4
DOSSIER = "H56.14-260803-0001"


def verdict(*events):
    return judge(fold(events), LAW).verdict


# --- The story of one -------------------------------------------------------------------------


def test_a_petition_that_was_received_is_open_until_its_time_runs_out_and_then_unsatisfied():
    assert booked(told("received", august(3))) == {
        ("received", 3, 0): 1,
        ("open", 3, 24): 1,
        ("unsatisfied", 3, 24): 1,
    }


def test_a_petition_answered_in_time_is_on_time_and_satisfies_unless_it_is_disliked():
    assert booked(told("received", august(3)), told("answered", august(20, "10:00"))) == {
        ("received", 3, 0): 1,
        ("open", 3, 24): 1,
        ("open", 20, 24): -1,
        ("answered", 20, 0): 1,
        ("on_time_766", 20, 0): 1,
        ("answer_elapsed", 20, -1): (17 * 24 + 1) * HOUR,
        # 4 to 7, 10 to 14, 17 to 19: 12 days of 8 hours; 6 hours of the 3rd, 3 of the 20th.
        ("answer_worked", 20, -1): (12 * 8 + 6 + 3) * HOUR,
    }


def test_a_petition_answered_late_is_unsatisfied_from_the_day_on_which_its_time_ran_out():
    entries = booked(told("received", august(3)), told("answered", august(26)))

    assert entries["late_766", 26, 0] == 1
    assert entries["unsatisfied", 3, 24] == 1
    assert ("on_time_766", 26, 0) not in entries


def test_what_is_counted_by_class_is_so_by_the_class_said_last():
    entries = booked(
        told("received", august(3), about=PetitionClass.POLICY),
        told("answered", august(4), about=PetitionClass.CONDUCT),
    )

    assert entries["received", 3, 2] == 1
    assert entries["answered", 4, 2] == 1
    assert entries["on_time_766", 4, 2] == 1
    assert entries["open_conduct", 3, 24] == 1
    assert not [name for name, _, slot in entries if name == "received" and slot != 2]


def test_a_petition_is_in_the_figures_of_who_has_to_answer_by_the_last_word():
    view = fold(
        [
            told("received", august(3), agency="G01"),
            told("received", august(4), id="sent on", procedure="1.004194"),
        ]
    )

    assert view.cell == Cell(OFFICE, "", "1.004194", 0, "", 0)
    assert {account.cell for account in post(view, LAW)} == {view.cell}


def test_a_petition_settled_on_the_day_of_its_receipt_was_never_open_at_its_end():
    assert booked(told("received", august(3)), told("answered", august(3, "16:00"))) == {
        ("received", 3, 0): 1,
        ("answered", 3, 0): 1,
        ("on_time_766", 3, 0): 1,
        ("answer_elapsed", 3, -1): 7 * HOUR,
        ("answer_worked", 3, -1): 5 * HOUR,  # 9:00 to 11:30, 13:30 to 16:00
    }


# --- Each clock, at its edge ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (5, "23:59", "on_time"),  # the whole of the second working day
        (6, "00:00", "late"),
    ],
)
def test_a_petition_is_refused_within_two_working_days(day, clock, expected):
    assert verdict(told("received", august(3)), told("refused", august(day, clock))) == expected


def test_days_off_after_the_last_working_day_are_in_time():
    friday, sunday, monday = august(7), august(9, "20:00"), august(10)
    wednesday = august(5)

    assert verdict(told("received", wednesday), told("refused", sunday)) == "on_time"
    assert verdict(told("received", wednesday), told("refused", monday)) == "late"
    assert verdict(told("received", friday), told("refused", august(11))) == "on_time"


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (22, "23:59", "on_time"),  # a Saturday that is worked: the fifteenth working day
        (23, "12:00", "on_time"),  # the Sunday after it
        (24, "00:00", "late"),
    ],
)
def test_a_petition_is_answered_within_fifteen_working_days(day, clock, expected):
    assert (
        verdict(told("received", august(3)), told("answered", august(day, clock))) == expected
    )


def test_the_first_request_for_papers_comes_within_five_working_days():
    received = told("received", august(3))
    in_time = booked(received, told("supplement_requested", august(10, "23:59")))
    late = booked(received, told("supplement_requested", august(11)))

    assert in_time == {
        ("received", 3, 0): 1,
        ("open", 3, 24): 1,
        ("open", 10, 24): -1,
        ("open", 10, IN_TIME): 1,
    }
    assert late == {
        ("received", 3, 0): 1,
        ("open", 3, 24): 1,
        ("open", 11, 24): -1,
        ("open", 11, LATE): 1,
        ("unsatisfied", 3, 11): 1,
    }


def test_the_answers_time_runs_anew_from_the_papers():
    assert booked(
        told("received", august(3)),
        told("supplement_requested", august(6)),
        told("supplement_received", august(12)),
    ) == {
        ("received", 3, 0): 1,
        ("open", 3, 24): 1,
        ("open", 6, 24): -1,
        ("open", 6, IN_TIME): 1,
        ("open", 12, IN_TIME): -1,
        # 13, 14, 17 to 22, 24 to 28, 3 and 4 September: 15; Monday the 7th is the 38th of August.
        ("open", 12, 38): 1,
        ("unsatisfied", 3, 38): 1,
    }


def test_a_petition_answered_without_the_papers_has_the_time_from_its_receipt():
    events = [told("received", august(3)), told("supplement_requested", august(6))]

    assert verdict(*events, told("answered", august(21))) == "on_time"
    assert verdict(*events, told("answered", august(25))) == "late"
    # Until then it waited, and was in time.
    assert booked(*events, told("answered", august(25)))["unsatisfied", 3, 25] == 1


def test_papers_asked_for_when_the_time_was_over_give_none_back():
    entries = booked(
        told("received", august(3)),
        told("supplement_requested", august(25)),
        told("supplement_received", august(26)),
        told("answered", august(27)),
    )

    assert entries["late_766", 27, 0] == 1
    assert entries["unsatisfied", 3, 24] == 1
    assert entries["open", 25, LATE] == 1
    assert entries["open", 27, LATE] == -1


def test_an_answer_is_published_within_two_working_days():
    answered = [told("received", august(3)), told("answered", august(10))]

    assert verdict(*answered) == "on_time"  # nobody says that it must be published
    assert verdict(*answered, told("published", august(12, "23:59"))) == "on_time"
    assert verdict(*answered, told("published", august(13))) == "late"
    entries = booked(*answered, told("published", august(13)))
    assert entries["published", 13, 0] == 1
    assert entries["late_766", 10, 0] == 1
    assert entries["unsatisfied", 3, 10] == 1


def test_what_is_published_without_an_answer_was_answered_by_then():
    entries = booked(told("received", august(3)), told("published", august(5)))

    assert entries["answered", 5, 0] == 1
    assert entries["published", 5, 0] == 1
    assert entries["on_time_766", 5, 0] == 1


def test_a_refusal_may_come_within_two_working_days_of_the_papers():
    events = [
        told("received", august(3)),
        told("supplement_requested", august(6)),
        told("supplement_received", august(12)),
    ]

    assert verdict(*events, told("refused", august(14))) == "on_time"
    assert verdict(*events, told("refused", august(17))) == "late"


def test_the_first_settlement_stands():
    entries = booked(
        told("received", august(3)), told("refused", august(4)), told("answered", august(18))
    )

    assert entries["refused", 4, 0] == 1
    assert not [name for name, *_ in entries if name == "answered"]


# --- Said again -------------------------------------------------------------------------------


def test_a_state_told_again_changes_the_reactions_only():
    entries = booked(
        told("received", august(3)),
        told("answered", august(20)),
        told("answered", august(28), id="again", likes=1, dislikes=3),
    )

    assert entries["answered", 20, 0] == 1
    assert entries["on_time_766", 20, 0] == 1
    assert entries["unsatisfied", 3, 3] == 1  # disliked, and so in all periods
    assert ("answered", 28, 0) not in entries


@pytest.mark.parametrize(
    ("said", "satisfied"),
    [
        ({}, True),
        ({"likes": 2, "dislikes": 2}, True),  # not more dislikes than likes
        ({"dislikes": 1}, False),  # likes unsaid are none
        ({"likes": 2, "dislikes": 3}, False),
        ({"repeated": True}, False),
        ({"repeated": False, "likes": 0, "dislikes": 0}, True),
    ],
)
def test_a_petition_satisfies_unless_it_is_late_repeated_or_more_disliked_than_liked(
    said, satisfied
):
    entries = booked(told("received", august(3)), told("answered", august(4), **said))

    assert (("unsatisfied", 3, 3) not in entries) is satisfied


def test_of_reactions_the_last_word_stands():
    events = [
        told("received", august(3)),
        told("answered", august(4), likes=0, dislikes=5),
        told("published", august(5), likes=6),  # dislikes unsaid: they are still five
    ]

    assert ("unsatisfied", 3, 3) not in booked(*events)
    assert ("unsatisfied", 3, 3) in booked(*events[:2])


def test_of_one_identity_the_higher_revision_stands():
    wrong = told("answered", august(28))
    right = told("answered", august(4), revision=1)

    assert verdict(told("received", august(3)), right, wrong) == "on_time"
    assert verdict(told("received", august(3)), wrong) == "late"


# --- What is not known ------------------------------------------------------------------------


def test_a_petition_of_which_nobody_says_when_it_was_received_is_in_no_ratio():
    assert booked(told("supplement_requested", august(3)), told("answered", august(5))) == {
        ("received", 3, 0): 1,
        ("open", 3, UNCERTAIN): 1,
        ("open", 5, UNCERTAIN): -1,
        ("answered", 5, 0): 1,
        ("unjudged", 5, 0): 1,
    }


def test_without_reference_files_petitions_are_counted_and_not_judged():
    events = [told("received", august(3), dossier=DOSSIER), told("answered", august(28))]

    assert booked(*events, policy=PLAIN) == {
        ("received", 3, 0): 1,
        ("complaint", 3, mark_of(DOSSIER)): 1,
        ("open", 3, -1): 1,
        ("open", 28, -1): -1,
        ("answered", 28, 0): 1,
        ("answer_elapsed", 28, -1): 25 * 24 * HOUR,
    }


def test_without_a_limit_for_the_answer_nothing_is_judged():
    unbound = Legal(
        calendars=OneCalendar(), catalogue=Catalogue({}), limits=lambda _clock, _day: None
    )
    policy = Policy(Zone(), legal=unbound)
    events = [told("received", august(3)), told("answered", august(28))]

    assert judge(fold(events), policy).verdict is PetitionVerdict.UNJUDGED


def limits_of(**given):
    """Limits of a deployment's own, in hours."""
    by_clock = {
        Clock[f"PETITION_{name}"]: ClockLimit(
            unit=unit, n=n, article="a province's own rule", basis=Basis.PRACTICE
        )
        for name, (unit, n) in given.items()
    }
    legal = Legal(
        calendars=OneCalendar(),
        catalogue=Catalogue({}),
        limits=lambda clock, _day: by_clock.get(clock),
    )
    return Policy(Zone(), legal=legal)


def test_a_limit_in_working_hours_runs_out_at_an_instant():
    policy = limits_of(ANSWER=(ClockUnit.HOURS, 8))
    received = told("received", august(3))

    # 9:00 and eight hours of work: 9:00 of the next day, which is still in time.
    in_time = judge(fold([received, told("answered", august(4))]), policy)
    late = judge(fold([received, told("answered", august(4) + 1)]), policy)

    assert (in_time.verdict, late.verdict) == ("on_time", "late")
    assert judge(fold([received]), policy).before_ms == august(4) + 1


def test_a_clock_that_nothing_limits_breaks_nothing():
    """Here refusals, requests for papers and publications; and a limit that binds nothing."""
    policy = limits_of(ANSWER=(ClockUnit.WORKING_DAYS, 15), REFUSAL=(ClockUnit.NONE, 0))
    received = told("received", august(3))
    asked = told("supplement_requested", august(12))

    def found(*events):
        return judge(fold([received, *events]), policy).verdict

    assert found(told("refused", august(20))) == "on_time"
    assert found(asked, told("answered", august(20))) == "on_time"
    assert found(told("answered", august(4)), told("published", august(30))) == "on_time"


def test_an_instant_beyond_the_calendar_is_not_judged():
    events = [told("received", at("2100-12-30 09:00"))]

    judged = judge(fold(events), LAW)

    assert judged.verdict is None
    assert [stand.slot for stand in judged.stands] == [UNCERTAIN]


def test_what_happened_before_the_receipt_happened_on_it():
    entries = booked(told("received", august(5)), told("answered", august(3)))

    assert entries["answered", 5, 0] == 1
    assert entries["on_time_766", 5, 0] == 1
    assert all(amount > 0 for amount in entries.values())


def test_a_petition_of_sources_on_trial_is_booked_apart_until_a_live_one_speaks():
    trial = told("received", august(3), trial=True)
    live = told("answered", august(4), source="h56")

    assert set(booked(trial)) == {
        ("trial received", 3, 0), ("trial open", 3, 24), ("trial unsatisfied", 3, 24)
    }  # fmt: skip
    assert booked(trial, live)["received", 4, 0] == 1
    assert all(account.measure < TRIAL for account in post(fold([trial, live]), LAW))


# --- Complaints -------------------------------------------------------------------------------


def test_a_complaint_bears_the_mark_of_its_dossier_on_the_day_of_receipt():
    events = [told("received", august(3)), told("refused", august(4), dossier=DOSSIER)]

    assert booked(*events)["complaint", 3, 2010295086] == 1


def test_marks_tell_dossiers_apart_and_are_slots():
    marks = {mark_of(f"H56.14-260803-{number:04}") for number in range(10_000)}

    assert len(marks) == 10_000
    assert all(0 <= mark < 2**31 for mark in marks)


# --- Whatever comes, in whatever order ---------------------------------------------------------


@given(petitions(), st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_books_the_same(events, random):
    again = [*events, *random.choices(events, k=3)]
    random.shuffle(again)

    assert post(fold(again), LAW) == post(fold(events), LAW)
    assert fold(again) == fold(events)


@given(petitions())
def test_a_copy_that_arrives_later_changes_nothing(events):
    later = [replace(event, arrival_ms=event.arrival_ms + 90 * HOUR) for event in events]

    assert post(fold([*later, *events]), LAW) == post(fold(events), LAW)


def _sum(entries, *measures, until):
    return sum(
        amount
        for account, amount in entries.items()
        if account.measure % TRIAL in measures and account.day <= until
    )


@given(petitions())
def test_a_petition_is_received_once_and_at_any_days_end_either_open_or_settled(events):
    entries = post(fold(events), LAW)
    for day in range(AUGUST, AUGUST + 60):
        received = _sum(entries, Measure.PETITION_RECEIVED, until=day)
        open_ = _sum(entries, *range(67, 70), until=day)
        settled = _sum(entries, 61, 62, until=day)
        assert received == open_ + settled
        assert settled == _sum(entries, 64, 65, 66, until=day)
        assert received in (0, 1)


@given(petitions())
def test_at_any_days_end_formulas_2_and_3_agree_on_what_is_late(events):
    """What is late by 5.2 is so by 5.3; what only its reactions make unsatisfied is left out."""
    calm = [replace(event, likes=None, dislikes=None, repeated=None) for event in events]
    entries = post(fold(calm), LAW)
    for day in range(AUGUST, AUGUST + 60):
        beyond = sum(
            amount
            for account, amount in entries.items()
            if account.measure % TRIAL in range(67, 70)
            and account.day <= day
            and (account.slot == LATE or 0 <= account.slot <= day)
        )
        unsatisfied = sum(
            amount
            for account, amount in entries.items()
            if account.measure % TRIAL in range(70, 73)
            and max(account.day, account.slot) <= day
        )
        assert beyond + _sum(entries, Measure.PETITION_LATE_766, until=day) == unsatisfied
