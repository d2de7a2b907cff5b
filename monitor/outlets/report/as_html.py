"""A report as one page that needs nothing else: no script, no file, no network.

It is well-formed XML too, so that anybody can take it apart again. Charts are drawn as SVG.
"""

from collections.abc import Iterator
from decimal import Decimal
from html import escape
from typing import Final

from monitor.domain.indicator import Standing
from monitor.outlets.digest.words import Language
from monitor.outlets.report import words
from monitor.outlets.report.said import Value, shown
from monitor.outlets.report.sheet import Bar, Chart, Column, Form, Report, Table

_STYLE: Final = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b2733; --soft: #5a6773;
  --line: #d5dbe1; --band: #f3f6f9; --bar: #1f6fb2; --bar2: #5aa469; --bar3: #c0392b;
  --rest: #e6ebf0; --mark: #b8860b; }
@media (prefers-color-scheme: dark) { :root { --paper: #12181f; --ink: #e6ebf0; --soft: #9aa7b4;
  --line: #33404c; --band: #1a232c; --bar: #5aa9e6; --bar2: #7bc48a; --bar3: #e8796d;
  --rest: #26313b; --mark: #e0b252; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 78rem; background: var(--paper);
  color: var(--ink); font: 15px/1.45 "Segoe UI", "Noto Sans", Roboto, Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.sub { color: var(--soft); margin: 0 0 1rem; font-size: 1.05rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { border: 1px solid var(--line); padding: .35rem .5rem; vertical-align: top;
  text-align: left; }
thead th { background: var(--band); font-weight: 600; vertical-align: bottom; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; } td:not(.n) { min-width: 4rem; } td.t { min-width: 14rem; }
.none { color: var(--soft); }
tr.strong td { font-weight: 600; background: var(--band); }
tr.numbers th { text-align: center; font-weight: 400; font-style: italic; }
figure { margin: 1rem 0; }
figcaption { font-weight: 600; margin-bottom: .35rem; }
.chart { display: grid; grid-template-columns: minmax(9rem, 22rem) 1fr max-content;
  gap: .3rem .75rem; align-items: center; font-size: .9rem; }
.chart svg { width: 100%; height: 1rem; display: block; }
.chart .v { text-align: right; font-variant-numeric: tabular-nums; }
.key { color: var(--soft); font-size: .9rem; }
.key svg { width: .8rem; height: .8rem; margin: 0 .3rem 0 .8rem; }
.p0 { fill: var(--bar); } .p1 { fill: var(--bar2); } .p2 { fill: var(--bar3); }
.rest { fill: var(--rest); } .mark { fill: var(--mark); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: 0;
  font-size: .92rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
.notes { color: var(--soft); font-size: .92rem; padding-left: 1.1rem; }
@media (max-width: 40rem) { body { padding: .75rem; } dl { grid-template-columns: 1fr; }
  .chart { grid-template-columns: 1fr max-content; } .chart .bar { grid-column: 1 / -1;
  grid-row: auto; } }
@media print { :root { --paper: #fff; --ink: #000; --soft: #444; --line: #999; --band: #eee; }
  @page { size: A4 landscape; margin: 12mm; }
  body { padding: 0; max-width: none; font-size: 10pt; } thead { display: table-header-group; }
  tr, figure { break-inside: avoid; } h2 { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def as_html(report: Report, language: Language) -> bytes:
    """The whole page."""
    return "\n".join(_page(report, language)).encode() + b"\n"


def _page(report: Report, language: Language) -> Iterator[str]:
    title, subtitle = escape(report.title.of(language)), escape(report.subtitle.of(language))
    yield "<!DOCTYPE html>"
    yield f'<html xmlns="http://www.w3.org/1999/xhtml" lang="{language}">'
    yield "<head>"
    yield '<meta charset="utf-8"/>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
    # Nothing is loaded from anywhere, whatever a name may hold.
    yield (
        '<meta http-equiv="Content-Security-Policy"'
        " content=\"default-src 'none'; style-src 'unsafe-inline'\"/>"
    )
    yield f"<title>{title}: {subtitle}</title>"
    yield f"<style>{_STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield f"<header><h1>{title}</h1>"
    yield f'<p class="sub">{subtitle}</p></header>'
    yield "<main>"
    if not report.form:
        yield from _charts(report, language)
    for table in report.tables:
        yield from _table(table, language)
        if table is report.tables[0]:
            yield from _notes(report, language)
            if report.form:
                yield from _charts(report, language)
    yield "</main>"
    yield f"<footer><h2>{escape(words.PROVENANCE.of(language))}</h2>"
    yield "<dl>"
    for line in report.lines:
        yield (
            f"<dt>{escape(line.title.of(language))}</dt>"
            f"<dd>{escape(line.said.of(language))}</dd>"
        )
    yield "</dl></footer>"
    yield "</body>"
    yield "</html>"


def _notes(report: Report, language: Language) -> Iterator[str]:
    if report.notes:
        notes = "".join(f"<li>{escape(note.of(language))}</li>" for note in report.notes)
        yield f'<ul class="notes">{notes}</ul>'


def _charts(report: Report, language: Language) -> Iterator[str]:
    for chart in report.charts:
        yield from _chart(chart, language)


def _table(table: Table, language: Language) -> Iterator[str]:
    yield f"<section><h2>{escape(table.title.of(language))}</h2>"
    yield f'<div class="wide"><table id="{table.name}">'
    yield "<thead>"
    yield from _headings(table, language)
    yield "</thead>"
    yield "<tbody>"
    for place, row in enumerate(table.rows):
        strong = ' class="strong"' if place in table.strong else ""
        cells = "".join(
            _cell(column, value, language)
            for column, value in zip(table.columns, row, strict=True)
        )
        yield f"<tr{strong}>{cells}</tr>"
    yield "</tbody>"
    yield "</table></div></section>"


def _headings(table: Table, language: Language) -> Iterator[str]:
    columns = table.columns
    if not any(column.above for column in columns):
        cells = "".join(_head(column, language) for column in columns)
        yield f"<tr>{cells}</tr>"
    else:
        upper, lower, at = "", "", 0
        while at < len(columns):
            above = columns[at].above
            if above is None:
                upper += (
                    f'<th rowspan="2" scope="col">{escape(columns[at].title.of(language))}</th>'
                )
                at += 1
                continue
            until = at
            while until < len(columns) and columns[until].above == above:
                lower += _head(columns[until], language)
                until += 1
            upper += (
                f'<th colspan="{until - at}" scope="colgroup">{escape(above.of(language))}</th>'
            )
            at = until
        yield f"<tr>{upper}</tr>"
        yield f"<tr>{lower}</tr>"
    if table.numbered:
        numbers = "".join(f"<th>({one + 1})</th>" for one in range(len(columns)))
        yield f'<tr class="numbers">{numbers}</tr>'


def _head(column: Column, language: Language) -> str:
    right = ' class="n"' if column.form is not Form.TEXT else ""
    return f'<th scope="col"{right}>{escape(column.title.of(language))}</th>'


def _cell(column: Column, value: Value, language: Language) -> str:
    text = escape(shown(value, language, signed=column.signed))
    if isinstance(value, Standing):
        return f'<td class="n none">{text}</td>'
    if column.form is not Form.TEXT:
        return f'<td class="n">{text}</td>'
    return f"<td{_ROOM if column.width > _NARROW else ''}>{text}</td>"


_ROOM: Final = ' class="t"'
_NARROW: Final = 24


def _chart(chart: Chart, language: Language) -> Iterator[str]:
    yield f"<figure><figcaption>{escape(chart.title.of(language))}</figcaption>"
    if chart.parts:
        keys = "".join(
            f'<svg viewBox="0 0 8 8" aria-hidden="true"><rect width="8" height="8"'
            f' class="p{place}"/></svg>{escape(part.of(language))}'
            for place, part in enumerate(chart.parts)
        )
        yield f'<p class="key">{keys}</p>'
    yield '<div class="chart">'
    for bar in chart.bars:
        label, said = escape(bar.label.of(language)), escape(bar.said.of(language))
        yield f'<span>{label}</span><span class="bar">{_bar(chart, bar)}</span>'
        yield f'<span class="v">{said}</span>'
    yield "</div></figure>"


_LONG: Final = Decimal(1000)


def _bar(chart: Chart, bar: Bar) -> str:
    """Drawn in thousandths of the chart's width; what it says stands beside it as text."""
    whole = chart.most if bar.of is None else bar.of
    # Where there is no value there is no bar: it must not look like 0.
    drawn = (
        [f'<rect class="rest" width="{_length(whole, chart)}" height="16"/>']
        if bar.parts
        else ['<rect class="rest" y="7" width="1000" height="2"/>']
    )
    at = Decimal(0)
    for place, part in enumerate(bar.parts):
        drawn.append(
            f'<rect class="p{place}" x="{_length(at, chart)}"'
            f' width="{_length(part, chart)}" height="16"/>'
        )
        at += part
    if bar.mark is not None:
        drawn.append(
            f'<rect class="mark" x="{_length(bar.mark, chart)}" width="4" height="16"/>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 16"'
        f' preserveAspectRatio="none" aria-hidden="true">{"".join(drawn)}</svg>'
    )


def _length(value: Decimal, chart: Chart) -> str:
    return f"{value / chart.most * _LONG:.1f}" if chart.most else "0"
