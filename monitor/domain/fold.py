"""From the set of a dossier's events to its view: any order of arrival gives the same one.

`fold` takes all events and settles what the order of arrival must not decide: what is voided,
whose word counts, in which order things happened, and what amendments say. `advance` moves a
view on by one event that follows all others, from the only source; it is the same step, and a
property test holds it equal to `fold`. Source: MEASURES.md §1, §3, §4.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from monitor.domain.event import Amendment, Event, Kind, Stamp, State
from monitor.domain.identity import content
from monitor.domain.lifecycle import (
    ACCEPTING,
    CLOSING,
    COMPLETING,
    NO_STATE_RANK,
    RANK,
    RUNNING,
    STANDING,
    TRANSITIONS,
    WAITING,
)
from monitor.domain.traits import Trait
from monitor.domain.view import (
    Acknowledgement,
    Due,
    Move,
    Place,
    Rescheduling,
    Supplement,
    View,
)
from monitor.domain.warning import Noted, QualityWarning

# How long an equal statement may be the same one sent twice, where its source sends no ids
# (MEASURES.md §1, assumption). The reference files may say otherwise.
REPEAT_MS: Final = 10 * 60 * 1000

# A claim further ahead of its arrival than this is a wrong clock: the arrival is used.
FUTURE_MS: Final = 5 * 60 * 1000

Key = tuple[int, int, int, str, str]

# Each kind has fields of its own; the kind decides which step reads them.
AnyEvent = Any


def effective_ms(event: Event) -> int:
    """When the event counts as having happened (MEASURES.md §2)."""
    if event.claimed_ms - event.arrival_ms > FUTURE_MS:
        return event.arrival_ms
    return event.claimed_ms


# Looked up for every event: members of an enumeration are slow to reach.
_STATE: Final = Kind.STATE
_SNAPSHOT: Final = Kind.SNAPSHOT
_OTHER: Final = int(State.OTHER)
_SUBMITTED: Final = int(State.SUBMITTED)
_SUPPLEMENT_REQUESTED: Final = int(State.SUPPLEMENT_REQUESTED)
_PROCESSED: Final = int(State.PROCESSED)
_HANDED_OVER: Final = int(State.HANDED_OVER)


def rank(event: AnyEvent) -> int:
    """The order of what is claimed for one instant: by state, then what is no state."""
    kind = event.kind
    if kind is _STATE or kind is _SNAPSHOT:
        state: int = event.state
        return RANK[state]
    return NO_STATE_RANK


def order_key(event: AnyEvent) -> Key:
    """Effective time, the source's sequence, rank of the state, identity in byte order."""
    return effective_ms(event), event.sequence, rank(event), event.source, event.id


def fold(
    events: Iterable[AnyEvent],
    portals: frozenset[str] = frozenset(),
    repeat_ms: int = REPEAT_MS,
) -> View:
    """The view of a dossier from all its events, given in any order, without equal identities.

    Which of several contents of one identity stands is settled before, by `identity.settled`.
    Sources among `portals` are never the authority of a dossier another source speaks of. What
    has no id of its source's is a repeat for `repeat_ms`.
    """
    heard = sorted(events, key=order_key)
    view = View()
    if not heard:
        return view
    ordered, trial = untried(heard)
    standing, stray = unvoided(ordered)
    said, repeats = once(standing, repeat_ms)
    counted, contradictions = counting(said, portals)
    for event in counted:
        take(view, event)
    if any(event.kind is Kind.REOPENED for event in counted):
        view = as_reopened(counted, view)
    amend(view, [event for event in said if event.kind is Kind.AMENDED])
    if len(standing) < len(ordered):
        view.warnings.extend(_warned_though_voided(ordered, standing))
    for event in stray:
        view.warnings.append(_noted(QualityWarning.VOID_WITHOUT_TARGET, event))
    for event in contradictions:
        view.warnings.append(_noted(QualityWarning.CONTRADICTION, event))
    if any(event.stamped for event in ordered):
        view.uncertain_ms = _uncertain_ms(counted)
        view.warnings.extend(noted for _, noted in stamped_noted(ordered, repeats, counted))
    last = heard[-1]
    view.source = last.source
    view.trial = trial
    view.mixed = trial or any(
        event.source != last.source or event.kind in _ONLY_FOLD for event in heard
    )
    view.last_ms = effective_ms(last)
    view.last_key = (last.sequence, rank(last), last.source, last.id)
    return view


