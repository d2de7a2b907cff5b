"""Five questions as somebody new asks them: from the first page, by what can be read, in three clicks."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page

from tests.outlets.console.conftest import Reader
from tests.outlets.console.service import last_month


@dataclass
class Somebody:
    """Reads a page and clicks on what it says."""

    page: Page
    clicks: int = 0

    def sees(self, text: str | re.Pattern[str]) -> Locator:
        found = self.page.locator("main").get_by_text(text).first
        found.wait_for(state="visible", timeout=5_000)
        return found

    def follows(self, text: str | re.Pattern[str], within: str = "body") -> None:
        """A link, by its visible words."""
        self.page.locator(within).get_by_role("link", name=text).first.click()
        self.page.wait_for_load_state("load")
        self.clicks += 1


@pytest.fixture
def somebody(reader: Reader) -> Iterator[Somebody]:
    """Of the government, on the first page, who has not read anything."""
    reader.sign_in("national")
    found = Somebody(reader.open("/"))
    yield found
    assert found.clicks <= 3
    assert reader.complaints == []


def test_which_province_is_worst_today_and_why(somebody: Somebody) -> None:
    somebody.sees("Kém nhất hôm nay")
    worst = somebody.page.locator(".bars .name").first.inner_text()
    somebody.sees(f"Vì sao: {worst}")
    somebody.sees(re.compile("hồ sơ đang giải quyết đã quá hạn"))
    assert somebody.page.locator(".reasons li").count() > 0

    # And of one that is pointed at on the map.
    somebody.follows(re.compile("^Thanh Hóa"), within=".tiles")
    somebody.sees("Vì sao: Thanh Hóa")
    somebody.sees(re.compile("Đất đai.*suy giảm"))
    somebody.sees(re.compile("Một cửa Thanh Hoá gián đoạn từ"))


def test_which_dossiers_of_an_agency_fall_due_tomorrow(somebody: Somebody) -> None:
    somebody.follows("TP. Hồ Chí Minh", within="table.ranking")
    somebody.follows(re.compile("ngày mai"))
    listed = somebody.page.locator("#due table a, #due .listed a")
    assert listed.count() > 0 or "Không có dòng nào" in somebody.page.inner_text("#due")


def test_is_a_given_system_connected_and_since_when_not(somebody: Somebody) -> None:
    somebody.follows("Kết nối", within="nav")
    somebody.follows("Một cửa Thanh Hoá")
    stands = somebody.page.locator(".verdict").inner_text()
    assert re.search(r"gián đoạn từ \d\d/\d\d/\d{4} \d\d:\d\d", stands), stands
    assert "Lần cuối kết nối" in stands


def test_why_is_this_dossier_late(somebody: Somebody) -> None:
    somebody.follows(re.compile(r"Xem \d+ hồ sơ quá hạn"))
    somebody.follows(re.compile("^[0-9a-f]{20}$"), within="#due")
    somebody.sees(re.compile(r"^Quá hạn \d+"))
    somebody.sees(re.compile(r"^Hạn trả kết quả \d\d/"))
    somebody.sees(re.compile("lâu nhất"))
    somebody.sees("Ở đâu, bao lâu")
    somebody.sees(re.compile("766/QĐ-TTg, công thức 2.1"))


def test_did_last_months_number_change_after_closing_and_by_which_dossiers(
    somebody: Somebody,
) -> None:
    before = last_month()
    somebody.follows("Bảng điểm và báo cáo", within="nav")
    somebody.sees(f"Số liệu kỳ {before:%Y-%m} có thay đổi sau khi chốt không?")
    somebody.follows(re.compile("^Chỉ số EMC"), within="main")
    somebody.sees(re.compile(r"\d chỉ số đã thay đổi"))
    somebody.follows("Hồ sơ nào?", within="main")
    dossiers = somebody.page.locator("#dossiers tbody th a")
    assert dossiers.count() == 1
