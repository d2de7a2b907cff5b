"""Metrics that `emc serve` exports: name, labels, meaning and how many series they take.

The one place where they are declared, but for those of modules of their own (`catalogue` has all);
`metrics` fills them and `reference` prints them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from monitor.domain.event import Channel, Level
from monitor.domain.measures import (
    CATALOGUE,
    CONSUMED_BOUNDS,
    Basis,
    Day,
    Definition,
    Kind,
    Measure,
)
from monitor.ledger.checks import Check
from monitor.ledger.figures import DueBy
from monitor.ledger.sources import Via
from monitor.ledger.unit import BookingClass

SERIES_BUDGET: Final = 20_000  # of one instance (MEASURES.md §7)
LARGEST_AGENCIES: Final = 200  # labels of their own; agencies beyond are summed into OTHER
LARGEST_SOURCES: Final = 200
OTHER: Final = "other"
UNSAID: Final = "unsaid"

CHANNELS: Final[Mapping[int, str]] = {
    Channel.UNSAID: UNSAID,
    Channel.DIRECT: "direct",
    Channel.ONLINE: "online",
    Channel.POSTAL: "postal",
}
LEVELS: Final[Mapping[int, str]] = {
    Level.UNSAID: UNSAID,
    Level.INFORMATION: "2",
    Level.PARTIAL: "3",
    Level.FULL: "4",
}
CLASSES: Final[Mapping[int, str]] = {
    BookingClass.LIVE: "live",
    BookingClass.LATE: "late",
    BookingClass.BACKFILL: "backfill",
    BookingClass.RECOMPUTE: "recompute",
}
OPEN_STATES: Final[Mapping[int, str]] = {
    Measure.IN_PROCESS: "in_process",
    Measure.PAUSED: "paused",
}
DUE: Final = tuple(due.value for due in DueBy)
BOUNDS: Final = (*(str(permille / 1000) for permille in CONSUMED_BOUNDS), "+Inf")


class Part(StrEnum):
    """What draws from the budget."""

    AGENCIES = "agencies"
    SOURCES = "sources"
    REFUSALS = "refusals"
    PARTITIONS = "partitions"
    FLOWS = "flows"
    AGENCY_FLOWS = "agency_flows"
    OPEN = "open"
    CONNECTIONS = "connections"
    OBJECTIVES = "objectives"
    SERVICES = "services"
    CALENDARS = "calendars"
    DUES = "dues"
    INTERFACES = "interfaces"
    STEPS = "steps"
    WARNINGS = "warnings"
    OFFICIAL = "official"


class Type(StrEnum):
    """How Prometheus reads a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric as it is declared. `series` says what their number is a product of."""

    name: str
    type: Type
    labels: tuple[str, ...] = ()
    meaning: str
    series: str = "1"
    typical: int | None = 1  # series in the nation below; None: not reckoned
    day: Day | None = None
    basis: Basis | None = None

    @property
    def help(self) -> str:
        """The meaning, with the day it is booked on and how well its rule is known."""
        told = [self.meaning]
        if self.day is not None:
            told.append(f"Day: {self.day}.")
        if self.basis is not None:
            told.append(f"Basis: {self.basis}.")
        return " ".join(told)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two counters of an account; the figure is credit less debit."""

    credit: Metric
    debit: Metric


# A nation, for the reference's estimate: ministries and provinces, pairs of channel and level in
# use, sources, reasons a source is refused for, partitions.
AGENCIES: Final = 56
PAIRS_OF_AN_AGENCY: Final = 8
SOURCES: Final = 56
REASONS_OF_A_SOURCE: Final = 3
PARTITIONS: Final = 12

