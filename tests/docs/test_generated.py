"""Pages that are generated, or that repeat what the code declares, say what it says."""

import re
import typing

import pytest
import typer

from agents.documents import documents, publish
from agents.settings import Settings
from monitor.cli import app
from monitor.domain.deadlines import Strategy
from monitor.domain.fold import fold
from monitor.domain.lifecycle import RuleName
from monitor.domain.measures import (
    CATALOGUE,
    CLOCK_CATALOGUE,
    Clock,
    Part,
    clock_measure,
    hour_measure,
)
from monitor.domain.policy import Policy
from monitor.domain.post import post
from monitor.domain.view import Outcome
from monitor.domain.warning import MEANINGS
from monitor.domain.zone import Zone, date_of
from schemas.event import StateChanged
from schemas.times import instant_ms
from tests.servers.require import ROOT

MEASURE = re.compile(r"^\| `(\w+)` \| (\w+) \| (\w+) \| (\w+) \| (.+) \|$", re.MULTILINE)
PART = re.compile(r"^\| `(\w+)` \| (\d+) \| (\w+) \| ([^|]+) \|$", re.MULTILINE)
WARNING = re.compile(r"^\| (\d+) \| `(\w+)` \| (.+) \| (.+) \|$", re.MULTILINE)


def made() -> dict[str, str]:
    # Of which class the command is depends on typer's release.
    return documents(typing.cast("typing.Any", typer.main.get_command(app)))


@pytest.mark.parametrize("path", sorted(made()))
def test_a_generated_page_is_fresh(path: str) -> None:
    written = (ROOT / path).read_text("utf-8") if (ROOT / path).is_file() else ""

    assert written == made()[path], f"{path} is stale: run `make docs`"


def test_every_setting_has_a_row() -> None:
    page = (ROOT / "docs/reference/settings.md").read_text("utf-8")

    named = re.findall(r"^\| `EMC_(\w+)` \|", page, re.MULTILINE)

    assert [name.lower() for name in named] == list(Settings.__dataclass_fields__)
    assert "| `EMC_SERVE_PORT` | `8080` | a whole number from 0 to 65535 |" in page
    assert "| `EMC_PRECISION` | `instant` | `instant` or `date` |" in page


def test_every_command_has_its_options() -> None:
    page = (ROOT / "docs/reference/cli.md").read_text("utf-8")

    assert "    emc replay FILE [OPTIONS]\n" in page
    assert "| `--seed` | `1` | The same seed gives the same dossiers. |" in page
    assert "| `--start` | `2026-06-01` | First local day. |" in page


def test_checking_says_what_is_stale_and_writes_nothing(tmp_path):
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "page.md"
    said: list[str] = []

    assert publish({"docs/page.md": "new"}, check=True, say=said.append, root=tmp_path) == 1
    assert not page.exists()

    assert publish({"docs/page.md": "new"}, check=False, say=said.append, root=tmp_path) == 0
    assert page.read_text() == "new"

    assert publish({"docs/page.md": "new"}, check=True, say=said.append, root=tmp_path) == 0
    assert said == ["stale: docs/page.md (emc docs)", "wrote docs/page.md"]


def test_without_a_checkout_there_is_nothing_to_write(tmp_path):
    said: list[str] = []

    assert publish({"docs/page.md": ""}, check=False, say=said.append, root=tmp_path) == 2
    assert len(said) == 1


def dictionary(heading: str) -> str:
    """A section of the dictionary of measures."""
    page = (ROOT / "docs/reference/measures.md").read_text("utf-8")
    return page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_dictionary_has_exactly_the_measures_of_the_catalogue() -> None:
    shown, _, in_the_ledger = dictionary("Measured today").partition("In the ledger alone")

    for table, whether in ((shown, True), (in_the_ledger, False)):
        assert MEASURE.findall(table) == [
            (one.name, one.kind, one.day, one.basis, one.meaning)
            for one in CATALOGUE
            if one.shown is whether
        ]


