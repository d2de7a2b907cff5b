"""How long it takes: quantiles of working time by step, with how wrong they may be.

Of the recent working days, as metrics have them. Kept of ministries and provinces; of any other
scope worked out from the books, when that is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from monitor.domain.quantiles import LONGEST_MS, RELATIVE_ERROR, SHORTEST_MS
from monitor.ledger import latencies
from monitor.ledger.dues import calendar_of
from monitor.ledger.latencies import WINDOW_DAYS, Spread
from monitor.outlets.api.asked import Parameter, one_of
from monitor.outlets.api.desk import Desk
from monitor.outlets.console.page import Visit
from monitor.outlets.console.shown import Number, counted, day
from monitor.outlets.console.shown import number as written

WORKING_DAY_MS: Final = 8 * 3_600_000
_NAMED: Final = frozenset(
    {
        "receiving_desk", "settling_unit", "consulted_body", "citizen", "cashier", "nobody",
        latencies.OTHER_STEP,
    }
)  # fmt: skip
_ERROR: Final = Decimal(str(100 * RELATIVE_ERROR)).normalize()


class Times(StrEnum):
    """Whether what is not kept is worked out."""

    WORKED_OUT = "worked_out"


TIMES: Final = Parameter(
    name="times",
    says="Quantiles of a scope of which none are kept are worked out from the books.",
    read=one_of(Times),
    schema={"type": "string", "enum": list(Times)},
    example="worked_out",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step, or whole dossiers."""

    word: str
    whole: bool
    spread: Spread
    passages: Number
    p50: Number
    p90: Number
    p99: Number


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a page has of it."""

    steps: Sequence[Step]
    asked: bool  # False: it was not worked out
    since: str
    days: int
    error: str


async def read(
    desk: Desk,
    visit: Visit,
    *,
    level1: Sequence[str] = (),
    agencies: Sequence[str] | None = None,
    procedure: str = "",
) -> Taken:
    """Of a ministry or province by the codes it was booked under, else of agencies or a procedure."""
    policy = visit.in_force.policy
    today = desk.today(policy)
    first = latencies.window(calendar_of(policy), today)
    found: Sequence[Spread] = ()
    asked = bool(level1) or visit["times"] is Times.WORKED_OUT
    if level1:
        found = await latencies.spread_of(desk.pool, level1, first, today)
    elif asked:
        async with (
            desk.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            found = await latencies.spread_in_books(
                connection, first, today, agencies=agencies, procedure=procedure
            )
    return Taken(
        steps=[_step(visit, one, first) for one in found],
        asked=asked,
        since=day(visit, first),
        days=WINDOW_DAYS,
        error=written(visit, _ERROR),
    )


def _step(visit: Visit, one: Spread, first: int) -> Step:
    word = visit.t("times.whole") if not one.step else one.step
    if one.step in _NAMED:
        word = visit.t(f"step.{one.step}")
    window = visit.t("times.of", n=WINDOW_DAYS, day=day(visit, first))
    error = visit.t("times.error", percent=written(visit, _ERROR))

    def quantile(name: str, ms: int) -> Number:
        value, unit = _told(visit, ms)
        return Number(
            text=value,
            unit=unit,
            value=ms,
            meaning=counted(
                visit,
                ms,
                f"{word}: {visit.t(f'times.{name}')}",
                (visit.t("meaning.what"), visit.t(f"times.{name}.is")),
                (visit.t("times.passages"), written(visit, one.dossiers)),
                (visit.t("meaning.rule"), window),
                (visit.t("meaning.basis"), error),
            ).meaning,
        )

    return Step(
        word=word,
        whole=not one.step,
        spread=one,
        passages=counted(visit, one.dossiers, f"{word}: {visit.t('times.passages')}",
                         (visit.t("meaning.rule"), window)),
        p50=quantile("p50", one.p50_ms),
        p90=quantile("p90", one.p90_ms),
        p99=quantile("p99", one.p99_ms),
    )  # fmt: skip


def _told(visit: Visit, ms: int) -> tuple[str, str]:
    """A working time in the unit that people would say it in, to as many digits as it is known."""
    if ms <= SHORTEST_MS // 2:
        return f"< {written(visit, SHORTEST_MS // 60_000)}", visit.t("unit.minutes")
    sign = "≥ " if ms >= LONGEST_MS else ""
    for unit, size in (("working_days", WORKING_DAY_MS), ("hours", 3_600_000)):
        if ms >= size:
            tenths = (Decimal(ms) / size).quantize(Decimal("0.1"))
            return sign + written(visit, tenths), visit.t(f"unit.{unit}")
    return written(visit, ms // 60_000), visit.t("unit.minutes")
