"""Positions as a person sees them, and set by hand: with a reason, and on record."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from monitor.ledger.ledger import Position
from monitor.ledger.unit import Partition


class Moving(Exception):
    """The position has moved since it was looked at; nothing was set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the ledger stands in a partition, and who moves it."""

    partition: Partition
    position: Position
    moved_at: datetime
    times_set: int  # by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A position to be set: from what it was seen to be, to what it is to be."""

    partition: Partition
    seen: Position
    to: int
    cluster: str
    group: str
    anew: bool  # records before `to` may come again, or others in their place


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A position that was set: a line of the journal of these."""

    at: datetime
    who: str
    why: str
    partition: Partition
    from_next: int
    to_next: int
    from_cluster: str
    to_cluster: str
    from_group: str
    to_group: str
    epoch: int


async def standings(pool: "asyncpg.Pool[Any]") -> list[Standing]:
    """All partitions that the ledger reads."""
    rows = await pool.fetch(
        "SELECT topic, partition, next, epoch, cluster, last_hash, owner, group_id, moved_at,"
        " times_set FROM position ORDER BY topic, partition"
    )
    return [
        Standing(
            partition=Partition(row["topic"], row["partition"]),
            position=Position(
                row["next"],
                row["epoch"],
                row["cluster"],
                row["last_hash"],
                row["owner"],
                row["group_id"],
            ),
            moved_at=row["moved_at"],
            times_set=row["times_set"],
        )
        for row in rows
    ]


async def journal(pool: "asyncpg.Pool[Any]", *, last: int) -> list[Entry]:
    """The latest positions that were set by hand, newest first."""
    rows = await pool.fetch(
        "SELECT at, who, why, topic, partition, from_next, to_next, from_cluster, to_cluster,"
        " from_group, to_group, epoch FROM position_set ORDER BY id DESC LIMIT $1",
        last,
    )
    return [
        Entry(
            partition=Partition(row["topic"], row["partition"]),
            **{
                name: value for name, value in row.items() if name not in ("topic", "partition")
            },
        )
        for row in rows
    ]


async def set_positions(
    pool: "asyncpg.Pool[Any]", changes: Collection[Change], *, who: str, why: str
) -> Sequence[int]:
    """Set positions, all or none, and write down who did and why; the new epochs.

    The epoch is raised, so that a worker's bookings fail from now on: it drops what is in hand
    and claims anew. Raises `Moving` where a worker has booked or claimed since the look.
    """
    epochs = []
    async with pool.acquire() as connection, connection.transaction():
        for change in sorted(changes, key=lambda one: one.partition):
            row = await connection.fetchrow(
                "UPDATE position SET next = $3, epoch = epoch + 1, owner = $4, group_id = $5,"
                # No generation of a group is lower, so the next claim of any is granted.
                " generation = 0, cluster = $6, last_hash = CASE WHEN $9 THEN"
                " NULL ELSE last_hash END, times_set = times_set + 1,"
                " moved_at = clock_timestamp()"
                " WHERE topic = $1 AND partition = $2 AND epoch = $7 AND next = $8"
                " RETURNING epoch, times_set",
                *change.partition,
                change.to,
                who,
                change.group,
                change.cluster,
                change.seen.epoch,
                change.seen.next,
                change.anew or change.to != change.seen.next,
            )
            if row is None:
                raise Moving(
                    f"{change.partition.topic}[{change.partition.partition}] has moved since it"
                    " was looked at: a worker books or claims it; stop the workers and try again"
                )
            epochs.append(row["epoch"])
            await _journalise(connection, change, row["epoch"], who, why)
            if change.anew:
                # The same offsets may be refused again, and these rows stay what they are.
                await connection.execute(
                    "UPDATE quarantine SET former = $3"
                    " WHERE topic = $1 AND partition = $2 AND former = 0",
                    *change.partition,
                    row["times_set"],
                )
    return epochs


async def _journalise(connection: Any, change: Change, epoch: int, who: str, why: str) -> None:
    await connection.execute(
        "INSERT INTO position_set (who, why, topic, partition, from_next, to_next, from_cluster,"
        " to_cluster, from_group, to_group, epoch)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        who,
        why,
        *change.partition,
        change.seen.next,
        change.to,
        change.seen.cluster,
        change.cluster,
        change.seen.group,
        change.group,
        epoch,
    )
