"""Systems among themselves: a dossier comes on board, another system answers."""

from collections.abc import Callable
from typing import Annotated, Literal

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
from schemas.event import Snapshot, SyncAcknowledged
from schemas.fields import APPLICANT_TYPES, CHANNELS, LEVELS
from schemas.times import day_or_instant_ms, rfc3339


class SnapshotData(AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How an open dossier stands when its system comes on board; never received, but open."""

    state: fields.StateCode
    procedure: fields.ProcedureCode
    agency: fields.HolderCode
    accepted_at: Annotated[
        fields.DayOrInstant,
        Meta(
            description="When it was accepted: a date, then 00:00 in the policy's zone, or "
            "an instant with its offset.",
            examples=["2026-07-20"],
        ),
    ]
    unit: fields.UnitName | None = None
    step: fields.StepName | None = None
    channel: fields.ChannelCode | None = None
    sub_channel: fields.SubChannel | None = None
    level: fields.LevelCode | None = None
    due_at: fields.DueAt | None = None
    paused_ms: (
        Annotated[
            fields.Milliseconds,
            Meta(
                description="Milliseconds that completed supplement requests have taken so far.",
                examples=[172_800_000],
            ),
        ]
        | None
    ) = None
    supplements: (
        Annotated[
            fields.Parts,
            Meta(description="Completed supplement requests so far.", examples=[1]),
        ]
        | None
    ) = None
    applicant_type: fields.ApplicantTypeCode | None = None


class DossierSnapshot(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.snapshot.v1"):
    """How an open dossier stands, in its envelope."""

    data: SnapshotData


def snapshot(
    event: DossierSnapshot, record_time_ms: int, midnight: Callable[[str, str], int]
) -> Snapshot:
    data = event.data
    return Snapshot(
        **about(event, data, record_time_ms),
        state=data.state,
        procedure=texts.procedure(data.procedure, "data.procedure"),
        agency=texts.agency(data.agency, "data.agency"),
        accepted_ms=day_or_instant_ms(data.accepted_at, "data.accepted_at", midnight),
        unit=texts.name(data.unit, "data.unit") if data.unit else "",
        step=texts.name(data.step, "data.step") if data.step else "",
        channel=data.channel if data.channel in CHANNELS else 0,
        sub_channel=texts.name(data.sub_channel, "data.sub_channel")
        if data.sub_channel
        else "",
        level=data.level if data.level in LEVELS else 0,
        due_ms=instant_or_none(data.due_at, "data.due_at"),
        paused_ms=data.paused_ms or 0,
        supplements=data.supplements or 0,
        applicant_type=data.applicant_type if data.applicant_type in APPLICANT_TYPES else 0,
    )


def dossier_snapshot(event: Snapshot) -> DossierSnapshot:
    return DossierSnapshot(
        **outside_dossier(event),
        data=SnapshotData(
            **said_about(event),
            state=event.state,
            procedure=event.procedure,
            agency=event.agency,
            accepted_at=rfc3339(event.accepted_ms),
            unit=event.unit or None,
            step=event.step or None,
            channel=event.channel or None,
            sub_channel=event.sub_channel or None,
            level=event.level or None,
            due_at=said_instant(event.due_ms),
            paused_ms=event.paused_ms or None,
            supplements=event.supplements or None,
            applicant_type=event.applicant_type or None,
        ),
    )


class SyncAcknowledgedData(
    AboutDossier, frozen=True, kw_only=True, gc=False, omit_defaults=True
):
    """Another system answered what was synchronised to it; `time` is when it answered."""

    target: Annotated[
        Literal["dvcqg", "emc"],
        Meta(
            description="Who answered: the national portal (`dvcqg`) or the EMC system.",
            examples=["dvcqg"],
        ),
    ]
    code: Annotated[
        int,
        Meta(
            ge=-fields.LARGEST,
            le=fields.LARGEST,
            description="What it answered: 0 taken; 3 and -3 as the portal says, like any other.",
            examples=[0],
        ),
    ]
    sent_at: (
        Annotated[
            fields.Instant,
            Meta(
                description="When the step that was reported was completed.",
                examples=["2026-08-03T08:12:31+07:00"],
            ),
        ]
        | None
    ) = None


class DossierSyncAck(Envelope, frozen=True, kw_only=True, gc=False, tag="dossier.sync.ack.v1"):
    """Another system answered, in its envelope."""

    data: SyncAcknowledgedData


def sync_acknowledged(
    event: DossierSyncAck, record_time_ms: int, _: Callable[[str, str], int]
) -> SyncAcknowledged:
    data = event.data
    return SyncAcknowledged(
        **about(event, data, record_time_ms),
        target=data.target,
        code=data.code,
        sent_ms=instant_or_none(data.sent_at, "data.sent_at"),
    )


def dossier_sync_ack(event: SyncAcknowledged) -> DossierSyncAck:
    return DossierSyncAck(
        **outside_dossier(event),
        data=SyncAcknowledgedData(
            **said_about(event),
            target=event.target,
            code=event.code,
            sent_at=said_instant(event.sent_ms),
        ),
    )
