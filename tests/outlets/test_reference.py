"""The page of metrics is what the service and the worker declare."""

from agents.gateway.health import GatewayHealth
from agents.ingest.health import IngestHealth
from monitor.outlets import catalogue, names
from monitor.outlets.reference import of_registry, page
from tests.servers.require import ROOT


def test_the_page_of_metrics_is_the_one_that_the_declarations_give() -> None:
    written = (ROOT / "docs" / "reference" / "metrics.md").read_text("utf-8")

    made = page(of_registry(IngestHealth().registry), of_registry(GatewayHealth().registry))
    assert written == made, "run `emc docs`"


def test_the_page_has_the_labels_of_instruments_that_nothing_was_observed_of() -> None:
    lag = next(
        metric
        for metric in of_registry(IngestHealth().registry)
        if metric.name == "emc_worker_lag_records"
    )

    assert lag.labels == ("topic", "partition")


def test_no_name_is_declared_twice() -> None:
    declared = [metric.name for metric in catalogue.METRICS]

    assert len(declared) == len(set(declared))


def test_help_tells_the_day_and_the_basis() -> None:
    assert names.FLOWS[2].debit.help == (
        "Dossiers accepted, by receipt date and receiving agency. Debit side: what was taken"
        " back by a correction or a later event. Day: received. Basis: practice."
    )


def test_the_reckoned_nation_fits_into_the_budget() -> None:
    assert sum(metric.typical or 0 for metric in catalogue.METRICS) <= names.SERIES_BUDGET
