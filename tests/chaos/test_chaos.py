"""The short form of the fault suite; `make chaos` runs the long one."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.crew import Hand
from tests.chaos.points import POINTS
from tests.servers.kafka import KafkaNode
from tests.whole.service import stage, streaming

CREW = 2


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
            async with asyncio.timeout(60):
                for hand, labels in zip(hands, points, strict=True):
                    while hand.said().count("chaos: dies") < len(labels):
                        assert hand.running, hand.tail()
                        await asyncio.sleep(0.1)
        await here.booked()

        for hand, labels in zip(hands, points, strict=True):
            assert [line for line in hand.said().splitlines() if "chaos:" in line] == [
                f"chaos: dies {label}, passage 1" for label in labels
            ]
            assert "Traceback" not in hand.said()
        assert await here.disagreements() == []
