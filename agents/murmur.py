"""The hash by which Kafka's own clients choose a partition: MurmurHash2, with their seed.

As `aiokafka.partitioner` has it, in half the time. Every writer of ours must choose alike, or a
dossier's events come by two partitions.
"""

from struct import Struct
from typing import Final

_MASK: Final = 0xFFFFFFFF
_M: Final = 0x5BD1E995
_SEED: Final = 0x9747B28C
_WORDS: Final = [Struct(f"<{words}I").unpack_from for words in range(65)]


def murmur2(key: bytes) -> int:
    """A number of 32 bits; `(murmur2(key) & 0x7FFFFFFF) % partitions` is the partition."""
    words = len(key) >> 2
    unpack = _WORDS[words] if words <= 64 else Struct(f"<{words}I").unpack_from
    hashed = _SEED ^ len(key)
    for word in unpack(key):
        mixed = word * _M & _MASK
        hashed = (hashed * _M ^ (mixed ^ mixed >> 24) * _M) & _MASK
    if rest := len(key) & 3:
        hashed = (hashed ^ int.from_bytes(key[-rest:], "little")) * _M & _MASK
    hashed = (hashed ^ hashed >> 13) * _M & _MASK
    return hashed ^ hashed >> 15
