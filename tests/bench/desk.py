"""`python -m tests.bench.desk`: CPU of the desk alone, between a log in memory and a real ledger.

What a worker's own loop costs without Kafka and Faust: decode, fold, post, difference, booking.
CPU of this process alone counts, so that a busy machine disturbs little. `--profile` prints
where it goes, in cProfile's words.

--dossiers N    of six records each; default 20,000
--batch N       records a batch; default 20,000, what one fetch may bring
--law           with the shipped reference files: the complete set of measures
--follow        with a follower beside it, and at the end until all is in the balances
--profile       functions by their own time
"""

import argparse
import asyncio
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

import asyncpg

from agents.batch import Batch, Record
from agents.dossiers import DossierDesk
from agents.generate.peers import job
from agents.health import WorkerHealth
from agents.leisure import collecting_at_leisure
from agents.quarantine import Quarantine
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.follower import Follower, connect
from monitor.ledger.ledger import Ledger, Position
from monitor.ledger.migrate import migrate
from monitor.ledger.unit import Partition
from monitor.reference.policy import load_policy
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from tests.bench.servers import ledger_server
from tests.bench.usage import cpu_seconds, family
from tests.servers.postgres import Postgres

PARTITIONS = 8


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as aiokafka hands it over."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


class MemoryLog:
    """A log that delivers everything in order and once."""

    fence = 0

    def fetched(self, partition: Partition) -> int | None:
        return None

    async def seek_to(self, positions: Mapping[Partition, int]) -> None:
        pass

    async def commit_to_kafka(self, positions: Mapping[Partition, int]) -> bool:
        return True

    async def rejoin(self) -> None:
        raise RuntimeError("nobody else is in this group")


def batches(dossiers: int, size: int) -> list[Batch]:
    """The job's records as fetches of so many bring them, partition after partition."""
    logs: list[list[Record]] = [[] for _ in range(PARTITIONS)]
    for record in job(dossiers):
        log = logs[crc32(record.key.encode()) % PARTITIONS]
        log.append(Kept(len(log), record.at_ms, record.key.encode(), record.value))
    return [
        Batch(Partition("t", number), 0, start, log[start : start + size], len(log))
        for number, log in enumerate(logs)
        for start in range(0, len(log), size)
    ]


async def _stream(given: Sequence[Batch]) -> AsyncIterator[Batch]:
    for batch in given:
        yield batch
        await asyncio.sleep(0)


async def _run(dsn: str, given: Sequence[Batch], policy: Policy) -> tuple[float, float]:
    async with Ledger.open(dsn) as ledger, collecting_at_leisure():

        async def claim(
            partitions: Collection[Partition], generation: int
        ) -> Mapping[Partition, Position]:
            return await ledger.claim(
                partitions,
                owner="bench",
                generation=generation,
                cluster="c",
                beginnings=dict.fromkeys(partitions, 0),
            )

        desk = DossierDesk(
            ledger=ledger,
            log=MemoryLog(),
            claim=claim,
            decoder=Decoder(policy.zone, DOSSIERS),
            policy=policy,
            quarantine=Quarantine(None, quota=0),
            health=WorkerHealth(),
            now_ms=lambda: time.time_ns() // 1_000_000,
        )
        await desk.take_over({Partition("t", n) for n in range(PARTITIONS)}, 1)
        began, started = time.process_time(), time.perf_counter()
        await desk.follow(_stream(given))
        await desk.close()
        return time.process_time() - began, time.perf_counter() - started


async def _bench(options: argparse.Namespace, postgres: Postgres, postmaster: int) -> int:
    given = batches(options.dossiers, options.batch)
    records = sum(len(batch.records) for batch in given)
    policy = load_policy(Path("deploy/reference")) if options.law else Policy(Zone())
    dsn = postgres.dsn(await postgres.create())
    await migrate(dsn)
    watch = await asyncpg.connect(dsn)
    follower = await _follower(dsn, policy.zone) if options.follow else None
    before = cpu_seconds(family(postmaster))
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    python, wall = await _run(dsn, given, policy)
    profile.disable()
    postgres_seconds = cpu_seconds(family(postmaster)) - before
    print(
        f"{records:,} records in {wall:.1f} s; µs of CPU an event: Python"
        f" {python / records * 1e6:.2f}, PostgreSQL {postgres_seconds / records * 1e6:.2f}"
    )
    if follower is not None:
        before = cpu_seconds(family(postmaster))
        while (await follower.round()).left:
            pass
        folding = cpu_seconds(family(postmaster)) - before
        print(f"and the follower {folding / records * 1e6:.2f}")
    for row in await watch.fetch(_FOUND):
        print(dict(row))
    await watch.close()
    if options.profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    return 0


_FOUND = """
    SELECT (SELECT count(*) FROM journal) AS journal, (SELECT sum(version) FROM dossier)
    AS bookings, (SELECT count(*) FROM total) AS totals, (SELECT count(*) FROM balance) AS balances,
    pg_size_pretty(pg_relation_size('journal_page')) AS journal_size, pg_size_pretty(pg_table_size('dossier')) AS dossier_size,
    pg_size_pretty(pg_total_relation_size('balance_run')) AS balance_size,
    (SELECT pg_size_pretty(wal_bytes) FROM pg_stat_wal) AS wal, (SELECT wal_fpi FROM pg_stat_wal) AS fpi
"""


async def _follower(dsn: str, zone: Zone) -> Follower:
    follower = Follower(await connect(dsn), zone)
    await follower.leads()
    return follower


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dossiers", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=20_000)
    parser.add_argument("--law", action="store_true")
    parser.add_argument("--follow", action="store_true")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        ledger_server(Path(folder) / "data") as server,
    ):
        return asyncio.run(_bench(options, Postgres(server), server.get_pid() or 0))


if __name__ == "__main__":
    sys.exit(main())
