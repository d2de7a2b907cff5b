"""A procedure's page: what the catalogue says of it, how it fares, where, and its open dossiers.

Of the country, or within an agency (`?agency=`); an agency sees it within itself.
"""

from enum import StrEnum
from typing import Final

from monitor.domain.codes import level1
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.domain.zone import day_number
from monitor.ledger.held import Holders
from monitor.ledger.official import Ground
from monitor.ledger.together import Together
from monitor.outlets.api.asked import (
    Format,
    Parameter,
    a_procedure,
    an_agency,
    in_path,
    one_of,
)
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import backlog, compare, fares, times
from monitor.outlets.console.agency import around, offices, this_month
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
from monitor.outlets.console.shown import day, number
from monitor.outlets.problem import Code, Problem
from monitor.reference.agencies import AgencyKind
from monitor.reference.hierarchy import Hierarchy
from monitor.reference.procedures import ProcedureRow


class Tables(StrEnum):
    """What comes as CSV."""

    AGENCIES = "agencies"
    DOSSIERS = "dossiers"
    MONTHS = "months"


PROCEDURE: Final = in_path(
    Parameter(
        name="procedure",
        says="The procedure, by its code.",
        read=a_procedure,
        schema={"type": "string"},
        example="1.004194",
    )
)
WITHIN: Final = Parameter(
    name="agency",
    says="Only what is of an agency and those below it.",
    read=an_agency,
    schema={"type": "string"},
    example="H56",
)
TABLE: Final = Parameter(
    name="table",
    says="Which table comes as CSV.",
    read=one_of(Tables),
    schema={"type": "string", "enum": list(Tables)},
    example="agencies",
    usual=Tables.AGENCIES.value,
)
_KINDS: Final = frozenset(AgencyKind)


async def act(desk: Desk, visit: Visit) -> Shown:
    """All of it; single dossiers only where they are asked for, and written down first."""
    code: str = visit["procedure"]
    within: str = visit["agency"] or visit.visitor.agency
    agencies = visit.in_force.agencies
    if within and within not in agencies and level1(within) not in agencies:
        raise Problem(
            Code.NOT_FOUND,
            f"{within} is in no list of agencies",
            "look for it by its name: /find",
        )
    scope = Scope(within, procedure=code)
    await desk.admit(visit.visitor, scope)
    period = visit["period"] or this_month(desk, visit)
    there = await desk.places()
    of = Holders(offices=offices(there, within) if within else None, procedure=code)
    if visit["format"] is Format.CSV:
        return await _sheet(desk, visit, scope, period, there, of)
    catalogued = written(visit, code, period)
    at = await fares.ground(desk, visit)
    async with Together() as together:
        open_ = together.create_task(backlog.read(desk, visit, of))
        found = together.create_task(_places(desk, visit, scope, period, there, at))
        taken = together.create_task(
            times.read(desk, visit, agencies=of.offices, procedure=code)
        )
        whole = await fares.whole(desk, visit, scope, period, at)
        charts = together.create_task(fares.drawn(visit, whole, None))
    if catalogued is None and (
        whole is None or all(one.idle for one in (*whole.months, whole.now))
    ):
        raise Problem(
            Code.NOT_FOUND,
            f"{code} is in no catalogue, and nothing was booked of it",
            "look for it by its name: /find",
        )
    called = ""
    if catalogued is not None:
        called = visit.one_of(catalogued.name_vi, catalogued.name_en or catalogued.name_vi)
    return Drawn(
        template="procedure.html",
        values={
            "code": code,
            "called": called,
            "catalogued": catalogued,
            "lines": () if catalogued is None else _said(visit, catalogued),
            "ended": _ended(desk, visit, catalogued),
            "within": (within, name_of(agencies, within)) if within else None,
            **around(desk, visit, period),
            "whole": whole,
            "charts": charts.result(),
            "open": open_.result(),
            "taken": taken.result(),
            "units": compare.chosen(found.result(), visit["sort"], visit["filter"]),
            "all_units": len(found.result()),
        },
    )


def written(visit: Visit, code: str, period: Period) -> ProcedureRow | None:
    """The row of the catalogue at the period's end; else the last one there was."""
    reference = visit.in_force.reference
    if reference is None:
        return None
    found = reference.procedures.on(code, period.last_day)
    if found is not None:
        return found
    rows = [row.value for row in reference.procedures.rows() if row.value.code == code]
    return rows[-1] if rows else None


