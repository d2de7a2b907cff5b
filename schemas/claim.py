"""What somebody else has counted: a source its own events, an agency or a survey a figure."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct, field

from monitor.domain.event import Kind
from schemas import event as canonical
from schemas import fields, texts
from schemas.attributes import attributes, outside
from schemas.cloudevents import Envelope
from schemas.event import ClaimedCount, CountedType
from schemas.refusal import Reason, Unreadable
from schemas.times import day_number, iso_day

ANY_STATE: Final = -1
NUMBERS: Final = dict(zip(CountedType, Kind, strict=True))
TYPES: Final = {kind: type_ for type_, kind in NUMBERS.items()}


class CountData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How many different events of a type, or of one state."""

    type: Annotated[
        CountedType, Meta(description="Type of the events.", examples=["dossier.state.v1"])
    ]
    count: Annotated[
        fields.Count,
        Meta(description="How many, each id once however often it was sent.", examples=[212]),
    ]
    state: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=10,
                description="Of this national state only; for `dossier.state.v1`.",
                examples=[2],
            ),
        ]
        | None
    ) = None


class ReconciliationData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the source itself has counted for a day that is over, its list of dossiers, or both.

    An event belongs to the day on which its `time` falls, in the policy's zone. What is listed
    is compared; where states of a type are listed, a state that is not is claimed to be none.
    Of the claims for a day the one that arrived last stands; the others are kept.
    """

    day: Annotated[fields.Day, Meta(description="The day.", examples=["2026-08-03"])]
    claim: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$(?!\n)",
            description="The source's own name of this claim: the same for all its chunks, "
            "another one for another claim.",
            examples=["2026-08-03.1"],
        ),
    ]
    chunk: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=10_000,
                description="Which part of the list this is, from 1. 1 if absent.",
                examples=[1],
            ),
        ]
        | None
    ) = None
    chunks: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=10_000,
                description="In how many parts the list comes. 1 if absent.",
                examples=[1],
            ),
        ]
        | None
    ) = None
    counts: (
        Annotated[
            list[CountData],
            Meta(
                max_length=64,
                description="The counts; in the first chunk if the claim has several.",
                examples=[[{"type": "dossier.state.v1", "state": 2, "count": 212}]],
            ),
        ]
        | None
    ) = None
    codes: (
        Annotated[
            list[Annotated[str, Meta(min_length=1, max_length=texts.LONGEST_KEY)]],
            Meta(
                max_length=fields.MOST_CODES,
                description="Codes of the dossiers that had an event on the day.",
                examples=[["H56.14-260803-0001", "H56.14-260803-0002"]],
            ),
        ]
        | None
    ) = None


class ReconciliationClaim(
    Envelope, frozen=True, kw_only=True, gc=False, tag="reconciliation.claim.v1"
):
    """A source's own counts, in their envelope."""

    data: ReconciliationData


def reconciliation(
    event: ReconciliationClaim, record_time_ms: int, _: Callable[[str, str], int]
) -> canonical.ReconciliationClaim:
    data = event.data
    chunk, chunks = data.chunk or 1, data.chunks or 1
    if chunk > chunks:
        raise Unreadable(Reason.CONTRADICTORY, "data.chunk")
    if not data.counts and data.codes is None:
        raise Unreadable(Reason.MISSING_FIELD, "data.counts")
    return canonical.ReconciliationClaim(
        **attributes(event, record_time_ms),
        day=day_number(data.day, "data.day"),
        claim=data.claim,
        chunk=chunk,
        chunks=chunks,
        counts=_counts(data.counts or ()),
        codes=None if data.codes is None else _codes(data.codes, event.source),
    )


def _counts(said: Sequence[CountData]) -> tuple[ClaimedCount, ...]:
    counts: dict[tuple[int, int], ClaimedCount] = {}
    for number, one in enumerate(said):
        if one.state is not None and one.type is not CountedType.STATE:
            raise Unreadable(Reason.CONTRADICTORY, f"data.counts[{number}].state")
        kind, state = NUMBERS[one.type], ANY_STATE if one.state is None else one.state
        if (kind, state) in counts:
            raise Unreadable(Reason.CONTRADICTORY, f"data.counts[{number}]")
        counts[kind, state] = ClaimedCount(kind, state, one.count)
    return tuple(counts[key] for key in sorted(counts))


def _codes(said: Sequence[str], source: str) -> tuple[str, ...]:
    return tuple(
        sorted({texts.dossier(code, source, f"data.codes[{n}]") for n, code in enumerate(said)})
    )


