"""Numbered migrations, forward only, each in a transaction of its own."""

import re
from importlib.resources import files

import asyncpg

_LOCK = 4_210_766  # any number of our own: only one process migrates at a time


class SchemaTooNew(Exception):
    """The ledger was migrated by a later release than this one."""


def migrations() -> list[tuple[int, str, str]]:
    """Number, name and SQL of every migration, in order."""
    return sorted(
        (int(match[1]), match[2], path.read_text("utf-8"))
        for path in files("monitor.ledger").joinpath("migrations").iterdir()
        if (match := re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name))
    )


async def migrate(dsn: str) -> list[str]:
    """Bring the ledger at `dsn` to this release's schema; returns the names applied.

    Raises `SchemaTooNew` where the ledger already knows a migration that this release does not.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY,"
            " name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
        )
        known = {
            row["number"] for row in await connection.fetch("SELECT number FROM migration")
        }
        ours = migrations()
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
    finally:
        await connection.close()
