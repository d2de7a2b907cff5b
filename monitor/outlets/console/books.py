"""Quarantine and ledger, for administrators: what was refused, and where the books stand.

No page shows the bytes of a record, and none changes anything: commands do, which note who did it.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final

from monitor.ledger import latencies, quarantine
from monitor.ledger.reconcile import RECORDED, Recorded
from monitor.outlets.api.asked import Format, Parameter, number, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.asked import SORT
from monitor.outlets.console.connections import in_order
from monitor.outlets.console.find import plain
from monitor.outlets.console.page import ADMINISTRATORS, Drawn, Page, Shown, Table, Visit
from monitor.outlets.console.shown import Number, ago, counted, lasting, when
from schemas.refusal import Reason

A_PAGE: Final = 50
KINDS_SHOWN: Final = 100  # sources and reasons; a nation's thousand and a half are a megabyte
LATEST: Final = 20  # cuts, and positions that were set
DAY_MS: Final = 86_400_000


class Settled(StrEnum):
    """What has become of a record."""

    HELD = quarantine.HELD
    RETURNED = quarantine.RETURNED
    DROPPED = quarantine.DROPPED


class Remedy(StrEnum):
    """What can be done about a reason."""

    SENDER = "sender"  # sends what is no event: mends it, and sends it anew
    REGISTER = "register"  # enter it, or give it the mandate; then retry
    RELEASE = "release"  # sender or we are behind
    RETIRED = "retired"
    FAULT = "fault"


REMEDIES: Final[Mapping[str, Remedy]] = {
    Reason.UNKNOWN_SOURCE: Remedy.REGISTER,
    Reason.OUTSIDE_MANDATE: Remedy.REGISTER,
    Reason.UNKNOWN_SPECVERSION: Remedy.RELEASE,
    Reason.UNKNOWN_TYPE: Remedy.RELEASE,
    Reason.UNKNOWN_STATE: Remedy.RELEASE,
    Reason.UNKNOWN_CODE: Remedy.RELEASE,
    Reason.RETIRED: Remedy.RETIRED,
    Reason.FAULT: Remedy.FAULT,
}


def a_word(text: str) -> str:
    """Of a source or a reason; "" is a source that is not known."""
    if len(text) > 63:
        raise ValueError("it is too long: write at most 63 characters")
    return text


class Tables(StrEnum):
    """What comes as CSV."""

    REASONS = "reasons"
    ENTRIES = "entries"


class Books(StrEnum):
    """What of the ledger comes as CSV."""

    POSITIONS = "positions"
    CHECKS = "checks"
    POLICIES = "policies"
    CUTS = "cuts"


MOST: Final = 10_000  # records of a CSV
TABLE: Final = Parameter(
    name="table",
    says="Which table comes as CSV.",
    read=one_of(Tables),
    schema={"type": "string", "enum": list(Tables)},
    example="entries",
    usual=Tables.REASONS.value,
)
BOOK: Final = Parameter(
    name="table",
    says="Which table comes as CSV.",
    read=one_of(Books),
    schema={"type": "string", "enum": list(Books)},
    example="checks",
    usual=Books.POSITIONS.value,
)
FILTER: Final = Parameter(
    name="q",
    says="Only rows that have all these words.",
    read=str.strip,
    schema={"type": "string", "maxLength": 100},
    example="H57",
    usual="",
)
SOURCE: Final = Parameter(
    name="source",
    says="Only of this source; empty: of no known one.",
    read=a_word,
    schema={"type": "string", "maxLength": 63},
    example="H56-onestop",
)
REASON: Final = Parameter(
    name="reason",
    says="Only refused for this reason.",
    read=one_of(Reason),
    schema={"type": "string", "enum": [str(one.value) for one in Reason]},
    example="missing_field",
)
STATE: Final = Parameter(
    name="state",
    says="Only those held, returned or dropped.",
    read=one_of(Settled),
    schema={"type": "string", "enum": list(Settled)},
    example="returned",
    usual=Settled.HELD.value,
)
AFTER: Final = Parameter(
    name="after",
    says="Behind this id.",
    read=number(0, (1 << 63) - 1),
    schema={"type": "integer", "minimum": 0},
    example="120",
    usual="0",
)

# From an index alone: records themselves are large.
KINDS: Final = """
    SELECT source, reason, count(*) FILTER (WHERE state = 'held') AS held,
           count(*) FILTER (WHERE state = 'returned') AS returned,
           count(*) FILTER (WHERE state = 'dropped') AS dropped,
           min(arrived) FILTER (WHERE state = 'held') AS since, max(arrived) AS latest
    FROM quarantine GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
