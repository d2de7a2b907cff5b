"""Which booked agencies a scope holds."""

import pytest

from monitor.domain.codes import level1
from monitor.domain.scope import Scope
from monitor.ledger.access import Role
from monitor.outlets.access import Visitor
from monitor.reference.agencies import load_agencies
from monitor.reference.hierarchy import Hierarchy, hierarchy

LISTED = """\
code,name,kind,parent,valid_from,valid_until,successors,basis,source
G01,Ministry,ministry,,2008-08-01,,,assumption,x
H42,Ninh Bình,province,,2008-08-01,,,assumption,x
H25,Hà Nam,province,,2008-08-01,2025-07-01,H42,assumption,x
H42.01,Sở Tư pháp,department,H42,2008-08-01,,,assumption,x
H25.01,Sở Tư pháp,department,H25,2008-08-01,2025-07-01,H42.01,assumption,x
H25.D1,Thành phố Phủ Lý,district,H25,2008-08-01,2025-07-01,H42,assumption,x
H42.C1,Phường Phủ Lý,commune,H42,2025-07-01,,,assumption,x
H25.X1,Phường cũ,commune,H25.D1,2008-08-01,2025-07-01,H42.C1,assumption,x
"""
BOOKED = {
    "",
    "G01.05",
    "H25",
    "H25.01",
    "H25.X1",
    "H25.D1.07",
    "H42",
    "H42.01.02",
    "H42.C1",
    "office of nowhere",
    "strange.code",
}


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Hierarchy:
    folder = tmp_path_factory.mktemp("agencies")
    (folder / "all.csv").write_text(LISTED, "utf-8")
    return hierarchy(load_agencies(folder), BOOKED)


@pytest.mark.parametrize(
    ("scope", "codes"),
    [
        ("country", BOOKED),
        ("G01/sector", BOOKED),
        ("G01", {"G01.05"}),
        ("G01/own", set()),
        # All of the former province, for all periods.
        (
            "H42",
            {"H25", "H25.01", "H25.X1", "H25.D1.07", "H42", "H42.01.02", "H42.C1"},
        ),
        ("H42/own", {"H25", "H25.D1.07", "H42"}),
        ("H42.01", {"H25.01", "H42.01.02"}),
        ("H42.C1", {"H25.X1", "H42.C1"}),
        ("H42.C1/own", {"H25.X1", "H42.C1"}),
        ("H42.01.02", {"H42.01.02"}),
        # Who has ended, as it was.
        ("H25", {"H25", "H25.01", "H25.X1", "H25.D1.07"}),
        ("H25.D1", {"H25.X1", "H25.D1.07"}),
        ("H77", set()),
    ],
)
def test_a_scope_holds_what_stands_there_today(held: Hierarchy, scope: str, codes: set[str]):
    assert held.holds(Scope.of(scope)) == codes


def test_the_parts_of_an_agency_are_directly_below_it(held: Hierarchy):
    assert held.parts("H42") == ("H42.01", "H42.C1")
    assert held.parts("H42.01") == ("H42.01.02",)
    assert held.parts("G01") == ("G01.05",)
    assert held.parts("") == ("G01", "H42", "office of nowhere", "strange.code")


def test_above_an_agency_are_those_it_belongs_to_today(held: Hierarchy):
    assert held.above("H25.X1") == ("H42.C1", "H42")
    assert held.above("H25.D1.07") == ("H42",)
    assert held.above("strange.code") == ("strange.code",)
    assert held.above("") == ()


@pytest.mark.parametrize(
    ("scope", "firsts"),
    [
        ("country", None),
        ("G01/sector", None),
        ("G01", {"G01"}),
        # What was booked of the former province is under its own code.
        ("H42", {"H25", "H42"}),
        ("H42/own", {"H25", "H42"}),
        ("H42.C1", {"H25", "H42"}),
        ("H42.01.02", {"H42"}),
        ("H25", {"H25"}),
        ("strange.code", {"strange.code"}),
    ],
)
def test_a_scope_is_booked_under_few_ministries_and_provinces(
    held: Hierarchy, scope: str, firsts: set[str] | None
):
    of = Scope.of(scope)
    assert held.firsts(of) == firsts
    if firsts is not None:
        assert {level1(code) for code in held.holds(of)} <= firsts


@pytest.mark.parametrize(
    ("own", "agency", "seen"),
    [
        ("H42", "H42.C1", True),
        ("H42", "H25.X1", True),  # which it has taken over
        ("H42.C1", "H25.X1", True),
        ("H42.C1", "H42", False),
        ("H42.C1", "H42.01", False),
        ("H42", "G01", False),
        ("H42", "", False),
        # Who took its work over may do more than it did: who has ended sees nothing.
        ("H25", "H25", False),
        ("H25", "H25.01", False),
        ("H25", "H25.Z9", False),
        ("H25", "H42", False),
    ],
)
def test_an_agency_sees_its_own_subtree(held: Hierarchy, own: str, agency: str, seen: bool):
    visitor = Visitor(role=Role.AGENCY, agency=own)

    assert visitor.may_see(agency, held) is seen


@pytest.mark.parametrize(
    ("own", "scope", "entered"),
    [
        ("H42", "H42", True),
        ("H42", "H42/own", True),
        ("H42", "H42.01+1.004194", True),
        ("H42", "H42/sector", False),
        ("H42", "country", False),
        ("G01", "G01/own", True),
        ("G01", "H42", False),
        ("H42.01", "H42", False),  # a part of what it asks for is its own
    ],
)
def test_an_agency_enters_what_is_all_its_own(
    held: Hierarchy, own: str, scope: str, entered: bool
):
    visitor = Visitor(role=Role.AGENCY, agency=own)

    assert visitor.may_enter(Scope.of(scope), held) is entered
