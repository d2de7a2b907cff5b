"""The calendars of the reference files."""

from pathlib import Path

import pytest

from monitor.reference.calendars import load_calendar, load_calendars
from monitor.reference.complaints import Unusable
from tests.domain.strategies_time import (
    HOUR,
    LATER_YEARS,
    MAKE_UP,
    OFF,
    VECTORS,
    YEARS,
    at,
    day,
)

FOLDER = Path(__file__).parents[2] / "deploy" / "reference" / "calendars"
COUNTED = load_calendar(FOLDER / "vietnam.toml")
NOT_COUNTED = load_calendar(FOLDER / "vietnam.toml", makeup_days_count=False)

HOURS = """\
[[hours]]
mon = ["07:00-11:30", "13:30-17:00"]
tue = ["07:00-11:30", "13:30-17:00"]
wed = ["07:00-11:30", "13:30-17:00"]
thu = ["07:00-11:30", "13:30-17:00"]
fri = ["07:00-11:30", "13:30-17:00"]
make_up = ["07:00-11:30", "13:30-17:00"]
basis = "practice"
source = "test"
"""
MINIMAL = f"announced_until = 2026-12-31\n{HOURS}"
DECISION = """
[[decisions]]
number = "1/QD"
decided = 2026-03-01
basis = "law"
source = "test"
"""


def written(tmp_path, text):
    path = tmp_path / "office.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("start", "n", "due", "without"), VECTORS)
def test_the_vectors_of_the_dossier_hold_with_the_file_we_ship(start, n, due, without):
    assert COUNTED.calendar().add_working_days(day(start), n) == day(due)
    assert NOT_COUNTED.calendar().add_working_days(day(start), n) == day(without)


@pytest.mark.parametrize(("year", "working_days", "without"), YEARS + LATER_YEARS)
def test_the_year_table_of_the_dossier_holds_with_the_file_we_ship(year, working_days, without):
    eve, last = day(f"{year - 1}-12-31"), day(f"{year}-12-31")

    assert COUNTED.calendar().working_days_between(eve, last) == working_days
    assert NOT_COUNTED.calendar().working_days_between(eve, last) == without


def test_every_day_of_three_years_is_what_it_is_on_paper():
    calendar = COUNTED.calendar()
    for number in range(day("2024-01-01"), day("2027-01-01")):
        weekend = number % 7 in {2, 3}  # 1970-01-01, day 0, was a Thursday
        paper_off = weekend or number in set(map(day, OFF))
        assert calendar.is_working_day(number) == (
            not paper_off or number in set(map(day, MAKE_UP))
        )


@pytest.mark.parametrize(
    ("decided", "off", "make_up"),
    [
        ("2024-04-12", "2024-04-29", "2024-05-04"),
        ("2024-11-26", "2025-05-02", "2025-04-26"),
        ("2025-10-16", "2026-08-31", "2026-08-22"),
        ("2025-12-25", "2026-01-02", "2026-01-10"),
        ("2013-12-12", "2014-01-28", "2014-01-25"),
    ],
)
def test_a_decision_is_known_from_midnight_of_its_date(decided, off, make_up):
    before = COUNTED.calendar_known_at(day(decided) - 1)
    after = COUNTED.calendar_known_at(day(decided))

    assert before.is_working_day(day(off))
    assert not before.is_working_day(day(make_up))
    assert not after.is_working_day(day(off))
    assert after.is_working_day(day(make_up))
    assert before.version != after.version


def test_swaps_of_the_library_without_a_date_were_always_known():
    calendar = COUNTED.calendar_known_at(day("1990-01-01"))

    assert not calendar.is_working_day(day("2018-12-31"))
    assert calendar.is_working_day(day("2019-01-05"))
    assert calendar.is_working_day(day("2014-12-27"))


def test_the_schedule_is_provisional_until_its_year_is_announced():
    known = COUNTED.calendar_known_at

    assert known(day("2024-11-25")).is_provisional(day("2025-01-02"))
    assert not known(day("2024-11-26")).is_provisional(day("2025-12-31"))
    assert known(day("2025-10-15")).is_provisional(day("2026-01-05"))
    assert not COUNTED.calendar().is_provisional(day("2026-12-31"))
    assert COUNTED.calendar().is_provisional(day("2027-01-01"))


