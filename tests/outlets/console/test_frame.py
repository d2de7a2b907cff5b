"""The frame: who is let in, by what cookie, and what headers keep from others."""

import asyncio
import csv
import re
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.ledger.access import Passes, Role, new_token, token_hash
from monitor.outlets.console.frame import POLICY
from monitor.outlets.console.live import ADMITTED_SECONDS
from tests.outlets.api.service import Here, Serve, here, now
from tests.outlets.console.service import last_month
from tests.servers.require import ROOT


def browser(here: Here, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=here.serve.url, timeout=30, **options)


async def sign_in(client: httpx.AsyncClient, token: str, **said: str) -> httpx.Response:
    origin = str(client.base_url).rstrip("/")
    return await client.post(
        "/sign-in", data={"token": token, **said}, headers={"origin": origin}
    )


async def test_a_sign_in_sets_a_cookie_that_script_cannot_read_and_only_its_hash_is_kept(
    console: Here,
) -> None:
    async with browser(console) as client:
        answer = await sign_in(client, console.held["national"], next="/definitions?lang=en")
        assert (answer.status_code, answer.headers["location"]) == (303, "/definitions?lang=en")
        said = answer.headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=lax" in said
        assert "path=/" in said
        assert "max-age" not in said
        cookie = client.cookies["emc"]
        rows = await console.ledger("SELECT hash FROM console_session")
        assert token_hash(cookie) in [row["hash"] for row in rows]
        assert console.held["national"] not in cookie
        assert (await client.get("/")).status_code == 200


async def behind_tls(stack: AsyncExitStack, here: Here) -> Serve:
    """Another service on the same ledger, that believes a proxy on this machine."""
    log = Path(here.serve.log).with_name("behind-tls.log")
    serve = Serve({"EMC_DATABASE": here.database, "EMC_SERVE_PROXIES": "127.0.0.1"}, log)
    await asyncio.to_thread(serve.start)
    stack.callback(serve.stop)
    return serve


async def test_behind_tls_the_cookie_is_bound_to_the_host(console: Here) -> None:
    # A proxy that `emc serve` trusts says so; a browser takes the name only so.
    async with AsyncExitStack() as stack:
        serve = await behind_tls(stack, console)
        client = await stack.enter_async_context(
            httpx.AsyncClient(base_url=serve.url, headers={"x-forwarded-proto": "https"})
        )
        origin = {"origin": serve.url.replace("http://", "https://")}
        sent = {"token": console.held["national"]}
        answer = await client.post("/sign-in", data=sent, headers=origin)
    assert answer.status_code == 303
    said = answer.headers["set-cookie"]
    assert said.startswith("__Host-emc=")
    assert "; Secure" in said
    assert "Domain" not in said
    assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_each_sign_in_gives_another_cookie_and_ends_the_one_before(console: Here) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["national"])
        first = client.cookies["emc"]
        page = await client.get("/sign-in")
        csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
        assert csrf
        await sign_in(client, console.held["admin"], csrf=csrf[1])
        assert client.cookies["emc"] != first
    async with browser(console, cookies={"emc": first}) as client:
        assert "Số liệu công bố" in (await client.get("/")).text


async def test_signing_out_ends_the_session_and_needs_the_page_s_own_form(
    console: Here,
) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["national"])
        cookie = client.cookies["emc"]
        origin = {"origin": console.serve.url}
        page = (await client.get("/")).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf
        assert (await client.post("/sign-out", headers=origin)).status_code == 403
        foreign = {"origin": "https://example.org"}
        sent = {"csrf": csrf[1]}
        assert (await client.post("/sign-out", data=sent, headers=foreign)).status_code == 403
        assert (await client.post("/sign-out", data=sent)).status_code == 403
        assert (await client.post("/sign-out", data=sent, headers=origin)).status_code == 303
    async with browser(console, cookies={"emc": cookie}) as client:
        assert "Số liệu công bố" in (await client.get("/")).text


async def test_a_form_s_secret_is_written_differently_each_time(console: Here) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["national"])
        pages = [(await client.get("/")).text for _ in range(2)]
    found = [re.findall(r'name="csrf" value="([^"]+)"', page)[0] for page in pages]
    assert found[0] != found[1]


