"""A broker that asks who one is and lets nobody do more than the recipes of the how-to say."""

import asyncio
import io
import json
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from agents import position_command
from agents.kafka import Kafka, Security
from agents.topics import make_inbound
from tests.servers.kafka import TOOLS, KafkaCluster, kafka_tool
from tests.servers.require import ROOT
from tests.whole.inbound import front, of
from tests.whole.service import life

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "how-to" / "connect-kafka.md"
SYSTEM = "moha-onestop"


def recipes(bootstrap: str) -> Iterator[list[str]]:
    """Every command of the page that makes a user or an ACL, for this broker."""
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0] in TOOLS and words[0] != "kafka-topics.sh":
                given = " ".join(words).replace(" --command-config admin.properties", "")
                yield given.replace("kafka1:9092", bootstrap).split()


def known_as(bootstrap: str, user: str, password: str) -> Kafka:
    return Kafka(
        bootstrap=bootstrap, security=Security.SASL_PLAINTEXT, user=user, password=password
    )


async def writes(kafka: Kafka, topic: str, value: bytes = b"{}") -> None:
    producer = AIOKafkaProducer(**kafka.client(), acks="all", enable_idempotence=True)
    try:
        await producer.start()
        await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def reads(kafka: Kafka, topic: str, group: str | None) -> None:
    async with AIOKafkaConsumer(
        **kafka.client(), group_id=group, auto_offset_reset="earliest"
    ) as consumer:
        if group:
            consumer.subscribe([topic])
        else:
            consumer.assign([TopicPartition(topic, 0)])
        await asyncio.wait_for(consumer.getone(), 10)


async def test_a_system_writes_to_its_topic_and_nowhere_else_and_the_service_measures_it(
    kafka_cluster: Callable[..., KafkaCluster], database: str, tmp_path: Path
):
    cluster = kafka_cluster(nodes=1, guarded=True)
    async with front(cluster.bootstrap, database, tmp_path) as here:
        made = [
            asyncio.to_thread(kafka_tool, *command) for command in recipes(cluster.bootstrap)
        ]
        assert len(made) == 5
        await asyncio.gather(*made)
        service = known_as(cluster.guarded, "emc", "SECRET-OF-EMC")
        system = known_as(cluster.guarded, SYSTEM, "SECRET-OF-MOHA")
        for code in (SYSTEM, "another"):
            assert await make_inbound(service, f"emc.in.{code}")

        for topic in ("emc.in.another", "emc.in.not-there", here.here.topic):
            with pytest.raises(TopicAuthorizationFailedError):
                await writes(system, topic)
        with pytest.raises(TopicAuthorizationFailedError):
            await reads(system, f"emc.in.{SYSTEM}", None)
        with pytest.raises(GroupAuthorizationFailedError):
            await reads(system, f"emc.in.{SYSTEM}", "emc-ingest")
        with pytest.raises(KafkaError):
            await writes(known_as(cluster.guarded, SYSTEM, "a guess"), f"emc.in.{SYSTEM}")

        secret = tmp_path / "password"
        secret.write_text("SECRET-OF-EMC\n")
        named = {
            "kafka": cluster.guarded,
            "kafka_security": "sasl_plaintext",
            "kafka_user": "emc",
            "kafka_password_file": str(secret),
            "group": "emc-dossiers",
            "ingest_group": "emc-ingest",
        }
        here.suffix = "onestop"
        assert await here.register("moha", topic=False) == SYSTEM
        ingest, worker = here.ingest(None, **named), here.here.worker(**named)
        await asyncio.to_thread(ingest.start)
        await asyncio.to_thread(worker.start)
        events = of(SYSTEM, life(20, bad=0))
        await here.send(SYSTEM, events, **system.client())
        await here.taken_in()

        [(counted,)] = await here.fetch("SELECT sum(amount) FROM tally WHERE name = 'counted'")
        assert counted == len({json.loads(event.value)["id"] for event in events})
        out = io.StringIO()
        assert not await position_command.show(database, service, as_json=True, out=out)
        assert f'"emc.in.{SYSTEM}"' in out.getvalue()
        for process in (ingest, worker):
            assert "SECRET" not in process.said()
            assert "Traceback" not in process.said()
