"""What a dossier is, has or has done, as one number: the slot under which it is counted by traits.

A dossier is counted once by all of its traits together, so that any combination can be asked for
afterwards ("digitised, and where the result is a document, with an electronic result"), and a new
share needs no new account. Traits are those of the present view: what is corrected is so in all
periods. What the catalogue says is that of the receipt day, as limit and level are.
"""

from enum import IntFlag


class Trait(IntFlag):
    """One of them. Numbers are kept in the ledger and never reused."""

    CITIZEN = 1 << 0  # applicant's type; none of the four: unsaid
    BUSINESS = 1 << 1
    STATE_AGENCY = 1 << 2
    ORGANISATION = 1 << 3
    IDENTITY = 1 << 4  # a 12-digit number that is no placeholder, as attached at acceptance
    ELIGIBLE = 1 << 5  # catalogue: for full-process online service
    FEE_BEARING = 1 << 6  # catalogue: the procedure has a fee
    DOCUMENT_RESULT = 1 << 7  # catalogue: its result is a document
    LISTED = 1 << 8  # catalogue: the procedure is in it
    FEE_ASKED = 1 << 9  # a fee of more than 0 was asked for
    FEE_ZERO = 1 << 10  # fees were asked for, and every one is 0
    PAID_NATIONAL = 1 << 11  # paid on the national gateway (DuocThanhToanTrucTuyen 1)
    PAID_LOCAL = 1 << 12  # paid on the gateway of the ministry or province (2)
    PAID_DIRECT = 1 << 13  # paid, not online (3)
    ELECTRONIC_RESULT = 1 << 14  # a signed file with code and link
    PAPER_RESULT = 1 << 15
    DIGITISED = 1 << 16  # at least one component has a file, by the last list of documents
    REUSED = 1 << 17  # at least one component is digitised data used again
    NATIONAL_STORE = 1 << 18  # at least one component is from the person's national store
    POPULATION = 1 << 19  # at least one component is linked to population data
    VERIFIED = 1 << 20  # the account was verified with VNeID
    SYNCED = 1 << 21  # the national portal acknowledged it (target dvcqg, code 0)
    DISLIKED = 1 << 22  # its last rating is 2 of 5 or less
    BUNDLED = 1 << 23  # catalogue: one of the bundled procedures
