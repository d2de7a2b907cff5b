"""Answers of a moment ago: whoever opens the same page meanwhile shares them."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

SECONDS: Final = 5.0
MOST: Final = 200


class Remembered:
    """Of one loop. An answer that is being made is waited for and not made twice."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._kept: OrderedDict[Hashable, tuple[float, asyncio.Future[Any]]] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Any]]) -> Any:
        """What `make` gave lately, or gives now."""
        now = asyncio.get_running_loop().time()
        found = self._kept.get(key)
        if found is not None and now - found[0] < self._seconds and not _failed(found[1]):
            return await asyncio.shield(found[1])
        task = asyncio.ensure_future(make())
        self._kept[key] = (now, task)
        self._kept.move_to_end(key)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return await asyncio.shield(task)


def _failed(one: "asyncio.Future[Any]") -> bool:
    return one.done() and (one.cancelled() or one.exception() is not None)
