"""A recompute in the ledger: ranges of dossiers, what they rebook, the switch, and the merge.

Whoever rebooks works in short transactions, each of which leaves what it has done or nothing;
so any number may work at once, and be killed at any instant. The figures stay as they are until
the switch, one transaction that appends all differences, adds them to the totals and activates
the policy (docs/explanation/epochs.md).
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Final

from monitor.domain.applicants import APPLICANTS
from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, SHOWN, TRIAL
from monitor.domain.policy import RULES_VERSION
from monitor.ledger import locks
from monitor.ledger.forms import Forms
from monitor.ledger.policies import POLICY_LOCK, store
from monitor.ledger.references import move_references
from monitor.ledger.unit import BookingClass, Entry, TotalKey
from monitor.reference.sets import ReferenceSet

RECOMPUTE_LOCK: Final = locks.RECOMPUTE
RECOMPUTE_SHARD: Final = -1  # of the totals: no partition has it
RANGE_DOSSIERS: Final = 500  # one transaction of whoever rebooks
MERGE_DOSSIERS: Final = 1_000  # one transaction of the merge


class RecomputeUnderWay(Exception):
    """Another recompute has not ended; nothing was begun."""


class RecomputeEnded(Exception):
    """The recompute was switched or abandoned meanwhile; nothing was written."""


class Overtaken(Exception):
    """Somebody else rebooked one of the dossiers; nothing was written, it can be tried again."""


class RangesLeft(Exception):
    """Not every range was rebooked; nothing was switched."""


@dataclass(slots=True)
class Found:
    """A dossier as a recompute finds it."""

    key: str
    version: int
    outcome: int
    cell: int | None
    due_ms: int | None
    events: bytes
    booked: bytes
    form: int  # of the events, and of the booked entries: plain once they are opened
    booked_form: int
    seen: int | None  # the version that was rebooked before, if it was
    moved: bytes | None  # and what that came to


@dataclass(slots=True)
class Rebooked:
    """What a dossier books under the policy to come."""

    key: str
    version: int
    seen: int | None  # as found
    outcome: int
    cell: int | None
    due_ms: int | None
    booked: bytes | None  # None: what it has booked already
    moved: bytes | None  # the difference; None: nothing


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recompute is."""

    epoch: int
    reference: str
    dossiers: int  # in all ranges
    rebooked: int  # of them
    ranges_left: int
    touched: int  # bookings since, that it has not followed yet


@dataclass(frozen=True, slots=True)
class Switched:
    """What a switch did."""

    lines: int  # of the journal
    held_seconds: float  # how long bookings were held off


async def under_way(connection: Any) -> Progress | None:
    """The recompute that has not ended, if there is one."""
    row = await connection.fetchrow(
        "SELECT epoch, reference, coalesce(ranges.dossiers, 0), coalesce(ranges.rebooked, 0),"
        "       ranges.left, (SELECT count(*) FROM touched)"
        " FROM policy CROSS JOIN (SELECT sum(dossiers)::int8 AS dossiers,"
        "     sum(dossiers) FILTER (WHERE done)::int8 AS rebooked,"
        "     count(*) FILTER (WHERE NOT done) AS left FROM recompute_range) AS ranges"
        " WHERE state = 'recomputing'"
    )
    return None if row is None else Progress(*row)


async def begin(connection: Any, reference: ReferenceSet) -> int:
    """Begin a recompute to this release's rules and a reference set; its epoch.

    From the moment this is committed, every booking notes the dossiers it books.
    Raises `RecomputeUnderWay`. What an earlier one left must have been merged.
    """
    async with connection.transaction():
        await store(connection, reference)
        await connection.execute("SELECT pg_advisory_xact_lock($1)", POLICY_LOCK)
        if await connection.fetchval("SELECT true FROM policy WHERE state = 'recomputing'"):
            raise RecomputeUnderWay
        if await connection.fetchval("SELECT true FROM rebooked LIMIT 1"):
            raise RecomputeUnderWay
        await _empty(connection)
        epoch: int = await connection.fetchval(
            "INSERT INTO policy (epoch, rules, reference, state)"
            " SELECT coalesce(max(epoch), 0) + 1, $1, $2, 'recomputing' FROM policy"
            " RETURNING epoch",
            RULES_VERSION,
            reference.hash,
        )
    return epoch


