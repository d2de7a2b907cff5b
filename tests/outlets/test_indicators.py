"""`emc indicators`, and the page of all shipped sets."""

import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli import app
from monitor.outlets import indicators_command as command
from monitor.outlets.indicators import PATH, page
from monitor.reference.indicators import load_sets
from tests.servers.require import ROOT

SHIPPED = ROOT / "deploy" / "reference"


def shown(*arguments: str) -> str:
    found = CliRunner().invoke(app, ["indicators", *arguments, "--reference", str(SHIPPED)])
    assert found.exit_code == 0, found.output
    return found.output


def test_the_page_is_written_from_the_shipped_files():
    assert (ROOT / PATH).read_text("utf-8") == page(one.set for one in load_sets(SHIPPED)), (
        "run `make docs`"
    )


def test_the_page_has_every_indicator_with_formula_rule_and_source():
    text = (ROOT / PATH).read_text("utf-8")

    for one in load_sets(SHIPPED):
        of_set = text.partition(f"\n## `{one.set.id}`\n")[2].partition("\n## ")[0]
        for each in one.set.indicators:
            section = of_set.partition(f"\n#### `{each.id}` {each.name_vi}\n")[2]
            section = section.partition("\n#### ")[0]
            assert each.definition_vi in section
            assert each.definition_en in section
            assert f"- Source: {each.source} ({each.basis})" in section
    assert "- Points: 6 × tỷ lệ / 90 %, tối đa 6 · 6 × ratio / 90 %, at most 6\n" in text
    assert "- Target: 80 by 2024-12-31 (Notice 344/TB-VPCP (25/7/2024); law)\n" in text
    assert (
        "- Left out, shown beside: dossiers without a limit (766); dossiers of uncertain"
        in text
    )
    assert "Points: 100. Of 100: from 90 Xuất sắc (excellent, practice)," in text


def test_sets_are_listed():
    text = shown("list")

    assert [line.split()[0] for line in text.splitlines()] == [
        "set", "circular-01-2018", "decree-224-19", "emc", "qd766", "report-06b", "targets",
    ]  # fmt: skip
    assert "from 2019-01-01 to 2025-06-30" in text
    assert [one["id"] for one in json.loads(shown("list", "--json"))][-1] == "targets"


def test_a_set_is_shown_with_its_formulas():
    text = shown("show", "qd766", "3.3")

    assert "Hồ sơ nộp trực tuyến · Dossiers submitted online" in text
    assert "/ [dossiers received in the period] × [1.4]" in text
    assert "Reverse-engineered" in text
    assert "3.2" not in text
    assert "1.1  Thủ tục hành chính được công bố đúng hạn" in shown("show", "qd766")


def test_a_set_as_json_has_its_version_and_hash():
    (found,) = json.loads(shown("show", "emc", "online_share", "--json"))

    assert (found["version"], len(found["hash"])) == ("2024.1", 16)
    assert [one["id"] for one in found["indicators"]] == ["online_share"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("qd76", None), "emc indicators: no set 'qd76': write qd766\n"),
        (("emc", "online"), "emc indicators: no indicator 'online': write online_share\n"),
        (("zzz", None), "emc indicators: no set 'zzz': there are: circular-01-2018, "),
    ],
)
def test_an_unknown_name_is_told(capsys, asked: tuple[str, str | None], said: str):
    assert command.show(SHIPPED, *asked, as_json=False, out=io.StringIO()) == command.MISUSED

    assert capsys.readouterr().err.startswith(said)


def test_files_that_do_not_fit_are_told(capsys, tmp_path: Path):
    (tmp_path / "indicators").mkdir()
    (tmp_path / "indicators" / "own.toml").write_text("[")

    assert command.listing(tmp_path, as_json=False, out=io.StringIO()) == command.MISUSED
    assert command.show(tmp_path, "own", None, as_json=False, out=io.StringIO()) == 2
    assert "own.toml:1: no TOML" in capsys.readouterr().err
