"""Every record is read or refused, and never an exception."""

import json
from datetime import date, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from monitor.domain.zone import Zone
from schemas import Reason, Refused, StateChanged, decode, encode
from tests.schemas.wire import ANYTHING, EXAMPLES, QUICK, RECORD_MS, read


def event(**changes):
    """The minimal event, changed: `data_x` in its data, ... to leave out."""
    whole = json.loads((EXAMPLES / "minimal.json").read_bytes())
    for field, value in changes.items():
        part = whole["data"] if field.startswith("data_") else whole
        part[field.removeprefix("data_")] = value
        if value is ...:
            del part[field.removeprefix("data_")]
    return whole


def sent(**changes):
    return json.dumps(event(**changes)).encode()


def refused(reason, detail, *, source="H56-onestop", id_="7"):
    return Refused(reason, detail, source, id_)


def test_a_full_event_becomes_canonical_in_every_field():
    assert read((EXAMPLES / "dossier.state.v1.json").read_bytes()) == StateChanged(
        dossier="H56.14-260803-0001",
        source="H56-onestop",
        id="a1b2",
        claimed_ms=1_785_719_551_000,
        arrival_ms=1_785_719_553_120,
        state=2,
        procedure="1.004194",
        agency="H56.14",
        unit="H56.14.02",
        step="Thẩm định",
        channel=2,
        sub_channel="kiosk",
        level=4,
        receipt_ms=1_785_690_000_000,
        due_ms=1_786_356_000_000,
        applicant_type=1,
        identity_attached=True,
        applicant_key="9b1c6a4e7d20f3a8",
        revision=1,
        sequence=12,
        backfill=False,
    )


def test_what_a_minimal_event_does_not_say_is_unsaid():
    assert read((EXAMPLES / "minimal.json").read_bytes()) == StateChanged(
        dossier="H56.14-260803-0001",
        source="H56-onestop",
        id="7",
        claimed_ms=1_785_719_551_000,
        arrival_ms=RECORD_MS,
        state=1,
        procedure="1.004194",
        agency="H56.14",
    )


def test_a_foreign_code_is_scoped_by_its_source():
    found = read((EXAMPLES / "foreign_code.json").read_bytes())

    assert (found.dossier, found.agency) == ("receipt-log|case-10011", "Group 1")


def test_an_old_code_is_turned_round():
    found = read((EXAMPLES / "old_code.json").read_bytes())

    assert (found.dossier, found.agency) == ("H56.16-240823-0001", "H56.16")


def test_unknown_optional_codes_and_nulls_do_not_lose_the_life_cycle():
    found = read((EXAMPLES / "nulls_and_unknown.json").read_bytes())

    assert (found.channel, found.level, found.due_ms) == (0, 0, None)
    assert found.receipt_ms == 1_785_718_800_000


@pytest.mark.parametrize(
    ("field", "known"),
    [("channel", {1, 2, 3}), ("level", {2, 3, 4}), ("applicant_type", {1, 2, 3, 4})],
)
def test_an_optional_code_is_kept_if_it_is_known_and_else_unsaid(field, known):
    for code in range(-1, 6):
        found = read(sent(**{f"data_{field}": code}))
        assert getattr(found, field) == (code if code in known else 0)


def test_every_national_state_is_read():
    assert [read(sent(data_state=code)).state for code in range(11)] == list(range(11))


def test_the_module_function_reads_one_record():
    value = sent(data_receipt_date="2026-08-03")

    found = decode(value, record_time_ms=RECORD_MS, zone=Zone("UTC"))

    assert isinstance(found, StateChanged)
    assert found.receipt_ms == 1_785_715_200_000


