"""A page's table as CSV: RFC 4180 with LF, UTF-8; what a spreadsheet would run gets an apostrophe."""

from monitor.domain.spreadsheet import lines
from monitor.outlets.api.written import cell
from monitor.outlets.console.page import Table


def as_csv(table: Table) -> bytes:
    """One line a row, below the names of the columns."""
    rows = ([cell(value) for value in row] for row in table.rows)
    return lines([table.columns, *rows]).encode()
