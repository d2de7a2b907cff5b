"""What one row of a log says: the events it gives, as the mapping has it."""

import hashlib
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Table
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from agents.replay.mapping import ENDING, OTHERWISE, Mapping, MappingFile
from agents.replay.readers import Cells
from agents.replay.times import reader_of_times
from monitor.domain.codes import agency_code, dossier_key, procedure_code
from monitor.domain.event import State
from monitor.domain.identity import content
from monitor.domain.zone import Zone
from schemas.decode import Decoder
from schemas.encode import encode
from schemas.event import Canonical, StateChanged
from schemas.kinds import DOSSIERS
from schemas.refusal import Refused as Unusable

# Codes that a column may hold as they are, where no value table translates it.
CODES: Final[Table[str, Table[str, int]]] = {
    field: {str(code): code for code in range(first, last + 1)}
    for field, first, last in (
        ("state", 0, 10),
        ("status", 0, 10),
        ("channel", 0, 3),
        ("level", 0, 4),
        ("applicant_type", 0, 4),
    )
}
YES_NO: Final[Table[str, bool]] = {"true": True, "1": True, "false": False, "0": False}


class Row(msgspec.Struct, frozen=True):
    """A row that was read: its record, what follows from its case columns, what is odd."""

    event: Canonical
    key: bytes  # rows of one dossier with an equal key are duplicates
    derived: tuple[Canonical, ...] = ()  # equal on all rows of a case, so never duplicates
    warnings: tuple[str, ...] = ()


class Refused(msgspec.Struct, frozen=True):
    """A row that gives no event, and why."""

    line: int
    reason: str


class _Refusal(Exception):
    """Raised while a row is read; `RowReader.read` returns it as `Refused`."""


class _Case(NamedTuple):
    """What the columns of the case say, with constants where they say nothing."""

    dossier: str
    procedure: str
    agency: str
    unit: str
    channel: int
    sub_channel: str
    level: int
    applicant_type: int
    identity_attached: bool | None
    applicant_key: str
    due_ms: int | None
    opened_ms: int | None
    closed_ms: int | None
    ended: int  # the state in which it was closed


