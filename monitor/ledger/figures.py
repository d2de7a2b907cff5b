"""The ledger's reading side: all figures that are shown, as of one committed instant."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any, Final, NamedTuple

import asyncpg

from monitor.domain.codes import level1
from monitor.domain.measures import CONSUMED_BINS, NO_SLOT, Measure, Tally
from monitor.domain.policy import Policy, Precision
from monitor.domain.view import Outcome
from monitor.domain.worktime import Worktime, worktimes
from monitor.ledger import exemplars, latencies, official_now, requests
from monitor.ledger.connections import STANDING, Standing
from monitor.ledger.dues import DUES, AgencyDues
from monitor.ledger.exemplars import Bucket, Histogram, Shown
from monitor.ledger.latencies import Latency, Warned
from monitor.ledger.migrate import OWNER_MIGRATES, migrations
from monitor.ledger.objectives import NOTHING_JUDGED, Judged
from monitor.ledger.objectives import read as read_judged
from monitor.ledger.official_now import Evaluated, Round
from monitor.ledger.policies import ActivePolicy, Ruling
from monitor.ledger.reconcile import RECORDED, Recorded
from monitor.ledger.requests import Requested
from monitor.ledger.sources import UNKNOWN_RECORDS, Via
from monitor.ledger.unit import OUTCOME_NUMBERS, Partition, TallyKey

_STOCKS: Final = frozenset({Measure.IN_PROCESS, Measure.PAUSED})
_STOCK_OF_OUTCOME: Final = {
    OUTCOME_NUMBERS[Outcome.IN_PROCESS]: Measure.IN_PROCESS,
    OUTCOME_NUMBERS[Outcome.PAUSED]: Measure.PAUSED,
}


class DueBy(StrEnum):
    """When open dossiers fall due, seen from the instant of the snapshot."""

    OVERDUE = "overdue"
    TODAY = "today"
    TOMORROW = "tomorrow"
    LATER = "later"
    NONE = "none"


class Flow(NamedTuple):
    """An account of what happened."""

    measure: int
    agency: str  # level 1, as all agencies here
    channel: int
    level: int
    booking_class: int


class Bin(NamedTuple):
    """An account of the histogram of deadline consumption."""

    agency: str
    measure: int  # one of `CONSUMED_BINS`


class Stock(NamedTuple):
    """Open dossiers of a kind, by when they fall due."""

    measure: int
    agency: str
    channel: int
    level: int
    due: DueBy


class Sides(NamedTuple):
    """What was added to an account and what was taken from it; the figure is the difference."""

    credit: int
    debit: int


class Progress(NamedTuple):
    """Where the ledger stands in a partition, and since when."""

    next: int
    moved_ms: int
    times_set: int = 0  # by hand


class Watermark(NamedTuple):
    """How far the follower has come with the balances."""

    folded_ms: int = (
        0  # whatever was committed before this is in them; 0 before the first round
    )
    backlog: int = 0  # numbers of the journal drawn since, those rolled back included


NEVER_FOLDED: Final = Watermark()


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that one transaction saw; shards are summed."""

    now_ms: int  # the instant that overdue and due days refer to
    reconciled: Sequence[Recorded] = ()  # what `emc reconcile` found when it last ran
    flows: Mapping[Flow, Sides]
    consumed: Mapping[Bin, Sides]
    open: Mapping[Stock, int]
    tallies: Mapping[TallyKey, int]  # details only of refusals: their reasons
    positions: Mapping[Partition, Progress]
    watermark: Watermark = NEVER_FOLDED
    policy: ActivePolicy | None = None  # under which all of it was booked
    worktimes: Sequence[Worktime] = ()  # what its calendars say of the instant
    unknown: Mapping[Via, int] = field(default_factory=dict)  # records of unknown senders
    connections: Sequence[Standing] = ()  # as last judged
    judged: Judged = NOTHING_JUDGED  # objectives and services, as last judged
    sent_backlog: int = 0  # bookings not counted for connections yet
    dues: Sequence[AgencyDues] = ()  # what falls due, as last judged
    requests: Sequence[Requested] = ()
    latencies: Sequence[Latency] = ()
    latencies_judged_ms: int | None = None
    latencies_backlog: int = 0  # pages of the journal
    warned: Mapping[Warned, Sides] = field(default_factory=dict)
    exemplars: Mapping[Bucket, Shown] = field(default_factory=dict)
    official: Sequence[Evaluated] = ()  # figures of the month under way, as last evaluated
    official_round: Round | None = None
    retired: frozenset[str] = frozenset()  # sources that were revoked a month ago or longer

    @property
    def booked(self) -> int:
        """Grows with every booking and never shrinks: tells an older state from a later one."""
        flows = sum(credit + debit for credit, debit in self.flows.values())
        bins = sum(credit + debit for credit, debit in self.consumed.values())
        return flows + bins + sum(self.tallies.values())


