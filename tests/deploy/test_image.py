"""What the Dockerfile says is done here without an engine: built, installed and run as in the image.

Its instructions are read and carried out below a folder of the test's own, on the files that
.dockerignore lets through. What is left out: the base image, Debian's packages, and, unless
EMC_IMAGE_TEST is set, the minute that the compiler takes.
"""

import asyncio
import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
import pytest

from agents.quarantine import Seal
from tests.gateway.service import event
from tests.servers.certificates import Authority
from tests.servers.postgres_tls import PASSWORD, tls_postgres
from tests.servers.process import Server, free_port
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu

pytestmark = pytest.mark.slow

NOBODY: Final = 65534
DOCKERFILE: Final = ROOT / "deploy" / "container" / "Dockerfile"


@dataclass(frozen=True)
class Image:
    """What the last stage would have, below a folder."""

    root: Path
    environment: Mapping[str, str]

    def command(self, *words: str) -> list[str]:
        """`emc` as whoever has no rights, where this machine lets us be that."""
        lowered = [
            "setpriv",
            f"--reuid={NOBODY}",
            f"--regid={NOBODY}",
            "--clear-groups",
            "--no-new-privs",
        ]
        return [
            *(lowered if os.geteuid() == 0 else []),
            str(self.root / "opt/emc/bin/emc"),
            *words,
        ]

    def settings(self, **said: str) -> dict[str, str]:
        given = {f"EMC_{name.upper()}": value for name, value in said.items()}
        return dict(self.environment) | given

    def run(self, *words: str, **said: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.command(*words),
            cwd=self.root / "opt/emc/share/emc-monitor",
            env=self.settings(**said),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def instructions(text: str) -> list[tuple[str, str]]:
    """Word and rest of each instruction, lines joined and comments gone."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]  # type: ignore[misc]


def let_through(path: str) -> bool:
    """Whether .dockerignore has it in the build: what is last said of a path holds."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        pattern = rule.removeprefix("!").removeprefix("**/")
        parts = Path(path).parts
        below = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        anywhere = rule.startswith("**/")
        names = parts if anywhere else below
        if any(fnmatch.fnmatchcase(name, pattern) for name in names):
            kept = rule.startswith("!")
    return kept


def context(folder: Path) -> None:
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    for name in tracked:
        if let_through(name) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    # Every folder above must be open to nobody: pytest's own are not.
    root = Path("/tmp") / f"emc-image-{os.getpid()}"
    root.mkdir(mode=0o755)
    try:
        yield built(root)
    finally:
        shutil.rmtree(root, ignore_errors=True)


def built(root: Path) -> Image:
    given, here = root / "context", root / "build"
    given.mkdir()
    context(given)
    environment: dict[str, str] = {}
    stage = 0
    for word, rest in instructions(DOCKERFILE.read_text()):
        if word == "FROM":
            stage += 1
        elif word == "COPY" and not rest.startswith("--from"):
            *sources, target = rest.split()
            for source in sources:
                _copy(given / source, here / target, into=target.endswith("/"))
        elif word == "RUN" and stage == 1 and "apt-get" not in rest:
            if "/opt/tools" in rest and not os.environ.get("EMC_IMAGE_TEST"):
                continue
            command = rest.replace("/opt/", f"{root}/opt/")
            _shell(command.replace("python -m", f"{sys.executable} -m"), here)
        elif word == "ENV" and stage == 2:
            environment |= dict(pair.split("=", 1) for pair in rest.split())
    path = (
        environment["PATH"]
        .replace("/opt/", f"{root}/opt/")
        .replace("$PATH", os.environ["PATH"])
    )
    shutil.rmtree(given)
    shutil.rmtree(here)
    subprocess.run(["chmod", "-R", "a+rX,a-w", str(root / "opt/emc")], check=True)
    return Image(root, environment | {"PATH": path, "HOME": "/nonexistent"})


def _copy(source: Path, target: Path, *, into: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        place = target / source.name if into else target
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, place)


def _shell(command: str, folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-ec", command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_nothing_of_the_tests_and_no_tool_is_in_the_image(image: Image) -> None:
    packages = image.root / "opt/emc/lib/python3.11/site-packages"
    there = {path.name for path in packages.iterdir()}

    assert {"monitor", "agents", "schemas"} <= there
    assert there & {"tests", "pip", "setuptools", "pytest", "mypy", "hypothesis"} == set()
    assert (packages / "monitor/ledger/migrations/0001_ledger.sql").is_file()
    compiled = bool(list(packages.glob("emc_hot__mypyc*.so")))
    assert compiled is bool(os.environ.get("EMC_IMAGE_TEST"))


def test_its_commands_answer_without_a_checkout(image: Image) -> None:
    helped, checked = image.run("--help"), image.run("check")

    assert (helped.returncode, "conformance" in helped.stdout) == (0, True), helped.stderr
    assert checked.stdout.split()[0] == f"{image.root}/opt/emc/share/emc-monitor/reference:"
    assert "nothing to complain of" in checked.stdout


class Process(Server):
    """A process of the image, which may write nowhere."""

    def __init__(self, image: Image, name: str, url: str, **said: str) -> None:
        super().__init__(
            name,
            image.command(name),
            log=image.root / f"{name}.log",
            ready=lambda _: _alive(image, url),
            environment=image.settings(**said),
        )


def _alive(image: Image, *arguments: str) -> bool:
    """By the image's own health check."""
    python = image.root / "opt/emc/bin/python"
    asked = subprocess.run(
        [python, "-m", "agents.alive", *arguments],
        cwd="/",
        env=dict(image.environment),
        capture_output=True,
        timeout=20,
        check=False,
    )
    return asked.returncode == 0


async def test_its_processes_serve_as_nobody_and_write_nothing(
    image: Image, tansu: Tansu, tmp_path: Path
) -> None:
    with tls_postgres(Authority(tmp_path).issue("ledger")) as database:
        await _serve_as_nobody(image, tansu, f"{database}?sslmode=require")


async def _serve_as_nobody(image: Image, tansu: Tansu, database: str) -> None:
    ports = {name: free_port() for name in ("worker", "ingest", "gateway", "serve")}
    said = {
        "kafka": tansu.bootstrap,
        "kafka_idempotent": "0",
        "database": database,
        "database_password": PASSWORD,
        "brisk": "1",
        "listen": "127.0.0.1",
        "group": f"image-{os.getpid()}",
        "ingest_group": f"image-ingest-{os.getpid()}",
        "topic": f"emc.dossiers-image-{os.getpid()}",
        "quarantine_key": Seal.new_key(),
        "applicant_key": "a secret of this test",
        "reference": str(image.root / "opt/emc/share/emc-monitor/reference"),
        "gateway_port": "0",
        "worker_metrics_port": str(ports["worker"]),
        "ingest_metrics_port": str(ports["ingest"]),
        "gateway_metrics_port": str(ports["gateway"]),
        "serve_port": str(ports["serve"]),
    }
    made = await asyncio.to_thread(
        image.run, "topics", "--partitions", "1", "--replication", "1", **said
    )
    assert made.returncode == 0, made.stderr
    migrated = await asyncio.to_thread(image.run, "migrate", **said)
    assert migrated.returncode == 0, migrated.stderr
    before = _files(image.root)
    log = image.root / "log.ndjson"
    log.write_text(json.dumps(event(1)) + "\n")
    log.chmod(0o644)

    running = [
        Process(
            image,
            name,
            f"http://127.0.0.1:{port}{'/readyz' if name == 'serve' else '/-/ready'}",
            **said,
        )
        for name, port in ports.items()
    ]
    try:
        for process in running:
            await asyncio.to_thread(process.launch)
        for process in running:
            await asyncio.to_thread(process.await_ready)
        replayed = await asyncio.to_thread(image.run, "replay", str(log), **said)
        assert replayed.returncode == 0, replayed.stderr
        assert await _shown(ports["serve"])
    finally:
        for process in running:
            await asyncio.to_thread(process.stop)

    for process in running:
        assert "Traceback" not in process.said(), process.tail()
    own = {process.log for process in running} | {log}
    assert _files(image.root) - before == own


def _files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


async def _shown(port: int) -> bool:
    async with httpx.AsyncClient() as client, asyncio.timeout(30):
        while True:
            text = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
            if 'emc_records_total{outcome="counted",source="H56-onestop"} 1.0' in text:
                return True
            await asyncio.sleep(0.2)
