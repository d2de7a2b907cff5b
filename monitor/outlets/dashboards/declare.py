"""What a dashboard is: values that the JSON, the reference page and the tests are made from.

A panel says its number once: by the meanings of the metrics and measures that it rests on, which
stand in their own catalogues, and a sentence of its own where it does something with them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.domain.measures import Definition
from monitor.outlets.names import Metric

GRID: Final = 24  # columns of a dashboard
DAY: Final = "1d"


class Kind(StrEnum):
    """How a panel shows what it has asked for, by Grafana's names."""

    STAT = "stat"
    LINES = "timeseries"
    BARS = "barchart"
    TABLE = "table"
    STATES = "state-timeline"


class Unit(StrEnum):
    """Grafana's units."""

    COUNT = "none"  # whole numbers as they are: 12034 dossiers, not 12 K
    SHARE = "percentunit"  # 1 is 100 %
    SECONDS = "s"
    PER_SECOND = "cps"
    BYTES = "bytes"
    TIME = "dateTimeAsIso"  # ms since 1970
    AGO = "dateTimeFromNow"
    NUMBER = "short"


class Colour(StrEnum):
    """What a threshold paints."""

    PLAIN = "blue"
    UNKNOWN = "gray"
    GOOD = "green"
    WATCH = "orange"
    BAD = "red"


@dataclass(frozen=True, slots=True)
class From:
    """A threshold: the colour from this value on; None is the colour below all others."""

    value: float | None
    colour: Colour


@dataclass(frozen=True, slots=True)
class Promql:
    """A question to Prometheus."""

    expr: str
    legend: str = ""
    instant: bool = False
    exemplars: bool = False  # with the dossiers or requests that stand for a bucket, by token


@dataclass(frozen=True, slots=True)
class Sql:
    """A question to the ledger, as the role emc_grafana. With `series` the first column is `time`."""

    text: str
    series: bool = False


Query = Promql | Sql

# What states look like, wherever they are shown.
STATES: Final[Mapping[str, Colour]] = {
    "connected": Colour.GOOD,
    "partial": Colour.WATCH,
    "mismatch": Colour.WATCH,
    "unreconciled": Colour.WATCH,
    "interrupted": Colour.BAD,
    "not_connected": Colour.BAD,
    "undetermined": Colour.UNKNOWN,
    "good": Colour.GOOD,
    "burning": Colour.WATCH,
    "spent": Colour.BAD,
    "idle": Colour.UNKNOWN,
    "too_few": Colour.UNKNOWN,
    "no_data": Colour.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Link:
    """From a number, or a row of a table, to what it is made of.

    `variables` are told to the other dashboard: names, and a value or `${__data.fields.NAME}`.
    """

    title: str
    dashboard: str  # uid
    variables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """How a column of a table, or a series, is shown where it differs from the panel."""

    name: str
    unit: Unit | None = None
    steps: tuple[From, ...] = ()
    link: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One number, curve or table."""

    kind: Kind
    vi: str
    en: str
    says: str = ""
    of: tuple[Metric | Definition, ...] = ()  # whose meaning the description repeats
    queries: tuple[Query, ...] = ()
    unit: Unit = Unit.COUNT
    width: int = 12
    height: int = 8
    steps: tuple[From, ...] = ()
    most: float | None = None  # of the axis
    stacked: bool = False
    empty: str = ""  # why there may be nothing to show, and what that means
    link: Link | None = None
    columns: tuple[Column, ...] = ()
    partition: str = ""  # the column that a state timeline has a row for each value of

    @property
    def title(self) -> str:
        """In both languages."""
        return f"{self.vi} · {self.en}"

    @property
    def description(self) -> str:
        """What the number is, with the day and the basis that its catalogue tells."""
        told = [self.says] if self.says else []
        for one in self.of:
            if isinstance(one, Metric):
                told.append(f"`{one.name}`: {one.help}")
            else:
                told.append(f"`{one.name}`: {one.meaning} Day: {one.day}. Basis: {one.basis}.")
        if self.empty:
            told.append(f"No data: {self.empty}")
        return "\n\n".join(told)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading, from left to right and then down."""

    vi: str
    en: str
    panels: tuple[Panel, ...]

    @property
    def title(self) -> str:
        """In both languages."""
        return f"{self.vi} · {self.en}"


class Variable(StrEnum):
    """What whoever looks may choose, besides the two data sources."""

    AGENCY = "agency"
    CHANNEL = "channel"
    SOURCE = "source"
    OBJECTIVE = "objective"
    SCOPE = "scope"
    DUE = "due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A page of panels."""

    uid: str
    vi: str
    en: str
    about: str  # whom it is for, and what to do with it
    variables: tuple[Variable, ...] = ()
    since: str = "now-30d"
    refresh: str = "5m"  # what asks the ledger for a month is not asked each minute
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """In both languages."""
        return f"{self.vi} · {self.en}"

    def panels(self) -> Sequence[Panel]:
        """All of them, in order."""
        return [panel for row in self.rows for panel in row.panels]


@dataclass(frozen=True, slots=True)
class Place:
    """Where something lies on the grid."""

    x: int
    y: int
    width: int
    height: int


def places(row: Row, y: int) -> tuple[list[Place], int]:
    """Where a row's panels lie below its heading at `y`, and where the next row begins."""
    found: list[Place] = []
    x, y, tallest = 0, y + 1, 0
    for panel in row.panels:
        if x + panel.width > GRID:
            x, y, tallest = 0, y + tallest, 0
        found.append(Place(x, y, panel.width, panel.height))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return found, y + tallest
