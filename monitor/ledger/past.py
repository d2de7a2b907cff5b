"""How an objective stood at the end of an earlier day, as known now: asked of the balances, once.

What is judged each minute is today's window. A month that is over is read from the books, so that
a correction that came afterwards is in it. This goes through all accounts of the measures: for a
person who asks, not for a metric.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from monitor.domain.calendar import WorkCalendar
from monitor.domain.measures import FIXED_IN_TIME, FIXED_LATE
from monitor.domain.objective import COUNTED, Counting, Objective, Scope, Target
from monitor.domain.service_level import Counted
from monitor.domain.view import Cell
from monitor.domain.watched import Watched
from monitor.ledger.balances import Accounts, Balances, Dimension

_OF_A_CELL: Final = (
    Dimension.AGENCY,
    Dimension.PROCEDURE,
    Dimension.CHANNEL,
    Dimension.LEVEL,
)


class Stood(NamedTuple):
    """An objective in a scope at the end of a day."""

    first_day: int
    last_day: int
    target: Target | None  # that held on the last day, as the files say now
    counted: Counted

    @property
    def met(self) -> bool | None:
        """None where nothing was asked, or nothing counts."""
        if self.target is None or self.counted.total <= 0:
            return None
        return self.counted.meets(self.target.good)


async def stood(
    pool: Any,
    watched: Watched,
    objective: Objective,
    scope: Scope,
    calendar: WorkCalendar,
    day: int,
) -> Stood:
    """At 24:00 of a day: what was open then and had fallen due by then is bad."""
    first = objective.window.first_day(day, calendar)
    counting = COUNTED[objective.indicator]
    if counting.from_catalogue:
        counted = watched.services(day)
    else:
        number = watched.numbers[scope]
        counted = await _flows(pool, watched, counting, number, first, day)
        if counting.open:
            counted = counted.plus(await _stock(pool, watched, counting, number, day))
    return Stood(first, day, objective.target(day), counted)


async def _flows(
    pool: Any, watched: Watched, counting: Counting, number: int, first: int, last: int
) -> Counted:
    terms = [(term, Counted(1, 0)) for term in counting.good]
    terms += [(term, Counted(0, 1)) for term in counting.bad]
    known = await Balances(pool).as_known_now(
        Accounts(measures={term.measure for term, _ in terms}, first_day=first, last_day=last),
        by=(Dimension.MEASURE, *_OF_A_CELL),
    )
    counted = Counted()
    for (measure, *cell), amount in known.figures.items():
        here = _cell(cell)
        if number not in watched.places(here):
            continue
        for (asked, weight, channel, level), side in terms:
            if asked == measure and channel in (0, here.channel) and level in (0, here.level):
                counted = counted.plus(
                    Counted(side.good * weight * amount, side.bad * weight * amount)
                )
    return counted


async def _stock(
    pool: Any, watched: Watched, counting: Counting, number: int, day: int
) -> Counted:
    known = await Balances(pool).as_known_now(
        Accounts(measures=counting.open, last_day=day), by=(Dimension.SLOT, *_OF_A_CELL)
    )
    sides: Mapping[bool, Counted] = {
        True: Counted(0, 1),
        False: Counted(int(counting.open_in_time_is_good), 0),
    }
    counted = Counted()
    for (slot, *cell), amount in known.figures.items():
        due = int(slot)
        if due < 0 and due not in (FIXED_LATE, FIXED_IN_TIME):
            continue
        if number in watched.places(_cell(cell)):
            side = sides[due == FIXED_LATE or 0 <= due <= day]
            counted = counted.plus(Counted(side.good * amount, side.bad * amount))
    return counted


def _cell(values: list[Any]) -> Cell:
    agency, procedure, channel, level = values
    return Cell(agency, "", procedure, channel, "", level)
