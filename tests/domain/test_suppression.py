"""What the public may see: the rule of suppression, by hand and against an audit of its own.

The audit shares no code with it: it has rational linear algebra and no notion of a tree.
"""

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.disclosure import Isolated, isolated
from monitor.domain.suppression import (
    ROOT,
    TOTAL,
    Counts,
    Pattern,
    Tree,
    busy,
    choose,
    figures,
    fitting,
    short,
)

LIMIT = 5
COLUMNS = ("online", "direct", "postal")
FLAT = Tree({"H01": ROOT, "H02": ROOT, "H03": ROOT, "H04": ROOT})
DEEP = Tree(
    {"H01": ROOT, "H02": ROOT}
    | {f"H01.{n}": "H01" for n in range(1, 5)}
    | {f"H02.{n}": "H02" for n in range(1, 4)}
)


def table(text: str, columns: tuple[str, ...] = COLUMNS) -> dict[tuple[str, str], int]:
    """`H01 3 4 5`, a line a place."""
    counts = {}
    for line in text.strip().splitlines():
        place, *numbers = line.split()
        for column, number in zip(columns, numbers, strict=True):
            counts[place, column] = int(number)
    return counts


def found_in(shown: Iterable[tuple[Pattern, Counts]], limit: int = LIMIT) -> Isolated | None:
    """What an audit finds in all that is shown of several periods, each with its pattern."""
    cells: list[set[tuple[int, str, str]]] = []
    counts = {}
    for number, (pattern, held) in enumerate(shown):
        counts |= {(number, *key): count for key, count in held.items()}
        cells += [
            {
                (number, at, of)
                for at, of in held
                if place in pattern.tree.line(at) and column in (TOTAL, of)
            }
            for place, column in figures(pattern, held)
        ]
    return isolated(cells, counts, limit)


# -- by hand -------------------------------------------------------------------------------------

QUIET = table("""
    H01  40 30 12
    H02  25 20  2
    H03  15 11 10
    H04  12 14 11
""")


def test_a_cell_below_the_limit_takes_the_smallest_beside_it_along():
    """25 of 47 are online, so 22 are not: that 2 of these came by post does not follow."""
    pattern = choose(FLAT, COLUMNS, [QUIET], limit=LIMIT)

    assert pattern is not None
    assert pattern.shown["H02"] == {"online"}
    shown = figures(pattern, QUIET)
    assert shown["H02", TOTAL] == 47
    assert shown["H02", "online"] == 25
    assert ("H02", "direct") not in shown
    assert ("H02", "postal") not in shown


def test_one_place_is_held_back_so_that_national_columns_tell_of_nobody():
    """H03 is the smallest with ten in every column; with it shown, H02's postal would follow."""
    pattern = choose(FLAT, COLUMNS, [QUIET], limit=LIMIT)

    assert pattern is not None
    assert set(pattern.shown) == {ROOT, "H01", "H02", "H04"}
    assert figures(pattern, QUIET)[ROOT, "postal"] == 35


def test_nothing_is_shown_of_a_country_of_too_few():
    assert choose(FLAT, COLUMNS, [table("H01 1 1 1")], limit=LIMIT) is None
    assert choose(FLAT, COLUMNS, [], limit=LIMIT) is None


def test_zero_is_shown():
    pattern = choose(FLAT, COLUMNS, [QUIET], limit=LIMIT)
    assert pattern is not None
    day = QUIET | {("H01", "postal"): 0}

    assert fitting(pattern, day) == pattern
    assert figures(pattern, day)["H01", "postal"] == 0


def test_a_quiet_day_waits_and_is_shown_with_the_next():
    pattern = choose(FLAT, COLUMNS, [QUIET], limit=LIMIT)
    assert pattern is not None
    sunday = {("H01", "online"): 3, ("H03", "online"): 1}
    monday = QUIET
    both = {key: sunday.get(key, 0) + monday.get(key, 0) for key in monday}

    assert short(pattern, sunday) == [ROOT, "H01"]
    assert fitting(pattern, sunday) is None
    assert fitting(pattern, both) == pattern


