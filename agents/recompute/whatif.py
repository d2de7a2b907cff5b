"""What would change under another policy: every dossier posted anew, nothing written."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import asyncpg

from agents.subjects import stand
from monitor.domain.codes import level1
from monitor.domain.measures import CATALOGUE, CONSUMED_BINS, SHOWN
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.ledger.forms import RETIRED, Forms
from monitor.ledger.ledger import Ledger
from monitor.ledger.packing import unpack_entries
from monitor.ledger.recompute import RANGE_DOSSIERS
from monitor.reference.sets import ReferenceSet, policy_of

NAMES: Final = {definition.measure: definition.name for definition in CATALOGUE}


class Figure(NamedTuple):
    """A published number: a measure with what it is broken down by."""

    measure: int
    agency: str  # level 1, as booked
    channel: int
    level: int

    @classmethod
    def of(cls, measure: int, cell: Cell) -> "Figure":
        """Where an entry shows; bins are shown together, by agency only."""
        if measure in CONSUMED_BINS:
            return cls(CONSUMED_BINS[0], level1(cell.agency), 0, 0)
        return cls(measure, level1(cell.agency), cell.channel, cell.level)

    @property
    def name(self) -> str:
        return "deadline_consumed" if self.measure in CONSUMED_BINS else NAMES[self.measure]


@dataclass(slots=True)
class Change:
    """What becomes of a figure. Stocks and bins may move within it: up and down, no change."""

    before: int = 0
    up: int = 0
    down: int = 0
    dossiers: int = 0  # whose entries there differ

    @property
    def after(self) -> int:
        return self.before + self.up - self.down

    def add(self, before: int, up: int, down: int, dossiers: int) -> None:
        self.before += before
        self.up += up
        self.down += down
        self.dossiers += dossiers


@dataclass(slots=True)
class WhatIf:
    """What would change, of so many dossiers."""

    dossiers: int = 0
    differing: int = 0
    figures: dict[Figure, Change] = field(default_factory=dict)

    def changed(self) -> dict[Figure, Change]:
        """Those figures that would change, in the order of the catalogue."""
        return {
            figure: change
            for figure, change in sorted(self.figures.items())
            if change.up or change.down
        }

    def add(self, part: Any) -> None:
        """A part as `packed` made it."""
        dossiers, differing, rows = part
        self.dossiers += dossiers
        self.differing += differing
        for measure, agency, channel, level, *amounts in rows:
            figure = Figure(measure, agency, channel, level)
            self.figures.setdefault(figure, Change()).add(*amounts)

    def packed(self) -> Any:
        return (
            self.dossiers,
            self.differing,
            [
                (*figure, change.before, change.up, change.down, change.dossiers)
                for figure, change in self.figures.items()
            ],
        )

    def hear(self, booked: dict[Any, int], books: dict[Any, int]) -> None:
        """Take a dossier in: what it has booked, what it would; by (measure, cell, day, slot)."""
        self.dossiers += 1
        differs = set()
        for entry in booked.keys() | books.keys():
            measure, cell, _, _ = entry
            if measure not in SHOWN:
                continue
            figure = Figure.of(measure, cell)
            change = self.figures.setdefault(figure, Change())
            before = booked.get(entry, 0)
            change.before += before
            if moved := books.get(entry, 0) - before:
                differs.add(figure)
                if moved > 0:
                    change.up += moved
                else:
                    change.down -= moved
        for figure in differs:
            self.figures[figure].dossiers += 1
        self.differing += bool(differs)


@dataclass(slots=True)
class _Row:
    key: str
    events: bytes
    booked: bytes
    form: int
    booked_form: int


async def examine(
    connection: Any, ledger: Ledger, policy: Policy, after: str, until: str
) -> WhatIf:
    """The dossiers with keys after one up to another."""
    found = WhatIf()
    rows = [
        _Row(*row)
        for row in await connection.fetch(
            "SELECT key, events, booked, form, booked_form FROM booked_now"
            " WHERE key > $1 AND key <= $2 AND form <> $3",
            after,
            until,
            RETIRED,
        )
    ]
    await Forms(connection).open(rows)
    entries = [unpack_entries(row.booked) for row in rows]
    cells = await ledger.cells({entry[1] for booked in entries for entry in booked})
    for row, numbered in zip(rows, entries, strict=True):
        booked = {
            (measure, cells[cell], day, slot): amount
            for (measure, cell, day, slot), amount in numbered.items()
        }
        books = {
            tuple(account): amount
            for account, amount in stand(row.key, row.events, policy).entries.items()
        }
        found.hear(booked, books)
    return found


async def retired(connection: Any, ledger: Ledger) -> WhatIf:
    """What retired dossiers left: published as long as the others, and it stays as it is."""
    found = WhatIf()
    rows = await connection.fetch(
        "SELECT measure, cell, sum(amount)::int8 AS amount FROM retired_sum GROUP BY 1, 2"
    )
    cells = await ledger.cells({row["cell"] for row in rows})
    for measure, cell, amount in rows:
        if measure in SHOWN:
            figure = Figure.of(measure, cells[cell])
            found.figures.setdefault(figure, Change()).before += amount
    return found


async def ranges(
    connection: Any, dossiers: int = RANGE_DOSSIERS
) -> AsyncIterator[tuple[str, str]]:
    """Keys after one up to another, so many dossiers at a time."""
    after = ""
    while True:
        until = await connection.fetchval(
            "SELECT max(key) FROM (SELECT key FROM dossier WHERE key > $1 ORDER BY key"
            " LIMIT $2) AS page",
            after,
            dossiers,
        )
        if until is None:
            return
        yield after, until
        after = until


async def what_if(
    dsn: str, reference: ReferenceSet, *, jobs: int, tell: Callable[[int, int], None]
) -> WhatIf:
    """Examine every dossier in several processes; `tell` hears how many of how many are done.

    Raises one of `UNAVAILABLE` if the ledger does not answer, `RuntimeError` if a process ends.
    """
    connection = await asyncpg.connect(dsn)
    try:
        total = await connection.fetchval(
            "SELECT count(*) FROM dossier WHERE form <> $1", RETIRED
        )
        pages = ranges(connection)
        async with Ledger.open(dsn, connections=1) as ledger:
            found = await retired(connection, ledger)
        turn = asyncio.Lock()

        async def ask(child: asyncio.subprocess.Process) -> None:
            assert child.stdin is not None  # noqa: S101 - it was asked for
            assert child.stdout is not None  # noqa: S101
            files = {
                path: content.decode("latin-1") for path, content in reference.files.items()
            }
            child.stdin.write(json.dumps((reference.hash, files)).encode() + b"\n")
            while True:
                async with turn:
                    page = await anext(pages, None)
                if page is None:
                    child.stdin.close()
                    return
                child.stdin.write(json.dumps(page).encode() + b"\n")
                await child.stdin.drain()
                line = await child.stdout.readline()
                if not line:
                    raise RuntimeError("a process that examines dossiers has ended (see above)")
                found.add(json.loads(line))
                tell(found.dossiers, total)

        children = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "agents.recompute.whatif",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1 << 26,
                env={**os.environ, "EMC_DATABASE": dsn},
            )
            for _ in range(jobs)
        ]
        try:
            await asyncio.gather(*map(ask, children))
        finally:
            for child in children:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
    finally:
        await connection.close()
    return found


async def _answer(dsn: str, lines: Iterable[str]) -> None:
    asked = iter(lines)
    hash_, files = json.loads(next(asked))
    policy = policy_of(
        ReferenceSet(hash_, {path: text.encode("latin-1") for path, text in files.items()})
    )
    connection = await asyncpg.connect(dsn)
    async with Ledger.open(dsn, connections=1) as ledger:
        for line in asked:
            part = await examine(connection, ledger, policy, *json.loads(line))
            sys.stdout.write(json.dumps(part.packed()) + "\n")
            sys.stdout.flush()
    await connection.close()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    asyncio.run(_answer(os.environ["EMC_DATABASE"], sys.stdin))
