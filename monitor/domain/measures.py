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
    BOARDED = 14
    SUPPLEMENT_REQUESTS = 15
    HANDED_IN = 16
    HANDED_OUT = 17
    RESCHEDULED = 18
    LATE_RESCHEDULES = 19
    WARNED = 20
    DUE_EARLIER = 21
    DUE_EQUAL = 22
    DUE_LATER = 23
    CLOCK_UNCERTAIN = 24
    ON_TIME_766 = 30
    LATE_766 = 31
    NO_DEADLINE_766 = 32
    EARLY_06B = 33
    ON_TIME_06B = 34
    LATE_06B = 35
    NO_DEADLINE_06B = 36
    ON_TIME_FIRST_DUE = 37
    LATE_FIRST_DUE = 38
    NO_DEADLINE_FIRST_DUE = 39
    CLOCK_UNCERTAIN_766 = 40
    IN_PROCESS_766 = 50
    PAUSED_766 = 51
    IN_PROCESS_06B = 52
    PAUSED_06B = 53
    IN_PROCESS_FIRST_DUE = 54
    PAUSED_FIRST_DUE = 55
    PETITION_RECEIVED = 60
    PETITION_REFUSED = 61
    PETITION_ANSWERED = 62
    PETITION_PUBLISHED = 63
    PETITION_ON_TIME_766 = 64
    PETITION_LATE_766 = 65
    PETITION_UNJUDGED = 66
    PETITION_OPEN = 67  # and the two after it: one for each class, as of the next three
    PETITION_OPEN_POLICY = 68
    PETITION_OPEN_CONDUCT = 69
    PETITION_UNSATISFIED = 70
    PETITION_UNSATISFIED_POLICY = 71
    PETITION_UNSATISFIED_CONDUCT = 72
    PETITION_COMPLAINT = 73
    PETITION_ANSWER_ELAPSED = 74
    PETITION_ANSWER_WORKED = 75
    ACCEPTED_TRAITS = 80
    ENDED_TRAITS = 81
    OPEN_TRAITS = 82
    RATED = 83
    TIMED_RECEIVED = 84
    ELAPSED_RECEIVED = 85
    WORKED_RECEIVED = 86
    BOARDED_TRAITS = 87
    DEADLINE_CONSUMED = 100  # and one number for each further bin
    CLOCKS = 200  # and the numbers of `clock_measure`


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
    BINS = "bins"  # a count in each slot: warnings by number, times by bin, dossiers by traits
    FROM_DAY = "from_day"  # a count that holds from 24:00 of the slot's day on
    MARKS = "marks"  # what is counted are different marks, each in a slot of its own


class Basis(StrEnum):
    """How well a rule is known (MEASURES.md)."""

    LAW = "law"
    PRACTICE = "practice"
    ASSUMPTION = "assumption"
    PLAIN = "plain"  # no rule of the state: arithmetic on what was sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a measure means, in words that metric help, reports and docs repeat."""

    measure: int
    name: str
    kind: Kind
    day: Day
    basis: Basis
    meaning: str
    shown: bool = True  # to Prometheus; what is not is read from the ledger
    hourly: bool = False  # also booked by the hour, where reference files are: `hour_measure`


# Upper bounds of the share of the deadline consumed, in permille; a last bin has no bound.
# 1000 is the deadline itself, so that the histogram and `on_time` can never disagree.
CONSUMED_BOUNDS: Final = (100, 250, 500, 750, 900, 1000, 1250, 1500, 2000, 4000)
CONSUMED_BINS: Final = range(
    Measure.DEADLINE_CONSUMED, Measure.DEADLINE_CONSUMED + len(CONSUMED_BOUNDS) + 1
)

