"""More papers: asked for, and come."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from schemas import fields, texts
from schemas.attributes import (
    AboutDossier,
    about,
    instant_or_none,
    outside_dossier,
    said_about,
    said_instant,
)
from schemas.cloudevents import Envelope
from schemas.event import SupplementReceived, SupplementRequested


class SupplementRequestedData(
    AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True
):
    """The citizen is asked for more papers, outside of state 5 or beside it."""

    agency: fields.SaidAgency | None = None
    unit: fields.UnitName | None = None
    step: fields.StepName | None = None
    components: (
        Annotated[
            fields.Parts, Meta(description="How many papers are asked for.", examples=[2])
        ]
        | None
    ) = None
    until: (
        Annotated[
            fields.Instant,
            Meta(
                description="When the dossier may be closed without them.",
                examples=["2026-09-02T17:00:00+07:00"],
            ),
        ]
        | None
    ) = None


class DossierSupplementRequested(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.supplement.requested.v1"
):
    """More papers are asked for, in its envelope."""

    data: SupplementRequestedData


def supplement_requested(
    event: DossierSupplementRequested, record_time_ms: int, _: Callable[[str, str], int]
) -> SupplementRequested:
    data = event.data
    return SupplementRequested(
        **about(event, data, record_time_ms),
        agency=texts.agency(data.agency, "data.agency") if data.agency else "",
        unit=texts.name(data.unit, "data.unit") if data.unit else "",
        step=texts.name(data.step, "data.step") if data.step else "",
        components=data.components or 0,
        until_ms=instant_or_none(data.until, "data.until"),
    )


def dossier_supplement_requested(event: SupplementRequested) -> DossierSupplementRequested:
    return DossierSupplementRequested(
        **outside_dossier(event),
        data=SupplementRequestedData(
            **said_about(event),
            agency=event.agency or None,
            unit=event.unit or None,
            step=event.step or None,
            components=event.components or None,
            until=said_instant(event.until_ms),
        ),
    )


class SupplementReceivedData(
    AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True
):
    """The papers asked for have come."""

    agency: fields.SaidAgency | None = None
    unit: fields.UnitName | None = None


class DossierSupplementReceived(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.supplement.received.v1"
):
    """The papers asked for have come, in its envelope."""

    data: SupplementReceivedData


def supplement_received(
    event: DossierSupplementReceived, record_time_ms: int, _: Callable[[str, str], int]
) -> SupplementReceived:
    data = event.data
    return SupplementReceived(
        **about(event, data, record_time_ms),
        agency=texts.agency(data.agency, "data.agency") if data.agency else "",
        unit=texts.name(data.unit, "data.unit") if data.unit else "",
    )


def dossier_supplement_received(event: SupplementReceived) -> DossierSupplementReceived:
    return DossierSupplementReceived(
        **outside_dossier(event),
        data=SupplementReceivedData(
            **said_about(event), agency=event.agency or None, unit=event.unit or None
        ),
    )
