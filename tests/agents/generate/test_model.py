"""The generated dossiers are plausible, legal, readable and the same for a seed."""

import hashlib
import json
import tracemalloc
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Any, NamedTuple

import pytest

from agents.generate.model import (
    BROKEN,
    DUPLICATE,
    EVENT,
    LATE,
    Record,
    Scenario,
    live,
    records,
)
from monitor.domain.zone import Zone
from schemas import Reason, Refused
from schemas.decode import Decoder
from schemas.kinds import DOSSIERS

DECODER = Decoder(Zone("Asia/Ho_Chi_Minh"), DOSSIERS)

# As in the domain dossier, written down once more: state → what may follow.
LEGAL = {
    None: {1, 2},
    1: {2, 3, 5, 7},
    2: {4, 5, 7, 8},
    3: set(),
    4: {4, 5, 6, 7, 8, 9},
    5: {1, 2, 3, 4, 8},
    6: {4, 8, 9},
    7: set(),
    8: {3, 4},
    9: {4, 10},
    10: set(),
}
PROVINCES = {
    *("H01", "H05", "H12", "H13", "H14", "H15", "H17", "H18", "H19", "H20", "H21", "H24"),
    *("H26", "H27", "H29", "H31", "H32", "H35", "H36", "H37", "H38", "H41", "H42", "H44"),
    *("H48", "H49", "H50", "H52", "H53", "H55", "H56", "H57", "H60", "H61"),
}
NOW_MS = 1_785_720_600_000  # Monday 2026-08-03T08:30:00+07:00


class Statement(NamedTuple):
    time: datetime
    data: dict[str, Any]


def statements(generated: Iterable[Record]) -> list[Statement]:
    bodies = [json.loads(record.value) for record in generated]
    return [Statement(datetime.fromisoformat(body["time"]), body["data"]) for body in bodies]


@cache
def plain() -> tuple[Record, ...]:
    return tuple(records(Scenario(seed=7, dossiers=8_000, days=42, duplicates=0)))


@cache
def ways() -> dict[str, list[Statement]]:
    found: dict[str, list[Statement]] = {}
    for statement in statements(plain()):
        found.setdefault(statement.data["dossier"], []).append(statement)
    return found


def digest(generated: Iterable[Record]) -> str:
    whole = hashlib.sha256()
    for record in generated:
        whole.update(f"{record.key} {record.at_ms} {record.kind} ".encode() + record.value)
    return whole.hexdigest()[:16]


def test_a_seed_means_the_same_records_on_every_machine():
    """The digest is written down: a change of the generator changes it, and says so here."""
    scenario = Scenario(seed=1, dossiers=300, days=14, late=0.05, bad=0.05)

    assert digest(records(scenario)) == "da1d7a4d2581c525"


def test_another_seed_means_other_records():
    assert digest(records(Scenario(seed=1, dossiers=20))) != digest(
        records(Scenario(seed=2, dossiers=20))
    )


def test_every_dossier_is_submitted_within_the_days():
    submitted = [way[0].time.date() for way in ways().values()]

    assert len(submitted) == 8_000
    assert min(submitted) == date(2026, 6, 1)
    assert max(submitted) <= date(2026, 7, 12)


def test_records_come_in_the_order_of_time():
    at = [record.at_ms for record in plain()]
    times = [statement.time for statement in statements(plain())]

    assert at == sorted(at)
    assert times == sorted(times)


def test_nothing_happens_after_the_days():
    assert statements(plain())[-1].time < datetime.fromisoformat("2026-07-13T00:00:00+07:00")


def test_every_record_is_an_event_that_the_service_reads():
    for record in plain():
        event = DECODER.decode(record.value, record_time_ms=0)

        assert not isinstance(event, Refused), (event, record.value)
        assert event.dossier == record.key
        assert event.arrival_ms == record.at_ms


def test_no_number_on_the_wire_is_a_float():
    for record in plain()[:2_000]:
        json.loads(record.value, parse_float=pytest.fail)


