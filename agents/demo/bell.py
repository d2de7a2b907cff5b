"""A receiver of alerts: what Alertmanager sends to its webhooks, as it arrives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self

import orjson

LONGEST_BODY: Final = 4 * 1024 * 1024
_ANSWER: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One alert of one notification."""

    name: str
    severity: str
    receiver: str  # of Alertmanager's routes, by which it came here
    firing: bool
    began_ms: int  # when the alert began to fire, by Prometheus
    came_ms: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def summary(self) -> str:
        return self.annotations.get("summary", "")


@dataclass(slots=True)
class Bell:
    """Listens; `rung` has everything that came, in the order in which it came."""

    url: str
    now_ms: Callable[[], int]
    rung: list[Ring] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def hung(cls, now_ms: Callable[[], int]) -> AsyncIterator[Self]:
        """Listening on a free port within the block."""
        bell = cls("", now_ms)
        server = await asyncio.start_server(bell._answer, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        bell.url = f"http://{host}:{port}"
        async with server:
            yield bell

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            body = await reader.readexactly(min(_length(head), LONGEST_BODY))
            self.rung += rings(orjson.loads(body), self.now_ms())
            writer.write(_ANSWER)
            await writer.drain()
        finally:
            writer.close()


def rings(notification: Mapping[str, Any], now_ms: int) -> Iterator[Ring]:
    """The alerts of a notification (Alertmanager's webhook, version 4)."""
    for alert in notification["alerts"]:
        labels = alert["labels"]
        began = datetime.fromisoformat(alert["startsAt"])
        yield Ring(
            name=labels["alertname"],
            severity=labels.get("severity", ""),
            receiver=notification["receiver"],
            firing=alert["status"] == "firing",
            began_ms=int(began.timestamp() * 1000),
            came_ms=now_ms,
            labels=labels,
            annotations=alert["annotations"],
        )


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0
