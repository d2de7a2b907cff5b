"""Places among peers, how they moved, and what moved a total or a share; sums are exact."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.facts import Fact, Term
from monitor.domain.indicator import TOTAL, Direction, Kind, VolumeClass
from monitor.domain.ranking import (
    Entry,
    OfIndicator,
    Part,
    Peers,
    Unranked,
    by_indicator,
    by_part,
    rank,
)
from tests.domain.test_indicator import (
    CLAIMED,
    DONE,
    ONLINE,
    RECEIVED,
    REPORTED,
    card,
    indicator,
    made,
    scored,
)

CLASSES = (VolumeClass("A", 10_000), VolumeClass("B", 2_000), VolumeClass("C", 0))
SHARE = made(indicator("share"))


def entry(
    scope: str,
    online: int,
    received: int = 1_000,
    *,
    kind: Kind = Kind.PROVINCE,
    volume: int | None = 1_000,
) -> Entry:
    return Entry(scope, kind, volume, card(SHARE, {ONLINE: online, RECEIVED: received}, kind))


def places(entries, **more):
    return [(one.scope, one.place) for one in rank(entries, "share", **more)]


def test_ties_share_a_place_and_the_next_one_is_left_out():
    found = rank([entry("D", 1), entry("B", 5), entry("A", 9), entry("C", 5)], "share")

    assert [(one.scope, one.place, str(one.value)) for one in found] == [
        ("A", 1, "0.90"),
        ("B", 2, "0.50"),
        ("C", 2, "0.50"),
        ("D", 4, "0.10"),
    ]
    assert {one.of for one in found} == {4}


def test_what_is_shown_as_equal_is_equal():
    """68.541 % and 68.544 % are both published as 68.54."""
    assert places([entry("A", 68_541, 100_000), entry("B", 68_544, 100_000)]) == [
        ("A", 1),
        ("B", 1),
    ]


def test_no_value_and_too_few_dossiers_have_no_place_and_stand_last():
    found = rank(
        [
            entry("none", 0, 0),
            entry("tiny", 9, volume=99),
            entry("unknown", 8, volume=None),
            entry("A", 5, volume=100),
        ],
        "share",
        minimum=100,
    )

    assert [(one.scope, one.place, one.unranked) for one in found] == [
        ("A", 1, None),
        ("tiny", None, Unranked.TOO_SMALL),
        ("unknown", None, Unranked.TOO_SMALL),
        ("none", None, Unranked.NULL),
    ]
    assert [str(one.value) for one in found] == ["0.50", "0.90", "0.80", "None"]
    assert {one.of for one in found} == {1}


def test_kinds_and_classes_are_ranked_apart():
    found = rank(
        [
            entry("small", 9, volume=10),
            entry("large", 1, volume=10_000),
            entry("middle", 5, volume=9_999),
            entry("ministry", 2, kind=Kind.MINISTRY, volume=5_000),
            entry("unknown", 1, volume=None),
        ],
        "share",
        classes=CLASSES,
    )

    assert [(one.scope, one.peers, one.place) for one in found] == [
        ("ministry", Peers(Kind.MINISTRY, "B"), 1),
        ("large", Peers(Kind.PROVINCE, "A"), 1),
        ("middle", Peers(Kind.PROVINCE, "B"), 1),
        ("small", Peers(Kind.PROVINCE, "C"), 1),
        ("unknown", Peers(Kind.PROVINCE, "C"), 2),
    ]


def test_where_less_is_better_the_least_is_first():
    late = made(indicator("share", direction=Direction.DOWN))
    few, many = (
        Entry(name, Kind.PROVINCE, 1, card(late, {ONLINE: online, RECEIVED: 10}))
        for name, online in (("few", 1), ("many", 9))
    )

    assert places([many, few]) == [("few", 1), ("many", 2)]


def test_totals_are_compared_by_the_points_that_are_known():
    """9 of 20 against 12 of 26, where somebody claimed the other six."""
    one = card(scored(), {ONLINE: 9, RECEIVED: 20, DONE: 0})
    other = card(scored(), {ONLINE: 9, RECEIVED: 20, DONE: 0, CLAIMED: 1, REPORTED: 2})
    none = card(scored(), {})

    found = rank(
        [
            Entry(name, Kind.PROVINCE, 1, of)
            for name, of in zip("abc", (one, other, none), strict=True)
        ],
        TOTAL,
    )

    assert [(place.scope, place.place, str(place.value)) for place in found] == [
        ("b", 1, "46.15"),
        ("a", 2, "45.00"),
        ("c", None, "None"),
    ]


def test_movement_is_in_places_and_among_the_same_peers():
    before = rank([entry("A", 9), entry("B", 5), entry("C", 1), entry("E", 0, 0)], "share")
    now = rank(
        [entry("A", 3), entry("B", 5), entry("C", 9), entry("D", 1), entry("E", 2)],
        "share",
        before=before,
    )

    assert [(one.scope, one.place, one.before, one.movement) for one in now] == [
        ("C", 1, 3, 2),
        ("B", 2, 2, 0),
        ("A", 3, 1, -2),
        ("E", 4, None, None),
        ("D", 5, None, None),
    ]


def test_who_came_into_another_class_has_not_moved():
    before = rank([entry("A", 9, volume=1_999)], "share", classes=CLASSES)

    (now,) = rank([entry("A", 9, volume=2_000)], "share", classes=CLASSES, before=before)

    assert (now.place, now.movement) == (1, None)


entries = st.lists(
    st.builds(
        entry,
        st.text("abcdef", min_size=1, max_size=3),
        st.integers(0, 9),
        st.integers(0, 9),
        kind=st.sampled_from([Kind.PROVINCE, Kind.COMMUNE]),
        volume=st.none() | st.integers(0, 20_000),
    ),
    max_size=12,
    unique_by=lambda one: one.scope,
)


@given(entries, st.integers(0, 3_000), st.booleans())
def test_a_place_is_one_more_than_how_many_peers_are_better(
    given: list[Entry], minimum: int, with_classes: bool
):
    found = rank(given, "share", minimum=minimum, classes=CLASSES if with_classes else ())

    assert sorted(one.scope for one in found) == sorted(one.scope for one in given)
    for one in found:
        peers = [other for other in found if other.peers == one.peers and other.place]
        assert one.of == len(peers)
        assert (one.place is None) is (one.unranked is not None)
        if one.place is not None and one.value is not None:
            better = [other for other in peers if other.value and other.value > one.value]
            assert one.place == len(better) + 1


@given(entries, st.randoms())
def test_the_order_of_the_entries_does_not_matter(given: list[Entry], random):
    mixed = random.sample(given, len(given))

    assert rank(mixed, "share") == rank(given, "share")


# -- why ---------------------------------------------------------------------------------------


def test_the_indicators_that_moved_a_total_sum_to_its_change():
    before = card(scored(), {ONLINE: 10, RECEIVED: 20, DONE: 0})
    now = card(scored(), {ONLINE: 8, RECEIVED: 20, DONE: 0, CLAIMED: 1, REPORTED: 2})

    found = by_indicator(before, now)

    assert found == (
        OfIndicator("claim", None, Decimal("3.00")),
        OfIndicator("online", Decimal("10.00"), Decimal("8.00")),
    )
    assert [each.change for each in found] == [3, -2]
    assert (before.total, now.total) == (Decimal("10.00"), Decimal("11.00"))


def test_an_indicator_of_another_version_comes_and_goes():
    old, new = made(indicator("old")), made(indicator("new", numerator=(Term(fact=Fact.LATE),)))

    assert by_indicator(card(old, {}), card(new, {})) == ()


def test_what_procedures_did_to_a_share():
    """Births rose from 4 of 10 to 8 of 10; land came with 2 of 10: 40 % became 50 %."""
    found = by_part({"birth": Part(4, 10)}, {"birth": Part(8, 10), "land": Part(2, 10)})

    assert found is not None
    birth, land = found
    # Four more: 4 * (1/10 + 1/20) / 2.
    assert (birth.part, birth.by_numerator, birth.by_denominator) == (
        "birth",
        Fraction(3, 10),
        Fraction(0),
    )
    # Two more, 2 * (1/10 + 1/20) / 2; and of ten more, -10 * (4 + 10) / (2 * 10 * 20)
    assert (land.by_numerator, land.by_denominator) == (Fraction(3, 20), Fraction(-7, 20))
    assert birth.change + land.change == Fraction(1, 10)
    assert (land.before, land.now) == (Part(0, 0), Part(2, 10))


def test_what_did_not_change_is_not_named():
    same = Part(1, 2)

    assert by_part({"a": same, "b": same}, {"a": same, "b": Part(2, 2)}) == (
        ("b", same, Part(2, 2), Fraction(1, 4), Fraction(0)),
    )


@pytest.mark.parametrize("empty", [{}, {"a": Part(0, 0)}])
def test_from_or_to_nothing_there_is_no_change(empty):
    assert by_part(empty, {"a": Part(1, 2)}) is None
    assert by_part({"a": Part(1, 2)}, empty) is None


parts = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(Part, st.integers(-5, 50), st.integers(0, 50)),
    max_size=6,
).filter(lambda found: sum(part.denominator for part in found.values()) > 0)


def share(found) -> Fraction:
    return Fraction(
        sum(part.numerator for part in found.values()),
        sum(part.denominator for part in found.values()),
    )


@given(parts, parts)
def test_parts_sum_to_the_change_exactly_and_backwards_change_sign(before, now):
    forward, back = by_part(before, now), by_part(now, before)

    assert forward is not None
    assert back is not None
    assert sum((each.change for each in forward), Fraction(0)) == share(now) - share(before)
    assert {each.part: each.change for each in forward} == {
        each.part: -each.change for each in back
    }


def test_what_merely_grew_at_the_mean_ratio_did_nothing():
    before = {"a": Part(5, 10), "b": Part(5, 10)}
    now = {"a": Part(50, 100), "b": Part(5, 10)}

    found = by_part(before, now)

    assert found is not None
    assert [(each.part, each.change) for each in found] == [("a", Fraction(0))]
