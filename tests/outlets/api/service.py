"""A running `emc serve` on a ledger with a few dossiers, and a visitor of each role."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from agents.generate.model import Record
from monitor.ledger import tokens
from monitor.ledger.access import Passes, Role, new_token, token_hash
from monitor.ledger.follower import Follower, connect
from monitor.ledger.indicator_sets import store
from monitor.reference.indicators import load_sets
from monitor.reference.sets import set_of
from tests.ledger.fill import feeding
from tests.ledger.roles import roles
from tests.servers.process import Server
from tests.servers.require import ROOT

REFERENCE, POLICY = set_of(ROOT / "deploy" / "reference")
API: Final = "/api/v1"

# Of Thanh Hoá: one completed in time, one late, one open. Of Huế: one completed.
OWN: Final = ("H56.14-260803-0001", "H56.14-260803-0002", "H56.14-260803-0003")
FOREIGN: Final = "H57.03-260803-0001"
NOBODYS: Final = "H56.14-260803-9999"


def now() -> datetime:
    """The service goes by the clock of the machine."""
    return datetime.now(UTC)  # noqa: TID251 - see above


def today() -> date:
    """In the offices, where each day begins seven hours before it does in UTC."""
    return now().astimezone(timezone(timedelta(hours=7))).date()


def event(dossier: str, number: int, state: int, time: str, **data: Any) -> Record:
    """A statement of the agency's own system; `time` is in the office's zone."""
    at = datetime.fromisoformat(f"2026-{time}:00+07:00")
    said = {
        "specversion": "1.0",
        # As systems that have no better id do: the code is in it.
        "id": f"{dossier}/{number}",
        "source": f"{dossier[:3]}-onestop",
        "type": "dossier.state.v1",
        "time": at.isoformat(),
        "arrival": at.isoformat(),
        "data": {
            "dossier": dossier,
            "procedure": "1.004194",
            "agency": dossier.partition("-")[0],
            "state": state,
            **data,
        },
    }
    return Record(dossier, json.dumps(said).encode(), int(at.timestamp() * 1000))


def life(dossier: str, ended: str | None, **first: Any) -> list[Record]:
    """Accepted on Monday 3 August 2026, due on Monday the 10th, and ended or not."""
    told = [
        event(
            dossier, 1, 2, "08-03T08:00", due_at="2026-08-10T17:00:00+07:00", channel=2, **first
        ),
        event(dossier, 2, 4, "08-03T09:00"),
    ]
    if ended is not None:
        told.append(event(dossier, 3, 9, ended))
    return told


RECORDS: Final[Sequence[Record]] = (
    *life(OWN[0], "08-07T10:00"),
    *life(OWN[1], "08-12T10:00"),
    *life(OWN[2], None),
    *life(FOREIGN, "08-06T10:00"),
)


class Serve(Server):
    """`emc serve` as an operator runs it, on a port that the system chooses."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        super().__init__(
            "serve",
            [sys.executable, "-m", "monitor.cli", "serve"],
            log=log,
            ready=lambda server: "\nserving: http" in "\n" + server.said(),
            environment={"EMC_SERVE_PORT": "0", "EMC_API_RATE": "0", **settings},
        )

    @property
    def url(self) -> str:
        [line] = [one for one in self.said().splitlines() if one.startswith("serving: ")]
        return line.removeprefix("serving: ")


@dataclass(frozen=True, slots=True)
class Here:
    """What a test calls."""

    serve: Serve
    database: str  # as the owner
    held: Mapping[str, str]  # tokens by role

    def tail(self, lines: int = 40) -> str:
        """Shown beside a test that failed."""
        return self.serve.tail(lines)

    def client(self, role: str = "", **options: Any) -> httpx.AsyncClient:
        """As a visitor of a role; "" without a token."""
        headers = {"authorization": f"Bearer {self.held[role]}"} if role else {}
        headers |= options.pop("headers", {})
        return httpx.AsyncClient(
            base_url=self.serve.url, headers=headers, timeout=30, **options
        )

    async def get(self, path: str, role: str = "", **headers: str) -> httpx.Response:
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        async with self.client(role, headers=named) as client:
            return await client.get(path if path.startswith("/") else f"{API}/{path}")

    async def ledger(self, query: str, *given: Any) -> list[Any]:
        """What a query of the ledger finds."""
        connection = await asyncpg.connect(self.database)
        try:
            return list(await connection.fetch(query, *given))
        finally:
            await connection.close()

    async def token_of(self, key: str) -> str:
        [row] = await self.ledger("SELECT secret FROM token_secret")
        return tokens.token(row["secret"], key)

    async def looks(self) -> list[tuple[str, str, int, int]]:
        """The book of looks: who, what, with which answer, how many dossiers."""
        rows = await self.ledger(
            "SELECT who, asked, status, rows FROM access_audit ORDER BY id"
        )
        return [tuple(row) for row in rows]


async def visitors(dsn: str) -> dict[str, str]:
    """Enter a token of each role, for Thanh Hoá that of the agency; by their names."""
    made: dict[str, str] = {}
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1) as pool:
        for role in Role:
            made[role.value] = token = new_token()
            await Passes(pool).add(
                role.value,
                token_hash(token),
                role=role,
                agency="H56" if role is Role.AGENCY else "",
                at=now(),
                expires_at=now() + timedelta(days=1),
                who="test",
            )
    return made


async def filled(dsn: str, records: Sequence[Record] = RECORDS) -> None:
    """The records booked under the shipped reference files, folded into balances, and cut."""
    at_ms = int(now().timestamp() * 1000)
    async with feeding(dsn, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear(records)
    connection = await asyncpg.connect(dsn)
    try:
        await store(connection, load_sets(ROOT / "deploy" / "reference"))
    finally:
        await connection.close()
    await folded(dsn)


async def folded(dsn: str) -> None:
    connection = await connect(dsn)
    try:
        follower = Follower(connection, POLICY.zone)
        assert await follower.leads()
        while (await follower.round()).left:
            pass
    finally:
        await connection.close()


@asynccontextmanager
async def here(
    dsn: str,
    folder: Path,
    *,
    fill: Sequence[Record] = RECORDS,
    role: str = "emc_server",
    **settings: str,
) -> AsyncIterator[Here]:
    """A service for a block, that logs in as a member of a role."""
    await filled(dsn, fill)
    async with serving(dsn, folder, role=role, **settings) as service:
        yield service


@asynccontextmanager
async def serving(
    dsn: str, folder: Path, *, role: str = "emc_server", **settings: str
) -> AsyncIterator[Here]:
    """The same on a ledger as it is."""
    async with roles(dsn) as address:
        held = await visitors(dsn)
        said = {f"EMC_{name.upper()}": value for name, value in settings.items()}
        serve = Serve({"EMC_DATABASE": address(role), **said}, folder / "serve.log")
        await asyncio.to_thread(serve.start)
        try:
            yield Here(serve, dsn, held)
        finally:
            if serve.running:
                await asyncio.to_thread(serve.stop)
