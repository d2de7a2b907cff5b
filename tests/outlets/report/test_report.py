"""`emc report` on a real ledger: the same bytes for the same cut, and what changed after closing."""

import asyncio
import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
from typer.testing import CliRunner

from agents.generate.model import Record
from monitor.cli import app
from monitor.ledger.claims import Figure
from monitor.ledger.claims import state as state_claim
from monitor.ledger.follower import close, connect, order_closing
from monitor.ledger.indicator_sets import keep_sets
from monitor.ledger.migrate import migrate
from monitor.ledger.official import By, Ranked
from monitor.ledger.stated import instant
from monitor.outlets.digest.words import Language
from monitor.outlets.report.command import CannotMake, Said, run
from monitor.outlets.report.formats import Format
from monitor.reference.indicators import StoredSet, set_from
from tests.domain.strategies_time import day
from tests.ledger.roles import roles
from tests.outlets.report.told import AUGUST, LATER, SETS, execute, sealed, state, tell

EMC = Said(indicators="emc", scope="H56", period="2026-08", format_=Format.JSON, by="a clerk")
FORM = replace(EMC, indicators="report-06b")


class Out(io.TextIOWrapper):
    """Standard output that is a file."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), "utf-8", newline="")

    def content(self) -> bytes:
        self.flush()
        found = self.buffer
        assert isinstance(found, io.BytesIO)
        return found.getvalue()


async def asked(dsn: str, said: Said, *, status: int = 0) -> bytes:
    out, err = Out(), io.StringIO()
    assert await run(dsn, said, out=out, err=err) == status, err.getvalue()
    return out.content()


def values(content: bytes, *indicators: str) -> list[float | None]:
    told = {one["indicator"]: one for one in json.loads(content)["figures"]}
    return [told[one]["value"] for one in indicators]


COLUMNS = (
    "received_total", "received_online", "received_direct_postal", "carried_over",
    "processed_total", "processed_early", "processed_on_time", "processed_late",
    "in_process_total", "in_process_within", "in_process_beyond", "paused", "returned",
)  # fmt: skip


async def test_form_06b_counts_what_the_dossiers_say_and_its_sums_meet(database: str):
    await tell(database, AUGUST)

    content = await asked(database, FORM)

    assert values(content, *COLUMNS) == [7, 4, 2, 1, 4, 1, 1, 2, 3, 2, 1, 0, 0]
    checks = json.loads(content)["checks"]
    assert [(one["left"], one["right"], one["difference"]) for one in checks] == [
        (7, 7, 0), (7, 7, 0), (4, 4, 0),
    ]  # fmt: skip


async def test_a_late_correction_changes_what_is_known_now_and_not_what_was_known(
    database: str,
):
    then = await tell(database, AUGUST)
    formats = (Format.JSON, Format.CSV, Format.XLSX, Format.HTML, Format.TABLE)
    before = [await asked(database, replace(FORM, format_=one)) for one in formats]
    await tell(database, LATER)

    now = [await asked(database, replace(FORM, format_=one)) for one in formats]
    at_the_cut = replace(FORM, known_at=str(then.seq))
    as_then = [await asked(database, replace(at_the_cut, format_=one)) for one in formats]
    at_the_time = await asked(database, replace(FORM, known_at=instant(then.sealed_at)))

    assert as_then == before
    assert at_the_time == before[0]
    assert all(one != other for one, other in zip(now, before, strict=True))
    assert values(now[0], *COLUMNS) == [8, 5, 2, 1, 4, 1, 1, 2, 4, 3, 1, 0, 0]


async def test_old_bytes_come_from_kept_sums_closings_and_later_sets_alike(database: str):
    """Asked early, so that sums are kept; then closed over; then the set has another version."""
    then = await tell(database, AUGUST)
    formats = (Format.JSON, Format.CSV, Format.XLSX, Format.HTML, Format.TABLE)
    at_the_cut = [replace(FORM, known_at=str(then.seq), format_=one) for one in formats]
    before = [await asked(database, one) for one in at_the_cut]
    await sealed(database)  # fills what was asked for
    assert [await asked(database, one) for one in at_the_cut] == before
    await tell(database, LATER)
    assert [await asked(database, one) for one in at_the_cut] == before

    now = await asked(database, FORM)
    await closed(database)
    assert [await asked(database, one) for one in at_the_cut] == before
    assert await asked(database, FORM) == now

    await keep_sets(database, [_of_another_version(one) for one in SETS])
    assert [await asked(database, one) for one in at_the_cut] == before
    assert await count(database, "reading_sum WHERE filled_until = 2147483647") > 10
    assert await count(database, "closing WHERE closed_at IS NOT NULL") == 1


def _of_another_version(stored: StoredSet) -> StoredSet:
    """The same indicators under a later number."""
    text = re.sub('^version = ".*"$', 'version = "2099.1"', stored.text, flags=re.MULTILINE)
    return StoredSet(stored.name, text, set_from(stored.name, text))


async def closed(dsn: str) -> None:
    """A closing at the last cut."""
    connection = await connect(dsn)
    try:
        await order_closing(connection)
        while await close(connection):
            pass
    finally:
        await connection.close()


async def count(dsn: str, of: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {of}"))
    finally:
        await connection.close()


async def test_the_difference_explains_itself(database: str):
    """Number 8 came late; and number 5 was withdrawn in August, which was told in September."""
    then = await tell(database, AUGUST)
    await tell(database, [*LATER, state(5, 7, "2026-08-27 09:00")])

    told = json.loads(await asked(database, replace(FORM, since=str(then.seq))))
    shown = await asked(database, replace(FORM, since=str(then.seq), format_=Format.TABLE))

    figures = {one["indicator"]: one for one in told["figures"]}
    received = figures["received_total"]
    assert (received["before"]["value"], received["after"]["value"]) == (7, 8)
    assert received["numerator_moved"] == {"came": 1, "went": 0}
    within = figures["in_process_within"]  # 5 went, 8 came: the same number of others
    assert (within["before"]["value"], within["after"]["value"]) == (2, 2)
    assert figures["returned"]["numerator_moved"] == {"came": 1, "went": 0}
    assert figures["processed_late"]["same"] is True
    assert told["causes"] == ["booked"]
    assert set(told["booked"]) == {"late"}
    page = shown.decode()
    assert (
        "Sau mốc trước có hồ sơ hoặc phản ánh, kiến nghị thuộc kỳ này được ghi nhận muộn"
        in page
    )
    assert "tử số: thêm 1, rút 0" in page


async def test_nothing_in_between_is_no_difference(database: str):
    then = await tell(database, AUGUST)

    told = json.loads(await asked(database, replace(FORM, since=str(then.seq))))

    assert told["causes"] == []
    assert all(one["same"] for one in told["figures"])


async def test_what_was_not_over_then_says_so(database: str):
    """The period of the difference is the cut's own month, which goes on."""
    then = await tell(database, AUGUST)
    await execute(database, "UPDATE cut SET sealed_at = '2026-08-20T05:00:00Z'")
    await execute(database, "UPDATE policy SET activated_at = '2026-08-01T00:00:00Z'")
    await tell(database, LATER)

    told = json.loads(await asked(database, replace(FORM, since=str(then.seq))))
    early = json.loads(await asked(database, replace(FORM, known_at=str(then.seq))))

    assert told["causes"] == ["went_on", "booked"]
    assert (early["known"]["as_of_day"], early["period"]["over"]) == ("2026-08-20", False)


