"""Claims: every word is kept, one stands, and what stood at a cut stands there for good."""

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from monitor.domain.scope import Scope
from monitor.ledger.claims import (
    Claim,
    Figure,
    agency_of,
    official,
    standing,
    state,
    the_one,
)
from monitor.ledger.follower import seal
from monitor.ledger.migrate import migrate

ADULTS = Figure(
    indicator="adult_population", agency="H56", from_day=20_544, to_day=20_634, source="h56",
    survey="Đề án 06", revision=0, arrived_ms=1_000, numerator=412_300, denominator=1_204_511,
)  # fmt: skip


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Any]:
    await migrate(database)
    connection = await asyncpg.connect(database)
    try:
        yield connection
    finally:
        await connection.close()


async def numerators(connection: Any, **asked: Any) -> list[int | None]:
    return [claim.numerator for claim in await standing(connection, **asked)]


async def test_a_claim_stands_with_all_that_was_said(connection: Any):
    said = replace(ADULTS, value=Decimal("34.23"), unit="%", respondents=1_800)

    assert await state(connection, said)

    [claim] = await standing(connection, indicators=["adult_population"])
    assert Claim(**{**{name: getattr(said, name) for name in said.__slots__}, "seq": claim.seq}) == claim  # fmt: skip


async def test_the_same_words_again_are_no_further_claim(connection: Any):
    assert await state(connection, ADULTS)
    assert not await state(connection, replace(ADULTS, arrived_ms=2_000))
    assert await connection.fetchval("SELECT count(*) FROM external_claim") == 1


async def test_the_higher_revision_stands_then_the_later_arrival(connection: Any):
    await state(connection, replace(ADULTS, numerator=1, revision=1, arrived_ms=5_000))
    await state(connection, replace(ADULTS, numerator=2, revision=0, arrived_ms=9_000))
    assert await numerators(connection) == [1]

    await state(connection, replace(ADULTS, numerator=3, revision=1, arrived_ms=4_000))
    assert await numerators(connection) == [1]
    await state(connection, replace(ADULTS, numerator=4, revision=1, arrived_ms=6_000))
    assert await numerators(connection) == [4]
    assert await connection.fetchval("SELECT count(*) FROM external_claim") == 4


async def test_what_stood_at_a_cut_stands_there_for_good(connection: Any, database: str):
    await state(connection, ADULTS)
    sealer = await asyncpg.connect(database)
    try:
        before = await seal(sealer)
        await state(connection, replace(ADULTS, numerator=7, arrived_ms=2_000))
        after = await seal(sealer)
    finally:
        await sealer.close()

    assert before.seq < after.seq
    assert await numerators(connection, cut=before.seq) == [412_300]
    assert await numerators(connection, cut=after.seq) == [7]
    assert await numerators(connection) == [7]


async def test_a_cut_waits_for_a_claim_that_is_being_written(connection: Any, database: str):
    sealer = await asyncpg.connect(database)
    try:
        async with connection.transaction():
            await state(connection, ADULTS)
            with pytest.raises(TimeoutError):
                await seal(sealer, patience_seconds=0.3)
        cut = await seal(sealer)
    finally:
        await sealer.close()

    assert await numerators(connection, cut=cut.seq) == [412_300]


async def test_sources_and_surveys_stand_beside_each_other_and_the_last_is_the_one(
    connection: Any,
):
    await state(connection, ADULTS)
    await state(connection, replace(ADULTS, survey="Khảo sát", numerator=5, arrived_ms=3_000))
    await state(connection, replace(ADULTS, source="g01", numerator=6, arrived_ms=2_000))

    claims = await standing(connection)

    assert [claim.numerator for claim in claims] == [5, 6, 412_300]
    [one] = the_one(claims).values()
    assert (one.survey, one.numerator) == ("Khảo sát", 5)


async def test_claims_are_found_by_indicator_agency_and_exactly_their_period(connection: Any):
    await state(connection, ADULTS)
    await state(connection, replace(ADULTS, agency="H26", numerator=2))
    await state(connection, replace(ADULTS, indicator="automation", numerator=3))
    await state(connection, replace(ADULTS, to_day=20_574, numerator=4))
    q2 = {"first_day": 20_544, "last_day": 20_634}

    assert await numerators(connection, indicators=["automation"]) == [3]
    assert await numerators(connection, agencies=["H26"], **q2) == [2]
    assert await numerators(connection, agencies=["H56"], indicators=["adult_population"], **q2) == [412_300]  # fmt: skip


async def test_a_method_that_is_not_issued_is_no_0(connection: Any):
    await state(connection, replace(ADULTS, numerator=None, denominator=None, not_issued=True))

    [claim] = await standing(connection)

    assert claim.not_issued
    assert (claim.numerator, claim.value) == (None, None)


def test_official_values_have_names_of_their_own():
    assert official("qd766", "2.1") == "official:qd766:2.1"
    assert official("qd766", "2.1", percent=True) == "official:qd766:2.1:percent"


@pytest.mark.parametrize(
    ("scope", "agency"),
    [
        ("country", "country"),
        ("H56.04", "H56.04"),
        ("G01/sector", None),
        ("H56+1.004194", None),
    ],
)
def test_a_claim_is_about_the_country_or_an_agency_with_all_below_it(scope, agency):
    assert agency_of(Scope.of(scope)) == agency
