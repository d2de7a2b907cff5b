"""What one-stop systems send to the National Portal: the dossier, and its progress.

`DongBoHoSoMC` is a snapshot of a dossier's fields, sent again whenever one of them changes;
`CapNhatTienDoHoSoMC` tells single steps. Both become states and events whose ids follow from what
they tell, so that what is sent again is a duplicate; where two messages tell the same step, the one
that knows its time better stands (`Known`). Field by field: docs/reference/legacy.md.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from monitor.domain.event import Channel, Stamp, State
from monitor.domain.lifecycle import ACCEPTING
from monitor.domain.zone import Zone
from schemas import texts
from schemas.event import (
    Canonical,
    DocumentsAttached,
    PaymentMade,
    PaymentRequested,
    ResultIssued,
    StateChanged,
    SupplementReceived,
    SupplementRequested,
)
from schemas.fields import APPLICANT_TYPES, CHANNELS, MOST_DONG
from schemas.lenient import LONGEST_CODE, Said, objects, parsed
from schemas.payment import FORMS
from schemas.refusal import Reason, Unreadable
from schemas.tracking import Hide, agency_of

DOSSIER: Final = "DongBoHoSoMC"
PROGRESS: Final = "CapNhatTienDoHoSoMC"

# Defects of a source, entered for it in the register.
PAUSED_AS_PROCESSED: Final = "paused-as-processed"  # 5, 6 and 8 are sent as 9
ENDED_AS_DUE: Final = "ended-as-due"  # a bulk finish writes the due date as the end
QUIRKS: Final = {
    PAUSED_AS_PROCESSED: "A 9 without a date of its end is any of 5, 6, 8 and 9: state 0, and the "
    "clock is uncertain from there.",
    ENDED_AS_DUE: "An end that equals the due date to the second is no time: the clock is "
    "uncertain from there.",
}

_ONCE: Final = frozenset({1, 2, 3, 7, 9, 10})  # states whose id is the state
_UNCERTAIN: Final = Stamp.TIME | Stamp.UNCERTAIN
_CODES: Final = {str(int(state)): state for state in State}
_ONLINE: Final = int(Channel.ONLINE)
_DIGITS: Final = re.compile(r"[0-9]{1,12}")
_SERIAL: Final = re.compile(r"[0-9]{1,8}")  # too short for anybody's number
_LETTERS: Final = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
_MINUTE_MS: Final = 60_000
# A due date that is told later than this after the end was not in force before it.
_TOLD_LATE_MS: Final = 24 * 60 * _MINUTE_MS


class Known(IntEnum):
    """How the time of a step is known: what is known better stands, as a revision of the other."""

    ARRIVED = 0  # not at all: it is the message's arrival
    DERIVED = 2  # from another field
    STEP = 4  # the progress message's own
    FIELD = 6  # the dossier's own date
    # One more where a message says that it is an update: what it corrects stands.


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Who sends, and how its messages are to be read."""

    source: str
    owner: str  # the agency that the register has for it
    zone: Zone  # of times without offset
    quirks: frozenset[str]
    hide: Hide


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it was understood: which service, and the dossiers or steps it tells of."""

    service: str
    updating: bool
    items: list[Said]


def read(value: bytes | None, service: str = "", updating: str = "") -> Request:
    """A request in any of its forms: the list alone, or with the service beside it.

    What the address says stands before what the body says.
    """
    said = parsed(value)
    found = said
    if isinstance(said, dict):
        envelope = Said(said)
        if envelope.has("data"):
            service = service or envelope.text("service")
            updating = updating or envelope.text("isUpdating")
            found = envelope.value("data")
    if service not in (DOSSIER, PROGRESS):
        raise Unreadable(Reason.UNKNOWN_TYPE, "service")
    items = list(objects(found, "data"))
    if not items:
        raise Unreadable(Reason.EMPTY, "data")
    return Request(service, updating.lower() in ("true", "1"), items)


def events(request: Request, item: Said, teller: Teller, arrival_ms: int) -> list[Canonical]:
    """What one item of a request tells, in the order in which it happened."""
    if not item.text("MaHoSo"):
        raise Unreadable(Reason.MISSING_FIELD, item.place("MaHoSo"))
    updating = request.updating
    message: _Progress | _Dossier
    if request.service == PROGRESS:
        message = _Progress(item, teller, arrival_ms, updating=updating)
    else:
        message = _Dossier(item, teller, arrival_ms, updating=updating)
    told = message.told()
    return sorted(told, key=lambda event: event.claimed_ms)


class _Message:
    """What both messages have: whose dossier it is, and times with their provenance."""

    def __init__(self, said: Said, teller: Teller, arrival_ms: int, *, updating: bool) -> None:
        self.said = said
        self.teller = teller
        self.arrival_ms = arrival_ms
        self.updating = updating
        self.dossier = texts.dossier(said.text("MaHoSo"), teller.source, said.place("MaHoSo"))
        self.agency = agency_of(self.dossier, teller.source) or texts.agency(
            teller.owner, "owner"
        )

    def instant(self, name: str) -> int | None:
        return self.said.instant(name, self.teller.zone)

    def state_code(self, name: str) -> int:
        """A national state; 0 for any other code, and for none."""
        return int(_CODES.get(self.said.text(name), State.OTHER))

    def common(self, id_: str, at_ms: int | None, stamped: int = 0) -> dict[str, Any]:
        """What every event has; without a time it is the arrival's."""
        if at_ms is None:
            stamped = stamped & ~Stamp.DERIVED | Stamp.TIME
        return {
            "dossier": self.dossier,
            "source": self.teller.source,
            "id": f"onestop-{id_}",
            "claimed_ms": self.arrival_ms if at_ms is None else at_ms,
            "arrival_ms": self.arrival_ms,
            "stamped": int(stamped),
        }


