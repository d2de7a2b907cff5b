"""The catalogue of procedures from `deploy/reference/procedures/*.csv`."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

import msgspec

from monitor.domain.codes import agency_code, procedure_code
from monitor.domain.deadlines import Basis, Limit, Unit
from monitor.domain.event import Channel, Level
from monitor.domain.procedure import ANY_CHANNEL, Catalogue, Procedure
from monitor.domain.zone import day_number
from monitor.reference.agencies import NONE, UNLISTED, Agencies, AgencyKind
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.table import Row, read_table
from monitor.reference.validity import in_turn, valid_on

_NATIONAL: Final = re.compile(r"[0-9]\.[0-9]{6}(?:\.(?:[0-9A-Z]+\.)*([A-Y][0-9]{2}))?")
_NEARLY: Final = re.compile(r"[0-9]+[.,]")

_LIMIT: Final = re.compile(rf"([0-9]+) ({'|'.join(Unit)})")
_TEN_YEARS: Final = {
    Unit.HOURS: 10 * 260 * 8,
    Unit.WORKING_DAYS: 10 * 260,
    Unit.CALENDAR_DAYS: 10 * 365,
}
_WRITE_LIMIT: Final = f'write "5 working_days", "30 calendar_days", "8 hours" or "{NONE}"'

_CHANNELS: Final = {
    "limit_direct": Channel.DIRECT,
    "limit_online": Channel.ONLINE,
    "limit_postal": Channel.POSTAL,
}


class Tag(StrEnum):
    """National lists that a procedure is on."""

    ESSENTIAL_25 = "essential-25"  # Project 06
    ESSENTIAL_53 = "essential-53"  # Decisions 06 and 422/QĐ-TTg
    PRIORITY_30 = "priority-30"  # Notice 344/TB-VPCP, with Decision 206/QĐ-TTg


class ProcedureRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of `procedures/*.csv`. A code may have several, one after the other."""

    code: str
    name_vi: str
    name_en: str = ""
    by: tuple[str, ...]  # kinds of agencies, or agencies, that handle it
    level: Literal[2, 3, 4]
    limit: str
    limit_direct: str = ""  # where a channel's differs
    limit_online: str = ""
    limit_postal: str = ""
    eligible: bool
    fee: bool
    document_result: bool
    bundled: bool = False
    forward_moves_due: bool = False
    tags: tuple[Tag, ...] = ()
    ministry: str = ""  # whose sector it is of, wherever it is handled
    valid_from: date
    valid_until: date | None = None
    basis: Basis
    source: str


@dataclass(frozen=True)
class Procedures:
    """The catalogue as the domain reads it, and what it does not need: names, sources, lines."""

    catalogue: Catalogue
    _rows: Mapping[str, tuple[Row[ProcedureRow], ...]] = field(repr=False)

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self) -> list[Row[ProcedureRow]]:
        return [row for rows in self._rows.values() for row in rows]

    def ministries(self) -> dict[str, str]:
        """Whose sector each procedure is of, by the last row that says so."""
        return {
            code: row.value.ministry
            for code, rows in self._rows.items()
            for row in rows
            if row.value.ministry
        }

    def limit_unit(self, code: str, day: int) -> Unit | None:
        """In what a procedure's limit is said; None where there is none, or channels differ in it."""
        row = self.on(code, day)
        said = [row.limit, *(getattr(row, column) for column in _CHANNELS)] if row else []
        units = {match[2] for text in said if (match := _LIMIT.fullmatch(text))}
        return Unit(units.pop()) if len(units) == 1 else None

    def on(self, code: str, day: int) -> ProcedureRow | None:
        """The row as it is written down, with its names and the source of its limit."""
        rows = self._rows.get(procedure_code(code), ())
        return valid_on((row.value for row in rows), day)


def load_procedures(folder: Path) -> Procedures:
    """The procedures of a folder, of all its files together."""
    complaints = Complaints()
    return complaints.settled(read_procedures(folder, complaints))


def read_procedures(folder: Path, complaints: Complaints) -> Procedures:
    rows: defaultdict[str, list[Row[ProcedureRow]]] = defaultdict(list)
    for path in sorted(folder.glob("*.csv")):
        for row in read_table(path, ProcedureRow, complaints):
            rows[procedure_code(row.value.code)].append(row)
    kept = in_turn(rows, complaints)
    catalogue = Catalogue(
        {code: tuple(_procedure(code, row, complaints) for row in kept[code]) for code in kept}
    )
    return Procedures(catalogue, kept)


