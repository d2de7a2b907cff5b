"""From declared dashboards to the JSON that Grafana loads, through Grafana's own typed builders.

Needs the extra `dashboards`; nothing that runs the service imports it.
"""

import json
from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    barchart,
    common,
    dashboard,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

from monitor.outlets.dashboards.declare import (
    GRID,
    STATES,
    Colour,
    Column,
    Dashboard,
    From,
    Kind,
    Link,
    Panel,
    Place,
    Promql,
    Query,
    Sql,
    Unit,
    Variable,
    places,
)

TAG: Final = "emc-monitor"
PROMETHEUS: Final = model.DataSourceRef("prometheus", "${prometheus}")
LEDGER: Final = model.DataSourceRef("grafana-postgresql-datasource", "${ledger}")
_DECIMALS: Final = {Unit.COUNT: 0, Unit.SHARE: 1}

_VARIABLES: Final = {
    Variable.AGENCY: "SELECT DISTINCT total.agency AS __value,"
    " total.agency || coalesce(' · ' || shown.name, '') AS __text"
    " FROM grafana_total AS total LEFT JOIN grafana_agency AS shown"
    " ON shown.booked = total.agency ORDER BY 1",
    Variable.SOURCE: "SELECT code AS __value, code || ' · ' || name AS __text"
    " FROM source WHERE status <> 'revoked' ORDER BY 1",
    Variable.OBJECTIVE: "SELECT objective AS __value,"
    " objective || ' · ' || (said ->> 'title_vi') AS __text FROM objective ORDER BY 1",
    Variable.SCOPE: "SELECT DISTINCT scope AS __value, scope AS __text"
    " FROM objective_standing ORDER BY 1",
    Variable.CHANNEL: "Trực tiếp · counter : direct, Trực tuyến · online : online,"
    " Bưu chính · post : postal, Không nêu · unsaid : unsaid",
    Variable.DUE: "Quá hạn · overdue : overdue, Hôm nay · today : today,"
    " Ngày mai · tomorrow : tomorrow, Sau đó · later : later, Không có hạn · none : none",
}
_LABELS: Final = {
    Variable.AGENCY: "Cơ quan · Agency",
    Variable.SOURCE: "Hệ thống nguồn · Source",
    Variable.OBJECTIVE: "Mục tiêu · Objective",
    Variable.SCOPE: "Phạm vi · Scope",
    Variable.CHANNEL: "Kênh tiếp nhận · Channel",
    Variable.DUE: "Hạn trả · Due",
}


class _SqlQuery(Dataquery, Builder[Dataquery]):
    """A query of the PostgreSQL data source, for which the SDK has no type."""

    def __init__(self, query: Sql, ref: str) -> None:
        self._query = query
        self._ref = ref

    def build(self) -> Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        """As Grafana 11 writes it."""
        return _sql(self._query.text, self._ref, series=self._query.series)


def _sql(text_: str, ref: str, *, series: bool = False) -> dict[str, object]:
    return {
        "refId": ref,
        "datasource": LEDGER,
        "editorMode": "code",
        "format": "time_series" if series else "table",
        "rawQuery": True,
        "rawSql": text_,
    }


class _Annotation(model.AnnotationQuery):
    """With what data sources read beside the SDK's fields."""

    def __init__(self, also: dict[str, object], **known: Any) -> None:
        super().__init__(**known)
        self._also = also

    def to_json(self) -> dict[str, object]:
        return super().to_json() | self._also


