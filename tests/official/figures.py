"""Indicators from facts, by the files that define them and the general rules of MEASURES.md §6.

A second reading of the same definitions: it shares nothing with the monitor's evaluator.
"""

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
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
            figure = _figure(document, said, ask, last_year, span, found)
        else:
            full = kind in document.get("full_marks_for", ()) and said.get("points")
            figure = Figure(
                said["id"], "not_applicable", score=Decimal(said["points"]) if full else None
            )
        found[said["id"]] = figure
    return found


def _sum(terms: Sequence[Mapping[str, Any]], ask: Ask) -> int | None:
    total = 0
    for term in terms:
        value = ask(term)
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
    if said.get("or_if_larger"):
        other = _sum(said["or_if_larger"], ask)
        if other is not None and denominator is not None:
            denominator = max(denominator, other)
    if numerator is None or denominator is None:
        return Figure(id_, "null", numerator, denominator)
    if "unit" not in said or said["unit"] == "percent":
        numerator_ = max(numerator, 0)  # a share is not below 0
    else:
        numerator_ = numerator
    points = Fraction(said.get("points", 0))
    scored = said.get("scoring", "none") != "none"
    decimals = document.get("score_decimals", 2)
    if denominator == 0:
        rule = said.get("if_zero", "null")
        if rule == "last_year":
            return _last_year(document, said, numerator, last_year, span)
        if rule == "full_marks":
            return Figure(id_, "null", numerator, 0, None, None, half_up(points, decimals))
        if rule == "null":
            return Figure(id_, "null", numerator, 0)
        score = half_up(Fraction(0), decimals) if scored else None
        return Figure(id_, "number", numerator, 0, Fraction(0), half_up(Fraction(0), 2), score)
    if denominator < said.get("minimum", 0):
        return Figure(id_, "too_few", numerator, denominator)
    ratio = Fraction(numerator_, denominator)
    if said.get("times"):
        factor = before[said["times"]].ratio
        if factor is None:
            return Figure(id_, "null", numerator, denominator)
        ratio *= factor
    return Figure(
        id_,
        "number",
        numerator,
        denominator,
        ratio,
        _shown(said, ratio),
        half_up(_score(said, ratio, points), decimals) if scored else None,
    )


def _last_year(
    document: Mapping[str, Any],
    said: Mapping[str, Any],
    numerator: int,
    last_year: Ask | None,
    span: str,
) -> Figure:
    before = None if last_year is None else _sum(said["denominator"], last_year)
    parts = said.get(f"last_year_{span}", 0)
    ratio = Fraction(0)
    if before and parts:
        ratio = Fraction(numerator * parts, before)
    score = half_up(
        _score(said, ratio, Fraction(said["points"])), document.get("score_decimals", 2)
    )
    return Figure(said["id"], "number", numerator, 0, ratio, _shown(said, ratio), score)


def _shown(said: Mapping[str, Any], ratio: Fraction) -> Decimal:
    unit = said.get("unit", "percent")
    decimals = said.get("decimals", 2)
    if unit == "percent":
        return half_up(ratio * 100, decimals)
    if unit == "points":
        return half_up(ratio, decimals)
    return half_up(ratio / UNITS[unit], decimals)


def _score(said: Mapping[str, Any], ratio: Fraction, points: Fraction) -> Fraction:
    match said["scoring"]:
        case "share":
            return points * min(max(ratio, Fraction(0)), Fraction(1))
        case "capped":
            threshold = Fraction(str(said["threshold"]))
            return points * min(max(ratio, Fraction(0)) / threshold, Fraction(1))
        case "value":
            return ratio
        case _:
            steps = [
                Fraction(str(p)) for least, p in said["steps"] if ratio >= Fraction(str(least))
            ]
            return max(steps, default=Fraction(0))


def total(figures: Mapping[str, Figure]) -> Decimal:
    """The sum of the points that are shown."""
    return sum((f.score for f in figures.values() if f.score is not None), Decimal(0))


def ranked(values: Mapping[str, Decimal | None]) -> dict[str, int]:
    """Places, best first: equal ones share a place, and the next is as far on as they are many."""
    known = sorted((value for value in values.values() if value is not None), reverse=True)
    return {who: known.index(value) + 1 for who, value in values.items() if value is not None}
