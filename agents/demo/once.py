"""`emc demo --once`: the whole path to the end of its input, held against a recount."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from agents.demo.feed import Feed, Given
from agents.demo.scrape import FLOWS, WHOLE, Place, Scrape, scrape
from agents.demo.service import whole_service
from agents.recount import Recount, Result
from monitor.domain.policy import Precision

STALL_SECONDS = 60
FIGURES = (*FLOWS, "open", "in_process", "paused", "open_overdue")
_CHANNELS = {0: "unsaid", 1: "direct", 2: "online", 3: "postal"}
_LEVELS = {0: "unsaid", 2: "2", 3: "3", 4: "4"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of one place that the scrape and the recount do not agree on."""

    name: str
    place: Place
    shown: int
    recounted: int


async def once(
    records: Iterable[Given],
    *,
    zone: str,
    precision: Precision,
    expected: int | None,
    console: Console,
    reference: Path | None = None,
) -> int:
    """Feed all records, wait until they are booked, compare; the exit status."""
    recount = Recount()
    progress = Progress(
        TextColumn("{task.description:>8}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    async with whole_service(zone=zone, precision=precision, reference=reference) as service:
        metrics = f"{service.address}/metrics"
        console.print(f"metrics   {metrics}\nworker    {service.worker_metrics}")
        with progress:
            feeding = progress.add_task("fed", total=expected)
            booking = progress.add_task("booked", total=expected)
            async with Feed.open(service.kafka, service.topic) as feed:
                for chunk in _chunks(_counted(records, recount), 1_000):
                    await feed.send(chunk)
                    progress.update(feeding, completed=feed.sent)
            progress.update(feeding, total=feed.sent)
            progress.update(booking, total=feed.sent)
            moved, booked = time.monotonic(), -1
            while booked < feed.sent:
                service.check()
                shown = await asyncio.to_thread(scrape, metrics)
                if (now := sum(shown.records.values())) != booked:
                    moved, booked = time.monotonic(), now
                    progress.update(booking, completed=booked)
                elif time.monotonic() - moved > STALL_SECONDS:
                    console.print(f"nothing was booked for {STALL_SECONDS} s", style="red")
                    break
                if booked < feed.sent:
                    await asyncio.sleep(0.2)
        # What is overdue to the instant may change between the scrape and the recount.
        attempts = 3
        while True:
            shown = await asyncio.to_thread(scrape, metrics)
            result = recount.result(
                zone=zone, precision=precision.value, as_of_ms=time.time_ns() // 1_000_000
            )
            differences = compare(shown, result)
            attempts -= 1
            if not differences or not attempts:
                break
    _print(console, shown, result, differences)
    return 1 if differences else 0


def compare(shown: Scrape, result: Result) -> list[Difference]:
    """Every figure of every place, and the counts of records."""
    recounted: dict[str, dict[Place, int]] = {name: {} for name in FIGURES}
    for (agency, channel, level), counts in result.by.items():
        detail = agency, _CHANNELS.get(channel, "unsaid"), _LEVELS.get(level, "unsaid")
        for name in FIGURES:
            place = (agency, "", "") if name in WHOLE else detail
            figure = getattr(counts, "refused_dossiers" if name == "refused" else name)
            recounted[name][place] = recounted[name].get(place, 0) + figure
    differences = []
    for name in FIGURES:
        for place in sorted(recounted[name].keys() | shown.figures[name].keys()):
            ours, theirs = shown.figures[name].get(place, 0), recounted[name].get(place, 0)
            if ours != theirs:
                differences.append(Difference(name, place, ours, theirs))
    for outcome in ("counted", "duplicate", "refused"):
        theirs = getattr(result, "duplicates" if outcome == "duplicate" else outcome)
        if shown.records[outcome] != theirs:
            place = "records", "", ""
            differences.append(Difference(outcome, place, shown.records[outcome], theirs))
    return differences


def _print(
    console: Console, shown: Scrape, result: Result, differences: list[Difference]
) -> None:
    table = Table(title="A scrape of /metrics, and an independent count of the input")
    for column, justify in (("figure", "left"), ("/metrics", "right"), ("recount", "right")):
        table.add_column(column, justify=justify)  # type: ignore[arg-type]
    table.add_row("records", str(sum(shown.records.values())), str(result.records))
    for outcome, attribute in (
        ("counted", "counted"),
        ("duplicate", "duplicates"),
        ("refused", "refused"),
    ):
        table.add_row(
            f"  {outcome}", str(shown.records[outcome]), str(getattr(result, attribute))
        )
    for name in FIGURES:
        attribute = "refused_dossiers" if name == "refused" else name
        table.add_row(name, str(shown.total(name)), str(getattr(result.totals, attribute)))
    console.print(table)
    if not differences:
        places = len(result.by)
        console.print(
            f"equal, in every figure of {places} agency × channel × level", style="green"
        )
        return
    console.print(f"{len(differences)} figures differ:", style="red")
    for difference in differences[:20]:
        console.print(
            f"  {difference.name} {'/'.join(difference.place)}:"
            f" /metrics {difference.shown}, recount {difference.recounted}"
        )


def _counted(records: Iterable[Given], recount: Recount) -> Iterator[Given]:
    for record in records:
        recount.add(record.value, record.timestamp_ms)
        yield record


def _chunks(records: Iterator[Given], size: int) -> Iterator[list[Given]]:
    chunk: list[Given] = []
    for record in records:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
