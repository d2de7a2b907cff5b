"""Pages of agencies, procedures, dossiers and scorecards."""

from typing import Final

from monitor.outlets.console import (
    agency,
    differences,
    dossier,
    downloads,
    procedure,
    rankings,
    scorecards,
)
from monitor.outlets.console.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *scorecards.PAGES,
    *rankings.PAGES,
    *differences.PAGES,
    *downloads.PAGES,
    *agency.PAGES,
    *procedure.PAGES,
    *dossier.PAGES,
)
