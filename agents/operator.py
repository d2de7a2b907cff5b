"""What the commands of operators have in common: how they end, what they print, who did it."""

import asyncio
import getpass
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import asyncpg
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from agents.settings import Settings
from agents.trouble import of_brokers, of_ledger
from monitor.ledger.ledger import TURNED_AWAY, UNAVAILABLE
from monitor.ledger.migrate import OWNER_MIGRATES
from monitor.ledger.policies import OtherRules
from monitor.reference.sets import ReadsDifferently

OK: Final = 0
FOUND: Final = 1  # something could not be done, or is not there
MISUSED: Final = 2
INTERRUPTED: Final = 130
_REMAINDER: Final = (
    "; what was done until now is done, and the same command goes on with the rest"
)


class Refusal(Exception):
    """The command cannot be carried out; the text says why, and the remedy."""


def account() -> str:
    """Who does this, as far as the machine knows."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def run(work: Callable[[], Awaitable[int]], *, name: str, reads: bool = False) -> int:
    """Run one command to its exit status; what a person can mend is said in one line.

    Of one that only `reads` nothing is done by halves.
    """
    remainder = "" if reads else _REMAINDER

    def say(text: str) -> None:
        sys.stderr.write(f"{text}\n")

    async def main() -> int:
        try:
            return await work()
        except KafkaError as error:
            why = await of_brokers(Settings.from_environment().brokers().client(), error)
            say(f"{name}: no broker answers at EMC_KAFKA: {why}")
            return FOUND

    try:
        return asyncio.run(main())
    except Refusal as error:
        say(f"{name}: {error}")
        return MISUSED
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        say(
            f"{name}: the ledger at EMC_DATABASE has not the schema of this release;"
            f" {OWNER_MIGRATES}"
        )
        return FOUND
    except (OtherRules, ReadsDifferently) as error:
        say(f"{name}: {error}")
        return FOUND
    except UNAVAILABLE as error:
        say(
            f"{name}: the ledger at EMC_DATABASE does not answer: {of_ledger(error)}{remainder}"
        )
        return FOUND
    except TURNED_AWAY as error:
        say(f"{name}: the ledger at EMC_DATABASE turns us away: {of_ledger(error)}")
        return FOUND
    except KeyboardInterrupt:
        say(f"{name}: interrupted{remainder}")
        return INTERRUPTED


def when(text: str | None) -> datetime | None:
    """A day (from its beginning, UTC) or a time with its offset; raises `Refusal`."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is not None and found.tzinfo is None and len(text) == len("2026-08-03"):
        found = found.replace(tzinfo=UTC)
    if found is None or found.tzinfo is None:
        raise Refusal(
            f"{text!r} is no time; write 2026-08-03, or 2026-08-03T17:00:00+07:00 with its offset"
        )
    return found


def progress_bar(err: TextIO) -> Progress:
    """A bar on a terminal, nothing elsewhere."""
    console = Console(file=err)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def utc(at: datetime) -> str:
    """An instant as RFC 3339 has it, to the millisecond."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def print_json(found: Any, out: TextIO) -> None:
    """As JSON; instants in UTC."""

    def plain(value: Any) -> str:
        return utc(value) if isinstance(value, datetime) else str(value)

    out.write(json.dumps(found, ensure_ascii=False, indent=2, default=plain) + "\n")


def print_table(table: Table, out: TextIO) -> None:
    """A table as wide as the terminal, or wide enough for a file."""
    # Sources and places are others' words: no markup, and lines are not cut where nobody looks.
    Console(file=out, markup=False, width=None if out.isatty() else 200).print(table)
