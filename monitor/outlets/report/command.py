"""`emc report`: makes reports, publishes them, and proves those that were published."""

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TextIO

import asyncpg
import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from monitor.domain.period import NoPeriod, Period
from monitor.domain.scope import NoScope, Scope
from monitor.ledger import published
from monitor.ledger.balances import NotKnown
from monitor.ledger.official import By, NoSuch, Officials, Ranked
from monitor.ledger.published import Entry, digest
from monitor.ledger.stated import instant
from monitor.outlets.digest.words import Language
from monitor.outlets.report.as_table import as_table
from monitor.outlets.report.asked import Asked, figures, made, written
from monitor.outlets.report.formats import Format
from monitor.outlets.report.sheet import Report
from monitor.reference.complaints import Unusable

OK: Final = 0
FAILED: Final = 1


class CannotMake(Exception):
    """What was asked for cannot be made; the text says why, and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the command line says."""

    indicators: str
    scope: str
    period: str
    known_at: str | None = None
    since: str | None = None
    each: By | None = None
    ranking: Ranked | None = None
    rank_by: str = ""
    format_: Format | None = None
    language: Language = Language.VIETNAMESE
    out: Path | None = None
    publish: bool = False
    folder: Path | None = None
    why: str = ""
    by: str = ""
    release: str = ""
    list_: bool = False
    verify: int | None = None
    last: int = 50

    def misused(self) -> str | None:
        """What does not go together, and the remedy."""
        if not self.period:
            return "which period? --period 2026-08, 2026-Q3, 2026-H2, 2026 or 2026-08-14"
        if sum(one is not None for one in (self.since, self.each, self.ranking)) > 1:
            return "--since, --each and --ranking are reports of their own: give one of them"
        if self.rank_by and self.ranking is None:
            return "--rank-by goes with --ranking"
        if self.folder is not None and not self.publish:
            return "--folder goes with --publish; without it, name a file with --out"
        return None

    def asked(self) -> Asked:
        return Asked(
            indicators=self.indicators,
            scope=self.scope,
            period=self.period,
            each=self.each or "",
            ranking=self.ranking or "",
            by=self.rank_by,
        )


Progressed = Callable[[int, int], None]


def _nobody(_done: int, _of: int) -> None:
    """Of progress that nobody watches."""


async def run(
    dsn: str,
    said: Said,
    *,
    progressed: Progressed = _nobody,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Do what the command line says. Raises `CannotMake`."""
    out, err = out or sys.stdout, err or sys.stderr
    as_json = said.format_ is Format.JSON
    if said.verify is not None:
        return await verify(dsn, said.verify, as_json=as_json, out=out)
    if said.list_:
        return await list_(
            dsn, indicators=said.indicators, last=said.last, as_json=as_json, out=out
        )
    if not said.indicators:
        return await sets(dsn, as_json=as_json, out=out)
    if (objection := said.misused()) is not None:
        raise CannotMake(objection)
    return await report(dsn, said, progressed=progressed, out=out, err=err)


_ENDINGS: Final[Mapping[str, Format]] = {
    ".json": Format.JSON,
    ".csv": Format.CSV,
    ".xlsx": Format.XLSX,
    ".html": Format.HTML,
    ".htm": Format.HTML,
    ".txt": Format.TABLE,
}


def format_of(format_: Format | None, out: Path | None) -> Format:
    """As asked, else as the file's ending says; a table where no file is named."""
    if format_ is not None:
        return format_
    if out is None:
        return Format.TABLE
    found = _ENDINGS.get(out.suffix.lower())
    if found is None:  # a table in a file that says it is something else helps nobody
        raise CannotMake(
            f"{out.name} does not end as a report does: name it {', '.join(_ENDINGS)},"
            " or say --format"
        )
    return found


async def report(
    dsn: str, said: Said, *, progressed: Progressed, out: TextIO, err: TextIO
) -> int:
    """Make a report and write it; one that is published is kept first."""
    asked = said.asked()
    chosen = format_of(said.format_, said.out)
    for folder in (said.folder, None if said.out is None else said.out.parent):
        _there(folder)
    if chosen is Format.XLSX and said.out is None and not said.publish and out.isatty():
        raise CannotMake("a workbook is no text: name a file with --out, or a pipe")
    _readable(asked)
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4, timeout=10) as pool:
        officials = Officials(pool)
        try:
            ground = await officials.ground(await _at(pool, said.known_at))
            if said.since is not None:
                earlier = await officials.ground(await _at(pool, said.since))
                asked = replace(asked, since=earlier.cut.seq)
            found = await made(officials, asked, ground.cut.seq, progressed=progressed)
        except (NotKnown, NoSuch, Unusable) as error:
            raise CannotMake(str(error)) from None
        content = written(found, chosen, said.language)
        if said.publish:
            try:
                entry = await _publish(pool, found, asked, chosen, content, said)
            except asyncpg.InsufficientPrivilegeError:
                raise CannotMake(
                    "this role may read and not publish: publish as a member of emc_worker"
                    " (deploy/postgresql/roles.sql), or write a file with --out"
                ) from None
            err.write(
                f"published as {entry.id}: {entry.size} bytes, SHA-256 {entry.sha256},"
                f" as known at cut {entry.cut}\n"
            )
            if said.folder is not None:
                path = said.folder / file_name(entry)
                _write(path, content)
                err.write(f"written to {path}\n")
    if said.out is not None:
        _write(said.out, content)
    elif not said.publish:
        _print(found, chosen, said.language, content, out)
    return OK


