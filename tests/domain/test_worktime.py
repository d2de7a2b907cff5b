"""What hour it is for an office, by the calendar that we ship and by one of an agency's own."""

import pytest

from monitor.domain.worktime import NATIONAL, Worktime, worktime, worktimes
from monitor.reference.policy import load_policy
from tests.domain.strategies_time import at
from tests.servers.require import ROOT

POLICY = load_policy(ROOT / "deploy" / "reference")
assert POLICY.legal is not None
CALENDAR = POLICY.legal.calendars.calendar()

NEITHER = (False, False, False)


@pytest.mark.parametrize(
    ("when", "working", "working_day", "digest"),
    [
        ("2026-08-03 06:59:59.999", False, True, False),  # a Monday
        ("2026-08-03 07:00", True, True, False),
        ("2026-08-03 07:29:59.999", True, True, False),
        ("2026-08-03 07:30", True, True, True),
        ("2026-08-03 07:59:59.999", True, True, True),
        ("2026-08-03 08:00", True, True, False),
        ("2026-08-03 11:29:59.999", True, True, False),
        ("2026-08-03 11:30", False, True, False),  # lunch
        ("2026-08-03 16:59:59.999", True, True, False),
        ("2026-08-03 17:00", False, True, False),
        ("2026-08-03 23:59:59.999", False, True, False),
        ("2026-08-08 07:45", *NEITHER),  # a Saturday
        ("2026-08-22 07:45", True, True, True),  # a Saturday that makes up for 31 August
        ("2026-08-31 07:45", *NEITHER),
        ("2026-02-13 07:45", True, True, True),  # the Friday before Tết
        ("2026-02-16 07:45", *NEITHER),
        ("2026-02-20 07:45", *NEITHER),
        ("2026-02-23 07:45", True, True, True),  # the Monday after it
    ],
)
def test_an_instant_is_in_working_time_on_a_working_day_and_in_the_digests_half_hour(
    when, working, working_day, digest
):
    found = worktime(NATIONAL, CALENDAR, at(when))

    assert found == Worktime(NATIONAL, working, working_day, digest)


@pytest.mark.parametrize("year", ["1989", "2101"])
def test_beyond_its_days_a_calendar_never_works(year):
    """A clock that stands wrong must not take every other metric away."""
    assert worktime("H56", CALENDAR, at(f"{year}-06-01 07:45")) == ("H56", *NEITHER)


def test_an_agency_with_hours_of_its_own_has_a_calendar_of_its_own(tmp_path):
    """Saturday mornings for H56; the rest of the country is at home."""
    for name in ("agencies", "procedures"):
        (tmp_path / name).symlink_to(ROOT / "deploy" / "reference" / name)
    (tmp_path / "policy.toml").symlink_to(ROOT / "deploy" / "reference" / "policy.toml")
    shipped = (ROOT / "deploy/reference/calendars/vietnam.toml").read_text("utf-8")
    own = '[[hours]]\nagencies = ["H56"]\nsat = ["07:30-11:30"]\nmake_up = []\n'
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars" / "vietnam.toml").write_text(
        f'{shipped}\n{own}basis = "assumption"\nsource = "test"\n', "utf-8"
    )
    legal = load_policy(tmp_path).legal

    assert worktimes(legal, at("2026-08-08 07:45")) == (
        (NATIONAL, *NEITHER),
        ("H56", True, True, True),
    )
    assert worktimes(legal, at("2026-08-10 07:45")) == (
        (NATIONAL, True, True, True),
        ("H56", *NEITHER),
    )


def test_without_reference_files_there_is_no_calendar_to_speak_of():
    assert worktimes(None, at("2026-08-03 08:00")) == ()