# Upper bounds of the bins of working time, in ms: from a minute to some ten years of working
# time, each a quarter above the one before, so that a quantile read from them is wrong by less
# than an eighth. A last bin has no bound.
WORKED_BOUNDS: Final = tuple(60_000 * 5**step // 4**step for step in range(64))

NO_SLOT: Final = -1  # of every flow, and of a stock without a due day
# Slots of the 766 stock for what waits for a supplement, or has had two: fixed, no day.
FIXED_IN_TIME: Final = -2
FIXED_LATE: Final = -3
# Of every stock by a rule of law: how long it has taken nobody knows, so no due day says anything.
FIXED_UNCERTAIN: Final = -4


class Clock(IntEnum):
    """What is timed. Numbers are kept in the ledger."""

    ACCEPTANCE = 1  # first 1 to accepted, booked on the receipt day
    FORWARD = 2  # accepted to the first 4
    SUPPLEMENT_REQUEST = 3  # accepted to the desk's request for more papers
    SUPPLEMENT = 4  # request to papers received: the citizen's time
    PROCESSING = 5  # accepted to end, of completed
    HANDOVER = 6  # completed to handed over
    PAUSE_PAYMENT = 7  # in state 6
    PAUSE_STOPPED = 8  # in state 8
    STEP = 9  # from one state to the next, by step and holder
    SYNC = 10  # a step completed to its acknowledgement, bundled procedures only
    ANSWER = 11  # the same, against the answer's limit
    # Of petitions: they have limits, and measures by other names (`domain.petition`).
    PETITION_REFUSAL = 12  # received to refused
    PETITION_SUPPLEMENT = 13  # received to the first request for more papers
    PETITION_ANSWER = 14  # received to answered
    PETITION_PUBLICATION = 15  # answered to published


class Part(IntEnum):
    """What is kept of each clock. Numbers are kept in the ledger."""

    ELAPSED = 0  # ms
    WORKED = 1  # ms of working time
    WORKED_BINS = 2  # a count by bin of working time
    WITHIN = 3  # the limit
    BEYOND = 4
    LIMIT_BINS = 5  # a count by bin of the share of the limit, in working time


def clock_measure(clock: int, part: Part) -> int:
    """The number of a clock's measure."""
    return Measure.CLOCKS + 10 * clock + part


# A dossier on trial posts under its measures' numbers plus this, where no figure looks. It posts
# nothing by the hour and refers to no applicant: no reader of those wants a trial.
TRIAL: Final = 20_000

HOURS: Final = 1_000  # the number of a measure by the hour is this plus its own


def hour_measure(measure: int) -> int:
    """The number under which a measure is booked by the hour."""
    return HOURS + measure


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
        hourly=True,
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
        hourly=True,
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
        hourly=True,
    ),
    Definition(
        measure=Measure.LATE,
        name="late",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Completed dossiers whose end is after the last due date sent.",
        hourly=True,
    ),
    Definition(
        measure=Measure.NO_DEADLINE,
        name="no_deadline",
        kind=Kind.COUNT,
        day=Day.ENDED,
        basis=Basis.PLAIN,
        meaning="Completed dossiers for which no due date was sent; in no ratio.",
    ),
    *(
        Definition(
            measure=measure,
            name=name,
            kind=Kind.COUNT,
            day=Day.ENDED,
            basis=Basis.ASSUMPTION,
            meaning=meaning,
        )
        for measure, name, meaning in (
            (
                Measure.CLOCK_UNCERTAIN,
                "clock_uncertain",
                "Completed dossiers of which nobody knows how long they took; in no ratio.",
            ),
            (
                Measure.CLOCK_UNCERTAIN_766,
                "clock_uncertain_766",
                "The same of all that has ended under Decision 766, also returned or stopped.",
            ),
        )
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
    *(
        Definition(
            measure=measure,
            name=name,
            kind=Kind.COUNT,
            day=Day.ENDED,
            basis=basis,
            meaning=meaning,
            # What has no deadline is what the others leave of the completed ones.
            shown=not name.startswith("no_deadline"),
            hourly=not name.startswith("no_deadline"),
        )
        for measure, name, basis, meaning in (
            (
                Measure.ON_TIME_766,
                "on_time_766",
                Basis.PRACTICE,
                "Ended dossiers in time by Decision 766's formula 2.1: supplements taken off.",
            ),
            (
                Measure.LATE_766,
                "late_766",
                Basis.PRACTICE,
                "Ended dossiers late by Decision 766's formula 2.1; a second supplement is late.",
            ),
            (
                Measure.NO_DEADLINE_766,
                "no_deadline_766",
                Basis.PRACTICE,
                "Ended dossiers with neither due date nor limit; in no ratio.",
            ),
            (
                Measure.EARLY_06B,
                "early_06b",
                Basis.PRACTICE,
                "Processed dossiers that ended on a day before the due date (report 06b).",
            ),
            (
                Measure.ON_TIME_06B,
                "on_time_06b",
                Basis.PRACTICE,
                "Processed dossiers that ended on the day of the due date (report 06b).",
            ),
            (
                Measure.LATE_06B,
                "late_06b",
                Basis.PRACTICE,
                "Processed dossiers that ended on a day after the due date (report 06b).",
            ),
            (
                Measure.NO_DEADLINE_06B,
                "no_deadline_06b",
                Basis.PRACTICE,
                "Processed dossiers with neither due date nor limit (report 06b).",
            ),
            (
                Measure.ON_TIME_FIRST_DUE,
                "on_time_first_due",
                Basis.ASSUMPTION,
                "Completed dossiers in time by the first due date; no rescheduling counts.",
            ),
            (
                Measure.LATE_FIRST_DUE,
                "late_first_due",
                Basis.ASSUMPTION,
                "Completed dossiers late by the first due date; no rescheduling counts.",
            ),
            (
                Measure.NO_DEADLINE_FIRST_DUE,
                "no_deadline_first_due",
                Basis.ASSUMPTION,
                "Completed dossiers with neither due date nor limit; in no ratio.",
            ),
        )
    ),
    *(
        Definition(
            measure=measure,
            name=name,
            kind=kind,
            day=Day.RECEIVED,
            basis=basis,
            meaning=meaning,
            shown=False,
        )
        for measure, name, kind, basis, meaning in (
            (
                Measure.DUE_EARLIER,
                "due_earlier",
                Kind.COUNT,
                Basis.PRACTICE,
                "Dossiers whose first due date sent lies on a day before the limit's.",
            ),
            (
                Measure.DUE_EQUAL,
                "due_equal",
                Kind.COUNT,
                Basis.PRACTICE,
                "Dossiers whose first due date sent lies on the limit's day.",
            ),
            (
                Measure.DUE_LATER,
                "due_later",
                Kind.COUNT,
                Basis.PRACTICE,
                "Dossiers whose first due date sent lies on a day after the limit's.",
            ),
        )
    ),
    *(
        Definition(
            measure=measure,
            name=name,
            kind=kind,
            day=Day.MOVED,
            basis=basis,
            meaning=meaning,
            shown=False,
        )
        for measure, name, kind, basis, meaning in (
            (
                Measure.BOARDED,
                "boarded",
                Kind.COUNT,
                Basis.ASSUMPTION,
                "Open dossiers that a snapshot brought in: carried over, never accepted here.",
            ),
            (
                Measure.SUPPLEMENT_REQUESTS,
                "supplement_requests",
                Kind.COUNT,
                Basis.PRACTICE,
                "Requests for more papers from acceptance on.",
            ),
            (
                Measure.HANDED_IN,
                "handed_in",
                Kind.COUNT,
                Basis.PRACTICE,
                "Dossiers that another agency or unit handed to this one.",
            ),
            (
                Measure.HANDED_OUT,
                "handed_out",
                Kind.COUNT,
                Basis.PRACTICE,
                "Dossiers that this agency or unit handed to another one.",
            ),
            (
                Measure.RESCHEDULED,
                "rescheduled",
                Kind.COUNT,
                Basis.LAW,
                "Due dates put off (Decree 61/2018 Art. 19(9)).",
            ),
            (
                Measure.LATE_RESCHEDULES,
                "late_reschedules",
                Kind.COUNT,
                Basis.LAW,
                "Due dates put off at or after the due date then in force.",
            ),
            (
                Measure.WARNED,
                "warned",
                Kind.BINS,
                Basis.PRACTICE,
                "Warnings about a source, by their number.",
            ),
            (
                Measure.IN_PROCESS_766,
                "in_process_766",
                Kind.STOCK,
                Basis.PRACTICE,
                "Open under the 766 rule and worked on, by its own due day.",
            ),
            (
                Measure.PAUSED_766,
                "paused_766",
                Kind.STOCK,
                Basis.PRACTICE,
                "Open under the 766 rule and paused; waiting ones are fixed in time or late.",
            ),
            (
                Measure.IN_PROCESS_06B,
                "in_process_06b",
                Kind.STOCK,
                Basis.PRACTICE,
                "Open and worked on, by the due day of report 06b.",
            ),
            (
                Measure.PAUSED_06B,
                "paused_06b",
                Kind.STOCK,
                Basis.PRACTICE,
                "Open and paused, by the due day of report 06b.",
            ),
            (
                Measure.IN_PROCESS_FIRST_DUE,
                "in_process_first_due",
                Kind.STOCK,
                Basis.ASSUMPTION,
                "Open and worked on, by the day of the first due date.",
            ),
            (
                Measure.PAUSED_FIRST_DUE,
                "paused_first_due",
                Kind.STOCK,
                Basis.ASSUMPTION,
                "Open and paused, by the day of the first due date.",
            ),
        )
    ),
    *(
        Definition(
            measure=measure,
            name=name,
            kind=kind,
            day=day,
            basis=basis,
            meaning=meaning,
            shown=False,
        )
        for measure, name, kind, day, basis, meaning in (
            (
                Measure.ACCEPTED_TRAITS,
                "accepted_traits",
                Kind.BINS,
                Day.RECEIVED,
                Basis.PRACTICE,
                "Dossiers accepted, by their traits and receiving agency.",
            ),
            (
                Measure.ENDED_TRAITS,
                "ended_traits",
                Kind.BINS,
                Day.ENDED,
                Basis.PRACTICE,
                "Dossiers ended, completed and returned, by their traits and settling agency.",
            ),
            (
                Measure.OPEN_TRAITS,
                "open_traits",
                Kind.STOCK,
                Day.MOVED,
                Basis.PRACTICE,
                "Open dossiers, worked on or paused, by their traits and holder.",
            ),
            (
                Measure.RATED,
                "rated",
                Kind.BINS,
                Day.MOVED,
                Basis.PRACTICE,
                "Dossiers by their last rating, 1 to 5, and by who settled or holds them.",
            ),
            (
                Measure.TIMED_RECEIVED,
                "timed_received",
                Kind.COUNT,
                Day.RECEIVED,
                Basis.PRACTICE,
                "Completed dossiers whose time is known, by receipt day and settling agency.",
            ),
            (
                Measure.ELAPSED_RECEIVED,
                "elapsed_received",
                Kind.MILLISECONDS,
                Day.RECEIVED,
                Basis.PRACTICE,
                "Elapsed time from acceptance to end of these.",
            ),
            (
                Measure.WORKED_RECEIVED,
                "worked_received",
                Kind.MILLISECONDS,
                Day.RECEIVED,
                Basis.PRACTICE,
                "Working time from acceptance to end of these.",
            ),
            (
                Measure.BOARDED_TRAITS,
                "boarded_traits",
                Kind.BINS,
                Day.MOVED,
                Basis.ASSUMPTION,
                "Open dossiers that a snapshot brought in, by their traits.",
            ),
        )
    ),
    *(
        Definition(
            measure=measure,
            name=name,
            kind=kind,
            day=day,
            basis=basis,
            meaning=meaning,
            shown=False,
        )
        for measure, name, kind, day, basis, meaning in (
            (
                Measure.PETITION_RECEIVED,
                "petition_received",
                Kind.BINS,
                Day.RECEIVED,
                Basis.PRACTICE,
                "Petitions received, by class.",
            ),
            (
                Measure.PETITION_REFUSED,
                "petition_refused",
                Kind.BINS,
                Day.ENDED,
                Basis.PRACTICE,
                "Petitions settled by refusing them, by class.",
            ),
            (
                Measure.PETITION_ANSWERED,
                "petition_answered",
                Kind.BINS,
                Day.ENDED,
                Basis.PRACTICE,
                "Petitions settled by an answer, by class.",
            ),
            (
                Measure.PETITION_PUBLISHED,
                "petition_published",
                Kind.BINS,
                Day.MOVED,
                Basis.PRACTICE,
                "Petitions whose answer was published, by class.",
            ),
            (
                Measure.PETITION_ON_TIME_766,
                "petition_on_time_766",
                Kind.BINS,
                Day.ENDED,
                Basis.PRACTICE,
                "Settled petitions of which every clock of formula 5.2 was kept, by class.",
            ),
            (
                Measure.PETITION_LATE_766,
                "petition_late_766",
                Kind.BINS,
                Day.ENDED,
                Basis.PRACTICE,
                "Settled petitions of which a clock of formula 5.2 was broken, by class.",
            ),
            (
                Measure.PETITION_UNJUDGED,
                "petition_unjudged",
                Kind.BINS,
                Day.ENDED,
                Basis.ASSUMPTION,
                "Settled petitions without a receipt or a limit, by class; in no ratio.",
            ),
            *(
                (
                    measure,
                    f"petition_open{of}",
                    Kind.STOCK,
                    Day.MOVED,
                    Basis.PRACTICE,
                    f"Open petitions {which}, by the day on which their time runs out.",
                )
                for measure, of, which in (
                    (Measure.PETITION_OPEN, "", "of no class"),
                    (Measure.PETITION_OPEN_POLICY, "_policy", "about policies and procedures"),
                    (Measure.PETITION_OPEN_CONDUCT, "_conduct", "about conduct"),
                )
            ),
            *(
                (
                    measure,
                    f"petition_unsatisfied{of}",
                    Kind.FROM_DAY,
                    Day.RECEIVED,
                    Basis.PRACTICE,
                    f"Petitions {which} that are late, disliked or repeated, from a day on.",
                )
                for measure, of, which in (
                    (Measure.PETITION_UNSATISFIED, "", "of no class"),
                    (Measure.PETITION_UNSATISFIED_POLICY, "_policy", "about policies"),
                    (Measure.PETITION_UNSATISFIED_CONDUCT, "_conduct", "about conduct"),
                )
            ),
            (
                Measure.PETITION_COMPLAINT,
                "petition_complaint",
                Kind.MARKS,
                Day.RECEIVED,
                Basis.ASSUMPTION,
                "Petitions that complain about a dossier, by the dossier's mark.",
            ),
            (
                Measure.PETITION_ANSWER_ELAPSED,
                "petition_answer_elapsed",
                Kind.MILLISECONDS,
                Day.ENDED,
                Basis.PLAIN,
                "Elapsed time from receipt to answer.",
            ),
            (
                Measure.PETITION_ANSWER_WORKED,
                "petition_answer_worked",
                Kind.MILLISECONDS,
                Day.ENDED,
                Basis.PLAIN,
                "Working time from receipt to answer.",
            ),
        )
    ),
)

