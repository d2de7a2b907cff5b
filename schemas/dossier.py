"""Events about a dossier: what they look like on the wire, and how they become canonical."""

from collections.abc import Callable
from typing import Annotated, Final

from msgspec import Meta, Struct

from schemas import texts
from schemas.cloudevents import INSTANT_PATTERN, Envelope
from schemas.event import StateChanged
from schemas.times import instant_ms, rfc3339, within_range

LARGEST: Final = 2**63 - 1
CHANNELS: Final = frozenset({1, 2, 3})
LEVELS: Final = frozenset({2, 3, 4})
APPLICANT_TYPES: Final = frozenset({1, 2, 3, 4})

Name = Annotated[str, Meta(max_length=256)]
Count = Annotated[int, Meta(ge=0, le=LARGEST)]


class DossierStateData(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A dossier reached a state."""

    dossier: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=texts.LONGEST_KEY,
            description="Code of the dossier. National formats are brought to one form; any "
            "other code is scoped by the source.",
            examples=["H56.14-260803-0001"],
        ),
    ]
    procedure: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="Code of the administrative procedure, d.dddddd, or as the source "
            "names it.",
            examples=["1.004194"],
        ),
    ]
    agency: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            description="Code of the agency that holds the dossier, level 1 first.",
            examples=["H56.14"],
        ),
    ]
    state: Annotated[
        int,
        Meta(
            ge=0,
            le=10,
            description="The national state: 1 submitted, 2 accepted, 3 not accepted, 4 in "
            "process, 5 supplement requested, 6 payment requested, 7 withdrawn, 8 stopped, "
            "9 processed, 10 handed over; 0 anything else.",
            examples=[2],
        ),
    ]
    unit: (
        Annotated[
            Name,
            Meta(
                description="The unit within the agency; empty for the agency itself.",
                examples=["H56.14.02"],
            ),
        ]
        | None
    ) = None
    step: (
        Annotated[
            Name,
            Meta(
                description="The source's name of the step.",
                examples=["Thẩm định"],
            ),
        ]
        | None
    ) = None
    channel: (
        Annotated[
            int,
            Meta(
                description="How it was submitted: 1 direct, 2 online, 3 postal. Absent or any "
                "other code: not said.",
                examples=[2],
            ),
        ]
        | None
    ) = None
    sub_channel: (
        Annotated[
            Name,
            Meta(
                description="The source's own name of the channel.",
                examples=["kiosk"],
            ),
        ]
        | None
    ) = None
    level: (
        Annotated[
            int,
            Meta(
                description="Service level: 2 information only, 3 partial, 4 full. Absent or "
                "any other code: not said.",
                examples=[4],
            ),
        ]
        | None
    ) = None
    receipt_date: (
        Annotated[
            str,
            Meta(
                description="When it was received: a date, then 00:00 in the policy's zone, or "
                "an instant with its offset.",
                examples=["2026-08-03"],
                extra_json_schema={
                    "anyOf": [
                        {"format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
                        {"format": "date-time", "pattern": INSTANT_PATTERN},
                    ]
                },
            ),
        ]
        | None
    ) = None
    due_at: (
        Annotated[
            str,
            Meta(
                description="When it is due, as this event gives it.",
                examples=["2026-08-10T17:00:00+07:00"],
                extra_json_schema={"format": "date-time", "pattern": INSTANT_PATTERN},
            ),
        ]
        | None
    ) = None
    applicant_type: (
        Annotated[
            int,
            Meta(
                description="Who applies: 1 citizen, 2 business, 3 state agency, "
                "4 organisation. Absent or any other code: not said.",
                examples=[1],
            ),
        ]
        | None
    ) = None
    identity_attached: (
        Annotated[
            bool,
            Meta(
                description="Whether a personal identification number came with it.",
                examples=[True],
            ),
        ]
        | None
    ) = None
    applicant_key: (
        Annotated[
            str,
            Meta(
                max_length=128,
                description="Keyed hash of the applicant; never an identity number.",
                examples=["9b1c6a4e7d"],
            ),
        ]
        | None
    ) = None
    revision: (
        Annotated[
            Count,
            Meta(
                description="Of equal events the one with the higher revision stands. 0 if "
                "absent.",
                examples=[0],
            ),
        ]
        | None
    ) = None
    sequence: (
        Annotated[
            Count,
            Meta(
                description="The source's own order of its events.",
                examples=[12],
            ),
        ]
        | None
    ) = None
    backfill: (
        Annotated[
            bool,
            Meta(
                description="The producer says that this is history, not news.",
                examples=[False],
            ),
        ]
        | None
    ) = None


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
        texts.procedure(data.procedure, "data.procedure"),
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
        texts.text(data.applicant_key, "data.applicant_key") if data.applicant_key else "",
        data.revision or 0,
        -1 if data.sequence is None else data.sequence,
        data.backfill is True,
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
        data=DossierStateData(
            dossier=event.dossier,
            procedure=event.procedure,
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
