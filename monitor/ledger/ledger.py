"""The ledger's writing side: claim positions, load dossiers, book a unit in one transaction."""

import asyncio
import json
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import asyncpg

from monitor.domain.policy import RULES_VERSION
from monitor.domain.view import Cell
from monitor.ledger import exemplars, requests
from monitor.ledger.again import undisturbed
from monitor.ledger.forms import Forms
from monitor.ledger.packing import dossier_rows, journal_pages, total_rows
from monitor.ledger.policies import Policies, PolicyChanged, touch
from monitor.ledger.references import add_references
from monitor.ledger.server import SameServer
from monitor.ledger.unit import DossierRow, Partition, Unit

# What a lost connection, a restart or a failover of PostgreSQL looks like. Whether a commit
# then took place is unknown; whoever sees one re-reads the positions.
UNAVAILABLE: tuple[type[BaseException], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # shut down, starting up, cancelled
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.TransactionRollbackError,  # deadlocks among them
    asyncpg.ReadOnlySQLTransactionError,  # a standby that is not yet promoted
    asyncpg.InterfaceError,  # what asyncpg raises on a connection that has gone; see `_values`
    asyncpg.InternalClientError,  # or that goes while it is being taken from the pool
    OSError,
    TimeoutError,
)

# What PostgreSQL says to who may not come in, now or any more.
TURNED_AWAY: tuple[type[BaseException], ...] = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
)
# What those who work beside the stream wait out; the stream itself ends when it is turned away.
AWAY: tuple[type[BaseException], ...] = (*UNAVAILABLE, *TURNED_AWAY)

CLOSE_SECONDS = 2.0

# Cells remembered, of which there are as many as real combinations of dimensions. Texts that a
# source makes up must not fill the memory.
CELLS_AT_HAND = 200_000

# A claim of a lower generation than the one on record is refused, unless that record has not
# moved for this long: a group that Kafka has forgotten starts again at generation 1.
FORGOTTEN_AFTER = "1 day"


# What else is written in a booking's transaction, on its connection.
Also = Callable[[Any], Awaitable[None]]


class VersionConflict(Exception):
    """A dossier was booked by somebody else since it was loaded; nothing was booked."""


class PositionMoved(Exception):
    """A partition's epoch or position is not the expected one; nothing was booked."""


class LaterGeneration(Exception):
    """A later generation of the group owns the partition."""


class OtherGroup(Exception):
    """Another group reads the partition into this ledger."""


class Unbookable(Exception):
    """A value that PostgreSQL does not take: a bug of ours, which no second try mends."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition is read from next, and the log that this belongs to."""

    next: int
    epoch: int
    cluster: str
    last_hash: bytes | None
    owner: str
    group: str


_POSITION = "next, epoch, cluster, last_hash, owner, group_id"