def test_a_block_of_too_few_is_left_out_whole_and_its_parent_stays():
    text = """
        H01.1 30 30 30
        H01.2 20 20 20
        H01.3 15 15 15
        H01.4 12 12 12
        H02.1 30 30 30
        H02.2 20 20 20
        H02.3 15 15 15
    """
    tree = Tree(dict(DEEP.above) | {"H03": ROOT})
    usual = table(text) | table("H03 50 50 50")
    pattern = choose(tree, COLUMNS, [usual], limit=LIMIT)
    assert pattern is not None
    assert {"H01", "H01.1", "H01.2", "H02", "H02.1"} <= set(pattern.shown)

    fit = fitting(pattern, usual | {("H01.1", "postal"): 3})

    assert fit is not None
    assert set(fit.shown) == {place for place in pattern.shown if not place.startswith("H01.")}


def test_days_off_do_not_make_a_pattern():
    days = [QUIET, {("H01", "online"): 3}, QUIET, QUIET, {}]

    assert busy(days) == [QUIET, QUIET, QUIET]


def test_a_period_with_just_half_of_the_usual_makes_one():
    full, half, less = {("H01", "online"): 8}, {("H01", "online"): 4}, {("H01", "online"): 3}

    assert busy([full, half, full, less, full]) == [full, half, full, full]


def test_a_pattern_shows_no_place_below_one_that_it_hides():
    with pytest.raises(ValueError, match="what is above it is not"):
        Pattern(LIMIT, COLUMNS, DEEP, {ROOT: frozenset(), "H01.1": frozenset()})


# -- attacks -------------------------------------------------------------------------------------


def test_the_audit_finds_a_margin_less_its_cells():
    """The classic: the only small cell hidden, its row and its column published."""
    naive = Pattern(
        LIMIT,
        COLUMNS,
        FLAT,
        {ROOT: frozenset(COLUMNS)}
        | {place: frozenset(COLUMNS) for place in ("H01", "H03", "H04")}
        | {"H02": frozenset({"online", "direct"})},
    )

    found = found_in([(naive, QUIET)])

    assert found is not None
    assert found.dossiers == 2
    assert found.classes == {(0, "H02", "postal")}


def test_the_audit_finds_what_two_margins_tell_together():
    """H01 and H02 hide two cells each, crosswise; both rows and both columns are published, and
    one of the four is known to be nobody, as its row's total says: the others follow."""
    cells = [
        {"1a", "1b"},  # row 1
        {"2a", "2b"},  # row 2
        {"1a", "2a"},  # column a
        {"1b", "2b"},  # column b
    ]

    assert isolated(cells, {"1a": 30, "1b": 20, "2a": 20, "2b": 3}, LIMIT) is None
    found = isolated(cells, {"1a": 30, "1b": 0, "2a": 20, "2b": 3}, LIMIT)
    assert found is not None
    assert found.classes == {"2b"}


def test_the_audit_finds_a_few_that_only_a_sum_tells_of():
    """No single cell follows from these, but that two cells hold four together does."""
    found = isolated(
        [{"a", "b", "c", "d"}, {"c", "d"}], {"a": 2, "b": 2, "c": 9, "d": 8}, LIMIT
    )

    assert found is not None
    assert found.classes == {"a", "b"}
    assert found.dossiers == 4


def test_the_audit_finds_a_difference_of_two_days_that_count_up():
    """Month to date, released each day: one day's two are the difference."""
    counts = {"to 9 May": 60, "on 10 May": 2}

    found = isolated([{"to 9 May"}, {"to 9 May", "on 10 May"}], counts, LIMIT)

    assert found is not None
    assert found.classes == {"on 10 May"}


def test_the_audit_finds_a_correction():
    """A day released again once three more of its dossiers had arrived."""
    found = isolated([{"known"}, {"known", "late"}], {"known": 40, "late": 3}, LIMIT)

    assert found is not None
    assert found.classes == {"late"}


def test_the_audit_finds_who_came_and_went_between_two_stocks():
    """Open on two evenings: both numbers are large, and their difference is three people."""
    stocks = [{"stayed", "went"}, {"stayed", "came"}]

    found = isolated(stocks, {"stayed": 90, "went": 2, "came": 1}, LIMIT)

    assert found is not None
    assert found.dossiers == 3


def test_the_audit_finds_a_day_hidden_in_a_month_that_is_shown():
    month = [{"d1", "d2", "d3"}, {"d1"}, {"d3"}]

    assert isolated(month, {"d1": 9, "d2": 4, "d3": 8}, LIMIT) is not None
    assert isolated(month, {"d1": 9, "d2": 5, "d3": 8}, LIMIT) is None


