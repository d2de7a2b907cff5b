"""Connections and data quality: who sends, who does not, and what is odd about what is sent."""

from typing import Final

from monitor.domain.measures import Measure
from monitor.domain.warning import QualityWarning
from monitor.outlets import latency, names
from monitor.outlets.dashboards import asks
from monitor.outlets.dashboards.asks import MEASURES
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
from monitor.outlets.dashboards.national import ANY_IS_NOTED, CONNECTIONS

_CHOSEN: Final = (Variable.SOURCE,)
_HERE: Final = asks.among(Variable.SOURCE)
_NO_SOURCES: Final = "no source is registered, or emc ingest, which judges them, has not run."
_SHARES: Final = (From(None, Colour.BAD), From(0.95, Colour.WATCH), From(0.99, Colour.GOOD))

_STANDING: Final = Sql(
    f"""\
SELECT connection.source, source.name AS "tên · name", source.owner AS "cơ quan · owner",
       CASE WHEN trial THEN 'trial' ELSE 'live' END AS "tình trạng · status",
       class AS "kết nối · class", to_timestamp(since_ms / 1000.0) AS "từ · since",
       to_timestamp(last_ms / 1000.0) AS "sự kiện cuối · last event",
       connected_ms::float8 / nullif(working_ms, 0) AS "thời gian kết nối · uptime",
       p50_ms / 1000.0 AS "độ trễ p50 · delay p50", p95_ms / 1000.0 AS "độ trễ p95 · delay p95",
       (SELECT string_agg(fact ->> 'fact', ', ' ORDER BY fact ->> 'fact')
        FROM jsonb_array_elements(facts) AS fact) AS "ghi chú · also"
FROM connection LEFT JOIN source ON source.code = connection.source
WHERE connection.{_HERE} ORDER BY class = 'connected', class, since_ms"""  # noqa: S608 - constants
)
_SPELLS: Final = Sql(
    f"""\
SELECT greatest(since_at, $__timeFrom()) AS time, source, class
FROM grafana_spell
WHERE since_at <= $__timeTo() AND coalesce(until_at, 'infinity') >= $__timeFrom()
  AND {_HERE}
ORDER BY 1"""  # noqa: S608 - constants
)
_COMPARED: Final = Sql(
    f"""\
SELECT source, to_char(date '1970-01-01' + day, 'YYYY-MM-DD') AS "ngày · day",
       claimed AS "báo cáo · claimed", counted AS "đếm được · counted",
       differing AS "chênh lệch · differing",
       differing::float8 / nullif(greatest(claimed, counted), 0) AS "tỷ lệ · share"
FROM grafana_reconciliation
WHERE day BETWEEN {asks.SINCE} AND {asks.UNTIL} AND {_HERE}
ORDER BY day DESC, source LIMIT 500"""  # noqa: S608 - constants
)
_WARNED: Final = Sql(
    f"""\
SELECT source, CASE slot {
        " ".join(f"WHEN {number:d} THEN '{number.name.lower()}'" for number in QualityWarning)
    } ELSE slot::text END AS warning,
       sum(amount) AS "hồ sơ · how many"
{asks.lines(Measure.WARNED, where=(_HERE,))}
GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 3 DESC, 1, 2 LIMIT 500"""
)
_HELD: Final = Sql(
    f"""\
SELECT source, reason, count(*) AS "đang giữ · held", min(arrived) AS "từ · since"
FROM quarantine WHERE state = 'held' AND {_HERE}
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT 500"""  # noqa: S608 - constants
)
_WINDOWS: Final = Sql(
    f"""\
SELECT source, name AS "kỳ · window", from_at AS "từ · from", to_at AS "đến · to",
       announced_at AS "báo trước · announced", reason AS "lý do · reason",
       force_majeure AS "bất khả kháng · force majeure"
FROM grafana_maintenance
WHERE to_at >= $__timeFrom() AND {_HERE} ORDER BY from_at DESC LIMIT 200"""  # noqa: S608 - constants
)

