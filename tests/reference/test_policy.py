"""A deployment's reference files as one: what the policy says, and what does not fit together."""

import shutil

import pytest

from monitor.domain.binding import ClockLimit, ClockUnit
from monitor.domain.deadlines import Basis, Strategy
from monitor.domain.event import State
from monitor.domain.lifecycle import STOPS, RuleName
from monitor.domain.policy import Precision
from monitor.domain.zone import Zone
from monitor.reference.check import check
from monitor.reference.complaints import Unusable
from monitor.reference.policy import load_policy, load_reference
from monitor.reference.rules import ClockName
from tests.domain.strategies_time import day
from tests.reference.given import there
from tests.servers.require import ROOT

FOLDER = ROOT / "deploy" / "reference"
SHIPPED = load_reference(FOLDER)
HOUR, MINUTE = 3_600_000, 60_000
BEFORE, AFTER = day("2025-06-30"), day("2025-07-01")


@pytest.fixture
def folder(tmp_path):
    """A copy of what we ship, to be broken."""
    return shutil.copytree(FOLDER, tmp_path / "reference")


def line_of(path, text):
    return path.read_text("utf-8").split(text)[0].count("\n") + 1


def edited(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_what_we_ship_can_be_used():
    assert check(FOLDER) == []


def test_the_policy_is_what_the_files_say():
    policy = load_policy(FOLDER)
    legal = there(policy.legal)

    assert legal.version == SHIPPED.version
    assert policy.zone == Zone("Asia/Ho_Chi_Minh")
    assert policy.precision is Precision.INSTANT
    assert policy.portals == {"national-portal"}
    assert legal.strategy is Strategy.SHIFT
    assert legal.calendars.calendar().is_working_day(day("2026-01-10"))
    assert there(legal.catalogue.on("1.004194", AFTER)).level == 4


@pytest.mark.parametrize(
    ("rule", "states"),
    [
        (RuleName.PLAIN, set()),
        (RuleName.R766, {5}),
        (RuleName.R06B, {5, 6, 8}),
        (RuleName.FIRST_DUE, {5}),
    ],
)
def test_the_shipped_stops_are_those_of_the_life_cycle(rule, states):
    assert SHIPPED.rules.stops[rule] == states
    assert STOPS[rule] == states


@pytest.mark.parametrize(
    ("name", "n", "unit", "bundled"),
    [
        ("acceptance", 8, "hours", False),
        ("supplement_request", 3, "working_days", False),
        ("sync", 10, "minutes", True),
        ("answer", 2, "hours", True),
        ("petition_refusal", 2, "working_days", False),
        ("petition_supplement", 5, "working_days", False),
        ("petition_answer", 15, "working_days", False),
        ("petition_publication", 2, "working_days", False),
    ],
)
def test_the_shipped_clocks_have_the_limits_of_the_dictionary(name, n, unit, bundled):
    for on in (BEFORE, AFTER):
        clock = there(SHIPPED.rules.clock(ClockName(name), on))

        assert (clock.n, clock.unit, clock.bundled_only) == (n, unit, bundled)
        assert (clock.cut_off_ms, clock.grace_ms) == (None, 0)


def test_the_forwarding_rule_has_a_cut_off_and_loses_its_article_with_the_decree():
    assert SHIPPED.rules.clock(ClockName.FORWARD, BEFORE) == ClockLimit(
        n=0,
        unit=ClockUnit.SAME_DAY,
        cut_off_ms=15 * HOUR,
        grace_ms=60 * MINUTE,
        bundled_only=False,
        article="Decree 61/2018/NĐ-CP Art. 18(2)(3)",
        basis=Basis.LAW,
    )
    assert there(SHIPPED.rules.clock(ClockName.FORWARD, AFTER)).basis is Basis.ASSUMPTION
    assert SHIPPED.rules.clock(ClockName.FORWARD, day("2018-06-20")) is None


def test_clocks_of_the_replaced_decree_run_on_as_assumption():
    clock, stop = SHIPPED.rules.clock, SHIPPED.rules.stop
    supplement, asked = ClockName.SUPPLEMENT_REQUEST, State.SUPPLEMENT_REQUESTED

    assert [there(clock(supplement, on)).basis for on in (BEFORE, AFTER)] == [
        "law",
        "assumption",
    ]
    assert [there(stop(RuleName.R06B, asked, on)).basis for on in (BEFORE, AFTER)] == [
        "law",
        "assumption",
    ]
    assert SHIPPED.rules.stop(RuleName.R766, State.STOPPED, AFTER) is None
    assert there(clock(ClockName.SYNC, AFTER)).basis is Basis.LAW


def test_a_verdict_says_what_it_rests_on():
    verdict = SHIPPED.rules.verdict

    assert there(verdict(RuleName.R766, day("2022-06-23"))).basis is Basis.PRACTICE
    assert there(verdict(RuleName.R766, day("2022-06-22"))).basis is Basis.ASSUMPTION
    assert {rule: there(verdict(rule, AFTER)).basis.value for rule in RuleName} == {
        "on_time": "practice",
        "on_time_766": "practice",
        "on_time_06b": "practice",
        "on_time_first_due": "assumption",
    }


def test_the_version_is_that_of_all_that_is_said(folder):
    assert load_reference(folder).version == SHIPPED.version
    assert len(SHIPPED.version) == 16

    versions = {SHIPPED.version}
    for path, old, new in [
        ("policy.toml", "grace_minutes = 60", "grace_minutes = 30"),
        ("calendars/vietnam.toml", "07:00-11:30", "07:30-12:00"),
        ("agencies/provinces.csv", "Phú Thọ", "Phú Thọ mới"),
        ("procedures/illustrative.csv", "8 hours", "9 hours"),
    ]:
        edited(folder / path, old, new)
        versions.add(load_reference(folder).version)
    assert len(versions) == 5


def test_a_deployment_may_overrule_the_life_cycle_if_it_says_so(folder):
    path = folder / "policy.toml"
    edited(
        path,
        'rule = "on_time_06b"\nstate = 8\n',
        'rule = "on_time_06b"\nstate = 8\nstops = false\noverride = true\n',
    )
    edited(
        path,
        "[[clocks]]",
        '[[stops]]\nrule = "on_time_766"\nstate = 8\noverride = true\narticle = "own"\n'
        'basis = "assumption"\n\n[[clocks]]',
    )

    stops = load_reference(folder).rules.stops

    assert stops[RuleName.R06B] == {5, 6}
    assert stops[RuleName.R766] == {5, 8}


def test_make_up_days_may_count_for_nothing(folder):
    for name in ("policy.toml", "calendars/vietnam.toml"):
        edited(folder / name, "makeup_days_count = true", "makeup_days_count = false")

    calendar = there(load_policy(folder).legal).calendars.calendar()

    assert not calendar.is_working_day(day("2026-01-10"))


@pytest.mark.parametrize(
    ("old", "new", "at", "complaint"),
    [
        (
            'calendar = "vietnam"',
            'calendar = "vietnm"',
            'calendar = "',
            'calendars/ has no vietnm.toml: write "vietnam"',
        ),
        (
            'calendar = "vietnam"',
            'calendar = "office"',
            'calendar = "',
            "calendars/ has no office.toml: write the name of a file there, without .toml",
        ),
        (
            'zone = "Asia/Ho_Chi_Minh"',
            'zone = "Asia/Hanoi"',
            "zone = ",
            "'Asia/Hanoi' is no time zone of the tz database: write one, as \"Asia/Ho_Chi_Minh\"",
        ),
        (
            'zone = "Asia/Ho_Chi_Minh"',
            'zone = "Asia/Bangkok"',
            "zone = ",
            "Asia/Bangkok, but vietnam.toml says Asia/Ho_Chi_Minh: make both the same",
        ),
        (
            "makeup_days_count = true",
            "makeup_days_count = false",
            "makeup_days_count",
            "vietnam.toml says the opposite: make both the same",
        ),
        (
            'precision = "instant"',
            'precison = "instant"',
            "precison",
            "unknown key `precison`: write `precision`, or remove it",
        ),
        (
            'precision = "instant"',
            'precision = "day"',
            "precision",
            'Invalid enum value \'day\' in `precision`: write one of "instant", "date"',
        ),
        (
            'portals = ["national-portal"]',
            'portals = [" "]',
            "portals",
            "a portal without a name: write its source, or remove it",
        ),
        (
            'portals = ["national-portal"]',
            'portals = ["p", "p"]',
            "portals",
            "p stands 2 times: keep one",
        ),
        (
            'strategy = "shift"',
            'stratgy = "shift"',
            "[suspension]",
            "missing required key `strategy`: add it",
        ),
        (
            'strategy = "shift"',
            'strategy = "stop"',
            "strategy",
            (
                "Invalid enum value 'stop' in `strategy`: "
                'write one of "restart", "subtract", "shift"'
            ),
        ),
        (
            'rule = "on_time_first_due"\narticle',
            'rule = "on_time"\nvalid_from = 2030-01-01\narticle',
            "[[verdicts]]",
            "nothing is said of on_time_first_due: add it as a [[verdicts]]",
        ),
        (
            'clock = "sync"',
            'clock = "acceptance"',
            "[[clocks]]",
            "nothing is said of sync: add it as a [[clocks]]",
        ),
        (
            'n = 8\nunit = "hours"',
            'n = 0\nunit = "hours"',
            "n = 0",
            'a limit of 0 hours: write at least 1, or unit = "none"',
        ),
        (
            'n = 8\nunit = "hours"',
            'n = 8\nunit = "none"',
            "n = 8",
            "8 of none: remove n, or correct the unit",
        ),
        (
            'cut_off = "15:00"',
            'cut_off = "3 pm"',
            "cut_off",
            "'3 pm' is no time: write \"15:00\"",
        ),
        (
            'n = 8\nunit = "hours"',
            'n = 8\nunit = "hours"\ncut_off = "15:00"',
            "cut_off",
            'hours has no cut-off: remove it, or write unit = "same_day"',
        ),
        (
            'n = 8\nunit = "hours"',
            'n = 8\nunit = "hours"\ngrace_minutes = 1',
            "grace_minutes",
            'hours has no cut-off: remove it, or write unit = "same_day"',
        ),
        (
            "grace_minutes = 60 ",
            "grace_minutes = -1 ",
            "grace_minutes",
            "-1 minutes: write 0 or more",
        ),
        (
            'rule = "on_time_06b"\nstate = 6\n',
            'rule = "on_time_06b"\nstate = 6\nstops = false\n',
            "stops = false",
            (
                "state 6 under on_time_06b does not stop the clock here only: "
                "write override = true if the deployment means it"
            ),
        ),
        (
            'article = "ours, as under 766 (MEASURES.md §5)"',
            (
                'article = "x"\nbasis = "law"\n\n[[stops]]\nrule = "on_time_first_due"\nstate = 8\n'
                'article = "y"'
            ),
            '[[stops]]\nrule = "on_time_first_due"\nstate = 8',
            (
                "state 8 under on_time_first_due stops the clock here only: "
                "write override = true if the deployment means it"
            ),
        ),
        (
            'article = "ours, as under 766 (MEASURES.md §5)"',
            (
                'article = "x"\nbasis = "law"\n\n[[stops]]\nrule = "on_time_first_due"\nstate = 4\n'
                'override = true\narticle = "y"'
            ),
            "state = 4",
            (
                "state 4 under on_time_first_due, but a dossier does not pause in it: "
                "write one of 5, 6, 8"
            ),
        ),
        (
            'article = "ours, as under 766 (MEASURES.md §5)"',
            (
                'article = "x"\nbasis = "law"\n\n[[stops]]\nrule = "on_time"\nstate = 5\n'
                'override = true\narticle = "y"'
            ),
            '[[stops]]\nrule = "on_time"\nstate = 5',
            "state 5 under on_time, but the plain rule stops for nothing: remove it (MEASURES.md §5)",
        ),
        (
            'rule = "on_time_06b"\nstate = 8\n',
            'rule = "on_time_06b"\nstate = 0\nstops = false\n',
            "[[stops]]",
            (
                "nothing is said of state 8 under on_time_06b, which stops its clock: "
                "add it, with stops = false and override = true if it does not"
            ),
        ),
        (
            'rule = "on_time_06b"\nstate = 8\n',
            'rule = "on_time_06b"\nstate = 11\n',
            "state = 11",
            "Invalid enum value 11 in `state`: write one of 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10",
        ),
        (
            'basis = "assumption"\nvalid_until = 2018-06-21',
            'stops = false\noverride = true\nbasis = "assumption"\nvalid_until = 2018-06-21',
            '[[stops]]\nrule = "on_time_06b"\nstate = 5\narticle = "Decree 61/2018/NĐ-CP Art. 19(4)"',
            (
                "state 5 under on_time_06b stops the clock on some days only: "
                "say the same for all days; the life cycle knows no dates"
            ),
        ),
    ],
)
def test_a_policy_that_cannot_be_used_is_named_with_its_line(folder, old, new, at, complaint):
    path = folder / "policy.toml"
    edited(path, old, new)

    said = check(folder)

    line = line_of(path, at)
    assert any(one.startswith(f"{path}:{line}: {complaint}") for one in said), said


def test_two_rows_of_a_rule_may_not_hold_on_one_day(folder):
    path = folder / "policy.toml"
    edited(path, 'basis = "law"\nvalid_from = 2024-07-01', 'basis = "law"')
    edited(
        path,
        "[[clocks]]",
        '[[clocks]]\nclock = "sync"\nunit = "none"\narticle = "x"\nbasis = "law"\n\n[[clocks]]',
    )
    first, second = (
        line_of(path, text)
        for text in ('[[clocks]]\nclock = "sync"\nu', '[[clocks]]\nclock = "sync"\nn')
    )

    assert check(folder) == [
        f"{path}:{second}: sync is valid twice from 1990-01-01, also by {path}:{first}: remove one"
    ]


def test_restart_would_begin_again_after_a_payment(folder):
    path = folder / "policy.toml"
    edited(path, 'strategy = "shift"', 'strategy = "restart"')

    header = '[[stops]]\nrule = "on_time_06b"\nstate = '
    payment, stopped = line_of(path, f"{header}6"), line_of(path, f"{header}8")
    remedy = 'write stops = false and override = true, or another strategy than "restart"'
    assert check(folder) == [
        (
            f"{path}:{payment}: "
            f"state 6 under on_time_06b would start the limit again from zero: {remedy}"
        ),
        (
            f"{path}:{stopped}: "
            f"state 8 under on_time_06b would start the limit again from zero: {remedy}"
        ),
    ]


def test_tables_of_another_shape_are_named(folder):
    (folder / "policy.toml").write_text(
        'calendar = "vietnam"\nmakeup_days_count = true\nsuspension = 1\nverdicts = [1]\n'
        "stops = 2\nclocks = []\n",
        encoding="utf-8",
    )

    remedy = "write the table as the shipped files do"
    assert check(folder) == [
        f"{folder}/policy.toml:3: expected a table, got 1: {remedy}",
        f"{folder}/policy.toml:4: expected a table, got 1: {remedy}",
        f"{folder}/policy.toml:5: Expected `array`, got `int` in `stops`: write a list in brackets",
    ]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("commune,3", "comune,3", "agency comune of 2.000815 is not listed: write commune"),
        ("G02,4", "G77,4", "agency G77 of 2.000303 is not listed: correct the code, or add it"),
        (
            "G02,4",
            "XYZ,4",
            "agency XYZ of 2.000303 is not listed: correct the code, or add it to agencies/",
        ),
        (
            "G02,4",
            "H22,4",
            (
                "agency H22 of 2.000303 ended on 2025-07-01: "
                "end the row then, and go on with H60 in another"
            ),
        ),
        (
            "2.000303,",
            "2.000303.H99,",
            "agency H99 in the code 2.000303.H99 is not listed: correct the code",
        ),
    ],
)
def test_procedures_name_agencies_that_are_there(folder, old, new, complaint):
    path = folder / "procedures" / "illustrative.csv"
    edited(path, old, new)

    [said] = check(folder)

    assert said.startswith(f"{path}:{line_of(path, new)}: {complaint}")


