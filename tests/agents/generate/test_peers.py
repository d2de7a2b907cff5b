"""The job on which systems are compared is the one that was measured."""

import json
from collections import Counter
from functools import cache

from agents.generate.model import DUPLICATE, EVENT, Record
from agents.generate.peers import job
from monitor.domain.zone import Zone
from schemas import Refused
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS


@cache
def small() -> tuple[Record, ...]:
    return tuple(job(5_000, seed=1))


def test_there_are_six_events_a_dossier_and_one_in_a_hundred_again():
    kinds = Counter(record.kind for record in small())
    events = Counter(record.key for record in small() if record.kind == EVENT)

    assert set(events.values()) == {6}
    assert len(events) == 5_000
    assert 240 < kinds[DUPLICATE] < 360


def test_a_record_is_of_the_size_that_was_measured():
    mean = sum(len(record.value) for record in small()) / len(small())

    assert 354 < mean < 364


def test_63_agencies_three_channels_and_two_levels_make_378_groups():
    bodies = [json.loads(record.value)["data"] for record in small()]

    assert len({(b["agency"], b["channel"], b["level"]) for b in bodies}) == 378


def test_many_dossiers_are_open_at_once():
    left = Counter[str]()
    most = 0
    for record in small():
        if record.kind == EVENT:
            left[record.key] += 1
            if left[record.key] == 6:
                del left[record.key]
            most = max(most, len(left))

    assert 900 <= most <= 1_000


def test_a_good_part_of_the_dossiers_is_late_however_many_there_are():
    for dossiers in (500, 5_000):
        bodies = [json.loads(record.value) for record in job(dossiers)]
        ends = {
            body["data"]["dossier"]: body["time"] > body["data"]["due_at"]
            for body in bodies
            if body["data"]["state"] == 9
        }
        assert 0.3 < sum(ends.values()) / dossiers < 0.6


def test_a_record_delivered_again_has_the_same_bytes_and_comes_later():
    sent = set()
    for record in small():
        assert (record.value in sent) == (record.kind == DUPLICATE)
        sent.add(record.value)


def test_the_job_is_the_same_for_a_seed_and_another_for_another():
    assert list(job(50, seed=4)) == list(job(50, seed=4))
    assert list(job(50, seed=4)) != list(job(50, seed=5))


def test_every_record_is_an_event_that_the_service_reads():
    decoder = Decoder(Zone("Asia/Ho_Chi_Minh"), DOSSIERS)

    for record in small()[:3_000]:
        event = decoder.decode(record.value, record_time_ms=record.at_ms)
        assert not isinstance(event, Refused)
        assert event.dossier == record.key


def test_no_dossiers_are_no_records():
    assert list(job(0)) == []
