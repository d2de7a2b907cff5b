"""How answers come: formats, tags, pages, problems, and what is kept by whom."""

import asyncio
import csv
import gzip
import io
import json
from contextlib import suppress
from typing import Any

import asyncpg
import httpx
import pytest

from monitor.outlets.api.shapes import MeasureLine
from monitor.outlets.api.written import answer
from tests.outlets.api.service import API, FOREIGN, NOBODYS, OWN, Here

PAGE = "agencies?kind=province&limit=7"


def table(answer: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.text)))


# -- formats ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "path", "media"),
    [
        ("application/json", "measures", "application/json"),
        ("text/csv", "measures", "text/csv; charset=utf-8; header=present"),
        ("*/*", "measures", "application/json"),
        ("text/*", "measures", "text/csv; charset=utf-8; header=present"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "measures", "application/json"),
        ("text/csv;q=0.4, application/json;q=0.5", "measures", "application/json"),
        ("application/json;q=0, */*", "measures", "text/csv; charset=utf-8; header=present"),
        ("application/json", "measures?format=csv", "text/csv; charset=utf-8; header=present"),
        ("image/png", "measures?format=json", "application/json"),
    ],
)
async def test_the_format_is_the_one_asked_for(api: Here, accept: str, path: str, media: str):
    answer = await api.get(path, accept=accept)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == media
    assert "accept" in answer.headers["vary"]


@pytest.mark.parametrize("accept", ["image/png", "application/xml, text/html", "text/csv;q=0"])
async def test_a_format_that_there_is_not_is_refused(api: Here, accept: str):
    answer = await api.get("measures", accept=accept)

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert answer.json()["remedy"] == "accept application/json or text/csv"


async def test_csv_says_what_json_says(api: Here):
    shown, lines = await api.get(PAGE), table(await api.get(f"{PAGE}&format=csv"))

    said = shown.json()
    assert len(said["agencies"]) == len(lines) == 7
    for one, line in zip(said["agencies"], lines, strict=True):
        expected = {**one, **said["catalogue"]}
        assert line == {
            key: "" if value is None else str(value) for key, value in expected.items()
        }


async def test_what_others_wrote_is_no_formula_to_a_spreadsheet(api: Here):
    """And a negative number stays one. (OWASP, CSV injection.)"""
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "|x", 'a,b\n"c"', "plain"]
    lines = [
        MeasureLine(
            measure=-5, name=text, kind="", day="", basis="", meaning="", on_metrics=True
        )
        for text in texts
    ]

    written = answer(lines[0], MeasureLine, lines).csv().decode()

    read = list(csv.DictReader(io.StringIO(written, newline="")))
    assert [one["name"] for one in read] == [
        "'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "'\r=1", "' =1", "'|x", 'a,b\n"c"', "plain",
    ]  # fmt: skip
    assert {one["measure"] for one in read} == {"-5"}


# -- tags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [PAGE, f"{PAGE}&format=csv", "measures", "openapi.json", "docs"]
)
async def test_what_the_caller_has_already_is_not_sent_again(api: Here, path: str):
    first = await api.get(path)
    tag = first.headers["etag"]

    again = await api.get(path, if_none_match=tag)
    listed = await api.get(path, if_none_match=f'"other", W/{tag}')
    other = await api.get(path, if_none_match='"other"')

    assert tag.startswith('"'), "strong"
    assert [(one.status_code, one.content) for one in (again, listed)] == [(304, b"")] * 2
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == first.headers["cache-control"]
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_tag_is_of_the_question_and_the_format_and_the_coding(api: Here):
    plain = {"accept_encoding": "identity"}
    tags = [
        (await api.get(path, **headers)).headers["etag"]
        for path, headers in (
            ("measures", plain),
            ("measures?format=csv", plain),
            ("agencies?limit=1", plain),
            ("agencies?limit=2", plain),
            ("measures", {"accept_encoding": "gzip"}),
        )
    ]

    assert len(set(tags)) == 5
    assert tags[4] == tags[0][:-1] + '-gzip"'


async def test_head_says_what_get_would(api: Here):
    own = {"x-request-id", "date"}
    async with api.client("agency", headers={"accept-encoding": "identity"}) as client:
        for path in (PAGE, "openapi.json", "nothing", f"dossiers/{FOREIGN}"):
            got, head = await client.get(f"{API}/{path}"), await client.head(f"{API}/{path}")

            assert (head.status_code, head.content) == (got.status_code, b"")
            shown, known = (
                {name: value for name, value in one.headers.items() if name not in own}
                for one in (head, got)
            )
            assert shown == known


async def test_what_is_large_is_compressed_for_who_takes_it(api: Here):
    async with api.client() as client:
        plain = await client.get(f"{API}/measures", headers={"accept-encoding": "identity"})
        refused = await client.get(f"{API}/measures", headers={"accept-encoding": "gzip;q=0"})
        async with client.stream(
            "GET", f"{API}/measures", headers={"accept-encoding": "br, gzip"}
        ) as answer:
            raw = b"".join([part async for part in answer.aiter_raw()])

    assert "content-encoding" not in plain.headers
    assert refused.content == plain.content
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content) / 3


