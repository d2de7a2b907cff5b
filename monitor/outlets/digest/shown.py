"""A digest as text, as HTML that a mail client shows, and as JSON."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from html import escape
from typing import Any, Final

import orjson

from monitor.domain.forecast import WITHIN
from monitor.outlets.digest.made import Digest, Line, Sums
from monitor.outlets.digest.words import WORDS, Language, Words


class Format(StrEnum):
    """How a digest is written."""

    TEXT = "text"
    HTML = "html"
    JSON = "json"


ENDINGS: Final[Mapping[Format, str]] = {
    Format.TEXT: "txt",
    Format.HTML: "html",
    Format.JSON: "json",
}


def shown(digest: Digest, format_: Format, language: Language) -> str:
    """The digest, ready to be sent."""
    match format_:
        case Format.TEXT:
            return "\n".join(_text(digest, WORDS[language])) + "\n"
        case Format.HTML:
            return _html(digest, WORDS[language], language)
        case Format.JSON:
            return orjson.dumps(
                as_json(digest), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
            ).decode()


def as_json(digest: Digest) -> dict[str, Any]:
    """Everything in it, for a machine; the same in every language."""
    return {
        "agency": digest.agency,
        "name": digest.name,
        "date": digest.day.isoformat(),
        "working_day": digest.is_working_day,
        "due_dates": {
            "in_1": digest.next_days[0].isoformat(),
            "in_2": digest.next_days[1].isoformat(),
        },
        "expected_on_the_morning_of": {
            str(within): day.isoformat()
            for within, day in zip(WITHIN, digest.then, strict=True)
        },
        "pace_dossiers_per_working_day": digest.pace,
        **_sums_as_json(digest.sums),
        "units": [_line_as_json(line) for line in digest.units],
        "more_units": digest.more_units,
        "procedures": [_line_as_json(line) for line in digest.procedures],
        "more_procedures": digest.more_procedures,
        "dashboard": digest.link or None,
        "basis": {"due": "plain", "expected": "assumption"},
    }


def _line_as_json(line: Line) -> dict[str, Any]:
    return {"code": line.code, "name": line.name, **_sums_as_json(line.sums)}


def _sums_as_json(sums: Sums) -> dict[str, Any]:
    return {
        "overdue": sums.overdue,
        "overdue_paused": sums.paused,
        "due_today": sums.today,
        "due_in_1": sums.in_1,
        "due_in_2": sums.in_2,
        "expected_overdue": {
            str(within): None if expected is None else round(expected, 2)
            for within, expected in zip(WITHIN, sums.expected, strict=True)
        },
    }


def subject(digest: Digest, language: Language) -> str:
    """The title, fit for the subject of a mail."""
    words = WORDS[language]
    named = f"{digest.name} ({digest.agency})" if digest.name else digest.agency
    return f"{words.title}: {named}, {digest.day.strftime(words.date)}"


# -- text ----------------------------------------------------------------------------------------


def _text(digest: Digest, words: Words) -> Iterator[str]:
    number = _number(words)
    yield subject(digest, _language_of(words))
    if not digest.is_working_day:
        yield words.day_off
    yield ""
    if not digest.sums.any:
        yield words.nothing
    else:
        for label, dossiers, note in _dues(digest, words):
            yield f"{number(dossiers):>9}  {label}" + (f" ({note})" if note else "")
        yield ""
        yield f"{words.expected}:"
        for label, expected in _prospects(digest, words):
            yield f"{expected:>9}  {label}"
        for title, head, lines, more in _tables(digest, words):
            yield ""
            yield title
            heads = _heads(digest, words)
            widths = [max(len(head), 8) for head in heads]
            yield (
                "  ".join(f"{head:>{width}}" for head, width in zip(heads, widths, strict=True))
                + f"  {head}"
            )
            for line in lines:
                cells = _cells(line.sums, words)
                yield (
                    "  ".join(
                        f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)
                    )
                    + f"  {_label(line, words)}"
                )
            if more:
                yield words.more.format(n=number(more))
    if digest.pace is not None:
        yield ""
        yield words.pace.format(n=_one_decimal(digest.pace, words))
    if digest.link:
        yield f"{words.open_dashboard}: {digest.link}"
    yield ""
    yield from _basis(digest, words)


def _language_of(words: Words) -> Language:
    return next(language for language, known in WORDS.items() if known is words)


def _dues(digest: Digest, words: Words) -> Iterator[tuple[str, int, str]]:
    sums = digest.sums
    first, second = (day.strftime(words.day) for day in digest.next_days)
    paused = words.paused.format(n=_number(words)(sums.paused)) if sums.paused else ""
    yield words.overdue, sums.overdue, paused
    yield words.today, sums.today, ""
    yield words.in_1.format(day=first), sums.in_1, ""
    yield words.in_2.format(day=second), sums.in_2, ""


def _prospects(digest: Digest, words: Words) -> Iterator[tuple[str, str]]:
    for within, then, expected in zip(WITHIN, digest.then, digest.sums.expected, strict=True):
        said = words.expected_in_1 if within == 1 else words.expected_in
        label = said.format(n=within, day=then.strftime(words.day))
        yield label, words.not_known if expected is None else _about(expected, words)


def _tables(digest: Digest, words: Words) -> Iterator[tuple[str, str, tuple[Line, ...], int]]:
    yield words.units, words.unit, digest.units, digest.more_units
    yield words.procedures, words.procedure, digest.procedures, digest.more_procedures


def _heads(digest: Digest, words: Words) -> list[str]:
    first, second = (day.strftime(words.day) for day in digest.next_days)
    return [head.format(in_1=first, in_2=second) for head in words.short]


def _cells(sums: Sums, words: Words) -> list[str]:
    number, last = _number(words), sums.expected[-1]
    return [
        number(sums.overdue),
        number(sums.today),
        number(sums.in_1),
        number(sums.in_2),
        "–" if last is None else _about(last, words),
    ]


def _label(line: Line, words: Words) -> str:
    return " ".join(filter(None, (line.code, line.name))) or words.unsaid


def _basis(digest: Digest, words: Words) -> Iterator[str]:
    yield words.basis.format(date=digest.day.strftime(words.date))
    if digest.sums.any:
        yield words.estimate


def _number(words: Words) -> Callable[[int], str]:
    return lambda n: f"{n:,}".replace(",", words.thousands)


def _about(expected: float, words: Words) -> str:
    """An estimate is said in whole dossiers."""
    return _number(words)(int(expected + 0.5))


def _one_decimal(n: float, words: Words) -> str:
    whole, _, part = f"{n:,.1f}".partition(".")
    return f"{whole.replace(',', words.thousands)}{words.decimal}{part}"


# -- HTML ----------------------------------------------------------------------------------------
# Mail clients know tables and styles of elements, and little else: no scripts, no images, no
# style sheet that it could not do without.

_PAGE: Final = """\
<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
<style>
@media (max-width: 520px) {{ .tile {{ display: block !important; width: auto !important; }}
.body {{ padding: 12px !important; }} }}
</style>
</head>
<body style="margin:0;background:#eef1f4;color:#1c2733;font-family:Arial,'Segoe UI',sans-serif;\
font-size:15px;line-height:1.4">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:680px">
<tr><td class="body" style="padding:24px;background:#ffffff">
<p style="margin:0;color:#5b6875;font-size:13px">{day}</p>
<h1 style="margin:2px 0 16px;font-size:21px;line-height:1.25">{title_of}</h1>
{content}
</td></tr></table>
</td></tr></table>
</body>
</html>
"""
_TILE: Final = (
    '<td class="tile" width="25%" valign="top" style="padding:0 8px 8px 0">'
    '<div style="padding:10px 12px;border-left:4px solid {colour};background:#f6f8fa">'
    '<div style="font-size:26px;font-weight:bold;color:{colour}">{number}</div>'
    '<div style="font-size:13px">{label}</div>{note}</div></td>'
)
_NOTE: Final = '<div style="font-size:12px;color:#5b6875">{note}</div>'
_H2: Final = '<h2 style="margin:20px 0 8px;font-size:16px">{text}</h2>'
_TEXT: Final = '<p style="margin:8px 0">{text}</p>'
_SMALL: Final = '<p style="margin:8px 0 0;font-size:12px;color:#5b6875">{text}</p>'
_LINK: Final = (
    '<p style="margin:20px 0"><a href="{link}" style="display:inline-block;padding:10px 16px;'
    'background:#0b5cad;color:#ffffff;text-decoration:none">{text}</a></p>'
)
_TABLE: Final = (
    '<table width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;'
    'font-size:13px">{rows}</table>'
)
_TD: Final = (
    '<td align="right" valign="top" style="padding:5px 0 5px 8px;border-bottom:1px solid #e3e8ed;'
    '{bold}">{text}</td>'
)
_TD_NAME: Final = (
    '<td valign="top" style="padding:5px 0;border-bottom:1px solid #e3e8ed">{text}</td>'
)
_TH: Final = (
    '<th align="{align}" valign="bottom" style="padding:5px 0 5px {pad}px;font-size:12px;'
    'color:#5b6875;border-bottom:2px solid #c7d0d9">{text}</th>'
)
_RED, _AMBER, _BLUE = "#b3261e", "#9a5b00", "#0b5cad"
_COLOURS: Final = (_RED, _AMBER, _BLUE, _BLUE)


def _html(digest: Digest, words: Words, language: Language) -> str:
    named = f"{digest.name} ({digest.agency})" if digest.name else digest.agency
    return _PAGE.format(
        language=language.value,
        title=escape(subject(digest, language)),
        day=escape(f"{words.title} · {digest.day.strftime(words.date)}"),
        title_of=escape(named),
        content="\n".join(_content(digest, words)),
    )


def _content(digest: Digest, words: Words) -> Iterator[str]:
    if not digest.is_working_day:
        yield _TEXT.format(text=escape(words.day_off))
    if not digest.sums.any:
        yield _TEXT.format(text=escape(words.nothing))
    else:
        yield _tiles(digest, words)
        yield _H2.format(text=escape(words.expected))
        yield _TABLE.format(
            rows="".join(
                "<tr>"
                + _TD_NAME.format(text=escape(label))
                + _TD.format(bold="font-weight:bold", text=escape(expected))
                + "</tr>"
                for label, expected in _prospects(digest, words)
            )
        )
        for title, head, lines, more in _tables(digest, words):
            yield _H2.format(text=escape(title))
            yield _table(digest, head, lines, words)
            if more:
                yield _SMALL.format(text=escape(words.more.format(n=_number(words)(more))))
    if digest.pace is not None:
        pace = words.pace.format(n=_one_decimal(digest.pace, words))
        yield _SMALL.format(text=escape(pace))
    if digest.link:
        yield _LINK.format(link=escape(digest.link), text=escape(words.open_dashboard))
    for text in _basis(digest, words):
        yield _SMALL.format(text=escape(text))


def _tiles(digest: Digest, words: Words) -> str:
    number = _number(words)
    tiles = "".join(
        _TILE.format(
            colour=colour if dossiers else "#5b6875",
            number=number(dossiers),
            label=escape(label),
            note=_NOTE.format(note=escape(note)) if note else "",
        )
        for (label, dossiers, note), colour in zip(_dues(digest, words), _COLOURS, strict=True)
    )
    return (
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0">'
        f"<tr>{tiles}</tr></table>"
    )


def _table(digest: Digest, head: str, lines: Iterable[Line], words: Words) -> str:
    heads = _TH.format(align="left", pad=0, text=escape(head)) + "".join(
        _TH.format(align="right", pad=8, text=escape(short)) for short in _heads(digest, words)
    )
    rows = "".join(f"<tr>{_row(line, words)}</tr>" for line in lines)
    return _TABLE.format(rows=f"<tr>{heads}</tr>{rows}")


def _row(line: Line, words: Words) -> str:
    name = escape(line.name)
    if line.code:
        code = f'<span style="color:#5b6875">{escape(line.code)}</span>'
        name = f"{name}<br>{code}" if name else code
    cells = _cells(line.sums, words)
    bold = f"font-weight:bold;color:{_RED}" if line.sums.overdue else ""
    return _TD_NAME.format(text=name or escape(words.unsaid)) + "".join(
        _TD.format(text=escape(cell), bold=bold if place == 0 else "")
        for place, cell in enumerate(cells)
    )


def file_name(agency: str, day: date, format_: Format) -> str:
    """Of one digest; the same again for the same agency and day."""
    safe = "".join(one if one.isalnum() or one in ".-" else "_" for one in agency)
    return f"digest-{day.isoformat()}-{safe}.{ENDINGS[format_]}"
