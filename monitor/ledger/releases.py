"""Releases as the public reads them: tables, what was released of each, and one with its cells.

Nothing here needs reference files: a release keeps with it what it was made by. Nor does anything
here know of a number that was not shown.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final, NamedTuple

from monitor.domain.period import Period, Span
from monitor.domain.public import Share, Table
from monitor.domain.spreadsheet import harmless, lines
from monitor.domain.suppression import ROOT, TOTAL
from monitor.domain.zone import date_of
from monitor.reference.releases import table_of

COUNTRY_VI: Final = "Cả nước"
NOT_SHOWN: Final = "…"  # in CSV, of a cell that is suppressed; no data is empty


class NoSuchTable(LookupError):
    """No table of this name was ever released; the text says which there are."""


class Standing(StrEnum):
    """What a cell says."""

    NUMBER = "number"
    SUPPRESSED = "suppressed"
    NO_DATA = "no_data"  # before the go-live of every source that speaks for the place


class Cell(NamedTuple):
    """One number of a table, or why there is none."""

    place: str  # code of an agency; "": the country
    above: str  # the place above it
    name: str
    column: str  # "": all of them
    value: int | None
    standing: Standing


class Quotient(NamedTuple):
    """A share of a place, where all that it is made of is shown."""

    share: str
    place: str
    numerator: int
    denominator: int
    percent: str | None  # two decimals, half up; None of nothing


class Listed(NamedTuple):
    """A release, without its cells."""

    table: str
    first_day: int
    last_day: int
    cut: int
    cut_at: datetime
    made_at: datetime
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A table for some days, as the public sees it, for good."""

    table: Table
    first_day: int
    last_day: int
    cut: int  # of the last of them, where it is a sum of several
    cut_at: datetime
    reference: str
    epoch: int
    cells: tuple[Cell, ...]
    parts: tuple[str, ...] = ()  # hashes of the releases that it is the sum of

    @property
    def shares(self) -> tuple[Quotient, ...]:
        """Of every place, as far as they can be told."""
        shown = {(cell.place, cell.column): cell.value for cell in self.cells}
        places = dict.fromkeys(cell.place for cell in self.cells)
        return tuple(
            quotient
            for share in self.table.shares
            for place in places
            if (quotient := _quotient(share, place, shown)) is not None
        )

    @property
    def hash(self) -> str:
        """SHA-256 of its JSON."""
        return hashlib.sha256(as_json(self)).hexdigest()


def _quotient(
    share: Share, place: str, shown: Mapping[tuple[str, str], int | None]
) -> Quotient | None:
    over = [shown.get((place, column)) for column in share.numerator]
    under = [shown.get((place, column)) for column in share.denominator]
    if None in over or None in under:
        return None
    numerator, denominator = sum(filter(None, over)), sum(filter(None, under))
    percent = None
    if denominator:
        exact = Decimal(100 * numerator) / Decimal(denominator)
        percent = str(exact.quantize(Decimal("0.01"), ROUND_HALF_UP))
    return Quotient(share.name, place, numerator, denominator, percent)


# -- asked of the ledger -------------------------------------------------------------------------


