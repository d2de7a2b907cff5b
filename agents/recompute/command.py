"""`emc recompute` behind its options: what would change, change it, go on, or give it up."""

import asyncio
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.table import Table

from agents.recompute.run import (
    Alone,
    CannotGoOn,
    Job,
    alone,
    merge_all,
    patiently,
    to_the_end,
)
from agents.recompute.whatif import Change, Figure, WhatIf, what_if
from monitor.domain.policy import RULES_VERSION
from monitor.ledger import recompute
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.ledger.policies import ActivePolicy, Policies
from monitor.ledger.recompute import Progress, Switched
from monitor.reference.sets import ReadsDifferently, ReferenceSet, zone_of

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2
INTERRUPTED: Final = 130

ROWS_SHOWN: Final = 40  # of a table; JSON has all


class Refused(Exception):
    """What was asked for cannot be done; the text says why and the remedy."""


def recompute_command(
    *,
    dsn: str,
    reference: ReferenceSet | None,
    jobs: int | None,
    dry_run: bool,
    resume: bool,
    abandon: bool,
    again: bool,
    as_json: bool,
) -> int:
    """Run the command; the exit status. `reference` is needed unless it goes on or gives up."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    processes = jobs or os.cpu_count() or 1
    try:
        if dry_run and reference is not None:
            return _say_what_if(dsn, reference, processes, console, as_json=as_json)
        with _bars(console) as bars:
            watcher = Shown(bars, console)
            asyncio.run(
                _recompute(
                    Job(dsn, processes),
                    None if resume or abandon else reference,
                    watcher,
                    abandon=abandon,
                    again=again,
                )
            )
    except KeyboardInterrupt:
        console.print(
            "interrupted; nothing was written"
            if dry_run
            else "interrupted; what is done is kept: go on with `emc recompute --resume`",
            markup=False,
        )
        return INTERRUPTED
    except Refused as error:
        console.print(f"emc recompute: {error}", markup=False)
        return MISUSED
    except Alone:
        console.print(
            "emc recompute: another `emc recompute` is at work on this ledger; wait for it,"
            " or end it and go on with --resume",
            markup=False,
        )
        return FAILED
    except asyncpg.UndefinedTableError:
        console.print(
            f"emc recompute: the ledger has not the schema of this release; {OWNER_MIGRATES}",
            markup=False,
        )
        return FAILED
    except (CannotGoOn, ReadsDifferently, RuntimeError) as error:
        console.print(f"emc recompute: {error}", markup=False)
        return FAILED
    except UNAVAILABLE as error:
        console.print(
            f"emc recompute: the ledger at EMC_DATABASE does not answer: {error!r}; what is"
            " done is kept: go on with `emc recompute --resume`",
            markup=False,
        )
        return FAILED
    return OK


async def _recompute(
    job: Job,
    reference: ReferenceSet | None,
    watcher: "Shown",
    *,
    abandon: bool,
    again: bool,
) -> None:
    say = watcher.say
    async with alone(job.dsn) as connection:
        unfinished = await recompute.under_way(connection)
        if abandon:
            if unfinished is None:
                raise Refused("none is under way that could be given up")
            await recompute.abandon(connection)
        elif reference is None and unfinished is None:
            say("none is under way; what the last one left to merge is merged now")
        elif reference is not None and unfinished is not None:
            raise Refused(
                f"one to reference set {unfinished.reference} is under way, at"
                f" {unfinished.rebooked:,} of {unfinished.dossiers:,} dossiers; go on with"
                " --resume, or give it up with --abandon"
            )
    if abandon:
        await patiently(lambda: merge_all(job.dsn, watcher))
        say("given up; the figures are what they were")
        return
    if reference is not None and not await _begun(job, reference, watcher, again=again):
        return
    await to_the_end(job, watcher)
    say("done")


async def _begun(job: Job, reference: ReferenceSet, watcher: "Shown", *, again: bool) -> bool:
    """Begin under a policy other than the active one; False: there is nothing to do."""
    async with asyncpg.create_pool(job.dsn, min_size=0, max_size=1) as pool:
        active = await _active(Policies(pool), reference)
        if (active.rules, active.reference) == (RULES_VERSION, reference.hash) and not again:
            watcher.say(
                f"nothing to do: epoch {active.epoch} books under rules version"
                f" {active.rules} and reference set {active.reference} already; --again books"
                " every dossier anew all the same"
            )
            return False
    # What the one before has rebooked has to be in the rows first.
    await patiently(lambda: merge_all(job.dsn, watcher))
    async with alone(job.dsn) as connection:
        try:
            epoch = await recompute.begin(connection, reference)
        except recompute.RecomputeUnderWay:
            raise Refused("one was begun just now by somebody else") from None
    watcher.say(
        f"recompute to epoch {epoch}: rules version {RULES_VERSION}, reference set"
        f" {reference.hash}, {job.processes} processes"
    )
    return True


async def _active(policies: Policies, reference: ReferenceSet) -> ActivePolicy:
    active = await policies.active()
    if active is None:
        raise Refused(
            "no policy was ever active in this ledger; start a worker, which brings one"
        )
    days = zone_of(await policies.load(active.reference))
    if (wanted := zone_of(reference)) != days:
        raise Refused(
            f"the ledger counts days of {days}, and the reference set those of {wanted}: how"
            " times without a zone were read depends on it, so the events must be read again,"
            " into a new ledger"
        )
    return active


class Shown:
    """Progress bars, or now and then a line where nobody looks at a terminal."""

    def __init__(self, bars: Bars, console: Console) -> None:
        self._bars = bars
        self._console = console
        self._tasks: dict[str, TaskID] = {}

    def say(self, line: str) -> None:
        self._console.print(f"emc recompute: {line}", markup=False)

    def _task(self, name: str, total: int | None) -> TaskID:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total)
        return self._tasks[name]

    def rebooking(self, progress: Progress) -> None:
        task = self._task("rebooking dossiers", progress.dossiers)
        self._bars.update(task, total=progress.dossiers, completed=progress.rebooked)
        if not progress.ranges_left:
            self.say(f"all rebooked; {progress.touched:,} bookings made meanwhile to follow")

    def rebooked(self, dossiers: int) -> None:
        self._bars.advance(self._tasks["rebooking dossiers"], dossiers)

    def following(self, touched: int) -> None:
        self._bars.advance(self._task("following bookings", None), touched)

    def switched(self, done: Switched) -> None:
        self.say(
            f"switched: {done.lines:,} lines in the journal, bookings held off for"
            f" {done.held_seconds:.2f} s; merging goes on behind the figures"
        )

    def merging(self, dossiers: int) -> None:
        self._bars.update(
            self._task("merging into dossiers", dossiers), total=dossiers, completed=0
        )

    def merged(self, dossiers: int) -> None:
        self._bars.advance(self._tasks["merging into dossiers"], dossiers)


@contextmanager
def _bars(console: Console) -> Iterator[Bars]:
    with Bars(
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as bars:
        yield bars


# -- what if -------------------------------------------------------------------------------


def _say_what_if(
    dsn: str, reference: ReferenceSet, jobs: int, console: Console, *, as_json: bool
) -> int:
    with _bars(console) as bars:
        task = bars.add_task("posting anew", total=None)
        found = asyncio.run(
            _what_if(
                dsn,
                reference,
                jobs,
                lambda done, total: bars.update(task, total=total, completed=done),
            )
        )
    changed = found.changed()
    out = Console(highlight=False, soft_wrap=True)
    if as_json:
        out.out(json.dumps(_as_json(found, changed, reference), indent=2))
    else:
        out.print(_as_table(changed), markup=False)
        figures = {(figure.name, figure.agency) for figure in changed}
        out.print(
            f"{found.differing:,} of {found.dossiers:,} dossiers would book otherwise;"
            f" {len(figures):,} published numbers would change. Nothing was written.",
            markup=False,
        )
    return FAILED if changed else OK


async def _what_if(dsn: str, reference: ReferenceSet, jobs: int, tell: Any) -> WhatIf:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await _active(Policies(pool), reference)
    return await what_if(dsn, reference, jobs=jobs, tell=tell)


def _as_json(
    found: WhatIf, changed: dict[Figure, Change], reference: ReferenceSet
) -> dict[str, Any]:
    return {
        "reference": reference.hash,
        "rules": RULES_VERSION,
        "dossiers": found.dossiers,
        "dossiers_differing": found.differing,
        "changes": [
            {
                "measure": figure.name,
                "agency": figure.agency,
                "channel": figure.channel,
                "level": figure.level,
                "before": change.before,
                "after": change.after,
                "up": change.up,
                "down": change.down,
                "dossiers": change.dossiers,
            }
            for figure, change in changed.items()
        ],
    }


def _as_table(changed: dict[Figure, Change]) -> Table:
    """By measure and agency; those that touch most dossiers first."""
    by_agency: dict[tuple[str, str], Change] = {}
    for figure, change in changed.items():
        by_agency.setdefault((figure.name, figure.agency), Change()).add(
            change.before, change.up, change.down, change.dossiers
        )
    rows = sorted(by_agency.items(), key=lambda item: (-item[1].dossiers, item[0]))
    left_out = len(rows) - ROWS_SHOWN
    table = Table(caption=f"{left_out:,} more in --json" if left_out > 0 else None, box=None)
    for name in ("measure", "agency"):
        table.add_column(name)
    for name in ("now", "then", "up", "down", "dossiers"):
        table.add_column(name, justify="right")
    for (name, agency), change in rows[:ROWS_SHOWN]:
        table.add_row(
            name,
            agency or "(none)",
            f"{change.before:,}",
            f"{change.after:,}",
            f"+{change.up:,}",
            f"-{change.down:,}",
            f"{change.dossiers:,}",
        )
    return table
