"""What one transaction books: dossiers, differences, tallies, refused records, positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Final, NamedTuple

from monitor.domain.view import Outcome, View

# Stable: kept in rows, and used by the index on what is open.
OUTCOME_NUMBERS: Final = {
    Outcome.NONE: 0,
    Outcome.WAITING_ACCEPTANCE: 1,
    Outcome.WITHDRAWN_UNACCEPTED: 2,
    Outcome.REFUSED: 3,
    Outcome.IN_PROCESS: 4,
    Outcome.PAUSED: 5,
    Outcome.COMPLETED: 6,
    Outcome.RETURNED: 7,
}
# Added for a dossier on trial, so that nothing that asks for open dossiers meets it.
TRIAL_OUTCOMES: Final = 100


def outcome_number(view: View) -> int:
    """Where a dossier stands, as its row says it."""
    number = OUTCOME_NUMBERS[view.outcome]
    return TRIAL_OUTCOMES + number if view.trial else number


class BookingClass(IntEnum):
    """How news-like a booking is. It belongs to the booking, not to the account."""

    LIVE = 0
    LATE = 1  # more than an hour behind the event's effective time
    BACKFILL = 2  # the producer says that it is history
    RECOMPUTE = 3


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int


# Plain tuples, made by the million: a named one costs six times as much to make.
#
# An account with its cell numbered, where one dossier has booked an amount:
# measure, cell, day, slot.
Entry = tuple[int, int, int, int]
# An account of the journal: an entry's, with the class of the booking.
Line = tuple[int, int, int, int, int]
# By class of the booking, what each account moves by.
Journal = dict[int, dict[Entry, int]]


class TotalKey(NamedTuple):
    """An account that is shown."""

    measure: int
    agency: str
    channel: int
    level: int
    slot: int
    booking_class: int


class Reference(NamedTuple):
    """An applicant of a year, at the agency that received."""

    year: int
    cell: int  # the number of a cell that has an agency and nothing else
    digest: int  # see `monitor.domain.applicants`


class TallyKey(NamedTuple):
    """A count of records, by source and what was counted of it."""

    name: str
    source: str
    detail: str


@dataclass(slots=True)
class DossierRow:
    """A dossier as the ledger keeps it; `version` is the one this booking writes."""

    key: str
    version: int
    outcome: int
    cell: int | None
    due_ms: int | None
    events: bytes
    booked: bytes
    form: int = 0  # as found: see `monitor.ledger.forms`; a booking always writes both plain
    booked_form: int = 0


class Move(NamedTuple):
    """A partition's position before and after a booking."""

    epoch: int
    start: int  # the `next` that must stand in the ledger
    next: int  # the one that this booking writes
    last_hash: bytes  # of the record at next - 1
    last_ms: int = 0  # its timestamp; for the lag, not kept


@dataclass(slots=True, kw_only=True)
class Refusal:
    """A refused record on its way into quarantine."""

    partition: Partition
    offset: int
    source: str
    reason: str
    detail: str
    size: int
    hash: bytes
    sealed: bytes | None
    arrived: datetime
    form: int = 0  # of the sealed bytes


@dataclass(slots=True)
class Sent:
    """What sources have sent, uncounted: events as `agents.shelf` packs them."""

    events: bytes = b""  # each identity once; of a statement that replaces another, the new one
    replaced: bytes = b""  # the ones that no longer stand
    repeats: Mapping[tuple[str, int], int] = field(
        default_factory=dict
    )  # by source and hour of arrival
    # Heartbeats: source, arrival, interval, and how many events wait; and days claimed for.
    beats: Sequence[tuple[str, int, int, int | None]] = ()
    claimed: Sequence[tuple[str, int]] = ()


class Exemplar(NamedTuple):
    """One of those in a bucket of a histogram (`monitor.ledger.exemplars`)."""

    histogram: str
    name: str  # agency of level 1, or source
    part: str
    bin: int
    said: str  # key of a dossier, of which only the token is kept; id of a request
    value: float
    at_ms: int


@dataclass(slots=True)
class Unit:
    """All that the assigned partitions brought, booked in one transaction or not at all."""

    shard: int = 0
    epoch: int | None = 0  # of the policy under which it was posted; None: nothing in it was
    moves: dict[Partition, Move] = field(default_factory=dict)
    dossiers: list[DossierRow] = field(default_factory=list)
    journal: Journal = field(default_factory=dict)
    totals: dict[TotalKey, tuple[int, int]] = field(default_factory=dict)  # credit, debit
    references: dict[Reference, int] = field(default_factory=dict)  # dossiers more or less
    tallies: dict[TallyKey, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    sent: Sent = field(default_factory=Sent)
    exemplars: list[Exemplar] = field(default_factory=list)
