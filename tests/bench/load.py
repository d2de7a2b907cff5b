"""`python -m tests.bench.load FILE`: requests to the gateway over so many connections, and their times.

A process of its own, as small as can be, so that it is not what is measured: each connection has
one request under way and sends the next when the answer is complete.
"""

import asyncio
import json
import sys
import time
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop


class Connection(asyncio.Protocol):
    """One request after the other."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._answer = bytearray()
        self._needed = 0
        self._began = 0.0
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = self._load.next()
        if request is None:
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        answer += data
        if not self._needed:
            end = answer.find(b"\r\n\r\n")
            if end < 0:
                return
            at = answer.find(b"content-length: ")
            self._needed = end + 4 + int(answer[at + 16 : answer.find(b"\r", at)])
        if len(answer) >= self._needed:
            self._load.answered(time.perf_counter() - self._began, bytes(answer[9:12]))
            answer.clear()
            self._needed = 0
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost()


class Load:
    """What all connections share."""

    def __init__(self, requests: list[bytes], seconds: float, connections: int) -> None:
        self._requests = requests
        self._at = 0
        self._ends = time.perf_counter() + seconds
        self._open = connections
        self.done = asyncio.get_running_loop().create_future()
        self.times = array("d")
        self.statuses: Counter[str] = Counter()

    def next(self) -> bytes | None:
        if time.perf_counter() >= self._ends:
            return None
        self._at += 1
        return self._requests[self._at % len(self._requests)]

    def answered(self, seconds: float, status: bytes) -> None:
        self.times.append(seconds)
        self.statuses[status.decode()] += 1

    def lost(self) -> None:
        self._open -= 1
        if not self._open:
            self.done.set_result(None)


async def main(task: dict[str, Any], bodies: list[bytes]) -> None:
    """Says what came of it as one line of JSON."""
    head = (
        f"POST {task['path']} HTTP/1.1\r\nhost: {task['host']}\r\n"
        f"authorization: Bearer {task['token']}\r\ncontent-type: {task['media']}\r\n"
    ).encode()
    requests = [head + b"content-length: %d\r\n\r\n" % len(one) + one for one in bodies]
    loop = asyncio.get_running_loop()
    cpu = time.process_time()
    load = Load(requests, task["seconds"], task["connections"])
    began = time.perf_counter()
    for _ in range(task["connections"]):
        await loop.create_connection(lambda: Connection(load), task["host"], task["port"])
    await load.done
    took = time.perf_counter() - began
    times = sorted(load.times)

    def at(share: float) -> float:
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]

    print(
        json.dumps(
            {
                "requests": len(times),
                "seconds": took,
                "statuses": load.statuses,
                "p50_ms": at(0.5),
                "p99_ms": at(0.99),
                "slowest_ms": at(1),
                "own_cpu_share": (time.process_time() - cpu) / took,
            }
        )
    )


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    uvloop.run(main(given, Path(given["bodies"]).read_bytes().split(b"\n\x00\n")))
