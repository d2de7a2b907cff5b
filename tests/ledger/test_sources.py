"""The register on a real PostgreSQL: what is entered is read back, and every change is on record."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import asyncpg
import pytest

from monitor.domain.mandate import Mandate
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import (
    MOST_UNKNOWN,
    Expectation,
    Kind,
    NoSuchSource,
    Outdated,
    SiteTaken,
    Source,
    SourceExists,
    Sources,
    Status,
    Unknown,
    Via,
)

NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)
ONESTOP = Source(
    code="H56-onestop",
    name="Một cửa Thanh Hoá",
    owner="H56",
    contact="onestop@example.vn",
    site_id=271,
    addresses=("10.56.0.0/16", "2001:db8::/32"),
    mandates=(Mandate("H56"), Mandate("H19", "1.004194")),
    expectations=(Expectation(kind="dossier.state.v1", unit="H56.14", within_days=2),),
    names=frozenset({"Thẩm định"}),
    quirks=frozenset({"paused-as-processed"}),
)


@pytest.fixture
async def sources(database: str) -> AsyncIterator[Sources]:
    await migrate(database)
    async with asyncpg.create_pool(database, min_size=0, max_size=2) as pool:
        yield Sources(pool)


async def test_a_source_is_read_back_as_it_was_entered(sources):
    await sources.add(ONESTOP, who="lan")

    assert await sources.all() == [ONESTOP]
    assert await sources.find("H56-onestop") == ONESTOP
    assert await sources.find("H57-onestop") is None


async def test_two_sources_share_neither_code_nor_site(sources):
    await sources.add(ONESTOP, who="lan")

    with pytest.raises(SourceExists):
        await sources.add(ONESTOP, who="lan")
    with pytest.raises(SiteTaken):
        await sources.add(replace(ONESTOP, code="other"), who="lan")


async def test_a_change_raises_the_version_and_says_what_it_was_before(sources):
    await sources.add(ONESTOP, who="lan", why="letter 12")
    before = await sources.version()

    live = replace(ONESTOP, status=Status.LIVE, go_live=date(2026, 12, 1))
    assert await sources.change(ONESTOP, live, who="minh", why="passed")

    assert await sources.version() > before
    assert await sources.find("H56-onestop") == live
    [latest, first] = await sources.history("H56-onestop")
    assert (latest.who, latest.why, latest.action) == ("minh", "passed", "set")
    assert latest.change == {"status": ["trial", "live"], "go_live": [None, "2026-12-01"]}
    assert (first.who, first.why, first.action) == ("lan", "letter 12", "add")


async def test_what_changes_nothing_leaves_no_line(sources):
    await sources.add(ONESTOP, who="lan")

    assert not await sources.change(ONESTOP, ONESTOP, who="minh")

    assert len(await sources.history()) == 1


async def test_of_two_who_change_a_source_at_once_the_second_is_told(sources):
    await sources.add(ONESTOP, who="lan")
    await sources.change(ONESTOP, replace(ONESTOP, kind=Kind.PORTAL), who="lan")

    with pytest.raises(Outdated):
        await sources.change(ONESTOP, replace(ONESTOP, contact="x"), who="minh")
    with pytest.raises(NoSuchSource):
        await sources.change(
            replace(ONESTOP, code="gone"), replace(ONESTOP, code="gone"), who="minh"
        )


async def test_tokens_overlap_while_they_are_exchanged(sources):
    old, new = sha256(b"old").digest(), sha256(b"new").digest()
    week = NOON + timedelta(days=7)
    await sources.add(ONESTOP, who="lan")
    await sources.admit("H56-onestop", old, valid_from=NOON, who="lan")

    await sources.admit("H56-onestop", new, valid_from=NOON, others_until=week, who="lan")

    [source] = await sources.all()
    assert [(each.hash, each.valid_until) for each in source.credentials] == [
        (old, week),
        (new, None),
    ]
    assert [each.valid(NOON) for each in source.credentials] == [True, True]
    assert [each.valid(week) for each in source.credentials] == [False, True]


async def test_a_token_that_is_revoked_ends_at_once_and_only_once(sources):
    await sources.add(ONESTOP, who="lan")
    id_ = await sources.admit("H56-onestop", sha256(b"t").digest(), valid_from=NOON, who="lan")
    later = NOON + timedelta(hours=1)

    assert await sources.dismiss("H56-onestop", id_, at=later, who="lan")
    assert not await sources.dismiss("H56-onestop", id_, at=later, who="lan")

    [source] = await sources.all()
    assert source.credentials[0].valid_until == later
    assert (await sources.history())[0].action == "revoke credential"


async def test_no_hash_of_a_token_is_in_the_history(sources):
    await sources.add(ONESTOP, who="lan")
    await sources.admit("H56-onestop", sha256(b"t").digest(), valid_from=NOON, who="lan")

    told = str(await sources.history())

    assert sha256(b"t").hexdigest() not in told


async def test_who_is_unknown_is_counted_and_their_number_is_bounded(sources):
    def knock(said: str, records: int) -> Unknown:
        return Unknown(
            via=Via.SITE,
            said=said,
            address="10.1.1.1",
            records=records,
            first_seen=NOON,
            last_seen=NOON,
        )

    await sources.note_unknown([knock(str(each), 1) for each in range(MOST_UNKNOWN)])

    await sources.note_unknown([knock("7", 4), knock("one-too-many", 1)])

    known = {each.said: each.records for each in await sources.unknown()}
    assert len(known) == MOST_UNKNOWN
    assert known["7"] == 5
    assert "one-too-many" not in known


async def test_a_change_that_is_committed_late_is_seen_all_the_same(database, sources):
    """Its id was drawn before that of another change, which has been seen already."""
    late = await asyncpg.connect(database)
    begun = late.transaction()
    await begun.start()
    await late.execute(
        "INSERT INTO source_history (who, why, source, action, change)"
        " VALUES ('lan', '', 'x', 'set', '{}')"
    )
    await sources.add(ONESTOP, who="minh")
    seen = await sources.version()

    await begun.commit()
    await late.close()

    assert await sources.version() > seen
