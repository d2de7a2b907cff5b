"""Every official figure of a generated province, twice: by the monitor, and from the raw events alone."""

import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.indicator import Figure as Theirs
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger.official import Officials, Ranked
from tests.official.figures import Figure, of_known, ranked, total
from tests.official.office import number
from tests.official.province import Province
from tests.official.real import officials
from tests.official.second import Second

# `make official` sets it to 50,000, which takes minutes.
DOSSIERS = int(os.environ.get("EMC_OFFICIAL_DOSSIERS", "2000"))
PROVINCE = Province(dossiers=DOSSIERS)
PERIODS = ("2026-06", "2026-08", "2026-Q3", "2026")
DEPARTMENTS = [f"H57.{n:02d}" for n in range(1, 15)]
# Each indicator of Decision 766 must have something to say in this province, or it proves nothing.
AS_OF = number(date(2026, 11, 1))  # all of it is over by then
SILENT = {"2.2", "2.2-days"}  # of one procedure only: asked for apart


@dataclass
class Both:
    """The two calculations, side by side."""

    first: Officials
    second: Second
    as_of: int

    async def differences(
        self, set_id: str, scopes: Mapping[str, str], period: str
    ) -> tuple[int, list[str]]:
        """How many figures were compared, and each that is not the same."""
        compared, found = 0, []
        theirs = await self.first.scorecards(
            set_id, [Scope.of(scope) for scope in scopes], Period.of(period)
        )
        for one, (scope, kind) in zip(theirs, scopes.items(), strict=True):
            assert one.about.kind == kind
            procedure = one.about.scope.procedure
            ours = self.second.figures(
                set_id, one.about.scope.agency, kind, period, self.as_of, procedure
            )
            for figure in one.scorecard.figures:
                compared += 1
                left, right = said(figure), expected(ours[figure.indicator.id])
                if left != right:
                    place = f"{set_id} {figure.indicator.id} of {scope} in {period}"
                    found.append(f"{place}: {left}, and from the events {right}")
            points = one.scorecard.sum.total
            if points is not None and points != total(ours):
                found.append(f"{set_id} of {scope} in {period}: {points}, {total(ours)} points")
        return compared, found


def said(figure: Theirs) -> tuple[Any, ...]:
    return (
        str(figure.standing),
        figure.numerator,
        figure.denominator,
        figure.ratio,
        figure.shown,
        figure.score,
    )


def expected(figure: Figure) -> tuple[Any, ...]:
    return (
        figure.standing,
        figure.numerator,
        figure.denominator,
        figure.ratio,
        figure.shown,
        figure.score,
    )


def calculated(folder: Path) -> Second:
    return Second(PROVINCE.lines(), PROVINCE.petitions(), PROVINCE.claimed(), folder)


@pytest.fixture
async def both(database: str, tmp_path: Path) -> AsyncIterator[Both]:
    folder = PROVINCE.files(tmp_path)
    second = calculated(folder)
    async with officials(database, PROVINCE, folder) as first:
        ground = await first.ground(None)
        yield Both(first, second, ground.known.as_of_day)


def scopes() -> dict[str, str]:
    """The province, its departments and its communes, and their kinds."""
    found = {"H57": "province"}
    found |= dict.fromkeys(DEPARTMENTS, "department")
    # All of them in the long form only: figure by figure in SQL takes its time.
    communes = PROVINCE.communes()
    found |= dict.fromkeys(communes if DOSSIERS > 10_000 else communes[::8], "commune")
    return found


@pytest.mark.slow
async def test_every_figure_of_every_set_is_the_same_from_the_raw_events(both: Both) -> None:
    """Numerators, denominators, exact ratios, what is shown, points and their sum."""
    compared = 0
    differences: list[str] = []
    for period in PERIODS:
        for set_id in filter(
            lambda set_id: both.second.valid(set_id, period), both.second.sets
        ):
            n, found = await both.differences(set_id, scopes(), period)
            compared += n
            differences += found
    procedures = {f"H57+{code}": "province" for code in ("2.000635", "1.012784", "2.000400")}
    n, found = await both.differences("qd766", procedures, "2026-Q3")
    compared += n
    differences += found
    print(f"{compared:,} figures compared, {len(differences):,} differ")

    assert differences == [], "\n".join(differences[:40])
    assert compared > 4_000
    await _places_are_the_same(both)


async def _places_are_the_same(both: Both) -> None:
    """Of communes by a share, of departments by points; with few dossiers there is no place."""
    for set_id, by, who, kind, agencies in (
        ("emc", "full_process_dossier_share", Ranked.COMMUNES, "commune", PROVINCE.communes()),
        ("qd766", "total", Ranked.DEPARTMENTS, "department", DEPARTMENTS),
    ):
        ranking = await both.first.ranking(set_id, Period.of("2026-Q3"), kind=who, by=by)
        values: dict[str, Decimal | None] = {}
        for agency in agencies:
            ours = both.second.figures(set_id, agency, kind, "2026-Q3", both.as_of)
            received = both.second.facts.fact({"fact": "received_in_period"}, agency)
            enough = (received or 0) >= ranking.minimum
            if by == "total":
                value = of_known(both.second.sets[set_id], ours)
            else:
                value = ours[by].shown
            values[agency] = value if enough else None
        theirs = {one.about.scope.agency: one.place.place for one in ranking.positions}
        places = ranked(values)

        assert {a: theirs[a] for a in agencies} == {a: places.get(a) for a in agencies}
        assert len(places) > 2


def test_every_indicator_of_decision_766_has_something_to_say_here(tmp_path: Path) -> None:
    """Or their being equal would prove nothing."""
    second = calculated(PROVINCE.files(tmp_path))

    of_august = second.figures("qd766", "H57", "province", "2026-08", AS_OF)

    dumb = {id_ for id_, figure in of_august.items() if figure.standing != "number"}
    assert dumb == SILENT
    assert all(figure.numerator for id_, figure in of_august.items() if id_ not in SILENT)
