"""What a run puts on its topics: the generator's events, and what else happens to records.

Corrections restate an event under its identity with a higher revision, and voids undo one; both
come later or earlier than what they speak of. The recount of `agents.recount` knows no voids, so
they are taken out of its input here.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from itertools import count
from random import Random
from typing import Any

from agents.generate.model import BROKEN, Record, Scenario, records
from agents.recount import Recount, Refused, Result, read

VOIDED = "dossier.voided.v1"
CORRECTED = 0.04
UNDONE = 0.02


def drawn(seed: int, dossiers: int) -> Iterator[Record]:
    """Events of the generator, with duplicates, late and bad ones, corrections and voids."""
    rng = Random(f"load {seed}")
    given = records(
        Scenario(
            seed=seed,
            dossiers=dossiers,
            start=date(2026, 6, 1),
            days=30,
            duplicates=0.05,
            late=0.05,
            bad=0.01,
        )
    )
    waiting: list[tuple[int, Record]] = []  # until so many records have gone by
    for number in count():
        while waiting and waiting[0][0] <= number:
            yield waiting.pop(0)[1]
        record = next(given, None)
        if record is None:
            break
        chance = rng.random()
        if record.kind != BROKEN and chance < CORRECTED + UNDONE:
            about = _correction if chance < CORRECTED else _void
            further = record._replace(value=about(rng, json.loads(record.value)))
            if rng.random() < 0.2:
                yield further  # before what it speaks of
            else:
                waiting.append((number + 1 + int(rng.expovariate(1 / 300)), further))
                waiting.sort(key=lambda entry: entry[0])
        yield record
    for _, record in waiting:
        yield record


def _correction(rng: Random, event: dict[str, Any]) -> bytes:
    data = event["data"]
    data["revision"] = data.get("revision", 0) + 1
    what = rng.randrange(3)
    if what == 0:
        data["due_at"] = event["time"]
    elif what == 1:
        data["channel"] = 1 + data["channel"] % 3
    else:
        data["agency"] = "H56.15" if data["agency"] != "H56.15" else "H56.16"
    return json.dumps(event).encode()


def _void(rng: Random, event: dict[str, Any]) -> bytes:
    return json.dumps(
        {
            **event,
            "id": f"void-{event['id']}",
            "type": VOIDED,
            "data": {"dossier": event["data"]["dossier"], "target": event["id"]},
        }
    ).encode()


@dataclass(frozen=True, slots=True)
class Void:
    """An event of a source never happened."""

    source: str
    target: str


class RecountWithVoids:
    """The independent recount of records, less what voids undo (MEASURES.md §3)."""

    def __init__(self) -> None:
        self._kept: list[tuple[bytes, int]] = []
        self._voids: dict[Void, int] = {}  # and how often it was said
        self._said = Recount()

    def add(self, value: bytes, at_ms: int) -> bool:
        """False if the record must be refused."""
        if (void := _as_void(value)) is not None:
            self._voids[void] = self._voids.get(void, 0) + 1
            return True
        self._kept.append((value, at_ms))
        self._said.add(value, at_ms)
        try:
            read(value, at_ms)
        except Refused:
            return False
        return True

    def result(self) -> Result:
        standing = Recount()
        for value, at_ms in self._kept:
            try:
                heard = read(value, at_ms)
            except Refused:
                continue
            if Void(heard.source, heard.id) not in self._voids:
                standing.add(value, at_ms)
        said, after = self._said.result(), standing.result()
        times = sum(self._voids.values())
        return replace(
            said,
            records=said.records + times,
            counted=said.counted + len(self._voids),
            duplicates=said.duplicates + times - len(self._voids),
            totals=after.totals,
            by=after.by,
        )


def _as_void(value: bytes) -> Void | None:
    try:
        event = json.loads(value)
        if event["type"] == VOIDED:
            return Void(event["source"], event["data"]["target"])
    except (ValueError, TypeError, KeyError):
        pass
    return None


def recount(values: Iterable[tuple[bytes, int]]) -> RecountWithVoids:
    """Of values and the timestamps of their records."""
    said = RecountWithVoids()
    for value, at_ms in values:
        said.add(value, at_ms)
    return said