@pytest.mark.parametrize(
    "path", sorted((EXAMPLES / "invalid").iterdir()), ids=lambda path: path.stem
)
def test_an_invalid_example_is_refused_for_the_reason_it_is_named_after(path):
    found = read(path.read_bytes())

    assert isinstance(found, Refused)
    assert found.reason == path.name.split(".")[0]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": ...}, refused(Reason.MISSING_FIELD, "type")),
        ({"type": 3}, refused(Reason.WRONG_TYPE, "type")),
        ({"type": "x"}, refused(Reason.UNKNOWN_TYPE, "type")),
        ({"specversion": "2"}, refused(Reason.UNKNOWN_SPECVERSION, "specversion")),
        ({"id": ["7"]}, refused(Reason.WRONG_TYPE, "id", id_="")),
        ({"id": ...}, refused(Reason.MISSING_FIELD, "id", id_="")),
        ({"id": "a\u0000"}, refused(Reason.INVALID_TEXT, "id", id_="")),
        ({"id": "x" * 257}, refused(Reason.INVALID_TEXT, "id", id_="")),
        ({"source": "a\u009f"}, refused(Reason.INVALID_TEXT, "source", source="")),
        ({"data": ...}, refused(Reason.MISSING_FIELD, "data")),
        ({"data": []}, refused(Reason.WRONG_TYPE, "data")),
        ({"arrival": "2026"}, refused(Reason.MALFORMED_TIME, "arrival")),
        ({"data_state": ...}, refused(Reason.MISSING_FIELD, "data.state")),
        ({"data_state": 11}, refused(Reason.UNKNOWN_STATE, "data.state")),
        ({"data_state": 10**30}, refused(Reason.UNKNOWN_STATE, "data.state")),
        ({"data_state": 10**4000}, refused(Reason.UNKNOWN_STATE, "data.state")),
        ({"data_state": True}, refused(Reason.WRONG_TYPE, "data.state")),
        ({"data_state": None}, refused(Reason.WRONG_TYPE, "data.state")),
        ({"data_channel": "2"}, refused(Reason.WRONG_TYPE, "data.channel")),
        ({"data_sequence": 2**63}, refused(Reason.NUMBER_OUT_OF_RANGE, "data.sequence")),
        ({"data_revision": -1}, refused(Reason.NUMBER_OUT_OF_RANGE, "data.revision")),
        ({"data_dossier": " \t"}, refused(Reason.INVALID_CODE, "data.dossier")),
        ({"data_dossier": "a\u0000"}, refused(Reason.INVALID_CODE, "data.dossier")),
        ({"data_dossier": "x" * 257}, refused(Reason.INVALID_CODE, "data.dossier")),
        ({"data_dossier": "x" * 245}, refused(Reason.INVALID_CODE, "data.dossier")),
        ({"data_agency": "a\u007f"}, refused(Reason.INVALID_CODE, "data.agency")),
        ({"data_agency": "\u200b"}, refused(Reason.INVALID_CODE, "data.agency")),
        ({"data_procedure": ""}, refused(Reason.INVALID_CODE, "data.procedure")),
        ({"data_unit": "x" * 257}, refused(Reason.INVALID_TEXT, "data.unit")),
        ({"data_step": "a\u0000"}, refused(Reason.INVALID_TEXT, "data.step")),
        ({"data_sub_channel": {}}, refused(Reason.WRONG_TYPE, "data.sub_channel")),
        (
            {"data_receipt_date": "2026-8-03"},
            refused(Reason.MALFORMED_TIME, "data.receipt_date"),
        ),
        (
            {"data_receipt_date": "2026-W32-1"},
            refused(Reason.MALFORMED_TIME, "data.receipt_date"),
        ),
        (
            {"data_receipt_date": "1989-12-31"},
            refused(Reason.TIME_OUT_OF_RANGE, "data.receipt_date"),
        ),
        (
            {"data_receipt_date": "1990-01-01"},  # 17:00 of the day before, in UTC
            refused(Reason.TIME_OUT_OF_RANGE, "data.receipt_date"),
        ),
        (
            {"data_receipt_date": "2026-08-03T00:00:00"},
            refused(Reason.TIME_WITHOUT_OFFSET, "data.receipt_date"),
        ),
    ],
)
def test_a_refusal_names_reason_field_and_sender(changes, expected):
    assert read(sent(**changes)) == expected


@pytest.mark.parametrize("record_time_ms", [-1, 0, 2**62])
def test_a_record_time_that_cannot_be_is_no_arrival(record_time_ms):
    expected = refused(Reason.TIME_OUT_OF_RANGE, "record timestamp")

    assert read(sent(), record_time_ms=record_time_ms) == expected
    assert isinstance(
        read(sent(arrival="2026-08-03T01:12:33Z"), record_time_ms=record_time_ms), StateChanged
    )


@pytest.mark.parametrize("value", [None, b""])
def test_nothing_is_refused_as_empty(value):
    assert read(value) == Refused(Reason.EMPTY, "value")


@pytest.mark.parametrize("value", [b"\xff\xfe{}", b'{"type":"\xff"}', b"\xed\xa0\x80"])
def test_bytes_that_are_no_utf8_are_refused(value):
    assert read(value) == Refused(Reason.NOT_UTF8, "value")


def test_bytes_that_are_no_utf8_in_a_field_that_is_read_are_refused_with_their_sender():
    value = sent(data_step="X").replace(b"X", b"\xff")

    assert read(value) == refused(Reason.NOT_UTF8, "value")


