"""Official figures: the ranks and points of the month and the year under way."""

from typing import Final

from monitor.outlets import official
from monitor.outlets.dashboards import asks
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
from monitor.outlets.dashboards.national import AGENCY, NATIONAL

OFFICIAL: Final = "emc-official"

_HEADLINE: Final = 'set="emc", indicator="full_process_dossier_share"'
_ONLINE: Final = 'set="emc", indicator="online_share"'
_ON_TIME: Final = 'set="qd766", indicator="2.1"'
_COUNTRY: Final = 'scope="country"'
_NONE: Final = (
    "no figure was evaluated yet, or nothing was received in the month: 0 of 0 is no share."
)
_SAYS: Final = (
    "Of the month under way, as of the last cut that a worker evaluated. Definitions:"
    " docs/reference/indicators.md."
)


def _share(selector: str) -> str:
    """Numerator by denominator; nothing where there is none, and 0 is never made of that."""
    sides = [
        asks.gauge(side, also=selector) for side in (official.NUMERATOR, official.DENOMINATOR)
    ]
    return f"{sides[0]} / ({sides[1]} > 0)"


def _ranked(span: str) -> Sql:
    return Sql(
        f"""\
SELECT rank() OVER (PARTITION BY kind ORDER BY shown DESC) AS "hạng · place", scope AS agency,
       name AS "tên · name", kind AS "loại · kind", numerator AS "tử số · numerator",
       denominator AS "mẫu số · denominator", shown::float8 / 100 AS "toàn trình · full process",
       CASE WHEN denominator < 100 THEN 'ít hồ sơ · few' ELSE '' END AS "ghi chú · note"
FROM grafana_official
WHERE set_id = 'emc' AND indicator = 'full_process_dossier_share' AND span = '{span}'
  AND standing = 'number' AND scope <> 'country'
ORDER BY kind, shown DESC, scope"""  # noqa: S608 - constants
    )


_POINTS: Final = Sql(
    """\
SELECT scope AS agency, name AS "tên · name", kind AS "loại · kind",
       max(score) FILTER (WHERE indicator = '')::float8 AS "điểm · points",
       max(most) FILTER (WHERE indicator = '')::float8 AS "trên · of those known",
       max(shown) FILTER (WHERE indicator = '2.1')::float8 / 100 AS "2.1 tiến độ · on time",
       max(shown) FILTER (WHERE indicator = '3.6')::float8 / 100 AS "3.6 thanh toán · paid online",
       max(shown) FILTER (WHERE indicator = '4.1')::float8 / 100 AS "4.1 kết quả điện tử · e-result"
FROM grafana_official
WHERE set_id = 'qd766' AND span = 'month' AND scope <> 'country'
GROUP BY scope, name, kind
HAVING max(score) FILTER (WHERE indicator = '') IS NOT NULL
ORDER BY max(score) FILTER (WHERE indicator = '') / nullif(max(most) FILTER (WHERE indicator = ''), 0) DESC,
         scope"""
)

_THE_AGENCY: Final = Link(
    "Cơ quan này · This agency", AGENCY, (("agency", "${__data.fields.agency}"),)
)

