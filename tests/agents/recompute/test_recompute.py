"""A recompute beside live bookings ends with the ledger that the new policy alone would have made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from agents.recompute.child import rebook_with
from agents.recompute.rebook import Rebooker
from monitor.domain.policy import RULES_VERSION, Policy
from monitor.ledger import recompute
from monitor.ledger.migrate import migrate
from monitor.ledger.recompute import (
    Overtaken,
    RangesLeft,
    RecomputeEnded,
    RecomputeUnderWay,
)
from monitor.reference.sets import ReferenceSet, policy_of, set_of
from tests.agents.recompute.desk import (
    Office,
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
from tests.ledger.roles import roles
from tests.servers.postgres import Postgres
from tests.servers.require import ROOT
from tests.whole import ledger_checks

SHIPPED = ROOT / "deploy" / "reference"


@pytest.fixture(scope="module")
def old() -> ReferenceSet:
    return set_of(SHIPPED)[0]


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> ReferenceSet:
    return set_of(changed(SHIPPED, tmp_path_factory.mktemp("new") / "reference"))[0]


@pytest.fixture
async def other(postgres: Postgres) -> AsyncIterator[str]:
    """Another empty database, for the ledger that is built from scratch."""
    name = await postgres.create()
    yield postgres.dsn(name)
    await postgres.drop(name)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


async def disagreements(dsn: str, policy: Policy) -> list[str]:
    [at] = await fetch(dsn, "SELECT next FROM position")
    return await ledger_checks.drift(dsn, "t", {0: at["next"]}, policy)


async def the_same(dsn: str, from_scratch: str, policy: Policy) -> None:
    """Both ledgers agree with their events and with each other, in every account."""
    ours, theirs = await balances(dsn), await balances(from_scratch)
    assert ours == theirs, first_difference(ours, theirs)
    assert await totals(dsn) == await totals(from_scratch)
    assert await columns(dsn) == await columns(from_scratch)
    assert await disagreements(dsn, policy) == []


async def rebook(here: Office, epoch: int, new: ReferenceSet) -> None:
    async with connected(here.dsn) as connection:
        while True:
            try:
                return await rebook_with(
                    connection, epoch, Rebooker(here.ledger, policy_of(new))
                )
            except (Overtaken, asyncpg.TransactionRollbackError):
                pass


async def test_beside_live_bookings_it_gives_the_ledger_built_from_scratch_under_the_new_policy(
    database: str, other: str, old: ReferenceSet, new: ReferenceSet
):
    given = life(120)
    first, second = halves(given)
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(first)
        await here.booked()
        before = await balances(database)
        here.feed.pace_s = 0.02
        here.feed.write(second[:-80])

        epoch = await recompute.begin(connection, new)
        await recompute.lay_out(connection, 10)
        await asyncio.gather(*(rebook(here, epoch, new) for _ in range(3)))
        here.feed.write(second[-80:])  # events still come in, however long that took
        assert (await fetch(database, "SELECT max(epoch) FROM dossier"))[0][0] == 1
        shown = await totals(database)
        await recompute.switch(connection, epoch, Rebooker(here.ledger, policy_of(new)))
        assert await totals(database) != shown
        await here.booked()

        # Whatever is merged and whatever not, what is booked is the same.
        assert await connection.fetchval("SELECT count(*) FROM rebooked") > 50
        assert await disagreements(database, policy_of(new)) == []
        assert await recompute.merge(connection, "", 30) is not None
        assert await disagreements(database, policy_of(new)) == []
        while await recompute.merge(connection) is not None:
            pass
        [row] = await fetch(
            database, "SELECT min(epoch) AS least, max(epoch) AS most FROM dossier"
        )
        assert (row["least"], row["most"]) == (2, 2)

    async with office(other, new) as scratch:
        scratch.feed.write(given)
        await scratch.booked()
    await the_same(database, other, policy_of(new))
    assert before != await balances(other)


async def test_a_booking_is_noted_only_while_a_recompute_is_under_way(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    given = life(30)
    first, second = halves(given)
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(first)
        await here.booked()
        assert await connection.fetchval("SELECT count(*) FROM touched") == 0

        await recompute.begin(connection, new)
        here.feed.write(second)
        await here.booked()

        touched = {row["key"] for row in await connection.fetch("SELECT key FROM touched")}
        assert touched
        assert touched <= {
            row["key"] for row in await connection.fetch("SELECT key FROM dossier")
        }


async def test_what_is_given_up_leaves_every_figure_as_it_was(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(life(60))
        await here.booked()
        before = await balances(database), await totals(database), await columns(database)
        epoch = await recompute.begin(connection, new)
        await recompute.lay_out(connection, 10)
        await rebook(here, epoch, new)

        assert await recompute.abandon(connection) == epoch
        with pytest.raises(RecomputeEnded):
            await rebook(here, epoch, new)
        with pytest.raises(RecomputeEnded):
            await recompute.switch(connection, epoch, Rebooker(here.ledger, policy_of(new)))
        after = await balances(database), await totals(database), await columns(database)
        assert await recompute.merge(connection) is not None
        assert await recompute.merge(connection) is None

        assert after == before
        assert await columns(database) == before[2]
        assert await disagreements(database, policy_of(old)) == []
        assert await connection.fetchval("SELECT count(*) FROM rebooked") == 0


async def test_nothing_is_switched_before_every_range_is_rebooked(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(life(30))
        await here.booked()
        epoch = await recompute.begin(connection, new)
        await recompute.lay_out(connection, 10)
        rebooker = Rebooker(here.ledger, policy_of(new))
        await recompute.rebook_range(connection, epoch, rebooker)

        with pytest.raises(RangesLeft, match="ranges are not rebooked"):
            await recompute.switch(connection, epoch, rebooker)
        with pytest.raises(RecomputeUnderWay):
            await recompute.begin(connection, new)

        assert await connection.fetchval("SELECT max(epoch) FROM policy") == 2
        active = await here.ledger.policies.active()
        assert active is not None
        assert active.epoch == 1


async def test_a_switch_broken_off_leaves_every_figure_as_it_was(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(life(30))
        await here.booked()
        before = await balances(database), await totals(database), await columns(database)
        epoch = await recompute.begin(connection, new)
        await recompute.lay_out(connection, 10)
        await rebook(here, epoch, new)
        await connection.execute("INSERT INTO touched SELECT key FROM dossier")

        async def breaks_off(rows):
            raise ConnectionError

        # It fails with what is pending already in journal and totals, and bookings held off.
        await connection.execute("UPDATE rebooked SET version = version - 1")
        with pytest.raises(ConnectionError):
            await recompute.switch(connection, epoch, breaks_off)

        assert (await balances(database), await totals(database)) == before[:2]
        assert await columns(database) == before[2]
        here.feed.write(life(30, seed=2))
        await here.booked()
        assert await disagreements(database, policy_of(old)) == []


async def test_a_dossier_rebooked_by_two_at_once_is_rebooked_once(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(life(30))
        await here.booked()
        epoch = await recompute.begin(connection, new)
        rebooker = Rebooker(here.ledger, policy_of(new))
        key = await connection.fetchval("SELECT min(key) FROM dossier")

        async def somebody_else_meanwhile(rows):
            async with connected(database) as theirs:
                await theirs.execute("INSERT INTO touched VALUES ($1)", key)
                await recompute.rebook_touched(theirs, epoch, rebooker)
            return await rebooker(rows)

        await connection.execute("INSERT INTO touched VALUES ($1)", key)
        with pytest.raises(Overtaken):
            await recompute.rebook_touched(connection, epoch, somebody_else_meanwhile)

        assert await recompute.rebook_touched(connection, epoch, rebooker) == 1  # kept for us
        assert await connection.fetchval("SELECT count(*) FROM rebooked") == 1


async def test_what_readers_see_is_of_one_policy_at_every_instant(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    """A reader's transaction from before the switch goes on seeing what was before."""
    async with (
        office(database, old) as here,
        connected(database) as connection,
        connected(database) as reader,
    ):
        here.feed.write(life(60))
        await here.booked()
        figures = (
            "SELECT (SELECT max(epoch) FROM booked_now), (SELECT sum(credit - debit) FROM total),"
            " (SELECT sum(amount) FROM journal), (SELECT md5(string_agg(booked, '' ORDER BY key))"
            " FROM booked_now)"
        )
        epoch = await recompute.begin(connection, new)
        await recompute.lay_out(connection, 10)
        await rebook(here, epoch, new)
        async with reader.transaction(isolation="repeatable_read", readonly=True):
            before = await reader.fetchrow(figures)
            await recompute.switch(connection, epoch, Rebooker(here.ledger, policy_of(new)))
            assert await reader.fetchrow(figures) == before
            while await recompute.merge(connection, "", 10) is not None:
                assert await reader.fetchrow(figures) == before
        assert await reader.fetchrow(figures) != before


