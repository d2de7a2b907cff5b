"""Restated: a statement of a known identity with other content. Kept, tallied, and never a duplicate."""

import asyncpg
import msgspec

from agents.generate.model import Record
from monitor.domain.event import State
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from schemas.encode import encode
from schemas.event import StateChanged
from tests.domain.strategies import at
from tests.ledger.fill import feeding

KEY = "H56.14-260803-0001"


def accepted(source: str = "office", **changed: object) -> Record:
    event = StateChanged(
        dossier=KEY,
        source=source,
        id="1",
        claimed_ms=at(3),
        arrival_ms=at(3),
        state=State.ACCEPTED,
        procedure="1.004194",
        agency="H56.14",
        channel=2,
        level=4,
    )
    return Record(KEY, encode(msgspec.structs.replace(event, **changed)), at(3))


async def tallied(database: str, *records: Record) -> dict[tuple[str, str, str], int]:
    """What the ledger has counted of them, by name, source and detail."""
    async with feeding(database, Policy(Zone()), now_ms=at(4)) as desk:
        for record in records:  # each in a unit of its own
            await desk.hear([record])
            await desk.booked()
    connection = await asyncpg.connect(database)
    try:
        rows = await connection.fetch("SELECT name, source, detail, amount FROM tally")
    finally:
        await connection.close()
    return {tuple(row)[:3]: row["amount"] for row in rows if row["amount"]}


async def test_other_content_of_a_known_identity_is_tallied_as_restated(database: str) -> None:
    first = accepted()
    corrected = accepted(channel=1, revision=1)

    assert await tallied(database, first, corrected, corrected, first) == {
        ("counted", "office", ""): 1,
        ("counted", "office", "restated"): 1,
        ("duplicate", "office", ""): 2,
    }


async def test_what_is_overruled_is_tallied_as_restated_too(database: str) -> None:
    """An earlier revision that comes later changes no figure, and was said all the same."""
    assert await tallied(database, accepted(revision=2), accepted(revision=1)) == {
        ("counted", "office", ""): 1,
        ("counted", "office", "restated"): 1,
    }


async def test_the_same_identity_of_another_source_is_a_statement_of_its_own(
    database: str,
) -> None:
    assert await tallied(database, accepted(), accepted(source="portal", channel=1)) == {
        ("counted", "office", ""): 1,
        ("counted", "portal", ""): 1,
    }


async def test_later_arrival_alone_restates_nothing(database: str) -> None:
    later = accepted()
    earlier = accepted(arrival_ms=at(2))

    assert await tallied(database, later, earlier) == {
        ("counted", "office", ""): 1,
        ("duplicate", "office", ""): 1,
    }
