"""When somebody is told: the shipped file says what stands in the code, and a slip is told."""

import shutil
from pathlib import Path

from typer.testing import CliRunner

from monitor.cli import app
from monitor.reference.alerts import AlertsFile, load_alerts
from monitor.reference.check import check
from monitor.reference.policy import load_reference
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"


def test_the_shipped_file_is_what_holds_without_one(tmp_path: Path) -> None:
    assert load_alerts(SHIPPED) == load_alerts(tmp_path) == load_alerts(None) == AlertsFile()


def test_a_slip_in_the_file_is_told_with_its_line_and_moves_no_policy(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "reference")
    version = load_reference(folder).version
    file = folder / "alerts.toml"
    file.write_text("[monitor]\nlag_seconds = 60\n")
    assert check(folder) == []
    assert load_reference(folder).version == version

    file.write_text(
        'portal_sources = "(portal"\n\n[monitor]\nlag_second = 60\nreconciled_days = "8"\n'
    )
    told = check(folder)

    assert [line.partition("alerts.toml:")[2][:1] for line in told] == ["4", "5"]
    file.write_text('portal_sources = "(portal"\n')
    assert "alerts.toml:1: no pattern" in check(folder)[0]


def test_what_is_no_mail_and_no_web_address_is_told(tmp_path: Path) -> None:
    folder = shutil.copytree(SHIPPED, tmp_path / "reference")
    (folder / "alerts.toml").write_text(
        '[links]\nrunbooks = "nonsense"\ndashboards = "ftp://there/"\n'
        '[receivers]\npage_mail = "oncall"\npage_url = "https://"\n'
        'digest_mail = "Một cửa <{agency}@example.gov.vn>, b@example.gov.vn"\n'
    )

    told = [line.partition("alerts.toml:")[2] for line in check(folder)]

    assert [line[:1] for line in told] == ["2", "3", "5", "6"]
    assert told[2] == "5: 'oncall' is no mail address: write one as oncall@example.gov.vn"


def test_a_digest_links_to_no_dashboards_that_are_nowhere() -> None:
    done = CliRunner().invoke(app, ["digest", "--dashboards", "nonsense"])

    assert done.exit_code == 2
    assert "'nonsense' is no address" in done.output
