"""Figures from kept sums, from the books and from the raw events: the same at every cut, whatever happens."""

import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from agents.generate.model import PETITIONS, Record
from monitor.domain.composition import HIGHEST
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger import reading_book
from monitor.ledger.follower import Cut, close, connect, fold, order_closing, seal
from monitor.ledger.indicator_sets import keep_sets
from monitor.ledger.official import Official, Officials
from monitor.reference.indicators import load_sets
from monitor.reference.sets import set_of
from tests.ledger.fill import feeding
from tests.official.compare import Both
from tests.official.province import Province
from tests.official.real import NOW_MS
from tests.official.second import Second
from tests.whole.test_recompute import recompute

PROVINCE = Province(dossiers=150, seed=5)
SCOPES = {"H57": "province", "H57.06": "department", "country": "country"}
PERIODS = ("2026-08", "2026-Q3")
SETS = ("emc", "qd766", "report-06b")
SLICES = 6


@asynccontextmanager
async def without_sums(dsn: str) -> AsyncIterator[Officials]:
    """Whoever comes by this connection sees no sum that is kept, and reads the books."""
    async with (
        asyncpg.create_pool(dsn, min_size=0, max_size=1) as owner,
        asyncpg.create_pool(
            dsn, min_size=0, max_size=2, server_settings={"search_path": "bare, public"}
        ) as pool,
    ):
        await owner.execute(
            "CREATE SCHEMA bare; CREATE TABLE bare.reading_sum (LIKE reading_sum INCLUDING ALL)"
        )
        yield Officials(pool)


async def told(officials: Officials, at: int | None) -> list[Official]:
    """All figures of the scopes, by set and period."""
    scopes = [Scope.of(scope) for scope in SCOPES]
    return [
        official
        for set_id in SETS
        for period in PERIODS
        for official in await officials.scorecards(
            set_id, scopes, Period.of(period), known_at=at
        )
    ]


def sliced(records: Sequence[Record]) -> list[list[Record]]:
    """As they arrive: what comes late, twice, or takes something back is in a later slice."""
    records = [record for record in records if record.topic != PETITIONS]
    size = len(records) // SLICES + 1
    return [list(records[first : first + size]) for first in range(0, len(records), size)]


async def follow(dsn: str, *, fill: bool) -> Cut:
    """Seal, fold and add; and fill what was asked for, where that is said."""
    connection = await connect(dsn)
    try:
        cut = await seal(connection)
        while await fold(connection, cut):
            pass
        while await reading_book.add(connection):
            pass
        while fill and await reading_book.fill(connection, lines=500):
            pass
        return cut
    finally:
        await connection.close()


async def closed(dsn: str) -> None:
    """A closing at the last cut, so that what was known then is read from another book."""
    connection = await connect(dsn)
    try:
        await order_closing(connection)
        while await close(connection):
            pass
    finally:
        await connection.close()


async def agree(
    dsn: str,
    officials: Officials,
    bare: Officials,
    folder: Path,
    records: list[Record],
    at: int,
) -> None:
    """At a cut, of what had arrived by then: three ways to the same figures."""
    as_of = (await officials.ground(at)).known.as_of_day
    lines = [record.value for record in records]
    both = Both(officials, Second(lines, [], [], folder), as_of, at)
    for set_id in SETS:
        for period in PERIODS:
            await both.scorecards(set_id, SCOPES, period)
    assert both.differences == [], "\n".join(both.differences[:20])
    assert both.compared["figure"] > 200
    assert await told(bare, at) == await told(officials, at)


async def all_kept(dsn: str) -> int:
    """How many sums are kept, if all that were asked for are."""
    connection = await asyncpg.connect(dsn)
    try:
        filled, asked = await connection.fetchrow(
            "SELECT count(*) FILTER (WHERE filled_until = $1), count(*) FROM reading_sum",
            HIGHEST,
        )
        assert filled == asked
        return int(filled)
    finally:
        await connection.close()


@pytest.mark.slow
async def test_kept_sums_are_the_books_and_the_events_at_every_cut_and_across_a_recompute(
    database: str, tmp_path: Path
) -> None:
    """Sums are asked for early, filled while events come, closed over, and booked anew by other rules."""
    folder = PROVINCE.files(tmp_path)
    changed = other_rules(folder, tmp_path / "changed")
    reference, policy = set_of(folder)
    known: list[tuple[Cut, list[Record]]] = []
    heard: list[Record] = []
    async with feeding(database, policy, now_ms=NOW_MS, reference=reference) as feeder:
        await keep_sets(database, load_sets(folder))
        async with (
            without_sums(database) as bare,
            asyncpg.create_pool(database, min_size=0, max_size=2) as pool,
        ):
            officials = Officials(pool)
            for number, some in enumerate(sliced(PROVINCE.records)):
                await feeder.hear(some)
                await feeder.booked()
                heard += some
                # Filled one slice after they were asked for, and once not at all.
                known.append((await follow(database, fill=number not in (0, 3)), list(heard)))
                if number == 2:
                    await closed(database)
                await told(officials, None)
            assert await all_kept(database) > 30
            for cut, then in (known[0], known[2], known[-1]):
                await agree(database, officials, bare, folder, then, cut.seq)
            before = [await told(officials, cut.seq) for cut, _ in known]

            done = recompute(database, "--reference", str(changed))
            assert done.returncode == 0, done.stderr
            after = await follow(database, fill=True)

            await agree(database, officials, bare, changed, heard, after.seq)
            assert [await told(officials, cut.seq) for cut, _ in known] == before
            assert [one.scorecard for one in await told(officials, after.seq)] != [
                one.scorecard for one in before[-1]
            ]
            assert await all_kept(database) > 30


def other_rules(folder: Path, to: Path) -> Path:
    """Limits are longer, and what was full-process is partly so: verdicts and levels move."""
    shutil.copytree(folder, to)
    for path in (to / "procedures").glob("*.csv"):
        text = path.read_text("utf-8")
        for before, after in (
            (",4,8 hours,", ",3,8 hours,"),
            (",commune,4,", ",commune,3,"),
            (",5 working_days,", ",15 working_days,"),
        ):
            text = text.replace(before, after)
        path.write_text(text, "utf-8")
    return to
