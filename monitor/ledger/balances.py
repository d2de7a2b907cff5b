"""Figures of any accounts and any days, as known now and as known at an earlier cut.

As known now is the balances plus what the journal has beyond the follower's watermark, read in
one snapshot: whatever the follower does meanwhile, no booking is missed or counted twice. As
known then is the closings up to a cut plus what the journal has between the last of them and
the cut; or the balances, brought to the cut by what the journal has between it and their
watermark, where that is less to read. The figures of neither depend on how far the follower has come.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

import asyncpg

from monitor.domain.measures import BY_THE_HOUR
from monitor.ledger.follower import Cut
from monitor.ledger.reading_sums import MOST_TAKEN_BACK


class Dimension(StrEnum):
    """What figures can be broken down by."""

    MEASURE = "measure"
    LEVEL1 = "level1"  # the ministry or province that the agency belonged to when booked
    AGENCY = "agency"
    UNIT = "unit"
    PROCEDURE = "procedure"
    CHANNEL = "channel"
    SUB_CHANNEL = "sub_channel"
    LEVEL = "level"  # of service
    STEP = "step"
    HOLDER = "holder"
    SOURCE = "source"
    DAY = "day"
    SLOT = "slot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """A set of accounts. Each field narrows it; None does not, and no values select nothing.

    Days and slots are days since 1970-01-01 in the policy's zone, first and last included; slots
    are also bins, warnings' numbers, and negative where they are no day (`measures.NO_SLOT`).
    """

    measures: Collection[int] | None = None
    level1: Collection[str] | None = None
    agencies: Collection[str] | None = None
    units: Collection[str] | None = None
    procedures: Collection[str] | None = None
    channels: Collection[int] | None = None
    sub_channels: Collection[str] | None = None
    levels: Collection[int] | None = None
    steps: Collection[str] | None = None
    holders: Collection[int] | None = None
    sources: Collection[str] | None = None
    first_day: int | None = None
    last_day: int | None = None
    first_slot: int | None = None
    last_slot: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Figures, and as of when.

    Keys of `figures` have one value for each dimension asked for, in that order; what sums to 0
    is left out. Amounts are counts or milliseconds, as the measure's definition says.
    """

    figures: Mapping[tuple[int | str, ...], int]
    by: Sequence[Dimension]
    at: datetime  # UTC; when the cut was published, or when it was read as known now
    seq: int  # of the cut; as known now, of the follower's watermark


class NotKnown(Exception):
    """Nothing tells what was known at that time; the text says why."""


# The same as `codes.level1` of a code that is normalised, as agencies of cells are; a test holds
# the two together.
LEVEL1: Final = (
    "CASE WHEN length(cell.agency) <= 35"
    """ AND cell.agency COLLATE "C" ~ '^[A-Y][0-9]{2}(\\.[0-9A-Z]+)*$'"""
    " THEN left(cell.agency, 3) ELSE cell.agency END"
)
_OF_THE_ENTRY: Final = frozenset({Dimension.MEASURE, Dimension.DAY, Dimension.SLOT})
_COLUMNS: Final[Mapping[Dimension, str]] = {
    dimension: f"entry.{dimension}" if dimension in _OF_THE_ENTRY else f"cell.{dimension}"
    for dimension in Dimension
} | {Dimension.LEVEL1: LEVEL1}

# Filter, column, type, and how the one is held against the other.
_BY_ENTRY: Final = (
    ("measures", "measure", "= ANY({}::int2[])"),
    ("first_day", "day", ">= {}::int4"),
    ("last_day", "day", "<= {}::int4"),
    ("first_slot", "slot", ">= {}::int4"),
    ("last_slot", "slot", "<= {}::int4"),
)
_BY_CELL: Final = (
    ("level1", LEVEL1, "= ANY({}::text[])"),
    ("agencies", "cell.agency", "= ANY({}::text[])"),
    ("units", "cell.unit", "= ANY({}::text[])"),
    ("procedures", "cell.procedure", "= ANY({}::text[])"),
    ("channels", "cell.channel", "= ANY({}::int2[])"),
    ("sub_channels", "cell.sub_channel", "= ANY({}::text[])"),
    ("levels", "cell.level", "= ANY({}::int2[])"),
    ("steps", "cell.step", "= ANY({}::text[])"),
    ("holders", "cell.holder", "= ANY({}::int2[])"),
    ("sources", "cell.source", "= ANY({}::text[])"),
)


class Balances:
    """Reads the ledger's books; writes nothing."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool

    async def as_known_now(self, accounts: Accounts, by: Sequence[Dimension] = ()) -> Known:
        """Everything that is booked, to the last committed booking."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await known_now(connection, accounts, by)

    async def as_known_then(
        self, accounts: Accounts, at: datetime | Cut, by: Sequence[Dimension] = ()
    ) -> Known:
        """What was known at a cut, or at the last one that was published by an instant.

        Raises `NotKnown` where no cut was published by then, or the instant has not come.
        """
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            cut = at if isinstance(at, Cut) else await cut_at(connection, at)
            return await known_then(connection, accounts, cut, by)

    async def cut_at(self, at: datetime) -> Cut:
        """The last cut published by an instant. Raises `NotKnown`."""
        async with self._pool.acquire() as connection:
            return await cut_at(connection, at)


