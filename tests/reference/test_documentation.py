"""The pages on reference files say what is so: tables have all keys, examples can be used."""

import re
import shutil
from enum import Enum

import msgspec
import pytest

from monitor.domain.binding import ClockUnit
from monitor.domain.facts import Fact
from monitor.domain.indicator import Direction, IfZero, Kind, Scoring, Unit
from monitor.domain.lifecycle import RuleName
from monitor.domain.objective import Indicator, Severity
from monitor.domain.public import RELEASED, Rows
from monitor.domain.traits import Trait
from monitor.reference.agencies import Agency, AgencyKind
from monitor.reference.alerts import AlertsFile
from monitor.reference.calendars import CalendarFile
from monitor.reference.check import check
from monitor.reference.connections import ConnectionsFile
from monitor.reference.groups import GroupsFile
from monitor.reference.indicators import IndicatorsFile, TermRow, load_sets
from monitor.reference.objectives import ObjectiveFile, load_objectives
from monitor.reference.policy import load_policy, load_reference
from monitor.reference.procedures import ProcedureRow, Tag
from monitor.reference.releases import LEVELS, ReleaseFile
from monitor.reference.rules import ClockName, PolicyFile
from monitor.reference.typed import key_names, keys_of
from tests.domain.strategies_time import HOUR, at, day
from tests.reference.given import there
from tests.servers.require import ROOT

FILES = (ROOT / "docs" / "reference" / "reference-files.md").read_text("utf-8")
STEPS = (ROOT / "docs" / "how-to" / "reference-files.md").read_text("utf-8")
SECTION = re.compile(r"^## `([^`]+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| `([a-z_.]+)` \|([^|]*)\|", re.MULTILINE)
EXAMPLE = re.compile(r"<!-- (append|create): (\S+) -->\n```\w+\n(.*?)```", re.DOTALL)

SECTIONS = dict(SECTION.findall(FILES))
KINDS: dict[str, type[msgspec.Struct]] = {
    "policy.toml": PolicyFile,
    "connections.toml": ConnectionsFile,
    "alerts.toml": AlertsFile,
    "objectives/*.toml": ObjectiveFile,
    "indicators/*.toml": IndicatorsFile,
    "groups.toml": GroupsFile,
    "releases/*.toml": ReleaseFile,
    "calendars/*.toml": CalendarFile,
    "agencies/*.csv": Agency,
    "procedures/*.csv": ProcedureRow,
}


def shown(field):
    """A default as the tables show it."""
    if field.required:
        return "required"
    value = field.default.value if isinstance(field.default, Enum) else field.default
    if value in (None, "", ()):
        return ""
    known = {True: "true", False: "false"} if isinstance(value, bool) else {}
    return f"`{known.get(value, value)}`"


def defaults(kind):
    for field in msgspec.structs.fields(kind):
        key = keys_of(kind)[field.name]
        if (inner := key.tables or key.table) and inner is not TermRow:
            yield from ((f"{field.name}.{name}", said) for name, said in defaults(inner))
        else:
            yield field.name, shown(field)


def test_every_file_has_its_section():
    assert list(SECTIONS) == list(KINDS)


@pytest.mark.parametrize("name", KINDS)
def test_the_table_of_a_file_has_every_key_with_its_default(name):
    rows = [(key, said.strip()) for key, said in ROW.findall(SECTIONS[name])]

    assert [key for key, _ in rows] == list(key_names(KINDS[name]))
    assert rows == list(defaults(KINDS[name]))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("policy.toml", [*ClockName, *ClockUnit]),
        ("agencies/*.csv", list(AgencyKind)),
        ("objectives/*.toml", [*Indicator, *Severity]),
        ("indicators/*.toml", [*Kind, *Unit, *IfZero, *Scoring, *Direction]),
        ("procedures/*.csv", list(Tag)),
        ("releases/*.toml", [*RELEASED, *Rows, *LEVELS]),
    ],
)
def test_every_word_there_is_to_write_is_named(name, values):
    assert [value for value in values if f"`{value}`" not in SECTIONS[name]] == []


