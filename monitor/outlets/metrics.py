"""What the ledger has committed, as Prometheus reads it.

A scrape never gets less than an earlier one got, and never an old answer in place of a new one:
while the ledger does not answer, or shows less than it has shown (an older copy of it), the
scrape fails with the reason, and the gap in Prometheus says so (ARCHITECTURE.md §2.7).
"""

import asyncio
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Final, NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Sample,
)
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from monitor import __version__
from monitor.domain.measures import CATALOGUE, CONSUMED_BINS, Kind, Tally
from monitor.ledger.checks import Check
from monitor.ledger.exemplars import Histogram
from monitor.ledger.figures import DueBy, NotMigrated, Snapshot
from monitor.ledger.ledger import AWAY
from monitor.ledger.quarantine import TALLY_DROPPED, TALLY_RETURNED
from monitor.ledger.sources import Via
from monitor.outlets import dues, latency, names, objectives, official
from monitor.outlets.press import Press
from monitor.outlets.series import Place, Places
from monitor.reference.sets import ReadsDifferently

FRESH_SECONDS: Final = 0.5  # a snapshot is shown to all scrapes within this time
LONGEST_READ_SECONDS: Final = 8.0  # under Prometheus's usual limit of ten a scrape
MOST_ENCODINGS: Final = 8  # of a snapshot: whoever invents versions gets plain text

_SETTLED: Final = frozenset({TALLY_RETURNED, TALLY_DROPPED})
_MILLISECONDS: Final = frozenset(
    definition.measure for definition in CATALOGUE if definition.kind is Kind.MILLISECONDS
)


class Unavailable(Exception):
    """There is nothing to show that is true now; the text says why."""


class Exposition(NamedTuple):
    """A scrape's answer."""

    content_type: str
    body: bytes
    compressed: bool


class Shown:
    """Metric families made once from a snapshot."""

    def __init__(self, families: list[Family]) -> None:
        self.families = families
        # By content type and compression; here, so that none outlives its snapshot.
        self.encoded: dict[tuple[str, bool], asyncio.Task[Exposition]] = {}


def families(snapshot: Snapshot, places: Places) -> list[Family]:
    """All metrics of `catalogue.METRICS`, filled."""
    places.begin()
    for partition in snapshot.positions:
        places.partition(partition)
    agencies = _agencies(snapshot, places)
    # Flows, which need most places, are given theirs last.
    records = _records(snapshot, places)
    sources = _sources(snapshot, places)
    falling_due = dues.families(snapshot, places)
    still_open = _open(snapshot, places, agencies)
    judged = objectives.families(snapshot.judged, places)
    latencies = latency.families(snapshot, places, agencies)
    evaluated = official.families(snapshot.official, snapshot.official_round, places)
    made = [
        *_flows(snapshot, places, agencies),
        *_consumed(snapshot, agencies),
        *still_open,
        *_reconciled(snapshot),
        *sources,
        *records,
        *_positions(snapshot),
        *_watermark(snapshot),
        _unknown(snapshot),
        *falling_due,
        *judged,
        *latencies,
        *evaluated,
    ]
    taken = _family(names.SNAPSHOT_TIME)
    _add(taken, names.SNAPSHOT_TIME, (), snapshot.now_ms / 1000)
    series = _family(names.SNAPSHOT_SERIES)
    _add(series, names.SNAPSHOT_SERIES, (), sum(len(family.samples) for family in made))
    other = _family(names.SNAPSHOT_OTHER)
    for part in names.Part:
        _add(other, names.SNAPSHOT_OTHER, (part,), places.turned_away[part])
    build = _family(names.BUILD)
    _add(build, names.BUILD, (__version__,), 1)
    policy = _family(names.POLICY)
    if (active := snapshot.policy) is not None:
        _add(policy, names.POLICY, (str(active.epoch), str(active.rules), active.reference), 1)
    return [*made, taken, series, other, build, policy]


def _agencies(snapshot: Snapshot, places: Places) -> Mapping[str, str]:
    """The label of every agency, the biggest asked first."""
    size: Counter[str] = Counter()
    for flow, sides in snapshot.flows.items():
        size[flow.agency] += 0 if flow.measure in _MILLISECONDS else sides.credit
    for stock, dossiers in snapshot.open.items():
        size[stock.agency] += dossiers
    for consumed in snapshot.consumed:
        size[consumed.agency] += 0
    for warned in snapshot.warned:
        size[warned.agency] += 0
    for latency_ in snapshot.latencies:
        size[latency_.agency] += 0
    return {agency: places.agency(agency) for agency, _ in size.most_common()}


