"""Of which sums of the books each fact is made: measures, slots, days, and in which window.

What is open at the end of a day is the sum of movements up to it. Of that, what has fallen due by
then would need two bounds, of the entry's day and of its slot; but an entry counts when both have
come, so that it is summed on the later of the two days, and one bound does.
"""

from enum import IntEnum
from typing import Final, NamedTuple

from monitor.domain.facts import NONE, Fact, Term
from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    FIXED_UNCERTAIN,
    NO_SLOT,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.traits import Trait

LOWEST: Final = -(1 << 31)
HIGHEST: Final = (1 << 31) - 1


class Window(IntEnum):
    """Which days of a sum are meant."""

    IN = 0  # those of the period
    END = 1  # all up to the period's last: what stands then
    BEFORE = 2  # all before the period: what stood when it began


class Sum(NamedTuple):
    """Entries that are summed together, by agency, procedure and day."""

    measures: tuple[tuple[int, int], ...]  # with the weight of each
    first_slot: int = LOWEST
    last_slot: int = HIGHEST
    due: bool = False  # on the later of the entry's day and the day it falls due
    channel: int = 0  # 0: any
    level: int = 0
    having: Trait = NONE  # slots are traits where one of these says something
    lacking: Trait = NONE
    any_of: Trait = NONE
    until_end: bool = False  # of slots, those up to the period's last day


class Share(NamedTuple):
    """A sum's part in a fact."""

    weight: int
    sum: Sum
    window: Window


class Unanswerable(ValueError):
    """No account tells this fact narrowed in this way; the text says why."""


_IN, _END, _BEFORE = Window.IN, Window.END, Window.BEFORE
_OPEN: Final = ((int(Measure.IN_PROCESS), 1), (int(Measure.PAUSED), 1))
_OPEN_766: Final = ((int(Measure.IN_PROCESS_766), 1), (int(Measure.PAUSED_766), 1))
_WORKED_ON_06B: Final = ((int(Measure.IN_PROCESS_06B), 1),)
_OPEN_TRAITS: Final = ((int(Measure.OPEN_TRAITS), 1),)
_ENDED_TRAITS: Final = ((int(Measure.ENDED_TRAITS), 1),)
_RATED: Final = int(Measure.RATED)
_PETITION_RECEIVED: Final = 60
_PETITION_ON_TIME: Final = 64
_PETITION_LATE: Final = 65
_PETITION_OPEN: Final = 67  # and a number for each further class
_PETITION_UNSATISFIED: Final = 70  # likewise
COMPLAINT: Final = 73
_CLASSES: Final = ("unsaid", "policy", "conduct")  # by their numbers, which are slots
_SATISFIED: Final = 4  # of 5 and better

Made = tuple[int, Sum, Window]


def _flow(*measures: int | Measure, lost: tuple[int, ...] = ()) -> tuple[Made, ...]:
    weighted = [(int(measure), 1) for measure in measures] + [(less, -1) for less in lost]
    return ((1, Sum(tuple(weighted)), _IN),)


def _fixed(measures: tuple[tuple[int, int], ...], slot: int) -> Made:
    return (1, Sum(measures, slot, slot), _END)


def _due(measures: tuple[tuple[int, int], ...], weight: int) -> Made:
    return (weight, Sum(measures, 0, due=True), _END)


