"""What is known of one dossier once its events are folded."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Cell(NamedTuple):
    """The dimensions of a dossier that numbers can be broken down by."""

    agency: str  # normalised code, all levels
    unit: str  # "" = the agency itself
    procedure: str
    channel: int  # a `Channel`
    sub_channel: str  # the source's own name of the channel
    level: int  # a `Level`


class Stint(NamedTuple):
    """From when on somebody holds the dossier, and whether it is paused there."""

    from_ms: int
    agency: str
    unit: str
    paused: bool


class Due(NamedTuple):
    """A due date and when it was made. One made after the end decides nothing."""

    made_ms: int
    due_ms: int


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


# One object per dossier that `advance` moves on in place: a frozen copy per event would cost
# more than the fold. Nobody but `fold` and `advance` writes to it.
@dataclass(slots=True)
class View:
    """The life of a dossier so far. Instants are milliseconds UTC; None: has not happened."""

    source: str = ""  # whose statements have counted so far; only `fold` mixes several
    mixed: bool = False  # several sources, so that only `fold` can go on
    last_ms: int = -1  # order of the last event, counted or not
    last_key: tuple[int, int, str, str] = (-1, -1, "", "")

    submitted_ms: int | None = None
    accepted_ms: int | None = None
    waiting: bool = False  # 1, or 5 without a receipt date, came before acceptance
    processed_ms: int | None = None  # the first 9 after the last running state
    standing: int = 0  # the 3, 7 or 10 that holds, else 0
    standing_ms: int = 0

    submitted_to: tuple[str, str] = ("", "")  # agency and unit, as all places
    receiver: tuple[str, str] = ("", "")
    settler: tuple[str, str] = ("", "")  # of the processed 9, else of the standing state
    procedure: str = ""
    channel: int = 0
    sub_channel: str = ""
    level: int = 0

    stints: list[Stint] = field(default_factory=list)  # from acceptance on
    dues: list[Due] = field(default_factory=list)
    shut_out: int = 0  # states that came after a standing one

    @property
    def outcome(self) -> Outcome:
        """Where the dossier stands, by the rules of MEASURES.md §3 and §4."""
        if self.accepted_ms is None:
            match self.standing:
                case 3:
                    return Outcome.REFUSED
                case 7:
                    return Outcome.WITHDRAWN_UNACCEPTED
                case _:
                    return Outcome.WAITING_ACCEPTANCE if self.waiting else Outcome.NONE
        if self.processed_ms is not None or self.standing == 10:
            return Outcome.COMPLETED
        if self.standing:
            return Outcome.RETURNED
        return Outcome.PAUSED if self.stints[-1].paused else Outcome.IN_PROCESS

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
    def due_ms(self) -> int | None:
        """The last due date made at or before the end; the last one while there is no end."""
        end = self.end_ms
        if end is None:
            return self.dues[-1].due_ms if self.dues else None
        for due in reversed(self.dues):
            if due.made_ms <= end:
                return due.due_ms
        return None

    @property
    def holder(self) -> tuple[str, str]:
        """Agency and unit that hold the dossier or settled it; before acceptance, received."""
        if self.end_ms is not None:
            return self.settler
        if self.stints:
            return self.stints[-1].agency, self.stints[-1].unit
        return self.receiver

    def cell(self, place: tuple[str, str]) -> Cell:
        """The dimensions of this dossier, seen from an agency and unit."""
        return Cell(*place, self.procedure, self.channel, self.sub_channel, self.level)
