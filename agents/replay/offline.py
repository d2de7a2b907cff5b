"""Measures a recorded log without any server, in memory that does not grow with the log.

The events are spilled to files by a hash of their dossier, then each file is folded by itself:
a dossier's events may lie anywhere in a log, but they all end in one file.
"""

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec

from agents.replay.log import RowStream
from monitor.domain.fold import effective_ms, fold
from monitor.domain.identity import settled
from monitor.domain.measures import Measure
from monitor.domain.policy import Policy, Precision
from monitor.domain.post import post
from monitor.domain.view import Outcome, View
from schemas.event import Canonical

SPREAD_BITS: Final = 5  # 32 files at each level
DEEPEST: Final = 5  # six levels use all but two bits of a CRC-32
LARGEST_FILE: Final = 16 * 1024 * 1024  # folded at once: about a hundred thousand events
LENGTH_BYTES: Final = 4


class Counts(msgspec.Struct):
    """Dossiers as of an instant. `received` is accepted at all; completed = on_time + late +
    no_deadline; received = completed + returned + open."""

    received: int = 0
    completed: int = 0
    on_time: int = 0
    late: int = 0
    no_deadline: int = 0
    returned: int = 0
    open: int = 0
    open_overdue: int = 0


class Breakdown(msgspec.Struct):
    """The same counts by who received the dossier, and how."""

    agency: dict[str, Counts] = {}
    channel: dict[str, Counts] = {}
    sub_channel: dict[str, Counts] = {}  # in the source's own words


class Result(msgspec.Struct):
    """What a log says; the order of the fields is the order of the JSON."""

    records: int = 0
    refused: int = 0
    duplicates: int = 0
    dossiers: Counts = msgspec.field(default_factory=Counts)
    by: Breakdown = msgspec.field(default_factory=Breakdown)
    not_received: int = 0  # dossiers that were never accepted as of the instant
    as_of_ms: int | None = None


class _Spilled(msgspec.Struct, array_like=True, frozen=True, gc=False):
    key: bytes  # of a record; empty for an event that follows from the columns of a case
    event: Canonical


def measure(
    stream: RowStream, *, policy: Policy, as_of_ms: int | None, scratch: Path | None = None
) -> Result:
    """Reads the stream to its end and measures it as of an instant.

    `as_of_ms` None: as of the latest event of the log. `scratch` is where the files are made;
    they take about as much room as the log unpacked, and are gone afterwards.
    """
    result = Result()
    warnings = stream.warnings
    latest: int | None = None
    with TemporaryDirectory(prefix="emc-replay-", dir=scratch) as folder:
        with _Spill(Path(folder), depth=0) as spill:
            known = KnownEvents()
            for row in stream.rows():
                spill.add(_Spilled(row.key, row.event))
                latest = _later(latest, row.event)
                for event in row.derived:
                    latest = _later(latest, event)
                    if known.is_new(event):
                        spill.add(_Spilled(b"", event))
        as_of = as_of_ms if as_of_ms is not None else latest
        if as_of is not None:
            for group in _groups(spill):
                for spilled in group.values():
                    _count(result, spilled, policy, as_of, warnings)
        result.as_of_ms = as_of
    result.records = stream.records
    result.refused = stream.refused
    for name in ("agency", "channel", "sub_channel"):
        setattr(result.by, name, dict(sorted(getattr(result.by, name).items())))
    return result


