"""What a dossier's view books: the entries whose sums are the figures (ARCHITECTURE.md §2.1)."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, NamedTuple

from monitor.domain.applicants import reference
from monitor.domain.clocks import timed
from monitor.domain.event import ApplicantType, Channel, Level, State
from monitor.domain.hours import hour_rows
from monitor.domain.lifecycle import PAUSING, RUNNING, RuleName
from monitor.domain.measures import (
    CONSUMED_BOUNDS,
    HOURS,
    NO_SLOT,
    TRIAL,
    WORKED_BOUNDS,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.policy import Policy, Precision
from monitor.domain.reckoning import Reckoning, Verdict
from monitor.domain.traits import traits
from monitor.domain.view import NOWHERE, Cell, Outcome, Place, View
from monitor.domain.warning import Noted, QualityWarning
from monitor.domain.zone import Zone


class Account(NamedTuple):
    """Where an amount is booked: a measure and its dimensions, a day, and a slot.

    The slot is the day it falls due for stocks, the bin for times, the number for warnings, the
    hour for what is booked by the hour, the sum of its traits for what is booked by them. For
    applicants see `applicants`.
    """

    measure: int
    cell: Cell
    day: int  # days since 1970-01-01 in the policy's zone
    slot: int = NO_SLOT


Entries = dict[Account, int]

# Measure, place of the cell in the posting's list, day, slot, amount.
Row = tuple[int, int, int, int, int]

# An entry whose cell has a number: measure, cell, day, slot.
Numbered = tuple[int, int, int, int]


# Where a day left an open dossier: the day, the last instant on it that changed anything, the
# place of the holder's cell in the posting's list, whether it was paused there.
Stay = tuple[int, int, int, bool]


class Posting:
    """All entries of a dossier, as rows: what an account books is the sum of its rows.

    A dossier has fifty entries and a handful of cells, and is posted with every event: so that
    a row names its cell by the place in `cells`, and a cell is made and looked at once.
    """

    __slots__ = ("_level", "_places", "_sources", "_steps", "_view", "cells", "rows")

    def __init__(self, view: View, level: int) -> None:
        self.cells: list[Cell] = []
        self.rows: list[Row] = []
        self._view = view
        self._level = level  # the catalogue's, where it has the procedure
        self._places: dict[Place, int] = {}
        self._steps: dict[tuple[Place, str, int], int] = {}
        self._sources: dict[str, int] = {}

    def cell(self, place: Place) -> int:
        """The cell of the dossier, seen from an agency and unit."""
        number = self._places.get(place)
        if number is None:
            number = self._places[place] = len(self.cells)
            self.cells.append(self._cell(place, "", 0))
        return number

    def cell_of_step(self, place: Place, step: str, holder: int) -> int:
        """The cell of a step there, and of whose time it was."""
        key = (place, step, holder)
        number = self._steps.get(key)
        if number is None:
            number = self._steps[key] = len(self.cells)
            self.cells.append(self._cell(place, step, holder))
        return number

    def cell_of_source(self, source: str) -> int:
        """The cell of what is a measure of a source; "" of what is one of the agency alone."""
        number = self._sources.get(source)
        if number is None:
            number = self._sources[source] = len(self.cells)
            self.cells.append(Cell(self._view.receiver.agency, "", "", 0, "", 0, "", 0, source))
        return number

    def _cell(self, place: Place, step: str, holder: int) -> Cell:
        view = self._view
        # The constructor that the class was given is Python's, and four times as slow.
        return tuple.__new__(
            Cell,
            (
                place.agency,
                place.unit,
                view.procedure,
                view.channel,
                view.sub_channel,
                self._level,
                step,
                holder,
                "",
            ),
        )

    def back_to(self, rows: int, cells: int) -> None:
        """Take back all but the first rows and cells."""
        del self.rows[rows:]
        del self.cells[cells:]
        self._places.clear()
        self._steps.clear()
        self._sources.clear()

    def entries(self) -> Entries:
        """By account; amounts are never 0."""
        entries: Entries = {}
        for measure, cell, day, slot, amount in self.rows:
            account = Account(measure, self.cells[cell], day, slot)
            entries[account] = entries.get(account, 0) + amount
        return entries

    def numbered(self, numbers: Mapping[Cell, int]) -> dict[Numbered, int]:
        """By account, with each cell's number in the ledger for the cell."""
        return self.entries_at([numbers[cell] for cell in self.cells])

    def entries_at(self, known: list[int]) -> dict[Numbered, int]:
        """By account, with the number that the ledger has for each of the cells in their order."""
        entries: dict[Numbered, int] = {}
        for measure, cell, day, slot, amount in self.rows:
            entry = (measure, known[cell], day, slot)
            if entry in entries:
                entries[entry] += amount
            else:
                entries[entry] = amount
        return entries


