"""From a view to its entries: MEASURES.md §4, §5 (plain rule) and §7, counted by hand."""

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.fold import fold
from monitor.domain.measures import CONSUMED_BINS, NO_SLOT, Measure
from monitor.domain.policy import Policy, Precision
from monitor.domain.post import Account, consumed_bin, consumed_share, post, posting
from monitor.domain.view import Cell, Place, View
from monitor.domain.zone import Zone
from tests.domain.strategies import (
    DATE,
    DAY,
    HANOI,
    HOUR,
    INSTANT,
    JULY_31,
    MINUTE,
    THOROUGHLY,
    at,
    booked,
    dossiers,
    life,
    said,
    total,
)

OFFICE = "H56.14"
STOCK = (Measure.IN_PROCESS, Measure.PAUSED)
AT_MOST_ALL = [bin_ for bin_ in CONSUMED_BINS if bin_ <= Measure.DEADLINE_CONSUMED + 5]


# --- Where a dossier is (§4) ---------------------------------------------------------------


def test_nothing_heard_books_nothing():
    assert post(View(), INSTANT) == {}


def test_state_0_books_nothing():
    assert booked(said(0, at(3))) == {}


def test_a_registration_is_submitted_on_its_day():
    assert booked(said(1, at(3))) == {("submitted", OFFICE, 3): 1}


def test_a_supplement_request_before_acceptance_books_nothing():
    assert booked(said(5, at(3))) == {}


def test_a_refusal_is_booked_where_and_when_it_was_said():
    assert booked(said(1, at(3)), said(3, at(4), agency="H19")) == {
        ("submitted", OFFICE, 3): 1,
        ("refused", "H19", 4): 1,
    }


def test_a_withdrawal_before_acceptance_is_neither_received_nor_returned():
    assert booked(said(1, at(3)), said(7, at(4), agency="H19")) == {
        ("submitted", OFFICE, 3): 1,
        ("withdrawn_unaccepted", "H19", 4): 1,
    }


def test_an_accepted_dossier_is_in_stock_from_its_receipt_day_until_further_notice():
    assert booked(said(2, at(4), receipt_ms=at(3))) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
    }


def test_a_dossier_from_registration_to_hand_over():
    assert booked(
        said(1, at(2), agency="G01"),
        said(2, at(3), due_ms=at(13)),
        said(9, at(5), agency="H19"),
        said(10, at(7), agency="H30"),
    ) == {
        ("submitted", "G01", 2): 1,
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, 13): 1,
        ("in_process", OFFICE, 5, 13): -1,
        ("completed", "H19", 5): 1,
        ("on_time", "H19", 5): 1,
        ("processing_time", "H19", 5): 2 * DAY,
        ("consumed 250", "H19", 5): 1,  # 2 of 10 days
        ("handed_over", "H19", 7): 1,
    }


def test_handed_over_without_processed_is_completed_by_it():
    assert booked(said(2, at(3)), said(10, at(4), agency="H19")) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
        ("in_process", OFFICE, 4, None): -1,
        ("completed", "H19", 4): 1,
        ("no_deadline", "H19", 4): 1,
        ("processing_time", "H19", 4): DAY,
        ("handed_over", "H19", 4): 1,
    }


@pytest.mark.parametrize("state", [3, 7])
def test_a_return_has_no_verdict_and_no_processing_time(state):
    assert booked(said(2, at(3), due_ms=at(9)), said(state, at(4), agency="H19")) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, 9): 1,
        ("in_process", OFFICE, 4, 9): -1,
        ("returned", "H19", 4): 1,
    }


@pytest.mark.parametrize("state", [3, 7])
def test_a_dossier_that_is_refused_or_withdrawn_after_its_9_is_completed(state):
    assert booked(said(2, at(3)), said(9, at(4)), said(state, at(5), agency="H19")) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
        ("in_process", OFFICE, 4, None): -1,
        ("completed", OFFICE, 4): 1,
        ("no_deadline", OFFICE, 4): 1,
        ("processing_time", OFFICE, 4): DAY,
    }


def test_a_recalled_9_books_nothing():
    assert booked(said(2, at(3)), said(9, at(4), agency="H19"), said(4, at(5))) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
    }


def test_an_end_before_the_receipt_is_booked_on_the_receipt_and_took_no_time():
    assert booked(
        said(2, at(3), arrival_ms=at(9), receipt_ms=at(8), due_ms=at(10)),
        said(9, at(4)),
        said(10, at(5)),
    ) == {
        ("accepted", OFFICE, 8): 1,
        ("completed", OFFICE, 8): 1,
        ("on_time", OFFICE, 8): 1,
        ("consumed 100", OFFICE, 8): 1,
        ("handed_over", OFFICE, 8): 1,
    }


