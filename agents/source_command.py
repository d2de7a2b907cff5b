"""`emc source`: who may send, whom they speak for, and with which token."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import asyncpg
import msgspec
from aiokafka.errors import KafkaError
from rich.table import Table

from agents.edge import stands_for
from agents.kafka import Kafka
from agents.keys import Keys
from agents.operator import FOUND, OK, Refusal, print_json, print_table, utc
from agents.register import new_token, token_hash
from agents.source_entry import (
    Entry,
    Expected,
    changed,
    mandate_text,
    read_sources,
    source_of,
    with_credentials,
)
from agents.topics import make_inbound
from monitor.domain.zone import Zone, date_of
from monitor.ledger.policies import Policies
from monitor.ledger.sources import (
    Kind,
    Outdated,
    SiteTaken,
    Source,
    SourceExists,
    Sources,
    Status,
)
from monitor.reference.complaints import Complaints, Unusable, nearest
from monitor.reference.sets import policy_of
from schemas.refusal import Unreadable

OVERLAP_DAYS: Final = 7

# Makes the inbound topic of a source, and says what it has done.
MakeTopic = Callable[[Source], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Desk:
    """The register, and what is asked of the policy beside it."""

    sources: Sources
    policies: Policies

    async def portals(self) -> frozenset[str]:
        """The portals of the active policy; none where the ledger has no policy yet."""
        active = await self.policies.active()
        if active is None:
            return frozenset()
        return policy_of(await self.policies.load(active.reference)).portals

    async def found(self, code: str) -> Source:
        """A source, or a `Refusal` that says what was probably meant."""
        source = await self.sources.find(code)
        if source is None:
            meant = nearest(code, [each.code for each in await self.sources.all()])
            hint = f"; did you mean {meant}?" if meant else "; `emc source list` shows all"
            raise Refusal(f"there is no source {code!r}{hint}")
        return source


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Desk]:
    """The register at `dsn`."""
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=1, command_timeout=60)
    try:
        yield Desk(Sources(pool), Policies(pool))
    finally:
        await pool.close()


async def add(
    dsn: str,
    entry: Entry,
    *,
    token: bool,
    topic: MakeTopic | None,
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """Enter one source."""
    async with opened(dsn) as desk:
        source = _checked(entry, await desk.portals())
        return await _enter(
            desk,
            [source],
            token=token,
            topic=topic,
            at=at,
            who=who,
            why=why,
            as_json=as_json,
            out=out,
        )


async def add_file(
    dsn: str,
    path: Path,
    *,
    token: bool,
    topic: MakeTopic | None,
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """Enter the sources of a file; those that are in the register just so are passed over."""
    async with opened(dsn) as desk:
        complaints = Complaints()
        try:
            sources = complaints.settled(read_sources(path, await desk.portals(), complaints))
        except Unusable as error:
            raise Refusal(f"nothing was entered\n{error}") from None
        known = {each.code: each for each in await desk.sources.all()}
        other = [
            source.code
            for source in sources
            if source.code in known
            and with_credentials(source, known[source.code]) != known[source.code]
        ]
        if other:
            raise Refusal(
                f"in the register, but otherwise: {', '.join(other)}; nothing was entered."
                " `emc source set` changes a source"
            )
        new = [source for source in sources if source.code not in known]
        return await _enter(
            desk,
            new,
            token=token,
            topic=topic,
            at=at,
            who=who,
            why=why,
            as_json=as_json,
            out=out,
        )


async def _enter(
    desk: Desk,
    sources: Sequence[Source],
    *,
    token: bool,
    topic: MakeTopic | None,
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    entered: list[dict[str, Any]] = []
    for source in sources:
        try:
            await desk.sources.add(source, who=who, why=why)
        except SourceExists:
            raise Refusal(
                f"{source.code} is in the register already; `emc source set` changes it"
            ) from None
        except SiteTaken:
            raise Refusal(f"another source has the SiteId {source.site_id}") from None
        made = new_token() if token else None
        if made is not None:
            await desk.sources.admit(
                source.code, token_hash(made), valid_from=at, who=who, why=why
            )
        told = "" if topic is None else await topic(source)
        entered.append(
            {"code": source.code, "topic": source.topic, "told": told, "token": made}
        )
    if as_json:
        print_json({"entered": entered}, out)
        return OK
    for each in entered:
        out.write(f"entered {each['code']}; its topic is {each['topic']}\n")
        if each["told"]:
            out.write(f"{each['told']}\n")
        if each["token"]:
            out.write(f"its token, shown this once and kept nowhere: {each['token']}\n")
    out.write(f"{len(entered):,} entered\n")
    return OK


async def set_(
    dsn: str,
    code: str,
    said: Mapping[str, Any],
    *,
    clear: Collection[str],
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """Change what is said of a source; a live one went live today unless it says when."""
    async with opened(dsn) as desk:
        before = await desk.found(code)
        changes = {**_cleared(clear), **_typed(said)}
        if changes.get("status") is Status.LIVE and before.go_live is None:
            today = date_of(Zone(before.zone).day(int(at.timestamp() * 1000)))
            changes = {"go_live": today, **changes}
        after = with_credentials(
            _checked(changed(before, changes), await desk.portals()), before
        )
        try:
            differs = await desk.sources.change(before, after, who=who, why=why)
        except Outdated:
            raise Refusal(
                f"somebody has changed {code} just now; look at it and try again"
            ) from None
        except SiteTaken:
            raise Refusal(f"another source has the SiteId {after.site_id}") from None
        if as_json:
            print_json(_described(await desk.found(code)), out)
        else:
            out.write(f"{code} changed\n" if differs else f"{code} is so already\n")
    return OK


async def list_(dsn: str, *, at: datetime, as_json: bool, out: TextIO) -> int:
    """Every source."""
    async with opened(dsn) as desk:
        sources = await desk.sources.all()
    if as_json:
        print_json({"sources": [_described(source, at) for source in sources]}, out)
        return OK
    table = Table(
        "code", "name", "owner", "kind", "status", "since", "speaks for", "tokens", ""
    )
    for source in sources:
        table.add_row(
            source.code,
            source.name,
            source.owner,
            source.kind,
            source.status,
            "" if source.go_live is None else source.go_live.isoformat(),
            ", ".join(map(mandate_text, source.mandates)),
            str(sum(each.valid(at) for each in source.credentials)),
            ", ".join(flags(source, at)),
        )
    print_table(table, out)
    out.write(f"{len(sources):,} sources\n")
    return OK


async def list_unknown(dsn: str, *, as_json: bool, out: TextIO) -> int:
    """Who sends and is not in the register."""
    async with opened(dsn) as desk:
        unknown = await desk.sources.unknown()
    if as_json:
        print_json(
            {
                "unknown": [
                    {
                        "via": each.via,
                        "said": each.said,
                        "address": each.address,
                        "records": each.records,
                        "first_seen": each.first_seen,
                        "last_seen": each.last_seen,
                    }
                    for each in unknown
                ]
            },
            out,
        )
    else:
        table = Table("by its", "which says", "from", "records", "first", "last")
        for each in unknown:
            table.add_row(
                each.via,
                each.said,
                each.address,
                f"{each.records:,}",
                utc(each.first_seen),
                utc(each.last_seen),
            )
        print_table(table, out)
        out.write(f"{len(unknown):,} unknown senders, of whom nothing was taken\n")
    return OK


async def show(dsn: str, code: str, *, at: datetime, as_json: bool, out: TextIO) -> int:
    """One source, with its tokens as far as anybody knows them."""
    async with opened(dsn) as desk:
        source = await desk.found(code)
    described = _described(source, at)
    if as_json:
        print_json(described, out)
        return OK
    for name, value in described.items():
        if name not in ("credentials", "expectations"):
            out.write(f"{name:<18} {_plain(value)}\n")
    out.writelines(f"{'expected':<18} {_plain(each)}\n" for each in described["expectations"])
    table = Table("token", "from", "until", "opens")
    for token in described["credentials"]:
        table.add_row(
            str(token["id"]),
            utc(token["valid_from"]),
            "" if token["valid_until"] is None else utc(token["valid_until"]),
            "yes" if token["valid"] else "no",
        )
    if described["credentials"]:
        print_table(table, out)
    return OK


async def stands(
    dsn: str, code: str, text: str, *, keys: Keys, as_json: bool, out: TextIO
) -> int:
    """What the edge writes in the place of a text that the source sends."""
    async with opened(dsn) as desk:
        source = await desk.found(code)
    try:
        found = stands_for(source, keys, text)
    except Unreadable as error:
        raise Refusal(f"no record has this text: {error.reason}") from None
    if as_json:
        print_json(found, out)
    else:
        out.writelines(f"as a {what:<8} {said}\n" for what, said in found.items())
    return OK


async def rotate(
    dsn: str,
    code: str,
    *,
    overlap: timedelta,
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """Give a source a new token; those it has end after `overlap`."""
    async with opened(dsn) as desk:
        source = await desk.found(code)
        if source.status is Status.REVOKED:
            raise Refusal(f"{code} is revoked; `emc source set {code} --status trial` first")
        token, until = new_token(), at + overlap
        others = sum(each.valid(at) for each in source.credentials)
        id_ = await desk.sources.admit(
            code, token_hash(token), valid_from=at, others_until=until, who=who, why=why
        )
    if as_json:
        print_json(
            {
                "code": code,
                "id": id_,
                "token": token,
                "others_until": until if others else None,
            },
            out,
        )
        return OK
    out.write(f"token {id_} of {code}, shown this once and kept nowhere: {token}\n")
    if others:
        out.write(f"{others:,} before it open until {utc(until)}\n")
    return OK


async def revoke(
    dsn: str,
    code: str,
    *,
    credential: int | None,
    confirmed: Callable[[str], bool],
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """End one token at once, or shut the source out; status 1 if there is nothing to end."""
    async with opened(dsn) as desk:
        source = await desk.found(code)
        if credential is not None:
            ended = await desk.sources.dismiss(code, credential, at=at, who=who, why=why)
            said = (
                f"token {credential} of {code} opens no more"
                if ended
                else f"{code} has no valid token {credential}; `emc source show {code}`"
            )
        elif source.status is Status.REVOKED:
            ended, said = False, f"{code} is revoked already"
        else:
            if not confirmed(f"shut {code} out: nothing that it sends is taken any more?"):
                raise Refusal("nothing was changed")
            ended = await desk.sources.change(
                source,
                replace(source, status=Status.REVOKED),
                who=who,
                why=why,
                action="revoke",
            )
            said = f"{code} is shut out; what it has sent stays counted"
    if as_json:
        print_json({"code": code, "credential": credential, "revoked": ended}, out)
    else:
        out.write(f"{said}\n")
    return OK if ended else FOUND


async def history(dsn: str, code: str | None, *, last: int, as_json: bool, out: TextIO) -> int:
    """What was changed in the register, when, by whom and why; the latest first."""
    async with opened(dsn) as desk:
        changes = await desk.sources.history(code, last=last)
        if not changes and code is not None:
            await desk.found(code)
    if as_json:
        print_json(
            {
                "changes": [
                    {
                        "at": each.at,
                        "source": each.source,
                        "action": each.action,
                        "who": each.who,
                        "why": each.why,
                        "change": each.change,
                    }
                    for each in changes
                ]
            },
            out,
        )
        return OK
    table = Table("at", "source", "what", "who", "why", "from → to")
    for each in changes:
        table.add_row(
            utc(each.at),
            each.source,
            each.action,
            each.who,
            each.why,
            "\n".join(
                f"{field}: {_plain(before) or '–'} → {_plain(after) or '–'}"
                for field, (before, after) in each.change.items()
                if before or after
            ),
        )
    print_table(table, out)
    return OK


def flags(source: Source, at: datetime) -> list[str]:
    """What an operator should know of a source at a glance."""
    found = []
    if source.by_site_only:
        found.append("known by SiteId and address only")
    ends = [each.valid_until for each in source.credentials if each.valid(at)]
    if ends and None not in ends:
        last = max(end for end in ends if end is not None)
        found.append(f"no token after {utc(last)}")
    if source.kind is Kind.PORTAL:
        found.append("never the authority")
    return found


def entry(code: str, said: Mapping[str, Any]) -> Entry:
    """What was said on the command line of a new source; raises `Refusal`."""
    return Entry(code=code, **_typed(said))


def maker_of_topics(kafka: Kafka) -> MakeTopic:
    """Makes inbound topics on a cluster, and tells how that went: the source is entered already."""

    async def make(source: Source) -> str:
        try:
            made = await make_inbound(kafka, source.topic)
        except (KafkaError, OSError) as error:
            return (
                f"its topic could not be made at {kafka.bootstrap} ({error!r}); make it"
                " (docs/how-to/connect-kafka.md)"
            )
        if made:
            return "the topic is made; give the system's principal its ACL"
        return "the topic was there already, and is left as it is"

    return make


def _typed(said: Mapping[str, Any]) -> dict[str, Any]:
    """Options as the fields of an entry; raises `Refusal`."""
    found: dict[str, Any] = {}
    for field, value in said.items():
        match field:
            case "kind" | "status":
                choices = Kind if field == "kind" else (Status.TRIAL, Status.LIVE)
                if value not in [choice.value for choice in choices]:
                    raise Refusal(f"--{field} {value!r}: it is {' or '.join(choices)}")
                found[field] = Kind(value) if field == "kind" else Status(value)
            case "expects":
                found[field] = tuple(map(_expected, value))
            case _:
                found[field] = tuple(value) if isinstance(value, list) else value
    return found


def _expected(text: str) -> Expected:
    parts = [part.strip() for part in text.split(",")]
    kind, unit, procedure, days = (*parts, "", "", "", "")[:4]
    if len(parts) > 4 or not (days == "" or (days.isascii() and days.isdigit())):
        raise Refusal(f"--expect {text!r}: write KIND[,UNIT[,PROCEDURE[,DAYS]]]")
    return Expected(
        kind=kind, unit=unit, procedure=procedure, within_days=int(days) if days else None
    )


def _cleared(fields: Collection[str]) -> dict[str, Any]:
    """What fields are that have been taken out; raises `Refusal` for one that must be there."""
    empty = {
        field.name: field.default
        for field in msgspec.structs.fields(Entry)
        if field.name not in ("code", "name", "owner", "kind", "status", "zone", "mandates")
    }
    found = {}
    for field in fields:
        name = field.replace("-", "_")
        if name not in empty:
            raise Refusal(f"--clear {field!r}: it is one of {', '.join(empty)}")
        found[name] = empty[name]
    return found


def _checked(entry: Entry, portals: Collection[str]) -> Source:
    """The source of an entry; raises `Refusal` with every complaint about it."""
    said: list[str] = []

    def say(field: str, reason: str, remedy: str) -> None:
        said.append(f"  --{field.replace('_', '-')}: {reason}: {remedy}")

    source = source_of(entry, portals, say)
    if said:
        raise Refusal(f"{entry.code} cannot be entered so\n" + "\n".join(said))
    return source


def _described(source: Source, at: datetime | None = None) -> dict[str, Any]:
    return {
        "code": source.code,
        "name": source.name,
        "owner": source.owner,
        "kind": source.kind,
        "status": source.status,
        "go_live": source.go_live,
        "contact": source.contact,
        "topic": source.topic,
        "mandates": [mandate_text(each) for each in source.mandates],
        "claiming": source.claiming,
        "zone": source.zone,
        "heartbeat_seconds": source.heartbeat_seconds,
        "rate_per_second": source.rate_per_second,
        "site_id": source.site_id,
        "addresses": list(source.addresses),
        "names": sorted(source.names),
        "quirks": sorted(source.quirks),
        "expectations": [
            {
                "kind": each.kind,
                "unit": each.unit,
                "procedure": each.procedure,
                "within_days": each.within_days,
            }
            for each in source.expectations
        ],
        "credentials": [
            {
                "id": each.id,
                "valid_from": each.valid_from,
                "valid_until": each.valid_until,
                "valid": None if at is None else each.valid(at),
            }
            for each in source.credentials
        ],
        "flags": [] if at is None else flags(source, at),
    }


def _plain(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_plain, value))
        case dict():
            return " ".join(f"{key} {said}" for key, said in value.items() if said)
        case _:
            return str(value)
