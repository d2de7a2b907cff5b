"""Facts: the whole numbers that official figures are made of, and how one is asked for.

An indicator's file names facts; the ledger answers them for a scope and a period, as known at a
cut. None is an answer: nobody knows. It is never 0.

What is said of the end of a period is said of 24:00 of its last day; of a period that is not over,
of 24:00 of the day of the question.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Final

from monitor.domain.traits import Trait

ANY: Final = 0
NONE: Final = Trait(0)


class Fact(StrEnum):
    """What is counted, in the words of MEASURES.md §4 to §6.

    *By receipt*: the agency that received. *By settlement*: who settled it, or holds it at 24:00
    of the period's last day. Channel, level and traits narrow all facts of dossiers but those of
    verdicts (`…_766`, `…_06b`, times), which are narrowed by channel and level only.
    """

    # Dossiers by receipt.
    RECEIVED = "received_in_period"  # accepted in the period
    BOARDED = "boarded_in_period"  # brought in by a snapshot in the period: carried over
    # Dossiers by settlement.
    HANDLED = "handled_in_period"  # carried over and received: ended in it, or open at its end
    COMPLETED = "completed"
    RETURNED = "returned"
    IN_PROCESS = "in_process"  # at the end of the period
    PAUSED = "paused"  # at the end of the period
    CARRIED_OVER = (
        "carried_over"  # open when the period began, and brought in by snapshots in it
    )
    HANDED_NET = "handed_net"  # handed in less handed out in the period
    # Verdicts of the 766 rule, by settlement; what is open is judged at the end of the period.
    ON_TIME_766 = "on_time_766"  # ended
    LATE_766 = "late_766"
    WITHIN_766 = "within_766"  # open, within the limit
    BEYOND_766 = "beyond_766"  # open, beyond it
    NO_DEADLINE_766 = "no_deadline_766"  # ended or open: in no ratio
    UNCERTAIN_766 = "clock_uncertain_766"  # likewise
    # Verdicts of report 06b, by settlement.
    EARLY_06B = "early_06b"
    ON_TIME_06B = "on_time_06b"
    LATE_06B = "late_06b"
    NO_DEADLINE_06B = "no_deadline_06b"
    UNCERTAIN = "clock_uncertain"
    WITHIN_06B = "within_06b"  # in process at the end of the period, within the limit
    BEYOND_06B = "beyond_06b"
    # Verdicts of the honest rule and the plain one, of completed.
    ON_TIME_FIRST_DUE = "on_time_first_due"
    LATE_FIRST_DUE = "late_first_due"
    ON_TIME = "on_time"
    LATE = "late"
    # Times, ms, of completed in the period whose clock is certain.
    TIMED = "timed"  # how many
    ELAPSED = "processing_elapsed_ms"
    WORKED = "processing_worked_ms"
    # The same of those received in the period, whenever they ended (indicator 2.2).
    TIMED_RECEIVED = "timed_received"
    ELAPSED_RECEIVED = "elapsed_received_ms"
    WORKED_RECEIVED = "worked_received_ms"
    # Ratings given in the period, by settlement.
    RATINGS = "ratings"
    RATINGS_SATISFIED = "ratings_satisfied"  # 4 of 5 and better
    # Petitions, by the agency that has to answer; `class` narrows them.
    PETITIONS = "petitions_received"
    PETITIONS_ON_TIME = "petitions_on_time"  # by formula 5.2, at the end of the period
    PETITIONS_LATE = "petitions_late"
    PETITIONS_SATISFIED = "petitions_satisfied"  # formula 5.3, of those received in the period
    COMPLAINTS = "complaints_of_dossiers"  # distinct dossiers that petitions complain about
    # Procedures of the catalogue on the period's last day that the scope's agencies handle.
    SERVICES = (
        "services"  # narrowed by level, and by the traits that are the catalogue's, and tag
    )
    # Distinct procedures with at least one dossier received that is such.
    SERVICES_RECEIVED = "services_received"
    # Sources of the register that speak for the scope, on the period's last day.
    SOURCES = "sources"
    SOURCES_CONNECTED = "sources_connected"
    # Agencies of a kind below the scope, on the period's last day.
    AGENCIES = "agencies"
    # What a claim states: of whom and when the scope and the period are; never added to others.
    CLAIM = "claim"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One fact, narrowed; a numerator or denominator is a sum of them."""

    fact: Fact
    sign: int = (
        1  # how many times it counts, -1: taken off; whoever answers for it leaves it be
    )
    channel: int = ANY  # an `event.Channel`
    level: int = ANY  # an `event.Level`
    having: Trait = NONE  # all of these
    lacking: Trait = NONE  # none of these
    any_of: Trait = NONE  # at least one of these, if any are named
    tag: str = (
        ""  # of SERVICES and SERVICES_RECEIVED: on this list (`reference.procedures.Tag`)
    )
    online: bool = False  # of SERVICES: level 3 or 4
    kind: str = ""  # of PETITIONS: the class; of AGENCIES: the kind
    claim: str = ""  # of CLAIM: the indicator that is claimed
    part: str = ""  # of CLAIM: numerator, denominator, or value: millionths of a percent
    # Kept, because a ranking looks its terms up some thousand times.
    _hash: int = field(init=False, repr=False, compare=False, default=0)

    def __post_init__(self) -> None:
        said = tuple(getattr(self, name) for name in _SAID)
        object.__setattr__(self, "_hash", hash(said))

    def __hash__(self) -> int:
        return self._hash


_SAID: Final = tuple(each.name for each in fields(Term) if each.compare)

# Answers for one scope and one period. None: not known (no claim, not connected, not measured).
Facts = Callable[[Term], int | None]
