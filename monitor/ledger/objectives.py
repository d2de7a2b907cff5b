"""Objectives in the ledger: which are in force, how each stands, and which services are degraded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from monitor.domain.objective import Objective
from monitor.domain.service_level import Counted
from monitor.domain.watched import Watched
from monitor.domain.worktime import NATIONAL
from monitor.ledger.judging import Examined, Found, Judgement


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
    title_vi: str = ""  # of the group, as its file names it
    title_en: str = ""


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
    " median_ms, limit_ms, title_vi, title_en FROM service_standing ORDER BY agency, grp"
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


# -- what a worker keeps ---------------------------------------------------------------------------


async def keep_versions(connection: Any, watched: Watched, now_ms: int) -> list[str]:
    """Note which objectives are new or say something else than before; their names."""
    known = {
        row["objective"]: row["version"]
        for row in await connection.fetch(
            "SELECT DISTINCT ON (objective) objective, version FROM objective_version"
            " ORDER BY objective, known_ms DESC"
        )
    }
    said = {each.name: (each.version, _said(each)) for each in watched.objectives.objectives}
    said |= dict.fromkeys(known.keys() - said.keys(), ("", "{}"))
    changed = sorted(name for name, (version, _) in said.items() if known.get(name) != version)
    await connection.executemany(
        "INSERT INTO objective_version (objective, known_ms, version, said)"
        " VALUES ($1, $2, $3, $4)",
        [(name, now_ms, *said[name]) for name in changed],
    )
    return changed


def _said(objective: Objective) -> str:
    return msgspec.json.encode(objective).decode()


async def keep(connection: Any, judgement: Judgement) -> None:
    """Keep how all stands now, and since when."""
    async with connection.transaction():
        await _keep_objectives(connection, judgement.found)
        await _keep_standings(connection, judgement.found, judgement.now_ms)
        await _keep_services(connection, judgement.examined, judgement.now_ms)


async def _keep_objectives(connection: Any, found: Sequence[Found]) -> None:
    rows = {
        one.objective.name: (
            one.objective.name,
            one.objective.version,
            str(one.objective.indicator),
            one.objective.window.label,
            NATIONAL,
            one.objective.owner,
            str(one.target.basis),
            one.target.good,
            one.objective.minimum,
            _said(one.objective),
        )
        for one in found
    }
    await connection.execute(
        "DELETE FROM objective WHERE objective <> ALL($1::text[])", list(rows)
    )
    await connection.executemany(
        "INSERT INTO objective VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (objective) DO UPDATE SET (version, indicator, period, calendar, owner,"
        " basis, target, minimum, said) = ($2, $3, $4, $5, $6, $7, $8, $9, $10)",
        list(rows.values()),
    )


async def _keep_standings(connection: Any, found: Sequence[Found], now_ms: int) -> None:
    before = {
        (row["objective"], row["scope"]): (row["state"], row["since_ms"])
        for row in await connection.fetch(
            "SELECT objective, scope, state, since_ms FROM objective_standing"
        )
    }
    rows, begun = [], []
    for one in found:
        key = (one.objective.name, one.scope.label)
        state, alert = str(one.standing.state), one.standing.alert
        known, since_ms = before.pop(key, ("", now_ms))
        window = one.observed.window
        if known != state:
            since_ms = now_ms
            begun.append((*key, now_ms, state, one.objective.version, *window))
        back = {label: tuple(counted) for label, counted in one.observed.back.items()}
        rows.append(
            (
                *key,
                state,
                since_ms,
                now_ms,
                one.first_day,
                *window,
                msgspec.json.encode(back).decode(),
                f"{alert.long.label}/{alert.short.label}" if alert else "",
            )
        )
    ended = [*before, *(row[:2] for row in begun)]
    await _end_spells(connection, "objective_spell", ("objective", "scope"), ended, now_ms)
    await connection.executemany(
        "DELETE FROM objective_standing WHERE objective = $1 AND scope = $2", list(before)
    )
    await connection.executemany(
        "INSERT INTO objective_spell (objective, scope, since_ms, state, version, good, bad)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (objective, scope, since_ms)"
        " DO UPDATE SET until_ms = NULL, (state, version, good, bad) = ($4, $5, $6, $7)",
        begun,
    )
    await connection.executemany(
        "INSERT INTO objective_standing VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (objective, scope) DO UPDATE SET (state, since_ms, judged_ms, first_day,"
        " good, bad, burning, alert) = ($3, $4, $5, $6, $7, $8, $9, $10)",
        rows,
    )


async def _keep_services(connection: Any, examined: Sequence[Examined], now_ms: int) -> None:
    before = {
        (row["agency"], row["grp"]): (row["state"], row["since_ms"])
        for row in await connection.fetch(
            "SELECT agency, grp, state, since_ms FROM service_standing"
        )
    }
    rows, begun = [], []
    for agency, group, fared, diagnosis, title_vi, title_en in examined:
        key, state = (agency, group), str(diagnosis.condition)
        known, since_ms = before.pop(key, ("", now_ms))
        if known != state:
            since_ms = now_ms
            begun.append((*key, now_ms, state))
        rows.append(
            (
                *key,
                state,
                list(diagnosis.reasons),
                since_ms,
                now_ms,
                fared.open,
                fared.open_then,
                fared.completed,
                diagnosis.median_ms,
                fared.limit_ms,
                title_vi,
                title_en,
            )
        )
    ended = [*before, *(row[:2] for row in begun)]
    await _end_spells(connection, "service_spell", ("agency", "grp"), ended, now_ms)
    await connection.executemany(
        "DELETE FROM service_standing WHERE agency = $1 AND grp = $2", list(before)
    )
    await connection.executemany(
        "INSERT INTO service_spell (agency, grp, since_ms, state) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (agency, grp, since_ms) DO UPDATE SET until_ms = NULL, state = $4",
        begun,
    )
    await connection.executemany(
        "INSERT INTO service_standing VALUES"
        " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
        " ON CONFLICT (agency, grp) DO UPDATE SET (state, reasons, since_ms, judged_ms, open,"
        " open_then, completed, median_ms, limit_ms, title_vi, title_en)"
        " = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        rows,
    )


async def _end_spells(
    connection: Any,
    table: str,
    key: tuple[str, str],
    ended: Iterable[tuple[Any, ...]],
    now_ms: int,
) -> None:
    await connection.executemany(
        f"UPDATE {table} SET until_ms = $3 WHERE {key[0]} = $1 AND {key[1]} = $2"  # noqa: S608 - our constants
        " AND until_ms IS NULL",
        [(*one, now_ms) for one in ended],
    )


# -- how it was ------------------------------------------------------------------------------------


class Spell(NamedTuple):
    """A state that lasted, or lasts, and the numbers with which it began."""

    state: str
    since_ms: int
    until_ms: int | None
    version: str
    counted: Counted


class Version(NamedTuple):
    """What an objective's file said from a time on."""

    known_ms: int
    version: str  # "" from when on there was none
    said: str  # JSON


async def spells(connection: Any, objective: str, scope: str, from_ms: int = 0) -> list[Spell]:
    """How an objective stood, from the spell on that reaches a time."""
    return [
        Spell(state, since_ms, until_ms, version, Counted(good, bad))
        for state, since_ms, until_ms, version, good, bad in await connection.fetch(
            "SELECT state, since_ms, until_ms, version, good, bad FROM objective_spell"
            " WHERE objective = $1 AND scope = $2 AND (until_ms IS NULL OR until_ms > $3)"
            " ORDER BY since_ms",
            objective,
            scope,
            from_ms,
        )
    ]


async def versions(connection: Any, objective: str) -> list[Version]:
    """What its file said, one after the other."""
    return [
        Version(*row)
        for row in await connection.fetch(
            "SELECT known_ms, version, said::text FROM objective_version WHERE objective = $1"
            " ORDER BY known_ms",
            objective,
        )
    ]
