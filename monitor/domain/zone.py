"""Local days of a zone, in integers: milliseconds since 1970-01-01T00:00Z to days and back.

A zone without clock changes is one addition; another is a bisection of its changes.
"""

from bisect import bisect_right
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

DAY_MS: Final = 86_400_000
HO_CHI_MINH: Final = "Asia/Ho_Chi_Minh"

# Years outside 1990-2100 are refused (MEASURES.md §2); a year more on either side, so that
# the first and the last local day are whole. Beyond it the nearest offset is taken to last.
_FIRST_SECOND: Final = int(datetime(1989, 1, 1, tzinfo=UTC).timestamp())
_LAST_SECOND: Final = int(datetime(2102, 1, 1, tzinfo=UTC).timestamp())
_STEP_SECONDS: Final = 86_400  # no zone changes its clocks twice within a day


_EPOCH: Final = date(1970, 1, 1).toordinal()


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH


def date_of(day: int) -> date:
    return date.fromordinal(day + _EPOCH)


class _Changes(NamedTuple):
    at: list[int]  # when the clocks change, ms
    before: list[int]  # the last local day begun before each change
    offset: list[int]  # ms ahead of UTC: offset[i] stands before at[i], offset[-1] after all


@lru_cache(maxsize=64)
def _changes(name: str) -> _Changes:
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone of the tz database") from error

    def offset(second: int) -> int:
        ahead = datetime.fromtimestamp(second, zone).utcoffset()
        assert ahead is not None  # noqa: S101 - a ZoneInfo always answers
        return (ahead.days * 86_400 + ahead.seconds) * 1000

    found = _Changes([], [], [offset(_FIRST_SECOND)])
    for second in range(_FIRST_SECOND, _LAST_SECOND, _STEP_SECONDS):
        until = second + _STEP_SECONDS
        if (after := offset(until)) == found.offset[-1]:
            continue
        low, high = second, until  # the clocks change in (low, high]
        while high - low > 1:
            middle = (low + high) // 2
            if offset(middle) == found.offset[-1]:
                low = middle
            else:
                high = middle
        found.at.append(high * 1000)
        found.before.append((high * 1000 - 1 + found.offset[-1]) // DAY_MS)
        found.offset.append(after)
    return found


class Zone:
    """A zone of the tz database. Days are numbered from 1970-01-01, local date.

    Days follow each other without gap or overlap: `start_of(day(ms)) <= ms <
    start_of(day(ms) + 1)` always holds. Where clocks are put back over midnight, the day that
    has begun stays.
    """

    __slots__ = ("_at", "_before", "_fixed", "_offset", "name")

    name: str

    def __init__(self, name: str = HO_CHI_MINH) -> None:
        self._at, self._before, self._offset = _changes(name)
        self._fixed = None if self._at else self._offset[0]
        self.name = name

    def day(self, ms: int) -> int:
        """The local day an instant lies in."""
        if self._fixed is not None:
            return (ms + self._fixed) // DAY_MS
        change = bisect_right(self._at, ms)
        day = (ms + self._offset[change]) // DAY_MS
        return day if not change else max(day, self._before[change - 1])

    def start_of(self, day: int) -> int:
        """The instant of a local day's midnight; of the first moment after it if skipped."""
        return self.instant(day, 0)

    def instant(self, day: int, ms_of_day: int) -> int:
        """The first instant at which the local clock shows this time of this day, or later.

        What a change of clocks skips is the change itself, what it repeats is the first time,
        so that later clock times never give earlier instants.
        """
        local = day * DAY_MS + ms_of_day
        if self._fixed is not None:
            return local - self._fixed
        # No offset exceeds a day, so the changes that matter lie within a day of `local` as UTC.
        change = bisect_right(self._at, local - DAY_MS)
        while change < len(self._at) and local - self._offset[change] >= self._at[change]:
            change += 1
        earliest = local - self._offset[change]
        return max(earliest, self._at[change - 1]) if change else earliest

    def ms_of_day(self, ms: int) -> int:
        """What the local clock shows at an instant, as ms since midnight."""
        if self._fixed is not None:
            return (ms + self._fixed) % DAY_MS
        return (ms + self._offset[bisect_right(self._at, ms)]) % DAY_MS

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Zone) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)
