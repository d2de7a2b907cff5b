"""Whose fault refusals are: one source's never stops the worker, one of ours always does."""

from collections import Counter
from dataclasses import dataclass

import pytest

from agents.diversion import Advice, Heard, Watch


@dataclass(frozen=True)
class Refusal:
    source: str
    reason: str = "unknown_type"
    detail: str = "type"


def heard(good: dict[str, int], *refused: tuple[str, int, str]) -> Heard:
    """Good records by source, and refusals as source, how many, reason."""
    return Heard.of(
        [Counter(good)],
        [Refusal(source, reason) for source, number, reason in refused for _ in range(number)],
    )


def proven(percent: int = 50) -> Watch:
    """A watch of a process that has measured something."""
    watch = Watch(percent)
    watch.note(heard({"a": 1}))
    return watch


def test_a_single_source_may_send_nothing_but_nonsense_for_ever():
    watch = proven()
    for _ in range(50):
        unit = heard({}, ("bad", 1_000, "not_json"))
        assert watch.judge(unit, 0.0).advice is Advice.BOOK
        watch.note(unit)


def test_a_single_source_may_make_us_fault_for_ever():
    """One poisonous record sent again and again must not end a national service."""
    watch = proven()
    for _ in range(50):
        unit = heard({"good": 3}, ("bad", 500, "fault"))
        assert watch.judge(unit, 0.0).advice is Advice.BOOK
        watch.note(unit)


def test_a_loud_bad_source_beside_sources_that_err_now_and_then_is_its_own_affair():
    watch = proven()
    unit = heard({"b": 950, "c": 950}, ("a", 9_000, "not_json"), ("b", 50, "x"), ("c", 50, "x"))
    assert watch.judge(unit, 0.0).advice is Advice.BOOK


def test_a_share_past_the_limit_also_without_the_worst_source_stops():
    watch = proven()
    unit = heard(
        {"a": 40, "b": 40, "c": 40},
        ("a", 60, "unknown_type"),
        ("b", 60, "unknown_type"),
        ("c", 60, "unknown_type"),
    )

    judged = watch.judge(unit, 0.0)

    assert judged.advice is Advice.STOP
    assert "of 301 records of late, those refused weigh 180" in judged.why
    assert "unknown_type (type)" in judged.why
    assert "EMC_REFUSAL_LIMIT_PERCENT=100" in judged.why


def test_old_dossiers_that_are_retired_say_nothing_about_this_release():
    """A log of years past is replayed over a ledger that has retired them: it goes on."""
    watch = Watch()
    for _ in range(50):
        unit = heard({}, ("a", 500, "retired"), ("b", 500, "retired"), ("c", 500, "retired"))
        assert watch.judge(unit, 0.0).advice is Advice.BOOK
        watch.note(unit)

    faulty = heard({}, ("a", 300, "not_json"), ("b", 300, "not_json"), ("c", 300, "not_json"))
    assert Watch().judge(faulty, 0.0).advice is Advice.STOP


def test_a_share_below_the_limit_or_of_few_records_does_not():
    assert (
        proven()
        .judge(heard({"a": 60, "b": 60, "c": 60}, ("a", 50, "x"), ("b", 50, "x")), 0.0)
        .advice
        is Advice.BOOK
    )
    assert (
        proven().judge(heard({"a": 1}, ("a", 40, "x"), ("b", 40, "x")), 0.0).advice
        is Advice.BOOK
    )


def test_faults_of_ours_weigh_like_ten():
    """One event in ten that we cannot fold, whoever sends it, is a broken release."""
    unit = heard({"a": 90, "b": 90, "c": 90}, *((s, 10, "fault") for s in "abc"))
    assert proven().judge(unit, 0.0).advice is Advice.STOP
    unit = heard({"a": 90, "b": 90, "c": 90}, *((s, 10, "malformed_time") for s in "abc"))
    assert proven().judge(unit, 0.0).advice is Advice.BOOK


