"""One gateway for all tests that do no harm to it."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.gateway.service import Stage, begun
from tests.servers.postgres import Postgres
from tests.servers.tansu import Tansu


@pytest.fixture(scope="session")
def here(
    tansu: Tansu, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A gateway on Tansu, which hands out no producer ids."""

    async def begin() -> Stage:
        database = postgres.dsn(await postgres.create())
        folder = tmp_path_factory.mktemp("gateway")
        stage = await begun(tansu.bootstrap, database, folder, kafka_idempotent="0")
        await stage.ready()
        return stage

    stage = asyncio.run(begin())
    try:
        yield stage
    finally:
        asyncio.run(stage.end())
