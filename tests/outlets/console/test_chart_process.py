"""Charts are drawn by a process of their own, which is no trouble to anybody."""

import importlib.util
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

import monitor
from monitor.outlets.console import chart_process
from monitor.outlets.console.chart_process import ChartProcess, NotDrawn
from tests.servers.require import absent

BARS: dict[str, Any] = {
    "data": {"values": [{"day": "01/10", "n": 1234.5}]},
    "mark": "bar",
    "encoding": {
        "x": {"field": "day", "type": "ordinal"},
        "y": {"field": "n", "type": "quantitative"},
        "text": {"field": "n", "type": "quantitative", "format": ",.1f"},
    },
}


@pytest.fixture
def charts() -> Iterator[ChartProcess]:
    found = ChartProcess()
    yield found
    found.close()


def pid_of(charts: ChartProcess) -> int:
    assert charts._process is not None
    return charts._process.pid


def pipes_of(charts: ChartProcess) -> list[IO[bytes]]:
    assert charts._process is not None
    return [one for one in (charts._process.stdin, charts._process.stdout) if one is not None]


def runs(pid: int) -> bool:
    """Whether a process is there that has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False


def gone(pid: int) -> bool:
    """Whether it is, within some seconds."""
    ends = time.monotonic() + 10
    while runs(pid):
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)  # no child of ours, perhaps: the system tells nobody that it has ended
    return True


def test_one_process_draws_one_chart_after_another(charts: ChartProcess):
    first = charts.draw(BARS, None)
    pid = pid_of(charts)

    assert first.startswith("<svg")
    assert "01/10" in first
    assert charts.draw(BARS, None) == first
    assert pid_of(charts) == pid


def test_a_chart_of_a_kind_that_was_drawn_before_is_drawn_as_if_it_were_the_first(
    charts: ChartProcess,
):
    other = {**BARS, "data": {"values": [{"day": "02/10", "n": 7}, {"day": "03/10", "n": 9}]}}
    layered = {
        "data": {"values": [{"day": "02/10"}]},
        "layer": [
            other,
            {"mark": "rule", "encoding": {"x": {"field": "day", "type": "ordinal"}}},
        ],
    }
    for spec in (BARS, other, layered, BARS):
        again = charts.draw(spec, None)
        first = ChartProcess()
        try:
            assert again == first.draw(spec, None)
        finally:
            first.close()


def test_numbers_are_written_as_a_locale_has_them(charts: ChartProcess):
    spec = {**BARS, "mark": "text"}
    comma = {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", ""]}

    assert ">1,234.5<" in charts.draw(spec, None)
    assert ">1.234,5<" in charts.draw(spec, comma)


def test_what_cannot_be_drawn_is_said_and_the_next_is_drawn(charts: ChartProcess):
    with pytest.raises(NotDrawn, match=r"\w"):
        charts.draw({"mark": {"type": 7}, "data": 8}, None)

    assert charts.draw(BARS, None).startswith("<svg")


def test_what_lies_elsewhere_is_not_fetched(charts: ChartProcess):
    with pytest.raises(NotDrawn):
        charts.draw({**BARS, "data": {"url": "http://127.0.0.1:9/data.json"}}, None)


def test_a_process_that_was_killed_is_started_again(charts: ChartProcess):
    charts.draw(BARS, None)
    killed = pid_of(charts)
    os.kill(killed, signal.SIGKILL)
    assert gone(killed)

    assert charts.draw(BARS, None).startswith("<svg")
    assert pid_of(charts) != killed


def test_a_process_that_hangs_is_given_up(
    charts: ChartProcess, monkeypatch: pytest.MonkeyPatch
):
    charts.draw(BARS, None)
    hanging = pid_of(charts)
    os.kill(hanging, signal.SIGSTOP)
    patience = chart_process.PATIENCE_SECONDS
    monkeypatch.setattr(chart_process, "PATIENCE_SECONDS", 0.2)
    # What is started in its place is given its time.
    started = chart_process._started

    def starts() -> subprocess.Popen[bytes]:
        monkeypatch.setattr(chart_process, "PATIENCE_SECONDS", patience)
        return started()

    monkeypatch.setattr(chart_process, "_started", starts)

    assert charts.draw(BARS, None).startswith("<svg")
    assert gone(hanging)


def test_one_that_stops_reading_amid_a_long_question_is_given_up(
    charts: ChartProcess, monkeypatch: pytest.MonkeyPatch
):
    charts.draw(BARS, None)
    hanging = pid_of(charts)
    os.kill(hanging, signal.SIGSTOP)
    monkeypatch.setattr(chart_process, "PATIENCE_SECONDS", 0.2)
    longer_than_a_pipe = {**BARS, "description": "x" * 1_000_000}

    def asks() -> None:
        with suppress(NotDrawn):
            charts.draw(longer_than_a_pipe, None)

    asking = threading.Thread(target=asks, daemon=True)
    asking.start()
    asking.join(20)
    waits = asking.is_alive()
    if waits:
        os.kill(hanging, signal.SIGKILL)  # or closing would wait too

    assert not waits
    assert gone(hanging)


def test_it_draws_where_a_thousand_files_are_open(charts: ChartProcess):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        absent("room for 2,048 open files", "ulimit -Hn 2048")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with Path(os.devnull).open("rb") as one:
        held = [os.dup(one.fileno()) for _ in range(1100)]
    try:
        assert charts.draw(BARS, None).startswith("<svg")
        assert max(pipe.fileno() for pipe in pipes_of(charts)) > 1023
    finally:
        for each in held:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_it_finds_its_library_where_an_environment_says_that_it_is():
    # As of `pip install --target` or `--user`: nothing of it is in Python's own folder.
    python = Path(sys.executable).resolve()
    found = importlib.util.find_spec("vl_convert")
    assert found is not None
    assert found.origin is not None
    folders = [str(Path(monitor.__file__).parents[1]), str(Path(found.origin).parents[1])]
    asks = (
        "from monitor.outlets.console.chart_process import DRAWS;"
        f"print(DRAWS.draw({BARS!r}, None)[:4])"
    )
    said = subprocess.run(
        [python, "-c", asks],
        env={"PYTHONPATH": os.pathsep.join(folders)},
        stdout=subprocess.PIPE,
        check=True,
    )
    assert said.stdout == b"<svg\n"


def test_where_none_can_be_started_a_reason_is_given(
    charts: ChartProcess, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    with pytest.raises(NotDrawn, match="/nowhere/python"):
        charts.draw(BARS, None)


def test_many_who_ask_at_once_each_get_their_own(charts: ChartProcess):
    found: dict[int, str] = {}

    def asks(n: int) -> None:
        spec = {**BARS, "data": {"values": [{"day": f"of-{n}-only", "n": n}]}}
        found[n] = charts.draw(spec, None)

    threads = [threading.Thread(target=asks, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(f"of-{n}-only" in found[n] for n in range(8))


def test_it_knows_none_of_our_secrets_and_hears_no_ctrl_c(
    charts: ChartProcess, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("EMC_DATABASE", "postgresql://somebody:secret@somewhere/ledger")
    charts.draw(BARS, None)

    # What is there before the program may change it: PATH, and what the loader adds.
    told = Path(f"/proc/{pid_of(charts)}/environ").read_bytes()
    assert b"secret" not in told
    assert b"EMC_" not in told
    assert os.getsid(pid_of(charts)) != os.getsid(0)


def test_it_ends_when_it_is_closed(charts: ChartProcess):
    charts.draw(BARS, None)
    pid = pid_of(charts)
    charts.close()

    assert not runs(pid)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_whoever_asked_however_that_ends(how: int):
    asks = (
        "from monitor.outlets.console.chart_process import DRAWS; import signal;"
        f"DRAWS.draw({BARS!r}, None); print(DRAWS._process.pid, flush=True); signal.pause()"
    )
    with subprocess.Popen([sys.executable, "-c", asks], stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        pid = int(asking.stdout.readline())
        assert runs(pid)
        asking.send_signal(how)
        asking.wait()

    assert gone(pid)


def test_the_first_chart_need_not_wait_for_the_process(charts: ChartProcess):
    charts.begin()
    charts.begin()  # a second one is not started
    svg = charts.draw(BARS, None)
    pid = pid_of(charts)
    charts.begin()

    assert svg.startswith("<svg")
    assert pid_of(charts) == pid
