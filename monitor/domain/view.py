"""What is known of one dossier once its events are folded."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.event import State
from monitor.domain.lifecycle import HOLDERS, PAUSING, RUNNING, Holder
from monitor.domain.warning import Noted


class Cell(NamedTuple):
    """The dimensions of a dossier that numbers can be broken down by."""

    agency: str  # normalised code, all levels
    unit: str  # "" = the agency itself
    procedure: str
    channel: int  # a `Channel`
    sub_channel: str  # the source's own name of the channel
    level: int  # a `Level`
    step: str = ""  # of what is measured by step
    holder: int = 0  # a `Holder`, of what is measured by holder
    source: str = ""  # of what is a measure of the source


class Place(NamedTuple):
    """Where a dossier is."""

    agency: str
    unit: str  # "" = the agency itself


class Move(NamedTuple):
    """A state that counts: undone and shut-out ones are none."""

    at_ms: int
    state: int
    place: Place
    step: str
    source: str


class Stint(NamedTuple):
    """From when on somebody holds an open dossier, and whether it is paused there."""

    from_ms: int
    agency: str
    unit: str
    paused: bool


class Due(NamedTuple):
    """A due date that a source sent, and when it was made."""

    made_ms: int
    due_ms: int
    put_off: bool = False  # a rescheduling, which is never the first due date


@dataclass(slots=True)
class Supplement:
    """A request for more papers; it ends with the papers, or without."""

    asked_ms: int
    place: Place
    ended_ms: int | None = None
    completed: bool = False  # ended by the papers, so that its time is taken off
    after_end: bool = False  # asked for after a 9, and so no request unless that is recalled


class Rescheduling(NamedTuple):
    """A due date put off."""

    at_ms: int
    due_ms: int
    apology: bool | None
    source: str


class Acknowledgement(NamedTuple):
    """Another system's answer to a synchronisation."""

    at_ms: int
    sent_ms: int | None
    target: str
    code: int


class Outcome(StrEnum):
    """Where a dossier stands (MEASURES.md §4)."""

    NONE = "none"  # nothing but states that change nothing
    WAITING_ACCEPTANCE = "waiting_acceptance"
    WITHDRAWN_UNACCEPTED = "withdrawn_unaccepted"
    REFUSED = "refused"
    IN_PROCESS = "in_process"
    PAUSED = "paused"
    COMPLETED = "completed"
    RETURNED = "returned"


NOWHERE = Place("", "")


