"""Evaluation: what 0 means, what nobody knows, points and totals; by hand, on sets made here."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.deadlines import Basis
from monitor.domain.deadlines import Unit as LimitUnit
from monitor.domain.facts import Fact, Facts, Term
from monitor.domain.indicator import (
    Band,
    Check,
    Figure,
    Group,
    IfZero,
    Indicator,
    IndicatorSet,
    Kind,
    Reason,
    Score,
    Scorecard,
    Scoring,
    Standing,
    Target,
    Unit,
    Why,
    evaluate,
    rounded,
    written,
)
from monitor.domain.indicator_words import reason
from monitor.domain.period import Span
from monitor.domain.traits import Trait

RECEIVED = Term(fact=Fact.RECEIVED)
ONLINE = Term(fact=Fact.RECEIVED, channel=2)
SYNCED = Term(fact=Fact.RECEIVED, having=Trait.SYNCED)
REPORTED = Term(fact=Fact.CLAIM, claim="reported", part="denominator")
CLAIMED = Term(fact=Fact.CLAIM, claim="trust", part="numerator")
LAST_YEAR = {Span.MONTH: 12, Span.QUARTER: 4, Span.YEAR: 1}


def indicator(name: str, **said: object) -> Indicator:
    words = dict.fromkeys(
        ("name_vi", "name_en", "definition_vi", "definition_en", "source"), "w"
    )
    quotient = {"group": "", "numerator": (ONLINE,), "denominator": (RECEIVED,)}
    return Indicator(id=name, basis=Basis.LAW, **words | quotient | said)  # type: ignore[arg-type]


def made(*indicators: Indicator, **said: object) -> IndicatorSet:
    of = {
        "version": "1",
        "hash": "h",
        "title_vi": "v",
        "title_en": "e",
        "owner": "o",
        "source": "s",
    }
    plain = {"basis": Basis.LAW, "valid_from": 0, "valid_until": None}
    return IndicatorSet(id="own", indicators=indicators, **of | plain | said)  # type: ignore[arg-type]


def facts(given: Mapping[Term, int]) -> Facts:
    return given.get


def card(
    found: IndicatorSet, given: Mapping[Term, int], kind: Kind = Kind.PROVINCE, **more: object
) -> Scorecard:
    return evaluate(found, kind, facts(given), **{"span": Span.MONTH} | more)  # type: ignore[arg-type]


def figure(
    one: Indicator, given: Mapping[Term, int], kind: Kind = Kind.PROVINCE, **more: object
) -> Figure:
    return card(made(one), given, kind, **more).figure(one.id)


def points(most: int, rule: Scoring = Scoring.SHARE, **more: object) -> Score:
    return Score(rule=rule, most=Fraction(most), **more)  # type: ignore[arg-type]


# -- rounding ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (Fraction(5, 1000), 2, "0.01"),
        (Fraction(49, 10000), 2, "0.00"),
        (Fraction(2, 3), 2, "0.67"),
        (Fraction(25, 100), 1, "0.3"),
        (Fraction(35, 100), 1, "0.4"),  # as no half to even would
        (Fraction(-25, 100), 1, "-0.3"),
        (Fraction(5, 2), 0, "3"),
    ],
)
def test_halves_are_rounded_up_by_size(value: Fraction, decimals: int, shown: str):
    assert str(rounded(value, decimals)) == shown


@given(st.fractions(), st.integers(0, 6))
def test_what_is_rounded_is_at_most_half_a_place_away(value: Fraction, decimals: int):
    away = Fraction(rounded(value, decimals)) - value

    assert abs(away) <= Fraction(1, 2 * 10**decimals)


# -- nothing to measure ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "standing", "ratio", "score", "why"),
    [
        (IfZero.NULL, Standing.NULL, None, None, Why.NOTHING_TO_MEASURE),
        (IfZero.ZERO, Standing.NUMBER, Fraction(0), Decimal("0.00"), Why.NOTHING_COUNTS_ZERO),
        (IfZero.FULL_MARKS, Standing.NULL, None, Decimal("6.00"), Why.NOTHING_FULL_MARKS),
    ],
)
def test_a_denominator_of_0_is_what_the_rule_says(
    rule: IfZero, standing: Standing, ratio: Fraction | None, score: Decimal | None, why: Why
):
    found = figure(indicator("i", if_zero=rule, score=points(6)), {RECEIVED: 0, ONLINE: 0})

    assert (found.standing, found.ratio, found.score) == (standing, ratio, score)
    assert found.reason == Reason(why)
    assert found.denominator == 0


def synced(**said: object) -> Indicator:
    """As Decision 766, indicator 1.4."""
    of = {"numerator": (SYNCED,), "or_if_larger": (REPORTED,), "score": points(6)}
    zero = {"if_zero": IfZero.LAST_YEAR, "last_year": LAST_YEAR}
    return indicator("1.4", **of | zero | said)


@pytest.mark.parametrize(
    ("received", "reported", "denominator", "shown"),
    [(90, 100, 100, "75.00"), (100, 90, 100, "75.00"), (0, 100, 100, "75.00")],
)
def test_the_larger_of_two_denominators_counts(
    received: int, reported: int, denominator: int, shown: str
):
    found = figure(synced(), {SYNCED: 75, RECEIVED: received, REPORTED: reported})

    assert (found.denominator, str(found.shown)) == (denominator, shown)
    assert found.reason is None


def test_where_the_other_is_not_known_the_first_stands_and_it_is_told():
    found = figure(synced(), {SYNCED: 75, RECEIVED: 100})

    assert str(found.shown) == "75.00"
    assert found.reason == Reason(Why.LARGER_UNKNOWN, "claim reported (denominator)")


@pytest.mark.parametrize(
    ("span", "denominator", "shown", "what"),
    [
        # 30 of 1,000 / 12, / 4 and / 1.
        (Span.MONTH, 83, "36.00", "1000/12"),
        (Span.QUARTER, 250, "12.00", "1000/4"),
        (Span.YEAR, 1000, "3.00", "1000/1"),
    ],
)
def test_a_part_of_last_year_stands_in_for_nothing(
    span: Span, denominator: int, shown: str, what: str
):
    last = facts({RECEIVED: 900, REPORTED: 1000})

    found = figure(synced(), {SYNCED: 30, RECEIVED: 0, REPORTED: 0}, span=span, last_year=last)

    assert (found.denominator, str(found.shown)) == (denominator, shown)
    assert found.reason == Reason(Why.LAST_YEARS, what)


@pytest.mark.parametrize("last", [None, facts({RECEIVED: 0, REPORTED: 0})])
def test_without_a_last_year_it_is_0(last: Facts | None):
    found = figure(synced(), {SYNCED: 0, RECEIVED: 0, REPORTED: 0}, last_year=last)

    assert (found.standing, found.score) == (Standing.NUMBER, Decimal("0.00"))
    assert found.ratio == 0
    assert found.reason == Reason(Why.NO_LAST_YEAR)


@pytest.mark.parametrize(
    ("given", "more", "reason"),
    [
        (
            {SYNCED: 0, RECEIVED: 0},
            {"span": Span.DAY},
            (Why.NOTHING_TO_MEASURE, "no part for a day"),
        ),
        ({RECEIVED: 0}, {}, (Why.UNKNOWN, "received_in_period[having=synced]")),
        (
            {SYNCED: 0, RECEIVED: 0},
            {"last_year": facts({})},
            (Why.UNKNOWN, "received_in_period of last year"),
        ),
    ],
)
def test_what_of_last_year_nobody_can_tell_is_null(
    given: Mapping[Term, int], more: dict[str, Any], reason: tuple[Why, str]
):
    found = figure(synced(), given, **more)

    assert (found.standing, found.ratio) == (Standing.NULL, None)
    assert found.reason == Reason(*reason)


# -- more than a quotient ----------------------------------------------------------------------


def test_an_indicator_is_multiplied_by_another():
    times = indicator("3.3", times="1.4", score=points(6))

    both = made(synced(or_if_larger=()), times)

    # 30 of 40, of which 20 of 40 are synchronised.
    found = card(both, {ONLINE: 30, RECEIVED: 40, SYNCED: 20}).figure("3.3")
    assert (found.numerator, found.denominator) == (30, 40)
    assert (found.ratio, found.score) == (Fraction(3, 8), Decimal("2.25"))
    assert (found.factor, found.factor_percent) == (Fraction(1, 2), Decimal("50.00"))

    unknown = card(both, {ONLINE: 30, RECEIVED: 40}).figure("3.3")
    assert (unknown.standing, unknown.ratio) == (Standing.NULL, None)
    assert unknown.reason == Reason(Why.DEPENDS, "1.4")

    nothing = card(both, {ONLINE: 0, RECEIVED: 40}).figure("3.3")
    assert (nothing.standing, nothing.ratio) == (Standing.NUMBER, Fraction(0))


def test_a_share_is_not_below_0_and_a_count_may_be():
    less = (RECEIVED, Term(fact=Fact.RECEIVED, channel=2, sign=-1))
    given = {RECEIVED: 10, ONLINE: 13}

    assert figure(indicator("i", numerator=less), given).ratio == 0
    count = indicator("i", numerator=less, denominator=(), unit=Unit.COUNT, decimals=0)
    assert str(figure(count, given).shown) == "-3"


def test_a_count_of_what_nobody_knows_is_null():
    count = indicator("i", denominator=(), unit=Unit.COUNT)

    found = figure(count, {})

    assert (found.standing, found.shown) == (Standing.NULL, None)
    assert found.reason == Reason(Why.UNKNOWN, "received_in_period[channel=online]")


def test_the_distance_to_a_target_is_in_the_unit_that_is_shown():
    target = Target(value=Fraction(80), due_day=20_088, source="s", basis=Basis.LAW)

    found = figure(indicator("i", target=target), {ONLINE: 2, RECEIVED: 3})

    assert (found.percent, found.distance) == (Decimal("66.67"), Decimal("-13.33"))


def test_the_distance_to_a_target_is_what_is_shown_less_the_target():
    """Of 96.875 %, told as 96.88 %, it is not 3.13 to a hundred."""
    target = Target(value=Fraction(100), due_day=20_088, source="s", basis=Basis.LAW)

    found = figure(indicator("i", target=target), {ONLINE: 31, RECEIVED: 32})

    assert (found.percent, found.distance) == (Decimal("96.88"), Decimal("-3.12"))


def test_hours_are_no_percent():
    found = figure(indicator("i", unit=Unit.HOURS), {ONLINE: 5_400_000, RECEIVED: 1})

    assert (found.shown, found.percent) == (Decimal("1.50"), None)


def test_too_few_are_told_with_their_numbers_and_without_a_share():
    one = indicator("i", minimum=30, score=points(6))

    few = figure(one, {ONLINE: 20, RECEIVED: 29})
    assert (few.standing, few.shown, few.score) == (Standing.TOO_FEW, None, None)
    assert (few.numerator, few.denominator) == (20, 29)
    assert few.reason == Reason(Why.BELOW_MINIMUM, "30")

    assert figure(one, {ONLINE: 20, RECEIVED: 30}).standing is Standing.NUMBER


def test_too_few_are_too_few_also_where_another_denominator_is_unknown():
    one = indicator("i", minimum=30, or_if_larger=(REPORTED,))

    assert figure(one, {ONLINE: 20, RECEIVED: 29}).standing is Standing.TOO_FEW


def test_a_catalogue_of_fewer_services_than_the_list_is_told_of_the_country():
    one = indicator("i", listed=25)
    given = {ONLINE: 8, RECEIVED: 8}

    country = figure(one, given, Kind.COUNTRY)
    assert (str(country.shown), country.reason) == ("100.00", Reason(Why.LIST_INCOMPLETE, "25"))
    assert figure(one, given, Kind.PROVINCE).reason is None


# -- not a number ------------------------------------------------------------------------------


def test_what_is_not_of_a_kind_has_all_points_only_where_the_set_says_so():
    one = indicator("i", kinds=frozenset({Kind.PROVINCE}), score=points(4))
    found = made(one, full_marks_for=frozenset({Kind.COMMUNE}))

    ministry, commune = (
        card(found, {}, kind).figure("i") for kind in (Kind.MINISTRY, Kind.COMMUNE)
    )

    assert ministry.standing is commune.standing is Standing.NOT_APPLICABLE
    assert (ministry.score, ministry.most) == (None, None)
    assert (commune.score, commune.most) == (Decimal("4.00"), Decimal("4.00"))
    assert ministry.reason == Reason(Why.NOT_OF_THIS_KIND)
    assert commune.reason == Reason(Why.NOT_OF_THIS_KIND_FULL_MARKS)


def test_what_has_no_points_cannot_get_all_of_them():
    one = indicator("i", kinds=frozenset({Kind.PROVINCE}))

    found = card(made(one, full_marks_for=frozenset(Kind)), {}, Kind.COMMUNE).figure("i")

    assert (found.score, found.reason) == (None, Reason(Why.NOT_OF_THIS_KIND))


def test_a_mean_of_one_procedure_is_not_applicable_to_all_of_them():
    one = indicator("i", one_procedure=True)
    given = {ONLINE: 1, RECEIVED: 2}

    assert figure(one, given).reason == Reason(Why.ONE_PROCEDURE_ONLY)
    assert figure(one, given, one_procedure=True).standing is Standing.NUMBER


def test_a_mean_in_another_unit_than_the_procedures_limit_says_so():
    """2.2 is in the procedure's own unit: the others stand beside it, and none is taken for it."""
    days = indicator("days", one_procedure=True, limit_unit=LimitUnit.WORKING_DAYS)
    given = {ONLINE: 1, RECEIVED: 2}

    own = figure(days, given, one_procedure=True, limit_unit=LimitUnit.WORKING_DAYS)
    other = figure(days, given, one_procedure=True, limit_unit=LimitUnit.HOURS)

    assert (own.standing, own.reason) == (Standing.NUMBER, None)
    assert (other.standing, other.reason) == (
        Standing.NUMBER,
        Reason(Why.OTHER_UNIT, "hours"),
    )
    assert reason(Reason(Why.OTHER_UNIT, "hours")).vi == (
        "thời hạn giải quyết của thủ tục tính bằng giờ làm việc"
    )


