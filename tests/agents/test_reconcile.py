"""`emc reconcile` on a real ledger: silent when all agrees, and it names each thing that was broken."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import date
from io import StringIO
from typing import Any

import asyncpg
import pytest

from agents.archive import archive_command
from agents.reconcile import reconcile_command
from agents.settings import Settings
from monitor.domain.composition import HIGHEST, made_of
from monitor.domain.facts import Fact, Term
from monitor.domain.measures import Measure
from monitor.ledger import reading_book
from monitor.ledger.checks import Check
from monitor.ledger.follower import connect, fold, seal
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.reference.policy import load_policy
from tests.agents.test_archive import (
    YEARS_LATER,
    Ran,
    ask,
    fill,
    filled,
    filled_once,
    scenario,
)
from tests.servers.postgres import Postgres
from tests.servers.require import ROOT
from tests.whole.ledger_checks import PLAIN as PLAIN_POLICY

ALL = tuple(Check)
__all__ = ["filled", "filled_once"]  # fixtures
AGREES = ["totals", "entries", "dossiers"]


async def reconcile(dsn: str, checks: Sequence[Check] = ALL, **options: Any) -> Ran:
    out, err = StringIO(), StringIO()
    status = await asyncio.to_thread(
        lambda: reconcile_command(
            Settings(database=dsn), checks=checks, out=out, err=err, **options
        )
    )
    return Ran(status, out.getvalue(), err.getvalue())


async def told(dsn: str, checks: Sequence[Check] = ALL, *, status: int = 1) -> dict[str, Any]:
    run = await reconcile(dsn, checks, as_json=True)
    assert (run.status, run.err) == (status, "")
    found: dict[str, Any] = json.loads(run.out)
    assert found["equal"] is (status == 0)
    return dict(found["checks"])


async def test_a_ledger_that_agrees_is_said_to(filled: str) -> None:
    found = await told(filled, status=0)

    assert set(AGREES) <= set(found)
    [(dossiers,)] = await ask(filled, "SELECT count(*) FROM dossier")
    [(accounts,)] = await ask(
        filled, "SELECT count(*) FROM (SELECT DISTINCT measure, cell, day, slot FROM journal) a"
    )
    assert (found["dossiers"]["compared"], found["dossiers"]["stale"]) == (dossiers, 0)
    assert found["entries"]["compared"] == accounts
    assert all(check["differing"] == 0 for check in found.values())


async def test_it_agrees_also_with_archived_and_retired_dossiers(filled: str) -> None:
    def archive(**options: Any) -> None:
        given = {"policy": PLAIN_POLICY, "now_ms": YEARS_LATER, "after_days": 1, **options}
        archive_command(database=filled, out=StringIO(), err=StringIO(), **given)

    await asyncio.to_thread(archive, retire=True, before=date(2026, 6, 20))
    await asyncio.to_thread(archive)
    [(small, retired)] = await ask(
        filled,
        "SELECT count(*) FILTER (WHERE form > 0), count(*) FILTER (WHERE form < 0) FROM dossier",
    )
    assert small > 5
    assert retired > 5

    found = await told(filled, status=0)

    [(left,)] = await ask(filled, "SELECT count(*) FROM dossier WHERE form >= 0")
    assert found["dossiers"]["compared"] == left


async def test_a_changed_row_of_the_journal_is_named(filled: str) -> None:
    [(measure, cell, day, slot)] = await ask(
        filled,
        """
        UPDATE journal_page SET amounts[at.n] = amounts[at.n] + 5
        FROM (SELECT seq, array_position(measures, 2::int2) AS n FROM journal_page
              WHERE 2 = ANY(measures) LIMIT 1) AS at
        WHERE journal_page.seq = at.seq RETURNING measures[n], cells[n], days[n], slots[n]
        """,
    )
    [(agency,)] = await ask(filled, "SELECT agency FROM cell WHERE id = $1", cell)

    found = await told(filled, [Check.TOTALS, Check.ENTRIES])

    assert measure == 2
    assert slot == -1
    day_text = date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()
    [entry] = found["entries"]["first"]
    assert entry["account"].startswith(f"accepted, agency {agency}, ")
    assert f"day {day_text}" in entry["account"]
    assert entry["journal"] == entry["other"] + 5
    [total] = found["totals"]["first"]
    assert total["account"].startswith(f"accepted, agency {agency[:3]}, ")
    assert total["journal"] == total["other"] + 5


async def test_a_lost_row_of_the_journal_is_named(filled: str) -> None:
    await ask(
        filled,
        "UPDATE journal_page SET measures = trim_array(measures, 1), cells = trim_array(cells, 1),"
        " days = trim_array(days, 1), slots = trim_array(slots, 1),"
        " amounts = trim_array(amounts, 1)"
        " WHERE seq = (SELECT max(seq) FROM journal_page) RETURNING 1",
    )

    found = await told(filled, [Check.ENTRIES])

    assert found["entries"]["differing"] == 1


async def test_a_changed_total_is_named(filled: str) -> None:
    [(agency,)] = await ask(
        filled,
        "UPDATE total SET credit = credit + 1 WHERE ctid = (SELECT min(ctid) FROM total"
        " WHERE measure = 5) RETURNING agency",
    )

    found = await told(filled, [Check.TOTALS, Check.ENTRIES])

    [total] = found["totals"]["first"]
    assert total["account"].startswith(f"completed, agency {agency}, ")
    assert total["other"] == total["journal"] + 1
    assert found["entries"]["differing"] == 0


async def test_a_total_that_runs_backwards_is_named_though_its_net_is_right(
    filled: str,
) -> None:
    await ask(
        filled,
        "UPDATE total SET credit = credit - 1000, debit = debit - 1000"
        " WHERE ctid = (SELECT min(ctid) FROM total) RETURNING 1",
    )

    assert (await told(filled, [Check.TOTALS]))["totals"]["differing"] == 1


async def test_a_total_nobody_booked_is_named(filled: str) -> None:
    await ask(
        filled,
        "INSERT INTO total VALUES (0, 2, 'H99', 1, 4, -1, 0, 1, 0) RETURNING 1",
    )

    found = await told(filled, [Check.TOTALS])

    assert found["totals"]["first"] == [
        {
            "account": "accepted, agency H99, channel 1, level 4, class live",
            "journal": 0,
            "other": 1,
        }
    ]


async def change_booked(dsn: str) -> str:
    """One more of the first entry of a dossier."""
    [(key, booked), *_] = await ask(
        dsn, "SELECT key, booked FROM dossier WHERE outcome = 6 ORDER BY key LIMIT 1"
    )
    entries = unpack_entries(booked)
    first = min(entries)
    entries[first] += 1
    await ask(dsn, "UPDATE dossier SET booked = $2 WHERE key = $1", key, pack_entries(entries))
    return str(key)


async def test_a_changed_booked_entry_is_named(filled: str) -> None:
    key = await change_booked(filled)

    found = await told(filled)

    [dossier] = found["dossiers"]["first"]
    assert dossier["dossier"] == key
    assert dossier["says"].endswith(": booked 2, its events post 1")
    [entry] = found["entries"]["first"]
    assert entry["other"] == entry["journal"] + 1
    assert found["totals"]["differing"] == 0


async def test_a_lost_dossier_is_named_by_its_accounts(filled: str) -> None:
    [(booked,)] = await ask(
        filled,
        "DELETE FROM dossier WHERE key = (SELECT key FROM dossier WHERE outcome = 6"
        " ORDER BY key LIMIT 1) RETURNING booked",
    )

    found = await told(filled)

    assert found["entries"]["differing"] == len(unpack_entries(booked))
    assert found["dossiers"]["differing"] == 0


async def test_a_changed_event_is_named(filled: str) -> None:
    """The acceptance is lost: whatever else happened, none of it is booked any more."""
    [(key, events), *_] = await ask(
        filled, "SELECT key, events FROM dossier WHERE outcome = 6 ORDER BY key LIMIT 1"
    )
    length = int.from_bytes(events[:4], "little")
    await ask(
        filled, "UPDATE dossier SET events = $2 WHERE key = $1", key, events[4 + length :]
    )

    found = await told(filled)

    [dossier] = found["dossiers"]["first"]
    assert dossier["dossier"] == key
    assert "its events post" in dossier["says"]
    assert found["entries"]["differing"] == 0


async def test_events_that_cannot_be_read_are_named(filled: str) -> None:
    [(key,)] = await ask(
        filled,
        "UPDATE dossier SET events = set_byte(events, 4, 255) WHERE key = (SELECT min(key)"
        " FROM dossier) RETURNING key",
    )

    found = await told(filled, [Check.DOSSIERS])

    [dossier] = found["dossiers"]["first"]
    assert dossier["dossier"] == key
    assert dossier["says"].startswith("its events cannot be read: ")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("due_ms = coalesce(due_ms, 0) + 1", "its column due_ms says "),
        ("outcome = 7", "its column outcome says 7, its events 6"),
        (
            "cell = (SELECT max(id) + 1 FROM cell)",
            "its column cell says None, its events Cell(",
        ),
    ],
)
async def test_a_changed_column_is_named(filled: str, change: str, words: str) -> None:
    await ask(
        filled,
        f"UPDATE dossier SET {change} WHERE key = (SELECT min(key) FROM dossier"
        " WHERE outcome = 6) RETURNING 1",
    )

    [dossier] = (await told(filled, [Check.DOSSIERS]))["dossiers"]["first"]

    assert dossier["says"].startswith(words)


async def test_a_retired_sum_that_was_changed_is_named(filled: str) -> None:
    await ask(
        filled,
        "INSERT INTO retired_page (measures, cells, days, slots, amounts)"
        " VALUES ('{2}', '{1}', '{20000}', '{-1}', '{3}') RETURNING 1",
    )

    [entry] = (await told(filled, [Check.ENTRIES]))["entries"]["first"]

    assert entry["account"].startswith("accepted, ")
    assert (entry["journal"], entry["other"]) == (0, 3)


async def test_what_was_booked_under_other_rules_is_stale_and_no_drift(filled: str) -> None:
    key = await change_booked(filled)
    await ask(filled, "UPDATE dossier SET epoch = 7 WHERE key = $1", key)

    found = await told(filled, [Check.DOSSIERS], status=0)

    assert (found["dossiers"]["stale"], found["dossiers"]["differing"]) == (1, 0)
    assert "1 booked under another policy or other rules" in found["dossiers"]["note"]


async def test_several_processes_find_what_one_finds(filled: str) -> None:
    await change_booked(filled)

    alone = await reconcile(filled, as_json=True)
    together = await reconcile(filled, as_json=True, jobs=2)

    assert (together.status, together.err) == (1, "")
    assert json.loads(together.out) == json.loads(alone.out)


async def test_every_dossier_is_met_once_however_the_ranges_fall(
    filled: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.reconcile.RANGE_DOSSIERS", 7)
    monkeypatch.setattr("monitor.ledger.reconcile.BLOCKS", 1)

    found = await told(filled, status=0)

    [(dossiers,)] = await ask(filled, "SELECT count(*) FROM dossier")
    assert found["dossiers"]["compared"] == dossiers


async def test_the_sums_are_of_one_state_while_a_worker_books(database: str) -> None:
    given = scenario(seed=3, dossiers=400)
    await fill(database, given[:500])
    booking = asyncio.create_task(fill(database, given[500:]))

    runs = []
    while not booking.done():
        runs.append(await reconcile(database, [Check.TOTALS, Check.ENTRIES]))
    await booking

    assert len(runs) > 1
    assert [(run.status, run.out) for run in runs if run.status] == []


async def test_a_run_is_recorded_check_by_check(filled: str) -> None:
    await change_booked(filled)

    await reconcile(filled, [Check.TOTALS])
    await reconcile(filled, [Check.DOSSIERS])

    rows = await ask(filled, "SELECT name, differing FROM reconciled ORDER BY name")
    assert rows == [("dossiers", 1), ("totals", 0)]


async def test_a_page_names_what_differs_and_counts_what_does_not(filled: str) -> None:
    key = await change_booked(filled)

    run = await reconcile(filled)

    lines = run.out.splitlines()
    assert any(line.startswith("totals    ") and line.endswith(" agree") for line in lines)
    assert any(line.startswith("entries   1 of ") for line in lines)
    assert any(line.strip().startswith(f"{key}: ") for line in lines)


async def test_a_ledger_without_the_migration_is_said_in_one_line(bare_database: str) -> None:
    run = await reconcile(bare_database)

    assert run.status == 1
    assert run.err == (
        "emc reconcile: the ledger lacks a migration; run `emc migrate` as the role that"
        " owns the ledger, then deploy/postgresql/roles.sql\n"
    )


async def test_a_role_that_may_only_read_still_gets_its_answer(filled: str) -> None:
    connection = await asyncpg.connect(filled)
    try:
        await connection.execute(
            "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'emc_looks') THEN"
            " CREATE ROLE emc_looks LOGIN; END IF; END $$;"
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO emc_looks"
        )
    finally:
        await connection.close()

    run = await reconcile(filled.replace("postgres:@", "emc_looks:@"))

    assert run.status == 0
    assert "may not write the table reconciled" in run.err


async def fold_half(dsn: str) -> None:
    """As the follower does, by hand, and no further than half of the journal."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            """
            DELETE FROM follower;
            INSERT INTO follower SELECT max(seq) / 2, '2026-08-03T09:00:00Z' FROM journal;
            INSERT INTO balance_run SELECT measure, day, 0, max(seq), array_agg(cell),
                array_agg(slot), array_agg(amount)
            FROM journal WHERE seq <= (SELECT seq FROM follower) GROUP BY measure, day
            """
        )
    finally:
        await connection.close()


async def test_balances_agree_with_the_journal_as_far_as_it_is_folded(filled: str) -> None:
    await fold_half(filled)
    [(behind,)] = await ask(
        filled, "SELECT count(*) FROM journal WHERE seq > (SELECT max(seq) / 2 FROM journal)"
    )

    found = await told(filled, status=0)

    assert found["balances"]["compared"] > 100
    assert found["balances"]["note"] == (
        f"{behind:,} rows of the journal are not in the balances yet, which tell the state of"
        " 2026-08-03 09:00:00 UTC"
    )


async def test_a_changed_balance_is_named(filled: str) -> None:
    await fold_half(filled)
    [(cell,)] = await ask(
        filled,
        "UPDATE balance_run SET amounts[1] = amounts[1] - 4 WHERE ctid = (SELECT min(ctid)"
        " FROM balance_run WHERE measure = 2) RETURNING cells[1]",
    )
    [(agency,)] = await ask(filled, "SELECT agency FROM cell WHERE id = $1", cell)

    [account] = (await told(filled, [Check.BALANCES]))["balances"]["first"]

    assert account["account"].startswith(f"accepted, agency {agency}, ")
    assert account["other"] == account["journal"] - 4


async def test_a_run_that_hides_some_of_its_lines_is_found(filled: str) -> None:
    """It is not read for what is due later than it says that anything is."""
    await fold_half(filled)
    assert (await told(filled, [Check.BALANCES], status=0))["balances"]["differing"] == 0
    [(hidden,)] = await ask(
        filled,
        "UPDATE balance_run SET last_slot = slots[1] - 1 WHERE ctid = (SELECT min(ctid)"
        " FROM balance_run WHERE measure = 2)"  # all on one slot
        " RETURNING (SELECT sum(amount)::int8 FROM unnest(amounts) AS amount)",
    )

    found = (await told(filled, [Check.BALANCES]))["balances"]

    assert found["differing"] > 0
    assert sum(one["journal"] - one["other"] for one in found["first"]) == hidden


async def test_a_follower_that_went_too_far_is_found(filled: str) -> None:
    """A watermark that says more than was folded: what lies between would never be."""
    await fold_half(filled)
    await ask(filled, "UPDATE follower SET seq = seq + 20 RETURNING seq")

    assert (await told(filled, [Check.BALANCES]))["balances"]["differing"] > 0


async def test_a_reference_that_was_lost_is_named_without_the_applicant(database: str) -> None:
    await fill(database, scenario(dossiers=60), policy=load_policy(ROOT / "deploy/reference"))
    [(year, digest)] = await ask(
        database,
        "UPDATE applicant SET dossiers = dossiers + 1 WHERE ctid = (SELECT min(ctid)"
        " FROM applicant WHERE dossiers > 0) RETURNING year, digest",
    )

    [account] = (await told(database, [Check.ENTRIES]))["entries"]["first"]

    assert account["account"].startswith(f"applicants of {year}, agency ")
    assert account["journal"] == account["other"] + 1
    assert str(digest) not in json.dumps(account)
    assert "day" not in account["account"]


@pytest.fixture(scope="module")
def summed_once(postgres: Postgres, filled_once: str) -> Iterator[str]:
    """The same ledger with sums that readings are made of, to be copied."""

    async def make() -> str:
        name = await postgres.create(filled_once)
        await keep_sums(postgres.dsn(name))
        return name

    name = asyncio.run(make())
    yield name
    asyncio.run(postgres.drop(name))


@pytest.fixture
async def summed(postgres: Postgres, summed_once: str) -> AsyncIterator[str]:
    name = await postgres.create(summed_once)
    yield postgres.dsn(name)
    await postgres.drop(name)


ASKED = {
    fact: reading_book.Wanted(made_of(Term(fact=fact))[0].sum, stock, procedures)
    for fact, stock, procedures in (
        (Fact.RECEIVED, False, reading_book.Procedures.COUNTED),
        (Fact.COMPLETED, False, reading_book.Procedures.OF_LEVEL1),
        (Fact.IN_PROCESS, True, reading_book.Procedures.OF_NOBODY),
    )
}


async def keep_sums(dsn: str) -> None:
    """As the follower does: all that is booked, in the sums that are asked for."""
    follower = await connect(dsn)
    try:
        await reading_book.want(follower, ASKED.values())
        cut = await seal(follower)
        while await fold(follower, cut):
            pass
        assert await reading_book.follow(follower, 60) is False
    finally:
        await follower.close()


async def number_of(dsn: str, fact: Fact) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        return (await reading_book.known(connection))[0][ASKED[fact]]
    finally:
        await connection.close()


async def test_kept_sums_that_agree_are_said_to(summed: str) -> None:
    found = await told(summed, [Check.READINGS], status=0)

    readings = found["readings"]
    assert (readings["differing"], readings["note"]) == (0, "in 3 sums")
    assert readings["compared"] > 200


# What is done to what is kept of the dossiers accepted, and what is said of it.
CHANGED = {
    "a month": (
        "UPDATE reading_month SET amounts[$1] = amounts[$1] + 1 WHERE ctid ="
        " (SELECT ctid FROM reading_month WHERE reach = 0 AND amounts[$1] > 0 ORDER BY place, month"
        " LIMIT 1) RETURNING 'agency ' || place || ', month ' || to_char(date '1970-01-01' + month,"
        " 'YYYY-MM'), amounts[$1] - 1, amounts[$1]"
    ),
    "a day": (
        "UPDATE reading_day SET amounts[$1] = 0 WHERE ctid ="
        " (SELECT ctid FROM reading_day WHERE amounts[$1] > 0 ORDER BY place, day LIMIT 1)"
        " RETURNING 'all of ' || place || ', day ' || (date '1970-01-01' + day),"
        " 1, amounts[$1]"
    ),
    "a procedure": (
        "DELETE FROM reading_procedure WHERE ctid ="
        " (SELECT ctid FROM reading_procedure WHERE sum = $1 AND reach = 0 AND amount > 0"
        "  ORDER BY place, month, procedure LIMIT 1)"
        " RETURNING 'agency ' || place || ', month ' || to_char(date '1970-01-01' + month,"
        " 'YYYY-MM') || ', procedure ' || procedure, amount, 0"
    ),
    "the procedures that are counted": (
        "UPDATE reading_services SET procedures = procedures || '\\x01' WHERE ctid ="
        " (SELECT ctid FROM reading_services WHERE sum = $1 AND reach = 1"
        "  ORDER BY place, month LIMIT 1)"
        " RETURNING 'all of ' || place || ', month ' || to_char(date '1970-01-01' + month,"
        " 'YYYY-MM') || ', procedures counted', bit_count(procedures) - 1, bit_count(procedures)"
    ),
}


@pytest.mark.parametrize("change", CHANGED)
async def test_a_changed_kept_sum_is_named_and_filled_anew_where_that_is_asked(
    summed: str, change: str
) -> None:
    number = await number_of(summed, Fact.RECEIVED)
    [(where, was, now)] = await ask(summed, CHANGED[change], number)

    found = await told(summed)

    assert [check for check, one in found.items() if one["differing"]] == ["readings"]
    [amount] = found["readings"]["first"]
    assert amount["account"] == f"accepted, {where}"
    assert amount["other"] == now
    if change != "a day":
        assert amount["journal"] == was
    assert await ask(summed, "SELECT differing FROM reconciled WHERE name = 'readings'") == [
        (1,)
    ]
    # Only what is asked for is mended.
    assert (await told(summed, [Check.READINGS]))["readings"]["differing"] == 1

    run = await reconcile(summed, [Check.READINGS], refill=True)
    assert run.status == 1
    assert "1 sums are filled anew by the worker" in run.out
    [(unfilled,)] = await ask(
        summed, "SELECT count(*) FROM reading_sum WHERE filled_until < $1", HIGHEST
    )
    assert unfilled == 1
    between = (await told(summed, [Check.READINGS], status=0))["readings"]
    assert between["note"] == "in 3 sums, of which 1 are not filled to their end"
    await keep_sums(summed)

    again = (await told(summed, [Check.READINGS], status=0))["readings"]
    assert again["note"] == "in 3 sums"
    assert again["compared"] > between["compared"]


async def test_late_lines_that_differ_are_named_and_begun_anew(summed: str) -> None:
    follower = await connect(summed)
    try:
        await follower.execute(
            "INSERT INTO journal (measure, cell, day, slot, class, amount)"
            " SELECT $1, min(id), date '2026-06-15' - date '1970-01-01', -1, 0, 2 FROM cell",
            int(Measure.ACCEPTED),
        )
        while await fold(follower, await seal(follower)):
            pass
    finally:
        await follower.close()
    kept = (await told(summed, [Check.LATE], status=0))["late"]
    assert (kept["compared"], kept["differing"], kept["note"]) == (1, 0, "")

    await ask(summed, "UPDATE late_page SET amounts = '{7}'")
    found = await told(summed)
    differing = [check for check, one in found.items() if one["differing"]]
    assert differing == ["totals", "entries", "late"]  # a line that no dossier has booked
    [account] = found["late"]["first"]
    assert account["account"].startswith("accepted, agency ")
    assert (account["journal"], account["other"]) == (2, 7)

    run = await reconcile(summed, [Check.LATE], refill=True)
    assert "begun anew" in run.out
    again = (await told(summed, [Check.LATE], status=0))["late"]
    assert again["compared"] == 0
    assert again["note"].startswith("kept after the journal's number ")


async def test_an_agency_that_readings_would_pass_over_is_named_and_all_is_filled_anew(
    summed: str,
) -> None:
    [(agency,)] = await ask(
        summed,
        "DELETE FROM reading_place WHERE agency = (SELECT min(agency) FROM reading_place)"
        " RETURNING agency",
    )
    await ask(summed, "UPDATE reading_book SET last_day = last_day - 1 RETURNING 1")

    found = (await told(summed, [Check.READINGS]))["readings"]["first"]
    assert [one["account"].split(",")[0] for one in found] == [
        f"agency {agency}",
        "last day on which anything is booked",
    ]

    await reconcile(summed, [Check.READINGS], refill=True)
    await keep_sums(summed)
    await told(summed, [Check.READINGS], status=0)


async def test_sums_that_are_behind_the_balances_are_compared_as_far_as_they_are(
    summed: str,
) -> None:
    """More is booked and folded, and is not in the sums yet."""
    await fill(summed, scenario(seed=9, dossiers=30))
    follower = await connect(summed)
    try:
        cut = await seal(follower)
        while await fold(follower, cut):
            pass
    finally:
        await follower.close()
    [(behind,)] = await ask(
        summed, "SELECT follower.seq - reading_book.seq FROM follower, reading_book"
    )

    found = await told(summed, status=0)

    assert behind > 0
    assert found["readings"]["differing"] == 0
