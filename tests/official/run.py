"""One province the whole way, and all that is official of it held against its raw events.

First as everybody is answered who comes first: sums are not kept yet, and are read from the books. Then
from the sums that the follower has filled; then as it was known halfway; and wherever else figures are shown.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import asyncpg

from agents.generate.model import PETITIONS, Record
from monitor.ledger.official import By, Officials, Ranked
from tests.official.compare import Both
from tests.official.province import Province
from tests.official.second import Second
from tests.official.shown import everywhere
from tests.official.way import Tell, nobody, way


@dataclass(frozen=True)
class Wide:
    """How much of a province is compared."""

    parts: int  # departments and communes, so many of each
    periods: int  # of those of a province, so many
    further: bool  # also places, rows by procedure and what moved shares
    workers: int
    documents: int  # agencies of whom reports and answers of the interface are asked for


SMALL = Wide(parts=1, periods=1, further=False, workers=1, documents=2)
WHOLE = Wide(parts=1_000, periods=6, further=True, workers=2, documents=12)


@dataclass
class Outcome:
    """What was compared, what differs, and how long it took."""

    both: dict[str, Both] = field(default_factory=dict)  # by when figures were asked for
    records: int = 0
    sums: int = 0  # that are kept
    took: dict[str, float] = field(default_factory=dict)

    @property
    def differences(self) -> list[str]:
        return [
            f"{when}: {one}" for when, both in self.both.items() for one in both.differences
        ]

    def tell(self, when: str) -> None:
        """Said at once: what comes later may fail."""
        both = self.both[when]
        found = f"{both.compared.total():,} compared, {len(both.differences):,} differ"
        print(f"{when}: {found}, {self.took[when]:.0f} s", flush=True)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = monotonic()
        yield
        self.took[what] = monotonic() - began


async def run(
    bootstrap: str,
    database: str,
    folder: Path,
    province: Province,
    *,
    wide: Wide,
    tell: Tell = nobody,
    brisk: bool = True,
) -> Outcome:
    """A province that nobody has heard of yet, from its first event to its last figure."""
    outcome = Outcome(records=len(province.records))
    half = len(province.records) * 3 // 4
    async with way(bootstrap, database, province, folder, tell=tell, brisk=brisk) as here:
        await here.work(wide.workers)
        with outcome.timed("produced, booked and followed"):
            await here.claim(province.claimed())
            await here.send(province.records[:half])
            await here.followed()
            then = await newest(database)
            await here.send(province.records[half:])
            await here.followed()
        with outcome.timed("lives calculated"):
            whole = second(province, province.records, here.folder)
            earlier = second(province, province.records[:half], here.folder)
        async with asyncpg.create_pool(database, min_size=1, max_size=4) as pool:
            officials = Officials(pool)
            as_of = (await officials.ground(None)).known.as_of_day
            both = outcome.both
            for when, calculated, at in (  # the sums are asked for by the first
                ("from the books", whole, None),
                ("from kept sums", whole, None),
                ("as known halfway", earlier, then),
            ):
                with outcome.timed(when):
                    both[when] = Both(officials, calculated, as_of, at)
                    some = wide if at is None else replace(wide, parts=min(wide.parts, 10))
                    await figures(both[when], province, some, tell, f"{when}: ")
                outcome.tell(when)
                if wide.further and when == "from the books":
                    await here.killed()  # while they fill what was asked for
                outcome.sums = await here.kept()
        with outcome.timed("shown"):
            both["shown"] = Both(officials, whole, as_of)
            periods = periods_of(province)[: wide.periods]
            scopes = dict(list(scopes_of(province, wide).items())[: wide.documents])
            await everywhere(here, both["shown"], scopes, periods, folder)
    return outcome


async def newest(database: str) -> int:
    """The last cut that was sealed."""
    connection = await asyncpg.connect(database)
    try:
        return int(await connection.fetchval("SELECT max(seq) FROM cut"))
    finally:
        await connection.close()


def second(province: Province, records: list[Record], folder: Path) -> Second:
    dossiers = [one.value for one in records if one.topic != PETITIONS]
    petitions = [one.value for one in records if one.topic == PETITIONS]
    return Second(dossiers, petitions, province.claimed(), folder)


def scopes_of(province: Province, wide: Wide) -> dict[str, str]:
    """The province or ministry, what is above and below it, and as what each counts."""
    first = "province" if province.communes() else "ministry"
    return {
        province.code: first,
        f"{province.code}/own": first,
        "country": "country",
        "G01/sector": "ministry",
        **dict.fromkeys(province.departments()[: wide.parts], "department"),
        **dict.fromkeys(province.communes()[: wide.parts], "commune"),
    }


def periods_of(province: Province) -> tuple[str, ...]:
    """The month under way and the one before, the day before, quarter, year, half-year."""
    last = province.last
    month, day = province.months[-2], f"{last - timedelta(days=1)}"
    quarter = f"{last.year}-Q{(last.month + 2) // 3}"
    half = f"{last.year}-H{1 + (last.month > 6)}"
    return (f"{last:%Y-%m}", month, day, quarter, f"{last.year}", half, province.months[0])


async def figures(both: Both, province: Province, wide: Wide, tell: Tell, when: str) -> None:
    """All that is official of a province."""
    scopes = scopes_of(province, wide)
    periods = periods_of(province)[: wide.periods]
    first, kind = next(iter(scopes.items()))
    for done, period in enumerate(periods):
        tell(f"{when}figures", done, len(periods))
        for set_id in both.second.valid(period):
            await both.scorecards(set_id, scopes, period)
    month = province.months[-2]
    procedures = [f"{first}+{code}" for code in both.second.procedures()[:5]]
    await both.scorecards("qd766", dict.fromkeys(procedures, kind), month)
    if not wide.further:
        return
    await both.breakdown("report-06b", first, kind, month, By.PROCEDURE)
    await both.breakdown("report-06b", first, kind, month, By.UNIT)
    for share in ("online_share", "full_process_dossier_share"):
        await both.moved_by_procedure("emc", share, first, kind, month)
    for set_id, by, who, listed in (
        ("emc", "full_process_dossier_share", Ranked.COMMUNES, ["commune"]),
        ("qd766", "total", Ranked.DEPARTMENTS, ["department"]),
        ("qd766", "2.1", Ranked.PROVINCES, ["province"]),
        ("qd766", "total", Ranked.MINISTRIES, ["ministry", "body"]),
    ):
        if listed != ["commune"] or province.communes():
            tell(f"{when}places of {who}", 0, 1)
            await both.ranking(set_id, by, who, month, listed)
