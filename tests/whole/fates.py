"""Ten systems with different fates, and one that comes on board: a fortnight with a Tết in it.

Two weeks of ordinary work come before, so that each system has a rhythm. In 2026 Tết is off from
Saturday 14 to Sunday 22 February; the fortnight runs from Wednesday 11 to Tuesday 24 February.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from monitor.domain.calendar import WorkCalendar
from monitor.domain.event import Kind
from monitor.domain.zone import HO_CHI_MINH, Zone, day_number
from schemas.event import (
    ClaimedCount,
    Heartbeat,
    Maintenance,
    MaintenanceReason,
    ReconciliationClaim,
    Signal,
    Snapshot,
    StateChanged,
)

ZONE: Final = Zone(HO_CHI_MINH)
HOUR: Final = 3_600_000
MINUTE: Final = 60_000
FIRST: Final = date(2026, 1, 26)
LAST: Final = date(2026, 2, 24)
A_DAY: Final = 48  # events of a system


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """An instant of 2026 in Việt Nam."""
    start = ZONE.start_of(day_number(date(2026, month, day)))
    return start + hour * HOUR + minute * MINUTE


END: Final = at(2, 24, 15)
# What happens, by the clock on the wall.
SILENT_FROM: Final = at(2, 12, 10, 20)
UNIT_GONE_FROM: Final = at(2, 11, 11)
DRIFTS_FROM: Final = day_number(date(2026, 2, 11))
AWAY: Final = (at(2, 23, 6), at(2, 25, 18))
TWICE_FROM: Final = at(2, 11)
CLOCK_OFF_FROM: Final = at(2, 12)
OUTAGE: Final = (at(2, 12, 8, 30), at(2, 13, 10))
RESENT_AT: Final = at(2, 24, 14)

SYSTEMS: Final = (
    "silent", "half-units", "drifted", "maintenance", "healthy", "never", "duplicates", "clock",
    "wrong-agency", "burst", "boarding",
)  # fmt: skip


@dataclass
class Story:
    """What the systems send, in the order of its arrival."""

    events: list[StateChanged | Snapshot] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)


def agency(system: str) -> str:
    return "H26" if system != "boarding" else "H14"


def story(calendar: WorkCalendar) -> Story:
    told = Story()
    rng = random.Random(2026)
    for system in SYSTEMS:
        for event in _life(system, calendar, rng):
            told.events += _sent(system, event)
    told.events.sort(key=lambda event: event.arrival_ms)
    told.signals = sorted(_signals(told, calendar), key=lambda signal: signal.arrival_ms)
    return told


def _life(system: str, calendar: WorkCalendar, rng: random.Random) -> Iterator[StateChanged]:
    """As the system sees it: dossiers accepted in office hours."""
    if system == "never":
        return
    number = 0
    begin = FIRST if system != "boarding" else date(2026, 2, 24)
    for day in range(day_number(begin), day_number(LAST) + 1):
        if not calendar.is_working_day(day):
            continue
        start = ZONE.start_of(day)
        for _ in range(rng.randrange(A_DAY - 8, A_DAY + 9)):
            morning = rng.random() < 0.6
            opens, closes = (7 * 60 + 30, 11 * 60 + 30) if morning else (13 * 60 + 30, 17 * 60)
            claimed = start + rng.randrange(opens * MINUTE, closes * MINUTE)
            if claimed >= END:
                continue
            number += 1
            unit = f"{agency(system)}.{1 + number % 2:02}"
            yield StateChanged(
                f"{system}|{number}", system, f"{system}-{number}", claimed,
                claimed + rng.randrange(500, 20_000), 2, "1.004194", unit, channel=2, level=4,
            )  # fmt: skip


def _sent(system: str, event: StateChanged) -> Iterator[StateChanged]:
    claimed, arrival = event.claimed_ms, event.arrival_ms
    if system == "silent" and claimed >= SILENT_FROM:
        return
    if system == "half-units" and event.agency.endswith(".02") and claimed >= UNIT_GONE_FROM:
        return
    if system == "maintenance" and AWAY[0] <= claimed < AWAY[1]:
        return
    if system == "clock" and claimed >= CLOCK_OFF_FROM:
        claimed -= HOUR
    if system == "burst" and OUTAGE[0] <= claimed < OUTAGE[1]:
        arrival = OUTAGE[1] + (claimed - OUTAGE[0]) // 1000
    moved = StateChanged(
        event.dossier, event.source, event.id, claimed, arrival, event.state, event.procedure,
        event.agency, channel=event.channel, level=event.level,
    )  # fmt: skip
    yield moved
    if system == "duplicates" and claimed >= TWICE_FROM:
        yield StateChanged(
            event.dossier, event.source, event.id, claimed, arrival + 2_000, event.state,
            event.procedure, event.agency, channel=event.channel, level=event.level,
        )  # fmt: skip


def _signals(told: Story, calendar: WorkCalendar) -> Iterator[Signal]:
    """Claims of the day before, at six; an announcement in time; heartbeats of the healthy one."""
    for system in ("healthy", "drifted"):
        for day in range(day_number(FIRST), day_number(LAST)):
            if calendar.is_working_day(day):
                sent = sum(
                    event.source == system and ZONE.day(event.claimed_ms) == day
                    for event in told.events
                )
                drift = 5 if system == "drifted" and day >= DRIFTS_FROM else 0
                yield claim(system, day, sent + drift, ZONE.start_of(day + 1) + 6 * HOUR)
    yield Maintenance(
        source="maintenance", id="m1", claimed_ms=at(2, 2, 9), arrival_ms=at(2, 2, 9),
        window="upgrade", from_ms=AWAY[0], to_ms=AWAY[1], reason=MaintenanceReason.UPGRADE,
    )  # fmt: skip
    for minutes in range(0, 30 * 24 * 60, 20):
        beat = at(1, 26) + minutes * MINUTE
        if beat < END:
            yield Heartbeat(
                source="healthy", id=f"b{minutes}", claimed_ms=beat, arrival_ms=beat,
                interval_ms=20 * MINUTE, waiting=0,
            )  # fmt: skip


def claim(system: str, day: int, count: int, arrival: int) -> ReconciliationClaim:
    return ReconciliationClaim(
        source=system, id=f"c{day}-{arrival}", claimed_ms=arrival, arrival_ms=arrival, day=day,
        claim=f"{day}-{arrival}", counts=(ClaimedCount(Kind.STATE, 2, count),),
    )  # fmt: skip


def snapshots(number: int) -> Iterator[Snapshot]:
    """Dossiers that are open when a system comes on board."""
    for place in range(number):
        yield Snapshot(
            dossier=f"boarding|old-{place}", source="boarding", id=f"snapshot-{place}",
            claimed_ms=at(2, 23, 8), arrival_ms=at(2, 23, 8) + place, state=4,
            procedure="1.004194", agency="H14.01", accepted_ms=at(1, 5, 9), channel=2, level=4,
        )  # fmt: skip
