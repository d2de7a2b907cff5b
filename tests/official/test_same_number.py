"""One number, wherever it is read: from the raw events, in a report, by the interface, as a metric."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import asyncpg

from agents.evaluating import Evaluation
from agents.generate.model import DOSSIERS, Record, Scenario, records
from agents.kafka import Kafka
from monitor.ledger.follower import connect
from monitor.ledger.official import Officials
from monitor.outlets.dashboards.declare import Sql
from monitor.outlets.dashboards.official import DASHBOARD
from monitor.outlets.official import INDICATORS
from tests.official.office import EPOCH, day_of, number
from tests.official.second import Second
from tests.outlets.api.service import Here, here, now
from tests.servers.require import ROOT
from tests.servers.tansu import Tansu

FILES = ROOT / "deploy" / "reference"
AGENCY = "H57"
SETS = ("emc", "qd766", "report-06b", "targets")


def this_month() -> tuple[list[Record], str, int]:
    """Dossiers of the month under way until now, the month, and today; of the machine's own clock,
    by which the service goes."""
    now_ms = int(now().timestamp() * 1000)
    today = date.fromordinal(day_of(now_ms) + EPOCH)
    scenario = Scenario(
        seed=3,
        dossiers=600,
        start=date.fromordinal(today.replace(day=1).toordinal() - 30),
        days=today.day + 30,
        official=True,
        agency=AGENCY,
    )
    told = [r for r in records(scenario) if r.topic == DOSSIERS and r.at_ms < now_ms]
    return told, f"{today:%Y-%m}", number(today)


def sides(document: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    """What a document says of each indicator."""
    return {
        one["indicator"]: (one["standing"], one["numerator"], one["denominator"], one["score"])
        for one in document["figures"]
    }


async def report(at: Here, set_id: str, period: str) -> bytes:
    """`emc report` as an operator runs it."""
    done = await asyncio.to_thread(
        subprocess.run,
        [
            *(sys.executable, "-m", "monitor.cli", "report", set_id, "--scope", AGENCY),
            *("--period", period, "--format", "json"),
        ],
        env={**os.environ, "EMC_DATABASE": at.database},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


async def evaluated(dsn: str, broker: Tansu) -> None:
    """What a worker does once a minute."""
    async with asyncpg.create_pool(dsn, min_size=0, max_size=2) as pool:
        evaluation = Evaluation(
            Officials(pool), Kafka.at(broker.bootstrap), "emc.indicators", now_ms=lambda: 0
        )
        connection = await connect(dsn)
        try:
            await evaluation.round(connection)
        finally:
            await connection.close()


async def shown(at: Here) -> dict[tuple[str, str], tuple[int, int]]:
    """Both sides of each figure of the agency that is on /metrics."""
    text = (await at.get("/metrics")).text
    found: dict[tuple[str, str], dict[str, int]] = {}
    for side, labels, value in re.findall(
        r"^emc_indicator_(numerator|denominator)\{(.*)\} (\S+)$", text, re.MULTILINE
    ):
        said = dict(re.findall(r'(\w+)="([^"]*)"', labels))
        if said["scope"] == AGENCY:
            found.setdefault((said["set"], said["indicator"]), {})[side] = int(float(value))
    return {of: (sides["numerator"], sides["denominator"]) for of, sides in found.items()}


async def on_the_dashboard(at: Here) -> tuple[int, int]:
    """The agency's row in the ranking of the month, by the query that Grafana sends."""
    queries = (
        query.text
        for row in DASHBOARD.rows
        for panel in row.panels
        for query in panel.queries
        if isinstance(query, Sql)
    )
    ranking = next(q for q in queries if "full_process" in q and "span = 'month'" in q)
    [row] = [row for row in await at.ledger(ranking) if row["agency"] == AGENCY]
    return row["tử số · numerator"], row["mẫu số · denominator"]


async def test_a_figure_is_the_same_from_the_events_in_a_report_by_the_interface_and_as_a_metric(
    database: str, tansu: Tansu, tmp_path: Path
) -> None:
    told, period, today = this_month()
    second = Second([record.value for record in told], [], [], FILES)
    async with here(database, tmp_path, fill=told) as service:
        await evaluated(database, tansu)
        metrics = await shown(service)
        assert set(metrics) == {
            (set_, one) for set_, ones in INDICATORS.items() for one in ones
        }
        for set_id in SETS:
            counted = second.figures(set_id, AGENCY, "province", period, today)
            reported = await report(service, set_id, period)
            answer = await service.get(
                f"scorecards/{set_id}?scope={AGENCY}&period={period}", "national"
            )

            assert answer.status_code == 200, answer.text
            assert answer.content == reported
            found = sides(json.loads(reported))
            assert found.keys() == counted.keys()
            for id_, figure in counted.items():
                score = None if figure.score is None else float(figure.score)
                expected = (figure.standing, figure.numerator, figure.denominator, score)
                assert found[id_] == expected, (set_id, id_)
                if (set_id, id_) in metrics:
                    both = figure.numerator, figure.denominator
                    assert metrics[set_id, id_] == both, (set_id, id_)
            assert any(figure.numerator for figure in counted.values())
        assert await on_the_dashboard(service) == metrics["emc", "full_process_dossier_share"]