def test_every_way_keeps_to_the_table_of_transitions():
    for way in ways().values():
        states = [None, *(statement.data["state"] for statement in way)]
        for before, after in pairwise(states):
            assert after in LEGAL[before], states


def test_every_state_and_every_kind_of_way_occurs():
    seen = Counter(statement.data["state"] for way in ways().values() for statement in way)

    assert set(seen) == {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
    assert min(seen.values()) >= 20


def test_online_dossiers_are_submitted_and_the_others_accepted_first():
    for way in ways().values():
        assert way[0].data["state"] == (1 if way[0].data["channel"] == 2 else 2)


def test_the_steps_of_a_dossier_are_numbered():
    for way in ways().values():
        assert [statement.data["sequence"] for statement in way] == list(range(len(way)))


def test_a_dossier_has_a_receipt_date_from_acceptance_on():
    for way in ways().values():
        accepted = False
        for statement in way:
            accepted = accepted or statement.data["state"] == 2
            assert ("receipt_date" in statement.data) == accepted


def test_receipts_are_instants_or_bare_dates_as_the_system_gives_them():
    lengths = Counter(
        (statement.data["agency"][:3] == "H56", len(statement.data["receipt_date"]))
        for way in ways().values()
        for statement in way
        if "receipt_date" in statement.data
    )

    assert (True, 10) in lengths
    assert (True, 25) not in lengths
    assert (False, 25) in lengths


def test_a_pause_for_supplements_moves_the_due_date_by_working_days():
    moved = 0
    for way in ways().values():
        dues = [datetime.fromisoformat(s.data["due_at"]) for s in way if "due_at" in s.data]
        assert dues == sorted(dues)
        moved += len(set(dues)) > 1
        assert all(due.weekday() < 5 for due in dues)

    assert moved > 300


def test_shares_are_those_of_the_country():
    channels = Counter(way[0].data["channel"] for way in ways().values())
    applicants = [way[0].data for way in ways().values()]
    citizens = [data for data in applicants if data["applicant_type"] == 1]

    assert 0.75 < channels[2] / 8_000 < 0.80
    assert 0.010 < channels[3] / 8_000 < 0.025
    assert 0.6 < len(citizens) / 8_000 < 0.9
    assert 0.95 < sum(data["identity_attached"] for data in citizens) / len(citizens) < 0.99


def test_early_on_time_and_late_are_as_in_thua_thien_hue():
    """Of dossiers that had three weeks to end in, so that the late ones are not cut off."""
    ends = Counter[str]()
    for way in ways().values():
        end = next((s for s in way if s.data["state"] == 9), None)
        if end is None or way[0].time.date() > date(2026, 6, 20):
            continue
        if "due_at" not in end.data:
            ends["no deadline"] += 1
            continue
        due = datetime.fromisoformat(end.data["due_at"])
        if end.time > due:
            ends["late"] += 1
        else:
            ends["early" if end.time.date() < due.date() else "on time"] += 1
    with_due = ends["early"] + ends["on time"] + ends["late"]

    assert 0.07 < ends["late"] / with_due < 0.14
    assert 0.50 < ends["early"] / with_due < 0.72
    assert 0.18 < ends["on time"] / with_due < 0.36
    assert 0.005 < ends["no deadline"] / with_due < 0.05


def test_all_provinces_have_dossiers_and_the_big_have_many():
    """Of the published totals: Ho Chi Minh City about a seventh, Dien Bien a third of a percent."""
    sizes = Counter(key.partition(".")[0] for key in ways())

    assert {code for code in sizes if code.startswith("H")} == PROVINCES
    assert len({code for code in sizes if code.startswith("G")}) >= 15
    assert min(sizes[code] for code in PROVINCES) >= 15
    assert 0.12 < sizes["H29"] / 8_000 < 0.16
    assert 0.001 < sizes["H18"] / 8_000 < 0.006


def test_phu_tho_has_hardly_a_dossier_at_the_counter_and_none_by_post():
    channels = Counter(
        way[0].data["channel"] for key, way in ways().items() if key.startswith("H44")
    )

    assert channels[2] / channels.total() > 0.96
    assert channels[3] == 0


def test_dossier_codes_have_the_national_form():
    for key, way in islice(ways().items(), 500):
        agency, day, number = key.split("-")
        assert agency == way[0].data["agency"]
        assert day == way[0].time.strftime("%y%m%d")
        assert number.isdigit()
        assert len(number) == 4


def test_weekends_are_quiet():
    days = Counter(statement.time.weekday() for statement in statements(plain()))

    weekday = sum(days[day] for day in range(5)) / 5
    weekend = (days[5] + days[6]) / 2
    assert 0 < weekend < weekday / 10


def test_the_day_peaks_at_nine_and_in_the_afternoon():
    hours = Counter(statement.time.hour for statement in statements(plain()))

    assert max(hours[hour] for hour in range(12)) == hours[9]
    assert max(hours[hour] for hour in range(12, 24)) == hours[14]
    assert hours[12] < hours[9] / 4
    assert 0 < hours[3] < hours[9] / 50


def test_only_submissions_come_in_the_evening():
    states = {s.data["state"] for s in statements(plain()) if s.time.hour >= 19}

    assert states == {1}


def test_troubles_are_in_the_shares_asked_for_and_known():
    scenario = Scenario(seed=3, dossiers=3_000, duplicates=0.02, late=0.03, bad=0.01)
    kinds = Counter(record.kind for record in records(scenario))
    events = kinds[EVENT] + kinds[LATE]

    assert 0.015 < kinds[DUPLICATE] / events < 0.025
    assert 0.025 < kinds[LATE] / events < 0.035
    assert 0.007 < kinds[BROKEN] / events < 0.013


def test_trouble_leaves_the_dossiers_as_they_are():
    def facts(scenario: Scenario) -> set[tuple[str, int, datetime]]:
        sound = (record for record in records(scenario) if record.kind in {EVENT, LATE})
        return {(s.data["dossier"], s.data["sequence"], s.time) for s in statements(sound)}

    troubled = Scenario(seed=3, dossiers=500, duplicates=0.2, late=0.2, bad=0.2)

    assert facts(troubled) == facts(Scenario(seed=3, dossiers=500, duplicates=0))


def test_a_duplicate_is_equal_but_for_its_arrival():
    first: dict[tuple[str, str], dict[str, Any]] = {}
    duplicates = 0
    for record in records(Scenario(dossiers=300, duplicates=0.1)):
        body = json.loads(record.value)
        del body["arrival"]
        identity = (record.key, body["id"])
        if record.kind == DUPLICATE:
            duplicates += 1
            assert first[identity] == body
        else:
            assert identity not in first
            first[identity] = body

    assert duplicates > 50


def test_late_records_arrive_hours_after_they_happened():
    for record in records(Scenario(dossiers=300, duplicates=0, late=0.1)):
        time_ms = (
            int(datetime.fromisoformat(json.loads(record.value)["time"]).timestamp()) * 1000
        )
        behind = record.at_ms - time_ms
        if record.kind == LATE:
            assert 3_600_000 <= behind <= 49 * 3_600_000
        else:
            assert behind < 4_000


def test_every_broken_record_is_refused_and_for_many_reasons():
    refused = Counter[Reason]()
    for record in records(Scenario(dossiers=1_000, duplicates=0, bad=0.2)):
        if record.kind == BROKEN:
            answer = DECODER.decode(record.value, record_time_ms=0)
            assert isinstance(answer, Refused), record.value
            assert b"\n" not in record.value
            refused[answer.reason] += 1

    assert set(refused) == {
        Reason.NOT_UTF8,
        Reason.NOT_JSON,
        Reason.WRONG_TYPE,
        Reason.UNKNOWN_STATE,
        Reason.MISSING_FIELD,
        Reason.TIME_WITHOUT_OFFSET,
        Reason.TIME_OUT_OF_RANGE,
        Reason.UNKNOWN_TYPE,
    }


def test_memory_is_for_open_dossiers_and_not_for_those_gone_by():
    """Four times the dossiers at the same pace take hardly more memory."""

    def most(days: int) -> int:
        tracemalloc.start()
        for _ in records(Scenario(dossiers=10 * days, days=days)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    most(30)  # what is loaded once

    assert most(480) < 2 * most(120)


def test_days_on_which_all_counters_are_closed_have_online_dossiers_only():
    weekend = Scenario(dossiers=50, start=date(2026, 6, 6), days=2, duplicates=0)

    assert {s.data["channel"] for s in statements(records(weekend))} == {2}
    assert len({record.key for record in records(weekend)}) == 50


@pytest.mark.parametrize(
    "wrong", [{"dossiers": -1}, {"days": 0}, {"late": 1.5}, {"bad": -0.1}, {"duplicates": 2}]
)
def test_a_scenario_that_cannot_be_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match=r"share|day"):
        Scenario(**wrong)


# Live


@cache
def demonstration() -> tuple[list[Record], list[Record]]:
    """A past, and the first 15 minutes after it."""
    past, present = [], []
    for record in live(Scenario(dossiers=3_000, days=21), NOW_MS, 20):
        if record.at_ms > NOW_MS + 900_000:
            break
        (past if record.at_ms <= NOW_MS else present).append(record)
    return past, present


def test_a_past_is_backfill_and_the_present_is_not():
    past, present = demonstration()

    assert all(s.data["backfill"] for s in statements(past))
    assert not any("backfill" in s.data for s in statements(present))
    assert len({record.key for record in past}) > 2_800


def test_live_records_come_in_order_and_at_about_the_rate():
    past, present = demonstration()
    at = [record.at_ms for record in past + present]

    assert at == sorted(at)
    for quarter in range(1, 4):  # the first minutes fill the pipe
        start = NOW_MS + quarter * 225_000
        in_it = sum(start <= record.at_ms < start + 225_000 for record in present)
        assert 0.7 * 20 < in_it / 225 < 1.4 * 20


def test_live_times_are_true_times():
    for record in demonstration()[1]:
        time = datetime.fromisoformat(json.loads(record.value)["time"])
        assert 0 <= record.at_ms - int(time.timestamp()) * 1_000 < 1_000


def test_live_dossiers_are_accepted_completed_and_late_within_the_first_two_minutes():
    _, present = demonstration()
    seen = statements(record for record in present if record.at_ms < NOW_MS + 120_000)
    ended = [s for s in seen if s.data["state"] == 9 and "due_at" in s.data]
    late = [s for s in ended if s.time > datetime.fromisoformat(s.data["due_at"])]

    assert sum(s.data["state"] == 2 for s in seen) > 100
    assert len(ended) > 100
    assert len(late) > 5


def test_live_dossiers_end_late_in_about_the_share_of_the_country():
    _, present = demonstration()
    ended = [s for s in statements(present) if s.data["state"] == 9 and "due_at" in s.data]
    late = [s for s in ended if s.time > datetime.fromisoformat(s.data["due_at"])]

    assert 0.05 < len(late) / len(ended) < 0.20


def test_live_ways_keep_to_the_table_of_transitions():
    past, present = demonstration()
    last: dict[str, int | None] = {}
    for statement in statements([*past, *present]):
        state = statement.data["state"]
        assert state in LEGAL[last.get(statement.data["dossier"])]
        last[statement.data["dossier"]] = state


def test_dossiers_of_the_past_go_on_in_the_present():
    past, present = demonstration()
    known = {record.key for record in past}

    assert sum(record.key in known for record in present) > 1_000


def test_live_events_are_read_by_the_service():
    for record in demonstration()[1][:2_000]:
        assert not isinstance(DECODER.decode(record.value, record_time_ms=NOW_MS), Refused)


def test_a_past_may_be_empty():
    first = next(live(Scenario(dossiers=0), NOW_MS, 10))

    assert NOW_MS <= first.at_ms < NOW_MS + timedelta(seconds=5) // timedelta(milliseconds=1)


def test_a_rate_is_at_least_one():
    with pytest.raises(ValueError, match="at least one"):
        next(live(Scenario(), NOW_MS, 0))
