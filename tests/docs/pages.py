"""Pages read as programs: the files they tell the reader to save, the commands, what they show."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tests.servers.require import ROOT

FILE: Final = re.compile(
    r"<!-- file: ([\w.]+) -->\n```\w+\n(.*?)^```$", re.DOTALL | re.MULTILINE
)
RESULT: Final = re.compile(r"<!-- result: ([\w.]+) -->\n((?:\|.*\n)+)")
FENCE: Final = re.compile(r"^```(\w*) ?(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ANYTHING: Final = "…"


class Step(NamedTuple):
    """A command, and the lines that the page says come of it."""

    command: str
    shown: list[str]


def pages() -> list[str]:
    """Every page that tells somebody what to type."""
    found = [*ROOT.glob("docs/tutorial/*.md"), *ROOT.glob("docs/how-to/*.md")]
    return ["README.md", *sorted(str(page.relative_to(ROOT)) for page in found)]


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def steps(page: str, where: str = "") -> list[Step]:
    """The commands of its console blocks; `where` is the word behind `console`."""
    found: list[Step] = []
    for language, beside, block in FENCE.findall(text(page)):
        if language != "console" or beside != where:
            continue
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append(Step(line[2:], []))
            else:
                found[-1].shown.append(line)
    return found


def shown_only(page: str) -> str:
    """What its sh blocks tell the reader to type, which no test runs."""
    return "\n".join(
        block for language, _, block in FENCE.findall(text(page)) if language == "sh"
    )


def save_files(page: str, folder: Path) -> None:
    for name, content in FILE.findall(text(page)):
        (folder / name).write_text(content, "utf-8")


def files(page: str) -> dict[str, str]:
    return dict(FILE.findall(text(page)))


def result(page: str, name: str) -> list[list[str]]:
    """The table that the page says a query gives, without its heading."""
    table = dict(RESULT.findall(text(page)))[name]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
    ]
    return rows[2:]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """With `emc` and `python` on the path as an activated .venv has them, and a plain terminal."""
    tools = folder / "bin"
    tools.mkdir(exist_ok=True)
    for name, call in (("emc", " -m monitor.cli"), ("python", "")):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\nexec "{sys.executable}"{call} "$@"\n', "utf-8")
        tool.chmod(0o755)
    own = {name: value for name, value in os.environ.items() if not name.startswith("EMC_")}
    return {
        **own,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "160",
        **more,
    }


def typed(command: str, folder: Path, environment: Mapping[str, str], within_s: float) -> str:
    """Everything that a command says; it must end well."""
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within_s,
        check=False,
    )
    # 141: the reader of a pipe, such as head, had seen enough.
    assert done.returncode in (0, 141), f"{command}\n{done.stdout}"
    return done.stdout


def missing(shown: list[str], said: str) -> list[str]:
    """The lines of the page that do not come in this order in what was said."""
    lines = iter([line.rstrip() for line in said.splitlines()])
    absent = []
    for line in shown:
        if line == ANYTHING:
            continue
        pattern = re.compile(".*".join(map(re.escape, line.rstrip().split(ANYTHING))))
        seen = list(lines)
        place = next((at for at, one in enumerate(seen) if pattern.fullmatch(one)), None)
        if place is None:
            absent.append(line)
            lines = iter(seen)
        else:
            lines = iter(seen[place + 1 :])
    return absent