class KnownEvents:
    """The events last seen of the columns of cases, which most logs repeat row by row."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._events: dict[tuple[str, str], Canonical] = {}

    def is_new(self, event: Canonical) -> bool:
        identity = (event.dossier, event.id)
        if self._events.get(identity) == event:
            return False
        self._events.pop(identity, None)
        self._events[identity] = event
        if len(self._events) > self._limit:
            del self._events[next(iter(self._events))]
        return True


def _later(latest: int | None, event: Canonical) -> int:
    at = effective_ms(event)
    return at if latest is None else max(latest, at)


class _Spill:
    """Files of events; all events of one dossier go to the same file."""

    def __init__(self, folder: Path, depth: int) -> None:
        self._folder = folder
        self._shift = depth * SPREAD_BITS
        self.depth = depth
        self._encoder = msgspec.msgpack.Encoder()
        self._files: dict[int, BinaryIO] = {}

    def add(self, spilled: _Spilled) -> None:
        encoded = self._encoder.encode(spilled)
        # The next bits of the same hash, not a salted hash: a CRC is linear in its salt.
        hashed = zlib.crc32(spilled.event.dossier.encode())
        number = hashed >> self._shift & ((1 << SPREAD_BITS) - 1)
        file = self._files.get(number)
        if file is None:
            file = self._files[number] = (self._folder / f"{self.depth}-{number}").open("wb")
        file.write(len(encoded).to_bytes(LENGTH_BYTES))
        file.write(encoded)

    def paths(self) -> list[Path]:
        return [self._folder / f"{self.depth}-{number}" for number in sorted(self._files)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for file in self._files.values():
            file.close()


def _groups(spill: _Spill) -> Iterator[dict[str, list[_Spilled]]]:
    """The dossiers of one file after the other, each with all its events."""
    for path in spill.paths():
        if path.stat().st_size > LARGEST_FILE and spill.depth < DEEPEST:
            with _Spill(_emptied(path), spill.depth + 1) as finer:
                for spilled in _read(path):
                    finer.add(spilled)
            path.unlink()
            yield from _groups(finer)
            continue
        group: dict[str, list[_Spilled]] = {}
        for spilled in _read(path):
            group.setdefault(spilled.event.dossier, []).append(spilled)
        path.unlink()
        yield group


def _emptied(path: Path) -> Path:
    folder = path.with_name(path.name + "-finer")
    folder.mkdir()
    return folder


def _read(path: Path) -> Iterator[_Spilled]:
    decoder = msgspec.msgpack.Decoder(_Spilled)
    with path.open("rb") as file:
        while length := file.read(LENGTH_BYTES):
            yield decoder.decode(file.read(int.from_bytes(length)))


def _count(
    result: Result,
    spilled: list[_Spilled],
    policy: Policy,
    as_of: int,
    warnings: Counter[str],
) -> None:
    """Adds one dossier to the result."""
    keys: set[bytes] = set()
    events: list[Canonical] = []
    for one in spilled:
        if one.key in keys:
            result.duplicates += 1
            continue
        if one.key:
            keys.add(one.key)
        events.append(one.event)
    standing = settled(events)
    if len(standing) < len(set(events)):
        warnings["one identity, several contents"] += len(set(events)) - len(standing)
    view = fold(event for event in standing if effective_ms(event) <= as_of)
    # A receipt date may lie after the event that tells it.
    if view.accepted_ms is None or view.accepted_ms > as_of:
        result.not_received += 1
        return
    _warn(view, warnings)
    counts = _of_dossier(view, policy, as_of)
    by = result.by
    for total in (
        result.dossiers,
        by.agency.setdefault(view.receiver[0], Counts()),
        by.channel.setdefault(str(view.channel), Counts()),
        by.sub_channel.setdefault(view.sub_channel, Counts()),
    ):
        for name in Counts.__struct_fields__:
            setattr(total, name, getattr(total, name) + getattr(counts, name))


def _of_dossier(view: View, policy: Policy, as_of: int) -> Counts:
    """One received dossier as counts of 0 and 1; the verdict is the ledger's own."""
    booked = {account.measure: amount for account, amount in post(view, policy).items()}
    counts = Counts(
        received=1,
        completed=booked.get(Measure.COMPLETED, 0),
        on_time=booked.get(Measure.ON_TIME, 0),
        late=booked.get(Measure.LATE, 0),
        no_deadline=booked.get(Measure.NO_DEADLINE, 0),
        returned=booked.get(Measure.RETURNED, 0),
    )
    if view.outcome in (Outcome.IN_PROCESS, Outcome.PAUSED):
        counts.open = 1
        due = view.due_ms
        if due is not None:
            day = policy.zone.day
            late = day(due) < day(as_of) if policy.precision is Precision.DATE else due < as_of
            counts.open_overdue = int(late)
    return counts


def _warn(view: View, warnings: Counter[str]) -> None:
    ended = view.processed_ms if view.processed_ms is not None else None
    if ended is None and view.standing:
        ended = view.standing_ms
    if ended is None:
        return
    if view.accepted_ms is not None and ended < view.accepted_ms:
        warnings["end before receipt"] += 1
    if any(due.made_ms > ended for due in view.dues):
        warnings["due date made after the end"] += 1
