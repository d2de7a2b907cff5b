"""Official figures of communes, once the operator's files list them: scorecards, and a ranking of peers."""

import json
import shutil
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from agents.generate.model import Record
from monitor.domain.policy import Policy
from monitor.ledger.claims import Figure
from monitor.ledger.claims import state as state_claim
from monitor.ledger.official import Ranked
from monitor.outlets.report.command import Said
from monitor.outlets.report.formats import Format
from monitor.reference.sets import ReferenceSet, set_of
from tests.domain.strategies_time import day
from tests.outlets.report.test_report import asked
from tests.outlets.report.told import SHIPPED, sealed, state, tell

# As docs/how-to/reference-files.md shows it.
COMMUNES: Final = """\
code,name,kind,parent,valid_from,valid_until,successors,basis,source
H56.101,Xã Một,commune,H56,2025-07-01,,,assumption,illustrative code
H56.102,Phường Hai,commune,H56,2025-07-01,,,assumption,illustrative code
H56.103,Xã Ba,commune,H56,2025-07-01,,,assumption,illustrative code
H56.104,Xã Bốn,commune,H56,2025-07-01,,,assumption,illustrative code
"""
EMC = Said(indicators="emc", scope="H56.101", period="2026-08", format_=Format.JSON)
BY_SHARE = replace(EMC, scope="country", ranking=Ranked.COMMUNES, rank_by="online_share")


Files = tuple[ReferenceSet, Policy]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    folder = tmp_path / "reference"
    shutil.copytree(SHIPPED, folder)
    (folder / "agencies" / "communes.csv").write_text(COMMUNES, "utf-8")
    return set_of(folder)


def month(agency: str, received: int, online: int) -> list[Record]:
    """Certified copies; all end in time."""
    copies = "2.000815"
    return [
        record
        for number in range(received)
        for record in (
            state(
                number,
                2,
                "2026-08-03 09:00",
                "2026-08-04 17:00",
                agency=agency,
                procedure=copies,
                channel=2 if number < online else 1,
            ),
            state(number, 9, "2026-08-03 15:00", agency=agency, procedure=copies),
        )
    ]


TOLD = [
    *month("H56.101", 120, 30), *month("H56.102", 150, 90), *month("H56.103", 5, 5),
    *month("H56.14", 110, 0),
]  # fmt: skip


async def test_communes_have_scorecards_and_are_ranked_among_themselves(
    database: str, files: Files
):
    await tell(database, TOLD, files=files)

    card = json.loads(await asked(database, EMC))
    ranked = json.loads(await asked(database, BY_SHARE))
    quality = json.loads(await asked(database, replace(EMC, indicators="qd766")))

    assert (card["scope"]["kind"], card["scope"]["name"]) == ("commune", "Xã Một")
    share = next(one for one in card["figures"] if one["indicator"] == "online_share")
    assert (share["numerator"], share["denominator"], share["value"]) == (30, 120, 25.0)
    # 60 %, 25 %; five dossiers have no place, none has no value; the department is no peer.
    assert [
        (one["scope"]["id"], one["place"], one["of"], one["value"], one["unranked"])
        for one in ranked["positions"]
    ] == [
        ("H56.102", 1, 2, 60.0, None), ("H56.101", 2, 2, 25.0, None),
        ("H56.103", None, 2, 100.0, "too_small"), ("H56.104", None, 2, None, "null"),
    ]  # fmt: skip
    figures = {one["indicator"]: one for one in quality["figures"]}
    on_time = figures["2.1"]
    assert (on_time["numerator"], on_time["denominator"], on_time["score"]) == (120, 120, 20)
    # Not asked of communes: all points, by the general rule of the formulas.
    assert (figures["1.1"]["standing"], figures["1.1"]["score"]) == ("not_applicable", 6)


async def test_the_share_of_communes_with_certified_copies_is_of_those_listed(
    database: str, files: Files
):
    await tell(database, TOLD, files=files)
    connection = await asyncpg.connect(database)
    await state_claim(
        connection,
        Figure(
            source="province", indicator="communes_certified_copies", agency="H56",
            from_day=day("2026-08-01"), to_day=day("2026-08-31"), revision=0, arrived_ms=0,
            value=Decimal(3), unit="", survey="",
        ),
    )  # fmt: skip
    await connection.close()
    await sealed(database)

    told = json.loads(await asked(database, replace(EMC, indicators="qd766", scope="H56")))

    copies = next(one for one in told["figures"] if one["indicator"] == "4-copy")
    assert (copies["numerator"], copies["denominator"], copies["score"]) == (3, 4, 1.5)


async def test_where_no_commune_is_listed_nobody_knows_how_many_there_are(database: str):
    """Not "nothing to measure": every province has communes."""
    await tell(database, month("H56.101", 3, 1))

    told = json.loads(await asked(database, replace(EMC, indicators="qd766", scope="H56")))

    copies = next(one for one in told["figures"] if one["indicator"] == "4-copy")
    assert (copies["standing"], copies["reason"]["why"]) == ("null", "unknown")
    assert copies["reason"]["what"] == "agencies[kind=commune]"
