"""What edge processes ask the register: answered from a snapshot that outlives the ledger."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from agents.register import Register, Snapshot, new_token, token_hash
from monitor.domain.mandate import Mandate
from monitor.ledger.migrate import migrate
from monitor.ledger.sources import Credential, Source, Sources, Status, Via

NOON = datetime(2026, 11, 27, 5, tzinfo=UTC)
ONESTOP = Source(
    code="H56-onestop",
    name="Thanh Hoá",
    owner="H56",
    site_id=271,
    addresses=("10.56.0.0/16", "2001:db8::/32"),
    mandates=(Mandate("H56"),),
)


def with_token(source: Source, token: str, *, until: datetime | None = None) -> Source:
    credential = Credential(id=1, hash=token_hash(token), valid_from=NOON, valid_until=until)
    return replace(source, credentials=(*source.credentials, credential))


@asynccontextmanager
async def registered(
    dsn: str, *, every_seconds: float = 3600, now: Callable[[], datetime] = lambda: NOON
) -> AsyncIterator[tuple[Register, Sources]]:
    async with asyncpg.create_pool(dsn, min_size=0, max_size=2) as pool:
        sources = Sources(pool)
        async with Register(sources, now=now, every_seconds=every_seconds) as register:
            yield register, sources


@pytest.fixture
async def dsn(database: str) -> str:
    await migrate(database)
    return database


def test_a_source_is_found_by_code_topic_token_and_site():
    source = with_token(ONESTOP, "emc_t")
    snapshot = Snapshot((source,), 1)

    assert snapshot.by_code("H56-onestop") is source
    assert snapshot.by_topic("emc.in.H56-onestop") is source
    assert snapshot.by_token("emc_t", NOON) is source
    assert snapshot.by_site(271, "10.56.7.8") is source
    assert snapshot.by_site(271, "::ffff:10.56.7.8") is source
    assert snapshot.by_site(271, "2001:db8::1") is source
    assert snapshot.topics() == ("emc.in.H56-onestop",)


def test_what_is_nearly_right_finds_nobody():
    snapshot = Snapshot((with_token(ONESTOP, "emc_t"),), 1)

    assert snapshot.by_code("h56-onestop") is None
    assert snapshot.by_topic("H56-onestop") is None
    assert snapshot.by_topic("emc.in.H56-onestop2") is None
    assert snapshot.by_token("emc_T", NOON) is None
    assert snapshot.by_token("\ud800", NOON) is None
    assert snapshot.by_site(271, "10.57.0.1") is None
    assert snapshot.by_site(271, "nowhere") is None
    assert snapshot.by_site(272, "10.56.7.8") is None


def test_a_token_opens_from_its_beginning_until_its_end():
    week = NOON + timedelta(days=7)
    snapshot = Snapshot((with_token(ONESTOP, "emc_t", until=week),), 1)

    assert snapshot.by_token("emc_t", NOON - timedelta(seconds=1)) is None
    assert snapshot.by_token("emc_t", week - timedelta(seconds=1)) is not None
    assert snapshot.by_token("emc_t", week) is None


def test_a_revoked_source_is_found_by_nothing():
    snapshot = Snapshot((replace(with_token(ONESTOP, "t"), status=Status.REVOKED),), 1)

    assert snapshot.by_code("H56-onestop") is None
    assert snapshot.by_topic("emc.in.H56-onestop") is None
    assert snapshot.by_token("t", NOON) is None
    assert snapshot.by_site(271, "10.56.7.8") is None
    assert snapshot.topics() == ()


def test_tokens_are_random_and_long():
    tokens = {new_token() for _ in range(1_000)}

    assert len(tokens) == 1_000
    assert {len(token) for token in tokens} == {47}  # 256 bits in base 64 after the prefix


async def test_a_change_in_the_ledger_is_seen_and_told(dsn):
    changes: list[Snapshot] = []
    async with registered(dsn) as (register, sources):
        register._changed = changes.append
        assert register.snapshot.sources == ()

        await sources.add(ONESTOP, who="lan")
        assert await register.refresh()
        assert not await register.refresh()

        assert register.snapshot.by_code("H56-onestop") == ONESTOP
        assert [each.topics() for each in changes] == [("emc.in.H56-onestop",)]


async def test_a_new_token_alone_is_a_change_too(dsn):
    async with registered(dsn) as (register, sources):
        await sources.add(ONESTOP, who="lan")
        await register.refresh()

        await sources.admit("H56-onestop", token_hash("t"), valid_from=NOON, who="lan")
        await register.refresh()

        assert register.snapshot.by_token("t", NOON) is not None


async def test_the_last_snapshot_stands_while_the_ledger_is_away(dsn):
    async with registered(dsn, every_seconds=0.02) as (register, sources):
        await sources.add(ONESTOP, who="lan")
        await register.refresh()
        owner = await asyncpg.connect(dsn)
        await owner.execute("ALTER TABLE source_history RENAME TO away")

        register.note_unknown(Via.TOPIC, "emc.in.stranger")
        await asyncio.sleep(0.2)

        assert register.snapshot.by_code("H56-onestop") == ONESTOP
        assert register._task is not None
        assert not register._task.done()

        await owner.execute("ALTER TABLE away RENAME TO source_history")
        await owner.close()
        async with asyncio.timeout(30):
            while not await sources.unknown():
                await asyncio.sleep(0.02)


async def test_who_is_unknown_is_told_to_the_ledger_and_no_secret_with_it(dsn):
    async with registered(dsn) as (register, sources):
        register.note_unknown(Via.TOKEN, "emc_someones-secret", "10.1.1.1")
        register.note_unknown(Via.TOPIC, "emc.in.stranger")
        register.note_unknown(Via.TOPIC, "emc.in.stranger", records=4)
        register.note_unknown(Via.NAME, "079203001234")
        register.note_unknown(Via.NAME, "Nguyễn Văn An")
        await register.refresh()

        known = {(each.via, each.said): each.records for each in await sources.unknown()}

    assert known == {
        (Via.TOKEN, "a02dce89"): 1,
        (Via.TOPIC, "emc.in.stranger"): 5,
        (Via.NAME, ""): 2,
    }
    assert register.unknown_records == 8
