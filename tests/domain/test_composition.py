"""Of which sums facts are made."""

from typing import Any

import pytest

from monitor.domain.composition import (
    FROM_ELSEWHERE,
    Entry,
    Share,
    Sum,
    Unanswerable,
    Window,
    made_of,
    weight,
)
from monitor.domain.facts import Fact, Term
from monitor.domain.measures import Measure
from monitor.domain.traits import Trait


def test_a_flow_is_one_sum_over_the_period():
    assert made_of(Term(fact=Fact.COMPLETED, channel=2)) == (
        Share(1, Sum(((5, 1),), channel=2), Window.IN),
    )


def test_what_falls_due_is_summed_on_the_later_day():
    within = made_of(Term(fact=Fact.WITHIN_766))
    assert [(share.weight, share.sum.first_slot, share.sum.due) for share in within] == [
        (1, 0, False),
        (-1, 0, True),
        (1, -2, False),
    ]
    assert {share.window for share in within} == {Window.END}


def test_a_fact_narrowed_by_traits_is_made_of_other_measures():
    narrowed = Term(fact=Fact.HANDLED, having=Trait.DIGITISED, lacking=Trait.CITIZEN)
    ended, still_open = made_of(narrowed)
    assert ended.sum.measures == ((81, 1),)
    assert still_open.sum.measures == ((82, 1),)
    assert {share.sum.having for share in (ended, still_open)} == {Trait.DIGITISED}
    assert {share.sum.lacking for share in (ended, still_open)} == {Trait.CITIZEN}
    plain, _ = made_of(Term(fact=Fact.HANDLED))
    assert plain.sum.measures == ((Measure.COMPLETED, 1), (Measure.RETURNED, 1))


def test_every_fact_is_made_of_something_or_told_from_elsewhere():
    for fact in Fact:
        assert bool(made_of(Term(fact=fact))) == (fact not in FROM_ELSEWHERE), fact


def test_what_no_account_tells_says_so():
    with pytest.raises(Unanswerable, match="completed is not booked by traits"):
        made_of(Term(fact=Fact.COMPLETED, having=Trait.CITIZEN))
    with pytest.raises(Unanswerable, match="know nothing of"):
        made_of(Term(fact=Fact.SERVICES, having=Trait.CITIZEN))
    assert made_of(Term(fact=Fact.SERVICES, having=Trait.ELIGIBLE)) == ()


def of(fact: Fact, **narrowed: Any) -> tuple[Share, ...]:
    return made_of(Term(fact=fact, **narrowed))


@pytest.mark.parametrize(
    ("shares", "entry", "times"),
    [
        (of(Fact.RECEIVED), Entry(2, 1, 4, 100, -1), 1),
        (of(Fact.RECEIVED), Entry(2, 1, 4, 99, -1), 0),  # before the period
        (of(Fact.RECEIVED), Entry(2, 1, 4, 131, -1), 0),  # after it
        (of(Fact.RECEIVED), Entry(5, 1, 4, 110, -1), 0),  # another measure
        (of(Fact.RECEIVED, channel=2), Entry(2, 1, 4, 110, -1), 0),
        (of(Fact.RECEIVED, level=4), Entry(2, 1, 3, 110, -1), 0),
        (of(Fact.HANDED_NET), Entry(16, 1, 4, 110, -1), 1),
        (of(Fact.HANDED_NET), Entry(17, 1, 4, 110, -1), -1),
        (of(Fact.WITHIN_766), Entry(50, 1, 4, 90, 131), 1),
        (of(Fact.WITHIN_766), Entry(50, 1, 4, 90, 130), 0),  # falls due on the last day
        (of(Fact.BEYOND_766), Entry(51, 1, 4, 90, 130), 1),
        (of(Fact.BEYOND_766), Entry(51, 1, 4, 131, 130), 0),  # moved after the period
        (of(Fact.WITHIN_766), Entry(50, 1, 4, 90, -2), 1),
        (of(Fact.CARRIED_OVER), Entry(12, 1, 4, 99, 200), 1),
        (of(Fact.CARRIED_OVER), Entry(12, 1, 4, 100, 200), 0),
        (of(Fact.RECEIVED, having=Trait.CITIZEN), Entry(80, 1, 4, 110, 1 | 16), 1),
        (of(Fact.RECEIVED, having=Trait.CITIZEN), Entry(80, 1, 4, 110, 2), 0),
        (of(Fact.RECEIVED, lacking=Trait.CITIZEN), Entry(80, 1, 4, 110, 1), 0),
        (of(Fact.RECEIVED, any_of=Trait.BUSINESS), Entry(80, 1, 4, 110, 2), 1),
        (of(Fact.RECEIVED, any_of=Trait.BUSINESS), Entry(80, 1, 4, 110, 1), 0),
        # Received in the period, and to be late from the day after it on.
        (of(Fact.PETITIONS_SATISFIED), Entry(70, 0, 0, 110, 131), 0),
        (of(Fact.PETITIONS_SATISFIED), Entry(70, 0, 0, 110, 130), -1),
        (of(Fact.PETITIONS_SATISFIED), Entry(60, 0, 0, 110, 0), 1),
    ],
)
def test_an_entry_counts_as_often_as_the_sums_that_it_is_in(
    shares: tuple[Share, ...], entry: Entry, times: int
):
    assert weight(shares, entry, 100, 130) == times


def test_petitions_are_told_by_class():
    conduct = made_of(Term(fact=Fact.PETITIONS_LATE, kind="conduct"))
    assert [share.sum.measures for share in conduct] == [((65, 1),), ((69, 1),), ((69, 1),)]
    assert conduct[0].sum.first_slot == conduct[0].sum.last_slot == 2
    with pytest.raises(Unanswerable, match="no class of petitions: write unsaid, policy"):
        made_of(Term(fact=Fact.PETITIONS, kind="praise"))


def test_terms_that_say_the_same_are_one():
    assert len({Term(fact=Fact.RECEIVED, channel=2), Term(fact=Fact.RECEIVED, channel=2)}) == 1
    assert Term(fact=Fact.RECEIVED, channel=2) != Term(fact=Fact.RECEIVED)
