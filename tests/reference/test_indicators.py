"""Indicator sets: the shipped ones fit, and an impossible one is told with line, reason and remedy."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from monitor.domain.indicator import Kind, Reason, Scoring, Standing, Why
from monitor.domain.period import Span
from monitor.domain.zone import date_of
from monitor.reference.check import check
from monitor.reference.complaints import Unusable
from monitor.reference.indicators import load_sets, set_from
from monitor.reference.policy import load_reference
from tests.reference.given import there
from tests.reference.test_indicator_examples import EXAMPLES, SETS, scorecard
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"
GOOD = """\
version = "1"
title_vi = "Bộ chỉ số"
title_en = "A set"
owner = "somebody"
source = "somewhere"
basis = "assumption"

[[groups]]
id = "a"
name_vi = "Nhóm"
name_en = "Group"

[[indicators]]
id = "online"
group = "a"
name_vi = "Trực tuyến"
name_en = "Online"
definition_vi = "Một."
definition_en = "One."
numerator = [{ fact = "received_in_period", channel = "online" }]
denominator = [{ fact = "received_in_period" }]
scoring = "capped"
points = 6
threshold = 0.8
target = 80

[[indicators]]
id = "count"
name_vi = "Số"
name_en = "A count"
definition_vi = "Hai."
definition_en = "Two."
numerator = [{ fact = "services", having = ["eligible"] }]
unit = "count"

[[bands]]
least = 90
id = "best"
name_vi = "Tốt"
name_en = "Best"
basis = "law"

[[bands]]
least = 0
id = "rest"
name_vi = "Khác"
name_en = "Rest"
basis = "law"

[[checks]]
id = "c"
name_vi = "Đối chiếu"
name_en = "Check"
left = [{ fact = "completed" }]
right = [{ fact = "claim", claim = "done", part = "numerator" }]

[[volume_classes]]
id = "A"
least = 100

[[volume_classes]]
id = "B"
least = 0
"""


@pytest.fixture
def told(tmp_path: Path) -> Callable[..., list[str]]:
    """What is said of one set, with some of its text replaced; without the path."""
    (tmp_path / "indicators").mkdir()

    def tell(*replaced: tuple[str, str], name: str = "own.toml", text: str = GOOD) -> list[str]:
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / "indicators" / name).write_text(text, "utf-8")
        try:
            load_sets(tmp_path)
        except Unusable as unusable:
            return [
                str(one).removeprefix(f"{tmp_path}/").replace(f"{tmp_path}/", "")
                for one in unusable.complaints
            ]
        return []

    return tell


def test_the_shipped_sets_are_valid_when_they_should_be():
    assert {
        name: (str(date_of(one.valid_from)), one.valid_until and str(date_of(one.valid_until)))
        for name, one in SETS.items()
    } == {
        "circular-01-2018": ("2019-01-01", "2025-07-01"),
        "decree-224-19": ("2026-07-01", None),
        "emc": ("1990-01-01", None),
        "qd766": ("2022-06-23", None),
        "report-06b": ("1990-01-01", None),
        "targets": ("1990-01-01", None),
    }


def test_decision_766_has_a_hundred_points_of_which_a_ministry_can_have_94():
    points = {
        group.id: sum(
            each.score.most for each in SETS["qd766"].indicators if each.group == group.id
        )
        for group in SETS["qd766"].groups
    }

    assert points == {"1": 18, "2": 20, "3a": 12, "3b": 10, "4": 22, "5": 18}
    for_ministries = [each for each in SETS["qd766"].indicators if Kind.MINISTRY in each.kinds]
    assert sum(each.score.most for each in for_ministries) == 94
    assert {each.id for each in SETS["qd766"].indicators if each.reverse_engineered} == {
        "3.1", "3.2", "3.3", "3.5", "3.5b", "3.6"
    }  # fmt: skip


def everything(name: str) -> dict[str, int | None]:
    """All facts of a set's examples, the last value of each."""
    return {fact: value for one in EXAMPLES[name] for fact, value in one.given.items()}


