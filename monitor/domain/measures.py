"""The catalogue of posted measures: every name, number and meaning stands here once.

Numbers are kept in the ledger for years: they are never reused. A *flow* is booked on the day
it happened; a *stock* is booked as movements, +1 on the day a dossier enters and -1 on the day
it leaves, by the day it falls due (the slot); the stock at T is the sum of movements to T.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final


class Measure(IntEnum):
    """A posted measure. Bins of the histogram follow `DEADLINE_CONSUMED`."""

    SUBMITTED = 1
    ACCEPTED = 2
    REFUSED = 3
    WITHDRAWN_UNACCEPTED = 4
    COMPLETED = 5
    RETURNED = 6
    HANDED_OVER = 7
    ON_TIME = 8
    LATE = 9
    NO_DEADLINE = 10
    PROCESSING_TIME = 11
    IN_PROCESS = 12
    PAUSED = 13
    DEADLINE_CONSUMED = 100  # and one number for each further bin


class Tally(StrEnum):
    """What is counted once a record, together with the position; no part of any posting."""

    COUNTED = "counted"  # a new statement, or a new content of a known one
    DUPLICATE = "duplicate"  # equal identity, equal content
    REFUSED = "refused"  # no event; in quarantine


class Day(StrEnum):
    """On which day a measure is booked (MEASURES.md §7)."""

    RECEIVED = "received"  # the receipt day
    MOVED = "moved"  # the day of the transition
    ENDED = "ended"  # the day of the end


class Kind(StrEnum):
    """How the figures of a measure are read."""

    COUNT = "count"
    MILLISECONDS = "milliseconds"
    STOCK = "stock"
    HISTOGRAM = "histogram"


class Basis(StrEnum):
    """How well a rule is known (MEASURES.md)."""

    LAW = "law"
    PRACTICE = "practice"
    ASSUMPTION = "assumption"
    PLAIN = "plain"  # no rule of the state: arithmetic on what was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a measure means, in words that metric help, reports and docs repeat."""

    measure: Measure
    name: str
    kind: Kind
    day: Day
    basis: Basis
    meaning: str


# Upper bounds of the share of the deadline consumed, in permille; a last bin has no bound.
# 1000 is the deadline itself, so that the histogram and `on_time` can never disagree.
CONSUMED_BOUNDS: Final = (100, 250, 500, 750, 900, 1000, 1250, 1500, 2000, 4000)
CONSUMED_BINS: Final = range(
    Measure.DEADLINE_CONSUMED, Measure.DEADLINE_CONSUMED + len(CONSUMED_BOUNDS) + 1
)

NO_SLOT: Final = -1  # of every flow, and of a stock without a due day

CATALOGUE: Final = (
    Definition(
        measure=Measure.SUBMITTED,
        name="submitted",
        kind=Kind.COUNT,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
        meaning="Dossiers submitted online: first state 1.",
    ),
    Definition(
        measure=Measure.ACCEPTED,
        name="accepted",
        kind=Kind.COUNT,
        day=Day.RECEIVED,
        basis=Basis.PRACTICE,
        meaning="Dossiers accepted, by receipt date and receiving agency.",
    ),
    Definition(
        measure=Measure.REFUSED,
        name="refused",
        kind=Kind.COUNT,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
        meaning="Dossiers refused at reception without ever being accepted.",
    ),
    Definition(
        measure=Measure.WITHDRAWN_UNACCEPTED,
        name="withdrawn_unaccepted",
        kind=Kind.COUNT,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
        meaning="Dossiers withdrawn by the citizen before acceptance.",
    ),
    Definition(
        measure=Measure.COMPLETED,
        name="completed",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PRACTICE,
        meaning="Dossiers ended by state 9, else 10, by settling agency.",
    ),
    Definition(
        measure=Measure.RETURNED,
        name="returned",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PRACTICE,
        meaning="Dossiers ended by 7 or 3 after acceptance.",
    ),
    Definition(
        measure=Measure.HANDED_OVER,
        name="handed_over",
        kind=Kind.COUNT,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
        meaning="Dossiers whose result was handed over: state 10.",
    ),
    Definition(
        measure=Measure.ON_TIME,
        name="on_time",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Completed dossiers whose end is not after the last due date sent.",
    ),
    Definition(
        measure=Measure.LATE,
        name="late",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Completed dossiers whose end is after the last due date sent.",
    ),
    Definition(
        measure=Measure.NO_DEADLINE,
        name="no_deadline",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Completed dossiers for which no due date was sent; in no ratio.",
    ),
    Definition(
        measure=Measure.PROCESSING_TIME,
        name="processing_time",
        kind=Kind.MILLISECONDS,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Elapsed time from acceptance to end of completed dossiers, pauses included.",
    ),
    Definition(
        measure=Measure.IN_PROCESS,
        name="in_process",
        kind=Kind.STOCK,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
        meaning="Open dossiers that the office works on, by the day they fall due.",
    ),
    Definition(
        measure=Measure.PAUSED,
        name="paused",
        kind=Kind.STOCK,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
        meaning="Open dossiers in state 5, 6 or 8, by the day they fall due.",
    ),
    Definition(
        measure=Measure.DEADLINE_CONSUMED,
        name="deadline_consumed",
        kind=Kind.HISTOGRAM,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Share of the time from acceptance to the last due date that completed "
        "dossiers took; 1 is the deadline.",
    ),
)
