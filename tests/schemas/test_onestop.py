"""DongBoHoSoMC and CapNhatTienDoHoSoMC: what a snapshot of fields tells of a life."""

import itertools
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.event import Stamp
from monitor.domain.fold import fold
from monitor.domain.identity import Repeat, repeat, settled
from schemas import onestop
from schemas.decode import Decoder
from schemas.encode import encode
from schemas.event import (
    DocumentsAttached,
    PaymentMade,
    PaymentRequested,
    ResultIssued,
    StateChanged,
    SupplementReceived,
    SupplementRequested,
)
from schemas.kinds import DOSSIERS
from schemas.onestop import ENDED_AS_DUE, PAUSED_AS_PROCESSED, Teller
from schemas.refusal import Reason, Unreadable
from schemas.tracking import Applicant
from tests.schemas.wire import ANYTHING, HANOI, QUICK

DAY = 86_400_000
HOUR = 3_600_000


def at(day, clock="08:00"):
    """An instant of August 2026 in Hanoi."""
    hour, minute = (int(part) for part in clock.split(":"))
    return 1_785_690_000_000 + (day - 3) * DAY + (hour - 0) * HOUR + minute * 60_000


def written(day, clock="08:00"):
    """The same as the portal writes it."""
    return f"202608{day:02}{clock.replace(':', '')}00"


NOW = at(20)
DOSSIER = {
    "MaHoSo": "000.00.14.H56-260803-0001",
    "MaTTHC": "1.004194",
    "TenTTHC": "Đăng ký khai sinh",
    "KenhThucHien": "2",
    "SoGiayToChuHoSo": "038099000001",
    "ChuHoSo": "Nguyễn Văn A",
    "LoaiDoiTuong": "1",
    "SoDienThoai": "0912345678",
    "Email": "a@example.vn",
    "TrichYeuHoSo": "của ông A",
    "NgayNopHoSo": written(3, "07:00"),
    "NgayTiepNhan": written(3, "08:00"),
    "NgayHenTra": written(10, "17:00"),
    "TrangThaiHoSo": "4",
    "NgayKetThucXuLy": "",
    "NgayTra": "",
    "DonViXuLy": "Phòng Tư pháp",
    "DuocThanhToanTrucTuyen": "0",
}
STEP = {
    "MaHoSo": "000.00.14.H56-260803-0001",
    "NguoiXuLy": "Trần Thị B",
    "ThoiDiemXuLy": written(4, "09:00"),
    "PhongBanXuLy": "Phòng Tư pháp",
    "NoiDungXuLy": "đã xem",
    "TrangThai": "4",
}


def hide(numbers, of_ms):
    if not numbers:
        return Applicant("", None, 0)
    if numbers[0] == "000000001":
        return Applicant("", False, Stamp.PLACEHOLDER)
    return Applicant(f"k1.2026:{len(numbers):032x}", True, Stamp.IDENTITY)


def teller(*quirks):
    return Teller(
        source="H56-onestop", owner="H56", zone=HANOI, quirks=frozenset(quirks), hide=hide
    )


def of(service, said, *quirks, now=NOW, updating=""):
    value = json.dumps({"service": service, "isUpdating": updating, "data": [said]}).encode()
    request = onestop.read(value)
    [item] = request.items
    return onestop.events(request, item, teller(*quirks), now)


def snapshot(*quirks, now=NOW, updating="", **changed):
    return of(onestop.DOSSIER, {**DOSSIER, **changed}, *quirks, now=now, updating=updating)


def step(*quirks, now=NOW, **changed):
    return of(onestop.PROGRESS, {**STEP, **changed}, *quirks, now=now)


def states(events):
    """Each state with its time and its stamps, without those that only tell a due date."""
    return [
        (event.state, event.claimed_ms, Stamp(event.stamped))
        for event in events
        if isinstance(event, StateChanged) and not event.id.startswith("onestop-due-")
    ]


def life(*told):
    return fold(settled(itertools.chain(*told)))


NONE, TIME, DERIVED = Stamp(0), Stamp.TIME, Stamp.DERIVED
UNKNOWN = Stamp.TIME | Stamp.UNCERTAIN


def test_what_was_submitted_online_and_received_is_told_with_its_own_dates():
    assert states(snapshot()) == [
        (1, at(3, "07:00"), NONE),
        (2, at(3, "08:00"), Stamp.IDENTITY),
    ]
    received = next(event for event in snapshot() if event.id == "onestop-2")
    assert (received.receipt_ms, received.channel, received.applicant_type) == (at(3), 2, 1)
    assert (received.identity_attached, received.applicant_key) == (True, f"k1.2026:{1:032x}")
    assert (received.agency, received.procedure) == ("H56.14", "1.004194")


