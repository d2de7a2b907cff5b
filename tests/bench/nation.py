"""A ledger as a nation has it after a year: so many dossiers, and all that pages and figures read of them.

`books` writes journal, totals and cells by SQL; `rows` the dossiers, as copies of some that were booked;
`kept` has cuts, balances, sums, dues and objectives made by those who make them beside a worker; `beside`
writes by hand what sources, the quarantine, the book of looks and the archive would hold by then.
"""

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import asyncpg

from agents.dues import Dues
from agents.judging import Judge
from monitor.domain.measures import Clock, Measure, Part, clock_measure
from monitor.domain.period import Period, Span
from monitor.domain.scope import Scope
from monitor.domain.zone import date_of
from monitor.ledger import reading_book
from monitor.ledger.follower import fold, seal
from monitor.ledger.indicator_sets import store
from monitor.ledger.migrate import migrate
from monitor.ledger.official import By, NoSuch, Officials, Ranked
from monitor.reference.indicators import load_sets
from monitor.reference.objectives import load_watched
from monitor.reference.policy import Reference, load_reference
from schemas.refusal import Reason
from tests.ledger.fill import feeding
from tests.outlets.api.service import POLICY, REFERENCE, now
from tests.outlets.console.service import country
from tests.servers.require import ROOT

SHIPPED: Final = ROOT / "deploy" / "reference"
DAYS: Final = 375  # the year and some days
SOURCES: Final = 60
REFUSED: Final = 200_000
LOOKS: Final = 300_000
REPORTS: Final = 2_000
TEMPLATES: Final = 1_200  # dossiers that are booked, and then copied
AT_ONCE: Final = 50_000  # dossiers that one statement writes

