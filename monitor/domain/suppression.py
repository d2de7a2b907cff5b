"""What of a table the public may see: a pattern for many periods, and what a period must pass.

A table counts dossiers by place, in a tree whose root is the country, and by column. A place that
is shown shows its total and some of its columns; what the others of its columns hold follows
from these, so a place has *groups*: each shown column, and all hidden ones together. Dossiers of
a place that are in no shown place below it are its *own*.

The one rule: of every group that holds anything, at least `limit` dossiers are the place's own.
Then no linear combination of what is shown depends on fewer than `limit` dossiers, in one period
or in any number of them: docs/explanation/releases.md has the proof, `disclosure` the audit.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median_low
from typing import Final

ROOT: Final = ""  # the country
TOTAL: Final = ""  # of all columns

# Dossiers by place and column. Each is counted at one place, the lowest that the tree has for it.
Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True)
class Tree:
    """Places and the one above each; the root is above all and has no entry."""

    above: Mapping[str, str]

    @cached_property
    def below(self) -> Mapping[str, tuple[str, ...]]:
        """The places directly below each, in order."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        for place, above in sorted(self.above.items()):
            found[above].append(place)
        return {place: tuple(children) for place, children in found.items()}

    @cached_property
    def places(self) -> tuple[str, ...]:
        """All of them, each after the one above it."""
        found = [ROOT]
        for place in found:
            found += self.below.get(place, ())
        return tuple(found)

    def line(self, place: str) -> tuple[str, ...]:
        """The place and all above it, the root last."""
        found = [place]
        while found[-1] != ROOT:
            found.append(self.above[found[-1]])
        return tuple(found)


@dataclass(frozen=True)
class Pattern:
    """What is shown of a table in every period for which the pattern holds."""

    limit: int
    columns: tuple[str, ...]
    tree: Tree
    shown: Mapping[str, frozenset[str]]  # by shown place: which of its columns

    def __post_init__(self) -> None:
        if ROOT not in self.shown:
            raise ValueError("a pattern shows the country, or there is none")
        for place in self.shown:
            if place != ROOT and self.tree.above[place] not in self.shown:
                raise ValueError(f"{place} is shown and what is above it is not")

    def groups(self, place: str) -> tuple[tuple[str, ...], ...]:
        """Columns of a shown place that it tells apart."""
        alone = [(column,) for column in self.columns if column in self.shown[place]]
        hidden = tuple(column for column in self.columns if column not in self.shown[place])
        return (*alone, hidden) if hidden else tuple(alone)

    def without(self, parents: Collection[str]) -> "Pattern":
        """The same with all that lies below some places left out."""
        kept = {
            place: columns
            for place, columns in self.shown.items()
            if not parents or not set(self.tree.line(place)[1:]) & set(parents)
        }
        return Pattern(self.limit, self.columns, self.tree, kept)


def sums(tree: Tree, columns: Sequence[str], counts: Counts) -> dict[tuple[str, str], int]:
    """Dossiers of each place and of all below it, by column and in total."""
    found = {(place, column): 0 for place in tree.places for column in (TOTAL, *columns)}
    for (place, column), count in counts.items():
        for at in tree.line(place):
            found[at, column] += count
            found[at, TOTAL] += count
    return found


def short(pattern: Pattern, counts: Counts) -> list[str]:
    """Places of which too few dossiers are their own, so that the pattern would tell of these."""
    inside: defaultdict[tuple[str, str], int] = defaultdict(int)
    own: defaultdict[tuple[str, str], int] = defaultdict(int)
    for (place, column), count in counts.items():
        line = [at for at in pattern.tree.line(place) if at in pattern.shown]
        own[line[0], column] += count
        for at in line:
            inside[at, column] += count
    return [
        place
        for place in pattern.tree.places
        if place in pattern.shown
        for group in pattern.groups(place)
        if any(inside[place, column] for column in group)
        and sum(own[place, column] for column in group) < pattern.limit
    ]


def fitting(pattern: Pattern, counts: Counts) -> Pattern | None:
    """What of a pattern can be shown of a period; None if the period has to wait for another.

    The places below one are shown as the pattern has them, or none of them is: what is left out
    says of a whole block that it had too few somewhere, and nothing else. Without the block
    below the country there is nothing to show.
    """
    left_out: set[str] = set()
    while True:
        fit = pattern.without(left_out)
        failing = short(fit, counts)
        if not failing:
            return fit
        for place in failing:
            parts = any(below in fit.shown for below in pattern.tree.below.get(place, ()))
            block = place if parts or place == ROOT else pattern.tree.above[place]
            if block == ROOT:
                return None
            left_out.add(block)


def figures(pattern: Pattern, counts: Counts) -> dict[tuple[str, str], int]:
    """What is shown: by place, and by column or in total."""
    known = sums(pattern.tree, pattern.columns, counts)
    return {
        (place, column): known[place, column]
        for place in pattern.tree.places
        if place in pattern.shown
        for column in (TOTAL, *pattern.columns)
        if column == TOTAL or column in pattern.shown[place]
    }


