"""Hour accounts: what is booked on a day, once more by the hour it happened in (MEASURES.md §7).

A service level in working time weighs events by when they happened, and a day is too coarse for
that. So the measures flagged `hourly` are booked twice: on their day, and under a number of their
own (`hour_measure`) with the hour as the slot. Nothing but the view decides what is booked, however
old it is; that hours are kept for 35 days is the reader's affair.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from monitor.domain.measures import HOURLY, HOURS, Measure
from monitor.domain.reckoning import Reckoning
from monitor.domain.zone import Zone

if TYPE_CHECKING:
    from monitor.domain.post import Account, Entries

HOUR_MS: Final = 3_600_000
KEPT_DAYS: Final = 35  # beside the present one

_BY_766: Final = frozenset({Measure.ON_TIME_766, Measure.LATE_766})


def hour_of(zone: Zone, day: int, at_ms: int) -> int:
    """The hour of a local day that an instant of it lies in: whole hours since the day began.

    What the clock shows, but on days on which clocks change: those end at hour 22 or 24, and no
    two hours have one number.
    """
    return (at_ms - zone.start_of(day)) // HOUR_MS


def hour_starts_ms(zone: Zone, day: int, hour: int) -> int:
    """When an hour of a local day began."""
    return zone.start_of(day) + hour * HOUR_MS


def hours_of(entries: "Entries", reckoning: Reckoning) -> "Iterator[tuple[Account, int]]":
    """The entries by the hour that go with those by the day."""
    view, zone = reckoning.view, reckoning.zone
    for account, amount in entries.items():
        measure = account.measure
        if measure not in HOURLY:
            continue
        if measure == Measure.ACCEPTED:
            at_ms = view.accepted_ms
        elif measure in _BY_766:
            at_ms = reckoning.end_766_ms
        else:
            at_ms = view.end_ms
        hour = hour_of(zone, account.day, at_ms or 0)
        yield account._replace(measure=HOURS + measure, slot=hour), amount
