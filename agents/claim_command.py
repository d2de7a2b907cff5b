"""`emc claim`: figures that others state, official values among them, brought in from a file.

All of a file or none of it: what is wrong with any row is told with its line, and nothing is
written. The same file again changes nothing; a figure that says something else than before is a
further claim with a higher revision, and the earlier one stays as it was known.
"""

import re
import sys
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import asyncpg
import msgspec
from msgspec import Meta
from rich.table import Table

from agents.operator import FOUND, OK, Refusal, print_json, print_table, progress_bar, utc
from monitor.domain.codes import agency_code
from monitor.domain.period import NoPeriod, Period
from monitor.domain.policy import Policy
from monitor.domain.scope import COUNTRY
from monitor.domain.zone import date_of, day_number
from monitor.ledger import claims
from monitor.ledger.claims import Claim, Figure
from monitor.reference.complaints import Complaints, Unusable
from monitor.reference.table import Row, read_table

SOURCE: Final = "import"  # of what nobody is named for
NAMED: Final = 20  # changed figures that are printed; all are in the JSON
_SOURCE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_INDICATOR: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:()-]{0,62}")
_VALUE: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
_UNIT: Final = re.compile(r"[a-z%][a-z_]{0,31}")
Count = Annotated[int, Meta(ge=0)]


class ClaimRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of the file."""

    indicator: str
    agency: str  # or `country`
    period: str = ""  # as 2026-08, 2026-Q3, 2026-H1, 2026; or the two days
    from_: date | None = msgspec.field(name="from", default=None)
    to: date | None = None
    numerator: Count | None = None
    denominator: Count | None = None
    value: str = ""
    unit: str = ""
    respondents: Count | None = None
    survey: str = ""
    not_issued: bool = False


@dataclass(slots=True)
class Imported:
    """What became of a file."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    changes: list[tuple[Claim, Figure]] = field(default_factory=list)


async def import_(
    dsn: str,
    path: Path,
    *,
    source: str,
    survey: str,
    policy: Policy,
    at: datetime,
    dry_run: bool,
    as_json: bool,
    out: TextIO,
    err: TextIO | None = None,
) -> int:
    """Bring the claims of a file in; FOUND where it was refused."""
    err = err or sys.stderr
    if _SOURCE.fullmatch(source) is None:
        raise Refusal(
            f"{source!r} is no name of a source; write letters, digits, dots and hyphens"
        )
    now_ms = int(at.timestamp() * 1000)
    try:
        figures = read(path, source=source, survey=survey, policy=policy, arrived_ms=now_ms)
    except Unusable as error:
        err.write(f"{error}\n{len(error.complaints)} refused; nothing was imported\n")
        return FOUND
    async with opened(dsn) as connection:
        done = await _write(connection, figures, source, dry_run=dry_run, err=err)
    changes = [
        {"before": _described(before), "after": _described(after)}
        for before, after in done.changes
    ]
    if as_json:
        counts = {"new": done.new, "changed": done.changed, "unchanged": done.unchanged}
        print_json({**counts, "dry_run": dry_run, "changes": changes}, out)
        return OK
    would = "would be " if dry_run else ""
    out.write(
        f"{len(figures):,} claims of {path.name}: {done.new:,} {would}new,"
        f" {done.changed:,} {would}changed, {done.unchanged:,} as they stand already\n"
    )
    for one in changes[:NAMED]:
        after = one["after"]
        out.write(
            f"  {after['indicator']} {after['agency']} {after['period']}:"
            f" {_said(one['before'])} -> {_said(after)}\n"
        )
    if len(changes) > NAMED:
        out.write(f"  and {len(changes) - NAMED:,} more; --json names all\n")
    return OK


async def _write(
    connection: Any, figures: Sequence[Figure], source: str, *, dry_run: bool, err: TextIO
) -> Imported:
    """In one transaction: who reads meanwhile sees all of the file or nothing."""
    done = Imported()
    async with connection.transaction():
        known = {
            claims.key_of(claim): claim
            for claim in await claims.standing(
                connection,
                indicators={figure.indicator for figure in figures},
                agencies={figure.agency for figure in figures},
            )
            if claim.source == source
        }
        with progress_bar(err) as progress:
            task = progress.add_task("claims", total=len(figures))
            for figure in figures:
                before = known.get(claims.key_of(figure))
                progress.advance(task)
                if before is not None and claims.says(before) == claims.says(figure):
                    done.unchanged += 1
                    continue
                revised = figure
                if before is None:
                    done.new += 1
                else:
                    done.changed += 1
                    revised = replace(figure, revision=before.revision + 1)
                    done.changes.append((before, revised))
                if not dry_run:
                    await claims.state(connection, revised)
    return done


