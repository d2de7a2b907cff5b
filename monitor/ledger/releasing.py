"""Makes releases: what is due, by which pattern, from the ledger as known at a sealed cut.

A period is released once, at the first cut that was read when it had come due, so that it does not
depend on when anybody looked. What a pattern cannot show of a period waits and is shown together
with the next. Nothing is released of days that a release has told of: a correction that comes
later is for those who may see the ledger (docs/explanation/releases.md).
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from monitor.domain.disclosure import isolated
from monitor.domain.mandate import Mandate
from monitor.domain.public import Rows, Stretch, Table
from monitor.domain.suppression import (
    ROOT,
    TOTAL,
    Pattern,
    Tree,
    busy,
    choose,
    figures,
    fitting,
    is_busy,
    usual,
)
from monitor.domain.zone import Zone, date_of
from monitor.ledger.balances import Accounts, Dimension, known_then
from monitor.ledger.follower import Cut
from monitor.ledger.locks import RELEASE
from monitor.ledger.policies import active
from monitor.ledger.releases import COUNTRY_VI, Release, Standing, in_order, read
from monitor.reference.releases import Public

Counts = dict[tuple[str, str], int]

_PERIODS_AT_ONCE: Final = 400  # looked at in one go


class Made(NamedTuple):
    """A release that was made."""

    table: str
    first_day: int
    last_day: int
    cut: int
    hash: str
    shown: int  # cells
    cells: int


@dataclass
class Passed:
    """What was looked at and cannot be released, as long as the process lives: it never can."""

    without_pattern: set[tuple[str, str, int]] = field(default_factory=set)
    waiting: set[tuple[str, str, Stretch]] = field(default_factory=set)


class _Held(NamedTuple):
    """A pattern of the ledger."""

    id: int
    pattern: Pattern
    usual: int  # dossiers of a period


async def make_next(
    connection: Any, public: Public, zone: Zone, now_ms: int, passed: Passed | None = None
) -> Made | None:
    """Make one release that is due; None if none is, or none can be made yet."""
    passed = passed or Passed()
    for table in public.tables:
        await _keep_table(connection, table, now_ms)
        made = await _next(Maker(connection, public, table, zone), now_ms, passed)
        if made is not None:
            return made
    return None


async def _next(maker: "Maker", now_ms: int, passed: Passed) -> Made | None:
    table, zone = maker.table, maker.zone
    first = await maker.first_day()
    waiting: Stretch | None = None
    periods = table.spans(first, zone.day(now_ms))[:_PERIODS_AT_ONCE]
    for number, period in enumerate(periods):
        due_ms = table.due_ms(period, zone)
        if due_ms > now_ms:
            return None
        stretch = period if waiting is None else waiting.with_(period)
        if (table.name, table.version, stretch) in passed.waiting:
            waiting = stretch
            continue
        if (table.name, table.version, period.first_day) in passed.without_pattern:
            waiting = None
            continue
        cut = await maker.cut(due_ms)
        if cut is None:
            return None  # nobody has sealed one yet
        held = await maker.pattern(period, cut)
        if held is None:
            # Days before there was anything to choose a pattern from are never released.
            passed.without_pattern.update(
                (table.name, table.version, one.first_day)
                for one in periods[number : number + maker.lacking]
            )
            waiting = None
            continue
        made = await maker.release(stretch, held, cut)
        if made is not None:
            return made
        passed.waiting.add((table.name, table.version, stretch))
        waiting = stretch
    return None


class Maker:
    """The making of one table's releases, on one connection."""

    def __init__(self, connection: Any, public: Public, table: Table, zone: Zone) -> None:
        self._connection = connection
        self._public = public
        self.table = table
        self.zone = zone
        self.lacking = 1  # so many periods without a pattern, that one included, as last told

    async def first_day(self) -> int:
        """The first day that no release has told of, of this table or another of its events."""
        last = await self._connection.fetchval(
            "SELECT max(last_day) FROM release WHERE events && $1::text[]",
            list(self.table.events),
        )
        return self.table.begins if last is None else max(self.table.begins, last + 1)

    async def cut(self, due_ms: int) -> Cut | None:
        """The first cut that holds all that was booked by an instant which is past.

        The last one does where nothing was booked since: no other is made then.
        """
        row = await self._connection.fetchrow(
            "SELECT seq, read_at, sealed_at FROM cut"
            " WHERE read_at >= to_timestamp($1::float8 / 1000) ORDER BY seq LIMIT 1",
            due_ms,
        )
        if row is None:
            row = await self._connection.fetchrow(
                "SELECT seq, read_at, sealed_at FROM cut, journal_seq_seq"
                " WHERE seq = CASE WHEN is_called THEN last_value ELSE 0 END"
            )
        return None if row is None else Cut(*row)

    async def pattern(self, period: Stretch, cut: Cut) -> _Held | None:
        """The one that holds for a period, chosen now if there is none and one can be."""
        row = await self._connection.fetchrow(
            "SELECT id, usual, places::text FROM release_pattern"
            " WHERE name = $1 AND version = $2 AND $3 BETWEEN first_day AND last_day",
            self.table.name,
            self.table.version,
            period.last_day,
        )
        if row is None:
            chosen = await self._choose(period, cut)
            if chosen is None:
                return None
            row = await self._connection.fetchrow(
                "INSERT INTO release_pattern"
                " (name, version, first_day, last_day, cut, usual, places)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7::jsonb) RETURNING id, usual, places::text",
                self.table.name,
                self.table.version,
                period.first_day,
                self.table.life(period.last_day).last_day,
                cut.seq,
                *chosen,
            )
        return _held(row, self.table)

    async def _choose(self, period: Stretch, cut: Cut) -> tuple[int, str] | None:
        places = self._public.places(self.table, period.first_day)
        tree = Tree({place: above for place, (above, _) in places.items()})
        table = self.table
        before = table.spans(period.first_day - table.past_days, period.first_day - 1)
        told = await self._counts(before, tree, cut)
        # Each period on adds one at the most.
        self.lacking = max(1, table.past_least - sum(any(one.values()) for one in told))
        past = busy(told)
        if len(past) < table.past_least:
            return None
        chosen = choose(tree, table.names, past, limit=table.limit, headroom=table.headroom)
        if chosen is None:
            return None
        names = {place: name for place, (_, name) in places.items()} | {ROOT: COUNTRY_VI}
        said = json.dumps(
            [
                {
                    "place": place,
                    "above": tree.above.get(place, ROOT),
                    "name": names[place],
                    "shown": sorted(chosen.shown[place]) if place in chosen.shown else None,
                }
                for place in tree.places
            ],
            ensure_ascii=False,
        )
        return usual(past), said

    async def _counts(self, periods: Sequence[Stretch], tree: Tree, cut: Cut) -> list[Counts]:
        """What each period holds, as known at a cut."""
        if not periods:
            return []
        held: dict[int, Counts] = {number: defaultdict(int) for number, _ in enumerate(periods)}
        by_day = len(periods) > 1 and periods[0].first_day == periods[0].last_day
        asked = [Stretch(periods[0].first_day, periods[-1].last_day)] if by_day else periods
        where = Dimension.LEVEL1 if self.table.rows is Rows.LEVEL1 else Dimension.AGENCY
        by = (where, Dimension.MEASURE, Dimension.CHANNEL, Dimension.LEVEL)
        for number, stretch in enumerate(asked):
            async with self._connection.transaction(isolation="repeatable_read", readonly=True):
                known = await known_then(
                    self._connection,
                    Accounts(
                        measures=self.table.measures,
                        first_day=stretch.first_day,
                        last_day=stretch.last_day,
                    ),
                    cut,
                    (*by, Dimension.DAY) if by_day else by,
                )
            places: dict[str, str] = {}
            for key, amount in known.figures.items():
                agency, measure, channel, level = key[:4]
                column = self.table.column(int(measure), int(channel), int(level))
                if column is None:
                    continue
                code = str(agency)
                if code not in places:
                    places[code] = self._public.place(code, tree, stretch.last_day)
                at = int(key[4]) - stretch.first_day if by_day else number
                held[at][places[code], column] += amount
        return list(held.values())

    async def counts(
        self, stretch: Stretch, tree: Tree, cut: Cut, silent: frozenset[str]
    ) -> Counts:
        """What a release would be made of: nothing of places without data."""
        (held,) = await self._counts([stretch], tree, cut)
        return {
            (place, column): amount
            for (place, column), amount in held.items()
            if place not in silent and amount
        }

    async def silent(self, stretch: Stretch, tree: Tree) -> frozenset[str]:
        """Places for which, and below which, no source spoke yet when the period began.

        A ledger without a register has no go-live: everything that it has is data.
        """
        rows = await self._connection.fetch(
            "SELECT mandates::text, status, go_live FROM source"
        )
        if not rows:
            return frozenset()
        began = date_of(stretch.first_day)
        mandates = [
            Mandate(one["agency"], one["procedure"])
            for row in rows
            if row["status"] != "trial"
            and row["go_live"] is not None
            and row["go_live"] <= began
            for one in json.loads(row["mandates"])
        ]
        return frozenset(
            place
            for place in tree.above
            if not any(
                mandate.reaches(place) or mandate.agency.startswith(place + ".")
                for mandate in mandates
            )
        )

    async def release(self, stretch: Stretch, held: _Held, cut: Cut) -> Made | None:
        """Make it; None where the pattern cannot show it, so that it waits.

        A period that is not busy waits too: a day off, or one of which most has not come yet.
        """
        tree = held.pattern.tree
        silent = await self.silent(stretch, tree)
        counts = await self.counts(stretch, tree, cut, silent)
        fit = fitting(held.pattern, counts) if is_busy(counts, held.usual) else None
        if fit is None:
            return None
        shown = figures(fit, counts)
        cells: dict[tuple[str, str], tuple[int | None, str]] = {}
        for place in tree.places:
            for column in (TOTAL, *self.table.names):
                if place in silent:
                    cells[place, column] = (None, Standing.NO_DATA.value)
                elif (place, column) in shown:
                    cells[place, column] = (shown[place, column], Standing.NUMBER.value)
                else:
                    cells[place, column] = (None, Standing.SUPPRESSED.value)
        return await self._write(stretch, held, cut, cells)

    async def _write(
        self,
        stretch: Stretch,
        held: _Held,
        cut: Cut,
        cells: Mapping[tuple[str, str], tuple[int | None, str]],
    ) -> Made | None:
        async with self._connection.transaction():
            await self._connection.execute("SELECT pg_advisory_xact_lock($1)", RELEASE)
            if await self.first_day() > stretch.first_day:
                return None  # somebody else has made it meanwhile
            ruling = await active(self._connection)
            places = json.loads(
                await self._connection.fetchval(
                    "SELECT places::text FROM release_pattern WHERE id = $1", held.id
                )
            )
            release = Release(
                table=self.table,
                first_day=stretch.first_day,
                last_day=stretch.last_day,
                cut=cut.seq,
                cut_at=cut.sealed_at,
                reference="" if ruling is None else ruling.reference,
                epoch=0 if ruling is None else ruling.epoch,
                cells=in_order(self.table, places, cells),
            )
            id_ = await self._connection.fetchval(
                "INSERT INTO release (name, pattern, first_day, last_day, events, cut, cut_at,"
                " reference, epoch, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
                " RETURNING id",
                self.table.name,
                held.id,
                stretch.first_day,
                stretch.last_day,
                list(self.table.events),
                cut.seq,
                cut.sealed_at,
                release.reference,
                release.epoch,
                release.hash,
            )
            await self._connection.executemany(
                'INSERT INTO release_cell (release, place, "column", value, standing)'
                " VALUES ($1, $2, $3, $4, $5)",
                [(id_, *key, *cell) for key, cell in cells.items()],
            )
        shown = sum(standing == Standing.NUMBER for _, standing in cells.values())
        return Made(
            self.table.name,
            stretch.first_day,
            stretch.last_day,
            cut.seq,
            release.hash,
            shown,
            len(cells),
        )


