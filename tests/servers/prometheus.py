"""A real Prometheus that scrapes what a test serves, every second, and answers its questions."""

import asyncio
import json
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.servers.process import Server, free_port
from tests.servers.require import require


@dataclass(frozen=True, slots=True)
class Sample:
    labels: dict[str, str]
    value: float


class Prometheus(Server):
    def __init__(
        self,
        folder: Path,
        targets: Sequence[str],
        rules: Sequence[Path] = (),
        *,
        every_s: int = 1,
    ) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        # JSON is YAML.
        configuration = folder / "prometheus.json"
        configuration.write_text(
            json.dumps(
                {
                    "global": {
                        "scrape_interval": f"{every_s}s",
                        "scrape_timeout": f"{every_s}s",  # it may be no longer
                        "evaluation_interval": "1s",
                    },
                    "rule_files": [str(path) for path in rules],
                    "scrape_configs": [
                        {"job_name": "emc", "static_configs": [{"targets": list(targets)}]}
                    ],
                }
            )
        )
        super().__init__(
            "Prometheus",
            [
                require("prometheus"),
                f"--config.file={configuration}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--log.level=warn",
                "--enable-feature=exemplar-storage",
            ],
            log=folder / "prometheus.log",
            ready=lambda _: _answers(f"{self.url}/-/ready"),
        )

    async def query(self, expression: str) -> list[Sample]:
        """What an instant vector holds now."""
        # In a thread: what is scraped may be served by the loop of the very test that asks.
        return await asyncio.to_thread(self._query, expression)

    async def exemplars(self, expression: str) -> dict[str, dict[str, str]]:
        """The labels of the last exemplar of each bucket, by its bound."""
        return await asyncio.to_thread(self._exemplars, expression)

    def _exemplars(self, expression: str) -> dict[str, dict[str, str]]:
        now = time.time()
        question = urllib.parse.urlencode(
            {"query": expression, "start": now - 3600, "end": now + 60}
        )
        url = f"{self.url}/api/v1/query_exemplars?{question}"
        with urllib.request.urlopen(url, timeout=10) as reply:
            answer: dict[str, Any] = json.load(reply)
        return {
            found["seriesLabels"]["le"]: found["exemplars"][-1]["labels"]
            for found in answer["data"]
        }

    async def value(self, expression: str) -> float | None:
        """The only sample of an expression; None while there is none."""
        samples = await self.query(expression)
        assert len(samples) < 2, f"{expression} has {len(samples)} series"
        return samples[0].value if samples else None

    async def until(self, expression: str, value: float, within_s: float = 15) -> None:
        """Wait for an expression to reach a value; say what it was if it does not."""
        last = None
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            last = await self.value(expression)
            if last == value:
                return
            await asyncio.sleep(0.2)
        pytest.fail(f"{expression} is {last} and not {value} after {within_s} s")

    def _query(self, expression: str) -> list[Sample]:
        question = urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(f"{self.url}/api/v1/query?{question}", timeout=10) as reply:
            answer: dict[str, Any] = json.load(reply)
        return [
            Sample(labels=found["metric"], value=float(found["value"][1]))
            for found in answer["data"]["result"]
        ]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


class MakesPrometheus(Protocol):
    def __call__(self, *targets: str, rules: Sequence[Path] = ()) -> Prometheus: ...


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[MakesPrometheus]:
    """Starts servers: `prometheus("127.0.0.1:8000", rules=[...])`; they end with the test."""
    made: list[Prometheus] = []

    def make(*targets: str, rules: Sequence[Path] = ()) -> Prometheus:
        folder = tmp_path / f"prometheus-{len(made)}"
        folder.mkdir()
        server = Prometheus(folder, targets, rules)
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture(scope="session")
def promtool() -> str:
    """The path of the tool that checks rules and metrics."""
    return require("promtool")
