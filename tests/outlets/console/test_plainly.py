"""What went wrong, as a page: the right status, in plain words, with a way on."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.outlets.api.service import Here, here
from tests.outlets.console.test_frame import browser, sign_in


def main(page: str) -> str:
    """Its text, as a reader has it."""
    found = re.search(r"<main.*</main>", page, re.DOTALL)
    assert found
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


def way_on(page: httpx.Response) -> str:
    """Where the first link of the page's own leads."""
    found = re.search(r'<ul class="links"><li><a href="([^"]+)"', page.text)
    assert found
    return unescape(found[1])


WRONG = {
    "signed out": ("", "/agencies/H56", 403, "Trang này cần đăng nhập", "/"),
    "another's": ("agency", "/agencies/H26", 403, "mở số liệu của H56", "/agencies/H56"),
    "another role's": ("national", "/ledger", 403, "không có vai trò mà trang này cần", "/"),
    "not over": (
        "agency",
        "/rankings/emc?period=2099",
        403,
        "xếp hạng của kỳ đã kết thúc",
        "/agencies/H56",
    ),
    "no address": ("national", "/nothing", 404, "không có trang nào", "/"),
    "no agency": ("national", "/agencies/H99", 404, "mang mã “H99”", "/find"),
    "no procedure": (
        "national",
        "/procedures/9.999999",
        404,
        "mang mã “9.999999”",
        "/find",
    ),
    "no dossier": (
        "national",
        "/dossiers/H56.14-260803-9999",
        404,
        "hồ sơ vừa nộp có thể chưa được hệ thống nguồn gửi đến",
        "/find",
    ),
    "no source": ("national", "/connections/none", 404, "“none”", "/connections"),
    "no objective": ("national", "/objectives/none", 404, "“none”", "/objectives"),
    "no set": ("national", "/scorecards/none", 404, "chọn lại từ danh sách", "/scorecards"),
    "no such scope": (
        "national",
        "/scorecards/emc?scope=xyz",
        404,
        "mang mã, “xyz”",
        "/find",
    ),
    "before there were lists": (
        "national",
        "/rankings/emc?period=1999-01",
        404,
        "danh mục cơ quan của kỳ này",
        "/scorecards",
    ),
    "no period": (
        "national",
        "/scorecards/emc?scope=H56&period=abc",
        400,
        "“period=abc” của địa chỉ không đọc được. Viết kỳ như 2026-10 (tháng)",
        "/scorecards/emc?scope=H56",
    ),
    "no time": (
        "national",
        "/?known_at=abc",
        400,
        "Viết thời điểm như 2026-09-01T08:00",
        "/",
    ),
    "no parameter": ("national", "/?foo=1", 400, "“foo=1”", "/"),
    "twice": ("national", "/?by=emc&by=emc", 400, "“by=emc”", "/"),
    "not come": (
        "national",
        "/?known_at=2099-01-01T00:00&by=on_time",
        404,
        "hoặc chưa đến",
        "/?by=on_time",
    ),
    "no JSON": ("national", "/?format=json", 406, "/api/v1/docs", "/"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_page_that_is_not_to_be_had_says_why_and_leads_on(
    what: str, console: Here
) -> None:
    role, path, status, words, onward = WRONG[what]
    async with browser(console) as client:
        if role:
            await sign_in(client, console.held[role])
        page = await client.get(path)
        assert page.status_code == status
        assert words in main(page.text)
        assert page.headers["cache-control"] == "no-store"
        assert way_on(page) == onward
        assert (await client.get(onward)).status_code == 200


async def test_what_the_api_says_in_english_stands_apart_in_a_vietnamese_page(
    console: Here,
) -> None:
    async with browser(console) as client:
        page = (await client.get("/agencies/H56")).text
    said, _, technical = page.partition("<details")
    assert "not public" not in said
    assert '<p lang="en">/agencies/H56 is not public' in technical


async def test_a_problem_is_told_in_the_language_that_the_address_asks_for(
    console: Here,
) -> None:
    async with browser(console) as client:
        page = (await client.get("/agencies/H56?lang=en")).text
    assert '<html lang="en"' in page
    assert "Visitors see released figures and definitions only." in page


async def test_what_was_asked_for_is_shown_but_never_run(console: Here) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["national"])
        for path in (
            "/agencies/%3Cscript%3Ealert(1)%3C/script%3E",
            "/?period=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
            "/?%3Cscript%3Ealert(1)%3C/script%3E=1",
            "/find?q=%3Cscript%3Ealert(1)%3C/script%3E",
        ):
            page = (await client.get(path)).text
            assert "<script>alert" not in page
            assert "&lt;script&gt;alert" in page or "Không tìm thấy" in page


@pytest.mark.parametrize(
    "next_", ["/\t/example.org", "/\n/example.org", "/%09/example.org\r\nx: y"]
)
async def test_a_sign_in_is_led_nowhere_by_what_browsers_leave_out(
    next_: str, console: Here
) -> None:
    async with browser(console) as client:
        answer = await sign_in(client, console.held["national"], next=next_)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"


async def test_a_ledger_that_no_worker_keeps_any_more_is_called_stale(
    database: str, tmp_path: Path
) -> None:
    async with here(database, tmp_path) as found, browser(found) as client:
        await sign_in(client, found.held["national"])
        assert (
            '<p class="banner" id="stale" role="status" hidden>' in (await client.get("/")).text
        )
        await found.ledger("UPDATE follower SET folded_at = now() - interval '70 minutes'")
        async with client.stream("GET", "/live") as live:
            async for line in live.aiter_lines():
                if line.startswith("data: ") and '"stale":true' in line:
                    break
        page = (await client.get("/")).text
        assert '<p class="banner" id="stale" role="status">' in page
        assert "(1 giờ trước): máy trạm đã dừng" in main(page)
        await found.ledger("UPDATE follower SET folded_at = 'epoch'")
        async with client.stream("GET", "/live") as live:
            async for line in live.aiter_lines():
                if line.startswith("data: "):
                    break
        assert "Chưa có máy trạm nào" in (await client.get("/")).text
