"""A plain Faust agent: one message at a time, the same decode, counts in a dict, nothing durable.

Less work than the worker's: no duplicates are found, no dossier is remembered, no deadline judged.
"""

import asyncio
import uuid
from collections import Counter
from typing import Any

from agents.streaming import TablelessApp
from monitor.domain.zone import Zone
from schemas.decode import Decoder
from schemas.event import StateChanged
from schemas.kinds import DOSSIERS
from tests.bench.child import Task, began, done, wait_to_end


async def plain(task: Task) -> None:
    decode = Decoder(Zone(), DOSSIERS).decode
    counts: Counter[tuple[str, int, int, int]] = Counter()
    refused = read = 0
    finished = asyncio.Event()

    app = TablelessApp(
        f"bench-plain-{uuid.uuid4().hex}",
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        web_enabled=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=2.0,
    )

    @app.agent(app.topic(task.topic, value_type=bytes), name="count")
    async def count(stream: Any) -> None:
        nonlocal read, refused
        async for message in stream.events():
            if not read:
                began()
            event = decode(
                message.value,
                headers=(),
                record_time_ms=int(message.message.timestamp * 1000),
            )
            if not isinstance(event, StateChanged):
                refused += 1
            else:
                counts[event.agency, event.channel, event.level, event.state] += 1
            read += 1
            if read == task.records:
                finished.set()

    await app.start()
    try:
        await finished.wait()
        done(records=read, refused=refused, counted=counts.total())
    finally:
        await app.stop()


if __name__ == "__main__":
    asyncio.run(plain(Task.given()))
    wait_to_end()
