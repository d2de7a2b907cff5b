"""The service's processes as the demo runs them: each the same command that an operator runs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from agents.variables import PREFIX

STOP_SECONDS = 15


class Ended(Exception):
    """A process of the service ended by itself; the text has the end of its log."""


class Service:
    """One running process."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """For whoever wants to kill it."""
        return self._process.pid

    def check(self) -> None:
        """Raises `Ended` if the process is gone."""
        if self._process.returncode is not None:
            tail = self._log.read_text("utf-8", "replace").splitlines()[-15:]
            raise Ended(
                "\n".join([f"emc {self.name} ended with {self._process.returncode}:", *tail])
            )

    async def stop(self) -> None:
        """Ask it to end, and insist after a while."""
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), STOP_SECONDS)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def announced(self, word: str, within_s: float = 60) -> str:
        """The rest of the log's first line that contains a word: how a port is learnt."""
        async with asyncio.timeout(within_s):
            while True:
                for line in self._log.read_text("utf-8", "replace").splitlines():
                    if word in line:
                        return line.split(word, 1)[1].strip()
                self.check()
                await asyncio.sleep(0.05)


@asynccontextmanager
async def running(
    name: str, settings: Mapping[str, str], folder: Path
) -> AsyncIterator[Service]:
    """`emc NAME` with these settings, its log in the folder."""
    log = folder / f"{name}.log"
    # Settings of another deployment, which those given here know nothing of.
    others = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)}
    with log.open("wb") as sink:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "monitor.cli", name),
            stdout=sink,
            stderr=sink,
            stdin=asyncio.subprocess.DEVNULL,
            env={**others, **settings},
            start_new_session=True,  # Ctrl-C is ours to pass on
        )
    service = Service(name, process, log)
    try:
        yield service
    finally:
        await service.stop()
