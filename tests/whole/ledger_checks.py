"""Does the ledger agree with itself, with the log it has read, and with an independent count?

Every check returns the disagreements as sentences, so that a test shows all of them at once.
"""

import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import asyncpg

from agents.recount import Result
from monitor.domain.codes import level1
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.measures import CONSUMED_BINS, SHOWN, Measure
from monitor.domain.policy import Policy
from monitor.domain.post import post
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from monitor.ledger.packing import unpack_entries
from schemas.packed import unpack_events

Group = tuple[str, int, int]  # level-1 agency, channel, service level
PLAIN: Final = Policy(Zone())

Figures = dict[Group, dict[str, int]]

FLOWS: Final = {
    Measure.SUBMITTED: "submitted",
    Measure.ACCEPTED: "accepted",
    Measure.REFUSED: "refused_dossiers",
    Measure.WITHDRAWN_UNACCEPTED: "withdrawn_unaccepted",
    Measure.COMPLETED: "completed",
    Measure.RETURNED: "returned",
    Measure.HANDED_OVER: "handed_over",
    Measure.ON_TIME: "on_time",
    Measure.LATE: "late",
    Measure.NO_DEADLINE: "no_deadline",
    Measure.CLOCK_UNCERTAIN: "clock_uncertain",
    Measure.IN_PROCESS: "in_process",
    Measure.PAUSED: "paused",
}
# Known to the recount only: one is no figure of the ledger, the others ask what time it is.
NOT_POSTED: Final = ("waiting_acceptance", "open_overdue", "open")


async def booked_until(dsn: str, topic: str) -> dict[int, int]:
    """Where each partition of a topic is read from next."""
    rows = await _fetch(
        dsn, "SELECT partition, next FROM position WHERE topic = $1 ORDER BY partition", topic
    )
    return {row["partition"]: row["next"] for row in rows}


async def tallied(dsn: str) -> dict[str, int]:
    """How many records were counted, duplicates, refused, each as it was first read."""
    rows = await _fetch(
        dsn,
        "SELECT name, sum(amount)::bigint AS sum FROM tally"
        " WHERE name NOT IN ('returned', 'dropped') GROUP BY name",
    )
    return {row["name"]: row["sum"] for row in rows}


async def figures(dsn: str) -> Figures:
    """The totals as /metrics shows them: credit less debit over shards and classes."""
    rows = await _fetch(
        dsn,
        "SELECT measure, agency, channel, level, sum(credit - debit)::bigint AS net FROM total"
        " WHERE measure = ANY($1) GROUP BY measure, agency, channel, level",
        [int(measure) for measure in FLOWS],
    )
    shown: Figures = {}
    for row in rows:
        if row["net"]:
            group = row["agency"], row["channel"], row["level"]
            shown.setdefault(group, {})[FLOWS[Measure(row["measure"])]] = row["net"]
    return shown


def recounted(result: Result) -> Figures:
    """The same figures by the independent count."""
    expected: Figures = {}
    for group, counts in result.by.items():
        kept = {
            name: count
            for name, count in asdict(counts).items()
            if count and name not in NOT_POSTED
        }
        if kept:
            expected[group] = kept
    return expected


async def differences(dsn: str, result: Result) -> list[str]:
    """Where the ledger's totals and tallies are not what the independent count says."""
    ours, theirs = await figures(dsn), recounted(result)
    found = [
        f"{group} {name}: ledger {ours.get(group, {}).get(name, 0)},"
        f" recount {theirs.get(group, {}).get(name, 0)}"
        for group in sorted(ours.keys() | theirs.keys())
        for name in sorted(ours.get(group, {}).keys() | theirs.get(group, {}).keys())
        if ours.get(group, {}).get(name, 0) != theirs.get(group, {}).get(name, 0)
    ]
    records = await tallied(dsn)
    found += [
        f"records {name}: ledger {records.get(name, 0)}, recount {count}"
        for name, count in (
            ("counted", result.counted),
            ("duplicate", result.duplicates),
            ("refused", result.refused),
        )
        if records.get(name, 0) != count
    ]
    return found


async def drift(
    dsn: str, topic: str, ends: Mapping[int, int], policy: Policy = PLAIN
) -> list[str]:
    """Where dossiers, journal, totals, tallies, quarantine and positions contradict each other.

    `ends` are the log's; every record up to there must have been tallied exactly once.
    """
    cells = {
        row["id"]: Cell(*list(row.values())[1:])
        for row in await _fetch(dsn, f"SELECT id, {', '.join(Cell._fields)} FROM cell")
    }
    journal = Counter(
        {
            (row["measure"], row["cell"], row["day"], row["slot"]): row["sum"]
            for row in await _fetch(
                dsn,
                "SELECT measure, cell, day, slot, sum(amount)::bigint AS sum FROM journal"
                " GROUP BY measure, cell, day, slot",
            )
        }
    )
    found = await _dossiers_against(dsn, journal, cells, policy)
    found += await _totals_against(dsn, journal, cells)
    found += await _records_against(dsn, topic, ends)
    return found


