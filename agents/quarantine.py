"""Refused records: kept with their reason, their bytes sealed with the deployment's key."""

import hashlib
import os
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from agents.batch import Record
from monitor.ledger.unit import Partition, Refusal
from schemas.refusal import Refused

KEPT_BYTES: Final = 64 * 1024  # of a record's value, and of its key and headers together
QUOTA: Final = 10_000  # sealed records a source may have on record
_NONCE_BYTES: Final = 12
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

VALUE_ALONE: Final = 0  # forms of sealed bytes: as the first release kept them
WHOLE_RECORD: Final = 1


class Original(msgspec.Struct, frozen=True, array_like=True):
    """A refused record as it was, as far as it is kept."""

    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    whole: bool = True  # nothing was too large to be kept


_PACK: Final = msgspec.msgpack.Encoder().encode
_UNPACK: Final = msgspec.msgpack.Decoder(Original).decode


def pack_record(record: Record) -> bytes:
    """A record with key and headers, which hold source, id and time of an event in binary mode."""
    value, key, headers = record.value, record.key, tuple(record.headers)
    around = len(key or b"") + sum(len(name) + len(said or b"") for name, said in headers)
    whole = len(value or b"") <= KEPT_BYTES and around <= KEPT_BYTES
    if around > KEPT_BYTES:
        key, headers = None, ()
    return _PACK(Original(key, value and value[:KEPT_BYTES], headers, whole))


def unpack_record(form: int, content: bytes, size: int) -> Original:
    """What `pack_record` packed, or a value that was sealed alone; `size` is the value's."""
    if form == VALUE_ALONE:
        return Original(None, content, (), len(content) == size)
    return _UNPACK(content)


class Seal:
    """Encrypts with AES-256-GCM under the deployment's key; whoever has the key opens it."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def from_text(cls, text: str) -> "Seal":
        """A key as settings give it: 32 bytes in base64. Raises ValueError for anything else."""
        try:
            key = b64decode(text, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ValueError("the quarantine key must be 32 bytes in base64")
        return cls(key)

    @staticmethod
    def new_key() -> str:
        """A fresh key, as `from_text` takes it."""
        return b64encode(AESGCM.generate_key(256)).decode()

    def close(self, content: bytes) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, None)

    def open(self, sealed: bytes) -> bytes:
        """What was closed; raises `cryptography.exceptions.InvalidTag` under another key."""
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)


class Quarantine:
    """Turns refused records into rows, within each source's quota."""

    def __init__(self, seal: Seal | None, *, quota: int = QUOTA) -> None:
        self._seal = seal
        self._quota = quota
        self._kept: Counter[str] = Counter()

    def remember(self, kept: Mapping[str, int]) -> None:
        """How many sealed records each source already has in the ledger."""
        self._kept = Counter(kept)

    def admit(self, refused: Refused, partition: Partition, record: Record) -> Refusal:
        """A row for the ledger. Past the quota only position, hash and reason are kept."""
        content = record.value or b""
        source = storable(refused.source)
        sealed = None
        if self._seal is not None and self._kept[source] < self._quota:
            sealed = self._seal.close(pack_record(record))
            self._kept[source] += 1
        return Refusal(
            partition=partition,
            offset=record.offset,
            source=source,
            reason=refused.reason,
            detail=storable(refused.detail),
            size=len(content),
            hash=hashlib.sha256(content).digest(),
            sealed=sealed,
            # Not by a float: a retry reads the event at the same millisecond.
            arrived=_EPOCH + timedelta(milliseconds=max(record.timestamp, 0)),
            form=WHOLE_RECORD,
        )


def storable(text: str) -> str:
    """Text as PostgreSQL can hold it: no NUL, no half surrogate pairs, of bounded length."""
    return text[:200].replace("\x00", "").encode("utf-8", "replace").decode()