class _Progress(_Message):
    """A step of the dossier, with its time; the procedure is not named."""

    def told(self) -> Iterator[Canonical]:
        state = self.state_code("TrangThai")
        at_ms, known = self.instant("ThoiDiemXuLy"), Known.STEP
        stamped = Stamp.PROCEDURE
        if at_ms is None:
            at_ms, known = self.instant("NgayBatDau"), Known.DERIVED
            stamped |= Stamp.DERIVED
        if at_ms is None:
            known, stamped = Known.ARRIVED, Stamp.PROCEDURE | _UNCERTAIN
        if state == State.PROCESSED and PAUSED_AS_PROCESSED in self.teller.quirks:
            state, stamped = int(State.OTHER), stamped | Stamp.UNCERTAIN
        unit = self.said.text("PhongBanXuLy")
        yield StateChanged(
            **self.common(_id(state, at_ms), at_ms, stamped),
            state=state,
            procedure="",
            agency=self.agency,
            unit=texts.name(unit, self.said.place("PhongBanXuLy")) if unit else "",
            revision=known if state in _ONCE else 0,
        )


class _Dossier(_Message):
    """All fields of a dossier as they are now."""

    def __init__(self, said: Said, teller: Teller, arrival_ms: int, *, updating: bool) -> None:
        super().__init__(said, teller, arrival_ms, updating=updating)
        self.state = self.state_code("TrangThaiHoSo")
        self.submitted_ms = self.instant("NgayNopHoSo")
        self.received_ms = self.instant("NgayTiepNhan")
        self.due_ms = self.instant("NgayHenTra")
        self.ended_ms = self.instant("NgayKetThucXuLy")
        self.handed_ms = self.instant("NgayTra")
        procedure = said.text("MaTTHC", most=LONGEST_CODE)
        if not procedure:
            raise Unreadable(Reason.MISSING_FIELD, said.place("MaTTHC"))
        self.procedure = texts.procedure(procedure, said.place("MaTTHC"))
        self.channel = _listed(said.text("KenhThucHien"), CHANNELS)
        self.applicant_type = _listed(said.text("LoaiDoiTuong"), APPLICANT_TYPES)
        numbers = [each.text("SoDinhDanh") for each in said.items("DinhDanhCHS")]
        numbers.append(said.text("SoGiayToChuHoSo"))
        first_ms = self.received_ms or self.submitted_ms or arrival_ms
        self.applicant = teller.hide([number for number in numbers if number], first_ms)
        self.accepted = self.state in ACCEPTING or (
            self.received_ms is not None and self.state not in (State.SUBMITTED, State.REFUSED)
        )

    def told(self) -> Iterator[Canonical]:
        if self.submitted_ms is not None and self.channel == _ONLINE:
            yield self._state(State.SUBMITTED, self.submitted_ms, Known.FIELD)
        if self.accepted:
            yield self._state(
                State.ACCEPTED,
                self.received_ms,
                Known.ARRIVED if self.received_ms is None else Known.FIELD,
                (_UNCERTAIN if self.received_ms is None else 0) | self.applicant.stamped,
                receipt_ms=self.received_ms,
            )
        supplements = self.said.items("DanhSachHoSoBoSung")
        yield from self._dues(supplements)
        pending_ms: int | None = None
        resumed = True
        for number, supplement in enumerate(supplements, start=1):
            yield from self._supplement(number, supplement)
            pending_ms = supplement.instant("NgayBoSung", self.teller.zone)
            resumed = supplement.instant("NgayTiepNhanBoSung", self.teller.zone) is not None
        yield from self._stands(None if resumed else pending_ms, resumed=resumed)
        yield from self._fees()
        yield from self._papers()

    def _state(
        self, state: State, at_ms: int | None, known: Known, stamped: int = 0, **given: Any
    ) -> StateChanged:
        revision = int(known) if state in _ONCE else 0
        if state in (State.SUBMITTED, State.ACCEPTED):  # they carry what may be corrected
            revision += self.updating
        given.setdefault("id_", _id(int(state), at_ms))
        return StateChanged(
            **self.common(given.pop("id_"), at_ms, stamped),
            revision=revision,
            state=int(state),
            procedure=self.procedure,
            agency=self.agency,
            channel=self.channel,
            applicant_type=self.applicant_type,
            identity_attached=self.applicant.attached,
            applicant_key=self.applicant.key,
            **given,
        )

    def _dues(self, supplements: list[Said]) -> Iterator[Canonical]:
        """Due dates since the receipt, the first one first.

        Each is told by a state that changes nothing, because the same dossier comes again with
        another one, and nobody says when it was made. One that is told more than a day after the
        end was not in force before it.
        """
        zone = self.teller.zone
        moved = {supplement.instant("NgayHenTraMoi", zone) for supplement in supplements}
        told = [supplement.instant("NgayHenTraTruoc", zone) for supplement in supplements[:1]]
        if self.due_ms not in moved:
            told.append(self.due_ms)
        ended_ms = self.handed_ms if self.ended_ms is None else self.ended_ms
        late = ended_ms is not None and self.arrival_ms - ended_ms > _TOLD_LATE_MS
        at_ms = None if late else self.received_ms
        for due_ms in dict.fromkeys(told):
            if due_ms is not None:
                yield self._state(
                    State.OTHER,
                    at_ms,
                    Known.ARRIVED,
                    Stamp.DERIVED,
                    id_=f"due-{_letters(due_ms)}",
                    due_ms=due_ms,
                    sequence=due_ms // _MINUTE_MS,
                )

    def _supplement(self, number: int, said: Said) -> Iterator[Canonical]:
        """A request for more papers, their receipt, and the due date that was made of it."""
        asked_ms = said.instant("NgayBoSung", self.teller.zone)
        came_ms = said.instant("NgayTiepNhanBoSung", self.teller.zone)
        due_ms = said.instant("NgayHenTraMoi", self.teller.zone)
        named = said.text("HoSoBoSungId")
        which = _letters(int(named)) if _SERIAL.fullmatch(named) and int(named) else str(number)
        stamped = 0 if asked_ms is not None else _UNCERTAIN
        yield SupplementRequested(
            **self.common(f"supplement-{which}", asked_ms, stamped),
            agency=self.agency,
            components=len(said.items("DanhSachGiayToBoSung")),
        )
        if came_ms is None:
            return
        yield SupplementReceived(
            **self.common(f"supplied-{which}", came_ms), agency=self.agency
        )
        yield self._state(
            State.IN_PROCESS, came_ms, Known.FIELD, id_=f"4-supplied-{which}", due_ms=due_ms
        )

    def _stands(self, pending_ms: int | None, *, resumed: bool) -> Iterator[Canonical]:
        """The present state, as far as no date of the dossier has told it."""
        state = self.state
        match state:
            case State.OTHER:
                yield self._now(State.OTHER, _UNCERTAIN)
            case State.IN_PROCESS if not resumed:
                yield self._now(State.IN_PROCESS, _UNCERTAIN)
            case State.SUPPLEMENT_REQUESTED:
                if pending_ms is None:
                    yield self._now(State.SUPPLEMENT_REQUESTED, _UNCERTAIN)
                else:
                    yield self._state(State.SUPPLEMENT_REQUESTED, pending_ms, Known.FIELD)
            case State.PAYMENT_REQUESTED:
                # A due date that was sent is not moved by it, and without one all hangs on it.
                yield self._now(
                    State.PAYMENT_REQUESTED, Stamp.TIME if self.due_ms else _UNCERTAIN
                )
            case State.STOPPED:
                yield self._now(State.STOPPED, _UNCERTAIN)
            case State.REFUSED | State.WITHDRAWN:
                yield self._given_up(State(state))
            case State.PROCESSED | State.HANDED_OVER:
                yield from self._ended(State(state))
            case _:  # 1, 2, and a 4 that follows: told by their dates
                pass

    def _now(self, state: State, stamped: int) -> StateChanged:
        """A state of which only the arrival is known: once for each due date it stands with."""
        return self._state(
            state,
            None,
            Known.ARRIVED,
            stamped,
            id_=f"{int(state)}-{_letters(self.due_ms or 0)}",
        )

    def _given_up(self, state: State) -> StateChanged:
        """Refused or withdrawn: on its own date, else on the end's."""
        own_ms = self.instant("NgayTuChoi")
        if own_ms is not None:
            return self._state(state, own_ms, Known.FIELD)
        derived_ms = self.ended_ms if self.ended_ms is not None else self.handed_ms
        if derived_ms is not None:
            return self._state(state, derived_ms, Known.DERIVED, Stamp.DERIVED)
        return self._state(state, None, Known.ARRIVED, _UNCERTAIN)

    def _ended(self, state: State) -> Iterator[Canonical]:
        quirks = self.teller.quirks
        stamped = 0
        if self.ended_ms is not None:
            known = Known.FIELD
            if ENDED_AS_DUE in quirks and self.ended_ms == self.due_ms:
                known, stamped = Known.DERIVED, Stamp.DERIVED | Stamp.UNCERTAIN
            yield self._state(State.PROCESSED, self.ended_ms, known, stamped)
        elif state is State.PROCESSED:
            if PAUSED_AS_PROCESSED in quirks:
                yield self._now(State.OTHER, _UNCERTAIN)
            else:
                yield self._state(State.PROCESSED, None, Known.ARRIVED, _UNCERTAIN)
        if state is State.HANDED_OVER:
            if self.handed_ms is not None:
                yield self._state(State.HANDED_OVER, self.handed_ms, Known.FIELD)
            else:
                stamped = Stamp.TIME if self.ended_ms is not None else _UNCERTAIN
                yield self._state(State.HANDED_OVER, None, Known.ARRIVED, stamped)

    def _fees(self) -> Iterator[Canonical]:
        """What is to be paid since the receipt, and that it was paid: nobody says when."""
        fees = self.said.items("DanhSachLePhi")
        amount = 0
        for fee in fees:
            said = fee.text("Gia").replace(",", "").replace(" ", "")
            amount += int(said) if _DIGITS.fullmatch(said) else 0
        amount = min(amount, MOST_DONG)
        if fees:
            yield PaymentRequested(
                **self.common(f"fees-{_letters(amount)}", self.received_ms, Stamp.DERIVED),
                amount=amount,
            )
        form = _listed(self.said.text("DuocThanhToanTrucTuyen"), FORMS)
        if form:
            yield PaymentMade(**self.common(f"payment-{form}", None, Stamp.PAYMENT), form=form)

    def _papers(self) -> Iterator[Canonical]:
        papers = [
            paper
            for paper in self.said.items("TaiLieuNop")
            if paper.flag("IsDeleted") is not True
        ]
        verified = self.said.flag("TaiKhoanDuocXacThucVoiVNeID")
        if papers or verified is not None:
            linked = any(each.text("MaCSDL") for each in self.said.items("DSKetNoiCSDL"))
            counts = [
                len(papers),
                sum(paper.gives("DuongDanTaiTepTin") for paper in papers),
                sum(
                    paper.text("DuocTaiSuDung") in ("1", "2") or paper.flag("DuocSoHoa") is True
                    for paper in papers
                ),
                sum(paper.flag("DuocLayTuKhoDMQG") is True for paper in papers),
                int(linked and bool(papers)),
            ]
            components, digitised, reused, national_store, population = counts
            id_ = "-".join(["papers", *map(_letters, counts), str(verified).lower()])
            yield DocumentsAttached(
                **self.common(id_, None),
                components=components,
                digitised=digitised,
                reused=reused,
                national_store=national_store,
                population=population,
                identity_verified=verified,
            )
        results = self.said.items("DanhSachGiayToKetQua")
        if results:
            electronic = any(
                each.gives("DuongDanTepTinKetQua") and each.gives("MaGiayToKetQua")
                for each in results
            )
            paper = any(not each.gives("DuongDanTepTinKetQua") for each in results)
            yield ResultIssued(
                **self.common(
                    f"result-{int(electronic)}{int(paper)}", self.ended_ms, Stamp.DERIVED
                ),
                electronic=electronic,
                paper=paper,
            )


def _id(state: int, at_ms: int | None) -> str:
    """Of a state: once for a dossier, or once for each time."""
    return str(state) if state in _ONCE or at_ms is None else f"{state}-{_letters(at_ms)}"


def _letters(number: int) -> str:
    """A number in letters: a row of digits would look like one that tells who somebody is."""
    return f"{number:x}".translate(_LETTERS)


def _listed(code: str, codes: Collection[int]) -> int:
    """A code of a list; 0 for any other, and for none."""
    return (
        int(code)
        if len(code) == 1 and code.isascii() and code.isdigit() and int(code) in codes
        else 0
    )
