"""Refusals: why a record is no event. A value like any other: counted, kept, never raised."""

from enum import StrEnum
from typing import Self

import msgspec


class Reason(StrEnum):
    """The closed set of reasons, each with its meaning.

    A label of metrics and of the quarantine, so never renamed.
    """

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        reason = str.__new__(cls, value)
        reason._value_ = value
        reason.meaning = meaning
        return reason

    EMPTY = ("empty", "No bytes, or the null value that Kafka uses as a tombstone.")
    TOO_LARGE = ("too_large", "More than 65,536 bytes.")
    TOO_DEEP = ("too_deep", "Nested deeper than can be read.")
    NOT_UTF8 = ("not_utf8", "Bytes that are no UTF-8.")
    NOT_JSON = ("not_json", "Malformed or cut JSON; also NaN, and half a surrogate pair.")
    UNKNOWN_CONTENT_TYPE = (
        "unknown_content_type",
        "The header content-type names another format.",
    )
    INVALID_HEADER = (
        "invalid_header",
        "A header that is needed has no value, is no UTF-8, or comes twice.",
    )
    UNKNOWN_SPECVERSION = ("unknown_specversion", "A version of CloudEvents other than 1.0.")
    UNKNOWN_TYPE = (
        "unknown_type",
        "A type of event that this version does not know, or of another topic.",
    )
    MISSING_FIELD = ("missing_field", "A required field is not there.")
    WRONG_TYPE = ("wrong_type", "A list where a string belongs, a fraction where a code does.")
    UNKNOWN_STATE = (
        "unknown_state",
        "A state outside the national codes, 0 to 10; of a petition, outside its list.",
    )
    UNKNOWN_CODE = (
        "unknown_code",
        "A word outside the list of its field: a class, a kind, a unit of time.",
    )
    INVALID_CODE = (
        "invalid_code",
        "Dossier, petition, procedure or agency: blank, too long, or with control characters.",
    )
    INVALID_TEXT = (
        "invalid_text",
        (
            "Any other text: empty where required, too long, with control characters, or not "
            "of the form its field asks for."
        ),
    )
    NUMBER_OUT_OF_RANGE = (
        "number_out_of_range",
        (
            "A number, or how many there are of something, outside what its field admits: below "
            "zero, wider than 64 bits, a score above its scale."
        ),
    )
    MALFORMED_TIME = ("malformed_time", "No time in RFC 3339, or a day that does not exist.")
    TIME_WITHOUT_OFFSET = (
        "time_without_offset",
        "A clock time that does not say in which offset, or a day alone.",
    )
    TIME_OUT_OF_RANGE = (
        "time_out_of_range",
        "A time outside the years 1990 to 2100 (UTC), of any of the times.",
    )
    CONTRADICTORY = (
        "contradictory",
        (
            "Fields that exclude each other: an end before its beginning, two limits for one "
            "channel, an agency above itself."
        ),
    )
    UNKNOWN_SOURCE = (
        "unknown_source",
        "At the edge: the sender is not in the register of sources, or was struck off.",
    )
    OUTSIDE_MANDATE = (
        "outside_mandate",
        (
            "At the edge: the source may not speak for whoever makes the statement, or names an "
            "agency in a form that no list knows."
        ),
    )
    RETIRED = (
        "retired",
        (
            "An event of a dossier that is past retention: its events are gone, so nothing can "
            "be added to them."
        ),
    )
    FAULT = ("fault", "A fault of the monitor's own while it folded the event.")


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
