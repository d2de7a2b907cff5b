"""Pages of agencies, procedures, dossiers and scorecards."""

from typing import Final

from monitor.outlets.console import agency, dossier
from monitor.outlets.console.page import Page

PAGES: Final[tuple[Page, ...]] = (*agency.PAGES, *dossier.PAGES)
