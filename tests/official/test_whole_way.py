"""One number, wherever it is read: the raw events, a report, the interface, a metric, a dashboard."""

from pathlib import Path

import pytest

from tests.official.province import Province
from tests.official.run import SMALL, run
from tests.outlets.api.service import now
from tests.servers.tansu import Tansu


@pytest.mark.slow
async def test_what_went_the_whole_way_is_the_same_wherever_it_is_shown(
    tansu: Tansu, database: str, tmp_path: Path
) -> None:
    """Produced, booked by a worker, followed, kept in sums, known halfway; and each way of showing it."""
    province = Province.of_late(now(), "H57", 600, seed=3)

    outcome = await run(tansu.bootstrap, database, tmp_path, province, wide=SMALL)

    print(outcome.took, {w: b.compared.total() for w, b in outcome.both.items()})
    assert outcome.differences == [], "\n".join(outcome.differences[:40])
    shown = outcome.both["shown"].compared
    for place in ("interface", "report as the interface", "metrics", "dashboard", "topic"):
        assert shown[place] > 0, place
    assert outcome.both["from kept sums"].compared["figure"] > 300
    assert outcome.sums > 50
