"""Working time and what falls due, on /metrics."""

import asyncpg

from monitor.domain.policy import Policy
from monitor.ledger.dues import AgencyDues, keep
from monitor.ledger.figures import Figures, Snapshot
from monitor.ledger.migrate import migrate
from monitor.outlets import dues
from monitor.outlets.metrics import families
from monitor.outlets.series import Places
from monitor.reference.policy import load_policy
from tests.domain.strategies_time import at
from tests.outlets.test_serve import serving
from tests.outlets.writer import Writer
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"
OF_CALENDARS = ("emc_working_time", "emc_working_day", "emc_digest_time")


def shown(snapshot: Snapshot, *names: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in families(snapshot, Places())
        for sample in family.samples
        if sample.name in names
    }


async def snapshot(dsn: str, policy: Policy, now_ms: int) -> Snapshot:
    async with Writer.on(dsn), asyncpg.create_pool(dsn, min_size=1, max_size=1) as pool:
        return await Figures(pool, policy).shown(now_ms)


async def test_the_policys_calendars_are_shown_with_what_they_say_of_the_instant(database: str):
    read = await snapshot(database, load_policy(SHIPPED), at("2026-08-03 12:00"))

    assert shown(read, *OF_CALENDARS) == {
        ("emc_working_time", "national"): 0,  # lunch
        ("emc_working_day", "national"): 1,
        ("emc_digest_time", "national"): 0,
    }


async def test_a_deployment_without_reference_files_shows_no_calendar(database: str):
    async with Writer.on(database), serving(database) as service:
        text = (await service.get("/metrics")).text

    assert "# TYPE emc_working_time gauge" in text
    assert not [line for line in text.splitlines() if line.startswith(OF_CALENDARS)]


def test_every_metric_that_is_declared_here_is_made() -> None:
    empty = Snapshot(now_ms=0, flows={}, consumed={}, open={}, tallies={}, positions={})

    assert [family.name for family in dues.families(empty, Places())] == [
        metric.name for metric in dues.METRICS
    ]


async def test_what_was_judged_is_shown_by_agency_and_what_is_not_known_is_not(database: str):
    await migrate(database)
    connection = await asyncpg.connect(database)
    await keep(
        connection,
        [
            AgencyDues("G01", 60_000, 0, 0, 0, 0, None, 20_000, 0.0, 0.0, None),
            AgencyDues("H56", 90_000, 7, 5, 3, 2, 12.5, 20_000, 8.25, 9.0, 11.5),
        ],
    )
    await connection.close()

    async with serving(database) as service:
        found = await service.scrape()

    assert {
        (name, *sorted(labels)): value
        for (name, labels), value in found.items()
        if name.startswith(("emc_agency_", "emc_dues_"))
    } == {
        ("emc_agency_dossiers_due", ("agency", "G01"), ("when", "overdue")): 0,
        ("emc_agency_dossiers_due", ("agency", "G01"), ("when", "today")): 0,
        ("emc_agency_dossiers_due", ("agency", "G01"), ("when", "in_1")): 0,
        ("emc_agency_dossiers_due", ("agency", "G01"), ("when", "in_2")): 0,
        ("emc_agency_dossiers_expected_overdue", ("agency", "G01"), ("within", "1")): 0,
        ("emc_agency_dossiers_expected_overdue", ("agency", "G01"), ("within", "3")): 0,
        ("emc_agency_dossiers_due", ("agency", "H56"), ("when", "overdue")): 7,
        ("emc_agency_dossiers_due", ("agency", "H56"), ("when", "today")): 5,
        ("emc_agency_dossiers_due", ("agency", "H56"), ("when", "in_1")): 3,
        ("emc_agency_dossiers_due", ("agency", "H56"), ("when", "in_2")): 2,
        ("emc_agency_dossiers_expected_overdue", ("agency", "H56"), ("within", "1")): 8.25,
        ("emc_agency_dossiers_expected_overdue", ("agency", "H56"), ("within", "3")): 9,
        ("emc_agency_dossiers_expected_overdue", ("agency", "H56"), ("within", "5")): 11.5,
        ("emc_agency_pace_dossiers_per_working_day", ("agency", "H56")): 12.5,
        ("emc_dues_judged_timestamp_seconds",): 60,
    }
