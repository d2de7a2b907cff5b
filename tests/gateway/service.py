"""A gateway as an operator runs it, with topics, a register and sources of a test's own."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import TopicAlreadyExistsError

from agents.quarantine import Seal
from agents.register import new_token, token_hash
from monitor.domain.mandate import Mandate
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Source, Sources
from tests.servers.process import Server
from tests.servers.topics import create_topic, partitions_of

KEY: Final = Seal.new_key()
OTHER_TOPICS: Final = ("emc.petitions", "emc.signals", "emc.catalogue")
STRUCTURED: Final = "application/cloudevents+json"
BATCH: Final = "application/cloudevents-batch+json"
LINES: Final = "application/x-ndjson"


class Gateway(Server):
    """`emc gateway` with settings of its own, on ports that the system chooses."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        super().__init__(
            "gateway",
            [sys.executable, "-m", "monitor.cli", "gateway"],
            log=log,
            ready=lambda server: "\ngateway: http" in "\n" + server.said(),
            environment=settings,
            patience_s=60,
        )

    @property
    def url(self) -> str:
        return self._said("gateway: ")

    @property
    def metrics(self) -> str:
        return self._said("gateway metrics: ")

    def _said(self, words: str) -> str:
        [line] = [line for line in self.said().splitlines() if line.startswith(words)]
        return line.removeprefix(words)


@dataclass(frozen=True, slots=True)
class Stage:
    """A running gateway and what stands around it."""

    gateway: Gateway
    bootstrap: str
    database: str
    topic: str
    source: str
    token: str

    def client(self, token: str | None = None, **options: Any) -> httpx.AsyncClient:
        """Calls the gateway with the source's token, or another one, or with "" none."""
        chosen = self.token if token is None else token
        headers = {"authorization": f"Bearer {chosen}"} if chosen else {}
        return httpx.AsyncClient(
            base_url=self.gateway.url, headers=headers, timeout=30, **options
        )

    async def ready(self, within_s: float = 30) -> None:
        """Wait until it says that events are taken."""
        async with asyncio.timeout(within_s), self.client() as client:
            while (await client.get("/-/ready")).status_code != 200:
                await asyncio.sleep(0.05)

    async def end(self) -> None:
        if self.gateway.running:
            self.gateway.thaw()
            await asyncio.to_thread(self.gateway.stop)

    async def ledger(self, query: str, *given: Any) -> list[Any]:
        """What a query of the ledger finds."""
        connection = await asyncpg.connect(self.database)
        try:
            return list(await connection.fetch(query, *given))
        finally:
            await connection.close()

    async def soon(self, query: str, *given: Any, within_s: float = 20) -> list[Any]:
        """The same, as soon as it finds something."""
        async with asyncio.timeout(within_s):
            while not (found := await self.ledger(query, *given)):
                await asyncio.sleep(0.1)
        return found

    def tail(self, lines: int = 40) -> str:
        """Shown beside a test that failed."""
        return self.gateway.tail(lines)

    async def sample(self, name: str, **labels: str) -> float:
        """A value of the gateway's own metrics; 0 if it has none such."""
        async with httpx.AsyncClient() as client:
            shown = (await client.get(self.gateway.metrics)).text
        return sum(
            float(line.rpartition(" ")[2])
            for line in shown.splitlines()
            if re.match(rf"{name}[ {{]", line)
            and all(f'{key}="{value}"' in line for key, value in labels.items())
        )

    @asynccontextmanager
    async def sources(self) -> AsyncIterator[Sources]:
        async with asyncpg.create_pool(self.database, min_size=0, max_size=1) as pool:
            yield Sources(pool)


def now() -> datetime:
    """Tokens are valid by the clock of the gateway, which is a process of its own."""
    return datetime.now(UTC)  # noqa: TID251 - see above


async def registered(
    dsn: str, code: str = "H56-onestop", *, mandates: Sequence[str] = ("H56",), **said: Any
) -> str:
    """Enter a source; its token."""
    token = new_token()
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        sources = Sources(pool)
        source = Source(
            code=code,
            name=code,
            owner=mandates[0],
            mandates=tuple(map(Mandate, mandates)),
            **said,
        )
        await sources.add(source, who="test")
        await sources.admit(
            code,
            token_hash(token),
            valid_from=now() - timedelta(hours=1),
            who="test",
        )
    return token


async def begun(
    bootstrap: str,
    database: str,
    folder: Path,
    *,
    partitions: int = 4,
    source: Mapping[str, Any] | None = None,
    address: str = "",
    **settings: str,
) -> Stage:
    """A gateway that has started, on a topic and a ledger of the test's own.

    `address` is where it finds the ledger, if not as the owner.
    """
    await migrate(database)
    token = await registered(database, **(source or {}))
    topic = await create_topic(bootstrap, "emc.dossiers", partitions=partitions)
    for name in OTHER_TOPICS:
        with suppress(TopicAlreadyExistsError):
            await create_topic(bootstrap, name, exactly=True)
    chosen = {
        "kafka": bootstrap,
        "database": address or database,
        "topic": topic,
        "quarantine_key": KEY,
        "applicant_key": "a secret of the tests",
        "gateway_port": "0",
        "gateway_metrics_port": "0",
        **settings,
    }
    gateway = Gateway(
        {f"EMC_{name.upper()}": value for name, value in chosen.items()},
        folder / "gateway.log",
    )
    await asyncio.to_thread(gateway.start)
    code = (source or {}).get("code", "H56-onestop")
    return Stage(gateway, bootstrap, database, topic, code, token)


@asynccontextmanager
async def stage(*args: Any, wait: bool = True, **said: Any) -> AsyncIterator[Stage]:
    """The same for a block, at whose beginning it is ready."""
    here = await begun(*args, **said)
    try:
        if wait:
            await here.ready()
        yield here
    finally:
        await here.end()


def event(number: int = 1, **data: Any) -> dict[str, Any]:
    """A dossier is accepted, as its source says it."""
    return {
        "specversion": "1.0",
        "type": "dossier.state.v1",
        "source": "H56-onestop",
        "id": f"{number:08d}",
        "time": "2026-08-03T08:12:31+07:00",
        "data": {
            "dossier": f"H56.14-260803-{number:04d}",
            "state": 2,
            "procedure": "1.004194",
            "agency": "H56.14",
            **data,
        },
    }


def lines(events: Sequence[Mapping[str, Any]]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


async def on_topic(
    bootstrap: str, topic: str, quiet_s: float = 1.0, partitions: int = 0
) -> list[Any]:
    """All records of a topic, read to its end and until nothing has come for a while.

    `partitions`: how many it has; 0: the broker is asked, as of one that others have made.
    """
    partitions = partitions or await partitions_of(bootstrap, topic)
    assigned = [TopicPartition(topic, partition) for partition in range(partitions)]
    found: list[Any] = []
    async with AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    ) as consumer:
        consumer.assign(assigned)
        await consumer.seek_to_beginning(*assigned)
        ends = await consumer.end_offsets(assigned)
        # On a busy machine the first records may take longer to come than the quiet is long.
        ended = False
        while not ended:
            fetched = await consumer.getmany(timeout_ms=int(1000 * quiet_s))
            for run in fetched.values():
                found.extend(run)
            reached = [await consumer.position(one) >= ends[one] for one in assigned]
            ended = not fetched and all(reached)
    return found