async def test_a_wrong_token_is_refused_and_shown_nowhere(console: Here) -> None:
    async with browser(console) as client:
        answer = await sign_in(client, "emc_read_" + "x" * 43)
    assert answer.status_code == 403
    assert "không mở được" in answer.text
    assert "x" * 43 not in answer.text
    assert "set-cookie" not in answer.headers
    assert "x" * 43 not in console.tail(1000)


@pytest.mark.parametrize("next_", ["https://example.org", "//example.org", "/\\example.org"])
async def test_a_sign_in_leads_to_no_other_host(next_: str, console: Here) -> None:
    async with browser(console) as client:
        answer = await sign_in(client, console.held["national"], next=next_)
    assert answer.headers["location"] == "/"


@pytest.mark.parametrize("path", ["/", "/sign-in", "/definitions", "/nothing", "/find?q=a&b=c"])
async def test_every_page_is_guarded(path: str, console: Here) -> None:
    async with browser(console) as client:
        answer = await client.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-frame-options"] == "DENY"
    assert "unsafe" not in POLICY
    assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=|\sstyle=|javascript:", answer.text)


async def test_what_pages_refer_to_is_named_by_its_content_and_kept_for_good(
    console: Here,
) -> None:
    async with browser(console) as client:
        page = (await client.get("/sign-in")).text
        addresses = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
        assert len(addresses) == 3
        for address in addresses:
            answer = await client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        assert (await client.get("/static/console.css")).status_code == 404


async def test_live_numbers_are_refused_to_the_public(console: Here) -> None:
    async with browser(console) as client:
        answer = await client.get("/live")
    assert answer.status_code == 403
    assert "/sign-in?next=/live" in answer.text


async def test_an_agency_sees_its_own_numbers_and_no_others(console: Here) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["agency"])
        page = (await client.get("/")).text
        assert "Cơ quan của bạn" in page
        assert 'data-live="H56.received"' in page
        assert "country." not in page
        assert "H26" not in page
        async with client.stream("GET", "/live") as live:
            async for line in live.aiter_lines():
                if line.startswith("data: "):
                    break
    assert '"H56.open"' in line
    assert "country" not in line
    assert "H26" not in line


async def test_a_revoked_token_ends_its_session(console: Here) -> None:
    token = new_token()
    async with asyncpg.create_pool(console.database, min_size=0, max_size=1) as pool:
        passes = Passes(pool)
        await passes.add(
            "short",
            token_hash(token),
            role=Role.NATIONAL,
            at=now(),
            expires_at=now() + timedelta(days=1),
            who="test",
        )
        async with browser(console) as client:
            await sign_in(client, token)
            assert "Cả nước hiện nay" in (await client.get("/")).text
            await passes.revoke("short", at=now(), who="test")
            assert "Số liệu công bố" in (await client.get("/")).text


async def test_a_page_as_csv_is_guarded_against_formulas_and_has_the_same_rows(
    console: Here,
) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["national"])
        answer = await client.get("/?format=csv")
    lines = answer.text.splitlines()
    assert lines[0].startswith("place,of,agency,name,received,emc_full_process_percent")
    assert len(lines) == 1 + 34
    assert answer.headers["content-disposition"].startswith("attachment")


async def test_as_known_then_says_so_and_has_no_live_numbers(console: Here) -> None:
    async with browser(console) as client:
        await sign_in(client, console.held["national"])
        rows = await console.ledger("SELECT max(sealed_at) AS at FROM cut")
        at = rows[0]["at"].isoformat().replace("+00:00", "Z")
        page = await client.get(f"/?known_at={at}")
        early = await client.get("/?known_at=2020-01-01T00:00")
    assert page.status_code == 200
    assert "Số liệu như đã biết lúc" in page.text
    assert "data-live=" not in page.text
    assert early.status_code == 404
    assert "Không còn lưu những gì đã biết lúc đó" in early.text


async def test_a_ledger_in_which_nothing_was_booked_yet_has_a_page_too(
    database: str, tmp_path: Path
) -> None:
    async with here(database, tmp_path, fill=()) as empty:
        await empty.ledger("DELETE FROM cut")
        async with browser(empty) as client:
            public = await client.get("/")
            await sign_in(client, empty.held["national"])
            page = await client.get("/")
    assert (public.status_code, page.status_code) == (200, 200)
    assert "Chưa có bảng số liệu nào được công bố" in public.text
    assert 'data-live="country.received">0<' in page.text
    assert "Không có dòng nào" in page.text