class _Ready(Builder[Any]):
    """A value where a builder is wanted."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def build(self) -> Any:
        return self._value


def written(declared: Dashboard) -> str:
    """The JSON of a dashboard; the same for the same declaration."""
    made = _dashboard(declared).build()
    return (
        json.dumps(made, cls=JSONEncoder, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    )


def _dashboard(declared: Dashboard) -> dashboard.Dashboard:
    made = (
        dashboard.Dashboard(declared.title)
        .uid(declared.uid)
        .description(declared.about)
        .tags([TAG])
        .timezone("browser")
        .time(declared.since, "now")
        .refresh(declared.refresh)
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(
            dashboard.DashboardLink("emc-monitor")
            .type(model.DashboardLinkType.DASHBOARDS)
            .tags([TAG])
            .as_dropdown(as_dropdown=True)
            .keep_time(keep_time=True)
        )
        .annotation(_Ready(_maintenance()))
        .annotation(_Ready(_incidents()))
    )
    for name, label, kind in (
        ("prometheus", "Prometheus", "prometheus"),
        ("ledger", "Sổ cái · Ledger", "grafana-postgresql-datasource"),
    ):
        made.with_variable(dashboard.DatasourceVariable(name).label(label).type(kind))
    for variable in declared.variables:
        made.with_variable(_variable(variable))
    y, number = 0, 0
    for row in declared.rows:
        number += 1
        made.with_row(
            dashboard.Row(row.title).id(number).grid_pos(model.GridPos(h=1, w=GRID, x=0, y=y))
        )
        found, y = places(row, y)
        for panel, place in zip(row.panels, found, strict=True):
            number += 1
            made.with_panel(_panel(panel, place, number))
    return made


def _variable(variable: Variable) -> Any:
    asked = _VARIABLES[variable]
    if variable in (Variable.CHANNEL, Variable.DUE):
        custom = dashboard.CustomVariable(variable).label(_LABELS[variable]).values(asked)
        if variable is Variable.DUE:
            return custom.current(
                model.VariableOption(text="Quá hạn · overdue", value="overdue")
            )
        return custom.multi(multi=True).include_all(include_all=True).current(_ALL)
    country = model.VariableOption(text=["country"], value=["country"])
    return (
        dashboard.QueryVariable(variable)
        .label(_LABELS[variable])
        .datasource(LEDGER)
        .query(asked)
        .multi(multi=True)
        .include_all(include_all=True)
        .current(country if variable is Variable.SCOPE else _ALL)
        .refresh(model.VariableRefresh.ON_DASHBOARD_LOAD)
    )


_ALL: Final = model.VariableOption(selected=True, text=["All"], value=["$__all"])


def _maintenance() -> model.AnnotationQuery:
    asked = (
        "SELECT from_at AS time, to_at AS timeend,"
        " source || ': ' || name || ' (' || reason || ')' AS text,"
        " source || ',' || reason || CASE WHEN force_majeure THEN ',force majeure' ELSE '' END"
        " AS tags FROM grafana_maintenance"
        " WHERE from_at <= $__timeTo() AND to_at >= $__timeFrom() ORDER BY 1"
    )
    return _Annotation(
        {"target": _sql(asked, "Anno")},
        name="Bảo trì · Maintenance",
        datasource=LEDGER,
        enable=True,
        icon_color="blue",
    )


def _incidents() -> model.AnnotationQuery:
    asked = 'max without (instance) (ALERTS{alertstate="firing", severity=~"page|ticket"})'
    return _Annotation(
        {
            "target": {
                "expr": asked,
                "refId": "Anno",
                "interval": "1m",
                "datasource": PROMETHEUS,
            },
            "titleFormat": "{{alertname}}",
            "textFormat": "{{agency}}{{source}} {{severity}}",
            "tagKeys": "alertname,severity",
            "useValueForTime": False,
        },
        name="Sự cố · Incidents",
        datasource=PROMETHEUS,
        enable=True,
        icon_color="red",
        expr=asked,
    )


def _panel(panel: Panel, place: Place, number: int) -> Any:
    made: Any = _KINDS[panel.kind](panel)  # of a type for each kind, with the same verbs
    made.id(number).title(panel.title)
    made.grid_pos(model.GridPos(h=place.height, w=place.width, x=place.x, y=place.y))
    _shown(made, panel)
    _asked(made, panel)
    return made


def _shown(made: Any, panel: Panel) -> None:
    made.description(panel.description).unit(panel.unit)
    if panel.unit in _DECIMALS:
        made.decimals(_DECIMALS[panel.unit])
    if panel.most is not None:
        made.min(0).max(panel.most)
    elif panel.kind in (Kind.LINES, Kind.BARS):
        made.axis_soft_min(0)
    made.thresholds(_thresholds(panel.steps))
    if panel.empty:
        made.no_value("–")
    if panel.link is not None:
        made.data_links([_link(panel.link)])
    for column in panel.columns:
        made.override_by_name(column.name, list(_properties(column)))


def _asked(made: Any, panel: Panel) -> None:
    sources = {isinstance(query, Sql) for query in panel.queries}
    if len(sources) == 1:
        made.datasource(LEDGER if sources == {True} else PROMETHEUS)
    else:
        made.datasource(model.DataSourceRef("datasource", "-- Mixed --"))
    for query, ref in zip(panel.queries, ascii_uppercase, strict=False):
        made.with_target(_target(query, ref, panel.kind))
    if panel.kind in (Kind.LINES, Kind.BARS, Kind.TABLE) and _by_day(panel.queries):
        made.interval("1d")


def _by_day(queries: tuple[Query, ...]) -> bool:
    return all(isinstance(query, Sql) for query in queries)


def _thresholds(steps: tuple[From, ...]) -> Any:
    painted = steps or (From(None, Colour.PLAIN),)
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=step.value, color=step.colour) for step in painted])
    )


def _target(query: Query, ref: str, kind: Kind) -> Any:
    if isinstance(query, Sql):
        return _SqlQuery(query, ref)
    made = prometheus.Dataquery().expr(query.expr).ref_id(ref).datasource(PROMETHEUS)
    made.editor_mode(prometheus_model.QueryEditorMode.CODE)
    if query.legend:
        made.legend_format(query.legend)
    if query.exemplars:
        made.exemplar(exemplar=True)
    if kind is Kind.TABLE:
        return made.instant().format(prometheus_model.PromQueryFormat.TABLE)
    return made.instant() if query.instant else made.range()


def _link(link: Link) -> Any:
    told = "".join(f"&var-{name}={value}" for name, value in link.variables)
    return (
        dashboard.DashboardLink(link.title)
        .type(model.DashboardLinkType.LINK)
        .url(f"/d/{link.dashboard}?${{__url_time_range}}{told}")
    )


def _properties(column: Column) -> Iterator[model.DynamicConfigValue]:
    if column.unit is not None:
        yield model.DynamicConfigValue("unit", column.unit)
        if column.unit in _DECIMALS:
            yield model.DynamicConfigValue("decimals", _DECIMALS[column.unit])
    if column.steps:
        yield model.DynamicConfigValue("thresholds", _thresholds(column.steps).build())
        yield model.DynamicConfigValue("custom.cellOptions", {"type": "color-text"})
    if column.link is not None:
        yield model.DynamicConfigValue("links", [_link(column.link).build()])


def _stat(panel: Panel) -> stat.Panel:
    coloured = common_model.BigValueColorMode.VALUE if panel.steps else None
    series = any(isinstance(query, Promql) and not query.instant for query in panel.queries)
    return (
        stat.Panel()
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False))
        .color_mode(coloured or common_model.BigValueColorMode.NONE)
        .graph_mode(
            common_model.BigValueGraphMode.AREA
            if series
            else common_model.BigValueGraphMode.NONE
        )
    )


def _lines(panel: Panel) -> timeseries.Panel:
    by_day = _by_day(panel.queries)
    made = (
        timeseries.Panel()
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI))
        .draw_style(
            common_model.GraphDrawStyle.BARS
            if by_day and panel.stacked
            else common_model.GraphDrawStyle.LINE
        )
        .line_width(1)
        .fill_opacity(60 if panel.stacked else 8)
        .show_points(
            common_model.VisibilityMode.AUTO if by_day else common_model.VisibilityMode.NEVER
        )
    )
    if panel.stacked:
        made.stacking(common.StackingConfig().mode(common_model.StackingMode.NORMAL).group("A"))
    if panel.steps:
        made.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(
                common_model.GraphThresholdsStyleMode.DASHED
            )
        )
    return made


def _bars(panel: Panel) -> barchart.Panel:
    made = barchart.Panel().legend(_legend()).fill_opacity(70)
    if panel.stacked:
        made.stacking(common_model.StackingMode.NORMAL)
    return made


def _table(_: Panel) -> table.Panel:
    return table.Panel().filterable(filterable=True).footer(common.TableFooterOptions())


def _states(panel: Panel) -> statetimeline.Panel:
    """A row for each value of the partition's column, coloured by state."""
    column = panel.partition
    return (
        statetimeline.Panel()
        .legend(_legend())
        .merge_values(merge_values=True)
        .line_width(0)
        .fill_opacity(70)
        .with_transformation(
            model.DataTransformerConfig(
                id_val="partitionByValues",
                options={
                    "fields": [column],
                    "keepFields": False,
                    "naming": {"asLabels": True},
                },
            )
        )
        .display_name(f"${{__field.labels.{column}}}")
        .mappings(
            [
                model.ValueMap(
                    {
                        state: model.ValueMappingResult(color=colour, index=place)
                        for place, (state, colour) in enumerate(STATES.items())
                    }
                )
            ]
        )
    )


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .show_legend(show_legend=True)
        .placement(common_model.LegendPlacement.BOTTOM)
        .display_mode(common_model.LegendDisplayMode.LIST)
    )


_KINDS: Final = {
    Kind.STAT: _stat,
    Kind.LINES: _lines,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
    Kind.STATES: _states,
}
