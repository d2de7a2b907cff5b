"""Sums of the books that facts are made of, by agency: from the books' lines, all of them.

However many periods are asked for, the lines are gone through once: their days fall into the
stretches between the periods' first and last days, and a window is a run of stretches.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from operator import add, sub
from typing import Any, Final, NamedTuple

from monitor.domain.composition import LOWEST, Sum, Window
from monitor.domain.period import Period
from monitor.ledger.follower import Cut


class Stretches(NamedTuple):
    """The days that periods begin on, and those after their last: between two of them a stretch."""

    bounds: tuple[int, ...]

    @classmethod
    def of(cls, periods: Iterable[Period], as_of: int) -> "Stretches":
        """Of periods, none of which goes beyond a day."""
        bounds = set()
        for period in periods:
            bounds |= {period.first_day, min(period.last_day, as_of) + 1}
        return cls(tuple(sorted(bounds)))

    def within(self, window: Window, period: Period, as_of: int) -> tuple[int, int]:
        """The first stretch of a window and the one after its last; 0 is before all bounds."""
        first = bisect_left(self.bounds, period.first_day) + 1
        after = bisect_left(self.bounds, min(period.last_day, as_of) + 1) + 1
        match window:
            case Window.IN:
                return first, after
            case Window.END:
                return 0, after
            case Window.BEFORE:
                return 0, first


# 1 and a ministry or province: all that was booked below it; 0 and an agency: itself.
Place = tuple[int, str]


class Sums:
    """What was summed, by place and procedure ("" where it is not asked for), by stretch."""

    def __init__(self, stretches: Stretches) -> None:
        self.stretches = stretches
        self._found: dict[int, dict[Place, dict[str, list[int]]]] = {}
        self._up_to: dict[int, dict[Place, list[int]]] = {}  # once all is added

    def add(self, number: int, place: Place, procedure: str, stretch: int, amount: int) -> None:
        """Amounts of the stretch after the last bound are in no window."""
        if stretch >= len(self.stretches.bounds):
            return
        by_procedure = self._found.setdefault(number, {}).setdefault(place, {})
        amounts = by_procedure.get(procedure)
        if amounts is None:
            amounts = by_procedure[procedure] = [0] * len(self.stretches.bounds)
        amounts[stretch] += amount

    def add_kept(
        self,
        place: Place,
        procedures: Iterable[str],
        columns: tuple[Iterable[int], Iterable[int], Iterable[int]],
        stocks: Collection[int],
    ) -> None:
        """Numbers, stretches and amounts of a place; what stood before all bounds is of stocks.

        That is all there ever was (stretch `LOWEST`) less what came from the first bound on.
        """
        size = len(self.stretches.bounds)
        mine: dict[int, dict[str, list[int]]] = {}
        for number, stretch, amount, procedure in zip(*columns, procedures, strict=True):
            try:
                amounts = mine[number][procedure]
            except KeyError:
                amounts = mine.setdefault(number, {})[procedure] = [0] * size
            if stretch < 0:
                amounts[0] += amount
            elif stretch:
                if stretch < size:
                    amounts[stretch] += amount
                if number in stocks:
                    amounts[0] -= amount
        for number, by_procedure in mine.items():
            self._found.setdefault(number, {})[place] = by_procedure

    def items(self) -> Iterator[tuple[int, Place, str, Sequence[int]]]:
        """All of it: number, place, procedure, amounts by stretch."""
        for number, by_place in self._found.items():
            for place, by_procedure in by_place.items():
                for procedure, amounts in by_procedure.items():
                    yield number, place, procedure, amounts

    def by_place(self, number: int) -> Mapping[Place, Mapping[str, Sequence[int]]]:
        """Of each place, amounts by stretch of each procedure."""
        return self._found.get(number, {})

    def between(self, number: int, places: frozenset[Place], first: int, after: int) -> int:
        """Of all procedures, what was summed in places in the stretches from one on and before another."""
        up_to = self._up_to.get(number)
        if up_to is None:
            up_to = self._up_to[number] = {
                place: list(accumulate(map(sum, zip(*each.values(), strict=True)), initial=0))
                for place, each in self.by_place(number).items()
            }
        amount = 0
        for place in up_to.keys() & places:
            sums = up_to[place]
            amount += sums[after] - sums[first]
        return amount


class Rows:
    """What was summed, by place and stretch, as it is kept: all sums in a row, by their numbers.

    What stood before the first bound is all there ever was, less what came from there on.
    """

    def __init__(
        self,
        stretches: Stretches,
        numbers: int,
        parted: Collection[int] = (),
        in_days: Collection[int] = (),
    ) -> None:
        """`parted` are months that a bound takes a part of; of those, some sums are told by day."""
        self.stretches = stretches
        self._nothing = [0] * (numbers + 1)
        self._parted = parted
        self._in_days = sorted(in_days)
        self._ever: dict[Place, list[int]] = {}
        self._found: dict[Place, list[list[int]]] = {}  # by stretch
        self._before: dict[Place, list[list[int]]] = {}  # each stretch, and at last in all

    def add_row(self, place: Place, day: int, amounts: Sequence[int], *, is_day: bool) -> None:
        """Add all sums of a month, or of a day of one that is parted."""
        if day == LOWEST:
            self._ever[place] = self._whole(amounts)
            return
        stretch = bisect_right(self.stretches.bounds, day)
        if is_day:
            into = self._own(place, stretch)
            for number in self._in_days[: bisect_left(self._in_days, len(amounts) + 1)]:
                into[number] += amounts[number - 1]
            return
        row = self._whole(amounts)
        if day in self._parted:
            for number in self._in_days:
                row[number] = 0
        rows = self._of(place)
        there = rows[stretch]
        rows[stretch] = row if there is self._nothing else list(map(add, there, row))

    def add(
        self, number: int, place: Place, _procedure: str, stretch: int, amount: int
    ) -> None:
        """Amounts of the stretch before the first bound are among what there ever was."""
        if stretch:
            self._own(place, stretch)[number] += amount
        if place not in self._ever:
            self._ever[place] = self._nothing.copy()
        self._ever[place][number] += amount

    def between(self, number: int, places: frozenset[Place], first: int, after: int) -> int:
        """What was summed in places in the stretches from one on and before another."""
        amount = 0
        for place in places:
            before = self._before.get(place)
            if before is None:
                before = self._before[place] = self._sums_before(place)
            amount += before[after][number] - before[first][number]
        return amount

    def _sums_before(self, place: Place) -> list[list[int]]:
        left = self._ever.get(place, self._nothing)
        sums = []
        for row in reversed(self._of(place)[1:]):
            sums.append(left)
            if row is not self._nothing:
                left = list(map(sub, left, row))
        return [self._nothing, *reversed((*sums, left))]

    def _of(self, place: Place) -> list[list[int]]:
        if place not in self._found:
            self._found[place] = [self._nothing] * (len(self.stretches.bounds) + 1)
        return self._found[place]

    def _own(self, place: Place, stretch: int) -> list[int]:
        """A stretch of a place, to be written into: `_nothing` is of all that have none."""
        rows = self._of(place)
        if rows[stretch] is self._nothing:
            rows[stretch] = self._nothing.copy()
        return rows[stretch]

    def _whole(self, amounts: Sequence[int]) -> list[int]:
        """As long as any: sums that are new may be in no row of a place."""
        row = [0, *amounts[: len(self._nothing) - 1]]
        row += self._nothing[len(row) :]
        return row


class Books(NamedTuple):
    """Relations whose lines together are what was known at a cut."""

    cut: int
    folded: int  # the balances' watermark
    closing: int  # the last one up to the cut
    late: bool  # whether late lines tell what was booked since

    @classmethod
    async def at(cls, connection: Any, cut: Cut, *, late: bool = False) -> "Books":
        """As a transaction finds them that sees one state."""
        row = await connection.fetchrow(
            "SELECT seq, (SELECT coalesce(max(closing.seq), 0) FROM closing"
            " WHERE closing.seq <= $1 AND closed_at IS NOT NULL) FROM follower",
            cut.seq,
        )
        folded, closing = row
        return cls(cut.seq, folded, closing, late and cut.seq <= folded)

    def lines(self, *narrowed: str, firsts: int | None, slot: int = LOWEST) -> str:
        """Their SQL, narrowed by conditions of which one has to hold.

        From the balances, and what was booked between their watermark and the cut, where that
        is little; else from the closings and what the journal has after the last of them.
        `firsts`: the number of the value of `within`, if there is one.
        `slot`: no line with a lower one is asked for.
        """
        cut, folded, closing, late = self
        if late:
            parts = [(_BALANCES, 0, 0, ""), (late_between(firsts), cut, folded, "-")]
        elif abs(folded - cut) > max(1, min(cut - closing, MOST_TAKEN_BACK)):
            parts = [(_CLOSINGS, 0, closing, ""), (_JOURNAL, closing, cut, "")]
        elif folded < cut:
            parts = [(_BALANCES, 0, 0, ""), (_JOURNAL, folded, cut, "")]
        else:
            parts = [(_BALANCES, 0, 0, ""), (_JOURNAL, cut, folded, "-")]
        return " UNION ALL ".join(
            part.format(
                above=int(above), upto=int(upto), slot=int(slot), sign=sign, narrowed=condition
            )
            for part, above, upto, sign in parts
            if part in _BY_MEASURE or above < upto
            for condition in (narrowed if part in _BY_MEASURE else [_any_of(narrowed)])
        )


class Between(NamedTuple):
    """What was booked between a watermark and a cut: taken away where the cut is the lower."""

    watermark: int
    cut: int
    late: bool  # whether late lines tell it

    def lines(self, *narrowed: str, firsts: int | None, slot: int = LOWEST) -> str:
        """Its SQL, narrowed by conditions of which one has to hold, and `firsts` as with `Books`."""
        above, upto = sorted((self.watermark, self.cut))
        sign = "-" if self.cut < self.watermark else ""
        part = late_between(firsts) if self.late else _JOURNAL
        return part.format(
            above=int(above),
            upto=int(upto),
            slot=int(slot),
            sign=sign,
            narrowed=_any_of(narrowed),
        )


def _any_of(conditions: Iterable[str]) -> str:
    """One condition of several: whatever is not found by measure is gone through once."""
    return "({})".format(" OR ".join(f"({one})" for one in conditions))


_LINE: Final = "SELECT measure, cell, day, slot, {sign}amount AS amount FROM "
_BALANCES: Final = (
    _LINE + "balance_line WHERE (last_slot IS NULL OR last_slot >= {slot}) AND {narrowed}"
)
_CLOSINGS: Final = _LINE + "closing_amount WHERE closing <= {upto} AND {narrowed}"
_BY_MEASURE: Final = (_BALANCES, _CLOSINGS)
_JOURNAL: Final = _LINE + "journal WHERE seq > {above} AND seq <= {upto} AND {narrowed}"
MOST_TAKEN_BACK: Final = 20_000  # pages of the journal


def late_between(firsts: int | None) -> str:
    """The late lines of ministries and provinces, which a value has, and of who is neither."""
    of_them = (
        "" if firsts is None else f"level1 = ANY(array_append(${firsts}::text[], '')) AND "
    )
    return _LINE + f"late WHERE {of_them}seq > {{above}} AND seq <= {{upto}} AND {{narrowed}}"


_SUMS: Final = """
    SELECT asked.number, cell.agency, {procedure},
           width_bucket(CASE WHEN asked.due THEN greatest(line.day, line.slot) ELSE line.day END,
                        $1::int4[]) AS stretch,
           sum(line.amount * asked.weight)::int8
    FROM ({lines}) AS line
    JOIN unnest($2::int4[], $3::int2[], $4::int2[], $5::bool[], $6::int4[], $7::int4[],
                $8::int2[], $9::int2[], $10::int4[], $11::int4[], $12::int4[])
         AS asked (number, measure, weight, due, first_slot, last_slot, channel, level, having_all,
                   lacking_all, having_any) ON asked.measure = line.measure
    JOIN cell ON cell.id = line.cell{within}
    WHERE line.slot BETWEEN asked.first_slot AND asked.last_slot
      AND (asked.channel = 0 OR asked.channel = cell.channel)
      AND (asked.level = 0 OR asked.level = cell.level)
      AND line.slot & asked.having_all = asked.having_all AND line.slot & asked.lacking_all = 0
      AND (asked.having_any = 0 OR line.slot & asked.having_any <> 0)
    GROUP BY 1, 2, 3, 4 HAVING sum(line.amount * asked.weight) <> 0
