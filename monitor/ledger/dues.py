"""What is open and falls due, by agency and by its parts, and what the forecast of it rests on.

By the plain rule: the last due date sent, paused dossiers included. Stocks come from the totals and
the books; what a digest breaks down comes from the rows of open dossiers, which have an index by
due date.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from monitor.domain.calendar import WorkCalendar
from monitor.domain.codes import level1
from monitor.domain.forecast import WITHIN, Books, Forecast, ahead, falling, forecast, mornings
from monitor.domain.measures import NO_SLOT, Measure
from monitor.domain.policy import Policy, Precision
from monitor.ledger.balances import Accounts, Dimension, known_now

_STOCKS: Final = (int(Measure.IN_PROCESS), int(Measure.PAUSED))
_SETTLED: Final = (int(Measure.COMPLETED), int(Measure.RETURNED))
_LONG_AGO: Final = 0  # the slot that stands for all before those that are told apart


class AgencyDues(NamedTuple):
    """What falls due at an agency, as it was last judged; columns as `DUES` reads them."""

    agency: str
    judged_ms: int
    overdue: int
    today: int
    in_1: int
    in_2: int
    pace: float | None
    day: int
    expected_1: float | None
    expected_3: float | None
    expected_5: float | None


DUES: Final = (
    "SELECT agency, judged_ms, overdue, today, in_1, in_2, pace, day, expected_1, expected_3,"
    " expected_5 FROM agency_dues ORDER BY agency"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlooks:
    """The forecast of every agency, from what was open when a day began."""

    day: int
    books: Mapping[str, Books]
    calendars: Mapping[str, WorkCalendar]
    forecasts: Mapping[str, Forecast]


class Part(NamedTuple):
    """A part of what an agency has open: of a unit and a procedure, by the day it falls due."""

    agency: str  # whoever holds it, at any level
    unit: str
    procedure: str
    paused: bool
    slot: int  # a day; for what fell due before the first day asked for, the day before it


# Slots of long ago are drawn together, and those beyond what is forecast left out.
_STOCK: Final = """
    SELECT agency, CASE WHEN slot < $1 THEN 0 ELSE slot END AS due,
           sum(credit - debit)::int8 AS dossiers
    FROM total
    WHERE measure IN (12, 13) AND slot <> $3 AND slot <= $2
    GROUP BY 1, 2 HAVING sum(credit - debit) <> 0
"""

# Rows of their own, and those that a recompute's result stands for: the view `booked_now`, taken
# apart so that each half has an index.
_OPEN: Final = """
    WITH active AS MATERIALIZED (
        SELECT coalesce(max(epoch), 0) AS epoch FROM policy WHERE state = 'active'
    ), due AS (
        SELECT dossier.outcome, dossier.cell, dossier.due_ms
        FROM dossier CROSS JOIN active
        WHERE dossier.outcome IN (4, 5) AND dossier.due_ms >= $1 AND dossier.due_ms < $2
          AND NOT EXISTS (SELECT FROM rebooked WHERE rebooked.key = dossier.key
              AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch)
        UNION ALL
        SELECT rebooked.outcome, rebooked.cell, rebooked.due_ms
        FROM rebooked CROSS JOIN active JOIN dossier USING (key)
        WHERE rebooked.outcome IN (4, 5) AND rebooked.due_ms >= $1 AND rebooked.due_ms < $2
          AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch
    ), counted AS (
        SELECT cell, outcome = 5 AS paused, width_bucket(due_ms, $3::int8[]) AS place,
               count(*) AS dossiers
        FROM due GROUP BY 1, 2, 3
    )
    SELECT cell.agency, cell.unit, cell.procedure, paused, place, sum(dossiers)::int8
    FROM counted JOIN cell ON cell.id = counted.cell
    GROUP BY 1, 2, 3, 4, 5
"""
_EVER_MS: Final = -(1 << 62)
# Days of balances are read from their index; of the journal, what the follower has not folded yet.
_FIRST_BOOKED: Final = """
    SELECT least(
        (SELECT min(day) FROM balance_run WHERE measure IN (12, 13)),
        (SELECT min(day) FROM journal
         WHERE seq > (SELECT seq FROM follower) AND measure IN (12, 13))
    )
