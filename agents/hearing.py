"""What the open unit has heard: records become events, and dossiers take them in. Compiled.

In runs of some dossiers, so that whoever calls can give the loop back between them.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from agents.batch import Record
from agents.shelf import Dossier
from monitor.domain.fold import effective_ms
from monitor.domain.identity import Repeat
from monitor.ledger.unit import BookingClass, Sent
from schemas.event import Canonical
from schemas.packed import pack_events
from schemas.refusal import Refused

# Records by the dossier that their key names, each in the order of the log. The key only says
# where to look: an event of another dossier than that is a stray.
Heap = dict[str, list[Record]]
Stray = tuple[Canonical, Record]
# A record that is refused, or what was raised over it; and the event, if it was one.
Failure = tuple[Record, Refused | Exception, Canonical | None]

LIVE: Final = int(BookingClass.LIVE)
LATE: Final = int(BookingClass.LATE)
BACKFILL: Final = int(BookingClass.BACKFILL)
_DUPLICATE: Final = Repeat.DUPLICATE
_EARLIER: Final = Repeat.EARLIER
_REPLACES: Final = Repeat.REPLACES
HOUR_MS: Final = 3_600_000
MANY: Final = 64  # events of one dossier at once: it is not packed anew with each of them


def heap(records: Sequence[Record], begin: int) -> Heap:
    """The records from an offset on.

    A dossier's parts are then fetched from memory once a batch, not once an event; and an event
    lives no longer than it is heard.
    """
    by_key: dict[bytes | None, list[Record]] = {}
    for record in records:
        if record.offset < begin:
            continue
        key = record.key
        of_key = by_key.get(key)
        if of_key is None:
            by_key[key] = [record]
        else:
            of_key.append(record)
    heaped: Heap = {}
    for key, found in by_key.items():
        text = "" if key is None else str(key, "utf-8", "replace")
        if text in heaped:  # what is not UTF-8 may look like another that is not
            heaped[text] += found
        else:
            heaped[text] = found
    return heaped


class Hearing:
    """Counts of one unit, and which dossiers it has touched."""

    def __init__(self, decode: Callable[..., Any]) -> None:
        self.touched: dict[str, int] = {}  # by key the class of the booking
        self.counted: dict[str, int] = {}  # by source
        self.restated: dict[str, int] = {}  # of those: other content, known identity
        self.duplicates: dict[str, int] = {}
        # What sources have sent, for the health of their connections: only put by here, counted
        # by whoever keeps that (agents/keeper.py).
        self.sent: list[bytes] = []
        self.replaced: list[bytes] = []
        self.repeats: dict[tuple[str, int], int] = {}  # by source and hour of arrival
        self._decode = decode
        # What the dossier in work took in while its events are spread out: what became of it, and
        # what it replaced.
        self._put_off: list[tuple[Canonical, Record, Repeat | None, Canonical | None]] = []

    def put_by(self) -> Sent:
        """What the unit books of what sources have sent."""
        return Sent(b"".join(self.sent), b"".join(self.replaced), self.repeats)

    def hear(
        self,
        shelf: "OrderedDict[str, Dossier]",
        heaped: Heap,
        keys: Iterable[str],
        late_before_ms: int,
        strays: list[Stray],
        failures: list[Failure],
    ) -> None:
        """Decode what lies at these keys, and have the dossiers on the shelf take it in.

        What is said of others is added to `strays`, what fails to `failures`.
        """
        decode = self._decode
        for key in keys:
            dossier = shelf.get(key)
            if dossier is not None:
                shelf.move_to_end(key)
                if len(heaped[key]) > MANY:
                    dossier.spread_out()
            for record in heaped[key]:
                try:
                    event = decode(
                        record.value, headers=record.headers, record_time_ms=record.timestamp
                    )
                except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                    failures.append((record, error, None))
                    continue
                if isinstance(event, Refused):
                    failures.append((record, event, None))
                elif dossier is None or event.dossier != key:
                    strays.append((event, record))
                else:
                    self._take(dossier, event, record, late_before_ms, failures)
            if dossier is not None:
                self._gather(dossier, late_before_ms, failures)

    def take_all(
        self,
        dossier: Dossier,
        said: Sequence[Stray],
        late_before_ms: int,
        failures: list[Failure],
    ) -> None:
        """Have a dossier take events in. What fails of them leaves it as it was before."""
        if len(said) > MANY:
            dossier.spread_out()
        for event, record in said:
            self._take(dossier, event, record, late_before_ms, failures)
        self._gather(dossier, late_before_ms, failures)

    def _take(
        self,
        dossier: Dossier,
        event: Any,
        record: Record,
        late_before_ms: int,
        failures: list[Failure],
    ) -> None:
        """Have a dossier take an event in; what it did is noted now, or when all is gathered."""
        known = dossier.events
        try:
            found = dossier.hear(event)
        except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
            if dossier.spread is None:
                dossier.restore(known)
            failures.append((record, error, event))
            return
        spread = dossier.spread
        if spread is None:
            self._note(dossier, event, None, dossier.events[len(known) :], b"", late_before_ms)
        else:
            replaced = spread.replaced if found is _REPLACES else None
            self._put_off.append((event, record, found, replaced))

    def _gather(self, dossier: Dossier, late_before_ms: int, failures: list[Failure]) -> None:
        """Have a dossier fold what it took in with its events spread out.

        If that fails, half of it is tried, and the other half, down to the one that is at fault.
        """
        if dossier.spread is None:
            return
        put_off, self._put_off = self._put_off, []
        try:
            dossier.gather()
        except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
            dossier.spread = None
            if len(put_off) == 1:
                event, record, _, _ = put_off[0]
                failures.append((record, error, event))
                return
            said = [(event, record) for event, record, _, _ in put_off]
            half = len(said) // 2
            self.take_all(dossier, said[:half], late_before_ms, failures)
            self.take_all(dossier, said[half:], late_before_ms, failures)
            return
        for event, _, found, replaced in put_off:
            sends = found is None or found is _REPLACES
            self._note(
                dossier,
                event,
                found,
                pack_events([event]) if sends else b"",
                b"" if replaced is None else pack_events([replaced]),
                late_before_ms,
            )

    def _note(
        self,
        dossier: Dossier,
        event: Any,
        found: Repeat | None,
        sent: bytes,
        replaced: bytes,
        late_before_ms: int,
    ) -> None:
        """Count an event that a dossier has taken in."""
        source: str = event.source
        if found is _DUPLICATE:
            self._repeated(source, event)
            return
        if found is _EARLIER:
            self._repeated(source, event)
        else:
            self.counted[source] = self.counted.get(source, 0) + 1
            if found is not None:
                self.restated[source] = self.restated.get(source, 0) + 1
            if sent:
                self.sent.append(sent)
            if replaced:
                self.replaced.append(replaced)
        if event.backfill:
            booking_class = BACKFILL
        elif effective_ms(event) < late_before_ms:
            booking_class = LATE
        else:
            booking_class = LIVE
        if self.touched.get(dossier.key, -1) < booking_class:
            self.touched[dossier.key] = booking_class

    def _repeated(self, source: str, event: Any) -> None:
        self.duplicates[source] = self.duplicates.get(source, 0) + 1
        hour = (source, event.arrival_ms // HOUR_MS)
        self.repeats[hour] = self.repeats.get(hour, 0) + 1
