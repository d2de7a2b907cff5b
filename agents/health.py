"""How the worker itself fares: process metrics on its own port, gone when the process goes."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from time import perf_counter

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from agents import probes
from monitor import __version__

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class WorkerHealth:
    """The worker's metrics. Names and help stand here once; `emc docs` prints them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        own = self.registry
        self.events = Counter(
            "emc_worker_events",
            "Records by what became of them; what a crash repeats counts again here, the"
            " ledger's own count is emc_records.",
            ["outcome"],
            registry=own,
        )
        self.refusals = Counter(
            "emc_worker_refusals", "Records refused, by reason.", ["reason"], registry=own
        )
        self.lag_records = Gauge(
            "emc_worker_lag_records",
            "Records of the partition that are not booked yet.",
            ["topic", "partition"],
            registry=own,
        )
        self.lag_seconds = Gauge(
            "emc_worker_lag_seconds",
            "Age of the last booked record of the partition while there is lag, else 0.",
            ["topic", "partition"],
            registry=own,
        )
        self.unit_records = Histogram(
            "emc_worker_unit_records",
            "Records that one transaction booked.",
            buckets=(1, 10, 100, 1_000, 5_000, 10_000, 20_000, 40_000),
            registry=own,
        )
        self.fold_seconds = Histogram(
            "emc_worker_batch_duration_seconds",
            "Time to decode and fold one batch of a partition.",
            buckets=_SECONDS,
            registry=own,
        )
        self.commit_seconds = Histogram(
            "emc_worker_commit_duration_seconds",
            "Time of one booking's transaction.",
            buckets=_SECONDS,
            registry=own,
        )
        self.fallbacks = Counter(
            "emc_worker_fallbacks",
            "Times that everything in hand was dropped and read again, by cause.",
            ["cause"],
            registry=own,
        )
        self.watchdog = Counter(
            "emc_worker_watchdog",
            "Times that a partition did not move although broker and ledger answer, by what was"
            " done: rejoin the group, or give up and end.",
            ["action"],
            registry=own,
        )
        self.pulse = probes.Pulse()
        self.at_hand = Gauge(
            "emc_worker_dossiers_at_hand", "Dossiers kept in memory.", registry=own
        )
        self.ledger_behind = Counter(
            "emc_worker_ledger_behind_records",
            "Records that the ledger had acknowledged as booked and did not have any more: a"
            " standby was promoted before it had caught up, or an older copy restored. They"
            " are read again from the log.",
            registry=own,
        )
        self.follower_leads = Gauge(
            "emc_worker_follower_leads",
            "1 while this worker makes the balances from the journal, else 0; the sum over all"
            " workers of a ledger is 1.",
            registry=own,
        )
        self.follower_folded = Counter(
            "emc_worker_follower_folded_rows",
            "Numbers of the journal that this worker has folded into the balances.",
            registry=own,
        )
        self.follower_failures = Counter(
            "emc_worker_follower_failures",
            "Times that the follower gave up and tried again, by cause: ledger_unavailable or"
            " fault. The stream goes on meanwhile.",
            ["cause"],
            registry=own,
        )
        build = Info("emc_worker_build", "The release that runs.", registry=own)
        build.info({"version": __version__})
        ProcessCollector(registry=own)
        PlatformCollector(registry=own)
        GCCollector(registry=own)

    def beside(self) -> "WorkerHealth":
        """The same metrics for another desk of the process, which has a pulse of its own."""
        other = copy(self)
        other.pulse = probes.Pulse()
        return other

    def serve(self, port: int, address: str) -> int:
        """Answer scrapes and probes from a thread; returns the port, chosen by the system for 0."""
        return probes.serve(self.registry, self.pulse, port=port, address=address)

    @contextmanager
    def timed(self, histogram: Histogram) -> Iterator[None]:
        """Observe how long a block took, whether or not it ended well."""
        started = perf_counter()
        try:
            yield
        finally:
            histogram.observe(perf_counter() - started)
