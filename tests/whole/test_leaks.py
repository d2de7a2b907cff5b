"""No identifier leaves the edge: planted in every field of every kind, and looked for everywhere.

From the inbound record through the edge, the canonical topics, a worker and its ledger to what is
served: topics, all tables, quarantine, logs and metrics are searched for every form of what was
planted. What may remain is written down here, and argued in
docs/explanation/quarantine-and-privacy.md.
"""

import asyncio
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import asyncpg
import pytest

from agents.edge import Admitted, Edge
from agents.generate.model import Record
from agents.keys import Keys
from agents.quarantine import Quarantine, Seal
from agents.register import Register, Snapshot
from monitor.domain.mandate import Mandate
from monitor.domain.zone import Zone
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Source, Sources, Via
from monitor.ledger.unit import Partition, Unit
from schemas.refusal import Refused
from tests.servers.process import Server
from tests.servers.tansu import Tansu
from tests.servers.topics import consume
from tests.whole.identifiers import NEEDLES, NUMBER, PLANTED, Plant, plants, seen_in
from tests.whole.ledger_checks import tallied
from tests.whole.service import KEY, Worker, stage

NOW: Final = datetime(2026, 8, 3, 1, tzinfo=UTC)
ARRIVAL_MS: Final = 1_785_719_551_123
KEYS: Final = Keys.of("", "the secret of this test")
# One that may say everything: what stays outside must not hang on a mandate.
COUNTRY: Final = Source(code="country", name="n", owner="G15", mandates=(Mandate("*"),))

NAMES: Final = {
    "name", "name in capitals", "name without marks", "name in one word", "name decomposed",
    "address",
}  # fmt: skip
# Titles that are published as they are, and a figure that is a number.
REMAINS: Final = {
    ("external.claim.v1", "survey"): NAMES,
    ("external.claim.v1", "indicator"): {"name in one word"},
    ("external.claim.v1", "value"): {"citizen", "card", "tax code", "telephone"},
    ("catalogue.procedure.v1", "name"): NAMES,
    ("catalogue.agency.v1", "name"): NAMES,
}
# Fields of numbers, where a number is a number.
COUNTED: Final = {
    "amount", "sequence", "revision", "count", "waiting", "numerator", "denominator",
    "respondents", "duration_ms", "paused_ms",
}  # fmt: skip


def an_edge() -> Edge:
    snapshot = Snapshot((COUNTRY,), 1)
    return Edge(lambda: snapshot, KEYS, Zone())


def test_nothing_that_was_planted_goes_on_but_titles_and_figures():
    edge = an_edge()
    went_on: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    admitted = 0

    for plant in plants("country"):
        found = edge.admit("country", plant.value, plant.headers, ARRIVAL_MS)
        if isinstance(found, Admitted):
            admitted += 1
            if seen := seen_in(found.key + b"\n" + found.value):
                went_on[plant.type, plant.field] |= seen
        else:
            assert not seen_in(repr(found).encode()), plant

    assert went_on == REMAINS
    assert admitted > 5_000  # most are let in, and measured
    assert not seen_in(repr((edge.noticed, edge.refused, edge.admitted)).encode())


def test_a_number_stays_where_only_a_number_can_be():
    """An amount and an identity number look alike; codes that no list knows say nothing."""
    edge = an_edge()
    stayed = set()

    for plant in numbered("country"):
        found = edge.admit("country", plant.value, (), ARRIVAL_MS)
        if isinstance(found, Admitted) and str(NUMBER).encode() in found.value:
            stayed.add(plant.field)

    assert stayed <= COUNTED
    assert {"amount", "sequence", "revision"} <= stayed


def test_what_is_looked_for_would_be_found():
    """Every form that is planted is one that is looked for, in each encoding."""
    for what, said in PLANTED.items():
        assert what in seen_in(said.encode())
        assert what in seen_in(repr({"x": said}).encode())
    assert set(NEEDLES) == set(PLANTED)


