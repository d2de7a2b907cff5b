"""Tables of scopes side by side: sorted by a column, filtered by name, as CSV."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

from monitor.outlets.api.asked import Parameter
from monitor.outlets.console.asked import a_sort
from monitor.outlets.console.connections import in_order
from monitor.outlets.console.fares import Line, share
from monitor.outlets.console.find import plain
from monitor.outlets.console.page import Table
from monitor.outlets.console.shown import Number, as_of, counted, span

ORDER: Final = Parameter(
    name="order",
    says="A column that procedures are sorted by; with - before it the largest first.",
    read=a_sort,
    schema={"type": "string"},
    example="-received",
)
FILTER: Final = Parameter(
    name="filter",
    says="Only rows whose name or code has all these words.",
    read=str.strip,
    schema={"type": "string", "maxLength": 200},
    example="tư pháp",
)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A scope in a table."""

    code: str
    name: str
    line: Line
    all_late: int  # of all in the table

    @property
    def unnamed(self) -> bool:
        """Whether no file has a name for it."""
        return self.name == self.code

    @cached_property
    def late(self) -> Number:
        """That ended late."""
        visit, fared = self.line.visit, self.line.fared
        return counted(
            visit,
            self.line.late,
            visit.t("count.late"),
            later=lambda: (
                (visit.t("meaning.what"), visit.t("count.late.is")),
                (visit.t("fares.period"), span(visit, fared.period)),
                *as_of(visit, fared.known),
            ),
        )

    @cached_property
    def late_share(self) -> Number | None:
        """How much of all that ended late is its own."""
        visit, late = self.line.visit, self.line.late
        if late is None:
            return None
        return share(
            visit,
            late,
            self.all_late,
            f"{visit.t('count.late_share')}: {self.name}",
            (visit.t("meaning.what"), visit.t("count.late_share.is")),
            *as_of(visit, self.line.fared.known),
        )


def rows(lines: Sequence[Line], named: Callable[[Line], tuple[str, str]]) -> list[Row]:
    """Each with its code and its name."""
    all_late = sum(one.late or 0 for one in lines)
    return [
        Row(code=code, name=name or code, line=one, all_late=all_late)
        for one in lines
        for code, name in [named(one)]
    ]


def _value(number: Number) -> int | Decimal | None:
    return number.value if number.known else None


KEYS: Final[Mapping[str, Callable[[Row], Any]]] = {
    "name": lambda one: plain(one.name),
    "received": lambda one: one.line.amounts["received"],
    "completed": lambda one: one.line.amounts["completed"],
    "open_end": lambda one: one.line.amounts["open_end"],
    "on_time": lambda one: _value(one.line.on_time),
    "headline": lambda one: _value(one.line.headline),
    "late": lambda one: one.line.late,
}


def chosen(found: list[Row], sort: str | None, words: str | None) -> list[Row]:
    """Those with the words in their name or code, in the order of a column."""
    wanted = plain(words or "").split()
    kept = [
        one for one in found if all(word in plain(f"{one.code} {one.name}") for word in wanted)
    ]
    return in_order(kept, KEYS, sort)


def weightiest(found: list[Row]) -> list[Row]:
    """Who has most that ended late first, then who received most."""
    return sorted(
        found, key=lambda one: (-(one.line.late or 0), -(one.line.received or 0), one.code)
    )


def sheet(name: str, kind: str, found: Sequence[Row]) -> Table:
    """One line a scope."""
    return Table(
        name=name,
        columns=(
            kind, "name", "received", "completed", "open_end", "ended_late", "on_time_percent",
            "full_process_percent", "period", "cut",
        ),
        rows=[
            (
                one.code,
                one.name,
                *(one.line.amounts[each] for each in ("received", "completed", "open_end")),
                one.line.late,
                _value(one.line.on_time),
                _value(one.line.headline),
                str(one.line.fared.period),
                one.line.fared.known.cut,
            )
            for one in found
        ],
    )  # fmt: skip
