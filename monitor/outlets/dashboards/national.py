"""National overview: how the country stands, and who to look at next."""

from collections.abc import Mapping
from typing import Final

from monitor.domain.measures import Measure
from monitor.outlets import names
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.asks import MEASURES
from monitor.outlets.dashboards.declare import (
    Colour,
    Column,
    Dashboard,
    From,
    Kind,
    Link,
    Panel,
    Promql,
    Row,
    Sql,
    Unit,
)

NATIONAL: Final = "emc-national"
AGENCY: Final = "emc-agency"
STEPS: Final = "emc-steps"
DUES: Final = "emc-due"
PORTALS: Final = "emc-services"
CONNECTIONS: Final = "emc-connections"
OBJECTIVES: Final = "emc-objectives"
INTERNALS: Final = "emc-monitor"

ANY_IS_BAD: Final = (From(None, Colour.GOOD), From(1, Colour.BAD))
ANY_IS_NOTED: Final = (From(None, Colour.GOOD), From(1, Colour.WATCH))


def reaching(targets: Mapping[str, float], objective: str) -> tuple[From, ...]:
    """Green from an objective's target on, orange just below; no colour where there is none."""
    target = targets.get(objective)
    if target is None:
        return ()
    return (
        From(None, Colour.BAD),
        From(round(target - 0.05, 4), Colour.WATCH),
        From(target, Colour.GOOD),
    )


NONE_JUDGED: Final = (
    "nothing was judged by that rule in the chosen time; no ratio is 0 or 100 % then."
)
NO_NEWS: Final = "nothing has happened while Prometheus looked."

_OF_RULES: Final = {
    "Đúng hạn theo hạn hệ thống gửi · plain": ("on_time", Measure.ON_TIME),
    "Quyết định 766 · Decision 766": ("on_time_766", Measure.ON_TIME_766),
    "Biểu 06b · report 06b": ("on_time_06b", Measure.ON_TIME_06B),
    "Theo hạn đầu tiên · first due": ("on_time_first_due", Measure.ON_TIME_FIRST_DUE),
}
RULE_SHARES: Final = {
    name: asks.share(*asks.RULES[rule]) for name, (rule, _) in _OF_RULES.items()
}
RULE_MEASURES: Final = tuple(
    sorted({measure for part, whole in asks.RULES.values() for measure in (*part, *whole)})
)
RULE_DEFINITIONS: Final = tuple(MEASURES[measure] for measure in RULE_MEASURES)

_WITH_ALL: Final = (("agency", "$__all"),)
_THE_AGENCY: Final = Link(
    "Cơ quan này · This agency", AGENCY, (("agency", "${__data.fields.agency}"),)
)

_AGENCIES: Final = Sql(
    f"""\
WITH period AS (
    SELECT agency, {asks.amount(Measure.ACCEPTED)} AS accepted,
           {asks.amount(Measure.COMPLETED)} AS completed,
           {asks.share(*asks.RULES["on_time"])} AS on_time
    {asks.lines(Measure.ACCEPTED, Measure.COMPLETED, Measure.ON_TIME, Measure.LATE)}
    GROUP BY agency
), stock AS (
    SELECT agency, sum(dossiers) AS open,
           coalesce(sum(dossiers) FILTER (WHERE due = 'overdue'), 0) AS overdue,
           coalesce(sum(dossiers) FILTER (WHERE due = 'today'), 0) AS today
    FROM grafana_stock GROUP BY agency
)
SELECT agency, coalesce(name, '') AS "tên · name", coalesce(accepted, 0) AS "tiếp nhận · accepted",
       coalesce(completed, 0) AS "đã giải quyết · completed", on_time AS "đúng hạn · on time",
       coalesce(open, 0) AS "đang giải quyết · open", coalesce(overdue, 0) AS "quá hạn · overdue",
       overdue::float8 / nullif(open, 0) AS "tỷ lệ quá hạn · overdue share",
       coalesce(today, 0) AS "đến hạn hôm nay · due today"
FROM period FULL JOIN stock USING (agency)
LEFT JOIN (SELECT DISTINCT agency, name FROM grafana_agency) AS named USING (agency)
ORDER BY 7 DESC, 1"""  # noqa: S608 - constants
)


