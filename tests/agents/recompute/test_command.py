"""`emc recompute` as an operator runs it: what if, killed at any instant and gone on with, given up."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from agents.recompute.command import recompute_command
from agents.recompute.whatif import Figure
from monitor.domain.measures import CONSUMED_BINS
from monitor.ledger import recompute
from monitor.ledger.packing import unpack_entries
from monitor.reference.sets import ReferenceSet, policy_of, set_of
from tests.agents.recompute.desk import (
    balances,
    changed,
    columns,
    fetch,
    first_difference,
    halves,
    life,
    office,
    totals,
)
from tests.servers.postgres import Postgres
from tests.servers.require import ROOT
from tests.whole import ledger_checks

SHIPPED = ROOT / "deploy" / "reference"
OLD = set_of(SHIPPED)[0]


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> ReferenceSet:
    return set_of(changed(SHIPPED, tmp_path_factory.mktemp("new") / "reference"))[0]


def started(dsn: str, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", "recompute", *options],
        env={**os.environ, "EMC_DATABASE": dsn},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


class Said:
    """Runs the command here, and tells its exit status, what it printed and what it said."""

    def __init__(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._dsn = dsn
        self._capsys = capsys

    async def __call__(
        self, reference: ReferenceSet | None = None, **options: bool
    ) -> tuple[int, str, str]:
        self._capsys.readouterr()
        chosen = {
            name: options.get(name, False)
            for name in ("dry_run", "resume", "abandon", "again", "as_json")
        }
        # In a thread: the command has an event loop of its own.
        status = await asyncio.to_thread(
            recompute_command, dsn=self._dsn, reference=reference, jobs=1, **chosen
        )
        return (status, *self._capsys.readouterr())


@pytest.fixture
def run(database: str, capsys: pytest.CaptureFixture[str]) -> Said:
    return Said(database, capsys)


async def test_a_dry_run_tells_which_numbers_would_change_and_writes_nothing(
    database: str, postgres: Postgres, new: ReferenceSet, run: Said
):
    async with office(database, OLD) as here:
        here.feed.write(life(60))
        await here.booked()
    before = await everything(database)

    status, out, err = await run(new, dry_run=True, as_json=True)
    assert (status, err) == (1, "")
    told = json.loads(out)
    _, table, _ = await run(new, dry_run=True)
    unchanged, _, _ = await run(OLD, dry_run=True)

    assert await everything(database) == before
    assert unchanged == 0
    assert "Nothing was written." in table
    # A ledger built from scratch says what the numbers become.
    name = await postgres.create()
    try:
        async with office(postgres.dsn(name), new) as scratch:
            scratch.feed.write(life(60))
            await scratch.booked()
        ours, theirs = await published(database), await published(postgres.dsn(name))
    finally:
        await postgres.drop(name)
    by_agency: dict[Any, list[int]] = {}
    for change in told["changes"]:
        place = change["measure"], change["agency"], change["channel"], change["level"]
        by_agency[place] = [change["before"], change["after"]]
        assert change["before"] + change["up"] - change["down"] == change["after"]
    assert told["dossiers_differing"] > 0
    for place in ours.keys() | theirs.keys():
        now, then = ours.get(place, 0), theirs.get(place, 0)
        assert by_agency.get(place, [now, now]) == [now, then], place
    assert any(now != then for now, then in by_agency.values())


async def published(dsn: str) -> dict[Any, int]:
    sums: dict[Any, int] = {}
    for (measure, agency, channel, level, _), amount in (await totals(dsn)).items():
        kept = CONSUMED_BINS[0] if measure in CONSUMED_BINS else measure
        place = (Figure(kept, agency, channel, level).name, agency, channel, level)
        sums[place] = sums.get(place, 0) + amount
    return sums


async def everything(dsn: str) -> list[Any]:
    """How many rows each table has, and every dossier's state."""
    names = [
        row["relname"]
        for row in await fetch(dsn, "SELECT relname FROM pg_stat_user_tables ORDER BY 1")
    ]
    return [
        *[(name, await fetch(dsn, f"SELECT count(*) FROM {name}")) for name in names],
        await fetch(dsn, "SELECT key, version, epoch, md5(booked) FROM dossier ORDER BY key"),
    ]


async def ranges_done(connection: asyncpg.Connection) -> int:
    done: int = await connection.fetchval("SELECT count(*) FROM recompute_range WHERE done")
    return done


