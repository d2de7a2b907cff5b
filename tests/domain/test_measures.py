"""The catalogue of measures."""

import pytest

from monitor.domain.measures import (
    CATALOGUE,
    CLOCK_CATALOGUE,
    CONSUMED_BINS,
    CONSUMED_BOUNDS,
    NO_SLOT,
    Day,
    Kind,
    Measure,
)


def test_every_measure_is_defined_once_under_a_name_of_its_own():
    every = (*CATALOGUE, *CLOCK_CATALOGUE)
    assert {each.measure for each in CATALOGUE} == set(Measure) - {Measure.CLOCKS}
    assert len({each.measure for each in every}) == len(every)
    assert len({each.name for each in every}) == len(every)


def test_a_measure_is_named_as_in_the_code():
    for each in CATALOGUE:
        assert each.name == Measure(each.measure).name.lower()


def test_every_measure_says_what_it_means_in_a_sentence():
    assert all(each.meaning[0].isupper() and each.meaning[-1] == "." for each in CATALOGUE)


def test_numbers_that_the_ledger_keeps_never_change():
    assert {each.name: int(each.measure) for each in CATALOGUE} == {
        "submitted": 1,
        "accepted": 2,
        "refused": 3,
        "withdrawn_unaccepted": 4,
        "completed": 5,
        "returned": 6,
        "handed_over": 7,
        "on_time": 8,
        "late": 9,
        "no_deadline": 10,
        "processing_time": 11,
        "in_process": 12,
        "paused": 13,
        "boarded": 14,
        "supplement_requests": 15,
        "handed_in": 16,
        "handed_out": 17,
        "rescheduled": 18,
        "late_reschedules": 19,
        "warned": 20,
        "due_earlier": 21,
        "due_equal": 22,
        "due_later": 23,
        "clock_uncertain": 24,
        "on_time_766": 30,
        "late_766": 31,
        "no_deadline_766": 32,
        "early_06b": 33,
        "on_time_06b": 34,
        "late_06b": 35,
        "no_deadline_06b": 36,
        "on_time_first_due": 37,
        "late_first_due": 38,
        "no_deadline_first_due": 39,
        "clock_uncertain_766": 40,
        "in_process_766": 50,
        "paused_766": 51,
        "in_process_06b": 52,
        "paused_06b": 53,
        "in_process_first_due": 54,
        "paused_first_due": 55,
        "petition_received": 60,
        "petition_refused": 61,
        "petition_answered": 62,
        "petition_published": 63,
        "petition_on_time_766": 64,
        "petition_late_766": 65,
        "petition_unjudged": 66,
        "petition_open": 67,
        "petition_open_policy": 68,
        "petition_open_conduct": 69,
        "petition_unsatisfied": 70,
        "petition_unsatisfied_policy": 71,
        "petition_unsatisfied_conduct": 72,
        "petition_complaint": 73,
        "petition_answer_elapsed": 74,
        "petition_answer_worked": 75,
        "accepted_traits": 80,
        "ended_traits": 81,
        "open_traits": 82,
        "rated": 83,
        "timed_received": 84,
        "elapsed_received": 85,
        "worked_received": 86,
        "boarded_traits": 87,
        "deadline_consumed": 100,
    }


def test_the_numbers_of_clocks_never_change():
    numbers = {each.name: each.measure for each in CLOCK_CATALOGUE}

    assert numbers["acceptance_elapsed"] == 210
    assert numbers["forward_within"] == 223
    assert numbers["supplement_request_beyond"] == 234
    assert numbers["supplement_worked"] == 241
    assert numbers["processing_worked_bins"] == 252
    assert numbers["handover_elapsed"] == 260
    assert numbers["pause_payment_elapsed"] == 270
    assert numbers["pause_stopped_elapsed"] == 280
    assert numbers["step_worked"] == 291
    assert numbers["sync_limit_bins"] == 305
    assert numbers["answer_within"] == 313


def test_the_histogram_has_a_bound_at_the_deadline_and_one_bin_more_than_bounds():
    assert CONSUMED_BOUNDS == (100, 250, 500, 750, 900, 1000, 1250, 1500, 2000, 4000)
    assert list(CONSUMED_BINS) == [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110]


def test_no_bin_of_the_histogram_is_another_measure():
    assert set(CONSUMED_BINS) & set(Measure) == {Measure.DEADLINE_CONSUMED}


@pytest.mark.parametrize(
    ("day", "names"),
    [
        (
            Day.RECEIVED,
            {
                "accepted",
                "due_earlier",
                "due_equal",
                "due_later",
                "petition_received",
                "petition_unsatisfied",
                "petition_unsatisfied_policy",
                "petition_unsatisfied_conduct",
                "petition_complaint",
                "accepted_traits",
                "timed_received",
                "elapsed_received",
                "worked_received",
            },
        ),
        (
            Day.MOVED,
            {
                "submitted",
                "refused",
                "withdrawn_unaccepted",
                "handed_over",
                "in_process",
                "paused",
                "boarded",
                "supplement_requests",
                "handed_in",
                "handed_out",
                "rescheduled",
                "late_reschedules",
                "warned",
                "in_process_766",
                "paused_766",
                "in_process_06b",
                "paused_06b",
                "in_process_first_due",
                "paused_first_due",
                "petition_open",
                "petition_open_policy",
                "petition_open_conduct",
                "petition_published",
                "open_traits",
                "rated",
                "boarded_traits",
            },
        ),
        (
            Day.ENDED,
            {
                "ended_traits",
                "completed",
                "returned",
                "on_time",
                "late",
                "no_deadline",
                "clock_uncertain",
                "clock_uncertain_766",
                "processing_time",
                "deadline_consumed",
                "on_time_766",
                "late_766",
                "no_deadline_766",
                "early_06b",
                "on_time_06b",
                "late_06b",
                "no_deadline_06b",
                "on_time_first_due",
                "late_first_due",
                "no_deadline_first_due",
                "petition_refused",
                "petition_answered",
                "petition_on_time_766",
                "petition_late_766",
                "petition_unjudged",
                "petition_answer_elapsed",
                "petition_answer_worked",
            },
        ),
    ],
)
def test_every_measure_declares_its_day(day, names):
    assert {each.name for each in CATALOGUE if each.day is day} == names


def test_open_dossiers_and_petitions_are_stocks():
    stocks = {each.name for each in CATALOGUE if each.kind is Kind.STOCK}

    assert stocks == {"open_traits"} | {
        f"{state}{rule}"
        for state in ("in_process", "paused")
        for rule in ("", "_766", "_06b", "_first_due")
    } | {
        "petition_open",
        "petition_open_policy",
        "petition_open_conduct",
    }


def test_no_day_is_taken_for_the_slot_of_what_has_no_due():
    assert NO_SLOT < 0  # days of 1990 to 2100 are positive