class NotMigrated(Exception):
    """The ledger has not the schema of this release; the text says what to do."""


# A stock's slots are drawn together to those that matter today: before, today, tomorrow, later.
_TOTALS: Final = """
    SELECT measure, agency, channel, level, class,
           CASE WHEN slot = $2 THEN slot ELSE least(greatest(slot, $1 - 1), $1 + 2) END AS due,
           sum(credit)::int8 AS credit, sum(debit)::int8 AS debit
    FROM total
    GROUP BY 1, 2, 3, 4, 5, 6
"""

# Those whose rows are their own, and those that a recompute's result stands for (the view
# `booked_now`, taken apart so that each half has an index).
OVERDUE_TODAY: Final = """
    WITH active AS MATERIALIZED (
        SELECT coalesce(max(epoch), 0) AS epoch FROM policy WHERE state = 'active'
    ), due AS (
        SELECT dossier.outcome, dossier.cell
        FROM dossier CROSS JOIN active
        WHERE dossier.outcome IN (4, 5) AND dossier.due_ms >= $1 AND dossier.due_ms < $2
          AND NOT EXISTS (SELECT FROM rebooked WHERE rebooked.key = dossier.key
              AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch)
        UNION ALL
        SELECT rebooked.outcome, rebooked.cell
        FROM rebooked CROSS JOIN active JOIN dossier USING (key)
        WHERE rebooked.outcome IN (4, 5) AND rebooked.due_ms >= $1 AND rebooked.due_ms < $2
          AND rebooked.epoch > dossier.epoch AND rebooked.epoch = active.epoch
    )
    SELECT due.outcome, cell.agency, cell.channel, cell.level, count(*) AS dossiers
    FROM due JOIN cell ON cell.id = due.cell
    GROUP BY 1, 2, 3, 4
"""

_TALLIES: Final = """
    SELECT name, source, CASE WHEN name = $1 THEN detail ELSE '' END AS detail,
           sum(amount)::int8 AS amount
    FROM tally
    GROUP BY 1, 2, 3
"""

_POSITIONS: Final = """
    SELECT topic, partition, next, (extract(epoch FROM moved_at) * 1000)::int8 AS moved_ms,
           times_set
    FROM position
"""

# The last number drawn, not the journal itself, which may be long beyond the watermark.
_WATERMARK: Final = """
    SELECT (extract(epoch FROM folded_at) * 1000)::int8 AS folded_ms,
           greatest(CASE WHEN is_called THEN last_value ELSE 0 END - seq, 0) AS backlog
    FROM follower, journal_seq_seq
"""


# Nothing of theirs moves any more, and their series may end.
RETIRED_MS: Final = 30 * 86_400_000
_RETIRED: Final = """
    SELECT code FROM source WHERE status = 'revoked' AND NOT EXISTS (
        SELECT FROM source_history AS change
        WHERE change.source = source.code AND change.at > to_timestamp($1::int8 / 1000.0))
"""


Rows = Sequence[Sequence[Any]]

_NO_SCHEMA: Final = f"the ledger has no schema yet; {OWNER_MIGRATES}"


