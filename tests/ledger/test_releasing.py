"""Releases made from a real ledger: what is due, once, at a cut, and nothing that tells of a few."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from agents.generate.model import Scenario, records
from agents.release_command import make
from agents.releasing import Releasing, releasing
from monitor.cli import app
from monitor.domain.measures import TRIAL, Measure
from monitor.domain.period import Period
from monitor.domain.public import Stretch
from monitor.domain.suppression import Tree
from monitor.domain.zone import Zone, day_number
from monitor.ledger import releases
from monitor.ledger.balances import Accounts, known_then
from monitor.ledger.follower import seal
from monitor.ledger.migrate import migrate
from monitor.ledger.releases import NoSuchTable, Release, Standing, as_csv, as_json
from monitor.ledger.releasing import Made, Maker, audit, make_next
from monitor.reference.policy import load_policy
from monitor.reference.releases import Public, load_public
from tests.ledger.fill import feeding
from tests.ledger.roles import roles
from tests.servers.require import ROOT
from tests.whole.until import until

SHIPPED = load_public(ROOT / "deploy" / "reference")
LEGAL = load_policy(ROOT / "deploy" / "reference")
ZONE = Zone()
RECEIVED = replace(
    next(table for table in SHIPPED.tables if table.name == "received"),
    begins=day_number(date(2026, 6, 1)),
    past_days=28,
    past_least=5,
)
PUBLIC = Public((RECEIVED,), SHIPPED.agencies)
ONLINE, DIRECT, POSTAL = 2, 1, 3

# A working day: agency, channel, level → dossiers.
USUAL = {
    ("H01.01", ONLINE, 4): 40,
    ("H01.02", DIRECT, 3): 30,
    ("H01", POSTAL, 3): 12,
    ("H17", ONLINE, 4): 25,
    ("H17", ONLINE, 3): 11,
    ("H17.08", DIRECT, 3): 20,
    ("H26", ONLINE, 4): 35,
    ("H26", ONLINE, 3): 14,
    ("H26", DIRECT, 3): 30,
    ("H26", POSTAL, 3): 15,
}


def day(text: str) -> int:
    return day_number(date.fromisoformat(text))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+07:00")


def ms(text: str) -> int:
    return int(at(text).timestamp() * 1000)


class Books:
    """A ledger that is booked by hand."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self._cells: dict[tuple[str, int, int], int] = {}

    async def book(
        self,
        on: int,
        dossiers: Mapping[tuple[str, int, int], int],
        measure: int = Measure.ACCEPTED,
    ) -> None:
        for key, amount in dossiers.items():
            if key not in self._cells:
                self._cells[key] = await self.connection.fetchval(
                    "INSERT INTO cell (agency, unit, procedure, channel, sub_channel, level, step,"
                    " holder, source) VALUES ($1, '', '', $2, '', $3, '', 0, '') RETURNING id",
                    *key,
                )
            await self.connection.execute(
                "INSERT INTO journal (measure, cell, day, slot, class, amount)"
                " VALUES ($1, $2, $3, -1, 0, $4)",
                measure,
                self._cells[key],
                on,
                amount,
            )

    async def month(self, first: str, last: str) -> None:
        """A usual day on every Monday to Friday, of Sundays a single dossier."""
        for on in range(day(first), day(last) + 1):
            weekday = date.fromordinal(on + date(1970, 1, 1).toordinal()).weekday()
            if weekday < 5:
                await self.book(on, USUAL)
            elif weekday == 6:
                await self.book(on, {("H26", ONLINE, 4): 1})

    async def cut(self, read: str) -> int:
        """All that is booked by now, as if read at this time."""
        number: int = await self.connection.fetchval("SELECT last_value FROM journal_seq_seq")
        await self.connection.execute(
            "INSERT INTO cut (seq, read_at, sealed_at) VALUES ($1, $2, $2)", number, at(read)
        )
        return number

    async def make(self, now: str, public: Public = PUBLIC) -> list[Made]:
        """Everything that is due then."""
        found = []
        while made := await make_next(self.connection, public, ZONE, ms(now)):
            found.append(made)
        return found

    async def read(self, on: str, table: str = "received") -> Release:
        found = await releases.read(self.connection, table, day(on))
        assert found is not None
        return found


