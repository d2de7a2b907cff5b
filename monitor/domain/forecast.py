"""How many dossiers will be overdue in some working days, at the present pace.

What became of dossiers lately is expected to become of those that are open now: of those that were
overdue on a morning some are still open N working days later, and of those that fell due meanwhile
some were missed. Both shares are event-weighted: sums over the mornings of the last ten working
days. The pace sets a floor: an office that settles so many a working day, and nothing but the most
urgent, still leaves the rest. docs/explanation/forecast.md tells why, and how good it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Final, NamedTuple, Self

from monitor.domain.calendar import WorkCalendar

WITHIN: Final = (1, 3, 5)  # working days
OBSERVED: Final = 10  # working days that pace and shares rest on
LEAST: Final = 3  # working days heard of, before there is a pace
# An agency of which few dossiers were seen leans on the country: as on so many dossiers of its own.
LEANING: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What the ledger has of an agency. Days are local; slots are the days dossiers fall due."""

    stock: Mapping[int, int]  # open when today began, by slot
    moved: Mapping[tuple[int, int], int]  # by day before today and slot: entered less left
    settled: Mapping[int, int]  # by day before today: completed or returned


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What became of dossiers from mornings to those N working days later; sums over mornings."""

    overdue: int = 0  # on a morning
    stayed: int = 0  # of these, open N working days later
    due: int = 0  # open on a morning, and falling due before the later one
    missed: int = 0  # open on the later morning, though they fell due meanwhile

    def __add__(self, other: Self) -> Self:
        return type(self)(
            overdue=self.overdue + other.overdue,
            stayed=self.stayed + other.stayed,
            due=self.due + other.due,
            missed=self.missed + other.missed,
        )


class Outlook(NamedTuple):
    """How many will be open and overdue, of those that are and of those that fall due by then."""

    of_overdue: float
    of_due: float

    @property
    def expected(self) -> float:
        """How many in all."""
        return self.of_overdue + self.of_due


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is ahead so many working days from today."""

    until: int  # the day at whose beginning they have passed
    due: int  # falls due from today on and before it
    outlook: Outlook | None  # None: nothing is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Of one agency, from what was open when today began."""

    overdue: int
    pace: float | None  # settled a working day; None: not known
    ahead: Mapping[int, Prospect]  # by how many working days


def mornings(calendar: WorkCalendar, today: int) -> tuple[int, ...]:
    """The last ten working days before today, and today, or the next one that is worked."""
    base = calendar.next_working_day(today)
    return tuple(calendar.add_working_days(base, n) for n in range(-OBSERVED, 1))


def ahead(calendar: WorkCalendar, today: int, within: int) -> int:
    """The day at whose beginning so many working days have passed from today's."""
    return calendar.add_working_days(calendar.next_working_day(today), within)


def pace(books: Books, days: Sequence[int]) -> float | None:
    """Settled a working day, from the first of the days on which anything was heard of."""
    *worked, today = days
    heard = min(
        (day for day in (*books.settled, *(day for day, _ in books.moved)) if day >= worked[0]),
        default=today,
    )
    # What was open before must have been heard of before.
    if any(_stock_at(books, worked[0]).values()):
        heard = worked[0]
    known = sum(day >= heard for day in worked)
    if known < LEAST:
        return None
    settled = sum(n for day, n in books.settled.items() if worked[0] <= day < today)
    return settled / known


def seen(books: Books, days: Sequence[int], within: int) -> Seen:
    """What became of dossiers between the mornings of these days, `within` of them apart."""
    found = Seen()
    for morning, later in zip(days, days[within:], strict=False):
        before, after = _stock_at(books, morning), _stock_at(books, later)
        found += Seen(
            overdue=falling(before, None, morning),
            stayed=falling(after, None, morning),
            due=falling(before, morning, later),
            missed=falling(after, morning, later),
        )
    return found


def outlook(
    overdue: int,
    due: int,
    *,
    within: int,
    at_pace: float | None,
    here: Seen,
    country: Seen,
) -> Outlook | None:
    """Of so many that are overdue, and so many that fall due within so many working days."""
    stay = _share(here.stayed, here.overdue, country.stayed, country.overdue)
    miss = _share(here.missed, here.due, country.missed, country.due)
    if due and miss is None:
        return None
    # Nobody has been seen to be overdue: then nobody has been seen to settle what is, either.
    of_overdue = overdue * (1.0 if stay is None else stay)
    of_due = due * (miss or 0.0)
    floor = 0.0 if at_pace is None else overdue + due - at_pace * within
    if floor <= of_overdue + of_due:
        return Outlook(of_overdue, of_due)
    # The rest stays of those that would have been settled, evenly.
    more = (floor - of_overdue - of_due) / (overdue + due - of_overdue - of_due)
    return Outlook(of_overdue + more * (overdue - of_overdue), of_due + more * (due - of_due))


def forecast(
    books: Mapping[str, Books], calendars: Mapping[str, WorkCalendar], today: int
) -> dict[str, Forecast]:
    """Of each agency, from what was open when today began."""
    days = {agency: mornings(calendars[agency], today) for agency in books}
    watched = {
        within: {agency: seen(held, days[agency], within) for agency, held in books.items()}
        for within in WITHIN
    }
    country = {within: reduce(add, found.values(), Seen()) for within, found in watched.items()}
    made = {}
    for agency, held in books.items():
        at_pace = pace(held, days[agency])
        overdue = falling(held.stock, None, today)
        prospects = {}
        for within in WITHIN:
            until = ahead(calendars[agency], today, within)
            due = falling(held.stock, today, until)
            prospects[within] = Prospect(
                until=until,
                due=due,
                outlook=outlook(
                    overdue,
                    due,
                    within=within,
                    at_pace=at_pace,
                    here=watched[within][agency],
                    country=country[within],
                ),
            )
        made[agency] = Forecast(overdue=overdue, pace=at_pace, ahead=prospects)
    return made


def _share(part: int, whole: int, country_part: int, country_whole: int) -> float | None:
    if not country_whole:
        return None
    return (part + LEANING * country_part / country_whole) / (whole + LEANING)


def _stock_at(books: Books, morning: int) -> dict[int, int]:
    """What was open when a day began, by slot: what is now, less what has moved since."""
    stock = dict(books.stock)
    for (day, slot), amount in books.moved.items():
        if day >= morning:
            stock[slot] = stock.get(slot, 0) - amount
    return stock


def falling(stock: Mapping[int, int], first: int | None, before: int) -> int:
    """How many fall due from the first day on, and before another."""
    return sum(
        n for slot, n in stock.items() if slot < before and (first is None or slot >= first)
    )
