"""Objectives and groups: the shipped ones fit, and an impossible one is told with line and reason."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.domain.objective import Indicator, Scope, Side
from monitor.outlets import objectives as outlet
from monitor.reference.check import check
from monitor.reference.complaints import Unusable
from monitor.reference.objectives import load_objectives, load_watched
from monitor.reference.policy import load_reference
from tests.domain.strategies_time import day
from tests.reference.given import there
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"
GOOD = """\
title_vi = "Đúng hạn"
title_en = "On time"
indicator = "on_time_766"
scopes = ["country"]
window = "month"
minimum = 30
owner = "somebody"

[[targets]]
percent = 90
article = "none"
basis = "assumption"

[[alerts]]
long = "3d"
short = "1d"
burn = 3
"""
GROUP = """\
minimum = 5

[[groups]]
name = "land"
title_vi = "Đất đai"
title_en = "Land"
procedures = ["1.012753"]
limit = "20 working_days"
article = "none"
basis = "assumption"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(SHIPPED, tmp_path / "reference")


@pytest.fixture
def told(folder: Path) -> Callable[..., list[str]]:
    """What is said of one objective, with some of its text replaced; without the path."""
    shutil.rmtree(folder / "objectives")
    (folder / "objectives").mkdir()
    (folder / "groups.toml").write_text(GROUP)

    def tell(*replaced: tuple[str, str], name: str = "own.toml", text: str = GOOD) -> list[str]:
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (folder / "objectives" / name).write_text(text)
        return [line.partition("/reference/")[2] for line in check(folder)]

    return tell


def test_what_is_shipped_fits_and_leaves_room_for_others():
    shipped = load_objectives(SHIPPED)

    assert [each.name for each in shipped.objectives if each.side is Side.TECHNICAL] == [
        "interface-availability",
        "interface-latency",
        "portal-availability",
        "portal-latency",
    ]
    legal = {each.name: each for each in shipped.legal()}
    assert len(legal) == 11
    on_time = legal["on-time-766"]
    assert on_time.indicator is Indicator.ON_TIME_766
    assert on_time.window.label == "month"
    assert [span.label for span in on_time.spans] == ["1d", "3d", "10d"]
    # The country, 20 ministries and bodies, and the 34 provinces since 1/7/2025.
    assert len(on_time.scopes) == 1 + 20 + 34
    assert Scope() in on_time.scopes
    assert Scope(agency="H56") in on_time.scopes
    assert Scope(agency="H25") not in on_time.scopes  # merged
    assert {group.name for group in shipped.groups} == {
        "essential-25",
        "civil-status",
        "land",
        "business",
    }
    # What metrics.md reckons with.
    assert sum(len(each.scopes) for each in shipped.legal()) == outlet.SCOPES
    assert sum(len(each.scopes) * len(each.spans) for each in shipped.legal()) == outlet.SPANS
    assert (len(legal), len(shipped.groups)) == (outlet.OBJECTIVES, outlet.GROUPS)
    assert all(each.targets and each.owner and each.title_vi for each in shipped.objectives)


def test_what_the_sums_depend_on_is_read_with_them():
    watched = load_watched(SHIPPED)

    assert len(watched.agencies) == 20 + 34
    assert (watched.heirs["H25"], watched.heirs["H56.D01"]) == ("H42", "H56")
    assert "H56" not in watched.heirs
    assert len(watched.pairs) == 186 + 54 * 4  # one of 187 is counted of the catalogue
    # 1.012753 has two rows, one after the other.
    assert watched.services(day("2025-06-30")) == watched.services(day("2025-07-01"))


def test_a_target_holds_from_a_day_to_a_day():
    asked = {each.name: each for each in load_objectives(SHIPPED).objectives}

    assert asked["full-process-services"].target(day("2024-12-31")) is None
    assert there(asked["full-process-services"].target(day("2025-01-01"))).good == 8_000
    bases = [
        there(asked["supplement-request"].target(day(on))).basis
        for on in ("2025-06-30", "2025-07-01")
    ]
    assert bases == ["law", "assumption"]


