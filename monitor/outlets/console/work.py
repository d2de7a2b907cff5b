"""Pages of agencies, procedures, dossiers and scorecards."""

from typing import Final

from monitor.outlets.console import agency, dossier, procedure
from monitor.outlets.console.page import Page

PAGES: Final[tuple[Page, ...]] = (
    *agency.PAGES,
    *procedure.PAGES,
    *dossier.PAGES,
)
