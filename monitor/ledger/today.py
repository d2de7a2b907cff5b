"""What happens today: to the last committed booking, and not only to the last cut.

Flows of the day from the books and what the journal has beyond them; what is open and overdue from
the running totals. By ministry and province, as they stand today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from monitor.domain.codes import level1
from monitor.domain.measures import Measure
from monitor.domain.policy import Policy, Precision
from monitor.ledger.balances import Accounts, Dimension, known_now
from monitor.ledger.figures import OVERDUE_TODAY


class Moving(NamedTuple):
    """How an agency, or the country, fares today."""

    received: int = 0
    completed: int = 0
    returned: int = 0
    on_time: int = 0  # of those that ended today: by the 766 rule, or the plain one
    late: int = 0
    open: int = 0
    overdue: int = 0

    def __add__(self, other: object) -> "Moving":
        if not isinstance(other, Moving):
            return NotImplemented
        return Moving(*(a + b for a, b in zip(self, other, strict=True)))


NOTHING: Final = Moving()


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """As of one committed state."""

    now_ms: int
    day: int
    by_766: bool  # which rule on time is judged by
    agencies: Mapping[str, Moving]  # by ministry or province

    @property
    def country(self) -> Moving:
        """All together."""
        found = NOTHING
        for one in self.agencies.values():
            found += one
        return found


_FLOWS: Final[Mapping[Measure, str]] = {
    Measure.ACCEPTED: "received",
    Measure.COMPLETED: "completed",
    Measure.RETURNED: "returned",
}
_BY_766: Final = {Measure.ON_TIME_766: "on_time", Measure.LATE_766: "late"}
_PLAIN: Final = {Measure.ON_TIME: "on_time", Measure.LATE: "late"}

_OPEN: Final = """
    SELECT agency, sum(credit - debit)::int8,
           coalesce(sum(credit - debit) FILTER (WHERE slot < $2 AND slot >= 0), 0)::int8
    FROM total WHERE measure = ANY($1::int2[]) GROUP BY 1
"""


async def today(pool: Any, policy: Policy, now_ms: int) -> Today:
    """All of it, in one snapshot."""
    day = policy.zone.day(now_ms)
    midnight_ms = policy.zone.start_of(day)
    overdue_before = now_ms if policy.precision is Precision.INSTANT else midnight_ms
    named = {**_FLOWS, **(_BY_766 if policy.legal else _PLAIN)}
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        flows = await known_now(
            connection,
            Accounts(measures=[int(one) for one in named], first_day=day, last_day=day),
            (Dimension.MEASURE, Dimension.LEVEL1),
        )
        stock = await connection.fetch(_OPEN, [Measure.IN_PROCESS, Measure.PAUSED], day)
        overdue = await connection.fetch(OVERDUE_TODAY, midnight_ms, overdue_before)
    found: dict[str, dict[str, int]] = {}

    def add(agency: str, name: str, amount: int) -> None:
        of = found.setdefault(policy.present(agency), {})
        of[name] = of.get(name, 0) + amount

    for (measure, agency), amount in flows.figures.items():
        add(str(agency), named[Measure(int(measure))], amount)
    for agency, is_open, is_overdue in stock:
        add(agency, "open", is_open)
        add(agency, "overdue", is_overdue)
    for _, agency, _, _, dossiers in overdue:
        add(level1(agency), "overdue", dossiers)
    return Today(
        now_ms=now_ms,
        day=day,
        by_766=policy.legal is not None,
        agencies={agency: Moving(**amounts) for agency, amounts in sorted(found.items())},
    )


_DRAWN: Final = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM journal_seq_seq"


async def drawn(pool: Any) -> int:
    """The last number of the journal that was drawn: whether anything was booked since."""
    return int(await pool.fetchval(_DRAWN))


_FOLDED: Final = "SELECT (extract(epoch FROM folded_at) * 1000)::int8 FROM follower"


async def folded(pool: Any) -> int:
    """When a worker last looked after the ledger, also where nothing was sent; 0: none ever did."""
    return int(await pool.fetchval(_FOLDED))


class Moved(NamedTuple):
    """What was booked of an agency in the last minutes, whichever day it belongs to."""

    agency: str
    received: int
    completed: int
    returned: int


_MOVED: Final = """
    SELECT measure, cell.agency, sum(amount)::int8
    FROM journal JOIN cell ON cell.id = journal.cell
    WHERE seq > coalesce((SELECT max(seq) FROM cut WHERE sealed_at <= to_timestamp($1 / 1000.0)),
                         (SELECT min(seq) FROM cut), 0)
      AND seq > $3 AND measure = ANY($2::int2[])
    GROUP BY 1, 2 HAVING sum(amount) <> 0
"""
MOST_PAGES: Final = 20_000  # of the journal that are looked back at


async def moved(pool: Any, policy: Policy, since_ms: int, drawn_: int) -> list[Moved]:
    """Bookings after the last cut before an instant, of those who moved most first.

    In a ledger that is younger, after its first cut: what it began with has not just moved.
    """
    rows = await pool.fetch(_MOVED, since_ms, [int(one) for one in _FLOWS], drawn_ - MOST_PAGES)
    found: dict[str, dict[str, int]] = {}
    for measure, booked_at, amount in rows:
        agency = policy.present(level1(booked_at))
        of = found.setdefault(agency, {"received": 0, "completed": 0, "returned": 0})
        of[_FLOWS[Measure(measure)]] += amount
    lines = [Moved(agency, **amounts) for agency, amounts in found.items()]
    return sorted(lines, key=lambda one: (-sum(map(abs, one[1:])), one.agency))
