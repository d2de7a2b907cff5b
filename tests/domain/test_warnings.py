"""Warnings about a source that hang on arrival and on the reference files."""

from dataclasses import replace

import pytest

from monitor.domain.event import State
from monitor.domain.fold import fold
from monitor.domain.lifecycle import STOPS, RuleName
from monitor.domain.measures import Measure
from monitor.domain.post import post
from monitor.domain.warning import QualityWarning
from schemas.event import StateChanged
from tests.domain.strategies_law import DOSSIER, policy_of, rules_of
from tests.domain.strategies_time import at

POLICY = policy_of(rules_of())


def said(state, claimed, arrived=None, *, backfill=False):
    return StateChanged(
        DOSSIER,
        "office",
        str(state),
        at(f"2026-08-{claimed}"),
        at(f"2026-08-{arrived or claimed}"),
        state,
        "1.004194",
        "H56.14",
        receipt_ms=at(f"2026-08-{claimed}") if state == 2 else None,
        due_ms=at("2026-08-12 17:00"),
        backfill=backfill,
    )


def warned(*events, policy=POLICY):
    return {
        QualityWarning(account.slot)
        for account in post(fold(events), policy)
        if account.measure == Measure.WARNED
    }


def replaced(**law):
    assert POLICY.legal is not None
    return replace(POLICY, legal=replace(POLICY.legal, **law))


@pytest.mark.parametrize(
    ("arrived", "odd"),
    [
        ("05 09:00", False),  # as it happened
        ("06 09:00", False),  # one working day later: no more than that
        ("06 09:01", True),
        ("04 09:00", False),  # claimed for later than it arrived: another warning's business
    ],
)
def test_an_end_told_more_than_a_working_day_late_is_backdated(arrived, odd):
    found = warned(said(2, "03 08:00"), said(9, "05 09:00", arrived))

    assert (QualityWarning.BACKDATED_END in found) == odd


def test_history_is_not_backdated():
    found = warned(said(2, "03 08:00"), said(9, "05 09:00", "19 09:00", backfill=True))

    assert QualityWarning.BACKDATED_END not in found


def test_what_is_handed_over_late_does_not_backdate_the_end_before_it():
    found = warned(said(2, "03 08:00"), said(9, "05 09:00"), said(10, "05 10:00", "19 09:00"))

    assert QualityWarning.BACKDATED_END not in found


def test_a_recalled_end_is_judged_by_the_one_that_stands():
    recalled = [said(2, "03 08:00"), said(9, "04 09:00", "19 09:00"), said(4, "05 09:00")]
    again = replace_id(said(9, "06 09:00"), "9b")

    assert QualityWarning.BACKDATED_END not in warned(*recalled, again)


def replace_id(event, identity):
    return StateChanged(
        **{name: getattr(event, name) for name in event.__struct_fields__ if name != "id"},
        id=identity,
    )


def test_an_end_that_no_calendar_reaches_is_not_called_backdated():
    end = said(9, "05 09:00")
    late = StateChanged(
        **{name: getattr(end, name) for name in end.__struct_fields__ if name != "arrival_ms"},
        arrival_ms=at("2026-08-05 09:00") + 200 * 365 * 86_400_000,
    )

    assert QualityWarning.BACKDATED_END not in warned(said(2, "03 08:00"), late)


def test_an_agency_of_no_ministry_or_province_in_being_is_told():
    unknown = replaced(agency_known=lambda code, _day: code != "H56.14")

    assert QualityWarning.UNKNOWN_AGENCY in warned(said(2, "03 08:00"), policy=unknown)
    assert QualityWarning.UNKNOWN_AGENCY not in warned(said(2, "03 08:00"))


def test_a_supplement_that_stops_no_clock_is_not_taken_off():
    """Asked on the 5th, papers on the 11th, ended on the 13th, due on the 12th at 17:00."""
    life = [
        said(2, "03 08:00"),
        said(5, "05 08:00"),
        said(4, "11 08:00"),
        said(9, "13 09:00"),
    ]
    stops = {**STOPS, RuleName.R766: frozenset[State](), RuleName.FIRST_DUE: frozenset[State]()}
    strict = replaced(stops=stops)

    def booked(policy):
        return {account.measure for account in post(fold(life), policy)}

    assert {Measure.ON_TIME_766, Measure.ON_TIME_FIRST_DUE} <= booked(POLICY)
    assert {Measure.LATE_766, Measure.LATE_FIRST_DUE} <= booked(strict)
