"""A report in every format: the same values, told apart where there are none, and nothing to run."""

import csv
import io
import json
import re
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook

from monitor.domain.spreadsheet import harmless, lines
from monitor.ledger.stated import as_bytes
from monitor.outlets.digest.words import Language
from monitor.outlets.report import page
from monitor.outlets.report.as_csv import FIGURE, HEAD, SCOPE, as_csv
from monitor.outlets.report.as_html import as_html
from monitor.outlets.report.as_table import as_table
from monitor.outlets.report.as_xlsx import as_xlsx
from monitor.outlets.report.scorecards import report
from tests.outlets.report.given import OFFICIAL
from tests.servers.require import ROOT

VI, EN = Language.VIETNAMESE, Language.ENGLISH
REPORT = report(OFFICIAL)
PAGE = "{http://www.w3.org/1999/xhtml}"


def html(language: Language = VI) -> ET.Element:
    return ET.fromstring(as_html(REPORT, language).decode().removeprefix("<!DOCTYPE html>"))


def cells(page: ET.Element, table: str) -> list[list[str]]:
    [found] = [one for one in page.iter(f"{PAGE}table") if one.get("id") == table]
    body = found.find(f"{PAGE}tbody")
    assert body is not None
    return [["".join(cell.itertext()) for cell in row] for row in body]


def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(as_csv(REPORT.document).decode(), newline="")))


def test_null_zero_not_applicable_no_data_and_too_few_are_told_apart_in_every_format():
    page = cells(html(), "figures")
    sheet = load_workbook(io.BytesIO(as_xlsx(REPORT, VI)))["Chỉ số"]
    told = json.loads(as_bytes(REPORT.document))["figures"]

    assert [row[4] for row in page[1:7]] == ["68,54", "0,00", "–", "×", "…", "(*)"]
    assert [sheet.cell(row, 5).value for row in range(6, 12)] == [
        68.54,
        0,
        "–",
        "×",
        "…",
        "(*)",
    ]
    assert [one["value"] for one in told] == [68.54, 0.0, None, None, None, None]
    standings = ["number", "number", "null", "not_applicable", "no_data", "too_few"]
    assert [one["standing"] for one in told] == standings
    assert [row["value"] for row in rows()] == ["68.54", "0.00", "", "", "", "", ""]
    assert [row["standing"] for row in rows()][:6] == standings


def test_the_signs_are_explained():
    page = as_table(REPORT, VI, width=None, colour=False)
    english = as_table(REPORT, EN, width=None, colour=False)

    assert "– không tính được tỷ lệ (không phát sinh, hoặc chưa rõ); không phải là 0;" in page
    assert "× không áp dụng; … chưa có dữ liệu" in page
    assert "– no ratio (nothing to measure, or not known); not 0;" in english
    assert "(*) too few to tell" in " ".join(english.split())


def test_numbers_are_written_as_the_reader_writes_them():
    assert "115.665   168.746     68,54" in as_table(REPORT, VI, width=None, colour=False)
    assert "115,665       168,746" in as_table(REPORT, EN, width=None, colour=False)


def test_the_same_report_is_the_same_bytes_in_every_format():
    again = report(OFFICIAL)

    assert as_bytes(again.document) == as_bytes(REPORT.document)
    assert as_csv(again.document) == as_csv(REPORT.document)
    assert as_xlsx(again, VI) == as_xlsx(REPORT, VI)
    assert as_html(again, VI) == as_html(REPORT, VI)


