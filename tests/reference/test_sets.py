"""Reference sets: what a ledger stores of a deployment's files makes the same policy again."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import Zone
from monitor.reference.sets import (
    ReadsDifferently,
    hash_of,
    plain_set,
    policy_of,
    set_of,
    showing,
)
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"


def test_a_stored_set_makes_the_policy_that_its_folder_made():
    stored, policy = set_of(SHIPPED)

    again = policy_of(stored)

    assert again.legal is not None
    assert policy.legal is not None
    assert again.legal.version == policy.legal.version == stored.hash
    assert (again.zone.name, again.precision) == (policy.zone.name, policy.precision)
    assert again.legal.portals == policy.legal.portals


def test_what_is_stored_is_what_is_read_and_nothing_else(tmp_path: Path):
    folder = tmp_path / "reference"
    shutil.copytree(SHIPPED, folder)
    (folder / ".notes").write_text("not read")

    stored, _ = set_of(folder)

    assert set(stored.files) == {
        "policy.toml",
        "agencies/departments.csv",
        "agencies/districts.csv",
        "agencies/ministries.csv",
        "agencies/provinces.csv",
        "calendars/vietnam.toml",
        "procedures/illustrative.csv",
    }
    assert stored.files["policy.toml"] == (SHIPPED / "policy.toml").read_bytes()


def test_a_deployment_without_files_has_a_set_too():
    by_date = Policy(Zone("Europe/Berlin"), Precision.DATE)

    stored = plain_set(by_date)

    assert policy_of(stored) == by_date
    assert plain_set(Policy(Zone())).hash != stored.hash


def test_a_set_that_this_release_reads_otherwise_is_refused_with_the_remedy():
    stored, _ = set_of(SHIPPED)

    with pytest.raises(ReadsDifferently, match=r"emc recompute --reference"):
        policy_of(replace(stored, hash="0123456789abcdef"))


def test_a_set_that_this_release_refuses_says_what_is_wrong():
    stored, _ = set_of(SHIPPED)
    files = {**stored.files, "policy.toml": b"calendar = 1"}

    with pytest.raises(ReadsDifferently, match=r"policy.toml:.*mend the files"):
        policy_of(replace(stored, files=files))
    with pytest.raises(ReadsDifferently, match=r"policy.toml:.*mend the files"):
        showing(replace(stored, files=files))


def test_what_was_booked_under_other_holidays_is_shown_all_the_same():
    stored, _ = set_of(SHIPPED)

    shown = showing(replace(stored, hash="0123456789abcdef"))

    assert (shown.zone.name, shown.precision) == ("Asia/Ho_Chi_Minh", Precision.INSTANT)
    assert shown.present("H02") == "H05"


def test_a_policy_knows_the_set_it_was_made_of():
    stored, policy = set_of(SHIPPED)
    by_date = Policy(Zone("Europe/Berlin"), Precision.DATE)

    assert hash_of(policy) == stored.hash
    assert hash_of(by_date) == plain_set(by_date).hash
