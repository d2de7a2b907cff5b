"""A gateway as an operator runs it, with topics, a register and sources of a test's own."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx
from aiokafka.errors import TopicAlreadyExistsError

from agents.quarantine import Seal
from agents.register import new_token, token_hash
from monitor.domain.mandate import Mandate
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Source, Sources
from tests.servers.process import Server
from tests.servers.topics import create_topic

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

    @asynccontextmanager
    async def sources(self) -> AsyncIterator[Sources]:
        async with asyncpg.create_pool(self.database, min_size=0, max_size=1) as pool:
            yield Sources(pool)


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
            valid_from=datetime.now(UTC) - timedelta(hours=1),
            who="test",
        )
    return token


@asynccontextmanager
async def stage(
    bootstrap: str,
    database: str,
    folder: Path,
    *,
    partitions: int = 4,
    source: Mapping[str, Any] | None = None,
    wait: bool = True,
    **settings: str,
) -> AsyncIterator[Stage]:
    """A gateway on a topic and a ledger of the test's own; ended with the block."""
    await migrate(database)
    token = await registered(database, **(source or {}))
    topic = await create_topic(bootstrap, "emc.dossiers", partitions=partitions)
    for name in OTHER_TOPICS:
        try:
            await create_topic(bootstrap, name, exactly=True)
        except TopicAlreadyExistsError:
            pass
    chosen = {
        "kafka": bootstrap,
        "database": database,
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
    here = Stage(gateway, bootstrap, database, topic, "H56-onestop", token)
    try:
        if wait:
            await here.ready()
        yield here
    finally:
        if gateway.running:
            gateway.thaw()
            await asyncio.to_thread(gateway.stop)


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
