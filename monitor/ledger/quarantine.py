"""Refused records on record: found, sent back or given up, each once and with its trace."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import asyncpg

from monitor.ledger.unit import Partition

HELD: Final = "held"
RETURNED: Final = "returned"
DROPPED: Final = "dropped"
STATES: Final = (HELD, RETURNED, DROPPED)

# Tallies of what has left the quarantine, by source: what it still holds is refused less these.
TALLY_RETURNED: Final = "returned"
TALLY_DROPPED: Final = "dropped"

RETRY_SHARD: Final = -1  # of totals and tallies: no partition's, so no worker waits for it


class Overtaken(Exception):
    """Somebody else has sent the same records back or dropped them; nothing was booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A refused record as the ledger keeps it; `arrived` is the record's time, in UTC."""

    id: int
    partition: Partition
    offset: int
    source: str
    reason: str
    detail: str
    size: int  # of the value, in bytes
    hash: bytes  # SHA-256 of the value
    form: int  # of the sealed bytes
    sealed: bytes | None
    arrived: datetime
    state: str
    tries: int
    settled_at: datetime | None
    settled_by: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which refused records are meant; what is left empty does not restrict."""

    ids: Collection[int] = ()
    source: str | None = None
    reason: str | None = None
    since: datetime | None = None  # of the record's time, inclusive
    until: datetime | None = None  # exclusive
    state: str | None = HELD

    def where(self) -> tuple[str, list[Any]]:
        """A condition and its arguments from $1 on."""
        parts: list[str] = []
        given: list[Any] = []
        for condition, value in (
            ("id = ANY({})", list(self.ids) or None),
            ("source = {}", self.source),
            ("reason = {}", self.reason),
            ("arrived >= {}", self.since),
            ("arrived < {}", self.until),
            ("state = {}", self.state),
        ):
            if value is not None:
                given.append(value)
                parts.append(condition.format(f"${len(given)}"))
        return " AND ".join(parts) or "true", given


@dataclass(frozen=True, slots=True)
class Again:
    """A record that was refused once more, and for what."""

    id: int
    reason: str
    detail: str


_COLUMNS: Final = (
    'id, topic, partition, "offset", source, reason, detail, size, hash, form, sealed, arrived,'
    " state, tries, settled_at, settled_by, note"
)


class Cupboard:
    """The table of refused records, for whoever has to decide about them."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def count(self, which: Filter) -> int:
        """How many are meant."""
        condition, given = which.where()
        found: int = await self._pool.fetchval(
            f"SELECT count(*) FROM quarantine WHERE {condition}",  # noqa: S608 - our conditions
            *given,
        )
        return found

    async def kinds(self, which: Filter) -> list[tuple[str, str, str, int, int, datetime]]:
        """Source, reason, detail, records, how many of them with bytes, and the latest time."""
        condition, given = which.where()
        rows = await self._pool.fetch(
            "SELECT source, reason, detail, count(*), count(sealed), max(arrived)"  # noqa: S608 - our conditions
            f" FROM quarantine WHERE {condition} GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3",
            *given,
        )
        return [tuple(row) for row in rows]

    async def page(self, which: Filter, *, limit: int, after: int = 0) -> list[Kept]:
        """Those meant, in the order in which they were refused."""
        condition, given = which.where()
        rows = await self._pool.fetch(
            f"SELECT {_COLUMNS} FROM quarantine WHERE {condition}"  # noqa: S608 - our conditions
            f" AND id > ${len(given) + 1} ORDER BY id LIMIT ${len(given) + 2}",
            *given,
            after,
            limit,
        )
        return [_kept(row) for row in rows]

    async def pages(self, which: Filter, *, size: int) -> AsyncIterator[Sequence[Kept]]:
        """All those meant, so many at a time."""
        after = 0
        while page := await self.page(which, limit=size, after=after):
            yield page
            after = page[-1].id

    async def opened(self, who: str, id_: int) -> None:
        """Note that somebody has seen a record in the clear."""
        await self._pool.execute(
            "INSERT INTO quarantine_opened (who, quarantine) VALUES ($1, $2)", who, id_
        )

    async def unsettled(self, tries: Mapping[int, int]) -> set[int]:
        """Those that are still held and have not been tried since, of ids with their tries."""
        rows = await self._pool.fetch(
            "SELECT held.id FROM quarantine AS held"
            " JOIN unnest($1::int8[], $2::int4[]) AS known (id, tries)"
            " ON held.id = known.id AND held.tries = known.tries WHERE held.state = 'held'",
            list(tries),
            list(tries.values()),
        )
        return {row["id"] for row in rows}

    async def refuse_again(self, again: Mapping[Again, int], *, who: str) -> None:
        """Records that were refused once more before anything of them could be booked.

        `again` maps to the tries on record; where somebody else settles the same, nothing is done.
        """
        async with self._pool.acquire() as connection:
            with suppress(Overtaken):
                async with connection.transaction():
                    await settle(connection, {}, again, who=who)

    async def drop(self, ids: Collection[int], *, who: str, why: str) -> int:
        """Give records up: the bytes go; position, hash, reason and this note stay.

        Returns how many were held until now.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            rows = await connection.fetch(
                "UPDATE quarantine SET state = 'dropped', sealed = NULL, note = $2,"
                " settled_by = $3, settled_at = clock_timestamp()"
                " WHERE id = ANY($1) AND state = 'held' RETURNING source",
                sorted(ids),
                why,
                who,
            )
            await _tally(connection, TALLY_DROPPED, [row["source"] for row in rows])
        return len(rows)


async def settle(
    connection: Any, returned: Mapping[int, int], again: Mapping[Again, int], *, who: str
) -> None:
    """Within a booking's transaction: what becomes of the records that were sent back.

    Both map to the tries that were on record; raises `Overtaken` if any has changed since, and
    with it the whole booking is undone.
    """
    rows = await connection.fetch(
        "UPDATE quarantine AS held SET state = 'returned', sealed = NULL, tries = held.tries + 1,"
        " settled_by = $3, settled_at = clock_timestamp()"
        " FROM unnest($1::int8[], $2::int4[]) AS known (id, tries)"
        " WHERE held.id = known.id AND held.tries = known.tries AND held.state = 'held'"
        " RETURNING held.source",
        list(returned),
        list(returned.values()),
        who,
    )
    refused = await connection.fetch(
        "UPDATE quarantine AS held SET tries = held.tries + 1, reason = known.reason,"
        " detail = known.detail"
        " FROM unnest($1::int8[], $2::int4[], $3::text[], $4::text[])"
        " AS known (id, tries, reason, detail)"
        " WHERE held.id = known.id AND held.tries = known.tries AND held.state = 'held'"
        " RETURNING held.id",
        [one.id for one in again],
        list(again.values()),
        [one.reason for one in again],
        [one.detail for one in again],
    )
    if len(rows) != len(returned) or len(refused) != len(again):
        raise Overtaken("somebody else settles the same records")
    await _tally(connection, TALLY_RETURNED, [row["source"] for row in rows])


async def _tally(connection: Any, name: str, sources: Collection[str]) -> None:
    for source in sorted(set(sources)):
        await connection.execute(
            "INSERT INTO tally AS held (shard, name, source, detail, amount)"
            " VALUES ($1, $2, $3, '', $4) ON CONFLICT (shard, name, source, detail)"
            " DO UPDATE SET amount = held.amount + excluded.amount",
            RETRY_SHARD,
            name,
            source,
            sum(1 for one in sources if one == source),
        )


def _kept(row: Mapping[str, Any]) -> Kept:
    values = dict(row)
    return Kept(partition=Partition(values.pop("topic"), values.pop("partition")), **values)
