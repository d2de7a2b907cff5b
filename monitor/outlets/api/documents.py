"""Schemas of the documents that reports write too (`monitor.ledger.stated`)."""

from typing import Any, Final

from monitor.domain.deadlines import Basis
from monitor.domain.indicator import Direction, IfZero, Kind, Scoring, Standing, Unit, Why
from monitor.domain.period import Span
from monitor.domain.ranking import Unranked
from monitor.domain.scope import Reach
from monitor.ledger.official import Cause, Ranked
from monitor.ledger.releases import Standing as ReleasedStanding
from monitor.ledger.stated import FORMAT, POINTS

Json = dict[str, Any]

TEXT: Final[Json] = {"type": "string"}
WHOLE: Final[Json] = {"type": "integer"}
DECIMAL: Final[Json] = {"type": "number"}
YES_NO: Final[Json] = {"type": "boolean"}
DAY: Final[Json] = {"type": "string", "format": "date"}
INSTANT: Final[Json] = {"type": "string", "format": "date-time"}


def _of(**fields: Json) -> Json:
    """An object of just these fields."""
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }


def _or_null(schema: Json) -> Json:
    if "enum" in schema:
        return {**schema, "type": ["string", "null"], "enum": [*schema["enum"], None]}
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def _word(choices: Any) -> Json:
    return {"type": "string", "enum": [one.value for one in choices]}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


_HEADING: Final[Json] = {
    "format": {"const": FORMAT},
    "set": _ref("SetNamed"),
    "period": _ref("PeriodNamed"),
    "known": _ref("KnownAt"),
}
_CARD: Final[Json] = {
    "scope": _ref("ScopeNamed"),
    "figures": _list(_ref("FigureStated")),
    "groups": _list(
        _of(
            group=TEXT,
            name_vi=TEXT,
            name_en=TEXT,
            score=_or_null(DECIMAL),
            out_of=DECIMAL,
            nothing_to_measure=DECIMAL,
            unknown=DECIMAL,
            not_applicable=DECIMAL,
            set_max_score=DECIMAL,
            complete=YES_NO,
        )
    ),
    "total": _of(
        score=_or_null(DECIMAL),
        out_of=DECIMAL,
        nothing_to_measure=DECIMAL,
        unknown=DECIMAL,
        not_applicable=DECIMAL,
        set_max_score=DECIMAL,
        complete=YES_NO,
        band=_or_null(_of(id=TEXT, name_vi=TEXT, name_en=TEXT, basis=_word(Basis))),
        official=_or_null(_ref("PublishedByOthers")),
    ),
    "checks": _list(
        _of(
            id=TEXT,
            name_vi=TEXT,
            name_en=TEXT,
            left=_or_null(WHOLE),
            right=_or_null(WHOLE),
            difference=_or_null(WHOLE),
        )
    ),
}
_MOVED: Final[Json] = _of(came=WHOLE, went=WHOLE)
_SIDE: Final[Json] = _of(
    standing=_word(Standing),
    numerator=_or_null(WHOLE),
    denominator=_or_null(WHOLE),
    value=_or_null(DECIMAL),
    score=_or_null(DECIMAL),
    max_score=_or_null(DECIMAL),
)

_TITLE: Final[Json] = _of(vi=TEXT, en=TEXT)

