"""The demo's systems and portals in the register of sources, and who may look at its console."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import asyncpg

from monitor.domain.mandate import Mandate
from monitor.ledger.access import Passes, Role, new_token, token_hash
from monitor.ledger.sources import Kind, Source, Sources, Status

WHO: Final = "emc demo"
_SUFFIX: Final = "-onestop"


def system(code: str, since: date, name: str = "") -> Source:
    """The one-stop system of a province or ministry, as registered."""
    owner = code.removesuffix(_SUFFIX)
    return Source(
        code=code,
        name=name or code,
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


@dataclass(frozen=True, slots=True)
class Pass:
    """Who may look at the console, as what."""

    name: str
    role: Role
    agency: str
    says: str  # to whoever reads the terminal


PASSES: Final = (
    Pass("demo", Role.NATIONAL, "", "the whole country"),
    Pass("demo-province", Role.AGENCY, "H56", "a province, Thanh Hóa"),
    Pass("demo-admin", Role.ADMIN, "", "an administrator: quarantine and ledger too"),
)


async def passes_for_the_console(database: str) -> list[tuple[str, str]]:
    """Tokens, and what each shows, for a day: the ledger is gone before."""
    now = datetime.fromtimestamp(time.time(), UTC)
    made: list[tuple[str, str]] = []
    pool = await asyncpg.create_pool(database, min_size=0, max_size=1)
    try:
        for one in PASSES:
            token = new_token()
            await Passes(pool).add(
                one.name,
                token_hash(token),
                role=one.role,
                agency=one.agency,
                at=now,
                expires_at=now + timedelta(days=1),
                who=WHO,
            )
            made.append((token, one.says))
    finally:
        await pool.close()
    return made
