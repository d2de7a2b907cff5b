"""A service with something in it: worker, gateway, two `emc serve`, and a Prometheus on all of them."""

import asyncio
import json
import os
import re
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from agents.generate.model import Record, Scenario, records
from agents.health import WorkerHealth
from agents.keeper import Keeper
from agents.quarantine import Quarantine, Seal
from agents.recount import Recount, Result
from agents.signals import SignalsDesk
from monitor.domain.event import Kind
from monitor.domain.mandate import Mandate
from monitor.domain.rhythm import Thresholds
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.sources import Source, Sources, Status
from monitor.ledger.unit import Partition
from monitor.reference.policy import load_policy
from schemas.decode import Decoder
from schemas.encode import encode
from schemas.event import (
    Answer,
    ClaimedCount,
    Heartbeat,
    Maintenance,
    MaintenanceReason,
    ReconciliationClaim,
    ServiceRequest,
    Signal,
)
from schemas.kinds import SIGNALS
from tests.gateway.service import begun
from tests.ledger.fill import HERE, Feeder, NoLog
from tests.ledger.roles import roles
from tests.outlets.dashboards.shipped import Range, Values
from tests.servers.postgres import Postgres
from tests.servers.process import Server
from tests.servers.prometheus import Prometheus
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu
from tests.whole.service import Stage

REFERENCE: Final = ROOT / "deploy" / "reference"
DAYS: Final = 25
HOUR_MS: Final = 3_600_000
ZONE: Final = "Asia/Ho_Chi_Minh"
# One that fires, so that what shows alerts has one to show.
RULES: Final = """\
groups:
- name: test
  rules:
  - alert: SourceInterrupted
    expr: vector(1)
    labels: {severity: page, source: H29-onestop}
"""


