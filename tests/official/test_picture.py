"""The country of 2024 has its published shape when the ledger ranks it, and the picture shows that."""

import re
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest

from tests.official.picture import PICTURE, PUBLISHED, Standing, country, standings, svg


@pytest.mark.slow
async def test_the_ledger_ranks_2024_as_it_was_published(database: str) -> None:
    """Eight of 83 above half, fifteen below a tenth; with fewer dossiers than in the picture."""
    rows = await standings(database, country(20_000))

    shares = {row.code: row.share for row in rows}
    assert len(shares) == 83
    assert sum(share > 50 for share in shares.values()) == 8
    assert sum(share < 10 for share in shares.values()) == 15
    for code, published in PUBLISHED.items():
        assert abs(shares[code] - Decimal(published or 5)) < (2 if published else 5), code


def test_a_picture_names_only_those_that_were_published_by_name() -> None:
    drawn = svg(
        [
            Standing("G02", "Bộ Công Thương", Decimal("83.57")),
            Standing("H49", "Quảng Ninh", Decimal("50.84")),
            Standing("H26", "Thành phố Hà Nội", Decimal("6.40")),
        ]
    )

    ET.fromstring(drawn)
    assert "Bộ Công Thương" in drawn
    assert "83,57 % (công bố 83,49 %)" in drawn
    assert "6,40 % (công bố: dưới 10 %)" in drawn
    assert "Quảng Ninh" not in drawn
    assert "3 bộ, tỉnh · 2 trên 50 % · 1 dưới 10 %" in drawn


def test_the_picture_in_the_docs_is_of_the_published_shape() -> None:
    drawn = PICTURE.read_text("utf-8")
    bars = re.findall(r'<rect x="190" y="\d+" width="([\d.]+)"', drawn)

    assert len(bars) == 83
    assert [float(bar) for bar in bars] == sorted(map(float, bars), reverse=True)
    assert "83 bộ, tỉnh · 8 trên 50 % · 15 dưới 10 %" in drawn
    for published in filter(None, PUBLISHED.values()):
        assert f"công bố {published.replace('.', ',')} %" in drawn
