"""What changes what was said before: a new due date, other attributes, no event at all, a reopening."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta

from schemas import fields, texts
from schemas.attributes import AboutDossier, about, outside_dossier, said_about, said_instant
from schemas.cloudevents import Envelope
from schemas.event import Amended, Reopened, Rescheduled, Voided
from schemas.fields import APPLICANT_TYPES, CHANNELS, LEVELS
from schemas.times import day_or_instant_ms, instant_ms, rfc3339


class RescheduledData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A new due date was made (Decree 61/2018 Art. 19(9): at most once, with an apology)."""

    due_at: Annotated[
        fields.Instant,
        Meta(description="The new due date.", examples=["2026-08-14T17:00:00+07:00"]),
    ]
    apology: (
        Annotated[
            bool,
            Meta(
                description="Whether a written apology with the reason was sent.",
                examples=[True],
            ),
        ]
        | None
    ) = None


class DossierRescheduled(
    Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.rescheduled.v1"
):
    """A new due date was made, in its envelope."""

    data: RescheduledData


def rescheduled(
    event: DossierRescheduled, record_time_ms: int, _: Callable[[str, str], int]
) -> Rescheduled:
    data = event.data
    return Rescheduled(
        **about(event, data, record_time_ms),
        due_ms=instant_ms(data.due_at, "data.due_at"),
        apology=data.apology,
    )


def dossier_rescheduled(event: Rescheduled) -> DossierRescheduled:
    return DossierRescheduled(
        **outside_dossier(event),
        data=RescheduledData(
            **said_about(event), due_at=rfc3339(event.due_ms), apology=event.apology
        ),
    )


class AmendedData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Attributes were wrong: what is given replaces what any other event says of it.

    For a mistake in the record only. A dossier that goes to another agency or unit is handed
    off, and its next state says so.
    """

    procedure: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Code of the administrative procedure.",
                examples=["1.004194"],
            ),
        ]
        | None
    ) = None
    agency: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Code of the agency that received and holds the dossier.",
                examples=["H56.15"],
            ),
        ]
        | None
    ) = None
    unit: fields.UnitName | None = None
    channel: fields.ChannelCode | None = None
    sub_channel: fields.SubChannel | None = None
    level: fields.LevelCode | None = None
    receipt_date: fields.ReceiptDate | None = None
    applicant_type: fields.ApplicantTypeCode | None = None
    identity_attached: fields.IdentityAttached | None = None
    applicant_key: fields.ApplicantKey | None = None


class DossierAmended(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.amended.v1"):
    """Attributes were wrong, in its envelope."""

    data: AmendedData


def amended(
    event: DossierAmended, record_time_ms: int, midnight: Callable[[str, str], int]
) -> Amended:
    data = event.data
    receipt = data.receipt_date
    return Amended(
        **about(event, data, record_time_ms),
        procedure=texts.procedure(data.procedure, "data.procedure") if data.procedure else "",
        agency=texts.agency(data.agency, "data.agency") if data.agency else "",
        unit=None if data.unit is None else texts.name(data.unit, "data.unit"),
        channel=data.channel if data.channel in CHANNELS else 0,
        sub_channel=None
        if data.sub_channel is None
        else texts.name(data.sub_channel, "data.sub_channel"),
        level=data.level if data.level in LEVELS else 0,
        receipt_ms=None
        if receipt is None
        else day_or_instant_ms(receipt, "data.receipt_date", midnight),
        applicant_type=data.applicant_type if data.applicant_type in APPLICANT_TYPES else 0,
        identity_attached=data.identity_attached,
        applicant_key=texts.applicant(data.applicant_key, "data.applicant_key")
        if data.applicant_key
        else "",
    )


def dossier_amended(event: Amended) -> DossierAmended:
    return DossierAmended(
        **outside_dossier(event),
        data=AmendedData(
            **said_about(event),
            procedure=event.procedure or None,
            agency=event.agency or None,
            unit=event.unit,
            channel=event.channel or None,
            sub_channel=event.sub_channel,
            level=event.level or None,
            receipt_date=said_instant(event.receipt_ms),
            applicant_type=event.applicant_type or None,
            identity_attached=event.identity_attached,
            applicant_key=event.applicant_key or None,
        ),
    )


class VoidedData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """An event of the same source never happened, in any of its revisions.

    It may arrive before its target, and cannot itself be voided.
    """

    target: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description="The `id` of the event that never happened.",
            examples=["a1b2"],
        ),
    ]


class DossierVoided(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.voided.v1"):
    """An event never happened, in its envelope."""

    data: VoidedData


def voided(event: DossierVoided, record_time_ms: int, _: Callable[[str, str], int]) -> Voided:
    return Voided(
        **about(event, event.data, record_time_ms),
        target=texts.text(event.data.target, "data.target"),
    )


def dossier_voided(event: Voided) -> DossierVoided:
    return DossierVoided(
        **outside_dossier(event), data=VoidedData(**said_about(event), target=event.target)
    )


class ReopenedData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The dossier is worked on again: undoes every 3, 7, 9 and 10 before it."""

    agency: fields.SaidAgency | None = None
    unit: fields.UnitName | None = None


class DossierReopened(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.reopened.v1"):
    """The dossier is worked on again, in its envelope."""

    data: ReopenedData


def reopened(
    event: DossierReopened, record_time_ms: int, _: Callable[[str, str], int]
) -> Reopened:
    data = event.data
    return Reopened(
        **about(event, data, record_time_ms),
        agency=texts.agency(data.agency, "data.agency") if data.agency else "",
        unit=texts.name(data.unit, "data.unit") if data.unit else "",
    )


def dossier_reopened(event: Reopened) -> DossierReopened:
    return DossierReopened(
        **outside_dossier(event),
        data=ReopenedData(
            **said_about(event), agency=event.agency or None, unit=event.unit or None
        ),
    )
