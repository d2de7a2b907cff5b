"""The fast path: what `advance` does is what `fold` would have done."""

import pytest
from hypothesis import event as note
from hypothesis import given

from monitor.domain.fold import advance, fold, order_key
from monitor.domain.view import View
from tests.domain.strategies import alone, at, dossiers, said


def test_what_follows_in_order_from_one_source_is_followed():
    events = [
        said(1, at(2)),
        said(2, at(3)),
        said(4, at(3)),
        said(9, at(4), sequence=1),
        said(4, at(4), sequence=2),
        said(10, at(5), id="a"),
        said(10, at(5), id="b"),
    ]
    view = View()

    for heard, event in enumerate(events):
        assert advance(view, event)
        assert view == fold(events[: heard + 1])


@pytest.mark.parametrize(
    "before",
    [
        said(2, at(3, "07:59:59"), sequence=7),
        said(4, at(3), sequence=4),
        said(2, at(3), sequence=5, id="x"),
        said(4, at(3), sequence=5, id="a"),
        said(4, at(3), sequence=5, source="desk", id="c"),
        said(9, at(4), arrival_ms=at(2), sequence=7),
    ],
    ids=["time", "sequence", "rank", "id", "source", "clock ahead"],
)
def test_what_comes_before_the_last_event_is_left_to_fold_and_changes_nothing(before):
    last = said(4, at(3), sequence=5, id="b")
    view = fold([last])

    assert not advance(view, before)
    assert view == fold([last])


def test_a_second_source_is_left_to_fold():
    view = fold([said(2, at(3))])

    assert not advance(view, said(4, at(4), source="portal"))
    assert view == fold([said(2, at(3))])


def test_what_follows_two_sources_is_left_to_fold():
    events = [said(2, at(3)), said(4, at(4), source="portal")]
    view = fold(events)

    assert not advance(view, said(9, at(5), source="portal"))
    assert view == fold(events)


@given(dossiers())
def test_in_any_order_advance_equals_fold_or_declines_and_changes_nothing(events):
    view = View()
    for heard, event in enumerate(events, start=1):
        known = fold(events[:heard])
        if advance(view, event):
            assert view == known
        else:
            assert view == fold(events[: heard - 1])
            view = known
            note("declined")


@given(alone())
def test_in_order_from_one_source_advance_never_declines(events):
    ordered = sorted(events, key=order_key)
    view = View()

    for event in ordered:
        assert advance(view, event)
    assert view == fold(ordered)
