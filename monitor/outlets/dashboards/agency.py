"""Agency: one ministry or province, or several, with its offices, channels and rules."""

from collections.abc import Mapping
from typing import Final

from monitor.domain.measures import Measure
from monitor.outlets import names
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.asks import MEASURES
from monitor.outlets.dashboards.declare import (
    Column,
    Dashboard,
    Kind,
    Link,
    Panel,
    Promql,
    Row,
    Sql,
    Unit,
    Variable,
)
from monitor.outlets.dashboards.national import (
    AGENCY,
    ANY_IS_NOTED,
    DUES,
    NO_NEWS,
    NONE_JUDGED,
    RULE_DEFINITIONS,
    RULE_MEASURES,
    RULE_SHARES,
    reaching,
)

_CHOSEN: Final = (Variable.AGENCY, Variable.CHANNEL)
_WHERE: Final = (asks.among(Variable.AGENCY), asks.among(Variable.CHANNEL))
_SAME: Final = (("agency", "${agency:queryparam}"),)
_CONSUMED: Final = names.CONSUMED

# What is open at the end of each day: what is open now less what has moved since.
OPEN_BY_DAY: Final = Sql(
    f"""\
WITH now AS (
    SELECT coalesce(sum(amount), 0) AS dossiers FROM grafana_total
    WHERE measure IN {asks.named(Measure.IN_PROCESS, Measure.PAUSED)}
      AND agency IN (${{agency:sqlstring}}) AND channel IN (${{channel:sqlstring}})
), moved AS MATERIALIZED (
    SELECT day, sum(amount) AS dossiers
    FROM grafana_line AS line JOIN grafana_cell AS cell ON cell.id = line.cell
    WHERE measure IN {asks.named(Measure.IN_PROCESS, Measure.PAUSED)} AND day > {asks.SINCE}
      AND agency IN (${{agency:sqlstring}}) AND channel IN (${{channel:sqlstring}})
    GROUP BY day
), days AS (
    SELECT day FROM generate_series({asks.SINCE}, {asks.TODAY}) AS day
)
SELECT grafana_time(day) AS time,
       now.dossiers - coalesce((SELECT sum(dossiers) FROM moved WHERE moved.day > days.day), 0)
           AS "Đang giải quyết · open"
FROM days, now WHERE day <= {asks.UNTIL} ORDER BY day""",  # noqa: S608 - constants
    series=True,
)

_OFFICES: Final = asks.grouped(
    {"office": "office"},
    {
        "tiếp nhận · accepted": asks.amount(Measure.ACCEPTED),
        "đã giải quyết · completed": asks.amount(Measure.COMPLETED),
        "đúng hạn · on time": asks.share(*asks.RULES["on_time"]),
        "trễ hạn · late": asks.amount(Measure.LATE),
    },
    Measure.ACCEPTED,
    Measure.COMPLETED,
    Measure.ON_TIME,
    Measure.LATE,
    where=_WHERE,
    most=500,
)
_PROCEDURES: Final = asks.grouped(
    {"procedure": "procedure"},
    {
        "tiếp nhận · accepted": asks.amount(Measure.ACCEPTED),
        "đã giải quyết · completed": asks.amount(Measure.COMPLETED),
        "đúng hạn · on time": asks.share(*asks.RULES["on_time"]),
        "thời gian trung bình · mean time": f"{asks.amount(Measure.PROCESSING_TIME)} / 1000.0"
        f" / nullif({asks.amount(Measure.COMPLETED)}, 0)",
    },
    Measure.ACCEPTED,
    Measure.COMPLETED,
    Measure.ON_TIME,
    Measure.LATE,
    Measure.PROCESSING_TIME,
    where=_WHERE,
    most=200,
)


