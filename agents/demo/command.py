"""`emc demo` behind its options: live, or once to the end of an input."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from agents.demo.feed import Given
from agents.demo.live import show
from agents.demo.once import once
from agents.demo.pair import NotInstalled
from agents.demo.processes import Ended
from agents.generate.model import Scenario, records
from agents.replay.command import Job, opened
from agents.replay.mapping import Broken
from agents.replay.offline import KnownEvents
from monitor.domain.policy import Precision
from monitor.domain.zone import HO_CHI_MINH
from schemas.encode import encode

FAILED = 1
MISUSED = 2
INTERRUPTED = 130


def demo(
    *,
    once_only: bool,
    dossiers: int | None,
    speed: int,
    seed: int,
    log: Path | None,
    mapping: Path | None,
    precision: Precision | None,
    reference: Path | None = None,
) -> int:
    """Run the demo; the exit status."""
    console = Console(stderr=True, highlight=False)
    if log is not None and not once_only:
        console.print("emc demo: --input goes with --once", markup=False)
        return MISUSED
    try:
        if not once_only:
            scenario = Scenario(seed=seed, dossiers=dossiers or 5_000)
            return asyncio.run(_until_interrupted(scenario, speed, console, reference))
        if log is None:
            scenario = Scenario(seed=seed, dossiers=dossiers or 10_000, bad=0.001)
            given = (Given(r.key.encode(), r.value, r.at_ms) for r in records(scenario))
            return asyncio.run(
                once(
                    given,
                    zone=HO_CHI_MINH,
                    precision=precision or Precision.INSTANT,
                    expected=None,
                    console=console,
                    # A policy has a precision of its own, which is not to be overridden.
                    reference=reference if precision is None else None,
                )
            )
        with opened(log, mapping) as job:
            return asyncio.run(
                once(
                    _replayed(job),
                    zone=job.zone,
                    precision=job.precision(precision),
                    expected=None,
                    console=console,
                )
            )
    except Broken as error:
        console.print(str(error), markup=False)
        return MISUSED
    except NotInstalled as error:
        console.print(f"emc demo needs the embedded servers: {error}", markup=False)
        return MISUSED
    except Ended as error:
        console.print(str(error), markup=False)
        return FAILED
    except KeyboardInterrupt:
        console.print("interrupted", markup=False)
        return INTERRUPTED


async def _until_interrupted(
    scenario: Scenario, speed: int, console: Console, reference: Path | None
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    return await show(scenario, speed=speed, console=console, stop=stop, reference=reference)


def _replayed(job: Job) -> Iterator[Given]:
    """The events of a log's rows; those of case columns once while they are remembered."""
    known = KnownEvents()
    for row in job.stream.rows():
        for event in (*filter(known.is_new, row.derived), row.event):
            yield Given(event.dossier.encode(), encode(event), event.arrival_ms)