@pytest.fixture
async def books(database: str) -> AsyncIterator[Books]:
    await migrate(database)
    connection = await asyncpg.connect(database)
    yield Books(connection)
    await connection.close()


def values(release: Release, place: str) -> list[int | None]:
    return [cell.value for cell in release.cells if cell.place == place]


async def test_a_closed_day_is_released_with_what_would_tell_of_a_few_left_out(books):
    """H01 has nobody online at level 3; H17 nobody by post. H26, the one that is enough to hide
    behind in every column, is held back."""
    await books.month("2026-05-04", "2026-06-02")
    await books.cut("2026-06-04T07:00:00")

    made = await books.make("2026-06-04T08:00:00")

    assert [(one.first_day, one.last_day) for one in made] == [
        (day("2026-06-01"), day("2026-06-01")),
        (day("2026-06-02"), day("2026-06-02")),
    ]
    release = await books.read("2026-06-01")
    # Total, online full process, online other, direct, postal.
    assert values(release, "") == [232, 100, 25, 80, 27]
    assert values(release, "H01") == [82, 40, None, 30, None]
    assert values(release, "H17") == [56, 25, None, 20, None]
    assert values(release, "H26") == [None] * 5
    assert {cell.standing for cell in release.cells if cell.value is None} == {
        Standing.SUPPRESSED
    }
    assert {cell.name for cell in release.cells if cell.place == "H26"} == {"Thành phố Hà Nội"}
    assert await audit(books.connection, PUBLIC, ZONE, "received", [made[0].last_day]) == []


async def test_what_is_released_does_not_hang_on_when_it_was_made(books):
    """A day that comes due at 06:00 is as the first cut after that knew it, also a week later."""
    await books.month("2026-05-04", "2026-06-02")
    await books.cut("2026-06-03T05:59:00")
    await books.book(day("2026-06-01"), {("H01.01", ONLINE, 4): 1})
    cut = await books.cut("2026-06-03T06:00:05")
    await books.book(day("2026-06-01"), {("H01.01", ONLINE, 4): 7})
    await books.cut("2026-06-03T09:00:00")

    (made, *_) = await books.make("2026-06-10T12:00:00")

    assert made.cut == cut
    assert (await books.read("2026-06-01")).cells[0].value == 233


async def test_a_quiet_day_is_released_with_the_days_after_it(books):
    """Saturday has nobody, Sunday one: Monday tells of the three."""
    await books.month("2026-05-04", "2026-06-09")
    await books.cut("2026-06-12T07:00:00")

    made = await books.make("2026-06-12T08:00:00")

    assert [(one.first_day, one.last_day) for one in made][4:] == [
        (day("2026-06-05"), day("2026-06-05")),
        (day("2026-06-06"), day("2026-06-08")),
        (day("2026-06-09"), day("2026-06-09")),
    ]
    monday = await books.read("2026-06-08")
    assert monday.first_day == day("2026-06-06")
    assert monday.cells[0].value == 233
    assert await books.read("2026-06-07") == monday


async def test_a_day_of_which_most_has_not_come_waits_for_it(books):
    """Nothing of 2 June is booked when it comes due: it is released with 3 June, whole."""
    await books.month("2026-05-04", "2026-06-01")
    await books.cut("2026-06-04T07:00:00")
    await books.make("2026-06-04T08:00:00")
    await books.month("2026-06-02", "2026-06-03")
    await books.cut("2026-06-05T07:00:00")

    (made,) = await books.make("2026-06-05T08:00:00")

    assert (made.first_day, made.last_day) == (day("2026-06-02"), day("2026-06-03"))
    assert (await books.read("2026-06-02")).cells[0].value == 464


async def test_a_correction_of_a_released_day_is_in_no_release(books):
    """Three more of 1 June are heard of later: neither that day nor another one tells."""
    await books.month("2026-05-04", "2026-06-03")
    await books.cut("2026-06-03T07:00:00")
    await books.make("2026-06-03T08:00:00")
    before = as_json(await books.read("2026-06-01"))
    await books.book(day("2026-06-01"), {("H01.01", ONLINE, 4): 3})
    await books.cut("2026-06-05T07:00:00")

    made = await books.make("2026-06-05T08:00:00")

    assert [one.last_day for one in made] == [day("2026-06-02"), day("2026-06-03")]
    assert as_json(await books.read("2026-06-01")) == before
    assert values(await books.read("2026-06-02"), "H01") == [82, 40, None, 30, None]
    month = await releases.summed(books.connection, "received", Period.of("2026-06"))
    assert month is not None
    assert values(month, "H01") == [246, 120, None, 90, None]


