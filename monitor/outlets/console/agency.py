"""An agency's page: how it fares, what falls due there, what speaks for its figures, and who is below it."""

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final

from monitor.domain.codes import level1
from monitor.domain.indicator import Group
from monitor.domain.period import Period, Span
from monitor.domain.scope import Reach, Scope
from monitor.domain.zone import date_of, day_number
from monitor.ledger.held import Holders
from monitor.ledger.official import Ground, NoSuch, Official
from monitor.ledger.together import Together
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
    top = there.above(code)[-1] if there.above(code) else code
    booked = (top, *agencies.former(top)) if top == code else ()
    merged = merger(agencies, code)
    at = await fares.ground(desk, visit)
    async with Together() as together:
        of = Holders(offices=offices(there, code))
        open_ = together.create_task(backlog.read(desk, visit, of))
        whole = await fares.whole(desk, visit, scope, period, at)
        # Charts take longest: they are begun before anything else is read.
        charts = together.create_task(fares.drawn(visit, whole, merged and merged[0]))
        units = together.create_task(_units(desk, visit, scope, period, there, at))
        procedures = together.create_task(_procedures(desk, visit, scope, period, at))
        card = together.create_task(_card(desk, visit, scope, period, at))
        heard = together.create_task(
            _heard(desk, visit, {code, *agencies.former(code)}, booked)
        )
        goals = together.create_task(stands.goals(desk, visit, code, there))
        taken = together.create_task(
            times.read(desk, visit, level1=booked, agencies=offices(there, code))
        )
    sources, quality = heard.result()
    filtered = compare.chosen(units.result(), visit["sort"], visit["filter"])
    every = visit["rows"] is Rows.ALL
    listed = compare.chosen(compare.weightiest(procedures.result()), visit["order"], None)
    groups = card.result()
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
            "charts": charts.result(),
            "merged": merged,
            "marked": merged if whole and merged and _within(whole, merged[0]) else None,
            "ended": ended(agencies, code),
            "open": open_.result(),
            "taken": taken.result(),
            "goals": goals.result(),
            "heard": sources,
            "quality": quality,
            "procedures": listed if every else listed[:MOST],
            "all_procedures": len(procedures.result()),
            "units": filtered if every else filtered[:MOST_UNITS],
            "all_units": len(units.result()),
            "sets": [(one.value, one is visit["set"]) for one in Sets],
            "groups": [] if groups is None else [(groups, _grouped(groups))],
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


# When, and who.
Merger = tuple[date, list[tuple[str, str]]]


def merger(agencies: Agencies, code: str) -> Merger | None:
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


def ended(agencies: Agencies, code: str) -> Merger | None:
    """When it ended, and who does its work since."""
    rows = agencies.rows(code)
    if not rows or agencies.present(code) == code:
        return None
    last = rows[-1].value
    if last.valid_until is None:
        return None
    return last.valid_until, [(one, name_of(agencies, one)) for one in last.successors]


async def _heard(
    desk: Desk, visit: Visit, codes: Collection[str], booked: Sequence[str]
) -> tuple[list[stands.Heard], stands.Quality]:
    """Its sources, and the quality of what they send."""
    heard = await stands.sources(desk, visit, codes)
    return heard, await stands.quality(desk, visit, heard, booked)


async def _procedures(
    desk: Desk, visit: Visit, scope: Scope, period: Period, at: Ground | None
) -> list[compare.Row]:
    lines = await fares.by_procedure(desk, visit, scope, period, at)
    return compare.rows(
        lines, lambda one: (one.fared.about.scope.procedure, one.fared.about.name)
    )


async def _units(
    desk: Desk,
    visit: Visit,
    scope: Scope,
    period: Period,
    there: Hierarchy,
    at: Ground | None,
) -> list[compare.Row]:
    """What is directly below, and what is an agency's own beside them."""
    below = there.parts(scope.agency)
    if not below or at is None:
        return []
    scopes = [scope._replace(reach=Reach.OWN), *map(Scope, below)]
    lines = await fares.parts(desk, visit, scopes, period, at)
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
    at = await fares.ground(desk, visit)
    match visit["table"]:
        case Tables.DOSSIERS:
            of = Holders(offices=offices(there, code))
            return backlog.sheet(f"open-{code}", await backlog.read(desk, visit, of))
        case Tables.PROCEDURES:
            rows = compare.weightiest(await _procedures(desk, visit, scope, period, at))
            rows = compare.chosen(rows, visit["order"], None)
            return compare.sheet(f"procedures-{code}-{period}", "procedure", rows)
        case Tables.MONTHS:
            whole = await fares.whole(desk, visit, scope, period, at)
            return fares.sheet(f"months-{code}", whole)
        case _:
            rows = await _units(desk, visit, scope, period, there, at)
            rows = compare.chosen(rows, visit["sort"], visit["filter"])
            return compare.sheet(f"units-{code}-{period}", "agency", rows)


async def _card(
    desk: Desk, visit: Visit, scope: Scope, period: Period, at: Ground | None
) -> Official | None:
    if at is None:
        return None
    try:
        return await desk.officials.scorecard(visit["set"].value, scope, period, known_at=at)
    except NoSuch:
        return None  # no version of the set then


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
