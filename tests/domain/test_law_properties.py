"""What holds of every dossier and every set of dossiers under the law's rules."""

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitor.domain.fold import advance, fold, order_key
from monitor.domain.identity import settled
from monitor.domain.measures import CONSUMED_BINS, Measure
from monitor.domain.post import post, posting
from monitor.domain.view import View
from schemas.event import StateChanged, Voided
from tests.domain.strategies_law import (
    DAY,
    DOSSIER,
    HOUR,
    KINDS,
    PROCEDURES,
    WINDOWS,
    booked,
    days_of,
    edged,
    histories,
    other,
    policies,
    policy_of,
    rules_of,
    state_changed,
)
from tests.domain.strategies_time import at

STOCKS = {
    "plain": ({Measure.IN_PROCESS, Measure.PAUSED}),
    "766": ({Measure.IN_PROCESS_766, Measure.PAUSED_766}),
    "06b": ({Measure.IN_PROCESS_06B, Measure.PAUSED_06B}),
    "first_due": ({Measure.IN_PROCESS_FIRST_DUE, Measure.PAUSED_FIRST_DUE}),
    "traits": ({Measure.OPEN_TRAITS}),
}
ALL_STOCKS = set().union(*STOCKS.values())
VERDICTS = {
    "plain": {
        Measure.ON_TIME,
        Measure.LATE,
        Measure.NO_DEADLINE,
        Measure.CLOCK_UNCERTAIN,
    },
    "766": {
        Measure.ON_TIME_766,
        Measure.LATE_766,
        Measure.NO_DEADLINE_766,
        Measure.CLOCK_UNCERTAIN_766,
    },
    "06b": {
        Measure.EARLY_06B,
        Measure.ON_TIME_06B,
        Measure.LATE_06B,
        Measure.NO_DEADLINE_06B,
        Measure.CLOCK_UNCERTAIN,
    },
    "first_due": {
        Measure.ON_TIME_FIRST_DUE,
        Measure.LATE_FIRST_DUE,
        Measure.NO_DEADLINE_FIRST_DUE,
        Measure.CLOCK_UNCERTAIN,
    },
}


def total(entries, measures, *, since=None, until=None, unit=None):
    """The sum of these measures' entries on the days from one to another."""
    return sum(
        amount
        for account, amount in entries.items()
        if account.measure in measures
        and (since is None or account.day >= since)
        and (until is None or account.day <= until)
        and (unit is None or (account.cell.agency, account.cell.unit) == unit)
    )


def without_warnings(entries):
    return {a: amount for a, amount in entries.items() if a.measure != Measure.WARNED}


# --- Any order, any repetition ----------------------------------------------------------------


@given(histories() | edged(histories()), policies, st.randoms(use_true_random=False))
@settings(max_examples=120)
def test_any_order_and_any_repetition_gives_the_same_entries(events, rules, random):
    heard = [*events, *random.choices(events, k=3)] if events else []
    random.shuffle(heard)

    assert booked(heard, rules) == booked(events, rules)


@given(histories() | edged(histories()), policies)
@settings(max_examples=200)
def test_advance_gives_what_fold_gives(events, rules):
    """Or says that only `fold` can: for each event in turn, of all kinds and sources."""
    ordered = sorted(settled(events), key=order_key)
    view, heard = View(), []
    for event in ordered:
        heard.append(event)
        if not advance(view, event):
            view = fold(heard, rules.portals)
        assert view == fold(heard, rules.portals)


@given(histories() | edged(histories()), policies)
@settings(max_examples=150)
def test_rows_name_every_cell_that_is_booked_once_and_no_other(events, rules):
    policy = policy_of(rules)
    made = posting(fold(settled(events), policy.portals), policy)
    numbers = {cell: 100 + place for place, cell in enumerate(made.cells)}
    entries = made.entries()

    assert len(numbers) == len(made.cells)
    assert {account.cell for account in entries} == set(numbers)
    assert made.numbered(numbers) == {
        (measure, numbers[cell], day, slot): amount
        for (measure, cell, day, slot), amount in entries.items()
    }


@given(
    histories(
        sources=("a",), kinds=[k for k in KINDS if k not in ("voided", "amended", "reopened")]
    )
)
@settings(max_examples=40)
def test_one_sources_events_in_order_never_need_a_fold(events):
    view = View()
    for event in sorted(events, key=order_key):
        assert advance(view, event)


