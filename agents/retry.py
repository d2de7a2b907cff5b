"""Refused records sent through the worker's own desks again, and booked exactly once.

To the desk the quarantine is a log like any other: one partition, records at offsets. What is a
position in Kafka's case is here the state of the quarantine's rows, changed in the transaction
that books what the records say. Killed at any moment, the next run goes on with the rows that
are still held; two runs at once undo each other's units, never each other's work.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from cryptography.exceptions import InvalidTag

from agents.batch import Batch, Record
from agents.desk import Desk
from agents.diversion import Watch
from agents.dossiers import DossierDesk
from agents.health import WorkerHealth
from agents.petitions import PetitionDesk
from agents.quarantine import Quarantine, Seal, unpack_record
from agents.standing import Stands
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.ledger.ledger import Also, Ledger, Position, PositionMoved
from monitor.ledger.quarantine import RETRY_SHARD, Again, Cupboard, Kept, Overtaken, settle
from monitor.ledger.unit import DossierRow, Partition, Unit
from schemas.decode import Decoder
from schemas.event import Petition
from schemas.kinds import DOSSIERS, PETITIONS

# The partition's number becomes the shard of the totals.
HERE: Final = Partition("quarantine", RETRY_SHARD)
BATCH_RECORDS: Final = 500
LOOK_SECONDS: Final = 0.05


class Unsendable(Exception):
    """A record cannot be sent back: its bytes are not there, not whole, or under another key."""


@dataclass(frozen=True, slots=True)
class Original:
    """A refused record as it was received; its offset is its place in this run."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    id: int
    tries: int


def original(kept: Kept, seal: Seal, offset: int = 0) -> Original:
    """The record behind a row; raises `Unsendable`, which says why there is none."""
    if kept.sealed is None:
        raise Unsendable("its bytes were not kept: no key then, or past the source's quota")
    try:
        record = unpack_record(kept.form, seal.open(kept.sealed), kept.size)
    except InvalidTag:
        raise Unsendable("it was sealed under another EMC_QUARANTINE_KEY") from None
    if not record.whole:
        raise Unsendable(f"it was too large to be kept whole ({kept.size:,} bytes)")
    value = record.value
    if value == b"" and kept.form == 0:
        value = None  # the first release did not tell a tombstone from nothing
    timestamp = round(kept.arrived.timestamp() * 1000)
    headers = tuple((name, said) for name, said in record.headers)
    return Original(
        offset,
        timestamp,
        record.key,
        value,
        headers,  # type: ignore[arg-type]  # Kafka's headers may have no value; the decoder knows
        kept.id,
        kept.tries,
    )


class _Held:
    """The records of one run, and which of them nobody has settled yet."""

    def __init__(self, records: Sequence[Original]) -> None:
        self.records = records
        self.pending = {record.id for record in records}

    def first(self) -> int:
        """Where the desk is to read on."""
        for record in self.records:
            if record.id in self.pending:
                return record.offset
        return len(self.records)


class _Books:
    """The ledger, where the position is the state of the quarantine's rows."""

    def __init__(self, ledger: Ledger, cupboard: Cupboard, held: _Held, who: str) -> None:
        self._ledger = ledger
        self._cupboard = cupboard
        self._held = held
        self._who = who

    async def claim(
        self,
        partitions: Collection[Partition],
        generation: int,  # noqa: ARG002 - nobody else claims a run of its own
    ) -> Mapping[Partition, Position]:
        return await self.positions(partitions)

    async def positions(
        self,
        partitions: Collection[Partition],  # noqa: ARG002 - there is but one
    ) -> Mapping[Partition, Position]:
        held = self._held
        held.pending &= await self._cupboard.unsettled(
            {record.id: record.tries for record in held.records}
        )
        return {HERE: Position(held.first(), 1, "", None, self._who, "")}

    async def load(self, keys: Collection[str]) -> Mapping[str, DossierRow]:
        return await self._ledger.load(keys)

    async def number(self, cells: Collection[Cell]) -> dict[Cell, int]:
        return await self._ledger.number(cells)

    async def cells(self, numbers: Collection[int]) -> dict[int, Cell]:
        return await self._ledger.cells(numbers)

    async def sealed_by_source(self) -> Mapping[str, int]:
        return {}

    async def book(self, unit: Unit, also: Also | None = None) -> None:
        move = unit.moves[HERE]
        again = {refusal.offset: refusal for refusal in unit.refusals}
        returned: dict[int, int] = {}
        refused: dict[Again, int] = {}
        for record in self._held.records[move.start : move.next]:
            if record.id not in self._held.pending:
                continue
            if (refusal := again.get(record.offset)) is not None:
                refused[Again(record.id, refusal.reason, refusal.detail)] = record.tries
            else:
                returned[record.id] = record.tries
        # Records read are tallied once, when they are read; here only what has gone back is.
        sent = replace(unit, moves={}, refusals=[], tallies={})

        async def also_settle(connection: Any) -> None:
            if also is not None:
                await also(connection)
            await settle(connection, returned=returned, again=refused, who=self._who)

        try:
            await self._ledger.book(sent, also_settle)
        except Overtaken as error:
            raise PositionMoved(str(error)) from error
        self._held.pending -= returned.keys() | {one.id for one in refused}


