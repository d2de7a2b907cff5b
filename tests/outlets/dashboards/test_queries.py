"""Every query of every panel, asked of a Prometheus and a PostgreSQL that the service filled.

What is read are the shipped files, with variables filled in as Grafana does.
"""

import asyncio
import math
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.outlets.dashboards.filled import Filled, fill, headings
from tests.outlets.dashboards.shipped import Asked, dashboards, panels, promql, queries, sql
from tests.servers.postgres import Postgres
from tests.servers.tansu import Tansu

pytestmark = [pytest.mark.slow, pytest.mark.server]
ASKED = list(queries())
# Panels that may be empty, and are in this filled service; all others must show something.
EMPTY_HERE = {
    ("emc-services", "Answers"): "no blackbox exporter is scraped",
    ("emc-services", "Time to answer, from outside"): "no blackbox exporter is scraped",
    ("emc-services", "Events refused, or to be sent again"): "Kafka acknowledged everything",
    ("emc-services", "Certificate valid for"): "the gateway speaks plain HTTP",
    ("emc-objectives", "Degraded services, with their reasons"): "no rules are loaded",
    ("emc-monitor", "Fallbacks and watchdog"): "nothing went wrong",
    ("emc-monitor", "Pace of the follower"): "the follower did not fail",
}
DOSSIER = re.compile(r"-\d{6}-\d{4}")


@pytest.fixture(scope="module")
def filled(
    tansu: Tansu, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("dashboards")
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        try:
            yield runner.run(fill(stack, runner, tansu, postgres, folder))
        finally:
            runner.run(stack.aclose())


def may_be_empty(asked: Asked) -> bool:
    """It says so, and what that means; and here it is."""
    says_so = "noValue" in asked.panel["fieldConfig"]["defaults"]
    english = asked.panel["title"].partition(" · ")[2]
    return says_so and (asked.dashboard, english) in EMPTY_HERE


@pytest.mark.parametrize("asked", ASKED, ids=[asked.name for asked in ASKED])
def test_a_panels_query_returns_what_the_panel_shows(filled: Filled, asked: Asked):
    if "rawSql" in asked.target:
        check_sql(filled, asked)
    else:
        check_promql(filled, asked)


def check_sql(filled: Filled, asked: Asked) -> None:
    panel, target = asked.panel, asked.target
    names, rows = filled.rows(sql(target["rawSql"], filled.values, filled.chosen()))

    assert len(set(names)) == len(names), names
    assert rows or may_be_empty(asked), "nothing was found"
    columns = headings(names, rows)
    if target["format"] == "time_series":
        assert names[0] == "time"
        assert all(isinstance(row[0], datetime) and row[0].tzinfo for row in rows)
        assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    if target["format"] == "time_series":
        for name in names[1:]:
            found = [row[name] for row in columns if row[name] is not None]
            assert all(isinstance(one, int | float | Decimal) for one in found), name
            assert found or not rows or may_be_empty(asked), f"{name} is never there"
    if panel["type"] == "stat":
        assert len(rows) == len(names) == 1
        assert rows[0][0] is not None or may_be_empty(asked)
    if panel["type"] == "state-timeline":
        [partition] = panel["transformations"]
        assert names == ["time", *partition["options"]["fields"], names[2]]
        [mapping] = panel["fieldConfig"]["defaults"]["mappings"]
        assert {row[2] for row in rows} <= set(mapping["options"]), "a state without colour"
    for override in panel["fieldConfig"]["overrides"]:
        assert override["matcher"]["options"] in names
    for named in re.findall(r"\$\{__data\.fields\.(\w+)\}", str(panel["fieldConfig"])):
        assert named in names, f"a link tells {named}, which is no column"
    assert not DOSSIER.search(str(rows)), "a code of a dossier is shown"


def check_promql(filled: Filled, asked: Asked) -> None:
    panel, target = asked.panel, asked.target
    expression = promql(target["expr"], filled.values, filled.chosen())
    if target.get("instant"):
        found = filled.instant(expression)
        values = [[series["value"]] for series in found]
    else:
        found = filled.over(expression, 60)
        values = [series["values"] for series in found]

    assert found or may_be_empty(asked), f"nothing was found by {expression}"
    for series in found:
        for label in re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", "")):
            assert label in series["metric"], f"a legend names {label}: {series['metric']}"
    # A share of nothing is no number: there may be such times, but not nothing else.
    numbers = [float(value) for one in values for _, value in one]
    assert not found or any(map(math.isfinite, numbers)), numbers
    if panel["type"] == "stat":
        assert len(found) <= 1, "a stat shows one number"
    if len(found) > 1:
        legends = {legend(target.get("legendFormat", ""), one["metric"]) for one in found}
        assert len(legends) == len(found) or panel["type"] == "table", "series look the same"


def legend(form: str, labels: dict[str, str]) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda match: labels[match[1]], form)


