"""The connections of sources in the ledger: what came is counted, compared, judged and kept.

Bookings put what came into `sent`, one row each; whoever keeps connections takes rows away and
adds what they hold to the activity, both in one transaction: each event is counted exactly once,
and sums do not depend on the order in which bookings became visible.
"""

import json
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from monitor.domain.activity import Arrived, Counted, HourKey, Part
from monitor.domain.connection import (
    Activity,
    Class,
    Compared,
    Connection,
    Expected,
    Hour,
    Seen,
    Spell,
    Window,
)
from monitor.domain.zone import DAY_MS

HOUR_MS: Final = 3_600_000
TAKEN_AT_ONCE: Final = 200  # rows of `sent`; each may hold 20,000 events
OUTSIDE: Final = "outside_mandate"  # the reason of refusals that tells of a wrong agency
PARTS_MERGED: Final = 50  # of the keys of a day


class Put(NamedTuple):
    """A row of `sent`: what a booking has put by."""

    id: int
    events: bytes
    replaced: bytes
    repeats: Sequence[tuple[str, int, int]]
    refused: Sequence[tuple[str, int, str, int]]
    beats: Sequence[tuple[str, int, int, int | None]]
    claimed: Sequence[tuple[str, int]]


async def leads(connection: Any, lock: int) -> bool:
    """Whether this connection has the lock, taken now if it is free; held until it ends."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock))


async def backlog(connection: Any) -> int:
    """How many bookings are not counted yet."""
    return int(await connection.fetchval("SELECT count(*) FROM sent"))


async def take(connection: Any, most: int = TAKEN_AT_ONCE) -> list[Put]:
    """Take rows away, the oldest first; they are gone when the transaction ends."""
    rows = await connection.fetch(
        "DELETE FROM sent WHERE id = ANY(ARRAY(SELECT id FROM sent ORDER BY id LIMIT $1))"
        " RETURNING id, events, replaced, repeat_source, repeat_hour, repeats, refused, beats,"
        " claimed",
        most,
    )
    return [
        Put(
            row["id"],
            row["events"],
            row["replaced"],
            list(zip(row["repeat_source"], row["repeat_hour"], row["repeats"], strict=True)),
            json.loads(row["refused"]),
            json.loads(row["beats"]),
            json.loads(row["claimed"]),
        )
        for row in rows
    ]


async def add_arrived(connection: Any, hours: Mapping[HourKey, Arrived]) -> None:
    """Add what came, by hour; in one order, so that no two that add wait for each other."""
    await connection.executemany(
        """
        INSERT INTO activity_hour AS held (source, hour, events, minutes, last_ms)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (source, hour) DO UPDATE SET events = held.events + excluded.events,
            minutes = held.minutes | excluded.minutes,
            last_ms = greatest(held.last_ms, excluded.last_ms)
        """,
        [
            (*key, here.events, here.minutes, here.last_ms)
            for key, here in sorted(hours.items())
        ],
    )


async def add(connection: Any, counted: Counted) -> None:
    """Add what was counted to the activity."""
    await add_arrived(connection, counted.hours)
    await connection.executemany(
        "INSERT INTO activity_kind AS held VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (source, hour, kind, state)"
        " DO UPDATE SET events = held.events + excluded.events",
        [(*key, number) for key, number in sorted(counted.kinds.items())],
    )
    await connection.executemany(
        "INSERT INTO activity_delay AS held VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (source, hour, bin) DO UPDATE SET events = held.events + excluded.events",
        [(*key, number) for key, number in sorted(counted.delays.items())],
    )
    await connection.executemany(
        """
        INSERT INTO activity_part AS held VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (source, part, name, day) DO UPDATE
        SET events = held.events + excluded.events,
            first_ms = least(held.first_ms, excluded.first_ms),
            last_ms = greatest(held.last_ms, excluded.last_ms)
        """,
        [
            (source, part.value, name, day, seen.events, seen.first_ms, seen.last_ms)
            for (source, part, name, day), seen in sorted(counted.parts.items())
        ],
    )
    await connection.executemany(
        """
        INSERT INTO counted AS held VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (source, day, kind, state) DO UPDATE
        SET events = held.events + excluded.events, late = held.late + excluded.late,
            another = held.another + excluded.another,
            last_ms = greatest(held.last_ms, excluded.last_ms)
        """,
        [
            (*key, here.events, here.late, here.another, here.last_ms)
            for key, here in sorted(counted.days.items())
        ],
    )
    await connection.executemany(
        "INSERT INTO counted_dossiers (source, day, keys) VALUES ($1, $2, $3)",
        [(*key, deflated(keys)) for key, keys in sorted(counted.dossiers.items())],
    )


async def add_rest(connection: Any, rows: Iterable[Put]) -> None:
    """Add repeats, refusals and heartbeats to the activity."""
    repeats: dict[tuple[str, int], int] = {}
    outside: dict[tuple[str, int], int] = {}
    beats: dict[tuple[str, int], Beats] = {}
    for row in rows:
        for source, hour, number in row.repeats:
            repeats[source, hour] = repeats.get((source, hour), 0) + number
        for source, hour, reason, number in row.refused:
            if reason == OUTSIDE:
                outside[source, hour] = outside.get((source, hour), 0) + number
        for source, at, interval_ms, waiting in row.beats:
            key = (source, at // HOUR_MS)
            beats[key] = beats.get(key, NO_BEATS).with_one(at, interval_ms, waiting)
    for column, numbers in (("repeats", repeats), ("outside", outside)):
        await connection.executemany(
            f"INSERT INTO activity_hour AS held (source, hour, {column}) VALUES ($1, $2, $3)"  # noqa: S608 - our constants
            f" ON CONFLICT (source, hour) DO UPDATE SET {column} = held.{column} + $3",
            [(*key, number) for key, number in sorted(numbers.items())],
        )
    await connection.executemany(
        """
        INSERT INTO activity_hour AS held
            (source, hour, beats, beat_minutes, beat_ms, interval_ms, waiting)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (source, hour) DO UPDATE SET beats = held.beats + excluded.beats,
            beat_minutes = held.beat_minutes | excluded.beat_minutes,
            interval_ms = CASE WHEN excluded.beat_ms >= held.beat_ms
                THEN excluded.interval_ms ELSE held.interval_ms END,
            waiting = CASE WHEN excluded.beat_ms >= held.beat_ms
                THEN excluded.waiting ELSE held.waiting END,
            beat_ms = greatest(held.beat_ms, excluded.beat_ms)
        """,
        [(*key, *here) for key, here in sorted(beats.items())],
    )


class Beats(NamedTuple):
    """The heartbeats of an hour."""

    number: int = 0
    minutes: int = 0
    last_ms: int = 0
    interval_ms: int = 0
    waiting: int | None = None

    def with_one(self, at: int, interval_ms: int, waiting: int | None) -> "Beats":
        minutes = self.minutes | 1 << at % HOUR_MS // 60_000
        if at < self.last_ms:
            return self._replace(number=self.number + 1, minutes=minutes)
        return Beats(self.number + 1, minutes, at, interval_ms, waiting)


NO_BEATS: Final = Beats()


def deflated(keys: Iterable[str]) -> bytes:
    """Keys of dossiers in order, one a line, deflated: codes of a day are much alike."""
    return zlib.compress("\n".join(sorted(keys)).encode(), 6)


def inflated(packed: bytes) -> set[str]:
    """The keys that `deflated` packed."""
    text = zlib.decompress(packed).decode()
    return set(text.split("\n")) if text else set()


async def dossiers_of(connection: Any, source: str, day: int) -> set[str]:
    """The dossiers of which a source told something on a day; parts that are many are merged."""
    rows = await connection.fetch(
        "SELECT part, keys FROM counted_dossiers WHERE source = $1 AND day = $2", source, day
    )
    keys: set[str] = set()
    for row in rows:
        keys |= inflated(row["keys"])
    return keys


async def merge_parts(connection: Any) -> int:
    """Draw together the parts of days that have many; how many days."""
    days = await connection.fetch(
        "SELECT source, day FROM counted_dossiers GROUP BY source, day HAVING count(*) > $1",
        PARTS_MERGED,
    )
    for source, day in days:
        async with connection.transaction():
            keys = await dossiers_of(connection, source, day)
            await connection.execute(
                "DELETE FROM counted_dossiers WHERE source = $1 AND day = $2", source, day
            )
            await connection.execute(
                "INSERT INTO counted_dossiers (source, day, keys) VALUES ($1, $2, $3)",
                source,
                day,
                deflated(keys),
            )
    return len(days)


# -- what is known of a source ---------------------------------------------------------------


async def activity(
    connection: Any, source: str, expected: Iterable[Expected], from_ms: int, delays_ms: int
) -> Activity:
    """What came of a source since a time, of its parts those expected; delays of late only."""
    first = from_ms // HOUR_MS
    day = from_ms // DAY_MS - 1
    delays: dict[int, dict[int, int]] = {}
    for hour, place, number in await connection.fetch(
        "SELECT hour, bin, events FROM activity_delay WHERE source = $1 AND hour >= $2",
        source,
        max(first, delays_ms // HOUR_MS),
    ):
        delays.setdefault(hour, {})[place] = number
    hours = {
        row["hour"]: _hour(row, delays.get(row["hour"], {}))
        for row in await connection.fetch(
            "SELECT hour, events, minutes, last_ms, repeats, outside, beats, beat_minutes,"
            " beat_ms, interval_ms, waiting FROM activity_hour WHERE source = $1 AND hour >= $2",
            source,
            first,
        )
    }
    parts: dict[tuple[Part, str], dict[int, Seen]] = {}
    for part, name in {(one.part, one.name) for one in expected}:
        rows = await connection.fetch(
            "SELECT day, sum(events)::int8, min(first_ms), max(last_ms) FROM activity_part"
            " WHERE source = $1 AND part = $2 AND (name = $3 OR starts_with(name, $3 || '.'))"
            " AND day >= $4 GROUP BY day",
            source,
            part.value,
            name,
            day,
        )
        parts[part, name] = {row[0]: Seen(row[1], row[2], row[3]) for row in rows}
    compared: dict[int, list[Compared]] = {}
    for on, *found in await connection.fetch(
        "SELECT day, at_ms, claimed, counted, differing FROM comparison"
        " WHERE source = $1 AND day >= $2 ORDER BY day, at_ms",
        source,
        day,
    ):
        compared.setdefault(on, []).append(Compared(*found))
    return Activity(hours, parts, compared, await windows(connection, source, from_ms))


def _hour(row: Mapping[str, Any], delays: Mapping[int, int]) -> Hour:
    return Hour(**{name: value for name, value in row.items() if name != "hour"}, delays=delays)


async def windows(connection: Any, source: str, from_ms: int) -> list[Window]:
    """Announced maintenance of a source that was not called off, as far as it ends later."""
    rows = await connection.fetch(
        "SELECT name, from_ms, to_ms, announced_ms, force_majeure, units, reason FROM maintenance"
        " WHERE source = $1 AND to_ms >= $2 AND NOT cancelled ORDER BY from_ms, name",
        source,
        from_ms,
    )
    return [
        Window(name, begin, end, told, majeure, tuple(units), reason)
        for name, begin, end, told, majeure, units, reason in rows
    ]


# -- what sources say ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """Maintenance, as a source told it."""

    source: str
    window: Window
    cancelled: bool
    claimed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A claim for a day, or a chunk of one."""

    source: str
    day: int
    claim: str
    chunk: int
    chunks: int
    arrived_ms: int
    counts: Sequence[tuple[int, int, int]]  # kind, state, events
    keys: Collection[str] | None  # None: it is no list


