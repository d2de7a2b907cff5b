"""Distinct counts: which services had dossiers in a period, and how many applicants in a year."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.domain.codes import level1
from monitor.domain.event import Channel
from monitor.domain.measures import Measure
from monitor.domain.policy import Policy
from monitor.ledger.lines import lines

if TYPE_CHECKING:
    import asyncpg


@dataclass(frozen=True, slots=True)
class Services:
    """Procedures by code, per agency of level 1 as it stands today; no agency has none."""

    by_agency: Mapping[str, frozenset[str]]

    @property
    def overall(self) -> frozenset[str]:
        """Those of all agencies, each once."""
        return frozenset().union(*self.by_agency.values())


@dataclass(frozen=True, slots=True)
class Applicants:
    """How many different applicants were received in a year."""

    overall: int  # each once, also if several agencies received them
    by_agency: Mapping[str, int]  # of level 1, as it stands today


class Distinct:
    """Reads what cannot be summed; `policy` says who stands today where an agency did."""

    def __init__(self, pool: "asyncpg.Pool[Any]", policy: Policy) -> None:
        self._pool = pool
        self._policy = policy

    async def services(
        self, from_day: int, until_day: int, *, cut: int | None = None
    ) -> Services:
        """Procedures with at least one online dossier received from one day to another, both in.

        Days since 1970-01-01 in the policy's zone; by the receiving agency. `cut`, a number of
        the journal, tells what was known then. Numerator of `services_with_dossiers_share`.
        """
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            rows = await connection.fetch(
                f"""
                SELECT cell.agency, cell.procedure
                FROM ({lines(cut=cut)}) AS line
                JOIN cell ON cell.id = line.cell
                WHERE line.measure = $1 AND line.day BETWEEN $2 AND $3 AND cell.channel = $4
                GROUP BY 1, 2 HAVING sum(line.amount) > 0
                """,  # noqa: S608 - made of our constants and a number
                Measure.ACCEPTED,
                from_day,
                until_day,
                Channel.ONLINE,
            )
        found: dict[str, set[str]] = {}
        for agency, procedure in rows:
            found.setdefault(self._present(agency), set()).add(procedure)
        return Services({agency: frozenset(codes) for agency, codes in found.items()})

    async def applicants(self, year: int, *, cut: int | None = None) -> Applicants | None:
        """Different applicants of the dossiers received in a year of the policy's zone.

        Dossiers whose source sends no keyed hash are in no count. None for a `cut`: references
        have no *as known then* (MEASURES.md §7).
        """
        if cut is not None:
            return None
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            places = await connection.fetch(
                "SELECT id, agency FROM cell WHERE (unit, procedure, sub_channel, step, source)"
                " = ('', '', '', '', '') AND (channel, level, holder) = (0, 0, 0)"
            )
            rows = await connection.fetch(
                """
                SELECT place.agency, count(DISTINCT applicant.digest) AS applicants
                FROM applicant
                JOIN unnest($2::int4[], $3::text[]) AS place (cell, agency) USING (cell)
                WHERE applicant.year = $1 AND applicant.dossiers > 0
                GROUP BY GROUPING SETS ((place.agency), ())
                """,
                year,
                [place["id"] for place in places],
                [self._present(place["agency"]) for place in places],
            )
        by_agency = {row["agency"]: row["applicants"] for row in rows}
        return Applicants(overall=by_agency.pop(None, 0), by_agency=by_agency)

    def _present(self, agency: str) -> str:
        return self._policy.present(level1(agency))
