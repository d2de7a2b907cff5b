"""Send events to the gateway of emc-monitor from a program, without ever waiting for it.

One file, the standard library only (Python 3.9 or newer): copy it beside your program.

    from emc_emitter import Emitter

    emitter = Emitter("outbox.db", "https://emc.example/v1/events", token="...")
    emitter.emit("dossier.state.v1", {"dossier": "H56.14-261127-0001", "state": 2, ...})
    ...
    emitter.close()

`emit` writes the event to a SQLite file, the outbox, and returns; a thread sends what lies there,
in batches, and deletes an event when the gateway has said that it is in Kafka. So events survive
the death of the program, of the network and of the gateway, and are sent again with the same id,
which makes a second copy a duplicate that changes nothing. What the gateway refuses is kept in the
file with its reason, for you to read: `python emc_emitter.py refused outbox.db`.

Several processes may write to one outbox; one of them sends at a time (it holds a lock on
OUTBOX.sender). Keep the file on a disk of the machine: SQLite does not like file servers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import random
import sqlite3
import sys
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Iterator, Mapping, Optional, Sequence
from urllib.parse import urlsplit

LOG = logging.getLogger("emc_emitter")

BATCH_EVENTS = 500
BATCH_BYTES = 1_000_000
EVENT_BYTES = 60_000  # the gateway refuses events of over 65,536 bytes
OUTBOX_BYTES = 1_000_000_000
TIMEOUT_SECONDS = 30.0
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 300.0
LOOK_SECONDS = 1.0  # for what other processes have written
BUSY_SECONDS = 5.0  # another process may be writing to the file
REFUSED_KEPT = 10_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    event  BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS refused (
    number INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    reason TEXT NOT NULL,
    field  TEXT NOT NULL,
    event  BLOB NOT NULL
);
"""


class OutboxFull(Exception):
    """The outbox has reached its size: nobody could be sent to for too long."""


class NotAnEvent(ValueError):
    """The event cannot be written as JSON, or is larger than the gateway takes."""


@dataclass(frozen=True)
class Status:
    """What lies in an outbox."""

    waiting: int
    refused: int
    bytes: int