def _held(row: Any, table: Table) -> _Held:
    places = json.loads(row["places"])
    tree = Tree({one["place"]: one["above"] for one in places if one["place"] != ROOT})
    shown = {
        one["place"]: frozenset(one["shown"]) for one in places if one["shown"] is not None
    }
    return _Held(row["id"], Pattern(table.limit, table.names, tree, shown), row["usual"])


async def _keep_table(connection: Any, table: Table, now_ms: int) -> None:
    await connection.execute(
        "INSERT INTO release_table (name, version, known_ms, said) VALUES ($1, $2, $3, $4::jsonb)"
        " ON CONFLICT DO NOTHING",
        table.name,
        table.version,
        now_ms,
        table.said,
    )


# -- audit ---------------------------------------------------------------------------------------


class Finding(NamedTuple):
    """Something about a release that must not be."""

    table: str
    last_day: int
    what: str


async def audit(
    connection: Any, public: Public, zone: Zone, table: str, days: Sequence[int]
) -> list[Finding]:
    """Whether releases are what they were, what the ledger says, and tell of nobody.

    Each by itself and with the one after it, all classes of dossiers recounted at its cut. The
    days are those on which the releases end, in order.
    """
    found: list[Finding] = []
    before: _Recounted | None = None
    for day in days:
        row = await connection.fetchrow(
            "SELECT release.id, release.hash, release.cut, cut_at, release_pattern.version"
            " FROM release JOIN release_pattern ON release_pattern.id = pattern"
            " WHERE release.name = $1 AND release.last_day = $2",
            table,
            day,
        )
        release = await read(connection, table, day)
        if row is None or release is None:
            continue
        if release.hash != row["hash"]:
            found.append(Finding(table, day, "its cells are not those that were released"))
        now = await _recount(
            connection, public, zone, release, Cut(row["cut"], row["cut_at"], row["cut_at"])
        )
        found += [Finding(table, day, what) for what in now.differences]
        for parts in ((now,),) if before is None else ((now,), (before, now)):
            what = now.isolates(parts)
            if what:
                found.append(Finding(table, day, what))
        before = now
    return found