# Whoever handles dossiers: of a province its departments and communes, of a ministry 5 divisions.
_HANDLERS: Final = """
    CREATE UNLOGGED TABLE handler AS
    SELECT row_number() OVER () AS n, code || suffix AS agency, code LIKE 'H%' AS province
    FROM unnest($1::text[]) AS first (code), LATERAL (
        SELECT '.' || to_char(part, 'FM00') AS suffix
        FROM generate_series(1, CASE WHEN code LIKE 'H%' THEN 99 ELSE 5 END) AS part
    ) AS below
"""
_PLACES: Final = """
    INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level)
    SELECT handler.agency, '', known.procedure, channel, '', level
    FROM handler, generate_series(1, 3) AS channel, (
        SELECT number, 2 + number % 3 AS level,
               coalesce(($1::text[])[number], '1.0' || lpad((number)::text, 5, '0')) AS procedure
        FROM generate_series(1, 400) AS number
    ) AS known
    WHERE (handler.n + known.number) % 20 = 0
    ON CONFLICT DO NOTHING
"""
# Of a dossier: where, when it was received and ended, when it falls due, and its traits.
_TOLD: Final = """
    CREATE UNLOGGED TABLE told AS
    SELECT n, chosen.cells[1 + floor(random() * cardinality(chosen.cells))::int] AS cell,
           received, due, CASE WHEN taken < 60 AND received + taken <= $2 + $3 THEN received + taken END AS ended,
           (1 << (n % 4)::int) | (random() * 2)::int * 16 | 32 | 64 | 128 | 256
           | (CASE WHEN random() < 0.5 THEN 512 | (2048 << (random() * 2)::int) ELSE 1024 END)
           | (CASE WHEN random() < 0.6 THEN 16384 ELSE 32768 END)
           | (CASE WHEN random() < 0.7 THEN 65536 ELSE 0 END)
           | (CASE WHEN random() < 0.3 THEN 131072 ELSE 0 END)
           | (CASE WHEN random() < 0.8 THEN 2097152 ELSE 0 END) AS traits
    FROM (
        SELECT n, $2 + floor(random() * ($3 + 1))::int AS received, floor(random() * 62)::int AS taken
        FROM generate_series(1, $1) AS n
    ) AS drawn
    CROSS JOIN LATERAL (SELECT received + 5 + n % 25 AS due) AS limits
    CROSS JOIN (SELECT array_agg(id) AS cells FROM cell JOIN handler USING (agency)) AS chosen
"""
_LINES: Final = f"""
    INSERT INTO journal_page (class, measures, cells, days, slots, amounts)
    SELECT 0, array_agg(measure::int2), array_agg(cell), array_agg(day), array_agg(slot),
           array_agg(amount)
    FROM (
        SELECT told.n, told.cell, line.* FROM told, LATERAL (VALUES
            ({Measure.ACCEPTED.value}, received, -1, 1::int8),
            ({Measure.ACCEPTED_TRAITS.value}, received, traits, 1),
            ({Measure.IN_PROCESS.value}, received, due, 1),
            ({Measure.IN_PROCESS_766.value}, received, due, 1),
            ({Measure.IN_PROCESS_06B.value}, received, due, 1),
            ({Measure.OPEN_TRAITS.value}, received, traits, 1),
            ({Measure.IN_PROCESS.value}, ended, due, -1),
            ({Measure.IN_PROCESS_766.value}, ended, due, -1),
            ({Measure.IN_PROCESS_06B.value}, ended, due, -1),
            ({Measure.OPEN_TRAITS.value}, ended, traits, -1),
            ({Measure.COMPLETED.value}, ended, -1, 1),
            ({Measure.ENDED_TRAITS.value}, ended, traits, 1),
            (CASE WHEN ended <= due THEN {Measure.ON_TIME_766.value}
                  ELSE {Measure.LATE_766.value} END, ended, -1, 1),
            (CASE WHEN ended < due THEN {Measure.EARLY_06B.value}
                  WHEN ended = due THEN {Measure.ON_TIME_06B.value}
                  ELSE {Measure.LATE_06B.value} END, ended, -1, 1),
            ({Measure.PROCESSING_TIME.value}, ended, -1, 86400000),
            ({clock_measure(Clock.PROCESSING, Part.WORKED)}, ended, -1, 28800000),
            ({Measure.TIMED_RECEIVED.value}, CASE WHEN ended IS NULL THEN ended ELSE received END,
             -1, 1),
            ({Measure.ELAPSED_RECEIVED.value}, CASE WHEN ended IS NULL THEN ended ELSE received END,
             -1, 86400000),
            ({Measure.RATED.value}, CASE WHEN told.n % 5 = 0 THEN ended END, 1 + (told.n % 7)::int % 5, 1)
        ) AS line (measure, day, slot, amount)
        WHERE line.day IS NOT NULL AND told.n > $1 AND told.n <= $2
    ) AS one
    GROUP BY n / 18 ORDER BY n / 18
"""


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Says how long something took."""
    began = time.perf_counter()
    yield
    print(f"{what}: {time.perf_counter() - began:.0f} s", flush=True)


async def books(
    connection: Any, dossiers: int, reference: Reference, today: int, days: int = DAYS
) -> int:
    """Cells, and the journal of a year up to a day; what was told stays in the table `told`. How many lines."""
    first = [code for code, row in reference.agencies.at(today).items() if not row.parent]
    known = [row.value.code for row in reference.procedures.rows()]
    # Fewer than a twentieth are in the catalogue; pages of these have a name.
    spread = [known[n // 6] if n % 6 == 0 and n // 6 < len(known) else None for n in range(400)]
    await connection.execute("SET synchronous_commit = off")
    await connection.execute(_written(_HANDLERS, f"ARRAY[{_texts(first)}]"))
    await connection.execute(_PLACES, spread)
    await connection.execute("SELECT setseed(0.5)")
    await connection.execute(_written(_TOLD, dossiers, today - days, days))
    await connection.execute("CREATE INDEX ON told (n)")
    for done in range(0, dossiers, AT_ONCE):
        await connection.execute(_LINES, done, min(dossiers, done + AT_ONCE))
    lines: int = await connection.fetchval(
        "SELECT sum(cardinality(cells))::int8 FROM journal_page"
    )
    return lines


def _written(query: str, *given: object) -> str:
    # A statement that makes a table takes no arguments.
    for place, one in enumerate(given, 1):
        query = query.replace(f"${place}::text[]", str(one)).replace(f"${place}", str(one))
    return query


def _texts(codes: list[str]) -> str:
    return ", ".join(f"'{code}'" for code in codes)


# -- rows of dossiers ------------------------------------------------------------------------------

_TEMPLATES: Final = """
    CREATE UNLOGGED TABLE template AS
    SELECT outcome IN (4, 5) AS open, row_number() OVER (PARTITION BY outcome IN (4, 5) ORDER BY key) AS n, dossier.*
    FROM dossier WHERE outcome IN (4, 5, 6, 7) AND cell IS NOT NULL AND key NOT LIKE '%|%'
