"""What is posted under the law's rules is what the slow second reading of the dictionary says."""

import itertools
from collections import Counter

from hypothesis import given, settings

from monitor.domain.measures import (
    FIXED_IN_TIME,
    FIXED_LATE,
    FIXED_UNCERTAIN,
    NO_SLOT,
    TRIAL,
    Clock,
    Measure,
    Part,
    clock_measure,
)
from monitor.domain.traits import Trait
from tests.domain.oracle_law import Truth, day_of, effective
from tests.domain.strategies_law import booked, days_of, edged, histories, policies

FLOWS = {
    "accepted": Measure.ACCEPTED,
    "boarded": Measure.BOARDED,
    "completed": Measure.COMPLETED,
    "returned": Measure.RETURNED,
    "refused": Measure.REFUSED,
    "withdrawn_unaccepted": Measure.WITHDRAWN_UNACCEPTED,
    "handed_over": Measure.HANDED_OVER,
    "submitted": Measure.SUBMITTED,
    "processing_time": Measure.PROCESSING_TIME,
    "plain on_time": Measure.ON_TIME,
    "plain late": Measure.LATE,
    "plain no_deadline": Measure.NO_DEADLINE,
    "plain clock_uncertain": Measure.CLOCK_UNCERTAIN,
    "766 on_time": Measure.ON_TIME_766,
    "766 late": Measure.LATE_766,
    "766 no_deadline": Measure.NO_DEADLINE_766,
    "766 clock_uncertain": Measure.CLOCK_UNCERTAIN_766,
    "06b early": Measure.EARLY_06B,
    "06b on_time": Measure.ON_TIME_06B,
    "06b late": Measure.LATE_06B,
    "06b no_deadline": Measure.NO_DEADLINE_06B,
    "first_due on_time": Measure.ON_TIME_FIRST_DUE,
    "first_due late": Measure.LATE_FIRST_DUE,
    "first_due no_deadline": Measure.NO_DEADLINE_FIRST_DUE,
    "supplement_requests": Measure.SUPPLEMENT_REQUESTS,
    "late_reschedules": Measure.LATE_RESCHEDULES,
    "rescheduled": Measure.RESCHEDULED,
    "due_earlier": Measure.DUE_EARLIER,
    "due_equal": Measure.DUE_EQUAL,
    "due_later": Measure.DUE_LATER,
}
STOCKS = {
    "plain": (Measure.IN_PROCESS, Measure.PAUSED),
    "766": (Measure.IN_PROCESS_766, Measure.PAUSED_766),
    "06b": (Measure.IN_PROCESS_06B, Measure.PAUSED_06B),
    "first_due": (Measure.IN_PROCESS_FIRST_DUE, Measure.PAUSED_FIRST_DUE),
}
CLOCKS = {
    "acceptance": Clock.ACCEPTANCE,
    "forward": Clock.FORWARD,
    "request": Clock.SUPPLEMENT_REQUEST,
    "supplement": Clock.SUPPLEMENT,
    "processing": Clock.PROCESSING,
    "handover": Clock.HANDOVER,
    "payment": Clock.PAUSE_PAYMENT,
    "stopped": Clock.PAUSE_STOPPED,
}
SLOTS = {
    NO_SLOT: None,
    FIXED_IN_TIME: "in_time",
    FIXED_LATE: "late",
    FIXED_UNCERTAIN: "uncertain",
}


def said_flows(truth):  # noqa: PLR0912 - one figure after another
    """Flows as the oracle has them: (name, day) → amount."""
    said = Counter()
    if truth.submitted is not None:
        said["submitted", day_of(truth.submitted)] += 1
    if truth.accepting is None:
        if truth.outcome in ("refused", "withdrawn_unaccepted"):
            code = 3 if truth.outcome == "refused" else 7
            at = next(effective(e) for e in truth.states if e.state == code)
            said[truth.outcome, day_of(at)] += 1
        return +said
    if truth.boarded is None:
        said["accepted", day_of(truth.accepted)] += 1
    else:
        said["boarded", day_of(truth.boarded)] += 1
    if truth.end is not None:
        said[truth.outcome, day_of(truth.end)] += 1
    if truth.handed_over is not None:
        said["handed_over", day_of(max(truth.accepted, truth.handed_over))] += 1
    if truth.outcome == "completed" and not truth.doubtful(truth.end):
        said["processing_time", day_of(truth.end)] += truth.end - truth.accepted
    for rule in ("plain", "766", "06b", "first_due"):
        verdict = getattr(truth, f"verdict_{rule}")()
        if rule in ("06b", "first_due") and verdict == "clock_uncertain":
            continue  # one number says it of all rules but 766, which ends more
        if verdict is not None:
            end = truth.end_766 if rule == "766" else truth.end
            said[f"{rule} {verdict}", day_of(end)] += 1
    for request in truth.requests:
        said["supplement_requests", day_of(request.asked)] += 1
    for made, _, again in truth.dues():
        if again:
            said["rescheduled", day_of(made)] += 1
            in_force = truth.due_06b(made)
            if in_force is not None and made >= in_force:
                said["late_reschedules", day_of(made)] += 1
    first = truth.first_due(None if truth.end is None else truth.end + 1)
    if first is not None and truth.own_due is not None:
        sent, own = day_of(first), day_of(truth.own_due)
        name = "due_equal" if sent == own else "due_earlier" if sent < own else "due_later"
        begun = truth.accepted if truth.boarded is None else truth.boarded
        said[name, day_of(begun)] += 1
    return +said


def posted_flows(entries):
    names = {measure: name for name, measure in FLOWS.items()}
    posted = Counter()
    for account, amount in entries.items():
        if account.measure in names:
            posted[names[account.measure], account.day] += amount
    return +posted


