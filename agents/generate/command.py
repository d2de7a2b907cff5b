"""`emc generate`: the records of a scenario as lines of a file, or of standard output."""

import gzip
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from agents.generate.model import (
    BROKEN,
    DUPLICATE,
    LATE,
    PETITIONS,
    Scenario,
    claims,
    records,
)
from agents.generate.office import CALENDAR_DAY_MS

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130  # as a shell says of a command ended by Ctrl-C
STDOUT: Final = "-"
PETITION: Final = "petition"
CLAIM: Final = "claim"
_REPORT_EVERY: Final = 2_000


class _Sink(Protocol):
    def write(self, line: bytes, /) -> object: ...


def generate(
    *,
    dossiers: int = 10_000,
    seed: int = 0,
    start: date = date(2026, 6, 1),
    days: int = 30,
    out: str = STDOUT,
    duplicates: float = 0.01,
    late: float = 0.0,
    bad: float = 0.0,
    official: bool = True,
    boarded: int = 0,
    agency: str = "",
    shape: str = "",
    petitions_to: str = "",
    claims_to: str = "",
) -> int:
    """Writes the scenario as NDJSON to `out`, compressed if it ends in .gz; says what on stderr.

    Petitions and claims go to files of their own, where they are named. Returns the exit status. A reader that goes away (`| head`) is no failure; after Ctrl-C the
    records written so far are whole lines.
    """
    console = Console(stderr=True)
    try:
        scenario = Scenario(
            seed=seed,
            dossiers=dossiers,
            start=start,
            days=days,
            duplicates=duplicates,
            late=late,
            bad=bad,
            official=official,
            boarded=boarded,
            agency=agency,
            shape=shape,
        )
    except ValueError as error:
        console.print(f"emc generate: {error}", style="red", markup=False)
        return USAGE
    written: Counter[str] = Counter()
    status = OK
    try:
        with (
            _opened(out) as sink,
            _opened(petitions_to or os.devnull) as petitions,
            _opened(claims_to or os.devnull) as stated,
            _progress(console) as progress,
        ):
            _write(scenario, sink, petitions, written, progress)
            for record in claims(scenario) if claims_to else ():
                stated.write(record.value + b"\n")
                written[CLAIM] += 1
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more on its way out, and would complain there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        console.print(f"emc generate: {error}", style="red", markup=False)
        return FAILED
    console.print(
        _summary(written, out, petitions_to, claims_to, whole=status == OK),
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    return status


def _write(
    scenario: Scenario,
    sink: _Sink,
    petitions: _Sink,
    written: Counter[str],
    progress: Progress,
) -> None:
    task: TaskID = progress.add_task(
        "generate", total=scenario.days * CALENDAR_DAY_MS, records="0"
    )
    start_ms = scenario.end_ms - scenario.days * CALENDAR_DAY_MS
    for number, record in enumerate(records(scenario)):
        if record.topic == PETITIONS:
            petitions.write(record.value + b"\n")
            written[PETITION] += 1
        else:
            sink.write(record.value + b"\n")
            written[record.kind] += 1
        if number % _REPORT_EVERY == 0:
            progress.update(
                task, completed=record.at_ms - start_ms, records=f"{written.total():,}"
            )
    progress.update(
        task, completed=scenario.days * CALENDAR_DAY_MS, records=f"{written.total():,}"
    )


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %  {task.fields[records]} records"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def _opened(out: str) -> Iterator[_Sink]:
    if out == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif out.endswith(".gz"):
        # No name and no time inside: the same scenario is the same file.
        with (
            Path(out).open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=5, fileobj=raw, mtime=0) as packed,
        ):
            yield packed
    else:
        with Path(out).open("wb") as plain:
            yield plain


def _summary(
    written: Counter[str], out: str, petitions_to: str, claims_to: str, *, whole: bool
) -> str:
    where = "standard output" if out == STDOUT else out
    petitions, stated = written.pop(PETITION, 0), written.pop(CLAIM, 0)
    parts = [f"{written.total():,} records"]
    parts += [
        f"{written[kind]:,} {name}"
        for kind, name in ((DUPLICATE, "sent again"), (LATE, "late"), (BROKEN, "broken"))
        if written[kind]
    ]
    state = "" if whole else "interrupted, not complete: "
    lines = [f"{state}{', '.join(parts)} to {where}"]
    if petitions_to:
        lines.append(f"{petitions:,} records of petitions to {petitions_to}")
    if claims_to:
        lines.append(f"{stated:,} claims to {claims_to}")
    return "\n".join(lines)
