"""Official figures of the month and the year under way, as one worker last evaluated them."""

import hashlib
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

import orjson

from monitor.ledger.official import Known, Official, said

ALL: Final = ""  # the points of all indicators together


class Evaluated(NamedTuple):
    """A figure, or the points of all where the indicator is `ALL`."""

    set_id: str
    period: str
    scope: str
    indicator: str
    span: str
    version: str
    name: str
    kind: str
    standing: str
    unit: str
    numerator: int | None
    denominator: int | None
    shown: Decimal | None
    score: Decimal | None
    most: Decimal | None


class Round(NamedTuple):
    """As of what figures were last evaluated, and when."""

    cut: int
    sealed_ms: int
    evaluated_ms: int


class Told(NamedTuple):
    """What was last told of a scope and period."""

    digest: bytes
    at_ms: int


COLUMNS: Final = ", ".join(Evaluated._fields)
SHOWN: Final = f"SELECT {COLUMNS} FROM official_now WHERE span = 'month'"  # noqa: S608 - constants
ROUND: Final = "SELECT cut, (extract(epoch FROM sealed_at) * 1000)::bigint, evaluated_ms FROM official_round"


def rows(official: Official) -> list[Evaluated]:
    """A scorecard's figures, and its points where its set gives any."""
    card, about = official.scorecard, official.about
    heading = (str(official.period.span), card.set.version, about.name, about.kind.value)
    of = (card.set.id, str(official.period), str(about.scope))
    found = [
        Evaluated(
            *of,
            figure.indicator.id,
            *heading,
            figure.standing.value,
            figure.indicator.unit.value,
            figure.numerator,
            figure.denominator,
            figure.shown,
            figure.score,
            figure.most,
        )
        for figure in card.figures
    ]
    if card.set.scored:
        standing = "null" if card.total is None else "number"
        found.append(
            Evaluated(
                *of,
                ALL,
                *heading,
                standing,
                "points",
                None,
                None,
                None,
                card.total,
                card.out_of,
            )
        )
    return found


async def keep(
    connection: Any, evaluated: Iterable[Evaluated], known: Known, evaluated_ms: int
) -> None:
    """Put these in the place of whatever there was."""
    async with connection.transaction():
        await connection.execute("DELETE FROM official_now")
        await connection.copy_records_to_table(
            "official_now", records=evaluated, columns=Evaluated._fields
        )
        await connection.execute("DELETE FROM official_round")
        await connection.execute(
            "INSERT INTO official_round (cut, sealed_at, evaluated_ms) VALUES ($1, $2, $3)",
            known.cut,
            known.sealed_at,
            evaluated_ms,
        )


async def evaluated_at(connection: Any) -> Round | None:
    """When, and as of what; None before the first time."""
    row = await connection.fetchrow(ROUND)
    return None if row is None else Round(*row)


def key(official: Official) -> str:
    """Under which an official document is told: the last one of a key stands."""
    return f"{official.set.id}|{official.about.scope}|{official.period}"


def digest(official: Official) -> bytes:
    """Of all that is published, the cut aside: equal where nothing has changed but the time."""
    figures = [[one.indicator.id, *map(str, said(one))] for one in official.scorecard.figures]
    return hashlib.sha256(orjson.dumps([official.set.hash, official.over, figures])).digest()


async def told(connection: Any) -> dict[str, Told]:
    """What was told, by key."""
    found = await connection.fetch("SELECT key, digest, at_ms FROM official_told")
    return {row["key"]: Told(row["digest"], row["at_ms"]) for row in found}


async def tell(connection: Any, these: Sequence[tuple[str, bytes]], at_ms: int) -> None:
    """Keep what has been told; once the brokers have it."""
    await connection.executemany(
        "INSERT INTO official_told (key, digest, at_ms) VALUES ($1, $2, $3)"
        " ON CONFLICT (key) DO UPDATE SET digest = excluded.digest, at_ms = excluded.at_ms",
        [(name, said_, at_ms) for name, said_ in these],
    )


async def forget(connection: Any, before_ms: int) -> None:
    """What was told so long ago that nobody asks whether it has changed."""
    await connection.execute("DELETE FROM official_told WHERE at_ms < $1", before_ms)
