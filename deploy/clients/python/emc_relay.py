"""Carry events from an outbox table to the gateway of emc-monitor, where there is no Debezium.

    EMC_TOKEN=... python emc_relay.py https://emc.example/v1/events postgresql://user@host/database

One file beside emc_emitter.py, and the driver of your database: pg8000 for PostgreSQL,
pymssql for SQL Server (mssql://...), nothing for SQLite (sqlite:///file). The table is the one of
../sql/outbox_postgresql.sql. An event is marked as sent when the gateway has said that it is in Kafka; if
the relay dies between, it is sent again with the same id and changes nothing.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import random
import signal
import sys
import threading
from typing import Any, Sequence
from urllib.parse import parse_qs, unquote, urlsplit

from emc_emitter import (
    BATCH_BYTES,
    BATCH_EVENTS,
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    LOOK_SECONDS,
    Gateway,
    verdicts,
)

LOG = logging.getLogger("emc_relay")

_WAITING = (
    "SELECT {top} number, event FROM emc_outbox WHERE sent_at IS NULL AND refused IS NULL"
    " ORDER BY number {limit}"
)
_SENT = "UPDATE emc_outbox SET sent_at = CURRENT_TIMESTAMP WHERE number = {mark}"
_REFUSED = "UPDATE emc_outbox SET refused = {mark} WHERE number = {mark}"


class Table:
    """The outbox, through any driver of Python's database API."""

    def __init__(self, connection: Any, *, mark: str, top: bool = False) -> None:
        self._connection = connection
        limit = f"LIMIT {BATCH_EVENTS}"
        self._waiting = _WAITING.format(
            top=f"TOP {BATCH_EVENTS}" if top else "", limit="" if top else limit
        )
        self._sent, self._refused = _SENT.format(mark=mark), _REFUSED.format(mark=mark)

    def oldest(self) -> list[tuple[int, bytes]]:
        """The events that have waited longest, one at least if there is any."""

        cursor = self._connection.cursor()
        cursor.execute(self._waiting)
        taken, size = [], 0
        for number, event in cursor.fetchall():
            text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
            size += len(text)
            if taken and size > BATCH_BYTES:
                break
            taken.append((number, text.encode()))
        self._connection.rollback()  # nothing is kept open while the network is waited for
        return taken

    def settle(self, done: Sequence[int], refused: Sequence[tuple[int, str, str]]) -> None:
        """Mark what Kafka has, and what will never be taken."""
        cursor = self._connection.cursor()
        for number in done:
            cursor.execute(self._sent, (number,))
        for number, reason, field in refused:
            cursor.execute(self._refused, (f"{reason} {field}"[:200], number))
        self._connection.commit()


def opened(address: str) -> Table:
    """The outbox at an address."""
    parts = urlsplit(address)
    given = {
        "host": parts.hostname or "localhost",
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or "") or None,
        "database": parts.path.lstrip("/"),
    }
    if parts.scheme in ("postgresql", "postgres"):
        driver = importlib.import_module("pg8000.dbapi")
        port = parts.port or 5432
        # As libpq has it: ?host=/folder is where the socket of a server on this machine lies.
        folder = parse_qs(parts.query).get("host", [""])[0]
        if folder:
            given["unix_sock"] = f"{folder}/.s.PGSQL.{port}"
        return Table(driver.connect(port=port, **given), mark="%s")
    if parts.scheme == "mssql":
        driver = importlib.import_module("pymssql")
        return Table(driver.connect(port=str(parts.port or 1433), **given), mark="%s", top=True)
    if parts.scheme == "sqlite":
        driver = importlib.import_module("sqlite3")
        return Table(driver.connect(parts.path[1:]), mark="?")
    raise ValueError(f"{parts.scheme!r} is none of postgresql, mssql, sqlite")


def carry(table: Table, gateway: Gateway, ending: threading.Event) -> None:
    """Until `ending` is set."""
    pause, most = FIRST_PAUSE_SECONDS, BATCH_EVENTS
    while not ending.is_set():
        batch = table.oldest()[:most]
        if not batch:
            ending.wait(LOOK_SECONDS)
            continue
        answer = gateway.send([event for _, event in batch])
        done, refused = verdicts(batch, answer)
        table.settle(done, refused)
        for number, reason, field in refused:
            LOG.warning("event %d was refused: %s, %s", number, reason, field)
        if len(done) + len(refused) == len(batch):
            pause, most = FIRST_PAUSE_SECONDS, min(BATCH_EVENTS, most * 2)
        elif answer.status in (400, 413):
            most = max(1, len(batch) // 2)
        else:
            LOG.warning(
                "the gateway does not take events now: %s", answer.error or answer.status
            )
            wait = max(pause * random.uniform(0.5, 1.0), answer.retry_after or 0.0)
            ending.wait(min(wait, LONGEST_PAUSE_SECONDS))
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)


def main(arguments: Sequence[str]) -> int:
    """Until the process is asked to end."""
    token = os.environ.get("EMC_TOKEN", "")
    if len(arguments) != 2 or not token:
        sys.stderr.write("EMC_TOKEN=... python emc_relay.py URL DATABASE\n")
        return 2
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        table = opened(arguments[1])
    except ImportError as error:
        sys.stderr.write(f"the driver of the database is missing: pip install {error.name}\n")
        return 2
    carry(table, Gateway(arguments[0], token), ending)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
