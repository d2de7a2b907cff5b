"""What is asked: parameters with their form, and a request after it was read and admitted."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final
from urllib.parse import quote, urlencode

from monitor.domain.codes import agency_code, procedure_code
from monitor.domain.period import NoPeriod, Period
from monitor.domain.scope import NoScope, Scope
from monitor.outlets.access import Visitor
from monitor.outlets.problem import Code, Problem
from monitor.reference.complaints import nearest

LONGEST_VALUE: Final = 200
LARGEST_PAGE: Final = 1_000
USUAL_PAGE: Final = 100
MOST_PERIODS: Final = 400  # of one series: a year of days and a month

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing that is said in the address; `read` raises ValueError with what to write."""

    name: str
    says: str
    read: Callable[[str], Any]
    schema: Json
    example: str
    usual: str | None = None  # what is meant if nothing is said
    required: bool = False
    in_path: bool = False
    longest: int = LONGEST_VALUE


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, read."""

    visitor: Visitor
    path: str
    said: Mapping[str, Any]  # values by parameter; None: nothing was said
    written: Mapping[str, str] = field(
        default_factory=dict
    )  # the query's, as they were written

    def __getitem__(self, name: str) -> Any:
        return self.said[name]

    @property
    def address(self) -> str:
        """Path and query, in one spelling."""
        query = urlencode(sorted(self.written.items()), quote_via=quote, safe="/:,.")
        return f"{self.path}?{query}" if query else self.path

    def after(self, cursor: str, name: str = "after") -> str:
        """The address of the page that follows."""
        return Asked(
            visitor=self.visitor,
            path=self.path,
            said=self.said,
            written={**self.written, name: cursor},
        ).address


def read_all(
    parameters: Sequence[Parameter],
    path: Mapping[str, str],
    query: Iterable[tuple[str, str]],
) -> tuple[dict[str, Any], dict[str, str]]:
    """Values by parameter, and the query as it was written. Raises `Problem` for the first fault."""
    known = {one.name: one for one in parameters}
    written: dict[str, str] = {}
    for name, text in query:
        if name not in known or known[name].in_path:
            raise _unknown(name, [one.name for one in parameters if not one.in_path])
        if name in written:
            raise _wrong(known[name], "it is given twice", "give it once")
        written[name] = text
    said: dict[str, Any] = {}
    for one in parameters:
        text_ = path.get(one.name) if one.in_path else written.get(one.name)
        if text_ is None:
            text_ = one.usual
        if text_ is None:
            if one.required:
                raise _wrong(one, "it is missing", f"add it, as in {one.name}={one.example}")
            said[one.name] = None
            continue
        said[one.name] = _value(one, text_)
    return said, written


def _value(one: Parameter, text: str) -> Any:
    if len(text) > one.longest:
        raise _wrong(one, f"it has {len(text):,} characters", f"write at most {one.longest}")
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise _wrong(one, "it has control characters", "leave them out")
    try:
        return one.read(text)
    except ValueError as error:
        reason, _, remedy = str(error).partition(": ")
        raise _wrong(one, reason, remedy or f"write it as in {one.example}") from None


def _wrong(one: Parameter, reason: str, remedy: str) -> Problem:
    return Problem(Code.WRONG_PARAMETER, reason, remedy, parameter=one.name)


def _unknown(name: str, names: Sequence[str]) -> Problem:
    shown = name[:40]
    meant = nearest(shown, names)
    remedy = (
        f"did you mean {meant}?"
        if meant
        else f"it takes {', '.join(names)}"
        if names
        else "it takes none"
    )
    return Problem(Code.WRONG_PARAMETER, "there is no such parameter", remedy, parameter=shown)


# -- how each is read -------------------------------------------------------------------------


def one_of(choices: type[StrEnum]) -> Callable[[str], Any]:
    """One word of a closed list."""
    words = [choice.value for choice in choices]

    def read(text: str) -> Any:
        try:
            return choices(text)
        except ValueError:
            meant = nearest(text, words)
            hint = f"did you mean {meant}?" if meant else f"write one of {', '.join(words)}"
            raise ValueError(f"{text!r} is none of its words: {hint}") from None

    return read


def number(least: int, most: int) -> Callable[[str], int]:
    """A whole number within bounds."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError(
                f"{text!r} is not possible: write a whole number from {least} to {most}"
            )
        return int(text)

    return read


def a_scope(text: str) -> Scope:
    # A plus in an address is a blank to whoever decodes it as a form.
    try:
        return Scope.of(text.strip().replace(" ", "+"))
    except NoScope as error:
        raise ValueError(str(error)) from None


def a_period(text: str) -> Period:
    try:
        return Period.of(text)
    except NoPeriod as error:
        raise ValueError(str(error)) from None


