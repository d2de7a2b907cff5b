"""`emc quarantine`: what was refused, looked at, sent back after a fix, or given up."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TextIO

import asyncpg
from cryptography.exceptions import InvalidTag
from rich.table import Table

from agents.edge import Edge
from agents.keys import Keys
from agents.operator import FOUND, OK, Refusal, print_json, print_table, progress_bar, utc, when
from agents.quarantine import Seal, unpack_record
from agents.reentry import edge_at, enter, sender
from agents.retry import Original, Unsendable, original, send_back
from agents.shape import shape
from agents.standing import Stands
from monitor.domain.policy import Policy
from monitor.ledger.ledger import Ledger
from monitor.ledger.quarantine import (
    DROPPED,
    HELD,
    RETURNED,
    STATES,
    Again,
    Cupboard,
    Filter,
    Kept,
)
from monitor.reference.sets import ReferenceSet
from schemas.refusal import Refused

PAGE: Final = 1_000  # records sent back, or dropped, between two looks


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[tuple[Ledger, Cupboard]]:
    """The ledger and its quarantine."""
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=1, command_timeout=60)
    try:
        async with Ledger.open(dsn) as ledger:
            yield ledger, Cupboard(pool)
    finally:
        await pool.close()


def chosen(
    ids: Collection[int] | None,
    source: str | None,
    reason: str | None,
    since: str | None,
    until: str | None,
    *,
    everything: bool,
    state: str | None = HELD,
) -> Filter:
    """Which records are meant; raises `Refusal` where nothing says so."""
    if state not in (*STATES, None):
        raise Refusal(f"--state {state!r}: it is one of {', '.join(STATES)}, or all")
    if not everything and not ids and (source, reason, since, until) == (None,) * 4:
        raise Refusal(
            "which records? Give ids, --source, --reason, --since or --until, or --all;"
            " `emc quarantine list` shows what there is"
        )
    return Filter(
        ids=ids or (),
        source=source,
        reason=reason,
        since=when(since),
        until=when(until),
        state=state,
    )


def seal_of(key: str) -> Seal:
    """The deployment's seal; raises `Refusal` without a good key."""
    if not key:
        raise Refusal("this needs EMC_QUARANTINE_KEY, the key that the workers seal with")
    try:
        return Seal.from_text(key)
    except ValueError as error:
        raise Refusal(f"EMC_QUARANTINE_KEY: {error}") from None


async def list_(
    dsn: str, which: Filter, *, each: bool, limit: int, as_json: bool, out: TextIO
) -> int:
    """What is in quarantine: by source and reason, or record by record."""
    async with opened(dsn) as (_, cupboard):
        if each:
            rows = await cupboard.page(which, limit=limit)
            total = await cupboard.count(which)
            if as_json:
                print_json({"records": [_described(row) for row in rows], "total": total}, out)
                return OK
            table = Table("id", "where", "source", "reason", "place", "bytes", "time", "tries")
            for row in rows:
                kept = f"{row.size:,}" + ("" if row.sealed else ", not kept")
                table.add_row(
                    str(row.id),
                    _where(row),
                    row.source,
                    row.reason,
                    row.detail,
                    kept,
                    utc(row.arrived),
                    str(row.tries),
                )
            print_table(table, out)
            if total > len(rows):
                out.write(f"{len(rows):,} of {total:,} records; --limit shows more\n")
            return OK
        kinds = await cupboard.kinds(which)
    if as_json:
        names = ("source", "reason", "detail", "records", "with_bytes", "last")
        print_json({"kinds": [dict(zip(names, kind, strict=True)) for kind in kinds]}, out)
        return OK
    table = Table("source", "reason", "place", "records", "with bytes", "last")
    for source, reason, detail, records, with_bytes, last in kinds:
        table.add_row(source, reason, detail, f"{records:,}", f"{with_bytes:,}", utc(last))
    print_table(table, out)
    out.write(f"{sum(kind[3] for kind in kinds):,} records\n")
    return OK


async def show(
    dsn: str, id_: int, *, key: str, raw: bool, who: str, as_json: bool, out: TextIO
) -> int:
    """One record: where it was, why it was refused, and its shape; with `raw` its very bytes."""
    async with opened(dsn) as (_, cupboard):
        rows = await cupboard.page(Filter(ids=[id_], state=None), limit=1)
        if not rows:
            raise Refusal(
                f"there is no record {id_} in quarantine; `emc quarantine list --each`"
            )
        [row] = rows
        described = _described(row)
        if row.sealed is None:
            described["shape"] = None
        else:
            seal = seal_of(key)
            try:
                content = seal.open(row.sealed)
            except (InvalidTag, ValueError):  # another key; or bytes too few to be sealed ones
                raise Refusal("it was sealed under another EMC_QUARANTINE_KEY") from None
            record = unpack_record(row.form, content, row.size)
            described["whole"] = record.whole
            if raw:
                # Noted before it is shown: nobody sees it unnoted.
                await cupboard.opened(who, row.id)
                described["key"] = _text(record.key)
                described["headers"] = [[name, _text(said)] for name, said in record.headers]
                described["value"] = _text(record.value)
            else:
                described["headers"] = [
                    f"{name if name.startswith('ce_') or name == 'content-type' else '<a name>'}:"
                    f" {len(said or b'')} bytes"
                    for name, said in record.headers
                ]
                described["shape"] = shape(record.value)
    if as_json:
        print_json(described, out)
        return OK
    for name, value in described.items():
        if name != "shape":
            out.write(f"{name:<12} {'' if value is None else value}\n")
    if "shape" in described:
        out.write(described["shape"] or "its bytes are not on record")
        out.write("\n")
        if described["shape"]:
            out.write(
                "Shown without what it says. --raw shows that; it may hold somebody's name, and"
                " that you have looked is noted.\n"
            )
    return OK


