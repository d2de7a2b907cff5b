"""What the pages tell people to type works, and shows what they say it shows."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.pages import environment, missing, pages, save_files, shown_only, steps, typed
from tests.servers.require import ROOT

OFFLINE = [page for page in pages() if steps(page)]
MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")
EMC = re.compile(r"^emc ([a-z]+)", re.MULTILINE)


@pytest.mark.slow
@pytest.mark.parametrize("page", OFFLINE)
def test_every_command_that_needs_no_server_does_what_the_page_shows(
    page: str, tmp_path: Path
) -> None:
    save_files(page, tmp_path)
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")  # as in a checkout
    around = environment(tmp_path)

    wrong = []
    for step in steps(page):
        said = typed(step.command, tmp_path, around, within_s=60)
        if absent := missing(step.shown, said):
            wrong.append((step.command, absent, said))

    assert wrong == []


def test_the_tutorial_has_commands_of_every_kind() -> None:
    """A block whose mark is misspelt would otherwise be run by nobody."""
    tutorial = "docs/tutorial/first-number.md"

    assert [len(steps(tutorial, kind)) for kind in ("", "demo", "server")] == [6, 2, 2]
    assert len(steps("docs/how-to/run.md", "service")) == 7


def test_no_block_has_a_mark_that_nothing_runs() -> None:
    marks = {
        mark
        for page in pages()
        for mark in re.findall(r"^```console ?(.*)$", (ROOT / page).read_text(), re.MULTILINE)
    }

    assert marks <= {
        "",
        "demo",
        "server",
        "service",
        "quarantine",
        "register",
        "gateway",
        "api",
        "access",
    }


def test_what_is_only_shown_names_targets_and_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(
        re.findall(
            r"^## emc (\w+)$", (ROOT / "docs/reference/cli.md").read_text(), re.MULTILINE
        )
    )
    typed_in = "\n".join(map(shown_only, pages()))

    assert set(MAKE.findall(typed_in)) <= targets
    assert set(EMC.findall(typed_in)) <= commands
    assert {"demo", "install"} <= set(MAKE.findall(typed_in))


def test_the_first_command_is_on_the_first_screen() -> None:
    before, command, _ = (ROOT / "README.md").read_text().partition("make demo")

    assert command
    assert len(before.splitlines()) < 24


def said_in_code() -> list[str]:
    """Every text of the source, with `...` for what is filled in."""
    texts = []
    for path in [*ROOT.glob("agents/**/*.py"), *ROOT.glob("monitor/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                texts.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "..."
                    for part in node.values
                )
                texts.append("".join(map(str, parts)))
    return texts


def test_every_line_with_which_a_worker_ends_is_one_that_it_says() -> None:
    page = (ROOT / "docs/how-to/run.md").read_text("utf-8")
    table = page.partition("## When it stops")[2]
    lines = re.findall(r"^\| `(.+?)` \|", table, re.MULTILINE)
    said = said_in_code()

    unheard = [
        line
        for line in lines
        if not any(
            all(part.strip() in text for part in line.split("...") if part.strip())
            for text in said
        )
    ]

    assert len(lines) >= 8
    assert unheard == []
