"""`python -m tests.bench.filled`: a worker whose ledger is full already.

The ledger is filled with dossiers of the job of `make bench` that are half told: three events
each, booked by a desk for the first 2,000 and copied with other codes for the rest, in the order
in which they began. Then a worker, on a core of its own, is timed on as many records

new      of dossiers that the ledger has not heard of, as in `make bench`
order    of those that it has, the remaining three events each, as they began, 20,000 open at once
random   of those that it has, the next event each of dossiers drawn from anywhere

so that in `random` every record has its dossier loaded from a place of its own. What the lap moved
is compared with a count of the records, and the journal with the totals.

--already N     dossiers in the ledger; default 1,000,000
--records N     a lap; default 200,000
--rounds N      laps of each; default 1
--only NAME     leave the others out; may be repeated
--json FILE     the same figures for a machine
"""

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Final

import asyncpg
import pytest
from rich.console import Console

from agents.demo.feed import Feed, Given
from agents.generate.model import DUPLICATE, Record
from agents.generate.peers import EVENTS, _Dossier, job
from monitor.domain.measures import SHOWN, Measure, Tally
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from tests.bench.__main__ import LOG_SETTINGS, PARTITIONS
from tests.bench.child import Task
from tests.bench.figures import Figures, report, versions
from tests.bench.job import Expected, chunks
from tests.bench.ledger import COUNTED
from tests.bench.race import Failed, Lap, lap_on
from tests.bench.servers import Cores, Servers, servers
from tests.ledger.fill import feeding
from tests.servers.process import ServerFailed
from tests.servers.topics import create_topic

NEW, ORDER, RANDOM = "new", "order", "random"
ABOUT: Final = {
    NEW: "events of new dossiers, six each",
    ORDER: "the last three events of dossiers in the ledger, as they began",
    RANDOM: "the next event of dossiers in the ledger, drawn from anywhere",
}
GENERATED: Final = 2_000  # dossiers that a desk has booked; the others are copies
TOLD: Final = 3  # events of each that are in the ledger
OPEN: Final = 20_000
BEGAN_MS: Final = 1_780_275_600_000  # 2026-06-01T08:00:00+07:00
LATER_MS: Final = BEGAN_MS + 86_400_000

Group = tuple[int, str, int, int]


