"""`emc demo`: a plausible country, live, until Ctrl-C."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.demo.alarm import Alarm, set_alarm, told_of
from agents.demo.feed import Feed, Given
from agents.demo.interrupt import unless
from agents.demo.registered import enter, pass_for_the_console, system
from agents.demo.scrape import Scrape, scrape
from agents.demo.service import Running, migrated, whole_service
from agents.demo.watch import NotWatched, Rules, Tools, installed
from agents.generate.country import load
from agents.generate.model import PETITIONS, Record, Scenario, live
from agents.settings import Settings
from monitor.domain.policy import Precision
from monitor.domain.zone import date_of

REFRESH_SECONDS = 1.0
AT_MOST_BEHIND_MS = 50  # records due within this are sent together


async def show(
    scenario: Scenario,
    *,
    speed: int,
    console: Console,
    stop: asyncio.Event,
    rules: Rules,
    reference: Path | None = None,
) -> int:
    """Run the service on a country's dossiers; returns the exit status once `stop` is set."""
    settings = Settings.from_environment()
    tools = _tools(reference, console)
    console.print("Starting broker, PostgreSQL, worker and serve ...")
    async with AsyncExitStack() as stack:
        async with unless(stop):
            service = await stack.enter_async_context(
                whole_service(
                    zone=settings.zone,
                    precision=Precision.INSTANT,
                    reference=reference,
                    connections=tools is not None,
                )
            )
            feed = await stack.enter_async_context(Feed.open(service.kafka, service.topic))
            await migrated(service)
            token = await pass_for_the_console(service.database)
            for what, where in _addresses(service, token):
                console.print(f"{what:<23}{where}", soft_wrap=True)  # whole, to be copied
            alarm = None
            if tools is not None and reference is not None:
                files = rules(reference, 1)
                await _enter_all(settings, service.database, time.time_ns() // 1_000_000)
                alarm = await stack.enter_async_context(set_alarm(service, tools, files))
                for what, where in await alarm.addresses():
                    console.print(f"{what:<23}{where}", soft_wrap=True)
        # Only now: a past of tens of thousands of records would hold up all of that.
        now_ms = time.time_ns() // 1_000_000
        feeding = asyncio.create_task(_feed(feed, live(scenario, now_ms, speed), stop))
        stack.callback(feeding.cancel)
        await _status(service, feed, feeding, alarm, console, stop)
        feeding.cancel()
        await asyncio.wait({feeding})
        console.print("Stopping ...")
    return 0


def _tools(reference: Path | None, console: Console) -> Tools | None:
    """What watches the service; None where something is missing, which is said in one line."""
    if reference is None:
        console.print(
            "no alerts: rules go by reference files; run in a checkout, or --reference"
        )
        return None
    try:
        return installed()
    except NotWatched as error:
        console.print(f"no alerts: {error}", markup=False)
        return None


async def _enter_all(settings: Settings, database: str, now_ms: int) -> None:
    """The country's systems, which come on board today: their history is no rhythm."""
    country, zone = load(), settings.days()
    today = date_of(zone.day(now_ms))
    codes = [f"{agency}-onestop" for agency in (*country.provinces, *country.ministries)]
    await enter(database, [system(code, today) for code in codes])


async def _feed(feed: Feed, records: Iterator[Record], stop: asyncio.Event) -> None:
    """Send each record when it is due; the past at once."""
    due: list[Given] = []
    for record in records:
        due.append(_given(record))
        ahead_ms = record.at_ms - time.time_ns() // 1_000_000
        if len(due) >= 500 or ahead_ms > AT_MOST_BEHIND_MS:
            await feed.send(due)
            due = []
            await asyncio.sleep(max(0, ahead_ms) / 1000)
        if stop.is_set():
            return


def _given(record: Record) -> Given:
    topic = PETITIONS if record.topic == PETITIONS else ""
    return Given(record.key.encode(), record.value, record.at_ms, topic)


async def _status(
    service: Running,
    feed: Feed,
    feeding: "asyncio.Task[None]",
    alarm: Alarm | None,
    console: Console,
    stop: asyncio.Event,
) -> None:
    before: tuple[float, int] | None = None
    rung = 0
    with Live(console=console, refresh_per_second=4, transient=True) as line:
        while not stop.is_set():
            service.check()
            if feeding.done():
                feeding.result()
            if alarm is not None:
                alarm.watch.check()
                for ring in alarm.bell.rung[rung:]:
                    console.print(told_of(ring), markup=False, soft_wrap=True)
                rung = len(alarm.bell.rung)
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


def _addresses(service: Running, token: str) -> list[tuple[str, str]]:
    return [
        ("open in a browser", f"{service.address}/"),
        ("sign in with", token),
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
