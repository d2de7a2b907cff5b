"""`emc serve`: the ledger over HTTP: the console for people, the read API, metrics."""

import asyncio
import gc
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import asyncpg
import uvicorn
from litestar import Litestar, MediaType, Request, Response, get
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from monitor.domain.policy import Policy
from monitor.ledger.access import Passes
from monitor.ledger.figures import Figures, NotMigrated
from monitor.ledger.ledger import AWAY
from monitor.ledger.sessions import Sessions
from monitor.outlets.access import Access, Rates, forwarded
from monitor.outlets.api.app import GUARD, Frame, failed, takes_gzip
from monitor.outlets.api.aside import Aside
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.every import ENDPOINTS
from monitor.outlets.console.chart_process import DRAWS
from monitor.outlets.console.every import handlers
from monitor.outlets.console.frame import Frame as Console
from monitor.outlets.metrics import Board, Unavailable
from monitor.outlets.names import SERIES_BUDGET
from monitor.outlets.series import Places

CONNECTIONS: Final = 2  # to the ledger: one reads, one answers whether it is there
# Each connection prepares a question once. The driver would remember a hundred: pages alone ask 127, and
# those that have numbers in their text are other ones each time.
STATEMENTS: Final = 400
STATEMENTS_SECONDS: Final = 3_600
LONGEST_HEAD_BYTES: Final = 16 * 1024
LOADED_SECONDS: Final = 20  # after which what there is will stay
COLLECTION_SECONDS: Final = 600  # between full collections of garbage
MOST_WAITED_SECONDS: Final = 60  # for a moment when nothing is under way
THAW_SECONDS: Final = 86_400
LOOK_SECONDS: Final = 1.0  # whether nobody waits, where nobody has asked
LEAVES_SECONDS: Final = 0.002  # for the last answer to be sent
YOUNG: Final = 2_000  # objects that are too few to be looked at
LAST_ANSWERS_SECONDS: Final = 5  # for requests under way when the service ends

