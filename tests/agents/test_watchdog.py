"""A partition that stands still while everything answers; and how a worker says that it fares well."""

import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from agents.probes import HUNG_SECONDS, STALE_SECONDS, Pulse, serve
from agents.watchdog import Sight, Verdict, Watchdog
from monitor.ledger.unit import Partition

A, B = Partition("t", 0), Partition("t", 1)
STUCK = {A: Sight(5, more=True)}
FINE = (Verdict.FINE, None)


def test_what_moves_or_has_nothing_to_book_is_fine_for_ever():
    dog = Watchdog(10)
    for second in range(100):
        sights = {A: Sight(second, more=True), B: Sight(7, more=False)}
        assert dog.look(sights, second) == FINE


def test_it_rejoins_first_and_gives_up_when_that_did_not_help():
    dog = Watchdog(10)
    assert [dog.look(STUCK, second) for second in (0, 9.9)] == [FINE, FINE]
    assert dog.look(STUCK, 10) == (Verdict.REJOIN, A)
    assert [dog.look(STUCK, second) for second in (10.1, 19.9)] == [FINE, FINE]
    assert dog.look(STUCK, 20) == (Verdict.GIVE_UP, A)


def test_when_it_moves_after_rejoining_everything_is_forgiven():
    dog = Watchdog(10)
    dog.look(STUCK, 0)
    assert dog.look(STUCK, 10) == (Verdict.REJOIN, A)
    moved = {A: Sight(6, more=True)}
    assert dog.look(moved, 11) == FINE
    assert dog.look(moved, 21) == (Verdict.REJOIN, A)


def test_an_outage_is_no_time_and_no_reason():
    dog = Watchdog(10)
    dog.look(STUCK, 0)
    for second in range(1, 1_000):
        assert dog.look(None, second) == FINE
    assert dog.look(STUCK, 1_000) == FINE
    assert dog.look(STUCK, 1_009) == FINE
    assert dog.look(STUCK, 1_010) == (Verdict.REJOIN, A)


def test_a_partition_that_went_to_another_worker_and_came_back_has_its_time_again():
    dog = Watchdog(10)
    dog.look(STUCK, 0)
    assert dog.look({B: Sight(1, more=False)}, 9) == FINE
    assert dog.look(STUCK, 11) == FINE


def test_one_stuck_partition_among_many_that_move_is_enough():
    dog = Watchdog(10)
    for second in range(10):
        assert dog.look({B: Sight(second, more=True), **STUCK}, second) == FINE
    assert dog.look({B: Sight(10, more=True), **STUCK}, 10) == (Verdict.REJOIN, A)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_readiness_says_why_not():
    clock = Clock()
    pulse = Pulse(clock)
    assert pulse.ready() == (False, "the ledger does not answer")
    pulse.tell(None, ledger_answers=True)
    assert pulse.ready() == (False, "no partitions are claimed yet")
    pulse.tell(3, ledger_answers=False)
    assert pulse.ready() == (False, "the ledger does not answer")
    pulse.tell(3, ledger_answers=True)
    assert pulse.ready() == (True, "3 partitions claimed")
    clock.now = STALE_SECONDS + 1
    assert pulse.ready() == (False, "nobody has looked at it of late")
    pulse.tell(3, ledger_answers=True)
    pulse.stopping()
    assert pulse.ready() == (False, "stopping")


def test_liveness_ends_with_the_loop():
    clock = Clock()
    pulse = Pulse(clock)
    assert pulse.healthy()[0]
    clock.now = HUNG_SECONDS + 1
    assert pulse.healthy() == (False, "the event loop has not turned for 31 s")
    assert pulse.ready() == pulse.healthy()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_probes_and_metrics_are_on_one_port(address: str):
    registry = CollectorRegistry()
    Counter("seen", "Things.", registry=registry).inc()
    pulse = Pulse()
    port = serve(registry, pulse, port=0, address=address)
    host = f"http://{f'[{address}]' if ':' in address else address}:{port}"

    def asked(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(host + path, timeout=5) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    assert asked("/-/healthy") == (200, "the event loop turns\n")
    assert asked("/-/ready") == (503, "the ledger does not answer\n")
    pulse.tell(0, ledger_answers=True)
    assert asked("/-/ready") == (200, "0 partitions claimed\n")
    assert "seen_total 1.0" in asked("/metrics")[1]
