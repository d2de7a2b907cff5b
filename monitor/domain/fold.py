"""From the set of a dossier's events to its view: any order of arrival gives the same one.

`fold` takes all events and settles what the order of arrival must not decide: which of equal
identities stands, whose word counts, and in which order things happened. `advance` moves a view
on by one event that follows all others, from the only source; it is the same step, and a
property test holds it equal to `fold`. Source: MEASURES.md §1, §3, §4.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from monitor.domain.event import State, StateEvent
from monitor.domain.lifecycle import (
    ACCEPTING,
    CLOSING,
    PAUSING,
    RANK,
    RUNNING,
    STANDING,
    WAITING,
)
from monitor.domain.view import Due, Stint, View

# A claim further ahead of its arrival than this is a wrong clock: the arrival is used.
FUTURE_MS: Final = 5 * 60 * 1000

Key = tuple[int, int, int, str, str]
Place = tuple[str, str]  # agency and unit


def effective_ms(event: StateEvent) -> int:
    """When the event counts as having happened (MEASURES.md §2)."""
    if event.claimed_ms - event.arrival_ms > FUTURE_MS:
        return event.arrival_ms
    return event.claimed_ms


def order_key(event: StateEvent) -> Key:
    """Effective time, the source's sequence, rank of the state, identity in byte order."""
    return (
        effective_ms(event),
        event.sequence,
        RANK[event.state],
        event.source,
        event.id,
    )


def fold(events: Iterable[StateEvent]) -> View:
    """The view of a dossier from all its events, given in any order, without equal identities.

    Which of several contents of one identity stands is settled before, by `identity.stands`.
    """
    ordered = sorted(events, key=order_key)
    view = View()
    for event in _counted(ordered):
        _step(view, event)
    if ordered:
        last = ordered[-1]
        view.source = last.source
        view.mixed = any(event.source != last.source for event in ordered)
        view.last_ms = effective_ms(last)
        view.last_key = (last.sequence, RANK[last.state], last.source, last.id)
    return view


def advance(view: View, event: StateEvent) -> bool:
    """Move the view on by one event, in place; False if only `fold` can tell what it does.

    True means that the view is now what `fold` would give for all events so far and this one.
    """
    at = effective_ms(event)
    if at <= view.last_ms:
        key = (event.sequence, RANK[event.state], event.source, event.id)
        if at < view.last_ms or key < view.last_key:
            return False
    if view.mixed or (view.source and event.source != view.source):
        return False
    view.source = event.source
    view.last_ms = at
    view.last_key = (event.sequence, RANK[event.state], event.source, event.id)
    _step(view, event)
    return True


def _counted(ordered: Sequence[StateEvent]) -> Sequence[StateEvent]:
    """Those states that count when several sources speak (MEASURES.md §1, one authority)."""
    if not ordered or all(event.source == ordered[0].source for event in ordered):
        return ordered
    heeded = _heeded(ordered)
    authority = next((event.source for event in heeded if _accepts(event)), None)
    if authority is None:
        return ordered
    own = [event for event in heeded if event.source == authority]
    own_codes = {event.state for event in own}
    own_last = order_key(own[-1])
    foreign = {
        (event.source, event.id)
        for event in heeded
        if event.state not in own_codes
        and (event.state not in CLOSING or order_key(event) > own_last)
    }
    return [
        event
        for event in ordered
        if event.source == authority or (event.source, event.id) in foreign
    ]


def _heeded(ordered: Sequence[StateEvent]) -> list[StateEvent]:
    """Without what each source's own 3, 7 or 10 shuts out: it neither accepts nor is later."""
    heeded = []
    ended = set()
    for event in ordered:
        if event.source not in ended:
            heeded.append(event)
            if event.state in STANDING:
                ended.add(event.source)
    return heeded


def _accepts(event: StateEvent) -> bool:
    return event.state in ACCEPTING or (
        event.state == State.SUPPLEMENT_REQUESTED and event.receipt_ms is not None
    )


def _step(view: View, event: StateEvent) -> None:
    """What one state, next in order, does to the view."""
    if view.standing:
        view.shut_out += 1
        return
    at = effective_ms(event)
    place = (event.agency, event.unit)
    if view.accepted_ms is None:
        _receive(view, event, at, place)
    view.channel = view.channel or event.channel
    view.sub_channel = view.sub_channel or event.sub_channel
    view.level = view.level or event.level
    due_ms = event.due_ms
    if due_ms is not None and (not view.dues or view.dues[-1].due_ms != due_ms):
        view.dues.append(Due(at, due_ms))
    _move(view, event.state, at, place)


def _receive(view: View, event: StateEvent, at: int, place: Place) -> None:
    """Acceptance, and what the dossier is; until then, what was said first stands in."""
    accepts = _accepts(event)
    if accepts or not view.procedure:
        view.procedure = event.procedure
        view.receiver = place
    if accepts:
        view.accepted_ms = _accepted_ms(event, at)
        view.channel = event.channel or view.channel
        view.sub_channel = event.sub_channel or view.sub_channel
        view.level = event.level or view.level
    elif event.state in WAITING:
        view.waiting = True


def _move(view: View, state: int, at: int, place: Place) -> None:
    """Where the state takes the dossier: submitted, held, processed, ended."""
    if state in RUNNING:
        view.processed_ms = None
        if view.accepted_ms is not None:
            _hold(view, at, place, paused=state in PAUSING)
        return
    if state == State.SUBMITTED:
        if view.submitted_ms is None:
            view.submitted_ms = at
            view.submitted_to = place
    elif state in CLOSING and view.processed_ms is None:
        view.settler = place
        if state == State.PROCESSED:
            view.processed_ms = at
    if state in STANDING:
        view.standing = state
        view.standing_ms = at
    if view.accepted_ms is not None and not view.stints:
        _hold(view, at, place, paused=False)  # what accepts by its end was in process till then


def _accepted_ms(event: StateEvent, at: int) -> int:
    """The receipt date if it is given and not in the future, else the event's own time."""
    receipt = event.receipt_ms
    if receipt is None or receipt - event.arrival_ms > FUTURE_MS:
        return at
    return receipt


def _hold(view: View, at: int, place: Place, *, paused: bool) -> None:
    """A stint begins where holder or pause changes; the first one begins with acceptance."""
    if not view.stints:
        at = view.accepted_ms if view.accepted_ms is not None else at
    else:
        last = view.stints[-1]
        if last.paused == paused and (last.agency, last.unit) == place:
            return
        at = max(at, view.stints[0].from_ms)
    view.stints.append(Stint(at, *place, paused))
