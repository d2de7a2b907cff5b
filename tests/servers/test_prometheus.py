"""Prometheus reads what is served to it, and says what it read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.servers.prometheus import MakesPrometheus

EXPOSITION = """\
# HELP office_open Dossiers in hand.
# TYPE office_open gauge
office_open{office="H56.14"} 105
office_open{office="H56.15"} 7
"""


@pytest.fixture
async def target() -> AsyncIterator[str]:
    """The smallest server that can be scraped; its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = EXPOSITION.encode()
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"


async def test_it_reads_back_what_a_target_serves(
    prometheus: MakesPrometheus, target: str
) -> None:
    server = await asyncio.to_thread(prometheus, target)

    await server.until("sum(office_open)", 112)
    offices = await server.query("office_open")

    assert {sample.labels["office"]: sample.value for sample in offices} == {
        "H56.14": 105,
        "H56.15": 7,
    }


async def test_a_target_that_is_away_is_seen_as_down(prometheus: MakesPrometheus) -> None:
    server = await asyncio.to_thread(prometheus, "127.0.0.1:1")

    await server.until('up{job="emc"}', 0)


async def test_it_evaluates_rules(
    prometheus: MakesPrometheus, target: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "groups: [{name: offices, rules: [{record: all:office_open:sum, expr: sum(office_open)}]}]"
    )

    server = await asyncio.to_thread(prometheus, target, rules=[rules])

    await server.until("all:office_open:sum", 112)
