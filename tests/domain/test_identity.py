"""Which of several statements with one identity stands (MEASURES.md §1)."""

from hashlib import sha256
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.domain.event import Stamp
from monitor.domain.identity import Repeat, content_hash, repeat, settled
from schemas.event import StateChanged
from tests.domain.strategies import at, heard, said


def test_equal_content_that_arrives_again_is_a_duplicate():
    first = said(2, at(3), arrival_ms=at(3, "08:01"))

    assert repeat(first, said(2, at(3), arrival_ms=at(3, "08:01"))) is Repeat.DUPLICATE
    assert repeat(first, said(2, at(3), arrival_ms=at(4))) is Repeat.DUPLICATE


def test_of_equal_content_the_earlier_arrival_is_kept():
    late, early = (
        said(2, at(3), arrival_ms=at(5)),
        said(2, at(3), arrival_ms=at(4)),
    )

    assert repeat(late, early) is Repeat.EARLIER
    assert settled([late, early]) == settled([early, late]) == [early]


def test_the_higher_revision_stands_though_it_claims_an_earlier_time():
    first, second = said(9, at(6), id="x"), said(4, at(3), id="x", revision=1)

    assert repeat(first, second) is Repeat.REPLACES
    assert repeat(second, first) is Repeat.OVERRULED


def test_of_equal_revisions_the_later_claimed_time_stands():
    early, late = said(9, at(4), id="x"), said(4, at(6), id="x")

    assert repeat(early, late) is Repeat.REPLACES
    assert repeat(late, early) is Repeat.OVERRULED


def test_of_equal_revisions_and_times_one_stands_whichever_came_first():
    one, other = said(9, at(4), id="x"), said(7, at(4), id="x")

    assert {repeat(one, other), repeat(other, one)} == {Repeat.REPLACES, Repeat.OVERRULED}
    assert settled([one, other]) == settled([other, one])


def test_the_arrival_of_a_content_that_was_overruled_is_not_inherited():
    overruled = said(9, at(4), id="x", arrival_ms=at(4))
    stands = said(9, at(4), id="x", revision=1, arrival_ms=at(8))
    again = said(9, at(4), id="x", revision=1, arrival_ms=at(6))

    for order in permutations([overruled, stands, again]):
        assert settled(order) == [again]


def test_the_same_id_of_two_sources_is_two_statements():
    events = [said(2, at(3), id="x"), said(2, at(3), id="x", source="portal")]

    assert settled(events) == events


def test_the_content_hash_is_that_of_canonical_json():
    """By `sha256sum`, so that whoever counts again chooses the same statement."""
    event = said(2, at(3), agency="H56", unit="Một cửa", due_ms=at(4), identity_attached=True)
    text = (
        '{"agency":"H56","applicant_key":"","applicant_type":0,"backfill":false,"channel":0,'
        '"claimed_ms":1785718800000,"due_ms":1785805200000,"identity_attached":true,"level":0,'
        '"procedure":"1.004194","receipt_ms":null,"revision":0,"sequence":-1,"state":2,'
        '"step":"","sub_channel":"","unit":"Một cửa"}'
    )

    assert content_hash(event) == sha256(text.encode()).digest()


# Every field of an event, and another value of it than `said` gives.
OTHER = {
    "claimed_ms": at(9),
    "state": 4,
    "procedure": "2.000815",
    "agency": "H19",
    "unit": "H56.14.02",
    "step": "Thẩm định",
    "channel": 1,
    "sub_channel": "kiosk",
    "level": 3,
    "receipt_ms": at(2),
    "due_ms": at(8),
    "applicant_type": 1,
    "identity_attached": False,
    "applicant_key": "9b1c",
    "revision": 1,
    "sequence": 0,
    "backfill": True,
    "stamped": 8,
}
NO_CONTENT = {"dossier": "x", "source": "x", "id": "x", "arrival_ms": 0, "trial": True}


def test_every_field_but_identity_and_arrival_is_content():
    assert set(OTHER) | set(NO_CONTENT) == set(StateChanged.__struct_fields__)

    event = said(2, at(3))
    for name, value in OTHER.items():
        changed = replace(event, **{name: value})
        assert repeat(event, changed) in (Repeat.REPLACES, Repeat.OVERRULED), name
        assert content_hash(event) != content_hash(changed), name
    for name, value in NO_CONTENT.items():
        assert content_hash(replace(event, **{name: value})) == content_hash(event), name


def test_a_time_that_the_edge_stamped_is_no_content():
    """Or a statement with an id and no time would be another one each time it is sent."""
    first, again = (
        said(2, at(3, clock), id="x", stamped=Stamp.TIME) for clock in ("08:00", "09:30")
    )
    other = replace(again, state=4)

    assert repeat(first, again) is Repeat.DUPLICATE
    assert repeat(again, first) is Repeat.EARLIER
    assert {repeat(first, other), repeat(other, first)} == {Repeat.REPLACES, Repeat.OVERRULED}
    for order in permutations([first, again, other]):
        assert settled(order) == settled([first, other])


def test_of_equal_copies_one_that_is_no_trial_is_kept():
    """A system that goes live sends its dossiers again: from then on they are published."""
    trial, live = (
        said(2, at(3), arrival_ms=at(3), trial=True),
        said(2, at(3), arrival_ms=at(9)),
    )

    assert repeat(trial, live) is Repeat.EARLIER
    assert repeat(live, trial) is Repeat.DUPLICATE
    assert settled([trial, live]) == settled([live, trial]) == [live]


@given(heard(), st.randoms(use_true_random=False))
def test_what_stands_hangs_neither_on_the_order_nor_on_how_often_it_was_heard(events, random):
    again = events + random.choices(events, k=3) if events else []
    random.shuffle(again)

    key = lambda event: (event.source, event.id)  # noqa: E731
    assert sorted(settled(again), key=key) == sorted(settled(events), key=key)


@given(heard())
def test_one_statement_of_each_identity_stands_and_it_was_heard(events):
    stands = settled(events)

    assert {(event.source, event.id) for event in stands} == {
        (event.source, event.id) for event in events
    }
    assert len({(event.source, event.id) for event in stands}) == len(stands)
    assert all(event in events for event in stands)
    for event in stands:
        rivals = [e for e in events if (e.source, e.id) == (event.source, event.id)]
        assert event.revision == max(rival.revision for rival in rivals)
