"""Readiness and liveness over HTTP, answered by a thread, so that a hung loop cannot hide.

`/-/healthy`: the event loop turns. `/-/ready`: what the group assigned has been claimed in the
ledger, and the ledger answers. Everything else on the port is the worker's own metrics.
"""

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import ThreadingWSGIServer, make_wsgi_app

BEAT_SECONDS: Final = 1.0
HUNG_SECONDS: Final = 30.0  # since the loop last turned, or the process began
STALE_SECONDS: Final = 20.0  # since readiness was last looked at


class Pulse:
    """What the loop tells of itself, and the thread reads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._turned_at = now()
        self._told_at = now()
        self._claimed: int | None = None
        self._ledger_answers = False
        self._stopping = False

    async def beat(self) -> None:
        """Until cancelled."""
        while True:
            self._turned_at = self._now()
            await asyncio.sleep(BEAT_SECONDS)

    def tell(self, claimed: int | None, *, ledger_answers: bool) -> None:
        """How many partitions are in hand (None: not known yet), and whether the ledger is there."""
        self._told_at = self._now()
        self._claimed = claimed
        self._ledger_answers = ledger_answers

    def stopping(self) -> None:
        """From now on nothing new is taken on."""
        self._stopping = True

    def healthy(self) -> tuple[bool, str]:
        """Whether the loop turns, and what to tell."""
        silent = self._now() - self._turned_at
        if silent > HUNG_SECONDS:
            return False, f"the event loop has not turned for {silent:.0f} s"
        return True, "the event loop turns"

    def ready(self) -> tuple[bool, str]:
        """Whether the worker measures what is assigned to it, and if not, why."""
        healthy, why = self.healthy()
        if not healthy:
            return False, why
        if self._stopping:
            return False, "stopping"
        if self._now() - self._told_at > STALE_SECONDS:
            return False, "nobody has looked at it of late"
        if not self._ledger_answers:
            return False, "the ledger does not answer"
        if self._claimed is None:
            return False, "no partitions are claimed yet"
        return True, f"{self._claimed} partitions claimed"


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as it is declared
        """Scrapes and probes come every few seconds."""


class _OfSix(ThreadingWSGIServer):
    address_family = socket.AF_INET6


def serve(registry: CollectorRegistry, pulse: Pulse, *, port: int, address: str) -> int:
    """Answer from a thread until the process ends; the port, chosen by the system for 0."""
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        probe = {"/-/healthy": pulse.healthy, "/-/ready": pulse.ready}.get(environ["PATH_INFO"])
        if probe is None:
            found: Iterable[bytes] = metrics(environ, start)
            return found
        good, text = probe()
        start(
            "200 OK" if good else "503 Service Unavailable",
            [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")],
        )
        return [f"{text}\n".encode()]

    kind = _OfSix if ":" in address else ThreadingWSGIServer
    server = make_server(address, port, answer, kind, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True, name="metrics").start()
    return int(server.server_port)
