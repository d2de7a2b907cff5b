"""A recorded log as a stream of rows, counted, with what it cannot use told apart."""

from collections import Counter
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Final, Protocol

from agents.replay.mapping import MappingFile
from agents.replay.readers import (
    LogFile,
    Read,
    Unread,
    csv_header,
    guarded,
    ndjson_lines,
    ndjson_rows,
    xes_rows,
)
from agents.replay.rows import Refused, Row, RowReader, event_row, why_unusable
from schemas.decode import Decoder
from schemas.event import Canonical
from schemas.refusal import Refused as Unusable

# A column that none of so many rows has is not in the log: worth telling before the rest of a
# national year is read for nothing.
PATIENCE: Final = 1000


class RowStream(Protocol):
    """What a log gives, whatever it is written in."""

    @property
    def records(self) -> int: ...  # read so far
    @property
    def refused(self) -> int: ...  # of them
    @property
    def warnings(self) -> Counter[str]: ...  # by what was odd

    def rows(self) -> Iterator[Row]: ...


class EventLog:
    """An NDJSON log of our own CloudEvents, which needs no mapping."""

    def __init__(
        self,
        log: LogFile,
        decoder: Decoder[Canonical],
        arrival_ms: int,
        on_refused: Callable[[Refused], None],
    ) -> None:
        self._log = log
        self._decoder = decoder
        self._arrival_ms = arrival_ms  # of events that do not say when they arrived
        self._on_refused = on_refused
        self.records = 0
        self.refused = 0
        self.warnings: Counter[str] = Counter()

    def rows(self) -> Iterator[Row]:
        for line, read in guarded(self._log, ndjson_lines(self._log)):
            self.records += 1
            refused = None
            if isinstance(read, Unread):
                refused = Refused(line, read.reason)
            else:
                event = self._decoder.decode(read, record_time_ms=self._arrival_ms)
                if not isinstance(event, Unusable):
                    yield event_row(event)
                    continue
                refused = Refused(line, why_unusable(event))
            self.refused += 1
            self._on_refused(refused)


class MappedLog:
    """A CSV, XES or NDJSON log read through a mapping; counts as it goes."""

    def __init__(
        self,
        log: LogFile,
        file: MappingFile,
        reader: RowReader,
        on_refused: Callable[[Refused], None],
    ) -> None:
        self._log = log
        self._file = file
        self._reader = reader
        self._on_refused = on_refused
        self.records = 0
        self.refused = 0
        self.warnings: Counter[str] = Counter()

    def rows(self) -> Iterator[Row]:
        """The readable rows in the log's order; raises `Broken` for an unknown column."""
        for line, cells in guarded(self._log, self._cells()):
            self.records += 1
            read = (
                Refused(line, cells.reason)
                if isinstance(cells, Unread)
                else self._reader.read(line, cells)
            )
            if isinstance(read, Refused):
                self.refused += 1
                self._on_refused(read)
            else:
                self.warnings.update(read.warnings)
                yield read

    def _cells(self) -> Iterator[Read]:
        if self._file.mapping.format == "csv":
            header, rows = csv_header(self._log, self._file.mapping.csv)
            self._check_header(header)
            yield from rows
        else:
            form = xes_rows if self._file.mapping.format == "xes" else ndjson_rows
            yield from self._seen(form(self._log))

    def _check_header(self, header: list[str]) -> None:
        for key, column in self._file.columns():
            if column not in header:
                raise self._unknown(key, column, header)
            if header.count(column) > 1:
                raise self._file.broken(
                    key,
                    f"{self._log.name} has {header.count(column)} columns {column!r}",
                    "name them apart in csv.header, or in the log",
                )

    def _seen(self, rows: Iterator[Read]) -> Iterator[Read]:
        """XES and NDJSON have no header: a column is unknown when no row had it."""
        sparse = self._file.mapping.sparse
        unseen = {column: key for key, column in self._file.columns() if key not in sparse}
        names: set[str] = set()
        number = 0
        for number, read in enumerate(rows, start=1):
            if unseen and not isinstance(read[1], Unread):
                if number <= PATIENCE:
                    names.update(read[1])
                for column in [column for column in unseen if column in read[1]]:
                    del unseen[column]
            yield read
            if number == PATIENCE:
                self._refuse_unseen(unseen, names, required=True)
        if number:
            self._refuse_unseen(unseen, names, required=False)

    def _refuse_unseen(
        self, unseen: dict[str, str], names: set[str], *, required: bool
    ) -> None:
        for column, key in unseen.items():
            if not required or key in self._reader.required:
                raise self._unknown(key, column, sorted(names))

    def _unknown(self, key: str, column: str, names: list[str]) -> Exception:
        near = get_close_matches(column, names, n=1)
        some = ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
        remedy = f"did you mean {near[0]!r}?" if near else f"it has {some or 'none'}"
        return self._file.broken(
            key, f"{key} names the column {column!r}, which {self._log.name} lacks", remedy
        )
