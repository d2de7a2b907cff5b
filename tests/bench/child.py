"""What the contestants have in common: one process each, which says when it begins and is done.

It writes `began` when it is about to read its first record and `done` with what it counted after
the last, and then waits for its input to be closed, so that its use of the machine can be read.
"""

import json
import sys
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Task:
    """Which topic to read, from its beginning to its known end."""

    bootstrap: str
    topic: str
    partitions: int
    records: int

    @classmethod
    def given(cls) -> Self:
        bootstrap, topic, partitions, records = sys.argv[1:]
        return cls(bootstrap, topic, int(partitions), int(records))

    def arguments(self) -> list[str]:
        return [self.bootstrap, self.topic, str(self.partitions), str(self.records)]


def began() -> None:
    print("began", flush=True)


def done(**counted: int) -> None:
    print("done", json.dumps(counted), flush=True)


def wait_to_end() -> None:
    sys.stdin.read()
