"""Every metric that `emc serve` exports, of whichever module declares it."""

from typing import Final

from monitor.outlets import dues, latency, names, objectives, official
from monitor.outlets.names import Metric

METRICS: Final[tuple[Metric, ...]] = (
    *names.METRICS,
    *dues.METRICS,
    *objectives.METRICS,
    *latency.METRICS,
    *official.METRICS,
)
