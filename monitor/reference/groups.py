"""Groups of procedures that are watched as one service, from `groups.toml`."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import msgspec

from monitor.domain.codes import procedure_code
from monitor.domain.deadlines import HOUR_MS, Basis
from monitor.domain.objective import Group, Slowing
from monitor.domain.reckoning import WORKING_DAY_MS
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.procedures import Procedures, Tag
from monitor.reference.toml import TomlFile, read_toml

GROUPS: Final = "groups.toml"
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LIMIT: Final = re.compile(r"([1-9][0-9]{0,3}) (hours|working_days)")

_Number = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class GroupRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Procedures that are watched as one service."""

    name: str
    title_vi: str
    title_en: str
    procedures: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    limit: str = ""
    article: str
    basis: Basis


class GroupsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`groups.toml` as it is written down."""

    minimum: _Number = 20
    recent_days: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5
    growth_percent: _Number = 20
    least_growth: _Number = 10
    groups: tuple[GroupRow, ...] = ()


def read_groups(
    path: Path, complaints: Complaints, procedures: Procedures
) -> tuple[tuple[Group, ...], Slowing]:
    """The groups, and from when on a service is degraded; ours where there is no file."""
    if not path.exists():
        return (), Slowing()
    read = read_toml(path, GroupsFile, complaints)
    if read is None:
        return (), Slowing()
    file, said = read
    codes = {procedure_code(row.value.code) for row in procedures.rows()}
    tagged: defaultdict[str, set[str]] = defaultdict(set)
    for row in procedures.rows():
        for tag in row.value.tags:
            tagged[tag].add(procedure_code(row.value.code))
    times = Counter(row.name for row in said.groups)
    groups = []
    for place, written in enumerate(said.groups):
        where = f"groups[{place}]"
        if not _NAME.fullmatch(written.name):
            file.complain(
                f"{where}.name", f"{written.name!r} is no name", "write lower case: land"
            )
        if times[written.name] > 1:
            file.complain(f"{where}.name", f"{written.name} stands twice", "name one otherwise")
        groups.append(
            Group(
                name=written.name,
                title_vi=written.title_vi,
                title_en=written.title_en,
                procedures=_members(file, where, written, codes, tagged),
                limit_ms=_working_ms(file, f"{where}.limit", written.limit),
            )
        )
    return tuple(groups), Slowing(
        minimum=said.minimum,
        recent_days=said.recent_days,
        growth_percent=said.growth_percent,
        least_growth=said.least_growth,
    )


def _members(
    file: TomlFile,
    where: str,
    written: GroupRow,
    codes: set[str],
    tagged: Mapping[str, set[str]],
) -> frozenset[str]:
    members = {procedure_code(code) for code in written.procedures}
    for code in sorted(members - codes):
        meant = nearest(code, codes)
        file.complain(
            f"{where}.procedures",
            f"procedure {code} is not in the catalogue",
            f"write {meant}, or add it to procedures/" if meant else "add it to procedures/",
        )
    for tag in written.tags:
        members |= tagged.get(tag, set())
    if not members:
        file.complain(where, f"{written.name} has no procedure", "write procedures or tags")
    return frozenset(members)


def _working_ms(file: TomlFile, where: str, text: str) -> int | None:
    if not text:
        return None
    match = _LIMIT.fullmatch(text)
    if match is None:
        file.complain(
            where, f"{text!r} is no working time", 'write "16 hours" or "5 working_days"'
        )
        return None
    return int(match[1]) * (HOUR_MS if match[2] == "hours" else WORKING_DAY_MS)
