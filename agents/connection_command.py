"""`emc source health` and `emc source reconcile`: how connections stand, and what their claims show."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TextIO

import asyncpg
from rich.table import Table

from agents.operator import FOUND, OK, Refusal, print_json, print_table, utc
from monitor.domain.connection import Class
from monitor.domain.event import Kind
from monitor.domain.zone import Zone, day_number
from monitor.ledger import connections
from monitor.ledger.connections import Cell, Lists, Reconciliation, Standing
from monitor.ledger.sources import read_all
from schemas.claim import TYPES

MOST_CODES: Final = 10_000  # of each side that are printed; --most says otherwise


@asynccontextmanager
async def _opened(dsn: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        yield connection
    finally:
        await connection.close(timeout=1)


async def health(
    dsn: str, code: str | None, *, history_days: int, at: datetime, as_json: bool, out: TextIO
) -> int:
    """How every connection stands, or one with how it stood before; FOUND if one is not well."""
    async with _opened(dsn) as connection:
        known = {source.code for source in await read_all(connection)}
        if code is not None and code not in known:
            raise Refusal(f"no source {code!r} is registered; `emc source list` lists them")
        standings = [
            standing
            for standing in await connections.standings(connection)
            if code in (None, standing.source)
        ]
        since = int((at - timedelta(days=history_days)).timestamp() * 1000)
        spells = [] if code is None else await connections.spells(connection, code, since)
        waiting = await connections.backlog(connection)
    described = [_described(standing) for standing in standings]
    history = [
        {"class": spell.word, "since": _at(spell.since_ms), "until": _at(spell.until_ms)}
        for spell in spells
    ]
    if as_json:
        print_json(
            {"connections": described, "history": history, "uncounted_bookings": waiting}, out
        )
    else:
        _print_health(described, history, waiting, out)
        unjudged = (known if code is None else {code}) - {each.source for each in standings}
        if unjudged:
            out.write(f"not judged yet (does emc ingest run?): {', '.join(sorted(unjudged))}\n")
    well = all(
        standing.word == Class.CONNECTED or standing.trial or standing.maintenance
        for standing in standings
    )
    return OK if well else FOUND


def _described(standing: Standing) -> dict[str, Any]:
    facts = json.loads(standing.facts)
    return {
        "source": standing.source,
        "status": "trial" if standing.trial else "live",
        "class": standing.word,
        "since": _at(standing.since_ms),
        "last_event": _at(standing.last_ms),
        "last_heartbeat": _at(standing.beat_ms),
        "silence_explained_seconds": _seconds(standing.silence_ms),
        "working_seconds": _seconds(standing.working_ms),
        "connected_seconds": _seconds(standing.connected_ms),
        "freshness_p50_seconds": _seconds(standing.p50_ms),
        "freshness_p95_seconds": _seconds(standing.p95_ms),
        "maintenance": standing.maintenance,
        "facts": [
            {"fact": each["fact"], "since": _at(each["since_ms"]), "detail": each["detail"]}
            for each in facts
        ],
        "judged": _at(standing.judged_ms),
    }


def _print_health(
    described: Sequence[dict[str, Any]],
    history: Sequence[dict[str, Any]],
    waiting: int,
    out: TextIO,
) -> None:
    table = Table("source", "status", "class", "since", "last event", "uptime", "also")
    for each in described:
        working, connected = each["working_seconds"], each["connected_seconds"]
        table.add_row(
            each["source"],
            each["status"],
            each["class"],
            _plain(each["since"]),
            _plain(each["last_event"]),
            f"{100 * connected / working:.2f} %" if working else "",
            "; ".join(
                f"{noted['fact']}{_since(noted['since'])}: {noted['detail']}"
                for noted in each["facts"]
            ),
        )
    print_table(table, out)
    if history:
        spells = Table("class", "since", "until")
        for spell in history:
            spells.add_row(spell["class"], _plain(spell["since"]), _plain(spell["until"]))
        print_table(spells, out)
    if waiting > connections.TAKEN_AT_ONCE:
        out.write(f"{waiting} bookings are not counted yet\n")


def _since(at: datetime | None) -> str:
    return "" if at is None else f" since {utc(at)}"


async def reconcile(
    dsn: str,
    code: str,
    day: str,
    *,
    zone: Zone,
    codes: bool,
    most: int = MOST_CODES,
    as_json: bool,
    out: TextIO,
) -> int:
    """A source's claim for a day beside our count; FOUND where they differ or there is none."""
    try:
        number = day_number(date.fromisoformat(day))
    except ValueError:
        raise Refusal(f"{day!r} is no day; write 2026-08-03") from None
    begin, end = zone.start_of(number), zone.start_of(number + 1)
    async with _opened(dsn) as connection:
        found = await connections.reconcile(connection, code, number)
        history = await connections.comparisons(connection, code, number)
        refused = await connection.fetch(
            "SELECT reason, detail, count(*) AS records FROM quarantine"
            " WHERE source = $1 AND arrived >= $2 AND arrived < $3 AND state = 'held'"
            " GROUP BY reason, detail ORDER BY records DESC, reason, detail LIMIT 100",
            code,
            datetime.fromtimestamp(begin / 1000, UTC),
            datetime.fromtimestamp(end / 1000, UTC),
        )
    described = {
        "source": code,
        "day": day,
        "claim": found.claim,
        "claimed_at": _at(found.claim_ms),
        "claimed": found.claimed if found.claim else None,
        "counted": found.counted if found.claim else None,
        "differing": found.differing if found.claim else None,
        "last_counted": _at(found.last_ms),
        "cells": [_cell(cell) for cell in found.cells],
        "list": _list(found.lists, codes=codes, most=most),
        "refused": [dict(row) for row in refused],
        "history": [
            {
                "claim": claim,
                "at": _at(one.at_ms),
                "claimed": one.claimed,
                "counted": one.counted,
                "differing": one.differing,
            }
            for claim, one in history
        ],
    }
    if as_json:
        print_json(described, out)
    else:
        _print_reconciliation(found, described, codes=codes, out=out)
    return OK if found.claim is not None and found.differing == 0 else FOUND