class RowReader:
    """Reads rows by one mapping.

    `key` is the secret of the keyed hash of applicants and pseudonyms. `arrival_ms` is when the
    log is replayed. An event of the log that lies after it arrives when it happens: what a log
    says must not depend on the day it is measured.
    """

    def __init__(
        self, file: MappingFile, *, key: bytes, arrival_ms: int, backfill: bool = True
    ) -> None:
        mapping = file.mapping
        self.mapping = mapping
        self.key = key
        self.columns = dict(file.columns())
        self.missing = frozenset(mapping.missing) | {""}
        self.pseudonymise = frozenset(mapping.pseudonymise)
        self.required = _required(mapping)
        self.time: Callable[[str], int] = reader_of_times(
            mapping.times.formats, mapping.times.zone or mapping.zone
        )
        self._hidden = self.pseudonymise | frozenset(mapping.case.applicant)
        self._arrival_ms = arrival_ms
        self._backfill = backfill
        self._decoder = Decoder(Zone(mapping.zone), DOSSIERS)
        # Most logs repeat the columns of the case row by row.
        self._of_case = lru_cache(maxsize=4096)(self._event_of_case)

    def read(self, line: int, cells: Cells) -> Row | Refused:
        try:
            reading = _Reading(self, cells)
            if self.mapping.layout == "cases":
                return self._case_row(reading, cells)
            return self._event_row(reading, cells)
        except _Refusal as error:
            return Refused(line, str(error))

    def _travelled(self, event: Canonical) -> Canonical:
        """The event as a worker reads it off the topic.

        So a row is refused here where it would be refused there, and both measure the same.
        """
        read = self._decoder.decode(encode(event), record_time_ms=self._arrival_ms)
        if isinstance(read, Unusable):
            raise _Refusal(why_unusable(read))
        return read

    def _case_row(self, reading: "_Reading", cells: Cells) -> Row:
        """The record is the receipt of the case; its closing follows from it."""
        case = self._case(reading)
        identity = reading.text("case.id")
        revision = reading.number("case.revision", 0)
        event = self._opened(case, identity or f"{case.dossier}/opened", revision)
        derived = self._closed(case, identity or case.dossier, revision)
        key = _content_key((event, *derived)) if identity else self._row_key(cells)
        return Row(event, key, derived, tuple(reading.odd))

    def _event_row(self, reading: "_Reading", cells: Cells) -> Row:
        """The record is the row's own event; receipt and closing of the case follow from it."""
        case = self._case(reading)
        claimed_ms = reading.time("event.time")
        if claimed_ms is None:
            raise _Refusal("event.time is empty")
        identity = reading.text("event.id")
        row_key = b"" if identity else self._row_key(cells)
        due_ms = reading.time("event.due")
        if due_ms is None and case.opened_ms is None:
            # Else the due date was made with the receipt, and a row that was logged later
            # does not make it once more.
            due_ms = case.due_ms
        event: Canonical = StateChanged(
            dossier=case.dossier,
            source=self.mapping.source,
            id=identity or row_key.hex(),
            claimed_ms=claimed_ms,
            arrival_ms=max(self._arrival_ms, claimed_ms),
            state=reading.code("event.activity", "state", State.OTHER),
            procedure=case.procedure,
            agency=agency_code(reading.word("event.agency", "agency")) or case.agency,
            unit=reading.word("event.unit", "unit") or case.unit,
            step=reading.text("event.step") or reading.text("event.activity"),
            channel=case.channel,
            sub_channel=case.sub_channel,
            level=case.level,
            due_ms=due_ms,
            applicant_type=case.applicant_type,
            identity_attached=case.identity_attached,
            applicant_key=case.applicant_key,
            revision=reading.number("event.revision", 0),
            sequence=reading.number("event.sequence", -1),
            backfill=self._backfill,
        )
        event = self._travelled(event)
        derived: tuple[Canonical, ...] = ()
        if case.opened_ms is not None:
            opened = self._opened(case, f"{case.dossier}/opened", 0)
            derived = (opened, *self._closed(case, case.dossier, 0))
        elif case.closed_ms is not None:
            reading.odd.append("case.closed without case.opened")
        key = row_key or _content_key((event,))
        return Row(event, key, derived, tuple(reading.odd))

    def _case(self, reading: "_Reading") -> _Case:
        constants = self.mapping.constants
        dossier = dossier_key(reading.text("case.dossier"), self.mapping.source)
        closed_ms, ended = self._closing(reading)
        channel = reading.code("case.channel", "channel", constants.channel)
        sub_channel = reading.text("case.sub_channel")
        if not sub_channel and self.mapping.values.channel:
            # What the source itself calls the channel is kept beside the national code.
            sub_channel = reading.text("case.channel")
        return _Case(
            dossier=dossier,
            procedure=procedure_code(
                reading.word("case.procedure", "procedure") or constants.procedure
            ),
            agency=agency_code(reading.word("case.agency", "agency") or constants.agency),
            unit=reading.word("case.unit", "unit") or constants.unit,
            channel=channel,
            sub_channel=sub_channel,
            level=reading.code("case.level", "level", constants.level),
            applicant_type=reading.code(
                "case.applicant_type", "applicant_type", constants.applicant_type
            ),
            identity_attached=reading.yes_no("case.identity_attached"),
            applicant_key=reading.applicant(self.mapping.case.applicant),
            due_ms=reading.time("case.due"),
            opened_ms=reading.time("case.opened"),
            closed_ms=closed_ms,
            ended=ended,
        )

    def _closing(self, reading: "_Reading") -> tuple[int | None, int]:
        """When the case was closed, and in which state; None if it is open."""
        closed_ms = reading.time("case.closed")
        if not self.mapping.case.status:
            return closed_ms, State.PROCESSED
        ended = reading.code("case.status", "status", State.OTHER)
        if ended not in ENDING:
            if closed_ms is not None:
                reading.odd.append("case.closed of a case whose status is open")
            return None, ended
        if closed_ms is None:
            reading.odd.append("case.status is closed without a time")
        return closed_ms, ended

    def _opened(self, case: _Case, identity: str, revision: int) -> Canonical:
        opened_ms, closed_ms = case.opened_ms, case.closed_ms
        if opened_ms is None:
            raise _Refusal("case.opened is empty")
        # Of an end before the receipt the receipt is told first, or the fold would see a
        # dossier that came back after it was processed.
        claimed_ms = opened_ms if closed_ms is None else min(opened_ms, closed_ms)
        return self._of_case(case, identity, claimed_ms, State.ACCEPTED, revision=revision)

    def _closed(self, case: _Case, identity: str, revision: int) -> tuple[Canonical, ...]:
        if case.closed_ms is None:
            return ()
        event = self._of_case(
            case, f"{identity}/closed", case.closed_ms, case.ended, revision=revision
        )
        return (event,)

    def _event_of_case(
        self, case: _Case, identity: str, claimed_ms: int, state: int, *, revision: int
    ) -> Canonical:
        event = StateChanged(
            dossier=case.dossier,
            source=self.mapping.source,
            id=identity,
            claimed_ms=claimed_ms,
            arrival_ms=max(self._arrival_ms, claimed_ms, case.opened_ms or 0),
            state=state,
            procedure=case.procedure,
            agency=case.agency,
            unit=case.unit,
            channel=case.channel,
            sub_channel=case.sub_channel,
            level=case.level,
            receipt_ms=case.opened_ms,
            due_ms=case.due_ms,
            applicant_type=case.applicant_type,
            identity_attached=case.identity_attached,
            applicant_key=case.applicant_key,
            revision=revision,
            backfill=self._backfill,
        )
        return self._travelled(event)

    def pseudonym(self, text: str) -> str:
        hidden = hashlib.blake2b(text.encode(), key=self.key, digest_size=16)
        return hidden.hexdigest()

    def _row_key(self, cells: Cells) -> bytes:
        """A row's identity where the log gives none: a hash of all its cells.

        What the mapping hides goes in keyed, so that nobody can try names against the hash.
        """
        digest = hashlib.blake2b(digest_size=16)
        for name in sorted(cells):
            value = self.pseudonym(cells[name]) if name in self._hidden else cells[name]
            for text in (name, value):
                part = text.encode()
                digest.update(len(part).to_bytes(8))
                digest.update(part)
        return digest.digest()


