"""One service for all tests that do no harm to it."""

import asyncio
import queue
import threading
from collections.abc import Iterator

import pytest

from tests.outlets.api.service import Here, here
from tests.servers.postgres import Postgres


@pytest.fixture(scope="session")
def api(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    """Dossiers of Thanh Hoá and Huế, a token of each role."""
    ready: queue.Queue[Here | BaseException] = queue.Queue()
    done = threading.Event()

    async def run() -> None:
        name = await postgres.create()
        try:
            folder = tmp_path_factory.mktemp("serve")
            async with here(postgres.dsn(name), folder) as found:
                ready.put(found)
                await asyncio.to_thread(done.wait)
        except BaseException as error:
            ready.put(error)
            raise
        finally:
            await postgres.drop(name)

    # On a loop of its own, that outlives the tests'.
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    found = ready.get()
    if isinstance(found, BaseException):
        raise found
    try:
        yield found
    finally:
        done.set()
        thread.join()