def post(view: View, policy: Policy) -> Entries:
    """All entries of a dossier. Amounts are counts or milliseconds, never 0."""
    return posting(view, policy).entries()


def posting(view: View, policy: Policy) -> Posting:
    """All entries of a dossier, as rows. Amounts are counts or milliseconds, never 0."""
    made = _posting(view, policy)
    if view.trial:
        made.rows = [
            (TRIAL + measure, cell, day, slot, amount)
            for measure, cell, day, slot, amount in made.rows
            if measure < HOURS
        ]
    return made


def _posting(view: View, policy: Policy) -> Posting:
    legal = policy.legal
    if legal is None:
        made = Posting(view, view.level)
        _post_plain(made, view, policy)
        return made
    if view.accepted_ms is None:
        made = Posting(view, view.level)
        _post_plain(made, view, policy)
        _post_warnings(made, view.warnings, policy.zone)
        return made
    reckoning = Reckoning.of(view, policy.zone, legal)
    procedure = reckoning.procedure
    # The catalogue's level on the receipt day stands; the one sent is only warned about.
    made = Posting(view, view.level if procedure is None else procedure.level)
    stays = _post_plain(made, view, policy)
    post_legal(made, reckoning, stays)
    post_traits(made, reckoning, stays)
    made.rows += hour_rows(made.rows, reckoning)
    referred = reference(view, policy.zone)
    if referred is not None:
        measure, day, slot = referred
        made.rows.append((measure, made.cell_of_source(""), day, slot, 1))
    warnings = [*view.warnings, *oddities(reckoning)]
    rows, cells = len(made.rows), len(made.cells)
    try:
        post_clocks(made, reckoning)
    except ValueError:
        # An instant beyond the calendar: nothing is timed.
        made.back_to(rows, cells)
        warnings.append(
            Noted(QualityWarning.BEYOND_CALENDAR, accepting_source(view), view.began_ms or 0)
        )
    _post_warnings(made, warnings, policy.zone)
    return made


def _post_warnings(posting: Posting, warnings: list[Noted], zone: Zone) -> None:
    for warning, source, at_ms in warnings:
        cell = posting.cell_of_source(source)
        posting.rows.append((_WARNED, cell, zone.day(at_ms), int(warning), 1))


