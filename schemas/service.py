"""Requests to services: what answered, how, and how quickly."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct

from schemas import event as canonical
from schemas import fields, texts
from schemas.attributes import attributes, outside
from schemas.cloudevents import Envelope
from schemas.event import Answer


class ServiceRequestData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A system answered a request, or did not."""

    interface: Annotated[
        str,
        Meta(
            # No query, no address, and no number long enough to be somebody's.
            pattern=r"^(?!.*[0-9]{9})[A-Za-z0-9 ._:/{}*-]{1,128}$",
            description="Name of the interface, or its route with its parameters left open; "
            "never the address that was asked for.",
            examples=["GET /dossiers/{code}"],
        ),
    ]
    status: Annotated[
        Answer,
        Meta(
            description="Class of the status, or `timeout` where no answer came in time.",
            examples=["2xx"],
        ),
    ]
    duration_ms: Annotated[
        fields.Milliseconds,
        Meta(description="From request to answer, in milliseconds.", examples=[182]),
    ]
    agency: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Code of the agency whose system it is.",
                examples=["H56"],
            ),
        ]
        | None
    ) = None


class ServiceRequest(Envelope, frozen=True, kw_only=True, gc=False, tag="service.request.v1"):
    """A request, in its envelope."""

    data: ServiceRequestData


def read(
    event: ServiceRequest, record_time_ms: int, _: Callable[[str, str], int]
) -> canonical.ServiceRequest:
    data = event.data
    return canonical.ServiceRequest(
        **attributes(event, record_time_ms),
        interface=data.interface,
        answer=data.status,
        duration_ms=data.duration_ms,
        agency=texts.agency(data.agency, "data.agency") if data.agency else "",
    )


def write(event: canonical.ServiceRequest) -> ServiceRequest:
    return ServiceRequest(
        **outside(event),
        data=ServiceRequestData(
            interface=event.interface,
            status=event.answer,
            duration_ms=event.duration_ms,
            agency=event.agency or None,
        ),
    )
