"""How a dossier's events lie in its row: one after another, each behind its length."""

import struct
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from schemas.event import Canonical

_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(Canonical).decode
_LENGTH: Final = struct.Struct("<I")


def pack_events(events: Iterable[Any]) -> bytes:
    """Events one after another, each behind its length; more can be appended."""
    parts = []
    for event in events:
        packed = _ENCODE(event)
        parts.append(_LENGTH.pack(len(packed)))
        parts.append(packed)
    return b"".join(parts)


def unpack_events(packed: bytes) -> Iterator[Canonical]:
    """The events that `pack_events` packed."""
    at = 0
    while at < len(packed):
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
        yield _DECODE(packed[at : at + length])
        at += length


def unpacked(packed: bytes) -> Iterator[bytes]:
    """The same, each as it is packed: not every subject's events are those of dossiers."""
    at = 0
    while at < len(packed):
        (length,) = _LENGTH.unpack_from(packed, at)
        at += _LENGTH.size
        yield packed[at : at + length]
        at += length
