"""What was read last through a pool, for what changes seldom and says when it has."""

from typing import Any, Final, Generic, TypeVar

V = TypeVar("V")

POOLS: Final = 8  # of one process: more would be a mistake, and must not fill the memory


class Remembered(Generic[V]):
    """A value for each of the last few pools, with what tells whether it is old."""

    def __init__(self) -> None:
        self._values: dict[int, tuple[Any, object, V]] = {}

    def get(self, pool: Any, as_of: object) -> V | None:
        """The value, if it is of this pool and of this state."""
        held = self._values.get(id(pool))
        if held is None or held[0] is not pool or held[1] != as_of:
            return None
        return held[2]

    def keep(self, pool: Any, as_of: object, value: V) -> V:
        """Keep a value, and the pool with it, so that no other one takes its place."""
        self._values.pop(id(pool), None)
        while len(self._values) >= POOLS:
            del self._values[next(iter(self._values))]
        self._values[id(pool)] = pool, as_of, value
        return value
