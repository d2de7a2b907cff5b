"""Scorecards, rankings, differences, reports: their numbers, for whom they are, written down before they answer."""

import asyncio
import csv
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from agents.generate.model import Record
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger.official import Officials, Ranked
from monitor.ledger.published import digest, publish
from monitor.outlets.console.find import plain as unmarked
from monitor.outlets.digest.words import Language
from monitor.outlets.report.asked import Asked, made, written
from monitor.outlets.report.formats import Format
from tests.ledger.fill import feeding
from tests.outlets.api.service import (
    FOREIGN,
    OWN,
    POLICY,
    REFERENCE,
    Here,
    event,
    folded,
    here,
    now,
    today,
)
from tests.outlets.console.ops import signed_in
from tests.outlets.console.test_agency import plain
from tests.outlets.lasting import lasting
from tests.servers.postgres import Postgres

ADDED = "H56.14-260805-0004"
BEHIND = "indicator=full_process_dossier_share&side=numerator"


@asynccontextmanager
async def corrected_late(dsn: str, folder: Path) -> AsyncIterator[Here]:
    async with here(dsn, folder) as found:
        await asyncio.sleep(0.05)  # what comes now comes after the cut was read
        await late(found)
        yield found


@pytest.fixture(scope="module")
def corrected(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """After August was closed a dossier of it came for Thanh Hoá, and nothing else."""
    with lasting(postgres, tmp_path_factory.mktemp("scorecards"), corrected_late) as found:
        yield found


async def late(here: Here) -> None:
    """One more of August, that arrives only now, and has an end in time."""
    at_ms = int((now() + timedelta(seconds=1)).timestamp() * 1000)
    told = [
        event(ADDED, 1, 2, "08-05T08:00", due_at="2026-08-12T17:00:00+07:00", channel=2),
        event(ADDED, 2, 9, "08-06T09:00"),
    ]
    arrived = now().isoformat()
    records = []
    for place, one in enumerate(told):
        said = {**json.loads(one.value), "arrival": arrived}
        records.append(Record(one.key, json.dumps(said).encode(), at_ms + place))
    async with feeding(here.database, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear(records)
    await folded(here.database)


async def page(found: Here, path: str, role: str = "national", status: int = 200) -> str:
    async with signed_in(found, role) as client:
        answer = await client.get(path)
    assert answer.status_code == status, answer.text
    return answer.text


def row(html: str, name: str) -> str:
    return plain(html[html.index(f"{name}</th>") :].partition("</tr>")[0])


async def test_the_sets_say_their_version_owner_and_points(corrected: Here) -> None:
    html = await page(corrected, "/scorecards?lang=en&period=2026-08")
    assert "qd766 2026.1" in html
    line = plain(html[html.index("/scorecards/qd766") :].split("</tr>")[0])
    assert "Văn phòng Chính phủ" in line
    assert "100.00" in line
    assert "/definitions/qd766" in html
    assert "/differences/emc?" in html


async def test_a_scorecard_has_value_numerator_and_denominator(corrected: Here) -> None:
    html = await page(corrected, "/scorecards/emc?scope=H56&period=2026-08&lang=en")
    # Four received by now, all of them full process.
    assert " 4 4 " in f"{row(html, 'Full-process online dossiers')} "
    assert 'style="' not in html


async def test_a_scorecard_is_sorted_filtered_and_had_as_csv(corrected: Here) -> None:
    asked = "/scorecards/qd766?scope=H56&period=2026-08&lang=en"
    html = await page(corrected, f"{asked}&sort=-most")
    figures = html[html.index('id="figures"') :].partition("</section>")[0]
    assert "rowgroup" not in figures  # one order over all groups
    first = figures[figures.index("<tbody>") :].partition("</tr>")[0]
    assert "Dossiers settled on time, or in process within their limit" in first  # 20 points
    text = await page(corrected, f"{asked}&sort=-most&format=csv")
    head, *lines = csv.reader(text.splitlines())
    assert head[:5] == ["indicator", "name", "group", "standing", "value"]
    most = [float(line[11]) for line in lines if line[11]]
    assert most[0] == 20
    assert most == sorted(most, reverse=True)
    text = await page(corrected, f"{asked}&q=4-copy&format=csv")
    assert [line[0] for line in csv.reader(text.splitlines())] == ["indicator", "4-copy"]
    html = await page(corrected, f"{asked}&q=nobody")
    assert "No row is like what is asked for." in html


@pytest.mark.parametrize(
    "path",
    ["/", "/scorecards", "/scorecards/qd766", "/rankings/emc", "/agencies/H56", "/procedures/1.004194"],
)  # fmt: skip
async def test_a_period_that_lies_ahead_is_said_to(path: str, corrected: Here) -> None:
    html = await page(corrected, f"{path}?lang=en&period=2090-01")
    assert "This period begins on 2090-01-01: there are no figures yet." in html
    assert " period is not over" not in html
    assert "This period begins on" not in await page(corrected, f"{path}?lang=en")


async def test_as_known_then_stands_beside_what_is_known_now(corrected: Here) -> None:
    [first] = await corrected.ledger("SELECT sealed_at FROM cut ORDER BY seq LIMIT 1")
    at = first["sealed_at"].isoformat().replace("+", "%2B")
    html = await page(
        corrected, f"/scorecards/report-06b?scope=H56&period=2026-08&lang=en&known_at={at}"
    )
    received = row(html, "Received, in total")
    # One more since; three then, none in July.
    assert received.rstrip().endswith("+1 3 0 +3")


async def test_the_difference_to_closing_names_the_dossier_within_three_clicks(
    corrected: Here,
) -> None:
    asked = "scope=H56&period=2026-08&lang=en"
    html = await page(corrected, f"/differences/emc?{asked}")
    line = row(html, "Full-process online dossiers")
    assert "3 / 3" in line
    assert "4 / 4" in line
    html = await page(corrected, f"/differences/emc?{asked}&{BEHIND}", "agency")
    tokens = re.findall(r'href="/dossiers/([0-9a-f]{20})', html)
    assert tokens == [await corrected.token_of(ADDED)]
    assert ADDED in html
    assert "That is all of the change" in html


async def test_who_sees_no_codes_is_given_tokens_and_the_look_is_written_down(
    corrected: Here,
) -> None:
    html = await page(corrected, f"/differences/emc?scope=H56&period=2026-08&{BEHIND}")
    assert await corrected.token_of(ADDED) in html
    assert ADDED not in html
    who, asked, status, rows = (await corrected.looks())[-1]
    assert (who, status, rows) == ("national", 200, 1)
    assert asked.startswith("/differences/emc?")


async def test_what_did_not_change_says_so(corrected: Here) -> None:
    html = await page(corrected, "/differences/emc?scope=H57&period=2026-08&lang=en")
    assert "No indicator has changed." in html


async def test_a_period_that_is_not_over_was_not_closed(corrected: Here) -> None:
    html = await page(corrected, f"/differences/emc?period={today():%Y}&lang=en")
    assert "not over and was not closed yet" in html


async def test_a_ranking_lists_small_ones_apart_and_can_be_kept_as_csv(corrected: Here) -> None:
    html = await page(corrected, "/rankings/qd766?period=2026-08&lang=en")
    # Once above them, and not beside each.
    assert html.count("No place: fewer than 100 dossiers") == 1
    assert "July 2026" in html
    async with signed_in(corrected, "national") as client:
        answer = await client.get("/rankings/qd766?period=2026-08&format=csv&q=H56")
    head, line = answer.text.splitlines()
    said = dict(zip(head.split(","), line.split(","), strict=True))
    assert (said["agency"], said["place"], said["unranked"], said["received"]) == (
        "H56", "", "too_small", "4",
    )  # fmt: skip


async def test_the_reason_of_a_movement_adds_up(corrected: Here) -> None:
    html = await page(corrected, "/rankings/emc?period=2026-08&by=online_share&why=H56&lang=en")
    assert "What moved" in html


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        ("/scorecards", "", 403),
        ("/scorecards/emc", "", 403),
        ("/scorecards/emc", "public", 403),
        ("/rankings/emc", "public", 403),
        ("/differences/emc", "public", 403),
        ("/reports", "public", 403),
        ("/reports/emc", "public", 403),
        ("/scorecards/emc?scope=H57", "agency", 403),
        ("/scorecards/emc?scope=country", "agency", 403),
        ("/differences/emc?scope=H57", "agency", 403),
        ("/reports/emc?scope=H57&as=json", "agency", 403),
        ("/scorecards/emc?scope=H56.14", "agency", 200),
        ("/rankings/emc?period=2026-08", "agency", 200),
        ("/rankings/emc?period=2026-08&by=online_share&why=H57", "agency", 403),
        ("/rankings/emc", "agency", 200),  # of the month that is over
        ("/rankings/emc?period=2099-01", "agency", 403),
        ("/scorecards/nope", "national", 404),
        ("/scorecards/emc?scope=khong+co", "national", 404),
        ("/differences/emc?period=2026-08&indicator=nope", "national", 404),
        ("/reports/published/999", "national", 404),
    ],
)
async def test_for_whom_they_are(corrected: Here, path: str, role: str, status: int) -> None:
    await page(corrected, path, role, status)