async def retry(
    dsn: str,
    which: Filter,
    *,
    key: str,
    reference: tuple[ReferenceSet, Policy],
    keys: Callable[[], Keys],
    who: str,
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Send records through decoding, folding and booking again; those that pass are measured.

    Those that came in by the edge go through it first, under `keys`, as the register stands now.
    """
    seal = seal_of(key)
    seen: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    async with opened(dsn) as (ledger, cupboard):
        stands = Stands(ledger.policies, *reference)
        edge: Edge | None = None
        total = await cupboard.count(which)
        with progress_bar(err) as bar:
            task = bar.add_task("sending back", total=total)
            async for page in cupboard.pages(which, size=PAGE):
                if edge is None and any(sender(row) is not None for row in page):
                    zone = (await stands.now()).policy.zone
                    edge = await edge_at(dsn, keys(), zone)
                sendable, refused = _sendable(page, seal, reasons, edge)
                tried = [*(record.id for record in sendable), *(one.id for one in refused)]
                seen["unsendable"] += len(page) - len(tried)
                if refused:
                    await cupboard.refuse_again(refused, who=who)
                if sendable:
                    await send_back(
                        sendable, ledger=ledger, cupboard=cupboard, stands=stands, who=who
                    )
                if tried:
                    after = Filter(ids=tried, state=None)
                    for row in await cupboard.page(after, limit=len(tried)):
                        seen[row.state] += 1
                        if row.state == HELD:
                            reasons[f"{row.reason} ({row.detail})"] += 1
                bar.advance(task, len(page))
    left = total - seen[RETURNED] - seen[DROPPED]
    if as_json:
        print_json(
            {
                "records": total,
                "returned": seen[RETURNED],
                "refused_again": seen[HELD],
                "unsendable": seen["unsendable"],
                "why": dict(reasons.most_common()),
            },
            out,
        )
    else:
        out.write(
            f"{total:,} records: {seen[RETURNED]:,} measured, {seen[HELD]:,} refused again,"
            f" {seen['unsendable']:,} could not be sent\n"
        )
        out.writelines(f"  {amount:,} × {reason}\n" for reason, amount in reasons.most_common())
    return FOUND if left > 0 else OK


def _sendable(
    page: Sequence[Kept], seal: Seal, reasons: Counter[str], edge: Edge | None
) -> tuple[list[Original], dict[Again, int]]:
    """Those that can be folded, and those that the edge refuses again, with their tries."""
    found: list[Original] = []
    refused: dict[Again, int] = {}
    for row in page:
        try:
            record = original(row, seal, offset=len(found))
            source = sender(row)
            entered = record if source is None or edge is None else enter(source, record, edge)
        except Unsendable as error:
            reasons[str(error)] += 1
            continue
        if isinstance(entered, Refused):
            refused[Again(row.id, entered.reason, entered.detail)] = row.tries
        else:
            found.append(entered)
    return found, refused


async def drop(
    dsn: str,
    which: Filter,
    *,
    why: str,
    who: str,
    confirmed: Callable[[int], bool],
    as_json: bool,
    out: TextIO,
    err: TextIO,
) -> int:
    """Give records up: their bytes go; where they were, hash, reason, who and why stay."""
    if not why.strip():
        raise Refusal("say why with --why: it is all that remains beside position and hash")
    async with opened(dsn) as (_, cupboard):
        total = await cupboard.count(which)
        if not confirmed(total):
            err.write("nothing was dropped\n")
            return FOUND
        dropped = 0
        with progress_bar(err) as bar:
            task = bar.add_task("dropping", total=total)
            async for page in cupboard.pages(which, size=PAGE):
                dropped += await cupboard.drop([row.id for row in page], who=who, why=why)
                bar.advance(task, len(page))
    if as_json:
        print_json({"dropped": dropped}, out)
    else:
        out.write(f"{dropped:,} records dropped\n")
    return OK


def _described(row: Kept) -> dict[str, Any]:
    return {
        "id": row.id,
        "topic": row.partition.topic,
        "partition": row.partition.partition,
        "offset": row.offset,
        "time": utc(row.arrived),
        "source": row.source,
        "reason": row.reason,
        "detail": row.detail,
        "size": row.size,
        "sha256": row.hash.hex(),
        "bytes_kept": row.sealed is not None,
        "state": row.state,
        "tries": row.tries,
        "settled": None if row.settled_at is None else utc(row.settled_at),
        "settled_by": row.settled_by,
        "note": row.note,
    }


def _where(row: Kept) -> str:
    return f"{row.partition.topic}[{row.partition.partition}] {row.offset}"


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode(errors="backslashreplace")
