"""What a unit hears: in one batch the same as event by event, and no dearer for being much."""

from collections import Counter, OrderedDict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agents import hearing, shelf
from agents.hearing import Hearing, heap
from agents.shelf import Dossier
from monitor.domain import fold, identity
from schemas import packed
from schemas.event import Amended, StateChanged, Voided
from schemas.packed import unpack_events
from tests.domain.strategies import THOROUGHLY, at, said
from tests.domain.strategies_law import DOSSIER, edged, histories
from tests.simulation.broker import Written

NO_STATE = 99  # which the decoder never lets in: whatever folds it fails


class Told:
    """Events as records of a log, one batch or several; and what a unit and its dossier make of it."""

    def __init__(self, *batches, key=DOSSIER):
        self.events = [event for batch in batches for event in batch]
        self.failures = []
        self.unit = Hearing(lambda value, **_: self.events[int(value)])
        self.dossier = Dossier(key)
        records = iter(
            Written(place, 0, key.encode(), b"%d" % place) for place in range(len(self.events))
        )
        for batch in batches:
            heaped = heap([next(records) for _ in batch], 0)
            shelf = OrderedDict({key: self.dossier})
            self.unit.hear(shelf, heaped, [*heaped], at(20), [], self.failures)

    @property
    def counts(self):
        unit = self.unit
        return (
            (unit.counted, unit.restated, unit.duplicates, unit.repeats, unit.touched),
            (b"".join(unit.sent), b"".join(unit.replaced)),
            sorted(record.offset for record, _, _ in self.failures),
        )


@st.composite
def told(draw):
    """A history, parts of it again, with other contents, or earlier, and some that fail."""
    events = draw(histories() | edged(histories()))
    again = draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    for event in again:
        change = draw(st.sampled_from([{}, {"revision": 1}, {"arrival_ms": event.claimed_ms}]))
        events = [*events, replace(event, **change)]
    for number in range(draw(st.integers(0, 2))):
        events = [*events, said(NO_STATE, at(3), id=f"fails {number}", source="a")]
    return [replace(event, dossier=DOSSIER) for event in draw(st.permutations(events))]


@THOROUGHLY
@given(told(), st.sampled_from([0, 3, 64]), st.integers(0, 9))
def test_a_batch_is_heard_as_its_events_are_one_by_one(events, many, place):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hearing, "MANY", many)
        together = Told(events[:place], events[place:])
    alone = Told(*([event] for event in events))

    assert together.counts == alone.counts
    assert together.dossier == alone.dossier


def mixed(size):
    """So many events of one dossier, of several kinds and sources, none of which follows all."""
    for number in range(size):
        source, ms = f"s{number % 3}", at(3) + 1000 * (size - number)
        given = {"dossier": DOSSIER, "source": source, "id": f"{number}", "claimed_ms": ms}
        if number % 5 == 3:
            yield Amended(**given, arrival_ms=ms, channel=1 + number % 2)
        elif number % 5 == 4:
            yield Voided(**given, arrival_ms=ms, target=f"{number - 3}")
        else:
            yield StateChanged(**given, arrival_ms=ms, state=4, procedure="1", agency="H56")


@pytest.fixture
def work(monkeypatch):
    """How many events were folded, unpacked and hashed."""
    done = Counter()

    def counting(module, name, amount, user=shelf):
        real = getattr(module, name)

        def counted(first, *rest):
            done[name] += amount(first)
            done[f"calls of {name}"] += 1
            return real(first, *rest)

        monkeypatch.setattr(user, name, counted)

    counting(fold, "fold", len)
    counting(identity, "content_hash", lambda _: 1)
    counting(packed, "_DECODE", lambda _: 1, user=packed)
    return done


def test_a_dossier_of_thousands_of_mixed_events_is_folded_once_a_batch(work):
    Told([*mixed(3000)], [*mixed(4000)][3000:])

    assert work["calls of fold"] == 2
    assert work["fold"] == 3000 + 4000
    assert work["_DECODE"] == 3000  # at the second batch


def test_thousands_of_repeats_are_looked_up_without_reading_all_events_for_each(work):
    events = [*mixed(2000)]
    dossier = Told(events, events, events).dossier

    assert work["calls of fold"] == 1
    assert work["_DECODE"] == 2 * 2000
    assert work["content_hash"] == 2 * 2 * 2000
    assert len([*unpack_events(dossier.events)]) == 2000


def test_thousands_of_contents_of_one_identity_are_each_compared_with_what_stands(work):
    events = [said(4, at(3), id="x", revision=revision) for revision in range(2000)]
    unit = Told([replace(event, dossier=DOSSIER) for event in events]).unit

    assert unit.restated == {"office": 1999}
    assert work["calls of fold"] == 1
    assert work["content_hash"] == 2000


def test_the_one_at_fault_among_many_is_found_and_the_rest_heard(work):
    events = [*mixed(1000)]
    events[700] = replace(said(NO_STATE, at(4)), dossier=DOSSIER)
    heard = Told(events)

    [(record, error, event)] = heard.failures
    assert (record.offset, type(error), event) == (700, IndexError, events[700])
    assert len([*unpack_events(heard.dossier.events)]) == 999
    # The half of it, the quarter …: twice as many as a thousand can be halved.
    assert work["calls of fold"] <= 2 * 10 + 1
