"""Objectives in the ledger: which are in force, how each stands, and which services are degraded."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from monitor.domain.service_level import Counted


class InForce(NamedTuple):
    """An objective as it is asked for now."""

    objective: str
    indicator: str
    period: str
    calendar: str
    owner: str
    basis: str
    target: int  # of 10,000


class Stands(NamedTuple):
    """How an objective stands in a scope, as last judged."""

    objective: str
    scope: str
    state: str
    since_ms: int
    judged_ms: int
    first_day: int
    counted: Counted
    back: Mapping[str, Counted]  # by the label of a burn window
    alert: str  # the windows that burn, or ""


class Service(NamedTuple):
    """How a group of procedures fares at a ministry or province, as last judged."""

    agency: str
    group: str
    state: str
    reasons: tuple[str, ...]
    since_ms: int
    judged_ms: int
    open: int
    open_then: int
    completed: int
    median_ms: int | None
    limit_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """All of it, as of one instant."""

    objectives: tuple[InForce, ...] = ()
    standings: tuple[Stands, ...] = ()
    services: tuple[Service, ...] = ()


NOTHING_JUDGED: Final = Judged()

_IN_FORCE: Final = (
    "SELECT objective, indicator, period, calendar, owner, basis, target FROM objective"
    " ORDER BY objective"
)
_STANDS: Final = (
    "SELECT objective, scope, state, since_ms, judged_ms, first_day, good, bad, burning::text,"
    " alert FROM objective_standing ORDER BY objective, scope"
)
_SERVICES: Final = (
    "SELECT agency, grp, state, reasons, since_ms, judged_ms, open, open_then, completed,"
    " median_ms, limit_ms FROM service_standing ORDER BY agency, grp"
)


async def read(connection: Any) -> Judged:
    """How all objectives and services stand; three small tables."""
    return Judged(
        objectives=tuple(InForce(*row) for row in await connection.fetch(_IN_FORCE)),
        standings=tuple(_stands(*row) for row in await connection.fetch(_STANDS)),
        services=tuple(
            Service(agency, group, state, tuple(reasons), *rest)
            for agency, group, state, reasons, *rest in await connection.fetch(_SERVICES)
        ),
    )


def _stands(
    objective: str,
    scope: str,
    state: str,
    since_ms: int,
    judged_ms: int,
    first_day: int,
    good: int,
    bad: int,
    burning: str,
    alert: str,
) -> Stands:
    counted, back = Counted(good, bad), _back(burning)
    return Stands(objective, scope, state, since_ms, judged_ms, first_day, counted, back, alert)


def _back(burning: str) -> dict[str, Counted]:
    said: dict[str, tuple[int, int]] = msgspec.json.decode(burning)
    return {label: Counted(*counts) for label, counts in said.items()}
