"""TrackingMCDT and the one-stop services over real HTTP: quirks, replies, who is let in."""

import asyncio
import gzip
import json
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.gateway.legacy import LARGEST_TRACKED
from agents.quarantine import Seal, unpack_record
from monitor.domain.zone import Zone
from schemas.decode import decode
from schemas.event import PaymentMade, StateChanged
from tests.gateway.service import KEY, Stage, on_topic, registered
from tests.schemas.wire import ANYTHING

SITE: Final = 205
LOCAL: Final = ("127.0.0.0/8", "::1/128")
NUMBER: Final = "038099000001"  # invented, as all here
TRACKED: Final = {
    "CodeProfile": "000.00.14.H56-260803-0001",
    "MaHoSo": "000.00.14.H56-260803-0001",
    "SiteId": SITE,
    "CodeTTHC": "1.004194",
    "NameTTHC": "Đăng ký khai sinh",
    "Status": "1",
    "FormsReception": "1",
    "FormsPayments": "1",
    "Level": "4",
    "IsFromDVCQG": "0",
    "IsDVCBC": "1",
    "Data": "Nguyễn Văn A, 0912345678",
    "User": json.dumps({"ID_local": NUMBER, "ID_QG": NUMBER, "TYPE": "2", "LOCATION": "38"}),
}
DOSSIER: Final = {
    "MaHoSo": "000.00.14.H56-260803-0002",
    "MaTTHC": "1.004194",
    "ChuHoSo": "Trần Thị B",
    "SoGiayToChuHoSo": NUMBER,
    "KenhThucHien": "2",
    "NgayTiepNhan": "20260803080000",
    "TrangThaiHoSo": "2",
}


async def entered(here: Stage, code: str, **said: Any) -> str:
    """A source of the one-stop kind, at this machine's addresses; its token."""
    given = {"addresses": LOCAL, "mandates": ("H56",), **said}
    token = await registered(here.database, code, **given)
    async with asyncio.timeout(20), here.client(token) as client:
        while (
            await client.post("/v1/heartbeat", json={"interval_seconds": 60})
        ).status_code == 401:
            await asyncio.sleep(0.1)
    return token


async def events(here: Stage, source: str) -> list[Any]:
    """All that a source has on the topic of dossiers."""
    records = await on_topic(here.bootstrap, here.topic)
    read = [decode(one.value, record_time_ms=0, zone=Zone()) for one in records]
    return [event for event in read if event.source == source]


@pytest.mark.server
async def test_a_message_is_on_the_topic_when_the_reply_says_so(here: Stage):
    await entered(here, "tracking-1", site_id=SITE)
    async with here.client("") as client:
        reply = await client.post("/TrackingMCDT", json=TRACKED)

    assert (reply.status_code, reply.json()) == (200, {"error_code": "0", "message": ""})
    state, paid = await events(here, "tracking-1")
    assert isinstance(state, StateChanged)
    assert isinstance(paid, PaymentMade)
    assert (state.dossier, state.state, state.channel) == ("H56.14-260803-0001", 2, 3)
    assert (state.trial, state.stamped) == (True, 1 + 2 + 4 + 16 + 64)
    assert state.applicant_key.startswith("k0.2026:") or state.applicant_key.startswith("k0.")
    assert state.claimed_ms == state.arrival_ms


QUIRKS: Final = {
    "another content type": ({"content-type": "text/plain; charset=utf-16"}, b""),
    "no content type": ({}, b""),
    "a byte order mark": ({"content-type": "application/json"}, b"\xef\xbb\xbf"),
}


@pytest.mark.server
@pytest.mark.parametrize("quirk", QUIRKS)
async def test_quirks_of_the_transport_do_no_harm(here: Stage, quirk: str):
    await_site = 300 + list(QUIRKS).index(quirk)
    code = f"tracking-q{await_site}"
    await entered(here, code, site_id=await_site)
    headers, before = QUIRKS[quirk]
    body = before + json.dumps({**TRACKED, "SiteId": str(await_site), "User": None}).encode()
    async with here.client("") as client:
        plain = await client.post("/TrackingMCDT", content=body, headers=headers)
        packed = await client.post(
            "/TrackingMCDT",
            content=gzip.compress(body),
            headers={**headers, "content-encoding": "gzip"},
        )

    assert (plain.status_code, packed.status_code) == (200, 200)
    assert len(await events(here, code)) == 4


