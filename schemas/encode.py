"""Canonical events to bytes, as replay, generator and gateway put them on the topic."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from schemas.cloudevents import Envelope
from schemas.event import Canonical
from schemas.kinds import KINDS

WRITE: Final[Mapping[type[msgspec.Struct], Callable[[Any], Envelope]]] = {
    kind.canonical: kind.write for kind in KINDS.values()
}


def encode(event: Canonical) -> bytes:
    """CloudEvents JSON, structured mode. Decoding gives `event` again."""
    return msgspec.json.encode(WRITE[type(event)](event))
