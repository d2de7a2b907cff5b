"""The follower on a real PostgreSQL: cuts seal, balances follow, one process at a time does it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.domain.composition import Sum
from monitor.domain.zone import Zone
from monitor.ledger.follower import (
    RUNS,
    Follower,
    close,
    close_month,
    connect,
    fold,
    order_closing,
    seal,
)
from monitor.ledger.migrate import migrate
from monitor.ledger.reading_sums import Books, Stretches, from_books

ZONE = Zone()
AT_ONCE = 0.05  # seconds; longer than a look at who is still running


@pytest.fixture
async def sessions(database: str) -> AsyncIterator[list[Any]]:
    """Three connections to a migrated ledger."""
    await migrate(database)
    async with AsyncExitStack() as stack:
        opened = []
        for _ in range(3):
            connection = await connect(database)
            stack.push_async_callback(connection.close)
            opened.append(connection)
        yield opened


async def book(connection: Any, *amounts: int, cell: int = 1, day: int = 20_000) -> list[int]:
    """Append rows to the journal; their numbers."""
    return [
        await connection.fetchval(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES (2, $1, $2, -1, 0, $3) RETURNING seq",
            cell,
            day,
            amount,
        )
        for amount in amounts
    ]


async def balances(connection: Any) -> dict[Sequence[int], int]:
    rows = await connection.fetch("SELECT measure, cell, day, slot, amount FROM balance")
    return {tuple(key): amount for *key, amount in rows}


async def watermark(connection: Any) -> int:
    seq: int = await connection.fetchval("SELECT seq FROM follower")
    return seq


# -- sealing -----------------------------------------------------------------------------------


async def test_a_cut_waits_for_who_drew_a_lower_number_and_commits_later(sessions):
    """The highest number seen is no cut: what commits below it later would be lost."""
    slow, quick, follower = sessions
    transaction = slow.transaction()
    await transaction.start()
    assert await book(slow, 10) == [1]
    assert await book(quick, 100) == [2]

    with pytest.raises(TimeoutError):
        await seal(follower, patience_seconds=AT_ONCE)
    assert await follower.fetchval("SELECT count(*) FROM cut") == 0

    sealing = asyncio.create_task(seal(follower, patience_seconds=5))
    await asyncio.sleep(AT_ONCE)
    assert not sealing.done()
    await transaction.commit()
    cut = await sealing

    assert cut.seq == 2
    await fold(follower, cut)
    assert await balances(follower) == {(2, 1, 20_000, -1): 110}


async def test_who_begins_after_the_number_was_read_is_not_waited_for(sessions):
    slow, late, follower = sessions
    transaction = slow.transaction()
    await transaction.start()
    await book(slow, 1)
    sealing = asyncio.create_task(seal(follower, patience_seconds=5))
    await asyncio.sleep(AT_ONCE)
    another = late.transaction()
    await another.start()
    assert await book(late, 7) == [2]
    await transaction.rollback()

    cut = await sealing

    assert cut.seq == 1
    await another.commit()
    await fold(follower, cut)
    assert await balances(follower) == {}
    assert await watermark(follower) == 1


async def test_a_number_drawn_before_the_transaction_has_an_id_is_waited_for(sessions):
    """The ids of a snapshot know nothing of such a transaction; its lock does."""
    drawn, other, follower = sessions
    await other.fetchval("SELECT nextval('journal_seq_seq')")  # logs the next 32 ahead
    transaction = drawn.transaction()
    await transaction.start()
    number = await drawn.fetchval("SELECT nextval('journal_seq_seq')")
    assert await drawn.fetchval("SELECT pg_current_xact_id_if_assigned()") is None
    await book(other, 1)

    with pytest.raises(TimeoutError):
        await seal(follower, patience_seconds=AT_ONCE)

    await drawn.execute(
        "INSERT INTO journal (seq, measure, cell, day, slot, class, amount)"
        " OVERRIDING SYSTEM VALUE VALUES ($1, 2, 1, 20000, -1, 0, 5)",
        number,
    )
    await transaction.commit()
    cut = await seal(follower, patience_seconds=5)
    await fold(follower, cut)
    assert await balances(follower) == {(2, 1, 20_000, -1): 6}


async def test_an_old_transaction_that_books_nothing_is_not_waited_for(sessions):
    """A report or a backup that runs for hours must not hold the books up."""
    report, writer, follower = sessions
    async with report.transaction(isolation="repeatable_read"):
        await report.fetchval("SELECT pg_current_xact_id()")
        await report.fetchval("SELECT count(*) FROM journal")
        await book(writer, 3)

        cut = await seal(follower, patience_seconds=1)

    assert cut.seq == 1


async def test_numbers_are_drawn_one_by_one(sessions):
    """A session that kept numbers for later would bring one from before a cut after it."""
    cached = await sessions[0].fetchval(
        "SELECT seqcache FROM pg_sequence WHERE seqrelid = 'journal_seq_seq'::regclass"
    )

    assert cached == 1


async def test_without_new_numbers_the_cut_stays_and_the_watermarks_time_moves(sessions):
    writer, _, follower = sessions
    await book(writer, 1)
    first = await seal(follower)
    await fold(follower, first)
    before = await follower.fetchval("SELECT folded_at FROM follower")

    again = await seal(follower)
    await fold(follower, again)

    assert (again.seq, again.sealed_at) == (first.seq, first.sealed_at)
    assert await follower.fetchval("SELECT count(*) FROM cut") == 1
    assert await follower.fetchval("SELECT folded_at FROM follower") > before


async def test_an_empty_journal_has_a_cut_at_nothing(sessions):
    assert (await seal(sessions[0])).seq == 0


async def test_the_time_of_cuts_never_falls(sessions):
    """After a failover to a server whose clock is behind."""
    writer, _, follower = sessions
    await book(writer, 1)
    await seal(follower)
    await follower.execute("UPDATE cut SET sealed_at = sealed_at + interval '1 hour'")
    await book(writer, 1)

    await seal(follower)

    first, second = await follower.fetch("SELECT sealed_at FROM cut ORDER BY seq")
    assert second["sealed_at"] == first["sealed_at"]


# -- the last slot of a run ---------------------------------------------------------------------


async def last_slots(connection: Any) -> list[tuple[int, int, int | None]]:
    """Day, level and last slot of every run, as it says and as its lines have it."""
    rows = await connection.fetch(
        "SELECT day, level, last_slot, (SELECT max(slot) FROM unnest(slots) AS slot) AS really"
        " FROM balance_run ORDER BY 1, 2"
    )
    assert all(row["last_slot"] == row["really"] for row in rows)
    return [(row["day"], row["level"], row["last_slot"]) for row in rows]


async def test_a_run_says_its_last_slot_also_when_runs_are_merged(sessions):
    follower = sessions[0]
    for number in range(RUNS - 1):
        await due(follower, 20_100 + number)
        await fold(follower, await seal(follower))
    assert [slot for _, _, slot in await last_slots(follower)] == [
        20_100 + number for number in range(RUNS - 1)
    ]

    await due(follower, 20_050)
    await fold(follower, await seal(follower))

    assert await last_slots(follower) == [(20_000, 1, 20_100 + RUNS - 2)]


async def due(connection: Any, *slots: int, day: int = 20_000, measure: int = 52) -> None:
    """A dossier enters a stock, to fall due on a day."""
    for slot in slots:
        await connection.execute(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES ($3, 1, $1, $2, 0, 1)",
            day,
            slot,
            measure,
        )


async def test_what_falls_due_later_is_read_from_the_runs_that_have_it_and_that_do_not_say(
    sessions,
):
    follower = sessions[0]
    await follower.execute(
        "INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level)"
        " VALUES ('H56', '', '1.000001', 1, '', 4)"
    )
    for day, slot in ((20_000, 20_010), (20_001, 20_060), (20_002, 20_070)):
        await due(follower, slot, day=day)
    cut = await seal(follower)
    await fold(follower, cut)
    asked = Sum(((52, 1),), first_slot=20_060)  # the day itself is meant too

    async def read() -> int:
        async with follower.transaction(isolation="repeatable_read"):
            found = await from_books(
                follower, await Books.at(follower, cut), {asked: 0}, [asked],
                Stretches((20_000, 20_003)), by_procedure=False, firsts=None,
            )  # fmt: skip
        return sum(sum(amounts) for _, _, _, amounts in found.items())

    assert await read() == 2
    # As a worker of an earlier release leaves it.
    await follower.execute("UPDATE balance_run SET last_slot = NULL WHERE day = 20001")
    assert await read() == 2
    # What says that it has nothing of the kind is not gone through.
    await follower.execute("UPDATE balance_run SET last_slot = 20059 WHERE day = 20002")
    assert await read() == 1


# -- runs --------------------------------------------------------------------------------------


async def runs(connection: Any) -> list[tuple[int, int, int, int]]:
    """Day, level, number and lines of every run of balances."""
    rows = await connection.fetch(
        "SELECT day, level, seq, cardinality(cells) FROM balance_run ORDER BY 1, 2, 3"
    )
    return [tuple(row) for row in rows]


async def test_many_runs_of_a_day_become_one_in_which_an_account_has_one_line(sessions):
    follower = sessions[0]
    for number in range(RUNS):
        await book(follower, 10, -4, cell=1 + number % 2)
        if number == RUNS - 1:
            await book(follower, 1, -1, cell=3)  # comes to nothing
            await book(follower, 5, day=20_001)
            assert await runs(follower) == [(20_000, 0, 2 * n, 2) for n in range(1, RUNS)]
        await fold(follower, await seal(follower))

    last = 2 * RUNS + 3
    assert await runs(follower) == [(20_000, 1, last, 2), (20_001, 0, last, 1)]
    assert await balances(follower) == {
        (2, 1, 20_000, -1): 6 * RUNS // 2,
        (2, 2, 20_000, -1): 6 * RUNS // 2,
        (2, 1, 20_001, -1): 5,
    }


async def test_merged_runs_merge_again(sessions):
    follower = sessions[0]
    for _ in range(RUNS * RUNS):
        await book(follower, 1)
        await fold(follower, await seal(follower))

    assert await runs(follower) == [(20_000, 2, RUNS * RUNS, 1)]
    assert await balances(follower) == {(2, 1, 20_000, -1): RUNS * RUNS}


async def test_what_comes_to_nothing_leaves_no_run(sessions):
    follower = sessions[0]
    for number in range(RUNS):
        await book(follower, -1 if number % 2 else 1)
        await fold(follower, await seal(follower))

    assert await runs(follower) == []
    assert await watermark(follower) == RUNS


# -- folding -----------------------------------------------------------------------------------


async def test_folding_goes_in_steps_and_the_watermark_with_them(sessions):
    writer, _, follower = sessions
    await book(writer, 1, 2, 3)
    await book(writer, 4, cell=9)
    await book(writer, -6, 60)
    cut = await seal(follower)

    assert await fold(follower, cut, step=4) == 4
    assert await watermark(follower) == 4
    assert await balances(follower) == {(2, 1, 20_000, -1): 6, (2, 9, 20_000, -1): 4}
    epoch = await follower.fetchval("SELECT folded_at FROM follower")
    assert epoch == datetime(1970, 1, 1, tzinfo=UTC), "in the middle of a cut there is no time"

    assert await fold(follower, cut, step=4) == 2
    assert await fold(follower, cut, step=4) == 0
    assert await watermark(follower) == 6
    assert await balances(follower) == {(2, 1, 20_000, -1): 60, (2, 9, 20_000, -1): 4}
    assert await follower.fetchval("SELECT folded_at FROM follower") == cut.read_at


async def test_two_that_fold_at_once_fold_once(sessions):
    """Correctness does not rest on the lock: a follower that believes to lead does no harm."""
    writer, one, other = sessions
    await book(writer, 5)
    cut = await seal(one)

    await asyncio.gather(fold(one, cut), fold(other, cut))

    assert await balances(one) == {(2, 1, 20_000, -1): 5}


async def test_the_watermarks_time_is_that_of_the_last_cut_it_has_passed(sessions):
    writer, _, follower = sessions
    await book(writer, 1, 2)
    first = await seal(follower)
    await book(writer, 3, 4)
    second = await seal(follower)

    await fold(follower, second, step=3)
    assert await follower.fetchval("SELECT folded_at FROM follower") == first.read_at
    await fold(follower, second, step=3)
    assert await follower.fetchval("SELECT folded_at FROM follower") == second.read_at


async def test_an_earlier_cut_takes_nothing_back(sessions):
    writer, _, follower = sessions
    await book(writer, 5)
    earlier = await seal(follower)
    await book(writer, 5)
    await fold(follower, await seal(follower))

    assert await fold(follower, earlier) == 0
    assert await watermark(follower) == 2


async def test_a_crash_between_fold_and_watermark_takes_both_back(sessions):
    writer, crashing, follower = sessions
    await book(writer, 5)
    cut = await seal(follower)

    async def crash() -> None:
        async with crashing.transaction():
            await fold(crashing, cut)
            assert await balances(crashing)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await crash()
    assert (await balances(follower), await watermark(follower)) == ({}, 0)

    await fold(follower, cut)
    assert await balances(follower) == {(2, 1, 20_000, -1): 5}


async def test_one_leads_and_another_takes_over_when_its_connection_ends(sessions):
    one, other, admin = sessions
    first, second = Follower(one, ZONE), Follower(other, ZONE)

    assert await first.leads()
    assert await first.leads()
    assert not await second.leads()

    await admin.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks"
        " WHERE locktype = 'advisory' AND granted"
    )

    assert await second.leads()


async def test_the_server_ends_a_follower_that_hangs(sessions):
    """Or nobody could take over from a paused process, or from a machine that is gone."""
    shown = [
        await sessions[0].fetchval(f"SHOW {setting}")
        for setting in ("idle_session_timeout", "idle_in_transaction_session_timeout")
    ]

    assert shown == ["1min", "1min"]


async def test_a_round_does_it_all(sessions):
    writer, _, connection = sessions
    await writer.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " SELECT 2, n % 7, 20000, -1, 0, 1 FROM generate_series(1, 30000) AS n"
    )
    follower = Follower(connection, ZONE, step=7_000)
    assert await follower.leads()

    done = await follower.round()

    assert done == (30_000, 0, False)
    assert sum((await balances(connection)).values()) == 30_000
    assert await follower.round() == (0, 0, False)


# -- closings ----------------------------------------------------------------------------------


async def closings(connection: Any) -> list[tuple[int, int, bool]]:
    rows = await connection.fetch(
        "SELECT seq, folded, closed_at IS NOT NULL FROM closing ORDER BY seq"
    )
    return [tuple(row) for row in rows]


async def publish(connection: Any, at: datetime) -> int:
    """A cut at the journal's end, as if published then."""
    cut = await seal(connection)
    await connection.execute("UPDATE cut SET sealed_at = $2 WHERE seq = $1", cut.seq, at)
    return cut.seq


