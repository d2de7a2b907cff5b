"""Petitions on their way into the ledger: booked exactly once, recomputed, reconciled."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from msgspec.structs import replace

from agents.batch import Batch
from agents.dossiers import DossierDesk
from agents.explain_petition import explain_petition
from agents.health import WorkerHealth
from agents.keeper import Keeper
from agents.operator import Refusal
from agents.petitions import File, PetitionDesk
from agents.quarantine import Quarantine, Seal
from agents.recompute.run import Job, to_the_end
from agents.reconcile import reconcile_command
from agents.retry import original, send_back
from agents.settings import Settings
from agents.standing import Stands
from monitor.domain.codes import dossier_key
from monitor.domain.connection import Class
from monitor.domain.identity import Repeat
from monitor.domain.measures import Measure
from monitor.domain.petition import About
from monitor.domain.rhythm import Thresholds
from monitor.domain.zone import Zone
from monitor.ledger import recompute
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.quarantine import Cupboard, Filter
from monitor.ledger.sources import Source, Sources, Status, read_all
from monitor.ledger.subjects import is_petition, petition_key, petition_of
from monitor.ledger.unit import Partition, Unit
from monitor.reference.sets import set_of
from schemas import DOSSIERS, PETITIONS, Decoder, encode
from schemas.event import Petition, StateChanged
from schemas.refusal import Reason, Refused
from tests.agents.recompute.desk import changed
from tests.bench.desk import Kept, MemoryLog
from tests.domain.petitions import AUGUST, CODE, OFFICE, august, told
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"
HERE = Partition("emc.petitions", 0)
NOW = august(28)
RECEIVED = told("received", august(3))
ANSWERED = told("answered", august(20))


class Outage(OSError):
    """The ledger goes away before a booking is committed, or after it."""


class Away:
    """A ledger whose first booking fails: before it is made, or once it was."""

    def __init__(self, ledger: Ledger, *, after: bool) -> None:
        self._ledger = ledger
        self._after = after
        self.failed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def book(self, unit: Unit, also: Any = None) -> None:
        if not self.failed and not self._after:
            self.failed = True
            raise Outage
        await self._ledger.book(unit, also)
        if not self.failed:
            self.failed = True
            raise Outage


class Log:
    """A log of petitions, and the processes that read it one after another."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger = ledger
        reference, self.policy = set_of(folder)
        self._stands = Stands(ledger.policies, reference, self.policy)
        self.records: list[Kept] = []
        self._generation = 0

    def put(self, *events: Petition) -> None:
        for event in events:
            self.add(event.petition, encode(event), event.arrival_ms)

    def add(self, key: str, value: bytes, at_ms: int = NOW) -> None:
        self.records.append(Kept(len(self.records), at_ms, key.encode(), value))

    async def started(self, ledger: Any = None, at_hand: int = 1) -> PetitionDesk:
        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await self.ledger.claim(
                partitions, owner="o", generation=generation, cluster="c", beginnings={HERE: 0}
            )

        desk = PetitionDesk(
            ledger=ledger or self.ledger,
            log=MemoryLog(),
            claim=claim,
            decoder=Decoder(Zone(), PETITIONS),
            policy=self.policy,
            quarantine=Quarantine(None, quota=0),
            health=WorkerHealth(),
            now_ms=lambda: NOW,
            at_hand=at_hand,
            standing=self._stands.now,
        )
        self._generation += 1
        await desk.take_over({HERE}, self._generation)
        return desk

    async def read(self, desk: PetitionDesk, most: int | None = None) -> None:
        """What the desk has not read, so many records at a time."""
        while (start := desk._held[HERE].next) < len(self.records):
            records = self.records[start : start + (most or len(self.records))]
            await desk.take(Batch(HERE, 0, start, records, len(self.records)))
            await desk._hand_over(wait=True)
            if desk._booking is not None:
                await desk._booking
            while desk._lost:
                for recovering in list(desk._watched):
                    await recovering
        assert not desk.failed.done() or desk.failed.result() is None

    async def booked(self) -> dict[tuple[str, int, int], int]:
        """The journal's sums: name, day of August, slot."""
        rows = await self.ledger._pool.fetch(
            "SELECT measure, day, slot, sum(amount)::int8 AS amount FROM journal"
            " GROUP BY 1, 2, 3 HAVING sum(amount) <> 0"
        )
        return {
            (Measure(m).name.removeprefix("PETITION_").lower(), day - AUGUST, slot): amount
            for m, day, slot, amount in rows
        }


