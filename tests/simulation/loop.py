"""An event loop whose time is made up and whose order is drawn from a seed.

Nothing waits: time jumps to the next timer. Of the callbacks that are ready any may come next, as
on a machine whose scheduler nobody knows. Tasks belong to a process, and a process may stand still
or end between any two of its callbacks, without a word.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import Context, ContextVar, copy_context
from heapq import heappop
from itertools import count
from typing import Any, Final, TypeVar

PROCESS: Final[ContextVar["Process | None"]] = ContextVar("process", default=None)

# Work takes time: now and then a look at the clock finds that some has passed.
SLOW_SHARE: Final = 0.02
SLOW_SECONDS: Final = 0.05

T = TypeVar("T")


class Process:
    """A worker's operating system process, as the scheduler sees it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stands_still = False
        self.held: list[asyncio.Handle] = []  # what it would have done meanwhile
        self.context: Context = copy_context()
        self.context.run(PROCESS.set, self)


class NothingToDo(Exception):
    """Everybody waits and no timer runs: nothing will ever happen again."""


class _Task(asyncio.Task[Any]):
    """A task whose place in a set does not hang on where it lies in memory."""

    number: int

    def __hash__(self) -> int:
        return self.number


class SimulatedLoop(asyncio.BaseEventLoop):
    """Runs one history. Two loops of one seed do the same in the same order."""

    def __init__(self, rng: random.Random) -> None:
        super().__init__()
        self._rng = rng
        self._now = 0.0
        self._numbers = count()
        self.steps = 0
        self.ordered = False  # at the very end, when all is taken down
        self.complaints: list[str] = []
        self.set_task_factory(self._task)  # type: ignore[arg-type]
        self.set_exception_handler(self._complain)

    def _task(
        self, _: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, T], **named: Any
    ) -> asyncio.Task[T]:
        number = next(self._numbers)
        named.setdefault("name", f"task {number}")
        task = _Task.__new__(_Task)
        task.number = number
        task.__init__(work, loop=self, **named)  # type: ignore[misc]
        return task

    def _complain(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.complaints.append(f"{context.get('message')}: {context.get('exception')!r}")

    def time(self) -> float:
        """Virtual seconds; never goes back."""
        rng = self._rng.random
        if rng() < SLOW_SHARE and not self.ordered:
            self._now += rng() * SLOW_SECONDS
        return self._now

    @property
    def now(self) -> float:
        """Virtual seconds, without any passing while one looks."""
        return self._now

    def start(
        self, work: Coroutine[Any, Any, T], process: Process | None = None
    ) -> asyncio.Task[T]:
        """A task of a process, or of the world around them."""
        context = process.context if process else WORLD
        return self.create_task(work, context=context.copy())

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Have the world do something after so long."""
        self.call_at(self._now + seconds, do, context=WORLD)

    def thaw(self, process: Process) -> None:
        """Let a process that stood still go on, as if no time had passed for it."""
        process.stands_still = False
        self._ready.extend(process.held)  # type: ignore[attr-defined]
        process.held.clear()

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled  # type: ignore[attr-defined]
        while True:
            while scheduled and scheduled[0]._cancelled:
                heappop(scheduled)._scheduled = False
            if not ready:
                if not scheduled:
                    raise NothingToDo
                self._now = max(self._now, scheduled[0]._when)
            while scheduled and (scheduled[0]._when <= self._now or scheduled[0]._cancelled):
                handle = heappop(scheduled)
                handle._scheduled = False
                if not handle._cancelled:
                    ready.append(handle)
            if ready:
                break
        if len(ready) > 1 and not self.ordered:
            ready.rotate(-int(self._rng.random() * len(ready)))
        handle = ready.popleft()
        if handle._cancelled:
            return
        process = handle._context.get(PROCESS)
        if process is not None and process.stands_still:
            process.held.append(handle)
            return
        self.steps += 1
        handle._run()

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""

    def take_down(self, processes: list[Process]) -> None:
        """End whatever is left, the dead included, so that nothing outlives the history."""
        self.ordered = True
        for process in processes:
            self.thaw(process)
        for _ in range(100):
            left = asyncio.all_tasks(self)
            if not left:
                break
            for task in left:
                task.cancel()
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.close()


WORLD: Final = copy_context()


@contextmanager
def simulated(rng: random.Random) -> Iterator[SimulatedLoop]:
    """A loop for the length of a block."""
    loop = SimulatedLoop(rng)
    try:
        yield loop
    finally:
        if not loop.is_closed():
            loop.close()
