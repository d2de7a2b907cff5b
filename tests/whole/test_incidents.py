"""Each scripted incident is told to the right people, by a real Prometheus and Alertmanager; no other is."""

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from agents.demo.incident import Evening, play
from agents.demo.incidents import INCIDENTS
from monitor.outlets.rules.files import load, made
from tests.servers.require import ROOT, require

pytestmark = [pytest.mark.slow, pytest.mark.server]

PACE = 60  # production's waiting, divided


def rules(reference: Path, pace: int) -> Mapping[str, Any]:
    return made(load(reference), pace=pace)


@pytest.fixture(scope="module")
def evening() -> Evening:
    """All six at once, each in a province of its own, on one service."""
    for tool in ("prometheus", "alertmanager"):
        require(tool)
    said = io.StringIO()
    told = asyncio.run(
        play(
            "all",
            seed=1,
            pace=PACE,
            rules=rules,
            shipped=ROOT / "deploy" / "reference",
            console=Console(file=said, width=200),
            stop=asyncio.Event(),
        )
    )
    print(said.getvalue())
    print("\n".join(told.verdict()))
    return told


def test_each_incident_is_told_by_the_right_route(evening: Evening) -> None:
    came = {
        story.name: None if story.met is None else (story.met.name, story.met.receiver)
        for story in evening.stories
    }

    assert came == {
        "source-silent": ("SourceInterrupted", "page"),
        "surge": ("ServiceDegraded", "ticket"),
        "slow-step": ("StepStuck", "ticket"),
        "portal-degraded": ("PortalDegraded", "page"),
        "clock-skew": ("SourceClockOff", "ticket"),
        "bulk-backdating": ("DossiersBackdated", "ticket"),
    }


def test_nothing_else_is_told_to_anybody(evening: Evening) -> None:
    others = [(ring.name, dict(ring.labels)) for ring in evening.others]

    assert others == []


def test_none_of_them_is_told_before_it_begins_or_without_a_summary_and_a_runbook(
    evening: Evening,
) -> None:
    met = [story.met for story in evening.stories if story.met is not None]

    assert all(ring.came_ms > evening.begins_ms for ring in met)
    for ring in met:
        assert ring.summary
        assert "{{" not in ring.summary + ring.annotations["description"]
        page = ring.annotations["runbook_url"].rpartition("/")[2]
        assert (ROOT / "docs" / "how-to" / "alerts" / page).is_file()
    assert len(met) == len([one for one in INCIDENTS.values() if one.alert])