@pytest.mark.server
async def test_who_is_at_no_admitted_address_is_not_let_in_and_is_shown(here: Stage):
    await entered(here, "tracking-2", site_id=400, addresses=("203.0.113.0/28",))
    async with here.client("") as client:
        elsewhere = await client.post("/TrackingMCDT", json={**TRACKED, "SiteId": 400})
        unknown = await client.post("/TrackingMCDT", json={**TRACKED, "SiteId": 401})
        nobody = await client.post("/TrackingMCDT", json={**TRACKED, "SiteId": None})

    for reply in (elsewhere, unknown, nobody):
        assert reply.status_code == 403
        assert reply.json()["error_code"] == "-3"
    [row] = await here.soon(
        "SELECT records FROM unknown_source WHERE via = 'site' AND said = '401'"
    )
    assert row["records"] == 1


@pytest.mark.server
async def test_a_refused_message_says_where_and_is_in_quarantine_sealed(here: Stage):
    await entered(here, "tracking-3", site_id=500)
    refused = {**TRACKED, "SiteId": 500, "CodeTTHC": ""}
    async with here.client("") as client:
        reply = await client.post("/TrackingMCDT", json=refused)
        mandate = await client.post(
            "/TrackingMCDT", json={**TRACKED, "SiteId": 500, "CodeProfile": "H01-260803-0001"}
        )

    assert reply.status_code == 400
    assert reply.json() == {
        "error_code": "-3", "message": "CodeTTHC: A required field is not there."
    }  # fmt: skip
    assert mandate.status_code == 400
    for reason in ("missing_field", "outside_mandate"):
        [row] = await here.soon(
            "SELECT * FROM quarantine WHERE source = 'tracking-3' AND reason = $1", reason
        )
        opened = unpack_record(
            row["form"], Seal.from_text(KEY).open(row["sealed"]), row["size"]
        )
        assert NUMBER.encode() not in row["sealed"]
        assert NUMBER.encode() in (opened.value or b"")


@pytest.mark.server
async def test_dossiers_and_steps_are_taken_with_a_token_or_a_site(here: Stage):
    token = await entered(here, "onestop-1", site_id=600)
    body = {"isUpdating": "False", "service": "DongBoHoSoMC", "data": [DOSSIER]}
    step = {**DOSSIER, "TrangThai": "4", "ThoiDiemXuLy": "20260804090000"}
    async with here.client(token) as client, here.client("") as other:
        whole = await client.post("/onestop", json=body)
        steps = await other.post("/onestop/CapNhatTienDoHoSoMC?SiteId=600", json=[step] * 10)

    assert (whole.json(), steps.json()) == ({"error_code": "0", "message": ""},) * 2
    # Told ten times over, a step is one event still.
    told = {event.id: event.state for event in await events(here, "onestop-1")}
    assert sorted(told.values()) == [2, 4]


@pytest.mark.server
async def test_a_list_of_which_some_is_refused_says_which(here: Stage):
    token = await entered(here, "onestop-2")
    bad = {**DOSSIER, "NgayTiepNhan": "hôm qua"}
    async with here.client(token) as client:
        some = await client.post("/onestop/DongBoHoSoMC", json=[DOSSIER, bad])
        every = await client.post("/onestop/DongBoHoSoMC", json=[bad])
        none = await client.post("/onestop/DongBoHoSoMC", json=[])

    assert (some.status_code, some.json()["error_code"]) == (200, "3")
    assert some.json()["errors"] == [
        {"place": 1, "field": "data[1].NgayTiepNhan", "reason": "malformed_time"}
    ]
    assert (every.status_code, every.json()["error_code"]) == (200, "-3")
    assert (none.status_code, none.json()["error_code"]) == (400, "-3")
    assert len(await events(here, "onestop-2")) == 1


@pytest.mark.server
async def test_a_client_that_takes_nothing_but_00_gets_it(here: Stage):
    token = await entered(here, "onestop-3", quirks=frozenset({"replies-00"}))
    async with here.client(token) as client:
        reply = await client.post("/onestop/DongBoHoSoMC", json=[DOSSIER])

    assert reply.json()["error_code"] == "00"


@pytest.mark.server
async def test_problems_are_in_the_callers_envelope(here: Stage):
    async with here.client("") as client:
        large = await client.post("/TrackingMCDT", content=b" " * (LARGEST_TRACKED + 1))
        no_json = await client.post("/TrackingMCDT", content=b"SiteId=1")
        method = await client.get("/onestop")

    assert [reply.status_code for reply in (large, no_json, method)] == [413, 400, 405]
    for reply in (large, no_json, method):
        assert set(reply.json()) == {"error_code", "message", "request"}


# --- Whatever is sent -------------------------------------------------------------------------

