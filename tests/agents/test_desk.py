"""The desk between a log and a ledger that both fail: exact whatever goes wrong, never silent."""

import asyncio
import json
import random
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

import pytest

from agents import desk
from agents.batch import Batch, LogUnavailable
from agents.diversion import Diverted
from agents.dossiers import DossierDesk
from agents.generate.model import Scenario, records
from agents.health import WorkerHealth
from agents.quarantine import Quarantine, Seal
from agents.recount import Recount
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.ledger import LaterGeneration, Position
from monitor.ledger.unit import Partition
from monitor.reference.policy import load_policy
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from tests.servers.require import ROOT
from tests.simulation.broker import Written
from tests.simulation.ledger import MemoryLedger
from tests.whole.ledger_checks import FLOWS, Figures, recounted
from tests.whole.until import until

PARTITIONS = [Partition("t", 0), Partition("t", 1)]


class DeskLedger(MemoryLedger):
    """One that fails as a test says, before a call has done anything or after it has."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: Callable[[str], None] = lambda _: None  # may raise: nothing has happened
        self.loses: Callable[[str], None] = lambda _: None  # may raise: it has, unknown to us
        self.pace = 0.0
        self.before = self._before
        self.after = self._after

    async def _before(self, name: str) -> None:
        await asyncio.sleep(self.pace)
        self.fails(name)

    async def _after(self, name: str) -> None:
        self.loses(name)

    async def claim_all(
        self, partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, Position]:
        return await self.claim(
            partitions,
            owner="me",
            generation=generation,
            cluster="c",
            beginnings=dict.fromkeys(partitions, 0),
        )

    def figures(self) -> Figures:
        shown: Figures = {}
        for key, net in self.net_totals().items():
            if net and key.measure in FLOWS:
                by = shown.setdefault((key.agency, key.channel, key.level), {})
                name = next(name for measure, name in FLOWS.items() if measure == key.measure)
                by[name] = by.get(name, 0) + net
        return {
            group: {name: net for name, net in by.items() if net}
            for group, by in shown.items()
            if any(by.values())
        }


@dataclass
class MemoryLog:
    """Records by partition, read ahead a few batches, with seeks that may fail."""

    written: dict[Partition, list[Written]]
    rng: random.Random
    fence: int = 0
    at: dict[Partition, int] = field(default_factory=dict)
    read: deque[Batch] = field(default_factory=deque)
    told: dict[Partition, int] = field(default_factory=dict)
    rejoined: int = 0
    loses: Callable[[], bool] = lambda: False
    fails: Callable[[], bool] = lambda: False

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        self.fence += 1
        await asyncio.sleep(0)
        if self.fails():
            raise LogUnavailable
        self.at = dict(positions)

    def fetched(self, partition: Partition) -> int | None:
        return self.at.get(partition)

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        await asyncio.sleep(0)
        if self.fails():
            return False
        self.told.update(positions)
        return True

    async def rejoin(self) -> None:
        self.rejoined += 1

    async def batches(self) -> AsyncIterator[Batch]:
        while True:
            while len(self.read) < 3 and (batch := self._fetch()):
                if not self.loses():
                    self.read.append(batch)
            if self.read:
                yield self.read.popleft()
            else:
                await asyncio.sleep(0.001)

    def _fetch(self) -> Batch | None:
        behind = [here for here, at in self.at.items() if at < len(self.written[here])]
        if not behind:
            return None
        here = self.rng.choice(behind)
        start = self.at[here]
        found = self.written[here][start : start + self.rng.randint(1, 60)]
        self.at[here] = start + len(found)
        return Batch(here, self.fence, start, found, len(self.written[here]))


@dataclass
class Office:
    """A desk with everything around it in memory."""

    ledger: DeskLedger
    log: MemoryLog
    desk: DossierDesk
    recount: Recount
    generation: int = 0
    following: asyncio.Task[None] | None = None

    def follow(self) -> None:
        self.following = asyncio.create_task(self.desk.follow(self.log.batches()))

    async def assign(self) -> None:
        """As the transport does on an assignment: claim, then seek."""
        self.generation += 1
        self.log.fence += 1
        claimed = await self.desk.take_over(PARTITIONS, self.generation)
        with suppress(LogUnavailable):
            await self.log.seek_to(claimed)

    async def booked(self, within_s: float = 30) -> None:
        async with asyncio.timeout(within_s):
            while any(
                self.ledger.next_of(here) < len(self.log.written[here]) for here in PARTITIONS
            ):
                if self.desk.failed.done():
                    self.desk.failed.result()
                await asyncio.sleep(0.005)

    async def end(self) -> None:
        await self.desk.close()
        if self.following is not None:
            self.following.cancel()
            with suppress(asyncio.CancelledError):
                await self.following

    def agrees(self) -> None:
        result = self.recount.result()
        assert self.ledger.figures() == recounted(result)
        assert self.ledger.booked() == {
            line: amount for line, amount in self.ledger.net_journal().items() if amount
        }
        assert self.ledger.tallied() == Counter(
            counted=result.counted, duplicate=result.duplicates, refused=result.refused
        )
        assert len(self.ledger.refusals) == result.refused


def office(seed: int, dossiers_: int = 150, *, at_hand: int = 200_000) -> Office:
    rng = random.Random(seed)
    recount = Recount()
    written: dict[Partition, list[Written]] = {here: [] for here in PARTITIONS}
    scenario = Scenario(
        seed=seed,
        dossiers=dossiers_,
        start=date(2026, 6, 1),
        days=20,
        duplicates=0.1,
        late=0.1,
        bad=0.03,
    )
    for record in records(scenario):
        here = PARTITIONS[rng.randrange(2)]  # not by key: both change the same dossiers
        recount.add(record.value, record.at_ms)
        written[here].append(
            Written(len(written[here]), record.at_ms, record.key.encode(), record.value)
        )
    ledger, log = DeskLedger(), MemoryLog(written, rng)
    desk = DossierDesk(
        ledger=ledger,
        log=log,
        claim=ledger.claim_all,
        decoder=Decoder(Zone(), DOSSIERS),
        policy=Policy(Zone()),
        quarantine=Quarantine(Seal.from_text(Seal.new_key())),
        health=WorkerHealth(),
        now_ms=lambda: 1_785_719_551_000,
        at_hand=at_hand,
    )
    return Office(ledger, log, desk, recount)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything as in the service, only sooner, and giving way more often."""

    def pauses() -> Iterator[float]:
        while True:
            yield 0.002

    monkeypatch.setattr(desk, "_pauses", pauses)
    monkeypatch.setattr(desk, "UNIT_SECONDS", 0.002)
    monkeypatch.setattr(desk, "UNIT_RECORDS", 150)
    monkeypatch.setattr(desk, "REJOIN_SECONDS", 0.002)
    monkeypatch.setattr(desk, "LOST_SECONDS", 0.1)
    monkeypatch.setattr(desk, "YIELD_SECONDS", 0.0002)