async def reconciled(dsn: str) -> tuple[int, str]:
    """What `emc reconcile` says once it has looked at all, and its exit status."""
    out = StringIO()
    settings = Settings(database=dsn, reference=str(SHIPPED))
    status = await asyncio.to_thread(reconcile_command, settings, out=out, err=StringIO())
    return status, out.getvalue()


@pytest.fixture
async def log(database: str) -> AsyncIterator[Log]:
    await migrate(database)
    async with Ledger.open(database) as ledger:
        yield Log(ledger, SHIPPED)


IN_TIME = {
    ("received", 3, About.UNSAID): 1,
    ("answered", 20, About.UNSAID): 1,
    ("on_time_766", 20, About.UNSAID): 1,
    ("open", 3, AUGUST + 24): 1,
    ("open", 20, AUGUST + 24): -1,
    ("answer_elapsed", 20, -1): 17 * 86_400_000,
    ("answer_worked", 20, -1): 13 * 8 * 3_600_000,
}


async def test_a_petition_is_booked_as_its_events_come_in_whatever_the_order(log: Log):
    log.put(ANSWERED, RECEIVED, replace(RECEIVED, arrival_ms=NOW))
    desk = await log.started()

    await log.read(desk, most=1)
    await desk.close()

    assert await log.booked() == IN_TIME
    [row] = await log.ledger._pool.fetch(
        "SELECT key, version, outcome, agency, due_ms FROM dossier JOIN cell ON id = cell"
    )
    # The third told nothing new.
    assert tuple(row) == (petition_key(CODE), 2, 11, OFFICE, None)
    assert await log.ledger._pool.fetchval("SELECT amount FROM tally WHERE name = 'petitions'") == 3  # fmt: skip


async def test_another_process_goes_on_with_what_the_ledger_has(log: Log):
    log.put(RECEIVED)
    first = await log.started()
    await log.read(first)
    await first.close()
    [row] = await log.ledger._pool.fetch("SELECT outcome, due_ms FROM dossier")
    assert tuple(row) == (10, august(24, "00:00"))

    log.put(ANSWERED)
    second = await log.started()
    await log.read(second)
    await second.close()

    assert await log.booked() == IN_TIME


@pytest.mark.parametrize("after", [False, True])
async def test_what_a_failed_booking_brought_is_booked_once(log: Log, after: bool):
    log.put(RECEIVED, ANSWERED, told("received", august(3), petition="dvcqg|PAKN.8"))
    desk = await log.started(Away(log.ledger, after=after))

    await log.read(desk, most=2)
    await desk.close()

    booked = await log.booked()
    assert booked["received", 3, 0] == 2
    assert booked["open", 3, AUGUST + 24] == 2
    assert await log.ledger._pool.fetchval("SELECT next FROM position WHERE topic = 'emc.petitions'") == 3  # fmt: skip


