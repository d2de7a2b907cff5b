"""`emc demo` behind its options: live, or once to the end of an input."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from agents.demo.feed import Given
from agents.demo.incident import ALL, SOON, play
from agents.demo.incidents import INCIDENTS
from agents.demo.interrupt import Interrupted
from agents.demo.live import show
from agents.demo.once import once
from agents.demo.pair import NotInstalled
from agents.demo.processes import Ended
from agents.demo.watch import NotWatched, Rules
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
    rules: Rules,
    reference: Path | None = None,
    incident: str | None = None,
    pace: int | None = None,
    stay: bool = False,
) -> int:
    """Run the demo; the exit status."""
    console = Console(stderr=True, highlight=False)
    signal.signal(signal.SIGHUP, signal.default_int_handler)  # a closed terminal is Ctrl-C
    if complaint := _complaint(once_only, log, incident, reference):
        console.print(f"emc demo: {complaint}", markup=False)
        return MISUSED
    try:
        if once_only:
            return _once(log, mapping, precision, dossiers or 10_000, seed, reference, console)
        if incident is not None and reference is not None:
            run = partial(
                _incident,
                incident,
                seed=seed,
                pace=pace or SOON,
                rules=rules,
                shipped=reference,
                console=console,
                stay=stay,
            )
        else:
            run = partial(
                show,
                Scenario(seed=seed, dossiers=dossiers or 9_000, official=True),
                speed=speed,
                console=console,
                rules=rules,
                reference=reference,
            )
        return asyncio.run(_until_interrupted(run))
    except Broken as error:
        console.print(str(error), markup=False)
        return MISUSED
    except NotInstalled as error:
        console.print(f"emc demo needs the embedded servers: {error}", markup=False)
        return MISUSED
    except NotWatched as error:
        console.print(f"emc demo --incident: {error}", markup=False)
        return MISUSED
    except Ended as error:
        console.print(str(error), markup=False)
        return FAILED
    except (Interrupted, KeyboardInterrupt):
        console.print("interrupted", markup=False)
        return INTERRUPTED


def _complaint(
    once_only: bool, log: Path | None, incident: str | None, reference: Path | None
) -> str:
    """What does not go together; "" if all does."""
    if log is not None and not once_only:
        return "--input goes with --once"
    if incident is None:
        return ""
    if once_only:
        return "--incident does not go with --once"
    if incident not in (*INCIDENTS, ALL):
        return f"there is no incident {incident}: {', '.join((*INCIDENTS, ALL))}"
    if reference is None:
        return "--incident needs reference files; run it in a checkout, or give --reference"
    return ""


def _once(
    log: Path | None,
    mapping: Path | None,
    precision: Precision | None,
    dossiers: int,
    seed: int,
    reference: Path | None,
    console: Console,
) -> int:
    if log is None:
        scenario = Scenario(seed=seed, dossiers=dossiers, bad=0.001)
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


async def _incident(name: str, *, console: Console, stop: asyncio.Event, **said: Any) -> int:
    evening = await play(name, console=console, stop=stop, **said)
    for line in evening.verdict():
        console.print(line, style="green" if evening.right else "red", markup=False)
    return 0 if evening.right else FAILED


async def _until_interrupted(run: Callable[..., Awaitable[int]]) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    return await run(stop=stop)


def _replayed(job: Job) -> Iterator[Given]:
    """The events of a log's rows; those of case columns once while they are remembered."""
    known = KnownEvents()
    for row in job.stream.rows():
        for event in (*filter(known.is_new, row.derived), row.event):
            yield Given(event.dossier.encode(), encode(event), event.arrival_ms)
