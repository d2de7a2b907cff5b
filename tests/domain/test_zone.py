"""Days of a zone."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.domain.zone import Zone

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# No change; west of the date line and east of it; half hours; midnights skipped (Sao_Paulo,
# Cairo, Beirut), repeated (Havana), left and entered again (St_Johns); a day skipped (Apia).
NAMES = [
    "Asia/Ho_Chi_Minh",
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/St_Johns",
    "America/Nuuk",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
FIRST, LAST = 631_152_000_000, 4_133_980_799_999  # 1990-01-01 .. 2100-12-31, UTC


def ms(year, month, day, *clock):
    hour, minute, second = (*clock, 0, 0, 0)[:3]
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return (moment - EPOCH) // timedelta(milliseconds=1)


def day_number(*at):
    return (date(*at) - date(1970, 1, 1)).days


def changes_of(name):
    """The hours in which the clocks of a zone change, found by asking each of them."""
    zone = ZoneInfo(name)
    hours = range(ms(2006, 1, 1) // 1000, ms(2012, 12, 31) // 1000, 3600)
    offsets = [datetime.fromtimestamp(hour, zone).utcoffset() for hour in hours]
    return [
        hour * 1000
        for hour, before, after in zip(hours, offsets, offsets[1:], strict=False)
        if before != after
    ]


CHANGES = {name: changes_of(name) for name in NAMES}


@st.composite
def moments(draw):
    name = draw(st.sampled_from(NAMES))
    instants = st.integers(FIRST, LAST)
    if CHANGES[name]:
        around = st.integers(-26 * 3_600_000, 26 * 3_600_000)
        instants |= st.builds(int.__add__, st.sampled_from(CHANGES[name]), around)
    return name, draw(instants)


def test_the_day_in_viet_nam_begins_at_seventeen_utc():
    zone = Zone()

    assert zone.name == "Asia/Ho_Chi_Minh"
    assert zone.day(ms(2026, 8, 2, 16, 59, 59)) == day_number(2026, 8, 2)
    assert zone.day(ms(2026, 8, 2, 17, 0, 0)) == day_number(2026, 8, 3)
    assert zone.start_of(day_number(2026, 8, 3)) == ms(2026, 8, 2, 17)
    assert zone.ms_of_day(ms(2026, 8, 3, 1, 12, 31)) == ((8 * 60 + 12) * 60 + 31) * 1000


def test_a_clock_time_that_is_skipped_is_the_change_itself():
    paris = Zone("Europe/Paris")
    sunday = day_number(2026, 3, 29)

    assert paris.instant(sunday, 2 * 3_600_000) == ms(2026, 3, 29, 1)
    assert paris.instant(sunday, 2 * 3_600_000 + 1_800_000) == ms(2026, 3, 29, 1)
    assert paris.instant(sunday, 3 * 3_600_000) == ms(2026, 3, 29, 1)
    assert paris.instant(sunday, 4 * 3_600_000) == ms(2026, 3, 29, 2)


def test_a_clock_time_that_comes_twice_is_the_first():
    paris = Zone("Europe/Paris")
    sunday = day_number(2026, 10, 25)

    assert paris.instant(sunday, 2 * 3_600_000 + 1_800_000) == ms(2026, 10, 25, 0, 30)
    assert paris.instant(sunday, 3 * 3_600_000) == ms(2026, 10, 25, 2)


def test_a_day_whose_midnight_is_skipped_begins_at_the_change():
    sao_paulo = Zone("America/Sao_Paulo")

    assert sao_paulo.start_of(day_number(2018, 11, 4)) == ms(2018, 11, 4, 3)
    assert sao_paulo.day(ms(2018, 11, 4, 3)) == day_number(2018, 11, 4)
    assert sao_paulo.day(ms(2018, 11, 4, 2, 59, 59)) == day_number(2018, 11, 3)


def test_a_change_of_clocks_at_midnight_gives_the_old_day_its_last_hour_twice():
    sao_paulo = Zone("America/Sao_Paulo")  # 2012-02-26 00:00 became 23:00 of the day before

    assert sao_paulo.day(ms(2012, 2, 26, 1, 59, 59)) == day_number(2012, 2, 25)
    assert sao_paulo.day(ms(2012, 2, 26, 2)) == day_number(2012, 2, 25)
    assert sao_paulo.ms_of_day(ms(2012, 2, 26, 2)) == 23 * 3_600_000
    assert sao_paulo.day(ms(2012, 2, 26, 2, 59, 59)) == day_number(2012, 2, 25)
    assert sao_paulo.start_of(day_number(2012, 2, 26)) == ms(2012, 2, 26, 3)
    assert sao_paulo.day(ms(2012, 2, 26, 3)) == day_number(2012, 2, 26)


def test_a_day_that_has_begun_is_not_left_when_clocks_go_back_over_midnight():
    st_johns = Zone("America/St_Johns")  # 2010-11-07 00:01 became 23:01 of the day before

    assert st_johns.start_of(day_number(2010, 11, 7)) == ms(2010, 11, 7, 2, 30)
    assert st_johns.day(ms(2010, 11, 7, 2, 29, 59)) == day_number(2010, 11, 6)
    assert st_johns.day(ms(2010, 11, 7, 2, 45)) == day_number(2010, 11, 7)
    assert st_johns.day(ms(2010, 11, 7, 3, 45)) == day_number(2010, 11, 7)


def test_a_day_that_a_country_leaves_out_is_empty():
    apia = Zone("Pacific/Apia")
    skipped = day_number(2011, 12, 30)

    assert apia.start_of(skipped) == apia.start_of(skipped + 1) == ms(2011, 12, 30, 10)


@given(moments())
@example(("America/St_Johns", ms(2010, 11, 7, 3, 15)))
def test_days_follow_each_other_without_gap_or_overlap(moment):
    name, instant = moment
    zone = Zone(name)

    day = zone.day(instant)

    assert zone.start_of(day) <= instant < zone.start_of(day + 1)


@given(moments())
def test_the_clock_is_the_one_of_the_tz_database(moment):
    name, instant = moment
    zone = Zone(name)
    local = (EPOCH + timedelta(milliseconds=instant)).astimezone(ZoneInfo(name))

    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    shown = (local.replace(tzinfo=None) - midnight) // timedelta(milliseconds=1)
    day = (local.date() - date(1970, 1, 1)).days

    assert zone.ms_of_day(instant) == shown
    assert zone.day(instant) == day or name == "America/St_Johns"
    assert zone.instant(day, shown) == instant or local.fold == 1


@given(st.sampled_from(NAMES), st.integers(FIRST, LAST), st.integers(0, 50 * 3_600_000))
def test_later_clock_times_are_never_earlier_instants(name, instant, later):
    zone = Zone(name)
    day = zone.day(instant)

    assert zone.instant(day, 0) <= zone.instant(day, later) <= zone.instant(day, later + 1)


def test_zones_are_equal_by_name():
    assert Zone("UTC") == Zone("UTC")
    assert hash(Zone("UTC")) == hash(Zone("UTC"))
    assert Zone("UTC") != Zone("Etc/UTC")
    assert Zone("UTC") != "UTC"
    assert repr(Zone("UTC")) == "Zone('UTC')"


@pytest.mark.parametrize("name", ["Asia/Hanoi", "", "../etc", "Asia"])
def test_an_unknown_zone_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match="is no time zone of the tz database"):
        Zone(name)
