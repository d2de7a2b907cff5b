"""What a scrape of /metrics shows, read as Prometheus would read it."""

import urllib.error
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from http import HTTPStatus

from prometheus_client.parser import text_string_to_metric_families

# (level-1 agency, channel, level) in the words of the labels; the last two "" where they have none.
Place = tuple[str, str, str]

FLOWS = (
    "submitted",
    "accepted",
    "refused",
    "withdrawn_unaccepted",
    "completed",
    "returned",
    "handed_over",
    "on_time",
    "late",
    "no_deadline",
)
# Those shown by agency alone (docs/adr/0023).
WHOLE = frozenset({"refused", "withdrawn_unaccepted", "returned", "no_deadline"})


@dataclass(slots=True)
class Scrape:
    """Figures by name and place, and the count of records by outcome."""

    figures: dict[str, dict[Place, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    records: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def total(self, name: str) -> int:
        """The figure over all places."""
        return sum(self.figures[name].values())


def scrape(url: str) -> Scrape:
    """Scrape a `/metrics` and take each figure as credit less debit, over booking classes."""
    with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310 - our own http address
        text = reply.read().decode()
    shown = Scrape()
    flows: dict[str, tuple[str, int]] = {}
    for name in FLOWS:
        flows[f"emc_dossiers_{name}_credit_total"] = (name, 1)
        flows[f"emc_dossiers_{name}_debit_total"] = (name, -1)
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = sample.labels
            if sample.name in flows:
                name, sign = flows[sample.name]
                shown.figures[name][_place(labels)] += sign * int(sample.value)
            elif sample.name == "emc_dossiers_open":
                shown.figures["open"][_place(labels)] += int(sample.value)
                shown.figures[labels["state"]][_place(labels)] += int(sample.value)
            elif sample.name == "emc_dossiers_open_overdue":
                shown.figures["open_overdue"][_place(labels)] += int(sample.value)
            elif sample.name == "emc_records_total":
                shown.records[labels["outcome"]] += int(sample.value)
    return shown


def scraped(url: str) -> Scrape | None:
    """The same; None while the ledger does not answer in time, as on a machine with its hands full."""
    try:
        return scrape(url)
    except urllib.error.HTTPError as error:
        if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
            raise
        return None


def gauges(url: str) -> dict[str, float]:
    """The metrics without labels; none as long as the ledger is not there."""
    try:
        with urllib.request.urlopen(url, timeout=30) as reply:  # noqa: S310 - our own http address
            text = reply.read().decode()
    except OSError:
        return {}
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


def _place(labels: dict[str, str]) -> Place:
    return labels["agency"], labels.get("channel", ""), labels.get("level", "")