"""
_ROWS: Final = """
    INSERT INTO dossier (key, version, rules, epoch, outcome, cell, due_ms, events, booked, form, booked_form)
    SELECT cell.agency || '-' || to_char(date '1970-01-01' + told.received, 'YYMMDD') || '-'
           || lpad(told.n::text, 8, '0'),
           template.version, template.rules, template.epoch, template.outcome, told.cell,
           (told.due * 86400000::int8) + 36000000, template.events, template.booked, template.form,
           template.booked_form
    FROM told JOIN cell ON cell.id = told.cell
    CROSS JOIN (SELECT count(*) FILTER (WHERE open) AS open, count(*) FILTER (WHERE NOT open) AS ended
                FROM template) AS many
    JOIN template ON template.open = (told.ended IS NULL)
        AND template.n = 1 + told.n % CASE WHEN told.ended IS NULL THEN many.open ELSE many.ended END
    WHERE told.n > $1 AND told.n <= $2
"""
_TOTALS: Final = f"""
    INSERT INTO total AS held (shard, measure, agency, channel, level, slot, class, credit, debit)
    SELECT 0, line.measure, cell.level1, cell.channel, cell.level, line.slot, 0,
           coalesce(sum(amount) FILTER (WHERE amount > 0), 0), coalesce(-sum(amount) FILTER (WHERE amount < 0), 0)
    FROM told JOIN cell ON cell.id = told.cell, LATERAL (VALUES
        ({Measure.ACCEPTED.value}, -1, 1, true),
        ({Measure.IN_PROCESS.value}, due, 1, true),
        ({Measure.IN_PROCESS.value}, due, -1, ended IS NOT NULL),
        ({Measure.COMPLETED.value}, -1, 1, ended IS NOT NULL),
        ({Measure.ON_TIME_766.value}, -1, 1, ended <= due),
        ({Measure.LATE_766.value}, -1, 1, ended > due)
    ) AS line (measure, slot, amount, there)
    WHERE line.there
    GROUP BY 2, 3, 4, 5, 6
    ON CONFLICT (shard, measure, agency, channel, level, slot, class)
    DO UPDATE SET credit = held.credit + excluded.credit, debit = held.debit + excluded.debit
"""


async def booked(dsn: str, dossiers: int = TEMPLATES) -> None:
    """Some of the generator's dossiers through the worker's own desk: they are what is copied."""
    at_ms = int(now().timestamp() * 1000)
    async with feeding(dsn, POLICY, now_ms=at_ms, reference=REFERENCE) as feeder:
        await feeder.hear(country(dossiers))
    connection = await asyncpg.connect(dsn)
    try:
        await store(connection, load_sets(SHIPPED))
        # As if it had been so for the whole year: cuts are told by the policy of their time.
        for moved in (
            "UPDATE reference_set SET known_from = now() - interval '500 days'",
            "UPDATE policy SET begun_at = now() - interval '500 days', activated_at = now() - interval '500 days'",
            "UPDATE indicator_set SET known_at = now() - interval '500 days'",
        ):
            await connection.execute(moved)
    finally:
        await connection.close()


async def rows(connection: Any, dossiers: int) -> None:
    """A row for each of `told`, and totals of what is shown."""
    await connection.execute(_TEMPLATES)
    for done in range(0, dossiers, AT_ONCE):
        await connection.execute(_ROWS, done, min(dossiers, done + AT_ONCE))
    await connection.execute(_TOTALS)


# -- what is kept beside a worker ------------------------------------------------------------------

# One for each twentieth page, spread over the year: the journal has no times of its own.
_CUTS: Final = """
    INSERT INTO cut (seq, read_at, sealed_at)
    SELECT seq, at, at FROM (
        SELECT seq, now() - interval '365 days' * (1 - row_number() OVER (ORDER BY seq) / (1.0 + count(*) OVER ())) AS at
        FROM journal_page
    ) AS page WHERE seq % 20 = 0
    ON CONFLICT DO NOTHING
