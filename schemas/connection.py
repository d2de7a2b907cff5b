"""What a system says of its own connection: that it is alive, and when it will be away."""

from collections.abc import Callable
from typing import Annotated

from msgspec import Meta, Struct, field

from schemas import fields, texts
from schemas.attributes import attributes, outside
from schemas.cloudevents import Envelope
from schemas.event import Heartbeat, Maintenance, MaintenanceReason
from schemas.refusal import Reason, Unreadable
from schemas.times import instant_ms, rfc3339

Units = Annotated[
    list[Annotated[str, Meta(min_length=1, max_length=128)]],
    Meta(max_length=fields.MOST_PARTS),
]


class HeartbeatData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The system is alive, and will say so again before the interval is over.

    It tells quiet from cut off: without it silence is judged by the rhythm of its events.
    """

    interval_seconds: Annotated[
        int,
        Meta(
            ge=1,
            le=86_400,
            description="The next one comes within this time.",
            examples=[60],
        ),
    ]
    version: (
        Annotated[
            str,
            Meta(
                pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$(?!\n)",
                description="Release of the system, or of what sends for it.",
                examples=["4.2.1"],
            ),
        ]
        | None
    ) = None
    units: (
        Annotated[
            Units,
            Meta(
                description="Codes of the units that are at work and connected. Absent: not said.",
                examples=[["H56.14", "H56.15"]],
            ),
        ]
        | None
    ) = None
    waiting: (
        Annotated[
            fields.Count,
            Meta(
                description="Events that it has written down and not been able to send yet.",
                examples=[0],
            ),
        ]
        | None
    ) = None


class SourceHeartbeat(Envelope, frozen=True, kw_only=True, gc=False, tag="source.heartbeat.v1"):
    """A sign of life, in its envelope."""

    data: HeartbeatData


def heartbeat(
    event: SourceHeartbeat, record_time_ms: int, _: Callable[[str, str], int]
) -> Heartbeat:
    data = event.data
    return Heartbeat(
        **attributes(event, record_time_ms),
        interval_ms=data.interval_seconds * 1000,
        version=data.version or "",
        units=_units(data.units),
        waiting=data.waiting,
    )


def source_heartbeat(event: Heartbeat) -> SourceHeartbeat:
    return SourceHeartbeat(
        **outside(event),
        data=HeartbeatData(
            interval_seconds=event.interval_ms // 1000,
            version=event.version or None,
            units=list(event.units) or None,
            waiting=event.waiting,
        ),
    )


class MaintenanceData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The system, or some of its units, will be away for a while.

    It counts as announced when it arrives, not when the source says. Told again under the same
    name, the last telling stands; with `cancelled` it never was.
    """

    window: Annotated[
        str,
        Meta(
            pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$(?!\n)",
            description="The source's own name of this window.",
            examples=["2026-08-upgrade"],
        ),
    ]
    from_: Annotated[
        fields.Instant,
        Meta(description="When it begins.", examples=["2026-08-15T18:00:00+07:00"]),
    ] = field(name="from")
    to: Annotated[
        fields.Instant,
        Meta(
            description="When it is expected to be back.",
            examples=["2026-08-16T06:00:00+07:00"],
        ),
    ]
    reason: Annotated[MaintenanceReason, Meta(description="Why.", examples=["upgrade"])]
    units: (
        Annotated[
            Units,
            Meta(
                description="Codes of the units that will be away. Absent: all of them.",
                examples=[["H56.14"]],
            ),
        ]
        | None
    ) = None
    force_majeure: (
        Annotated[
            bool,
            Meta(
                description="Whether it could not be foreseen: such a window needs no seven "
                "working days (Decree 224/2026 Art. 13).",
                examples=[False],
            ),
        ]
        | None
    ) = None
    cancelled: (
        Annotated[bool, Meta(description="Whether it is called off.", examples=[False])] | None
    ) = None


class SourceMaintenance(
    Envelope, frozen=True, kw_only=True, gc=False, tag="source.maintenance.v1"
):
    """An announcement, in its envelope."""

    data: MaintenanceData


def maintenance(
    event: SourceMaintenance, record_time_ms: int, _: Callable[[str, str], int]
) -> Maintenance:
    data = event.data
    begin, end = instant_ms(data.from_, "data.from"), instant_ms(data.to, "data.to")
    if end <= begin:
        raise Unreadable(Reason.CONTRADICTORY, "data.to")
    return Maintenance(
        **attributes(event, record_time_ms),
        window=data.window,
        from_ms=begin,
        to_ms=end,
        reason=data.reason,
        units=_units(data.units),
        force_majeure=data.force_majeure is True,
        cancelled=data.cancelled is True,
    )


def source_maintenance(event: Maintenance) -> SourceMaintenance:
    return SourceMaintenance(
        **outside(event),
        data=MaintenanceData(
            window=event.window,
            from_=rfc3339(event.from_ms),
            to=rfc3339(event.to_ms),
            reason=event.reason,
            units=list(event.units) or None,
            force_majeure=event.force_majeure or None,
            cancelled=event.cancelled or None,
        ),
    )


def _units(said: list[str] | None) -> tuple[str, ...]:
    return tuple(
        sorted({texts.agency(code, f"data.units[{n}]") for n, code in enumerate(said or ())})
    )
