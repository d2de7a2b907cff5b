"""How a dossier's figures came about: what `fold`, `Reckoning` and `post` made of its events.

Nothing is worked out a second time here: the story follows the very steps of `fold`, due dates
and verdicts are those of `Reckoning`, and amounts are what `post` gives.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import date
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.applicants import APPLICANTS, REFERRED, applicant_year, year_begins
from monitor.domain.binding import ClockLimit, ClockUnit
from monitor.domain.calendar import WorkCalendar
from monitor.domain.clocks import timed
from monitor.domain.deadlines import RULES, Due, Ground, Limit, Pause, Rule, Strategy, suspended
from monitor.domain.deadlines import Basis as GroundBasis
from monitor.domain.event import Kind, Stamp
from monitor.domain.fold import (
    AnyEvent,
    amend,
    as_reopened,
    counting,
    effective_ms,
    fold,
    once,
    order_key,
    stamped_noted,
    take,
    untried,
    unvoided,
)
from monitor.domain.identity import content, content_hash, settled
from monitor.domain.lifecycle import CLOSING, Holder, RuleName
from monitor.domain.measures import (
    BY_THE_HOUR,
    CATALOGUE,
    CLOCK_CATALOGUE,
    CONSUMED_BINS,
    CONSUMED_BOUNDS,
    FIXED_IN_TIME,
    FIXED_LATE,
    FIXED_UNCERTAIN,
    HOURS,
    NO_SLOT,
    TRIAL,
    WORKED_BOUNDS,
    Basis,
    Clock,
    Definition,
    Measure,
    Part,
)
from monitor.domain.measures import Kind as MeasureKind
from monitor.domain.policy import RULES_VERSION, Policy, Precision
from monitor.domain.post import Account, Entries, accepting_source, oddities, post
from monitor.domain.reckoning import Judgement, Reckoning, counted_from, judge_plain
from monitor.domain.reckoning import Verdict as Judged
from monitor.domain.traits import MEANINGS as TRAITS
from monitor.domain.traits import OF_CATALOGUE, Trait, named, traits
from monitor.domain.view import Cell, Move, Outcome, Place, View
from monitor.domain.view import Due as SentDue
from monitor.domain.warning import MEANINGS, Noted, QualityWarning
from monitor.domain.zone import day_number

Identity = tuple[str, str]  # source and id


class Effect(StrEnum):
    """Whether a statement counts."""

    COUNTS = "counts"
    CHANGES_NOTHING = "changes_nothing"  # it counts, and the life cycle goes on as before
    CORRECTS = "corrects"  # an amendment: it moves history
    VOIDS = "voids"
    VOIDS_NOTHING = "voids_nothing"  # a void of what its source has not sent
    VOIDED = "voided"
    CONTRADICTED = "contradicted"  # by the source with authority over the dossier
    SHUT_OUT = "shut_out"  # by a standing 3, 7 or 10
    SENT_AGAIN = "sent_again"  # without an id, so soon that it is the same statement
    ON_TRIAL = "on_trial"  # of a source on trial, where a live one speaks
    SUPERSEDED = "superseded"  # another content of the same identity stands
    DUPLICATE = "duplicate"


class Turn(StrEnum):
    """What a rule's clock does at an event."""

    STARTS = "starts"
    STOPS = "stops"
    GOES_ON = "goes_on"
    RESTARTS = "restarts"  # from an end that was undone, or with the limit from zero
    ENDS = "ends"


class Hours(StrEnum):
    """What the office's calendar says of an instant."""

    OFFICE = "office_hours"
    CLOSED = "closed"  # a working day, outside of its sessions
    DAY_OFF = "day_off"


class Said(NamedTuple):
    """One thing that a statement says; names are those of the event's fields."""

    name: str
    value: int | str | bool


class RuleTurn(NamedTuple):
    rule: RuleName
    turn: Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A statement, and what came of it."""

    effective_ms: int
    claimed_ms: int
    arrival_ms: int
    source: str
    id: str
    kind: Kind
    revision: int
    backfill: bool
    says: tuple[Said, ...]
    hours: Hours | None  # None: no calendar tells
    effect: Effect
    by: str = ""  # the id of the statement that voids it or shuts it out
    undone_by: str = ""  # the id of the statement that undid its 3, 7, 9 or 10 later
    turns: tuple[RuleTurn, ...] = ()
    # Where the dossier stands afterwards; None where the statement does not count.
    outcome: Outcome | None = None
    place: Place | None = None
    holder: Holder | None = None
    warnings: tuple[QualityWarning, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A due date that a source made."""

    made_ms: int
    due_ms: int
    source: str
    id: str
    after_end: bool  # it comes too late to count
    in_force: bool  # it is the last one made before the end
    put_off: bool  # by an explicit rescheduling
    put_off_late: bool  # at or after the due date then in force
    apology: bool | None


class Reason(NamedTuple):
    """A step of the reasoning that gave a due date of ours."""

    rule: Rule
    says: str
    source: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused:
    """A time in which the clock stood."""

    from_ms: int
    until_ms: int | None
    elapsed_ms: int | None
    worked_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """The due date that the procedure's limit gives, and how the pauses moved it."""

    procedure: str
    channel: int
    limit: Limit
    strategy: Strategy
    calendar: str  # its version
    receipt_ms: int
    counted_from_ms: int  # later than the receipt where the procedure's row says so
    due_ms: int
    provisional: bool
    reasons: tuple[Reason, ...]
    pauses: tuple[Paused, ...]  # by the rule of report 06b, the only one that moves it
    moved_due_ms: int | None  # None: unknown while a pause lasts, or beyond the calendar
    moved_provisional: bool
    moved_reasons: tuple[Reason, ...]