# One object per dossier that `advance` moves on in place: a frozen copy per event would cost
# more than the fold. Nobody but `fold` and `advance` writes to it.
@dataclass(slots=True)
class View:
    """The life of a dossier so far. Instants are milliseconds UTC; None: has not happened."""

    source: str = ""  # whose statements have counted so far; only `fold` mixes several
    mixed: bool = False  # only `fold` can go on: several sources, voids, amendments or a trial
    trial: bool = False  # all that was heard comes from sources on trial
    uncertain_ms: int | None = None  # from when on nobody knows how long anything took
    last_ms: int = -1  # order of the last event, counted or not
    last_key: tuple[int, int, str, str] = (-1, -1, "", "")

    submitted_ms: int | None = None
    submitted_to: Place = NOWHERE
    accepted_ms: int | None = None
    accepted_by: int = 0  # the state that accepted it
    opened_at: int = 0  # which of the moves that is: earlier ones were before acceptance
    boarded_ms: int | None = None  # when a snapshot brought it in: never received
    waiting: bool = False  # 1, or 5 without a receipt date, came before acceptance
    processed_ms: int | None = None  # the first 9 after the last running state
    standing: int = 0  # the 3, 7 or 10 that holds, else 0
    standing_ms: int = 0
    end_told_ms: int | None = None  # when the last 3, 7, 9 or 10 arrived; None for history

    receiver: Place = NOWHERE
    settler: Place = NOWHERE  # of the processed 9, else of the standing state
    procedure: str = ""
    channel: int = 0
    sub_channel: str = ""
    level: int = 0
    applicant_type: int = 0
    identity_attached: bool | None = None
    applicant_key: str = ""  # the keyed hash that sources send; "": unsaid
    told: int = 0  # fees, results, papers, answers, rating: the `Trait`s that no state tells
    rated_ms: int | None = None  # when the last rating was given
    rating: int = 0  # and what it was, of 5; 0: none

    moves: list[Move] = field(default_factory=list)
    dues: list[Due] = field(default_factory=list)
    supplements: list[Supplement] = field(default_factory=list)
    reschedulings: list[Rescheduling] = field(default_factory=list)
    acknowledgements: list[Acknowledgement] = field(default_factory=list)
    earlier_pauses_ms: int = 0  # supplements before a snapshot
    earlier_supplements: int = 0
    warnings: list[Noted] = field(default_factory=list)

    @property
    def running(self) -> Move | None:
        """The last of the states 2, 4, 5, 6 and 8."""
        for move in reversed(self.moves[self.opened_at :]):
            if move.state in RUNNING:
                return move
        return None

    @property
    def outcome(self) -> Outcome:
        """Where the dossier stands, by the rules of MEASURES.md §3 and §4."""
        if self.accepted_ms is None:
            match self.standing:
                case State.REFUSED:
                    return Outcome.REFUSED
                case State.WITHDRAWN:
                    return Outcome.WITHDRAWN_UNACCEPTED
                case _:
                    return Outcome.WAITING_ACCEPTANCE if self.waiting else Outcome.NONE
        if self.completed:
            return Outcome.COMPLETED
        if self.standing:
            return Outcome.RETURNED
        running = self.running
        paused = running is not None and running.state in PAUSING
        return Outcome.PAUSED if paused else Outcome.IN_PROCESS

    @property
    def completed(self) -> bool:
        """Whether an accepted dossier's outcome is `COMPLETED`."""
        return self.processed_ms is not None or self.standing == _HANDED_OVER

    @property
    def began_ms(self) -> int | None:
        """From when on the dossier counts as open: acceptance, or the snapshot."""
        return self.accepted_ms if self.boarded_ms is None else self.boarded_ms

    @property
    def end_ms(self) -> int | None:
        """End: the standing 9, else 10, else 7 or 3 after acceptance; never before receipt."""
        if self.accepted_ms is None:
            return None
        if self.processed_ms is not None:
            return max(self.processed_ms, self.accepted_ms)
        if self.standing:
            return max(self.standing_ms, self.accepted_ms)
        return None

    @property
    def stints(self) -> list[Stint]:
        """Who held the dossier from acceptance (or the snapshot) on: a new one begins where
        holder or pause changes."""
        began_ms = self.began_ms
        if began_ms is None:
            return []
        # From the receipt date on, it is where the accepting state found it.
        place, paused = self.receiver, self.accepted_by in PAUSING
        stints = [Stint(began_ms, place.agency, place.unit, paused)]
        for move in self.moves[self.opened_at :]:
            state = move.state
            if state not in RUNNING:
                continue
            if paused != (state in PAUSING) or place != move.place:
                place, paused = move.place, state in PAUSING
                at_ms = max(move.at_ms, began_ms)
                stints.append(Stint(at_ms, place.agency, place.unit, paused))
        return stints

    def uncertain(self, at_ms: int) -> bool:
        """Whether nobody knows any more at an instant how long the dossier has taken."""
        return self.uncertain_ms is not None and self.uncertain_ms <= at_ms

    def due_at(self, at_ms: int | None) -> int | None:
        """The last due date that a source had made by an instant; the last of all for None."""
        for made in reversed(self.dues):
            if at_ms is None or made.made_ms <= at_ms:
                return made.due_ms
        return None

    def first_due_at(self, at_ms: int | None) -> int | None:
        """The first due date made by an instant that puts off no other; None: of all."""
        for made in self.dues:
            if not made.put_off and (at_ms is None or made.made_ms <= at_ms):
                return made.due_ms
        return None

    @property
    def due_ms(self) -> int | None:
        """The last due date sent, of an ended dossier the last one made at or before the end."""
        return self.due_at(self.end_ms)

    @property
    def holder(self) -> Place:
        """Agency and unit that hold the dossier or settled it; before acceptance, received."""
        if self.accepted_ms is None:
            return self.settler if self.standing else self.receiver
        if self.processed_ms is not None or self.standing:
            return self.settler
        running = self.running
        return self.receiver if running is None else running.place

    def cell(self, place: Place) -> Cell:
        """The dimensions of this dossier, seen from an agency and unit."""
        return Cell(
            place.agency, place.unit, self.procedure, self.channel, self.sub_channel, self.level
        )

    def holder_of(self, move: Move) -> Holder:
        """Whose time it is from a move on (by state, and by agency for a consulted body)."""
        return whose_time(
            move.state, move.place.agency, self.receiver.agency, self.holder.agency
        )


_HOLDERS: Final = tuple(HOLDERS.get(state, Holder.NOBODY) for state in State)
_HANDED_OVER: Final = int(State.HANDED_OVER)
_IN_PROCESS: Final = int(State.IN_PROCESS)


def whose_time(state: int, agency: str, receiving: str, settling: str) -> Holder:
    """Whose time a dossier's is in a state at an agency, by who received and who settles it."""
    if state == _IN_PROCESS and agency not in (receiving, settling):
        return Holder.CONSULTED_BODY
    return _HOLDERS[state]