def busy(past: Iterable[Counts]) -> list[Counts]:
    """Periods with at least half of what half of them have: no days off, no lone beginnings."""
    held = [counts for counts in past if sum(counts.values())]
    return [counts for counts in held if is_busy(counts, usual(held))]


def usual(periods: Sequence[Counts]) -> int:
    """Dossiers of a period in the middle of some; 0 of none."""
    totals = [sum(counts.values()) for counts in periods]
    return median_low(totals) if totals else 0


def is_busy(counts: Counts, usual_dossiers: int) -> bool:
    """Whether a period is of the kind that a pattern is chosen from, and so may be shown."""
    total = sum(counts.values())
    return total > 0 and 2 * total >= usual_dossiers


def choose(
    tree: Tree,
    columns: Sequence[str],
    past: Sequence[Counts],
    *,
    limit: int,
    headroom: int = 2,
) -> Pattern | None:
    """A pattern that shows much and that past periods would all have passed; None if none would.

    Chosen before the periods it is for: that a cell is hidden says nothing of what it holds then.
    What a group is to hold is wanted `headroom` times over, so that a quiet period passes too.
    """
    known = [sums(tree, columns, counts) for counts in past]
    return _Choice(tree, tuple(columns), known, limit, limit * headroom).made()


_Series = tuple[int, ...]  # of one cell, a number each past period


class _Choice:
    """The choice under way, from the country downwards."""

    def __init__(
        self,
        tree: Tree,
        columns: tuple[str, ...],
        known: Sequence[Mapping[tuple[str, str], int]],
        limit: int,
        need: int,
    ) -> None:
        self._tree = tree
        self._columns = columns
        self._known = known
        self._limit = limit
        self._need = need
        self._shown: dict[str, frozenset[str]] = {}

    def made(self) -> Pattern | None:
        if not self._known or not self._enough(self._series(ROOT, TOTAL)):
            return None
        waiting = [ROOT]
        for place in waiting:
            shown = self._shown[place] = self._columns_of(place)
            waiting += self._places_below(place, self._groups(shown))
        return Pattern(self._limit, self._columns, self._tree, self._shown)

    def _groups(self, shown: frozenset[str]) -> list[tuple[str, ...]]:
        hidden = tuple(column for column in self._columns if column not in shown)
        return [(column,) for column in self._columns if column in shown] + [hidden] * bool(
            hidden
        )

    def _columns_of(self, place: str) -> frozenset[str]:
        """Those with enough; and if the others together have not, fewer."""
        series = {column: self._series(place, column) for column in self._columns}
        shown = [column for column in self._columns if self._enough(series[column])]
        shown.sort(key=lambda column: sum(series[column]))
        while shown and len(shown) < len(self._columns):
            hidden = [one for column, one in series.items() if column not in shown]
            if self._enough(_added(hidden)):
                break
            shown.pop(0)  # the complement
        return frozenset(shown)

    def _places_below(self, place: str, groups: Sequence[tuple[str, ...]]) -> list[str]:
        """Those with enough; and as the place needs own dossiers beside them, fewer.

        Which to hold back is a knapsack: from each of them as a beginning the smallest are added
        that help, and the least of what was found is taken.
        """
        size = {
            child: sum(self._series(child, TOTAL)) for child in self._tree.below.get(place, ())
        }
        with_enough = [
            child
            for child in sorted(size, key=lambda child: (size[child], child))
            if self._enough(self._series(child, TOTAL))
        ]
        holds = {
            child: [self._group(child, group) for group in groups] for child in with_enough
        }
        own = [
            _less(self._group(place, group), [holds[child][number] for child in with_enough])
            for number, group in enumerate(groups)
        ]
        best = self._held_back([], with_enough, holds, own)
        for child in with_enough:
            found = self._held_back([child], with_enough, holds, own)
            if sum(map(size.__getitem__, found)) < sum(map(size.__getitem__, best)):
                best = found
        return [child for child in sorted(with_enough) if child not in best]

    def _held_back(
        self,
        begun: Sequence[str],
        candidates: Sequence[str],
        holds: Mapping[str, Sequence[_Series]],
        own: Sequence[_Series],
    ) -> set[str]:
        """Some of the candidates, smallest first, with which the place has enough of its own."""
        back = list(begun)
        for group, before in enumerate(own):
            while not self._enough(
                having := _added([before, *(holds[child][group] for child in back)])
            ):
                left = [child for child in candidates if child not in back]
                enough = (
                    child
                    for child in left
                    if self._enough(_added([having, holds[child][group]]))
                )
                most = max(left, key=lambda child: sum(holds[child][group]))
                back.append(next(enough, most))
        return set(back)

    def _series(self, place: str, column: str) -> _Series:
        return tuple(known[place, column] for known in self._known)

    def _group(self, place: str, group: Iterable[str]) -> _Series:
        return _added([self._series(place, column) for column in group])

    def _enough(self, series: _Series) -> bool:
        return min(series, default=0) >= self._need


def _added(series: Sequence[_Series]) -> _Series:
    return tuple(map(sum, zip(*series, strict=True)))


def _less(series: _Series, others: Sequence[_Series]) -> _Series:
    return tuple(a - sum(b) for a, *b in zip(series, *others, strict=True))
