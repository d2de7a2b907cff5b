"""Whom official figures are about, written in one way everywhere."""

import re
from enum import StrEnum
from typing import Final, NamedTuple

from monitor.domain.codes import agency_code, procedure_code


class Reach(StrEnum):
    """How much of an agency is meant."""

    ALL = "all"  # itself and all below it
    OWN = "own"  # itself, without what is below it
    SECTOR = (
        "sector"  # of a ministry: its procedures wherever they are handled, provinces included
    )


COUNTRY: Final = "country"
_WRITTEN: Final = re.compile(
    r"(?P<agency>[0-9A-Za-z.]{1,35})(?:/(?P<reach>own|sector))?(?:[+](?P<procedure>[^+/]{1,64}))?"
)


class NoScope(ValueError):
    """A text that is no scope; the text says how one is written."""


class Scope(NamedTuple):
    """The country, or an agency; of all procedures, or of one. An agency stands for those whose
    work it has taken over, so that figures before and after a merger can be set side by side."""

    agency: str = ""  # normalised code; "": the country
    reach: Reach = Reach.ALL
    procedure: str = ""  # normalised code; "": all

    @classmethod
    def of(cls, text: str) -> "Scope":
        """From country, H56, H56.04, G01/own, G01/sector, H56+1.004194. Raises `NoScope`."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise NoScope(
                f"{text!r} is no scope: write country, an agency H56 or H56.04, a ministry's own"
                " dossiers G01/own or its sector G01/sector, one procedure H56+1.004194"
            )
        country = found["agency"].lower() == COUNTRY
        return cls(
            "" if country else agency_code(found["agency"]),
            Reach(found["reach"] or Reach.ALL),
            procedure_code(found["procedure"]) if found["procedure"] else "",
        )

    def __str__(self) -> str:
        reach = "" if self.reach is Reach.ALL else f"/{self.reach}"
        procedure = f"+{self.procedure}" if self.procedure else ""
        return f"{self.agency or COUNTRY}{reach}{procedure}"
