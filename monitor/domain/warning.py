"""What is odd about what a source says: measures of the source, never a reason to refuse.

Numbers are kept in the ledger and never reused.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple


class QualityWarning(IntEnum):
    """A rule of data quality. Sources: DOMAIN.md §1.4, §3.2 and §8.2."""

    ILLEGAL_TRANSITION = 1
    SHUT_OUT = 2
    FUTURE_TIME = 3
    RECEIPT_IN_FUTURE = 4
    END_BEFORE_RECEIPT = 5
    DUE_AFTER_END = 6
    END_EQUALS_DUE = 7
    BACKDATED_END = 8
    INFORMATION_ONLY_ONLINE = 9
    NO_RECEIPT_DATE = 10
    LEVEL_DIFFERS = 11
    DUE_DIFFERS = 12
    UNKNOWN_PROCEDURE = 13
    CONTRADICTION = 14
    RESCHEDULED_AGAIN = 15
    RESCHEDULED_LATE = 16
    NO_APOLOGY = 17
    VOID_WITHOUT_TARGET = 18
    SECOND_SUPPLEMENT = 19
    END_WITHOUT_PROCESSED = 20
    IDENTITY_MISSING = 21
    BEYOND_CALENDAR = 22
    UNKNOWN_AGENCY = 23
    NO_EVENT_ID = 24
    SENT_AGAIN = 25
    NO_TIME = 26
    RAW_IDENTITY = 27
    PLACEHOLDER_IDENTITY = 28
    POSTAL_AS_ONLINE = 29
    PAYMENT_WITHOUT_TIME = 30
    BEGINNING_LOST = 31


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a warning says, and where the rule comes from."""

    says: str
    source: str


MEANINGS: Final = {
    QualityWarning.ILLEGAL_TRANSITION: Meaning(
        "A state follows one that it cannot follow.", "DOMAIN.md §3.1, transition table"
    ),
    QualityWarning.SHUT_OUT: Meaning(
        "A state after a 3, 7 or 10 that was neither voided nor reopened.", "MEASURES.md §3"
    ),
    QualityWarning.FUTURE_TIME: Meaning(
        "A time claimed more than 5 minutes after arrival.", "MEASURES.md §2"
    ),
    QualityWarning.RECEIPT_IN_FUTURE: Meaning(
        "A receipt date more than 5 minutes after arrival.",
        "statistics error report of a one-stop system, DOMAIN.md §3.2",
    ),
    QualityWarning.END_BEFORE_RECEIPT: Meaning(
        "The end lies before the receipt.",
        "statistics error report of a one-stop system, DOMAIN.md §3.2",
    ),
    QualityWarning.DUE_AFTER_END: Meaning(
        "A due date was made after the end.", "MEASURES.md §5, last due"
    ),
    QualityWarning.END_EQUALS_DUE: Meaning(
        "The end equals the due date to the second: a bulk finish may have written it.",
        "option SetDungHan of a one-stop system, DOMAIN.md §3.2",
    ),
    QualityWarning.BACKDATED_END: Meaning(
        "The end was claimed for more than a working day before it arrived.",
        "DOMAIN.md §3.2: trust arrival beside the claimed time",
    ),
    QualityWarning.INFORMATION_ONLY_ONLINE: Meaning(
        "A dossier of a level-2 procedure was submitted online.",
        "statistics error report of a one-stop system, DOMAIN.md §3.2",
    ),
    QualityWarning.NO_RECEIPT_DATE: Meaning(
        "The accepting state has no receipt date.",
        "statistics error report of a one-stop system, DOMAIN.md §3.2",
    ),
    QualityWarning.LEVEL_DIFFERS: Meaning(
        "The service level sent is not the catalogue's.", "DOMAIN.md §1.4, client defect 2"
    ),
    QualityWarning.DUE_DIFFERS: Meaning(
        "The first due date sent lies on another day than the procedure's limit gives.",
        "issue of deadlines: a source's own due beside ours",
    ),
    QualityWarning.UNKNOWN_PROCEDURE: Meaning(
        "The procedure is not in the catalogue on the receipt day.", "DOMAIN.md §8.2"
    ),
    QualityWarning.UNKNOWN_AGENCY: Meaning(
        "No ministry or province of this agency's code is in being on the receipt day.",
        "DOMAIN.md §8.2",
    ),
    QualityWarning.CONTRADICTION: Meaning(
        "A state of a source that has no authority over the dossier, and does not count.",
        "MEASURES.md §1, one authority a dossier",
    ),
    QualityWarning.RESCHEDULED_AGAIN: Meaning(
        "A due date was put off more than once.", "Decree 61/2018 Art. 19(9)"
    ),
    QualityWarning.RESCHEDULED_LATE: Meaning(
        "A due date was put off at or after the due date then in force.",
        "Decree 61/2018 Art. 19(9)",
    ),
    QualityWarning.NO_APOLOGY: Meaning(
        "A due date was put off without an apology.", "Decree 61/2018 Art. 19(9)"
    ),
    QualityWarning.VOID_WITHOUT_TARGET: Meaning(
        "A void names an event that its source has not sent.", "MEASURES.md §3"
    ),
    QualityWarning.SECOND_SUPPLEMENT: Meaning(
        "A supplement was asked for more than once.", "Decree 61/2018 Art. 15(3), 17"
    ),
    QualityWarning.END_WITHOUT_PROCESSED: Meaning(
        "The result was handed over without ever being processed (10 without 9).",
        "DOMAIN.md §2.3: the end is the 9 if there is one",
    ),
    QualityWarning.BEYOND_CALENDAR: Meaning(
        "A time for which there is no calendar: no clock of the dossier is measured.",
        "MEASURES.md §2, years 1990 to 2100",
    ),
    QualityWarning.IDENTITY_MISSING: Meaning(
        "A citizen's dossier was accepted without an identity number.",
        "DOMAIN.md §4: 100 % of dossiers from 2025",
    ),
    QualityWarning.NO_EVENT_ID: Meaning(
        "A statement came without an id: sent again it cannot be told from a new one.",
        "DOMAIN.md §1.4, client defect 4",
    ),
    QualityWarning.SENT_AGAIN: Meaning(
        "An equal statement without an id followed within ten minutes, and was counted once.",
        "DOMAIN.md §1.4, client defect 4; MEASURES.md §1",
    ),
    QualityWarning.NO_TIME: Meaning(
        "A statement came without a time: its arrival stands for it.",
        "DOMAIN.md §1.4, client defect 3",
    ),
    QualityWarning.RAW_IDENTITY: Meaning(
        "The number of an identity card came in clear; it was hashed and not kept.",
        "DOMAIN.md §1.4, client defect 5",
    ),
    QualityWarning.PLACEHOLDER_IDENTITY: Meaning(
        "A made-up number stands where the applicant's identity number belongs.",
        "DOMAIN.md §3.2",
    ),
    QualityWarning.POSTAL_AS_ONLINE: Meaning(
        "A dossier that came by post was reported as submitted online.",
        "DOMAIN.md §1.4, client defect 1",
    ),
    QualityWarning.PAYMENT_WITHOUT_TIME: Meaning(
        "A payment was reported without when it was made.", "DOMAIN.md §1.4, client defect 6"
    ),
    QualityWarning.BEGINNING_LOST: Meaning(
        "The first that was heard of a dossier, from a source that sends everything once and "
        "never again, is no beginning: something was lost.",
        "DOMAIN.md §1.4, client defect 7",
    ),
}


class Noted(NamedTuple):
    """A warning about a source, on the day of the event that gave rise to it."""

    warning: QualityWarning
    source: str
    at_ms: int
