"""A procedure's page: the catalogue, how it fares, where, and its dossiers for whom they are."""

import re

import pytest

from tests.outlets.api.service import OWN, Here
from tests.outlets.console.ops import signed_in
from tests.outlets.console.test_agency import AUGUST, page, panel, plain, sheet
from tests.outlets.console.test_dossier import ledger

__all__ = ["ledger"]

HERE = "/procedures/1.004194"


async def test_the_catalogue_is_said_in_words(ledger: Here):
    html = await page(ledger, f"{HERE}?{AUGUST}", "national")

    assert "Đăng ký tạm trú" in plain(html)
    said = panel(html, "catalogue")
    assert "Thời hạn giải quyết 3 ngày làm việc" in said
    assert "Mức độ toàn trình" in said
    assert "Đủ điều kiện toàn trình có" in said
    assert "25 dịch vụ thiết yếu" in said
    assert "Cơ quan thực hiện cấp xã" in said


async def test_a_procedure_fares_in_the_country_as_its_agencies_do_together(ledger: Here):
    months = sheet(await page(ledger, f"{HERE}?{AUGUST}&format=csv&table=months", "national"))
    agencies = sheet(await page(ledger, f"{HERE}?{AUGUST}&format=csv", "national"))

    # Thanh Hoá's three and Huế's one, of which one ended late.
    assert months[-1]["received"] == "4"
    assert months[-1]["completed"] == "3"
    assert months[-1]["on_time_percent"] == "66.67"
    assert [(row["agency"], row["received"], row["ended_late"]) for row in agencies] == [
        ("H56", "3", "1"),
        ("H57", "1", "0"),
    ]


async def test_within_an_agency_it_is_that_agencys(ledger: Here):
    html = await page(ledger, f"{HERE}?agency=H57&{AUGUST}&lang=en", "national")

    head = plain(html[html.index('class="headline"') :].split("</section>")[0])
    assert "Received 1" in head
    assert "On time 100.00%" in head
    assert 'href="/procedures/1.004194?period=2026-08&amp;lang=en"' in html


async def test_an_agency_sees_it_within_itself_alone(ledger: Here):
    html = await page(ledger, f"{HERE}?{AUGUST}&lang=en&due=overdue", "agency")

    head = plain(html[html.index('class="headline"') :].split("</section>")[0])
    assert "Received 3" in head
    assert "Huế" not in plain(html)
    [token] = set(re.findall(r'href="/dossiers/([0-9a-f]{20})', html))
    assert token == await ledger.token_of(OWN[2])


async def test_its_dossiers_are_listed_once_that_is_written_down(ledger: Here):
    await page(ledger, f"{HERE}?due=overdue", "national")

    assert ("national", f"{HERE}?due=overdue", 200, 1) in await ledger.looks()


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        (HERE, "", 403),
        (HERE, "agency", 200),
        (f"{HERE}?agency=H57", "agency", 403),
        (f"{HERE}?agency=H57&format=csv&table=dossiers&due=overdue", "agency", 403),
        (f"{HERE}?agency=H99", "national", 404),
        ("/procedures/9.999999", "national", 404),
        ("/procedures/2.000815", "national", 200),  # listed, and nothing was booked
    ],
)
async def test_who_may_see_a_procedure(ledger: Here, path: str, role: str, status: int):
    await page(ledger, path, role, status)


async def test_nothing_is_no_zero_per_cent(ledger: Here):
    html = await page(ledger, f"/procedures/2.000815?{AUGUST}", "national")

    head = plain(html[html.index('class="headline"') :].split("</section>")[0])
    assert "Tiếp nhận 0" in head
    assert "Đúng hạn –" in head
    assert "Chưa có hồ sơ nào" in panel(html, "trend")


async def test_search_leads_to_it(ledger: Here):
    async with signed_in(ledger, "national") as client:
        by_code = await client.get("/find?q=1.004194")
        by_name = await client.get("/find?q=dang+ky+tam+tru")
        visitors = await client.get("/find?q=tam+tru", headers={"cookie": ""})

    assert (by_code.status_code, by_code.headers["location"]) == (303, HERE)
    assert f'href="{HERE}"' in by_name.text
    assert f'href="{HERE}"' not in visitors.text


async def test_a_dossier_leads_to_its_procedure(ledger: Here):
    assert f'href="{HERE}"' in await page(ledger, f"/dossiers/{OWN[0]}", "agency")
