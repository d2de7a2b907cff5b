"""Every way in, told the same: a CloudEvents SDK, curl, a Java producer and the emitter.

What they tell of the same dossiers is measured once, also when Kafka is away for a while.
"""

import asyncio
import json
import os
import subprocess
import time
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from agents.register import new_token, token_hash
from monitor.ledger.sources import Sources
from tests.gateway.service import Gateway
from tests.servers.require import require, require_kafka_jars
from tests.whole import ledger_checks
from tests.whole.inbound import Front, front, of
from tests.whole.service import KEY, life

pytestmark = pytest.mark.slow

CLIENTS = Path(__file__).resolve().parents[2] / "deploy" / "clients"


async def gateway_of(here: Front, code: str, folder: Path) -> tuple[Gateway, str]:
    """A gateway before the same topics and ledger, and a token of the source."""
    token = new_token()
    async with asyncpg.create_pool(here.here.database, min_size=0, max_size=1) as pool:
        began = datetime.fromisoformat("2026-01-01T00:00:00Z")
        await Sources(pool).admit(code, token_hash(token), valid_from=began, who="test")
    settings = {
        "EMC_KAFKA": here.here.bootstrap,
        "EMC_DATABASE": here.here.database,
        "EMC_TOPIC": here.here.topic,
        "EMC_PETITIONS_TOPIC": here.here.petitions,
        "EMC_QUARANTINE_KEY": KEY,
        "EMC_APPLICANT_KEY": "a secret of this test",
        "EMC_GATEWAY_PORT": "0",
        "EMC_GATEWAY_METRICS_PORT": "0",
        "EMC_GATEWAY_PATIENCE_SECONDS": "5",
    }
    gateway = Gateway(settings, folder / "gateway.log")
    await asyncio.to_thread(gateway.start)
    async with asyncio.timeout(30), httpx.AsyncClient(base_url=gateway.url) as client:
        while (await client.get("/-/ready")).status_code != 200:
            await asyncio.sleep(0.05)
    return gateway, token


def sdk_of(said: dict[str, Any], *, binary: bool) -> Any:
    """The message that the SDK makes of an event."""
    attributes = {
        **{name: said[name] for name in ("id", "source", "type", "specversion")},
        "time": datetime.fromisoformat(said["time"]),
        "datacontenttype": "application/json",
    }
    event = CloudEvent(attributes, said["data"])
    return to_binary_event(event) if binary else to_structured_event(event)


async def told_by_sdk(url: str, token: str, events: list[dict[str, Any]]) -> None:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {token}"}) as client:
        for number, said in enumerate(events):
            message = sdk_of(said, binary=bool(number % 2))
            answer = await client.post(url, content=message.body, headers=dict(message.headers))
            assert answer.status_code == 202, answer.text


async def run(*command: str, said: bytes, **environment: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run, command, input=said, capture_output=True, timeout=120, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


async def until_booked(here: Front, expected: Any, within_s: float = 60) -> None:
    """Wait until every event of the recount is counted."""
    async with asyncio.timeout(within_s):
        while (await ledger_checks.tallied(here.here.database))["counted"] < expected.counted:
            await asyncio.sleep(0.2)


async def test_the_same_dossiers_told_in_four_ways_are_measured_once(
    kafka, database, tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(str(CLIENTS / "python"))
    async with front(kafka.bootstrap, database, tmp_path) as here:
        code = await here.register("onestop")
        records = of(code, life(60, seed=11, bad=0))
        for record in records:
            here.here.recount.add(record.value or b"", record.at_ms)
        expected = here.here.recount.result()
        events = [json.loads(record.value) for record in records]
        lines = b"".join(record.value + b"\n" for record in records)
        gateway, token = await gateway_of(here, code, tmp_path)
        try:
            await asyncio.to_thread(here.ingest().start)
            await asyncio.to_thread(here.here.worker().start)
            url = f"{gateway.url}/v1/events"
            await told_by_sdk(url, token, events[: len(events) // 2])
            await run("sh", str(CLIENTS / "curl" / "emit.sh"), url, said=lines, EMC_TOKEN=token)
            await run(
                require("java"), "-cp", f"{require_kafka_jars()}/*",
                str(CLIENTS / "java" / "KafkaEmit.java"), kafka.bootstrap, f"emc.in.{code}",
                said=lines,
            )  # fmt: skip
            emitter = import_module("emc_emitter")
            with emitter.Emitter(str(tmp_path / "outbox.db"), url, token=token) as one:
                one.put(events)
                assert await asyncio.to_thread(one.flush, 30)
            here.ends[f"emc.in.{code}"] = len(records)
            await here.taken_in()
        finally:
            await asyncio.to_thread(gateway.stop)

        assert await ledger_checks.figures(database) == ledger_checks.recounted(expected)
        tallied = await ledger_checks.tallied(database)
        told = len(events) // 2 + 3 * len(events)
        assert tallied["counted"] == expected.counted
        assert tallied["counted"] + tallied["duplicate"] == told
        assert tallied.get("refused", 0) == 0


async def test_kafka_stopped_under_load_and_the_outbox_delivers_the_rest_once(
    kafka, database, tmp_path, monkeypatch
):
    """The stop is short here; EMC_KAFKA_STOP_SECONDS=60 makes it a minute."""
    monkeypatch.syspath_prepend(str(CLIENTS / "python"))
    stop_seconds = float(os.environ.get("EMC_KAFKA_STOP_SECONDS", "8"))
    async with front(kafka.bootstrap, database, tmp_path) as here:
        code = await here.register("onestop")
        records = of(code, life(200, seed=12, bad=0))
        for record in records:
            here.here.recount.add(record.value or b"", record.at_ms)
        expected = here.here.recount.result()
        gateway, token = await gateway_of(here, code, tmp_path)
        emitter = import_module("emc_emitter")
        monkeypatch.setattr(emitter, "LONGEST_PAUSE_SECONDS", 2.0)
        outbox = str(tmp_path / "outbox.db")
        try:
            await asyncio.to_thread(here.here.worker().start)
            url = f"{gateway.url}/v1/events"
            with emitter.Emitter(outbox, url, token=token) as one:
                third = len(records) // 3
                put(one, records[:third])
                await asyncio.to_thread(kafka.kill)
                began = time.monotonic()
                put(one, records[third : 2 * third])
                while time.monotonic() - began < stop_seconds:
                    await asyncio.sleep(0.1)
                waiting = one.status.waiting
                await asyncio.to_thread(kafka.start)
                put(one, records[2 * third :])
                assert await asyncio.to_thread(one.flush, 90)
                assert (one.status.waiting, one.status.refused) == (0, 0)
            await until_booked(here, expected)
        finally:
            await asyncio.to_thread(gateway.stop)

        assert waiting >= third  # nobody could take these, and nobody was held up
        assert await ledger_checks.figures(database) == ledger_checks.recounted(expected)
        assert (await ledger_checks.tallied(database))["counted"] == expected.counted


def put(emitter: Any, records: Any) -> None:
    for record in records:
        emitter.put([json.loads(record.value)])