def dashboard(targets: Mapping[str, float]) -> Dashboard:
    """`targets` are those of the objectives in force, by name."""
    return Dashboard(
        uid=NATIONAL,
        vi="Toàn quốc",
        en="National overview",
        about="How the country stands now and over the chosen time, and which agency to look at."
        " Numbers of a time are by event time, from the ledger; what is live is from Prometheus.",
        rows=(
            Row(
                "Hiện tại",
                "Now",
                (
                    Panel(
                        kind=Kind.STAT,
                        vi="Đang giải quyết",
                        en="Open",
                        width=4,
                        height=5,
                        says="Summed over all agencies, channels and levels.",
                        of=(names.OPEN,),
                        queries=(Promql(asks.summed(asks.gauge(names.OPEN))),),
                        link=Link("Tồn đọng · Backlog", DUES, _WITH_ALL),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Quá hạn",
                        en="Overdue",
                        width=4,
                        height=5,
                        of=(names.OPEN_OVERDUE,),
                        queries=(Promql(asks.summed(asks.gauge(names.OPEN_OVERDUE))),),
                        steps=ANY_IS_NOTED,
                        link=Link(
                            "Những hồ sơ này · These dossiers",
                            DUES,
                            (*_WITH_ALL, ("due", "overdue")),
                        ),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Đến hạn hôm nay",
                        en="Due today",
                        width=4,
                        height=5,
                        says="Those that fall due later today.",
                        of=(names.OPEN_DUE,),
                        queries=(
                            Promql(asks.summed(asks.gauge(names.OPEN_DUE, also='due="today"'))),
                        ),
                        link=Link(
                            "Những hồ sơ này · These dossiers",
                            DUES,
                            (*_WITH_ALL, ("due", "today")),
                        ),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Hệ thống không kết nối tốt",
                        en="Sources not well connected",
                        width=4,
                        height=5,
                        says="Live sources whose shown class is not connected, announced maintenance"
                        " left out.",
                        of=(names.SOURCE_CLASS,),
                        queries=(
                            Promql(
                                "count("
                                + asks.gauge(
                                    names.SOURCE_CLASS, also='status="live", class!="connected"'
                                )
                                + " unless on (source) "
                                + asks.gauge(
                                    names.SOURCE_FACT, also='fact=~"maintenance|short_notice"'
                                )
                                + ") or vector(0)"
                            ),
                        ),
                        steps=ANY_IS_NOTED,
                        link=Link("Kết nối · Connections", CONNECTIONS),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Cảnh báo đang hoạt động",
                        en="Alerts firing",
                        width=4,
                        height=5,
                        says="Pages and tickets that Prometheus holds to be firing, of the rules of"
                        " deploy/prometheus.",
                        queries=(
                            Promql(
                                'count(ALERTS{alertstate="firing", severity=~"page|ticket"})'
                                " or vector(0)"
                            ),
                        ),
                        steps=ANY_IS_BAD,
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Bản ghi mỗi giây",
                        en="Records a second",
                        width=4,
                        height=5,
                        of=(names.RECORDS,),
                        unit=Unit.PER_SECOND,
                        queries=(Promql(asks.summed(asks.pace(names.RECORDS))),),
                        link=Link("Nội bộ · Internals", INTERNALS),
                    ),
                ),
            ),
            Row(
                "Trong khoảng thời gian đã chọn",
                "In the chosen time",
                (
                    Panel(
                        kind=Kind.STAT,
                        vi="Tiếp nhận",
                        en="Accepted",
                        width=4,
                        height=4,
                        of=(MEASURES[Measure.ACCEPTED],),
                        queries=(
                            asks.at_once(
                                {"accepted": asks.amount(Measure.ACCEPTED)}, Measure.ACCEPTED
                            ),
                        ),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Đã giải quyết",
                        en="Completed",
                        width=4,
                        height=4,
                        of=(MEASURES[Measure.COMPLETED],),
                        queries=(
                            asks.at_once(
                                {"completed": asks.amount(Measure.COMPLETED)}, Measure.COMPLETED
                            ),
                        ),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Tỷ lệ đúng hạn",
                        en="On-time share",
                        width=4,
                        height=4,
                        unit=Unit.SHARE,
                        says="On time of on time and late; without a due date a dossier is in neither.",
                        of=(MEASURES[Measure.ON_TIME], MEASURES[Measure.LATE]),
                        queries=(
                            asks.at_once(
                                {"on_time": asks.share(*asks.RULES["on_time"])},
                                Measure.ON_TIME,
                                Measure.LATE,
                            ),
                        ),
                        empty=NONE_JUDGED,
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Tỷ lệ nộp trực tuyến",
                        en="Online share",
                        width=4,
                        height=4,
                        unit=Unit.SHARE,
                        steps=reaching(targets, "online-share"),
                        says="Accepted by channel online, of all accepted.",
                        of=(MEASURES[Measure.ACCEPTED],),
                        queries=(
                            asks.at_once(
                                {
                                    "online": "sum(amount) FILTER (WHERE channel = 'online')::float8"
                                    " / nullif(sum(amount), 0)"
                                },
                                Measure.ACCEPTED,
                            ),
                        ),
                        empty="nothing was accepted in the chosen time.",
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Tỷ lệ hồ sơ trực tuyến toàn trình",
                        en="Full-process share",
                        width=4,
                        height=4,
                        unit=Unit.SHARE,
                        steps=reaching(targets, "full-process-dossiers"),
                        says="Accepted by channel online at service level 4, of all accepted"
                        " (`full_process_dossier_share`). Basis: practice.",
                        of=(MEASURES[Measure.ACCEPTED],),
                        queries=(
                            asks.at_once(
                                {
                                    "full_process": "sum(amount) FILTER (WHERE channel = 'online'"
                                    " AND level = '4')::float8 / nullif(sum(amount), 0)"
                                },
                                Measure.ACCEPTED,
                            ),
                        ),
                        empty="nothing was accepted in the chosen time.",
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Từ trước đến nay",
                        en="Accepted since the beginning",
                        width=4,
                        height=4,
                        says="Credit less debit: the same account as Accepted, not narrowed to a time.",
                        of=(asks.flow(Measure.ACCEPTED).credit,),
                        queries=(Promql(asks.figure(asks.flow(Measure.ACCEPTED))),),
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Hồ sơ theo ngày",
                        en="Dossiers by day",
                        of=(
                            MEASURES[Measure.ACCEPTED],
                            MEASURES[Measure.COMPLETED],
                            MEASURES[Measure.RETURNED],
                        ),
                        queries=(
                            asks.by_day(
                                {
                                    "Tiếp nhận · accepted": asks.amount(Measure.ACCEPTED),
                                    "Đã giải quyết · completed": asks.amount(Measure.COMPLETED),
                                    "Trả lại, rút · returned": asks.amount(Measure.RETURNED),
                                },
                                Measure.ACCEPTED,
                                Measure.COMPLETED,
                                Measure.RETURNED,
                            ),
                        ),
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Tỷ lệ đúng hạn theo từng quy tắc",
                        en="On-time share by rule",
                        unit=Unit.SHARE,
                        most=1,
                        steps=reaching(targets, "on-time-06b"),
                        says="Of what ended on the day and was judged by the rule. The rules differ in"
                        " whose due date, what is taken off and what is left out, and are never merged."
                        " Decision 766 also counts what is open within its limit; here only what ended.",
                        of=RULE_DEFINITIONS,
                        queries=(asks.by_day(RULE_SHARES, *RULE_MEASURES),),
                    ),
                ),
            ),
            Row(
                "Cơ quan",
                "Agencies",
                (
                    Panel(
                        kind=Kind.TABLE,
                        vi="Các bộ, ngành và địa phương",
                        en="Ministries and provinces",
                        width=24,
                        height=14,
                        says="Accepted, completed and on time in the chosen time; open, overdue and due"
                        " today now. The most overdue first.",
                        of=(
                            MEASURES[Measure.ACCEPTED],
                            MEASURES[Measure.COMPLETED],
                            MEASURES[Measure.ON_TIME],
                            names.OPEN,
                            names.OPEN_OVERDUE,
                        ),
                        queries=(_AGENCIES,),
                        columns=(
                            Column(name="agency", link=_THE_AGENCY),
                            Column(name="đúng hạn · on time", unit=Unit.SHARE),
                            Column(
                                name="quá hạn · overdue",
                                steps=ANY_IS_NOTED,
                                link=Link(
                                    "Những hồ sơ này · These dossiers",
                                    DUES,
                                    (("agency", "${__data.fields.agency}"), ("due", "overdue")),
                                ),
                            ),
                            Column(name="tỷ lệ quá hạn · overdue share", unit=Unit.SHARE),
                        ),
                    ),
                ),
            ),
            Row(
                "Thời gian thực",
                "Live",
                (
                    Panel(
                        kind=Kind.LINES,
                        vi="Nhịp tiếp nhận và giải quyết",
                        en="Pace of acceptance and completion",
                        unit=Unit.PER_SECOND,
                        says="Credits a second of what is news; for the trend, not for sums.",
                        of=(
                            asks.flow(Measure.ACCEPTED).credit,
                            asks.flow(Measure.COMPLETED).credit,
                        ),
                        queries=(
                            Promql(
                                asks.news(asks.flow(Measure.ACCEPTED)), "Tiếp nhận · accepted"
                            ),
                            Promql(
                                asks.news(asks.flow(Measure.COMPLETED)),
                                "Đã giải quyết · completed",
                            ),
                        ),
                        empty=NO_NEWS,
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Đang giải quyết và quá hạn",
                        en="Open and overdue",
                        of=(names.OPEN, names.OPEN_OVERDUE),
                        queries=(
                            Promql(
                                asks.summed(asks.gauge(names.OPEN)), "Đang giải quyết · open"
                            ),
                            Promql(
                                asks.summed(asks.gauge(names.OPEN_OVERDUE)), "Quá hạn · overdue"
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
