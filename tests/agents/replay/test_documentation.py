"""The page on mappings says what is so: its examples run, and its table has all keys."""

import json
import re
from typing import Any

import pytest

from agents.replay.mapping import keys
from tests.agents.replay.runs import run, written
from tests.servers.require import ROOT

PAGE = (ROOT / "docs" / "reference" / "mapping.md").read_text()
BLOCK = re.compile(r"<!-- example (\w+): ([\w.]+) -->\n```\w+\n(.*?)```", re.DOTALL)
KEY = re.compile(r"^\| `([a-z_.]+)` \| ([^|]*?) ?\|", re.MULTILINE)

EXAMPLES: dict[str, dict[str, str]] = {}
for _example, _file, _text in BLOCK.findall(PAGE):
    EXAMPLES.setdefault(_example, {})[_file] = _text


def as_far_as_said(said: Any, found: Any) -> Any:
    """`found`, without the keys that `said` leaves out."""
    if isinstance(said, dict):
        return {key: as_far_as_said(value, found[key]) for key, value in said.items()}
    return found


@pytest.mark.parametrize("example", ["cases", "events"])
def test_the_examples_give_the_results_they_show(tmp_path, example):
    files = EXAMPLES[example]
    said = json.loads(files["result.json"])

    shown = run(*written(tmp_path, files["log.csv"], files["mapping.toml"]))

    assert shown.status == 0
    assert as_far_as_said(said, shown.result) == said


def test_the_table_has_every_key_in_the_order_of_the_types():
    assert [key for key, _ in KEY.findall(PAGE)] == list(keys())