class DueFrom(StrEnum):
    """Where the due date of a verdict comes from."""

    SENT = "sent"
    LIMIT = "limit"  # receipt plus the procedure's limit
    NOWHERE = "nowhere"


class Finding(StrEnum):
    """How a dossier stands by a rule."""

    EARLY = "early"
    ON_TIME = "on_time"
    LATE = "late"
    NO_DEADLINE = "no_deadline"
    CLOCK_UNCERTAIN = "clock_uncertain"
    IN_PROCESS = "in_process"  # as of no instant
    IN_TIME = "in_process_in_time"
    OVERDUE = "overdue"
    PAUSED = "paused"
    NOT_JUDGED = "not_judged"  # returned: the rule judges processed dossiers only
    NOT_RECEIVED = "not_received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A rule's verdict as a computation: end - taken off, against due."""

    rule: RuleName
    finding: Finding
    end_ms: int | None
    taken_off_ms: int  # completed supplements
    net_ms: int | None  # end less what was taken off
    due_ms: int | None
    due_from: DueFrom
    slot: int | None  # of the open stock, as it is booked; None: not open by this rule
    due_day: int | None  # of the slot, where it is a day
    supplements: int  # asked for, those before a snapshot included
    late_by_supplements: bool  # by the 766 rule: more than one, though it is in time else
    precision: Precision
    says: str
    source: str
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long something took."""

    clock: Clock
    from_ms: int
    until_ms: int
    elapsed_ms: int
    worked_ms: int
    place: Place
    step: str
    holder: Holder
    limit_ms: int | None
    within: bool | None  # None: no limit
    limit_says: str
    limit_source: str
    limit_basis: Basis | None


class Warned(NamedTuple):
    """A warning about a source."""

    warning: QualityWarning
    says: str
    rule: str  # where the rule comes from
    source: str  # whom it is about
    at_ms: int
    id: str  # the statement that gave rise to it; "" for the dossier as a whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A trait that the dossier is counted by, and who says so."""

    trait: str  # its name
    number: int  # what it adds to the slot
    vi: str
    en: str
    basis: str  # the field, code or formula that it rests on
    source: str  # of the last statement that says so; "": the catalogue says it
    id: str


class SlotKind(StrEnum):
    """What the slot of an entry means."""

    NONE = "none"
    DUE_DAY = "due_day"
    NO_DUE_DAY = "no_due_day"
    FIXED_IN_TIME = "fixed_in_time"
    FIXED_LATE = "fixed_late"
    FIXED_UNCERTAIN = "fixed_uncertain"
    WARNING = "warning"
    WORKED = "worked"  # a bin of working time, in ms
    SHARE = "share"  # a bin of the share of a limit, in permille
    HOUR = "hour"  # whole hours since the day began
    FROM_DAY = "from_day"  # the day from whose 24:00 on it counts
    PETITION_CLASS = "petition_class"  # a `petition.About`
    TRAITS = "traits"  # the sum of them
    RATING = "rating"  # 1 to 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """An entry, in words."""

    measure: int
    name: str
    meaning: str
    basis: Basis
    cell: Cell
    day: int  # since 1970-01-01
    slot: int
    slot_kind: SlotKind
    due_day: int | None
    warning: QualityWarning | None
    over: int | None  # of bins: above this
    up_to: int | None  # and up to this; None: no bound
    traits: tuple[str, ...]  # the names of those that the slot is the sum of
    amount: int
    milliseconds: bool  # the amount is a time, not a count


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is shown of a dossier, from its first event to the entries it posts.

    Nothing in it names or tells apart a person.
    """

    dossier: str
    zone: str
    rules_version: int
    policy: str  # digest of the reference files; "" for the plain policy
    as_of_ms: int | None
    trial: bool  # measured apart, and never published
    uncertain_ms: int | None  # from when on nobody knows how long anything took
    outcome: Outcome
    submitted_ms: int | None
    accepted_ms: int | None
    boarded_ms: int | None
    end_ms: int | None
    receiver: Place
    holder: Place
    procedure: str
    known: bool  # the catalogue has the procedure
    channel: int
    sub_channel: str
    level: int  # the catalogue's; as sent where it has none
    applicant_type: int
    identity_attached: bool | None
    traits: tuple[Held, ...]  # none where nothing is counted by them
    rating: int | None  # of 5
    beyond_calendar: bool  # no clock is measured
    story: tuple[Told, ...]
    sent: tuple[Sent, ...]
    own: Own | None
    verdicts: tuple[Verdict, ...]
    timings: tuple[Timing, ...]
    warnings: tuple[Warned, ...]
    entries: tuple[Posted, ...]


def explain(
    events: Iterable[AnyEvent], policy: Policy, *, as_of_ms: int | None = None
) -> Explanation:
    """A dossier from all its statements, repeated and superseded ones included, in any order.

    `as_of_ms` is the instant at which an open dossier is called overdue or not.
    """
    heard = list(events)
    if not heard:
        raise ValueError("a dossier without events has nothing to explain")
    ordered = sorted(settled(heard), key=order_key)
    view = fold(ordered, policy.portals, policy.repeat_ms)
    entries = post(view, policy)
    beyond = any(
        account.measure == Measure.WARNED and account.slot == QualityWarning.BEYOND_CALENDAR
        for account in entries
    )
    reckoning = _reckoning(view, policy)
    procedure = None if reckoning is None else reckoning.procedure
    walk = _Walk.of(ordered, policy)
    walk.warn(ordered, view.warnings)
    odd = [] if reckoning is None else list(oddities(reckoning))
    if beyond:
        began_ms = view.began_ms or 0
        odd.append(Noted(QualityWarning.BEYOND_CALENDAR, accepting_source(view), began_ms))
    warnings = [*walk.warned(), *_attached(odd, ordered, walk.taken)]
    return Explanation(
        dossier=heard[0].dossier,
        zone=policy.zone.name,
        rules_version=RULES_VERSION,
        policy=policy.legal.version if policy.legal else "",
        as_of_ms=as_of_ms,
        trial=view.trial,
        uncertain_ms=view.uncertain_ms,
        outcome=view.outcome,
        submitted_ms=view.submitted_ms,
        accepted_ms=view.accepted_ms,
        boarded_ms=view.boarded_ms,
        end_ms=view.end_ms,
        receiver=view.receiver,
        holder=view.holder,
        procedure=view.procedure,
        known=procedure is not None,
        channel=view.channel,
        sub_channel=view.sub_channel,
        level=view.level if procedure is None else procedure.level,
        applicant_type=view.applicant_type,
        identity_attached=view.identity_attached,
        traits=() if reckoning is None else tuple(_held(view, reckoning, walk.said_by())),
        rating=view.rating or None,
        beyond_calendar=beyond,
        story=_story(heard, ordered, walk.taken, warnings, _calendar(view, policy, reckoning)),
        sent=tuple(_sent(view, walk.dues, reckoning)),
        own=_own(reckoning),
        verdicts=tuple(_verdicts(view, policy, reckoning, as_of_ms)),
        timings=() if reckoning is None or beyond else tuple(_timings(reckoning)),
        warnings=tuple(warnings),
        entries=tuple(_posted(entries)),
    )


def _reckoning(view: View, policy: Policy) -> Reckoning | None:
    if policy.legal is None or view.accepted_ms is None:
        return None
    return Reckoning.of(view, policy.zone, policy.legal)


def _calendar(view: View, policy: Policy, reckoning: Reckoning | None) -> WorkCalendar | None:
    """The dossier's one calendar; before acceptance that of the agency it came to."""
    if reckoning is not None:
        return reckoning.calendar
    return policy.legal.calendars.calendar(view.receiver.agency) if policy.legal else None


