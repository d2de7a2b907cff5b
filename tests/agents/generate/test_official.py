"""What official figures are made of comes with the dossiers, and leaves their ways as they are."""

import json
from collections import Counter, defaultdict
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any

from agents.generate.model import (
    DOSSIERS,
    EVENT,
    PETITIONS,
    Record,
    Scenario,
    claims,
    live,
    records,
)
from monitor.domain.zone import Zone
from schemas import Refused, kinds
from schemas.decode import Decoder

ZONE = Zone("Asia/Ho_Chi_Minh")
TOPICS = {topic.name: topic for topic in kinds.TOPICS}
DECODERS = {name: Decoder(ZONE, topic) for name, topic in TOPICS.items()}
NOW_MS = 1_785_720_600_000  # Monday 2026-08-03T08:30:00+07:00
SCENARIO = Scenario(
    seed=5, dossiers=5_000, days=61, duplicates=0, official=True, boarded=60, petitions=5_000
)


@cache
def generated() -> tuple[Record, ...]:
    return tuple(records(SCENARIO))


@cache
def bodies() -> dict[str, list[dict[str, Any]]]:
    """By type."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in generated():
        body = json.loads(record.value)
        found[body["type"]].append(body)
    return found


@cache
def dossiers() -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By code, then by type."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for type_, said in bodies().items():
        if type_ != "petition.v1":
            for body in said:
                found[body["data"]["dossier"]][type_].append(body)
    return found


def share(part: int, whole: int) -> float:
    return part / whole


def received() -> set[str]:
    return {
        body["data"]["dossier"]
        for body in bodies()["dossier.state.v1"]
        if body["data"]["state"] == 2
    }


def test_every_record_is_read_by_the_service_under_its_key():
    for record in (*generated(), *claims(SCENARIO)):
        event = DECODERS[record.topic].decode(record.value, record_time_ms=0)

        assert not isinstance(event, Refused), (event, record.value)
        assert TOPICS[record.topic].key(event) == record.key


def test_every_type_of_event_of_dossiers_occurs_but_supplements_which_are_states():
    told = {
        "dossier.state.v1",
        "dossier.payment.requested.v1",
        "dossier.payment.made.v1",
        "dossier.rescheduled.v1",
        "dossier.amended.v1",
        "dossier.voided.v1",
        "dossier.reopened.v1",
        "dossier.result.issued.v1",
        "dossier.documents.v1",
        "dossier.rated.v1",
        "dossier.snapshot.v1",
        "dossier.sync.ack.v1",
        "petition.v1",
    }

    assert set(bodies()) == told
    assert min(len(said) for said in bodies().values()) >= 15


def test_the_ways_are_those_of_the_same_seed_without_it():
    """But for what is reopened or put off, and for agencies that hand off."""
    plain = Scenario(seed=5, dossiers=400, days=61, duplicates=0)
    full = Scenario(seed=5, dossiers=400, days=61, duplicates=0, official=True)

    def ways(scenario: Scenario) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for record in records(scenario):
            body = json.loads(record.value)
            if body["type"] == "dossier.state.v1" and "sequence" in body["data"]:
                found[record.key].append((body["time"], body["data"]["state"]))
        return found

    without, with_it = ways(plain), ways(full)
    assert with_it.keys() == without.keys()
    assert all(with_it[key][: len(way)] == way for key, way in without.items())


def test_records_come_in_the_order_of_time_on_either_topic():
    for topic in (DOSSIERS, PETITIONS):
        at = [record.at_ms for record in generated() if record.topic == topic]
        assert at == sorted(at)
        assert at


def test_no_event_names_an_identity_twice():
    identities = Counter(
        (record.key, json.loads(record.value)["id"])
        for record in generated()
        if record.kind == EVENT
    )

    assert set(identities.values()) == {1}


def test_a_void_names_an_event_of_its_dossier():
    for told in dossiers().values():
        ids = {body["id"] for said in told.values() for body in said}
        assert all(void["data"]["target"] in ids for void in told["dossier.voided.v1"])


def test_fees_are_paid_online_as_in_phu_tho():
    """98,459 dossiers had a fee, 82,913 of them were paid online: 84 %; H44 is 99 % online."""
    asked = paid = 0
    for told in dossiers().values():
        amounts = [b["data"]["amount"] for b in told["dossier.payment.requested.v1"]]
        forms = [b["data"]["form"] for b in told["dossier.payment.made.v1"]]
        channel = (
            told["dossier.state.v1"][0]["data"]["channel"] if told["dossier.state.v1"] else 0
        )
        if any(amounts) and channel == 2:
            asked += 1
            paid += any(form in (1, 2) for form in forms)

    assert 0.80 < share(paid, asked) < 0.88


def test_some_fees_are_zero_and_some_are_paid_in_each_form():
    amounts = Counter(
        body["data"]["amount"] == 0 for body in bodies()["dossier.payment.requested.v1"]
    )
    forms = Counter(body["data"]["form"] for body in bodies()["dossier.payment.made.v1"])

    assert 0.07 < share(amounts[True], amounts.total()) < 0.14
    assert set(forms) == {1, 2, 3}
    assert min(forms.values()) > 200


def test_papers_are_digitised_reused_fetched_linked_and_verified():
    lists = [body["data"] for body in bodies()["dossier.documents.v1"]]
    flags = Counter(
        flag for said in lists for flag in {f for c in said["components"] for f in c}
    )

    assert set(flags) == {"digitised", "reused", "from_national_store", "population_linked"}
    assert 0.12 < share(flags["digitised"], len(lists)) < 0.20
    assert {said.get("identity_verified") for said in lists} == {True, False, None}


def test_most_results_are_electronic_some_on_paper_some_both():
    kinds_ = Counter(
        (body["data"]["electronic"], body["data"]["paper"])
        for body in bodies()["dossier.result.issued.v1"]
    )

    assert kinds_[True, False] > kinds_[False, True] > 100
    assert kinds_[True, True] > 100


def test_few_people_rate():
    """And hardly one is unhappy."""
    over = {d for d, told in dossiers().items() if told["dossier.rated.v1"]}
    handed = {
        body["data"]["dossier"]
        for body in bodies()["dossier.state.v1"]
        if body["data"]["state"] == 10
    }
    scales = Counter(body["data"].get("scale", 5) for body in bodies()["dossier.rated.v1"])

    assert 0.03 < share(len(over), len(handed)) < 0.06
    assert set(scales) == {5, 10}


def test_the_national_portal_answers_for_nearly_all_received_dossiers():
    taken = {
        body["data"]["dossier"]
        for body in bodies()["dossier.sync.ack.v1"]
        if body["data"]["target"] == "dvcqg" and body["data"]["code"] == 0
    }
    codes = Counter(body["data"]["code"] for body in bodies()["dossier.sync.ack.v1"])

    assert 0.96 < share(len(taken & received()), len(received())) < 1
    assert codes[3] > 100


def test_applicants_are_of_all_four_kinds_and_a_few_send_a_placeholder():
    types = Counter(
        told["dossier.state.v1"][0]["data"]["applicant_type"]
        for told in dossiers().values()
        if told["dossier.state.v1"]
    )
    stamped = [body for body in bodies()["dossier.state.v1"] if body.get("stamped")]

    assert set(types) == {1, 2, 3, 4}
    assert types[1] > types[2] > types[4] > types[3] > 10
    assert {body["stamped"] for body in stamped} == {32}
    assert not any(body["data"]["identity_attached"] for body in stamped)


def test_some_numbers_come_after_acceptance_only():
    later = 0
    for told in dossiers().values():
        attached = [b["data"]["identity_attached"] for b in told["dossier.state.v1"]]
        later += (False, True) in pairwise(attached)

    assert 20 < later < 120


def test_some_dossiers_are_handed_off_and_some_come_back():
    agencies = [
        [b["data"]["agency"] for b in told["dossier.state.v1"]] for told in dossiers().values()
    ]
    off = [way for way in agencies if len(set(way)) > 1]

    assert 0.005 < share(len(off), len(agencies)) < 0.02
    assert any(way[0] == way[-1] for way in off)
    assert any(way[0] != way[-1] for way in off)


def test_a_snapshot_comes_first_and_its_dossier_goes_on():
    boarded = [told for told in dossiers().values() if told["dossier.snapshot.v1"]]

    assert len(boarded) == 60
    for told in boarded:
        snapshot = told["dossier.snapshot.v1"][0]
        assert snapshot["data"]["accepted_at"] < snapshot["time"]
        assert snapshot["time"].startswith("2026-06-01T07:")
        assert all(state["time"] >= snapshot["time"] for state in told["dossier.state.v1"])
        assert all(state["data"]["state"] != 2 for state in told["dossier.state.v1"])


def test_petitions_of_both_classes_go_all_their_ways():
    said = [body["data"] for body in bodies()["petition.v1"]]
    classes = Counter(data.get("class") for data in said)
    states = Counter(data["state"] for data in said)

    assert set(classes) == {"policy", "conduct", None}
    assert set(states) == {
        "received",
        "refused",
        "supplement_requested",
        "supplement_received",
        "answered",
        "published",
    }
    assert min(states.values()) >= 8
    assert any(data.get("repeated") for data in said)
    assert any(data.get("dislikes", 0) > data.get("likes", 0) for data in said)
    known = set(dossiers())
    assert all(data["dossier"] in known for data in said if "dossier" in data)


def test_petitions_are_as_many_as_in_phu_tho():
    """247 with 152,595 dossiers."""
    assert Scenario().petitions == round(100_000 * 247 / 152_595)


def test_three_in_four_petitions_are_in_time():
    """By the fifteen days for an answer alone, as working days come: 182 of 247 were."""
    ways: dict[str, dict[str, datetime]] = defaultdict(dict)
    for body in bodies()["petition.v1"]:
        data = body["data"]
        ways[data["petition"]].setdefault(data["state"], datetime.fromisoformat(body["time"]))
    answers = [
        (way["answered"] - way.get("supplement_received", way["received"])).days
        for way in ways.values()
        if "answered" in way
    ]

    assert len(answers) > 100
    assert 0.72 < share(sum(days <= 21 for days in answers), len(answers)) < 0.92


def test_claims_are_of_whole_months_and_of_every_authority():
    said = [json.loads(record.value)["data"] for record in claims(SCENARIO)]

    assert {(data["from"], data["to"]) for data in said} == {
        ("2026-06-01", "2026-06-30"),
        ("2026-07-01", "2026-07-31"),
    }
    assert len({data["agency"] for data in said}) == 54
    assert all(
        data.get("not_issued") or data["numerator"] <= data["denominator"] for data in said
    )
    assert {data["indicator"] for data in said if data.get("not_issued")} == {
        "automation",
        "proactive_level",
    }


def test_the_same_seed_means_the_same_records():
    scenario = Scenario(seed=2, dossiers=100, official=True, boarded=5)

    assert list(records(scenario)) == list(records(scenario))
    assert list(claims(scenario)) == list(claims(scenario))


def test_the_present_brings_all_of_it_at_about_the_rate():
    scenario = Scenario(dossiers=1_000, days=21, official=True, petitions=20_000)
    present = []
    for record in live(scenario, NOW_MS, 30):
        if record.at_ms > NOW_MS + 600_000:
            break
        if record.at_ms > NOW_MS:
            present.append(record)
    types = Counter(json.loads(record.value)["type"] for record in present)
    at = [record.at_ms for record in present]

    assert at == sorted(at)
    for half in range(2):
        start = NOW_MS + 200_000 + half * 200_000
        assert 0.6 * 30 < sum(start <= ms < start + 200_000 for ms in at) / 200 < 1.5 * 30
    assert {"dossier.rated.v1", "dossier.result.issued.v1", "petition.v1"} <= set(types)
    assert all(
        not isinstance(DECODERS[r.topic].decode(r.value, record_time_ms=NOW_MS), Refused)
        for r in present
    )
