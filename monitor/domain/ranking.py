"""Rankings: who stands where among its like, how that moved, and what moved it.

Agencies are ranked within a peer group only: their kind, and their class by volume, so that a small
unit is not set against a huge one. Below a minimum of dossiers a unit is listed and has no place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from monitor.domain.indicator import (
    TOTAL,
    Direction,
    Kind,
    Scorecard,
    VolumeClass,
    rounded,
)


class Entry(NamedTuple):
    """Who is to be ranked."""

    scope: str
    kind: Kind
    volume: int | None  # dossiers received in the period; None: not known
    scorecard: Scorecard


class Peers(NamedTuple):
    """Who is compared with one another."""

    kind: Kind
    volume_class: str = ""  # "": all of the kind


class Unranked(StrEnum):
    """Why one has no place."""

    NULL = "null"  # there is no value
    TOO_SMALL = "too_small"  # fewer dossiers than the minimum


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one stands."""

    scope: str
    peers: Peers
    volume: int | None
    value: Decimal | None
    place: int | None
    of: int  # how many of its peers have a place
    unranked: Unranked | None = None
    before: int | None = (
        None  # its place in the period before; None: it had none among these peers
    )

    @property
    def movement(self) -> int | None:
        """How many places it rose; fallen: negative."""
        return None if self.place is None or self.before is None else self.before - self.place


def rank(
    entries: Iterable[Entry],
    by: str,
    *,
    classes: Sequence[VolumeClass] = (),
    minimum: int = 0,
    before: Iterable[Place] = (),
) -> tuple[Place, ...]:
    """All entries, peer group by peer group, the best first; those without a place last.

    `by`: an indicator's id, or TOTAL. Compared is what is shown, so that two that publish the same
    number share a place: 1, 2, 2, 4. `classes`: highest first.
    """
    of_peers: dict[Peers, list[Entry]] = {}
    for entry in entries:
        of_peers.setdefault(Peers(entry.kind, _class(entry.volume, classes)), []).append(entry)
    kinds = list(Kind)
    in_turn = [each.id for each in classes]
    then = {(each.scope, each.peers): each.place for each in before}
    return tuple(
        place
        for peers in sorted(
            of_peers,
            key=lambda one: (
                kinds.index(one.kind),
                in_turn.index(one.volume_class) if one.volume_class else len(in_turn),
            ),
        )
        for place in _places(peers, of_peers[peers], by, minimum, then)
    )


def value(scorecard: Scorecard, by: str) -> Decimal | None:
    """What is ranked by: a figure as shown, or the share of the known points, of a hundred.

    A figure whose zero rule says full marks has none: it measured nothing.
    """
    if by != TOTAL:
        return scorecard.figure(by).shown
    if scorecard.total is None or not scorecard.out_of:
        return None
    share = Fraction(scorecard.total) / Fraction(scorecard.out_of)
    return rounded(share * scorecard.set.bands_of, scorecard.set.score_decimals)


def _class(volume: int | None, classes: Sequence[VolumeClass]) -> str:
    if volume is None:
        return classes[-1].id if classes else ""
    return next((each.id for each in classes if volume >= each.least), "")


def _places(
    peers: Peers,
    entries: Sequence[Entry],
    by: str,
    minimum: int,
    then: Mapping[tuple[str, Peers], int | None],
) -> Iterable[Place]:
    valued = [(value(entry.scorecard, by), entry) for entry in entries]
    ranked: list[tuple[Decimal, Entry]] = []
    others: list[tuple[Decimal | None, Entry, Unranked]] = []
    for found, entry in valued:
        if found is None:
            others.append((found, entry, Unranked.NULL))
        elif (entry.volume or 0) < minimum:
            others.append((found, entry, Unranked.TOO_SMALL))
        else:
            ranked.append((found, entry))
    sign = 1 if _falling(entries, by) else -1
    ranked.sort(key=lambda one: (sign * one[0], one[1].scope))
    others.sort(key=lambda one: (one[2] is Unranked.NULL, one[1].scope))
    place, last = 0, None
    for position, (found, entry) in enumerate(ranked, start=1):
        if found != last:
            place, last = position, found
        yield Place(
            scope=entry.scope,
            peers=peers,
            volume=entry.volume,
            value=found,
            place=place,
            of=len(ranked),
            before=then.get((entry.scope, peers)),
        )
    for shown, entry, why in others:
        yield Place(
            scope=entry.scope,
            peers=peers,
            volume=entry.volume,
            value=shown,
            place=None,
            of=len(ranked),
            unranked=why,
            before=then.get((entry.scope, peers)),
        )


def _falling(entries: Sequence[Entry], by: str) -> bool:
    """Whether less is better."""
    return by != TOTAL and any(
        entry.scorecard.set.by_id[by].direction is Direction.DOWN for entry in entries
    )


# -- why it moved ------------------------------------------------------------------------------


class OfIndicator(NamedTuple):
    """What an indicator did to a total."""

    indicator: str
    before: Decimal | None  # its points; None: it had none
    now: Decimal | None

    @property
    def change(self) -> Decimal:
        return (self.now or Decimal(0)) - (self.before or Decimal(0))


def by_indicator(before: Scorecard, now: Scorecard) -> tuple[OfIndicator, ...]:
    """Every indicator whose points changed, or came or went; the largest change first.

    The changes sum to the change of the total.
    """
    then = {each.indicator.id: each.score for each in before.figures}
    since = {each.indicator.id: each.score for each in now.figures}
    found = [OfIndicator(name, then.get(name), since.get(name)) for name in {**then, **since}]
    moved = [each for each in found if each.before != each.now]
    return tuple(sorted(moved, key=lambda each: (-abs(each.change), each.indicator)))


class Part(NamedTuple):
    """A part's share in a quotient, as that of one procedure."""

    numerator: int
    denominator: int


class OfPart(NamedTuple):
    """What a part did to the change of a quotient."""

    part: str
    before: Part
    now: Part
    by_numerator: Fraction
    by_denominator: Fraction

    @property
    def change(self) -> Fraction:
        return self.by_numerator + self.by_denominator


_NOTHING: Final = Part(0, 0)


def by_part(before: Mapping[str, Part], now: Mapping[str, Part]) -> tuple[OfPart, ...] | None:
    """What each part contributed to the change of N/D, the largest first; None if a D is 0.

    With N0/D0 before and N1/D1 now, a part whose numerator grew by n and denominator by d did

        by numerator      n * (1/D0 + 1/D1) / 2
        by denominator   -d * (N0 + N1) / (2 * D0 * D1)

    These sum to N1/D1 - N0/D0 exactly, whatever the parts; read backwards in time they change
    sign; and a part that merely grew at the mean ratio of both periods did about nothing.
    """
    n0, d0 = _whole(before)
    n1, d1 = _whole(now)
    if not d0 or not d1:
        return None
    for_one = (Fraction(1, d0) + Fraction(1, d1)) / 2
    against_one = Fraction(n0 + n1, 2 * d0 * d1)
    found = []
    for part in {**before, **now}:
        then, since = before.get(part, _NOTHING), now.get(part, _NOTHING)
        if then != since:
            found.append(
                OfPart(
                    part,
                    then,
                    since,
                    (since.numerator - then.numerator) * for_one,
                    -(since.denominator - then.denominator) * against_one,
                )
            )
    return tuple(sorted(found, key=lambda each: (-abs(each.change), each.part)))


def _whole(parts: Mapping[str, Part]) -> Part:
    return Part(
        sum(part.numerator for part in parts.values()),
        sum(part.denominator for part in parts.values()),
    )
