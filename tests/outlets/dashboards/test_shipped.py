"""The dashboards' files: fresh, readable by Grafana's own types, and laid out so that all is seen."""

import json
import re
import shutil
from datetime import date
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from agents.gateway.health import GatewayHealth
from agents.ingest.health import IngestHealth
from monitor.cli import _of_processes
from monitor.domain.zone import day_number
from monitor.outlets.catalogue import METRICS
from monitor.outlets.dashboards.command import publish, targets_of
from monitor.outlets.reference import of_registry
from tests.outlets.dashboards.shipped import (
    FOLDER,
    LEDGER,
    PROMETHEUS,
    dashboards,
    panels,
    queries,
)
from tests.servers.require import ROOT

ALL = sorted(dashboards())
EIGHT = {
    "emc-national": "Toàn quốc · National overview",
    "emc-agency": "Cơ quan · Agency",
    "emc-steps": "Thủ tục và thời gian từng bước · Procedure and step latency",
    "emc-due": "Tồn đọng và sắp đến hạn · Backlog and what falls due",
    "emc-services": "Cổng dịch vụ công và giao diện kết nối · Portals and interfaces",
    "emc-connections": "Kết nối và chất lượng dữ liệu · Connections and data quality",
    "emc-objectives": "Mục tiêu và hạn mức · Objectives and budgets",
    "emc-official": "Chỉ số chính thức · Official figures",
    "emc-monitor": "Nội bộ hệ thống giám sát · Monitor internals",
}
VIETNAMESE = re.compile(
    r"[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]", re.IGNORECASE
)
# Of Prometheus and its exporters.
OTHERS = {"ALERTS", "up", "probe_success", "probe_duration_seconds"}


def said(
    folder: Path, *, check: bool, reference: Path = ROOT / "deploy" / "reference"
) -> tuple[int, list[str]]:
    lines: list[str] = []
    status = publish(
        _of_processes(),
        reference=reference,
        out=folder,
        check=check,
        day=day_number(date(2026, 11, 28)),
        say=lines.append,
    )
    return status, lines


def test_the_files_are_what_the_code_declares():
    assert said(FOLDER, check=True) == (0, []), "run `emc dashboards`"


def test_thresholds_are_the_targets_of_the_day(tmp_path: Path):
    reference = shutil.copytree(ROOT / "deploy" / "reference", tmp_path / "reference")
    file = reference / "objectives" / "online-share.toml"
    said = file.read_text("utf-8")
    head, article, rest = said.partition("article")
    file.write_text(
        f'{head}valid_until = 2027-01-01\n{article}{rest}\n[[targets]]\npercent = 80\narticle = "a plan"\nbasis = "assumption"\n'
        "valid_from = 2027-01-01\n"
    )
    asked = [
        targets_of(reference, day_number(on)).get("online-share")
        for on in (date(2020, 1, 1), date(2026, 11, 28), date(2027, 1, 1))
    ]

    assert asked == [None, 0.5, 0.8]


def test_what_is_stale_missing_or_nobodys_is_said_and_mended(tmp_path: Path):
    assert said(tmp_path, check=False)[0] == 0
    (tmp_path / "emc-agency.json").write_text("{}")
    (tmp_path / "emc-national.json").unlink()
    (tmp_path / "emc-gone.json").write_text("{}")

    status, lines = said(tmp_path, check=True)

    assert status == 1
    assert lines == [
        f"stale: {tmp_path}/emc-agency.json (emc dashboards)",
        f"stale: {tmp_path}/emc-national.json (emc dashboards)",
        f"nobody's: {tmp_path}/emc-gone.json (emc dashboards)",
    ]
    assert said(tmp_path, check=False)[0] == 0
    assert said(tmp_path, check=True) == (0, [])
    assert not (tmp_path / "emc-gone.json").exists()


def test_a_folder_without_reference_files_is_refused_and_nothing_is_written(tmp_path: Path):
    nowhere, out = tmp_path / "wrong", tmp_path / "out"

    status, lines = said(out, check=False, reference=nowhere)

    assert status == 2
    assert f"{nowhere}/agencies:1: no agencies: add a file that ends in .csv" in lines
    assert not out.exists()


def test_what_cannot_be_written_is_said_in_one_line(tmp_path: Path):
    file = tmp_path / "file"
    file.write_text("")

    assert said(file, check=False) == (
        2,
        [f"emc dashboards: {file} cannot be written: File exists"],
    )
    below = file / "out"
    assert said(below, check=False) == (
        2,
        [f"emc dashboards: {below} cannot be written: Not a directory"],
    )


def test_there_are_eight_in_both_languages():
    assert {uid: one["title"] for uid, one in dashboards().items()} == EIGHT


@pytest.mark.parametrize("uid", ALL)
def test_grafanas_own_types_read_a_dashboard_and_write_it_again(uid: str):
    register_default_plugins()
    shipped = dashboards()[uid]
    shipped["annotations"] = {}  # of which the types know only a part
    queries_ = [panel.pop("targets", []) for panel in panels(shipped)]

    read = Dashboard.from_json(shipped)

    again = json.loads(json.dumps(read, cls=JSONEncoder))
    assert again == shipped
    assert all(isinstance(one, list) for one in queries_)