def test_objectives_are_no_part_of_the_policy(folder: Path):
    """A changed target must not ask for a recompute: no figure of dossiers depends on it."""
    version = load_reference(folder).version
    file = folder / "objectives" / "on-time-766.toml"
    file.write_text(file.read_text().replace("percent = 90", "percent = 95"))

    assert load_reference(folder).version == version
    assert load_objectives(folder).objectives != load_objectives(SHIPPED).objectives


def test_both_may_be_left_out(folder: Path):
    shutil.rmtree(folder / "objectives")
    (folder / "groups.toml").unlink()

    assert check(folder) == []
    assert load_objectives(folder).objectives == ()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('indicator = "on_time_766"', 'indicator = "on_time_767"',
         "objectives/own.toml:3: Invalid enum value 'on_time_767' in `indicator`: write one of"),
        ("percent = 90", "percent = 100",
         "objectives/own.toml:14: a target of 100 % leaves no budget that could burn: write less"),
        ("percent = 90", "percent = 0", ":10: a target of 0 %: write 0.01 to 100"),
        ("percent = 90", "percent = 101", ":10: a target of 101 %: write 0.01 to 100"),
        ("percent = 90", "percent = 99.995", ":10: a target of 99.995 %: write two decimals"),
        ("burn = 3", "burn = 10.5",
         "a target of 90 %: if all is bad it is 10: write at most 10"),
        ("burn = 3", "burn = 0.5", ":17: a burn rate of 0.5 never spends the budget: write 1"),
        ("minimum = 30", "minimum = 0", ":6: a minimum of 0 lets a single dossier decide"),
        ('window = "month"', 'window = "5 working_days"\n# ', ""),
        ('window = "month"', 'window = "2 working_days"',
         ":15: 3d is longer than the objective's window, 2 working_days, may be: write less"),
        ('window = "month"', 'window = "30 days"',
         ':5: on_time_766 is legal, and does not go by days: write "month"'),
        ('window = "month"', 'window = "61 working_days"', ":5: '61 working_days' is no window"),
        ('window = "month"', 'window = "year"', ":5: 'year' is no window: write \"month\""),
        ('short = "1d"', 'short = "3d"', ":16: the short window, 3d, is not shorter than 3d"),
        ('short = "1d"', 'short = "a day"', ":16: 'a day' is no time: write \"4h\""),
        ('short = "1d"', 'short = "4h"',
         ":16: '4h', but on_time_766 becomes overdue with the opening of a working day"),
        ('long = "3d"', 'severity = "page"\nlong = "3d"',
         ":15: a page for a legal objective: nobody can settle dossiers at night"),
        ('scopes = ["country"]', "scopes = []", ':4: no scope: write "country"'),
        ('["country"]', '["county"]', ":4: unknown scope 'county': write country"),
        ('["country"]', '["agency:H99"]', ":4: 'agency:H99': agency H99 is not listed"),
        ('["country"]', '["agency:H25"]',
         ":4: 'agency:H25': H25 is no longer in being: write agency:H42"),
        ('["country"]', '["agency:H26.01"]', "H26.01 is below one: write unit:H26.01"),
        ('["country"]', '["unit:H26"]', "H26 is a ministry or province: write agency:H26"),
        ('["country"]', '["country,group:lands"]',
         ":4: 'country,group:lands': unknown group 'lands': write group:land"),
        ('["country"]', '["provinces,channel:on-line"]', "write channel:online"),
        ('["country"]', '["provinces,colour:red"]', ":4: unknown scope 'provinces,colour:red'"),
        ('["country"]', '["country", "country"]', ":4: country stands twice: keep one"),
        ('owner = "somebody"', 'owner = " "', ":7: nobody owns it"),
        ('owner = "somebody"', 'owner = "x"\nlimit_seconds = 3.0',
         ":8: on_time_766 has no limit here: remove it"),
        ("minimum = 30", "minimun = 30", "unknown key `minimun`: write `minimum`"),
        ("burn = 3", 'burn = "3"', "Expected `float`, got `str` in `burn`: write a number"),
    ],
)  # fmt: skip
def test_an_impossible_objective_is_told_with_line_reason_and_remedy(
    told: Callable[..., list[str]], old: str, new: str, expected: str
):
    found = told((old, new))

    assert found[:1] == ([found[0]] if expected else [])
    assert any(expected in line for line in found) or not expected


