"""Requests to services on their way into the ledger: each once, whatever fails or comes again."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any

import asyncpg
import pytest

from agents.batch import Batch
from agents.health import WorkerHealth
from agents.keeper import Keeper
from agents.quarantine import Quarantine
from agents.signals import SignalsDesk
from monitor.domain.connection import Class
from monitor.domain.policy import Policy
from monitor.domain.rhythm import Thresholds
from monitor.domain.zone import Zone
from monitor.ledger import requests
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.requests import FRESH_MS, INTERFACES, MARKS, Requested
from monitor.ledger.sources import Source, Sources, Status, read_all
from monitor.ledger.unit import Partition, Unit
from schemas import SIGNALS, Decoder, encode, key
from schemas.event import Answer, ServiceRequest
from tests.bench.desk import Kept, MemoryLog

HERE = Partition("emc.signals", 0)
NOON = 1_772_514_000_000  # 2026-03-03T12:00:00+07:00
HOUR = 3_600_000


def asked(
    id_: str,
    *,
    source: str = "portal",
    interface: str = "GET /dossiers/{code}",
    answer: Answer = Answer.SUCCEEDED,
    took: int = 180,
    at: int = NOON,
    arrived: int | None = None,
) -> ServiceRequest:
    return ServiceRequest(
        source=source, id=id_, claimed_ms=at, arrival_ms=at if arrived is None else arrived,
        interface=interface, answer=answer, duration_ms=took,
    )  # fmt: skip


class Outage(OSError):
    """The ledger goes away before a booking is committed."""


class Desk:
    """Signals desks one after another on one ledger, each a process of its own."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._generation = 0

    async def started(self, ledger: Any = None) -> SignalsDesk:
        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await self.ledger.claim(
                partitions, owner="o", generation=generation, cluster="c", beginnings={HERE: 0}
            )

        desk = SignalsDesk(
            ledger=ledger or self.ledger,
            log=MemoryLog(),
            claim=claim,
            decoder=Decoder(Zone(), SIGNALS),
            quarantine=Quarantine(None, quota=0),
            health=WorkerHealth(),
            now_ms=lambda: NOON,
        )
        self._generation += 1
        await desk.take_over({HERE}, self._generation)
        return desk

    async def hear(self, *signals: ServiceRequest) -> None:
        """In a process of their own, which ends well."""
        desk = await self.started()
        await take(desk, signals)
        await desk.close()


async def take(desk: SignalsDesk, signals: Iterable[ServiceRequest]) -> None:
    start = desk._held[HERE].next
    records = [
        Kept(start + place, signal.arrival_ms, key(signal), encode(signal))
        for place, signal in enumerate(signals)
    ]
    await desk.take(Batch(HERE, 0, start, records, start + len(records)))
    await desk._hand_over(wait=True)
    if desk._booking is not None:
        await desk._booking
    assert not desk.failed.done() or desk.failed.result() is None


@pytest.fixture
async def desk(database: str) -> Any:
    await migrate(database)
    async with asyncpg.create_pool(database, min_size=0, max_size=1) as pool:
        for code, status in (("portal", Status.LIVE), ("try", Status.TRIAL)):
            await Sources(pool).add(
                Source(
                    code=code, name=code, owner="H56", status=status,
                    go_live=date(2026, 3, 2) if status is Status.LIVE else None,
                ),
                who="test",
            )  # fmt: skip
    async with Ledger.open(database) as ledger:
        yield Desk(ledger)


async def shown(desk: Desk, now: int = NOON) -> list[Requested]:
    return sorted(await requests.shown(desk.ledger._pool, now))


async def test_a_request_told_again_is_counted_once_also_by_another_process(desk: Desk):
    """As an edge does that crashed between Kafka and its own position."""
    await desk.hear(asked("a"), asked("b", took=2_600), asked("a"))
    await desk.hear(asked("b", took=2_600), asked("c", answer=Answer.FAILED))

    assert await shown(desk) == [
        Requested("portal", "GET /dossiers/{code}", "2xx", 1, 1, 180, fresh=True),
        Requested("portal", "GET /dossiers/{code}", "2xx", 5, 1, 2_600, fresh=True),
        Requested("portal", "GET /dossiers/{code}", "5xx", 1, 1, 180, fresh=True),
    ]


async def test_what_was_not_booked_is_counted_when_it_is_read_again(desk: Desk):
    """The marks of a unit that was dropped are forgotten with it."""

    class Away:
        """A ledger whose first booking is lost."""

        def __init__(self, ledger: Ledger) -> None:
            self._ledger = ledger
            self.lost = 0

        def __getattr__(self, name: str) -> Any:
            return getattr(self._ledger, name)

        async def book(self, unit: Unit, also: Any = None) -> None:
            if not self.lost:
                self.lost = 1
                raise Outage
            await self._ledger.book(unit, also)

    process = await desk.started(Away(desk.ledger))
    await take(process, [asked("a")])
    while process._lost:
        for recovering in list(process._watched):
            await recovering
    await take(process, [asked("a"), asked("b")])
    await process.close()

    assert [(row.answer, row.requests) for row in await shown(desk)] == [("2xx", 2)]


