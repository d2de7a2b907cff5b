"""Thresholds of connections: the shipped file says what stands in the code, and a slip is told."""

import shutil
from pathlib import Path

import pytest

from monitor.domain.rhythm import Thresholds
from monitor.reference.check import check
from monitor.reference.complaints import Unusable
from monitor.reference.connections import load_thresholds
from monitor.reference.policy import load_reference
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"


def test_the_shipped_file_is_what_holds_without_one(tmp_path: Path):
    assert load_thresholds(SHIPPED) == load_thresholds(tmp_path) == load_thresholds(None)
    assert load_thresholds(None) == Thresholds()


def test_a_chance_becomes_arrivals_that_may_be_missed(tmp_path: Path):
    (tmp_path / "connections.toml").write_text("rare_one_in = 1_000\nregular_arrivals = 5\n")

    found = load_thresholds(tmp_path)

    # 2 ln 1000 = 13.8155...
    assert (found.rare_arrivals_milli, found.regular_arrivals_milli) == (13_815, 5_000)


def test_a_slip_in_the_file_is_told_with_its_line_and_moves_no_policy(tmp_path: Path):
    folder = shutil.copytree(SHIPPED, tmp_path / "reference")
    version = load_reference(folder).version
    file = folder / "connections.toml"
    file.write_text("beats_missed = 4\n")
    assert load_reference(folder).version == version

    file.write_text("beats_missed = 4\nbeats_mised = 3\nclaim_due_hour = 24\n")
    told = check(folder)
    assert any("connections.toml:2: unknown key `beats_mised`" in line for line in told)
    with pytest.raises(Unusable):
        load_thresholds(folder)
