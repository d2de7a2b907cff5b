"""Open dossiers of whoever holds them: how many fall due when, and which.

To the last committed booking. They are found by the cells of their holders (`dossier_held`), never by
going through all that a nation has open.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from monitor.domain.policy import Policy, Precision

_EVER: Final = 1 << 62


class Due(StrEnum):
    """When an open dossier falls due, as the view `grafana_open` says it."""

    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    LATER = "later"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """Whose dossiers, and of which procedure."""

    offices: Sequence[str] | None  # at any level, as booked; None: everybody's
    procedure: str = ""

    def where(self) -> tuple[str, list[Any]]:
        """Of cells: a condition, and what it is given from $1 on."""
        said: list[str] = []
        given: list[Any] = []
        if self.offices is not None:
            given.append(list(self.offices))
            said.append(f"agency = ANY(${len(given)}::text[])")
        if self.procedure:
            given.append(self.procedure)
            said.append(f"procedure = ${len(given)}")
        return " AND ".join(said) or "true", given


class Fall(NamedTuple):
    """How many fall due on a day, or in the part of it that has passed."""

    day: int | None  # since 1970-01-01; None: no due date was sent
    due: Due
    dossiers: int


class Open(NamedTuple):
    """An open dossier."""

    key: str
    office: str
    procedure: str
    paused: bool
    due_ms: int | None


# Rows of their own, and those that a recompute's result stands for, as `grafana_open` has them.
_OPEN: Final = """
    WITH active AS MATERIALIZED (
        SELECT coalesce(max(epoch), 0) AS epoch FROM policy WHERE state = 'active'
    ), held AS (
        SELECT dossier.key, dossier.outcome, dossier.cell, dossier.due_ms
        FROM dossier
        WHERE dossier.outcome IN (4, 5)
          AND dossier.cell = ANY(ARRAY(SELECT id FROM cell WHERE {where})) {within}
          AND NOT EXISTS (SELECT FROM rebooked, active WHERE rebooked.key = dossier.key
              AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch)
        UNION ALL
        SELECT rebooked.key, rebooked.outcome, rebooked.cell, rebooked.due_ms
        FROM rebooked CROSS JOIN active JOIN dossier USING (key)
        WHERE rebooked.outcome IN (4, 5)
          AND rebooked.cell = ANY(ARRAY(SELECT id FROM cell WHERE {where})) {within_rebooked}
          AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch
    )
"""


class Marks:
    """The instants at which a policy's day begins and what is due turns overdue."""

    def __init__(self, policy: Policy, now_ms: int) -> None:
        self._start_of = policy.zone.start_of
        self._day = policy.zone.day
        self.today = policy.zone.day(now_ms)
        midnight_ms = policy.zone.start_of(self.today)
        # By dates, nothing is overdue on the day it falls due.
        self.overdue_ms = now_ms if policy.precision is Precision.INSTANT else midnight_ms

    def due(self, due_ms: int | None) -> Due:
        """When that is."""
        if due_ms is None:
            return Due.NONE
        if due_ms < self.overdue_ms:
            return Due.OVERDUE
        ahead = self._day(due_ms) - self.today
        return Due.TODAY if ahead <= 0 else Due.TOMORROW if ahead == 1 else Due.LATER

    def span(self, due: Due | None, day: int | None) -> tuple[int, int] | None:
        """From when to before when something of both falls due; None: without a due date."""
        first, until = -_EVER, _EVER
        tomorrow = self.today + 1
        match due:
            case Due.NONE:
                return None
            case Due.OVERDUE:
                until = self.overdue_ms
            case Due.TODAY:
                first, until = self.overdue_ms, self._start_of(tomorrow)
            case Due.TOMORROW:
                first, until = self._start_of(tomorrow), self._start_of(tomorrow + 1)
            case Due.LATER:
                first = self._start_of(tomorrow + 1)
            case None:
                pass
        if day is not None:
            first = max(first, self._start_of(day))
            until = min(until, self._start_of(day + 1))
        return first, until


def counted(of: Holders, policy: Policy, marks: Marks) -> tuple[str, list[Any]]:
    """The query of `counts`, and what it is given."""
    where, given = of.where()
    n = len(given)
    open_ = _OPEN.format(where=where, within="", within_rebooked="")
    query = f"""{open_}
        SELECT (to_timestamp(due_ms / 1000.0) AT TIME ZONE ${n + 1})::date - date '1970-01-01',
               due_ms < ${n + 2}, min(due_ms), count(*)
        FROM held GROUP BY 1, 2 ORDER BY 1, 2 DESC
    """  # noqa: S608 - our own
    return query, [*given, policy.zone.name, marks.overdue_ms]


async def counts(connection: Any, of: Holders, policy: Policy, now_ms: int) -> list[Fall]:
    """How many fall due when, the earliest day first, those without a due date last."""
    marks = Marks(policy, now_ms)
    query, given = counted(of, policy, marks)
    rows = await connection.fetch(query, *given)
    return [Fall(day, marks.due(least_ms), dossiers) for day, _, least_ms, dossiers in rows]


def listed(of: Holders, span: tuple[int, int] | None, most: int) -> tuple[str, list[Any]]:
    """The query of `dossiers`, and what it is given."""
    where, given = of.where()
    n = len(given)
    within = "AND {}.due_ms IS NULL"
    if span is not None:
        within = f"AND {{}}.due_ms >= ${n + 1} AND {{}}.due_ms < ${n + 2}"
        given += span
    found = _OPEN.format(
        where=where,
        within=within.format("dossier", "dossier"),
        within_rebooked=within.format("rebooked", "rebooked"),
    )
    query = f"""{found}
        , first AS (SELECT * FROM held ORDER BY due_ms, key LIMIT ${len(given) + 1})
        SELECT first.key, cell.agency, cell.procedure, first.outcome = 5, first.due_ms
        FROM first JOIN cell ON cell.id = first.cell ORDER BY first.due_ms, first.key
    """  # noqa: S608 - our own
    return query, [*given, most]


async def dossiers(
    connection: Any,
    of: Holders,
    policy: Policy,
    now_ms: int,
    *,
    due: Due | None = None,
    day: int | None = None,
    most: int,
) -> Sequence[Open]:
    """Those that fall due then, the earliest first."""
    query, given = listed(of, Marks(policy, now_ms).span(due, day), most)
    return [Open(*row) for row in await connection.fetch(query, *given)]