# -- what may be kept, and by whom ----------------------------------------------------------------


async def test_only_what_is_public_may_be_kept_by_others(api: Here):
    kept = {
        (path, role): (await api.get(path, role)).headers["cache-control"]
        for path, role in (
            ("measures", ""),
            ("measures", "national"),
            ("whoami", ""),
            (f"dossiers/{OWN[0]}", "agency"),
            (f"dossiers/{OWN[0]}", ""),
        )
    }

    assert list(kept.values()) == [
        "public, max-age=60",
        "private, no-cache",
        "private, no-cache",
        "no-store",
        "no-store",
    ]


async def test_an_answer_is_taken_for_nothing_but_data(api: Here):
    for path in ("measures", "nothing", f"dossiers/{FOREIGN}", "agencies?x=1"):
        headers = (await api.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert (
            headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        )
        assert headers["referrer-policy"] == "no-referrer"
        assert len(headers["x-request-id"]) == 16
        assert "server" not in headers
        assert "set-cookie" not in headers
        assert not [name for name in headers if name.startswith("access-control-")]


async def test_other_pages_are_not_let_in(api: Here):
    """No CORS: a page of another host reads nothing with a visitor's browser."""
    async with api.client(
        headers={"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    ) as client:
        asked = await client.options(f"{API}/measures")
        got = await client.get(f"{API}/measures")

    assert asked.status_code in (204, 405)
    for one in (asked, got):
        assert not [name for name in one.headers if name.startswith("access-control-")]


async def test_nothing_is_written_through_it(api: Here):
    async with api.client("admin") as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await client.request(method, f"{API}/measures", content=b"x" * 100_000)
            assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
            assert answer.json()["code"] == "wrong_method"


# -- pages ------------------------------------------------------------------------------------------


async def all_pages(client: httpx.AsyncClient, path: str, key: str) -> list[Any]:
    found: list[Any] = []
    for _ in range(1_000):
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found += answer.json()[key]
        following = answer.json()["next"]
        link = answer.headers.get("link")
        assert link == (None if following is None else f'<{following}>; rel="next"')
        if following is None:
            return found
        path = following
    raise AssertionError("it never ends")


@pytest.mark.parametrize("limit", [1, 7, 33, 34, 35, 1000])
async def test_pages_have_everything_once_and_in_order(api: Here, limit: int):
    async with api.client() as client:
        found = await all_pages(
            client, f"{API}/agencies?kind=province&limit={limit}&on=2026-08-14", "agencies"
        )

    codes = [one["code"] for one in found]
    assert len(codes) == 34, "since 1/7/2025"
    assert codes == sorted(set(codes))


async def test_agencies_are_those_of_the_day_and_below_whom_was_asked(api: Here):
    before = await api.get("agencies?kind=province&on=2025-06-30&limit=100")
    below = await api.get("agencies?below=H56&on=2026-08-14&limit=1000")

    assert len(before.json()["agencies"]) == 63
    codes = [one["code"] for one in below.json()["agencies"]]
    assert codes
    assert all(code.startswith("H56.") for code in codes)
    [gone] = [one for one in before.json()["agencies"] if one["code"] == "H62"]
    assert gone["present"] == "H44"


# -- problems -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "parameter", "detail", "remedy"),
    [
        ("agencies?kid=province", "kid", "there is no such parameter", "did you mean kind?"),
        ("whoami?x=1", "x", "there is no such parameter", "it takes format"),
        ("agencies?kind=provinc", "kind", "'provinc' is none of its words", "did you mean province?"),
        ("agencies?limit=0", "limit", "'0' is not possible", "write a whole number from 1 to 1000"),
        ("agencies?limit=1e3", "limit", "'1e3' is not possible", "write a whole number from 1 to 1000"),
        ("agencies?limit=99999999999999999999", "limit", "'99999999999999999999' is not possible",
         "write a whole number from 1 to 1000"),
        ("agencies?limit=1&limit=2", "limit", "it is given twice", "give it once"),
        ("agencies?on=2026-8-1", "on", "'2026-8-1' is no day", "write 2026-08-14, from 1990 to 2100"),
        ("agencies?on=2026-02-30", "on", "'2026-02-30' is no day", "write 2026-08-14, from 1990 to 2100"),
        ("agencies?below=%27OR%201=1--", "below", "\"'OR 1=1--\" is no agency", "write its code, as H56 or H56.04"),
        ("agencies?below=H56%00", "below", "it has control characters", "leave them out"),
        ("agencies?after=%0d%0aset-cookie:x", "after", "it has control characters", "leave them out"),
        (f"agencies?below={'a' * 500}", "below", "it has 500 characters", "write at most 200"),
        (f"agencies?after={'a' * 900}", "after", "it has 900 characters", "write at most 700"),
        ("agencies?after=H56", "after", "it is not one of ours", None),
        ("agencies?format=xml", "format", "'xml' is none of its words", "write one of json, csv"),
        ("agencies?path=1", "path", "there is no such parameter", None),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_named_with_its_reason_and_remedy(
    api: Here, path: str, parameter: str, detail: str, remedy: str | None
):
    answer = await api.get(path)

    said = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert (said["status"], said["code"]) == (400, "wrong_parameter")
    assert (said["parameter"], said["detail"]) == (parameter, detail)
    assert remedy is None or said["remedy"] == remedy
    assert said["request"] == answer.headers["x-request-id"]


async def test_a_query_of_any_length_and_kind_is_bounded(api: Here):
    long = await api.get(f"agencies?kind={'a' * 3_000}")
    many = await api.get("agencies?" + "&".join(f"a{n}=1" for n in range(200)))
    bytes_ = await api.get("agencies?kind=%ff%fe")

    assert [one.status_code for one in (long, many, bytes_)] == [414, 400, 400]


async def test_a_head_of_any_length_is_bounded(api: Here):
    """Whoever sends on and on is hung up on."""
    with suppress(httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
        answer = await api.get("whoami", x_long="a" * 2_000_000)
        assert answer.status_code == 400

    assert (await api.get("whoami")).status_code == 200


async def test_a_header_cannot_be_put_into_an_answer(api: Here):
    for path in (
        "agencies?limit=1%0d%0aset-cookie:%20x=1",
        "agencies%0d%0aset-cookie:%20x=1",
        "agencies?limit=1&after=H01%0aLink:x",
    ):
        answer = await api.get(path)
        assert answer.status_code in (400, 404)
        assert "set-cookie" not in answer.headers
        assert "link" not in answer.headers


# -- dossiers -----------------------------------------------------------------------------------------


async def test_a_look_is_written_down_before_it_is_answered(api: Here):
    before = await api.looks()
    own, foreign, nobodys = [await api.token_of(key) for key in (OWN[0], FOREIGN, NOBODYS)]

    await api.get(f"dossiers/{OWN[0]}", "agency")
    await api.get(f"dossiers/{FOREIGN}", "agency")
    await api.get(f"dossiers/{FOREIGN}", "national")
    await api.get(f"dossiers/{NOBODYS}", "admin")
    await api.get(f"dossiers/{own}", "agency")

    assert (await api.looks())[len(before) :] == [
        ("agency", f"/api/v1/dossiers/{own}", 200, 1),
        ("agency", f"/api/v1/dossiers/{foreign}", 403, 0),
        ("national", f"/api/v1/dossiers/{foreign}", 200, 1),
        ("admin", f"/api/v1/dossiers/{nobodys}", 404, 0),
        ("agency", f"/api/v1/dossiers/{own}", 200, 1),
    ]


async def test_what_cannot_be_written_down_is_not_answered(api: Here):
    """The book is locked: nobody sees a dossier until the look is in it."""
    connection = await asyncpg.connect(api.database)
    try:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE access_audit IN ACCESS EXCLUSIVE MODE")
        asking = asyncio.create_task(api.get(f"dossiers/{OWN[0]}", "agency"))
        done, _ = await asyncio.wait({asking}, timeout=1)
        assert not done
        # Nor does anybody else wait for it.
        assert (await api.get("whoami", "agency")).status_code == 200
        await transaction.rollback()
        assert (await asking).status_code == 200
    finally:
        await connection.close()


async def test_a_role_without_codes_sees_none_anywhere(api: Here):
    """Not in the events, nor in their ids, nor in what was booked."""
    shown = {
        role: (await api.get(f"dossiers/{OWN[0]}", role)).text
        for role in ("agency", "national", "admin")
    }

    token = await api.token_of(OWN[0])
    assert OWN[0] in shown["agency"]
    assert OWN[0] in shown["admin"]
    assert OWN[0] not in shown["national"]
    assert json.loads(shown["national"])["explanation"]["dossier"] == token
    ids = [one["id"] for one in json.loads(shown["national"])["explanation"]["story"]]
    assert len(set(ids)) == 3, "statements are still told apart"
    lines = table(await api.get(f"dossiers/{token}?format=csv", "national"))
    assert [one["outcome"] for one in lines] == ["in_process", "in_process", "completed"]
    assert OWN[0] not in str(lines)


async def test_a_timeline_is_what_emc_explain_tells(api: Here):
    told = (await api.get(f"dossiers/{OWN[1]}", "agency")).json()["explanation"]

    assert told["dossier"] == OWN[1]
    assert told["accepted"] == "2026-08-03T08:00:00.000+07:00"
    assert told["end"] == "2026-08-12T10:00:00.000+07:00"
    assert {one["rule"]: one["finding"] for one in told["verdicts"]}["on_time"] == "late"
    assert told["ledger"]["drift"] == []
