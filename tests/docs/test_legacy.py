"""The page on legacy messages against the code that reads them."""

import re
from collections.abc import Mapping

import pytest

from agents.gateway import legacy
from schemas import onestop, tracking
from tests.servers.require import ROOT

PAGE = (ROOT / "docs/reference/legacy.md").read_text("utf-8")
FIELD = re.compile(r"^\| `([A-Z]\w+(?:\.\w+)?)` \| ([^|]+) \|", re.MULTILINE)
CODES = re.compile(r"^\| `([\w.]+)` \| (\w+) \| [^|]+ \| (?:form )?(\d+)", re.MULTILINE)
ASKED = re.compile(r'"([A-Z][A-Za-z]+(?:_\w+)?)"')


def section(name):
    return PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]


def asked(module):
    """The names of fields that a module of ours looks at."""
    source = (ROOT / "schemas" / f"{module.__name__.rpartition('.')[2]}.py").read_text("utf-8")
    services = {onestop.DOSSIER, onestop.PROGRESS}
    # Whose it is the endpoint asks.
    whose = {"SiteId"} if module is tracking else set()
    return set(ASKED.findall(source)) - services | whose


@pytest.mark.parametrize(
    ("module", "sections"),
    [(tracking, ["TrackingMCDT"]), (onestop, ["DongBoHoSoMC", "CapNhatTienDoHoSoMC"])],
)
def test_the_page_has_every_field_that_is_looked_at_and_says_which_are_not(module, sections):
    rows = [row for name in sections for row in FIELD.findall(section(name))]
    becoming = {
        name.rpartition(".")[2] for name, becomes in rows if becomes.strip() != "dropped"
    }
    dropped = {
        name.rpartition(".")[2] for name, becomes in rows if becomes.strip() == "dropped"
    }

    assert becoming == asked(module)
    assert not dropped & asked(module)


def test_the_page_has_every_code_of_tracking():
    names: dict[str, Mapping[str, int]] = {
        "Status": tracking.STATES,
        "FormsReception": tracking.CHANNELS,
        "Level": tracking.LEVELS,
        "FormsPayments": tracking.PAYMENTS,
        "User.TYPE": tracking.TYPES,
    }
    said = {(name, code): int(becomes) for name, code, becomes in CODES.findall(PAGE)}

    assert {key: becomes for key, becomes in said.items() if key[1].isdigit()} | {
        ("Status", "0"): 0
    } == {
        (name, code): int(becomes)
        for name, codes in names.items()
        for code, becomes in codes.items()
    } | {("Status", "0"): 0}


def test_the_page_has_every_defect_that_a_source_may_be_entered_for():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| [^|]+ \| ([^|]+) \|", PAGE, re.MULTILINE)

    assert dict(rows[:2]) == onestop.QUIRKS
    assert [word for word, _ in rows] == [*onestop.QUIRKS, legacy.REPLIES_00]