async def test_a_published_report_is_kept_and_can_be_made_again(database: str, tmp_path: Path):
    await tell(database, AUGUST)
    published = replace(FORM, format_=Format.XLSX, publish=True, folder=tmp_path, why="tháng 8")
    await asked(database, published)
    await tell(database, LATER)

    listed = json.loads(await asked(database, replace(EMC, indicators="", list_=True)))
    verdict = json.loads(await asked(database, replace(EMC, verify=1)))

    [entry] = listed
    assert (entry["set"]["id"], entry["scope"], entry["period"]) == (
        "report-06b",
        "H56",
        "2026-08",
    )
    assert (entry["published_by"], entry["why"], entry["format"]) == (
        "a clerk",
        "tháng 8",
        "xlsx",
    )
    assert verdict == {
        "id": 1, "intact": True, "same_figures": True, "same_bytes": True,
        "sha256": entry["sha256"], "release": "", "error": None,
    }  # fmt: skip
    [written] = tmp_path.iterdir()  # noqa: ASYNC240 - a test's own folder
    assert written.name == "report-06b-2026-08-H56-scorecard-vi-1.xlsx"
    assert written.stat().st_size == entry["bytes"]
    since = json.loads(await asked(database, replace(FORM, since="#1")))
    assert since["since"]["cut"] == entry["cut"]


