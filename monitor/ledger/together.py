"""Readings that do not wait for each other."""

import asyncio
from types import TracebackType


class Together(asyncio.TaskGroup):
    """Tasks that are all awaited. Where one fails the others are ended, and its own error is raised.

    The ledger works on one reading while what came of another is worked out here.
    """

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None
