"""TrackingMCDT: what each of its fields becomes (docs/reference/legacy.md, MEASURES.md §9)."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.event import Stamp
from schemas import tracking
from schemas.decode import Decoder
from schemas.encode import encode
from schemas.event import PaymentMade
from schemas.kinds import DOSSIERS
from schemas.refusal import Reason, Unreadable
from schemas.tracking import Applicant
from tests.schemas.wire import ANYTHING, HANOI, QUICK, RECORD_MS

LEGACY = Stamp.ID | Stamp.TIME | Stamp.UNCERTAIN
# The numbers are invented.
MESSAGE = {
    "CodeProfile": "000.00.14.H56-260803-0001",
    "MaHoSo": "000.00.14.H56-260803-0001",
    "SiteId": 205,
    "CodeTTHC": "1.004194",
    "NameTTHC": "Đăng ký khai sinh",
    "Status": "1",
    "FormsReception": "2",
    "FormsPayments": "0",
    "Level": "4",
    "IsFromDVCQG": "0",
    "IsDVCBC": "0",
    "Data": "",
    "User": json.dumps(
        {"ID_local": "038099000001", "ID_QG": "038099000001", "TYPE": "2", "LOCATION": "38"}
    ),
}


def hide(numbers, of_ms):
    """Stands where the edge hashes: what it was given is seen in the key."""
    return (
        Applicant(f"k1.2026:{len(numbers):032x}", True, Stamp.IDENTITY)
        if numbers
        else Applicant("", None, 0)
    )


def told(owner="H56", source="H56-onestop", arrival_ms=RECORD_MS, **changed):
    value = json.dumps({**MESSAGE, **changed}).encode()
    return tracking.events(
        tracking.read(tracking.opened(value)),
        source=source,
        owner=owner,
        hide=hide,
        arrival_ms=arrival_ms,
    )


def state(**changed):
    [event] = told(**changed)
    return event


def refused(value):
    with pytest.raises(Unreadable) as caught:
        tracking.events(
            tracking.read(tracking.opened(value)),
            source="s",
            owner="H56",
            hide=hide,
            arrival_ms=RECORD_MS,
        )
    return caught.value.reason, caught.value.detail


def test_a_message_becomes_one_state_of_its_dossier():
    event = state()

    assert (event.dossier, event.source) == ("H56.14-260803-0001", "H56-onestop")
    assert (event.claimed_ms, event.arrival_ms) == (RECORD_MS, RECORD_MS)
    assert (event.state, event.procedure, event.agency) == (2, "1.004194", "H56.14")
    assert (event.channel, event.level, event.applicant_type) == (1, 4, 1)
    assert (event.receipt_ms, event.due_ms) == (None, None)
    assert (event.identity_attached, event.applicant_key) == (True, f"k1.2026:{2:032x}")
    assert event.stamped == LEGACY | Stamp.IDENTITY


@pytest.mark.parametrize(
    ("sent", "code"),
    [("1", 2), ("2", 4), ("4", 4), ("3", 10), ("0", 0), (3, 10), ("9", 0), (None, 0), ("", 0)],
)
def test_its_status_is_a_state_or_other(sent, code):
    assert state(Status=sent).state == code


@pytest.mark.parametrize(
    ("reception", "postal", "channel", "stamp"),
    [
        ("1", "0", 2, 0),
        ("2", "0", 1, 0),
        ("1", "1", 3, Stamp.POSTAL),
        ("1", "2", 3, Stamp.POSTAL),
        ("2", "1", 3, 0),
        ("", "0", 0, 0),
        ("7", None, 0, 0),
    ],
)
def test_what_came_by_post_is_postal_whatever_the_form_says(reception, postal, channel, stamp):
    event = state(FormsReception=reception, IsDVCBC=postal)

    assert event.channel == channel
    assert event.stamped & Stamp.POSTAL == stamp


@pytest.mark.parametrize(
    ("sent", "level"), [("0", 3), ("1", 4), ("3", 3), ("4", 4), ("2", 0), (None, 0)]
)
def test_its_level_says_how_full_the_service_is(sent, level):
    assert state(Level=sent).level == level


@pytest.mark.parametrize(("sent", "form"), [("1", 2), ("2", 3)])
def test_a_payment_is_an_event_of_its_own_that_is_told_again_and_again(sent, form):
    _, first = told(FormsPayments=sent)
    _, again = told(FormsPayments=sent, Status="3", arrival_ms=RECORD_MS + 60_000)

    assert isinstance(first, PaymentMade)
    assert (first.form, first.id, first.stamped) == (
        form, f"payment-{form}", Stamp.TIME | Stamp.PAYMENT,
    )  # fmt: skip
    assert again.id == first.id


@pytest.mark.parametrize(
    ("user", "kind", "numbers"),
    [
        (None, 0, 0),
        ("", 0, 0),
        ("no JSON", 0, 0),
        ({"ID_QG": "0312345678", "TYPE": "1"}, 2, 1),
        ('{"ID_local": "", "ID_QG": null, "TYPE": 2}', 1, 0),
    ],
)
def test_its_user_tells_who_applies_as_far_as_it_can_be_read(user, kind, numbers):
    event = state(User=user)

    assert event.applicant_type == kind
    assert event.applicant_key == (f"k1.2026:{numbers:032x}" if numbers else "")


def test_a_dossier_of_no_national_code_is_of_the_agency_that_is_registered():
    event = state(CodeProfile="HS 17", MaHoSo="")

    assert (event.dossier, event.agency) == ("H56-onestop|HS 17", "H56")


def test_the_other_field_names_the_dossier_too():
    assert state(CodeProfile=None).dossier == "H56.14-260803-0001"


def test_fields_may_be_written_as_dot_net_writes_them():
    message = {name[0].lower() + name[1:]: said for name, said in MESSAGE.items()}
    found = tracking.opened(b"\xef\xbb\xbf" + json.dumps(message).encode())

    assert found.number("SiteId") == 205
    assert tracking.read(found).dossier == "000.00.14.H56-260803-0001"


def test_its_id_is_made_of_what_it_says_and_when_it_came_and_of_no_number():
    first, same = state(), state(User=json.dumps({"ID_QG": "038099000002", "TYPE": "2"}))

    assert first.id.startswith("edge-")
    assert not any(map(str.isdigit, first.id))
    assert same.id == first.id
    assert state(arrival_ms=RECORD_MS + 1).id != first.id
    assert state(Status="2").id != first.id


def test_nothing_of_a_person_is_left_in_what_it_becomes():
    personal = ["038099000001", "38", "Đăng ký", "Nguyễn"]
    events = told(Data="Nguyễn Văn A 0912345678", FormsPayments="1")

    assert not any(word in encode(event).decode() for event in events for word in personal[::2])
    assert "038099000001" not in repr(
        tracking.read(tracking.opened(json.dumps(MESSAGE).encode()))
    )


def test_what_it_becomes_travels_and_is_read_again():
    decoder = Decoder(HANOI, DOSSIERS)
    for event in told(FormsPayments="1", IsDVCBC="1", FormsReception="1"):
        assert decoder.decode(encode(event), record_time_ms=0) == event


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"CodeProfile": "", "MaHoSo": None}, (Reason.MISSING_FIELD, "MaHoSo")),
        ({"CodeTTHC": ""}, (Reason.MISSING_FIELD, "CodeTTHC")),
        ({"CodeTTHC": []}, (Reason.WRONG_TYPE, "CodeTTHC")),
        ({"MaHoSo": "a\0", "CodeProfile": ""}, (Reason.INVALID_CODE, "MaHoSo")),
    ],
)
def test_what_names_no_dossier_is_refused(changed, reason):
    assert refused(json.dumps({**MESSAGE, **changed}).encode()) == reason


def test_a_list_is_no_message():
    assert refused(b"[]") == (Reason.WRONG_TYPE, "value")


@QUICK
@given(st.dictionaries(st.sampled_from(list(MESSAGE)), ANYTHING))
def test_whatever_is_sent_is_an_event_or_a_refusal(changed):
    with suppress(UnicodeEncodeError, ValueError):
        value = json.dumps({**MESSAGE, **changed}).encode()
        with suppress(Unreadable):
            found = tracking.read(tracking.opened(value))
            for event in tracking.events(
                found, source="s", owner="H56", hide=hide, arrival_ms=RECORD_MS
            ):
                encode(event)
