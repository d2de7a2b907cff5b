"""What must hold after a run: everything in the logs, once, and nothing else, in every account.

The truth is what the brokers hold, read back by the plainest client: under broken brokers a
producer may have written twice what it was not told of. That nothing it was told of is missing
is looked at too. Beside this recount the service's own opinion is asked, `emc reconcile`: one that
took a broken ledger for sound would be as bad as the break.
"""

import asyncio
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from agents.recount import Result
from monitor.domain.policy import Policy
from monitor.domain.view import Cell
from monitor.ledger.checks import Check
from monitor.ledger.reconcile import RECORDED, Recorded
from tests.chaos.load import RecountWithVoids
from tests.servers.topics import consume
from tests.whole import ledger_checks

SHOWN = 12  # disagreements of a kind; the rest is a number
RECONCILED_S = 240.0  # a machine may have much else to do


@dataclass
class Log:
    """What the topics hold."""

    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    bad: set[tuple[str, int, int]] = field(default_factory=set)  # topic, partition, offset
    values: Counter[bytes] = field(default_factory=Counter)
    said: RecountWithVoids = field(default_factory=RecountWithVoids)


async def read_back(bootstrap: str, ends: Mapping[tuple[str, int], int]) -> Log:
    """All records of the topics, up to the ends that the broker names."""
    log = Log(dict(ends))
    for topic in sorted({topic for topic, _ in ends}):
        own = {partition: end for (name, partition), end in ends.items() if name == topic}
        records = await consume(
            bootstrap, topic, sum(own.values()), partitions=len(own), within_s=60
        )
        for record in records:
            value = record.value or b""
            log.values[value] += 1
            if not log.said.add(value, record.timestamp):
                log.bad.add((topic, record.partition, record.offset))
    return log


async def disagreements(
    dsn: str, log: Log, acknowledged: Counter[bytes], policy: Policy
) -> list[str]:
    """What is wrong; nothing, if all is well. Every dossier must be booked by the one policy.

    The recount knows no reference files: with them, what hangs on them (which agency, which
    level) is compared in sum.
    """
    found = []
    if missing := acknowledged - log.values:
        found.append(f"the log has lost {missing.total()} acknowledged records")
    found += await _records(dsn, log)
    cells, journal = await _cells(dsn), await _journal(dsn)
    contradictions = await ledger_checks._dossiers_against(dsn, journal, cells, policy)
    for what in ("dossier", "journal"):
        found += _few(what, [said for said in contradictions if said.startswith(what)])
    found += _few("total", await ledger_checks._totals_against(dsn, journal, cells))
    result = log.said.result()
    found += _tallies(await ledger_checks.tallied(dsn), result)
    if policy is ledger_checks.PLAIN:
        found += _few("group", await ledger_checks.differences(dsn, result))
    else:
        found += _sums(await ledger_checks.figures(dsn), ledger_checks.recounted(result))
    return found + await drift(dsn)


async def drift(dsn: str) -> list[str]:
    """What `emc reconcile` finds, started as an operator starts it; nothing, if all is well."""
    asked = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "monitor.cli", "reconcile", "--json", "--jobs", "1"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={
            **{name: is_ for name, is_ in os.environ.items() if not name.startswith("EMC_")},
            "EMC_DATABASE": dsn,
        },
    )
    try:
        async with asyncio.timeout(RECONCILED_S):
            out, err = await asked.communicate()
    except TimeoutError:
        asked.kill()
        await asked.wait()
        return [f"emc reconcile has not ended in {RECONCILED_S:.0f} s"]
    try:
        told = orjson.loads(out)["checks"]
    except orjson.JSONDecodeError:
        return [f"emc reconcile ended with {asked.returncode}: {err.decode()}"]
    found = [
        f"emc reconcile, {check}: {outcome['differing']} of {outcome['compared']} differ,"
        f" {outcome['stale']} stale: {outcome['first'][:SHOWN]}"
        for check, outcome in told.items()
        if outcome["differing"] or outcome["stale"]
    ]
    if bool(asked.returncode) != any(outcome["differing"] for outcome in told.values()):
        found.append(f"emc reconcile ended with {asked.returncode} and found {found}")
    # What emc_ledger_drift shows from now on.
    recorded = [Recorded(*row) for row in await ledger_checks._fetch(dsn, RECORDED)]
    shown = {one.name: one.differing for one in recorded}
    if shown != {check.value: told.get(check, {}).get("differing") for check in Check}:
        found.append(f"emc reconcile recorded {shown} of what it found: {sorted(told)}")
    return found


async def _records(dsn: str, log: Log) -> list[str]:
    """Positions at the end of every partition; each bad record in quarantine exactly once."""
    found = []
    positions = {
        (row["topic"], row["partition"]): row["next"]
        for row in await ledger_checks._fetch(
            dsn, "SELECT topic, partition, next FROM position"
        )
    }
    if positions != log.ends:
        found.append(f"positions {positions}, the logs end at {log.ends}")
    kept = Counter(
        tuple(row)
        for row in await ledger_checks._fetch(
            dsn, 'SELECT topic, partition, "offset" FROM quarantine'
        )
    )
    if kept != Counter(log.bad):
        surplus, lacking = kept - Counter(log.bad), Counter(log.bad) - kept
        found.append(f"quarantine has {sorted(surplus)} too much, lacks {sorted(lacking)}")
    return found


async def _cells(dsn: str) -> dict[int, Cell]:
    return {
        row["id"]: Cell(*list(row.values())[1:])
        for row in await ledger_checks._fetch(
            dsn, f"SELECT id, {', '.join(Cell._fields)} FROM cell"
        )
    }


async def _journal(dsn: str) -> Counter[Any]:
    rows = await ledger_checks._fetch(
        dsn,
        "SELECT measure, cell, day, slot, sum(amount)::bigint AS sum FROM journal"
        " GROUP BY measure, cell, day, slot",
    )
    return Counter({tuple(row)[:4]: row["sum"] for row in rows})


def _tallies(records: Mapping[str, int], result: Result) -> list[str]:
    return [
        f"records {name}: ledger {records.get(name, 0)}, recount {count}"
        + (", so some were counted more than once" if records.get(name, 0) > count else "")
        for name, count in (
            ("counted", result.counted),
            ("duplicate", result.duplicates),
            ("refused", result.refused),
        )
        if records.get(name, 0) != count
    ]


def _sums(ours: ledger_checks.Figures, theirs: ledger_checks.Figures) -> list[str]:
    """Figures of all groups together."""

    def summed(figures: ledger_checks.Figures) -> Counter[str]:
        total: Counter[str] = Counter()
        for named in figures.values():
            total.update(named)
        return total

    ledger, recount = summed(ours), summed(theirs)
    return [
        f"{name}: ledger {ledger[name]}, recount {recount[name]}"
        for name in sorted(ledger.keys() | recount.keys())
        if ledger[name] != recount[name]
    ]


def _few(what: str, found: Iterable[str]) -> list[str]:
    listed = list(found)
    if len(listed) <= SHOWN:
        return listed
    return [*listed[:SHOWN], f"… and {len(listed) - SHOWN} more of {what}"]
