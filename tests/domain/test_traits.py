"""What a dossier is counted by: each trait, and the entries, worked out by hand.

August 2026 has no holiday before the 31st: the 3rd, 10th and 17th are Mondays.
"""

from collections import Counter
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from monitor.domain.deadlines import Limit, Unit
from monitor.domain.fold import fold, of_five
from monitor.domain.identity import settled
from monitor.domain.measures import NO_SLOT, TRIAL, Measure
from monitor.domain.post import post
from monitor.domain.procedure import Procedure
from monitor.domain.traits import MEANINGS, OF_CATALOGUE, Trait, named, traits
from schemas.event import (
    Amended,
    DocumentsAttached,
    PaymentMade,
    PaymentRequested,
    Rated,
    Reopened,
    ResultIssued,
    Snapshot,
    StateChanged,
    SyncAcknowledged,
    Voided,
)
from tests.domain.strategies_law import DOSSIER, HOUR, policy_of, rules_of
from tests.domain.strategies_time import at, day

ROW = Procedure(
    code="1.004194",
    level=4,
    limits={0: Limit(3, Unit.WORKING_DAYS)},
    eligible=True,
    fee=True,
    document_result=True,
)
OF_ROW = Trait.LISTED | Trait.ELIGIBLE | Trait.FEE_BEARING | Trait.DOCUMENT_RESULT


def aug(text):
    """An instant of August 2026, as `03 08:00`."""
    return at(f"2026-08-{text}")


def said(state, text, agency="H56.14", **given):
    when = aug(text)
    given.setdefault("receipt_ms", when if state == 2 else None)
    given.setdefault("source", "office")
    given.setdefault("id", f"{state}@{text}")
    return StateChanged(
        dossier=DOSSIER,
        claimed_ms=when,
        arrival_ms=when,
        state=state,
        procedure="1.004194",
        agency=agency,
        level=4,
        channel=2,
        **given,
    )


def noted(kind, text, **given):
    when = aug(text)
    given.setdefault("source", "office")
    given.setdefault("id", f"{kind.__name__}@{text}")
    return kind(dossier=DOSSIER, claimed_ms=when, arrival_ms=when, **given)


def rules(*rows):
    return replace(rules_of(), rows=list(rows))


def held(*events, rows=(ROW,)):
    """The traits under which a dossier is counted."""
    policy = policy_of(rules(*rows))
    entries = post(fold(settled(events), policy.portals), policy)
    slots = {a.slot for a in entries if a.measure in BY_TRAITS}
    assert len(slots) == 1
    return Trait(slots.pop())


BY_TRAITS = {
    Measure.ACCEPTED_TRAITS,
    Measure.ENDED_TRAITS,
    Measure.OPEN_TRAITS,
    Measure.BOARDED_TRAITS,
}


def booked(*events, rows=(ROW,)):
    """What is booked under 80 to 87: (measure, agency, day of August, slot) → amount."""
    policy = policy_of(rules(*rows))
    first = day("2026-08-01") - 1
    return {
        (Measure(a.measure), a.cell.agency, a.day - first, a.slot): amount
        for a, amount in post(fold(settled(events), policy.portals), policy).items()
        if 80 <= a.measure < 90
    }


RECEIVED = said(2, "03 08:00")

# --- Each trait -------------------------------------------------------------------------------


def test_a_dossier_has_the_traits_of_its_procedures_row():
    assert held(RECEIVED) == OF_ROW
    assert held(RECEIVED, rows=()) == Trait(0)
    plain = Procedure(code="1.004194", level=3, eligible=False, bundled=True)
    assert held(RECEIVED, rows=[plain]) == Trait.LISTED | Trait.BUNDLED


BARE = Procedure(code="1.004194", level=3, eligible=False)