# These reach back, so that a view cannot simply go on from them.
_ONLY_FOLD: Final = frozenset({Kind.AMENDED, Kind.VOIDED, Kind.REOPENED})
# All but those of which nothing hangs: a time of another field, a procedure named elsewhere.
_STAMPS_ONLY_FOLD: Final = int(~(Stamp.DERIVED | Stamp.PROCEDURE))


def advance(view: View, event: AnyEvent) -> bool:
    """Move the view on by one event, in place; False if only `fold` can tell what it does.

    True means that the view is now what `fold` would give for all events so far and this one.
    """
    at = effective_ms(event)
    source = event.source
    key = (event.sequence, rank(event), source, event.id)
    if at <= view.last_ms and (at < view.last_ms or key < view.last_key):
        return False
    if view.mixed or event.kind in _ONLY_FOLD or event.stamped & _STAMPS_ONLY_FOLD:
        return False
    # Of a trial too: the first event of it makes the view one that only `fold` goes on with.
    if (source != view.source) if view.source else event.trial:
        return False
    view.source = source
    view.last_ms = at
    view.last_key = key
    _take(view, event, at)
    return True


# -- whose word counts ---------------------------------------------------------------------


def untried(ordered: Sequence[AnyEvent]) -> tuple[Sequence[AnyEvent], bool]:
    """What is heard of a dossier, and whether all of it is a trial.

    Where a live source speaks, one that is on trial is not heard: no trial moves what is
    published. What a source said on trial counts from its first live event on.
    """
    if not any(event.trial for event in ordered):
        return ordered, False
    live = {event.source for event in ordered if not event.trial}
    if not live:
        return ordered, True
    return [event for event in ordered if event.source in live], False


class Repeated(NamedTuple):
    """A statement, and the one it repeats."""

    event: AnyEvent
    of: AnyEvent


def once(
    ordered: Sequence[AnyEvent], repeat_ms: int
) -> tuple[Sequence[AnyEvent], list[Repeated]]:
    """Statements without repeats, and the repeats.

    A source that sends no ids may send one statement twice: what follows an equal one, without
    another of its source's between them, and no later than `repeat_ms` after the one that counts,
    is that one again. Basis: assumption.
    """
    if not any(event.stamped & Stamp.ID for event in ordered):
        return ordered, []
    kept: list[AnyEvent] = []
    repeats: list[Repeated] = []
    last: dict[str, AnyEvent] = {}  # of each source what has no id
    for event in ordered:
        if event.stamped & Stamp.ID:
            before = last.get(event.source)
            if (
                before is not None
                and effective_ms(event) - effective_ms(before) <= repeat_ms
                and content(event) == content(before)
            ):
                repeats.append(Repeated(event, before))
                continue
            last[event.source] = event
        kept.append(event)
    return kept, repeats


def _uncertain_ms(counted: Iterable[AnyEvent]) -> int | None:
    """From when on nobody knows how long anything took, if ever."""
    return next(
        (
            effective_ms(event)
            for event in _not_shut_out(counted)
            if event.stamped & Stamp.UNCERTAIN
        ),
        None,
    )


def stamped_noted(
    ordered: Iterable[AnyEvent], repeats: Iterable[Repeated], counted: Iterable[AnyEvent]
) -> Iterator[tuple[AnyEvent, Noted]]:
    """What the edge saw in the messages, event by event; of a repeat only that it is one."""
    again = {id(repeated.event) for repeated in repeats}
    for event in ordered:
        if id(event) in again:
            yield event, _noted(QualityWarning.SENT_AGAIN, event)
            continue
        for stamp, warning in _STAMPS.items():
            # A payment without its time has a warning of its own, and papers have none to tell.
            if event.stamped & stamp and (stamp != Stamp.TIME or _is_state(event)):
                yield event, _noted(warning, event)
    first = next((event for event in counted if _is_state(event)), None)
    if first is not None and first.stamped & Stamp.ID and first.state not in _MAY_FOLLOW[None]:
        yield first, _noted(QualityWarning.BEGINNING_LOST, first)