"""


async def kept(connection: Any) -> None:
    """Cuts, balances, sums of what pages ask, dues, and objectives."""
    with timed("cuts"):
        await connection.execute(_CUTS)
        cut = await seal(connection)
    with timed("balances"):
        while await fold(connection, cut):
            pass
    at_ms = int(now().timestamp() * 1000)
    with timed("dues"):
        await Dues(POLICY, now_ms=lambda: at_ms).round(connection)
    with timed("objectives"):
        judge = Judge(load_watched(SHIPPED), POLICY, now_ms=lambda: at_ms)
        while await judge.round(connection):
            pass
    with timed("sums"):
        while await reading_book.follow(connection, 60):
            pass


async def ask(dsn: str, today: int) -> None:
    """Ask for what pages ask for, as a role that may ask for sums: then the follower keeps them."""
    month = Period.holding(Span.MONTH, date_of(today))
    # Whole years have the same sums; a province's page has its parts and its procedures.
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2, command_timeout=600) as pool:
        officials = Officials(pool)
        for set_id in await officials.sets():
            for kind in (Ranked.PROVINCES, Ranked.MINISTRIES):
                try:
                    await officials.ranking(set_id, month, kind=kind)
                except NoSuch:
                    continue
            for by in (By.UNIT, By.PROCEDURE):
                try:
                    await officials.breakdown(set_id, Scope("H56"), month, by=by)
                except NoSuch:
                    continue


# -- what others have left --------------------------------------------------------------------------

_BESIDE: Final = """
    INSERT INTO source (code, name, owner, kind, status, go_live, zone, claiming, heartbeat_seconds)
    SELECT code || '-onestop', 'Một cửa ' || code, code, 'system', 'live', '2025-09-01', 'Asia/Ho_Chi_Minh',
           n % 3 = 0, CASE WHEN n % 2 = 0 THEN 60 END
    FROM unnest($1::text[]) WITH ORDINALITY AS first (code, n) ON CONFLICT DO NOTHING;
    INSERT INTO connection (source, trial, class, since_ms, judged_ms, last_ms, beat_ms, silence_ms,
        working_ms, connected_ms, p50_ms, p95_ms, maintenance, facts)
    SELECT code, false, (ARRAY['connected', 'connected', 'partial', 'interrupted'])[1 + n % 4], $2 - 5400000 * n,
           $2, $2 - 60000 * n, NULL, 2700000, 360000000, 350000000, 900, 154000, false,
           '[{"fact": "waiting", "since_ms": null, "detail": "41"}]'
    FROM (SELECT code, row_number() OVER (ORDER BY code) AS n FROM source) AS known ON CONFLICT DO NOTHING;
    INSERT INTO connection_spell (source, since_ms, until_ms, class)
    SELECT code, $2 - (n + 1) * 20000000::int8, CASE WHEN n > 0 THEN $2 - n * 20000000::int8 END,
           (ARRAY['connected', 'partial', 'connected', 'interrupted'])[1 + n % 4]
    FROM source, generate_series(0, 1500) AS n ON CONFLICT DO NOTHING;
    INSERT INTO claim (source, day, claim, chunks, arrived_ms, complete_ms)
    SELECT code, $3 - n, 'daily', 1, $2 - n * 86400000::int8, $2 - n * 86400000::int8
    FROM source, generate_series(1, 370) AS n;
    INSERT INTO claim_count (source, day, claim, kind, state, events)
    SELECT code, $3 - n, 'daily', 1, state, 1000 + n FROM source, generate_series(1, 370) AS n,
           generate_series(0, 10) AS state;
    INSERT INTO counted (source, day, kind, state, events, late, another, last_ms)
    SELECT code, $3 - n, 1, state, 1000 + n, 4, 1, $2 FROM source, generate_series(0, 60) AS n,
           generate_series(0, 10) AS state ON CONFLICT DO NOTHING;
    INSERT INTO comparison (source, day, at_ms, claim, claimed, counted, differing)
    SELECT code, $3 - n, $2 - n * 86400000::int8 + again * 1000, 'daily', 11000, 10990 + again, 10 - again
    FROM source, generate_series(1, 370) AS n, generate_series(0, 5) AS again;
    INSERT INTO activity_hour (source, hour, events, minutes, last_ms)
    SELECT code, $2 / 3600000 - n, 500, 1023, $2 FROM source, generate_series(0, 1440) AS n ON CONFLICT DO NOTHING;
    INSERT INTO maintenance (source, name, from_ms, to_ms, units, reason, force_majeure, cancelled,
        claimed_ms, announced_ms)
    SELECT code, 'nang-cap-' || n, $2 - n * 864000000::int8, $2 - n * 864000000::int8 + 7200000, '{}', 'upgrade',
           false, false, $2, $2 FROM source, generate_series(0, 30) AS n;
    INSERT INTO objective_spell (objective, scope, since_ms, until_ms, state, version, good, bad)
    SELECT objective, scope, $2 - (n + 1) * 43200000::int8, $2 - n * 43200000::int8,
           (ARRAY['good', 'burning'])[1 + n % 2], 'earlier', 900, 20
    FROM objective_standing, generate_series(1, 600) AS n ON CONFLICT DO NOTHING;
    INSERT INTO latency (measure, agency, step, dossiers, p50_ms, p95_ms)
    SELECT 252, code, 'step-' || n, 1000 + n, 3600000 * n, 7200000 * n
    FROM unnest($1::text[]) AS first (code), generate_series(1, 12) AS n ON CONFLICT DO NOTHING;
    INSERT INTO quarantine (topic, partition, "offset", source, reason, detail, size, hash, sealed, arrived,
        state, tries, settled_at)
    SELECT 'emc.dossiers', 100 + n % 8, n, CASE WHEN n % 50 = 0 THEN '' ELSE 'H' || lpad((n % 60)::text, 2, '0') || '-onestop' END,
           ($4::text[])[1 + (n / 60) % cardinality($4::text[])], 'data.field_' || n % 40, 311, '\\x00',
           convert_to(repeat('x', 300), 'UTF8'), now() - n * interval '2 minutes',
           CASE WHEN n % 10 < 6 THEN 'held' WHEN n % 10 < 9 THEN 'returned' ELSE 'dropped' END, 1,
           CASE WHEN n % 10 >= 6 THEN now() END
    FROM generate_series(1, $5::int) AS n;
    INSERT INTO reconciled (name, compared, differing, stale, ended_at)
    VALUES ('balances', 24000000, 0, 0, now()), ('dossiers', 1000000, 0, 0, now()) ON CONFLICT DO NOTHING;
    INSERT INTO position_set (at, who, why, topic, partition, from_next, to_next, from_cluster, to_cluster,
        from_group, to_group, epoch)
    SELECT now() - n * interval '1 day', 'operator', 'moved', 'emc.dossiers', n % 8, n, n + 1, 'a', 'a', 'emc', 'emc', n
    FROM generate_series(1, 200) AS n;
    INSERT INTO access_audit (at, who, role, agency, asked, address, status, rows)
    SELECT now() - n * interval '90 seconds', 'reader-' || n % 40, 'national', '', '/dossiers/' || n, '10.0.0.1', 200, 1
    FROM generate_series(1, $6::int) AS n;
    INSERT INTO published_report (kind, indicators, set_version, set_hash, scope, period, asked, cut, sealed_at,
        format, language, content, sha256, figures, release, published_by, why)
    SELECT 'scorecard', file, '1', hash, (ARRAY['H56', 'H26', 'country'])[1 + n % 3], '2026-' || to_char(1 + n % 9, 'FM00'),
           '{}', (SELECT max(seq) FROM cut), now() - n * interval '4 hours', 'xlsx', 'vi',
           convert_to(repeat('x', 40000), 'UTF8'), '\\x00', '\\x00', '1.0', 'reporter', ''
    FROM generate_series(1, $7::int) AS n,
         LATERAL (SELECT file, hash FROM indicator_set ORDER BY file OFFSET n % 6 LIMIT 1) AS set
