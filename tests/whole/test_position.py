"""The log was replaced or cut: what is lost is given up by a person, on record, and work goes on."""

import asyncio
import io
import json
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.structs import TopicPartition

from agents import position_command as command
from agents.generate.model import Record
from agents.kafka import Kafka
from agents.operator import Refusal
from tests.servers.kafka import KafkaNode
from tests.whole.ledger_checks import _fetch, booked_until, figures, recounted
from tests.whole.service import Stage, life
from tests.whole.test_another_log import admin_of, make_anew, read_once


async def accept(
    here: Stage,
    to: str,
    *,
    why: str = "restored from backup",
    group: str = "",
    partitions: Collection[int] = (),
    yes: bool = True,
) -> tuple[int, str]:
    """Set positions; the status, and what was told before."""
    told = []

    def confirmed(text: str) -> bool:
        told.append(text)
        return yes

    status = await command.accept_loss(
        here.database,
        Kafka.at(here.bootstrap),
        topic=here.topic,
        partitions=partitions,
        to=to,
        group=group or f"group-{here.topic}",
        who="an",
        why=why,
        confirmed=confirmed,
        as_json=False,
        out=io.StringIO(),
        err=io.StringIO(),
    )
    return status, "".join(told)


async def shown(here: Stage) -> tuple[int, dict[str, Any]]:
    out = io.StringIO()
    status = await command.show(here.database, Kafka.at(here.bootstrap), as_json=True, out=out)
    return status, json.loads(out.getvalue())


async def goes_on(here: Stage, given: list[Record], *, after: int, **settings: str) -> None:
    """A worker books what is on the log now, up to its end."""
    worker = here.worker(**settings)
    await asyncio.to_thread(worker.start)
    here.ends.clear()
    await here.produce(given)
    await here.booked()
    assert here.ends[0] == after + len(given)
    worker.kill()


async def test_after_a_topic_was_made_anew_the_loss_is_accepted_and_the_worker_goes_on(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """The new topic's bad records lie at offsets where the old one's lay too."""
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        old = here.ends[0]
        await make_anew(here)
        again = list(life(80, seed=9, bad=0.3))
        await here.produce(again)
        status, found = await shown(here)
        assert status == 1
        assert "is not the one that was booked" in found["partitions"][0]["complaint"]
        epoch = found["partitions"][0]["epoch"]

        status, told = await accept(here, "beginning")

        assert status == 0
        assert f"from {old:,} to 0, in a log that is not the one it was read from" in told
        status, found = await shown(here)
        assert status == 0
        assert found["partitions"][0]["epoch"] == epoch + 1
        [entry] = found["set_by_hand"]
        assert (entry["who"], entry["why"], entry["from"], entry["to"]) == (
            "an",
            "restored from backup",
            old,
            0,
        )
        await goes_on(here, list(life(5, seed=11)), after=len(again))
        assert await figures(database) == recounted(here.recount.result())
        [row] = await _fetch(database, "SELECT count(DISTINCT former) AS logs FROM quarantine")
        assert row["logs"] == 2


async def test_what_retention_has_cut_is_given_up_and_the_worker_goes_on_behind_it(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        old = here.ends[0]
        await here.produce(life(60, seed=3))
        cut, end = old + 5, here.ends[0]
        async with admin_of(here) as admin:
            await admin.delete_records(
                {TopicPartition(here.topic, 0): RecordsToDelete(before_offset=cut)}
            )
        status, found = await shown(here)
        assert status == 1
        assert "retention has cut what was never read" in found["partitions"][0]["complaint"]

        with pytest.raises(Refusal, match=f"reaches from {cut} to {end}, and 3 lies outside"):
            await accept(here, "3")
        assert (await accept(here, "beginning", yes=False))[0] == 1
        assert await booked_until(database, here.topic) == {0: old}
        assert (await accept(here, "beginning"))[0] == 0

        assert await booked_until(database, here.topic) == {0: cut}
        await goes_on(here, list(life(5, seed=11)), after=end)


async def test_the_group_is_changed_on_purpose_and_loses_nothing(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        old = here.ends[0]
        stray = here.worker(group="new")
        stray.launch()
        assert await asyncio.to_thread(stray.ended, 40) == 1
        assert "`emc position accept-loss --to here`" in stray.said().splitlines()[-1]

        status, told = await accept(here, "here", group="new", why="renamed")

        assert (status, "to 'new'" in told) == (0, True)
        more = list(life(20, seed=2))
        await goes_on(here, more, after=old, group="new")
        assert await here.disagreements() == []


async def test_a_position_is_set_under_a_running_worker_which_goes_on_from_there(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    """Back to a time: what is read again are duplicates."""
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        await asyncio.to_thread(worker.start)

        status, told = await accept(here, "2026-01-01T00:00:00+07:00")
        await here.produce(life(5, seed=2))
        await here.booked()

        assert status == 0
        assert "records are read again" in told
        assert worker.running
        assert "another worker owns a partition of ours" in worker.said()
        assert await figures(database) == recounted(here.recount.result())


async def test_a_booking_since_the_look_means_look_again(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:

        def meanwhile(_: str) -> bool:
            async def book() -> None:
                connection = await asyncpg.connect(database)
                await connection.execute("UPDATE position SET next = next + 1")
                await connection.close()

            thread = threading.Thread(target=lambda: asyncio.run(book()))
            thread.start()
            thread.join()
            return True

        err = io.StringIO()
        status = await command.accept_loss(
            database,
            Kafka.at(here.bootstrap),
            topic=here.topic,
            partitions=[0],
            to="end",
            group="g",
            who="an",
            why="because",
            confirmed=meanwhile,
            as_json=True,
            out=io.StringIO(),
            err=err,
        )

        assert status == 1
        assert "has moved since it was looked at" in err.getvalue()
        assert await _fetch(database, "SELECT * FROM position_set") == []


async def test_a_reason_and_a_known_partition_are_asked_for(
    kafka: KafkaNode, database: str, tmp_path: Path
):
    async with read_once(kafka.bootstrap, database, tmp_path) as here:
        with pytest.raises(Refusal, match="say why"):
            await accept(here, "end", why="")
        with pytest.raises(Refusal, match=r"no position in .*, partition 7"):
            await accept(here, "end", partitions=[0, 7])
        with pytest.raises(Refusal, match="is no time"):
            await accept(here, "yesterday")
