"""Templates: where they are, and what every one of them has at hand."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor import __version__
from monitor.domain.zone import date_of
from monitor.ledger.releases import Cell, Release
from monitor.outlets.console import assets, shown
from monitor.outlets.console.page import Page, Visit

ENVIRONMENT: Final = Environment(
    loader=PackageLoader("monitor.outlets.console", "pages"),
    autoescape=True,
    auto_reload=False,  # they change with the release
    undefined=StrictUndefined,  # a name that is misspelt is a fault, not a gap
    trim_blocks=True,
    lstrip_blocks=True,
)


def _by_place(release: Release) -> list[tuple[str, dict[str, Cell]]]:
    """A release's cells, a place a row."""
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in release.cells:
        rows.setdefault((cell.place, cell.name), {})[cell.column] = cell
    return [(name, cells) for (_, name), cells in rows.items()]


def _daily(
    days: Sequence[tuple[int, int | None, int | None]], visit: Visit
) -> list[tuple[str, ...]]:
    """Days and their numbers as texts, the last first."""
    return [
        (shown.day(visit, day), *(shown.number(visit, one) for one in amounts))
        for day, *amounts in reversed(days)
    ]


ENVIRONMENT.filters |= {
    "by_place": _by_place,
    "daily": _daily,
    "capitalized": lambda text: f"{text[:1].upper()}{text[1:]}",
    "isoday": lambda day: date_of(day).isoformat(),
    "word": lambda value, group, visit: visit.t(f"{group}.{value}"),
}


@lru_cache(maxsize=8192, typed=True)  # numbers of a page share most of what is said of them
def _named(name: str, text: str) -> Markup:
    return Markup("<dt>{}</dt><dd>{}</dd>").format(name, text)


def named(lines: Iterable[tuple[str, str]]) -> Markup:
    """Names and texts, as the inside of a `dl`."""
    return Markup("").join(_named(name, text) for name, text in lines)


ENVIRONMENT.globals["named"] = named


def drawn(template: str, visit: Visit, listed: Sequence[Page], **values: Any) -> bytes:
    """A page as bytes."""
    ids = count(1)
    text = ENVIRONMENT.get_template(template).render(
        visit=visit,
        t=visit.t,
        url=visit.url,
        lang=visit.language.value,
        page=visit.page,
        listed=[one for one in listed if one.listed and visit.visitor.role in one.open_to],
        asset=assets.address,
        new_id=lambda: f"n{next(ids)}",
        number=lambda value, **said: shown.number(visit, value, **said),
        when=lambda at: shown.when(visit, at),
        day=lambda day: shown.day(visit, day),
        in_short=lambda period: shown.span(visit, period),
        stood=lambda known: shown.as_of(visit, known),
        this_day=visit.zone.day(visit.now_ms),
        ago=lambda at_ms: shown.ago(visit, at_ms),
        version=__version__,
        Markup=Markup,
        **values,
    )
    return text.encode()
