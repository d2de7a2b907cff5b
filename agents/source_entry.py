"""A source as a person enters it, on the command line or in a file: checked, every complaint at once."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import msgspec

from agents.clear import IDENTIFIER
from monitor.domain.codes import agency_code, procedure_code
from monitor.domain.mandate import Mandate
from monitor.domain.zone import Zone
from monitor.ledger.sources import CODE_PATTERN, Expectation, Kind, Source, Status
from monitor.reference.complaints import Complaints, nearest
from monitor.reference.toml import read_toml
from schemas import texts
from schemas.kinds import KINDS
from schemas.refusal import Unreadable

_CODE: Final = re.compile(CODE_PATTERN)
_QUIRK: Final = re.compile(r"[a-z][a-z0-9-]{0,62}")
LONGEST_NAME: Final = 256

# What is wrong with a field: the field, the reason, the remedy.
Say = Callable[[str, str, str], None]


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that the source should send. What is left out is any."""

    kind: str = ""
    unit: str = ""
    procedure: str = ""
    within_days: int | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A source, as it is written down. A mandate is AGENCY or AGENCY/PROCEDURE."""

    code: str
    name: str = ""
    owner: str = ""
    kind: Kind = Kind.SYSTEM
    status: Status = Status.TRIAL
    go_live: date | None = None
    contact: str = ""
    claiming: bool = False
    zone: str = "Asia/Ho_Chi_Minh"
    heartbeat_seconds: int | None = None
    rate_per_second: int | None = None
    site_id: int | None = None
    addresses: tuple[str, ...] = ()
    mandates: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    quirks: tuple[str, ...] = ()
    expects: tuple[Expected, ...] = ()


class SourceFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Many sources in one file, each a table `[[source]]`."""

    source: tuple[Entry, ...]


def entry_of(source: Source) -> Entry:
    """A source as somebody would have entered it."""
    return Entry(
        code=source.code,
        name=source.name,
        owner=source.owner,
        kind=source.kind,
        status=source.status,
        go_live=source.go_live,
        contact=source.contact,
        claiming=source.claiming,
        zone=source.zone,
        heartbeat_seconds=source.heartbeat_seconds,
        rate_per_second=source.rate_per_second,
        site_id=source.site_id,
        addresses=source.addresses,
        mandates=tuple(map(mandate_text, source.mandates)),
        names=tuple(sorted(source.names)),
        quirks=tuple(sorted(source.quirks)),
        expects=tuple(
            Expected(
                kind=each.kind,
                unit=each.unit,
                procedure=each.procedure,
                within_days=each.within_days,
            )
            for each in source.expectations
        ),
    )


def mandate_text(mandate: Mandate) -> str:
    """A mandate as it is written down."""
    return f"{mandate.agency}/{mandate.procedure}" if mandate.procedure else mandate.agency


def source_of(entry: Entry, portals: Collection[str], say: Say) -> Source:
    """The source that an entry means; worth something only if nothing was said."""
    _check_who(entry, portals, say)
    _check_numbers(entry, say)
    return Source(
        code=entry.code,
        name=entry.name.strip(),
        owner=agency_code(entry.owner),
        kind=entry.kind,
        status=entry.status,
        go_live=entry.go_live,
        contact=entry.contact.strip(),
        claiming=entry.claiming,
        zone=entry.zone,
        heartbeat_seconds=entry.heartbeat_seconds,
        rate_per_second=entry.rate_per_second,
        site_id=entry.site_id,
        addresses=tuple(_networks(entry.addresses, say)),
        mandates=tuple(dict.fromkeys(_mandates(entry.mandates, say))),
        expectations=tuple(dict.fromkeys(_expectations(entry.expects, say))),
        names=frozenset(_names(entry.names, say)),
        quirks=frozenset(_quirks(entry.quirks, say)),
    )


def read_sources(path: Path, portals: Collection[str], complaints: Complaints) -> list[Source]:
    """The sources of a file, in its order."""
    read = read_toml(path, SourceFile, complaints)
    if read is None:
        return []
    file, written = read
    found: list[Source] = []
    seen: set[str] = set()
    for place, entry in enumerate(written.source):

        def say(field: str, reason: str, remedy: str, place: int = place) -> None:
            file.complain(f"source[{place}].{field}", reason, remedy)

        if entry.code in seen:
            say("code", f"{entry.code} stands twice", "keep one")
        seen.add(entry.code)
        found.append(source_of(entry, portals, say))
    return found


