"""`emc conformance`: what is missing or wrong is named, and only who conforms goes live."""

import io
import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from agents.conformance.command import conformance
from agents.conformance.rules import Weight, notice, refusal, warning
from agents.edge import Notice
from agents.kafka import Kafka
from agents.operator import Refusal
from monitor.domain.mandate import Mandate
from monitor.domain.warning import QualityWarning
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Expectation, Source, Sources, Status
from monitor.reference.policy import load_policy
from schemas.refusal import Reason
from tests.servers.topics import create_topic, produce

NOW_MS = 1_787_000_000_000  # 2026-08-18
POLICY = load_policy(Path("deploy/reference"))


def state(number: int, state: int, day: str, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "dossier.state.v1",
        "source": "H56-onestop",
        "id": f"{number:04d}{state:02d}",
        "time": f"2026-08-{day}:00:00+07:00",
        "data": {
            "dossier": f"H56.14-260803-{number:04d}",
            "state": state,
            "procedure": "1.004194",
            "agency": "H56.14",
            "unit": "H56.14.02",
            "step": "H56.14.02",
            "channel": 2,
            "level": 4,
            "applicant_type": 1,
            "identity_attached": True,
            **data,
        },
    }


def good(dossiers: int = 25) -> list[dict[str, Any]]:
    """A system that says what it should: accepted, worked on, and one day done."""
    said = []
    for number in range(1, dossiers + 1):
        said += [
            state(number, 2, "03T08", receipt_date="2026-08-03T08:00:00+07:00",
                  due_at="2026-08-06T17:00:00+07:00"),
            state(number, 4, "03T09"),
            state(number, 9, "10T09"),
        ]  # fmt: skip
    return said


async def run(
    tmp_path: Path,
    events: Sequence[dict[str, Any] | bytes],
    *,
    where: str = "",
    source: str = "",
    mandates: list[str] | None = None,
    promote: bool = False,
    dsn: str = "",
    brokers: str = "",
) -> tuple[int, dict[str, Any]]:
    lines = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in events]
    file = tmp_path / "events.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    out = io.StringIO()
    status = await conformance(
        where or str(file),
        source=source,
        mandates=mandates or ["H56"],
        most=10_000,
        promote=promote,
        dsn=dsn,
        brokers=Kafka(bootstrap=brokers),
        policy=POLICY,
        now_ms=NOW_MS,
        who="lan",
        why="",
        as_json=True,
        out=out,
        progressed=lambda _: None,
    )
    return status, json.loads(out.getvalue())


def found(report: dict[str, Any]) -> dict[tuple[str, str], tuple[int, int, bool]]:
    return {
        (each["rule"], each["field"]): (each["count"], each["of"], each["breaks"])
        for each in report["findings"]
    }


async def test_a_system_that_says_all_it_should_conforms_without_a_word(tmp_path):
    status, report = await run(tmp_path, good())

    assert status == 0
    assert report["conforms"]
    assert (report["statements"], report["dossiers"], report["ended"]) == (75, 25, 25)
    assert found(report) == {}


async def test_each_thing_that_is_wrong_is_named_with_its_field_and_place(tmp_path):
    events: list[Any] = good()
    events[1] = {**events[1], "time": "2026-08-03T09:00:00"}  # no offset
    events[4]["data"]["state"] = 11
    events[7] = b"{not json"
    events[10]["data"]["agency"] = "H01.2"
    events[10]["data"]["dossier"] = "H01.2-260803-0001"
    events[13]["data"]["applicant_key"] = "079203001234"
    del events[15]["data"]["channel"]
    events[19] = {**events[18], "data": {**events[18]["data"], "level": 3}}

    status, report = await run(tmp_path, events)

    assert status == 1
    assert not report["conforms"]
    told = found(report)
    assert told["time_without_offset", "time"] == (1, 75, True)
    assert told["unknown_state", "data.state"] == (1, 75, True)
    assert told["not_json", "value: JSON is malformed: object keys must be strings (byte 1)"][2]
    assert told["outside_mandate", "data.agency"] == (1, 75, True)
    assert told["clear_identity", ""] == (1, 75, True)
    assert told["no_channel", "data.channel"] == (1, 25, True)
    assert told["same_identity", "id"] == (1, 71, True)
    places = {each["rule"]: each["places"] for each in report["findings"]}
    assert places["unknown_state"] == ["line 5"]
    assert "079203001234" not in json.dumps(report)


async def test_what_only_some_dossiers_lack_is_forgiven_up_to_a_share(tmp_path):
    few, many = good(60), good(60)
    for number in (0, 3):
        del few[number]["data"]["receipt_date"]
    for number in range(0, 60, 3):
        del many[number]["data"]["channel"]

    assert (await run(tmp_path, few))[0] == 0
    status, report = await run(tmp_path, many)

    assert status == 1
    assert found(report)["no_channel", "data.channel"] == (20, 60, True)


