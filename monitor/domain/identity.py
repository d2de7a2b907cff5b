"""Which of several statements with one identity stands (MEASURES.md §1).

Identity is (source, id) within the dossier. Equal content is a duplicate; of other contents the
higher revision stands, then the later claimed time, then the greater hash of the content. Of
equal copies the earliest arrival is kept, and one that is no trial before one that is.
"""

import hashlib
import json
from collections.abc import Iterable
from enum import Enum
from typing import Final, TypeVar

from monitor.domain.event import Event, Kind, Stamp

E = TypeVar("E", bound=Event)


class Repeat(Enum):
    """What a further statement with a known identity does."""

    DUPLICATE = "duplicate"  # equal content, not earlier: nothing changes
    EARLIER = "earlier"  # equal content, but it arrived earlier, or is no trial: it is kept
    REPLACES = "replaces"  # other content, and it stands
    OVERRULED = "overruled"  # other content, and the known one stands


_NOT_CONTENT: Final = frozenset({"dossier", "source", "id", "arrival_ms", "trial", "stamped"})


def content(event: Event) -> dict[str, object]:
    """All that a statement says: everything but its identity, its arrival, and whether its
    source is on trial. Where the edge stamped the time, that is an arrival too.
    """
    said: dict[str, object] = {
        name: getattr(event, name)
        for name in event.__struct_fields__
        if name not in _NOT_CONTENT
    }
    if event.kind is not Kind.STATE:
        said["kind"] = event.kind
    if event.stamped:
        said["stamped"] = event.stamped
        if event.stamped & Stamp.TIME:
            del said["claimed_ms"]
    return said


def content_hash(event: Event) -> bytes:
    """SHA-256 of the content as canonical JSON: keys sorted, no spaces, UTF-8."""
    text = json.dumps(content(event), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def repeat(known: Event, further: Event) -> Repeat:
    """How a further statement relates to the known one of the same identity."""
    if content(known) == content(further):
        earlier = (further.trial, further.arrival_ms) < (known.trial, known.arrival_ms)
        return Repeat.EARLIER if earlier else Repeat.DUPLICATE
    if _weight(further) > _weight(known):
        return Repeat.REPLACES
    return Repeat.OVERRULED


def settled(events: Iterable[E]) -> list[E]:
    """Of each identity the statement that stands, with the earliest arrival of equal ones."""
    stands: dict[tuple[str, str], E] = {}
    for event in events:
        identity = (event.source, event.id)
        known = stands.get(identity)
        if known is None or repeat(known, event) in (Repeat.EARLIER, Repeat.REPLACES):
            stands[identity] = event
    return list(stands.values())


def _weight(event: Event) -> tuple[int, int, bytes]:
    claimed_ms = 0 if event.stamped & Stamp.TIME else event.claimed_ms
    return event.revision, claimed_ms, content_hash(event)
