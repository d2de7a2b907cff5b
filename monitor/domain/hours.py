"""Hour accounts: what is booked on a day, once more by the hour it happened in (MEASURES.md §7).

A service level in working time weighs events by when they happened, and a day is too coarse for
that. So the measures flagged `hourly` are booked twice: on their day, and under a number of their
own (`hour_measure`) with the hour as the slot. Nothing but the view decides what is booked, however
old it is; that hours are kept for 35 days is the reader's affair.
"""

from collections.abc import Sequence
from typing import Final

from monitor.domain.measures import HOURLY, HOURS, Measure
from monitor.domain.reckoning import Reckoning
from monitor.domain.zone import Zone

# As a posting has them: measure, place of the cell, day, slot, amount.
Row = tuple[int, int, int, int, int]

HOUR_MS: Final = 3_600_000
KEPT_DAYS: Final = 35  # beside the present one

_ACCEPTED: Final = int(Measure.ACCEPTED)


def hour_of(zone: Zone, day: int, at_ms: int) -> int:
    """The hour of a local day that an instant of it lies in: whole hours since the day began.

    What the clock shows, but on days on which clocks change: those end at hour 22 or 24, and no
    two hours have one number.
    """
    return (at_ms - zone.start_of(day)) // HOUR_MS


def hour_starts_ms(zone: Zone, day: int, hour: int) -> int:
    """When an hour of a local day began."""
    return zone.start_of(day) + hour * HOUR_MS


def hour_rows(rows: Sequence[Row], reckoning: Reckoning) -> list[Row]:
    """By the hour what rows book by the day."""
    zone = reckoning.zone
    received_ms = reckoning.view.accepted_ms or 0
    ended_ms = (
        reckoning.end_766_ms or 0
    )  # the end, else the 8 it stands in: no other rule has one
    received = hour_of(zone, zone.day(received_ms), received_ms)
    ended = hour_of(zone, zone.day(ended_ms), ended_ms)
    return [
        (HOURS + measure, cell, day, received if measure == _ACCEPTED else ended, amount)
        for measure, cell, day, _, amount in rows
        if measure in HOURLY
    ]
