"""`emc replay`: a recorded log measured offline, or put on the canonical topic."""

import asyncio
import hashlib
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, TextIO
from zoneinfo import ZoneInfo

import msgspec
import orjson
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from agents.kafka import Kafka
from agents.replay.log import EventLog, MappedLog, RowStream
from agents.replay.mapping import EPOCH, Broken, MappingFile, load
from agents.replay.offline import Breakdown, Counts, Result, measure
from agents.replay.produce import Sent, produce
from agents.replay.readers import LogFile
from agents.replay.rows import Refused, Row, RowReader
from agents.replay.times import reader_of_times
from agents.trouble import of_brokers
from monitor.domain.policy import Policy, Precision
from monitor.domain.zone import HO_CHI_MINH, Zone
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS

OK: Final = 0
FAILED: Final = 1
MISUSED: Final = 2  # a broken mapping, an unknown column, a file that cannot be read
INTERRUPTED: Final = 130

SHOWN_EVERY: Final = 500  # rows between two looks at the progress
LOCAL: Final = Kafka.at("127.0.0.1:9092")
DEFAULT_TOPIC: Final = "emc.dossiers"


def replay(
    path: Path,
    *,
    mapping: Path | None = None,
    offline: bool = False,
    json_to: str | None = None,
    rejects: Path | None = None,
    precision: str | None = None,
    as_of: str | None = None,
    key: bytes = b"",
    brokers: Kafka = LOCAL,
    topic: str = DEFAULT_TOPIC,
    speed: float | None = None,
    backfill: bool = True,
    scratch: Path | None = None,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Replays a log and returns the exit status. Nothing but the result goes to `out`.

    `key` is the secret for applicants and pseudonyms, random if empty. `json_to` is a file or
    "-" for `out`. `speed` is in records a second, unlimited if None.
    """
    out, err = out or sys.stdout, err or sys.stderr
    console = Console(file=err, highlight=False, soft_wrap=True)
    try:
        with opened(path, mapping, rejects, key=key, backfill=backfill) as job:
            if offline:
                policy = Policy(Zone(job.zone), job.precision(precision))
                result = _measured(job, console, policy, job.as_of(as_of), scratch)
                if json_to != "-":
                    out.write(_table(result, job.zone, policy.precision))
                _write_json(_shown(result, job), json_to, out)
                _tell(console, job)
                return OK
            sent = Sent()
            status = _produced(job, console, sent, brokers=brokers, topic=topic, speed=speed)
            if json_to != "-":
                out.write(_sentence(sent, topic))
            _write_json(_shown(sent, job), json_to, out)
            _tell(console, job)
            return status
    except Broken as error:
        console.print(str(error), markup=False)
        return MISUSED
    except KeyboardInterrupt:
        console.print("interrupted", markup=False)
        return INTERRUPTED


@dataclass
class Job:
    """An opened log, and what its mapping says of all of it."""

    log: LogFile
    stream: RowStream
    file: MappingFile | None
    reasons: Counter[str]  # of refused rows

    @property
    def zone(self) -> str:
        return self.file.mapping.zone if self.file else HO_CHI_MINH

    def precision(self, chosen: str | None) -> Precision:
        said = chosen or (self.file.mapping.precision if self.file else Precision.INSTANT)
        try:
            return Precision(said)
        except ValueError:
            raise Broken("--precision", f"no precision {said!r}", "date or instant") from None

    def as_of(self, chosen: str | None) -> int | None:
        """The chosen instant, else the mapping's cut; None: the latest event of the log."""
        if chosen is None:
            return self.file.cut_ms if self.file else None
        try:
            return reader_of_times(("iso",), self.zone)(chosen)
        except ValueError as error:
            example = "2026-08-03T17:00:00+07:00"
            raise Broken("--as-of", f"{chosen!r} {error}", f"write it as {example}") from None


@contextmanager
def opened(
    path: Path,
    mapping: Path | None,
    rejects: Path | None = None,
    *,
    key: bytes = b"",
    backfill: bool = True,
) -> Iterator[Job]:
    """A log to read, with what its mapping says; raises `Broken` if it cannot be used."""
    arrival_ms = time.time_ns() // 1_000_000
    file = load(mapping) if mapping else None
    reasons: Counter[str] = Counter()
    with LogFile(path) as log, _writer(rejects) as rejected:

        def on_refused(refused: Refused) -> None:
            reasons[refused.reason] += 1
            if rejected:
                rejected.write(orjson.dumps({"line": refused.line, "reason": refused.reason}))
                rejected.write(b"\n")

        stream: RowStream
        if file is None:
            decoder = Decoder(Zone(HO_CHI_MINH), DOSSIERS)
            stream = EventLog(log, decoder, arrival_ms, on_refused)
        else:
            # Of a random key nothing is kept: two runs give other pseudonyms, and that is safe.
            reader = RowReader(
                file,
                key=hashlib.sha256(key or secrets.token_bytes(32)).digest(),
                arrival_ms=arrival_ms,
                backfill=backfill,
            )
            stream = MappedLog(log, file, reader, on_refused)
        yield Job(log, stream, file, reasons)


@contextmanager
def _writer(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    try:
        file = path.open("wb")
    except OSError as error:
        raise Broken(str(path), _why(error), "name a file that can be written") from None
    with file:
        yield file


def _measured(
    job: Job, console: Console, policy: Policy, as_of_ms: int | None, scratch: Path | None
) -> Result:
    with _watched(job, console) as stream:
        return measure(stream, policy=policy, as_of_ms=as_of_ms, scratch=scratch)


def _produced(
    job: Job, console: Console, sent: Sent, *, brokers: Kafka, topic: str, speed: float | None
) -> int:
    try:
        with _watched(job, console) as stream:
            asyncio.run(produce(stream, sent, brokers=brokers, topic=topic, speed=speed))
    except KeyboardInterrupt:
        return INTERRUPTED
    except KafkaError as error:
        reason = asyncio.run(of_brokers(brokers.client(), error)).partition("\n")[0]
        console.print(
            f"{brokers.bootstrap}: {reason}; is the broker up, and does {topic} exist?",
            markup=False,
        )
        return FAILED
    return OK


class _Watched:
    """A stream that moves a progress bar on as it is read."""

    def __init__(self, stream: RowStream, look: Callable[[], None]) -> None:
        self._stream = stream
        self._look = look

    @property
    def records(self) -> int:
        return self._stream.records

    @property
    def refused(self) -> int:
        return self._stream.refused

    @property
    def warnings(self) -> Counter[str]:
        return self._stream.warnings

    def rows(self) -> Iterator[Row]:
        for number, row in enumerate(self._stream.rows(), start=1):
            if number % SHOWN_EVERY == 0:
                self._look()
            yield row
        self._look()


@contextmanager
def _watched(job: Job, console: Console) -> Iterator[RowStream]:
    """The stream with a progress bar over the bytes of the file, on a terminal only."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(escape(job.log.name), total=job.log.size or None)
        yield _Watched(job.stream, lambda: bar.update(task, completed=job.log.position()))


def _shown(result: Result | Sent, job: Job) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(result)
    if isinstance(result, Result):
        del shown["as_of_ms"]
        shown["as_of"] = _local(result.as_of_ms, job.zone)
    shown["warnings"] = dict(sorted(job.stream.warnings.items()))
    shown["refusals"] = dict(sorted(job.reasons.items()))
    return shown


def _sentence(sent: Sent, topic: str) -> str:
    return (
        f"{sent.records:,} records read, {sent.refused:,} refused; {sent.events:,} events on "
        f"{topic}, {sent.derived:,} of them from the columns of cases"
        f"{'' if sent.complete else '; not the whole log'}\n"
    )


def _local(ms: int | None, zone: str) -> str | None:
    if ms is None:
        return None
    at = (EPOCH + timedelta(milliseconds=ms)).astimezone(ZoneInfo(zone))
    return at.isoformat(timespec="milliseconds")


def _table(result: Result, zone: str, precision: Precision) -> str:
    refused, duplicates = f"{result.refused:,} refused", f"{result.duplicates:,} duplicates"
    lines = [
        f"{result.records:,} records, {refused}, {duplicates}",
        f"as of {_local(result.as_of_ms, zone) or 'no event'}, precision {precision}",
    ]
    columns = Counts.__struct_fields__
    rows = [("all", result.dossiers)]
    for kind in Breakdown.__struct_fields__:
        table: dict[str, Counts] = getattr(result.by, kind)
        if len(table) > 1:
            rows += [(f"{kind} {name or '(unsaid)'}", counts) for name, counts in table.items()]
    width = max(len(name) for name, _ in rows)
    lines.append(" " * width + "".join(f"{column:>13}" for column in columns))
    for name, counts in rows:
        figures = "".join(f"{getattr(counts, column):>13,}" for column in columns)
        lines.append(f"{name:<{width}}{figures}")
    return "\n".join(lines) + "\n"


def _write_json(shown: dict[str, Any], json_to: str | None, out: TextIO) -> None:
    if json_to is None:
        return
    text = orjson.dumps(shown, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if json_to == "-":
        out.write(text.decode())
        return
    try:
        Path(json_to).write_bytes(text)
    except OSError as error:
        raise Broken(json_to, _why(error), "name a file that can be written") from None


def _tell(console: Console, job: Job) -> None:
    """What was refused and what was odd, on the error stream."""
    for what, counted in (("refused", job.reasons), ("warning", job.stream.warnings)):
        for reason, number in sorted(counted.items()):
            console.print(f"{what}: {reason} ({number:,})", markup=False)
    if job.file is None and job.stream.records == job.stream.refused > 0:
        console.print("no record is an event of ours; another kind of log needs --mapping")


def _why(error: OSError) -> str:
    return (error.strerror or "cannot be used").lower()
