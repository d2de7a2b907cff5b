"""Links: whoever follows those that a page offers him comes to a page."""

import asyncio
import re
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from tests.outlets.api.service import Here, today
from tests.outlets.console.ops import signed_in
from tests.outlets.console.service import last_month

DEEP = 1  # of the pages below
AT_ONCE = 4
# A code stands for all of its kind, and a column for all that a table is sorted by.
_CODES = re.compile(
    r"(?<=[/=])(?:[GH][0-9]{2}[0-9.]*|[0-9]\.[0-9]{6}|[0-9a-f]{20})(?=[/?&+]|$)"
)
_COLUMNS = ("sort", "order", "by", "day", "on", "then", "known_at", "table")
_FILES = re.compile(r"/static/|.*[?&](?:as|format)=")
# What changes no page's links.
_ASIDE = ("lang", "theme")


def starts() -> list[str]:
    """Pages of a month that has begun and of a year that is not over, and what is found by a name."""
    year = today().year
    return [
        "/",
        "/find?q=thanh",
        "/definitions",
        f"/scorecards?period={year}",
        f"/scorecards/decree-224-19?scope=H56&period={year}-12",
        "/scorecards/report-06b?scope=H56",
        f"/rankings/emc?period={last_month():%Y-%m}",
        f"/differences/emc?scope=H56&period={last_month():%Y-%m}",
        f"/agencies/H56?period={year}",
        f"/procedures/1.004194?agency=H56&period={year}",
    ]


def kind(address: str, role: str) -> str:
    """What it shares with others of which one is enough."""

    def one_of_all(found: re.Match[str]) -> str:
        # Of an agency's visitor, others are another matter.
        return found[0][:3] if role == "agency" and found[0][0] in "GH" else "*"

    parts = urlsplit(address)
    query = [
        (name, "" if name in _COLUMNS else _shape(value))
        for name, value in parse_qsl(parts.query)
        if name not in _ASIDE
    ]
    asked = "&".join(f"{name}={value}" for name, value in sorted(query))
    return _CODES.sub(one_of_all, f"{parts.path}?{asked}")


def _shape(value: str) -> str:
    """Of a code itself; of a period or another number how it is written."""
    return value if _CODES.fullmatch(f"={value}", 1) else re.sub("[0-9]+", "9", value)


def links(answer: httpx.Response) -> list[str]:
    """Those within the console; no pictures and scripts, and no files, which take seconds to make."""
    if not answer.headers.get("content-type", "").startswith("text/html"):
        return []
    found = (
        unescape(one).partition("#")[0] for one in re.findall(r'href="([^"]+)"', answer.text)
    )
    return [one for one in found if one.startswith("/") and not _FILES.match(one)]


STARTS = {"agency": starts(), "national": starts(), "admin": ["/quarantine", "/ledger"]}


@pytest.mark.parametrize("role", STARTS)
async def test_no_page_offers_a_link_that_leads_nowhere(role: str, console: Here) -> None:
    dead: list[str] = []
    seen: set[str] = set()
    async with signed_in(console, role) as client:
        turn = asyncio.Semaphore(AT_ONCE)

        async def opened(address: str, came_from: str) -> httpx.Response:
            async with turn:
                answer = await client.get(address)
            if answer.status_code >= 400:
                dead.append(f"{answer.status_code} {address} from {came_from}")
            return answer

        ahead = [(one, "") for one in STARTS[role]]
        for _ in range(DEEP + 1):
            answers = await asyncio.gather(*(opened(*one) for one in ahead))
            ahead = []
            for answer in answers:
                for link in links(answer):
                    if answer.status_code < 400 and kind(link, role) not in seen:
                        seen.add(kind(link, role))
                        ahead.append((link, str(answer.url)))
    assert len(seen) > 30
    assert "\n".join(dead) == ""