async def test_a_pattern_holds_for_its_month_whatever_the_days_are_like(books):
    """From 3 June on H17 has plenty by post; it stays hidden until July."""
    await books.month("2026-05-04", "2026-06-30")
    for on in range(day("2026-06-03"), day("2026-07-04")):
        await books.book(on, {("H17", POSTAL, 3): 60})
    await books.month("2026-07-01", "2026-07-03")
    await books.cut("2026-07-05T07:00:00")

    await books.make("2026-07-05T08:00:00")

    assert values(await books.read("2026-06-30"), "H17")[4] is None
    assert values(await books.read("2026-07-01"), "H17") == [116, 25, 11, 20, 60]
    patterns = await books.connection.fetch(
        "SELECT first_day, last_day FROM release_pattern ORDER BY first_day"
    )
    assert [tuple(row) for row in patterns] == [
        (day("2026-06-01"), day("2026-06-30")),
        (day("2026-07-01"), day("2026-07-31")),
    ]


async def test_days_before_a_pattern_could_be_chosen_are_never_released(books):
    """Books begin on 1 June: a week of June makes the pattern, and the days after it are shown."""
    await books.month("2026-06-01", "2026-06-10")
    await books.cut("2026-06-12T07:00:00")

    made = await books.make("2026-06-12T08:00:00")

    assert [one.first_day for one in made] == [
        day("2026-06-06"),
        day("2026-06-09"),
        day("2026-06-10"),
    ]


async def test_dossiers_on_trial_are_not_released(books):
    await books.month("2026-05-04", "2026-06-01")
    await books.book(day("2026-06-01"), {("H01", ONLINE, 4): 500}, TRIAL + Measure.ACCEPTED)
    await books.cut("2026-06-03T07:00:00")

    await books.make("2026-06-03T08:00:00")

    assert values(await books.read("2026-06-01"), "")[0] == 232


async def test_a_place_is_without_data_until_a_source_that_speaks_for_it_goes_live(books):
    """H17 goes live on 2 June: what it sent of the day before is in no figure of that day."""
    await books.month("2026-05-04", "2026-06-02")
    await books.cut("2026-06-04T07:00:00")
    for code, status, live in (
        ("H01", "live", "2026-01-01"),
        ("H17", "live", "2026-06-02"),
        ("H26", "revoked", "2026-01-01"),
        ("G05", "trial", "2026-01-01"),
    ):
        await books.connection.execute(
            "INSERT INTO source (code, name, owner, kind, status, go_live, zone, mandates)"
            " VALUES ($1, $1, $1, 'system', $2, $3, 'Asia/Ho_Chi_Minh', $4)",
            f"{code}-onestop",
            status,
            date.fromisoformat(live),
            json.dumps([{"agency": code, "procedure": ""}]),
        )

    await books.make("2026-06-04T08:00:00")

    first, second = await books.read("2026-06-01"), await books.read("2026-06-02")
    assert values(first, "") == [176, 75, 14, 60, 27]
    assert {cell.standing for cell in first.cells if cell.place == "H17"} == {Standing.NO_DATA}
    assert values(second, "")[0] == 232
    assert values(second, "H17") == [56, 25, None, 20, None]
    assert {cell.standing for cell in second.cells if cell.place == "G05"} == {Standing.NO_DATA}
    month = await releases.summed(books.connection, "received", Period.of("2026-06"))
    assert month is not None
    assert {cell.standing for cell in month.cells if cell.place == "H17"} == {
        Standing.NO_DATA,
        Standing.SUPPRESSED,
    }


async def test_a_month_is_the_sum_of_its_releases_with_the_headline(books):
    await books.month("2026-05-04", "2026-06-05")
    await books.cut("2026-06-08T07:00:00")
    await books.make("2026-06-08T08:00:00")

    month = await releases.summed(books.connection, "received", Period.of("2026-06"))

    assert month is not None
    assert values(month, "") == [1160, 500, 125, 400, 135]
    headline = {
        one.place: (one.numerator, one.denominator, one.percent)
        for one in month.shares
        if one.share == "full_process_dossier_share"
    }
    assert headline["H01"] == (200, 410, "48.78")
    assert headline["H17"] == (125, 280, "44.64")
    assert "H26" not in headline
    assert len(month.parts) == 5
    assert await releases.summed(books.connection, "received", Period.of("2026-05")) is None