def _content_key(events: Iterable[Canonical]) -> bytes:
    said = [(event.source, event.id, content(event)) for event in events]
    return hashlib.blake2b(msgspec.msgpack.encode(said), digest_size=16).digest()


def why_unusable(refused: Unusable) -> str:
    """The field and the reason, without the place within the record: reasons are counted."""
    return f"{refused.detail.partition(':')[0]}: {refused.reason}"


def event_row(event: Canonical) -> Row:
    """The row of a record that is an event already: its identity and content are its key."""
    return Row(event, _content_key((event,)))


def _required(mapping: Mapping) -> frozenset[str]:
    """The keys without whose column a row is refused."""
    required = {"case.dossier", "event.time", *mapping.required}
    if mapping.layout == "cases":
        required.add("case.opened")
    if not mapping.constants.procedure:
        required.add("case.procedure")
    if not mapping.constants.agency:
        required.add("case.agency")
    return frozenset(required)


class _Reading:
    """The cells of one row, read key by key, with what was odd on the way.

    No reason repeats a value: it may be somebody's name.
    """

    __slots__ = ("_by", "_cells", "odd")

    def __init__(self, by: RowReader, cells: Cells) -> None:
        self._by = by
        self._cells = cells
        self.odd: list[str] = []

    def text(self, key: str) -> str:
        column = self._by.columns.get(key)
        return self._cell(key, column) if column else ""

    def _cell(self, key: str, column: str) -> str:
        text = self._cells.get(column, "").strip()
        if text in self._by.missing:
            if key in self._by.required:
                raise _Refusal(f"{key} is empty")
            return ""
        return self._by.pseudonym(text) if column in self._by.pseudonymise else text

    def time(self, key: str) -> int | None:
        text = self.text(key)
        if not text:
            return None
        try:
            return self._by.time(text)
        except ValueError as error:
            self._unreadable(key, str(error))
            return None

    def number(self, key: str, unsaid: int) -> int:
        text = self.text(key)
        if not text:
            return unsaid
        if text.isascii() and text.isdigit() and len(text) < 19:
            return int(text)
        self._unreadable(key, "is not a whole number")
        return unsaid

    def word(self, key: str, field: str) -> str:
        """A text, by its value table where the mapping has one."""
        text = self.text(key)
        table: dict[str, str] = getattr(self._by.mapping.values, field)
        return table.get(text, table.get(OTHERWISE, text)) if text else ""

    def code(self, key: str, field: str, unsaid: int) -> int:
        """A national code; `unsaid` where the row does not say, or says what nobody knows."""
        text = self.text(key)
        if not text:
            return unsaid
        table: dict[str, int] = getattr(self._by.mapping.values, field)
        code = table.get(text, table.get(OTHERWISE)) if table else CODES[field].get(text)
        if code is None:
            reason = f"is not in values.{field}" if table else "is not a national code"
            self._unreadable(key, reason)
            return unsaid
        return code

    def yes_no(self, key: str) -> bool | None:
        text = self.text(key)
        if not text:
            return None
        table = self._by.mapping.values.identity_attached
        said = table.get(text, table.get(OTHERWISE)) if table else YES_NO.get(text.lower())
        if said is None:
            self._unreadable(key, "is neither yes nor no")
        return said

    def applicant(self, columns: Iterable[str]) -> str:
        """One keyed hash of the columns that together name the applicant, "" if all are empty.

        Case and spacing do not make another person.
        """
        texts = [" ".join(self._cell("", column).casefold().split()) for column in columns]
        if any(texts):
            return self._by.pseudonym("\x1f".join(texts))
        if "case.applicant" in self._by.required:
            raise _Refusal("case.applicant is empty")
        return ""

    def _unreadable(self, key: str, reason: str) -> None:
        if key in self._by.required:
            raise _Refusal(f"{key} {reason}")
        self.odd.append(f"{key} {reason}")
