"""What a refused record looks like, without what it says: it may hold anybody's name."""

import json
from typing import Any, Final

from schemas.cloudevents import Envelope
from schemas.kinds import KINDS

DEEPEST: Final = 8
LONGEST: Final = 30  # members shown of a list or an object
# Names of the event format. Any other name is as much the sender's text as a value is.
KNOWN: Final = frozenset(
    {
        "specversion",
        "type",
        *Envelope.__struct_encode_fields__,
        *(name for kind in KINDS.values() for name in kind.data.__struct_encode_fields__),
    }
)


def shape(value: bytes | None) -> str:
    """The skeleton of a record: names of the event format, types and lengths."""
    if value is None:
        return "no value (a tombstone)"
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        return f"{len(value):,} bytes that are no UTF-8 (the first at {error.start:,})"
    try:
        found = json.loads(text)
    except RecursionError:
        return f"{len(value):,} bytes, nested too deep to be shown"
    except ValueError as error:
        place = getattr(error, "pos", None)
        where = "" if place is None else f" (the fault is at character {place:,})"
        return f"{len(value):,} bytes of text that is no JSON{where}"
    return "\n".join(_lines(found, "", 0))


def _lines(value: Any, before: str, depth: int) -> list[str]:
    pad = "  " * depth
    if isinstance(value, dict) and value and depth < DEEPEST:
        lines = [f"{pad}{before}{{"]
        for number, (name, member) in enumerate(value.items()):
            if number == LONGEST:
                lines.append(f"{pad}  … {len(value) - LONGEST} more")
                break
            shown = name if name in KNOWN else f"<a name of {len(name)} characters>"
            lines += _lines(member, f"{shown}: ", depth + 1)
        return [*lines, f"{pad}}}"]
    return [f"{pad}{before}{_kind(value)}"]


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return f"whole number of {len(str(abs(value)))} digits"
        case float():
            return "number with a fraction"
        case str():
            return f"text of {len(value)} characters"
        case list():
            return f"list of {len(value)}"
        case _:
            return f"object of {len(value)}"
