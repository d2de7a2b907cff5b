"""What a dossier's view books: the entries whose sums are the figures (ARCHITECTURE.md §2.1)."""

from bisect import bisect_left
from typing import Final, NamedTuple

from monitor.domain.event import State
from monitor.domain.measures import CONSUMED_BOUNDS, NO_SLOT, Measure
from monitor.domain.policy import Policy, Precision
from monitor.domain.view import Cell, View


class Account(NamedTuple):
    """Where an amount is booked: a measure and its dimensions, a day, and a stock's slot."""

    measure: int  # a `Measure`, or one of its histogram's bins
    cell: Cell
    day: int  # days since 1970-01-01 in the policy's zone
    slot: int = NO_SLOT  # for stocks the day it falls due


Entries = dict[Account, int]

_AT_DEADLINE: Final = CONSUMED_BOUNDS.index(1000)


_Place = tuple[int, Cell, int]  # of an open dossier: the stock it is part of, and its slot


def post(view: View, policy: Policy) -> Entries:
    """All entries of a dossier. Amounts are counts or milliseconds, never 0."""
    entries: Entries = {}
    day = policy.zone.day
    if view.submitted_ms is not None:
        submitted_to = view.cell(view.submitted_to)
        entries[Account(Measure.SUBMITTED, submitted_to, day(view.submitted_ms))] = 1
    accepted_ms = view.accepted_ms
    if accepted_ms is None:
        if view.standing:
            refused = view.standing == State.REFUSED
            measure = Measure.REFUSED if refused else Measure.WITHDRAWN_UNACCEPTED
            entries[Account(measure, view.cell(view.settler), day(view.standing_ms))] = 1
        return entries

    entries[Account(Measure.ACCEPTED, view.cell(view.receiver), day(accepted_ms))] = 1
    end_ms = view.end_ms
    if end_ms is not None:
        _post_end(entries, view, policy, accepted_ms, end_ms)
    _post_stock(entries, view, policy, end_ms)
    return entries


def _post_end(
    entries: Entries, view: View, policy: Policy, accepted_ms: int, end_ms: int
) -> None:
    day = policy.zone.day
    cell = view.cell(view.settler)
    ended = day(end_ms)
    handed_over = view.standing == State.HANDED_OVER
    if view.processed_ms is None and not handed_over:
        entries[Account(Measure.RETURNED, cell, ended)] = 1
        return

    entries[Account(Measure.COMPLETED, cell, ended)] = 1
    if handed_over:
        at = max(view.standing_ms, accepted_ms)
        entries[Account(Measure.HANDED_OVER, cell, day(at))] = 1
    if end_ms > accepted_ms:
        entries[Account(Measure.PROCESSING_TIME, cell, ended)] = end_ms - accepted_ms
    due_ms = view.due_ms
    if due_ms is None:
        entries[Account(Measure.NO_DEADLINE, cell, ended)] = 1
        return
    if policy.precision is Precision.DATE:
        accepted = day(accepted_ms)
        taken, allowed = ended - accepted, day(due_ms) - accepted
    else:
        taken, allowed = end_ms - accepted_ms, due_ms - accepted_ms
    verdict = Measure.ON_TIME if taken <= allowed else Measure.LATE
    entries[Account(verdict, cell, ended)] = 1
    entries[Account(consumed_bin(taken, allowed), cell, ended)] = 1


def consumed_bin(taken: int, allowed: int) -> int:
    """The histogram's bin for a time taken of a time allowed, both in the same unit.

    Where nothing was allowed, what is on time has consumed all of it, and what is late has
    consumed more than any bound.
    """
    if allowed > 0:
        permille = -(-taken * 1000 // allowed)  # rounded up: a bound is not passed by a hair
        return Measure.DEADLINE_CONSUMED + bisect_left(CONSUMED_BOUNDS, permille)
    offset = _AT_DEADLINE if taken <= allowed else len(CONSUMED_BOUNDS)
    return Measure.DEADLINE_CONSUMED + offset


def _post_stock(entries: Entries, view: View, policy: Policy, end_ms: int | None) -> None:
    """Movements of the open stock: from where a day found the dossier to where it left it."""
    before: _Place | None = None
    for day, here in _places(view, policy, end_ms).items():
        if here == before:
            continue
        if before is not None:
            measure, cell, slot = before
            entries[Account(measure, cell, day, slot)] = -1
        if here is not None:
            measure, cell, slot = here
            entries[Account(measure, cell, day, slot)] = 1
        before = here


def _places(view: View, policy: Policy, end_ms: int | None) -> dict[int, _Place | None]:
    """Where the dossier was at the end of each day that changed holder, pause or due date."""
    day = policy.zone.day
    stints, dues = view.stints, view.dues
    places: dict[int, _Place | None] = {}  # in order of days, for time only goes on
    slot = NO_SLOT
    made = 0
    while made < len(dues) and dues[made].made_ms <= stints[0].from_ms:
        slot = day(dues[made].due_ms)
        made += 1
    for position, stint in enumerate(stints, start=1):
        measure = Measure.PAUSED if stint.paused else Measure.IN_PROCESS
        cell = view.cell((stint.agency, stint.unit))
        places[day(stint.from_ms)] = measure, cell, slot
        until = stints[position].from_ms if position < len(stints) else end_ms
        while made < len(dues) and (until is None or dues[made].made_ms <= until):
            slot = day(dues[made].due_ms)
            places[day(dues[made].made_ms)] = measure, cell, slot
            made += 1
    if end_ms is not None:
        places[day(end_ms)] = None
    return places