@pytest.mark.parametrize(
    ("row", "trait"),
    [
        (replace(BARE, eligible=True), Trait.ELIGIBLE),
        (replace(BARE, fee=True), Trait.FEE_BEARING),
        (replace(BARE, document_result=True), Trait.DOCUMENT_RESULT),
        (replace(BARE, bundled=True), Trait.BUNDLED),
    ],
)
def test_each_column_of_the_row_gives_its_own_trait(row, trait):
    assert held(RECEIVED, rows=[row]) == Trait.LISTED | trait


def test_the_row_is_that_of_the_receipt_day_whatever_it_becomes():
    before = replace(ROW, valid_until=day("2026-08-04"))
    after = Procedure(code="1.004194", level=3, eligible=False, valid_from=day("2026-08-04"))

    assert held(RECEIVED, said(9, "05 08:00"), rows=[before, after]) == OF_ROW
    assert held(said(2, "04 08:00"), rows=[before, after]) == Trait.LISTED


@pytest.mark.parametrize(
    ("code", "trait"),
    [
        (0, Trait(0)),
        (1, Trait.CITIZEN),
        (2, Trait.BUSINESS),
        (3, Trait.STATE_AGENCY),
        (4, Trait.ORGANISATION),
    ],
)
def test_who_applies_is_a_trait(code, trait):
    assert held(said(2, "03 08:00", applicant_type=code), rows=()) == trait


@pytest.mark.parametrize(
    ("before", "accepting", "after", "attached"),
    [
        (None, None, None, False),
        (None, True, None, True),
        (None, False, True, False),  # told too late: it was not attached at acceptance
        (None, None, True, False),
        (True, None, None, True),
        (True, None, False, True),
        (True, False, None, False),
        (False, True, None, True),
    ],
)
def test_the_identity_number_counts_as_attached_at_acceptance(
    before, accepting, after, attached
):
    traits = held(
        said(1, "03 07:30", identity_attached=before),
        said(2, "03 08:00", identity_attached=accepting),
        said(4, "03 09:00", identity_attached=after),
    )
    assert (Trait.IDENTITY in traits) is attached


def test_an_amendment_stands_against_what_was_said_at_acceptance():
    received = said(2, "03 08:00", identity_attached=False, applicant_type=1)
    mended = noted(Amended, "10 08:00", identity_attached=True, applicant_type=2)

    assert held(received, mended, rows=()) == Trait.IDENTITY | Trait.BUSINESS
    again = noted(Amended, "11 08:00", identity_attached=False)
    assert held(received, mended, again, rows=()) == Trait.BUSINESS


def asked(text, amount):
    return noted(PaymentRequested, text, amount=amount)


def test_one_fee_of_more_than_0_outweighs_all_of_0_in_any_order():
    assert held(RECEIVED, asked("03 09:00", 0)) == OF_ROW | Trait.FEE_ZERO
    assert held(RECEIVED, asked("03 09:00", 5_000)) == OF_ROW | Trait.FEE_ASKED
    for first, last in ((0, 5_000), (5_000, 0)):
        both = (asked("03 09:00", first), asked("03 10:00", last))
        assert held(RECEIVED, *both) == OF_ROW | Trait.FEE_ASKED


def test_each_way_of_paying_counts_and_one_that_is_not_said_is_none():
    def paid(form, text="04 08:00"):
        return noted(PaymentMade, text, amount=5_000, form=form)

    assert held(RECEIVED, paid(0), rows=()) == Trait(0)
    assert held(RECEIVED, paid(1), rows=()) == Trait.PAID_NATIONAL
    assert held(RECEIVED, paid(2), rows=()) == Trait.PAID_LOCAL
    assert held(RECEIVED, paid(3), rows=()) == Trait.PAID_DIRECT
    twice = held(RECEIVED, paid(1), paid(3, "05 08:00"), rows=())
    assert twice == Trait.PAID_NATIONAL | Trait.PAID_DIRECT


def test_any_result_that_was_issued_counts():
    paper = noted(ResultIssued, "05 08:00", paper=True)
    electronic = noted(ResultIssued, "06 08:00", electronic=True)
    neither = noted(ResultIssued, "07 08:00")

    assert held(RECEIVED, neither, rows=()) == Trait(0)
    assert held(RECEIVED, paper, rows=()) == Trait.PAPER_RESULT
    both = held(RECEIVED, paper, electronic, neither, rows=())
    assert both == Trait.PAPER_RESULT | Trait.ELECTRONIC_RESULT


