"""A dossier's story in the reader's words: each statement, who held it and how long, and why it is late."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from monitor.outlets.console import shown, texts
from monitor.outlets.console.page import Visit
from monitor.outlets.console.worst import called

Told = Mapping[str, Any]  # what `emc explain --json` tells

_TIMES: Final = frozenset({"receipt", "due", "until", "sent", "accepted", "paused"})
_CODED: Final = frozenset(
    {"channel", "level", "applicant_type", "form", "sub_channel", "target", "code"}
)
# Said by the place, the procedure and the state of a line already.
_TOLD_ELSEWHERE: Final = frozenset({"state", "procedure", "agency", "unit"})
_LATE: Final = frozenset({"late", "overdue"})
_PARTS: Final = (
    "by_hour",
    "worked_bins",
    "limit_bins",
    "elapsed",
    "worked",
    "within",
    "beyond",
)
_RULES: Final = ("766", "06b", "first_due")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A statement, and what came of it."""

    at: str
    heading: str
    place: str
    holder: str
    said: Sequence[tuple[str, str]]
    effect: str  # "" where it simply counts
    turns: Sequence[tuple[str, str]]  # the turn, and the rules whose clocks make it
    warnings: Sequence[str]
    arrived: str
    source: str
    id: str
    late: bool  # the first after the due date


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """For how long it lay at a place."""

    place: str
    holder: str
    step: str
    since: str
    until: str
    ms: int
    per_mille: int  # of the longest


def instant(text: str | None) -> datetime | None:
    """A time as it is told."""
    return None if text is None else datetime.fromisoformat(text)


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def place_of(visit: Visit, place: Told | None) -> str:
    """An agency by its name, and the unit in it."""
    if place is None or not place["agency"]:
        return "–"
    code = place["agency"]
    agencies = visit.in_force.agencies
    name = agencies.rows(code)[-1].value.name if code in agencies else code
    return f"{place['unit']}, {name}" if place["unit"] else str(name)


def _known(visit: Visit, key: str, otherwise: str) -> str:
    return visit.t(key) if key in texts.ALL else otherwise


# -- the verdict ---------------------------------------------------------------------------------


def verdict(told: Told) -> Mapping[str, Any] | None:
    """That of Decision 766; the plain one where that does not judge, or where only that is late.

    None before acceptance, and without a due date.
    """
    by_rule: dict[str, Mapping[str, Any]] = {one["rule"]: one for one in told["verdicts"]}
    found = [
        one
        for rule in ("on_time_766", "on_time")
        if (one := by_rule.get(rule)) is not None
        and one["due"] is not None
        and one["finding"] != "not_judged"
    ]
    late = [one for one in found if one["finding"] in _LATE]
    return next(iter(late or found), None)


def headline(visit: Visit, one: Mapping[str, Any]) -> str:
    """How it stands, in a word and a span."""
    due = _ms(one["due"])
    end = visit.now_ms if one["net"] is None else _ms(one["net"])
    span = shown.lasting(visit, abs(end - due))
    if one["finding"] == "paused":
        return visit.t("verdict.paused_late" if end > due else "verdict.paused", span=span)
    if one["finding"] in _LATE:
        return visit.t("verdict.late", span=span)
    if one["end"] is None:
        return visit.t("verdict.left", span=span)
    return visit.t("verdict.in_time", span=span) if end < due else visit.t("verdict.exact")


def because(
    visit: Visit, told: Told, one: Mapping[str, Any], stays: Sequence[Stay]
) -> list[str]:
    """Why, in sentences."""
    due = shown.when(visit, instant(one["due"]))
    found = []
    if one["end"] is None:
        place = place_of(visit, told["holder"])
        found.append(visit.t("verdict.open_at", due=due, place=place))
    else:
        end = shown.when(visit, instant(one["end"]))
        found.append(visit.t("verdict.ended_at", due=due, end=end))
    if stays and one["finding"] in (*_LATE, "paused"):
        most = max(stays, key=lambda stay: stay.ms)
        found.append(
            visit.t(
                "verdict.longest",
                place=most.place,
                span=shown.lasting(visit, most.ms),
                step=most.step or most.holder,
            )
        )
    if one["taken_off_ms"]:
        span = shown.lasting(visit, one["taken_off_ms"])
        found.append(visit.t("verdict.taken_off", span=span))
    if one["late_by_supplements"]:
        found.append(visit.t("verdict.second", n=one["supplements"]))
    found.append(visit.t("verdict.by", rule=visit.t(f"verdict.{one['rule']}")))
    for other in told["verdicts"]:
        if other["rule"] == "on_time_766" != one["rule"]:
            finding = visit.t(f"finding.{other['finding']}")
            found.append(visit.t("verdict.other", finding=finding))
    return found


