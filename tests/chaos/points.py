"""The labelled points between receive and commit, and how a worker dies or pauses at one of them.

Nothing of this is in the service: `tests.chaos.worker` wraps the functions that stand at these
points, in its own process only. A point whose function is gone stops the launcher.
"""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

_BOOKING: ContextVar[bool] = ContextVar("booking", default=False)


@dataclass(frozen=True, slots=True)
class Point:
    """A function of the service, and the moment before or after it."""

    target: str  # module:name, or module:class.name
    after: bool
    counts: Callable[[Any], bool] = lambda _: True  # of what it returned: is this a passage?


def _anything(fetched: Any) -> bool:
    return bool(fetched)


def _booking(_: Any) -> bool:
    return _BOOKING.get()


_LEDGER: Final = "monitor.ledger.ledger"
_COMMIT: Final = "asyncpg.transaction:Transaction._Transaction__commit"
_SHOW: Final = "agents.transport:BatchConsumer._commit_all"

POINTS: Final[dict[str, Point]] = {
    "after fetch": Point("agents.transport:BatchConsumer._fetch", True, _anything),
    "after decode": Point("schemas.decode:Decoder.decode", True),
    "after fold": Point("agents.dossiers:DossierDesk._fold", True),
    "before number": Point(f"{_LEDGER}:Ledger.number", False),
    "after seal": Point("agents.dossiers:DossierDesk._seal", True),
    "before the transaction": Point(f"{_LEDGER}:Ledger.book", False),
    "after positions": Point(f"{_LEDGER}:_move_positions", True),
    "after dossiers": Point(f"{_LEDGER}:_book_dossiers", True),
    "after journal": Point(f"{_LEDGER}:_add_totals", False),
    "after totals": Point(f"{_LEDGER}:_add_totals", True),
    "before commit": Point(_COMMIT, False, _booking),
    "after commit": Point(_COMMIT, True, _booking),
    "before the Kafka commit": Point(_SHOW, False),
    "after the Kafka commit": Point(_SHOW, True),
}

POSTING: Final = "agents.sheet:posting"  # what an earlier release did otherwise


class Gone(Exception):
    """What a label or a removal points at is no longer in the service."""


def found(target: str) -> tuple[Any, str, Any]:
    """The holder of a function, its name there, and the function; raises `Gone`."""
    module, _, path = target.partition(":")
    holder: Any = import_module(module)
    *outer, name = path.split(".")
    for part in outer:
        holder = getattr(holder, part, None)
    function = getattr(holder, name, None)
    if function is None:
        raise Gone(
            f"{target} is no more; say in tests/chaos/points.py or tests/chaos/teeth.py where"
            " it is now"
        )
    if not str(sys.modules[module].__file__).endswith(".py"):
        raise Gone(f"{module} is compiled, so that nothing in it can be put aside; make pure")
    return holder, name, function


ENDS: Final = {"dies": signal.SIGKILL, "stops": signal.SIGSTOP}


def arm(label: str, passage: int, end: str = "dies") -> None:
    """From now on this process dies, or stops, on that passage (from 1) of the point."""
    point = POINTS[label]
    left = passage

    def pass_by(result: Any = None) -> None:
        nonlocal left
        if point.counts(result):
            left -= 1
            if not left:
                sys.stderr.write(f"chaos: {end} {label}, passage {passage}\n")
                sys.stderr.flush()
                os.kill(os.getpid(), ENDS[end])

    holder, name, function = found(point.target)
    if asyncio.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            if not point.after:
                pass_by()
            result = await function(*args, **kwargs)
            if point.after:
                pass_by(result)
            return result

        setattr(holder, name, awaited)
    else:

        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            if not point.after:
                pass_by()
            result = function(*args, **kwargs)
            if point.after:
                pass_by(result)
            return result

        setattr(holder, name, called)
    _know_bookings()


def _know_bookings() -> None:
    """A claim commits too: only what commits in the course of `book` is a booking."""
    holder, name, book = found(f"{_LEDGER}:Ledger.book")

    @functools.wraps(book)
    async def booked(*args: Any, **kwargs: Any) -> Any:
        token = _BOOKING.set(True)
        try:
            return await book(*args, **kwargs)
        finally:
            _BOOKING.reset(token)

    setattr(holder, name, booked)