def test_without_a_method_it_is_not_applicable_until_somebody_claims():
    whole = Term(fact=Fact.CLAIM, claim="trust", part="denominator")
    one = indicator("i", numerator=(CLAIMED,), denominator=(whole,), method_issued=False)

    missing = figure(one, {})
    assert missing.standing is Standing.NOT_APPLICABLE
    assert missing.reason == Reason(Why.METHOD_NOT_ISSUED, "claim trust (denominator)")
    assert str(figure(one, {CLAIMED: 3, whole: 4}).shown) == "75.00"


WHOLE = Term(fact=Fact.CLAIM, claim="trust", part="denominator")
SHARE = Term(fact=Fact.CLAIM, claim="trust", part="value")


@pytest.mark.parametrize("known", [{}, {CLAIMED: 1}, {WHOLE: 7}])
def test_a_share_that_is_stated_alone_is_a_number_without_numerator(known: Mapping[Term, int]):
    """93.4 % of a survey; whatever else is known of it by half does not count."""
    one = indicator("i", numerator=(CLAIMED,), denominator=(WHOLE,), score=points(6))

    found = figure(one, {**known, SHARE: 93_400_000})

    assert (found.standing, str(found.shown), str(found.score)) == (
        Standing.NUMBER,
        "93.40",
        "5.60",
    )
    assert found.reason == Reason(Why.SHARE_STATED)
    assert found.denominator is None


