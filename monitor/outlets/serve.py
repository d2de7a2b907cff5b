"""`emc serve`: the ledger over HTTP. Metrics now; API and console join here."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
import uvicorn
from litestar import Litestar, MediaType, Request, Response, get

from monitor import __version__
from monitor.domain.policy import Policy
from monitor.ledger.figures import Figures, NotMigrated
from monitor.ledger.ledger import AWAY
from monitor.outlets.metrics import Board, Unavailable
from monitor.outlets.names import SERIES_BUDGET
from monitor.outlets.series import Places

CONNECTIONS: Final = 2  # to the ledger: one reads, one answers whether it is there
LAST_ANSWERS_SECONDS: Final = 5  # for requests under way when the service ends

PAGE: Final = f"""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>emc-monitor</title>
<h1>emc-monitor {__version__}</h1>
<p>Service levels of public administration, measured from the events of procedure-handling
systems. This address shows what the ledger has booked.</p>
<ul>
<li><a href="metrics">metrics</a>: every figure, for Prometheus to scrape</li>
<li><a href="readyz">readyz</a>: whether the ledger answers and has the schema of this release</li>
<li><a href="healthz">healthz</a>: whether this process answers</li>
</ul>
</html>
"""


def build_app(figures: Figures, board: Board) -> Litestar:
    """The web application."""

    @get("/", media_type=MediaType.HTML)
    async def front() -> str:
        return PAGE

    @get("/healthz", media_type=MediaType.TEXT)
    async def healthz() -> str:
        return "ok\n"

    @get("/readyz", media_type=MediaType.TEXT)
    async def readyz() -> Response[str]:
        try:
            await figures.check()
        except NotMigrated as error:
            return _not_now(str(error))
        except AWAY as error:
            return _not_now(f"the ledger does not answer: {type(error).__name__}")
        return Response("ok\n", media_type=MediaType.TEXT)

    @get("/metrics")
    async def metrics(request: Request[Any, Any, Any]) -> Response[Any]:
        headers = request.headers
        try:
            shown = await board.exposition(
                headers.get("accept", ""),
                compressed=_takes_gzip(headers.get("accept-encoding", "")),
            )
        except Unavailable as error:
            return _not_now(str(error))
        answer = {
            # As a header: the framework would add a second charset to a media type.
            "content-type": shown.content_type,
            "vary": "accept, accept-encoding",
        }
        if shown.compressed:
            answer["content-encoding"] = "gzip"
        return Response(shown.body, headers=answer)

    return Litestar([front, healthz, readyz, metrics], openapi_config=None, logging_config=None)


def _not_now(reason: str) -> Response[str]:
    return Response(f"{reason}\n", status_code=503, media_type=MediaType.TEXT)


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.split(","):
        name, _, weight = part.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return weight.strip().replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and says when it answers."""

    def __init__(self, config: uvicorn.Config, answers: Callable[[], None]) -> None:
        super().__init__(config)
        self._answers = answers

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._answers()


async def serve(
    *,
    dsn: str,
    policy: Policy,
    host: str,
    port: int,
    stop: asyncio.Event,
    ready: Callable[[int], None] | None = None,
    series_budget: int = SERIES_BUDGET,
) -> None:
    """Answer until `stop` is set; `ready` is told the port, chosen by the system for 0.

    `policy` is for a ledger that has none yet; from then on its active one rules. Raises `OSError` when the address cannot be had. A ledger that is away is no reason not to
    start: /readyz and /metrics say so until it answers.
    """
    listener = _listen(host, port)
    taken: int = listener.getsockname()[1]
    # No connection is made before the first question.
    async with asyncpg.create_pool(
        dsn, min_size=0, max_size=CONNECTIONS, command_timeout=10, timeout=5
    ) as pool:
        figures = Figures(pool, policy)
        board = Board(lambda: figures.shown(time.time_ns() // 1_000_000), Places(series_budget))
        server = _Server(
            uvicorn.Config(
                build_app(figures, board),
                log_config=None,
                access_log=False,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
            ),
            answers=lambda: ready(taken) if ready is not None else None,
        )

        async def end() -> None:
            await stop.wait()
            server.should_exit = True

        ending = asyncio.create_task(end())
        try:
            await server.serve(sockets=[listener])
        finally:
            ending.cancel()
            listener.close()
            await board.close()


def _listen(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    return socket.create_server(address[:2], family=family, backlog=128)
