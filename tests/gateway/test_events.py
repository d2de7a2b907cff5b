"""Events over HTTP: what is accepted is in Kafka, canonical, and nothing else is."""

import gzip
import json
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from agents.quarantine import Seal, unpack_record
from tests.gateway.service import BATCH, KEY, LINES, STRUCTURED, Stage, event, lines, on_topic

PERSON = "079203001234"  # an invented identity number


async def by_id(here: Stage) -> dict[str, Any]:
    """What is on the topic, by the ids of the events."""
    records = await on_topic(here.bootstrap, here.topic)
    return {json.loads(record.value)["id"]: record for record in records}


async def test_an_accepted_event_is_on_the_topic_as_a_canonical_one(here):
    said = event(101, applicant_id=PERSON, note="not for others") | {"source": "somebody-else"}

    async with here.client() as client:
        answer = await client.post(
            "/v1/events", json=said, headers={"content-type": STRUCTURED}
        )

    assert answer.status_code == 202
    assert answer.json() == {"verdict": "accepted", "notices": ["other_source"]}
    record = (await by_id(here))["00000101"]
    assert record.key == b"H56.14-260803-0101"
    written = json.loads(record.value)
    assert written["source"] == "H56-onestop"
    assert written["arrival"].endswith("Z")
    assert written["data"]["applicant_key"].startswith("k0.2026:")
    assert PERSON not in record.value.decode()
    assert "not for others" not in record.value.decode()


async def test_binary_mode_carries_the_attributes_in_headers(here):
    said = event(102)
    data = said.pop("data")
    headers = {f"ce-{name}": value for name, value in said.items()}
    # As the binding asks: what is not printable, blanks, quotes and % are percent-encoded.
    headers |= {"content-type": "application/json; charset=utf-8", "ce-id": "0102%2D1"}

    async with here.client() as client:
        answer = await client.post("/v1/events", content=json.dumps(data), headers=headers)

    assert (answer.status_code, answer.json()) == (202, {"verdict": "accepted"})
    assert (await by_id(here))["0102-1"].key == b"H56.14-260803-0102"


async def test_a_batch_says_of_each_event_what_became_of_it(here):
    said = [event(103), event(104, state=99), event(105, agency="H57.01", dossier="x"), "no"]

    async with here.client() as client:
        answer = await client.post("/v1/events", json=said, headers={"content-type": BATCH})

    assert answer.status_code == 200
    assert answer.json() == {
        "received": 4,
        "accepted": 1,
        "refused": 3,
        "unwritten": 0,
        "verdicts": [
            {"place": 0, "verdict": "accepted"},
            {
                "place": 1,
                "verdict": "refused",
                "reason": "unknown_state",
                "field": "data.state",
            },
            {
                "place": 2,
                "verdict": "refused",
                "reason": "outside_mandate",
                "field": "data.agency",
            },
            {"place": 3, "verdict": "refused", "reason": "wrong_type", "field": "value"},
        ],
    }
    assert "00000103" in await by_id(here)


async def test_a_batch_lists_only_the_others_if_so_asked(here):
    said = [event(106), event(107, state=99)]

    async with here.client() as client:
        answer = await client.post(
            "/v1/events?verdicts=others", json=said, headers={"content-type": BATCH}
        )

    assert [each["place"] for each in answer.json()["verdicts"]] == [1]


async def test_an_empty_batch_is_taken_and_says_nothing(here):
    async with here.client() as client:
        answer = await client.post("/v1/events", content=b"[]", headers={"content-type": BATCH})

    assert (answer.status_code, answer.json()["received"]) == (202, 0)


async def test_a_batch_of_refused_events_is_a_problem(here):
    async with here.client() as client:
        answer = await client.post(
            "/v1/events", json=[event(108, state=99)], headers={"content-type": BATCH}
        )

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["refused"]) == ("refused", 1)