# Not the bytes, which the role of `emc serve` may not read either.
_ENTRIES: Final = (
    'SELECT id, topic, partition, "offset", source, reason, detail, size, arrived, state, tries,'
    " settled_at FROM quarantine WHERE {where} ORDER BY id LIMIT {most}"
)


def entries(
    after: int,
    state: Settled,
    source: str | None,
    reason: Reason | None,
    most: int = A_PAGE + 1,
) -> tuple[str, list[Any]]:
    """The query of a page of records, and what it is given: each filter has its index."""
    given: list[Any] = [after, state.value]
    # Written out, as the index of what is held says it.
    where = "id > $1 AND state = $2" + (" AND state = 'held'" if state is Settled.HELD else "")
    for column, value in (("source", source), ("reason", reason and reason.value)):
        if value is not None:
            given.append(value)
            where += f" AND {column} = ${len(given)}"
    return _ENTRIES.format(where=where, most=most), given


async def refusals(desk: Desk, visit: Visit) -> Shown:
    """What is in quarantine, by source and reason; and the records, so many at a time."""
    source, reason, state = visit["source"], visit["reason"], visit["state"]
    as_csv = visit["format"] is Format.CSV
    async with desk.pool.acquire() as connection:
        every_kind = await connection.fetch(KINDS)
        query, given = entries(
            visit["after"], state, source, reason, MOST if as_csv else A_PAGE + 1
        )
        found = await connection.fetch(query, *given)
    kinds = in_order(
        [one for one in every_kind if _has(visit, one["source"], one["reason"])],
        _KIND_KEYS,
        visit["sort"],
    )
    listed = found if as_csv else found[:A_PAGE]
    # Single records, though not what is in them.
    if listed and (not as_csv or visit["table"] is Tables.ENTRIES):
        await desk.note(visit.visitor, visit.url(lang=None), dossiers=len(listed))
    if as_csv and visit["table"] is Tables.ENTRIES:
        return Table(
            name="quarantine-records",
            columns=(
                "id", "topic", "partition", "offset", "source", "reason", "detail", "bytes",
                "arrived", "state", "tries", "settled_at",
            ),
            rows=[tuple(row) for row in found],
        )  # fmt: skip
    if as_csv:
        return Table(
            name="quarantine",
            columns=("source", "reason", "held", "returned", "dropped", "held_since", "latest"),
            rows=[tuple(row) for row in kinds],
        )
    shown = found[:A_PAGE]
    remedy = None if reason is None else REMEDIES.get(reason, Remedy.SENDER)
    return Drawn(
        template="quarantine.html",
        values={
            "kinds": kinds[:KINDS_SHOWN],
            "found": len(kinds),
            "all": len(every_kind),
            "held": sum(row["held"] for row in every_kind),
            "entries": shown,
            "state": state,
            "states": list(Settled),
            "reason": reason,
            "source": source,
            "next": shown[-1]["id"] if len(found) > A_PAGE else None,
            "remedy": remedy,
            "which": _which(source, reason),
            "known": {str(one.value) for one in Reason},
        },
    )


def _keys(*names: str) -> dict[str, Any]:
    """By these columns of a row."""
    return {name: itemgetter(name) for name in names}


_KIND_KEYS: Final = _keys("source", "reason", "held", "returned", "dropped", "since", "latest")


def _has(visit: Visit, *names: object) -> bool:
    """Whether all words that are looked for are in one of these."""
    text = plain(" ".join(str(one) for one in names))
    return all(word in text for word in plain(visit["q"]).split())


def _which(source: str | None, reason: Reason | None) -> str:
    """The filter of a command."""
    said = []
    if source is not None:
        said.append("--source " + (source if _plain(source) else "'…'" if source else "''"))
    if reason is not None:
        said.append(f"--reason {reason.value}")
    return " ".join(said)


def _plain(text: str) -> bool:
    # Others wrote it: nothing that a shell would read otherwise goes into a command to copy.
    return bool(text) and all(one.isalnum() or one in "._-" for one in text)


# -- the ledger ----------------------------------------------------------------------------------

_WATERMARK: Final = """
    SELECT seq, (extract(epoch FROM folded_at) * 1000)::int8 AS folded_ms,
           greatest(CASE WHEN is_called THEN last_value ELSE 0 END - seq, 0) AS backlog
    FROM follower, journal_seq_seq
"""
_POSITIONS: Final = """
    SELECT topic, partition, next, epoch, owner, group_id, generation, moved_at, times_set
    FROM position ORDER BY topic, partition
"""
_SET: Final = """
    SELECT at, who, why, topic, partition, from_next, to_next FROM position_set
    ORDER BY id DESC LIMIT $1
"""
_POLICIES: Final = """
    SELECT epoch, rules, reference, state, begun_at, activated_at FROM policy ORDER BY epoch DESC
"""
_CUTS: Final = """
    SELECT cut.seq, read_at, sealed_at, closing.seq IS NOT NULL AS closes, closed_at
    FROM cut LEFT JOIN closing ON closing.seq = cut.seq ORDER BY cut.seq DESC LIMIT $1
"""


