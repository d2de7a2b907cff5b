"""The audit of what was published: does any linear combination of it depend on a few dossiers?

It knows nothing of how cells were chosen. Published cells are sets of *classes*: dossiers that are
counted in the same cells, over all tables and releases that are audited together. A combination
gives every dossier a weight, the sum of its factors over the cells that count it. It *isolates*
the dossiers whose weight is not 0; if they are at least one and fewer than the limit, that is a
finding. A cell determined by margins, a difference of two releases, a correction are all of
this form. Exact: rational numbers, and a search that ends with an answer.

A combination that isolates few gives 0 to every class of `limit` or more, and so to all that
these span. What is left is looked at in the quotient: classes that became proportional there get
0 together or not at all, so that they count together, and so on until nothing is added. If all is
spanned, there is nothing to find; else the few classes that are left are tried.
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T", bound=Hashable)

_Vector = dict[int, Fraction]  # by the number of a cell; never 0


@dataclass(frozen=True, slots=True)
class Isolated:
    """A combination that depends on fewer dossiers than the limit."""

    factors: Mapping[int, Fraction]  # by the number of the cell
    classes: frozenset[Hashable]
    dossiers: int


def isolated(
    cells: Sequence[Collection[T]], counts: Mapping[T, int], limit: int
) -> Isolated | None:
    """Something that is isolated by published cells, or None: there is nothing.

    Where cells come coarse to fine it is fast; the answer does not depend on it.
    """
    counted: dict[T, dict[int, Fraction]] = {}
    for number, cell in enumerate(cells):
        for one in cell:
            if counts.get(one, 0) < 0:
                raise ValueError(f"{one!r} holds {counts[one]} dossiers")
            if counts.get(one, 0):
                counted.setdefault(one, {})[number] = Fraction(1)
    alike: dict[tuple[int, ...], list[T]] = {}
    for one, vector in counted.items():
        alike.setdefault(tuple(vector), []).append(one)
    kinds = [
        _Kind(
            dict.fromkeys(signature, Fraction(1)),
            sum(map(counts.__getitem__, ones)),
            tuple(ones),
        )
        for signature, ones in alike.items()
    ]
    flat = _search(_Flat(), kinds, limit, ())
    if flat is None:
        return None
    return _finding(flat, kinds)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Classes that are counted in the same cells."""

    vector: Mapping[int, Fraction]
    dossiers: int
    classes: tuple[Hashable, ...]


class _Flat:
    """Vectors on which a combination is 0, and all that they span. Pivots are the last cells."""

    def __init__(self, rows: Mapping[int, _Vector] | None = None) -> None:
        self.rows: dict[int, _Vector] = dict(rows or {})

    def rest(self, vector: Mapping[int, Fraction]) -> _Vector:
        """What is left of a vector, without any pivot: the same for all that differ by the flat."""
        left = dict(vector)
        done: list[int] = []
        while pivots := [cell for cell in left if cell in self.rows]:
            cell = max(pivots)
            _subtract(left, self.rows[cell], left[cell])
            done.append(cell)
        return left

    def add(self, rest: Mapping[int, Fraction]) -> None:
        """Take in a vector that is its own rest."""
        pivot = max(rest)
        head = rest[pivot]
        self.rows[pivot] = {cell: value / head for cell, value in rest.items()}


def _subtract(left: _Vector, row: Mapping[int, Fraction], times: Fraction) -> None:
    for cell, value in row.items():
        new = left.get(cell, Fraction(0)) - times * value
        if new:
            left[cell] = new
        else:
            left.pop(cell, None)


_Direction = tuple[tuple[int, Fraction], ...]


def _search(
    flat: _Flat, kinds: Sequence[_Kind], limit: int, nonzero: Collection[int]
) -> _Flat | None:
    """A flat that leaves out at least one and fewer than `limit` dossiers, if there is any.

    `nonzero` are kinds that the combination looked for is said not to be 0 on.
    """
    together = _outside(flat, kinds)
    while heavy := _heavy(together, kinds, limit, nonzero):
        for direction in heavy:
            # Of several that are added at once, later ones may lie in what the first ones span.
            if rest := flat.rest(dict(direction)):
                flat.add(rest)
        together = _outside(flat, kinds)
    outside = {number for numbers in together.values() for number in numbers}
    if not outside or not outside.issuperset(nonzero):
        return None  # or it would be 0 on one of them after all
    if _dossiers(kinds, outside) < limit:
        return flat
    undecided = {
        direction: numbers
        for direction, numbers in together.items()
        if not set(numbers) & set(nonzero)
    }
    if not undecided:
        return None
    chosen = max(undecided, key=lambda each: (_dossiers(kinds, undecided[each]), each))
    said = (*nonzero, undecided[chosen][0])
    found = _search(_Flat(flat.rows), kinds, limit, said)
    if found is None:
        flat.add(flat.rest(dict(chosen)))
        found = _search(flat, kinds, limit, nonzero)
    return found


def _outside(flat: _Flat, kinds: Sequence[_Kind]) -> dict[_Direction, list[int]]:
    """The kinds that a flat leaves out; proportional ones together."""
    found: dict[_Direction, list[int]] = {}
    for number, kind in enumerate(kinds):
        if rest := flat.rest(kind.vector):
            head = rest[max(rest)]
            direction = tuple((cell, value / head) for cell, value in sorted(rest.items()))
            found.setdefault(direction, []).append(number)
    return found


def _heavy(
    together: Mapping[_Direction, Sequence[int]],
    kinds: Sequence[_Kind],
    limit: int,
    nonzero: Collection[int],
) -> list[_Direction]:
    """On which the combination must be 0: with what it is not 0 on they are too many."""
    said = {direction for direction, numbers in together.items() if set(numbers) & set(nonzero)}
    spent = sum(_dossiers(kinds, together[direction]) for direction in said)
    return [
        direction
        for direction, numbers in together.items()
        if direction not in said and spent + _dossiers(kinds, numbers) >= limit
    ]


def _dossiers(kinds: Sequence[_Kind], numbers: Collection[int]) -> int:
    return sum(kinds[number].dossiers for number in numbers)


def _finding(flat: _Flat, kinds: Sequence[_Kind]) -> Isolated:
    """A combination that is 0 on the flat and on nothing that it need not be."""
    rests = [(kind, flat.rest(kind.vector)) for kind in kinds]
    free = min(cell for _, rest in rests for cell in rest)
    factors: _Vector = {free: Fraction(1)}
    # A row's cells but its pivot lie before it: factors of earlier cells are known by then.
    for pivot in sorted(flat.rows):
        value = -sum(
            (
                part * factors.get(cell, Fraction(0))
                for cell, part in flat.rows[pivot].items()
                if cell != pivot
            ),
            Fraction(0),
        )
        if value:
            factors[pivot] = value
    hit = [kind for kind, rest in rests if rest.get(free)]
    return Isolated(
        factors,
        frozenset(one for kind in hit for one in kind.classes),
        sum(kind.dossiers for kind in hit),
    )