"""


async def beside(connection: Any, reference: Reference, today: int) -> None:
    """Sources, refusals, looks and reports; and what is known of connections and objectives of before."""
    at_ms = int(now().timestamp() * 1000)
    first = [code for code, row in reference.agencies.at(today).items() if not row.parent][
        :SOURCES
    ]
    reasons = [str(one.value) for one in Reason]
    given = [
        f"ARRAY[{_texts(first)}]",
        f"{at_ms}::int8",
        today,
        f"ARRAY[{_texts(reasons)}]",
        REFUSED,
        LOOKS,
        REPORTS,
    ]
    script = _BESIDE
    for place in range(len(given), 0, -1):
        script = script.replace(f"${place}::text[]", str(given[place - 1])).replace(
            f"${place}", str(given[place - 1])
        )
    await connection.execute(script)


async def fill(dsn: str, dossiers: int, opened: Callable[[str], Awaitable[None]]) -> None:
    """All of it, as of today; `opened` opens pages, so that what they ask for is kept."""
    reference = load_reference(SHIPPED)
    await migrate(dsn)
    with timed("dossiers to copy"):
        await booked(dsn)
    today = POLICY.zone.day(int(now().timestamp() * 1000))
    connection: Any = await asyncpg.connect(dsn, command_timeout=3_600)
    try:
        # While there is little to sum they are answered at once, and asked for all the same.
        with timed("sums asked for"):
            await fold(connection, await seal(connection))
            await ask(dsn, today)
            await opened(dsn)
        with timed(f"journal of {dossiers:,} dossiers"):
            lines = await books(connection, dossiers, reference, today)
        print(f"{lines:,} lines")
        with timed("their rows"):
            await rows(connection, dossiers)
        await connection.execute("DROP TABLE told, template, handler")
        await connection.execute("VACUUM ANALYZE")
        await kept(connection)
        with timed("what else there is"):
            await beside(connection, reference, today)
        await connection.execute("VACUUM ANALYZE")
        for table, count, size in await connection.fetch(_SIZES):
            print(f"  {table}: {count:,} rows, {size / 1e6:,.0f} MB")
    finally:
        await connection.close()


_SIZES: Final = """
    SELECT relname, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables
    WHERE n_live_tup > 10000 ORDER BY 3 DESC
"""
