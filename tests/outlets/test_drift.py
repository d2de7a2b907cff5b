"""What `emc reconcile` found, as `emc serve` shows it."""

import asyncpg

from monitor.ledger.checks import Check
from monitor.ledger.reconcile import record
from tests.outlets.test_serve import one, serving
from tests.outlets.writer import Writer


async def recorded(dsn: str, *found: tuple[Check, int, int, int]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await record(connection, found)
    finally:
        await connection.close()


async def test_a_ledger_never_reconciled_has_no_sample_of_drift(database: str) -> None:
    """0 would say that somebody has looked."""
    async with Writer.on(database), serving(database) as service:
        found = await service.scrape()

    assert not [name for name, _ in found if name.startswith("emc_ledger_drift")]
    assert not [name for name, _ in found if name.startswith("emc_ledger_reconciled")]
    assert not [name for name, _ in found if name.startswith("emc_ledger_stale")]


async def test_the_last_run_of_each_check_is_shown_with_its_time(database: str) -> None:
    async with Writer.on(database), serving(database) as service:
        await recorded(
            database,
            (Check.TOTALS, 40, 3, 0),
            (Check.DOSSIERS, 7, 1, 2),
            (Check.ENTRIES, 9, 0, 0),
        )
        await recorded(database, (Check.TOTALS, 41, 0, 0))

        found = await service.scrape()

    assert one(found, "emc_ledger_drift", check="totals") == 0
    assert one(found, "emc_ledger_drift", check="dossiers") == 1
    assert one(found, "emc_ledger_drift", check="entries") == 0
    assert one(found, "emc_ledger_stale_dossiers") == 2
    taken = one(found, "emc_snapshot_timestamp_seconds")
    assert (
        abs(one(found, "emc_ledger_reconciled_timestamp_seconds", check="totals") - taken) < 60
    )
    assert ("emc_ledger_drift", frozenset({("check", "balances")})) not in found