# How a fact is made, not narrowed.
_MADE: Final[dict[Fact, tuple[Made, ...]]] = {
    Fact.RECEIVED: _flow(Measure.ACCEPTED),
    Fact.BOARDED: _flow(Measure.BOARDED),
    Fact.HANDLED: (*_flow(Measure.COMPLETED, Measure.RETURNED), (1, Sum(_OPEN), _END)),
    Fact.COMPLETED: _flow(Measure.COMPLETED),
    Fact.RETURNED: _flow(Measure.RETURNED),
    Fact.IN_PROCESS: ((1, Sum(((int(Measure.IN_PROCESS), 1),)), _END),),
    Fact.PAUSED: ((1, Sum(((int(Measure.PAUSED), 1),)), _END),),
    Fact.CARRIED_OVER: ((1, Sum(_OPEN), _BEFORE), *_flow(Measure.BOARDED)),
    Fact.HANDED_NET: _flow(Measure.HANDED_IN, lost=(int(Measure.HANDED_OUT),)),
    Fact.ON_TIME_766: _flow(Measure.ON_TIME_766),
    Fact.LATE_766: _flow(Measure.LATE_766),
    Fact.WITHIN_766: (
        (1, Sum(_OPEN_766, 0), _END),
        _due(_OPEN_766, -1),
        _fixed(_OPEN_766, FIXED_IN_TIME),
    ),
    Fact.BEYOND_766: (_due(_OPEN_766, 1), _fixed(_OPEN_766, FIXED_LATE)),
    Fact.NO_DEADLINE_766: (*_flow(Measure.NO_DEADLINE_766), _fixed(_OPEN_766, NO_SLOT)),
    Fact.UNCERTAIN_766: (
        *_flow(Measure.CLOCK_UNCERTAIN_766),
        _fixed(_OPEN_766, FIXED_UNCERTAIN),
    ),
    Fact.EARLY_06B: _flow(Measure.EARLY_06B),
    Fact.ON_TIME_06B: _flow(Measure.ON_TIME_06B),
    Fact.LATE_06B: _flow(Measure.LATE_06B),
    Fact.NO_DEADLINE_06B: _flow(Measure.NO_DEADLINE_06B),
    Fact.UNCERTAIN: _flow(Measure.CLOCK_UNCERTAIN),
    Fact.WITHIN_06B: ((1, Sum(_WORKED_ON_06B, 0), _END), _due(_WORKED_ON_06B, -1)),
    Fact.BEYOND_06B: (_due(_WORKED_ON_06B, 1),),
    Fact.ON_TIME_FIRST_DUE: _flow(Measure.ON_TIME_FIRST_DUE),
    Fact.LATE_FIRST_DUE: _flow(Measure.LATE_FIRST_DUE),
    Fact.ON_TIME: _flow(Measure.ON_TIME),
    Fact.LATE: _flow(Measure.LATE),
    Fact.TIMED: _flow(Measure.COMPLETED, lost=(int(Measure.CLOCK_UNCERTAIN),)),
    Fact.ELAPSED: _flow(Measure.PROCESSING_TIME),
    Fact.WORKED: _flow(clock_measure(Clock.PROCESSING, Part.WORKED)),
    Fact.TIMED_RECEIVED: _flow(Measure.TIMED_RECEIVED),
    Fact.ELAPSED_RECEIVED: _flow(Measure.ELAPSED_RECEIVED),
    Fact.WORKED_RECEIVED: _flow(Measure.WORKED_RECEIVED),
    Fact.RATINGS: _flow(_RATED),
    Fact.RATINGS_SATISFIED: ((1, Sum(((_RATED, 1),), _SATISFIED), _IN),),
    Fact.SERVICES_RECEIVED: _flow(Measure.ACCEPTED),  # counted by procedure, each once
    Fact.COMPLAINTS: _flow(COMPLAINT),  # counted by slot, each once
}

# The same, narrowed by traits.
_MADE_BY_TRAITS: Final[dict[Fact, tuple[Made, ...]]] = {
    Fact.RECEIVED: _flow(Measure.ACCEPTED_TRAITS),
    Fact.BOARDED: _flow(Measure.BOARDED_TRAITS),
    Fact.HANDLED: ((1, Sum(_ENDED_TRAITS), _IN), (1, Sum(_OPEN_TRAITS), _END)),
    Fact.CARRIED_OVER: ((1, Sum(_OPEN_TRAITS), _BEFORE), *_flow(Measure.BOARDED_TRAITS)),
    Fact.SERVICES_RECEIVED: _flow(Measure.ACCEPTED_TRAITS),
}


