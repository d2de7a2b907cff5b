"""Who may read over HTTP: tokens, of which only hashes are kept, and what was looked at with them."""

import base64
import hmac
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

import asyncpg

PREFIX: Final = (
    "emc_read_"  # lets scanners of secrets know it, and whoever holds it what it is for
)
_TOKEN: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._@-]{0,62}"  # an audit's line stays one line


class Role(StrEnum):
    """What a visitor may see."""

    PUBLIC = "public"  # releases, and what defines and names things
    AGENCY = "agency"  # all of its own subtree, with codes of dossiers; published rankings
    NATIONAL = "national"  # all figures; dossiers by their tokens
    ADMIN = "admin"  # everything that is shown


def new_token() -> str:
    """256 random bits behind the prefix."""
    return PREFIX + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def looks_like_one(text: str) -> bool:
    """Whether it is worth asking the ledger."""
    return _TOKEN.fullmatch(text) is not None


def token_hash(token: str) -> bytes:
    """All that is kept of a token. No slow hash: nobody guesses 256 bits."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """A token, as far as anybody knows it."""

    id: int
    name: str
    role: Role
    agency: str
    made_at: datetime
    made_by: str
    why: str
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str
    used_at: datetime | None
    hash: bytes = field(repr=False)

    def opens(self, at: datetime) -> bool:
        """Whether it is taken at this time."""
        return at < self.expires_at and self.revoked_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Somebody looked at dossiers, or tried to."""

    token: int | None  # id
    who: str
    role: Role
    agency: str
    asked: str
    address: str
    status: int
    rows: int
    at: datetime | None = None  # when it was written; the ledger's clock


class NameTaken(Exception):
    """A token of this name is not revoked yet."""


COLUMNS: Final = "id, name, role, agency, made_at, made_by, why, expires_at, revoked_at, revoked_by, used_at, hash"
# Writing at every request would make a read a write.
_USED: Final = (
    "UPDATE access_token SET used_at = $2"
    " WHERE id = $1 AND (used_at IS NULL OR used_at < $2::timestamptz - interval '1 minute')"
)


class Passes:
    """The tokens of one ledger, and the book of looks."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def add(
        self,
        name: str,
        hash_: bytes,
        *,
        role: Role,
        agency: str = "",
        at: datetime,
        expires_at: datetime,
        who: str,
        why: str = "",
    ) -> int:
        """Enter a token by its hash; its id. Raises `NameTaken`."""
        try:
            id_ = await self._pool.fetchval(
                "INSERT INTO access_token (name, hash, role, agency, made_at, expires_at, made_by, why)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
                name,
                hash_,
                role.value,
                agency,
                at,
                expires_at,
                who,
                why,
            )
        except asyncpg.UniqueViolationError:
            raise NameTaken(name) from None
        return int(id_)

    async def all(self) -> list[Pass]:
        """Every token, revoked ones too, by name; of one name the latest last."""
        rows = await self._pool.fetch(
            f"SELECT {COLUMNS} FROM access_token ORDER BY name, id"  # noqa: S608 - our columns
        )
        return [pass_of(row) for row in rows]

    async def revoke(self, name: str, *, at: datetime, who: str) -> bool:
        """End a token at once; False if none of that name is left to revoke."""
        id_ = await self._pool.fetchval(
            "UPDATE access_token SET revoked_at = $2, revoked_by = $3"
            " WHERE name = $1 AND revoked_at IS NULL RETURNING id",
            name,
            at,
            who,
        )
        return id_ is not None

    async def by_token(self, token: str, at: datetime) -> Pass | None:
        """The pass that a token opens with at this time; None: never made, expired or revoked."""
        hash_ = token_hash(token)
        row = await self._pool.fetchrow(
            f"SELECT {COLUMNS} FROM access_token WHERE hash = $1",  # noqa: S608 - our columns
            hash_,
        )
        if row is None:
            return None
        found = pass_of(row)
        # Found by its hash, nothing can be learnt from how long that took; compared once more, so
        # that no collation and no index that is broken lets anybody in.
        if not hmac.compare_digest(found.hash, hash_) or not found.opens(at):
            return None
        if found.used_at is None or (at - found.used_at).total_seconds() >= 60:
            await self._pool.execute(_USED, found.id, at)
        return found

    async def note(self, look: Look) -> None:
        """Write a look down; it is committed when this returns."""
        await self._pool.execute(
            "INSERT INTO access_audit (token, who, role, agency, asked, address, status, rows)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            look.token,
            look.who,
            look.role.value,
            look.agency,
            look.asked,
            look.address,
            look.status,
            look.rows,
        )

    async def looks(self, name: str | None = None, *, last: int = 100) -> Sequence[Look]:
        """The latest looks, newest first."""
        rows = await self._pool.fetch(
            "SELECT at, token, who, role, agency, asked, address, status, rows FROM access_audit"
            " WHERE $1::text IS NULL OR who = $1 ORDER BY id DESC LIMIT $2",
            name,
            last,
        )
        return [Look(**{**row, "role": Role(row["role"])}) for row in rows]


def pass_of(row: Any) -> Pass:
    """From a row of `COLUMNS`."""
    return Pass(**{**row, "role": Role(row["role"])})