_STAMPS: Final = {
    int(Stamp.ID): QualityWarning.NO_EVENT_ID,
    int(Stamp.TIME): QualityWarning.NO_TIME,
    int(Stamp.IDENTITY): QualityWarning.RAW_IDENTITY,
    int(Stamp.PLACEHOLDER): QualityWarning.PLACEHOLDER_IDENTITY,
    int(Stamp.POSTAL): QualityWarning.POSTAL_AS_ONLINE,
    int(Stamp.PAYMENT): QualityWarning.PAYMENT_WITHOUT_TIME,
}


def unvoided(ordered: Sequence[AnyEvent]) -> tuple[Sequence[AnyEvent], list[AnyEvent]]:
    """The events that no void undoes, and the voids that name nothing their source has sent.

    A void is valid also before its target arrives, covers its own source only, and cannot be
    voided itself.
    """
    voids = [event for event in ordered if event.kind is Kind.VOIDED]
    if not voids:
        return ordered, []
    voided = {(event.source, event.target) for event in voids}
    sent = {(event.source, event.id) for event in ordered if event.kind is not Kind.VOIDED}
    kept = [
        event
        for event in ordered
        if event.kind is not Kind.VOIDED and (event.source, event.id) not in voided
    ]
    return kept, [event for event in voids if (event.source, event.target) not in sent]


def _warned_though_voided(
    ordered: Sequence[AnyEvent], standing: Sequence[AnyEvent]
) -> Iterator[Noted]:
    """What was odd about events that are voided: a void does not undo that (MEASURES.md §3)."""
    kept = {id(event) for event in standing}
    view = View()
    for event in ordered:
        if event.kind is Kind.VOIDED:
            continue
        known = len(view.warnings)
        take(view, event)
        if id(event) not in kept:
            yield from view.warnings[known:]


def counting(
    ordered: Sequence[AnyEvent], portals: frozenset[str]
) -> tuple[Sequence[AnyEvent], list[AnyEvent]]:
    """What counts when several sources speak, and what contradicts the authority.

    One authority a dossier: the source of the first accepted state; another source's state
    counts if the authority never sent that code, and a 3, 7, 9 or 10 of it only if the authority
    sent no later state. What is no state counts from any source. Basis: assumption.
    """
    states = [event for event in ordered if _is_state(event)]
    sources = {event.source for event in states}
    if len(sources) <= 1:
        return ordered, []
    heeded = _heeded(ordered)
    speaking = sources - portals or sources
    authority = next(
        (event.source for event in heeded if event.source in speaking and _accepts(event)), None
    )
    if authority is None:
        return ordered, []
    own = [event for event in heeded if event.source == authority]
    own_codes = {event.state for event in own}
    own_last = order_key(own[-1])
    foreign = {
        (event.source, event.id)
        for event in heeded
        if event.state not in own_codes
        and (event.state not in CLOSING or order_key(event) > own_last)
    }
    counted = [
        event
        for event in ordered
        if not _is_state(event)
        or event.source == authority
        or (event.source, event.id) in foreign
    ]
    contradictions = [
        event
        for event in states
        if event.source != authority and (event.source, event.id) not in foreign
    ]
    return counted, contradictions


def _heeded(ordered: Iterable[AnyEvent]) -> list[AnyEvent]:
    """States without what each source's own 3, 7 or 10 shuts out: that is neither said nor later."""
    heeded = []
    ended: set[str] = set()
    for event in ordered:
        if event.kind is Kind.REOPENED:
            ended.clear()
        if _is_state(event) and event.source not in ended:
            heeded.append(event)
            if event.kind is Kind.STATE and event.state in STANDING:
                ended.add(event.source)
    return heeded


def _not_shut_out(ordered: Iterable[AnyEvent]) -> Iterator[AnyEvent]:
    """All but the states that a 3, 7 or 10 shuts out; it holds until `reopened`."""
    held = False
    for event in ordered:
        if event.kind is Kind.REOPENED:
            held = False
        if held and _is_state(event):
            continue
        held = held or (event.kind is Kind.STATE and event.state in STANDING)
        yield event