# -- The same number, asked in several ways


def panel(dashboard: str, title: str) -> Any:
    """A panel by its English title."""
    [found] = [
        one for one in panels(dashboards()[dashboard]) if one["title"].endswith(f" · {title}")
    ]
    return found


def number(filled: Filled, dashboard: str, title: str, *, now: bool = False) -> float:
    """What a stat shows."""
    [target] = panel(dashboard, title)["targets"]
    if "rawSql" in target:
        _, [[value]] = filled.rows(sql(target["rawSql"], filled.values, filled.chosen()))
        return float(value)
    expression = promql(target["expr"], filled.values, filled.chosen())
    [found] = filled.instant(expression, now=now)
    return float(found["value"][1])


def table(filled: Filled, dashboard: str, title: str, **chosen: list[str]) -> list[Any]:
    [target] = panel(dashboard, title)["targets"]
    values = {**filled.values, **chosen}
    return headings(*filled.rows(sql(target["rawSql"], values, filled.chosen())))


def test_what_was_accepted_is_the_same_everywhere(filled: Filled):
    accepted = filled.recounted().totals.accepted

    assert accepted > 500
    assert number(filled, "emc-national", "Accepted since the beginning") == accepted
    assert number(filled, "emc-national", "Accepted") == accepted, "all lie in thirty days"
    assert (
        sum(
            row["tiếp nhận · accepted"]
            for row in table(filled, "emc-national", "Ministries and provinces")
        )
        == accepted
    )
    by_day = table(filled, "emc-national", "Dossiers by day")
    assert sum(row["Tiếp nhận · accepted"] for row in by_day) == accepted
    by_channel = table(filled, "emc-agency", "Accepted by channel")
    assert sum(sum(list(row.values())[1:]) for row in by_channel) == accepted
    [here] = [
        row["tiếp nhận · accepted"]
        for row in table(filled, "emc-national", "Ministries and provinces")
        if row["agency"] == "H29"
    ]
    by_office = table(filled, "emc-agency", "Offices", agency=["H29"])
    assert sum(row["tiếp nhận · accepted"] for row in by_office) == here > 0


def test_what_was_completed_and_in_time_is_the_same_everywhere(filled: Filled):
    totals = filled.recounted().totals

    assert totals.completed > 100
    assert number(filled, "emc-national", "Completed") == totals.completed
    assert number(filled, "emc-national", "On-time share") == pytest.approx(
        totals.on_time / (totals.on_time + totals.late)
    )
    assert number(filled, "emc-agency", "On-time share") == pytest.approx(
        totals.on_time / (totals.on_time + totals.late)
    )
    by_bin = table(filled, "emc-agency", "Share of the deadline consumed")
    assert sum(row["hồ sơ · dossiers"] for row in by_bin) == totals.on_time + totals.late
    late = ("≤ 1.25", "≤ 1.5", "≤ 2.0", "≤ 4.0", "> 4.0")
    assert sum(row["hồ sơ · dossiers"] for row in by_bin if row["share"] in late) == totals.late


def test_what_is_open_is_the_same_everywhere(filled: Filled):
    """Retried: what is overdue to the instant may become so while it is asked for."""
    for patience in range(20, -1, -1):
        try:
            check_open(filled)
        except (AssertionError, ValueError):  # a number that is not there is none to unpack
            if not patience:
                raise
            time.sleep(3)
        else:
            return


