"""Agencies: who is part of whom, and who took over from whom."""

import csv
import tomllib

import pytest

from monitor.reference.agencies import load_agencies
from monitor.reference.complaints import Unusable
from tests.domain.strategies_time import day
from tests.reference.given import there
from tests.servers.require import ROOT, require_data

FOLDER = ROOT / "deploy" / "reference" / "agencies"
SHIPPED = load_agencies(FOLDER)
THEN, EVE, MERGED = day("2024-05-01"), day("2025-06-30"), day("2025-07-01")

HEAD = "code,name,kind,parent,valid_from,valid_until,successors,basis,source\n"
H44 = "H44,Phú Thọ,province,,2008-08-01,,,practice,seen\n"


def written(tmp_path, rows, head=HEAD):
    (tmp_path / "all.csv").write_text(head + rows, encoding="utf-8")
    return tmp_path


def provinces(on):
    return {code for code, agency in SHIPPED.at(on).items() if agency.kind == "province"}


def test_sixty_three_provinces_became_thirty_four():
    assert len(provinces(THEN)) == 63
    assert len(provinces(EVE)) == 63
    assert len(provinces(MERGED)) == 34
    assert {SHIPPED.present(code) for code in provinces(EVE)} == provinces(MERGED)


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ({"Hà Giang"}, "Tuyên Quang"),
        ({"Yên Bái"}, "Lào Cai"),
        ({"Bắc Kạn"}, "Thái Nguyên"),
        ({"Vĩnh Phúc", "Hòa Bình"}, "Phú Thọ"),
        ({"Bắc Giang"}, "Bắc Ninh"),
        ({"Thái Bình"}, "Hưng Yên"),
        ({"Hải Dương"}, "Thành phố Hải Phòng"),
        ({"Hà Nam", "Nam Định"}, "Ninh Bình"),
        ({"Quảng Bình"}, "Quảng Trị"),
        ({"Quảng Nam"}, "Thành phố Đà Nẵng"),
        ({"Kon Tum"}, "Quảng Ngãi"),
        ({"Bình Định"}, "Gia Lai"),
        ({"Ninh Thuận"}, "Khánh Hòa"),
        ({"Đắk Nông", "Bình Thuận"}, "Lâm Đồng"),
        ({"Phú Yên"}, "Đắk Lắk"),
        ({"Bà Rịa - Vũng Tàu", "Bình Dương"}, "Thành phố Hồ Chí Minh"),
        ({"Bình Phước"}, "Đồng Nai"),
        ({"Long An"}, "Tây Ninh"),
        ({"Sóc Trăng", "Hậu Giang"}, "Thành phố Cần Thơ"),
        ({"Bến Tre", "Trà Vinh"}, "Vĩnh Long"),
        ({"Tiền Giang"}, "Đồng Tháp"),
        ({"Bạc Liêu"}, "Cà Mau"),
        ({"Kiên Giang"}, "An Giang"),
        (set(), "Thành phố Hà Nội"),
        (set(), "Thành phố Huế"),
        (set(), "Lai Châu"),
        (set(), "Điện Biên"),
        (set(), "Sơn La"),
        (set(), "Lạng Sơn"),
        (set(), "Quảng Ninh"),
        (set(), "Thanh Hóa"),
        (set(), "Nghệ An"),
        (set(), "Hà Tĩnh"),
        (set(), "Cao Bằng"),
    ],
)
def test_each_of_the_34_stands_for_the_provinces_that_merged_into_it(former, present):
    [code] = [code for code in provinces(MERGED) if SHIPPED.at(MERGED)[code].name == present]
    named = {
        there(SHIPPED.on(one, EVE)).name
        for one in SHIPPED.former(code)
        if there(SHIPPED.on(one, EVE)).kind == "province"
    }

    assert named == former


@pytest.mark.parametrize(
    ("code", "name", "present"),
    [("H54", "Thái Bình", "H31"), ("H22", "Hà Giang", "H60"), ("H09", "Bình Dương", "H29")],
)
def test_an_abolished_province_is_shown_under_its_successor(code, name, present):
    assert there(SHIPPED.on(code, EVE)).name == name
    assert SHIPPED.on(code, MERGED) is None
    assert SHIPPED.present(code) == present
    assert SHIPPED.standing(code, EVE) == code
    assert SHIPPED.level1(f"{code}.04.12", EVE) == code
    assert SHIPPED.level1(f"{code}.04.12", MERGED) == present