def _is_state(event: AnyEvent) -> bool:
    return event.kind is Kind.STATE or event.kind is Kind.SNAPSHOT


def _accepts(event: AnyEvent) -> bool:
    return (
        event.kind is Kind.SNAPSHOT
        or event.state in ACCEPTING
        or (event.state == _SUPPLEMENT_REQUESTED and event.receipt_ms is not None)
    )


# -- one event after another ---------------------------------------------------------------


def take(view: View, event: AnyEvent) -> None:
    """What one event, next in order, does to the view."""
    _take(view, event, effective_ms(event))


def _take(view: View, event: AnyEvent, at: int) -> None:
    if at != event.claimed_ms:
        view.warnings.append(_noted(QualityWarning.FUTURE_TIME, event))
    if event.kind is _STATE:
        _enter(view, event, at)
    else:
        _STEPS[event.kind](view, event, at)


def as_reopened(counted: Sequence[AnyEvent], heard: View) -> View:
    """The life without what is undone: no 3, 7, 9 or 10 before a `reopened` ended anything.

    What such a state shut out stays so, because it held until then; and a dossier that it
    accepted stays accepted. Warnings are about what was said, and stay too.
    """
    left = list(_not_shut_out(counted))
    last = max(place for place, event in enumerate(left) if event.kind is Kind.REOPENED)
    view = View()
    for place, event in enumerate(left):
        if place < last and event.kind is Kind.STATE and event.state in CLOSING:
            _hear(view, event, effective_ms(event), Place(event.agency, event.unit))
        else:
            take(view, event)
    view.warnings = heard.warnings
    return view


def _enter(view: View, event: AnyEvent, at: int) -> None:
    """A state: it has no effect at all once a 3, 7 or 10 stands."""
    if view.standing:
        view.warnings.append(_noted(QualityWarning.SHUT_OUT, event))
        return
    state: int = event.state
    moves = view.moves
    before = moves[-1] if moves else None
    place = view.receiver if before is None else before.place
    if place.agency != event.agency or place.unit != event.unit:
        place = Place(event.agency, event.unit)
    if state and state not in _MAY_FOLLOW[None if before is None else before.state]:
        view.warnings.append(_noted(QualityWarning.ILLEGAL_TRANSITION, event))
    _hear(view, event, at, place)
    if state == _OTHER:
        return  # 0 and 1 change nothing
    if state == _SUBMITTED and view.accepted_ms is not None:
        _submit(view, state, at, place)  # told late; it changes nothing else
        return
    if view.supplements and view.supplements[-1].ended_ms is None:
        _end_supplement(view, state, at)
    if _ACTS[state](view, state, at, place):
        if state in CLOSING and not (state == _HANDED_OVER and view.processed_ms is not None):
            view.end_told_ms = None if event.backfill else event.arrival_ms
        # The constructor that the class was given is Python's, and three times as slow.
        move = tuple.__new__(Move, (at, state, place, event.step, event.source))
        view.moves.append(move)


# `TRANSITIONS`, which asks for a `State` and looks through a proxy.
_MAY_FOLLOW: Final[dict[int | None, frozenset[State]]] = {
    None if state is None else int(state): after for state, after in TRANSITIONS.items()
}


def _hear(view: View, event: AnyEvent, at: int, place: Place) -> None:
    """What a state says beside the state itself."""
    if view.accepted_ms is None:
        _say(view, event, place, at)
    _say_where_unsaid(view, event)
    due_ms = event.due_ms
    if due_ms is not None and (not view.dues or view.dues[-1].due_ms != due_ms):
        view.dues.append(Due(at, due_ms))


# What a state does; False: nothing, and it is no move.


def _submit(view: View, _state: int, at: int, place: Place) -> bool:
    if view.submitted_ms is None:
        view.submitted_ms = at
        view.submitted_to = place
    return True