@pytest.mark.parametrize(
    "value",
    [b"{", b"nul", b"\xef\xbb\xbf{}", b'"\\ud800"', b'{"id":"\\ud800"}', b"NaN", sent() + b"{"],
)
def test_what_is_no_json_is_refused(value):
    assert read(value).reason is Reason.NOT_JSON


@pytest.mark.parametrize("number", [b"9" * 5000, b"1e400"])
def test_a_number_that_no_machine_holds_is_refused(number):
    value = sent(data_channel=4321).replace(b"4321", number)

    assert read(value) == refused(Reason.NUMBER_OUT_OF_RANGE, "data.channel")


def test_a_code_of_many_digits_is_an_unknown_one():
    assert read(sent(data_channel=10**4000)).channel == 0


@pytest.mark.parametrize("end", [b"]" * 50_000, b""])
def test_deep_nesting_is_refused(end):
    # As much as fits: opening brackets only, or as many closing ones.
    depth = 50_000 if not end else 30_000
    value = b'{"x":' + b"[" * depth + end[:depth]

    assert read(value) == Refused(Reason.TOO_DEEP, "value")


def test_a_record_of_ten_megabytes_is_refused_with_its_sender():
    value = sent(padding="x" * 10_000_000)

    assert read(value) == refused(Reason.TOO_LARGE, "value")


def test_a_record_as_large_as_the_quarantine_keeps_is_read():
    room = 65_536 - len(sent(padding=""))

    assert isinstance(read(sent(padding="x" * room)), StateChanged)
    assert read(sent(padding="x" * (room + 1))).reason is Reason.TOO_LARGE


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("9b1c6a4e7d20f3a8", True),
        ("k2:m0/Zq+A_-w.==xx", True),
        ("0870000000010870", True),  # a hash may have no letters
        ("001087000001", False),  # an identity number
        ("0101234567-001", False),  # a tax code
        ("GD4010000000001", False),  # a card of health insurance
        ("Nguyễn Văn A, 3 Lê Lợi", False),
        ("nguyen.van.a@example.vn", False),
        ("NguyenVanA", False),
    ],
)
def test_an_applicant_is_kept_as_a_hash_or_not_at_all(said, kept):
    assert read(sent(data_applicant_key=said)).applicant_key == (said if kept else "")


def test_an_applicant_with_control_characters_is_refused():
    expected = refused(Reason.INVALID_TEXT, "data.applicant_key")

    assert read(sent(data_applicant_key="\u0000")) == expected


def test_line_breaks_in_a_name_are_spaces():
    found = read(
        sent(data_step=" Chuyển\nxử lý\t", data_unit="\u00a0P1", data_sub_channel="\r")
    )

    assert (found.step, found.unit, found.sub_channel) == ("Chuyển xử lý", "P1", "")


def test_a_space_without_width_does_no_harm_to_an_id():
    assert read(sent(id="a\u200bb")).id == "a\u200bb"


def test_the_highest_numbers_are_read():
    found = read(sent(data_revision=2**63 - 1, data_sequence=0, data_backfill=True))

    assert (found.revision, found.sequence, found.backfill) == (2**63 - 1, 0, True)


def test_a_refusal_never_repeats_the_value():
    for path in (EXAMPLES / "dossier.state.v1.json", EXAMPLES / "minimal.json"):
        whole = json.loads(path.read_bytes())
        for field in ("type", "specversion", "time", "arrival"):
            found = read(json.dumps({**whole, field: "Nguyễn Văn A"}).encode())
            assert "Nguy" not in found.detail
        for field in whole["data"]:
            for value in ("Nguyễn Văn A" * 30, ["Nguyễn Văn A"], {"Nguyễn Văn A": 1}):
                found = read(
                    json.dumps({**whole, "data": {**whole["data"], field: value}}).encode()
                )
                assert found.detail == f"data.{field}"


def test_every_reason_is_given_for_something():
    """All but those that are given at the edge, and where events are folded."""
    records = [
        *((path.read_bytes(), ()) for path in (EXAMPLES / "invalid").iterdir()),
        (b"\xff", ()),
        (b" " * 65_537, ()),
        (b'{"x":' + b"[" * 60_000, ()),
        (sent(), [("content-type", b"text/xml")]),
        (sent(), [("content-type", b"\xff")]),
    ]

    assert {read(value, given).reason for value, given in records} == {
        "empty", "too_large", "too_deep", "not_utf8", "not_json", "unknown_content_type",
        "invalid_header", "unknown_specversion", "unknown_type", "missing_field", "wrong_type",
        "unknown_state", "invalid_code", "invalid_text", "number_out_of_range",
        "malformed_time", "time_without_offset", "time_out_of_range", "unknown_code",
        "contradictory",
    } == set(Reason) - {
        Reason.UNKNOWN_SOURCE, Reason.OUTSIDE_MANDATE, Reason.FAULT, Reason.RETIRED
    }  # fmt: skip


