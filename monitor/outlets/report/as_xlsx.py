"""A report as a workbook; the same bytes for the same report."""

import io
from datetime import UTC
from decimal import Decimal
from typing import Any, Final

from xlsxwriter import Workbook

from monitor.domain.indicator import Standing
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.said import Said, Value, shown
from monitor.outlets.report.sheet import Column, Form, Report, Table

_INK: Final = "#1F3A5F"
_HEAD: Final = {
    "bold": True, "font_color": "#FFFFFF", "bg_color": _INK, "border": 1, "border_color": "#B8C2CC",
    "align": "center", "valign": "vcenter", "text_wrap": True,
}  # fmt: skip
_CELL: Final = {"border": 1, "border_color": "#D5DBE1", "valign": "top"}
# A thousands separator and a decimal point are the reader's: Excel writes them by its region.
_NUMBERS: Final = {
    Form.COUNT: "#,##0",
    Form.DECIMAL: "#,##0.00",
    Form.PERCENT: '#,##0.00"%"',
}
_SIGNED: Final = {Form.COUNT: "+#,##0;−#,##0;0", Form.DECIMAL: "+#,##0.00;−#,##0.00;0.00"}


def as_xlsx(report: Report, language: Language) -> bytes:
    """Sheets: where it comes from, then each table."""
    out = io.BytesIO()
    # Texts of others are texts: no formula, no link, no number is read into them.
    book = Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties(
        {
            "title": report.title.of(language),
            "subject": report.subtitle.of(language),
            "author": "emc-monitor",
            # The cut's, so that the same cut gives the same bytes.
            "created": report.sealed_at.astimezone(UTC).replace(tzinfo=None, microsecond=0),
        }
    )
    formats = _Formats(book)
    first = book.add_worksheet(_sheet_name(words.PROVENANCE.of(language)))
    _front(first, report, language, formats)
    for table in report.tables:
        sheet = book.add_worksheet(_sheet_name(table.title.of(language)))
        _print_setup(sheet, report, language)
        _table(sheet, report, table, language, formats)
    if len(report.tables):
        book.get_worksheet_by_name(_sheet_name(report.tables[0].title.of(language))).activate()
    book.close()
    return out.getvalue()


class _Formats:
    """Each format once."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[tuple[str, Any], ...], Any] = {}

    def of(self, **said: Any) -> Any:
        key = tuple(sorted(said.items()))
        if key not in self._made:
            self._made[key] = self._book.add_format(said)
        return self._made[key]


def _sheet_name(text: str) -> str:
    return "".join(one for one in text if one not in "[]:*?/\\")[:31]


def _front(sheet: Any, report: Report, language: Language, formats: _Formats) -> None:
    sheet.set_column(0, 0, 30)
    sheet.set_column(1, 1, 90)
    sheet.hide_gridlines(2)
    title = formats.of(bold=True, font_size=16, font_color=_INK)
    sheet.write_string(0, 0, report.title.of(language), title)
    sheet.write_string(1, 0, report.subtitle.of(language), formats.of(font_size=12))
    label = formats.of(bold=True, valign="top")
    text = formats.of(text_wrap=True, valign="top")
    at = 3
    for line in report.lines:
        sheet.write_string(at, 0, line.title.of(language), label)
        sheet.write_string(at, 1, line.said.of(language), text)
        at += 1
    at += 1
    for note in report.notes:
        sheet.write_string(at, 0, words.NOTE.of(language), label)
        sheet.write_string(at, 1, note.of(language), text)
        at += 1
    _print_setup(sheet, report, language)


def _print_setup(sheet: Any, report: Report, language: Language) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.fit_to_pages(1, 0)
    # & begins a code in headers; doubled it is itself.
    sheet.set_footer(f"&L{report.title.of(language).replace('&', '&&')}&R&P/&N"[:250])


def _table(
    sheet: Any, report: Report, table: Table, language: Language, formats: _Formats
) -> None:
    sheet.write_string(
        0, 0, report.title.of(language), formats.of(bold=True, font_size=14, font_color=_INK)
    )
    sheet.write_string(1, 0, report.subtitle.of(language), formats.of(italic=True))
    top = 3
    head = formats.of(**_HEAD)
    grouped = any(column.above for column in table.columns)
    first_row = top + 1 + int(grouped) + int(table.numbered)
    _headings(sheet, top, table.columns, language, head, grouped=grouped)
    if table.numbered:
        for at in range(len(table.columns)):
            sheet.write_string(
                first_row - 1,
                at,
                f"({at + 1})",
                formats.of(
                    italic=True,
                    align="center",
                    **{k: v for k, v in _CELL.items() if k != "valign"},
                ),
            )
    for at, column in enumerate(table.columns):
        sheet.set_column(at, at, column.width)
    for place, row in enumerate(table.rows):
        strong = place in table.strong
        for at, (column, value) in enumerate(zip(table.columns, row, strict=True)):
            _write(
                sheet, first_row + place, at, column, value, language, formats, strong=strong
            )
    last = first_row + len(table.rows)
    sheet.freeze_panes(first_row, min(2, len(table.columns) - 1))
    sheet.repeat_rows(top, first_row - 1)
    if table.rows and not table.numbered:
        sheet.autofilter(first_row - 1, 0, last - 1, len(table.columns) - 1)
    for offset, note in enumerate(report.notes):
        sheet.write_string(last + 1 + offset, 0, note.of(language), formats.of(italic=True))


def _headings(
    sheet: Any,
    top: int,
    columns: Any,
    language: Language,
    head: Any,
    *,
    grouped: bool,
) -> None:
    if not grouped:
        for at, column in enumerate(columns):
            sheet.write_string(top, at, column.title.of(language), head)
        return
    at = 0
    while at < len(columns):
        above = columns[at].above
        if above is None:
            sheet.merge_range(top, at, top + 1, at, columns[at].title.of(language), head)
            at += 1
            continue
        until = at
        while until + 1 < len(columns) and columns[until + 1].above == above:
            until += 1
        if until > at:
            sheet.merge_range(top, at, top, until, above.of(language), head)
        else:
            sheet.write_string(top, at, above.of(language), head)
        for one in range(at, until + 1):
            sheet.write_string(top + 1, one, columns[one].title.of(language), head)
        at = until + 1


def _write(
    sheet: Any,
    row: int,
    at: int,
    column: Column,
    value: Value,
    language: Language,
    formats: _Formats,
    *,
    strong: bool,
) -> None:
    look: dict[str, Any] = dict(_CELL)
    if strong:
        look |= {"bold": True, "bg_color": "#EEF2F6"}
    match value:
        case None:
            sheet.write_blank(row, at, None, formats.of(**look))
        case Standing():
            sheet.write_string(
                row, at, shown(value, language),
                formats.of(**look, align="right", font_color="#6B7680"),
            )  # fmt: skip
        case int() | Decimal():
            numbers = _SIGNED if column.signed else _NUMBERS
            sheet.write_number(
                row, at, value, formats.of(**look, num_format=numbers[column.form])
            )
        case Said() | str():
            sheet.write_string(
                row, at, shown(value, language), formats.of(**look, text_wrap=True)
            )
