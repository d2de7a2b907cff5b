"""Indicators from facts, by the files that define them and the general rules of MEASURES.md §6.

A second reading of the same definitions: it shares nothing with the monitor's evaluator.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

Ask = Callable[[Mapping[str, Any]], int | None]
UNITS = {  # of a mean of milliseconds
    "hours": 3_600_000,
    "days": 86_400_000,
    "working_hours": 3_600_000,
    "working_days": 8 * 3_600_000,
}


@dataclass(frozen=True)
class Figure:
    """An indicator; None is not known, and never 0."""

    id: str
    standing: str
    numerator: int | None = None
    denominator: int | None = None
    ratio: Fraction | None = None
    shown: Decimal | None = None
    score: Decimal | None = None
    most: Decimal | None = None  # points that it could have
    excluded: int | None = None
    distance: Decimal | None = None  # what is shown less the target


@dataclass(frozen=True)
class Points:
    """Of some figures: reached, of how many, and those that nothing is known of."""

    total: Decimal | None
    out_of: Decimal
    empty: Decimal  # there was nothing to measure
    unknown: Decimal


@dataclass(frozen=True)
class Card:
    """All that is official of a scope and a period, by one set."""

    figures: Mapping[str, Figure]
    groups: Mapping[str, Points]
    points: Points
    band: str | None
    checks: Mapping[str, tuple[int | None, int | None]]


def half_up(value: Fraction, decimals: int) -> Decimal:
    scaled = value * 10**decimals
    whole = (abs(scaled) * 2 + 1) // 2
    return Decimal(int(whole if value >= 0 else -whole)).scaleb(-decimals)


def read_set(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))


def evaluate(
    document: Mapping[str, Any],
    ask: Ask,
    *,
    kind: str,
    not_issued: Callable[[str], bool],
    last_year: Ask | None = None,
    span: str = "month",
    one_procedure: bool = False,
) -> dict[str, Figure]:
    """All figures of a set, by id."""
    found: dict[str, Figure] = {}
    for said in document["indicators"]:
        kinds = said.get("kinds") or document.get("kinds") or ()
        applies = (not kinds or kind in kinds) and (
            one_procedure or not said.get("one_procedure", False)
        )
        if not said.get("method_issued", True) and not_issued(said["numerator"][0]["claim"]):
            applies = False
        if applies:
            figure = _beside(
                document, said, ask, _figure(document, said, ask, last_year, span, found)
            )
        else:
            full = kind in document.get("full_marks_for", ()) and said.get("points")
            points = _most(document, said) if full else None
            figure = Figure(said["id"], "not_applicable", score=points, most=points)
        found[said["id"]] = figure
    return found


def _most(document: Mapping[str, Any], said: Mapping[str, Any]) -> Decimal | None:
    if said.get("scoring", "none") == "none":
        return None
    return half_up(Fraction(str(said["points"])), document.get("score_decimals", 2))


def _beside(
    document: Mapping[str, Any], said: Mapping[str, Any], ask: Ask, figure: Figure
) -> Figure:
    """With what stands beside the figure."""
    return replace(
        figure,
        most=_most(document, said),
        excluded=_sum(said["excluded"], ask) if said.get("excluded") else None,
        distance=None
        if figure.shown is None or "target" not in said
        else figure.shown - Decimal(str(said["target"])),
    )


def card(document: Mapping[str, Any], figures: Mapping[str, Figure], ask: Ask) -> Card:
    """The sums of a set's figures: of its groups, of all, the verdict, and its checks."""
    in_group = {said["id"]: said.get("group") for said in document["indicators"]}
    points = _points_of(figures.values())
    return Card(
        figures,
        {
            group["id"]: _points_of(
                figure for id_, figure in figures.items() if in_group[id_] == group["id"]
            )
            for group in document.get("groups", ())
        },
        points,
        _band(document, points),
        {
            check["id"]: (_sum(check["left"], ask), _sum(check["right"], ask))
            for check in document.get("checks", ())
        },
    )


def _points_of(figures: Iterable[Figure]) -> Points:
    nothing = Decimal(0)
    scores, out_of, empty, unknown = [], nothing, nothing, nothing
    for figure in figures:
        if figure.score is not None:
            scores.append(figure.score)
            out_of += figure.most or nothing
        elif figure.most is not None and figure.standing != "not_applicable":
            if figure.denominator == 0:
                empty += figure.most
            else:
                unknown += figure.most
    return Points(sum(scores, nothing) if scores else None, out_of, empty, unknown)


def _band(document: Mapping[str, Any], points: Points) -> str | None:
    """By the share of the points that are known, where enough of them are."""
    if points.total is None or points.out_of < document.get("band_from", 0):
        return None
    share = Fraction(points.total) / Fraction(points.out_of) * document.get("bands_of", 100)
    bands = sorted(document.get("bands", ()), key=lambda band: -band["least"])
    return next((band["id"] for band in bands if share >= band["least"]), None)


def _sum(terms: Sequence[Mapping[str, Any]], ask: Ask) -> int | None:
    total = 0
    for term in terms:
        value = ask({name: said for name, said in term.items() if name != "sign"})
        if value is None:
            return None
        total += value * term.get("sign", 1)
    return total


