"""Bytes to canonical events or refusals. No bytes whatever raise an exception."""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial, reduce
from operator import or_
from typing import Any, Final, Generic, overload

import msgspec
from msgspec import Raw, Struct

from monitor.domain.zone import Zone
from schemas.cloudevents import CONTENT_TYPE, Envelope
from schemas.event import AnyEvent
from schemas.kinds import KINDS, E, Topic
from schemas.refusal import Reason, Refused, Unreadable
from schemas.texts import CONTROL
from schemas.times import midnight_ms

LARGEST_BYTES: Final = 65_536  # as much as the quarantine keeps of a record

Headers = Sequence[tuple[str, bytes]]

# msgspec says what is wrong in words only. The tests hold each form of them to its reason, so
# that a release that rewords one is noticed; a form that is not known is a wrong type.
MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
PLACE: Final = re.compile(r" - at `\$\.?(.*)`$")
BAD_TEXT: Final = re.compile(r"Expected `str` (?:of length|matching)")
BAD_WORD: Final = re.compile(r"Invalid (?:enum )?value")
BAD_NUMBER: Final = re.compile(
    r"Expected `(?:int` [<>]=|array` of length)|(?:Integer value|Number) out of range"
)
WORDS: Final = {
    "specversion": Reason.UNKNOWN_SPECVERSION,
    "type": Reason.UNKNOWN_TYPE,
    "data.state": Reason.UNKNOWN_STATE,
}
CODES: Final = frozenset(
    f"data.{code}"
    for code in ("dossier", "petition", "procedure", "agency", "code", "parent", "successor", "units",
                 "codes")
)  # fmt: skip


class Nameless(Envelope, frozen=True, kw_only=True, gc=False, tag=""):
    """Makes the union one of two at least: of a single struct msgspec asks for no `type`."""


class Sender(Struct, frozen=True, gc=False):
    """What is read of a record that is refused."""

    source: Raw = Raw(b'""')
    id: Raw = Raw(b'""')


UNREADABLE: Final = (Unreadable, msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def _nameless(*_: object) -> AnyEvent:
    raise Unreadable(Reason.UNKNOWN_TYPE, "type")


READ: Final[Mapping[type[Envelope], Callable[..., Any]]] = {
    kind.event: kind.read for kind in KINDS.values()
} | {Nameless: _nameless}
DATA: Final = {type_: msgspec.json.Decoder(kind.data) for type_, kind in KINDS.items()}
SENDER: Final = msgspec.json.Decoder(Sender)
STRING: Final = msgspec.json.Decoder(str)
ATTRIBUTES: Final = {f"ce_{field}": field for field in ("type", *Envelope.__struct_fields__)}


class Reader:
    """Reads what travels as one of the given structs, by their CloudEvents types."""

    __slots__ = ("_data", "_types", "event")

    def __init__(
        self,
        types: Mapping[str, type[Envelope]],
        data: Mapping[str, msgspec.json.Decoder[Any]],
    ) -> None:
        self._types = types
        self._data = data
        self.event: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
            reduce(or_, types.values(), Nameless)
        )

    def read(self, value: bytes | None, headers: Headers) -> Any:
        """The struct; raises one of `UNREADABLE`."""
        attributes = _attributes(headers) if headers else None
        if attributes is None:
            return self.event.decode(_sized(value))
        if "type" not in attributes:
            raise Unreadable(Reason.MISSING_FIELD, "type")
        type_ = attributes["type"]
        if type_ not in self._types:
            raise Unreadable(Reason.UNKNOWN_TYPE, "type")
        try:
            data = self._data[type_].decode(_sized(value))
        except msgspec.ValidationError as error:
            raise Unreadable(*_invalid(str(error), within="data")) from None
        # Headers are text, also those of a flag and a number.
        return msgspec.convert({**attributes, "data": data}, self._types[type_], strict=False)


class Decoder(Generic[E]):
    """Decodes the records of `topic`, or of all of them; a type of another one is unknown.

    `zone` is where the day of a bare date begins.
    """

    __slots__ = ("_event", "_midnight", "_read")

    @overload
    def __init__(self: "Decoder[AnyEvent]", zone: Zone) -> None: ...
    @overload
    def __init__(self, zone: Zone, topic: Topic[E]) -> None: ...
    def __init__(self, zone: Zone, topic: Topic[Any] | None = None) -> None:
        reader = Reader(
            {kind.type: kind.event for kind in KINDS.values() if topic in (None, kind.topic)},
            DATA,
        )
        self._read = reader.read
        self._event = reader.event
        self._midnight = midnights(zone)

    def decode(
        self, value: bytes | None, *, headers: Headers = (), record_time_ms: int
    ) -> E | Refused:
        """The event in a Kafka record, or why there is none."""
        try:
            event = self._read(value, headers) if headers else self._event.decode(_sized(value))
            # What each type becomes is the promise of its topic.
            found: E = READ[type(event)](event, record_time_ms, self._midnight)
        except UNREADABLE as error:
            source, id_ = sender(value or b"", headers)
            return Refused(*why(error, value), source, id_)
        return found