async def test_a_closing_is_made_at_the_first_cut_after_a_months_end_in_the_zone(sessions):
    """1 August begins in Hà Nội on 31 July at 17:00 UTC."""
    writer, _, follower = sessions
    midnight = datetime(2025, 7, 31, 17, tzinfo=UTC)
    await book(writer, 1)
    await publish(follower, midnight - timedelta(days=3))
    await book(writer, 1)
    await publish(follower, midnight - timedelta(seconds=1))
    assert await close_month(follower, ZONE) is None, "the month is not over"

    await book(writer, 1)
    third = await publish(follower, midnight)
    await book(writer, 1)
    await publish(follower, midnight + timedelta(seconds=5))

    assert await close_month(follower, ZONE) == third == 3
    assert await close_month(follower, ZONE) is None
    assert await closings(follower) == [(3, 0, False)]


async def test_months_without_a_worker_are_closed_by_one_closing(sessions):
    writer, _, follower = sessions
    await book(writer, 1)
    await publish(follower, datetime(2025, 3, 5, tzinfo=UTC))
    await book(writer, 1)
    await publish(follower, datetime(2025, 7, 20, tzinfo=UTC))

    assert await close_month(follower, ZONE) == 2
    assert await close_month(follower, ZONE) is None


async def test_a_closing_is_summed_in_steps_from_where_the_last_one_ends(sessions):
    writer, _, follower = sessions
    await book(writer, 1, 2, 3)
    await seal(follower)
    assert await order_closing(follower) == 3
    assert await order_closing(follower) is None, "nothing to close since"
    await book(writer, 10, 20)
    await seal(follower)
    assert await order_closing(follower) == 5

    assert [await close(follower, step=2) for _ in range(4)] == [2, 1, 2, 0]

    assert await closings(follower) == [(3, 3, True), (5, 5, True)]
    rows = await follower.fetch("SELECT closing, amount FROM closing_amount ORDER BY closing")
    assert [tuple(row) for row in rows] == [(3, 6), (5, 30)]


async def test_orders_at_the_same_time_make_closings_that_do_not_overlap(sessions):
    one, other, writer = sessions
    await book(writer, 1)
    await seal(writer)

    async with one.transaction():
        assert await order_closing(one) == 1
        await book(writer, 1)
        await seal(writer)
        waiting = asyncio.create_task(order_closing(other))
        await asyncio.sleep(AT_ONCE)
        assert not waiting.done()

    assert await waiting == 2
    assert await closings(other) == [(1, 0, False), (2, 1, False)]
