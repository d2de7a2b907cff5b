"""How something stood: spells as a line of coloured bars, and the same as rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from monitor.domain.zone import DAY_MS
from monitor.outlets.console import charts
from monitor.outlets.console.page import Visit
from monitor.outlets.console.shown import instant, lasting, when
from monitor.outlets.report import said

SHORT_MS: Final = 3 * DAY_MS  # up to here the axis has hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """A state that lasted, or lasts."""

    state: str
    word: str  # in the reader's language
    since_ms: int
    until_ms: int | None  # None: it lasts


async def drawn(
    visit: Visit,
    spells: Sequence[Stood],
    colours: Mapping[str, str],
    *,
    from_ms: int,
    label: str,
) -> Markup | None:
    """Bars from an instant until now; None where nothing is known of that time."""
    bars = [
        {
            "from": _wall(visit, max(one.since_ms, from_ms)),
            "to": _wall(visit, one.until_ms or visit.now_ms),
            "state": one.word,
        }
        for one in spells
        if (one.until_ms or visit.now_ms) > from_ms
    ]
    if not bars:
        return None
    words = {one.word: colours[one.state] for one in spells}
    hours = visit.now_ms - from_ms <= SHORT_MS
    days = -(-(visit.now_ms - from_ms) // DAY_MS)
    spec = {
        "data": {"values": bars},
        "mark": {"type": "bar", "height": 26},
        "encoding": {
            "x": {
                "field": "from",
                "type": "temporal",
                "title": None,
                # Times are the office's, whatever the clock of the machine that draws them.
                "scale": {
                    "type": "utc",
                    "domain": [_wall(visit, from_ms), _wall(visit, visit.now_ms)],
                },
                "axis": {
                    "format": "%d/%m %H:%M" if hours else "%d/%m",
                    "tickCount": _ticks(days),
                    "grid": False,
                    "labelFontSize": 11,
                    "labelOverlap": "greedy",
                    "labelSeparation": 8,
                },
            },
            "x2": {"field": "to"},
            "color": {
                "field": "state",
                "type": "nominal",
                "title": None,
                "scale": {"domain": list(words), "range": list(words.values())},
                "legend": None,  # beside it, in the page's own type
            },
        },
    }
    return await charts.draw(
        spec, language=visit.language.value, label=label, width=900, height=36
    )


def _ticks(days: int) -> Mapping[str, str | int]:
    """A dozen or so."""
    if days * DAY_MS <= SHORT_MS:
        return {"interval": "hour", "step": 3 * days}
    if days <= 60:
        return {"interval": "day", "step": -(-days // 15)}
    return {"interval": "month", "step": 1}


def legend(spells: Sequence[Stood]) -> list[tuple[str, str]]:
    """States and their words, each once."""
    return list({one.state: one.word for one in spells}.items())


def _wall(visit: Visit, at_ms: int) -> str:
    # By the minute: a chart that nothing was added to is kept for that long.
    return f"{instant(visit, at_ms):%Y-%m-%dT%H:%M}:00Z"


def rows(visit: Visit, spells: Sequence[Stood]) -> list[tuple[str, str, str, str]]:
    """State, since, until, how long: the latest first."""
    return [
        (
            one.word,
            when(visit, one.since_ms),
            said.EMPTY if one.until_ms is None else when(visit, one.until_ms),
            lasting(visit, (one.until_ms or visit.now_ms) - one.since_ms),
        )
        for one in reversed(spells)
    ]