async def _dossiers_against(
    dsn: str, journal: Mapping[Any, int], cells: Mapping[int, Cell], policy: Policy
) -> list[str]:
    found = []
    booked: Counter[Any] = Counter()
    for row in await _fetch(dsn, "SELECT measure, cell, day, slot, amount FROM retired_sum"):
        booked[tuple(row)[:4]] += row["amount"]
    dictionaries = {
        row["number"]: row["content"]
        for row in await _fetch(dsn, "SELECT number, content FROM dictionary")
    }
    for row in await _fetch(
        dsn,
        "SELECT key, version, form, booked_form, events, booked FROM booked_now"
        " WHERE form >= 0",
    ):
        packed = row["events"]
        if row["form"]:
            packed = zlib.decompressobj(-15, dictionaries[row["form"]]).decompress(packed)
        held = zlib.decompress(row["booked"], -15) if row["booked_form"] else row["booked"]
        entries = unpack_entries(held)
        for entry, amount in entries.items():
            booked[entry] += amount
        fresh = {
            (account.measure, account.cell, account.day, account.slot): amount
            for account, amount in post(
                fold(settled(unpack_events(packed)), policy.portals, policy.repeat_ms), policy
            ).items()
        }
        as_booked = {
            (measure, cells[cell], day, slot): amount
            for (measure, cell, day, slot), amount in entries.items()
        }
        if fresh != as_booked:
            found.append(f"dossier {row['key']} has booked {as_booked}, its events say {fresh}")
    found += await _applicants_against(dsn, booked)
    found += [
        f"journal {account}: {journal.get(account, 0)}, dossiers {booked.get(account, 0)}"
        for account in sorted(journal.keys() | booked.keys())
        if journal.get(account, 0) != booked.get(account, 0)
    ]
    return found


async def _applicants_against(dsn: str, booked: Counter[Any]) -> list[str]:
    """References are kept beside the journal; those booked are taken out of `booked`."""
    rows = await _fetch(dsn, "SELECT year, cell, digest, dossiers FROM applicant")
    kept = {tuple(row)[:3]: row["dossiers"] for row in rows if row["dossiers"]}
    expected: Counter[Any] = Counter()
    for measure, cell, day, slot in [entry for entry in booked if 10_000 <= entry[0] < 20_000]:
        digest = (day << 32) + slot % 2**32
        expected[measure - 8_010, cell, digest] += booked.pop((measure, cell, day, slot))
    return [
        f"applicant {key}: {kept.get(key, 0)}, dossiers {expected.get(key, 0)}"
        for key in sorted(kept.keys() | expected.keys())
        if kept.get(key, 0) != expected.get(key, 0)
    ]


async def _totals_against(
    dsn: str, journal: Mapping[Any, int], cells: Mapping[int, Cell]
) -> list[str]:
    by_group: Counter[Any] = Counter()
    for (measure, cell, _, slot), amount in journal.items():
        if measure not in SHOWN:
            continue
        agency, channel, level = (
            level1(cells[cell].agency),
            cells[cell].channel,
            cells[cell].level,
        )
        if measure in CONSUMED_BINS:
            channel = level = 0
        by_group[measure, agency, channel, level, slot] += amount
    rows = await _fetch(
        dsn,
        "SELECT measure, agency, channel, level, slot, sum(credit - debit)::bigint AS net,"
        " min(credit) AS credit, min(debit) AS debit"
        " FROM total GROUP BY measure, agency, channel, level, slot",
    )
    totals = Counter({tuple(row.values())[:5]: row["net"] for row in rows})
    found = [f"total {tuple(row)} runs backwards" for row in rows if min(row[6], row[7]) < 0]
    found += [
        f"total {account}: {totals.get(account, 0)}, journal {by_group.get(account, 0)}"
        for account in sorted(totals.keys() | by_group.keys())
        if totals.get(account, 0) != by_group.get(account, 0)
    ]
    return found


async def _records_against(dsn: str, topic: str, ends: Mapping[int, int]) -> list[str]:
    found = []
    positions = await booked_until(dsn, topic)
    if positions != dict(ends):
        found.append(f"positions {positions}, the log ends at {dict(ends)}")
    records = await tallied(dsn)
    if sum(records.values()) != sum(ends.values()):
        found.append(f"tallied {records}, the log has {sum(ends.values())} records")
    [kept] = await _fetch(dsn, "SELECT count(*) AS kept FROM quarantine")
    if kept["kept"] != records.get("refused", 0):
        found.append(f"quarantine has {kept['kept']} records, {records} were tallied")
    return found


async def _fetch(dsn: str, query: str, *arguments: object) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return list(await connection.fetch(query, *arguments))
    finally:
        await connection.close()
