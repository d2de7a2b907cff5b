"""What is compiled is what is written: tests pass on extension modules as on the sources."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Final

import pytest

from deploy.compile_hot import HOT, PACKAGES, compile_hot, remove
from tests.servers.require import ROOT, absent, require

# Fold, `advance`, post, the law's rules, and what lies around them; `make test-compiled` runs
# all of them.
SHORT: Final = (
    "domain/test_advance.py",
    "domain/test_deadlines.py",
    "domain/test_fold.py",
    "domain/test_law_examples.py",
    "domain/test_post.py",
    "domain/test_traits.py",
    "schemas/test_times.py",
    "agents/test_shelf.py",
    "ledger/test_packing.py",
)
WHOLE: Final = ("domain", "schemas", "agents/test_shelf.py", "ledger/test_packing.py")
SAYS: Final = "from monitor.domain import compiled, post; print(compiled(), post.__file__)"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the packages, compiled; gcc optimises little, to be quick."""
    require("gcc")
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        absent("Python.h", "apt-get install python3-dev")
    folder = tmp_path_factory.mktemp("compiled")
    ignored = shutil.ignore_patterns("__pycache__", "*.so")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=ignored)
    compile_hot(folder, optimise=0)
    return folder


@pytest.mark.slow
def test_the_tests_of_the_sources_pass_on_the_extension_modules(copy):
    whole = os.environ.get("EMC_COMPILED_TESTS") == "all"
    chosen = WHOLE if whole else SHORT

    ran = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", f"pythonpath={copy}"),
            *(str(ROOT / "tests" / name) for name in chosen),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "EMC_COMPILED_AT": str(copy)},
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout


@pytest.mark.slow
def test_extension_modules_are_imported_until_they_are_removed(copy):
    def says() -> str:
        asked = subprocess.run(
            [sys.executable, "-c", SAYS], cwd=copy, capture_output=True, text=True, check=True
        )
        return asked.stdout

    while_compiled = says()
    removed = remove(copy)

    assert while_compiled.startswith("True ")
    assert ".so" in while_compiled
    assert len(removed) == len(HOT) + 1
    assert says() == f"False {copy / 'monitor' / 'domain' / 'post.py'}\n"
