"""An answer as bytes: JSON or CSV by negotiation, a strong tag, gzip.

CSV as reports write it: RFC 4180 with LF, UTF-8, one table, everything in each line. What others wrote
and a spreadsheet would take for a formula gets an apostrophe in front.
"""

import asyncio
import gzip
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from hashlib import sha256
from typing import Any, Final

import msgspec

from monitor.domain.spreadsheet import harmless, lines
from monitor.ledger import stated
from monitor.outlets.api.asked import Format
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report.as_csv import as_csv

MEDIA: Final[Mapping[Format, str]] = {Format.JSON: "application/json", Format.CSV: "text/csv"}
CONTENT_TYPE: Final[Mapping[Format, str]] = {
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8; header=present",
}
SMALL_BYTES: Final = 1_000  # not worth compressing
LARGE_BYTES: Final = 100_000  # compressed in a thread
_ENCODER: Final = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint found: a document, and the same numbers as lines of a table."""

    json: bytes
    csv: Callable[[], bytes]
    next: str | None = None  # address of the page that follows


def answer(
    body: msgspec.Struct,
    columns: type[msgspec.Struct],
    rows: Sequence[msgspec.Struct],
    *about: msgspec.Struct,
    next_: str | None = None,
) -> Answer:
    """A document, and its lines; what they have in common is said of each, behind its own."""
    return Answer(
        json=_ENCODER.encode(body) + b"\n",
        csv=lambda: _table(columns, rows, about),
        next=next_,
    )


def stating(document: Mapping[str, Any]) -> Answer:
    """A document as reports have it, byte for byte."""
    return Answer(json=stated.as_bytes(document), csv=lambda: as_csv(document))


def _table(
    columns: type[msgspec.Struct],
    rows: Sequence[msgspec.Struct],
    about: Sequence[msgspec.Struct],
) -> bytes:
    own = columns.__struct_fields__
    common = {name: getattr(each, name) for each in about for name in each.__struct_fields__}
    tail = [cell(value) for value in common.values()]
    body = ([*(cell(getattr(row, name)) for name in own), *tail] for row in rows)
    return lines([[*own, *common], *body]).encode()


def chosen(accept: str, asked: Format | None, offered: Sequence[Format]) -> Format:
    """The format to answer in. Raises `Problem` where none of those asked for is offered."""
    if asked is not None:
        if asked in offered:
            return asked
        raise _not_offered(offered, "format")
    best, most = None, 0.0
    for one in offered:  # of equal weight the first offered
        weight = _weight(accept, MEDIA[one])
        if weight > most:
            best, most = one, weight
    if best is None:
        raise _not_offered(offered, "")
    return best


def _not_offered(offered: Sequence[Format], parameter: str) -> Problem:
    kinds = " or ".join(MEDIA[one] for one in offered)
    return Problem(
        Code.NOT_ACCEPTABLE,
        "the answer has none of the formats asked for",
        f"accept {kinds}",
        parameter=parameter,
    )


def _weight(accept: str, media: str) -> float:
    """How much a media type is wanted: of the most exact range that it lies in."""
    if not accept.strip():
        return 1.0
    found = (-1, 0.0)
    for part in accept.split(",")[:50]:
        name, *rest = (piece.strip().lower() for piece in part.split(";"))
        exact = {media: 2, media.partition("/")[0] + "/*": 1, "*/*": 0}.get(name)
        if exact is None:
            continue
        weight = 1.0
        for piece in rest:
            if piece.replace(" ", "").startswith("q="):
                weight = _q(piece.replace(" ", "")[2:])
        found = max(found, (exact, weight))
    return found[1] if found[0] >= 0 else 0.0


def _q(text: str) -> float:
    return float(text) if re.fullmatch(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)", text) else 1.0


def cell(value: Any) -> str:
    """A value in a line of CSV."""
    match value:
        case None | msgspec.UnsetType():
            return ""
        case bool():
            return "true" if value else "false"
        case Enum():
            return str(value.value)
        case int() | Decimal() | Fraction() | float():
            return str(value)
        case datetime():
            return str(msgspec.to_builtins(value))
        case date():
            return value.isoformat()
        case list() | tuple():
            return harmless(" ".join(map(str, value)))
        case _:
            return harmless(str(value))


def tag(body: bytes, *, compressed: bool) -> str:
    """A strong entity tag: of the bytes, which the cut, the set's version and the query determine."""
    digest = urlsafe_b64encode(sha256(body).digest()[:18]).decode()
    return f'"{digest}{"-gzip" if compressed else ""}"'


def matches(if_none_match: str, tag_: str) -> bool:
    """Whether the caller has it already (RFC 9110, weakly compared, as it says of GET)."""
    if if_none_match.strip() == "*":
        return True
    # A caller that compresses differently today has the same answer all the same.
    bare = tag_.replace('-gzip"', '"')
    seen = re.findall(r'"[^"]*"', if_none_match[:10_000])
    return any(one.replace('-gzip"', '"') == bare for one in seen)


async def compressed(body: bytes) -> bytes:
    """The same bytes each time: no clock in the header."""
    if len(body) > LARGE_BYTES:
        return await asyncio.to_thread(gzip.compress, body, 5, mtime=0)
    return gzip.compress(body, 5, mtime=0)
