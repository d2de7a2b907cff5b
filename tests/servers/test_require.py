"""What is missing is skipped with its remedy, or fails where nothing may be skipped."""

from pathlib import Path

import pytest

from tests.servers import require


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(require, "SEARCH_PATH", "")
    monkeypatch.setenv("EMC_KAFKA_JARS", "/nowhere")
    monkeypatch.delenv("EMC_DATA", raising=False)
    monkeypatch.delenv("EMC_NO_SKIP", raising=False)


def test_a_missing_tool_skips_with_the_command_that_installs_it() -> None:
    with pytest.raises(pytest.skip.Exception, match="apt-get install prometheus"):
        require.require("promtool")


def test_missing_jars_skip_with_the_command_that_fetches_them() -> None:
    with pytest.raises(pytest.skip.Exception, match="make kafka-jars"):
        require.require_kafka_jars()


def test_where_nothing_may_be_skipped_a_missing_tool_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMC_NO_SKIP", "1")

    with pytest.raises(pytest.fail.Exception, match="apt-get install kcat"):
        require.require("kcat")


def test_recorded_logs_may_be_absent_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMC_NO_SKIP", "1")

    with pytest.raises(pytest.skip.Exception, match="EMC_DATA"):
        require.require_data("receipt.csv.gz")


def test_a_folder_of_recorded_logs_has_to_be_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMC_DATA", str(tmp_path))

    with pytest.raises(AssertionError, match="receipt"):
        require.require_data("receipt.csv.gz")