async def announce(connection: Any, told: Announced) -> None:
    """Keep an announcement: of the same window the last telling, by its claimed time, stands.

    It counts as announced when these times first arrived: one that is moved or made longer is
    announced anew.
    """
    window = told.window
    await connection.execute(
        """
        INSERT INTO maintenance AS held (source, name, from_ms, to_ms, units, reason,
            force_majeure, cancelled, claimed_ms, announced_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (source, name) DO UPDATE SET from_ms = $3, to_ms = $4, units = $5,
            reason = $6, force_majeure = $7, cancelled = $8, claimed_ms = $9,
            announced_ms = CASE
                WHEN held.from_ms <= $3 AND held.to_ms >= $4 AND NOT held.cancelled
                    AND (held.units = '{}' OR held.units @> $5 AND $5 <> '{}')
                THEN least(held.announced_ms, $10) ELSE $10 END
        WHERE held.claimed_ms <= $9
        """,
        told.source,
        window.name,
        window.from_ms,
        window.to_ms,
        list(window.units),
        window.reason,
        window.force_majeure,
        told.cancelled,
        told.claimed_ms,
        window.announced_ms,
    )


async def claim(connection: Any, told: Claimed) -> None:
    """Keep a claim or a chunk of one; the same again changes nothing."""
    key = (told.source, told.day, told.claim)
    await connection.execute(
        "INSERT INTO claim (source, day, claim, chunks, arrived_ms) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (source, day, claim) DO UPDATE SET arrived_ms ="
        " least(claim.arrived_ms, excluded.arrived_ms)",
        *key,
        told.chunks,
        told.arrived_ms,
    )
    await connection.execute(
        "INSERT INTO claim_chunk (source, day, claim, chunk, arrived_ms, listed, keys)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        *key,
        told.chunk,
        told.arrived_ms,
        None if told.keys is None else len(told.keys),
        None if told.keys is None else deflated(told.keys),
    )
    await connection.executemany(
        "INSERT INTO claim_count (source, day, claim, kind, state, events)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        [(*key, *count) for count in told.counts],
    )
    await connection.execute(
        """
        UPDATE claim SET complete_ms = found.last_ms FROM (
            SELECT count(*) AS chunks, max(arrived_ms) AS last_ms FROM claim_chunk
            WHERE source = $1 AND day = $2 AND claim = $3
        ) AS found
        WHERE source = $1 AND day = $2 AND claim = $3 AND complete_ms IS NULL
          AND found.chunks >= claim.chunks
        """,
        *key,
    )


