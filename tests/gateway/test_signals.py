"""What a system says of itself without an envelope, and what becomes of it."""

import json
from typing import Any

import pytest

from tests.gateway.service import STRUCTURED, Stage, on_topic


async def told(here: Stage, type_: str, **data: Any) -> list[dict[str, Any]]:
    """The signals of a type that say so, in their order."""
    records = await on_topic(here.bootstrap, "emc.signals")
    # The topic is everybody's, other tests' too; its key is the source.
    ours = [record for record in records if record.key == b"H56-onestop"]
    events = [json.loads(record.value) for record in ours]
    return [
        event
        for event in events
        if event["type"] == type_ and event["data"] == event["data"] | data
    ]


async def test_a_heartbeat_is_a_sign_of_life_each_time(here):
    async with here.client() as client:
        answers = [
            await client.post("/v1/heartbeat", json={"interval_seconds": 60, "waiting": 31})
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [202, 202]
    one, other = await told(here, "source.heartbeat.v1", waiting=31)
    assert one["source"] == "H56-onestop"
    assert one["data"] == {"interval_seconds": 60, "waiting": 31}
    assert one["id"] != other["id"]


async def test_what_is_told_again_in_the_same_words_is_the_same_event(here):
    window = {
        "window": "2026-08-15.7",
        "from": "2026-08-15T18:00:00+07:00",
        "to": "2026-08-16T06:00:00+07:00",
        "reason": "upgrade",
    }
    async with here.client() as client:
        for _ in range(2):
            assert (await client.post("/v1/maintenance", json=window)).status_code == 202
        named = await client.post(
            "/v1/maintenance", json=window, headers={"idempotency-key": "2026-000-1"}
        )

    assert named.status_code == 202
    one, again, other = await told(here, "source.maintenance.v1", window="2026-08-15.7")
    assert one["id"] == again["id"]
    assert other["id"] == "2026-000-1"


async def test_an_external_figure_is_taken(here):
    figure = {
        "indicator": "adult_population",
        "survey": "Niên giám thống kê 2025",
        "agency": "H56",
        "from": "2026-01-01",
        "to": "2026-06-30",
        "value": "2731007",
    }
    async with here.client() as client:
        answer = await client.post("/v1/claims", json=figure)

    assert (answer.status_code, answer.json()["verdict"]) == (202, "accepted")
    [claimed] = await told(here, "external.claim.v1", value="2731007")
    assert claimed["data"]["survey"] == "Niên giám thống kê 2025"


async def test_a_field_that_is_wrong_is_called_as_it_is_in_the_body(here):
    async with here.client() as client:
        answer = await client.post("/v1/heartbeat", json={"interval_seconds": 0})
        smuggled = await client.post(
            "/v1/heartbeat",
            content='{"interval_seconds": 60}, "type": "dossier.voided.v1", "x": {}',
            headers={"content-type": "application/json"},
        )

    assert (answer.status_code, answer.json()["field"]) == (400, "interval_seconds")
    assert answer.json()["reason"] == "number_out_of_range"
    assert (smuggled.status_code, smuggled.json()["code"]) == (400, "malformed")


async def test_counts_of_a_day_are_claimed_as_json(here):
    claim = {
        "day": "2026-08-03",
        "claim": "2026-08-03.70",
        "counts": [{"type": "dossier.state.v1", "state": 2, "count": 212}],
    }
    async with here.client() as client:
        answer = await client.post("/v1/reconciliation", json=claim)

    assert answer.status_code == 202
    [claimed] = await told(here, "reconciliation.claim.v1", claim="2026-08-03.70")
    assert claimed["data"]["counts"] == [{"type": "dossier.state.v1", "state": 2, "count": 212}]


CODES = [f"H56.14-260803-{number:04d}" for number in range(4_500)]


@pytest.mark.parametrize(
    ("name", "media", "body"),
    [
        ("2026-08-03.71", "text/plain", "\n".join(CODES)),
        (
            "2026-08-03.72",
            "text/csv; charset=utf-8",
            "\ufeffMã hồ sơ;ghi chú\r\n" + "\r\n".join(f'"{code}";"x"' for code in CODES),
        ),
        (
            "2026-08-03.73",
            "application/x-ndjson",
            "\n".join(json.dumps({"dossier": code}) for code in CODES),
        ),
    ],
)
async def test_a_list_of_codes_becomes_one_claim_of_several_records(here, name, media, body):
    async with here.client() as client:
        answer = await client.post(
            f"/v1/reconciliation?day=2026-08-03&claim={name}",
            content=body.encode(),
            headers={"content-type": media},
        )

    assert answer.status_code == 202, answer.text
    assert answer.json() == {
        "verdict": "accepted",
        "claim": name,
        "codes": 4_500,
        "records": 3,
    }
    records = [each["data"] for each in await told(here, "reconciliation.claim.v1", claim=name)]
    assert [(each["chunk"], each["chunks"]) for each in records] == [(1, 3), (2, 3), (3, 3)]
    assert sorted(code for each in records for code in each["codes"]) == CODES


async def test_of_a_list_with_a_wrong_code_nothing_is_claimed(here):
    codes = [*CODES[:3_000], "", "\x00", *CODES[3_000:]]

    async with here.client() as client:
        answer = await client.post(
            "/v1/reconciliation?day=2026-08-03&claim=2026-08-03.77",
            content="\n".join(codes),
            headers={"content-type": "text/plain"},
        )

    assert answer.status_code == 400
    assert (answer.json()["reason"], answer.json()["line"]) == ("invalid_code", 3_002)
    assert not await told(here, "reconciliation.claim.v1", claim="2026-08-03.77")


async def test_a_day_without_dossiers_is_a_claim_too(here):
    async with here.client() as client:
        answer = await client.post(
            "/v1/reconciliation?day=2026-08-02&claim=2026-08-02.71",
            content=b"",
            headers={"content-type": "text/plain"},
        )

    assert (answer.status_code, answer.json()["codes"]) == (202, 0)
    [claimed] = await told(here, "reconciliation.claim.v1", claim="2026-08-02.71")
    assert claimed["data"]["codes"] == []


async def test_the_same_can_be_said_as_a_cloudevent(here):
    said = {
        "specversion": "1.0",
        "type": "source.heartbeat.v1",
        "source": "H56-onestop",
        "id": "2026-08-03-77",
        "time": "2026-08-03T08:00:00+07:00",
        "data": {"interval_seconds": 30},
    }
    async with here.client() as client:
        answer = await client.post(
            "/v1/events", json=said, headers={"content-type": STRUCTURED}
        )

    assert answer.status_code == 202
    beats = await told(here, "source.heartbeat.v1")
    assert "2026-08-03-77" in {each["id"] for each in beats}
