"""The demo's service: embedded pair, topics, worker, `emc serve` and, where asked, `emc ingest`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.demo.pair import create_topic, embedded_pair
from agents.demo.processes import Service, running
from agents.demo.scrape import gauges
from agents.quarantine import Seal
from agents.settings import Settings
from monitor.domain.policy import Precision
from schemas.kinds import DOSSIERS, SIGNALS, TOPICS

PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything is, once it answers."""

    kafka: str
    database: str
    topic: str
    address: str  # of `emc serve`
    worker_metrics: str
    folder: Path  # gone with the service
    services: tuple[Service, ...]
    ingest_metrics: str = ""
    signals: str = SIGNALS.name

    def check(self) -> None:
        """Raises if one of the processes has ended."""
        for service in self.services:
            service.check()


@asynccontextmanager
async def whole_service(
    *,
    zone: str,
    precision: Precision,
    reference: Path | None = None,
    connections: bool = False,
    brisk: bool = True,
    before: Callable[[str], Awaitable[None]] | None = None,
) -> AsyncIterator[Running]:
    """Start everything on free ports and end it all with the block.

    With a folder of reference files the law's measures are booked too, by its zone. With
    `connections` an `emc ingest` keeps those of sources, and takes what they say of themselves;
    `brisk` has all of them look twice a second, and not once a minute. `before` is called with the
    database's address when nothing of the service is there yet.
    """
    topic = Settings().topic
    async with AsyncExitStack() as stack:
        pair = stack.enter_context(embedded_pair())
        await create_topic(pair.kafka, topic, PARTITIONS)
        for name in (one.name for one in TOPICS if one != DOSSIERS):
            await create_topic(pair.kafka, name, 1)
        if before is not None:
            await before(pair.database)
        settings = {
            "EMC_KAFKA": pair.kafka,
            "EMC_DATABASE": pair.database,
            "EMC_TOPIC": topic,
            "EMC_ZONE": zone,
            "EMC_PRECISION": str(precision),
            "EMC_QUARANTINE_KEY": Seal.new_key(),
            "EMC_REFERENCE": "" if reference is None else str(reference),
            "EMC_SERVE_PORT": "0",
            "EMC_WORKER_METRICS_PORT": "0",
            "EMC_INGEST_METRICS_PORT": "0",
            "EMC_APPLICANT_KEY": Seal.new_key(),
            "EMC_KAFKA_IDEMPOTENT": "0",  # the embedded broker hands out no producer ids
            "EMC_BRISK": str(int(brisk)),
        }
        worker = await stack.enter_async_context(running("worker", settings, pair.folder))
        metrics = await worker.announced("worker metrics: ")
        serve = await stack.enter_async_context(running("serve", settings, pair.folder))
        address = await serve.announced("serving: ")
        ingest_metrics = ""
        services: tuple[Service, ...] = (worker, serve)
        if connections:
            ingest = await stack.enter_async_context(running("ingest", settings, pair.folder))
            ingest_metrics = await ingest.announced("ingest metrics: ")
            services = (worker, serve, ingest)
        yield Running(
            pair.kafka,
            pair.database,
            topic,
            address,
            metrics,
            pair.folder,
            services,
            ingest_metrics,
        )


async def migrated(service: Running) -> None:
    """Wait until the ledger has a schema."""
    while not await asyncio.to_thread(gauges, f"{service.address}/metrics"):
        service.check()
        await asyncio.sleep(0.2)
