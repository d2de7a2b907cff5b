"""Pages in a real browser: drawn without a complaint, usable by all, and live."""

import asyncio
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event
from time import sleep
from typing import Any

import asyncpg
import pytest
from playwright.sync_api import Browser

from monitor.ledger.access import Role
from monitor.outlets.console import every
from monitor.outlets.console.live import Live
from monitor.outlets.console.page import Page
from tests.outlets.api.service import Here, now
from tests.outlets.console.conftest import Reader, reading
from tests.outlets.console.service import last_month

# What is opened besides every page as it comes: states of pages that look different.
STATES = (
    "/?by=on_time&sort=-emc",
    "/?kind=ministries",
    "/?why=H56",
    "/?known_at={before}",
    "/agencies/H26.01?times=worked_out",
    "/procedures/1.004194?due=later",
    "/find?q=thanh+hoa",
    "/find?q=khong-co-gi-ca",
    "/scorecards/qd766?scope=H56",
    "/scorecards/report-06b?scope=H56",
    "/scorecards/targets",
    "/rankings/qd766?why=H56",
    "/agencies/H56?due=tomorrow",
    "/quarantine?source=H57-onestop&reason=missing_field",
)
# Values of what stands in addresses, where the country has another one than the documentation.
THERE = {"objective": "on-time-766", "source": "H56-onestop"}
MAKES_NOTHING_VISIBLE = ("/reports/",)  # downloads


def every_page() -> list[Page]:
    """From the list that the service itself makes its addresses of: none can be forgotten."""
    nothing: Any = None  # pages are looked at here, not opened
    return [
        one
        for one in every.pages(Live(nothing, nothing, nothing, now), nothing, nothing, now)
        if not one.path.startswith(MAKES_NOTHING_VISIBLE)
    ]


def address(page: Page, dossier: str) -> str:
    """A page's address with something that there is in each of its places."""

    def there(found: re.Match[str]) -> str:
        name = found[1]
        if name == "dossier":
            return dossier
        [parameter] = [one for one in page.parameters if one.name == name]
        return str(THERE.get(name, parameter.example))

    return re.sub(r"{(\w+)}", there, page.path)


def overdue(here: Here, office: str = "") -> str:
    """The token of a dossier that is."""
    query = "SELECT token FROM grafana_open WHERE due = 'overdue' AND office LIKE $1 ORDER BY due_at"
    # The browser's driver has a loop in this thread already.
    with ThreadPoolExecutor() as aside:
        rows = aside.submit(lambda: asyncio.run(here.ledger(query, f"{office}%"))).result()
    return str(rows[0]["token"])


def opened(here: Here, role: Role) -> list[str]:
    """The addresses of every page that a role may open."""
    late = overdue(here, "H56" if role is Role.AGENCY else "")
    paths = []
    for one in every_page():
        if role in one.open_to:
            # An agency may read rankings of periods that are over.
            over = role is Role.AGENCY and any(each.name == "period" for each in one.parameters)
            period = f"?period={last_month():%Y-%m}" if over else ""
            paths.append(address(one, late) + period)
    return paths


def visited(here: Here, role: Role) -> list[str]:
    """These, and states of them that look different."""
    paths = opened(here, role)
    before = f"{now() - timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}"
    if role in (Role.NATIONAL, Role.ADMIN):
        states = [one.format(before=before) for one in STATES]
        paths += [one for one in states if role is Role.ADMIN or "quarantine" not in one]
    return paths


# Role, language, theme, width, height: every page in every role; each language, theme and size with axe.
VIEWS = {
    "a visitor, on a laptop": (Role.PUBLIC, "vi", "light", 1366, 768),
    "a province, in the dark": (Role.AGENCY, "vi", "dark", 1366, 768),
    "the government, on a wall": (Role.NATIONAL, "vi", "light", 2560, 1440),
    "an administrator, on a phone": (Role.ADMIN, "en", "dark", 390, 844),
}


