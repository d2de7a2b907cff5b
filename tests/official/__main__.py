"""`python -m tests.official`: all that is official of a province, twice, by way of Kafka and real workers.

--dossiers N    default 50,000: some 600,000 events, minutes
--seeds A-B     several provinces, one after the other; default 8
--agency CODE   a province, or a ministry; default H57
--broker B      kafka, Apache Kafka (needs `make kafka-jars`), or tansu; default kafka
--narrow        fewer agencies, periods and places
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.official.province import Province
from tests.official.run import SMALL, WHOLE, Outcome, run
from tests.official.way import Tell
from tests.outlets.api.service import now
from tests.servers.kafka import KafkaCluster
from tests.servers.postgres import Postgres, _served
from tests.servers.tansu import Tansu

SHOWN = 40  # differences in full


def main() -> int:
    options = _options()
    console = Console(stderr=True)
    good = True
    folder = Path(tempfile.mkdtemp(prefix="emc-official-"))
    try:
        with _served(folder / "data") as server, _broker(options.broker, folder) as bootstrap:
            postgres = Postgres(server)
            for seed in options.seeds:
                province = Province.of_late(now(), options.agency, options.dossiers, seed)
                name = asyncio.run(postgres.create())
                own = folder / f"seed-{seed}"
                own.mkdir()
                began = time.monotonic()
                with _bar(console) as tell:
                    outcome = asyncio.run(
                        run(
                            bootstrap,
                            postgres.dsn(name),
                            own,
                            province,
                            wide=SMALL if options.narrow else WHOLE,
                            tell=tell,
                            brisk=False,
                        )
                    )
                asyncio.run(postgres.drop(name))
                _report(province, outcome, time.monotonic() - began)
                good = good and not outcome.differences
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=50_000)
    parser.add_argument("--seeds", type=_seeds, default=[8])
    parser.add_argument("--agency", default="H57")
    parser.add_argument("--broker", choices=("kafka", "tansu"), default="kafka")
    parser.add_argument("--narrow", action="store_true")
    return parser.parse_args()


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    return list(range(int(first), int(last or first) + 1))


@contextmanager
def _broker(which: str, folder: Path) -> Iterator[str]:
    if which == "tansu":
        tansu = Tansu(folder)
        tansu.start()
        try:
            yield tansu.bootstrap
        finally:
            tansu.stop()
        return
    cluster = KafkaCluster(folder / "kafka")
    cluster.start()
    try:
        yield cluster.bootstrap
    finally:
        cluster.stop()


@contextmanager
def _bar(console: Console) -> Iterator[Tell]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("servers start", total=None)

        def tell(what: str, done: int, of: int) -> None:
            progress.update(task, description=what, completed=done, total=of)

        yield tell


def _report(province: Province, outcome: Outcome, seconds: float) -> None:
    print(
        f"{province.code}, seed {province.seed}: {province.dossiers:,} dossiers,"
        f" {outcome.records:,} records, {outcome.sums} sums kept, {seconds:.0f} s"
    )
    for what, took in outcome.took.items():
        both = outcome.both.get(what)
        said = (
            f"{both.compared.total():,} compared, {len(both.differences):,} differ"
            if both
            else ""
        )
        print(f"  {what:<28} {took:6.0f} s  {said}")
    kinds: Counter[str] = Counter()
    for one in outcome.both.values():
        kinds += one.compared
    for kind, count in sorted(kinds.items()):
        print(f"  {count:>10,} {kind}")
    for difference in outcome.differences[:SHOWN]:
        print(f"  {difference}")
    print(f"  {kinds.total():,} compared, {len(outcome.differences):,} differ", flush=True)


if __name__ == "__main__":
    sys.exit(main())
