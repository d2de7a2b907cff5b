"""The job on which systems are compared: six events a dossier, many dossiers open at once.

63 agencies, some 359 bytes a record, 1 % delivered again, every dossier run to its end. Plainer than
`model`, so that what reads it does nearly all the work.
"""

from collections import deque
from collections.abc import Iterator
from random import Random
from typing import Any, Final

import orjson

from agents.generate.country import seeded
from agents.generate.model import DUPLICATE, Record
from agents.generate.office import local_time

EVENTS: Final = 6
AGENCIES: Final = 63
PROCEDURES: Final = 20  # an agency's, four a unit: some dossiers for every account
PARTITIONS: Final = 8
_START_MS: Final = 1_780_275_600_000  # 2026-06-01T08:00:00+07:00
_LIFE_MS: Final = 30_000_000  # between two events of a dossier, on the average
_OPEN: Final = 20_000
_HOUR_MS: Final = 3_600_000
_HOURS: Final = (8, 24, 48, 72, 120)
_WAYS: Final = ((1, 2, 4, 4, 9, 10), (1, 2, 4, 4, 9, 10), (1, 2, 4, 5, 4, 9))
_AGAIN: Final = 100  # one record of so many is delivered again,
_WITHIN: Final = 5_000  # at most so many records later


def job(dossiers: int, seed: int = 0) -> Iterator[Record]:
    """6 × `dossiers` records in the order of time and one in a hundred of them again, with equal bytes.

    Keyed by dossier code. The same for the same arguments on any machine.
    """
    rng = seeded(seed)
    again: deque[tuple[int, Record]] = deque()
    for place, record in enumerate(_events(rng, dossiers), start=1):
        yield record
        while again and again[0][0] <= place:
            yield again.popleft()[1]
        if rng.random() * _AGAIN < 1:
            # Never before one that was put off earlier: the queue stays in order.
            latest = again[-1][0] if again else place
            later = max(latest, place + int(rng.random() * _WITHIN))
            again.append((later, record._replace(kind=DUPLICATE)))
    for _, record in again:
        yield record


def _events(rng: Random, dossiers: int) -> Iterator[Record]:
    started = 0
    at_ms = _START_MS
    full = max(min(_OPEN, dossiers // 5), 1)
    every_ms = _LIFE_MS // full  # few dossiers live as long as many, and end as late
    waiting: list[_Dossier] = []
    while waiting or started < dossiers:
        at_ms += int(rng.random() * 2 * every_ms)
        # Until so many are open, every other event opens one; then one opens as one ends.
        room = len(waiting) < full and started < dossiers
        if room and (not waiting or rng.random() * 2 < 1):
            place = len(waiting)
            waiting.append(_Dossier(rng, started))
            started += 1
        else:
            place = int(rng.random() * len(waiting))
        dossier = waiting[place]
        yield dossier.next(at_ms)
        if dossier.taken == EVENTS:
            waiting[place] = waiting[-1]
            waiting.pop()


class _Dossier:
    __slots__ = ("content", "hours", "id", "key", "source", "states", "taken")

    def __init__(self, rng: Random, number: int) -> None:
        office = int(rng.random() * AGENCIES)
        agency = f"H{office + 1:02d}"
        procedure = int(rng.random() * PROCEDURES)
        self.key = f"{agency}-260601-{number:07d}"
        self.id = f"{number:x}"
        self.source = f"{agency}-onestop"
        self.states = _WAYS[int(rng.random() * len(_WAYS))]
        self.hours = _HOURS[int(rng.random() * len(_HOURS))]
        self.taken = 0
        self.content: dict[str, Any] = {
            "dossier": self.key,
            "procedure": f"1.{office * PROCEDURES + procedure:06d}",
            "agency": agency,
            "unit": f"U{procedure // 4:02d}",
            "state": 1,
            "channel": 1 + int(rng.random() * 3),
            "level": 3 + int(rng.random() * 2),
        }

    def next(self, at_ms: int) -> Record:
        content = self.content
        state = content["state"] = self.states[self.taken]
        if state == 2:
            content["receipt_date"] = local_time(at_ms)
            content["due_at"] = local_time(at_ms + self.hours * _HOUR_MS)
        content["sequence"] = self.taken
        self.taken += 1
        statement = {
            "specversion": "1.0",
            "id": f"{self.id}-{self.taken}",
            "source": self.source,
            "type": "dossier.state.v1",
            "time": local_time(at_ms),
            "datacontenttype": "application/json",
            "data": content,
        }
        return Record(self.key, orjson.dumps(statement), at_ms)