class Ledger:
    """PostgreSQL with this release's schema (`migrate`)."""

    def __init__(self, pool: "asyncpg.Pool[Any]") -> None:
        self._pool = pool
        self._forms = Forms(pool)
        self._cell_ids: dict[Cell, int] = {}
        self._cells: dict[int, Cell] = {}
        self._server = SameServer(self._forget_cells)

    @property
    def policies(self) -> Policies:
        """Under which policies this ledger books."""
        return Policies(self._pool)

    @classmethod
    @asynccontextmanager
    async def open(cls, dsn: str, *, connections: int = 4) -> AsyncIterator[Self]:
        """A ledger with a pool of its own."""
        ledger: Self

        async def recognise(connection: "asyncpg.Connection[Any]") -> None:
            # The first connection is made when somebody asks: by then there is a ledger.
            await ledger._server.recognise(connection)

        # No minimum: a pool that has one logs a traceback whenever the server is away.
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,
            max_size=connections,
            init=recognise,
            setup=_set_up,
            command_timeout=60,
        )
        ledger = cls(pool)
        try:
            yield ledger
        finally:
            # A session that hangs must not keep the process: what it was to book is read again.
            with suppress(TimeoutError):
                await asyncio.wait_for(pool.close(), CLOSE_SECONDS)

    async def claim(
        self,
        partitions: Collection[Partition],
        *,
        owner: str,
        group: str = "",
        generation: int,
        cluster: str,
        beginnings: Mapping[Partition, int],
    ) -> dict[Partition, Position]:
        """Take partitions over: each epoch is raised, so that an earlier owner's books fail.

        A partition never read before starts at its beginning. Raises `LaterGeneration` if a
        later generation of the group holds one of them, `OtherGroup` if another group does.
        """
        claimed = {}
        async with self._pool.acquire() as connection, connection.transaction():
            for partition in sorted(partitions):
                row = await connection.fetchrow(
                    f"""
                    INSERT INTO position AS held
                        (topic, partition, next, epoch, owner, group_id, generation, cluster)
                    VALUES ($1, $2, $3, 1, $4, $5, $6, $7)
                    ON CONFLICT (topic, partition) DO UPDATE
                    SET epoch = held.epoch + 1, owner = $4, group_id = $5, generation = $6,
                        moved_at = clock_timestamp()
                    WHERE held.group_id = $5 AND held.generation <= $6
                       OR held.moved_at < clock_timestamp() - interval '{FORGOTTEN_AFTER}'
                    RETURNING {_POSITION}
                    """,  # noqa: S608 - the interval and the columns are our constants
                    *partition,
                    beginnings[partition],
                    owner,
                    group,
                    generation,
                    cluster,
                )
                if row is None:
                    raise await _refusal(connection, partition, group, generation)
                claimed[partition] = Position(*row)
        return claimed

    async def positions(self, partitions: Collection[Partition]) -> dict[Partition, Position]:
        """The positions on record of those partitions that have one.

        Whoever asks has nothing in hand: another server than before is taken as it is.
        """
        self._server.accept()
        rows = await self._pool.fetch(
            f"SELECT topic, partition, {_POSITION} FROM position"  # noqa: S608 - our constant
            " WHERE topic = ANY($1)",
            list({partition.topic for partition in partitions}),
        )
        return {
            here: Position(*row)
            for topic, partition, *row in rows
            if (here := Partition(topic, partition)) in partitions
        }

    async def load(self, keys: Collection[str]) -> dict[str, DossierRow]:
        """The dossiers on record among these keys, archived ones unpacked."""
        with _values():
            rows = await self._pool.fetch(
                # As one text: the driver looks at each element of an array several times.
                "SELECT key, version, outcome, cell, due_ms, events, booked, form, booked_form"
                " FROM booked_now WHERE key = ANY(string_to_array($1, E'\\n'))",
                "\n".join(keys),
            )
        loaded = {row[0]: DossierRow(*row) for row in rows}
        await self._forms.open(loaded.values())
        return loaded

    async def number(self, cells: Iterable[Cell]) -> dict[Cell, int]:
        """The number of every cell so far seen; those given are numbered first if need be.

        Numbers are given outside of the booking's transaction: a number without a booking
        harms nobody, a popular cell locked until commit would.
        """
        asked = list(cells)
        unknown = [cell for cell in asked if cell not in self._cell_ids]
        if len(self._cells) + len(unknown) > CELLS_AT_HAND:
            # Whoever still looks into the old ones keeps them.
            self._cell_ids, self._cells = {}, {}
            unknown = asked
        if unknown:
            names = ", ".join(Cell._fields)
            # Sorted, so that two workers numbering the same cells cannot deadlock.
            unknown = sorted(set(unknown))
            with _values():
                async with self._pool.acquire() as connection, connection.transaction():
                    await connection.copy_records_to_table(
                        "asked",
                        records=[(place, *cell) for place, cell in enumerate(unknown)],
                        columns=("place", *Cell._fields),
                    )
                    rows = await connection.fetch(
                        f"INSERT INTO cell ({names}) SELECT {names} FROM asked ORDER BY place"  # noqa: S608
                        f" ON CONFLICT DO NOTHING RETURNING id, {names}"
                    )
                    if len(rows) < len(unknown):  # others have numbered some
                        rows = await connection.fetch(
                            f"SELECT cell.id, {names} FROM cell JOIN asked USING ({names})"  # noqa: S608
                        )
            for number, *dimensions in rows:
                self._remember(number, Cell(*dimensions))
        return self._cell_ids

    async def cells(self, numbers: Collection[int]) -> dict[int, Cell]:
        """The cells of these numbers, with those seen before."""
        asked = list(numbers)
        unknown = [number for number in asked if number not in self._cells]
        if len(self._cells) + len(unknown) > CELLS_AT_HAND:
            self._cell_ids, self._cells = {}, {}
            unknown = asked
        if unknown:
            rows = await self._pool.fetch(
                f"SELECT id, {', '.join(Cell._fields)} FROM cell WHERE id = ANY($1)",  # noqa: S608
                unknown,
            )
            for number, *dimensions in rows:
                self._remember(number, Cell(*dimensions))
        return self._cells

    def _forget_cells(self) -> None:
        self._cell_ids, self._cells = {}, {}

    def _remember(self, number: int, cell: Cell) -> None:
        self._cell_ids[cell] = number
        self._cells[number] = cell

    async def sealed_by_source(self) -> Mapping[str, int]:
        """How many refused records with their bytes each source has in quarantine."""
        return await sealed_by_source(self._pool)

    async def recent_requests(self, sources: Collection[str]) -> Mapping[str, requests.Recent]:
        """What is known of the last requests of these sources."""
        return await requests.recent(self._pool, sources)

    async def book(self, unit: Unit, also: Also | None = None) -> None:
        """Book a unit: all of it, at exactly the positions it was read at, or nothing.

        `also` is done in the same transaction, before its end; it may be called again. Raises
        `PositionMoved` or `VersionConflict` when somebody else has booked, `PolicyChanged` when
        another policy is active than the unit's, and one of `UNAVAILABLE` when the outcome is
        unknown.
        """
        await undisturbed(lambda: self._book(unit, also))

    async def _book(self, unit: Unit, also: Also | None) -> None:
        committed = False
        try:
            with _values():
                async with self._pool.acquire() as connection:
                    async with connection.transaction():
                        await self._enter(connection, unit, also)
                    committed = True
        except UNAVAILABLE:
            # A session that ends while it is given back takes nothing from what it committed.
            if not committed:
                raise

    async def _enter(
        self, connection: "asyncpg.Connection[Any]", unit: Unit, also: Also | None
    ) -> None:
        self._server.check()
        recomputing = await _move_positions(connection, unit)
        await _book_dossiers(connection, unit)
        if recomputing is not None:
            await touch(connection, unit.dossiers)
        if unit.journal:
            await connection.copy_to_table(
                "journal_page",
                source=memoryview(journal_pages(unit.journal)),
                columns=("class", "measures", "cells", "days", "slots", "amounts"),
                format="binary",
            )
        await _add_totals(connection, unit)
        await add_tallies(connection, unit)
        await quarantine(connection, unit)
        await put_by(connection, unit)
        await exemplars.keep(connection, unit.exemplars)
        if also is not None:
            await also(connection)
        await add_references(connection, unit.references)