# -- reconciliation --------------------------------------------------------------------------


class Cell(NamedTuple):
    """Claim and count of a kind and state. `claimed` is None where nothing was claimed."""

    kind: int
    state: int  # -1: all, or none
    claimed: int | None
    counted: int
    late: int
    another: int


class Lists(NamedTuple):
    """A list of dossiers beside those that were counted."""

    claimed: int
    counted: int
    missing: frozenset[str]  # claimed, and nothing came
    surplus: frozenset[str]  # came, and not claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciliation:
    """How a source's claim for a day and our count of it stand."""

    claim: str | None  # that stands; None where there is no whole one
    claim_ms: int | None
    last_ms: int | None  # when the last counted event came
    cells: Sequence[Cell]
    lists: Lists | None

    @property
    def claimed(self) -> int:
        counts = sum(cell.claimed for cell in self.cells if cell.claimed is not None)
        return counts + (self.lists.claimed if self.lists else 0)

    @property
    def counted(self) -> int:
        """Of what was claimed."""
        counts = sum(cell.counted for cell in self.cells if cell.claimed is not None)
        return counts + (self.lists.counted if self.lists else 0)

    @property
    def differing(self) -> int:
        counts = sum(
            abs(cell.claimed - cell.counted) for cell in self.cells if cell.claimed is not None
        )
        return counts + (len(self.lists.missing) + len(self.lists.surplus) if self.lists else 0)