def test_a_long_run_from_several_sources_stops_over_units():
    watch = proven()
    for _ in range(19):
        unit = heard({}, ("a", 5, "x"), ("b", 5, "x"))
        assert watch.judge(unit, 0.0).advice is Advice.BOOK
        watch.note(unit)
    assert watch.judge(heard({}, ("a", 5, "x"), ("b", 5, "x")), 0.0).advice is Advice.STOP


def test_a_good_record_ends_the_run():
    watch = proven()
    for _ in range(19):
        watch.note(heard({}, ("a", 5, "x"), ("b", 5, "x")))
    watch.note(heard({"a": 2_000}))
    assert watch.judge(heard({}, ("a", 5, "x"), ("b", 5, "x")), 0.0).advice is Advice.BOOK


def test_a_unit_that_was_read_again_is_not_counted_again():
    watch = proven()
    for _ in range(100):  # judged, and never booked: the ledger was away
        assert watch.judge(heard({}, ("a", 50, "x"), ("b", 50, "x")), 0.0).advice is Advice.BOOK


def test_a_process_that_has_measured_nothing_stops_early():
    unit = heard({}, ("a", 10, "x"), ("b", 10, "x"))
    assert Watch().judge(unit, 0.0).advice is Advice.STOP
    assert proven().judge(unit, 0.0).advice is Advice.BOOK
    assert Watch().judge(heard({}, ("a", 1, "fault"), ("b", 1, "fault")), 0.0).advice is (
        Advice.STOP
    )


def test_it_holds_what_several_sources_are_refused_at_first_and_then_lets_it_go():
    """So that a broken release diverts nothing while there is too little to judge by."""
    watch = Watch()
    unit = heard({}, ("a", 1, "x"), ("b", 1, "x"))
    assert watch.judge(unit, 100.0).advice is Advice.HOLD
    assert watch.judge(unit, 109.9).advice is Advice.HOLD
    assert watch.judge(unit, 110.0).advice is Advice.BOOK
    watch.note(unit)
    assert watch.judge(unit, 111.0).advice is Advice.HOLD


@pytest.mark.parametrize(
    "unit", [heard({"a": 1}), heard({}, ("a", 3, "x")), heard({"c": 1}, ("a", 1, "fault"))]
)
def test_it_holds_nothing_good_and_nothing_of_one_source(unit: Heard):
    assert Watch().judge(unit, 0.0).advice is Advice.BOOK


def test_it_holds_the_first_fault_though_it_is_of_one_source():
    assert Watch().judge(heard({}, ("a", 1, "fault")), 0.0).advice is Advice.HOLD


def test_records_of_no_known_sender_stop_only_in_a_long_run():
    watch = proven()
    assert watch.judge(heard({}, ("", 999, "not_utf8")), 0.0).advice is Advice.BOOK
    judged = watch.judge(heard({}, ("", 1_000, "not_utf8")), 0.0)
    assert judged.advice is Advice.STOP
    assert "1000 records in a row do not even tell who sent them" in judged.why


def test_at_a_hundred_percent_nothing_stops_and_nothing_waits():
    watch = Watch(100)
    assert watch.judge(heard({}, ("a", 1, "fault"), ("b", 1, "fault")), 0.0).advice is (
        Advice.BOOK
    )
    assert watch.judge(heard({}, ("a", 9_999, "fault"), ("b", 9_999, "fault")), 0.0).advice is (
        Advice.BOOK
    )


def test_what_is_long_past_is_forgotten():
    """A bad day of two sources last week does not stop anything when a third errs today."""
    watch = proven()
    for _ in range(40):
        watch.note(heard({"a": 500, "b": 500}, ("a", 400, "x"), ("b", 400, "x")))
    for _ in range(20):
        watch.note(heard({"a": 5_000, "b": 5_000}))
    assert watch.judge(heard({"c": 1}, ("c", 1, "x")), 0.0).advice is Advice.BOOK
    assert sum(watch._records.values()) <= 20_000
