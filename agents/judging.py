"""Objectives judged beside the stream: every worker may, the one that leads does so once a minute."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

import structlog

from agents.leading import leading
from monitor.domain.policy import Policy
from monitor.domain.watched import Watched
from monitor.ledger import objective_book, objectives
from monitor.ledger.judging import judge_all
from monitor.ledger.locks import OBJECTIVES

ROUND_SECONDS: Final = 10.0  # between two rounds of summing
JUDGE_SECONDS: Final = 60.0
BRISK_SECONDS: Final = 0.5
ROUNDS_A_SWEEP: Final = 400  # about an hour


def judging(
    dsn: str,
    watched: Watched,
    policy: Policy,
    *,
    now_ms: Callable[[], int],
    brisk: bool = False,
) -> AbstractAsyncContextManager[None]:
    """Judge objectives and services within the block."""
    return leading(
        dsn,
        Judge(watched, policy, now_ms=now_ms, brisk=brisk),
        lock=OBJECTIVES,
        name="emc.objectives",
        seconds=BRISK_SECONDS if brisk else ROUND_SECONDS,
    )


class Judge:
    """One of many that may judge; only who leads does anything."""

    def __init__(
        self,
        watched: Watched,
        policy: Policy,
        *,
        now_ms: Callable[[], int],
        brisk: bool = False,
    ) -> None:
        if policy.legal is None:
            raise ValueError("objectives go by working time: a policy without law has none")
        self._watched = watched
        self._zone = policy.zone
        self._calendars = policy.legal.calendars
        self._now_ms = now_ms
        self._judge_ms = int((BRISK_SECONDS if brisk else JUDGE_SECONDS) * 1000)
        self._judged_ms: int | None = None
        self._rounds = 0
        self._say = structlog.get_logger("emc.objectives")

    async def round(self, connection: Any) -> bool:
        """Sum what is new, judge what is due; whether there is more to sum at once."""
        now = self._now_ms()
        today = self._zone.day(now)
        if self._judged_ms is None:
            await objective_book.prepare(connection, self._watched)
            changed = await objectives.keep_versions(connection, self._watched, now)
            if changed:
                self._say.info("objectives changed", objectives=changed)
        done = await objective_book.follow(connection, self._watched, today)
        due = self._judged_ms is None or now - self._judged_ms >= self._judge_ms
        ready = done.whole and not done.left and due
        if ready and await objective_book.stands_at_cut(connection):
            judged = await judge_all(
                connection, self._watched, self._zone, self._calendars, now
            )
            await objectives.keep(connection, judged)
            self._judged_ms = now
        if self._rounds % ROUNDS_A_SWEEP == 0:
            await objective_book.sweep(connection, today)
        self._rounds += 1
        return done.left

    def left(self) -> None:
        """Another may lead meanwhile, with other files: they are looked at again."""
        self._judged_ms = None