async def test_a_second_recompute_goes_back_to_the_figures_of_the_first_policy(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(life(60))
        await here.booked()
        before = await balances(database)
        for reference in (new, old):
            epoch = await recompute.begin(connection, reference)
            await recompute.lay_out(connection, 10)
            await rebook(here, epoch, reference)
            rebooker = Rebooker(here.ledger, policy_of(reference))
            await recompute.switch(connection, epoch, rebooker)
            while await recompute.merge(connection) is not None:
                pass
            await recompute.clear(connection)

        assert await balances(database) == before
        assert await disagreements(database, policy_of(old)) == []
        [row] = await fetch(database, "SELECT min(epoch), max(epoch), max(rules) FROM dossier")
        assert tuple(row) == (3, 3, RULES_VERSION)


async def test_dossiers_of_before_epochs_were_kept_are_brought_into_one(
    database: str, old: ReferenceSet
):
    await migrate(database)
    async with office(database, old) as here, connected(database) as connection:
        here.feed.write(life(20))
        await here.booked()
        await connection.execute("UPDATE dossier SET epoch = 0")
        lines = await connection.fetchval("SELECT count(*) FROM journal")

        epoch = await recompute.begin(connection, old)
        await recompute.lay_out(connection)
        await rebook(here, epoch, old)
        done = await recompute.switch(connection, epoch, Rebooker(here.ledger, policy_of(old)))

        assert done.lines == 0
        assert await connection.fetchval("SELECT count(*) FROM journal") == lines
        assert await connection.fetchval("SELECT min(epoch) FROM booked_now") == epoch


async def test_the_workers_role_may_recompute_and_owns_nothing(
    database: str, old: ReferenceSet, new: ReferenceSet
):
    async with roles(database) as address:
        dsn = address("emc_worker")
        async with office(dsn, old) as here, connected(dsn) as connection:
            here.feed.write(life(20))
            await here.booked()
            epoch = await recompute.begin(connection, new)
            await recompute.lay_out(connection, 10)
            await rebook(here, epoch, new)
            await recompute.analyse(connection)
            await recompute.switch(connection, epoch, Rebooker(here.ledger, policy_of(new)))
            while await recompute.merge(connection) is not None:
                pass
            await recompute.clear(connection)

        assert await disagreements(database, policy_of(new)) == []
