"""Rows out of CSV, XES and NDJSON files, plain or gzip, in memory that does not grow.

Every reader yields one `Read` per row of the log: the row's number of line and either its
cells as text or the reason why it cannot be read. What is broken beyond the row, such as a
torn gzip stream, raises `Broken`.
"""

import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from collections.abc import Mapping as Table
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Self, TypeVar, cast
from xml.parsers import expat

import msgspec

from agents.replay.mapping import Broken, Csv

LONGEST_LINE: Final = 16 * 1024 * 1024
CHUNK: Final = 256 * 1024


class Unread(msgspec.Struct, frozen=True):
    """A row that cannot be read at all."""

    reason: str


T = TypeVar("T")
Cells = Table[str, str]
Read = tuple[int, Cells | Unread]


class LogFile:
    """An opened log: its bytes, unpacked if they are gzip, and how many were read so far."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise Broken(str(path), reason, "name a file that can be read") from None
        self._text: io.TextIOWrapper | None = None
        status = os.fstat(self._file.fileno())
        self.size = status.st_size
        # By content, not by name: logs are renamed, and the first two bytes are not.
        packed = self._file.peek(2)[:2] == b"\x1f\x8b"
        self.bytes = cast(
            "BinaryIO", gzip.GzipFile(fileobj=self._file) if packed else self._file
        )

    def text(self, encoding: str, errors: str) -> io.TextIOWrapper:
        """The bytes as text, with line ends as they are."""
        # Kept, because a wrapper that is collected closes the file under it.
        self._text = io.TextIOWrapper(self.bytes, encoding=encoding, errors=errors, newline="")
        return self._text

    def position(self) -> int:
        """Bytes of the file read so far, packed ones where it is packed."""
        return self._file.tell()

    def broken(self, reason: str, remedy: str, line: int = 0) -> Broken:
        return Broken(f"{self._path}:{line}" if line else str(self._path), reason, remedy)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for opened in (self._text, self.bytes, self._file):
            if opened is not None:
                opened.close()


def guarded(log: LogFile, rows: Iterator[tuple[int, T]]) -> Iterator[tuple[int, T]]:
    """The rows, with a stream that ends or breaks in the middle told in one line."""
    line = 0
    try:
        for read in rows:
            line = read[0]
            yield read
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise log.broken(
            f"its gzip stream is torn after line {line}", "fetch the file again"
        ) from None
    except UnicodeDecodeError as error:
        raise log.broken(
            f"cannot be decoded as {error.encoding} after line {line}", "set csv.encoding"
        ) from None


# CSV


def csv_header(log: LogFile, form: Csv) -> tuple[list[str], Iterator[Read]]:
    """The names of the columns, and the rows that follow."""
    # utf-8-sig: spreadsheets put a byte order mark before the first name.
    plain = form.encoding.lower().replace("_", "-") in {"utf-8", "utf8"}
    text = log.text(
        "utf-8-sig" if plain else form.encoding,
        "replace" if form.errors == "replace" else "surrogateescape",
    )
    lines = _Lines(text)
    table = csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote)
    header = list(form.header)
    if not header:
        try:
            header = next((row for row in table if row), [])
        except (csv.Error, UnicodeError, EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise log.broken(f"its header cannot be read: {error}", "is it CSV?") from None
        if not header:
            raise log.broken("is empty", "a CSV log starts with the names of its columns")
    return header, _csv_rows(header, table, lines, form.encoding)


class _Lines:
    """The lines of a text, each cut at a length that no row of a log has."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text = text
        self.number = 0
        self.cut = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            self.cut = True
            while (rest := self._text.readline(LONGEST_LINE)) and rest[-1] not in "\r\n":
                pass
            return "\n"
        return line


def _csv_rows(
    header: list[str],
    table: Iterator[list[str]],
    lines: _Lines,
    encoding: str,
) -> Iterator[Read]:
    width = len(header)
    while True:
        lines.cut = False
        first = lines.number + 1
        try:
            row = next(table, None)
        except csv.Error as error:
            yield first, Unread(f"is no CSV row: {error}")
            continue
        if row is None:
            return
        if lines.cut:
            yield first, Unread(f"is longer than {LONGEST_LINE} characters")
        elif len(row) == width:
            joined = "".join(row)
            if not joined.isascii() and _has_undecoded(joined):
                yield first, Unread(f"has bytes that are not {encoding}")
            else:
                yield first, dict(zip(header, row, strict=True))
        elif row:  # an empty line is no row
            yield first, Unread(f"has {len(row)} fields where the header has {width}")


