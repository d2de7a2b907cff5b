"""How much may be in hand at once, and how fast a source may send."""

import math
from collections.abc import Callable
from typing import Final

BURST_SECONDS: Final = 5.0  # of its rate, that a quiet source may send at once


class Budget:
    """Bytes of requests that are in memory, of all callers together."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def has(self, size: int) -> bool:
        """Whether there is room; one request alone always finds it."""
        return not self.held or self.held + size <= self._most

    def take(self, size: int) -> None:
        self.held += size

    def give_back(self, size: int) -> None:
        self.held -= size


class Pace:
    """What each source may still send. A batch may be larger than what is left: it is owed.

    So no batch is too large for a rate, and over time nobody sends faster than his.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._left: dict[str, tuple[float, float]] = {}  # events, and when it was so

    def take(self, source: str, rate: float, events: int) -> float:
        """0 if that many may be sent now, else the seconds to wait."""
        now = self._now()
        burst = max(rate * BURST_SECONDS, 1.0)
        left, at = self._left.get(source, (burst, now))
        left = min(burst, left + (now - at) * rate)
        if left <= 0:
            self._left[source] = (left, now)
            return -left / rate + 1 / rate
        self._left[source] = (left - events, now)
        return 0.0


def whole_seconds(wait: float) -> int:
    """For a Retry-After header, which knows no fractions."""
    return max(1, math.ceil(wait))