DASHBOARD: Final = Dashboard(
    uid=CONNECTIONS,
    vi="Kết nối và chất lượng dữ liệu",
    en="Connections and data quality",
    about="Who sends and who does not, since when, whether a source's own count agrees with ours,"
    " and what is odd about what it sends.",
    variables=_CHOSEN,
    since="now-7d",
    refresh="1m",
    rows=(
        Row(
            "Kết nối",
            "Connections",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Các hệ thống nguồn",
                    en="Sources",
                    width=24,
                    height=11,
                    says="Who is not connected first. Delays and uptime as their metrics say.",
                    of=(
                        names.SOURCE_CLASS,
                        names.SOURCE_LAST,
                        names.SOURCE_UPTIME,
                        names.SOURCE_FRESHNESS,
                        names.SOURCE_FACT,
                    ),
                    queries=(_STANDING,),
                    columns=(
                        Column(name="từ · since", unit=Unit.TIME),
                        Column(name="sự kiện cuối · last event", unit=Unit.AGO),
                        Column(
                            name="thời gian kết nối · uptime", unit=Unit.SHARE, steps=_SHARES
                        ),
                        Column(name="độ trễ p50 · delay p50", unit=Unit.SECONDS),
                        Column(name="độ trễ p95 · delay p95", unit=Unit.SECONDS),
                    ),
                    empty=_NO_SOURCES,
                ),
                Panel(
                    kind=Kind.STATES,
                    vi="Tình trạng kết nối theo thời gian",
                    en="How connections stood",
                    width=24,
                    height=10,
                    says="The class that held, by what arrived and not by when it was noticed.",
                    of=(names.SOURCE_CLASS,),
                    queries=(_SPELLS,),
                    partition="source",
                    empty=_NO_SOURCES,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Im lặng so với mức bình thường",
                    en="Silence against what is explained",
                    unit=Unit.SECONDS,
                    says="Time since the last event, and the longest silence that is no"
                    " interruption.",
                    of=(names.SOURCE_LAST, names.SOURCE_SILENCE),
                    queries=(
                        Promql(
                            f"time() - {asks.gauge(names.SOURCE_LAST, *_CHOSEN)}", "{{source}}"
                        ),
                        Promql(
                            asks.gauge(names.SOURCE_SILENCE, *_CHOSEN),
                            "{{source}} bình thường · explained",
                        ),
                    ),
                    empty=_NO_SOURCES,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Độ trễ từ lúc xảy ra đến lúc nhận",
                    en="From claimed time to arrival",
                    unit=Unit.SECONDS,
                    of=(names.SOURCE_FRESHNESS,),
                    queries=(
                        Promql(
                            asks.gauge(names.SOURCE_FRESHNESS, *_CHOSEN),
                            "{{source}} p{{quantile}}",
                        ),
                    ),
                    empty=_NO_SOURCES,
                ),
            ),
        ),
        Row(
            "Đối soát",
            "Reconciliation",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Số liệu nguồn báo cáo và số liệu đếm được",
                    en="Claims and counts",
                    width=14,
                    says="Of days in the chosen time, each as it stands now.",
                    queries=(_COMPARED,),
                    columns=(
                        Column(name="chênh lệch · differing", steps=ANY_IS_NOTED),
                        Column(name="tỷ lệ · share", unit=Unit.SHARE),
                    ),
                    empty="no source has claimed a count of such a day.",
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Bảo trì đã thông báo",
                    en="Announced maintenance",
                    width=10,
                    says="Windows that end in or after the chosen time, called-off ones left out."
                    " Announced less than seven working days ahead and not force majeure: short"
                    " notice (Art. 13), muted and still burning.",
                    queries=(_WINDOWS,),
                    columns=(
                        Column(name="từ · from", unit=Unit.TIME),
                        Column(name="đến · to", unit=Unit.TIME),
                        Column(name="báo trước · announced", unit=Unit.TIME),
                    ),
                    empty="nothing is announced.",
                ),
            ),
        ),
        Row(
            "Chất lượng dữ liệu",
            "Data quality",
            (
                Panel(
                    kind=Kind.LINES,
                    vi="Bản ghi theo kết quả",
                    en="Records by outcome",
                    unit=Unit.PER_SECOND,
                    of=(names.RECORDS,),
                    queries=(
                        Promql(
                            asks.summed(asks.pace(names.RECORDS, *_CHOSEN), "outcome"),
                            "{{outcome}}",
                        ),
                    ),
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Tỷ lệ bản ghi bị từ chối",
                    en="Refused share",
                    unit=Unit.SHARE,
                    most=1,
                    says="Refused of all records of the source, over the last hour.",
                    of=(names.RECORDS,),
                    queries=(
                        Promql(
                            "sum by (source) (max without (instance) (increase("
                            + names.RECORDS.name
                            + asks.chosen(names.RECORDS, *_CHOSEN, also='outcome="refused"')
                            + "[1h]))) / sum by (source) (max without (instance) (increase("
                            + names.RECORDS.name
                            + asks.chosen(names.RECORDS, *_CHOSEN)
                            + "[1h])))",
                            "{{source}}",
                        ),
                    ),
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Cảnh báo về dữ liệu",
                    en="Warnings about data",
                    width=12,
                    height=10,
                    says="In the chosen time, by the names of the dictionary of measures.",
                    of=(MEASURES[Measure.WARNED],),
                    queries=(_WARNED,),
                    empty="nothing was odd, or no reference files are in force.",
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Bản ghi đang bị giữ",
                    en="Quarantine",
                    width=12,
                    height=10,
                    says="Refused records that are held now, by reason.",
                    of=(names.RECORDS_REFUSED, names.QUARANTINE_SETTLED),
                    queries=(_HELD,),
                    columns=(Column(name="từ · since", unit=Unit.TIME),),
                    empty="nothing is held.",
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Nhịp cảnh báo về dữ liệu",
                    en="Pace of warnings about data",
                    width=24,
                    height=7,
                    unit=Unit.PER_SECOND,
                    says="Credits a second of what is news, over all agencies.",
                    of=(latency.WARNED.credit,),
                    queries=(
                        Promql(asks.news(latency.WARNED, by=("warning",)), "{{warning}}"),
                    ),
                    empty="nothing was odd.",
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Bản ghi của bên gửi chưa đăng ký",
                    en="Records of unknown senders",
                    unit=Unit.PER_SECOND,
                    of=(names.UNKNOWN_SENDERS,),
                    queries=(
                        Promql(asks.summed(asks.pace(names.UNKNOWN_SENDERS), "via"), "{{via}}"),
                    ),
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Lý do từ chối",
                    en="Reasons of refusal",
                    unit=Unit.PER_SECOND,
                    of=(names.RECORDS_REFUSED,),
                    queries=(
                        Promql(
                            asks.summed(asks.pace(names.RECORDS_REFUSED, *_CHOSEN), "reason"),
                            "{{reason}}",
                        ),
                    ),
                    empty="nothing was ever refused.",
                ),
            ),
        ),
    ),
)