def _run(view: View, state: int, at: int, place: Place) -> bool:
    """The dossier is with the office again, or waits for somebody: a 9 before is undone."""
    # Repeated 5s are one request.
    asks = state == _SUPPLEMENT_REQUESTED and not (view.moves and view.moves[-1].state == state)
    if view.processed_ms is not None:
        view.processed_ms = None
        for supplement in view.supplements:
            supplement.after_end = False
        view.moves = [move for move in view.moves if move.state != _PROCESSED]
    if asks:
        _ask(view, at, place)
    return True


def _process(view: View, _state: int, at: int, place: Place) -> bool:
    if view.processed_ms is not None:
        return False  # a further 9 changes nothing
    view.processed_ms = at
    view.settler = place
    return True


def _stand(view: View, state: int, at: int, place: Place) -> bool:
    view.standing = state
    view.standing_ms = at
    if view.processed_ms is None:
        view.settler = place
    return True


_ACTS: Final[dict[int, Callable[[View, int, int, Place], bool]]] = {
    State.SUBMITTED: _submit,
    **dict.fromkeys(RUNNING, _run),
    State.PROCESSED: _process,
    **dict.fromkeys(STANDING, _stand),
}


def _say(view: View, event: AnyEvent, place: Place, at: int) -> None:
    """What a state says of a dossier that is not accepted yet; until then the first word stands."""
    if not view.receiver.agency:
        view.procedure = event.procedure
        view.receiver = place
    if _accepts(event):
        view.accepted_ms = _accepted_ms(view, event, at)
        view.accepted_by = event.state
        view.opened_at = len(view.moves)
        view.procedure = event.procedure or view.procedure
        view.receiver = place
        view.channel = event.channel or view.channel
        view.sub_channel = event.sub_channel or view.sub_channel
        view.level = event.level or view.level
        view.applicant_type = event.applicant_type or view.applicant_type
        view.applicant_key = event.applicant_key or view.applicant_key
        if event.identity_attached is not None:
            view.identity_attached = event.identity_attached
    elif event.state in WAITING:
        view.waiting = True
    if view.identity_attached is None:
        view.identity_attached = event.identity_attached


def _say_where_unsaid(view: View, event: AnyEvent) -> None:
    """Attributes that nobody has given yet, also after acceptance."""
    if not view.procedure:
        view.procedure = event.procedure
    if not view.channel:
        view.channel = event.channel
    if not view.sub_channel:
        view.sub_channel = event.sub_channel
    if not view.level:
        view.level = event.level
    if not view.applicant_type:
        view.applicant_type = event.applicant_type
    if not view.applicant_key:
        view.applicant_key = event.applicant_key


def _accepted_ms(view: View, event: AnyEvent, at: int) -> int:
    """The receipt date if it is given and not in the future, else the event's own time."""
    receipt: int | None = event.receipt_ms
    if receipt is None:
        view.warnings.append(_noted(QualityWarning.NO_RECEIPT_DATE, event))
        return at
    if _receipt_in_future(event):
        view.warnings.append(_noted(QualityWarning.RECEIPT_IN_FUTURE, event))
        return at
    return receipt


def _receipt_in_future(event: AnyEvent) -> bool:
    return bool(event.receipt_ms - event.arrival_ms > FUTURE_MS)


def _ask(view: View, at: int, place: Place) -> None:
    """A supplement is asked for; asking again while it is awaited is no new request."""
    if not view.supplements or view.supplements[-1].ended_ms is not None:
        after_end = view.processed_ms is not None
        view.supplements.append(Supplement(at, place, after_end=after_end))


def _end_supplement(view: View, state: int, at: int) -> None:
    if state in COMPLETING:
        view.supplements[-1].completed = True
        view.supplements[-1].ended_ms = at
    elif state != _SUPPLEMENT_REQUESTED:
        view.supplements[-1].ended_ms = at


def _supplement_requested(view: View, event: AnyEvent, at: int) -> None:
    inside = bool(view.moves) and view.moves[-1].state == _SUPPLEMENT_REQUESTED
    if not view.standing and not inside:  # within a 5 it is the same request
        _ask(view, at, Place(event.agency, event.unit) if event.agency else view.holder)


def _supplement_received(view: View, _event: AnyEvent, at: int) -> None:
    if not view.standing and view.supplements and view.supplements[-1].ended_ms is None:
        view.supplements[-1].completed = True
        view.supplements[-1].ended_ms = at


