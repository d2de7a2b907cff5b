"""Into Kafka a log goes event by event, each once, keyed by its dossier."""

import asyncio
import io
import json
import re
import signal
import sys

from agents.kafka import Kafka
from agents.replay.command import replay
from monitor.domain.zone import Zone
from schemas.decode import Decoder
from schemas.event import StateChanged
from tests.agents.replay.runs import written
from tests.agents.replay.test_replay import REPEATED
from tests.servers.require import ROOT
from tests.servers.topics import consume, create_topic

LOG = (
    "no,in,due,out,at,what\n"
    "1,2026-03-02 08:00,2026-03-09 17:00,2026-03-06 10:00,2026-03-02 08:05,registered\n"
    "1,2026-03-02 08:00,2026-03-09 17:00,2026-03-06 10:00,2026-03-03 09:00,checked\n"
    "2,2026-03-02 08:00,2026-03-09 17:00,,2026-03-02 08:05,registered\n"
    "2,soon,2026-03-09 17:00,,2026-03-02 08:05,registered\n"
    ",2026-03-02 08:00,2026-03-09 17:00,,2026-03-02 08:05,registered\n"
)


async def replayed(bootstrap, log, mapping, topic, **options):
    out, err = io.StringIO(), io.StringIO()
    status = await asyncio.to_thread(
        lambda: replay(
            log,
            mapping=mapping,
            brokers=Kafka.at(bootstrap),
            topic=topic,
            json_to="-",
            out=out,
            err=err,
            **options,
        )
    )
    return status, out.getvalue(), err.getvalue()


async def test_every_event_is_on_the_topic_once_with_its_dossier_as_key(tansu, tmp_path):
    topic = await create_topic(tansu.bootstrap)

    status, out, _ = await replayed(tansu.bootstrap, *written(tmp_path, LOG, REPEATED), topic)
    records = await consume(tansu.bootstrap, topic, 7)

    decoder = Decoder(Zone())
    decoded = [decoder.decode(one.value, record_time_ms=one.timestamp) for one in records]
    events = [event for event in decoded if isinstance(event, StateChanged)]
    assert status == 0
    assert [one.key.decode() for one in records] == [event.dossier for event in events]
    assert [(event.dossier, event.state) for event in events] == [
        ("permits|1", 2),
        ("permits|1", 9),
        ("permits|1", 0),
        ("permits|1", 0),
        ("permits|2", 2),
        ("permits|2", 0),
        ("permits|2", 0),  # its receipt is unreadable, and optional here
    ]
    assert {event.backfill for event in events} == {True}
    sent = json.loads(out)
    assert (sent["records"], sent["refused"], sent["events"], sent["derived"]) == (5, 1, 7, 3)
    assert sent["complete"] is True


async def test_the_speed_is_kept(tansu, tmp_path):
    topic = await create_topic(tansu.bootstrap)
    loop = asyncio.get_running_loop()
    began = loop.time()

    await replayed(tansu.bootstrap, *written(tmp_path, LOG, REPEATED), topic, speed=8)

    assert loop.time() - began >= 4 / 8


INTERRUPTED = """
import sys
from pathlib import Path
from agents.kafka import Kafka
from agents.replay.command import replay

log, mapping, brokers, topic = sys.argv[1:]
sys.exit(replay(Path(log), mapping=Path(mapping), brokers=Kafka.at(brokers), topic=topic, speed=20))
"""


async def test_ctrl_c_leaves_on_the_topic_what_it_says(tansu, tmp_path):
    topic = await create_topic(tansu.bootstrap)
    rows = [f"{case},2026-03-02,,,2026-03-02,registered" for case in range(2000)]
    log, mapping = written(tmp_path, "\n".join(["no,in,due,out,at,what", *rows]), REPEATED)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", INTERRUPTED, log, mapping, tansu.bootstrap, topic),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await consume(tansu.bootstrap, topic, 6)

    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()

    said = re.fullmatch(
        rf"(\d+) records read, 0 refused; (\d+) events on {topic}, (\d+) of them from the columns"
        r" of cases; not the whole log\n",
        out.decode(),
    )
    assert process.returncode == 130
    assert err == b""
    assert said is not None
    assert int(said[2]) == 2 * int(said[3]) < 4000
    assert len(await consume(tansu.bootstrap, topic, int(said[2]))) == int(said[2])


async def test_no_broker_is_one_line_and_status_1(tmp_path):
    status, _, said = await replayed(
        "127.0.0.1:1", *written(tmp_path, LOG, REPEATED), "emc.dossiers"
    )

    assert status == 1
    assert said.startswith("127.0.0.1:1: ")
    assert said.count("\n") == 1
