"""An agency's page: how it fares, what falls due there, what speaks for its figures, and who is below it."""

from datetime import date
from enum import StrEnum
from typing import Any, Final

from monitor.domain.codes import level1
from monitor.domain.indicator import Group
from monitor.domain.period import Period, Span
from monitor.domain.scope import Reach, Scope
from monitor.domain.zone import date_of, day_number
from monitor.ledger.balances import NotKnown
from monitor.ledger.held import Holders
from monitor.ledger.official import NoSuch, Official
from monitor.outlets.api.asked import Format, Parameter, an_agency, in_path, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import backlog, compare, fares, shown, stands, times
from monitor.outlets.console.asked import SORT, WHEN
from monitor.outlets.console.now import name_of
from monitor.outlets.console.page import (
    WITH_FIGURES,
    Drawn,
    Kept,
    Page,
    Shown,
    Table,
    Visit,
)
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report import said
from monitor.reference.agencies import Agencies
from monitor.reference.hierarchy import Hierarchy

MOST: Final = 12  # procedures listed, unless all are asked for
MOST_UNITS: Final = 24


class Tables(StrEnum):
    """What comes as CSV."""

    DOSSIERS = "dossiers"
    UNITS = "units"
    PROCEDURES = "procedures"
    MONTHS = "months"


AGENCY: Final = in_path(
    Parameter(
        name="agency",
        says="The agency, by its code.",
        read=an_agency,
        schema={"type": "string"},
        example="H56",
    )
)
TABLE: Final = Parameter(
    name="table",
    says="Which table comes as CSV.",
    read=one_of(Tables),
    schema={"type": "string", "enum": list(Tables)},
    example="units",
    usual=Tables.UNITS.value,
)


class Sets(StrEnum):
    """Whose figures are in a table: one at a time, as each is a reading of its own."""

    EMC = "emc"
    QD766 = "qd766"


SET: Final = Parameter(
    name="set",
    says="Which set's figures are shown.",
    read=one_of(Sets),
    schema={"type": "string", "enum": list(Sets)},
    example="qd766",
    usual=Sets.EMC.value,
)


class Rows(StrEnum):
    """How much of long tables is shown."""

    ALL = "all"


ROWS: Final = Parameter(
    name="rows",
    says="All procedures and units, and not only those that weigh most.",
    read=one_of(Rows),
    schema={"type": "string", "enum": list(Rows)},
    example="all",
)


async def act(desk: Desk, visit: Visit) -> Shown:
    """All of it; single dossiers only where they are asked for, and written down first."""
    code: str = visit["agency"]
    agencies = visit.in_force.agencies
    if code not in agencies and level1(code) not in agencies:  # units need not be listed
        raise Problem(
            Code.NOT_FOUND,
            f"{code} is in no list of agencies",
            "look for it by its name: /find",
        )
    scope = Scope(code)
    await desk.admit(visit.visitor, scope)
    period = visit["period"] or this_month(desk, visit)
    there = await desk.places()
    if visit["format"] is Format.CSV:
        return await _sheet(desk, visit, scope, period, there)
    whole = await fares.whole(desk, visit, scope, period)
    open_ = await backlog.read(desk, visit, Holders(offices=offices(there, code)))
    procedures, units = (
        ([], []) if whole is None else await _parts(desk, visit, scope, period, there)
    )
    top = there.above(code)[-1] if there.above(code) else code
    booked = (top, *agencies.former(top)) if top == code else ()
    heard = await stands.sources(desk, visit, {code, *agencies.former(code)})
    filtered = compare.chosen(units, visit["sort"], visit["filter"])
    every = visit["rows"] is Rows.ALL
    listed = compare.chosen(compare.weightiest(procedures), visit["order"], None)
    merged = merger(agencies, code)
    card = await _card(desk, visit, scope, period)
    return Drawn(
        template="agency.html",
        values={
            "code": code,
            "called": name_of(agencies, code),
            "kind": None if whole is None else said.KINDS[whole.now.fared.about.kind],
            "above": [(one, name_of(agencies, one)) for one in reversed(there.above(code)[1:])],
            "top": (top, name_of(agencies, top)),
            **around(desk, visit, period),
            "whole": whole,
            "charts": None
            if whole is None
            else await fares.drawn(visit, whole.months, merged[0] if merged else None),
            "merged": merged,
            "marked": merged if whole and merged and _within(whole, merged[0]) else None,
            "ended": ended(agencies, code),
            "open": open_,
            "taken": await times.read(
                desk, visit, level1=booked, agencies=offices(there, code)
            ),
            "goals": await stands.goals(desk, visit, code, there),
            "heard": heard,
            "quality": await stands.quality(desk, visit, heard, booked),
            "procedures": listed if every else listed[:MOST],
            "all_procedures": len(procedures),
            "units": filtered if every else filtered[:MOST_UNITS],
            "all_units": len(units),
            "sets": [(one.value, one is visit["set"]) for one in Sets],
            "groups": [] if card is None else [(card, _grouped(card))],
            "figure": lambda card, one: shown.of_figure(visit, card, one),
            "points": lambda card, one: shown.of_figure(visit, card, one, points=True),
        },
    )


