"""Procedure and step latency: where the time goes, by step, holder, procedure and clock."""

from typing import Final

from monitor.domain.measures import WORKED_BOUNDS, Clock, Measure, Part, clock_measure
from monitor.outlets import latency
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.asks import MEASURES
from monitor.outlets.dashboards.declare import (
    Column,
    Dashboard,
    Kind,
    Panel,
    Promql,
    Row,
    Sql,
    Unit,
    Variable,
)
from monitor.outlets.dashboards.national import STEPS

_CHOSEN: Final = (Variable.AGENCY, Variable.CHANNEL)
_WHERE: Final = (asks.among(Variable.AGENCY), asks.among(Variable.CHANNEL))
_STEP_BINS: Final = clock_measure(Clock.STEP, Part.WORKED_BINS)
_STEP_WORKED: Final = clock_measure(Clock.STEP, Part.WORKED)
_PROCESSING_BINS: Final = clock_measure(Clock.PROCESSING, Part.WORKED_BINS)

_NOT_JUDGED: Final = "no worker has judged them, or nothing has ended."
_BY_BIN: Final = (
    "Read from bins of working time, each a quarter wider than the one before: the middle of the bin"
    " that the quantile lies in, off by less than an eighth; within the first, by half a minute."
)
_NOT_TIMED: Final = (
    "no clock has ended in the chosen time; without reference files none is kept at all."
)
# What a time in a bin is taken for, in seconds, as metrics of working time take it.
_MIDDLE: Final = (
    f"CASE WHEN slot <= 0 THEN {WORKED_BOUNDS[0] // 2000}"
    f" WHEN slot >= {len(WORKED_BOUNDS)} THEN {WORKED_BOUNDS[-1] / 1000:.0f}"
    f" ELSE {WORKED_BOUNDS[0] // 1000} * 1.25 ^ (slot - 0.5) END"
)


def quantiles(by: str, measure: int) -> Sql:
    """Median and 95th percentile of working time, a row for each value of a column."""
    return Sql(
        f"""\
WITH bins AS (
    SELECT {by} AS name, slot, sum(amount) AS dossiers
    {asks.lines(measure, where=_WHERE)}
    GROUP BY {by}, slot HAVING sum(amount) > 0
), run AS (
    SELECT name, {_MIDDLE} AS middle,
           sum(dossiers) OVER (PARTITION BY name ORDER BY slot) AS so_far,
           sum(dossiers) OVER (PARTITION BY name) AS total
    FROM bins
)
SELECT name AS {by}, max(total) AS "số lượt · how many",
       min(middle) FILTER (WHERE so_far >= 0.5 * total) AS "trung vị · median",
       min(middle) FILTER (WHERE so_far >= 0.95 * total) AS "p95"
FROM run GROUP BY name ORDER BY 2 DESC, 1 LIMIT 200"""  # noqa: S608 - constants
    )


_QUANTILE_COLUMNS: Final = (
    Column(name="trung vị · median", unit=Unit.SECONDS),
    Column(name="p95", unit=Unit.SECONDS),
)

_LIMITED: Final = (
    Clock.ACCEPTANCE,
    Clock.FORWARD,
    Clock.SUPPLEMENT_REQUEST,
    Clock.PROCESSING,
    Clock.SYNC,
    Clock.ANSWER,
)
_WITHIN: Final = {clock: clock_measure(clock, Part.WITHIN) for clock in _LIMITED}
_BEYOND: Final = {clock: clock_measure(clock, Part.BEYOND) for clock in _LIMITED}
_OF_LIMITS: Final = tuple(sorted([*_WITHIN.values(), *_BEYOND.values()]))
_CLOCKS: Final = Sql(
    f"""\
SELECT CASE (measure - {Measure.CLOCKS:d}) / 10 {
        " ".join(f"WHEN {clock:d} THEN '{clock.name.lower()}'" for clock in _LIMITED)
    } END AS clock,
       {asks.amount(*_WITHIN.values())} AS "trong hạn · within",
       {asks.amount(*_BEYOND.values())} AS "quá hạn · beyond",
       {asks.share(tuple(_WITHIN.values()), _OF_LIMITS)} AS "tỷ lệ trong hạn · share within"
{asks.lines(*_OF_LIMITS, where=_WHERE)}
GROUP BY 1 ORDER BY 1"""
)