async def test_a_source_on_trial_and_what_is_told_late_are_not_shown(desk: Desk):
    await desk.hear(
        asked("a", source="try"),
        asked("a", arrived=NOON + HOUR),
        asked("b", arrived=NOON + HOUR + 1, took=7_000),
    )

    assert await shown(desk) == [
        Requested("portal", "GET /dossiers/{code}", "2xx", 1, 1, 180, fresh=True)
    ]
    rows = await desk.ledger._pool.fetch(
        "SELECT source, trial, class, ms FROM request ORDER BY ms"
    )
    assert {tuple(row) for row in rows} == {
        ("try", True, 0, 180),
        ("portal", False, 0, 180),
        ("portal", False, 1, 7_000),
    }


async def test_requests_are_what_a_portal_is_connected_by(desk: Desk):
    """It sends nothing else; what it tells again or too late shows nothing."""
    await desk.hear(
        asked("a", at=NOON - 2 * HOUR),
        asked("b", at=NOON - 60_000),
        asked("b", at=NOON - 60_000),
        asked("c", at=NOON - 9 * HOUR, arrived=NOON),
    )
    policy = Policy(Zone("Asia/Ho_Chi_Minh"))
    keeper = Keeper(policy, Thresholds(), now_ms=lambda: NOON)

    async with desk.ledger._pool.acquire() as connection:
        [portal] = [one for one in await read_all(connection) if one.code == "portal"]
        judged = await keeper.judge(connection, portal, NOON)
        hours = await connection.fetch("SELECT hour, events, last_ms FROM activity_hour")

    assert {tuple(row) for row in hours} == {
        (NOON // HOUR - 2, 1, NOON - 2 * HOUR),
        (NOON // HOUR - 1, 1, NOON - 60_000),
    }
    assert (judged.word, judged.last_ms) == (Class.UNDETERMINED, NOON - 60_000)


async def test_durations_fall_into_the_bin_whose_bound_they_do_not_exceed(desk: Desk):
    await desk.hear(
        *(asked(f"{ms}", took=ms) for ms in (0, 100, 101, 2_500, 10_000, 10_001, 30_001))
    )

    assert {row.bin: row.requests for row in await shown(desk)} == {
        0: 2, 1: 1, 4: 1, 6: 1, 7: 1, 8: 1,
    }  # fmt: skip


async def test_interfaces_beyond_the_limit_are_others_until_earlier_ones_are_old(desk: Desk):
    many = [asked(f"{n}", interface=f"/i{n}") for n in range(INTERFACES + 2)]
    later = NOON + FRESH_MS + 1
    await desk.hear(*many)
    await desk.hear(asked("again", interface="/i0"), asked("still", interface="/i21"))
    found = {row.interface: row.requests for row in await shown(desk)}

    await desk.hear(asked("new", interface="/new", at=later))

    assert (found["/i0"], found["other"], len(found)) == (2, 3, INTERFACES + 1)
    fresh = {row.interface: row.fresh for row in await shown(desk, later)}
    assert (fresh["/new"], fresh["/i0"], fresh["other"]) == (True, False, False)


async def test_marks_are_kept_of_the_last_requests_only(desk: Desk):
    recent = (await desk.ledger.recent_requests(["portal"]))["portal"]
    marks = [number.to_bytes(8) for number in range(MARKS + 1)]
    for mark in marks:
        assert recent.is_new(mark)

    assert [recent.is_new(marks[1]), recent.is_new(marks[0])] == [False, True]


async def test_a_sweep_leaves_the_marks_that_count(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(requests, "MARKS", 2)
    for name in "abcd":
        await desk.hear(asked(name))

    async with desk.ledger._pool.acquire() as connection:
        await requests.sweep(connection)
    await desk.hear(asked("c"), asked("d"))

    assert await desk.ledger._pool.fetchval("SELECT count(*) FROM request_seen") == 2
    assert [row.requests for row in await shown(desk)] == [4]


async def test_a_request_of_each_bucket_is_kept_by_its_id_and_no_long_id_is(desk: Desk):
    await desk.hear(
        asked("i" * 101), asked("first"), asked("second"), asked("slow", took=7_000),
        asked("late", took=20_000, arrived=NOON + 2 * HOUR),
    )  # fmt: skip

    rows = await desk.ledger._pool.fetch(
        "SELECT histogram, name, part, bin, said, value, at_ms FROM exemplar ORDER BY bin"
    )
    assert [tuple(row) for row in rows] == [
        ("request", "portal", "GET /dossiers/{code}", 1, "first", 0.18, NOON),
        ("request", "portal", "GET /dossiers/{code}", 6, "slow", 7.0, NOON),
    ]