# -- the file --------------------------------------------------------------------------------


def read(
    path: Path, *, source: str, survey: str, policy: Policy, arrived_ms: int
) -> list[Figure]:
    """The claims of a file. Raises `Unusable` with every complaint."""
    complaints = Complaints()
    rows = read_table(path, ClaimRow, complaints)
    reader = _Reader(source, survey, policy, arrived_ms, complaints)
    figures = []
    lines: dict[tuple[object, ...], int] = {}
    for row in rows:
        figure = reader.figure(row)
        if figure is None:
            continue
        first = lines.setdefault(claims.key_of(figure), row.line)
        if first != row.line:
            reason = f"the figure of line {first} once more"
            complaints.add(path, row.line, reason, "keep one of the two")
        figures.append(figure)
    if not rows and not len(complaints):
        complaints.add(path, 1, "no claim in it", "write a row under the columns")
    return complaints.settled(figures)


class _Reader:
    """From a row to a claim; what is wrong with it is complained of."""

    def __init__(
        self,
        source: str,
        survey: str,
        policy: Policy,
        arrived_ms: int,
        complaints: Complaints,
    ) -> None:
        self._source = source
        self._survey = survey
        self._policy = policy
        self._arrived_ms = arrived_ms
        self._complaints = complaints

    def figure(self, row: Row[ClaimRow]) -> Figure | None:
        said = row.value
        before = len(self._complaints)
        days = self._days(row)
        agency = COUNTRY if said.agency.lower() == COUNTRY else agency_code(said.agency)
        if days is not None and agency != COUNTRY:
            self._check_agency(row, agency, days[1])
        unit = self._indicator(row)
        self._stated(row)
        survey = said.survey or self._survey
        if not survey:
            self._say(
                row,
                "nobody is named who says so",
                "fill in `survey`: the portal, report, survey or decision; or give --survey",
            )
        if days is None or len(self._complaints) > before:
            return None
        return Figure(
            indicator=said.indicator,
            agency=agency,
            from_day=days[0],
            to_day=days[1],
            source=self._source,
            survey=survey,
            revision=0,
            arrived_ms=self._arrived_ms,
            numerator=said.numerator,
            denominator=said.denominator,
            value=Decimal(said.value) if said.value else None,
            unit=said.unit or unit,
            respondents=said.respondents,
            not_issued=said.not_issued,
        )

    def _say(self, row: Row[ClaimRow], reason: str, remedy: str) -> None:
        self._complaints.add(row.path, row.line, reason, remedy)

    def _days(self, row: Row[ClaimRow]) -> tuple[int, int] | None:
        said = row.value
        if said.period and (said.from_ or said.to):
            self._say(
                row, "a period and days of its own", "fill in `period`, or `from` and `to`"
            )
            return None
        if said.period:
            try:
                period = Period.of(said.period)
            except NoPeriod as error:
                reason, _, remedy = str(error).partition(": ")
                self._say(row, reason, remedy)
                return None
            return period.first_day, period.last_day
        if said.from_ is None or said.to is None:
            self._say(row, "no period", "fill in `period`, as 2026-08, or both `from` and `to`")
            return None
        if said.to < said.from_:
            self._say(row, f"ends on {said.to}, before it begins", "exchange `from` and `to`")
            return None
        return day_number(said.from_), day_number(said.to)

    def _check_agency(self, row: Row[ClaimRow], agency: str, last_day: int) -> None:
        legal = self._policy.legal
        if legal is not None and not legal.agency_known(agency, last_day):
            self._say(
                row,
                f"no ministry or province of `{agency}` is in being on {date_of(last_day)}",
                f"correct the code or the period; of the whole country write `{COUNTRY}`",
            )

    def _indicator(self, row: Row[ClaimRow]) -> str:
        """The unit that goes without saying."""
        said = row.value
        if _INDICATOR.fullmatch(said.indicator) is None:
            self._say(
                row,
                f"{said.indicator!r} is no name of an indicator",
                "write up to 63 letters, digits and . _ : ( ) -",
            )
            return ""
        if not said.value or not said.indicator.startswith(f"{claims.OFFICIAL}:"):
            return ""
        parts = said.indicator.split(":")
        is_percent = len(parts) == 4 and parts[3] == claims.PERCENT
        if not all(parts) or not (len(parts) == 3 or is_percent):
            self._say(
                row,
                f"`{said.indicator}` is no name of an official value",
                "write official:SET:INDICATOR, as official:qd766:2.1, for its score, or"
                " official:SET:INDICATOR:percent for its share",
            )
        return "%" if is_percent else claims.POINTS

    def _stated(self, row: Row[ClaimRow]) -> None:
        said = row.value
        if (said.numerator is None) != (said.denominator is None):
            missing = "numerator" if said.numerator is None else "denominator"
            self._say(
                row,
                f"half a share: no {missing}",
                f"fill in `{missing}`; a plain count stands in `value`",
            )
        if said.value and _VALUE.fullmatch(said.value) is None:
            self._say(
                row,
                f"{said.value!r} is no decimal number",
                "write digits and a point, as 34.23: no comma, no sign of percent",
            )
        if said.unit and _UNIT.fullmatch(said.unit) is None:
            self._say(row, f"{said.unit!r} is no unit", "write %, points, days or another word")
        stated = bool(said.value) or said.numerator is not None or said.denominator is not None
        if said.not_issued and stated:
            self._say(
                row,
                "a figure of a method that is not issued",
                "leave the figure out, or write false in `not_issued`",
            )
        if not said.not_issued and not stated:
            self._say(
                row,
                "no figure",
                "fill in `numerator` and `denominator`, or `value`; or true in `not_issued`",
            )


