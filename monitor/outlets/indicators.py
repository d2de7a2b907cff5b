"""docs/reference/indicators.md and `emc indicators`: every set in words, written from the sets themselves."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from monitor.domain import indicator_words as words
from monitor.domain.indicator import Indicator, IndicatorSet, Kind, Scoring
from monitor.domain.zone import date_of

PATH: Final = "docs/reference/indicators.md"
_HEAD: Final = """\
# Official figures

<!-- Written by `emc docs` from deploy/reference/indicators/. Do not edit. -->

Every indicator of the shipped sets: what it is, how it is counted, and how sure that is. `emc indicators
show SET` prints the same of the sets of your own deployment. [How they are evaluated](../explanation/indicators.md),
[their files](reference-files.md#indicatorstoml).

In a formula, `[a] / [b]` is a quotient of two counts. *If there is nothing*: what it is where the denominator
is 0. A percentage has two decimals, half up.
"""


def page(sets: Iterable[IndicatorSet]) -> str:
    """The whole page."""
    return _HEAD + "".join(f"\n{line}\n" for one in sets for line in _section(one))


def _section(one: IndicatorSet) -> Iterator[str]:
    yield f"## `{one.id}`"
    yield f"**{one.title_vi}**\\\n{one.title_en}"
    until = "" if one.valid_until is None else f", until {date_of(one.valid_until - 1)}"
    yield (
        f"Version {one.version}, {one.owner}. Source: {one.source} ({one.basis})."
        f" For periods that begin from {date_of(one.valid_from)} on{until}."
    )
    if one.scored:
        yield _of_points(one)
    groups = {group.id: group for group in one.groups}
    last = ""
    for each in one.indicators:
        if each.group and each.group != last:
            group = groups[each.group]
            yield f"### {group.name_vi} · {group.name_en}"
        last = each.group
        yield _entry(each)
    if one.checks:
        yield "### Checks"
        yield "\n".join(f"- {check.name_vi} · {check.name_en}" for check in one.checks)


def _of_points(one: IndicatorSet) -> str:
    said = f"Points: {words.plain(sum((each.score.most for each in one.indicators), start=words.NOTHING))}."
    if one.bands:
        bands = ", ".join(
            f"from {words.plain(band.least)} {band.name_vi} ({band.name_en.lower()}, {band.basis})"
            for band in one.bands
        )
        said += f" Of {words.plain(one.bands_of)}: {bands}."
    if one.band_from:
        said += f" No verdict while fewer than {words.plain(one.band_from)} points are known."
    if one.full_marks_for:
        kinds = ", ".join(words.KINDS[kind].en for kind in _in_turn(one.full_marks_for))
        said += f" What is not applicable to {kinds} gives them all points."
    return said


def _entry(each: Indicator) -> str:
    said = [
        f"#### `{each.id}` {each.name_vi}",
        f"*{each.name_en}.* {each.definition_vi}",
        each.definition_en,
        "\n".join(
            f"- {name}: {text}" for name, text in described(each) if name != "Definition"
        ),
    ]
    return "\n\n".join(said)


def described(each: Indicator) -> Iterator[tuple[str, str]]:
    """What there is to say of an indicator besides its names, a line each."""
    yield from _how(each)
    yield from _bounds(each)
    if each.reverse_engineered:
        yield "Reverse-engineered", "worked out backwards from published scores"
    if each.beside:
        yield "To be read with", ", ".join(f"`{name}`" for name in each.beside)
    if each.note_vi:
        yield "Note", f"{each.note_vi} · {each.note_en}"
    if each.source_vi:
        yield "Căn cứ", each.source_vi
    yield "Source", f"{each.source} ({each.basis})"


def _how(each: Indicator) -> Iterator[tuple[str, str]]:
    """How it is counted and shown."""
    formula, zero, points = words.formula(each), words.zero_rule(each), words.points(each)
    yield "Công thức", formula.vi
    yield "Formula", formula.en
    if each.denominator:
        yield "If there is nothing", f"{zero.vi} · {zero.en}"
    if each.excluded:
        left = "; ".join(words.term(term).en for term in each.excluded)
        yield "Left out, shown beside", left
    if each.score.rule is not Scoring.NONE:
        yield "Points", f"{points.vi} · {points.en}"
    if unit := words.UNITS[each.unit].en:
        yield "Unit", unit


def _bounds(each: Indicator) -> Iterator[tuple[str, str]]:
    """Whom it is of, and what is asked of it."""
    if each.target is not None:
        due = "" if each.target.due_day is None else f" by {date_of(each.target.due_day)}"
        yield (
            "Target",
            f"{words.plain(each.target.value)}{due} ({each.target.source}; {each.target.basis})",
        )
    if each.minimum:
        yield "Minimum", f"{each.minimum}; with fewer no share is given"
    if each.listed:
        yield "On the list", str(each.listed)
    if each.kinds != frozenset(Kind):
        yield "Of", ", ".join(words.KINDS[kind].en for kind in _in_turn(each.kinds))
    if each.one_procedure:
        yield "Of", "one procedure only"
    if not each.method_issued:
        yield "Method", "not issued: not applicable until somebody states a value"


def _in_turn(kinds: Iterable[Kind]) -> list[Kind]:
    return sorted(kinds, key=list(Kind).index)


def as_values(sets: Sequence[IndicatorSet]) -> list[dict[str, Any]]:
    """For JSON."""
    return [
        {
            "id": one.id,
            "version": one.version,
            "hash": one.hash,
            "title_vi": one.title_vi,
            "title_en": one.title_en,
            "owner": one.owner,
            "source": one.source,
            "source_vi": one.source_vi or one.source,
            "basis": one.basis,
            "valid_from": str(date_of(one.valid_from)),
            "valid_until": None if one.valid_until is None else str(date_of(one.valid_until)),
            "indicators": [
                {
                    "id": each.id,
                    "group": each.group,
                    "name_vi": each.name_vi,
                    "name_en": each.name_en,
                    "definition_vi": each.definition_vi,
                    "definition_en": each.definition_en,
                    "formula_vi": words.formula(each).vi,
                    "formula_en": words.formula(each).en,
                    "if_zero": each.if_zero,
                    "unit": each.unit,
                    "points": float(each.score.most) if each.score.most else None,
                    "source": each.source,
                    "source_vi": each.source_vi or each.source,
                    "basis": each.basis,
                    "reverse_engineered": each.reverse_engineered,
                }
                for each in one.indicators
            ],
        }
        for one in sets
    ]
