"""How long each part of a dossier's way took, and whose time it was (MEASURES.md §5).

Elapsed time is what the wall clock shows; working time is counted on the dossier's one
calendar. A limit has a source and a basis; a clock without one is only measured.
"""

from typing import Final

from monitor.domain.binding import by_when
from monitor.domain.event import State
from monitor.domain.lifecycle import STANDING, Holder
from monitor.domain.measures import Clock
from monitor.domain.reckoning import Reckoning
from monitor.domain.view import Move, Place, View, whose_time

# One interval of one clock: clock, from, until, who had the dossier, by when it had to end
# (None: no limit), the step, whose time it was.
Timed = tuple[Clock, int, int, Place, int | None, str, Holder]

_NOBODY: Final = Holder.NOBODY


def timed(reckoning: Reckoning) -> list[Timed]:
    """Every interval that has come to its end, of an accepted dossier."""
    view = reckoning.view
    accepted_ms = view.accepted_ms or 0
    found: list[Timed] = []
    if view.boarded_ms is None:
        _at_reception(found, reckoning, accepted_ms)
    for supplement in view.supplements:
        if supplement.after_end:
            continue
        asked_ms, ended_ms = supplement.asked_ms, supplement.ended_ms
        if supplement.completed and ended_ms is not None:
            found.append(
                (_SUPPLEMENT, asked_ms, ended_ms, supplement.place, None, "", _CITIZEN)
            )
    end_ms = reckoning.end_ms
    if end_ms is not None and view.completed:
        due_ms = reckoning.due_06b_ms(end_ms)
        place = view.settler
        found.append((_PROCESSING, accepted_ms, end_ms, place, due_ms, "", _NOBODY))
        if view.processed_ms is not None and view.standing == _HANDED_OVER:
            handed_ms = max(end_ms, view.standing_ms)
            found.append((_HANDOVER, end_ms, handed_ms, place, None, "", _NOBODY))
    _between_moves(found, view)
    if reckoning.procedure is not None and reckoning.procedure.bundled:
        _synchronised(found, reckoning)
    uncertain_ms = view.uncertain_ms
    if uncertain_ms is not None:  # nobody knows how long what ended later took
        found = [interval for interval in found if interval[2] < uncertain_ms]
    return found


_HANDED_OVER: Final = int(State.HANDED_OVER)
_ACCEPTANCE: Final = Clock.ACCEPTANCE
_FORWARD: Final = Clock.FORWARD
_SUPPLEMENT_REQUEST: Final = Clock.SUPPLEMENT_REQUEST
_SUPPLEMENT: Final = Clock.SUPPLEMENT
_PROCESSING: Final = Clock.PROCESSING
_HANDOVER: Final = Clock.HANDOVER
_STEP: Final = Clock.STEP
_CITIZEN: Final = Holder.CITIZEN


def _at_reception(found: list[Timed], reckoning: Reckoning, accepted_ms: int) -> None:
    view = reckoning.view
    place, submitted_ms = view.receiver, view.submitted_ms
    if submitted_ms is not None and submitted_ms <= accepted_ms:
        limit_ms = _limit_ms(reckoning, _ACCEPTANCE, submitted_ms)
        found.append((_ACCEPTANCE, submitted_ms, accepted_ms, place, limit_ms, "", _NOBODY))
    forwarded_ms: int | None = None
    for move in view.moves:
        if move.state == _IN_PROCESS:
            forwarded_ms = move.at_ms
            break
    if forwarded_ms is not None and forwarded_ms >= accepted_ms:
        limit_ms = _limit_ms(reckoning, _FORWARD, accepted_ms)
        found.append((_FORWARD, accepted_ms, forwarded_ms, place, limit_ms, "", _NOBODY))
    for supplement in reckoning.requests[:1]:
        asked_ms = supplement.asked_ms
        if forwarded_ms is None or asked_ms <= forwarded_ms:
            clock = _SUPPLEMENT_REQUEST
            limit_ms = _limit_ms(reckoning, clock, accepted_ms)
            found.append((clock, accepted_ms, asked_ms, place, limit_ms, "", _NOBODY))


_IN_PROCESS: Final = int(State.IN_PROCESS)


def _limit_ms(reckoning: Reckoning, clock: Clock, from_ms: int) -> int | None:
    """By when the clock's limit wants it done, if one binds this dossier on that day."""
    limit = reckoning.legal.limits(clock, reckoning.zone.day(from_ms))
    bundled = reckoning.procedure is not None and reckoning.procedure.bundled
    if limit is None or (limit.bundled_only and not bundled):
        return None
    return by_when(limit, from_ms, reckoning.calendar, reckoning.zone)


def _between_moves(found: list[Timed], view: View) -> None:
    """Steps, each state until the next word; pauses, each 6 and 8 until another state."""
    began_ms = view.began_ms or 0
    receiving, settling = view.receiver.agency, view.holder.agency
    before: Move | None = None
    pauses = False
    for move in view.moves:
        at_ms = move.at_ms
        if before is not None:
            state, place = before.state, before.place
            from_ms = max(before.at_ms, began_ms)
            if from_ms <= at_ms and state not in STANDING:
                holder = whose_time(state, place.agency, receiving, settling)
                found.append((_STEP, from_ms, at_ms, place, None, before.step, holder))
            pauses = pauses or state in _PAUSES
        before = move
    if not pauses:
        return
    entered: Move | None = None  # a 6 or 8 that is said again is no new pause
    for move in view.moves:
        if entered is not None and move.state != entered.state:
            state, place = entered.state, entered.place
            from_ms = max(entered.at_ms, began_ms)
            if from_ms <= move.at_ms:
                holder = whose_time(state, place.agency, receiving, settling)
                clock = _PAUSES[state]
                found.append((clock, from_ms, move.at_ms, place, None, "", holder))
            entered = None
        if entered is None and move.state in _PAUSES:
            entered = move


# A supplement's pause is the citizen's time, `Clock.SUPPLEMENT`.
_PAUSES: Final[dict[int, Clock]] = {
    State.PAYMENT_REQUESTED: Clock.PAUSE_PAYMENT,
    State.STOPPED: Clock.PAUSE_STOPPED,
}


def _synchronised(found: list[Timed], reckoning: Reckoning) -> None:
    """Sync and answer times, which bind bundled birth and death procedures only."""
    view = reckoning.view
    for answer in view.acknowledgements:
        sent_ms = answer.sent_ms
        if sent_ms is None or sent_ms > answer.at_ms:
            continue
        for clock in (Clock.SYNC, Clock.ANSWER):
            limit_ms = _limit_ms(reckoning, clock, sent_ms)
            found.append((clock, sent_ms, answer.at_ms, view.receiver, limit_ms, "", _NOBODY))
