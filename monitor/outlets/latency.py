"""How quickly systems answer, how long steps take, and what is odd in what sources say."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    Exemplar,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Timestamp,
)
from prometheus_client.core import Metric as Family

from monitor.domain.measures import Basis, Day
from monitor.domain.quantiles import RELATIVE_ERROR
from monitor.domain.warning import QualityWarning
from monitor.ledger.exemplars import Bucket, Histogram
from monitor.ledger.figures import Sides, Snapshot
from monitor.ledger.latencies import STEP, STEPS, WINDOW_DAYS, Warned
from monitor.ledger.requests import BOUNDS_MS, FRESH_DAYS, INTERFACES, OTHER_INTERFACE
from monitor.ledger.unit import BookingClass
from monitor.outlets.names import (
    AGENCIES,
    CLASSES,
    OTHER,
    SOURCES,
    UNSAID,
    Metric,
    Pair,
    Part,
    Type,
)
from monitor.outlets.series import Places

ANSWERS: Final = ("2xx", "3xx", "4xx", "5xx", "timeout")  # shown from 0; 1xx where it occurs
BOUNDS: Final = (*(str(ms / 1000) for ms in BOUNDS_MS), "+Inf")
_INTERFACE_SERIES: Final = len(ANSWERS) + 1 + len(BOUNDS) + 2

# Of the reckoned nation (names.py): interfaces of a source, steps and warnings of an agency.
INTERFACES_OF_A_SOURCE: Final = 3
STEPS_OF_AN_AGENCY: Final = 6
WARNINGS_OF_AN_AGENCY: Final = 5

_OF_INTERFACES: Final = (
    f" Of live sources; those told more than an hour later are in the ledger alone. A source has"
    f" {INTERFACES} interfaces of its own, beyond which they are `{OTHER_INTERFACE}`; one without"
    f" a request for {FRESH_DAYS} days is no longer shown."
)
REQUESTS: Final = Metric(
    name="emc_service_requests_total",
    type=Type.COUNTER,
    labels=("source", "interface", "answer"),
    meaning="Requests that a system says it answered, each once, by class of the status, or"
    " `timeout` where no answer came in time." + _OF_INTERFACES,
    series="source × interface × answer",
    typical=SOURCES * INTERFACES_OF_A_SOURCE * len(ANSWERS),
    basis=Basis.PLAIN,
)
DURATION: Final = Metric(
    name="emc_service_request_duration_seconds",
    type=Type.HISTOGRAM,
    labels=("source", "interface", "le"),
    meaning="From request to answer of the same requests, however they were answered. The bounds"
    " 2.5 and 10 are what designs of such systems are held to, 0.1 and 1 what a person feels, 30"
    " where gateways give up.",
    series="source × interface × (le + 2)",
    typical=SOURCES * INTERFACES_OF_A_SOURCE * (len(BOUNDS) + 2),
    basis=Basis.PLAIN,
)

_RECENT: Final = (
    f" Of what ended in the last {WINDOW_DAYS} working days of the national calendar, today among"
    f" them, judged once a minute; wrong by at most {RELATIVE_ERROR:.1%} either way, and by half a"
    " minute below one. In working time of each dossier's own calendar."
)
STEP_TIME: Final = Metric(
    name="emc_step_working_seconds",
    type=Type.GAUGE,
    labels=("agency", "step", "quantile"),
    meaning="Working time of a step, from one state to the next, by the name that its source gives"
    " it, else by whose time it was: receiving_desk, settling_unit, consulted_body, citizen,"
    f" cashier. The {STEPS} steps that most have passed, the rest as `{OTHER}`." + _RECENT,
    series="agency × step × 2",
    typical=AGENCIES * STEPS_OF_AN_AGENCY * 2,
    day=Day.MOVED,
    basis=Basis.PRACTICE,
)
STEP_DOSSIERS: Final = Metric(
    name="emc_step_dossiers",
    type=Type.GAUGE,
    labels=("agency", "step"),
    meaning="How many passages of a step its quantiles rest on: each time a dossier left it.",
    series="agency × step",
    typical=AGENCIES * STEPS_OF_AN_AGENCY,
    day=Day.MOVED,
    basis=Basis.PRACTICE,
)
PROCESSING_TIME: Final = Metric(
    name="emc_processing_working_seconds",
    type=Type.GAUGE,
    labels=("agency", "quantile"),
    meaning="Working time from acceptance to end of completed dossiers, by settling agency."
    + _RECENT,
    series="agency × 2",
    typical=AGENCIES * 2,
    day=Day.ENDED,
    basis=Basis.PRACTICE,
)
JUDGED: Final = Metric(
    name="emc_latencies_judged_timestamp_seconds",
    type=Type.GAUGE,
    meaning="When the quantiles of working time were judged, which a worker does once a minute.",
)
BACKLOG: Final = Metric(
    name="emc_latencies_backlog_rows",
    type=Type.GAUGE,
    meaning="Pages of the journal that the balances have, and neither the quantiles of working time"
    " nor the warnings below yet. Some for half a minute; more after very much was booked at once.",
)


def _warned(side: str, words: str) -> Metric:
    return Metric(
        name=f"emc_dossiers_warned_{side}_total",
        type=Type.COUNTER,
        labels=("agency", "warning", "class"),
        meaning="Warnings about a source, by the agency that received the dossier and the warning's"
        " name (docs/reference/measures.md), within a minute of the booking. Those booked before migration"
        " 0015 are in the class `backfill`. Ends that were claimed afterwards, `backdated_end`, are"
        " shown from 0, so that the first of an agency are seen to come." + words,
        series="agency × warning that has occurred",
        typical=AGENCIES * WARNINGS_OF_AN_AGENCY,
        day=Day.MOVED,
        basis=Basis.PRACTICE,
    )


WARNED: Final = Pair(
    _warned("credit", " Credit side: what was noted; the figure is credit less debit."),
    _warned("debit", " Debit side: what was taken back by a later event."),
)

METRICS: Final[tuple[Metric, ...]] = (
    REQUESTS,
    DURATION,
    STEP_TIME,
    STEP_DOSSIERS,
    PROCESSING_TIME,
    JUDGED,
    BACKLOG,
    WARNED.credit,
    WARNED.debit,
)


def families(
    snapshot: Snapshot, places: Places, agencies: Mapping[str, str]
) -> Iterable[Family]:
    """All metrics of `METRICS`, filled; `agencies` gives the label of each."""
    return (
        *_requests(snapshot, places),
        *_latencies(snapshot, places, agencies),
        *_warnings(snapshot, places, agencies),
    )


def _requests(snapshot: Snapshot, places: Places) -> Iterable[Family]:
    answers: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    bins: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
    ms: Counter[tuple[str, str]] = Counter()
    size: Counter[tuple[str, str, bool]] = Counter()
    for row in snapshot.requests:
        size[row.source, row.interface, row.fresh] += row.requests
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for (source, interface, fresh), _ in size.most_common():
        # What was once summed into others stays there, or their counter would fall.
        if (
            fresh
            or places.summed(Part.SOURCES, source)
            or places.summed(Part.INTERFACES, (source, interface))
        ):
            found[source, interface] = _place(places, source, interface)
    for row in snapshot.requests:
        if (here := found.get((row.source, row.interface))) is not None:
            answers[here][row.answer] += row.requests
            bins[here][row.bin] += row.requests
            ms[here] += row.ms
    counted = CounterMetricFamily(REQUESTS.name, REQUESTS.help)
    taken = HistogramMetricFamily(DURATION.name, DURATION.help)
    for here in sorted(answers):
        labels = dict(zip(("source", "interface"), here, strict=True))
        for answer in sorted({*ANSWERS, *answers[here]}):
            counted.add_sample(
                REQUESTS.name, {**labels, "answer": answer}, answers[here][answer]
            )
        so_far = 0
        for bin_, bound in enumerate(BOUNDS):
            so_far += bins[here][bin_]
            bucket = Bucket(Histogram.REQUEST, *here, bin_)
            taken.add_sample(
                f"{DURATION.name}_bucket",
                {**labels, "le": bound},
                so_far,
                exemplar=exemplar(snapshot, bucket, "event"),
            )
        taken.add_sample(f"{DURATION.name}_count", labels, so_far)
        taken.add_sample(f"{DURATION.name}_sum", labels, ms[here] / 1000)
    return counted, taken


def exemplar(snapshot: Snapshot, bucket: Bucket, label: str) -> Exemplar | None:
    """What stands beside a bucket, under a label that says what it is."""
    shown = snapshot.exemplars.get(bucket)
    if shown is None:
        return None
    return Exemplar({label: shown.said}, shown.value, Timestamp(*_instant(shown.at_ms)))


def _instant(ms: int) -> tuple[int, int]:
    return ms // 1000, ms % 1000 * 1_000_000


def _place(places: Places, source: str, interface: str) -> tuple[str, str]:
    label = places.source(source)
    if label == OTHER:
        return OTHER, OTHER
    if places.room(Part.INTERFACES, (source, interface), _INTERFACE_SERIES):
        return label, interface
    rest = (source, OTHER_INTERFACE)
    if interface != OTHER_INTERFACE and places.room(Part.INTERFACES, rest, _INTERFACE_SERIES):
        return label, OTHER_INTERFACE
    return OTHER, OTHER


def _latencies(
    snapshot: Snapshot, places: Places, agencies: Mapping[str, str]
) -> Iterable[Family]:
    steps, dossiers, processing, judged, backlog = (
        GaugeMetricFamily(metric.name, metric.help)
        for metric in (STEP_TIME, STEP_DOSSIERS, PROCESSING_TIME, JUDGED, BACKLOG)
    )
    # Quantiles cannot be summed: what finds no place is not shown.
    for one in sorted(snapshot.latencies, key=lambda one: -one.dossiers):
        agency = agencies[one.agency]
        of_a_step = one.measure == STEP
        if agency == OTHER or not places.room(Part.STEPS, one[:3], 3 if of_a_step else 2):
            continue
        labels = {"agency": agency, "step": one.step} if of_a_step else {"agency": agency}
        family = steps if of_a_step else processing
        for quantile, ms in (("0.5", one.p50_ms), ("0.95", one.p95_ms)):
            family.add_sample(family.name, {**labels, "quantile": quantile}, ms / 1000)
        if of_a_step:
            dossiers.add_sample(dossiers.name, labels, one.dossiers)
    if snapshot.latencies_judged_ms is not None:
        judged.add_sample(judged.name, {}, snapshot.latencies_judged_ms / 1000)
    backlog.add_sample(backlog.name, {}, snapshot.latencies_backlog)
    return steps, dossiers, processing, judged, backlog


def _warnings(
    snapshot: Snapshot, places: Places, agencies: Mapping[str, str]
) -> Iterable[Family]:
    credit: Counter[tuple[str, str, str]] = Counter()
    debit: Counter[tuple[str, str, str]] = Counter()
    none = {
        Warned(agency, _BACKDATED, class_): NONE_YET
        for agency in agencies
        for class_ in (BookingClass.LIVE, BookingClass.LATE)
    }
    ordered = sorted((none | dict(snapshot.warned)).items(), key=lambda item: -item[1].credit)
    for warned, sides in ordered:
        agency = agencies[warned.agency]
        if agency != OTHER and not places.room(Part.WARNINGS, warned, 2):
            agency = OTHER
        here = (agency, _name(warned.warning), CLASSES.get(warned.booking_class, OTHER))
        credit[here] += sides.credit
        debit[here] += sides.debit
    for metric, amounts in ((WARNED.credit, credit), (WARNED.debit, debit)):
        family = CounterMetricFamily(metric.name, metric.help)
        for here in sorted(credit):
            labels = dict(zip(metric.labels, here, strict=True))
            family.add_sample(metric.name, labels, amounts[here])
        yield family


_BACKDATED: Final = int(QualityWarning.BACKDATED_END)
NONE_YET: Final = Sides(0, 0)
_NAMES: Final = {int(warning): warning.name.lower() for warning in QualityWarning}


def _name(warning: int) -> str:
    return _NAMES.get(warning, UNSAID)
