"""The independent count, on dossiers small enough to be counted by hand."""

import json
import random

import pytest

from agents.recount import Counts, Recount, Result, agency_code, dossier_key

CODE = "H56.14-260803-0001"
# 2026-08-31T10:00:00+07:00 = 03:00 UTC: day 20,696 of the epoch × 86,400,000 + 3 h.
AS_OF_MS = 1_788_145_200_000


def at(day: int, clock: str = "08:00:00") -> str:
    return f"2026-08-{day:02}T{clock}+07:00"


def event(said_state: int, said_time: str, /, **given: object) -> dict[str, object]:
    """One wire event; whatever is not an attribute of the envelope goes into the data."""
    envelope: dict[str, object] = {
        "specversion": "1.0",
        "id": f"{said_state}@{said_time}",
        "source": "H56-onestop",
        "type": "dossier.state.v1",
        "time": said_time,
        "arrival": said_time,
    }
    data: dict[str, object] = {
        "dossier": CODE,
        "procedure": "1.004194",
        "agency": "H56.14",
        "state": said_state,
    }
    for name, value in given.items():
        (envelope if name in envelope else data)[name] = value
    return {**envelope, "data": data}


def recount(*events: dict[str, object], record_time_ms: int = AS_OF_MS, **asked) -> Result:
    count = Recount()
    for each in events:
        count.add(json.dumps(each).encode(), record_time_ms)
    return count.result(**asked)


def totals(*events: dict[str, object], **asked) -> Counts:
    result = recount(*events, **asked)
    assert (result.refused, result.duplicates) == (0, 0)
    return result.totals


# --- One dossier, from its beginning to its end ------------------------------------------


def test_a_dossier_handed_over_before_its_due_is_on_time():
    counts = totals(
        event(1, at(3)),
        event(2, at(3, "09:00:00"), due_at=at(10, "17:00:00")),
        event(4, at(4)),
        event(9, at(10, "17:00:00")),
        event(10, at(12)),
    )

    assert counts == Counts(submitted=1, accepted=1, completed=1, on_time=1, handed_over=1)


def test_a_second_after_the_due_is_late_to_the_instant_and_on_time_to_the_day():
    life = [event(2, at(3), due_at=at(10, "17:00:00")), event(9, at(10, "17:00:01"))]

    assert totals(*life) == Counts(accepted=1, completed=1, late=1)
    assert totals(*life, precision="date") == Counts(accepted=1, completed=1, on_time=1)


def test_days_are_days_in_the_zone_asked_for():
    """23:30 on the 10th and 00:30 on the 11th in Hanoi are one day in UTC."""
    life = [event(2, at(3), due_at=at(10, "23:30:00")), event(9, at(11, "00:30:00"))]

    assert totals(*life, precision="date").late == 1
    assert totals(*life, precision="date", zone="UTC").on_time == 1


def test_a_completion_without_a_due_has_no_deadline():
    counts = totals(event(2, at(3)), event(9, at(4)))

    assert counts == Counts(accepted=1, completed=1, no_deadline=1)


def test_only_a_registration_is_submitted_and_waiting():
    assert totals(event(1, at(3))) == Counts(submitted=1, waiting_acceptance=1)


def test_state_0_alone_is_in_no_figure():
    result = recount(event(0, at(3)))

    assert result.counted == 1
    assert result.totals == Counts()


def test_a_refusal_of_what_was_never_accepted_is_refused_not_returned():
    counts = totals(event(1, at(3)), event(3, at(4)))

    assert counts == Counts(submitted=1, refused_dossiers=1)


def test_a_refusal_after_acceptance_is_returned():
    counts = totals(event(2, at(3)), event(3, at(4)))

    assert counts == Counts(accepted=1, returned=1)


def test_a_withdrawal_before_acceptance_is_neither_received_nor_returned():
    counts = totals(event(1, at(3)), event(7, at(4)))

    assert counts == Counts(submitted=1, withdrawn_unaccepted=1)


def test_a_withdrawal_after_acceptance_is_returned():
    counts = totals(event(2, at(3)), event(7, at(4)))

    assert counts == Counts(accepted=1, returned=1)