class Figures:
    """Reads the ledger by the policy under which it was booked; writes nothing.

    `own` is for a ledger that has no policy yet.
    """

    def __init__(self, pool: "asyncpg.Pool[Any]", own: Policy) -> None:
        self._pool = pool
        self._ruling = Ruling(own)
        self._migrations = {number for number, _, _ in migrations()}

    async def check(self) -> None:
        """Raises `NotMigrated` unless the ledger has exactly this release's schema."""
        try:
            rows = await self._pool.fetch("SELECT number FROM migration")
        except asyncpg.UndefinedTableError:
            raise NotMigrated(_NO_SCHEMA) from None
        known = {row["number"] for row in rows}
        if missing := self._migrations - known:
            raise NotMigrated(f"the ledger lacks migration {min(missing)}; {OWNER_MIGRATES}")
        if strange := known - self._migrations:
            raise NotMigrated(
                f"the ledger has migration {max(strange)}, this release ends at"
                f" {max(self._migrations)}; start a later release"
            )

    async def shown(self, now_ms: int) -> Snapshot:
        """`snapshot`, with what has times of its own: what `emc reconcile` found, who knocked,
        how connections stand, what was requested, and how long steps took.
        """
        snapshot = await self.snapshot(now_ms)
        try:
            rows = await self._pool.fetch(RECORDED)
            unknown = await self._pool.fetch(UNKNOWN_RECORDS)
            standings = await self._pool.fetch(STANDING)
            waiting = await self._pool.fetchval("SELECT count(id) FROM sent")
            dues = await self._pool.fetch(DUES)
            judged = await read_judged(self._pool)
            asked = await requests.shown(self._pool, now_ms)
            taken = await self._pool.fetch(latencies.LATENCIES)
            judged_ms = await self._pool.fetchval(latencies.JUDGED)
            behind = await self._pool.fetchval(latencies.BACKLOG)
            warned = await self._pool.fetch(latencies.WARNED)
            examples = await exemplars.shown(self._pool)
            official = await self._pool.fetch(official_now.SHOWN)
            official_round = await official_now.evaluated_at(self._pool)
            retired = await self._pool.fetch(_RETIRED, now_ms - RETIRED_MS)
            _, policy = await self._ruling.now(self._pool)
        except asyncpg.UndefinedTableError:
            raise NotMigrated(_NO_SCHEMA) from None
        return replace(
            snapshot,
            reconciled=tuple(Recorded(*row) for row in rows),
            unknown={Via(via): records for via, records in unknown},
            connections=tuple(Standing(*row) for row in standings),
            sent_backlog=waiting,
            dues=tuple(AgencyDues(*row) for row in dues),
            judged=judged,
            requests=asked,
            latencies=tuple(Latency(*row) for row in taken),
            latencies_judged_ms=judged_ms,
            latencies_backlog=behind,
            warned=_warned(warned, policy),
            exemplars=_present(examples, policy),
            official=tuple(Evaluated(*row) for row in official),
            official_round=official_round,
            retired=frozenset(row["code"] for row in retired),
        )

    async def snapshot(self, now_ms: int) -> Snapshot:
        """Everything as of one committed state, with what is overdue at `now_ms`.

        Raises `NotMigrated` where there is nothing to read yet, `ReadsDifferently` where this
        release cannot read the reference set of the active policy.
        """
        try:
            active, policy, rows = await self._read(now_ms)
        except asyncpg.UndefinedTableError:
            raise NotMigrated(_NO_SCHEMA) from None
        totals, overdue_today, tallies, positions, watermark = rows

        # In a thread: tens of thousands of rows would hold up whoever else the loop serves.
        shown = await asyncio.to_thread(
            _arranged,
            policy,
            now_ms,
            totals,
            overdue_today,
            tallies,
            positions,
            Watermark(*watermark[0]),
        )
        return replace(shown, policy=active)

    async def _read(self, now_ms: int) -> tuple[ActivePolicy | None, Policy, list[Rows]]:
        """The policy, and by it the rows of totals, of what is overdue since today began, of
        tallies, positions and the watermark.
        """
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            # In the same state as the figures: an activation is shown with what it moved.
            active, policy = await self._ruling.now(connection)
            today = policy.zone.day(now_ms)
            midnight_ms = policy.zone.start_of(today)
            # By dates, nothing is overdue on the day it falls due.
            by_instant = policy.precision is Precision.INSTANT
            overdue_before_ms = now_ms if by_instant else midnight_ms
            rows = [
                await connection.fetch(_TOTALS, today, NO_SLOT),
                await connection.fetch(OVERDUE_TODAY, midnight_ms, overdue_before_ms),
                await connection.fetch(_TALLIES, Tally.REFUSED.value),
                await connection.fetch(_POSITIONS),
                await connection.fetch(_WATERMARK),
            ]
        return active, policy, rows


