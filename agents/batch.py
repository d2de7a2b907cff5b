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


class LogUnavailable(Exception):
    """The broker is away, or the group is being rearranged: asking again will help."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition.

    The fence tells which seek it was read after: a batch with a fence of the past was read
    ahead of a seek and is dropped. `start` is where the batch before it ended, or where was
    sought to: whoever receives another one has missed a batch.
    """

    partition: Partition
    fence: int
    start: int
    records: Sequence[Record]
    end: int  # high water mark when it was fetched, for the lag
