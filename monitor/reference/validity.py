"""Rows that hold from a day to a day: `valid_until` is the first day on which one no longer does."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Protocol, TypeVar

from monitor.domain.zone import day_number
from monitor.reference.complaints import Complaints


class Valid(Protocol):
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_until(self) -> date | None: ...


class Placed(Protocol):
    """A row that knows its line."""

    @property
    def path(self) -> Path: ...
    @property
    def line(self) -> int: ...
    @property
    def value(self) -> Valid: ...


V = TypeVar("V", bound=Valid)
P = TypeVar("P", bound=Placed)


def holds(row: Valid, day: int) -> bool:
    return day_number(row.valid_from) <= day and (
        row.valid_until is None or day < day_number(row.valid_until)
    )


def valid_on(rows: Iterable[V], day: int) -> V | None:
    return next((row for row in rows if holds(row, day)), None)


def in_turn(
    rows: Mapping[str, Sequence[P]], complaints: Complaints
) -> dict[str, tuple[P, ...]]:
    """The rows of each name in the order of their days; no day may have two of them."""
    ordered = {}
    for name, held in rows.items():
        kept = []
        for row in held:
            until = row.value.valid_until
            if until is not None and until <= row.value.valid_from:
                complaints.add(
                    row.path,
                    row.line,
                    f"{name} is valid until {until}, but from {row.value.valid_from}",
                    "correct one of both; valid_until is the first day it no longer is",
                )
            else:
                kept.append(row)
        kept.sort(key=lambda row: row.value.valid_from)
        for row, following in pairwise(kept):
            if (
                row.value.valid_until is None
                or row.value.valid_until > following.value.valid_from
            ):
                begins = following.value.valid_from
                complaints.add(
                    following.path,
                    following.line,
                    f"{name} is valid twice from {begins}, also by {row.path}:{row.line}",
                    "remove one"
                    if begins == row.value.valid_from
                    else f"remove one, or end the earlier one with valid_until {begins}",
                )
        ordered[name] = tuple(kept)
    return ordered
