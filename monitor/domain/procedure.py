"""What the catalogue says of a procedure on a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from monitor.domain.deadlines import Limit

ANY_CHANNEL: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """A row of the catalogue, valid on some days. `valid_until` is the first day it is not."""

    code: str
    level: int  # a `Level`
    limits: Mapping[int, Limit] = field(default_factory=dict)  # by channel; ANY_CHANNEL else
    bundled: bool = False  # birth and death bundles: sync and answer times bind
    forward_moves_due: bool = False  # the law's forwarding rule moves the due date too
    eligible: bool = True  # for full-process online service
    fee: bool = False
    document_result: bool = False
    tags: frozenset[str] = frozenset()
    valid_from: int = 0  # days since 1970-01-01
    valid_until: int | None = None

    def limit(self, channel: int) -> Limit | None:
        """The limit for a channel; None: the procedure has none."""
        return self.limits.get(channel) or self.limits.get(ANY_CHANNEL)


class Catalogue:
    """All procedures, by code and day."""

    def __init__(self, procedures: Mapping[str, tuple[Procedure, ...]]) -> None:
        self._procedures = procedures

    def __len__(self) -> int:
        return len(self._procedures)

    def on(self, code: str, day: int) -> Procedure | None:
        """The row valid on that day; None where the catalogue has none."""
        for row in self._procedures.get(code, ()):
            if row.valid_from <= day and (row.valid_until is None or day < row.valid_until):
                return row
        return None