def _ended(desk: Desk, visit: Visit, catalogued: ProcedureRow | None) -> str:
    if catalogued is None or catalogued.valid_until is None:
        return ""
    today = desk.today(visit.in_force.policy)
    return (
        day(visit, catalogued.valid_until)
        if day_number(catalogued.valid_until) <= today
        else ""
    )


def _said(visit: Visit, row: ProcedureRow) -> list[tuple[str, str]]:
    """What the catalogue says, as lines."""
    yes = {True: visit.t("procedure.yes"), False: visit.t("procedure.no")}
    limits = [_limit(visit, row.limit)]
    limits += [
        visit.t(
            "procedure.limit.channel",
            limit=_limit(visit, text),
            channel=visit.t(f"mix.channel.{channel}"),
        )
        for channel, text in (
            (1, row.limit_direct),
            (2, row.limit_online),
            (3, row.limit_postal),
        )
        if text
    ]
    valid = visit.t("procedure.valid.from", day=day(visit, row.valid_from))
    if row.valid_until is not None:
        valid = visit.t(
            "procedure.valid.until",
            day=day(visit, row.valid_from),
            end=day(visit, row.valid_until),
        )
    agencies = visit.in_force.agencies
    lines = [
        ("level", visit.t(f"mix.level.{int(row.level)}")),
        ("limit", "; ".join(limits)),
        ("fee", yes[row.fee]),
        ("eligible", yes[row.eligible]),
        ("document", yes[row.document_result]),
        ("bundled", yes[row.bundled]),
        ("tags", ", ".join(visit.t(f"procedure.tag.{tag}") for tag in row.tags)),
        (
            "by",
            ", ".join(
                visit.t(f"procedure.kind.{one}") if one in _KINDS else name_of(agencies, one)
                for one in row.by
            ),
        ),
        ("ministry", name_of(agencies, row.ministry) if row.ministry else ""),
        ("valid", valid),
        ("source", row.source),
    ]
    return [(visit.t(f"procedure.{name}"), text) for name, text in lines if text]


def _limit(visit: Visit, text: str) -> str:
    n, _, unit = text.partition(" ")
    if not unit:
        return visit.t("procedure.limit.none")
    return visit.t(f"procedure.limit.{unit}", n=number(visit, int(n)))


async def _places(
    desk: Desk,
    visit: Visit,
    scope: Scope,
    period: Period,
    there: Hierarchy,
    at: Ground | None,
) -> list[compare.Row]:
    """The agencies directly below, those without a dossier left out."""
    scopes = [scope._replace(agency=one) for one in there.parts(scope.agency)]
    lines = [one for one in await fares.parts(desk, visit, scopes, period, at) if not one.idle]
    return compare.weightiest(
        compare.rows(
            lines,
            lambda one: (
                one.fared.about.scope.agency,
                name_of(there.agencies, one.fared.about.scope.agency),
            ),
        )
    )


async def _sheet(
    desk: Desk,
    visit: Visit,
    scope: Scope,
    period: Period,
    there: Hierarchy,
    of: Holders,
) -> Table:
    name = f"{scope.procedure}-{scope.agency}" if scope.agency else scope.procedure
    at = await fares.ground(desk, visit)
    match visit["table"]:
        case Tables.DOSSIERS:
            return backlog.sheet(f"open-{name}", await backlog.read(desk, visit, of))
        case Tables.MONTHS:
            whole = await fares.whole(desk, visit, scope, period, at)
            return fares.sheet(f"months-{name}", whole)
        case _:
            rows = await _places(desk, visit, scope, period, there, at)
            rows = compare.chosen(rows, visit["sort"], visit["filter"])
            return compare.sheet(f"agencies-{name}-{period}", "agency", rows)


PAGES: Final = (
    Page(
        path="/procedures/{procedure}",
        name="procedure",
        title="procedure.title",
        open_to=WITH_FIGURES,
        parameters=(
            PROCEDURE,
            WITHIN,
            WHEN,
            backlog.DUE,
            backlog.ON,
            SORT,
            compare.FILTER,
            times.TIMES,
            TABLE,
        ),
        act=act,
        kept=Kept.NOT,
    ),
)