def test_a_dossier_that_begins_and_ends_on_a_day_was_in_no_days_stock():
    assert booked(said(2, at(3)), said(5, at(3, "09:00")), said(9, at(3, "17:00"))) == {
        ("accepted", OFFICE, 3): 1,
        ("completed", OFFICE, 3): 1,
        ("no_deadline", OFFICE, 3): 1,
        ("processing_time", OFFICE, 3): 9 * HOUR,
    }


# --- Stock by holder, pause and due day ----------------------------------------------------


def test_a_pause_moves_the_stock_there_and_back():
    assert booked(said(2, at(3)), said(5, at(4)), said(6, at(5)), said(4, at(6))) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
        ("in_process", OFFICE, 4, None): -1,
        ("paused", OFFICE, 4, None): 1,
        ("paused", OFFICE, 6, None): -1,
        ("in_process", OFFICE, 6, None): 1,
    }


def test_a_dossier_that_is_paused_at_its_end_leaves_the_paused():
    assert booked(said(5, at(3), receipt_ms=at(3)), said(9, at(4))) == {
        ("accepted", OFFICE, 3): 1,
        ("paused", OFFICE, 3, None): 1,
        ("paused", OFFICE, 4, None): -1,
        ("completed", OFFICE, 4): 1,
        ("no_deadline", OFFICE, 4): 1,
        ("processing_time", OFFICE, 4): DAY,
    }


def test_a_hand_off_moves_the_stock_on_its_day_and_leaves_the_receipt():
    assert booked(said(2, at(3)), said(4, at(5), agency="H19")) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
        ("in_process", OFFICE, 5, None): -1,
        ("in_process", "H19", 5, None): 1,
    }


def test_there_and_back_within_a_day_moves_nothing():
    assert booked(
        said(2, at(3)),
        said(4, at(5), agency="H19"),
        said(4, at(5, "09:00")),
        said(5, at(5, "10:00"), due_ms=at(7)),
        said(4, at(5, "11:00")),
    ) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
        ("in_process", OFFICE, 5, None): -1,
        ("in_process", OFFICE, 5, 7): 1,
    }


def test_a_change_of_due_moves_the_slot_on_the_day_it_was_made():
    assert booked(said(2, at(3), due_ms=at(9)), said(4, at(5), due_ms=at(12))) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, 9): 1,
        ("in_process", OFFICE, 5, 9): -1,
        ("in_process", OFFICE, 5, 12): 1,
    }


def test_a_change_of_due_within_its_day_moves_nothing():
    life_ = [said(2, at(3), due_ms=at(9)), said(4, at(5), due_ms=at(9, "23:59"))]

    assert booked(*life_) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, 9): 1,
    }


def test_a_due_made_before_the_receipt_is_that_of_the_first_day():
    assert booked(
        said(1, at(2), due_ms=at(8)), said(1, at(2, "09:00"), due_ms=at(9)), said(2, at(3))
    ) == {
        ("submitted", OFFICE, 2): 1,
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, 9): 1,
    }


def test_a_due_made_days_after_the_receipt_moves_the_slot_then():
    assert booked(said(2, at(5), receipt_ms=at(3), due_ms=at(9))) == {
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, None): 1,
        ("in_process", OFFICE, 5, None): -1,
        ("in_process", OFFICE, 5, 9): 1,
    }


def test_dues_made_within_and_between_stints_each_move_on_their_day():
    assert booked(
        said(2, at(3), due_ms=at(20)),
        said(1, at(4), due_ms=at(21)),
        said(5, at(5), due_ms=at(22)),
        said(0, at(6), due_ms=at(23)),
        said(9, at(7), due_ms=at(24)),
        said(10, at(8), due_ms=at(25)),
        policy=INSTANT,
    ) == {
        ("submitted", OFFICE, 4): 1,
        ("accepted", OFFICE, 3): 1,
        ("in_process", OFFICE, 3, 20): 1,
        ("in_process", OFFICE, 4, 20): -1,
        ("in_process", OFFICE, 4, 21): 1,
        ("in_process", OFFICE, 5, 21): -1,
        ("paused", OFFICE, 5, 22): 1,
        ("paused", OFFICE, 6, 22): -1,
        ("paused", OFFICE, 6, 23): 1,
        ("paused", OFFICE, 7, 23): -1,
        ("completed", OFFICE, 7): 1,
        ("on_time", OFFICE, 7): 1,
        ("consumed 250", OFFICE, 7): 1,  # 4 of 21 days
        ("processing_time", OFFICE, 7): 4 * DAY,
        ("handed_over", OFFICE, 8): 1,
    }