def reconciliation_claim(event: canonical.ReconciliationClaim) -> ReconciliationClaim:
    return ReconciliationClaim(
        **outside(event),
        data=ReconciliationData(
            day=iso_day(event.day),
            claim=event.claim,
            chunk=event.chunk,
            chunks=event.chunks,
            counts=[
                CountData(
                    type=TYPES[one.kind],
                    count=one.count,
                    state=None if one.state == ANY_STATE else one.state,
                )
                for one in event.counts
            ]
            or None,
            codes=None if event.codes is None else list(event.codes),
        ),
    )


class ExternalData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A figure that no event tells: an agency or a survey states it, and is named with it.

    It is shown beside what is counted, never added to it. Told again for the same indicator,
    agency, period and survey, the higher revision stands, then the later arrival.
    """

    indicator: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:()-]{0,62}$(?!\n)",
            description="Name of the measure or of the official indicator, as in "
            "docs/reference/event-uses.md.",
            examples=["adult_population"],
        ),
    ]
    survey: Annotated[
        fields.Name,
        Meta(
            min_length=1,
            description="The survey, report or decision that says so, by its name.",
            examples=["Báo cáo kết quả triển khai Đề án 06, quý II/2026"],
        ),
    ]
    agency: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="Code of the agency that it is about.",
            examples=["H56"],
        ),
    ]
    from_: Annotated[
        fields.Day, Meta(description="First day of the period.", examples=["2026-04-01"])
    ] = field(name="from")
    to: Annotated[
        fields.Day, Meta(description="Last day of the period.", examples=["2026-06-30"])
    ]
    numerator: (
        Annotated[fields.Count, Meta(description="Of these.", examples=[412_300])] | None
    ) = None
    denominator: (
        Annotated[
            fields.Count,
            Meta(description="Out of those; with a numerator only.", examples=[1_204_511]),
        ]
        | None
    ) = None
    value: (
        Annotated[
            str,
            Meta(
                pattern=r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$(?!\n)",
                description="The figure as it was stated, a decimal number in a text. Alone only "
                "where there is no numerator to be had.",
                examples=["34.23"],
            ),
        ]
        | None
    ) = None
    unit: (
        Annotated[
            str,
            Meta(
                pattern=r"^[a-z%][a-z_]{0,31}$(?!\n)",
                description="What the value is measured in.",
                examples=["%"],
            ),
        ]
        | None
    ) = None
    respondents: (
        Annotated[fields.Count, Meta(description="Persons asked.", examples=[1_800])] | None
    ) = None
    not_issued: (
        Annotated[
            bool,
            Meta(
                description="The method of the indicator has not been issued: shown as not "
                "applicable, never as 0.",
                examples=[False],
            ),
        ]
        | None
    ) = None
    revision: fields.Revision | None = None


class ExternalClaim(Envelope, frozen=True, kw_only=True, gc=False, tag="external.claim.v1"):
    """A stated figure, in its envelope."""

    data: ExternalData


def external(
    event: ExternalClaim, record_time_ms: int, _: Callable[[str, str], int]
) -> canonical.ExternalClaim:
    data = event.data
    first, last = day_number(data.from_, "data.from"), day_number(data.to, "data.to")
    if last < first:
        raise Unreadable(Reason.CONTRADICTORY, "data.to")
    if (data.numerator is None) != (data.denominator is None):
        raise Unreadable(
            Reason.MISSING_FIELD,
            "data.numerator" if data.numerator is None else "data.denominator",
        )
    stated = data.numerator is not None or data.value is not None
    if data.not_issued is True and stated:
        raise Unreadable(Reason.CONTRADICTORY, "data.not_issued")
    if data.not_issued is not True and not stated:
        raise Unreadable(Reason.MISSING_FIELD, "data.value")
    return canonical.ExternalClaim(
        **attributes(event, record_time_ms),
        indicator=data.indicator,
        survey=texts.required_name(data.survey, "data.survey"),
        agency=texts.agency(data.agency, "data.agency"),
        from_day=first,
        to_day=last,
        numerator=data.numerator,
        denominator=data.denominator,
        value=data.value or "",
        unit=data.unit or "",
        respondents=data.respondents,
        not_issued=data.not_issued is True,
        revision=data.revision or 0,
    )


def external_claim(event: canonical.ExternalClaim) -> ExternalClaim:
    return ExternalClaim(
        **outside(event),
        data=ExternalData(
            indicator=event.indicator,
            survey=event.survey,
            agency=event.agency,
            from_=iso_day(event.from_day),
            to=iso_day(event.to_day),
            numerator=event.numerator,
            denominator=event.denominator,
            value=event.value or None,
            unit=event.unit or None,
            respondents=event.respondents,
            not_issued=event.not_issued or None,
            revision=event.revision or None,
        ),
    )