async def test_a_no_is_an_answer(tmp_path):
    events = good()
    for event in events:
        event["data"]["identity_attached"] = False

    _, report = await run(tmp_path, events)

    assert ("no_identity_attached", "data.identity_attached") not in found(report)
    assert found(report)["identity_missing", ""][0] == 25


async def test_too_few_dossiers_show_nothing(tmp_path):
    assert (await run(tmp_path, good(20)))[0] == 0
    status, report = await run(tmp_path, good(19))
    assert status == 1
    assert found(report)["too_few", ""][2]

    status, report = await run(
        tmp_path, [each for each in good() if each["data"]["state"] != 9]
    )
    assert found(report)["too_few", ""][2]


async def test_without_a_register_anybody_may_be_told_of_by_default(tmp_path):
    assert (await run(tmp_path, good(), mandates=["H56.14"]))[0] == 0
    status, report = await run(tmp_path, good(), mandates=["H01"])
    assert status == 1
    assert found(report)["outside_mandate", "data.agency"] == (75, 75, True)


@pytest.fixture
async def register(database: str) -> str:
    await migrate(database)
    async with asyncpg.create_pool(database, min_size=0, max_size=1) as pool:
        await Sources(pool).add(
            Source(
                code="H56-onestop",
                name="One-stop of Thanh Hoá",
                owner="H56",
                mandates=(Mandate("H56"),),
                expectations=(
                    Expectation(kind="dossier.state.v1", unit="H56.14"),
                    Expectation(kind="dossier.payment.made.v1"),
                ),
            ),
            who="test",
        )
    return database


async def of_register(dsn: str) -> Source | None:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        return await Sources(pool).find("H56-onestop")


async def test_passing_moves_a_source_from_trial_to_live_and_failing_does_not(
    tmp_path, register
):
    payment = {
        **state(1, 2, "03T08"),
        "type": "dossier.payment.made.v1",
        "id": "paid",
        "data": {"dossier": "H56.14-260803-0001", "amount": 50_000, "form": 1},
    }
    status, report = await run(
        tmp_path, good(), source="H56-onestop", promote=True, dsn=register
    )
    before = await of_register(register)

    assert status == 1
    assert found(report)["expected_kind", "dossier.payment.made.v1"] == (1, 2, True)
    assert before is not None
    assert before.status is Status.TRIAL

    status, report = await run(
        tmp_path, [*good(), payment], source="H56-onestop", promote=True, dsn=register
    )
    after = await of_register(register)

    assert (status, report["conforms"]) == (0, True)
    assert after is not None
    assert after.status is Status.LIVE
    assert after.go_live is not None
    async with asyncpg.create_pool(register, min_size=0, max_size=1) as pool:
        last = (await Sources(pool).history("H56-onestop"))[0]
    assert (last.who, last.action) == ("lan", "promote")
    assert last.why == "conforms: 76 statements of 25 dossiers"


async def test_an_unknown_source_is_refused_with_a_remedy(tmp_path, register):
    with pytest.raises(Refusal, match=r"did you mean H56-onestop\?"):
        await run(tmp_path, good(), source="H56-onestp", dsn=register)


async def test_a_topic_is_examined_as_it_stands_there(tmp_path, kafka):
    topic = await create_topic(kafka.bootstrap, "emc.in.H56-onestop", partitions=2)
    await produce(
        kafka.bootstrap,
        topic,
        [json.dumps(event).encode() for event in good()],
    )

    status, report = await run(tmp_path, [], where=topic, brokers=kafka.bootstrap)

    assert report["statements"] == 75
    # The records are of today, and say that they are of August: nobody was told at once.
    assert found(report)["slow", "time"] == (75, 75, False)
    assert status == 0

    with pytest.raises(Refusal, match="there is no topic"):
        await run(tmp_path, [], where="emc.in.nobody", brokers=kafka.bootstrap)


async def test_an_address_may_tell_them_too(tmp_path):
    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path != "/events?of=yesterday":
                self.send_error(404)
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(good()).encode())

        def log_message(self, *_: object) -> None:
            pass

    there = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=there.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{there.server_port}"
    try:
        status, report = await run(tmp_path, [], where=f"{url}/events?of=yesterday")
        with pytest.raises(Refusal, match="answers 404"):
            await run(tmp_path, [], where=f"{url}/elsewhere")
    finally:
        there.shutdown()
        there.server_close()

    assert (status, report["statements"]) == (0, 75)
    with pytest.raises(Refusal, match="does not answer"):
        await run(tmp_path, [], where=url)


def test_every_refusal_notice_and_warning_has_its_rule():
    codes = [
        *(refusal(each).code for each in Reason),
        *(notice(each).code for each in Notice),
        *(warning(each).code for each in QualityWarning),
    ]

    assert len(codes) == len(Reason) + len(Notice) + len(QualityWarning)
    assert refusal(Reason.NOT_JSON).weight is Weight.MUST