def test_json_is_sorted_and_says_where_it_comes_from():
    raw = as_bytes(REPORT.document)
    told = json.loads(raw)

    assert (
        raw == json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    )
    assert told["known"] == {
        "cut": 7001,
        "sealed_at": "2026-09-01T01:02:03.456789Z",
        "as_of_day": "2026-09-01",
        "zone": "Asia/Ho_Chi_Minh",
        "reference": "0123456789abcdef",
        "policy_epoch": 3,
        "rules_version": 6,
    }
    assert told["set"]["hash"] == "ab" * 32
    figure = told["figures"][0]
    assert (figure["numerator"], figure["denominator"]) == (115665, 168746)
    assert (figure["zero_rule"], figure["basis"], figure["source"]) == (
        "null", "practice", "Decision 766",
    )  # fmt: skip
    assert figure["numerator_is"] == "received_in_period[channel=online]"
    assert figure["target"]["distance"] == -11.46


def test_what_is_published_by_others_stands_beside_ours_with_the_difference():
    told = json.loads(as_bytes(REPORT.document))["figures"][0]

    assert (told["score"], told["official"]["value"]) == (13.71, 13.5)
    assert told["difference_to_official"] == 0.21
    assert cells(html(), "figures")[1][11:13] == ["13,50", "+0,21"]
    assert (rows()[0]["score"], rows()[0]["official_value"]) == ("13.71", "13.50")


def test_in_csv_every_row_carries_where_it_comes_from_and_none_is_a_formula():
    raw = as_csv(REPORT.document)

    assert b"\r" not in raw
    assert raw.count(b"\n") == 8  # a heading, six figures, the total
    for row in rows():
        assert (row["set"], row["cut"], row["scope"]) == ("tried", "7001", "H24")
        assert row["cut_sealed_at"] == "2026-09-01T01:02:03.456789Z"
        assert not any(value.startswith(("=", "+", "@", "\t")) for value in row.values())
    assert rows()[1]["name_vi"] == """'=HYPERLINK("http://a.example")"""
    assert rows()[0]["target_distance"] == "-11.46"  # a number stays one
    assert (rows()[6]["indicator"], rows()[6]["score"]) == ("total", "13.71")


def test_the_workbook_has_the_same_values_as_numbers_with_formats_and_a_fixed_heading():
    book = load_workbook(io.BytesIO(as_xlsx(REPORT, VI)))
    sheet = book["Chỉ số"]

    assert book.sheetnames == [
        "Nguồn gốc số liệu",
        "Chỉ số",
        "Mục tiêu",
        "Đối chiếu",
        "Định nghĩa",
    ]
    assert [cell.value for cell in sheet[4]][:5] == [
        "Mã",
        "Chỉ số",
        "Tử số",
        "Mẫu số",
        "Giá trị",
    ]
    assert [cell.value for cell in sheet[6]][2:5] == [115_665, 168_746, 68.54]
    assert sheet["C6"].number_format == "#,##0"
    assert sheet["E6"].number_format == "#,##0.00"
    assert sheet["M6"].value == pytest.approx(0.21)
    assert sheet["B7"].value == '=HYPERLINK("http://a.example")'
    assert (sheet["B7"].data_type, sheet["B7"].hyperlink) == ("s", None)
    assert sheet.freeze_panes == "C5"
    assert sheet.print_title_rows == "$4:$4"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert book.properties.created.isoformat() == "2026-09-01T01:02:03"
    front = {row[0].value: row[1].value for row in book["Nguồn gốc số liệu"].iter_rows()}
    assert front["Mốc chốt số liệu"] == "số 7001, lúc 01/09/2026 08:02:03 (Asia/Ho_Chi_Minh)"