def _check_who(entry: Entry, portals: Collection[str], say: Say) -> None:
    if not _CODE.fullmatch(entry.code):
        say(
            "code",
            f"{entry.code!r} is no code of a source",
            "write 1 to 63 letters, digits, dots, hyphens and underscores; it becomes the topic"
            " emc.in.<code> and stands in metrics",
        )
    if IDENTIFIER.search(entry.code):
        say(
            "code",
            f"{entry.code!r} has a number long enough to be somebody's",
            "choose another one: it is shown everywhere",
        )
    for field, said in (("name", entry.name), ("owner", entry.owner)):
        if not said.strip():
            say(field, f"a source needs its {field}", "add it")
    if not entry.mandates:
        say(
            "mandates",
            "without a mandate all that it says is refused",
            "name an agency (itself and all below it), as H56, or a procedure within a"
            " territory, as H56/1.004194 or */1.004194",
        )
    if entry.status is Status.LIVE and entry.go_live is None:
        say("go_live", "a live source has the day it went live", "add it, as 2026-12-01")
    _check_portal(entry, portals, say)


def _check_portal(entry: Entry, portals: Collection[str], say: Say) -> None:
    how = (
        "portals in policy.toml, then `emc check` and `emc recompute`, so that what is booked"
        " already goes by it too"
    )
    if entry.kind is Kind.PORTAL and entry.code not in portals:
        say(
            "kind",
            f"{entry.code} is not among the portals of the active policy, which would take it"
            " for the authority of a dossier",
            f"add it to {how}",
        )
    if entry.kind is Kind.SYSTEM and entry.code in portals:
        say(
            "kind",
            f"{entry.code} is among the portals of the active policy",
            f"make it a portal, or take it out of {how}",
        )


def _check_numbers(entry: Entry, say: Say) -> None:
    try:
        Zone(entry.zone)
    except ValueError as error:
        say("zone", str(error), "write a zone as Asia/Ho_Chi_Minh")
    for field in ("heartbeat_seconds", "rate_per_second"):
        said = getattr(entry, field)
        if said is not None and not 0 < said < 2**31:
            say(field, f"{said} is no number of it", "write a whole number above 0")
    if entry.site_id is None:
        if entry.addresses:
            say("addresses", "addresses go with a SiteId", "add site_id, or leave them out")
    elif not 0 <= entry.site_id < 2**31:
        say("site_id", f"{entry.site_id} is no SiteId", "write the number that EMC has issued")
    elif not entry.addresses:
        say(
            "addresses",
            "anybody can send a SiteId: it counts only from admitted addresses",
            "add the addresses that it sends from, as 10.56.0.0/16",
        )


def _networks(said: Collection[str], say: Say) -> Iterator[str]:
    for each in said:
        try:
            yield str(ip_network(each.strip()))
        except ValueError as error:
            say("addresses", str(error), "write an address, or a network as 10.56.0.0/16")


def _mandates(said: Collection[str], say: Say) -> Iterator[Mandate]:
    for each in said:
        agency, slash, procedure = each.partition("/")
        if not agency.strip() or (slash and not procedure.strip()):
            say("mandates", f"{each!r} is no mandate", "write AGENCY or AGENCY/PROCEDURE")
        else:
            yield Mandate.of(agency, procedure.strip())


def _expectations(said: Collection[Expected], say: Say) -> Iterator[Expectation]:
    for each in said:
        if each.kind and each.kind not in KINDS:
            meant = nearest(each.kind, KINDS)
            say(
                "expects",
                f"there is no type of event {each.kind!r}",
                f"did you mean {meant}?" if meant else "see docs/reference/events.md",
            )
        if each.within_days is not None and each.within_days <= 0:
            say("expects", "within_days is at least 1", "write a whole number of working days")
        if not (each.kind or each.unit or each.procedure):
            say("expects", "an expectation of anything", "name a kind, a unit or a procedure")
        yield Expectation(
            kind=each.kind,
            unit=agency_code(each.unit) if each.unit else "",
            procedure=procedure_code(each.procedure) if each.procedure else "",
            within_days=each.within_days,
        )


def _names(said: Collection[str], say: Say) -> Iterator[str]:
    for each in said:
        try:
            name = texts.required_name(each, "names")
        except Unreadable:
            name = ""
        if not name or len(name) > LONGEST_NAME:
            say("names", f"{each[:40]!r} is no name", "write 1 to 256 printable characters")
        elif IDENTIFIER.search(name):
            say("names", f"{name!r} looks like somebody's number or address", "leave it out")
        else:
            yield name


def _quirks(said: Collection[str], say: Say) -> Iterator[str]:
    for each in said:
        if not _QUIRK.fullmatch(each):
            say(
                "quirks", f"{each!r} is no word for a defect", "write it as paused-as-processed"
            )
        else:
            yield each


def changed(source: Source, changes: Mapping[str, Any]) -> Entry:
    """The entry of a source with other fields."""
    return msgspec.structs.replace(entry_of(source), **changes)


def with_credentials(source: Source, of: Source) -> Source:
    """What was entered, with the tokens that are not entered."""
    return replace(source, credentials=of.credentials)
