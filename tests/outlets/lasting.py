"""A service that outlives the tests that ask it: theirs are loops that end with each of them."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TypeVar

from tests.servers.postgres import Postgres

T = TypeVar("T")


@contextmanager
def lasting(
    postgres: Postgres,
    folder: Path,
    opened: Callable[[str, Path], AbstractAsyncContextManager[T]],
) -> Iterator[T]:
    """What `opened` gives on a ledger of its own, open on a loop of its own until the block ends."""
    ready: queue.Queue[T | BaseException] = queue.Queue()
    done = threading.Event()

    async def run() -> None:
        try:
            name = await postgres.ledger()
            try:
                async with opened(postgres.dsn(name), folder) as found:
                    ready.put(found)
                    await asyncio.to_thread(done.wait)
            finally:
                await postgres.drop(name)
        except BaseException as error:
            ready.put(error)
            raise

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
