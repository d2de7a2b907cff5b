"""Pages in a real browser: drawn without a complaint, usable by all, and live."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.ledger.fill import feeding
from tests.outlets.api.service import POLICY, REFERENCE, Here, event, now
from tests.outlets.console.conftest import Reader, reading

PATHS = (
    "/",
    "/?lang=en&by=on_time&sort=-emc",
    "/?kind=ministries",
    "/definitions",
    "/definitions/emc",
    "/definitions/qd766?lang=en",
    "/find?q=thanh+hoa",
    "/find?q=khong-co-gi-ca",
    "/scorecards",
    "/scorecards/qd766?scope=H56&lang=en",
    "/scorecards/report-06b?scope=H56",
    "/scorecards/targets",
    "/rankings/qd766?why=H56",
    "/differences/emc",
    "/reports",
)


def test_a_visitor_sees_releases_and_definitions_without_a_complaint(
    reader: Reader, axe: str
) -> None:
    for path in ("/", "/sign-in", "/definitions", "/definitions/emc"):
        reader.open(path)
        assert reader.serious(axe) == [], path
    assert reader.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_drawn_without_a_complaint_and_can_be_used_by_all(
    scheme: str, console: Here, chromium: Browser, axe: str
) -> None:
    for reader in reading(console, chromium, scheme=scheme):
        reader.sign_in("national")
        for path in PATHS:
            reader.open(path)
            assert reader.serious(axe) == [], path
        assert reader.complaints == []


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900), (2560, 1440)])
def test_no_page_is_wider_than_its_screen(
    width: int, height: int, console: Here, chromium: Browser
) -> None:
    for reader in reading(console, chromium, width=width, height=height):
        reader.sign_in("national")
        for path in PATHS:
            page = reader.open(path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_a_number_opens_its_definition_also_without_script(
    console: Here, chromium: Browser
) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(console.serve.url + "/sign-in")
    page.fill("#token", console.held["national"])
    page.click("form.stacked button")
    page.click(".ranking button.number >> nth=0")
    meaning = page.locator(".meaning:popover-open")
    assert meaning.locator(".title").text_content() == "Tỷ lệ hồ sơ trực tuyến toàn trình"
    assert "Tử số / mẫu số" in (meaning.text_content() or "")
    assert page.locator("#fresh a").text_content() == "Tải lại"
    context.close()


def test_what_is_booked_is_on_an_open_page_within_a_second(
    reader: Reader, console: Here
) -> None:
    reader.sign_in("national")
    place = reader.page.locator('[data-live="country.received"]')
    reader.page.wait_for_selector("#fresh.on")
    time.sleep(4)  # the poll rests: the hardest moment for it
    before = place.text_content() or ""
    committed: list[float] = []
    telling = threading.Thread(
        target=lambda: committed.append(asyncio.run(_told(console.database)))
    )
    telling.start()
    reader.page.wait_for_function(
        "([name, text]) => document.querySelector(`[data-live='${name}']`).textContent !== text",
        arg=["country.received", before],
        polling=20,
        timeout=10_000,
    )
    seen = time.time()
    telling.join()
    took = seen - committed[0]
    print(f"{took * 1000:.0f} ms from the booking to the page")
    assert took < 1.0
    assert (
        int((place.text_content() or "").replace(".", "")) == int(before.replace(".", "")) + 1
    )


async def _told(database: str) -> float:
    """One dossier received now; when its booking was committed."""
    at = now()
    code = f"H56.14-{at:%y%m%d}-{at:%H%M%S}"
    local = at.astimezone(tz=None)
    record = event(code, 1, 2, f"{local:%m-%dT%H:%M}")
    stated = record.value.replace(b"+07:00", f"{local:%z}"[:3].encode() + b":00")
    at_ms = int(at.timestamp() * 1000)
    async with feeding(database, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear([record._replace(value=stated, at_ms=at_ms)])
    return time.time()


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


SIZES = {
    "light": (1440, 900, "light"),
    "dark": (1440, 900, "dark"),
    "phone": (390, 844, "light"),
    "wall": (2560, 1440, "dark"),
}


@pytest.mark.parametrize("name", SIZES)
def test_pictures(name: str, console: Here, chromium: Browser, tmp_path: Path) -> None:
    """Those of README and docs, where EMC_PICTURES names their folder (`make pictures`)."""
    folder = Path(os.environ.get("EMC_PICTURES") or tmp_path)
    width, height, scheme = SIZES[name]
    for reader in reading(console, chromium, width=width, height=height, scheme=scheme):
        reader.sign_in("national")
        page = reader.open("/")
        page.wait_for_selector("#fresh.on")
        picture = folder / f"now-{name}.png"
        page.screenshot(path=picture, full_page=False)
        assert picture.stat().st_size > 10_000
