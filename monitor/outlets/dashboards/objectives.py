"""Objectives and budgets: what was promised, how it stands, and which services are degraded."""

from typing import Final

from monitor.outlets import objectives as of
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.declare import (
    Colour,
    Column,
    Dashboard,
    From,
    Kind,
    Panel,
    Promql,
    Row,
    Sql,
    Unit,
    Variable,
)
from monitor.outlets.dashboards.national import ANY_IS_BAD, ANY_IS_NOTED, OBJECTIVES

_CHOSEN: Final = (Variable.OBJECTIVE, Variable.SCOPE)
_HERE: Final = f"{asks.among(Variable.OBJECTIVE)} AND {asks.among(Variable.SCOPE)}"
_NOT_JUDGED: Final = "no worker has judged an objective, or none is in force there."
_NOTHING_COUNTS: Final = "nothing counts in the window so far."
_BUDGET: Final = (From(None, Colour.BAD), From(0, Colour.WATCH), From(0.25, Colour.GOOD))
_BURN: Final = (From(None, Colour.GOOD), From(1, Colour.WATCH), From(3, Colour.BAD))

# The value is the share of WHOLE; what is left of the budget as emc_objective_budget_… reckons it.
_STANDING: Final = Sql(
    f"""\
SELECT objective, said ->> 'title_vi' AS "mục tiêu · title", scope, state,
       to_timestamp(since_ms / 1000.0) AS "từ · since", good AS "đạt · good", bad AS "không đạt · bad",
       good::float8 / nullif(good + bad, 0) AS "tỷ lệ · ratio", target / 10000.0 AS "chỉ tiêu · target",
       1 - bad / nullif((good + bad) * (1 - target / 10000.0), 0) AS "hạn mức còn lại · budget left",
       minimum AS "tối thiểu · minimum", owner AS "chịu trách nhiệm · owner", basis
FROM objective_standing JOIN objective USING (objective)
WHERE {_HERE}
ORDER BY state <> 'spent', state <> 'burning', objective, scope LIMIT 500"""  # noqa: S608 - constants
)
_SPELLS: Final = Sql(
    f"""\
SELECT greatest(to_timestamp(since_ms / 1000.0), $__timeFrom()) AS time,
       objective || ' ' || scope AS objective, state
FROM objective_spell
WHERE to_timestamp(since_ms / 1000.0) <= $__timeTo()
  AND coalesce(to_timestamp(until_ms / 1000.0), 'infinity') >= $__timeFrom() AND {_HERE}
ORDER BY 1"""  # noqa: S608 - constants
)
_SERVICES: Final = Sql(
    """\
SELECT agency, grp AS "nhóm thủ tục · group", state, array_to_string(reasons, ', ') AS "lý do · reasons",
       to_timestamp(since_ms / 1000.0) AS "từ · since", open AS "đang giải quyết · open",
       open_then AS "trước đó · open before", completed AS "đã giải quyết · completed",
       median_ms / 1000.0 AS "trung vị · median", limit_ms / 1000.0 AS "giới hạn · limit"
FROM service_standing ORDER BY cardinality(reasons) DESC, agency, grp LIMIT 500"""
)


def _in_state(state: str) -> tuple[Promql, ...]:
    shown = asks.gauge(of.STATE, also=f'state="{state}"')
    return (Promql(f"count({shown} == 1) or vector(0)"),)


