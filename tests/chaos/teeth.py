"""Protections taken out of a worker, one at a time: the suite must notice each.

Each removal changes the worker's own process after import. One that no longer finds what it
changes stops the launcher, so that no removal passes for a suite without teeth.
"""

import functools
import inspect
import textwrap
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

from monitor.domain.identity import Repeat
from monitor.domain.post import post
from monitor.ledger.packing import pack_entries
from tests.chaos.points import Gone, found


def no_version_check() -> None:
    """Whoever books a dossier last overwrites what another worker has booked."""
    _edit(
        "monitor.ledger.ledger:_book_dossiers",
        "WHERE held.version = excluded.version - 1",
        "",
    )


def no_position_check() -> None:
    """Whoever books moves the position, whether or not it owns it and wherever it stood."""
    _edit(
        "monitor.ledger.ledger:_move_positions",
        "AND position.epoch = moved.epoch AND position.next = moved.start",
        "",
    )


def position_apart() -> None:
    """Effects in one transaction, the position in another one after it."""
    module, name, move_positions = found("monitor.ledger.ledger:_move_positions")
    holder, book_name, book = found("monitor.ledger.ledger:Ledger.book")

    async def nothing(*_: Any) -> None:
        pass

    @functools.wraps(book)
    async def apart(self: Any, unit: Any) -> None:
        await book(self, unit)
        async with self._pool.acquire() as connection:
            await move_positions(connection, unit)

    setattr(module, name, nothing)
    setattr(holder, book_name, apart)


def no_dedup() -> None:
    """Every statement is taken for a new one."""
    holder, name, hear = found("agents.shelf:Dossier.hear")

    @functools.wraps(hear)
    def heard(self: Any, event: Any) -> Any:
        repeated = hear(self, event)
        if repeated is not Repeat.DUPLICATE:
            return repeated
        self.spread_out().events.append(event)
        return None

    setattr(holder, name, heard)


def recomputed_view() -> None:
    """The difference is taken against what today's rules say of yesterday's events."""
    holder, name, fetch = found("agents.dossiers:DossierDesk._fetch")

    @functools.wraps(fetch)
    async def fetched(self: Any, keys: Any) -> Any:
        found = await fetch(self, keys)
        for key in keys:
            dossier = self._shelf.get(key)
            if dossier is None or not dossier.version:
                continue
            entries = post(dossier.view, self._policy)
            numbers = await self._ledger.number({account.cell for account in entries})
            dossier.booked = pack_entries(
                {
                    (account.measure, numbers[account.cell], account.day, account.slot): amount
                    for account, amount in entries.items()
                }
            )
        return found

    setattr(holder, name, fetched)


REMOVALS: Final[dict[str, Callable[[], None]]] = {
    "version check": no_version_check,
    "position check": no_position_check,
    "position in the transaction": position_apart,
    "dedup": no_dedup,
    "booked entries": recomputed_view,
}


def _edit(target: str, old: str, new: str) -> None:
    """Compile a function again with one passage of its text replaced."""
    holder, name, function = found(target)
    text = textwrap.dedent(inspect.getsource(function))
    if text.count(old) != 1:
        raise Gone(f"{target} no longer says {old!r} once; see tests/chaos/teeth.py")
    module = import_module(target.partition(":")[0])
    made: dict[str, Any] = {}
    exec(compile(text.replace(old, new), f"{target} edited", "exec"), vars(module), made)
    setattr(holder, name, made[name])