def test_a_withdrawal_after_processing_leaves_it_completed():
    counts = totals(event(2, at(3)), event(9, at(4)), event(7, at(5)))

    assert counts == Counts(accepted=1, completed=1, no_deadline=1)


def test_handed_over_without_processed_is_completed_then():
    counts = totals(event(2, at(3), due_at=at(5)), event(10, at(6)))

    assert counts == Counts(accepted=1, completed=1, late=1, handed_over=1)


# --- Acceptance --------------------------------------------------------------------------


def test_a_supplement_request_accepts_only_with_a_receipt_date():
    waiting = totals(event(5, at(3)))
    accepted = totals(event(5, at(3), receipt_date="2026-08-03"))

    assert waiting == Counts(waiting_acceptance=1)
    assert accepted == Counts(accepted=1, open=1, paused=1)


@pytest.mark.parametrize("state", [2, 4, 6, 8, 9, 10])
def test_each_other_state_after_acceptance_accepts(state):
    assert totals(event(state, at(3))).accepted == 1


def test_an_end_before_the_receipt_is_booked_on_the_receipt():
    """Received on the 5th, due on the 4th, said to be done on the 3rd: done on the 5th, late."""
    counts = totals(
        event(2, at(2), arrival=at(6), receipt_date=at(5)),
        event(9, at(3), arrival=at(6), due_at=at(4)),
    )

    assert counts == Counts(accepted=1, completed=1, late=1)


@pytest.mark.parametrize(
    ("receipt", "verdict"),
    [(at(3, "08:05:00"), "late"), (at(3, "08:05:01"), "on_time")],
)
def test_a_receipt_more_than_five_minutes_after_arrival_is_not_believed(receipt, verdict):
    """Not believed, the dossier is received at 08:00 and ends at 08:01 in time; else after it."""
    counts = totals(
        event(2, at(3), receipt_date=receipt, due_at=at(3, "08:02:00")),
        event(9, at(3, "08:01:00")),
    )

    assert getattr(counts, verdict) == 1


@pytest.mark.parametrize(("zone", "late"), [("Asia/Ho_Chi_Minh", 0), ("UTC", 1)])
def test_a_bare_receipt_date_is_midnight_in_the_zone(zone, late):
    """Midnight of the 4th is 00:00 in Hanoi, and 07:00 there when the zone is UTC."""
    counts = totals(
        event(2, at(3), arrival=at(9), receipt_date="2026-08-04", due_at=at(4, "06:00:00")),
        event(9, at(4, "05:00:00")),
        zone=zone,
    )

    assert counts.late == late


# --- Order and time ----------------------------------------------------------------------


def test_equal_times_are_ordered_by_rank_whatever_arrives_first():
    counts = totals(event(10, at(3)), event(9, at(3)), event(2, at(3)), event(1, at(3)))

    assert counts == Counts(submitted=1, accepted=1, completed=1, no_deadline=1, handed_over=1)


def test_a_sequence_goes_before_the_rank_and_a_missing_one_before_all():
    """By sequence 9 (1) then 4 (2) is open; by rank it would be ended. Without one, 4 is first."""
    by_sequence = totals(event(9, at(3), sequence=1), event(4, at(3), sequence=2))
    missing = totals(event(9, at(3), sequence=0), event(4, at(3)))

    assert by_sequence == Counts(accepted=1, open=1, in_process=1)
    assert missing == Counts(accepted=1, completed=1, no_deadline=1)


@pytest.mark.parametrize(
    ("arrival", "verdict"), [(at(9, "07:55:00"), "late"), (at(9, "07:54:59"), "on_time")]
)
def test_a_time_more_than_five_minutes_after_arrival_is_its_arrival(arrival, verdict):
    """Claimed 08:00, due 07:57: late as claimed, on time at its arrival before 07:55."""
    counts = totals(event(2, at(3), due_at=at(9, "07:57:00")), event(9, at(9), arrival=arrival))

    assert getattr(counts, verdict) == 1


