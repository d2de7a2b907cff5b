"""`emc demo --incident`: something goes wrong as scripted; the right alert must come, and no other."""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from agents.demo.alarm import Alarm, now_ms, set_alarm, told_of
from agents.demo.bell import Ring
from agents.demo.feed import Feed, Given
from agents.demo.incidents import (
    INCIDENTS,
    PAST_DAYS,
    PORTAL,
    Incident,
    Of,
    Times,
    Told,
    asking,
    going_on,
    together,
    worked,
)
from agents.demo.interrupt import unless
from agents.demo.registered import enter, portal, system
from agents.demo.scrape import gauges, scrape
from agents.demo.service import Running, migrated, whole_service
from agents.demo.standby import standby
from agents.demo.watch import Rules, installed
from monitor.domain.policy import Precision
from monitor.domain.zone import HO_CHI_MINH, Zone, date_of
from schemas import SIGNALS, encode, key
from schemas.event import StateChanged

SOON: Final = 60  # times shorter than in production, unless asked otherwise
_ZONE: Final = Zone(HO_CHI_MINH)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many times faster than in production somebody waits."""

    times: int

    @property
    def soon(self) -> bool:
        return self.times > 1

    @property
    def calm_s(self) -> float:
        """Before the incident: what is wrong with the demo itself shows here."""
        return 10 if self.soon else 180

    @property
    def settle_s(self) -> float:
        """After the alert: what else it raises shows here."""
        return 15 if self.soon else 300

    @property
    def patience_s(self) -> float:
        """For the alert to come."""
        return 180 if self.soon else 2 * 3600

    @property
    def look_s(self) -> float:
        """Between two looks at what has come."""
        return 1 if self.soon else 5

    @property
    def beat_ms(self) -> int:
        return 10_000 if self.soon else 60_000


@dataclass(slots=True)
class Story:
    """One incident where it is played, and how it went so far."""

    name: str
    times: Times
    met: Ring | None = None  # the alert that had to come

    @property
    def incident(self) -> Incident:
        return INCIDENTS[self.name]

    @property
    def what(self) -> str:
        return self.incident.what.format(agency=self.times.agency)

    @property
    def over(self) -> bool:
        """Whether nothing more has to come of it."""
        return self.met is not None or not self.incident.alert

    @property
    def took_s(self) -> float | None:
        """Until the alert was here."""
        return None if self.met is None else (self.met.came_ms - self.times.begins_ms) / 1000

    def meant(self, ring: Ring) -> bool:
        """Whether it is the alert that must come, by the right route, and not before its time."""
        return (
            ring.name == self.incident.alert
            and ring.receiver == self.incident.severity
            and self.incident.labels(self.times).items() <= ring.labels.items()
            and ring.came_ms >= self.times.begins_ms
        )

    def verdict(self) -> str:
        """One line."""
        if not self.incident.alert:
            return f"{self.name}: no alert expected"
        if self.met is None:
            return f"{self.name}: expected {self.incident.alert}, and it did not come"
        return (
            f"{self.name}: expected {self.incident.alert}, received at"
            f" '{self.met.receiver}' after {self.took_s:.0f} s"
        )


@dataclass(slots=True)
class Evening:
    """All that is played at once, and what came of it."""

    stories: list[Story]
    others: list[Ring] = field(default_factory=list)  # pages and tickets that nobody meant
    rung: int = 0

    @property
    def begins_ms(self) -> int:
        return self.stories[0].times.begins_ms

    @property
    def over(self) -> bool:
        return all(story.over for story in self.stories)

    @property
    def right(self) -> bool:
        return self.over and not self.others

    def hear(self, rings: Sequence[Ring]) -> list[Ring]:
        """Those that are new, sorted into expected and others."""
        new = list(rings[self.rung :])
        self.rung = len(rings)
        for ring in filter(lambda ring: ring.firing, new):
            meant = [story for story in self.stories if story.meant(ring)]
            for story in meant:
                story.met = story.met or ring
            if not meant and ring.severity in ("page", "ticket"):
                self.others.append(ring)
        return new

    def verdict(self) -> list[str]:
        """A line each, and one on what else there was."""
        names = sorted({ring.name for ring in self.others})
        return [
            *(story.verdict() for story in self.stories),
            f"others raised: {', '.join(names) or 'none'}",
        ]


# Other provinces, at their ordinary work: what a step takes elsewhere is known from them.
PEERS: Final = ("H05", "H12", "H14", "H18", "H19", "H20", "H21", "H26", "H29", "H36")
# Where each is played when all are: none about the same system or agency.
PLACES: Final = ("H56", "H41", "H27", "H44", "H17", "H15")
ALL: Final = "all"


def chosen(name: str) -> dict[str, str]:
    """The incidents that a name means, and the agency of each."""
    if name != ALL:
        return {name: PLACES[0]}
    real = [name for name, incident in INCIDENTS.items() if incident.alert]
    return dict(zip(real, PLACES, strict=True))


async def play(
    name: str,
    *,
    seed: int,
    pace: int,
    rules: Rules,
    shipped: Path,
    console: Console,
    stop: asyncio.Event,
    stay: bool = False,
) -> Evening:
    """Play an incident, or all of them at once; with `stay` all goes on until `stop` then.

    Raises `NotWatched` where there is nothing to raise alerts, and `Interrupted` where `stop` came
    before it was known how it ends: of what was not waited for there is no verdict.
    """
    async with AsyncExitStack() as stack:
        async with unless(stop):
            evening = await _until_told(
                stack,
                name,
                seed=seed,
                pace=pace,
                rules=rules,
                shipped=shipped,
                console=console,
                stop=stop,
            )
        if stay and not stop.is_set():
            console.print("staying until Ctrl-C")
            await stop.wait()
    return evening


async def _until_told(
    stack: AsyncExitStack,
    name: str,
    *,
    seed: int,
    pace: int,
    rules: Rules,
    shipped: Path,
    console: Console,
    stop: asyncio.Event,
) -> Evening:
    """All of it to the verdict; what was started ends with the stack."""
    tools, speed = installed(), Pace(pace)
    own = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="emc-reference-")))
    reference = standby(shipped, own, soon=speed.soon)
    files = rules(reference, pace)
    console.print("Starting broker, PostgreSQL, worker, ingest and serve ...")
    service = await stack.enter_async_context(
        whole_service(
            zone=HO_CHI_MINH,
            precision=Precision.INSTANT,
            reference=reference,
            connections=True,
            brisk=speed.soon,
        )
    )
    past_ms = now_ms()
    stories = [
        Story(
            one,
            Times(
                agency=agency,
                seed=seed,
                now_ms=past_ms,
                begins_ms=past_ms,
                beat_ms=speed.beat_ms,
            ),
        )
        for one, agency in chosen(name).items()
    ]
    peers = [replace(stories[0].times, agency=agency) for agency in PEERS]
    feeds = (
        await stack.enter_async_context(Feed.open(service.kafka, service.topic)),
        await stack.enter_async_context(Feed.open(service.kafka, SIGNALS.name)),
    )
    console.print(f"Feeding the {PAST_DAYS} days before ...")
    await _enter(service, past_ms, [*(story.times for story in stories), *peers])
    await _send(
        feeds,
        [
            *(story.incident.past(story.times) for story in stories),
            *(worked(times) for times in peers),
        ],
    )
    await _booked(service, feeds[0])

    # Hearts beat before anybody looks.
    begins_ms = now_ms() + int(speed.calm_s * 1000)
    for story in stories:
        story.times = replace(story.times, begins_ms=begins_ms)
    present = [
        *(story.incident.present(story.times) for story in stories),
        *(going_on(times) for times in peers),
        asking(stories[0].times, _failing(stories)),
    ]
    feeding = asyncio.create_task(_send(feeds, present, stop))
    stack.push_async_callback(_ended, feeding)
    alarm = await stack.enter_async_context(set_alarm(service, tools, files, pace))
    for what, where in await addresses(service, alarm):
        console.print(f"{what:<23}{where}", soft_wrap=True)  # whole, to be copied
    evening = Evening(stories)
    await _look(evening, speed, service, alarm, feeding, feeds[0], console)
    return evening


async def _ended(feeding: "asyncio.Task[None]") -> None:
    feeding.cancel()
    await asyncio.wait({feeding})


async def addresses(service: Running, alarm: Alarm) -> list[tuple[str, str]]:
    """Where to look."""
    return [
        ("metrics of the ledger", f"{service.address}/metrics"),
        *await alarm.addresses(),
        ("Kafka", service.kafka),
        ("PostgreSQL", service.database),
        ("end", "Ctrl-C"),
    ]


# -- what is sent --------------------------------------------------------------------------------


def _failing(stories: Sequence[Story]) -> Callable[[int], int]:
    """Of a hundred requests at a time, where a portal is to fail."""
    failing = [story.times.begins_ms for story in stories if story.incident.of is Of.PORTAL]
    return lambda at: 60 if failing and at >= failing[0] else 0


async def _enter(service: Running, past_ms: int, played: Iterable[Times]) -> None:
    """Who sends, into the register; the portal since today."""
    today = _ZONE.day(past_ms)
    since = date_of(today - PAST_DAYS)
    await migrated(service)
    await enter(
        service.database,
        [*(system(times.source, since) for times in played), portal(PORTAL, date_of(today))],
    )


async def _send(
    feeds: tuple[Feed, Feed],
    scripts: Iterable[Iterator[Told]],
    stop: asyncio.Event | None = None,
) -> None:
    """What scripts tell, each when it is due; the past at once."""
    for told in together(*scripts):
        ahead_ms = told.at_ms - now_ms()
        if ahead_ms > 0:
            await asyncio.sleep(ahead_ms / 1000)
        if stop is not None and stop.is_set():
            return
        event = told.event
        feed = feeds[not isinstance(event, StateChanged)]
        await feed.send([Given(key(event), encode(event), told.at_ms)])
    for feed in feeds:
        await feed.flush()


async def _booked(service: Running, feed: Feed) -> None:
    """Wait until what was fed is booked, counted and judged."""
    metrics = f"{service.address}/metrics"
    while True:
        service.check()
        shown = await asyncio.to_thread(scrape, metrics)
        if sum(shown.records.values()) >= feed.sent:
            break
        await asyncio.sleep(0.3)
    booked_s = time.time()
    while True:
        service.check()
        found = await asyncio.to_thread(gauges, metrics)
        judged = found.get("emc_sources_judged_timestamp_seconds", 0)
        if found.get("emc_sent_backlog_rows") == 0 and judged > booked_s:
            return
        await asyncio.sleep(0.3)


# -- what is seen --------------------------------------------------------------------------------


async def _look(
    evening: Evening,
    pace: Pace,
    service: Running,
    alarm: Alarm,
    feeding: "asyncio.Task[None]",
    feed: Feed,
    console: Console,
) -> None:
    """Print alerts as they come, until the story is over."""
    begun = False
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while True:
            service.check()
            alarm.watch.check()
            if feeding.done():
                feeding.result()
            now = now_ms()
            if not begun and now >= evening.begins_ms:
                begun = True
                for story in evening.stories:
                    console.print(f"it begins: {story.what}", markup=False)
            for ring in evening.hear(alarm.bell.rung):
                line = told_of(ring, evening.begins_ms if begun else 0)
                console.print(line, markup=False, soft_wrap=True)
            if _over(evening, pace, now):
                return
            shown = await asyncio.to_thread(scrape, f"{service.address}/metrics")
            figures = _line(evening, shown.total("open"), feed, now)
            live.update(Group(_table(await alarm.watch.alerts()), figures))
            await asyncio.sleep(pace.look_s)


def _over(evening: Evening, pace: Pace, at_ms: int) -> bool:
    """Once the last has come and settled, or patience has ended."""
    since_ms = at_ms - evening.begins_ms
    if not evening.over:
        return since_ms >= pace.patience_s * 1000
    last = max((story.took_s or pace.calm_s for story in evening.stories), default=0)
    return since_ms >= (last + pace.settle_s) * 1000


def _table(alerts: Iterable[Any]) -> Table:
    table = Table(box=None, padding=(0, 2))
    for column in ("alert", "state", "severity", "of"):
        table.add_column(column)
    for alert in alerts:
        labels = alert["labels"]
        of = labels.get("source") or labels.get("agency") or ""
        table.add_row(labels["alertname"], alert["state"], labels.get("severity", ""), of)
    return table


def _line(evening: Evening, still_open: int, feed: Feed, at_ms: int) -> Text:
    since = (at_ms - evening.begins_ms) / 1000
    when = f"{since:.0f} s since it began" if since >= 0 else f"begins in {-since:.0f} s"
    return Text(
        f"  {when}; {feed.sent:,} events sent, {still_open:,} dossiers open", style="dim"
    )
