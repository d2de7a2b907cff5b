"""Agencies from `deploy/reference/agencies/*.csv`: who is part of whom, from when to when.

The country of 63 provinces with districts became one of 34 without on 1/7/2025: an agency that
ended names who took over, so that figures before and after can be set side by side.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Final

import msgspec

from monitor.domain import codes
from monitor.domain.calendar import LAST_DAY
from monitor.domain.codes import agency_code
from monitor.domain.deadlines import Basis
from monitor.domain.zone import day_number
from monitor.reference.complaints import Complaints
from monitor.reference.table import Row, read_table
from monitor.reference.validity import in_turn, valid_on

NONE: Final = "none"
UNLISTED: Final = "correct the code, or add it to agencies/"
# Decision 20/2020/QĐ-TTg Art. 4.
_CODE: Final = re.compile(r"[0-9A-Z.]{1,35}")
_NEARLY: Final = re.compile(r"[A-Y][0-9]")
_NATIONAL: Final = re.compile(r"[A-Y][0-9]{2}(?:\.[0-9A-Z]+)*")


class AgencyKind(StrEnum):
    """What an agency is."""

    MINISTRY = "ministry"
    BODY = "body"  # answers on the national portal as a ministry does
    PROVINCE = "province"
    DEPARTMENT = "department"  # of a province
    DIVISION = "division"  # of a ministry or body
    DISTRICT = "district"  # until 30/6/2025
    COMMUNE = "commune"  # communes, wards, special zones
    CENTRE = "centre"  # service centres and other units


_FIRST_LEVEL: Final = frozenset({AgencyKind.MINISTRY, AgencyKind.BODY, AgencyKind.PROVINCE})


class Agency(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of `agencies/*.csv`. A code may have several, one after the other."""

    code: str
    name: str
    kind: AgencyKind
    parent: str = ""
    valid_from: date
    valid_until: date | None = None
    successors: tuple[str, ...] = ()  # the first takes over what cannot be split
    basis: Basis
    source: str


@dataclass(frozen=True)
class Agencies:
    """All agencies, by code and day. A code that is not listed counts to the nearest above it."""

    _rows: Mapping[str, tuple[Row[Agency], ...]] = field(repr=False)
    _then: dict[int, "Agencies"] = field(default_factory=dict, repr=False, compare=False)

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, code: str) -> bool:
        return agency_code(code) in self._rows

    def as_of(self, day: int) -> "Agencies":
        """As these files would have it had nothing been decided after a day: who merged later is apart.

        The same object for all days between two decisions, itself for those after the last.
        """
        decided = bisect_right(self._decisions, day)
        if decided == len(self._decisions):
            return self
        if decided not in self._then:
            self._then[decided] = Agencies(
                {
                    code: known
                    for code, rows in self._rows.items()
                    if (known := tuple(_as_of(row, day) for row in rows if _began(row, day)))
                }
            )
        return self._then[decided]

    def codes(self) -> tuple[str, ...]:
        """Every agency that is or was listed."""
        return tuple(sorted(self._rows))

    def rows(self, code: str) -> tuple[Row[Agency], ...]:
        """All rows of an agency, in the order of their days."""
        return self._rows.get(agency_code(code), ())

    def on(self, code: str, day: int) -> Agency | None:
        """An agency as it is on a day; None if it is not listed or not in being then."""
        return valid_on((row.value for row in self.rows(code)), day)

    def known(self, code: str, day: int) -> bool:
        """Whether the ministry or province that a code belongs to is listed and in being then.

        Units below it need not be listed: a deployment that lists none still measures them.
        """
        return self.on(codes.level1(agency_code(code)), day) is not None

    def at(self, day: int) -> dict[str, Agency]:
        """The agencies in being on a day, by code."""
        return {code: found for code in sorted(self._rows) if (found := self.on(code, day))}

    def level1(self, code: str, day: int) -> str:
        """The ministry or province that an agency, or who took over from it, belongs to then."""
        at = self._listed(self.standing(code, day))
        if not at:
            return codes.level1(code)
        while parent := self._parent(at, day):
            at = self._heir(parent, day)
        return at

    def standing(self, code: str, day: int) -> str:
        """Who stands on a day where this agency did: itself, before and while it is in being."""
        code = agency_code(code)
        listed = self._listed(code)
        heir = self._heir(listed, day) if listed else ""
        return code if heir == listed else heir

    def present(self, code: str) -> str:
        """Who stands where this agency did after all that is decided: itself if it goes on."""
        return self.standing(code, LAST_DAY)

    def first_level(self) -> tuple[str, ...]:
        """Every ministry, body and province that ever was."""
        return tuple(
            code
            for code, rows in sorted(self._rows.items())
            if any(row.value.kind in _FIRST_LEVEL for row in rows)
        )

    def heirs(self) -> dict[str, str]:
        """Who stands today for each listed agency that has ended."""
        return {
            code: heir for code in sorted(self._rows) if (heir := self.present(code)) != code
        }

    def former(self, code: str) -> tuple[str, ...]:
        """The listed agencies that this one now stands for, itself left out."""
        wanted = agency_code(code)
        return tuple(
            sorted(one for one in self._rows if one != wanted and self.present(one) == wanted)
        )

    def descendants(self, code: str, day: int) -> tuple[str, ...]:
        """The listed agencies below one on a day, itself left out."""
        found: set[str] = set()
        above = [agency_code(code)]
        while above:
            parent = above.pop()
            below = {
                child
                for child in self._children.get(parent, ())
                if (row := self.on(child, day)) and agency_code(row.parent) == parent
            }
            above.extend(below - found)
            found |= below
        return tuple(sorted(found))

    def _listed(self, code: str) -> str:
        """The agency itself, else the nearest one above it, "" if there is none."""
        while code and code not in self._rows:
            code = code.rpartition(".")[0]
        return code

    def _parent(self, code: str, day: int) -> str:
        rows = self._rows[code]
        row = self.on(code, day) or rows[-1].value
        return agency_code(row.parent)

    def _heir(self, code: str, day: int) -> str:
        # Ends, because whoever takes over goes on for longer: `_check_end`.
        last = self._rows[code][-1].value
        if last.valid_until is None or day < day_number(last.valid_until):
            return code
        heir = agency_code(last.successors[0])
        return self._heir(heir, day) if heir in self._rows else code

    @cached_property
    def _decisions(self) -> tuple[int, ...]:
        """The days on which anything began or ended."""
        return tuple(
            sorted(
                {
                    day_number(day)
                    for rows in self._rows.values()
                    for row in rows
                    for day in (row.value.valid_from, row.value.valid_until)
                    if day is not None
                }
            )
        )

    @cached_property
    def _children(self) -> Mapping[str, frozenset[str]]:
        children: defaultdict[str, set[str]] = defaultdict(set)
        for code, rows in self._rows.items():
            for row in rows:
                children[agency_code(row.value.parent)].add(code)
        return {parent: frozenset(found) for parent, found in children.items()}


