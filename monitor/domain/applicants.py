"""Applicants: who was received in a year is counted once, by references (MEASURES.md §7).

A dossier refers to its applicant in the year of its receipt, at the agency that received it. The
reference is an entry like any other: the sum of what all dossiers have booked is how many of them
refer to an applicant, and whoever is referred to at all counts as one. What tells applicants apart
is a digest of the keyed hash that the source sent and the year, so that nobody can be followed from
one year to the next; it fills the account's day and slot, for which a reference has no other use.
"""

from datetime import date
from hashlib import blake2b
from typing import Final

from monitor.domain.measures import Basis, Day, Definition, Kind
from monitor.domain.view import View
from monitor.domain.zone import Zone, date_of, day_number

# One number for each year, above those of every other measure. Kept in the ledger.
APPLICANTS: Final = 10_000
_FIRST_YEAR: Final = 1990

REFERRED: Final = Definition(
    measure=APPLICANTS,
    name="applicants",
    kind=Kind.COUNT,
    day=Day.RECEIVED,
    basis=Basis.PLAIN,
    meaning="Dossiers received in the year that refer to the applicant, by receiving agency.",
    shown=False,
)

_HALF: Final = 32


def applicant_measure(year: int) -> int:
    """The number under which the applicants of a calendar year are referred to."""
    return APPLICANTS + year - _FIRST_YEAR


def applicant_year(measure: int) -> int:
    """The year whose applicants a measure refers to."""
    return measure - APPLICANTS + _FIRST_YEAR


def year_begins(year: int) -> int:
    """The first day of a year, in days since 1970-01-01."""
    return day_number(date(year, 1, 1))


def applicant_digest(year: int, applicant_key: str) -> int:
    """What tells an applicant from others within a year: 64 bits with sign."""
    digest = blake2b(
        applicant_key.encode(), digest_size=8, salt=year.to_bytes(2), person=b"emc applicant"
    ).digest()
    return int.from_bytes(digest, signed=True)


def halves(digest: int) -> tuple[int, int]:
    """A digest as an account's day and slot: its upper half and its lower half, both with sign."""
    lower = digest & 0xFFFF_FFFF
    return digest >> _HALF, lower - ((lower >> (_HALF - 1)) << _HALF)


def whole(day: int, slot: int) -> int:
    """The digest of which `halves` made a day and a slot."""
    return (day << _HALF) | (slot & 0xFFFF_FFFF)


def reference(view: View, zone: Zone) -> tuple[int, int, int] | None:
    """Under which measure, day and slot a dossier refers to its applicant.

    Its cell has the receiving agency and nothing else. None where nobody was received: before
    acceptance, for a dossier that a snapshot brought in, without a keyed hash, or on trial: nobody
    asks how many applicants a trial had.
    """
    if view.accepted_ms is None or view.boarded_ms is not None:
        return None
    if view.trial or not view.applicant_key:
        return None
    year = date_of(zone.day(view.accepted_ms)).year
    day, slot = halves(applicant_digest(year, view.applicant_key))
    return applicant_measure(year), day, slot
