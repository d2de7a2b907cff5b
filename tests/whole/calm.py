"""Five systems in which nothing is wrong: a quiet week, Tết, a planned maintenance, and one on board.

Four weeks of ordinary work come before, so that each system has a rhythm. In 2026 Tết is off from
Saturday 14 to Sunday 22 February.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from monitor.domain.calendar import WorkCalendar
from monitor.domain.zone import date_of, day_number
from schemas.event import (
    Heartbeat,
    Maintenance,
    MaintenanceReason,
    Signal,
    Snapshot,
    StateChanged,
)
from tests.whole.fates import HOUR, MINUTE, ZONE, at

FIRST: Final = date(2026, 1, 12)
LAST: Final = date(2026, 3, 1)
LOOKED_FROM: Final = at(2, 9)  # Monday of the week before Tết
LOOKED_UNTIL: Final = at(3, 2)
ON_BOARD: Final = date(2026, 2, 24)
ANNOUNCED: Final = at(2, 9, 9)
AWAY: Final = (at(2, 26, 6), at(2, 27, 18))  # eight working days later

# Dossiers a working day. The smallest has four events a day.
SYSTEMS: Final = {"H26": 12, "H56": 12, "H18": 1, "H41": 12, "H14": 12}
BEATING: Final = ("H26",)
BEAT_MS: Final = 30 * MINUTE
STEPS: Final = (
    (0, 2, "Tiếp nhận hồ sơ"),
    (3, 4, "Thẩm định hồ sơ"),
    (8, 4, "Trình lãnh đạo phê duyệt"),
    (11, 9, "Đã có kết quả"),
)  # worked hours after acceptance


@dataclass
class Story:
    """What the systems send, in the order of its arrival."""

    events: list[StateChanged | Snapshot] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)


def story(calendar: WorkCalendar) -> Story:
    told = Story()
    rng = random.Random(2026)
    for agency, dossiers in SYSTEMS.items():
        told.events += _life(agency, dossiers, calendar, rng)
    told.events += _on_board()
    told.events.sort(key=lambda event: event.arrival_ms)
    told.signals = sorted(_signals(), key=lambda signal: signal.arrival_ms)
    return told


def _life(
    agency: str, dossiers: int, calendar: WorkCalendar, rng: random.Random
) -> Iterator[StateChanged]:
    """Dossiers accepted in office hours, settled after a day and a half of work, due after five."""
    begin = FIRST if agency != "H14" else ON_BOARD
    for day in range(day_number(begin), day_number(LAST) + 1):
        if not calendar.is_working_day(day):
            continue
        start = ZONE.start_of(day)
        for number in range(dossiers):
            accepted = start + 8 * HOUR + rng.randrange(3 * HOUR)
            code = f"{agency}.101-{date_of(day):%y%m%d}-{number + 1:04d}"
            yield from _way(agency, code, accepted, calendar, rng)


def _way(
    agency: str, code: str, accepted: int, calendar: WorkCalendar, rng: random.Random
) -> Iterator[StateChanged]:
    due = calendar.close_of(calendar.add_working_days(ZONE.day(accepted), 5))
    for number, (hours, state, step) in enumerate(STEPS):
        claimed = calendar.add_worked(accepted, hours * HOUR + rng.randrange(30 * MINUTE))
        if claimed >= LOOKED_UNTIL:
            return
        if agency == "H41" and AWAY[0] <= claimed < AWAY[1]:  # kept, and sent afterwards
            arrival = AWAY[1] + (claimed - AWAY[0]) // 1000
        else:
            arrival = claimed + rng.randrange(500, 20_000)
        yield StateChanged(
            code, f"{agency}-onestop", f"{code}-{number}", claimed, arrival, state, "1.004873",
            f"{agency}.101", step=step, channel=2, level=4, due_ms=due,
            receipt_ms=claimed if state == 2 else None, applicant_type=1,
            identity_attached=True, sequence=number,
        )  # fmt: skip


def _on_board() -> Iterator[Snapshot]:
    """Dossiers that are open when H14 comes on board, on its first morning."""
    begin = ZONE.start_of(day_number(ON_BOARD)) + 7 * HOUR
    due = begin + 20 * 24 * HOUR
    for place in range(300):
        yield Snapshot(
            dossier=f"H14.101-260110-{place + 1:04d}", source="H14-onestop", id=f"s-{place}",
            claimed_ms=begin, arrival_ms=begin + place, state=4, procedure="1.004873",
            agency="H14.101", accepted_ms=at(2, 10, 9), channel=2, level=4, due_ms=due,
        )  # fmt: skip


def _signals() -> Iterator[Signal]:
    yield Maintenance(
        source="H41-onestop", id="m1", claimed_ms=ANNOUNCED, arrival_ms=ANNOUNCED,
        window="upgrade", from_ms=AWAY[0], to_ms=AWAY[1], reason=MaintenanceReason.UPGRADE,
    )  # fmt: skip
    for agency in BEATING:
        for beat in range(at(1, 12), LOOKED_UNTIL, BEAT_MS):
            yield Heartbeat(
                source=f"{agency}-onestop", id=f"b{beat}", claimed_ms=beat, arrival_ms=beat,
                interval_ms=BEAT_MS, waiting=0,
            )  # fmt: skip
