"""`emc reconcile`: whether the ledger's books agree with each other, and with what events say.

The sums are compared as of one state of the ledger, which several connections read. Then every
dossier is folded anew, range by range, each range as of its own instant.
"""

import asyncio
import os
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any, Final, TextIO, TypeVar

import asyncpg
import orjson
from rich.console import Console
from rich.progress import Progress

from agents.progress import bar
from agents.refold import Refolded, Refolder, in_words, name_of
from agents.settings import Settings
from monitor.domain.codes import level1
from monitor.domain.composition import HIGHEST, LOWEST, Sum
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.domain.zone import Zone, date_of
from monitor.ledger import late, reconcile_sums
from monitor.ledger import reconcile as books
from monitor.ledger.checks import Check
from monitor.ledger.ledger import UNAVAILABLE, Ledger
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.ledger.policies import Policies
from monitor.ledger.reconcile import NAMED, Books, Difference, Found
from monitor.ledger.reconcile_sums import Kept
from monitor.ledger.unit import BookingClass
from monitor.reference.sets import ReadsDifferently, ReferenceSet, policy_of

OK: Final = 0
DRIFT: Final = 1
FAILED: Final = 1
INTERRUPTED: Final = 130
RANGE_DOSSIERS: Final = 500

T = TypeVar("T")


@dataclass(slots=True)
class Outcome:
    """What a check found."""

    compared: int = 0
    differing: int = 0
    stale: int = 0
    first: list[dict[str, Any]] = field(default_factory=list)  # of what differs, in words
    note: str = ""


Outcomes = dict[Check, Outcome]


