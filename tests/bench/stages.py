"""`python -m tests.bench.stages`: what one event costs the worker, stage by stage, and the edge.

Each stage runs alone over the job's events in runs of some hundred, many times; the best time
counts, so that a busy machine disturbs little. No server is used, caches are warm and the
collector is off: the sum is what Python needs at least, not what a worker reaches.
"""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar

from rich.console import Console
from rich.table import Table

from agents.edge import Edge
from agents.generate.model import Record
from agents.generate.peers import job
from agents.keys import Keys
from agents.register import Snapshot
from agents.sheet import Sheet
from agents.shelf import Dossier
from monitor.domain.mandate import Mandate
from monitor.domain.policy import RULES_VERSION, Policy
from monitor.domain.post import posting
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger.packing import dossier_rows, journal_pages, total_rows
from monitor.ledger.sources import Source
from monitor.ledger.unit import BookingClass
from monitor.reference.policy import load_policy
from schemas.decode import Decoder
from schemas.event import Canonical
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused

DOSSIERS_A_STAGE: Final = 600
UNITS: Final = (
    6  # about as many events of one dossier in a unit as in a replay of the whole job
)
REPEATS: Final = 60

STAGES: Final = {
    "decode": "bytes to canonical event",
    "hear": "identity, packing of the event, advance",
    "sheet": "entries of the dossiers touched, differences, rows",
    "pack": "their binary COPY",
    "pack journal": "the journal, and its binary COPY",
    "pack totals": "the totals that are shown, and their binary COPY",
}

EDGE: Final = {
    "edge": "bytes of a source to bytes of a canonical record, an identity number hashed",
    "edge, hashed": "the same of a source that has hashed it already, or sends none",
}

T = TypeVar("T")


class Stages:
    """The best time of each stage in each unit, in seconds."""

    def __init__(self) -> None:
        self._best: dict[tuple[str, int], float] = {}

    def time(self, stage: str, unit: int, work: Callable[[], T]) -> T:
        began = perf_counter()
        result = work()
        seconds = perf_counter() - began
        self._best[stage, unit] = min(self._best.get((stage, unit), seconds), seconds)
        return result

    def seconds(self, stage: str) -> float:
        """Over all units."""
        return sum(best for (name, _), best in self._best.items() if name == stage)


class Worker:
    """The stages of a worker, without waiting for anyone."""

    def __init__(self, policy: Policy) -> None:
        self._decode = Decoder(policy.zone, DOSSIERS).decode
        self._policy = policy
        self._shelf: dict[str, Dossier] = {}
        self._numbers: dict[Cell, int] = {}
        self._cells: dict[int, Cell] = {}

    def decode(self, records: Sequence[Record]) -> list[Canonical]:
        decode = self._decode
        events = [decode(record.value, record_time_ms=record.at_ms) for record in records]
        return [event for event in events if not isinstance(event, Refused)]

    def fetch(self, events: Sequence[Canonical]) -> list[Dossier]:
        shelf = self._shelf
        return [shelf.setdefault(key, Dossier(key)) for key in {e.dossier for e in events}]

    def hear(self, events: Sequence[Canonical]) -> None:
        shelf = self._shelf
        for event in events:
            dossier = shelf[event.dossier]
            dossier.hear(event)
            dossier.gather()

    def number(self, dossiers: Sequence[Dossier]) -> None:
        for dossier in dossiers:
            made = posting(dossier.view, self._policy)
            made.cell(dossier.view.holder)
            for cell in made.cells:
                number = self._numbers.setdefault(cell, len(self._numbers))
                self._cells[number] = cell

    def book(self, dossiers: Sequence[Dossier]) -> Sheet:
        sheet = Sheet(self._numbers, self._cells)
        for dossier in dossiers:
            sheet.post(dossier, self._policy, BookingClass.LATE)
        return sheet


