"""What the domain books against the independent count of the same bytes.

`agents.recount` was written from MEASURES.md by somebody who had not seen the domain, and shares
no code with it. What the generator of events draws, both must understand alike.
"""

import json
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agents.recount import Counts, Recount
from agents.shelf import Dossier
from monitor.domain.codes import level1
from monitor.domain.fold import effective_ms
from monitor.domain.identity import Repeat, settled
from monitor.domain.measures import NO_SLOT, Measure
from monitor.domain.policy import Policy, Precision
from monitor.domain.post import post
from monitor.domain.view import Outcome
from monitor.domain.zone import Zone
from schemas.decode import Decoder
from schemas.encode import encode
from schemas.event import StateChanged
from schemas.kinds import DOSSIERS
from schemas.packed import unpack_events
from tests.domain.strategies import THOROUGHLY, at, heard
from tests.domain.strategies_law import edged

RECORD_TIME_MS = at(20)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NAMES = {
    Measure.SUBMITTED: "submitted",
    Measure.ACCEPTED: "accepted",
    Measure.REFUSED: "refused_dossiers",
    Measure.WITHDRAWN_UNACCEPTED: "withdrawn_unaccepted",
    Measure.COMPLETED: "completed",
    Measure.RETURNED: "returned",
    Measure.HANDED_OVER: "handed_over",
    Measure.ON_TIME: "on_time",
    Measure.LATE: "late",
    Measure.NO_DEADLINE: "no_deadline",
    Measure.CLOCK_UNCERTAIN: "clock_uncertain",
    Measure.IN_PROCESS: "in_process",
    Measure.PAUSED: "paused",
}


@st.composite
def records(draw):
    """The records of a few dossiers, as they lie in a topic: some dates bare, some arrivals unsaid."""
    dossiers = draw(st.lists(heard(), min_size=1, max_size=3))
    found = []
    for number, events in enumerate(dossiers, start=1):
        for event in draw(st.just(events) | edged(st.just(events))):
            wire = json.loads(encode(replace(event, dossier=f"H56.14-260803-{number:04}")))
            if draw(st.integers(0, 3)) == 0 and not event.stamped & 2:
                del wire["arrival"]
            data = wire["data"]
            if "receipt_date" in data and draw(st.booleans()):
                data["receipt_date"] = data["receipt_date"][:10]
            found.append(json.dumps(wire).encode())
    return draw(st.permutations(found))


def recounted(values):
    count = Recount()
    for value in values:
        count.add(value, RECORD_TIME_MS)
    return count


def measured(values, policy):
    """The dossiers as a worker has them, and how many records were new to it."""
    decoder = Decoder(policy.zone, DOSSIERS)
    dossiers: dict[str, Dossier] = {}
    counted = 0
    for value in values:
        event = decoder.decode(value, record_time_ms=RECORD_TIME_MS)
        assert isinstance(event, StateChanged)
        dossier = dossiers.setdefault(event.dossier, Dossier(event.dossier))
        counted += dossier.hear(event) not in (Repeat.DUPLICATE, Repeat.EARLIER)
    for dossier in dossiers.values():
        dossier.gather()
    return dossiers, counted


def totals(dossiers, policy, as_of_day):
    """What is booked, in the words of the independent count, by agency, channel and level."""
    by: dict[tuple[str, int, int], Counter[str]] = {}
    for dossier in dossiers.values():
        for account, amount in post(dossier.view, policy).items():
            if account.measure not in NAMES:
                continue
            cell = account.cell
            group = by.setdefault((level1(cell.agency), cell.channel, cell.level), Counter())
            name = NAMES[Measure(account.measure)]
            group[name] += amount
            if name in ("in_process", "paused"):
                group["open"] += amount
                if NO_SLOT < account.slot < as_of_day:
                    group["open_overdue"] += amount
    return {group: +counts for group, counts in by.items() if +counts}


def agree(values, zone, precision):
    policy = Policy(Zone(zone), Precision(precision))
    count = recounted(values)
    result = count.result(zone=zone, precision=precision)
    dossiers, counted = measured(values, policy)

    assert result.refused == 0
    assert (result.counted, result.duplicates) == (counted, len(values) - counted)

    heard_ms = max(
        (
            effective_ms(event)
            for each in dossiers.values()
            for event in settled(unpack_events(each.events))
        ),
        default=0,
    )
    as_of = (EPOCH + timedelta(milliseconds=heard_ms)).astimezone(ZoneInfo(zone)).date()
    booked = totals(dossiers, policy, (as_of - EPOCH.date()).days)
    expected = {group: +Counter(asdict(counts)) for group, counts in result.by.items()}
    waiting = 0
    for counts in expected.values():
        waiting += counts.pop("waiting_acceptance", 0)
        if precision == "instant":  # slots are days; the instant is held against the views
            counts.pop("open_overdue", 0)
    if precision == "instant":
        for counts in booked.values():
            counts.pop("open_overdue", 0)
    assert booked == {group: counts for group, counts in expected.items() if counts}

    views = {key: dossier.view for key, dossier in dossiers.items()}
    outcomes = Counter(view.outcome for view in views.values())
    assert waiting == outcomes[Outcome.WAITING_ACCEPTANCE]
    if precision == "instant":
        assert result.totals.open_overdue == sum(
            view.accepted_ms is not None
            and view.end_ms is None
            and view.due_ms is not None
            and view.due_ms < heard_ms
            for view in views.values()
        )
    for key, other in count.dossiers(zone=zone, precision=precision).items():
        view = views[key]
        assert view.trial == other.trial
        assert (view.accepted_ms, view.end_ms) == (other.accepted_ms, other.ended_ms)
        assert (view.channel, view.level) == (other.channel, other.level)
        assert view.procedure == other.procedure
        if view.accepted_ms is not None and view.outcome is not Outcome.RETURNED:
            assert view.due_ms == other.due_ms


@THOROUGHLY
@given(records(), st.sampled_from(["instant", "date"]))
def test_what_is_booked_is_what_the_independent_count_finds(values, precision):
    agree(values, "Asia/Ho_Chi_Minh", precision)


@given(records(), st.sampled_from(["UTC", "America/Sao_Paulo", "Pacific/Apia"]))
def test_both_count_alike_in_the_days_of_other_zones(values, zone):
    agree(values, zone, "date")


def test_the_names_of_both_are_those_of_the_dictionary():
    beside = {"waiting_acceptance", "open", "open_overdue"}  # not booked under these names

    assert set(NAMES.values()) | beside == set(asdict(Counts()))
