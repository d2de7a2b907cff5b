"""What pages take beside their own: language, theme, as known then, CSV."""

import re
from datetime import datetime
from enum import StrEnum
from typing import Final

from monitor.outlets.api.asked import (
    FORMAT,
    KNOWN_AT,
    PERIOD,
    Parameter,
    a_name,
    an_instant,
    one_of,
)
from monitor.outlets.digest.words import Language


class Theme(StrEnum):
    LIGHT = "light"
    DARK = "dark"


def a_moment(text: str) -> datetime:
    """As a form gives it, without an offset: then it is Vietnam's."""
    if re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", text.strip()):
        return an_instant(text.strip() + "+07:00")
    return an_instant(text)


def _optional(one: Parameter) -> Parameter:
    return Parameter(
        name=one.name, says=one.says, read=one.read, schema=one.schema, example=one.example
    )


LANG: Final = Parameter(
    name="lang",
    says="The language: vi or en.",
    read=one_of(Language),
    schema={"type": "string", "enum": list(Language)},
    example="en",
)
THEME: Final = Parameter(
    name="theme",
    says="Light or dark; left out, as the reader's system has it.",
    read=one_of(Theme),
    schema={"type": "string", "enum": list(Theme)},
    example="dark",
)
KNOWN_THEN: Final = Parameter(
    name="known_at",
    says=KNOWN_AT.says,
    read=lambda text: a_moment(text) if text.strip() else None,
    schema=KNOWN_AT.schema,
    example=KNOWN_AT.example,
)
WHEN: Final = _optional(PERIOD)  # `period`, which a page has a usual value for
EVERYWHERE: Final = (LANG, THEME, KNOWN_THEN, FORMAT)


def a_sort(text: str) -> str:
    """A column, with - before it for the largest first."""
    return (
        text[:1].replace("-", "-") + a_name(text[1:]) if text.startswith("-") else a_name(text)
    )


SORT: Final = Parameter(
    name="sort",
    says="A column; with - before it the largest first.",
    read=a_sort,
    schema={"type": "string"},
    example="-received",
)
