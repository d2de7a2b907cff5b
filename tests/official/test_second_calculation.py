"""Every official figure of a generated province, twice: by the monitor, and from the raw events alone."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from monitor.ledger.official import By, Ranked
from tests.official.compare import Both
from tests.official.office import number
from tests.official.province import Province
from tests.official.real import officials
from tests.official.second import Second

PROVINCE = Province()
PERIODS = ("2026-06", "2026-08", "2026-Q3", "2026")
PROCEDURES = dict.fromkeys(
    [f"H57+{code}" for code in ("2.000635", "1.012784", "2.000400")], "province"
)
# Figure by figure in SQL takes its time: all communes are in the long form only.
SCOPES = {
    "H57": "province",
    **dict.fromkeys(PROVINCE.departments(), "department"),
    **dict.fromkeys(PROVINCE.communes()[::8], "commune"),
}
# Of what the province is a part, or a part of the province.
OTHERS = {"country": "country", "H57/own": "province", "G01/sector": "ministry"}
# Each indicator of Decision 766 must have something to say in this province, or it proves nothing.
AS_OF = number(date(2026, 11, 1))  # all of it is over by then
SILENT = {"2.2", "2.2-days", "2.2-hours"}  # of one procedure only: asked for apart


def calculated(folder: Path) -> Second:
    return Second(PROVINCE.lines(), PROVINCE.petitions(), PROVINCE.claimed(), folder)


@pytest.fixture
async def both(database: str, tmp_path: Path) -> AsyncIterator[Both]:
    folder = PROVINCE.files(tmp_path)
    second = calculated(folder)
    async with officials(database, PROVINCE, folder) as first:
        ground = await first.ground(None)
        yield Both(first, second, ground.known.as_of_day)


@pytest.mark.slow
async def test_all_that_is_official_is_the_same_from_the_raw_events(both: Both) -> None:
    """Figures and their sums, verdicts, targets, trends, rows of forms, places and what moved them."""
    for period in PERIODS:
        for set_id in both.second.valid(period):
            await both.scorecards(set_id, SCOPES, period)
    await both.scorecards("qd766", PROCEDURES, "2026-Q3")
    for period in ("2026-08", "2026-08-14", "2026-H2"):
        await both.scorecards("report-06b", OTHERS, period)
    await both.breakdown("report-06b", "H57", "province", "2026-08", By.PROCEDURE)
    await both.breakdown("report-06b", "H57", "province", "2026-08", By.UNIT)
    await both.moved_by_procedure("emc", "online_share", "H57", "province", "2026-08")
    places = await both.ranking(
        "emc", "full_process_dossier_share", Ranked.COMMUNES, "2026-Q3", ["commune"]
    )
    assert places > 2
    places = await both.ranking("qd766", "total", Ranked.DEPARTMENTS, "2026-08", ["department"])
    assert places > 2
    print(both.told())

    assert both.differences == [], "\n".join(both.differences[:40])
    assert both.compared["figure"] > 4_000
    assert all(count > 0 for count in both.compared.values())


def test_every_indicator_of_decision_766_has_something_to_say_here(tmp_path: Path) -> None:
    """Or their being equal would prove nothing."""
    second = calculated(PROVINCE.files(tmp_path))

    of_august = second.figures("qd766", "H57", "province", "2026-08", AS_OF)

    dumb = {id_ for id_, figure in of_august.items() if figure.standing != "number"}
    assert dumb == SILENT
    assert all(figure.numerator for id_, figure in of_august.items() if id_ not in SILENT)