async def test_a_refused_look_at_dossiers_is_written_down(corrected: Here) -> None:
    await page(corrected, f"/differences/emc?scope=H57&period=2026-08&{BEHIND}", "agency", 403)
    assert (await corrected.looks())[-1][2:] == (403, 0)


@pytest.mark.parametrize("format_", ["json", "csv", "xlsx", "html"])
async def test_a_download_is_what_emc_report_writes(corrected: Here, format_: str) -> None:
    async with signed_in(corrected, "national") as client:
        answer = await client.get(
            f"/reports/qd766?scope=H56&period=2026-08&as={format_}&lang=vi"
        )
    assert answer.status_code == 200
    async with asyncpg.create_pool(corrected.database, min_size=0, max_size=4) as pool:
        officials = Officials(pool)
        cut = (await officials.ground(None)).cut.seq
        found = await made(
            officials, Asked(indicators="qd766", scope="H56", period="2026-08"), cut
        )
    expected = written(found, Format(format_), Language.VIETNAMESE)
    assert digest(answer.content) == digest(expected)


async def test_what_is_remembered_of_two_cuts_is_of_the_policy_that_is_told_of_them(
    corrected: Here,
) -> None:
    """A switch of the policy says when it was before it is done: a cut may be published between both."""
    period = Period.of("2026-08")
    async with asyncpg.create_pool(corrected.database, min_size=0, max_size=4) as pool:
        officials = Officials(pool)
        for epoch in (1, 2):
            found = await officials.difference("emc", Scope("H56"), period, then=1)
            ranked = await officials.ranking("emc", period, kind=Ranked.PROVINCES)
            assert (found.before.known.epoch, found.after.known.epoch) == (epoch, epoch)
            assert ranked.known.epoch == epoch
            if epoch == 1:
                await pool.execute(
                    "INSERT INTO policy (epoch, rules, reference, state, activated_at)"
                    " SELECT 2, rules, reference, 'past', activated_at FROM policy"
                )
        await pool.execute("DELETE FROM policy WHERE epoch = 2")