# Numbers of measures: an enumeration's member costs more to look up than all else about a row.
_SUBMITTED: Final = int(Measure.SUBMITTED)
_ACCEPTED: Final = int(Measure.ACCEPTED)
_BOARDED: Final = int(Measure.BOARDED)
_REFUSED: Final = int(Measure.REFUSED)
_WITHDRAWN_UNACCEPTED: Final = int(Measure.WITHDRAWN_UNACCEPTED)
_RETURNED: Final = int(Measure.RETURNED)
_COMPLETED: Final = int(Measure.COMPLETED)
_HANDED_OVER: Final = int(Measure.HANDED_OVER)
_ON_TIME: Final = int(Measure.ON_TIME)
_LATE: Final = int(Measure.LATE)
_NO_DEADLINE: Final = int(Measure.NO_DEADLINE)
_PROCESSING_TIME: Final = int(Measure.PROCESSING_TIME)
_DEADLINE_CONSUMED: Final = int(Measure.DEADLINE_CONSUMED)
_HANDED_OUT: Final = int(Measure.HANDED_OUT)
_HANDED_IN: Final = int(Measure.HANDED_IN)
_SUPPLEMENT_REQUESTS: Final = int(Measure.SUPPLEMENT_REQUESTS)
_RESCHEDULED: Final = int(Measure.RESCHEDULED)
_LATE_RESCHEDULES: Final = int(Measure.LATE_RESCHEDULES)
_DUE_EARLIER: Final = int(Measure.DUE_EARLIER)
_DUE_EQUAL: Final = int(Measure.DUE_EQUAL)
_DUE_LATER: Final = int(Measure.DUE_LATER)
_WARNED: Final = int(Measure.WARNED)
_CLOCK_UNCERTAIN: Final = int(Measure.CLOCK_UNCERTAIN)

_AT_DEADLINE: Final = CONSUMED_BOUNDS.index(1000)
_BEYOND_ALL: Final = len(CONSUMED_BOUNDS)

_VERDICTS: Final[Mapping[RuleName, Mapping[Verdict, int]]] = {
    RuleName.R766: {
        Verdict.ON_TIME: int(Measure.ON_TIME_766),
        Verdict.LATE: int(Measure.LATE_766),
        Verdict.NO_DEADLINE: int(Measure.NO_DEADLINE_766),
        Verdict.CLOCK_UNCERTAIN: int(Measure.CLOCK_UNCERTAIN_766),
    },
    RuleName.R06B: {
        Verdict.EARLY: int(Measure.EARLY_06B),
        Verdict.ON_TIME: int(Measure.ON_TIME_06B),
        Verdict.LATE: int(Measure.LATE_06B),
        Verdict.NO_DEADLINE: int(Measure.NO_DEADLINE_06B),
    },
    RuleName.FIRST_DUE: {
        Verdict.ON_TIME: int(Measure.ON_TIME_FIRST_DUE),
        Verdict.LATE: int(Measure.LATE_FIRST_DUE),
        Verdict.NO_DEADLINE: int(Measure.NO_DEADLINE_FIRST_DUE),
    },
}


# -- the plain measures ----------------------------------------------------------------------


def _post_plain(posting: Posting, view: View, policy: Policy) -> list[Stay]:
    """The plain measures; where days left the dossier while it was open, for other stocks."""
    zone, rows = policy.zone, posting.rows
    if view.submitted_ms is not None:
        to = posting.cell(view.submitted_to)
        rows.append((_SUBMITTED, to, zone.day(view.submitted_ms), NO_SLOT, 1))
    accepted_ms = view.accepted_ms
    if accepted_ms is None:
        outcome = view.outcome
        if outcome is Outcome.REFUSED or outcome is Outcome.WITHDRAWN_UNACCEPTED:
            measure = _REFUSED if outcome is Outcome.REFUSED else _WITHDRAWN_UNACCEPTED
            settled_by = posting.cell(view.settler)
            rows.append((measure, settled_by, zone.day(view.standing_ms), NO_SLOT, 1))
        return []

    received_by = posting.cell(view.receiver)
    if view.boarded_ms is None:
        rows.append((_ACCEPTED, received_by, zone.day(accepted_ms), NO_SLOT, 1))
    else:
        rows.append((_BOARDED, received_by, zone.day(view.boarded_ms), NO_SLOT, 1))
    end_ms = view.end_ms
    ended: int | None = None
    if end_ms is not None:
        settled_by = posting.cell(view.settler)
        ended = zone.day(end_ms)
        handed_over = view.standing == _STATE_HANDED_OVER
        if view.processed_ms is None and not handed_over:
            rows.append((_RETURNED, settled_by, ended, NO_SLOT, 1))
        else:
            rows.append((_COMPLETED, settled_by, ended, NO_SLOT, 1))
            if view.uncertain(end_ms):
                rows.append((_CLOCK_UNCERTAIN, settled_by, ended, NO_SLOT, 1))
            else:
                due_ms = view.due_at(end_ms)
                _post_time_taken(rows, settled_by, accepted_ms, end_ms, due_ms, policy)
        if handed_over:
            at = zone.day(max(view.standing_ms, accepted_ms))
            rows.append((_HANDED_OVER, settled_by, at, NO_SLOT, 1))
    stays = stays_until(posting, view, zone, end_ms)
    slots = []
    for _, at_ms, _, _ in stays:
        due_ms = view.due_at(at_ms)
        slots.append(NO_SLOT if due_ms is None else zone.day(due_ms))
    _post_stock(rows, stays, slots, _IN_PROCESS, ended)
    return stays