async def test_a_live_page_is_told_nothing_more_once_its_session_has_ended(
    console: Here,
) -> None:
    token = new_token()
    origin = {"origin": console.serve.url}
    async with (
        asyncpg.create_pool(console.database, min_size=0, max_size=1) as pool,
        browser(console) as leaving,
        browser(console) as revoked,
        browser(console) as staying,
    ):
        passes = Passes(pool)
        until = now() + timedelta(days=1)
        await passes.add(
            "over",
            token_hash(token),
            role=Role.NATIONAL,
            at=now(),
            expires_at=until,
            who="test",
        )
        await sign_in(leaving, console.held["national"])
        await sign_in(revoked, token)
        await sign_in(staying, console.held["national"])

        async def told(client: httpx.AsyncClient, began: asyncio.Event) -> None:
            async with client.stream("GET", "/live") as live:
                async for _ in live.aiter_lines():
                    began.set()

        pages = []
        for client in (leaving, revoked, staying):
            began = asyncio.Event()
            pages.append(asyncio.create_task(told(client, began)))
            await began.wait()
        page = (await leaving.get("/definitions")).text
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf
        await leaving.post("/sign-out", data={"csrf": csrf[1]}, headers=origin)
        await passes.revoke("over", at=now(), who="test")

        over, _ = await asyncio.wait(pages[:2], timeout=ADMITTED_SECONDS + 15)
        assert over == set(pages[:2])
        assert not pages[2].done()
        pages[2].cancel()
        assert (await revoked.get("/live")).status_code == 403


async def test_how_others_stand_now_is_not_told_with_a_ranking_of_what_is_over(
    console: Here,
) -> None:
    month = f"{last_month():%Y-%m}"
    async with browser(console) as client:
        await sign_in(client, console.held["agency"])
        page = (await client.get(f"/?period={month}")).text
        sheet = (await client.get(f"/?period={month}&format=csv")).text
        by_overdue = (await client.get(f"/?period={month}&sort=-overdue&format=csv")).text
    assert 'data-live="H56.overdue"' in page
    assert 'href="/agencies/H26"' in page  # which is ranked too
    assert 'data-live="H26.' not in page
    rows = {row["agency"]: row for row in csv.DictReader(sheet.splitlines())}
    assert len(rows) == 34
    assert rows["H56"]["open_now"].isdigit()
    assert rows["H26"]["received"].isdigit()
    assert {(row["open_now"], row["overdue_now"]) for row in rows.values()} == {
        ("", ""),
        (rows["H56"]["open_now"], rows["H56"]["overdue_now"]),
    }
    # Nor does the order tell it.
    ranked = [agency for agency in rows if agency != "H56"]
    assert [row["agency"] for row in csv.DictReader(by_overdue.splitlines())] == [
        "H56",
        *ranked,
    ]


async def test_an_agency_below_a_province_is_led_to_its_own_page(console: Here) -> None:
    # What is told live is kept of ministries and provinces: of it there would be zeros.
    token = new_token()
    async with asyncpg.create_pool(console.database, min_size=0, max_size=1) as pool:
        until = now() + timedelta(days=1)
        await Passes(pool).add(
            "department",
            token_hash(token),
            role=Role.AGENCY,
            agency="H26.02",
            at=now(),
            expires_at=until,
            who="test",
        )
    async with browser(console) as client:
        await sign_in(client, token)
        answer = await client.get("/?lang=en&period=2026-08")
        assert answer.headers["location"] == "/agencies/H26.02?lang=en&period=2026-08"
        assert (await client.get(answer.headers["location"])).status_code == 200


def test_the_help_of_the_demo_says_where_the_console_is() -> None:
    said = CliRunner().invoke(app, ["demo", "--help"], env={"COLUMNS": "200"}).output
    assert "The console is at the address printed as open in a browser" in said
    printed = (ROOT / "agents" / "demo" / "live.py").read_text("utf-8")
    assert '("open in a browser", f"{service.address}/")' in printed
