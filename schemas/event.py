"""Canonical events: what a wire message becomes once it is decoded, checked and normalised.

These structs satisfy the Protocols of `monitor.domain.event`, are folded as they are, and are
what the ledger keeps of an event: MessagePack arrays, whose fields are only ever appended,
because the ledger holds them for years. All instants are milliseconds since 1970-01-01T00:00Z;
"" and 0 mean unsaid, as does None where 0 or False would be an answer.
"""

from enum import StrEnum
from typing import ClassVar, Literal

import msgspec

from monitor.domain.deadlines import Unit
from monitor.domain.event import Kind
from monitor.domain.petition import PetitionClass, PetitionState


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
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.STATE


class Noted(
    msgspec.Struct, frozen=True, array_like=True, gc=False, omit_defaults=True, kw_only=True
):
    """What every event about a dossier has that is no state.

    Gains no field: what follows in the arrays of the kinds would move. What all of them gained
    later (`trial`, `stamped`) stands at the end of each.
    """

    dossier: str
    source: str
    id: str
    claimed_ms: int
    arrival_ms: int
    revision: int = 0
    sequence: int = -1
    backfill: bool = False


class SupplementRequested(Noted, frozen=True, array_like=True, tag=2, gc=False, kw_only=True):
    """The citizen is asked for more papers (outside of state 5, or beside it)."""

    agency: str = ""
    unit: str = ""
    step: str = ""
    components: int = 0  # how many papers are asked for
    until_ms: int | None = None  # when the dossier may be closed without them
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.SUPPLEMENT_REQUESTED


class SupplementReceived(Noted, frozen=True, array_like=True, tag=3, gc=False, kw_only=True):
    """The papers asked for have come."""

    agency: str = ""
    unit: str = ""
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.SUPPLEMENT_RECEIVED


class PaymentRequested(Noted, frozen=True, array_like=True, tag=4, gc=False, kw_only=True):
    """A fee is due. `amount` is in đồng; 0: every fee row of it is 0."""

    amount: int = 0
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.PAYMENT_REQUESTED


class PaymentMade(Noted, frozen=True, array_like=True, tag=5, gc=False, kw_only=True):
    """A fee was paid. `form` is DuocThanhToanTrucTuyen: 1 national, 2 own gateway, 3 offline."""

    amount: int = 0
    form: int = 0
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.PAYMENT_MADE


class Rescheduled(Noted, frozen=True, array_like=True, tag=6, gc=False, kw_only=True):
    """A new due date was made (Decree 61/2018 Art. 19(9): at most once, with an apology)."""

    due_ms: int
    apology: bool | None = None  # None: unsaid
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.RESCHEDULED


class Amended(Noted, frozen=True, array_like=True, tag=7, gc=False, kw_only=True):
    """Attributes were wrong: what is given replaces what any other event says of it."""

    procedure: str = ""
    agency: str = ""
    unit: str | None = None  # "" is the agency itself
    channel: int = 0
    sub_channel: str | None = None
    level: int = 0
    receipt_ms: int | None = None
    applicant_type: int = 0
    identity_attached: bool | None = None
    applicant_key: str = ""
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.AMENDED


class Voided(Noted, frozen=True, array_like=True, tag=8, gc=False, kw_only=True):
    """An event of the same source never happened: all revisions of `target`."""

    target: str
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.VOIDED


class Reopened(Noted, frozen=True, array_like=True, tag=9, gc=False, kw_only=True):
    """Undoes every 3, 7, 9 and 10 before it."""

    agency: str = ""
    unit: str = ""
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.REOPENED


class ResultIssued(Noted, frozen=True, array_like=True, tag=10, gc=False, kw_only=True):
    """A result exists: electronic (code and link), on paper, or both."""

    electronic: bool = False
    paper: bool = False
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.RESULT_ISSUED


class DocumentsAttached(Noted, frozen=True, array_like=True, tag=11, gc=False, kw_only=True):
    """The dossier's papers, as a whole, at this time: how many, and of what kind."""

    components: int = 0
    digitised: int = 0  # with a file attached
    reused: int = 0  # digitised data used again
    national_store: int = 0  # taken from the person's national store (DuocLayTuKhoDMQG)
    population: int = 0  # linked to population data
    identity_verified: bool | None = None  # TaiKhoanDuocXacThucVoiVNeID
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.DOCUMENTS_ATTACHED