# -- who held it ---------------------------------------------------------------------------------


def stays(visit: Visit, told: Told) -> list[Stay]:
    """Where it lay from acceptance to its end, or until now."""
    end = visit.now_ms if told["end"] is None else _ms(told["end"])
    marks: list[tuple[int, tuple[str, str, str]]] = []
    for one in told["story"]:
        if one["outcome"] not in ("in_process", "paused") or one["kind"] != "state":
            continue
        at = (place_of(visit, one["place"]), one["holder"], str(one["says"].get("step", "")))
        if not marks or marks[-1][1] != at:
            marks.append((_ms(one["effective"]), at))
    spans = [
        (at, since, until)
        # Of one that nobody has accepted there is no mark.
        for (since, at), (until, _) in pairwise([*marks, (end, ("", "", ""))])
        if until > since
    ]
    longest = max((until - since for _, since, until in spans), default=1)
    return [
        Stay(
            place=place,
            holder=visit.t(f"holds.{holder or 'nobody'}"),
            step=step,
            since=shown.when(visit, since),
            until=visit.t("dossier.still")
            if told["end"] is None and until == end
            else shown.when(visit, until),
            ms=until - since,
            per_mille=1000 * (until - since) // longest,
        )
        for (place, holder, step), since, until in spans
    ]


# -- the timeline --------------------------------------------------------------------------------


def lines(visit: Visit, told: Told, due: str | None) -> list[Line]:
    """Every statement, in the order in which they take effect."""
    found = []
    late = False
    before: dict[str, Any] = {}
    for one in told["story"]:
        says = one["says"]
        heading = _known(visit, f"event.{one['kind']}", one["kind"])
        if one["kind"] == "state":
            heading = _known(visit, f"state.{says['state']}", heading)
        turned: dict[str, list[str]] = {}
        for turn in one["turns"]:
            turned.setdefault(turn["turn"], []).append(visit.t(f"verdict.{turn['rule']}"))
        now_late = due is not None and _ms(one["effective"]) > _ms(due)
        found.append(
            Line(
                at=shown.when(visit, instant(one["effective"])),
                heading=heading,
                place=place_of(visit, one["place"]),
                holder=""
                if one["holder"] in (None, "nobody")
                else visit.t(f"holds.{one['holder']}"),
                said=[
                    (_field(visit, one["kind"], name), _value(visit, name, value))
                    for name, value in says.items()
                    # A state says all again: what is new of it is told.
                    if one["kind"] != "state"
                    or (name not in _TOLD_ELSEWHERE and before.get(name) != value)
                ],
                effect=""
                if one["effect"] == "counts"
                else _known(visit, f"effect.{one['effect']}", one["effect"]),
                turns=[(visit.t(f"turn.{turn}"), "; ".join(by)) for turn, by in turned.items()],
                warnings=[_known(visit, f"warning.{name}", name) for name in one["warnings"]],
                arrived=shown.when(visit, instant(one["arrival"])),
                source=one["source"],
                id=one["id"],
                late=now_late and not late,
            )
        )
        late = late or now_late
        if one["kind"] == "state":
            before |= says
    return found


def _field(visit: Visit, kind: str, name: str) -> str:
    """What it is called; some mean another thing in a statement of another kind."""
    usual = _known(visit, f"field.{name}", name)
    return _known(visit, f"field.{kind}.{name}", usual)


def _value(visit: Visit, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return visit.t("said.yes" if value else "said.no")
    if name in _TIMES and isinstance(value, str):
        return shown.when(visit, instant(value))
    if name in _CODED:
        return _known(visit, f"{name}.{value}", str(value))
    if name == "state":
        return _known(visit, f"state.{value}", str(value))
    if name == "procedure":
        return called(visit, value)
    if name == "agency":
        return place_of(visit, {"agency": value, "unit": ""})
    return shown.number(visit, value) if isinstance(value, int) else str(value)


def measure(visit: Visit, name: str) -> str:
    """A figure's name: what is counted, which part of it, by which rule."""
    part = rule = ""
    rest = name
    if f"measure.{rest}" not in texts.ALL:
        part = next((one for one in _PARTS if rest.endswith(f"_{one}")), "")
        rest = rest.removesuffix(f"_{part}") if part else rest
        rule = next((one for one in _RULES if rest.endswith(f"_{one}")), "")
        rest = rest.removesuffix(f"_{rule}") if rule else rest
    if f"measure.{rest}" not in texts.ALL:
        return name
    said = visit.t(f"measure.{rest}")
    if part:
        said = f"{said}, {visit.t(f'part.{part}')}"
    return f"{said} ({visit.t(f'by.{rule}')})" if rule else said
