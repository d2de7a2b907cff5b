"""`python -m tests.bench.domain`: what the law's clock costs, in CPU, and where it goes.

Calendar arithmetic over a day, a year and fifty years; then the generator's dossiers, folded
and posted with the shipped reference files, part by part. The best of many repetitions counts,
so that a busy machine disturbs little; the collector is off.
"""

import gc
import sys
from collections.abc import Callable
from datetime import date
from time import process_time
from typing import Final

from rich.console import Console
from rich.table import Table

from agents.generate.model import Scenario, records
from monitor.domain.clocks import timed
from monitor.domain.fold import advance, fold
from monitor.domain.identity import settled
from monitor.domain.policy import Legal, Policy
from monitor.domain.post import (
    Posting,
    oddities,
    post_clocks,
    post_legal,
    post_traits,
    posting,
    stays_until,
)
from monitor.domain.reckoning import Reckoning
from monitor.domain.view import View
from monitor.domain.zone import day_number
from monitor.reference.policy import load_policy
from schemas.decode import Decoder
from schemas.event import Canonical
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused
from tests.servers.require import ROOT

REPEATS: Final = 15
CALLS: Final = 2_000
DISTANCES: Final = {"a day": 1, "a year": 365, "fifty years": 18_262}


def best_us(work: Callable[[], object], calls: int) -> float:
    """Microseconds of CPU a call, of the best repetition."""
    best = float("inf")
    for _ in range(REPEATS):
        began = process_time()
        work()
        best = min(best, process_time() - began)
    return best / calls * 1e6


def arithmetic(legal: Legal, policy: Policy) -> Table:
    """Each operation of the calendar over each distance."""
    calendar = legal.calendars.calendar()
    start = policy.zone.instant(day_number(date(2026, 8, 3)), 9 * 3_600_000)
    table = Table(title="calendar arithmetic, µs a call")
    table.add_column("operation")
    for distance in DISTANCES:
        table.add_column(distance, justify="right")
    worked, added, days = [], [], []
    for length in DISTANCES.values():
        until = start + length * 86_400_000
        amount = calendar.worked_ms(start, until)
        day = policy.zone.day(start)

        def count(until: int = until) -> None:
            for _ in range(CALLS):
                calendar.worked_ms(start, until)

        def add(amount: int = amount) -> None:
            for _ in range(CALLS):
                calendar.add_worked(start, amount)

        def add_days(n: int = length * 2 // 3 + 1, day: int = day) -> None:
            for _ in range(CALLS):
                calendar.add_working_days(day, n)

        worked.append(best_us(count, CALLS))
        added.append(best_us(add, CALLS))
        days.append(best_us(add_days, CALLS))
    for name, figures in (
        ("working time between two instants", worked),
        ("add working time", added),
        ("add working days", days),
    ):
        table.add_row(name, *(f"{figure:.2f}" for figure in figures))
    return table


def histories(policy: Policy) -> list[list[Canonical]]:
    """The events of a thousand generated dossiers, each in order."""
    decode = Decoder(policy.zone, DOSSIERS).decode
    by_dossier: dict[str, list[Canonical]] = {}
    for record in records(Scenario(dossiers=1_000, seed=1, days=40, duplicates=0)):
        event = decode(record.value, record_time_ms=record.at_ms)
        if not isinstance(event, Refused):
            by_dossier.setdefault(event.dossier, []).append(event)
    return list(by_dossier.values())


def parts(policy: Policy, legal: Legal) -> Table:
    """What an event of the generator's dossiers costs, with the plain and with all measures."""
    lives = histories(policy)
    events = sum(map(len, lives))
    views = [fold(settled(life)) for life in lives]
    accepted = [view for view in views if view.accepted_ms is not None]
    reckonings = [Reckoning.of(view, policy.zone, legal) for view in accepted]
    plain = Policy(policy.zone, policy.precision)

    def step() -> None:
        for life in lives:
            view = View()
            for event in life:
                advance(view, event)

    def legal_entries() -> None:
        for reckoning in reckonings:
            view = reckoning.view
            made = Posting(view, view.level)
            post_legal(made, reckoning, stays_until(made, view, policy.zone, view.end_ms))

    def trait_entries() -> None:
        for made, reckoning, stays in stayed:
            post_traits(made, reckoning, stays)

    stayed = []
    for reckoning in reckonings:
        made = Posting(reckoning.view, 0)
        view = reckoning.view
        stayed.append((made, reckoning, stays_until(made, view, policy.zone, view.end_ms)))

    def clock_entries() -> None:
        for reckoning in reckonings:
            post_clocks(Posting(reckoning.view, 0), reckoning)

    measured = {
        "advance, event by event": best_us(step, events),
        "fold of all events": best_us(lambda: [fold(life) for life in lives], events),
        "post, plain measures": best_us(lambda: [posting(v, plain) for v in views], events),
        "post, all measures": best_us(lambda: [posting(v, policy) for v in views], events),
        "  of it: reckoning made": best_us(
            lambda: [Reckoning.of(view, policy.zone, legal) for view in accepted], events
        ),
        "  of it: verdicts, stocks, hand-offs": best_us(legal_entries, events),
        "  of it: by traits": best_us(trait_entries, events),
        "  of it: clocks": best_us(clock_entries, events),
        "    of it: their intervals": best_us(
            lambda: [list(timed(reckoning)) for reckoning in reckonings], events
        ),
        "  of it: warnings": best_us(
            lambda: [list(oddities(reckoning)) for reckoning in reckonings], events
        ),
    }
    whole = measured["advance, event by event"] + measured["post, all measures"]
    entries = sum(len(posting(view, policy).entries()) for view in views) / len(views)
    table = Table(
        title="fold and post, µs of CPU an event",
        caption=f"{len(lives):,} dossiers, {events:,} events; a dossier posts {entries:.0f} entries"
        " with all measures; the share is of advance and post of all measures",
    )
    table.add_column("part")
    table.add_column("µs an event", justify="right")
    table.add_column("share", justify="right")
    for name, figure in measured.items():
        table.add_row(name, f"{figure:.2f}", f"{figure / whole:.0%}")
    return table


def main() -> int:
    gc.disable()
    policy = load_policy(ROOT / "deploy" / "reference")
    legal = policy.legal
    if legal is None:
        raise SystemExit("the shipped reference files have no legal side")
    console = Console(width=None if sys.stdout.isatty() else 100)
    console.print(arithmetic(legal, policy))
    console.print(parts(policy, legal))
    return 0


if __name__ == "__main__":
    sys.exit(main())