def _rescheduled(view: View, event: AnyEvent, at: int) -> None:
    view.reschedulings.append(Rescheduling(at, event.due_ms, event.apology, event.source))
    view.dues.append(Due(at, event.due_ms, put_off=True))


def _reopened(view: View, _event: AnyEvent, _at: int) -> None:
    """The 3, 7 or 10 holds no longer; `as_reopened` makes the life what it now was."""
    view.moves = [move for move in view.moves if move.state not in CLOSING]
    view.processed_ms = None
    view.standing = 0
    view.standing_ms = 0


def _snapshot(view: View, event: AnyEvent, at: int) -> None:
    """How a system comes on board with dossiers already open: they are never received."""
    if view.accepted_ms is not None or view.standing:
        return  # it is known already
    place = Place(event.agency, event.unit)
    view.boarded_ms = at
    view.accepted_ms = event.accepted_ms
    view.accepted_by = event.state
    view.opened_at = len(view.moves)
    view.receiver = place
    view.procedure = event.procedure
    view.channel = event.channel or view.channel
    view.sub_channel = event.sub_channel or view.sub_channel
    view.level = event.level or view.level
    view.applicant_type = event.applicant_type or view.applicant_type
    view.earlier_pauses_ms = event.paused_ms
    view.earlier_supplements = event.supplements
    if event.due_ms is not None:
        view.dues.append(Due(at, event.due_ms))
    if view.supplements and view.supplements[-1].ended_ms is None:
        _end_supplement(view, event.state, at)
    if event.state == _SUPPLEMENT_REQUESTED:
        _ask(view, at, place)
    view.moves.append(Move(at, event.state, place, event.step, event.source))


def _amended(view: View, event: AnyEvent, _at: int) -> None:
    """A correction reaches back, see `amend`; it knows the future no better than others."""
    if event.receipt_ms is not None and _receipt_in_future(event):
        view.warnings.append(_noted(QualityWarning.RECEIPT_IN_FUTURE, event))


def _acknowledged(view: View, event: AnyEvent, at: int) -> None:
    view.acknowledgements.append(Acknowledgement(at, event.sent_ms, event.target, event.code))
    if event.target == NATIONAL_PORTAL and event.code == TAKEN_OVER:
        view.told |= _SYNCED


NATIONAL_PORTAL: Final = "dvcqg"
TAKEN_OVER: Final = 0  # what the portal answers to what it has taken over


# What official figures are counted by: see `traits`.


def _payment_requested(view: View, event: AnyEvent, _at: int) -> None:
    """A fee of more than 0 outweighs those of 0, whichever was asked for first."""
    if event.amount > 0:
        view.told = view.told & ~_FEE_ZERO | _FEE_ASKED
    elif not view.told & _FEE_ASKED:
        view.told |= _FEE_ZERO


def _payment_made(view: View, event: AnyEvent, _at: int) -> None:
    view.told |= _PAID.get(event.form, 0)


def _result_issued(view: View, event: AnyEvent, _at: int) -> None:
    if event.electronic:
        view.told |= _ELECTRONIC_RESULT
    if event.paper:
        view.told |= _PAPER_RESULT


def _documents(view: View, event: AnyEvent, _at: int) -> None:
    """The last list of papers stands as a whole; whether the account was verified, where said."""
    told = view.told & ~_PAPERS
    if event.digitised:
        told |= _DIGITISED
    if event.reused:
        told |= _REUSED
    if event.national_store:
        told |= _NATIONAL_STORE
    if event.population:
        told |= _POPULATION
    if event.identity_verified is not None:
        told = told | _VERIFIED if event.identity_verified else told & ~_VERIFIED
    view.told = told


def _rated(view: View, event: AnyEvent, at: int) -> None:
    """The last rating stands."""
    view.rated_ms = at
    view.rating = of_five(event.score, event.scale)
    if view.rating <= DISSATISFIED:
        view.told |= _DISLIKED
    else:
        view.told &= ~_DISLIKED


SATISFIED: Final = 4
DISSATISFIED: Final = 2