def test_what_is_counted_stands_before_the_share_that_is_stated():
    one = indicator("i", numerator=(CLAIMED,), denominator=(WHOLE,))

    found = figure(one, {CLAIMED: 1, WHOLE: 2, SHARE: 93_400_000})

    assert (str(found.shown), found.reason) == ("50.00", None)
    assert made(one).terms == {CLAIMED, WHOLE, SHARE}


@pytest.mark.parametrize(
    "other",
    [
        {"denominator": (RECEIVED,)},
        {"denominator": (REPORTED,)},
        {"denominator": (WHOLE,), "unit": Unit.POINTS},
        {"denominator": (WHOLE, WHOLE)},
    ],
)
def test_only_of_one_claim_can_a_share_be_stated(other: dict[str, Any]):
    one = indicator("i", numerator=(CLAIMED,), **other)

    assert one.stated is None
    assert figure(one, {SHARE: 93_400_000}).standing is Standing.NULL


def test_of_a_scope_that_is_silent_only_claims_and_the_catalogue_are_known():
    claim = indicator("claim", numerator=(CLAIMED,), denominator=(REPORTED,))
    catalogue = indicator(
        "catalogue",
        numerator=(Term(fact=Fact.SERVICES, level=4),),
        denominator=(Term(fact=Fact.SERVICES),),
    )
    dossiers = indicator("dossiers", score=points(6))
    given = {CLAIMED: 1, REPORTED: 2, ONLINE: 0, RECEIVED: 0}
    given |= {Term(fact=Fact.SERVICES, level=4): 1, Term(fact=Fact.SERVICES): 4}

    found = card(made(claim, catalogue, dossiers), given, silent=Why.NOT_CONNECTED)

    assert [str(found.figure(name).shown) for name in ("claim", "catalogue")] == [
        "50.00",
        "25.00",
    ]
    silent = found.figure("dossiers")
    assert (silent.standing, silent.score) == (Standing.NO_DATA, None)
    assert silent.reason == Reason(Why.NOT_CONNECTED)
    assert found.sum.unknown == Decimal("6.00")


