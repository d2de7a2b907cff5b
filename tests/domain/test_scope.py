"""Whom figures are about, as people write it."""

import pytest

from monitor.domain.scope import NoScope, Reach, Scope


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("country", Scope()),
        ("Country", Scope()),
        ("H56", Scope("H56")),
        ("H56.04", Scope("H56.04")),
        ("G01/own", Scope("G01", Reach.OWN)),
        ("G01/sector", Scope("G01", Reach.SECTOR)),
        ("H56+1.004194", Scope("H56", procedure="1.004194")),
        ("country+1.004194", Scope(procedure="1.004194")),
    ],
)
def test_a_scope_is_read_and_written_in_one_way(text: str, scope: Scope):
    assert Scope.of(text) == scope
    assert Scope.of(str(scope)) == scope


def test_codes_are_brought_to_one_spelling():
    assert Scope.of("000.00.04.H56") == Scope("H56.04")
    assert str(Scope.of("h56+1.012753.000.00.00.H19")) == "H56+1.012753.H19"
    assert str(Scope()) == "country"


@pytest.mark.parametrize("text", ["", "H56/below", "H56/", "H56+", "H 56", "H56+1+2"])
def test_what_is_no_scope_says_how_one_is_written(text: str):
    with pytest.raises(NoScope, match="write country, an agency H56"):
        Scope.of(text)
