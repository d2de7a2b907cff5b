"""The state of a dossier: how it looks on the wire. `schemas.state` reads it."""

from typing import Final

from msgspec import Struct

from schemas import fields
from schemas.cloudevents import Envelope
from schemas.event import StateChanged
from schemas.times import rfc3339

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
