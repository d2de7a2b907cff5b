"""Published reports: kept byte for byte, with what they were made of."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A report in the archive, its content aside."""

    id: int
    kind: str
    indicators: str
    set_version: str
    set_hash: str
    scope: str
    period: str
    asked: Mapping[str, Any]
    cut: int
    sealed_at: datetime
    format: str
    language: str
    sha256: str  # of the content, in hexadecimal digits
    figures: str  # SHA-256 of the figures as JSON
    size: int
    release: str
    published_at: datetime
    published_by: str
    why: str


_ENTRY: Final = (
    "id, kind, indicators, set_version, set_hash, scope, period, asked::text AS asked, cut,"
    " sealed_at, format, language, encode(sha256, 'hex') AS sha256,"
    " encode(figures, 'hex') AS figures, length(content) AS size, release, published_at,"
    " published_by, why"
)


def digest(content: bytes) -> str:
    """What a published file is known by."""
    return hashlib.sha256(content).hexdigest()


async def publish(
    connection: Any,
    *,
    kind: str,
    indicators: str,
    set_version: str,
    set_hash: str,
    scope: str,
    period: str,
    asked: Mapping[str, Any],
    cut: int,
    sealed_at: datetime,
    format_: str,
    language: str,
    content: bytes,
    figures: str,
    release: str,
    who: str,
    why: str,
) -> Entry:
    """Keep a report. The same again is published again, under a number of its own."""
    row = await connection.fetchrow(
        "INSERT INTO published_report (kind, indicators, set_version, set_hash, scope, period,"  # noqa: S608 - our constants
        "  asked, cut, sealed_at, format, language, content, sha256, figures, release,"
        "  published_by, why)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11, $12, decode($13, 'hex'),"
        f"  decode($14, 'hex'), $15, $16, $17) RETURNING {_ENTRY}",
        kind,
        indicators,
        set_version,
        set_hash,
        scope,
        period,
        orjson.dumps(asked).decode(),
        cut,
        sealed_at,
        format_,
        language,
        content,
        digest(content),
        figures,
        release,
        who,
        why,
    )
    return _entry(row)


async def listed(connection: Any, *, indicators: str = "", last: int = 50) -> list[Entry]:
    """The latest, the last published first; of one set, if one is named."""
    rows = await connection.fetch(
        f"SELECT {_ENTRY} FROM published_report WHERE $1 IN ('', indicators)"  # noqa: S608 - our constants
        " ORDER BY id DESC LIMIT $2",
        indicators,
        last,
    )
    return [_entry(row) for row in rows]


async def entry(connection: Any, number: int) -> Entry | None:
    """One report; None if there is none of that number."""
    row = await connection.fetchrow(
        f"SELECT {_ENTRY} FROM published_report WHERE id = $1",  # noqa: S608 - our constants
        number,
    )
    return None if row is None else _entry(row)


async def content(connection: Any, number: int) -> bytes:
    """What a report says, to the byte."""
    found: bytes = await connection.fetchval(
        "SELECT content FROM published_report WHERE id = $1", number
    )
    return found


def _entry(row: Any) -> Entry:
    return Entry(**{**dict(row), "asked": orjson.loads(row["asked"])})
