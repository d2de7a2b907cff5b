"""What is true of the repository as a whole: what it says of itself is so."""

import itertools
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from monitor import __version__
from tests.servers.require import ROOT, require

# Where somebody's checkout, home or cache lies; a relative path is what others can follow.
OF_ONE_MACHINE: Final = re.compile(
    r"(?<![\w.\-/:}$~])/(?:root|home|Users|work|mnt|srv/\w+)/[\w.-]+"
)
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING: Final = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
FENCED: Final = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
TARGET: Final = re.compile(r"^([a-z][a-z-]*):(?!=)", re.MULTILINE)


def tracked(pattern: str = "*") -> list[Path]:
    listed = subprocess.run(
        [
            require("git"),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            pattern,
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def pinned() -> dict[str, Version]:
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pins}


def dependencies() -> list[Requirement]:
    """What pyproject.toml asks for, extras included, ourselves left out."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    texts = itertools.chain(project["dependencies"], *project["optional-dependencies"].values())
    asked = map(Requirement, texts)
    return [wanted for wanted in asked if wanted.name != project["name"]]


def anchors(document: str) -> set[str]:
    """The names by which a page's headings are linked to, as GitHub forms them."""
    headings = HEADING.findall(FENCED.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_alone_lists_every_target() -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    printed = subprocess.run(
        [require("make"), "--no-print-directory"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    described = {line.split()[1] for line in printed.splitlines() if len(line.split()) > 3}

    assert described == targets
    assert {"install", "demo", "test", "check", "release"} <= targets


def test_no_file_names_a_place_on_one_machine() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {found.group()}"
        for path in tracked()
        if b"\0" not in path.read_bytes()
        for found in OF_ONE_MACHINE.finditer(path.read_text())
    ]

    assert named == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = []
    for page in tracked("*.md"):
        for link in LINK.findall(FENCED.sub("", page.read_text())):
            place, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", place):
                continue
            target = page.parent / place if place else page
            if not target.exists() or (
                anchor and target.suffix == ".md" and anchor not in anchors(target.read_text())
            ):
                broken.append(f"{page.relative_to(ROOT)}: {link}")

    assert broken == []


def test_the_changelog_begins_with_the_version() -> None:
    first = re.search(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert first is not None
    assert first[1] == ("Unreleased" if Version(__version__).is_devrelease else __version__)


def test_the_lock_holds_exact_versions_and_nothing_else() -> None:
    lines = (ROOT / "requirements.lock").read_text().splitlines()

    odd = [line for line in lines if not re.fullmatch(r"#.*|[\w.-]+==([0-9]+!)?[\w.]+", line)]

    assert odd == []


def test_the_lock_holds_what_the_project_depends_on() -> None:
    pins = pinned()

    unmet = [
        str(wanted)
        for wanted in dependencies()
        if pins.get(canonicalize_name(wanted.name), Version("0")) not in wanted.specifier
    ]

    assert unmet == []


def test_every_dependency_has_a_lower_bound() -> None:
    unbounded = [
        str(wanted)
        for wanted in dependencies()
        if not any(bound.operator in {">=", "=="} for bound in wanted.specifier)
    ]

    assert unbounded == []


def test_only_one_module_skips_tests() -> None:
    skipping = re.compile(r"pytest\.(skip\(|importorskip|mark\.skip)|mark\.skipif")

    elsewhere = [
        str(path.relative_to(ROOT))
        for path in tracked("tests/*.py")
        if skipping.search(path.read_text())
    ]

    assert elsewhere == ["tests/servers/require.py"]


@pytest.mark.parametrize("script", [".ci/run"])
def test_a_script_can_be_run_and_stops_at_its_first_failure(script: str) -> None:
    path = ROOT / script

    assert path.stat().st_mode & 0o111
    assert "set -euo pipefail" in path.read_text()
    subprocess.run(["bash", "-n", path], check=True)