def test_the_table_of_terms_has_every_key_and_every_word():
    section = FILES.partition("\n## Terms of indicators\n")[2]

    assert [(key, said.strip()) for key, said in ROW.findall(section)] == list(
        defaults(TermRow)
    )
    traits = [trait.name.lower() for trait in Trait if trait.name]
    assert [word for word in (*Fact, *traits) if f"`{word}`" not in section] == []


def test_the_examples_of_objectives_can_be_used(tmp_path):
    folder = shutil.copytree(ROOT / "deploy" / "reference", tmp_path / "reference")
    examples = EXAMPLE.findall((ROOT / "docs" / "how-to" / "objectives.md").read_text("utf-8"))
    assert len(examples) == 3
    for how, name, text in examples:
        path = folder / name
        before = path.read_text("utf-8") + "\n" if how == "append" else ""
        path.write_text(before + text, encoding="utf-8")
        assert check(folder) == [], name

    found = load_objectives(folder)
    asked = {each.name: each for each in found.objectives}
    last, first = day("2026-12-31"), day("2027-01-01")
    assert [there(asked["online-h17"].target(on)).good for on in (last, first)] == [
        7_000,
        9_000,
    ]
    assert [scope.label for scope in asked["acceptance-h56-12"].scopes] == ["unit:H56.12"]
    assert found.groups[-1].name == "driving"


def test_the_examples_of_indicators_can_be_used(tmp_path):
    folder = shutil.copytree(ROOT / "deploy" / "reference", tmp_path / "reference")
    page = (ROOT / "docs" / "how-to" / "indicators.md").read_text("utf-8")
    (_, first, old), (_, second, new) = EXAMPLE.findall(page)
    (folder / first).write_text(old, encoding="utf-8")
    assert check(folder) == []
    (folder / second).write_text(new, encoding="utf-8")
    assert ["valid twice from 2027-01-01" in line for line in check(folder)] == [True]

    began = "valid_from = 2026-01-01\n"
    ended = old.replace(began, f"{began}valid_until = 2027-01-01\n")
    (folder / first).write_text(ended, encoding="utf-8")

    assert check(folder) == []
    found = [one.set for one in load_sets(folder) if one.set.id == "h56-online"]
    assert [one.version for one in found] == ["2026.1", "2027.1"]
    assert [float(each.score.threshold) for each in found[0].indicators] == [0.9, 0.7]


def test_the_steps_of_the_how_to_lead_to_files_that_can_be_used(tmp_path):
    folder = shutil.copytree(ROOT / "deploy" / "reference", tmp_path / "reference")
    examples = EXAMPLE.findall(STEPS)
    assert len(examples) == 7
    for how, name, text in examples:
        path = folder / name
        if how == "append":
            path.write_text(f"{path.read_text('utf-8')}\n{text}", encoding="utf-8")
        else:
            path.write_text(text, encoding="utf-8")
        assert check(folder) == [], name

    reference = load_reference(folder)
    calendar = reference.calendars.calendar
    assert not calendar().is_working_day(day("2027-04-29"))
    assert calendar().is_working_day(day("2027-05-08"))
    own = calendar("H17.04").worked_ms(at("2026-09-05 00:00"), at("2026-09-06 00:00"))
    assert own == 4 * HOUR
    legal = there(load_policy(folder).legal)
    last, first = day("2026-12-31"), day("2027-01-01")
    assert [there(legal.catalogue.on("2.009999", on)).limits[0].n for on in (last, first)] == [
        3,
        2,
    ]
    assert there(legal.catalogue.on("1.012753.H17", first)).limits[2].n == 3
    assert reference.agencies.present("H17.95") == "H17.14"
    assert {int(state) for state in reference.rules.stops[RuleName.R766]} == {5, 8}
