"""Whoever is paged finds a page that says what to do, and what it tells to type is there."""

import re

import pytest

from agents.gateway.health import GatewayHealth
from agents.ingest.health import IngestHealth
from monitor.outlets.catalogue import METRICS
from monitor.outlets.reference import of_registry
from monitor.outlets.rules.check import exported, reading
from monitor.outlets.rules.files import alerts, load, made
from tests.servers.require import ROOT

SAID = load(ROOT / "deploy" / "reference")
PAGES = ROOT / "docs" / "how-to" / "alerts"
PARTS = ["What users feel", "How to look", "What to do", "When to escalate"]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
EMC = re.compile(r"\bemc ([a-z]+)(?: ([a-z]+))?")


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    assert {path.stem for path in PAGES.glob("*.md")} == {
        alert.page for alert in alerts(SAID).values()
    }


@pytest.mark.parametrize("name", sorted(alerts(SAID)))
def test_a_page_says_what_it_means_and_what_to_do(name: str) -> None:
    alert = alerts(SAID)[name]
    text = (PAGES / f"{alert.page}.md").read_text("utf-8")

    assert text.startswith(f"# {name}\n\nSeverity: {alert.severity}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    for part in PARTS:
        assert len(text.partition(f"## {part}\n")[2].partition("\n## ")[0].strip()) > 5, part
    assert "- " in text.partition("## What to do\n")[2]


def test_the_page_of_alerting_lists_them_all() -> None:
    page = (ROOT / "docs" / "explanation" / "alerting.md").read_text("utf-8")

    listed = re.findall(r"^\| \[(\w+)\]\(\S+\) \| (\w+) \| (\w+) \|$", page, re.MULTILINE)

    assert listed == [
        (alert.name, str(alert.severity), str(alert.about)) for alert in alerts(SAID).values()
    ]


def test_queries_of_the_pages_read_what_there_is() -> None:
    known = exported(
        [
            *METRICS,
            *of_registry(IngestHealth().registry),
            *of_registry(GatewayHealth().registry),
        ]
    )
    recorded = {
        rule["record"]
        for path, one in made(SAID).items()
        if "/rules/" in path
        for group in one["groups"]
        for rule in group["rules"]
        if "record" in rule
    }

    unknown = [
        (path.stem, read.name)
        for path in sorted(PAGES.glob("*.md"))
        for language, block in FENCE.findall(path.read_text("utf-8"))
        if language == "promql"
        for query in block.splitlines()
        for read, _ in reading(query)
        if read.name not in {*known, *recorded, "up", "process_start_time_seconds"}
        and not read.name.startswith("probe_")
    ]

    assert unknown == []


def test_commands_of_the_pages_are_there() -> None:
    page = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    commands = set(re.findall(r"^#{2,3} emc ([a-z -]+)$", page, re.MULTILINE))
    first = {command.split()[0] for command in commands}

    typed = {
        (command, below)
        for path in PAGES.glob("*.md")
        for language, block in FENCE.findall(path.read_text("utf-8"))
        if language == "sh"
        for line in block.splitlines()
        if line.startswith("emc ")
        for command, below in EMC.findall(line)
    }

    assert typed
    for command, below in typed:
        assert command in first
        if any(one.startswith(f"{command} ") for one in commands):
            assert f"{command} {below}" in commands
