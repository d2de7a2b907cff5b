"""Tables for the public from `releases/*.toml`.

They move no figure, so they are no part of the policy: a change holds from the next release on.
What a release was made by is kept in the ledger beside it (`release_table`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from monitor.domain.codes import agency_code
from monitor.domain.deadlines import Basis
from monitor.domain.event import Channel, Level
from monitor.domain.measures import Measure
from monitor.domain.period import Span
from monitor.domain.public import RELEASED, Column, Rows, Share, Table
from monitor.domain.suppression import ROOT, TOTAL, Tree
from monitor.domain.zone import day_number
from monitor.reference.agencies import Agencies, read_agencies
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.toml import TomlFile, read_toml

RELEASES: Final = "releases"
_DIGITS: Final = 16  # of a version, as of a reference set's
_COLUMN: Final = r"^[a-z][a-z0-9_]*$"

_Limit = Annotated[int, msgspec.Meta(ge=2, le=1000)]
_Times = Annotated[int, msgspec.Meta(ge=1, le=10)]
_Days = Annotated[int, msgspec.Meta(ge=1, le=1000)]
_Hour = Annotated[int, msgspec.Meta(ge=0, le=23)]
_Word = Annotated[str, msgspec.Meta(pattern=_COLUMN)]

ChannelWord = Literal["unsaid", "direct", "online", "postal"]
LevelWord = Literal["unsaid", "2", "3", "4"]
LEVELS: Final[Mapping[str, Level]] = {
    "unsaid": Level.UNSAID,
    "2": Level.INFORMATION,
    "3": Level.PARTIAL,
    "4": Level.FULL,
}


class ColumnRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column: which dossiers of the table's event are in it."""

    name: _Word
    title_vi: str
    title_en: str
    measures: tuple[str, ...]
    channels: tuple[ChannelWord, ...] = ()
    levels: tuple[LevelWord, ...] = ()


class ShareRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quotient of columns; a denominator that is left out is the total."""

    name: _Word
    title_vi: str
    title_en: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...] = ()


class ReleaseFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of `releases/`, whose name is the table's."""

    title_vi: str
    title_en: str
    definition_vi: str
    definition_en: str
    rows: Rows
    span: Literal["day", "month"]
    pattern: Literal["month", "quarter", "half", "year"]
    begins: date
    days_after: _Days
    hour: _Hour = 6
    limit: _Limit = 5
    headroom: _Times = 2
    past_days: _Days
    past_least: _Days
    basis: Basis
    source: str
    columns: tuple[ColumnRow, ...]
    shares: tuple[ShareRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Public:
    """The tables of a deployment, and the agencies that their places are."""

    tables: tuple[Table, ...]
    agencies: Agencies

    def places(self, table: Table, day: int) -> dict[str, tuple[str, str]]:
        """The place above and the name of each place of a table on a day, the country left out."""
        first_level = set(self.agencies.first_level())
        return {
            code: (ROOT if code in first_level else agency_code(agency.parent), agency.name)
            for code, agency in self.agencies.at(day).items()
            if table.rows is Rows.AGENCIES or code in first_level
        }

    def place(self, agency: str, tree: Tree, day: int) -> str:
        """The lowest place of a tree at which an agency's dossiers are counted on a day."""
        code = self.agencies.standing(agency, day)
        while code and code not in tree.above:
            listed = self.agencies.on(code, day)
            code = agency_code(listed.parent) if listed else code.rpartition(".")[0]
        return code


def load_public(folder: Path) -> Public:
    """The tables of a folder and its agencies; `Unusable` with every complaint."""
    complaints = Complaints()
    agencies = read_agencies(folder / "agencies", complaints)
    return complaints.settled(Public(read_tables(folder, complaints), agencies))


def read_tables(folder: Path, complaints: Complaints) -> tuple[Table, ...]:
    """Those that fit, after every complaint about the others."""
    found: list[Table] = []
    taken: dict[str, Path] = {}
    for path in sorted((folder / RELEASES).glob("*.toml")):
        read = read_toml(path, ReleaseFile, complaints)
        if read is None:
            continue
        before = len(complaints)
        file, said = read
        table = _made(path.stem, said)
        _check(file, table, said)
        for event in table.events:
            if event in taken:
                file.complain(
                    "columns",
                    f"{event} dossiers are released by {taken[event].name} already, and two tables"
                    " of one event can be set against each other",
                    "leave it to one of them",
                )
            taken.setdefault(event, path)
        if len(complaints) == before:
            found.append(table)
    return tuple(found)


def table_of(name: str, said: bytes | str) -> Table:
    """A table from what the ledger keeps of its file."""
    return _made(name, msgspec.json.decode(said, type=ReleaseFile))


def _made(name: str, said: ReleaseFile) -> Table:
    kept = msgspec.json.encode(said)
    return Table(
        name=name,
        title_vi=said.title_vi,
        title_en=said.title_en,
        definition_vi=said.definition_vi,
        definition_en=said.definition_en,
        rows=said.rows,
        span=Span(said.span),
        holds_for=Span(said.pattern),
        begins=day_number(said.begins),
        days_after=said.days_after,
        hour=said.hour,
        limit=said.limit,
        headroom=said.headroom,
        past_days=said.past_days,
        past_least=said.past_least,
        basis=said.basis,
        source=said.source,
        columns=tuple(map(_column, said.columns)),
        shares=tuple(
            Share(
                name=row.name,
                title_vi=row.title_vi,
                title_en=row.title_en,
                numerator=row.numerator,
                denominator=row.denominator or (TOTAL,),
            )
            for row in said.shares
        ),
        version=hashlib.sha256(kept).hexdigest()[:_DIGITS],
        said=kept.decode(),
    )


def _column(row: ColumnRow) -> Column:
    return Column(
        name=row.name,
        title_vi=row.title_vi,
        title_en=row.title_en,
        measures=tuple(RELEASED[name][0] for name in row.measures if name in RELEASED),
        channels=tuple(int(Channel[word.upper()]) for word in row.channels),
        levels=tuple(int(LEVELS[word]) for word in row.levels),
    )


def _check(file: TomlFile, table: Table, said: ReleaseFile) -> None:
    _check_measures(file, table, said)
    _check_columns(file, table)
    for place, share in enumerate(table.shares):
        for name in (*share.numerator, *share.denominator):
            if name not in (*table.names, TOTAL):
                file.complain(
                    f"shares[{place}]",
                    f"there is no column {name}",
                    "write one of " + ", ".join(table.names),
                )
    if said.past_days < {"day": 1, "month": 31}[said.span] * said.past_least:
        file.complain(
            "past_days",
            f"{said.past_days} days need not hold {said.past_least} periods",
            "give more days, or want fewer periods",
        )


def _check_measures(file: TomlFile, table: Table, said: ReleaseFile) -> None:
    for place, row in enumerate(said.columns):
        for name in row.measures:
            if name not in RELEASED:
                meant = nearest(name, RELEASED)
                file.complain(
                    f"columns[{place}].measures",
                    f"{name!r} is nothing that a dossier is released by once",
                    f"write {meant}" if meant else "write one of " + ", ".join(RELEASED),
                )
    if len(table.events) > 1:
        file.complain(
            "columns",
            f"the columns count different things: {', '.join(table.events)}",
            "make a table of each",
        )
    if len(rules := table.rules) > 1:
        file.complain(
            "columns",
            f"a dossier would be counted by several rules: {', '.join(rules)}",
            "keep to one of them",
        )
    elif {Measure.COMPLETED, Measure.CLOCK_UNCERTAIN} <= set(table.measures):
        file.complain(
            "columns",
            "completed dossiers of an uncertain clock would be counted twice",
            "leave out clock_uncertain",
        )


def _check_columns(file: TomlFile, table: Table) -> None:
    if not table.columns:
        file.complain("columns", "the table has no columns", "add one")
    for place, column in enumerate(table.columns):
        for other in table.columns[:place]:
            if column.name == other.name:
                file.complain(
                    f"columns[{place}].name",
                    f"two columns are named {other.name}",
                    "rename one",
                )
            elif _overlap(column, other):
                file.complain(
                    f"columns[{place}]",
                    f"dossiers may be in {other.name} and in {column.name}",
                    "narrow one of them by measure, channel or level",
                )


def _overlap(one: Column, other: Column) -> bool:
    def meet(first: tuple[int, ...], second: tuple[int, ...]) -> bool:
        return not first or not second or bool(set(first) & set(second))

    return (
        bool(set(one.measures) & set(other.measures))
        and meet(one.channels, other.channels)
        and meet(one.levels, other.levels)
    )
