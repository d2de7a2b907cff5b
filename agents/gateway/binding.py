"""The HTTP binding of CloudEvents 1.0: which mode a request is in, and the events in it."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from agents.gateway.answer import Code, Problem
from agents.gateway.intake import Letter
from schemas.cloudevents import CONTENT_TYPE
from schemas.decode import LARGEST_BYTES

BATCH_TYPE: Final = "application/cloudevents-batch+json"
LINES_TYPE: Final = "application/x-ndjson"
MOST_IN_A_BATCH: Final = 10_000

_ARRAY: Final = msgspec.json.Decoder(list[msgspec.Raw])


class Mode(Enum):
    """How events lie in a request."""

    STRUCTURED = "structured"
    BINARY = "binary"
    BATCH = "batch"
    LINES = "lines"


_MODES: Final = {
    CONTENT_TYPE: Mode.STRUCTURED,
    BATCH_TYPE: Mode.BATCH,
    LINES_TYPE: Mode.LINES,
    "application/ndjson": Mode.LINES,
    "application/jsonl": Mode.LINES,
}
_PLAIN: Final = {name.encode(): mode for name, mode in _MODES.items()}


def mode(headers: Mapping[bytes, bytes]) -> Mode:
    """Raises `Problem` for what is none of them."""
    said = headers.get(b"content-type", b"")
    found = _PLAIN.get(said)
    if found is not None:
        return found
    media, charset = _media(said)
    found = _MODES.get(media)
    if found is None and not media.startswith("application/cloudevents"):
        binary = b"ce-specversion" in headers or b"ce-type" in headers or b"ce-id" in headers
        if binary and (media in ("", "application/json") or media.endswith("+json")):
            found = Mode.BINARY
    if found is None:
        raise Problem(
            Code.WRONG_MEDIA,
            f"content-type is {CONTENT_TYPE}, {BATCH_TYPE}, {LINES_TYPE}, or application/json"
            " with the attributes in ce- headers",
        )
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise Problem(Code.WRONG_MEDIA, "the charset of JSON is utf-8")
    return found


def media_type(headers: Mapping[bytes, bytes]) -> str:
    """Without its parameters."""
    return _media(headers.get(b"content-type", b""))[0]


def _media(said: bytes) -> tuple[str, str]:
    """Type and charset of a content-type header."""
    media, _, rest = said.decode("latin-1").partition(";")
    charset = ""
    for parameter in rest.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"').lower()
    return media.strip().lower(), charset


def binary(body: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Letter:
    """An event whose attributes are in headers, as Kafka's binding has them.

    A header that comes twice stays twice: the decoder refuses it.
    """
    found: list[tuple[str, bytes]] = []
    for name, value in headers:
        if name.startswith(b"ce-"):
            found.append(("ce_" + name[3:].decode("latin-1"), _unquoted(value)))
        elif name == b"content-type":
            found.append(("content-type", value))
    return Letter(body, tuple(found))


def _unquoted(value: bytes) -> bytes:
    """As the binding says (3.1.3.2): quotes of older senders off, then percent-decoded."""
    if len(value) > 1 and value.startswith(b'"') and value.endswith(b'"'):
        value = value[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
    return unquote_to_bytes(value) if b"%" in value else value


def batch(body: bytes) -> list[Letter]:
    """The events of a JSON array, each as it stands there. Raises `Problem`."""
    try:
        found = _ARRAY.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Problem(Code.MALFORMED, "the body is no JSON array") from None
    if len(found) > MOST_IN_A_BATCH:
        raise Problem(Code.TOO_LARGE, f"a batch has at most {MOST_IN_A_BATCH:,} events")
    return [Letter(bytes(one)) for one in found]


class Lines:
    """Cuts a stream into lines of bounded length, and counts them from 1."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._line = 0

    def feed(self, piece: bytes) -> Iterator[tuple[int, bytes]]:
        """Number and bytes of each line that has ended; blank ones are passed over."""
        *whole, rest = piece.split(b"\n")
        for part in whole:
            if self._rest:
                self._keep(part)
                part = bytes(self._rest)  # noqa: PLW2901 - the line that began before
                self._rest.clear()
            yield from self._numbered(part)
        self._keep(rest)

    def end(self) -> Iterator[tuple[int, bytes]]:
        """The last line, if nothing ended it."""
        if self._rest:
            yield from self._numbered(bytes(self._rest))
            self._rest.clear()

    def _keep(self, part: bytes) -> None:
        # Of a line that is too long, enough stays for the decoder to say so.
        self._rest += part[: LARGEST_BYTES + 1 - len(self._rest)]

    def _numbered(self, line: bytes) -> Iterator[tuple[int, bytes]]:
        self._line += 1
        if line and (said := line.strip()):
            yield self._line, said
