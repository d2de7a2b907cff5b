"""Where a system's statements are read from: a file, its topic, or an address that tells them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.conformance.examine import Statement
from agents.kafka import Kafka
from agents.logidentity import looking
from agents.operator import Refusal
from agents.replay.mapping import Broken
from agents.replay.readers import LogFile, Unread, ndjson_lines

LARGEST_BODY: Final = 256 * 1024 * 1024
PATIENCE_SECONDS: Final = 30


def from_file(path: Path, most: int) -> Iterator[Statement]:
    """Statements of NDJSON, plain or gzip, one a line; the first `most`."""
    try:
        with LogFile(path) as log:
            for number, line in ndjson_lines(log):
                if most == 0:
                    return
                most -= 1
                value = None if isinstance(line, Unread) else line
                yield Statement(f"line {number}", value, (), None)
    except Broken as error:
        raise Refusal(str(error)) from None


def from_address(url: str, most: int) -> Iterator[Statement]:
    """What an address answers: NDJSON, or a batch of CloudEvents as a JSON array."""
    body = _body(url)
    if body.lstrip()[:1] == b"[":
        try:
            values = [json.dumps(each).encode() for each in json.loads(body)]
        except ValueError as error:
            raise Refusal(f"{url} answers no JSON: {error}") from None
    else:
        values = [line for line in body.splitlines() if line.strip()]
    for number, value in enumerate(values[:most], 1):
        yield Statement(f"statement {number}", value, (), None)


def _body(url: str) -> bytes:
    parts = urlsplit(url)
    make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    where = parts.path or "/"
    if parts.query:
        where += f"?{parts.query}"
    try:
        with closing(make(parts.hostname or "", parts.port, timeout=PATIENCE_SECONDS)) as there:
            there.request(
                "GET", where, headers={"accept": "application/x-ndjson, application/json"}
            )
            answer: HTTPResponse = there.getresponse()
            body = answer.read(LARGEST_BODY + 1)
    except (OSError, HTTPException) as error:
        raise Refusal(f"{url} does not answer: {error}") from None
    if answer.status != 200:
        raise Refusal(f"{url} answers {answer.status} {answer.reason}, not 200")
    if len(body) > LARGEST_BODY:
        raise Refusal(f"{url} answers more than {LARGEST_BODY:,} bytes; use a file")
    return body


async def from_topic(brokers: Kafka, topic: str, most: int) -> AsyncIterator[Statement]:
    """The last `most` records of a topic, as they stand there; no group knows of it."""
    async with AIOKafkaConsumer(
        **brokers.client(), enable_auto_commit=False, isolation_level="read_committed"
    ) as consumer:
        there = await _partitions(brokers, topic)
        if not there:
            raise Refusal(f"there is no topic {topic}; `emc source show` names a source's")
        consumer.assign(there)
        first = await consumer.beginning_offsets(there)
        ends = await consumer.end_offsets(there)
        share = max(1, -(-most // len(there)))
        left = {tp for tp in there if ends[tp] > first[tp]}
        for tp in left:
            consumer.seek(tp, max(first[tp], ends[tp] - share))
        while left:
            fetched: dict[TopicPartition, list[Any]] = await asyncio.wait_for(
                consumer.getmany(*left, timeout_ms=1000), PATIENCE_SECONDS
            )
            for tp, records in fetched.items():
                for record in records:
                    if record.offset < ends[tp]:
                        place = f"{tp.topic}[{tp.partition}] at {record.offset}"
                        yield Statement(place, record.value, record.headers, record.timestamp)
            for tp in list(left):
                if await consumer.position(tp) >= ends[tp]:
                    left.discard(tp)


async def _partitions(brokers: Kafka, topic: str) -> list[TopicPartition]:
    async with looking(brokers) as look:
        return [TopicPartition(*found) for found in sorted(await look.present({topic}))]