def test_a_due_made_while_the_receipt_was_still_to_come_holds_on_the_receipt_day():
    assert booked(
        said(2, at(3), arrival_ms=at(9), receipt_ms=at(8), due_ms=at(10)),
        said(4, at(4), due_ms=at(11), agency="H19"),
        said(4, at(8, "09:00"), due_ms=at(12)),
    ) == {
        ("accepted", OFFICE, 8): 1,
        ("in_process", OFFICE, 8, 12): 1,
    }


# --- On time, plain (§5) -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("end", "to_the_instant", "to_the_day"),
    [
        (at(10, "17:00"), "on_time", "on_time"),
        (at(10, "17:00") + 1, "late", "on_time"),
        (at(11, "00:00") - 1, "late", "on_time"),
        (at(11, "00:00"), "late", "late"),
        (at(4), "on_time", "on_time"),
    ],
)
def test_an_end_is_held_against_the_due_to_the_instant_or_to_the_day(
    end, to_the_instant, to_the_day
):
    events = [said(2, at(3), due_ms=at(10, "17:00")), said(9, end)]

    for policy, verdict in [(INSTANT, to_the_instant), (DATE, to_the_day)]:
        words = {name for name, *_ in booked(*events, policy=policy)}
        assert words & {"on_time", "late", "no_deadline"} == {verdict}


def test_days_are_those_of_the_policys_zone():
    """23:30 and 00:30 in Hanoi are 16:30 and 17:30 of one day in UTC."""
    view = life(said(2, at(10, "23:00"), due_ms=at(10, "23:30")), said(9, at(11, "00:30")))

    hanoi = post(view, Policy(HANOI, Precision.DATE))
    utc = post(view, Policy(Zone("UTC"), Precision.DATE))

    assert (total(hanoi, Measure.LATE), total(utc, Measure.ON_TIME)) == (1, 1)
    assert {account.day for account in hanoi} == {20_675, 20_676}  # the 10th and the 11th
    assert {account.day for account in utc} == {20_675}


def test_the_due_that_binds_is_the_last_one_made_before_the_end():
    shortened = booked(
        said(2, at(3), due_ms=at(10)), said(4, at(4), due_ms=at(5)), said(9, at(6))
    )
    extended_too_late = booked(
        said(2, at(3), due_ms=at(5)), said(9, at(6)), said(10, at(7), due_ms=at(10))
    )

    assert ("late", OFFICE, 6) in shortened
    assert ("late", OFFICE, 6) in extended_too_late


def test_a_due_that_was_sent_only_after_the_end_is_no_deadline():
    words = booked(said(2, at(3)), said(9, at(4)), said(10, at(5), due_ms=at(9)))

    assert ("no_deadline", OFFICE, 4) in words
    assert not any(name.startswith("consumed") for name, *_ in words)


def test_pauses_are_not_taken_off_the_processing_time_or_the_verdict():
    words = booked(said(2, at(3), due_ms=at(8)), said(5, at(4)), said(4, at(8)), said(9, at(9)))

    assert words["processing_time", OFFICE, 9] == 6 * DAY
    assert ("late", OFFICE, 9) in words
    assert ("consumed 1250", OFFICE, 9) in words  # 6 of 5 days


@pytest.mark.parametrize(
    ("taken", "allowed", "offset"),
    [
        (0, 10, 0),
        (1, 10, 0),
        (100, 1000, 0),
        (101, 1000, 1),
        (250, 1000, 1),
        (251, 1000, 2),
        (500, 1000, 2),
        (501, 1000, 3),
        (750, 1000, 3),
        (751, 1000, 4),
        (900, 1000, 4),
        (901, 1000, 5),
        (1000, 1000, 5),
        (1001, 1000, 6),
        (10_001, 100_000, 1),  # a hair over a bound is over it
        (864_000_001, 864_000_000, 6),
        (1250, 1000, 6),
        (1251, 1000, 7),
        (1500, 1000, 7),
        (1501, 1000, 8),
        (2000, 1000, 8),
        (2001, 1000, 9),
        (4000, 1000, 9),
        (4001, 1000, 10),
        (10**12, 1, 10),
        (0, 0, 5),  # due on receipt, and done at once: all of nothing was used
        (1, 0, 10),
        (0, -1, 10),  # due before the receipt
        (5, -1, 10),
    ],
)
def test_a_bin_holds_the_share_of_the_deadline_up_to_its_bound(taken, allowed, offset):
    assert consumed_bin(taken, allowed) == offset


