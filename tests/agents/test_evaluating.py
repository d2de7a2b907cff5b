"""Official figures of the month under way: kept for metrics, told of when they change."""

import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from agents.evaluating import Evaluation, periods
from agents.generate.model import Record
from agents.kafka import Kafka
from monitor.domain.period import Period
from monitor.ledger.follower import connect
from monitor.ledger.official import Officials
from monitor.ledger.official_now import SHOWN, Evaluated
from monitor.outlets.official import families
from monitor.outlets.series import Places
from tests.outlets.report.told import state, tell
from tests.servers.tansu import Tansu
from tests.servers.topics import create_topic

# The month under way is that of the cut, whose time is the database's.
TODAY = datetime.fromtimestamp(time.time(), ZoneInfo("Asia/Ho_Chi_Minh")).date()
MONTH = f"{TODAY:%Y-%m}"


def received(number: int, *, channel: int = 2) -> Record:
    return state(number, 2, f"{TODAY} 00:00", f"{TODAY} 23:00", channel=channel)


class Here:
    """An evaluation of a ledger, and what is told of it."""

    def __init__(self, dsn: str, pool: Any, broker: Tansu) -> None:
        self.dsn = dsn
        self.topic = f"indicators-{uuid.uuid4().hex[:8]}"
        self.broker = broker
        self.now_ms = 0
        self.evaluation = Evaluation(
            Officials(pool),
            Kafka.at(broker.bootstrap),
            self.topic,
            now_ms=lambda: self.now_ms,
        )

    async def round(self) -> None:
        connection = await connect(self.dsn)
        try:
            await self.evaluation.round(connection)
        finally:
            await connection.close()

    async def figures(self) -> dict[tuple[str, str, str], Evaluated]:
        connection = await asyncpg.connect(self.dsn)
        try:
            found = [Evaluated(*row) for row in await connection.fetch(SHOWN)]
        finally:
            await connection.close()
        return {(one.set_id, one.scope, one.indicator): one for one in found}

    async def told(self) -> dict[str, list[Any]]:
        """Events by key, in their order."""
        found: dict[str, list[Any]] = {}
        partition = TopicPartition(self.topic, 0)
        async with AIOKafkaConsumer(
            bootstrap_servers=self.broker.bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=16 << 20,
        ) as consumer:
            consumer.assign([partition])
            await consumer.seek_to_beginning(partition)
            silent = 0
            while silent < 3:
                fetched = await consumer.getmany(timeout_ms=400)
                silent = 0 if fetched else silent + 1
                for message in fetched.get(partition, []):
                    found.setdefault(message.key.decode(), []).append(
                        orjson.loads(message.value)
                    )
        return found


@pytest.fixture
async def here(database: str, tansu: Tansu):
    async with asyncpg.create_pool(database, min_size=0, max_size=2) as pool:
        yield Here(database, pool, tansu)


def share(events: Sequence[Any], indicator: str) -> tuple[int, int, float]:
    [figure] = [one for one in events[-1]["data"]["figures"] if one["indicator"] == indicator]
    return figure["numerator"], figure["denominator"], figure["value"]


async def test_figures_are_kept_shown_and_told_of(here: Here):
    await create_topic(here.broker.bootstrap, here.topic, exactly=True)
    await tell(here.dsn, [received(1), received(2), received(3), received(4, channel=1)])

    await here.round()

    kept = await here.figures()
    headline = kept["emc", "H56", "full_process_dossier_share"]
    assert (headline.numerator, headline.denominator) == (3, 4)
    assert headline.shown == Decimal("75.00")
    assert (headline.period, headline.standing, headline.kind) == (MONTH, "number", "province")
    assert kept["emc", "country", "full_process_dossier_share"].numerator == 3
    nothing = kept["emc", "H26", "full_process_dossier_share"]
    assert (nothing.standing, nothing.denominator, nothing.shown) == ("null", 0, None)
    assert kept["qd766", "H56", ""].score is not None
    told = await here.told()
    assert share(told[f"emc|H56|{MONTH}"], "full_process_dossier_share") == (3, 4, 75.0)
    [event] = told[f"emc|H56|{MONTH}"]
    assert event["type"] == "indicator.scorecard.v1"
    assert event["id"].startswith(f"emc|H56|{MONTH}|")
    assert event["subject"] == f"emc|H56|{MONTH}"


async def test_metrics_have_both_sides_and_the_points(here: Here):
    await tell(here.dsn, [received(1), received(2, channel=1)])
    await here.round()

    figures = list((await here.figures()).values())
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(figures, None, Places())
        for sample in family.samples
    }

    of = ("emc", "full_process_dossier_share")
    assert samples["emc_indicator_numerator", *of, "H56"] == 1
    assert samples["emc_indicator_denominator", *of, "H56"] == 2
    assert samples["emc_indicator_denominator", *of, "H26"] == 0
    assert samples["emc_score_known_points", "qd766", "H56"] > 0


async def test_what_has_not_changed_is_not_told_again_and_no_more_often_than_it_should(
    here: Here,
):
    await create_topic(here.broker.bootstrap, here.topic, exactly=True)
    await tell(here.dsn, [received(1)])
    await here.round()
    before = len((await here.told())[f"emc|H56|{MONTH}"])

    await tell(here.dsn, [received(2, channel=1)])
    here.now_ms += 60_000
    await here.round()
    soon = len((await here.told())[f"emc|H56|{MONTH}"])
    here.now_ms += 15 * 60_000
    await here.round()
    later = await here.told()

    assert (before, soon) == (1, 1)
    assert share(later[f"emc|H56|{MONTH}"], "online_share") == (1, 2, 50.0)
    assert len(later[f"emc|H56|{MONTH}"]) == 2
    assert len(later[f"emc|H26|{MONTH}"]) == 1


async def test_without_a_topic_figures_are_kept_and_told_of_once_there_is_one(here: Here):
    await tell(here.dsn, [received(1)])
    await here.round()
    assert (await here.figures())["emc", "H56", "online_share"].numerator == 1

    await create_topic(here.broker.bootstrap, here.topic, exactly=True)
    await here.round()

    assert share((await here.told())[f"emc|H56|{MONTH}"], "online_share") == (1, 1, 100.0)


def test_what_is_evaluated_is_the_month_and_year_under_way_and_those_before():
    assert [str(period) for period in periods(Period.of("2026-01-15").first_day)] == [
        "2026-01",
        "2026",
        "2025-12",
        "2025",
    ]
