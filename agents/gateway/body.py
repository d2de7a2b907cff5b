"""Bodies of requests: bounded in size, in memory and in time, plain or gzip."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

from agents.gateway.answer import Code, Problem
from agents.gateway.limits import Budget

IDLE_SECONDS: Final = 10.0  # without a byte
SLOWEST: Final = 4 * 1024  # bytes a second, over the whole body once it has taken so long
PIECE: Final = 64 * 1024  # bytes that are inflated at a time
BREATH: Final = 8  # pieces, before others have their turn
MOST_MEMBERS: Final = 1_000  # of one gzip body: each costs something and may hold nothing

Receive = Callable[[], Awaitable[Any]]


class Disconnected(Exception):
    """The caller has gone; there is nobody to answer."""


class Body:
    """The body of one request. What it holds in memory is on the budget until `close`."""

    def __init__(
        self, receive: Receive, headers: Mapping[bytes, bytes], budget: Budget, *, most: int
    ) -> None:
        self._receive = receive
        self._budget = budget
        self._most = most
        self._held = 0
        self._waited = 0.0
        self._came = 0  # bytes, as they travelled
        self._encoding = _encoding(headers)
        self._said = _length(headers)

    def close(self) -> None:
        self._budget.give_back(self._held)
        self._held = 0

    async def whole(self) -> bytes:
        """All of it, inflated. Raises `Problem` or `Disconnected`."""
        if self._said is not None:
            if self._said > self._most:
                raise _too_large(self._most)
            if not self._budget.has(self._said):
                raise _busy()
        message = await self._next()
        first: bytes = message["body"]
        if not message["more_body"] and not self._encoding:
            self.hold(len(first))
            return first
        parts: list[bytes] = []
        async for part in self._inflated(self._pieces(message)):
            self.hold(len(part))
            parts.append(part)
        return b"".join(parts)

    async def parts(self) -> AsyncIterator[bytes]:
        """Piece by piece, inflated; each is forgotten when the next is asked for."""
        size = 0
        async for part in self._inflated(self._pieces(await self._next())):
            size += len(part)
            if size > self._most:
                raise _too_large(self._most)
            yield part

    def hold(self, size: int) -> None:
        """Put so many bytes on the budget. Raises `Problem` if there is no room for them."""
        if self._held + size > self._most:
            raise _too_large(self._most)
        if not self._budget.has(size):
            raise _busy()
        self._budget.take(size)
        self._held += size

    async def _pieces(self, message: Any) -> AsyncIterator[bytes]:
        while True:
            yield message["body"]
            if not message["more_body"]:
                return
            message = await self._next()

    async def _next(self) -> Any:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow() from None
        if message["type"] != "http.request":
            raise Disconnected
        self._came += len(message["body"])
        if message["more_body"]:
            # Only the time that we waited: what we do between two pieces is not the caller's.
            self._waited += loop.time() - began
            if self._waited > IDLE_SECONDS and self._came < self._waited * SLOWEST:
                raise _too_slow()
        return message

    async def _inflated(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        if not self._encoding:
            async for piece in pieces:
                yield piece
            return
        gzip = _Gunzip()
        async for piece in pieces:
            for number, part in enumerate(gzip.inflate(piece), 1):
                yield part
                if number % BREATH == 0:  # a few bytes may become very many
                    await asyncio.sleep(0)
        gzip.end()


class _Gunzip:
    """Inflates a gzip body of one member or several, a bounded piece at a time."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._members = 1
        self._begun = False

    def inflate(self, piece: bytes) -> Iterator[bytes]:
        try:
            while piece:
                if self._member.eof:
                    self._members += 1
                    if self._members > MOST_MEMBERS:
                        raise Problem(Code.MALFORMED, "the gzip body has too many members")
                    self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
                self._begun = True
                if part := self._member.decompress(piece, PIECE):
                    yield part
                piece = self._member.unused_data or self._member.unconsumed_tail
        except zlib.error:
            raise Problem(Code.MALFORMED, "the body is not gzip") from None

    def end(self) -> None:
        if self._begun and not self._member.eof:
            raise Problem(Code.BODY_CUT, "the gzip body ends in the middle")


def _encoding(headers: Mapping[bytes, bytes]) -> bool:
    said = headers.get(b"content-encoding", b"").strip().lower()
    if said in (b"", b"identity"):
        return False
    if said in (b"gzip", b"x-gzip"):
        return True
    raise Problem(
        Code.WRONG_MEDIA,
        "content-encoding is gzip or none",
        headers=((b"accept-encoding", b"gzip"),),
    )


def _length(headers: Mapping[bytes, bytes]) -> int | None:
    said = headers.get(b"content-length")
    return int(said) if said is not None and said.isdigit() else None


def _too_large(most: int) -> Problem:
    return Problem(
        Code.TOO_LARGE,
        f"a body has at most {most:,} bytes here, inflated; send several, or a stream of lines",
    )


def _busy() -> Problem:
    return Problem(Code.BUSY, "the requests in hand fill the memory", retry_after=1)


def _too_slow() -> Problem:
    return Problem(Code.TOO_SLOW, "", close=True)
