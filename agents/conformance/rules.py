"""What is asked of a system before it goes live, rule by rule.

A rule is about a field, has a share of statements up to which it is forgiven, and says where it is
written. Refusals of the edge and warnings of the fold are rules, too: each gets its line here from
where it is defined, so that nothing can be warned about that conformance does not know.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agents.edge import Notice
from monitor.domain.warning import MEANINGS, QualityWarning
from schemas.refusal import Reason


class Weight(StrEnum):
    """What a broken rule costs."""

    MUST = "must"  # the system does not conform
    SHOULD = "should"  # it does; some figure will be missing or doubtful
    NOTE = "note"  # good to know


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is asked, where that is written, and how much may fall short of it."""

    code: str
    says: str
    written: str
    weight: Weight
    forgiven_permille: int = 0  # of the statements it is asked of


def refusal(reason: Reason) -> Rule:
    """A record that is refused is lost to every figure until it is sent again, mended."""
    return Rule(
        code=reason.value,
        says=reason.meaning,
        written="docs/reference/events.md, reasons for a refusal",
        weight=Weight.MUST,
    )


def notice(found: Notice) -> Rule:
    """What the edge has had to hide or replace."""
    return Rule(
        code=found.value,
        says=found.meaning,
        written="docs/explanation/quarantine-and-privacy.md",
        weight=Weight.MUST if found is Notice.CLEAR_IDENTITY else Weight.SHOULD,
    )


# Oddities that single dossiers may have, and a whole system may not: more than these shares of the
# dossiers are the system's fault, not its users'. Ours (assumption); any other warning is a SHOULD.
_FORGIVEN_PERMILLE: Final = {
    QualityWarning.ILLEGAL_TRANSITION: 20,
    QualityWarning.SHUT_OUT: 20,
    QualityWarning.FUTURE_TIME: 10,
    QualityWarning.RECEIPT_IN_FUTURE: 10,
    QualityWarning.END_BEFORE_RECEIPT: 10,
    QualityWarning.END_EQUALS_DUE: 50,
    QualityWarning.UNKNOWN_PROCEDURE: 20,
    QualityWarning.UNKNOWN_AGENCY: 0,
}


def warning(found: QualityWarning) -> Rule:
    """What is odd about the life of a dossier."""
    forgiven = _FORGIVEN_PERMILLE.get(found)
    return Rule(
        code=found.name.lower(),
        says=MEANINGS[found].says,
        written=MEANINGS[found].source,
        weight=Weight.SHOULD if forgiven is None else Weight.MUST,
        forgiven_permille=forgiven or 0,
    )


ENOUGH: Final = Rule(
    code="too_few",
    says="Twenty dossiers at least, one of which has ended: with fewer nothing is shown.",
    written="ours",
    weight=Weight.MUST,
)
ENOUGH_DOSSIERS: Final = 20
SAME_IDENTITY: Final = Rule(
    code="same_identity",
    says="Two statements of different content have the same id within one dossier, and no "
    "`revision` says which stands.",
    written="MEASURES.md §1, event identity",
    weight=Weight.MUST,
)
TOLD_AGAIN: Final = Rule(
    code="told_again",
    says="The same statement, told more than once: it changes nothing. Many of them are a sign of "
    "an outbox that forgets what it has sent.",
    written="MEASURES.md §1, event identity",
    weight=Weight.NOTE,
)
SLOW: Final = Rule(
    code="slow",
    says="Statements that arrive more than an hour after their `time`, and do not say `backfill`.",
    written="Decree 224/2026 Art. 15(1)(g): any change is notified at once",
    weight=Weight.SHOULD,
    forgiven_permille=10,
)
EXPECTED_KIND: Final = Rule(
    code="expected_kind",
    says="A type of event that the register expects of this source, and that did not come.",
    written="register of sources, expectations",
    weight=Weight.MUST,
)
EXPECTED_UNIT: Final = Rule(
    code="expected_unit",
    says="A unit that the register expects statements of, and of which none came.",
    written="register of sources, expectations",
    weight=Weight.MUST,
)
EXPECTED_PROCEDURE: Final = Rule(
    code="expected_procedure",
    says="A procedure that the register expects dossiers of, and of which none came.",
    written="register of sources, expectations",
    weight=Weight.MUST,
)


def absent(field: str, costs: str, weight: Weight, forgiven_permille: int = 0) -> Rule:
    """A field that is not needed to be read, but to be measured by."""
    return Rule(
        code=f"no_{field}",
        says=f"`{field}` is not said: {costs}",
        written="docs/reference/event-uses.md",
        weight=weight,
        forgiven_permille=forgiven_permille,
    )


# Asked of the statement by which a dossier is accepted.
ACCEPTING: Final = (
    absent("receipt_date", "it counts as received when it was accepted.", Weight.SHOULD, 100),
    absent(
        "due_at", "on time is judged by the procedure's own limit only.", Weight.SHOULD, 100
    ),
    absent("channel", "it is in no share of online dossiers.", Weight.MUST, 10),
    absent(
        "level",
        "the catalogue's level counts; of an unknown procedure none.",
        Weight.SHOULD,
        100,
    ),
    absent(
        "applicant_type", "citizens and businesses cannot be told apart.", Weight.SHOULD, 100
    ),
    absent(
        "identity_attached",
        "whether a personal number came with it is not known (due for all since 2025).",
        Weight.SHOULD,
        100,
    ),
)
# Asked of every state.
STATING: Final = (
    absent("step", "the time of each step cannot be measured.", Weight.NOTE),
    absent("unit", "all of it is the agency's own.", Weight.NOTE),
)
