"""The mapping: what the columns of a recorded log mean, written in TOML by who knows the log.

The language is described in `docs/reference/mapping.md`, whose key table is held equal to the
types here. A broken mapping is refused before a row is read, in one line.
"""

import codecs
import difflib
import re
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

OTHERWISE: Final = "*"  # in a value table: whatever the table does not name

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ENDING: Final = frozenset({3, 7, 9, 10})  # the states in which a closed case may stand

StateCode = Annotated[int, msgspec.Meta(ge=0, le=10)]
ChannelCode = Annotated[int, msgspec.Meta(ge=0, le=3)]
LevelCode = Annotated[int, msgspec.Meta(ge=0, le=4)]
ApplicantCode = Annotated[int, msgspec.Meta(ge=0, le=4)]


class Broken(Exception):
    """The mapping or the log cannot be used; the text is one line: place, reason, remedy."""

    def __init__(self, place: str, reason: str, remedy: str) -> None:
        super().__init__(f"{place}: {reason}; {remedy}")


class Csv(msgspec.Struct, frozen=True, kw_only=True):
    delimiter: str = ","
    quote: str = '"'
    encoding: str = "utf-8"
    errors: Literal["refuse", "replace"] = "refuse"  # for a row with undecodable bytes
    header: tuple[str, ...] = ()  # names of the columns, where the file has no header line


class Times(msgspec.Struct, frozen=True, kw_only=True):
    formats: tuple[str, ...] = ("iso",)
    zone: str = ""  # of times that carry no offset; the mapping's zone if unsaid


class CaseColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Columns that speak of the whole case; in layout `events` they repeat on every row."""

    dossier: str
    id: str = ""
    revision: str = ""
    opened: str = ""
    due: str = ""
    closed: str = ""
    status: str = ""
    procedure: str = ""
    agency: str = ""
    unit: str = ""
    channel: str = ""
    sub_channel: str = ""
    level: str = ""
    applicant_type: str = ""
    identity_attached: str = ""
    applicant: tuple[str, ...] = ()


class EventColumns(msgspec.Struct, frozen=True, kw_only=True):
    """Columns that speak of one event; layout `events` only."""

    time: str
    activity: str = ""
    id: str = ""
    revision: str = ""
    sequence: str = ""
    step: str = ""
    due: str = ""
    agency: str = ""
    unit: str = ""


class Constants(msgspec.Struct, frozen=True, kw_only=True):
    """What holds where no column says it, or the column is empty."""

    procedure: str = ""
    agency: str = ""
    unit: str = ""
    channel: ChannelCode = 0
    level: LevelCode = 0
    applicant_type: ApplicantCode = 0


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """The log's words in our codes; `"*"` stands for every word the table does not name."""

    state: dict[str, StateCode] = {}
    status: dict[str, StateCode] = {}
    channel: dict[str, ChannelCode] = {}
    level: dict[str, LevelCode] = {}
    applicant_type: dict[str, ApplicantCode] = {}
    identity_attached: dict[str, bool] = {}
    procedure: dict[str, str] = {}
    agency: dict[str, str] = {}
    unit: dict[str, str] = {}


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    source: str
    format: Literal["csv", "xes", "ndjson"]
    layout: Literal["cases", "events"]
    zone: str
    precision: Literal["instant", "date"] = "instant"
    cut: datetime | None = None
    missing: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    sparse: tuple[str, ...] = ()
    pseudonymise: tuple[str, ...] = ()
    csv: Csv = Csv()
    times: Times = Times()
    case: CaseColumns
    event: EventColumns | None = None
    constants: Constants = Constants()
    values: Values = Values()


TABLES: Final[Table[str, type[msgspec.Struct]]] = {
    "csv": Csv,
    "times": Times,
    "case": CaseColumns,
    "event": EventColumns,
    "constants": Constants,
    "values": Values,
}


def keys() -> Iterator[str]:
    """Every key of the language, dotted, in the order of the types."""
    for name in Mapping.__struct_fields__:
        if name in TABLES:
            yield from (f"{name}.{field}" for field in TABLES[name].__struct_fields__)
        else:
            yield name


@dataclass(frozen=True, slots=True)
class MappingFile:
    """A mapping and where it was read, so that what is wrong with it can be pointed at."""

    path: str
    text: str
    mapping: Mapping

    def broken(self, key: str, reason: str, remedy: str) -> Broken:
        return Broken(_place(self.path, self.text, key), reason, remedy)

    def columns(self) -> Iterator[tuple[str, str]]:
        """(key, column) for every column that the mapping names."""
        for table in ("case", "event"):
            columns = getattr(self.mapping, table)
            for field in columns.__struct_fields__ if columns is not None else ():
                named = getattr(columns, field)
                for column in (named,) if isinstance(named, str) else named:
                    if column:
                        yield f"{table}.{field}", column
        for column in self.mapping.pseudonymise:
            yield "pseudonymise", column

    @property
    def cut_ms(self) -> int | None:
        """When the log was cut, in UTC milliseconds; a time without offset is of its zone."""
        cut = self.mapping.cut
        if cut is None:
            return None
        if cut.tzinfo is None:
            cut = cut.replace(tzinfo=ZoneInfo(self.mapping.zone))
        return (cut - EPOCH) // timedelta(milliseconds=1)


