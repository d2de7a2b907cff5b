"""JSON as clients write it that nobody can mend: read as far as it can be understood.

A byte order mark, another spelling of capitals, codes as numbers or text, nulls and empty texts
say no more than they say. What cannot be understood is `Unreadable`, and names the field only.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Final

import msgspec

from monitor.domain.zone import Zone, day_number
from schemas.refusal import Reason, Unreadable
from schemas.times import instant_ms, within_range

LONGEST_TEXT: Final = 256  # of what is read; as `fields.Name`
LONGEST_CODE: Final = 128  # as `fields.ProcedureCode`
MOST_ITEMS: Final = 500  # of a list, as `fields.MOST_PARTS`
_DECODE: Final = msgspec.json.Decoder().decode
_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_SECOND_MS: Final = 1000
_LONGEST_TIME: Final = 40  # what is longer is none, and would take long to look through
# Years first, as the portal has them and as .NET and Java write them; days first, as people do.
_YEARS_FIRST: Final = re.compile(
    r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})"
    r"(?:[Tt ]?([0-9]{2}):?([0-9]{2})(?::?([0-9]{2})(?:\.([0-9]{1,9}))?)?)?"
)
_DAYS_FIRST: Final = re.compile(
    r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[Tt ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?)?()"
)
_WITH_OFFSET: Final = re.compile(r"[Tt ].*(?:[Zz]|[+-][0-9]{2}:[0-9]{2})")
_NO_TIME: Final = frozenset(
    {"0001", "0000"}
)  # the years of what .NET and MySQL have for nothing


def parsed(value: bytes | None) -> Any:
    """What the bytes say as JSON."""
    if not value or not value.strip():
        raise Unreadable(Reason.EMPTY, "value")
    encoding = next((name for mark, name in _MARKS if value.startswith(mark)), "utf-8")
    try:
        return _DECODE(value.decode(encoding))
    except UnicodeDecodeError:
        raise Unreadable(Reason.NOT_UTF8, "value") from None
    except RecursionError:
        raise Unreadable(Reason.TOO_DEEP, "value") from None
    except msgspec.DecodeError:
        raise Unreadable(Reason.NOT_JSON, "value") from None


class Said:
    """An object, whose fields are asked for by name, however they are capitalised.

    What is not asked for is never looked at, and so goes nowhere.
    """

    __slots__ = ("_fields", "_place", "raw")

    def __init__(self, value: object, place: str = "") -> None:
        if not isinstance(value, Mapping):
            raise Unreadable(Reason.WRONG_TYPE, place or "value")
        self.raw = value  # as it came, for who has to keep it
        self._fields: dict[str, object] = {
            str(key).lower(): said for key, said in value.items()
        }
        self._place = place

    def has(self, name: str) -> bool:
        """Whether the field is there at all."""
        return name.lower() in self._fields

    def value(self, name: str) -> object:
        """What the field says, as it is."""
        return self._fields.get(name.lower())

    def text(self, *names: str, most: int = LONGEST_TEXT) -> str:
        """The first of these fields that says anything; codes may be numbers."""
        for name in names:
            if found := self._text(name, most):
                return found
        return ""

    def gives(self, name: str) -> bool:
        """Whether a text is there, however long, of which nothing is kept."""
        said = self._fields.get(name.lower())
        return bool(said.strip()) if isinstance(said, str) else bool(self._text(name))

    def _text(self, name: str, most: int = LONGEST_TEXT) -> str:
        said = self._fields.get(name.lower())
        if said is None:
            return ""
        if isinstance(said, str):
            if len(said) > most:
                raise Unreadable(Reason.INVALID_TEXT, self.place(name))
            return said.strip()
        if isinstance(said, bool):
            return "1" if said else "0"
        if isinstance(said, float) and said.is_integer():
            said = int(said)
        try:
            if isinstance(said, int):
                return str(said)
        except ValueError:  # of more digits than Python writes
            raise Unreadable(Reason.NUMBER_OUT_OF_RANGE, self.place(name)) from None
        raise Unreadable(Reason.WRONG_TYPE, self.place(name))

    def number(self, name: str) -> int | None:
        """A whole number, perhaps in quotes; None where none is said."""
        text = self._text(name)
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,18}", text):
            raise Unreadable(Reason.WRONG_TYPE, self.place(name))
        return int(text)

    def flag(self, name: str) -> bool | None:
        """1 or 0, true or false; None for anything else."""
        return {"1": True, "true": True, "0": False, "false": False}.get(
            self._text(name).lower()
        )

    def instant(self, name: str, zone: Zone) -> int | None:
        """A time, in the zone where it has no offset; None where none is said."""
        text = self._text(name)
        return instant(text, zone, self.place(name)) if text else None

    def object(self, name: str) -> "Said | None":
        """An object, or one that is written as text; None for anything else."""
        said = self._fields.get(name.lower())
        if isinstance(said, str):
            try:
                said = _DECODE(said)
            except (msgspec.DecodeError, RecursionError):
                return None
        return Said(said, self.place(name)) if isinstance(said, Mapping) else None

    def items(self, name: str) -> list["Said"]:
        """A list of objects; one alone is a list of one, and null is none."""
        return list(objects(self._fields.get(name.lower()), self.place(name)))

    def place(self, name: str) -> str:
        """The field's name as a refusal says it."""
        return f"{self._place}.{name}" if self._place else name


def objects(value: object, place: str) -> Iterator[Said]:
    """The objects of a list; one alone is a list of one, and null is none."""
    if value is None or value == "":
        return
    if isinstance(value, Mapping):
        yield Said(value, place)
        return
    if not isinstance(value, list):
        raise Unreadable(Reason.WRONG_TYPE, place)
    if len(value) > MOST_ITEMS:
        raise Unreadable(Reason.NUMBER_OUT_OF_RANGE, place)
    for number, item in enumerate(value):
        if item is not None:
            yield Said(item, f"{place}[{number}]")


def instant(text: str, zone: Zone, field: str) -> int | None:
    """The instant that a text names; None for the zeros that stand for no time."""
    if text[:4] in _NO_TIME or not text.strip("0"):
        return None
    if len(text) > _LONGEST_TIME:
        raise Unreadable(Reason.MALFORMED_TIME, field)
    if _WITH_OFFSET.search(text):
        return instant_ms(text, field)
    if match := _YEARS_FIRST.fullmatch(text):
        year, month, day, *clock = match.groups()
    elif match := _DAYS_FIRST.fullmatch(text):
        day, month, year, *clock = match.groups()
    else:
        raise Unreadable(Reason.MALFORMED_TIME, field)
    hour, minute, second = (int(part or 0) for part in clock[:3])
    try:
        local = date(int(year), int(month), int(day))
    except ValueError:
        raise Unreadable(Reason.MALFORMED_TIME, field) from None
    if hour > 23 or minute > 59 or second > 59:
        raise Unreadable(Reason.MALFORMED_TIME, field)
    ms = ((hour * 60 + minute) * 60 + second) * _SECOND_MS + int(
        (clock[3] or "0").ljust(3, "0")[:3]
    )
    return within_range(zone.instant(day_number(local), ms), field)