def test_of_a_period_that_has_not_begun_nothing_is_known_not_even_claims():
    claim = indicator("claim", numerator=(CLAIMED,), denominator=(REPORTED,))

    found = card(made(claim), {CLAIMED: 1, REPORTED: 2}, silent=Why.NOT_BEGUN).figure("claim")

    assert (found.standing, found.reason) == (Standing.NO_DATA, Reason(Why.NOT_BEGUN))


def test_what_all_could_have_is_what_is_known_empty_unknown_and_not_asked():
    """So that nobody takes 6 of the 6 that are known for 6 of 16."""
    online = indicator("online", score=points(6))
    nobody = indicator("claim", numerator=(CLAIMED,), denominator=(REPORTED,), score=points(4))
    ministries = indicator("ministries", kinds=frozenset({Kind.MINISTRY}), score=points(6))

    found = card(made(online, nobody, ministries), {ONLINE: 1, RECEIVED: 1}).sum

    assert [found.total, found.out_of, found.unknown, found.empty] == [6, 6, 4, 0]
    assert [found.applicable, found.elsewhere, found.stated] == [10, 6, 16]


def test_what_is_left_out_stands_beside_the_figure():
    left = Term(fact=Fact.UNCERTAIN_766)
    one = indicator("i", excluded=(left,))
    given = {ONLINE: 1, RECEIVED: 2}

    assert figure(one, {**given, left: 7}).excluded == 7
    assert figure(one, given).excluded is None
    assert figure(indicator("i"), given).excluded is None