def _of_petitions(fact: Fact, kind: str) -> tuple[Made, ...]:
    classes = [_CLASSES.index(kind)] if kind else range(len(_CLASSES))
    slots = (classes[0], classes[-1])
    open_ = tuple((_PETITION_OPEN + one, 1) for one in classes)
    received: Made = (1, Sum(((_PETITION_RECEIVED, 1),), *slots), _IN)
    match fact:
        case Fact.PETITIONS:
            return (received,)
        case Fact.PETITIONS_ON_TIME:
            return (
                (1, Sum(((_PETITION_ON_TIME, 1),), *slots), _IN),
                (1, Sum(open_, 0), _END),
                _due(open_, -1),
                _fixed(open_, FIXED_IN_TIME),
            )
        case Fact.PETITIONS_LATE:
            return (
                (1, Sum(((_PETITION_LATE, 1),), *slots), _IN),
                _due(open_, 1),
                _fixed(open_, FIXED_LATE),
            )
        case _:
            unsatisfied = tuple((_PETITION_UNSATISFIED + one, 1) for one in classes)
            return (received, (-1, Sum(unsatisfied, until_end=True), _IN))


_PETITIONS: Final = frozenset(
    {
        Fact.PETITIONS,
        Fact.PETITIONS_ON_TIME,
        Fact.PETITIONS_LATE,
        Fact.PETITIONS_SATISFIED,
    }
)

# Facts that the register, the catalogue or a claim tells.
FROM_ELSEWHERE: Final = frozenset(
    {Fact.SERVICES, Fact.SOURCES, Fact.SOURCES_CONNECTED, Fact.AGENCIES, Fact.CLAIM}
)
# What the catalogue tells of a procedure, of all traits.
OF_THE_CATALOGUE: Final = (
    Trait.ELIGIBLE | Trait.FEE_BEARING | Trait.DOCUMENT_RESULT | Trait.LISTED | Trait.BUNDLED
)


def made_of(term: Term) -> tuple[Share, ...]:
    """The sums that a term is made of, its sign aside; none of what is told from elsewhere.

    Raises `Unanswerable`.
    """
    narrowed = term.having | term.lacking | term.any_of
    if term.fact in FROM_ELSEWHERE:
        if narrowed & ~OF_THE_CATALOGUE:
            raise Unanswerable(
                f"{term.fact} is told by the catalogue or the register, which know nothing of"
                f" {narrowed & ~OF_THE_CATALOGUE!r}"
            )
        return ()
    if term.fact in _PETITIONS and not narrowed:
        if term.kind and term.kind not in _CLASSES:
            raise Unanswerable(
                f"{term.kind!r} is no class of petitions: write {', '.join(_CLASSES)}"
            )
        made: tuple[Made, ...] | None = _of_petitions(term.fact, term.kind)
    else:
        made = (_MADE_BY_TRAITS if narrowed else _MADE).get(term.fact)
    if made is None:
        raise Unanswerable(
            f"{term.fact} is not booked by traits: narrow it by channel and level only"
        )
    return tuple(
        Share(
            weight,
            total._replace(
                channel=term.channel,
                level=term.level,
                having=term.having,
                lacking=term.lacking,
                any_of=term.any_of,
            ),
            window,
        )
        for weight, total, window in made
    )


class Entry(NamedTuple):
    """What of an entry decides in which sums it is; whose it is, is for the caller to know."""

    measure: int
    channel: int
    level: int
    day: int
    slot: int


def weight(shares: tuple[Share, ...], entry: Entry, first_day: int, last_day: int) -> int:
    """How often an amount booked there counts in a fact of a period that ends on a day."""
    return sum(
        share.weight * times
        for share in shares
        for measure, times in share.sum.measures
        if measure == entry.measure
        and _is_in(share.sum, entry, last_day)
        and _lies_in(share, entry, first_day, last_day)
    )


def _is_in(asked: Sum, entry: Entry, last_day: int) -> bool:
    last_slot = last_day if asked.until_end else asked.last_slot
    return (
        asked.first_slot <= entry.slot <= last_slot
        and asked.channel in (0, entry.channel)
        and asked.level in (0, entry.level)
        and entry.slot & asked.having == asked.having
        and not entry.slot & asked.lacking
        and (not asked.any_of or bool(entry.slot & asked.any_of))
    )


def _lies_in(share: Share, entry: Entry, first_day: int, last_day: int) -> bool:
    day = max(entry.day, entry.slot) if share.sum.due else entry.day
    match share.window:
        case Window.IN:
            return first_day <= day <= last_day
        case Window.END:
            return day <= last_day
        case _:  # BEFORE
            return day < first_day
