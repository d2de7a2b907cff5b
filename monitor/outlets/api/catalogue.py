"""Endpoints of what defines and names things: open to everybody."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from monitor import __version__
from monitor.domain.measures import CATALOGUE, CLOCK_CATALOGUE
from monitor.domain.policy import RULES_VERSION
from monitor.domain.zone import day_number
from monitor.outlets.api import shapes
from monitor.outlets.api.asked import (
    AFTER,
    LIMIT,
    Asked,
    Parameter,
    a_day,
    a_page,
    an_agency,
    one_of,
)
from monitor.outlets.api.desk import Desk, InForce
from monitor.outlets.api.endpoint import BASE, EVERYBODY, Endpoint, Kept
from monitor.outlets.api.written import Answer, answer
from monitor.reference.agencies import Agencies, Agency, AgencyKind
from monitor.reference.procedures import ProcedureRow

ON: Final = Parameter(
    name="on",
    says="As the files have it for this day; today if left out.",
    read=a_day,
    schema={"type": "string", "format": "date"},
    example="2026-08-14",
)
KIND: Final = Parameter(
    name="kind",
    says="Only agencies of this kind.",
    read=one_of(AgencyKind),
    schema={"type": "string", "enum": list(AgencyKind)},
    example="province",
)
BELOW: Final = Parameter(
    name="below",
    says="Only agencies below this one.",
    read=an_agency,
    schema={"type": "string", "pattern": "^[0-9A-Za-z.]{1,35}$"},
    example="H56",
)


def catalogued(in_force: InForce) -> shapes.Catalogued:
    return shapes.Catalogued(
        reference=in_force.hash, epoch=in_force.epoch, rules_version=RULES_VERSION
    )


async def agencies(desk: Desk, asked: Asked) -> Answer:
    in_force = await desk.in_force()
    day = _day(asked["on"], desk.today(in_force.policy))
    known = in_force.agencies
    below = known.descendants(asked["below"], day) if asked["below"] else None
    there = {
        code: row
        for code, row in known.at(day).items()
        if asked["kind"] in (None, row.kind) and (below is None or code in below)
    }
    page, next_ = a_page(there, asked)
    shown = tuple(_agency(known, code, there[code]) for code in page)
    about = catalogued(in_force)
    return answer(
        shapes.AgencyPage(catalogue=about, agencies=shown, next=next_),
        shapes.AgencyLine,
        shown,
        about,
        next_=next_,
    )


async def procedures(desk: Desk, asked: Asked) -> Answer:
    in_force = await desk.in_force()
    day = _day(asked["on"], desk.today(in_force.policy))
    held = in_force.reference.procedures.rows() if in_force.reference else []
    valid = {
        row.value.code: row.value
        for row in held
        if day_number(row.value.valid_from) <= day
        and (row.value.valid_until is None or day < day_number(row.value.valid_until))
    }
    page, next_ = a_page(valid, asked)
    shown = tuple(_procedure(valid[code]) for code in page)
    about = catalogued(in_force)
    return answer(
        shapes.ProcedurePage(catalogue=about, procedures=shown, next=next_),
        shapes.ProcedureLine,
        shown,
        about,
        next_=next_,
    )


async def measures(_: Desk, __: Asked) -> Answer:
    lines = tuple(
        shapes.MeasureLine(
            measure=int(one.measure),
            name=one.name,
            kind=one.kind,
            day=one.day,
            basis=one.basis,
            meaning=one.meaning,
            on_metrics=one.shown,
        )
        for one in (*CATALOGUE, *CLOCK_CATALOGUE)
    )
    return answer(
        shapes.Measures(rules_version=RULES_VERSION, measures=lines),
        shapes.MeasureLine,
        lines,
        shapes.Rules(rules_version=RULES_VERSION),
    )


async def whoami(_: Desk, asked: Asked) -> Answer:
    visitor = asked.visitor
    said = shapes.Whoami(
        role=visitor.role,
        name=visitor.name,
        agency=visitor.agency,
        sees_codes=visitor.sees_codes,
    )
    return answer(said, shapes.Whoami, [said])


def index(endpoints: Iterable[Endpoint]) -> Endpoint:
    """Of all others."""
    links = tuple(
        shapes.Links(
            path=BASE + one.path, summary=one.summary, open_to=tuple(sorted(one.open_to))
        )
        for one in endpoints
    )
    said = shapes.Index(
        title="emc-monitor: official figures, and what they are made of",
        version=__version__,
        description=f"{BASE}/openapi.json",
        page=f"{BASE}/docs",
        links=links,
    )

    async def act(_: Desk, __: Asked) -> Answer:
        return answer(said, shapes.Links, links)

    return Endpoint(
        path="",
        name="index",
        summary="Every address, and for whom it is.",
        tag="about",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        act=act,
        body=shapes.Index,
    )


def _day(asked: date | None, today: int) -> int:
    return today if asked is None else day_number(asked)


def _agency(known: Agencies, code: str, row: Agency) -> shapes.AgencyLine:
    return shapes.AgencyLine(
        code=code,
        name=row.name,
        kind=row.kind,
        parent=row.parent,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        present=known.present(code),
        basis=row.basis,
        source=row.source,
    )


def _procedure(row: ProcedureRow) -> shapes.ProcedureLine:
    return shapes.ProcedureLine(
        code=row.code,
        name_vi=row.name_vi,
        name_en=row.name_en,
        level=row.level,
        limit=row.limit,
        eligible=row.eligible,
        fee=row.fee,
        document_result=row.document_result,
        bundled=row.bundled,
        by=row.by,
        tags=tuple(map(str, row.tags)),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        basis=row.basis,
        source=row.source,
    )


ENDPOINTS: Final = (
    Endpoint(
        path="/whoami",
        name="whoami",
        summary="As whom the service sees you.",
        tag="about",
        open_to=EVERYBODY,
        act=whoami,
        body=shapes.Whoami,
    ),
    Endpoint(
        path="/measures",
        name="measures",
        summary="What the ledger books: every measure with its meaning.",
        tag="definitions",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        act=measures,
        body=shapes.Measures,
    ),
    Endpoint(
        path="/agencies",
        name="agencies",
        summary="Agencies (cơ quan) as the reference files in force have them.",
        tag="catalogue",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        parameters=(ON, KIND, BELOW, LIMIT, AFTER),
        act=agencies,
        body=shapes.AgencyPage,
    ),
    Endpoint(
        path="/procedures",
        name="procedures",
        summary="Administrative procedures (thủ tục hành chính) as the reference files have them.",
        tag="catalogue",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        parameters=(ON, LIMIT, AFTER),
        act=procedures,
        body=shapes.ProcedurePage,
    ),
)
