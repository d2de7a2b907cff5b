"""Dossiers at hand: the open ones that events come for, with what they have booked so far."""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import msgspec

from monitor.domain.fold import REPEAT_MS, advance, fold
from monitor.domain.identity import Repeat, repeat, settled
from monitor.domain.view import View
from monitor.ledger.unit import DossierRow, outcome_number
from schemas.event import Canonical

_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(Canonical).decode
_LENGTH: Final = struct.Struct("<I")
_PACK_LENGTH: Final = _LENGTH.pack
_MARK: Final = struct.Struct("<I")
_PACK_MARK: Final = _MARK.pack
_MARK_BYTES: Final = _MARK.size  # of an identity


def pack_events(events: Iterable[Canonical]) -> bytes:
    """Events one after another, each behind its length; more can be appended."""
    parts = []
    for event in events:
        packed = _ENCODE(event)
        parts.append(_LENGTH.pack(len(packed)))
        parts.append(packed)
    return b"".join(parts)


def unpack_events(packed: bytes) -> Iterator[Canonical]:
    """The events that `pack_events` packed."""
    at = 0
    while at < len(packed):
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
        yield _DECODE(packed[at : at + length])
        at += length


@dataclass(slots=True)
class Dossier:
    """One dossier as this worker knows it. `marks` are 4 bytes per identity: where none
    matches, the identity is new; where one does, the events themselves are compared.
    `events` and `booked` stay packed, as in the ledger: many dossiers are at hand.
    """

    key: str
    version: int = 0
    view: View = field(default_factory=View)
    events: bytes = b""
    marks: bytes = b""
    booked: bytes = b""
    portals: frozenset[str] = frozenset()  # of the policy: sources without authority
    repeat_ms: int = REPEAT_MS  # of the policy: how long what has no id may be a repeat

    @classmethod
    def on_record(
        cls,
        row: DossierRow,
        portals: frozenset[str] = frozenset(),
        repeat_ms: int = REPEAT_MS,
    ) -> "Dossier":
        """A dossier as the ledger has it; its view is folded afresh."""
        dossier = cls(
            row.key,
            row.version,
            events=row.events,
            booked=row.booked,
            portals=portals,
            repeat_ms=repeat_ms,
        )
        dossier.refold(list(unpack_events(row.events)))
        return dossier

    def hear(self, event: Canonical) -> Repeat | None:
        """Take an event in. None: it is new; otherwise how it relates to what was known."""
        mark = _mark(event)
        marks = self.marks
        if mark in marks and _holds(marks, mark) and (found := self._hear_again(event)):
            return found
        packed = _ENCODE(event)
        self.events = b"".join((self.events, _PACK_LENGTH(len(packed)), packed))
        self.marks = marks + mark
        if not advance(self.view, event):
            self.refold(list(unpack_events(self.events)))
        return None

    def _hear_again(self, event: Canonical) -> Repeat | None:
        """A further statement of an identity; None if only its mark was known.

        Every content of an identity is kept, also one that is overruled: heard again it is a
        duplicate, and what a later rule makes of the set of all events must not hang on the
        order in which they came.
        """
        known = list(unpack_events(self.events))
        same = [e for e in known if e.id == event.id and e.source == event.source]
        if not same:
            return None
        for other in same:
            found = repeat(other, event)
            if found is Repeat.EARLIER:
                known[known.index(other)] = event
                self._become(known)
            if found in (Repeat.DUPLICATE, Repeat.EARLIER):
                return found
        [stands] = settled(same)
        self._become([*known, event])
        return repeat(stands, event)

    def _become(self, events: list[Canonical]) -> None:
        self.events = pack_events(events)
        self.refold(events)

    def restore(self, events: bytes) -> None:
        """Go back to these events, after a failure in the middle of hearing another."""
        self.events = events
        self.refold(list(unpack_events(events)))

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

    def refold(self, events: list[Canonical]) -> None:
        """Fold all events again: out of order, corrected, or another source spoke."""
        self.view = fold(settled(events), self.portals, self.repeat_ms)
        self.marks = b"".join(map(_mark, events))


def standing(packed: bytes, event: Canonical) -> Canonical:
    """Of the statements with an event's identity among packed ones, the one that stands."""
    same = [e for e in unpack_events(packed) if e.id == event.id and e.source == event.source]
    [stands] = settled(same)
    return stands


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
