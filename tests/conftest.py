"""What all tests share: real servers, markers that follow from them, and how hypothesis searches."""

import os
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest
import structlog
from hypothesis import HealthCheck, settings

from tests.servers.process import Logged
from tests.servers.require import NO_DATA, nothing_may_be_skipped

pytest_plugins = [
    "tests.servers.alertmanager",
    "tests.servers.kafka",
    "tests.servers.postgres",
    "tests.servers.prometheus",
    "tests.servers.tansu",
]

# The same examples on every run: a red build is about the change, not about luck. The search for
# new ones is for the night: HYPOTHESIS_PROFILE=nightly.
settings.register_profile("default", derandomize=True, deadline=None)
settings.register_profile(
    "nightly", max_examples=5_000, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SERVERS: Final = frozenset(
    {
        "alertmanager",
        "bare_database",
        "broker",
        "database",
        "kafka",
        "kafka_cluster",
        "postgres",
        "prometheus",
        "tansu",
    }
)
REAL_KAFKA: Final = frozenset({"kafka", "kafka_cluster"})


@pytest.fixture(autouse=True)
def logs_of_its_own() -> Generator[None]:
    """A command run within a test logs to that test's stderr, which is closed when it ends.

    Whatever logs in a later test would fail, and a stream that fails to log stands still.
    """
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def pytest_sessionstart() -> None:
    """Tests are about the sources: extension modules in the checkout would hide changes of them.

    `tests/test_compiled.py` runs the domain's tests on a compiled copy, and says where it is.
    """
    spec = find_spec("monitor.domain.fold")
    origin = str(spec.origin) if spec else ""
    copy = os.environ.get("EMC_COMPILED_AT")
    if copy is not None and not (origin.startswith(copy) and origin.endswith(".so")):
        raise pytest.UsageError(f"{origin} is not compiled in {copy}")
    if copy is None and origin.endswith(".so"):
        raise pytest.UsageError(
            f"{origin} would be tested in the stead of its source: run `make pure`"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that uses a server is marked so: nobody has to remember it. Then the order of files."""
    for item in items:
        if not isinstance(item, pytest.Function):
            continue
        if SERVERS & set(item.fixturenames):
            item.add_marker("server")
        callspec = getattr(item, "callspec", None)
        asked = {*item.fixturenames, callspec and callspec.params.get("broker")}
        if REAL_KAFKA & asked:
            item.add_marker("real_kafka")
    longest_first(items)


def longest_first(items: list[pytest.Item]) -> None:
    """Files with slow tests, then those that use servers, then the quick ones.

    Processes take one file after the other: a long one that came last would leave the others idle.
    """
    ranks: dict[Path, int] = {}
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        rank = 0 if "slow" in marks else 1 if "server" in marks else 2
        ranks[item.path] = min(rank, ranks.get(item.path, rank))
    items.sort(key=lambda item: ranks[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the logs of the servers that a failed test used; fail a skip where none is allowed."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and nothing_may_be_skipped():
        reason = (
            report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        )
        if NO_DATA not in reason:
            report.outcome = "failed"
            report.longrepr = f"EMC_NO_SKIP is set, and this was skipped: {reason}"
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Logged):
                report.sections.append(("server log", value.tail()))
    return report