def test_a_figure_that_the_set_does_not_have_is_no_figure():
    with pytest.raises(KeyError):
        card(made(indicator("i")), {}).figure("j")


# -- points ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "ratio", "expected"),
    [
        (points(6), Fraction(1, 2), 3),
        (points(6), Fraction(3, 2), 6),
        (points(6), Fraction(-1), 0),
        (points(6, Scoring.CAPPED, threshold=Fraction(9, 10)), Fraction(45, 100), 3),
        (points(6, Scoring.CAPPED, threshold=Fraction(9, 10)), Fraction(95, 100), 6),
        (points(2, Scoring.VALUE), Fraction(17, 10), Fraction(17, 10)),
        (points(2, Scoring.STEPS, steps=((Fraction(9, 10), Fraction(1)),)), Fraction(9, 10), 1),
        (points(2, Scoring.STEPS, steps=((Fraction(9, 10), Fraction(1)),)), Fraction(8, 10), 0),
    ],
)
def test_points_of_a_ratio(score: Score, ratio: Fraction, expected: Fraction):
    assert score.points(ratio) == expected


BANDS = tuple(
    Band(least=Fraction(least), id=name, name_vi=name, name_en=name, basis=Basis.LAW)
    for least, name in ((90, "best"), (50, "middle"))
)


def scored(**said: object) -> IndicatorSet:
    """Twenty points of what is online, six of a claim, four of what nobody received."""
    none = Term(fact=Fact.COMPLETED)
    return made(
        indicator("online", group="a", score=points(20)),
        indicator(
            "claim", group="a", numerator=(CLAIMED,), denominator=(REPORTED,), score=points(6)
        ),
        indicator("none", group="b", denominator=(none,), score=points(4)),
        indicator("shown", group="b"),
        **{"groups": tuple(Group(id=name, name_vi=name, name_en=name) for name in "abc")}
        | said,
    )


DONE = Term(fact=Fact.COMPLETED)