_STATE_HANDED_OVER: Final = int(State.HANDED_OVER)


def _post_time_taken(
    rows: list[Row],
    cell: int,
    accepted_ms: int,
    end_ms: int,
    due_ms: int | None,
    policy: Policy,
) -> None:
    zone = policy.zone
    ended = zone.day(end_ms)
    if end_ms > accepted_ms:
        rows.append((_PROCESSING_TIME, cell, ended, NO_SLOT, end_ms - accepted_ms))
    if due_ms is None:
        rows.append((_NO_DEADLINE, cell, ended, NO_SLOT, 1))
        return
    taken, allowed = _of_deadline(accepted_ms, end_ms, due_ms, policy)
    rows.append((_ON_TIME if taken <= allowed else _LATE, cell, ended, NO_SLOT, 1))
    measure = _DEADLINE_CONSUMED + consumed_bin(taken, allowed)
    rows.append((measure, cell, ended, NO_SLOT, 1))


def _of_deadline(accepted_ms: int, end_ms: int, due_ms: int, policy: Policy) -> tuple[int, int]:
    """The time taken and the time allowed, in the same unit."""
    if policy.precision is Precision.DATE:
        day = policy.zone.day
        received = day(accepted_ms)
        return day(end_ms) - received, day(due_ms) - received
    return end_ms - accepted_ms, due_ms - accepted_ms


def consumed_share(view: View, policy: Policy) -> float | None:
    """The share of its deadline that a dossier took; None where there is no such number."""
    accepted_ms, end_ms = view.accepted_ms, view.end_ms
    if accepted_ms is None or end_ms is None:
        return None
    due_ms = view.due_at(end_ms)
    if due_ms is None:
        return None
    taken, allowed = _of_deadline(accepted_ms, end_ms, due_ms, policy)
    return taken / allowed if allowed > 0 else None


