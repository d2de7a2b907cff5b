"""Refusals: why a record is no event. A value like any other: counted, kept, never raised."""

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """The closed set of reasons; a label of metrics and of the quarantine, so never renamed."""

    EMPTY = "empty"  # no bytes, or the null value that Kafka uses as a tombstone
    TOO_LARGE = "too_large"  # over `LARGEST_BYTES`; the rest of it was not read
    TOO_DEEP = "too_deep"  # nested deeper than the parser's stack
    NOT_UTF8 = "not_utf8"  # bytes that are no UTF-8
    NOT_JSON = "not_json"  # malformed or cut JSON; also NaN and half a surrogate pair
    UNKNOWN_CONTENT_TYPE = "unknown_content_type"  # the header names a format that is not ours
    INVALID_HEADER = "invalid_header"  # a ce_ header without value, not UTF-8, or given twice
    UNKNOWN_SPECVERSION = "unknown_specversion"  # a CloudEvents version other than 1.0
    UNKNOWN_TYPE = "unknown_type"  # a `type` that this version does not know
    MISSING_FIELD = "missing_field"  # a required field is not there
    WRONG_TYPE = "wrong_type"  # a list where a string belongs, a float where a code does
    UNKNOWN_STATE = "unknown_state"  # outside the national codes 0 to 10
    INVALID_CODE = "invalid_code"  # dossier, procedure or agency: blank, too long, unprintable
    INVALID_TEXT = "invalid_text"  # any other text: empty, too long, control characters
    NUMBER_OUT_OF_RANGE = "number_out_of_range"  # negative, or wider than 64 bits
    MALFORMED_TIME = "malformed_time"  # no RFC 3339 time, or a day that does not exist
    TIME_WITHOUT_OFFSET = "time_without_offset"  # a wall clock that does not say where it hangs
    TIME_OUT_OF_RANGE = "time_out_of_range"  # outside 1990 to 2100 (UTC), as of any time given
    FAULT = "fault"  # a fault of ours while the event was folded; `detail` says where


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A record that is no event, and who sent it as far as that could be read.

    `detail` names the field and never repeats the value: it may be somebody's name.
    """

    reason: Reason
    detail: str
    source: str = ""
    id: str = ""


class Unreadable(Exception):
    """What was read so far cannot become an event; `decode` turns this into a `Refused`."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