def test_what_reaches_back_is_left_to_fold():
    events = {
        "state": StateChanged(DOSSIER, "a", "1", 100, 100, 2, "1.004194", "H56.14"),
        "void": Voided(
            dossier=DOSSIER, source="a", id="2", claimed_ms=200, arrival_ms=200, target="1"
        ),
    }
    view = fold([events["state"]])

    assert not advance(view, events["void"])
    assert not advance(view, replace(events["state"], id="0"))  # the same instant, before it
    assert not advance(view, replace(events["state"], id="0", claimed_ms=99))
    assert not advance(view, replace(events["state"], id="3", source="b", claimed_ms=300))


# --- Voids ------------------------------------------------------------------------------------


@given(histories() | edged(histories()), policies, st.data())
@settings(max_examples=150)
def test_voiding_an_event_is_never_having_had_it(events, rules, data):
    """In any measure but the warnings about its source, also if the void comes first.

    Of live sources: a void of a trial's last live event does not put the dossier on trial again.
    """
    events = [replace(event, trial=False) for event in events]
    targets = [e for e in events if not isinstance(e, Voided)]
    if not targets:
        return
    gone = data.draw(st.sampled_from(targets))
    void = Voided(
        dossier=DOSSIER,
        source=gone.source,
        id="void",
        claimed_ms=data.draw(st.sampled_from([gone.claimed_ms, gone.claimed_ms - DAY])),
        arrival_ms=gone.arrival_ms,
        target=gone.id,
    )
    identity = (gone.source, gone.id)  # which may have been told more than once
    without = booked([e for e in events if (e.source, e.id) != identity], rules)

    assert without_warnings(booked([*events, void], rules)) == without_warnings(without)
    revised = replace(gone, revision=7, claimed_ms=gone.claimed_ms + 1)
    assert without_warnings(booked([revised, void, *events], rules)) == without_warnings(
        without
    )


@given(histories(), policies)
@settings(max_examples=40)
def test_a_void_of_a_void_voids_nothing(events, rules):
    void = Voided(
        dossier=DOSSIER,
        source="a",
        id="void",
        claimed_ms=at("2026-01-05 08:00"),
        arrival_ms=at("2026-01-05 08:00"),
        target="0",
    )
    again = replace(void, id="again", target="void")

    assert without_warnings(booked([*events, void, again], rules)) == without_warnings(
        booked([*events, void], rules)
    )


# --- Snapshots --------------------------------------------------------------------------------


@given(histories(kinds=[k for k in KINDS if k != "snapshot"]), policies, st.data())
@settings(max_examples=60)
def test_a_snapshot_moves_no_accepted_count_up(events, rules, data):
    """What a snapshot brings in is carried over: it was received in no period of ours."""
    claimed = at(f"{WINDOWS[0]} 00:00")
    common = {
        "dossier": DOSSIER,
        "source": "a",
        "id": "snapshot",
        "claimed_ms": claimed,
        "arrival_ms": claimed,
    }
    snapshot = other(data.draw, "snapshot", common, WINDOWS[0])
    without, entries = booked(events, rules), booked([*events, snapshot], rules)

    accepted = total(entries, {Measure.ACCEPTED})
    assert accepted <= total(without, {Measure.ACCEPTED})
    assert accepted + total(entries, {Measure.BOARDED}) <= 1


# --- Identities -------------------------------------------------------------------------------

sets_of_dossiers = st.lists(histories(), min_size=1, max_size=3)


@given(sets_of_dossiers, policies)
@settings(max_examples=60)
def test_the_06b_identity_holds_for_every_set_and_every_period(dossiers, rules):
    entries = Counter()
    for events in dossiers:
        entries.update(booked(events, rules))
    days = sorted(days_of(entries))
    units = {(account.cell.agency, account.cell.unit) for account in entries}
    for since, until in itertools.pairwise(days):
        for unit in (None, *units):
            _identity(entries, since + 1, until, unit)
    if days:
        for unit in (None, *units):
            _identity(entries, days[0], days[-1], unit)


@given(st.lists(edged(histories()), min_size=1, max_size=3), policies)
@settings(max_examples=60)
def test_it_holds_of_what_the_edge_stamped_too(dossiers, rules):
    entries = Counter()
    for events in dossiers:
        entries.update(booked(events, rules))
    days = sorted(days_of(entries))
    for since, until in itertools.pairwise(days):
        _identity(entries, since + 1, until, None)


