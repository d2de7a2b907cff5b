"""`emc archive`: finished dossiers made small in place, and those past retention retired."""

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Final, TextIO, TypeVar

import asyncpg
import msgspec
import orjson
from rich.console import Console

from agents.progress import bar
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.policy import Policy
from monitor.domain.zone import date_of, day_number
from monitor.ledger.archive import BLOCKS, Archive, UnderWay
from monitor.ledger.forms import (
    DICTIONARY_BYTES,
    PLAIN,
    Forms,
    Sums,
    archived,
    dictionary_of,
    plain_booked,
)
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.ledger.packing import unpack_entries
from schemas.event import Canonical
from schemas.packed import pack_events, unpack_events

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130
DAY_MS: Final = 86_400_000
_SAMPLES: Final = 32  # places of the table that a dictionary is made from
_FROM_A_PLACE: Final = 4  # dossiers

E = TypeVar("E", bound=msgspec.Struct)

# Of an event's texts, those that many dossiers share. All others tell one dossier from another,
# and must not outlive it in a dictionary.
_SHARED: Final = frozenset({"source", "procedure", "agency", "unit", "step", "sub_channel"})


@dataclass(slots=True)
class Done:
    """What a run has done, or would do."""

    looked_at: int = 0  # finished dossiers that were read
    archived: int = 0
    bytes_before: int = 0  # of events and booked entries of those archived
    bytes_after: int = 0
    retired: int = 0
    left_alone: int = 0  # booked meanwhile by somebody else; the next run meets them


