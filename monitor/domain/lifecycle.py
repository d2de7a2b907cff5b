"""The life cycle as data: states, transitions, who holds a dossier, which state stops a clock.

Rule 1: what the states mean stands here, as tables. Rule 2: this file knows neither events nor
clocks. `docs/explanation/lifecycle.md` is the approved drawing that a test holds these tables
to. Source: DOMAIN.md §3.1 and MEASURES.md §3 to §5; basis practice, unless said otherwise.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from monitor.domain.event import State

# First of these accepts the dossier; SUPPLEMENT_REQUESTED does too when it has a receipt date.
ACCEPTING: Final = frozenset(
    {
        State.ACCEPTED,
        State.IN_PROCESS,
        State.PAYMENT_REQUESTED,
        State.STOPPED,
        State.PROCESSED,
        State.HANDED_OVER,
    }
)

# These wait for acceptance; SUPPLEMENT_REQUESTED only without a receipt date.
WAITING: Final = frozenset({State.SUBMITTED, State.SUPPLEMENT_REQUESTED})

# While the last of these stands, the dossier is with the office or waits for somebody; a 9
# before one of these has been recalled.
RUNNING: Final = frozenset(
    {
        State.ACCEPTED,
        State.IN_PROCESS,
        State.SUPPLEMENT_REQUESTED,
        State.PAYMENT_REQUESTED,
        State.STOPPED,
    }
)

# Of the running ones, those in which the dossier counts as paused.
PAUSING: Final = frozenset({State.SUPPLEMENT_REQUESTED, State.PAYMENT_REQUESTED, State.STOPPED})

# These hold until they are voided or an explicit `reopened`: what follows has no effect.
STANDING: Final = frozenset({State.REFUSED, State.WITHDRAWN, State.HANDED_OVER})

# A foreign source's state of these counts only if the authority sent nothing later; `reopened`
# undoes them.
CLOSING: Final = frozenset({State.REFUSED, State.WITHDRAWN, State.PROCESSED, State.HANDED_OVER})

# These complete a supplement request that no `supplement.received` has completed.
COMPLETING: Final = frozenset({State.ACCEPTED, State.IN_PROCESS})

# Order of states claimed for the same instant: 0 1 2 4 5 6 8 3 7 9 10, then no states.
RANK: Final[tuple[int, ...]] = (0, 1, 2, 7, 3, 4, 5, 8, 6, 9, 10)
NO_STATE_RANK: Final = 11

# What may follow what; None is the beginning. Not an official table: another transition is
# followed, with a warning about its source. 0 is no step of the life cycle.
TRANSITIONS: Final[Mapping[State | None, frozenset[State]]] = MappingProxyType(
    {
        None: frozenset({State.SUBMITTED, State.ACCEPTED}),
        State.SUBMITTED: frozenset(
            {State.ACCEPTED, State.REFUSED, State.SUPPLEMENT_REQUESTED, State.WITHDRAWN}
        ),
        State.ACCEPTED: frozenset(
            {State.IN_PROCESS, State.SUPPLEMENT_REQUESTED, State.WITHDRAWN, State.STOPPED}
        ),
        State.IN_PROCESS: frozenset(
            {
                State.IN_PROCESS,  # the next step
                State.SUPPLEMENT_REQUESTED,
                State.PAYMENT_REQUESTED,
                State.WITHDRAWN,
                State.STOPPED,
                State.PROCESSED,
            }
        ),
        State.SUPPLEMENT_REQUESTED: frozenset(
            {
                State.SUBMITTED,
                State.ACCEPTED,
                State.IN_PROCESS,
                State.REFUSED,
                State.STOPPED,
            }
        ),
        State.PAYMENT_REQUESTED: frozenset({State.IN_PROCESS, State.STOPPED, State.PROCESSED}),
        State.STOPPED: frozenset({State.IN_PROCESS, State.REFUSED}),
        State.PROCESSED: frozenset({State.HANDED_OVER, State.IN_PROCESS}),  # 4: recalled
        State.REFUSED: frozenset(),
        State.WITHDRAWN: frozenset(),
        State.HANDED_OVER: frozenset(),
    }
)


class Holder(IntEnum):
    """Who has the dossier: whose time it is. Numbers are kept in the ledger."""

    NOBODY = 0
    RECEIVING_DESK = 1
    SETTLING_UNIT = 2
    CONSULTED_BODY = 3
    CITIZEN = 4
    CASHIER = 5


# Who holds a dossier in a state. A consulted body is no state: it is a 4 at an agency that
# neither received the dossier nor settles it.
HOLDERS: Final[Mapping[State, Holder]] = MappingProxyType(
    {
        State.SUBMITTED: Holder.RECEIVING_DESK,
        State.ACCEPTED: Holder.RECEIVING_DESK,
        State.IN_PROCESS: Holder.SETTLING_UNIT,
        State.SUPPLEMENT_REQUESTED: Holder.CITIZEN,
        State.PAYMENT_REQUESTED: Holder.CASHIER,
        State.STOPPED: Holder.SETTLING_UNIT,
        State.PROCESSED: Holder.RECEIVING_DESK,  # the result waits to be handed over
    }
)


class RuleName(StrEnum):
    """The verdicts on time (MEASURES.md §5)."""

    PLAIN = "on_time"
    R766 = "on_time_766"
    R06B = "on_time_06b"
    FIRST_DUE = "on_time_first_due"


# Which state stops which rule's clock. Supplements do in all, 6 and 8 by practice only; the
# plain rule knows no working time and stops for nothing.
STOPS: Final[Mapping[RuleName, frozenset[State]]] = MappingProxyType(
    {
        RuleName.PLAIN: frozenset(),
        RuleName.R766: frozenset({State.SUPPLEMENT_REQUESTED}),
        RuleName.R06B: PAUSING,
        RuleName.FIRST_DUE: frozenset({State.SUPPLEMENT_REQUESTED}),
    }
)