# -- what stands -----------------------------------------------------------------------------


async def list_(
    dsn: str,
    *,
    indicators: Collection[str],
    agencies: Collection[str],
    period: str | None,
    official: bool,
    as_json: bool,
    out: TextIO,
) -> int:
    """The claims that stand, each with who makes it; FOUND if there are none."""
    try:
        days = Period.of(period) if period else None
    except NoPeriod as error:
        raise Refusal(str(error)) from None
    async with opened(dsn) as connection:
        found = await claims.standing(
            connection,
            indicators=indicators or None,
            agencies=[code if code == COUNTRY else agency_code(code) for code in agencies]
            or None,
            first_day=days.first_day if days else None,
            last_day=days.last_day if days else None,
        )
    if official:
        found = [c for c in found if c.indicator.startswith(f"{claims.OFFICIAL}:")]
    described = [_described(claim) for claim in found]
    if as_json:
        print_json({"claims": described}, out)
        return OK if found else FOUND
    if not found:
        out.write("no such claim stands\n")
        return FOUND
    table = Table("indicator", "agency", "period", "figure", "says", "source", "since")
    for one in described:
        table.add_row(
            one["indicator"],
            one["agency"],
            one["period"],
            _said(one),
            one["survey"],
            one["source"],
            utc(one["arrived"]),
        )
    print_table(table, out)
    return OK


def _described(claim: Figure) -> dict[str, Any]:
    said = asdict(claim)
    first, last = date_of(said.pop("from_day")), date_of(said.pop("to_day"))
    arrived = datetime.fromtimestamp(said.pop("arrived_ms") / 1000, UTC)
    said.pop("seq", None)
    return {
        **said,
        "value": None if claim.value is None else str(claim.value),
        "period": _period(first, last),
        "from": first.isoformat(),
        "to": last.isoformat(),
        "arrived": arrived,
    }


def _period(first: date, last: date) -> str:
    """As people write it, where it is one they have a word for."""
    for text in (
        first.isoformat(),
        f"{first:%Y-%m}",
        f"{first.year}-Q{(first.month + 2) // 3}",
        f"{first.year}-H{(first.month + 5) // 6}",
        str(first.year),
    ):
        period = Period.of(text)
        if (period.first_day, period.last_day) == (day_number(first), day_number(last)):
            return text
    return f"{first.isoformat()} to {last.isoformat()}"


def _said(one: Mapping[str, Any]) -> str:
    if one["not_issued"]:
        return "method not issued"
    parts = []
    if one["numerator"] is not None:
        parts.append(f"{one['numerator']:,}/{one['denominator']:,}")
    if one["value"] is not None:
        parts.append(f"{one['value']} {one['unit']}".strip())
    if one["respondents"] is not None:
        parts.append(f"{one['respondents']:,} asked")
    return ", ".join(parts)


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Any]:
    """A connection for one command."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        yield connection
    finally:
        await connection.close(timeout=1)
