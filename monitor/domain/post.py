"""What a dossier's view books: the entries whose sums are the figures (ARCHITECTURE.md §2.1)."""

from typing import NamedTuple

from monitor.domain.measures import CONSUMED_BOUNDS, NO_SLOT, Measure
from monitor.domain.policy import Policy, Precision
from monitor.domain.view import Cell, Due, Outcome, Stint, View


class Account(NamedTuple):
    """Where an amount is booked: a measure and its dimensions, a day, and a stock's slot."""

    measure: int  # a `Measure`, or one of its histogram's bins
    cell: Cell
    day: int  # days since 1970-01-01 in the policy's zone
    slot: int = NO_SLOT  # for stocks the day it falls due


Entries = dict[Account, int]


def post(view: View, policy: Policy) -> Entries:
    """All entries of a dossier. Amounts are counts or milliseconds, never 0."""
    entries: Entries = {}
    day = policy.zone.day
    outcome = view.outcome

    if view.submitted_ms is not None:
        submitted = Account(
            Measure.SUBMITTED, view.cell(view.submitted_to), day(view.submitted_ms)
        )
        entries[submitted] = 1
    if view.accepted_ms is None:
        if outcome in (Outcome.REFUSED, Outcome.WITHDRAWN_UNACCEPTED):
            measure = (
                Measure.REFUSED if outcome is Outcome.REFUSED else Measure.WITHDRAWN_UNACCEPTED
            )
            entries[Account(measure, view.cell(view.settler), day(view.standing_ms))] = 1
        return entries

    accepted = Account(Measure.ACCEPTED, view.cell(view.receiver), day(view.accepted_ms))
    entries[accepted] = 1
    end_ms = view.end_ms
    if end_ms is not None:
        settled_by = view.cell(view.settler)
        ended = day(end_ms)
        if outcome is Outcome.RETURNED:
            entries[Account(Measure.RETURNED, settled_by, ended)] = 1
        else:
            entries[Account(Measure.COMPLETED, settled_by, ended)] = 1
            _post_time_taken(entries, view, policy, settled_by, ended, end_ms)
        if view.standing == 10:
            at = max(view.standing_ms, view.accepted_ms)
            entries[Account(Measure.HANDED_OVER, settled_by, day(at))] = 1
    _post_stock(entries, view, policy, end_ms)
    return entries


def _post_time_taken(
    entries: Entries, view: View, policy: Policy, cell: Cell, ended: int, end_ms: int
) -> None:
    accepted_ms = view.accepted_ms
    assert accepted_ms is not None  # noqa: S101 - only completed dossiers come here
    if end_ms > accepted_ms:
        entries[Account(Measure.PROCESSING_TIME, cell, ended)] = end_ms - accepted_ms
    due_ms = view.due_ms
    if due_ms is None:
        entries[Account(Measure.NO_DEADLINE, cell, ended)] = 1
        return
    if policy.precision is Precision.DATE:
        day = policy.zone.day
        taken, allowed = ended - day(accepted_ms), day(due_ms) - day(accepted_ms)
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
    if allowed <= 0:
        at_deadline = CONSUMED_BOUNDS.index(1000)
        offset = at_deadline if taken <= allowed else len(CONSUMED_BOUNDS)
        return Measure.DEADLINE_CONSUMED + offset
    for offset, permille in enumerate(CONSUMED_BOUNDS):
        if taken * 1000 <= permille * allowed:
            return Measure.DEADLINE_CONSUMED + offset
    return Measure.DEADLINE_CONSUMED + len(CONSUMED_BOUNDS)


def _post_stock(entries: Entries, view: View, policy: Policy, end_ms: int | None) -> None:
    """Movements of the open stock: in and out of each stretch of equal holder, pause and due."""
    day = policy.zone.day
    inside: Account | None = None  # where the dossier stands, with the day it entered
    for from_ms, stint, due in _stretches(view, end_ms):
        measure = Measure.PAUSED if stint.paused else Measure.IN_PROCESS
        slot = NO_SLOT if due is None else day(due.due_ms)
        cell = view.cell((stint.agency, stint.unit))
        here = Account(measure, cell, day(from_ms), slot)
        if inside is not None:
            if (inside.measure, inside.cell, inside.slot) == (measure, cell, slot):
                continue
            _move(entries, inside._replace(day=here.day), -1)
        _move(entries, here, 1)
        inside = here
    if inside is not None and end_ms is not None:
        _move(entries, inside._replace(day=day(end_ms)), -1)


def _move(entries: Entries, account: Account, amount: int) -> None:
    """Add to an account; in and out on one day cancel."""
    moved = entries.get(account, 0) + amount
    if moved:
        entries[account] = moved
    else:
        del entries[account]


def _stretches(view: View, end_ms: int | None) -> list[tuple[int, Stint, Due | None]]:
    """When holder, pause or due date changed, up to the end, in order of time."""
    stints, dues = view.stints, view.dues
    start = stints[0].from_ms
    stretches: list[tuple[int, Stint, Due | None]] = []
    made = 0  # dues in force
    while made < len(dues) and dues[made].made_ms <= start:
        made += 1
    for position, stint in enumerate(stints):
        if end_ms is not None and stint.from_ms > end_ms:
            break
        stretches.append((stint.from_ms, stint, dues[made - 1] if made else None))
        until = stints[position + 1].from_ms if position + 1 < len(stints) else None
        while (
            made < len(dues)
            and (until is None or dues[made].made_ms < until)
            and (end_ms is None or dues[made].made_ms <= end_ms)
        ):
            stretches.append((max(dues[made].made_ms, start), stint, dues[made]))
            made += 1
    return stretches