def check_open(filled: Filled) -> None:
    totals = filled.recounted().totals
    assert totals.open > totals.open_overdue > 0
    assert number(filled, "emc-national", "Open", now=True) == totals.open
    assert number(filled, "emc-agency", "Open", now=True) == totals.open
    assert number(filled, "emc-national", "Overdue", now=True) == totals.open_overdue
    assert number(filled, "emc-due", "Overdue", now=True) == totals.open_overdue

    agencies = table(filled, "emc-national", "Ministries and provinces")
    assert sum(row["đang giải quyết · open"] for row in agencies) == totals.open
    assert sum(row["quá hạn · overdue"] for row in agencies) == totals.open_overdue
    by_age = table(filled, "emc-due", "Overdue for how long")
    assert sum(row["hồ sơ · dossiers"] for row in by_age) == totals.open_overdue

    [target] = panel("emc-agency", "Overdue by agency")["targets"]
    live = filled.instant(promql(target["expr"], filled.values, filled.chosen()), now=True)
    shown = {row["agency"]: row["quá hạn · overdue"] for row in agencies}
    overdue = {one["metric"]["agency"]: float(one["value"][1]) for one in live}
    # Of an agency that has nothing open there may be no series: that is no other number.
    assert {agency: one for agency, one in overdue.items() if one} == {
        agency: one for agency, one in shown.items() if one
    }

    by_due = table(filled, "emc-due", "By agency")
    for title, column in (
        ("Due today", "đến hạn hôm nay · today"),
        ("Due tomorrow", "đến hạn ngày mai · tomorrow"),
        ("Due later", "đến hạn sau đó · later"),
        ("Without due date", "không có hạn · none"),
    ):
        assert number(filled, "emc-due", title, now=True) == sum(row[column] for row in by_due)
    last = table(filled, "emc-due", "Open at the end of the day")[-1]
    assert last["Đang giải quyết · open"] == totals.open


def test_a_number_leads_to_its_dossiers(filled: Filled):
    agencies = table(filled, "emc-national", "Ministries and provinces")
    few = next(row for row in agencies if 0 < row["quá hạn · overdue"] <= 200)

    found = table(
        filled,
        "emc-due",
        "Dossiers of the chosen due",
        agency=[few["agency"]],
        due=["overdue"],
    )

    assert len(found) == few["quá hạn · overdue"]
    assert all(re.fullmatch(r"[0-9a-f]{20}", row["token"]) for row in found)
    assert len({row["token"] for row in found}) == len(found)
    assert all(row["quá hạn · overdue for"] > 0 for row in found)


def test_a_connection_stands_the_same_in_both(filled: Filled):
    told = {
        row["source"]: row["kết nối · class"]
        for row in table(filled, "emc-connections", "Sources")
    }

    live = filled.instant("max without (instance) (emc_source_class_since_timestamp_seconds)")
    assert {one["metric"]["source"]: one["metric"]["class"] for one in live} == told
    assert len(told) == 4


def test_maintenance_and_incidents_mark_the_time_axis(filled: Filled):
    for dashboard in dashboards().values():
        maintenance, incidents = dashboard["annotations"]["list"]
        names, rows = filled.rows(
            sql(maintenance["target"]["rawSql"], filled.values, filled.chosen())
        )
        assert names == ["time", "timeend", "text", "tags"]
        assert [row[2] for row in rows] == ["H29-onestop: nang-cap (power)"]
        found = filled.over(incidents["target"]["expr"], 30)
        assert [one["metric"]["alertname"] for one in found] == ["SourceInterrupted"]


def test_variables_offer_what_there_is(filled: Filled):
    for dashboard in dashboards().values():
        for variable in dashboard["templating"]["list"]:
            asked = variable.get("query")
            if variable["type"] == "query" and isinstance(asked, str):
                names, rows = filled.rows(asked)
                assert names == ["__value", "__text"]
                assert {row[0] for row in rows} == {*filled.values[variable["name"]]} - {""}
