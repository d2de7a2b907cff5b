"""What open pages are told: the news to who was told before, everything to who was not."""

import json

from monitor.ledger.access import Role
from monitor.ledger.today import Moving, Today
from monitor.outlets.access import Visitor
from monitor.outlets.console.live import State, Told

NATIONAL = Visitor(role=Role.NATIONAL)


def state(now_ms: int, received: int) -> State:
    agencies = {"H56": Moving(received=received, open=7), "H57": Moving(open=3)}
    return State(
        today=Today(now_ms=now_ms, day=20_000, by_766=True, agencies=agencies),
        moved=(),
        folded_ms=1,
    )


def said(body: bytes) -> dict[str, object]:
    assert body.startswith(b"data: ")
    assert body.endswith(b"\n\n")
    values: dict[str, object] = json.loads(body[6:])["values"]
    return values


def test_who_was_told_the_state_before_is_told_what_changed_and_nothing_else():
    first = Told.after(None, state(1, 4), NATIONAL)
    second = Told.after(first, state(2, 5), NATIONAL)

    assert (first.number, second.number) == (1, 2)
    assert said(second.news) == {"country.received": 5, "H56.received": 5}


def test_who_missed_a_state_is_told_everything():
    second = Told.after(Told.after(None, state(1, 4), NATIONAL), state(2, 5), NATIONAL)

    whole = said(second.whole)
    assert whole["H56.received"] == 5
    assert whole["H57.open"] == 3
    assert whole["country.open"] == 10


def test_an_agency_is_told_of_nobody_else():
    own = Visitor(role=Role.AGENCY, agency="H56")
    told = Told.after(None, state(1, 4), own)

    assert {name.partition(".")[0] for name in said(told.whole)} == {"H56"}
