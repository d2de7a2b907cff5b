"""The bench still runs, and expects of its records what an independent count makes of them."""

import asyncio
import json
import sys

from agents.recount import Recount
from monitor.domain.measures import Measure
from tests.bench import stages
from tests.bench.child import Task
from tests.bench.job import Expected, records
from tests.servers.topics import create_topic, produce


async def test_the_floor_reads_a_topic_to_its_end(tansu):
    expected = Expected()
    topic = await create_topic(tansu.bootstrap, "bench", partitions=2)
    await produce(tansu.bootstrap, topic, [record.value for record in records(165, expected)])
    task = Task(tansu.bootstrap, topic, 2, expected.records)

    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.floor", *task.arguments()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await asyncio.wait_for(child.communicate(b""), 60)

    assert expected.records >= 990
    began, done = said.decode().splitlines()
    assert began == "began"
    assert json.loads(done.removeprefix("done ")) == {
        "records": expected.records,
        "refused": 0,
    }


def test_every_stage_of_a_worker_and_of_the_edge_still_runs():
    events, measured = stages.measure(dossiers=24, repeats=1)

    assert events >= 24 * 6
    assert all(measured.seconds(stage) > 0 for stage in (*stages.STAGES, *stages.EDGE))


def test_what_the_ledger_must_hold_is_what_the_recount_says():
    expected, recount = Expected(), Recount()
    for record in records(200, expected):
        recount.add(record.value, record.timestamp_ms)

    result = recount.result()

    assert (expected.records, expected.duplicates) == (result.records, result.duplicates)
    for measure, figure in (
        (Measure.SUBMITTED, "submitted"),
        (Measure.ACCEPTED, "accepted"),
        (Measure.COMPLETED, "completed"),
        (Measure.ON_TIME, "on_time"),
        (Measure.LATE, "late"),
        (Measure.HANDED_OVER, "handed_over"),
    ):
        ours = {group[1:]: n for group, n in expected.by_group.items() if group[0] == measure}
        theirs = {
            group: amount
            for group, counts in result.by.items()
            if (amount := getattr(counts, figure))
        }
        assert ours == theirs
