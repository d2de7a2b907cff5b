"""`emc worker` as it is, but for what the environment asks: to die at a point, a clock that steps.

CHAOS_LIVES    `label:passage`, several with `;` between: each life ends there by SIGKILL and the
               next begins at once, the last one without an end of its own; with `:stops` after
               it, a life pauses there by SIGSTOP instead
CHAOS_WITHOUT  the protection to take out (tests/chaos/teeth.py)
CHAOS_RELEASE  `earlier`: books under the same rules version, and does not count what is submitted
CHAOS_PROCESS  another process of the service than `worker`: `ingest`
CHAOS_CLOCK    a file with milliseconds that this process's clock is ahead; read at every look
"""

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any


def step_with(file: Path) -> None:
    """`time.time` and its kin run ahead by what the file says; before anything imports them."""
    true_ns = time.time_ns

    def ahead_ns() -> int:
        with suppress(OSError, ValueError):
            return true_ns() + int(file.read_text()) * 1_000_000
        return true_ns()

    time.time_ns = ahead_ns
    time.time = lambda: ahead_ns() / 1e9


def notice_partitions_soon() -> None:
    """A raised partition count is seen when metadata are asked again, by default in minutes."""
    from agents import streaming  # noqa: PLC0415

    class Brisk(streaming.TablelessApp):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, consumer_metadata_max_age_ms=2_000, **kwargs)

    vars(streaming)["TablelessApp"] = Brisk


def be_an_earlier_release() -> None:
    """As before a fault in a measure was mended without another rules version."""
    from monitor.domain.measures import Measure  # noqa: PLC0415
    from tests.chaos.points import POSTING, found  # noqa: PLC0415

    holder, name, posting = found(POSTING)

    def posted(*args: Any) -> Any:
        made = posting(*args)
        made.rows[:] = [row for row in made.rows if row[0] != Measure.SUBMITTED]
        return made

    setattr(holder, name, posted)


def live(life: str) -> None:
    """One life of the worker, in this process."""
    from monitor import cli  # noqa: PLC0415
    from tests.chaos.points import arm  # noqa: PLC0415
    from tests.chaos.teeth import REMOVALS  # noqa: PLC0415

    notice_partitions_soon()
    if os.environ.get("CHAOS_RELEASE"):
        be_an_earlier_release()
    if removed := os.environ.get("CHAOS_WITHOUT"):
        REMOVALS[removed]()
    if life:
        label, passage, *end = life.split(":")
        arm(label, int(passage), *end)
    sys.argv = ["emc", os.environ.get("CHAOS_PROCESS", "worker")]
    cli.main()


def end_with_parent() -> None:
    """A child whose parent is killed goes too: a killed worker must be dead."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def main() -> None:
    if clock := os.environ.get("CHAOS_CLOCK"):
        step_with(Path(clock))
    given = os.environ.get("CHAOS_LIVES", "")
    lives = given.split(";") if given else []
    if len(lives) <= 1:
        live(*lives or [""])
        return
    # What every life needs is imported once: a life then takes as long as joining the group.
    import agents.app  # noqa: F401, PLC0415

    child = 0

    def hand_on(number: int, _: FrameType | None) -> None:
        if child:
            os.kill(child, number)

    signal.signal(signal.SIGTERM, hand_on)
    for life in [*lives, ""]:
        child = os.fork()
        if not child:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            end_with_parent()
            live(life)
            return
        _, status = os.waitpid(child, 0)
        if not life or os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
