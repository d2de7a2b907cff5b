"""The simulation passes, repeats itself to the letter, and notices every safeguard that is missing."""

import os
import re
import subprocess
import sys

import pytest

from tests.simulation.faults import FAULTS

HISTORIES = 240


def simulate(*arguments: str, hash_seed: str = "0") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def test_histories_of_failures_all_come_out_right():
    ran = simulate("--histories", str(HISTORIES))

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{HISTORIES} of {HISTORIES} histories passed" in ran.stdout


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
