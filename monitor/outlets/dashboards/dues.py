"""Backlog and what falls due: how much waits, when it is due, and which dossiers these are."""

from typing import Final

from monitor.domain.measures import Measure
from monitor.outlets import dues, names
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.agency import OPEN_BY_DAY
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
from monitor.outlets.dashboards.national import ANY_IS_NOTED, DUES

_CHOSEN: Final = (Variable.AGENCY, Variable.CHANNEL, Variable.DUE)
_HERE: Final = f"{asks.among(Variable.AGENCY)} AND {asks.among(Variable.CHANNEL)}"
_DUE: Final = (
    ("Quá hạn", "overdue"),
    ("Đến hạn hôm nay", "today"),
    ("Đến hạn ngày mai", "tomorrow"),
    ("Đến hạn sau đó", "later"),
    ("Không có hạn", "none"),
)

_NO_PACE: Final = "the pace is not known yet, or no reference files are in force."

_BY_DUE_DAY: Final = Sql(
    f"""\
SELECT to_char(date '1970-01-01' + due_day, 'YYYY-MM-DD') AS "hạn trả · due day",
       sum(dossiers) FILTER (WHERE state = 'in_process') AS "Đang giải quyết · in process",
       sum(dossiers) FILTER (WHERE state = 'paused') AS "Tạm dừng · paused"
FROM grafana_stock
WHERE due_day BETWEEN {asks.TODAY} - 10 AND {asks.TODAY} + 30 AND {_HERE}
GROUP BY due_day HAVING sum(dossiers) <> 0 ORDER BY due_day"""  # noqa: S608 - constants
)

_BY_AGE: Final = Sql(
    f"""\
SELECT age AS "quá hạn · overdue for",
       sum(dossiers) AS "hồ sơ · dossiers"
FROM grafana_stock
CROSS JOIN LATERAL (SELECT {asks.TODAY} - due_day AS days) AS late
CROSS JOIN LATERAL (SELECT CASE
    WHEN days < 1 THEN '0: hôm nay · today' WHEN days <= 5 THEN '1: 1–5 ngày · days'
    WHEN days <= 10 THEN '2: 6–10 ngày · days' WHEN days <= 30 THEN '3: 11–30 ngày · days'
    ELSE '4: > 30 ngày · days' END AS age) AS banded
WHERE due = 'overdue' AND {_HERE}
GROUP BY age HAVING sum(dossiers) <> 0 ORDER BY age"""  # noqa: S608 - constants
)

_LISTED: Final = f"""\
    SELECT token, agency, office, procedure, channel, level, state, due_at AS "hạn trả · due",
           extract(epoch FROM now() - due_at)::float8 AS "quá hạn · overdue for"
    FROM grafana_open WHERE due = ${{due:sqlstring}} AND {_HERE}"""  # noqa: S608 - constants
_MIDNIGHT: Final = f"extract(epoch FROM grafana_time({asks.TODAY}"
# At most a page of it; whoever needs all of them asks the ledger. The bounds say nothing that `due`
# does not, but of due dates there is an index, and of a million open dossiers few are listed.
_DOSSIERS: Final = Sql(
    f"""\
(
{_LISTED}
      AND due_ms >= (SELECT CASE ${{due:sqlstring}} WHEN 'overdue' THEN 0
                            WHEN 'today' THEN {_MIDNIGHT}))
                            WHEN 'tomorrow' THEN {_MIDNIGHT} + 1))
                            ELSE {_MIDNIGHT} + 2)) END * 1000)::bigint
      AND due_ms < (SELECT CASE ${{due:sqlstring}} WHEN 'overdue' THEN extract(epoch FROM now())
                           WHEN 'today' THEN {_MIDNIGHT} + 1))
                           WHEN 'tomorrow' THEN {_MIDNIGHT} + 2))
                           ELSE 4e9 END * 1000)::bigint
    ORDER BY due_ms LIMIT 200
) UNION ALL (
{_LISTED}
      AND ${{due:sqlstring}} = 'none' AND due_ms IS NULL
    LIMIT 200
)"""  # noqa: S608 - constants
)

_OVERDUE_BY_AGENCY: Final = Sql(
    f"""\
SELECT agency, sum(dossiers) AS "đang giải quyết · open",
{
        "".join(
            f'''       coalesce(sum(dossiers) FILTER (WHERE due = '{due}'), 0)'''
            f''' AS "{vi.lower()} · {due}"{"," if due != "none" else ""}
'''
            for vi, due in _DUE
        )
    }FROM grafana_stock WHERE {_HERE}
GROUP BY agency ORDER BY 3 DESC, 1"""
)

