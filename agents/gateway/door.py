"""The door that every request to the gateway goes through: one way in, one way out.

It gives the request its name, finds out who is calling, keeps the books of time and memory, turns
problems into answers, and lets nothing of what was sent or of who sent it into a log.
"""

import itertools
import os
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any, Final
from urllib.parse import parse_qsl

import structlog
from prometheus_client import Counter

from agents.gateway.answer import Code, Problem, Reply
from agents.gateway.body import Body, Disconnected, Receive
from agents.gateway.caller import Caller, Gatekeeper, unknown_token
from agents.gateway.health import NOBODY, GatewayHealth
from agents.gateway.intake import Intake
from agents.gateway.limits import Budget
from agents.register import Register
from monitor.ledger.sources import Source, Via

Send = Callable[[Any], Awaitable[None]]
ASGI = Callable[[Any, Receive, Send], Awaitable[None]]

# No number of a person has that many characters.
_REQUEST_ID: Final = re.compile(rb"[0-9A-Za-z-]{16,64}")
_SAID_OF_MORE: Final = ("reason", "field", "accepted", "refused", "unwritten")
LINES_A_SECOND: Final = 20  # of the log, about requests that were not done


class Visit:
    """One request, as an endpoint sees it."""

    __slots__ = ("_door", "_receive", "body", "headers", "request", "scope", "source")

    def __init__(
        self,
        door: "Door",
        scope: Mapping[str, Any],
        receive: Receive,
        headers: Mapping[bytes, bytes],
        request: str,
    ) -> None:
        self._door = door
        self._receive = receive
        self.scope = scope
        self.headers = headers
        self.request = request
        self.body: Body | None = None
        self.source: Source | None = None

    @property
    def intake(self) -> Intake:
        return self._door.intake

    def caller(self) -> Caller:
        """Address, and whether the connection is private."""
        return self._door.gatekeeper.caller(self.scope, self.headers)

    def identify(self) -> Source:
        """Whose token it is. Raises `Problem`."""
        door = self._door
        caller = self.caller()
        token = door.gatekeeper.token(caller, self.headers)
        if door.register.refreshed_at is None:
            raise Problem(Code.REGISTER_AWAY, retry_after=5)
        source = door.register.snapshot.by_token(token, door.now())
        if source is None:
            door.register.note_unknown(Via.TOKEN, token, str(caller.address or ""))
            raise unknown_token()
        self.source = source
        return source

    def identify_site(self, site_id: int | None) -> Source:
        """Whose SiteId it is, at the address that the request comes from. Raises `Problem`."""
        door = self._door
        if door.register.refreshed_at is None:
            raise Problem(Code.REGISTER_AWAY, retry_after=5)
        address = str(self.caller().address or "")
        source = None
        if site_id is not None:
            source = door.register.snapshot.by_site(site_id, address)
        if source is None:
            said = "" if site_id is None else str(site_id)
            door.register.note_unknown(Via.SITE, said, address)
            raise Problem(Code.NOT_ADMITTED, "no source has this SiteId at this address")
        self.source = source
        return source

    def open_body(self, most: int | None = None) -> Body:
        """The body, of at most so many bytes; the door closes it."""
        door = self._door
        self.body = Body(self._receive, self.headers, door.budget, most=most or door.largest)
        return self.body

    @property
    def now(self) -> datetime:
        return self._door.now()

    @property
    def largest_stream(self) -> int:
        return self._door.largest_stream

    def query(self) -> dict[str, str]:
        """The query's parameters; of one that is given twice the last."""
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1")))


Act = Callable[[Visit], Awaitable[Reply]]