def of_five(score: int, scale: int) -> int:
    """A rating on the scale of 5, what lies between two steps towards the middle: 7 of 10 is not
    4 of 5 and better, and 5 of 10 is not 2 of 5 and worse. Basis: assumption.
    """
    down, up = score * 5 // scale, -(-score * 5 // scale)
    if down >= SATISFIED:
        return down
    return up if up <= DISSATISFIED else 3


_FEE_ASKED: Final = int(Trait.FEE_ASKED)
_FEE_ZERO: Final = int(Trait.FEE_ZERO)
_PAID: Final = {
    1: int(Trait.PAID_NATIONAL),
    2: int(Trait.PAID_LOCAL),
    3: int(Trait.PAID_DIRECT),
}
_ELECTRONIC_RESULT: Final = int(Trait.ELECTRONIC_RESULT)
_PAPER_RESULT: Final = int(Trait.PAPER_RESULT)
_DIGITISED: Final = int(Trait.DIGITISED)
_REUSED: Final = int(Trait.REUSED)
_NATIONAL_STORE: Final = int(Trait.NATIONAL_STORE)
_POPULATION: Final = int(Trait.POPULATION)
_PAPERS: Final = _DIGITISED | _REUSED | _NATIONAL_STORE | _POPULATION
_VERIFIED: Final = int(Trait.VERIFIED)
_SYNCED: Final = int(Trait.SYNCED)
_DISLIKED: Final = int(Trait.DISLIKED)

_STEPS: Final[Mapping[Kind, Callable[[View, AnyEvent, int], None]]] = {
    Kind.SUPPLEMENT_REQUESTED: _supplement_requested,
    Kind.SUPPLEMENT_RECEIVED: _supplement_received,
    Kind.PAYMENT_REQUESTED: _payment_requested,
    Kind.PAYMENT_MADE: _payment_made,
    Kind.RESCHEDULED: _rescheduled,
    Kind.AMENDED: _amended,
    Kind.REOPENED: _reopened,
    Kind.RESULT_ISSUED: _result_issued,
    Kind.DOCUMENTS_ATTACHED: _documents,
    Kind.RATED: _rated,
    Kind.SNAPSHOT: _snapshot,
    Kind.SYNC_ACKNOWLEDGED: _acknowledged,
}


def _noted(warning: QualityWarning, event: Event) -> Noted:
    return Noted(warning, event.source, effective_ms(event))


# -- corrections ---------------------------------------------------------------------------


def amend(view: View, amendments: Sequence[Amendment]) -> None:
    """Corrections move history: of each attribute the last amendment in order stands."""
    if not amendments:
        return
    for event in amendments:
        view.procedure = event.procedure or view.procedure
        view.channel = event.channel or view.channel
        view.level = event.level or view.level
        view.applicant_type = event.applicant_type or view.applicant_type
        view.applicant_key = event.applicant_key or view.applicant_key
        if event.sub_channel is not None:
            view.sub_channel = event.sub_channel
        if event.identity_attached is not None:
            view.identity_attached = event.identity_attached
        believed = event.receipt_ms is not None and not _receipt_in_future(event)
        if believed and view.accepted_ms is not None:
            view.accepted_ms = event.receipt_ms
    agency = next((event.agency for event in reversed(amendments) if event.agency), "")
    unit = next((event.unit for event in reversed(amendments) if event.unit is not None), None)
    _replace_place(view, agency, unit)


def _replace_place(view: View, agency: str, unit: str | None) -> None:
    """The amended agency stands wherever the one that received stood; a hand-off stays."""
    wrong = view.receiver
    if not agency and unit is None:
        return
    right = Place(agency or wrong.agency, wrong.unit if unit is None else unit)

    def mend(place: Place) -> Place:
        if place.agency != wrong.agency:
            return place
        if place.unit == wrong.unit:
            return right
        return Place(right.agency, place.unit)

    view.receiver = right
    view.submitted_to = mend(view.submitted_to)
    view.settler = mend(view.settler)
    view.moves = [move._replace(place=mend(move.place)) for move in view.moves]
    for supplement in view.supplements:
        supplement.place = mend(supplement.place)
