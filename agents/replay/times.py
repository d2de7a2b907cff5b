"""Times as recorded logs write them, read into UTC milliseconds."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from agents.replay.mapping import EPOCH

MILLISECOND: Final = timedelta(milliseconds=1)

# MEASURES §2: other years are refused. They are always typing errors, and some are attacks.
EARLIEST_MS: Final = (datetime(1990, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND
LATEST_MS: Final = (datetime(2101, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND


def reader_of_times(formats: Sequence[str], zone: str) -> Callable[[str], int]:
    """A function from text to milliseconds; it raises ValueError with the reason.

    The formats are tried in turn. A time without offset is local time of `zone`; of an hour
    that the autumn clock change repeats it is the first, and a bare date is its 00:00.
    """
    here = ZoneInfo(zone)
    only = formats[0] if len(formats) == 1 else ""

    # A log repeats the times of a case on each of its rows.
    @lru_cache(maxsize=16_384)
    def read(text: str) -> int:
        for form in formats:
            try:
                moment = _read(text, form)
            except (ValueError, OverflowError):
                continue
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=here)
            try:
                instant = (moment - EPOCH) // MILLISECOND
            except OverflowError:
                raise ValueError("lies outside 1990-2100") from None
            if not EARLIEST_MS <= instant < LATEST_MS:
                raise ValueError("lies outside 1990-2100")
            return instant
        raise ValueError(f"is not a time by {only}" if only else "is a time by no format")

    return read


def _read(text: str, form: str) -> datetime:
    if form == "iso":
        return datetime.fromisoformat(text)
    if form == "epoch_s":
        return EPOCH + timedelta(seconds=int(text))
    if form == "epoch_ms":
        return EPOCH + timedelta(milliseconds=int(text))
    return datetime.strptime(text, form)  # noqa: DTZ007 - the zone is attached by the caller