async def test_a_release_is_the_same_bytes_for_ever_in_json_and_csv(books):
    await books.month("2026-05-04", "2026-06-01")
    await books.cut("2026-06-03T07:00:00")
    (made,) = await books.make("2026-06-03T08:00:00")

    release = await books.read("2026-06-01")

    assert release.hash == made.hash
    said = json.loads(as_json(release))
    assert said["cells"][0] == {
        "place": "country",
        "above": None,
        "name": "Cả nước",
        "column": "total",
        "value": 232,
        "standing": "number",
    }
    assert said["first_day"] == said["last_day"] == "2026-06-01"
    assert said["cut"]["at"] == "2026-06-03T00:00:00Z"
    assert "made_at" not in said
    lines = {
        line["place"]: line
        for line in csv.DictReader(io.StringIO(as_csv(release).decode("utf-8-sig")))
    }
    assert lines["country"]["online_full"] == "100"
    assert lines["country"]["full_process_dossier_share"] == "43.10"
    assert lines["H17"]["postal"] == "…"
    assert lines["H17"]["full_process_dossier_share"] == "44.64"


async def test_releases_are_listed_newest_first_and_paged_by_day(books):
    await books.month("2026-05-04", "2026-06-03")
    await books.cut("2026-06-05T07:00:00")
    await books.make("2026-06-05T08:00:00")

    newest = await releases.listed(books.connection, "received", most=2)
    older = await releases.listed(books.connection, "received", before=newest[-1].last_day)

    assert [one.last_day for one in newest] == [day("2026-06-03"), day("2026-06-02")]
    assert [one.last_day for one in older] == [day("2026-06-01")]
    assert [table.name for table in await releases.tables(books.connection)] == ["received"]
    assert await releases.read(books.connection, "received", day("2026-06-04")) is None
    with pytest.raises(NoSuchTable, match="there are: received"):
        await releases.listed(books.connection, "completed")


async def test_another_table_of_the_same_event_goes_on_where_the_first_one_ended(books):
    """Under a new name, by another pattern: a day that was released is not released again."""
    await books.month("2026-05-04", "2026-06-03")
    await books.cut("2026-06-05T07:00:00")
    await books.make("2026-06-04T08:00:00")
    renamed = Public((replace(RECEIVED, name="tiep-nhan"),), SHIPPED.agencies)

    made = await books.make("2026-06-05T08:00:00", renamed)

    assert [(one.table, one.first_day) for one in made] == [("tiep-nhan", day("2026-06-03"))]


async def test_a_release_cannot_be_changed_or_taken_back(books):
    await books.month("2026-05-04", "2026-06-01")
    await books.cut("2026-06-03T07:00:00")
    await books.make("2026-06-03T08:00:00")

    for statement in (
        "UPDATE release_cell SET value = 1 WHERE value IS NOT NULL",
        "DELETE FROM release",
        "TRUNCATE release_pattern CASCADE",
    ):
        with pytest.raises(asyncpg.RaiseError, match="never changed or taken back"):
            await books.connection.execute(statement)


async def test_the_audit_notices_a_cell_that_was_tampered_with_or_tells_of_a_few(books):
    await books.month("2026-05-04", "2026-06-02")
    await books.book(day("2026-06-02"), {("H17", POSTAL, 3): 2})
    await books.cut("2026-06-04T07:00:00")
    await books.make("2026-06-04T08:00:00")
    days = [day("2026-06-01"), day("2026-06-02")]
    assert await audit(books.connection, PUBLIC, ZONE, "received", days) == []

    await books.connection.execute("ALTER TABLE release_cell DISABLE TRIGGER for_good")
    await books.connection.execute(
        "UPDATE release_cell SET value = 2, standing = 'number' FROM release"
        """ WHERE release.id = release AND last_day = $1 AND place = 'H17' AND "column" = 'postal'""",
        days[1],
    )
    found = await audit(books.connection, PUBLIC, ZONE, "received", days)

    assert [one.last_day for one in found] == [days[1]] * 3
    assert found[0].what == "its cells are not those that were released"
    assert "fewer than 5 dossiers follow from + 2026-06-02 H17 postal" in found[1].what