def test_a_calendar_is_laid_out_once():
    assert COUNTED.calendar("H56.14") is COUNTED.calendar()
    assert COUNTED.calendar_known_at(day("2100-01-01")) is COUNTED.calendar()
    assert COUNTED.calendar() is not NOT_COUNTED.calendar()


def test_a_folder_gives_its_calendars_by_name(tmp_path):
    written(tmp_path, MINIMAL)

    found = load_calendars(tmp_path)

    assert list(found) == ["office"]
    assert found["office"].name == "office"
    assert found["office"].zone.name == "Asia/Ho_Chi_Minh"
    assert "vietnam" in load_calendars(FOLDER)


def test_without_a_country_only_the_decisions_are_off(tmp_path):
    calendar = load_calendar(
        written(tmp_path, f"{MINIMAL}{DECISION}off = [2026-08-03]\n")
    ).calendar()

    assert calendar.is_working_day(day("2026-01-01"))
    assert not calendar.is_working_day(day("2026-08-03"))


def test_single_holidays_of_a_country_are_no_swaps(tmp_path):
    calendar = load_calendar(written(tmp_path, f'country = "GB"\n{MINIMAL}')).calendar()

    assert not calendar.is_working_day(day("2022-09-19"))  # the funeral of Elizabeth II
    assert calendar.is_working_day(day("2022-09-20"))


def test_an_agency_and_those_below_it_keep_hours_of_their_own(tmp_path):
    own = """
[[hours]]
agencies = ["h56.14", "000.00.00.H49"]
valid_from = 2026-08-05
mon = ["08:00-12:00"]
wed = ["08:00-12:00"]
make_up = []
basis = "law"
source = "test"
"""
    calendars = load_calendar(written(tmp_path, MINIMAL + own))
    monday, wednesday = at("2026-08-03 00:00"), at("2026-08-05 00:00")
    later = at("2026-08-06 00:00")

    def worked(agency, begin, end):
        return calendars.calendar(agency).worked_ms(begin, end)

    assert worked("H56", monday, later) == 24 * HOUR
    assert worked("H56.14", monday, wednesday) == 16 * HOUR  # before its own begin to hold
    assert worked("H56.14.02", wednesday, later) == 4 * HOUR
    assert worked("H49", wednesday, later) == 4 * HOUR
    assert worked("H56.140", wednesday, later) == 8 * HOUR
    assert worked("Sở Tư pháp", wednesday, later) == 8 * HOUR


def test_a_later_decision_stands_against_an_earlier_one(tmp_path):
    text = f"""{MINIMAL}{DECISION}off = [2026-08-03]
make_up = [2026-08-08]
{DECISION.replace("03-01", "04-01")}off = [2026-08-08]
make_up = [2026-08-15]
{DECISION.replace("03-01", "04-01")}off = [2026-08-15, 2026-08-04]
"""
    calendars = load_calendar(written(tmp_path, text))
    march, april = day("2026-03-31"), day("2026-04-01")

    def worked(known, *dates):
        calendar = calendars.calendar_known_at(known)
        return [calendar.is_working_day(day(f"2026-08-{date}")) for date in dates]

    assert worked(march, "03", "04", "08", "15") == [False, True, True, False]
    assert worked(april, "03", "04", "08", "15") == [False, False, False, False]


def test_a_day_off_can_be_taken_back_or_worked_after_all(tmp_path):
    text = f"""country = "VN"\n{MINIMAL}{DECISION}off = [2026-08-03, 2026-08-04]
{DECISION.replace("03-01", "04-01")}work = [2026-08-03]
make_up = [2026-08-04, 2026-09-01]
"""
    path = written(tmp_path, text)
    calendar = load_calendar(path).calendar()
    not_counted = load_calendar(path, makeup_days_count=False).calendar()

    for number in map(day, ["2026-08-03", "2026-08-04", "2026-09-01"]):
        assert calendar.is_working_day(number)
        assert not_counted.is_working_day(number)
    assert not calendar.is_working_day(day("2026-09-02"))


def test_an_announcement_never_takes_an_earlier_one_back(tmp_path):
    calendars = load_calendar(
        written(tmp_path, f"{MINIMAL}{DECISION}announces_until = 2025-12-31\n")
    )

    assert not calendars.calendar().is_provisional(day("2026-12-31"))