Failed = Callable[[Request[Any, Any, Any], Any], Response[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """How the API is entered."""

    rate: int = 50  # requests a second of a visitor; 0: any number
    connections: int = 4  # to the ledger, of the API's own
    patience_seconds: int = 10  # for an answer; for a statement half of it
    plain: bool = False  # tokens are taken over plain HTTP from anywhere
    proxies: str = ""  # addresses or ranges whose X-Forwarded- headers are believed


def build_app(
    figures: Figures,
    board: Board,
    pages: Sequence[HTTPRouteHandler] = (),
    missing: Failed = failed,
) -> Litestar:
    """The web application."""

    @get("/healthz", media_type=MediaType.TEXT)
    async def healthz() -> Response[str]:
        return Response("ok\n", headers=GUARD, media_type=MediaType.TEXT)

    @get("/readyz", media_type=MediaType.TEXT)
    async def readyz() -> Response[str]:
        try:
            await figures.check()
        except NotMigrated as error:
            return _not_now(str(error))
        except AWAY as error:
            return _not_now(f"the ledger does not answer: {type(error).__name__}")
        return Response("ok\n", headers=GUARD, media_type=MediaType.TEXT)

    @get("/metrics")
    async def metrics(request: Request[Any, Any, Any]) -> Response[Any]:
        headers = request.headers
        if forwarded(request):
            # It has every agency's figures, small counts too, which the public is not shown.
            return _plainly("/metrics is for whoever scrapes without a proxy between\n", 403)
        try:
            shown = await board.exposition(
                headers.get("accept", ""),
                compressed=takes_gzip(headers.get("accept-encoding", "")),
            )
        except Unavailable as error:
            return _not_now(str(error))
        answer = {
            **GUARD,
            # As a header: the framework would add a second charset to a media type.
            "content-type": shown.content_type,
            "vary": "accept, accept-encoding",
        }
        if shown.compressed:
            answer["content-encoding"] = "gzip"
        return Response(shown.body, headers=answer)

    return Litestar(
        [healthz, readyz, metrics, *pages],
        openapi_config=None,
        logging_config=None,
        exception_handlers={
            Exception: failed,
            HTTPException: missing,
        },
    )


def _not_now(reason: str) -> Response[str]:
    return _plainly(f"{reason}\n", 503)


def _plainly(text: str, status: int) -> Response[str]:
    return Response(text, status_code=status, headers=GUARD, media_type=MediaType.TEXT)


async def _pages(
    dsn: str, policy: Policy, doors: Doors, held: AsyncExitStack, aside: Aside
) -> tuple[list[HTTPRouteHandler], Failed, list[Callable[[], None]]]:
    """Addresses of the API and the console, what is at none, and what lets go of pages that are open live.

    What they open is `held` open.

    Pools of its own, on a loop of its own: whatever is asked here, /metrics has its connections and
    its turn. What answers can only read, and not for long; what knows visitors and writes looks
    down is never behind it.
    """
    reading = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=doors.connections,
        command_timeout=doors.patience_seconds,
        timeout=5,
        loop=aside.loop,
        reset=_as_it_is,
        statement_cache_size=STATEMENTS,
        max_cached_statement_lifetime=STATEMENTS_SECONDS,
        max_inactive_connection_lifetime=STATEMENTS_SECONDS,
        server_settings={
            "default_transaction_read_only": "on",
            "statement_timeout": f"{doors.patience_seconds * 500}ms",
            "idle_in_transaction_session_timeout": "30s",
            # Kept for an hour unused: no device between may forget it meanwhile.
            "tcp_keepalives_idle": "60",
        },
    )
    knowing = asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=CONNECTIONS,
        command_timeout=5,
        timeout=5,
        loop=aside.loop,
        reset=_as_it_is,
    )
    for pool in (reading, knowing):
        await aside.do(_opened(pool))
        held.push_async_callback(_closed, pool, aside)
    held.push_async_callback(asyncio.to_thread, DRAWS.close)
    passes = Passes(knowing)
    desk = Desk(reading, passes, own=policy, now_ms=lambda: time.time_ns() // 1_000_000)
    access = Access(passes, now=_instant, seconds=time.monotonic, plain=doors.plain)
    rates = Rates(doors.rate, time.monotonic)
    patience = doors.patience_seconds
    api = Frame(desk, access, rates, aside, patience)
    console = Console(
        desk, access, rates, aside, Sessions(knowing), now=_instant, patience_seconds=patience
    )

    def missing(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        path, status = request.scope["path"], getattr(error, "status_code", 500)
        if path.startswith("/api/") or status not in (404, 405):
            return failed(request, error)
        return console.missing(request) if status == 404 else console.only_read(request)

    found = [*api.handlers(ENDPOINTS), *handlers(console, _instant)]
    return found, missing, console.at_stop


async def _opened(pool: "asyncpg.Pool[Any]") -> None:
    # No connection is made before the first question.
    await pool


async def _as_it_is(_connection: object) -> None:
    """Whatever is set for an answer is set for its transaction, and goes with it."""


async def _closed(pool: "asyncpg.Pool[Any]", aside: Aside) -> None:
    await aside.do(pool.close())


def _instant() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


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
    doors: Doors = Doors(),
) -> None:
    """Answer until `stop` is set; `ready` is told the port, chosen by the system for 0.

    `policy` is for a ledger that has none yet; from then on its active one rules. Raises `OSError` when the address cannot be had. A ledger that is away is no reason not to
    start: /readyz and /metrics say so until it answers.
    """
    listener = _listen(host, port)
    taken: int = listener.getsockname()[1]
    # No connection is made before the first question.
    async with AsyncExitStack() as held:
        pool = await held.enter_async_context(
            asyncpg.create_pool(
                dsn, min_size=0, max_size=CONNECTIONS, command_timeout=10, timeout=5
            )
        )
        aside = held.enter_context(Aside("emc-api"))
        pages, missing, at_stop = await _pages(dsn, policy, doors, held, aside)
        figures = Figures(pool, policy)
        board = Board(lambda: figures.shown(time.time_ns() // 1_000_000), Places(series_budget))
        server = _Server(
            uvicorn.Config(
                build_app(figures, board, pages, missing),
                log_config=None,
                access_log=False,
                server_header=False,
                # The parser that bounds what is held of a request's head.
                http="h11",
                h11_max_incomplete_event_size=LONGEST_HEAD_BYTES,
                proxy_headers=bool(doors.proxies),
                forwarded_allow_ips=doors.proxies,
                ws="none",
                timeout_graceful_shutdown=LAST_ANSWERS_SECONDS,
            ),
            answers=lambda: ready(taken) if ready is not None else None,
        )

        async def end() -> None:
            await stop.wait()
            server.should_exit = True
            for lets_go in at_stop:
                lets_go()

        beside = [asyncio.create_task(end()), asyncio.create_task(_collect(aside))]
        try:
            await server.serve(sockets=[listener])
        finally:
            for task in beside:
                task.cancel()
            listener.close()
            await board.close()


async def _collect(aside: Aside) -> None:
    """Look for garbage while nobody waits: a collection stops every answer for as long as it takes.

    An answer leaves some thousand objects that last, in what is remembered for the next; of
    50,000 the collector takes 50 ms. So the young are collected when nothing is under way, and
    those that are left are not looked at again before the next full collection. That one would
    go through reference files and templates, which never become garbage in rings: what has
    outlived one is frozen, and looked at again once a day.
    """
    gc.set_threshold(50_000, 50, 1_000_000)
    full, thaw = time.monotonic() + LOADED_SECONDS, time.monotonic() + THAW_SECONDS
    loaded = False
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await aside.rests.wait()
        aside.rests.clear()
        await asyncio.sleep(LEAVES_SECONDS)
        now = time.monotonic()
        if now >= full + (MOST_WAITED_SECONDS if aside.under_way else 0):
            if now >= thaw:
                gc.unfreeze()
                thaw = now + THAW_SECONDS
            if loaded:
                gc.collect()
            gc.freeze()
            loaded, full = True, now + COLLECTION_SECONDS
        elif not aside.under_way and _are_young():
            gc.collect(1)


def _are_young() -> bool:
    """Whether so much was made since the young were last looked at, or was passed over amid an answer."""
    made, passed_over, _ = gc.get_count()
    return made >= YOUNG or passed_over > 0


def _listen(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = found[0]
    listener = socket.create_server(address[:2], family=family, backlog=128)
    # For all that it accepts: head and body are written apart, and an answer would wait 40 ms for
    # the caller to acknowledge its head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