def _began(row: Row[Agency], day: int) -> bool:
    return day_number(row.value.valid_from) <= day


def _as_of(row: Row[Agency], day: int) -> Row[Agency]:
    until = row.value.valid_until
    if until is None or day_number(until) <= day:
        return row
    goes_on = msgspec.structs.replace(row.value, valid_until=None, successors=())
    return row._replace(value=goes_on)


def load_agencies(folder: Path) -> Agencies:
    """The agencies of a folder, of all its files together."""
    complaints = Complaints()
    return complaints.settled(read_agencies(folder, complaints))


def read_agencies(folder: Path, complaints: Complaints) -> Agencies:
    rows: defaultdict[str, list[Row[Agency]]] = defaultdict(list)
    for path in sorted(folder.glob("*.csv")):
        for row in read_table(path, Agency, complaints):
            if _is_code(row, complaints):
                rows[agency_code(row.value.code)].append(row)
    agencies = Agencies(in_turn(rows, complaints))
    for code in rows:
        held = agencies.rows(code)
        for place, row in enumerate(held):
            _check_parent(agencies, code, row, complaints)
            _check_end(agencies, code, row, complaints, last=place == len(held) - 1)
    return agencies


def _is_code(row: Row[Agency], complaints: Complaints) -> bool:
    code = agency_code(row.value.code)
    if _CODE.fullmatch(code) and (_NATIONAL.fullmatch(code) or not _NEARLY.match(code)):
        return True
    complaints.add(
        row.path,
        row.line,
        f"{row.value.code!r} is no agency code",
        "write H56 or H56.04: at most 35 of 0-9, A-Z and dots, level 1 first",
    )
    return False


def _check_parent(
    agencies: Agencies, code: str, row: Row[Agency], complaints: Complaints
) -> None:
    agency = row.value
    if agency.kind in _FIRST_LEVEL:
        if agency.parent:
            complaints.add(
                row.path,
                row.line,
                f"{code} is a {agency.kind} and has a parent",
                "leave the parent empty, or correct the kind",
            )
        return
    if not agency.parent:
        complaints.add(
            row.path,
            row.line,
            f"{code} is a {agency.kind} without a parent",
            "name the agency above it",
        )
    elif agency.parent not in agencies:
        complaints.add(
            row.path,
            row.line,
            f"parent {agency.parent} of {code} is not listed",
            UNLISTED,
        )
    elif missing := _first_gap(agencies.rows(agency.parent), agency):
        complaints.add(
            row.path,
            row.line,
            f"parent {agency.parent} of {code} is not in being on {missing}",
            "name the parent of that time in a row of its own, or correct the validity",
        )
    elif _is_own_ancestor(agencies, code, agency):
        complaints.add(
            row.path, row.line, f"{code} is above itself", "correct one of the parents"
        )


def _first_gap(rows: Iterable[Row[Agency]], child: Agency) -> date | None:
    """The first day of the child's on which there is no row."""
    wanted = child.valid_from
    for row in rows:
        if row.value.valid_from > wanted:
            break
        if row.value.valid_until is None:
            return None
        wanted = max(wanted, row.value.valid_until)
    return None if child.valid_until and wanted >= child.valid_until else wanted


def _is_own_ancestor(agencies: Agencies, code: str, agency: Agency) -> bool:
    day = day_number(agency.valid_from)
    passed: set[str] = set()
    above: Agency | None = agency
    while above and above.parent and (parent := agency_code(above.parent)) not in passed:
        if parent == code:
            return True
        passed.add(parent)
        above = agencies.on(parent, day)
    return False


def _check_end(
    agencies: Agencies, code: str, row: Row[Agency], complaints: Complaints, *, last: bool
) -> None:
    agency = row.value
    ends = agency.valid_until if last else None
    if ends is None:
        if agency.successors:
            complaints.add(
                row.path,
                row.line,
                f"{code} has successors but goes on",
                "remove them, or give the day it ends in valid_until",
            )
        return
    if not agency.successors:
        complaints.add(
            row.path,
            row.line,
            f"{code} ends on {ends} without a successor",
            f"name who took over, or write {NONE}",
        )
    for successor in () if agency.successors == (NONE,) else agency.successors:
        if successor not in agencies:
            complaints.add(
                row.path,
                row.line,
                f"successor {successor} of {code} is not listed",
                UNLISTED,
            )
        elif not agencies.on(successor, day_number(ends)):
            complaints.add(
                row.path,
                row.line,
                f"successor {successor} of {code} is not in being on {ends}",
                "name the one that is, or correct the validity",
            )
