"""The API's description as a page to read: no script, no other host, one style of its own."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from html import escape
from typing import Final

from monitor import __version__
from monitor.outlets.api.asked import FORMAT, Parameter
from monitor.outlets.api.endpoint import BASE, Endpoint
from monitor.outlets.api.openapi import TAGS

_STYLE: Final = """\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:60rem;margin:0 auto;padding:1rem}
code{font:.9em ui-monospace,monospace}
h3 code{font-size:1rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #8884}
.roles{font-size:.9rem}
section section{margin:0 0 2rem}
"""
_HASH: Final = b64encode(sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'; base-uri 'none'"
)


def page(endpoints: Sequence[Endpoint]) -> str:
    """The whole page."""
    return "".join(_lines(endpoints))


def _lines(endpoints: Sequence[Endpoint]) -> Iterator[str]:
    yield (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>emc-monitor API</title>\n<style>{_STYLE}</style>\n"
        f"<h1>emc-monitor API {escape(__version__)}</h1>\n"
        "<p>Read only. JSON, or CSV with <code>Accept: text/csv</code> or"
        " <code>format=csv</code>. What is not public needs <code>Authorization: Bearer</code> and a"
        " token of <code>emc access add</code>. Every number says what it is a quotient of and as of"
        " which cut of the ledger; a number that is missing says why in <code>standing</code>."
        " Pages follow one another by <code>next</code>. The same for programs:"
        f' <a href="{BASE}/openapi.json">openapi.json</a>.</p>\n'
    )
    for tag, says in TAGS.items():
        of_it = [one for one in endpoints if one.tag == tag]
        if not of_it:
            continue
        yield f"<section><h2>{escape(tag.capitalize())}</h2>\n<p>{escape(says)}</p>\n"
        for one in of_it:
            yield from _endpoint(one)
        yield "</section>\n"
    yield "</html>\n"


def _endpoint(one: Endpoint) -> Iterator[str]:
    address = escape(BASE + one.path)
    yield f'<section id="{escape(one.name)}"><h3><code>GET {address}</code></h3>\n'
    yield f"<p>{escape(one.summary)} {_inline(one.says)}</p>\n"
    yield f'<p class="roles">For: {escape(", ".join(sorted(one.open_to)))}</p>\n'
    yield "<table><tr><th>parameter<th>meaning<th>example</tr>\n"
    for each in (*one.parameters, FORMAT):
        yield _parameter(each)
    yield "</table></section>\n"


def _parameter(one: Parameter) -> str:
    need = " (needed)" if one.required else f" (else {one.usual})" if one.usual else ""
    return (
        f"<tr><td><code>{escape(one.name)}</code>{escape(need)}<td>{_inline(one.says)}"
        f"<td><code>{escape(one.example)}</code></tr>\n"
    )


def _inline(text: str) -> str:
    """Words between backticks as code."""
    parts = escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts)
    )