def consumed_bin(taken: int, allowed: int) -> int:
    """The histogram's bin for a time taken of a time allowed, both in the same unit.

    Where nothing was allowed, what is on time has consumed all of it, and what is late has
    consumed more than any bound.
    """
    if allowed > 0:
        permille = -(-taken * 1000 // allowed)  # rounded up: a bound is not passed by a hair
        return bisect_left(CONSUMED_BOUNDS, permille)
    return _AT_DEADLINE if taken <= allowed else _BEYOND_ALL


# -- stocks ------------------------------------------------------------------------------------

# Of a stock: the measure of what is worked on, and of what is paused.
_Stock = tuple[int, int]
_IN_PROCESS: Final[_Stock] = (int(Measure.IN_PROCESS), int(Measure.PAUSED))
_IN_PROCESS_766: Final[_Stock] = (int(Measure.IN_PROCESS_766), int(Measure.PAUSED_766))
_IN_PROCESS_06B: Final[_Stock] = (int(Measure.IN_PROCESS_06B), int(Measure.PAUSED_06B))
_IN_PROCESS_FIRST_DUE: Final[_Stock] = (
    int(Measure.IN_PROCESS_FIRST_DUE),
    int(Measure.PAUSED_FIRST_DUE),
)


def stays_until(posting: Posting, view: View, zone: Zone, end_ms: int | None) -> list[Stay]:
    """Where each day on which anything changed left the dossier, up to the day of an end.

    Changes are moves to another holder or state, due dates made, supplements asked for and ended,
    and a clock that is uncertain from then on; and a move within a stint, because a 6 that becomes
    an 8 ends a pause, by which a due date of ours moves.
    """
    began_ms = view.began_ms or 0
    moves = view.moves
    instants = [began_ms]
    instants += [move.at_ms for move in moves]
    instants += [made.made_ms for made in view.dues]
    if view.uncertain_ms is not None:
        instants.append(view.uncertain_ms)
    for supplement in view.supplements:
        instants.append(supplement.asked_ms)
        if supplement.ended_ms is not None:
            instants.append(supplement.ended_ms)
    instants.sort()
    last: dict[int, int] = {}  # the last instant of each day, in order of days
    for at_ms in instants:
        if at_ms >= began_ms:
            last[zone.day(at_ms)] = at_ms
    ended = _NEVER if end_ms is None else zone.day(end_ms)
    place, paused = view.receiver, view.accepted_by in PAUSING
    after = view.opened_at  # the moves that have not been looked at
    stays: list[Stay] = []
    for day, at_ms in last.items():
        if day >= ended:
            break
        while after < len(moves) and moves[after].at_ms <= at_ms:
            state = moves[after].state
            if state in RUNNING:
                place, paused = moves[after].place, state in PAUSING
            after += 1
        stays.append((day, at_ms, posting.cell(place), paused))
    return stays


_NEVER: Final = 1 << 40  # a day after all days


def _post_stock(
    rows: list[Row], stays: list[Stay], slots: list[int], stock: _Stock, ended: int | None
) -> None:
    """Movements of an open stock: from where a day found the dossier to where it left it.

    `slots` tell on which day the dossier fell due at each stay by the stock's rule.
    """
    working, pausing = stock
    measure = cell = slot = 0
    for (day, _, there, paused), due_day in zip(stays, slots, strict=True):
        entered = pausing if paused else working
        if measure:
            if entered == measure and there == cell and due_day == slot:
                continue
            rows.append((measure, cell, day, slot, -1))
        rows.append((entered, there, day, due_day, 1))
        measure, cell, slot = entered, there, due_day
    if measure and ended is not None:
        rows.append((measure, cell, ended, slot, -1))


# -- the law's measures ----------------------------------------------------------------------


def post_legal(posting: Posting, reckoning: Reckoning, stays: list[Stay]) -> None:
    """Verdicts, stocks by other due dates, hand-offs; `stays` are those until the end."""
    view, zone, rows = reckoning.view, reckoning.zone, posting.rows
    end_ms, end_766_ms = reckoning.end_ms, reckoning.end_766_ms
    ended = None if end_ms is None else zone.day(end_ms)
    ended_766 = None if end_766_ms is None else zone.day(end_766_ms)
    place = view.holder if end_ms is None else view.settler
    for judgement, until_ms in (
        (reckoning.judge_766(), end_766_ms),
        (reckoning.judge_06b(), end_ms),
        (reckoning.judge_first_due(), end_ms),
    ):
        if judgement is None:
            continue
        measure = _VERDICTS[judgement.rule].get(judgement.verdict)
        if measure is not None:  # else the plain measures have said so
            # On the day of the end, not of the end less supplements.
            rows.append((measure, posting.cell(place), zone.day(until_ms or 0), NO_SLOT, 1))
    slots = [reckoning.slot_06b(at_ms) for _, at_ms, _, _ in stays]
    _post_stock(rows, stays, slots, _IN_PROCESS_06B, ended)
    slots = [reckoning.slot_first_due(at_ms) for _, at_ms, _, _ in stays]
    _post_stock(rows, stays, slots, _IN_PROCESS_FIRST_DUE, ended)
    if end_766_ms != end_ms:
        stays = stays_until(posting, view, zone, end_766_ms)
    slots = [reckoning.slot_766(at_ms) for _, at_ms, _, _ in stays]
    _post_stock(rows, stays, slots, _IN_PROCESS_766, ended_766)
    for supplement in reckoning.requests:
        cell = posting.cell(supplement.place)
        rows.append((_SUPPLEMENT_REQUESTS, cell, zone.day(supplement.asked_ms), NO_SLOT, 1))
    _post_hand_offs(posting, reckoning)
    for rescheduling in view.reschedulings:
        cell = posting.cell(view.receiver)
        on = zone.day(rescheduling.at_ms)
        rows.append((_RESCHEDULED, cell, on, NO_SLOT, 1))
        if reckoning.put_off_late(rescheduling):
            rows.append((_LATE_RESCHEDULES, cell, on, NO_SLOT, 1))
    first_ms = view.first_due_at(end_ms)
    if first_ms is not None and reckoning.own is not None:
        sent, own = zone.day(first_ms), zone.day(reckoning.own.due_ms)
        measure = _DUE_EARLIER if sent < own else _DUE_LATER if sent > own else _DUE_EQUAL
        on = zone.day(view.began_ms or 0)
        rows.append((measure, posting.cell(view.receiver), on, NO_SLOT, 1))


def _post_hand_offs(posting: Posting, reckoning: Reckoning) -> None:
    """-1 and +1 of a hand-off on its day: the table by settlement shows in less out."""
    view, zone = reckoning.view, reckoning.zone
    place = view.receiver
    began_ms = view.began_ms or 0
    for move in view.moves[view.opened_at :]:
        to = move.place
        if to == place or move.state not in RUNNING:
            continue
        _post_hand_off(posting, place, to, zone.day(max(move.at_ms, began_ms)))
        place = to
    end_ms = view.end_ms
    if end_ms is not None and view.settler not in (place, NOWHERE):
        _post_hand_off(posting, place, view.settler, zone.day(end_ms))


def _post_hand_off(posting: Posting, place: Place, to: Place, day: int) -> None:
    posting.rows.append((_HANDED_OUT, posting.cell(place), day, NO_SLOT, 1))
    posting.rows.append((_HANDED_IN, posting.cell(to), day, NO_SLOT, 1))


# -- by traits ---------------------------------------------------------------------------------

_ACCEPTED_TRAITS: Final = int(Measure.ACCEPTED_TRAITS)
_BOARDED_TRAITS: Final = int(Measure.BOARDED_TRAITS)
_ENDED_TRAITS: Final = int(Measure.ENDED_TRAITS)
_OPEN_TRAITS: Final[_Stock] = (int(Measure.OPEN_TRAITS), int(Measure.OPEN_TRAITS))
_RATED: Final = int(Measure.RATED)
_TIMED_RECEIVED: Final = int(Measure.TIMED_RECEIVED)
_ELAPSED_RECEIVED: Final = int(Measure.ELAPSED_RECEIVED)
_WORKED_RECEIVED: Final = int(Measure.WORKED_RECEIVED)


def post_traits(posting: Posting, reckoning: Reckoning, stays: list[Stay]) -> None:
    """What official figures are counted from: a dossier once under all of its traits together,
    where it was received, where each day left it open, and where it ended; and its rating."""
    view, zone, rows = reckoning.view, reckoning.zone, posting.rows
    by = traits(view, reckoning.procedure)
    received = _ACCEPTED_TRAITS if view.boarded_ms is None else _BOARDED_TRAITS
    began_ms = view.began_ms or 0
    rows.append((received, posting.cell(view.receiver), zone.day(began_ms), by, 1))
    ended = None
    if reckoning.end_ms is not None:
        ended = zone.day(reckoning.end_ms)
        rows.append((_ENDED_TRAITS, posting.cell(view.settler), ended, by, 1))
    # Worked on or paused is one: it moves only from holder to holder.
    _post_stock(rows, stays, [by] * len(stays), _OPEN_TRAITS, ended)
    if view.rated_ms is not None:
        # A dossier is in no figure before its receipt or its snapshot.
        day = zone.day(max(view.rated_ms, began_ms))
        rows.append((_RATED, posting.cell(view.holder), day, view.rating, 1))


_ELAPSED: Final = clock_measure(0, Part.ELAPSED)
_WORKED: Final = clock_measure(0, Part.WORKED)
_WORKED_BINS: Final = clock_measure(0, Part.WORKED_BINS)
_WITHIN: Final = clock_measure(0, Part.WITHIN)
_BEYOND: Final = clock_measure(0, Part.BEYOND)
_LIMIT_BINS: Final = clock_measure(0, Part.LIMIT_BINS)


def post_clocks(posting: Posting, reckoning: Reckoning) -> None:
    """Elapsed and working time of each interval, and how it stood to its limit."""
    zone, calendar, rows = reckoning.zone, reckoning.calendar, posting.rows
    accepted_ms = reckoning.view.accepted_ms or 0
    # Intervals begin where others end: what was worked until an instant is looked up once.
    until: dict[int, int] = {}
    for clock, from_ms, until_ms, place, limit_ms, step, holder in timed(reckoning):
        by_step = clock is _STEP
        cell = posting.cell_of_step(place, step, holder) if by_step else posting.cell(place)
        day = zone.day(accepted_ms if clock is _ACCEPTANCE_CLOCK else until_ms)
        first = clock * 10  # see `clock_measure`
        worked_from = until.get(from_ms)
        if worked_from is None:
            worked_from = until[from_ms] = calendar.worked_until(from_ms)
        worked_until = until.get(until_ms)
        if worked_until is None:
            worked_until = until[until_ms] = calendar.worked_until(until_ms)
        worked = worked_until - worked_from
        if until_ms > from_ms:
            rows.append((first + _ELAPSED, cell, day, NO_SLOT, until_ms - from_ms))
        if worked:
            rows.append((first + _WORKED, cell, day, NO_SLOT, worked))
        rows.append((first + _WORKED_BINS, cell, day, bisect_left(WORKED_BOUNDS, worked), 1))
        if clock is _PROCESSING:
            _post_on_receipt(rows, reckoning, cell, until_ms - from_ms, worked)
        if limit_ms is None:
            continue
        within = until_ms <= limit_ms
        rows.append((first + (_WITHIN if within else _BEYOND), cell, day, NO_SLOT, 1))
        if clock is _SYNC:  # bound by the wall clock
            share = consumed_bin(until_ms - from_ms, limit_ms - from_ms)
        else:
            share = consumed_bin(worked, calendar.worked_until(limit_ms) - worked_from)
        if not within:  # by the instant, though no more was worked: after the close it fell due
            share = max(share, _AT_DEADLINE + 1)
        rows.append((first + _LIMIT_BINS, cell, day, share, 1))


def _post_on_receipt(
    rows: list[Row], reckoning: Reckoning, cell: int, elapsed: int, worked: int
) -> None:
    """How long it took, once more on the day of receipt; what a snapshot brought in has none."""
    view = reckoning.view
    if view.boarded_ms is not None:
        return
    day = reckoning.zone.day(view.accepted_ms or 0)
    rows.append((_TIMED_RECEIVED, cell, day, NO_SLOT, 1))
    if elapsed:
        rows.append((_ELAPSED_RECEIVED, cell, day, NO_SLOT, elapsed))
    if worked:
        rows.append((_WORKED_RECEIVED, cell, day, NO_SLOT, worked))


_ACCEPTANCE_CLOCK: Final = Clock.ACCEPTANCE
_PROCESSING: Final = Clock.PROCESSING
_STEP: Final = Clock.STEP
_SYNC: Final = Clock.SYNC


# -- warnings that need the law --------------------------------------------------------------


def oddities(reckoning: Reckoning) -> list[Noted]:
    """What is odd about an accepted dossier as a whole; what one event shows, `fold` noted."""
    view = reckoning.view
    source = accepting_source(view)
    odd: list[Noted] = []
    if view.boarded_ms is None:
        _odd_at_reception(odd, reckoning, source, view.accepted_ms or 0)
    odd += [
        Noted(QualityWarning.SECOND_SUPPLEMENT, source, supplement.asked_ms)
        for supplement in reckoning.requests[1:]
    ]
    if view.reschedulings:
        _odd_reschedulings(odd, reckoning)
    end_ms = reckoning.end_ms
    if end_ms is not None:
        _odd_at_end(odd, view, source, end_ms)
        if reckoning.backdated:
            odd.append(Noted(QualityWarning.BACKDATED_END, source, end_ms))
    return odd


def accepting_source(view: View) -> str:
    """Whose dossier it is: the source that accepted it."""
    if view.opened_at < len(view.moves):
        return view.moves[view.opened_at].source
    return view.source


def _odd_reschedulings(odd: list[Noted], reckoning: Reckoning) -> None:
    for number, rescheduling in enumerate(reckoning.view.reschedulings):
        source, at_ms = rescheduling.source, rescheduling.at_ms
        if number:
            odd.append(Noted(QualityWarning.RESCHEDULED_AGAIN, source, at_ms))
        if reckoning.put_off_late(rescheduling):
            odd.append(Noted(QualityWarning.RESCHEDULED_LATE, source, at_ms))
        if not rescheduling.apology:
            odd.append(Noted(QualityWarning.NO_APOLOGY, source, at_ms))


def _odd_at_end(odd: list[Noted], view: View, source: str, end_ms: int) -> None:
    ended_ms = view.standing_ms if view.processed_ms is None else view.processed_ms
    if ended_ms < end_ms:  # the end was booked on the receipt
        odd.append(Noted(QualityWarning.END_BEFORE_RECEIPT, source, end_ms))
    if view.completed:
        if view.processed_ms is None:
            odd.append(Noted(QualityWarning.END_WITHOUT_PROCESSED, source, end_ms))
        due_ms = view.due_at(end_ms)
        if due_ms is not None and due_ms // 1000 == ended_ms // 1000:
            odd.append(Noted(QualityWarning.END_EQUALS_DUE, source, end_ms))
    odd += [
        Noted(QualityWarning.DUE_AFTER_END, source, made.made_ms)
        for made in view.dues
        if made.made_ms > end_ms
    ]


def _odd_at_reception(
    odd: list[Noted], reckoning: Reckoning, source: str, accepted_ms: int
) -> None:
    view, zone = reckoning.view, reckoning.zone
    procedure = reckoning.procedure
    if procedure is None:
        odd.append(Noted(QualityWarning.UNKNOWN_PROCEDURE, source, accepted_ms))
    elif view.level and view.level != procedure.level:
        odd.append(Noted(QualityWarning.LEVEL_DIFFERS, source, accepted_ms))
    if not reckoning.legal.agency_known(view.receiver.agency, zone.day(accepted_ms)):
        odd.append(Noted(QualityWarning.UNKNOWN_AGENCY, source, accepted_ms))
    own = reckoning.own
    if own is not None:
        first_ms = view.first_due_at(reckoning.end_ms)
        if first_ms is not None and zone.day(first_ms) != zone.day(own.due_ms):
            odd.append(Noted(QualityWarning.DUE_DIFFERS, source, accepted_ms))
    if view.channel == _ONLINE and view.level == _INFORMATION:
        odd.append(Noted(QualityWarning.INFORMATION_ONLY_ONLINE, source, accepted_ms))
    if view.applicant_type == _CITIZEN and view.identity_attached is False:
        odd.append(Noted(QualityWarning.IDENTITY_MISSING, source, accepted_ms))


_ONLINE: Final = int(Channel.ONLINE)
_INFORMATION: Final = int(Level.INFORMATION)
_CITIZEN: Final = int(ApplicantType.CITIZEN)
