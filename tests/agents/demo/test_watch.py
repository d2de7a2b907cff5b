"""What Prometheus and Alertmanager of the demo read is what ships, with the addresses that hold here."""

import json
from pathlib import Path

import pytest

from agents.demo import watch
from agents.demo.watch import NotWatched, Plan, installed, write

FILES = {
    "prometheus/rules/one.yml": {
        "groups": [{"name": "g", "interval": "1s", "rules": [{"alert": "A", "for": "2s"}]}]
    },
    "prometheus/prometheus.yml": {
        "global": {"scrape_interval": "1s", "external_labels": {"monitor": "emc"}},
        "scrape_configs": [
            {"job_name": "emc-ledger", "file_sd_configs": [{"files": ["targets/serve.yml"]}]},
            {
                "job_name": "emc-portals",
                "file_sd_configs": [{"files": ["targets/portals.yml"]}],
            },
        ],
    },
    "alertmanager/alertmanager.yml": {
        "global": {"smtp_auth_password_file": "/etc/secret"},
        "route": {"receiver": "ticket"},
        "receivers": [
            {"name": "page", "webhook_configs": [{"url": "https://oncall.example"}]},
            {"name": "ticket", "email_configs": [{"to": "somebody@example.vn"}]},
            {"name": "nobody"},
        ],
    },
}


def written(folder: Path, pace: int) -> dict[str, object]:
    targets = {"serve": "127.0.0.1:1", "alertmanager": "127.0.0.1:2"}
    write(Plan(files=FILES, targets=targets, bell="http://127.0.0.1:3", pace=pace), folder)
    return {
        path.relative_to(folder).as_posix(): json.loads(path.read_text("utf-8"))
        for path in folder.rglob("*.yml")
    }


def test_routes_stay_and_end_at_the_bell(tmp_path: Path) -> None:
    found = written(tmp_path, 1)

    hook = [{"url": "http://127.0.0.1:3", "send_resolved": True}]
    assert found["alertmanager/alertmanager.yml"] == {
        "global": {},
        "route": {"receiver": "ticket"},
        "receivers": [
            {"name": "page", "webhook_configs": hook},
            {"name": "ticket", "webhook_configs": hook},
            {"name": "nobody"},
        ],
    }
    assert found["prometheus/targets/serve.yml"] == [{"targets": ["127.0.0.1:1"]}]
    assert found["prometheus/targets/portals.yml"] == []
    assert found["prometheus/targets/alertmanager.yml"] == [{"targets": ["127.0.0.1:2"]}]
    assert found["prometheus/rules/one.yml"] == FILES["prometheus/rules/one.yml"]


def test_with_a_pace_nothing_waits_less_than_a_few_scrapes(tmp_path: Path) -> None:
    found = written(tmp_path, 60)

    assert found["prometheus/rules/one.yml"] == {
        "groups": [{"name": "g", "interval": "2s", "rules": [{"alert": "A", "for": "10s"}]}]
    }
    assert found["prometheus/prometheus.yml"]["global"] == {  # type: ignore[index]
        "scrape_interval": "2s",
        "scrape_timeout": "2s",
        "evaluation_interval": "2s",
        "external_labels": {"monitor": "emc"},
    }


def test_what_is_not_installed_is_said_in_one_line_with_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "SEARCH_PATH", "")

    with pytest.raises(NotWatched) as raised:
        installed()

    assert str(raised.value) == (
        "prometheus and alertmanager: not installed"
        " (apt-get install prometheus prometheus-alertmanager)"
    )
