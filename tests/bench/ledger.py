"""Does the ledger hold exactly what the records come to?"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from monitor.domain.measures import CONSUMED_BINS, SHOWN, Measure, Tally
from tests.bench.job import Expected, Group

# Told by the job and counted in `Expected`.
COUNTED = (
    Measure.SUBMITTED,
    Measure.ACCEPTED,
    Measure.COMPLETED,
    Measure.ON_TIME,
    Measure.LATE,
    Measure.HANDED_OVER,
)
# Nothing of the job is returned, refused or without a deadline, and nothing stays open.
NOTHING = (
    Measure.REFUSED,
    Measure.WITHDRAWN_UNACCEPTED,
    Measure.RETURNED,
    Measure.NO_DEADLINE,
    Measure.IN_PROCESS,
    Measure.PAUSED,
)


async def check(connection: Any, expected: Expected, *, catalogue: bool = False) -> list[str]:
    """What differs, in words; nothing when every figure of every group is exact.

    With a catalogue of procedures the level is the one that stands there, not the one sent:
    groups are then compared without it.
    """
    rows = await connection.fetch(
        f"""
        SELECT measure, agency, channel, {"0" if catalogue else "level"} AS level,
               sum(credit - debit)::int8 AS figure
        FROM total GROUP BY 1, 2, 3, 4
        """
    )
    shown: dict[Group, int] = {
        (row["measure"], row["agency"], row["channel"], row["level"]): row["figure"]
        for row in rows
    }
    differences = []
    awaited: Counter[Group] = Counter()
    for (measure, agency, channel, level), amount in expected.by_group.items():
        awaited[measure, agency, channel, 0 if catalogue else level] += amount
    found = {
        group: figure
        for group, figure in shown.items()
        if figure and group[0] in (*COUNTED, *NOTHING)
    }
    for group in sorted(awaited.keys() | found.keys()):
        ours, theirs = found.get(group, 0), awaited.get(group, 0)
        if ours != theirs:
            differences.append(f"{Measure(group[0]).name} {group[1:]}: {ours}, not {theirs}")

    completed = _sum(awaited, Measure.COMPLETED)
    binned = sum(figure for group, figure in shown.items() if group[0] in CONSUMED_BINS)
    if binned != completed:
        differences.append(f"DEADLINE_CONSUMED: {binned}, not {completed}")

    journal = await connection.fetch(
        "SELECT measure, sum(amount)::int8 AS amount FROM journal GROUP BY measure"
    )
    for measure, amount in journal:
        total = _sum(shown, measure)
        if measure in SHOWN and amount != total:
            differences.append(f"journal of {measure}: {amount}, totals {total}")

    tallies = await connection.fetch(
        "SELECT name, sum(amount)::int8 AS amount FROM tally GROUP BY name"
    )
    told = {row["name"]: row["amount"] for row in tallies}
    for name, theirs in (
        (Tally.COUNTED, expected.records - expected.duplicates),
        (Tally.DUPLICATE, expected.duplicates),
        (Tally.REFUSED, 0),
    ):
        if told.get(name, 0) != theirs:
            differences.append(f"records {name}: {told.get(name, 0)}, not {theirs}")
    return differences


def _sum(figures: Mapping[Any, int], measure: int) -> int:
    return sum(figure for group, figure in figures.items() if group[0] == measure)
