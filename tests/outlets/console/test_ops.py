"""Pages of connections, objectives, and of quarantine and ledger: a ledger written by hand."""

import re
from collections.abc import Iterator

import pytest

from tests.outlets.api.service import Here
from tests.outlets.console.ops import office, signed_in
from tests.outlets.lasting import lasting
from tests.servers.postgres import Postgres


@pytest.fixture(scope="module")
def ledger(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """One service for all of them: none does harm to it."""
    with lasting(postgres, tmp_path_factory.mktemp("ops"), office) as found:
        yield found


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


PLACES = (
    "/connections",
    "/connections/H56-onestop",
    "/objectives",
    "/objectives/on-time-766?scope=agency:H56",
    "/quarantine",
    "/ledger",
)


async def test_connections_say_who_is_away_since_when_and_what_is_missing(ledger: Here) -> None:
    html = await page(ledger, "/connections?lang=en")
    [line] = [row for row in rows(html) if row and row[0].endswith("H56-onestop")]
    assert line[0] == "Một cửa Thanh Hoá H56-onestop"
    assert line[1] == "Thanh Hóa"
    assert line[2] == "interrupted events wait: 41"
    assert line[3].endswith(" 1 h")
    assert line[5] == "45 min"
    assert line[6].replace(" ", "") == "99.4%"  # 99 hours and 24 minutes of 100 hours
    assert line[8:] == ["1,392", "1,387", "5", "9"]
    [calm] = [row for row in rows(html) if row and row[0].endswith("H57-onestop")]
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


async def test_objectives_say_state_ratio_budget_and_pace_of_each_scope(ledger: Here) -> None:
    html = await page(ledger, "/objectives?lang=en")
    lines = [row for row in rows(html) if row and row[0] == "Settled on time"]
    assert [[*row[1:3], *row[4:]] for row in lines] == [
        # 180 of 210; 30 bad where 21 may be; 10 of 20 bad in a day where 2 may be.
        [
            "Thanh Hóa",
            "burning too fast over the last 3 d and 1 d of working time",
            *("85.7 %", "90%", "−42.9 %", "5.0 ×"),
        ],
        ["Country", "idle", "–", "90%", "–", "–"],
        ["Thành phố Huế", "good", "97.9 %", "90%", "79.4 %", "0.2 ×"],
    ]
    assert "assumption: Decision 766" in html
    services = [row for row in rows(html) if row and row[0] == "Land"]
    assert [[row[1], row[2], *row[4:]] for row in services] == [
        [
            "Thanh Hóa",
            "degraded the backlog grows and the usual time is beyond the limit",
            *("40", "90", "61", "15.0 working days", "10.0 working days"),
        ],
        ["Thành phố Huế", "well", "12", "10", "33", "1.0 working days", "10.0 working days"],
    ]


async def test_services_are_sorted_filtered_and_had_as_csv(ledger: Here) -> None:
    def who(html: str) -> list[str]:
        return [row[1] for row in rows(html) if row and row[0] == "Land"]

    assert who(await page(ledger, "/objectives?lang=en&order=completed")) == [
        "Thành phố Huế",
        "Thanh Hóa",
    ]
    assert who(await page(ledger, "/objectives?lang=en&order=-completed&sort=ratio")) == [
        "Thanh Hóa",
        "Thành phố Huế",
    ]
    html = await page(ledger, "/objectives?lang=en&q=thanh+hoa")
    assert who(html) == ["Thanh Hóa"]
    assert [row[1] for row in rows(html) if row and row[0] == "Settled on time"] == [
        "Thanh Hóa"
    ]
    html = await page(ledger, "/objectives?lang=en&q=nobody")
    assert html.count("No row is like what is asked for.") == 2
    text = await page(ledger, "/objectives?format=csv&table=services&order=completed&q=hue")
    head, line = text.splitlines()
    assert head.startswith("group,agency,state,reasons,since_ms,open_then,open,completed,")
    assert line.startswith("land,H57,well,,")
    assert ",12,10,33,28800000,288000000," in line


async def test_of_many_objectives_the_worst_are_shown_and_all_where_asked(
    ledger: Here,
) -> None:
    query = (
        "INSERT INTO objective_standing (objective, scope, state, since_ms, judged_ms, first_day,"
        " good, bad, burning, alert) SELECT 'on-time-766', 'unit:H58.' || n, 'good', 0, 0, 20000, 9,"
        " 0, '{}', '' FROM generate_series(1, 40) AS n"
    )
    await ledger.ledger(query)
    try:
        html = await page(ledger, "/objectives?lang=en")
        found = [row for row in rows(html) if row and row[0] == "Settled on time"]
        assert len(found) == 30
        assert found[0][1] == "Thanh Hóa"  # burning
        assert "30 of 43." in html
        html = await page(ledger, "/objectives?lang=en&rows=all")
        assert len([row for row in rows(html) if row and row[0] == "Settled on time"]) == 43
        text = await page(ledger, "/objectives?format=csv")
        assert len(text.splitlines()) == 44
    finally:
        await ledger.ledger("DELETE FROM objective_standing WHERE scope LIKE 'unit:H58.%'")


async def test_an_objective_s_page_has_its_history_by_scope(ledger: Here) -> None:
    html = await page(ledger, "/objectives/on-time-766?lang=en&scope=agency:H56")
    stood = [row[0::3] for row in rows(html) if len(row) == 4 and row[0] in ("good", "burning")]
    assert stood == [["burning", "2 h"], ["good", "9 days"]]
    [line] = [row for row in rows(html) if row and row[0] == "Thanh Hóa"]
    assert line[3:] == ["180", "30", "85.7 %", "−42.9 %", "5.0 ×", "2.0 ×"]
    await page(ledger, "/objectives/no-such", status=404)
    text = await page(ledger, "/objectives?state=burning&format=csv")
    assert text.splitlines()[1].startswith("on-time-766,agency:H56,burning,")
    assert len(text.splitlines()) == 2


async def test_an_agency_sees_the_objectives_of_its_own(ledger: Here) -> None:
    html = await page(ledger, "/objectives?lang=en", "agency")
    assert {row[1] for row in rows(html) if row and row[0] in ("Settled on time", "Land")} == {
        "Thanh Hóa"
    }
    await page(ledger, "/objectives/on-time-766?scope=agency:H57", "agency", 403)
    await page(ledger, "/objectives/on-time-766?scope=country", "agency", 403)


async def test_the_quarantine_says_what_was_refused_and_what_to_do_and_shows_no_bytes(
    ledger: Here,
) -> None:
    html = await page(ledger, "/quarantine?lang=en", "admin")
    lines = [row for row in rows(html) if row and row[0] == "H57-onestop"]
    assert [row[1:5] for row in lines] == [
        ["missing_field a required field is missing", "2", "0", "0"],
        ["outside_mandate outside the source’s mandate", "0", "1", "0"],
    ]
    assert "2 records held" in html
    assert "secret" not in html
    assert "736563726574" not in html
    html = await page(
        ledger, "/quarantine?lang=en&source=H57-onestop&reason=missing_field", "admin"
    )
    assert "emc quarantine retry --source H57-onestop --reason missing_field" in html
    assert "have it mend and send the record anew" in html
    entries = [row for row in rows(html) if len(row) == 8 and row[2] == "H57-onestop"]
    assert [row[3:] for row in entries] == [
        ["missing_field", "data.state", "emc.dossiers[0] 901", "311", "1"],
        ["missing_field", "data.state", "emc.dossiers[0] 902", "312", "0"],
    ]
    html = await page(ledger, "/quarantine?state=returned", "admin")
    assert "emc.dossiers[0] 903" in html
    assert "emc.dossiers[0] 901" not in html


async def test_a_look_at_refused_records_is_in_the_book(ledger: Here) -> None:
    before = await ledger.looks()
    await page(ledger, "/quarantine?lang=en&source=H57-onestop", "admin")
    await page(ledger, "/quarantine?source=nobody", "admin")
    await page(ledger, "/quarantine?format=csv&table=entries&state=returned", "admin")
    await page(ledger, "/quarantine?format=csv", "admin")  # sums
    assert (await ledger.looks())[len(before) :] == [
        ("admin", "/quarantine?source=H57-onestop", 200, 2),
        ("admin", "/quarantine?format=csv&table=entries&state=returned", 200, 1),
    ]


async def test_the_quarantine_is_sorted_filtered_and_had_as_csv(ledger: Here) -> None:
    async def reasons(query: str) -> list[str]:
        html = await page(ledger, f"/quarantine?lang=en&{query}", "admin")
        return [
            row[1].split()[0] for row in rows(html) if len(row) == 7 and row[0] == "H57-onestop"
        ]

    assert await reasons("sort=-returned") == ["outside_mandate", "missing_field"]
    assert await reasons("sort=returned") == ["missing_field", "outside_mandate"]
    assert await reasons("q=mandate") == ["outside_mandate"]
    text = await page(ledger, "/quarantine?format=csv&q=mandate", "admin")
    assert [line.split(",")[:5] for line in text.splitlines()[1:]] == [
        ["H57-onestop", "outside_mandate", "0", "1", "0"]
    ]
    text = await page(ledger, "/quarantine?format=csv&table=entries", "admin")
    assert [line.split(",")[1:8] for line in text.splitlines()[1:]] == [
        ["emc.dossiers", "0", "901", "H57-onestop", "missing_field", "data.state", "311"],
        ["emc.dossiers", "0", "902", "H57-onestop", "missing_field", "data.state", "312"],
    ]
    assert "secret" not in text


async def test_positions_are_sorted_and_filtered_and_each_table_is_had_as_csv(
    ledger: Here,
) -> None:
    html = await page(ledger, "/ledger?lang=en&sort=-generation", "admin")
    assert [row[0] for row in rows(html) if row and row[0].startswith("emc.")] == [
        "emc.petitions[7]",
        "emc.dossiers[0]",
    ]
    html = await page(ledger, "/ledger?lang=en&q=worker-2", "admin")
    assert [row[0] for row in rows(html) if row and row[0].startswith("emc.")] == [
        "emc.petitions[7]"
    ]
    for table, column in (
        ("positions", "topic,partition,next"),
        ("checks", "name,compared,differing"),
        ("policies", "epoch,rules,reference"),
        ("cuts", "seq,read_at,sealed_at"),
    ):
        text = await page(ledger, f"/ledger?format=csv&table={table}", "admin")
        assert text.startswith(column)
        assert len(text.splitlines()) > 1


async def test_what_others_wrote_is_in_no_command_to_copy(ledger: Here) -> None:
    html = await page(ledger, "/quarantine?source=a;reboot", "admin")
    assert "retry --source &#39;…&#39;" in html


async def test_the_ledger_s_page_says_drift_watermark_positions_and_epochs(
    ledger: Here,
) -> None:
    html = await page(ledger, "/ledger?lang=en", "admin")
    lines = rows(html)
    checks = ("journal and balances balances", "what dossiers have booked")
    assert [row[:4] for row in lines if row and row[0].startswith(checks)] == [
        ["journal and balances balances", "1,204", "0", "0"],
        ["what dossiers have booked and what their events post dossiers", "4", "3", "1"],
    ]
    [position] = [row for row in lines if row and row[0] == "emc.petitions[7]"]
    assert position[1] == "123,456"
    assert position[3] == "worker-2"
    [policy] = [row for row in lines if len(row) == 6 and row[1] == "active"]
    assert policy[0] == "1"
    told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "Drift 3 Drift" in told
    assert "Journal backlog 0 Journal backlog" in told
    assert re.search(r"known_at=20\d\d-", html)  # a cut leads to what was known then


@pytest.mark.parametrize("role", ["agency", "national"])
@pytest.mark.parametrize("path", ["/quarantine", "/ledger"])
async def test_the_books_are_for_administrators(path: str, role: str, ledger: Here) -> None:
    html = await page(ledger, path, role, 403)
    assert "H57-onestop" not in html
    assert f'href="{path}"' not in await page(ledger, "/objectives", role)


@pytest.mark.parametrize("path", PLACES)
async def test_the_public_is_refused(path: str, ledger: Here) -> None:
    assert "/sign-in?next=" in await page(ledger, path, "", 403)


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("path", PLACES)
async def test_no_page_has_a_style_or_a_script_of_its_own(
    path: str, language: str, ledger: Here
) -> None:
    html = await page(ledger, f"{path}{'&' if '?' in path else '?'}lang={language}", "admin")
    assert not re.search(r"<[^>]+\sstyle=|<style|\son[a-z]+=\"", html)
    assert re.findall(r"<script[^>]*>", html) == [
        found for found in re.findall(r"<script[^>]*>", html) if 'src="/static/' in found
    ]
