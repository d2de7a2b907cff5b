"""Sums of the journal that are too large to be made for every scrape, and quantiles from them.

Working time of steps and of whole dossiers by bin, of recent days, and warnings as counters. They
follow the balances: what is in these up to the follower's watermark is in them a moment later,
each page of the journal once, because how far they are moves in the transaction that adds it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from monitor.domain.calendar import WorkCalendar
from monitor.domain.lifecycle import Holder
from monitor.domain.measures import Clock, Measure, Part, clock_measure
from monitor.domain.quantiles import quantile_ms
from monitor.ledger.balances import LEVEL1, Accounts, Dimension, known_now

STEP: Final = clock_measure(Clock.STEP, Part.WORKED_BINS)
PROCESSING: Final = clock_measure(Clock.PROCESSING, Part.WORKED_BINS)
PAGES_AT_ONCE: Final = 3_000  # so many meet the same sums again and again
WINDOW_DAYS: Final = 20  # working days, today among them
KEPT_DAYS: Final = 60  # the window, with the longest holidays in it
STEPS: Final = 12  # of an agency, those that most dossiers have passed; the rest is OTHER_STEP
OTHER_STEP: Final = "other"


class Latency(NamedTuple):
    """Working time of a step, or of whole dossiers, where the step is ""."""

    measure: int
    agency: str  # of level 1
    step: str
    dossiers: int  # that it rests on, each time a dossier passed the step
    p50_ms: int
    p95_ms: int


class Warned(NamedTuple):
    """A counter of warnings."""

    agency: str  # of level 1
    warning: int
    booking_class: int


# Of a page only the measures are unnested, as of its other arrays one line in seven is looked at;
# and agencies are few, so that each is parsed once.
_ADD: Final = f"""
    WITH taken AS MATERIALIZED (
        SELECT at.measure, page.cells[at.number] AS cell, page.days[at.number] AS day,
               page.slots[at.number] AS slot, page.class, page.amounts[at.number] AS amount
        FROM journal_page AS page,
             unnest(page.measures) WITH ORDINALITY AS at (measure, number)
        WHERE page.seq > $1 AND page.seq <= $2
          AND at.measure IN ({Measure.WARNED.value}, {STEP}, {PROCESSING})
    ), place AS MATERIALIZED (
        SELECT agency, {LEVEL1} AS top
        FROM (SELECT DISTINCT agency FROM cell WHERE id IN (SELECT cell FROM taken)) AS cell
    ), line AS MATERIALIZED (
        SELECT taken.measure, place.top AS agency, cell.step, cell.holder, taken.day, taken.slot,
               taken.class, taken.amount
        FROM taken JOIN cell ON cell.id = taken.cell JOIN place ON place.agency = cell.agency
    ), warnings AS (
        INSERT INTO warned AS held (agency, warning, class, credit, debit)
        SELECT agency, slot, class, sum_whole(greatest(amount, 0)), sum_whole(-least(amount, 0))
        FROM line WHERE measure = {Measure.WARNED.value}
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
        ON CONFLICT (agency, warning, class) DO UPDATE
        SET credit = held.credit + excluded.credit, debit = held.debit + excluded.debit
    )
    INSERT INTO worked AS held (measure, day, agency, step, holder, bin, amount)
    SELECT measure, day, agency, step, holder, slot, sum_whole(amount)
    FROM line WHERE measure <> {Measure.WARNED.value} AND day >= $3
    GROUP BY 1, 2, 3, 4, 5, 6 HAVING sum_whole(amount) <> 0 ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (measure, day, agency, step, holder, bin) DO UPDATE
    SET amount = held.amount + excluded.amount