def load(path: Path) -> MappingFile:
    """Reads and checks a mapping; raises `Broken` with the first thing wrong with it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Broken(str(path), "is not UTF-8 text", "save the mapping as UTF-8") from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise Broken(str(path), reason, "name a mapping that can be read") from None
    return parse(text, str(path))


def parse(text: str, path: str) -> MappingFile:
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        reason, line = _toml_error(str(error))
        place = f"{path}:{line}" if line else path
        raise Broken(place, f"is not TOML: {reason}", "correct the line") from None
    _refuse_unknown_keys(tables, text, path)
    _refuse_missing_keys(tables, text, path)
    try:
        mapping = msgspec.convert(tables, Mapping)
    except msgspec.ValidationError as error:
        reason, key = _validation_error(str(error))
        raise Broken(
            _place(path, text, key),
            reason,
            f"see {key or 'the key table'} in docs/reference/mapping.md",
        ) from None
    file = MappingFile(path, text, mapping)
    _check(file)
    return file


def _refuse_unknown_keys(tables: Table[str, Any], text: str, path: str) -> None:
    known = list(keys())
    for name, content in tables.items():
        if name not in Mapping.__struct_fields__:
            raise _unknown(name, list(Mapping.__struct_fields__), known, text, path)
        if name in TABLES and isinstance(content, dict):
            fields = [f"{name}.{field}" for field in TABLES[name].__struct_fields__]
            for key in content:
                if f"{name}.{key}" not in fields:
                    raise _unknown(f"{name}.{key}", fields, known, text, path)


def _unknown(key: str, siblings: list[str], known: list[str], text: str, path: str) -> Broken:
    """The nearest key, first among those of the same table, then one of the same last word."""
    word = key.rpartition(".")[2]
    near = difflib.get_close_matches(key, siblings, n=1) or [
        other
        for other in known
        if difflib.SequenceMatcher(None, other.rpartition(".")[2], word).ratio() > 0.8
    ]
    remedy = f"did you mean {near[0]}?" if near else "remove it"
    return Broken(_place(path, text, key), f"unknown key {key}", remedy)


def _refuse_missing_keys(tables: Table[str, Any], text: str, path: str) -> None:
    wanted = ["source", "format", "layout", "zone", "case", "case.dossier"]
    if tables.get("layout") == "events":
        wanted += ["event", "event.time"]
    for key in wanted:
        table, _, field = key.rpartition(".")
        within = tables.get(table, {}) if table else tables
        if isinstance(within, dict) and field not in within:
            what = f"the table [{key}]" if key in TABLES else f"the key {key}"
            raise Broken(_place(path, text, table), f"{what} is missing", f"add {what}")


def _check(file: MappingFile) -> None:
    mapping, broken = file.mapping, file.broken
    for key in ("source", "case.dossier", "event.time"):
        table, _, field = key.rpartition(".")
        within = getattr(mapping, table) if table else mapping
        if within is not None and not getattr(within, field).strip():
            raise broken(key, f"{key} is empty", "give it a value")
    for key, zone in (("zone", mapping.zone), ("times.zone", mapping.times.zone)):
        if zone or key == "zone":
            _check_zone(file, key, zone)
    _check_csv(file)
    _check_times(file)
    _check_layout(file)
    _check_fields(file)


def _check_zone(file: MappingFile, key: str, zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise file.broken(
            key, f"unknown zone {zone!r}", "use an IANA name such as Asia/Ho_Chi_Minh"
        ) from None


def _check_csv(file: MappingFile) -> None:
    mapping = file.mapping
    if mapping.csv != Csv() and mapping.format != "csv":
        raise file.broken(
            "csv", f"[csv] says nothing about format {mapping.format}", "remove the table"
        )
    for key, sign in (("delimiter", mapping.csv.delimiter), ("quote", mapping.csv.quote)):
        if len(sign) != 1 or sign in "\r\n":
            raise file.broken(f"csv.{key}", f"{sign!r} is not one character", "give one")
    if mapping.csv.delimiter == mapping.csv.quote:
        raise file.broken("csv.quote", "quote and delimiter are the same", "change one")
    try:
        text_codec = codecs.lookup(mapping.csv.encoding)
        "".encode(text_codec.name)
    except LookupError:
        raise file.broken(
            "csv.encoding",
            f"unknown encoding {mapping.csv.encoding!r}",
            "use a name such as utf-8, utf-16, latin-1 or cp1258",
        ) from None


def _check_times(file: MappingFile) -> None:
    times = file.mapping.times
    if not times.formats:
        raise file.broken("times.formats", "no time format", 'give at least "iso"')
    for name in times.formats:
        if "%" not in name and name not in {"iso", "epoch_s", "epoch_ms"}:
            raise file.broken(
                "times.formats",
                f"unknown time format {name!r}",
                "use iso, epoch_s, epoch_ms or a strptime pattern such as %d/%m/%Y %H:%M",
            )
        if "%" in name:
            _check_pattern(file, name)
    cut = file.cut_ms
    if cut is not None and not 1990 <= (EPOCH + timedelta(milliseconds=cut)).year <= 2100:
        raise file.broken("cut", "cut lies outside 1990-2100", "correct it")


def _check_pattern(file: MappingFile, pattern: str) -> None:
    """Writes an instant by the pattern and reads it back: only strptime knows its own."""
    sample = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        read = datetime.strptime(sample.strftime(pattern), pattern)  # noqa: DTZ007 - a probe
    except (ValueError, re.error) as error:
        raise file.broken(
            "times.formats", f"{pattern!r} is no time pattern: {error}", "see strptime"
        ) from None
    if read.date() != sample.date():
        raise file.broken(
            "times.formats", f"{pattern!r} leaves the day open", "name year, month and day"
        )


def _check_layout(file: MappingFile) -> None:
    mapping, broken = file.mapping, file.broken
    case, event = mapping.case, mapping.event
    if mapping.layout == "cases":
        if event is not None:
            raise broken("event", "layout cases has no [event]", "move its columns to [case]")
        if not case.opened:
            raise broken("case", "layout cases needs case.opened", "name the column")
    else:
        if event is None:
            raise broken("layout", "layout events needs [event]", "add it with its time")
        for field in ("id", "revision"):
            if getattr(case, field):
                raise broken(
                    f"case.{field}",
                    f"case.{field} belongs to layout cases",
                    f"in layout events it is event.{field}",
                )
        if case.closed and not case.opened:
            raise broken("case.closed", "case.closed without case.opened", "name both")
    if case.status and not case.closed:
        raise broken("case.status", "case.status without case.closed", "name both or neither")


def _check_fields(file: MappingFile) -> None:
    mapping, broken = file.mapping, file.broken
    mapped = {key for key, _ in file.columns()} - {"pseudonymise"}
    for field in ("procedure", "agency"):
        if f"case.{field}" not in mapped and not getattr(mapping.constants, field).strip():
            raise broken(
                "constants",
                f"nothing says the {field}",
                f"name a column in case.{field} or a text in constants.{field}",
            )
    for name in ("required", "sparse"):
        for key in getattr(mapping, name):
            if key not in mapped:
                near = difflib.get_close_matches(key, sorted(mapped), n=1)
                remedy = f"did you mean {near[0]}?" if near else "map a column to it"
                raise broken(name, f"no column is mapped to {key!r}", remedy)
    for field in Values.__struct_fields__:
        wanted = {"state": "event.activity"}.get(field, f"case.{field}")
        if getattr(mapping.values, field) and not {wanted, f"event.{field}"} & mapped:
            raise broken(
                f"values.{field}",
                f"no column is mapped to {wanted}",
                "map it or drop the table",
            )
    if mapping.case.status and not mapping.values.status:
        raise broken(
            "case.status",
            "nothing says what a status means",
            "add [values.status] with 3, 7, 9 or 10 for what is closed and 0 for the rest",
        )


def _toml_error(message: str) -> tuple[str, int | None]:
    found = re.match(r"(.*) \(at line (\d+), column \d+\)$", message)
    return (found[1], int(found[2])) if found else (message, None)


def _validation_error(message: str) -> tuple[str, str]:
    """msgspec's reason and the key it is about: "Expected `str` - at `$.case.dossier`"."""
    reason, _, at = message.partition(" - at ")
    key = at.strip("`").removeprefix("$").lstrip(".")
    key = re.sub(r"\[.*\]$", "", key)
    reason = reason[:1].lower() + reason[1:].replace("`", "")
    return (f"{key}: {reason}" if key else reason), key


def _place(path: str, text: str, key: str) -> str:
    """`path:line` of the key, of its table where the key is not written, else the path."""
    wanted, table = key, ""
    tables: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = re.sub(r"[\s\"']", "", header[1])
            tables.setdefault(table, number)
            if table == wanted:
                return f"{path}:{number}"
        elif assigned := re.match(r"\s*([\w.\-\"' ]+?)\s*=", line):
            name = re.sub(r"[\s\"']", "", assigned[1])
            if (f"{table}.{name}" if table else name) == wanted:
                return f"{path}:{number}"
    within = key.rpartition(".")[0]
    return f"{path}:{tables[within]}" if within in tables else path
