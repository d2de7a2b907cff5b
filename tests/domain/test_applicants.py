"""References to applicants: MEASURES.md §7."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.applicants import (
    APPLICANTS,
    applicant_digest,
    applicant_measure,
    applicant_year,
    halves,
    whole,
)
from monitor.domain.fold import fold
from monitor.domain.measures import BY_THE_HOUR, CLOCK_CATALOGUE, Measure
from monitor.domain.policy import Policy
from monitor.domain.post import post
from monitor.domain.view import Cell
from monitor.domain.zone import Zone
from schemas.event import Amended, Reopened, Snapshot, Voided
from tests.domain.strategies_law import histories, policies, policy_of
from tests.domain.test_law_examples import aug, noted, rules, said

AN, BINH = "9b1c6a4e7d20f3a8", "0f8e2d6c4b1a5937"  # as their sources hash them

# BLAKE2b of 8 bytes, person "emc applicant", salt 07 EA (2026), read as big-endian
# with sign: such numbers are kept in ledgers.
DIGESTS = {
    (2026, AN): -3694796117088031323,
    (2026, BINH): 5189298176861092571,
    (2025, AN): 7640816266340777531,
}


def referred(*events):
    """(year, agency, digest) → amount."""
    found = {}
    for account, amount in post(fold(events), policy_of(rules())).items():
        if account.measure >= APPLICANTS:
            assert account.cell == Cell(account.cell.agency, "", "", 0, "", 0)
            year = applicant_year(account.measure)
            found[year, account.cell.agency, whole(account.day, account.slot)] = amount
    return found


def to(key, agency="H56.14", year=2026):
    return {(year, agency, DIGESTS[year, key]): 1}


def test_a_received_dossier_refers_to_its_applicant_once():
    assert referred(
        said(2, "03 08:00", applicant_key=AN),
        said(4, "04 08:00", applicant_key=AN),
        said(9, "05 08:00"),
    ) == to(AN)


def test_nobody_is_referred_to_before_acceptance_or_without_a_key():
    assert referred(said(1, "03 08:00", applicant_key=AN)) == {}
    assert referred(said(1, "03 08:00", applicant_key=AN), said(3, "03 09:00")) == {}
    assert referred(said(2, "03 08:00")) == {}


def test_a_key_said_before_or_after_acceptance_counts_where_the_acceptance_has_none():
    assert referred(said(1, "02 08:00", applicant_key=AN), said(2, "03 08:00")) == to(AN)
    assert referred(said(2, "03 08:00"), said(4, "04 08:00", applicant_key=AN)) == to(AN)


def test_what_the_acceptance_says_stands_against_what_was_said_before_and_after():
    assert referred(
        said(1, "02 08:00", applicant_key=BINH),
        said(2, "03 08:00", applicant_key=AN),
        said(4, "04 08:00", applicant_key=BINH),
    ) == to(AN)


def test_an_amendment_refers_to_another_applicant_or_another_agency():
    received = said(2, "03 08:00", applicant_key=AN)

    assert referred(received, noted(Amended, "04 08:00", applicant_key=BINH)) == to(BINH)
    assert referred(received, noted(Amended, "04 08:00", agency="H19")) == to(AN, "H19")


def test_a_hand_off_leaves_the_reference_with_whoever_received():
    assert referred(
        said(2, "03 08:00", applicant_key=AN), said(4, "04 08:00", agency="G01")
    ) == to(AN)


def test_a_voided_acceptance_refers_to_nobody():
    assert (
        referred(
            said(2, "03 08:00", applicant_key=AN),
            noted(Voided, "04 08:00", target="2@03 08:00"),
        )
        == {}
    )


def test_an_end_and_its_recall_change_nothing():
    assert referred(
        said(2, "03 08:00", applicant_key=AN), said(7, "04 08:00"), noted(Reopened, "05 08:00")
    ) == to(AN)


def test_a_dossier_that_a_snapshot_brought_in_was_not_received():
    boarded = noted(
        Snapshot,
        "01 08:00",
        state=4,
        procedure="1.004194",
        agency="H56.14",
        accepted_ms=aug("01 07:00"),
    )

    assert referred(boarded, said(4, "03 08:00", applicant_key=AN)) == {}


def test_the_year_is_the_receipt_days_in_the_zone():
    """2026-01-01 00:00 in Hanoi is the 31st in Greenwich."""
    first = aug("01 00:00") - 212 * 86_400_000

    assert referred(said(2, "03 08:00", receipt_ms=first, applicant_key=AN)) == to(AN)
    assert referred(said(2, "03 08:00", receipt_ms=first - 1, applicant_key=AN)) == to(
        AN, year=2025
    )


def test_without_reference_files_nobody_is_referred_to():
    entries = post(fold([said(2, "03 08:00", applicant_key=AN)]), Policy(Zone()))

    assert max(account.measure for account in entries) < APPLICANTS


def test_digests_never_change_and_tell_nobody_from_one_year_to_the_next():
    assert {key: applicant_digest(*key) for key in DIGESTS} == DIGESTS
    assert len(set(DIGESTS.values())) == 3


@pytest.mark.parametrize(
    ("digest", "day", "slot"),
    [
        (0, 0, 0),
        (1, 0, 1),
        (-1, -1, -1),
        (0x80000000, 0, -0x80000000),
        (0x7FFFFFFF_FFFFFFFF, 0x7FFFFFFF, -1),
        (-0x80000000_00000000, -0x80000000, 0),
        (-0x80000000, -1, -0x80000000),
    ],
)
def test_a_digest_is_kept_in_two_halves_of_32_bits(digest, day, slot):
    assert halves(digest) == (day, slot)
    assert whole(day, slot) == digest


@given(st.integers(-(2**63), 2**63 - 1))
def test_any_digest_is_found_again_from_its_halves(digest):
    day, slot = halves(digest)

    assert -(2**31) <= min(day, slot) <= max(day, slot) < 2**31
    assert whole(day, slot) == digest


def test_no_other_measure_has_a_number_of_applicants():
    others = {*Measure, *BY_THE_HOUR, *(clock.measure for clock in CLOCK_CATALOGUE)}

    assert max(others) < APPLICANTS == applicant_measure(1990)
    assert applicant_measure(2100) < 2**15  # the ledger's column


@given(histories(), policies)
def test_a_dossier_refers_to_one_applicant_at_most(events, drawn):
    heard = {(e.source, e.id): e for e in events}.values()
    entries = post(fold(heard), policy_of(drawn))
    references = {a: n for a, n in entries.items() if a.measure >= APPLICANTS}
    received = {a: n for a, n in entries.items() if a.measure == Measure.ACCEPTED}

    assert len(references) <= len(received) <= 1
    assert set(references.values()) <= {1}
    assert {a.cell.agency for a in references} <= {a.cell.agency for a in received}