async def books(desk: Desk, visit: Visit) -> Shown:
    """Where the books stand."""
    async with (
        desk.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        watermark = await connection.fetchrow(_WATERMARK)
        sent = await connection.fetchval("SELECT count(id) FROM sent")
        behind = await connection.fetchval(latencies.BACKLOG)
        positions = await connection.fetch(_POSITIONS)
        by_hand = await connection.fetch(_SET, LATEST)
        policies = await connection.fetch(_POLICIES)
        cuts = await connection.fetch(_CUTS, LATEST)
        recorded = [Recorded(*row) for row in await connection.fetch(RECORDED)]
    every_position = len(positions)
    positions = in_order(
        [
            one
            for one in positions
            if _has(visit, one["topic"], one["partition"], one["owner"], one["group_id"])
        ],
        _POSITION_KEYS,
        visit["sort"],
    )
    if visit["format"] is Format.CSV:
        return _book(visit["table"], positions, recorded, policies, cuts)
    return Drawn(
        template="ledger.html",
        values={
            "headline": _headline(visit, watermark, sent, behind, recorded),
            "positions": positions,
            "all": every_position,
            "by_hand": by_hand,
            "policies": policies,
            "cuts": cuts,
            "recorded": recorded,
            "old_ms": visit.now_ms - 2 * DAY_MS,
        },
    )


_POSITION_KEYS: Final = {
    **_keys("topic", "next", "moved_at", "owner", "group_id", "generation", "epoch"),
    **_keys("times_set"),
}


def _book(
    table: Books,
    positions: Sequence[Any],
    recorded: Sequence[Recorded],
    policies: Sequence[Any],
    cuts: Sequence[Any],
) -> Table:
    """One of the tables of the page."""
    columns: tuple[str, ...]
    rows: Sequence[Any]
    match table:
        case Books.CHECKS:
            columns, rows = Recorded._fields, recorded
        case Books.POLICIES:
            columns = ("epoch", "rules", "reference", "state", "begun_at", "activated_at")
            rows = policies
        case Books.CUTS:
            columns, rows = ("seq", "read_at", "sealed_at", "closes", "closed_at"), cuts
        case Books.POSITIONS:
            columns = (
                "topic", "partition", "next", "epoch", "owner", "group", "generation",
                "moved_at", "times_set",
            )  # fmt: skip
            rows = positions
    return Table(name=table.value, columns=columns, rows=[tuple(row) for row in rows])


def _headline(
    visit: Visit, watermark: Any, sent: int, behind: int | None, recorded: Sequence[Recorded]
) -> list[tuple[str, Number]]:
    def one(key: str, value: int | None, *lines: tuple[str, str]) -> tuple[str, Number]:
        title = visit.t(f"ledger.{key}")
        what = (visit.t("meaning.what"), visit.t(f"ledger.{key}.is"))
        return title, counted(visit, value, title, what, *lines)

    title = visit.t("ledger.folded")
    folded_ms = watermark["folded_ms"]
    meaning = counted(
        visit,
        0,
        title,
        (visit.t("meaning.what"), visit.t("ledger.folded.is")),
        (visit.t("connections.at"), when(visit, folded_ms) if folded_ms else "–"),
        (visit.t("ledger.seq"), str(watermark["seq"])),
    ).meaning
    text = lasting(visit, visit.now_ms - folded_ms) if folded_ms else "–"
    drift = sum(found.differing for found in recorded) if recorded else None
    last = min((found.ended_ms for found in recorded), default=None)
    return [
        (title, Number(text=text, meaning=meaning)),
        one("backlog", watermark["backlog"], (visit.t("ledger.seq"), str(watermark["seq"]))),
        one("sent", sent),
        one("latencies", behind),
        one("drift", drift, (visit.t("ledger.oldest_check"), f"{when(visit, last)} ({ago(visit, last)})")),
    ]  # fmt: skip


PAGES: Final = (
    Page(
        path="/quarantine",
        name="quarantine",
        title="quarantine.title",
        open_to=ADMINISTRATORS,
        parameters=(SOURCE, REASON, STATE, AFTER, SORT, FILTER, TABLE),
        act=refusals,
        listed=True,
    ),
    Page(
        path="/ledger",
        name="ledger",
        title="ledger.title",
        open_to=ADMINISTRATORS,
        parameters=(SORT, FILTER, BOOK),
        act=books,
        listed=True,
    ),
)
