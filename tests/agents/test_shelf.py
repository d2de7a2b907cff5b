"""A dossier at hand: whatever it hears, in whatever order, it knows what `fold` of all gives."""

import struct
from binascii import crc32
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.shelf import Dossier
from monitor.domain.fold import fold, order_key
from monitor.domain.identity import Repeat, content_hash, settled
from monitor.domain.post import post
from monitor.ledger.packing import pack_entries
from monitor.ledger.unit import DossierRow
from schemas.packed import pack_events, unpack_events
from tests.domain.strategies import DATE, INSTANT, THOROUGHLY, at, heard, said

KEY = "H56.14-260803-0001"


def take(dossier, event):
    """Hear one event, and gather what it spread out."""
    found = dossier.hear(event)
    dossier.gather()
    return found


def hear(*events):
    dossier = Dossier(KEY)
    return dossier, [take(dossier, event) for event in events]


def on_record(dossier):
    """The dossier as it comes back from the ledger."""
    row = DossierRow(
        key=KEY,
        version=3,
        outcome=0,
        cell=None,
        due_ms=None,
        events=dossier.events,
        booked=pack_entries({(2, 1, 20_668, -1): 1}),
    )
    return Dossier.on_record(row)


def test_a_new_dossier_has_heard_nothing():
    dossier = Dossier(KEY)

    assert (dossier.events, dossier.marks, dossier.view) == (b"", b"", fold([]))


def test_events_are_packed_one_after_another_and_unpacked_in_that_order():
    events = [said(2, at(3), unit="Một cửa"), said(9, at(4), due_ms=at(9), sequence=7)]

    packed = pack_events(events)

    assert list(unpack_events(packed)) == events
    assert packed == pack_events(events[:1]) + pack_events(events[1:])
    (length,) = struct.unpack_from("<I", packed)
    assert packed[: 4 + length] == pack_events(events[:1])
    assert list(unpack_events(b"")) == []


def test_what_is_new_is_followed():
    dossier, found = hear(said(2, at(3)), said(9, at(4)))

    assert found == [None, None]
    assert dossier.view == fold([said(2, at(3)), said(9, at(4))])


def test_what_comes_late_is_put_in_its_place():
    dossier, found = hear(said(9, at(4)), said(2, at(3)))

    assert found == [None, None]
    assert dossier.view == fold([said(2, at(3)), said(9, at(4))])


def test_what_is_heard_again_changes_nothing():
    once, _ = hear(said(2, at(3)), said(9, at(4)))
    twice, found = hear(said(2, at(3)), said(9, at(4)), said(2, at(3), arrival_ms=at(8)))

    assert found[-1] is Repeat.DUPLICATE
    assert twice == once


def test_an_earlier_arrival_of_what_is_known_is_kept():
    """Claimed at 08:00 of the 4th, and here an hour before: its clock is ahead."""
    early = said(9, at(4), arrival_ms=at(4, "07:00"))
    dossier, found = hear(said(2, at(3)), said(9, at(4)), early)

    assert found[-1] is Repeat.EARLIER
    assert dossier.view.end_ms == at(4, "07:00")
    assert list(unpack_events(dossier.events)) == [said(2, at(3)), early]


def test_a_revision_replaces_what_it_revises_and_is_not_overruled_by_it():
    first, second = said(9, at(4), id="x"), said(4, at(5), id="x", revision=1)
    dossier, found = hear(said(2, at(3)), first, second, first)

    assert found == [None, None, Repeat.REPLACES, Repeat.DUPLICATE]
    assert list(unpack_events(dossier.events)) == [said(2, at(3)), first, second]
    assert dossier.view == fold([said(2, at(3)), second])


def test_the_same_id_of_another_source_is_another_statement():
    _, found = hear(said(2, at(3), id="x"), said(2, at(3), id="x", source="portal"))

    assert found == [None, None]


# Two texts of one CRC-32, also behind any common beginning.
COLLIDING = ("plumless", "buckeroo")


def test_identities_whose_marks_collide_are_told_apart_by_the_events():
    one, other = COLLIDING
    assert crc32(one.encode()) == crc32(other.encode())
    events = [said(2, at(3), id=one), said(9, at(4), id=other)]

    dossier, found = hear(*events, *events)

    assert found == [None, None, Repeat.DUPLICATE, Repeat.DUPLICATE]
    assert dossier.view == fold(events)


def test_sources_whose_marks_collide_are_told_apart_by_the_events():
    one, other = COLLIDING
    events = [said(2, at(3), id="x", source=one), said(2, at(3), id="x", source=other)]

    dossier, found = hear(*events, *events)

    assert found == [None, None, Repeat.DUPLICATE, Repeat.DUPLICATE]
    assert dossier.view == fold(events)


