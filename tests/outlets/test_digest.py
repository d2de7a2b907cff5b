"""A digest as it is read: sums, parts that add up, and nothing that a mail client would run."""

import json
from datetime import date
from html.parser import HTMLParser

import pytest

from monitor.domain.calendar import WorkCalendar
from monitor.domain.forecast import Forecast, Outlook, Prospect
from monitor.ledger.dues import Part
from monitor.outlets.digest.made import Digest, Names, Sums, made
from monitor.outlets.digest.shown import Format, file_name, shown
from monitor.outlets.digest.words import Language
from tests.domain.strategies_time import day

TODAY = day("2026-11-27")  # a Friday
AGENCIES = {"H56": "Thanh Hóa", "H56.12": "Sở Xây dựng"}
PROCEDURES = {"1.1": "Cấp phép <b>&"}
NAMES = Names(lambda code: AGENCIES.get(code, ""), lambda code: PROCEDURES.get(code, ""))


def digest(parts: dict[Part, int], outlook: Forecast | None = None, link: str = "") -> Digest:
    return made(
        "H56",
        parts.items(),
        outlook,
        day=TODAY,
        calendar=WorkCalendar(),
        names=NAMES,
        link=link,
    )


def forecast(of_overdue: float, of_due: float) -> Forecast:
    ahead = {
        within: Prospect(until=TODAY + within, due=0, outlook=Outlook(of_overdue, of_due))
        for within in (1, 3, 5)
    }
    return Forecast(overdue=0, pace=1234.5, ahead=ahead)


PARTS = {
    Part("H56.12", "Một cửa", "1.1", paused=False, slot=TODAY - 1): 1_500,
    Part("H56.12", "Một cửa", "1.1", paused=True, slot=TODAY - 1): 500,
    Part("H56.300", "", "1.2", paused=False, slot=TODAY): 7,
    Part("H56.300", "", "1.1", paused=False, slot=TODAY + 1): 2,  # a Saturday
    Part("H56", "Văn phòng", "", paused=False, slot=TODAY + 3): 3,
    Part("H56.300", "", "1.2", paused=False, slot=TODAY + 4): 5,
    Part("H56.300", "", "1.2", paused=False, slot=TODAY + 7): 4,  # later than is told
}


def test_parts_are_summed_by_when_they_fall_due_and_days_off_count_with_the_day_after_them():
    found = digest(PARTS, forecast(1_000.0, 10.0))

    assert found.sums == Sums(
        overdue=2_000, paused=500, today=7, in_1=5, in_2=5, expected=(1_010.0,) * 3
    )
    assert found.next_days == (date(2026, 11, 30), date(2026, 12, 1))
    assert found.then == (date(2026, 11, 30), date(2026, 12, 2), date(2026, 12, 4))
    assert [(line.code, line.name) for line in found.units] == [
        ("H56.12", "Sở Xây dựng"),
        ("H56.300", ""),
        ("", "Văn phòng"),  # a unit of the province itself
    ]


def test_what_is_expected_of_parts_adds_up_to_what_is_expected_of_all():
    """Before five working days have passed 17 fall due, 14 of them at the commune."""
    found = digest(PARTS, forecast(1_000.0, 10.0))

    assert [line.sums.expected[2] for line in found.units] == pytest.approx(
        [1_000.0, 10.0 * 14 / 17, 10.0 * 3 / 17]
    )
    for place in range(3):
        for lines in (found.units, found.procedures):
            shares = [line.sums.expected[place] or 0.0 for line in lines]
            assert sum(shares) == pytest.approx(1_010.0)


def test_only_the_ten_with_the_most_are_named_and_the_others_counted():
    parts = {Part(f"H56.{n}", "", "1.1", paused=False, slot=TODAY - 1): n for n in range(1, 15)}

    found = digest(parts)

    assert [line.sums.overdue for line in found.units] == [14, 13, 12, 11, 10, 9, 8, 7, 6, 5]
    assert found.more_units == 4
    assert (len(found.procedures), found.more_procedures) == (1, 0)


def test_numbers_are_written_as_the_reader_writes_them():
    vietnamese = shown(digest(PARTS, forecast(1_000.0, 10.4)), Format.TEXT, Language.VIETNAMESE)
    english = shown(digest(PARTS, forecast(1_000.0, 10.4)), Format.TEXT, Language.ENGLISH)

    assert "    2.000  Quá hạn (trong đó 500 hồ sơ đang tạm dừng)" in vietnamese
    assert "        5  Đến hạn ngày làm việc tiếp theo (30/11)" in vietnamese
    # Not "thứ hai": that is Monday too, and this is a Tuesday.
    assert "        5  Đến hạn ngày làm việc sau đó (01/12)" in vietnamese
    assert "    1.010  Sau 1 ngày làm việc (sáng 30/11)" in vietnamese
    assert "    1.010  Sau 5 ngày làm việc (sáng 04/12)" in vietnamese
    assert "Tiến độ: 1.234,5 hồ sơ" in vietnamese
    assert "    2,000  Overdue (500 of them paused)" in english
    assert "    1,010  In 1 working day (morning of 30/11)" in english
    assert "    1,010  In 5 working days (morning of 04/12)" in english
    assert "Pace: 1,234.5 dossiers" in english


def test_what_is_not_known_is_said_and_is_not_zero():
    page = shown(digest(PARTS), Format.TEXT, Language.VIETNAMESE)
    told = json.loads(shown(digest(PARTS), Format.JSON, Language.VIETNAMESE))

    assert page.count("chưa đủ dữ liệu") == 3
    assert told["expected_overdue"] == {"1": None, "3": None, "5": None}


@pytest.mark.parametrize("language", list(Language))
def test_nothing_to_tell_is_told(language):
    later = {Part("H56.300", "", "1.2", paused=False, slot=TODAY + 7): 4}
    nothing = {
        Language.VIETNAMESE: "Không có hồ sơ quá hạn hoặc sắp đến hạn.",
        Language.ENGLISH: "No dossier is overdue or falls due soon.",
    }[language]

    for format_ in (Format.TEXT, Format.HTML):
        assert nothing in shown(digest(later), format_, language)
        assert nothing not in shown(digest(PARTS), format_, language)


class Tags(HTMLParser):
    """Which elements a page has, and what they refer to."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.refers: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.names.add(tag)
        self.refers += [value for name, value in attrs if name in ("href", "src", "background")]


def test_a_mail_client_loads_nothing_and_runs_nothing_and_names_are_text():
    link = "https://grafana.example.gov.vn/d/emc-due?var-agency=H56&x=1"
    page = shown(digest(PARTS, link=link), Format.HTML, Language.VIETNAMESE)

    tags = Tags()
    tags.feed(page)
    assert tags.refers == [link]
    assert not tags.names & {"script", "img", "link", "iframe", "form", "b"}
    assert "Cấp phép &lt;b&gt;&amp;" in page


@pytest.mark.parametrize(
    ("agency", "name"),
    [
        ("H56", "digest-2026-11-27-H56.html"),
        ("../../etc/passwd", "digest-2026-11-27-.._.._etc_passwd.html"),
        ("Sở A/B", "digest-2026-11-27-Sở_A_B.html"),
    ],
)
def test_a_file_stays_in_its_folder(agency, name):
    assert file_name(agency, date(2026, 11, 27), Format.HTML) == name
