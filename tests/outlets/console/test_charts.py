"""What charts are made of."""

import re
import sys

import pytest

from monitor.outlets.console import charts
from monitor.outlets.console.chart_process import ChartProcess


@pytest.mark.parametrize(
    ("counts", "marks"),
    [
        ([0, 1], ["0", "1"]),
        ([2, 1], ["0", "1", "2"]),
        ([3], ["0", "1", "2", "3"]),
        ([400, 20], ["0", "100", "200", "300", "400"]),
    ],
)
async def test_an_axis_of_counts_has_no_halves(counts: list[int], marks: list[str]):
    svg = await charts.draw(
        {
            "data": {"values": [{"day": f"d{n}", "n": one} for n, one in enumerate(counts)]},
            "mark": "bar",
            "encoding": {
                "x": {"field": "day", "type": "ordinal"},
                "y": {"field": "n", "type": "quantitative", "axis": charts.whole(counts)},
            },
        },
        language="vi",
        label="counts",
    )

    assert [one for one in re.findall(r">([\d.,]+)</text>", svg) if one != "n"] == marks


async def test_of_equal_charts_the_first_one_is_shown_again():
    spec = charts.series([{"day": "2026-10-01", "n": 3}], x="day", y="n")
    first = await charts.draw(spec, language="vi", label="one")

    assert await charts.draw(spec, language="vi", label="one") is first
    assert await charts.draw(spec, language="en", label="one") is not first


async def test_where_none_can_be_drawn_that_is_said_and_the_next_one_is_tried_anew(
    monkeypatch: pytest.MonkeyPatch,
):
    process = ChartProcess()
    monkeypatch.setattr(charts, "DRAWS", process)
    spec = charts.series([{"day": "2026-10-02", "n": 4}], x="day", y="n")
    with monkeypatch.context() as broken:
        broken.setattr(sys, "executable", "/nowhere/python")
        said = await charts.draw(spec, language="vi", label="one")
        in_english = await charts.draw(spec, language="en", label="one")
    try:
        drawn = await charts.draw(spec, language="vi", label="one")
    finally:
        process.close()

    assert "Chưa vẽ được biểu đồ" in said
    assert "The chart could not be drawn" in in_english
    assert drawn.startswith("<svg")