async def test_a_system_that_sends_nothing_but_petitions_is_connected_by_them(
    log: Log, database: str
):
    """What it tells again, what others overrule and what it calls history show nothing."""
    async with asyncpg.create_pool(database, min_size=0, max_size=1) as pool:
        await Sources(pool).add(
            Source(
                code="dvcqg",
                name="Cổng",
                owner=OFFICE,
                status=Status.LIVE,
                go_live=date(2026, 8, 1),
            ),
            who="test",
        )
    log.put(
        RECEIVED,
        replace(RECEIVED, arrival_ms=NOW),
        replace(RECEIVED, agency="H26.2", revision=1, arrival_ms=august(3, "10:30")),
        told("received", august(4), petition="dvcqg|PAKN.9", backfill=True),
        ANSWERED,
    )
    desk = await log.started(Away(log.ledger, after=True))
    await log.read(desk, most=3)
    await desk.close()
    keeper = Keeper(log.policy, Thresholds(), now_ms=lambda: NOW)

    async with asyncpg.create_pool(database, min_size=0, max_size=1) as pool:
        async with pool.acquire() as connection:
            await keeper.round(connection)
            [source] = await read_all(connection)
            judged = await keeper.judge(connection, source, NOW)
        hours = await pool.fetch(
            "SELECT hour, events, repeats FROM activity_hour ORDER BY hour"
        )

    assert judged.word is Class.UNDETERMINED  # and not `not_connected`
    assert judged.last_ms == ANSWERED.arrival_ms
    assert [tuple(row) for row in hours if row["events"]] == [
        (RECEIVED.arrival_ms // 3_600_000, 1, 0),
        (august(3, "10:30") // 3_600_000, 1, 0),
        (ANSWERED.arrival_ms // 3_600_000, 1, 0),
    ]
    assert [tuple(row) for row in hours if not row["events"]] == [(NOW // 3_600_000, 0, 1)]


async def test_what_is_no_petition_is_refused_and_the_rest_is_booked(log: Log):
    state = StateChanged("H26-260302-0001", "s", "e", NOW, NOW, 2, "1.004194", "H26")
    log.add("x", encode(state))
    log.add("y", b"{")
    log.put(RECEIVED)
    desk = await log.started()

    await log.read(desk)
    await desk.close()

    refused = await log.ledger._pool.fetch(
        'SELECT topic, "offset", reason FROM quarantine ORDER BY "offset"'
    )
    assert [tuple(row) for row in refused] == [
        ("emc.petitions", 0, "unknown_type"),
        ("emc.petitions", 1, "not_json"),
    ]
    assert (await log.booked())["received", 3, 0] == 1


async def test_a_petition_that_was_refused_is_sent_back_and_booked(log: Log):
    """As after a fault of ours that is mended; what is none is refused again."""
    seal = Seal.from_text(Seal.new_key())
    quarantine = Quarantine(seal)
    log.put(RECEIVED)
    log.add("x", b"{")
    refusals = [
        quarantine.admit(
            Refused(Reason.FAULT, "KeyError at x.py:1", "dvcqg", "k"), HERE, record
        )
        for record in log.records
    ]
    await log.ledger.book(Unit(epoch=None, refusals=refusals))
    cupboard = Cupboard(log.ledger._pool)
    rows = await cupboard.page(Filter(state=None), limit=10)

    await send_back(
        [original(row, seal, offset=n) for n, row in enumerate(rows)],
        ledger=log.ledger, cupboard=cupboard, stands=log._stands, who="test",
    )  # fmt: skip

    assert (await log.booked())["received", 3, 0] == 1
    states = {
        (row.partition.topic, row.offset): (row.state, row.reason)
        for row in await cupboard.page(Filter(state=None), limit=10)
    }
    assert states == {
        ("emc.petitions", 0): ("returned", "fault"),
        ("emc.petitions", 1): ("held", "not_json"),
    }


async def test_a_recompute_books_petitions_anew_and_they_reconcile(
    log: Log, database: str, tmp_path: Path
):
    """Under a policy that gives the answer ten working days only."""
    log.put(RECEIVED, ANSWERED, told("received", august(3), petition="dvcqg|PAKN.8"))
    desk = await log.started()
    await log.read(desk)
    await desk.close()
    assert (await reconciled(database))[0] == 0

    folder = changed(SHIPPED, tmp_path / "reference")
    rules = folder / "policy.toml"
    text = rules.read_text("utf-8")
    rules.write_text(text.replace('clock = "petition_answer"\nn = 15', 'clock = "petition_answer"\nn = 10'), "utf-8")  # fmt: skip
    reference, _ = set_of(folder)
    connection = await asyncpg.connect(database)
    try:
        await recompute.begin(connection, reference)
    finally:
        await connection.close()
    await to_the_end(Job(database, 1), Silent())

    booked = await log.booked()
    # The tenth working day after the 3rd is the 17th; time runs out on the 18th.
    assert booked["late_766", 20, 0] == 1
    assert booked["unsatisfied", 3, AUGUST + 18] == 2
    assert booked["open", 3, AUGUST + 18] == 2
    assert ("on_time_766", 20, 0) not in booked
    status, said = await reconciled(database)
    assert status == 0, said


class Silent:
    """Nobody watches."""

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


async def test_a_drift_of_a_petition_is_found_and_named(log: Log, database: str):
    log.put(RECEIVED, ANSWERED)
    desk = await log.started()
    await log.read(desk)
    await desk.close()
    await log.ledger._pool.execute("UPDATE dossier SET outcome = 10")

    status, said = await reconciled(database)

    assert status == 1
    assert petition_key(CODE) in said
    assert "its column outcome says 10, its events 11" in said


async def test_no_record_of_dossiers_can_reach_a_petitions_row(log: Log):
    """A key says only where to look; one of a petition is not looked for."""
    log.put(RECEIVED)
    petitions = await log.started()
    await log.read(petitions)
    await petitions.close()
    there = Partition("emc.dossiers", 0)

    async def claim(
        partitions: Collection[Partition], generation: int
    ) -> Mapping[Partition, Position]:
        return await log.ledger.claim(
            partitions, owner="o", generation=generation, cluster="c", beginnings={there: 0}
        )

    desk = DossierDesk(
        ledger=log.ledger, log=MemoryLog(), claim=claim, decoder=Decoder(Zone(), DOSSIERS),
        policy=log.policy, quarantine=Quarantine(None, quota=0), health=WorkerHealth(),
        now_ms=lambda: NOW, standing=log._stands.now,
    )  # fmt: skip
    await desk.take_over({there}, 1)
    state = StateChanged("H26-260302-0001", "s", "e", NOW, NOW, 2, "1.004194", "H26")
    record = Kept(0, NOW, petition_key(CODE).encode(), encode(state))
    await desk.take(Batch(there, 0, 0, [record], 1))
    await desk.close()

    keys = await log.ledger._pool.fetch("SELECT key, version FROM dossier ORDER BY key")
    assert [tuple(row) for row in keys] == [(petition_key(CODE), 1), ("H26-260302-0001", 1)]


async def test_a_petition_is_explained_by_its_events_clocks_and_entries(
    log: Log, database: str
):
    log.put(RECEIVED, ANSWERED, told("answered", august(25), id="again", dislikes=2))
    desk = await log.started()
    await log.read(desk)
    await desk.close()

    async def explained(code: str, *, as_json: bool) -> tuple[int, str]:
        out = StringIO()
        status = await explain_petition(
            database, code, own=log.policy, asked=None, as_json=as_json, out=out
        )
        return status, out.getvalue()

    status, page = await explained(CODE, as_json=False)
    assert status == 0
    assert "đã trả lời · answered" in page
    assert "told again: its reactions and attributes only" in page
    assert "15 working days: Decision 766/QĐ-TTg, indicator 5.2" in page
    assert "Verdict by 5.2: on time" in page
    assert "0 likes, 2 dislikes: displeased" in page
    assert "The ledger has booked it 1 times and agrees with all of them" in page

    _, text = await explained(CODE, as_json=True)
    said = json.loads(text)
    [clock] = said["clocks"]
    assert (clock["before"], clock["how"]) == ("2026-08-24T00:00:00+07:00", "kept")
    assert {one["measure"] for one in said["entries"]} == {
        "petition_received", "petition_answered", "petition_on_time_766", "petition_open",
        "petition_unsatisfied", "petition_answer_elapsed", "petition_answer_worked",
    }  # fmt: skip
    with pytest.raises(Refusal, match="no petition"):
        await explained("dvcqg|PAKN.9", as_json=False)
    with pytest.raises(Refusal, match=r"SOURCE\|PAKN"):
        await explained("PAKN.7", as_json=False)


@pytest.mark.parametrize("source", ["%petition", "%petition|x", "petition", "%", ""])
def test_no_dossier_has_a_key_of_a_petition(source: str):
    for code in ("x", petition_key("x"), "H56.14-260803-0001"):
        assert not is_petition(dossier_key(code, source))


def test_the_petition_of_a_key_is_found_again():
    assert petition_of(petition_key("dvcqg|PAKN|7")) == "dvcqg|PAKN|7"


def test_of_what_is_heard_again_every_content_is_kept_once():
    earlier = replace(RECEIVED, arrival_ms=RECEIVED.arrival_ms - 1)
    revised = replace(RECEIVED, revision=1, likes=3)
    file = File("k")

    found = [file.hear(event) for event in (RECEIVED, RECEIVED, revised, RECEIVED, earlier)]

    assert found == [
        None,
        Repeat.DUPLICATE,
        Repeat.REPLACES,
        Repeat.DUPLICATE,
        Repeat.EARLIER,
    ]
    assert file.events == [earlier, revised]
