"""`emc access`: tokens to read the API and the console with, and what was looked at with them."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TextIO

import asyncpg
from rich.table import Table

from agents.operator import FOUND, OK, Refusal, print_json, print_table, utc
from monitor.domain.codes import agency_code
from monitor.ledger.access import (
    NAME_PATTERN,
    Look,
    NameTaken,
    Pass,
    Passes,
    Role,
    new_token,
    token_hash,
)
from monitor.ledger.policies import active

DAYS: Final = 90
MOST_DAYS: Final = 400  # a year, and time to hand over


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator["asyncpg.Pool[Any]"]:
    """The ledger at `dsn`."""
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=1, command_timeout=60)
    try:
        yield pool
    finally:
        await pool.close()


async def add(
    dsn: str,
    name: str,
    *,
    role: str,
    agency: str | None,
    days: int,
    at: datetime,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """Make a token; it is shown once and kept nowhere."""
    chosen = _role(role)
    whose = _agency(chosen, agency)
    if not re.fullmatch(NAME_PATTERN, name):
        raise Refusal(
            f"{name!r} is no name for a token: write who holds it, in up to 63 of A-Z a-z 0-9 . _ @ -"
        )
    token, expires_at = new_token(), at + timedelta(days=days)
    async with opened(dsn) as pool:
        if whose:
            await _listed(pool, whose)
        try:
            await Passes(pool).add(
                name,
                token_hash(token),
                role=chosen,
                agency=whose,
                at=at,
                expires_at=expires_at,
                who=who,
                why=why,
            )
        except NameTaken:
            raise Refusal(
                f"there is a token {name!r} already; `emc access revoke {name}` ends it, or choose"
                f" another name, such as {name}-2, to change over without a gap"
            ) from None
    if as_json:
        print_json(
            {
                "name": name,
                "role": chosen,
                "agency": whose,
                "expires_at": expires_at,
                "token": token,
            },
            out,
        )
        return OK
    of = f" of {whose}" if whose else ""
    out.write(f"{name} may read as {chosen}{of} until {utc(expires_at)}\n")
    out.write(f"its token, shown this once and kept nowhere: {token}\n")
    return OK


async def list_(dsn: str, *, at: datetime, as_json: bool, out: TextIO) -> int:
    """Every token, as far as anybody knows it."""
    async with opened(dsn) as pool:
        passes = await Passes(pool).all()
    if as_json:
        print_json({"tokens": [_described(one, at) for one in passes]}, out)
        return OK
    table = Table("name", "role", "agency", "made by", "why", "expires", "last used", "opens")
    for one in passes:
        table.add_row(
            one.name,
            one.role,
            one.agency,
            one.made_by,
            one.why,
            utc(one.expires_at),
            "never" if one.used_at is None else utc(one.used_at),
            _opens(one, at),
        )
    print_table(table, out)
    out.write(f"{len(passes):,} tokens, {sum(one.opens(at) for one in passes):,} that open\n")
    return OK


async def revoke(
    dsn: str,
    name: str,
    *,
    confirmed: Callable[[str], bool],
    at: datetime,
    who: str,
    as_json: bool,
    out: TextIO,
) -> int:
    """End a token at once; status 1 if there is none of that name left to end."""
    async with opened(dsn) as pool:
        if not confirmed(f"end the token {name}: it opens nothing any more, at once?"):
            raise Refusal("nothing was changed")
        ended = await Passes(pool).revoke(name, at=at, who=who)
    if as_json:
        print_json({"name": name, "revoked": ended}, out)
    elif ended:
        out.write(f"{name} opens nothing any more\n")
    else:
        out.write(f"there is no token {name} to revoke; `emc access list` shows all\n")
    return OK if ended else FOUND


async def audit(dsn: str, name: str | None, *, last: int, as_json: bool, out: TextIO) -> int:
    """Who looked at which dossiers, the latest first."""
    async with opened(dsn) as pool:
        looks = await Passes(pool).looks(name, last=last)
    if as_json:
        print_json({"looks": [_look(one) for one in looks]}, out)
        return OK
    table = Table("at", "who", "role", "agency", "asked", "from", "answer", "dossiers")
    for one in looks:
        table.add_row(
            "" if one.at is None else utc(one.at),
            one.who,
            one.role,
            one.agency,
            one.asked,
            one.address,
            str(one.status),
            f"{one.rows:,}",
        )
    print_table(table, out)
    out.write(f"{len(looks):,} looks\n")
    return OK


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError:
        raise Refusal(f"--role {text!r}: it is {', '.join(Role)}") from None


def _agency(role: Role, text: str | None) -> str:
    if role is Role.AGENCY and not text:
        raise Refusal("--role agency: say whose figures it may see, as --agency H56")
    if role is not Role.AGENCY and text:
        raise Refusal(f"--agency {text!r}: only a token of the role agency has one")
    return agency_code(text) if text else ""


async def _listed(pool: "asyncpg.Pool[Any]", agency: str) -> None:
    """That the policy in force has the agency, where it has any."""
    policy = await active(pool)
    if policy is None:
        return
    present = await pool.fetch(
        "SELECT code, present FROM reference_agency WHERE reference = $1", policy.reference
    )
    if not present:
        return
    heirs = {row["code"]: row["present"] for row in present}
    level1 = agency.partition(".")[0]
    if level1 not in heirs:
        raise Refusal(
            f"--agency {agency!r}: the reference files have no ministry or province {level1};"
            " correct the code"
        )
    if heirs[level1] != level1:
        raise Refusal(
            f"--agency {agency!r}: {level1} has ended, and {heirs[level1]} stands where it did;"
            f" name {heirs[level1]}, which sees the figures of both"
        )


def _opens(one: Pass, at: datetime) -> str:
    if one.revoked_at is not None:
        return f"revoked {utc(one.revoked_at)} by {one.revoked_by}"
    return "yes" if one.opens(at) else "expired"


def _described(one: Pass, at: datetime) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "role": one.role,
        "agency": one.agency,
        "made_at": one.made_at,
        "made_by": one.made_by,
        "why": one.why,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
        "revoked_by": one.revoked_by,
        "used_at": one.used_at,
        "opens": one.opens(at),
    }


def _look(one: Look) -> dict[str, Any]:
    return {
        "at": one.at,
        "who": one.who,
        "role": one.role,
        "agency": one.agency,
        "asked": one.asked,
        "address": one.address,
        "status": one.status,
        "dossiers": one.rows,
    }
