"""Open dossiers of whoever holds them, by when they fall due: the same as dashboards count."""

from datetime import UTC, datetime

from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import Zone
from monitor.ledger import held
from monitor.ledger.held import Due, Fall, Holders
from tests.outlets.api.service import now
from tests.outlets.writer import Writer, dossier

# Monday 2 March 2026, 10:00 in Hà Nội: day 20514.
NOW = int(datetime(2026, 3, 2, 3, 0, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
DAY = 24 * HOUR
POLICY = Policy(Zone())
BY_DATE = Policy(Zone(), precision=Precision.DATE)

DUE = {  # of each dossier, from now
    "H56.12-260302-0001": -2 * DAY,
    "H56.12-260302-0002": -HOUR,
    "H56.12-260302-0003": HOUR,
    "H56.13-260302-0004": DAY,
    "H56.13-260302-0005": 5 * DAY,
    "H57.12-260302-0006": HOUR,
}


async def written(writer: Writer) -> None:
    cells = {
        office: await writer.cell(office, 2, 4) for office in ("H56.12", "H56.13", "H57.12")
    }
    await writer.book(
        dossiers=[
            *(
                dossier(key, outcome=4, cell=cells[key[:6]], due_ms=NOW + due)
                for key, due in DUE.items()
            ),
            dossier("H56.12-260302-0007", outcome=5, cell=cells["H56.12"], due_ms=None),
            dossier("H56.12-260302-0008", outcome=6, cell=cells["H56.12"], due_ms=NOW),
        ]
    )


async def test_dossiers_are_counted_by_day_and_by_whether_they_are_overdue(database: str):
    own = Holders(offices=["H56.12", "H56.13"])
    async with Writer.on(database) as writer:
        await written(writer)
        pool = writer.ledger._pool
        by_instant = await held.counts(pool, own, POLICY, NOW)
        by_date = await held.counts(pool, own, BY_DATE, NOW)

    assert by_instant == [
        Fall(20512, Due.OVERDUE, 1),
        Fall(20514, Due.OVERDUE, 1),
        Fall(20514, Due.TODAY, 1),
        Fall(20515, Due.TOMORROW, 1),
        Fall(20519, Due.LATER, 1),
        Fall(None, Due.NONE, 1),
    ]
    assert by_date == [
        Fall(20512, Due.OVERDUE, 1),
        Fall(20514, Due.TODAY, 2),
        Fall(20515, Due.TOMORROW, 1),
        Fall(20519, Due.LATER, 1),
        Fall(None, Due.NONE, 1),
    ]


async def test_those_that_are_asked_for_are_listed_the_earliest_first(database: str):
    everybody, own = Holders(offices=None), Holders(offices=["H56.12", "H56.13"])

    async with Writer.on(database) as writer:
        await written(writer)
        pool = writer.ledger._pool

        async def keys(of: Holders, due: Due | None, day: int | None = None) -> list[str]:
            found = await held.dossiers(pool, of, POLICY, NOW, due=due, day=day, most=2)
            return [one.key[-1] for one in found]

        assert await keys(own, Due.OVERDUE) == ["1", "2"]
        assert await keys(own, Due.TODAY) == ["3"]
        assert await keys(everybody, Due.TODAY) == ["3", "6"]
        assert await keys(own, Due.TOMORROW) == ["4"]
        assert await keys(own, Due.LATER) == ["5"]
        assert await keys(own, None, 20514) == ["2", "3"]
        [none] = await held.dossiers(pool, own, POLICY, NOW, due=Due.NONE, most=2)

    assert (none.key, none.office, none.paused, none.due_ms) == (
        "H56.12-260302-0007",
        "H56.12",
        True,
        None,
    )


async def test_dashboards_count_the_same(database: str):
    at = int(now().timestamp() * 1000)
    async with Writer.on(database) as writer:
        cell = await writer.cell("H56.12", 2, 4)
        await writer.book(
            dossiers=[
                dossier(f"H56.12-260302-{n:04}", outcome=4 + n % 2, cell=cell, due_ms=due)
                for n, due in enumerate((at - 3 * DAY, at - 2 * DAY, at + 10 * DAY, None))
            ]
        )
        pool = writer.ledger._pool
        falls = await held.counts(pool, Holders(offices=["H56.12"]), POLICY, at)
        shown = await pool.fetch("SELECT due, count(*) FROM grafana_open GROUP BY due")

    counted = {due: sum(one.dossiers for one in falls if one.due is due) for due in Due}
    assert {due: n for due, n in counted.items() if n} == dict(shown)
    assert dict(shown) == {"overdue": 2, "later": 1, "none": 1}
