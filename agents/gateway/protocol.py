"""HTTP connections that cannot be held open for nothing.

uvicorn waits for ever for the end of a request's headers, takes any number of them, and never
again looks at a client that goes on sending a body after it was answered.
"""

import re
from asyncio import TimerHandle
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADERS_SECONDS: Final = 10.0  # from the first to the last byte of the headers
REST_SECONDS: Final = 10.0  # for the rest of a body whose answer is out
LARGEST_HEADERS: Final = 32 * 1024  # bytes
# Bytes that are still read after the answer, and forgotten: to close with something unread would
# take the answer away from the caller.
LARGEST_REST: Final = 64 * 1024 * 1024

# The JDK's client offers HTTP/2 with each first request; httptools then takes the body for another
# protocol's. An offer may be passed over (RFC 9110 §7.8), and is: its line is not read.
_OFFER: Final = re.compile(rb"\r\nupgrade:[^\r\n]*(?=\r\n)", re.IGNORECASE)

_TOO_MUCH: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedProtocol(HttpToolsProtocol):
    """A connection with a time and a size for what comes before and after a request's body."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: TimerHandle | None = None
        self._head = 0  # bytes since the headers began
        self._rest = 0  # bytes since the answer was out
        self._in_head = True
        self._in_body = False

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        # Also for a client that never says anything.
        self._within(HEADERS_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            if not self._head and self._timer is None:
                self._within(HEADERS_SECONDS)
            self._head += len(data)
            data = _staying(data)
        elif self._in_body and self.cycle.response_complete:
            self._rest += len(data)
            if self._rest > LARGEST_REST:
                self.transport.close()
                return
        super().data_received(data)
        # What came along of the body does no harm: a chunk has at most 256 KiB.
        if self._in_head and self._head > LARGEST_HEADERS and not self.transport.is_closing():
            self.transport.write(_TOO_MUCH)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._cancel()
        self._in_head, self._in_body, self._rest = False, True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._cancel()
        self._in_head, self._in_body, self._head = True, False, 0

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and not self.transport.is_closing():
            self._unset_keepalive_if_required()
            self._within(REST_SECONDS)

    def _within(self, seconds: float) -> None:
        self._cancel()
        self._timer = self.loop.call_later(seconds, self._end)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if self.transport is not None and not self.transport.is_closing():
            self.transport.close()


def _staying(data: bytes) -> bytes:
    """The same without an offer of another protocol among its headers."""
    head, end, body = data.partition(b"\r\n\r\n")
    if b"upgrade" not in head.lower():
        return data
    # With the end of the last line, for an offer that stands there.
    return _OFFER.sub(b"", head + b"\r\n")[:-2] + end + body if end else data