def reconcile_command(
    settings: Settings,
    *,
    checks: Collection[Check] = tuple(Check),
    jobs: int = 1,
    refill: bool = False,
    as_json: bool = False,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Makes the checks and says what differs; returns the exit status: 1 if anything does."""
    out, err = out or sys.stdout, err or sys.stderr
    own, _ = settings.reference_set()
    try:
        outcomes = asyncio.run(
            _reconciled(settings.database, own, checks, jobs, err, refill=refill)
        )
    except KeyboardInterrupt:
        err.write("emc reconcile: interrupted; nothing was recorded\n")
        return INTERRUPTED
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        err.write(f"emc reconcile: the ledger lacks a migration; {OWNER_MIGRATES}\n")
        return FAILED
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        reason = str(error) or type(error).__name__
        err.write(f"emc reconcile: the ledger cannot be read: {reason}\n")
        return FAILED
    except ReadsDifferently as error:
        err.write(f"emc reconcile: {error}\n")
        return FAILED
    equal = not any(outcome.differing for outcome in outcomes.values())
    if as_json:
        shown = {"equal": equal, "checks": {check.value: o for check, o in outcomes.items()}}
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        out.write(orjson.dumps(shown, option=option).decode())
    else:
        out.writelines(f"{line}\n" for line in _lines(outcomes))
    return OK if equal else DRIFT


async def _reconciled(
    dsn: str,
    own: ReferenceSet,
    checks: Collection[Check],
    jobs: int,
    err: TextIO,
    *,
    refill: bool,
) -> Outcomes:
    console = Console(file=err)
    outcomes: Outcomes = {}
    wrong: set[int] = set()  # numbers of sums
    async with AsyncExitStack() as stack:
        rules = await _in_force(dsn, own)
        clerks = await stack.enter_async_context(_clerks(dsn, rules, jobs))
        progress = stack.enter_context(bar(console, ""))
        if sums := [check for check in checks if check is not Check.DOSSIERS]:
            zone = policy_of(rules).zone
            outcomes |= await _sums(dsn, sums, zone, clerks, progress, wrong)
        if Check.DOSSIERS in checks:
            outcomes[Check.DOSSIERS] = await _dossiers(dsn, clerks, progress)
        try:
            async with books.connected(dsn) as connection:
                found = [(c, o.compared, o.differing, o.stale) for c, o in outcomes.items()]
                await books.record(connection, found)
        except asyncpg.InsufficientPrivilegeError:
            err.write(
                "emc reconcile: this role may not write the table reconciled, so that"
                " emc_ledger_drift does not show this run\n"
            )
        if refill and wrong:
            async with books.connected(dsn) as connection:
                filling = await reconcile_sums.fill_anew(connection, wrong)
            outcomes[Check.READINGS].note += (
                f"; {filling:,} sums are filled anew by the worker, and readings of them come from"
                " the books until they are"
            )
        if refill and Check.LATE in outcomes and outcomes[Check.LATE].differing:
            async with books.connected(dsn) as connection:
                await late.begin_anew(connection)
            outcomes[
                Check.LATE
            ].note = (
                "begun anew: what has moved in closed months until now comes from the journal"
            )
    return {check: outcomes[check] for check in Check if check in outcomes}


async def _in_force(dsn: str, own: ReferenceSet) -> ReferenceSet:
    """The reference set by which the ledger is booked; ours, if it has none yet."""
    async with books.connected(dsn) as connection:
        policies = Policies(connection)
        active = await policies.active()
        if active is None or active.reference == own.hash:
            return own
        return await policies.load(active.reference)


# -- the sums, as of one state ----------------------------------------------------------------


async def _sums(
    dsn: str,
    checks: Collection[Check],
    zone: Zone,
    clerks: "Clerks",
    progress: Progress,
    wrong: set[int],
) -> Outcomes:
    outcomes: Outcomes = {}
    async with Books.open(dsn) as here:
        others: list[asyncio.Task[None]] = []
        try:
            if Check.BALANCES in checks:
                others.append(asyncio.create_task(_balances(dsn, here.snapshot, outcomes)))
            if Check.TOTALS in checks:
                others.append(asyncio.create_task(_totals(dsn, here.snapshot, outcomes)))
            if Check.LATE in checks:
                others.append(asyncio.create_task(_late(dsn, here.snapshot, outcomes, zone)))
            if Check.READINGS in checks:
                others.append(
                    asyncio.create_task(_readings(dsn, here.snapshot, outcomes, wrong))
                )
            if Check.ENTRIES in checks:
                blocks = await here.blocks()
                task = progress.add_task("blocks", total=blocks)
                errands = ((here.snapshot, block) for block in range(0, blocks, books.BLOCKS))
                async for entries in clerks.run(Clerk.sums, errands):
                    await here.add(entries)
                    progress.advance(task, books.BLOCKS)
                found = await here.entries()
                async with books.joined(dsn, here.snapshot) as connection:
                    outcomes[Check.ENTRIES] = await _named(connection, found)
            await asyncio.gather(*others)
        finally:
            for other in others:
                other.cancel()
    return outcomes


async def _balances(dsn: str, snapshot: str, outcomes: Outcomes) -> None:
    async with books.joined(dsn, snapshot) as connection:
        read = await books.balances(connection)
        if read is None:
            return
        found, backlog = read
        outcome = await _named(connection, found)
        if backlog.rows:
            outcome.note = f"{backlog.rows:,} rows of the journal are not in the balances yet"
            if backlog.folded_at.timestamp():
                outcome.note += (
                    f", which tell the state of {backlog.folded_at:%Y-%m-%d %H:%M:%S} UTC"
                )
        outcomes[Check.BALANCES] = outcome


async def _totals(dsn: str, snapshot: str, outcomes: Outcomes) -> None:
    async with books.joined(dsn, snapshot) as connection:
        agencies = await books.agencies(connection)
        found = await books.totals(connection, {agency: level1(agency) for agency in agencies})
        outcomes[Check.TOTALS] = await _named(connection, found)


async def _late(dsn: str, snapshot: str, outcomes: Outcomes, zone: Zone) -> None:
    async with books.joined(dsn, snapshot) as connection:
        found, kept_from = await books.late_lines(connection, zone)
        outcome = outcomes[Check.LATE] = await _named(connection, found)
        if kept_from:
            outcome.note = f"kept after the journal's number {kept_from:,}"


async def _readings(dsn: str, snapshot: str, outcomes: Outcomes, wrong: set[int]) -> None:
    async with books.joined(dsn, snapshot) as connection:
        found = await reconcile_sums.kept_sums(connection)
        wrong |= found.numbers
        outcome = outcomes[Check.READINGS] = Outcome(
            found.compared,
            found.differing,
            first=[
                {"account": _kept_in_words(one), "journal": one.ours, "other": one.theirs}
                for one in found.first
            ],
            note=f"in {found.sums:,} sums",
        )
        if found.filling:
            outcome.note += f", of which {found.filling:,} are not filled to their end"


async def _named(connection: Any, found: Found) -> Outcome:
    cells = await Ledger(connection).cells(
        {one.cell for one in found.first if one.cell is not None}
    )
    return Outcome(
        found.compared,
        found.differing,
        first=[
            {"account": _account(one, cells.get(one.cell or 0)), **_sides(one)}
            for one in found.first
        ],
    )


def _sides(one: Difference) -> dict[str, int]:
    return {"journal": one.ours, "other": one.theirs}


def _kept_in_words(one: Kept) -> str:
    if one.what in ("agency", "last day"):
        if one.place:
            return f"agency {one.place}, which sums are kept of and which no reading is told of"
        return f"last day on which anything is booked, up to {date_of(one.day).isoformat()}"
    given = [
        _sum_in_words(one.sum) if one.sum else "a sum that nobody asks for",
        f"{'all of' if one.reach else 'agency'} {one.place or 'unsaid'}",
    ]
    if one.day == LOWEST:
        given.append("all time")
    elif one.what == "day":
        given.append(f"day {date_of(one.day).isoformat()}")
    else:
        given.append(f"month {date_of(one.day):%Y-%m}")
    if one.what == "procedure":
        given.append(f"procedure {one.procedure or 'unsaid'}")
    elif one.what == "procedures":
        given.append("procedures counted")
    return ", ".join(given)


def _sum_in_words(asked: Sum) -> str:
    names = [f"{'less ' if weight < 0 else ''}{name_of(m)}" for m, weight in asked.measures]
    said = [" + ".join(names).replace("+ less", "less")]
    said += [
        f"{dimension} {value}"
        for dimension, value in (("channel", asked.channel), ("level", asked.level))
        if value
    ]
    if (asked.first_slot, asked.last_slot) != (LOWEST, HIGHEST):
        last = "on" if asked.last_slot == HIGHEST else f"to {asked.last_slot}"
        said.append(f"slots {asked.first_slot} {last}")
    if asked.due:
        said.append("when it falls due")
    for word, traits in (
        ("with", asked.having),
        ("without", asked.lacking),
        ("with any of", asked.any_of),
    ):
        if traits:
            said.append(f"{word} {' '.join(str(one.name).lower() for one in traits)}")
    return " ".join(said)


def _account(one: Difference, cell: Cell | None) -> str:
    if one.cell is None:  # of the totals
        cell = Cell(one.agency, "", "", one.channel, "", one.level)
    elif cell is None:
        cell = Cell(f"cell {one.cell}, which does not exist", "", "", 0, "", 0)
    parts = [in_words(one.measure, cell, one.day, one.slot)]
    if one.cell is None:
        parts.append(f"class {BookingClass(one.booking_class).name.lower()}")
    return ", ".join(parts)


# -- dossiers, one after another --------------------------------------------------------------


async def _dossiers(dsn: str, clerks: "Clerks", progress: Progress) -> Outcome:
    outcome = Outcome()
    async with books.connected(dsn) as connection:
        task = progress.add_task("dossiers", total=await books.about_how_many(connection))

        async for refolded in clerks.run(
            Clerk.refold, books.ranges(connection, RANGE_DOSSIERS)
        ):
            outcome.compared += refolded.compared
            outcome.stale += refolded.stale
            outcome.differing += len(refolded.differing)
            outcome.first += [
                {"dossier": key, "says": says} for key, says in refolded.differing
            ][: NAMED - len(outcome.first)]
            progress.advance(task, refolded.compared + refolded.stale)
    if outcome.stale:
        outcome.note = (
            f"{outcome.stale:,} booked under another policy or other rules, so not compared"
        )
    return outcome


# -- who does the work ------------------------------------------------------------------------


class Clerk:
    """Reads and folds; one a process."""

    def __init__(self, dsn: str, policy: Policy) -> None:
        self._dsn = dsn
        self._policy = policy
        self._stack = AsyncExitStack()
        self._connection: Any = None
        self._snapshot = ""
        self._refolder: Refolder | None = None

    async def sums(self, snapshot: str, block: int) -> bytes:
        """What the dossiers of some blocks have booked, as of the snapshot."""
        if self._snapshot != snapshot:
            await self.close()
            self._connection = await self._stack.enter_async_context(
                books.joined(self._dsn, snapshot)
            )
            self._snapshot = snapshot
        return books.entry_rows(await books.booked_in(self._connection, block))

    async def refold(self, after: str, until: str | None) -> Refolded:
        """What differs among the dossiers of a range."""
        if self._refolder is None:
            await self.close()
            self._connection = await self._stack.enter_async_context(books.connected(self._dsn))
            self._refolder = Refolder(self._connection, self._policy)
        return await self._refolder.refold(after, until)

    async def close(self) -> None:
        """Let the ledger go."""
        await self._stack.aclose()
        self._snapshot, self._refolder = "", None


Errand = Callable[..., Awaitable[T]]


class Clerks:
    """One clerk here, or several in processes of their own."""

    def __init__(self, own: Clerk, pool: ProcessPoolExecutor | None, jobs: int) -> None:
        self._own = own
        self._pool = pool
        self._at_once = 2 * jobs

    async def run(
        self,
        errand: Errand[T],
        given: Iterable[tuple[Any, ...]] | AsyncIterator[tuple[Any, ...]],
    ) -> AsyncIterator[T]:
        """The results of an errand for each of the arguments, in their order."""
        under_way: deque[asyncio.Future[T]] = deque()
        async for arguments in _each(given):
            if self._pool is None:
                yield await errand(self._own, *arguments)
                continue
            loop = asyncio.get_running_loop()
            under_way.append(
                loop.run_in_executor(self._pool, _sent, errand.__name__, arguments)
            )
            if len(under_way) >= self._at_once:
                yield await under_way.popleft()
        while under_way:
            yield await under_way.popleft()


async def _each(
    given: Iterable[tuple[Any, ...]] | AsyncIterator[tuple[Any, ...]],
) -> AsyncIterator[tuple[Any, ...]]:
    if isinstance(given, AsyncIterator):
        async for one in given:
            yield one
    else:
        for one in given:
            yield one


@asynccontextmanager
async def _clerks(dsn: str, rules: ReferenceSet, jobs: int) -> AsyncIterator[Clerks]:
    own = Clerk(dsn, policy_of(rules))
    pool = None
    if jobs > 1:
        # Processes made anew: one forked would share the ledger's connection.
        pool = ProcessPoolExecutor(
            jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(dsn, rules)
        )
    try:
        yield Clerks(own, pool, jobs)
    finally:
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)
        await own.close()


class _Process:
    """A process of clerks: its clerk, and the loop that this works on."""

    clerk: Clerk
    runner: asyncio.Runner


def _begin(dsn: str, rules: ReferenceSet) -> None:
    """In a process of clerks: Ctrl-C is for whoever started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _Process.runner = asyncio.Runner()
    _Process.clerk = Clerk(dsn, policy_of(rules))


def _sent(errand: str, arguments: tuple[Any, ...]) -> Any:
    return _Process.runner.run(getattr(_Process.clerk, errand)(*arguments))


def default_jobs() -> int:
    """As many as there are cores, within reason."""
    return min(os.cpu_count() or 1, 8)


# -- what is said -----------------------------------------------------------------------------

_WHAT: Final = {
    Check.BALANCES: ("accounts", "journal", "balance"),
    Check.TOTALS: ("accounts", "journal", "total"),
    Check.ENTRIES: ("accounts", "journal", "dossiers"),
    Check.DOSSIERS: ("dossiers", "", ""),
    Check.LATE: ("accounts", "journal", "kept"),
    Check.READINGS: ("amounts", "journal", "kept"),
}


def _lines(outcomes: Outcomes) -> Iterable[str]:
    for check, outcome in outcomes.items():
        things, ours, theirs = _WHAT[check]
        found = f"{outcome.differing:,} of {outcome.compared:,} {things} differ"
        if not outcome.differing:
            found = f"{outcome.compared:,} {things} agree"
        yield f"{check:<9} {found}" + (f"; {outcome.note}" if outcome.note else "")
        for one in outcome.first:
            if "dossier" in one:
                yield f"          {one['dossier']}: {one['says']}"
            else:
                yield (
                    f"          {one['account']}:"
                    f" {ours} {one['journal']:,}, {theirs} {one['other']:,}"
                )
        if outcome.differing > len(outcome.first):
            yield f"          and {outcome.differing - len(outcome.first):,} more"
