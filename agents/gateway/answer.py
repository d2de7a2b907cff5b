"""What the gateway answers: replies, and problems that say what a client can do about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Self

import msgspec

JSON: Final = b"application/json"
PROBLEM_JSON: Final = b"application/problem+json"  # RFC 9457

ENCODE: Final = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a body."""

    status: int
    body: bytes = b""
    media: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


class Code(Enum):
    """Why a whole request was not done: the status, and what it is called in one word."""

    status: int
    title: str

    def __new__(cls, code: str, status: int, title: str) -> Self:
        one = object.__new__(cls)
        one._value_ = code
        one.status = status
        one.title = title
        return one

    MALFORMED = ("malformed", 400, "The request cannot be read")
    BODY_CUT = ("body_cut", 400, "The body ended early")
    REFUSED = ("refused", 400, "No event of the request was accepted")
    NO_TOKEN = ("no_token", 401, "A bearer token is needed")
    UNKNOWN_TOKEN = ("unknown_token", 401, "The token is not valid, or not any more")
    TLS_REQUIRED = ("tls_required", 403, "Tokens are taken over TLS only")
    NOT_ADMITTED = ("not_admitted", 403, "The caller is not admitted here")
    NOT_FOUND = ("not_found", 404, "There is nothing here")
    WRONG_METHOD = ("wrong_method", 405, "The method is not for this address")
    TOO_SLOW = ("too_slow", 408, "The body came too slowly")
    TOO_LARGE = ("too_large", 413, "The request is too large")
    WRONG_MEDIA = ("wrong_media", 415, "The content type or encoding is not one of ours")
    RATE = ("rate", 429, "The source sends faster than its rate")
    FAULT = ("fault", 500, "A fault of the gateway's own")
    BUSY = ("busy", 503, "Too much is in hand")
    KAFKA_AWAY = ("kafka_away", 503, "Kafka cannot take events now")
    REGISTER_AWAY = ("register_away", 503, "The register of sources is not known yet")
    STOPPING = ("stopping", 503, "The gateway is stopping")


@dataclass(slots=True)
class Problem(Exception):
    """The request is not done; `detail` names the place and never repeats a value."""

    code: Code
    detail: str = ""
    retry_after: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    close: bool = False  # of the connection: nobody knows what would come on it next
    more: Mapping[str, Any] = field(default_factory=dict)

    def reply(self, request: str) -> Reply:
        """As RFC 9457 has it."""
        headers = list(self.headers)
        if self.retry_after is not None:
            headers.append((b"retry-after", b"%d" % self.retry_after))
        if self.close:
            headers.append((b"connection", b"close"))
        body = {
            "status": self.code.status,
            "title": self.code.title,
            "code": self.code.value,
            "request": request,
        }
        if self.detail:
            body["detail"] = self.detail
        return Reply(
            self.code.status, ENCODE({**body, **self.more}), PROBLEM_JSON, tuple(headers)
        )