def test_the_share_is_of_whole_days_where_the_verdict_is():
    """Five minutes before midnight to five after it are one day, of the two allowed."""
    events = [
        said(2, at(4, "00:00") - 5 * MINUTE, due_ms=at(5)),
        said(9, at(4, "00:00") + 5 * MINUTE),
    ]

    assert ("consumed 100", OFFICE, 4) in booked(*events)  # 10 minutes of 32 hours
    assert ("consumed 500", OFFICE, 4) in booked(*events, policy=DATE)  # 1 day of 2


# --- Dimensions ----------------------------------------------------------------------------


def test_every_entry_has_the_dimensions_of_the_dossier_and_the_place_of_the_deed():
    entries = post(
        life(
            said(1, at(2), agency="G01", unit="G01.1", channel=2, sub_channel="app"),
            said(2, at(3), agency="G02", unit="G02.1", procedure="2.000815", level=4),
            said(4, at(4), agency="G03", unit="G03.1", procedure="1.000001"),
            said(9, at(5), agency="G04", unit="G04.1"),
            said(10, at(6), agency="G05", unit="G05.1"),
        ),
        INSTANT,
    )

    places = defaultdict(set)
    for account in entries:
        places[Measure(account.measure).name].add((account.cell.agency, account.cell.unit))
        assert account.cell[2:6] == ("2.000815", 2, "app", 4)
    assert places == {
        "SUBMITTED": {("G01", "G01.1")},
        "ACCEPTED": {("G02", "G02.1")},
        "IN_PROCESS": {("G02", "G02.1"), ("G03", "G03.1")},
        "COMPLETED": {("G04", "G04.1")},
        "NO_DEADLINE": {("G04", "G04.1")},
        "PROCESSING_TIME": {("G04", "G04.1")},
        "HANDED_OVER": {("G04", "G04.1")},
    }


def test_rows_name_each_cell_once_and_add_up_to_the_entries():
    events = [said(2, at(3)), said(5, at(4)), said(4, at(5)), said(5, at(6)), said(4, at(7))]

    made = posting(life(*events), INSTANT)

    [cell] = made.cells
    assert cell == Cell(OFFICE, "", "1.004194", 0, "", 0)
    assert made.numbered({cell: 7}) == {
        (Measure.ACCEPTED, 7, JULY_31 + 3, NO_SLOT): 1,
        (Measure.IN_PROCESS, 7, JULY_31 + 3, NO_SLOT): 1,
        (Measure.IN_PROCESS, 7, JULY_31 + 4, NO_SLOT): -1,
        (Measure.PAUSED, 7, JULY_31 + 4, NO_SLOT): 1,
        (Measure.PAUSED, 7, JULY_31 + 5, NO_SLOT): -1,
        (Measure.IN_PROCESS, 7, JULY_31 + 5, NO_SLOT): 1,
        (Measure.IN_PROCESS, 7, JULY_31 + 6, NO_SLOT): -1,
        (Measure.PAUSED, 7, JULY_31 + 6, NO_SLOT): 1,
        (Measure.PAUSED, 7, JULY_31 + 7, NO_SLOT): -1,
        (Measure.IN_PROCESS, 7, JULY_31 + 7, NO_SLOT): 1,
    }


def test_a_cell_names_its_dimensions():
    view = life(said(2, at(3), procedure="2.000815", channel=2, sub_channel="app", level=4))

    assert view.cell(Place("H19", "H19.2")) == Cell(
        agency="H19",
        unit="H19.2",
        procedure="2.000815",
        channel=2,
        sub_channel="app",
        level=4,
    )


# --- What holds for all --------------------------------------------------------------------


def days_of(entries):
    return sorted({account.day for account in entries})


def assert_06b(entries):
    """received = completed + returned + in process + paused at every day's end (§4)."""
    for day in days_of(entries):
        accepted = total(entries, Measure.ACCEPTED, until=day)
        ended = total(entries, Measure.COMPLETED, Measure.RETURNED, until=day)
        assert accepted == ended + total(entries, *STOCK, until=day)


@THOROUGHLY
@given(dossiers())
def test_the_06b_identity_holds_for_every_dossier_on_every_day(events):
    assert_06b(post(fold(events), INSTANT))


