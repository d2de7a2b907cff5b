"""What the pages say of running processes, tried on running processes."""

import asyncio
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from agents.quarantine import Seal
from monitor.ledger.migrate import migrate
from tests.docs.pages import Step, environment, files, missing, result, save_files, steps, typed
from tests.servers.postgres import Postgres
from tests.servers.require import absent
from tests.servers.tansu import Tansu
from tests.servers.topics import create_topic, produce

TUTORIAL = "docs/tutorial/first-number.md"
RUN = "docs/how-to/run.md"
RECONCILE = "docs/how-to/reconcile.md"
ARCHIVE = "docs/how-to/archive.md"
TRACE = "docs/how-to/trace-a-number.md"
REGISTER = "docs/how-to/add-a-source.md"
QUARANTINE = "docs/how-to/quarantine.md"
FOLLOWED = (RUN, TRACE, RECONCILE, ARCHIVE)  # one after another, by one service

# A client that leaves the offset out; the page shows the record as it comes out again.
BROKEN = (
    b'{"specversion":"1.0","id":"1","source":"broken-client","type":"dossier.state.v1",'
    b'"time":"2026-03-02T08:30:00","data":{"dossier":"H26.01-260302-0009",'
    b'"procedure":"1.004194","agency":"H26.01","state":2}}'
)


