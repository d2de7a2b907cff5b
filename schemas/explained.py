"""An explanation as plain values, for JSON: dataclasses as objects, instants in ISO 8601."""

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from monitor.domain.zone import date_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Times that are lengths and stay milliseconds; every other name in _ms is an instant.
LENGTHS: Final = frozenset({"elapsed_ms", "worked_ms", "taken_off_ms", "paused_ms"})


def as_values(value: Any, zone: str) -> Any:
    """Dataclasses as objects, instants and days in ISO 8601, codes by their names."""
    if isinstance(value, IntEnum):
        return value.name.lower()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value):
        names: Sequence[str] = [field.name for field in fields(value)]
    elif hasattr(value, "_fields"):
        names = value._fields
    elif isinstance(value, tuple):
        return [as_values(one, zone) for one in value]
    else:
        return value
    return dict(_named(name, getattr(value, name), zone) for name in names)


def local(ms: int, zone: str) -> datetime:
    """An instant as clocks of a zone show it."""
    return (_EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone))


def _named(name: str, value: Any, zone: str) -> tuple[str, Any]:
    if name.endswith("_ms") and name not in LENGTHS:
        shown = None if value is None else local(value, zone).isoformat(timespec="milliseconds")
        return name.removesuffix("_ms"), shown
    if name in ("day", "due_day") and value is not None:
        return name, date_of(value).isoformat()
    if name == "says" and isinstance(value, tuple):
        return name, dict(_named(said.name, said.value, zone) for said in value)
    return name, as_values(value, zone)