def test_a_finding_can_be_computed_by_hand():
    """The factors, applied to what is published, give the number of the isolated class."""
    counts = {"a": 9, "b": 8, "c": 2}
    cells = [{"a", "b", "c"}, {"a"}, {"b"}]

    found = isolated(cells, counts, LIMIT)

    assert found is not None
    published = [19, 9, 8]
    assert abs(sum(f * published[cell] for cell, f in found.factors.items())) == 2


# -- anything ------------------------------------------------------------------------------------

PLACES = st.sampled_from([FLAT, DEEP, Tree({"H01": ROOT, "H01.1": "H01", "H01.1.1": "H01.1"})])
COUNT = st.one_of(st.just(0), st.integers(1, 4), st.integers(5, 60))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Tree, list[Counts], list[Counts]]:
    """A tree, periods before a pattern and periods under it, which need not be alike."""
    tree = draw(PLACES)
    keys = [(place, column) for place in tree.places for column in COLUMNS]
    period = st.dictionaries(st.sampled_from(keys), COUNT, max_size=len(keys))
    full = st.fixed_dictionaries(dict.fromkeys(keys, COUNT))
    some = st.one_of(full, period)
    return tree, draw(st.lists(full, min_size=1, max_size=2)), draw(st.lists(some, max_size=3))


@given(histories())
def test_nothing_that_is_released_isolates_anybody(history):
    """Whatever the past was like: of any periods under a pattern, all together."""
    tree, past, periods = history
    pattern = choose(tree, COLUMNS, past, limit=LIMIT, headroom=1)
    if pattern is None:
        return

    assert not any(short(pattern, one) for one in past)
    shown = [(fit, one) for one in periods if (fit := fitting(pattern, one)) is not None]
    assert found_in(shown) is None


@given(histories(), st.data())
def test_the_rule_holds_for_any_pattern_not_only_for_chosen_ones(history, data):
    """One place shows all its columns: where the rule still lets it pass, so does the audit."""
    tree, past, periods = history
    pattern = choose(tree, COLUMNS, past, limit=LIMIT, headroom=1)
    if pattern is None:
        return
    place = data.draw(st.sampled_from(sorted(pattern.shown)))
    bolder = Pattern(LIMIT, COLUMNS, tree, {**pattern.shown, place: frozenset(COLUMNS)})
    for held in periods:
        if not short(bolder, held):
            assert found_in([(bolder, held)]) is None


@given(
    st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=5),
    st.lists(st.integers(0, 7), min_size=6, max_size=6),
)
def test_the_audit_agrees_with_trying_every_few(cells: list[set[int]], held: list[int]):
    """A few are isolated when the ranks with and without them differ: asked of every set of them."""
    counts = dict(enumerate(held))
    found = isolated(cells, counts, LIMIT)

    assert (found is not None) == tried(cells, counts)


def tried(cells: list[set[int]], counts: Mapping[int, int]) -> bool:
    present = [one for one in counts if counts[one]]
    every = rank([[int(one in cell) for cell in cells] for one in present])
    for mask in range(1, 2 ** len(present)):
        few = {one for place, one in enumerate(present) if mask >> place & 1}
        if sum(counts[one] for one in few) >= LIMIT:
            continue
        rest = [[int(one in cell) for cell in cells] for one in present if one not in few]
        if rank(rest) < every:
            return True
    return False