def _held(
    view: View, reckoning: Reckoning, said_by: Mapping[Trait, Identity]
) -> Iterator[Held]:
    by = traits(view, reckoning.procedure)
    for trait, name in zip(named(by), _names(by), strict=True):
        vi, en, basis = TRAITS[trait]
        source, id_ = ("", "") if trait in OF_CATALOGUE else said_by[trait]
        yield Held(
            trait=name, number=int(trait), vi=vi, en=en, basis=basis, source=source, id=id_
        )


# -- the story -------------------------------------------------------------------------------


class _Running(StrEnum):
    """What a rule's clock does between events."""

    NOT_STARTED = "not_started"
    RUNS = "runs"
    STANDS = "stands"
    ENDED = "ended"


@dataclass(slots=True)
class _Taken:
    """What a standing statement came to."""

    effect: Effect
    by: str = ""
    undone_by: str = ""
    turns: tuple[RuleTurn, ...] = ()
    outcome: Outcome | None = None
    place: Place | None = None
    holder: Holder | None = None
    noted: list[Noted] = field(default_factory=list)


@dataclass(slots=True)
class _Walk:
    """The steps of `fold`, one after the other, with a look at the view between them."""

    policy: Policy
    amendments: Sequence[AnyEvent]
    heard: View = field(default_factory=View)  # every step taken as it came
    view: View = field(default_factory=View)  # the same without what a `reopened` undoes
    steps: list[AnyEvent] = field(default_factory=list)
    reopened: bool = False
    taken: dict[Identity, _Taken] = field(default_factory=dict)
    dues: list[tuple[SentDue, AnyEvent]] = field(default_factory=list)
    closing: list[tuple[Identity, Move]] = field(default_factory=list)  # 3, 7, 9, 10 not undone
    speakers: dict[Trait, Identity] = field(default_factory=dict)  # who last said a trait
    standing_id: str = ""  # of the statement whose 3, 7 or 10 holds
    running: dict[RuleName, _Running] = field(default_factory=dict)

    @classmethod
    def of(cls, ordered: Sequence[AnyEvent], policy: Policy) -> "_Walk":
        heard, _ = untried(ordered)
        standing, stray = unvoided(heard)
        said, repeats = once(standing, policy.repeat_ms)
        counted, contradictions = counting(said, policy.portals)
        walk = cls(policy, [event for event in said if event.kind is Kind.AMENDED])
        walk.running = dict.fromkeys(rules_of(policy), _Running.NOT_STARTED)
        for event in counted:
            walk.hear(event)
        for repeated in repeats:
            identity = (repeated.event.source, repeated.event.id)
            walk.taken[identity] = _Taken(Effect.SENT_AGAIN, repeated.of.id)
        walk._set_aside(heard, stray, contradictions)
        for event in ordered:
            walk.taken.setdefault((event.source, event.id), _Taken(Effect.ON_TRIAL))
        for event, noted in stamped_noted(heard, repeats, counted):
            walk.taken[event.source, event.id].noted.append(noted)
        return walk

    def warned(self) -> Iterator[Warned]:
        """The warnings that single statements gave rise to."""
        for (_, id_), taken in self.taken.items():
            for noted in taken.noted:
                yield _warned(noted, id_)

    def said_by(self) -> dict[Trait, Identity]:
        """Whose word each trait is: corrections stand against all, and the last one counts."""
        said = dict(self.speakers)
        for event in self.amendments:
            corrected = View(
                applicant_type=event.applicant_type, identity_attached=event.identity_attached
            )
            said |= dict.fromkeys(named(traits(corrected, None)), (event.source, event.id))
        return said

    def hear(self, event: AnyEvent) -> None:
        heard, identity = self.heard, (event.source, event.id)
        life, last = _life(self.view), heard.moves[-1] if heard.moves else None
        dues, warnings, standing = len(heard.dues), len(heard.warnings), heard.standing
        known = traits(self.view, None)
        take(heard, event)
        self.steps.append(event)
        self.reopened = self.reopened or event.kind is Kind.REOPENED
        self.view = as_reopened(self.steps, heard) if self.reopened else heard
        self._attribute(event, known)
        taken = _Taken(Effect.COUNTS, noted=heard.warnings[warnings:])
        if event.kind is Kind.AMENDED:
            taken.effect = Effect.CORRECTS
        elif any(noted.warning is QualityWarning.SHUT_OUT for noted in taken.noted):
            taken.effect, taken.by = Effect.SHUT_OUT, self.standing_id
        elif _life(self.view) == life:
            taken.effect = Effect.CHANGES_NOTHING
        if heard.standing and not standing:
            self.standing_id = event.id
        self._undo(event.id)
        made = heard.moves[-1] if heard.moves else None
        if made is not None and made is not last and made.state in CLOSING:
            self.closing.append((identity, made))
        self.dues += [(due, event) for due in heard.dues[dues:]]
        self._look(taken, effective_ms(event))
        self.taken[identity] = taken

    def _attribute(self, event: AnyEvent, known: int) -> None:
        """Note whose word each trait is that came with an event, or that it says once more."""
        alone = View()
        take(alone, event)
        held = traits(self.view, None)
        said = held & (~known | alone.told)
        self.speakers |= dict.fromkeys(named(said), (event.source, event.id))

    def _undo(self, by: str) -> None:
        """Note whose 3, 7, 9 or 10 is no longer there."""
        left = Counter(move for move in self.view.moves if move.state in CLOSING)
        kept = []
        for identity, move in reversed(self.closing):
            if left[move]:
                left[move] -= 1
                kept.append((identity, move))
            else:
                self.taken[identity].undone_by = by
        self.closing = kept[::-1]

    def _look(self, taken: _Taken, at_ms: int) -> None:
        """Where the dossier stands now, and how each rule's clock has turned."""
        view = _amended(self.view, self.amendments)
        reckoning = _reckoning(view, self.policy)
        turns: list[RuleTurn] = []
        for rule, before in self.running.items():
            after = _running(view, reckoning, rule, at_ms)
            turns += [RuleTurn(rule, turn) for turn in _turns(before, after, reckoning, rule)]
            self.running[rule] = after
        taken.turns = tuple(turns)
        taken.outcome, taken.place = view.outcome, view.holder
        taken.holder = view.holder_of(view.moves[-1]) if view.moves else Holder.NOBODY

    def _set_aside(
        self,
        ordered: Sequence[AnyEvent],
        stray: Sequence[AnyEvent],
        contradictions: Sequence[AnyEvent],
    ) -> None:
        """What takes no step: voids, what they void, and what contradicts the authority."""
        voids = [event for event in ordered if event.kind is Kind.VOIDED]
        voided_by = {(void.source, void.target): void.id for void in reversed(voids)}
        for void in voids:
            self.taken[void.source, void.id] = _Taken(Effect.VOIDS)
        for event in stray:
            noted = Noted(QualityWarning.VOID_WITHOUT_TARGET, event.source, effective_ms(event))
            self.taken[event.source, event.id] = _Taken(Effect.VOIDS_NOTHING, noted=[noted])
        for event in contradictions:
            noted = Noted(QualityWarning.CONTRADICTION, event.source, effective_ms(event))
            self.taken[event.source, event.id] = _Taken(Effect.CONTRADICTED, noted=[noted])
        for event in ordered:
            identity = (event.source, event.id)
            if identity not in self.taken:
                self.taken[identity] = _Taken(Effect.VOIDED, voided_by[identity])

    def warn(self, ordered: Sequence[AnyEvent], noted: Iterable[Noted]) -> None:
        """Give what no step has noted to whom it is about: amendments, and what is voided."""
        known = Counter(one for taken in self.taken.values() for one in taken.noted)
        for one in (Counter(noted) - known).elements():
            whose = [
                (event.source, event.id)
                for event in ordered
                if (event.source, effective_ms(event)) == (one.source, one.at_ms)
            ]
            apart = [which for which in whose if self.taken[which].effect in _APART_OF_STEPS]
            self.taken[[*apart, *whose][0]].noted.append(one)


