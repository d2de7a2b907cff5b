"""The verdict asks the service too, and does not take its word for more than it looked at."""

import asyncpg

from monitor.domain.policy import RULES_VERSION
from monitor.domain.view import Cell
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.reference.sets import plain_set
from tests.chaos.verdict import drift
from tests.whole.ledger_checks import PLAIN


async def test_a_journal_that_nobody_has_booked_is_drift(database: str):
    await migrate(database)
    async with Ledger.open(database) as ledger:
        await ledger.policies.register(plain_set(PLAIN))
        accepted_in = Cell("H56", "", "1.004194", 2, "", 4)
        cell = (await ledger.number([accepted_in]))[accepted_in]
    sound = await drift(database)
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO journal (measure, cell, day, slot, class, amount)"
        " VALUES (2, $1, 20000, -1, 0, 1)",
        cell,
    )
    await connection.close()

    found = await drift(database)

    assert sound == []
    assert [said.partition(":")[0] for said in found] == [
        "emc reconcile, totals",
        "emc reconcile, entries",
    ]


async def test_a_ledger_that_cannot_be_reconciled_is_no_sound_one(bare_database: str):
    [said] = await drift(bare_database)

    assert "the ledger lacks a migration" in said


async def test_dossiers_that_were_not_compared_are_no_sound_ones(database: str):
    """Rows of an epoch that does not rule are stale: reconcile has not looked at them."""
    await migrate(database)
    async with Ledger.open(database) as ledger:
        await ledger.policies.register(plain_set(PLAIN))
    connection = await asyncpg.connect(database)
    await connection.execute(
        "INSERT INTO dossier (key, version, rules, epoch, outcome, events, booked)"
        " VALUES ('a', 1, $1, 0, 4, '', '')",
        RULES_VERSION,
    )
    await connection.close()

    [said] = await drift(database)

    assert said == "emc reconcile, dossiers: 0 of 0 differ, 1 stale: []"
