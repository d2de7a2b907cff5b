"""References to applicants: kept apart from the journal, moved by the same differences."""

from collections.abc import Mapping
from typing import Any

from monitor.domain.applicants import APPLICANTS, applicant_year, whole
from monitor.domain.measures import TRIAL
from monitor.ledger.unit import Reference


def refers(measure: int) -> bool:
    """Whether an entry of this measure refers to an applicant: it is kept apart from the journal."""
    return APPLICANTS <= measure < TRIAL


def reference_of(measure: int, cell: int, day: int, slot: int) -> Reference:
    """What an entry refers to whose measure is one of applicants."""
    return Reference(applicant_year(measure), cell, whole(day, slot))


async def add_references(connection: Any, references: Mapping[Reference, int]) -> None:
    """Move the counts, within the transaction that books the dossiers; after all else in it.

    In one statement and in the order of the key, so that two transactions that meet in several
    applicants wait for each other one way round only.
    """
    if not references:
        return
    moved = sorted(references.items())
    await connection.execute(
        """
        INSERT INTO applicant AS held (year, cell, digest, dossiers)
        SELECT * FROM unnest($1::int2[], $2::int4[], $3::int8[], $4::int4[])
        ON CONFLICT (year, cell, digest) DO UPDATE
        SET dossiers = held.dossiers + excluded.dossiers
        """,
        *([to[position] for to, _ in moved] for position in range(3)),
        [difference for _, difference in moved],
    )


async def move_references(connection: Any, entries: str) -> None:
    """Move the counts by those of many entries that refer to applicants.

    `entries` is SQL of a relation (measure, cell, day, slot, amount) of differences, of which all
    others are left alone: for whoever books more at once than it wants to fetch.
    """
    await connection.execute(
        f"""
        INSERT INTO applicant AS held (year, cell, digest, dossiers)
        SELECT measure - {APPLICANTS - applicant_year(APPLICANTS)}, cell,
               (day::int8 << 32) | (slot::int8 & 4294967295) AS digest, sum(amount)
        FROM ({entries}) AS entry
        WHERE measure >= {APPLICANTS} AND measure < {TRIAL}
        GROUP BY measure, cell, digest HAVING sum(amount) <> 0
        ORDER BY measure, cell, digest
        ON CONFLICT (year, cell, digest) DO UPDATE
        SET dossiers = held.dossiers + excluded.dossiers
        """  # noqa: S608 - made of our constants and the caller's
    )