@st.composite
def handed_on(draw):
    """A dossier that goes from unit to unit, stopped more often than not, over some days."""
    claimed, events = at(f"{WINDOWS[1]} 08:00"), []
    for number in range(draw(st.integers(1, 6))):
        claimed += draw(st.sampled_from([0, HOUR, DAY]))
        events.append(
            StateChanged(
                DOSSIER,
                "a",
                str(number),
                claimed,
                claimed,
                draw(st.sampled_from([4, 8, 8, 8])) if number else 2,
                "1.004194",
                draw(st.sampled_from(["H56.14", "H56.15"])),
                unit=draw(st.sampled_from(["", "1", "2"])),
            )
        )
    return events


@given(handed_on(), policies)
def test_it_holds_of_every_unit_that_a_stopped_dossier_comes_by(events, rules):
    """Also under the 766 rule, which has ended it at the unit where it was stopped."""
    entries = booked(events, rules)
    days = sorted(days_of(entries))
    for unit in {(account.cell.agency, account.cell.unit) for account in entries}:
        for until in days:
            _identity(entries, days[0], until, unit)


def _identity(entries, since, until, unit):
    """MEASURES.md §4, by settlement: a unit's hand-offs in and out count as well.

    Received at a unit is received there also if another one settles.
    """

    def of(*measures, since=since):
        return total(entries, set(measures), since=since, until=until, unit=unit)

    came = of(Measure.ACCEPTED, Measure.BOARDED, Measure.HANDED_IN) - of(Measure.HANDED_OUT)
    for rule, stock in STOCKS.items():  # also those by traits, which know no rule
        carried = total(entries, stock, until=since - 1, unit=unit)
        left = of(Measure.COMPLETED, Measure.RETURNED)
        if rule == "766":
            left = of(*VERDICTS["766"])  # and the standing 8
        assert carried + came == left + of(*stock, since=None), (rule, since, until, unit)


@given(histories() | edged(histories()), policies)
@settings(max_examples=150)
def test_every_completion_has_one_verdict_by_each_rule(events, rules):
    entries = booked(events, rules)
    completed = total(entries, {Measure.COMPLETED})
    for rule in ("plain", "06b", "first_due"):
        assert total(entries, VERDICTS[rule]) == completed
    returned = total(entries, {Measure.RETURNED})
    open_plainly = total(entries, STOCKS["plain"])
    standing_8 = open_plainly - total(entries, STOCKS["766"])
    assert standing_8 in (0, 1)
    assert total(entries, VERDICTS["766"]) == completed + returned + standing_8
    histogram = total(entries, set(CONSUMED_BINS))
    without = total(entries, {Measure.NO_DEADLINE, Measure.CLOCK_UNCERTAIN})
    assert histogram == completed - without


@given(histories(), policies)
@settings(max_examples=100)
def test_no_stock_is_negative_and_no_amount_is_zero(events, rules):
    entries = booked(events, rules)
    assert all(entries.values())
    assert all(amount > 0 for a, amount in entries.items() if a.measure not in ALL_STOCKS)
    stock = Counter()
    for day in sorted(days_of(entries)):
        for account, amount in entries.items():
            if account.day == day and account.measure in ALL_STOCKS:
                stock[account.measure, account.cell, account.slot] += amount
        assert all(amount in (0, 1) for amount in stock.values())
        for measures in STOCKS.values():
            assert sum(n for (measure, *_), n in stock.items() if measure in measures) <= 1


def by_traits(entries, *measures, until=None):
    """What is counted under each sum of traits, up to and including a day."""
    found = Counter()
    for account, amount in entries.items():
        if account.measure in measures and (until is None or account.day <= until):
            found[account.slot] += amount
    return +found


