"""Prometheus and Alertmanager beside the demo's service, with the rules that ship, if installed.

Both keep what they hold in the demo's folder, listen on free ports of this machine only, and end
with the demo. Alertmanager's routes are those that ship; at their ends it tells us.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agents.demo.processes import Ended

INSTALL: Final = "apt-get install prometheus prometheus-alertmanager"
SEARCH_PATH: Final = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
START_SECONDS: Final = 30
STOP_SECONDS: Final = 10
# With a pace, nothing waits less: one scrape that fails on a busy machine is no incident.
LEAST_SECONDS: Final = 10
SCRAPE_SECONDS: Final = 2

# The files of `emc rules` by their path below deploy/, for reference files and a pace.
Rules = Callable[[Path, int], Mapping[str, Any]]


class NotWatched(Exception):
    """There is nothing to watch with; the text says in one line what is missing."""


@dataclass(frozen=True, slots=True)
class Tools:
    """Where the two programs are."""

    prometheus: str
    alertmanager: str


def installed() -> Tools:
    """The programs of this machine; raises `NotWatched` naming those that are not here."""
    found = {
        "prometheus": _which("prometheus"),
        "alertmanager": _which("prometheus-alertmanager", "alertmanager"),
    }
    if missing := [name for name, path in found.items() if not path]:
        raise NotWatched(f"{' and '.join(missing)}: not installed ({INSTALL})")
    return Tools(**found)


def _which(*names: str) -> str:
    found = (shutil.which(name, path=SEARCH_PATH) for name in names)
    return next((path for path in found if path), "")


# -- what they read ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whom Prometheus scrapes, by the name of the targets' file, and who is told."""

    files: Mapping[str, Any]
    targets: Mapping[str, str]
    bell: str
    pace: int = 1


def write(plan: Plan, folder: Path) -> None:
    """The configuration of both below a folder. JSON is YAML."""
    for path, content in plan.files.items():
        _dump(folder / path, _adapted(path, content, plan))
    scraped = {
        target["files"][0]
        for job in plan.files[PROMETHEUS]["scrape_configs"]
        for target in job["file_sd_configs"]
    }
    for file in (*scraped, "targets/alertmanager.yml"):
        here = plan.targets.get(Path(file).stem)
        _dump(folder / "prometheus" / file, [{"targets": [here]}] if here else [])


PROMETHEUS: Final = "prometheus/prometheus.yml"
ALERTMANAGER: Final = "alertmanager/alertmanager.yml"


def _adapted(path: str, content: Any, plan: Plan) -> Any:
    if path == ALERTMANAGER:
        hook = {"url": plan.bell, "send_resolved": True}
        receivers = [
            {"name": one["name"]}
            if len(one) == 1  # that tells nobody
            else {"name": one["name"], "webhook_configs": [hook]}
            for one in content["receivers"]
        ]
        return {**content, "global": {}, "receivers": receivers}
    if plan.pace == 1:
        return content
    if path == PROMETHEUS:
        every = f"{SCRAPE_SECONDS}s"
        soon = {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
        return {**content, "global": {**content["global"], **soon}}
    return _with_patience(content)


def _with_patience(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_patience(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    least = {"for": LEAST_SECONDS, "interval": SCRAPE_SECONDS}
    return {
        key: f"{max(least[key], int(inner.removesuffix('s')))}s"
        if key in least
        else _with_patience(inner)
        for key, inner in value.items()
    }


def _dump(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


# -- and they themselves -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watch:
    """Where the two are reached."""

    prometheus: str
    alertmanager: str
    programs: tuple["Program", ...]

    def check(self) -> None:
        """Raises `Ended` if one of them has ended."""
        for program in self.programs:
            program.check()

    async def alerts(self) -> list[Mapping[str, Any]]:
        """Every alert that is pending or fires now, whoever is told of it."""
        answer = await asyncio.to_thread(_asked, f"{self.prometheus}/api/v1/alerts")
        return list(answer["data"]["alerts"])

    async def query(self, expression: str) -> list[tuple[Mapping[str, str], float]]:
        """The labels and values of an instant vector."""
        question = urllib.parse.urlencode({"query": expression})
        answer = await asyncio.to_thread(_asked, f"{self.prometheus}/api/v1/query?{question}")
        return [(one["metric"], float(one["value"][1])) for one in answer["data"]["result"]]


class Program:
    """A server that is not ours, with its log in the demo's folder."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    def check(self) -> None:
        """Raises `Ended` if it is gone."""
        if (status := self._process.poll()) is not None:
            raise Ended(f"{self.name} ended with {status}:\n{self._tail()}")

    async def ready(self, url: str) -> None:
        """Wait until it answers; raises `Ended`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while not await asyncio.to_thread(_answers, url):
                    self.check()
                    await asyncio.sleep(0.1)
                return
        raise Ended(f"{self.name} does not answer at {url}:\n{self._tail()}")

    def stop(self) -> None:
        """Ask it to end, and insist after a while."""
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_SECONDS)
        self._process.kill()
        self._process.wait()

    def _tail(self) -> str:
        return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-15:])


@asynccontextmanager
async def watching(
    tools: Tools,
    files: Mapping[str, Any],
    targets: Mapping[str, str],
    bell: str,
    folder: Path,
    pace: int = 1,
) -> AsyncIterator[Watch]:
    """Both of them within the block."""
    ports = _free_ports(2)
    here = {**targets, "alertmanager": f"127.0.0.1:{ports[1]}"}
    write(Plan(files=files, targets=here, bell=bell, pace=pace), folder)
    prometheus = (
        tools.prometheus,
        f"--config.file={folder / PROMETHEUS}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address=127.0.0.1:{ports[0]}",
        "--log.level=warn",
    )
    alertmanager = (
        tools.alertmanager,
        f"--config.file={folder / ALERTMANAGER}",
        f"--storage.path={folder / 'silences'}",
        f"--web.listen-address=127.0.0.1:{ports[1]}",
        "--cluster.listen-address=",  # there is no other one
        "--log.level=warn",
    )
    with (
        _running("alertmanager", alertmanager, folder) as tells,
        _running("prometheus", prometheus, folder) as watches,
    ):
        watch = Watch(
            f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", (tells, watches)
        )
        await tells.ready(f"{watch.alertmanager}/-/ready")
        await watches.ready(f"{watch.prometheus}/-/ready")
        yield watch


def _free_ports(number: int) -> list[int]:
    """Different ones that nobody has now."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


@contextmanager
def _running(name: str, command: tuple[str, ...], folder: Path) -> Iterator[Program]:
    log = folder / f"{name}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    program = Program(name, process, log)
    try:
        yield program
    finally:
        program.stop()


def page(url: str) -> str:
    """What is shown there; "" if nothing is."""
    with suppress(OSError):
        return _open(url).decode("utf-8", "replace")
    return ""


def _answers(url: str) -> bool:
    with suppress(OSError):
        _open(url)
        return True
    return False


def _asked(url: str) -> Any:
    return json.loads(_open(url))


def _open(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as reply:  # noqa: S310 - our own http address
        return bytes(reply.read())
