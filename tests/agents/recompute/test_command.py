"""`emc recompute` as an operator runs it: what if, killed at any instant and gone on with, given up."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest

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
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return changed(SHIPPED, tmp_path_factory.mktemp("new") / "reference")


@pytest.fixture(scope="module")
def new(folder: Path) -> ReferenceSet:
    return set_of(folder)[0]


def started(dsn: str, *options: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", "recompute", *map(str, options)],
        env={**os.environ, "EMC_DATABASE": dsn, "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        start_new_session=True,
    )


async def run(dsn: str, *options: str | Path) -> tuple[int, str, str]:
    """Exit status, what it printed, and what it said."""
    process = started(dsn, *options)
    out, err = await asyncio.to_thread(process.communicate, timeout=120)
    return process.returncode, out, err


async def test_a_dry_run_tells_which_numbers_would_change_and_writes_nothing(
    database: str, postgres: Postgres, folder: Path, new: ReferenceSet
):
    async with office(database, OLD) as here:
        here.feed.write(life(60))
        await here.booked()
    before = await everything(database)

    status, out, err = await run(database, "--dry-run", "--json", "--reference", folder)
    assert (status, err) == (1, "")
    told = json.loads(out)
    _, table, _ = await run(database, "--dry-run", "--reference", folder)
    unchanged, _, _ = await run(database, "--dry-run", "--reference", SHIPPED)

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


async def the_sums_agree(dsn: str) -> None:
    """Journal and dossiers, as of one instant while events come in."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        lines = await connection.fetch(
            "SELECT measure, cell, day, slot, sum(amount)::bigint AS sum FROM journal"
            " GROUP BY 1, 2, 3, 4 HAVING sum(amount) <> 0"
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
    database: str, postgres: Postgres, new: ReferenceSet
):
    rng = random.Random(7)
    given = life(200)
    first, second = halves(given)
    async with office(database, OLD) as here:
        here.feed.write(first)
        await here.booked()
        connection = await asyncpg.connect(database)
        await recompute.begin(connection, new)
        await recompute.lay_out(connection, 4)
        await connection.close()
        here.feed.pace_s = 0.2
        here.feed.write(second)

        for _ in range(4):
            process = started(database, "--resume", "--jobs", "2")
            with pytest.raises(subprocess.TimeoutExpired):
                await asyncio.to_thread(process.communicate, timeout=rng.uniform(1, 4))
            process.send_signal(signal.SIGKILL)  # its children notice by themselves
            process.communicate()
            await the_sums_agree(database)
        here.feed.pace_s = 0
        status, _, err = await run(database, "--resume", "--jobs", "2")
        assert status == 0, err
        assert "switched" in err
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
    database: str, folder: Path, new: ReferenceSet, tmp_path: Path
):
    async with office(database, OLD) as here:
        here.feed.write(life(5))
        await here.booked()
    elsewhere = tmp_path / "elsewhere"
    changed(SHIPPED, elsewhere)
    for path in (elsewhere / "policy.toml", elsewhere / "calendars" / "vietnam.toml"):
        path.write_text(path.read_text().replace("Asia/Ho_Chi_Minh", "Asia/Tokyo"))

    same = await run(database, "--reference", SHIPPED)
    zone = await run(database, "--reference", elsewhere)
    nothing = await run(database, "--abandon")
    connection = await asyncpg.connect(database)
    await recompute.begin(connection, new)
    another = await run(database, "--reference", folder)
    await connection.execute("SELECT pg_advisory_lock($1)", recompute.RECOMPUTE_LOCK)
    together = await run(database, "--resume")
    await connection.close()
    given_up = await run(database, "--abandon")
    done = await run(database, "--reference", folder, "--jobs", "1")

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