def test_new_hours_in_general_leave_an_agency_with_hours_of_its_own_alone(tmp_path):
    own = HOURS.replace("mon", 'agencies = ["H56"]\nvalid_from = 2026-08-03\nmon')
    later = HOURS.replace("mon", "valid_from = 2026-08-04\nmon").replace("-17:00", "-18:00")
    calendars = load_calendar(written(tmp_path, f"{MINIMAL}{own}{later}"))
    begin, end = at("2026-08-04 00:00"), at("2026-08-05 00:00")

    assert calendars.calendar("H56").worked_ms(begin, end) == 8 * HOUR
    assert calendars.calendar("H49").worked_ms(begin, end) == 9 * HOUR


def test_a_holiday_of_the_library_can_be_declared_a_working_day(tmp_path):
    text = f"""country = "VN"\n{MINIMAL}{DECISION}known_from = 2026-03-05
off = [2027-09-01]
work = [2027-09-03]
"""
    calendars = load_calendar(written(tmp_path, text))
    before = calendars.calendar_known_at(day("2026-03-04"))
    after = calendars.calendar_known_at(day("2026-03-05"))

    assert [before.is_working_day(day(f"2027-09-0{n}")) for n in (1, 2, 3)] == [1, 0, 0]
    assert [after.is_working_day(day(f"2027-09-0{n}")) for n in (1, 2, 3)] == [0, 0, 1]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("announced_until = \n", 1, "no TOML"),
        (f'{MINIMAL}x = "', 11, "no TOML"),
        (
            f"{MINIMAL}{DECISION}of = [2026-08-03]\n",
            17,
            "unknown key `of`: write `off`, or remove it",
        ),
        (f"zome = 1\n{MINIMAL}", 1, "unknown key `zome`: write `zone`"),
        (f'announced_until = "soon"\n{HOURS}', 1, "write a date as 2026-01-02"),
        (
            f"{MINIMAL}{DECISION}off = [2026-08-03T00:00:00]\n",
            17,
            "Expected `date`, got `datetime` in `off`: write a date as 2026-01-02",
        ),
        (
            f"hours = 1\n{MINIMAL[:29]}",
            1,
            "Expected `array`, got `int` in `hours`: write a list",
        ),
        (f"makeup_days_count = 1\n{MINIMAL}", 1, "write true or false"),
        (f"hours = [1]\n{MINIMAL[:29]}", 1, "expected a table, got 1: write the table"),
        (HOURS, 1, "missing required key `announced_until`: add it"),
        (
            MINIMAL + DECISION.replace('"1/QD"', "1"),
            13,
            "Expected `str`, got `int` in `number`: write it in quotes",
        ),
        (f"{MINIMAL}{DECISION}off = [2026-08-03, 5]\n", 17, "Expected `date`, got `int`"),
        (
            f"{MINIMAL}{DECISION}{DECISION.replace('law', 'rumour')}",
            21,
            "Invalid enum value 'rumour' in `basis`: write one of \"law\"",
        ),
        (MINIMAL.replace('thu = ["07:00', 'thu = ["7:00'), 6, "'7:00-11:30' is no session"),
        (MINIMAL.replace('thu = ["07:00', 'thu = ["12:00'), 6, "must follow each other"),
        (MINIMAL.replace("17:00", "24:01", 1), 3, "until 24:00"),
        (MINIMAL + HOURS, 11, "hours of all agencies from 1990-01-01 are given twice"),
        (
            MINIMAL + HOURS.replace("mon", 'agencies = ["H56", "h56"]\nmon'),
            11,
            "hours of agency H56 from 1990-01-01 are given twice",
        ),
        ("announced_until = 2026-12-31\nhours = []\n", 2, "no hours for agencies in general"),
        (f'zone = "Asia/Hanoi"\n{MINIMAL}', 1, "'Asia/Hanoi' is no time zone"),
        (f'# a comment\ncountry = "XX"\n{MINIMAL}', 2, "XX not available"),
        (
            f"{MINIMAL}{DECISION}make_up = [2026-08-03]\n",
            17,
            "2026-08-03 is a Monday, a working day already",
        ),
        (
            f"{MINIMAL}{DECISION}off = [2026-08-08]\nmake_up = [2026-08-08]\n",
            18,
            "2026-08-08 is both off and worked: keep one",
        ),
        (
            f"{MINIMAL}{DECISION}off = [2026-08-03]\nwork = [2026-08-03]\n",
            18,
            "2026-08-03 is both off and worked: keep one",
        ),
        (
            f"{MINIMAL}{DECISION}work = [2026-08-03]\n",
            17,
            "is no holiday and off by no decision",
        ),
        (
            f"{MINIMAL}{DECISION}off = [2026-08-09]\n",
            17,
            "2026-08-09 is a Sunday, off already: correct the date, or leave it out",
        ),
        (
            f"{MINIMAL}{DECISION}off = [2062-08-31]\n",
            17,
            "2062-08-31 lies beyond 2027, the year after it was decided: correct the year",
        ),
        (f"{MINIMAL}{DECISION}make_up = [2028-01-08]\n", 17, "2028-01-08 lies beyond 2027"),
        (
            f"{MINIMAL}{DECISION}announces_until = 2062-12-31\n",
            17,
            "2062-12-31 lies beyond 2027",
        ),
        (f"{MINIMAL}{DECISION}known_from = 2026-02-01\n", 17, "before it was decided"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_line(tmp_path, text, line, reason):
    path = written(tmp_path, text)

    with pytest.raises(Unusable) as refused:
        load_calendar(path)

    [complaint] = map(str, refused.value.complaints)
    assert complaint.startswith(f"{path}:{line}: ")
    assert reason in complaint


def test_a_day_off_that_somebody_works_may_be_declared_off(tmp_path):
    """A Saturday on which one agency has hours, and one that was to be made up."""
    own = HOURS.replace("mon =", 'agencies = ["H56"]\nsat = ["07:00-11:30"]\nmon =')
    later = DECISION.replace("1/QD", "2/QD").replace("03-01", "03-02")
    saturday = f"{MINIMAL}{own}{DECISION}off = [2026-08-08]\n"
    made_up = f"{MINIMAL}{DECISION}make_up = [2026-08-09]\n{later}off = [2026-08-09]\n"

    calendar = load_calendar(written(tmp_path, saturday)).calendar("H56")
    assert not calendar.is_working_day(day("2026-08-08"))
    assert calendar.is_working_day(day("2026-08-15"))
    calendars = load_calendar(written(tmp_path, made_up))
    assert calendars.calendar_known_at(day("2026-03-01")).is_working_day(day("2026-08-09"))
    assert not calendars.calendar().is_working_day(day("2026-08-09"))


def test_a_holiday_on_a_sunday_may_be_listed_again(tmp_path):
    """1 May 2022."""
    text = DECISION.replace("2026-03-01", "2022-03-01") + "off = [2022-05-01]\n"

    load_calendar(written(tmp_path, f'country = "VN"\n{MINIMAL}{text}'))


def test_all_complaints_about_a_file_are_made_at_once(tmp_path):
    text = MINIMAL.replace('thu = ["07', 'thu = ["7').replace('fri = ["07', 'fri = ["12')
    path = written(
        tmp_path, f'zone = "Hanoi"\n{text}{DECISION}make_up = [2026-08-03, 2199-01-02]\n'
    )

    with pytest.raises(Unusable) as refused:
        load_calendar(path)

    assert str(refused.value) == (
        f"{path}:18: 2199-01-02 lies outside 1990-01-01 to 2100-12-31: correct the year"
    )

    path = written(tmp_path, f'zone = "Hanoi"\n{text}{DECISION}make_up = [2026-08-03]\n')

    with pytest.raises(Unusable) as refused:
        load_calendar(path)

    assert [complaint.line for complaint in refused.value.complaints] == [1, 7, 8, 18]


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    path = tmp_path / "office.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(Unusable, match=r"office\.toml:1: cannot be read"):
        load_calendar(path)
    with pytest.raises(Unusable, match=r"other\.toml:1: cannot be read"):
        load_calendar(tmp_path / "other.toml")


def test_a_saturday_desk_may_be_made_a_full_day(tmp_path):
    text = MINIMAL.replace("make_up", 'sat = ["08:00-11:00"]\nmake_up')
    calendar = load_calendar(
        written(tmp_path, f"{text}{DECISION}make_up = [2026-08-22]\n")
    ).calendar()

    assert calendar.worked_ms(at("2026-08-22 00:00"), at("2026-08-23 00:00")) == 8 * HOUR
    assert calendar.worked_ms(at("2026-08-15 00:00"), at("2026-08-16 00:00")) == 3 * HOUR