def test_the_record_time_is_the_arrival_of_an_event_that_has_none():
    """Claimed in 2027, recorded on 31/8/2026 10:00: done then, a minute before its due."""
    counts = totals(
        event(2, at(3), due_at=at(31, "10:01:00")),
        event(9, "2027-01-01T00:00:00Z", arrival=None),
    )

    assert counts.on_time == 1


# --- What stands, what reopens -------------------------------------------------------------


@pytest.mark.parametrize("state", [3, 7, 10])
def test_what_follows_a_standing_state_has_no_effect(state):
    before = totals(event(2, at(3)), event(state, at(4)))
    after = totals(
        event(2, at(3)), event(state, at(4)), event(1, at(5)), event(4, at(6)), event(9, at(7))
    )

    assert after == before


def test_state_4_after_9_reopens_until_the_next_9():
    reopened = [
        event(2, at(3), due_at=at(5)),
        event(9, at(4)),
        event(4, at(6)),
    ]

    assert totals(*reopened, as_of_ms=AS_OF_MS) == Counts(
        accepted=1, open=1, in_process=1, open_overdue=1
    )
    assert totals(*reopened, event(9, at(7)), event(9, at(8))) == Counts(
        accepted=1, completed=1, late=1
    )


def test_a_9_that_comes_before_the_acceptance_in_order_ends_nothing():
    """A log with an end before its start must date the receipt, not the event, at the start."""
    counts = totals(event(9, at(3)), event(2, at(4)))

    assert counts == Counts(accepted=1, open=1, in_process=1)


def test_the_first_of_two_nines_is_the_end():
    counts = totals(event(2, at(3), due_at=at(5)), event(9, at(4)), event(9, at(6)))

    assert counts == Counts(accepted=1, completed=1, on_time=1)


# --- Dues --------------------------------------------------------------------------------


def test_the_last_due_made_before_the_end_is_the_one_that_binds():
    counts = totals(
        event(2, at(3), due_at=at(5)), event(4, at(4), due_at=at(8)), event(9, at(6))
    )

    assert counts.on_time == 1


def test_a_due_made_after_the_end_does_not_bind():
    counts = totals(
        event(2, at(3), due_at=at(5)), event(9, at(6)), event(10, at(7), due_at=at(8))
    )

    assert counts.late == 1


def test_a_due_made_with_the_end_binds():
    counts = totals(event(2, at(3), due_at=at(5)), event(9, at(6), due_at=at(8)))

    assert counts.on_time == 1


# --- Open --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [5, 6, 8])
def test_an_open_dossier_is_paused_by_5_6_and_8_and_not_resumed_by_0_or_1(state):
    counts = totals(event(2, at(3)), event(state, at(4)), event(0, at(5)), event(1, at(6)))

    assert counts == Counts(submitted=1, accepted=1, open=1, paused=1)


def test_a_paused_dossier_is_in_process_again_after_4():
    counts = totals(event(2, at(3)), event(5, at(4)), event(4, at(5)))

    assert counts == Counts(accepted=1, open=1, in_process=1)


@pytest.mark.parametrize(
    ("due", "to_the_instant", "to_the_day"),
    [
        ("2026-08-31T10:00:00+07:00", 0, 0),
        ("2026-08-31T09:59:59+07:00", 1, 0),
        ("2026-08-30T23:59:59+07:00", 1, 1),
    ],
)
def test_open_is_overdue_once_its_due_has_passed(due, to_the_instant, to_the_day):
    life = event(2, at(3), due_at=due)

    assert totals(life, as_of_ms=AS_OF_MS).open_overdue == to_the_instant
    assert totals(life, as_of_ms=AS_OF_MS, precision="date").open_overdue == to_the_day


def test_as_of_an_instant_what_came_later_has_not_happened():
    """At 10:00 on the 31st the 9 of 10:00:00 has happened, that of a second later has not."""
    accepted = event(2, at(3), due_at=at(30))

    assert totals(accepted, event(9, at(31, "10:00:00")), as_of_ms=AS_OF_MS).completed == 1
    assert totals(accepted, event(9, at(31, "10:00:01")), as_of_ms=AS_OF_MS) == Counts(
        accepted=1, open=1, in_process=1, open_overdue=1
    )