def _figure(
    document: Mapping[str, Any],
    said: Mapping[str, Any],
    ask: Ask,
    last_year: Ask | None,
    span: str,
    before: Mapping[str, Figure],
) -> Figure:
    id_ = said["id"]
    numerator = _sum(said["numerator"], ask)
    if "denominator" not in said:
        if numerator is None:
            return Figure(id_, "null")
        return Figure(id_, "number", numerator, None, Fraction(numerator), Decimal(numerator))
    denominator = _sum(said["denominator"], ask)
    other = _sum(said["or_if_larger"], ask) if said.get("or_if_larger") else None
    if denominator is not None and other is not None:
        denominator = max(denominator, other)
    if numerator is None or denominator is None:
        stated = _stated(said, ask)
        if stated is None:
            return Figure(id_, "null", numerator, denominator)
        score = _points(document, said, stated)
        return Figure(
            id_, "number", numerator, denominator, stated, _shown(said, stated), score
        )
    if denominator == 0:
        if said.get("if_zero") == "last_year":
            return _last_year(document, said, numerator, last_year, span)
        return _of_nothing(document, said, numerator)
    if denominator < said.get("minimum", 0):
        return Figure(id_, "too_few", numerator, denominator)
    # A share is not below 0.
    share = said.get("unit", "percent") == "percent"
    ratio = Fraction(max(numerator, 0) if share else numerator, denominator)
    if said.get("times"):
        factor = before[said["times"]].ratio
        if factor is None:
            return Figure(id_, "null", numerator, denominator)
        ratio *= factor
    score = _points(document, said, ratio)
    return Figure(id_, "number", numerator, denominator, ratio, _shown(said, ratio), score)


def _stated(said: Mapping[str, Any], ask: Ask) -> Fraction | None:
    """The share that somebody claims without its two numbers."""
    sides = [*said["numerator"], *said["denominator"]]
    if len(sides) == 2 and len({side.get("claim") for side in sides} - {None}) == 1:
        millionths = ask({"fact": "claim", "claim": sides[0]["claim"], "part": "value"})
        return None if millionths is None else Fraction(millionths, 100 * 10**6)
    return None


def _of_nothing(document: Mapping[str, Any], said: Mapping[str, Any], numerator: int) -> Figure:
    """What the indicator's own rule says of a denominator of 0."""
    match said.get("if_zero", "null"):
        case "full_marks":
            points = half_up(Fraction(said["points"]), document.get("score_decimals", 2))
            return Figure(said["id"], "null", numerator, 0, score=points)
        case "zero":
            nothing = Fraction(0)
            score = _points(document, said, nothing)
            return Figure(
                said["id"], "number", numerator, 0, nothing, half_up(nothing, 2), score
            )
        case _:
            return Figure(said["id"], "null", numerator, 0)


def _last_year(
    document: Mapping[str, Any],
    said: Mapping[str, Any],
    numerator: int,
    last_year: Ask | None,
    span: str,
) -> Figure:
    parts = said.get(f"last_year_{span}", 0)
    if not parts:  # of a day nothing stands in
        return Figure(said["id"], "null", numerator, 0)
    before = None if last_year is None else _sum(said["denominator"], last_year)
    ratio = Fraction(0)
    if before:
        ratio = Fraction(numerator * parts, before)
    score = _points(document, said, ratio)
    return Figure(said["id"], "number", numerator, 0, ratio, _shown(said, ratio), score)


def _shown(said: Mapping[str, Any], ratio: Fraction) -> Decimal:
    unit = said.get("unit", "percent")
    decimals = said.get("decimals", 2)
    if unit == "percent":
        return half_up(ratio * 100, decimals)
    if unit == "points":
        return half_up(ratio, decimals)
    return half_up(ratio / UNITS[unit], decimals)


def _points(
    document: Mapping[str, Any], said: Mapping[str, Any], ratio: Fraction
) -> Decimal | None:
    points = Fraction(said.get("points", 0))
    share = min(max(ratio, Fraction(0)), Fraction(1))
    match said.get("scoring", "none"):
        case "none":
            return None
        case "share":
            score = points * share
        case "capped":
            score = points * min(share / Fraction(str(said["threshold"])), Fraction(1))
        case "value":
            score = ratio
        case _:
            reached = [p for least, p in said["steps"] if ratio >= Fraction(str(least))]
            score = Fraction(str(max(reached, default=0)))
    return half_up(score, document.get("score_decimals", 2))


def total(figures: Mapping[str, Figure]) -> Decimal:
    """The sum of the points that are shown."""
    return sum((f.score for f in figures.values() if f.score is not None), Decimal(0))


def of_known(document: Mapping[str, Any], figures: Mapping[str, Figure]) -> Decimal | None:
    """Points as a share of those that are known, on the set's scale: what totals are ranked by."""
    most = {said["id"]: said.get("points", 0) for said in document["indicators"]}
    out_of = sum(most[id_] for id_, figure in figures.items() if figure.score is not None)
    if not out_of:
        return None
    return half_up(Fraction(total(figures)) * document.get("bands_of", 100) / out_of, 2)


def ranked(values: Mapping[str, Decimal | None]) -> dict[str, int]:
    """Places, best first: equal ones share a place, and the next is as far on as they are many."""
    known = sorted((value for value in values.values() if value is not None), reverse=True)
    return {who: known.index(value) + 1 for who, value in values.items() if value is not None}
