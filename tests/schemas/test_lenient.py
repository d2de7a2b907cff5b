"""JSON as old clients write it: what it says is understood, and nothing it says is a fault."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.zone import Zone
from schemas.lenient import LONGEST_CODE, MOST_ITEMS, Said, instant, objects, parsed
from schemas.refusal import Reason, Unreadable
from tests.schemas.wire import ANYTHING, HANOI, QUICK

AT = 1_785_719_551_000  # 2026-08-03T08:12:31+07:00


def refused(call, *arguments):
    with pytest.raises(Unreadable) as caught:
        call(*arguments)
    return caught.value.reason, caught.value.detail


@pytest.mark.parametrize(
    "value",
    [
        b'{"a": "\xc4\x90"}',
        b'\xef\xbb\xbf{"a": "\xc4\x90"}',
        '{"a": "Đ"}'.encode("utf-16"),
        b' \r\n{"a": "\xc4\x90"}\n',
    ],
    ids=["plain", "byte order mark", "UTF-16", "blanks"],
)
def test_it_is_read_whatever_stands_before_it(value):
    assert parsed(value) == {"a": "Đ"}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, Reason.EMPTY),
        (b"", Reason.EMPTY),
        (b" \n", Reason.EMPTY),
        (b"\xff{}", Reason.NOT_UTF8),
        (b"\xff\xfe\x00", Reason.NOT_UTF8),
        (b"{", Reason.NOT_JSON),
        (b"a=1", Reason.NOT_JSON),
        (b"[" * 100_000, Reason.TOO_DEEP),
    ],
)
def test_what_is_no_json_is_refused(value, reason):
    assert refused(parsed, value) == (reason, "value")


def test_fields_are_found_however_they_are_capitalised():
    said = Said({"MaHoSo": "x", "siteId": 5})

    assert said.text("mahoso") == said.text("MaHoSo") == "x"
    assert said.number("SiteId") == 5
    assert said.has("SITEID")
    assert not said.has("Status")


@pytest.mark.parametrize(
    ("sent", "text"),
    [(None, ""), ("", ""), ("  2 ", "2"), (2, "2"), (2.0, "2"), (True, "1"), (False, "0")],
)
def test_a_code_is_a_text_or_a_number(sent, text):
    assert Said({"Status": sent}).text("Status") == text


@pytest.mark.parametrize("sent", [[], {}, 2.5])
def test_what_is_no_code_is_refused_by_its_name(sent):
    assert refused(Said({"Status": sent}, "data[3]").text, "Status") == (
        Reason.WRONG_TYPE,
        "data[3].Status",
    )


def test_a_text_of_more_than_is_read_is_refused_and_not_worked_on():
    """Neither for its length nor for the time that looking through it would take."""
    said = Said({"NgayTra": "T" * 3_000_000, "CodeTTHC": "1" * 129})

    assert refused(said.instant, "NgayTra", HANOI) == (Reason.INVALID_TEXT, "NgayTra")
    assert said.text("CodeTTHC") == "1" * 129
    with pytest.raises(Unreadable):
        said.text("CodeTTHC", most=LONGEST_CODE)
    assert refused(instant, "T" * 3_000_000, HANOI, "x") == (Reason.MALFORMED_TIME, "x")


@pytest.mark.parametrize(
    ("sent", "gives"), [("x" * 9_999, True), (" ", False), (None, False), (0, True)]
)
def test_that_a_link_is_there_is_seen_however_long_it_is(sent, gives):
    assert Said({"DuongDan": sent}).gives("DuongDan") is gives


def test_a_number_of_too_many_digits_is_refused():
    assert refused(Said({"Gia": 10**5000}).text, "Gia") == (Reason.NUMBER_OUT_OF_RANGE, "Gia")


def test_the_first_field_that_says_anything_counts():
    said = Said({"CodeProfile": " ", "MaHoSo": "y"})

    assert said.text("CodeProfile", "MaHoSo") == "y"
    assert said.text("Nothing", "Neither") == ""


@pytest.mark.parametrize(("sent", "number"), [("12", 12), (12, 12), ("-3", -3), (None, None)])
def test_a_number_may_stand_in_quotes(sent, number):
    assert Said({"SiteId": sent}).number("SiteId") == number


def test_a_word_is_no_number():
    assert refused(Said({"SiteId": "x1"}).number, "SiteId") == (Reason.WRONG_TYPE, "SiteId")


@pytest.mark.parametrize(
    ("sent", "flag"),
    [
        ("1", True),
        ("true", True),
        (True, True),
        ("False", False),
        (0, False),
        ("x", None),
        (None, None),
    ],
)
def test_a_flag_is_said_in_many_ways(sent, flag):
    assert Said({"IsDeleted": sent}).flag("IsDeleted") is flag


@pytest.mark.parametrize("sent", ['{"TYPE": "2"}', {"TYPE": "2"}])
def test_an_object_may_be_written_as_text(sent):
    found = Said({"User": sent}).object("User")

    assert found is not None
    assert found.text("type") == "2"


@pytest.mark.parametrize("sent", [None, "", "{", "[1]", 5, "[" * 100_000])
def test_what_is_no_object_says_nothing(sent):
    assert Said({"User": sent}).object("User") is None


def test_a_list_of_objects_may_be_one_alone_or_none():
    assert [each.text("a") for each in objects([{"a": "1"}, None, {"a": "2"}], "data")] == [
        "1",
        "2",
    ]
    assert [each.text("a") for each in objects({"a": "1"}, "data")] == ["1"]
    assert list(objects(None, "data")) == list(objects("", "data")) == []
    assert Said({"data": [{"a": 1}]}).items("data")[0].place("a") == "data[0].a"
    assert Said({"data": 5}).value("DATA") == 5


def test_a_list_of_too_many_or_of_other_things_is_refused():
    assert refused(list, objects([{}] * (MOST_ITEMS + 1), "data")) == (
        Reason.NUMBER_OUT_OF_RANGE,
        "data",
    )
    assert refused(list, objects(5, "data")) == (Reason.WRONG_TYPE, "data")
    assert refused(list, objects([5], "data")) == (Reason.WRONG_TYPE, "data[0]")
    assert refused(Said, "x") == (Reason.WRONG_TYPE, "value")


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("20260803081231", AT),
        ("202608030812", AT - 31_000),
        ("20260803", AT - 29_551_000),
        ("2026-08-03", AT - 29_551_000),
        ("2026-08-03T08:12:31", AT),
        ("2026-08-03 08:12:31.5", AT + 500),
        ("2026-08-03T08:12:31.1234567", AT + 123),
        ("2026-08-03T01:12:31Z", AT),
        ("2026-08-03T03:12:31+02:00", AT),
        ("03/08/2026 08:12:31", AT),
        ("3/8/2026", AT - 29_551_000),
        ("0001-01-01T00:00:00", None),
        ("00000000000000", None),
    ],
)
def test_a_time_is_read_in_the_forms_that_are_about(text, ms):
    assert instant(text, HANOI, "NgayTra") == ms
    assert Said({"NgayTra": text}).instant("NgayTra", HANOI) == ms


def test_no_time_is_none():
    assert Said({"NgayTra": ""}).instant("NgayTra", HANOI) is None


def test_a_time_without_offset_is_of_the_zone_that_is_declared():
    assert instant("20260803081231", Zone("UTC"), "NgayTra") == AT + 7 * 3_600_000


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("soon", Reason.MALFORMED_TIME),
        ("20260230", Reason.MALFORMED_TIME),
        ("20260803240000", Reason.MALFORMED_TIME),
        ("20260803086000", Reason.MALFORMED_TIME),
        ("20260803081260", Reason.MALFORMED_TIME),
        ("1/2/19", Reason.MALFORMED_TIME),
        ("18990101", Reason.TIME_OUT_OF_RANGE),
    ],
)
def test_what_is_no_time_is_refused(text, reason):
    assert refused(instant, text, HANOI, "NgayTra") == (reason, "NgayTra")


@QUICK
@given(st.dictionaries(st.sampled_from(["a", "b"]), ANYTHING))
def test_nothing_that_json_can_say_is_a_fault(value):
    said = Said(value)
    for ask in (said.text, said.number, said.flag, said.object, said.items):
        for name in ("a", "b", "c"):
            with suppress(Unreadable):
                ask(name)


@QUICK
@given(
    st.binary(max_size=64) | st.text(max_size=64).map(lambda text: json.dumps(text).encode())
)
def test_no_bytes_are_a_fault(value):
    with suppress(Unreadable):
        parsed(value)
