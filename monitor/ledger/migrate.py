"""Numbered migrations, forward only, each in a transaction of its own."""

import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, Final

import asyncpg

from monitor.ledger.locks import MIGRATION


class SchemaTooNew(Exception):
    """The ledger was migrated by a later release than this one."""


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and SQL of every migration, in order."""
    return sorted(
        (int(match[1]), match[2], path.read_text("utf-8"))
        for path in files("monitor.ledger").joinpath("migrations").iterdir()
        if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name))
    )


OWNER_MIGRATES: Final = (
    "run `emc migrate` as the role that owns the ledger, then deploy/postgresql/roles.sql"
)


class MayNotMigrate(Exception):
    """The ledger needs a migration, and the role that connected may not make it."""


async def migrate(dsn: str) -> list[str]:
    """Bring the ledger at `dsn` to this release's schema; returns the names applied.

    What is missing is applied in the order of numbers, also one below the last that the ledger
    knows. A role that owns nothing may call it where nothing is missing. Raises `SchemaTooNew`
    where the ledger knows a migration that this release does not, `MayNotMigrate` where the
    role may not change the schema.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", MIGRATION)
        return await _apply(connection, migrations())
    except asyncpg.InsufficientPrivilegeError as error:
        role = await connection.fetchval("SELECT current_user")
        raise MayNotMigrate(
            f"the ledger has not the schema of this release, and the role {role!r} may not make"
            f" it ({error}); {OWNER_MIGRATES}"
        ) from None
    finally:
        await connection.close()


async def _apply(
    connection: "asyncpg.Connection[Any]", ours: Sequence[tuple[int, str, str]]
) -> list[str]:
    # Looked for first: a role that may not make tables may not ask to, even of one there is.
    if await connection.fetchval("SELECT to_regclass('migration')") is None:
        await connection.execute(
            "CREATE TABLE migration (number integer PRIMARY KEY,"
            " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
    known = {row["number"] for row in await connection.fetch("SELECT number FROM migration")}
    if strange := known - {number for number, _, _ in ours}:
        raise SchemaTooNew(
            f"the ledger has migration {max(strange)}, this release ends at {ours[-1][0]};"
            " run a release at least as new as the one that migrated it"
        )
    applied = []
    for number, name, sql in ours:
        if number not in known:
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute(
                    "INSERT INTO migration (number, name) VALUES ($1, $2)", number, name
                )
            applied.append(f"{number:04d}_{name}")
    return applied
