"""Times are read exactly, and only as what they say."""

import pytest

from monitor.domain.zone import Zone
from schemas.refusal import Reason, Unreadable
from schemas.times import instant_ms, midnight_ms, rfc3339


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("1990-01-01T00:00:00Z", 631_152_000_000),
        ("1990-01-01T07:00:00+07:00", 631_152_000_000),
        ("1989-12-31T23:30:00-00:30", 631_152_000_000),
        ("2100-12-31T23:59:59.999Z", 4_133_980_799_999),
        ("2101-01-01T06:59:59.9999999+07:00", 4_133_980_799_999),
        ("2026-08-03T08:12:31+07:00", 1_785_719_551_000),
        ("2026-08-03t08:12:31z", 1_785_744_751_000),
        ("2026-08-03 08:12:31-00:00", 1_785_744_751_000),
        ("2026-08-03T08:12:31.1Z", 1_785_744_751_100),
        ("2026-08-03T08:12:31.12+07:00", 1_785_719_551_120),
        # Cut off, not rounded: a rounded time may pass a deadline that the true one kept.
        ("2026-08-03T08:12:31.1239999999999+07:00", 1_785_719_551_123),
        ("2024-02-29T23:59:59+14:00", 1_709_200_799_000),
    ],
)
def test_an_instant_is_read_to_the_millisecond(text, ms):
    assert instant_ms(text, "time") == ms


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.MALFORMED_TIME),
        ("2026", Reason.MALFORMED_TIME),
        ("20260803T081231Z", Reason.MALFORMED_TIME),
        ("2026-W32-1T08:12:31Z", Reason.MALFORMED_TIME),
        ("2026-02-30T08:12:31Z", Reason.MALFORMED_TIME),
        ("0000-01-01T00:00:00Z", Reason.MALFORMED_TIME),
        ("2026-08-03T24:00:00Z", Reason.MALFORMED_TIME),
        ("2026-08-03T23:59:60Z", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12Z", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31,5Z", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31.Z", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31.٣Z", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31.5+0700", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31+0700", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31+07", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31+24:00", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31 +07:00", Reason.MALFORMED_TIME),
        ("2026-08-03T08:12:31+07:00 ", Reason.MALFORMED_TIME),
        ("２026-08-03T08:12:31+07:00", Reason.MALFORMED_TIME),
        ("2026-08-03", Reason.TIME_WITHOUT_OFFSET),
        ("2026-08-03T08:12", Reason.TIME_WITHOUT_OFFSET),
        ("2026-08-03T08:12:31", Reason.TIME_WITHOUT_OFFSET),
        ("2026-08-03T08:12:31.5", Reason.TIME_WITHOUT_OFFSET),
        ("0001-01-01T00:00:00+07:00", Reason.TIME_OUT_OF_RANGE),
        ("9999-12-31T23:59:59-14:00", Reason.TIME_OUT_OF_RANGE),
        ("1990-01-01T00:00:00+00:01", Reason.TIME_OUT_OF_RANGE),
        ("2100-12-31T23:59:59-00:01", Reason.TIME_OUT_OF_RANGE),
        ("2101-01-01T00:00:00Z", Reason.TIME_OUT_OF_RANGE),
        ("1989-12-31T23:59:59.999Z", Reason.TIME_OUT_OF_RANGE),
    ],
)
def test_what_is_no_instant_is_said_so(text, reason):
    with pytest.raises(Unreadable) as caught:
        instant_ms(text, "time")

    assert (caught.value.reason, caught.value.detail) == (reason, "time")


def test_a_day_begins_where_its_zone_says():
    assert midnight_ms("2026-08-03", "receipt", Zone("UTC")) == 1_785_715_200_000
    assert midnight_ms("2026-08-03", "receipt", Zone("Asia/Ho_Chi_Minh")) == 1_785_690_000_000
    # Havana left out this midnight: the day began at 01:00, 05:00 UTC.
    assert midnight_ms("2026-03-08", "receipt", Zone("America/Havana")) == 1_772_946_000_000


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (631_152_000_000, "1990-01-01T00:00:00.000Z"),
        (1_785_719_551_007, "2026-08-03T01:12:31.007Z"),
        (4_133_980_799_999, "2100-12-31T23:59:59.999Z"),
    ],
)
def test_times_are_written_in_utc_with_milliseconds(ms, text):
    assert rfc3339(ms) == text