def an_instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text.strip()))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 1990 <= found.year <= 2100:
        raise ValueError(
            f"{text!r} is no instant: write 2026-09-01T00:00:00+07:00, with its offset from UTC"
        )
    return found.astimezone(UTC)


def a_day(text: str) -> date:
    try:
        found = date.fromisoformat(text) if len(text) == len("2026-08-14") else None
    except ValueError:
        found = None
    if found is None or not 1990 <= found.year <= 2100:
        raise ValueError(f"{text!r} is no day: write 2026-08-14, from 1990 to 2100")
    return found


def an_agency(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.]{1,35}", text):
        raise ValueError(f"{text!r} is no agency: write its code, as H56 or H56.04")
    return agency_code(text)


def a_procedure(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z.]{1,64}", text):
        raise ValueError(f"{text!r} is no procedure: write its code, as 1.004194")
    return procedure_code(text)


def a_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", text):
        raise ValueError(f"{text!r} is no name: write letters, digits, . _ and -")
    return text


def a_dossier(text: str) -> str:
    if not re.fullmatch(r"[^\s\x00-\x1f]{3,128}", text):
        raise ValueError(
            f"{text!r} is neither a code nor a token: write H56.14-260803-0001,"
            " or the 20 digits that stand for it in tables"
        )
    return text


def a_cursor(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._=-]{1,700}", text):
        raise ValueError("it is not one of ours: follow the link `next` of the page before")
    return text


# -- those that several endpoints take -----------------------------------------------------------


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


FORMAT: Final = Parameter(
    name="format",
    says="The answer's format; the header Accept says it as well, and this goes before it.",
    read=one_of(Format),
    schema={"type": "string", "enum": list(Format)},
    example="csv",
)
SCOPE: Final = Parameter(
    name="scope",
    says="Whom it is about: `country`, an agency with all below it (`H56`, `H56.04`), a ministry's own"
    " dossiers (`G01/own`) or its sector (`G01/sector`); of one procedure with `+` behind it"
    " (`H56+1.004194`, in an address `H56%2B1.004194`).",
    read=a_scope,
    schema={"type": "string", "maxLength": LONGEST_VALUE},
    example="H56",
    required=True,
)
PERIOD: Final = Parameter(
    name="period",
    says="A day `2026-08-14`, a month `2026-08`, a quarter `2026-Q3`, half a year `2026-H1` or a year.",
    read=a_period,
    schema={
        "type": "string",
        "pattern": "^(19|20)[0-9]{2}(-(Q[1-4]|H[12]|[0-9]{2}(-[0-9]{2})?))?$",
    },
    example="2026-08",
    required=True,
)
KNOWN_AT: Final = Parameter(
    name="known_at",
    says="As known then: the last cut that was published by this instant. If left out, as known at"
    " the latest cut.",
    read=an_instant,
    schema={"type": "string", "format": "date-time"},
    example="2026-09-01T00:00:00Z",
)
LIMIT: Final = Parameter(
    name="limit",
    says="How many on a page.",
    read=number(1, LARGEST_PAGE),
    schema={"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE},
    example="100",
    usual=str(USUAL_PAGE),
)
AFTER: Final = Parameter(
    name="after",
    says="Where the page before ended: follow its link `next`.",
    read=a_cursor,
    schema={"type": "string", "pattern": "^[A-Za-z0-9._=-]{1,700}$"},
    example="pSDU2",
    longest=700,
)


def a_page(parts: Iterable[str], asked: Asked) -> tuple[list[str], str | None]:
    """The names behind `after`, as many as asked for, and the address of those that follow."""
    after = None if asked["after"] is None else _named(asked["after"])
    behind = sorted(name for name in parts if after is None or name > after)
    shown = behind[: asked["limit"]]
    more = len(behind) > len(shown)
    return shown, asked.after(_cursor(shown[-1])) if more else None


def _cursor(name: str) -> str:
    # Codes are others' texts: any character may be in them, or none.
    return "p" + urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _named(cursor: str) -> str:
    with suppress(ValueError):
        if cursor.startswith("p"):
            padding = "=" * (-len(cursor[1:]) % 4)
            return urlsafe_b64decode(cursor[1:] + padding).decode()
    raise Problem(
        Code.WRONG_PARAMETER,
        "it is not one of ours",
        "follow the link `next` of the page before, or leave it out to begin anew",
        parameter="after",
    )


def in_path(one: Parameter) -> Parameter:
    """The same as a part of the path."""
    return Parameter(
        name=one.name,
        says=one.says,
        read=one.read,
        schema=one.schema,
        example=one.example,
        required=True,
        in_path=True,
    )