def test_an_objective_without_a_target_and_one_with_two_on_a_day_are_told(
    told: Callable[..., list[str]],
):
    targets = GOOD[GOOD.index("[[targets]]") : GOOD.index("[[alerts]]")]
    assert "no target" in told((targets, ""))[0] or "missing" in told((targets, ""))[0]

    (twice,) = told((targets, targets + targets))
    assert ":14: the target is valid twice from 1990-01-01" in twice


def test_a_share_of_channels_has_no_channel_and_the_catalogue_no_alert(
    told: Callable[..., list[str]],
):
    share = ("on_time_766", "online_share")
    (line,) = told(share, ('["country"]', '["country,channel:online"]'))
    assert "of one channel online_share is 0 or 1 by its meaning" in line
    assert told(share, ('short = "1d"', 'short = "4h"')) == []

    services = ("on_time_766", "full_process_service_share_eligible")
    lines = told(services, ('["country"]', '["provinces"]'))
    assert any("is counted of the catalogue, which is the country's" in line for line in lines)
    assert any("in which nothing burns" in line for line in lines)


def test_a_technical_objective_goes_by_the_clock_and_needs_its_limit(
    told: Callable[..., list[str]],
):
    technical = ("on_time_766", "portal_latency")
    lines = told(technical, ('short = "1d"', 'short = "5m"'))
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == [
        "portal_latency without a limit",
        "portal_latency holds for every portal and interface that is seen",
        "portal_latency is technical, and does not go by month",
    ]
    right = (
        technical,
        ('scopes = ["country"]\n', "limit_seconds = 2.5\n"),
        ("month", "30 days"),
        ('short = "1d"', 'severity = "page"\nshort = "5m"'),
    )
    assert told(*right) == []


def test_more_scopes_than_there_is_room_for_are_told(told: Callable[..., list[str]]):
    scopes = ", ".join(
        f'"provinces,{part}"'
        for part in ("group:land", "channel:online", "channel:direct", "channel:postal")
    )
    lines: list[str] = []
    for number in range(4):
        lines = told(('"country"', f'"provinces", {scopes}'), name=f"more-{number}.toml")
        assert bool(lines) == (number > 1), lines

    assert "series, at most 3,000: name fewer scopes; this one has 170" in lines[0]


def test_a_file_that_is_not_read_is_told(told: Callable[..., list[str]]):
    (line,) = told(name="own.yaml")
    assert "objectives/own.yaml:1: not read: objectives end in .toml" in line


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"1.012753"', '"1.012754"', "groups.toml:7: procedure 1.012754 is not in the catalogue:"),
        ('"20 working_days"', '"20 days"', "groups.toml:8: '20 days' is no working time"),
        ('["1.012753"]', "[]", "groups.toml:3: land has no procedure: write procedures or tags"),
        ('"land"', '"Land use"', "groups.toml:4: 'Land use' is no name"),
        ("minimum = 5", "minimum = 0", "groups.toml:1: Expected `int` >= 1"),
        ("minimum = 5", "recent_days = 21", "groups.toml:1: Expected `int` <= 20"),
    ],
)  # fmt: skip
def test_a_slip_in_the_groups_is_told(
    told: Callable[..., list[str]], folder: Path, old: str, new: str, expected: str
):
    assert told() == []
    (folder / "groups.toml").write_text(GROUP.replace(old, new))

    assert any(expected in line for line in told())


def test_a_group_is_its_procedures_and_those_with_its_tags(folder: Path):
    (folder / "groups.toml").write_text(
        GROUP.replace("limit", 'tags = ["priority-30"]\nlimit').replace(
            "20 working_days", "4 hours"
        )
    )
    shutil.rmtree(folder / "objectives")

    (group,) = load_objectives(folder).groups

    assert {"1.012753", "1.004873", "1.000229"} <= group.procedures
    assert "1.001193" not in group.procedures
    assert group.limit_ms == 4 * 3_600_000


def test_who_asks_for_objectives_alone_is_told_too(folder: Path):
    (folder / "groups.toml").write_text("groups = 3\n")

    with pytest.raises(Unusable, match=r"groups\.toml:1"):
        load_objectives(folder)
