"""Sources on topics of their own, `emc ingest` between them and a worker, and what was sent."""

import asyncio
import json
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from agents.generate.model import Record
from agents.kafka import Kafka
from agents.topics import make_inbound
from monitor.domain.mandate import Mandate
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Source, Sources, Status
from schemas.kinds import CATALOGUE, SIGNALS
from tests.servers.topics import create_topic
from tests.whole import ledger_checks
from tests.whole.service import LARGEST, Stage, Worker, stage

ANYBODY = (Mandate("*"),)
GO_LIVE = date(2026, 6, 1)


@dataclass
class Front:
    """A stage with the edge before it."""

    here: Stage
    suffix: str
    ends: Counter[str] = field(default_factory=Counter)  # of inbound topics

    def ingest(self, chaos: Mapping[str, str] | None = None, **settings: str) -> Worker:
        """An ingest process that is not started yet; with what the environment of chaos asks."""
        here = self.here
        chosen = {
            "ingest_group": f"ingest-{self.suffix}",
            "ingest_metrics_port": "0",
            "applicant_key": "a secret of this test",
            **settings,
        }
        process = here.worker(**chosen)
        here.workers.remove(process)
        log = process.log.with_name(process.log.name.replace("worker", "ingest"))
        command = ("monitor.cli", "ingest") if chaos is None else ("tests.chaos.worker",)
        more = {} if chaos is None else {"CHAOS_PROCESS": "ingest", **chaos}
        process = Worker(process._environment | more, log, command)
        here.workers.append(process)
        return process

    def code(self, name: str) -> str:
        """A source of this test, whose topic no other test has."""
        return f"{name}-{self.suffix}"

    async def register(self, name: str, *, topic: bool = True, **said: Any) -> str:
        """A source that may speak for anybody, and its topic."""
        code = self.code(name)
        source = Source(
            code=code,
            name=name,
            owner="H56",
            **{"mandates": ANYBODY, "status": Status.LIVE, "go_live": GO_LIVE, **said},
        )
        async with asyncpg.create_pool(self.here.database, min_size=0, max_size=1) as pool:
            await Sources(pool).add(source, who="test")
        if topic:
            assert await make_inbound(Kafka.at(self.here.bootstrap), source.topic)
        return code

    async def revoke(self, code: str) -> None:
        """What it sends is not taken any more."""
        async with asyncpg.create_pool(self.here.database, min_size=0, max_size=1) as pool:
            sources = Sources(pool)
            before = await sources.find(code)
            assert before is not None
            after = replace(before, status=Status.REVOKED)
            assert await sources.change(before, after, who="test")

    async def send(
        self, code: str, given: Iterable[Record], *, per_second: int = 0, **client: Any
    ) -> None:
        """Put records on a source's topic, by a producer of any kind."""
        topic = f"emc.in.{code}"
        async with AIOKafkaProducer(
            **{
                "bootstrap_servers": self.here.bootstrap,
                "acks": "all",
                "max_request_size": LARGEST,
                "linger_ms": 5,
                **client,
            },
        ) as producer:
            began = time.monotonic()
            sent = []
            for number, record in enumerate(given, 1):
                sent.append(
                    await producer.send(
                        topic,
                        record.value,
                        key=record.key.encode(),
                        timestamp_ms=record.at_ms,  # which nobody believes
                    )
                )
                if per_second and number % 50 == 0:
                    ahead = number / per_second - (time.monotonic() - began)
                    await asyncio.sleep(max(0, ahead))
            for future in sent:
                self.ends[topic] = max(self.ends[topic], (await future).offset + 1)

    async def taken_in(self, within_s: float = 60) -> None:
        """Wait until every inbound record is booked, and every canonical one of them is too."""
        async with asyncio.timeout(within_s):
            for topic, end in self.ends.items():
                while (await ledger_checks.booked_until(self.here.database, topic)).get(
                    0, 0
                ) < end:
                    await asyncio.sleep(0.1)
            here = self.here
            partitions = [TopicPartition(here.topic, one) for one in range(here.partitions)]
            async with AIOKafkaConsumer(bootstrap_servers=here.bootstrap) as consumer:
                ends = await consumer.end_offsets(partitions)
            here.ends = Counter({tp.partition: end for tp, end in ends.items()})
            await here.booked(within_s)

    async def booked_beyond(self, code: str, records: int, within_s: float = 60) -> int:
        """Wait until so many of a source's records are booked; how many are then."""
        async with asyncio.timeout(within_s):
            while True:
                booked = await ledger_checks.booked_until(self.here.database, f"emc.in.{code}")
                if (at := booked.get(0, 0)) >= records:
                    return at
                await asyncio.sleep(0.02)

    async def canonical(self) -> list[bytes]:
        """Everything on the canonical topic, keys and values."""
        here = self.here
        found: list[bytes] = []
        partitions = [TopicPartition(here.topic, one) for one in range(here.partitions)]
        async with AIOKafkaConsumer(
            bootstrap_servers=here.bootstrap, auto_offset_reset="earliest"
        ) as consumer:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            await consumer.seek_to_beginning(*partitions)
            for tp in partitions:
                while await consumer.position(tp) < ends[tp]:
                    for records in (await consumer.getmany(timeout_ms=200)).values():
                        found += [part for one in records for part in (one.key, one.value)]
        return found

    async def fetch(self, query: str, *arguments: object) -> list[Any]:
        """Rows of the ledger."""
        connection = await asyncpg.connect(self.here.database)
        try:
            return list(await connection.fetch(query, *arguments))
        finally:
            await connection.close()


@asynccontextmanager
async def front(bootstrap: str, database: str, folder: Path) -> AsyncIterator[Front]:
    """Canonical topics, a ledger with a register, and nobody started yet."""
    await migrate(database)
    for topic in (SIGNALS, CATALOGUE):
        try:
            await create_topic(bootstrap, topic.name, exactly=True)
        except Exception as error:
            if "TopicAlreadyExists" not in repr(error):
                raise
    async with stage(bootstrap, database, folder) as here:
        await create_topic(bootstrap, here.petitions, exactly=True)
        yield Front(here, uuid.uuid4().hex[:8])


def of(code: str, given: Iterable[Record]) -> list[Record]:
    """The same records as this source says them, where they can be read at all."""
    return [record._replace(value=_said_by(code, record.value)) for record in given]


def _said_by(code: str, value: bytes) -> bytes:
    try:
        said = json.loads(value)
        said["source"] = code
    except (ValueError, TypeError):
        return value
    return json.dumps(said, ensure_ascii=False).encode()
