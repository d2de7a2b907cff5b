"""A document as one flat table in CSV: machine names, both languages, everything in each row.

RFC 4180 with LF, UTF-8. An empty field has no value, and the row's `standing` says why: null is
never 0. Texts of others that a spreadsheet would take for a formula get an apostrophe in front.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from monitor.domain.spreadsheet import harmless, lines


class Field(NamedTuple):
    """A column: its name, where its value is in a document, what it means."""

    name: str
    path: str
    meaning: str


# In each row, before what is the row's own.
HEAD: Final = (
    Field("kind", "kind", "what the report is: scorecard, breakdown, ranking or difference"),
    Field("set", "set.id", "the set of indicators"),
    Field("set_version", "set.version", "its version, as its owner numbers it"),
    Field("set_hash", "set.hash", "digest of all that the set's file says"),
    Field("period", "period.id", "2026-08, 2026-Q3, 2026-H2, 2026 or 2026-08-14"),
    Field("period_first_day", "period.first_day", "local, included"),
    Field("period_last_day", "period.last_day", "local, included"),
    Field("as_of_day", "known.as_of_day", "what is open is judged at the end of this day or of the period's last, whichever is earlier"),
    Field("cut", "known.cut", "number of the journal up to which is counted"),
    Field("cut_sealed_at", "known.sealed_at", "when the cut was published, UTC; give it as `--known-at` for the same report"),
    Field("reference", "known.reference", "hash of the reference files in force then"),
    Field("policy_epoch", "known.policy_epoch", "under which policy was booked"),
    Field("rules_version", "known.rules_version", "of the measures' rules in that epoch"),
)  # fmt: skip
SCOPE: Final = (
    Field("scope", "scope.id", "country, H56, G01/own, G01/sector, H56+1.004194"),
    Field("scope_kind", "scope.kind", "country, ministry, province, department, …"),
    Field("scope_name", "scope.name", "the agency's name, as the reference files have it"),
)
FIGURE: Final = (
    Field("indicator", "indicator", "its id in the set"),
    Field("group", "group", "of indicators, as the set has it"),
    Field("name_vi", "name_vi", "name, Vietnamese"),
    Field("name_en", "name_en", "name, English"),
    Field("standing", "standing", "number, null, not_applicable, no_data or too_few"),
    Field("reason", "reason.why", "why it is no plain quotient"),
    Field("reason_what", "reason.what", "what of"),
    Field("numerator", "numerator", "a whole number"),
    Field("denominator", "denominator", "a whole number; empty for a count"),
    Field("times", "times.indicator", "the indicator by whose ratio the quotient is multiplied"),
    Field("factor", "times.factor", "that ratio in percent; empty where it is not known"),
    Field("excluded", "excluded", "left out of both, where the indicator leaves something out"),
    Field("value", "value", "rounded half up, in `unit`"),
    Field("unit", "unit", "percent, count, points, hours, days, working_hours, working_days"),
    Field("value_before", "value_before", "in the period before, as known at the same cut"),
    Field("standing_before", "standing_before", "of that"),
    Field("change", "change", "value less value_before"),
    Field("score", "score", "points, rounded"),
    Field("max_score", "max_score", "points that it could have had; of the total: those could that have points"),
    Field("target", "target.value", "what somebody wants it to be, in `unit`"),
    Field("target_due", "target.due", "by when"),
    Field("target_distance", "target.distance", "value less target"),
    Field("target_source", "target.source", "who wants it"),
    Field("target_source_vi", "target.source_vi", "likewise, Vietnamese"),
    Field("official_value", "official.value", "as published by others, for this scope and period"),
    Field("official_unit", "official.unit", "of the official value: percent or points"),
    Field("official_numerator", "official.numerator", "if they published it"),
    Field("official_denominator", "official.denominator", "if they published it"),
    Field("official_source", "official.source", "who claims it"),
    Field("difference_to_official", "difference_to_official", "ours less theirs, in their unit"),
    Field("zero_rule", "zero_rule", "where the denominator is 0: null, zero, full_marks or last_year"),
    Field("scoring", "scoring", "how a ratio becomes points"),
    Field("max_points", "max_points", "points that the rule gives at most; of the total: all indicators of the set"),
    Field("direction", "direction", "which way is better"),
    Field("basis", "basis", "law, practice or assumption"),
    Field("source", "source", "the text that the indicator is from"),
    Field("source_vi", "source_vi", "likewise, Vietnamese"),
    Field("reverse_engineered", "reverse_engineered", "the formula was derived from published figures"),
    Field("definition_vi", "definition_vi", "plain definition, Vietnamese"),
    Field("definition_en", "definition_en", "plain definition, English"),
    Field("numerator_is", "numerator_is", "the facts that are summed"),
    Field("denominator_is", "denominator_is", "likewise"),
)  # fmt: skip
POSITION: Final = (
    Field("peers", "peers.kind", "who is compared with one another"),
    Field("volume_class", "peers.volume_class", "A, B or C, where peers are parted by volume"),
    Field("place", "place", "empty for who has none"),
    Field("of", "of", "how many of the peers have a place"),
    Field("unranked", "unranked", "why there is no place: null or too_small"),
    Field("place_before", "place_before", "in the period before, among the same peers"),
    Field("movement", "movement", "places risen; fallen: negative"),
    Field("received", "received", "dossiers received in the period"),
    Field("standing", "standing", "of the value"),
    Field("value", "value", "what is ranked by"),
    Field("value_before", "value_before", "in the period before"),
    Field("numerator", "numerator", "of the indicator that is ranked by"),
    Field("denominator", "denominator", "likewise"),
    Field("score", "score", "points of those that are known"),
    Field("out_of", "out_of", "points that these could have had"),
    Field("set_max_score", "set_max_score", "points that all could have, as the set states it"),
    Field("band", "band", "the verdict on the points"),
)  # fmt: skip
RANKING: Final = (
    Field("ranked", "ranked", "ministries, provinces, communes or departments"),
    Field("by", "by", "an indicator, or total"),
    Field("unit", "unit", "of the value"),
    Field("minimum", "minimum", "fewer dossiers than this have no place"),
)  # fmt: skip
SINCE: Final = (
    Field("since_cut", "since.cut", "the earlier cut"),
    Field("since_sealed_at", "since.sealed_at", "when it was published, UTC"),
    Field("since_set_hash", "since_set.hash", "by which version of the set was known then"),
)  # fmt: skip
CHANGE: Final = (
    Field("indicator", "indicator", "its id in the set"),
    Field("name_vi", "name_vi", "name, Vietnamese"),
    Field("name_en", "name_en", "name, English"),
    Field("unit", "unit", "of the values"),
    Field("same", "same", "whether both cuts say the same"),
    *(
        Field(f"{name}_{side}", f"{side}.{name}", f"as known at the {cut} cut")
        for side, cut in (("before", "earlier"), ("after", "later"))
        for name in ("standing", "numerator", "denominator", "value", "score", "max_score")
    ),
    Field("numerator_came", "numerator_moved.came", "what came to it between the cuts"),
    Field("numerator_went", "numerator_moved.went", "what went from it"),
    Field("denominator_came", "denominator_moved.came", "likewise"),
    Field("denominator_went", "denominator_moved.went", "likewise"),
)  # fmt: skip
# The total of a set with points stands in a row of its own, the last.
TOTAL_ROW: Final = "total"


def as_csv(document: Mapping[str, Any]) -> bytes:
    """Of a document of any kind."""
    columns, rows = TABLES[document["kind"]](document)
    names = [column.name for column in columns]
    return lines([names, *([_cell(value) for value in row] for row in rows)]).encode()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return harmless(value)
        case _:
            return str(value)


def _at(document: Mapping[str, Any], path: str) -> Any:
    found: Any = document
    for step in path.split("."):
        if found is None:
            return None
        found = found.get(step)
    return found


def _values(document: Mapping[str, Any], fields: Iterable[Field]) -> list[Any]:
    return [_at(document, field.path) for field in fields]


Columns = tuple[Field, ...]
Rows = list[list[Any]]


def _scorecard(document: Mapping[str, Any]) -> tuple[Columns, Rows]:
    return (*HEAD, *SCOPE, *FIGURE), _card(_values(document, HEAD), document)


def _breakdown(document: Mapping[str, Any]) -> tuple[Columns, Rows]:
    """Scorecards one after the other: the parts, then the whole."""
    head = _values(document, HEAD)
    rows = [row for card in document["rows"] for row in _card(head, card)]
    return (*HEAD, *SCOPE, *FIGURE), rows + _card(head, document["whole"])


def _card(head: list[Any], card: Mapping[str, Any]) -> Rows:
    head = head + _values(card, SCOPE)
    rows = [[*head, *_values(figure, FIGURE)] for figure in card["figures"]]
    total = card["total"]
    if (
        total["score"] is not None
        or total["out_of"]
        or total["unknown"]
        or total["nothing_to_measure"]
    ):
        row = {
            "indicator": TOTAL_ROW,
            "standing": "null" if total["score"] is None else "number",
            "score": total["score"],
            "max_score": total["out_of"],
            "max_points": total["set_max_score"],
            "official": total["official"],
            "reason": {"why": "band", "what": total["band"]["id"]} if total["band"] else None,
        }
        rows.append([*head, *_values(row, FIGURE)])
    return rows


def _ranking(document: Mapping[str, Any]) -> tuple[Columns, Rows]:
    head = _values(document, (*HEAD, *RANKING))
    rows = [
        [*head, *_values(one, SCOPE), *_values(one, POSITION)] for one in document["positions"]
    ]
    return (*HEAD, *RANKING, *SCOPE, *POSITION), rows


def _difference(document: Mapping[str, Any]) -> tuple[Columns, Rows]:
    head = _values(document, (*HEAD, *SCOPE, *SINCE))
    rows = [[*head, *_values(one, CHANGE)] for one in document["figures"]]
    return (*HEAD, *SCOPE, *SINCE, *CHANGE), rows


TABLES: Final[Mapping[str, Callable[[Mapping[str, Any]], tuple[Columns, Rows]]]] = {
    "scorecard": _scorecard,
    "breakdown": _breakdown,
    "ranking": _ranking,
    "difference": _difference,
}