def papers(text, **given):
    return noted(DocumentsAttached, text, components=3, **given)


def test_the_last_list_of_papers_stands_as_a_whole():
    first = papers("03 09:00", digitised=3, reused=1, identity_verified=True)
    last = papers("04 09:00", national_store=1, population=2)

    assert held(RECEIVED, first, rows=()) == (Trait.DIGITISED | Trait.REUSED | Trait.VERIFIED)
    # Whether the account was verified the last list does not say.
    assert held(RECEIVED, first, last, rows=()) == (
        Trait.NATIONAL_STORE | Trait.POPULATION | Trait.VERIFIED
    )
    unverified = papers("05 09:00", identity_verified=False)
    assert held(RECEIVED, first, last, unverified, rows=()) == Trait(0)


def test_it_is_synchronised_once_the_national_portal_has_taken_it_over():
    def answer(target, code, text):
        return noted(SyncAcknowledged, text, target=target, code=code)

    assert held(RECEIVED, answer("emc", 0, "03 09:00"), rows=()) == Trait(0)
    assert held(RECEIVED, answer("dvcqg", -3, "03 09:00"), rows=()) == Trait(0)
    taken, later = answer("dvcqg", 0, "03 09:00"), answer("dvcqg", 3, "03 10:00")
    assert held(RECEIVED, taken, later, rows=()) == Trait.SYNCED


def rated(text, score, scale=5, **given):
    return noted(Rated, text, score=score, scale=scale, **given)


def test_the_last_rating_says_whether_it_is_disliked():
    assert held(RECEIVED, rated("05 08:00", 2), rows=()) == Trait.DISLIKED
    assert held(RECEIVED, rated("05 08:00", 3), rows=()) == Trait(0)
    assert held(RECEIVED, rated("05 08:00", 1), rated("06 08:00", 5), rows=()) == Trait(0)


@pytest.mark.parametrize(
    ("score", "scale", "step"),
    [
        *((score, 5, score) for score in (1, 2, 3, 4, 5)),
        *((8, 10, 4), (7, 10, 3), (9, 10, 4), (10, 10, 5)),  # 7 of 10 is less than 4 of 5
        *((4, 10, 2), (5, 10, 3), (3, 10, 2), (1, 10, 1)),  # 5 of 10 is more than 2 of 5
        *((1, 2, 3), (2, 2, 5), (1, 3, 2), (2, 3, 3), (3, 3, 5), (80, 100, 4), (79, 100, 3)),
    ],
)
def test_a_rating_of_another_scale_goes_towards_the_middle(score, scale, step):
    assert of_five(score, scale) == step


# --- What undoes them -------------------------------------------------------------------------


def test_what_is_voided_or_revised_was_never_so():
    result = noted(ResultIssued, "05 08:00", electronic=True, id="r")
    void = noted(Voided, "06 08:00", target="r")
    revised = noted(ResultIssued, "05 08:00", paper=True, id="r", revision=1)

    assert held(RECEIVED, result, void, rows=()) == Trait(0)
    assert held(RECEIVED, result, revised, rows=()) == Trait.PAPER_RESULT


def test_when_the_last_rating_is_voided_the_one_before_stands_again():
    events = (RECEIVED, rated("05 08:00", 1), rated("06 08:00", 5, id="r"))

    assert held(*events, rows=()) == Trait(0)
    assert held(*events, noted(Voided, "07 08:00", target="r"), rows=()) == Trait.DISLIKED


def test_what_is_no_state_counts_from_any_source_and_outlasts_the_end():
    events = (
        noted(PaymentMade, "02 08:00", form=1, source="portal"),  # before it was accepted
        RECEIVED,
        said(10, "05 08:00"),
        noted(ResultIssued, "06 08:00", electronic=True, source="portal"),
    )

    assert held(*events, rows=()) == Trait.PAID_NATIONAL | Trait.ELECTRONIC_RESULT