async def the_sums_agree(dsn: str) -> None:
    """Journal and dossiers, as of one instant while events come in."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        lines = await connection.fetch(
            "SELECT measure, cell, day, slot, sum(amount)::bigint AS sum FROM"
            " (SELECT measure, cell, day, slot, amount FROM journal"
            " UNION ALL SELECT * FROM applicant_entry) AS line GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0"
        )
        rows = await connection.fetch("SELECT booked FROM booked_now")
    await connection.close()
    booked: Counter[Any] = Counter()
    for row in rows:
        booked.update(unpack_entries(row["booked"]))
    assert {tuple(line)[:4]: line["sum"] for line in lines} == {
        entry: amount for entry, amount in booked.items() if amount
    }


async def test_killed_at_random_instants_and_resumed_it_ends_where_it_would_have_ended(
    database: str, postgres: Postgres, new: ReferenceSet, run: Said
):
    rng = random.Random(7)
    given = life(200)
    first, second = halves(given)
    async with office(database, OLD) as here:
        here.feed.write(first)
        await here.booked()
        connection = await asyncpg.connect(database)
        await recompute.begin(connection, new)
        await recompute.lay_out(connection, 2)
        here.feed.pace_s = 0.1
        here.feed.write(second)

        kills = 0
        for _ in range(4):
            process = started(database, "--resume", "--jobs", "2")
            done = await ranges_done(connection) + rng.randint(1, 8)
            while process.poll() is None and await ranges_done(connection) < done:
                await asyncio.sleep(0.002)
            if process.poll() is None:
                kills += 1
                process.kill()  # its children notice by themselves
            process.communicate()
            await the_sums_agree(database)
        assert kills >= 2
        await connection.close()
        here.feed.pace_s = 0
        status, _, err = await run(resume=True)
        assert status == 0, err
        await here.booked()
        end = len(here.feed.written)

    name = await postgres.create()
    try:
        async with office(postgres.dsn(name), new) as scratch:
            scratch.feed.write(given)
            await scratch.booked()
        ours, theirs = await balances(database), await balances(postgres.dsn(name))
        assert ours == theirs, first_difference(ours, theirs)
        assert await totals(database) == await totals(postgres.dsn(name))
        assert await columns(database) == await columns(postgres.dsn(name))
    finally:
        await postgres.drop(name)
    assert await ledger_checks.drift(database, "t", {0: end}, policy_of(new)) == []
    [left] = await fetch(
        database,
        "SELECT (SELECT count(*) FROM rebooked) + (SELECT count(*) FROM pending)"
        " + (SELECT count(*) FROM touched), (SELECT min(epoch) FROM dossier)",
    )
    assert tuple(left) == (0, 2)


async def test_what_cannot_be_done_is_refused_with_the_remedy(
    database: str, new: ReferenceSet, tmp_path: Path, run: Said
):
    async with office(database, OLD) as here:
        here.feed.write(life(5))
        await here.booked()
    elsewhere = tmp_path / "elsewhere"
    changed(SHIPPED, elsewhere)
    for path in (elsewhere / "policy.toml", elsewhere / "calendars" / "vietnam.toml"):
        path.write_text(path.read_text().replace("Asia/Ho_Chi_Minh", "Asia/Tokyo"))

    same = await run(OLD)
    zone = await run(set_of(elsewhere)[0])
    nothing = await run(abandon=True)
    connection = await asyncpg.connect(database)
    await recompute.begin(connection, new)
    another = await run(new)
    await connection.execute("SELECT pg_advisory_lock($1)", recompute.RECOMPUTE_LOCK)
    together = await run(resume=True)
    await connection.close()
    given_up = await run(abandon=True)
    done = await run(new)

    assert (same[0], "nothing to do: epoch 1 books" in same[2]) == (0, True)
    assert (zone[0], "the events must be read again" in zone[2]) == (2, True)
    assert (nothing[0], "none is under way" in nothing[2]) == (2, True)
    assert (another[0], "go on with --resume, or give it up with --abandon" in another[2]) == (
        2,
        True,
    )
    assert (together[0], "another `emc recompute` is at work" in together[2]) == (1, True)
    assert (given_up[0], "the figures are what they were" in given_up[2]) == (0, True)
    assert done[0] == 0, done[2]
    assert await fetch(database, "SELECT state FROM policy ORDER BY epoch") == [
        ("past",),
        ("abandoned",),
        ("active",),
    ]