async def test_an_archive_that_was_tampered_with_is_found_out(database: str):
    await tell(database, AUGUST)
    await asked(database, replace(FORM, publish=True))
    await execute(database, "UPDATE published_report SET content = content || ' '")

    verdict = json.loads(await asked(database, replace(EMC, verify=1), status=1))
    page = await asked(database, replace(EMC, verify=1, format_=None), status=1)

    assert (verdict["intact"], verdict["same_bytes"]) == (False, False)
    assert b"THE BYTES HAVE CHANGED" in page


async def test_figures_that_cannot_be_made_again_are_found_out(database: str):
    await tell(database, AUGUST)
    await asked(database, replace(FORM, publish=True))
    await execute(
        database,
        "UPDATE balance_run SET amounts = ARRAY(SELECT 2 * unnest(amounts));"
        "UPDATE journal_page SET amounts = ARRAY(SELECT 2 * unnest(amounts))",
    )

    page = await asked(database, replace(EMC, verify=1, format_=None), status=1)

    assert b"THE FIGURES DIFFER" in page


async def test_rows_of_units_and_of_procedures_add_up_to_the_whole(database: str):
    await tell(database, AUGUST)

    for each in By:
        told = json.loads(await asked(database, replace(FORM, each=each)))
        whole = {one["indicator"]: one["value"] for one in told["whole"]["figures"]}
        for name, value in whole.items():
            parts = [
                one["value"]
                for row in told["rows"]
                for one in row["figures"]
                if one["indicator"] == name
            ]
            assert sum(parts) == value, name
    by_unit = json.loads(await asked(database, replace(FORM, each=By.UNIT)))["rows"]
    by_procedure = json.loads(await asked(database, replace(FORM, each=By.PROCEDURE)))["rows"]
    assert [row["scope"]["id"] for row in by_unit] == ["H56.04", "H56.05"]
    assert [row["scope"]["id"] for row in by_procedure] == ["H56+1.004194", "H56+2.000635"]


async def test_provinces_are_ranked_and_who_has_too_few_has_no_place(database: str):
    def month(agency: str, received: int, online: int, month: str) -> list[Record]:
        return [
            state(
                number, 2, f"2026-{month}-03 09:00", f"2026-{month}-28 17:00", agency=agency,
                channel=2 if number < online else 1,
            )
            for number in range(received)
        ]  # fmt: skip

    told = [
        *month("H26", 200, 50, "08"), *month("H56", 200, 100, "08"), *month("H29", 100, 50, "08"),
        *month("H24", 20, 20, "08"),
    ]  # fmt: skip
    await tell(database, told)

    ranked = json.loads(
        await asked(database, replace(EMC, ranking=Ranked.PROVINCES, rank_by="online_share"))
    )

    first = [
        (one["scope"]["id"], one["place"], one["value"]) for one in ranked["positions"][:3]
    ]
    assert first == [("H29", 1, 50.0), ("H56", 1, 50.0), ("H26", 3, 25.0)]
    [few] = [one for one in ranked["positions"] if one["scope"]["id"] == "H24"]
    assert (few["place"], few["unranked"], few["value"]) == (None, "too_small", 100.0)
    assert len(ranked["positions"]) == 34


REFUSED: Final[Sequence[tuple[dict[str, Any], Sequence[str]]]] = (
    ({"indicators": "qd76"}, ["no set of indicators 'qd76'", "did you mean qd766?", "targets"]),
    ({"period": "2026-13"}, ["'2026-13' is no period", "a quarter 2026-Q3"]),
    ({"scope": "H56/of"}, ["'H56/of' is no scope", "G01/sector"]),
    ({"scope": "H99"}, ["H99 is in no list of agencies"]),
    ({"period": ""}, ["which period?"]),
    ({"known_at": "2026-08-03T17:00"}, ["is no time", "with its offset"]),
    ({"known_at": "2001-01-01"}, ["is not kept: cuts begin with 20"]),
    ({"known_at": "999999"}, ["there is no cut 999999", "from 1 to"]),
    ({"known_at": "#7"}, ["no report was published as 7"]),
    ({"since": "1", "each": "unit"}, ["give one of them"]),
    ({"rank_by": "x", "ranking": "provinces"}, ["no indicator 'x'", "online_share"]),
    ({"verify": 7}, ["no report was published as 7"]),
)