async def test_nothing_of_another_agency_is_in_ones_own_list(corrected: Here) -> None:
    html = await page(corrected, f"/differences/emc?period=2026-08&{BEHIND}", "agency")
    assert FOREIGN not in html
    assert OWN[1] not in html  # it did not change


def offered(html: str, path: str) -> set[str]:
    """The periods that a page has links to, of an address."""
    found = re.findall(rf'href="{path}\?([^"#]*)', html)
    return {one for query in found for one in re.findall(r"\bperiod=([^&]*)", query)}


async def test_no_period_is_offered_in_which_the_set_is_not_valid(corrected: Here) -> None:
    # Valid from 1 July 2026.
    path = "/scorecards/decree-224-19"
    periods = offered(await page(corrected, f"{path}?period=2026-09"), path)
    assert {"2026-08", "2026-Q3", "2026-H2"} <= periods
    assert "2026" not in periods
    assert "2026-06" not in offered(await page(corrected, f"{path}?period=2026-07"), path)
    ranked = "/rankings/decree-224-19"
    assert "2026" not in offered(await page(corrected, f"{ranked}?period=2026-09"), ranked)


async def test_an_agency_is_led_to_rankings_of_what_is_over_alone(corrected: Here) -> None:
    this, over = f"{today():%Y-%m}", f"{today().replace(day=1) - timedelta(days=1):%Y-%m}"
    path = "/rankings/emc"
    sets = f"/scorecards?period={this}"
    assert offered(await page(corrected, sets, "agency"), path) == {over}
    assert offered(await page(corrected, sets), path) == {this}
    assert this in offered(await page(corrected, f"{path}?period={over}"), path)
    assert this not in offered(await page(corrected, f"{path}?period={over}", "agency"), path)
    html = await page(corrected, "/scorecards?period=2099-01&lang=en", "agency")
    assert offered(html, path) == set()
    assert "Once the period is over" in html


