"""Workers of the launcher, and who starts them again when they have died."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

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
        process = self._process
        if process is None:
            return None
        deadline = asyncio.get_running_loop().time() + within_s
        while process.poll() is None:
            if asyncio.get_running_loop().time() > deadline:
                return None
            await asyncio.sleep(0.05)
        return process.returncode
