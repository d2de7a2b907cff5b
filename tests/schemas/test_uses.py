"""Every figure has its events or says where else it comes from; every event has its use."""

import pytest

from monitor.domain.measures import CATALOGUE
from schemas import KINDS
from schemas.uses import DECISION_766, DECREE_224, EMC, MEASURES, USES, uses_of, without_events

ALL = [use for uses in USES.values() for use in uses]


@pytest.mark.parametrize("use", ALL, ids=lambda use: use.name)
def test_what_a_figure_is_made_from_exists(use):
    assert {*use.needs, *use.reads} <= set(KINDS)
    assert use.needs or use.elsewhere
    assert not set(use.needs) & set(use.reads)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_type_of_event_is_for_something(kind):
    assert uses_of(kind)


@pytest.mark.parametrize("uses", USES.values(), ids=USES)
def test_a_name_is_in_its_group_once(uses):
    names = [use.name for use in uses]

    assert len(names) == len(set(names))


def test_every_measure_that_is_posted_says_what_it_is_made_from():
    """Give a new measure its line in `schemas/uses.py`."""
    assert {definition.name for definition in CATALOGUE} <= {use.name for use in MEASURES}


def test_no_indicator_of_the_decision_is_left_out():
    assert [use.name for use in DECISION_766] == [
        "1.1", "1.2", "1.3", "1.4", "2.1", "2.2", "3.1", "3.2", "3.3", "3-alt", "3.5", "3.5b",
        "3.6", "4.1", "4.2", "4-copy", "4.3", "4.4", "4.5a", "4.5b", "5.1", "5.2", "5.3", "5.4",
    ]  # fmt: skip
    assert len(EMC) == 11
    assert [use.name[6] for use in DECREE_224] == ["a", "b", "c", "d", "đ", "e", "g"]


def test_these_are_told_by_no_event():
    """The tracker, and what is left out on purpose. One less is good news."""
    assert without_events() == (
        "Measures: page_hits",
        "Indicators of the EMC system: visits",
        "Indicators of the EMC system: user_location",
    )