@pytest.mark.parametrize(
    ("agencies", "complaint"),
    [
        ('["H56", "H5"]', "agency H5 is not listed: correct the code"),
        ('["H22"]', "agency H22 is no longer in being on 2025-07-01: write H60"),
    ],
)
def test_calendars_name_agencies_that_are_there(folder, agencies, complaint):
    path = folder / "calendars" / "vietnam.toml"
    path.write_text(
        path.read_text("utf-8")
        + f'\n[[hours]]\nvalid_from = 2025-07-01\nagencies = {agencies}\nmon = ["07:30-11:30"]\n'
        'make_up = []\nbasis = "law"\nsource = "x"\n',
        encoding="utf-8",
    )

    [said] = check(folder)

    assert said.startswith(f"{path}:{line_of(path, 'agencies = ' + agencies)}: {complaint}")


def test_hours_of_a_time_when_the_agency_was_are_its_own(folder):
    path = folder / "calendars" / "vietnam.toml"
    path.write_text(
        path.read_text("utf-8")
        + '\n[[hours]]\nvalid_from = 2025-01-01\nagencies = ["H22"]\nmon = ["07:30-11:30"]\n'
        'make_up = []\nbasis = "law"\nsource = "x"\n',
        encoding="utf-8",
    )

    assert check(folder) == []


