"""Endpoints of releases: what the public may see, made once and for good."""

from typing import Final

from monitor.domain.period import Period
from monitor.domain.public import Table
from monitor.domain.zone import date_of, day_number
from monitor.ledger import releases
from monitor.ledger.releases import Listed, NoSuchTable
from monitor.outlets.api import documents, shapes
from monitor.outlets.api.asked import LIMIT, PERIOD, Asked, Parameter, a_day, a_name, in_path
from monitor.outlets.api.desk import Desk
from monitor.outlets.api.endpoint import EVERYBODY, Endpoint, Kept
from monitor.outlets.api.written import Answer, answer
from monitor.outlets.problem import Code, Problem

TABLE: Final = in_path(
    Parameter(
        name="table",
        says="A table that is released; `/api/v1/releases` lists them.",
        read=a_name,
        schema={"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"},
        example="received",
    )
)
BEFORE: Final = Parameter(
    name="before",
    says="Only releases that end before this day: the link `next` gives it.",
    read=a_day,
    schema={"type": "string", "format": "date"},
    example="2026-08-14",
)


async def tables(desk: Desk, _: Asked) -> Answer:
    async with desk.pool.acquire() as connection:
        found = await releases.tables(connection)
    lines = tuple(map(_table, found))
    return answer(shapes.ReleaseTables(tables=lines), shapes.ReleaseTable, lines)


async def listed(desk: Desk, asked: Asked) -> Answer:
    limit: int = asked["limit"]
    before = None if asked["before"] is None else day_number(asked["before"])
    async with desk.pool.acquire() as connection:
        try:
            # One more tells whether there is a page behind this one.
            found = await releases.listed(
                connection, asked["table"], before=before, most=limit + 1
            )
        except NoSuchTable as error:
            raise _none(error) from None
    shown = found[:limit]
    next_ = None
    if len(found) > limit:
        next_ = asked.after(date_of(shown[-1].last_day).isoformat(), "before")
    lines = tuple(map(_listed, shown))
    return answer(
        shapes.ReleasePage(table=asked["table"], releases=lines, next=next_),
        shapes.ReleaseLine,
        lines,
        next_=next_,
    )


async def release(desk: Desk, asked: Asked) -> Answer:
    """Of the table's own length, or longer ones as the sum of those."""
    period: Period = asked["period"]
    async with desk.pool.acquire() as connection:
        try:
            table = next(
                (
                    one
                    for one in await releases.tables(connection)
                    if one.name == asked["table"]
                ),
                None,
            )
            if table is not None and period.span not in releases.spans(table):
                raise Problem(
                    Code.WRONG_PARAMETER,
                    f"the table is released by {table.span}, and {period} is shorter",
                    f"ask for a {table.span} or longer",
                    parameter="period",
                )
            found = (
                await releases.read(connection, asked["table"], period.last_day)
                if table is not None and period.span is table.span
                else await releases.summed(connection, asked["table"], period)
            )
        except NoSuchTable as error:
            raise _none(error) from None
    if found is None:
        raise Problem(
            Code.NOT_FOUND,
            f"nothing of {period} is released",
            f"look at /api/v1/releases/{asked['table']}",
        )
    return Answer(json=releases.as_json(found), csv=lambda: releases.as_csv(found))


def _none(error: NoSuchTable) -> Problem:
    detail, _, remedy = str(error).partition("; ")
    return Problem(Code.NOT_FOUND, detail, remedy or "look at /api/v1/releases")


def _table(one: Table) -> shapes.ReleaseTable:
    return shapes.ReleaseTable(
        table=one.name,
        version=one.version,
        title_vi=one.title_vi,
        title_en=one.title_en,
        definition_vi=one.definition_vi,
        definition_en=one.definition_en,
        span=one.span,
        limit=one.limit,
        columns=one.names,
        shares=tuple(share.name for share in one.shares),
        basis=one.basis,
        source=one.source,
    )


def _listed(one: Listed) -> shapes.ReleaseLine:
    return shapes.ReleaseLine(
        table=one.table,
        first_day=date_of(one.first_day),
        last_day=date_of(one.last_day),
        cut=one.cut,
        cut_at=one.cut_at,
        made_at=one.made_at,
        hash=one.hash,
    )


ENDPOINTS: Final = (
    Endpoint(
        path="/releases",
        name="releases",
        summary="The tables that are released to the public.",
        tag="releases",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        act=tables,
        body=shapes.ReleaseTables,
    ),
    Endpoint(
        path="/releases/{table}",
        name="releases_of",
        summary="What was released of a table, the newest first.",
        tag="releases",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        parameters=(TABLE, LIMIT, BEFORE),
        act=listed,
        body=shapes.ReleasePage,
        problems=(404,),
    ),
    Endpoint(
        path="/releases/{table}/{period}",
        name="release",
        summary="A table for a day or a month, as it was released, or for longer as the sum of those.",
        says="Small counts are suppressed, by one pattern per table: `standing` says where. A release"
        " never changes once it is made. docs/explanation/releases.md tells what it does not tell.",
        tag="releases",
        open_to=EVERYBODY,
        kept=Kept.SHARED,
        parameters=(TABLE, in_path(PERIOD)),
        act=release,
        body=documents.RELEASE,
        problems=(404,),
    ),
)
