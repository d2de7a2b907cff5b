"""What speaks for an agency's figures, or against them: its objectives, its sources, the quality of what they send.

All of it as last judged.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR
from typing import Final

from monitor.domain.warning import QualityWarning
from monitor.outlets.api.desk import Desk
from monitor.outlets.console import connections, objectives
from monitor.outlets.console.connections import Line as Source
from monitor.outlets.console.fares import share
from monitor.outlets.console.objectives import Line as Goal
from monitor.outlets.console.page import Visit
from monitor.outlets.console.shown import Number, ago, counted, day, lasting, number, when
from monitor.reference.hierarchy import Hierarchy

WARNINGS: Final = 12  # that are listed


@dataclass(frozen=True, slots=True, kw_only=True)
class Goals:
    """Objectives of an agency, who needs help first; and how many there are below it."""

    own: Sequence[Goal]
    below: int


async def goals(desk: Desk, visit: Visit, code: str, there: Hierarchy) -> Goals:
    """As the page of objectives has them."""
    judged, files = await objectives.all_judged(desk)
    standings = objectives.open_standings(visit, judged, files)
    many = Counter(objectives.agency_of(one.scope) for one in standings)
    own = [one for one in standings if objectives.agency_of(one.scope) == code]
    return Goals(
        own=objectives.lines_of(visit, own, judged, files),
        below=sum(n for agency, n in many.items() if code in there.above(agency)[1:]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A source, with the delay of what it sends."""

    source: Source
    delay: Number
    last: str
    since: str


async def sources(desk: Desk, visit: Visit, codes: Collection[str]) -> list[Heard]:
    """Those of agencies, who is not connected first."""
    return [
        Heard(
            source=one,
            delay=_delay(visit, one),
            last=when(visit, one.stands.last_ms),
            since=ago(visit, one.stands.since_ms),
        )
        for one in await connections.all_lines(desk, visit)
        if one.owner in codes
    ]


def _delay(visit: Visit, one: Source) -> Number:
    ms = one.stands.p95_ms
    return Number(
        text="–"
        if ms is None
        else lasting(visit, ms)
        if ms >= _MINUTE
        else _seconds(visit, ms),
        value=ms,
        meaning=counted(
            visit,
            ms,
            f"{one.stands.source}: {visit.t('sources.delay')}",
            (visit.t("meaning.what"), visit.t("sources.delay.is")),
            (visit.t("connections.judged"), when(visit, one.stands.judged_ms)),
        ).meaning,
    )


_MINUTE: Final = 60_000


def _seconds(visit: Visit, ms: int) -> str:
    return visit.t("unit.seconds", n=number(visit, -(-ms // 1000)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """Dimensions, each a number with what it is; and warnings by how often."""

    dimensions: Sequence[tuple[str, Number]]
    warnings: Sequence[tuple[str, str, Number]]  # name, words, how often


_HELD: Final = (
    "SELECT source, count(*) FROM quarantine WHERE state = 'held' AND source = ANY($1::text[])"
    " GROUP BY 1"
)
_WARNED: Final = (
    "SELECT warning, sum(credit - debit)::int8 AS times FROM warned"
    " WHERE agency = ANY($1::text[]) GROUP BY 1 HAVING sum(credit - debit) > 0"
    " ORDER BY times DESC, warning"
)


async def quality(
    desk: Desk, visit: Visit, heard: Sequence[Heard], level1: Sequence[str]
) -> Quality:
    """Of sources as a whole; warnings of a ministry or province, by the codes it was booked under."""
    named = [one.source.stands.source for one in heard]
    held = dict(await desk.pool.fetch(_HELD, named)) if named else {}
    warned = await desk.pool.fetch(_WARNED, list(level1)) if level1 else []
    return Quality(
        dimensions=_dimensions(visit, [one.source for one in heard], sum(held.values())),
        warnings=[
            (name, visit.t(f"warning.{name}"), _times(visit, name, row["times"]))
            for row in warned[:WARNINGS]
            if (name := QualityWarning(row["warning"]).name.lower())
        ],
    )


def _times(visit: Visit, name: str, times: int) -> Number:
    return counted(
        visit,
        times,
        visit.t(f"warning.{name}"),
        (visit.t("meaning.what"), visit.t("quality.warned.is")),
    )


def _dimensions(visit: Visit, found: Sequence[Source], held: int) -> list[tuple[str, Number]]:
    if not found:
        return []
    compared = [one for one in found if one.claimed is not None]
    claimed = sum(one.claimed or 0 for one in compared)
    missing = sum(one.missing or 0 for one in compared)
    differing = sum(one.differing or 0 for one in compared)
    days = sorted({one.day for one in compared if one.day is not None})
    stood: list[tuple[str, str]] = []
    if days:
        span = dict.fromkeys((day(visit, days[0]), day(visit, days[-1])))
        stood = [(visit.t("connections.claimed_day"), " – ".join(span))]

    def one(name: str, number_: Number) -> tuple[str, Number]:
        return visit.t(f"quality.{name}"), number_

    def is_(name: str) -> tuple[str, str]:
        return visit.t("meaning.what"), visit.t(f"quality.{name}.is")

    slowest = max(found, key=lambda each: each.stands.p95_ms or -1)
    working = sum(each.stands.working_ms for each in found)
    connected = sum(each.stands.connected_ms for each in found)
    return [
        one(
            "complete",
            share(visit, claimed - missing, claimed, visit.t("quality.complete"),
                  is_("complete"), *stood, rounding=ROUND_FLOOR),
        ),
        one(
            "agree",
            share(visit, max(0, claimed - differing), claimed, visit.t("quality.agree"),
                  is_("agree"), *stood, rounding=ROUND_FLOOR),
        ),
        one(
            "valid",
            counted(visit, held, visit.t("quality.valid"), is_("valid"),
                    (visit.t("live.at"), when(visit, visit.now_ms))),
        ),
        one("timely", _delay(visit, slowest)),
        one(
            "connected",
            share(visit, connected // _MINUTE, working // _MINUTE, visit.t("connections.uptime"),
                  (visit.t("meaning.what"), visit.t("connections.uptime.is")),
                  rounding=ROUND_FLOOR),
        ),
    ]  # fmt: skip
