"""A ledger with a few dossiers of Thanh Hóa, and its cuts."""

from collections.abc import Iterable

import asyncpg

from agents.generate.model import Record
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone
from monitor.ledger.follower import Cut, Follower, connect, last_cut
from monitor.ledger.indicator_sets import keep_sets
from monitor.reference.indicators import load_sets
from monitor.reference.sets import ReferenceSet, set_of
from schemas import encode
from schemas.event import StateChanged
from tests.domain.strategies_time import at
from tests.ledger.fill import feeding
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"
REFERENCE, POLICY = set_of(SHIPPED)
SETS = load_sets(SHIPPED)
NOW = at("2026-09-20 09:00")


def state(
    number: int,
    code: int,
    when: str,
    due: str = "",
    *,
    agency: str = "H56.04",
    procedure: str = "1.004194",
    channel: int = 2,
) -> Record:
    """A dossier, of the department of justice if nothing else is said, and a state of it."""
    told = StateChanged(
        f"{agency}-260803-{number:04}", "s", f"{number} {code} {when}", at(when), at(when), code,
        procedure, agency, channel=channel, level=4, due_ms=at(due) if due else None,
    )  # fmt: skip
    return Record(told.dossier, encode(told), at(when))


async def tell(
    dsn: str,
    records: Iterable[Record],
    *,
    files: tuple[ReferenceSet, Policy] = (REFERENCE, POLICY),
) -> Cut:
    """Have them booked, sealed and folded; the cut that holds them."""
    reference, policy = files
    async with feeding(dsn, policy, now_ms=NOW, reference=reference) as feeder:
        await feeder.hear(records)
    await keep_sets(dsn, SETS)
    return await sealed(dsn)


async def sealed(dsn: str) -> Cut:
    connection = await connect(dsn)
    try:
        follower = Follower(connection, Zone())
        assert await follower.leads()
        while (await follower.round()).left:
            pass
        found = await last_cut(connection)
        assert found is not None
        return found
    finally:
        await connection.close()


async def execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


# August: six received, of which four online; two late; one open from July.
AUGUST = [
    state(1, 2, "2026-07-28 08:30", "2026-07-31 17:00"),
    state(1, 9, "2026-08-04 10:00"),  # late
    state(2, 2, "2026-08-03 09:00", "2026-08-10 17:00"),
    state(2, 9, "2026-08-05 09:00"),  # early
    state(3, 2, "2026-08-03 09:00", "2026-08-10 17:00", channel=1),
    state(3, 9, "2026-08-10 16:00"),  # on the day
    state(4, 2, "2026-08-04 09:00", "2026-08-11 17:00", channel=1),
    state(4, 9, "2026-08-20 09:00"),  # late
    state(5, 2, "2026-08-24 09:00", "2026-09-30 17:00"),  # in process
    state(6, 2, "2026-08-25 09:00", "2026-08-28 17:00"),  # in process, beyond its limit
    state(7, 2, "2026-08-25 10:00", "2026-09-30 17:00", agency="H56.05", procedure="2.000635"),
]
# In September: one of August that nobody had told of, and number 4 was never so late.
LATER = [
    state(8, 2, "2026-08-31 09:00", "2026-09-02 17:00"),
    state(8, 9, "2026-09-01 09:00"),
]
