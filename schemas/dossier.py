"""The state of a dossier: how it looks on the wire, and how it becomes canonical."""

from collections.abc import Callable
from typing import Final

from msgspec import Struct

from monitor.domain.event import Stamp
from schemas import fields, texts
from schemas.cloudevents import Envelope
from schemas.event import StateChanged
from schemas.fields import APPLICANT_TYPES, CHANNELS, LEVELS
from schemas.times import instant_ms, rfc3339, within_range

# What stands for a procedure that another message of the dossier names (`Stamp.PROCEDURE`).
NO_PROCEDURE: Final = "-"


class DossierStateData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A dossier reached a state."""

    dossier: fields.DossierCode
    procedure: fields.ProcedureCode
    agency: fields.HolderCode
    state: fields.StateCode
    unit: fields.UnitName | None = None
    step: fields.StepName | None = None
    channel: fields.ChannelCode | None = None
    sub_channel: fields.SubChannel | None = None
    level: fields.LevelCode | None = None
    receipt_date: fields.ReceiptDate | None = None
    due_at: fields.DueAt | None = None
    applicant_type: fields.ApplicantTypeCode | None = None
    identity_attached: fields.IdentityAttached | None = None
    applicant_key: fields.ApplicantKey | None = None
    revision: fields.Revision | None = None
    sequence: fields.Sequence | None = None
    backfill: fields.Backfill | None = None


class DossierState(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.state.v1"):
    """A dossier reached a state, in its envelope."""

    data: DossierStateData


def state_changed(
    event: DossierState, record_time_ms: int, midnight: Callable[[str, str], int]
) -> StateChanged:
    """`event` checked and normalised; `Unreadable` where it cannot be."""
    data = event.data
    source = event.source
    if not (source.isprintable() and event.id.isprintable()):
        texts.text(source, "source")
        texts.text(event.id, "id")
    receipt = data.receipt_date
    # A code that no list knows says as little as an absent one. It is no reason to lose the
    # life cycle of a dossier.
    return StateChanged(
        texts.dossier(data.dossier, source, "data.dossier"),
        source,
        event.id,
        instant_ms(event.time, "time"),
        within_range(record_time_ms, "record timestamp")
        if event.arrival is None
        else instant_ms(event.arrival, "arrival"),
        data.state,
        ""
        if event.stamped and event.stamped & Stamp.PROCEDURE
        else texts.procedure(data.procedure, "data.procedure"),
        texts.agency(data.agency, "data.agency"),
        texts.name(data.unit, "data.unit") if data.unit else "",
        texts.name(data.step, "data.step") if data.step else "",
        data.channel if data.channel in CHANNELS else 0,
        texts.name(data.sub_channel, "data.sub_channel") if data.sub_channel else "",
        data.level if data.level in LEVELS else 0,
        None
        if receipt is None
        else midnight(receipt, "data.receipt_date")
        if len(receipt) == 10
        else instant_ms(receipt, "data.receipt_date"),
        None if data.due_at is None else instant_ms(data.due_at, "data.due_at"),
        data.applicant_type if data.applicant_type in APPLICANT_TYPES else 0,
        data.identity_attached,
        texts.applicant(data.applicant_key, "data.applicant_key") if data.applicant_key else "",
        data.revision or 0,
        -1 if data.sequence is None else data.sequence,
        data.backfill is True,
        event.trial is True,
        event.stamped or 0,
    )


def dossier_state(event: StateChanged) -> DossierState:
    """`event` as it travels: what it does not say is left out."""
    return DossierState(
        specversion="1.0",
        id=event.id,
        source=event.source,
        time=rfc3339(event.claimed_ms),
        arrival=rfc3339(event.arrival_ms),
        datacontenttype="application/json",
        trial=event.trial or None,
        stamped=event.stamped or None,
        data=DossierStateData(
            dossier=event.dossier,
            procedure=event.procedure or NO_PROCEDURE,
            agency=event.agency,
            state=event.state,
            unit=event.unit or None,
            step=event.step or None,
            channel=event.channel or None,
            sub_channel=event.sub_channel or None,
            level=event.level or None,
            receipt_date=None if event.receipt_ms is None else rfc3339(event.receipt_ms),
            due_at=None if event.due_ms is None else rfc3339(event.due_ms),
            applicant_type=event.applicant_type or None,
            identity_attached=event.identity_attached,
            applicant_key=event.applicant_key or None,
            revision=event.revision or None,
            sequence=None if event.sequence < 0 else event.sequence,
            backfill=event.backfill or None,
        ),
    )
