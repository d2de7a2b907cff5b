"""Ten systems with different fates are each put in the right class, with the right since-when."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from agents.batch import Batch
from agents.edge import Edge
from agents.generate.model import Record
from agents.health import WorkerHealth
from agents.keeper import Keeper
from agents.keys import Keys
from agents.quarantine import Quarantine
from agents.register import Snapshot as Registry
from agents.signals import SignalsDesk
from monitor.domain.connection import Class, Connection, Fact
from monitor.domain.mandate import Mandate
from monitor.domain.measures import Measure
from monitor.domain.rhythm import Thresholds
from monitor.domain.zone import day_number
from monitor.ledger import connections
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Expectation, Source, Sources, Status
from monitor.ledger.unit import Move, Partition, Unit
from monitor.reference.policy import load_policy
from schemas import SIGNALS, Decoder, encode, key
from schemas.event import Signal, Snapshot, StateChanged
from tests.bench.desk import Kept, MemoryLog
from tests.servers.tansu import Tansu
from tests.whole import fates
from tests.whole.fates import HOUR, MINUTE, ZONE, at
from tests.whole.ledger_checks import _fetch
from tests.whole.service import Stage, stage

POLICY = load_policy(Path("deploy/reference"))
CALENDAR = POLICY.legal.calendars.calendar() if POLICY.legal else None
LIVE = date(2026, 1, 26)
REGISTER: dict[str, dict[str, Any]] = {
    "half-units": {"expectations": (Expectation(unit="H26.01"), Expectation(unit="H26.02"))},
    "drifted": {"claiming": True},
    "healthy": {"claiming": True},
    "boarding": {"go_live": date(2026, 2, 23), "owner": "H14", "mandates": (Mandate("H14"),)},
}


async def enter(dsn: str) -> dict[str, Source]:
    sources = {}
    for system in fates.SYSTEMS:
        usual = Source(
            code=system,
            name=system,
            owner="H26",
            status=Status.LIVE,
            go_live=LIVE,
            mandates=(Mandate("H26"),),
        )
        sources[system] = replace(usual, **REGISTER.get(system, {}))
    async with asyncpg.create_pool(dsn, min_size=0, max_size=2) as pool:
        for source in sources.values():
            await Sources(pool).add(source, who="test")
    return sources


async def send(here: Stage, events: Iterable[StateChanged | Snapshot]) -> None:
    await here.produce(
        Record(event.dossier, encode(event), event.arrival_ms) for event in events
    )
    await here.booked()


async def say(dsn: str, signals: Iterable[Signal], *, start: int) -> int:
    """Through the desk of signals, as one batch from a log."""
    here = Partition(SIGNALS.name, 0)
    records = [
        Kept(start + place, signal.arrival_ms, key(signal), encode(signal))
        for place, signal in enumerate(signals)
    ]
    async with Ledger.open(dsn) as ledger:

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await ledger.claim(
                partitions, owner="o", generation=generation, cluster="c", beginnings={here: 0}
            )

        async def batches() -> AsyncIterator[Batch]:
            yield Batch(here, 0, start, records, start + len(records))

        desk = SignalsDesk(
            ledger=ledger,
            log=MemoryLog(),
            claim=claim,
            decoder=Decoder(ZONE, SIGNALS),
            quarantine=Quarantine(None, quota=0),
            health=WorkerHealth(),
            now_ms=lambda: fates.END,
        )
        await desk.take_over({here}, 1)
        await desk.follow(batches())
        await desk.close()
    return start + len(records)


async def refuse_some(dsn: str, source: Source) -> None:
    """From 11 February on it also speaks for a ministry: what the edge says of that is booked."""
    edge = Edge(lambda: Registry((source,), 1), Keys.of("", "secret"), ZONE)
    quarantine = Quarantine(None, quota=0)
    here = Partition(f"emc.in.{source.code}", 0)
    refusals = []
    for offset, arrival in enumerate((at(2, 11, 9, 5), at(2, 12, 8, 15), at(2, 23, 14, 40))):
        foreign = StateChanged(
            f"{source.code}|f{offset}", source.code, f"f{offset}", arrival, arrival, 2,
            "1.004194", "G01.02",
        )  # fmt: skip
        refused = edge.admit(source.code, encode(foreign), (), arrival)
        assert refused.reason == "outside_mandate"  # type: ignore[union-attr]
        record = Kept(offset, arrival, b"", encode(foreign))
        refusals.append(quarantine.admit(refused, here, record))  # type: ignore[arg-type]
    async with Ledger.open(dsn) as ledger:
        claimed = await ledger.claim(
            [here], owner="o", generation=1, cluster="c", beginnings={here: 0}
        )
        await ledger.book(
            Unit(
                epoch=None,
                moves={here: Move(claimed[here].epoch, 0, 3, b"h")},
                refusals=refusals,
            )
        )


class Office:
    """The keeper of the test, whose clock is on the table."""

    def __init__(
        self, connection: Any, sources: Mapping[str, Source], told: fates.Story
    ) -> None:
        self.now = 0
        self.told = told
        self.connection = connection
        self.sources = sources
        self.keeper = Keeper(POLICY, Thresholds(), now_ms=lambda: self.now)

    async def look(self, now: int) -> None:
        """A round at this time; each source is judged in it."""
        self.now = now
        while await self.keeper.round(self.connection):
            pass

    async def judged(self, system: str, now: int) -> Connection:
        return await self.keeper.judge(self.connection, self.sources[system], now)


async def test_ten_systems_are_put_in_the_right_class_since_the_right_time(
    tansu: Tansu, database: str, tmp_path: Path
):
    assert CALENDAR is not None
    told = fates.story(CALENDAR)
    await migrate(database)
    sources = await enter(database)
    before_tet = at(2, 14)
    async with stage(tansu.bootstrap, database, tmp_path, partitions=2) as here:
        worker = here.worker(reference="deploy/reference")
        await asyncio.to_thread(worker.start)
        connection = await asyncpg.connect(database)
        try:
            office = Office(connection, sources, told)
            await send(here, (e for e in told.events if e.arrival_ms < before_tet))
            offset = await say(
                database, (s for s in told.signals if s.arrival_ms < before_tet), start=0
            )
            await refuse_some(database, sources["wrong-agency"])
            await office.look(before_tet)
            await _as_it_stood_before_tet(office)

            await send(here, (e for e in told.events if e.arrival_ms >= before_tet))
            await say(
                database, (s for s in told.signals if s.arrival_ms >= before_tet), start=offset
            )
            await office.look(fates.END)
            await _nobody_is_silent_in_tet(office)
            await _as_it_stood_at_the_end(office)
            await _restarts_change_nothing(office)
            await _a_resend_closes_the_gap(here, office)
            await _five_thousand_come_on_board(here, office)
        finally:
            await connection.close()


async def _as_it_stood_before_tet(office: Office) -> None:
    silent = await office.judged("silent", at(2, 12, 16))
    assert silent.word is Class.INTERRUPTED
    burst = await office.judged("burst", at(2, 13, 11))
    assert burst.word is Class.CONNECTED
    # Back since its first event after the outage; before that since the last one before.
    assert burst.since_ms // MINUTE == fates.OUTAGE[1] // MINUTE
    assert [fact.fact for fact in burst.facts] == [Fact.BURST]
    assert burst.facts[0].since_ms // MINUTE == fates.OUTAGE[1] // MINUTE
    (outage,) = [spell for spell in burst.spells if spell.word is Class.INTERRUPTED]
    assert 0 <= fates.OUTAGE[0] - outage.since_ms < 15 * HOUR
    assert outage.until_ms is not None
    assert outage.until_ms // MINUTE == fates.OUTAGE[1] // MINUTE


async def _nobody_is_silent_in_tet(office: Office) -> None:
    for system in ("half-units", "healthy", "duplicates", "clock", "wrong-agency", "burst"):
        for now in (at(2, 14, 10), at(2, 18, 3), at(2, 20, 15), at(2, 22, 23)):
            judged = await office.judged(system, now)
            assert judged.word in (Class.CONNECTED, Class.PARTIAL), (system, now)


async def _as_it_stood_at_the_end(office: Office) -> None:
    found = {system: await office.judged(system, fates.END) for system in fates.SYSTEMS}
    words = {system: judged.word.value for system, judged in found.items()}
    assert words == {
        "silent": "interrupted",
        "half-units": "partial",
        "drifted": "mismatch",
        "maintenance": "connected",
        "healthy": "connected",
        "never": "not_connected",
        "duplicates": "connected",
        "clock": "connected",
        "wrong-agency": "connected",
        "burst": "connected",
        "boarding": "connected",
    }

    def last(system: str, unit: str = "") -> int:
        return max(
            event.arrival_ms
            for event in office.told.events
            if event.source == system and event.agency.endswith(unit)
        )

    since = {system: judged.since_ms for system, judged in found.items()}
    assert since["silent"] == last("silent")
    assert since["half-units"] == last("half-units", ".02")
    assert since["drifted"] == at(2, 11)
    assert since["never"] == at(1, 26)
    assert since["burst"] // MINUTE == at(2, 13, 10) // MINUTE
    # Since the first hour of the first day; nothing has disturbed them since.
    for system in ("maintenance", "healthy", "duplicates", "clock", "wrong-agency"):
        assert at(1, 26, 7, 30) <= since[system] < at(1, 26, 9), system
    assert found["half-units"].absent == ["unit H26.02"]

    facts = {
        system: [(noted.fact, noted.since_ms, noted.detail) for noted in judged.facts]
        for system, judged in found.items()
        if judged.facts
    }
    assert facts == {
        "maintenance": [(Fact.MAINTENANCE, at(2, 23, 6), "upgrade: upgrade")],
        "duplicates": [(Fact.REPEATS, at(2, 11, 7), facts["duplicates"][0][2])],
        "clock": [(Fact.CLOCK, at(2, 12, 7), "about 60 minutes behind")],
        "wrong-agency": [(Fact.OUTSIDE, at(2, 11, 9), "3 refused")],
    }

    # Working time of February until then: ten days before Tết and one after it, of eight hours,
    # and six hours of the last; for the one on board since Monday without what was before.
    assert {judged.working_ms for judged in found.values() if judged.maintenance is False} == {
        (11 * 8 + 6) * HOUR,
        (8 + 6) * HOUR,
    }
    assert found["healthy"].connected_ms == found["healthy"].working_ms
    assert found["never"].connected_ms == 0
    # Away as announced is not held against it, and the time is not counted at all.
    away = found["maintenance"]
    assert away.working_ms == away.connected_ms == 10 * 8 * HOUR
    lost = found["burst"].working_ms - found["burst"].connected_ms
    assert 8 * HOUR <= lost < 10 * HOUR  # from 8:30 to 10:00 of the day after
    assert found["healthy"].silence_ms == 60 * MINUTE  # three of its heartbeats
    assert (found["healthy"].p50_ms, found["healthy"].p95_ms) == (10_000, 20_000)  # by bins


async def _restarts_change_nothing(office: Office) -> None:
    """How connections stand is in the ledger, and can be told from the activity again."""
    await office.look(fates.END)
    stood = await connections.standings(office.connection)
    spells = [await connections.spells(office.connection, system) for system in fates.SYSTEMS]
    await office.connection.execute("DELETE FROM connection; DELETE FROM connection_spell")

    again = Office(office.connection, office.sources, office.told)
    await again.look(fates.END)

    assert await connections.standings(office.connection) == stood
    assert [
        await connections.spells(office.connection, system) for system in fates.SYSTEMS
    ] == spells


async def _a_resend_closes_the_gap(here: Stage, office: Office) -> None:
    """The drifted system finds what it had not sent on Monday, and sends it."""
    monday = day_number(date(2026, 2, 23))
    found = await connections.reconcile(office.connection, "drifted", monday)
    assert (found.claimed - found.counted, found.differing) == (5, 5)

    await send(
        here,
        (
            StateChanged(
                f"drifted|lost-{place}", "drifted", f"lost-{place}", at(2, 23, 10),
                at(2, 24, 15, 30) + place, 2, "1.004194", "H26.01", channel=2, level=4,
            )
            for place in range(5)
        ),
    )  # fmt: skip
    await office.look(at(2, 24, 16))

    judged = await office.judged("drifted", at(2, 24, 16))
    assert (judged.word, judged.since_ms) == (Class.CONNECTED, at(2, 24, 15, 30) + 4)
    history = await connections.comparisons(office.connection, "drifted", monday)
    assert [one.differing for _, one in history] == [5, 0]
    (cell,) = (await connections.reconcile(office.connection, "drifted", monday)).cells
    assert (cell.late, cell.another) == (5, 5)


async def _five_thousand_come_on_board(here: Stage, office: Office) -> None:
    noon = at(2, 23, 12)
    before = await office.judged("boarding", noon)
    assert (before.word, before.since_ms) == (Class.NOT_CONNECTED, at(2, 23))
    accepted = await _booked(here, Measure.ACCEPTED)
    warned = await _booked(here, Measure.WARNED)

    await send(here, fates.snapshots(5_000))
    await office.look(at(2, 24, 16))

    after = await office.judged("boarding", noon)
    assert (after.word, after.since_ms) == (Class.NOT_CONNECTED, at(2, 23))
    assert await _booked(here, Measure.ACCEPTED) == accepted
    assert await _booked(here, Measure.BOARDED) == 5_000
    assert await _booked(here, Measure.WARNED) == warned


async def _booked(here: Stage, measure: Measure) -> int:
    [row] = await _fetch(
        here.database,
        "SELECT coalesce(sum(amount), 0)::int8 AS amount FROM journal WHERE measure = $1",
        measure,
    )
    amount: int = row["amount"]
    return amount
