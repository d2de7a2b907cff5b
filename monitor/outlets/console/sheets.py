"""A page's table as CSV: RFC 4180 with LF, UTF-8; what a spreadsheet would run gets an apostrophe."""

import csv
import io

from monitor.outlets.api.written import cell
from monitor.outlets.console.page import Table


def as_csv(table: Table) -> bytes:
    """One line a row, below the names of the columns."""
    out = io.StringIO(newline="")
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(table.columns)
    lines.writerows([cell(value) for value in row] for row in table.rows)
    return out.getvalue().encode()
