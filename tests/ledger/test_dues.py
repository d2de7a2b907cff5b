"""What falls due, read from a ledger that the desk has filled, against the dossiers one by one."""

from collections import Counter, defaultdict
from datetime import date

import asyncpg
import pytest

from agents.dues import Dues
from agents.generate.model import Record, Scenario, records
from monitor.domain.codes import level1
from monitor.domain.fold import fold
from monitor.domain.identity import settled
from monitor.domain.policy import Policy, Precision
from monitor.domain.view import View
from monitor.domain.zone import Zone
from monitor.ledger import dues
from monitor.ledger.dues import AgencyDues, Part
from monitor.ledger.follower import Follower, connect
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused
from tests.domain.strategies_time import at, day
from tests.ledger.fill import feeding

ZONE = Zone()
POLICY = Policy(ZONE)
NOW = at("2026-06-26 14:00")  # a Friday
TODAY = day("2026-06-26")
TOLD = [
    record
    for record in records(
        Scenario(seed=5, dossiers=1_500, start=date(2026, 6, 1), days=26, duplicates=0.0)
    )
    if record.at_ms <= NOW
]


def views(told: list[Record]) -> list[View]:
    decoder = Decoder(ZONE, DOSSIERS)
    by_dossier = defaultdict(list)
    for record in told:
        event = decoder.decode(record.value, record_time_ms=record.at_ms)
        assert not isinstance(event, Refused)
        by_dossier[event.dossier].append(event)
    return [fold(settled(events)) for events in by_dossier.values()]


VIEWS = views(TOLD)


def open_when(morning: int) -> list[tuple[View, int]]:
    """Dossiers that were open when a day began and had a due date, and that date's day."""
    begins = ZONE.start_of(morning)
    found = []
    for view in VIEWS:
        if view.began_ms is None or ZONE.day(view.began_ms) >= morning:
            continue
        if view.end_ms is not None and view.end_ms < begins:
            continue
        due_ms = view.due_at(begins - 1)
        if due_ms is not None:
            found.append((view, ZONE.day(due_ms)))
    return found


@pytest.fixture
async def filled(database: str) -> str:
    async with feeding(database, POLICY, now_ms=NOW) as feeder:
        await feeder.hear(TOLD)
    return database


async def test_what_falls_due_is_counted_to_the_instant_by_working_days(filled: str):
    """On a Friday: what falls due on Saturday, Sunday and Monday falls due in one working day."""
    connection = await asyncpg.connect(filled)
    known = await dues.outlooks(connection, POLICY, TODAY)
    judged = await dues.judge(connection, POLICY, NOW, known)
    await connection.close()

    expected: dict[str, Counter[str]] = defaultdict(Counter)
    for view in VIEWS:
        if view.began_ms is None or view.end_ms is not None or view.due_ms is None:
            continue
        due = ZONE.day(view.due_ms)
        when = (
            "overdue" if view.due_ms < NOW
            else "today" if due == TODAY
            else "in_1" if due <= day("2026-06-29")
            else "in_2" if due == day("2026-06-30")
            else "later"
        )  # fmt: skip
        expected[level1(view.holder.agency)][when] += 1
    assert {
        one.agency: found
        for one in judged
        if any(found := [one.overdue, one.today, one.in_1, one.in_2])
    } == {
        agency: found
        for agency, counted in expected.items()
        if any(found := [counted[w] for w in ("overdue", "today", "in_1", "in_2")])
    }
    assert sum(one.overdue for one in judged) > 20
    assert sum(one.today for one in judged) > 5


async def test_by_dates_nothing_is_overdue_on_the_day_it_falls_due(filled: str):
    policy = Policy(ZONE, Precision.DATE)
    connection = await asyncpg.connect(filled)
    known = await dues.outlooks(connection, policy, TODAY)
    judged = await dues.judge(connection, policy, NOW, known)
    await connection.close()

    falling_today = sum(
        view.began_ms is not None
        and view.end_ms is None
        and view.due_ms is not None
        and ZONE.day(view.due_ms) == TODAY
        for view in VIEWS
    )
    assert sum(one.today for one in judged) == falling_today > 5


@pytest.mark.parametrize("follows", [False, True])
async def test_the_books_give_what_was_open_on_any_morning(filled: str, *, follows: bool):
    """Whether the follower has come that far or not."""
    if follows:
        following = await connect(filled)
        follower = Follower(following, ZONE)
        assert await follower.leads()
        while (await follower.round()).left:
            pass
        await following.close()
    connection = await asyncpg.connect(filled)
    known = await dues.outlooks(connection, POLICY, TODAY)
    await connection.close()

    last = day("2026-07-03")  # five working days on
    first = day("2026-06-12")  # ten before
    counted: dict[str, Counter[int]] = defaultdict(Counter)
    for view, due in open_when(TODAY):
        if due <= last:
            stint = [s for s in view.stints if s.from_ms < ZONE.start_of(TODAY)][-1]
            counted[level1(stint.agency)][due if due >= first else 0] += 1
    assert {
        agency: {slot: n for slot, n in books.stock.items() if n}
        for agency, books in known.books.items()
        if any(books.stock.values())
    } == counted
    ended: Counter[str] = Counter()
    for view in VIEWS:
        if view.end_ms is not None and first <= ZONE.day(view.end_ms) < TODAY:
            ended[level1(view.settler.agency)] += 1
    assert {
        agency: round(made.pace * 10) for agency, made in known.forecasts.items() if made.pace
    } == ended


@pytest.mark.parametrize("morning", ["2026-06-26", "2026-06-23"])
async def test_the_parts_of_a_day_are_what_was_open_when_it_began(filled: str, morning: str):
    """By unit and procedure; of today, and of a day that is past."""
    begins, last = day(morning), day(morning) + 7
    connection = await asyncpg.connect(filled)
    found = await dues.parts(connection, POLICY, begins, last)
    await connection.close()

    counted: Counter[Part] = Counter()
    for view, due in open_when(begins):
        if due <= last:
            stint = [s for s in view.stints if s.from_ms < ZONE.start_of(begins)][-1]
            counted[
                Part(
                    stint.agency, stint.unit, view.procedure, stint.paused, max(due, begins - 1)
                )
            ] += 1
    assert found == counted
    assert any(part.paused for part in found)
    assert any(part.slot < begins for part in found)


async def test_one_worker_judges_and_all_who_read_see_the_same(filled: str):
    judging, watching = await asyncpg.connect(filled), await asyncpg.connect(filled)
    await Dues(POLICY, now_ms=lambda: NOW).round(judging)

    rows = [AgencyDues(*row) for row in await watching.fetch(dues.DUES)]
    known = await dues.outlooks(watching, POLICY, TODAY)

    assert rows == list(await dues.judge(watching, POLICY, NOW, known))
    assert {row.judged_ms for row in rows} == {NOW}
    assert {row.day for row in rows} == {TODAY}
    assert any(row.expected_5 for row in rows)
    await judging.close()
    await watching.close()


async def test_a_new_judgement_replaces_the_last_one_with_all_that_has_gone(filled: str):
    connection = await asyncpg.connect(filled)
    await dues.keep(connection, [AgencyDues("X99", 1, 1, 1, 1, 1, 1.0, 1, 1.0, 1.0, 1.0)])
    await Dues(POLICY, now_ms=lambda: NOW).round(connection)

    agencies = [row["agency"] for row in await connection.fetch(dues.DUES)]
    await connection.close()

    assert "X99" not in agencies
    assert "H56" in agencies
