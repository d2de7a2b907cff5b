"""`python -m tests.agents.backtest`: how good the forecast of overdue dossiers would have been.

A log is booked dossier by dossier, by the plain rule. Then, on the morning of every working day, the
forecast is made from what the books had until then, and held against what was overdue later. Beside
it two others: that it stays as it is today, and that the office settles in order of due dates.
"""

import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from random import Random

from rich.console import Console
from rich.table import Table

from agents.generate.model import Scenario, records
from agents.replay.command import opened
from monitor.domain.calendar import FIRST_DAY, OFFICE_WEEK, WorkCalendar
from monitor.domain.codes import level1
from monitor.domain.fold import fold
from monitor.domain.forecast import WITHIN, Books, ahead, forecast, mornings
from monitor.domain.identity import settled
from monitor.domain.measures import NO_SLOT, Measure
from monitor.domain.policy import Policy
from monitor.domain.post import Entries, post
from monitor.domain.zone import Zone, day_number
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused
from tests.servers.require import ROOT, require_data

OURS, NAIVE, QUEUE = "ours", "as today", "queue"
STOCKS = (Measure.IN_PROCESS, Measure.PAUSED)
SETTLED = (Measure.COMPLETED, Measure.RETURNED)


@dataclass
class Ledger:
    """Movements of the stock and what was settled, by agency of level 1."""

    moved: dict[str, Counter[tuple[int, int]]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    settled: dict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def book(self, entries: Entries) -> None:
        for account, amount in entries.items():
            agency = level1(account.cell.agency)
            if account.measure in STOCKS and account.slot != NO_SLOT:
                self.moved[agency][account.day, account.slot] += amount
            elif account.measure in SETTLED:
                self.settled[agency][account.day] += amount

    def books(self, agency: str, first: int, today: int) -> Books:
        """What the ledger had of an agency when a day began."""
        stock: Counter[int] = Counter()
        moved = {}
        for (day, slot), amount in self.moved[agency].items():
            if day < today:
                stock[slot] += amount
                if day >= first:
                    moved[day, slot] = amount
        ended = {d: n for d, n in self.settled[agency].items() if first <= d < today}
        return Books(stock=stock, moved=moved, settled=ended)

    def overdue(self, agency: str, morning: int) -> int:
        return sum(
            amount
            for (day, slot), amount in self.moved[agency].items()
            if day < morning and slot < morning
        )

    def days(self) -> tuple[int, int]:
        days = [day for moved in self.moved.values() for day, _ in moved]
        return min(days), max(days)


@dataclass(frozen=True)
class Score:
    """Errors of one way to forecast, over all agencies and days; in dossiers."""

    days: int
    truth: float  # how many were overdue, on average
    mean_error: float  # of the absolute error
    bias: float


def scored(
    ledger: Ledger, calendar: WorkCalendar, first: int, last: int
) -> dict[tuple[int, str], Score]:
    """By how many working days ahead, and by which way to forecast."""
    errors: dict[tuple[int, str], list[float]] = defaultdict(list)
    truths: dict[int, list[int]] = defaultdict(list)
    calendars = dict.fromkeys(ledger.moved, calendar)
    for today in range(first, last + 1):
        if not calendar.is_working_day(today):
            continue
        begin = mornings(calendar, today)[0]
        held = {agency: ledger.books(agency, begin, today) for agency in ledger.moved}
        made = forecast(held, calendars, today)
        for within in WITHIN:
            later = ahead(calendar, today, within)
            if later > last + 1:
                continue
            for agency, found in made.items():
                now, truth = ledger.overdue(agency, today), ledger.overdue(agency, later)
                outlook = found.ahead[within].outlook
                if outlook is None or found.pace is None:
                    continue
                ours = outlook.expected
                falling = sum(n for slot, n in held[agency].stock.items() if slot < later)
                truths[within].append(truth)
                errors[within, OURS].append(ours - truth)
                errors[within, NAIVE].append(now - truth)
                errors[within, QUEUE].append(max(falling - found.pace * within, 0) - truth)
    return {
        (within, way): Score(
            len(found),
            sum(truths[within]) / len(found),
            sum(map(abs, found)) / len(found),
            sum(found) / len(found),
        )
        for (within, way), found in errors.items()
    }


def recorded() -> tuple[Ledger, WorkCalendar]:
    """The recorded log that has due dates and ends of a year and more."""
    ledger = Ledger()
    by_dossier = defaultdict(dict)
    mapping = ROOT / "deploy" / "mappings" / "coselog_receipt.toml"
    with opened(require_data("coselog_receipt/receipt.csv.gz"), mapping) as job:
        for row in job.stream.rows():
            by_dossier[row.event.dossier].update(dict.fromkeys((*row.derived, row.event)))
        zone = Zone(job.zone)
    policy = Policy(zone)
    for events in by_dossier.values():
        ledger.book(post(fold(settled(list(events))), policy))
    return ledger, WorkCalendar(zone=zone, weeks=((FIRST_DAY, OFFICE_WEEK),))


def generated(dossiers: int) -> tuple[Ledger, WorkCalendar]:
    """Generated dossiers of two months: whether one is late is drawn for it alone."""
    scenario = Scenario(
        seed=7, dossiers=dossiers, start=date(2026, 3, 2), days=61, duplicates=0.0
    )
    zone = Zone()
    decoder = Decoder(zone, DOSSIERS)
    by_dossier = defaultdict(list)
    for record in records(scenario):
        event = decoder.decode(record.value, record_time_ms=record.at_ms)
        assert not isinstance(event, Refused)
        by_dossier[event.dossier].append(event)
    ledger = Ledger()
    policy = Policy(zone)
    for events in by_dossier.values():
        ledger.book(post(fold(settled(events)), policy))
    return ledger, WorkCalendar(zone=zone)


def queues(offices: int, *, rush: float = 1.0, seed: int = 7) -> tuple[Ledger, WorkCalendar]:
    """Offices that settle so many a day and no more, in order of receipt, due after five days.

    They are given nine tenths of what they can do; in the seventh week `rush` times as much.
    """
    rng = Random(seed)
    calendar = WorkCalendar()
    first = day_number(date(2026, 3, 2))
    days = [calendar.add_working_days(first, n) for n in range(60)]
    ledger = Ledger()
    for number in range(offices):
        agency, can = f"H{number:02d}", rng.randint(5, 40)
        waiting: list[int] = []  # days they fall due on, as they came
        for place, day in enumerate(days):
            given = can * 0.9 * (rush if 30 <= place < 35 else 1)
            for _ in range(_drawn(rng, given)):
                due = calendar.add_working_days(day, 5)
                waiting.append(due)
                ledger.moved[agency][day, due] += 1
            done = min(_drawn(rng, can), len(waiting))
            for due in waiting[:done]:
                ledger.moved[agency][day, due] -= 1
            ledger.settled[agency][day] += done
            del waiting[:done]
    return ledger, calendar


def _drawn(rng: Random, mean: float) -> int:
    """Around a mean, as what comes one by one does."""
    return max(0, round(rng.gauss(mean, mean**0.5)))


def main() -> int:
    ledgers = {
        "coselog_receipt": recorded,
        "emc generate, 20,000 dossiers": lambda: generated(20_000),
        "queues": lambda: queues(30),
        "queues with a week of threefold work": lambda: queues(30, rush=3.0),
    }
    for name, made in ledgers.items():
        ledger, calendar = made()
        first, last = ledger.days()
        _print(name, scored(ledger, calendar, first + 14, last))
    return 0


def _print(name: str, scores: dict[tuple[int, str], Score]) -> None:
    table = Table("days ahead", "way", "forecasts", "overdue", "mean error", "bias", title=name)
    for (within, way), score in sorted(scores.items()):
        table.add_row(
            str(within), way, str(score.days), f"{score.truth:.1f}",
            f"{score.mean_error:.2f}", f"{score.bias:+.2f}",
        )  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
