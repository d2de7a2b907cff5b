"""Tables for the public: the shipped ones, and what may not be written."""

import shutil
from pathlib import Path

import pytest

from monitor.domain.measures import Measure
from monitor.domain.period import Span
from monitor.domain.public import Rows, Stretch
from monitor.domain.suppression import ROOT, Tree
from monitor.domain.zone import Zone
from monitor.reference.check import check
from monitor.reference.policy import load_policy
from monitor.reference.releases import load_public, table_of
from tests.domain.strategies_time import at, day
from tests.servers.require import ROOT as CHECKOUT

SHIPPED = CHECKOUT / "deploy" / "reference"
PUBLIC = load_public(SHIPPED)
COMPLETED, RECEIVED = PUBLIC.tables


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / "reference")


def edited(folder: Path, name: str, old: str, new: str) -> list[str]:
    path = folder / "releases" / name
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    return [complaint.partition("releases/")[2] for complaint in check(folder)]


def test_the_shipped_tables_are_one_of_each_day_and_one_of_each_month():
    assert (RECEIVED.name, RECEIVED.rows, RECEIVED.span) == ("received", Rows.LEVEL1, Span.DAY)
    assert (COMPLETED.name, COMPLETED.rows) == ("completed", Rows.AGENCIES)
    assert (COMPLETED.span, COMPLETED.holds_for) == (Span.MONTH, Span.QUARTER)
    assert RECEIVED.limit == COMPLETED.limit == 5
    assert RECEIVED.column(Measure.ACCEPTED, 2, 4) == "online_full"
    assert RECEIVED.column(Measure.ACCEPTED, 2, 0) == "online_other"
    assert RECEIVED.column(Measure.ACCEPTED, 0, 4) == "postal"
    assert RECEIVED.column(Measure.COMPLETED, 2, 4) is None


def test_every_dossier_of_the_event_is_in_a_column():
    assert {
        RECEIVED.column(Measure.ACCEPTED, channel, level)
        for channel in range(4)
        for level in (0, 2, 3, 4)
    } == set(RECEIVED.names)


def test_a_table_comes_out_of_the_ledger_as_it_went_in():
    assert table_of("received", RECEIVED.said) == RECEIVED


def test_a_day_comes_due_two_mornings_later_and_a_month_on_the_fifth():
    zone = Zone()

    assert RECEIVED.due_ms(Stretch(day("2026-06-01"), day("2026-06-01")), zone) == at(
        "2026-06-03 06:00"
    )
    (june,) = COMPLETED.spans(day("2026-06-01"), day("2026-07-30"))
    assert june == Stretch(day("2026-06-01"), day("2026-06-30"))
    assert COMPLETED.due_ms(june, zone) == at("2026-07-05 06:00")


def test_an_agency_counts_at_the_lowest_place_that_is_listed_or_with_its_heir():
    on = day("2026-06-01")
    places = PUBLIC.places(COMPLETED, on)
    tree = Tree({place: above for place, (above, _) in places.items()})

    assert places["H26"] == (ROOT, "Thành phố Hà Nội")
    assert places["H26.01"][0] == "H26"
    assert PUBLIC.place("H26.01", tree, on) == "H26.01"
    assert PUBLIC.place("H26.99.3", tree, on) == "H26"
    assert PUBLIC.place("H47", tree, on) == "H17"
    assert PUBLIC.place("office of nowhere", tree, on) == ROOT


def test_a_changed_table_moves_no_figure(folder):
    before = load_policy(folder)

    assert edited(folder, "received.toml", "days_after = 2", "days_after = 4") == []
    after = load_policy(folder)

    assert before.legal is not None
    assert after.legal is not None
    assert before.legal.version == after.legal.version


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        (
            "received.toml",
            '["accepted"]\nchannels = ["direct"]',
            '["acepted"]\nchannels = ["direct"]',
            "'acepted' is nothing that a dossier is released by once: write accepted",
        ),
        (
            "received.toml",
            'channels = ["postal", "unsaid"]',
            'channels = ["postal", "direct"]',
            "dossiers may be in direct and in postal: narrow one of them by measure, channel or level",
        ),
        (
            "received.toml",
            'measures = ["accepted"]\nchannels = ["postal", "unsaid"]',
            'measures = ["submitted"]\nchannels = ["postal", "unsaid"]',
            "the columns count different things: received, submitted: make a table of each",
        ),
        (
            "completed.toml",
            '["late_06b"]',
            '["late_first_due"]',
            "a dossier would be counted by several rules: 06b, first_due: keep to one of them",
        ),
        (
            "completed.toml",
            '["early_06b", "on_time_06b"]',
            '["completed"]',
            "a dossier would be counted by several rules: 06b, completed: keep to one of them",
        ),
        (
            "completed.toml",
            'numerator = ["on_time"]',
            'numerator = ["in_time"]',
            "there is no column in_time: write one of on_time, late, undecided",
        ),
        (
            "completed.toml",
            "past_days = 184",
            "past_days = 40",
            "40 days need not hold 2 periods: give more days, or want fewer periods",
        ),
        (
            "received.toml",
            "past_days = 92",
            "past_days = 92\nlimits = 5",
            "unknown key `limits`: write `limit`, or remove it",
        ),
    ],
)
def test_what_would_tell_of_a_few_is_refused(folder, name, old, new, says):
    complaints = edited(folder, name, old, new)

    assert any(says in complaint for complaint in complaints), complaints


def test_two_tables_of_one_event_are_refused(folder):
    again = folder / "releases" / "tiep-nhan.toml"
    again.write_text((folder / "releases" / "received.toml").read_text("utf-8"), "utf-8")

    (complaint,) = check(folder)

    assert "received dossiers are released by received.toml already" in complaint


def test_completed_beside_uncertain_clocks_counts_twice(folder):
    """Whoever is uncertain is completed: the columns would share dossiers."""
    complaints = edited(
        folder, "completed.toml", '["early_06b", "on_time_06b"]', '["completed"]'
    )
    assert complaints
    complaints = edited(folder, "completed.toml", '["late_06b"]', '["returned"]')
    complaints = edited(
        folder,
        "completed.toml",
        '["no_deadline_06b", "clock_uncertain"]',
        '["clock_uncertain"]',
    )

    assert any("counted twice" in complaint for complaint in complaints), complaints