def test_the_shipped_agencies_are_those_of_the_generated_country():
    country = tomllib.loads((ROOT / "agents/generate/country.toml").read_text("utf-8"))
    now = SHIPPED.at(day("2026-06-01"))

    rows = [*country["provinces"], *country["ministries"]]
    assert {row["code"]: row["name"] for row in rows} == {
        code: agency.name for code, agency in now.items() if "." not in code
    }
    for province in country["provinces"]:
        for number, name in country["departments"].items():
            assert now[f"{province['code']}.{number}"].name == f"{name}, {province['name']}"


def test_the_34_names_are_the_public_ones():
    with require_data("vn_reference/provinces_2025.csv").open(encoding="utf-8") as file:
        public = {row["name"] for row in csv.DictReader(file)}

    assert {SHIPPED.at(MERGED)[code].name for code in provinces(MERGED)} == public


def test_a_name_changes_with_its_day():
    assert there(SHIPPED.on("H57", day("2024-12-31"))).name == "Thừa Thiên Huế"
    assert there(SHIPPED.on("H57", day("2025-01-01"))).name == "Thành phố Huế"
    assert SHIPPED.present("H57") == "H57"


def test_districts_end_and_their_province_stands_for_them():
    assert SHIPPED.descendants("H56", EVE) == ("H56.D01", "H56.D02", "H56.D03", "H56.D04")
    assert SHIPPED.descendants("H56", MERGED) == tuple(f"H56.{n:02d}" for n in range(1, 15))
    assert SHIPPED.present("H56.D03") == "H56"
    assert SHIPPED.former("H56") == ("H56.D01", "H56.D02", "H56.D03", "H56.D04")


def test_a_code_that_is_not_listed_counts_to_the_nearest_above_it():
    assert SHIPPED.level1("H56.104", MERGED) == "H56"
    assert SHIPPED.level1("000.00.04.H56", MERGED) == "H56"
    assert SHIPPED.present("H56.104") == "H56.104"
    assert SHIPPED.on("H56.104", MERGED) is None
    assert SHIPPED.level1("Y99.04", MERGED) == "Y99"
    assert SHIPPED.present("Y99.04") == "Y99.04"
    assert "H56.04" in SHIPPED
    assert "H56.104" not in SHIPPED


def test_successors_are_followed_to_the_last_and_parents_by_day(tmp_path):
    agencies = load_agencies(
        written(
            tmp_path,
            H44 + "H62,Vĩnh Phúc,province,,2008-08-01,2025-07-01,H44,law,x\n"
            "H62.04,Sở,department,H62,2008-08-01,2025-07-01,H44.94,law,x\n"
            "H44.94,Sở mới,department,H44,2025-07-01,2026-01-01,H44.04,law,x\n"
            "H44.04,Sở,department,H44,2008-08-01,,,law,x\n"
            "H44.04.1,Chi cục,division,H44.04,2008-08-01,,,law,x\n"
            "H44.99,Quỹ,centre,H44,2008-08-01,2020-01-01,none,law,x\n",
        )
    )
    years = [day("2025-01-01"), day("2025-08-01"), day("2026-08-01")]

    assert [agencies.standing("H62.04", on) for on in years] == ["H62.04", "H44.94", "H44.04"]
    assert [agencies.level1("H62.04", on) for on in years] == ["H62", "H44", "H44"]
    assert agencies.present("H62.04.7") == "H44.04"
    assert agencies.former("H44.04") == ("H44.94", "H62.04")
    assert agencies.descendants("H44", years[1]) == ("H44.04", "H44.04.1", "H44.94")
    assert agencies.present("H44.99") == "H44.99"
    assert len(agencies) == 7
    assert agencies.rows("h44.04")[0].line == 6


def test_a_unit_that_changes_its_parent_is_below_each_in_its_time(tmp_path):
    agencies = load_agencies(
        written(
            tmp_path,
            "G04,A,ministry,,2008-08-01,,,law,x\nG05,B,ministry,,2008-08-01,,,law,x\n"
            "G04.1,U,division,G04,2008-08-01,2025-03-01,,law,x\n"
            "G04.1,U,division,G05,2025-03-01,,,law,x\n",
        )
    )
    before, after = day("2025-02-28"), day("2025-03-01")

    assert [agencies.level1("G04.1", on) for on in (before, after)] == ["G04", "G05"]
    assert [agencies.descendants("G04", on) for on in (before, after)] == [("G04.1",), ()]
    assert [agencies.descendants("G05", on) for on in (before, after)] == [(), ("G04.1",)]