_CLOCKS: Final = {
    Clock.ACCEPTANCE: (
        Day.RECEIVED,
        Basis.PRACTICE,
        "first state 1 to acceptance; limit 8 working hours",
    ),
    Clock.FORWARD: (
        Day.MOVED,
        Basis.LAW,
        "acceptance to the first 4; limit the same day, received after 15:00 the next morning",
    ),
    Clock.SUPPLEMENT_REQUEST: (
        Day.MOVED,
        Basis.LAW,
        "acceptance to the desk's request for more papers; limit 3 working days",
    ),
    Clock.SUPPLEMENT: (
        Day.MOVED,
        Basis.PRACTICE,
        "request for more papers to their receipt: the citizen's time",
    ),
    Clock.PROCESSING: (
        Day.ENDED,
        Basis.PRACTICE,
        "acceptance to end of completed dossiers; limit the due date of report 06b",
    ),
    Clock.HANDOVER: (Day.MOVED, Basis.PRACTICE, "completed to handed over"),
    Clock.PAUSE_PAYMENT: (Day.MOVED, Basis.PRACTICE, "waiting for a payment, state 6"),
    Clock.PAUSE_STOPPED: (Day.MOVED, Basis.PRACTICE, "stopped, state 8"),
    Clock.STEP: (Day.MOVED, Basis.PRACTICE, "one state to the next, by step and holder"),
    Clock.SYNC: (
        Day.MOVED,
        Basis.LAW,
        "step completed to its acknowledgement, bundled procedures; limit 10 minutes",
    ),
    Clock.ANSWER: (
        Day.MOVED,
        Basis.LAW,
        "step completed to its acknowledgement, bundled procedures; limit 2 working hours",
    ),
}
_PARTS: Final = {
    Part.ELAPSED: (Kind.MILLISECONDS, "Elapsed time"),
    Part.WORKED: (Kind.MILLISECONDS, "Working time"),
    Part.WORKED_BINS: (Kind.BINS, "Working time by bin"),
    Part.WITHIN: (Kind.COUNT, "Within the limit"),
    Part.BEYOND: (Kind.COUNT, "Beyond the limit"),
    Part.LIMIT_BINS: (Kind.BINS, "Share of the limit by bin"),
}

# Measures of the clocks; those without a limit never book the parts that need one.
CLOCK_CATALOGUE: Final = tuple(
    Definition(
        measure=clock_measure(clock, part),
        name=f"{clock.name.lower()}_{part.name.lower()}",
        kind=kind,
        day=day,
        basis=basis,
        meaning=f"{what}: {meaning}.",
        shown=False,
    )
    for clock, (day, basis, meaning) in _CLOCKS.items()
    for part, (kind, what) in _PARTS.items()
)

# What Prometheus shows, and so what the totals hold.
SHOWN: Final = frozenset(
    {definition.measure for definition in CATALOGUE if definition.shown} | set(CONSUMED_BINS)
)

# What is also booked by the hour, as numbers by day.
HOURLY: Final = frozenset(
    {int(definition.measure) for definition in CATALOGUE if definition.hourly}
)
# The same numbers by the hour.
BY_THE_HOUR: Final = frozenset(map(hour_measure, HOURLY))
