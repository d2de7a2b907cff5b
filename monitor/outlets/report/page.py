"""docs/reference/reports.md: what stands in a report, in each format."""

from collections.abc import Iterable, Iterator
from typing import Final

from monitor.domain.indicator import Standing
from monitor.ledger.official import Cause
from monitor.ledger.stated import FORMAT
from monitor.outlets.report.as_csv import (
    CHANGE,
    FIGURE,
    HEAD,
    POSITION,
    RANKING,
    SCOPE,
    SINCE,
    Field,
)
from monitor.outlets.report.said import SIGNS, STANDINGS
from monitor.outlets.report.words import CAUSES

PATH: Final = "docs/reference/reports.md"
_TOP: Final = f"""\
# Reports

What `emc report` writes ([how to make one](../how-to/make-a-report.md)), and what the interface and the topic of
indicators carry in JSON. Made from the code by `make docs`.

| format | language | what for |
|---|---|---|
| `table` | `--lang` | the terminal, as wide as it is; 160 characters in a file |
| `json` | both | machines: format `{FORMAT}`, keys sorted, two blanks of indentation |
| `csv` | both | one flat table (RFC 4180): lines ended by LF, UTF-8 without a mark, each row with all that it rests on |
| `xlsx` | `--lang` | a workbook: where it comes from, then a sheet a table, numbers as numbers |
| `html` | `--lang` | one page with charts: no script, nothing loaded from elsewhere; light, dark and print; well-formed XML |

The same cut, set and question give **the same bytes** in every format: no clock, machine or name of whoever asks is in
them. A text in CSV that a spreadsheet would take for a formula (it begins with `=`, `+`, `-`, `@`, a tab or an end of
line) has an apostrophe in front; numbers have none. Percentages and points are rounded half up to the decimals of the
set; `numerator` and `denominator` are what to calculate with.

## Standing

A figure that is no number says why. None of these is 0, and nothing is in the place of its number in JSON (`null`) and CSV (empty).

| `standing` | sign | meaning | nghĩa |
|---|---|---|---|
"""


def page() -> str:
    """The whole page."""
    return "\n".join([_TOP.rstrip("\n"), *_body()]) + "\n"


def _body() -> Iterator[str]:
    for standing in Standing:
        said = STANDINGS[standing]
        yield f"| `{standing}` | {SIGNS.get(standing, '')} | {said.en} | {said.vi} |"
    yield from _section(
        "Every report",
        "The first columns of each row in CSV; in JSON once, at the top.",
        HEAD,
        "",
    )
    yield from _section(
        "Scorecard",
        "Kind `scorecard`: a row a figure, then one with the id `total` where the set has points (`score` of"
        " `max_score`). JSON has `groups`, `total` and `checks` besides. Kind `breakdown` (`--each`) is scorecards one"
        " after the other, in JSON `rows` and then `whole`.",
        SCOPE,
        "",
    )
    yield from _rows(FIGURE, "figures[].")
    yield from _section(
        "Ranking",
        "Kind `ranking`: a row an agency, peer group by peer group, the best first; in JSON `moved_by` names what"
        " moved each since the period before: indicators with their points, or procedures with both parts of the"
        " share and what each side did to it (these sum to the change).",
        RANKING,
        "",
    )
    yield from _rows(SCOPE, "positions[].")
    yield from _rows(POSITION, "positions[].")
    yield from _section(
        "Difference",
        "Kind `difference` (`--since`): a row a figure, at two cuts. `came` and `went` are dossiers or petitions, from"
        " the journal: what comes and goes in one page of it and one place (agency, procedure, channel, level)"
        " cancels out there. They are empty where a side is no count of the books (claims, services, times).",
        (*SCOPE, *SINCE),
        "",
    )
    yield from _rows(CHANGE, "figures[].")
    yield ""
    yield "`causes` in JSON, and in words in the other formats:"
    yield ""
    yield "| cause | meaning |"
    yield "|---|---|"
    for cause in Cause:
        yield f"| `{cause}` | {CAUSES[cause].en} |"


def _section(title: str, text: str, fields: Iterable[Field], above: str) -> Iterator[str]:
    yield from ("", f"## {title}", "", text, "")
    yield "| CSV | JSON | meaning |"
    yield "|---|---|---|"
    yield from _rows(fields, above)


def _rows(fields: Iterable[Field], above: str) -> Iterator[str]:
    for field in fields:
        yield f"| `{field.name}` | `{above}{field.path}` | {field.meaning} |"
