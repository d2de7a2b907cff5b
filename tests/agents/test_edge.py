"""The edge: who says so is decided by the register, and who it is about stays outside."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agents.clear import is_agency, is_code
from agents.edge import TREATMENTS, Admitted, Edge, Notice, Treatment
from agents.keys import Keys
from agents.register import Snapshot
from monitor.domain.event import Stamp
from monitor.domain.mandate import Mandate
from monitor.domain.zone import Zone
from monitor.ledger.sources import Source, Status
from schemas import event as canonical
from schemas.decode import decode
from schemas.inbound import INBOUND, KIND_OF
from schemas.kinds import KINDS
from schemas.refusal import Reason, Refused, Unreadable
from schemas.tracking import Hide
from tests.servers.require import ROOT

ARRIVAL_MS = 1_785_719_551_123  # 2026-08-03T01:12:31.123Z
ZONE = Zone("Asia/Ho_Chi_Minh")
KEYS = Keys.of(
    f"k1:2026:{b64encode(b'1' * 32).decode()},k2:2027:{b64encode(b'2' * 32).decode()}"
)
ONESTOP = Source(
    code="H56-onestop",
    name="n",
    owner="H56",
    mandates=(Mandate("H56"), Mandate("H27", "9.000009")),
    names=frozenset({"Thẩm định", "kiosk", "GET /dossiers"}),
)
CATALOGUE = Source(code="moj", name="n", owner="G15", mandates=(Mandate("*"),))
NUMBER = "079203001234"


def edge(*sources: Source) -> Edge:
    snapshot = Snapshot(sources or (ONESTOP, CATALOGUE), 1)
    return Edge(lambda: snapshot, KEYS, ZONE)


def sent(type_: str = "dossier.state.v1", **said: Any) -> bytes:
    data = {
        "dossier": "H56.14-260803-0001",
        "procedure": "1.004194",
        "agency": "H56.14",
        "state": 2,
    }
    around = {
        "specversion": "1.0",
        "id": "e-1",
        "source": "H56-onestop",
        "type": type_,
        "time": "2026-08-03T08:12:31+07:00",
    }
    outside = {name: said.pop(name) for name in (*around, "arrival") if name in said}
    return json.dumps({**around, **outside, "data": {**data, **said}}).encode()


def taken(value: bytes, at: Edge | None = None, source: str = "H56-onestop") -> Any:
    """The canonical event that comes of it, and what was noticed."""
    found = (at or edge()).admit(source, value, (), ARRIVAL_MS)
    assert isinstance(found, Admitted), found
    read = decode(found.value, record_time_ms=0, zone=ZONE)
    assert not isinstance(read, Refused), read
    assert KINDS[found.type].topic.key(read).encode() == found.key
    return read, list(found.notices)


def admitted(at: Edge, value: bytes, headers: Any = ()) -> Admitted:
    found = at.admit("H56-onestop", value, headers, ARRIVAL_MS)
    assert isinstance(found, Admitted), found
    return found


def refusal(value: bytes | None, headers: Any = (), source: str = "H56-onestop") -> Any:
    found = edge().admit(source, value, headers, ARRIVAL_MS)
    assert isinstance(found, Refused), found
    return found.reason, found.detail


def test_an_event_goes_on_with_its_arrival_and_under_its_sources_name():
    read, notices = taken(sent(source="somebody-else", arrival="2020-01-01T00:00:00Z"))

    assert (read.source, read.arrival_ms) == ("H56-onestop", ARRIVAL_MS)
    assert read.claimed_ms == 1_785_719_551_000
    assert notices == [Notice.OTHER_SOURCE]


def test_a_record_goes_to_the_topic_of_its_kind_under_its_key():
    dossier = admitted(edge(), sent())
    renamed = Edge(lambda: Snapshot((ONESTOP,), 1), KEYS, ZONE, topics={"emc.dossiers": "t"})

    assert (dossier.topic, dossier.key) == ("emc.dossiers", b"H56.14-260803-0001")
    assert admitted(renamed, sent()).topic == "t"


def test_who_is_not_in_the_register_is_refused():
    revoked = replace(ONESTOP, status=Status.REVOKED)
    unknown = Refused(Reason.UNKNOWN_SOURCE, "source")

    assert edge().admit("H57-onestop", sent(), (), ARRIVAL_MS) == unknown
    assert edge(revoked).admit("H56-onestop", sent(), (), ARRIVAL_MS) == unknown


def test_a_change_of_the_register_holds_from_the_next_record_on():
    sources = [ONESTOP]
    here = Edge(lambda: Snapshot(tuple(sources), 1), KEYS, ZONE)
    assert isinstance(here.admit("H56-onestop", sent(), (), ARRIVAL_MS), Admitted)

    sources[0] = replace(ONESTOP, mandates=(Mandate("H57"),))

    assert isinstance(here.admit("H56-onestop", sent(), (), ARRIVAL_MS), Refused)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (sent(agency="H26", dossier="H26-260803-0001"), "data.agency"),
        (sent(agency="H26", dossier="7/2026"), "data.agency"),
        (sent(stated_by="H26"), "data.stated_by"),
        (sent("dossier.payment.made.v1", dossier="H26-260803-0001"), "data.dossier"),
        (sent("petition.v1", petition="P-1", agency="H26", state="received"), "data.agency"),
        (sent("source.heartbeat.v1", interval_seconds=60, units=[NUMBER]), "data.units"),
        (sent("catalogue.agency.v1", code="H26", name="n", valid_from="2026-01-01"),
         "data.agency"),
        (sent("catalogue.procedure.v1", code="1.000001", name="n", valid_from="2026-01-01"),
         "data.agency"),
        # Covered by the dossier's code, but no code of an agency that anybody knows.
        (sent(agency="Nguyễn Văn An"), "data.agency"),
        (sent(agency="H26.079203001234"), "data.agency"),
        (sent(agency="H26.079.203.001.234"), "data.agency"),
    ],
)  # fmt: skip
def test_what_a_source_may_not_say_is_refused(value, detail):
    assert refusal(value) == (Reason.OUTSIDE_MANDATE, detail)


@pytest.mark.parametrize(
    "value",
    [
        sent(agency="G15.03"),  # its dossier at a ministry
        sent(dossier="G15.03-260803-0001"),  # a ministry's dossier at its desk
        sent(agency="H26", dossier="7/2026", stated_by="H56.14"),
        sent(agency="H27", dossier="H27-260803-0001", procedure="9.000009"),
        sent("dossier.payment.made.v1"),
        sent("dossier.payment.made.v1", dossier="7/2026"),
        sent("source.heartbeat.v1", interval_seconds=60, units=["H26"]),
        sent("catalogue.procedure.v1", code="1.000001.H56", name="n", valid_from="2026-01-01"),
    ],
)
def test_what_it_may_say_goes_on(value):
    taken(value)


def test_a_ministry_keeps_the_catalogue():
    taken(
        sent("catalogue.procedure.v1", code="1.000001", name="n", valid_from="2026-01-01"),
        source="moj",
    )


# -- who applies -----------------------------------------------------------------------------


def test_a_number_in_clear_becomes_a_hash_of_the_year_of_receipt():
    read, notices = taken(sent(applicant_id=NUMBER, identity_attached=False))

    assert read.applicant_key == "k1.2026:5ea2799d9e549b4261707e0be3aa9fd5"
    assert read.identity_attached is True
    assert notices == []


@pytest.mark.parametrize(
    ("said", "prefix"),
    [
        ({"time": "2026-12-31T23:59:59+07:00"}, "k1.2026:"),
        ({"time": "2026-12-31T17:00:00Z"}, "k2.2027:"),  # already 2027 in Việt Nam
        ({"time": "2027-01-02T08:00:00+07:00", "receipt_date": "2026-12-31"}, "k1.2026:"),
        ({"time": "2026-12-31T08:00:00+07:00", "receipt_date": "2027-01-02"}, "k2.2027:"),
    ],
)
def test_the_year_is_that_of_the_receipt_else_of_the_claimed_time(said, prefix):
    read, _ = taken(sent(applicant_id=NUMBER, **said))

    assert read.applicant_key.startswith(prefix)


@pytest.mark.parametrize(
    ("number", "attached"),
    [
        (NUMBER, True),
        ("079 203 001 234", True),
        ("271234567", False),
        ("0101234567-001", False),
    ],
)
def test_only_a_citizens_number_counts_as_attached(number, attached):
    read, notices = taken(sent(applicant_id=number))

    assert read.applicant_key != ""
    assert read.identity_attached is attached
    assert notices == []


@pytest.mark.parametrize(
    ("number", "notice"),
    [
        ("000000001", Notice.PLACEHOLDER),
        ("111111111111", Notice.PLACEHOLDER),
        ("Nguyễn Văn An", Notice.NO_IDENTITY),
        ("12354", Notice.NO_IDENTITY),
    ],
)
def test_what_is_nobodys_number_is_no_identity_and_is_counted(number, notice):
    here = edge()

    read, notices = taken(sent(applicant_id=number, identity_attached=True), here)

    assert (read.applicant_key, read.identity_attached) == ("", False)
    assert notices == [notice]
    assert here.noticed == {("H56-onestop", notice): 1}


def test_a_number_where_a_hash_belongs_is_hashed_like_any_other():
    read, notices = taken(sent(applicant_key=NUMBER))

    assert read.applicant_key == "k1.2026:5ea2799d9e549b4261707e0be3aa9fd5"
    assert notices == [Notice.CLEAR_IDENTITY]


def test_a_hash_of_the_sources_own_is_hashed_again():
    """It may be unsalted, or a name of sixteen letters."""
    first, _ = taken(sent(applicant_key="nguyenvananhdung"))
    again, _ = taken(sent(applicant_key="nguyenvananhdung", id="e-2"))
    nothing, _ = taken(sent(applicant_key="an"))

    assert first.applicant_key.startswith("k1.2026:")
    assert again.applicant_key == first.applicant_key
    assert nothing.applicant_key == ""


def test_an_amendment_hides_who_applies_too():
    read, _ = taken(sent("dossier.amended.v1", applicant_id=NUMBER))

    assert read.applicant_key == "k1.2026:5ea2799d9e549b4261707e0be3aa9fd5"
    assert read.identity_attached is True


# -- other texts -----------------------------------------------------------------------------


def test_names_on_the_sources_list_pass_and_others_become_tokens():
    read, notices = taken(sent(unit="H56.14.02", step="Thẩm định", sub_channel="Nguyễn Văn An"))
    again, _ = taken(sent(sub_channel="Nguyễn Văn An", id="e-2"))

    assert (read.unit, read.step) == ("H56.14.02", "Thẩm định")
    assert re.fullmatch("~[a-p]{24}", read.sub_channel)
    assert again.sub_channel == read.sub_channel
    assert notices == [Notice.HIDDEN_NAME]


def test_a_procedure_in_no_national_form_becomes_a_token():
    read, notices = taken(sent(procedure="Nguyễn Văn An"))

    assert re.fullmatch("~[a-p]{24}", read.procedure)
    assert notices == [Notice.HIDDEN_NAME]


@pytest.mark.parametrize(
    "dossier",
    [
        NUMBER,
        f"HS-{NUMBER}",
        "079.203.001.234",
        "Nguyễn Văn An",
        "NguyenVanAn",
        "H56.079203001234-260803-0001",
        "H56.14-260803-0912345678",  # a telephone, where a number of the day belongs
        "an@example.vn",
    ],
)
def test_a_dossiers_code_that_may_hold_an_identifier_becomes_a_token(dossier):
    read, notices = taken(sent(dossier=dossier))

    assert re.fullmatch(r"H56-onestop\|~[a-p]{24}", read.dossier)
    assert notices == [Notice.HIDDEN_CODE]


@pytest.mark.parametrize("dossier", ["55/2026", "HS-2026-000123", "HS.001-26", "#1"])
def test_a_code_of_the_sources_own_stays_readable(dossier):
    read, _ = taken(sent(dossier=dossier))

    assert read.dossier == f"H56-onestop|{dossier}"


def test_an_id_that_is_hidden_is_still_found_by_its_void():
    said, _ = taken(sent(id=f"{NUMBER}-2"))
    void, _ = taken(sent("dossier.voided.v1", target=f"{NUMBER}-2"))

    assert re.fullmatch("~[a-p]{24}", said.id)
    assert void.target == said.id


def test_an_id_told_again_next_year_is_the_same():
    """Else a correction after New Year would be another event."""
    before, _ = taken(sent(id=NUMBER))
    after, _ = taken(sent(id=NUMBER, time="2027-01-02T08:00:00+07:00"))

    assert before.id == after.id


@pytest.mark.parametrize(
    "time",
    ["2026-08-03T08:12:31.079203001234+07:00", "2026-08-03T08:12:31.0792030012340000Z"],
)
def test_a_fraction_of_a_second_has_no_room_for_a_number(time):
    for field in ("time", "due_at", "receipt_date"):
        found = admitted(edge(), sent(**{field: time}))
        assert b"3001234" not in found.value


def test_what_no_list_knows_goes_nowhere():
    found = admitted(
        edge(),
        sent(channel=79203001234, level=79203001234, applicant_name="Nguyễn Văn An"),
        [("x-applicant", NUMBER.encode())],
    )

    assert b"79203001234" not in found.value
    assert "Nguyễn" not in found.value.decode()


def test_an_official_text_with_a_number_in_it_is_refused():
    assert refusal(
        sent("catalogue.agency.v1", code="H56.2", name=f"Sở {NUMBER}", valid_from="2026-01-01")
    ) == (Reason.INVALID_TEXT, "data.name")


def test_binary_mode_is_read_as_structured_mode_is():
    data = json.dumps(json.loads(sent())["data"]).encode()
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", b"e-1"),
        ("ce_source", b"H56-onestop"),
        ("ce_type", b"dossier.state.v1"),
        ("ce_time", b"2026-08-03T08:12:31+07:00"),
        ("content-type", b"application/json"),
    ]

    found = edge().admit("H56-onestop", data, headers, ARRIVAL_MS)

    assert found == edge().admit("H56-onestop", sent(), (), ARRIVAL_MS)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"{", "not_json"),
        (b"\xff", "not_utf8"),
        (b'{"x":' + b"[" * 60_000, "too_deep"),
        (b" " * 65_537, "too_large"),
        (sent("dossier.told.v1"), "unknown_type"),
        (sent(state=11), "unknown_state"),
        (sent(time="2026-08-03T08:12:31"), "time_without_offset"),
        (sent(receipt_date="2026-02-30"), "malformed_time"),
        (sent(applicant_id=79203001234), "wrong_type"),
        (sent("dossier.sync.ack.v1", target="emc", code=79203001234), "number_out_of_range"),
    ],
)
def test_what_is_no_event_is_refused_as_anywhere(value, reason):
    assert refusal(value)[0] == reason


def test_refusals_count_against_the_source_and_never_repeat_a_value():
    here = edge()

    found = here.admit("H56-onestop", sent(source=NUMBER, id=NUMBER, state=NUMBER), (), 0)

    assert found == Refused(Reason.WRONG_TYPE, "data.state", "H56-onestop", "")
    assert here.refused == {("H56-onestop", Reason.WRONG_TYPE): 1}


def test_a_fault_of_our_own_is_one_record_and_no_more():
    class Broken:
        def by_code(self, code: str) -> Source:
            return replace(ONESTOP, mandates=(None,))  # type: ignore[arg-type]

    found = Edge(Broken, KEYS, ZONE).admit("H56-onestop", sent(), (), ARRIVAL_MS)

    assert isinstance(found, Refused)
    assert found.reason is Reason.FAULT
    assert found.detail.startswith("AttributeError at edge.py:")


# -- all kinds -------------------------------------------------------------------------------


def test_every_text_of_every_kind_has_a_treatment():
    """Written down: a new field of text must be thought of. Unknown ones are names."""
    named = {
        (type_.__name__, field)
        for type_, treatments in TREATMENTS.items()
        for field, treatment in treatments
        if treatment is Treatment.NAME
    }

    assert named == {
        ("StateChanged", "unit"), ("StateChanged", "step"), ("StateChanged", "sub_channel"),
        ("SupplementRequested", "unit"), ("SupplementRequested", "step"),
        ("SupplementReceived", "unit"), ("Amended", "unit"), ("Amended", "sub_channel"),
        ("Reopened", "unit"), ("Snapshot", "unit"), ("Snapshot", "step"),
        ("Snapshot", "sub_channel"),
    }  # fmt: skip
    public = {
        (type_.__name__, field)
        for type_, treatments in TREATMENTS.items()
        for field, treatment in treatments
        if treatment is Treatment.PUBLIC
    }
    assert public == {
        ("ProcedureListed", "name"), ("ProcedureListed", "lists"),
        ("AgencyListed", "name"), ("ExternalClaim", "indicator"), ("ExternalClaim", "survey"),
        ("ExternalClaim", "unit"),
    }  # fmt: skip


@pytest.mark.parametrize("type_", KINDS)
def test_the_example_of_every_kind_goes_through(type_):
    value = (ROOT / "schemas" / "examples" / f"{type_}.json").read_bytes()
    country = replace(ONESTOP, mandates=(Mandate("*"),))

    read, _ = taken(value, edge(country))

    assert type(read) is KINDS[type_].canonical


def test_every_kind_can_say_who_states_it_if_it_is_about_others():
    without = {
        type_
        for type_, event in INBOUND.items()
        if "stated_by" not in KIND_OF[event].data.__struct_fields__
        and b"stated_by" not in repr(event.__annotations__).encode()
    }

    assert without <= set(KINDS)


@pytest.mark.parametrize(
    ("code", "is_one"),
    [
        ("H56", True),
        ("H56.14.02", True),
        ("Z01.7", False),
        ("H56.TTHC", True),
        ("H56.NGUYENVANAN", False),
        ("H56.0101234567", False),
        ("h56", False),
        ("", False),
    ],
)
def test_agencies_have_national_codes_with_short_groups(code, is_one):
    assert is_agency(code) is is_one


@given(st.text(alphabet="0123456789-./aAâ @", max_size=40))
@example("3f2504e0-4f89-11d3-9a0c-0305e82c3301")
def test_no_code_that_passes_has_nine_digits_in_a_row(text):
    if is_code(text):
        assert not re.search(r"[0-9]{9}|@| |â", text)


def _texts(*known: str) -> st.SearchStrategy[str]:
    return st.sampled_from((*known, NUMBER, "Nguyễn Văn An", "", " x\t", "\x00", "H26"))


_TIMES = st.sampled_from(
    (
        "2026-08-03T08:12:31+07:00", "2026-08-03t01:12:31.5z", "2026-12-31 23:59:59Z",
        "2026-08-03T08:12:31.123456789+07:00", "2026-08-03", "soon",
    )
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "id": _texts("e-1"),
            "source": _texts("H56-onestop"),
            "time": _TIMES,
            "dossier": _texts("H56.14-260803-0001", "000.00.14.H56-260803-0001", "7/2026"),
            "procedure": _texts("1.004194", "1.004194.000.00.00.H56"),
            "agency": _texts("H56.14", "000.00.14.H56", "h56"),
            "unit": _texts("H56.14.02", "Thẩm định"),
            "step": _texts("Thẩm định", " Thẩm định "),
            "sub_channel": _texts("kiosk"),
            "stated_by": _texts("H56"),
            "state": st.integers(0, 10),
            "channel": st.integers(-1, 5),
            "level": st.integers(0, 5),
            "applicant_type": st.integers(0, 5),
            "receipt_date": _TIMES,
            "due_at": _TIMES,
            "applicant_id": _texts("000000001"),
            "applicant_key": _texts("9b1c6a4e7d20f3a8"),
            "identity_attached": st.sampled_from((True, False, None)),
            "revision": st.integers(0, 2),
            "sequence": st.integers(0, 2),
            "backfill": st.booleans(),
        },
    )
)
def test_a_state_goes_the_short_way_as_it_would_go_the_long_one(said):
    value = sent(**{"agency": "H56.14", **said})
    short, long = edge(), edge()
    long._state = lambda speaker, event, arrival_ms, notices: long._any(  # type: ignore[method-assign]
        KINDS["dossier.state.v1"], speaker, event, arrival_ms, notices
    )

    found = short.admit("H56-onestop", value, (), ARRIVAL_MS)
    expected = long.admit("H56-onestop", value, (), ARRIVAL_MS)

    if isinstance(expected, Refused):
        assert isinstance(found, Refused)
    else:
        assert isinstance(found, Admitted)
        assert found.key == expected.key
        assert sorted(found.notices) == sorted(expected.notices)
        read = [decode(each.value, record_time_ms=0, zone=ZONE) for each in (found, expected)]
        assert isinstance(read[0], canonical.StateChanged)
        assert read[0] == read[1]


# --- What the edge alone says -----------------------------------------------------------------


@pytest.mark.parametrize("type_", ["dossier.state.v1", "dossier.reopened.v1"])
def test_a_trial_is_marked_by_the_edge_and_by_nobody_else(type_):
    live = replace(ONESTOP, status=Status.LIVE)
    value = json.loads(sent(type_)) | {"trial": True, "stamped": 7}

    on_trial, _ = taken(json.dumps(value | {"trial": False}).encode())
    published, _ = taken(json.dumps(value).encode(), edge(live))

    assert (on_trial.trial, on_trial.stamped) == (True, 0)
    assert (published.trial, published.stamped) == (False, 0)


def test_a_mark_in_a_header_is_text_and_is_not_believed_either():
    headers = [
        *((f"ce_{name}", value.encode()) for name, value in (
            ("specversion", "1.0"), ("id", "1"), ("source", "H56-onestop"), ("trial", "false"),
            ("stamped", "7"), ("type", "dossier.state.v1"), ("time", "2026-08-03T08:12:31+07:00"),
        )),
    ]  # fmt: skip
    value = json.dumps(json.loads(sent())["data"]).encode()
    read = decode(admitted(edge(), value, headers).value, record_time_ms=0, zone=ZONE)

    assert isinstance(read, canonical.StateChanged)
    assert (read.trial, read.stamped) == (True, 0)


def state(**given: Any) -> canonical.StateChanged:
    said: dict[str, Any] = {
        "dossier": "H56.14-260803-0001", "source": "H56-onestop", "id": "edge-abc",
        "claimed_ms": ARRIVAL_MS, "arrival_ms": ARRIVAL_MS, "state": 2,
        "procedure": "1.004194", "agency": "H56.14", "stamped": 7,
    }  # fmt: skip
    return canonical.StateChanged(**{**said, **given})


def test_what_an_adapter_makes_is_tidied_marked_and_keeps_its_stamps():
    found = edge().admit_made("H56-onestop", lambda *_: [state(unit="Trần Thị B")])

    assert isinstance(found, list)
    [made] = found
    read = decode(made.value, record_time_ms=0, zone=ZONE)
    assert isinstance(read, canonical.StateChanged)
    assert (read.stamped, read.trial, made.key) == (7, True, b"H56.14-260803-0001")
    assert read.unit.startswith("~")
    assert made.notices == (Notice.HIDDEN_NAME,)


def test_the_id_that_an_adapter_makes_cannot_be_tried_without_the_key():
    """It is a hash of what was sent, and a dossier's code may be a number."""
    found = edge().admit_made("H56-onestop", lambda *_: [state(), state(id="edge-abd")])
    again = edge().admit_made("H56-onestop", lambda *_: [state()])

    assert isinstance(found, list)
    assert isinstance(again, list)
    first, other = [decode(each.value, record_time_ms=0, zone=ZONE).id for each in found]
    assert re.fullmatch("[a-p]{24}", first)
    assert first != other
    assert found[0] == again[0]


