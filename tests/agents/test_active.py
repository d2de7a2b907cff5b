"""Commands that look at what is booked go by the policy it was booked under."""

import asyncio
from pathlib import Path

from agents.active import as_active
from agents.settings import Settings
from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger.ledger import Ledger
from monitor.ledger.migrate import migrate
from monitor.reference.sets import ReferenceSet, plain_set, set_of
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"


async def registered(database: str, reference: ReferenceSet) -> None:
    await migrate(database)
    async with Ledger.open(database) as ledger:
        await ledger.policies.register(reference)


def found(settings: Settings) -> tuple[str, Policy]:
    with as_active(settings) as active:
        stored, policy = active.reference_set()
        return stored.hash, policy


async def test_the_active_set_rules_whatever_the_environment_names(database: str):
    await registered(database, set_of(SHIPPED)[0])

    hash_, policy = await asyncio.to_thread(found, Settings(database=database))

    assert hash_ == set_of(SHIPPED)[0].hash
    assert policy.legal is not None


async def test_a_set_without_files_rules_too(database: str):
    by_date = Policy(Zone("Europe/Berlin"), Precision.DATE)
    await registered(database, plain_set(by_date))

    settings = Settings(database=database, reference=str(SHIPPED))

    assert (await asyncio.to_thread(found, settings))[1] == by_date


def test_without_a_ledger_the_settings_stay_as_they_are(tmp_path: Path):
    settings = Settings(database=f"postgresql://nobody@/none?host={tmp_path}")

    with as_active(settings) as active:
        assert active == settings