def main() -> int:
    options = _options()
    console = Console(stderr=True)
    cores = Cores.here()
    cores.keep_to_others()
    try:
        with servers() as running:
            return asyncio.run(bench(options, running, cores, console))
    except KeyboardInterrupt:
        console.print("interrupted; the servers are stopped")
        return 130
    except (Failed, ServerFailed, pytest.fail.Exception, pytest.skip.Exception) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.filled", description=str(__doc__).partition("\n")[0]
    )
    parser.add_argument("--already", type=int, default=1_000_000)
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(ABOUT))
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    options.already = -(-options.already // GENERATED) * GENERATED
    # Each lap wants dossiers that no earlier one has moved.
    needed = options.rounds * (options.records + options.records // (EVENTS - TOLD))
    if needed > options.already:
        parser.error(f"{needed:,} dossiers are needed: --already more, or fewer --records")
    return options


async def bench(
    options: argparse.Namespace, running: Servers, cores: Cores, console: Console
) -> int:
    names = options.only or list(ABOUT)
    dsn = running.postgres.dsn(await running.postgres.create())
    filled = await fill(dsn, options.already, console)
    laps: dict[str, list[Lap]] = {name: [] for name in names}
    size = 0
    for number in range(options.rounds):
        for name in names:
            given = _told(name, options, number)
            topic = f"emc.{name}.{number}"
            expected = await _fill_topic(running, topic, given)
            before = await figures(dsn)
            task = Task(running.bootstrap, topic, PARTITIONS, expected.records)
            began = time.strftime("%H:%M:%S")
            lap = await lap_on(dsn, task, running, cores, lambda _: None)
            compare(before, await figures(dsn), expected)
            laps[name].append(lap)
            size = expected.size
            console.print(
                f"{name:>8}  lap {number + 1}  {lap.records / lap.seconds:>9,.0f} events/s  exact"
                f"  ({began} to {time.strftime('%H:%M:%S')})",
                highlight=False,
            )
    done = Figures(
        laps=laps,
        about=ABOUT,
        settings={
            "records": options.records,
            "bytes": size,
            "duplicates": 0,
            "dossiers": options.already,
            "partitions": PARTITIONS,
            "rounds": options.rounds,
            "worker_cores": sorted(cores.worker),
            "other_cores": sorted(cores.others),
            "postgres": await running.postgres_settings(),
            "versions": versions(),
            "ledger": filled,
        },
    )
    out = Console(width=None if sys.stdout.isatty() else 140)
    out.print(f"already in the ledger: {filled}", highlight=False)
    report(done, out)
    if options.json:
        options.json.write_text(json.dumps(done.as_json(), indent=2) + "\n")
    return 0


# -- the ledger -----------------------------------------------------------------------------------


async def fill(dsn: str, already: int, console: Console) -> str:
    """So many dossiers, half told; says how wide their rows are and how large the ledger is."""
    began = time.monotonic()
    told = [
        dossier.next(_at_ms(event))
        for dossier in (_Dossier(Random(number), number) for number in range(GENERATED))
        for event in range(TOLD)
    ]
    async with feeding(dsn, Policy(Zone()), now_ms=BEGAN_MS) as feeder:
        await feeder.hear(told)
    copies = already // GENERATED
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SET synchronous_commit = off")  # of the filling alone
        await connection.execute("CREATE TEMP TABLE template AS SELECT * FROM dossier")
        copy = await connection.prepare(
            "INSERT INTO dossier"
            " (key, version, rules, epoch, outcome, cell, due_ms, events, booked)"
            f" SELECT left(key, -7) || lpad(($1::int * {GENERATED} + right(key, 7)::int)::text,"
            "         7, '0'), version, rules, epoch, outcome, cell, due_ms, events, booked"
            " FROM template ORDER BY right(key, 7)",
            timeout=None,
        )
        for number in range(1, copies):
            await copy.fetch(number, timeout=None)
            if number % max(1, copies // 10) == 0:
                console.print(f"{number * GENERATED:,} dossiers", highlight=False)
        await connection.execute("UPDATE journal SET amount = amount * $1::int", copies)
        await connection.execute(
            "UPDATE total SET credit = credit * $1::int, debit = debit * $1::int", copies
        )
        await connection.execute("UPDATE tally SET amount = amount * $1::int", copies)
        await connection.execute("VACUUM ANALYZE", timeout=None)
        await connection.execute("CHECKPOINT", timeout=None)
        row, heap, whole = await connection.fetchrow(
            "SELECT (SELECT avg(pg_column_size(d.*))::int FROM template AS d),"
            " pg_relation_size('dossier'), pg_total_relation_size('dossier')"
        )
    finally:
        await connection.close()
    return (
        f"{already:,} dossiers of {row} bytes with {TOLD} events each, core measures; the table has"
        f" {heap / 1e9:.1f} GB, with its indexes {whole / 1e9:.1f} GB (memory of the machine:"
        f" {_memory_gb():.0f} GB); filled in {time.monotonic() - began:,.0f} s"
    )


def _memory_gb() -> float:
    try:
        [line] = [
            line
            for line in Path("/proc/meminfo").read_text().splitlines()
            if line.startswith("MemTotal")
        ]
    except OSError:
        return 0.0
    return int(line.split()[1]) * 1024 / 1e9


async def figures(dsn: str) -> tuple[Counter[Group], Counter[str]]:
    """Totals by measure and group, and records by what became of them."""
    connection = await asyncpg.connect(dsn)
    try:
        shown = await connection.fetch(
            "SELECT measure, agency, channel, level, sum(credit - debit)::int8"
            " FROM total GROUP BY 1, 2, 3, 4"
        )
        tallies = await connection.fetch(
            "SELECT name, sum(amount)::int8 FROM tally GROUP BY name"
        )
        journal = await connection.fetch(
            "SELECT measure, sum(amount)::int8 AS amount FROM journal GROUP BY measure"
        )
    finally:
        await connection.close()
    totals: Counter[Group] = Counter({(m, a, c, lv): figure for m, a, c, lv, figure in shown})
    for measure, amount in journal:
        total = sum(figure for group, figure in totals.items() if group[0] == measure)
        if measure in SHOWN and amount != total:
            raise Failed(f"journal of {measure}: {amount}, totals {total}")
    return totals, Counter(dict(tallies))


def compare(
    before: tuple[Counter[Group], Counter[str]],
    after: tuple[Counter[Group], Counter[str]],
    expected: Expected,
) -> None:
    """What a lap has moved, against a count of its records; raises `Failed`."""
    counted = after[1][Tally.COUNTED] - before[1][Tally.COUNTED]
    wrong = []
    if counted != expected.records - expected.duplicates:
        wrong.append(f"{counted} records counted, not {expected.records - expected.duplicates}")
    groups = {g for g in (*after[0], *expected.by_group) if g[0] in COUNTED}
    for group in sorted(groups):
        moved = after[0][group] - before[0][group]
        if moved != expected.by_group[group]:
            name = Measure(group[0]).name
            wrong.append(f"{name} {group[1:]}: {moved}, not {expected.by_group[group]}")
    if wrong:
        raise Failed("booked wrongly:\n" + "\n".join(wrong[:10]))


# -- the records ----------------------------------------------------------------------------------


def _at_ms(event: int) -> int:
    return BEGAN_MS + event * 3_600_000


def _half_told(number: int) -> _Dossier:
    """A dossier of the ledger at its next event; a copy of the one that the desk has booked."""
    dossier = _Dossier(Random(number % GENERATED), number)
    for event in range(TOLD):
        dossier.next(_at_ms(event))
    return dossier


def _told(name: str, options: argparse.Namespace, lap: int) -> Iterable[Record]:
    records: int = options.records
    left = EVENTS - TOLD
    if name == NEW:
        # Of another day, so that none is in the ledger; nothing is told again.
        day = f"-2606{2 + lap:02d}-"
        return (
            Record(
                record.key.replace("-260601-", day),
                record.value.replace(b"-260601-", day.encode()),
                record.at_ms,
            )
            for record in job(records // EVENTS, seed=lap)
            if record.kind != DUPLICATE
        )
    ordered = options.rounds * (records // left)
    if name == ORDER:
        first = lap * (records // left)
        return _in_order(range(first, first + records // left), Random(lap))
    rng = Random(f"random {lap}")
    each = (options.already - ordered) // options.rounds
    drawn = rng.sample(range(ordered + lap * each, ordered + (lap + 1) * each), records)
    return (_half_told(number).next(LATER_MS + place) for place, number in enumerate(drawn))


def _in_order(numbers: Iterable[int], rng: Random) -> Iterator[Record]:
    """The rest of each, so many of them at once."""
    coming = iter(numbers)
    at_ms = LATER_MS
    waiting: list[_Dossier] = []
    while True:
        while len(waiting) < OPEN and (number := next(coming, None)) is not None:
            waiting.append(_half_told(number))
        if not waiting:
            return
        at_ms += 1
        place = int(rng.random() * len(waiting))
        yield waiting[place].next(at_ms)
        if waiting[place].taken == EVENTS:
            waiting[place] = waiting[-1]
            waiting.pop()


async def _fill_topic(running: Servers, topic: str, told: Iterable[Record]) -> Expected:
    expected = Expected()

    def given() -> Iterator[Given]:
        for record in told:
            expected.add(record.value)
            yield Given(record.key.encode(), record.value, record.at_ms)

    await create_topic(
        running.bootstrap, topic, partitions=PARTITIONS, settings=LOG_SETTINGS, exactly=True
    )
    async with Feed.open(running.bootstrap, topic) as feed:
        for chunk in chunks(given(), 5_000):
            await feed.send(chunk)
    return expected


if __name__ == "__main__":
    sys.exit(main())
