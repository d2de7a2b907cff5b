"""Live: one poll of the ledger for all open pages of this process, sent to them as events.

The ledger is asked only while a page is open, and in full only when something was booked. Pages wait
on the loop that serves them and never ask the ledger themselves.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
import structlog
from litestar import Request, Response
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from monitor.ledger.access import Role
from monitor.ledger.ledger import AWAY
from monitor.ledger.sessions import Sessions
from monitor.ledger.today import Moved, Moving, Today, drawn, folded, moved, today
from monitor.outlets.access import Visitor, refusal
from monitor.outlets.api.aside import Aside
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.frame import Frame, guard, problem_of
from monitor.outlets.problem import Code, Problem

LOOK_SECONDS: Final = 0.25  # between two looks whether anything was booked
# A number is drawn before its booking commits: for so long after the last one it is read again.
SETTLED_SECONDS: Final = 3.0
REST_SECONDS: Final = 5.0  # time passes too: what is open becomes overdue
MOVED_MINUTES: Final = 5
MOST_PAGES: Final = 2_000  # open at once
BEAT_SECONDS: Final = 15.0  # a comment, so that a proxy does not take a page for gone
FRESH_SECONDS: Final = 1.0
ADMITTED_SECONDS: Final = 5.0  # how long a page is told yet whose session has ended
STALE_MS: Final = 300_000  # a worker looks after the ledger every few seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What the poll found last."""

    today: Today
    moved: tuple[Moved, ...]
    folded_ms: int  # when a worker last looked after the ledger

    @property
    def stale(self) -> bool:
        """Whether none did for so long that what happened since is missing."""
        return self.today.now_ms - self.folded_ms > STALE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A state as those who see the same are told it: made once, however many pages are open."""

    state: State
    number: int
    values: Mapping[str, int | float | None]
    news: bytes  # to whoever was told the one before
    whole: bytes  # to whoever was told nothing yet, or missed one

    @classmethod
    def after(cls, before: "Told | None", state: State, visitor: Visitor) -> "Told":
        """The next of them."""
        now = values(state, visitor)
        known = before.values if before else {}
        return cls(
            state=state,
            number=before.number + 1 if before else 1,
            values=now,
            news=_event(state, {key: one for key, one in now.items() if known.get(key) != one}),
            whole=_event(state, now),
        )


def _event(state: State, said: Mapping[str, int | float | None]) -> bytes:
    body = msgspec.json.encode({"at": state.today.now_ms, "stale": state.stale, "values": said})
    return b"data: " + body + b"\n\n"


class Live:
    """The poll, and the pages that wait for it."""

    def __init__(
        self, desk: Desk, aside: Aside, sessions: Sessions, now: Callable[[], datetime]
    ) -> None:
        self._desk = desk
        self._aside = aside
        self._sessions = sessions
        self._now = now
        # By what wakes a page: the cookie that it was opened with.
        self._waiting: dict[asyncio.Event, str] = {}
        self._ended: set[asyncio.Event] = set()
        self._polling: asyncio.Task[None] | None = None
        self._state: State | None = None
        self._told: dict[str, Told] = {}  # by the agency of who is told; "": of all
        self._read_at = 0.0
        self._reading = asyncio.Lock()
        self._say = structlog.get_logger("emc.console")

    @property
    def pages(self) -> int:
        """How many are open."""
        return len(self._waiting)

    @property
    def last(self) -> State | None:
        """What was found last, however old."""
        return self._state

    async def state(self) -> State:
        """As of now, or of a moment ago. On the desk's loop."""
        async with self._reading:
            age = asyncio.get_running_loop().time() - self._read_at
            if self._state is None or age > FRESH_SECONDS:
                await self._read()
            assert self._state is not None  # noqa: S101 - just read
            return self._state

    async def _read(self) -> None:
        policy = (await self._desk.in_force()).policy
        now_ms = self._desk.now_ms()
        pool = self._desk.pool
        since = now_ms - MOVED_MINUTES * 60_000
        found = await today(pool, policy, now_ms)
        lately = await moved(pool, policy, since, await drawn(pool))
        self._state = State(today=found, moved=tuple(lately), folded_ms=await folded(pool))
        self._read_at = asyncio.get_running_loop().time()

    async def _poll(self, tell: asyncio.AbstractEventLoop) -> None:
        """While a page is open. On the desk's loop; pages are told on theirs."""
        seen, changed_at = -1, 0.0
        clock = asyncio.get_running_loop().time
        admitted_at = clock()
        while self._waiting:
            try:
                if clock() - admitted_at > ADMITTED_SECONDS:
                    admitted_at = clock()
                    if over := await self._over():
                        tell.call_soon_threadsafe(self._end, over)
                at = await drawn(self._desk.pool)
                if at != seen:
                    seen, changed_at = at, clock()
                resting = clock() - changed_at > SETTLED_SECONDS
                if not resting or clock() - self._read_at > REST_SECONDS:
                    async with self._reading:
                        await self._read()
                    tell.call_soon_threadsafe(self._wake)
            except AWAY as error:
                self._say.warning("live pages wait for the ledger", error=type(error).__name__)
                await asyncio.sleep(REST_SECONDS)
            except Exception:  # noqa: BLE001 - a bug of ours: pages stay open, and are told nothing
                self._say.exception("live pages are not told")
                await asyncio.sleep(REST_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def _over(self) -> set[str]:
        """Cookies of open pages that are nobody's any more: signed out, expired, the token revoked."""
        cookies = set(self._waiting.copy().values())
        return cookies - await self._sessions.still(cookies, self._now())

    def _end(self, over: set[str]) -> None:
        for page, cookie in self._waiting.items():
            if cookie in over:
                self._ended.add(page)
                page.set()

    def _wake(self) -> None:
        for page in self._waiting:
            page.set()

    def end(self) -> None:
        """All open pages, when the service stops: they ask again until it is back."""
        self._end(set(self._waiting.values()))

    async def events(self, visitor: Visitor, cookie: str) -> AsyncIterator[bytes]:
        """What changed, for one page, until it is closed. On the serving loop."""
        last = 0
        wake = asyncio.Event()
        self._waiting[wake] = cookie
        try:
            self._start()
            yield b"retry: 2000\n\n"
            while True:
                with suppress(TimeoutError):
                    await asyncio.wait_for(wake.wait(), BEAT_SECONDS)
                if not wake.is_set():
                    yield b": still here\n\n"
                    continue
                wake.clear()
                if wake in self._ended:  # the browser asks again, and is told to sign in
                    return
                if self._state is None:
                    continue
                told = self._told_now(self._state, visitor)
                yield told.news if told.number == last + 1 else told.whole
                last = told.number
        finally:
            self._waiting.pop(wake, None)
            self._ended.discard(wake)

    def _told_now(self, state: State, visitor: Visitor) -> Told:
        sees = "" if visitor.sees_all else visitor.agency
        told = self._told.get(sees)
        if told is None or told.state is not state:
            told = self._told[sees] = Told.after(told, state, visitor)
        return told

    def _start(self) -> None:
        if self._polling is None or self._polling.done():
            here = asyncio.get_running_loop()
            self._polling = here.create_task(self._aside.beside(self._poll(here)))

    def _admit(self, visitor: Visitor) -> None:
        if visitor.role is Role.PUBLIC:
            raise refusal(visitor, "/live")
        if len(self._waiting) >= MOST_PAGES:
            raise Problem(
                Code.BUSY, "too many pages are open", "reload to see news", retry_after=30
            )

    def handler(self, frame: Frame) -> HTTPRouteHandler:
        """The address that open pages listen at."""

        async def listen(request: Request[Any, Any, Any]) -> Response[Any]:
            try:
                visitor, cookie = await self._aside.do(frame.visitor(request))
                self._admit(visitor)
            except Exception as error:  # noqa: BLE001 - of one request; what is no problem is logged
                return frame.said(request, problem_of(request, error))
            return Stream(
                self.events(visitor, cookie),
                headers={
                    **guard(request),
                    "content-type": "text/event-stream; charset=utf-8",
                    "cache-control": "no-store",
                    "x-accel-buffering": "no",
                },
            )

        return HTTPRouteHandler("/live", http_method=["GET"], name="console-live")(listen)


def values(state: State, visitor: Visitor) -> dict[str, int | float | None]:
    """Every live number that a visitor may see, by the name under which pages have it."""
    said: dict[str, int | float | None] = {}
    agencies = state.today.agencies
    if visitor.sees_all:
        said |= _named("country", state.today.country)
        shown = agencies
    else:
        shown = {code: one for code, one in agencies.items() if code == visitor.agency}
    for code, one in shown.items():
        said |= _named(code, one)
    if visitor.sees_all:
        lately = {one.agency: one for one in state.moved}
        for what in ("received", "completed", "returned"):
            said[f"moved.{what}"] = sum(getattr(one, what) for one in state.moved)
            for code in agencies:
                said[f"moved.{code}.{what}"] = getattr(lately.get(code), what, 0)
    return said


def _named(name: str, one: Moving) -> dict[str, int | float | None]:
    found: dict[str, int | float | None] = {
        f"{name}.{what}": getattr(one, what) for what in Moving._fields
    }
    found[f"{name}.on_time_share"] = share(one)
    return found


def share(one: Moving) -> float | None:
    """On time, in percent of those that were judged, one decimal; None of nothing."""
    judged = one.on_time + one.late
    return None if not judged else (2000 * one.on_time + judged) // (2 * judged) / 10
