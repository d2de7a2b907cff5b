"""Kafka or the ledger away: what was accepted is there, and what was not is said to be."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
import pytest

from tests.gateway.service import BATCH, STRUCTURED, Stage, event, on_topic, stage
from tests.ledger.roles import roles

CALLERS = 24


@dataclass
class Told:
    """What the callers were told of the events that they sent, by id."""

    accepted: set[str] = field(default_factory=set)
    first_time: set[str] = field(default_factory=set)  # accepted without a second try
    perhaps: set[str] = field(
        default_factory=set
    )  # of which it was said that they may be there
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    retry_after: set[str] = field(default_factory=set)


@pytest.mark.slow
async def test_kafka_stopped_under_load_loses_nothing_and_repeats_nothing(
    kafka, database, tmp_path
):
    """Each event is sent until it is accepted, as a client should."""
    async with stage(kafka.bootstrap, database, tmp_path, gateway_patience_seconds="5") as here:
        told, enough = Told(), asyncio.Event()
        callers = [
            asyncio.create_task(call(here, number, told, enough)) for number in range(CALLERS)
        ]
        await until(lambda: len(told.accepted) > 1_000)
        await asyncio.to_thread(kafka.kill)
        await until(lambda: told.statuses[503] > 50)
        async with here.client() as client:
            ready = await client.get("/-/ready")
            began = time.monotonic()
            away = await client.post(
                "/v1/events", json=event(1), headers={"content-type": STRUCTURED}
            )
            at_once = time.monotonic() - began
        await asyncio.to_thread(kafka.start)
        before = len(told.accepted)
        await until(lambda: len(told.accepted) > before + 1_000)
        enough.set()
        await asyncio.gather(*callers)

        there = Counter(
            json.loads(one.value)["id"] for one in await on_topic(here.bootstrap, here.topic)
        )

    assert told.accepted - there.keys() == set()
    assert told.accepted == there.keys()
    assert {id_ for id_ in told.first_time if there[id_] != 1} == set()
    # What is there twice was said to be perhaps there; to the ledger it is one event.
    assert {id_ for id_, times in there.items() if times > 1} <= told.perhaps
    assert set(told.statuses) == {202, 503}
    assert told.retry_after == {"5"}
    assert told.slowest < 15
    assert (ready.status_code, away.status_code) == (503, 503)
    assert away.json()["code"] == "kafka_away"
    assert at_once < 2


async def call(here: Stage, number: int, told: Told, enough: asyncio.Event) -> None:
    """One event after the other, singly or in batches, each until it is accepted."""
    at = number * 1_000_000
    async with here.client() as client:
        while not enough.is_set():
            waiting = [event(at + place) for place in range(1 if number % 2 else 20)]
            at += len(waiting)
            tries = 0
            while waiting:
                tries += 1
                waiting = await send(client, waiting, tries, told)


async def send(
    client: httpx.AsyncClient, events: list[dict[str, Any]], tries: int, told: Told
) -> list[dict[str, Any]]:
    """Those that are to be sent again."""
    single = len(events) == 1
    began = time.monotonic()
    answer = await client.post(
        "/v1/events",
        json=events[0] if single else events,
        headers={"content-type": STRUCTURED if single else BATCH},
    )
    told.slowest = max(told.slowest, time.monotonic() - began)
    told.statuses[answer.status_code] += 1
    said = answer.json()
    # A problem without verdicts is about all of them: nothing was taken on.
    verdicts = said.get("verdicts") or [{"verdict": said.get("verdict", "not_written")}] * len(
        events
    )
    again = []
    for one, verdict in zip(events, verdicts, strict=True):
        match verdict["verdict"]:
            case "accepted":
                told.accepted.add(one["id"])
                if one["id"] not in told.perhaps:
                    told.first_time.add(one["id"])
            case "unknown":
                told.perhaps.add(one["id"])
                again.append(one)
            case "not_written":
                again.append(one)
            case other:
                raise AssertionError(other)
    if again:
        told.retry_after.add(answer.headers["retry-after"])
        await asyncio.sleep(0.5)  # sooner than it was told
    return again


async def until(true: Any, within_s: float = 60) -> None:
    async with asyncio.timeout(within_s):
        while not true():
            await asyncio.sleep(0.05)


async def test_without_the_ledger_events_are_taken_and_refusals_wait(tansu, database, tmp_path):
    """As the role that the gateway is to have, which is locked out for a while."""
    async with roles(database) as role, owner(database) as connection:
        address = role("emc_edge")
        member = address.partition("://")[2].partition("@")[0]
        async with (
            stage(
                tansu.bootstrap, database, tmp_path, kafka_idempotent="0", address=address
            ) as here,
            here.client() as client,
        ):
            await connection.execute(f"ALTER ROLE {member} NOLOGIN")
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                f" WHERE usename = '{member}'"
            )
            answer = await client.post(
                "/v1/events",
                json=[event(1), event(2, state=99), event(3, state=99)],
                headers={"content-type": BATCH},
            )
            await asyncio.sleep(1.5)
            waiting = await here.sample("emc_gateway_quarantine_waiting_records")
            before = await here.ledger("SELECT * FROM quarantine")
            await connection.execute(f"ALTER ROLE {member} LOGIN")
            await here.soon("SELECT 1 FROM quarantine", within_s=40)
            kept = await here.ledger("SELECT reason, sealed IS NOT NULL FROM quarantine")
            tallies = await here.ledger("SELECT name, source, detail, amount FROM tally")

    assert answer.status_code == 200
    assert [each["verdict"] for each in answer.json()["verdicts"]] == [
        "accepted",
        "refused",
        "refused",
    ]
    assert (waiting, before) == (2, [])
    assert [tuple(row) for row in kept] == [("unknown_state", True)] * 2
    assert [tuple(row) for row in tallies] == [("refused", "H56-onestop", "unknown_state", 2)]


async def test_neither_kafka_nor_the_ledger_needs_to_be_there_at_the_start(
    tansu, database, tmp_path
):
    async with (
        stage(
            tansu.bootstrap,
            database,
            tmp_path,
            wait=False,
            kafka="127.0.0.1:1",
            address="postgresql://127.0.0.1:1/emc",
        ) as here,
        here.client() as client,
    ):
        healthy = await client.get("/-/healthy")
        ready = await client.get("/-/ready")
        answer = await client.post("/v1/events", content=b"[]", headers={"content-type": BATCH})

    assert (healthy.status_code, ready.status_code) == (200, 503)
    assert (answer.status_code, answer.json()["code"]) == (503, "register_away")
    assert answer.headers["retry-after"] == "5"


@asynccontextmanager
async def owner(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()