def said_stock(truth, rule, day):
    stood = truth.stood(day, rule)
    if stood is None:
        return {}
    kind, slot = stood
    return {(kind, truth.stood_at(day), slot): 1}


def posted_stock(entries, rule, day):
    stock = Counter()
    for account, amount in entries.items():
        if account.measure in STOCKS[rule] and account.day <= day:
            kind = ("in_process", "paused")[STOCKS[rule].index(account.measure)]
            slot = SLOTS.get(account.slot, account.slot)
            stock[kind, (account.cell.agency, account.cell.unit), slot] += amount
    return {what: amount for what, amount in stock.items() if amount}


def said_clocks(truth):
    said = Counter()
    for name, begin, end, within in truth.clocks():
        said[name, "elapsed"] += end - begin
        said[name, "worked"] += truth.office.worked(begin, end)
        said[name, "times"] += 1
        if within is not None:
            said[name, "within" if within else "beyond"] += 1
    return +said


def posted_clocks(entries):
    parts = {
        "elapsed": Part.ELAPSED,
        "worked": Part.WORKED,
        "times": Part.WORKED_BINS,
        "within": Part.WITHIN,
        "beyond": Part.BEYOND,
    }
    names = {
        clock_measure(clock, part): (name, word)
        for name, clock in CLOCKS.items()
        for word, part in parts.items()
    }
    posted = Counter()
    for account, amount in entries.items():
        if account.measure in names:
            posted[names[account.measure]] += amount
    return +posted


def hand_offs(truth):
    """Net hand-offs: (place, day) → in less out."""
    said = Counter()
    path = truth.holders()
    for (_, place), (at, following) in itertools.pairwise(path):
        said[place, day_of(at)] -= 1
        said[following, day_of(at)] += 1
    return {key: amount for key, amount in said.items() if amount}


def posted_hand_offs(entries):
    sign = {Measure.HANDED_IN: 1, Measure.HANDED_OUT: -1}
    posted = Counter()
    for account, amount in entries.items():
        if account.measure in sign:
            place = (account.cell.agency, account.cell.unit)
            posted[place, account.day] += sign[account.measure] * amount
    return {key: amount for key, amount in posted.items() if amount}


BY_TRAITS = (Measure.ACCEPTED_TRAITS, Measure.ENDED_TRAITS, Measure.BOARDED_TRAITS)
ON_RECEIPT = (
    Measure.TIMED_RECEIVED,
    Measure.ELAPSED_RECEIVED,
    Measure.WORKED_RECEIVED,
)


def said_traits(truth):
    """Under which traits it is counted, and its rating: (measure, place, day, slot) → amount."""
    if truth.accepting is None:
        return {}
    slot = sum(int(Trait[name]) for name in truth.traits())
    begun = day_of(truth.begun())
    received, settled = truth.place(truth.accepting), truth.holders()[-1][1]
    counted = Measure.ACCEPTED_TRAITS if truth.boarded is None else Measure.BOARDED_TRAITS
    said = Counter({(counted, received, begun, slot): 1})
    if truth.end is not None:
        said[Measure.ENDED_TRAITS, settled, day_of(truth.end), slot] += 1
    if truth.rating() is not None:
        at, rating = truth.rating()
        said[Measure.RATED, settled, max(day_of(at), begun), rating] += 1
    judged = truth.outcome == "completed" and not truth.doubtful(truth.end)
    if truth.boarded is None and judged:
        took = (
            1,
            truth.end - truth.accepted,
            truth.office.worked(truth.accepted, truth.end),
        )
        for measure, amount in zip(ON_RECEIPT, took, strict=True):
            said[measure, settled, begun, NO_SLOT] += amount
    return +said


def posted_traits(entries):
    wanted = {*BY_TRAITS, *ON_RECEIPT, Measure.RATED}
    return {
        (a.measure, (a.cell.agency, a.cell.unit), a.day, a.slot): amount
        for a, amount in entries.items()
        if a.measure in wanted
    }


def said_open(truth, day):
    if truth.stood(day, "plain") is None:
        return {}
    return {(truth.stood_at(day), sum(Trait[name] for name in truth.traits())): 1}


def posted_open(entries, day):
    stock = Counter()
    for account, amount in entries.items():
        if account.measure == Measure.OPEN_TRAITS and account.day <= day:
            stock[(account.cell.agency, account.cell.unit), account.slot] += amount
    return {what: amount for what, amount in stock.items() if amount}


@given(histories(), policies)
@settings(max_examples=150)
def test_what_is_posted_is_what_the_dictionary_says(events, rules):
    agree(events, rules)


@given(edged(histories()), policies)
@settings(max_examples=150)
def test_so_it_is_of_what_the_edge_stamped_and_of_trials(events, rules):
    agree(events, rules)


def agree(events, rules):
    truth, entries = Truth(events, rules), booked(events, rules)
    if truth.trial:  # the same entries, where no figure looks
        assert all(account.measure > TRIAL for account in entries)
        entries = {a._replace(measure=a.measure - TRIAL): n for a, n in entries.items()}

    assert posted_flows(entries) == said_flows(truth)
    assert posted_clocks(entries) == said_clocks(truth)
    assert posted_hand_offs(entries) == hand_offs(truth)
    assert posted_traits(entries) == said_traits(truth)
    days = days_of(entries) | {day_of(effective(e)) for e in events}
    for day in range(min(days, default=0) - 1, max(days, default=0) + 2):
        for rule in STOCKS:
            assert posted_stock(entries, rule, day) == said_stock(truth, rule, day), (rule, day)
        assert posted_open(entries, day) == said_open(truth, day), day
