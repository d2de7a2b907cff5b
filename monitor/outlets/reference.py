"""docs/reference/metrics.md, written from the declarations that are served."""

from collections.abc import Iterable
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from monitor.outlets import catalogue, names
from monitor.outlets.names import Metric, Type

_HEAD: Final = """\
# Metrics

<!-- Written by `emc docs` from monitor/outlets/catalogue.py and the processes' own (agents/health.py,
agents/gateway/health.py). Do not edit. -->

`emc serve` shows what the ledger has booked: exact, the same after any restart, and never less
than it has shown before. A worker and a gateway show how they fare themselves, on a port of their
own; these counts begin anew with every process. Scrape each process by itself, never through a
balancer.

## How to read them

- **The figure is credit less debit.** What is booked may be taken back by a correction or by an
  event that arrives late, and a Prometheus counter must not fall. So each account is two
  counters: the dossiers accepted are
  `emc_dossiers_accepted_credit_total - emc_dossiers_accepted_debit_total`. Both are shown from 0
  as soon as anything is booked under their labels. The difference is exact; `rate` and
  `increase` extrapolate and are for trends.
- **One instance each, then the highest.** Where several instances of `emc serve` are scraped,
  take the rate first: `max without (instance) (rate(m[5m]))`, and for gauges
  `max without (instance) (m)`.
- **`class`** says how news-like the booking was: `live`; `late`, more than an hour behind the
  event; `backfill`, said by the producer to be history; `recompute`. Alerts leave out
  `backfill` and `recompute`. A class appears with its first booking.
- **`agency`** is of level 1, a ministry or a province; **`channel`** is `direct`, `online`,
  `postal` or `unsaid`; **`level`** of service is `2`, `3`, `4` or `unsaid`. Verdicts by rules of
  law, and what leaves without a result, are shown by agency alone: the ledger has the rest.
- **`other`** stands where a label set found no place within the series budget: it is summed
  there, so that sums over labels stay exact and only the breakdown is lost.
  `emc_snapshot_summed_into_other` counts these label sets; 0 is the normal value.
- **Day** is the day that a measure is booked on: `received` (of receipt), `moved` (of the
  transition) or `ended` (of the end). Prometheus knows only when it scraped; figures by day are
  asked of the ledger.
- **Basis** is how well the rule behind a figure is known: `law`, `practice`, `assumption`, or
  `plain` where it is arithmetic on what was sent.
- The histogram of deadline consumption is two histograms, credit and debit, by agency alone:
  `sum by (le) (a_credit_bucket) - sum by (le) (a_debit_bucket)`. Its bound 1.0 is the deadline
  and agrees with `on_time`. It has no `_sum`: dossiers are booked by bin, and a sum of shares
  could not be exact; the bucket `+Inf` is its count.
- **Exemplars** come with OpenMetrics, which Prometheus asks for: `case` is a dossier's token, found
  again by `emc explain TOKEN`, `event` the id of a request (docs/explanation/latency.md).
- **A series ends** when what it tells of is gone: interfaces without requests, and sources that
  were revoked, after 30 days. If it comes back it goes on where it was.
- A scrape that fails with status 503 says why in its body: the ledger does not answer, has no
  schema yet, or shows less than it has shown before. Nothing old is served in place of it: the
  gap in Prometheus is the truth.
"""

_OF_THE_CLIENT: Final = (
    "Besides these, the metrics of the Python client: `process_*`, `python_gc_*` and"
    " `python_info`.\n\n"
)
_OF_INGEST: Final = (
    "`emc ingest` shows the same but what is of dossiers and balances; those that begin with"
    " `emc_ingest_` are its own.\n\n"
)
_COLUMNS: Final = "| metric | type | labels | day | basis | meaning | series |\n"
_RULE: Final = "|---|---|---|---|---|---|---|\n"


def page(extra: Iterable[Metric], gateway: Iterable[Metric]) -> str:
    """The whole page; `extra` are those of worker and ingest (`of_registry`)."""
    return "".join(
        [
            _HEAD,
            "\n## What `emc serve` shows\n\n",
            _budget(),
            _table(catalogue.METRICS),
            "\n## What a worker shows, and ingest\n\n",
            _OF_INGEST,
            _OF_THE_CLIENT,
            _table(extra),
            "\n## What the gateway shows\n\n",
            _OF_THE_CLIENT,
            _table(gateway),
        ]
    )


def _budget() -> str:
    total = sum(metric.typical or 0 for metric in catalogue.METRICS)
    of_a_class = sum(m.typical or 0 for m in catalogue.METRICS if m.labels[-1:] == ("class",))
    return (
        f"Budget: at most {names.SERIES_BUDGET:,} series an instance, kept whatever is sent;"
        f" at most {names.LARGEST_AGENCIES} agencies and {names.LARGEST_SOURCES} sources have"
        " labels of their own. The numbers of series below are those of a nation with"
        f" {names.AGENCIES} ministries and provinces, {names.PAIRS_OF_AN_AGENCY} pairs of"
        f" channel and level each, one class of booking, {names.SOURCES} sources and"
        f" {names.PARTITIONS} partitions: **{total:,}** in all. Each further class adds up to"
        f" {of_a_class:,}; what exceeds the budget is shown by agency without channel and"
        " level.\n\n"
    )


def _table(metrics: Iterable[Metric]) -> str:
    return _COLUMNS + _RULE + "".join(map(_row, metrics))


def _row(metric: Metric) -> str:
    number = "" if metric.typical is None else f" = {metric.typical:,}"
    series = metric.series if metric.series != "1" else ""
    cells = (
        f"`{metric.name}`",
        metric.type,
        ", ".join(f"`{label}`" for label in metric.labels),
        metric.day or "",
        metric.basis or "",
        metric.meaning,
        (series + number).removeprefix(" = "),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def of_registry(registry: CollectorRegistry) -> list[Metric]:
    """What a process declares with prometheus_client's own instruments, by name."""
    found = []
    # The client has no public way to ask an instrument that nothing was observed of for labels.
    for instrument in set(registry._collector_to_names):  # noqa: SLF001
        if not isinstance(instrument, MetricWrapperBase):
            continue  # the process's and the interpreter's
        (family,) = instrument.describe()
        type_ = Type(family.type)
        suffix = {Type.COUNTER: "_total", Type.INFO: "_info"}.get(type_, "")
        labels = tuple(instrument._labelnames)  # noqa: SLF001
        shown = (*labels, "le") if type_ is Type.HISTOGRAM else labels
        found.append(
            Metric(
                name=family.name + suffix,
                type=type_,
                labels=shown,
                meaning=family.documentation,
                series=" × ".join(shown) or "1",
                typical=None if labels else _made(instrument),
            )
        )
    return sorted(found, key=lambda metric: metric.name)


def _made(instrument: MetricWrapperBase) -> int:
    """The series of an instrument without labels."""
    return sum(
        not sample.name.endswith("_created")
        for family in instrument.collect()
        for sample in family.samples
    )
