"""The demo's systems say that they are alive; one of them has stopped to."""

from collections.abc import Iterator, Sequence
from itertools import count
from typing import Final

from agents.demo.feed import Given
from agents.generate.model import Record
from schemas import encode, key
from schemas.event import Heartbeat

_MINUTE: Final = 60_000
SILENT: Final = "H37-onestop"  # Lạng Sơn's
SILENT_MS: Final = 47 * _MINUTE  # for so long when the demo begins
BEFORE_MS: Final = 3 * 60 * _MINUTE  # for so long hearts have been beating then
BEAT_MS: Final = 2 * _MINUTE


def beats(sources: Sequence[str], now_ms: int) -> Iterator[Given]:
    """Of all systems from hours ago on and without end, each when it is due; the silent one's end."""
    for at in count(now_ms - BEFORE_MS, BEAT_MS):
        for place, source in enumerate(sources):
            at_ms = at + place * BEAT_MS // len(sources)  # not all at once
            if source != SILENT or at_ms <= now_ms - SILENT_MS:
                yield _given(source, at_ms)


def _given(source: str, at_ms: int) -> Given:
    beat = Heartbeat(
        source=source,
        id=f"beat-{at_ms}",
        claimed_ms=at_ms,
        arrival_ms=at_ms,
        interval_ms=BEAT_MS,
        waiting=0,
    )
    return Given(key(beat), encode(beat), at_ms)


def is_silent(record: Record, now_ms: int) -> bool:
    """Whether nobody sends it, because the system that should has fallen silent before."""
    return record.at_ms > now_ms - SILENT_MS and _SAID in record.value


_SAID: Final = f'"source":"{SILENT}"'.encode()
