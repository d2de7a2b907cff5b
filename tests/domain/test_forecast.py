"""The forecast of overdue dossiers: worked by hand, and against dossiers counted one by one."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.calendar import FIRST_DAY, OFFICE_HOURS, Week, WorkCalendar
from monitor.domain.forecast import (
    Books,
    Seen,
    ahead,
    forecast,
    mornings,
    outlook,
    pace,
    seen,
)
from tests.domain.strategies_time import day

# Every day is worked, so that days can be counted on the fingers.
DAILY = WorkCalendar(
    weeks=((FIRST_DAY, Week(days=(OFFICE_HOURS,) * 7, make_up=OFFICE_HOURS)),),
    first_day=19_000,
    last_day=21_000,
)
TODAY = 20_000
NOTHING = Seen()


def expected(overdue, due, **known):
    found = outlook(overdue, due, **known)
    return None if found is None else found.expected


def expected_of(forecast_):
    return {
        within: None if found.outlook is None else found.outlook.expected
        for within, found in forecast_.ahead.items()
    }


def books(stock=(), moved=(), settled=()):
    return Books(stock=dict(stock), moved=dict(moved), settled=dict(settled))


def test_mornings_are_the_last_ten_working_days_and_today():
    found = mornings(WorkCalendar(), day("2026-11-27"))  # a Friday

    assert found == (
        *(day(f"2026-11-{date:02d}") for date in (13, 16, 17, 18, 19, 20, 23, 24, 25, 26)),
        day("2026-11-27"),
    )


def test_on_a_day_off_the_next_working_day_stands_for_today():
    saturday, monday = day("2026-11-28"), day("2026-11-30")

    assert mornings(WorkCalendar(), saturday) == mornings(WorkCalendar(), monday)
    assert ahead(WorkCalendar(), saturday, 1) == day("2026-12-01")
    assert ahead(WorkCalendar(), day("2026-11-27"), 1) == monday  # the weekend does not count
    assert ahead(WorkCalendar(), day("2026-11-27"), 5) == day("2026-12-04")


def test_what_became_of_dossiers_is_read_from_the_stock_of_two_mornings():
    """Yesterday morning 5 were overdue and 4 fell due; 2 and 3 of them were settled that day."""
    held = books(
        stock={TODAY - 7: 3, TODAY - 1: 1, TODAY: 6},
        moved={(TODAY - 1, TODAY - 7): -2, (TODAY - 1, TODAY - 1): -3, (TODAY - 1, TODAY): 1},
    )

    found = seen(held, (TODAY - 1, TODAY), 1)

    assert found == Seen(overdue=5, stayed=3, due=4, missed=1)


def test_shares_are_sums_over_mornings_and_not_means_of_shares():
    """90 of 100 stayed from one morning and 0 of 1 from the other: 90 of 101, not 45 %."""
    held = books(
        stock={TODAY - 5: 0},
        moved={(TODAY - 2, TODAY - 5): -10, (TODAY - 1, TODAY - 5): -90},
    )

    assert seen(held, (TODAY - 2, TODAY - 1), 1) == Seen(overdue=100, stayed=90)
    assert seen(held, (TODAY - 2, TODAY - 1, TODAY), 1) == Seen(overdue=190, stayed=90)


def test_expected_is_what_stays_and_what_is_missed():
    """20 overdue of which three quarters stay, 40 falling due of which a tenth is missed: 19.

    The country shows the same shares, so that leaning on it changes nothing.
    """
    same = Seen(overdue=400, stayed=300, due=1000, missed=100)

    found = expected(20, 40, within=3, at_pace=100.0, here=same, country=same)

    assert found == pytest.approx(19.0)


def test_an_agency_of_which_nothing_was_seen_has_the_countrys_shares():
    country = Seen(overdue=10, stayed=5, due=10, missed=1)

    assert expected(
        8, 30, within=1, at_pace=None, here=NOTHING, country=country
    ) == pytest.approx(8 * 0.5 + 30 * 0.1)


def test_a_few_dossiers_move_the_countrys_shares_a_little():
    """One dossier that was not missed, beside the country's 20 %: 50 × 0.2 of 51."""
    found = expected(
        0,
        51,
        within=1,
        at_pace=None,
        here=Seen(due=1, missed=0),
        country=Seen(due=100, missed=20),
    )

    assert found == pytest.approx(10.0)


def test_what_cannot_be_settled_at_the_present_pace_is_expected_overdue():
    """300 fall due within 5 working days, and 20 a day are settled: 200 remain whatever is done."""
    never_missed = Seen(due=1000, missed=0)

    found = expected(0, 300, within=5, at_pace=20.0, here=never_missed, country=never_missed)

    assert found == 200.0


def test_what_the_pace_leaves_is_spread_over_those_that_would_have_been_settled():
    """Of 40 overdue 30 stay, of 60 none is missed; at 10 a day 90 are left: 60 more of the 70."""
    same = Seen(overdue=4, stayed=3, due=5, missed=0)

    found = outlook(40, 60, within=1, at_pace=10.0, here=same, country=same)

    assert found is not None
    assert found.of_overdue == pytest.approx(30 + 10 * 60 / 70)
    assert found.of_due == pytest.approx(60 * 60 / 70)


def test_where_nobody_was_seen_to_be_overdue_what_is_stays_so():
    assert expected(3, 0, within=5, at_pace=1.0, here=NOTHING, country=NOTHING) == 3.0


