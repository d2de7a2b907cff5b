"""What moved facts between two cuts: what came and what went, from the journal's lines.

The journal has no dossiers' names. Within one page of it (what a worker booked at once) and one
place (agency, procedure, channel, level) what comes and goes cancels out, so that a dossier that
moves from one sum of a fact to another does not count, and of two dossiers that swap places in one
page neither does.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from monitor.domain.composition import LOWEST, Share, Sum, Unanswerable, Window, made_of
from monitor.domain.facts import Fact, Term
from monitor.domain.period import Period
from monitor.domain.scope import Reach, Scope
from monitor.ledger import late
from monitor.ledger.follower import Cut
from monitor.ledger.reading_sums import within
from monitor.reference.hierarchy import hierarchy
from monitor.reference.policy import Reference
from monitor.reference.services import of


class Moved(NamedTuple):
    """What came to a sum and what went from it."""

    came: int
    went: int


class Between(NamedTuple):
    """Moves between two cuts."""

    sides: list[Moved | None]  # of each sum asked for; None: no count of dossiers or petitions
    booked: Mapping[int, Moved]  # by booking class: entries of any of them


# Each line of the journal that one of the sums may hold, with its sums' numbers. Summed before anything is
# looked up: by numbers, of which there are many, it goes five times as fast as by codes.
_LINES: Final = """
    SELECT moved.seq, moved.class, cell.agency, cell.procedure, cell.channel, cell.level,
           moved.number, moved.day, moved.amount
    FROM (
        SELECT line.seq, line.class, line.cell, asked.number, asked.channel, asked.level,
               CASE WHEN asked.due THEN greatest(line.day, line.slot) ELSE line.day END AS day,
               sum(line.amount * asked.weight)::int8 AS amount
        FROM {lines} AS line
        JOIN unnest($3::int4[], $4::int2[], $5::int2[], $6::bool[], $7::int4[], $8::int4[],
                    $9::int2[], $10::int2[], $11::int4[], $12::int4[], $13::int4[])
             AS asked (number, measure, weight, due, first_slot, last_slot, channel, level, has,
                       lacks, any_of) ON asked.measure = line.measure
        WHERE line.seq > $1 AND line.seq <= $2{of_firsts} AND line.day <= $14
          AND line.measure = ANY($15::int2[])
          AND line.slot BETWEEN asked.first_slot AND asked.last_slot
          AND line.slot & asked.has = asked.has AND line.slot & asked.lacks = 0
          AND (asked.any_of = 0 OR line.slot & asked.any_of <> 0)
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    ) AS moved
    JOIN cell ON cell.id = moved.cell{within}
     AND moved.channel IN (0, cell.channel) AND moved.level IN (0, cell.level)