DASHBOARD: Final = Dashboard(
    uid=STEPS,
    vi="Thủ tục và thời gian từng bước",
    en="Procedure and step latency",
    about="Where the time of a dossier goes: by step, by who has it, by procedure, and which clocks"
    " of the law were kept. Working time is of the calendar in force.",
    variables=_CHOSEN,
    rows=(
        Row(
            "Từng bước",
            "Steps",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Thời gian làm việc của từng bước",
                    en="Working time by step",
                    height=12,
                    says=f"Of steps that ended in the chosen time. {_BY_BIN}",
                    of=(MEASURES[_STEP_BINS],),
                    queries=(quantiles("step", _STEP_BINS),),
                    columns=_QUANTILE_COLUMNS,
                    empty=_NOT_TIMED,
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Thời gian theo người đang giữ hồ sơ",
                    en="Working time by holder",
                    height=12,
                    says=f"Whose time it was, of steps that ended in the chosen time. {_BY_BIN}",
                    of=(MEASURES[_STEP_BINS],),
                    queries=(quantiles("holder", _STEP_BINS),),
                    columns=_QUANTILE_COLUMNS,
                    empty=_NOT_TIMED,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Giờ làm việc đã dùng, theo người giữ",
                    en="Working time spent, by holder",
                    width=24,
                    stacked=True,
                    unit=Unit.SECONDS,
                    says="All working time of the steps that ended on the day.",
                    of=(MEASURES[_STEP_WORKED],),
                    queries=(
                        asks.by_day(
                            {
                                f"{vi} · {holder}": "coalesce(sum(amount) FILTER (WHERE"
                                f" holder = '{holder}'), 0) / 1000.0"
                                for vi, holder in (
                                    ("Bộ phận Một cửa", "receiving_desk"),
                                    ("Đơn vị giải quyết", "settling_unit"),
                                    ("Cơ quan phối hợp", "consulted_body"),
                                    ("Người nộp hồ sơ", "citizen"),
                                    ("Chờ nộp phí, lệ phí", "cashier"),
                                )
                            },
                            _STEP_WORKED,
                            where=_WHERE,
                        ),
                    ),
                    empty=_NOT_TIMED,
                ),
            ),
        ),
        Row(
            "20 ngày làm việc gần đây",
            "The last 20 working days",
            (
                Panel(
                    kind=Kind.LINES,
                    vi="Thời gian xử lý theo cơ quan",
                    en="Processing time by agency",
                    unit=Unit.SECONDS,
                    of=(latency.PROCESSING_TIME,),
                    queries=(
                        Promql(
                            asks.gauge(latency.PROCESSING_TIME, Variable.AGENCY),
                            "{{agency}} p{{quantile}}",
                        ),
                    ),
                    empty=_NOT_JUDGED,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Bước chậm nhất",
                    en="Slowest steps",
                    unit=Unit.SECONDS,
                    says="The twenty with the longest 95th percentile.",
                    of=(latency.STEP_TIME, latency.STEP_DOSSIERS),
                    queries=(
                        Promql(
                            "topk(20, "
                            + asks.gauge(
                                latency.STEP_TIME, Variable.AGENCY, also='quantile="0.95"'
                            )
                            + ")",
                            "{{agency}} {{step}}",
                        ),
                    ),
                    empty=_NOT_JUDGED,
                ),
            ),
        ),
        Row(
            "Thủ tục",
            "Procedures",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Thời gian xử lý theo thủ tục",
                    en="Processing time by procedure",
                    height=12,
                    says=f"Of dossiers completed in the chosen time, in working time. {_BY_BIN}",
                    of=(MEASURES[_PROCESSING_BINS],),
                    queries=(quantiles("procedure", _PROCESSING_BINS),),
                    columns=_QUANTILE_COLUMNS,
                    empty=_NOT_TIMED,
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Các mốc thời gian theo quy định",
                    en="Clocks of the law",
                    height=12,
                    says="How many kept the limit in the chosen time.",
                    of=tuple(MEASURES[measure] for measure in _WITHIN.values()),
                    queries=(_CLOCKS,),
                    columns=(Column(name="tỷ lệ trong hạn · share within", unit=Unit.SHARE),),
                    empty=_NOT_TIMED,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Thời gian xử lý trung bình theo ngày",
                    en="Mean processing time by day",
                    width=24,
                    unit=Unit.SECONDS,
                    says="Of what was completed on the day: elapsed, pauses and nights included.",
                    of=(MEASURES[Measure.PROCESSING_TIME], MEASURES[Measure.COMPLETED]),
                    queries=(
                        asks.by_day(
                            {
                                "Trung bình · mean": f"{asks.amount(Measure.PROCESSING_TIME)}"
                                f" / 1000.0 / nullif({asks.amount(Measure.COMPLETED)}, 0)"
                            },
                            Measure.PROCESSING_TIME,
                            Measure.COMPLETED,
                            where=_WHERE,
                        ),
                    ),
                ),
            ),
        ),
    ),
)
