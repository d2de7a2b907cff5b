"""The national states as data: which accept, run, pause, end, and which stand against the rest.

Rule 1: what the states mean stands here, as sets and orders. Rule 2: this file knows neither
events nor clocks. Source: DOMAIN.md §3.1 and MEASURES.md §3, §4; basis: practice.
"""

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

# A foreign source's state of these counts only if the authority sent nothing later.
CLOSING: Final = frozenset({State.REFUSED, State.WITHDRAWN, State.PROCESSED, State.HANDED_OVER})

# Order of states claimed for the same instant: 0 1 2 4 5 6 8 3 7 9 10.
RANK: Final[tuple[int, ...]] = (0, 1, 2, 7, 3, 4, 5, 8, 6, 9, 10)