async def test_what_cannot_be_made_is_said_with_the_remedy(database: str):
    await tell(database, AUGUST[:1])

    for changed, words in REFUSED:
        with pytest.raises(CannotMake) as raised:
            await asked(database, replace(EMC, **changed))
        for one in words:
            assert one in str(raised.value), changed


async def test_a_ledger_of_which_nothing_is_known_says_what_to_do(database: str):
    await migrate(database)

    with pytest.raises(CannotMake, match="before the first cut; a worker makes one"):
        await asked(database, EMC)
    assert b"there is no set of indicators yet" in await asked(
        database, replace(EMC, indicators="", format_=None), status=1
    )


async def test_sets_are_listed(database: str):
    await tell(database, AUGUST[:1])
    await sealed(database)

    page = (await asked(database, replace(EMC, indicators="", format_=None))).decode()

    assert "report-06b" in page
    assert "Quyết định 766/QĐ-TTg" in page


async def test_a_file_is_written_whole_or_not_at_all(database: str, tmp_path: Path):
    await tell(database, AUGUST)
    out = tmp_path / "reports" / "august.html"
    out.parent.mkdir()

    await asked(database, replace(FORM, out=out, format_=None, language=Language.ENGLISH))

    assert out.read_text().startswith("<!DOCTYPE html>")
    assert list(out.parent.iterdir()) == [out]
    out.with_name("a.csv").mkdir()
    with pytest.raises(CannotMake, match="cannot be written: Is a directory"):
        await asked(database, replace(FORM, out=out.with_name("a.csv"), format_=None))


async def test_a_folder_that_is_not_there_is_not_made(database: str, tmp_path: Path):
    """A misspelt one would hold the report where nobody looks; and nothing is published first."""
    await tell(database, AUGUST)
    (tmp_path / "file").touch()

    for said, found in (
        (replace(FORM, out=tmp_path / "reprots" / "a.csv", format_=None), "does not exist"),
        (replace(FORM, out=tmp_path / "file" / "a.csv", format_=None), "is no folder"),
        (replace(FORM, folder=tmp_path / "archvie", publish=True), "does not exist"),
    ):
        with pytest.raises(CannotMake, match=f"{found}: make it first"):
            await asked(database, said)

    assert [one.name for one in tmp_path.iterdir()] == ["file"]  # noqa: ASYNC240 - of a test
    assert (
        json.loads(
            await asked(
                database,
                Said(indicators="", scope="", period="", list_=True, format_=Format.JSON),
            )
        )
        == []
    )


async def test_a_share_of_3_of_3_that_is_0_says_what_it_is_multiplied_by(database: str):
    """Nothing is synchronised: 3.3 is 5 of 7 online dossiers with a result, times 0 %."""
    await tell(database, AUGUST)
    said = replace(EMC, indicators="qd766", scope="H56")

    told = json.loads(await asked(database, said))
    shown = (await asked(database, replace(said, format_=Format.TABLE))).decode()
    lines = (await asked(database, replace(said, format_=Format.CSV))).decode()

    figure = next(one for one in told["figures"] if one["indicator"] == "3.3")
    assert figure["times"] == {"indicator": "1.4", "factor": 0.0}
    assert all(one["times"] is None for one in told["figures"] if one["indicator"] != "3.3")
    assert "Hệ số" in shown
    head, *rows = csv.reader(lines.splitlines())
    [row] = [one for one in rows if one[head.index("indicator")] == "3.3"]
    assert (row[head.index("times")], row[head.index("factor")]) == ("1.4", "0.00")


async def test_a_unit_that_exists_nowhere_is_refused_and_one_that_sends_is_not(database: str):
    await tell(
        database,
        [
            *AUGUST,
            state(9, 2, "2026-08-25 10:00", agency="H56.98.01"),
            state(9, 9, "2026-08-26 10:00", agency="H56.98.01"),
        ],
    )

    with pytest.raises(CannotMake, match=r"H56\.99 is in no list of agencies and nothing was"):
        await asked(database, replace(EMC, scope="H56.99"))
    with pytest.raises(CannotMake, match=r"H56\.9 is in no list"):
        await asked(database, replace(EMC, scope="H56.9"))
    told = json.loads(await asked(database, replace(FORM, scope="H56.98")))

    assert values(json.dumps(told).encode(), "received_total") == [1]