@contextmanager
def process(command: str, folder: Path, around: dict[str, str]) -> Iterator[Path]:
    """`emc COMMAND` until the block ends, as a service manager would end it; its log."""
    log = folder / f"{command.split(maxsplit=1)[0]}.log"
    with log.open("wb") as sink:
        running = subprocess.Popen(
            [folder / "bin" / "emc", *command.split()],
            cwd=folder,
            env=around,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    try:
        yield log
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 0, log.read_text()
    finally:
        if running.poll() is None:
            running.send_signal(signal.SIGINT)  # what it has started ends with it
            with suppress(subprocess.TimeoutExpired):
                running.wait(30)
            running.kill()
            running.wait()


def announced(log: Path, pattern: str, within_s: float = 60) -> str:
    """What the log says at this place, as soon as it says it."""
    ends = time.monotonic() + within_s
    while time.monotonic() < ends:
        if found := re.search(pattern, log.read_text("utf-8", "replace")):
            return found[1]
        time.sleep(0.1)
    pytest.fail(f"{log.name} never said {pattern}\n{log.read_text('utf-8', 'replace')}")


def shown_soon(step: Step, folder: Path, around: dict[str, str], within_s: float = 30) -> None:
    """The page's lines come, if not at once: what was sent is booked within a second or so."""
    ends = time.monotonic() + within_s
    while True:
        try:
            said = typed(step.command, folder, around, within_s=60)
        except AssertionError as error:  # grep found nothing yet, or nobody listens yet
            said = str(error)
        absent = missing(step.shown, said)
        if not absent:
            return
        assert time.monotonic() < ends, f"{step.command}\nlacks {absent}\n{said}"
        time.sleep(0.3)


@pytest.fixture(autouse=True)
def curl() -> None:
    """The pages scrape with it."""
    if shutil.which("curl") is None:
        absent("curl", "apt-get install curl")


@pytest.mark.server
@pytest.mark.slow
def test_the_demo_shows_what_the_tutorial_says_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    around = environment(tmp_path)

    with process("demo --dossiers 2000", tmp_path, around) as log:  # less of a past
        address = announced(log, r"metrics of the ledger +(http://\S+)", within_s=120)
        announced(log, r"\n(end) ")  # before that it is interrupted, and not ended
        for step in steps(TUTORIAL, "demo"):
            shown_soon(step, tmp_path, {**around, "METRICS": address})

    left = [Path(found) for found in re.findall(r"host=(\S+?)/ledger", log.read_text())]
    assert left
    assert not any(folder.exists() for folder in left)


@pytest.mark.server
@pytest.mark.slow
def test_the_whole_path_gives_what_the_tutorial_shows(tmp_path: Path) -> None:
    save_files(TUTORIAL, tmp_path)
    around = environment(tmp_path)

    for step in steps(TUTORIAL, "server"):
        said = typed(step.command, tmp_path, around, within_s=180)

        assert missing(step.shown, said) == [], said


@pytest.mark.slow
async def test_a_service_of_ones_own_shows_what_the_pages_say(
    tansu: Tansu, postgres: Postgres, bare_database: str, tmp_path: Path
) -> None:
    topic = await create_topic(tansu.bootstrap, "emc.dossiers", partitions=4)
    await asyncio.to_thread(_follow_the_pages, tansu.bootstrap, topic, bare_database, tmp_path)
    connection = await asyncpg.connect(bare_database)
    try:
        for page, name in ((TRACE, "journal.sql"), (TRACE, "overdue.sql")):
            rows = await connection.fetch(files(page)[name])
            assert [[str(cell) for cell in row.values()] for row in rows] == result(page, name)
        assert await connection.fetch(files(TRACE)["agree.sql"]) == []

        await produce(tansu.bootstrap, topic, [BROKEN])
        await asyncio.to_thread(
            _open_quarantine, tansu.bootstrap, topic, bare_database, tmp_path
        )
        [refused] = await connection.fetch(files(QUARANTINE)["refused.sql"])
        assert tuple(refused.values())[:4] == (
            "broken-client",
            "time_without_offset",
            "time",
            1,
        )
    finally:
        await connection.close()


async def test_the_register_answers_as_the_page_says(database: str, tmp_path: Path) -> None:
    await migrate(database)
    save_files(REGISTER, tmp_path)
    around = environment(tmp_path, EMC_DATABASE=database)
    found = steps(REGISTER, "register")

    for step in found:
        said = await asyncio.to_thread(typed, step.command, tmp_path, around, within_s=60)

        assert missing(step.shown, said) == [], said
    assert len(found) == 8


def _around(bootstrap: str, topic: str, database: str, folder: Path) -> dict[str, str]:
    key = folder / "quarantine.key"
    if not key.exists():
        key.write_text(Seal.new_key())
    return environment(
        folder,
        EMC_KAFKA=bootstrap,
        EMC_TOPIC=topic,
        EMC_GROUP=topic,
        EMC_DATABASE=database,
        EMC_QUARANTINE_KEY=key.read_text(),
        EMC_WORKER_METRICS_PORT="0",
        EMC_SERVE_PORT="0",
        EMC_BRISK="1",
    )


def _follow_the_pages(bootstrap: str, topic: str, database: str, folder: Path) -> None:
    save_files(TUTORIAL, folder)
    save_files(TRACE, folder)
    around = _around(bootstrap, topic, database, folder)
    with process("worker", folder, around) as worker, process("serve", folder, around) as serve:
        own = {
            "http://127.0.0.1:9101": announced(worker, r"worker metrics: (http://\S+)/metrics"),
            "http://127.0.0.1:8080": announced(serve, r"serving: (http://\S+)"),
            "on emc.dossiers,": f"on {topic},",
            "emc.dossiers[": f"{topic}[",
        }
        for step in (step for page in FOLLOWED for step in steps(page, "service")):
            shown_soon(_translated(step, own), folder, around)


def _open_quarantine(bootstrap: str, topic: str, database: str, folder: Path) -> None:
    save_files(QUARANTINE, folder)
    around = _around(bootstrap, topic, database, folder)
    with process("worker", folder, around):
        for step in steps(QUARANTINE, "quarantine"):
            shown_soon(_translated(step, {"emc.dossiers[": f"{topic}["}), folder, around)


def _translated(step: Step, own: dict[str, str]) -> Step:
    """The page's addresses and topic as they are here."""
    command, shown = step
    for said, here in own.items():
        command = command.replace(said, here)
        shown = [line.replace(said, here) for line in shown]
    return Step(command, shown)
