"""Dossiers at hand: the open ones that events come for, with what they have booked so far."""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from monitor.domain.fold import REPEAT_MS, advance, fold
from monitor.domain.identity import Repeat, content_hash, repeat, settled
from monitor.domain.view import View
from monitor.ledger.unit import DossierRow, outcome_number
from schemas.event import Canonical
from schemas.packed import pack_events, unpack_events

_ENCODE: Final = msgspec.msgpack.Encoder().encode
_LENGTH: Final = struct.Struct("<I")
_PACK_LENGTH: Final = _LENGTH.pack
_MARK: Final = struct.Struct("<I")
_PACK_MARK: Final = _MARK.pack
_MARK_BYTES: Final = _MARK.size  # of an identity

_Identity = tuple[str, str]  # source and id


class Spread:
    """The events of a dossier spread out, while it hears what only a fold can take in.

    However many are heard then, and in whatever order, they are unpacked, packed and folded once.
    """

    def __init__(self, packed: bytes) -> None:
        self.events = list(unpack_events(packed))
        self.known = len(self.events)  # so many are packed already
        self.rewritten = False  # one of those
        self.replaced: Canonical | None = None  # by what was heard last, if that REPLACES
        self._places: dict[_Identity, list[int]] = {}
        for place, event in enumerate(self.events):
            self._places.setdefault((event.source, event.id), []).append(place)
        # Of identities that were heard again: where each content is, and which of them stands.
        self._contents: dict[_Identity, dict[bytes, int]] = {}
        self._standing: dict[_Identity, Canonical] = {}

    @property
    def changed(self) -> bool:
        """Whether anything was heard that was not known."""
        return self.rewritten or len(self.events) > self.known

    def hear(self, event: Canonical) -> Repeat | None:
        """Take an event in. None: it is new; otherwise how it relates to what was known.

        Every content of an identity is kept, also one that is overruled: heard again it is a
        duplicate, and what a later rule makes of the set of all events must not hang on the
        order in which they came.
        """
        identity = (event.source, event.id)
        places = self._places.get(identity)
        if places is None:
            self._places[identity] = [len(self.events)]
            self.events.append(event)
            return None
        contents = self._contents.get(identity)
        if contents is None:
            said = [self.events[place] for place in places]
            contents = dict(zip(map(content_hash, said), places, strict=True))
            self._contents[identity] = contents
            [self._standing[identity]] = settled(said)
        stands = self._standing[identity]
        content = content_hash(event)
        place = contents.get(content)
        if place is None:
            found = repeat(stands, event)
            contents[content] = len(self.events)
            self.events.append(event)
            if found is Repeat.REPLACES:
                self.replaced = stands
                self._standing[identity] = event
            return found
        known = self.events[place]
        found = repeat(known, event)
        if found is Repeat.EARLIER:
            self.events[place] = event
            self.rewritten = True
            if stands is known:
                self._standing[identity] = event
        return found


@dataclass(slots=True)
class Dossier:
    """One dossier as this worker knows it. `marks` are 4 bytes per identity: where none
    matches, the identity is new; where one does, the events themselves are compared.
    `events` and `booked` stay packed, as in the ledger: many dossiers are at hand.

    An event that follows all others moves the view on. With any other the events are spread out,
    until `gather`; view, events and marks are meanwhile what they were.
    """

    key: str
    version: int = 0
    view: View = field(default_factory=View)
    events: bytes = b""
    marks: bytes = b""
    booked: bytes = b""
    portals: frozenset[str] = frozenset()  # of the policy: sources without authority
    repeat_ms: int = REPEAT_MS  # of the policy: how long what has no id may be a repeat
    spread: Spread | None = field(default=None, repr=False, compare=False)

    @classmethod
    def on_record(
        cls,
        row: DossierRow,
        portals: frozenset[str] = frozenset(),
        repeat_ms: int = REPEAT_MS,
    ) -> "Dossier":
        """A dossier as the ledger has it; its view is folded afresh."""
        dossier = cls(
            row.key, row.version, booked=row.booked, portals=portals, repeat_ms=repeat_ms
        )
        dossier.restore(row.events)
        return dossier

    def hear(self, event: Canonical) -> Repeat | None:
        """Take an event in. None: it is new; otherwise how it relates to what was known."""
        spread = self.spread
        if spread is None:
            mark = _mark(event)
            marks = self.marks
            if not (mark in marks and _holds(marks, mark)) and advance(self.view, event):
                packed = _ENCODE(event)
                self.events = b"".join((self.events, _PACK_LENGTH(len(packed)), packed))
                self.marks = marks + mark
                return None
            spread = self.spread_out()
        return spread.hear(event)

    def spread_out(self) -> Spread:
        """Hear what comes with the events spread out; `gather` or `restore` ends it."""
        if self.spread is None:
            self.spread = Spread(self.events)
        return self.spread

    def gather(self) -> None:
        """Fold and pack what was heard with the events spread out. If it fails, they stay so."""
        spread = self.spread
        if spread is not None and spread.changed:
            view = self._folded(spread.events)
            further = spread.events[spread.known :]
            if spread.rewritten:
                self.events = pack_events(spread.events)
            else:
                self.events += pack_events(further)
            self.marks += b"".join(map(_mark, further))
            self.view = view
        self.spread = None

    def restore(self, events: bytes) -> None:
        """Be as with these events, whatever was heard since."""
        said = list(unpack_events(events))
        self.spread = None
        self.view = self._folded(said)
        self.events = events
        self.marks = b"".join(map(_mark, said))

    def next_row(self, cell: int) -> DossierRow:
        """Its row for a further booking; the cell is the holder's, as what is posted has it."""
        self.version += 1
        view = self.view
        return DossierRow(
            self.key,
            self.version,
            outcome_number(view),
            cell,
            view.due_ms,
            self.events,
            self.booked,
        )

    def _folded(self, events: Iterable[Canonical]) -> View:
        return fold(settled(events), self.portals, self.repeat_ms)


def _mark(event: Canonical) -> bytes:
    # Python's own hash, another in each process: marks are made anew wherever events are read.
    return _PACK_MARK(hash((event.id, event.source)) & 0xFFFF_FFFF)


def _holds(marks: bytes, mark: bytes) -> bool:
    at = marks.find(mark)
    while at >= 0:
        if at % _MARK_BYTES == 0:
            return True
        at = marks.find(mark, at + 1)
    return False