# Binary mode.

DATA = json.dumps(event()["data"]).encode()


def headers(*, content=b"application/json", **changes):
    given = {
        "ce_specversion": b"1.0",
        "ce_id": b"7",
        "ce_source": b"H56-onestop",
        "ce_type": b"dossier.state.v1",
        "ce_time": b"2026-08-03T08:12:31+07:00",
    } | {f"ce_{name}": value for name, value in changes.items()}
    pairs = [(name, value) for name, value in given.items() if value is not ...]
    return [*([] if content is None else [("content-type", content)]), *pairs]


@pytest.mark.parametrize(
    "content",
    [
        b"application/json",
        b"application/json; charset=utf-8",
        b"application/vnd.emc+json",
        None,
    ],
)
def test_binary_mode_gives_the_same_event(content):
    assert read(DATA, headers(content=content)) == read(sent())


def test_binary_mode_carries_the_arrival_and_ignores_other_headers():
    given = [*headers(arrival=b"2026-08-03T01:12:33Z", colour=b"\xff"), ("trace", b"\xff")]

    assert read(DATA, given).arrival_ms == 1_785_719_553_000


@pytest.mark.parametrize(
    "given",
    [
        [("content-type", b"application/cloudevents+json")],
        [("content-type", b"application/cloudevents+json; charset=UTF-8")],
        # The content type decides; what else stands in headers is not asked.
        [("content-type", b"application/cloudevents+json"), ("ce_id", b"\xff")],
        [("content-type", b"application/json")],
        [("trace", b"00-4bf9")],
    ],
)
def test_structured_mode_is_read_whatever_other_headers_there_are(given):
    assert read(sent(), given) == read(sent())


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (headers(type=...), refused(Reason.MISSING_FIELD, "type")),
        (headers(type=b"x"), refused(Reason.UNKNOWN_TYPE, "type")),
        (headers(specversion=...), refused(Reason.MISSING_FIELD, "specversion")),
        (headers(specversion=b"2"), refused(Reason.UNKNOWN_SPECVERSION, "specversion")),
        (headers(id=b""), refused(Reason.INVALID_TEXT, "id", id_="")),
        (headers(id=b"\xff"), refused(Reason.INVALID_HEADER, "ce_id", id_="")),
        (headers(id=None), refused(Reason.INVALID_HEADER, "ce_id", id_="")),
        (headers(source=b"\x00"), refused(Reason.INVALID_TEXT, "source", source="")),
        (headers(time=b"2026-08-03T08:12:31"), refused(Reason.TIME_WITHOUT_OFFSET, "time")),
        ([*headers(), ("ce_time", b"x")], refused(Reason.INVALID_HEADER, "ce_time")),
        (headers(content=b"text/xml"), refused(Reason.UNKNOWN_CONTENT_TYPE, "content-type")),
        (headers(content=b"\xff"), refused(Reason.INVALID_HEADER, "content-type")),
        (
            headers(content=b"application/cloudevents-batch+json"),
            refused(Reason.UNKNOWN_CONTENT_TYPE, "content-type"),
        ),
    ],
)
def test_a_malformed_header_is_a_refusal(given, expected):
    assert read(DATA, given) == expected


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (None, Reason.EMPTY, "value"),
        (b"{", Reason.NOT_JSON, "value: Input data was truncated"),
        (b"[]", Reason.WRONG_TYPE, "data"),
        (b"{}", Reason.MISSING_FIELD, "data.dossier"),
        (DATA.replace(b'"state": 1', b'"state": 11'), Reason.UNKNOWN_STATE, "data.state"),
        (DATA.replace(b"H56.14-", b"\xff"), Reason.NOT_UTF8, "value"),
    ],
)
def test_bad_data_in_binary_mode_is_refused_with_the_sender_of_the_headers(
    value, reason, detail
):
    assert read(value, headers()) == refused(reason, detail)


# Properties.

FULL = json.loads((EXAMPLES / "dossier.state.v1.json").read_bytes())
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([name for name, _ in headers()]) | st.text(max_size=8),
        st.binary(max_size=12) | st.sampled_from([value for _, value in headers()]),
    ),
    max_size=8,
)