@contextmanager
def _values() -> Iterator[None]:
    """asyncpg counts a value it cannot encode among the errors of an interface that has gone."""
    try:
        yield
    except (asyncpg.DataError, OverflowError) as error:
        raise Unbookable(str(error)) from error


async def _refusal(
    connection: Any, partition: Partition, group: str, generation: int
) -> LaterGeneration | OtherGroup:
    held = await connection.fetchrow(
        "SELECT owner, group_id, generation, moved_at FROM position"
        " WHERE topic = $1 AND partition = $2",
        *partition,
    )
    name = f"{partition.topic}[{partition.partition}]"
    if held["group_id"] == group:
        return LaterGeneration(
            f"{name} is held by generation {held['generation']} of the group, later than"
            f" {generation}, owner {held['owner']}"
        )
    return OtherGroup(
        f"{name} is read into this ledger by the group {held['group_id']!r} (worker"
        f" {held['owner']}, last seen {held['moved_at']:%Y-%m-%d %H:%M} UTC), and we are"
        f" {group!r}; set EMC_GROUP to {held['group_id']!r}, use a ledger of one's own, or, if"
        " the group is to be another from now on, `emc position accept-loss --to here`"
    )


async def _set_up(connection: "asyncpg.Connection[Any]") -> None:
    """Each connection stages what it copies in temporary tables of its own."""
    await connection.execute(
        """
        SET client_min_messages = warning;
        CREATE TEMP TABLE IF NOT EXISTS staged (
            key text COLLATE "C", version integer, rules smallint, epoch smallint,
            outcome smallint, cell integer, due_ms bigint, events bytea, booked bytea
        ) WITH (toast_tuple_target = 8160) ON COMMIT DELETE ROWS;
        -- Neither compressed nor put aside, for the instant that they lie there.
        ALTER TABLE staged ALTER events SET STORAGE EXTERNAL,
                           ALTER booked SET STORAGE EXTERNAL;
        CREATE TEMP TABLE IF NOT EXISTS added (
            measure smallint, agency text COLLATE "C", channel smallint, level smallint,
            slot integer, class smallint, credit bigint, debit bigint
        ) ON COMMIT DELETE ROWS;
        CREATE TEMP TABLE IF NOT EXISTS asked (
            place integer, agency text, unit text, procedure text, channel smallint,
            sub_channel text, level smallint, step text, holder smallint, source text
        ) ON COMMIT DELETE ROWS
        """
    )