_APART_OF_STEPS: Final = frozenset({Effect.VOIDED, Effect.CORRECTS})


def rules_of(policy: Policy) -> tuple[RuleName, ...]:
    """The rules by which a policy judges."""
    return (RuleName.PLAIN,) if policy.legal is None else tuple(RuleName)


# What tells one view from another; its lists only by their length.
_LISTS: Final = ("moves", "dues", "supplements", "reschedulings", "acknowledgements")
_APART: Final = ("source", "mixed", "last_ms", "last_key", "warnings")
_SINGLE: Final = tuple(
    known.name for known in fields(View) if known.name not in (*_LISTS, *_APART)
)


def _life(view: View) -> tuple[object, ...]:
    """All that an event may change in the life cycle."""
    waits = bool(view.supplements) and view.supplements[-1].ended_ms is None
    return (
        waits,
        *(len(getattr(view, name)) for name in _LISTS),
        *(getattr(view, name) for name in _SINGLE),
    )


def _amended(view: View, amendments: Sequence[AnyEvent]) -> View:
    """The view with all corrections: they move history, also what came before them."""
    if not amendments:
        return view
    supplements = [replace(supplement) for supplement in view.supplements]
    corrected = replace(view, moves=list(view.moves), supplements=supplements, warnings=[])
    amend(corrected, amendments)
    return corrected