def this_month(desk: Desk, visit: Visit) -> Period:
    """The month that it is."""
    return Period.holding(Span.MONTH, date_of(desk.today(visit.in_force.policy)))


def around(desk: Desk, visit: Visit, period: Period) -> dict[str, Any]:
    """A period, the one before, and the one after if it has begun."""
    after = Period.holding(period.span, date_of(period.last_day + 1))
    today = desk.today(visit.in_force.policy)
    return {
        "period": period,
        "before": period.before,
        "after": after if after.first_day <= today else None,
    }


def offices(there: Hierarchy, code: str) -> list[str]:
    """Under which codes an agency's dossiers are held."""
    return sorted(there.holds(Scope(code)) | {code})


def merger(agencies: Agencies, code: str) -> tuple[date, list[tuple[str, str]]] | None:
    """When others became part of it, and which."""
    former = agencies.former(code)
    days = [
        until
        for one in former
        if (until := agencies.rows(one)[-1].value.valid_until) is not None
    ]
    if not days:
        return None
    return max(days), [(one, name_of(agencies, one)) for one in former]


def _within(whole: fares.Whole, on: date) -> bool:
    """Whether a day lies in the months that are shown."""
    first, last = whole.months[0].fared.period, whole.months[-1].fared.period
    return first.first_day <= day_number(on) <= last.last_day


def ended(agencies: Agencies, code: str) -> tuple[date, list[tuple[str, str]]] | None:
    """When it ended, and who does its work since."""
    rows = agencies.rows(code)
    if not rows or agencies.present(code) == code:
        return None
    last = rows[-1].value
    if last.valid_until is None:
        return None
    return last.valid_until, [(one, name_of(agencies, one)) for one in last.successors]


async def _parts(
    desk: Desk, visit: Visit, scope: Scope, period: Period, there: Hierarchy
) -> tuple[list[compare.Row], list[compare.Row]]:
    """Procedures and units, with their figures."""
    return await _procedures(desk, visit, scope, period), await _units(
        desk, visit, scope, period, there
    )


async def _procedures(
    desk: Desk, visit: Visit, scope: Scope, period: Period
) -> list[compare.Row]:
    lines = await fares.by_procedure(desk, visit, scope, period)
    return compare.rows(
        lines, lambda one: (one.fared.about.scope.procedure, one.fared.about.name)
    )


async def _units(
    desk: Desk, visit: Visit, scope: Scope, period: Period, there: Hierarchy
) -> list[compare.Row]:
    """What is directly below, and what is an agency's own beside them."""
    below = there.parts(scope.agency)
    if not below:
        return []
    scopes = [scope._replace(reach=Reach.OWN), *map(Scope, below)]
    lines = await fares.parts(desk, visit, scopes, period)
    found = compare.rows(
        lines,
        lambda one: (
            one.fared.about.scope.agency,
            visit.t("units.own")
            if one.fared.about.scope.reach is Reach.OWN
            else name_of(there.agencies, one.fared.about.scope.agency),
        ),
    )
    return compare.weightiest(found if not found[0].line.idle else found[1:])


async def _sheet(
    desk: Desk, visit: Visit, scope: Scope, period: Period, there: Hierarchy
) -> Table:
    code = scope.agency
    match visit["table"]:
        case Tables.DOSSIERS:
            of = Holders(offices=offices(there, code))
            return backlog.sheet(f"open-{code}", await backlog.read(desk, visit, of))
        case Tables.PROCEDURES:
            rows = compare.weightiest(await _procedures(desk, visit, scope, period))
            rows = compare.chosen(rows, visit["order"], None)
            return compare.sheet(f"procedures-{code}-{period}", "procedure", rows)
        case Tables.MONTHS:
            whole = await fares.whole(desk, visit, scope, period)
            return fares.sheet(f"months-{code}", whole)
        case _:
            rows = await _units(desk, visit, scope, period, there)
            rows = compare.chosen(rows, visit["sort"], visit["filter"])
            return compare.sheet(f"units-{code}-{period}", "agency", rows)


async def _card(desk: Desk, visit: Visit, scope: Scope, period: Period) -> Official | None:
    try:
        return await desk.officials.scorecard(
            visit["set"].value, scope, period, known_at=visit["known_at"]
        )
    except (NoSuch, NotKnown):
        return None  # no version of the set then, or nothing was known yet


def _grouped(card: Official) -> list[tuple[Group | None, list[Any]]]:
    """The figures of each group, in the set's order."""
    groups = {one.id: one for one in card.set.groups}
    found: dict[str, list[Any]] = {}
    for figure in card.scorecard.figures:
        found.setdefault(figure.indicator.group, []).append(figure)
    return [(groups.get(name), figures) for name, figures in found.items()]


PAGES: Final = (
    Page(
        path="/agencies/{agency}",
        name="agency",
        title="agency.title",
        open_to=WITH_FIGURES,
        parameters=(
            AGENCY,
            WHEN,
            backlog.DUE,
            backlog.ON,
            SORT,
            compare.ORDER,
            compare.FILTER,
            times.TIMES,
            ROWS,
            SET,
            TABLE,
        ),
        act=act,
        kept=Kept.NOT,
    ),
)