async def reconcile(connection: Any, source: str, day: int) -> Reconciliation:
    """The claim that stands for a day, beside what was counted of it."""
    standing = await connection.fetchrow(
        "SELECT claim, complete_ms FROM claim WHERE source = $1 AND day = $2"
        " AND complete_ms IS NOT NULL ORDER BY complete_ms DESC, claim DESC LIMIT 1",
        source,
        day,
    )
    counted = {
        (row["kind"], row["state"]): row
        for row in await connection.fetch(
            "SELECT kind, state, events, late, another, last_ms FROM counted"
            " WHERE source = $1 AND day = $2 AND (events <> 0 OR late <> 0)",
            source,
            day,
        )
    }
    claimed: dict[tuple[int, int], int] = {}
    lists = None
    if standing is not None:
        claimed = {
            (row["kind"], row["state"]): row["events"]
            for row in await connection.fetch(
                "SELECT kind, state, events FROM claim_count"
                " WHERE source = $1 AND day = $2 AND claim = $3",
                source,
                day,
                standing["claim"],
            )
        }
        lists = await _lists(connection, source, day, standing["claim"])
    return Reconciliation(
        claim=None if standing is None else standing["claim"],
        claim_ms=None if standing is None else standing["complete_ms"],
        last_ms=max((row["last_ms"] for row in counted.values()), default=None),
        cells=_cells(claimed, counted),
        lists=lists,
    )