async def lay_out(connection: Any, dossiers: int = RANGE_DOSSIERS) -> None:
    """Cut the dossiers into ranges, unless that was done. Later ones will be noted as booked."""
    await connection.execute(
        """
        INSERT INTO recompute_range (number, after, until, dossiers)
        SELECT number, lag(max(key), 1, '') OVER (ORDER BY number), max(key), count(*)
        FROM (SELECT key, (row_number() OVER (ORDER BY key) - 1) / $1::int8 AS number
              FROM dossier) AS numbered
        WHERE NOT EXISTS (SELECT FROM recompute_range)
        GROUP BY number
        """,
        dossiers,
        timeout=None,
    )


_FOUND: Final = """
    SELECT dossier.key, dossier.version, dossier.outcome, dossier.cell, dossier.due_ms,
           dossier.events, dossier.booked, dossier.form, dossier.booked_form,
           rebooked.version AS seen, rebooked.moved
    FROM dossier LEFT JOIN rebooked ON rebooked.key = dossier.key
    WHERE dossier.form >= 0 AND rebooked.version IS DISTINCT FROM dossier.version AND
"""

Rebook = Callable[[Sequence[Found]], Awaitable[tuple[list[Rebooked], dict[Entry, int]]]]


async def rebook_range(connection: Any, epoch: int, rebook: Rebook) -> int | None:
    """Rebook the next range that nobody has; how many dossiers, None if there is none.

    Raises `RecomputeEnded` or `Overtaken`.
    """
    async with connection.transaction():
        await _still_under_way(connection, epoch)
        ours = await connection.fetchrow(
            "SELECT number, after, until, dossiers FROM recompute_range WHERE NOT done"
            " ORDER BY number LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
        if ours is None:
            return None
        rows = await connection.fetch(
            _FOUND + " dossier.key > $1 AND dossier.key <= $2 ORDER BY dossier.key",
            ours["after"],
            ours["until"],
        )
        await _keep(connection, epoch, *await rebook(await _opened(connection, rows)))
        await connection.execute(
            "UPDATE recompute_range SET done = true WHERE number = $1", ours["number"]
        )
        return int(ours["dossiers"])


async def rebook_touched(
    connection: Any, epoch: int, rebook: Rebook, most: int = RANGE_DOSSIERS
) -> int:
    """Rebook dossiers that were booked meanwhile; how many bookings were followed.

    Raises `RecomputeEnded` or `Overtaken`.
    """
    async with connection.transaction():
        await _still_under_way(connection, epoch)
        taken = await connection.fetch(
            "DELETE FROM touched WHERE ctid = ANY(ARRAY("
            "SELECT ctid FROM touched LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING key",
            most,
        )
        if taken:
            # A statement of its own: it sees what those whose notes we took have booked.
            rows = await connection.fetch(
                _FOUND + " dossier.key = ANY($1) ORDER BY dossier.key",
                sorted({row["key"] for row in taken}),
            )
            await _keep(connection, epoch, *await rebook(await _opened(connection, rows)))
        return len(taken)


async def _opened(connection: Any, rows: Sequence[Any]) -> list[Found]:
    """Archived dossiers are rebooked like all others; retired ones have nothing to rebook."""
    found = [Found(*row) for row in rows]
    await Forms(connection).open(found)
    return found


async def _still_under_way(connection: Any, epoch: int) -> None:
    """Holds off the switch, and whoever abandons, until this transaction has ended."""
    if not await connection.fetchval(
        "SELECT true FROM policy WHERE epoch = $1 AND state = 'recomputing' FOR SHARE", epoch
    ):
        raise RecomputeEnded


_GIVEN: Final = """
    unnest($2::text[], $3::int4[], $4::int2[], $5::int4[], $6::int8[], $7::bytea[], $8::bytea[],
           $9::int4[]) AS given (key, version, outcome, cell, due_ms, booked, moved, seen)
"""


async def _keep(
    connection: Any, epoch: int, rebooked: list[Rebooked], pending: dict[Entry, int]
) -> None:
    new = (
        "INSERT INTO rebooked (epoch, key, version, outcome, cell, due_ms, booked, moved)"  # noqa: S608 - our constant
        " SELECT $1, key, version, outcome, cell, due_ms, booked, moved"
        f" FROM {_GIVEN} WHERE seen IS NULL ON CONFLICT DO NOTHING"
    )
    once_more = (
        "UPDATE rebooked AS held SET version = given.version, outcome = given.outcome,"  # noqa: S608 - our constant
        " cell = given.cell, due_ms = given.due_ms, booked = given.booked,"
        f" moved = given.moved FROM {_GIVEN}"
        " WHERE held.key = given.key AND held.epoch = $1 AND held.version = given.seen"
    )
    for statement, rows in (
        (new, [row for row in rebooked if row.seen is None]),
        (once_more, [row for row in rebooked if row.seen is not None]),
    ):
        if not rows:
            continue
        done = await connection.execute(
            statement,
            epoch,
            [row.key for row in rows],
            [row.version for row in rows],
            [row.outcome for row in rows],
            [row.cell for row in rows],
            [row.due_ms for row in rows],
            [row.booked for row in rows],
            [row.moved for row in rows],
            [row.seen for row in rows],
        )
        if int(done.rsplit(" ", 1)[1]) != len(rows):
            raise Overtaken
    if pending:
        await connection.execute(
            "INSERT INTO pending (measure, cell, day, slot, amount) SELECT * FROM"
            " unnest($1::int2[], $2::int4[], $3::int4[], $4::int4[], $5::int8[])",
            *([entry[position] for entry in pending] for position in range(4)),
            list(pending.values()),
        )


async def switch(connection: Any, epoch: int, rebook: Rebook) -> Switched:
    """Make the rebooked what is booked: journal, totals and policy, in one transaction.

    Bookings are held off only for what the last of them touched. Raises `RangesLeft` or
    `RecomputeEnded`.
    """
    async with connection.transaction():
        if not await connection.fetchval(
            "SELECT true FROM policy WHERE epoch = $1 AND state = 'recomputing' FOR UPDATE",
            epoch,
        ):
            raise RecomputeEnded
        if left := await connection.fetchval(
            "SELECT count(*) FROM recompute_range WHERE NOT done"
        ):
            raise RangesLeft(f"{left} ranges are not rebooked")
        # Whoever loads dossiers from now on looks there: plans of when it was empty must go.
        await analyse(connection)
        # Nobody else adds to it any more: they wait for the policy's row.
        until = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM pending")
        lines = await _append(connection, 0, until)

        await connection.execute("SELECT pg_advisory_xact_lock($1)", POLICY_LOCK, timeout=None)
        began = perf_counter()
        while await rebook_touched(connection, epoch, rebook):
            pass
        lines += await _append(connection, until, 2**63 - 1)
        # Only now: a booking that waited for one of these rows would keep us from the lock.
        await move_references(
            connection, "SELECT measure, cell, day, slot, amount FROM pending"
        )
        await connection.execute("UPDATE policy SET state = 'past' WHERE state = 'active'")
        await connection.execute(
            "UPDATE policy SET state = 'active', activated_at = clock_timestamp()"
            " WHERE epoch = $1",
            epoch,
        )
    return Switched(lines, perf_counter() - began)


async def _append(connection: Any, after: int, until: int) -> int:
    """Pending differences of these numbers to journal and totals; the lines of the journal."""
    done = await connection.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " SELECT measure, cell, day, slot, $3, sum(amount)::int8 FROM pending"
        " WHERE seq > $1 AND seq <= $2 AND (measure < $4 OR measure >= $5)"
        " GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0",
        after,
        until,
        int(BookingClass.RECOMPUTE),
        APPLICANTS,
        TRIAL,
        timeout=None,
    )
    totals: defaultdict[TotalKey, list[int]] = defaultdict(lambda: [0, 0])
    shown = connection.cursor(
        "SELECT measure, agency, channel, level, slot, sum(amount)::int8"
        " FROM pending JOIN cell ON cell.id = pending.cell"
        " WHERE seq > $1 AND seq <= $2 AND measure = ANY($3)"
        " GROUP BY 1, 2, 3, 4, 5 HAVING sum(amount) <> 0",
        after,
        until,
        sorted(SHOWN),
        timeout=None,
        prefetch=5_000,
    )
    async for measure, agency, channel, level, slot, amount in shown:
        by_agency = measure in CONSUMED_BINS  # shown by agency only (MEASURES.md §7)
        sides = totals[
            TotalKey(
                measure,
                level1(agency),
                0 if by_agency else channel,
                0 if by_agency else level,
                slot,
                int(BookingClass.RECOMPUTE),
            )
        ]
        sides[amount < 0] += abs(amount)
    if totals:
        accounts = sorted(totals)
        await connection.execute(
            """
            INSERT INTO total AS held
                (shard, measure, agency, channel, level, slot, class, credit, debit)
            SELECT $1, * FROM unnest($2::int2[], $3::text[], $4::int2[], $5::int2[], $6::int4[],
                                     $7::int2[], $8::int8[], $9::int8[])
            ON CONFLICT (shard, measure, agency, channel, level, slot, class) DO UPDATE
            SET credit = held.credit + excluded.credit, debit = held.debit + excluded.debit
            """,
            RECOMPUTE_SHARD,
            *([account[position] for account in accounts] for position in range(6)),
            [totals[account][0] for account in accounts],
            [totals[account][1] for account in accounts],
        )
    return int(done.rsplit(" ", 1)[1])