def archive_command(
    *,
    database: str,
    policy: Policy,
    now_ms: int,
    after_days: int,
    retire: bool = False,
    before: date | None = None,
    retention_years: int = 0,
    dry_run: bool = False,
    as_json: bool = False,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Archives what has ended and been quiet for so many days; returns the exit status.

    With `retire`, dossiers that ended before the local day `before`, else so many years ago,
    lose their events for good.
    """
    out, err = out or sys.stdout, err or sys.stderr
    if before is not None and not retire:
        err.write("emc archive: --before says what to retire; add --retire\n")
        return MISUSED
    if retire and before is None and retention_years <= 0:
        err.write(
            "emc archive: EMC_RETENTION_YEARS is 0, which keeps dossiers for ever;"
            " set it, or say --before DATE\n"
        )
        return MISUSED
    before_ms = _limit_ms(policy, now_ms, before, retention_years) if retire else None
    run = Run(
        policy,
        quiet_since_ms=now_ms - after_days * DAY_MS,
        before_ms=before_ms,
        dry_run=dry_run,
        err=err,
    )
    status = OK
    try:
        asyncio.run(run.over(database))
    except KeyboardInterrupt:
        status = INTERRUPTED
    except UnderWay as error:
        err.write(f"emc archive: {error}; wait for it to end\n")
        return FAILED
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        err.write(f"emc archive: the ledger lacks a migration; {OWNER_MIGRATES}\n")
        return FAILED
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        reason = str(error) or type(error).__name__
        err.write(
            f"emc archive: the ledger failed us: {reason}; what is done is done,"
            " run it again for the rest\n"
        )
        return FAILED
    if as_json:
        done = {**asdict(run.done), "dry_run": dry_run, "whole": status == OK}
        out.write(orjson.dumps(done, option=orjson.OPT_APPEND_NEWLINE).decode())
    else:
        out.writelines(f"{line}\n" for line in _told(run.done, dry_run, before_ms, policy))
    return status


def _limit_ms(policy: Policy, now_ms: int, before: date | None, years: int) -> int:
    if before is None:
        today = date_of(policy.zone.day(now_ms))
        day = min(today.day, 28) if today.month == 2 else today.day
        before = today.replace(year=today.year - years, day=day)
    return policy.zone.start_of(day_number(before))


def _told(done: Done, dry_run: bool, before_ms: int | None, policy: Policy) -> list[str]:
    would = "would be " if dry_run else ""
    lines = [
        f"{done.archived:,} dossiers {would}archived"
        + (f": {done.bytes_before:,} bytes to {done.bytes_after:,}" if done.archived else "")
    ]
    if before_ms is not None:
        day = date_of(policy.zone.day(before_ms)).isoformat()
        lines.append(f"{done.retired:,} dossiers that ended before {day} {would}retired")
    if done.left_alone:
        lines.append(f"{done.left_alone:,} left alone, because they were booked meanwhile")
    return lines


class Run:
    """One pass over the ledger's finished dossiers."""

    def __init__(
        self,
        policy: Policy,
        *,
        quiet_since_ms: int,
        before_ms: int | None = None,
        dry_run: bool = False,
        err: TextIO | None = None,
    ) -> None:
        self._policy = policy
        self._quiet_since_ms = quiet_since_ms
        self._before_ms = before_ms
        self._dry_run = dry_run
        self._err = err or sys.stderr
        self._chosen: tuple[int, bytes] | None = None  # dictionary of this run
        self.done = Done()

    async def over(self, dsn: str) -> None:
        """All blocks, one batch after another."""
        console = Console(file=self._err)
        async with Archive.open(dsn) as archive:
            forms = Forms(archive.connection)
            with bar(console, "blocks") as progress:
                blocks = await archive.blocks()
                task = progress.add_task("archive", total=blocks)
                for block in range(0, blocks, BLOCKS):
                    await self.batch(archive, forms, block)
                    progress.update(task, completed=min(block + BLOCKS, blocks))

    async def batch(
        self,
        archive: Archive,
        forms: Forms,
        block: int,
        *,
        blocks: int = BLOCKS,
        most: int | None = None,
    ) -> bool:
        """The finished dossiers of some blocks; whether they may have more than was read."""
        retiring = self._before_ms is not None
        rows = await archive.finished(block, archived_too=retiring, blocks=blocks, most=most)
        self.done.looked_at += len(rows)
        quiet: dict[tuple[str, int], tuple[bytes, bytes]] = {}
        past: dict[tuple[str, int], Sums] = {}
        for row in rows:
            events = await forms.events(row.form, row.events)
            booked = plain_booked(row.booked, row.booked_form)
            heard = list(unpack_events(events))
            if max((event.arrival_ms for event in heard), default=0) > self._quiet_since_ms:
                continue
            if self._past_retention(heard):
                past[row.key, row.stamp] = unpack_entries(booked)
            elif PLAIN in (row.form, row.booked_form):
                quiet[row.key, row.stamp] = events, booked
        if past:
            await self._retire(archive, past)
        if quiet:
            await self._archive(archive, quiet)
        return len(rows) == most

    def _past_retention(self, heard: list[Canonical]) -> bool:
        if self._before_ms is None:
            return False
        view = fold(settled(heard), self._policy.portals, self._policy.repeat_ms)
        ended_ms = view.standing_ms if view.end_ms is None else view.end_ms
        return ended_ms < self._before_ms

    async def _retire(self, archive: Archive, past: Mapping[tuple[str, int], Sums]) -> None:
        taken = len(past) if self._dry_run else await archive.retire(past)
        self.done.retired += taken
        self.done.left_alone += len(past) - taken

    async def _archive(
        self, archive: Archive, quiet: Mapping[tuple[str, int], tuple[bytes, bytes]]
    ) -> None:
        if self._chosen is None:
            self._chosen = await self._dictionary(archive)
        number, dictionary = self._chosen
        small = {
            row: archived(events, booked, dictionary) for row, (events, booked) in quiet.items()
        }
        taken = len(quiet) if self._dry_run else await archive.shrink(number, small)
        self.done.archived += taken
        self.done.left_alone += len(quiet) - taken
        self.done.bytes_before += sum(len(one) + len(two) for one, two in quiet.values())
        self.done.bytes_after += sum(len(one) + len(two) for one, two in small.values())

    async def _dictionary(self, archive: Archive) -> tuple[int, bytes]:
        """The last one; a new one as long as the ledger had too few events for a whole one."""
        known = await archive.dictionary()
        if known is not None and len(known[1]) >= DICTIONARY_BYTES:
            return known
        made = dictionary_of(await _samples(archive))
        # Each of them is kept for good: a somewhat longer one is not worth it.
        if known is not None and len(made) < 2 * len(known[1]):
            return known
        return (0 if self._dry_run else await archive.keep_dictionary(made)), made


async def _samples(archive: Archive) -> list[bytes]:
    """Events of finished dossiers from all over the table, without what tells them apart."""
    blocks = await archive.blocks()
    samples = []
    for place in range(_SAMPLES):
        block = blocks * place // _SAMPLES
        rows = await archive.finished(block, archived_too=False, most=_FROM_A_PLACE)
        samples += [
            pack_events(map(faceless, unpack_events(row.events)))
            for row in rows
            if row.form == PLAIN
        ]
    return samples


def faceless(event: E) -> E:
    """An event without the texts that only one dossier has."""
    told = {
        name: ""
        for name in event.__struct_fields__
        if name not in _SHARED and isinstance(getattr(event, name), str)
    }
    return msgspec.structs.replace(event, **told)