_DIMENSIONS: Final = ("agency", "channel", "level")
# Flows without channel and level (docs/adr/0023): verdicts by the rules of law, which are published
# by agency, what leaves without a result, and what stands beside a ratio. The ledger has all of them.
BY_AGENCY: Final = frozenset(
    {
        Measure.REFUSED,
        Measure.WITHDRAWN_UNACCEPTED,
        Measure.RETURNED,
        Measure.NO_DEADLINE,
        Measure.CLOCK_UNCERTAIN,
        Measure.CLOCK_UNCERTAIN_766,
        Measure.ON_TIME_766,
        Measure.LATE_766,
        Measure.EARLY_06B,
        Measure.ON_TIME_06B,
        Measure.LATE_06B,
        Measure.ON_TIME_FIRST_DUE,
        Measure.LATE_FIRST_DUE,
    }
)
_CREDIT: Final = " Credit side: what was added; the figure is credit less debit."
_DEBIT: Final = " Debit side: what was taken back by a correction or a later event."


def _pair(
    definition: Definition,
    stem: str,
    type_: Type,
    *,
    unit: str,
    suffix: str,
    labels: tuple[str, ...],
) -> Pair:
    of_an_agency = PAIRS_OF_AN_AGENCY if "channel" in labels else 1
    if type_ is Type.HISTOGRAM:
        of_an_agency = len(BOUNDS)

    def side(name: str, words: str) -> Metric:
        return Metric(
            name=f"{stem}_{name}{suffix}",
            type=type_,
            labels=labels,
            meaning=definition.meaning + unit + words,
            series=" × ".join(labels),
            typical=AGENCIES * of_an_agency,
            day=definition.day,
            basis=definition.basis,
        )

    return Pair(side("credit", _CREDIT), side("debit", _DEBIT))


def _flow(definition: Definition) -> Pair:
    time = definition.kind is Kind.MILLISECONDS
    dimensions = ("agency",) if definition.measure in BY_AGENCY else _DIMENSIONS
    return _pair(
        definition,
        "emc_dossier_processing_seconds" if time else f"emc_dossiers_{definition.name}",
        Type.COUNTER,
        unit=" In seconds." if time else "",
        suffix="_total",
        labels=(*dimensions, "class"),
    )


FLOWS: Final[Mapping[int, Pair]] = {
    definition.measure: _flow(definition)
    for definition in CATALOGUE
    if definition.shown and definition.kind in (Kind.COUNT, Kind.MILLISECONDS)
}

# No `_sum` and no `_count`: the ledger books in which bin a dossier falls and not its share, of
# which a sum could not be exact; and the bucket +Inf is the count.
CONSUMED: Final = _pair(
    next(definition for definition in CATALOGUE if definition.kind is Kind.HISTOGRAM),
    "emc_dossier_deadline_consumed_ratio",
    Type.HISTOGRAM,
    unit=" Buckets only: shares are booked by bin, so that there is no exact sum.",
    suffix="",
    labels=("agency", "le"),
)

