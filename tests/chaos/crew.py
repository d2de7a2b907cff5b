"""Workers of the launcher, and `emc recompute` beside them."""

import asyncio
import sys
from collections.abc import Mapping
from math import inf
from pathlib import Path

from tests.servers.process import Server
from tests.whole.service import Worker


class Hand(Worker):
    """One worker of a crew; what it is given besides its settings holds from its next start on."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        super().__init__(settings, log)
        self.command = [sys.executable, "-m", "tests.chaos.worker"]
        self.topic = settings["EMC_TOPIC"]
        self._clock = log.with_suffix(".clock")
        self.step_clock(0)
        self.give(CHAOS_CLOCK=str(self._clock))

    def step_clock(self, ahead_ms: int) -> None:
        """Its clock stands so far from the true one from now on, running or not."""
        self._clock.write_text(str(ahead_ms))

    def give(self, **given: str) -> None:
        """Environment of the next start; an empty value takes one back."""
        for name, value in given.items():
            self._environment[name] = value
            if not value:  # even if it never was
                del self._environment[name]

    async def died(self, within_s: float) -> int | None:
        """Its exit status; None if it still runs after so long."""
        return await _died(self, within_s)


class Recompute(Server):
    """`emc recompute` to a folder of reference files; none is the plain rule."""

    def __init__(self, database: str, folder: str, log: Path, *options: str) -> None:
        super().__init__(
            "recompute",
            [sys.executable, "-m", "monitor.cli", "recompute", "--jobs", "1", *options],
            log=log,
            ready=lambda _: True,
            environment={"EMC_DATABASE": database, "EMC_REFERENCE": folder},
        )
        if not folder:
            del self._environment["EMC_REFERENCE"]
        self._begin = self.command

    async def died(self, within_s: float) -> int | None:
        """Its exit status; None if it still runs after so long."""
        return await _died(self, within_s)

    async def to_the_end(self, within_s: float) -> bool:
        """Again and again, until there is nothing left to do: it may fail with the ledger."""
        try:
            async with asyncio.timeout(within_s):
                while await self._ran(self._begin):
                    await self._ran([*self._begin, "--resume"])
        except TimeoutError:
            if self.running:
                self.kill()
            return False
        return True

    async def _ran(self, command: list[str]) -> bool:
        """Whether there is more to do."""
        self.command = command
        self.launch()
        return bool(await _died(self, inf))


async def _died(server: Server, within_s: float) -> int | None:
    process = server._process
    if process is None:
        return None
    deadline = asyncio.get_running_loop().time() + within_s
    while process.poll() is None:
        if asyncio.get_running_loop().time() > deadline:
            return None
        await asyncio.sleep(0.05)
    return process.returncode