def test_what_came_to_the_desk_was_never_submitted_online():
    assert states(snapshot(KenhThucHien="1"))[0][0] == 2


def test_the_due_date_is_known_from_the_receipt_on():
    view = life(snapshot())

    assert [(due.made_ms, due.due_ms) for due in view.dues] == [(at(3), at(10, "17:00"))]
    assert view.accepted_ms == at(3)


def test_a_due_date_that_comes_later_is_the_last_and_not_the_first():
    view = life(snapshot(), snapshot(NgayHenTra=written(12), now=NOW + DAY, updating="True"))

    assert (view.first_due_at(None), view.due_ms) == (at(10, "17:00"), at(12))


def test_one_that_is_told_long_after_the_end_was_not_in_force():
    """Or whoever is late would only have to write another due date."""
    ended = {"TrangThaiHoSo": "9", "NgayKetThucXuLy": written(11)}
    told = snapshot(**ended, now=at(11, "20:00"))
    later = snapshot(**ended, NgayHenTra=written(12), now=at(14), updating="True")

    assert life(told, later).due_ms == at(10, "17:00")


def test_an_end_is_on_its_own_date_and_the_result_on_its():
    ended = {"TrangThaiHoSo": "10", "NgayKetThucXuLy": written(7), "NgayTra": written(8)}
    view = life(snapshot(**ended))

    assert states(snapshot(**ended))[2:] == [(9, at(7), NONE), (10, at(8), NONE)]
    assert (view.end_ms, view.standing_ms, view.uncertain_ms) == (at(7), at(8), None)


@pytest.mark.parametrize(
    ("changed", "last"),
    [
        ({"TrangThaiHoSo": "9"}, (9, NOW, UNKNOWN)),
        ({"TrangThaiHoSo": "10"}, (10, NOW, UNKNOWN)),
        ({"TrangThaiHoSo": "10", "NgayTra": written(8)}, (10, at(8), NONE)),
        ({"TrangThaiHoSo": "10", "NgayKetThucXuLy": written(7)}, (10, NOW, TIME)),
        ({"TrangThaiHoSo": "7", "NgayTuChoi": written(6)}, (7, at(6), NONE)),
        ({"TrangThaiHoSo": "7", "NgayKetThucXuLy": written(7)}, (7, at(7), DERIVED)),
        ({"TrangThaiHoSo": "7"}, (7, NOW, UNKNOWN)),
        ({"TrangThaiHoSo": "6"}, (6, NOW, TIME)),
        ({"TrangThaiHoSo": "6", "NgayHenTra": None}, (6, NOW, UNKNOWN)),
        ({"TrangThaiHoSo": "8"}, (8, NOW, UNKNOWN)),
        ({"TrangThaiHoSo": "5"}, (5, NOW, UNKNOWN)),
        ({"TrangThaiHoSo": "x"}, (0, NOW, UNKNOWN)),
    ],
)
def test_every_time_says_where_it_is_from(changed, last):
    assert states(snapshot(**changed))[-1] == last


def test_a_refusal_received_nothing():
    told = snapshot(TrangThaiHoSo="3", NgayTuChoi=written(4), NgayTra=written(5))

    assert states(told) == [(1, at(3, "07:00"), NONE), (3, at(4), NONE)]
    handed = snapshot(TrangThaiHoSo="3", NgayTra=written(5))
    assert states(handed)[-1] == (3, at(5), DERIVED)


def test_what_is_only_submitted_or_waits_without_a_receipt_is_not_received():
    assert states(snapshot(TrangThaiHoSo="1")) == [(1, at(3, "07:00"), NONE)]
    assert states(snapshot(TrangThaiHoSo="5", NgayTiepNhan="")) == [
        (1, at(3, "07:00"), NONE), (5, NOW, UNKNOWN)
    ]  # fmt: skip


def test_what_is_received_without_a_date_is_received_when_it_is_told():
    assert states(snapshot(NgayTiepNhan=None, NgayNopHoSo=None)) == [
        (2, NOW, UNKNOWN | Stamp.IDENTITY)
    ]


