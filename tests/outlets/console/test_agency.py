"""An agency's page: how it fares, what falls due there, what speaks for its figures, and for whom it is."""

import asyncio
import csv
import io
import re

import httpx
import pytest

from tests.outlets.api.service import OWN, Here, now
from tests.outlets.console.ops import signed_in, written
from tests.outlets.console.test_dossier import ledger

__all__ = ["ledger"]  # the service that both ask

AUGUST = "period=2026-08"


async def page(ledger: Here, path: str, role: str, status: int = 200) -> str:
    async with signed_in(ledger, role) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def plain(html: str) -> str:
    """What is read, without what opens only when it is asked for."""
    seen = re.sub(r"<div popover.*?</div>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", seen)).replace(" %", "%")


def panel(html: str, id_: str) -> str:
    """What a part of the page says."""
    return plain(
        html[html.index(f'id="{id_}"') :].split("</section>", maxsplit=1)[0].partition(">")[2]
    )


def sheet(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


async def test_an_agency_has_its_figures_of_the_period(ledger: Here):
    html = await page(ledger, f"/agencies/H56?{AUGUST}&lang=en", "agency")

    # Three received, all online and full process.
    assert "Full-process online dossiers" in html
    row = plain(html[html.index("Full-process online dossiers</th>") :].split("</tr>")[0])
    assert " 3 3 " in f"{row} "
    assert 'style="' not in html
    head = plain(html[html.index('class="headline"') :].split("</section>")[0])
    # Received, completed, on time by the 766 rule: one of two.
    assert "Received 3" in head
    assert "Completed 2" in head
    assert "On time 50.00%" in head
    assert "Overdue 1" in head


async def test_the_figures_of_another_set_are_a_click_away(ledger: Here):
    html = await page(ledger, f"/agencies/H56?{AUGUST}&lang=en", "agency")
    other = await page(ledger, f"/agencies/H56?{AUGUST}&lang=en&set=qd766", "agency")

    assert f'href="/agencies/H56?{AUGUST}&amp;lang=en&amp;set=qd766#figures"' in html
    # Formula 2.1 judges what is open, too: one of three was or is within its limit.
    assert " 33.33% 1 3 " in panel(other, "set-qd766")
    assert 'id="set-qd766"' not in html


async def test_months_are_a_trend_of_which_the_last_is_the_periods(ledger: Here):
    text = await page(ledger, f"/agencies/H56?{AUGUST}&format=csv&table=months", "agency")

    rows = sheet(text)
    assert [row["month"] for row in rows] == [
        *(f"2025-{month:02}" for month in range(9, 13)),
        *(f"2026-{month:02}" for month in range(1, 9)),
    ]
    cut = rows[-1].pop("cut")
    assert int(cut) > 0
    assert rows[-1] == {
        "month": "2026-08",
        "received": "3",
        "completed": "2",
        "returned": "0",
        "open_end": "1",
        "on_time_percent": "50.00",
        "full_process_percent": "100.00",
    }
    # Nothing ended in July: that is no share of 0.
    assert rows[-2]["on_time_percent"] == ""
    assert rows[-2]["received"] == "0"


async def test_charts_have_their_numbers_beside_them(ledger: Here):
    html = await page(ledger, f"/agencies/H56?{AUGUST}", "agency")

    assert html.count('<svg class="chart"') == 3
    trend = panel(html, "trend")
    assert "tháng 8/2026 3 2 0 1 50,00% 100,00%" in trend
    assert "Theo ngày đến hạn" in panel(html, "due")


async def test_channels_and_levels_are_shares_of_what_was_received(ledger: Here):
    html = await page(ledger, f"/agencies/H56?{AUGUST}", "agency")

    assert "trực tuyến 100,0% 3" in panel(html, "channels")
    assert "trực tiếp 0,0% 0" in panel(html, "channels")
    assert "toàn trình 100,0% 3" in panel(html, "levels")


async def test_the_procedure_that_weighs_most_is_named_and_leads_to_its_page(ledger: Here):
    html = await page(ledger, f"/agencies/H56?{AUGUST}", "agency")

    assert "Đăng ký tạm trú 3 2 1 50,00% 1 100,0% 100,00%" in panel(html, "procedures")
    assert 'href="/procedures/1.004194?agency=H56"' in html


async def test_units_below_are_compared(ledger: Here):
    rows = sheet(await page(ledger, f"/agencies/H56?{AUGUST}&format=csv", "agency"))

    [mine] = [row for row in rows if row["agency"] == "H56.14"]
    assert mine["received"] == "3"
    assert mine["ended_late"] == "1"
    assert mine["on_time_percent"] == "50.00"
    assert rows[0] == mine  # who has most that ended late comes first
    assert len(rows) > 5
    assert all(row["received"] == "0" for row in rows[1:])


@pytest.mark.parametrize(
    ("query", "first"),
    [("sort=name&filter=so+tu", "H56.04"), ("sort=-received", "H56.14")],
)
async def test_units_are_sorted_and_filtered(ledger: Here, query: str, first: str):
    rows = sheet(await page(ledger, f"/agencies/H56?{AUGUST}&{query}&format=csv", "agency"))

    assert rows[0]["agency"] == first


async def test_what_is_overdue_is_listed_by_token_and_leads_to_the_dossier(ledger: Here):
    html = await page(ledger, "/agencies/H56?due=overdue&lang=en", "agency")

    tokens = set(re.findall(r'href="/dossiers/([0-9a-f]{20})', html))
    [token] = tokens  # the one of August that never ended
    assert "days late" in panel(html, "due")
    async with signed_in(ledger, "agency") as client:
        assert OWN[2] in (await client.get(f"/dossiers/{token}")).text


async def test_the_dossiers_of_a_day_are_listed_and_come_as_csv(ledger: Here):
    html = await page(ledger, "/agencies/H56?on=2026-08-10&lang=en", "agency")
    text = await page(ledger, "/agencies/H56?on=2026-08-10&format=csv&table=dossiers", "agency")
    another = await page(
        ledger, "/agencies/H56?on=2026-08-11&format=csv&table=dossiers", "agency"
    )

    assert "Due on 2026-08-10" in html
    [row] = sheet(text)
    assert row["token"] == await ledger.token_of(OWN[2])
    assert row["due_at"] == "2026-08-10T17:00:00+07:00"
    assert row["agency"] == "H56.14"
    assert sheet(another) == []


async def test_a_look_at_what_falls_due_is_written_down(ledger: Here):
    await page(ledger, "/agencies/H56.14?due=tomorrow", "agency")
    await page(ledger, "/agencies/H56?due=overdue&format=csv&table=dossiers", "agency")
    await page(ledger, "/agencies/H56", "agency")

    looks = await ledger.looks()
    assert ("agency", "/agencies/H56.14?due=tomorrow", 200, 0) in looks
    assert ("agency", "/agencies/H56?due=overdue&format=csv&table=dossiers", 200, 1) in looks
    assert not [asked for _, asked, _, _ in looks if asked == "/agencies/H56"]


async def test_how_long_it_takes_is_worked_out_where_it_is_not_kept(ledger: Here):
    kept = await page(ledger, "/agencies/H56", "agency")
    unit = await page(ledger, "/agencies/H56.14", "agency")
    asked = await page(ledger, "/agencies/H56.14?times=worked_out", "agency")

    none = "Chưa có bước nào kết thúc"  # in the last 20 working days: all is of August
    assert none in panel(kept, "times")
    assert "times=worked_out" in unit
    assert none not in panel(unit, "times")
    assert none in panel(asked, "times")


async def test_who_took_over_is_said_and_linked(ledger: Here):
    former = await page(ledger, "/agencies/H09", "national")  # Bình Dương
    heir = await page(ledger, "/agencies/H29", "national")  # Hồ Chí Minh

    banner = former[former.index('class="banner"') :].split("</div>")[0]
    assert "01/07/2025" in banner
    assert 'href="/agencies/H29"' in banner
    assert "Bình Dương" in plain(heir)
    assert "Bà Rịa - Vũng Tàu" in plain(heir)
    assert "Từ 01/07/2025" in plain(heir)


async def test_as_known_then_says_which_parts_are_of_now_all_the_same(ledger: Here):
    then = f"{now():%Y-%m-%dT%H:%M:%S}Z"
    html = await page(ledger, f"/agencies/H56?{AUGUST}&known_at={then}", "agency")
    before = await page(
        ledger, "/agencies/H56?known_at=2026-08-01T00:00:00Z", "agency", status=404
    )

    assert "tháng 8/2026 3 2 0 1 50,00% 100,00%" in panel(html, "trend")
    assert "Phần này luôn là hiện tại" in panel(html, "due")
    assert f'href="/procedures/1.004194?known_at={then}&amp;agency=H56"' in html
    assert "2026-08-01" in plain(before)


@pytest.fixture(scope="module")
def stocked(ledger: Here) -> Here:
    """With connections, objectives and refusals as they were judged."""
    asyncio.run(written(ledger.database))
    return ledger


async def test_objectives_stand_with_their_budgets(stocked: Here):
    html = await page(stocked, "/agencies/H56?lang=en", "agency")

    # 180 good of 210, nine tenths asked for: 30 bad where 21 may be; burnt five times too fast.
    goals = panel(html, "goals")
    assert "85.7%" in goals
    assert "−42.9%" in goals
    assert "5.0 ×" in goals
    assert 'href="/objectives/on-time-766?lang=en&amp;scope=agency:H56"' in html


async def test_sources_say_how_they_stand_and_what_they_send_is_held_against_their_claims(
    stocked: Here,
):
    html = await page(stocked, "/agencies/H56?lang=en", "agency")
    others = await page(stocked, "/agencies/H57?lang=en", "national")

    assert 'href="/connections/H56-onestop?lang=en"' in html
    assert "H57-onestop" not in html
    assert "interrupted" in panel(html, "sources")
    quality = panel(html, "quality")
    # Of 1,392 claimed five did not come, nine differ; connected 357,840 of 360,000 seconds.
    assert "Complete 99.6%" in quality
    assert "Agreeing 99.3%" in quality
    assert "Refused 0" in quality
    assert "Connected 99.4%" in quality
    # Two of Huế's are held, one went back; it claims nothing, so nothing can be said of that.
    assert "Refused 2" in panel(others, "quality")
    assert "Complete –" in panel(others, "quality")


async def test_a_unit_is_told_whose_sources_send_for_it(stocked: Here):
    html = await page(stocked, "/agencies/H56.14", "agency")

    assert "Thanh Hóa" in panel(html, "sources")
    assert 'href="/agencies/H56#quality"' in html


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/agencies/H57", "agency", 403),
        ("/agencies/H57?format=csv", "agency", 403),
        ("/agencies/H57?due=overdue&format=csv&table=dossiers", "agency", 403),
        ("/agencies/H56", "", 403),
        ("/agencies/H57", "national", 200),
        ("/agencies/H99", "national", 404),
        ("/agencies/H56.999", "agency", 404),  # in no list, and nothing was ever booked of it
        ("/agencies/H57.999", "agency", 403),
        ("/agencies/H56?due=soon", "national", 400),
    ],
)
async def test_who_may_see_an_agency(ledger: Here, path: str, role: str, status: int):
    await page(ledger, path, role, status)


async def test_a_page_of_single_dossiers_is_kept_by_nobody(ledger: Here):
    async with signed_in(ledger, "agency") as client:
        answer: httpx.Response = await client.get("/agencies/H56?due=overdue")

    assert answer.headers["cache-control"] == "no-store"


async def test_the_first_page_leads_an_agency_to_its_own(ledger: Here):
    html = await page(ledger, "/", "agency")

    assert 'href="/agencies/H56"' in html
