"""Pages of agencies, procedures, dossiers and scorecards."""

from typing import Final

from monitor.outlets.console import dossier
from monitor.outlets.console.page import Page

PAGES: Final[tuple[Page, ...]] = dossier.PAGES
