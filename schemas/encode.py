"""Canonical events to bytes, as replay, generator and gateway put them on their topics."""

from collections.abc import Mapping
from typing import Final

import msgspec

from schemas.event import AnyEvent
from schemas.kinds import KINDS, Kind

BY_CANONICAL: Final[Mapping[type[msgspec.Struct], Kind]] = {
    kind.canonical: kind for kind in KINDS.values()
}
ENCODE: Final = msgspec.json.Encoder().encode


def encode(event: AnyEvent) -> bytes:
    """CloudEvents JSON, structured mode. Decoding gives `event` again."""
    return ENCODE(BY_CANONICAL[type(event)].write(event))


def key(event: AnyEvent) -> bytes:
    """The key of its record on its topic."""
    return BY_CANONICAL[type(event)].topic.key(event).encode()