def test_a_procedure_may_end_with_the_agency_that_handled_it(folder):
    path = folder / "procedures" / "illustrative.csv"
    line = next(row for row in path.read_text("utf-8").splitlines() if "2.000303" in row)
    old = line.replace("G02,4", "H22,4").replace("2020-01-01,,", "2020-01-01,2025-07-01,")
    edited(path, line, old + "\n" + line.replace("2020-01-01", "2025-07-01"))

    assert check(folder) == []


def test_files_that_would_not_be_read_are_named(folder):
    shutil.move(folder / "procedures", folder / "procedure")
    (folder / "README").touch()
    (folder / ".hidden").touch()
    (folder / "agencies" / "more.toml").touch()

    assert check(folder) == [
        f"{folder}/README:1: no reference file has this name: move it away",
        (
            f"{folder}/agencies/more.toml:1: not read: agencies end in .csv: "
            "rename it, or move it away"
        ),
        (
            f"{folder}/procedure:1: no reference file has this name: "
            "name it procedures, or move it away"
        ),
        f"{folder}/procedures:1: no procedures: add a file that ends in .csv",
    ]


def test_a_folder_that_is_not_there_lacks_everything(tmp_path):
    said = check(tmp_path / "nowhere")

    assert len(said) == 4
    assert "policy.toml:1: cannot be read" in said[-2]


def test_complaints_about_all_files_are_made_at_once_in_the_order_of_their_lines(folder):
    edited(folder / "policy.toml", 'strategy = "shift"', 'strategy = "x"')
    edited(folder / "calendars" / "vietnam.toml", 'country = "VN"', 'country = "XX"')
    edited(folder / "procedures" / "illustrative.csv", "8 hours", "8 hrs")
    edited(folder / "procedures" / "illustrative.csv", "8 hours", "7 hrs")

    said = [one.removeprefix(f"{folder}/").split(":")[0] for one in check(folder)]

    assert said == [
        "calendars/vietnam.toml",
        "policy.toml",
        "procedures/illustrative.csv",
        "procedures/illustrative.csv",
    ]
    with pytest.raises(Unusable) as refused:
        load_policy(folder)
    assert str(refused.value) == "\n".join(check(folder))
