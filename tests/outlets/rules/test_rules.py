"""Every rule is tested as code: by promtool, in every case that an alert can meet."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from monitor.domain.objective import Alert as Burn
from monitor.domain.objective import Indicator, Severity, Span
from monitor.domain.zone import day_number
from monitor.outlets.rules.command import rules
from monitor.outlets.rules.files import alerts, load, made, stale, texts, write
from monitor.outlets.rules.yaml import yaml
from tests.outlets.rules.case import GROUPS, KINDS, Case, files
from tests.outlets.rules.service_cases import requests
from tests.outlets.rules.suite import AROUND, FOLDER, every, written
from tests.servers.require import ROOT, require

DEPLOY = ROOT / "deploy"
REFERENCE = DEPLOY / "reference"
SAID = load(REFERENCE)


def promtool(paths: Sequence[Path]) -> str:
    """What it has to complain of; nothing if all is as it should be."""
    done = subprocess.run(
        [require("promtool"), "test", "rules", *paths],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=AROUND,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_files_of_prometheus_and_alertmanager_are_fresh() -> None:
    assert stale(texts(SAID), DEPLOY) == [], "run `make rules`"


def test_the_unit_tests_of_the_rules_are_fresh() -> None:
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.yml")} == written(), (
        "run `make rules`"
    )


def test_every_alert_is_tested_in_every_case_or_says_why_not() -> None:
    tested = {told.alert: told for told in every()}

    assert len(tested) == len(every())
    assert tested.keys() == alerts(SAID).keys()
    for told in tested.values():
        for kind in KINDS:
            given = getattr(told, kind)
            cases = [given] if isinstance(given, str | Case) else list(given)
            assert cases, (told.alert, kind)
            for case in cases:
                if isinstance(case, str):
                    assert len(case) > 20, (told.alert, kind)
                    assert kind not in {"firing", "not_firing", "resolving", "no_data"}
                else:
                    assert case.at, (told.alert, kind)
        firing, *_ = told.cases()
        assert any(firing[1].at.values()), told.alert
        resolving = [case for kind, case in told.cases() if kind == "resolving"]
        assert all(list(case.at.values())[-1] == [] for case in resolving), told.alert
        assert all(any(case.at.values()) for case in resolving), told.alert


def test_groups_are_evaluated_in_the_order_in_which_they_read_each_other() -> None:
    made_of = {
        path.removeprefix("prometheus/rules/").removesuffix(".yml"): tuple(
            group["name"] for group in one["groups"]
        )
        for path, one in made(SAID).items()
        if path.startswith("prometheus/rules/")
    }

    assert made_of == dict(GROUPS)


@pytest.mark.slow
def test_promtool_finds_every_case_as_it_was_written() -> None:
    tool = require("promtool")
    # The longest ones are those of services; two processes, as there are two cores.
    paths = sorted(FOLDER.glob("*.yml"))
    long = [path for path in paths if "services.yml" in path.read_text("utf-8")]
    parts = (long, [path for path in paths if path not in long])

    running = [
        subprocess.Popen(
            [tool, "test", "rules", *part],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=AROUND,
        )
        for part in parts
    ]
    said = [process.communicate(timeout=300)[0] for process in running]

    assert [process.returncode for process in running] == [0, 0], "\n".join(
        line for text in said for line in text.splitlines() if "SUCCESS" not in line
    )


def test_every_alert_says_who_is_told_what_is_so_and_where_to_look() -> None:
    for name, alert in alerts(SAID).items():
        said = alert.written(SAID.alerts.links)
        notes = said["annotations"]
        assert re.fullmatch(r"(?:[A-Z][a-z]+)+", name)
        assert said["labels"]["severity"] in {"page", "ticket", "digest", "mute"}
        assert notes.keys() - {"description_vi"} == {
            "summary",
            "summary_vi",
            "description",
            "runbook_url",
            "dashboard_url",
        }
        assert notes["runbook_url"].startswith(SAID.alerts.links.runbooks)
        assert notes["dashboard_url"].startswith(SAID.alerts.links.dashboards)


def test_only_technical_matters_connections_and_the_monitor_page() -> None:
    pages = {alert.about for alert in alerts(SAID).values() if alert.severity.value == "page"}

    assert {about.value for about in pages} == {"technical", "connection", "monitor"}


def test_with_a_target_of_90_percent_a_real_breach_fires(tmp_path: Path) -> None:
    """A burn rate of 14.4 would be 144 % of all requests there: 6 is 60 %, and can be seen."""
    objective = next(
        one for one in SAID.technical if one.indicator is Indicator.PORTAL_AVAILABILITY
    )
    ninety = replace(
        objective,
        targets=(replace(objective.targets[-1], good=9_000),),
        alerts=(Burn(severity=Severity.PAGE, long=Span(1, "h"), short=Span(5, "m"), burn=6),),
    )
    write(texts(replace(SAID, technical=(ninety,))), tmp_path)
    fires = {
        "kind": "portal",
        "source": "H56-portal",
        "interface": "/",
        "objective": "portal-availability",
        "measured": "requests",
        "reason": "portal_failing",
    }
    breach = Case(
        says="seven of ten fail",
        given=requests("portal", "0+42x60", "0+18x60"),
        at={"10m": [fires]},
    )
    half = Case(says="half fail", given=requests("portal", "0+30x60", "0+30x60"), at={"1h": []})

    assert promtool(asked(tmp_path, "PortalDegraded", [breach, half])) == ""


def test_the_command_writes_says_what_is_stale_and_refuses_what_no_rule_can_see(
    tmp_path: Path,
) -> None:
    reference = shutil.copytree(REFERENCE, tmp_path / "reference")
    out = tmp_path / "out"
    said: list[str] = []

    assert rules(reference, out, check=False, pace=1, say=said.append) == 0
    assert len(said) == 10
    assert rules(reference, out, check=True, pace=1, say=said.append) == 0
    assert len(said) == 10

    (reference / "alerts.toml").write_text("[monitor]\nlag_seconds = 60\n")
    assert rules(reference, out, check=True, pace=1, say=said.append) == 1
    assert said[10:] == [f"stale: {out}/prometheus/rules/monitor.yml (emc rules)"]

    file = reference / "objectives" / "portal-latency.toml"
    file.write_text(file.read_text("utf-8").replace("= 2.5", "= 3"))
    assert rules(reference, out, check=False, pace=1, say=said.append) == 1
    assert said[-1].startswith(
        f"{file}:5: requests are not counted by a bound of 3 s: write one of "
    )


def test_rules_are_made_of_the_target_in_force_and_refused_where_there_is_none(
    tmp_path: Path,
) -> None:
    """Of portals 99 % until the year ends, then 99.9 %: a hundredth may fail, then a thousandth."""
    reference = shutil.copytree(REFERENCE, tmp_path / "reference")
    file = reference / "objectives" / "portal-availability.toml"
    head, _, rest = file.read_text("utf-8").partition("[[targets]]")
    alerts_of_it = rest[rest.index("[[alerts]]") :]
    target = (
        '[[targets]]\npercent = {}\narticle = "own"\nbasis = "assumption"\nvalid_from = {}\n'
    )
    file.write_text(
        head
        + target.format(99, "2026-01-01")
        + "valid_until = 2027-01-01\n\n"
        + target.format(99.9, "2027-01-01")
        + "\n"
        + alerts_of_it
    )
    said: list[str] = []

    def run(on: date, *, check: bool = False) -> int:
        return rules(
            reference, tmp_path, check=check, pace=1, say=said.append, day=day_number(on)
        )

    def share() -> str:
        text = (tmp_path / "prometheus" / "rules" / "services.yml").read_text("utf-8")
        of = 'ratio_rate1h{objective="portal-availability",measured="requests"} > '
        return text.partition(of)[2].split()[0]

    assert run(date(2026, 12, 31)) == 0
    assert share() == "0.144"
    assert run(date(2026, 12, 31), check=True) == 0
    assert run(date(2027, 1, 1), check=True) == 1
    assert said[-1] == f"stale: {tmp_path}/prometheus/rules/services.yml (emc rules)"
    assert run(date(2027, 1, 1)) == 0
    assert share() == "0.0144"
    assert run(date(2025, 12, 31)) == 1
    line = head.count("\n") + 1
    assert said[-1] == (
        f"{file}:{line}: no target is in force on 2025-12-31: add one that is, or take the file away"
    )


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_text("")
    said: list[str] = []

    assert rules(REFERENCE, out, check=False, pace=1, say=said.append) == 2
    assert said == [f"emc rules: {out} cannot be written: Not a directory"]


def asked(folder: Path, alert: str, cases: Sequence[Case]) -> list[Path]:
    """These cases of an alert, beside the rules of a folder."""
    told = next(one for one in every() if one.alert == alert)
    none: Any = dict.fromkeys(KINDS, ())
    made_of = replace(told, **none, more=tuple(cases))
    tests = folder / "prometheus" / "tests"
    tests.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, content in files(made_of, texts=False).items():
        (tests / name).write_text(yaml(content), "utf-8")
        paths.append(tests / name)
    return paths
