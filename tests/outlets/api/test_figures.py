"""Figures over the API: hand-counted, equal in both formats, and stable while events come in.

Booked is what `service.RECORDS` says, of August 2026: in H56.14 three received online, of which one was
completed on the 7th, one on the 12th though due on the 10th, and one is open; in H57.03 one completed.
"""

import asyncio
import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger import stated
from monitor.ledger.official import Officials
from monitor.outlets.report.as_csv import as_csv
from tests.ledger.fill import feeding
from tests.outlets.api.service import (
    API,
    FOREIGN,
    OWN,
    POLICY,
    REFERENCE,
    Here,
    folded,
    here,
    life,
    now,
    today,
)

MONTH = "period=2026-08"


def table(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


async def facts(api: Here, query: str, role: str = "agency") -> dict[str, int | None]:
    answer = await api.get(f"balances?{MONTH}&{query}", role)
    assert answer.status_code == 200, answer.text
    return {one["fact"]: one["value"] for one in answer.json()["facts"]}


async def test_facts_are_those_counted_by_hand(api: Here):
    of_h56 = await facts(api, "scope=H56")
    of_all = await facts(api, "scope=country", "national")

    expected = {
        "received_in_period": 3, "boarded_in_period": 0, "handled_in_period": 3, "completed": 2,
        "returned": 0, "in_process": 1, "paused": 0, "carried_over": 0, "on_time": 1, "late": 1,
        "services_received": 1,
    }  # fmt: skip
    assert {fact: of_h56[fact] for fact in expected} == expected
    assert (of_all["received_in_period"], of_all["completed"], of_all["late"]) == (4, 3, 1)


async def test_what_nobody_knows_is_null_and_not_0(api: Here):
    """No source is in the register, so that nobody knows how many are connected."""
    answer = await api.get(f"balances?{MONTH}&scope=H56&fact=sources,returned", "agency")
    lines = table(await api.get(
        f"balances?{MONTH}&scope=H56&fact=sources,returned&format=csv", "agency"
    ))  # fmt: skip

    assert [(one["fact"], one["standing"], one["value"]) for one in answer.json()["facts"]] == [
        ("sources", "null", None),
        ("returned", "number", 0),
    ]
    assert [(one["standing"], one["value"]) for one in lines] == [("null", ""), ("number", "0")]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("procedure", {"1.004194": 3}),
        ("channel", {"0": 0, "1": 0, "2": 3, "3": 0}),
        ("level", {"0": 0, "2": 0, "3": 0, "4": 3}),
    ],
)
async def test_parts_are_all_of_the_whole(api: Here, by: str, expected: dict[str, int]):
    answer = await api.get(
        f"balances?{MONTH}&scope=H56&by={by}&fact=received_in_period", "agency"
    )

    found = {one["part"]: one["value"] for one in answer.json()["facts"]}
    assert {code: found[code] for code in expected if code in found} == {
        code: value for code, value in expected.items() if code in found
    }
    assert sum(found.values()) == 3


async def test_a_scorecard_is_the_document_of_a_report(api: Here):
    """The same bytes, and in CSV the same table."""
    path = f"scorecards/emc?scope=H56&{MONTH}"
    shown, lines = await api.get(path, "agency"), await api.get(f"{path}&format=csv", "agency")
    async with asyncpg.create_pool(api.database, min_size=0, max_size=2) as pool:
        official = await Officials(pool).scorecard(
            "emc", Scope("H56"), Period.of("2026-08"), trend=True
        )

    document = stated.scorecard(official)
    assert shown.content == stated.as_bytes(document)
    assert lines.content == as_csv(document)
    share = next(
        one
        for one in shown.json()["figures"]
        if one["indicator"] == "full_process_dossier_share"
    )
    assert (share["numerator"], share["denominator"], share["value"]) == (3, 3, 100.0)
    assert shown.json()["known"]["rules_version"] >= 6
    assert len(shown.json()["set"]["hash"]) == 16


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (f"balances?scope=H56&{MONTH}", "facts"),
        (f"balances?scope=H56&{MONTH}&by=part&limit=3", "facts"),
        ("series?scope=H56&from=2026-07&to=2026-09&fact=completed,late", "facts"),
        ("series/emc?scope=H56&from=2026-07&to=2026-08", "figures"),
        (f"breakdowns/emc?scope=H56&{MONTH}&by=procedure", "figures"),
        (f"breakdowns/qd766?scope=H56&{MONTH}&limit=2", "figures"),
        (f"rankings/emc/reasons?scope=H56&{MONTH}&by=full_process_dossier_share", "reasons"),
        ("sets/qd766", "indicators"),
        ("sets", "sets"),
    ],
)
async def test_csv_says_what_json_says(api: Here, path: str, key: str):
    sep = "&" if "?" in path else "?"
    shown = await api.get(path, "national")
    lines = table(await api.get(f"{path}{sep}format=csv", "national"))

    said = json.loads(shown.text, parse_float=Decimal)
    assert len(said[key]) == len(lines) > 0 or key == "reasons"
    for one, line in zip(said[key], lines, strict=True):
        for name, value in one.items():
            assert same(value, line[name]), (name, value, line[name])
        if "known" in said:
            assert line["cut"] == str(said["known"]["cut"])
            assert line["sealed_at"] == said["known"]["sealed_at"]