def test_without_an_instant_the_count_is_as_of_the_latest_event():
    other = event(1, at(6), dossier="H56.14-260803-0002")

    assert totals(event(2, at(3), due_at=at(5))).open_overdue == 0
    assert totals(event(2, at(3), due_at=at(5)), other).open_overdue == 1


# --- Duplicates and revisions ----------------------------------------------------------------


def test_equal_identity_and_content_is_a_duplicate_whatever_its_arrival():
    result = recount(event(2, at(3)), event(2, at(3), arrival=at(4)), event(2, at(3)))

    assert (result.records, result.refused, result.duplicates, result.counted) == (3, 0, 2, 1)
    assert result.totals == Counts(accepted=1, open=1, in_process=1)


def test_equal_content_is_equal_however_it_is_written():
    """The same instant in another offset, a code with a space, a default said aloud."""
    result = recount(
        event(2, at(3), id="a"),
        event(2, "2026-08-03T01:00:00.000Z", id="a", agency=" h56.14", revision=0, unit=""),
    )

    assert (result.duplicates, result.counted) == (1, 1)


def test_the_earliest_arrival_of_equal_copies_is_kept():
    """Claimed 08:00; believed if it arrived at 09:00, not if it already had at 07:00."""
    early, late = at(9, "07:00:00"), at(9, "09:00:00")
    accepted = event(2, at(3), due_at=at(9, "07:30:00"))

    for arrivals in [(early, late), (late, early)]:
        result = recount(accepted, *(event(9, at(9), arrival=each) for each in arrivals))
        assert result.totals.on_time == 1


def test_the_same_identity_in_another_dossier_is_another_event():
    result = recount(event(2, at(3)), event(2, at(3), dossier="H56.14-260803-0002"))

    assert (result.duplicates, result.totals.accepted) == (0, 2)


@pytest.mark.parametrize("turn", [1, -1])
def test_the_higher_revision_replaces_the_event(turn):
    first = event(9, at(4), id="x")
    second = event(4, at(3), id="x", revision=1)
    result = recount(event(2, at(2)), *[first, second][::turn])

    assert (result.duplicates, result.counted) == (0, 3)
    assert result.totals == Counts(accepted=1, open=1, in_process=1)


@pytest.mark.parametrize("turn", [1, -1])
def test_of_equal_revisions_the_later_claimed_time_stands(turn):
    early = event(9, at(4), id="x")
    late = event(9, at(6), id="x")
    result = recount(event(2, at(2), due_at=at(5)), *[early, late][::turn])

    assert result.totals == Counts(accepted=1, completed=1, late=1)


def test_of_equal_times_too_the_choice_does_not_hang_on_the_order():
    one, other = event(9, at(4), id="x"), event(7, at(4), id="x")

    assert recount(event(2, at(2)), one, other) == recount(event(2, at(2)), other, one)


# --- One authority a dossier -------------------------------------------------------------


def test_another_source_counts_for_what_the_authority_never_said():
    """The portal knows the registration; the authority never says it."""
    counts = totals(event(1, at(2), source="portal"), event(2, at(3)), event(9, at(4)))

    assert counts == Counts(submitted=1, accepted=1, completed=1, no_deadline=1)


def test_another_source_does_not_count_for_a_state_the_authority_said():
    """Else the second 4 would reopen what was done."""
    counts = totals(
        event(2, at(2)), event(4, at(3)), event(9, at(4)), event(4, at(5), source="portal")
    )

    assert counts == Counts(accepted=1, completed=1, no_deadline=1)


def test_another_source_ends_a_dossier_only_if_the_authority_says_no_more():
    last = totals(event(2, at(2)), event(4, at(3)), event(9, at(4), source="portal"))
    not_last = totals(event(2, at(2)), event(4, at(5)), event(9, at(4), source="portal"))
    withdrawn = totals(event(2, at(2)), event(4, at(5)), event(7, at(4), source="portal"))

    assert last == Counts(accepted=1, completed=1, no_deadline=1)
    assert not_last == withdrawn == Counts(accepted=1, open=1, in_process=1)


