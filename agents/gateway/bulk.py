"""A stream of events, one a line: taken in as it comes, never held as a whole."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from agents.gateway.answer import Code, Problem, Reply
from agents.gateway.binding import Lines
from agents.gateway.door import Visit
from agents.gateway.intake import ACCEPTED, NOT_WRITTEN, Letter, Verdict
from agents.gateway.limits import whole_seconds
from agents.gateway.verdicts import said, summed
from monitor.ledger.sources import Source
from schemas.refusal import Refused

GROUP_RECORDS: Final = 500
GROUP_BYTES: Final = 256 * 1024
WINDOW: Final = 4  # groups that wait for Kafka while the next one is read
MOST_SHOWN: Final = 1_000  # verdicts in the answer
FULL_TRIES: Final = 100  # for a group, while others fill the way to Kafka
FULL_SECONDS: Final = 0.05
LONGEST_WAIT: Final = 20.0  # seconds that a stream is held back to keep to its rate

# What a stream holds at most: the group that fills, and those that wait.
HELD: Final = (WINDOW + 1) * GROUP_BYTES


@dataclass(slots=True)
class _Group:
    """Lines that are taken in together."""

    numbers: list[int] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    size: int = 0

    def add(self, number: int, line: bytes) -> bool:
        """Whether it is full now."""
        self.numbers.append(number)
        self.letters.append(Letter(line))
        self.size += len(line)
        return len(self.letters) >= GROUP_RECORDS or self.size >= GROUP_BYTES


@dataclass(slots=True)
class _Sum:
    """What became of the lines so far."""

    received: int = 0
    accepted: int = 0
    refused: int = 0
    shown: list[dict[str, Any]] = field(default_factory=list)
    left_out: int = 0
    first_unwritten: int | None = None

    def add(self, numbers: Sequence[int], verdicts: Sequence[Verdict]) -> None:
        self.received += len(numbers)
        for number, verdict in zip(numbers, verdicts, strict=True):
            if isinstance(verdict, Refused):
                self.refused += 1
            elif verdict.accepted:
                self.accepted += 1
            elif self.first_unwritten is None:
                self.first_unwritten = number
            if verdict is ACCEPTED:
                continue
            if len(self.shown) < MOST_SHOWN:
                self.shown.append(said(number, verdict, "line"))
            else:
                self.left_out += 1

    def more(self) -> dict[str, Any]:
        told: dict[str, Any] = {"verdicts": self.shown}
        if self.left_out:
            told["verdicts_left_out"] = self.left_out
        return told

    def told(self) -> dict[str, Any]:
        return {
            "received": self.received,
            "accepted": self.accepted,
            "refused": self.refused,
            "unwritten": self.received - self.accepted - self.refused,
            **self.more(),
        }


async def take_lines(visit: Visit, source: Source) -> Reply:
    """Answers when Kafka has every line that was accepted, or at the first that it cannot take.

    Whatever else ends the stream, the answer says from which line on to send again.
    """
    stream = _Stream(visit, source)
    try:
        await stream.read()
    except Problem as problem:
        await stream.settle()
        raise _resumable(problem, stream) from None
    finally:
        await stream.drop()
    if stream.sum.first_unwritten is not None:
        raise _resumable(
            Problem(Code.KAFKA_AWAY, "Kafka did not acknowledge in time", retry_after=5), stream
        )
    return summed(
        stream.sum.received, stream.sum.accepted, stream.sum.refused, stream.sum.more()
    )


def _resumable(problem: Problem, stream: "_Stream") -> Problem:
    """The same problem, with what was accepted before it."""
    resume = stream.sum.first_unwritten or stream.next_line
    return Problem(
        problem.code,
        problem.detail,
        retry_after=problem.retry_after,
        headers=problem.headers,
        close=problem.close,
        more={**stream.sum.told(), "resume_from_line": resume},
    )


class _Stream:
    """The lines of one request on their way."""

    def __init__(self, visit: Visit, source: Source) -> None:
        self._visit = visit
        self._source = source
        self._waiting: deque[tuple[list[int], asyncio.Task[list[Verdict]]]] = deque()
        self._group = _Group()
        self.next_line = 1  # the first that was not handed over
        self.sum = _Sum()

    async def read(self) -> None:
        lines = Lines()
        body = self._visit.open_body(self._visit.largest_stream)
        body.hold(HELD)
        async for piece in body.parts():
            for number, line in lines.feed(piece):
                if self._group.add(number, line):
                    await self._hand_over()
        for number, line in lines.end():
            self._group.add(number, line)
        await self._hand_over()
        await self.settle()

    async def _hand_over(self) -> None:
        group, self._group = self._group, _Group()
        if not group.letters:
            return
        await self._keep_pace(len(group.letters))
        self.next_line = group.numbers[-1] + 1
        self._waiting.append((group.numbers, asyncio.create_task(self._take(group.letters))))
        while len(self._waiting) >= WINDOW:
            await self._first()
        if self.sum.first_unwritten is not None:
            raise Problem(Code.KAFKA_AWAY, "Kafka did not acknowledge in time", retry_after=5)

    async def _keep_pace(self, events: int) -> None:
        """Holds the stream back, and with it the caller, rather than refuse it half-way."""
        while wait := self._visit.intake.wait_for_rate(self._source, events):
            if wait > LONGEST_WAIT:
                raise Problem(
                    Code.RATE,
                    "the source sends more events a second than its register entry allows",
                    retry_after=whole_seconds(wait),
                )
            await asyncio.sleep(wait)

    async def _take(self, letters: Sequence[Letter]) -> list[Verdict]:
        for _ in range(FULL_TRIES):
            try:
                return await self._visit.intake.take(self._source, letters)
            except Problem as problem:
                if problem.code is not Code.BUSY:
                    break
                await asyncio.sleep(FULL_SECONDS)
        return [NOT_WRITTEN] * len(letters)

    async def _first(self) -> None:
        numbers, task = self._waiting[0]
        verdicts = await task
        self._waiting.popleft()
        self.sum.add(numbers, verdicts)

    async def settle(self) -> None:
        """Wait for what is on its way."""
        while self._waiting:
            await self._first()

    async def drop(self) -> None:
        """After a fault of ours: nobody waits for these any more."""
        for _, task in self._waiting:
            task.cancel()
