"""Topics that the service needs: made as they have to be, and looked at whether they still are."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from agents.kafka import Kafka
from monitor.ledger.sources import INBOUND
from schemas.kinds import CATALOGUE, SIGNALS

TIMESTAMP_TYPE: Final = "message.timestamp.type"
LOG_APPEND_TIME: Final = "LogAppendTime"
LARGEST_MESSAGE: Final = 256 * 1024  # a batch of records that are refused above 64 KiB each
OTHER_PARTITIONS: Final = 6  # of topics that carry less than dossiers
DAY_MS: Final = 24 * 60 * 60 * 1000


class TopicState(StrEnum):
    """How an inbound topic stands."""

    READ = "read"
    MISSING = "missing"  # nobody has made it yet, or we may not see it
    NOBODYS = "nobodys"  # of no source that is taken: not read
    PRODUCERS_TIME = "producers_time"  # not LogAppendTime: nobody would know when a record came
    ANOTHER_LOG = "another_log"  # made anew or cut since it was read: see `emc position show`


@asynccontextmanager
async def administering(kafka: Kafka) -> AsyncIterator[AIOKafkaAdminClient]:
    """Raises `KafkaError` where no broker answers."""
    admin = AIOKafkaAdminClient(**kafka.client())
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def make_inbound(
    kafka: Kafka,
    topic: str,
    *,
    partitions: int = 1,
    replication: int = -1,
    retention_days: int = 7,
) -> bool:
    """Make a source's topic as it has to be; False if it is there already, whatever it is like.

    One partition keeps what a source says in order, and is enough for thousands of records a
    second. A replication of -1 is the brokers' default. Raises `KafkaError`.
    """
    return await _made(
        kafka,
        topic,
        partitions,
        replication,
        {
            TIMESTAMP_TYPE: LOG_APPEND_TIME,
            "cleanup.policy": "delete",
            "retention.ms": str(retention_days * DAY_MS),
            "max.message.bytes": str(LARGEST_MESSAGE),
        },
    )


async def make_canonical(
    kafka: Kafka,
    *,
    dossiers: str,
    petitions: str,
    indicators: str,
    partitions: int,
    replication: int = -1,
    retention_days: int,
) -> dict[str, bool]:
    """Make the topics that the service itself needs; of each whether it was not there before.

    `dossiers`, `petitions` and `indicators` are what the topics of these are called here. Raises
    `KafkaError`.
    """
    kept = {"cleanup.policy": "delete", "retention.ms": str(retention_days * DAY_MS)}
    wanted: dict[str, tuple[int, dict[str, str]]] = {
        dossiers: (partitions, kept),
        petitions: (OTHER_PARTITIONS, kept),
        SIGNALS.name: (OTHER_PARTITIONS, kept),
        CATALOGUE.name: (1, {"cleanup.policy": "compact"}),
        indicators: (1, {"cleanup.policy": "compact"}),
    }
    return {
        topic: await _made(kafka, topic, count, replication, settings)
        for topic, (count, settings) in wanted.items()
    }


async def _made(
    kafka: Kafka, topic: str, partitions: int, replication: int, settings: Mapping[str, str]
) -> bool:
    async with administering(kafka) as admin:
        answer = await admin.create_topics(
            [
                NewTopic(
                    topic,
                    partitions,
                    replication,
                    # Or the client takes the brokers' own default for an oversight.
                    {} if replication == -1 else None,
                    topic_configs=dict(settings),
                )
            ]
        )
    for _, code, *_ in answer.topic_errors:
        if code == TopicAlreadyExistsError.errno:
            return False
        if code:
            raise for_code(code)(topic)
    return True


async def missing_topics(kafka: Kafka, topics: Collection[str]) -> list[str]:
    """Those that are not there. Raises `KafkaError`."""
    async with administering(kafka) as admin:
        return sorted(set(topics) - await _present(admin))


async def inbound_states(kafka: Kafka, topics: Collection[str]) -> Mapping[str, TopicState]:
    """How each of these stands, and any other inbound topic that is there. Raises `KafkaError`."""
    async with administering(kafka) as admin:
        present = {topic for topic in await _present(admin) if topic.startswith(INBOUND)}
        ours = present & set(topics)
        stamped = await _timestamp_types(admin, ours) if ours else {}
    states = dict.fromkeys(topics, TopicState.MISSING) | dict.fromkeys(
        present - ours, TopicState.NOBODYS
    )
    for topic in ours:
        sound = stamped.get(topic) == LOG_APPEND_TIME
        states[topic] = TopicState.READ if sound else TopicState.PRODUCERS_TIME
    return states


async def _present(admin: AIOKafkaAdminClient) -> set[str]:
    # All are asked for: some brokers make a topic that is asked for by its name.
    return {
        described["topic"]
        for described in await admin.describe_topics()
        if not described["error_code"]
    }


async def _timestamp_types(
    admin: AIOKafkaAdminClient, topics: Collection[str]
) -> Mapping[str, str]:
    answers: list[Any] = await admin.describe_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, topic, {TIMESTAMP_TYPE: ""})
            for topic in sorted(topics)
        ]
    )
    return {
        resource: value
        for answer in answers
        for code, _, _, resource, entries in answer.resources
        if not code
        for name, value, *_ in entries
        if name == TIMESTAMP_TYPE
    }
