"""A loop of its own in a thread: whatever is worked out there, the loop that is scraped goes on."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Self, TypeVar

T = TypeVar("T")
LEFT_SECONDS: Final = 2  # for what is under way when the loop is ended


class Aside:
    """Coroutines are done beside the loop that awaits them."""

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.under_way = 0  # how many coroutines are being awaited
        self.rests = asyncio.Event()  # set when the last of them is done
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(_all_ended(), self.loop).result(LEFT_SECONDS)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self.loop.close()

    async def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Its result. Whoever stops waiting has it cancelled."""
        self.under_way += 1
        try:
            return await self.beside(work)
        finally:
            self.under_way -= 1
            if not self.under_way:
                self.rests.set()

    async def beside(self, work: Coroutine[Any, Any, T]) -> T:
        """The same of work that goes on for long and that nobody waits for."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


async def _all_ended() -> None:
    """What goes on for long too: whoever awaits it is told, and would have nobody to cancel it later."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
