"""All that is official of a province, side by side: as the monitor tells it, and from the raw events.

Compared are whole numbers, exact ratios, and decimals as they are shown. What is compared is counted by
kind, so that a report can say of what nothing differs.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

from monitor.domain.indicator import Figure as Theirs
from monitor.domain.indicator import Scorecard
from monitor.domain.period import Period
from monitor.domain.scope import Scope
from monitor.ledger.official import At, By, Official, Officials, Ranked
from tests.official.figures import Card, Figure, Points, of_known, ranked
from tests.official.second import Second


@dataclass
class Both:
    """The two calculations. `at`: as known at a cut, which the second was given the events up to."""

    first: Officials
    second: Second
    as_of: int
    at: At = None
    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def same(self, kind: str, where: str, theirs: object, ours: object) -> None:
        """Of one thing."""
        self.compared[kind] += 1
        if theirs != ours:
            self.differences.append(f"{kind}, {where}: {theirs}, and from the events {ours}")

    def told(self) -> str:
        """What was compared, and how much of it differs."""
        lines = [f"{count:>9,} {kind}" for kind, count in sorted(self.compared.items())]
        whole = f"{self.compared.total():,} compared, {len(self.differences):,} differ"
        return "\n".join([*lines, whole])

    async def scorecards(self, set_id: str, scopes: Mapping[str, str], period: str) -> None:
        """Every figure of a set for scopes, whose kinds are given, and what it was a period before."""
        officials = await self.first.scorecards(
            set_id,
            [Scope.of(scope) for scope in scopes],
            Period.of(period),
            known_at=self.at,
            trend=True,
        )
        for official, (scope, kind) in zip(officials, scopes.items(), strict=True):
            where = f"{set_id} of {scope} in {period}"
            self.same("kind of agency", where, official.about.kind, kind)
            ours = self._card(set_id, scope, kind, period)
            self._whole(where, official.scorecard, ours)
            self._trend(where, official, ours, set_id, scope, kind)
            self._published(where, official, ours, set_id, scope)

    def _card(self, set_id: str, scope: str, kind: str, period: str) -> Card:
        return self.second.card(set_id, scope, kind, period, self.as_of)

    def _whole(self, where: str, theirs: Scorecard, ours: Card) -> None:
        self._figures(where, theirs.figures, ours.figures)
        for group, points in ours.groups.items():
            self.same(
                "points of groups", f"{where} {group}", _sum(theirs.groups[group]), points
            )
        self.same("total points", where, _sum(theirs.sum), ours.points)
        band = None if theirs.band is None else theirs.band.id
        self.same("verdict", where, band, ours.band)
        for one in theirs.checked:
            sides = (one.left, one.right)
            self.same("identities", f"{where} {one.check.id}", sides, ours.checks[one.check.id])

    def _figures(
        self, where: str, theirs: Sequence[Theirs], ours: Mapping[str, Figure]
    ) -> None:
        for figure in theirs:
            other, place = ours[figure.indicator.id], f"{where}, {figure.indicator.id}"
            self.same("figure", place, said(figure), expected(other))
            if figure.indicator.target is not None:
                self.same("distance to target", place, figure.distance, other.distance)
            if figure.indicator.excluded:
                self.same("left out", place, figure.excluded, other.excluded)

    def _trend(
        self, where: str, theirs: Official, ours: Card, set_id: str, scope: str, kind: str
    ) -> None:
        """By the same set, also where it was not valid yet."""
        assert theirs.before is not None
        then = self._card(set_id, scope, kind, str(theirs.period.before)).figures
        rules = {
            one["id"]: one.get("if_zero") for one in self.second.sets[set_id]["indicators"]
        }
        for figure in theirs.scorecard.figures:
            id_ = figure.indicator.id
            earlier = theirs.earlier(figure)
            both = then[id_], ours.figures[id_]
            was, is_ = both[0].shown, both[1].shown
            change = None
            # What is 0 because there was nothing is no starting point.
            empty = rules[id_] == "zero" and any(one.denominator == 0 for one in both)
            if was is not None and is_ is not None and not empty:
                change = is_ - was
            self.same(
                "trend",
                f"{where}, {id_}",
                (None if earlier is None else earlier.shown, theirs.change(figure)),
                (was, change),
            )

    def _published(
        self, where: str, theirs: Official, ours: Card, set_id: str, scope: str
    ) -> None:
        """Our points less those that somebody else has published."""
        published = self.second.published(set_id, scope, str(theirs.period))
        for figure in theirs.scorecard.figures:
            id_ = figure.indicator.id
            value = published.get(id_)
            if value is not None:
                score = ours.figures[id_].score
                apart = None if score is None else score - value
                self.same(
                    "apart from published", f"{where}, {id_}", theirs.apart(figure), apart
                )

    async def breakdown(self, set_id: str, scope: str, kind: str, period: str, by: By) -> None:
        """The rows of a form: of each procedure, or each agency directly below."""
        found = await self.first.breakdown(
            set_id, Scope.of(scope), Period.of(period), by=by, known_at=self.at
        )
        kind_of = "rows by procedure" if by is By.PROCEDURE else "rows by agency"
        rows = {}
        for row in found.rows:
            name = str(row.about.scope)
            ours = self._card(set_id, name, row.about.kind, period)
            rows[name] = ours
            theirs = [said(figure) for figure in row.scorecard.figures]
            where = f"{set_id} of {name} in {period}"
            self.same(kind_of, where, theirs, [*map(expected, ours.figures.values())])
        if by is By.PROCEDURE:
            there = {
                f"{scope}+{code}"
                for code in self.second.procedures()
                if any(
                    figure.numerator or figure.denominator
                    for figure in self._card(
                        set_id, f"{scope}+{code}", kind, period
                    ).figures.values()
                )
            }
            self.same(f"{kind_of}: which", f"{set_id} of {scope} in {period}", set(rows), there)

    async def ranking(
        self, set_id: str, by: str, who: Ranked, period: str, listed: Collection[str]
    ) -> int:
        """Of agencies that are listed as one of these: places, among how many, and the period before.

        Returns how many have a place.
        """
        kinds = self.second.agencies(listed, period)
        ranking = await self.first.ranking(
            set_id, Period.of(period), kind=who, by=by, known_at=self.at
        )
        now = self._values(set_id, by, kinds, period, ranking.minimum)
        then = self._values(set_id, by, kinds, str(ranking.period.before), ranking.minimum)
        places, before = ranked(now), ranked(then)
        found = {one.about.scope.agency: one for one in ranking.positions}
        where = f"{set_id} {by} of {who} in {period}"
        self.same("who is ranked", where, set(found), set(kinds))
        for agency in kinds:
            place = found[agency].place
            self.same(
                "places",
                f"{where}, {agency}",
                (place.place, place.of, place.before),
                (places.get(agency), len(places), before.get(agency)),
            )
            if by == "total":
                self._moved_by_indicator(
                    where,
                    found[agency].by_indicator,
                    set_id,
                    agency,
                    kinds[agency],
                    period,
                    str(ranking.period.before),
                )
        return len(places)

    def _moved_by_indicator(
        self,
        where: str,
        theirs: Iterable[Any],
        set_id: str,
        agency: str,
        kind: str,
        period: str,
        before: str,
    ) -> None:
        """Each whose points came, went or changed, the largest change first."""
        now = self._card(set_id, agency, kind, period).figures
        then = self._card(set_id, agency, kind, before).figures
        nothing = Decimal(0)
        ours = sorted(
            (
                (id_, then[id_].score, now[id_].score)
                for id_ in now
                if then[id_].score != now[id_].score
            ),
            key=lambda one: (-abs((one[2] or nothing) - (one[1] or nothing)), one[0]),
        )
        self.same(
            "moved by indicators", f"{where}, {agency}", [tuple(one) for one in theirs], ours
        )

    def _values(
        self, set_id: str, by: str, kinds: Mapping[str, str], period: str, minimum: int
    ) -> dict[str, Decimal | None]:
        found: dict[str, Decimal | None] = {}
        for agency, kind in kinds.items():
            figures = self._card(set_id, agency, kind, period).figures
            received = self.second.received(agency, period, self.as_of)
            enough = received >= minimum
            if by == "total":
                value = of_known(self.second.sets[set_id], figures)
            else:
                value = figures[by].shown
            found[agency] = value if enough else None
        return found

    async def moved_by_procedure(
        self, set_id: str, by: str, scope: str, kind: str, period: str
    ) -> None:
        """What each procedure did to the change of a share; together they are the change."""
        theirs = await self.first.why(
            set_id, Scope.of(scope), Period.of(period), by=by, known_at=self.at
        )
        before = str(Period.of(period).before)
        parts: list[dict[str, tuple[int, int]]] = []
        for one in (before, period):
            of: dict[str, tuple[int, int]] = {}
            for code in self.second.procedures():
                figure = self._card(set_id, f"{scope}+{code}", kind, one).figures[by]
                of[code] = figure.numerator or 0, figure.denominator or 0
            parts.append(of)
        then, now = parts
        n0, d0 = (sum(side) for side in zip(*then.values(), strict=True))
        n1, d1 = (sum(side) for side in zip(*now.values(), strict=True))
        ours = {}
        if d0 and d1:
            for code in now:
                n, d = now[code][0] - then[code][0], now[code][1] - then[code][1]
                if n or d:
                    ours[code] = (
                        then[code],
                        now[code],
                        n * (Fraction(1, d0) + Fraction(1, d1)) / 2,
                        -d * Fraction(n0 + n1, 2 * d0 * d1),
                    )
        where = f"{set_id} {by} of {scope} in {period}"
        found = {
            one.part: (tuple(one.before), tuple(one.now), one.by_numerator, one.by_denominator)
            for one in theirs
        }
        self.same("moved by procedures: which", where, set(found), set(ours))
        for code, part in ours.items():
            self.same("moved by procedures", f"{where}, {code}", found.get(code), part)
        if ours:
            whole = sum((moved[2] + moved[3] for moved in found.values()), Fraction(0))
            self.same("moved in all", where, whole, Fraction(n1, d1) - Fraction(n0, d0))


def _sum(theirs: Any) -> Points:
    return Points(theirs.total, theirs.out_of, theirs.empty, theirs.unknown)


def said(figure: Theirs) -> tuple[Any, ...]:
    """All that is compared of a figure."""
    return (
        str(figure.standing),
        figure.numerator,
        figure.denominator,
        figure.ratio,
        figure.shown,
        figure.score,
        figure.most,
    )


def expected(figure: Figure) -> tuple[Any, ...]:
    return (
        figure.standing,
        figure.numerator,
        figure.denominator,
        figure.ratio,
        figure.shown,
        figure.score,
        figure.most,
    )
