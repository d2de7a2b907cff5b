"""What sources send is counted alike, in whatever order and portions it is counted."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.activity import (
    DELAYS_MS,
    Counted,
    DayKey,
    HourKey,
    Part,
    PartKey,
    count,
    delay_bin,
    middle_of,
    quantile,
)
from monitor.domain.event import Kind
from monitor.domain.zone import Zone, day_number
from schemas.event import PaymentMade, Snapshot, StateChanged

ZONE = Zone("Asia/Ho_Chi_Minh")
HOUR = 3_600_000
MONDAY = day_number(date(2026, 3, 2))
NINE = ZONE.start_of(MONDAY) + 9 * HOUR


def state(number, claimed=NINE, arrival=NINE + 2_000, *, code=2, **more):
    return StateChanged(
        f"H56.14-260302-{number:04}", "s", f"e{number}", claimed, arrival, code, "1.004194",
        "H56.14", **more,
    )  # fmt: skip


def counted(*events, replaced=(), claiming=()):
    found = Counted()
    count(events, replaced, ZONE, claiming, found)
    return found


def test_an_event_counts_in_its_hour_its_parts_and_its_day():
    found = counted(state(1, unit="H56.14.02"))

    (hour,) = found.hours
    assert hour == HourKey("s", NINE // HOUR)
    here = found.hours[hour]
    assert (here.events, here.minutes, here.last_ms) == (1, 1, NINE + 2_000)
    assert found.kinds == {("s", NINE // HOUR, Kind.STATE, 2): 1}
    assert found.delays == {("s", NINE // HOUR, delay_bin(2_000)): 1}
    assert set(found.parts) == {
        PartKey("s", Part.KIND, "1", MONDAY),
        PartKey("s", Part.UNIT, "H56.14", MONDAY),
        PartKey("s", Part.UNIT, "H56.14.02", MONDAY),
        PartKey("s", Part.PROCEDURE, "1.004194", MONDAY),
    }
    day = found.days[DayKey("s", MONDAY, Kind.STATE, 2)]
    assert (day.events, day.late, day.another, day.last_ms) == (1, 0, 0, NINE + 2_000)
    assert not found.dossiers


def test_what_is_no_news_counts_for_its_day_alone():
    """A system that comes on board has neither a rhythm nor a sign of life from it."""
    snapshot = Snapshot(
        dossier="H56.14-260105-0001", source="s", id="n", claimed_ms=NINE, arrival_ms=NINE,
        state=4, procedure="1.004194", agency="H56.14", accepted_ms=NINE - 40 * 24 * HOUR,
    )  # fmt: skip

    found = counted(snapshot, state(2, backfill=True), claiming={"s"})

    assert not found.hours
    assert not found.parts
    assert set(found.days) == {
        DayKey("s", MONDAY, Kind.SNAPSHOT, -1), DayKey("s", MONDAY, Kind.STATE, 2)
    }  # fmt: skip
    assert found.dossiers == {("s", MONDAY): {"H56.14-260105-0001", "H56.14-260302-0002"}}


def test_an_event_belongs_to_the_day_it_is_claimed_for_however_late_it_comes():
    found = counted(
        state(1, arrival=NINE + HOUR), state(2, arrival=NINE + HOUR + 1),
        state(3, arrival=NINE + 24 * HOUR),
    )  # fmt: skip

    day = found.days[DayKey("s", MONDAY, Kind.STATE, 2)]
    assert (day.events, day.late, day.another, day.last_ms) == (3, 2, 1, NINE + 24 * HOUR)


def test_a_statement_that_is_replaced_is_taken_from_the_day_it_was_counted_for():
    found = counted(state(1, code=9, revision=1), replaced=[state(1)])

    assert {key.state: day.events for key, day in found.days.items()} == {2: 0 - 1, 9: 1}


def test_an_event_without_agency_names_no_unit():
    paid = PaymentMade(
        dossier="d", source="s", id="p", claimed_ms=NINE, arrival_ms=NINE, amount=1
    )

    assert set(counted(paid).parts) == {PartKey("s", Part.KIND, "5", MONDAY)}


EVENTS = st.lists(
    st.builds(
        state,
        st.integers(0, 5),
        st.integers(NINE - 3 * 24 * HOUR, NINE),
        st.integers(NINE, NINE + 24 * HOUR),
    ),
    max_size=12,
)


@given(EVENTS, st.randoms())
def test_the_order_in_which_events_are_counted_does_not_matter(events, rng):
    other = list(events)
    rng.shuffle(other)

    assert counted(*events, claiming={"s"}) == counted(*other, claiming={"s"})


def test_delays_lie_in_bins_that_know_ahead_from_behind():
    assert delay_bin(-HOUR) < delay_bin(-1) < delay_bin(1) < delay_bin(HOUR)
    assert DELAYS_MS[delay_bin(2_000)] == 2_000
    assert middle_of(DELAYS_MS[delay_bin(HOUR)]) == HOUR
    assert middle_of(DELAYS_MS[0]) == DELAYS_MS[0]


def test_a_quantile_is_the_bound_under_which_so_many_lie():
    bins = {delay_bin(2_000): 9, delay_bin(HOUR): 1, delay_bin(10**12): 0}

    assert quantile(bins, 50) == 2_000
    assert quantile(bins, 90) == 2_000
    assert quantile(bins, 91) == 3_900_000
    assert quantile({delay_bin(10**12): 3}, 50) == DELAYS_MS[-1]
    assert quantile({}, 50) is None