@pytest.mark.parametrize("uid", ALL)
def test_panels_lie_on_the_grid_and_on_no_other(uid: str):
    every = dashboards()[uid]["panels"]

    for panel in every:
        at = panel["gridPos"]
        assert at["x"] >= 0
        assert at["x"] + at["w"] <= 24, panel["title"]
        least = 1 if panel["type"] == "row" else 4
        assert least <= at["h"] <= 14, panel["title"]
        assert panel["type"] == "row" or at["w"] >= 4, panel["title"]
    for one, other in combinations(every, 2):
        assert not overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


@pytest.mark.parametrize("uid", ALL)
def test_every_line_of_panels_is_full_and_of_one_height(uid: str):
    lines: dict[int, list[Any]] = {}
    for panel in dashboards()[uid]["panels"]:
        lines.setdefault(panel["gridPos"]["y"], []).append(panel)
    for found in lines.values():
        titles = [panel["title"] for panel in found]
        assert sum(panel["gridPos"]["w"] for panel in found) == 24, titles
        assert len({panel["gridPos"]["h"] for panel in found}) == 1, titles


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


@pytest.mark.parametrize("uid", ALL)
def test_every_panel_says_its_number_in_both_languages_and_has_a_unit(uid: str):
    for panel in dashboards()[uid]["panels"]:
        vi, _, en = panel["title"].partition(" · ")
        assert vi
        assert en, panel["title"]
        assert VIETNAMESE.search(vi) or vi in ("CPU", "Danh sách"), panel["title"]
        assert not VIETNAMESE.search(en), panel["title"]
    for panel in panels(dashboards()[uid]):
        assert len(panel["description"]) > 20, panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"]
        assert ("noValue" in defaults) == ("No data: " in panel["description"])
        assert panel["targets"]


def test_ids_are_unique_and_uids_short_enough():
    for uid, dashboard in dashboards().items():
        numbers = [panel["id"] for panel in dashboard["panels"]]
        assert len(set(numbers)) == len(numbers)
        assert len(uid) <= 40


def test_a_query_goes_to_the_data_source_that_was_chosen_and_never_to_a_fixed_one():
    for asked in queries():
        wanted = LEDGER if "rawSql" in asked.target else PROMETHEUS
        assert asked.target["datasource"] == wanted, asked.name


def test_queries_ask_for_metrics_that_are_served():
    served = {metric.name for metric in METRICS} | OTHERS
    for registry in (IngestHealth().registry, GatewayHealth().registry):
        served |= {metric.name for metric in of_registry(registry)}
    for asked in queries():
        for name in re.findall(
            r"\b(emc_\w+|ALERTS|up|probe_\w+)\b", asked.target.get("expr", "")
        ):
            if name.startswith(("emc_(", "emc_build", "emc_worker_build")):
                continue
            assert name.removesuffix("_bucket") in served, f"{asked.name}: {name}"


def test_recorded_series_are_those_of_the_shipped_rules():
    rules = "".join(
        path.read_text("utf-8")
        for path in (ROOT / "deploy" / "prometheus" / "rules").glob("*.yml")
    )
    asked = re.findall(r"\bemc:\w+", "".join(one.target.get("expr", "") for one in queries()))

    assert asked
    assert {name for name in asked if f'record: "{name}"' not in rules} == set()


def test_an_instance_of_serve_is_taken_once_and_a_rate_before_the_highest():
    """ARCHITECTURE.md §2.7: two replicas show the same, and their maximum is no counter."""
    ledger = {metric.name for metric in METRICS if metric.type != "info"}
    for asked in queries():
        expression = asked.target.get("expr", "")
        assert not re.search(r"(rate|increase)\(\s*max", expression), asked.name
        for match in re.finditer(r"\bemc_\w+", expression):
            name = match[0].removesuffix("_bucket")
            if name in ledger:
                before = expression[: match.start()].replace("increase(", "rate(")
                assert re.search(r"max without \(instance\) \((rate\()?$", before), asked.name


def test_links_lead_to_dashboards_and_variables_that_there_are():
    known = dashboards()
    for uid, dashboard in known.items():
        for link in re.findall(r"/d/([\w-]+)\?([^\"]*)", json.dumps(dashboard)):
            assert link[0] in known, uid
            offered = {one["name"] for one in known[link[0]]["templating"]["list"]}
            for variable in re.findall(r"var-(\w+)=", link[1]):
                assert variable in offered, (uid, link)


def test_a_link_carries_no_code_of_a_dossier():
    for dashboard in dashboards().values():
        carried = set(re.findall(r"\$\{__data\.fields\.(\w+)\}", json.dumps(dashboard)))
        assert carried <= {"agency", "token", "source", "objective"}


def test_provisioning_has_no_secret_and_the_same_folder():
    folder = ROOT / "deploy" / "grafana" / "provisioning"
    sources = (folder / "datasources" / "emc.yml").read_text("utf-8")
    boards = (folder / "dashboards" / "emc.yml").read_text("utf-8")

    assert re.findall(r"^\s*(?:user|password|url): (.*)$", sources, re.MULTILINE) == [
        "$EMC_GRAFANA_PROMETHEUS",
        "$EMC_GRAFANA_DATABASE_ADDRESS",
        "$EMC_GRAFANA_DATABASE_USER",
        "$__file{/run/secrets/grafana_database_password}",
    ]
    assert "path: /var/lib/emc/dashboards" in boards