def _records(snapshot: Snapshot, places: Places) -> Iterable[Family]:
    size: Counter[str] = Counter()
    # What was once summed into others stays there, or their counters would fall.
    shown = {
        tally: amount
        for tally, amount in snapshot.tallies.items()
        if tally.source not in snapshot.retired
        or places.summed(names.Part.SOURCES, tally.source)
    }
    for tally, amount in shown.items():
        size[tally.source] += amount
    settled: Counter[tuple[str, str]] = Counter()
    labels = {source: places.source(source) for source, _ in size.most_common()}
    records: Counter[tuple[str, str]] = Counter()
    refused: Counter[tuple[str, str]] = Counter()
    for tally, amount in shown.items():
        source = labels[tally.source]
        if tally.name in _SETTLED:
            settled[source, tally.name] += amount
            continue
        records[source, tally.name] += amount
        if tally.name == Tally.REFUSED:
            refused[places.refusal(source, tally.detail), tally.detail] += amount
    by_outcome = _family(names.RECORDS)
    for source in sorted(set(labels.values())):
        for outcome in Tally:
            _add(by_outcome, names.RECORDS, (source, outcome), records[source, outcome])
    by_reason = _family(names.RECORDS_REFUSED)
    for (source, reason), amount in sorted(refused.items()):
        _add(by_reason, names.RECORDS_REFUSED, (source, reason), amount)
    left = _family(names.QUARANTINE_SETTLED)
    for (source, how), amount in sorted(settled.items()):
        _add(left, names.QUARANTINE_SETTLED, (source, how), amount)
    return by_outcome, by_reason, left


def _open(snapshot: Snapshot, places: Places, agencies: Mapping[str, str]) -> Iterable[Family]:
    size: Counter[tuple[str, int, int]] = Counter()
    for stock, dossiers in snapshot.open.items():
        size[stock.agency, stock.channel, stock.level] += dossiers
    found = {
        (agency, channel, level): places.open(agencies[agency], channel, level)
        for (agency, channel, level), _ in size.most_common()
    }
    states: dict[Place, Counter[int]] = {place: Counter() for place in found.values()}
    overdue: Counter[Place] = Counter()
    due: dict[str, Counter[DueBy]] = defaultdict(Counter)
    for stock, dossiers in snapshot.open.items():
        place = found[stock.agency, stock.channel, stock.level]
        states[place][stock.measure] += dossiers
        due[agencies[stock.agency]][stock.due] += dossiers
        if stock.due is DueBy.OVERDUE:
            overdue[place] += dossiers
    in_states, in_delay, by_due = map(_family, (names.OPEN, names.OPEN_OVERDUE, names.OPEN_DUE))
    for place, dossiers_in in sorted(states.items()):
        for measure, state in names.OPEN_STATES.items():
            _add(in_states, names.OPEN, (*place, state), dossiers_in[measure])
        _add(in_delay, names.OPEN_OVERDUE, place, overdue[place])
    for agency, dossiers_due in sorted(due.items()):
        for when in DueBy:
            _add(by_due, names.OPEN_DUE, (agency, when), dossiers_due[when])
    return in_states, in_delay, by_due


def _consumed(snapshot: Snapshot, agencies: Mapping[str, str]) -> Iterable[Family]:
    credit: dict[str, Counter[int]] = defaultdict(Counter)
    debit: dict[str, Counter[int]] = defaultdict(Counter)
    for here, sides in snapshot.consumed.items():
        credit[agencies[here.agency]][here.measure] += sides.credit
        debit[agencies[here.agency]][here.measure] += sides.debit
    # A token of a dossier in each bucket: `emc explain TOKEN` finds it for who may read the ledger.
    examples = {
        (agencies.get(bucket.name), bucket.bin): latency.exemplar(snapshot, bucket, "case")
        for bucket in snapshot.exemplars
        if bucket.histogram == Histogram.CONSUMED
    }
    for metric, bins_of in ((names.CONSUMED.credit, credit), (names.CONSUMED.debit, debit)):
        family = _family(metric)
        beside = examples if metric is names.CONSUMED.credit else {}
        for agency in sorted(credit):
            so_far = 0
            for bound, measure in zip(names.BOUNDS, CONSUMED_BINS, strict=True):
                so_far += bins_of[agency][measure]
                family.add_sample(
                    f"{metric.name}_bucket",
                    {"agency": agency, "le": bound},
                    so_far,
                    exemplar=beside.get((agency, measure - CONSUMED_BINS.start)),
                )
        yield family


