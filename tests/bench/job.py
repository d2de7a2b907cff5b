"""The records that every contestant reads, and what they must come to.

Counted here a second time, as plainly as the job allows: every dossier of it is accepted by its
first state 2, ends in order, and is told again only with equal bytes.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from random import Random
from typing import Any, Final

import orjson

from agents.demo.feed import Given
from agents.generate.peers import job
from monitor.domain.measures import Measure

LATE_BY: Final = 20_000  # about as many dossiers are open at once

# Measure, agency, channel, level.
Group = tuple[int, str, int, int]


@dataclass(slots=True)
class Expected:
    """What the ledger must hold when the last record is booked."""

    records: int = 0
    size: int = 0  # of all values, in bytes
    duplicates: int = 0
    by_group: Counter[Group] = field(default_factory=Counter)
    _told: set[str] = field(default_factory=set)
    _due: dict[str, str] = field(default_factory=dict)

    def add(self, value: bytes) -> None:
        self.records += 1
        self.size += len(value)
        event = orjson.loads(value)
        if event["id"] in self._told:  # ids of this job are one dossier's, over all sources
            self.duplicates += 1
            return
        self._told.add(event["id"])
        for measure in self._measures(event["time"], event["data"]):
            said = event["data"]
            self.by_group[measure, said["agency"], said["channel"], said["level"]] += 1

    def _measures(self, time: str, said: dict[str, Any]) -> Iterator[int]:
        if "due_at" in said:
            self._due[said["dossier"]] = said["due_at"]
        match said["state"]:
            case 1:
                yield Measure.SUBMITTED
            case 2:
                yield Measure.ACCEPTED
            case 9:
                yield Measure.COMPLETED
                due = datetime.fromisoformat(self._due.pop(said["dossier"]))
                kept = datetime.fromisoformat(time) <= due
                yield Measure.ON_TIME if kept else Measure.LATE
            case 10:
                yield Measure.HANDED_OVER
            case _:
                pass


def records(dossiers: int, expected: Expected, late: float = 0) -> Iterator[Given]:
    """The job's records on their way to the topic, counted as they pass.

    So many of a hundred are told late, after up to `LATE_BY` others: most of them after later
    events of the same dossier, which is then folded anew.
    """
    rng = Random(late)
    waiting: list[tuple[int, int, Given]] = []
    for place, record in enumerate(job(dossiers)):
        expected.add(record.value)
        given = Given(record.key.encode(), record.value, record.at_ms)
        if rng.random() * 100 < late:
            heappush(waiting, (place + rng.randrange(LATE_BY), place, given))
        else:
            yield given
        while waiting and waiting[0][0] <= place:
            yield heappop(waiting)[2]
    for _, _, given in sorted(waiting):
        yield given


def chunks(given: Iterable[Given], size: int) -> Iterator[list[Given]]:
    """Runs of so many, for a progress bar between them."""
    chunk: list[Given] = []
    for record in given:
        chunk.append(record)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
