"""Lines of CSV that a spreadsheet reads as they were meant (RFC 4180; LF or CRLF between them)."""

import csv
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

# What a spreadsheet takes for a formula (OWASP, CSV injection), blanks before it or not.
# Where letters are wide, so are these signs, and a spreadsheet takes them for the narrow ones.
_FORMULA: Final = re.compile(r"\s*[=+\-@|＝＋－＠]|[\t\r\n]")
_CRLF: Final = "\r\n"


def harmless(text: str) -> str:
    """As it is, unless a spreadsheet would run it: then behind an apostrophe. Not for numbers."""
    return f"'{text}" if _FORMULA.match(text) else text


def lines(rows: Iterable[Sequence[Any]], *, end: str = "\n") -> str:
    """Rows as lines; what holds a comma, a quote, CR or LF is quoted."""
    found = _Lines()
    # Python's writer quotes what is in its own line end and, before 3.13, no other CR or LF.
    csv.writer(found, lineterminator=_CRLF).writerows(rows)
    return "".join(line.removesuffix(_CRLF) + end for line in found)


class _Lines(list[str]):
    """What a writer writes, a line each."""

    def write(self, line: str) -> None:
        self.append(line)