async def _move_positions(connection: Any, unit: Unit) -> int | None:
    """Also holds off activations of a policy; tells the epoch a recompute leads to, if any."""
    moves = sorted(unit.moves.items())
    moved, epoch, recomputing = await connection.fetchrow(
        """
        WITH done AS (
            UPDATE position SET next = moved.next, last_hash = moved.last_hash,
                   moved_at = clock_timestamp()
            FROM unnest($1::text[], $2::int4[], $3::int8[], $4::int8[], $5::int8[],
                        $6::bytea[])
                 AS moved (topic, partition, epoch, start, next, last_hash)
            WHERE position.topic = moved.topic AND position.partition = moved.partition
              AND position.epoch = moved.epoch AND position.next = moved.start
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM done), epoch, recomputing FROM policy_in_force()
        """,
        [partition.topic for partition, _ in moves],
        [partition.partition for partition, _ in moves],
        [move.epoch for _, move in moves],
        [move.start for _, move in moves],
        [move.next for _, move in moves],
        [move.last_hash for _, move in moves],
    )
    if moved != len(moves):
        raise PositionMoved(f"{len(moves) - moved} of {len(moves)} partitions")
    if unit.epoch is not None and epoch != unit.epoch:
        raise PolicyChanged(f"the ledger books in epoch {epoch}, the unit is of {unit.epoch}")
    return None if recomputing is None else int(recomputing)


async def _book_dossiers(connection: Any, unit: Unit) -> None:
    dossiers = unit.dossiers
    if not dossiers:
        return
    if unit.epoch is None:
        raise Unbookable("dossiers are posted under a policy, and the unit is of none")
    rows = dossier_rows(dossiers, RULES_VERSION, unit.epoch)
    await connection.copy_to_table("staged", source=memoryview(rows), format="binary")
    # In key order, so that two transactions meeting in several dossiers cannot deadlock.
    done = await connection.execute(
        """
        INSERT INTO dossier AS held
            (key, version, rules, epoch, outcome, cell, due_ms, events, booked)
        SELECT key, version, rules, epoch, outcome, cell, due_ms, events, booked
        FROM staged ORDER BY key
        ON CONFLICT (key) DO UPDATE
        SET version = excluded.version, rules = excluded.rules, epoch = excluded.epoch,
            outcome = excluded.outcome, cell = excluded.cell, due_ms = excluded.due_ms,
            events = excluded.events, booked = excluded.booked, form = 0, booked_form = 0
        WHERE held.version = excluded.version - 1
        """
    )
    if _affected(done) != len(dossiers):
        raise VersionConflict(f"{len(dossiers) - _affected(done)} of {len(dossiers)} dossiers")