def test_the_dictionary_has_every_part_of_every_clock() -> None:
    section = dictionary("Clocks")
    clocks, parts = MEASURE.findall(section), PART.findall(section)

    assert [
        (f"{clock}_{part}", kind, day, basis, f"{what}: {stretch}.")
        for clock, _, day, basis, stretch in clocks
        for part, _, kind, what in parts
    ] == [(one.name, one.kind, one.day, one.basis, one.meaning) for one in CLOCK_CATALOGUE]
    assert [
        200 + 10 * int(clock) + int(part) for _, clock, *_ in clocks for _, part, *_ in parts
    ] == [one.measure for one in CLOCK_CATALOGUE]
    assert clock_measure(Clock.FORWARD, Part.WORKED) == 221, "the page's example"


def test_the_dictionary_has_every_measure_by_the_hour() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", dictionary("By the hour"), re.MULTILINE)

    assert rows == [
        (one.name, str(hour_measure(one.measure))) for one in CATALOGUE if one.hourly
    ]


def test_the_dictionary_has_every_warning() -> None:
    assert WARNING.findall(dictionary("Warnings")) == [
        (str(int(warning)), warning.name.lower(), meaning.says, meaning.source)
        for warning, meaning in sorted(MEANINGS.items())
    ]


def test_the_dictionary_says_what_every_rule_of_a_verdict_is() -> None:
    rules = re.findall(r"^\| `(on_time\w*)` \|", dictionary("Verdicts"), re.MULTILINE)
    strategies = re.findall(r"^\| `(\w+)`[^|]*\| [as]", dictionary("Verdicts"), re.MULTILINE)

    assert rules == list(RuleName)
    assert strategies == list(Strategy)


def test_every_decision_is_in_the_index_and_has_its_parts() -> None:
    index = (ROOT / "docs/index.md").read_text("utf-8")

    decisions = sorted((ROOT / "docs/adr").glob("*.md"))

    numbers = [page.name[:4] for page in decisions]
    assert len(set(numbers)) == len(numbers) >= 15
    for page in decisions:
        text = page.read_text("utf-8")
        assert f"[{page.name[:4]}](adr/{page.name})" in index
        assert re.findall(r"^## (\w+)", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]
        assert len(text.splitlines()) <= 60, f"{page.name}: one page"


def event(number: int, state: int, time: str, due: str | None = None) -> StateChanged:
    at = instant_ms(f"2026-{time}:00+07:00", "time")
    return StateChanged(
        dossier="H26-260302-0001",
        source="s",
        id=str(number),
        claimed_ms=at,
        arrival_ms=at,
        state=state,
        procedure="1.004194",
        agency="H26",
        due_ms=None if due is None else instant_ms(f"2026-{due}:00+07:00", "due"),
    )


LIFE = [
    event(1, 1, "03-02T08:00"),
    event(2, 2, "03-02T09:30", due="03-10T17:00"),
    event(3, 5, "03-04T10:00"),
    event(4, 4, "03-06T10:00", due="03-12T17:00"),
    event(5, 9, "03-12T16:00"),
    event(6, 10, "03-13T08:00"),
]


def test_the_worked_example_of_the_life_cycle_is_so() -> None:
    """docs/explanation/lifecycle.md, A worked example: kept equal by hand."""
    view = fold(LIFE)
    names = {int(one.measure): one.name for one in CATALOGUE}

    booked = {
        (
            names[account.measure],
            date_of(account.day).day,
            None if account.slot < 0 else date_of(account.slot).day,
            amount,
        )
        for account, amount in post(view, Policy(Zone())).items()
        if account.measure in names and names[account.measure] != "processing_time"
    }

    assert view.outcome is Outcome.COMPLETED
    assert booked == {
        ("submitted", 2, None, 1),
        ("accepted", 2, None, 1),
        ("in_process", 2, 10, 1),
        ("in_process", 4, 10, -1),
        ("paused", 4, 10, 1),
        ("paused", 6, 10, -1),
        ("in_process", 6, 12, 1),
        ("in_process", 12, 12, -1),
        ("completed", 12, None, 1),
        ("on_time", 12, None, 1),
        ("handed_over", 13, None, 1),
    }


def test_a_recall_takes_the_end_back() -> None:
    view = fold([*LIFE[:5], event(7, 4, "03-13T09:00")])

    assert view.outcome is Outcome.IN_PROCESS
    assert view.end_ms is None