def test_a_scorecard_of_decision_766_by_hand():
    """The points of the examples: 12.98 + 15.68 + … ; nothing is unknown."""
    alone = {
        one.indicator: scorecard("qd766", one.given).figure(one.indicator).score
        for one in EXAMPLES["qd766"]
    }
    assert {name: str(score) for name, score in alone.items() if score is not None} == {
        "1.1": "5.40", "1.2": "1.33", "1.3": "1.75", "1.4": "4.50", "2.1": "15.68",
        "3.1": "1.50", "3.2": "0.83", "3.3": "2.70", "3.5": "0.75", "3.5b": "2.00", "3.6": "5.05",
        "4.1": "4.00", "4.2": "1.60", "4-copy": "1.50", "4.3": "1.50", "4.4": "1.00",
        "4.5a": "1.60", "4.5b": "0.25", "5.2": "4.42", "5.3": "4.50", "5.4": "6.00",
    }  # fmt: skip

    # Together, over one population: received 100 of which 75 are synchronised, handled 100.
    given = everything("qd766") | {
        "received_in_period": 100,
        "handled_in_period": 100,
        "late_766": 3,
        "beyond_766": 2,
        "on_time_766": 80,
        "within_766": 15,
        "petitions_received": 4,
        "services": 2_460,
    }
    found = scorecard("qd766", given)

    # 2.1: 95 of 100, 19 points. 3.1: 1,968 of 2,460 are 80 %, 2 points. 4.2: 40 %, 1.60. 4.3: 6 %, 0.15. 4.4: 20 %, 0.80. 4.5b: 1 %, 0.02.
    assert {name: str(each.total) for name, each in found.groups.items()} == {
        "1": "12.98", "2": "19.00", "3a": "5.53", "3b": "7.80", "4": "9.67", "5": "14.92",
    }  # fmt: skip
    assert str(found.total) == "69.90"
    assert (found.out_of, found.complete) == (Decimal("100.00"), True)
    assert there(found.band).id == "average"


def test_a_ministry_has_no_points_of_what_is_for_provinces_and_a_commune_has_them_all():
    ministry = scorecard("qd766", everything("qd766"), kind=Kind.MINISTRY)
    commune = scorecard("qd766", everything("qd766"), kind=Kind.COMMUNE)

    of = {"4-copy", "4.5a", "4.5b"}
    assert {
        each.indicator.id
        for each in ministry.figures
        if each.standing is Standing.NOT_APPLICABLE
    } == of | {"3-alt"}
    assert ministry.out_of == Decimal("94.00")
    full = {
        each.indicator.id: str(each.score)
        for each in commune.figures
        if each.reason == Reason(Why.NOT_OF_THIS_KIND_FULL_MARKS)
    }
    assert full == {"1.1": "6.00", "1.2": "4.00", "1.3": "2.00", "4-copy": "2.00"}
    assert commune.out_of == Decimal("100.00")


def test_without_claims_a_verdict_is_still_given_and_said_to_be_incomplete():
    given = {
        fact: value
        for fact, value in everything("qd766").items()
        if not fact.startswith("claim")
    }

    found = scorecard("qd766", given)

    # 1.1 to 1.3, certified copies, 4.5a.
    assert (found.sum.unknown, found.out_of) == (Decimal("16.00"), Decimal("84.00"))
    assert not found.complete
    assert found.band is not None
    assert found.figure("1.4").reason == Reason(
        Why.LARGER_UNKNOWN, "claim national_report_received (denominator)"
    )


def test_the_identities_of_report_06b():
    given: dict[str, int | None] = {
        "carried_over": 30, "received_in_period": 100, "handed_net": -4, "handled_in_period": 126,
        "completed": 78, "in_process": 33, "paused": 9, "returned": 6,
        "early_06b": 50, "on_time_06b": 20, "late_06b": 5, "no_deadline_06b": 1,
        "clock_uncertain": 2,
    }  # fmt: skip

    found = scorecard("report-06b", given)
    assert [(each.check.id, each.left, each.right) for each in found.checked] == [
        ("received", 126, 126),
        ("handled", 126, 126),
        ("processed", 78, 78),
    ]

    wrong = scorecard("report-06b", given | {"paused": 8, "late_06b": None})
    assert [each.difference for each in wrong.checked] == [1, 1, None]


def test_targets_tell_the_distance():
    given = everything("targets")
    given |= {"received_in_period": 1_000, "received_in_period[having=identity]": 995}

    found = scorecard("targets", given, kind=Kind.COUNTRY)

    assert {
        each.indicator.id: str(each.distance)
        for each in found.figures
        if each.distance is not None
    } == {
        "full_process_services": "-32.00",
        "essential_25": "-16.00",
        "essential_53": "0.00",
        "priority_30": "-33.33",
        "adults_online": "-2.50",
        "online_share": "4.70",
        "satisfaction_2024": "3.00",
        "satisfaction_2026": "-2.00",
        "identity_share_all": "-0.50",
        "systems_connected": "-19.28",
        "reporting_systems_connected": "-50.00",
    }


def test_satisfaction_by_too_few_ratings_is_not_given():
    found = scorecard("decree-224-19", {"ratings": 29, "ratings_satisfied": 29})

    assert found.figure("satisfaction_rated").standing is Standing.TOO_FEW


