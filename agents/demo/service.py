"""The demo's service: embedded pair, topic, a worker, and `emc serve` in front of the ledger."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.demo.pair import create_topic, embedded_pair
from agents.demo.processes import Service, running
from agents.quarantine import Seal
from agents.settings import Settings
from monitor.domain.policy import Precision

PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Running:
    """Where everything is, once it answers."""

    kafka: str
    database: str
    topic: str
    address: str  # of `emc serve`
    worker_metrics: str
    services: tuple[Service, ...]

    def check(self) -> None:
        """Raises if one of the processes has ended."""
        for service in self.services:
            service.check()


@asynccontextmanager
async def whole_service(
    *, zone: str, precision: Precision, reference: Path | None = None
) -> AsyncIterator[Running]:
    """Start everything on free ports and end it all with the block.

    With a folder of reference files the law's measures are booked too, by its zone.
    """
    topic = Settings().topic
    async with AsyncExitStack() as stack:
        pair = stack.enter_context(embedded_pair())
        await create_topic(pair.kafka, topic, PARTITIONS)
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
            "EMC_BRISK": "1",
        }
        worker = await stack.enter_async_context(running("worker", settings, pair.folder))
        metrics = await worker.announced("worker metrics: ")
        serve = await stack.enter_async_context(running("serve", settings, pair.folder))
        address = await serve.announced("serving: ")
        yield Running(pair.kafka, pair.database, topic, address, metrics, (worker, serve))
