"""`emc release`: the tables of the public: make what is due, list, show, audit."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TextIO

import asyncpg
from rich.table import Table as Lines

from agents.operator import FOUND, OK, Refusal, print_json, print_table, utc
from monitor.domain.period import NoPeriod, Period, Span
from monitor.domain.zone import Zone, date_of
from monitor.ledger import releases
from monitor.ledger.releases import NoSuchTable, Release, Standing, as_csv, as_json, spans
from monitor.ledger.releasing import Made, Passed, audit, make_next
from monitor.reference.releases import Public

_SHOWN: Final = {Standing.SUPPRESSED: "…", Standing.NO_DATA: ""}
_SECONDS: Final = 600.0  # three months of a nation are read for a pattern


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=_SECONDS)
    try:
        yield connection
    finally:
        await connection.close(timeout=1)


async def make(
    dsn: str, public: Public, zone: Zone, *, now_ms: int, as_json: bool, out: TextIO
) -> int:
    """Make all that is due and was not made; OK also if there is nothing."""
    made: list[Made] = []
    passed = Passed()
    async with _opened(dsn) as connection:
        while one := await make_next(connection, public, zone, now_ms, passed):
            made.append(one)
            if not as_json:
                out.write(
                    f"{one.table} {_days(one.first_day, one.last_day)}: {one.shown} of"
                    f" {one.cells} cells shown, cut {one.cut}, {one.hash[:16]}\n"
                )
    if as_json:
        print_json([_said(one._asdict()) for one in made], out)
    elif not made:
        out.write("nothing is due that can be released\n")
    return OK


async def show_list(
    dsn: str, table: str | None, *, most: int, as_json: bool, out: TextIO
) -> int:
    """Releases of a table or of all, newest first."""
    async with _opened(dsn) as connection:
        names = [one.name for one in await releases.tables(connection)]
        if table is not None:
            names = [table]
        found = [one for name in names for one in await _listed(connection, name, most)]
    if as_json:
        print_json([_said(one._asdict()) for one in found], out)
        return OK
    lines = Lines("table", "days", "cut", "known", "made", "hash")
    for one in found:
        lines.add_row(
            one.table,
            _days(one.first_day, one.last_day),
            f"{one.cut:,}",
            utc(one.cut_at),
            utc(one.made_at),
            one.hash[:16],
        )
    print_table(lines, out)
    if not found:
        out.write(
            "nothing was released yet: a worker with EMC_REFERENCE does, or `emc release make`\n"
        )
    return OK


async def _listed(connection: Any, table: str, most: int) -> Sequence[releases.Listed]:
    try:
        return await releases.listed(connection, table, most=most)
    except NoSuchTable as error:
        raise Refusal(str(error)) from None


async def show(dsn: str, table: str, period: str, *, form: str, out: TextIO) -> int:
    """One release, or the sum of those that end in a period; FOUND if there is none."""
    try:
        asked = Period.of(period)
    except NoPeriod as error:
        raise Refusal(str(error)) from None
    async with _opened(dsn) as connection:
        try:
            found = await _one(connection, table, asked)
        except NoSuchTable as error:
            raise Refusal(str(error)) from None
    if found is None:
        out.write(f"{table}: nothing is released of {asked}; `emc release list {table}`\n")
        return FOUND
    if form == "json":
        out.write(as_json(found).decode())
    elif form == "csv":
        out.write(as_csv(found).decode("utf-8-sig").replace("\r\n", "\n"))
    else:
        _print(found, out)
    return OK


async def _one(connection: Any, table: str, asked: Period) -> Release | None:
    known = {one.name: one for one in await releases.tables(connection)}
    if table in known and asked.span not in spans(known[table]):
        raise Refusal(f"{table} is released by {known[table].span}: ask for one of these")
    if asked.span is Span.DAY or (table in known and asked.span is known[table].span):
        return await releases.read(connection, table, asked.last_day)
    return await releases.summed(connection, table, asked)


def _print(release: Release, out: TextIO) -> None:
    table = release.table
    out.write(
        f"{table.title_vi}\n{table.title_en}\n{_days(release.first_day, release.last_day)},"
        f" as known at cut {release.cut:,} ({utc(release.cut_at)});"
        f" limit {table.limit} ({table.basis}); … is suppressed, blank no data\n\n"
    )
    shares = {(one.share, one.place): one.percent for one in release.shares}
    lines = Lines(
        "place",
        "name",
        "total",
        *table.names,
        *(f"{share.name} %" for share in table.shares),
    )
    by_place: dict[str, list[releases.Cell]] = {}
    for cell in release.cells:
        by_place.setdefault(cell.place, []).append(cell)
    for place, cells in by_place.items():
        lines.add_row(
            place or "country",
            cells[0].name,
            *(
                _SHOWN[cell.standing] if cell.value is None else f"{cell.value:,}"
                for cell in cells
            ),
            *(shares.get((share.name, place)) or "" for share in table.shares),
        )
    print_table(lines, out)
    shown = sum(cell.value is not None for cell in release.cells)
    hidden = sum(cell.standing is Standing.SUPPRESSED for cell in release.cells)
    out.write(f"{shown} cells are shown and {hidden} suppressed; SHA-256 {release.hash}\n")


async def check(
    dsn: str,
    public: Public,
    zone: Zone,
    table: str | None,
    *,
    last: int,
    as_json: bool,
    out: TextIO,
) -> int:
    """Audit the latest releases, each and with the one after it; FOUND if anything is wrong."""
    found = []
    looked_at = 0
    async with _opened(dsn) as connection:
        names = [one.name for one in await releases.tables(connection)]
        for name in names if table is None else [table]:
            days = sorted(one.last_day for one in await _listed(connection, name, last))
            looked_at += len(days)
            found += await audit(connection, public, zone, name, days)
    if as_json:
        print_json(
            {
                "releases": looked_at,
                "findings": [_said(one._asdict()) for one in found],
            },
            out,
        )
    else:
        out.writelines(f"{one.table} {date_of(one.last_day)}: {one.what}\n" for one in found)
        if not found:
            out.write(
                f"{looked_at} releases: each is what was released and what the ledger had at its"
                " cut, and no combination of it, or of it and the one before, tells of fewer"
                " dossiers than the limit\n"
            )
    return FOUND if found else OK


def _days(first: int, last: int) -> str:
    one, other = date_of(first).isoformat(), date_of(last).isoformat()
    return one if one == other else f"{one} to {other}"


def _said(named: dict[str, Any]) -> dict[str, Any]:
    return {
        name: date_of(value).isoformat() if name in ("first_day", "last_day") else value
        for name, value in named.items()
    }
