"""A report in the terminal."""

import io
from textwrap import fill
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.said import shown
from monitor.outlets.report.sheet import Column, Form, Report, Table

WIDE: Final = 160  # where nobody looks: as wide as a table may be before its texts wrap
_CROWDED: Final = 14  # columns whose headings do not fit
_CROWDED_GROUPS: Final = 10  # the same of those under a common heading
_NARROW: Final = 12  # characters of a heading above numbers, which do not wrap themselves
_LEFT_OUT: Final = frozenset({"definitions"})  # `--format html` and the others have them


def as_table(report: Report, language: Language, *, width: int | None, colour: bool) -> str:
    """The figures, where they come from, and what the signs mean; as wide as the terminal."""
    out = io.StringIO()
    console = Console(
        file=out,
        width=width or WIDE,
        markup=False,
        highlight=False,
        force_terminal=colour,
        color_system="standard" if colour else None,
    )
    console.print(Text(report.title.of(language), style="bold"))
    console.print(report.subtitle.of(language))
    console.print()
    for table in report.tables:
        if table.name in _LEFT_OUT:
            continue
        if len(report.tables) > 1 and table is not report.tables[0]:
            console.print(Text(table.title.of(language), style="bold"))
        console.print(_table(table, language))
    for note in report.notes:
        console.print(note.of(language))
    console.print()
    console.print(Text(words.PROVENANCE.of(language), style="bold"))
    widest = max(len(line.title.of(language)) for line in report.lines)
    for line in report.lines:
        console.print(
            Text(f"  {line.title.of(language):<{widest}}  {line.said.of(language)}"),
            soft_wrap=True,
        )
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def _table(table: Table, language: Language) -> RenderableType:
    """With numbers in the place of headings, and what they mean below, where it is too wide."""
    kept = [place for place, column in enumerate(table.columns) if not column.detail]
    headings = [_heading(table.columns[place], language) for place in kept]
    made = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    grouped = any(column.above is not None for column in table.columns)
    crowded = len(kept) > (_CROWDED_GROUPS if grouped else _CROWDED)
    for number, (place, heading) in enumerate(zip(kept, headings, strict=True), 1):
        column = table.columns[place]
        of_numbers = column.form is not Form.TEXT
        made.add_column(
            f"({number})" if crowded else fill(heading, _NARROW) if of_numbers else heading,
            justify="right" if of_numbers else "left",
            no_wrap=of_numbers,
            overflow="fold",
        )
    for place, row in enumerate(table.rows):
        made.add_row(
            *(shown(row[one], language, signed=table.columns[one].signed) for one in kept),
            style="bold" if place in table.strong else None,
        )
    if not crowded:
        return made
    key = [f"({number}) {heading}" for number, heading in enumerate(headings, 1)]
    return Group(made, Text("; ".join(key)), Text())


def _heading(column: Column, language: Language) -> str:
    heading = column.title.of(language)
    return heading if column.above is None else f"{column.above.of(language)}: {heading}"
