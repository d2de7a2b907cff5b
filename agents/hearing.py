"""What the open unit has heard: records to events, and events to their dossiers. Compiled.

Both go in runs, so that whoever calls can give the loop back between them.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from agents.batch import Record
from agents.shelf import Dossier
from monitor.domain.fold import effective_ms
from monitor.domain.identity import Repeat
from monitor.ledger.unit import BookingClass
from schemas.event import Canonical
from schemas.refusal import Refused

RUN: Final = 256  # records, some milliseconds

# What was said of each dossier: events and their records in turns, in the order of the log.
Told = dict[str, list[Any]]
# An event that could not be heard, its record, and what was raised.
Failure = tuple[Canonical, Record, Exception]

LIVE: Final = int(BookingClass.LIVE)
LATE: Final = int(BookingClass.LATE)
BACKFILL: Final = int(BookingClass.BACKFILL)
_DUPLICATE: Final = Repeat.DUPLICATE
_EARLIER: Final = Repeat.EARLIER


class Hearing:
    """Counts of one unit, and which dossiers it has touched."""

    def __init__(self) -> None:
        self.touched: dict[str, int] = {}  # by key the class of the booking
        self.counted: dict[str, int] = {}  # by source
        self.restated: dict[str, int] = {}  # of those: other content, known identity
        self.duplicates: dict[str, int] = {}

    def hear(
        self, dossier: Dossier, said: list[Any], late_before_ms: int
    ) -> list[Failure] | None:
        """Take in what was said of a dossier. What fails leaves the dossier as it was before."""
        failures: list[Failure] | None = None
        touched: int = self.touched.get(dossier.key, -1)
        before = touched
        for place in range(0, len(said), 2):
            event = said[place]
            known = dossier.events
            try:
                found = dossier.hear(event)
            except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
                dossier.restore(known)
                if failures is None:
                    failures = []
                failures.append((event, said[place + 1], error))
                continue
            source: str = event.source
            if found is None:
                self.counted[source] = self.counted.get(source, 0) + 1
            elif found is _DUPLICATE:
                self.duplicates[source] = self.duplicates.get(source, 0) + 1
                continue
            elif found is _EARLIER:
                self.duplicates[source] = self.duplicates.get(source, 0) + 1
            else:
                self.counted[source] = self.counted.get(source, 0) + 1
                self.restated[source] = self.restated.get(source, 0) + 1
            if event.backfill:
                touched = BACKFILL
            elif touched < LATE:
                touched = LATE if effective_ms(event) < late_before_ms else max(touched, LIVE)
        if touched != before:
            self.touched[dossier.key] = touched
        return failures


def tell(
    told: Told, records: Sequence[Record], decode: Callable[..., Any]
) -> list[tuple[Refused | Exception, Record]] | None:
    """Decode a run of records and put what they say to that of others; what could not be read.

    A dossier's parts are then fetched from memory once a batch, not once an event.
    """
    refused: list[tuple[Refused | Exception, Record]] | None = None
    for record in records:
        try:
            event = decode(
                record.value, headers=record.headers, record_time_ms=record.timestamp
            )
        except Exception as error:  # noqa: BLE001 - a fault of ours in one record must not stop the rest
            if refused is None:
                refused = []
            refused.append((error, record))
            continue
        if isinstance(event, Refused):
            if refused is None:
                refused = []
            refused.append((event, record))
            continue
        key: str = event.dossier
        said = told.get(key)
        if said is None:
            told[key] = [event, record]
        else:
            said.append(event)
            said.append(record)
    return refused