async def _add_totals(connection: Any, unit: Unit) -> None:
    if not unit.totals:
        return
    await connection.copy_to_table(
        "added", source=memoryview(total_rows(unit.totals)), format="binary"
    )
    # In the order of the key, as all transactions of this shard meet in it.
    await connection.execute(
        """
        INSERT INTO total AS held
            (shard, measure, agency, channel, level, slot, class, credit, debit)
        SELECT $1, measure, agency, channel, level, slot, class, credit, debit
        FROM added ORDER BY measure, agency, channel, level, slot, class
        ON CONFLICT (shard, measure, agency, channel, level, slot, class) DO UPDATE
        SET credit = held.credit + excluded.credit, debit = held.debit + excluded.debit
        """,
        unit.shard,
    )


async def add_tallies(connection: Any, unit: Unit) -> None:
    """Within a transaction: counts of records."""
    if not unit.tallies:
        return
    tallies = sorted(unit.tallies.items())
    await connection.execute(
        """
        INSERT INTO tally AS held (shard, name, source, detail, amount)
        SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::int8[])
        ON CONFLICT (shard, name, source, detail) DO UPDATE
        SET amount = held.amount + excluded.amount
        """,
        unit.shard,
        *([key[position] for key, _ in tallies] for position in range(3)),
        [amount for _, amount in tallies],
    )


async def sealed_by_source(pool: "asyncpg.Pool[Any]") -> Mapping[str, int]:
    """How many refused records with their bytes each source has in quarantine."""
    rows = await pool.fetch(
        "SELECT source, count(*) AS kept FROM quarantine WHERE sealed IS NOT NULL GROUP BY source"
    )
    return {row["source"]: row["kept"] for row in rows}


async def quarantine(connection: Any, unit: Unit) -> None:
    """Within a transaction: records that were refused."""
    if not unit.refusals:
        return
    await connection.executemany(
        'INSERT INTO quarantine (topic, partition, "offset", source, reason, detail, size,'
        " hash, sealed, arrived, form) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                *refusal.partition,
                refusal.offset,
                refusal.source,
                refusal.reason,
                refusal.detail,
                refusal.size,
                refusal.hash,
                refusal.sealed,
                refusal.arrived,
                refusal.form,
            )
            for refusal in unit.refusals
        ],
    )


async def put_by(connection: Any, unit: Unit) -> None:
    """What connections are judged by, in one row; `monitor.ledger.connections` counts it."""
    sent = unit.sent
    if not (sent.events or sent.repeats or sent.beats or sent.claimed or unit.refusals):
        return
    repeats = sorted(sent.repeats.items())
    refused = Counter(
        (refusal.source, int(refusal.arrived.timestamp()) // 3600, refusal.reason)
        for refusal in unit.refusals
    )
    await connection.execute(
        "INSERT INTO sent (events, replaced, repeat_source, repeat_hour, repeats, refused, beats,"
        " claimed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        sent.events,
        sent.replaced,
        [source for (source, _), _ in repeats],
        [hour for (_, hour), _ in repeats],
        [amount for _, amount in repeats],
        json.dumps([[*key, amount] for key, amount in sorted(refused.items())]),
        json.dumps(sent.beats),
        json.dumps(sent.claimed),
    )


def _affected(status: str) -> int:
    """The row count at the end of a command tag such as `INSERT 0 42`."""
    return int(status.rsplit(" ", 1)[1])
