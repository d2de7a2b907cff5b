"""One service for all tests that do no harm to it."""

from collections.abc import Iterator

import pytest

from tests.outlets.api.service import Here, here
from tests.outlets.lasting import lasting
from tests.servers.postgres import Postgres


@pytest.fixture(scope="session")
def api(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """Dossiers of Thanh Hoá and Huế, a token of each role."""
    with lasting(postgres, tmp_path_factory.mktemp("serve"), here) as found:
        yield found
