"""`emc archive` on a real ledger: smaller, and still every event; retired, and still every sum."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from typing import Any

import asyncpg
import pytest

from agents.archive import archive_command, faceless
from agents.explain import explain_command
from agents.generate.model import Record, Scenario, records
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.archive import Archive
from monitor.ledger.forms import PLAIN, RETIRED
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.ledger.packing import unpack_entries
from tests.domain.strategies import at, said
from tests.ledger.fill import feeding
from tests.servers.postgres import Postgres
from tests.whole.ledger_checks import PLAIN as PLAIN_POLICY
from tests.whole.ledger_checks import drift

YEARS_LATER = int(datetime.fromisoformat("2028-01-01T00:00:00+07:00").timestamp() * 1000)


def scenario(seed: int = 1, dossiers: int = 120) -> list[Record]:
    return list(
        records(Scenario(seed=seed, dossiers=dossiers, start=date(2026, 6, 1), days=40))
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A dossier as the ledger gives it to a worker."""

    version: int
    events: bytes
    booked: bytes
    form: int


async def kept(dsn: str) -> dict[str, Kept]:
    connection = await asyncpg.connect(dsn)
    try:
        keys = [row["key"] for row in await connection.fetch("SELECT key FROM dossier")]
    finally:
        await connection.close()
    async with Ledger.open(dsn) as ledger:
        rows = await ledger.load(keys)
    return {
        key: Kept(row.version, row.events, row.booked, row.form) for key, row in rows.items()
    }


async def ask(dsn: str, query: str, *given: object) -> list[Any]:
    connection = await asyncpg.connect(dsn)
    try:
        return [tuple(row) for row in await connection.fetch(query, *given)]
    finally:
        await connection.close()


async def forms(dsn: str) -> Counter[int]:
    return Counter(dict(await ask(dsn, "SELECT form, count(*) FROM dossier GROUP BY form")))


@dataclass
class Ran:
    status: int
    out: str
    err: str


async def archive(dsn: str, **options: Any) -> Ran:
    out, err = StringIO(), StringIO()
    given = {"policy": PLAIN_POLICY, "now_ms": YEARS_LATER, "after_days": 30, **options}
    status = await asyncio.to_thread(
        lambda: archive_command(database=dsn, out=out, err=err, **given)
    )
    return Ran(status, out.getvalue(), err.getvalue())


async def fill(dsn: str, given: Iterable[Record], policy: Policy = PLAIN_POLICY) -> int:
    async with feeding(dsn, policy, now_ms=YEARS_LATER) as feeder:
        return await feeder.hear(given)


@pytest.fixture(scope="module")
def filled_once(postgres: Postgres) -> Iterator[str]:
    """A ledger with bookings that nobody is connected to, to be copied."""

    async def make() -> str:
        name = await postgres.create()
        await fill(postgres.dsn(name), scenario())
        return name

    name = asyncio.run(make())
    yield name
    asyncio.run(postgres.drop(name))


@pytest.fixture
async def filled(postgres: Postgres, filled_once: str) -> AsyncIterator[str]:
    name = await postgres.create(filled_once)
    yield postgres.dsn(name)
    await postgres.drop(name)


async def end(dsn: str) -> dict[int, int]:
    [(following,)] = await ask(dsn, "SELECT next FROM position")
    return {0: following}


async def test_an_archived_dossier_is_smaller_and_loaded_as_it_was(filled: str) -> None:
    before = await kept(filled)
    [(size,)] = await ask(
        filled, "SELECT sum(length(events) + length(booked)) FROM dossier WHERE outcome = 6"
    )

    run = await archive(filled, as_json=True)

    told = json.loads(run.out)
    [(after, archived)] = await ask(
        filled,
        "SELECT sum(length(events) + length(booked)), count(*) FROM dossier"
        " WHERE outcome = 6 AND form > 0",
    )
    assert (run.status, run.err) == (0, "")
    assert told["archived"] > 100
    assert told["whole"] is True
    assert archived <= told["archived"]
    assert after * 3 < size
    assert await kept(filled) == before