class _Log:
    """The records of one run, read as a log is."""

    def __init__(self, held: _Held) -> None:
        self.fence = 0
        self._held = held
        self._at = len(held.records)

    def fetched(self, partition: Partition) -> int | None:  # noqa: ARG002 - there is but one
        return self._at

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        self.fence += 1
        self._at = positions[HERE]

    async def commit_to_kafka(
        self,
        positions: Mapping[Partition, int],  # noqa: ARG002 - no lag tool looks here
    ) -> bool:
        return True

    async def rejoin(self) -> None:
        raise RuntimeError("nobody else can own a run of its own")

    async def batches(self) -> AsyncIterator[Batch]:
        held = self._held
        while True:
            start = self._at
            # What others have settled meanwhile is not there, as after a compaction.
            left = (record for record in held.records[start:] if record.id in held.pending)
            found: list[Record] = list(islice(left, BATCH_RECORDS))
            if found:
                self._at = found[-1].offset + 1
                yield Batch(HERE, self.fence, start, found, len(held.records))
            else:
                await asyncio.sleep(LOOK_SECONDS)


async def send_back(
    records: Sequence[Original], *, ledger: Ledger, cupboard: Cupboard, stands: Stands, who: str
) -> None:
    """Decode, fold and book these records, and settle their rows in the same transactions.

    Returns when each is returned or was refused again; waits for a ledger that is away. Raises
    what would end a worker. `records` have the offsets 0, 1, 2, …
    """
    policy = (await stands.now()).policy
    decode = Decoder(policy.zone).decode
    petitions: list[Original] = []
    others: list[Original] = []  # of dossiers, or refused again by their desk
    for record in records:
        event = decode(record.value, headers=record.headers, record_time_ms=record.timestamp)
        (petitions if isinstance(event, Petition) else others).append(record)
    for desk, of_it in ((PetitionDesk, petitions), (DossierDesk, others)):
        if of_it:
            held = _Held([replace(record, offset=n) for n, record in enumerate(of_it)])
            await _send_back(desk, held, policy, ledger, cupboard, stands, who)


async def _send_back(
    desk_of: type[DossierDesk] | type[PetitionDesk],
    held: _Held,
    policy: Policy,
    ledger: Ledger,
    cupboard: Cupboard,
    stands: Stands,
    who: str,
) -> None:
    books, log = _Books(ledger, cupboard, held, who), _Log(held)
    common: dict[str, Any] = {
        "ledger": books,
        "log": log,
        "claim": books.claim,
        "policy": policy,
        "quarantine": Quarantine(None),
        "health": WorkerHealth(),
        "now_ms": lambda: time.time_ns() // 1_000_000,
        "standing": stands.now,
        "diversion": Watch(100),  # nothing is diverted: what is refused again stays
    }
    desk: Desk
    if desk_of is PetitionDesk:
        desk = PetitionDesk(decoder=Decoder(policy.zone, PETITIONS), **common)
    else:
        desk = DossierDesk(decoder=Decoder(policy.zone, DOSSIERS), **common)
    following = asyncio.create_task(desk.follow(log.batches()))
    try:
        claimed = await desk.take_over([HERE], 1)
        if claimed:
            await log.seek_to(claimed)
        while held.pending:
            if desk.failed.done():
                desk.failed.result()
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await desk.close()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
