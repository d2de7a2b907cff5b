"""Texts: both languages have all of them, pages name none that is missing, no key stands unused."""

import re
from string import Formatter

import pytest

from monitor.outlets.console.texts import ALL
from monitor.outlets.problem import Code
from tests.servers.require import ROOT

CONSOLE = ROOT / "monitor" / "outlets" / "console"
SOURCES = {
    path: path.read_text("utf-8")
    for path in (*CONSOLE.glob("*.py"), *CONSOLE.glob("pages/*.html"))
    if not path.name.startswith("texts")
}
_ASKED = re.compile(r"""\bt\(\s*["']([a-z0-9_.]+)["'](\s*~)?""")


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("key", ALL)
def test_both_languages_have_the_text_with_the_same_gaps(key: str) -> None:
    vi, en = ALL[key]
    assert vi.strip() == vi != ""
    assert en.strip() == en != ""
    assert gaps(vi) == gaps(en)


def test_every_text_that_a_page_names_is_there() -> None:
    named = {
        key
        for text in SOURCES.values()
        for key, joined in _ASKED.findall(text)
        if not joined and not key.endswith(".")
    }
    assert len(named) > 50
    assert named - ALL.keys() == set()


def test_every_problem_has_a_heading() -> None:
    assert {f"problem.{code.value}" for code in Code} - ALL.keys() == set()
