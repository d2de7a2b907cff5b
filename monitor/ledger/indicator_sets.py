"""Indicator sets in the ledger: each version with its hash, and from when on it was known.

A report for an old cut goes by the set that was known then. For a time before any version of a file
was known, the first one stands: a set is valid for periods before it was stored.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from monitor.domain.indicator import IndicatorSet
from monitor.domain.period import Period
from monitor.ledger.locks import INDICATOR_SETS
from monitor.reference.indicators import StoredSet, set_from


class Version(NamedTuple):
    """What a file said from an instant on."""

    file: str
    known_at: datetime
    hash: str  # "": there was no such file any more


async def keep_sets(dsn: str, sets: Collection[StoredSet]) -> list[str]:
    """Store what a deployment's files say; the names of those that said something else before."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        return await store(connection, sets)
    finally:
        await connection.close(timeout=1)


async def store(connection: Any, sets: Collection[StoredSet]) -> list[str]:
    """Note which files are new, say something else than before, or are gone; their names."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", INDICATOR_SETS)
        known = {
            row["file"]: row["hash"]
            for row in await connection.fetch(
                "SELECT DISTINCT ON (file) file, hash FROM indicator_set"
                " ORDER BY file, known_at DESC"
            )
        }
        said = {one.name: one.set.hash for one in sets}
        said |= dict.fromkeys(known.keys() - said.keys(), "")
        changed = sorted(file for file, found in said.items() if known.get(file) != found)
        if changed:
            await connection.executemany(
                "INSERT INTO indicator_text (hash, content) VALUES ($1, $2)"
                " ON CONFLICT DO NOTHING",
                [(one.set.hash, one.text) for one in sets],
            )
            await connection.executemany(
                "INSERT INTO indicator_set (file, hash) VALUES ($1, $2)",
                [(file, said[file]) for file in changed],
            )
    return changed


async def known_sets(
    connection: Any, at: datetime | None = None
) -> Mapping[str, Sequence[IndicatorSet]]:
    """The versions of every set as known at an instant, or now; each set's by their validity.

    Raises `Unusable` where this release does not understand a stored file any more.
    """
    rows = await connection.fetch(
        """
        WITH first AS (SELECT file, min(known_at) AS known_at FROM indicator_set GROUP BY file)
        SELECT DISTINCT ON (file) file, content
        FROM indicator_set AS one JOIN first USING (file)
        LEFT JOIN indicator_text USING (hash)
        WHERE $1::timestamptz IS NULL OR one.known_at <= greatest($1, first.known_at)
        ORDER BY file, one.known_at DESC
        """,
        at,
    )
    texts = [(row["file"], row["content"]) for row in rows if row["content"] is not None]
    # In a thread: some ten milliseconds a file.
    read = await asyncio.to_thread(lambda: [set_from(file, text) for file, text in texts])
    found: dict[str, list[IndicatorSet]] = {}
    for one in sorted(read, key=lambda one: (one.id, one.valid_from)):
        found.setdefault(one.id, []).append(one)
    return found


def valid_in(sets: Sequence[IndicatorSet], period: Period) -> IndicatorSet | None:
    """The version that is valid on a period's first day."""
    return next(
        (
            one
            for one in sets
            if one.valid_from <= period.first_day
            and (one.valid_until is None or period.first_day < one.valid_until)
        ),
        None,
    )


async def versions(connection: Any) -> list[Version]:
    """All that was ever stored, the oldest first."""
    return [
        Version(*row)
        for row in await connection.fetch(
            "SELECT file, known_at, hash FROM indicator_set ORDER BY known_at, file"
        )
    ]