def _cell(cell: Cell) -> dict[str, Any]:
    return {
        "type": TYPES[Kind(cell.kind)],
        "state": None if cell.state < 0 else cell.state,
        "claimed": cell.claimed,
        "counted": cell.counted,
        "late": cell.late,
        "on_a_later_day": cell.another,
    }


def _list(lists: Lists | None, *, codes: bool, most: int) -> dict[str, Any] | None:
    if lists is None:
        return None
    said: dict[str, Any] = {
        "claimed": lists.claimed,
        "counted": lists.counted,
        "missing": len(lists.missing),
        "surplus": len(lists.surplus),
    }
    if codes:
        said["missing_codes"] = sorted(lists.missing)[:most]
        said["surplus_codes"] = sorted(lists.surplus)[:most]
        said["left_off"] = max(len(lists.missing) - most, 0) + max(len(lists.surplus) - most, 0)
    return said


def _print_reconciliation(
    found: Reconciliation, described: dict[str, Any], *, codes: bool, out: TextIO
) -> None:
    if found.claim is None:
        out.write("no whole claim has come for this day; what was counted:\n")
    else:
        out.write(f"claim {found.claim} of {_plain(described['claimed_at'])}\n")
    table = Table("type", "state", "claimed", "counted", "difference", "late", "on a later day")
    for cell in found.cells:
        table.add_row(
            TYPES[Kind(cell.kind)],
            "" if cell.state < 0 else str(cell.state),
            "" if cell.claimed is None else str(cell.claimed),
            str(cell.counted),
            "" if cell.claimed is None else f"{cell.counted - cell.claimed:+d}",
            str(cell.late),
            str(cell.another),
        )
    print_table(table, out)
    if listed := described["list"]:
        out.write(
            f"list: {listed['claimed']} dossiers claimed, {listed['counted']} counted,"
            f" {listed['missing']} missing here, {listed['surplus']} not on the list\n"
        )
        if codes:
            out.writelines(f"missing {code}\n" for code in listed["missing_codes"])
            out.writelines(f"surplus {code}\n" for code in listed["surplus_codes"])
            if listed["left_off"]:
                out.write(f"{listed['left_off']} more; --most prints more of them\n")
    out.writelines(
        f"refused that day: {row['records']} {row['reason']} ({row['detail']})\n"
        for row in described["refused"]
    )
    out.writelines(
        f"{_plain(one['at'])} claim {one['claim']}: {one['claimed']} claimed,"
        f" {one['counted']} counted, {one['differing']} differing\n"
        for one in described["history"]
    )


def _at(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _plain(at: datetime | None) -> str:
    return "" if at is None else utc(at)
