"""The catalogue of measures."""

import pytest

from monitor.domain.measures import (
    CATALOGUE,
    CONSUMED_BINS,
    CONSUMED_BOUNDS,
    NO_SLOT,
    Day,
    Kind,
    Measure,
)


def test_every_measure_is_defined_once_under_a_name_of_its_own():
    assert [each.measure for each in CATALOGUE] == list(Measure)
    assert len({each.name for each in CATALOGUE}) == len(CATALOGUE)


def test_a_measure_is_named_as_in_the_code():
    assert [each.name for each in CATALOGUE] == [each.name.lower() for each in Measure]


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
        "deadline_consumed": 100,
    }


def test_the_histogram_has_a_bound_at_the_deadline_and_one_bin_more_than_bounds():
    assert CONSUMED_BOUNDS == (100, 250, 500, 750, 900, 1000, 1250, 1500, 2000, 4000)
    assert list(CONSUMED_BINS) == [100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110]


def test_no_bin_of_the_histogram_is_another_measure():
    assert set(CONSUMED_BINS) & set(Measure) == {Measure.DEADLINE_CONSUMED}


@pytest.mark.parametrize(
    ("day", "names"),
    [
        (Day.RECEIVED, {"accepted"}),
        (
            Day.MOVED,
            {
                "submitted",
                "refused",
                "withdrawn_unaccepted",
                "handed_over",
                "in_process",
                "paused",
            },
        ),
        (
            Day.ENDED,
            {
                "completed",
                "returned",
                "on_time",
                "late",
                "no_deadline",
                "processing_time",
                "deadline_consumed",
            },
        ),
    ],
)
def test_every_measure_declares_its_day(day, names):
    assert {each.name for each in CATALOGUE if each.day is day} == names


def test_open_dossiers_are_stocks():
    stocks = {each.name for each in CATALOGUE if each.kind is Kind.STOCK}

    assert stocks == {"in_process", "paused"}


def test_no_day_is_taken_for_the_slot_of_what_has_no_due():
    assert NO_SLOT < 0  # days of 1990 to 2100 are positive
