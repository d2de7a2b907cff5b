"""How connections stand, on /metrics: one class a source, its since-when, and what else is known."""

from typing import Any

import asyncpg
from prometheus_client.parser import text_string_to_metric_families

from monitor.ledger.migrate import migrate
from tests.outlets.test_serve import serving


async def scraped(dsn: str) -> dict[tuple[str, ...], float]:
    async with serving(dsn) as service:
        text = (await service.get("/metrics")).text
    return {
        (sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith(("emc_source", "emc_sent"))
    }


async def stand(dsn: str, *row: Any) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        f"INSERT INTO connection VALUES ({', '.join(f'${n}' for n in range(1, 15))})", *row
    )
    await connection.close()


async def test_a_connection_is_shown_with_its_class_since_when_and_uptime(database: str):
    await migrate(database)
    facts = '[{"fact": "clock", "since_ms": 90000, "detail": "d"}, {"fact": "absent", "since_ms": null}]'
    await stand(
        database, "H56-onestop", False, "partial", 60_000, 120_000, 50_000, None, 1_800_000,
        4_000, 3_000, 2_000, 5_000, False, facts,
    )  # fmt: skip
    await stand(
        database, "trial", True, "not_connected", 1_000, 110_000, None, None, None, 0, 0, None,
        None, False, "[]",
    )  # fmt: skip

    assert await scraped(database) == {
        ("emc_source_class_since_timestamp_seconds", "class=partial", "source=H56-onestop",
         "status=live"): 60.0,
        ("emc_source_class_since_timestamp_seconds", "class=not_connected", "source=trial",
         "status=trial"): 1.0,
        ("emc_source_fact_since_timestamp_seconds", "fact=clock", "source=H56-onestop"): 90.0,
        ("emc_source_last_event_timestamp_seconds", "source=H56-onestop"): 50.0,
        ("emc_source_silence_explained_seconds", "source=H56-onestop"): 1800.0,
        ("emc_source_uptime_ratio", "source=H56-onestop"): 0.75,
        ("emc_source_freshness_seconds", "quantile=0.5", "source=H56-onestop"): 2.0,
        ("emc_source_freshness_seconds", "quantile=0.95", "source=H56-onestop"): 5.0,
        ("emc_sources_judged_timestamp_seconds",): 110.0,
        ("emc_sent_backlog_rows",): 0.0,
    }  # fmt: skip