def test_half_a_year_takes_half_of_last_year():
    def last(term: object) -> int:
        return 600

    found = scorecard(
        "qd766",
        {"received_in_period": 0, "received_in_period[having=synced]": 0},
        span=Span.HALF,
        last_year=last,
    )

    assert found.figure("1.4").reason == Reason(Why.LAST_YEARS, "600/2")


def test_the_verdict_of_circular_01_is_of_all_nine_indices():
    given = everything("circular-01-2018")

    whole = scorecard("circular-01-2018", given)
    # 1.4 + 1.8 + 1.6 + 1.0 + 1.2 + 2.0 + 0.1 + 1.0 + 2.0
    assert (str(whole.total), str(whole.out_of)) == ("12.1", "18.0")
    assert there(whole.band).id == "good"

    less = scorecard("circular-01-2018", given | {"claim c01_bodies (numerator)": None})
    assert (less.band, str(less.sum.unknown)) == (None, "2.0")


def test_sets_are_no_part_of_the_policy(tmp_path: Path):
    folder = shutil.copytree(SHIPPED, tmp_path / "reference")
    before = load_reference(folder).version

    shutil.rmtree(folder / "indicators")

    assert load_reference(folder).version == before
    assert load_sets(folder) == []


def test_a_set_is_read_back_from_its_text_and_its_hash_is_of_what_it_says():
    for one in load_sets(SHIPPED):
        assert set_from(one.name, one.text) == one.set

    other = set_from("own.toml", GOOD.replace("A set", "Another"))
    assert other.hash != set_from("own.toml", GOOD).hash
    with pytest.raises(Unusable, match="unknown key `titel_en`"):
        set_from("own.toml", GOOD.replace("title_en", "titel_en"))
    with pytest.raises(Unusable, match="no TOML"):
        set_from("own.toml", "[")


def test_a_good_set_has_nothing_said_of_it(told: Callable[..., list[str]]):
    assert told() == []


def test_versions_of_a_set_follow_each_other(told: Callable[..., list[str]]):
    ending = ('basis = "assumption"', 'basis = "assumption"\nvalid_until = 2027-01-01')
    later = ('basis = "assumption"', 'basis = "assumption"\nvalid_from = 2027-01-01')

    assert told(ending) == []
    assert told(later, name="own@2027.toml") == []
    (twice,) = told(name="own.toml")
    assert "the set own is valid twice from 2027-01-01" in twice
    assert "end the earlier one with valid_until 2027-01-01" in twice


