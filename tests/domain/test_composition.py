"""Of which sums facts are made."""

import pytest

from monitor.domain.composition import (
    FROM_ELSEWHERE,
    Share,
    Sum,
    Unanswerable,
    Window,
    made_of,
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