def _running(view: View, reckoning: Reckoning | None, rule: RuleName, at_ms: int) -> _Running:
    if view.accepted_ms is None:
        return _Running.NOT_STARTED
    if reckoning is None:
        return _Running.RUNS if view.end_ms is None else _Running.ENDED
    if (reckoning.end_766_ms if rule is RuleName.R766 else view.end_ms) is not None:
        return _Running.ENDED
    if any(pause.until_ms is None for pause in reckoning.pauses(rule, at_ms)):
        return _Running.STANDS
    return _Running.RUNS


def _turns(
    before: _Running, after: _Running, reckoning: Reckoning | None, rule: RuleName
) -> Iterator[Turn]:
    """What a clock did to get from one to the other."""
    if before is after:
        return
    if before is _Running.NOT_STARTED:
        yield Turn.STARTS
    elif before is _Running.ENDED:
        yield Turn.RESTARTS
    if after is _Running.ENDED:
        yield Turn.ENDS
    elif after is _Running.STANDS:
        yield Turn.STOPS
    elif before is _Running.STANDS:
        yield Turn.RESTARTS if _from_zero(reckoning, rule) else Turn.GOES_ON


def _from_zero(reckoning: Reckoning | None, rule: RuleName) -> bool:
    """Whether the limit starts anew after a pause: only a due date of ours is moved."""
    return (
        reckoning is not None
        and rule is RuleName.R06B
        and reckoning.legal.strategy is Strategy.RESTART
        and reckoning.own is not None
        and not reckoning.view.dues
    )


def _story(
    heard: Sequence[AnyEvent],
    ordered: Sequence[AnyEvent],
    taken: Mapping[Identity, _Taken],
    warnings: Sequence[Warned],
    calendar: WorkCalendar | None,
) -> tuple[Told, ...]:
    stands = {(event.source, event.id): event for event in ordered}
    by_event: dict[Identity, list[QualityWarning]] = {}
    for warned in warnings:
        by_event.setdefault((warned.source, warned.id), []).append(warned.warning)
    story = []
    seen: set[Identity] = set()
    for event in sorted(heard, key=lambda event: _telling_key(event, stands)):
        identity = (event.source, event.id)
        standing = stands[identity]
        if event is standing and identity not in seen:
            seen.add(identity)
            came_to = taken[identity]
            noted = tuple(by_event.get(identity, ()))
        else:
            equal = content(event) == content(standing)
            came_to = _Taken(Effect.DUPLICATE if equal else Effect.SUPERSEDED)
            noted = ()
        story.append(
            Told(
                effective_ms=effective_ms(event),
                claimed_ms=event.claimed_ms,
                arrival_ms=event.arrival_ms,
                source=event.source,
                id=event.id,
                kind=event.kind,
                revision=event.revision,
                backfill=event.backfill,
                says=tuple(_says(event)),
                hours=_hours(effective_ms(event), calendar),
                effect=came_to.effect,
                by=came_to.by,
                undone_by=came_to.undone_by,
                turns=came_to.turns,
                outcome=came_to.outcome,
                place=came_to.place,
                holder=came_to.holder,
                warnings=noted,
            )
        )
    return tuple(story)


def _telling_key(
    event: AnyEvent, stands: Mapping[Identity, AnyEvent]
) -> tuple[object, bool, int, bytes]:
    """The order that counts; of equal places what stands first, then as it arrived."""
    stands_here = event is stands[event.source, event.id]
    return order_key(event), not stands_here, event.arrival_ms, content_hash(event)


# Shown apart, or never: a key that tells applicants apart is personal data.
_NOT_SAID: Final = frozenset(
    {
        *("dossier", "source", "id", "claimed_ms", "arrival_ms"),
        *("revision", "sequence", "backfill", "applicant_key"),
    }
)
# Where 0 or no is an answer; elsewhere it is what an event holds that does not say.
_ANSWERS: Final = frozenset(
    {"state", "amount", "code", "apology", "identity_attached", "identity_verified"}
)


def _says(event: AnyEvent) -> Iterator[Said]:
    for name in event.__struct_fields__:
        value = getattr(event, name)
        if name in _NOT_SAID or value is None or not (value or name in _ANSWERS):
            continue
        if name == "stamped":
            value = ", ".join(str(stamp.name).lower() for stamp in Stamp if value & stamp)
        yield Said(name, value)


def _hours(at_ms: int, calendar: WorkCalendar | None) -> Hours | None:
    if calendar is None:
        return None
    try:
        if not calendar.is_working_day(calendar.zone.day(at_ms)):
            return Hours.DAY_OFF
        return Hours.OFFICE if calendar.next_opening(at_ms) == at_ms else Hours.CLOSED
    except ValueError:  # beyond the calendar
        return None


def _warned(noted: Noted, id_: str) -> Warned:
    meaning = MEANINGS[noted.warning]
    return Warned(noted.warning, meaning.says, meaning.source, noted.source, noted.at_ms, id_)


def _attached(
    odd: Iterable[Noted], ordered: Sequence[AnyEvent], taken: Mapping[Identity, _Taken]
) -> Iterator[Warned]:
    """Warnings about the dossier as a whole, with the statement of their instant if any."""
    at: dict[tuple[str, int], str] = {}
    for event in ordered:
        if taken[event.source, event.id].outcome is not None:
            at.setdefault((event.source, effective_ms(event)), event.id)
    for noted in odd:
        yield _warned(noted, at.get((noted.source, noted.at_ms), ""))