"""


def within(first_free: int, firsts: Collection[str] | None) -> tuple[str, list[Any]]:
    """A condition on cells and its value: what is booked under some ministries and provinces.

    And all codes that are not national: whom they are below only files tell.
    """
    if firsts is None:
        return "", []
    condition = (
        f" AND (cell.level1 = ANY(${first_free}::text[])"
        " OR cell.level1 COLLATE \"C\" !~ '^[A-Y][0-9]{2}$')"
    )
    return condition, [sorted(firsts)]


async def from_books(
    connection: Any,
    books: Books | Between,
    sums: Mapping[Sum, int],
    stocks: Collection[Sum],
    stretches: Stretches,
    *,
    by_procedure: bool,
    firsts: Collection[str] | None,
) -> Sums:
    """Sum all lines that were known at a cut; within a transaction that sees one state.

    `sums` have numbers; `stocks` are those of which what lies before the periods is wanted too.
    `firsts` are the ministries and provinces that are asked about; None: all.
    """
    found = Sums(stretches)
    if not sums:
        return found
    asked = [
        (
            number,
            measure,
            weight,
            one.due,
            one.first_slot,
            one.last_slot,
            one.channel,
            one.level,
            int(one.having),
            int(one.lacking),
            int(one.any_of),
        )
        for one, number in sums.items()
        for measure, weight in one.measures
    ]
    standing = {measure for one in stocks for measure, _ in one.measures}
    flowing = {measure for _, measure, *_ in asked} - standing
    first, last = stretches.bounds[0], stretches.bounds[-1] - 1
    condition, values = within(17, firsts)
    # Said of the lines themselves, before any is looked up.
    lowest = min(one.first_slot for one in sums)
    slots = f"slot <= {max(one.last_slot for one in sums)} AND slot >= {lowest}"
    lines = books.lines(
        f"measure = ANY($13::int2[]) AND day >= $14::int4 AND day <= $15::int4 AND {slots}",
        f"measure = ANY($16::int2[]) AND day <= $15::int4 AND {slots}",
        firsts=17 if values else None,
        slot=lowest,
    )
    query = _SUMS.format(
        procedure="cell.procedure" if by_procedure else "''::text",
        lines=lines,
        within=condition,
    )
    rows = await connection.fetch(
        query,
        list(stretches.bounds),
        *map(list, zip(*asked, strict=True)),
        sorted(flowing),
        first,
        last,
        sorted(standing),
        *values,
        timeout=None,
    )
    for number, agency, procedure, stretch, amount in rows:
        found.add(number, (0, agency), procedure, stretch, amount)
    return found


_MARKS: Final = """
    SELECT cell.agency, cell.procedure, line.slot,
           width_bucket(line.day, $1::int4[]) AS stretch, sum(line.amount)::int8
    FROM ({lines}) AS line JOIN cell ON cell.id = line.cell{within}
    GROUP BY 1, 2, 3, 4 HAVING sum(line.amount) <> 0
"""


async def marks_of(
    connection: Any,
    books: Books,
    measure: int,
    stretches: Stretches,
    firsts: Collection[str] | None,
) -> list[Sequence[Any]]:
    """Agency, procedure, slot, stretch and amount of a measure whose slots are to be told apart."""
    condition, values = within(5, firsts)
    lines = books.lines(
        "measure = $2::int2 AND day >= $3::int4 AND day < $4::int4",
        firsts=5 if values else None,
    )
    rows: list[Sequence[Any]] = await connection.fetch(
        _MARKS.format(lines=lines, within=condition),
        list(stretches.bounds),
        measure,
        stretches.bounds[0],
        stretches.bounds[-1],
        *values,
        timeout=None,
    )
    return rows
