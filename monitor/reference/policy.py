"""A deployment's reference files as one: calendars, agencies, procedures and the rules.

They are read together, checked against each other, and named by one version, a digest of all
that they say: figures can be traced to it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from monitor.domain.policy import Legal, Policy
from monitor.reference.agencies import UNLISTED, Agencies, read_agencies
from monitor.reference.alerts import ALERTS
from monitor.reference.calendars import Calendars, read_calendar
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.connections import CONNECTIONS, read_thresholds
from monitor.reference.groups import GROUPS
from monitor.reference.indicators import INDICATORS, read_sets
from monitor.reference.objectives import OBJECTIVES, read_objectives
from monitor.reference.procedures import Procedures, check_agencies, read_procedures
from monitor.reference.releases import RELEASES, read_tables
from monitor.reference.rules import MINUTE_MS, Rules, read_rules

POLICY: Final = "policy.toml"
REMEMBERED: Final = 16_384  # answers of a kind
# Folders and the ending of what lies in them.
FOLDERS: Final[Mapping[str, str]] = {
    "agencies": ".csv",
    "calendars": ".toml",
    "procedures": ".csv",
}
# May be left out: no figure depends on them, so that they are no part of the version either.
BESIDE: Final[Mapping[str, str]] = {
    INDICATORS: ".toml",
    OBJECTIVES: ".toml",
    RELEASES: ".toml",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """All reference files of a deployment."""

    policy: Policy
    rules: Rules
    calendars: Calendars
    procedures: Procedures
    agencies: Agencies
    version: str


def load_policy(folder: Path) -> Policy:
    """By which rules a deployment's files want dossiers measured."""
    return load_reference(folder).policy


def load_reference(folder: Path) -> Reference:
    """All of a folder's files; Unusable with every complaint about them."""
    complaints = Complaints()
    return complaints.settled(read_reference(folder, complaints))


def read_reference(folder: Path, complaints: Complaints) -> Reference | None:
    _check_names(folder, complaints)
    read_sets(folder, complaints)
    read_thresholds(folder, complaints)  # of connections: checked here, no part of the policy
    read_tables(folder, complaints)  # for the public: likewise
    rules = read_rules(folder / POLICY, complaints)
    makeup = rules.written.makeup_days_count if rules else None
    calendars = {
        path.stem: read_calendar(path, complaints, makeup_days_count=makeup)
        for path in sorted((folder / "calendars").glob("*.toml"))
    }
    agencies = read_agencies(folder / "agencies", complaints)
    procedures = read_procedures(folder / "procedures", complaints)
    check_agencies(procedures, agencies, complaints)
    if len(agencies) and len(procedures):  # else all that they name would be told as missing
        read_objectives(folder, complaints, agencies, procedures)
    for calendar in calendars.values():
        if calendar is not None:
            _check_owners(calendar, agencies)
    chosen = _chosen(rules, calendars) if rules else None
    if rules is None or chosen is None or complaints:
        return None
    version = _digest(folder, chosen)
    legal = Legal(
        calendars=chosen,
        catalogue=procedures.catalogue,
        strategy=rules.written.suspension.strategy,
        stops=rules.stops,
        # Asked for each posting, of the same agencies and the days in hand.
        agency_known=lru_cache(maxsize=REMEMBERED)(agencies.known),
        present=agencies.present,
        limits=lru_cache(maxsize=REMEMBERED)(rules.limit),
        portals=frozenset(rules.written.portals),
        repeat_ms=rules.written.repeat_minutes * MINUTE_MS,
        version=version,
    )
    policy = Policy(rules.zone, rules.written.precision, legal)
    return Reference(policy, rules, chosen, procedures, agencies, version)


def _check_names(folder: Path, complaints: Complaints) -> None:
    """That every file is one that will be read: a misspelt name would be passed over."""
    known = {ALERTS, POLICY, CONNECTIONS, GROUPS, *FOLDERS, *BESIDE}
    for path in sorted(folder.glob("[!.]*")):
        if path.name not in known:
            meant = nearest(path.name, known)
            complaints.add(
                path,
                1,
                "no reference file has this name",
                f"name it {meant}, or move it away" if meant else "move it away",
            )
    for name, ending in {**FOLDERS, **BESIDE}.items():
        found = sorted((folder / name).glob("[!.]*"))
        if not found and name in FOLDERS:
            complaints.add(folder / name, 1, f"no {name}", f"add a file that ends in {ending}")
        for path in found:
            if path.suffix != ending:
                complaints.add(
                    path, 1, f"not read: {name} end in {ending}", "rename it, or move it away"
                )


def _check_owners(calendars: Calendars, agencies: Agencies) -> None:
    """That agencies with hours of their own are there when the hours begin to hold."""
    for place, hours in enumerate(calendars.written.hours):
        for owner in hours.agencies:
            if owner not in agencies:
                says, remedy = "is not listed", UNLISTED
            elif all(
                row.value.valid_until and row.value.valid_until <= hours.valid_from
                for row in agencies.rows(owner)
            ):
                says = f"is no longer in being on {hours.valid_from}"
                remedy = f"write {agencies.present(owner)}"
            else:
                continue
            calendars.file.complain(
                f"hours[{place}].agencies", f"agency {owner} {says}", remedy
            )


def _chosen(rules: Rules, calendars: Mapping[str, Calendars | None]) -> Calendars | None:
    name = rules.written.calendar
    if name not in calendars:
        meant = nearest(name, calendars)
        rules.file.complain(
            "calendar",
            f"calendars/ has no {name}.toml",
            f'write "{meant}"' if meant else "write the name of a file there, without .toml",
        )
    chosen = calendars.get(name)
    if chosen is not None:
        if chosen.zone != rules.zone:
            rules.file.complain(
                "zone",
                f"{rules.zone.name}, but {chosen.file.path.name} says {chosen.zone.name}",
                "make both the same",
            )
        if chosen.written.makeup_days_count != rules.written.makeup_days_count:
            rules.file.complain(
                "makeup_days_count",
                f"{chosen.file.path.name} says the opposite",
                "make both the same",
            )
    return chosen


def reference_files(folder: Path) -> list[Path]:
    """The files of a folder that are read."""
    return [
        folder / POLICY,
        *(
            path
            for name, ending in FOLDERS.items()
            for path in sorted((folder / name).glob(f"*{ending}"))
        ),
    ]


def _digest(folder: Path, calendars: Calendars) -> str:
    # The calendar's own version too: public holidays come from a library, not from the files.
    digest = hashlib.sha256(calendars.calendar().version.encode())
    for path in reference_files(folder):
        digest.update(b"\0" + path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_text(encoding="utf-8").encode())
    return digest.hexdigest()[:16]
