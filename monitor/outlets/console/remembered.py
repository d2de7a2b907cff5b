"""Answers of a moment ago: whoever opens the same page meanwhile shares them.

An answer that has aged is given once more while a younger one is made: it says as of when it is.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Any, Final

SECONDS: Final = 5.0
LONGEST_SECONDS: Final = 120.0  # older than that is not given
MOST: Final = 200


@dataclass(slots=True)
class _Kept:
    made_at: float
    answer: "asyncio.Future[Any]"
    next: "asyncio.Future[Any] | None" = None


class Remembered:
    """Of one loop. An answer that is being made is waited for and not made twice."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def get(self, key: Hashable, make: Callable[[], Awaitable[Any]]) -> Any:
        """What `make` gave lately, or gives now."""
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(key)
        if kept is not None and kept.next is not None and kept.next.done():
            if not _failed(kept.next):
                kept.answer, kept.made_at = kept.next, now
            kept.next = None
        if kept is None or _failed(kept.answer) or now - kept.made_at > LONGEST_SECONDS:
            kept = self._kept[key] = _Kept(now, asyncio.ensure_future(make()))
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
        elif now - kept.made_at > self._seconds and kept.next is None and kept.answer.done():
            kept.next = asyncio.ensure_future(make())
        self._kept.move_to_end(key)
        return await asyncio.shield(kept.answer)


def _failed(one: "asyncio.Future[Any]") -> bool:
    return one.done() and (one.cancelled() or one.exception() is not None)