async def test_the_keeper_catches_up_and_two_of_them_make_each_release_once(database, books):
    await books.month("2026-05-04", "2026-06-12")
    await books.cut("2026-06-20T07:00:00")
    now = ms("2026-06-20T08:00:00")

    async def made() -> int:
        count: int = await books.connection.fetchval("SELECT count(*) FROM release")
        return count

    async def caught_up() -> bool:
        return await made() == 10

    async with (
        releasing(database, PUBLIC, ZONE, now_ms=lambda: now, brisk=True),
        releasing(database, PUBLIC, ZONE, now_ms=lambda: now, brisk=True),
    ):
        await until(caught_up, within_s=20)
    keeper = Releasing(PUBLIC, ZONE, now_ms=lambda: now)

    assert await keeper.round(books.connection) is False
    assert await made() == 10


async def test_a_worker_may_release_and_a_reader_may_read(database):
    async with roles(database) as address:
        owner = await asyncpg.connect(database)
        books = Books(owner)
        await books.month("2026-05-04", "2026-06-01")
        await books.cut("2026-06-03T07:00:00")
        worker = await asyncpg.connect(address("emc_worker"))
        reader = await asyncpg.connect(address("emc_reader"))

        made = await make_next(worker, PUBLIC, ZONE, ms("2026-06-03T08:00:00"))

        assert made is not None
        assert await releases.read(reader, "received", made.last_day) is not None
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await reader.execute("DELETE FROM release")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await worker.execute("UPDATE release SET hash = ''")
        for connection in (owner, worker, reader):
            await connection.close()


async def test_the_commands_make_show_and_audit_what_the_desk_has_booked(database, monkeypatch):
    """Through the worker's own desk: what is released of a day is what the balances have of it,
    and a completed dossier is in one column of its verdict's table, whatever became of it."""
    month = Scenario(seed=5, dossiers=2_500, start=date(2026, 6, 1), days=26)
    async with feeding(database, LEGAL, now_ms=month.end_ms) as feeder:
        await feeder.hear(records(month))
    connection = await asyncpg.connect(database)
    sealed = await seal(connection)
    june = Accounts(measures=[Measure.COMPLETED], last_day=day("2026-06-26"))
    (completed,) = (await known_then(connection, june, sealed)).figures.values()
    one = Accounts(
        measures=[Measure.ACCEPTED], first_day=day("2026-06-17"), last_day=day("2026-06-17")
    )
    (accepted,) = (await known_then(connection, one, sealed)).figures.values()
    verdicts = next(table for table in SHIPPED.tables if table.name == "completed")
    maker = Maker(connection, SHIPPED, verdicts, ZONE)
    held = await maker.counts(
        Stretch(0, day("2026-06-26")), Tree({}), sealed, silent=frozenset()
    )
    await connection.close()
    monkeypatch.setenv("EMC_DATABASE", database)
    monkeypatch.setenv("EMC_REFERENCE", str(ROOT / "deploy" / "reference"))

    async def emc(*words: str) -> tuple[int, str]:
        ended = await asyncio.to_thread(CliRunner().invoke, app, ["release", *words])
        return ended.exit_code, ended.output

    assert (await emc("show", "received", "2026-06-17"))[0] == 2
    for said in ("received 2026-06-17: ", "nothing is due that can be released"):
        out = io.StringIO()
        now = ms("2026-06-22T08:00:00")
        assert await make(database, PUBLIC, ZONE, now_ms=now, as_json=False, out=out) == 0
        assert said in out.getvalue()
    assert "2026-06-17" in (await emc("list"))[1]
    status, shown = await emc("show", "received", "2026-06-17", "--json")
    assert json.loads(shown)["cells"][0]["value"] == accepted
    assert "Hồ sơ tiếp nhận theo ngày" in (await emc("show", "received", "2026-06"))[1]
    assert (await emc("show", "received", "2026-05"))[0] == 1
    assert (await emc("show", "received", "next week"))[0] == 2
    status, audited = await emc("audit")
    assert status == 0, audited
    assert sum(held.values()) == completed > 500
