"""`python -m tests.bench`: fill a topic once, let each contestant read it in turn, show figures.

--quick            5,000 dossiers, one round, to see that it works
--dossiers N       six records each and 1 % told again; default 100,000
--rounds N         A B C D, A B C D, …; default 3
--only NAME        leave the others out; may be repeated; sharing-1, -2 and -4 are asked for only
--late PERCENT     events that come after later ones of their dossier; default 0
--json FILE        the same figures for a machine
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from agents.demo.feed import Feed
from schemas.kinds import CATALOGUE, PETITIONS, SIGNALS
from tests.bench.child import Task
from tests.bench.figures import Figures, report, versions
from tests.bench.job import Expected, chunks, records
from tests.bench.race import (
    Failed,
    Lap,
    Progressed,
    lap_of_ingest,
    lap_of_module,
    lap_of_worker,
)
from tests.bench.servers import Cores, Servers, servers
from tests.bench.table import TABLE_RECORDS
from tests.servers.process import ServerFailed
from tests.servers.require import ROOT
from tests.servers.topics import create_topic

TOPIC: Final = "emc.dossiers"
INBOUND: Final = "emc.in.bench"  # the same records, as a source sends them
PARTITIONS: Final = 8
EVENTS: Final = 6
AGAIN: Final = 1.01  # what duplicates add, for the progress bar
LOG_SETTINGS: Final = {
    # The job's records have dates of their own; none may be too old or too new for the log.
    "retention.ms": "-1",
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
INBOUND_SETTINGS: Final = {"retention.ms": "-1", "message.timestamp.type": "LogAppendTime"}

FLOOR: Final = "floor"
PLAIN: Final = "plain"
TRANSPORT: Final = "transport"
INGEST: Final = "ingest"
WORKER: Final = "worker"
TABLE: Final = "table"
COMPLETE: Final = "complete"
TOGETHER: Final = "together"
SHARING: Final = {"sharing-1": 1, "sharing-2": 2, "sharing-4": 4}
CONTESTANTS: Final = {
    FLOOR: "bare aiokafka, typed decode",
    TABLE: f"plain Faust agent, a Table with its changelog; the first {TABLE_RECORDS:,} records",
    PLAIN: "plain Faust agent, decode, counts in a dict",
    TRANSPORT: "Faust with our batch transport, decode",
    INGEST: "emc ingest: through the edge, on to Kafka (acks=all), committed in PostgreSQL",
    WORKER: "emc worker: decode, fold, book, committed in PostgreSQL; the core measures",
    COMPLETE: "the same with the shipped reference files: the complete set of measures",
    TOGETHER: "two workers with the complete set; they, broker and PostgreSQL share all cores",
    **{
        name: f"{workers} with the core measures; they, broker and PostgreSQL share all cores"
        for name, workers in SHARING.items()
    },
}
USUAL: Final = (FLOOR, TABLE, PLAIN, TRANSPORT, INGEST, WORKER, COMPLETE, TOGETHER)
WORKERS: Final = {WORKER: 1, COMPLETE: 1, TOGETHER: 2, **SHARING}
BOOKING: Final = (INGEST, *WORKERS)
LAW: Final = {"EMC_REFERENCE": str(ROOT / "deploy" / "reference")}


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
        prog="python -m tests.bench", description="Events per second, side by side."
    )
    parser.add_argument("--quick", action="store_true", help="5,000 dossiers, one round")
    parser.add_argument("--dossiers", type=int, help="of six records each; default 100,000")
    parser.add_argument("--rounds", type=int, help="laps of each contestant; default 3")
    parser.add_argument(
        "--only", action="append", choices=list(CONTESTANTS), help="may be repeated"
    )
    parser.add_argument("--late", type=float, default=0, help="events in 100 that come late")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures")
    options = parser.parse_args()
    options.dossiers = options.dossiers or (5_000 if options.quick else 100_000)
    options.rounds = options.rounds or (1 if options.quick else 3)
    return options


async def bench(
    options: argparse.Namespace, running: Servers, cores: Cores, console: Console
) -> int:
    names: Sequence[str] = options.only or USUAL
    laps: dict[str, list[Lap]] = {name: [] for name in names}
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    ) as progress:
        expected = Expected()
        await _fill(options, running, progress, expected, TOPIC, LOG_SETTINGS)
        if INGEST in names:
            await _fill(options, running, progress, Expected(), INBOUND, INBOUND_SETTINGS)
            for topic in (PETITIONS, SIGNALS, CATALOGUE):
                await create_topic(running.bootstrap, topic.name, exactly=True)
        task = Task(running.bootstrap, TOPIC, PARTITIONS, expected.records)
        for number in range(1, options.rounds + 1):
            for name in names:
                here = progress.add_task(
                    f"{name}, lap {number} of {options.rounds}",
                    total=expected.records if name in BOOKING else None,
                )

                def progressed(booked: int, here: TaskID = here) -> None:
                    progress.update(here, completed=booked)

                lap = await _lap(name, task, running, cores, expected, progressed)
                laps[name].append(lap)
                progress.remove_task(here)
                console.print(
                    f"{name:>9}  lap {number}  {lap.records / lap.seconds:>9,.0f} events/s"
                    + ("  exact" if name in BOOKING else ""),
                    highlight=False,
                )
    figures = Figures(
        laps=laps,
        about=CONTESTANTS,
        settings={
            "records": expected.records,
            "bytes": expected.size,
            "duplicates": expected.duplicates,
            "dossiers": options.dossiers,
            "partitions": PARTITIONS,
            "rounds": options.rounds,
            "worker_cores": sorted(cores.worker),
            "other_cores": sorted(cores.others),
            "postgres": await running.postgres_settings(),
            "versions": versions(),
        },
    )
    report(figures, Console(width=None if sys.stdout.isatty() else 140))
    if options.json:
        options.json.write_text(json.dumps(figures.as_json(), indent=2) + "\n")
    return 0


async def _lap(
    name: str,
    task: Task,
    running: Servers,
    cores: Cores,
    expected: Expected,
    progressed: Progressed,
) -> Lap:
    if name == INGEST:
        return await lap_of_ingest(replace(task, topic=INBOUND), running, cores, progressed)
    if name not in WORKERS:
        first = min(task.records, TABLE_RECORDS) if name == TABLE else task.records
        return await lap_of_module(name, replace(task, records=first), running, cores)
    with ExitStack() as stack:
        if name == TOGETHER or name in SHARING:
            cores = stack.enter_context(cores.shared(running.pids))
        return await lap_of_worker(
            task,
            running,
            cores,
            expected,
            progressed,
            workers=WORKERS[name],
            settings=LAW if name in (COMPLETE, TOGETHER) else {},
        )


async def _fill(
    options: argparse.Namespace,
    running: Servers,
    progress: Progress,
    expected: Expected,
    topic: str,
    settings: Mapping[str, str],
) -> None:
    """The job's records on a new topic."""
    dossiers: int = options.dossiers
    filling = progress.add_task(f"filling {topic}", total=int(dossiers * EVENTS * AGAIN))
    await create_topic(
        running.bootstrap, topic, partitions=PARTITIONS, settings=settings, exactly=True
    )
    async with Feed.open(running.bootstrap, topic) as feed:
        for chunk in chunks(records(dossiers, expected, options.late), 5_000):
            await feed.send(chunk)
            progress.update(filling, completed=feed.sent)
    progress.remove_task(filling)


if __name__ == "__main__":
    sys.exit(main())
