"""Tokens: what opens, what does not, and what nobody learns by trying."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from monitor.ledger.access import Passes, Role, new_token, token_hash
from tests.outlets.api.service import API, Here, here, now

PLANTED = "emc_read_" + "planted" * 6 + "x"


async def enter(dsn: str, name: str, *, hours: float = 1, made: float = 2) -> str:
    """A national token that was made so many hours ago and opens for so many more."""
    token = new_token()
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await Passes(pool).add(
            name,
            token_hash(token),
            role=Role.NATIONAL,
            at=now() - timedelta(hours=made),
            expires_at=now() + timedelta(hours=hours),
            who="test",
        )
    return token


async def revoke(dsn: str, name: str) -> None:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        assert await Passes(pool).revoke(name, at=now(), who="test")


async def shown(api: Here, authorization: str, **headers: str) -> httpx.Response:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    async with api.client(headers={"authorization": authorization, **named}) as client:
        return await client.get(f"{API}/whoami")


async def test_a_token_tells_who_asks(api: Here):
    async with api.client("agency") as client:
        said = (await client.get(f"{API}/whoami")).json()

    assert said == {"role": "agency", "name": "agency", "agency": "H56", "sees_codes": True}


async def test_a_token_that_has_expired_or_was_revoked_opens_nothing_at_once(api: Here):
    expired = await enter(api.database, "expired", hours=-1)
    revoked = await enter(api.database, "revoked")
    assert (await shown(api, f"Bearer {revoked}")).status_code == 200
    await revoke(api.database, "revoked")

    for token in (expired, revoked, PLANTED, new_token()):
        answer = await shown(api, f"Bearer {token}")
        assert answer.status_code == 401
        assert answer.json()["code"] == "unknown_token"
        assert answer.headers["www-authenticate"] == 'Bearer realm="emc", error="invalid_token"'


async def test_what_is_no_bearer_token_is_told_how_to_write_it(api: Here):
    for said in ("Basic dXNlcjpwYXNz", "Bearer", api.held["national"]):
        answer = await shown(api, said)
        assert (answer.status_code, answer.json()["code"]) == (401, "no_token"), said
    assert (await shown(api, f"bearer  {api.held['national']}")).status_code == 200


async def test_a_token_is_not_taken_where_others_may_have_read_it(api: Here):
    """A proxy on this machine that nobody told of brings what it got from anywhere."""
    said = f"Bearer {api.held['national']}"

    for header in ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded"):
        answer = await shown(api, said, **{header.replace("-", "_"): "https"})
        assert (answer.status_code, answer.json()["code"]) == (403, "tls_required")


async def test_behind_a_proxy_that_is_trusted_the_callers_address_is_written_down(
    database: str, tmp_path: Path
):
    """And a proxy may speak for https; who is behind two may not invent what he likes."""
    async with here(database, tmp_path, serve_proxies="127.0.0.1") as api:
        said = f"Bearer {api.held['national']}"
        forwarded = {"x_forwarded_for": "1.2.3.4, 10.56.0.9", "x_forwarded_proto": "https"}
        plain = await shown(api, said, **{**forwarded, "x_forwarded_proto": "http"})
        secure = await shown(api, said, **forwarded)
        async with api.client(
            "national", headers={"x-forwarded-for": "1.2.3.4, 10.56.0.9",
                                 "x-forwarded-proto": "https"}
        ) as client:  # fmt: skip
            await client.get(f"{API}/dossiers/H57.03-260803-0001")
        [row] = await api.ledger("SELECT address FROM access_audit")

    assert (plain.status_code, secure.status_code) == (403, 200)
    assert secure.headers["strict-transport-security"] == "max-age=31536000"
    assert row["address"] == "10.56.0.9", "the nearest that is no proxy of ours"


async def test_who_guesses_must_wait_and_who_was_let_in_before_need_not(
    database: str, tmp_path: Path
):
    async with here(database, tmp_path, fill=()) as api:
        known = f"Bearer {api.held['national']}"
        assert (await shown(api, known)).status_code == 200
        guesses = [(await shown(api, f"Bearer {new_token()}")).status_code for _ in range(25)]
        late = await shown(api, f"Bearer {new_token()}")
        after = await shown(api, known)
        anonymous = await api.get("agencies?limit=1")
        warned = api.serve.said().count("tokens that open nothing")

    assert guesses == [401] * 20 + [429] * 5
    assert 1 <= int(late.headers["retry-after"]) <= 60
    assert (after.status_code, anonymous.status_code) == (200, 200)
    assert warned == 1, "told once, not with every guess"


async def test_no_token_gets_into_a_log_or_an_answer(database: str, tmp_path: Path):
    """Not even when something fails while it is in hand."""
    async with here(database, tmp_path) as api:
        answers: list[Any] = []
        for path in ("whoami", f"dossiers/{PLANTED}", f"agencies?{PLANTED}=1", PLANTED):
            answers.append(await shown(api, f"Bearer {PLANTED}"))
            answers.append(await api.get(path, "national", x_request_id=PLANTED))
        await api.ledger("ALTER TABLE access_token DROP COLUMN why")
        answers.append(await api.get("whoami", "national"))
        await api.ledger("ALTER TABLE access_token ADD COLUMN why integer DEFAULT 7")
        answers.append(await api.get("whoami", "national"))
        log = api.serve.said()
        held = list(api.held.values())

    assert [one.status_code for one in answers][-2:] == [503, 200]
    for token in held:
        assert token not in log
        for answer in answers:
            assert token not in answer.text + str(answer.headers)
    assert PLANTED not in log


async def test_hashes_are_compared_in_constant_time(database: str, api: Here):
    """The ledger finds a row by an index; what it found is compared once more, whole."""
    compared: list[str] = []

    def watch(_frame: Any, what: str, function: Any) -> None:
        if what == "c_call" and function.__name__ == "compare_digest":
            compared.append(function.__name__)

    async with asyncpg.create_pool(api.database, min_size=0, max_size=1) as pool:
        sys.setprofile(watch)
        try:
            found = await Passes(pool).by_token(api.held["national"], now())
        finally:
            sys.setprofile(None)

    assert found is not None
    assert compared == ["compare_digest"]


async def test_who_asks_faster_than_the_rate_is_told_when_to_come_again(
    database: str, tmp_path: Path
):
    async with here(database, tmp_path, fill=(), api_rate="5") as api:
        async with api.client("agency") as client:
            answers = await asyncio.gather(*(client.get(f"{API}/whoami") for _ in range(40)))
        other = await api.get("whoami", "national")
        scraped = await api.get("/metrics")

    statuses = [answer.status_code for answer in answers]
    assert 20 <= statuses.count(200) <= 35, "four seconds' worth at once"
    assert statuses.count(429) == 40 - statuses.count(200)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert other.status_code == 200, "another visitor's rate is his own"
    assert scraped.status_code == 200