# -- due dates -------------------------------------------------------------------------------


def _sent(
    view: View,
    made_by: Sequence[tuple[SentDue, AnyEvent]],
    reckoning: Reckoning | None,
) -> Iterator[Sent]:
    end_ms = view.end_ms
    late = [end_ms is not None and due.made_ms > end_ms for due, _ in made_by]
    in_force = len(late) - 1 - late[::-1].index(False) if False in late else -1
    put_off = iter(view.reschedulings)
    for place, (due, event) in enumerate(made_by):
        rescheduling = next(put_off) if due.put_off else None
        yield Sent(
            made_ms=due.made_ms,
            due_ms=due.due_ms,
            source=event.source,
            id=event.id,
            after_end=late[place],
            in_force=place == in_force,
            put_off=rescheduling is not None,
            put_off_late=rescheduling is not None
            and reckoning is not None
            and reckoning.put_off_late(rescheduling),
            apology=None if rescheduling is None else rescheduling.apology,
        )


def _own(reckoning: Reckoning | None) -> Own | None:
    if reckoning is None or reckoning.own is None or reckoning.limit is None:
        return None
    own, view, calendar = reckoning.own, reckoning.view, reckoning.calendar
    pauses = reckoning.pauses(RuleName.R06B, _at(view))
    moved: Due | None = own
    if pauses:
        try:
            moved = suspended(
                reckoning.legal.strategy,
                own,
                pauses,
                limit=reckoning.limit,
                calendar=calendar,
            )
        except ValueError:  # beyond the calendar
            moved = None
    accepted_ms = start_ms = view.accepted_ms or 0
    if reckoning.procedure is not None and reckoning.procedure.forward_moves_due:
        start_ms = counted_from(accepted_ms, calendar, reckoning.zone, reckoning.legal)
    day = reckoning.zone.day(accepted_ms)
    return Own(
        procedure=view.procedure,
        channel=view.channel,
        limit=reckoning.limit,
        strategy=reckoning.legal.strategy,
        calendar=calendar.version,
        receipt_ms=accepted_ms,
        counted_from_ms=start_ms,
        due_ms=own.due_ms,
        provisional=own.provisional,
        reasons=_reasons(own, day),
        pauses=tuple(_paused(pause, calendar) for pause in pauses),
        moved_due_ms=None if moved is None else moved.due_ms,
        moved_provisional=moved is not None and moved.provisional,
        moved_reasons=() if moved is None else _reasons(moved, day),
    )


def _at(view: View) -> int:
    """The instant as of which a dossier's due dates are told: its end, else its last event."""
    return max(view.last_ms, view.began_ms or 0) if view.end_ms is None else view.end_ms


def _reasons(due: Due, day: int) -> tuple[Reason, ...]:
    grounds = [(rule, _ground_on(RULES[rule], day)) for rule in due.rules]
    return tuple(
        Reason(rule, says, source, Basis(basis)) for rule, (says, source, basis) in grounds
    )


def _paused(pause: Pause, calendar: WorkCalendar) -> Paused:
    begin, until = pause
    worked_ms = None
    if until is not None:
        with suppress(ValueError):  # beyond the calendar
            worked_ms = calendar.worked_ms(begin, until)
    return Paused(
        from_ms=begin,
        until_ms=until,
        elapsed_ms=None if until is None else until - begin,
        worked_ms=worked_ms,
    )


# Decree 61/2018 was replaced by Decree 118/2025, whose text we lack (MEASURES.md §5).
_DECREE_61: Final = "Decree 61/2018/NĐ-CP"
_REPLACED: Final = day_number(date(2025, 7, 1))


def _ground_on(ground: Ground, day: int) -> Ground:
    """A rule's ground as it is on a day."""
    if not ground.source.startswith(_DECREE_61) or day < _REPLACED:
        return ground
    source = f"{ground.source}, replaced on 2025-07-01 by Decree 118/2025/NĐ-CP"
    return ground._replace(source=source, basis=GroundBasis.ASSUMPTION)


# -- verdicts --------------------------------------------------------------------------------


class _Judging(NamedTuple):
    """How a rule judges, and where that comes from; the basis is its measure's."""

    measure: Measure
    precision: Precision
    says: str
    source: str


_JUDGING: Final[Mapping[RuleName, _Judging]] = {
    RuleName.PLAIN: _Judging(
        Measure.ON_TIME,
        Precision.INSTANT,  # or the policy's
        "the end is not after the last due date sent; nothing is taken off",
        "MEASURES.md §5",
    ),
    RuleName.R766: _Judging(
        Measure.ON_TIME_766,
        Precision.INSTANT,
        "the end less completed supplements is not after the last due date; "
        "a second supplement is late",
        "Decision 766/QĐ-TTg, formula 2.1",
    ),
    RuleName.R06B: _Judging(
        Measure.ON_TIME_06B,
        Precision.DATE,
        "the day of the end is before, on or after the day of the due date",
        "form II.06b as one provincial engine fills it in",
    ),
    RuleName.FIRST_DUE: _Judging(
        Measure.ON_TIME_FIRST_DUE,
        Precision.INSTANT,
        "the end less completed supplements is not after the first due date; "
        "no rescheduling counts",
        "MEASURES.md §5",
    ),
}
_DEFINITIONS: Final[Mapping[int, Definition]] = {
    definition.measure: definition for definition in (*CATALOGUE, *CLOCK_CATALOGUE)
}