async def tables(connection: Any) -> tuple[Table, ...]:
    """Every table, as its file was last understood."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (name) name, said::text FROM release_table"
        " ORDER BY name, known_ms DESC, version"
    )
    return tuple(table_of(row["name"], row["said"]) for row in rows)


async def listed(
    connection: Any, table: str, *, before: int | None = None, most: int = 100
) -> tuple[Listed, ...]:
    """Releases of a table, newest first; `before`: only those that end before this day."""
    await _require(connection, table)
    rows = await connection.fetch(
        "SELECT name, first_day, last_day, cut, cut_at, made_at, hash FROM release"
        " WHERE name = $1 AND ($2::int4 IS NULL OR last_day < $2)"
        " ORDER BY last_day DESC LIMIT $3",
        table,
        before,
        most,
    )
    return tuple(Listed(*row) for row in rows)


async def read(connection: Any, table: str, day: int) -> Release | None:
    """The release of a table that tells of a day; None if there is none."""
    await _require(connection, table)
    found = await _between(connection, table, day, day)
    return found[0] if found else None


async def summed(connection: Any, table: str, period: Period) -> Release | None:
    """The releases that end in a period, added up; None if there are none.

    A cell is shown that is shown in each of them. Nothing can be learnt from the sum that could
    not be from them.
    """
    await _require(connection, table)
    rows = await connection.fetch(
        "SELECT last_day FROM release WHERE name = $1 AND last_day BETWEEN $2 AND $3"
        " ORDER BY last_day",
        table,
        period.first_day,
        period.last_day,
    )
    if not rows:
        return None
    parts = await _between(connection, table, rows[0][0], rows[-1][0])
    last = parts[-1]
    # Where the file was changed within the period, columns of one name need not be the same.
    parts = [part for part in parts if part.table.columns == last.table.columns]
    return Release(
        table=last.table,
        first_day=parts[0].first_day,
        last_day=last.last_day,
        cut=last.cut,
        cut_at=last.cut_at,
        reference=last.reference,
        epoch=last.epoch,
        cells=_added(parts),
        parts=tuple(part.hash for part in parts),
    )


def spans(table: Table) -> tuple[Span, ...]:
    """Of which periods a table can be read: its own, and longer ones as sums."""
    return tuple(Span)[tuple(Span).index(table.span) :]


def _added(parts: Sequence[Release]) -> tuple[Cell, ...]:
    held: dict[tuple[str, str], list[Cell]] = {}
    for part in parts:
        for cell in part.cells:
            held.setdefault((cell.place, cell.column), []).append(cell)
    return tuple(_sum(cells, len(parts)) for cells in held.values())


def _sum(cells: Sequence[Cell], parts: int) -> Cell:
    last = cells[-1]
    standings = {cell.standing for cell in cells}
    if Standing.SUPPRESSED in standings:
        return last._replace(value=None, standing=Standing.SUPPRESSED)
    if Standing.NO_DATA in standings or len(cells) < parts:
        return last._replace(value=None, standing=Standing.NO_DATA)
    return last._replace(value=sum(cell.value or 0 for cell in cells))


async def _between(connection: Any, table: str, first: int, last: int) -> list[Release]:
    rows = await connection.fetch(
        "SELECT release.id, release.name, said::text, release.first_day, release.last_day,"
        " release.cut, cut_at, reference, epoch, release.hash, pattern"
        " FROM release JOIN release_pattern ON release_pattern.id = pattern"
        " JOIN release_table USING (version)"
        " WHERE release.name = $1 AND release_table.name = $1"
        " AND release.last_day >= $2 AND release.first_day <= $3 ORDER BY release.last_day",
        table,
        first,
        last,
    )
    patterns = {
        row["id"]: json.loads(row["places"])
        for row in await connection.fetch(
            "SELECT id, places::text FROM release_pattern WHERE id = ANY($1::int4[])",
            [row["pattern"] for row in rows],
        )
    }
    cells: dict[int, dict[tuple[str, str], tuple[int | None, str]]] = {}
    for release, *key, value, standing in await connection.fetch(
        'SELECT release, place, "column", value, standing FROM release_cell'
        " WHERE release = ANY($1::int4[])",
        [row["id"] for row in rows],
    ):
        cells.setdefault(release, {})[key[0], key[1]] = (value, standing)
    return [_release(row, patterns[row["pattern"]], cells[row["id"]]) for row in rows]


def _release(
    row: Any,
    places: Iterable[Mapping[str, Any]],
    cells: Mapping[tuple[str, str], tuple[int | None, str]],
) -> Release:
    table = table_of(row["name"], row["said"])
    return Release(
        table=table,
        first_day=row["first_day"],
        last_day=row["last_day"],
        cut=row["cut"],
        cut_at=row["cut_at"],
        reference=row["reference"],
        epoch=row["epoch"],
        cells=in_order(table, places, cells),
    )


def in_order(
    table: Table,
    places: Iterable[Mapping[str, Any]],
    cells: Mapping[tuple[str, str], tuple[int | None, str]],
) -> tuple[Cell, ...]:
    """The cells of a release as they are shown: each place after the one above it."""
    found = []
    for place in places:
        for column in (TOTAL, *table.names):
            value, standing = cells[place["place"], column]
            found.append(
                Cell(
                    place["place"],
                    place["above"],
                    place["name"],
                    column,
                    value,
                    Standing(standing),
                )
            )
    return tuple(found)


async def _require(connection: Any, table: str) -> None:
    known = await connection.fetch("SELECT DISTINCT name FROM release_table ORDER BY name")
    names = [row["name"] for row in known]
    if table not in names:
        there = ", ".join(names) or "none yet"
        raise NoSuchTable(f"no table {table!r} is released; there are: {there}")


# -- as files ------------------------------------------------------------------------------------


def as_json(release: Release) -> bytes:
    """The release with all that it was made by; the same bytes for ever."""
    table = release.table
    said = {
        "table": table.name,
        "version": table.version,
        "title": {"vi": table.title_vi, "en": table.title_en},
        "definition": {"vi": table.definition_vi, "en": table.definition_en},
        "limit": table.limit,
        "basis": table.basis,
        "first_day": date_of(release.first_day).isoformat(),
        "last_day": date_of(release.last_day).isoformat(),
        "cut": {"seq": release.cut, "at": _utc(release.cut_at)},
        "reference": release.reference,
        "epoch": release.epoch,
        "sum_of": list(release.parts),
        "columns": [
            {"column": one.name, "title": {"vi": one.title_vi, "en": one.title_en}}
            for one in table.columns
        ],
        "cells": [
            {
                "place": cell.place or "country",
                "above": None if cell.place == ROOT else cell.above or "country",
                "name": cell.name,
                "column": cell.column or "total",
                "value": cell.value,
                "standing": cell.standing,
            }
            for cell in release.cells
        ],
        "shares": [
            {
                "share": one.share,
                "place": one.place or "country",
                "numerator": one.numerator,
                "denominator": one.denominator,
                "percent": one.percent,
            }
            for one in release.shares
        ],
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def as_csv(release: Release) -> bytes:
    """A line a place, a column for each of the table's and each share; `…` is suppressed."""
    table = release.table
    shares = {(one.share, one.place): one.percent for one in release.shares}
    heads = [
        "first_day",
        "last_day",
        "place",
        "name",
        "total",
        *table.names,
        *(share.name for share in table.shares),
    ]
    by_place: dict[str, list[Cell]] = {}
    for cell in release.cells:
        by_place.setdefault(cell.place, []).append(cell)
    rows = [
        [
            date_of(release.first_day).isoformat(),
            date_of(release.last_day).isoformat(),
            place or "country",
            harmless(cells[0].name),
            *(
                NOT_SHOWN if cell.standing is Standing.SUPPRESSED else cell.value
                for cell in cells
            ),
            *(shares.get((share.name, place)) for share in table.shares),
        ]
        for place, cells in by_place.items()
    ]
    # Spreadsheets take UTF-8 for what it is only with this mark.
    return lines([heads, *rows], end="\r\n").encode("utf-8-sig")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