def same(value: Any, written: str) -> bool:
    match value:
        case None:
            return written == ""
        case bool():
            return written == str(value).lower()
        case int() | Decimal():
            return Decimal(written) == value
        case list():
            return written == " ".join(value)
        case _:
            return written in (value, f"'{value}")


async def test_a_series_has_every_period_once_at_one_cut(api: Here):
    answer = await api.get(
        "series?scope=H56&from=2026-08-03&to=2026-08-12&fact=received_in_period,completed",
        "agency",
    )

    found = {(one["period"], one["fact"]): one["value"] for one in answer.json()["facts"]}
    assert len(found) == 20
    assert {key for key, value in found.items() if value} == {
        ("2026-08-03", "received_in_period"),
        ("2026-08-07", "completed"),
        ("2026-08-12", "completed"),
    }
    assert found["2026-08-03", "received_in_period"] == 3


async def test_peers_are_ranked_for_an_agency_once_the_period_is_over(api: Here):
    over = (await api.get(f"rankings/emc?{MONTH}", "agency")).json()
    under_way = await api.get(f"rankings/emc?period={today().year}", "agency")
    national = await api.get(f"rankings/emc?period={today().year}", "national")

    by_code = {one["scope"]["id"]: one for one in over["positions"]}
    assert len(by_code) == 34
    assert (by_code["H57"]["received"], by_code["H57"]["unranked"]) == (1, "too_small")
    assert under_way.status_code == 403
    assert "which is not over" in under_way.json()["detail"]
    assert national.status_code == 200


@pytest.mark.parametrize(
    ("path", "code", "parameter"),
    [
        (f"scorecards/nothing?scope=H56&{MONTH}", "not_found", None),
        (f"scorecards/emc?scope=H99&{MONTH}", "not_found", None),
        (f"scorecards/emc?scope=H56;DROP&{MONTH}", "wrong_parameter", "scope"),
        (f"scorecards/emc?scope=H56'--&{MONTH}", "wrong_parameter", "scope"),
        (f"scorecards/emc?{MONTH}", "wrong_parameter", "scope"),
        ("scorecards/emc?scope=H56&period=2026-13", "wrong_parameter", "period"),
        (f"scorecards/emc?scope=H56&{MONTH}&known_at=yesterday", "wrong_parameter", "known_at"),
        (f"scorecards/emc?scope=H56&{MONTH}&known_at=2026-01-01T00:00:00Z", "not_known", None),
        (f"scorecards/emc?scope=H56&{MONTH}&known_at=2099-01-01T00:00:00Z", "not_known", None),
        ("series?scope=H56&from=1990-01-01&to=2026-08-01", "wrong_parameter", "to"),
        ("series?scope=H56&from=2026-08&to=2026-07", "wrong_parameter", "to"),
        ("series?scope=H56&from=2026-08&to=2026-08-30", "wrong_parameter", "to"),
        ("series/emc?scope=H56&from=2010-01&to=2026-08", "wrong_parameter", "to"),
        (f"balances?scope=H56&{MONTH}&fact=recieved", "wrong_parameter", "fact"),
        (f"balances?scope=H56&{MONTH}&by=part&after=x", "wrong_parameter", "after"),
        (f"balances?scope=H56&{MONTH}&by=part&after=p%2d%2d", "wrong_parameter", "after"),
        (f"rankings/emc?{MONTH}&kind=towns", "wrong_parameter", "kind"),
        (f"rankings/emc?{MONTH}&by=nothing", "not_found", None),
        (f"breakdowns/emc?scope=H56&{MONTH}&indicator=nothing", "not_found", None),
        (f"dossiers?scope=H56&{MONTH}", "wrong_parameter", "fact"),
        (f"dossiers?scope=H56&{MONTH}&fact=completed&set=emc", "wrong_parameter", "fact"),
        (f"dossiers?scope=H56&{MONTH}&fact=services", "wrong_parameter", "fact"),
        (
            f"dossiers?scope=H56&{MONTH}&fact=completed&after=0.gAAAA",
            "wrong_parameter",
            "after",
        ),
        (f"dossiers?scope=H56&{MONTH}&fact=completed&after=9.", "wrong_parameter", "after"),
        (f"differences/emc?scope=H56&{MONTH}", "wrong_parameter", "then"),
        (f"scorecards/emc?scope=H56.99&{MONTH}", "not_found", None),
        (f"breakdowns/emc?scope=H56.99&{MONTH}", "not_found", None),
        (f"balances?scope=H56.99&{MONTH}", "not_found", None),
        ("series?scope=H56.99&from=2026-07&to=2026-08", "not_found", None),
        (f"dossiers?scope=H56.99&{MONTH}&fact=completed", "not_found", None),
    ],
)
async def test_what_cannot_be_answered_says_why(
    api: Here, path: str, code: str, parameter: str | None
):
    answer = await api.get(path, "admin")

    said = answer.json()
    assert (said["code"], said.get("parameter")) == (code, parameter)
    assert answer.status_code == (404 if code.startswith("not_") else 400)
    assert said["detail"]
    assert said["remedy"]