def _cells(
    claimed: Mapping[tuple[int, int], int], counted: Mapping[tuple[int, int], Any]
) -> list[Cell]:
    """Of a kind claimed by state every state is compared; of one claimed as a whole, its sum."""
    by_state = {kind for kind, state in claimed if state >= 0}
    cells = []
    for key in sorted(claimed.keys() | counted.keys()):
        kind, state = key
        row = counted.get(key)
        here = claimed.get(key)
        if here is None and kind in by_state and state >= 0:
            here = 0
        if key in claimed and state < 0:
            rows = [found for (of, _), found in counted.items() if of == kind]
        else:
            rows = [] if row is None else [row]
        cells.append(
            Cell(
                kind,
                state,
                here,
                sum(found["events"] for found in rows),
                sum(found["late"] for found in rows),
                sum(found["another"] for found in rows),
            )
        )
    return cells


async def _lists(connection: Any, source: str, day: int, name: str) -> Lists | None:
    chunks = await connection.fetch(
        "SELECT keys FROM claim_chunk WHERE source = $1 AND day = $2 AND claim = $3"
        " AND keys IS NOT NULL",
        source,
        day,
        name,
    )
    if not chunks:
        return None
    listed: set[str] = set()
    for row in chunks:
        listed |= inflated(row["keys"])
    counted = await dossiers_of(connection, source, day)
    return Lists(
        len(listed), len(counted), frozenset(listed - counted), frozenset(counted - listed)
    )


async def compare(connection: Any, source: str, day: int) -> None:
    """Note how claim and count of a day stand, if that has changed."""
    found = await reconcile(connection, source, day)
    if found.claim is None or found.claim_ms is None:
        return
    now = (found.claim, found.claimed, found.counted, found.differing)
    last = await connection.fetchrow(
        "SELECT at_ms, claim, claimed, counted, differing FROM comparison"
        " WHERE source = $1 AND day = $2 ORDER BY at_ms DESC LIMIT 1",
        source,
        day,
    )
    at = max(found.claim_ms, found.last_ms or 0)
    if last is not None:
        if tuple(last)[1:] == now:
            return
        at = max(at, last["at_ms"] + 1)
    await connection.execute(
        "INSERT INTO comparison (source, day, at_ms, claim, claimed, counted, differing)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        source,
        day,
        at,
        *now,
    )


async def claimed_days(connection: Any, first: int) -> list[tuple[str, int]]:
    """The days from one on for which there are claims."""
    return [
        (row["source"], row["day"])
        for row in await connection.fetch(
            "SELECT DISTINCT source, day FROM claim WHERE day >= $1", first
        )
    ]


async def comparisons(connection: Any, source: str, day: int) -> list[tuple[str, Compared]]:
    """How claim and count of a day stood, one after another, with the claim's name."""
    rows = await connection.fetch(
        "SELECT claim, at_ms, claimed, counted, differing FROM comparison"
        " WHERE source = $1 AND day = $2 ORDER BY at_ms",
        source,
        day,
    )
    return [(row[0], Compared(*row[1:])) for row in rows]


# -- what was judged -------------------------------------------------------------------------


class Standing(NamedTuple):
    """How a connection stands, as last judged."""

    source: str
    trial: bool
    word: str
    since_ms: int
    judged_ms: int
    last_ms: int | None
    beat_ms: int | None
    silence_ms: int | None
    working_ms: int
    connected_ms: int
    p50_ms: int | None
    p95_ms: int | None
    maintenance: bool
    facts: str  # JSON: [{fact, since_ms, detail}]