SCHEMAS: Final[Json] = {
    "Release": _of(
        table=TEXT,
        version=TEXT,
        title=_TITLE,
        definition=_TITLE,
        limit={**WHOLE, "description": "Counts below it are not shown, nor told by others."},
        basis=TEXT,
        first_day=DAY,
        last_day=DAY,
        cut=_of(seq=WHOLE, at=INSTANT),
        reference=TEXT,
        epoch=WHOLE,
        sum_of={**_list(TEXT), "description": "Hashes of the releases that it is the sum of."},
        columns=_list(_of(column=TEXT, title=_TITLE)),
        cells=_list(
            _of(
                place=TEXT,
                above=_or_null(TEXT),
                name=TEXT,
                column=TEXT,
                value=_or_null(WHOLE),
                standing=_word(ReleasedStanding),
            )
        ),
        shares=_list(
            _of(
                share=TEXT,
                place=TEXT,
                numerator=WHOLE,
                denominator=WHOLE,
                percent=_or_null(TEXT),
            )
        ),
    ),
    "SetNamed": _of(
        id=TEXT,
        version=TEXT,
        hash={**TEXT, "description": "Digest of all that the set's file says."},
        title_vi=TEXT,
        title_en=TEXT,
        owner=TEXT,
        source=TEXT,
        source_vi=TEXT,
        basis=_word(Basis),
    ),
    "PeriodNamed": _of(id=TEXT, span=_word(Span), first_day=DAY, last_day=DAY, over=YES_NO),
    "KnownAt": {
        **_of(
            cut={**WHOLE, "description": "Number of the journal up to which is counted."},
            sealed_at={
                **INSTANT,
                "description": "When the cut was published; as `known_at` it gives the same again.",
            },
            as_of_day={
                **DAY,
                "description": "What is open is judged at 24:00 of this day, or of the period's last.",
            },
            zone=TEXT,
            reference={**_or_null(TEXT), "description": "Hash of the reference files."},
            policy_epoch=WHOLE,
            rules_version=WHOLE,
        ),
        "description": "As of what. The same again gives the same numbers, whatever is booked since.",
    },
    "ScopeNamed": _of(
        id=TEXT,
        agency=_or_null(TEXT),
        reach=_word(Reach),
        procedure=_or_null(TEXT),
        kind=_word(Kind),
        name=_or_null(TEXT),
    ),
    "PublishedByOthers": _of(
        value=_or_null(DECIMAL),
        unit=TEXT,
        numerator=_or_null(WHOLE),
        denominator=_or_null(WHOLE),
        source=TEXT,
        survey=_or_null(TEXT),
        not_issued=YES_NO,
    ),
    "FigureStated": {
        **_of(
            indicator=TEXT,
            group=TEXT,
            name_vi=TEXT,
            name_en=TEXT,
            definition_vi=TEXT,
            definition_en=TEXT,
            standing=_word(Standing),
            reason=_or_null(_of(why=_word(Why), what=_or_null(TEXT))),
            numerator=_or_null(WHOLE),
            denominator=_or_null(WHOLE),
            times=_or_null(_of(indicator=TEXT, factor=_or_null(DECIMAL))),
            excluded=_or_null(WHOLE),
            value=_or_null(DECIMAL),
            value_before=_or_null(DECIMAL),
            standing_before=_or_null(_word(Standing)),
            change=_or_null(DECIMAL),
            unit=_word(Unit),
            score=_or_null(DECIMAL),
            max_score=_or_null(DECIMAL),
            target=_or_null(
                _of(
                    value=DECIMAL,
                    due=_or_null(DAY),
                    source=TEXT,
                    source_vi=TEXT,
                    basis=_word(Basis),
                    distance=_or_null(DECIMAL),
                )
            ),
            official=_or_null(_ref("PublishedByOthers")),
            difference_to_official=_or_null(DECIMAL),
            zero_rule=_word(IfZero),
            scoring=_word(Scoring),
            max_points=_or_null(DECIMAL),
            direction=_word(Direction),
            numerator_is=_or_null(TEXT),
            denominator_is=_or_null(TEXT),
            basis=_word(Basis),
            source=TEXT,
            source_vi=TEXT,
            reverse_engineered=YES_NO,
        ),
        "description": "An indicator, evaluated, with all that it means. docs/reference/reports.md"
        " has the meaning of each field.",
    },
    "Scorecard": _of(kind={"const": "scorecard"}, **_HEADING, **_CARD),
    "Ranking": _of(
        kind={"const": "ranking"},
        **_HEADING,
        ranked=_word(Ranked),
        by=TEXT,
        unit={"type": "string", "enum": [POINTS, *(unit.value for unit in Unit)]},
        minimum=WHOLE,
        period_before=TEXT,
        positions=_list(
            _of(
                scope=_ref("ScopeNamed"),
                peers=_of(kind=_word(Kind), volume_class=_or_null(TEXT)),
                place=_or_null(WHOLE),
                of=WHOLE,
                unranked=_or_null(_word(Unranked)),
                place_before=_or_null(WHOLE),
                movement=_or_null(WHOLE),
                received=_or_null(WHOLE),
                standing=_word(Standing),
                value=_or_null(DECIMAL),
                value_before=_or_null(DECIMAL),
                numerator=_or_null(WHOLE),
                denominator=_or_null(WHOLE),
                score=_or_null(DECIMAL),
                out_of=DECIMAL,
                set_max_score=DECIMAL,
                band=_or_null(TEXT),
                moved_by=_list({"type": "object"}),
            )
        ),
    ),
    "Difference": _of(
        kind={"const": "difference"},
        **_HEADING,
        scope=_ref("ScopeNamed"),
        since=_ref("KnownAt"),
        since_set=_of(id=TEXT, version=TEXT, hash=TEXT),
        causes=_list(_word(Cause)),
        booked={"type": "object", "additionalProperties": _MOVED},
        figures=_list(
            _of(
                indicator=TEXT,
                group=TEXT,
                name_vi=TEXT,
                name_en=TEXT,
                unit=_word(Unit),
                basis=_word(Basis),
                source=TEXT,
                same=YES_NO,
                before=_or_null(_SIDE),
                after=_or_null(_SIDE),
                numerator_moved=_or_null(_MOVED),
                denominator_moved=_or_null(_MOVED),
            )
        ),
    ),
}
RELEASE: Final = _ref("Release")
SCORECARD: Final = _ref("Scorecard")
RANKING: Final = _ref("Ranking")
DIFFERENCE: Final = _ref("Difference")
