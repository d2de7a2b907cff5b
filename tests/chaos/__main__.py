"""`python -m tests.chaos`: draw faults and load from seeds, inject them, judge what is left.

--seed N       one seed; its plan is printed first, and the same seed draws the same plan
--seeds A-B    several of them; default 1-10
--minutes M    of load and faults a seed; default 1
--faults K,K   only these kinds
--brokers N    1 or 3; default as the seed draws
--show         print the plans and inject nothing
--teeth        only show that the suite notices each protection that is taken out
--without P    run the seeds with a protection taken out of every worker
"""

import argparse
import asyncio
import logging
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from tests.chaos.plan import Kind, Plan, draw
from tests.chaos.run import PEACE_S, Outcome, Run
from tests.chaos.scenarios import TEETH
from tests.chaos.servers import Servers, postgres_of_its_own
from tests.chaos.teeth import REMOVALS
from tests.servers.process import ServerFailed

TEETH_PEACE_S = 40.0  # most removals leave a worker that never comes to the end


def main() -> int:
    options = _options()
    console = Console(stderr=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are away on purpose
    plans = [
        draw(
            seed,
            options.minutes * 60,
            kinds=options.faults or tuple(Kind),
            brokers=options.brokers,
        )
        for seed in options.seeds
    ]
    if options.show:
        for plan in plans:
            print(plan)
        return 0
    try:
        with (
            tempfile.TemporaryDirectory(
                prefix="emc-chaos-", ignore_cleanup_errors=True
            ) as folder,
            postgres_of_its_own(Path(folder)) as servers,
        ):
            if servers.no_disk:
                console.print(f"no disk will be full here: {servers.no_disk}", style="yellow")
            return _all(options, plans, servers, Path(folder), console)
    except KeyboardInterrupt:
        console.print("interrupted; servers and workers are stopped")
        return 130
    except (ServerFailed, pytest.fail.Exception, pytest.skip.Exception) as error:
        console.print(str(error), style="red", markup=False)
        return 1


def _all(
    options: argparse.Namespace,
    plans: Sequence[Plan],
    servers: Servers,
    folder: Path,
    console: Console,
) -> int:
    good = True
    outcomes = []
    if not options.teeth:
        for plan in plans:
            outcome = _one(plan, servers, folder, console, options.without)
            outcomes.append(outcome)
            good = good and not outcome.wrong
        _report(outcomes)
    if options.teeth or not options.one:
        good = _teeth(servers, folder, console, options.without) and good
    return 0 if good else 1


def _one(
    plan: Plan,
    servers: Servers,
    folder: Path,
    console: Console,
    without: str,
    peace_s: float = PEACE_S,
) -> Outcome:
    console.print(str(plan), highlight=False, markup=False, soft_wrap=True)
    with Progress(
        SpinnerColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
        console=console,
        transient=True,
    ) as progress:
        here = progress.add_task("servers start")

        def tell(what: str) -> None:
            progress.update(here, description=f"seed {plan.seed}: {what.strip()}")

        own = folder / f"run-{len(list(folder.iterdir()))}"
        own.mkdir()
        outcome = asyncio.run(Run(plan, servers, own, without, tell, peace_s)())
    for wrong in outcome.wrong:
        console.print(
            f"seed {plan.seed}: {wrong}",
            style="red",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    if not outcome.wrong:
        console.print(
            f"  exact: {outcome.records} records, {outcome.injected.total()} faults,"
            f" calm after {outcome.calm_s:.1f} s\n",
            highlight=False,
        )
    else:
        console.print(
            f"again: python -m tests.chaos --seed {plan.seed} --minutes {plan.seconds / 60:g}"
            + (f" --without '{without}'" if without else ""),
            soft_wrap=True,
        )
    return outcome


def _teeth(servers: Servers, folder: Path, console: Console, only: str = "") -> bool:
    """Each protection is taken out; a suite that finds nothing wrong then has no teeth."""
    table = Table(title="Protections taken out")
    table.add_column("without")
    table.add_column("noticed")
    table.add_column("by", overflow="fold")
    good = True
    for name, (plan, sign) in TEETH.items():
        if only and name != only:
            continue
        quiet = Console(quiet=True)
        outcome = _one(plan, servers, folder, quiet, name, TEETH_PEACE_S)
        seen = [line for wrong in outcome.wrong for line in wrong.splitlines()]
        shown = [line for line in seen if re.search(sign, line)]
        good = good and bool(shown)
        table.add_row(name, "yes" if shown else "NO", shown[0][:90] if shown else "")
        console.print(f"without {name}: {'noticed' if shown else 'NOT noticed'}")
    Console().print(table)
    return good


def _report(outcomes: Sequence[Outcome]) -> None:
    injected: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    runs = Table(title="Runs")
    for column in ("seed", "brokers", "records", "faults", "calm after", "verdict"):
        runs.add_column(column, justify="right")
    for outcome in outcomes:
        injected.update(outcome.injected)
        missed.update(outcome.missed)
        runs.add_row(
            str(outcome.plan.seed),
            str(outcome.plan.brokers),
            str(outcome.records),
            str(outcome.injected.total()),
            f"{outcome.calm_s:.1f} s",
            f"{len(outcome.wrong)} wrong" if outcome.wrong else "exact",
        )
    faults = Table(title="Faults")
    for column in ("fault", "injected", "not possible then"):
        faults.add_column(column, justify="right")
    for name in sorted(injected.keys() | missed.keys()):
        faults.add_row(name, str(injected[name]), str(missed[name]))
    out = Console()
    out.print(faults)
    out.print(runs)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos",
        description="Faults on real servers, and an independent recount after each run.",
        epilog="Exit status: 0 all exact, 1 something was wrong, 2 wrong use.",
    )
    parser.add_argument("--seed", type=int, help="one seed, without the teeth")
    parser.add_argument("--seeds", type=_range, default=range(1, 11), metavar="A-B")
    parser.add_argument("--minutes", type=float, default=1.0, help="a seed; default 1")
    parser.add_argument("--faults", type=_kinds, metavar="KIND,KIND", help=", ".join(Kind))
    parser.add_argument("--brokers", type=int, choices=(1, 3))
    parser.add_argument("--show", action="store_true", help="print the plans and stop")
    parser.add_argument("--teeth", action="store_true", help="only the removals")
    parser.add_argument("--without", choices=list(REMOVALS), default="", metavar="PROTECTION")
    options = parser.parse_args()
    options.one = options.seed is not None
    if options.one:
        options.seeds = [options.seed]
    return options


def _range(text: str) -> range:
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def _kinds(text: str) -> list[Kind]:
    return [Kind(name.strip()) for name in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())