SUPPLEMENT = {
    "HoSoBoSungId": 17,
    "NgayBoSung": "2026-08-05T09:00:00",
    "NgayTiepNhanBoSung": written(7, "10:00"),
    "NgayHenTraTruoc": "2026-08-10T17:00:00",
    "NgayHenTraMoi": "2026-08-12T17:00:00",
    "NoiDungBoSung": "thiếu giấy của Nguyễn Văn A",
}


def test_a_supplement_is_asked_for_comes_and_moves_the_due_date():
    told = snapshot(NgayHenTra=written(12, "17:00"), DanhSachHoSoBoSung=[SUPPLEMENT])
    view = life(told)
    [supplement] = view.supplements

    assert (supplement.asked_ms, supplement.ended_ms, supplement.completed) == (
        at(5, "09:00"), at(7, "10:00"), True,
    )  # fmt: skip
    assert [(due.made_ms, due.due_ms) for due in view.dues] == [
        (at(3), at(10, "17:00")),
        (at(7, "10:00"), at(12, "17:00")),
    ]
    assert [type(event) for event in told if not isinstance(event, StateChanged)] == [
        SupplementRequested, SupplementReceived
    ]  # fmt: skip


def test_one_that_is_awaited_is_a_pause_since_it_was_asked_for():
    pending = {**SUPPLEMENT, "NgayTiepNhanBoSung": "", "NgayHenTraMoi": None}
    told = snapshot(TrangThaiHoSo="5", DanhSachHoSoBoSung=[pending])

    assert states(told)[-1] == (5, at(5, "09:00"), NONE)
    assert life(told).outcome == "paused"


def test_one_that_is_over_without_having_come_is_resumed_when_it_is_told():
    pending = {**SUPPLEMENT, "NgayTiepNhanBoSung": "", "HoSoBoSungId": 0}
    told = snapshot(TrangThaiHoSo="4", DanhSachHoSoBoSung=[pending])

    assert states(told)[-1] == (4, NOW, UNKNOWN)
    assert "onestop-supplement-1" in {event.id for event in told}


def test_one_without_a_date_makes_the_clock_uncertain():
    told = snapshot(
        DanhSachHoSoBoSung=[{"HoSoBoSungId": 1, "NgayBoSung": "0001-01-01T00:00:00"}]
    )

    [asked] = [event for event in told if isinstance(event, SupplementRequested)]
    assert asked.stamped == UNKNOWN


def test_fees_and_their_payment_are_told_without_when():
    told = snapshot(
        DanhSachLePhi=[{"Gia": "100,000"}, {"Gia": 50000}, {"Gia": "miễn phí"}],
        DuocThanhToanTrucTuyen="1",
    )
    [fee] = [event for event in told if isinstance(event, PaymentRequested)]
    [paid] = [event for event in told if isinstance(event, PaymentMade)]

    assert (fee.amount, fee.claimed_ms, fee.stamped) == (150_000, at(3), Stamp.DERIVED)
    assert (paid.form, paid.claimed_ms, paid.stamped) == (1, NOW, Stamp.TIME | Stamp.PAYMENT)


def test_papers_and_results_are_counted_and_not_named():
    told = snapshot(
        TrangThaiHoSo="9",
        NgayKetThucXuLy=written(7),
        TaiLieuNop=[
            {"TenTepDinhKem": "cccd-cua-A.pdf", "DuongDanTaiTepTin": "x", "DuocSoHoa": "1"},
            {"DuocLayTuKhoDMQG": "1", "DuocTaiSuDung": "2"},
            {"IsDeleted": "true", "DuongDanTaiTepTin": "y"},
            {},
        ],
        TaiKhoanDuocXacThucVoiVNeID="1",
        DSKetNoiCSDL=[{"MaCSDL": "CSDLDC"}],
        DanhSachGiayToKetQua=[{"MaGiayToKetQua": "KQ.1", "DuongDanTepTinKetQua": "z"}, {}],
    )
    [papers] = [event for event in told if isinstance(event, DocumentsAttached)]
    [result] = [event for event in told if isinstance(event, ResultIssued)]

    assert (papers.components, papers.digitised, papers.reused) == (3, 1, 2)
    assert (papers.national_store, papers.population, papers.identity_verified) == (1, 1, True)
    assert (result.electronic, result.paper, result.claimed_ms) == (True, True, at(7))


def test_a_placeholder_is_no_identity():
    told = snapshot(SoGiayToChuHoSo="000000001", DinhDanhCHS=[{"SoDinhDanh": ""}])
    received = next(event for event in told if event.id == "onestop-2")

    assert (received.identity_attached, received.applicant_key) == (False, "")
    assert received.stamped == Stamp.PLACEHOLDER