def test_a_message_of_which_something_may_not_be_said_goes_nowhere():
    at = edge()
    found = at.admit_made(
        "H56-onestop",
        lambda *_: [state(), state(dossier="H01.14-260803-0001", agency="H01.14")],
    )

    assert isinstance(found, Refused)
    assert found.reason is Reason.OUTSIDE_MANDATE
    assert not at.admitted


def test_what_an_adapter_cannot_read_or_fails_at_is_refused():
    def unreadable(*_: object) -> Any:
        raise Unreadable(Reason.MISSING_FIELD, "MaHoSo")

    def faulty(*_: object) -> Any:
        raise KeyError("038099000001")

    at = edge()
    assert at.admit_made("H56-onestop", unreadable) == Refused(
        Reason.MISSING_FIELD, "MaHoSo", "H56-onestop"
    )
    fault = at.admit_made("H56-onestop", faulty)
    assert isinstance(fault, Refused)
    assert fault.reason is Reason.FAULT
    assert "038099000001" not in repr(fault)
    assert at.admit_made("nobody", faulty) == Refused(Reason.UNKNOWN_SOURCE, "source")


@pytest.mark.parametrize(
    ("numbers", "attached", "hashed", "stamped"),
    [
        ([], None, False, 0),
        ([NUMBER], True, True, Stamp.IDENTITY),
        (["123456780"], False, True, Stamp.IDENTITY),
        (["0312345678"], False, True, 0),
        (["000000001"], False, False, Stamp.PLACEHOLDER),
        (["000000001", NUMBER], True, True, Stamp.IDENTITY | Stamp.PLACEHOLDER),
        (["chưa có"], False, False, 0),
    ],
)
def test_numbers_are_hidden_as_those_of_events_are(numbers, attached, hashed, stamped):
    seen = []

    def make(source: Source, hide: Hide) -> Any:
        seen.append(hide(numbers, ARRIVAL_MS))
        return ()

    edge().admit_made("H56-onestop", make)
    [applicant] = seen
    same, _ = taken(sent(applicant_id=NUMBER))

    assert (applicant.attached, applicant.stamped) == (attached, stamped)
    assert bool(applicant.key) is hashed
    if NUMBER in numbers:
        assert applicant.key == same.applicant_key
