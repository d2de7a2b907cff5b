"""The sheet of a unit: each dossier's difference, summed by account and by what is shown."""

from agents.sheet import Sheet
from agents.shelf import Dossier
from monitor.domain.applicants import whole
from monitor.domain.measures import NO_SLOT, Measure
from monitor.domain.view import Cell
from monitor.ledger.packing import pack_entries, unpack_entries
from monitor.ledger.unit import BookingClass, Reference, TotalKey
from tests.domain.strategies import INSTANT, JULY_31, at, said
from tests.domain.strategies_law import policy_of
from tests.domain.test_law_examples import rules

CELL = Cell("H56.14", "", "1.004194", 2, "", 4)
NUMBERS, CELLS = {CELL: 7}, {7: CELL}
LIVE, LATE = int(BookingClass.LIVE), int(BookingClass.LATE)
ACCEPTED = (Measure.ACCEPTED, 7, JULY_31 + 3, NO_SLOT)
IN_PROCESS = (Measure.IN_PROCESS, 7, JULY_31 + 3, NO_SLOT)


def heard(*events, key="H56.14-260803-0001"):
    dossier = Dossier(key)
    for event in events:
        dossier.hear(event)
    dossier.gather()
    return dossier


def accepted(**given):
    return said(2, at(3), channel=2, level=4, **given)


def number_all(sheet):
    """In the order of the cells' names, reversed: the empty one comes last."""
    order = sorted(sheet.unnumbered, reverse=True)
    numbers = {cell: number for number, cell in enumerate(order)}
    sheet.book_waiting(numbers, {number: cell for cell, number in numbers.items()})
    return numbers


def test_equal_accounts_of_two_dossiers_are_one_line_and_their_classes_stay_apart():
    sheet = Sheet(NUMBERS, CELLS)

    sheet.post(heard(accepted(), key="1"), INSTANT, LIVE)
    sheet.post(heard(accepted(), key="2"), INSTANT, LIVE)
    sheet.post(heard(accepted(), key="3"), INSTANT, LATE)

    assert sheet.journal == {
        LIVE: {ACCEPTED: 2, IN_PROCESS: 2},
        LATE: {ACCEPTED: 1, IN_PROCESS: 1},
    }
    assert sheet.totals == {
        TotalKey(Measure.ACCEPTED, "H56", 2, 4, NO_SLOT, LIVE): (2, 0),
        TotalKey(Measure.IN_PROCESS, "H56", 2, 4, NO_SLOT, LIVE): (2, 0),
        TotalKey(Measure.ACCEPTED, "H56", 2, 4, NO_SLOT, LATE): (1, 0),
        TotalKey(Measure.IN_PROCESS, "H56", 2, 4, NO_SLOT, LATE): (1, 0),
    }
    assert [(row.key, row.version, row.cell) for row in sheet.dossiers] == [
        ("1", 1, 7),
        ("2", 1, 7),
        ("3", 1, 7),
    ]


def test_the_difference_is_to_what_is_booked_whatever_was_booked():
    dossier = heard(accepted())
    dossier.version = 4
    gone = (Measure.REFUSED, 7, JULY_31 + 2, NO_SLOT)
    dossier.booked = pack_entries({ACCEPTED: 1, gone: 3})
    sheet = Sheet(NUMBERS, CELLS)

    sheet.post(dossier, INSTANT, LIVE)

    assert sheet.journal == {LIVE: {IN_PROCESS: 1, gone: -3}}
    assert unpack_entries(dossier.booked) == {ACCEPTED: 1, IN_PROCESS: 1}
    assert sheet.totals[TotalKey(Measure.REFUSED, "H56", 2, 4, NO_SLOT, LIVE)] == (0, 3)
    assert (dossier.version, sheet.dossiers[0].booked) == (5, dossier.booked)


def test_a_dossier_of_which_nothing_moves_is_written_all_the_same():
    dossier = heard(accepted())
    dossier.booked = pack_entries({ACCEPTED: 1, IN_PROCESS: 1})
    sheet = Sheet(NUMBERS, CELLS)

    sheet.post(dossier, INSTANT, LIVE)

    assert (sheet.journal, sheet.totals) == ({}, {})
    assert [row.version for row in sheet.dossiers] == [1]


def test_a_dossier_waits_until_all_its_cells_are_known_also_those_of_what_it_has_booked():
    other = Cell("H57", "", "1.004194", 2, "", 4)
    elsewhere = (Measure.ACCEPTED, 8, JULY_31 + 3, NO_SLOT)
    moved = heard(accepted())
    moved.booked = pack_entries({elsewhere: 1})
    sheet = Sheet({}, {})

    sheet.post(heard(accepted(), key="new"), INSTANT, LIVE)
    sheet.post(moved, INSTANT, LIVE)

    waited = sheet.waits
    assert (sheet.dossiers, sheet.unnumbered, sheet.unknown) == ([], {CELL}, {8})

    sheet.book_waiting(NUMBERS, {**CELLS, 8: other})

    assert (waited, sheet.waits) == (True, False)
    assert sheet.journal == {LIVE: {ACCEPTED: 2, IN_PROCESS: 2, elsewhere: -1}}
    assert sheet.totals[TotalKey(Measure.ACCEPTED, "H57", 2, 4, NO_SLOT, LIVE)] == (0, 1)
    assert [row.version for row in sheet.dossiers] == [1, 1]


def test_references_to_applicants_are_kept_apart_whatever_their_class():
    policy = policy_of(rules())
    key = "9b1c6a4e7d20f3a8"
    dossiers = [heard(accepted(applicant_key=key), key=number) for number in "123"]
    sheet = Sheet({}, {})
    for dossier, booking_class in zip(dossiers, (LIVE, LATE, LIVE), strict=True):
        sheet.post(dossier, policy, booking_class)

    numbers = number_all(sheet)

    land = numbers[Cell("H56.14", "", "", 0, "", 0)]
    assert sheet.references == {Reference(2026, land, -3694796117088031323): 3}
    for accounts in sheet.journal.values():
        for measure, _, day, slot in accounts:
            assert measure < 10_000, whole(day, slot)


def test_a_reference_that_came_and_went_is_none():
    policy = policy_of(rules())
    sheet = Sheet({}, {})
    came = heard(accepted(applicant_key="9b1c6a4e7d20f3a8"), key="came")
    sheet.post(came, policy, LIVE)
    number_all(sheet)
    went = Dossier("went")
    went.booked = came.booked

    sheet.post(went, policy, LIVE)
    number_all(sheet)

    assert sheet.references == {}
