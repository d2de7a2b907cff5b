"""No identifier leaves the edge: planted in every field of every kind, and looked for everywhere.

From the inbound record through the edge, the canonical topics, a worker and its ledger to what is
served: topics, all tables, quarantine, logs and metrics are searched for every form of what was
planted. What may remain is written down here, and argued in
docs/explanation/quarantine-and-privacy.md.
"""

import asyncio
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from agents.edge import Admitted, Edge
from agents.keys import Keys
from agents.register import Register, Snapshot, new_token, token_hash
from monitor.domain.mandate import Mandate
from monitor.domain.zone import Zone
from monitor.ledger.sources import Source, Sources, Via
from schemas.kinds import CATALOGUE, SIGNALS
from tests.gateway.service import LINES, Gateway
from tests.servers.kafka import KafkaNode
from tests.servers.process import Server
from tests.whole.identifiers import NEEDLES, NUMBER, PLANTED, Plant, plants, seen_in
from tests.whole.inbound import Front, front
from tests.whole.service import KEY

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
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with front(kafka.bootstrap, database, tmp_path) as here:
        code = await here.register("country")
        sown = [plant for plant in plants(code) if (plant.type, plant.field) not in REMAINS]
        await knocked(database)
        ingest, worker = here.ingest(), here.here.worker()
        serve, gateway = serving(database, tmp_path), at_the_door(here, tmp_path)
        token = await allowed(here, "door")
        for process in (ingest, worker, serve, gateway):
            await asyncio.to_thread(process.start)
        try:
            await sow(here, code, sown)
            told = await call(gateway, token, list(plants(here.code("door"))))
            await here.taken_in(120)
            shown = [metrics_of(process) for process in (ingest, worker, serve, gateway)]
        finally:
            gateway.stop()
            serve.stop()
        for process in (ingest, worker):
            process.kill()
        written = {topic: await everything_on(here, topic) for topic in topics(here)}
        refused = await here.fetch(
            "SELECT source, count(*)::int AS records, count(sealed)::int AS sealed"
            " FROM quarantine GROUP BY source"
        )

    found = {
        **{topic: seen_in(content) for topic, content in written.items()},
        "metrics": seen_in("\n".join(shown).encode()),
        "logs": seen_in(logs(tmp_path)),
        **{table: seen_in(content) for table, content in (await everything(database)).items()},
    }
    assert {place: seen for place, seen in found.items() if seen} == {}
    # What the edge refuses is kept, sealed; what it lets in, the worker takes.
    assert {source for source, *_ in refused} == {code, here.code("door")}
    assert all(records == sealed > 500 for _, records, sealed in refused)
    assert all(written.values())
    assert told["accepted"] > 1_000
    assert told["unwritten"] == 0


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


def numbered(source: str) -> Iterator[Plant]:
    """A number in every field of every kind."""
    for plant in plants(source):
        if plant.what == "citizen":
            value = plant.value.replace(b'"079203001234"', str(NUMBER).encode())
            yield Plant(plant.type, plant.field, plant.what, value)


async def knocked(dsn: str) -> None:
    """Who is not in the register, by names that tell who they are."""
    async with (
        asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool,
        Register(Sources(pool), now=lambda: NOW) as register,
    ):
        for what, said in PLANTED.items():
            register.note_unknown(Via.NAME, said)
            register.note_unknown(Via.TOKEN, said)
            if what not in NAMES:  # topics are named by an administrator
                register.note_unknown(Via.TOPIC, f"emc.in.{said}")


async def allowed(here: Front, name: str) -> str:
    """A source that comes over HTTP; its token."""
    code, token = await here.register(name, topic=False), new_token()
    async with asyncpg.create_pool(here.here.database, min_size=0, max_size=1) as pool:
        await Sources(pool).admit(
            code, token_hash(token), valid_from=datetime(2020, 1, 1, tzinfo=UTC), who="lan"
        )
    return token


def at_the_door(here: Front, folder: Path) -> Gateway:
    settings = {
        "EMC_KAFKA": here.here.bootstrap,
        "EMC_DATABASE": here.here.database,
        "EMC_TOPIC": here.here.topic,
        "EMC_PETITIONS_TOPIC": here.here.petitions,
        "EMC_QUARANTINE_KEY": KEY,
        "EMC_APPLICANT_KEY": "a secret of this test",
        "EMC_GATEWAY_PORT": "0",
        "EMC_GATEWAY_METRICS_PORT": "0",
        "EMC_GATEWAY_RATE": "0",
    }
    return Gateway(settings, folder / "gateway.log")


async def call(gateway: Gateway, token: str, sown: list[Plant]) -> Any:
    """A part of it as lines over HTTP, with identifiers around it; what became of it."""
    given = [
        plant.value
        for number, plant in enumerate(sown)
        if not plant.headers and number % 5 == 0 and (plant.type, plant.field) not in REMAINS
    ]
    async with httpx.AsyncClient(base_url=gateway.url, timeout=120) as client:
        answer = await client.post(
            "/v1/events",
            params={"user": PLANTED["citizen"]},
            content=b"\n".join(given) + b"\n",
            headers={
                "authorization": f"Bearer {token}",
                "content-type": LINES,
                "x-user": PLANTED["telephone"],
                "user-agent": PLANTED["e-mail"],
            },
        )
        await client.get(f"/v1/{PLANTED['citizen']}")
        await client.post("/v1/events", headers={"authorization": f"Bearer {NUMBER}"})
    assert answer.status_code < 300, answer.text[:500]
    return answer.json()


async def sow(here: Front, code: str, sown: Iterable[Plant]) -> None:
    """Onto the source's topic; what is planted is the key too."""
    topic = f"emc.in.{code}"
    async with AIOKafkaProducer(
        bootstrap_servers=here.here.bootstrap, acks="all", linger_ms=5
    ) as producer:
        sent = [
            await producer.send(
                topic,
                plant.value,
                key=PLANTED[plant.what].encode(),
                headers=list(plant.headers),
            )
            for plant in sown
        ]
        for future in sent:
            here.ends[topic] = max(here.ends[topic], (await future).offset + 1)


def topics(here: Front) -> list[str]:
    """Every canonical topic, as it is called here."""
    return [here.here.topic, here.here.petitions, SIGNALS.name, CATALOGUE.name]


async def everything_on(here: Front, topic: str) -> bytes:
    """Keys, values and headers of all records of a topic."""
    found = []
    async with AIOKafkaConsumer(
        topic,
        bootstrap_servers=here.here.bootstrap,
        group_id=None,
        auto_offset_reset="earliest",
    ) as consumer:
        partitions = list(consumer.assignment())
        ends = await consumer.end_offsets(partitions)
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                for records in (await consumer.getmany(timeout_ms=200)).values():
                    for record in records:
                        found += [record.key or b"", record.value or b""]
                        found.append(repr(record.headers).encode())
    return b"\n".join(found)


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


def metrics_of(server: Server) -> str:
    [address] = re.findall(r"(?:metrics|serving): http://([^/\s]+)", server.said())
    with urlopen(f"http://{address}/metrics", timeout=30) as answer:
        return str(answer.read().decode())