def _there(folder: Path | None) -> None:
    """Refuse what is no folder: one that is made unasked is a misspelling that nobody finds again."""
    if folder is None or folder.is_dir():
        return
    what = "is no folder" if folder.exists() else "does not exist"
    raise CannotMake(f"the folder {folder} {what}: make it first, or name another")


def _readable(asked: Asked) -> None:
    """Refuse what is no period or scope before anything is read."""
    try:
        Period.of(asked.period)
        Scope.of(asked.scope)
    except (NoPeriod, NoScope) as error:
        raise CannotMake(str(error)) from None


async def _at(pool: Any, said: str | None) -> datetime | int | None:
    """A cut's number, a published report's (#12), a day or a time with its offset."""
    if said is None:
        return None
    text = said.strip()
    if text.startswith("#") and text[1:].isdigit():
        entry = await published.entry(pool, int(text[1:]))
        if entry is None:
            raise CannotMake(
                f"no report was published as {text[1:]}; `--list` shows which were"
            )
        return entry.cut
    if text.isdigit():
        return int(text)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is not None and found.tzinfo is None and len(text) == len("2026-08-03"):
        found = found.replace(tzinfo=UTC)
    if found is None or found.tzinfo is None:
        raise CannotMake(
            f"{said!r} is no time: write 2026-08-03T17:00:00+07:00 with its offset, a day 2026-08-03"
            " (its beginning, UTC), a cut's number, or #12 for the cut of the report published as 12"
        )
    return found


async def _publish(
    pool: Any,
    made_: Report,
    asked: Asked,
    format_: Format,
    content: bytes,
    said: Said,
) -> Entry:
    head = made_.document
    return await published.publish(
        pool,
        kind=made_.kind,
        indicators=head["set"]["id"],
        set_version=head["set"]["version"],
        set_hash=head["set"]["hash"],
        scope=asked.ranking or asked.scope,
        period=head["period"]["id"],
        asked=asked.kept(),
        cut=head["known"]["cut"],
        sealed_at=made_.sealed_at,
        format_=format_.value,
        language=said.language.value,
        content=content,
        figures=digest(figures(made_)),
        release=said.release,
        who=said.by,
        why=said.why,
    )


def file_name(entry: Entry) -> str:
    """Of a published report; no two have the same."""
    safe = "".join(one if one.isalnum() or one in ".-" else "_" for one in entry.scope)
    ending = {"table": "txt"}.get(entry.format, entry.format)
    return (
        f"{entry.indicators}-{entry.period}-{safe}-{entry.kind}-{entry.language}-{entry.id}"
        f".{ending}"
    )


def _write(path: Path, content: bytes) -> None:
    # Whoever reads what lies there never finds half a report.
    half = path.with_name(f"{path.name}.part")
    try:
        half.write_bytes(content)
        half.replace(path)
    except OSError as error:
        with suppress(OSError):
            half.unlink(missing_ok=True)
        raise CannotMake(f"{path} cannot be written: {error.strerror}") from None


def _print(
    made_: Report, format_: Format, language: Language, content: bytes, stdout: TextIO
) -> None:
    if format_ is Format.TABLE and stdout.isatty():
        width = Console(file=stdout).width
        stdout.write(as_table(made_, language, width=width, colour=True))
    else:
        stdout.flush()
        stdout.buffer.write(content)
        stdout.buffer.flush()


# -- what was published --------------------------------------------------------------------------