"""
# Sums of times are no dossiers, services are not counted by adding.
_NO_COUNT: Final = frozenset(
    {
        Fact.CLAIM, Fact.SERVICES, Fact.SERVICES_RECEIVED, Fact.SOURCES, Fact.SOURCES_CONNECTED,
        Fact.AGENCIES, Fact.COMPLAINTS, Fact.ELAPSED, Fact.WORKED, Fact.ELAPSED_RECEIVED,
        Fact.WORKED_RECEIVED,
    }
)  # fmt: skip


async def between(
    connection: Any,
    reference: Reference,
    scope: Scope,
    period: Period,
    sides: Collection[tuple[Term, ...]],
    then: Cut,
    now: Cut,
    *,
    as_of: int,
    sector: Callable[[str], Collection[str]],
) -> Between:
    """What came to each of the sums of terms and what went, booked after one cut up to another."""
    composed = [_composed(terms) for terms in sides]
    numbers: dict[Sum, int] = {}
    for one in composed:
        for _, share in one or ():
            numbers.setdefault(share.sum, len(numbers))
    if not numbers or now.seq <= then.seq:
        return Between([None if one is None else Moved(0, 0) for one in composed], {})
    condition, values = within(16, hierarchy(reference.agencies, ()).firsts(scope))
    last_day = min(period.last_day, as_of)
    folded = await connection.fetchval("SELECT seq FROM follower")
    are_late = now.seq <= folded and late.tells(
        await late.since(connection), then.seq, then.sealed_at, last_day, reference.policy.zone
    )
    asked = list(zip(*_asked(numbers), strict=True))
    rows = await connection.fetch(
        _LINES.format(
            lines="late" if are_late else "journal",
            within=condition,
            of_firsts=" AND line.level1 = ANY(array_append($16::text[], ''))"
            if are_late and values
            else "",
        ),
        then.seq,
        now.seq,
        *map(list, asked),
        last_day,
        sorted(set(asked[1])),
        *values,
        timeout=None,
    )
    agencies = hierarchy(reference.agencies, {row["agency"] for row in rows}).holds(scope)
    lines: defaultdict[int, list[_Line]] = defaultdict(list)
    places: dict[tuple[Any, ...], int] = {}  # page, class, agency, procedure, channel, level
    for *place, number, day, amount in rows:
        _, _, agency, procedure, _, _ = place
        if agency in agencies and _meant(scope, procedure, sector):
            at = places.setdefault(tuple(place), len(places))
            lines[number].append((at, day, amount))
    classes = [class_ for _, class_, *_ in places]
    days = (period.first_day, last_day)
    moved: list[Moved | None] = []
    booked: dict[int, Moved] = {}
    for one in composed:
        if one is None:
            moved.append(None)
            continue
        by_class = _net(one, numbers, lines, classes, days)
        moved.append(_plus(by_class.values()))
        for class_, here in by_class.items():
            booked[class_] = _plus((booked.get(class_, Moved(0, 0)), here))
    return Between(moved, dict(sorted(booked.items())))


_Line = tuple[int, int, int]  # number of its place, day, amount


def _net(
    shares: Iterable[tuple[int, Share]],
    numbers: Mapping[Sum, int],
    lines: Mapping[int, Iterable[_Line]],
    classes: Sequence[int],
    days: tuple[int, int],
) -> dict[int, Moved]:
    """What came and went by booking class, net within each page and place."""
    net: defaultdict[int, int] = defaultdict(int)
    for weight, share in shares:
        first, last = _days(share.window, *days)
        times = weight * share.weight
        for place, day, amount in lines.get(numbers[share.sum], ()):
            if first <= day <= last:
                net[place] += times * amount
    by_class: defaultdict[int, list[int]] = defaultdict(list)
    for place, amount in net.items():
        by_class[classes[place]].append(amount)
    return {class_: _sides(amounts) for class_, amounts in by_class.items()}


def _plus(moves: Iterable[Moved]) -> Moved:
    found = list(moves)
    return Moved(sum(one.came for one in found), sum(one.went for one in found))


def _composed(terms: tuple[Term, ...]) -> list[tuple[int, Share]] | None:
    """Signs and shares of a sum of terms; None where it is no count of the books."""
    if not terms or any(term.fact in _NO_COUNT for term in terms):
        return None
    try:
        return [(term.sign, share) for term in terms for share in made_of(term)]
    except Unanswerable:
        return None


def _asked(numbers: Mapping[Sum, int]) -> list[tuple[Any, ...]]:
    return [
        (
            number, measure, weight, one.due, one.first_slot, one.last_slot, one.channel,
            one.level, int(one.having), int(one.lacking), int(one.any_of),
        )
        for one, number in numbers.items()
        for measure, weight in one.measures
    ]  # fmt: skip


def _meant(scope: Scope, procedure: str, sector: Callable[[str], Collection[str]]) -> bool:
    if scope.reach is Reach.SECTOR and procedure not in sector(scope.agency):
        return False
    return not scope.procedure or of(scope.procedure, procedure)


def _days(window: Window, first: int, last: int) -> tuple[int, int]:
    """The first and the last day that a window has of a period."""
    match window:
        case Window.IN:
            return first, last
        case Window.END:
            return LOWEST, last
        case Window.BEFORE:
            return LOWEST, first - 1


def _sides(amounts: Iterable[int]) -> Moved:
    found = list(amounts)
    return Moved(
        sum(amount for amount in found if amount > 0),
        -sum(amount for amount in found if amount < 0),
    )