async def test_of_a_period_that_has_not_begun_there_is_no_data(database: str):
    await tell(database, AUGUST)

    told = json.loads(await asked(database, replace(EMC, indicators="qd766", period="2099")))

    assert {one["standing"] for one in told["figures"]} == {"no_data", "not_applicable"}
    assert {
        one["reason"]["why"] for one in told["figures"] if one["standing"] == "no_data"
    } == {"not_begun"}


@pytest.mark.parametrize("name", ["august.pdf", "august.xls", "august"])
async def test_a_file_whose_ending_is_of_no_format_is_refused(
    database: str, tmp_path: Path, name: str
):
    with pytest.raises(CannotMake, match=r"does not end as a report does: name it \.json"):
        await asked(database, replace(FORM, out=tmp_path / name, format_=None))

    assert not (tmp_path / name).exists()


async def test_who_may_only_read_makes_reports_and_publishes_none(database: str):
    await tell(database, AUGUST)

    async with roles(database) as of:
        whole = await asked(of("emc_reader"), FORM)
        rows = await asked(of("emc_reader"), replace(FORM, each=By.PROCEDURE))
        ranked = await asked(of("emc_reader"), replace(EMC, ranking=Ranked.PROVINCES))
        with pytest.raises(CannotMake, match="may read and not publish"):
            await asked(of("emc_reader"), replace(FORM, publish=True))
        await asked(of("emc_worker"), replace(FORM, publish=True))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(of("emc_worker"), "DELETE FROM published_report")
        verdict = json.loads(await asked(of("emc_reader"), replace(EMC, verify=1)))

    assert values(whole, "received_total") == [7]
    assert len(json.loads(rows)["rows"]) == 2
    assert len(json.loads(ranked)["positions"]) == 34
    assert verdict["same_bytes"] is True


async def test_what_others_have_published_stands_beside_what_is_counted(database: str):
    """The claim is in the cut after it, and in none before."""
    then = await tell(database, AUGUST)
    figure = Figure(
        indicator="official:emc:online_share",
        agency="H56",
        from_day=day("2026-08-01"),
        to_day=day("2026-08-31"),
        source="dvcqg",
        survey="dx.gov.vn",
        revision=0,
        arrived_ms=0,
        value=Decimal("66.50"),
        unit="percent",
    )
    connection = await asyncpg.connect(database)
    await state_claim(connection, figure)
    await connection.close()
    await sealed(database)

    now = json.loads(await asked(database, EMC))
    before = json.loads(await asked(database, replace(EMC, known_at=str(then.seq))))
    since = json.loads(await asked(database, replace(EMC, since=str(then.seq))))

    [share] = [one for one in now["figures"] if one["indicator"] == "online_share"]
    assert (share["numerator"], share["denominator"], share["value"]) == (4, 6, 66.67)
    assert (share["official"]["value"], share["official"]["source"]) == (66.5, "dvcqg")
    assert share["difference_to_official"] == 0.17
    assert all(one["official"] is None for one in before["figures"])
    assert since["causes"] == ["claimed"]


def test_the_command_reports_and_says_in_one_line_what_it_cannot(
    database: str, monkeypatch: pytest.MonkeyPatch
):
    asyncio.run(tell(database, AUGUST))
    monkeypatch.setenv("EMC_DATABASE", database)
    shell = CliRunner()

    table = shell.invoke(app, ["report", "report-06b", "--scope", "H56", "--period", "2026-08"])
    wrong = shell.invoke(app, ["report", "report-06b", "--period", "August"])
    taught = shell.invoke(app, ["report", "--help"])

    assert table.exit_code == 0
    assert "Tổng số tiếp nhận" in table.stdout
    assert wrong.exit_code == 2
    assert "emc report: 'August' is no period: write a day 2026-08-14" in wrong.stderr
    assert wrong.stderr.count("\n") == 1
    assert "emc report emc --ranking provinces" in " ".join(taught.stdout.split())