@pytest.mark.parametrize("view", VIEWS)
def test_every_page_is_drawn_without_a_complaint_fits_and_can_be_used_by_all(
    view: str, console: Here, chromium: Browser, axe: str
) -> None:
    role, language, scheme, width, height = VIEWS[view]
    wrong = []
    for reader in reading(console, chromium, width=width, height=height, scheme=scheme):
        if role is not Role.PUBLIC:
            reader.sign_in(role.value)
        paths = visited(console, role)
        assert len(paths) > (3 if role is Role.PUBLIC else 12)
        for path in paths:
            joined = "&" if "?" in path else "?"
            answer = reader.page.goto(f"{console.serve.url}{path}{joined}lang={language}")
            assert answer is not None
            if answer.status != 200:
                wrong.append(f"{path}: {answer.status}")
            wrong += [f"{path}: {one}" for one in (*reader.serious(axe), *reader.undefined())]
            wrong += [f"{path}: a chart is not drawn"] * reader.page.locator(".undrawn").count()
            if (wide := reader.page.evaluate("document.documentElement.scrollWidth")) > width:
                wrong.append(f"{path}: {wide} wide")
        assert wrong == []
        assert reader.complaints == []


def test_what_colours_mean_is_told_also_where_a_system_has_its_own(reader: Reader) -> None:
    """Charts keep their colours there, so that what names them has to."""
    reader.sign_in("national")
    colours = {}
    for forced in ("none", "active"):
        reader.page.emulate_media(forced_colors=forced)
        page = reader.open("/scorecards/qd766?scope=H56")
        colours[forced] = page.evaluate(
            "[...document.querySelectorAll('.swatch')]"
            ".map((one) => getComputedStyle(one, '::before').backgroundColor)"
        )
    assert colours["active"] == colours["none"]
    assert len(set(colours["active"])) == 2


def test_a_page_works_by_keyboard_alone(reader: Reader) -> None:
    reader.sign_in("national")
    page = reader.open("/?lang=en")
    page.keyboard.press("Tab")
    focus = "document.activeElement"
    assert page.evaluate(f"{focus}.textContent") == "Skip to the content"
    assert page.locator(".skip").bounding_box()["x"] >= 0  # type: ignore[index]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{focus}.closest('main') !== null")
    assert page.evaluate(f"getComputedStyle({focus}).outlineStyle") == "solid"
    # A definition opens and closes, and the focus is where it was.
    page.locator(".headline button.number").first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".meaning:popover-open").count() == 1
    page.keyboard.press("Escape")
    assert page.locator(".meaning:popover-open").count() == 0
    assert page.evaluate(f"{focus}.matches('.headline button.number')")
    # A table is sorted.
    page.locator("th a", has_text="Overdue").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**sort=-overdue**")


def test_a_page_says_that_it_is_not_live_any_more(reader: Reader) -> None:
    reader.sign_in("national")
    page = reader.open("/?lang=en")
    page.wait_for_selector("#fresh.on")
    reader.context.set_offline(True)
    page.evaluate("dispatchEvent(new Event('offline'))")
    page.wait_for_selector("#fresh.off")
    assert "Not live" in (page.locator("#fresh").text_content() or "")
    assert page.locator("#fresh .dot").is_visible()


@contextmanager
def held_back(here: Here, table: str) -> Iterator[None]:
    """Nobody reads a table meanwhile."""
    locked, enough = Event(), Event()

    async def hold() -> None:
        connection = await asyncpg.connect(here.database)
        try:
            async with connection.transaction():
                await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
                locked.set()
                await asyncio.to_thread(enough.wait, 4)
        finally:
            await connection.close()

    # The browser's driver has a loop in this thread already.
    with ThreadPoolExecutor() as aside:
        holding = aside.submit(lambda: asyncio.run(hold()))
        assert locked.wait(5)
        try:
            yield
        finally:
            enough.set()
        holding.result()


# When the notice is shown after a press, and what it says: kept for the page that comes.
_NOTE_WHAT_IS_SAID = """() => {
  const loading = document.getElementById("loading");
  let pressed = 0;
  addEventListener("click", () => { pressed = performance.now(); }, { capture: true });
  new MutationObserver(() => {
    if (!loading.hidden && !sessionStorage.getItem("said"))
      sessionStorage.setItem("said", JSON.stringify([performance.now() - pressed, loading.textContent]));
  }).observe(loading, { attributes: true });
}"""


def test_a_page_that_is_slow_to_come_is_said_to_be_on_its_way(
    reader: Reader, console: Here
) -> None:
    reader.sign_in("admin")
    page = reader.open("/?lang=en")
    assert page.locator("#loading").is_hidden()
    page.evaluate(_NOTE_WHAT_IS_SAID)
    with held_back(console, "quarantine"):
        page.locator("nav a[href^='/quarantine']").evaluate("link => link.click()")
        sleep(1.5)  # a locator would wait until the page is there
    page.wait_for_url("**/quarantine?lang=en")
    assert page.locator("h1").inner_text().startswith("Quarantine")
    assert page.locator("#loading").is_hidden()
    after_ms, said = page.evaluate("() => JSON.parse(sessionStorage.getItem('said'))")
    assert said.startswith("Reading the figures…")
    assert 600 < after_ms < 1_500  # most pages are here before anybody has read it


