"""Petitions through a worker that is killed: from their topic to the figures of indicator 5.2."""

import asyncio
import random
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from monitor.domain.codes import level1
from monitor.domain.measures import Measure
from monitor.domain.zone import date_of
from schemas import encode, key
from schemas.event import Petition
from tests.domain.petitions import august, told
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu
from tests.servers.topics import create_topic
from tests.whole.service import Stage, stage
from tests.whole.until import until

pytestmark = pytest.mark.slow

SHIPPED = ROOT / "deploy" / "reference"
MANY = 300


def history() -> tuple[list[Petition], Counter[tuple[str, str, date]]]:
    """Petitions of two provinces with what is to be counted of them, by agency of level 1 and day.

    Of every six: one open, one refused in time, one refused late, one answered in time, one
    answered late, one answered in time and complained about.
    """
    events: list[Petition] = []
    expected: Counter[tuple[str, str, date]] = Counter()
    for number in range(MANY):
        common = {
            "petition": f"dvcqg|PAKN.{number}",
            "agency": ["H56.14", "H26"][number % 2],
        }
        events.append(told("received", august(3), **common))
        state, day, verdict = [
            ("", 0, ""),
            ("refused", 5, "on_time_766"),
            ("refused", 6, "late_766"),
            ("answered", 22, "on_time_766"),
            ("answered", 24, "late_766"),
            ("answered", 10, "on_time_766"),
        ][number // 2 % 6]
        place = level1(common["agency"])
        expected["received", place, date(2026, 8, 3)] += 1
        if state:
            events.append(told(state, august(day), **common))
            expected[state, place, date(2026, 8, day)] += 1
            expected[verdict, place, date(2026, 8, day)] += 1
    rng = random.Random(11)
    told_twice = [*events, *rng.choices(events, k=MANY // 3)]
    rng.shuffle(told_twice)
    return told_twice, expected


async def counted(database: str) -> Counter[tuple[str, str, date]]:
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch(
            "SELECT measure, left(agency, 3) AS place, day, sum(amount)::int8 AS amount"
            " FROM journal JOIN cell ON cell.id = cell WHERE measure BETWEEN 60 AND 65"
            " GROUP BY 1, 2, 3"
        )
    finally:
        await connection.close()
    return Counter(
        {
            (
                Measure(row["measure"]).name.removeprefix("PETITION_").lower(),
                row["place"],
                date_of(row["day"]),
            ): row["amount"]
            for row in rows
        }
    )


async def positions(database: str) -> int:
    connection = await asyncpg.connect(database)
    try:
        found: int = await connection.fetchval(
            "SELECT coalesce(sum(next), 0)::int8 FROM position WHERE topic LIKE '%-petitions'"
        )
    finally:
        await connection.close()
    return found


async def test_petitions_are_counted_once_whatever_becomes_of_the_worker(
    tansu: Tansu, database: str, tmp_path: Path
):
    events, expected = history()
    async with stage(tansu.bootstrap, database, tmp_path) as here:
        first = here.worker(reference=str(SHIPPED))
        await asyncio.to_thread(first.start)
        # Dossiers do not wait for a topic that is not there yet.
        await first.says("no topic of petitions")
        forever = {"retention.ms": "-1"}
        await create_topic(
            tansu.bootstrap, here.petitions, partitions=3, settings=forever, exactly=True
        )

        async with AIOKafkaProducer(bootstrap_servers=tansu.bootstrap, acks="all") as producer:
            for number, event in enumerate(events):
                await producer.send_and_wait(
                    here.petitions, encode(event), key=key(event), timestamp_ms=event.arrival_ms
                )
                if number == len(events) // 2:
                    await until(lambda: _has_some(database))
                    first.kill()
                    second = here.worker(reference=str(SHIPPED))
                    await asyncio.to_thread(second.start)
        await _all_booked(here, len(events))

        assert await counted(database) == expected
        said = await asyncio.to_thread(_reconciled, database)
        assert said == (0, "")


async def _has_some(database: str) -> bool:
    return await positions(database) > 0


async def _all_booked(here: Stage, records: int) -> None:
    async def booked() -> bool:
        return await positions(here.database) == records

    await until(booked)


def _reconciled(database: str) -> tuple[int, str]:
    from io import StringIO  # noqa: PLC0415

    from agents.reconcile import reconcile_command  # noqa: PLC0415
    from agents.settings import Settings  # noqa: PLC0415

    out, err = StringIO(), StringIO()
    settings = Settings(database=database, reference=str(SHIPPED))
    status: Any = reconcile_command(settings, out=out, err=err)
    return status, "" if status == 0 else out.getvalue()
