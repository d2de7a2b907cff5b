"""All dashboards, in the order in which they are listed."""

from collections.abc import Iterable

from monitor.outlets.dashboards import (
    agency,
    connections,
    dues,
    internals,
    national,
    portals,
    steps,
)
from monitor.outlets.dashboards.declare import Dashboard
from monitor.outlets.names import Metric


def dashboards(processes: Iterable[Metric]) -> tuple[Dashboard, ...]:
    """`processes` are the metrics that workers, ingest and gateways have of their own."""
    of = {metric.name: metric for metric in processes}
    return (
        national.DASHBOARD,
        agency.DASHBOARD,
        steps.DASHBOARD,
        dues.DASHBOARD,
        portals.dashboard(of),
        connections.DASHBOARD,
        internals.dashboard(of),
    )
