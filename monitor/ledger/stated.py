"""Official figures as a JSON document, for files, the interface, and systems that take them in.

Field by field in docs/reference/reports.md. A document depends on the cut and the set alone: no
clock and no machine is in it. Percentages and points are numbers of so many decimals as the set
says; numerator and denominator are what to calculate with. A field that has no value is null, and
`standing` says why: null is never 0.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import orjson

from monitor.domain.facts import Term
from monitor.domain.indicator import (
    TOTAL,
    Figure,
    Indicator,
    IndicatorSet,
    Scorecard,
    Scoring,
    Standing,
    Sum,
    Target,
    written,
)
from monitor.domain.period import Period
from monitor.domain.ranking import value
from monitor.domain.zone import date_of
from monitor.ledger.between import Moved
from monitor.ledger.official import (
    About,
    Breakdown,
    Difference,
    Known,
    Official,
    Position,
    Published,
    Ranking,
)

FORMAT: Final = "emc-report/1"  # rises when a field gets another meaning


def as_bytes(document: Any) -> bytes:
    """The same bytes for the same document: sorted, UTF-8, lines ended by LF."""
    return orjson.dumps(
        document,
        default=_plain,
        option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # Shortest digits that read back as the same: 68.54 stays 68.54.
        return float(value)
    raise TypeError(f"{type(value).__name__} has no place in a document")


def scorecard(official: Official) -> dict[str, Any]:
    """All figures of a scope and period."""
    return {
        **heading("scorecard", official.set, official.period, official.known),
        **_card(official),
    }


def breakdown(one: Breakdown) -> dict[str, Any]:
    """The figures of a scope as a whole, then of each part."""
    return {
        **heading("breakdown", one.whole.set, one.whole.period, one.whole.known),
        "by": one.by.value,
        "whole": _card(one.whole),
        "rows": [_card(row) for row in one.rows],
    }


def ranking(one: Ranking) -> dict[str, Any]:
    """Who stands where, and what moved it since the period before."""
    return {
        **heading("ranking", one.set, one.period, one.known),
        "ranked": one.ranked.value,
        "by": one.by,
        "unit": POINTS if one.by == TOTAL else one.set.by_id[one.by].unit.value,
        "minimum": one.minimum,
        "period_before": str(one.period.before),
        "positions": [_position(one, position) for position in one.positions],
    }


POINTS: Final = (
    "points_of_known"  # points as a share of those that are known, on the set's scale
)


def _position(of: Ranking, one: Position) -> dict[str, Any]:
    place, card, then = one.place, one.now.scorecard, one.before.scorecard
    figure_ = None if of.by == TOTAL else card.figure(of.by)
    return {
        "scope": about(one.about),
        "peers": {
            "kind": place.peers.kind.value,
            "volume_class": place.peers.volume_class or None,
        },
        "place": place.place,
        "of": place.of,
        "unranked": None if place.unranked is None else place.unranked.value,
        "place_before": place.before,
        "movement": place.movement,
        "received": place.volume,
        "standing": _standing(place.value, card, of.by),
        "value": place.value,
        "value_before": value(then, of.by),
        "numerator": None if figure_ is None else figure_.numerator,
        "denominator": None if figure_ is None else figure_.denominator,
        "score": card.total,
        "out_of": card.out_of,
        "set_max_score": card.sum.stated,
        "band": None if card.band is None else card.band.id,
        "moved_by": [
            {"indicator": moved.indicator, "before": moved.before, "now": moved.now}
            for moved in one.by_indicator
        ]
        + [
            {
                "procedure": part.part or None,
                "before": list(part.before),
                "now": list(part.now),
                "by_numerator": float(part.by_numerator),
                "by_denominator": float(part.by_denominator),
            }
            for part in one.by_procedure
        ],
    }


def _standing(found: Decimal | None, card: Scorecard, by: str) -> str:
    if by != TOTAL:
        return card.figure(by).standing.value
    return (Standing.NULL if found is None else Standing.NUMBER).value


def difference(one: Difference) -> dict[str, Any]:
    """The same figures at two cuts."""
    return {
        **heading("difference", one.after.set, one.after.period, one.after.known),
        "scope": about(one.after.about),
        "since": heading("difference", one.before.set, one.before.period, one.before.known)[
            "known"
        ],
        "since_set": {
            "id": one.before.set.id,
            "version": one.before.set.version,
            "hash": one.before.set.hash,
        },
        "causes": [cause.value for cause in one.causes],
        "booked": {class_: _moved(moved) for class_, moved in one.booked.items()},
        "figures": [
            {
                **_named(change.indicator),
                "same": change.same,
                "before": _side(change.before),
                "after": _side(change.after),
                "numerator_moved": _moved(change.numerator),
                "denominator_moved": _moved(change.denominator),
            }
            for change in one.changes
        ],
    }


def _named(one: Indicator) -> dict[str, Any]:
    return {
        "indicator": one.id,
        "group": one.group,
        "name_vi": one.name_vi,
        "name_en": one.name_en,
        "unit": one.unit.value,
        "basis": one.basis.value,
        "source": one.source,
        "source_vi": one.source_vi or one.source,
    }


def _side(one: Figure | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "standing": one.standing.value,
        "numerator": one.numerator,
        "denominator": one.denominator,
        "value": one.shown,
        "score": one.score,
        "max_score": one.most,
    }


def _moved(one: Moved | None) -> dict[str, int] | None:
    return None if one is None else {"came": one.came, "went": one.went}


def _card(official: Official) -> dict[str, Any]:
    card = official.scorecard
    return {
        "scope": about(official.about),
        "figures": [
            figure(
                one,
                official.beside(one),
                official.apart(one),
                official.earlier(one),
                official.change(one),
            )
            for one in card.figures
        ],
        "groups": [
            {
                "group": group.id,
                "name_vi": group.name_vi,
                "name_en": group.name_en,
                **_sum(card.groups[group.id]),
            }
            for group in official.set.groups
        ],
        "total": {
            **_sum(card.sum),
            "band": None
            if card.band is None
            else {
                "id": card.band.id,
                "name_vi": card.band.name_vi,
                "name_en": card.band.name_en,
                "basis": card.band.basis.value,
            },
            "official": _published(official.published.get(TOTAL)),
        },
        "checks": [
            {
                "id": one.check.id,
                "name_vi": one.check.name_vi,
                "name_en": one.check.name_en,
                "left": one.left,
                "right": one.right,
                "difference": one.difference,
            }
            for one in card.checked
        ],
    }


def heading(
    kind: str, indicators: IndicatorSet, period: Period, known: Known
) -> dict[str, Any]:
    """What every document begins with: by what, of when, and as known when."""
    return {
        "format": FORMAT,
        "kind": kind,
        "set": {
            "id": indicators.id,
            "version": indicators.version,
            "hash": indicators.hash,
            "title_vi": indicators.title_vi,
            "title_en": indicators.title_en,
            "owner": indicators.owner,
            "source": indicators.source,
            "source_vi": indicators.source_vi or indicators.source,
            "basis": indicators.basis.value,
        },
        "period": {
            "id": str(period),
            "span": period.span.value,
            "first_day": date_of(period.first_day).isoformat(),
            "last_day": date_of(period.last_day).isoformat(),
            "over": known.as_of_day > period.last_day,
        },
        "known": {
            "cut": known.cut,
            "sealed_at": instant(known.sealed_at),
            "as_of_day": date_of(known.as_of_day).isoformat(),
            "zone": known.zone,
            "reference": known.reference or None,
            "policy_epoch": known.epoch,
            "rules_version": known.rules,
        },
    }


def about(one: About) -> dict[str, Any]:
    """A scope."""
    return {
        "id": str(one.scope),
        "agency": one.scope.agency or None,
        "reach": one.scope.reach.value,
        "procedure": one.scope.procedure or None,
        "kind": one.kind.value,
        "name": one.name or None,
    }


def figure(
    one: Figure,
    published: Published | None,
    difference: Decimal | None,
    earlier: Figure | None = None,
    change: Decimal | None = None,
) -> dict[str, Any]:
    """A figure with all that it means."""
    indicator = one.indicator
    return {
        "indicator": indicator.id,
        "group": indicator.group,
        "name_vi": indicator.name_vi,
        "name_en": indicator.name_en,
        "definition_vi": indicator.definition_vi,
        "definition_en": indicator.definition_en,
        "standing": one.standing.value,
        "reason": None
        if one.reason is None
        else {"why": one.reason.why.value, "what": one.reason.what or None},
        "numerator": one.numerator,
        "denominator": one.denominator,
        "times": None
        if not indicator.times
        else {"indicator": indicator.times, "factor": one.factor_percent},
        "excluded": one.excluded,
        "value": one.shown,
        "unit": indicator.unit.value,
        "value_before": None if earlier is None else earlier.shown,
        "standing_before": None if earlier is None else earlier.standing.value,
        "change": change,
        "score": one.score,
        "max_score": one.most,
        "target": None if indicator.target is None else _target(indicator.target, one.distance),
        "official": _published(published),
        "difference_to_official": difference,
        "zero_rule": indicator.if_zero.value,
        "scoring": indicator.score.rule.value,
        "max_points": None
        if indicator.score.rule is Scoring.NONE
        else float(indicator.score.most),
        "direction": indicator.direction.value,
        "numerator_is": terms(indicator.numerator),
        "denominator_is": terms(indicator.denominator),
        "basis": indicator.basis.value,
        "source": indicator.source,
        "source_vi": indicator.source_vi or indicator.source,
        "reverse_engineered": indicator.reverse_engineered,
    }


def terms(summed: Iterable[Term]) -> str | None:
    """A sum of facts in one line."""
    text = ""
    for term in summed:
        sign = "−" if term.sign < 0 else "+" if text else ""
        times = "" if abs(term.sign) == 1 else f"{abs(term.sign)}·"
        text += f"{' ' if text else ''}{sign}{' ' if text else ''}{times}{written(term)}"
    return text or None


def instant(at: datetime) -> str:
    """RFC 3339, UTC, to the microsecond, so that it can be given back as `--known-at`."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _sum(one: Sum) -> dict[str, Any]:
    return {
        "score": one.total,
        "out_of": one.out_of,
        "nothing_to_measure": one.empty,
        "unknown": one.unknown,
        "not_applicable": one.elsewhere,
        "set_max_score": one.stated,
        "complete": one.complete,
    }


def _target(target: Target, distance: Decimal | None) -> dict[str, Any]:
    return {
        "value": float(target.value),
        "due": None if target.due_day is None else date_of(target.due_day).isoformat(),
        "source": target.source,
        "source_vi": target.source_vi or target.source,
        "basis": target.basis.value,
        "distance": distance,
    }


def _published(one: Published | None) -> dict[str, Any] | None:
    if one is None:
        return None
    return {
        "value": one.value,
        "unit": one.unit,
        "numerator": one.numerator,
        "denominator": one.denominator,
        "source": one.source,
        "survey": one.survey or None,
        "not_issued": one.not_issued,
    }
