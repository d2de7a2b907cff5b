"""Scripts of incidents are the same for the same seed, in order, and begin when they say."""

from itertools import takewhile

import pytest

from agents.demo.incidents import DAY, HOUR, INCIDENTS, MINUTE, SECOND, Times, Told, asking
from schemas.event import Answer, Heartbeat, ServiceRequest, StateChanged

NOW = 1_793_000_000_000
TIMES = Times(
    agency="H56", seed=7, now_ms=NOW, begins_ms=NOW + 30 * SECOND, beat_ms=10 * SECOND
)
NAMES = sorted(INCIDENTS)


def past(name: str, times: Times = TIMES) -> list[Told]:
    return list(INCIDENTS[name].past(times))


def present(name: str, until_ms: int = NOW + 2 * MINUTE) -> list[Told]:
    return list(takewhile(lambda told: told.at_ms < until_ms, INCIDENTS[name].present(TIMES)))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_is_in_order_and_the_same_for_the_same_seed(name: str) -> None:
    told = past(name)

    assert told == past(name)
    assert told != past(name, Times(
        agency="H56", seed=8, now_ms=NOW, begins_ms=NOW + 30 * SECOND, beat_ms=10 * SECOND
    ))  # fmt: skip
    assert [one.at_ms for one in told] == sorted(one.at_ms for one in told)
    assert NOW - 29 * DAY < told[0].at_ms < NOW - 27 * DAY
    assert told[-1].at_ms < NOW
    live = present(name)
    assert [one.at_ms for one in live] == sorted(one.at_ms for one in live)


def test_nothing_comes_of_a_silent_source_once_it_is_silent() -> None:
    told = present("source-silent", NOW + 10 * MINUTE)

    assert any(isinstance(one.event, Heartbeat) for one in told)
    assert max(one.at_ms for one in told) < TIMES.begins_ms


def test_a_clock_that_is_slow_claims_everything_47_minutes_earlier() -> None:
    wrong = [one.event for one in present("clock-skew") if isinstance(one.event, StateChanged)]
    right = [one.event for one in past("clock-skew") if isinstance(one.event, StateChanged)]

    assert len(wrong) > 20
    assert {(event.arrival_ms - event.claimed_ms) // MINUTE for event in wrong} == {47}
    assert max(event.arrival_ms - event.claimed_ms for event in right) < SECOND
    assert max(event.arrival_ms for event in right) // HOUR < NOW // HOUR


def test_backdated_ends_are_claimed_for_two_to_five_days_before() -> None:
    ends = [
        one.event
        for one in present("bulk-backdating")
        if isinstance(one.event, StateChanged)
        and one.event.arrival_ms - one.event.claimed_ms > DAY
    ]

    assert len(ends) == 80
    assert {event.state for event in ends} == {9}
    assert all(2 <= (e.arrival_ms - e.claimed_ms) / DAY < 5 for e in ends)
    assert all(event.due_ms is not None and event.claimed_ms < event.due_ms for event in ends)


def test_a_portal_fails_six_of_ten_requests_from_its_time_on() -> None:
    told = takewhile(
        lambda one: one.at_ms < NOW + 80 * SECOND,
        asking(TIMES, lambda at: 60 if at >= TIMES.begins_ms else 0),
    )
    failed = {
        one.at_ms: one.event.answer is Answer.FAILED
        for one in told
        if isinstance(one.event, ServiceRequest)
    }

    before = [bad for at, bad in failed.items() if at < TIMES.begins_ms]
    after = [bad for at, bad in failed.items() if at >= TIMES.begins_ms]
    assert not any(before)
    assert 0.55 < sum(after) / len(after) < 0.65