def is_read_or_refused(value, given=()):
    found = read(value, given)
    assert isinstance(found, StateChanged | Refused)
    if isinstance(found, StateChanged):
        assert read(encode(found), record_time_ms=0) == found


@QUICK
@given(st.binary(max_size=200), HEADERS)
def test_any_bytes_are_read_or_refused(value, given_headers):
    is_read_or_refused(value)
    is_read_or_refused(value, given_headers)


@QUICK
@given(ANYTHING, HEADERS)
def test_any_json_is_read_or_refused(value, given_headers):
    record = json.dumps(value).encode("utf-8", "surrogatepass")

    is_read_or_refused(record)
    is_read_or_refused(record, given_headers)


@QUICK
@given(
    st.sampled_from(sorted(FULL)),
    st.sampled_from(sorted(FULL["data"])),
    ANYTHING,
    st.booleans(),
)
def test_a_near_miss_is_read_or_refused(field, of_data, value, ascii_only):
    for near in ({**FULL, field: value}, {**FULL, "data": {**FULL["data"], of_data: value}}):
        text = json.dumps(near, ensure_ascii=ascii_only)
        is_read_or_refused(text.encode("utf-8", "surrogatepass"))


@QUICK
@given(
    st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), min_size=1, max_size=4),
    st.booleans(),
)
def test_a_changed_byte_is_read_or_refused(changes, binary):
    record = bytearray(DATA if binary else json.dumps(FULL).encode())
    for place, byte in changes:
        record[place % len(record)] = byte

    is_read_or_refused(bytes(record), headers() if binary else ())


def test_a_record_cut_anywhere_is_refused():
    record = json.dumps(FULL).encode()

    for length in range(len(record)):
        assert isinstance(read(record[:length]), Refused)


CODES = st.text(min_size=1, max_size=20) | st.sampled_from(
    [
        "H56.14-260803-0001",
        "H56-onestop|x",
        "s|s|x",
        "s|H56.14-260803-0001",
        "a|",
        "000.00.16.H56",
    ]
)
TIMES = st.datetimes(datetime(1990, 1, 2), datetime(2100, 12, 31)).map(
    lambda moment: moment.isoformat() + "+07:00"
) | st.sampled_from(
    ["1990-01-01T00:00:00Z", "2100-12-31T23:59:59.9999Z", "1990-01-01T06:59:59+07:00"]
)


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {"dossier": CODES, "procedure": CODES, "agency": CODES, "state": st.integers(0, 10)},
        optional={
            "unit": st.text(max_size=9),
            "step": st.text(max_size=9),
            "channel": st.integers(0, 4),
            "sub_channel": st.text(max_size=9),
            "level": st.integers(0, 5),
            "receipt_date": st.dates(date(1990, 1, 2), date(2100, 12, 31)).map(str) | TIMES,
            "due_at": TIMES,
            "applicant_type": st.integers(0, 5),
            "identity_attached": st.booleans(),
            "applicant_key": st.text(max_size=9),
            "revision": st.integers(0, 2**63 - 1),
            "sequence": st.integers(0, 2**63 - 1),
            "backfill": st.booleans(),
        },
    ),
    st.sampled_from(["s", "H56-onestop", "a|b", "100%", "s "]),
    TIMES,
)
@example(
    {"dossier": "s|s|x", "procedure": "p", "agency": "a", "state": 1},
    "s",
    "2026-08-03T00:00:00Z",
)
def test_what_was_decoded_is_decoded_again_from_its_encoding(data, source, time):
    value = json.dumps(event(data=data, source=source, time=time)).encode()

    found = read(value)
    if isinstance(found, Refused):
        assert found.reason in (
            Reason.INVALID_CODE,
            Reason.INVALID_TEXT,
            Reason.TIME_OUT_OF_RANGE,
        )
    else:
        assert read(encode(found), record_time_ms=0) == found


def test_every_event_of_the_examples_survives_its_encoding():
    for path in EXAMPLES.glob("*.json"):
        found = read(path.read_bytes())
        assert read(encode(found), record_time_ms=0) == found


def test_the_encoding_is_canonical_cloudevents():
    found = read((EXAMPLES / "minimal.json").read_bytes())

    assert json.loads(encode(found)) == {
        "specversion": "1.0",
        "id": "7",
        "source": "H56-onestop",
        "type": "dossier.state.v1",
        "time": "2026-08-03T01:12:31.000Z",
        "arrival": "2026-08-03T01:12:33.500Z",
        "datacontenttype": "application/json",
        "data": {
            "dossier": "H56.14-260803-0001",
            "procedure": "1.004194",
            "agency": "H56.14",
            "state": 1,
        },
    }