async def test_of_a_period_that_has_not_begun_there_is_no_data_and_it_says_why(api: Here):
    facts = (await api.get("balances?scope=H56&period=2099", "national")).json()["facts"]
    card = (await api.get("scorecards/emc?scope=H56&period=2099", "national")).json()

    assert {(one["standing"], one["reason"], one["value"]) for one in facts} == {
        ("no_data", "not_begun", None)
    }
    assert {one["standing"] for one in card["figures"]} == {"no_data"}


async def test_a_look_at_a_dossier_is_noted_as_the_address_it_was_asked_at(api: Here):
    """The book has one form: what stands in it can be asked for again."""
    [shown] = (
        await api.get(f"dossiers?scope=H56&{MONTH}&fact=completed&limit=1", "agency")
    ).json()["dossiers"]

    await api.get(f"dossiers/{shown['dossier']}", "agency")

    listed, one = [asked for _, asked, _, _ in (await api.looks())[-2:]]
    assert listed.startswith("/api/v1/dossiers?")
    assert one == f"/api/v1/dossiers/{shown['token']}"


async def test_a_plus_in_an_address_is_one(api: Here):
    """Whoever forgets to encode it is understood: no code has a blank."""
    plus, encoded = [
        (await api.get(f"balances?scope=H56{sign}1.004194&{MONTH}&fact=completed", "agency"))
        for sign in ("+", "%2B")
    ]

    assert plus.json() == encoded.json()
    assert plus.json()["scope"] == "H56+1.004194"
    assert plus.json()["facts"][0]["value"] == 2


# -- dossiers behind a number ----------------------------------------------------------------------


async def behind(api: Here, query: str, role: str = "agency") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path = f"{API}/dossiers?{MONTH}&{query}"
    async with api.client(role) as client:
        for _ in range(100):
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            found += answer.json()["dossiers"]
            if answer.json()["next"] is None:
                return found
            path = answer.json()["next"]
    raise AssertionError("it never ends")


async def test_behind_a_number_are_as_many_dossiers_as_it_says(api: Here):
    late = await behind(api, "scope=H56&fact=late")
    received = await behind(api, "scope=H56&fact=received_in_period&limit=1")
    open_ = await behind(api, "scope=H56.14&fact=in_process")
    country = await behind(api, "scope=country&fact=completed", "national")
    share = await behind(
        api, "scope=H56&set=emc&indicator=full_process_dossier_share&side=denominator"
    )

    assert [one["dossier"] for one in late] == [OWN[1]]
    assert sorted(one["dossier"] for one in received) == list(OWN)
    assert [one["dossier"] for one in open_] == [OWN[2]]
    assert sorted(one["dossier"] for one in share) == list(OWN)
    assert {one["dossier"] for one in country} == {
        await api.token_of(key) for key in (OWN[0], OWN[1], FOREIGN)
    }
    assert all(one["dossier"] == one["token"] for one in country), "no code for who sees none"


async def test_each_page_of_dossiers_is_written_down_with_how_many_it_has(api: Here):
    before = len(await api.looks())

    await behind(api, "scope=H56&fact=completed&limit=1")
    await api.get(f"dossiers?{MONTH}&scope=H57&fact=completed", "agency")

    looks = (await api.looks())[before:]
    assert [(who, status) for who, _, status, _ in looks][:2] == [("agency", 200)] * 2
    assert sum(rows for _, _, _, rows in looks) == 2
    assert looks[-1][2:] == (403, 0)
    assert all("fact=completed" in asked and "2026-08" in asked for _, asked, _, _ in looks)
    assert not any(key in asked for _, asked, _, _ in looks for key in OWN)


