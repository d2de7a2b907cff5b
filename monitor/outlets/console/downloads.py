"""Reports to be kept: made as `emc report` makes them, and those that were published."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from monitor.domain.period import Period
from monitor.domain.scope import NoScope, Scope
from monitor.ledger import published
from monitor.ledger.official import By, Ranked
from monitor.ledger.published import Entry
from monitor.outlets.access import refusal
from monitor.outlets.api.asked import Parameter, a_name, in_path, number, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.chosen import CHOICES, SET, THEN, period_of, scope_of
from monitor.outlets.console.page import WITH_FIGURES, Drawn, File, Page, Shown, Visit
from monitor.outlets.problem import Code, Problem
from monitor.outlets.report.asked import Asked, made, written
from monitor.outlets.report.command import file_name
from monitor.outlets.report.formats import Format
from monitor.reference.hierarchy import Hierarchy

TYPES: Final[Mapping[Format, str]] = {
    Format.TABLE: "text/plain; charset=utf-8",
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8; header=present",
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.HTML: "text/html; charset=utf-8",
}
OFFERED: Final = (Format.XLSX, Format.HTML, Format.CSV, Format.JSON)
LISTED: Final = 200

AS: Final = Parameter(
    name="as",
    says="The format: xlsx, html, csv, json, or table.",
    read=one_of(Format),
    schema={"type": "string", "enum": list(Format)},
    example="xlsx",
    usual=Format.XLSX.value,
)
RANKING: Final = Parameter(
    name="ranking",
    says="A ranking, of whom.",
    read=one_of(Ranked),
    schema={"type": "string", "enum": list(Ranked)},
    example="provinces",
)
BY: Final = Parameter(
    name="by",
    says="Of a ranking: by which indicator.",
    read=a_name,
    schema={"type": "string"},
    example="online_share",
)
EACH: Final = Parameter(
    name="each",
    says="A row for each unit, or each procedure.",
    read=one_of(By),
    schema={"type": "string", "enum": list(By)},
    example="unit",
)
NUMBER: Final = in_path(
    Parameter(
        name="number",
        says="Under which it was published.",
        read=number(1, 999_999_999),
        schema={"type": "integer"},
        example="12",
    )
)


async def report(desk: Desk, visit: Visit) -> Shown:
    """The file that `emc report` writes for the same cut: the same to the byte."""
    scope = await scope_of(desk, visit)
    period = period_of(desk, visit)
    ground = await desk.officials.ground(visit["known_at"])
    if (
        visit["ranking"]
        and not visit.visitor.sees_all
        and ground.known.as_of_day <= period.last_day
    ):
        raise refusal(visit.visitor, f"the ranking of {period}, which is not over,")
    asked = Asked(
        indicators=visit["set"],
        scope=str(scope),
        period=str(period),
        each=visit["each"] or "",
        ranking=visit["ranking"] or "",
        by=visit["by"] or "",
    )
    if visit["then"] is not None:
        asked = replace(asked, since=(await desk.officials.ground(visit["then"])).cut.seq)
    found = await made(desk.officials, asked, ground.cut.seq)
    format_: Format = visit["as"]
    # In a thread: a workbook of a nation takes a while.
    content = await asyncio.to_thread(written, found, format_, visit.language)
    whose = asked.ranking or asked.scope
    safe = "".join(one if one.isalnum() or one in ".-" else "_" for one in whose)
    ending = "txt" if format_ is Format.TABLE else format_.value
    return File(
        name=f"{asked.indicators}-{period}-{safe}-{found.kind}-{visit.language}-{ground.cut.seq}.{ending}",
        content_type=TYPES[format_],
        content=content,
    )


async def archive(desk: Desk, visit: Visit) -> Shown:
    """What was published, the last first; of what the visitor may see."""
    entries = await published.listed(desk.pool, last=LISTED)
    places = await desk.places()
    open_ = [one for one in entries if _open(visit, one, places)]
    return Drawn(template="reports.html", values={"entries": open_, "name": file_name})


async def one_published(desk: Desk, visit: Visit) -> Shown:
    """As it was published, to the byte."""
    found = await published.entry(desk.pool, visit["number"])
    if found is not None and not _open(visit, found, await desk.places()):
        found = None  # that others have published is not told by another answer either
    if found is None:
        raise Problem(
            Code.NOT_FOUND,
            f"no report was published as {visit['number']}",
            "look at /reports",
        )
    return File(
        name=file_name(found),
        content_type=TYPES[Format(found.format)],
        content=await published.content(desk.pool, found.id),
    )


def _open(visit: Visit, one: Entry, places: Hierarchy) -> bool:
    """Whether a report's figures are open to a visitor, as they are on the other pages."""
    if visit.visitor.sees_all:
        return True
    asked: Mapping[str, Any] = one.asked
    if asked.get("ranking"):
        day = visit.zone.day(int(one.sealed_at.timestamp() * 1000))
        return day > Period.of(one.period).last_day
    try:
        return visit.visitor.may_enter(Scope.of(one.scope), places)
    except NoScope:
        return False


PAGES: Final = (
    Page(
        path="/reports",
        name="reports",
        title="reports.title",
        open_to=WITH_FIGURES,
        act=archive,
    ),
    Page(
        path="/reports/{set}",
        name="report",
        title="reports.title",
        open_to=WITH_FIGURES,
        parameters=(SET, *CHOICES, AS, EACH, RANKING, BY, THEN),
        act=report,
    ),
    Page(
        path="/reports/published/{number}",
        name="published",
        title="reports.title",
        open_to=WITH_FIGURES,
        parameters=(NUMBER,),
        act=one_published,
    ),
)
