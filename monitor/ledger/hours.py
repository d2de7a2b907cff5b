"""Hour accounts in the ledger: what they hold of a window, and their end after 35 days.

Entries by the hour are booked into the journal like all others, of any day however old: that keeps
them a function of the dossier, and journal and booked entries equal at every instant. Only the
balances are rid of days past `hours_kept.from_day`, and readers pass those over; so whoever compares
balances and journal leaves out the entries by the hour before that day, and nothing else. The day is
moved before anything is removed, in the same transaction, and never back.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from monitor.domain.hours import KEPT_DAYS, hour_starts_ms
from monitor.domain.measures import BY_THE_HOUR, HOURLY, HOURS, hour_measure
from monitor.domain.view import Cell
from monitor.domain.zone import Zone, date_of
from monitor.ledger.lines import lines

if TYPE_CHECKING:
    import asyncpg

SWEPT_ROWS: Final = 1_000  # runs of balances that one sweep removes at most


class HourAccount(NamedTuple):
    """An account by the hour."""

    measure: int  # its number by the day: a `Measure`
    cell: Cell
    starts_ms: int  # when the hour began, ms UTC


class NotKept(Exception):
    """The window begins before hours are kept; the text says from when on they are."""


class Hours:
    """Reads hour accounts, and ends what is too old. `zone` is the policy's."""

    def __init__(self, pool: "asyncpg.Pool[Any]", zone: Zone) -> None:
        self._pool = pool
        self._zone = zone

    async def read(
        self, from_ms: int, until_ms: int, measures: Collection[int] = HOURLY
    ) -> dict[HourAccount, int]:
        """The amounts, as known now, of every hour that begins in [`from_ms`, `until_ms`).

        `measures` are numbers by the day, all of them `HOURLY`, or it is a `ValueError`. What is 0
        is left out. Raises `NotKept` for a window that begins before the days that are kept.
        """
        if strange := set(measures) - HOURLY:
            raise ValueError(
                f"measure {min(strange)} is not kept by the hour; those that are:"
                f" {sorted(HOURLY)}"
            )
        zone = self._zone
        first, last = zone.day(from_ms), zone.day(until_ms - 1)
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await self._check(connection, first)
            found = await connection.fetch(
                f"""
                SELECT line.measure, line.day, line.slot, line.amount,
                       {", ".join(f"cell.{name}" for name in Cell._fields)}
                FROM (
                    SELECT measure, cell, day, slot, sum(amount)::int8 AS amount
                    FROM ({lines()}) AS line
                    WHERE measure = ANY($1) AND day BETWEEN $2 AND $3
                    GROUP BY measure, cell, day, slot HAVING sum(amount) <> 0
                ) AS line JOIN cell ON cell.id = line.cell
                """,  # noqa: S608 - made of our constants
                list(map(hour_measure, measures)),
                first,
                last,
            )
        amounts = {}
        for measure, day, hour, amount, *dimensions in found:
            starts_ms = hour_starts_ms(zone, day, hour)
            if from_ms <= starts_ms < until_ms:
                amounts[HourAccount(measure - HOURS, Cell(*dimensions), starts_ms)] = amount
        return amounts

    async def _check(self, connection: Any, first: int) -> None:
        from_day = await connection.fetchval("SELECT from_day FROM hours_kept")
        if first < from_day:
            raise NotKept(
                f"hours are kept from {date_of(from_day)} on, the window begins on"
                f" {date_of(first)}: ask the accounts by the day, or for a later window"
            )

    async def sweep(self, now_ms: int, *, rows: int = SWEPT_ROWS) -> int:
        """Keep the hours of today and the 35 days before; how many runs of balances were removed.

        At most `rows` in one transaction: whoever gets as many as asked for calls again. Safe
        beside workers, the follower and other sweeps.
        """
        async with self._pool.acquire() as connection:
            return await sweep(connection, self._zone, now_ms, rows=rows)


async def sweep(connection: Any, zone: Zone, now_ms: int, *, rows: int = SWEPT_ROWS) -> int:
    """As `Hours.sweep`, for who has a connection."""
    async with connection.transaction():
        from_day = await connection.fetchval(
            "UPDATE hours_kept SET from_day = greatest(from_day, $1) RETURNING from_day",
            zone.day(now_ms) - KEPT_DAYS,
        )
        done = await connection.execute(
            """
            DELETE FROM balance_run WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM balance_run WHERE measure = ANY($1) AND day < $2
                LIMIT $3 FOR UPDATE SKIP LOCKED
            ))
            """,
            list(BY_THE_HOUR),
            from_day,
            rows,
        )
    return int(done.rsplit(" ", 1)[1])