@pytest.mark.parametrize(
    ("rows", "line", "complaint"),
    [
        (
            "H4,Phú Thọ,province,,2008-08-01,,,practice,x\n",
            2,
            (
                "'H4' is no agency code: write H56 or H56.04: "
                "at most 35 of 0-9, A-Z and dots, level 1 first"
            ),
        ),
        ("Sở,Sở,province,,2008-08-01,,,law,x\n", 2, "'Sở' is no agency code: "),
        (
            f"{H44}H56,Thanh Hóa,province,H44,2008-08-01,,,law,x\n",
            3,
            "H56 is a province and has a parent: leave the parent empty, or correct the kind",
        ),
        (
            "H56.04,Sở,department,,2008-08-01,,,law,x\n",
            2,
            "H56.04 is a department without a parent: name the agency above it",
        ),
        (
            f"{H44}H44.04,Sở,department,H45,2008-08-01,,,law,x\n",
            3,
            "parent H45 of H44.04 is not listed: correct the code, or add it to agencies/",
        ),
        (
            f"{H44}H44.04,Sở,department,Q99.999,2008-08-01,,,law,x\n",
            3,
            "parent Q99.999 of H44.04 is not listed: correct the code, or add it to agencies/",
        ),
        (
            f"{H44}H44.04,Sở,department,H44,2008-07-31,,,law,x\n",
            3,
            (
                "parent H44 of H44.04 is not in being on 2008-07-31: name the parent of that time "
                "in a row of its own, or correct the validity"
            ),
        ),
        (
            (
                f"{H44}H62,A,province,,2008-08-01,2025-07-01,H44,law,x\n"
                "H62.04,Sở,department,H62,2020-01-01,,,law,x\n"
            ),
            4,
            "parent H62 of H62.04 is not in being on 2025-07-01: ",
        ),
        (
            (
                f"{H44}H44.01,A,department,H44.02,2008-08-01,2040-01-01,H44,law,x\n"
                "H44.02,B,department,H44,2008-08-01,2020-01-01,,law,x\n"
                "H44.02,B,department,H44,2020-01-01,2030-01-01,H44,law,x\n"
            ),
            3,
            "parent H44.02 of H44.01 is not in being on 2030-01-01: ",
        ),
        (
            f"{H44}H44.01,A,department,H44.01,2008-08-01,,,law,x\n",
            3,
            "H44.01 is above itself: correct one of the parents",
        ),
        (
            "H44,Phú Thọ,province,,2008-08-01,,H56,law,x\n",
            2,
            "H44 has successors but goes on: remove them, or give the day it ends in valid_until",
        ),
        (
            "H44,Phú Thọ,province,,2008-08-01,2025-07-01,,law,x\n",
            2,
            "H44 ends on 2025-07-01 without a successor: name who took over, or write none",
        ),
        (
            f"{H44}H62,A,province,,2008-08-01,2025-07-01,H44 H4,law,x\n",
            3,
            "successor H4 of H62 is not listed: correct the code, or add it to agencies/",
        ),
        (
            "H62,A,province,,2008-08-01,2025-07-01,H62,law,x\n",
            2,
            (
                "successor H62 of H62 is not in being on 2025-07-01: "
                "name the one that is, or correct the validity"
            ),
        ),
        (
            f"{H44}{H44}",
            3,
            "H44 is valid twice from 2008-08-01, also by {folder}/all.csv:2: remove one",
        ),
        (
            f"{H44}H44,Phú Thọ mới,province,,2025-07-01,,,law,x\n",
            3,
            (
                "H44 is valid twice from 2025-07-01, also by {folder}/all.csv:2: "
                "remove one, or end the earlier one with valid_until 2025-07-01"
            ),
        ),
        (
            "H44,A,province,,2020-01-01,2020-01-01,none,law,x\n",
            2,
            (
                "H44 is valid until 2020-01-01, but from 2020-01-01: "
                "correct one of both; valid_until is the first day it no longer is"
            ),
        ),
        (
            "H44,A,provinse,,2020-01-01,,,law,x\n",
            2,
            "Invalid enum value 'provinse' in `kind`: write one of ministry, body, province, ",
        ),
        (
            "H44,A,province,,1.1.2020,,,law,x\n",
            2,
            "Invalid RFC3339 encoded date in `valid_from`: write a date as 2026-01-02",
        ),
        (
            "H44,A,province,,1989-12-31,,,law,x\n",
            2,
            "1989-12-31 lies outside 1990-01-01 to 2100-12-31: correct the year",
        ),
        (
            "H44,,province,,2020-01-01,,,law,x\n",
            2,
            "missing required key `name`: fill in its cell",
        ),
        (
            "H44,A,B,province,,2020-01-01,,,law,x\n",
            2,
            (
                "10 cells under 9 columns: give every column a cell, "
                'and put one with a comma in quotes, "so, here"'
            ),
        ),
        (
            f'# a comment\n\n{H44}H45,"A,province\n,,2020-01-01\n',
            5,
            "no CSV (unexpected end of data): close the quotes of each cell",
        ),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(tmp_path, rows, line, complaint):
    folder = written(tmp_path, rows)

    with pytest.raises(Unusable) as refused:
        load_agencies(folder)

    [said] = map(str, refused.value.complaints)
    assert said.startswith(f"{folder}/all.csv:{line}: {complaint.format(folder=folder)}")


def test_agencies_above_each_other_are_each_named(tmp_path):
    rows = "H44.01,A,department,H44.02,2008-08-01,,,law,x\n"
    folder = written(tmp_path, rows + "H44.02,B,department,H44.01,2008-08-01,,,law,x\n")

    with pytest.raises(Unusable) as refused:
        load_agencies(folder)

    assert [str(one).partition("all.csv:")[2] for one in refused.value.complaints] == [
        "2: H44.01 is above itself: correct one of the parents",
        "3: H44.02 is above itself: correct one of the parents",
    ]


@pytest.mark.parametrize(
    ("head", "complaint"),
    [
        (HEAD.replace("kind", "knd"), "unknown column `knd`: write `kind`, or remove it"),
        (
            HEAD.replace("kind", "kind,x9"),
            "unknown column `x9`: remove it, or correct its name",
        ),
        (HEAD.replace("kind", "kind,kind"), "column `kind` stands 2 times: keep one"),
        (HEAD.replace("kind,", ""), "missing column `kind`: add it to the first row"),
        ("", "unknown column `H44`"),
    ],
)
def test_columns_that_do_not_fit_are_named(tmp_path, head, complaint):
    with pytest.raises(Unusable) as refused:
        load_agencies(written(tmp_path, H44, head=head))

    assert f"{tmp_path}/all.csv:1: {complaint}" in str(refused.value)


def test_an_empty_file_lacks_every_column(tmp_path):
    with pytest.raises(Unusable) as refused:
        load_agencies(written(tmp_path, "", head=""))

    assert "all.csv:1: missing column `code`: add it to the first row" in str(refused.value)


def test_a_file_in_another_encoding_is_refused_and_a_byte_order_mark_is_not(tmp_path):
    (tmp_path / "all.csv").write_bytes((HEAD + H44).encode("utf-8-sig"))
    assert len(load_agencies(tmp_path)) == 1

    (tmp_path / "all.csv").write_bytes((HEAD + H44).encode("utf-16"))
    with pytest.raises(
        Unusable, match=r"all\.csv:1: cannot be read .*: give a UTF-8 text file"
    ):
        load_agencies(tmp_path)


def test_the_first_successor_takes_over_what_cannot_be_split(tmp_path):
    rows = "H56,A,province,,2008-08-01,,,law,x\nH62,B,province,,2008-08-01,2025-07-01,H44 H56,law,x\n"

    assert load_agencies(written(tmp_path, H44 + rows)).present("H62") == "H44"


def test_a_unit_without_a_successor_goes_with_its_province(tmp_path):
    rows = (
        "H62,B,province,,2008-08-01,2025-07-01,H44,law,x\n"
        "H62.99,Quỹ,centre,H62,2008-08-01,2020-01-01,none,law,x\n"
    )
    agencies = load_agencies(written(tmp_path, H44 + rows))

    assert [agencies.level1("H62.99", on) for on in (EVE, MERGED)] == ["H62", "H44"]


def test_a_parent_that_was_gone_for_a_while_is_there_for_what_came_later(tmp_path):
    rows = (
        "H62,B,province,,2008-08-01,2010-01-01,,law,x\n"
        "H62,B,province,,2012-01-01,,,law,x\n"
        "H62.04,Sở,department,H62,2015-01-01,,,law,x\n"
    )

    assert len(load_agencies(written(tmp_path, rows))) == 2


def test_as_of_a_day_those_that_merged_later_are_apart():
    """So that a ranking of 2024 has 63 provinces, each with its own dossiers."""
    shipped = load_agencies(ROOT / "deploy" / "reference" / "agencies")
    of_2024 = shipped.as_of(day("2024-12-31"))

    assert shipped.present("H47") == "H17"
    assert of_2024.present("H47") == "H47"
    assert of_2024.former("H17") == ()
    assert "H47" in shipped.former("H17")
    assert "H17.04" not in of_2024  # its departments are listed from 1/7/2025 on


def test_agencies_as_of_a_day_are_told_once_between_two_decisions():
    last = SHIPPED._decisions[-1]
    assert SHIPPED.as_of(last) is SHIPPED.as_of(last + 300) is SHIPPED
    assert SHIPPED.as_of(EVE) is SHIPPED.as_of(EVE - 1)
    assert SHIPPED.as_of(EVE) is not SHIPPED.as_of(MERGED)
