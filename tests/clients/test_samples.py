"""The samples for Java, C#, curl and SQL, compiled and run as their first lines say."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from tests.clients.conftest import CLIENTS
from tests.gateway.service import event, lines, on_topic
from tests.servers.require import require, require_kafka_jars
from tests.servers.topics import create_topic


def run(*command: str, token: str = "", said: bytes = b"", cwd: Path | None = None) -> str:
    """What a command says; fails with what it complains of."""
    done = subprocess.run(
        command, input=said, capture_output=True, timeout=120, check=False, cwd=cwd,
        env={**os.environ, "EMC_TOKEN": token},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


async def ids(here) -> list[str]:
    found = await on_topic(here.bootstrap, here.topic)
    return sorted(json.loads(one.value)["id"] for one in found)


async def test_java_csharp_and_curl_tell_the_gateway(here, tmp_path):
    url, token = f"{here.gateway.url}/v1/events", here.token
    java = await asyncio.to_thread(
        run, require("java"), str(CLIENTS / "java" / "Emit.java"), url, "H56.14-260803-0001",
        "1001", token=token,
    )  # fmt: skip
    compiled = str(tmp_path / "Emit.exe")
    run(
        require("mcs"), str(CLIENTS / "csharp" / "Emit.cs"), "-r:System.Net.Http.dll",
        f"-out:{compiled}",
    )  # fmt: skip
    csharp = await asyncio.to_thread(
        run, require("mono"), compiled, url, "H56.14-260803-0002", "1002", token=token
    )
    curl = await asyncio.to_thread(
        run, "sh", str(CLIENTS / "curl" / "emit.sh"), url, token=token,
        said=lines([event(1003), event(1004)]),
    )  # fmt: skip

    assert (java, csharp) == ("accepted\n", "accepted\n")
    assert json.loads(curl)["accepted"] == 2
    assert await ids(here) == ["00001003", "00001004", "1001", "1002"]


def test_curl_says_by_its_status_that_something_was_refused(here, tmp_path):
    done = subprocess.run(
        ["sh", str(CLIENTS / "curl" / "emit.sh"), f"{here.gateway.url}/v1/events"],
        input=lines([event(1, state=11), event(2)]), capture_output=True, timeout=60,
        env={**os.environ, "EMC_TOKEN": here.token}, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert json.loads(done.stdout)["refused"] == 1


async def test_a_java_producer_with_its_own_partitioner_fills_an_inbound_topic(kafka):
    topic = await create_topic(kafka.bootstrap, "emc.in.H56-onestop", partitions=3)
    said = await asyncio.to_thread(
        run, require("java"), "-cp", f"{require_kafka_jars()}/*",
        str(CLIENTS / "java" / "KafkaEmit.java"), kafka.bootstrap, topic,
        said=lines([event(number) for number in range(1, 51)]),
    )  # fmt: skip

    found = await on_topic(kafka.bootstrap, topic, partitions=3)
    assert said == "50 sent\n"
    assert sorted(json.loads(one.value)["id"] for one in found) == [
        f"{number:08d}" for number in range(1, 51)
    ]
    # By agency, of which there is one here; by key there would be several partitions.
    assert len({one.partition for one in found}) == 1


HO_SO = """
    CREATE TABLE ho_so (
        ma_ho_so text PRIMARY KEY, trang_thai integer NOT NULL, ma_tthc text, ma_don_vi text,
        kenh_thuc_hien integer, muc_do integer, ngay_tiep_nhan timestamptz, ngay_hen_tra timestamptz
    )
"""


@pytest.fixture
async def onestop(postgres) -> str:
    """The database of a procedure-handling system, with the outbox of our recipe."""
    dsn: str = postgres.dsn(await postgres.create())
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(HO_SO)
        await connection.execute((CLIENTS / "sql" / "outbox_postgresql.sql").read_text())
    finally:
        await connection.close()
    return dsn


async def test_a_change_and_its_event_are_one_transaction(onestop):
    connection = await asyncpg.connect(onestop)
    try:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO ho_so VALUES ('H56.14-260803-0001', 2, '1.004194', 'H56.14', 2, 4,"
                " '2026-08-03 08:00+07', '2026-08-10 17:00+07')"
            )
        await connection.execute("UPDATE ho_so SET muc_do = 3")  # no event: the state stays
        undone = connection.transaction()
        await undone.start()
        await connection.execute("UPDATE ho_so SET trang_thai = 9")
        await undone.rollback()
        await connection.execute("UPDATE ho_so SET trang_thai = 4")
        events = [
            json.loads(row["event"])
            for row in await connection.fetch("SELECT event FROM emc_outbox ORDER BY number")
        ]
    finally:
        await connection.close()

    assert [event["data"]["state"] for event in events] == [2, 4]
    assert events[0]["data"] == {
        "dossier": "H56.14-260803-0001", "state": 2, "procedure": "1.004194",
        "agency": "H56.14", "channel": 2, "level": 4,
        "receipt_date": "2026-08-03T08:00:00+07:00", "due_at": "2026-08-10T17:00:00+07:00",
    }  # fmt: skip


async def test_the_relay_carries_an_outbox_and_marks_what_was_refused(here, onestop, kit):
    connection = await asyncpg.connect(onestop)
    await connection.execute(
        "INSERT INTO ho_so SELECT 'H56.14-260803-' || lpad(n::text, 4, '0'), 2, '1.004194',"
        " CASE n WHEN 7 THEN 'H01.1' ELSE 'H56.14' END, 2, 4, '2026-08-03 08:00+07', NULL"
        " FROM generate_series(1, 20) AS n"
    )
    await connection.execute("UPDATE emc_outbox SET event = '{}' WHERE dossier LIKE '%0007'")
    relay = subprocess.Popen(  # noqa: ASYNC220 - begins at once
        [sys.executable, "emc_relay.py", f"{here.gateway.url}/v1/events", onestop],
        cwd=kit, env={**os.environ, "EMC_TOKEN": here.token},
    )  # fmt: skip
    try:
        async with asyncio.timeout(30):
            while await connection.fetchval(
                "SELECT count(*) FROM emc_outbox WHERE sent_at IS NULL AND refused IS NULL"
            ):
                await asyncio.sleep(0.1)
        sent = await connection.fetchval(
            "SELECT count(*) FROM emc_outbox WHERE sent_at IS NOT NULL"
        )
        refused = await connection.fetch(
            "SELECT dossier, refused FROM emc_outbox WHERE refused <> ''"
        )
    finally:
        relay.send_signal(signal.SIGTERM)
        ended = relay.wait(30)
        await connection.close()

    assert ended == 0
    assert sent == 19
    assert [tuple(row) for row in refused] == [("H56.14-260803-0007", "missing_field type")]
    assert len(await ids(here)) == 19


def test_the_connector_of_debezium_routes_the_outbox_to_the_topic_of_a_source():
    """Held to the recipe's own columns; the connector itself is not run here."""
    config = json.loads((CLIENTS / "sql" / "debezium.json").read_text())["config"]
    columns = (CLIENTS / "sql" / "outbox_postgresql.sql").read_text()

    for name in ("event.id", "event.key", "event.payload"):
        assert f"\n    {config[f'transforms.outbox.table.field.{name}']} " in columns
    assert config["transforms.outbox.route.topic.replacement"].startswith("emc.in.")
