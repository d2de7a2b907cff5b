"""`emc demo`: a plausible country, live, until Ctrl-C."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.demo.feed import Feed, Given
from agents.demo.scrape import Scrape, scrape
from agents.demo.service import Running, whole_service
from agents.generate.model import Record, Scenario, live
from agents.settings import Settings
from monitor.domain.policy import Precision

REFRESH_SECONDS = 1.0
AT_MOST_BEHIND_MS = 50  # records due within this are sent together


async def show(
    scenario: Scenario,
    *,
    speed: int,
    console: Console,
    stop: asyncio.Event,
    reference: Path | None = None,
) -> int:
    """Run the service on a country's dossiers; returns the exit status once `stop` is set."""
    settings = Settings.from_environment()
    console.print("Starting broker, PostgreSQL, worker and serve ...")
    async with whole_service(
        zone=settings.zone,
        precision=Precision.INSTANT,
        reference=reference,
    ) as service:
        for what, where in _addresses(service):
            console.print(f"{what:<23}{where}", soft_wrap=True)  # whole, to be copied
        now_ms = time.time_ns() // 1_000_000
        async with Feed.open(service.kafka, service.topic) as feed:
            feeding = asyncio.create_task(_feed(feed, live(scenario, now_ms, speed), stop))
            try:
                await _status(service, feed, feeding, console, stop)
            finally:
                feeding.cancel()
                await asyncio.wait({feeding})
        console.print("Stopping ...")
    return 0


async def _feed(feed: Feed, records: Iterator[Record], stop: asyncio.Event) -> None:
    """Send each record when it is due; the past at once."""
    due: list[Given] = []
    for record in records:
        due.append(Given(record.key.encode(), record.value, record.at_ms))
        ahead_ms = record.at_ms - time.time_ns() // 1_000_000
        if len(due) >= 500 or ahead_ms > AT_MOST_BEHIND_MS:
            await feed.send(due)
            due = []
            await asyncio.sleep(max(0, ahead_ms) / 1000)
        if stop.is_set():
            return


async def _status(
    service: Running,
    feed: Feed,
    feeding: "asyncio.Task[None]",
    console: Console,
    stop: asyncio.Event,
) -> None:
    before: tuple[float, int] | None = None
    with Live(console=console, refresh_per_second=4, transient=True) as line:
        while not stop.is_set():
            service.check()
            if feeding.done():
                feeding.result()
            shown = await asyncio.to_thread(scrape, f"{service.address}/metrics")
            booked = sum(shown.records.values())
            now = time.monotonic()
            rate = (booked - before[1]) / (now - before[0]) if before else 0.0
            before = now, booked
            line.update(Group(_table(shown), _counts(shown, feed.sent, booked, rate)))
            try:
                await asyncio.wait_for(stop.wait(), REFRESH_SECONDS)
            except TimeoutError:
                continue


def _addresses(service: Running) -> list[tuple[str, str]]:
    return [
        ("start page", f"{service.address}/"),
        ("metrics of the ledger", f"{service.address}/metrics"),
        ("metrics of the worker", service.worker_metrics),
        ("Kafka", service.kafka),
        ("PostgreSQL", service.database),
        ("end", "Ctrl-C"),
    ]


def _table(shown: Scrape) -> Table:
    table = Table(box=None, padding=(0, 2))
    row = []
    for heading, name in (
        ("submitted", "submitted"),
        ("accepted", "accepted"),
        ("completed", "completed"),
        ("on time", "on_time"),
        ("late", "late"),
        ("returned", "returned"),
        ("open", "open"),
        ("overdue", "open_overdue"),
    ):
        table.add_column(heading, justify="right")
        row.append(f"{shown.total(name):,}")
    judged = shown.total("on_time") + shown.total("late")
    table.add_column("on time %", justify="right")
    row.append(f"{100 * shown.total('on_time') / judged:.1f}" if judged else "–")
    table.add_row(*row)
    return table


def _counts(shown: Scrape, sent: int, booked: int, rate: float) -> Text:
    return Text(
        f"  {booked:,} of {sent:,} records booked, {rate:,.0f}/s;"
        f" {shown.records['duplicate']:,} duplicates, {shown.records['refused']:,} refused",
        style="dim",
    )