class _Standing(NamedTuple):
    """What a rule says of a dossier: its verdict, or where it stands while it is open."""

    rule: RuleName
    judgement: Judgement | None
    end_ms: int | None
    due_ms: int | None
    slot: int | None  # None: it is not open by this rule
    sent: bool  # the due date is a sent one


def _verdicts(
    view: View, policy: Policy, reckoning: Reckoning | None, as_of_ms: int | None
) -> Iterator[Verdict]:
    if reckoning is None:
        standings = [_standing_plain(view, policy)]
    else:
        standings = [_standing_plain(view, policy), *_standings(reckoning)]
    for standing in standings:
        rule, judgement, end_ms, due_ms, slot, sent = standing
        judging = _JUDGING[rule]
        net_ms = end_ms if judgement is None else judgement.end_ms
        requests = 0 if reckoning is None else len(reckoning.requests)
        yield Verdict(
            rule=rule,
            finding=_finding(standing, view, policy, as_of_ms),
            end_ms=end_ms,
            taken_off_ms=0 if end_ms is None or net_ms is None else end_ms - net_ms,
            net_ms=net_ms,
            due_ms=due_ms,
            due_from=DueFrom.SENT
            if sent
            else DueFrom.NOWHERE
            if due_ms is None
            else DueFrom.LIMIT,
            slot=slot,
            due_day=slot if slot is not None and slot >= 0 else None,
            supplements=requests + view.earlier_supplements,
            late_by_supplements=rule is RuleName.R766 and _in_time_else(judgement),
            precision=policy.precision if rule is RuleName.PLAIN else judging.precision,
            says=judging.says,
            source=judging.source,
            basis=_DEFINITIONS[judging.measure].basis,
        )


def _in_time_else(judgement: Judgement | None) -> bool:
    """Whether a dossier is late although its end is not after its due date."""
    if judgement is None or judgement.verdict is not Judged.LATE:
        return False
    return judgement.due_ms is None or judgement.end_ms <= judgement.due_ms


def _standing_plain(view: View, policy: Policy) -> _Standing:
    due_ms, slot = view.due_ms, None
    if view.accepted_ms is not None and view.end_ms is None:
        slot = NO_SLOT if due_ms is None else policy.zone.day(due_ms)
    judgement = judge_plain(view, policy)
    return _Standing(RuleName.PLAIN, judgement, view.end_ms, due_ms, slot, due_ms is not None)


def _standings(reckoning: Reckoning) -> Iterator[_Standing]:
    view, at_ms = reckoning.view, _at(reckoning.view)
    end_ms, end_766_ms = view.end_ms, reckoning.end_766_ms
    sent = view.due_at(at_ms) is not None
    sent_766 = view.due_at(at_ms if end_766_ms is None else end_766_ms) is not None
    due_766_ms, due_06b_ms = reckoning.due_766_ms(at_ms), reckoning.due_06b_ms(at_ms)
    first_ms = reckoning.first_due_ms(at_ms)
    first_sent = view.first_due_at(at_ms) is not None
    for rule, judgement, until_ms, due_ms, slot, is_sent in (
        (
            RuleName.R766,
            reckoning.judge_766(),
            end_766_ms,
            due_766_ms,
            reckoning.slot_766,
            sent_766,
        ),
        (RuleName.R06B, reckoning.judge_06b(), end_ms, due_06b_ms, reckoning.slot_06b, sent),
        (
            RuleName.FIRST_DUE,
            reckoning.judge_first_due(),
            end_ms,
            first_ms,
            reckoning.slot_first_due,
            first_sent,
        ),
    ):
        yield _Standing(
            rule,
            judgement,
            until_ms,
            due_ms if judgement is None else judgement.due_ms,
            slot(at_ms) if until_ms is None else None,
            is_sent,
        )


_FIXED: Final = {
    NO_SLOT: Finding.NO_DEADLINE,
    FIXED_UNCERTAIN: Finding.CLOCK_UNCERTAIN,
    FIXED_IN_TIME: Finding.IN_TIME,
    FIXED_LATE: Finding.OVERDUE,
}


def _finding(standing: _Standing, view: View, policy: Policy, as_of_ms: int | None) -> Finding:
    rule, judgement, _, due_ms, slot, _ = standing
    if judgement is not None:
        return Finding(judgement.verdict)
    if view.accepted_ms is None:
        return Finding.NOT_RECEIVED
    match slot:
        case None:
            return Finding.NOT_JUDGED
        case _ if slot in _FIXED:
            return _FIXED[slot]
        case _:
            pass
    if view.outcome is Outcome.PAUSED and rule in (RuleName.R06B, RuleName.FIRST_DUE):
        return Finding.PAUSED
    if as_of_ms is None:
        return Finding.IN_PROCESS
    if rule is RuleName.PLAIN and policy.precision is Precision.INSTANT:
        return Finding.OVERDUE if (due_ms or 0) < as_of_ms else Finding.IN_TIME
    return Finding.OVERDUE if slot < policy.zone.day(as_of_ms) else Finding.IN_TIME


# -- clocks ----------------------------------------------------------------------------------

# The clock of processing has the dossier's own due date for a limit.
_BY_DUE_DATE: Final = Ground(
    "by the due date of report 06b", "MEASURES.md §5", GroundBasis.PRACTICE
)


def _limit(clock: Clock, reckoning: Reckoning, from_ms: int) -> Ground | None:
    """A clock's limit in words, as it binds on the day it is counted from."""
    if clock is Clock.PROCESSING:
        return _BY_DUE_DATE
    limit = reckoning.legal.limits(clock, reckoning.zone.day(from_ms))
    return None if limit is None else Ground(_binding(limit), limit.article, limit.basis)