DASHBOARD: Final = Dashboard(
    uid=OBJECTIVES,
    vi="Mục tiêu và hạn mức",
    en="Objectives and budgets",
    about="What was promised for services, how it stands in its window, how fast the budget burns in"
    " working time, and which services are degraded. Objectives are files"
    " (deploy/reference/objectives).",
    variables=_CHOSEN,
    rows=(
        Row(
            "Hiện tại",
            "Now",
            (
                Panel(
                    kind=Kind.STAT,
                    vi="Đã hết hạn mức",
                    en="Spent",
                    width=5,
                    height=4,
                    says="Objectives × scopes that are below their target.",
                    of=(of.STATE,),
                    queries=_in_state("spent"),
                    steps=ANY_IS_BAD,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Đang hao hụt nhanh",
                    en="Burning",
                    width=5,
                    height=4,
                    says="Objectives × scopes whose budget goes faster than it bears.",
                    of=(of.STATE,),
                    queries=_in_state("burning"),
                    steps=ANY_IS_NOTED,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Không có dữ liệu",
                    en="Without data",
                    width=5,
                    height=4,
                    says="Objectives × scopes that nobody is connected to tell of.",
                    of=(of.STATE,),
                    queries=_in_state("no_data"),
                    steps=ANY_IS_NOTED,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Dịch vụ suy giảm",
                    en="Degraded services",
                    width=5,
                    height=4,
                    says="Groups of procedures at a ministry or province.",
                    of=(of.DEGRADED,),
                    queries=(Promql(f"count({asks.gauge(of.DEGRADED)} == 1) or vector(0)"),),
                    steps=ANY_IS_NOTED,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Đánh giá cách đây",
                    en="Judged",
                    width=4,
                    height=4,
                    unit=Unit.SECONDS,
                    says="Time since.",
                    of=(of.JUDGED,),
                    queries=(Promql(f"time() - {asks.gauge(of.JUDGED)}"),),
                    steps=(From(None, Colour.GOOD), From(300, Colour.BAD)),
                    empty=_NOT_JUDGED,
                ),
            ),
        ),
        Row(
            "Mục tiêu",
            "Objectives",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Các mục tiêu",
                    en="How objectives stand",
                    width=24,
                    height=12,
                    says="In their window so far; those spent first, then those that burn.",
                    of=(of.RATIO, of.BUDGET, of.STATE, of.TARGET),
                    queries=(_STANDING,),
                    columns=(
                        Column(name="từ · since", unit=Unit.TIME),
                        Column(name="tỷ lệ · ratio", unit=Unit.SHARE),
                        Column(name="chỉ tiêu · target", unit=Unit.SHARE),
                        Column(
                            name="hạn mức còn lại · budget left",
                            unit=Unit.SHARE,
                            steps=_BUDGET,
                        ),
                    ),
                    empty=_NOT_JUDGED,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Tỷ lệ đạt và chỉ tiêu",
                    en="Ratio and target",
                    unit=Unit.SHARE,
                    most=1,
                    of=(of.RATIO, of.TARGET),
                    queries=(
                        Promql(asks.gauge(of.RATIO, *_CHOSEN), "{{objective}} {{scope}}"),
                        Promql(
                            asks.gauge(of.TARGET, *_CHOSEN), "chỉ tiêu · target {{objective}}"
                        ),
                    ),
                    empty=_NOTHING_COUNTS,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Hạn mức còn lại",
                    en="Budget left",
                    unit=Unit.SHARE,
                    steps=_BUDGET,
                    of=(of.BUDGET,),
                    queries=(
                        Promql(asks.gauge(of.BUDGET, *_CHOSEN), "{{objective}} {{scope}}"),
                    ),
                    empty=_NOTHING_COUNTS,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Tốc độ dùng hạn mức",
                    en="Burn rate",
                    unit=Unit.NUMBER,
                    steps=_BURN,
                    says="In working time: it stands still at night and on days off.",
                    of=(of.BURN,),
                    queries=(
                        Promql(
                            asks.gauge(of.BURN, *_CHOSEN), "{{objective}} {{scope}} {{window}}"
                        ),
                    ),
                    empty=_NOTHING_COUNTS,
                ),
                Panel(
                    kind=Kind.STATES,
                    vi="Trạng thái theo thời gian",
                    en="States over time",
                    of=(of.STATE,),
                    queries=(_SPELLS,),
                    partition="objective",
                    empty=_NOT_JUDGED,
                ),
            ),
        ),
        Row(
            "Dịch vụ",
            "Services",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Nhóm thủ tục tại từng cơ quan",
                    en="Services by agency",
                    width=24,
                    height=10,
                    says="Degraded ones first.",
                    of=(of.DEGRADED, of.OPEN, of.WORKING_TIME, of.LIMIT),
                    queries=(_SERVICES,),
                    columns=(
                        Column(name="từ · since", unit=Unit.TIME),
                        Column(name="trung vị · median", unit=Unit.SECONDS),
                        Column(name="giới hạn · limit", unit=Unit.SECONDS),
                    ),
                    empty="no group of procedures is declared, or none has a dossier.",
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Dịch vụ đang suy giảm, với lý do",
                    en="Degraded services, with their reasons",
                    width=24,
                    height=6,
                    says="By the recording rule `emc:service_degraded`: legal reasons of the ledger,"
                    " and technical ones of portals and interfaces that burn their budget.",
                    of=(of.DEGRADED,),
                    queries=(Promql("max without (instance, job) (emc:service_degraded)"),),
                    empty="nothing is degraded, or the rules of deploy/prometheus are not loaded.",
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Tồn theo nhóm thủ tục",
                    en="Open by group",
                    says="Summed over agencies.",
                    of=(of.OPEN,),
                    queries=(Promql(asks.summed(asks.gauge(of.OPEN), "group"), "{{group}}"),),
                    empty="no group of procedures is declared, or none has a dossier.",
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Thời gian làm việc so với giới hạn",
                    en="Working time against the limit",
                    unit=Unit.NUMBER,
                    says="Median over limit; above 1 is slow.",
                    of=(of.WORKING_TIME, of.LIMIT),
                    steps=(From(None, Colour.GOOD), From(1, Colour.WATCH)),
                    queries=(
                        Promql(
                            "max without (quantile) ("
                            + asks.gauge(of.WORKING_TIME)
                            + ") / on (agency, group) "
                            + asks.summed(asks.gauge(of.LIMIT), "agency", "group"),
                            "{{agency}} {{group}}",
                        ),
                    ),
                    empty="too few were completed in the recent days.",
                ),
            ),
        ),
    ),
)
