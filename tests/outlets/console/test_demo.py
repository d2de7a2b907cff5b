"""`emc demo` in a real browser: every page, an event on its way to one, and five questions of somebody new."""

import asyncio
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import monotonic, sleep

import pytest
from playwright.sync_api import Browser, Locator, Page

from monitor.ledger.access import Role
from tests.outlets.api.service import Here
from tests.outlets.console.conftest import Reader, reading
from tests.outlets.console.demo import SILENT, Demo, demo, produce
from tests.outlets.console.service import last_month
from tests.outlets.console.test_pages import opened

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Demo, Here]]:
    """One for all of these tests."""
    with demo() as found:
        yield found


@pytest.fixture
def reader(running: tuple[Demo, Here], chromium: Browser) -> Iterator[Reader]:
    """A browser that has not been here."""
    yield from reading(running[1], chromium)


@pytest.fixture(scope="module")
def signed_in(running: tuple[Demo, Here], chromium: Browser) -> Iterator[Reader]:
    """Of the government."""
    for found in reading(running[1], chromium):
        found.sign_in("national")
        yield found


@pytest.fixture
def national(signed_in: Reader) -> Reader:
    """The same, on the first page."""
    signed_in.open("/")
    return signed_in


@pytest.fixture(scope="module")
def judged(running: tuple[Demo, Here]) -> None:
    """The silent source is known to be silent: connections are judged once a minute."""
    query = "SELECT source FROM connection WHERE source = $1 AND class = 'interrupted'"
    until = monotonic() + 90
    with ThreadPoolExecutor() as aside:  # the browser's driver has a loop in this thread
        while not aside.submit(
            lambda: asyncio.run(running[1].ledger(query, f"{SILENT}-onestop"))
        ).result():
            assert monotonic() < until, "it is not judged to be interrupted"
            sleep(1)


def opens_all(reader: Reader, paths: list[str]) -> None:
    """Each with something to say, and none of them with a complaint."""
    wrong = []
    for path in paths:
        answer = reader.page.goto(reader.here.serve.url + path)
        assert answer is not None
        said = reader.page.inner_text("main")
        if answer.status != 200 or len(said) < 60:
            wrong.append((path, answer.status, said))
    assert wrong == []
    assert reader.complaints == []


def test_every_page_of_the_government_opens(
    running: tuple[Demo, Here], national: Reader
) -> None:
    paths = opened(running[1], Role.NATIONAL)
    assert len(paths) > 12
    opens_all(national, paths)


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.AGENCY, Role.ADMIN])
def test_every_page_of_the_others_opens(
    role: Role, running: tuple[Demo, Here], reader: Reader
) -> None:
    paths = opened(running[1], role)
    if role is Role.ADMIN:  # those that only he may
        paths = [one for one in paths if one not in opened(running[1], Role.NATIONAL)]
    assert len(paths) > (0 if role is Role.ADMIN else 3)
    if role is not Role.PUBLIC:
        reader.sign_in(role.value)
    opens_all(reader, paths)


def test_every_link_of_the_first_page_leads_somewhere(reader: Reader) -> None:
    reader.sign_in("national")
    page = reader.page
    found = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
    leads = sorted({one.partition("#")[0] for one in found})
    assert all(one.startswith(reader.here.serve.url) for one in leads)
    # Of links that differ in nothing but an agency's code, one is followed.
    alike: dict[str, list[str]] = {}
    for one in leads:
        alike.setdefault(re.sub(r"\b[GH]\d\d\b", "…", one), []).append(one)
    followed = [one for several in alike.values() for one in several[:1]]
    assert len(followed) > 10
    answers = {one: page.request.get(one).status for one in followed}
    assert {one for one, status in answers.items() if status != 200} == set()


# -- five questions, from the first page, by what can be read, in three clicks -------------------


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
def somebody(national: Reader) -> Iterator[Somebody]:
    """On the first page, who has not read anything."""
    found = Somebody(national.page)
    yield found
    assert found.clicks <= 3
    assert national.complaints == []


@pytest.mark.usefixtures("judged")
def test_which_province_is_worst_today_and_why(somebody: Somebody) -> None:
    somebody.sees("Kém nhất hôm nay")
    worst = somebody.page.locator(".bars .name").first.inner_text()
    somebody.sees(f"Vì sao: {worst}")
    somebody.sees(re.compile("hồ sơ đang giải quyết đã quá hạn"))
    assert somebody.page.locator(".reasons li").count() > 0

    # And of one that is pointed at on the map.
    somebody.follows(re.compile("^Lạng Sơn"), within=".tiles")
    somebody.sees("Vì sao: Lạng Sơn")
    somebody.sees(re.compile("Một cửa Lạng Sơn gián đoạn từ"))


def test_which_dossiers_of_an_agency_fall_due_tomorrow(somebody: Somebody) -> None:
    somebody.follows("TP. Hồ Chí Minh", within="table.ranking")
    somebody.follows(re.compile("ngày mai"))
    listed = somebody.page.locator("#due table a, #due .listed a")
    assert listed.count() > 0 or "Không có dòng nào" in somebody.page.inner_text("#due")


@pytest.mark.usefixtures("judged")
def test_is_a_given_system_connected_and_since_when_not(somebody: Somebody) -> None:
    somebody.follows("Kết nối", within="nav")
    somebody.follows("Một cửa Lạng Sơn")
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
    running: tuple[Demo, Here], somebody: Somebody
) -> None:
    before = last_month()
    [told] = re.findall(r"(\d+) dossiers of (\S+) were told after", running[0].said())
    assert (int(told[0]) > 2, told[1]) == (True, f"{before:%Y-%m}")
    somebody.follows("Bảng điểm và báo cáo", within="nav")
    somebody.sees(f"Số liệu tháng {before.month}/{before.year} có thay đổi sau khi chốt không?")
    somebody.follows(re.compile("^Chỉ số EMC"), within="main")
    somebody.sees(re.compile(r"\d chỉ số đã thay đổi"))
    somebody.page.locator("td:nth-child(6) a").first.click()  # “Hồ sơ nào?” of a denominator
    somebody.clicks += 1
    dossiers = somebody.page.locator("#dossiers tbody th a")
    assert 1 < dossiers.count() <= int(told[0])


# -- last: it ends the silence of a system -------------------------------------------------------


def test_what_is_produced_to_kafka_is_on_an_open_page(
    running: tuple[Demo, Here], national: Reader
) -> None:
    """How long it takes is printed here, and measured by `python -m tests.bench.shown`."""
    [kafka] = running[0].printed("Kafka")
    national.page.wait_for_selector("#fresh.on")
    name = f"{SILENT}.open"
    place = national.page.locator(f"[data-live='{name}']")
    before = int(place.inner_text())
    with ThreadPoolExecutor() as aside:  # the browser's driver has a loop in this thread
        sent = aside.submit(lambda: asyncio.run(produce(kafka, 1)))
        seen = national.page.wait_for_function(
            "([name, text]) => document.querySelector(`[data-live='${name}']`).textContent === text"
            " && Date.now()",
            arg=[name, str(before + 1)],
            polling=20,
            timeout=20_000,
        )
        took_ms = seen.json_value() - sent.result() * 1000
    print(f"{took_ms:.0f} ms from the producer to the page")
    assert took_ms > 0
