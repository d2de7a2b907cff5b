"""Login roles of a test, members of the roles that deploy/postgresql/roles.sql makes."""

import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from monitor.ledger.migrate import migrate
from tests.servers.require import ROOT

ROLES = ("emc_worker", "emc_edge", "emc_registrar", "emc_reader", "emc_server", "emc_grafana")
SCRIPT = ROOT / "deploy" / "postgresql" / "roles.sql"


@asynccontextmanager
async def roles(dsn: str) -> AsyncIterator[Callable[[str], str]]:
    """Migrate, apply the script, and tell the address for a member of a role, by its name."""
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    suffix = uuid.uuid4().hex[:12]
    members = {name: f"{name}_{suffix}" for name in ROLES}
    try:
        await connection.execute(SCRIPT.read_text("utf-8"))
        for name, member in members.items():
            await connection.execute(f"CREATE ROLE {member} LOGIN IN ROLE {name}")
        yield lambda name: _as(dsn, members[name])
    finally:
        for member in members.values():
            await connection.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                f" WHERE usename = '{member}'"
            )
            await connection.execute(f"DROP ROLE IF EXISTS {member}")
        await connection.close()


def _as(dsn: str, user: str) -> str:
    parts = urlsplit(dsn)
    address = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{user}@{address}"))
