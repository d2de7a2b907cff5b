"""From a bucket to what is in it: exemplars, from what was told to a real Prometheus."""

import asyncio
import re
import time
from datetime import timedelta
from typing import Any

import asyncpg

from agents.generate.model import Record
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger import tokens
from monitor.ledger.exemplars import EVERY_MS, Bucket, Turns
from schemas import encode
from schemas.event import StateChanged
from tests.ledger.fill import feeding
from tests.outlets.test_serve import serving
from tests.servers.prometheus import MakesPrometheus

DAY = int(timedelta(days=1).total_seconds()) * 1000


def said(number: int, state: int, at_ms: int, due_ms: int | None = None) -> Record:
    """A dossier of the office H56.14."""
    told = StateChanged(
        f"H56.14-260803-{number:04}", "s", f"{state} {number}", at_ms, at_ms, state, "1.004194",
        "H56.14", channel=2, level=4, due_ms=due_ms,
    )  # fmt: skip
    return Record(told.dossier, encode(told), at_ms)


async def kept(dsn: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT name, bin, said, value FROM exemplar ORDER BY bin")
    await connection.close()
    return [tuple(row) for row in rows]


async def token(dsn: str, number: int) -> str:
    connection = await asyncpg.connect(dsn)
    secret = await tokens.secret(connection)
    await connection.close()
    return tokens.token(secret, f"H56.14-260803-{number:04}")


async def test_a_dossier_for_each_bucket_under_its_token_and_prometheus_keeps_it(
    database: str, prometheus: MakesPrometheus
) -> None:
    now = time.time_ns() // 1_000_000
    days = {1: (1, 2), 2: (3, 2), 3: (3, 0), 4: (1, None), 5: (1, 2)}  # taken, allowed
    async with feeding(database, Policy(Zone()), now_ms=now) as feeder:
        for number, (taken, allowed) in days.items():
            begun = now - taken * DAY
            due = None if allowed is None else begun + allowed * DAY
            await feeder.hear([said(number, 2, begun, due)])
        await feeder.booked()
        for number in days:
            await feeder.hear([said(number, 9, now)])
            await feeder.booked()
    first, second = await token(database, 1), await token(database, 2)

    # Bins end at 0.1, 0.25, 0.5, 0.75, 0.9, 1, 1.25, 1.5. Nothing was allowed to the third, the
    # fourth has no deadline, and the fifth comes within a minute of the first.
    assert await kept(database) == [("H56", 2, first, 0.5), ("H56", 7, second, 1.5)]
    async with serving(database) as service:
        text = (await service.get("/metrics", accept="application/openmetrics-text")).text
        plain = (await service.get("/metrics")).text
        server = await asyncio.to_thread(prometheus, f"127.0.0.1:{service.port}")
        name = "emc_dossier_deadline_consumed_ratio_credit_bucket"
        await server.until(f'{name}{{le="+Inf"}}', 4)
        found = await server.exemplars(name)

    lines = re.findall(
        r'credit_bucket\{agency="H56",le="([^"]+)"\} \S+ # (\{[^}]*\}) (\S+)', text
    )
    assert lines == [
        ("0.5", f'{{case="{first}"}}', "0.5"),
        ("1.5", f'{{case="{second}"}}', "1.5"),
    ]
    assert found == {"0.5": {"case": first}, "1.5": {"case": second}}
    assert first not in plain
    assert "H56.14" not in text


async def test_a_request_stands_beside_its_bucket_by_the_id_that_its_source_gave(
    database: str, prometheus: MakesPrometheus
) -> None:
    async with feeding(database, Policy(Zone()), now_ms=0):
        pass
    now = time.time_ns() // 1_000_000
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO request VALUES ('portal', '/a', false, 0, '5xx', 4, 2, 4000, $1)", now
    )
    await connection.execute(
        "INSERT INTO exemplar VALUES ('request', 'portal', '/a', 4, 'req-7', 2.2, $1)", now
    )
    await connection.close()

    async with serving(database) as service:
        server = await asyncio.to_thread(prometheus, f"127.0.0.1:{service.port}")
        name = "emc_service_request_duration_seconds_bucket"
        await server.until(f'{name}{{le="2.5"}}', 2)
        found = await server.exemplars(name)

    assert found == {"2.5": {"event": "req-7"}}


def test_a_bucket_has_another_exemplar_after_a_minute() -> None:
    turns, bucket = Turns(), Bucket("consumed", "H56", "", 2)

    assert [turns.due(bucket, at) for at in (0, EVERY_MS - 1, EVERY_MS)] == [True, False, True]
    assert turns.due(bucket._replace(bin=3), 1)