STANDING: Final = (
    "SELECT source, trial, class, since_ms, judged_ms, last_ms, beat_ms, silence_ms, working_ms,"
    " connected_ms, p50_ms, p95_ms, maintenance, facts::text FROM connection ORDER BY source"
)


async def keep(
    connection: Any, source: str, judged: Connection, *, trial: bool, now_ms: int, from_ms: int
) -> None:
    """Keep how a connection stands, and how it stood since `from_ms`; before that stays."""
    facts: list[dict[str, Any]] = [
        {"fact": noted.fact.value, "since_ms": noted.since_ms, "detail": noted.detail}
        for noted in judged.facts
    ]
    facts += [{"fact": "absent", "since_ms": None, "detail": name} for name in judged.absent]
    async with connection.transaction():
        since = await _keep_spells(connection, source, judged.spells, from_ms)
        row = Standing(
            source=source,
            trial=trial,
            word=judged.word.value,
            since_ms=since,
            judged_ms=now_ms,
            last_ms=judged.last_ms,
            beat_ms=judged.beat_ms,
            silence_ms=judged.silence_ms,
            working_ms=judged.working_ms,
            connected_ms=judged.connected_ms,
            p50_ms=judged.p50_ms,
            p95_ms=judged.p95_ms,
            maintenance=judged.maintenance,
            facts=json.dumps(facts),
        )
        await connection.execute(
            "INSERT INTO connection VALUES"
            " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
            " ON CONFLICT (source) DO UPDATE SET (trial, class, since_ms, judged_ms, last_ms,"
            " beat_ms, silence_ms, working_ms, connected_ms, p50_ms, p95_ms, maintenance, facts)"
            " = ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
            *row,
        )


async def _keep_spells(
    connection: Any, source: str, spells: Sequence[Spell], from_ms: int
) -> int:
    """Returns since when the last class lasts, which may be from before the window."""
    await connection.execute(
        "DELETE FROM connection_spell WHERE source = $1 AND since_ms >= $2", source, from_ms
    )
    (first, *rest) = spells
    before = await connection.fetchrow(
        "SELECT since_ms, class FROM connection_spell WHERE source = $1"
        " ORDER BY since_ms DESC LIMIT 1",
        source,
    )
    since = first.since_ms
    if before is not None and before["class"] == first.word.value:
        since = before["since_ms"]
    elif before is not None:
        await connection.execute(
            "UPDATE connection_spell SET until_ms = $3 WHERE source = $1 AND since_ms = $2",
            source,
            before["since_ms"],
            first.since_ms,
        )
    kept = [first._replace(since_ms=since), *rest]
    await connection.executemany(
        "INSERT INTO connection_spell (source, since_ms, until_ms, class)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (source, since_ms) DO UPDATE"
        " SET until_ms = excluded.until_ms, class = excluded.class",
        [(source, spell.since_ms, spell.until_ms, spell.word.value) for spell in kept],
    )
    return kept[-1].since_ms


async def spells(connection: Any, source: str, from_ms: int = 0) -> list[Spell]:
    """How a connection stood, from the spell on that reaches a time."""
    rows = await connection.fetch(
        "SELECT class, since_ms, until_ms FROM connection_spell"
        " WHERE source = $1 AND (until_ms IS NULL OR until_ms > $2) ORDER BY since_ms",
        source,
        from_ms,
    )
    return [Spell(Class(row[0]), row[1], row[2]) for row in rows]


async def standings(connection: Any) -> list[Standing]:
    """How all connections stand, by source."""
    return [Standing(*row) for row in await connection.fetch(STANDING)]


async def forget(connection: Any, source: str) -> None:
    """A source that is struck off stands no more; how it stood stays."""
    await connection.execute("DELETE FROM connection WHERE source = $1", source)


async def sweep(connection: Any, before_ms: int) -> None:
    """End activity that no judgement looks at any more; claims and spells stay."""
    for table in ("activity_hour", "activity_kind", "activity_delay"):
        await connection.execute(f"DELETE FROM {table} WHERE hour < $1", before_ms // HOUR_MS)  # noqa: S608 - our constants
    for table in ("activity_part", "counted", "counted_dossiers"):
        await connection.execute(f"DELETE FROM {table} WHERE day < $1", before_ms // DAY_MS)  # noqa: S608 - our constants
