"""The simulation passes, repeats itself to the letter, and notices every safeguard that is missing."""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.faults import FAULTS

HISTORIES = 200


def simulate(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return python("-m", "tests.simulation", *arguments, hash_seed=hash_seed)


def python(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def test_histories_of_failures_all_come_out_right():
    ran = simulate("--histories", str(HISTORIES))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{HISTORIES} of {HISTORIES} histories passed" in ran.stdout


def test_every_misfortune_that_the_page_lists_befalls_somebody():
    traces = """
from tests.simulation.history import run
for seed in range(90):
    print(*run(seed).trace, sep="\\n")
"""
    said = python("-c", traces).stdout

    for misfortune in (
        "kill w",
        "pause w",
        "go on w",
        "stop w",
        "restart agent of w",
        "upgrade to policy",
        "rules 4 are installed",
        "may not book",  # a release whose rules do not rule
        "mended release is installed",
        "start r",  # a recompute
        "kill r",
        "pause r",
        "abandon: done",
        "Overtaken",  # two that rebooked the same dossier
        "epoch 3 rules",
        "PolicyChanged",
        "ms ahead",  # a clock that was set
        "ledger away",
        "broker away",
        "a partition more",
        "put out",
        "request lost",
        "answer lost",
        "DeadlockDetectedError",
        "RolledBack",  # a commit that came after its session had ended
        "PositionMoved",
        "VersionConflict",
        "batch_lost",
        "claiming later",
        "another worker owns a partition",
        "rejoining the group",  # a claim that came after a later generation's
    ):
        assert misfortune in said, misfortune


def test_a_seed_is_the_same_history_in_every_process():
    first, again = (simulate("--seed", "11", hash_seed=other) for other in ("1", "2"))

    assert first.returncode == again.returncode == 0, first.stdout
    assert len(first.stdout.splitlines()) > 30
    assert first.stdout == again.stdout


@pytest.mark.parametrize("missing", sorted(FAULTS))
def test_a_missing_safeguard_shows_within_a_hundred_seeds(missing: str):
    ran = simulate("--without", missing, "--histories", "100")

    assert ran.returncode == 0, ran.stdout + ran.stderr
    line = re.search(r"python -m tests\.simulation (--seed .*)", ran.stdout)
    assert line is not None
    again = simulate(*line[1].split())
    assert again.returncode == 1, again.stdout


def test_wrong_use_is_told_from_a_failing_history():
    assert simulate("--histories", "0").returncode == 2
    assert simulate("--without", "nothing").returncode == 2