class Door:
    """Parts that all endpoints share, and the frame around each request."""

    def __init__(
        self,
        *,
        register: Register,
        gatekeeper: Gatekeeper,
        intake: Intake,
        budget: Budget,
        health: GatewayHealth,
        largest: int,
        largest_stream: int,
        most_requests: int,
        now: Callable[[], datetime],
    ) -> None:
        self.register = register
        self.gatekeeper = gatekeeper
        self.intake = intake
        self.budget = budget
        self.health = health
        self.largest = largest
        self.largest_stream = largest_stream
        self.now = now
        self.stopping = False
        self._most_requests = most_requests
        self._open = 0
        self._prefix = os.urandom(6).hex()
        self._numbers = itertools.count()
        self._say = structlog.get_logger("emc.gateway")
        self._second, self._lines, self._unsaid = 0, 0, 0

    def endpoint(
        self,
        name: str,
        act: Act,
        *,
        methods: Collection[str] = ("POST",),
        problem: Callable[[Problem, str], Reply] = Problem.reply,
    ) -> ASGI:
        """An ASGI application that answers by `act`; `problem` puts problems into its envelope."""
        seconds = self.health.seconds.labels(name)
        answered: dict[tuple[str, str], Counter] = {}

        async def answer(scope: Any, receive: Receive, send: Send) -> None:
            began = perf_counter()
            headers = dict(scope["headers"])
            request = self._name(headers)
            visit = Visit(self, scope, receive, headers, request)
            self._open += 1
            reply: Reply | None
            try:
                reply = await self._let_in(visit, act, methods)
            except Problem as found:
                reply = problem(found, request)
                self.health.problems.labels(name, found.code.value).inc()
                self._tell(name, visit, found)
            except Disconnected:
                reply = None
            except Exception as error:  # noqa: BLE001 - around one request
                reply = problem(Problem(Code.FAULT), request)
                self.health.problems.labels(name, Code.FAULT.value).inc()
                # Without the message, which may quote what was sent.
                self._say.error(
                    "a fault of ours", endpoint=name, request=request, error=_where(error)
                )
            finally:
                self._open -= 1
                if visit.body is not None:
                    visit.body.close()
            source = visit.source.code if visit.source is not None else NOBODY
            status = "gone" if reply is None else f"{reply.status // 100}xx"
            counted = answered.get((source, status))
            if counted is None:  # to look it up by its labels takes longer than to count
                counted = self.health.requests.labels(name, source, status)
                answered[source, status] = counted
            counted.inc()
            seconds.observe(perf_counter() - began)
            if reply is not None:
                await _send(send, reply, request)

        return answer

    async def _let_in(self, visit: Visit, act: Act, methods: Collection[str]) -> Reply:
        if visit.scope["method"] not in methods:
            allow = ", ".join(methods).encode()
            raise Problem(Code.WRONG_METHOD, headers=((b"allow", allow),))
        if self._open > self._most_requests:
            raise Problem(Code.BUSY, "too many requests are open", retry_after=1)
        return await act(visit)

    def requests_open(self) -> int:
        return self._open

    def _name(self, headers: Mapping[bytes, bytes]) -> str:
        given = headers.get(b"x-request-id")
        if given is not None and _REQUEST_ID.fullmatch(given):
            return given.decode()
        return f"{self._prefix}-{next(self._numbers):08x}"

    def _tell(self, name: str, visit: Visit, problem: Problem) -> None:
        """A line of the log; of a flood the first ones of each second."""
        second = int(perf_counter())
        if second != self._second:
            if self._unsaid:
                self._say.warning("more requests were not done", requests=self._unsaid)
            self._second, self._lines, self._unsaid = second, 0, 0
        self._lines += 1
        if self._lines > LINES_A_SECOND:
            self._unsaid += 1
            return
        say = self._say.warning if problem.code.status >= 500 else self._say.info
        say(
            "a request was not done",
            endpoint=name,
            request=visit.request,
            source=visit.source.code if visit.source is not None else NOBODY,
            code=problem.code.value,
            detail=problem.detail,
            **{name: problem.more[name] for name in _SAID_OF_MORE if name in problem.more},
        )


async def _send(send: Send, reply: Reply, request: str) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": [
                (b"content-type", reply.media),
                (b"content-length", b"%d" % len(reply.body)),
                (b"x-request-id", request.encode()),
                *reply.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": reply.body})


def _where(error: BaseException) -> str:
    """Kind and place of an error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_name}, {code.co_filename}:{trace.tb_lineno}"