@pytest.mark.parametrize(
    ("replaced", "where", "said"),
    [
        (('version = "1"', 'version = " "'), "version", "`version` is empty: write it"),
        (("channel =", "chanel ="), "numerator", "unknown key `chanel`: write `channel`, or remove it"),
        (('"received_in_period", ch', '"receivd", ch'), "numerator", "Invalid enum value 'receivd' in `fact`"),
        (('id = "a"', 'id = "A b"'), "id", "'A b' is no id: write lower case: online_share"),
        (('group = "a"', 'group = "b"'), "group", "unknown group 'b': add the group, or correct its name"),
        (('id = "count"', 'id = "online"'), "id", "online stands twice: rename or remove one"),
        (('name_en = "Online"', 'name_en = ""'), "name_en", "`name_en` of online is empty"),
        (("numerator = [{ fact", "numerator = [] #[{ fact"), "numerator", "online counts nothing: name a fact"),
        (('unit = "count"', ""), "[[indicators]]", "count is a percent without a denominator"),
        (("points = 6", 'points = 6\nunit = "count"'), "denominator", "online is a count with a denominator"),
        (("points = 6", "points = 0"), "points", "0 points by the rule capped"),
        (("points = 6", "points = -1"), "points", "-1 points by the rule capped"),
        (("threshold = 0.8", ""), "[[indicators]]", "the rule capped without a threshold"),
        (('"capped"', '"share"'), "threshold", "the rule share with a threshold"),
        (("threshold = 0.8", "threshold = 1.8"), "threshold", "a threshold of 1.8: write 0.01 to 1"),
        (('"capped"\n', '"steps"\n'), "[[indicators]]", "the rule steps without steps"),
        (("points = 6", "points = 6\nsteps = [[0.9, 1]]"), "steps", "the rule capped with steps"),
        (("points = 6", "points = 6\nminimum = -1"), "minimum", "a minimum below 0: write 0 or more"),
        (("points = 6", "points = 6\nlisted = -1"), "listed", "a listed below 0: write 0 or more"),
        (("points = 6", "points = 6\ndecimals = 9"), "decimals", "9 decimals: write 0 to 6"),
        (("points = 6", 'points = 6\ntimes = "count"'), "times", "no indicator count stands before online"),
        (("points = 6", 'points = 6\nbeside = ["cont"]'), "beside", "unknown indicator 'cont': write count"),
        (("points = 6", 'points = 6\nif_zero = "last_year"'), "if_zero", "online has no parts of last year"),
        (("points = 6", "points = 6\nlast_year_month = 12"), "[[indicators]]", "online has parts of last year, and if_zero is null"),
        (("points = 6", 'points = 6\nif_zero = "last_year"\nlast_year_year = -1'), "[[indicators]]", "a part of last year below 0"),
        (('unit = "count"', 'unit = "count"\nif_zero = "full_marks"'), "if_zero", "full marks of no points"),
        (('unit = "count"', 'unit = "count"\nor_if_larger = [{ fact = "completed" }]'), "or_if_larger", "larger than no denominator"),
        (("target = 80", "target_due = 2026-01-01"), "[[indicators]]", "a target's date or source, and no target"),
        (('having = ["eligible"]', 'having = ["elgible"]'), "numerator", "unknown trait 'elgible': write eligible"),
        (('having = ["eligible"]', 'having = ["synced"]'), "numerator", "services is told by the catalogue or the register, which know nothing of"),
        (('"services", having', '"late_766", having'), "numerator", "late_766 is not booked by traits: narrow it by channel and level only"),
        (('"services", having', '"services", channel = "online", having'), "numerator", "services is not narrowed by channel"),
        (('"services", having', '"services", kind = "x", having'), "numerator", "services is not narrowed by kind"),
        (('fact = "received_in_period" }]', 'fact = "received_in_period", tag = "essential-25" }]'), "denominator", "received_in_period is not narrowed by tag"),
        (('fact = "received_in_period" }]', 'fact = "received_in_period", online = true }]'), "denominator", "received_in_period is not narrowed by online"),
        (('fact = "received_in_period" }]', 'fact = "petitions_received", level = 4 }]'), "denominator", "petitions_received is not narrowed by level"),
        (('fact = "received_in_period" }]', 'fact = "received_in_period", claim = "c" }]'), "denominator", "received_in_period names a claim or part"),
        (('"services", having', '"completed", having'), "numerator", "completed is not booked by traits"),
        (('"services", having = ["eligible"]', '"petitions_received", kind = "polcy"'), "numerator", "'polcy' is no class of petitions: write unsaid, policy, conduct"),
        (('"services", having = ["eligible"]', '"agencies", kind = "comune"'), "numerator", "unknown kind of agency 'comune': write commune"),
        (('claim = "done", ', ""), "right", "claim names no claim or part"),
        (("least = 90", "least = 0"), "least", "0 is not below 0, the one before"),
        (("least = 100", "least = 0"), "least", "0 is not below 0, the one before"),
        (('owner = "somebody"', 'owner = "somebody"\nranked_by = "onlin"'), "ranked_by", "unknown indicator 'onlin': write online"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told(
    told: Callable[..., list[str]], replaced: tuple[str, str], where: str, said: str
):
    """`where`: how the line begins that is named."""
    found = told(replaced)

    lines = GOOD.replace(*replaced, 1).splitlines()
    for one in found:
        _, line, reason = one.split(":", 2)
        if said in reason:
            assert lines[int(line) - 1].startswith(where)
            return
    pytest.fail(f"not said: {found}")


def test_a_smallest_class_leaves_nobody_out(told: Callable[..., list[str]]):
    assert told(('id = "B"\nleast = 0', 'id = "B"\nleast = 5')) == [
        "indicators/own.toml:63: agencies with fewer than 5 dossiers are in no class: write 0 in the last one"
    ]


def test_a_file_without_an_indicator_or_a_name_is_told(told: Callable[..., list[str]]):
    head = GOOD.partition("[[groups]]")[0]

    assert told(text=head + "indicators = []\n", name="Own set.toml") == [
        "indicators/Own set.toml:1: 'Own set' is no name of a set: write lower case: qd766.toml, or qd766@2027.toml for a later version",
        "indicators/Own set.toml:1: no indicator: add [[indicators]]",
    ]


def test_the_files_are_checked_with_all_the_others(tmp_path: Path):
    folder = shutil.copytree(SHIPPED, tmp_path / "reference")
    assert check(folder) == []

    (folder / "indicators" / "own.toml").write_text(GOOD.replace("[[groups]]", "[[group]]"))
    (folder / "indicators" / "own.tml").touch()

    assert [one.partition("/reference/")[2].partition(":")[0] for one in check(folder)] == [
        "indicators/own.tml",
        "indicators/own.toml",
    ]


def test_points_are_exact():
    own = set_from("own.toml", GOOD)

    score = own.by_id["online"].score
    assert (score.rule, score.threshold.numerator, score.threshold.denominator) == (
        Scoring.CAPPED,
        4,
        5,
    )