class Outbox:
    """The file. Every call opens a transaction of its own, so that processes can share it."""

    def __init__(
        self, path: str, *, most_bytes: int = OUTBOX_BYTES, survive_power_loss: bool = False
    ) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._db = sqlite3.connect(
            path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # A write-ahead log, so that whoever writes need not wait for whoever reads. NORMAL holds
        # through the death of the process; FULL through the machine's, and takes a disk's flush.
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=" + ("FULL" if survive_power_loss else "NORMAL"))
        self._db.executescript(_SCHEMA)
        [self._page_bytes] = self._db.execute("PRAGMA page_size").fetchone()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def _bytes(self) -> int:
        [pages] = self._db.execute("PRAGMA page_count").fetchone()
        [free] = self._db.execute("PRAGMA freelist_count").fetchone()
        return int(pages - free) * int(self._page_bytes)

    def put(self, events: Sequence[bytes]) -> None:
        """Keep events, all or none. Raises `OutboxFull`."""
        with self._transaction() as db:
            if self._bytes() + sum(map(len, events)) > self._most_bytes:
                raise OutboxFull(f"over {self._most_bytes:,} bytes wait to be sent")
            db.executemany(
                "INSERT INTO outbox (event) VALUES (?)", [(each,) for each in events]
            )

    def oldest(self, most_events: int, most_bytes: int) -> list[tuple[int, bytes]]:
        """The events that have waited longest, one at least if there is any."""
        with self._lock:
            rows = self._db.execute(
                "SELECT number, event FROM outbox ORDER BY number LIMIT ?", (most_events,)
            ).fetchall()
        taken, size = [], 0
        for number, event in rows:
            size += len(event) + 1
            if taken and size > most_bytes:
                break
            taken.append((number, event))
        return taken

    def settle(self, done: Sequence[int], refused: Sequence[tuple[int, str, str]]) -> None:
        """Take away what Kafka has, and put aside what was refused: (number, reason, field)."""
        now = _rfc3339(time.time())
        with self._transaction() as db:
            db.executemany(
                "INSERT OR REPLACE INTO refused SELECT number, ?, ?, ?, event FROM outbox"
                " WHERE number = ?",
                [(now, reason, field, number) for number, reason, field in refused],
            )
            gone = [(number,) for number in done] + [(number,) for number, _, _ in refused]
            db.executemany("DELETE FROM outbox WHERE number = ?", gone)
            if refused:
                db.execute(
                    "DELETE FROM refused WHERE number <="
                    " (SELECT max(number) FROM refused) AND number NOT IN"
                    " (SELECT number FROM refused ORDER BY number DESC LIMIT ?)",
                    (REFUSED_KEPT,),
                )

    def status(self) -> Status:
        """What lies in the file."""
        with self._lock:
            [waiting] = self._db.execute("SELECT count(*) FROM outbox").fetchone()
            [refused] = self._db.execute("SELECT count(*) FROM refused").fetchone()
            return Status(waiting, refused, self._bytes())

    def refused(self) -> list[tuple[str, str, str, bytes]]:
        """What was refused: when, why, which field, and the event as it was sent."""
        with self._lock:
            return self._db.execute(
                "SELECT at, reason, field, event FROM refused ORDER BY number"
            ).fetchall()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()


class Turn:
    """Whose turn it is to send: one process's at a time. Ends with the process that has it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: Optional[int] = None

    def take(self) -> bool:
        """Have it, if no other has; also when it is ours already."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _lock(file)
        except OSError:
            os.close(file)
            return False
        self._file = file
        return True

    def leave(self) -> None:
        """Let another one have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def _lock(file: int) -> None:
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@dataclass(frozen=True)
class Answer:
    """What the gateway said; status 0 where it did not answer."""

    status: int
    body: Mapping[str, Any]
    retry_after: Optional[float] = None
    error: str = ""


class Gateway:
    """The gateway, over one connection that is kept."""

    def __init__(self, url: str, token: str, *, timeout: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(
                f"{url!r} is no address of a gateway; write https://HOST/v1/events"
            )
        self._make = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path or "/v1/events"
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/cloudevents-batch+json",
            "user-agent": "emc-emitter/1",
        }
        self._timeout = timeout
        self._connection: Optional[HTTPConnection] = None

    def send(self, events: Sequence[bytes]) -> Answer:
        """One batch. Raises nothing: an outage is an answer, too."""
        body = b"[" + b",".join(events) + b"]"
        fresh = self._connection is None
        try:
            return self._try(body)
        except (OSError, HTTPException) as error:
            self.close()
            if fresh:
                return Answer(0, {}, error=repr(error))
        try:  # a connection that was kept may have been closed at the other end
            return self._try(body)
        except (OSError, HTTPException) as error:
            self.close()
            return Answer(0, {}, error=repr(error))

    def _try(self, body: bytes) -> Answer:
        if self._connection is None:
            self._connection = self._make(self._host, self._port, timeout=self._timeout)
        self._connection.request("POST", self._path, body, self._headers)
        response = self._connection.getresponse()
        content = response.read(16_000_000)
        if response.will_close:
            self.close()
        try:
            told = json.loads(content) if content else {}
        except ValueError:
            told = {}
        try:
            retry_after = float(response.getheader("retry-after") or "")
        except ValueError:
            retry_after = None
        return Answer(response.status, told if isinstance(told, dict) else {}, retry_after)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Sender:
    """Empties an outbox into a gateway. Knows when to wait, and for how long."""

    def __init__(self, outbox: Outbox, gateway: Gateway, turn: Turn) -> None:
        self._outbox = outbox
        self._gateway = gateway
        self._turn = turn
        self._most = BATCH_EVENTS
        self._pause = FIRST_PAUSE_SECONDS
        self._said = ""

    def turn(self) -> float:
        """Send one batch; tells how many seconds to wait before the next turn."""
        if not self._turn.take():
            return LOOK_SECONDS
        batch = self._outbox.oldest(self._most, BATCH_BYTES)
        if not batch:
            return LOOK_SECONDS
        answer = self._gateway.send([event for _, event in batch])
        done, refused = verdicts(batch, answer)
        if done or refused:
            self._outbox.settle(done, refused)
        for _, reason, field in refused:
            LOG.warning("an event was refused: %s, %s; see `refused`", reason, field)
        if len(done) + len(refused) == len(batch):
            self._pause, self._said = FIRST_PAUSE_SECONDS, ""
            self._most = min(BATCH_EVENTS, self._most * 2)
            return 0.0
        if answer.status in (413, 400) and len(batch) > 1:
            # Too large, or something in it that hides where it is: try with fewer.
            self._most = len(batch) // 2
            return 0.0
        return self._wait(answer)

    def _wait(self, answer: Answer) -> float:
        said = answer.error or f"status {answer.status} {answer.body.get('code', '')}".strip()
        if said != self._said:  # once, not at every try
            LOG.warning(
                "the gateway does not take events now: %s; they wait in the outbox", said
            )
            self._said = said
        # Jitter, so that those who were cut off together do not come back together.
        pause = self._pause * random.uniform(0.5, 1.0)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        return max(pause, min(answer.retry_after or 0.0, LONGEST_PAUSE_SECONDS))

    def release(self) -> None:
        """Let another process send."""
        self._turn.leave()
        self._gateway.close()


def verdicts(
    batch: Sequence[tuple[int, bytes]], answer: Answer
) -> tuple[list[int], list[tuple[int, str, str]]]:
    """Which of the batch are in Kafka, and which were refused; the others stay."""
    done: list[int] = []
    refused: list[tuple[int, str, str]] = []
    if answer.status in (202, 204) and not answer.body.get("verdicts"):
        return [number for number, _ in batch], refused
    for verdict in answer.body.get("verdicts") or ():
        place = verdict.get("place")
        if not isinstance(place, int) or not 0 <= place < len(batch):
            continue
        number = batch[place][0]
        if verdict.get("verdict") == "accepted":
            done.append(number)
        elif verdict.get("verdict") == "refused":
            refused.append((number, str(verdict.get("reason")), str(verdict.get("field"))))
    if answer.status in (400, 413) and len(batch) == 1 and not refused:
        # By itself it cannot be read either: put aside, so that the others have their turn.
        refused = [(batch[0][0], str(answer.body.get("code", answer.status)), "value")]
    return done, refused


class Emitter:
    """An outbox, and a thread that sends what lies in it."""

    def __init__(
        self,
        path: str,
        url: str,
        *,
        token: str,
        source: str = "here",
        most_bytes: int = OUTBOX_BYTES,
        survive_power_loss: bool = False,
    ) -> None:
        """`source` is informative: the gateway takes the one that the token belongs to."""
        self._outbox = Outbox(
            path, most_bytes=most_bytes, survive_power_loss=survive_power_loss
        )
        self._source = source
        self._sender = Sender(self._outbox, Gateway(url, token), Turn(path + ".sender"))
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._send, name="emc-emitter", daemon=True)
        self._thread.start()

    def emit(
        self,
        type: str,  # noqa: A002 - the word of CloudEvents
        data: Mapping[str, Any],
        *,
        time: Optional[datetime] = None,
        id: Optional[str] = None,  # noqa: A002
    ) -> str:
        """Put an event in the outbox, now; its id. `time` is when it happened, with its offset.

        Give an `id` of your own where one thing may be told twice (the number of a row, say).
        Raises `NotAnEvent` and `OutboxFull`, and never waits for the network.
        """
        if time is not None and time.tzinfo is None:
            raise NotAnEvent("a time needs its offset: datetime(..., tzinfo=...)")
        id_ = id or str(uuid.uuid4())
        event = {
            "specversion": "1.0",
            "id": id_,
            "source": self._source,
            "type": type,
            "time": (time or datetime.now(timezone.utc)).isoformat(),
            "data": dict(data),
        }
        self.put([event])
        return id_

    def put(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Put whole CloudEvents in the outbox, all or none."""
        self._outbox.put([_encoded(event) for event in events])
        self._wake.set()

    @property
    def status(self) -> Status:
        """What lies in the outbox."""
        return self._outbox.status()

    def flush(self, seconds: float) -> bool:
        """Wait until all is sent; False if it is not by then."""
        ends = time.monotonic() + seconds
        while self._outbox.status().waiting:
            if time.monotonic() >= ends:
                return False
            time.sleep(0.02)
        return True

    def close(self, seconds: float = 5.0) -> None:
        """End. What is not sent by then stays in the file, for the next time."""
        if self._ending.is_set():
            return
        self.flush(seconds)
        self._ending.set()
        self._wake.set()
        self._thread.join(TIMEOUT_SECONDS)
        self._outbox.close()

    def __enter__(self) -> Emitter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self) -> None:
        while not self._ending.is_set():
            self._wake.clear()
            try:
                pause = self._sender.turn()
            except sqlite3.Error as error:  # the disk is full, or another holds the file
                LOG.error("the outbox cannot be read or written: %s", error)
                pause = LOOK_SECONDS
            if pause == LOOK_SECONDS:
                self._wake.wait(pause)
            elif pause:
                self._ending.wait(pause)
        self._sender.release()


