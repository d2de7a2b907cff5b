"""A session never outlives its token, its twelve hours, or two hours in which nobody came."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from monitor.ledger.access import Passes, Role, new_token, token_hash
from monitor.ledger.sessions import Sessions, new_cookie

NOON = datetime(2026, 8, 14, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def pool(database: str) -> "AsyncIterator[asyncpg.Pool[asyncpg.Record]]":
    async with asyncpg.create_pool(database, min_size=0, max_size=1) as opened:
        yield opened


async def signed_in(
    pool: "asyncpg.Pool[asyncpg.Record]", days: timedelta = timedelta(days=9)
) -> str:
    """The cookie of somebody with a token."""
    token = await Passes(pool).add(
        "lan",
        token_hash(new_token()),
        role=Role.NATIONAL,
        at=NOON,
        expires_at=NOON + days,
        who="x",
    )
    return await Sessions(pool).open(token, NOON)


async def test_it_ends_after_two_hours_in_which_nobody_came(pool):
    sessions, cookie = Sessions(pool), await signed_in(pool)

    assert await sessions.holder(cookie, NOON + 2 * HOUR) is None
    # To a page that is open nobody comes, and it is told on.
    assert await sessions.still([cookie], NOON + 3 * HOUR) == {cookie}
    held = await sessions.holder(cookie, NOON + 2 * HOUR - SECOND)
    assert held is not None
    assert held.name == "lan"
    assert await sessions.holder(cookie, NOON + 3 * HOUR) is not None  # two hours from then on


async def test_it_ends_after_twelve_hours_however_often_somebody_came(pool):
    sessions, cookie = Sessions(pool), await signed_in(pool)

    for hour in range(1, 12):
        assert await sessions.holder(cookie, NOON + hour * HOUR) is not None
    assert await sessions.still([cookie], NOON + 12 * HOUR - SECOND) == {cookie}
    assert await sessions.holder(cookie, NOON + 12 * HOUR - SECOND) is not None
    assert await sessions.still([cookie], NOON + 12 * HOUR) == set()
    assert await sessions.holder(cookie, NOON + 12 * HOUR) is None


async def test_it_ends_with_its_token(pool):
    sessions, cookie = Sessions(pool), await signed_in(pool, days=HOUR)

    assert await sessions.still([cookie], NOON + HOUR - SECOND) == {cookie}
    assert await sessions.still([cookie], NOON + HOUR) == set()
    assert await sessions.holder(cookie, NOON + HOUR - SECOND) is not None
    assert await sessions.holder(cookie, NOON + HOUR) is None
    assert await Passes(pool).revoke("lan", at=NOON, who="x")
    assert await sessions.still([cookie], NOON) == set()
    assert await sessions.holder(cookie, NOON) is None


async def test_signing_out_ends_one_and_no_other(pool):
    sessions, cookie = Sessions(pool), await signed_in(pool)
    [row] = await pool.fetch("SELECT token FROM console_session")
    other = await sessions.open(row["token"], NOON)

    await sessions.end(cookie)

    assert await sessions.still([cookie, other, new_cookie()], NOON) == {other}
    assert await sessions.holder(cookie, NOON) is None
    assert await sessions.holder(other, NOON) is not None
    assert await sessions.holder("' OR 1=1 --", NOON) is None