class Rated(Noted, frozen=True, array_like=True, tag=12, gc=False, kw_only=True):
    """The person rated the service: `score` of `scale`, 1 the worst."""

    score: int
    scale: int = 5
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.RATED


class Snapshot(Noted, frozen=True, array_like=True, tag=13, gc=False, kw_only=True):
    """How an open dossier stands when its system comes on board (MEASURES.md §1)."""

    state: int
    procedure: str
    agency: str
    accepted_ms: int
    unit: str = ""
    step: str = ""
    channel: int = 0
    sub_channel: str = ""
    level: int = 0
    due_ms: int | None = None
    paused_ms: int = 0  # supplement pauses so far
    supplements: int = 0  # completed supplement requests so far
    applicant_type: int = 0
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.SNAPSHOT


class SyncAcknowledged(Noted, frozen=True, array_like=True, tag=14, gc=False, kw_only=True):
    """Another system answered what was synchronised to it: 0, 3 and -3 as the portal says."""

    target: Literal["dvcqg", "emc"]
    code: int
    sent_ms: int | None = None  # when the step it reports was completed
    trial: bool = False
    stamped: int = 0

    kind: ClassVar[Kind] = Kind.SYNC_ACKNOWLEDGED


# Everything about a dossier, as the ledger keeps it. A later kind joins with a tag of its own.
Canonical = (
    StateChanged
    | SupplementRequested
    | SupplementReceived
    | PaymentRequested
    | PaymentMade
    | Rescheduled
    | Amended
    | Voided
    | Reopened
    | ResultIssued
    | DocumentsAttached
    | Rated
    | Snapshot
    | SyncAcknowledged
)


class Told(
    msgspec.Struct, frozen=True, array_like=True, gc=False, omit_defaults=True, kw_only=True
):
    """What every event has that is not about a dossier. Gains no field either."""

    source: str
    id: str
    claimed_ms: int
    arrival_ms: int


class Petition(Told, frozen=True, array_like=True, tag=20, gc=False, kw_only=True):
    """How a petition stands. Its reactions are totals as of this event; None: unsaid."""

    petition: str  # its key: the code, scoped by the source
    agency: str  # that has to answer
    state: PetitionState
    about: PetitionClass | None = None
    dossier: str = ""  # the key of the dossier it complains about
    procedure: str = ""
    likes: int | None = None
    dislikes: int | None = None
    repeated: bool | None = None  # the same matter was brought up before
    revision: int = 0
    sequence: int = -1
    backfill: bool = False
    trial: bool = False


class Answer(StrEnum):
    """How a request to a service ended: the class of its HTTP status, or no answer in time."""

    INFORMED = "1xx"
    SUCCEEDED = "2xx"
    REDIRECTED = "3xx"
    REFUSED = "4xx"
    FAILED = "5xx"
    TIMEOUT = "timeout"


class ServiceRequest(Told, frozen=True, array_like=True, tag=21, gc=False, kw_only=True):
    """A system answered a request at one of its interfaces, or did not."""

    interface: str
    answer: Answer
    duration_ms: int
    agency: str = ""


class Heartbeat(Told, frozen=True, array_like=True, tag=24, gc=False, kw_only=True):
    """A system is alive, and when it will say so again."""

    interval_ms: int
    version: str = ""
    units: tuple[str, ...] = ()  # that are at work, each once, in order; none: unsaid
    waiting: int | None = None  # events that it has not been able to send; None: unsaid


class MaintenanceReason(StrEnum):
    """Why a system will be away."""

    UPGRADE = "upgrade"
    REPAIR = "repair"
    MOVE = "move"  # to other machines, another network, another system
    MERGER = "merger"  # of agencies or of their data
    NETWORK = "network"
    POWER = "power"
    SECURITY = "security"
    DISASTER = "disaster"
    OTHER = "other"