def _binding(limit: ClockLimit) -> str:
    if limit.unit is not ClockUnit.SAME_DAY:
        of_working_time = " of working time" if limit.unit is ClockUnit.HOURS else ""
        return f"{limit.n} {limit.unit.replace('_', ' ')}{of_working_time}"
    if limit.cut_off_ms is None:
        return "the same working day"
    hour, minute = divmod(limit.cut_off_ms // 60_000, 60)
    grace = f"{limit.grace_ms // 60_000} minutes of the next working day"
    return f"the same working day; after {hour:02d}:{minute:02d} the first {grace}"


def _timings(reckoning: Reckoning) -> Iterator[Timing]:
    for clock, from_ms, until_ms, place, limit_ms, step, holder in timed(reckoning):
        ground = None
        if limit_ms is not None:
            ground = _limit(clock, reckoning, from_ms)
        yield Timing(
            clock=clock,
            from_ms=from_ms,
            until_ms=until_ms,
            elapsed_ms=until_ms - from_ms,
            worked_ms=reckoning.calendar.worked_ms(from_ms, until_ms),
            place=place,
            step=step,
            holder=holder,
            limit_ms=limit_ms,
            within=None if limit_ms is None else until_ms <= limit_ms,
            limit_says=ground.says if ground else "",
            limit_source=ground.source if ground else "",
            limit_basis=Basis(ground.basis) if ground else None,
        )


# -- entries ---------------------------------------------------------------------------------


class _Slot(NamedTuple):
    kind: SlotKind
    over: int | None = None
    up_to: int | None = None


_STOCK_SLOTS: Final = {
    NO_SLOT: SlotKind.NO_DUE_DAY,
    FIXED_IN_TIME: SlotKind.FIXED_IN_TIME,
    FIXED_LATE: SlotKind.FIXED_LATE,
    FIXED_UNCERTAIN: SlotKind.FIXED_UNCERTAIN,
}


def _posted(entries: Entries) -> Iterator[Posted]:
    for account, amount in sorted(entries.items()):
        yield posted(account, amount)


def posted(account: Account, amount: int) -> Posted:
    """An entry in words."""
    measure, cell, day, slot = account
    name = None
    if measure >= TRIAL:
        entry = posted(account._replace(measure=measure - TRIAL), amount)
        return replace(
            entry,
            measure=measure,
            name=f"{entry.name}_on_trial",
            meaning=f"{entry.meaning} On trial: in no published figure.",
        )
    if measure >= APPLICANTS:  # whom it refers to is nobody's to see
        definition, means = REFERRED, _Slot(SlotKind.NONE)
        day, slot = year_begins(applicant_year(measure)), NO_SLOT
    elif measure in BY_THE_HOUR:
        definition, means = _DEFINITIONS[measure - HOURS], _Slot(SlotKind.HOUR)
        name = f"{definition.name}_by_hour"
    else:
        binned = measure in CONSUMED_BINS
        definition = _DEFINITIONS[Measure.DEADLINE_CONSUMED if binned else measure]
        means = _slot(definition.kind, measure, slot)
    return Posted(
        measure=measure,
        name=name or definition.name,
        meaning=definition.meaning,
        basis=definition.basis,
        cell=cell,
        day=day,
        slot=slot,
        slot_kind=means.kind,
        due_day=slot if means.kind is SlotKind.DUE_DAY else None,
        warning=QualityWarning(slot) if means.kind is SlotKind.WARNING else None,
        over=means.over,
        up_to=means.up_to,
        traits=tuple(_names(slot)) if means.kind is SlotKind.TRAITS else (),
        amount=amount,
        milliseconds=definition.kind is MeasureKind.MILLISECONDS,
    )


def _names(slot: int) -> Iterator[str]:
    return (str(trait.name).lower() for trait in named(slot))


_SLOTS: Final = {
    int(Measure.ACCEPTED_TRAITS): SlotKind.TRAITS,
    int(Measure.BOARDED_TRAITS): SlotKind.TRAITS,
    int(Measure.ENDED_TRAITS): SlotKind.TRAITS,
    int(Measure.OPEN_TRAITS): SlotKind.TRAITS,
    int(Measure.RATED): SlotKind.RATING,
    int(Measure.WARNED): SlotKind.WARNING,
    **dict.fromkeys(
        range(Measure.PETITION_RECEIVED, Measure.PETITION_UNJUDGED + 1), SlotKind.PETITION_CLASS
    ),
    **dict.fromkeys(
        range(Measure.PETITION_UNSATISFIED, Measure.PETITION_COMPLAINT), SlotKind.FROM_DAY
    ),
}


def _slot(kind: MeasureKind, measure: int, slot: int) -> _Slot:
    if measure in _SLOTS:
        return _Slot(_SLOTS[measure])
    if kind is MeasureKind.STOCK:
        return _Slot(_STOCK_SLOTS.get(slot, SlotKind.DUE_DAY))
    if kind is MeasureKind.HISTOGRAM:
        return _bin(SlotKind.SHARE, CONSUMED_BOUNDS, measure - Measure.DEADLINE_CONSUMED)
    if kind is not MeasureKind.BINS:
        return _Slot(SlotKind.NONE)
    if Part(measure % 10) is Part.WORKED_BINS:  # see `clock_measure`
        return _bin(SlotKind.WORKED, WORKED_BOUNDS, slot)
    return _bin(SlotKind.SHARE, CONSUMED_BOUNDS, slot)


def _bin(kind: SlotKind, bounds: Sequence[int], number: int) -> _Slot:
    over = bounds[number - 1] if number else None
    return _Slot(kind, over, bounds[number] if number < len(bounds) else None)