DASHBOARD: Final = Dashboard(
    uid=OFFICIAL,
    vi="Chỉ số chính thức",
    en="Official figures",
    about="Ranks by the headline figure of EMC and points of Decision 766, of the month and the"
    " year under way. Reports for closed periods are made by `emc report`.",
    rows=(
        Row(
            "Tháng này",
            "This month",
            (
                Panel(
                    kind=Kind.STAT,
                    vi="Toàn trình, cả nước",
                    en="Full process, country",
                    width=6,
                    height=5,
                    says=_SAYS,
                    of=(official.NUMERATOR, official.DENOMINATOR),
                    queries=(Promql(_share(f"{_HEADLINE}, {_COUNTRY}")),),
                    unit=Unit.SHARE,
                    empty=_NONE,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Trực tuyến, cả nước",
                    en="Online, country",
                    width=6,
                    height=5,
                    says=_SAYS,
                    of=(official.NUMERATOR, official.DENOMINATOR),
                    queries=(Promql(_share(f"{_ONLINE}, {_COUNTRY}")),),
                    unit=Unit.SHARE,
                    empty=_NONE,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Đúng hạn theo Quyết định 766, cả nước",
                    en="On time by Decision 766, country",
                    width=6,
                    height=5,
                    says=_SAYS,
                    of=(official.NUMERATOR, official.DENOMINATOR),
                    queries=(Promql(_share(f"{_ON_TIME}, {_COUNTRY}")),),
                    unit=Unit.SHARE,
                    empty=_NONE,
                ),
                Panel(
                    kind=Kind.STAT,
                    vi="Tính đến",
                    en="As of",
                    width=6,
                    height=5,
                    of=(official.SEALED,),
                    queries=(Promql(f"{asks.gauge(official.SEALED)} * 1000"),),
                    unit=Unit.TIME,
                    steps=(From(None, Colour.PLAIN),),
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Xếp hạng theo hồ sơ toàn trình",
                    en="Ranked by full-process dossiers",
                    width=24,
                    height=12,
                    says="The ranking that EMC publishes, of the month under way, ministries and"
                    " provinces apart. Whoever received fewer than 100 dossiers is marked: `emc"
                    " report emc --ranking provinces` gives them no place.",
                    queries=(_ranked("month"),),
                    columns=(
                        Column(name="toàn trình · full process", unit=Unit.SHARE),
                        Column(name="agency", link=_THE_AGENCY),
                    ),
                    empty=_NONE,
                ),
                Panel(
                    kind=Kind.TABLE,
                    vi="Điểm theo Quyết định 766",
                    en="Points of Decision 766",
                    width=24,
                    height=12,
                    says="Points of the indicators that are known, and out of how many: what rests"
                    " on claims that nobody has made is in neither. Never to be read as points of"
                    " 100.",
                    of=(official.POINTS, official.KNOWN_POINTS),
                    queries=(_POINTS,),
                    columns=(
                        Column(name="điểm · points", unit=Unit.NUMBER),
                        Column(name="trên · of those known", unit=Unit.NUMBER),
                        Column(name="2.1 tiến độ · on time", unit=Unit.SHARE),
                        Column(name="3.6 thanh toán · paid online", unit=Unit.SHARE),
                        Column(name="4.1 kết quả điện tử · e-result", unit=Unit.SHARE),
                        Column(name="agency", link=_THE_AGENCY),
                    ),
                    empty=_NONE,
                ),
                Panel(
                    kind=Kind.LINES,
                    vi="Toàn trình trong tháng, theo cơ quan",
                    en="Full process in the course of the month, by agency",
                    width=24,
                    height=9,
                    says=_SAYS + " It begins anew with each month.",
                    of=(official.NUMERATOR, official.DENOMINATOR),
                    queries=(
                        Promql(
                            _share(f'{_HEADLINE}, scope!="country"'),
                            legend="{{scope}}",
                        ),
                    ),
                    unit=Unit.SHARE,
                    most=1,
                    empty=_NONE,
                    link=Link("Toàn quốc · The country", NATIONAL),
                ),
            ),
        ),
        Row(
            "Năm nay",
            "This year",
            (
                Panel(
                    kind=Kind.TABLE,
                    vi="Xếp hạng theo hồ sơ toàn trình, từ đầu năm",
                    en="Ranked by full-process dossiers, since January",
                    width=24,
                    height=12,
                    says="As above, of the year under way.",
                    queries=(_ranked("year"),),
                    columns=(
                        Column(name="toàn trình · full process", unit=Unit.SHARE),
                        Column(name="agency", link=_THE_AGENCY),
                    ),
                    empty=_NONE,
                ),
            ),
        ),
    ),
)
