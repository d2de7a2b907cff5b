"""Books of a ledger of their own, and the reference files that come with the release."""

from collections.abc import AsyncIterator

import pytest

from monitor.reference.policy import Reference, load_reference
from tests.ledger.books import Books, books
from tests.servers.require import ROOT


@pytest.fixture(scope="session")
def reference() -> Reference:
    return load_reference(ROOT / "deploy" / "reference")


@pytest.fixture
async def held(database: str) -> AsyncIterator[Books]:
    async with books(database) as opened:
        yield opened