OPEN: Final = Metric(
    name="emc_dossiers_open",
    type=Type.GAUGE,
    labels=(*_DIMENSIONS, "state"),
    meaning="Accepted dossiers that have not ended, worked on or paused (state 5, 6 or 8).",
    series="agency × channel × level × state",
    typical=AGENCIES * PAIRS_OF_AN_AGENCY * len(OPEN_STATES),
    basis=Basis.PRACTICE,
)
OPEN_OVERDUE: Final = Metric(
    name="emc_dossiers_open_overdue",
    type=Type.GAUGE,
    labels=_DIMENSIONS,
    meaning="Open dossiers, paused ones included, whose last due date sent has passed at"
    " emc_snapshot_timestamp_seconds; at precision `date`, on a day before that day.",
    series="agency × channel × level",
    typical=AGENCIES * PAIRS_OF_AN_AGENCY,
    basis=Basis.PLAIN,
)
OPEN_DUE: Final = Metric(
    name="emc_dossiers_open_due",
    type=Type.GAUGE,
    labels=("agency", "due"),
    meaning="Open dossiers, paused ones included, by when they fall due: overdue, later today,"
    " tomorrow, later, or none sent. The five add up to emc_dossiers_open.",
    series="agency × due",
    typical=AGENCIES * len(DUE),
    basis=Basis.PLAIN,
)
RECORDS: Final = Metric(
    name="emc_records_total",
    type=Type.COUNTER,
    labels=("source", "outcome"),
    meaning="Records read, each once: counted (also those that say something else of a known"
    " identity), duplicate (equal identity and content) or refused (no event; in quarantine).",
    series="source × outcome",
    typical=SOURCES * 3,
)
RECORDS_REFUSED: Final = Metric(
    name="emc_records_refused_total",
    type=Type.COUNTER,
    labels=("source", "reason"),
    meaning="Records refused, by reason.",
    series="source × reason that has occurred",
    typical=SOURCES * REASONS_OF_A_SOURCE,
)
QUARANTINE_SETTLED: Final = Metric(
    name="emc_quarantine_settled_total",
    type=Type.COUNTER,
    labels=("source", "how"),
    meaning="Refused records that have left the quarantine: returned (sent back after a fix, and"
    ' measured) or dropped. Those still held are emc_records_total{outcome="refused"} less these.',
    series="source × how that has occurred",
    typical=SOURCES // 2,  # few have had to
)
UNKNOWN_SENDERS: Final = Metric(
    name="emc_unknown_sender_records_total",
    type=Type.COUNTER,
    labels=("via",),
    meaning="Records of senders that are not in the register of sources, none of which was"
    " taken, by what they named themselves with. `emc source list --unknown` shows them.",
    series="via",
    typical=len(Via),
)
POSITION_SET: Final = Metric(
    name="emc_ledger_position_set_total",
    type=Type.COUNTER,
    labels=("topic", "partition"),
    meaning="How often somebody has set the position by hand, with emc position accept-loss.",
    series="partition",
    typical=PARTITIONS,
)
POSITION_MOVED: Final = Metric(
    name="emc_ledger_position_moved_timestamp_seconds",
    type=Type.GAUGE,
    labels=("topic", "partition"),
    meaning="When the ledger's position in a partition last moved or was claimed.",
    series="partition",
    typical=PARTITIONS,
)
NEXT_OFFSET: Final = Metric(
    name="emc_ledger_next_offset",
    type=Type.GAUGE,
    labels=("topic", "partition"),
    meaning="The first offset of a partition that is not booked.",
    series="partition",
    typical=PARTITIONS,
)
WATERMARK: Final = Metric(
    name="emc_ledger_follower_watermark_timestamp_seconds",
    type=Type.GAUGE,
    meaning="Whatever was committed before this time is in the balances, which reports by day"
    " are read from; it moves every few seconds, also while nothing is booked. 0 before the"
    " first balances are made.",
)
BACKLOG: Final = Metric(
    name="emc_ledger_follower_backlog_rows",
    type=Type.GAUGE,
    meaning="Pages of the journal that are not in the balances yet. Numbers that a rollback has"
    " left without a row count until they are passed.",
)
SNAPSHOT_TIME: Final = Metric(
    name="emc_snapshot_timestamp_seconds",
    type=Type.GAUGE,
    meaning="When the ledger was read for this scrape; at most a second before it.",
)
SNAPSHOT_SERIES: Final = Metric(
    name="emc_snapshot_series",
    type=Type.GAUGE,
    meaning="Series of this scrape that come from the ledger; they keep to the budget.",
)
SNAPSHOT_OTHER: Final = Metric(
    name="emc_snapshot_summed_into_other",
    type=Type.GAUGE,
    meaning="Label sets without series of their own, summed into label values `other`"
    " because a limit or the series budget is reached.",
    labels=("part",),
    series="part",
    typical=len(Part),
)
DRIFT: Final = Metric(
    name="emc_ledger_drift",
    type=Type.GAUGE,
    labels=("check",),
    meaning="Accounts, or with `dossiers` dossiers and with `readings` kept sums, on which the"
    " ledger's books disagreed when the check was last made by emc reconcile. Must be 0; none as long as it was never made.",
    series="check that was made",
    typical=len(Check),
)
STALE: Final = Metric(
    name="emc_ledger_stale_dossiers",
    type=Type.GAUGE,
    meaning="Dossiers that the last check `dossiers` found booked under another policy or other"
    " rules, and did not compare.",
)
RECONCILED: Final = Metric(
    name="emc_ledger_reconciled_timestamp_seconds",
    type=Type.GAUGE,
    labels=("check",),
    meaning="When the check was last made.",
    series="check that was made",
    typical=len(Check),
)
SOURCE_CLASS: Final = Metric(
    name="emc_source_class_since_timestamp_seconds",
    type=Type.GAUGE,
    labels=("source", "status", "class"),
    meaning="How the connection of a registered source stands, as docs/explanation/connections.md"
    " says: the one series of a source has the shown class as label, and as value since when it"
    " holds, by what arrived and not by when it was noticed. `status` is live or trial.",
    series="source",
    typical=SOURCES,
)
SOURCE_FACT: Final = Metric(
    name="emc_source_fact_since_timestamp_seconds",
    type=Type.GAUGE,
    labels=("source", "fact"),
    meaning="Since when something else is to be known of a source; none while it does not hold."
    " `maintenance` and `short_notice` mute pages about its connection.",
    series="source × fact that holds",
    typical=SOURCES // 4,
)
SOURCE_LAST: Final = Metric(
    name="emc_source_last_event_timestamp_seconds",
    type=Type.GAUGE,
    labels=("source",),
    meaning="When the last event of a source arrived that was news; none before the first.",
    series="source that has sent",
    typical=SOURCES,
)
SOURCE_SILENCE: Final = Metric(
    name="emc_source_silence_explained_seconds",
    type=Type.GAUGE,
    labels=("source",),
    meaning="The longest silence after its last sign of life that the source's own rhythm, by hour"
    " of the working calendar, or its heartbeat explains.",
    series="source with a rhythm",
    typical=SOURCES,
)
SOURCE_UPTIME: Final = Metric(
    name="emc_source_uptime_ratio",
    type=Type.GAUGE,
    labels=("source",),
    meaning="Of the working time of this month since go-live, without maintenance that was"
    " announced in time: the part in which the source was neither interrupted nor not connected."
    " Both times are in emc source health --json.",
    series="source",
    typical=SOURCES,
)
SOURCE_FRESHNESS: Final = Metric(
    name="emc_source_freshness_seconds",
    type=Type.GAUGE,
    labels=("source", "quantile"),
    meaning="From claimed time to arrival, of the events of the last 24 hours: the bound of the"
    " bin that the quantile lies in. Below 0 where the source's clock is ahead.",
    series="source that has sent × 2",
    typical=SOURCES * 2,
)
SOURCES_JUDGED: Final = Metric(
    name="emc_sources_judged_timestamp_seconds",
    type=Type.GAUGE,
    meaning="When connections were judged, which emc ingest does once a minute: the time of the"
    " one that was judged the longest ago. None where no source is registered.",
)
SENT_BACKLOG: Final = Metric(
    name="emc_sent_backlog_rows",
    type=Type.GAUGE,
    meaning="Bookings whose events are not yet counted for the health of connections; they wait"
    " for an emc ingest.",
)
BUILD: Final = Metric(
    name="emc_build_info",
    type=Type.INFO,
    labels=("version",),
    meaning="The release that serves.",
)
POLICY: Final = Metric(
    name="emc_policy_info",
    type=Type.INFO,
    labels=("epoch", "rules", "reference"),
    meaning="Under which policy the figures were booked: its epoch, its rules version and its"
    " reference set. Not there while the ledger has none.",
)

METRICS: Final[tuple[Metric, ...]] = (
    *(side for pair in FLOWS.values() for side in (pair.credit, pair.debit)),
    CONSUMED.credit,
    CONSUMED.debit,
    OPEN,
    OPEN_OVERDUE,
    OPEN_DUE,
    RECORDS,
    RECORDS_REFUSED,
    NEXT_OFFSET,
    QUARANTINE_SETTLED,
    UNKNOWN_SENDERS,
    POSITION_SET,
    POSITION_MOVED,
    WATERMARK,
    BACKLOG,
    SNAPSHOT_TIME,
    SNAPSHOT_SERIES,
    SNAPSHOT_OTHER,
    DRIFT,
    STALE,
    RECONCILED,
    SOURCE_CLASS,
    SOURCE_FACT,
    SOURCE_LAST,
    SOURCE_SILENCE,
    SOURCE_UPTIME,
    SOURCE_FRESHNESS,
    SOURCES_JUDGED,
    SENT_BACKLOG,
    BUILD,
    POLICY,
)
