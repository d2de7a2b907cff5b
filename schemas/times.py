"""Times on the wire: RFC 3339 text to integer milliseconds and back, without a float.

Reading is by table, because it is the hot path: days are remembered, and what is in no table is
malformed. The tables are small, so that they stay in the processor's memory. It costs a third
of `datetime.fromisoformat` and a subtraction, and is stricter.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from monitor.domain.zone import DAY_MS, Zone, date_of
from schemas.refusal import Reason, Unreadable

EARLIEST_MS: Final = 631_152_000_000  # 1990-01-01T00:00Z
LATEST_MS: Final = 4_133_980_799_999  # 2100-12-31T23:59:59.999Z
# A day of slack on both sides: an offset may carry an instant into the range.
EARLIEST_DAY: Final = date(1989, 12, 31)
LATEST_DAY: Final = date(2101, 1, 1)

LENGTH_OF_DAY: Final = len("2026-08-03")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MINUTES: Final = {
    f"{separator}{hour:02}:{minute:02}": (hour * 60 + minute) * 60_000
    for separator in "Tt "  # RFC 3339 §5.6 lets a reader take the last two as well
    for hour in range(24)
    for minute in range(60)
}
SECONDS: Final = {f":{second:02}": second * 1000 for second in range(60)}
# What an offset adds to a wall clock to give UTC.
OFFSETS: Final = {"Z": 0, "z": 0} | {
    f"{sign}{hour:02}:{minute:02}": way * (hour * 60 + minute) * 60_000
    for sign, way in (("+", -1), ("-", 1))
    for hour in range(24)
    for minute in range(60)
}
WITHOUT_OFFSET: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?)?"
)


class _Days(dict[str, int]):
    """Texts of days by the millisecond at which they begin in UTC; no more than there are days."""

    def __missing__(self, text: str) -> int:
        ms = self[text] = _day(text) * DAY_MS
        return ms


DAYS: Final = _Days()
MOST_MINUTES: Final = 16_384
# Minutes of the log by their text, as events come in the order of time; and what follows them.
_MINUTES_READ: Final[dict[str, int]] = {}
_RESTS: Final = {
    second + offset: s_ms + o_ms
    for second, s_ms in SECONDS.items()
    for offset, o_ms in OFFSETS.items()
    if offset in ("Z", "+07:00", "+00:00")
}


class _WrittenDays(dict[int, str]):
    """The other way round."""

    def __missing__(self, day: int) -> str:
        text = self[day] = iso_day(day)
        return text


WRITTEN_DAYS: Final = _WrittenDays()
WRITTEN_MINUTES: Final = [text for text in MINUTES if text.startswith("T")]
WRITTEN_SECONDS: Final = [f"{text}." for text in SECONDS]


def instant_ms(text: str, field: str) -> int:
    """The instant that `text` names; what is finer than a millisecond is cut off."""
    begins = _MINUTES_READ.get(text[:16])
    rest = _RESTS.get(text[16:])
    if begins is None or rest is None:
        begins, rest = _read(text, field)
    ms = begins + rest
    return ms if EARLIEST_MS <= ms <= LATEST_MS else within_range(ms, field)


def _read(text: str, field: str) -> tuple[int, int]:
    """The minute that is written, as if in UTC, and what else makes the instant."""
    try:
        tail = text[19:]
        begins = DAYS[text[:10]] + MINUTES[text[10:16]]
        rest = SECONDS[text[16:19]] + (OFFSETS[tail] if tail in OFFSETS else _fraction_ms(tail))
    except (KeyError, ValueError):
        raise Unreadable(_reason(text), field) from None
    if len(_MINUTES_READ) >= MOST_MINUTES:
        _MINUTES_READ.clear()
    _MINUTES_READ[text[:16]] = begins
    return begins, rest


def midnight_ms(text: str, field: str, zone: Zone) -> int:
    """The first instant in `zone` of the day that `text` names."""
    try:
        day = _day(text)
    except ValueError:
        raise Unreadable(_reason(text), field) from None
    return within_range(zone.start_of(day), field)


def day_or_instant_ms(text: str, field: str, midnight: Callable[[str, str], int]) -> int:
    return midnight(text, field) if len(text) == LENGTH_OF_DAY else instant_ms(text, field)


def day_number(text: str, field: str) -> int:
    """The number of the day that `text` names, from 1970-01-01."""
    try:
        day = _day(text)
    except ValueError:
        # Not a day at all, or one with a time behind it.
        reason = _reason(text)
        if reason is Reason.TIME_WITHOUT_OFFSET:
            reason = Reason.MALFORMED_TIME
        raise Unreadable(reason, field) from None
    within_range(day * DAY_MS, field)
    return day


def iso_day(day: int) -> str:
    return date_of(day).isoformat()


def within_range(ms: int, field: str) -> int:
    # An absurd date is a denial of service to whoever counts days: refused at the edge.
    if EARLIEST_MS <= ms <= LATEST_MS:
        return ms
    raise Unreadable(Reason.TIME_OUT_OF_RANGE, field)


def rfc3339(ms: int) -> str:
    """The canonical form: UTC, milliseconds, `Z`."""
    day, rest = divmod(ms, DAY_MS)
    minute, rest = divmod(rest, 60_000)
    second, rest = divmod(rest, 1000)
    return WRITTEN_DAYS[day] + WRITTEN_MINUTES[minute] + WRITTEN_SECONDS[second] + f"{rest:03}Z"


def _fraction_ms(tail: str) -> int:
    zone = tail[-1:] if tail.endswith(("Z", "z")) else tail[-6:]
    digits = tail[1 : -len(zone)]
    if not (tail.startswith(".") and digits.isascii() and digits.isdigit()):
        raise ValueError
    return int(digits[:3].ljust(3, "0")) + OFFSETS[zone]


@lru_cache(maxsize=4096)
def _day(text: str) -> int:
    """The number of the day, from 1970-01-01."""
    # The standard library also reads weeks and days without hyphens.
    if text[4:8:3] != "--":
        raise ValueError
    day = date.fromisoformat(text)
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        raise ValueError
    return (day - EPOCH.date()).days


def _reason(text: str) -> Reason:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return Reason.MALFORMED_TIME
    if not EARLIEST_DAY <= day <= LATEST_DAY:
        return Reason.TIME_OUT_OF_RANGE
    if WITHOUT_OFFSET.fullmatch(text):
        return Reason.TIME_WITHOUT_OFFSET
    return Reason.MALFORMED_TIME