async def list_(dsn: str, *, indicators: str, last: int, as_json: bool, out: TextIO) -> int:
    """Show what was published, the latest first."""
    connection = await asyncpg.connect(dsn, timeout=10, command_timeout=60)
    try:
        entries = await published.listed(connection, indicators=indicators, last=last)
    finally:
        await connection.close(timeout=1)
    if as_json:
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        out.write(orjson.dumps([_entry(one) for one in entries], option=option).decode())
        return OK
    if not entries:
        out.write("nothing was published yet: emc report SET --period PERIOD --publish\n")
        return OK
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in (
        "id",
        "report",
        "scope",
        "period",
        "format",
        "cut",
        "published",
        "by",
        "SHA-256",
    ):
        table.add_column(head, no_wrap=head in ("id", "period", "cut", "published"))
    for one in entries:
        table.add_row(
            str(one.id),
            f"{one.indicators} {one.kind}",
            one.scope,
            one.period,
            f"{one.format} {one.language}",
            str(one.cut),
            f"{one.published_at.astimezone(UTC):%Y-%m-%d %H:%M}",
            one.published_by,
            one.sha256[:16],
        )
    Console(file=out, markup=False, width=None if out.isatty() else 200).print(table)
    return OK


def _entry(one: Entry) -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "set": {"id": one.indicators, "version": one.set_version, "hash": one.set_hash},
        "scope": one.scope,
        "period": one.period,
        "asked": one.asked,
        "cut": one.cut,
        "sealed_at": instant(one.sealed_at),
        "format": one.format,
        "language": one.language,
        "sha256": one.sha256,
        "figures_sha256": one.figures,
        "bytes": one.size,
        "release": one.release,
        "published_at": instant(one.published_at),
        "published_by": one.published_by,
        "why": one.why or None,
    }


async def verify(dsn: str, number: int, *, as_json: bool, out: TextIO) -> int:
    """Make a published report again from its cut, and compare; 1 if it is not the same."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=4, timeout=10) as pool:
        entry = await published.entry(pool, number)
        if entry is None:
            raise CannotMake(f"no report was published as {number}; `--list` shows which were")
        kept = await published.content(pool, number)
        again: bytes | None = None
        figures_again, error_ = "", ""
        try:
            made_ = await made(
                Officials(pool), Asked.again(entry.asked), entry.cut, set_hash=entry.set_hash
            )
            again = written(made_, Format(entry.format), Language(entry.language))
            figures_again = digest(figures(made_))
        except (NotKnown, NoSuch, Unusable) as error:
            error_ = str(error)
    intact = digest(kept) == entry.sha256
    verdict = {
        "id": entry.id,
        "intact": intact,  # the archive's bytes have the hash that was noted
        "same_figures": figures_again == entry.figures,
        "same_bytes": again == kept,
        "sha256": entry.sha256,
        "release": entry.release,
        "error": error_ or None,
    }
    if as_json:
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        out.write(orjson.dumps(verdict, option=option).decode())
    else:
        out.write(_verdict(entry, verdict))
    # Another release may write the same figures in another layout: that is no falsification.
    return OK if intact and verdict["same_figures"] else FAILED


def _verdict(entry: Entry, verdict: Mapping[str, Any]) -> str:
    lines = [
        f"report {entry.id}: {entry.indicators} {entry.kind} of {entry.scope} in {entry.period}",
        "archive: "
        + (
            f"the bytes have the SHA-256 that was noted, {entry.sha256}"
            if verdict["intact"]
            else f"THE BYTES HAVE CHANGED: their SHA-256 is not {entry.sha256}"
        ),
    ]
    if verdict["error"]:
        lines.append(f"made again: it cannot be made: {verdict['error']}")
    elif verdict["same_bytes"]:
        lines.append("made again from the cut: the same to the byte")
    elif verdict["same_figures"]:
        lines.append(
            f"made again from the cut: the same figures; the layout differs from that of release"
            f" {entry.release}"
        )
    else:
        lines.append("made again from the cut: THE FIGURES DIFFER")
    return "\n".join(lines) + "\n"


# -- which there are -----------------------------------------------------------------------------


async def sets(dsn: str, *, as_json: bool, out: TextIO) -> int:
    """Show the sets of indicators that the ledger knows now."""
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2, timeout=10) as pool:
        known = await Officials(pool).sets()
    if as_json:
        option = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        found = [
            {
                "id": one.id,
                "version": one.version,
                "hash": one.hash,
                "title_vi": one.title_vi,
                "title_en": one.title_en,
                "indicators": list(one.by_id),
            }
            for versions in known.values()
            for one in versions
        ]
        out.write(orjson.dumps(found, option=option).decode())
        return OK
    if not known:
        out.write(
            "there is no set of indicators yet: a worker with EMC_REFERENCE stores those of"
            " indicators/*.toml when it starts\n"
        )
        return FAILED
    for versions in known.values():
        for one in versions:
            out.write(f"{one.id:<18} {one.version:<10} {one.title_vi}\n")
            out.write(f"{'':<18} {'':<10} {one.title_en}; {len(one.indicators)} indicators\n")
    return OK