def test_nothing_of_a_person_is_left():
    told = [
        *snapshot(DanhSachHoSoBoSung=[SUPPLEMENT], GhiChu="gọi 0912345678"),
        *step(PhongBanXuLy=""),
    ]
    words = ["Nguyễn", "Trần", "0912345678", "example", "038099000001", "của ông", "đã xem"]

    assert not [word for event in told for word in words if word in encode(event).decode()]


# --- Progress ---------------------------------------------------------------------------------


def test_a_step_is_a_state_at_its_own_time_and_names_no_procedure():
    [event] = step()

    assert (event.state, event.claimed_ms, event.unit) == (4, at(4, "09:00"), "Phòng Tư pháp")
    assert (event.procedure, event.agency, event.stamped) == ("", "H56.14", Stamp.PROCEDURE)


@pytest.mark.parametrize(
    ("changed", "known"),
    [
        ({"ThoiDiemXuLy": "", "NgayBatDau": written(4)}, (at(4), Stamp.DERIVED)),
        ({"ThoiDiemXuLy": ""}, (NOW, UNKNOWN)),
    ],
)
def test_a_step_without_its_time_says_so(changed, known):
    [event] = step(**changed)

    assert (event.claimed_ms, event.stamped & ~Stamp.PROCEDURE) == known


def test_both_messages_tell_one_life_and_the_dossiers_own_dates_stand():
    told = [
        snapshot(TrangThaiHoSo="9", NgayKetThucXuLy=written(7)),
        step(TrangThai="2", ThoiDiemXuLy=written(3, "07:59")),
        step(),
        step(TrangThai="9", ThoiDiemXuLy=written(7, "08:01")),
        step(TrangThai="10", ThoiDiemXuLy=written(8)),
    ]
    view = life(*told)

    assert [(move.state, move.at_ms) for move in view.moves] == [
        (1, at(3, "07:00")), (2, at(3)), (4, at(4, "09:00")), (9, at(7)), (10, at(8))
    ]  # fmt: skip
    assert (view.procedure, view.uncertain_ms) == ("1.004194", None)
    assert not [noted for noted in view.warnings if noted.warning.name == "ILLEGAL_TRANSITION"]


def test_a_step_knows_better_than_a_snapshot_without_a_date():
    view = life(snapshot(TrangThaiHoSo="9"), step(TrangThai="9", ThoiDiemXuLy=written(7)))

    assert (view.end_ms, view.uncertain_ms) == (at(7), None)


def test_a_procedure_that_only_a_later_message_names_is_the_dossiers():
    assert life(step(TrangThai="2"), snapshot(NgayTiepNhan=written(5))).procedure == "1.004194"


# --- Defects ----------------------------------------------------------------------------------


def test_a_9_of_a_source_that_sends_pauses_so_is_only_an_end_with_a_date():
    pause = snapshot(PAUSED_AS_PROCESSED, TrangThaiHoSo="9")
    ended = snapshot(PAUSED_AS_PROCESSED, TrangThaiHoSo="9", NgayKetThucXuLy=written(7))
    [told] = step(PAUSED_AS_PROCESSED, TrangThai="9")

    assert states(pause)[-1] == (0, NOW, UNKNOWN)
    assert states(ended)[-1] == (9, at(7), NONE)
    assert (told.state, told.stamped) == (0, Stamp.PROCEDURE | Stamp.UNCERTAIN)


def test_an_end_that_was_written_over_with_the_due_date_is_no_time():
    bulk = {"TrangThaiHoSo": "9", "NgayKetThucXuLy": written(10, "17:00")}

    assert states(snapshot(ENDED_AS_DUE, **bulk))[-1] == (
        9, at(10, "17:00"), Stamp.DERIVED | Stamp.UNCERTAIN,
    )  # fmt: skip
    assert states(snapshot(**bulk))[-1] == (9, at(10, "17:00"), NONE)
    by_step = life(
        snapshot(ENDED_AS_DUE, **bulk), step(TrangThai="9", ThoiDiemXuLy=written(13))
    )
    assert by_step.end_ms == at(13)


# --- Again and again --------------------------------------------------------------------------

