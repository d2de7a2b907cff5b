"""The catalogue of procedures: limits by channel and day, and rows that cannot be used."""

import time
import tomllib

import pytest

from monitor.domain.deadlines import Limit, Unit
from monitor.domain.event import Channel
from monitor.domain.procedure import Procedure
from monitor.reference.complaints import Unusable
from monitor.reference.procedures import load_procedures
from tests.domain.strategies_time import day
from tests.reference.given import there
from tests.servers.require import ROOT

SHIPPED = load_procedures(ROOT / "deploy" / "reference" / "procedures")
COUNTRY = tomllib.loads((ROOT / "agents/generate/country.toml").read_text("utf-8"))
NOW = day("2026-06-01")

HEAD = (
    "code,name_vi,name_en,by,level,limit,limit_direct,limit_online,limit_postal,eligible,fee,"
    "document_result,bundled,forward_moves_due,tags,valid_from,valid_until,basis,source\n"
)
GOOD = (
    "1.004194,Đăng ký tạm trú,,commune,4,3 working_days,,,,"
    "true,false,true,,,,2020-01-01,,law,Decree 1\n"
)


def written(tmp_path, rows):
    (tmp_path / "all.csv").write_text(HEAD + rows, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("procedure", COUNTRY["procedures"], ids=lambda row: row["code"])
def test_the_generated_countrys_procedures_have_their_limit_and_level_here(procedure):
    units = {
        "hours": Unit.HOURS,
        "days": Unit.CALENDAR_DAYS,
        "working_days": Unit.WORKING_DAYS,
        None: None,
    }
    unit = units[procedure.get("unit")]
    limit = Limit(procedure["limit"], unit) if unit else None

    found = there(SHIPPED.catalogue.on(procedure["code"], NOW))

    assert found.level == procedure["level"]
    for channel in (0, Channel.DIRECT, Channel.ONLINE, Channel.POSTAL):
        assert found.limit(channel) == limit
    assert there(SHIPPED.on(procedure["code"], NOW)).name_vi == procedure["name"]


def test_the_catalogue_has_no_other_procedure():
    assert len(SHIPPED) == len(SHIPPED.catalogue) == len(COUNTRY["procedures"]) == 60


def test_a_limit_changes_with_its_day():
    on = SHIPPED.catalogue.on

    assert on("1.012753", day("2019-12-31")) is None
    assert there(on("1.012753", day("2025-06-30"))).limit(0) == Limit(30, Unit.WORKING_DAYS)
    assert there(on("1.012753", day("2025-07-01"))).limit(0) == Limit(20, Unit.WORKING_DAYS)
    assert there(SHIPPED.on("1.012753", day("2025-06-30"))).by == ("district",)


def test_every_column_reaches_the_domain(tmp_path):
    row = (
        "1.004194.000.00.00.h56,Tên,Name,G01 commune,3,5 working_days,40 hours,,12 calendar_days,"
        "TRUE,true,False,true,true,essential-25 priority-30,2020-01-01,2021-02-03,law,Decree 1\n"
    )
    procedures = load_procedures(written(tmp_path, row))

    assert procedures.catalogue.on("1.004194.H56", day("2020-05-05")) == Procedure(
        code="1.004194.H56",
        level=3,
        limits={
            0: Limit(5, Unit.WORKING_DAYS),
            1: Limit(40, Unit.HOURS),
            3: Limit(12, Unit.CALENDAR_DAYS),
        },
        bundled=True,
        forward_moves_due=True,
        eligible=True,
        fee=True,
        document_result=False,
        tags=frozenset({"essential-25", "priority-30"}),
        valid_from=18262,
        valid_until=18661,
    )
    listed = there(procedures.on("1.004194.H56", day("2020-05-05")))
    assert (listed.by, listed.name_en, listed.source) == (
        ("G01", "commune"),
        "Name",
        "Decree 1",
    )
    assert procedures.on("1.004194.H56", day("2021-02-03")) is None


def test_a_channel_without_a_limit_has_none_beside_others_that_have_one(tmp_path):
    row = GOOD.replace("working_days,,,", "working_days,,none,")
    procedure = there(load_procedures(written(tmp_path, row)).catalogue.on("1.004194", NOW))

    three = Limit(3, Unit.WORKING_DAYS)
    assert [procedure.limit(channel) for channel in (1, 2, 3)] == [three, None, three]
    assert procedure.limit(0) is None


def test_one_channel_may_have_the_only_limit(tmp_path):
    row = GOOD.replace("3 working_days,,,", "none,,8 hours,")
    procedure = there(load_procedures(written(tmp_path, row)).catalogue.on("1.004194", NOW))

    assert [procedure.limit(n) for n in (0, 1, 2, 3)] == [
        None,
        None,
        Limit(8, Unit.HOURS),
        None,
    ]


def test_names_that_are_no_national_code_are_kept(tmp_path):
    row = GOOD.replace("1.004194", "Building permit")

    assert load_procedures(written(tmp_path, row)).catalogue.on("Building permit", NOW)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "1.004194",
            "1.00419",
            "'1.00419' is no procedure code: write 1.004194, or 1.004194.H56 for a province's own",
        ),
        ("1.004194", '"1,004194"', "'1,004194' is no procedure code: "),
        ("commune", "", "missing required key `by`: fill in its cell"),
        ("commune,4", "commune,5", "Invalid enum value 5 in `level`: write one of 2, 3, 4"),
        (
            "commune,4",
            "commune,IV",
            "Expected `int`, got `str` in `level`: write a whole number",
        ),
        (
            "4,3 working_days,,,,true",
            "4,3 working_days,,,,false",
            (
                "1.004194 is of level 4, but not eligible for it: correct one of both; "
                "shares count level 4 among the eligible"
            ),
        ),
        ("false,true", "no,true", "Expected `bool`, got `str` in `fee`: write true or false"),
        (
            "3 working_days",
            "3 days",
            (
                "'3 days' in `limit` is no limit: "
                'write "5 working_days", "30 calendar_days", "8 hours" or "none"'
            ),
        ),
        ("3 working_days", "", "missing required key `limit`: fill in its cell"),
        (
            "3 working_days",
            "0 hours",
            (
                "a limit of 0 hours in `limit`: "
                "write none if there is no limit, or hours for the same day"
            ),
        ),
        ("_days,,,", "_days,,,-1 hours", "'-1 hours' in `limit_postal` is no limit: "),
        (
            "3 working_days",
            "2601 working_days",
            "a limit of 2601 working_days in `limit`: write at most ten years",
        ),
        (
            "true,,,,2020",
            "true,,,essential-35,2020",
            (
                "Invalid enum value 'essential-35' in `tags`: "
                "write one of essential-25, essential-53, priority-30"
            ),
        ),
        ("2020-01-01", "2199-01-01", "2199-01-01 lies outside 1990-01-01 to 2100-12-31: "),
        (
            "2020-01-01,,",
            "2020-01-01,2019-01-01,",
            "1.004194 is valid until 2019-01-01, but from 2020-01-01: ",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(tmp_path, old, new, complaint):
    assert old in GOOD
    other = GOOD.replace("1.004194", "2.000001")
    folder = written(tmp_path, other + GOOD.replace(old, new, 1))

    with pytest.raises(Unusable) as refused:
        load_procedures(folder)

    [said] = map(str, refused.value.complaints)
    assert said.startswith(f"{folder}/all.csv:3: {complaint}")


def test_two_rows_of_a_day_are_refused_whatever_the_spelling_and_the_file(tmp_path):
    folder = written(tmp_path, GOOD)
    second = GOOD.replace("1.004194", " 1. 004194").replace("2020-01-01", "2024-01-01")
    (folder / "more.csv").write_text(HEAD + "# again\n" + second, encoding="utf-8")

    with pytest.raises(Unusable) as refused:
        load_procedures(folder)

    assert str(refused.value) == (
        f"{folder}/more.csv:3: 1.004194 is valid twice from 2024-01-01, also by {folder}/all.csv:2:"
        " remove one, or end the earlier one with valid_until 2024-01-01"
    )


def test_all_complaints_of_all_rows_are_made_at_once(tmp_path):
    bad = GOOD.replace("true,false,true", "ja,nein,true").replace("commune,4", "commune,1")
    folder = written(tmp_path, bad + GOOD + bad.replace("1.004194", "2.000001"))

    with pytest.raises(Unusable) as refused:
        load_procedures(folder)

    assert [one.line for one in refused.value.complaints] == [2, 2, 2, 4, 4, 4]


def test_a_national_catalogue_loads_well_within_a_second(tmp_path, record_property):
    rows = "".join(GOOD.replace("1.004194", f"1.{n:06d}") for n in range(6_000))
    folder = written(tmp_path, rows)

    began = time.process_time()
    procedures = load_procedures(folder)
    seconds = time.process_time() - began

    record_property("seconds", seconds)
    print(f"6,000 procedures: {seconds:.3f} s")
    assert len(procedures) == 6_000
    assert seconds < 1


def test_ten_years_are_the_longest_limit(tmp_path):
    row = GOOD.replace("3 working_days,,,", "2600 working_days,3650 calendar_days,20800 hours,")
    procedure = there(load_procedures(written(tmp_path, row)).catalogue.on("1.004194", NOW))

    assert [procedure.limits[channel].n for channel in (0, 1, 2)] == [2600, 3650, 20800]