@given(st.lists(dossiers(), max_size=4))
def test_the_06b_identity_holds_for_every_set_of_dossiers_on_every_day(dossiers):
    entries: defaultdict[Account, int] = defaultdict(int)
    for events in dossiers:
        for account, amount in post(fold(events), INSTANT).items():
            entries[account] += amount

    assert_06b(entries)
    for first, last in pairwise(days_of(entries)):  # of a period: what lies between two days
        carried = total(entries, *STOCK, until=first)
        received = total(entries, Measure.ACCEPTED, until=last) - total(
            entries, Measure.ACCEPTED, until=first
        )
        ended = total(entries, Measure.COMPLETED, Measure.RETURNED, until=last) - total(
            entries, Measure.COMPLETED, Measure.RETURNED, until=first
        )
        assert carried + received == ended + total(entries, *STOCK, until=last)


@pytest.mark.parametrize("policy", [INSTANT, DATE], ids=["instant", "date"])
@given(events=dossiers())
def test_every_completion_has_one_verdict_and_the_histogram_agrees(policy, events):
    entries = post(fold(events), policy)

    on_time, late = total(entries, Measure.ON_TIME), total(entries, Measure.LATE)
    completed = total(entries, Measure.COMPLETED)
    assert completed == on_time + late + total(entries, Measure.NO_DEADLINE)
    assert total(entries, *CONSUMED_BINS) == on_time + late
    assert total(entries, *AT_MOST_ALL) == on_time


@given(dossiers())
def test_what_is_on_time_to_the_instant_is_so_to_the_day(events):
    view = fold(events)
    instant, date = post(view, INSTANT), post(view, DATE)

    assert total(instant, Measure.ON_TIME) <= total(date, Measure.ON_TIME)
    verdicts = {Measure.ON_TIME, Measure.LATE, *CONSUMED_BINS}
    same = [
        {
            account: amount
            for account, amount in entries.items()
            if account.measure not in verdicts
        }
        for entries in (instant, date)
    ]
    assert same[0] == same[1]


@THOROUGHLY
@given(dossiers())
def test_no_stock_is_ever_negative_and_a_dossier_is_in_one_at_most(events):
    entries = post(fold(events), INSTANT)

    for day in days_of(entries):
        stocks: defaultdict[Account, int] = defaultdict(int)
        for account, amount in entries.items():
            if account.measure in STOCK and account.day <= day:
                stocks[account._replace(day=0)] += amount
        assert sorted(amount for amount in stocks.values() if amount) in ([], [1])


@given(dossiers())
def test_amounts_are_never_zero_and_only_stocks_have_slots_and_minus_signs(events):
    for account, amount in post(fold(events), INSTANT).items():
        assert amount
        if account.measure in STOCK:
            assert abs(amount) == 1
        else:
            assert (account.slot, amount > 0) == (NO_SLOT, True)
            assert amount == 1 or account.measure == Measure.PROCESSING_TIME


@given(dossiers())
def test_what_is_in_stock_at_the_end_of_time_is_what_the_view_says(events):
    view = fold(events)
    entries = post(view, INSTANT)

    stocks: defaultdict[Account, int] = defaultdict(int)
    for account, amount in entries.items():
        if account.measure in STOCK:
            stocks[account._replace(day=0)] += amount
    left = [account for account, amount in stocks.items() if amount]
    assert [Measure(account.measure).name.lower() for account in left] == [
        name for name in ("in_process", "paused") if name == view.outcome
    ]
    for account in left:
        assert account.cell == view.cell(view.holder)
        due = view.due_ms
        assert account.slot == (NO_SLOT if due is None else HANOI.day(due))


@given(dossiers())
def test_days_are_the_local_days_of_what_happened(events):
    view = fold(events)
    happened = {
        Measure.SUBMITTED: view.submitted_ms,
        Measure.ACCEPTED: view.accepted_ms,
        Measure.COMPLETED: view.end_ms,
        Measure.RETURNED: view.end_ms,
    }
    for account in post(view, INSTANT):
        if account.measure in happened:
            at_ms = happened[Measure(account.measure)]
            assert at_ms is not None
            begins = (account.day * 24 - 7) * HOUR
            assert begins <= at_ms < begins + DAY


# --- The share that an exemplar tells ------------------------------------------------------


def test_the_share_of_a_deadline_is_told_as_the_bin_has_it():
    on_half = life(said(2, at(3), due_ms=at(7)), said(9, at(5)))

    assert consumed_share(on_half, INSTANT) == 0.5
    assert consumed_share(on_half, DATE) == 0.5


@pytest.mark.parametrize(
    "events",
    [
        [said(1, at(3))],
        [said(2, at(3), due_ms=at(7))],
        [said(2, at(3)), said(9, at(5))],
        [said(2, at(3), due_ms=at(3)), said(9, at(5))],
    ],
)
def test_where_there_is_no_share_none_is_told(events):
    assert consumed_share(life(*events), INSTANT) is None
