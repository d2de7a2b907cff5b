"""Whose fault refusals are: a source's, which fills its quota, or ours, which stops the worker.

A source that sends nonsense is refused, record by record, and the rest goes on. A release that
cannot read what it read yesterday would divert a country's events into quarantine in minutes,
with positions moved past them. What tells one from the other is how the refusals are spread:
nothing here stops for what a single source has sent.

Pure: what was heard and the time come in, a judgement comes out. Each unit is judged before it
is booked and noted after, so that what is read again is not counted again.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, Self

from schemas.refusal import Reason

FAULT_WEIGHT: Final = 10  # of a refusal that by its reason is ours; any other weighs 1
ENOUGH_RECORDS: Final = 200  # before a share of them says anything
WINDOW_RECORDS: Final = 10_000  # then everything remembered is halved
SHARE_OF_OTHERS: Final = 30  # weight that must come from others than the most refused source
RUN: Final = 200  # weight of refusals with nothing measured between
RUN_OF_OTHERS: Final = 10
FIRST_RUN: Final = 20  # the same, while this process has not measured anything yet
FIRST_RUN_OF_OTHERS: Final = 5
NAMELESS_RUN: Final = 1_000  # of records that do not even tell who sent them
HOLD_SECONDS: Final = (
    10.0  # that a process which has measured nothing waits for more to judge by
)
NEVER_PERCENT: Final = 100  # at this limit nothing stops the worker

HOW_TO_GO_ON: Final = (
    "nothing of this is booked and no position has moved. Look at what was deployed or"
    " configured last and put it right, or start the former release; either goes on from here."
    " If the records are truly bad, EMC_REFUSAL_LIMIT_PERCENT=100 lets them go into quarantine"
    " (docs/how-to/quarantine.md)"
)


class Diverted(Exception):
    """Refusals across sources say that the fault is ours; the text says why and how to go on."""


class Refused(Protocol):
    """What is looked at of a refusal."""

    @property
    def source(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def detail(self) -> str: ...


class Advice(Enum):
    """What to do with a unit."""

    BOOK = "book"
    HOLD = "hold"  # a moment: too little is known to tell whose fault it is
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do with a unit; `why` for whoever has to mend it, if it is to stop."""

    advice: Advice
    why: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one unit brought, by source: all records, and the weight of those refused."""

    records: Mapping[str, int]
    weights: Mapping[str, int]
    refused: int
    commonest: str = ""  # reason and place of what was refused most

    @classmethod
    def of(cls, accepted: Iterable[Mapping[str, int]], refusals: Collection[Refused]) -> Self:
        """From the counts of good records by source, in any number of parts, and the refusals."""
        records: Counter[str] = Counter()
        for counts in accepted:
            records.update(counts)
        weights: Counter[str] = Counter()
        kinds: Counter[str] = Counter()
        refused = 0
        for refusal in refusals:
            if refusal.reason == Reason.RETIRED:
                # Read as well as any other, and refused for the dossier's age alone: an old log
                # replayed says nothing about this release.
                records[refusal.source] += 1
                continue
            refused += 1
            weight = FAULT_WEIGHT if refusal.reason == Reason.FAULT else 1
            records[refusal.source] += 1
            weights[refusal.source] += weight
            kinds[f"{refusal.reason} ({refusal.detail})"] += weight
        commonest = kinds.most_common(1)[0][0] if kinds else ""
        return cls(records, weights, refused, commonest)

    @property
    def measured(self) -> bool:
        """Whether any record of it was good."""
        return sum(self.records.values()) > self.refused


class Watch:
    """What this process has heard so far, and whether a further unit may be booked.

    `percent` is the share of refused records, over all sources, from which on a unit is not
    booked; from 100 on everything is.
    """

    def __init__(self, percent: int = 50) -> None:
        self._percent = percent
        self._measured = False  # anything, since the process has started
        self._records: Counter[str] = Counter()
        self._weights: Counter[str] = Counter()
        self._run: Counter[str] = Counter()  # weights since anything was measured last
        self._held_since: float | None = None

    def judge(self, heard: Heard, now: float) -> Judgement:
        """Whether this unit may be booked, at `now` seconds of any clock that runs evenly."""
        if not heard.refused or self._percent >= NEVER_PERCENT:
            return _BOOK
        why = self._why(heard)
        if why:
            return Judgement(Advice.STOP, f"refusals say that the fault is ours: {why}")
        if self._measured or heard.measured or not self._undecided(heard):
            return _BOOK
        if self._held_since is None:
            self._held_since = now
        return _HOLD if now - self._held_since < HOLD_SECONDS else _BOOK

    def note(self, heard: Heard) -> None:
        """This unit has been booked."""
        self._held_since = None
        self._records.update(heard.records)
        self._weights.update(heard.weights)
        if heard.measured:
            self._measured = True
            self._run.clear()
        else:
            self._run.update(heard.weights)
        if sum(self._records.values()) > WINDOW_RECORDS:
            self._records = _halved(self._records)
            self._weights = _halved(self._weights)

    def _undecided(self, heard: Heard) -> bool:
        """Nothing was good yet, and what was refused came from several, or is a fault."""
        run = self._run + Counter(heard.weights)
        return len(run) > 1 or any(
            weight > heard.records[source] for source, weight in heard.weights.items()
        )

    def _why(self, heard: Heard) -> str:
        if not heard.measured:
            run = self._run + Counter(heard.weights)
            if why := self._why_run(run):
                return f"{why}; most of all {heard.commonest}; {HOW_TO_GO_ON}"
        records = self._records + Counter(heard.records)
        weights = self._weights + Counter(heard.weights)
        total = sum(records.values())
        worst = max(weights, key=weights.__getitem__)
        of_others = sum(weights.values()) - weights[worst]
        others = total - records[worst]
        if (
            total < ENOUGH_RECORDS
            or of_others < SHARE_OF_OTHERS
            or 100 * sum(weights.values()) < self._percent * total
            or 100 * of_others < self._percent * others
        ):
            return ""
        return (
            f"of {total} records of late, those refused weigh {sum(weights.values())} (a fault"
            f" of the monitor's own {FAULT_WEIGHT}, any other 1), past the limit of"
            f" {self._percent} %, and past it too without {worst or 'those of no known sender'},"
            f" refused most; {len(weights)} sources are concerned; most of all"
            f" {heard.commonest}; {HOW_TO_GO_ON}"
        )

    def _why_run(self, run: Counter[str]) -> str:
        weight = sum(run.values())
        of_others = weight - max(run.values())
        enough, of_others_enough = (
            (RUN, RUN_OF_OTHERS) if self._measured else (FIRST_RUN, FIRST_RUN_OF_OTHERS)
        )
        if weight >= enough and of_others >= of_others_enough:
            since = "for a while" if self._measured else "since this worker has started"
            return (
                f"nothing was measured {since}, and refusals of {len(run)} sources weigh"
                f" {weight} (a fault of the monitor's own {FAULT_WEIGHT}, any other 1)"
            )
        if run[""] >= NAMELESS_RUN:
            return f"{run['']} records in a row do not even tell who sent them"
        return ""


_BOOK: Final = Judgement(Advice.BOOK)
_HOLD: Final = Judgement(Advice.HOLD)


def _halved(counts: Counter[str]) -> Counter[str]:
    return Counter({name: count // 2 for name, count in counts.items() if count > 1})