async def test_a_stream_of_lines_is_taken_as_it_comes(here):
    events = [event(number) for number in range(1_000, 3_500)]
    body = (
        lines(events[:1200]) + b"\n  \r\n" + lines([event(9, state=99)]) + lines(events[1200:])
    )

    async def pieces():
        for at in range(0, len(body), 10_007):
            yield body[at : at + 10_007]

    async with here.client() as client:
        answer = await client.post(
            "/v1/events", content=pieces(), headers={"content-type": LINES}
        )

    assert answer.status_code == 200
    assert answer.json() == {
        "received": 2501,
        "accepted": 2500,
        "refused": 1,
        "unwritten": 0,
        "verdicts": [
            {
                "line": 1203,
                "verdict": "refused",
                "reason": "unknown_state",
                "field": "data.state",
            }
        ],
    }
    there = await by_id(here)
    assert all(f"{number:08d}" in there for number in range(1_000, 3_500))


@pytest.mark.parametrize("media", [BATCH, LINES])
async def test_a_body_may_be_gzip_of_several_members(here, media):
    whole = (
        json.dumps([event(number) for number in range(3_600, 3_700)]).encode()
        if media == BATCH
        else lines([event(number) for number in range(3_700, 3_800)])
    )
    body = gzip.compress(whole[:999]) + gzip.compress(whole[999:])

    async with here.client() as client:
        answer = await client.post(
            "/v1/events",
            content=body,
            headers={"content-type": media, "content-encoding": "gzip"},
        )

    assert (answer.status_code, answer.json()["accepted"]) == (202, 100)


async def test_a_refused_event_is_in_quarantine_and_nowhere_else(here):
    said = json.dumps(event(110, state=99, applicant_id=PERSON) | {"source": "H57-onestop"})

    async with here.client() as client:
        answer = await client.post(
            "/v1/events", content=said, headers={"content-type": STRUCTURED}
        )

    assert answer.status_code == 400
    assert answer.json()["code"] == "refused"
    assert (answer.json()["reason"], answer.json()["field"]) == ("unknown_state", "data.state")
    assert PERSON not in answer.text
    digest = sha256(said.encode()).digest()
    [kept] = await here.soon(
        "SELECT * FROM quarantine WHERE hash = $1 AND source = 'H56-onestop'", digest
    )
    assert (kept["topic"], kept["reason"], kept["detail"]) == (
        "http",
        "unknown_state",
        "data.state",
    )
    opened = unpack_record(kept["form"], Seal.from_text(KEY).open(kept["sealed"]), kept["size"])
    assert opened.value == said.encode()
    assert PERSON.encode() not in kept["sealed"]
    assert PERSON not in here.gateway.said()


async def test_refusals_are_counted_by_the_source_of_the_token(here):
    before = await refused(here)

    async with here.client() as client:
        await client.post(
            "/v1/events",
            json=[event(111, state=99), event(112, state=99), event(113)],
            headers={"content-type": BATCH},
        )

    found = await here.soon(
        "SELECT amount FROM tally WHERE name = 'refused' AND source = 'H56-onestop'"
        " AND detail = 'unknown_state' AND amount >= $1",
        before + 2,
    )
    assert [row["amount"] for row in found] == [before + 2]


async def refused(here: Stage) -> int:
    rows = await here.ledger(
        "SELECT amount FROM tally WHERE name = 'refused' AND detail = 'unknown_state'"
    )
    return sum(row["amount"] for row in rows)


async def test_a_whole_bomb_is_refused_and_a_stream_is_not_held(here):
    bomb = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    packed = b"".join([bomb.compress(bytes(1 << 20)) for _ in range(300)]) + bomb.flush()
    before = _memory(here)

    async with here.client() as client:
        whole = await client.post(
            "/v1/events",
            content=packed,
            headers={"content-type": BATCH, "content-encoding": "gzip"},
        )
        stream = await client.post(
            "/v1/events",
            content=packed,
            headers={"content-type": LINES, "content-encoding": "gzip"},
        )

    assert (whole.status_code, whole.json()["code"]) == (413, "too_large")
    # 300 MiB without a line break are one line, which is too long.
    assert stream.status_code == 400
    assert stream.json()["verdicts"][0]["reason"] == "too_large"
    assert _memory(here) - before < 40


def _memory(here: Stage) -> int:
    """Megabytes that the gateway has had at most."""
    status = Path(f"/proc/{here.gateway.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024
