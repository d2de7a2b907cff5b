"""How the gateway itself fares: metrics and probes on a port of their own."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from agents.probes import STALE_SECONDS, Pulse
from monitor import __version__

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
NOBODY: Final = ""  # label of what no registered source sent


class GatewayPulse(Pulse):
    """Ready while events can be taken: Kafka is there, and the register is known."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(now)
        self._why_not: str | None = "starting"

    def tell_gateway(self, why_not: str | None) -> None:
        """None if events can be taken now, else why not."""
        self._told_at = self._now()
        self._why_not = why_not

    def ready(self) -> tuple[bool, str]:
        """Whether events can be taken, and if not, why."""
        healthy, why = self.healthy()
        if not healthy:
            return False, why
        if self._stopping:
            return False, "stopping"
        if self._now() - self._told_at > STALE_SECONDS:
            return False, "nobody has looked at it of late"
        if self._why_not is not None:
            return False, self._why_not
        return True, "events are taken"


class GatewayHealth:
    """The gateway's metrics. Names and help stand here once; `emc docs` prints them.

    A source is a label only if it is registered; who is not, or says no token, is "".
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        own = self.registry
        self.requests = Counter(
            "emc_gateway_requests",
            "Requests answered, by endpoint, source and class of the status.",
            ["endpoint", "source", "status"],
            registry=own,
        )
        self.problems = Counter(
            "emc_gateway_problems",
            "Requests that were not done as a whole, by the code in their answer.",
            ["endpoint", "code"],
            registry=own,
        )
        self.seconds = Histogram(
            "emc_gateway_request_duration_seconds",
            "From the end of a request's headers to its answer, which waits for Kafka.",
            ["endpoint"],
            buckets=_SECONDS,
            registry=own,
        )
        self.in_flight = Gauge(
            "emc_gateway_requests_in_flight", "Requests that are being answered.", registry=own
        )
        self.held = Gauge(
            "emc_gateway_held_bytes",
            "Bytes in memory: bodies of requests, and records that wait for Kafka.",
            ["part"],
            registry=own,
        )
        self.produced = Counter(
            "emc_gateway_produced",
            "Events that Kafka has acknowledged, by source and topic.",
            ["source", "topic"],
            registry=own,
        )
        self.unwritten = Counter(
            "emc_gateway_unwritten",
            "Events that Kafka did not acknowledge in time, and that the caller is asked to send"
            " again: not_written, or unknown where they may have been written.",
            ["source", "outcome"],
            registry=own,
        )
        self.refused = Counter(
            "emc_gateway_refused",
            "Events refused, by source and reason.",
            ["source", "reason"],
            registry=own,
        )
        self.notices = Counter(
            "emc_gateway_notices",
            "What the edge has noticed in events that it let in, by source.",
            ["source", "notice"],
            registry=own,
        )
        self.quarantine_waiting = Gauge(
            "emc_gateway_quarantine_waiting_records",
            "Refused events that the ledger does not have yet.",
            registry=own,
        )
        self.quarantine_lost = Counter(
            "emc_gateway_quarantine_lost_records",
            "Refused events whose bytes were given up because the ledger was away for too long;"
            " they are counted all the same.",
            registry=own,
        )
        self.register_age = Gauge(
            "emc_gateway_register_age_seconds",
            "How long ago the register of sources was last read.",
            registry=own,
        )
        self._certificate = Gauge(
            "emc_gateway_certificate_valid_until_timestamp_seconds",
            "Until when the certificate that is shown is valid; 0 where plain HTTP is spoken.",
            registry=own,
        )
        build = Info("emc_gateway_build", "The release that runs.", registry=own)
        build.info({"version": __version__})
        ProcessCollector(registry=own)
        PlatformCollector(registry=own)
        GCCollector(registry=own)
        self.pulse = GatewayPulse()

    def show_certificate(self, valid_until: datetime) -> None:
        """Which certificate callers are shown from now on, as far as it matters here."""
        self._certificate.set(valid_until.timestamp())
