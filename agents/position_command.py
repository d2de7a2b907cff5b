"""`emc position`: where the ledger stands in the log, and what to do when the log was lost."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TextIO

import asyncpg
from rich.table import Table

from agents.kafka import Kafka
from agents.logidentity import Look, looking
from agents.operator import FOUND, OK, Refusal, print_json, print_table, utc, when
from monitor.ledger.ledger import Position
from monitor.ledger.positions import (
    Change,
    Moving,
    Standing,
    journal,
    set_positions,
    standings,
)
from monitor.ledger.unit import Partition

LAST: Final = 10  # positions set by hand that are shown
BEGINNING: Final = "beginning"
END: Final = "end"
SAME: Final = "here"


@dataclass(frozen=True, slots=True)
class Seen:
    """A partition in the ledger and in the log; None where the log has no such partition."""

    standing: Standing
    beginning: int | None
    end: int | None
    complaint: str

    @property
    def lag(self) -> int | None:
        """Records from the position to the end; None where that says nothing."""
        if self.end is None or self.complaint:
            return None
        return max(0, self.end - self.standing.position.next)


@asynccontextmanager
async def _ledger(dsn: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=1, command_timeout=60)
    try:
        yield pool
    finally:
        await pool.close()


async def _seen(look: Look, found: Collection[Standing]) -> list[Seen]:
    present = await look.present({one.partition.topic for one in found})
    known = {one.partition: one.position for one in found if one.partition in present}
    beginnings = await look.beginnings(known)
    ends = await look.ends(known)
    complaints = await look.complaints(known, beginnings)
    return [
        Seen(
            one,
            beginnings.get(one.partition),
            ends.get(one.partition),
            complaints.get(one.partition, "")
            if one.partition in present
            else f"{_name(one.partition)}: the log has no such topic or partition",
        )
        for one in found
    ]


async def show(dsn: str, kafka: Kafka, *, as_json: bool, out: TextIO) -> int:
    """Each partition in the ledger beside the log; status 1 where the log is not the one."""
    async with _ledger(dsn) as pool:
        found = await standings(pool)
        by_hand = await journal(pool, last=LAST)
        async with looking(kafka) as look:
            seen = await _seen(look, found)
            cluster = look.cluster
    if as_json:
        print_json(
            {
                "cluster": cluster,
                "partitions": [_described(one) for one in seen],
                "set_by_hand": [
                    {
                        "at": entry.at,
                        "who": entry.who,
                        "why": entry.why,
                        "topic": entry.partition.topic,
                        "partition": entry.partition.partition,
                        "from": entry.from_next,
                        "to": entry.to_next,
                        "from_cluster": entry.from_cluster,
                        "to_cluster": entry.to_cluster,
                        "from_group": entry.from_group,
                        "to_group": entry.to_group,
                        "epoch": entry.epoch,
                    }
                    for entry in by_hand
                ],
            },
            out,
        )
    else:
        table = Table(
            "partition", "next", "log", "lag", "epoch", "owner", "group", "moved", "the log is"
        )
        for one in seen:
            at = one.standing
            table.add_row(
                _name(at.partition),
                f"{at.position.next:,}",
                "gone" if one.end is None else f"{one.beginning:,} to {one.end:,}",
                "" if one.lag is None else f"{one.lag:,}",
                f"{at.position.epoch:,}",
                at.position.owner,
                at.position.group,
                utc(at.moved_at),
                "another" if one.complaint else "the one",
            )
        print_table(table, out)
        out.writelines(f"{one.complaint}\n" for one in seen if one.complaint)
        out.writelines(
            f"set {utc(entry.at)} by {entry.who}: {_name(entry.partition)} from"
            f" {entry.from_next:,} to {entry.to_next:,}: {entry.why}\n"
            for entry in by_hand
        )
    return FOUND if any(one.complaint for one in seen) else OK


async def accept_loss(
    dsn: str,
    kafka: Kafka,
    *,
    topic: str,
    partitions: Collection[int],
    to: str,
    group: str | None,
    who: str,
    why: str,
    confirmed: Callable[[str], bool],
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Set positions of a topic, none of `partitions` meaning all; what is passed over is lost.

    For that group, or for the one that each is read by.
    """
    if not why.strip():
        raise Refusal("say why with --why: it stays on record")
    async with _ledger(dsn) as pool, looking(kafka) as look:
        found = [
            one
            for one in await standings(pool)
            if one.partition.topic == topic
            and (not partitions or one.partition.partition in partitions)
        ]
        if not found or missing(found, partitions):
            raise Refusal(
                f"the ledger has no position in {topic}, partition"
                f" {', '.join(map(str, missing(found, partitions))) or 'any'};"
                " `emc position show` lists those it has; --topic or EMC_TOPIC names the topic"
            )
        seen = await _seen(look, found)
        changes = await _changes(look, seen, to, group)
        told = "".join(
            f"  {_told(one, change)}\n" for one, change in zip(seen, changes, strict=True)
        )
        if not confirmed(told):
            err.write("no position was set\n")
            return FOUND
        try:
            epochs = await set_positions(pool, changes, who=who, why=why)
        except Moving as error:
            err.write(f"emc position: {error}\n")
            return FOUND
    if as_json:
        print_json(
            {
                "set": [
                    {
                        "topic": change.partition.topic,
                        "partition": change.partition.partition,
                        "from": change.seen.next,
                        "to": change.to,
                        "epoch": epoch,
                    }
                    for change, epoch in zip(changes, epochs, strict=True)
                ]
            },
            out,
        )
    else:
        out.write(f"{told}set, and on record; workers go on from there\n")
    return OK


