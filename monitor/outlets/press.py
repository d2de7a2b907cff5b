"""Prints metric families as prometheus_client does, but escapes and joins labels only once.

From one scrape to the next most series keep their value and all their labels: their lines are
taken over as they were. What is new is printed by the library itself, so that there is one way
to write it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from prometheus_client.core import Metric as Family
from prometheus_client.core import Sample
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

# Name and label values of a series; within a metric the names of labels are always the same.
_Series = tuple[str, ...]

_go: Final[Callable[[float], str]] = floatToGoString  # a number as Go writes it


class _Just(Collector):
    def __init__(self, *families: Family) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


class Press:
    """One for each format; may be used by several threads at a time."""

    def __init__(self, encode: Callable[[Collector], bytes]) -> None:
        self._encode: Final = encode
        self._end = self._text()  # of all; OpenMetrics has one
        # The beginning and the value of every series that was printed last, and its line.
        self._lines: dict[_Series, tuple[str, float, str]] = {}

    def print(self, families: Iterable[Family]) -> bytes:
        """What the library would make of these families."""
        known, printed = self._lines, {}
        parts: list[str] = []
        for family in families:
            head = self._text(_with(family, ()))
            parts.append(head)
            for sample in family.samples:
                if sample.exemplar is not None or sample.timestamp is not None:
                    parts.append(self._line(family, sample, head))
                    continue
                series = (sample.name, *sample.labels.values())
                found = known.get(series)
                value = sample.value
                if found is None:
                    line = self._line(family, sample, head)
                    found = (line[: line.rindex(" ") + 1], value, line)
                elif found[1] != value:
                    begin = found[0]
                    found = (begin, value, f"{begin}{_go(value)}\n")
                printed[series] = found
                parts.append(found[2])
        self._lines = printed
        parts.append(self._end)
        return "".join(parts).encode()

    def _line(self, family: Family, sample: Sample, head: str) -> str:
        return self._text(_with(family, [sample])).removeprefix(head)

    def _text(self, *families: Family) -> str:
        text = self._encode(_Just(*families)).decode()
        return text.removesuffix(self._end) if families else text


def _with(family: Family, samples: Sequence[Sample]) -> Family:
    """The family with other samples."""
    one = Family(family.name, family.documentation, family.type, family.unit)
    one.samples = list(samples)
    return one
