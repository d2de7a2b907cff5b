"""From what a file says to a typed value: all that does not fit is told, not only the first."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin

import msgspec

from monitor.domain.calendar import FIRST_DAY, LAST_DAY
from monitor.domain.zone import date_of
from monitor.reference.complaints import nearest

S = TypeVar("S", bound=msgspec.Struct)
Say = Callable[[str, str, str], None]  # key, reason, remedy

FIRST_DATE: Final = date_of(FIRST_DAY)
LAST_DATE: Final = date_of(LAST_DAY)

# By what msgspec says, first match first.
_REMEDIES: Final[Mapping[str, str]] = {
    "Expected `date`": "write a date as 2026-01-02, without quotes or a time",
    "RFC3339": "write a date as 2026-01-02",
    "Expected `array`": "write a list in brackets",
    "Expected `bool`": "write true or false",
    "Expected `int`": "write a whole number",
    "Expected `float`": "write a number",
    "Expected `str`": "write it in quotes",
    "": "write the table as the shipped files do",
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table, or a column."""

    name: str  # as it is written
    attribute: str  # of the struct
    kind: Any
    required: bool
    tables: type[msgspec.Struct] | None  # the value is an array of such tables
    table: type[msgspec.Struct] | None  # the value is such a table
    words: bool  # the value is a list of words
    dates: bool  # the value is a date, or dates
    choices: tuple[object, ...]  # all values there are


@cache
def keys_of(kind: type[msgspec.Struct]) -> Mapping[str, Key]:
    """The keys of a table in the order of its type."""
    return {field.encode_name: _key(field) for field in msgspec.structs.fields(kind)}


def key_names(kind: type[msgspec.Struct]) -> Iterator[str]:
    """Every key of a file, dotted, in the order of the types: `hours.mon`."""
    for key in keys_of(kind).values():
        if inner := key.tables or key.table:
            yield from (f"{key.name}.{name}" for name in keys_of(inner))
        else:
            yield key.name


def _key(field: msgspec.structs.FieldInfo) -> Key:
    kinds = get_args(field.type) if _is_union(field.type) else (field.type,)
    lists = get_origin(field.type) is tuple
    inner = get_args(field.type)[:1] if lists else kinds
    struct = next(
        (k for k in inner if isinstance(k, type) and issubclass(k, msgspec.Struct)), None
    )
    choices: tuple[object, ...] = ()
    for k in inner:
        if get_origin(k) is Literal:
            choices = get_args(k)
        elif isinstance(k, type) and issubclass(k, Enum):
            choices = tuple(member.value for member in k)
    return Key(
        name=field.encode_name,
        attribute=field.name,
        kind=field.type,
        required=field.required,
        tables=struct if lists else None,
        table=None if lists else struct,
        words=lists and struct is None,
        dates=date in inner,
        choices=choices,
    )


def _is_union(kind: object) -> bool:
    return get_origin(kind) in {Union, UnionType}


def converted(
    raw: Mapping[str, Any], kind: type[S], say: Say, *, texts: bool, empty: str = "add it"
) -> S | None:
    """The typed value, or None after every complaint has been said.

    `texts`: all values are written as text, as in a CSV file. `empty`: what to do about a key
    that is missing.
    """
    try:
        value = _convert(raw, kind, texts=texts)
    except msgspec.ValidationError:
        _explain(raw, kind, say, "", texts, empty)
        return None
    return value if _within(value, kind, say, "") else None


def _convert(raw: Any, kind: Any, *, texts: bool) -> Any:
    if texts:
        return msgspec.convert(raw, kind, strict=False, str_keys=True)
    return msgspec.convert(raw, kind, builtin_types=(datetime, date, time), str_keys=True)


def _explain(
    raw: Mapping[str, Any],
    kind: type[msgspec.Struct],
    say: Say,
    where: str,
    texts: bool,
    empty: str,
) -> None:
    keys = keys_of(kind)
    for name in raw:
        if name not in keys:
            meant = nearest(name, keys.keys() - raw.keys())
            say(
                where + name,
                f"unknown key `{name}`",
                f"write `{meant}`, or remove it" if meant else "remove it, or correct its name",
            )
    for name, key in keys.items():
        if name not in raw:
            if key.required:
                say(where.rstrip("."), f"missing required key `{name}`", empty)
        elif key.tables and isinstance(raw[name], list):
            for place, item in enumerate(raw[name]):
                _explain_table(item, key.tables, say, f"{where}{name}[{place}]", texts, empty)
        elif key.table:
            _explain_table(raw[name], key.table, say, where + name, texts, empty)
        else:
            _explain_value(raw[name], key, say, where + name, texts)


def _explain_table(
    raw: object,
    kind: type[msgspec.Struct],
    say: Say,
    where: str,
    texts: bool,
    empty: str,
) -> None:
    if isinstance(raw, dict):
        _explain(raw, kind, say, f"{where}.", texts, empty)
    else:
        say(where, f"expected a table, got {raw!r}", _REMEDIES[""])


def _explain_value(value: object, key: Key, say: Say, where: str, texts: bool) -> None:
    try:
        _convert(value, key.kind, texts=texts)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at `$")[0]
        if key.choices and "Expected" not in reason:
            remedy = "write one of " + ", ".join(
                _shown(choice, texts) for choice in key.choices
            )
        else:
            remedy = next(remedy for sign, remedy in _REMEDIES.items() if sign in reason)
        say(where, f"{reason} in `{key.name}`", remedy)


def _shown(choice: object, texts: bool) -> str:
    return f'"{choice}"' if isinstance(choice, str) and not texts else str(choice)


def _within(value: msgspec.Struct, kind: type[msgspec.Struct], say: Say, where: str) -> bool:
    """Whether all dates are ones a calendar has (MEASURES.md §2)."""
    good = True
    for name, key in keys_of(kind).items():
        if key.dates:
            held = getattr(value, key.attribute)
            for day in held if isinstance(held, tuple) else (held,):
                if day is not None and not FIRST_DATE <= day <= LAST_DATE:
                    say(
                        where + name,
                        f"{day} lies outside {FIRST_DATE} to {LAST_DATE}",
                        "correct the year",
                    )
                    good = False
        elif key.tables:
            for place, item in enumerate(getattr(value, key.attribute)):
                good &= _within(item, key.tables, say, f"{where}{name}[{place}].")
        elif key.table and (item := getattr(value, key.attribute)) is not None:
            good &= _within(item, key.table, say, f"{where}{name}.")
    return good