def missing(found: Collection[Standing], partitions: Collection[int]) -> list[int]:
    """Partitions that were asked for and are not there."""
    return sorted(set(partitions) - {one.partition.partition for one in found})


async def _changes(
    look: Look, seen: Collection[Seen], to: str, group: str | None
) -> list[Change]:
    targets = await _targets(look, seen, to)
    return [
        Change(
            partition=one.standing.partition,
            seen=one.standing.position,
            to=target,
            cluster=look.cluster,
            group=one.standing.position.group if group is None else group,
            anew=bool(one.complaint) or target < one.standing.position.next,
        )
        for one, target in zip(seen, targets, strict=True)
    ]


async def _targets(look: Look, seen: Collection[Seen], to: str) -> list[int]:
    at: Mapping[Partition, int | None] = {}
    if to not in (BEGINNING, END, SAME) and not to.isdecimal() and (time := when(to)):
        present = [one.standing.partition for one in seen if one.end is not None]
        at = await look.at(present, round(time.timestamp() * 1000))
    return [_target(one, to, at.get(one.standing.partition)) for one in seen]


def _target(one: Seen, to: str, at_time: int | None) -> int:
    name = _name(one.standing.partition)
    if one.beginning is None or one.end is None:
        raise Refusal(
            f"{name}: the log has no such topic or partition; make it first, with as many"
            " partitions as it had"
        )
    if to.isdecimal():
        target = int(to)
    else:
        # A time later than any record's is the end.
        target = {
            BEGINNING: one.beginning,
            END: one.end,
            SAME: one.standing.position.next,
        }.get(to, one.end if at_time is None else at_time)
    if not one.beginning <= target <= one.end:
        raise Refusal(
            f"{name}: the log reaches from {one.beginning} to {one.end}, and {target} lies outside"
            " of it"
        )
    return target


def _told(one: Seen, change: Change) -> str:
    seen = change.seen
    said = f"{_name(change.partition)}: from {seen.next:,} to {change.to:,}"
    if one.complaint:
        said += ", in a log that is not the one it was read from: what that still had is lost"
    elif change.to > seen.next:
        said += f": {change.to - seen.next:,} records will never be measured"
    elif change.to < seen.next:
        said += (
            f": {seen.next - change.to:,} records are read again; events known by their identity"
            " count as duplicates"
        )
    if seen.group != change.group:
        said += f"; from the group {seen.group!r} to {change.group!r}"
    if seen.cluster != change.cluster:
        said += f"; from cluster {seen.cluster!r} to {change.cluster!r}"
    return said


def _described(one: Seen) -> dict[str, Any]:
    at = one.standing
    position: Position = at.position
    return {
        "topic": at.partition.topic,
        "partition": at.partition.partition,
        "next": position.next,
        "beginning": one.beginning,
        "end": one.end,
        "lag": one.lag,
        "epoch": position.epoch,
        "owner": position.owner,
        "group": position.group,
        "cluster": position.cluster,
        "moved": at.moved_at,
        "times_set": at.times_set,
        "complaint": one.complaint,
    }


def _name(partition: Partition) -> str:
    return f"{partition.topic}[{partition.partition}]"
