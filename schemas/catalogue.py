"""The catalogue: procedures with their limits, and agencies, each from a day to a day."""

from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from monitor.domain.deadlines import Unit
from schemas import fields, texts
from schemas.attributes import attributes, outside
from schemas.cloudevents import Envelope
from schemas.event import AgencyKind, AgencyListed, ChannelLimit, ProcedureListed
from schemas.fields import LEVELS
from schemas.refusal import Reason, Unreadable
from schemas.times import day_number, iso_day

ValidFrom = Annotated[
    fields.Day,
    Meta(
        description="The first day on which this holds, in the policy's zone.",
        examples=["2025-07-01"],
    ),
]
ValidTo = Annotated[
    fields.Day,
    Meta(
        description="The last day on which it holds. Absent: until further notice.",
        examples=["2026-12-31"],
    ),
]


class LimitData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How long a procedure may take."""

    n: Annotated[
        int,
        Meta(ge=0, le=10_000, description="How many; 0 is the same day.", examples=[5]),
    ]
    unit: Annotated[Unit, Meta(description="Of what.", examples=["working_days"])]
    channel: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=3,
                description="For dossiers of this channel: 1 direct, 2 online, 3 postal. 0 or "
                "absent: for those that no other limit is for.",
                examples=[2],
            ),
        ]
        | None
    ) = None


class ProcedureData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A procedure as the catalogue has it. Of the same code and first day the last one stands."""

    code: fields.ProcedureCode
    name: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1024,
            description="Its official name.",
            examples=["Đăng ký khai sinh"],
        ),
    ]
    valid_from: ValidFrom
    valid_to: ValidTo | None = None
    level: fields.LevelCode | None = None
    eligible: (
        Annotated[
            bool,
            Meta(
                description="Whether it can be offered as full process.",
                examples=[True],
            ),
        ]
        | None
    ) = None
    fee: (
        Annotated[bool, Meta(description="Whether it bears a fee.", examples=[True])] | None
    ) = None
    document: (
        Annotated[bool, Meta(description="Whether its result is a document.", examples=[True])]
        | None
    ) = None
    lists: (
        Annotated[
            list[Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]],
            Meta(
                max_length=32,
                description="The lists of services that it stands on.",
                examples=[["essential-25"]],
            ),
        ]
        | None
    ) = None
    limits: (
        Annotated[
            list[LimitData],
            Meta(
                max_length=4,
                description="At most one for each channel. None: it has no time limit.",
                examples=[[{"n": 5, "unit": "working_days"}]],
            ),
        ]
        | None
    ) = None
    revision: fields.Revision | None = None


class CatalogueProcedure(
    Envelope, frozen=True, kw_only=True, gc=False, tag="catalogue.procedure.v1"
):
    """A procedure, in its envelope."""

    data: ProcedureData


def procedure_listed(
    event: CatalogueProcedure, record_time_ms: int, _: Callable[[str, str], int]
) -> ProcedureListed:
    data = event.data
    first, last = _validity(data)
    return ProcedureListed(
        **attributes(event, record_time_ms),
        code=texts.procedure(data.code, "data.code"),
        name=texts.required_name(data.name, "data.name"),
        valid_from=first,
        valid_to=last,
        level=data.level if data.level in LEVELS else 0,
        eligible=data.eligible,
        fee=data.fee,
        document=data.document,
        lists=tuple(sorted(set(data.lists or ()))),
        limits=_limits(data.limits or ()),
        revision=data.revision or 0,
    )


def catalogue_procedure(event: ProcedureListed) -> CatalogueProcedure:
    return CatalogueProcedure(
        **outside(event),
        data=ProcedureData(
            code=event.code,
            name=event.name,
            valid_from=iso_day(event.valid_from),
            valid_to=None if event.valid_to is None else iso_day(event.valid_to),
            level=event.level or None,
            eligible=event.eligible,
            fee=event.fee,
            document=event.document,
            lists=list(event.lists) or None,
            limits=[
                LimitData(n=limit.n, unit=limit.unit, channel=limit.channel or None)
                for limit in event.limits
            ]
            or None,
            revision=event.revision or None,
        ),
    )


class AgencyData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An agency as the catalogue has it. Of the same code and first day the last one stands."""

    code: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="Code of the agency, level 1 first.",
            examples=["H56.14"],
        ),
    ]
    name: Annotated[
        fields.Name, Meta(min_length=1, description="Its name.", examples=["Sở Tư pháp"])
    ]
    valid_from: ValidFrom
    valid_to: ValidTo | None = None
    parent: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Code of the agency above it.",
                examples=["H56"],
            ),
        ]
        | None
    ) = None
    kind: (
        Annotated[
            AgencyKind, Meta(description="What it is. Absent: other.", examples=["department"])
        ]
        | None
    ) = None
    successor: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Code of the agency that took it over after its last day.",
                examples=["H57.14"],
            ),
        ]
        | None
    ) = None
    revision: fields.Revision | None = None


class CatalogueAgency(Envelope, frozen=True, kw_only=True, gc=False, tag="catalogue.agency.v1"):
    """An agency, in its envelope."""

    data: AgencyData


def agency_listed(
    event: CatalogueAgency, record_time_ms: int, _: Callable[[str, str], int]
) -> AgencyListed:
    data = event.data
    first, last = _validity(data)
    code = texts.agency(data.code, "data.code")
    parent = texts.agency(data.parent, "data.parent") if data.parent else ""
    successor = texts.agency(data.successor, "data.successor") if data.successor else ""
    # Whoever adds up a tree walks from each agency to the one above it.
    if code == parent:
        raise Unreadable(Reason.CONTRADICTORY, "data.parent")
    if successor and (code == successor or last is None):
        raise Unreadable(Reason.CONTRADICTORY, "data.successor")
    return AgencyListed(
        **attributes(event, record_time_ms),
        code=code,
        name=texts.required_name(data.name, "data.name"),
        valid_from=first,
        valid_to=last,
        parent=parent,
        kind=data.kind or AgencyKind.OTHER,
        successor=successor,
        revision=data.revision or 0,
    )


def catalogue_agency(event: AgencyListed) -> CatalogueAgency:
    return CatalogueAgency(
        **outside(event),
        data=AgencyData(
            code=event.code,
            name=event.name,
            valid_from=iso_day(event.valid_from),
            valid_to=None if event.valid_to is None else iso_day(event.valid_to),
            parent=event.parent or None,
            kind=event.kind,
            successor=event.successor or None,
            revision=event.revision or None,
        ),
    )


def _validity(data: ProcedureData | AgencyData) -> tuple[int, int | None]:
    first = day_number(data.valid_from, "data.valid_from")
    last = None if data.valid_to is None else day_number(data.valid_to, "data.valid_to")
    if last is not None and last < first:
        raise Unreadable(Reason.CONTRADICTORY, "data.valid_to")
    return first, last


def _limits(said: Sequence[LimitData]) -> tuple[ChannelLimit, ...]:
    limits = {limit.channel or 0: limit for limit in said}
    if len(limits) < len(said):
        raise Unreadable(Reason.CONTRADICTORY, "data.limits")
    return tuple(
        ChannelLimit(channel, limits[channel].n, limits[channel].unit)
        for channel in sorted(limits)
    )
