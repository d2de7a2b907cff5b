"""A real Alertmanager, and what it sends to a webhook."""

import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.servers.process import Server, free_port
from tests.servers.require import require


class Alertmanager(Server):
    def __init__(self, folder: Path, configuration: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            "Alertmanager",
            [
                require("alertmanager"),
                f"--config.file={configuration}",
                f"--storage.path={folder / 'alertmanager-data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=warn",
            ],
            log=folder / "alertmanager.log",
            ready=lambda _: _answers(f"{self.url}/-/ready"),
        )

    def post(self, alerts: Sequence[Mapping[str, str]], **times: str) -> None:
        """Alerts by their labels, as Prometheus posts them; `endsAt` resolves."""
        body = [{"labels": dict(labels), "annotations": {}, **times} for labels in alerts]
        request = urllib.request.Request(
            f"{self.url}/api/v2/alerts",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.status == 200

    def states(self) -> dict[str, str]:
        """`active` or `suppressed`, by the name of each alert and what tells it apart."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=10) as reply:
            found: list[dict[str, Any]] = json.load(reply)
        return {_told_apart(one["labels"]): one["status"]["state"] for one in found}


class Inbox:
    """What was sent, by receiver: the names of the alerts that fire, a message each."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, list[str]]] = []
        self.resolved: list[tuple[str, list[str]]] = []
        inbox = self

        class Taking(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # the name is http.server's
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                alerts = body["alerts"]
                for state, kept in (("firing", inbox.messages), ("resolved", inbox.resolved)):
                    names = sorted(
                        _told_apart(one["labels"]) for one in alerts if one["status"] == state
                    )
                    if names:
                        kept.append((self.path.strip("/"), names))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Not to the console."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Taking)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def _told_apart(labels: Mapping[str, str]) -> str:
    """As `PortalDegraded H56-portal /`: the name, and whom or what it is about."""
    whose = next((labels[one] for one in ("scope", "source", "agency") if one in labels), "")
    return " ".join(filter(None, (labels["alertname"], whose, labels.get("interface"))))


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except OSError:
        return False


class MakesAlertmanager(Protocol):
    def __call__(self, configuration: Path) -> Alertmanager: ...


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[MakesAlertmanager]:
    """Starts servers: `alertmanager(path)`; they end with the test."""
    made: list[Alertmanager] = []

    def make(configuration: Path) -> Alertmanager:
        folder = tmp_path / f"alertmanager-{len(made)}"
        folder.mkdir()
        server = Alertmanager(folder, configuration)
        made.append(server)
        server.start()
        return server

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    """Takes what Alertmanager sends to webhooks at its address."""
    made = Inbox()
    yield made
    made.close()
