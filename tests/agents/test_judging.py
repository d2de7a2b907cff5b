"""Objectives of a real ledger, judged by who leads: the same numbers as the balances have."""

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from agents import objectives_command
from agents.generate.model import Scenario, records
from agents.judging import Judge, judging
from agents.operator import FOUND, Refusal
from agents.settings import SettingRefused, Settings
from monitor.cli import app
from monitor.domain.measures import FIXED_IN_TIME, FIXED_LATE, Measure
from monitor.domain.policy import Policy
from monitor.domain.service_level import Counted
from monitor.domain.zone import Zone, day_number
from monitor.ledger import objectives
from monitor.ledger.balances import Accounts, Balances, Dimension
from monitor.ledger.follower import Follower, connect
from monitor.ledger.migrate import migrate
from monitor.reference.objectives import load_watched
from monitor.reference.policy import load_policy
from tests.agents.test_archive import ask
from tests.ledger.fill import feeding
from tests.ledger.roles import roles
from tests.servers.require import ROOT
from tests.whole.until import until

SHIPPED = ROOT / "deploy" / "reference"
POLICY = load_policy(SHIPPED)
WATCHED = load_watched(SHIPPED)
MONTH = Scenario(seed=5, dossiers=2_500, start=date(2026, 6, 1), days=26)
FIRST, TODAY = day_number(date(2026, 6, 1)), day_number(date(2026, 6, 27))
NOW = MONTH.end_ms


@asynccontextmanager
async def followed(dsn: str) -> AsyncIterator[Any]:
    connection = await connect(dsn)
    try:
        follower = Follower(connection, Zone())
        assert await follower.leads()
        while (await follower.round()).left:
            pass
        yield connection
    finally:
        await connection.close()


async def judged(dsn: str, now_ms: int = NOW) -> objectives.Judged:
    judge = Judge(WATCHED, POLICY, now_ms=lambda: now_ms)
    async with followed(dsn) as connection:
        while await judge.round(connection):
            pass
        await judge.round(connection)
        return await objectives.read(connection)


async def by_the_balances(dsn: str) -> dict[str, Counted]:
    """Good and bad of on_time_766 in June by ministry or province, asked of the balances."""
    pool = asyncpg.create_pool(dsn, min_size=1)
    async with pool:
        flows = await Balances(pool).as_known_now(
            Accounts(
                measures=[Measure.ON_TIME_766, Measure.LATE_766],
                first_day=FIRST,
                last_day=TODAY,
            ),
            by=[Dimension.MEASURE, Dimension.LEVEL1],
        )
        stock = await Balances(pool).as_known_now(
            Accounts(measures=[Measure.IN_PROCESS_766, Measure.PAUSED_766]),
            by=[Dimension.SLOT, Dimension.LEVEL1],
        )
    found: dict[str, Counted] = {}

    def add(agency: str, good: int, bad: int) -> None:
        for scope in ("country", f"agency:{agency}"):
            found[scope] = found.get(scope, Counted()).plus(Counted(good, bad))

    for (measure, agency), amount in flows.figures.items():
        good = amount if measure == Measure.ON_TIME_766 else 0
        add(str(agency), good, amount - good)
    for (slot, agency), amount in stock.figures.items():
        if slot == FIXED_IN_TIME or int(slot) >= TODAY:
            add(str(agency), amount, 0)
        elif slot == FIXED_LATE or int(slot) >= 0:
            add(str(agency), 0, amount)
    return found


