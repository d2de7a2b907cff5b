"""`emc demo`: a plausible country, live, until Ctrl-C."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.demo.alarm import Alarm, set_alarm, told_of
from agents.demo.feed import Feed, Given
from agents.demo.hearts import BEAT_MS, SILENT, SILENT_MS, beats, is_silent
from agents.demo.interrupt import unless
from agents.demo.past import Past, Unsealed, given, last_month, lived
from agents.demo.registered import enter, passes_for_the_console, system
from agents.demo.scrape import Scrape, scraped
from agents.demo.service import Running, migrated, whole_service
from agents.demo.watch import NotWatched, Rules, Tools, installed
from agents.generate.country import load
from agents.generate.model import Scenario, live
from agents.settings import Settings
from monitor.domain.policy import Precision
from monitor.domain.zone import date_of, day_number
from monitor.reference.agencies import load_agencies
from schemas import SIGNALS

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
    console.print("Starting broker, PostgreSQL, worker, ingest and serve ...")
    async with AsyncExitStack() as stack:
        async with unless(stop):
            unsealed = await stack.enter_async_context(Unsealed.held())
            service = await stack.enter_async_context(
                whole_service(
                    zone=settings.zone,
                    precision=Precision.INSTANT,
                    reference=reference,
                    connections=True,
                    before=unsealed.begin,
                )
            )
            feed = await stack.enter_async_context(Feed.open(service.kafka, service.topic))
            hearts = await stack.enter_async_context(Feed.open(service.kafka, SIGNALS.name))
            await migrated(service)
            now_ms = time.time_ns() // 1_000_000
            today = date_of(settings.days().day(now_ms))
            month = last_month(today)
            sources = await _enter_all(service.database, month, today, reference)
            beating = asyncio.create_task(_send(hearts, beats(sources, now_ms), stop))
            stack.callback(beating.cancel)
            days = (today - month).days + 1
            told = live(replace(scenario, days=days), now_ms, speed)
            past = Past(told, now_ms, month, partial(is_silent, now_ms=now_ms))
            late = await lived(past, service, feed, unsealed, console)
            for what, where in _addresses(
                service, await passes_for_the_console(service.database)
            ):
                console.print(f"{what:<23}{where}", soft_wrap=True)  # whole, to be copied
            alarm = None
            if tools is not None and reference is not None:
                files = rules(reference, 1)
                alarm = await stack.enter_async_context(set_alarm(service, tools, files))
                for what, where in await alarm.addresses():
                    console.print(f"{what:<23}{where}", soft_wrap=True)
            minute = settings.days().ms_of_day(now_ms - SILENT_MS) // 60_000
            console.print(
                f"{'staged':<23}{SILENT} is silent since {minute // 60:02}:{minute % 60:02};"
                f" {late} dossiers of {month:%Y-%m} were told after it was closed",
                soft_wrap=True,
            )
            console.print(f"{'end':<23}Ctrl-C")
        feeding = asyncio.create_task(_send(feed, map(given, past.present()), stop))
        stack.callback(feeding.cancel)
        await _status(service, feed, (feeding, beating), alarm, console, stop)
        for task in (feeding, beating):
            task.cancel()
        await asyncio.wait({feeding, beating})
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


async def _enter_all(
    database: str, since: date, today: date, reference: Path | None
) -> list[str]:
    """The country's systems, on board since its past began; their codes."""
    country = load()
    names = {}
    if reference is not None:
        there = load_agencies(reference / "agencies").at(day_number(today))
        names = {code: f"Một cửa {one.name}" for code, one in there.items()}
    owners = (*country.provinces, *country.ministries)
    sources = [
        replace(
            system(f"{one}-onestop", since, names.get(one, "")),
            heartbeat_seconds=BEAT_MS // 1000,
        )
        for one in owners
    ]
    await enter(database, sources)
    return [source.code for source in sources]


async def _send(feed: Feed, records: Iterable[Given], stop: asyncio.Event) -> None:
    """Send each record when it is due; what is past at once."""
    due: list[Given] = []
    for record in records:
        due.append(record)
        ahead_ms = record.timestamp_ms - time.time_ns() // 1_000_000
        if len(due) >= 500 or ahead_ms > AT_MOST_BEHIND_MS:
            await feed.send(due)
            due = []
            await asyncio.sleep(max(0, ahead_ms) / 1000)
        if stop.is_set():
            return


async def _status(
    service: Running,
    feed: Feed,
    feeding: Iterable["asyncio.Task[None]"],
    alarm: Alarm | None,
    console: Console,
    stop: asyncio.Event,
) -> None:
    before: tuple[float, int] | None = None
    rung = 0
    with Live(console=console, refresh_per_second=4, transient=True) as line:
        while not stop.is_set():
            service.check()
            for task in feeding:
                if task.done():
                    task.result()
            if alarm is not None:
                alarm.watch.check()
                for ring in alarm.bell.rung[rung:]:
                    console.print(told_of(ring), markup=False, soft_wrap=True)
                rung = len(alarm.bell.rung)
            shown = await asyncio.to_thread(scraped, f"{service.address}/metrics")
            if shown is not None:  # else what was shown last stays
                booked = sum(shown.records.values())
                now = time.monotonic()
                rate = (booked - before[1]) / (now - before[0]) if before else 0.0
                before = now, booked
                line.update(Group(_table(shown), _counts(shown, feed.sent, booked, rate)))
            try:
                await asyncio.wait_for(stop.wait(), REFRESH_SECONDS)
            except TimeoutError:
                continue


def _addresses(service: Running, passes: list[tuple[str, str]]) -> list[tuple[str, str]]:
    first, *others = (f"{token}  ({says})" for token, says in passes)
    return [
        ("open in a browser", f"{service.address}/"),
        ("sign in with", first),
        *(("or with", other) for other in others),
        ("metrics of the ledger", f"{service.address}/metrics"),
        ("metrics of the worker", service.worker_metrics),
        ("Kafka", service.kafka),
        ("PostgreSQL", service.database),
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
