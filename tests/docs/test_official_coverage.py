"""The page that says where each official line is answered names indicators that there are, and all of them."""

import re

from monitor.reference.indicators import load_sets
from tests.servers.require import ROOT

PAGE = (ROOT / "docs" / "reference" / "official-coverage.md").read_text("utf-8")
SETS = {one.set.id: one.set for one in load_sets(ROOT / "deploy" / "reference")}
CODE = re.compile(r"`([^`\n]+)`")


def test_every_indicator_that_the_page_names_is_in_a_set():
    known = {name for one in SETS.values() for name in one.by_id} | set(SETS)
    known |= {check.id for one in SETS.values() for check in one.checks}
    apart = {"/breakdowns", "/balances", "assumption"}

    assert set(CODE.findall(PAGE)) - known - apart == set()


def test_every_target_and_column_of_06b_is_on_the_page():
    named = set(CODE.findall(PAGE))

    assert set(SETS["targets"].by_id) - named == set()
    assert set(SETS["report-06b"].by_id) - named == set()
    assert set(SETS["emc"].by_id) - named == set()
