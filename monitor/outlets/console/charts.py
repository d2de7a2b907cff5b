"""Charts: Vega-Lite, drawn on the server to SVG whose colours are the style sheet's.

A chart never stands alone: the macro `chart` has the same numbers in a table beside it. So that where
none can be drawn the page is given without it.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from markupsafe import Markup

from monitor.outlets.console.chart_process import DRAWS, NotDrawn
from monitor.outlets.console.texts import text
from monitor.outlets.digest.words import Language

MOST: Final = 300  # charts kept, some 20 kB each
_AXIS: Final = {
    "labelColor": "var(--quiet)",
    "titleColor": "var(--quiet)",
    "gridColor": "var(--line)",
    "domainColor": "var(--line)",
    "tickColor": "var(--line)",
    "labelFontSize": 12,
    "titleFontSize": 12,
    "titleFontWeight": "normal",
}
CONFIG: Final[Mapping[str, Any]] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "axis": _AXIS,
    "view": {"stroke": None},
    "legend": {"labelColor": "var(--ink)", "titleColor": "var(--quiet)", "labelFontSize": 12},
    "range": {"category": [f"var(--series-{n})" for n in range(1, 7)]},
}
# A chart is one picture with a name; and attributes of style would break the policy of pages.
_NOT_OURS: Final = re.compile(r' (?:style|role|aria-[a-z]+|xmlns:xlink|class)="[^"]*"')
_NUMBERS: Final = {
    "vi": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " ₫"]}
}
_kept: OrderedDict[bytes, Markup] = OrderedDict()
_SAY: Final = structlog.get_logger("emc.console")


async def draw(
    spec: Mapping[str, Any], *, language: str, label: str, width: int = 640, height: int = 200
) -> Markup:
    """A chart as an element of the page; `label` says what it shows to who cannot see it."""
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": width,
        "height": height,
        "config": CONFIG,
        **spec,
    }
    key = msgspec.json.encode([whole, language, label])
    found = _kept.get(key)
    if found is None:
        try:
            svg = await asyncio.to_thread(DRAWS.draw, whole, _NUMBERS.get(language))
        except NotDrawn as error:
            _SAY.warning("a chart is not drawn", chart=label, reason=str(error))
            return Markup('<p class="empty undrawn">{}</p>').format(
                text("chart.undrawn", Language(language))
            )
        found = _kept[key] = _embedded(svg, label)
        if len(_kept) > MOST:
            _kept.popitem(last=False)
    else:
        _kept.move_to_end(key)
    return found


def _embedded(svg: str, label: str) -> Markup:
    clean = _NOT_OURS.sub("", svg)
    head, _, rest = clean.partition(">")
    size = re.search(r'viewBox="[^"]*"', head)
    box = size[0] if size else ""
    # Its size is the style sheet's: as wide as there is room.
    opened = Markup('<svg class="chart" {} role="img" aria-label="{}">').format(
        Markup(box),  # noqa: S704 - as drawn
        label,
    )
    return opened + Markup(rest)  # noqa: S704 - drawn from our numbers; texts are escaped by Vega


def whole(counts: Iterable[int]) -> dict[str, Any]:
    """An axis of counts: of few there are few marks, as there is no half a dossier."""
    return {"tickCount": max(1, min(4, max(counts, default=4))), "tickMinStep": 1}


def series(
    rows: Sequence[Mapping[str, Any]], *, x: str, y: str, colour: str | None = None, **mark: Any
) -> dict[str, Any]:
    """A line over days; `rows` name their columns."""
    encoding: dict[str, Any] = {
        "x": {
            "field": x,
            "type": "temporal",
            "title": None,
            "axis": {"format": "%d/%m", "grid": False},
        },
        "y": {"field": y, "type": "quantitative", "title": None, "axis": {"tickCount": 4}},
    }
    if colour is not None:
        encoding["color"] = {
            "field": colour,
            "type": "nominal",
            "title": None,
            "sort": None,
            "legend": None,
        }
    return {
        "data": {"values": list(rows)},
        "mark": {"type": "line", "strokeWidth": 2, **mark},
        "encoding": encoding,
    }