@pytest.mark.slow
async def test_no_identifier_is_in_what_the_service_writes(
    tansu: Tansu, database: str, tmp_path: Path
):
    await migrate(database)
    sown = [plant for plant in plants("country") if (plant.type, plant.field) not in REMAINS]
    async with (
        stage(tansu.bootstrap, database, tmp_path, partitions=1) as here,
        asyncpg.create_pool(database, min_size=0, max_size=2) as pool,
    ):
        await Sources(pool).add(COUNTRY, who="lan")
        async with Register(Sources(pool), now=lambda: NOW) as register:
            edge = Edge(
                lambda: register.snapshot,
                KEYS,
                Zone(),
                topics={"emc.dossiers": here.topic},
            )
            going_on, refused = through(edge, sown)
            for what, said in PLANTED.items():
                register.note_unknown(Via.NAME, said)
                register.note_unknown(Via.TOKEN, said)
                if what not in NAMES:  # topics are named by an administrator
                    register.note_unknown(Via.TOPIC, f"emc.in.{said}")
        await quarantined(database, refused)
        worker, serve = here.worker(), serving(here.database, tmp_path)
        await asyncio.to_thread(worker.start)
        await asyncio.to_thread(serve.start)
        try:
            dossiers = [found for found in going_on if found.topic == here.topic]
            await here.produce(
                Record(found.key.decode(), found.value, ARRIVAL_MS) for found in dossiers
            )
            await here.booked()
            shown = [metrics_of(worker), metrics_of(serve)]
        finally:
            serve.stop()
        worker.kill()
        records = await consume(here.bootstrap, here.topic, len(dossiers))

    assert len(refused) > 1_000
    # What the edge lets in, the worker takes.
    assert (await tallied(database)).get("refused", 0) == 0
    found = {
        "canonical topics": seen_in(
            b"\n".join(
                [each.value + b"\n" + each.key for each in going_on]
                + [repr((each.key, each.value, each.headers)).encode() for each in records]
            )
        ),
        "metrics": seen_in("\n".join(shown).encode()),
        "logs": seen_in(logs(tmp_path)),
        **{table: seen_in(content) for table, content in (await everything(database)).items()},
    }
    assert {place: seen for place, seen in found.items() if seen} == {}


async def test_the_search_of_the_ledger_finds_what_is_there(database: str):
    """Text, bytes and JSON alike."""
    connection = await asyncpg.connect(database)
    await connection.execute("CREATE TABLE t (a text, b bytea, c jsonb, d text[])")
    for column, value in (
        ("a", PLANTED["name"]),
        ("b", PLANTED["citizen"].encode()),
        ("c", json.dumps({"x": [PLANTED["telephone"]]})),
        ("d", [PLANTED["e-mail"]]),
    ):
        await connection.execute(f"INSERT INTO t ({column}) VALUES ($1)", value)
    await connection.close()

    assert seen_in((await everything(database))["t"]) == {
        "name", "citizen", "telephone", "e-mail"
    }  # fmt: skip


def through(
    edge: Edge, sown: list[Plant]
) -> tuple[list[Admitted], list[tuple[Plant, Refused]]]:
    going_on, refused = [], []
    for plant in sown:
        found = edge.admit("country", plant.value, plant.headers, ARRIVAL_MS)
        if isinstance(found, Admitted):
            going_on.append(found)
        else:
            refused.append((plant, found))
    return going_on, refused


def numbered(source: str) -> Iterator[Plant]:
    """A number in every field of every kind."""
    for plant in plants(source):
        if plant.what == "citizen":
            value = plant.value.replace(b'"079203001234"', str(NUMBER).encode())
            yield Plant(plant.type, plant.field, plant.what, value)


class Raw:
    """A refused record as an inbound topic has it."""

    def __init__(self, offset: int, plant: Plant) -> None:
        self.offset = offset
        self.timestamp = ARRIVAL_MS
        self.key = plant.value[:40]
        self.value = plant.value
        self.headers = plant.headers


async def quarantined(dsn: str, refused: list[tuple[Plant, Refused]]) -> None:
    """As whoever takes records in books what the edge refuses."""
    quarantine = Quarantine(Seal.from_text(KEY), quota=10_000)
    here = Partition("emc.in.country", 0)
    async with Ledger.open(dsn) as ledger:
        unit = Unit(
            shard=-2,
            refusals=[
                quarantine.admit(reason, here, Raw(offset, plant))
                for offset, (plant, reason) in enumerate(refused)
            ],
        )
        await ledger.book(unit)


async def everything(dsn: str) -> dict[str, bytes]:
    """All that is in each table: texts as UTF-8, bytes as they are."""

    def plain(value: Any) -> bytes:
        return value if isinstance(value, bytes) else str(value).encode()

    connection = await asyncpg.connect(dsn)
    try:
        tables = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p')"
            " AND relnamespace = 'public'::regnamespace"
        )
        return {
            table: b"\n".join(
                plain(value)
                for row in await connection.fetch(f'SELECT * FROM "{table}"')
                for value in row.values()
            )
            for (table,) in tables
        }
    finally:
        await connection.close()


def logs(folder: Path) -> bytes:
    """What all processes have written of what they do."""
    return b"\n".join(log.read_bytes() for log in folder.glob("*.log"))


def serving(dsn: str, folder: Path) -> Server:
    return Server(
        "serve",
        [sys.executable, "-m", "monitor.cli", "serve"],
        log=folder / "serve.log",
        ready=lambda server: "serving: " in server.said(),
        environment={"EMC_DATABASE": dsn, "EMC_SERVE_PORT": "0"},
        patience_s=60,
    )


def metrics_of(server: Server | Worker) -> str:
    address = server.said().split("http://")[1].split()[0].removesuffix("/metrics")
    with urlopen(f"http://{address}/metrics", timeout=30) as answer:
        return str(answer.read().decode())
