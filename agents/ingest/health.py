"""How ingest fares: what any desk tells of itself, the topics of sources, what the edge noticed."""

from collections import Counter
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import Counter as Counted

from agents.edge import Notice
from agents.health import WorkerHealth
from agents.topics import TopicState


class IngestHealth(WorkerHealth):
    """Names and help stand here once; `emc docs` prints them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__(registry)
        self.topics = Gauge(
            "emc_ingest_topics",
            "Inbound topics, by how they stand: read, missing,"
            " nobodys (emc.in.* of no source that is taken), producers_time (not LogAppendTime, so"
            " not read), another_log (made anew or cut since it was read, so not read until"
            " `emc position accept-loss`).",
            ["state"],
            registry=self.registry,
        )
        self.notices = Counted(
            "emc_ingest_notices",
            "What the edge noticed in records that it let in, by source and notice; what a"
            " crash repeats counts again here.",
            ["source", "notice"],
            registry=self.registry,
        )
        self._noticed: Counter[tuple[str, Notice]] = Counter()

    def show_topics(self, states: Mapping[str, TopicState]) -> None:
        """How many topics stand how."""
        by_state = Counter(states.values())
        for state in TopicState:
            self.topics.labels(state).set(by_state[state])

    def show_notices(self, noticed: Mapping[tuple[str, Notice], int]) -> None:
        """What the edge has counted since the process started."""
        for key, amount in noticed.items():
            if more := amount - self._noticed[key]:
                self.notices.labels(*key).inc(more)
                self._noticed[key] = amount
