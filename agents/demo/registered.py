"""The demo's systems and portals in the register of sources, and who may look at its console."""

import time
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from monitor.domain.mandate import Mandate
from monitor.ledger.access import Passes, Role, new_token, token_hash
from monitor.ledger.sources import Kind, Source, Sources, Status

WHO: Final = "emc demo"
_SUFFIX: Final = "-onestop"


def system(code: str, since: date) -> Source:
    """The one-stop system of a province or ministry, as registered."""
    owner = code.removesuffix(_SUFFIX)
    return Source(
        code=code,
        name=code,
        owner=owner,
        status=Status.LIVE,
        go_live=since,
        mandates=(Mandate(owner),),
    )


def portal(code: str, since: date) -> Source:
    """A portal, which may speak of anybody's dossiers."""
    return Source(
        code=code,
        name=code,
        owner="G14",  # Văn phòng Chính phủ
        kind=Kind.PORTAL,
        status=Status.LIVE,
        go_live=since,
        mandates=(Mandate("*"),),
    )


async def enter(database: str, sources: Iterable[Source]) -> None:
    """Into the register."""
    pool = await asyncpg.create_pool(database, min_size=0, max_size=1)
    try:
        for source in sources:
            await Sources(pool).add(source, who=WHO)
    finally:
        await pool.close()


async def pass_for_the_console(database: str) -> str:
    """A token that shows the whole country for a day: the ledger is gone before."""
    token = new_token()
    now = datetime.fromtimestamp(time.time(), UTC)
    pool = await asyncpg.create_pool(database, min_size=0, max_size=1)
    try:
        await Passes(pool).add(
            "demo",
            token_hash(token),
            role=Role.NATIONAL,
            at=now,
            expires_at=now + timedelta(days=1),
            who=WHO,
        )
    finally:
        await pool.close()
    return token
