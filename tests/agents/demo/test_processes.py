"""What the demo starts runs by the demo's settings, whatever the shell has of another deployment."""

from pathlib import Path

import pytest

from agents.demo.processes import running
from agents.quarantine import Seal


async def test_settings_of_another_deployment_do_not_reach_the_demos_processes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMC_KAFKA_SECURITY", "no such protocol")
    monkeypatch.setenv("EMC_LOG_FORMAT", "json")
    settings = {
        "EMC_DATABASE": "postgresql://nobody@127.0.0.1:1/none",
        "EMC_QUARANTINE_KEY": Seal.new_key(),
        "EMC_SERVE_PORT": "0",
    }

    async with running("serve", settings, tmp_path) as serve:
        assert await serve.announced("serving: http://")

    assert '{"' not in (tmp_path / "serve.log").read_text("utf-8")
