"""The dossiers behind a fact, and what moved it between two cuts."""

import pytest

from monitor.domain.facts import Fact, Term
from monitor.domain.measures import Measure
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger.behind import Difference, NoSuchPage, behind, differences
from monitor.ledger.packing import pack_entries
from monitor.ledger.tokens import secret, token
from monitor.reference.policy import Reference
from tests.domain.strategies_time import day
from tests.ledger.books import Books

AUGUST = Period.of("2026-08")
TODAY = day("2026-09-15")
LATE = Term(fact=Fact.LATE_766)
H56 = Scope("H56")


async def dossier(held: Books, key: str, *entries: tuple[int, str, str, int]) -> None:
    """One with entries of a measure, an agency, a day and an amount."""
    booked = {
        (measure, await held.number(agency), day(on), -1): amount
        for measure, agency, on, amount in entries
    }
    await held.pool.execute(
        "INSERT INTO dossier (key, version, rules, epoch, outcome, events, booked)"
        " VALUES ($1, 1, 6, 0, 6, '', $2)",
        key,
        pack_entries(booked),
    )


async def all_of(held: Books, reference: Reference, scope: Scope, most: int) -> list[str]:
    found: list[str] = []
    following = None
    for _ in range(50):
        page = await behind(
            held.pool,
            reference,
            scope,
            AUGUST,
            LATE,
            today=TODAY,
            following=following,
            most=most,
            as_tokens=False,
            most_looked_at=3,
        )
        assert len(page.dossiers) <= most
        found += page.dossiers
        following = page.following
        if following is None:
            return found
    raise AssertionError("there is always one more page")


@pytest.mark.parametrize("most", [1, 2, 100])
async def test_those_behind_a_fact_are_found_once_each_those_of_the_agency_first(
    held: Books, reference: Reference, most: int
):
    late, on_time = int(Measure.LATE_766), int(Measure.ON_TIME_766)
    await dossier(held, "H26.01-260801-0001", (late, "H56.04", "2026-08-09", 1))  # handed over
    await dossier(held, "H26.01-260801-0002", (late, "H26.01", "2026-08-09", 1))
    await dossier(held, "H56-260801-0003", (late, "H56", "2026-08-09", 1))
    await dossier(held, "H56.04-260801-0004", (late, "H56.04", "2026-07-31", 1))
    await dossier(held, "H56.04-260801-0005", (on_time, "H56.04", "2026-08-31", 1))
    await dossier(held, "H56.05-260801-0006", (late, "H56.05", "2026-08-31", 1))
    await dossier(held, "H57-260801-0007", (late, "H56.05", "2026-08-01", 1))
    await dossier(held, "portal|x", (late, "H56.05", "2026-08-01", 1))
    assert await all_of(held, reference, H56, most) == [
        "H56-260801-0003",
        "H56.05-260801-0006",
        "H26.01-260801-0001",
        "H57-260801-0007",
        "portal|x",
    ]
    assert len(await all_of(held, reference, Scope(), most)) == 6


async def test_a_page_tells_no_code_where_tokens_are_asked_for(
    held: Books, reference: Reference
):
    for number in range(3):
        key = f"H56-260801-000{number}"
        await dossier(held, key, (int(Measure.LATE_766), "H56", "2026-08-09", 1))
    page = await behind(held.pool, reference, H56, AUGUST, LATE, today=TODAY, most=1)
    assert page.dossiers == (token(await secret(held.pool), "H56-260801-0000"),)
    assert page.following is not None
    assert "H56" not in page.following
    with pytest.raises(NoSuchPage):
        await behind(held.pool, reference, H56, AUGUST, LATE, today=TODAY, following="made up")


async def test_a_difference_says_what_came_and_what_went(held: Books, reference: Reference):
    await held.book(Measure.LATE_766, "H56", day("2026-08-03"), 3)
    await held.book(Measure.IN_PROCESS_766, "H56", day("2026-08-03"), 2, slot=day("2026-08-20"))
    then = await held.folded()
    await held.book(Measure.LATE_766, "H56", day("2026-08-03"), -1)
    await held.book(Measure.ON_TIME_766, "H56", day("2026-08-03"), 1)
    await held.book(Measure.LATE_766, "H56.04", day("2026-08-30"), 2)
    await held.book(Measure.LATE_766, "H26", day("2026-08-30"), 2)
    await held.book(Measure.LATE_766, "H56", day("2026-09-01"), 9)
    await held.book(
        Measure.IN_PROCESS_766, "H56", day("2026-08-04"), -1, slot=day("2026-08-20")
    )
    now = await held.folded()
    beyond, within = Term(fact=Fact.BEYOND_766), Term(fact=Fact.WITHIN_766)
    found = await differences(
        held.pool, reference, H56, AUGUST, [LATE, beyond, within], then, now, today=TODAY
    )
    assert found == {
        LATE: Difference(before=3, after=4, came=2, went=1),
        beyond: Difference(before=2, after=1, came=0, went=1),
        within: Difference(before=0, after=0, came=0, went=0),
    }
