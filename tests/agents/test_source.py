"""`emc source` on a real ledger: what an operator enters, what he is told, what stays on record."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from agents import source_command as command
from agents.keys import Keys
from agents.operator import FOUND, OK, Refusal
from agents.register import token_hash
from monitor.ledger.migrate import migrate
from monitor.ledger.policies import Policies
from monitor.ledger.sources import Source, Sources, Status, Unknown, Via
from monitor.reference.sets import set_of
from tests.servers.require import ROOT

NOON = datetime(2026, 11, 30, 18, tzinfo=UTC)  # 1 December in Việt Nam
SAID = {"name": "Thanh Hoá", "owner": "H56", "mandates": ["000.00.00.H56", "*/1.004194"]}

FILE = """\
[[source]]
code = "H56-onestop"
name = "One-stop of Thanh Hoá"
owner = "H56"
contact = "onestop@example.vn"
mandates = ["H56"]
names = ["Thẩm định", "kiosk"]
site_id = 271
addresses = ["10.56.0.0/16"]

[[source.expects]]
kind = "dossier.state.v1"
unit = "000.00.14.H56"
within_days = 2

[[source]]
code = "civil-registry"
name = "Civil registry"
owner = "G15"
mandates = ["*/1.004194", "*/2.000815"]
claiming = true
"""


@pytest.fixture
async def dsn(database: str) -> str:
    await migrate(database)
    return database


async def does(work: Any, dsn: str, *given: Any, as_json: bool = False, **options: Any) -> Any:
    """The status, and what was printed."""
    out = io.StringIO()
    who = {} if work in (command.list_, command.list_unknown, command.show, command.history,
                             command.stands) else {
        "who": "lan", "why": "letter 12"
    }  # fmt: skip
    status = await work(dsn, *given, **options, **who, as_json=as_json, out=out)
    return status, json.loads(out.getvalue()) if as_json else out.getvalue()


async def add(dsn: str, code: str = "H56-onestop", *, token: bool = False, **said: Any) -> Any:
    entry = command.entry(code, {**SAID, **said})
    return await does(command.add, dsn, entry, token=token, topic=None, at=NOON, as_json=True)


async def change(dsn: str, *, clear: Any = (), **said: Any) -> Any:
    return await does(command.set_, dsn, "H56-onestop", said, clear=clear, at=NOON)


async def source(dsn: str, code: str = "H56-onestop") -> Source:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        found = await Sources(pool).find(code)
    assert found is not None
    return found


async def test_a_source_is_entered_on_trial_and_its_token_is_shown_once(dsn):
    status, told = await add(dsn, token=True)

    [entered] = told["entered"]
    found = await source(dsn)
    assert status == OK
    assert entered["topic"] == "emc.in.H56-onestop"
    assert found.status is Status.TRIAL
    assert [each.hash for each in found.credentials] == [token_hash(entered["token"])]
    connection = await asyncpg.connect(dsn)
    everything = [
        str(await connection.fetch(f"SELECT t::text FROM {table} t"))
        for table in ("source", "source_credential", "source_history")
    ]
    await connection.close()
    assert not any(entered["token"] in text for text in everything)


async def test_codes_are_kept_in_their_national_spelling(dsn):
    await add(dsn)

    _, shown = await does(command.show, dsn, "H56-onestop", at=NOON, as_json=True)

    assert shown["mandates"] == ["H56", "*/1.004194"]


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ({"name": " "}, "--name: a source needs its name"),
        ({"mandates": []}, "--mandates: without a mandate all that it says is refused"),
        ({"mandates": ["/1.004194"]}, "is no mandate: write AGENCY or AGENCY/PROCEDURE"),
        ({"zone": "Asia/Hanoi"}, "--zone: "),
        ({"heartbeat_seconds": 0}, "--heartbeat-seconds: 0 is no number of it"),
        ({"site_id": 7}, "--addresses: anybody can send a SiteId"),
        ({"addresses": ["10.0.0.0/8"]}, "--addresses: addresses go with a SiteId"),
        ({"site_id": 7, "addresses": ["10.1.1.1/8"]}, "--addresses: 10.1.1.1/8 has host bits"),
        ({"expects": ["dossier.stat.v1"]}, "did you mean dossier.state.v1?"),
        ({"names": ["Nguyễn 079203001234"]}, "looks like somebody's number"),
        ({"quirks": ["Paused"]}, "is no word for a defect"),
        ({"kind": "portal"}, "is not among the portals of the active policy"),
    ],
)
async def test_what_cannot_be_entered_is_refused_with_the_remedy(dsn, said, complaint):
    with pytest.raises(Refusal) as refused:
        await add(dsn, **said)

    assert complaint in str(refused.value)
    _, listed = await does(command.list_, dsn, at=NOON, as_json=True)
    assert listed == {"sources": []}


async def test_all_that_is_wrong_is_said_at_once(dsn):
    with pytest.raises(Refusal) as refused:
        await add(dsn, "079203001234", name="", site_id=7)

    assert len(str(refused.value).splitlines()) == 4


async def test_a_portal_is_one_of_the_active_policy(dsn):
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await Policies(pool).register(set_of(ROOT / "deploy/reference")[0])

    status, _ = await add(dsn, "national-portal", kind="portal", mandates=["*"])
    with pytest.raises(Refusal, match="make it a portal, or take it out of portals"):
        await add(dsn, "national-portal", kind="system")

    assert status == OK


async def test_going_live_dates_itself_by_the_day_of_the_source(dsn):
    await add(dsn)

    await change(dsn, status="live")

    found = await source(dsn)
    assert (found.status, str(found.go_live)) == (Status.LIVE, "2026-12-01")


async def test_what_is_set_replaces_and_what_is_cleared_goes(dsn):
    await add(dsn, names=["kiosk", "app"], site_id=7, addresses=["10.1.1.1"])

    await change(dsn, names=["web"], clear=["site-id", "addresses"])

    found = await source(dsn)
    assert found.names == frozenset({"web"})
    assert (found.site_id, found.addresses) == (None, ())
    assert found.name == "Thanh Hoá"


async def test_what_must_be_there_cannot_be_cleared(dsn):
    await add(dsn)

    with pytest.raises(Refusal, match="it is one of go_live, contact"):
        await change(dsn, clear=["owner"])


async def test_a_file_enters_many_and_entering_it_again_enters_none(dsn, tmp_path):
    file = tmp_path / "sources.toml"
    file.write_text(FILE, "utf-8")
    given: dict[str, Any] = {"token": False, "topic": None, "at": NOON, "as_json": True}

    _, first = await does(command.add_file, dsn, file, **given)
    _, again = await does(command.add_file, dsn, file, **given)

    assert [each["code"] for each in first["entered"]] == ["H56-onestop", "civil-registry"]
    assert again == {"entered": []}
    found = await source(dsn)
    assert found.expectations[0].unit == "H56.14"
    assert found.names == frozenset({"Thẩm định", "kiosk"})


async def test_a_file_that_says_otherwise_enters_nothing(dsn, tmp_path):
    file = tmp_path / "sources.toml"
    file.write_text(FILE, "utf-8")
    await add(dsn, "civil-registry")

    with pytest.raises(Refusal, match="in the register, but otherwise: civil-registry"):
        await does(command.add_file, dsn, file, token=False, topic=None, at=NOON)

    _, listed = await does(command.list_, dsn, at=NOON, as_json=True)
    assert [each["code"] for each in listed["sources"]] == ["civil-registry"]


async def test_a_complaint_about_a_file_names_its_line(dsn, tmp_path: Path):
    file = tmp_path / "sources.toml"
    file.write_text(
        FILE.replace('owner = "G15"', 'ownr = "G15"').replace('"10.56.0.0/16"', '"10.56"'),
        "utf-8",
    )

    with pytest.raises(Refusal) as refused:
        await does(command.add_file, dsn, file, token=False, topic=None, at=NOON)

    assert "sources.toml:19:" in str(refused.value)
    assert "ownr" in str(refused.value)


async def test_a_new_token_opens_beside_the_old_one_for_a_while(dsn):
    _, told = await add(dsn, token=True)
    old = told["entered"][0]["token"]

    _, rotated = await does(
        command.rotate, dsn, "H56-onestop", overlap=timedelta(days=7), at=NOON, as_json=True
    )

    assert rotated["token"] != old
    assert rotated["others_until"] == "2026-12-07T18:00:00.000Z"
    valid = [each.valid(NOON + timedelta(days=8)) for each in (await source(dsn)).credentials]
    assert valid == [False, True]


async def test_a_token_is_revoked_by_its_number(dsn):
    await add(dsn, token=True)
    [credential] = (await source(dsn)).credentials
    given: dict[str, Any] = {
        "credential": credential.id,
        "confirmed": lambda _: False,
        "at": NOON,
    }

    first, _ = await does(command.revoke, dsn, "H56-onestop", **given)
    again, _ = await does(command.revoke, dsn, "H56-onestop", **given)

    assert (first, again) == (OK, FOUND)
    assert not (await source(dsn)).credentials[0].valid(NOON)


async def test_a_source_is_shut_out_only_on_purpose_and_may_come_back(dsn):
    await add(dsn)
    given: dict[str, Any] = {"credential": None, "at": NOON}

    with pytest.raises(Refusal, match="nothing was changed"):
        await does(command.revoke, dsn, "H56-onestop", **given, confirmed=lambda _: False)
    await does(command.revoke, dsn, "H56-onestop", **given, confirmed=lambda _: True)
    assert (await source(dsn)).status is Status.REVOKED
    with pytest.raises(Refusal, match="is revoked"):
        await does(command.rotate, dsn, "H56-onestop", overlap=timedelta(), at=NOON)

    await change(dsn, status="trial")
    assert (await source(dsn)).status is Status.TRIAL


async def test_the_history_says_who_and_why(dsn):
    await add(dsn)
    await change(dsn, contact="new@example.vn")

    _, told = await does(command.history, dsn, "H56-onestop", last=10, as_json=True)

    assert [(each["action"], each["who"], each["why"]) for each in told["changes"]] == [
        ("set", "lan", "letter 12"),
        ("add", "lan", "letter 12"),
    ]
    assert told["changes"][0]["change"] == {"contact": ["", "new@example.vn"]}


async def test_a_source_known_by_its_site_only_is_flagged(dsn):
    await add(dsn, site_id=7, addresses=["10.1.1.1"])

    _, told = await does(command.list_, dsn, at=NOON)

    assert "known by SiteId and address only" in told


async def test_a_hidden_dossier_is_found_by_the_token_that_stands_for_it(dsn):
    await add(dsn, names=["kiosk"])
    keys = Keys.of("", "secret")

    _, hidden = await does(
        command.stands, dsn, "H56-onestop", "079203001234", keys=keys, as_json=True
    )
    _, plain = await does(command.stands, dsn, "H56-onestop", "kiosk", keys=keys, as_json=True)

    assert hidden["dossier"] == f"H56-onestop|{keys.token('079203001234')}"
    assert hidden["id"] == hidden["name"] == keys.token("079203001234")
    assert plain["name"] == "kiosk"


async def test_a_misspelt_code_is_answered_with_the_one_that_was_meant(dsn):
    await add(dsn)

    with pytest.raises(Refusal, match="did you mean H56-onestop"):
        await does(command.show, dsn, "H56-onestp", at=NOON)


async def test_unknown_senders_are_listed(dsn):
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        await Sources(pool).note_unknown(
            [
                Unknown(
                    via=Via.SITE,
                    said="271",
                    address="10.9.9.9",
                    records=12,
                    first_seen=NOON,
                    last_seen=NOON,
                )
            ]
        )

    _, told = await does(command.list_unknown, dsn, as_json=True)
    _, page = await does(command.list_unknown, dsn)

    assert told["unknown"][0]["records"] == 12
    assert "10.9.9.9" in page


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"status": "open"}, "it is trial or live"),
        ({"status": "revoked"}, "it is trial or live"),
        ({"kind": "app"}, "it is system or portal"),
        ({"expects": ["a,b,c,d,e"]}, "write KIND"),
        ({"expects": ["a,b,c,soon"]}, "write KIND"),
    ],
)
def test_a_word_that_is_no_choice_is_refused(given, complaint):
    with pytest.raises(Refusal, match=complaint):
        command.entry("x", given)
