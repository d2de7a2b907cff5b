"""What a report is asked for, in one value that can be kept and asked again."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from monitor.domain.period import Period
from monitor.domain.scope import COUNTRY, Scope
from monitor.ledger.official import By, Officials, Ranked
from monitor.ledger.stated import as_bytes
from monitor.outlets.digest.words import Language
from monitor.outlets.report import breakdowns, differences, rankings, scorecards
from monitor.outlets.report.as_csv import as_csv
from monitor.outlets.report.as_html import as_html
from monitor.outlets.report.as_table import as_table
from monitor.outlets.report.as_xlsx import as_xlsx
from monitor.outlets.report.formats import Format
from monitor.outlets.report.sheet import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question whose answer depends on the cut alone."""

    indicators: str  # id of the set
    scope: str = COUNTRY
    period: str
    each: str = ""  # `By`: a row for each
    ranking: str = ""  # `Ranked`: who is ranked
    by: str = ""  # of a ranking: the indicator; "": the points, or the first indicator
    since: int | None = None  # of a difference: the earlier cut

    def kept(self) -> Mapping[str, Any]:
        return {name: value for name, value in asdict(self).items() if value not in ("", None)}

    @classmethod
    def again(cls, kept: Mapping[str, Any]) -> "Asked":
        return cls(**kept)


async def made(
    officials: Officials,
    asked: Asked,
    cut: int,
    *,
    set_hash: str | None = None,
    progressed: Callable[[int, int], None] = lambda _done, _of: None,
) -> Report:
    """The report, as known at a cut."""
    period = Period.of(asked.period)
    given: dict[str, Any] = {"known_at": cut, "set_hash": set_hash}
    if asked.ranking:
        return rankings.report(
            await officials.ranking(
                asked.indicators,
                period,
                kind=Ranked(asked.ranking),
                by=asked.by,
                reasons=True,
                progressed=progressed,
                **given,
            )
        )
    scope = Scope.of(asked.scope)
    if asked.since is not None:
        return differences.report(
            await officials.difference(
                asked.indicators, scope, period, then=asked.since, now=cut
            )
        )
    if asked.each:
        return breakdowns.report(
            await officials.breakdown(
                asked.indicators, scope, period, by=By(asked.each), **given
            )
        )
    return scorecards.report(
        await officials.scorecard(asked.indicators, scope, period, trend=True, **given)
    )


def written(report: Report, format_: Format, language: Language) -> bytes:
    """A file's bytes; the same for the same report, format and language."""
    match format_:
        case Format.TABLE:
            return as_table(report, language, width=None, colour=False).encode()
        case Format.JSON:
            return as_bytes(report.document)
        case Format.CSV:
            return as_csv(report.document)
        case Format.XLSX:
            return as_xlsx(report, language)
        case Format.HTML:
            return as_html(report, language)


def figures(report: Report) -> bytes:
    """What it says, whatever it looks like."""
    return as_bytes(report.document)
