"""Who may say what: the one who makes the statement is checked, not everybody it names."""

import pytest

from monitor.domain.mandate import Mandate, Statement, may_state

PROVINCE = (Mandate("H56"),)
CIVIL_REGISTRY = (Mandate("*", "1.004194"), Mandate("H", "2.000815"))


@pytest.mark.parametrize(
    ("mandate", "agency", "covered"),
    [
        ("H56", "H56", True),
        ("H56", "H56.14.02", True),
        ("H56", "H560", False),
        ("H56", "H57", False),
        ("H56.14", "H56", False),
        ("H56.14", "H56.140", False),
        ("*", "anything", True),
        ("H", "H56.14", True),
        ("H", "G15", False),
        ("H", "HANOI", False),
        ("000.00.14.H56", "H56.14.02", True),
    ],
)
def test_a_mandate_covers_an_agency_and_all_below_it(mandate, agency, covered):
    assert Mandate.of(mandate).reaches(agency) is covered


def test_a_mandate_names_somebody():
    with pytest.raises(ValueError, match="or \\* for all"):
        Mandate.of("  ")


@pytest.mark.parametrize(
    ("procedure", "agency", "covered"),
    [
        ("1.004194", "H56.14", True),
        ("1.004194.H56", "H56.14", True),  # a province's own form
        ("1.0041940", "H56.14", False),
        ("2.000815", "H26", True),
        ("2.000815", "G15", False),
        ("1.000001", "H56.14", False),
        ("", "H56.14", False),
    ],
)
def test_a_ministry_speaks_for_its_procedures_within_its_territory(procedure, agency, covered):
    statement = Statement(agency=agency, procedure=procedure)

    assert may_state(CIVIL_REGISTRY, statement) is covered


def test_what_is_said_of_a_dossier_without_its_procedure_is_held_to_the_territory():
    """A payment names no procedure; a list of agencies has none."""
    keeper = (Mandate("H56", "1.004194"),)

    assert may_state(keeper, Statement(dossier="H56.14-260803-0001"))
    assert not may_state(keeper, Statement(dossier="H26-260803-0001"))
    assert not may_state(keeper, Statement(agency="H56.14"))


@pytest.mark.parametrize(
    ("statement", "may"),
    [
        # Its own dossier, held by a ministry for the time being.
        (Statement(dossier="H56.14-260803-0001", agency="G15.03"), True),
        # Its own step of a ministry's dossier.
        (Statement(dossier="G15.03-260803-0001", agency="H56.14"), True),
        # Another's dossier at another's.
        (Statement(dossier="H26-260803-0001", agency="H26"), False),
        # A payment names no agency: the dossier's code says whose it is.
        (Statement(dossier="H56.14-260803-0001"), True),
        (Statement(dossier="H26-260803-0001"), False),
        # In its own numbering nobody else is concerned, unless it names somebody.
        (Statement(dossier="H56-onestop|55/2026"), True),
        (Statement(dossier="H56-onestop|55/2026", agency="H26"), False),
        (Statement(dossier="H56-onestop|55/2026", agency="H26", stated_by="H56.14"), True),
        # Who is named as the speaker is the speaker.
        (Statement(dossier="H56.14-260803-0001", agency="H56", stated_by="H26"), False),
        # About itself.
        (Statement(), True),
    ],
)
def test_the_unit_that_makes_the_statement_must_be_covered(statement, may):
    assert may_state(PROVINCE, statement) is may


def test_a_mandate_for_one_unit_covers_what_the_unit_does():
    desk = (Mandate("H56.14.02"),)

    assert may_state(desk, Statement(agency="H56.14", unit="H56.14.02"))
    assert not may_state(desk, Statement(agency="H56.14", unit="H56.14.03"))
    assert not may_state(desk, Statement(agency="H26", unit="H56.14.02"))


def test_without_a_mandate_a_source_speaks_for_nobody():
    assert not may_state((), Statement(agency="H56"))