@dataclass(frozen=True, slots=True)
class _Recounted:
    """A release with the classes of dossiers that its cells are made of."""

    release: Release
    tree: Tree
    counts: Counts
    differences: tuple[str, ...]

    def isolates(self, parts: "Sequence[_Recounted]") -> str:
        """What some releases together tell of a few; "" if nothing."""
        cells: list[set[tuple[int, str, str]]] = []
        names: list[str] = []
        counts: dict[tuple[int, str, str], int] = {}
        for part in parts:
            day = part.release.last_day
            counts |= {(day, *key): count for key, count in part.counts.items()}
            at: dict[str, list[tuple[str, str]]] = defaultdict(list)
            for place, column in part.counts:
                for above in part.tree.line(place):
                    at[above].append((place, column))
            for cell in part.release.cells:
                if cell.standing is Standing.NUMBER:
                    cells.append(
                        {
                            (day, *key)
                            for key in at[cell.place]
                            if cell.column in (TOTAL, key[1])
                        }
                    )
                    names.append(
                        f"{date_of(day)} {cell.place or 'country'} {cell.column or 'total'}"
                    )
        finding = isolated(cells, counts, self.release.table.limit)
        if finding is None:
            return ""
        said = " ".join(
            f"{'+' if factor > 0 else '-'} {'' if abs(factor) == 1 else f'{abs(factor)} x '}{names[number]}"
            for number, factor in sorted(finding.factors.items())
        )
        return f"fewer than {self.release.table.limit} dossiers follow from {said}"


async def _recount(
    connection: Any, public: Public, zone: Zone, release: Release, cut: Cut
) -> _Recounted:
    tree = Tree({cell.place: cell.above for cell in release.cells if cell.place != ROOT})
    silent = frozenset(
        cell.place for cell in release.cells if cell.standing is Standing.NO_DATA
    )
    maker = Maker(connection, public, release.table, zone)
    stretch = Stretch(release.first_day, release.last_day)
    counts = await maker.counts(stretch, tree, cut, silent)
    held: Counts = defaultdict(int)
    for (place, column), amount in counts.items():
        for at in tree.line(place):
            held[at, column] += amount
            held[at, TOTAL] += amount
    differences = tuple(
        f"{cell.place or 'country'} {cell.column or 'total'} is not what the ledger has at the cut"
        for cell in release.cells
        if cell.value is not None and cell.value != held[cell.place, cell.column]
    )
    return _Recounted(release, tree, counts, differences)