def often(rng: random.Random, share: float, *names: str) -> Callable[[str], None]:
    def fail(name: str) -> None:
        if (not names or name in names) and rng.random() < share:
            raise ConnectionResetError(name)

    return fail


@pytest.mark.parametrize("seed", range(8))
async def test_a_ledger_that_fails_at_any_call_before_or_after_it_took_effect(seed: int):
    here = office(seed)
    here.ledger.fails = often(random.Random(seed), 0.1)
    here.ledger.loses = often(random.Random(-seed), 0.2)
    here.ledger.pace = seed % 3 / 2_000
    here.follow()
    await here.assign()

    await here.booked()
    await here.end()

    here.agrees()


@pytest.mark.parametrize("seed", range(6))
async def test_rebalances_cancelled_agents_lost_batches_and_seeks_that_fail(seed: int):
    here = office(seed)
    rng = random.Random(seed + 100)
    here.log.loses = lambda: rng.random() < 0.05
    here.log.fails = lambda: rng.random() < 0.2
    here.ledger.fails = often(rng, 0.03)
    here.ledger.pace = 0.0005
    here.follow()
    await here.assign()
    for _ in range(12):
        await asyncio.sleep(rng.uniform(0, 0.01))
        if rng.random() < 0.5:
            assert here.following is not None
            here.following.cancel()
            with suppress(asyncio.CancelledError):
                await here.following
            here.follow()
        else:
            taking = asyncio.create_task(here.assign())
            if rng.random() < 0.3:
                await asyncio.sleep(rng.uniform(0, 0.003))
                taking.cancel()
            with suppress(asyncio.CancelledError):
                await taking
    here.log.fails = lambda: False
    await here.assign()

    await here.booked()
    await here.end()

    here.agrees()