def _flows(snapshot: Snapshot, places: Places, agencies: Mapping[str, str]) -> Iterable[Family]:
    size: Counter[tuple[str, int, int, int]] = Counter()
    for flow, sides in snapshot.flows.items():
        here = (flow.agency, flow.channel, flow.level, flow.booking_class)
        size[here] += 0 if flow.measure in _MILLISECONDS else sides.credit
    ordered = [here for here, _ in size.most_common()]
    # Those by agency alone first: they are few, and what is published.
    wholes: dict[tuple[str, int], tuple[str, ...]] = {
        (agency, booking_class): (
            places.agency_flow(agencies[agency], booking_class),
            names.CLASSES.get(booking_class, names.OTHER),
        )
        for agency, booking_class in dict.fromkeys((here[0], here[3]) for here in ordered)
    }
    found: dict[tuple[str, int, int, int], tuple[str, ...]] = {
        here: (
            *places.flow(agencies[here[0]], *here[1:]),
            names.CLASSES.get(here[3], names.OTHER),
        )
        for here in ordered
    }
    credit: Counter[tuple[int, tuple[str, ...]]] = Counter()
    debit: Counter[tuple[int, tuple[str, ...]]] = Counter()
    for flow, sides in snapshot.flows.items():
        if flow.measure in names.BY_AGENCY:
            labels = wholes[flow.agency, flow.booking_class]
        else:
            labels = found[flow.agency, flow.channel, flow.level, flow.booking_class]
        credit[flow.measure, labels] += sides.credit
        debit[flow.measure, labels] += sides.debit
    # Both sides of every measure from 0 on, as soon as anything is booked of a label set.
    shown = sorted(set(found.values()))
    by_agency = sorted(set(wholes.values()))
    named: dict[tuple[str, ...], list[tuple[tuple[str, ...], dict[str, str]]]] = {}
    for measure, pair in names.FLOWS.items():
        divisor = 1000 if measure in _MILLISECONDS else 1
        for metric, amounts in ((pair.credit, credit), (pair.debit, debit)):
            if metric.labels not in named:  # the labels of thousands of series, made once
                places_of = by_agency if measure in names.BY_AGENCY else shown
                named[metric.labels] = [
                    (labels, dict(zip(metric.labels, labels, strict=True)))
                    for labels in places_of
                ]
            family = _family(metric)
            family.samples = [
                Sample(metric.name, said, amounts[measure, labels] / divisor)
                for labels, said in named[metric.labels]
            ]
            yield family


def _reconciled(snapshot: Snapshot) -> Iterable[Family]:
    drift, stale, at = map(_family, (names.DRIFT, names.STALE, names.RECONCILED))
    for found in sorted(snapshot.reconciled):
        _add(drift, names.DRIFT, (found.name,), found.differing)
        _add(at, names.RECONCILED, (found.name,), found.ended_ms / 1000)
        if found.name == Check.DOSSIERS:
            _add(stale, names.STALE, (), found.stale)
    return drift, stale, at


def _sources(snapshot: Snapshot, places: Places) -> Iterable[Family]:
    """How connections stand; one that finds no place is not shown, as nothing can be summed."""
    made = {metric.name: _family(metric) for metric in _OF_SOURCES}

    def add(metric: names.Metric, labels: Iterable[str], ms: int | None) -> None:
        if ms is not None:
            _add(made[metric.name], metric, labels, ms / 1000)

    for standing in snapshot.connections:
        source = standing.source
        if not places.connection(source):
            continue
        status = "trial" if standing.trial else "live"
        add(names.SOURCE_CLASS, (source, status, standing.word), standing.since_ms)
        add(names.SOURCE_LAST, (source,), standing.last_ms)
        add(names.SOURCE_SILENCE, (source,), standing.silence_ms)
        if standing.working_ms:
            share = standing.connected_ms / standing.working_ms
            _add(made[names.SOURCE_UPTIME.name], names.SOURCE_UPTIME, (source,), share)
        add(names.SOURCE_FRESHNESS, (source, "0.5"), standing.p50_ms)
        add(names.SOURCE_FRESHNESS, (source, "0.95"), standing.p95_ms)
        for noted in json.loads(standing.facts):
            add(names.SOURCE_FACT, (source, noted["fact"]), noted["since_ms"])
    oldest = min((standing.judged_ms for standing in snapshot.connections), default=None)
    add(names.SOURCES_JUDGED, (), oldest)
    _add(made[names.SENT_BACKLOG.name], names.SENT_BACKLOG, (), snapshot.sent_backlog)
    return made.values()


_OF_SOURCES: Final = (
    names.SOURCE_CLASS,
    names.SOURCE_FACT,
    names.SOURCE_LAST,
    names.SOURCE_SILENCE,
    names.SOURCE_UPTIME,
    names.SOURCE_FRESHNESS,
    names.SOURCES_JUDGED,
    names.SENT_BACKLOG,
)


