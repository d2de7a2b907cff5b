"""How a subject of the ledger stands by its events: what it posts, and what its row says of it.

For whoever folds rows anew, whatever they are of: a recompute, a reconciliation, a question.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from monitor.domain import petition
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.policy import Policy
from monitor.domain.post import Entries, post
from monitor.domain.view import Cell
from monitor.ledger.subjects import is_petition, petition_outcome
from monitor.ledger.unit import outcome_number
from schemas.event import Petition
from schemas.packed import unpack_events, unpacked

_PETITION: Final = msgspec.msgpack.Decoder(Petition)


class Stand(NamedTuple):
    """What a subject posts under a policy, and the columns of its row."""

    entries: Entries
    outcome: int
    cell: Cell  # the holder's
    due_ms: int | None


def stand(key: str, events: bytes, policy: Policy) -> Stand:
    """How the subject of this key stands by its packed events."""
    if is_petition(key):
        return petition_stand(unpack_petition(events), policy)
    view = fold(settled(unpack_events(events)), policy.portals, policy.repeat_ms)
    return Stand(post(view, policy), outcome_number(view), view.cell(view.holder), view.due_ms)


def petition_stand(events: Iterable[Petition], policy: Policy) -> Stand:
    """How a petition stands by its events, of which there is at least one."""
    view = petition.fold(events)
    judged = petition.judge(view, policy)
    return Stand(
        petition.posted(view, judged, policy),
        petition_outcome(view),
        view.cell,
        judged.before_ms,
    )


def unpack_petition(packed: bytes) -> Iterator[Petition]:
    """A petition's events, which are packed as those of dossiers are."""
    return map(_PETITION.decode, unpacked(packed))