def check_agencies(procedures: Procedures, agencies: Agencies, complaints: Complaints) -> None:
    """That the agencies a procedure names are there as long as it is."""
    for row in procedures.rows():
        procedure = row.value
        for name in procedure.by:
            if name in _KINDS:
                continue
            held = agencies.rows(name)
            ended = held[-1].value.valid_until if held else None
            if not held:
                kind = nearest(name, _KINDS)
                complaints.add(
                    row.path,
                    row.line,
                    f"agency {name} of {procedure.code} is not listed",
                    f"write {kind}" if kind else UNLISTED,
                )
            elif ended and (procedure.valid_until is None or procedure.valid_until > ended):
                complaints.add(
                    row.path,
                    row.line,
                    f"agency {name} of {procedure.code} ended on {ended}",
                    f"end the row then, and go on with {agencies.present(name)} in another",
                )
        own = owner(procedure_code(procedure.code))
        if own and own not in agencies:
            complaints.add(
                row.path,
                row.line,
                f"agency {own} in the code {procedure.code} is not listed",
                UNLISTED,
            )
        _check_ministry(row, agencies, complaints)


def owner(code: str) -> str:
    """The province whose own form of a procedure a normalised code is; "" of a national one."""
    match = _NATIONAL.fullmatch(code)
    return agency_code(match[1]) if match and match[1] else ""


def _check_ministry(row: Row[ProcedureRow], agencies: Agencies, complaints: Complaints) -> None:
    ministry = row.value.ministry
    if not ministry:
        return
    held = agencies.rows(ministry)
    if not held:
        says, remedy = "is not listed", UNLISTED
    elif not any(each.value.kind in _GOVERNING for each in held):
        says, remedy = "is no ministry", "name the ministry whose sector it is of"
    else:
        return
    complaints.add(
        row.path, row.line, f"ministry {ministry} of {row.value.code} {says}", remedy
    )


_KINDS: Final = frozenset(AgencyKind)
_GOVERNING: Final = frozenset({AgencyKind.MINISTRY, AgencyKind.BODY})


def _procedure(code: str, row: Row[ProcedureRow], complaints: Complaints) -> Procedure:
    written = row.value
    if not _NATIONAL.fullmatch(code) and _NEARLY.match(code):
        complaints.add(
            row.path,
            row.line,
            f"{written.code!r} is no procedure code",
            "write 1.004194, or 1.004194.H56 for a province's own",
        )
    if int(written.level) == Level.FULL and not written.eligible:
        complaints.add(
            row.path,
            row.line,
            f"{code} is of level 4, but not eligible for it",
            "correct one of both; shares count level 4 among the eligible",
        )
    return Procedure(
        code=code,
        level=written.level,
        limits=_limits(row, complaints),
        bundled=written.bundled,
        forward_moves_due=written.forward_moves_due,
        eligible=written.eligible,
        fee=written.fee,
        document_result=written.document_result,
        tags=frozenset(map(str, written.tags)),
        valid_from=day_number(written.valid_from),
        valid_until=None if written.valid_until is None else day_number(written.valid_until),
    )


def _limits(row: Row[ProcedureRow], complaints: Complaints) -> dict[int, Limit]:
    """By channel. A channel without a limit, beside others that have one, takes the general one
    apart: then a dossier whose channel is unsaid has none either.
    """
    general = _limit(row, "limit", complaints)
    own: dict[int, Limit | None] = {
        channel: _limit(row, column, complaints)
        for column, channel in _CHANNELS.items()
        if getattr(row.value, column)
    }
    if None not in own.values():
        held: dict[int, Limit | None] = {ANY_CHANNEL: general, **own}
    else:
        held = {channel: own.get(channel, general) for channel in _CHANNELS.values()}
    return {channel: limit for channel, limit in held.items() if limit is not None}


def _limit(row: Row[ProcedureRow], column: str, complaints: Complaints) -> Limit | None:
    text: str = getattr(row.value, column)
    if text == NONE:
        return None
    match = _LIMIT.fullmatch(text)
    if not match:
        complaints.add(row.path, row.line, f"{text!r} in `{column}` is no limit", _WRITE_LIMIT)
        return None
    limit = Limit(int(match[1]), Unit(match[2]))
    if limit.n == 0:
        complaints.add(
            row.path,
            row.line,
            f"a limit of {text} in `{column}`",
            f"write {NONE} if there is no limit, or hours for the same day",
        )
    elif limit.n > _TEN_YEARS[limit.unit]:
        complaints.add(
            row.path, row.line, f"a limit of {text} in `{column}`", "write at most ten years"
        )
    return limit
