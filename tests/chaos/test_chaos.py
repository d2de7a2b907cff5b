"""The short form of the fault suite; `make chaos` runs the long one."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.crew import Hand
from tests.chaos.plan import Kind, draw
from tests.chaos.points import POINTS
from tests.chaos.run import Run
from tests.chaos.servers import OneBroker, Servers
from tests.servers.kafka import KafkaNode
from tests.servers.postgres import Postgres
from tests.whole.service import stage, streaming

CREW = 2
# What is over within seconds, and needs no server of its own.
QUICK = (Kind.KILL, Kind.POINT, Kind.CREW, Kind.CLOCK, Kind.SESSIONS, Kind.POSTGRES)


@pytest.mark.slow
async def test_a_worker_killed_at_every_point_between_receive_and_commit_counts_all_once(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Two workers, one life after the other, each ended at its point in a stream that goes on."""
    points = [list(POINTS)[one::CREW] for one in range(CREW)]
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        hands = []
        for number, labels in enumerate(points):
            worker = here.worker(instance_id=f"hand-{number}")
            hand = Hand(worker._environment, worker.log)
            hand.give(CHAOS_LIVES=";".join(f"{label}:1" for label in labels))
            hands.append(hand)
        here.workers[:] = hands
        async with streaming(here, 600):
            for hand in hands:
                hand.launch()
            async with asyncio.timeout(240):
                for hand, labels in zip(hands, points, strict=True):
                    while hand.said().count("chaos: dies") < len(labels):
                        assert hand.running, hand.tail()
                        await asyncio.sleep(0.1)
        await here.booked(within_s=180)

        for hand, labels in zip(hands, points, strict=True):
            assert [line for line in hand.said().splitlines() if "chaos:" in line] == [
                f"chaos: dies {label}, passage 1" for label in labels
            ]
            assert "Traceback" not in hand.said()
        assert await here.disagreements() == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [31])
async def test_what_a_seed_draws_is_survived_without_losing_or_repeating_a_record(
    seed: int, kafka: KafkaNode, postgres: Postgres, tmp_path: Path
):
    servers = Servers(tmp_path, postgres._server)
    servers.adopt(OneBroker([kafka], kafka.bootstrap))
    plan = draw(seed, 12, kinds=QUICK, brokers=1)

    outcome = await Run(plan, servers, tmp_path, point_s=5)()  # some points are never come by

    assert outcome.wrong == [], f"{plan}\nagain: make chaos ARGS='--seed {seed}'"
    assert outcome.injected