def _encoded(event: Mapping[str, Any]) -> bytes:
    try:
        encoded = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise NotAnEvent(f"no JSON: {error}") from error
    if len(encoded) > EVENT_BYTES:
        raise NotAnEvent(f"{len(encoded):,} bytes, and {EVENT_BYTES:,} is the most")
    return encoded


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Look into an outbox, put lines of NDJSON into it, or send what lies in it."""
    parser = argparse.ArgumentParser(
        description="An outbox of events for emc-monitor.",
        epilog="The token is read from the environment: EMC_TOKEN.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, says in (
        ("status", "how many events wait, and how many were refused"),
        ("refused", "the refused events, one JSON a line, each with its reason"),
        ("put", "CloudEvents from standard input, one JSON a line"),
        ("send", "send until the outbox is empty; ends with 1 if it is not in time"),
    ):
        command = commands.add_parser(name, help=says, description=says)
        command.add_argument("outbox", help="the file")
        if name == "send":
            command.add_argument("url", help="https://HOST/v1/events")
            command.add_argument("--seconds", type=float, default=60.0, help="at most (60)")
    given = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    if given.command == "send":
        token = os.environ.get("EMC_TOKEN", "")
        if not token:
            sys.stderr.write("EMC_TOKEN is not set: put the token of your source there\n")
            return 2
        with Emitter(given.outbox, given.url, token=token) as emitter:
            return 0 if emitter.flush(given.seconds) else 1
    outbox = Outbox(given.outbox)
    try:
        return _look(given.command, outbox)
    finally:
        outbox.close()


def _look(command: str, outbox: Outbox) -> int:
    if command == "status":
        status = outbox.status()
        sys.stdout.write(
            f"{status.waiting} waiting, {status.refused} refused, {status.bytes} bytes\n"
        )
        return 1 if status.refused else 0
    if command == "refused":
        for at, reason, field, event in outbox.refused():
            told = {"at": at, "reason": reason, "field": field, "event": json.loads(event)}
            sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
        return 0
    for number, line in enumerate(sys.stdin, 1):
        if line.strip():
            try:
                outbox.put([_encoded(json.loads(line))])
            except ValueError as error:
                sys.stderr.write(f"line {number}: {error}\n")
                return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