async def test_nobody_is_led_to_a_ranking_of_whom_the_files_do_not_list(
    corrected: Here,
) -> None:
    # The country of the tests has departments, and no communes.
    html = await page(corrected, "/scorecards?period=2026-08")
    assert "kind=departments" in html
    assert "kind=communes" not in html


async def test_who_may_not_open_an_agency_is_told_its_name_without_a_link(
    corrected: Here,
) -> None:
    html = await page(corrected, "/find?q=thanh+hoa", "agency")
    assert 'href="/agencies/H56"' in html
    html = await page(corrected, "/find?q=hue", "agency")
    assert "<code>H57</code>" in html
    assert "/agencies/H57" not in html


async def test_the_layout_of_a_form_is_sorted_and_the_whole_stays_last(corrected: Here) -> None:
    asked = "/scorecards/report-06b?scope=country&each=unit&period=2026-08&lang=en"

    def names(html: str) -> list[str]:
        form = html[html.index('<table class="form">') :].partition("</table>")[0]
        return re.findall(r'<th scope="row">([^<]*)</th>', form)

    def aria(html: str) -> list[tuple[str, str]]:
        return re.findall(r'aria-sort="(\w+)"><a [^>]*>([^<]*)</a>', html)

    html = await page(corrected, asked)
    whole = names(html)[-1]
    assert aria(html) == []
    html = await page(corrected, f"{asked}&order=-received_total")
    assert aria(html) == [("descending", "Received, in total")]
    # Four of Thanh Hoá, one of Huế; the whole has five.
    assert ["Thanh Hóa" in names(html)[0], "Huế" in names(html)[1]] == [True, True]
    assert names(html)[-1] == whole
    assert 'order=received_total"' in html.replace("#each", "")
    html = await page(corrected, f"{asked}&order=received_total")
    ordered = names(html)
    assert ordered.index(next(one for one in ordered if "Huế" in one)) < ordered.index(
        next(one for one in ordered if "Thanh Hóa" in one)
    )
    assert ordered[-1] == whole
    html = await page(corrected, f"{asked}&order=-name")
    assert names(html)[:-1] == sorted(names(html)[:-1], key=unmarked, reverse=True)
    assert names(html)[-1] == whole


async def test_an_agency_cannot_tell_which_reports_of_others_there_are(corrected: Here) -> None:
    connection = await asyncpg.connect(corrected.database)
    try:
        # A number that stands for nothing else on a page.
        await connection.execute(
            "SELECT setval(pg_get_serial_sequence('published_report', 'id'), 888000)"
        )
        numbers = [
            (
                await publish(
                    connection, kind="scorecard", indicators="emc", set_version="1", set_hash="00",
                    scope=scope, period="2026-08", asked={}, cut=1, sealed_at=now(), format_="csv",
                    language="vi", content=b"x", figures="00", release="0", who="x", why="",
                )
            ).id
            for scope in ("H56", "H57")
        ]  # fmt: skip
    finally:
        await connection.close()
    own, anothers = numbers
    await page(corrected, f"/reports/published/{own}", "agency")
    await page(corrected, f"/reports/published/{anothers}")
    said = []
    for number in (anothers, 999_999):
        html = await page(corrected, f"/reports/published/{number}?lang=en", "agency", 404)
        html = re.sub(r"<code>[^<]*</code>", "", html)  # of the request
        said.append(html.replace(str(number), "N"))
    assert said[0] == said[1]
