"""Sums of the books that facts are made of, by agency: from the books' lines, all of them.

However many periods are asked for, the lines are gone through once: their days fall into the
stretches between the periods' first and last days, and a window is a run of stretches.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from monitor.domain.composition import Sum, Window
from monitor.domain.period import Period
from monitor.ledger.follower import Cut

# A sum's number, agency, procedure ("" where it is not asked for), stretch.
Key = tuple[int, str, str]


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


class Sums:
    """What was summed, by agency or by agency and procedure."""

    def __init__(self, stretches: Stretches) -> None:
        self.stretches = stretches
        self._found: dict[int, dict[tuple[str, str], list[int]]] = {}

    def add(self, number: int, agency: str, procedure: str, stretch: int, amount: int) -> None:
        """Amounts of the stretch after the last bound are in no window."""
        if stretch >= len(self.stretches.bounds):
            return
        by_place = self._found.setdefault(number, {})
        amounts = by_place.get((agency, procedure))
        if amounts is None:
            amounts = by_place[agency, procedure] = [0] * len(self.stretches.bounds)
        amounts[stretch] += amount

    def places(self, number: int) -> Mapping[tuple[str, str], Sequence[int]]:
        """Amounts by stretch, of each agency and procedure."""
        return self._found.get(number, {})


class Books(NamedTuple):
    """Relations whose lines together are what was known at a cut."""

    cut: int
    folded: int  # the balances' watermark
    closing: int  # the last one up to the cut

    @classmethod
    async def at(cls, connection: Any, cut: Cut) -> "Books":
        """As a transaction finds them that sees one state."""
        row = await connection.fetchrow(
            "SELECT seq, (SELECT coalesce(max(closing.seq), 0) FROM closing"
            " WHERE closing.seq <= $1 AND closed_at IS NOT NULL) FROM follower",
            cut.seq,
        )
        return cls(cut.seq, *row)

    def lines(self, *narrowed: str) -> str:
        """Their SQL, narrowed by conditions of which one has to hold.

        From the balances, and what the journal has between their watermark and the cut, where
        that is little; else from the closings and what the journal has after the last of them.
        """
        cut, folded, closing = self
        if abs(folded - cut) > max(1, min(cut - closing, MOST_TAKEN_BACK)):
            parts = [(_CLOSINGS, 0, closing, ""), (_JOURNAL, closing, cut, "")]
        elif folded < cut:
            parts = [(_BALANCES, 0, 0, ""), (_JOURNAL, folded, cut, "")]
        else:
            parts = [(_BALANCES, 0, 0, ""), (_JOURNAL, cut, folded, "-")]
        return " UNION ALL ".join(
            part.format(above=int(above), upto=int(upto), sign=sign, narrowed=condition)
            for part, above, upto, sign in parts
            for condition in narrowed
            if part is _BALANCES or above < upto
        )


_LINE: Final = "SELECT measure, cell, day, slot, {sign}amount AS amount FROM "
_BALANCES: Final = _LINE + "balance_line WHERE {narrowed}"
_CLOSINGS: Final = _LINE + "closing_amount WHERE closing <= {upto} AND {narrowed}"
_JOURNAL: Final = _LINE + "journal WHERE seq > {above} AND seq <= {upto} AND {narrowed}"
MOST_TAKEN_BACK: Final = 20_000  # pages of the journal

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
    JOIN cell ON cell.id = line.cell
    WHERE line.slot BETWEEN asked.first_slot AND asked.last_slot
      AND (asked.channel = 0 OR asked.channel = cell.channel)
      AND (asked.level = 0 OR asked.level = cell.level)
      AND line.slot & asked.having_all = asked.having_all AND line.slot & asked.lacking_all = 0
      AND (asked.having_any = 0 OR line.slot & asked.having_any <> 0)
    GROUP BY 1, 2, 3, 4 HAVING sum(line.amount * asked.weight) <> 0
"""


async def from_books(
    connection: Any,
    books: Books,
    sums: Mapping[Sum, int],
    stocks: Collection[Sum],
    stretches: Stretches,
    *,
    by_procedure: bool,
) -> Sums:
    """Sum all lines that were known at a cut; within a transaction that sees one state.

    `sums` have numbers; `stocks` are those of which what lies before the periods is wanted too.
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
    lines = books.lines(
        "measure = ANY($13::int2[]) AND day >= $14::int4 AND day <= $15::int4",
        "measure = ANY($16::int2[]) AND day <= $15::int4",
    )
    query = _SUMS.format(
        procedure="cell.procedure" if by_procedure else "''::text",
        lines=lines,
    )
    rows = await connection.fetch(
        query,
        list(stretches.bounds),
        *map(list, zip(*asked, strict=True)),
        sorted(flowing),
        first,
        last,
        sorted(standing),
        timeout=None,
    )
    for number, agency, procedure, stretch, amount in rows:
        found.add(number, agency, procedure, stretch, amount)
    return found


_MARKS: Final = """
    SELECT cell.agency, cell.procedure, line.slot,
           width_bucket(line.day, $1::int4[]) AS stretch, sum(line.amount)::int8
    FROM ({lines}) AS line JOIN cell ON cell.id = line.cell
    GROUP BY 1, 2, 3, 4 HAVING sum(line.amount) <> 0
"""


async def marks_of(
    connection: Any, books: Books, measure: int, stretches: Stretches
) -> list[Sequence[Any]]:
    """Agency, procedure, slot, stretch and amount of a measure whose slots are to be told apart."""
    lines = books.lines("measure = $2::int2 AND day >= $3::int4 AND day < $4::int4")
    rows: list[Sequence[Any]] = await connection.fetch(
        _MARKS.format(lines=lines),
        list(stretches.bounds),
        measure,
        stretches.bounds[0],
        stretches.bounds[-1],
        timeout=None,
    )
    return rows
