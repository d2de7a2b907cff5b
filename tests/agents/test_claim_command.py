"""`emc claim`: a file of figures is brought in whole or not at all, again and again."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from agents import claim_command
from agents.operator import FOUND, OK, Refusal
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.migrate import migrate
from monitor.reference.policy import load_policy
from tests.servers.require import ROOT

AT = datetime(2026, 9, 3, 9, tzinfo=UTC)
PLAIN = Policy(Zone())
HEAD = "indicator,agency,period,from,to,numerator,denominator,value,unit,survey,not_issued"
AUGUST = f"""{HEAD}
official:qd766:2.1,H44,2026-08,,,144625,184513,15.68,,,
official:qd766:total,H44,2026-08,,,,,81.37,,,
official:qd766:2.1:percent,H44,2026-08,,,,,78.38,,,
# a survey, by its own days
adult_population,000.00.00.H44,,2026-07-01,2026-07-31,412300,1204511,34.23,%,Đề án 06,
automation,country,2026,,,,,,,Công văn 1,true
"""


@dataclass
class Desk:
    """An empty ledger, and files to bring in."""

    dsn: str
    folder: Path

    async def bring(
        self, text: str, *, policy: Policy = PLAIN, **given: Any
    ) -> tuple[int, Any, str]:
        """Status, what was said as JSON, and what was complained of."""
        file = self.folder / "claims.csv"
        file.write_text(text, "utf-8")
        out, err = StringIO(), StringIO()
        options: dict[str, Any] = {
            "source": "dvcqg",
            "survey": "Cổng Dịch vụ công quốc gia",
            "dry_run": False,
        }
        status = await claim_command.import_(
            self.dsn, file, policy=policy, at=AT, as_json=True, out=out, err=err, **options | given
        )  # fmt: skip
        return status, json.loads(out.getvalue() or "null"), err.getvalue()

    async def listed(self, **asked: Any) -> list[Any]:
        out = StringIO()
        options: dict[str, Any] = {"indicators": (), "agencies": (), "period": None}
        await claim_command.list_(
            self.dsn, official=False, as_json=True, out=out, **options | asked
        )
        return list(json.loads(out.getvalue())["claims"])


@pytest.fixture
async def desk(database: str, tmp_path: Path) -> Desk:
    await migrate(database)
    return Desk(database, tmp_path)


def counts(said: Any) -> tuple[int, int, int]:
    return said["new"], said["changed"], said["unchanged"]


async def test_a_file_is_brought_in_and_the_same_again_changes_nothing(desk: Desk):
    status, said, _ = await desk.bring(AUGUST)
    assert (status, counts(said)) == (OK, (5, 0, 0))
    status, said, _ = await desk.bring(AUGUST)
    assert (status, counts(said)) == (OK, (0, 0, 5))

    found = {one["indicator"]: one for one in await desk.listed()}
    score = found["official:qd766:2.1"]
    assert (score["numerator"], score["denominator"]) == (144_625, 184_513)
    assert (score["value"], score["unit"], score["period"]) == ("15.68", "points", "2026-08")
    assert (score["source"], score["survey"]) == ("dvcqg", "Cổng Dịch vụ công quốc gia")
    assert found["official:qd766:2.1:percent"]["unit"] == "%"
    assert found["adult_population"]["agency"] == "H44"
    assert (found["adult_population"]["from"], found["adult_population"]["to"]) == (
        "2026-07-01",
        "2026-07-31",
    )
    assert found["automation"]["not_issued"] is True
    assert (found["automation"]["agency"], found["automation"]["period"]) == ("country", "2026")


async def test_what_says_something_else_is_a_further_claim_and_is_told(desk: Desk):
    await desk.bring(AUGUST)

    _, said, _ = await desk.bring(AUGUST.replace("15.68", "15.70"))

    assert counts(said) == (0, 1, 4)
    [change] = said["changes"]
    assert (change["before"]["value"], change["after"]["value"]) == ("15.68", "15.70")
    [one] = await desk.listed(indicators=["official:qd766:2.1"])
    assert (one["value"], one["revision"]) == ("15.70", 1)
    connection = await asyncpg.connect(desk.dsn)
    try:
        kept = await connection.fetchval("SELECT count(*) FROM external_claim")
    finally:
        await connection.close()
    assert kept == 6  # the earlier word too


async def test_another_source_stands_beside_and_replaces_nothing(desk: Desk):
    await desk.bring(AUGUST)

    _, said, _ = await desk.bring(AUGUST, source="h44")

    assert counts(said) == (5, 0, 0)
    assert {one["source"] for one in await desk.listed(period="2026-08")} == {"dvcqg", "h44"}


async def test_a_dry_run_tells_and_changes_nothing(desk: Desk):
    _, said, _ = await desk.bring(AUGUST, dry_run=True)

    assert counts(said) == (5, 0, 0)
    assert await desk.listed() == []


@pytest.mark.parametrize(
    ("row", "reason", "remedy"),
    [
        ("x,H44,2026-13,,,1,2,,,,", "'2026-13' is no period", "write a day"),
        ("x,H44,2026-08,2026-08-01,,1,2,,,,", "a period and days of its own", "`from` and `to`"),
        ("x,H44,,2026-08-01,,1,2,,,,", "no period", "both `from` and `to`"),
        ("x,H44,,2026-08-02,2026-08-01,1,2,,,,", "ends on 2026-08-01, before", "exchange"),
        ("x,H44,2026-08,,,1,,,,,", "half a share: no denominator", "fill in `denominator`"),
        ('x,H44,2026-08,,,,,"78,38",,,', "'78,38' is no decimal number", "digits and a point"),
        ("x,H44,2026-08,,,,,,,,", "no figure", "fill in `numerator`"),
        ("x,H44,2026-08,,,,,1,,,true", "a method that is not issued", "leave the figure out"),
        ("x y,H44,2026-08,,,,,1,,,", "'x y' is no name of an indicator", "letters"),
        ("official:2.1,H44,2026-08,,,,,1,,,", "no name of an official value", "official:SET:"),
        ("x,H44,2026-08,,,-1,2,,,,", "Expected `int` >= 0 in `numerator`", "whole number"),
        ("x,H44,2026-08,,,,,1,PT m,,", "'PT m' is no unit", "write %"),
        ("x,H99,2026-08,,,,,1,,,", "no ministry or province of `H99`", "correct the code"),
    ],
)  # fmt: skip
async def test_what_is_wrong_is_told_with_its_line_and_nothing_is_brought_in(
    desk: Desk, row: str, reason: str, remedy: str
):
    good = "x,H44,2026-07,,,1,2,,,,"

    status, _, told = await desk.bring(
        f"{HEAD}\n{good}\n{row}", policy=load_policy(ROOT / "deploy/reference")
    )

    assert status == FOUND
    [complaint, end] = told.splitlines()
    assert complaint.startswith(f"{desk.folder / 'claims.csv'}:3: ")
    assert reason in complaint
    assert remedy in complaint
    assert end == "1 refused; nothing was imported"
    assert await desk.listed() == []


async def test_a_figure_given_twice_is_refused_with_both_lines(desk: Desk):
    row = "x,H44,2026-08,,,1,2,,,,"

    _, _, told = await desk.bring(f"{HEAD}\n{row}\n{row}")

    assert ":3: the figure of line 2 once more: keep one of the two" in told


async def test_without_anybody_who_says_so_nothing_is_claimed(desk: Desk):
    _, _, told = await desk.bring(f"{HEAD}\nx,H44,2026-08,,,1,2,,,,", survey="")

    assert "nobody is named who says so" in told


async def test_a_file_that_is_none_is_one_line(desk: Desk):
    _, _, told = await desk.bring("indicator;agency\n")
    assert "unknown column `indicator;agency`" in told
    _, _, told = await desk.bring(HEAD)
    assert "no claim in it" in told


async def test_a_source_has_a_name_of_one_word(desk: Desk):
    with pytest.raises(Refusal, match="no name of a source"):
        await desk.bring(AUGUST, source="Cổng quốc gia")


async def test_the_table_says_who_claims_what(desk: Desk):
    await desk.bring(AUGUST)
    out = StringIO()

    status = await claim_command.list_(
        desk.dsn, indicators=(), agencies=["H44"], period="2026-08", official=True,
        as_json=False, out=out,
    )  # fmt: skip

    assert status == OK
    assert "144,625/184,513, 15.68 points" in out.getvalue()
    assert "81.37 points" in out.getvalue()
    none = StringIO()
    status = await claim_command.list_(
        desk.dsn, indicators=["y"], agencies=(), period=None, official=False, as_json=False,
        out=none,
    )  # fmt: skip
    assert (status, none.getvalue()) == (FOUND, "no such claim stands\n")
