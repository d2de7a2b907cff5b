"""A list of codes of dossiers, as it comes out of a database or a spreadsheet."""

import csv
from array import array
from collections.abc import Mapping
from typing import Final

import msgspec

from agents.gateway.answer import Code, Problem
from agents.gateway.binding import Lines, media_type

LONGEST_CODE: Final = 256
# First cells that head a column of codes; any other first cell is a code.
HEADINGS: Final = frozenset(
    {"dossier", "dossiers", "code", "dossier_code", "mahoso", "ma_ho_so", "mã hồ sơ", "sohoso"}
)
_FORMS: Final = {
    "text/plain": "text",
    "text/csv": "csv",
    "application/x-ndjson": "lines",
    "application/ndjson": "lines",
    "application/jsonl": "lines",
}


class _Named(msgspec.Struct):
    """A line of JSON that is an object."""

    dossier: str


_LINE: Final = msgspec.json.Decoder(str | _Named)


def list_form(headers: Mapping[bytes, bytes]) -> str | None:
    """How the codes are written; None if this is no list."""
    return _FORMS.get(media_type(headers))


class CodeList:
    """Codes in the order they came, each with its line."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._lines = Lines()
        self.codes: list[str] = []
        self.lines = array("L")

    def feed(self, part: bytes) -> None:
        for number, line in self._lines.feed(part):
            self._add(number, line)

    def end(self) -> None:
        for number, line in self._lines.end():
            self._add(number, line)

    def _add(self, number: int, line: bytes) -> None:
        code = self._code(number, line)
        if not code:
            return
        if len(code) > LONGEST_CODE:
            raise _wrong(number, f"a code has at most {LONGEST_CODE} characters")
        self.codes.append(code)
        self.lines.append(number)

    def _code(self, number: int, line: bytes) -> str:
        if self._form == "lines":
            try:
                said = _LINE.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise _wrong(
                    number, 'a line is a string, or an object with the string "dossier"'
                ) from None
            return (said if isinstance(said, str) else said.dossier).strip()
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            raise _wrong(number, "the text is no UTF-8") from None
        if self._form == "csv":
            delimiter = ";" if ";" in text and "," not in text else ","
            try:
                [cells] = csv.reader([text], delimiter=delimiter, strict=True)
            except (csv.Error, ValueError):
                raise _wrong(number, "the line is no CSV") from None
            text = cells[0] if cells else ""
            if not self.codes and text.strip().lower() in HEADINGS:
                return ""
        return text.strip()


def _wrong(line: int, what: str) -> Problem:
    return Problem(Code.MALFORMED, what, more={"line": line})
