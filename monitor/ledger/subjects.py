"""Whose rows the table `dossier` holds: dossiers under their keys, petitions under keys of their own.

Whatever posts entries is a row there: what is booked, recomputed and reconciled is so for all of
them by the same statements. A petition's key begins as no dossier's can: in the scope of a
dossier's key every % is written %25 (`monitor.domain.codes.dossier_key`).
"""

from typing import Final

from monitor.domain.petition import PetitionView
from monitor.ledger.unit import TRIAL_OUTCOMES

_PETITION: Final = "%petition|"

# Where a petition stands, beside the outcomes of dossiers: nothing that asks for these meets one.
PETITION_OPEN: Final = 10
PETITION_SETTLED: Final = 11


def petition_key(petition: str) -> str:
    """The key of a petition's row, by its code as events have it."""
    return _PETITION + petition


def is_petition(key: str) -> bool:
    """Whether a row is a petition's."""
    return key.startswith(_PETITION)


def petition_of(key: str) -> str:
    """The petition whose row has this key."""
    return key.removeprefix(_PETITION)


def petition_outcome(view: PetitionView) -> int:
    """Where a petition stands, as its row says it."""
    number = PETITION_OPEN if view.settled_ms is None else PETITION_SETTLED
    return TRIAL_OUTCOMES + number if view.trial else number