class Maintenance(Told, frozen=True, array_like=True, tag=25, gc=False, kw_only=True):
    """A system, or some of its units, will be away for a while (Decree 224/2026 Art. 13)."""

    window: str  # the source's name of it: told again, the last one in order stands
    from_ms: int
    to_ms: int
    reason: MaintenanceReason
    units: tuple[str, ...] = ()  # none: all of it
    force_majeure: bool = False
    cancelled: bool = False


class CountedType(StrEnum):
    """The types of events that a source can claim, in the order of the domain's kinds."""

    STATE = "dossier.state.v1"
    SUPPLEMENT_REQUESTED = "dossier.supplement.requested.v1"
    SUPPLEMENT_RECEIVED = "dossier.supplement.received.v1"
    PAYMENT_REQUESTED = "dossier.payment.requested.v1"
    PAYMENT_MADE = "dossier.payment.made.v1"
    RESCHEDULED = "dossier.rescheduled.v1"
    AMENDED = "dossier.amended.v1"
    VOIDED = "dossier.voided.v1"
    REOPENED = "dossier.reopened.v1"
    RESULT_ISSUED = "dossier.result.issued.v1"
    DOCUMENTS_ATTACHED = "dossier.documents.v1"
    RATED = "dossier.rated.v1"
    SNAPSHOT = "dossier.snapshot.v1"
    SYNC_ACKNOWLEDGED = "dossier.sync.ack.v1"


class ClaimedCount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How many events of a kind the source has sent, or of one state."""

    kind: Kind
    state: int  # -1: of all states
    count: int


class ReconciliationClaim(Told, frozen=True, array_like=True, tag=26, gc=False, kw_only=True):
    """What a source itself has counted for a day that is over, or a part of its list."""

    day: int  # day number, as in `monitor.domain.zone`
    claim: str
    chunk: int = 1
    chunks: int = 1
    counts: tuple[ClaimedCount, ...] = ()  # each kind and state once, in order
    codes: tuple[str, ...] | None = None  # keys of dossiers, each once, in order; None: unsaid


class ExternalClaim(Told, frozen=True, array_like=True, tag=27, gc=False, kw_only=True):
    """A figure that no event tells: stated by an agency or a survey, shown, never counted."""

    indicator: str
    survey: str  # or the report or decision that says so
    agency: str  # that it is about
    from_day: int
    to_day: int
    numerator: int | None = None
    denominator: int | None = None
    value: str = ""  # a decimal number, as it was stated
    unit: str = ""  # of the value
    respondents: int | None = None
    not_issued: bool = False  # the method of the indicator is not issued: not applicable
    revision: int = 0


class ChannelLimit(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """How long a procedure may take that came in over `channel`; 0: over any other one."""

    channel: int
    n: int
    unit: Unit


class ProcedureListed(Told, frozen=True, array_like=True, tag=22, gc=False, kw_only=True):
    """A procedure as the catalogue has it from one day to another, both included."""

    code: str
    name: str
    valid_from: int  # day number, as in `monitor.domain.zone`
    valid_to: int | None = None
    level: int = 0
    eligible: bool | None = None  # for full process
    fee: bool | None = None
    document: bool | None = None  # its result is a document
    lists: tuple[str, ...] = ()  # each once, in order
    limits: tuple[ChannelLimit, ...] = ()  # one a channel, in order; none: no limit at all
    revision: int = 0


class AgencyKind(StrEnum):
    """What an agency is."""

    MINISTRY = "ministry"
    PROVINCE = "province"
    DEPARTMENT = "department"
    DISTRICT = "district"  # until 30/6/2025
    COMMUNE = "commune"
    UNIT = "unit"
    OTHER = "other"


class AgencyListed(Told, frozen=True, array_like=True, tag=23, gc=False, kw_only=True):
    """An agency as the catalogue has it from one day to another, both included."""

    code: str
    name: str
    valid_from: int
    valid_to: int | None = None
    parent: str = ""
    kind: AgencyKind = AgencyKind.OTHER
    successor: str = ""  # whose figures take its figures over
    revision: int = 0


# What the other topics carry, each read by an agent of its own.
Signal = ServiceRequest | Heartbeat | Maintenance | ReconciliationClaim | ExternalClaim
Catalogued = ProcedureListed | AgencyListed
AnyEvent = Canonical | Petition | Signal | Catalogued