def test_where_nobody_was_seen_to_fall_due_nothing_is_known_of_those_that_will():
    assert expected(3, 2, within=5, at_pace=1.0, here=NOTHING, country=NOTHING) is None
    assert expected(0, 0, within=5, at_pace=1.0, here=NOTHING, country=NOTHING) == 0.0


def test_the_pace_is_what_was_settled_over_ten_working_days():
    held = books(
        stock={TODAY + 9: 1},
        settled={TODAY - 11: 99, TODAY - 10: 5, TODAY - 4: 12, TODAY - 1: 8, TODAY: 99},
    )

    assert pace(held, mornings(DAILY, TODAY)) == 2.5


def test_the_pace_of_a_newcomer_rests_on_the_days_since_it_came():
    """The first dossier came four days ago: eight settled are two a day, not four fifths."""
    held = books(
        stock={TODAY + 3: 2},
        moved={(TODAY - 4, TODAY + 3): 10, (TODAY - 1, TODAY + 3): -8},
        settled={TODAY - 1: 8},
    )

    assert pace(held, mornings(DAILY, TODAY)) == 2.0


@pytest.mark.parametrize(("came", "known"), [(3, True), (2, False)])
def test_before_three_working_days_there_is_no_pace(came, known):
    held = books(stock={TODAY: 4}, moved={(TODAY - came, TODAY): 4}, settled={TODAY - 1: 6})

    assert (pace(held, mornings(DAILY, TODAY)) is not None) is known


def test_an_agency_with_nothing_in_its_books_has_no_pace_and_nothing_overdue():
    made = forecast({"H26": books()}, {"H26": DAILY}, TODAY)

    assert made["H26"].pace is None
    assert expected_of(made["H26"]) == {1: 0.0, 3: 0.0, 5: 0.0}


def test_an_agency_is_forecast_by_its_own_working_days():
    """Ten fall due on Monday, two a day are settled. An office that works at weekends has not
    come to Monday's end in three working days; one that does not is past it, and has six done.
    """
    friday, monday = day("2026-11-27"), day("2026-11-30")
    held = books(
        stock={monday: 10},
        moved={
            (friday - 14, monday): 10,
            (friday - 9, friday - 4): 5,  # five that fell due on Monday before
            (friday - 5, friday - 4): -5,  # and were settled the Sunday before that
        },
        settled={friday - n: 2 for n in (1, 2, 3, 4, 7, 8, 9, 10, 11, 14)},
    )
    seven = WorkCalendar(
        weeks=((FIRST_DAY, Week(days=(OFFICE_HOURS,) * 7, make_up=OFFICE_HOURS)),)
    )

    made = forecast({"H26": held, "G01": held}, {"H26": WorkCalendar(), "G01": seven}, friday)

    assert made["H26"].pace == 2.0
    assert expected_of(made["H26"])[3] == 4.0
    assert expected_of(made["G01"])[3] == 0.0


dossiers = st.lists(
    st.tuples(
        st.integers(-14, -1),  # came, from today
        st.integers(-14, 12),  # falls due
        st.integers(0, 25),  # open so many days
    ),
    max_size=40,
)


@given(dossiers, st.sampled_from([1, 3, 5]))
def test_what_was_seen_is_what_a_count_of_the_dossiers_gives(told, within):
    """The books know sums only; a dossier at a time it must come to the same."""
    stock, moved = Counter(), Counter()
    for came, due, days in told:
        moved[came, due] += 1
        if came + days < 0:
            moved[came + days, due] -= 1
        else:
            stock[due] += 1
    held = books(
        {TODAY + due: n for due, n in stock.items()},
        {(TODAY + at, TODAY + due): n for (at, due), n in moved.items()},
    )
    days_back = mornings(DAILY, TODAY)

    found = seen(held, days_back, within)

    def open_on(morning):
        return [(due, came) for came, due, days in told if came < morning <= came + days]

    pairs = [(n - 10, n - 10 + within) for n in range(11 - within)]
    assert found == Seen(
        overdue=sum(due < a for a, _ in pairs for due, _ in open_on(a)),
        stayed=sum(due < a for a, b in pairs for due, _ in open_on(b)),
        due=sum(a <= due < b for a, b in pairs for due, _ in open_on(a)),
        missed=sum(a <= due < b for a, b in pairs for due, _ in open_on(b)),
    )


counts = st.integers(0, 500)
seens = st.builds(
    lambda o, s, d, m: Seen(overdue=o, stayed=min(s, o), due=d, missed=min(m, d)),
    counts, counts, counts, counts,
)  # fmt: skip


@given(counts, counts, st.sampled_from([1, 3, 5]), st.floats(0, 100), seens, seens)
def test_no_more_is_expected_than_is_due_and_no_less_than_the_pace_leaves(
    overdue, due, within, at_pace, here, others
):
    country = here + others
    found = expected(overdue, due, within=within, at_pace=at_pace, here=here, country=country)

    if found is not None:
        floor = max(0, overdue + due - at_pace * within)
        assert floor - 1e-6 <= found <= overdue + due + 1e-6
    else:
        assert due
        assert not country.due


@given(counts, counts, seens)
def test_more_overdue_is_never_expected_to_be_fewer(overdue, due, here):
    def ask(more):
        return expected(overdue + more, due, within=3, at_pace=10.0, here=here, country=here)

    if ask(0) is not None:
        assert ask(1) >= ask(0) - 1e-6