async def test_a_booking_that_fails_while_the_next_unit_is_folded(
    monkeypatch: pytest.MonkeyPatch,
):
    """What was folded meanwhile is dropped: not refused as a fault, and not counted again."""
    monkeypatch.setattr(desk, "YIELD_SECONDS", -1.0)  # gives way after every record
    here = office(1)
    failures = iter([False, True, False, True, True, False, True])

    def fail(name: str) -> None:
        if name == "book" and next(failures, False):
            raise ConnectionResetError

    here.ledger.fails = fail
    here.ledger.pace = 0.004
    here.follow()
    await here.assign()

    await here.booked()
    await here.end()

    here.agrees()
    assert "fault" not in {refusal.reason for refusal in here.ledger.refusals.values()}


async def test_a_booking_that_takes_long_is_no_sign_of_lost_batches():
    here = office(9)
    here.follow()
    await here.assign()
    await until(lambda: here.ledger.bookings > 0, look_s=0.001)
    here.ledger.pace = 0.4  # many times LOST_SECONDS, with batches waiting
    await until(lambda: here.ledger.bookings > 3)
    here.ledger.pace = 0.0

    await here.booked()
    await here.end()

    here.agrees()
    assert fallbacks(here) == 0


async def test_more_dossiers_in_a_unit_than_may_stay_at_hand():
    here = office(2, at_hand=3)
    here.ledger.pace = 0.002
    here.follow()
    await here.assign()

    await here.booked()
    await here.end()

    here.agrees()
    assert fallbacks(here) == 0


async def test_the_row_of_an_open_dossier_has_the_level_under_which_its_stock_is_booked():
    """Or what falls due today would be looked for under the level that was sent."""
    here = office(1, 0)
    here.desk._policy = load_policy(ROOT / "deploy" / "reference")
    sent = {
        "specversion": "1.0",
        "id": "1",
        "source": "H56-onestop",
        "type": "dossier.state.v1",
        "time": "2026-08-03T08:00:00+07:00",
        "data": {
            "dossier": "H56-260803-0001",
            "procedure": "1.000894",  # level 3, says the catalogue
            "agency": "H56",
            "state": 2,
            "channel": 2,
            "level": 4,
        },
    }
    value = json.dumps(sent).encode()
    here.log.written[PARTITIONS[0]].append(Written(0, 1_785_719_551_000, b"", value))
    here.follow()
    await here.assign()

    await here.booked()
    await here.end()

    [row] = here.ledger.rows.values()
    assert row.cell is not None
    [cell] = [cell for cell, number in here.ledger.numbers.items() if number == row.cell]
    assert (cell.agency, cell.level) == ("H56", 3)


def fallbacks(here: Office) -> float:
    return sum(
        sample.value
        for metric in here.desk._health.fallbacks.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    )


async def test_what_was_cut_off_in_the_middle_is_never_booked():
    """Cancelled between two records of a batch, with a whole batch before it in the unit."""
    for moment in range(12):
        here = office(8, 60)
        await here.assign()
        batches = here.log.batches()
        await here.desk.take(await anext(batches))
        taking = asyncio.create_task(here.desk.take(await anext(batches)))
        for _ in range(moment):
            await asyncio.sleep(0)
        taking.cancel()
        with suppress(asyncio.CancelledError):
            await taking

        await here.desk.close()

        read = sum(position.next for position in here.ledger.positions_now.values())
        assert here.ledger.tallies.total() == read, moment


@pytest.mark.parametrize("name", ["load", "number", "cells", "positions", "claim", "book"])
async def test_a_bug_anywhere_ends_the_worker_and_books_nothing_more(name: str):
    here = office(3)
    armed = name == "claim"

    def fail(called: str) -> None:
        if armed and called == name:
            raise ZeroDivisionError(name)

    here.ledger.fails = fail
    here.follow()
    await here.assign()
    if not armed:
        await until(lambda: here.ledger.bookings >= 2, look_s=0.001)
        armed = True
        if name == "positions":
            here.desk._fall_back("test", RuntimeError())

    with pytest.raises(ZeroDivisionError):
        async with asyncio.timeout(30):
            await asyncio.shield(here.desk.failed)

    booked = here.ledger.bookings
    armed = False
    await here.end()
    assert here.ledger.bookings == booked