DASHBOARD: Final = Dashboard(
    uid=DUES,
    vi="Tồn đọng và sắp đến hạn",
    en="Backlog and what falls due",
    about="How much waits, when it falls due, and which dossiers these are. Dossiers stand here"
    " under tokens: whoever may read the ledger finds one with `emc explain TOKEN`.",
    variables=_CHOSEN,
    rows=(
        Row(
            "Hiện tại",
            "Now",
            (
                *(
                    Panel(
                        kind=Kind.STAT,
                        vi=vi,
                        en={"none": "Without due date"}.get(due, f"Due {due}").replace(
                            "Due overdue", "Overdue"
                        ),
                        width=6 if due in ("overdue", "today") else 4,
                        height=4,
                        of=(names.OPEN_DUE,),
                        queries=(
                            Promql(
                                asks.summed(
                                    asks.gauge(
                                        names.OPEN_DUE, Variable.AGENCY, also=f'due="{due}"'
                                    )
                                )
                            ),
                        ),
                        says="Of the chosen agencies, all channels.",
                        steps=ANY_IS_NOTED if due == "overdue" else (),
                    )
                    for vi, due in _DUE
                ),
            ),
        ),
        Row(
            "Tồn đọng",
            "Backlog",
            (
                Panel(
                    kind=Kind.BARS,
                    vi="Đang giải quyết theo ngày đến hạn",
                    en="Open by the day it falls due",
                    width=16,
                    height=9,
                    stacked=True,
                    says="From ten days ago to thirty days ahead.",
                    of=(MEASURES[Measure.IN_PROCESS], MEASURES[Measure.PAUSED]),
                    queries=(_BY_DUE_DAY,),
                ),
                Panel(
                    kind=Kind.BARS,
                    vi="Quá hạn bao lâu",
                    en="Overdue for how long",
                    width=8,
                    height=9,
                    says="By calendar days since the due day.",
                    of=(names.OPEN_OVERDUE,),
                    queries=(_BY_AGE,),
                    empty="nothing is overdue.",
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
                    vi="Quá hạn, thời gian thực",
                    en="Overdue, live",
                    of=(names.OPEN_OVERDUE,),
                    queries=(
                        Promql(
                            asks.summed(
                                asks.gauge(
                                    names.OPEN_OVERDUE, Variable.AGENCY, Variable.CHANNEL
                                ),
                                "agency",
                            ),
                            "{{agency}}",
                        ),
                    ),
                ),
            ),
        ),
        Row(
            "Dự báo",
            "Forecast",
            (
                Panel(
                    kind=Kind.LINES,
                    vi="Dự kiến quá hạn trong 1, 3, 5 ngày làm việc",
                    en="Expected to be overdue",
                    of=(dues.EXPECTED,),
                    queries=(
                        Promql(
                            asks.summed(
                                asks.gauge(dues.EXPECTED, Variable.AGENCY), "agency", "within"
                            ),
                            "{{agency}} +{{within}}",
                        ),
                    ),
                    empty=_NO_PACE,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Nhịp giải quyết mỗi ngày làm việc",
                    en="Pace a working day",
                    of=(dues.PACE,),
                    queries=(
                        Promql(
                            asks.summed(asks.gauge(dues.PACE, Variable.AGENCY), "agency"),
                            "{{agency}}",
                        ),
                    ),
                    empty=_NO_PACE,
                ),
            ),
        ),
        Row(
            "Hồ sơ",
            "Dossiers",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Theo cơ quan",
                    en="By agency",
                    width=24,
                    height=9,
                    of=(names.OPEN_DUE,),
                    queries=(_OVERDUE_BY_AGENCY,),
                    columns=(Column(name="quá hạn · overdue", steps=ANY_IS_NOTED),),
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Danh sách hồ sơ theo hạn đã chọn",
                    en="Dossiers of the chosen due",
                    width=24,
                    height=14,
                    says="Open dossiers of the chosen agencies, channels and due, the earliest due"
                    " first, at most 200. The token stands for the dossier's code:"
                    " `emc explain TOKEN` tells how its figures came about, to whoever may read"
                    " the ledger.",
                    of=(names.OPEN,),
                    queries=(_DOSSIERS,),
                    columns=(
                        Column(name="hạn trả · due", unit=Unit.TIME),
                        Column(name="quá hạn · overdue for", unit=Unit.SECONDS),
                    ),
                    empty="no dossier is open that falls due so.",
                ),
            ),
        ),
    ),
)