LATER: list[dict[str, Any]] = [
    {},
    {"TrangThaiHoSo": "6"},
    {"TrangThaiHoSo": "5", "DanhSachHoSoBoSung": [{**SUPPLEMENT, "NgayTiepNhanBoSung": ""}]},
    {"TrangThaiHoSo": "4", "DanhSachHoSoBoSung": [SUPPLEMENT], "NgayHenTra": written(12, "17:00")},
    {"TrangThaiHoSo": "9", "DanhSachHoSoBoSung": [SUPPLEMENT], "NgayHenTra": written(12, "17:00"),
     "NgayKetThucXuLy": written(11), "DanhSachLePhi": [{"Gia": "5000"}]},
]  # fmt: skip


@pytest.mark.parametrize("changed", LATER)
def test_what_is_sent_again_is_a_duplicate(changed):
    first = snapshot(**changed)
    again = snapshot(**changed, now=NOW + DAY)

    assert [event.id for event in first] == [event.id for event in again]
    assert {repeat(*pair) for pair in zip(first, again, strict=True)} == {Repeat.DUPLICATE}
    assert life(first, again) == life(first)


def test_every_order_of_the_messages_gives_the_same_life():
    told = [
        event
        for number, changed in enumerate(LATER)
        for event in snapshot(**changed, now=at(4 + number), updating=str(number > 0))
    ]
    told += step(TrangThai="9", ThoiDiemXuLy=written(11, "08:01"))

    assert len({event.id for event in told}) < len(told)
    for turn in range(0, len(told), 3):
        assert life(told[turn:], told[:turn][::-1]) == life(told)


def test_an_update_corrects_what_was_told_first():
    first = snapshot(KenhThucHien="1", updating="False")
    update = snapshot(KenhThucHien="3", updating="True", now=NOW + HOUR)

    assert life(first, update).channel == life(update, first).channel == 3


def test_what_it_becomes_travels_and_is_read_again():
    decoder = Decoder(HANOI, DOSSIERS)
    for event in [*snapshot(**LATER[-1]), *step(), *step(ThoiDiemXuLy=None)]:
        assert decoder.decode(encode(event), record_time_ms=0) == event


# --- Requests ---------------------------------------------------------------------------------


def test_a_request_is_a_list_or_an_object_with_one():
    alone = onestop.read(json.dumps([DOSSIER, DOSSIER]).encode(), onestop.DOSSIER, "True")
    within = onestop.read(
        json.dumps({"service": onestop.PROGRESS, "isUpdating": False, "data": STEP}).encode()
    )

    assert (alone.service, alone.updating, len(alone.items)) == (onestop.DOSSIER, True, 2)
    assert (within.service, within.updating, len(within.items)) == (onestop.PROGRESS, False, 1)
    assert len(onestop.read(json.dumps(DOSSIER).encode(), onestop.DOSSIER).items) == 1


def refusal(call, *arguments):
    with pytest.raises(Unreadable) as caught:
        call(*arguments)
    return caught.value.reason, caught.value.detail


def test_a_request_of_another_service_or_of_nothing_is_refused():
    assert refusal(onestop.read, b"[{}]") == (Reason.UNKNOWN_TYPE, "service")
    assert refusal(onestop.read, b'{"data": []}', onestop.DOSSIER) == (Reason.EMPTY, "data")


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"MaHoSo": ""}, (Reason.MISSING_FIELD, "data[0].MaHoSo")),
        ({"MaTTHC": None}, (Reason.MISSING_FIELD, "data[0].MaTTHC")),
        ({"NgayTiepNhan": "hôm qua"}, (Reason.MALFORMED_TIME, "data[0].NgayTiepNhan")),
        ({"TaiLieuNop": "x"}, (Reason.WRONG_TYPE, "data[0].TaiLieuNop")),
    ],
)
def test_an_item_that_cannot_be_understood_is_refused_by_its_place(changed, reason):
    assert refusal(of, onestop.DOSSIER, {**DOSSIER, **changed}) == reason


@QUICK
@given(
    st.sampled_from([onestop.DOSSIER, onestop.PROGRESS]),
    st.dictionaries(
        st.sampled_from([*DOSSIER, *STEP, "DanhSachHoSoBoSung", "DanhSachLePhi", "TaiLieuNop"]),
        ANYTHING | st.just([SUPPLEMENT]) | st.sampled_from(["5", "9", "10"]),
    ),
)
def test_whatever_is_sent_is_events_or_a_refusal(service, changed):
    with suppress(UnicodeEncodeError, ValueError, Unreadable):
        for event in of(service, {**DOSSIER, **STEP, **changed}):
            encode(event)