@given(st.lists(histories() | edged(histories()), min_size=1, max_size=3), policies)
@settings(max_examples=100)
def test_what_is_counted_by_traits_is_what_is_counted_without(dossiers, rules):
    """Received, ended and open, on any day and of any unit, at whatever combination of traits."""
    entries = Counter()
    for events in dossiers:
        entries.update(booked(events, rules))
    pairs = [
        ({Measure.ACCEPTED_TRAITS}, {Measure.ACCEPTED}),
        ({Measure.BOARDED_TRAITS}, {Measure.BOARDED}),
        ({Measure.ENDED_TRAITS}, {Measure.COMPLETED, Measure.RETURNED}),
        ({Measure.OPEN_TRAITS}, STOCKS["plain"]),
    ]
    units = {(account.cell.agency, account.cell.unit) for account in entries}
    for until in days_of(entries):
        for unit in (None, *units):
            for counted, plain in pairs:
                at = {"until": until, "unit": unit}
                assert total(entries, counted, **at) == total(entries, plain, **at)


@given(histories() | edged(histories()), policies)
@settings(max_examples=100)
def test_handled_is_received_and_carried_over_at_every_combination_of_traits(events, rules):
    """What has ended by a day, and what is open then, is what had come by then."""
    entries = booked(events, rules)
    for until in days_of(entries):
        came = by_traits(entries, Measure.ACCEPTED_TRAITS, Measure.BOARDED_TRAITS, until=until)
        assert came == by_traits(
            entries, Measure.ENDED_TRAITS, Measure.OPEN_TRAITS, until=until
        )


@given(histories() | edged(histories()), policies)
@settings(max_examples=60)
def test_a_dossier_has_the_same_traits_wherever_it_is_counted(events, rules):
    by = {Measure.ACCEPTED_TRAITS, Measure.BOARDED_TRAITS, Measure.ENDED_TRAITS}
    entries = booked(events, rules)

    slots = {a.slot for a in entries if a.measure in by | STOCKS["traits"]}
    assert len(slots) == total(entries, {Measure.ACCEPTED, Measure.BOARDED})


# --- Whatever comes ---------------------------------------------------------------------------

EARLIEST, LATEST = 631_152_000_000, 4_133_980_799_999  # 1990 to 2100 (UTC): the wire's bounds
edges = st.one_of(
    st.integers(0, 40).map(lambda days: EARLIEST + days * DAY),
    st.integers(0, 40).map(lambda days: LATEST - days * DAY),
    st.integers(EARLIEST, LATEST),
)


@st.composite
def wild(draw):
    """Any accepted input: times from 1990 to 2100, in any order, of any kind and state."""
    events = []
    for number in range(draw(st.integers(1, 7))):
        common = {
            "dossier": DOSSIER,
            "source": draw(st.sampled_from("aab")),
            "id": str(number),
            "claimed_ms": draw(edges),
            "arrival_ms": draw(edges),
        }
        kind = draw(st.sampled_from(["state"] * 3 + KINDS))
        times: Any
        if kind == "state":
            state = draw(st.integers(0, 10))
            event = state_changed(draw, state, common, WINDOWS[0])
            times = {"receipt_ms": st.none() | edges, "due_ms": st.none() | edges}
        else:
            event = other(draw, kind, common, WINDOWS[0])
            by_kind: dict[str, dict[str, Any]] = {
                "rescheduled": {"due_ms": edges},
                "amended": {"receipt_ms": st.none() | edges},
                "snapshot": {
                    "accepted_ms": edges,
                    "state": st.integers(0, 10),
                    "due_ms": st.none() | edges,
                },
                "synced": {"sent_ms": st.none() | edges},
            }
            times = by_kind.get(kind, {})
        events.append(replace(event, **{name: draw(value) for name, value in times.items()}))
    return events


@given(wild(), policies)
@settings(max_examples=200)
def test_nothing_that_the_wire_lets_in_stops_the_posting(events, rules):
    entries = booked(events, rules)

    assert all(entries.values())
    for rule in ("plain", "06b", "first_due"):
        assert total(entries, VERDICTS[rule]) == total(entries, {Measure.COMPLETED})
    days = days_of(entries)
    for until in days:
        _identity(entries, min(days), until, None)


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_a_plain_policy_posts_the_plain_measures_only(procedure):
    event = StateChanged(
        DOSSIER,
        "a",
        "1",
        at("2026-01-05 08:00"),
        at("2026-01-05 08:00"),
        2,
        procedure,
        "H56.14",
    )
    plain = post(fold([event]), replace_legal(policy_of(rules_of())))

    assert {account.measure for account in plain} == {Measure.ACCEPTED, Measure.IN_PROCESS}


def replace_legal(policy):
    return type(policy)(policy.zone, policy.precision)