async def test_a_lower_generation_rejoins_until_its_own_is_the_latest():
    here = office(4, 20)
    claim, latest = here.ledger.claim_all, 3

    async def refusing(
        partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, Position]:
        if generation < latest:
            raise LaterGeneration(f"{generation}")
        return await claim(partitions, generation)

    here.desk._claim = refusing
    here.follow()
    await here.assign()
    await until(lambda: here.log.rejoined == 1)
    await here.assign()
    await until(lambda: here.log.rejoined == 2)
    await here.assign()

    await here.booked()
    await here.end()

    here.agrees()


async def test_kafka_is_told_where_the_ledger_is_and_lag_goes_to_nothing():
    here = office(5, 40)
    here.follow()
    await here.assign()
    await here.booked()
    ends = {partition: len(here.log.written[partition]) for partition in PARTITIONS}
    await until(lambda: here.log.told == ends)

    lag = here.desk._health.lag_records.labels("t", "0")
    assert lag._value.get() == 0
    await here.end()


async def test_lag_is_shown_while_nothing_can_be_booked():
    here = office(6, 40)
    here.follow()
    await here.assign()
    await here.booked()
    behind = here.log.written[PARTITIONS[0]]

    def away(_: str) -> None:
        raise ConnectionRefusedError

    here.ledger.fails = away
    last = behind[-1]
    for _ in range(5):
        behind.append(replace(last, offset=behind[-1].offset + 1))
    lag = here.desk._health.lag_records.labels("t", "0")
    await until(lambda: lag._value.get() == 5)
    await here.end()


async def test_asked_to_end_while_the_ledger_hangs_it_waits_no_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(desk, "CLOSE_SECONDS", 0.1)
    here = office(7, 40)
    here.follow()
    await here.assign()
    here.ledger.pace = 1_000

    async with asyncio.timeout(30):
        await here.end()


async def test_a_release_that_cannot_fold_stops_before_any_position_moves(
    monkeypatch: pytest.MonkeyPatch,
):
    """Faults across sources: nothing is booked, nothing is in quarantine, and it says why."""

    def broken(*_: object) -> bool:
        raise KeyError("a table of this release")

    monkeypatch.setattr("agents.shelf.advance", broken)
    here = office(11)
    here.follow()
    await here.assign()

    with pytest.raises(Diverted, match=r"fault \(KeyError at test_desk.py"):
        async with asyncio.timeout(30):
            await asyncio.shield(here.desk.failed)

    await here.end()
    assert here.ledger.bookings == 0
    assert [here.ledger.positions_now[partition].next for partition in PARTITIONS] == [0, 0]


async def test_one_bad_source_stops_nothing_and_its_good_records_are_measured(
    monkeypatch: pytest.MonkeyPatch,
):
    """A third of all records is nonsense of one source's."""
    here = office(12)
    bad = b'{"specversion":"1.0","source":"bad","id":"1","type":"no.such.v1"}'
    for partition in PARTITIONS:
        mixed: list[Written] = []
        for number, record in enumerate(here.log.written[partition]):
            mixed.append(replace(record, offset=len(mixed)))
            if number % 2 == 0:
                mixed.append(replace(record, offset=len(mixed), value=bad))
                here.recount.add(bad, record.timestamp)
        here.log.written[partition] = mixed
    here.follow()
    await here.assign()

    await here.booked()
    await here.end()

    here.agrees()


async def test_an_assignment_that_waits_its_turn_is_claimed_though_the_fold_before_it_fails():
    """The fold falls back, which is news of its own; the partitions must not be left to nobody."""
    here = office(10, 40)
    here.follow()
    await here.assign()
    await until(lambda: here.ledger.bookings > 0, look_s=0.001)
    failing = ["load", "claim"]
    assigning: list[asyncio.Task[None]] = []

    async def fail(name: str) -> None:
        await asyncio.sleep(0)
        if failing and name == failing[0]:
            del failing[0]
            if name == "load":
                assigning.append(asyncio.create_task(here.assign()))
                await asyncio.sleep(0.01)
            raise ConnectionResetError(name)

    here.ledger.before = fail
    await until(lambda: not failing)

    await here.booked()
    await here.end()

    here.agrees()