def test_the_authority_is_whoever_accepted_first_by_time_not_by_arrival():
    """The portal accepted on the 2nd, so the other's 2 does not count, nor does its due."""
    counts = totals(
        event(2, at(3), due_at=at(5)),
        event(2, at(2), source="portal"),
        event(9, at(6), source="portal"),
    )

    assert counts == Counts(accepted=1, completed=1, no_deadline=1)


# --- Whose it is -------------------------------------------------------------------------


def test_each_measure_belongs_to_the_agency_of_its_event():
    """Received by the 14th office of H56, processed by H19, handed over by G01."""
    result = recount(
        event(1, at(2), agency="G02"),
        event(2, at(3), channel=2, level=4, due_at=at(5)),
        event(9, at(4), agency="H19.03", channel=1, level=2),
        event(10, at(6), agency="G01"),
    )

    assert result.by == {
        ("G02", 2, 4): Counts(submitted=1),
        ("H56", 2, 4): Counts(accepted=1),
        ("H19", 2, 4): Counts(completed=1, on_time=1, handed_over=1),
    }


def test_an_open_dossier_belongs_to_the_agency_that_holds_it():
    result = recount(event(2, at(3)), event(4, at(4), agency="H19.03"))

    assert result.by == {
        ("H56", 0, 0): Counts(accepted=1),
        ("H19", 0, 0): Counts(open=1, in_process=1),
    }


def test_channel_and_level_are_those_of_the_first_that_says_them_if_the_receipt_does_not():
    result = recount(
        event(1, at(2), channel=2),
        event(2, at(3), level=3),
        event(4, at(4), channel=1, level=4),
    )

    assert result.by == {("H56", 2, 3): Counts(submitted=1, accepted=1, open=1, in_process=1)}


@pytest.mark.parametrize("state", [0, 1])
def test_0_and_1_do_not_change_who_holds_a_dossier(state):
    result = recount(event(2, at(3)), event(state, at(4), agency="H19.03"))

    assert result.by["H56", 0, 0].in_process == 1


def test_an_agency_without_a_national_code_is_a_group_of_its_own():
    result = recount(event(2, at(3), agency="Desk 1.2"))

    assert list(result.by) == [("Desk 1.2", 0, 0)]


def test_a_code_that_no_list_knows_says_no_more_than_silence():
    result = recount(
        event(1, at(2), channel=7, level=1), event(2, at(3), channel=2, level=4, id="x")
    )

    assert list(result.by) == [("H56", 2, 4)]


def test_an_acceptance_after_its_sources_own_withdrawal_makes_no_authority():
    """The portal withdrew, so its 2 is nothing; the office accepted after it."""
    counts = totals(
        event(7, at(1), source="portal"),
        event(2, at(2), source="portal"),
        event(2, at(3)),
        event(4, at(4)),
    )

    assert counts == Counts(accepted=1, open=1, in_process=1)


def test_two_agencies_add_up_to_the_totals():
    result = recount(
        event(2, at(3), dossier="H56.14-260803-0001"),
        event(2, at(3), dossier="H56.14-260803-0002"),
        event(2, at(3), dossier="H19.14-260803-0001", agency="H19.14"),
    )

    assert result.by["H56", 0, 0].accepted == 2
    assert result.by["H19", 0, 0].accepted == 1
    assert result.totals.accepted == 3


# --- Codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "key"),
    [
        ("H56.14-240823-0001", "H56.14-240823-0001"),
        (" h56.14 - 240823-0001\n", "H56.14-240823-0001"),
        ("000.00.16.H56-240823-0001", "H56.16-240823-0001"),
        ("001.02.16.H56-240823-0001", "H56.16.02.001-240823-0001"),
        ("000.12.00.H56-240823-0001", "H56.00.12-240823-0001"),
        ("000.00.00.H56-240823-0001", "H56-240823-0001"),
        ("G01.899.02-260125-010001", "G01.899.02-260125-010001"),
        ("case-10011", "S|case-10011"),
        ("H56.14-240823-001", "S|H56.14-240823-001"),
        ("Z01.5-240823-0001", "S|Z01.5-240823-0001"),
    ],
)
def test_a_dossier_code_is_brought_to_one_form_or_scoped_by_its_source(code, key):
    assert dossier_key(code, "S") == key