def _has_undecoded(text: str) -> bool:
    return any("\udc80" <= sign <= "\udcff" for sign in text)


# NDJSON


def ndjson_lines(log: LogFile) -> Iterator[tuple[int, bytes | Unread]]:
    """The lines that are not empty, each whole or refused for its length."""
    number = 0
    while line := log.bytes.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := log.bytes.readline(CHUNK)) and not rest.endswith(b"\n"):
                pass
            yield number, Unread(f"is longer than {LONGEST_LINE} bytes")
        elif line := line.strip():
            yield number, line


def ndjson_rows(log: LogFile) -> Iterator[Read]:
    """One object a line; what is nested is named with dots, what is a list stays JSON text."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    for number, line in ndjson_lines(log):
        if isinstance(line, Unread):
            yield number, line
            continue
        try:
            yield number, _flat(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield number, Unread("is no JSON object")


def _flat(nested: Table[str, Any]) -> dict[str, str]:
    flat: dict[str, str] = {}
    # Breadth by a stack of our own: an object nested a thousand deep is no reason to fail.
    waiting: list[tuple[str, Table[str, Any]]] = [("", nested)]
    while waiting:
        prefix, table = waiting.pop()
        for name, value in table.items():
            if isinstance(value, dict):
                waiting.append((f"{prefix}{name}.", value))
            elif isinstance(value, str):
                flat[prefix + name] = value
            elif value is None:
                flat[prefix + name] = ""
            else:
                flat[prefix + name] = msgspec.json.encode(value).decode()
    return flat


# XES


class _Traces:
    """What expat calls: gathers the attributes of the case and of each of its events.

    XES writes an attribute as an element with `key` and `value`; those of a trace stand before
    its events. They are named as pm4py names them in a CSV, so that one mapping serves both:
    `case:` before those of the trace.
    """

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._depth = 0
        self._case: dict[str, str] = {}
        self._event: dict[str, str] | None = None
        self._trace_depth = 0
        self._line = 0
        self.done: list[Read] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        tag = name.rpartition("}")[2]
        if self._event is not None:
            if self._depth == self._trace_depth + 2 and "key" in attributes:
                self._event[attributes["key"]] = attributes.get("value", "")
        elif tag == "event" and self._trace_depth:
            self._event = {}
            self._line = self._parser.CurrentLineNumber
        elif tag == "trace":
            self._trace_depth = self._depth
            self._case = {}
        elif self._trace_depth and self._depth == self._trace_depth + 1 and "key" in attributes:
            self._case["case:" + attributes["key"]] = attributes.get("value", "")

    def end(self, _: str) -> None:
        if self._event is not None and self._depth == self._trace_depth + 1:
            self.done.append((self._line, {**self._case, **self._event}))
            self._event = None
        elif self._depth == self._trace_depth:
            self._trace_depth = 0
        self._depth -= 1


class _Declares(Exception):
    """The document declares a doctype, where entities that explode are hidden."""


def _refuse_doctype(*_: object) -> None:
    raise _Declares


def xes_rows(log: LogFile) -> Iterator[Read]:
    parser = expat.ParserCreate(namespace_separator="}")
    traces = _Traces(parser)
    parser.StartElementHandler = traces.start
    parser.EndElementHandler = traces.end
    # XES needs neither; refusing both leaves nothing that can expand.
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    while True:
        chunk = log.bytes.read(CHUNK)
        try:
            parser.Parse(chunk, not chunk)
        except _Declares:
            raise log.broken(
                "declares a doctype, which XES does not need",
                "remove it",
                parser.CurrentLineNumber,
            ) from None
        except expat.ExpatError as error:
            yield from traces.done
            raise log.broken(
                f"is not XML: {expat.ErrorString(error.code)}",
                "fetch the file again",
                error.lineno,
            ) from None
        yield from traces.done
        traces.done.clear()
        if not chunk:
            return
