"""`emc conformance`: what a system sends, held against what it must; from trial to live."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TextIO

from rich.table import Table

from agents.conformance.examine import Examination, Finding, Report, Statement
from agents.conformance.statements import from_address, from_file, from_topic
from agents.edge import Edge, Notice
from agents.kafka import Kafka
from agents.keys import Keys
from agents.operator import FOUND, OK, Refusal, print_json, print_table
from agents.source_command import opened
from monitor.domain.mandate import Mandate
from monitor.domain.policy import Policy
from monitor.domain.zone import Zone, date_of
from monitor.ledger.ledger import UNAVAILABLE
from monitor.ledger.sources import Outdated, Source, Status

# Nothing that is hashed here is written anywhere.
_KEYS: Final = Keys.of("", "of a conformance run")
NOBODY: Final = "conformance"


@dataclass(frozen=True, slots=True)
class _OneSource:
    """A register of one."""

    source: Source

    def by_code(self, code: str) -> Source | None:
        return self.source if code == self.source.code else None


async def conformance(
    where: str,
    *,
    source: str,
    mandates: list[str],
    most: int,
    promote: bool,
    dsn: str,
    brokers: Kafka,
    policy: Policy,
    now_ms: int,
    who: str,
    why: str,
    as_json: bool,
    out: TextIO,
    progressed: Callable[[int], None],
) -> int:
    """Examine what stands at `where`; status 1 where it does not conform."""
    who_speaks = await _source(dsn, source, mandates)
    examination = Examination(
        who_speaks,
        Edge(lambda: _OneSource(who_speaks), _KEYS, policy.zone),
        policy,
        # Nobody's name is everybody's.
        unasked=() if source else (Notice.OTHER_SOURCE,),
    )
    taken = 0
    async for said in _statements(where, most, brokers):
        examination.take(said, now_ms)
        taken += 1
        if taken % 256 == 0:
            progressed(taken)
    progressed(taken)
    report = examination.report()
    if as_json:
        print_json(_plain(report), out)
    else:
        _print(report, out)
    if not report.conforms:
        return FOUND
    if promote:
        said_so = await _promote(dsn, who_speaks, now_ms, who=who, why=why or _passed(report))
        if not as_json:
            out.write(said_so + "\n")
    return OK


async def _statements(where: str, most: int, brokers: Kafka) -> AsyncIterator[Statement]:
    if (at_hand := _at_hand(where, most)) is not None:
        for said in at_hand:
            yield said
    else:
        async for said in from_topic(brokers, where, most):
            yield said


def _at_hand(where: str, most: int) -> Iterator[Statement] | None:
    """Statements of a file or an address; None for a topic."""
    if where.startswith(("http://", "https://")):
        return from_address(where, most)
    if Path(where).is_file():
        return from_file(Path(where), most)
    if "/" in where:
        raise Refusal(f"there is no file {where}")
    return None


async def _source(dsn: str, code: str, mandates: list[str]) -> Source:
    """As the register has it; without a code one that may speak for whom the caller says."""
    if not code:
        return Source(
            code=NOBODY,
            name=NOBODY,
            owner=mandates[0] if mandates else "*",
            mandates=tuple(map(Mandate.of, mandates or ["*"])),
        )
    try:
        async with opened(dsn) as desk:
            return await desk.found(code)
    except UNAVAILABLE as error:
        raise Refusal(
            f"the register at EMC_DATABASE does not answer: {error!r}; without it leave --source"
            " out and say with --mandate whom the system speaks for"
        ) from None


async def _promote(dsn: str, source: Source, now_ms: int, *, who: str, why: str) -> str:
    if source.status is not Status.TRIAL:
        return f"{source.code} is {source.status.value} already; nothing was changed"
    today = date_of(Zone(source.zone).day(now_ms))
    after = replace(source, status=Status.LIVE, go_live=source.go_live or today)
    async with opened(dsn) as desk:
        try:
            await desk.sources.change(source, after, who=who, why=why, action="promote")
        except Outdated:
            raise Refusal(
                f"somebody has changed {source.code} meanwhile; look at it and try again"
            ) from None
    return f"{source.code} is live: from its next event on, what it sends is published"


def _passed(report: Report) -> str:
    return f"conforms: {report.statements:,} statements of {report.dossiers:,} dossiers"


def _print(report: Report, out: TextIO) -> None:
    out.write(
        f"{report.statements:,} statements, {report.admitted:,} admitted, of"
        f" {report.dossiers:,} dossiers, {report.ended:,} of them ended\n"
    )
    out.writelines(f"  {count:>9,}  {kind}\n" for kind, count in report.kinds)
    if report.findings:
        table = Table(
            "", "field", "rule", "found", "for example", "what it means", "written in"
        )
        for finding in report.findings:
            table.add_row(
                _word(finding),
                finding.field,
                finding.rule.code,
                f"{finding.count:,} of {finding.of:,}",
                "\n".join(finding.places),
                finding.rule.says,
                finding.rule.written,
            )
        print_table(table, out)
    broken = sum(finding.breaks for finding in report.findings)
    if broken:
        out.write(
            f"does not conform: {broken} of the above must be mended (those marked MUST)\n"
        )
    else:
        out.write("conforms\n")


def _word(finding: Finding) -> str:
    """MUST where it has to be mended; lower case where it is within what is forgiven."""
    return "MUST" if finding.breaks else finding.rule.weight.value


def _plain(report: Report) -> dict[str, Any]:
    return {
        "source": report.source,
        "conforms": report.conforms,
        "statements": report.statements,
        "admitted": report.admitted,
        "dossiers": report.dossiers,
        "ended": report.ended,
        "kinds": dict(report.kinds),
        "findings": [
            {
                "rule": finding.rule.code,
                "field": finding.field,
                "weight": finding.rule.weight.value,
                "breaks": finding.breaks,
                "count": finding.count,
                "of": finding.of,
                "forgiven_permille": finding.rule.forgiven_permille,
                "places": list(finding.places),
                "says": finding.rule.says,
                "written": finding.rule.written,
            }
            for finding in report.findings
        ],
    }