def test_a_total_says_what_it_rests_on():
    found = card(scored(bands=BANDS), {ONLINE: 19, RECEIVED: 20, DONE: 0})

    assert (found.total, found.out_of) == (Decimal("19.00"), Decimal("20.00"))
    assert (found.sum.empty, found.sum.unknown) == (Decimal("4.00"), Decimal("6.00"))
    assert not found.complete
    assert found.groups["a"].total == Decimal("19.00")
    assert found.groups["b"].total is None
    assert found.groups["c"].out_of == 0
    assert found.band is not None
    assert found.band.id == "best", "19 of 20 is 95 of a hundred"


def test_a_total_of_which_all_is_known_is_complete():
    found = card(scored(), {ONLINE: 1, RECEIVED: 2, CLAIMED: 1, REPORTED: 3, DONE: 0})

    assert (found.total, found.out_of) == (Decimal("12.00"), Decimal("26.00"))
    assert found.complete


def test_the_total_is_the_sum_of_what_is_shown():
    third = indicator("a", score=points(1))
    found = card(
        made(third, indicator("b", score=points(1)), indicator("c", score=points(1))),
        {ONLINE: 1, RECEIVED: 3},
    )

    assert found.total == Decimal("0.99")


@pytest.mark.parametrize(
    ("known", "band_from", "band"),
    [
        ({ONLINE: 19, RECEIVED: 20}, 21, None),  # 20 points are known, 21 are asked for
        ({ONLINE: 19, RECEIVED: 20}, 20, "best"),
        ({ONLINE: 9, RECEIVED: 20}, 20, None),  # below the lowest
        ({ONLINE: 10, RECEIVED: 20}, 20, "middle"),
        ({}, 0, None),
    ],
)
def test_a_band_asks_for_enough_points_that_are_known(
    known: Mapping[Term, int], band_from: int, band: str | None
):
    found = card(scored(bands=BANDS, band_from=Fraction(band_from)), known)

    assert (None if found.band is None else found.band.id) == band


def test_a_set_without_points_has_no_total():
    found = card(made(indicator("i")), {ONLINE: 1, RECEIVED: 2})

    assert found.total is None
    assert (found.out_of, found.set.scored) == (Decimal(0), False)
    assert scored().scored


def test_identities_are_held_against_each_other():
    check = Check(id="c", name_vi="v", name_en="e", left=(RECEIVED,), right=(ONLINE, SYNCED))
    found = made(indicator("i"), checks=(check,))

    for known, difference in (
        ({RECEIVED: 10, ONLINE: 7, SYNCED: 3}, 0),
        ({RECEIVED: 10, ONLINE: 7, SYNCED: 4}, -1),
        ({RECEIVED: 10, ONLINE: 7}, None),
        ({ONLINE: 7, SYNCED: 4}, None),
    ):
        assert card(found, known).checked[0].difference == difference


def test_a_set_says_what_will_be_asked_for():
    less = Term(fact=Fact.RECEIVED, sign=-1)
    check = Check(id="c", name_vi="v", name_en="e", left=(less,), right=(DONE,))
    found = made(synced(excluded=(CLAIMED,)), indicator("i"), checks=(check,))

    assert found.terms == {SYNCED, RECEIVED, REPORTED, CLAIMED, ONLINE, DONE}
    assert found.terms_of_last_year == {RECEIVED, REPORTED}


# -- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("term", "words"),
    [
        (RECEIVED, "received_in_period"),
        (CLAIMED, "claim trust (numerator)"),
        (Term(fact=Fact.PETITIONS, kind="policy"), "petitions_received[kind=policy]"),
        (
            Term(
                fact=Fact.SERVICES_RECEIVED,
                channel=2,
                level=4,
                online=True,
                having=Trait.CITIZEN | Trait.SYNCED,
                lacking=Trait.IDENTITY,
                any_of=Trait.REUSED,
                tag="essential-25",
            ),
            (
                "services_received[channel=online, level=4, online, having=citizen+synced,"
                " lacking=identity, any_of=reused, tag=essential-25]"
            ),
        ),
    ],
)
def test_a_term_in_one_line(term: Term, words: str):
    assert written(term) == words


def test_a_reason_in_one_line():
    assert str(Reason(Why.UNKNOWN, "completed")) == "unknown: completed"
    assert str(Reason(Why.NOTHING_TO_MEASURE)) == "nothing_to_measure"