async def abandon(connection: Any) -> int | None:
    """End the recompute under way without a switch; its epoch, None if there is none.

    What it has rebooked is of no epoch that is ever active; the merge clears it away.
    """
    async with connection.transaction():
        epoch: int | None = await connection.fetchval(
            "UPDATE policy SET state = 'abandoned' WHERE state = 'recomputing' RETURNING epoch"
        )
    return epoch


async def merge(connection: Any, after: str = "", dossiers: int = MERGE_DOSSIERS) -> str | None:
    """Put the next rebooked dossiers into their rows; the last key, None when all are done.

    What a dossier has booked is the same before and after (the view `booked_now`). Never while
    a recompute is under way.
    """
    async with connection.transaction():
        keys = [
            row["key"]
            for row in await connection.fetch(
                "SELECT key FROM rebooked WHERE key > $1 ORDER BY key LIMIT $2", after, dossiers
            )
        ]
        if not keys:
            return None
        # In key order, as bookings do, so that neither waits for the other for ever.
        await connection.execute(
            "SELECT FROM dossier WHERE key = ANY($1) ORDER BY key FOR UPDATE", keys
        )
        await connection.execute(
            """
            UPDATE dossier
            SET epoch = rebooked.epoch, rules = policy.rules, outcome = rebooked.outcome,
                cell = rebooked.cell, due_ms = rebooked.due_ms,
                booked = coalesce(rebooked.booked, dossier.booked),
                booked_form = CASE WHEN rebooked.booked IS NULL THEN dossier.booked_form
                                   ELSE 0 END
            FROM rebooked JOIN policy ON policy.epoch = rebooked.epoch
            WHERE rebooked.key = dossier.key AND dossier.key = ANY($1)
              AND dossier.epoch < rebooked.epoch AND policy.state = 'active'
            """,
            keys,
        )
        await connection.execute("DELETE FROM rebooked WHERE key = ANY($1)", keys)
    last: str = keys[-1]
    return last


async def clear(connection: Any) -> None:
    """Empty what served the recompute alone, once it has ended."""
    async with connection.transaction():
        await _empty(connection)


async def _empty(connection: Any) -> None:
    # Not truncated: whoever books may do so too, and need not own the tables.
    for table in ("pending", "touched", "recompute_range"):
        await connection.execute(f"DELETE FROM {table}", timeout=None)  # noqa: S608 - our own names


async def analyse(connection: Any) -> None:
    """Have plans made anew that were made while `rebooked` was another size."""
    await connection.execute("SELECT analyse_rebooked()", timeout=None)