def test_a_reopened_dossier_keeps_what_was_said_of_it():
    result = noted(ResultIssued, "05 09:00", electronic=True)
    events = (RECEIVED, said(10, "05 08:00"), result, noted(Reopened, "06 08:00"))

    assert held(*events, rows=()) == Trait.ELECTRONIC_RESULT


# --- Entries ----------------------------------------------------------------------------------


def test_a_life_is_booked_where_it_was_received_held_and_settled():
    events = (
        said(2, "03 08:00", applicant_type=1),
        said(4, "05 08:00", "H56.15"),
        said(5, "06 08:00", "H56.15"),  # a pause is no movement
        said(4, "10 08:00", "H56.15"),
        said(9, "12 08:00", "H56.15"),
        rated("13 08:00", 4),
    )
    by = int(OF_ROW | Trait.CITIZEN)
    whole_days = 9 * 24 * HOUR

    assert booked(*events) == {
        (Measure.ACCEPTED_TRAITS, "H56.14", 3, by): 1,
        (Measure.OPEN_TRAITS, "H56.14", 3, by): 1,
        (Measure.OPEN_TRAITS, "H56.14", 5, by): -1,
        (Measure.OPEN_TRAITS, "H56.15", 5, by): 1,
        (Measure.OPEN_TRAITS, "H56.15", 12, by): -1,
        (Measure.ENDED_TRAITS, "H56.15", 12, by): 1,
        (Measure.RATED, "H56.15", 13, 4): 1,
        (Measure.TIMED_RECEIVED, "H56.15", 3, NO_SLOT): 1,
        (Measure.ELAPSED_RECEIVED, "H56.15", 3, NO_SLOT): whole_days,
        # Seven working days of eight hours, from 08:00 to 08:00.
        (Measure.WORKED_RECEIVED, "H56.15", 3, NO_SLOT): 7 * 8 * HOUR,
    }


def test_what_was_returned_has_ended_and_has_no_time():
    by = int(OF_ROW)

    assert booked(RECEIVED, said(7, "05 08:00")) == {
        (Measure.ACCEPTED_TRAITS, "H56.14", 3, by): 1,
        (Measure.OPEN_TRAITS, "H56.14", 3, by): 1,
        (Measure.OPEN_TRAITS, "H56.14", 5, by): -1,
        (Measure.ENDED_TRAITS, "H56.14", 5, by): 1,
    }


def test_what_ends_on_the_day_of_its_receipt_was_never_open():
    entries = booked(RECEIVED, said(9, "03 08:00"))

    assert entries == {
        (Measure.ACCEPTED_TRAITS, "H56.14", 3, OF_ROW): 1,
        (Measure.ENDED_TRAITS, "H56.14", 3, OF_ROW): 1,
        (Measure.TIMED_RECEIVED, "H56.14", 3, NO_SLOT): 1,
    }


def test_what_a_snapshot_brought_in_was_never_received():
    snapshot = noted(
        Snapshot,
        "05 08:00",
        state=4,
        procedure="1.004194",
        agency="H56.14",
        accepted_ms=aug("03 08:00"),
        applicant_type=1,
    )
    by = int(OF_ROW | Trait.CITIZEN)

    # It was rated before it came on board, where it is in no figure.
    assert booked(snapshot, rated("04 08:00", 5), said(9, "10 08:00")) == {
        (Measure.BOARDED_TRAITS, "H56.14", 5, by): 1,
        (Measure.OPEN_TRAITS, "H56.14", 5, by): 1,
        (Measure.OPEN_TRAITS, "H56.14", 10, by): -1,
        (Measure.ENDED_TRAITS, "H56.14", 10, by): 1,
        (Measure.RATED, "H56.14", 5, 5): 1,
    }