async def known_now(connection: Any, accounts: Accounts, by: Sequence[Dimension] = ()) -> Known:
    """Everything that is booked, within a transaction that sees one state (repeatable read)."""
    # The first statement takes the snapshot that all of them see.
    seq, at = await connection.fetchrow("SELECT seq, clock_timestamp() FROM follower")
    sums = _Sums(accounts, by)
    query = sums.query(
        sums.part("balance_line"),
        sums.part("journal", f"seq > {sums.given(seq)}::int8"),
    )
    return Known(
        figures=_figures(await connection.fetch(query, *sums.values)),
        by=tuple(by),
        at=at,
        seq=seq,
    )


async def known_then(
    connection: Any, accounts: Accounts, cut: Cut, by: Sequence[Dimension] = ()
) -> Known:
    """What was known at a cut, within a transaction that sees one state (repeatable read)."""
    closing, folded = await connection.fetchrow(
        "SELECT (SELECT coalesce(max(seq), 0) FROM closing"
        " WHERE seq <= $1 AND closed_at IS NOT NULL), seq FROM follower",
        cut.seq,
    )
    sums = _Sums(accounts, by)
    near = abs(folded - cut.seq) <= min(cut.seq - closing, MOST_TAKEN_BACK)
    if near and _kept_for_ever(accounts):
        sign = "-" if folded > cut.seq else ""
        last, first = map(sums.given, (max(cut.seq, folded), min(cut.seq, folded)))
        parts = [sums.part("balance_line")]
    else:
        sign = ""
        last, first = map(sums.given, (cut.seq, closing))
        parts = [sums.part("closing_amount", f"closing <= {first}::int8")]
    between = f"seq > {first}::int8 AND seq <= {last}::int8"
    query = sums.query(*parts, sums.part("journal", between, sign=sign))
    return Known(
        figures=_figures(await connection.fetch(query, *sums.values)),
        by=tuple(by),
        at=cut.sealed_at,
        seq=cut.seq,
    )


def _kept_for_ever(accounts: Accounts) -> bool:
    """Whether balances hold all that was ever booked: of hours they do not (`monitor.ledger.hours`)."""
    return accounts.measures is not None and not any(
        measure in BY_THE_HOUR for measure in accounts.measures
    )


async def cut_at(connection: Any, at: datetime) -> Cut:
    """The last cut published by an instant, as a connection sees it. Raises `NotKnown`."""
    if at.tzinfo is None:
        raise ValueError(f"{at} says no time zone: which instant is it?")
    row = await connection.fetchrow(
        "SELECT seq, read_at, sealed_at FROM cut WHERE sealed_at <= $1"
        " ORDER BY sealed_at DESC, seq DESC LIMIT 1",
        at,
    )
    now, first = await connection.fetchrow(
        "SELECT clock_timestamp(), (SELECT min(sealed_at) FROM cut)"
    )
    if at > now:
        raise NotKnown(
            f"{_utc(at)} has not come: the ledger's clock shows {_utc(now)}; ask for an"
            " earlier time, or for what is known now"
        )
    if row is None:
        since = "no cut yet; a worker makes the first" if first is None else _utc(first)
        raise NotKnown(
            f"what was known at {_utc(at)} is not kept: cuts begin with {since}; ask for a"
            " later time, or for what is known now"
        )
    return Cut(*row)


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class _Sums:
    """One query being put together: entries of several tables, narrowed and summed."""

    def __init__(self, accounts: Accounts, by: Sequence[Dimension]) -> None:
        self.values: list[Any] = []
        self._by = by
        asked = {
            field.name: getattr(accounts, field.name)
            for field in fields(accounts)
            if getattr(accounts, field.name) is not None
        }
        self._entries = [
            f"{column} {held.format(self.given(asked[name]))}"
            for name, column, held in _BY_ENTRY
            if name in asked
        ]
        self._cells = [
            f"{column} {held.format(self.given(asked[name]))}"
            for name, column, held in _BY_CELL
            if name in asked
        ]

    def given(self, value: Any) -> str:
        """A placeholder for a value."""
        plain = isinstance(value, int | str)
        self.values.append(value if plain else list(value))
        return f"${len(self.values)}"

    def part(self, table: str, *conditions: str, sign: str = "") -> str:
        """The entries of one table, each account once; to be taken away with the sign -."""
        where = " AND ".join((*self._entries, *conditions)) or "true"
        return (
            f"SELECT measure, cell, day, slot, {sign}sum(amount) AS amount FROM {table}"  # noqa: S608 - constants
            f" WHERE {where} GROUP BY measure, cell, day, slot"
        )

    def query(self, *parts: str) -> str:
        """The sums by the dimensions asked for."""
        columns = [_COLUMNS[dimension] for dimension in self._by]
        asks_cells = self._cells or any(d not in _OF_THE_ENTRY for d in self._by)
        joined = " JOIN cell ON cell.id = entry.cell" if asks_cells else ""
        where = f" WHERE {' AND '.join(self._cells)}" if self._cells else ""
        group = (
            f" GROUP BY {', '.join(map(str, range(1, len(columns) + 1)))}" if columns else ""
        )
        return (
            f"SELECT {', '.join([*columns, 'sum(entry.amount)::int8'])}"  # noqa: S608 - constants
            f" FROM ({' UNION ALL '.join(parts)}) AS entry{joined}{where}{group}"
            " HAVING sum(entry.amount) <> 0"
        )


def _figures(rows: Sequence[Sequence[Any]]) -> dict[tuple[int | str, ...], int]:
    return {tuple(key): amount for *key, amount in rows}