async def test_pages_are_complete_and_stable_while_events_come_in(
    database: str, tmp_path: Path
):
    """Dossiers that were there all the while are on exactly one page; figures by then stand still."""
    there = [f"H56.14-260803-{number:04d}" for number in range(1, 61)]
    later = [f"H56.14-260803-{number:04d}" for number in range(120) if number % 2]

    def records(keys: Sequence[str]) -> list[Any]:
        return [record for key in keys for record in life(key, "08-07T10:00")]

    async with here(database, tmp_path, fill=records(there)) as api:
        known = (await api.get(f"balances?scope=H56&{MONTH}", "agency")).json()["known"]
        path = f"balances?scope=H56&{MONTH}&known_at={known['sealed_at']}"
        first = await api.get(path, "agency")
        found: list[str] = []
        following = f"{API}/dossiers?{MONTH}&scope=H56&fact=completed&limit=7"
        async with api.client("agency") as client:
            for page in range(100):
                answer = (await client.get(following)).json()
                found += [one["dossier"] for one in answer["dossiers"]]
                following = answer["next"]
                if following is None:
                    break
                if page == 2:
                    await more(database, records(later))
        after = await api.get(path, "agency")
        fresh = await api.get(f"balances?scope=H56&{MONTH}&fact=completed", "agency")
        again = await api.get(path, "agency", if_none_match=first.headers["etag"])

    assert len(found) == len(set(found))
    assert set(there) <= set(found)
    assert (after.content, after.headers["etag"]) == (first.content, first.headers["etag"])
    assert again.status_code == 304
    # Even numbers to 60 were there, odd ones to 119 came or were there.
    assert fresh.json()["facts"][0]["value"] == 30 + 60
    assert fresh.json()["known"]["cut"] > known["cut"]


async def more(dsn: str, records: Sequence[Any]) -> None:
    at_ms = int(now().timestamp() * 1000)
    async with feeding(dsn, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear(records)
    await folded(dsn)


async def test_the_tag_of_what_is_known_now_changes_with_the_cut(database: str, tmp_path: Path):
    async with here(database, tmp_path) as api:
        path = f"scorecards/emc?scope=H56&{MONTH}"
        first = await api.get(path, "agency")
        same_ = await api.get(path, "agency", if_none_match=first.headers["etag"])
        await more(database, life("H56.14-260803-0500", "08-07T10:00"))
        changed = await api.get(path, "agency", if_none_match=first.headers["etag"])

    assert (same_.status_code, changed.status_code) == (304, 200)
    assert changed.headers["etag"] != first.headers["etag"]


# -- beside /metrics ------------------------------------------------------------------------------


async def test_what_is_slow_is_ended_and_metrics_do_not_wait_for_it(
    database: str, tmp_path: Path
):
    """A table that every question needs is locked: questions end with 503, scrapes go on."""
    async with here(database, tmp_path, api_connections="2", api_patience_seconds="2") as api:
        await api.get(f"balances?scope=H56&{MONTH}", "agency")
        await api.get("/metrics")
        connection = await asyncpg.connect(database)
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE cut IN ACCESS EXCLUSIVE MODE")
        loop = asyncio.get_running_loop()
        asking = [
            asyncio.create_task(api.get(f"balances?scope=H56&{MONTH}", "agency"))
            for _ in range(6)
        ]
        await asyncio.sleep(0.5)
        took = []
        for path in ("/metrics", "/healthz", "/readyz", "/metrics"):
            began = loop.time()
            assert (await api.get(path)).status_code == 200
            took.append(loop.time() - began)
        many = await asyncio.gather(
            *(api.get(f"balances?scope=H56&{MONTH}", "agency") for _ in range(66))
        )
        answers = await asyncio.gather(*asking)
        await transaction.rollback()
        await connection.close()
        after = await api.get(f"balances?scope=H56&{MONTH}", "agency")

    assert max(took) < 2
    assert {one.status_code for one in answers} == {503}
    assert {one.json()["code"] for one in answers} == {"too_slow"}
    assert {one.status_code for one in many} == {503}
    assert "busy" in {one.json()["code"] for one in many}, "beyond so many in hand at once"
    assert all("retry-after" in one.headers for one in (*answers, *many))
    assert after.status_code == 200


async def test_a_login_without_the_rights_is_told_which_role_it_needs(
    database: str, tmp_path: Path
):
    """As `emc_reader`, which serves /metrics as ever."""
    async with here(database, tmp_path, role="emc_reader") as api:
        refused = await api.get("whoami", "agency")
        public = await api.get("agencies?limit=1")
        scraped = await api.get("/metrics")

    assert (refused.status_code, refused.json()["code"]) == (503, "not_set_up")
    assert "emc_server" in refused.json()["remedy"]
    assert (public.status_code, scraped.status_code) == (200, 200)