@pytest.mark.parametrize("role", ["national", "agency"])
def test_what_falls_due_and_why_a_dossier_is_late_are_three_clicks_away(
    role: str, console: Here, chromium: Browser
) -> None:
    """Without script, too."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(console.serve.url + "/sign-in")
    page.fill("#token", console.held[role])
    page.click("form.stacked button")
    own = "main a[href='/agencies/H56']"
    page.click(own)  # one: in the ranking, or an agency's own
    page.click("#due a:has-text('Đến hạn ngày mai')")  # two
    assert page.locator("#due h3").text_content() == "Đến hạn ngày mai"
    assert "due=tomorrow" in page.url
    page.goto(console.serve.url + "/")
    page.click(own)
    page.click("#due a:has-text('Quá hạn')")
    page.click("#due tbody th a >> nth=0")  # three
    assert "/dossiers/" in page.url
    verdicts = page.locator("#verdicts").text_content() or ""
    assert "quá hạn" in verdicts
    assert "Hạn trả kết quả" in verdicts
    context.close()


def test_a_number_opens_its_definition_also_without_script(
    console: Here, chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(console.serve.url + "/sign-in")
    page.fill("#token", console.held["national"])
    page.click("form.stacked button")
    page.click(".ranking tbody tr:first-child td:nth-child(3) button.number")
    meaning = page.locator(".meaning:popover-open")
    assert meaning.locator(".title").text_content() == "Tỷ lệ hồ sơ trực tuyến toàn trình"
    assert "Tử số / mẫu số" in (meaning.text_content() or "")
    assert page.locator("#fresh a").text_content() == "Tải lại"
    context.close()


def test_why_an_agency_is_badly_off_names_services_and_sources(reader: Reader) -> None:
    reader.sign_in("national")
    why = reader.open("/?why=H56").locator("#why").inner_text()
    assert re.search("Đất đai.*suy giảm", why)
    assert "Một cửa Thanh Hoá gián đoạn từ" in why


def test_language_and_theme_are_remembered_and_the_address_tells_the_state(
    reader: Reader,
) -> None:
    reader.sign_in("national")
    page = reader.open("/?lang=en&by=on_time")
    assert page.locator("h1").text_content().startswith("Country now")  # type: ignore[union-attr]
    page.click("a.to-dark")
    assert page.locator("html").get_attribute("data-theme") == "dark"
    assert "by=on_time" in page.url
    page = reader.open("/")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.click("thead th:nth-child(3) a")
    assert "sort=-emc" in page.url
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_search_goes_straight_to_what_is_named_by_its_code(reader: Reader) -> None:
    reader.sign_in("national")
    page = reader.open("/")
    page.keyboard.press("/")
    page.keyboard.type("thanh hoa")
    page.keyboard.press("Enter")
    page.wait_for_url("**/find?**")
    assert page.locator(".hits a").first.text_content() == "Thanh Hóa"


# The pictures of README and docs: address, width, height, theme.
PICTURES = {
    "now-light": ("/", 1366, 1000, "light"),
    "now-phone": ("/", 390, 844, "light"),
    "now-wall": ("/", 2560, 1440, "dark"),
    "dossier": ("/dossiers/{dossier}", 1366, 1000, "light"),
    "connection": ("/connections/H56-onestop", 1366, 800, "light"),
    "agency": ("/agencies/H56", 1366, 1000, "light"),
    "difference": ("/differences/emc?scope=H56&period={month}", 1366, 700, "light"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures(name: str, console: Here, chromium: Browser, tmp_path: Path) -> None:
    """Those of README and docs, where EMC_PICTURES names their folder (`make pictures`)."""
    folder = Path(os.environ.get("EMC_PICTURES") or tmp_path)
    path, width, height, scheme = PICTURES[name]
    path = path.format(dossier=overdue(console), month=f"{last_month():%Y-%m}")
    for reader in reading(console, chromium, width=width, height=height, scheme=scheme):
        reader.sign_in("national")
        page = reader.open(path)
        if path == "/":
            page.wait_for_selector("#fresh.on")
        picture = folder / f"{name}.png"
        page.screenshot(path=picture, full_page=False)
        assert 10_000 < picture.stat().st_size < 600_000