@dataclass
class Filled:
    """Where everything is, and an independent count of what was put in."""

    runner: asyncio.Runner
    prometheus: Prometheus
    grafana: Any  # a connection as the role that dashboards have
    recount: Recount
    at: float  # when Prometheus had all of it; later scrapes may fail on a busy machine
    values: Values

    def recounted(self) -> Result:
        """The input counted by itself, as of now."""
        return self.recount.result(zone=ZONE, as_of_ms=time.time_ns() // 1_000_000)

    def rows(self, query: str) -> tuple[list[str], list[Sequence[Any]]]:
        """Names of the columns, and the rows."""

        async def ask() -> tuple[list[str], list[Sequence[Any]]]:
            async with self.grafana.transaction(readonly=True):
                statement = await self.grafana.prepare(query)
                names = [column.name for column in statement.get_attributes()]
                return names, [tuple(row) for row in await statement.fetch()]

        return self.runner.run(ask())

    def instant(self, expression: str, *, now: bool = False) -> list[Any]:
        """What an instant vector held once all was there, or holds now."""
        return self._ask("query", query=expression, **({} if now else {"time": self.at}))

    def over(self, expression: str, seconds: int) -> list[Any]:
        """What a range holds, up to when all was there."""
        return self._ask(
            "query_range", query=expression, start=self.at - seconds, end=self.at, step="5"
        )

    def chosen(self, days: int = 30) -> Range:
        until = datetime.fromtimestamp(time.time() + 60, UTC)
        return Range(until - timedelta(days=days), until)

    def _ask(self, what: str, **question: Any) -> list[Any]:
        address = f"{self.prometheus.url}/api/v1/{what}?{urllib.parse.urlencode(question)}"
        with urllib.request.urlopen(address, timeout=10) as reply:
            found: list[Any] = json.load(reply)["data"]["result"]
        return found


async def fill(
    stack: AsyncExitStack,
    runner: asyncio.Runner,
    tansu: Tansu,
    postgres: Postgres,
    folder: Path,
) -> Filled:
    """Start everything, put the past in, and let some of it come while Prometheus looks."""
    name = await postgres.create()
    stack.push_async_callback(postgres.drop, name)
    dsn = postgres.dsn(name)
    now = datetime.fromtimestamp(time.time(), UTC)
    gateway = await begun(tansu.bootstrap, dsn, folder, kafka_idempotent="0")
    stack.push_async_callback(gateway.end)
    here = Stage(tansu.bootstrap, dsn, gateway.topic, folder, 4)
    worker = here.worker(reference=str(REFERENCE), quarantine_key=Seal.new_key())
    stack.callback(worker.stop)
    await asyncio.to_thread(worker.start)

    scenario = Scenario(
        seed=7,
        dossiers=3_000,
        start=date.fromordinal(now.date().toordinal() - DAYS),
        days=DAYS + 2,
        bad=0.01,
    )
    now_ms = int(now.timestamp() * 1000)
    past = list(takewhile(lambda record: record.at_ms <= now_ms, records(scenario)))
    await here.produce(past[:-400])
    await here.booked()

    await _sources(dsn)
    await _signals(dsn, now_ms, first=True)
    serves = [_serve(dsn, folder, number) for number in (1, 2)]
    for serve in serves:
        stack.callback(serve.stop)
        await asyncio.to_thread(serve.start)
    await gateway.ready()
    await _ask_the_gateway(gateway)  # a counter seems to rise from its second value on
    rules = folder / "rules.yml"
    rules.write_text(RULES)
    targets = [_port(serve, "serving: ") for serve in serves]
    targets += [_port(worker, "worker metrics: "), _host(gateway.gateway.metrics)]
    place = folder / "prometheus"
    place.mkdir()
    prometheus = Prometheus(place, targets, [rules], every_s=4)
    stack.callback(prometheus.stop)
    await asyncio.to_thread(prometheus.start)
    # All have been scraped before anything more happens, or nothing would seem to rise.
    for shown, targets_ in (("emc_records_total", 2), ("emc_gateway_requests_total", 1)):
        await prometheus.until(f"count(count by (instance) ({shown}))", targets_, 60)
    await _ask_the_gateway(gateway)
    await here.produce(past[-400:], per_second=80)
    await here.booked()
    await _signals(dsn, now_ms, first=False)
    for judged in ("objectives", "dues", "latencies"):
        await prometheus.until(f"count(emc_{judged}_judged_timestamp_seconds)", 2, 60)
    await _reconcile(dsn)
    await prometheus.until("count(count by (instance) (emc_ledger_drift))", 2, 60)
    address = await stack.enter_async_context(roles(dsn))
    grafana = await asyncpg.connect(address("emc_grafana"))
    stack.push_async_callback(grafana.close)
    values = {
        "agency": [
            row[0] for row in await grafana.fetch("SELECT DISTINCT agency FROM grafana_total")
        ],
        "source": [row[0] for row in await grafana.fetch("SELECT code FROM source")],
        "channel": ["direct", "online", "postal", "unsaid"],
        "due": ["overdue"],
        "objective": [row[0] for row in await grafana.fetch("SELECT objective FROM objective")]
        or [""],
        "scope": [
            row[0]
            for row in await grafana.fetch("SELECT DISTINCT scope FROM objective_standing")
        ]
        or [""],
    }
    booked = await grafana.fetchval(
        "SELECT sum(amount) FROM tally WHERE name IN ('counted', 'duplicate', 'refused')"
    )
    await prometheus.until(f"count(sum by (instance) (emc_records_total) == {booked})", 2)
    # Evaluated beside the stream, when the sums that figures are read from have been gathered.
    await prometheus.until(
        'count(emc_indicator_numerator{set="qd766", indicator="2.1", scope="country"} > 0)',
        2,
        120,
    )
    return Filled(runner, prometheus, grafana, here.recount, time.time(), values)


async def _sources(dsn: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        for code in ("H29", "H26", "H44"):
            await Sources(pool).add(
                Source(
                    code=f"{code}-onestop",
                    name=f"Một cửa {code}",
                    owner=code,
                    status=Status.LIVE,
                    go_live=date(2026, 6, 1),
                    claiming=code == "H29",
                    mandates=(Mandate("*"),),  # or official figures know of nobody who tells
                ),
                who="test",
            )


async def _signals(dsn: str, now_ms: int, *, first: bool) -> None:
    """What sources say of themselves, by the desk that keeps it, and how that is judged."""
    policy = load_policy(REFERENCE)
    source, today = "H29-onestop", policy.zone.day(now_ms)
    said: list[Signal] = [
        ServiceRequest(
            source=source, id=f"{first}-{number}", claimed_ms=now_ms, arrival_ms=now_ms,
            interface="tra-cuu", duration_ms=40 + 37 * number,
            answer=Answer.FAILED if number == 7 else Answer.SUCCEEDED,
        )
        for number in range(20)
    ]  # fmt: skip
    if first:
        said += [
            Maintenance(
                source=source, id="m", claimed_ms=now_ms, arrival_ms=now_ms, window="nang-cap",
                from_ms=now_ms - 60_000, to_ms=now_ms + HOUR_MS,
                reason=MaintenanceReason.POWER, force_majeure=True,
            ),
            Heartbeat(
                source=source, id="h", claimed_ms=now_ms, arrival_ms=now_ms, interval_ms=60_000
            ),
            *(
                ReconciliationClaim(
                    source=source, id=f"c{day}", claimed_ms=now_ms, arrival_ms=now_ms, day=day,
                    claim=f"c{day}", counts=(ClaimedCount(Kind.STATE, 2, 5),),
                )
                for day in range(today - 3, today)
            ),
        ]  # fmt: skip
    async with Ledger.open(dsn) as ledger:

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await ledger.claim(
                partitions,
                owner="test",
                generation=generation,
                cluster="test",
                beginnings={HERE: 0},
            )

        desk = SignalsDesk(
            ledger=ledger,
            log=NoLog(),
            claim=claim,
            decoder=Decoder(policy.zone, SIGNALS),
            quarantine=Quarantine(None),
            health=WorkerHealth(),
            now_ms=lambda: now_ms,
        )
        positions = await desk.take_over([HERE], 1 if first else 2)
        feeder = Feeder(desk, positions[HERE])
        await feeder.hear(Record(source, encode(signal), now_ms) for signal in said)
        await feeder.booked()
        await desk.close()
    connection = await asyncpg.connect(dsn)
    try:
        keeper = Keeper(
            policy, Thresholds(), now_ms=lambda: time.time_ns() // 1_000_000, brisk=True
        )
        while await keeper.round(connection):
            pass
    finally:
        await connection.close()


async def _ask_the_gateway(gateway: Any) -> None:
    async with gateway.client() as client:
        for _ in range(3):
            answer = await client.post("/v1/heartbeat", json={"interval_seconds": 60})
            assert answer.status_code < 500, answer.text
        refused = await client.post(
            "/v1/events",
            content=b'{"specversion":"1.0"}',
            headers={"content-type": "application/cloudevents+json"},
        )
        assert refused.status_code == httpx.codes.BAD_REQUEST, refused.text


async def _reconcile(dsn: str) -> None:
    """Retried: it gives a busy ledger few seconds to answer, as whoever waits for it would."""
    for patience in (3, 2, 1, 0):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "monitor.cli", "reconcile", env=_environment(dsn),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        if process.returncode == 0:
            return
        assert patience, said.decode()
        await asyncio.sleep(2)


def _serve(dsn: str, folder: Path, number: int) -> Server:
    return Server(
        f"serve-{number}",
        [sys.executable, "-m", "monitor.cli", "serve"],
        log=folder / f"serve-{number}.log",
        ready=lambda server: "serving: http" in server.said(),
        environment={**_environment(dsn), "EMC_SERVE_PORT": "0"},
    )


def _environment(dsn: str) -> dict[str, str]:
    return {**os.environ, "EMC_DATABASE": dsn, "EMC_REFERENCE": str(REFERENCE)}


def _port(server: Any, words: str) -> str:
    match = re.search(rf"{re.escape(words)}http://([^/\s]+)", server.said())
    assert match, server.tail()
    return match[1]


def _host(url: str) -> str:
    return urllib.parse.urlsplit(url).netloc


def headings(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[Mapping[str, Any]]:
    """Rows by the names of their columns."""
    return [dict(zip(names, row, strict=True)) for row in rows]
