"""One console for all tests that do no harm to it, and the system's Chromium."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.outlets.api.service import Here
from tests.outlets.console.service import nation
from tests.outlets.lasting import lasting
from tests.servers.postgres import Postgres
from tests.servers.require import ROOT, absent, require

AXE: Final = ROOT / "tests/outlets/console/axe/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
def console(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """The invented country, a token of each role."""
    with lasting(postgres, tmp_path_factory.mktemp("console"), nation) as found:
        yield found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's, without a window.

    While its driver runs, so does a loop of its own in this thread: no coroutine can be tested in a
    module that uses it, and it ends with the module.
    """
    path = require("chromium")
    with sync_playwright() as driver:
        # Root has no sandbox; what is opened is ours.
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The script that looks for what people with other senses cannot use."""
    if not AXE.is_file():
        absent("axe-core", "make axe")
    return AXE.read_text("utf-8")


@dataclass
class Reader:
    """Somebody at a browser, and what it complained of."""

    here: Here
    context: BrowserContext
    page: Page
    complaints: list[str]

    def open(self, path: str) -> Page:
        """A page of the console, once it is drawn."""
        self.page.goto(self.here.serve.url + path, wait_until="load")
        return self.page

    def sign_in(self, role: str) -> None:
        self.open("/sign-in")
        self.page.fill("#token", self.here.held[role])
        self.page.click("form.stacked button")
        self.page.wait_for_url("**/")

    def serious(self, axe: str) -> list[str]:
        """What the checker finds serious or worse: rule, and where."""
        self.page.evaluate(axe)
        found = self.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{one['id']}: {one['help']} {json.dumps(node['target'])}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]

    def undefined(self) -> list[str]:
        """Numbers of the page that open no definition, and what opens one that is not there.

        In the layout of a form the headings say what they are.
        """
        found = self.page.evaluate(_UNDEFINED)
        return [f"undefined: {one}" for one in found]


# Also in popovers there are numbers; and the numbers of a form's columns are no measures.
_UNDEFINED: Final = r"""() => {
  const main = document.querySelector("main");
  const told = "button, a, [popover], tr.numbers, table.form";
  const bare = [...main.querySelectorAll("td.r, .stat .n, .bars:not(.stays) .v, .bars:not(.stays) .of, .verdict .n")]
    .filter((cell) => /\d/.test(cell.textContent))
    .filter((cell) => !cell.closest(told) && !cell.querySelector("button.number, a"))
    .map((cell) => cell.textContent.trim());
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
  const gone = [...document.querySelectorAll("[popovertarget]")]
    .map((one) => one.getAttribute("popovertarget"))
    .filter((id) => !ids.includes(id));
  const headings = [...document.querySelectorAll("table.form thead th.r")]
    .filter((one, place) => place > 0 && !one.querySelector("button.what"))
    .map((one) => one.textContent);
  const counts = [...main.querySelectorAll("h1, h2, th[scope=rowgroup]")]
    .flatMap((one) => [...one.querySelectorAll(".quiet")])
    .filter((one) => /^[\d.,]+( \/ [\d.,]+)?$/.test(one.textContent.trim()) && !one.querySelector("button.number"))
    .map((one) => `in a heading: ${one.textContent.trim()}`);
  return [...new Set([...bare, ...counts, ...twice, ...gone, ...headings])];
}"""


@pytest.fixture
def reader(console: Here, chromium: Browser) -> Iterator[Reader]:
    """A browser that has not been here."""
    yield from reading(console, chromium)


def reading(
    here: Here,
    chromium: Browser,
    *,
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
) -> Iterator[Reader]:
    """At a screen of a size."""
    context = chromium.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if scheme == "dark" else "light",
        timezone_id="Asia/Ho_Chi_Minh",
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on(
        "console",
        lambda said: (
            complaints.append(said.text) if said.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((here.serve.url, "data:"))
            else complaints.append(f"another host: {asked.url}")
        ),
    )
    try:
        yield Reader(here, context, page, complaints)
    finally:
        context.close()
