"""How long each part of a dossier's way took, and whose time it was (MEASURES.md §5).

Elapsed time is what the wall clock shows; working time is counted on the dossier's one
calendar. A limit has a source and a basis; a clock without one is only measured.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

from monitor.domain.binding import by_when
from monitor.domain.event import State
from monitor.domain.lifecycle import STANDING, Holder
from monitor.domain.measures import Clock
from monitor.domain.reckoning import Reckoning
from monitor.domain.view import Move, Outcome, Place, View


class Timed(NamedTuple):
    """One interval of one clock."""

    clock: Clock
    from_ms: int
    until_ms: int
    place: Place
    limit_ms: int | None = None  # by when, as an instant; None: no limit
    step: str = ""
    holder: Holder = Holder.NOBODY


def timed(reckoning: Reckoning) -> Iterator[Timed]:
    """Every interval that has come to its end, of an accepted dossier."""
    view = reckoning.view
    accepted_ms = view.accepted_ms or 0
    if view.boarded_ms is None:
        yield from _at_reception(reckoning, accepted_ms)
    for supplement in view.supplements:
        if supplement.after_end:
            continue
        if supplement.completed and supplement.ended_ms is not None:
            yield Timed(
                Clock.SUPPLEMENT,
                supplement.asked_ms,
                supplement.ended_ms,
                supplement.place,
                holder=Holder.CITIZEN,
            )
    end_ms = view.end_ms
    if end_ms is not None and view.outcome is Outcome.COMPLETED:
        due_ms = reckoning.due_06b_ms(end_ms)
        yield Timed(Clock.PROCESSING, accepted_ms, end_ms, view.settler, due_ms)
        if view.processed_ms is not None and view.standing == State.HANDED_OVER:
            handed_ms = max(end_ms, view.standing_ms)
            yield Timed(Clock.HANDOVER, end_ms, handed_ms, view.settler)
    yield from _between_moves(view)
    if reckoning.procedure is not None and reckoning.procedure.bundled:
        yield from _synchronised(reckoning)


def _at_reception(reckoning: Reckoning, accepted_ms: int) -> Iterator[Timed]:
    view = reckoning.view
    if view.submitted_ms is not None and view.submitted_ms <= accepted_ms:
        limit_ms = _limit_ms(reckoning, Clock.ACCEPTANCE, view.submitted_ms)
        yield Timed(Clock.ACCEPTANCE, view.submitted_ms, accepted_ms, view.receiver, limit_ms)
    forwarded_ms = next(
        (move.at_ms for move in view.moves if move.state == State.IN_PROCESS), None
    )
    if forwarded_ms is not None and forwarded_ms >= accepted_ms:
        limit_ms = _limit_ms(reckoning, Clock.FORWARD, accepted_ms)
        yield Timed(Clock.FORWARD, accepted_ms, forwarded_ms, view.receiver, limit_ms)
    for supplement in reckoning.requests[:1]:
        if forwarded_ms is None or supplement.asked_ms <= forwarded_ms:
            yield Timed(
                Clock.SUPPLEMENT_REQUEST,
                accepted_ms,
                supplement.asked_ms,
                view.receiver,
                _limit_ms(reckoning, Clock.SUPPLEMENT_REQUEST, accepted_ms),
            )


def _limit_ms(reckoning: Reckoning, clock: Clock, from_ms: int) -> int | None:
    """By when the clock's limit wants it done, if one binds this dossier on that day."""
    limit = reckoning.legal.limits(clock, reckoning.zone.day(from_ms))
    bundled = reckoning.procedure is not None and reckoning.procedure.bundled
    if limit is None or (limit.bundled_only and not bundled):
        return None
    return by_when(limit, from_ms, reckoning.calendar, reckoning.zone)


def _between_moves(view: View) -> Iterator[Timed]:
    """Steps, each state until the next word; pauses, each 6 and 8 until another state."""
    began_ms = view.began_ms or 0
    moves = view.moves
    for move, following in pairwise(moves):
        from_ms, until_ms = max(move.at_ms, began_ms), following.at_ms
        if until_ms < from_ms or move.state in STANDING:
            continue
        holder = view.holder_of(move)
        yield Timed(Clock.STEP, from_ms, until_ms, move.place, step=move.step, holder=holder)
    entered: Move | None = None  # a 6 or 8 that is said again is no new pause
    for move in moves:
        if entered is not None and move.state != entered.state:
            from_ms = max(entered.at_ms, began_ms)
            if from_ms <= move.at_ms:
                yield Timed(
                    _PAUSES[entered.state],
                    from_ms,
                    move.at_ms,
                    entered.place,
                    holder=view.holder_of(entered),
                )
            entered = None
        if entered is None and move.state in _PAUSES:
            entered = move


# A supplement's pause is the citizen's time, `Clock.SUPPLEMENT`.
_PAUSES: Final[Mapping[int, Clock]] = {
    State.PAYMENT_REQUESTED: Clock.PAUSE_PAYMENT,
    State.STOPPED: Clock.PAUSE_STOPPED,
}


def _synchronised(reckoning: Reckoning) -> Iterator[Timed]:
    """Sync and answer times, which bind bundled birth and death procedures only."""
    view = reckoning.view
    for answer in view.acknowledgements:
        sent_ms = answer.sent_ms
        if sent_ms is None or sent_ms > answer.at_ms:
            continue
        for clock in (Clock.SYNC, Clock.ANSWER):
            limit_ms = _limit_ms(reckoning, clock, sent_ms)
            yield Timed(clock, sent_ms, answer.at_ms, view.receiver, limit_ms)
