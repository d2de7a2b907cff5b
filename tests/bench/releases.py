"""`python -m tests.bench.releases`: how much of its table the public sees of a realistic day.

The generator's country, its channels, levels and agencies; days of so many dossiers, more and fewer
by chance, and of days off a hundredth. A pattern is chosen from three months, and a month is released
by it. Then everything is audited, each release with the one before it.
"""

import math
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Final

from agents.generate.country import Country, load
from agents.generate.life import DIRECT, ONLINE, POSTAL
from monitor.domain.disclosure import isolated
from monitor.domain.measures import Measure
from monitor.domain.period import Span
from monitor.domain.public import Rows, Table
from monitor.domain.suppression import (
    ROOT,
    TOTAL,
    Counts,
    Pattern,
    Tree,
    busy,
    choose,
    figures,
    fitting,
    is_busy,
    sums,
    usual,
)
from monitor.domain.zone import day_number
from monitor.reference.releases import Public, load_public
from tests.servers.require import ROOT as CHECKOUT

DRAWN: Final = 200_000
PAST: Final = 92
DAY: Final = day_number(date(2026, 8, 1))


def drawn(country: Country, rng: random.Random) -> Counter[tuple[str, int, int]]:
    """Agency, channel and level of many dossiers."""
    authorities = {DIRECT: country.direct, ONLINE: country.online, POSTAL: country.postal}
    found: Counter[tuple[str, int, int]] = Counter()
    for channel in rng.choices(list(authorities), country.channel_weights, k=DRAWN):
        authority = authorities[channel](rng)
        procedure = authority.procedures(rng)
        found[authority.agencies[procedure.by](rng), channel, procedure.level] += 1
    return found


def poisson(rng: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    count, product, least = 0, rng.random(), math.exp(-mean)
    while product > least:
        count += 1
        product *= rng.random()
    return count


def period(
    rng: random.Random, means: Mapping[tuple[str, str], float], dossiers: float
) -> Counts:
    total = dossiers * rng.uniform(0.8, 1.2)
    held = {key: poisson(rng, share * total) for key, share in means.items()}
    return {key: count for key, count in held.items() if count}


def measure(
    public: Public, table: Table, drawing: Counter[tuple[str, int, int]], dossiers: int
) -> None:
    rng = random.Random(7)
    places = public.places(table, DAY)
    tree = Tree({place: above for place, (above, _) in places.items()})
    means: defaultdict[tuple[str, str], float] = defaultdict(float)
    for (agency, channel, level), count in drawing.items():
        column = table.column(Measure.ACCEPTED, channel, level)
        assert column is not None
        means[public.place(agency, tree, DAY), column] += count / DRAWN
    by_day = table.rows is Rows.LEVEL1
    if by_day:
        days = [dossiers * (0.01 if n % 7 > 4 else 1) for n in range(PAST + 30)]
    else:
        days = [dossiers * 21.0 for _ in range(6)]
    all_periods = [period(rng, means, count) for count in days]
    past, periods = (
        (all_periods[:PAST], all_periods[PAST:])
        if by_day
        else (all_periods[:3], all_periods[3:])
    )

    began = time.perf_counter()
    pattern = choose(tree, table.names, busy(past), limit=table.limit, headroom=table.headroom)
    chosen_s = time.perf_counter() - began
    assert pattern is not None
    shown: list[tuple[Pattern, Counts]] = []
    waiting: Counter[tuple[str, str]] = Counter()
    for one in periods:
        waiting.update(one)
        fit = fitting(pattern, waiting) if is_busy(waiting, usual(busy(past))) else None
        if fit is not None:
            shown.append((fit, dict(waiting)))
            waiting.clear()
    held = [(figures(fit, counts), sums(tree, table.names, counts)) for fit, counts in shown]
    leaves = [key for key in held[0][1] if key[0] != ROOT and key[1] != TOTAL]
    lines = [key for key in held[0][1] if key[0] != ROOT and key[1] == TOTAL]

    def share(keys: list[tuple[str, str]], *, of_dossiers: bool) -> float:
        every = seen = 0
        for figured, known in held:
            for key in keys:
                if known[key]:
                    every += known[key] if of_dossiers else 1
                    seen += (known[key] if of_dossiers else 1) * (key in figured)
        return 100 * seen / every

    began = time.perf_counter()
    for before, now in zip([None, *shown], shown, strict=False):
        assert audited([now] if before is None else [before, now], table.limit)
    audited_s = (time.perf_counter() - began) / len(shown)
    print(
        f"| {table.span}, {table.rows} | {dossiers:,} | {len(shown)} of {len(periods)} |"
        f" {share(lines, of_dossiers=False):.0f} % | {share(leaves, of_dossiers=False):.0f} % |"
        f" {share(lines, of_dossiers=True):.1f} % | {share(leaves, of_dossiers=True):.1f} % |"
        f" {chosen_s:.2f} s | {audited_s:.2f} s |"
    )


def audited(shown: list[tuple[Pattern, Counts]], limit: int) -> bool:
    cells: list[set[tuple[int, str, str]]] = []
    counts: dict[tuple[int, str, str], int] = {}
    for number, (pattern, held) in enumerate(shown):
        counts |= {(number, *key): count for key, count in held.items()}
        at = defaultdict(list)
        for place, column in held:
            for above in pattern.tree.line(place):
                at[above].append((number, place, column))
        cells += [
            {one for one in at[place] if column in (TOTAL, one[2])}
            for place, column in figures(pattern, held)
        ]
    return isolated(cells, counts, limit) is None


def main() -> None:
    public = load_public(CHECKOUT / "deploy" / "reference")
    (daily,) = (table for table in public.tables if table.name == "received")
    monthly = replace(daily, rows=Rows.AGENCIES, span=Span.MONTH)
    drawing = drawn(load(), random.Random(5))
    print(
        "| table | dossiers a working day | released | places, totals | cells | dossiers in totals |"
        " dossiers in cells | choosing | audit of a pair |\n|---|---|---|---|---|---|---|---|---|"
    )
    for dossiers in (120_000, 12_000, 1_200):
        measure(public, daily, drawing, dossiers)
    for dossiers in (120_000, 12_000):
        measure(public, monthly, drawing, dossiers)


if __name__ == "__main__":
    main()
