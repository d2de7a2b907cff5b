"""How many procedures of the catalogue a scope's agencies handle."""

import shutil
from pathlib import Path

import pytest

from monitor.domain.facts import Fact, Term
from monitor.domain.scope import Scope
from monitor.domain.traits import Trait
from monitor.reference.complaints import Unusable
from monitor.reference.policy import load_reference
from monitor.reference.services import Services
from tests.domain.strategies_time import day
from tests.servers.require import ROOT

PROCEDURES = """\
code,name_vi,by,level,limit,eligible,fee,document_result,bundled,tags,ministry,valid_from,valid_until,basis,source
1.000001,Xã,commune,4,none,true,true,false,false,essential-25,G01,2020-01-01,,assumption,x
1.000002,Huyện,district,3,none,true,false,true,false,,,2020-01-01,,assumption,x
1.000003,Sở,department,2,none,false,false,true,false,,G02,2020-01-01,,assumption,x
1.000004,Bộ,G01,4,none,true,false,false,true,priority-30,,2020-01-01,,assumption,x
1.000005.H56,Riêng,commune H56.04,3,none,true,true,true,false,,,2020-01-01,,assumption,x
1.000006,Đã bãi bỏ,commune,4,none,true,true,true,false,,,2020-01-01,2026-01-01,assumption,x
"""
SERVICES = Term(fact=Fact.SERVICES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "reference"
    shutil.copytree(ROOT / "deploy" / "reference", folder)
    shutil.rmtree(folder / "objectives")
    (folder / "groups.toml").unlink()
    (folder / "procedures" / "illustrative.csv").write_text(PROCEDURES, "utf-8")
    return folder


def count(
    folder: Path, scope: str, term: Term = SERVICES, on: str = "2026-08-31"
) -> int | None:
    return Services(load_reference(folder), day(on)).count(Scope.of(scope), term)


@pytest.mark.parametrize(
    ("scope", "number"),
    [
        ("country", 5),
        ("H56", 3),  # communes', departments', its own
        ("H26", 2),
        ("H56.04", 2),  # a department, and the one that names it
        ("H56/own", 0),
        ("G01", 1),
        ("G01/own", 1),
        ("G01/sector", 1),
        ("G02/sector", 1),
        ("G02", 0),
        ("country+1.000005", 1),
        ("H26+1.000005", 0),
        ("H56.77", None),  # not listed: nobody knows what it handles
    ],
)
def test_a_scope_handles_what_its_agencies_handle(folder: Path, scope: str, number: int | None):
    assert count(folder, scope) == number


def test_districts_handled_theirs_while_there_were_any(folder: Path):
    assert count(folder, "H56", on="2025-06-30") == 4 + 1  # with the one of 2025
    assert count(folder, "H56", on="2025-07-01") == 3 + 1


@pytest.mark.parametrize(
    ("term", "number"),
    [
        (Term(fact=Fact.SERVICES, level=4), 2),
        (Term(fact=Fact.SERVICES, online=True), 4),
        (Term(fact=Fact.SERVICES, having=Trait.ELIGIBLE), 4),
        (Term(fact=Fact.SERVICES, having=Trait.FEE_BEARING, lacking=Trait.DOCUMENT_RESULT), 1),
        (Term(fact=Fact.SERVICES, any_of=Trait.BUNDLED | Trait.DOCUMENT_RESULT), 4),
        (Term(fact=Fact.SERVICES, having=Trait.LISTED), 5),
        (Term(fact=Fact.SERVICES, tag="essential-25"), 1),
    ],
)
def test_what_the_catalogue_says_narrows_them(folder: Path, term: Term, number: int):
    assert count(folder, "country", term) == number


@pytest.mark.parametrize(
    ("ministry", "says"),
    [
        ("G99", "ministry G99 of 1.000001 is not listed"),
        ("H56", "H56 of 1.000001 is no ministry"),
    ],
)
def test_a_sector_is_of_a_ministry(folder: Path, tmp_path: Path, ministry: str, says: str):
    other = tmp_path / "reference"
    shutil.copytree(folder, other)
    wrong = PROCEDURES.replace("essential-25,G01", f"essential-25,{ministry}")
    (other / "procedures" / "illustrative.csv").write_text(wrong, "utf-8")
    with pytest.raises(Unusable, match=says):
        load_reference(other)


@pytest.mark.parametrize(("scope", "number"), [("H56", 14), ("H56/own", 0), ("H56.04", 0)])
def test_below_its_own_dossiers_a_province_has_no_agencies(
    folder: Path, scope: str, number: int
):
    services = Services(load_reference(folder), day("2026-08-31"))

    assert services.agencies(Scope.of(scope), "department") == number