async def test_what_is_open_or_heard_of_lately_stays_plain(filled: str) -> None:
    [(still_open,)] = await ask(filled, "SELECT count(*) FROM dossier WHERE outcome IN (4, 5)")
    [(last,)] = await ask(filled, "SELECT count(*) FROM dossier")

    await archive(filled, after_days=10_000)
    none = await forms(filled)
    await archive(filled)
    most = await forms(filled)

    assert none == {PLAIN: last}
    assert still_open > 0
    assert most[PLAIN] >= still_open
    assert not await ask(
        filled, "SELECT key FROM dossier WHERE form > 0 AND outcome IN (0, 4, 5)"
    )


async def test_a_second_run_finds_nothing_to_do(filled: str) -> None:
    await archive(filled)

    again = await archive(filled, as_json=True)

    assert json.loads(again.out)["archived"] == 0
    assert await ask(filled, "SELECT count(*) FROM dictionary") == [(1,)]


async def test_a_dry_run_tells_and_writes_nothing(filled: str) -> None:
    before = await forms(filled)

    run = await archive(filled, dry_run=True)

    assert "dossiers would be archived: " in run.out
    assert await forms(filled) == before
    assert await ask(filled, "SELECT count(*) FROM dictionary") == [(0,)]


async def test_a_late_event_of_an_archived_dossier_is_folded_with_the_others(
    database: str,
) -> None:
    """Archived in the middle of its events: the figures are those of a ledger that never was."""
    given = scenario(seed=2)
    await fill(database, given[: len(given) // 2])
    await archive(database)
    packed = await ask(database, "SELECT key FROM dossier WHERE form > 0")

    await fill(database, given[len(given) // 2 :])

    keys = [key for (key,) in packed]
    [(written,)] = await ask(
        database, "SELECT count(*) FROM dossier WHERE key = ANY($1) AND form = 0", keys
    )
    assert 0 < written < len(keys)
    assert await drift(database, "emc.dossiers", await end(database), PLAIN_POLICY) == []

    await archive(database, retire=True, before=date(2026, 6, 20))

    found = await forms(database)
    assert min(found[RETIRED], found[PLAIN], found.total() - found[RETIRED] - found[PLAIN]) > 3
    assert await drift(database, "emc.dossiers", await end(database), PLAIN_POLICY) == []


@pytest.mark.parametrize("change", ["version = version + 1", "booked = booked"])
async def test_whatever_is_written_in_between_wins_over_the_archive(
    filled: str, change: str
) -> None:
    """A booking raises the version; what a recompute merges leaves it as it was."""
    async with Archive.open(filled) as opened:
        [row, other, *_] = await opened.finished(0, archived_too=False)
        number = await opened.keep_dictionary(b"anything")
        await ask(filled, f"UPDATE dossier SET {change} WHERE key = $1", row.key)
        packed = {(one.key, one.stamp): (b"E", b"B") for one in (row, other)}
        retired: dict[tuple[str, int], dict[tuple[int, int, int, int], int]] = {
            (row.key, row.stamp): {(2, 1, 1, -1): 1}
        }

        assert await opened.retire(retired) == 0
        assert await opened.shrink(number, packed) == 1

    assert await ask(filled, "SELECT form FROM dossier WHERE key = $1", row.key) == [(0,)]
    assert await ask(filled, "SELECT form, events FROM dossier WHERE key = $1", other.key) == [
        (number, b"E")
    ]
    assert await ask(filled, "SELECT * FROM retired_sum") == []


async def test_a_dossier_that_is_being_booked_is_left_alone(filled: str) -> None:
    """The archive never waits for a worker, nor deadlocks with one."""
    connection = await asyncpg.connect(filled)
    try:
        async with connection.transaction(), Archive.open(filled) as opened:
            [row, other, *_] = await opened.finished(0, archived_too=False)
            await connection.execute("SELECT 1 FROM dossier WHERE key = $1 FOR UPDATE", row.key)
            number = await opened.keep_dictionary(b"anything")
            packed = {(one.key, one.stamp): (b"E", b"B") for one in (row, other)}

            assert await opened.shrink(number, packed) == 1
    finally:
        await connection.close()


async def test_one_run_at_a_time(filled: str) -> None:
    async with Archive.open(filled):
        run = await archive(filled)

    assert (run.status, run.out) == (1, "")
    assert "another run archives or retires dossiers of this ledger" in run.err


async def test_retired_dossiers_leave_their_sums_and_a_line(filled: str) -> None:
    before = await kept(filled)
    [(finished,)] = await ask(
        filled, "SELECT count(*) FROM dossier WHERE outcome IN (2, 3, 6, 7)"
    )
    await archive(filled)

    run = await archive(filled, retire=True, before=date(2027, 1, 1))

    assert run.status == 0
    assert f"{finished} dossiers that ended before 2027-01-01 retired" in run.out
    gone = await ask(filled, "SELECT key, version, events, booked FROM dossier WHERE form = -1")
    assert len(gone) == finished
    assert all(
        (version, events, booked) == (before[key].version + 1, b"", b"")
        for key, version, events, booked in gone
    )
    expected: Counter[Any] = Counter()
    for key, *_ in gone:
        expected.update(unpack_entries(before[key].booked))
    left = await ask(
        filled,
        "SELECT measure, cell, day, slot, sum(amount)::int8 FROM retired_sum GROUP BY 1, 2, 3, 4",
    )
    assert {row[:4]: row[4] for row in left} == dict(expected)


async def test_only_what_ended_before_the_day_is_retired(database: str) -> None:
    await fill(
        database,
        [
            state("H56.14-260803-0001", 2, "2026-08-03T08:00:00+07:00"),
            state("H56.14-260803-0001", 9, "2026-08-05T23:59:59+07:00"),
            state("H56.14-260803-0002", 2, "2026-08-03T08:00:00+07:00"),
            state("H56.14-260803-0002", 9, "2026-08-06T00:00:00+07:00"),
            state("H56.14-260803-0003", 2, "2026-08-03T08:00:00+07:00"),
            state("H56.14-260803-0004", 3, "2026-08-04T08:00:00+07:00"),
        ],
    )

    await archive(database, retire=True, before=date(2026, 8, 6))

    assert await ask(
        database, "SELECT key, form > 0 FROM dossier WHERE form <> 0 ORDER BY key"
    ) == [
        ("H56.14-260803-0001", False),
        ("H56.14-260803-0002", True),
        ("H56.14-260803-0004", False),
    ]


def state(dossier: str, code: int, time: str) -> Record:
    event = {
        "specversion": "1.0",
        "type": "dossier.state.v1",
        "source": "office",
        "id": f"{dossier}/{code}",
        "time": time,
        "data": {
            "dossier": dossier,
            "state": code,
            "procedure": "1.004194",
            "agency": "H56.14",
        },
    }
    at_ms = int(datetime.fromisoformat(time).timestamp() * 1000)
    return Record(dossier, json.dumps(event).encode(), at_ms)


async def test_an_event_of_a_retired_dossier_goes_to_quarantine_and_moves_nothing(
    filled: str,
) -> None:
    await archive(filled, retire=True, before=date(2027, 1, 1))
    figures = await ask(filled, "SELECT * FROM total ORDER BY 1, 2, 3, 4, 5, 6, 7")
    tombs = await kept(filled)

    again = scenario()
    heard = await fill(filled, again)

    refused = dict(await ask(filled, "SELECT reason, count(*) FROM quarantine GROUP BY reason"))
    gone = {key for key, row in tombs.items() if row.form == RETIRED}
    assert set(refused) == {"retired"}
    assert refused["retired"] == sum(record.key in gone for record in again) < heard
    assert await ask(filled, "SELECT * FROM total ORDER BY 1, 2, 3, 4, 5, 6, 7") == figures
    assert await kept(filled) == tombs
    counted = await ask(
        filled,
        "SELECT sum(amount)::int FROM tally WHERE name = 'refused' AND detail = 'retired'",
    )
    assert counted == [(refused["retired"],)]


async def test_a_worker_that_has_a_retired_dossier_at_hand_books_none_of_it(
    database: str,
) -> None:
    given = scenario(seed=4)
    async with feeding(database, PLAIN_POLICY, now_ms=YEARS_LATER) as feeder:
        await feeder.hear(given)
        await feeder.booked()
        await archive(database, retire=True, before=date(2027, 1, 1))
        sums = await ask(database, "SELECT sum(amount) FROM journal")
        [(key,), *_] = await ask(database, "SELECT key FROM dossier WHERE form = -1")
        told = next(record for record in given if record.key == key)
        anew = told._replace(value=told.value.replace(b'"id":"', b'"id":"again-'))

        await feeder.hear([anew])
        await feeder.desk._hand_over(wait=True)
        assert feeder.desk._booking is not None
        await feeder.desk._booking

        assert feeder.desk._lost  # it falls back, and will read the dossier as retired
        assert await ask(database, "SELECT sum(amount) FROM journal") == sums
        feeder.desk._lost = False


async def test_explain_says_plainly_that_a_dossier_is_retired(filled: str) -> None:
    await archive(filled, retire=True, before=date(2027, 1, 1))
    [(key,), *_] = await ask(filled, "SELECT key FROM dossier WHERE form = -1 ORDER BY key")
    out, err = StringIO(), StringIO()

    status = await asyncio.to_thread(
        lambda: explain_command(key, database=filled, plain=PLAIN_POLICY, out=out, err=err)
    )

    assert (status, out.getvalue()) == (1, "")
    assert f"dossier {key} is retired: its events are past retention and gone" in err.getvalue()


async def test_a_ledger_without_the_migration_is_said_in_one_line(bare_database: str) -> None:
    run = await archive(bare_database)

    assert run.status == 1
    assert run.err == (
        "emc archive: the ledger lacks a migration; run `emc migrate` as the role that"
        " owns the ledger, then deploy/postgresql/roles.sql\n"
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"before": date(2020, 1, 1)}, "add --retire"),
        ({"retire": True, "retention_years": 0}, "EMC_RETENTION_YEARS is 0"),
    ],
)
async def test_what_makes_no_sense_is_refused(options: dict[str, Any], words: str) -> None:
    run = await archive("postgresql://127.0.0.1:1/none", **options)

    assert run.status == 2
    assert words in run.err


async def test_retention_counts_years_from_the_local_day(database: str) -> None:
    await migrate(database)
    leap_day = int(datetime.fromisoformat("2028-02-29T12:00:00+07:00").timestamp() * 1000)

    run = await archive(
        database,
        retire=True,
        retention_years=3,
        now_ms=leap_day,
        policy=Policy(Zone("Asia/Ho_Chi_Minh")),
    )

    assert "0 dossiers that ended before 2025-02-28 retired" in run.out


def test_a_dictionary_holds_nothing_that_only_one_dossier_has() -> None:
    event = said(9, at(5), id="9", applicant_key="k" * 32, step="thẩm định")

    kept_of_it = faceless(event)

    assert (kept_of_it.dossier, kept_of_it.id, kept_of_it.applicant_key) == ("", "", "")
    assert (kept_of_it.agency, kept_of_it.step) == (event.agency, "thẩm định")


async def test_entries_booked_anew_beside_archived_events_are_archived_again(
    filled: str,
) -> None:
    """As a recompute leaves them: new entries, and the events untouched."""
    before = await kept(filled)
    await archive(filled)
    [(key,), *_] = await ask(filled, "SELECT key FROM dossier WHERE form > 0 ORDER BY key")
    await ask(
        filled,
        "UPDATE dossier SET booked = $2, booked_form = 0 WHERE key = $1",
        key,
        before[key].booked,
    )

    assert await kept(filled) == before
    run = await archive(filled, as_json=True)

    assert json.loads(run.out)["archived"] == 1
    assert await kept(filled) == before