def rank(rows: list[list[int]]) -> int:
    """Over the rationals, by elimination without fractions."""
    rows = [row[:] for row in rows]
    done = 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((at for at in range(done, len(rows)) if rows[at][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        for at in range(done + 1, len(rows)):
            factor, head = rows[at][column], rows[done][column]
            rows[at] = [
                head * a - factor * b for a, b in zip(rows[at], rows[done], strict=True)
            ]
        done += 1
    return done


# -- the suppressor with a part taken out --------------------------------------------------------


def sample() -> list[Counts]:
    """Ten days of two provinces' worth of places; every seventh cell is a small one."""
    tree = DEEP
    days: list[Counts] = []
    for day in range(10):
        counts: dict[tuple[str, str], int] = {}
        for number, place in enumerate(tree.places[1:]):
            for at, column in enumerate(COLUMNS):
                small = (number * 3 + at * 5 + day) % 7 == 0
                counts[place, column] = (day + at) % 4 + 1 if small else 9 + number + at * 2
        days.append(counts)
    return days


def naive(counts: Counts) -> Pattern:
    """Primary suppression alone: a cell is hidden if it is small itself."""
    held = figures(
        Pattern(LIMIT, COLUMNS, DEEP, {p: frozenset(COLUMNS) for p in DEEP.places}), counts
    )
    return Pattern(
        LIMIT,
        COLUMNS,
        DEEP,
        {
            place: frozenset(c for c in COLUMNS if not 0 < held[place, c] < LIMIT)
            for place in DEEP.places
        },
    )


def test_the_audit_finds_suppression_without_a_complement():
    assert all(found_in([(naive(day), day)]) is not None for day in sample())


def test_the_audit_finds_a_pattern_made_anew_each_day_where_a_sum_of_days_is_shown_too():
    """Each day passes by itself. The sum of two days is shown as well, and what one of the days
    hides the other one shows."""
    usual = table("H01 40 30 12\nH02 25 20 15\nH03 20 20 20\nH04 9 9 9")
    other = usual | {("H02", "postal"): 3}
    bold, careful = (chosen(usual), chosen(other))
    counts = {(0, *key): n for key, n in usual.items()} | {
        (1, *key): n for key, n in other.items()
    }
    summed = [{(day, "H02", column) for day in (0, 1)} for column in COLUMNS]

    assert isolated([*cells_of(0, bold), *cells_of(1, careful)], counts, LIMIT) is None
    found = isolated([*cells_of(0, bold), *cells_of(1, careful), *summed], counts, LIMIT)

    assert found is not None
    assert found.classes == {(1, "H02", "postal")}
    fixed = [{(day, "H02", column) for day in (0, 1)} for column in ("online",)]
    assert (
        isolated([*cells_of(0, careful), *cells_of(1, careful), *fixed], counts, LIMIT) is None
    )


def chosen(past: Counts) -> Pattern:
    pattern = choose(FLAT, COLUMNS, [past], limit=LIMIT, headroom=1)
    assert pattern is not None
    return pattern


def cells_of(day: int, pattern: Pattern) -> list[set[tuple[int, str, str]]]:
    """What a pattern shows of a flat table, as sets of its cells."""
    return [
        {
            (day, at, of)
            for at in FLAT.above
            for of in COLUMNS
            if place in (ROOT, at) and column in (TOTAL, of)
        }
        for place, column in figures(pattern, {})
    ]


def test_the_audit_finds_corrections_published_at_once():
    """The same pattern, a day released twice: in between two dossiers went from H02 to H01."""
    first = table("H01 40 30 12\nH02 25 20 15\nH03 20 20 20\nH04 9 9 9")
    pattern = chosen(first)
    counts: dict[tuple[str, str, str], int] = {(at, at, of): n for (at, of), n in first.items()}
    counts["H02", "H02", "online"] -= 2
    counts["H02", "H01", "online"] = 2
    cells = [
        {
            (then, now, of)
            for then, now, of in counts
            if place in (ROOT, (then, now)[release]) and column in (TOTAL, of)
        }
        for release in (0, 1)
        for place, column in figures(pattern, first)
    ]

    found = isolated(cells, counts, LIMIT)

    assert found is not None
    assert found.classes == {("H02", "H01", "online")}


# -- whole numbers -------------------------------------------------------------------------------


def test_a_hidden_cell_does_not_follow_from_its_being_a_whole_number_either():
    """Every table of whole numbers that agrees with what is shown, counted out: a hidden small
    cell may hold several numbers."""
    columns = ("a", "b", "c")
    held = table("H01 9 3 2\nH02 6 6 6\nH03 0 0 0\nH04 0 0 0", columns)
    pattern = Pattern(LIMIT, columns, FLAT, {ROOT: frozenset(columns), "H01": frozenset({"a"})})
    assert not short(pattern, held)
    shown = figures(pattern, held)

    could = {
        b
        for b in range(shown["H01", TOTAL] - shown["H01", "a"] + 1)
        for c in [shown["H01", TOTAL] - shown["H01", "a"] - b]
        # What the others hold is what national columns leave: no number may be below 0.
        if shown[ROOT, "b"] - b >= 0 and shown[ROOT, "c"] - c >= 0
    }

    assert could == {0, 1, 2, 3, 4, 5}
