"""The stories are read, told in the README, and show what they say."""

import json

import pytest

from schemas import Reason, Refused
from schemas.event import Amended, Petition, Rescheduled, Snapshot, StateChanged, Voided
from tests.schemas.wire import EXAMPLES, read

STORIES = sorted((EXAMPLES / "stories").glob("*.ndjson"))
HOUR_MS = 3_600_000


def told(name):
    lines = (EXAMPLES / "stories" / f"{name}.ndjson").read_bytes().splitlines()
    return [read(line, record_time_ms=0) for line in lines]


def order(events):
    return sorted(events, key=lambda event: (event.claimed_ms, event.sequence))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_is_read_in_the_order_of_its_arrivals(path):
    events = told(path.stem)
    refused = [event.reason for event in events if isinstance(event, Refused)]

    assert refused == (
        [Reason.UNKNOWN_STATE, Reason.TIME_WITHOUT_OFFSET]
        if path.stem == "broken_in_between"
        else []
    )
    arrivals = [json.loads(line)["arrival"] for line in path.read_bytes().splitlines()]
    assert arrivals == sorted(arrivals)


def test_every_story_is_in_the_readme_once():
    readme = (EXAMPLES / "stories" / "README.md").read_text(encoding="utf-8")

    named = [line.split("]")[0][3:] for line in readme.splitlines() if line.startswith("| [")]
    assert sorted(named) == [path.stem for path in STORIES]


def test_the_late_one_arrives_days_after_it_happened():
    (*_, last) = told("late")

    assert last.state == 9
    assert last.claimed_ms < last.due_ms < last.arrival_ms


def test_the_repeated_one_is_one_statement():
    first, again, higher, other = told("repeated")

    assert {(event.source, event.id) for event in (first, again, higher, other)} == {
        ("H56-onestop", "1")
    }
    assert first.arrival_ms < again.arrival_ms
    assert (first.channel, again.channel, higher.channel) == (2, 2, 3)
    assert (first.revision, higher.revision, other.revision) == (0, 1, 0)
    assert (first.level, other.level) == (4, 3)


def test_the_reordered_one_has_an_order():
    events = told("reordered")

    assert [event.state for event in events] == [9, 10, 2, 4, 1]
    assert [event.state for event in order(events)] == [1, 2, 4, 9, 10]


def test_the_contradictory_one_has_two_sources_of_different_minds():
    states = [(event.source, event.state) for event in told("contradictory")]

    assert states == [
        ("H56-onestop", 2), ("H56-onestop", 5), ("DVCQG", 9), ("H56-onestop", 4)
    ]  # fmt: skip


def test_the_fields_that_contradict_each_other_do():
    first, second, last = told("contradictory_fields")

    assert second.sequence < first.sequence
    assert (first.channel, first.level) != (second.channel, second.level)
    assert last.claimed_ms < first.receipt_ms


def test_the_void_comes_before_its_target():
    events = told("voided_before_its_target")
    kinds = [type(event) for event in events]

    assert kinds == [StateChanged, Voided, StateChanged, StateChanged]
    assert events[1].target == events[2].id


def test_the_one_that_is_dated_back_ends_to_the_second_when_it_is_due():
    (*_, last) = told("dated_back")

    assert last.claimed_ms == last.due_ms
    assert last.arrival_ms - last.claimed_ms > 70 * HOUR_MS


def test_the_one_from_the_future_is_a_day_ahead():
    (*_, last) = told("from_the_future")

    assert last.claimed_ms - last.arrival_ms == 24 * HOUR_MS


def test_corrections_are_what_their_stories_say():
    assert [event.agency for event in told("amended") if isinstance(event, Amended)] == [
        "H56.15"
    ]
    assert [
        event.apology for event in told("rescheduled_twice") if isinstance(event, Rescheduled)
    ] == [True, False]
    snapshot, before, _ = told("on_board")
    assert isinstance(snapshot, Snapshot)
    assert before.backfill
    assert before.claimed_ms < snapshot.claimed_ms


def test_the_petition_gets_its_reactions_after_its_answer():
    events = told("petition")

    assert all(isinstance(event, Petition) for event in events)
    assert [event.likes for event in events] == [None, None, None, None, None, 1]
    assert events[3].claimed_ms - events[0].claimed_ms == 22 * 24 * HOUR_MS


def test_the_merged_province_names_its_successor():
    (first, *_) = told("merger")

    assert (first.code, first.successor, first.valid_to) == ("H90", "H91", 20_269)
