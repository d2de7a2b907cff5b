"""Pages of connections, objectives, and of quarantine and ledger: a ledger written by hand."""

import asyncio
import queue
import re
import threading
from collections.abc import Iterator

import pytest

from tests.outlets.api.service import Here
from tests.outlets.console.ops import office, signed_in
from tests.servers.postgres import Postgres


@pytest.fixture(scope="module")
def ledger(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One service for all of them: none does harm to it."""
    ready: queue.Queue[Here | BaseException] = queue.Queue()
    done = threading.Event()

    async def run() -> None:
        name = await postgres.create()
        try:
            async with office(postgres.dsn(name), tmp_path_factory.mktemp("ops")) as found:
                ready.put(found)
                await asyncio.to_thread(done.wait)
        except BaseException as error:
            ready.put(error)
            raise
        finally:
            await postgres.drop(name)

    # On a loop of its own, that outlives the tests'.
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    found = ready.get()
    if isinstance(found, BaseException):
        raise found
    try:
        yield found
    finally:
        done.set()
        thread.join()


async def page(ledger: Here, path: str, role: str = "national", status: int = 200) -> str:
    """A page as it stands in the browser's hand."""
    async with signed_in(ledger, role) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def rows(html: str) -> list[list[str]]:
    """The cells of every line of a table, as they read."""
    return [
        [
            re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<dialog.*|<div popover.*?</div>", "", cell, flags=re.DOTALL))).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", line, re.DOTALL)
        ]
        for line in re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    ]  # fmt: skip


PLACES = ("/connections", "/connections/H56-onestop")


async def test_connections_say_who_is_away_since_when_and_what_is_missing(ledger: Here) -> None:
    html = await page(ledger, "/connections?lang=en")
    [line] = [row for row in rows(html) if row and row[0].startswith("H56-onestop")]
    assert line[0] == "H56-onestop Một cửa Thanh Hoá"
    assert line[1] == "Thanh Hóa"
    assert line[2] == "interrupted events wait: 41"
    assert line[3].endswith(" 1 h")
    assert line[5] == "45 min"
    assert line[6].replace(" ", "") == "99.4%"  # 99 hours and 24 minutes of 100 hours
    assert line[8:] == ["1,392", "1,387", "5", "9"]
    [calm] = [row for row in rows(html) if row and row[0].startswith("H57-onestop")]
    assert calm[-1] == "This source is not registered as claiming."
    many = {row[0]: row[1] for row in rows(html) if len(row) == 3}
    assert many["interrupted"] == many["connected"] == "1"
    assert many["mismatch"] == "0"


async def test_a_source_s_page_answers_since_when_not_and_which_kinds_are_missing(
    ledger: Here,
) -> None:
    html = await page(ledger, "/connections/H56-onestop?lang=en&days=30")
    told = re.sub(r"<[^>]+>", "", html)
    assert re.search(r"interrupted since \S+ \S+ \(1 h\)", told)
    assert re.search(r"Last connected until \S+ \S+ \(1 h ago\)", told)
    stood = [
        row[0::3]
        for row in rows(html)
        if row and row[0] in ("interrupted", "connected", "partial")
    ]
    assert stood == [["interrupted", "1 h"], ["connected", "46 h"], ["partial", "8 days"]]
    assert "nang-cap-12" in html
    days = [row for row in rows(html) if row[1:] == ["1,392", "1,387", "5", "9"]]
    assert len(days) == 1
    day = re.findall(r"day=(\d{4}-\d\d-\d\d)#claims", html)[0]
    html = await page(ledger, f"/connections/H56-onestop?lang=en&day={day}")
    assert ["state 2 accepted", "1,212", "1,205", "−7"] in rows(html)
    assert ["state 4 in_process", "180", "182", "+2"] in rows(html)


async def test_connections_are_filtered_and_are_had_as_csv(ledger: Here) -> None:
    text = await page(ledger, "/connections?class=interrupted&format=csv")
    head, line = text.splitlines()
    assert head.startswith("source,name,owner,trial,class,since_ms")
    assert line.startswith("H56-onestop,Một cửa Thanh Hoá,H56,false,interrupted,")
    html = await page(ledger, "/connections?class=mismatch")
    assert "Không có dòng nào." in html
    html = await page(ledger, "/connections?sort=-source")
    assert html.index(">H57-onestop<") < html.index(">H56-onestop<")


async def test_an_agency_sees_its_own_sources_and_is_refused_another_s(ledger: Here) -> None:
    html = await page(ledger, "/connections", "agency")
    assert "H56-onestop" in html
    assert "H57-onestop" not in html
    await page(ledger, "/connections/H56-onestop", "agency")
    await page(ledger, "/connections/H57-onestop", "agency", 403)
    await page(ledger, "/connections/nobody", "agency", 403)
    await page(ledger, "/connections/nobody", "national", 404)


@pytest.mark.parametrize("path", PLACES)
async def test_the_public_is_refused(path: str, ledger: Here) -> None:
    assert "/sign-in?next=" in await page(ledger, path, "", 403)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("path", PLACES)
async def test_no_page_has_a_style_or_a_script_of_its_own(
    path: str, language: str, ledger: Here
) -> None:
    html = await page(ledger, f"{path}?lang={language}", "admin")
    assert not re.search(r"<[^>]+\sstyle=|<style|\son[a-z]+=\"", html)
    assert re.findall(r"<script[^>]*>", html) == [
        found for found in re.findall(r"<script[^>]*>", html) if 'src="/static/' in found
    ]