async def test_what_is_judged_is_what_the_balances_have(database: str):
    """In two halves, so that the second comes through the journal and not the first filling."""
    made = list(records(MONTH))
    async with feeding(database, POLICY, now_ms=NOW) as feeder:
        await feeder.hear(made[: len(made) // 2])
    half = await judged(database)
    async with feeding(database, POLICY, now_ms=NOW) as feeder:
        await feeder.hear(made[len(made) // 2 :])
    whole = await judged(database)

    expected = await by_the_balances(database)
    found = {
        one.scope: one.counted for one in whole.standings if one.objective == "on-time-766"
    }
    assert len(found) == 55
    assert {scope: counted for scope, counted in found.items() if counted.total} == expected
    assert found["country"].good > 1_000
    assert found["country"].bad > 20
    before = {
        one.scope: one.counted for one in half.standings if one.objective == "on-time-766"
    }
    assert before["country"].total < found["country"].total
    services = next(one for one in whole.standings if one.objective == "full-process-services")
    assert services.counted == Counted(36, 18)  # counted in the file
    open_now = sum(one.open for one in whole.services if one.group == "land")
    assert open_now > 0

    out = io.StringIO()
    shown = await command(database, out, "on-time-766", "country")
    text = out.getvalue()
    assert shown in (0, FOUND)
    assert "Dossiers settled on time (Decision 766/QĐ-TTg, indicator 2.1)" in text
    assert "window     month, from 2026-06-01" in text
    country = found["country"]
    assert f"{country.good:,} good, {country.bad:,} bad" in text
    assert "alert      10d/3d both at 1.5 or more" in text
    assert "known since" in text

    # The month so far, read from the balances at the end of the last day: dues of that day are late.
    out = io.StringIO()
    asked = ("on-time-766", "country", "2026-06-26")
    await objectives_command.on(database, WATCHED, POLICY, *asked, as_json=True, out=out)
    said = json.loads(out.getvalue())
    assert (said["from"], said["target"]) == ("2026-06-01", 0.9)
    assert (said["good"], said["bad"]) == tuple(country)


async def command(
    dsn: str, out: io.StringIO, objective: str | None, scope: str | None, **options: Any
) -> int:
    given = {"every": False, "history_days": 100, "as_json": False, **options}
    at = datetime.fromtimestamp(NOW / 1000, UTC)
    return await objectives_command.show(dsn, objective, scope, at=at, out=out, **given)


async def test_the_command_shows_all_some_and_json(database: str):
    await migrate(database)
    with pytest.raises(Refusal, match="no objective is judged yet"):
        await command(database, io.StringIO(), None, None)
    await judged(database)

    out = io.StringIO()
    assert await command(database, out, None, None) == FOUND  # 36 of 54 services are full
    text = out.getvalue()
    assert "full-process-services" in text
    assert "agency:H56" not in text
    assert "more, none of them burning or spent; --all shows them" in text
    assert "services are watched, none is degraded" in text
    out = io.StringIO()
    await command(database, out, None, None, every=True)
    assert "agency:H56" in out.getvalue()
    out = io.StringIO()
    assert await command(database, out, "online-share", "agency:H56", as_json=True) == 0
    (said,) = json.loads(out.getvalue())["objectives"]
    assert (said["state"], said["target"], said["ratio"]) == ("no_data", 0.5, None)
    out = io.StringIO()
    assert await command(database, out, "online-share", "agency:H56") == 0
    assert "\nnobody who would tell is connected: emc source health\n" in out.getvalue()
    out = io.StringIO()
    asked = ("online-share", "agency:H56", "2026-05-31")
    assert await objectives_command.on(
        database, WATCHED, POLICY, *asked, as_json=False, out=out
    ) == 0  # fmt: skip
    assert out.getvalue() == (
        "online-share, agency:H56, 2026-05-01 to 2026-05-31: 0 good, 0 bad, no %, target 50 %:"
        " nothing to say\n"
    )
    with pytest.raises(Refusal, match="'May' is no day"):
        await objectives_command.on(
            database, WATCHED, POLICY, *asked[:2], "May", as_json=True, out=out
        )
    with pytest.raises(Refusal, match="no objective 'nothing' is in force; there are: accept"):
        await command(database, io.StringIO(), "nothing", None)
    with pytest.raises(Refusal, match="on-time-06b is not judged for 'agency:H1'"):
        await command(database, io.StringIO(), "on-time-06b", "agency:H1")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            ("online-share", "agency:H56", "--on", "31/10/2026"),
            (
                "--on needs EMC_REFERENCE, a folder with objectives/ in it;"
                " '31/10/2026' is no day; write 2026-10-31"
            ),
        ),
        (
            ("online-share", "--on", "2026-10-31"),
            "--on needs a scope and EMC_REFERENCE, a folder with objectives/ in it",
        ),
    ],
)
def test_of_a_day_only_what_is_missing_or_wrong_is_told(
    asked: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMC_REFERENCE", raising=False)

    done = CliRunner().invoke(app, ["objectives", *asked])

    assert (done.exit_code, done.stderr) == (2, f"emc objectives: {told}\n")


async def test_one_of_two_judges_and_the_other_goes_on_when_it_has_gone(database: str):
    """Under the role that deploy/postgresql/roles.sql makes for workers."""
    await migrate(database)
    async with roles(database) as member_of:
        await one_of_two(database, member_of("emc_worker"))


async def one_of_two(database: str, worker: str) -> None:
    clock = iter(range(NOW, NOW + 10_000_000, 1_000))

    async def judged_ms() -> int:
        rows = await ask(database, "SELECT coalesce(max(judged_ms), 0) FROM objective_standing")
        return int(rows[0][0])

    def beside() -> Any:
        return judging(worker, WATCHED, POLICY, now_ms=lambda: next(clock), brisk=True)

    async with beside():
        async with beside():

            async def begun() -> bool:
                return await judged_ms() > 0

            await until(begun, within_s=20)
        first = await judged_ms()

        async def goes_on() -> bool:
            return await judged_ms() > first

        await until(goes_on, within_s=20)
    (row,) = await ask(
        database, "SELECT count(*), count(DISTINCT known_ms) FROM objective_version"
    )
    assert tuple(row) == (15, 1)


async def test_nothing_is_judged_while_a_transaction_is_folded_by_half(database: str):
    """A recompute moves a dossier from late to on time: in between it would be neither, or both."""
    await migrate(database)
    times = iter([NOW, NOW + 120_000, NOW + 240_000])
    judge = Judge(WATCHED, POLICY, now_ms=lambda: next(times))
    async with followed(database) as connection:
        while await judge.round(connection):
            times = iter([NOW, NOW + 120_000, NOW + 240_000])
        await connection.execute(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " VALUES (30, 1, 1, -1, 3, 1), (31, 1, 1, -1, 3, -1)"
        )
        first, last = await connection.fetchrow("SELECT min(seq), max(seq) FROM journal_page")
        await connection.execute("UPDATE follower SET seq = $1", first)
        await judge.round(connection)
        by_half = await connection.fetchval("SELECT max(judged_ms) FROM objective_standing")
        await connection.execute("UPDATE follower SET seq = $1", last)
        await connection.execute("INSERT INTO cut VALUES ($1, now(), now())", last)
        await judge.round(connection)
        whole = await connection.fetchval("SELECT max(judged_ms) FROM objective_standing")

    assert (by_half, whole) == (NOW, NOW + 240_000)


def test_a_policy_without_law_has_no_working_time():
    with pytest.raises(ValueError, match="objectives go by working time"):
        Judge(WATCHED, Policy(Zone()), now_ms=lambda: 0)


def test_a_process_with_a_wrong_objective_does_not_start(tmp_path: Path):
    assert Settings().watched() is None
    (tmp_path / "groups.toml").write_text("groups = 3\n")

    with pytest.raises(SettingRefused, match=r"groups\.toml:1"):
        Settings(reference=str(tmp_path)).watched()
