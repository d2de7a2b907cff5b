"""What an agent receives: all records that one fetch brought for a partition, as one value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.ledger.unit import Partition


class Record(Protocol):
    """A record as aiokafka hands it over."""

    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int: ...  # ms since 1970, of the log
    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition.

    The fence tells which seek it was read after: a batch with a fence of the past was read
    ahead of a seek and is dropped.
    """

    partition: Partition
    fence: int
    records: Sequence[Record]
    end: int  # high water mark when it was fetched, for the lag
