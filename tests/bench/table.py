"""A Faust agent as Faust's own documentation has it: counts in a Table, kept by its changelog.

A reduced job: no duplicates are found and no deadline is judged. It is so slow that it reads the
first records only.
"""

import asyncio
import tempfile
import uuid
from pathlib import Path
from typing import Any, Final

import faust

from monitor.domain.zone import Zone
from schemas.decode import Decoder
from schemas.event import StateChanged
from schemas.kinds import DOSSIERS
from tests.bench.child import Task, began, done, wait_to_end

TABLE_RECORDS: Final = 20_000


async def table(task: Task, folder: Path) -> None:
    decode = Decoder(Zone(), DOSSIERS).decode
    refused = read = 0
    finished = asyncio.Event()

    app = faust.App(
        f"bench-table-{uuid.uuid4().hex}",
        broker=f"kafka://{task.bootstrap}",
        store="memory://",
        datadir=folder,
        web_enabled=False,
        topic_disable_leader=True,
        topic_replication_factor=1,
        key_serializer="raw",
        value_serializer="raw",
        stream_wait_empty=False,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.0,
        broker_rebalance_timeout=2.0,
    )
    counts = app.Table("counts", default=int, partitions=task.partitions)

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
                counts[f"{event.agency}|{event.channel}|{event.level}|{event.state}"] += 1
            read += 1
            if read == task.records:
                finished.set()

    await app.start()
    try:
        await finished.wait()
        done(records=read, refused=refused)
    finally:
        await app.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        asyncio.run(table(Task.given(), Path(place)))
        wait_to_end()
