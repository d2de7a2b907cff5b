"""Run simulated histories: `python -m tests.simulation --help`."""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import count
from typing import Final

from rich.console import Console
from rich.progress import Progress

from tests.simulation.faults import FAULTS, NONE, Fault
from tests.simulation.history import run

CHUNK: Final = 20  # histories that a process runs before it says how it fared
SHOWN: Final = 5  # failing seeds in full

EPILOG: Final = """\
A history is one run of the worker's own loop against a broker and a ledger that fail as the seed
says. Examples:

  python -m tests.simulation --histories 10000         ten thousand of them
  python -m tests.simulation --seed 1234               the one that failed, with its trace
  python -m tests.simulation --without versions        how soon a missing safeguard shows

Exit status: 0 all is well, 1 a history failed (or, with --without, none did), 2 wrong use.
"""


def main(arguments: list[str] | None = None) -> int:
    asked = _asked(arguments)
    fault = FAULTS.get(asked.without, NONE)
    if asked.seed is not None:
        return _one(asked.seed, fault)
    if asked.without:
        return _first(asked.without, fault, asked.from_seed, asked.histories)
    return _many(asked.from_seed, asked.histories, asked.jobs)


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation",
        description="Deterministic simulation of the worker.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--histories", type=int, default=1_000, metavar="N")
    parser.add_argument("--from-seed", type=int, default=0, metavar="N")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--seed", type=int, metavar="N", help="this one only, with its trace")
    parser.add_argument(
        "--without", choices=sorted(FAULTS), default="", help="take one safeguard away"
    )
    asked = parser.parse_args(arguments)
    if asked.histories < 1 or asked.jobs < 1:
        parser.error("--histories and --jobs: at least 1")
    return asked


def reproduction(seed: int, without: str = "") -> str:
    """The line that runs this history again."""
    return f"python -m tests.simulation --seed {seed}" + (
        f" --without {without}" if without else ""
    )


def _one(seed: int, fault: Fault) -> int:
    outcome = run(seed, fault)
    print("\n".join(outcome.trace))
    print(f"seed {seed}: {outcome.seconds:.1f} s, {outcome.steps} steps, {outcome.digest}")
    for problem in outcome.problems:
        print(f"  {problem}")
    return 1 if outcome.problems else 0


def _first(name: str, fault: Fault, start: int, histories: int) -> int:
    for seed in range(start, start + histories):
        if problems := run(seed, fault).problems:
            print(f"{fault.meaning}: shows at seed {seed}, after {seed - start + 1} histories")
            print(f"  {problems[0][:300]}\n  {reproduction(seed, name)}")
            return 0
    print(f"{fault.meaning}: {histories} histories did not notice", file=sys.stderr)
    return 1


def _chunk(start: int, histories: int) -> tuple[int, list[tuple[int, list[str]]]]:
    outcomes = [run(seed) for seed in range(start, start + histories)]
    return histories, [(o.seed, o.problems) for o in outcomes if o.problems]


def _results(
    pool: ProcessPoolExecutor, start: int, histories: int
) -> Iterator[tuple[int, list[tuple[int, list[str]]]]]:
    asked = [
        pool.submit(_chunk, seed, min(CHUNK, start + histories - seed))
        for seed in range(start, start + histories, CHUNK)
    ]
    for done in as_completed(asked):
        yield done.result()


def _many(start: int, histories: int, jobs: int) -> int:
    began = time.monotonic()
    failed: list[tuple[int, list[str]]] = []
    ran = 0
    console = Console(stderr=True)
    pool = ProcessPoolExecutor(jobs)
    with Progress(console=console, transient=True) as progress:
        bar = progress.add_task("histories", total=histories)
        try:
            for done, bad in _results(pool, start, histories):
                progress.advance(bar, done)
                ran += done
                failed += bad
                for seed, _ in bad:
                    console.print(f"failed: {reproduction(seed)}", highlight=False)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            console.print(f"stopped: {len(failed)} of {ran} histories failed", highlight=False)
            return 130
    pool.shutdown()
    seconds = time.monotonic() - began
    for number, (seed, problems) in zip(count(), sorted(failed)):
        print(reproduction(seed))
        if number < SHOWN:
            for problem in problems[:SHOWN]:
                print(f"  {problem[:500]}")
    print(
        f"{histories - len(failed)} of {histories} histories passed in {seconds:.0f} s,"
        f" {histories / seconds * 60:.0f} a minute with {jobs} processes"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        # Sets of strings are gone through in the order of their hashes: a seed means the same
        # history only where those are the same.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]])
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