def test_the_page_is_well_formed_and_loads_nothing():
    page = html()
    text = as_html(REPORT, VI).decode()

    addresses = {
        value
        for element in page.iter()
        for name, value in element.attrib.items()
        if name.rpartition("}")[2] in {"src", "href", "srcset", "data", "action", "poster"}
    }
    assert addresses == set()
    assert {element.tag.rpartition("}")[2] for element in page.iter()}.isdisjoint(
        {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    )
    assert not re.search(r"@import|url\(|expression\(|javascript:", text)
    [policy] = [one.get("content") for one in page.iter(f"{PAGE}meta") if one.get("http-equiv")]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text


def test_the_page_has_the_values_of_the_table_and_its_bars_their_lengths():
    page = html()

    [heading] = page.iter(f"{PAGE}h1")
    assert heading.text == "Bộ chỉ số <thử> & nghiệm"
    assert cells(page, "figures")[1][:11] == [
        "1.1", "Tỷ lệ 1.1", "115.665", "168.746", "68,54", "%", "66,04", "+2,50", "13,71", "20,00",
        "20,00",
    ]  # fmt: skip
    bars = [
        [rect.get("class") for rect in svg]
        for svg in page.iter("{http://www.w3.org/2000/svg}svg")
    ]
    assert bars[1] == ["rest", "p0", "mark"]  # of 1.1: a value and a target
    assert bars[3] == ["rest"]  # of 1.3: no value
    share = next(
        rect
        for rect in page.iter("{http://www.w3.org/2000/svg}rect")
        if rect.get("class") == "p0" and rect.get("width") == "685.4"
    )
    assert Decimal(share.get("x", "")) == 0


def test_a_trend_is_told_where_both_are_numbers():
    told = json.loads(as_bytes(REPORT.document))["figures"]

    assert [(one["value_before"], one["change"]) for one in told[:3]] == [
        (66.04, 2.5), (0.0, 0.0), (None, None),
    ]  # fmt: skip
    assert (rows()[0]["value_before"], rows()[0]["change"]) == ("66.04", "2.50")


def test_sums_that_do_not_agree_are_said_loudly():
    assert cells(html(), "checks") == [["Nhận bằng trả", "5", "4", "1", "KHÔNG KHỚP"]]
    assert "DOES NOT AGREE" in as_table(REPORT, EN, width=None, colour=False)


def test_points_that_are_unknown_or_empty_are_not_in_the_total_and_it_says_so():
    page = as_table(REPORT, VI, width=None, colour=False)

    assert "20 điểm thuộc các chỉ số chưa có số liệu, không nằm trong tổng." in page
    assert "20 điểm thuộc các chỉ số không phát sinh, không nằm trong tổng." in page
    assert (
        "5,00 điểm thuộc các chỉ số không áp dụng cho cơ quan này, không nằm trong tổng."
        in page
    )


def test_a_total_stands_beside_what_is_known_of_and_what_the_set_could_give():
    """13.71 of the 40 that are known is another thing than 13.71 of 85."""
    total = json.loads(as_bytes(REPORT.document))["total"]

    assert cells(html(), "figures")[-1][8:11] == ["13,71", "40,00", "85,00"]
    assert (total["out_of"], total["set_max_score"], total["not_applicable"]) == (40, 85, 5)
    assert (rows()[6]["max_score"], rows()[6]["max_points"]) == ("40.00", "85.00")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        " =1+1",
        "+84",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "|x",
        "＝1",
        "＋1",
        "－1",
        "＠A",
    ],
)
def test_what_a_spreadsheet_would_run_is_text(text: str):
    assert harmless(text) == f"'{text}"


def test_a_carriage_return_ends_no_line():
    """Excel and RFC 4180 take a bare CR for the end of a line, unless it is quoted."""
    assert lines([["a\rb", "c"], ["d\ne", 'f"g'], ["h", 1]]) == (
        '"a\rb",c\n"d\ne","f""g"\nh,1\n'
    )


def test_every_documented_column_is_in_the_document():
    """A column whose path is misspelt would be empty for ever."""
    told = json.loads(as_bytes(REPORT.document))

    def there(document: Any, path: str) -> bool:
        for step in path.split("."):
            if document is None:
                return True  # as of an indicator without a target
            if step not in document:
                return False
            document = document[step]
        return True

    figures = told["figures"]
    assert [one.name for one in (*HEAD, *SCOPE) if not there(told, one.path)] == []
    assert [one.name for one in FIGURE if not all(there(f, one.path) for f in figures)] == []
    assert (ROOT / page.PATH).read_text("utf-8") == page.page()