def midnights(zone: Zone) -> Callable[[str, str], int]:
    """Where the days of a zone begin, remembered."""
    return lru_cache(maxsize=4096)(partial(midnight_ms, zone=zone))


def decode(
    value: bytes | None, *, headers: Headers = (), record_time_ms: int, zone: Zone
) -> AnyEvent | Refused:
    """One record; who has many keeps a `Decoder`."""
    return Decoder(zone).decode(value, headers=headers, record_time_ms=record_time_ms)


def why(error: Exception, value: bytes | None) -> tuple[Reason, str]:
    """Why a value could not be read, by what was raised, and the field."""
    match error:
        case Unreadable():
            return error.reason, error.detail
        case msgspec.ValidationError():
            return _invalid(str(error))
        case RecursionError():
            return Reason.TOO_DEEP, "value"
        case msgspec.DecodeError() if _is_utf8(value or b""):
            # Says what kind of fault and at which byte, never which byte.
            return Reason.NOT_JSON, f"value: {error}"
    return Reason.NOT_UTF8, "value"


def _sized(value: bytes | None) -> bytes:
    if not value:
        raise Unreadable(Reason.EMPTY, "value")
    if len(value) > LARGEST_BYTES:
        raise Unreadable(Reason.TOO_LARGE, "value")
    return value


def _attributes(headers: Headers) -> dict[str, str] | None:
    """What the headers say of the event in binary mode; None in structured mode."""
    known: dict[str, bytes] = {}
    twice = ""
    for header, raw in headers:
        if header in ATTRIBUTES or header == "content-type":
            twice = twice or (header if header in known else "")
            known[header] = raw
    media = _header(known, "content-type").partition(";")[0].strip().lower()
    if media == CONTENT_TYPE:
        return None
    if media.startswith("application/cloudevents") or not (
        media in ("", "application/json") or media.endswith("+json")
    ):
        raise Unreadable(Reason.UNKNOWN_CONTENT_TYPE, "content-type")
    if twice:
        raise Unreadable(Reason.INVALID_HEADER, twice)
    known.pop("content-type", None)
    return {ATTRIBUTES[header]: _header(known, header) for header in known} or None


def _header(known: Mapping[str, bytes], header: str) -> str:
    raw: Any = known.get(header, b"")
    if raw is None:  # Kafka knows headers without a value
        raise Unreadable(Reason.INVALID_HEADER, header)
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        raise Unreadable(Reason.INVALID_HEADER, header) from None


def _invalid(message: str, within: str = "") -> tuple[Reason, str]:
    """The reason and the field in what msgspec says; its words may quote the value."""
    place = PLACE.search(message)
    path = [within, place[1] if place else ""]
    missing = MISSING.match(message)
    if missing:
        path.append(missing[1])
    field = ".".join(part for part in path if part) or "value"
    if missing:
        return Reason.MISSING_FIELD, field
    if BAD_TEXT.match(message):
        is_code = field.partition("[")[0] in CODES  # of a list, each
        return Reason.INVALID_CODE if is_code else Reason.INVALID_TEXT, field
    if BAD_WORD.match(message):
        return WORDS.get(field, Reason.UNKNOWN_CODE), field
    if BAD_NUMBER.match(message):
        is_state = field == "data.state"
        return Reason.UNKNOWN_STATE if is_state else Reason.NUMBER_OUT_OF_RANGE, field
    return Reason.WRONG_TYPE, field


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def sender(value: bytes, headers: Headers) -> tuple[str, str]:
    """Source and id as far as they can be read, so that a refusal counts against its sender."""
    said = dict(headers)
    if "ce_source" in said or "ce_id" in said:
        return _printable(said.get("ce_source")), _printable(said.get("ce_id"))
    try:
        found = SENDER.decode(value)
    except (ValueError, RecursionError):
        return "", ""
    return _string(found.source), _string(found.id)


def _string(raw: Raw) -> str:
    try:
        return _printable(STRING.decode(raw).encode())
    except ValueError:
        return ""


def _printable(raw: bytes | None) -> str:
    try:
        text = (raw or b"").decode()
    except UnicodeDecodeError:
        return ""
    return "" if len(text) > 256 or CONTROL.search(text) else text