BODIES = (
    st.binary(max_size=200)
    | ANYTHING.map(lambda said: json.dumps(said).encode())
    | st.dictionaries(st.sampled_from([*TRACKED, *DOSSIER, "data", "service"]), ANYTHING).map(
        lambda said: json.dumps({**TRACKED, **DOSSIER, **said}).encode()
    )
    | st.integers(1, 60_000).map(lambda depth: b"[" * depth)
    | st.integers(1, 60_000).map(lambda depth: b'{"User":' * depth)
)


@pytest.mark.server
def test_no_body_is_a_fault_and_none_comes_back(here: Stage):
    """Neither a 500, nor a piece of what was sent in the reply."""
    token = asyncio.run(entered(here, "fuzzed", site_id=700))
    paths = [
        "/TrackingMCDT",
        "/onestop",
        "/onestop/DongBoHoSoMC",
        "/onestop/CapNhatTienDoHoSoMC",
    ]
    with httpx.Client(base_url=here.gateway.url, timeout=30) as client:

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.sampled_from(paths), BODIES, st.booleans())
        def whatever(path: str, body: bytes, with_token: bool) -> None:
            headers = {"authorization": f"Bearer {token}"} if with_token else {}
            reply = client.post(path, content=body, headers=headers)

            assert reply.status_code in (200, 400, 403, 413)
            assert NUMBER not in reply.text
            assert set(reply.json()) <= {"error_code", "message", "request", "errors"}

        whatever()
    assert NUMBER not in here.gateway.said()


PLANTED: Final = (NUMBER, "0912345678", "Nguyễn Văn An", "an.nguyen@example.vn", "038-099-0001")
IN_LISTS: Final = {
    "DanhSachHoSoBoSung": ["HoSoBoSungId", "NoiDungBoSung", "NguoiYeuCauBoSung"],
    "DanhSachLePhi": ["TenPhiLePhi", "MaPhiLePhi", "HinhThucThu"],
    "TaiLieuNop": ["TepDinhKemId", "TenTepDinhKem", "DuongDanTaiTepTin", "MaThanhPhanHoSo"],
    "DanhSachGiayToKetQua": ["TenGiayTo", "MaGiayToKetQua", "DuongDanTepTinKetQua"],
    "DinhDanhCHS": ["SoDinhDanh", "LoaiDinhDanh"],
}


def planted(word: str) -> list[tuple[str, Any]]:
    """Requests with a word in each field in turn."""
    found: list[tuple[str, Any]] = [
        ("/TrackingMCDT", {**TRACKED, "SiteId": 800, name: word})
        for name in TRACKED
        if name != "SiteId"
    ]
    user = {"ID_local": word, "ID_QG": word, "TYPE": word, "LOCATION": word, "NAME": word}
    found.append(("/TrackingMCDT", {**TRACKED, "SiteId": 800, "User": json.dumps(user)}))
    step = {
        "MaHoSo": "H56.14-260803-0003", "NguoiXuLy": word, "ChucDanh": word,
        "ThoiDiemXuLy": "20260804090000", "PhongBanXuLy": word, "NoiDungXuLy": word,
        "TrangThai": "4",
    }  # fmt: skip
    found.append(("/onestop/CapNhatTienDoHoSoMC?SiteId=800", [step]))
    fields = [
        *DOSSIER,
        "SoDienThoai",
        "Email",
        "TrichYeuHoSo",
        "GhiChu",
        "DonViXuLy",
        "MaDoiTuong",
    ]
    dossiers: list[dict[str, Any]] = [{**DOSSIER, name: word} for name in fields]
    dossiers += [
        {**DOSSIER, name: [{each: word}]} for name, inner in IN_LISTS.items() for each in inner
    ]
    found += [("/onestop/DongBoHoSoMC?SiteId=800", [each]) for each in dossiers]
    return found


@pytest.mark.server
async def test_no_identifier_that_is_planted_anywhere_comes_out(here: Stage):
    await entered(here, "planted", site_id=800, rate_per_second=10_000)
    replies = []
    async with here.client("") as client, httpx.AsyncClient() as plain:
        for word in PLANTED:
            for path, body in planted(word):
                replies.append(await client.post(path, json=body))
        metrics = (await plain.get(here.gateway.metrics)).text
    records = [
        record
        for record in await on_topic(here.bootstrap, here.topic)
        if b'"planted"' in record.value
    ]
    rows = await here.soon("SELECT row_to_json(quarantine)::text AS said FROM quarantine")

    assert {reply.status_code for reply in replies} <= {200, 400}
    assert len(records) > len(PLANTED) * 20
    everywhere = [
        *(reply.text for reply in replies), metrics, here.gateway.said(),
        *(record.value.decode() for record in records),
        *((record.key or b"").decode() for record in records),
        *(row["said"] for row in rows),
    ]  # fmt: skip
    assert not [(word, said) for word in PLANTED for said in everywhere if word in said]
