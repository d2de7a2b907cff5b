"""A source on trial, through the whole service: measured, in the books, and on no figure."""

import asyncio
from pathlib import Path

import asyncpg
from msgspec.structs import replace

from agents.generate.model import Record
from monitor.domain.measures import TRIAL, Measure
from monitor.domain.zone import Zone
from monitor.ledger.figures import Figures
from monitor.reference.policy import load_policy
from schemas.encode import encode, key
from tests.domain.strategies import at, said
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu
from tests.whole.ledger_checks import figures
from tests.whole.service import stage

REFERENCE = ROOT / "deploy" / "reference"
DUE = at(5, "17:00")
LIFE = [
    replace(said(2, at(3), due_ms=DUE, channel=2, level=4), trial=True),
    replace(said(4, at(4)), trial=True),
]
LIVE = said(4, at(5), agency="H56.14")


def records(events):
    return [
        Record(key=key(event).decode(), value=encode(event), at_ms=event.arrival_ms)
        for event in events
    ]


async def test_a_trial_is_in_the_books_and_on_no_figure_until_its_source_is_live(
    tansu: Tansu, database: str, tmp_path: Path
):
    policy = load_policy(REFERENCE)
    async with stage(tansu.bootstrap, database, tmp_path) as here:
        await asyncio.to_thread(here.worker(reference=str(REFERENCE)).start)
        await here.produce(records(LIFE))
        await here.booked()

        assert await figures(database) == {}
        assert await here.disagreements(policy) == []
        async with asyncpg.create_pool(database, min_size=0, max_size=2) as pool:
            shown = await Figures(pool, policy).snapshot(at(5, "18:00"))
            net = await pool.fetch("SELECT measure, sum(amount) AS net FROM journal GROUP BY 1")
        # Open and overdue on the day it falls due: that is asked of the dossiers' rows.
        assert (shown.flows, shown.open) == ({}, {})
        assert {row["measure"] for row in net if row["measure"] < TRIAL} == set()
        assert dict(net)[TRIAL + Measure.ACCEPTED] == 1

        await here.produce(records([LIVE]))
        await here.booked()

        assert await figures(database) == {("H56", 2, 4): {"accepted": 1, "in_process": 1}}
        assert await here.disagreements(policy) == []
        async with asyncpg.create_pool(database, min_size=0, max_size=2) as pool:
            left = await pool.fetch(
                "SELECT measure FROM journal GROUP BY 1 HAVING sum(amount) <> 0 AND measure >= $1",
                TRIAL,
            )
            shown = await Figures(pool, policy).snapshot(at(5, "18:00"))
        assert left == []
        assert sum(shown.open.values()) == 1
    assert Zone().day(DUE) == Zone().day(at(5))