@pytest.mark.parametrize(
    ("code", "agency"),
    [("000.00.16.H56", "H56.16"), ("h56.14", "H56.14"), (" Public Safety", "Public Safety")],
)
def test_an_agency_code_is_brought_to_one_form(code, agency):
    assert agency_code(code) == agency


def test_two_orders_of_one_code_are_one_dossier():
    counts = totals(
        event(2, at(3), dossier="000.00.14.H56-260803-0001", agency="000.00.14.H56"),
        event(9, at(4)),
    )

    assert counts == Counts(accepted=1, completed=1, no_deadline=1)


def test_the_same_foreign_code_from_two_sources_is_two_dossiers():
    counts = totals(
        event(2, at(3), dossier="77", source="a"), event(2, at(3), dossier="77", source="b")
    )

    assert counts.accepted == 2


# --- Refusals ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"specversion": "0.3"},
        {"specversion": 1.0},
        {"type": "dossier.state.v2"},
        {"id": ""},
        {"id": 7},
        {"source": ""},
        {"source": None},
        {"time": "2026-08-03T08:00:00"},
        {"time": "2026-08-03"},
        {"time": "03/08/2026 08:00"},
        {"time": "2026-02-30T08:00:00Z"},
        {"time": "0001-01-01T00:00:00Z"},
        {"time": "1989-12-31T23:59:59Z"},
        {"time": "2101-01-01T00:00:00Z"},
        {"time": "9999-12-31T23:59:59Z"},
        {"time": None},
        {"arrival": "2026-08-03T08:00:00"},
        {"arrival": 1_785_718_800_000},
        {"dossier": ""},
        {"dossier": "  "},
        {"dossier": ["H56.14-260803-0001"]},
        {"procedure": ""},
        {"agency": None},
        {"state": None},
        {"state": "2"},
        {"state": 2.0},
        {"state": True},
        {"state": -1},
        {"state": 11},
        {"channel": "online"},
        {"level": [4]},
        {"unit": {}},
        {"revision": 1.5},
        {"sequence": "12"},
        {"identity_attached": 1},
        {"backfill": "no"},
        {"applicant_key": 123456789012},
        {"due_at": "2026-08-10"},
        {"due_at": "2026-08-10T17:00:00"},
        {"due_at": "9999-12-31T23:59:59Z"},
        {"receipt_date": "2026-08-32"},
        {"receipt_date": "0001-01-01"},
        {"receipt_date": "03.08.2026"},
        {"dossier": "\ud800"},
    ],
    ids=repr,
)
def test_what_is_no_valid_event_is_refused_and_the_next_is_counted(wrong):
    result = recount(event(2, at(3), **wrong), event(2, at(3)))

    assert (result.records, result.refused, result.counted) == (2, 1, 1)
    assert sum(result.refused_by_reason.values()) == 1


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\x80\x81",
        b"null",
        b"[]",
        b'{"specversion":"1.0"',
        json.dumps({**event(2, at(3)), "data": []}).encode(),
        json.dumps({**event(2, at(3)), "data": None}).encode(),
        b"[" * 100_000,
        b'{"specversion":NaN}',
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_json_object_of_an_event_is_refused(value):
    count = Recount()
    count.add(value, AS_OF_MS)

    assert (count.result().records, count.result().refused) == (1, 1)


@pytest.mark.parametrize(
    "accepted",
    [
        {"time": "1990-01-01T00:00:00Z"},
        {"time": "2026-08-03t01:00:00.1239999z"},
        {"receipt_date": "2026-08-03"},
        {"receipt_date": "2026-08-03T08:00:00+07:00"},
        {"channel": None},
        {"comtraceparent": "an extension that we do not know"},
    ],
    ids=repr,
)
def test_what_is_merely_unusual_is_counted(accepted):
    assert recount(event(2, at(3), **accepted)).totals.accepted == 1