def dashboard(targets: Mapping[str, float]) -> Dashboard:
    """`targets` are those of the objectives in force, by name."""
    return Dashboard(
        uid=AGENCY,
        vi="Cơ quan",
        en="Agency",
        about="One ministry or province, or several: what it received, settled and has open, by"
        " channel, office, procedure and rule.",
        variables=_CHOSEN,
        rows=(
            Row(
                "Hiện tại",
                "Now",
                (
                    Panel(
                        kind=Kind.STAT,
                        vi="Đang giải quyết",
                        en="Open",
                        width=6,
                        height=4,
                        of=(names.OPEN,),
                        queries=(Promql(asks.summed(asks.gauge(names.OPEN, *_CHOSEN))),),
                        link=Link("Tồn đọng · Backlog", DUES, _SAME),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Quá hạn",
                        en="Overdue",
                        width=6,
                        height=4,
                        of=(names.OPEN_OVERDUE,),
                        queries=(
                            Promql(asks.summed(asks.gauge(names.OPEN_OVERDUE, *_CHOSEN))),
                        ),
                        steps=ANY_IS_NOTED,
                        link=Link(
                            "Những hồ sơ này · These dossiers",
                            DUES,
                            (*_SAME, ("due", "overdue")),
                        ),
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Tỷ lệ đúng hạn",
                        en="On-time share",
                        width=6,
                        height=4,
                        unit=Unit.SHARE,
                        says="In the chosen time; on time of on time and late.",
                        of=(MEASURES[Measure.ON_TIME], MEASURES[Measure.LATE]),
                        queries=(
                            asks.at_once(
                                {"on_time": asks.share(*asks.RULES["on_time"])},
                                Measure.ON_TIME,
                                Measure.LATE,
                                where=_WHERE,
                            ),
                        ),
                        empty=NONE_JUDGED,
                    ),
                    Panel(
                        kind=Kind.STAT,
                        vi="Thời gian xử lý trung bình",
                        en="Mean processing time",
                        width=6,
                        height=4,
                        unit=Unit.SECONDS,
                        says="In the chosen time, of what was completed.",
                        of=(MEASURES[Measure.PROCESSING_TIME], MEASURES[Measure.COMPLETED]),
                        queries=(
                            asks.at_once(
                                {
                                    "mean": f"{asks.amount(Measure.PROCESSING_TIME)} / 1000.0"
                                    f" / nullif({asks.amount(Measure.COMPLETED)}, 0)"
                                },
                                Measure.PROCESSING_TIME,
                                Measure.COMPLETED,
                                where=_WHERE,
                            ),
                        ),
                        empty="nothing was completed in the chosen time.",
                    ),
                ),
            ),
            Row(
                "Theo ngày",
                "By day",
                (
                    Panel(
                        kind=Kind.LINES,
                        vi="Tiếp nhận theo kênh",
                        en="Accepted by channel",
                        stacked=True,
                        of=(MEASURES[Measure.ACCEPTED],),
                        queries=(
                            asks.by_day(
                                {
                                    f"{vi} · {channel}": "coalesce(sum(amount) FILTER"
                                    f" (WHERE channel = '{channel}'), 0)"
                                    for vi, channel in (
                                        ("Trực tiếp", "direct"),
                                        ("Trực tuyến", "online"),
                                        ("Bưu chính", "postal"),
                                        ("Không nêu", "unsaid"),
                                    )
                                },
                                Measure.ACCEPTED,
                                where=_WHERE,
                            ),
                        ),
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Tiếp nhận, giải quyết, trả kết quả",
                        en="Accepted, completed, handed over",
                        of=tuple(
                            MEASURES[measure]
                            for measure in (
                                Measure.ACCEPTED,
                                Measure.COMPLETED,
                                Measure.RETURNED,
                                Measure.HANDED_OVER,
                            )
                        ),
                        queries=(
                            asks.by_day(
                                {
                                    "Tiếp nhận · accepted": asks.amount(Measure.ACCEPTED),
                                    "Đã giải quyết · completed": asks.amount(Measure.COMPLETED),
                                    "Trả lại, rút · returned": asks.amount(Measure.RETURNED),
                                    "Đã trả kết quả · handed over": asks.amount(
                                        Measure.HANDED_OVER
                                    ),
                                },
                                Measure.ACCEPTED,
                                Measure.COMPLETED,
                                Measure.RETURNED,
                                Measure.HANDED_OVER,
                                where=_WHERE,
                            ),
                        ),
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Tồn cuối ngày",
                        en="Open at the end of the day",
                        says="What is open now less what has moved since the day; of today, what is"
                        " open now.",
                        of=(MEASURES[Measure.IN_PROCESS], MEASURES[Measure.PAUSED]),
                        queries=(OPEN_BY_DAY,),
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Tỷ lệ đúng hạn theo từng quy tắc",
                        en="On-time share by rule",
                        unit=Unit.SHARE,
                        most=1,
                        steps=reaching(targets, "on-time-06b"),
                        says="Of what ended on the day and was judged by the rule.",
                        of=RULE_DEFINITIONS,
                        queries=(asks.by_day(RULE_SHARES, *RULE_MEASURES, where=_WHERE),),
                    ),
                ),
            ),
            Row(
                "Chi tiết",
                "Breakdown",
                (
                    Panel(
                        kind=Kind.TABLE,
                        vi="Đơn vị",
                        en="Offices",
                        height=12,
                        says="In the chosen time, the agency as it was told: department, commune,"
                        " division. At most 500, the biggest first.",
                        of=(MEASURES[Measure.ACCEPTED], MEASURES[Measure.COMPLETED]),
                        queries=(_OFFICES,),
                        columns=(Column(name="đúng hạn · on time", unit=Unit.SHARE),),
                    ),
                    Panel(
                        kind=Kind.TABLE,
                        vi="Thủ tục hành chính",
                        en="Procedures",
                        height=12,
                        says="In the chosen time. At most 200, the biggest first.",
                        of=(
                            MEASURES[Measure.ACCEPTED],
                            MEASURES[Measure.COMPLETED],
                            MEASURES[Measure.PROCESSING_TIME],
                        ),
                        queries=(_PROCEDURES,),
                        columns=(
                            Column(name="đúng hạn · on time", unit=Unit.SHARE),
                            Column(name="thời gian trung bình · mean time", unit=Unit.SECONDS),
                        ),
                    ),
                    Panel(
                        kind=Kind.BARS,
                        vi="Phần thời hạn đã dùng",
                        en="Share of the deadline consumed",
                        width=24,
                        says="Completed dossiers since the beginning, by the bin their share falls in:"
                        " 1 is the deadline, what lies above is late.",
                        of=(_CONSUMED.credit,),
                        queries=(
                            Sql(
                                "SELECT CASE measure "
                                + " ".join(
                                    f"WHEN {Measure.DEADLINE_CONSUMED + place} THEN '{words}'"
                                    for place, words in enumerate(
                                        [
                                            *(f"≤ {bound}" for bound in names.BOUNDS[:-1]),
                                            f"> {names.BOUNDS[-2]}",
                                        ]
                                    )
                                )
                                + ' END AS share, sum(amount) AS "hồ sơ · dossiers"\n'
                                "FROM grafana_total WHERE measure BETWEEN"
                                f" {int(Measure.DEADLINE_CONSUMED)} AND"
                                f" {Measure.DEADLINE_CONSUMED + len(names.BOUNDS) - 1}"
                                " AND agency IN (${agency:sqlstring})\n"
                                "GROUP BY measure ORDER BY measure"
                            ),
                        ),
                        empty="nothing with a due date was completed yet.",
                    ),
                ),
            ),
            Row(
                "Thời gian thực",
                "Live",
                (
                    Panel(
                        kind=Kind.LINES,
                        vi="Nhịp tiếp nhận",
                        en="Pace of acceptance",
                        unit=Unit.PER_SECOND,
                        says="Credits a second of what is news, by agency; for the trend, not for sums.",
                        of=(asks.flow(Measure.ACCEPTED).credit,),
                        queries=(
                            Promql(
                                asks.news(
                                    asks.flow(Measure.ACCEPTED), *_CHOSEN, by=("agency",)
                                ),
                                "{{agency}}",
                            ),
                        ),
                        empty=NO_NEWS,
                    ),
                    Panel(
                        kind=Kind.LINES,
                        vi="Quá hạn theo cơ quan",
                        en="Overdue by agency",
                        of=(names.OPEN_OVERDUE,),
                        queries=(
                            Promql(
                                asks.summed(asks.gauge(names.OPEN_OVERDUE, *_CHOSEN), "agency"),
                                "{{agency}}",
                            ),
                        ),
                    ),
                ),
            ),
        ),
    )