"""


def calendar_of(policy: Policy, agency: str = "") -> WorkCalendar:
    """The calendar of an agency; without reference files, office hours and no holidays."""
    if policy.legal is None:
        return WorkCalendar(zone=policy.zone)
    return policy.legal.calendars.calendar(agency)


async def first_booked(connection: Any) -> int | None:
    """The first day on which a dossier was open, as the books have it; None if they are empty."""
    found: int | None = await connection.fetchval(_FIRST_BOOKED)
    return found


async def outlooks(connection: Any, policy: Policy, today: int) -> Outlooks:
    """What is expected of every agency, from what was open when today began."""
    general = calendar_of(policy)
    calendars = [general]
    if policy.legal is not None:
        owners = policy.legal.calendars.owners()
        calendars += [policy.legal.calendars.calendar(owner) for owner in owners]
    first = min(mornings(calendar, today)[0] for calendar in calendars)
    last = max(ahead(calendar, today, max(WITHIN)) for calendar in calendars)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        moved = await known_now(
            connection,
            Accounts(measures=(*_STOCKS, *_SETTLED), first_day=first, last_slot=last),
            (Dimension.LEVEL1, Dimension.MEASURE, Dimension.DAY, Dimension.SLOT),
        )
        stock = await connection.fetch(_STOCK, first, last, NO_SLOT)
        # Also those of which nothing is open: their digest says so.
        measured = await connection.fetch("SELECT DISTINCT agency, 0, 0 FROM total")
    books = _books(policy, today, first, [*stock, *measured], moved.figures)
    found = {
        agency: general if policy.legal is None else policy.legal.calendars.calendar(agency)
        for agency in books
    }
    return Outlooks(
        day=today, books=books, calendars=found, forecasts=forecast(books, found, today)
    )


def _books(
    policy: Policy,
    today: int,
    first: int,
    stock: Iterable[tuple[str, int, int]],
    moved: Mapping[tuple[int | str, ...], int],
) -> dict[str, Books]:
    stocks: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    moves: dict[str, dict[tuple[int, int], int]] = defaultdict(lambda: defaultdict(int))
    settled: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for agency, slot, dossiers in stock:
        stocks[policy.present(agency)][slot] += dossiers
    for (booked_at, measure, on, due), amount in moved.items():
        # Dimensions come as they were asked for: a text and three numbers.
        here, day = policy.present(str(booked_at)), int(on)
        if measure in _SETTLED:
            if day < today:
                settled[here][day] += amount
        elif due != NO_SLOT:
            slot = int(due) if int(due) >= first else _LONG_AGO
            if day < today:
                moves[here][day, slot] += amount
            else:
                stocks[here][slot] -= amount
    return {
        agency: Books(stock=stocks[agency], moved=moves[agency], settled=settled[agency])
        for agency in sorted({*stocks, *moves, *settled})
    }


async def judge(
    connection: Any, policy: Policy, now_ms: int, known: Outlooks
) -> tuple[AgencyDues, ...]:
    """What falls due at every agency at an instant, beside what is expected of it today."""
    today = policy.zone.day(now_ms)
    midnight_ms = policy.zone.start_of(today)
    # By dates, nothing is overdue on the day it falls due.
    until_ms = now_ms if policy.precision is Precision.INSTANT else midnight_ms
    last = max(
        (calendar.add_working_days(today, 2) for calendar in known.calendars.values()),
        default=today,
    )
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        stock = await connection.fetch(_STOCK, today, last, NO_SLOT)
        passed = await connection.fetch(_OPEN, midnight_ms, until_ms, [midnight_ms])
    stocks: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for agency, slot, dossiers in stock:
        stocks[policy.present(agency)][slot] += dossiers
    for holder, _, _, _, _, dossiers in passed:
        here = stocks[policy.present(level1(holder))]
        here[today] -= dossiers
        here[_LONG_AGO] += dossiers
    judged = []
    for agency in sorted({*stocks, *known.forecasts}):
        calendar = known.calendars.get(agency) or calendar_of(policy, agency)
        first, second = (calendar.add_working_days(today, n) for n in (1, 2))
        held = stocks[agency]
        expected = known.forecasts.get(agency)
        judged.append(
            AgencyDues(
                agency=agency,
                judged_ms=now_ms,
                overdue=falling(held, None, today),
                today=falling(held, today, today + 1),
                in_1=falling(held, today + 1, first + 1),
                in_2=falling(held, first + 1, second + 1),
                pace=None if expected is None else expected.pace,
                day=known.day,
                expected_1=_expected(expected, 1),
                expected_3=_expected(expected, 3),
                expected_5=_expected(expected, 5),
            )
        )
    return tuple(judged)


def _expected(of: Forecast | None, within: int) -> float | None:
    if of is None or (found := of.ahead[within].outlook) is None:
        return None
    return found.expected


async def overdue(connection: Any, policy: Policy, now_ms: int) -> list[tuple[str, str, int]]:
    """What is overdue now, by who holds it (at any level) and by procedure."""
    until_ms = now_ms
    if policy.precision is not Precision.INSTANT:
        until_ms = policy.zone.start_of(policy.zone.day(now_ms))
    rows = await connection.fetch(_OPEN, _EVER_MS, until_ms, [until_ms])
    found: dict[tuple[str, str], int] = defaultdict(int)
    for holder, _, procedure, _, _, dossiers in rows:
        found[holder, procedure] += dossiers
    return [(*key, dossiers) for key, dossiers in sorted(found.items())]


async def keep(connection: Any, judged: Iterable[AgencyDues]) -> None:
    """Put what was judged in the place of what was judged before."""
    async with connection.transaction():
        await connection.execute("DELETE FROM agency_dues")
        await connection.executemany(
            "INSERT INTO agency_dues (agency, judged_ms, overdue, today, in_1, in_2, pace, day,"
            " expected_1, expected_3, expected_5)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            judged,
        )


async def parts(connection: Any, policy: Policy, day: int, last: int) -> dict[Part, int]:
    """What was open when a day began and falls due by `last`, in the parts it is made of.

    What is open now, less what has moved from that day on: as the books have it, for any day.
    """
    marks = [policy.zone.start_of(due) for due in range(day, last + 2)]
    found: dict[Part, int] = defaultdict(int)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(_OPEN, _EVER_MS, marks[-1], marks)
        moved = await known_now(
            connection,
            Accounts(measures=_STOCKS, first_day=day, last_slot=last),
            (
                Dimension.MEASURE,
                Dimension.AGENCY,
                Dimension.UNIT,
                Dimension.PROCEDURE,
                Dimension.SLOT,
            ),
        )
    for agency, unit, procedure, paused, place, dossiers in rows:
        found[Part(agency, unit, procedure, paused, day - 1 + place)] += dossiers
    for (measure, agency, unit, procedure, slot), amount in moved.figures.items():
        if slot == NO_SLOT:
            continue
        part = Part(
            str(agency),
            str(unit),
            str(procedure),
            measure == Measure.PAUSED,
            max(int(slot), day - 1),
        )
        found[part] -= amount
    return {part: dossiers for part, dossiers in found.items() if dossiers}