# --- Trials, and what the edge stamped ----------------------------------------------------


def marked(of: dict[str, object], **attributes: object) -> dict[str, object]:
    return {**of, **attributes}


def test_a_dossier_of_a_trial_is_counted_apart_and_a_live_event_moves_it():
    trial = [marked(event(state, at(3)), trial=True) for state in (2, 9)]
    result = recount(*trial)
    live = recount(*trial, event(10, at(5)))

    assert (result.totals, result.on_trial) == (Counts(), 1)
    assert (live.totals.handed_over, live.on_trial) == (1, 0)


def test_a_trial_is_not_heard_where_a_live_source_speaks():
    test = marked(event(9, at(5), source="test"), trial=True)

    assert recount(event(2, at(3)), test).totals == Counts(accepted=1, open=1, in_process=1)


def test_of_equal_copies_the_one_that_is_no_trial_is_kept():
    first = event(2, at(3))

    assert recount(marked(first, trial=True), first).totals.accepted == 1


def test_what_came_without_an_id_is_one_for_ten_minutes():
    def sent(state: int, clock: str) -> dict[str, object]:
        return marked(event(state, at(3, clock)), stamped=7)

    once = recount(sent(2, "08:00:00"), sent(2, "08:10:00"), sent(10, "08:20:00"))
    assert once.totals == Counts(accepted=1, completed=1, clock_uncertain=1, handed_over=1)


def test_a_clock_that_became_uncertain_after_the_end_judges_it_still():
    other = marked(event(0, at(6)), stamped=4)

    assert totals(event(2, at(3), due_at=at(9)), event(9, at(5)), other).on_time == 1
    assert totals(event(2, at(3), due_at=at(9)), event(9, at(7)), other).clock_uncertain == 1


def test_a_statement_without_a_time_is_told_again_without_being_another():
    first = marked(event(2, at(3), id="x"), stamped=2)
    again = marked(event(2, at(4), id="x"), stamped=2)

    assert recount(again, first).duplicates == 1


def test_a_procedure_may_be_named_by_another_message():
    step = marked(event(2, at(3)), stamped=256)
    count = Recount()
    for each in (step, event(4, at(4))):
        count.add(json.dumps(each).encode(), AS_OF_MS)

    [dossier] = count.dossiers().values()
    assert dossier.procedure == "1.004194"


@pytest.mark.parametrize("stamped", [-1, 512, True, "7"])
def test_stamps_outside_their_list_are_refused(stamped: object):
    assert recount(marked(event(2, at(3)), stamped=stamped)).refused == 1


# --- The whole ---------------------------------------------------------------------------


def test_any_arrival_order_gives_the_same_result():
    """Two sources that contradict each other, revisions, duplicates, equal times.

    By hand: the portal's 5 has no receipt date, so the office accepted first and is the authority. Of the portal
    count the 1 and the 5; its 9 is the office's word, its 10 came before the office's last 4.
    That 4, on the 8th, reopens what the revised 9 ended on the 6th; the due was the 5th.
    """
    heard = [
        event(1, at(2), source="portal"),
        event(5, at(2, "09:00:00"), source="portal"),
        event(2, at(3), due_at=at(5)),
        event(2, at(3), due_at=at(5), arrival=at(9)),
        event(4, at(3), agency="H19.01"),
        event(9, at(4), id="x"),
        event(9, at(6), id="x", revision=1),
        event(9, at(4), source="portal"),
        event(10, at(7), source="portal"),
        event(4, at(8)),
    ]
    shuffle = random.Random(3)
    expected = Counts(submitted=1, accepted=1, open=1, in_process=1, open_overdue=1)

    for _ in range(50):
        shuffle.shuffle(heard)
        result = recount(*heard)
        assert result.totals == expected
        assert (result.duplicates, result.counted) == (1, 9)
