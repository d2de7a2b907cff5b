"""One number, wherever it is read: from the raw events, in a report, by the interface, as a metric."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from agents.generate.model import DOSSIERS, Record, Scenario, records
from tests.official.office import EPOCH, day_of, number
from tests.official.second import Second
from tests.outlets.api.service import Here, here, now
from tests.servers.require import ROOT

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


async def test_a_figure_is_the_same_from_the_events_in_a_report_and_by_the_interface(
    database: str, tmp_path: Path
) -> None:
    told, period, today = this_month()
    second = Second([record.value for record in told], [], [], FILES)
    async with here(database, tmp_path, fill=told) as service:
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
            assert any(figure.numerator for figure in counted.values())
