"""`emc objectives`: how objectives and services stand, and one objective in one scope with its numbers."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TextIO

import asyncpg
from rich.table import Table

from agents.operator import FOUND, OK, Refusal, print_json, print_table, utc
from monitor.domain.degraded import Condition
from monitor.domain.objective import COUNTRY, WHOLE
from monitor.domain.policy import Policy
from monitor.domain.service_level import State, wilson
from monitor.domain.watched import Watched
from monitor.domain.zone import date_of, day_number
from monitor.ledger import objectives, past
from monitor.ledger.objectives import InForce, Judged, Service, Spell, Stands, Version

_WHY: Final = {
    State.NO_DATA: "nobody who would tell is connected: emc source health",
    State.TOO_FEW: "fewer have ended than the minimum, or the window is young",
}
_NOT_WELL: Final = frozenset({State.BURNING, State.SPENT})


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        yield connection
    finally:
        await connection.close(timeout=1)


async def show(
    dsn: str,
    objective: str | None,
    scope: str | None,
    *,
    every: bool,
    history_days: int,
    at: datetime,
    as_json: bool,
    out: TextIO,
) -> int:
    """All objectives, or one in one scope; FOUND if one of them burns or is spent."""
    async with _opened(dsn) as connection:
        judged = await objectives.read(connection)
        _require(judged, objective, scope)
        spells: list[Spell] = []
        versions: list[Version] = []
        if objective is not None and scope is not None:
            since = int((at - timedelta(days=history_days)).timestamp() * 1000)
            spells = await objectives.spells(connection, objective, scope, since)
            versions = await objectives.versions(connection, objective)
    asked = {one.objective: one for one in judged.objectives}
    standings = [
        one
        for one in judged.standings
        if objective in (None, one.objective) and scope in (None, one.scope)
    ]
    services = judged.services if objective is None else ()
    described = [_described(one, asked[one.objective]) for one in standings]
    if as_json:
        print_json(
            {
                "objectives": described,
                "services": [_of_service(one) for one in services],
                "history": [_of_spell(one) for one in spells],
                "versions": [_of_version(one) for one in versions],
            },
            out,
        )
    elif objective is not None and scope is not None:
        _explain(described[0], spells, versions, out)
    else:
        _print_all(described, services, every=every or objective is not None, out=out)
    well = all(one.state not in _NOT_WELL for one in standings) and all(
        one.state != Condition.DEGRADED for one in services
    )
    return OK if well else FOUND


def _require(judged: Judged, objective: str | None, scope: str | None) -> None:
    if not judged.objectives:
        raise Refusal(
            "no objective is judged yet: a worker does so that was started with EMC_REFERENCE, a"
            " folder with objectives/ in it"
        )
    if objective is None:
        return
    if objective not in {one.objective for one in judged.objectives}:
        known = ", ".join(one.objective for one in judged.objectives)
        raise Refusal(f"no objective {objective!r} is in force; there are: {known}")
    scopes = [one.scope for one in judged.standings if one.objective == objective]
    if scope is not None and scope not in scopes:
        raise Refusal(
            f"{objective} is not judged for {scope!r}; it is for: {', '.join(scopes)}"
        )


def _described(one: Stands, asked: InForce) -> dict[str, Any]:
    counted, target = one.counted, asked.target
    interval = wilson(counted)
    return {
        "objective": one.objective,
        "scope": one.scope,
        "state": one.state,
        "since": _at(one.since_ms),
        "alert": one.alert or None,
        "indicator": asked.indicator,
        "window": asked.period,
        "window_begins": date_of(one.first_day).isoformat(),
        "target": target / WHOLE,
        "basis": asked.basis,
        "owner": asked.owner,
        "good": counted.good,
        "bad": counted.bad,
        "ratio": counted.ratio,
        "interval": None if interval is None else list(interval),
        "bad_allowed": counted.total * (WHOLE - target) / WHOLE,
        "budget_remaining": counted.budget_left(target),
        "burn": {
            label: {"good": back.good, "bad": back.bad, "rate": back.burn(target)}
            for label, back in one.back.items()
        },
        "judged": _at(one.judged_ms),
    }


def _of_service(one: Service) -> dict[str, Any]:
    return {
        "agency": one.agency,
        "group": one.group,
        "state": one.state,
        "reasons": list(one.reasons),
        "since": _at(one.since_ms),
        "open": one.open,
        "open_when_the_recent_days_began": one.open_then,
        "completed_in_the_recent_days": one.completed,
        "median_working_seconds": _seconds(one.median_ms),
        "limit_seconds": _seconds(one.limit_ms),
    }


def _of_spell(one: Spell) -> dict[str, Any]:
    return {
        "state": one.state,
        "since": _at(one.since_ms),
        "until": None if one.until_ms is None else _at(one.until_ms),
        "version": one.version,
        "good": one.counted.good,
        "bad": one.counted.bad,
    }


def _of_version(one: Version) -> dict[str, Any]:
    return {
        "known": _at(one.known_ms),
        "version": one.version or None,
        "said": json.loads(one.said),
    }


# -- tables --------------------------------------------------------------------------------------


def _print_all(
    described: Sequence[Mapping[str, Any]],
    services: Sequence[Service],
    *,
    every: bool,
    out: TextIO,
) -> None:
    table = Table(
        "objective", "scope", "state", "good %", "95 %", "target", "events", "budget", "since"
    )
    shown = [
        one
        for one in described
        if every or one["scope"] == COUNTRY or one["state"] in _NOT_WELL
    ]
    for one in shown:
        table.add_row(
            one["objective"],
            one["scope"],
            one["state"] + (f" ({one['alert']})" if one["alert"] else ""),
            _percent(one["ratio"]),
            _between(one["interval"]),
            f"{100 * one['target']:g}",
            f"{one['good'] + one['bad']:,}",
            _percent(one["budget_remaining"]),
            utc(one["since"]),
        )
    print_table(table, out)
    if len(shown) < len(described):
        out.write(
            f"{len(described) - len(shown)} more, none of them burning or spent; --all shows them\n"
        )
    degraded = [one for one in services if every or one.state == Condition.DEGRADED]
    if degraded:
        _print_services(degraded, out)
    elif services:
        out.write(f"{len(services)} services are watched, none is degraded\n")


def _print_services(services: Sequence[Service], out: TextIO) -> None:
    table = Table(
        "agency", "group", "state", "open", "was", "completed", "median", "limit", "since"
    )
    for one in services:
        table.add_row(
            one.agency,
            one.group,
            one.state,
            f"{one.open:,}",
            f"{one.open_then:,}",
            f"{one.completed:,}",
            _hours(one.median_ms),
            _hours(one.limit_ms),
            utc(_at(one.since_ms)),
        )
    print_table(table, out)


def _explain(
    one: Mapping[str, Any],
    spells: Sequence[Spell],
    versions: Sequence[Version],
    out: TextIO,
) -> None:
    say = out.write
    said = json.loads(versions[-1].said) if versions else {}
    say(f"{one['objective']}, {one['scope']}: {one['state']} since {utc(one['since'])}\n")
    if why := _WHY.get(State(one["state"])):
        say(f"{why}\n")
    if said:
        say(f"{said['title_vi']}\n{said['title_en']}\n")
    total = one["good"] + one["bad"]
    say(
        f"\nwindow     {one['window']}, from {one['window_begins']} to {utc(one['judged'])}\n"
        f"indicator  {one['indicator']}: {one['good']:,} good, {one['bad']:,} bad\n"
    )
    if total:
        say(
            f"ratio      {_percent(one['ratio'])} % good,"
            f" surely between {_between(one['interval'], 'and')} %\n"
        )
    say(f"target     {100 * one['target']:g} % ({one['basis']}), owner {one['owner']}\n")
    for target in said.get("targets", []):
        say(f"           {target['good'] / 100:g} %{_valid(target)}: {target['article']}\n")
    if one["budget_remaining"] is not None:
        say(
            f"budget     of {total:,} events {one['bad_allowed']:,.1f} may be bad;"
            f" {_percent(one['budget_remaining'])} % of that is left\n"
        )
    alerts = {
        f"{_span(alert['long'])}/{_span(alert['short'])}": alert["burn"]
        for alert in said.get("alerts", [])
    }
    for label, back in one["burn"].items():
        rate = "no rate" if back["rate"] is None else f"rate {back['rate']:.2f}"
        say(f"last {label:<5} {back['good']:,} good, {back['bad']:,} bad: {rate}\n")
    for windows, burn in alerts.items():
        burns = ", which holds" if windows == one["alert"] else ""
        say(f"alert      {windows} both at {burn:g} or more{burns}\n")
    table = Table("state", "since", "until", "good", "bad", "version")
    for spell in spells:
        table.add_row(
            spell.state,
            utc(_at(spell.since_ms)),
            "" if spell.until_ms is None else utc(_at(spell.until_ms)),
            f"{spell.counted.good:,}",
            f"{spell.counted.bad:,}",
            spell.version,
        )
    print_table(table, out)
    out.writelines(
        f"file {version.version or 'taken away'}, known since {utc(_at(version.known_ms))}\n"
        for version in versions
    )


def _valid(target: Mapping[str, Any]) -> str:
    since = f" from {date_of(target['valid_from'])}"
    until = target["valid_until"]
    return since + ("" if until is None else f" until {date_of(until)}")


def _span(span: Sequence[Any]) -> str:
    return f"{span[0]}{span[1]}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _between(interval: Sequence[float] | None, word: str = "to") -> str:
    if interval is None:
        return ""
    low, high = interval
    return f"{100 * low:.1f} {word} {100 * high:.1f}"


def _hours(ms: int | None) -> str:
    return "" if ms is None else f"{ms / 3_600_000:.1f} h"


def _at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


# -- a day that is over --------------------------------------------------------------------------


def lacking(watched: Watched | None, objective: str | None, scope: str | None, day: str) -> str:
    """What is missing or wrong of what `on` is asked with; "" if nothing."""
    needed = (
        (objective, "an objective"),
        (scope, "a scope"),
        (watched, "EMC_REFERENCE, a folder with objectives/ in it"),
    )
    said = []
    if missing := [what for given, what in needed if given is None]:
        said.append(f"--on needs {' and '.join(missing)}")
    try:
        date.fromisoformat(day)
    except ValueError:
        said.append(f"{day!r} is no day; write 2026-10-31")
    return "; ".join(said)


async def on(
    dsn: str,
    watched: Watched,
    policy: Policy,
    objective: str,
    scope: str,
    day: str,
    *,
    as_json: bool,
    out: TextIO,
) -> int:
    """How an objective stood at the end of a day, as known now; FOUND if it was not met."""
    try:
        number = day_number(date.fromisoformat(day))
    except ValueError:
        raise Refusal(f"{day!r} is no day; write 2026-10-31") from None
    asked = next((one for one in watched.objectives.legal() if one.name == objective), None)
    if asked is None or policy.legal is None:
        raise Refusal(f"EMC_REFERENCE has no legal objective {objective!r}")
    where = next((one for one in asked.scopes if one.label == scope), None)
    if where is None:
        raise Refusal(f"{objective} is not asked of {scope!r}")
    calendar = policy.legal.calendars.calendar(where.owner)
    async with asyncpg.create_pool(dsn, min_size=0, max_size=1, timeout=10) as pool:
        found = await past.stood(pool, watched, asked, where, calendar, number)
    counted, target = found.counted, found.target
    if as_json:
        print_json(
            {
                "objective": objective,
                "scope": scope,
                "from": date_of(found.first_day).isoformat(),
                "to": date_of(found.last_day).isoformat(),
                "good": counted.good,
                "bad": counted.bad,
                "ratio": counted.ratio,
                "target": None if target is None else target.ratio,
                "met": found.met,
            },
            out,
        )
    else:
        words = {True: "met", False: "missed", None: "nothing to say"}
        goal = "no target" if target is None else f"target {100 * target.ratio:g} %"
        out.write(
            f"{objective}, {scope}, {date_of(found.first_day)} to {date_of(found.last_day)}:"
            f" {counted.good:,} good, {counted.bad:,} bad, {_percent(counted.ratio) or 'no'} %,"
            f" {goal}: {words[found.met]}\n"
        )
    return FOUND if found.met is False else OK
