"""A server that fails says so, with the end of its log."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.servers.process import Server, ServerFailed


def a_server(tmp_path: Path, program: str, patience_s: float = 10) -> Server:
    command: Sequence[str] = [sys.executable, "-u", "-c", program]
    return Server(
        "the server",
        command,
        log=tmp_path / "log",
        ready=lambda server: "ready" in server.said(),
        patience_s=patience_s,
    )


def test_one_that_ends_while_starting_shows_why(tmp_path: Path) -> None:
    server = a_server(tmp_path, "raise SystemExit('the port is taken')")

    with pytest.raises(ServerFailed, match="the port is taken"):
        server.start()


def test_one_that_never_gets_ready_is_not_waited_for_and_not_left(tmp_path: Path) -> None:
    server = a_server(tmp_path, "import time; time.sleep(60)", patience_s=0.3)

    with pytest.raises(ServerFailed, match=r"not ready in 0.3 s"):
        server.start()

    assert not server.running


def test_it_is_ready_again_only_when_it_says_so_again(tmp_path: Path) -> None:
    server = a_server(tmp_path, "import time; print('ready'); time.sleep(60)")

    server.start()
    server.kill()
    runs_after_kill = server.running
    server.start()

    assert not runs_after_kill
    assert server.tail().count("ready") == 2
    server.stop()


def test_a_frozen_one_can_be_stopped(tmp_path: Path) -> None:
    server = a_server(tmp_path, "import time; print('ready'); time.sleep(60)")
    server.start()

    server.freeze()
    server.stop()

    assert not server.running
