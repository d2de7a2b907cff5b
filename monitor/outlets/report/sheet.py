"""What every format shows: a report as tables of values, before anybody has written it down.

What people read is made of the same tables in every format, and what machines read of the same
document, so that none says another number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from monitor.outlets.report.said import Said, Value


class Form(StrEnum):
    """What a column holds."""

    TEXT = "text"
    COUNT = "count"  # a whole number
    PERCENT = "percent"  # 68.54 is 68.54 %
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table."""

    title: Said
    form: Form = Form.TEXT
    above: Said | None = None  # a heading over several columns that stand side by side
    width: int = 11  # characters, in a workbook
    detail: bool = False  # left out where there is little room, as in a terminal
    signed: bool = False  # a change: with its plus sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of values."""

    name: str
    title: Said
    columns: Sequence[Column]
    rows: Sequence[Sequence[Value]]
    strong: frozenset[int] = frozenset()  # rows that are totals
    numbered: bool = False  # columns have numbers below their titles, as forms have


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A line of a chart: a value between 0 and `most`, in parts."""

    label: Said
    parts: tuple[Decimal, ...]  # none of them negative; () where there is no value
    said: Said
    of: Decimal | None = None  # how long it could be, where that is not as long as the chart
    mark: Decimal | None = None  # a target


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars."""

    title: Said
    most: Decimal
    bars: Sequence[Bar]
    parts: tuple[Said, ...] = ()  # what the parts are, where there is more than one


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What a report says of itself."""

    title: Said
    said: Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report, ready to be written in any format."""

    kind: str
    title: Said
    subtitle: Said
    lines: Sequence[Line]  # where it comes from
    tables: Sequence[Table]
    charts: Sequence[Chart]
    notes: Sequence[Said]
    document: Mapping[str, Any]  # what JSON holds, and CSV is made of
    sealed_at: datetime
    form: bool = False  # an official form: its table stands first
