"""An agency's page: its figures, what falls due there, and for whom it is."""

import re

import pytest

from tests.outlets.api.service import OWN, Here
from tests.outlets.console.ops import signed_in
from tests.outlets.console.test_dossier import ledger

__all__ = ["ledger"]  # the service that both ask


async def page(ledger: Here, path: str, role: str, status: int = 200) -> str:
    async with signed_in(ledger, role) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


async def test_an_agency_has_its_figures_of_the_period(ledger: Here):
    html = await page(ledger, "/agencies/H56?period=2026-08&lang=en", "agency")

    # Three received, all online and full process.
    assert "Full-process online dossiers" in html
    row = plain(html[html.index("Full-process online dossiers</th>") :].split("</tr>")[0])
    assert " 3 3 " in f"{row} "
    assert 'style="' not in html


async def test_what_is_overdue_is_listed_by_token_and_leads_to_the_dossier(ledger: Here):
    html = await page(ledger, "/agencies/H56?due=overdue&lang=en", "agency")

    tokens = re.findall(r'href="/dossiers/([0-9a-f]{20})', html)
    assert len(tokens) == 1  # the one of August that never ended
    async with signed_in(ledger, "agency") as client:
        assert OWN[2] in (await client.get(f"/dossiers/{tokens[0]}")).text


async def test_a_look_at_what_falls_due_is_written_down(ledger: Here):
    await page(ledger, "/agencies/H56.14?due=tomorrow", "agency")

    asked = [asked for _, asked, _, _ in await ledger.looks()]
    assert "/agencies/H56.14?due=tomorrow" in asked


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/agencies/H57", "agency", 403),
        ("/agencies/H57", "national", 200),
        ("/agencies/H99", "national", 404),
    ],
)
async def test_who_may_see_an_agency(ledger: Here, path: str, role: str, status: int):
    await page(ledger, path, role, status)