def test_a_mark_that_lies_across_two_others_is_not_taken_for_one():
    dossier, _ = hear(said(2, at(3)))
    mark = dossier.marks
    dossier.marks = b"\0" + mark + b"\0\0\0"

    assert take(dossier, said(2, at(3))) is None  # not found, so it counts as new
    assert dossier.marks.endswith(mark)


def test_a_mark_across_two_others_does_not_hide_the_one_behind_it():
    event = said(2, at(3))
    mark = hear(event)[0].marks
    dossier, _ = hear(event)
    dossier.marks = b"\0" + mark + b"\0\0\0" + mark

    assert take(dossier, event) is Repeat.DUPLICATE


def test_a_dossier_comes_back_from_the_ledger_as_it_was():
    events = [said(9, at(4)), said(2, at(3)), said(1, at(2), source="portal")]
    dossier, _ = hear(*events)

    again = on_record(dossier)

    assert (again.key, again.version) == (KEY, 3)
    assert again.booked == pack_entries({(2, 1, 20_668, -1): 1})
    assert (again.view, again.events, again.marks) == (
        dossier.view,
        dossier.events,
        dossier.marks,
    )


def test_a_dossier_goes_back_to_what_it_had_heard():
    dossier, _ = hear(said(2, at(3)), said(4, at(4)))
    before, known = dossier.events, fold([said(2, at(3)), said(4, at(4))])
    take(dossier, said(9, at(5)))

    dossier.restore(before)

    assert (dossier.events, dossier.view) == (before, known)
    assert take(dossier, said(9, at(5))) is None


def test_a_dossier_goes_back_with_its_events_spread_out_too():
    dossier, _ = hear(said(2, at(3)), said(4, at(4)))
    before, known = dossier.events, fold([said(2, at(3)), said(4, at(4))])
    dossier.hear(said(1, at(2)))

    dossier.restore(before)
    dossier.gather()

    assert (dossier.events, dossier.view) == (before, known)


def test_every_order_of_contradictions_ends_in_the_same():
    events = [
        said(2, at(3)),
        said(9, at(4), id="x"),
        said(9, at(4), id="x", arrival_ms=at(4, "07:30")),
        said(4, at(6), id="x", revision=1),
        said(5, at(5), source="portal"),
    ]
    views = [hear(*order)[0].view for order in permutations(events)]

    assert all(view == views[0] for view in views)
    assert views[0].stints[-1].from_ms == at(6)


@THOROUGHLY
@given(heard(), st.randoms(use_true_random=False))
def test_hearing_in_any_order_ends_in_the_fold_of_all(events, random):
    known = fold(settled(events))
    random.shuffle(events)

    dossier, found = hear(*events)

    assert dossier.view == known
    for policy in (INSTANT, DATE):
        assert post(dossier.view, policy) == post(known, policy)
    kept = list(unpack_events(dossier.events))
    assert sorted(settled(kept), key=order_key) == sorted(settled(events), key=order_key)
    contents = {(event.source, event.id, content_hash(event)) for event in events}
    assert len(kept) == len(contents)
    assert sum(f in (Repeat.DUPLICATE, Repeat.EARLIER) for f in found) == len(events) - len(
        kept
    )


@THOROUGHLY
@given(heard(), st.integers(0, 8), st.integers(0, 8))
def test_it_does_not_matter_when_events_are_spread_out_and_gathered(events, spread, gathered):
    one_by_one, found_one_by_one = hear(*events)

    dossier, found = Dossier(KEY), []
    for place, event in enumerate(events):
        if place == spread:
            dossier.spread_out()
        if place == gathered:
            dossier.gather()
        found.append(dossier.hear(event))
    dossier.gather()

    assert (dossier, found) == (one_by_one, found_one_by_one)


@given(heard(), st.integers(min_value=0, max_value=8))
def test_a_restart_in_the_middle_makes_no_difference(events, place):
    straight, _ = hear(*events)
    dossier, _ = hear(*events[:place])

    dossier = on_record(dossier)
    for event in events[place:]:
        take(dossier, event)

    assert (dossier.view, dossier.events) == (straight.view, straight.events)


@given(heard())
def test_hearing_everything_again_changes_nothing(events):
    dossier, _ = hear(*events)
    view, known = dossier.view, dossier.events

    again = {take(dossier, event) for event in events}

    assert again <= {Repeat.DUPLICATE}
    assert (dossier.view, dossier.events) == (view, known)


@pytest.mark.parametrize("size", [1, 3, 300])
def test_many_statements_are_each_known_again(size):
    events = [said(4, at(3) + number) for number in range(size)]
    dossier, found = hear(*events, *events)

    assert found == [None] * size + [Repeat.DUPLICATE] * size
    assert len(dossier.marks) == 4 * size
