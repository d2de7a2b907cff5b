"""Late lines tell of a closed month what the whole journal tells, and are few."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from monitor.domain.facts import Fact, Term
from monitor.domain.measures import Measure
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.domain.zone import Zone
from monitor.ledger import reading_book
from monitor.ledger.between import Moved, between
from monitor.ledger.follower import Cut, fold, seal
from monitor.ledger.readings import series
from monitor.reference.policy import Reference
from tests.domain.strategies_time import day
from tests.ledger.books import Books, folded_then

ZONE = Zone()
RECEIVED = Term(fact=Fact.RECEIVED)
SERVICES = Term(fact=Fact.SERVICES_RECEIVED)
AGENCIES = ("H56", "H56.04", "H26.01", "G01.05", "nowhere")
SCOPES = [Scope.of(text) for text in ("country", "H56", "H26", "G01")]
AUGUST, SEPTEMBER = Period.of("2026-08"), Period.of("2026-09")


async def published(held: Books, at: datetime) -> Cut:
    """A cut, as if it had been published then."""
    cut = await seal(held.follower)
    await held.follower.execute(
        "UPDATE cut SET read_at = $2, sealed_at = $2 WHERE seq = $1", cut.seq, at
    )
    return Cut(cut.seq, at, at)


def local(text: str) -> datetime:
    """A time in Ha Noi."""
    return datetime.fromisoformat(f"2026-{text}+07:00").astimezone(UTC)


async def told(held: Books, reference: Reference, cuts: Sequence[Cut], today: int) -> list[Any]:
    """Of each cut what was received in August and September, and what has moved since."""
    found: list[Any] = []
    for cut in cuts:
        for period in (AUGUST, SEPTEMBER):
            [reading] = await series(
                held.pool,
                reference,
                SCOPES,
                [period],
                [RECEIVED, SERVICES],
                cut=cut,
                today=today,
            )
            found += [
                reading.facts(scope)(term) for scope in SCOPES for term in (RECEIVED, SERVICES)
            ]
            async with held.pool.acquire() as connection:
                found += [
                    (
                        await between(
                            connection, reference, scope, period, [(RECEIVED,)], cut, cuts[-1],
                            as_of=today, sector=lambda _: (),
                        )
                    ).sides
                    for scope in SCOPES
                ]  # fmt: skip
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_they_tell_what_the_journal_tells(held: Books, reference: Reference, seed: int):
    """Cuts from July to October, some of them folded together, and corrections of earlier months."""
    rng = random.Random(seed)
    cuts: list[Cut] = []
    at = local("07-28T12:00")
    while at < local("10-20T00:00"):
        for _ in range(rng.randrange(1, 12)):
            on = ZONE.day(int(at.timestamp() * 1000)) - rng.choice([0, 0, 0, 1, 3, 20, 45])
            await held.book(
                Measure.ACCEPTED, rng.choice(AGENCIES), on, rng.choice([1, 1, 2]),
                procedure=rng.choice(["1.004194", "1.001193"]),
            )  # fmt: skip
        cuts.append(await published(held, at))
        if rng.random() < 0.6:
            while await fold(held.follower, cuts[-1], ZONE, step=rng.randrange(5, 200)):
                pass
        at += timedelta(hours=rng.randrange(1, 120))
    while await fold(held.follower, cuts[-1], ZONE):
        pass
    today = day("2026-10-20")
    for _ in range(2):  # the sums that are asked for are kept from then on
        await told(held, reference, cuts[-1:], today)
        assert await reading_book.follow(held.follower, 60) is False
    lines, kept, others = await held.follower.fetchrow(
        "SELECT (SELECT count(*) FROM journal), (SELECT count(*) FROM late),"
        " (SELECT count(*) FROM late WHERE level1 = '')"
    )
    assert 0 < others < kept < lines / 2

    since = [cut for cut in cuts if cut.sealed_at >= local("09-01T00:00")]
    by_late_lines = await told(held, reference, since, today)
    await held.follower.execute("UPDATE follower SET late_from = $1", cuts[-1].seq + 1)
    assert await told(held, reference, since, today) == by_late_lines
    await held.follower.execute("UPDATE follower SET late_from = 0")
    await held.follower.execute("TRUNCATE late_page")
    assert await told(held, reference, since, today) != by_late_lines, "they were not asked"


async def test_a_line_is_late_once_the_month_of_its_day_is_over_where_it_is_counted(
    held: Books, reference: Reference
):
    """In Ha Noi: there the month began seven hours before that of Greenwich ended."""
    await published(held, local("08-31T23:59"))
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-31"))
    closing = await published(held, local("09-01T00:00"))
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-31"), 10)
    await held.book(Measure.ACCEPTED, "H56", day("2026-09-01"), 100)
    last = await published(held, local("09-01T00:05"))
    while await fold(held.follower, last, ZONE):
        pass

    assert [row["amount"] for row in await held.follower.fetch("SELECT amount FROM late")] == [
        10
    ]
    moved = await between(
        held.follower, reference, Scope("H56"), AUGUST, [(RECEIVED,)], closing, last,
        as_of=day("2026-09-01"), sector=lambda _: (),
    )  # fmt: skip
    assert moved.sides == [Moved(10, 0)]


@pytest.mark.parametrize("late", [True, False])
async def test_what_came_is_of_the_days_channel_and_level_that_are_asked_for(
    late: bool, held: Books, reference: Reference
):
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-20"))
    closing = await published(held, local("09-01T08:00"))
    # Each its own power of ten: a sum tells which are in it.
    for amount, on, channel, level in (
        (1, "2026-07-31", 2, 4),
        (10, "2026-08-01", 2, 4),
        (100, "2026-08-31", 1, 4),
        (1_000, "2026-08-31", 2, 3),
        (10_000, "2026-09-01", 1, 3),
    ):
        for measure in (Measure.ACCEPTED, Measure.IN_PROCESS):
            await held.book(
                measure, "H56", day(on), amount, slot=-1, channel=channel, level=level
            )
    await held.book(Measure.ACCEPTED, "H26", day("2026-08-31"), 7)
    last = await published(held, local("09-02T08:00"))
    while await fold(held.follower, last, ZONE):
        pass
    if not late:  # the journal is read
        await held.follower.execute("UPDATE follower SET late_from = $1", last.seq)
    asked = [
        (RECEIVED,),
        (Term(fact=Fact.RECEIVED, channel=1),),
        (Term(fact=Fact.RECEIVED, level=3),),
        (Term(fact=Fact.CARRIED_OVER),),
        (Term(fact=Fact.RECEIVED, sign=-1),),
        (RECEIVED, Term(fact=Fact.RECEIVED, channel=1, sign=-1)),
    ]

    moved = await between(
        held.follower, reference, Scope("H56"), AUGUST, asked, closing, last,
        as_of=day("2026-09-02"), sector=lambda _: (),
    )  # fmt: skip

    assert moved.sides == [
        Moved(1_110, 0),
        Moved(100, 0),
        Moved(1_000, 0),
        Moved(1, 0),
        Moved(0, 1_110),
        Moved(1_010, 0),
    ]


async def test_what_a_worker_of_an_earlier_release_has_folded_is_not_missed(
    held: Books, reference: Reference
):
    """It moves the watermark alone. They begin anew, and until then the journal is read."""

    async def received(cut: Cut) -> list[int | None]:
        [reading] = await series(
            held.pool, reference, [Scope("H56")], [AUGUST], [RECEIVED], cut=cut,
            today=day("2026-09-03"),
        )  # fmt: skip
        found = await between(
            held.follower, reference, Scope("H56"), AUGUST, [(RECEIVED,)], cut, last,
            as_of=day("2026-09-03"), sector=lambda _: (),
        )  # fmt: skip
        assert found.sides[0] is not None
        return [reading.facts(Scope("H56"))(RECEIVED), found.sides[0].came]

    async def since() -> Any:
        return await held.follower.fetchval(
            "SELECT late_from FROM follower WHERE late_seq = seq"
        )

    await held.book(Measure.ACCEPTED, "H56", day("2026-08-30"))
    closing = await published(held, local("09-01T08:00"))
    await held.book(Measure.ACCEPTED, "H56", day("2026-08-31"), 10)
    last = await published(held, local("09-02T08:00"))
    while await fold(held.follower, closing, ZONE):
        pass
    assert await since() == 0
    await folded_then(held.follower, last)
    await reading_book.follow(held.follower, 60)
    assert await since() is None
    assert await received(closing) == [1, 10]

    await held.book(Measure.ACCEPTED, "H56", day("2026-08-31"), 100)
    folded, last = last, await published(held, local("09-03T08:00"))
    while await fold(held.follower, last, ZONE):
        pass
    await reading_book.follow(held.follower, 60)
    assert await since() == folded.seq
    assert await received(closing) == [1, 110]
    assert await received(folded) == [11, 100]
