"""The register of sources in the ledger: who may send, whom they speak for, and every change."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg

from monitor.domain.mandate import Mandate

CODE_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}"
INBOUND: Final = "emc.in."  # and the code: the topic of a source that speaks Kafka
MOST_UNKNOWN: Final = 1_000  # rows of those that are not in the register


class Kind(StrEnum):
    """What a source is: a portal is never the authority of a dossier another one speaks of."""

    SYSTEM = "system"
    PORTAL = "portal"


class Status(StrEnum):
    """Whether what a source sends is published, only tried, or not taken at all."""

    TRIAL = "trial"
    LIVE = "live"
    REVOKED = "revoked"


class Via(StrEnum):
    """By what a sender named itself."""

    TOPIC = "topic"
    TOKEN = "token"  # noqa: S105 - the word, not one
    SITE = "site"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Expectation:
    """Something that a source should send; what is "" is any. None: judged by its own rhythm."""

    kind: str = ""  # a CloudEvents type
    unit: str = ""  # code of an agency or unit
    procedure: str = ""
    within_days: int | None = None  # working days within which some of it should come


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A token, of which only the hash is known."""

    id: int
    hash: bytes  # SHA-256
    valid_from: datetime
    valid_until: datetime | None = None

    def valid(self, at: datetime) -> bool:
        """Whether it opens the door at this time."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A registered system or portal. `code` is the CloudEvents `source` of all it sends."""

    code: str
    name: str
    owner: str
    kind: Kind = Kind.SYSTEM
    status: Status = Status.TRIAL
    go_live: date | None = None
    contact: str = ""
    claiming: bool = False
    zone: str = "Asia/Ho_Chi_Minh"
    heartbeat_seconds: int | None = None
    rate_per_second: int | None = None
    site_id: int | None = None
    addresses: tuple[str, ...] = ()  # CIDR
    mandates: tuple[Mandate, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    names: frozenset[str] = frozenset()
    quirks: frozenset[str] = frozenset()
    credentials: tuple[Credential, ...] = ()

    @property
    def topic(self) -> str:
        """The inbound topic that is its own."""
        return INBOUND + self.code

    @property
    def trial(self) -> bool:
        """Whether what it sends is measured apart."""
        return self.status is Status.TRIAL

    @property
    def by_site_only(self) -> bool:
        """Whether nothing but a number that anybody can send tells who it is."""
        return self.site_id is not None and not self.credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of the register's history; of each field what it was and what it became."""

    at: datetime
    who: str
    why: str
    source: str
    action: str
    change: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A sender that is not in the register. `said` is never a token, only what one hashes to."""

    via: Via
    said: str
    address: str
    records: int
    first_seen: datetime
    last_seen: datetime


UNKNOWN_RECORDS: Final = (
    "SELECT via, sum(records)::int8 AS records FROM unknown_source GROUP BY via"
)


class SourceExists(Exception):
    """A source of this code is in the register already."""


class NoSuchSource(Exception):
    """No source of this code is in the register."""


class SiteTaken(Exception):
    """Another source has this SiteId."""


class Outdated(Exception):
    """Somebody else has changed the source since it was read; nothing was written."""


_TOLD: Final = tuple(
    field.name for field in fields(Source) if field.name not in ("code", "credentials")
)
_COLUMNS: Final = ("code", *_TOLD)
_SELECT: Final = (
    f"SELECT {', '.join(_COLUMNS)} FROM source"  # noqa: S608 - our columns
    " WHERE $1::text IS NULL OR code = $1 ORDER BY code"
)
_INSERT: Final = (
    f"INSERT INTO source ({', '.join(_COLUMNS)})"  # noqa: S608 - our columns
    f" VALUES ({', '.join(f'${place}' for place in range(1, len(_COLUMNS) + 1))})"
    " ON CONFLICT (code) DO NOTHING RETURNING code"
)


class Sources:
    """The register of one ledger."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def version(self) -> int:
        """What rises with every change."""
        # Not the highest id: one that was drawn earlier may be committed later.
        return int(await self._pool.fetchval("SELECT count(*) FROM source_history"))

    async def all(self) -> list[Source]:
        """Every source, revoked ones too, by code."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await _read(connection)

    async def find(self, code: str) -> Source | None:
        """A source by its code."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = await _read(connection, code)
        return found[0] if found else None

    async def add(self, source: Source, *, who: str, why: str = "") -> None:
        """Enter a source, without credentials. Raises `SourceExists` or `SiteTaken`."""
        row = _row(source)
        async with self._pool.acquire() as connection, connection.transaction():
            try:
                added = await connection.fetchval(_INSERT, *row.values())
            except asyncpg.UniqueViolationError:
                raise SiteTaken(str(source.site_id)) from None
            if added is None:
                raise SourceExists(source.code)
            await _note(
                connection,
                source.code,
                "add",
                {name: [None, value] for name, value in _plain(source).items()},
                who=who,
                why=why,
            )

    async def change(
        self, before: Source, after: Source, *, who: str, why: str = "", action: str = "set"
    ) -> bool:
        """Change what is said of a source, credentials aside; False if nothing differs.

        Raises `NoSuchSource`, `SiteTaken`, or `Outdated` where it is not as `before` any more.
        """
        was, becomes = _plain(before), _plain(after)
        change = {
            name: [was[name], becomes[name]] for name in _TOLD if was[name] != becomes[name]
        }
        async with self._pool.acquire() as connection, connection.transaction():
            await _same(connection, before)
            if not change:
                return False
            row = _row(after)
            names = list(change)
            places = ", ".join(f"{name} = ${place}" for place, name in enumerate(names, 2))
            try:
                await connection.execute(
                    f"UPDATE source SET {places} WHERE code = $1",  # noqa: S608 - our columns
                    before.code,
                    *(row[name] for name in names),
                )
            except asyncpg.UniqueViolationError:
                raise SiteTaken(str(after.site_id)) from None
            await _note(connection, before.code, action, change, who=who, why=why)
        return True

    async def admit(
        self,
        code: str,
        hash_: bytes,
        *,
        valid_from: datetime,
        others_until: datetime | None = None,
        valid_until: datetime | None = None,
        who: str,
        why: str = "",
    ) -> int:
        """Give a source another token, by its hash; its id.

        With `others_until` the tokens it has end then, unless they end earlier.
        """
        async with self._pool.acquire() as connection, connection.transaction():
            await _locked(connection, code)
            change: dict[str, Sequence[Any]] = {}
            if others_until is not None:
                for row in await connection.fetch(
                    "UPDATE source_credential SET valid_until = $2 WHERE source = $1"
                    " AND (valid_until IS NULL OR valid_until > $2) RETURNING id",
                    code,
                    others_until,
                ):
                    change[f"credential {row['id']} until"] = [None, others_until.isoformat()]
            id_ = await connection.fetchval(
                "INSERT INTO source_credential (source, hash, valid_from, valid_until)"
                " VALUES ($1, $2, $3, $4) RETURNING id",
                code,
                hash_,
                valid_from,
                valid_until,
            )
            change[f"credential {id_} from"] = [None, valid_from.isoformat()]
            await _note(connection, code, "rotate", change, who=who, why=why)
        return int(id_)

    async def dismiss(
        self, code: str, credential: int, *, at: datetime, who: str, why: str = ""
    ) -> bool:
        """End one token of a source at once; False if it has none of that id still valid."""
        async with self._pool.acquire() as connection, connection.transaction():
            await _locked(connection, code)
            ended = await connection.fetchval(
                "UPDATE source_credential SET valid_until = $3 WHERE source = $1 AND id = $2"
                " AND (valid_until IS NULL OR valid_until > $3) RETURNING id",
                code,
                credential,
                at,
            )
            if ended is None:
                return False
            await _note(
                connection,
                code,
                "revoke credential",
                {f"credential {credential} until": [None, at.isoformat()]},
                who=who,
                why=why,
            )
        return True

    async def history(self, code: str | None = None, *, last: int = 100) -> list[Change]:
        """The latest changes, newest first."""
        rows = await self._pool.fetch(
            "SELECT at, who, why, source, action, change FROM source_history"
            " WHERE $1::text IS NULL OR source = $1 ORDER BY id DESC LIMIT $2",
            code,
            last,
        )
        return [Change(**{**row, "change": json.loads(row["change"])}) for row in rows]

    async def note_unknown(self, senders: Collection[Unknown]) -> None:
        """Remember who is not in the register; past `MOST_UNKNOWN` only those known already."""
        async with self._pool.acquire() as connection, connection.transaction():
            for sender in sorted(senders, key=lambda each: (each.via, each.said, each.address)):
                known = await connection.fetchval(
                    "UPDATE unknown_source SET records = records + $4,"
                    " last_seen = greatest(last_seen, $5)"
                    " WHERE via = $1 AND said = $2 AND address = $3 RETURNING true",
                    sender.via.value,
                    sender.said,
                    sender.address,
                    sender.records,
                    sender.last_seen,
                )
                if known is None:
                    await connection.execute(
                        "INSERT INTO unknown_source"
                        " SELECT $1, $2, $3, $4, $5, $6"
                        " WHERE (SELECT count(*) FROM unknown_source) < $7"
                        " ON CONFLICT (via, said, address) DO UPDATE"
                        " SET records = unknown_source.records + excluded.records,"
                        " last_seen = greatest(unknown_source.last_seen, excluded.last_seen)",
                        sender.via.value,
                        sender.said,
                        sender.address,
                        sender.records,
                        sender.first_seen,
                        sender.last_seen,
                        MOST_UNKNOWN,
                    )

    async def unknown(self) -> list[Unknown]:
        """Who knocked and is not in the register, the latest first."""
        rows = await self._pool.fetch(
            "SELECT via, said, address, records, first_seen, last_seen FROM unknown_source"
            " ORDER BY last_seen DESC, via, said, address"
        )
        return [Unknown(**{**row, "via": Via(row["via"])}) for row in rows]


async def read_all(connection: Any) -> list[Source]:
    """Every source, on a connection of one's own."""
    return await _read(connection)


async def entered_ms(connection: Any, code: str) -> int:
    """When a source was entered; 0 where nobody knows."""
    return int(
        await connection.fetchval(
            "SELECT coalesce(min(extract(epoch FROM at) * 1000), 0)::int8 FROM source_history"
            " WHERE source = $1",
            code,
        )
    )


async def _read(connection: Any, code: str | None = None) -> list[Source]:
    rows = await connection.fetch(_SELECT, code)
    credentials: dict[str, list[Credential]] = {}
    for row in await connection.fetch(
        "SELECT source, id, hash, valid_from, valid_until FROM source_credential"
        " WHERE $1::text IS NULL OR source = $1 ORDER BY id",
        code,
    ):
        credentials.setdefault(row["source"], []).append(
            Credential(
                id=row["id"],
                hash=row["hash"],
                valid_from=row["valid_from"],
                valid_until=row["valid_until"],
            )
        )
    return [
        Source(
            **{
                **row,
                "kind": Kind(row["kind"]),
                "status": Status(row["status"]),
                "addresses": tuple(str(network) for network in row["addresses"]),
                "mandates": tuple(Mandate(**each) for each in json.loads(row["mandates"])),
                "expectations": tuple(
                    Expectation(**each) for each in json.loads(row["expectations"])
                ),
                "names": frozenset(row["names"]),
                "quirks": frozenset(row["quirks"]),
            },
            credentials=tuple(credentials.get(row["code"], ())),
        )
        for row in rows
    ]


async def _same(connection: Any, before: Source) -> None:
    await _locked(connection, before.code)
    [now] = await _read(connection, before.code)
    if _plain(now) != _plain(before):
        raise Outdated(before.code)


async def _locked(connection: Any, code: str) -> None:
    if (
        await connection.fetchval("SELECT code FROM source WHERE code = $1 FOR UPDATE", code)
        is None
    ):
        raise NoSuchSource(code)


async def _note(
    connection: Any,
    source: str,
    action: str,
    change: Mapping[str, Sequence[Any]],
    *,
    who: str,
    why: str,
) -> None:
    await connection.execute(
        "INSERT INTO source_history (who, why, source, action, change)"
        " VALUES ($1, $2, $3, $4, $5)",
        who,
        why,
        source,
        action,
        json.dumps(change, ensure_ascii=False),
    )


def _plain(source: Source) -> dict[str, Any]:
    """What is said of a source, credentials aside, as JSON has it."""
    return {
        "name": source.name,
        "owner": source.owner,
        "kind": source.kind.value,
        "status": source.status.value,
        "go_live": None if source.go_live is None else source.go_live.isoformat(),
        "contact": source.contact,
        "claiming": source.claiming,
        "zone": source.zone,
        "heartbeat_seconds": source.heartbeat_seconds,
        "rate_per_second": source.rate_per_second,
        "site_id": source.site_id,
        "addresses": list(source.addresses),
        "mandates": [
            {"agency": each.agency, "procedure": each.procedure} for each in source.mandates
        ],
        "expectations": [
            {
                "kind": each.kind,
                "unit": each.unit,
                "procedure": each.procedure,
                "within_days": each.within_days,
            }
            for each in source.expectations
        ],
        "names": sorted(source.names),
        "quirks": sorted(source.quirks),
    }


def _row(source: Source) -> dict[str, Any]:
    """Its columns, as asyncpg takes them."""
    plain = _plain(source)
    return {
        "code": source.code,
        **plain,
        "go_live": source.go_live,
        "mandates": json.dumps(plain["mandates"]),
        "expectations": json.dumps(plain["expectations"], ensure_ascii=False),
    }
