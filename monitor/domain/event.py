"""What the domain knows of an event: the national codes, and the shape it reads.

The domain declares the shape; the structs of `schemas` have it, so that nothing is converted
between decoding and folding. All instants are integers, milliseconds since 1970-01-01T00:00Z.
"""

from enum import IntEnum, IntFlag
from typing import Protocol


class State(IntEnum):
    """The ten national states of a dossier, and 0 for anything else a system reports.

    Source: code lists of two independent one-stop engines (DOMAIN.md §3.1); 0 as in
    TrackingMCDT. Codes are national, the English names are ours.
    """

    OTHER = 0  # khác
    SUBMITTED = 1  # mới đăng ký
    ACCEPTED = 2  # được tiếp nhận
    REFUSED = 3  # không được tiếp nhận
    IN_PROCESS = 4  # đang xử lý
    SUPPLEMENT_REQUESTED = 5  # yêu cầu bổ sung giấy tờ
    PAYMENT_REQUESTED = 6  # yêu cầu thực hiện nghĩa vụ tài chính
    WITHDRAWN = 7  # công dân yêu cầu rút hồ sơ
    STOPPED = 8  # dừng xử lý
    PROCESSED = 9  # đã xử lý xong
    HANDED_OVER = 10  # đã trả kết quả


class Channel(IntEnum):
    """How a dossier was submitted (KenhThucHien); 0 where the source did not say."""

    UNSAID = 0
    DIRECT = 1  # trực tiếp
    ONLINE = 2  # trực tuyến
    POSTAL = 3  # bưu chính công ích


class Level(IntEnum):
    """Service level of the procedure (MucDo); 0 where the source did not say."""

    UNSAID = 0
    INFORMATION = 2  # chỉ cung cấp thông tin
    PARTIAL = 3  # một phần
    FULL = 4  # toàn trình


class ApplicantType(IntEnum):
    """Who applies (LoaiDoiTuong); 0 where the source did not say."""

    UNSAID = 0
    CITIZEN = 1
    BUSINESS = 2
    STATE_AGENCY = 3
    ORGANISATION = 4


class Kind(IntEnum):
    """What an event about a dossier states."""

    STATE = 1
    SUPPLEMENT_REQUESTED = 2
    SUPPLEMENT_RECEIVED = 3
    PAYMENT_REQUESTED = 4
    PAYMENT_MADE = 5
    RESCHEDULED = 6
    AMENDED = 7
    VOIDED = 8
    REOPENED = 9
    RESULT_ISSUED = 10
    DOCUMENTS_ATTACHED = 11
    RATED = 12
    SNAPSHOT = 13
    SYNC_ACKNOWLEDGED = 14


class Stamp(IntFlag):
    """What the edge added to an event, or saw in the message that it was made of.

    An event's `stamped` is the sum of these. Numbers are kept in the ledger and on the wire, and
    never reused.
    """

    ID = 1  # it came without an id: two of equal content may be one statement sent twice
    TIME = 2  # it came without a time: what it claims is its arrival
    UNCERTAIN = 4  # from here on nobody knows how long anything of the dossier took
    DERIVED = 8  # its time is that of another field of the message
    IDENTITY = 16  # the number of an identity card came with it, in clear
    PLACEHOLDER = 32  # a made-up number stood where an identity number belongs
    POSTAL = 64  # by post, and reported as online
    PAYMENT = 128  # paid, and nobody says when
    PROCEDURE = 256  # its message does not name the procedure: another one of the dossier does


class Event(Protocol):
    """One statement of one source about one dossier (MEASURES.md §1, §2).

    Identity is (`source`, `id`) within the dossier; everything else is content, except
    `arrival_ms`, `trial`, and a `claimed_ms` that is only the arrival.
    """

    @property
    def __struct_fields__(self) -> tuple[str, ...]: ...  # names of all fields
    @property
    def kind(self) -> Kind: ...
    @property
    def dossier(self) -> str: ...  # normalised key: `codes.dossier_key`
    @property
    def source(self) -> str: ...  # the system that says so
    @property
    def id(self) -> str: ...  # the source's id of this statement
    @property
    def claimed_ms(self) -> int: ...  # when it happened, says the source
    @property
    def arrival_ms(self) -> int: ...  # when the canonical topic's writer first saw it
    @property
    def revision(self) -> int: ...  # of equal identities the higher one stands; 0 if unsaid
    @property
    def sequence(self) -> int: ...  # the source's own order; -1 if unsaid, before all others
    @property
    def backfill(self) -> bool: ...  # the producer says that this is history, not news
    @property
    def trial(self) -> bool: ...  # its source is on trial: measured apart, never published
    @property
    def stamped(self) -> int: ...  # a sum of `Stamp`s; 0: as its source sent it


class StateEvent(Event, Protocol):
    """A dossier reached a state (`dossier.state.v1`)."""

    @property
    def state(self) -> int: ...  # a `State`
    @property
    def procedure(self) -> str: ...  # d.dddddd, or as the source names it
    @property
    def agency(self) -> str: ...  # normalised agency code, level 1 first
    @property
    def unit(self) -> str: ...  # the unit within the agency; "" for the agency itself
    @property
    def step(self) -> str: ...  # the source's name of the step; "" if unsaid
    @property
    def channel(self) -> int: ...  # a `Channel`
    @property
    def sub_channel(self) -> str: ...  # the source's own name of the channel; "" if unsaid
    @property
    def level(self) -> int: ...  # a `Level`
    @property
    def receipt_ms(self) -> int | None: ...  # NgayTiepNhan
    @property
    def due_ms(self) -> int | None: ...  # NgayHenTra, as this event gives it
    @property
    def applicant_type(self) -> int: ...  # an `ApplicantType`
    @property
    def identity_attached(self) -> bool | None: ...  # None if unsaid
    @property
    def applicant_key(self) -> str: ...  # keyed hash of the applicant; "" if unsaid


class Amendment(Event, Protocol):
    """Attributes were wrong; what is given stands against every other event."""

    @property
    def procedure(self) -> str: ...  # "" and 0: not amended
    @property
    def agency(self) -> str: ...
    @property
    def unit(self) -> str | None: ...  # None: not amended
    @property
    def channel(self) -> int: ...
    @property
    def sub_channel(self) -> str | None: ...
    @property
    def level(self) -> int: ...
    @property
    def receipt_ms(self) -> int | None: ...
    @property
    def applicant_type(self) -> int: ...
    @property
    def identity_attached(self) -> bool | None: ...
    @property
    def applicant_key(self) -> str: ...
