"""CSV files, for what comes in thousands of rows: read, typed, each row with its line.

Text is UTF-8, cells are separated by commas, the first row names the columns. A line that begins
with # is a comment. A list is written in one cell, separated by blanks; an empty cell is a key
left out. `tomllib` would take a second for a national catalogue, this takes a tenth.
"""

import csv
from collections import Counter
from collections.abc import Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import msgspec

from monitor.reference.complaints import Complaints, nearest, read_text
from monitor.reference.typed import converted, keys_of

S = TypeVar("S", bound=msgspec.Struct)


class Row(NamedTuple, Generic[S]):
    """What a row says and where it stands."""

    path: Path
    line: int
    value: S


def read_table(path: Path, kind: type[S], complaints: Complaints) -> list[Row[S]]:
    """The rows of a file that fit their type, after every complaint about the others."""
    text = read_text(path, complaints)
    if text is None:
        return []
    lines = _cells(path, text, complaints)
    line, columns = next(lines, (1, []))
    if not _fit(path, line, columns, kind, complaints):
        return []
    words = {column for column in columns if keys_of(kind)[column].words}
    rows = []
    for line, cells in lines:
        if len(cells) != len(columns):
            complaints.add(
                path,
                line,
                f"{len(cells)} cells under {len(columns)} columns",
                'give every column a cell, and put one with a comma in quotes, "so, here"',
            )
            continue

        raw = {
            column: cell.split() if column in words else cell
            for column, cell in zip(columns, cells, strict=True)
            if cell
        }
        value = converted(
            raw,
            kind,
            partial(_say, path, line, complaints),
            texts=True,
            empty="fill in its cell",
        )
        if value is not None:
            rows.append(Row(path, line, value))
    return rows


def _say(
    path: Path, line: int, complaints: Complaints, _key: str, reason: str, remedy: str
) -> None:
    complaints.add(path, line, reason, remedy)


def _cells(path: Path, text: str, complaints: Complaints) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line each begins in, without comments and empty ones."""
    kept = ("" if line.startswith("#") else line for line in StringIO(text))
    reader = csv.reader(kept, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            complaints.add(path, line, f"no CSV ({error})", "close the quotes of each cell")
            return
        if any(cells):
            yield line, cells


def _fit(
    path: Path,
    line: int,
    columns: list[str],
    kind: type[msgspec.Struct],
    complaints: Complaints,
) -> bool:
    keys = keys_of(kind)
    before = len(complaints)
    for column, times in Counter(columns).items():
        if column not in keys:
            meant = nearest(column, keys.keys() - set(columns))
            complaints.add(
                path,
                line,
                f"unknown column `{column}`",
                f"write `{meant}`, or remove it" if meant else "remove it, or correct its name",
            )
        elif times > 1:
            complaints.add(path, line, f"column `{column}` stands {times} times", "keep one")
    for name, key in keys.items():
        if key.required and name not in columns:
            complaints.add(path, line, f"missing column `{name}`", "add it to the first row")
    return len(complaints) == before
