"""Ctrl-C before the demo has come to its end: nothing is left of it, and nothing is claimed."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agents.demo.interrupt import Interrupted, unless
from tests.servers.require import ROOT, require

ONCE = ("--once", "--dossiers", "100")
INCIDENT = ("--incident", "source-silent")


@pytest.fixture
def folder() -> Iterator[Path]:
    """For all that a demo keeps; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="emc-ctrl-c-") as name:
        yield Path(name)


def users(folder: Path) -> list[str]:
    """The processes that have a file of the folder open, or on their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            files = [str(one.readlink()) for one in (process / "fd").iterdir()]
            if any(str(folder) in said for said in (command, *files)):
                found.append(command)
    return found


def interrupted(
    folder: Path, options: tuple[str, ...], at: str, by: signal.Signals = signal.SIGINT
) -> tuple[int, str]:
    """Exit status and words of a demo that all of its terminal's group was interrupted in."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "monitor", "demo", *options],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
    )
    try:
        ends = time.monotonic() + 90
        while at and not any(folder.glob(at)):
            assert demo.poll() is None, demo.communicate()[0]
            assert time.monotonic() < ends, f"{at} never came"
            time.sleep(0.01)
        time.sleep(0 if at else 0.5)
        os.killpg(demo.pid, by)  # as a terminal does
        said, _ = demo.communicate(timeout=60)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(demo.pid, signal.SIGKILL)
    # Python may die of the signal itself where it hits in the midst of an import: to a shell, 130.
    return 130 if demo.returncode == -signal.SIGINT else demo.returncode, said


@pytest.mark.server
def test_nothing_is_left_of_a_demo_that_is_interrupted_while_it_starts(folder: Path) -> None:
    for at in ("", "emc-demo-*/ledger/base", "emc-demo-*/ledger/postmaster.pid"):
        status, said = interrupted(folder, ONCE, at)

        assert (status, "Traceback" in said) == (130, False), said
        assert said.endswith("interrupted\n") or not at
        assert (users(folder), list(folder.glob("emc-*"))) == ([], [])


@pytest.mark.server
def test_nothing_is_left_of_a_demo_whose_terminal_was_closed(folder: Path) -> None:
    at = "emc-demo-*/worker.log"

    status, said = interrupted(folder, (), at, signal.SIGHUP)

    assert (status, "Traceback" in said) == (130, False), said
    assert (users(folder), list(folder.glob("emc-*"))) == ([], [])


@pytest.mark.server
def test_there_is_no_verdict_on_an_incident_that_has_not_begun(folder: Path) -> None:
    for tool in ("prometheus", "alertmanager"):
        require(tool)

    status, said = interrupted(folder, INCIDENT, "emc-demo-*/worker.log")

    assert (status, said.splitlines()[-1]) == (130, "interrupted"), said
    assert "expected" not in said
    assert (users(folder), list(folder.glob("emc-*"))) == ([], [])


async def test_what_is_waited_for_is_left_when_it_is_to_stop() -> None:
    stop, undone = asyncio.Event(), []
    asyncio.get_running_loop().call_later(0.01, stop.set)

    async def wait() -> None:
        async with unless(stop):
            try:
                await asyncio.sleep(60)
            finally:
                await asyncio.sleep(0)
                undone.append("all")

    with pytest.raises(Interrupted):
        await wait()
    assert undone == ["all"]


async def test_what_ends_by_itself_is_not_interrupted() -> None:
    stop = asyncio.Event()

    async with unless(stop):
        await asyncio.sleep(0)
    stop.set()
    await asyncio.sleep(0.01)

    with pytest.raises(TimeoutError):
        async with unless(asyncio.Event()), asyncio.timeout(0):
            await asyncio.sleep(60)
