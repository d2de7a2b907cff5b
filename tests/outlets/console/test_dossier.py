"""The dossier's page: the story with its verdicts, for whom it is, written down before it is answered."""

import re
from collections.abc import Iterator

import pytest

from tests.outlets.api.service import FOREIGN, NOBODYS, OWN, Here, here
from tests.outlets.console.ops import signed_in
from tests.outlets.lasting import lasting
from tests.servers.postgres import Postgres


@pytest.fixture(scope="module")
def ledger(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One service for all of them: none does harm to it."""
    with lasting(postgres, tmp_path_factory.mktemp("dossier"), here) as found:
        yield found


async def answered(ledger: Here, path: str, role: str, status: int = 200) -> str:
    async with signed_in(ledger, role) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    if status == 200:
        assert answer.headers["cache-control"] == "no-store"
    return answer.text


async def test_a_late_dossier_says_so_with_both_instants(ledger: Here):
    html = await answered(ledger, f"/dossiers/{OWN[1]}?lang=en", "agency")

    verdicts = html[html.index('id="verdicts"') : html.index('id="entries"')]
    plain = re.sub(r"<[^>]+>", " ", verdicts)
    [row] = re.findall(r"by the last due date sent .*?by Decision", plain, re.DOTALL)
    assert re.search(r"sent\s+late\s", row)
    assert "17:00:00" in row  # due on the 10th
    assert "10:00:00" in row  # ended on the 12th
    assert OWN[1] in html
    assert "style=" not in html
    assert "<script>" not in html


async def test_in_vietnamese_it_is_called_late_too(ledger: Here):
    html = await answered(ledger, f"/dossiers/{OWN[1]}", "agency")

    assert re.search(r"<td[^>]*>quá hạn</td>", html)
    assert "Quá hạn 41 giờ" in html  # from five on Monday the 10th to ten on Wednesday


async def test_who_sees_no_codes_reads_a_token(ledger: Here):
    html = await answered(ledger, f"/dossiers/{OWN[1]}", "national")

    assert OWN[1] not in re.sub(r'(href|action)="[^"]*"', "", html)
    assert await ledger.token_of(OWN[1]) in html


async def test_what_is_not_the_visitors_is_refused(ledger: Here):
    await answered(ledger, f"/dossiers/{FOREIGN}", "agency", 403)
    await answered(ledger, f"/dossiers/{OWN[0]}", "", 403)
    await answered(ledger, f"/dossiers/{NOBODYS}", "national", 404)


async def test_a_look_is_in_the_book(ledger: Here):
    before = await ledger.looks()
    token = await ledger.token_of(OWN[0])

    await answered(ledger, f"/dossiers/{token}", "agency")

    assert (await ledger.looks())[len(before) :] == [("agency", f"/dossiers/{token}", 200, 1)]


async def test_the_story_comes_as_csv(ledger: Here):
    lines = (await answered(ledger, f"/dossiers/{OWN[0]}?format=csv", "agency")).splitlines()

    assert lines[0] == "effective,arrival,source,id,kind,effect,outcome,agency,unit"
    assert len(lines) == 4  # accepted, in process, completed