"""  # noqa: S608 - constants


async def add(connection: Any, first_day: int, *, pages: int = PAGES_AT_ONCE) -> int:
    """Add the next pages of the journal, of days from the first on; how many, 0 when done."""
    async with connection.transaction():
        await connection.execute(
            "SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off"
        )
        done, folded = await connection.fetchrow(
            "SELECT summed.seq, follower.seq FROM summed, follower FOR UPDATE OF summed"
        )
        to = min(done + pages, folded)
        if to <= done:
            return 0
        await connection.execute(_ADD, done, to, first_day)
        await connection.execute("UPDATE summed SET seq = $1", to)
    return int(to - done)


async def sweep(connection: Any, first_day: int) -> None:
    """Forget days before the first that is kept."""
    await connection.execute("DELETE FROM worked WHERE day < $1", first_day)


def window(calendar: WorkCalendar, today: int) -> int:
    """The first of the last WINDOW_DAYS working days, today among them if it is one."""
    return calendar.add_working_days(today + 1, -WINDOW_DAYS)


async def judge(
    connection: Any, first_day: int, today: int, present: Callable[[str], str], now_ms: int
) -> None:
    """Keep the quantiles of a window; agencies are shown as they are today."""
    rows = await connection.fetch(
        "SELECT measure, agency, step, holder, bin, sum_whole(amount) FROM worked"
        " WHERE day BETWEEN $1 AND $2 GROUP BY 1, 2, 3, 4, 5",
        first_day,
        today,
    )
    found = list(latencies(rows, present))
    async with connection.transaction():
        await connection.execute("DELETE FROM latency")
        await connection.executemany(
            "INSERT INTO latency VALUES ($1, $2, $3, $4, $5, $6)", found
        )
        await connection.execute(
            "INSERT INTO latency_judged VALUES ($1, $2) ON CONFLICT ((true)) DO UPDATE"
            " SET judged_ms = $1, first_day = $2",
            now_ms,
            first_day,
        )


def latencies(
    rows: Iterable[Sequence[Any]], present: Callable[[str], str]
) -> Iterator[Latency]:
    """Quantiles from sums by measure, agency, step, holder and bin."""
    by_step: dict[tuple[int, str], dict[str, Counter[int]]] = defaultdict(
        lambda: defaultdict(Counter)
    )
    for measure, agency, step, holder, bin_, amount in rows:
        named = (step or unnamed(holder)) if measure == STEP else ""
        by_step[measure, present(agency)][named][bin_] += amount
    for (measure, agency), steps in sorted(by_step.items()):
        for step, bins in sorted(_the_largest(steps).items()):
            p50, p95 = quantile_ms(bins, 500), quantile_ms(bins, 950)
            if p50 is not None and p95 is not None:
                yield Latency(measure, agency, step, sum(bins.values()), p50, p95)


class Spread(NamedTuple):
    """How working time is spread: of a step, or of whole dossiers, where the step is ""."""

    step: str
    dossiers: int  # that it rests on, each time a dossier passed the step
    p50_ms: int
    p90_ms: int
    p99_ms: int


_OF_AGENCIES: Final = (
    "SELECT measure, step, holder, bin, sum_whole(amount) FROM worked"
    " WHERE measure = $1 AND day BETWEEN $2 AND $3 AND agency = ANY($4::text[])"
    " GROUP BY 1, 2, 3, 4"
)


async def spread_of(
    connection: Any, agencies: Iterable[str], first_day: int, today: int
) -> list[Spread]:
    """Of ministries or provinces, by the codes that were booked; from the sums that are kept."""
    booked = list(agencies)
    rows = []
    for measure in (PROCESSING, STEP):
        rows += await connection.fetch(_OF_AGENCIES, measure, first_day, today, booked)
    return spread(rows)


async def spread_in_books(
    connection: Any,
    first_day: int,
    today: int,
    *,
    agencies: Iterable[str] | None = None,
    procedure: str = "",
) -> list[Spread]:
    """Of any agencies, and of one procedure; from the books, which takes a while."""
    known = await known_now(
        connection,
        Accounts(
            measures=(PROCESSING, STEP),
            agencies=None if agencies is None else list(agencies),
            procedures=[procedure] if procedure else None,
            first_day=first_day,
            last_day=today,
        ),
        (Dimension.MEASURE, Dimension.STEP, Dimension.HOLDER, Dimension.SLOT),
    )
    return spread([(*key, amount) for key, amount in known.figures.items()])


def spread(rows: Iterable[Sequence[Any]]) -> list[Spread]:
    """From sums by measure, step, holder and bin: whole dossiers first, then steps as most have passed."""
    by_step: dict[str, Counter[int]] = defaultdict(Counter)
    for measure, step, holder, bin_, amount in rows:
        by_step[(step or unnamed(holder)) if measure == STEP else ""][bin_] += amount
    whole = {"": by_step.pop("", Counter())}
    steps = _the_largest(by_step)
    named = sorted(
        steps, key=lambda step: (step == OTHER_STEP, -sum(steps[step].values()), step)
    )
    found = []
    for step, bins in [*whole.items(), *((step, steps[step]) for step in named)]:
        told = [quantile_ms(bins, permille) for permille in (500, 900, 990)]
        if None not in told:
            found.append(Spread(step, sum(bins.values()), *(one or 0 for one in told)))
    return found


def unnamed(holder: int) -> str:
    """What a step is called that its source gives no name: whose time it was."""
    return Holder(holder).name.lower()


def _the_largest(steps: Mapping[str, Counter[int]]) -> Mapping[str, Counter[int]]:
    """Those that most have passed, and the others summed."""
    ordered = sorted(steps, key=lambda step: (-sum(steps[step].values()), step))
    shown = {step: steps[step] for step in ordered[:STEPS]}
    for step in ordered[STEPS:]:
        shown[OTHER_STEP] = shown.get(OTHER_STEP, Counter()) + steps[step]
    return shown


LATENCIES: Final = "SELECT measure, agency, step, dossiers, p50_ms, p95_ms FROM latency"
WARNED: Final = "SELECT agency, warning, class, credit, debit FROM warned"
JUDGED: Final = "SELECT judged_ms FROM latency_judged"
# Pages of the journal that the balances have and these sums have not.
BACKLOG: Final = "SELECT greatest(follower.seq - summed.seq, 0) FROM follower, summed"
