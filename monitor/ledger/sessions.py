"""Who is signed in to the console: a cookie's hash, and the token that it stands for.

A session never outlives its token: both are looked at with every page.
"""

import base64
import os
import re
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from monitor.ledger.access import COLUMNS, Pass, pass_of, token_hash

LONGEST: Final = timedelta(hours=12)  # a working day; then the token is shown again
IDLE: Final = timedelta(hours=2)
_COOKIE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_OWN: Final = ", ".join(f"access_token.{name}" for name in COLUMNS.split(", "))


def new_cookie() -> str:
    """256 random bits."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


class Sessions:
    """The sessions of one ledger."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def open(self, token: int, at: datetime) -> str:
        """Sign in the holder of a token (by its id); the cookie. Sessions that are over go."""
        cookie = new_cookie()
        await self._pool.execute("DELETE FROM console_session WHERE expires_at <= $1", at)
        await self._pool.execute(
            "INSERT INTO console_session (hash, token, made_at, used_at, expires_at)"
            " VALUES ($1, $2, $3, $3, $4)",
            token_hash(cookie),
            token,
            at,
            at + LONGEST,
        )
        return cookie

    async def holder(self, cookie: str, at: datetime) -> Pass | None:
        """Whose cookie it is; None: nobody's, or not any more."""
        if not _COOKIE.fullmatch(cookie):
            return None
        hash_ = token_hash(cookie)
        row = await self._pool.fetchrow(
            f"SELECT {_OWN}, console_session.used_at AS seen_at FROM console_session"  # noqa: S608 - our columns
            " JOIN access_token ON access_token.id = console_session.token"
            " WHERE console_session.hash = $1 AND console_session.expires_at > $2"
            " AND console_session.used_at > $3",
            hash_,
            at,
            at - IDLE,
        )
        if row is None:
            return None
        said = dict(row)
        seen_at: datetime = said.pop("seen_at")
        found = pass_of(said)
        if not found.opens(at):
            return None
        if (at - seen_at).total_seconds() >= 60:
            await self._pool.execute(
                "UPDATE console_session SET used_at = $2 WHERE hash = $1", hash_, at
            )
        return found

    async def still(self, cookies: Collection[str], at: datetime) -> set[str]:
        """Those of the cookies that are somebody's yet, idle or not."""
        by_hash = {token_hash(one): one for one in cookies}
        rows = await self._pool.fetch(
            "SELECT console_session.hash FROM console_session"
            " JOIN access_token ON access_token.id = console_session.token"
            " WHERE console_session.hash = ANY($1) AND console_session.expires_at > $2"
            " AND access_token.expires_at > $2 AND access_token.revoked_at IS NULL",
            list(by_hash),
            at,
        )
        return {by_hash[row["hash"]] for row in rows}

    async def end(self, cookie: str) -> None:
        """Sign out."""
        await self._pool.execute(
            "DELETE FROM console_session WHERE hash = $1", token_hash(cookie)
        )