class Admission:
    """The edge, with every source of the job registered and its names listed."""

    def __init__(self, records: Sequence[Record]) -> None:
        events = Worker(Policy(Zone())).decode(records)
        texts = {getattr(event, field, "") for event in events for field in ("unit", "step")}
        sources = tuple(
            Source(
                code=code,
                name=code,
                owner=code[:3],
                mandates=(Mandate(code[:3]),),
                names=frozenset(texts - {"", None}),
            )
            for code in sorted({event.source for event in events})
        )
        snapshot = Snapshot(sources, 1)
        self._edge = Edge(lambda: snapshot, Keys.of("", "bench"), Zone())
        self._sources = {
            record.value: event.source for record, event in zip(records, events, strict=True)
        }

    def sent(self, records: Sequence[Record], *, clear: bool) -> list[tuple[str, bytes, int]]:
        """Source, value and arrival of each; with an identity number in clear or without."""
        return [
            (
                self._sources[record.value],
                record.value.replace(
                    b'"data":{', b'"data":{"applicant_id":"%012d",' % (79_203_001_234 + place)
                )
                if clear
                else record.value,
                record.at_ms,
            )
            for place, record in enumerate(records)
        ]

    def admit(self, sent: Sequence[tuple[str, bytes, int]]) -> None:
        admit = self._edge.admit
        for source, value, arrival_ms in sent:
            admit(source, value, (), arrival_ms)
        assert not self._edge.refused


def _journal(sheet: Sheet) -> bytes:
    return journal_pages(sheet.journal)


def _totals(sheet: Sheet) -> bytes:
    return total_rows(sheet.totals)


def measure(dossiers: int, repeats: int, policy: Policy) -> tuple[int, Stages]:
    """The number of events, and the best times of all repetitions."""
    records = list(job(dossiers))
    runs = [
        records[len(records) * unit // UNITS : len(records) * (unit + 1) // UNITS]
        for unit in range(UNITS)
    ]
    stages, admission = Stages(), Admission(records)
    for _ in range(repeats):
        worker = Worker(policy)
        for unit, run in enumerate(runs):
            for stage, clear in (("edge", True), ("edge, hashed", False)):
                sent = admission.sent(run, clear=clear)
                stages.time(stage, unit, partial(admission.admit, sent))
            events = stages.time("decode", unit, partial(worker.decode, run))
            touched = worker.fetch(events)
            stages.time("hear", unit, partial(worker.hear, events))
            worker.number(touched)
            sheet = stages.time("sheet", unit, partial(worker.book, touched))
            stages.time("pack", unit, partial(dossier_rows, sheet.dossiers, RULES_VERSION, 1))
            stages.time("pack journal", unit, partial(_journal, sheet))
            stages.time("pack totals", unit, partial(_totals, sheet))
    return len(records), stages


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--law", action="store_true", help="with the shipped reference files")
    law = parser.parse_args().law
    policy = load_policy(Path("deploy/reference")) if law else Policy(Zone())
    gc.disable()
    events, stages = measure(DOSSIERS_A_STAGE, REPEATS, policy)
    whole = sum(stages.seconds(stage) for stage in STAGES)
    table = Table(caption=f"best of {REPEATS}, {events:,} events in {UNITS} units")
    table.add_column("stage")
    table.add_column("µs an event", justify="right")
    table.add_column("share", justify="right")
    for stage, meaning in STAGES.items():
        seconds = stages.seconds(stage)
        table.add_row(
            f"{stage}: {meaning}", f"{seconds / events * 1e6:.2f}", f"{seconds / whole:.0%}"
        )
    table.add_row("sum", f"{whole / events * 1e6:.2f}", "", style="bold")
    table.add_section()
    for stage, meaning in EDGE.items():
        table.add_row(f"{stage}: {meaning}", f"{stages.seconds(stage) / events * 1e6:.2f}", "")
    Console(width=None if sys.stdout.isatty() else 100).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
