"""`emc check --rules`: what nobody exports is told with its file, line and remedy."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.outlets.names import Metric, Type
from monitor.outlets.rules.check import check, grouping, reading
from tests.servers.require import ROOT, require

METRICS = (
    Metric(name="emc_dossiers_open", type=Type.GAUGE, labels=("agency", "state"), meaning=""),
    Metric(name="emc_wait_seconds", type=Type.HISTOGRAM, labels=("agency", "le"), meaning=""),
)
RULES = ROOT / "deploy" / "prometheus" / "rules"


def told(folder: Path, text: str) -> list[str]:
    (folder / "own.yml").write_text(text, "utf-8")
    return [line.removeprefix(f"{folder}/") for line in check(folder, METRICS)]


def rule(expr: str) -> str:
    return f"groups:\n- name: own\n  rules:\n  - record: a:b:c\n    expr: {expr}\n"


@pytest.mark.parametrize(
    ("expr", "complaint"),
    [
        (
            "emc_dossiers_opened > 3",
            "own.yml:5: no process exports emc_dossiers_opened: write emc_dossiers_open",
        ),
        (
            "'sum(emc_dossiers_open{agnecy=\"H56\"})'",
            "own.yml:5: emc_dossiers_open has no label agnecy: write agency",
        ),
        (
            "sum by (agnecy) (emc_dossiers_open)",
            "own.yml:5: nothing that is read has a label agnecy: write agency",
        ),
        (
            "emc_wait_seconds > 3",
            "own.yml:5: no process exports emc_wait_seconds: write emc_wait_seconds_sum",
        ),
        (
            "|-\n      sum by (agency) (\n        emc_dossiers_open\n        - emc_dossiers_shut\n      )",
            "own.yml:8: no process exports emc_dossiers_shut: write emc_dossiers_open",
        ),
    ],
)
def test_a_name_that_nobody_exports_is_told(
    expr: str, complaint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where promtool is not installed."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert told(tmp_path, rule(expr)) == [complaint]


@pytest.mark.parametrize(
    "expr",
    [
        'sum by (agency) (emc_dossiers_open{state="paused"}) / 2e3 > bool 0.5',
        "histogram_quantile(0.9, sum by (le) (rate(emc_wait_seconds_bucket[5m])))",
        "max without (instance) (emc_dossiers_open offset 1w) unless on () (up == 0)",
        "a:b:c > 1 and on (whatever) a:b:c",
        "probe_success{source='x'} == 0 or absent(emc_dossiers_open)",
        'avg_over_time((emc_dossiers_open > bool 2)[5m:30s]) @ end() # emc_nothing "',
        "time() - vector(0)",
        "label_replace(emc_dossiers_open, \"place\", '$1', \"agency\", 'emc_no(.*)')",
    ],
)
def test_what_is_there_is_not_complained_of(
    expr: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert told(tmp_path, rule("|-\n      " + expr)) == []


def test_metrics_are_read_with_the_labels_they_are_selected_by() -> None:
    expr = 'sum by (x) (rate(m_total{a="}",b=~"c"}[5m])) / on (y) group_left (z) other'

    assert [(read.name, read.labels) for read, _ in reading(expr)] == [
        ("m_total", ("a", "b")),
        ("other", ()),
    ]
    assert [label for label, _ in grouping(expr)] == ["x", "y", "z"]


def test_a_file_that_is_none_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert told(tmp_path, "groups:\n- name: [own\n")[0].startswith("own.yml:3: no YAML (")
    assert told(tmp_path, "rules: []\n") == [
        "own.yml:1: no `groups`: write groups, and in each a name and rules"
    ]
    assert told(tmp_path, rule("up").replace("    expr: up\n", "")) == [
        "own.yml:4: a rule without `expr`: write what it evaluates"
    ]


def test_syntax_is_told_by_promtool(tmp_path: Path) -> None:
    require("promtool")

    (complaint,) = told(tmp_path, rule("sum(emc_dossiers_open"))

    assert complaint.startswith("own.yml:")
    assert "unclosed left parenthesis" in complaint
    assert complaint.endswith(": correct the rule")


def test_promtool_is_heard_of_every_rule_of_a_file_with_a_wrong_name(tmp_path: Path) -> None:
    require("promtool")

    found = told(
        tmp_path,
        rule("emc_dossiers_opened")
        + "  - record: d:e:f\n    expr: sum(emc_dossiers_open\n"
        + "  - record: g:h:i\n    expr: max(emc_dossiers_open\n",
    )

    assert found[0].startswith("own.yml:5: no process exports emc_dossiers_opened")
    assert [line.partition(": ")[0] for line in found] == [
        "own.yml:5",
        "own.yml:7",
        "own.yml:9",
    ]
    assert all("unclosed left parenthesis" in line for line in found[1:])


def test_promtool_is_told_with_the_line_that_it_names_in_the_middle(tmp_path: Path) -> None:
    require("promtool")

    (complaint,) = told(tmp_path, rule("up") + "    labels: [1]\n")

    assert complaint.startswith("own.yml:6: promtool: yaml: unmarshal errors: line 6: cannot")


def test_a_file_that_is_none_is_complained_of_once(tmp_path: Path) -> None:
    require("promtool")

    assert len(told(tmp_path, "groups:\n- name: [own\n")) == 1


def test_without_promtool_it_is_said_that_nobody_looked_at_syntax(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    done = CliRunner().invoke(app, ["check", "--rules", str(RULES)])

    assert done.exit_code == 0
    assert "syntax was not looked at: promtool is not on PATH" in done.stderr
    assert "nothing to complain of" in done.stdout


def test_what_is_shipped_reads_only_what_processes_export() -> None:
    done = CliRunner().invoke(
        app, ["check", str(ROOT / "deploy" / "reference"), "--rules", str(RULES)]
    )

    assert done.exit_code == 0, done.output


def test_the_command_ends_with_1_and_says_where(tmp_path: Path) -> None:
    folder = shutil.copytree(RULES, tmp_path / "rules")
    file = folder / "digest.yml"
    text = file.read_text("utf-8").replace("emc_digest_time", "emc_digest_tme")
    file.write_text(text, "utf-8")
    line = text[: text.index("emc_digest_tme")].count("\n") + 1

    done = CliRunner().invoke(
        app, ["check", str(ROOT / "deploy" / "reference"), "--rules", str(folder)]
    )

    assert done.exit_code == 1
    assert (
        f"{file}:{line}: no process exports emc_digest_tme: write emc_digest_time"
        in done.output
    )
