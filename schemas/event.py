"""Canonical events: what a wire message becomes once it is decoded, checked and normalised.

These structs satisfy the Protocols of `monitor.domain.event`, are folded as they are, and are
what the ledger keeps of an event (MessagePack arrays: narrow, and extended at the end only).
"""

import msgspec


class StateChanged(
    msgspec.Struct, frozen=True, array_like=True, tag=1, gc=False, omit_defaults=True
):
    """A dossier reached a state. Fields as in `monitor.domain.event.StateEvent`."""

    dossier: str
    source: str
    id: str
    claimed_ms: int
    arrival_ms: int
    state: int
    procedure: str
    agency: str
    unit: str = ""
    step: str = ""
    channel: int = 0
    sub_channel: str = ""
    level: int = 0
    receipt_ms: int | None = None
    due_ms: int | None = None
    applicant_type: int = 0
    identity_attached: bool | None = None
    applicant_key: str = ""
    revision: int = 0
    sequence: int = -1
    backfill: bool = False
    # Fields are only ever appended: the ledger holds these arrays for years.


# Every later kind of event joins this union with a tag of its own.
Canonical = StateChanged