def _arranged(
    policy: Policy,
    now_ms: int,
    totals: Rows,
    overdue_today: Rows,
    tallies: Rows,
    positions: Rows,
    watermark: Watermark,
) -> Snapshot:
    today = policy.zone.day(now_ms)
    present = cache(policy.present)
    flows: dict[Flow, Sides] = {}
    consumed: dict[Bin, Sides] = {}
    stock: dict[Stock, int] = {}
    for measure, booked_at, channel, level, booking_class, due, credit, debit in totals:
        agency = present(booked_at)
        if measure in _STOCKS:
            key = Stock(measure, agency, channel, level, _due_by(due, today))
            stock[key] = stock.get(key, 0) + credit - debit
        elif measure in CONSUMED_BINS:
            here = Bin(agency, measure)
            known = consumed.get(here, Sides(0, 0))
            consumed[here] = Sides(known.credit + credit, known.debit + debit)
        else:
            flow = Flow(measure, agency, channel, level, booking_class)
            known = flows.get(flow, Sides(0, 0))
            flows[flow] = Sides(known.credit + credit, known.debit + debit)
    for outcome, holder, channel, level, dossiers in overdue_today:
        measure = _STOCK_OF_OUTCOME[outcome]
        late = Stock(measure, present(level1(holder)), channel, level, DueBy.OVERDUE)
        stock[late] = stock.get(late, 0) + dossiers
        on_the_day = late._replace(due=DueBy.TODAY)
        stock[on_the_day] = stock.get(on_the_day, 0) - dossiers
    return Snapshot(
        now_ms=now_ms,
        flows=flows,
        consumed=consumed,
        open=stock,
        tallies={
            TallyKey(name, source, detail): amount for name, source, detail, amount in tallies
        },
        positions={
            Partition(topic, number): Progress(following, moved_ms, times_set)
            for topic, number, following, moved_ms, times_set in positions
        },
        watermark=watermark,
        worktimes=worktimes(policy.legal, now_ms),
    )


def _warned(rows: Rows, policy: Policy) -> dict[Warned, Sides]:
    warned: dict[Warned, Sides] = {}
    for booked_at, warning, booking_class, credit, debit in rows:
        here = Warned(policy.present(booked_at), warning, booking_class)
        known = warned.get(here, Sides(0, 0))
        warned[here] = Sides(known.credit + credit, known.debit + debit)
    return warned


def _present(examples: Mapping[Bucket, Shown], policy: Policy) -> dict[Bucket, Shown]:
    """Agencies as they are today; of several that are one by now, the last exemplar."""
    found: dict[Bucket, Shown] = {}
    for bucket, shown in sorted(examples.items(), key=lambda item: item[1].at_ms):
        if bucket.histogram == Histogram.CONSUMED:
            found[bucket._replace(name=policy.present(bucket.name))] = shown
        else:
            found[bucket] = shown
    return found


def _due_by(slot: int, today: int) -> DueBy:
    if slot == NO_SLOT:
        return DueBy.NONE
    if slot < today:
        return DueBy.OVERDUE
    if slot == today:
        return DueBy.TODAY
    return DueBy.TOMORROW if slot == today + 1 else DueBy.LATER
