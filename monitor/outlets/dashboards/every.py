"""All dashboards, in the order in which they are listed."""

from collections.abc import Iterable, Mapping

from monitor.outlets.dashboards import (
    agency,
    connections,
    dues,
    internals,
    national,
    objectives,
    official,
    portals,
    steps,
)
from monitor.outlets.dashboards.declare import Dashboard
from monitor.outlets.names import Metric


def dashboards(
    processes: Iterable[Metric], targets: Mapping[str, float]
) -> tuple[Dashboard, ...]:
    """`processes` are the metrics that workers, ingest and gateways have of their own; `targets`
    what the objectives of the reference files ask for last, by name: 0.9 is nine in ten.
    """
    of = {metric.name: metric for metric in processes}
    return (
        national.dashboard(targets),
        agency.dashboard(targets),
        steps.DASHBOARD,
        dues.DASHBOARD,
        portals.dashboard(of),
        connections.DASHBOARD,
        objectives.DASHBOARD,
        official.DASHBOARD,
        internals.dashboard(of),
    )
