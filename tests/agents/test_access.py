"""`emc access` on a real ledger: a token is shown once, opens until it ends, and is found in the list."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from agents import access_command as command
from agents.operator import FOUND, OK, Refusal
from monitor.ledger.access import Look, Passes, Role, token_hash
from monitor.ledger.migrate import migrate
from monitor.ledger.policies import Policies
from monitor.reference.sets import set_of
from tests.servers.require import ROOT

NOON = datetime(2026, 8, 14, 5, tzinfo=UTC)


@pytest.fixture
async def dsn(database: str) -> str:
    await migrate(database)
    return database


async def add(dsn: str, name: str = "hue-board", **said: Any) -> Any:
    given = {"role": "agency", "agency": "h57", "days": 90, **said}
    out = io.StringIO()
    status = await command.add(
        dsn, name, **given, at=NOON, who="lan", why="letter 7", as_json=True, out=out
    )
    return status, json.loads(out.getvalue())


async def listed(dsn: str, at: datetime = NOON) -> Any:
    out = io.StringIO()
    assert await command.list_(dsn, at=at, as_json=True, out=out) == OK
    return {one["name"]: one for one in json.loads(out.getvalue())["tokens"]}


async def revoke(dsn: str, name: str = "hue-board", *, sure: bool = True) -> Any:
    out = io.StringIO()
    status = await command.revoke(
        dsn, name, confirmed=lambda _: sure, at=NOON, who="minh", as_json=False, out=out
    )
    return status, out.getvalue()


async def by_token(dsn: str, token: str, at: datetime) -> Any:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        return await Passes(pool).by_token(token, at)


async def test_a_token_is_shown_once_and_only_its_hash_is_kept(dsn):
    status, told = await add(dsn)

    assert status == OK
    assert told["token"].startswith("emc_read_")
    assert len(told["token"]) == len("emc_read_") + 43, "256 bits"
    assert (told["role"], told["agency"]) == ("agency", "H57")
    assert told["expires_at"] == "2026-11-12T05:00:00.000Z", "90 days"
    connection = await asyncpg.connect(dsn)
    [row] = await connection.fetch("SELECT * FROM access_token")
    await connection.close()
    assert row["hash"] == token_hash(told["token"])
    assert told["token"] not in str(dict(row))
    assert "token" not in (await listed(dsn))["hue-board"]


async def test_two_tokens_are_never_the_same(dsn):
    first, second = await add(dsn, "a"), await add(dsn, "b")

    assert first[1]["token"] != second[1]["token"]


async def test_a_token_opens_from_its_making_to_its_end(dsn):
    _, told = await add(dsn, days=2)

    assert (await by_token(dsn, told["token"], NOON)).agency == "H57"
    last = NOON + timedelta(days=2)
    assert await by_token(dsn, told["token"], last - timedelta(seconds=1)) is not None
    assert await by_token(dsn, told["token"], last) is None
    assert (await listed(dsn, last))["hue-board"]["opens"] is False


async def test_a_revoked_token_opens_nothing_at_once_and_its_name_is_free_again(dsn):
    _, told = await add(dsn)

    assert await revoke(dsn) == (OK, "hue-board opens nothing any more\n")

    assert await by_token(dsn, told["token"], NOON) is None
    assert (await listed(dsn))["hue-board"]["revoked_by"] == "minh"
    status, said = await revoke(dsn)
    assert status == FOUND
    assert "no token hue-board to revoke" in said
    assert (await add(dsn))[0] == OK


async def test_whoever_is_not_sure_revokes_nothing(dsn):
    await add(dsn)

    with pytest.raises(Refusal, match="nothing was changed"):
        await revoke(dsn, sure=False)

    assert (await listed(dsn))["hue-board"]["opens"] is True


async def test_when_it_was_last_used_is_kept_to_the_minute(dsn):
    _, told = await add(dsn)
    assert (await listed(dsn))["hue-board"]["used_at"] is None

    for seconds in (10, 30, 69, 80):
        await by_token(dsn, told["token"], NOON + timedelta(seconds=seconds))

    assert (await listed(dsn))["hue-board"]["used_at"] == "2026-08-14T05:01:20.000Z"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"role": "boss"}, "--role 'boss': it is public, agency, national, admin"),
        ({"agency": None}, "say whose figures it may see, as --agency H56"),
        ({"role": "national"}, "only a token of the role agency has one"),
        ({"name": "a\nb"}, "is no name for a token"),
        ({"name": "=1+1"}, "is no name for a token"),
        ({"name": ""}, "is no name for a token"),
    ],
)
async def test_what_cannot_be_entered_is_refused_with_a_remedy(dsn, said, reason):
    with pytest.raises(Refusal) as refused:
        await add(dsn, **said)

    assert reason in str(refused.value)
    assert await listed(dsn) == {}


async def test_a_name_that_is_taken_is_said_with_what_to_do(dsn):
    await add(dsn)

    with pytest.raises(
        Refusal, match="there is a token 'hue-board' already; `emc access revoke"
    ):
        await add(dsn)


async def test_an_agency_must_be_one_of_the_reference_files_and_still_in_being(dsn):
    reference, _ = set_of(ROOT / "deploy" / "reference")
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await Policies(pool).register(reference)

    with pytest.raises(Refusal, match="have no ministry or province H99"):
        await add(dsn, agency="H99")
    with pytest.raises(Refusal, match="H62 has ended, and H44 stands where it did"):
        await add(dsn, agency="H62")
    assert (await add(dsn, agency="H44.03"))[0] == OK


async def test_the_audit_shows_who_looked_at_what_the_latest_first(dsn):
    _, told = await add(dsn)
    held = await by_token(dsn, told["token"], NOON)
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        for asked, status, rows in (("/dossiers?scope=H57", 200, 12), ("/dossiers/ab", 403, 0)):
            await Passes(pool).note(
                Look(
                    token=held.id,
                    who=held.name,
                    role=Role.AGENCY,
                    agency="H57",
                    asked=asked,
                    address="10.57.0.9",
                    status=status,
                    rows=rows,
                )
            )
    out, table, other = io.StringIO(), io.StringIO(), io.StringIO()

    assert await command.audit(dsn, None, last=10, as_json=True, out=out) == OK
    assert await command.audit(dsn, "hue-board", last=1, as_json=False, out=table) == OK
    assert await command.audit(dsn, "somebody", last=1, as_json=False, out=other) == OK

    looks = json.loads(out.getvalue())["looks"]
    assert [(one["who"], one["asked"], one["status"],
             one["dossiers"]) for one in looks] == [
        ("hue-board", "/dossiers/ab", 403, 0),
        ("hue-board", "/dossiers?scope=H57", 200, 12),
    ]  # fmt: skip
    assert "/dossiers/ab" in table.getvalue()
    assert table.getvalue().endswith("1 looks\n")
    assert other.getvalue().endswith("0 looks\n")