def _positions(snapshot: Snapshot) -> Iterable[Family]:
    following, moved = _family(names.NEXT_OFFSET), _family(names.POSITION_MOVED)
    by_hand = _family(names.POSITION_SET)
    for partition, progress in sorted(snapshot.positions.items()):
        labels = (partition.topic, str(partition.partition))
        _add(following, names.NEXT_OFFSET, labels, progress.next)
        _add(moved, names.POSITION_MOVED, labels, progress.moved_ms / 1000)
        _add(by_hand, names.POSITION_SET, labels, progress.times_set)
    return following, moved, by_hand


def _watermark(snapshot: Snapshot) -> Iterable[Family]:
    folded, backlog = _family(names.WATERMARK), _family(names.BACKLOG)
    _add(folded, names.WATERMARK, (), snapshot.watermark.folded_ms / 1000)
    _add(backlog, names.BACKLOG, (), snapshot.watermark.backlog)
    return folded, backlog


def _unknown(snapshot: Snapshot) -> Family:
    family = _family(names.UNKNOWN_SENDERS)
    for via in Via:
        _add(family, names.UNKNOWN_SENDERS, (via,), snapshot.unknown.get(via, 0))
    return family


def _family(metric: names.Metric) -> Family:
    match metric.type:
        case names.Type.COUNTER:
            return CounterMetricFamily(metric.name, metric.help)
        case names.Type.HISTOGRAM:
            return HistogramMetricFamily(metric.name, metric.help)
        case names.Type.INFO:
            return Family(metric.name.removesuffix("_info"), metric.help, "info")
        case names.Type.GAUGE:
            return GaugeMetricFamily(metric.name, metric.help)


def _add(family: Family, metric: names.Metric, labels: Iterable[str], value: float) -> None:
    family.add_sample(metric.name, dict(zip(metric.labels, labels, strict=True)), value)


class Board:
    """The latest committed snapshot, read once for all scrapes that ask at the same time."""

    def __init__(
        self, read: Callable[[], Awaitable[Snapshot]], places: Places | None = None
    ) -> None:
        self._read = read
        self._places = places or Places()
        self._presses: dict[str, Press] = {}  # by content type
        self._reading: asyncio.Task[Shown] | None = None
        self._begun = 0.0
        self._booked = -1

    async def exposition(self, accept: str, *, compressed: bool) -> Exposition:
        """What a scrape gets. Raises `Unavailable`."""
        shown = await self._fresh()
        encode, content_type = _encoder(accept)
        if len(shown.encoded) >= MOST_ENCODINGS:
            encode, content_type = _encoder("")
        press = self._presses.get(content_type)
        if press is None:
            if len(self._presses) >= MOST_ENCODINGS:
                self._presses.clear()
            press = self._presses[content_type] = Press(encode)
        key = (content_type, compressed)
        encoding = shown.encoded.get(key)
        if encoding is None:

            def exposition() -> Exposition:
                body = press.print(shown.families)
                # The lowest level: three quarters of the gain for a tenth of the time.
                body = gzip.compress(body, 1) if compressed else body
                return Exposition(content_type, body, compressed)

            encoding = asyncio.create_task(asyncio.to_thread(exposition))
            shown.encoded[key] = encoding
        # Whoever hangs up must not end what others wait for.
        return await asyncio.shield(encoding)

    async def _fresh(self) -> Shown:
        now = asyncio.get_running_loop().time()
        reading = self._reading
        if reading is None or (reading.done() and now - self._begun > FRESH_SECONDS):
            self._begun = now
            reading = self._reading = asyncio.create_task(self._refresh())
            reading.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        return await asyncio.shield(reading)

    async def _refresh(self) -> Shown:
        try:
            async with asyncio.timeout(LONGEST_READ_SECONDS):
                snapshot = await self._read()
        except (NotMigrated, ReadsDifferently) as error:
            raise Unavailable(str(error)) from error
        except AWAY as error:
            raise Unavailable(f"the ledger does not answer: {type(error).__name__}") from error
        return await asyncio.to_thread(self._show, snapshot)

    def _show(self, snapshot: Snapshot) -> Shown:
        """In a thread, one at a time."""
        booked = snapshot.booked
        if booked < self._booked:
            raise Unavailable(
                "the ledger shows less than it has shown before: an older copy of it; if it"
                " was restored on purpose, restart this service"
            )
        self._booked = booked
        return Shown(families(snapshot, self._places))

    async def close(self) -> None:
        """End what is being read."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await self._reading


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    try:
        return choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is no number
        return choose_encoder("")