def test_a_second_rating_takes_the_place_of_the_first_on_its_own_day():
    entries = booked(RECEIVED, said(9, "05 08:00"), rated("06 08:00", 1), rated("07 08:00", 4))

    ratings = {at: amount for at, amount in entries.items() if at[0] is Measure.RATED}
    assert ratings == {(Measure.RATED, "H56.14", 7, 4): 1}


def test_what_was_never_accepted_is_counted_by_nothing():
    assert booked(said(1, "03 08:00"), said(3, "03 09:00"), rated("04 08:00", 1)) == {}
    assert booked(said(1, "03 08:00"), asked("03 09:00", 5_000)) == {}


def test_an_uncertain_clock_has_no_time_by_receipt_either():
    events = (RECEIVED, said(9, "05 08:00", stamped=4))

    assert {measure for measure, *_ in booked(*events)} == {
        Measure.ACCEPTED_TRAITS,
        Measure.OPEN_TRAITS,
        Measure.ENDED_TRAITS,
    }


def test_a_result_after_the_end_moves_every_row_on_its_own_day():
    ended = (RECEIVED, said(9, "05 08:00"))
    issued = noted(ResultIssued, "20 08:00", electronic=True)

    before, after = booked(*ended), booked(*ended, issued)
    moved = {
        (measure, agency, on, slot | Trait.ELECTRONIC_RESULT if slot >= 0 else slot): amount
        for (measure, agency, on, slot), amount in before.items()
    }
    assert after == moved


def test_a_trial_is_booked_where_no_figure_looks():
    events = [changed(event, trial=True) for event in (RECEIVED, rated("05 08:00", 5))]
    policy = policy_of(rules(ROW))
    entries = post(fold(events), policy)

    of_trial = Counter(a.measure - TRIAL for a in entries)
    assert of_trial[Measure.ACCEPTED_TRAITS] == of_trial[Measure.RATED] == 1


def test_without_the_law_nothing_is_counted_by_traits():
    policy = policy_of(rules(ROW))
    plain = post(fold([RECEIVED]), type(policy)(policy.zone, policy.precision))

    assert not {a.measure for a in plain} & BY_TRAITS


# --- The list of them -------------------------------------------------------------------------


def test_bits_that_the_ledger_keeps_never_change():
    assert {trait.name: trait.bit_length() - 1 for trait in Trait} == {
        "CITIZEN": 0,
        "BUSINESS": 1,
        "STATE_AGENCY": 2,
        "ORGANISATION": 3,
        "IDENTITY": 4,
        "ELIGIBLE": 5,
        "FEE_BEARING": 6,
        "DOCUMENT_RESULT": 7,
        "LISTED": 8,
        "FEE_ASKED": 9,
        "FEE_ZERO": 10,
        "PAID_NATIONAL": 11,
        "PAID_LOCAL": 12,
        "PAID_DIRECT": 13,
        "ELECTRONIC_RESULT": 14,
        "PAPER_RESULT": 15,
        "DIGITISED": 16,
        "REUSED": 17,
        "NATIONAL_STORE": 18,
        "POPULATION": 19,
        "VERIFIED": 20,
        "SYNCED": 21,
        "DISLIKED": 22,
        "BUNDLED": 23,
    }


def test_all_of_them_fit_the_slot_of_an_account():
    assert sum(Trait) < 2**31  # integer in PostgreSQL, and NO_SLOT is below 0


def test_every_trait_is_told_in_both_languages_with_what_it_rests_on():
    assert list(MEANINGS) == list(Trait)
    assert all(all(meaning) for meaning in MEANINGS.values())
    assert len({meaning.vi for meaning in MEANINGS.values()}) == len(Trait)


def test_a_sum_of_traits_is_told_apart_again():
    by = Trait.CITIZEN | Trait.SYNCED | Trait.LISTED

    assert list(named(int(by))) == [Trait.CITIZEN, Trait.LISTED, Trait.SYNCED]
    assert list(named(0)) == []


def test_the_catalogues_traits_are_those_that_a_row_gives():
    row = replace(ROW, bundled=True)

    assert traits(fold([RECEIVED]), row) == OF_CATALOGUE
