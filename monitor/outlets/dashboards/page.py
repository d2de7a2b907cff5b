"""docs/reference/dashboards.md: every panel, what its number means, and what it asks."""

from collections.abc import Iterable
from typing import Final

from monitor.outlets.dashboards.declare import Dashboard, Panel, Promql, Query

PATH: Final = "docs/reference/dashboards.md"
_HEAD: Final = """\
# Dashboards

<!-- Written by `emc docs` from monitor/outlets/dashboards. Do not edit. -->

Every panel of the dashboards in `deploy/grafana/dashboards`: what its number is, and what it asks. [Install
them](../how-to/dashboards.md); [which number comes from where](../explanation/dashboards.md).

`$agency`, `$channel`, `$source`, `$objective`, `$scope` and `$due` are what whoever looks has chosen;
`$__timeFrom()` and `$__timeTo()` bound the chosen time. Queries to the ledger run as the role `emc_grafana`.
"""


def page(dashboards: Iterable[Dashboard]) -> str:
    """The whole page."""
    return _HEAD + "".join(map(_dashboard, dashboards))


def _dashboard(dashboard: Dashboard) -> str:
    chosen = ", ".join(f"`${variable}`" for variable in dashboard.variables)
    return (
        f"\n## {dashboard.title}\n\n"
        f"`{dashboard.uid}`. {dashboard.about}{f' Choose: {chosen}.' if chosen else ''}\n"
        + "".join(
            f"\n### {row.title}\n" + "".join(map(_panel, row.panels)) for row in dashboard.rows
        )
    )


def _panel(panel: Panel) -> str:
    asked = "\n".join(map(_query, panel.queries))
    return f"\n**{panel.title}**\n\n{panel.description}\n\n{asked}"


def _query(query: Query) -> str:
    if isinstance(query, Promql):
        return f"```promql\n{query.expr}\n```\n"
    return f"```sql\n{query.text}\n```\n"
