"""What hour it is for an office: whether its calendar works now, and whether its digest is due."""

from typing import Final, NamedTuple

from monitor.domain.calendar import WorkCalendar
from monitor.domain.policy import Legal

NATIONAL: Final = "national"  # the calendar of all that have no hours of their own
_HALF_HOUR_MS: Final = 1_800_000
# The half hour in which digests go out: 07:30 to 07:59.
DIGEST_FROM_MS: Final = 15 * _HALF_HOUR_MS
DIGEST_UNTIL_MS: Final = 16 * _HALF_HOUR_MS


class Worktime(NamedTuple):
    """What a calendar says of an instant."""

    calendar: str  # NATIONAL, or the agency that has hours of its own
    working: bool  # within a session
    working_day: bool
    digest: bool  # between 07:30 and 07:59 on a working day


def worktime(name: str, calendar: WorkCalendar, at_ms: int) -> Worktime:
    """What a calendar says of an instant; nothing works beyond its days."""
    day = calendar.zone.day(at_ms)
    if not calendar.first_day <= day <= calendar.last_day:
        return Worktime(name, working=False, working_day=False, digest=False)
    works = calendar.is_working_day(day)
    clock_ms = calendar.zone.ms_of_day(at_ms)
    return Worktime(
        name,
        # To the next instant something is worked: so within a session, its close left out.
        working=calendar.worked_ms(at_ms, at_ms + 1) > 0,
        working_day=works,
        digest=works and DIGEST_FROM_MS <= clock_ms < DIGEST_UNTIL_MS,
    )


def worktimes(legal: Legal | None, at_ms: int) -> tuple[Worktime, ...]:
    """What all calendars of a policy say; without reference files there are none."""
    if legal is None:
        return ()
    calendars = legal.calendars
    return (
        worktime(NATIONAL, calendars.calendar(), at_ms),
        *(worktime(owner, calendars.calendar(owner), at_ms) for owner in calendars.owners()),
    )
