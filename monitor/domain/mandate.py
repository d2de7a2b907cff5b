"""Who may say what: a source speaks for agencies, or for procedures within a territory.

What is checked is whoever *makes* a statement. Another agency may be named in it as receiver,
settler or consulted: a dossier of one province goes to a ministry and back.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Self

from monitor.domain.codes import agency_code, procedure_code

EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True, order=True)
class Mandate:
    """For an agency and all below it; with a procedure, for that one there and no other.

    `agency` is a code in the national spelling, `*`, or the one letter that a whole kind of
    agencies begins with.
    """

    agency: str
    procedure: str = ""  # "" is any

    def __post_init__(self) -> None:
        if not self.agency:
            raise ValueError("a mandate names an agency, or * for all of them")

    @classmethod
    def of(cls, agency: str, procedure: str = "") -> Self:
        """A mandate from codes as people write them; `ValueError` if there is no agency."""
        return cls(agency_code(agency), procedure_code(procedure) if procedure else "")

    def covers(self, agency: str, statement: "Statement") -> bool:
        """Whether it holds for this agency in what is said.

        What is said of a dossier without naming its procedure, as a payment, is held to the
        territory alone; what is said of no dossier is not the business of a procedure's keeper.
        """
        if not self.reaches(agency):
            return False
        said = statement.procedure
        if not self.procedure or (not said and statement.dossier):
            return True
        return said == self.procedure or said.startswith(
            self.procedure + "."  # a province's own form of it
        )

    def reaches(self, agency: str) -> bool:
        """Whether the agency is the one of the mandate, or below it."""
        if self.agency == EVERYWHERE:
            return True
        if len(self.agency) == 1:
            return agency[:1] == self.agency and agency[1:3].isdigit()
        return agency == self.agency or agency.startswith(self.agency + ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What tells who makes a statement; codes in their canonical spelling, "" where unsaid."""

    dossier: str = ""  # or petition: its key
    agency: str = ""  # that holds the dossier, or did what is told
    unit: str = ""  # within it
    procedure: str = ""
    stated_by: str = ""  # who says so, where that is another one


def keeper(dossier: str) -> str:
    """The agency that gave a dossier its code; "" where the code is the source's own."""
    return "" if "|" in dossier else dossier.partition("-")[0]


def may_state(mandates: Collection[Mandate], statement: Statement) -> bool:
    """Whether a source of these mandates may make the statement.

    It is made by whom `stated_by` names. Without that, by the agency it is about, by a unit of
    it that is itself a code, or by the agency that keeps the dossier: one of them must be
    covered. What is about none of them, but about a dossier in the source's own numbering or
    about the source itself, is its own affair.
    """
    if statement.stated_by:
        speakers = {statement.stated_by}
    else:
        speakers = {statement.agency, keeper(statement.dossier)}
        if statement.agency and statement.unit.startswith(statement.agency + "."):
            speakers.add(statement.unit)
        speakers.discard("")
        if not speakers:
            return True
    return any(
        mandate.covers(speaker, statement) for mandate in mandates for speaker in speakers
    )
